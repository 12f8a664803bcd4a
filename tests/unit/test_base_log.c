/*
 * test_base_log.c - log lines and levels.
 */
#include "support/support.h"

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int log_fd = -1;

static int setup(void **state) {
    (void)state;
    log_fd = memfd_create("log", MFD_CLOEXEC);
    sl__log_set_fd(log_fd);
    sl__log_init(false, SL_LOG_INFO);
    return log_fd < 0;
}

static int teardown(void **state) {
    (void)state;
    sl__log_set_fd(STDERR_FILENO);
    close(log_fd);
    return 0;
}

/* logged gives all that was written so far; free it. */
static char *logged(void) {
    off_t n = lseek(log_fd, 0, SEEK_END);
    char *text = calloc(1, (size_t)n + 1);
    assert_int_equal(pread(log_fd, text, (size_t)n, 0), n);
    return text;
}

static void writes_text(void **state) {
    (void)state;
    sl__log(SL_LOG_WARN, "herder", "read %d rows", 3);
    sl__log(SL_LOG_DEBUG, "herder", "not wanted");
    sl__log(SL_LOG_INFO, NULL, "no component");
    char *text = logged();
    int y, mo, d, h, mi, s, ms, n = 0;
    assert_int_equal(sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &y, &mo, &d, &h, &mi, &s, &ms, &n), 7);
    assert_true(sl_str_starts(sl_str_of(text + n), SL_STR("WARN  herder: read 3 rows\n")));
    test_assert_contains(text, " INFO  sluice: no component\n");
    assert_null(strstr(text, "not wanted"));
    free(text);
}

static void keeps_one_line(void **state) {
    (void)state;
    sl__log(SL_LOG_INFO, "a\nb",
            "x\n%s\t\x1b[31m\x7f\xc2\x9b"
            "e \xc3\xa9 \xff \"q\" \\",
            "\r");
    char *text = logged();
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    test_assert_contains(text, " a\\nb: x\\n\\r\\t\\x1b[31m\\x7f\\x9be \xc3\xa9 \\xff \"q\" \\\n");
    free(text);
}

static void writes_json(void **state) {
    (void)state;
    sl__log_init(true, SL_LOG_INFO);
    const char *message = "say \"hi\"\n\\ \x01 \x7f \xc2\x9b \xff \xf0\x9f\x98\x80";
    sl__log(SL_LOG_ERROR, "task:0", "%s", message);
    char *text = logged();
    json_error_t error;
    json_t *line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(line);
    assert_int_equal(json_object_size(line), 4);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "ERROR");
    assert_string_equal(json_string_value(json_object_get(line, "component")), "task:0");
    assert_string_equal(json_string_value(json_object_get(line, "msg")),
                        "say \"hi\"\n\\ \x01 \x7f \xc2\x9b \xef\xbf\xbd \xf0\x9f\x98\x80");
    assert_int_equal(json_string_length(json_object_get(line, "ts")), 24);
    test_assert_contains(text, "\\u0001");
    json_decref(line);
    free(text);
}

static void writes_long_lines(void **state) {
    (void)state;
    enum { LONG = 100000 };
    char *longer = malloc(LONG + 1);
    memset(longer, 'z', LONG);
    longer[LONG] = '\0';
    sl__log(SL_LOG_INFO, "x", "%s!", longer);
    char *text = logged();
    test_assert_contains(text, "zzz!\n");
    assert_true(strlen(text) > LONG);
    free(text);
    free(longer);
}

static void levels_by_component(void **state) {
    (void)state;
    assert_true(sl__log_set_level("connector:orders", SL_LOG_DEBUG));
    assert_true(sl__log_set_level("connector:orders.task:1", SL_LOG_ERROR));
    assert_true(sl__log_set_level("quiet", SL_LOG_OFF));
    assert_true(sl__log_enabled(SL_LOG_DEBUG, "connector:orders"));
    assert_true(sl__log_enabled(SL_LOG_DEBUG, "connector:orders.task:0"));
    assert_false(sl__log_enabled(SL_LOG_DEBUG, "connector:orders2")); /* not the same name */
    assert_false(sl__log_enabled(SL_LOG_TRACE, "connector:orders"));
    assert_false(sl__log_enabled(SL_LOG_WARN, "connector:orders.task:1")); /* the longest counts */
    assert_false(sl__log_enabled(SL_LOG_WARN, "connector:orders.task:1:x"));
    assert_true(sl__log_enabled(SL_LOG_DEBUG, "connector:orders.task:12"));
    assert_false(sl__log_enabled(SL_LOG_ERROR, "quiet.thing"));
    assert_false(sl__log_enabled(SL_LOG_DEBUG, "herder"));
    assert_true(sl__log_set_level("connector:orders.task:1", SL_LOG_INHERIT));
    assert_int_equal(sl__log_level_of("connector:orders.task:1"), SL_LOG_DEBUG);
    assert_true(sl__log_set_level("root", SL_LOG_WARN));
    assert_int_equal(sl__log_level_of("herder"), SL_LOG_WARN);
    assert_false(sl__log_set_level("x", SL_LOG_OFF + 1));
    assert_false(sl__log_set_level("x", -2));
    assert_false(sl__log_set_level(NULL, SL_LOG_INHERIT)); /* the root has nothing to inherit */
    assert_true(sl__log_set_level("connector:orders", SL_LOG_INHERIT));
    assert_true(sl__log_set_level("quiet", SL_LOG_INHERIT));
}

static void add_level(void *arg, const char *component, int level, int64_t changed_ms) {
    sl_buf_printf(arg, "%s=%s%s;", component, sl__log_level_name(level), changed_ms > 0 ? "" : "?");
}

static void lists_levels(void **state) {
    (void)state;
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl__log_set_level("", SL_LOG_INFO);
    sl__log_set_level("z", SL_LOG_TRACE);
    sl__log_set_level("a", SL_LOG_ERROR);
    sl__log_set_level("m", SL_LOG_DEBUG);
    sl__log_set_level("m", SL_LOG_INHERIT);
    sl__log_each_level(add_level, &b);
    test_assert_str(sl_buf_view(&b), "root=INFO;a=ERROR;z=TRACE;");
    sl_buf_deinit(&b);
    sl__log_set_level("z", SL_LOG_INHERIT);
    sl__log_set_level("a", SL_LOG_INHERIT);
}

static void names_levels(void **state) {
    (void)state;
    for (int i = SL_LOG_TRACE; i <= SL_LOG_OFF; i++) {
        assert_int_equal(sl__log_level_parse(sl_str_of(sl__log_level_name(i))), i);
    }
    assert_int_equal(sl__log_level_parse(SL_STR("warn")), SL_LOG_WARN);
    assert_int_equal(sl__log_level_parse(SL_STR("fatal")), SL_LOG_ERROR);
    assert_int_equal(sl__log_level_parse(SL_STR("loud")), -1);
    assert_int_equal(sl__log_level_parse(SL_STR("")), -1);
}

enum { THREADS = 4, LINES = 500 };

static void *write_lines(void *arg) {
    for (int i = 0; i < LINES; i++) {
        sl__log(SL_LOG_INFO, "t", "<%s %d>", (const char *)arg, i);
        if (i % 100 == 0) {
            sl__log_set_level((const char *)arg, SL_LOG_DEBUG);
            sl__log_set_level((const char *)arg, SL_LOG_INHERIT);
        }
    }
    return NULL;
}

static void lines_do_not_mix(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    static char names[THREADS][8] = {"one", "two", "three", "four"};
    int flags = fcntl(log_fd, F_GETFL);
    fcntl(log_fd, F_SETFL, flags | O_APPEND);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    char *text = logged();
    int n = 0;
    for (char *line = text; *line; n++) {
        char *end = strchr(line, '\n');
        assert_non_null(end);
        assert_int_equal(line[4], '-'); /* begins with the year */
        assert_int_equal(end[-1], '>');
        line = end + 1;
    }
    assert_int_equal(n, THREADS * LINES);
    free(text);
}

static void clocks_go_on(void **state) {
    (void)state;
    int64_t us = sl__now_us();
    int64_t ms = sl__now_ms();
    assert_true(ms >= us / 1000 && ms - us / 1000 < 10000);
    assert_true(sl__wall_ms() > INT64_C(1600000000000));
    assert_true(sl__boot_ms() >= ms); /* includes the time asleep */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(writes_text),       TEST(keeps_one_line),      TEST(writes_json),
        TEST(writes_long_lines), TEST(levels_by_component), TEST(lists_levels),
        TEST(names_levels),      TEST(lines_do_not_mix),    TEST(clocks_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
