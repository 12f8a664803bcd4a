/*
 * test_values.c - the converters of text, bytes and single numbers, and headers.
 */
#include "bed.h"

#define T(type) "{\"type\":\"" type "\"}"
#define REQ(type) "{\"type\":\"" type "\",\"optional\":false}"
#define OPT(type) "{\"type\":\"" type "\",\"optional\":true}"
#define D "org.apache.kafka.connect.data."
#define NAMED(type, name) "{\"type\":\"" type "\",\"name\":\"" D name "\",\"version\":1}"
#define NAMED_OUT(type, name)                                                                                \
    "{\"type\":\"" type "\",\"optional\":false,\"name\":\"" D name "\",\"version\":1}"
#define DECIMAL(scale)                                                                                       \
    "{\"type\":\"bytes\",\"name\":\"" D "Decimal\",\"version\":1,\"parameters\":{\"scale\":\"" scale "\"}}"
#define DECIMAL_OUT(scale)                                                                                   \
    "{\"type\":\"bytes\",\"optional\":false,\"name\":\"" D                                                   \
    "Decimal\",\"version\":1,\"parameters\":{\"scale\":\"" scale "\"}}"
#define ARRAY_OF(items) "{\"type\":\"array\",\"items\":" items ",\"optional\":false}"
#define MAP_OF(keys, values) "{\"type\":\"map\",\"keys\":" keys ",\"values\":" values ",\"optional\":false}"
#define STRUCT                                                                                               \
    "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":true,\"default\":3,\"field\":\"a\"}," \
    "{\"type\":\"string\",\"optional\":true,\"field\":\"b\"},{\"type\":\"bytes\",\"optional\":true,"         \
    "\"field\":\"c\"}]}"

/* ---- writing ---- */

typedef struct write_case {
    const char *schema, *value;
    const char *string, *simple; /* "!" and part of the error */
} write_case;

static const write_case WRITTEN[] = {
    {"-", "n", "(null)", "(null)"},
    {T("string"), "'a \"b\"'", "a \"b\"", "a \"b\""},
    {T("int8"), "i8:-1", "-1", "-1"},
    {T("double"), "D:1e7", "1.0E7", "1.0E7"},
    {T("float"), "F:0.1", "0.1", "0.1"},
    {T("boolean"), "b:0", "false", "false"},
    {T("bytes"), "x:00ff", "AP8=", "AP8="},
    {"-", "[ 'a' n i8:1 x:00 [ ] ]", "[a, null, 1, AA==, []]", "[\"a\",null,1,\"AA==\",[]]"},
    {"-", "{ 'k' 'v' i8:1 { } }", "{k=v, 1={}}", "{\"k\":\"v\",1:{}}"},
    {"-", "[ s:22615c62 ]", "[\"a\\b]", "[\"\\\"a\\\\b\"]"},
    {STRUCT, "( i32:1 'x' n )", "Struct{a=1,b=x}", "{\"a\":1,\"b\":\"x\",\"c\":null}"},
    {STRUCT, "( n n x:01 )", "Struct{c=AQ==}", "{\"a\":3,\"b\":null,\"c\":\"AQ==\"}"},
    {STRUCT, "( n n n )", "Struct{}", "{\"a\":3,\"b\":null,\"c\":null}"},
    {STRUCT, "( n )", "!without its schema", "!without its schema"},
    {"-", "( n )", "!without its schema", "!without its schema"},
    {DECIMAL("2"), "x:04d2", "12.34", "12.34"},
    {"{\"type\":\"bytes\",\"name\":\"" D "Decimal\"}", "x:04d2", "!parameter 'scale'", "!parameter 'scale'"},
    {NAMED("int32", "Date"), "i32:19723", "Mon Jan 01 00:00:00 UTC 2024", "2024-01-01"},
    {NAMED("int32", "Date"), "i32:0", "Thu Jan 01 00:00:00 UTC 1970", "1970-01-01"},
    {NAMED("int32", "Date"), "i32:-1", "Wed Dec 31 00:00:00 UTC 1969", "1969-12-31"},
    {NAMED("int32", "Date"), "i32:-141427", "Fri Oct 15 00:00:00 UTC 1582", "1582-10-15"},
    {NAMED("int32", "Date"), "i32:-141428", "Thu Oct 04 00:00:00 UTC 1582", "1582-10-04"},
    {NAMED("int32", "Date"), "i32:11016", "Tue Feb 29 00:00:00 UTC 2000", "2000-02-29"},
    {NAMED("int32", "Date"), "i32:2932896", "Fri Dec 31 00:00:00 UTC 9999", "9999-12-31"},
    {NAMED("int32", "Time"), "i32:45296789", "Thu Jan 01 12:34:56 UTC 1970", "12:34:56.789Z"},
    {NAMED("int64", "Timestamp"), "i64:1700000000123", "Tue Nov 14 22:13:20 UTC 2023",
     "2023-11-14T22:13:20.123Z"},
    {NAMED("int64", "Timestamp"), "i64:1700006400000", "Wed Nov 15 00:00:00 UTC 2023", "2023-11-15"},
    {NAMED("int64", "Timestamp"), "i64:-1", "Wed Dec 31 23:59:59 UTC 1969", "1969-12-31T23:59:59.999Z"},
    {NAMED("int64", "Timestamp"), "i64:-86400000", "Wed Dec 31 00:00:00 UTC 1969",
     "1969-12-31T00:00:00.000Z"},
    {"{\"type\":\"array\",\"items\":" NAMED("int32", "Date") "}", "[ i32:1 ]",
     "[Fri Jan 02 00:00:00 UTC 1970]", "[1970-01-02]"},
};

static const char *written(bed *b, const write_case *c) {
    bool is_null = false;
    char text[256];
    sl_value v = value_of(c->value, &b->arena);
    sl_error *err = bed_write(b, bed_schema(b, c->schema), &v, &is_null);
    if (err) {
        assert_int_equal(err->code, SL_E_DATA);
        sl_str s = sl_arena_printf(&b->arena, "!%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        return s.p;
    }
    return is_null ? "(null)" : sl_arena_str(&b->arena, sl_buf_view(&b->out)).p;
}

static void check_text(const char *what, const char *found, const char *want) {
    if (want[0] == '!' ? found[0] != '!' || !strstr(found, want + 1) : strcmp(found, want) != 0) {
        print_error("%s: found %s, expected %s\n", what, found, want);
        fail();
    }
}

static void test_written(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof WRITTEN / sizeof WRITTEN[0]; i++) {
        bed string, simple;
        bed_start(&string, i % 2, "string", "");
        bed_start(&simple, true, "simple", "");
        check_text(WRITTEN[i].value, written(&string, &WRITTEN[i]), WRITTEN[i].string);
        check_text(WRITTEN[i].value, written(&simple, &WRITTEN[i]), WRITTEN[i].simple);
        bed_stop(&string);
        bed_stop(&simple);
    }
}

static void test_depth(void **state) {
    (void)state;
    bed b;
    bool is_null;
    sl_value v = sl_null();
    bed_start(&b, true, "simple", "");
    for (int i = 0; i < 5000; i++) {
        sl_value outer = sl_value_alloc(&b.arena, SL_ARRAY, 1);
        outer.items[0] = v;
        v = outer;
    }
    test_assert_error(bed_write(&b, NULL, &v, &is_null), SL_E_DATA, "nested more than 1000 deep");
    bed_stop(&b);
    bed_start(&b, false, "string", "");
    v = sl_value_alloc(&b.arena, SL_MAP, 1);
    for (int i = 0; i < 5000; i++) {
        sl_value outer = sl_value_alloc(&b.arena, SL_MAP, 1);
        outer.items[1] = v;
        v = outer;
    }
    test_assert_error(bed_write(&b, NULL, &v, &is_null), SL_E_DATA, "nested more than 1000 deep");
    bed_stop(&b);
}

/* ---- reading headers ---- */

static const struct {
    const char *text, *want; /* NULL = stays text */
} HEADERS[] = {
    {"", NULL},
    {"  ", NULL},
    {"text", NULL},
    {"\"quoted\"", NULL},
    {"null", "- n"},
    {" null ", "- n"},
    {"true", REQ("boolean") " b:1"},
    {"True", NULL},
    {"127", REQ("int8") " i8:127"},
    {"+128", REQ("int16") " i16:128"},
    {" -32769 ", REQ("int32") " i32:-32769"},
    {"2147483648", REQ("int64") " i64:2147483648"},
    {"-9223372036854775808", REQ("int64") " i64:-9223372036854775808"},
    {"9223372036854775808", DECIMAL_OUT("0") " x:008000000000000000"},
    {"1.0", REQ("int8") " i8:1"},
    {"1e3", REQ("int16") " i16:1000"},
    {"1.5", REQ("float") " f32:3fc00000"},
    {"3.14", REQ("float") " f32:4048f5c3"},
    {"-.5", REQ("float") " f32:bf000000"},
    {"3.14159265358979", REQ("double") " f64:400921fb54442d11"},
    {"1e30", REQ("float") " f32:7149f2ca"},
    {"1e300", REQ("double") " f64:7e37e43c8800759c"},
    {"1e400", DECIMAL_OUT("-400") " x:01"},
    {"0.12345678901234567890", DECIMAL_OUT("20") " x:00ab54a98ceb1f0ad2"},
    {"1e100000", DECIMAL_OUT("-100000") " x:01"},
    {"1e9999999999", NULL},
    {".5", NULL},
    {"1,5", NULL},
    {"1e", NULL},
    {"12a", NULL},
    {"0x10", NULL},
    {"NaN", NULL},
    {"2024-01-01", NAMED_OUT("int32", "Date") " i32:19723"},
    {"1582-10-04", NAMED_OUT("int32", "Date") " i32:-141428"},
    {"1582-10-10", NULL},
    {"2023-02-29", NULL},
    {"2024-02-29", NAMED_OUT("int32", "Date") " i32:19782"},
    {"1900-02-29", NULL},
    {"2024-13-01", NULL},
    {"12-25-2024", NULL},
    {"0000-01-01", NULL},
    {"12:34:56.789Z", NAMED_OUT("int32", "Time") " i32:45296789"},
    {"12\\:34\\:56.789Z", NAMED_OUT("int32", "Time") " i32:45296789"},
    {"24:00:00.000Z", NULL},
    {"12:34:56.789+0100", NULL},
    {"2023-11-14T22:13:20.123Z", NAMED_OUT("int64", "Timestamp") " i64:1700000000123"},
    {"2023-11-14T22:13:20Z", NULL},
    {"[]", "- [ ]"},
    {"[1,2]", ARRAY_OF(REQ("int8")) " [ i8:1 i8:2 ]"},
    {" [ 1 , 300 ] ", ARRAY_OF(REQ("int16")) " [ i16:1 i16:300 ]"},
    {"[300,1]", ARRAY_OF(REQ("int16")) " [ i16:300 i16:1 ]"},
    {"[1,2.5]", ARRAY_OF(REQ("float")) " [ f32:3f800000 f32:40200000 ]"},
    {"[2.5,1,1e300]",
     ARRAY_OF(REQ("double")) " [ f64:4004000000000000 f64:3ff0000000000000 f64:7e37e43c8800759c ]"},
    {"[1,]", ARRAY_OF(REQ("int8")) " [ i8:1 ]"},
    {"[,1]", NULL},
    {"[1 2]", NULL},
    {"[1", NULL},
    {"[1]]", NULL},
    {"[1] x", NULL},
    {"[a]", NULL},
    {"[null]", "- [ n ]"},
    {"[1,null]", NULL},
    {"[1,\"a\"]", "- [ i8:1 s:61 ]"},
    {"[1,\"a\",null]", "- [ i8:1 s:61 n ]"},
    {"[\"a\\\"b\\\\c\\d\"]", ARRAY_OF(REQ("string")) " [ s:6122625c635c64 ]"},
    {"[\"a", NULL},
    {"[\"a\\\"]", NULL},
    {"[\"2024-01-01\",2024-01-02]", ARRAY_OF(NAMED_OUT("int32", "Date")) " [ i32:19723 i32:19724 ]"},
    {"[2024-01-01,1]", NULL},
    {"[12:34:56.789Z,\"12\\:34\\:56.789Z\"]",
     ARRAY_OF(NAMED_OUT("int32", "Time")) " [ i32:45296789 i32:45296789 ]"},
    {"[[1],[2]]", ARRAY_OF(ARRAY_OF(REQ("int8"))) " [ [ i8:1 ] [ i8:2 ] ]"},
    {"[[1],[]]", "- [ [ i8:1 ] [ ] ]"},
    {"{}", "- { }"},
    {"{\"a\":1,\"b\":200}", MAP_OF(REQ("string"), REQ("int16")) " { s:61 i16:1 s:62 i16:200 }"},
    {"{1:\"x\",300:\"y\"}", MAP_OF(REQ("int16"), REQ("string")) " { i16:1 s:78 i16:300 s:79 }"},
    {"{\"a\":1,\"a\":2}", MAP_OF(REQ("string"), REQ("int8")) " { s:61 i8:2 }"},
    {"{\"a\":null}", "- { s:61 n }"},
    {"{\"a\":1,\"b\":null}", NULL},
    {"{null:1}", NULL},
    {"{a:1}", NULL},
    {"{\"a\" 1}", NULL},
    {"{\"a\":}", NULL},
    {"{\"a\":1", NULL},
    {"{\"t\":12:34:56.789Z}", MAP_OF(REQ("string"), NAMED_OUT("int32", "Time")) " { s:74 i32:45296789 }"},
    {"{\"a\":{\"b\":[true]}}",
     MAP_OF(REQ("string"), MAP_OF(REQ("string"), ARRAY_OF(REQ("boolean")))) " { s:61 { s:62 [ b:1 ] } }"},
};

static const char *read_header(bed *b, sl_str text, unsigned fail_alloc) {
    const sl_schema *s;
    sl_value v;
    char words[256];
    (void)test_fail_alloc(fail_alloc);
    sl_error *err = bed_read(b, text, &s, &v);
    if (fail_alloc && test_fail_alloc(0) >= fail_alloc) {
        sl_error_free(err);
        return NULL;
    }
    if (err) {
        print_error("%s\n", sl_error_text(err, words, sizeof words));
        sl_error_free(err);
        fail();
    }
    if (s && v.type != SL_NULL) {
        test_assert_ok(sl_value_check(s, &v));
    }
    return bed_dump(b, s, &v).p;
}

static void test_headers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        bed b;
        const char *found = NULL;
        sl_str text = sl_str_of(HEADERS[i].text);
        bed_start(&b, true, "simple", "");
        for (unsigned n = 1; !found; n++) {
            assert_true(n < 300);
            sl_batch *fresh = sl__batch_new(test_host());
            sl__batch_free(b.batch);
            b.batch = fresh;
            b.batch->arena.chunk_size = 1;
            found = read_header(&b, text, n);
        }
        sl_buf_clear(&b.out);
        sl_buf_add_z(&b.out, REQ("string") " s:");
        add_hex(&b.out, text);
        sl_str same = sl_arena_str(&b.arena, sl_buf_view(&b.out));
        check_text(HEADERS[i].text, found, HEADERS[i].want ? HEADERS[i].want : same.p);
        bed_stop(&b);
    }
}

static void test_odd_headers(void **state) {
    (void)state;
    bed b;
    const sl_schema *s;
    sl_value v;
    bed_start(&b, true, "simple", "");
    assert_string_equal(read_header(&b, SL_STR_NONE, 0), "- n");
    assert_string_equal(read_header(&b, SL_STR("\xff\x00"), 0), REQ("bytes") " x:ff00");
    assert_string_equal(read_header(&b, SL_STR("a\0b"), 0), REQ("string") " s:610062");
    assert_string_equal(read_header(&b, SL_STR("[\0]"), 0), "- [ ]"); /* a blank, as in Java */
    char deep[300];
    memset(deep, '[', 150);
    memset(deep + 150, ']', 150);
    test_assert_ok(bed_read(&b, sl_str_make(deep, 300), &s, &v));
    assert_int_equal(v.type, SL_STRING);
    test_assert_ok(bed_read(&b, sl_str_make(deep + 60, 180), &s, &v));
    assert_int_equal(v.type, SL_ARRAY);
    size_t n = 1 << 20; /* a megabyte of brackets takes no time and no stack */
    char *long_text = malloc(n);
    memset(long_text, '[', n);
    test_assert_ok(bed_read(&b, sl_str_make(long_text, n), &s, &v));
    assert_int_equal(v.type, SL_STRING);
    for (size_t i = 0; i + 4 <= n; i += 4) {
        memcpy(long_text + i, i ? "\"a\"," : "[   ", 4);
    }
    long_text[n - 1] = ']';
    size_t before = sl__batch_bytes(b.batch);
    test_assert_ok(bed_read(&b, sl_str_make(long_text, n), &s, &v));
    assert_int_equal(v.type, SL_ARRAY);
    assert_int_equal(v.n, n / 4 - 1);
    assert_true(sl__batch_bytes(b.batch) - before < 32 * n);
    free(long_text);
    bed_stop(&b);
}

/* what a header says is written again as it was */
static void test_header_round_trip(void **state) {
    static const char *const texts[] = {"null",
                                        "true",
                                        "12",
                                        "1.5",
                                        "3.14159265358979",
                                        "2024-01-01",
                                        "12:34:56.789Z",
                                        "1969-12-31T23:59:59.999Z",
                                        "[1,2,3]",
                                        "[\"a\\\"b\",\"c\"]",
                                        "{\"a\":[1],\"b\":[2]}",
                                        "99999999999999999999",
                                        "text",
                                        "[1,\"x\",true]",
                                        "0.12345678901234567890"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        bed b;
        const sl_schema *s;
        sl_value v;
        bool is_null;
        bed_start(&b, true, "simple", "");
        test_assert_ok(bed_read(&b, sl_str_of(texts[i]), &s, &v));
        test_assert_ok(bed_write(&b, s, &v, &is_null));
        assert_int_equal(is_null, i == 0);
        if (!is_null) {
            test_assert_str(sl_buf_view(&b.out), texts[i]);
        }
        bed_stop(&b);
    }
}

/* ---- text, bytes, numbers ---- */

static const struct {
    const char *name, *schema, *value, *hex; /* what is written; "!" and part of the error */
} BYTES[] = {
    {"short", T("int16"), "i16:-2", "fffe"},
    {"integer", T("int32"), "i32:258", "00000102"},
    {"long", T("int64"), "i64:-3", "fffffffffffffffd"},
    {"float", T("float"), "F:1.5", "3fc00000"},
    {"double", T("double"), "D:-2.25", "c002000000000000"},
    {"boolean", T("boolean"), "b:1", "01"},
    {"boolean", T("boolean"), "b:0", "00"},
    {"byte-array", T("bytes"), "x:00ff", "00ff"},
    {"byte-array", T("bytes"), "x:", ""},
    {"string", T("string"), "'abc'", "616263"},
    {"short", "-", "i32:1", "!expected INT16, got INT32"},
    {"integer", T("string"), "'a'", "!expected INT32, got STRING"},
    {"boolean", T("int8"), "i8:1", "!expected BOOLEAN"},
    {"byte-array", T("string"), "'a'", "!expected a schema of type BYTES, got STRING"},
    {"byte-array", "-", "'a'", "!expected bytes, got STRING"},
};

static void test_single_values(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof BYTES / sizeof BYTES[0]; i++) {
        bed b;
        char text[256];
        bool is_null;
        bed_start(&b, i % 2, BYTES[i].name, "");
        sl_value v = value_of(BYTES[i].value, &b.arena), null = sl_null(), again;
        const sl_schema *s;
        sl_error *err = bed_write(&b, bed_schema(&b, BYTES[i].schema), &v, &is_null);
        if (BYTES[i].hex[0] == '!') {
            assert_non_null(err);
            test_assert_contains(sl_error_text(err, text, sizeof text), BYTES[i].hex + 1);
            assert_int_equal(err->code, SL_E_DATA);
            sl_error_free(err);
        } else {
            test_assert_ok(err);
            assert_true(sl_str_eq(sl_buf_view(&b.out), unhex(&b.arena, sl_str_of(BYTES[i].hex))));
            sl_str bytes = sl_arena_str(&b.arena, b.out.p ? sl_buf_view(&b.out) : SL_STR(""));
            test_assert_ok(bed_read(&b, bytes, &s, &again));
            assert_true(sl_value_eq(&v, &again));
            assert_true(s->optional && s->type == v.type);
        }
        test_assert_ok(bed_write(&b, NULL, &null, &is_null));
        assert_true(is_null);
        test_assert_ok(bed_read(&b, SL_STR_NONE, &s, &again));
        assert_int_equal(again.type, SL_NULL);
        bed_stop(&b);
    }
}

static void test_bad_bytes(void **state) {
    static const struct {
        const char *name;
        sl_str bytes;
        const char *error;
    } cases[] = {
        {"short", SL_STR_INIT("a"), "expected 2 bytes for INT16, got 1"},
        {"integer", SL_STR_INIT("abcde"), "expected 4 bytes for INT32, got 5"},
        {"long", SL_STR_INIT(""), "expected 8 bytes for INT64, got 0"},
        {"float", SL_STR_INIT("abc"), "expected 4 bytes for FLOAT32, got 3"},
        {"double", SL_STR_INIT("abcd"), "expected 8 bytes for FLOAT64, got 4"},
        {"boolean", SL_STR_INIT("\x02"), "0 or 1 for BOOLEAN"},
        {"boolean", SL_STR_INIT("\x01\x01"), "expected 1 bytes for BOOLEAN"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bed b;
        const sl_schema *s;
        sl_value v;
        bed_start(&b, false, cases[i].name, "");
        test_assert_error(bed_read(&b, cases[i].bytes, &s, &v), SL_E_DATA, cases[i].error);
        bed_stop(&b);
    }
}

static void test_text(void **state) {
    (void)state;
    bed b;
    const sl_schema *s;
    sl_value v;
    bed_start(&b, false, "string", "converter.encoding=utf8");
    test_assert_ok(bed_read(&b, SL_STR(""), &s, &v));
    assert_true(v.type == SL_STRING && v.n == 0);
    test_assert_ok(bed_read(&b,
                            SL_STR("a\xff"
                                   "b"),
                            &s, &v));
    test_assert_str(sl_value_str(&v), "a\xef\xbf\xbd"
                                      "b");
    b.batch->arena.end = b.batch->arena.cur;
    (void)test_fail_alloc(1);
    sl_error *err = bed_read(&b,
                             SL_STR("a\xff"
                                    "b"),
                             &s, &v);
    (void)test_fail_alloc(0);
    assert_true(err && err->code == SL_E_NOMEM);
    sl_error_free(err);
    bed_stop(&b);
    test_assert_error(bed_init(&b, SL_KIND_CONVERTER, "string", "converter.encoding=UTF-16"), SL_E_CONFIG,
                      "converter.encoding");
    bed_deinit(&b);
}

static void test_open_without_memory(void **state) {
    static const char *const names[] = {"json", "string", "byte-array", "short", "boolean"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (unsigned n = 1; n < 8; n++) {
            bed b;
            test_assert_ok(bed_init(&b, SL_KIND_CONVERTER, names[i], ""));
            (void)test_fail_alloc(n);
            sl_error *err = bed_open(&b);
            (void)test_fail_alloc(0);
            if (!err) {
                b.def->converter->close(b.state);
            }
            sl_error_free(err);
            bed_deinit(&b);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_odd_headers),
        cmocka_unit_test(test_header_round_trip),
        cmocka_unit_test(test_single_values),
        cmocka_unit_test(test_bad_bytes),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_open_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
