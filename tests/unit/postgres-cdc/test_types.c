/* Text forms of PostgreSQL's types into values, in the handling modes; defaults; offsets. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "postgres-cdc/convert.h"
#include "postgres-cdc/offset.h"

static sl_arena arena;
static pg_types types;
static pg_settings settings;

static int setup(void **state) {
    (void)state;
    sl_arena_init(&arena, 0);
    pg_types_init(&types, test_host(), NULL);
    settings = (pg_settings){.money_digits = 2, .cdc = {.unavailable_placeholder = SL_STR("__unavailable")}};
    static const pg_type more[] = {
        {.oid = 1007,
         .name = SL_STR_INIT("_int4"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 23},
        {.oid = 1009,
         .name = SL_STR_INIT("_text"),
         .kind = 'b',
         .category = 'A',
         .delimiter = ',',
         .element = 25},
        {.oid = 70000, .name = SL_STR_INIT("mood"), .kind = 'e', .labels = SL_STR_INIT("sad,ok")},
        {.oid = 70001, .name = SL_STR_INIT("posint"), .kind = 'd', .base = 23, .typmod = -1},
        {.oid = 70002, .name = SL_STR_INIT("hstore"), .kind = 'b', .category = 'U'},
        {.oid = 70003, .name = SL_STR_INIT("comp"), .kind = 'c', .category = 'C'},
        {.oid = 70005, .name = SL_STR_INIT("geometry"), .kind = 'b', .category = 'U'},
        {.oid = 70006, .name = SL_STR_INIT("halfvec"), .kind = 'b', .category = 'U'},
        {.oid = 70007, .name = SL_STR_INIT("sparsevec"), .kind = 'b', .category = 'U'},
        {.oid = 25, .name = SL_STR_INIT("text"), .kind = 'b'},
        {.oid = 23, .name = SL_STR_INIT("int4"), .kind = 'b'},
        {.oid = 1700, .name = SL_STR_INIT("numeric"), .kind = 'b'},
        {.oid = 1184, .name = SL_STR_INIT("timestamptz"), .kind = 'b'},
        {.oid = 16, .name = SL_STR_INIT("bool"), .kind = 'b'}};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        test_assert_ok(pg_types_add(&types, &more[i]));
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    pg_types_deinit(&types);
    sl_arena_deinit(&arena);
    return 0;
}

static bool parse(uint32_t oid, int32_t typmod, const char *text, pg_column_type *t, sl_value *v) {
    test_assert_ok(pg_conv_make(&types, &settings, oid, typmod, &arena, t));
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1); /* ends where the text does */
    memcpy(copy, text, n);
    char *stays = sl_arena_bytes(&arena, n + 1);
    memcpy(stays, text, n);
    sl_value scratch;
    bool fine = t->conv.parse(&t->conv, &arena, copy, n, &scratch);
    free(copy);
    *v = sl_null();
    return t->conv.parse(&t->conv, &arena, stays, n, v) && fine;
}

static void integers(uint32_t oid, int32_t typmod, const char *text, int64_t expected) {
    pg_column_type t;
    sl_value v;
    assert_true(parse(oid, typmod, text, &t, &v));
    if (v.i != expected) {
        fail_msg("%u '%s': got %lld, expected %lld", oid, text, (long long)v.i, (long long)expected);
    }
    assert_int_equal(v.type, t.base.type);
}

static void strings(uint32_t oid, int32_t typmod, const char *text, const char *expected) {
    pg_column_type t;
    sl_value v;
    assert_true(parse(oid, typmod, text, &t, &v));
    assert_int_equal(v.type, SL_STRING);
    test_assert_str(sl_value_str(&v), expected);
}

static void refused(uint32_t oid, int32_t typmod, const char *text) {
    pg_column_type t;
    sl_value v;
    if (parse(oid, typmod, text, &t, &v)) {
        fail_msg("%u took '%s'", oid, text);
    }
}

static void numbers(void **state) {
    (void)state;
    integers(21, -1, "-32768", -32768);
    integers(23, -1, "2147483647", INT32_MAX);
    integers(20, -1, "-9223372036854775808", INT64_MIN);
    integers(26, -1, "4294967295", INT64_C(4294967295));
    integers(16, -1, "t", 1);
    refused(21, -1, "32768");
    refused(23, -1, "");
    refused(23, -1, "-");
    refused(20, -1, "9223372036854775808");
    refused(20, -1, "1x");
    refused(16, -1, "true");
    pg_column_type t;
    sl_value v;
    assert_true(parse(701, -1, "NaN", &t, &v) && isnan(v.f));
    assert_true(parse(701, -1, "-Infinity", &t, &v) && isinf(v.f) && v.f < 0);
    assert_true(parse(700, -1, "1.1", &t, &v) && v.f == (double)1.1f);
    refused(701, -1, "1.5x");
}

static void dates_and_times(void **state) {
    (void)state;
    integers(1082, -1, "2020-01-02", 18263);
    integers(1082, -1, "0044-03-15 BC", -735160);
    integers(1082, -1, "99999-12-31", 35804721);
    integers(1082, -1, "infinity", -2147472692);
    integers(1083, 3, "01:02:03.456", 3723456);
    integers(1083, -1, "24:00:00", INT64_C(86400000000));
    integers(1114, 3, "1969-12-31 23:59:59.999", -1);
    integers(1114, -1, "2020-01-02 03:04:05.123456", INT64_C(1577934245123456));
    integers(1114, -1, "0044-03-15 12:00:00 BC", INT64_C(-63517780800000000));
    integers(1114, -1, "infinity", INT64_C(9223372036825200000));
    integers(1114, -1, "-infinity", INT64_C(-9223372036832400000));
    integers(1114, -1, "294276-12-31 23:59:59.999999", INT64_MAX);
    integers(1114, 3, "294276-12-31 23:59:59.999", INT64_C(9224318015999999));
    strings(1184, -1, "2020-01-02 01:04:05.12+00", "2020-01-02T01:04:05.120000Z");
    strings(1184, 0, "2020-01-02 01:04:05+00", "2020-01-02T01:04:05Z");
    strings(1184, 3, "2020-01-02 01:04:05+00", "2020-01-02T01:04:05.000Z");
    strings(1184, -1, "12345-01-01 00:00:00+00", "+12345-01-01T00:00:00.000000Z");
    strings(1184, -1, "0044-03-15 12:00:00+00 BC", "-0043-03-15T12:00:00.000000Z");
    strings(1184, -1, "2020-01-02 01:04:05.5+05:30", "2020-01-01T19:34:05.500000Z");
    strings(1184, -1, "-infinity", "-infinity");
    strings(1266, -1, "01:02:03.5+05:30", "19:32:03.5Z");
    strings(1266, -1, "24:00:00+00", "00:00:00Z");
    strings(1266, -1, "00:00:00-12:30", "12:30:00Z");
    static const char *const bad[] = {"", "2020-13-01", "2020-1-01", "2020-01-02x", "20-01-02"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refused(1082, -1, bad[i]);
    }
    refused(1114, -1, "2020-01-02 03:04");
    refused(1184, -1, "2020-01-02 03:04:05");
    refused(1083, -1, "99:00:00");
}

static void intervals(void **state) {
    (void)state;
    integers(1186, -1, "P1D", INT64_C(86400000000));
    integers(1186, -1, "PT0S", 0);
    integers(1186, -1, "P-1Y-2M3DT-4H-5M-6.789S", INT64_C(-36572706789000));
    integers(1186, -1, "P1Y2M3DT4H5M6.7S", INT64_C(37091106700000));
    integers(1186, -1, "P178000000Y", INT64_MAX);
    integers(1186, -1, "P-178000000Y", INT64_MIN);
    refused(1186, -1, "1 day");
    refused(1186, -1, "P1");
    settings.interval_mode = PG_INTERVAL_STRING;
    strings(1186, -1, "P-1Y-2M3DT-4H-5M-6.789S", "P-1Y-2M3DT-4H-5M-6.789S");
    strings(1186, -1, "PT0S", "P0Y0M0DT0H0M0S");
    strings(1186, -1, "PT-0.5S", "P0Y0M0DT0H0M-0.5S");
}

static void decimals(void **state) {
    (void)state;
    pg_column_type t;
    sl_value v;
    int32_t n103 = (10 << 16 | 3) + 4;
    assert_true(parse(1700, n103, "12.345", &t, &v));
    assert_int_equal(v.type, SL_BYTES);
    test_assert_str(t.base.params[0].value, "3");
    assert_true(parse(1700, -1, "100", &t, &v));
    test_assert_str(t.base.name, "io.debezium.data.VariableScaleDecimal");
    assert_int_equal(v.items[0].i, 0);
    assert_true(parse(1700, -1, "NaN", &t, &v));
    assert_int_equal(v.type, SL_NULL);
    refused(1700, n103, "abc");
    settings.cdc.decimal_mode = CDC_DECIMAL_STRING;
    strings(1700, n103, "5.500", "5.500");
    strings(1700, -1, "NaN", "NAN");
    strings(790, -1, "$1,234.50", "1234.50");
    strings(790, -1, "-$1.234,50", "-1234.50");
    types.money = 0; /* what lc_monetary of the server has behind the point */
    strings(790, -1, "¥1,234", "1234");
    types.money = 3;
    strings(790, -1, "(1.234,567)", "-1234.567");
    settings.cdc.decimal_mode = CDC_DECIMAL_PRECISE;
    assert_true(parse(790, -1, "-0.005", &t, &v)); /* half goes away from zero: -0.01 */
    assert_memory_equal(v.s, "\377", 1);
    types.money = 2;
    assert_true(parse(790, -1, "-$92,233,720,368,547,758.08", &t, &v));
    assert_int_equal(v.n, 8);
    settings.cdc.decimal_mode = CDC_DECIMAL_DOUBLE;
    assert_true(parse(1700, -1, "-Infinity", &t, &v) && isinf(v.f));
}

static void extensions(void **state) {
    (void)state;
    pg_column_type t;
    sl_value v;
    assert_true(parse(70005, -1, "0101000020E6100000000000000000F03F0000000000000040", &t, &v));
    assert_true(t.always_optional);
    assert_int_equal(v.items[0].n, 25);
    assert_int_equal(v.items[1].i, 4326);
    assert_true(parse(70005, -1, "00000000010000000000000000", &t, &v)); /* big-endian, no srid */
    assert_int_equal(v.items[1].type, SL_NULL);
    refused(70005, -1, "01010000");
    refused(70005, -1, "0101000020E61000000000000000000g");
    assert_true(parse(70006, -1, "[1,-2.5]", &t, &v));
    assert_int_equal(v.n, 2);
    assert_true(v.items[1].type == SL_FLOAT32 && v.items[1].f < -2.4);
    refused(70006, -1, "[]");
    refused(70006, -1, "[1,]");
    refused(70006, -1, "[1]2]");
    assert_true(parse(70007, -1, "{1:0.5,7:2}/10", &t, &v));
    assert_int_equal(v.items[0].i, 10);
    assert_int_equal(v.items[1].items[2].i, 7);
    assert_true(parse(70007, -1, "{}/3", &t, &v));
    assert_int_equal(v.items[1].n, 0);
    refused(70007, -1, "{1:0.5}/40000");
    refused(70007, -1, "{1}/3");
    refused(70007, -1, "1:1/3");
}

static void bytes_and_bits(void **state) {
    (void)state;
    pg_column_type t;
    sl_value v;
    assert_true(parse(17, -1, "\\x00ff41", &t, &v));
    assert_int_equal(v.n, 3);
    assert_memory_equal(v.s, "\0\377A", 3);
    refused(17, -1, "\\x0");
    refused(17, -1, "\\xgg");
    refused(17, -1, "abc");
    settings.cdc.binary_mode = CDC_BINARY_BASE64;
    strings(17, -1, "\\x0102", "AQI=");
    settings.cdc.binary_mode = CDC_BINARY_BASE64_URL;
    strings(17, -1, "\\xfbff", "-_8=");
    settings.cdc.binary_mode = CDC_BINARY_HEX;
    strings(17, -1, "\\x0102", "0102");
    integers(1560, 1, "1", 1);
    assert_true(parse(1560, 5, "10110", &t, &v));
    assert_memory_equal(v.s, "\x16", 1);
    assert_true(parse(1562, -1, "101100111", &t, &v));
    assert_int_equal(v.n, 2);
    assert_memory_equal(v.s, "\x67\x01", 2);
    refused(1560, 5, "1012");
}

static void containers(void **state) {
    (void)state;
    pg_column_type t;
    sl_value v;
    assert_true(parse(1007, -1, "{1,NULL,-3}", &t, &v));
    assert_int_equal(v.n, 3);
    assert_int_equal(v.items[1].type, SL_NULL);
    assert_int_equal(v.items[2].i, -3);
    assert_true(parse(1007, -1, "[0:1]={1,2}", &t, &v) && v.n == 2);
    assert_true(parse(1007, -1, "{}", &t, &v) && v.n == 0);
    assert_true(parse(1007, -1, "{{1,2},{3,4}}", &t, &v) && v.n == 2 && v.items[0].type == SL_NULL);
    assert_true(parse(1009, -1, "{a,\"b c\",\"q\\\"x\",\"\",\"NULL\",NULL}", &t, &v));
    assert_int_equal(v.n, 6);
    test_assert_str(sl_value_str(&v.items[2]), "q\"x");
    test_assert_str(sl_value_str(&v.items[4]), "NULL");
    assert_int_equal(v.items[5].type, SL_NULL);
    static const char *const bad[] = {"", "{", "{1", "{1,", "1}", "{1}x", "{\"1", "{\"1\\", "{{1}", "[1=2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refused(1007, -1, bad[i]);
    }
    strings(70002, -1, "\"a\"=>\"1\", \"b\"=>NULL, \"c d\"=>\"q\\\"x\"",
            "{\"a\":\"1\",\"b\":null,\"c d\":\"q\\\"x\"}");
    strings(70002, -1, "", "{}");
    refused(70002, -1, "\"a\"=>");
    refused(70002, -1, "\"a");
    settings.hstore_mode = PG_HSTORE_MAP;
    assert_true(parse(70002, -1, "\"a\"=>\"1\"", &t, &v) && v.type == SL_MAP && v.n == 1);
    assert_true(parse(600, -1, "(1.5,2)", &t, &v) && v.items[0].f == 1.5 && v.items[2].n == 21);
    refused(600, -1, "(1.5)");
}

static void catalog_types(void **state) {
    (void)state;
    pg_column_type t;
    sl_value v;
    assert_true(parse(70000, -1, "ok", &t, &v));
    test_assert_str(t.base.name, "io.debezium.data.Enum");
    test_assert_str(t.base.params[0].value, "sad,ok");
    integers(70001, -1, "5", 5);
    test_assert_ok(pg_conv_make(&types, &settings, 70003, -1, &arena, &t));
    assert_false(t.known);
    test_assert_ok(pg_conv_make(&types, &settings, 99999, -1, &arena, &t)); /* dropped meanwhile */
    assert_false(t.known);
    settings.unknown_types = true;
    assert_true(parse(70003, -1, "(1,x)", &t, &v));
    assert_int_equal(v.type, SL_BYTES);
}

static void unsent_values_have_placeholders(void **state) {
    (void)state;
    pg_column_type t;
    test_assert_ok(pg_conv_make(&types, &settings, 25, -1, &arena, &t));
    test_assert_str(sl_value_str(&t.conv.toast), "__unavailable");
    test_assert_ok(pg_conv_make(&types, &settings, 17, -1, &arena, &t));
    assert_int_equal(t.conv.toast.type, SL_BYTES);
    test_assert_ok(pg_conv_make(&types, &settings, 1007, -1, &arena, &t));
    assert_int_equal(t.conv.toast.n, 13);
    assert_int_equal(t.conv.toast.items[0].i, '_');
    test_assert_ok(pg_conv_make(&types, &settings, 70002, -1, &arena, &t));
    test_assert_str(sl_value_str(&t.conv.toast), "{\"__unavailable\":\"__unavailable\"}");
}

static bool default_of(uint32_t oid, int32_t typmod, const char *text, sl_value *v) {
    pg_column_type t;
    test_assert_ok(pg_conv_make(&types, &settings, oid, typmod, &arena, &t));
    return pg_conv_default(&t, &arena, sl_str_of(text), v);
}

static void defaults(void **state) {
    (void)state;
    sl_value v;
    assert_true(default_of(23, -1, "42", &v) && v.i == 42);
    assert_true(default_of(23, -1, "'-7'::integer", &v) && v.i == -7);
    assert_true(default_of(23, -1, "nextval('t_id_seq'::regclass)", &v) && v.i == 0);
    assert_true(default_of(16, -1, "true", &v) && v.i == 1);
    assert_true(default_of(25, -1, "'he''llo'::text", &v));
    test_assert_str(sl_value_str(&v), "he'llo");
    assert_false(default_of(25, -1, "NULL::text", &v));
    assert_true(default_of(1184, -1, "now()", &v));
    test_assert_str(sl_value_str(&v), "1970-01-01T00:00:00.000000Z");
    assert_true(default_of(1184, -1, "CURRENT_TIMESTAMP", &v));
    assert_true(default_of(70000, -1, "'ok'::mood", &v));
    assert_false(default_of(23, -1, "(1 + 2)", &v));
    assert_true(default_of(1700, (10 << 16 | 3) + 4, "1.5", &v) && v.n == 2); /* 1500 */
}

static void offsets_are_debeziums(void **state) {
    (void)state;
    pg_offset o = {.has_lsn = true,
                   .lsn = 20,
                   .has_proc = true,
                   .lsn_proc = 20,
                   .has_commit = true,
                   .lsn_commit = 10,
                   .has_tx = true,
                   .tx = 7,
                   .message = "INSERT",
                   .events = 2};
    sl_value v = pg_offset_store(&o, &arena);
    assert_int_equal(sl_map_get(&v, SL_STR("lsn_commit"))->i, 10);
    pg_offset back;
    test_assert_ok(pg_offset_load(&v, &back));
    assert_string_equal(back.message, "INSERT");
    assert_int_equal(back.events, 2);
    assert_int_equal(pg_offset_start(&back), 20);
    assert_int_equal(pg_offset_confirmed(&back), 10);
    o = (pg_offset){.has_lsn = true, .lsn = 5, .snapshot = true};
    v = pg_offset_store(&o, &arena);
    test_assert_ok(pg_offset_load(&v, &back));
    assert_true(back.snapshot && !back.completed);
    assert_int_equal(pg_offset_confirmed(&back), 0); /* nothing of an unfinished snapshot is confirmed */
    sl_value wrong = sl_string(SL_STR("x"));
    test_assert_error(pg_offset_load(&wrong, &back), SL_E_DATA, "expected an object");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(dates_and_times, setup, teardown),
        cmocka_unit_test_setup_teardown(intervals, setup, teardown),
        cmocka_unit_test_setup_teardown(decimals, setup, teardown),
        cmocka_unit_test_setup_teardown(extensions, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_and_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(containers, setup, teardown),
        cmocka_unit_test_setup_teardown(catalog_types, setup, teardown),
        cmocka_unit_test_setup_teardown(unsent_values_have_placeholders, setup, teardown),
        cmocka_unit_test_setup_teardown(defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(offsets_are_debeziums, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
