/*
 * test_json.c - the JSON converter: what is written and read, with every setting; bad input; caches; memory.
 */
#include "bed.h"

#define ON "schemas.enable=true"
#define OFF "schemas.enable=false"
#define NUMERIC ";decimal.format=NUMERIC"
#define KEEP_NULL ";replace.null.with.default=false"
#define T(type) "{\"type\":\"" type "\"}"
#define O(type) "{\"type\":\"" type "\",\"optional\":true}"
#define D "org.apache.kafka.connect.data."
#define DECIMAL(scale)                                                                                       \
    "{\"type\":\"bytes\",\"name\":\"" D "Decimal\",\"version\":1,\"parameters\":{\"scale\":\"" scale "\"}}"
#define PAIR                                                                                                 \
    "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":true,\"field\":\"a\"},"               \
    "{\"type\":\"string\",\"optional\":true,\"default\":\"d\",\"field\":\"b\"}],\"name\":\"p\"}"

typedef struct json_case {
    const char *conf, *schema, *value;
    const char *want; /* "!" and part of the error */
} json_case;

static const json_case WRITTEN[] = {
    {OFF, T("int8"), "i8:-128", "-128"},
    {OFF, T("int64"), "i64:-9223372036854775808", "-9223372036854775808"},
    {OFF, T("float"), "F:1.1", "1.1"},
    {OFF, T("double"), "D:-0", "-0.0"},
    {OFF, T("double"), "f64:7ff8000000000000", "\"NaN\""},
    {OFF, T("float"), "f32:ff800000", "\"-Infinity\""},
    {OFF, T("boolean"), "b:1", "true"},
    {OFF, T("string"), "s:610a1f22f09f9880", "\"a\\n\\u001F\\\"\\uD83D\\uDE00\""},
    {OFF, T("bytes"), "x:00ff", "\"AP8=\""},
    {OFF, T("bytes"), "x:", "\"\""},
    {OFF, DECIMAL("2"), "x:04d2", "\"BNI=\""},
    {OFF, DECIMAL("2"), "x:000004d2", "\"BNI=\""},
    {OFF, DECIMAL("2"), "x:", "\"AA==\""},
    {OFF NUMERIC, DECIMAL("2"), "x:04d2", "12.34"},
    {OFF NUMERIC, DECIMAL("-2"), "x:04d2", "1.234E+5"},
    {OFF NUMERIC, "{\"type\":\"bytes\",\"name\":\"" D "Decimal\"}", "x:04d2", "!parameter 'scale'"},
    {OFF, "{\"type\":\"int64\",\"name\":\"" D "Timestamp\",\"version\":1}", "i64:5", "5"},
    {OFF, "{\"type\":\"array\",\"items\":" O("int8") "}", "[ i8:1 n ]", "[1,null]"},
    {OFF, "{\"type\":\"map\",\"keys\":" T("string") ",\"values\":" O("int8") "}", "{ 'k' i8:1 'l' n }",
     "{\"k\":1,\"l\":null}"},
    {OFF, "{\"type\":\"map\",\"keys\":" T("int8") ",\"values\":" T("string") "}", "{ i8:1 'a' }",
     "[[1,\"a\"]]"},
    {OFF, "{\"type\":\"map\",\"keys\":" O("string") ",\"values\":" T("int8") "}", "{ n i8:1 }",
     "{\"null\":1}"},
    {OFF, "{\"type\":\"map\",\"keys\":" T("string") ",\"values\":" T("int8") "}", "{ n i8:1 }",
     "!null for a required"},
    {OFF, "{\"type\":\"map\",\"keys\":{\"type\":\"string\",\"default\":\"x\"},\"values\":" T("int8") "}",
     "{ n i8:1 }", "{\"x\":1}"},
    {OFF, "{\"type\":\"map\",\"keys\":" T("string") ",\"values\":" T("int8") "}", "{ i8:1 i8:1 }",
     "!a key of type INT8"},
    {OFF, PAIR, "( i32:1 'x' )", "{\"a\":1,\"b\":\"x\"}"},
    {OFF, PAIR, "( n n )", "{\"a\":null,\"b\":\"d\"}"},
    {OFF KEEP_NULL, PAIR, "( n n )", "{\"a\":null,\"b\":null}"},
    {OFF, PAIR, "( i32:1 )", "!another number of fields"},
    {OFF, PAIR, "( 'x' n )", "!field 'a': a STRING where the schema says INT32"},
    {OFF, "{\"type\":\"struct\",\"fields\":[]}", "( )", "{}"},
    {OFF, T("int32"), "n", "!null for a required value"},
    {OFF, O("int32"), "n", "null"},
    {OFF, "{\"type\":\"int32\",\"default\":7}", "n", "7"},
    {OFF KEEP_NULL, "{\"type\":\"int32\",\"default\":7}", "n", "!null for a required value"},
    {OFF, T("int32"), "i64:5", "!a INT64 where the schema says INT32"},
    {OFF, "-", "{ 'a' [ i8:1 n ] 'b' { i8:1 b:0 } }", "{\"a\":[1,null],\"b\":[[1,false]]}"},
    {OFF, "-", "( i8:1 )", "!a struct without a schema"},
    {OFF, "-", "n", "(null)"},
    {ON, "-", "n", "(null)"},
    {ON, "-", "i8:5", "{\"schema\":null,\"payload\":5}"},
    {ON, O("string"), "n", "{\"schema\":{\"type\":\"string\",\"optional\":true},\"payload\":null}"},
    {ON, PAIR, "( n 'x' )",
     "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":true,\"field\":\"a\"},{"
     "\"type\":\"string\",\"optional\":true,"
     "\"default\":\"d\",\"field\":\"b\"}],\"optional\":false,\"name\":\"p\"},\"payload\":{\"a\":null,\"b\":"
     "\"x\"}}"},
    {ON,
     "{\"type\":\"map\",\"keys\":" T("string") ",\"values\":{\"type\":\"array\",\"items\":" T(
         "float") "},\"doc\":\"a\\nb\",\"parameters\":{\"p\":\"q\"},\"version\":-1}",
     "{ }",
     "{\"schema\":{\"type\":\"map\",\"keys\":{\"type\":\"string\",\"optional\":false},\"values\":{\"type\":"
     "\"array\",\"items\":{\"type\":\"float\",\"optional\":false},"
     "\"optional\":false},\"optional\":false,\"version\":-1,\"doc\":\"a\\nb\",\"parameters\":{\"p\":\"q\"}},"
     "\"payload\":{}}"},
};

/* write_with gives what a converter writes, "(null)", or "!" and the error; NULL = an allocation was made to
 * fail. */
static const char *write_with(bed *b, const sl_schema *s, const sl_value *v, unsigned fail_alloc) {
    char text[512];
    bool is_null = false;
    (void)test_fail_alloc(fail_alloc);
    sl_error *err = bed_write(b, s, v, &is_null);
    if (fail_alloc && test_fail_alloc(0) >= fail_alloc) {
        sl_error_free(err);
        return NULL;
    }
    sl_str out = is_null ? SL_STR("(null)") : sl_buf_view(&b->out);
    if (err) {
        assert_int_equal(err->cls, SL_USER);
        out = sl_arena_printf(&b->arena, "!%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
    }
    return sl_arena_str(&b->arena, out).p;
}

static void check_same(const json_case *c, const char *found) {
    assert_non_null(found);
    if (c->want[0] == '!' ? found[0] != '!' || !strstr(found, c->want + 1) : strcmp(found, c->want) != 0) {
        print_error("settings %s\nschema   %s\nvalue    %s\nfound    %s\nwant     %s\n", c->conf, c->schema,
                    c->value, found, c->want);
        fail();
    }
}

static void test_written(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof WRITTEN / sizeof WRITTEN[0]; i++) {
        const json_case *c = &WRITTEN[i];
        for (int header = 0; header < 2; header++) {
            bed b;
            bed_start(&b, header, "json", c->conf);
            const sl_schema *s = bed_schema(&b, c->schema);
            sl_value v = value_of(c->value, &b.arena);
            const char *found = NULL;
            for (unsigned n = 1; !found; n++) { /* every allocation fails once; then none does */
                assert_true(n < 200);
                found = write_with(&b, s, &v, n);
                sl_buf_deinit(&b.out);
            }
            check_same(c, found);
            check_same(c, write_with(&b, s, &v, 0));
            bed_stop(&b);
        }
    }
}

static const json_case READ[] = {
    /* settings, bytes, (unused), "schema value" */
    {OFF, "", "", "- n"},
    {OFF, " \n", "", "- n"},
    {OFF, "null", "", "- n"},
    {OFF, "true", "", "- b:1"},
    {OFF, "-0", "", "- i64:0"},
    {OFF, "007", "", "- i64:7"},
    {OFF, "9223372036854775807", "", "- i64:9223372036854775807"},
    {OFF, "9223372036854775808", "", "- i64:-9223372036854775808"},
    {OFF, "1.5", "", "- f64:3ff8000000000000"},
    {OFF, "1e999", "", "- f64:7ff0000000000000"},
    {OFF, "\"a\\u00e4\\ud83d\\ude00\\ud800\\/\"", "", "- s:61c3a4f09f98803f2f"},
    {OFF, "\xef\xbb\xbf[ 1 , {} ]", "", "- [ i64:1 { } ]"},
    {OFF, "{\"a\":1,\"b\":2,\"a\":3}", "", "- { s:61 i64:3 s:62 i64:2 }"},
    {OFF, "1 2", "", "!expected the end"},
    {OFF, "[1", "", "!the JSON ends at byte 2 where ',' or ']' was expected"},
    {OFF, "[1,", "", "!the JSON ends at byte 3"},
    {OFF, "{\"a\"", "", "!expected"},
    {OFF, "{\"a\":1,}", "", "!bad JSON at byte 7: expected a string"},
    {OFF, "{a:1}", "", "!bad JSON at byte 1: expected a string"},
    {OFF, "nul", "", "!expected a value"},
    {OFF, "NaN", "", "!expected a value"},
    {OFF, "+1", "", "!expected a value"},
    {OFF, "-", "", "!a digit was expected"},
    {OFF, "1.", "", "!a digit was expected"},
    {OFF, "1e+", "", "!a digit was expected"},
    {OFF, "\"a\nb\"", "", "!no unescaped control character"},
    {OFF, "\"a\\n\x01\"", "", "!no unescaped control character"},
    {OFF, "\"a", "", "!the JSON ends"},
    {OFF, "\"a\\", "", "!the JSON ends"},
    {OFF, "\"\\q\"", "", "!one of the escapes"},
    {OFF, "\"\\u12\"", "", "!one of the escapes"},
    {OFF, "\"\xff\"", "", "!not valid UTF-8"},
    {OFF, "\"\xed\xa0\x80\"", "", "!not valid UTF-8"},
    {ON, "1", "", "!exactly \"schema\" and \"payload\""},
    {ON, "", "", "!exactly \"schema\" and \"payload\""},
    {ON, "{}", "", "!exactly \"schema\" and \"payload\""},
    {ON, "{\"schema\":null}", "", "!exactly \"schema\" and \"payload\""},
    {ON, "{\"schema\":null,\"payload\":1,\"x\":1}", "", "!exactly \"schema\" and \"payload\""},
    {ON, "{\"schema\":null,\"payload\":[1,1.5,99999999999999999999]}", "",
     "- [ i64:1 f64:3ff8000000000000 i64:7766279631452241919 ]"},
    {ON, "{\"payload\":1,\"schema\":" T("int8") "}", "", "{\"type\":\"int8\",\"optional\":false} i8:1"},
    {ON, "{\"schema\":" T("int8") ",\"schema\":null,\"payload\":300}", "", "- i64:300"},
    {ON, "{\"schema\":" T("int8") ",\"payload\":300}", "", "!a number is no integer of type INT8"},
    {ON, "{\"schema\":" T("int8") ",\"payload\":1.5}", "", "!a number is no integer of type INT8"},
    {ON, "{\"schema\":" T("int16") ",\"payload\":-32768.0}", "",
     "{\"type\":\"int16\",\"optional\":false} i16:-32768"},
    {ON, "{\"schema\":" T("int8") ",\"payload\":\"1\"}", "",
     "!expected an integer for a value of type INT8, got STRING"},
    {ON, "{\"schema\":" T("int8") ",\"payload\":null}", "", "!null for a required value of type INT8"},
    {ON, "{\"schema\":" T("float") ",\"payload\":16777217}", "",
     "{\"type\":\"float\",\"optional\":false} f32:4b800000"},
    {ON, "{\"schema\":" T("double") ",\"payload\":\"-Infinity\"}", "",
     "{\"type\":\"double\",\"optional\":false} f64:fff0000000000000"},
    {ON, "{\"schema\":" T("double") ",\"payload\":\"1\"}", "", "!expected a number"},
    {ON, "{\"schema\":" T("boolean") ",\"payload\":1}", "", "!expected true or false"},
    {ON, "{\"schema\":" T("string") ",\"payload\":1}", "", "!expected a string"},
    {ON, "{\"schema\":" T("bytes") ",\"payload\":\"AP8=\"}", "",
     "{\"type\":\"bytes\",\"optional\":false} x:00ff"},
    {ON, "{\"schema\":" T("bytes") ",\"payload\":\"A\"}", "", "!expected base64 text"},
    {ON, "{\"schema\":" T("bytes") ",\"payload\":1}", "", "!expected base64 text"},
    {ON, "{\"schema\":" DECIMAL("2") ",\"payload\":12.340}", "",
     "{\"type\":\"bytes\",\"optional\":false,\"name\":\"" D
     "Decimal\",\"version\":1,\"parameters\":{\"scale\":\"2\"}} x:04d2"},
    {ON, "{\"schema\":" DECIMAL("2") ",\"payload\":12}", "",
     "{\"type\":\"bytes\",\"optional\":false,\"name\":\"" D
     "Decimal\",\"version\":1,\"parameters\":{\"scale\":\"2\"}} x:04b0"},
    {ON, "{\"schema\":" DECIMAL("2") ",\"payload\":\"AAAE0g==\"}", "",
     "{\"type\":\"bytes\",\"optional\":false,\"name\":\"" D
     "Decimal\",\"version\":1,\"parameters\":{\"scale\":\"2\"}} x:04d2"},
    {ON, "{\"schema\":" DECIMAL("2") ",\"payload\":12.345}", "", "!scale 2 without losing digits"},
    {ON, "{\"schema\":" DECIMAL("2") ",\"payload\":\"\"}", "", "!expected base64 text"},
    {ON, "{\"schema\":" DECIMAL("2") ",\"payload\":true}", "", "!base64 text or a number"},
    {ON, "{\"schema\":" DECIMAL("x") ",\"payload\":1}", "", "!parameter 'scale'"},
    {ON, "{\"schema\":{\"type\":\"array\",\"items\":" O("int8") "},\"payload\":[1,null]}", "",
     "{\"type\":\"array\",\"items\":{\"type\":\"int8\",\"optional\":true},\"optional\":false} [ i8:1 n ]"},
    {ON, "{\"schema\":{\"type\":\"array\",\"items\":" T("int8") "},\"payload\":{}}", "",
     "!expected an array"},
    {ON,
     "{\"schema\":{\"type\":\"map\",\"keys\":" T("int8") ",\"values\":" T(
         "int8") "},\"payload\":[[1,2],[3]]}",
     "", "!expected an array of [key, value]"},
    {ON, "{\"schema\":{\"type\":\"map\",\"keys\":" T("int8") ",\"values\":" T("int8") "},\"payload\":{}}", "",
     "!expected an array of [key, value]"},
    {ON, "{\"schema\":{\"type\":\"map\",\"keys\":" T("string") ",\"values\":" T("int8") "},\"payload\":[]}",
     "", "!expected an object"},
    {ON, "{\"schema\":" PAIR ",\"payload\":{\"c\":1,\"b\":null,\"a\":2}}", "",
     "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":true,\"field\":\"a\"},{\"type\":"
     "\"string\",\"optional\":true,\"default\":\"d\",\"field\":\"b\"}],"
     "\"optional\":false,\"name\":\"p\"} ( i32:2 s:64 )"},
    {ON KEEP_NULL, "{\"schema\":" PAIR ",\"payload\":{}}", "",
     "{\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":true,\"field\":\"a\"},{\"type\":"
     "\"string\",\"optional\":true,\"default\":\"d\",\"field\":\"b\"}],"
     "\"optional\":false,\"name\":\"p\"} ( n n )"},
    {ON, "{\"schema\":" PAIR ",\"payload\":{\"a\":\"x\"}}", "", "!field 'a': expected an integer"},
    {ON, "{\"schema\":" PAIR ",\"payload\":[]}", "",
     "!expected an object for a value of type STRUCT and name p, got ARRAY"},
    {ON,
     "{\"schema\":{\"type\":\"array\",\"items\":" T(
         "int8") ",\"default\":[1,2],\"optional\":true},\"payload\":null}",
     "",
     "{\"type\":\"array\",\"items\":{\"type\":\"int8\",\"optional\":false},\"optional\":true,\"default\":[1,"
     "2]} [ i8:1 i8:2 ]"},
    {ON, "{\"schema\":[],\"payload\":1}", "", "!bad \"schema\": expected an object"},
    {ON, "{\"schema\":{},\"payload\":1}", "", "!\"type\" must be one of"},
    {ON, "{\"schema\":{\"type\":\"int33\"},\"payload\":1}", "", "!\"type\" must be one of"},
    {ON, "{\"schema\":{\"type\":\"array\"},\"payload\":1}", "", "!\"items\" is missing"},
    {ON, "{\"schema\":{\"type\":\"map\",\"keys\":" T("int8") "},\"payload\":1}", "",
     "!\"values\" is missing"},
    {ON, "{\"schema\":{\"type\":\"struct\"},\"payload\":1}", "", "!needs an array \"fields\""},
    {ON, "{\"schema\":{\"type\":\"struct\",\"fields\":[" T("int8") "]},\"payload\":1}", "",
     "!needs a text \"field\""},
    {ON,
     "{\"schema\":{\"type\":\"struct\",\"fields\":[{\"type\":\"int8\",\"field\":\"a\"},{\"type\":\"int8\","
     "\"field\":\"a\"}]},\"payload\":1}",
     "", "!the field 'a' is there twice"},
    {ON, "{\"schema\":{\"type\":\"int8\",\"version\":\"1\"},\"payload\":1}", "",
     "!\"version\" must be an integer"},
    {ON, "{\"schema\":{\"type\":\"int8\",\"parameters\":[]},\"payload\":1}", "",
     "!\"parameters\" must be an object"},
    {ON, "{\"schema\":{\"type\":\"int8\",\"parameters\":{\"a\":1}},\"payload\":1}", "",
     "!the values of \"parameters\" must be text"},
    {ON, "{\"schema\":{\"type\":\"int8\",\"default\":\"x\"},\"payload\":1}", "",
     "!bad \"schema\": \"default\""},
};

/* read_with gives "schema value", or "!" and the error; NULL = an allocation was made to fail. */
static const char *read_with(bed *b, sl_str bytes, unsigned fail_alloc) {
    char text[512];
    const sl_schema *s;
    sl_value v;
    (void)test_fail_alloc(fail_alloc);
    sl_error *err = bed_read(b, bytes, &s, &v);
    if (fail_alloc && test_fail_alloc(0) >= fail_alloc) {
        sl_error_free(err);
        return NULL;
    }
    if (err) {
        assert_int_equal(err->cls, SL_USER);
        assert_int_equal(err->code, SL_E_DATA);
        sl_str out = sl_arena_printf(&b->arena, "!%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        return out.p;
    }
    if (s && v.type != SL_NULL) {
        test_assert_ok(sl_value_check(s, &v));
    }
    return bed_dump(b, s, &v).p;
}

static void test_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof READ / sizeof READ[0]; i++) {
        json_case c = READ[i];
        bed b;
        bed_start(&b, false, "json", c.conf);
        const char *found = NULL;
        for (unsigned n = 1; !found; n++) {
            assert_true(n < 300);
            sl_batch *fresh = sl__batch_new(test_host());
            sl__batch_free(b.batch);
            b.batch = fresh;
            b.batch->arena.chunk_size = 1; /* what is taken from it is an allocation that can fail */
            found = read_with(&b, sl_str_of(c.schema), n);
        }
        check_same(&c, found);
        check_same(&c, read_with(&b, sl_str_of(c.schema), 0)); /* from the caches */
        bed_stop(&b);
    }
}

static void test_null_is_null(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        bed b;
        bed_start(&b, i, "json", i ? ON : OFF);
        assert_string_equal(read_with(&b, SL_STR_NONE, 0), "- n");
        bed_stop(&b);
    }
}

static char *nested(size_t depth) {
    char *text = malloc(2 * depth + 1);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void test_depth(void **state) {
    (void)state;
    bed b;
    bed_start(&b, false, "json", OFF);
    char *deep = nested(1000), *deeper = nested(1001), *deepest = nested(1000000);
    const sl_schema *s;
    sl_value v;
    bool is_null;
    test_assert_ok(bed_read(&b, sl_str_of(deep), &s, &v));
    test_assert_ok(bed_write(&b, NULL, &v, &is_null));
    test_assert_str(sl_buf_view(&b.out), deep);
    sl_value outer = sl_value_alloc(&b.arena, SL_ARRAY, 1);
    outer.items[0] = v;
    test_assert_error(bed_write(&b, NULL, &outer, &is_null), SL_E_DATA, "nested more than 1000 deep");
    test_assert_error(bed_read(&b, sl_str_of(deeper), &s, &v), SL_E_DATA, "nested more than 1000 deep");
    test_assert_error(bed_read(&b, sl_str_of(deepest), &s, &v), SL_E_DATA, "nested more than 1000 deep");
    free(deep);
    free(deeper);
    free(deepest);
    bed_stop(&b);
}

static void test_deep_schema(void **state) {
    (void)state;
    bed b;
    sl_buf text;
    const sl_schema *s;
    sl_value v;
    bed_start(&b, false, "json", ON);
    sl_buf_init(&text, NULL);
    sl_buf_add_z(&text, "{\"schema\":");
    for (int i = 0; i < 150; i++) {
        sl_buf_add_z(&text, "{\"type\":\"array\",\"items\":");
    }
    sl_buf_add_z(&text, T("int8"));
    for (int i = 0; i < 150; i++) {
        sl_buf_add_char(&text, '}');
    }
    sl_buf_add_z(&text, ",\"payload\":[]}");
    test_assert_error(bed_read(&b, sl_buf_view(&text), &s, &v), SL_E_DATA, "nested too deep");
    sl_buf_deinit(&text);
    bed_stop(&b);
}

/* objects of many members: the last of equal names wins, in the place of the first. */
static void test_many_members(void **state) {
    (void)state;
    for (int distinct = 60; distinct <= 1000; distinct += 235) {
        bed b;
        sl_buf text;
        const sl_schema *s;
        sl_value v;
        bed_start(&b, false, "json", OFF);
        sl_buf_init(&text, NULL);
        for (int i = 0; i < 2 * distinct; i++) {
            sl_buf_printf(&text, "%c\"name%d\":%d", i ? ',' : '{', i % distinct, i);
        }
        sl_buf_add_char(&text, '}');
        test_assert_ok(bed_read(&b, sl_buf_view(&text), &s, &v));
        assert_int_equal(v.n, distinct);
        for (int i = 0; i < distinct; i++) {
            char name[16];
            snprintf(name, sizeof name, "name%d", i);
            test_assert_str(sl_value_str(&v.items[2 * i]), name);
            assert_int_equal(v.items[2 * i + 1].i, distinct + i);
        }
        sl_buf_deinit(&text);
        bed_stop(&b);
    }
}

static void test_long_number(void **state) {
    (void)state;
    bed b;
    char digits[1002];
    const sl_schema *s;
    sl_value v;
    bed_start(&b, false, "json", OFF);
    memset(digits, '1', sizeof digits);
    test_assert_ok(bed_read(&b, sl_str_make(digits, 1000), &s, &v));
    test_assert_error(bed_read(&b, sl_str_make(digits, 1001), &s, &v), SL_E_DATA,
                      "more than 1000 characters");
    bed_stop(&b);
}

#define INNER                                                                                                \
    "{\"type\":\"struct\",\"optional\":true,\"field\":\"in\",\"fields\":[{\"type\":\"string\",\"optional\":" \
    "true,\"field\":\"s\"},"                                                                                 \
    "{\"type\":\"int64\",\"optional\":true,\"field\":\"i\"},{\"type\":\"boolean\",\"optional\":true,"        \
    "\"field\":\"b\"}]}"
#define OUTER                                                                                                \
    "{\"type\":\"struct\",\"optional\":false,\"fields\":[{\"type\":\"int32\",\"optional\":false,\"field\":"  \
    "\"n\"}," INNER "]}"

/* expect_outer writes {"n":n,"in":{in}} three times: first seen, then kept, then copied. */
static void expect_outer(bed *b, const sl_schema *s, sl_value *in, const char *want) {
    for (int n = 0; n < 3; n++) {
        sl_value fields[] = {sl_int32(n), sl_container(SL_STRUCT, in, 3)};
        sl_value v = sl_container(SL_STRUCT, fields, 2);
        char text[3000];
        bool is_null;
        snprintf(text, sizeof text, "{\"n\":%d,\"in\":%s}", n, want);
        test_assert_ok(bed_write(b, s, &v, &is_null));
        test_assert_str(sl_buf_view(&b->out), text);
    }
}

/* A struct that comes again and again is copied, and only as long as it says the same. */
static void test_same_struct_again(void **state) {
    (void)state;
    bed b;
    bed_start(&b, false, "json", OFF);
    const sl_schema *s = bed_schema(&b, OUTER);
    char bytes[1801] = "abc", want[2100];
    sl_value in[] = {sl_string(sl_str_make(bytes, 3)), sl_int64(7), sl_bool(true)};
    expect_outer(&b, s, in, "{\"s\":\"abc\",\"i\":7,\"b\":true}");
    in[1] = sl_int64(8);
    expect_outer(&b, s, in, "{\"s\":\"abc\",\"i\":8,\"b\":true}");
    in[2] = sl_bool(false);
    expect_outer(&b, s, in, "{\"s\":\"abc\",\"i\":8,\"b\":false}");
    bytes[1] = '"'; /* other bytes at the same place */
    expect_outer(&b, s, in, "{\"s\":\"a\\\"c\",\"i\":8,\"b\":false}");
    in[0].n = 1;
    expect_outer(&b, s, in, "{\"s\":\"a\",\"i\":8,\"b\":false}");
    in[0] = sl_null();
    expect_outer(&b, s, in, "{\"s\":null,\"i\":8,\"b\":false}");
    memset(bytes, 'x', sizeof bytes - 1); /* too long to be kept */
    in[0] = sl_string(sl_str_make(bytes, 1800));
    snprintf(want, sizeof want, "{\"s\":\"%s\",\"i\":8,\"b\":false}", bytes);
    expect_outer(&b, s, in, want);
    in[0].n = 0;
    expect_outer(&b, s, in, "{\"s\":\"\",\"i\":8,\"b\":false}");
    bed_stop(&b);
}

/* Schemas come and go, in both caches: what is written and read stays right, and nothing is freed while in
 * use. */
static void test_caches(void **state) {
    static const char *const sizes[] = {"0", "1", "2", "7", "1000"};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        bed b;
        char conf[64];
        snprintf(conf, sizeof conf, "schemas.cache.size=%s", sizes[i]);
        bed_start(&b, false, "json", conf);
        for (int k = 0; k < 600; k++) {
            char json[64], want[128];
            bool is_null;
            sl_value v = sl_int32(k), again;
            const sl_schema *read;
            snprintf(json, sizeof json, "{\"type\":\"int32\",\"optional\":false,\"name\":\"n%d\"}",
                     k % 3 ? k * k % 200 : 0);
            snprintf(want, sizeof want, "{\"schema\":%s,\"payload\":%d}", json, k);
            const sl_schema *s = bed_schema(&b, json);
            test_assert_ok(bed_write(&b, s, &v, &is_null));
            test_assert_str(sl_buf_view(&b.out), want);
            test_assert_ok(bed_read(&b, sl_str_of(want), &read, &again));
            assert_ptr_equal(read, s);
            assert_true(sl_value_eq(&v, &again));
            if (k % 50 == 49) {
                sl__batch_reset(b.batch); /* only the caches hold schemas now */
            }
        }
        bed_stop(&b);
    }
}

/* Many topics in any order, some of which change their schema: each record is read with its own. */
static void test_many_schemas(void **state) {
    enum { TOPICS = 1500 };
    const sl_schema *schemas[TOPICS];
    uint32_t random = 1;
    (void)state;
    bed b;
    bed_start(&b, false, "json", "");
    for (int round = 0; round < 3 * TOPICS; round++) {
        random = random * 1664525u + 1013904223u;
        int k = round < TOPICS ? round : (int)((random >> 8) % TOPICS);
        char text[160], topic[32];
        const sl_schema *read;
        sl_value v;
        snprintf(topic, sizeof topic, "topic%d", round % 7 ? k : k / 2);
        snprintf(text, sizeof text,
                 "{\"schema\":{\"type\":\"int32\",\"doc\":\"}\\\"{ "
                 "%d\",\"parameters\":{\"p\":\"{\"}},\"payload\":%d}",
                 k, round);
        test_assert_ok(b.def->converter->from_bytes(b.state, sl_str_of(topic), SL_STR_NONE, sl_str_of(text),
                                                    b.batch, &read, &v));
        assert_int_equal(v.i, round);
        if (round < TOPICS) {
            schemas[k] = read;
        }
        assert_ptr_equal(read, schemas[k]);
    }
    bed_stop(&b);
}

/* A schema without an end, or with the wrong one, is no schema, however often it comes. */
static void test_unended_schemas(void **state) {
    static const char *const texts[] = {"{\"schema\":{\"type\":\"int32\"",
                                        "{\"schema\":{\"type\":\"int32",
                                        "{\"schema\":{\"type\":\"int32\\",
                                        "{\"schema\":",
                                        "{\"schema\":}",
                                        "{\"schema\":{]},\"payload\":1}"};
    (void)state;
    bed b;
    bed_start(&b, false, "json", "");
    for (size_t i = 0; i < 2 * sizeof texts / sizeof texts[0]; i++) {
        const sl_schema *read;
        sl_value v;
        const char *text = texts[i % (sizeof texts / sizeof texts[0])];
        test_assert_error(bed_read(&b, sl_str_of(text), &read, &v), SL_E_DATA, "");
    }
    bed_stop(&b);
}

static void test_schema_content(void **state) {
    static const char setting[] =
        "schema.content={\"type\":\"struct\",\"optional\":false,\"fields\":[{\"type\":"
        "\"int8\",\"optional\":false,\"field\":\"a\"}]}";
    const sl_schema *read;
    sl_value v;
    bool is_null;
    bed b;
    (void)state;
    bed_start(&b, false, "json", setting);
    test_assert_ok(bed_read(&b, SL_STR(" {\"a\": 7} "), &read, &v));
    assert_int_equal(read->type, SL_STRUCT);
    assert_int_equal(v.items[0].i, 7);
    test_assert_error(bed_read(&b, SL_STR("{\"schema\":null,\"payload\":{\"a\":7}}"), &read, &v), SL_E_DATA,
                      "'a'");
    test_assert_error(bed_read(&b, SL_STR("{\"a\":7} x"), &read, &v), SL_E_DATA, "the end");
    v = sl_int8(5);
    test_assert_ok(bed_write(&b, bed_schema(&b, "{\"type\":\"int8\",\"optional\":false}"), &v, &is_null));
    test_assert_str(sl_buf_view(&b.out), "{\"schema\":{\"type\":\"int8\",\"optional\":false},\"payload\":5}");
    bed_stop(&b);
    bed_start(&b, false, "json", "schema.content=null");
    test_assert_ok(bed_read(&b, SL_STR("{\"schema\":{\"type\":\"int8\"},\"payload\":7}"), &read, &v));
    assert_int_equal(v.type, SL_INT8);
    bed_stop(&b);
    for (int i = 0; i < 2; i++) {
        test_assert_ok(bed_init(&b, SL_KIND_CONVERTER, "json",
                                i ? "schema.content={\"type\":\"int9\"}" : "schema.content={\"type\":"));
        test_assert_error(bed_open(&b), SL_E_DATA, "schema.content");
        bed_deinit(&b);
    }
}

static void test_settings(void **state) {
    static const char *const bad[][2] = {{"schemas.enable=maybe", "schemas.enable"},
                                         {"schemas.cache.size=-1", "schemas.cache.size"},
                                         {"decimal.format=TEXT", "decimal.format"},
                                         {"replace.null.with.default=2", "replace.null.with.default"},
                                         {"schemas.cache.size=x", "schemas.cache.size"}};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        bed b;
        test_assert_error(bed_init(&b, SL_KIND_CONVERTER, "json", bad[i][0]), SL_E_CONFIG, bad[i][1]);
        bed_deinit(&b);
    }
    bed b;
    bool is_null;
    sl_value v = sl_bytes(SL_STR("\x04\xd2"));
    bed_start(&b, false, "json", "decimal.format=numeric;schemas.enable=FALSE");
    test_assert_ok(bed_write(&b, bed_schema(&b, DECIMAL("2")), &v, &is_null));
    test_assert_str(sl_buf_view(&b.out), "12.34");
    bed_stop(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_struct_again),
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_null_is_null),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_deep_schema),
        cmocka_unit_test(test_many_members),
        cmocka_unit_test(test_long_number),
        cmocka_unit_test(test_caches),
        cmocka_unit_test(test_many_schemas),
        cmocka_unit_test(test_unended_schemas),
        cmocka_unit_test(test_schema_content),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
