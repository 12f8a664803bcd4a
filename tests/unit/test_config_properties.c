/*
 * test_config_properties.c - Java's .properties text: the grammar, places, duplicates, bad input.
 */
#include "support/arena.h"

#include <stdio.h>

#include "config/properties.h"

static sl_config_report report;

static int setup(void **state) {
    setup_arena(state);
    sl_config_report_init(&report, &arena);
    return 0;
}

static sl_config parse(const char *text) {
    sl_config c = {0};
    test_assert_ok(sl__properties_parse(sl_str_of(text), SL_STR("f.properties"), &arena, &report, &c));
    return c;
}

/* What java.util.Properties makes of each text; checked there. */
static void grammar(void **state) {
    static const struct {
        const char *text, *key, *value;
    } cases[] = {
        {"a=b", "a", "b"},
        {"a:b", "a", "b"},
        {"a b", "a", "b"},
        {"a\tb", "a", "b"},
        {"a = b", "a", "b"},
        {"a : b", "a", "b"},
        {"  a=b", "a", "b"},
        {"a", "a", ""},
        {"a=", "a", ""},
        {"a==b", "a", "=b"},
        {"a=:b", "a", ":b"},
        {"a  =  = b", "a", "= b"},
        {"a b=c", "a", "b=c"},
        {"a=b ", "a", "b "},
        {"a\\=b=c", "a=b", "c"},
        {"a\\:b:c", "a:b", "c"},
        {"a\\ b c", "a b", "c"},
        {"a=b\\\n   c", "a", "bc"},
        {"a=b\\\r\n\tc", "a", "bc"},
        {"a=b\\\\\nc=d", "a", "b\\"},
        {"a=b\\\\\\\nc", "a", "b\\c"},
        {"a=b\\\n# c", "a", "b# c"},
        {"a=b\\", "a", "b"},
        {"a\\\nb=c", "ab", "c"},
        {"a=b\rc=d", "a", "b"},
        {"a=#b", "a", "#b"},
        {"a=!b", "a", "!b"},
        {"# x\n! y\n\n \t \na=b", "a", "b"},
        {"# x\\\na=b", "a", "b"},
        {"a=\\t\\n\\r\\f\\q\\\"", "a", "\t\n\r\fq\""},
        {"a=\\u00e4\\u20AC", "a", "\xc3\xa4\xe2\x82\xac"},
        {"a=\\ud83d\\ude00", "a", "\xf0\x9f\x98\x80"},
        {"\\u0061=b", "a", "b"},
        {"a=\xc3\xa4", "a", "\xc3\xa4"},
        {"\xef\xbb\xbf"
         "a=b",
         "a", "b"},
        {"a=b=c:d e", "a", "b=c:d e"},
        {"a\f=\fb", "a", "b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_config c = parse(cases[i].text);
        if (c.n < 1) {
            fail_msg("case %zu '%s': nothing was read", i, cases[i].text);
        }
        test_assert_str(c.entries[0].key, cases[i].key);
        test_assert_str(c.entries[0].value, cases[i].value);
    }
}

static void places(void **state) {
    (void)state;
    sl_config c = parse("# one\n\na=1\nb=2\\\n  3\\\n  4\r\nc=5\rd=6\n");
    assert_int_equal(c.n, 4);
    assert_int_equal(c.entries[0].line, 3);
    assert_int_equal(c.entries[1].line, 4);
    test_assert_str(c.entries[1].value, "234");
    assert_int_equal(c.entries[2].line, 7);
    assert_int_equal(c.entries[3].line, 8);
    test_assert_str(c.entries[3].file, "f.properties");
}

static void last_one_wins(void **state) {
    (void)state;
    sl_config c = parse("a=1\nb=2\n\na=hunter2\n");
    assert_int_equal(c.n, 2);
    test_assert_str(sl_config_get(&c, SL_STR("a")), "hunter2");
    assert_int_equal(c.entries[0].line, 4);
    assert_int_equal(report.n, 1);
    assert_int_equal(report.errors, 0);
    test_assert_contains(test_find_problem(&report, "a"), "lines 1 and 4");
    assert_null(strstr(test_find_problem(&report, "a"), "hunter2"));
}

static void empty_texts(void **state) {
    static const char *const texts[] = {"", "\n\n", "# only\n", "   ", "\xef\xbb\xbf"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(parse(texts[i]).n, 0);
    }
    sl_config c;
    test_assert_ok(sl__properties_parse(SL_STR_NONE, SL_STR("f"), &arena, &report, &c));
    assert_int_equal(c.n, 0);
}

static void bad_input(void **state) {
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"a=1\nb=\\u12g4", "f.properties:2: expected four hexadecimal digits"},
        {"a=\\u12", "f.properties:1: expected four"},
        {"a=\\ud83d", "f.properties:1: expected a pair of surrogates"},
        {"a=\\ud83dx", "surrogates"},
        {"a=\\ud83d\\u0041", "surrogates"},
        {"a=\\ude00", "surrogates"},
        {"a=\\u0000", "cannot be part of a setting"},
        {"x=1\n=b", "f.properties:2: expected a key"},
        {":b", "f.properties:1: expected a key"},
        {"a=1\nb=\xff\nc=2", "f.properties:2: not UTF-8"},
        {"a=\xc3", "f.properties:1: not UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_config c;
        test_assert_error(
            sl__properties_parse(sl_str_of(cases[i].text), SL_STR("f.properties"), &arena, &report, &c),
            SL_E_CONFIG, cases[i].expected);
    }
    sl_config c;
    test_assert_error(sl__properties_parse(SL_STR("a=1\nb=\0x\n"), SL_STR("f"), &arena, &report, &c),
                      SL_E_CONFIG, "f:2: zero byte");
}

static void too_many(void **state) {
    sl_buf b;
    sl_config c;
    (void)state;
    sl_buf_init(&b, NULL);
    for (int i = 0; i <= 10000; i++) {
        sl_buf_printf(&b, "key.%d=v\n", i);
    }
    test_assert_error(sl__properties_parse(sl_buf_view(&b), SL_STR("f"), &arena, &report, &c), SL_E_CONFIG,
                      "f:10001: more than 10000 settings");
    sl_buf_deinit(&b);
}

/* Every allocation may fail; the answer is always an error or the whole result. */
static void no_memory(void **state) {
    (void)state;
    unsigned needed = 1;
    for (unsigned n = 1; n <= needed + 1; n++) {
        sl_arena small;
        sl_config_report r;
        sl_config c = {0};
        sl_arena_init(&small, 64);
        sl_config_report_init(&r, &small);
        test_fail_alloc(n);
        sl_error *err = sl__properties_parse(
            SL_STR("a=1\nb=\\u00e4x\\\n  y\na=2\nlonger.key=longer value of some length\n"), SL_STR("f"),
            &small, &r, &c);
        unsigned used = test_fail_alloc(0);
        needed = used > needed ? used : needed;
        if (!err) {
            assert_int_equal(c.n, 3);
            test_assert_str(sl_config_get(&c, SL_STR("a")), "2");
        }
        sl_error_free(err);
        sl_arena_deinit(&small);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(grammar, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(places, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(last_one_wins, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(empty_texts, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(bad_input, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(too_many, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
