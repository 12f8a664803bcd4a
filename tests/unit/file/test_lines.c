/*
 * test_lines.c - cutting bytes into lines: all line ends, every way of splitting the input, lines that are
 * too long, bounded memory; and repair of what is not UTF-8.
 */
#include "cmocka_all.h"

#include <file/lines.h>
#include <file/utf8.h>

#include <stdio.h>
#include <stdlib.h>

/* feed gives the reader `text` in pieces of `piece` bytes and writes what comes out as "[a][b]" into out;
   notes are S for skipped, C for cut, ! for too long. */
static void feed(lines *l, const char *text, size_t n, size_t piece, bool final, char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (;;) {
        sl_str line;
        lines_result got = lines_next(l, final && at == n, &line);
        size_t used = strlen(out);
        if (got == LINES_TOO_LONG) {
            snprintf(out + used, size - used, "!");
            return;
        }
        if (got == LINES_SKIPPED) {
            snprintf(out + used, size - used, "S");
            continue;
        }
        if (got != LINES_NONE) {
            snprintf(out + used, size - used, "%s[%.*s]", got == LINES_CUT ? "C" : "", SL_STR_ARG(line));
            continue;
        }
        if (at == n) {
            return;
        }
        size_t room;
        char *to = lines_room(l, &room);
        assert_non_null(to);
        size_t more = n - at < piece ? n - at : piece;
        more = more < room ? more : room;
        memcpy(to, text + at, more);
        lines_add(l, more);
        at += more;
    }
}

static void check(const char *text, bool final, size_t max, long_line policy, const char *want,
                  int64_t position) {
    size_t n = strlen(text);
    for (size_t piece = 1; piece <= n + 1; piece++) {
        char out[4096];
        lines l;
        lines_init(&l, max, policy);
        feed(&l, text, n, piece, final, out, sizeof(out));
        assert_string_equal(out, want);
        assert_int_equal(l.position, position);
        lines_trim(&l);
        assert_int_equal(l.position, position);
        lines_deinit(&l);
    }
}

static void every_line_end(void **state) {
    (void)state;
    check("a\nbc\n\nd\n", false, 100, LONG_LINE_FAIL, "[a][bc][][d]", 8);
    check("a\r\nbc\r\n\r\nd\r\n", false, 100, LONG_LINE_FAIL, "[a][bc][][d]", 12);
    check("a\rb\r\rc\n", false, 100, LONG_LINE_FAIL, "[a][b][][c]", 7);
    check("a\n\rb\r\n\n", false, 100, LONG_LINE_FAIL, "[a][][b][]", 7);
}

static void partial_line_is_held_back(void **state) {
    (void)state;
    check("a\nbc", false, 100, LONG_LINE_FAIL, "[a]", 2);
    check("a\nbc\r", false, 100, LONG_LINE_FAIL, "[a]", 2);
    check("a\nbc", true, 100, LONG_LINE_FAIL, "[a][bc]", 4);
    check("a\nbc\r", true, 100, LONG_LINE_FAIL, "[a][bc]", 5);
    check("", true, 100, LONG_LINE_FAIL, "", 0);
}

static void long_lines(void **state) {
    (void)state;
    check("ok\n12345\n123456\nx\n", false, 5, LONG_LINE_FAIL, "[ok][12345]!", 9);
    check("ok\n12345\n123456\nx\n", false, 5, LONG_LINE_SKIP, "[ok][12345]S[x]", 18);
    check("ok\n12345\n123456\nx\n", false, 5, LONG_LINE_TRUNCATE, "[ok][12345]C[12345][x]", 18);
    check("12345\r\n123456789012\r\nx\r\n", false, 5, LONG_LINE_TRUNCATE, "[12345]C[12345][x]", 24);
    check("12345\r123456789012\rx\r\n", false, 5, LONG_LINE_SKIP, "[12345]S[x]", 22);
    check("12345678901234567890", true, 5, LONG_LINE_TRUNCATE, "C[12345]", 20);
    check("12345678901234567890", false, 5, LONG_LINE_TRUNCATE, "", 0);
    check("12345678901234567890", true, 5, LONG_LINE_SKIP, "S", 20);
    check("12345678901234567890", false, 5, LONG_LINE_SKIP, "", 0);
    check("\xc3\xa4\xc3\xa4\xc3\xa4\nx\n", false, 5, LONG_LINE_TRUNCATE, "C[\xc3\xa4\xc3\xa4][x]", 9);
}

static void a_giant_line_takes_bounded_memory(void **state) {
    (void)state;
    lines l;
    int64_t total = 0;
    lines_init(&l, 1000, LONG_LINE_TRUNCATE);
    for (int i = 0; i < 1000; i++) {
        size_t room;
        char *to = lines_room(&l, &room);
        assert_non_null(to);
        assert_true(l.cap <= LINES_BLOCK * 2);
        memset(to, 'x', room);
        lines_add(&l, room);
        total += (int64_t)room;
        sl_str line;
        assert_int_equal(lines_next(&l, false, &line), LINES_NONE);
        assert_int_equal(l.position, 0);
    }
    assert_true(total > 100 * 1000 * 1000);
    size_t room;
    *lines_room(&l, &room) = '\n';
    lines_add(&l, 1);
    sl_str line;
    assert_int_equal(lines_next(&l, false, &line), LINES_CUT);
    assert_int_equal(line.n, 1000);
    assert_int_equal(l.position, total + 1);
    lines_deinit(&l);
}

static void idle_memory_is_given_back(void **state) {
    (void)state;
    lines l;
    char out[64];
    lines_init(&l, 1000, LONG_LINE_FAIL);
    feed(&l, "a\n", 2, 2, false, out, sizeof(out));
    lines_trim(&l);
    assert_null(l.buf);
    feed(&l, "part", 4, 4, false, out, sizeof(out));
    lines_trim(&l);
    assert_true(l.cap <= 4096);
    feed(&l, "ial\nmore\n", 9, 3, false, out, sizeof(out));
    assert_string_equal(out, "[partial][more]");
    lines_deinit(&l);
}

/* Random texts over line ends and letters, cut in random pieces, against a plain reference. */
static void random_texts(void **state) {
    (void)state;
    static const char letters[] = "\n\r\n\rabcdefgh";
    srand(1);
    for (int round = 0; round < 2000; round++) {
        char text[200], want[1024], out[1024];
        size_t n = (size_t)(rand() % 200);
        for (size_t i = 0; i < n; i++) {
            text[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
        }
        want[0] = '\0';
        for (size_t i = 0; i < n;) {
            size_t end = i;
            while (end < n && text[end] != '\n' && text[end] != '\r') {
                end++;
            }
            size_t used = strlen(want);
            snprintf(want + used, sizeof(want) - used, "[%.*s]", (int)(end - i), text + i);
            i = end + 1 < n && text[end] == '\r' && text[end + 1] == '\n' ? end + 2 : end + 1;
        }
        lines l;
        lines_init(&l, 1000, LONG_LINE_FAIL);
        feed(&l, text, n, (size_t)(1 + rand() % 20), true, out, sizeof(out));
        assert_string_equal(out, want);
        assert_int_equal(l.position, n);
        lines_deinit(&l);
    }
}

static void check_repair(const char *bad, const char *want) {
    sl_arena a;
    sl_arena_init(&a, 0);
    sl_str text = sl_str_of(bad);
    assert_true(utf8_repair(&a, &text));
    assert_int_equal(text.n, strlen(want));
    assert_memory_equal(text.p, want, text.n);
    sl_arena_deinit(&a);
}

#define FFFD "\xef\xbf\xbd"

static void not_utf8_is_repaired(void **state) {
    (void)state;
    assert_true(utf8_is_ascii("plain ASCII text", 16));
    assert_false(utf8_is_ascii("plain \xc3\xa4", 8));
    assert_false(utf8_is_ascii("0123456789\xff", 11));
    check_repair("gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
    check_repair("a\xff"
                 "b",
                 "a" FFFD "b");
    check_repair("\xe2\x82", FFFD);
    check_repair("\xe2\x82x", FFFD "x");
    check_repair("\xc0\xaf", FFFD FFFD);
    check_repair("\xed\xa0\x80", FFFD FFFD FFFD);
    check_repair("\xf0\x9f\x98\x80\xf0\x9f", "\xf0\x9f\x98\x80" FFFD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_end),
        cmocka_unit_test(partial_line_is_held_back),
        cmocka_unit_test(long_lines),
        cmocka_unit_test(a_giant_line_takes_bounded_memory),
        cmocka_unit_test(idle_memory_is_given_back),
        cmocka_unit_test(random_texts),
        cmocka_unit_test(not_utf8_is_repaired),
    };
    return cmocka_run_group_tests_name("file lines", tests, NULL, NULL);
}
