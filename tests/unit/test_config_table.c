/*
 * test_config_table.c - parsing settings by a table of rows.
 */
#include "support/arena.h"

#include <stdio.h>

typedef struct settings {
    bool flag;
    sl_str text;
    int mode;
    int32_t number;
    int64_t big;
    double ratio;
    sl_str_list names;
    sl_str password;
    sl_str class_name;
    sl_str last; /* behind everything, so that a store that is too wide shows */
} settings;

enum { MODE_FAST = 7, MODE_SAFE = 9 };

static const sl_config_enum modes[] = {{"fast", MODE_FAST}, {"safe", MODE_SAFE}, {NULL, 0}};

static const char *check_even(const sl_config_row *row, sl_str value, sl_arena *a) {
    (void)row;
    int64_t v = 0;
    bool even = sl_str_to_i64(value, &v) && v % 2 == 0;
    return even ? NULL : sl_arena_printf(a, "expected an even number").p;
}

static const sl_config_row rows[] = {
    {.name = "flag", .type = SL_CONFIG_BOOLEAN, .default_value = "true", .field = SL_FIELD(settings, flag)},
    {.name = "text",
     .type = SL_CONFIG_STRING,
     .required = true,
     .aliases = "old.text, older.text",
     .field = SL_FIELD(settings, text)},
    {.name = "mode",
     .type = SL_CONFIG_STRING,
     .enums = modes,
     .default_value = "safe",
     .field = SL_FIELD(settings, mode)},
    {.name = "number",
     .type = SL_CONFIG_INT,
     .default_value = "10",
     .has_min = true,
     .min = 1,
     .has_max = true,
     .max = 100,
     .field = SL_FIELD(settings, number)},
    {.name = "plain", .type = SL_CONFIG_INT},
    {.name = "big",
     .type = SL_CONFIG_LONG,
     .default_value = "-1",
     .check = check_even,
     .field = SL_FIELD(settings, big)},
    {.name = "ratio",
     .type = SL_CONFIG_DOUBLE,
     .default_value = "0.5",
     .has_min = true,
     .min = 0,
     .field = SL_FIELD(settings, ratio)},
    {.name = "names", .type = SL_CONFIG_LIST, .default_value = "a, b", .field = SL_FIELD(settings, names)},
    {.name = "modes", .type = SL_CONFIG_LIST, .enums = modes},
    {.name = "password",
     .type = SL_CONFIG_PASSWORD,
     .check = check_even,
     .aliases = "secret",
     .field = SL_FIELD(settings, password)},
    {.name = "class", .type = SL_CONFIG_CLASS, .field = SL_FIELD(settings, class_name)},
    {.name = "gone",
     .type = SL_CONFIG_STRING,
     .support = SL_REFUSED,
     .default_value = "none",
     .remedy = "use 'mode'"},
    {.name = "idle", .type = SL_CONFIG_INT, .support = SL_WARNED, .remedy = "remove it"},
    {.name = "topic.*.size", .type = SL_CONFIG_INT, .pattern = true, .has_min = true, .min = 1},
    {.name = "old.*",
     .type = SL_CONFIG_STRING,
     .pattern = true,
     .support = SL_REFUSED,
     .remedy = "use 'new.'"},
};
#define NROWS (sizeof rows / sizeof rows[0])

static sl_config_report report;
static settings parsed;

#define PARSE(...) parse(test_config(&arena, __VA_ARGS__, (char *)NULL))

static void parse(sl_config c) {
    parsed = (settings){.last = SL_STR("untouched")};
    sl_config_report_init(&report, &arena);
    sl_config_parse(rows, NROWS, &c, &parsed, &arena, &report);
    test_assert_str(parsed.last, "untouched");
}

/* expect_problem: exactly one problem, for that key, with that text. */
static void expect_problem(const char *key, const char *part) {
    assert_int_equal(report.n, 1);
    test_assert_contains(test_find_problem(&report, key), part);
}

static void reads_every_type(void **state) {
    (void)state;
    PARSE("text", " hello ", "flag", " FALSE", "mode", "Fast", "number", "+42", "big", "9223372036854775806",
          "ratio", "1e3", "names", " x ,y,, z", "password", "12", "class", "a.B", "unknown.key", "anything");
    assert_int_equal(report.n, 0);
    assert_null(sl_config_report_error(&report));
    test_assert_str(parsed.text, "hello");
    assert_false(parsed.flag);
    assert_int_equal(parsed.mode, MODE_FAST);
    assert_int_equal(parsed.number, 42);
    assert_true(parsed.big == INT64_MAX - 1);
    assert_true(parsed.ratio == 1000.0);
    assert_int_equal(parsed.names.n, 4);
    test_assert_str(parsed.names.items[0], "x");
    test_assert_str(parsed.names.items[2], "");
    test_assert_str(parsed.names.items[3], "z");
    test_assert_str(parsed.password, "12");
    test_assert_str(parsed.class_name, "a.B");
}

static void fills_in_defaults(void **state) {
    (void)state;
    PARSE("text", "x", "number", test_null);
    assert_int_equal(report.n, 0);
    assert_true(parsed.flag);
    assert_int_equal(parsed.mode, MODE_SAFE);
    assert_int_equal(parsed.number, 10); /* null counts as not given */
    assert_true(parsed.big == -1);       /* checks are for what the user wrote */
    assert_int_equal(parsed.names.n, 2);
    test_assert_str(parsed.names.items[1], "b");
    assert_null(parsed.password.p);
    PARSE("text", "x", "names", "");
    assert_int_equal(parsed.names.n, 0);
    PARSE("text", "x", "names", "  ");
    assert_int_equal(parsed.names.n, 0);
}

static void misses_what_is_required(void **state) {
    (void)state;
    PARSE("flag", "true");
    expect_problem("text", "missing");
    PARSE("text", test_null);
    expect_problem("text", "missing");
    PARSE("text", ""); /* given, and empty: fine unless a check says otherwise */
    assert_int_equal(report.n, 0);
}

static void says_what_was_expected(void **state) {
    (void)state;
    static const struct {
        const char *key, *value, *message;
    } cases[] = {
        {"flag", "yes", "invalid value 'yes': expected true or false"},
        {"flag", "", "expected true or false"},
        {"mode", "slow", "invalid value 'slow': expected one of: fast, safe"},
        {"number", "0", "expected a whole number (32 bits) from 1 to 100"},
        {"number", "101", "from 1 to 100"},
        {"number", "ten", "invalid value 'ten'"},
        {"plain", "2147483648", "expected a whole number (32 bits)"},
        {"plain", "-2147483649", "expected a whole number (32 bits)"},
        {"plain", "1.0", "expected a whole number (32 bits)"},
        {"big", "9223372036854775808", "expected a whole number (64 bits)"},
        {"big", "3", "invalid value '3': expected an even number"},
        {"ratio", "-0.1", "expected a number of at least 0"},
        {"ratio", "NaN", "expected a number"},
        {"modes", "fast,odd", "expected one of: fast, safe"},
        {"topic.a.b.size", "0", "of at least 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        PARSE("text", "x", cases[i].key, cases[i].value);
        expect_problem(cases[i].key, cases[i].message);
        assert_int_equal(report.errors, 1);
    }
    PARSE("text", "x", "plain", "2147483647", "modes", "SAFE , fast", "topic.a.size", "5");
    assert_int_equal(report.n, 0);
}

static void never_shows_secrets(void **state) {
    (void)state;
    PARSE("text", "x", "password", "hunter3");
    expect_problem("password", "invalid value: expected an even number");
    assert_null(strstr(test_find_problem(&report, "password"), "hunter"));
    PARSE("text", "x", "password", "hunter2", "secret", "hunter3");
    assert_int_equal(report.n, 1);
    for (size_t i = 0; i < report.n; i++) {
        assert_null(strstr(report.items[i].message.p, "hunter"));
    }
    static const sl_config_row url[] = {{.name = "url", .type = SL_CONFIG_STRING, .check = check_even}};
    sl_config c = test_config(&arena, "url", "jdbc:x://host/db?user=u&password=hunter2", (char *)NULL);
    sl_config_report_init(&report, &arena);
    sl_config_parse(url, 1, &c, NULL, &arena, &report);
    expect_problem("url", "invalid value: expected an even number");
}

static void cuts_long_values(void **state) {
    (void)state;
    char value[500];
    memset(value, 'x', sizeof value);
    value[sizeof value - 1] = '\0';
    memcpy(value + 79, "\xc3\xa9", 2); /* a character across the cut */
    PARSE("text", "x", "plain", value);
    const char *message = test_find_problem(&report, "plain");
    assert_true(strlen(message) < 200);
    test_assert_contains(message, "xxx...': expected");
    assert_true(sl_str_is_utf8(sl_str_of(message)));
}

static void knows_aliases(void **state) {
    (void)state;
    PARSE("older.text", "x");
    assert_int_equal(report.n, 0);
    test_assert_str(parsed.text, "x");
    PARSE("older.text", "x", "text", "x ");
    assert_int_equal(report.n, 0);
    PARSE("older.text", "y", "text", "x");
    expect_problem("text", "another name of 'older.text'");
    PARSE("old.text", test_null, "text", "x");
    assert_int_equal(report.n, 0);
    test_assert_str(parsed.text, "x");
    static const sl_config_row limit[] = {
        {.name = "new", .type = SL_CONFIG_INT, .aliases = "old", .has_max = true, .max = 5}};
    sl_config c = test_config(&arena, "old", "9", (char *)NULL);
    sl_config_report_init(&report, &arena);
    sl_config_parse(limit, 1, &c, NULL, &arena, &report);
    expect_problem("old", "at most 5"); /* by the name that the user wrote */
}

static void refuses_and_warns(void **state) {
    (void)state;
    PARSE("text", "x", "gone", "something");
    expect_problem("gone", "not supported: use 'mode'");
    assert_int_equal(report.errors, 1);
    PARSE("text", "x", "gone", "NONE"); /* asks for what happens anyhow */
    assert_int_equal(report.n, 0);
    PARSE("text", "x", "idle", "1");
    expect_problem("idle", "has no effect: remove it");
    assert_int_equal(report.errors, 0);
    assert_null(sl_config_report_error(&report));
    PARSE("text", "x", "old.thing", "1");
    expect_problem("old.thing", "use 'new.'");
    PARSE("old.text", "x"); /* an alias goes before a pattern */
    assert_int_equal(report.n, 0);
}

static void matches_patterns(void **state) {
    (void)state;
    sl_str captures[2];
    assert_true(sl_config_pattern_match("topic.*.partitions", SL_STR("topic.a.b.partitions"), captures, 2));
    test_assert_str(captures[0], "a.b");
    assert_true(sl_config_pattern_match("a.*.b.*", SL_STR("a.x.b.y.b.z"), captures, 2));
    test_assert_str(captures[0], "x");
    test_assert_str(captures[1], "y.b.z");
    assert_true(sl_config_pattern_match("a.*.b.*", SL_STR("a.x.b.y"), captures, 1));
    test_assert_str(captures[0], "x");
    assert_true(sl_config_pattern_match("x.*", SL_STR("x.y"), NULL, 0));
    assert_false(sl_config_pattern_match("x.*", SL_STR("x."), NULL, 0)); /* one character at least */
    assert_false(sl_config_pattern_match("x.*", SL_STR("x"), NULL, 0));
    assert_false(sl_config_pattern_match("x.*.z", SL_STR("x.y.zz"), NULL, 0));
    assert_true(sl_config_pattern_match("abc", SL_STR("abc"), NULL, 0));
    assert_false(sl_config_pattern_match("abc", SL_STR("abcd"), NULL, 0));
    assert_ptr_equal(sl_config_row_find(rows, NROWS, SL_STR("older.text")), &rows[1]);
    assert_string_equal(sl_config_row_find(rows, NROWS, SL_STR("topic.t.size"))->name, "topic.*.size");
    assert_null(sl_config_row_find(rows, NROWS, SL_STR("nothing")));
}

static void reports_everything_at_once(void **state) {
    (void)state;
    PARSE("flag", "x", "number", "x", "idle", "3");
    assert_int_equal(report.n, 4);
    assert_int_equal(report.errors, 3);
    sl_error *err = sl_config_report_error(&report);
    assert_int_equal(err->cls, SL_USER);
    test_assert_contains(err->message, "'flag': invalid value 'x'");
    test_assert_contains(err->message, "; 'text': missing");
    test_assert_contains(err->message, "; 'number': ");
    assert_null(strstr(err->message, "idle")); /* warnings are no errors */
    sl_error_free(err);
    char longer[2000];
    memset(longer, 'm', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    sl_config_report_init(&report, &arena);
    sl_config_report_add(&report, SL_SEV_ERROR, SL_STR_NONE, "%s", longer);
    test_assert_error(sl_config_report_error(&report), SL_E_CONFIG, longer);
}

static void finds_entries(void **state) {
    (void)state;
    sl_config c = test_config(&arena, "a", "1", "b", test_null, (char *)NULL);
    test_assert_str(sl_config_get(&c, SL_STR("a")), "1");
    assert_non_null(sl_config_find(&c, SL_STR("b")));
    assert_null(sl_config_get(&c, SL_STR("b")).p);
    assert_null(sl_config_find(&c, SL_STR("c")));
    assert_null(sl_config_find(NULL, SL_STR("c")));
}

/* Whichever allocation fails: no crash, and never a silent success with settings left out. */
static void without_memory(void **state) {
    (void)state;
    unsigned n = 0;
    bool again = true;
    while (again) {
        sl_arena small;
        sl_config_report r;
        settings s = {0};
        sl_config c =
            test_config(&arena, "text", "x", "mode", "bad", "names", "a,b,c,d", "plain", "x", (char *)NULL);
        sl_arena_init(&small, 16);
        sl_config_report_init(&r, &small);
        test_fail_alloc(++n);
        sl_config_parse(rows, NROWS, &c, &s, &small, &r);
        sl_error *err = sl_config_report_error(&r);
        test_fail_alloc(0);
        assert_non_null(err);
        again = small.failed || err->code == SL_E_NOMEM;
        sl_error_free(err);
        sl_arena_deinit(&small);
    }
    assert_true(n > 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_arena, teardown_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(reads_every_type),        TEST(fills_in_defaults),
        TEST(misses_what_is_required), TEST(says_what_was_expected),
        TEST(never_shows_secrets),     TEST(cuts_long_values),
        TEST(knows_aliases),           TEST(refuses_and_warns),
        TEST(matches_patterns),        TEST(reports_everything_at_once),
        TEST(finds_entries),           TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
