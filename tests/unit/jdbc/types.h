/*
 * types.h - one value of every type: the column that auto.create makes for it, and what is read back, on both
 * databases.
 *
 * docs/jdbc-types.md is the same table for people.
 */
#ifndef JDBC_TYPES_H
#define JDBC_TYPES_H

#include "bed.h"

typedef struct type_case {
    const char *what;
    const sl_schema *schema;
    sl_value value;
    const char *pg_type, *pg_text;     /* format_type, the value as text */
    const char *lite_type, *lite_text; /* the declared type, the value as text */
} type_case;

#define TIME "io.debezium.time."
#define DATA "io.debezium.data."
#define CONNECT "org.apache.kafka.connect.data."

static sl_value raw_bytes(const char *p, size_t n) {
    return sl_bytes(sl_str_make(p, n));
}

static size_t simple_cases(bed *b, type_case *c) {
    size_t n = 0;
    c[n++] =
        (type_case){"int8", bed_type(b, SL_INT8, true), sl_int8(-128), "smallint", "-128", "INTEGER", "-128"};
    c[n++] = (type_case){
        "int16", bed_type(b, SL_INT16, true), sl_int16(32767), "smallint", "32767", "INTEGER", "32767"};
    c[n++] = (type_case){
        "int32",      bed_type(b, SL_INT32, true), sl_int32(INT32_MIN), "integer", "-2147483648", "INTEGER",
        "-2147483648"};
    c[n++] = (type_case){
        "int64",   bed_type(b, SL_INT64, true), sl_int64(INT64_MAX), "bigint", "9223372036854775807",
        "INTEGER", "9223372036854775807"};
    c[n++] = (type_case){
        "float32",          bed_type(b, SL_FLOAT32, true), sl_float32((double)0.1f), "real", "0.1", "REAL",
        "0.100000001490116"};
    c[n++] = (type_case){"float64",
                         bed_type(b, SL_FLOAT64, true),
                         sl_float64(-1.5e300),
                         "double precision",
                         "-1.5e+300",
                         "REAL",
                         "-1.5e+300"};
    c[n++] =
        (type_case){"bool", bed_type(b, SL_BOOL, true), sl_bool(true), "boolean", "true", "BOOLEAN", "1"};
    c[n++] = (type_case){
        "string", bed_type(b, SL_STRING, true), text("h\xc3\xa9llo '\\ \""), "text", "h\xc3\xa9llo '\\ \"",
        "TEXT",   "h\xc3\xa9llo '\\ \""};
    c[n++] = (type_case){"empty", bed_type(b, SL_STRING, true), text(""), "text", "", "TEXT", ""};
    c[n++] = (type_case){
        "bytes", bed_type(b, SL_BYTES, true), raw_bytes("Hi!", 3), "bytea", "\\x486921", "BLOB", "Hi!"};
    c[n++] = (type_case){"decimal",
                         bed_param(b, SL_BYTES, CONNECT "Decimal", "scale", "2"),
                         raw_bytes("\xfb\x2e", 2),
                         "numeric",
                         "-12.34",
                         "TEXT",
                         "-12.34"};
    c[n++] = (type_case){"decimal_big",
                         bed_param(b, SL_BYTES, CONNECT "Decimal", "scale", "5"),
                         raw_bytes("\x02\x60\xb0\x5f\xfb\xe7\xfc\xb1\x17\xa0\x24\xf1\xe2\xdf\x79", 15),
                         "numeric",
                         "123456789012345678901234567890.12345",
                         "TEXT",
                         "123456789012345678901234567890.12345"};
    c[n++] = (type_case){
        "variable",
        bed_intern(
            b, &(sl_schema){.type = SL_STRUCT,
                            .optional = true,
                            .name = SL_STR_INIT(DATA "VariableScaleDecimal"),
                            .nfields = 2,
                            .fields = (sl_field[]){{SL_STR_INIT("scale"), bed_type(b, SL_INT32, false)},
                                                   {SL_STR_INIT("value"), bed_type(b, SL_BYTES, false)}}}),
        bed_row(b, sl_int32(3), raw_bytes("\x04\xd2", 2)),
        "numeric",
        "1.234",
        "TEXT",
        "1.234"};
    return n;
}

static size_t time_cases(bed *b, type_case *c) {
    size_t n = 0;
    const int64_t us = INT64_C(1714979289123456);
    c[n++] = (type_case){
        "cdate",     bed_named(b, SL_INT32, CONNECT "Date"), sl_int32(19849), "date", "2024-05-06", "DATE",
        "2024-05-06"};
    c[n++] = (type_case){"ctime",
                         bed_named(b, SL_INT32, CONNECT "Time"),
                         sl_int32(25689123),
                         "time without time zone",
                         "07:08:09.123",
                         "TIME",
                         "07:08:09.123"};
    c[n++] = (type_case){"cstamp",
                         bed_named(b, SL_INT64, CONNECT "Timestamp"),
                         sl_int64(us / 1000),
                         "timestamp without time zone",
                         "2024-05-06 07:08:09.123",
                         "TIMESTAMP",
                         "2024-05-06 07:08:09.123"};
    c[n++] = (type_case){
        "ddate",     bed_named(b, SL_INT32, TIME "Date"), sl_int32(-719528), "date", "0001-01-01 BC", "DATE",
        "0000-01-01"};
    c[n++] = (type_case){"dtime",     bed_named(b, SL_INT32, TIME "Time"),
                         sl_int32(0), "time without time zone",
                         "00:00:00",  "TIME",
                         "00:00:00"};
    c[n++] = (type_case){"utime",
                         bed_named(b, SL_INT64, TIME "MicroTime"),
                         sl_int64(INT64_C(86399999999)),
                         "time without time zone",
                         "23:59:59.999999",
                         "TIME",
                         "23:59:59.999999"};
    c[n++] = (type_case){"ntime",
                         bed_named(b, SL_INT64, TIME "NanoTime"),
                         sl_int64(INT64_C(1000000001)),
                         "time without time zone",
                         "00:00:01",
                         "TIME",
                         "00:00:01.000000001"};
    c[n++] = (type_case){"mstamp",
                         bed_named(b, SL_INT64, TIME "Timestamp"),
                         sl_int64(-1),
                         "timestamp without time zone",
                         "1969-12-31 23:59:59.999",
                         "TIMESTAMP",
                         "1969-12-31 23:59:59.999"};
    c[n++] = (type_case){"ustamp",
                         bed_named(b, SL_INT64, TIME "MicroTimestamp"),
                         sl_int64(us),
                         "timestamp without time zone",
                         "2024-05-06 07:08:09.123456",
                         "TIMESTAMP",
                         "2024-05-06 07:08:09.123456"};
    c[n++] = (type_case){"nstamp",
                         bed_named(b, SL_INT64, TIME "NanoTimestamp"),
                         sl_int64(us * 1000 + 789),
                         "timestamp without time zone",
                         "2024-05-06 07:08:09.123456",
                         "TIMESTAMP",
                         "2024-05-06 07:08:09.123456789"};
    return n;
}

static size_t zone_cases(bed *b, type_case *c) {
    size_t n = 0;
    c[n++] = (type_case){"infinite",
                         bed_named(b, SL_INT64, TIME "MicroTimestamp"),
                         sl_int64(INT64_C(9223372036825200000)),
                         "timestamp without time zone",
                         "infinity",
                         "TIMESTAMP",
                         "infinity"};
    c[n++] = (type_case){"zstamp",
                         bed_named(b, SL_STRING, TIME "ZonedTimestamp"),
                         text("2024-05-06T09:08:09.5+02:00"),
                         "timestamp with time zone",
                         "2024-05-06 07:08:09.5+00",
                         "TIMESTAMP WITH TIME ZONE",
                         "2024-05-06 07:08:09.500+00:00"};
    c[n++] = (type_case){"ztime",
                         bed_named(b, SL_STRING, TIME "ZonedTime"),
                         text("07:08:09.25Z"),
                         "time with time zone",
                         "07:08:09.25+00",
                         "TEXT",
                         "07:08:09.25Z"};
    c[n++] = (type_case){"isodate",           bed_named(b, SL_STRING, TIME "IsoDate"),
                         text("2024-05-06Z"), "date",
                         "2024-05-06",        "DATE",
                         "2024-05-06"};
    c[n++] = (type_case){"isotime",         bed_named(b, SL_STRING, TIME "IsoTime"),
                         text("07:08:09Z"), "time without time zone",
                         "07:08:09",        "TIME",
                         "07:08:09"};
    c[n++] = (type_case){"isostamp",
                         bed_named(b, SL_STRING, TIME "IsoTimestamp"),
                         text("2024-05-06T07:08:09.123456Z"),
                         "timestamp without time zone",
                         "2024-05-06 07:08:09.123456",
                         "TIMESTAMP",
                         "2024-05-06 07:08:09.123456"};
    c[n++] = (type_case){"uduration",         bed_named(b, SL_INT64, TIME "MicroDuration"),
                         sl_int64(-90500000), "interval",
                         "-00:01:30.5",       "TEXT",
                         "-90.500000 seconds"};
    c[n++] =
        (type_case){"interval",        bed_named(b, SL_STRING, TIME "Interval"), text("P1Y2M3DT4H5M6.5S"),
                    "interval",        "1 year 2 mons 3 days 04:05:06.5",        "TEXT",
                    "P1Y2M3DT4H5M6.5S"};
    c[n++] = (type_case){
        "year", bed_named(b, SL_INT32, TIME "Year"), sl_int32(2024), "integer", "2024", "INTEGER", "2024"};
    return n;
}

static const sl_schema *struct_named(bed *b, const char *name, const char *f1, const sl_schema *s1,
                                     const char *f2, const sl_schema *s2) {
    return bed_struct_of(b, name, true, (bed_field[]){{f1, s1}, {f2, s2}, {NULL, NULL}});
}

static size_t data_cases(bed *b, type_case *c) {
    size_t n = 0;
    c[n++] = (type_case){"json",
                         bed_named(b, SL_STRING, DATA "Json"),
                         text("{\"a\": [1, null]}"),
                         "json",
                         "{\"a\": [1, null]}",
                         "TEXT",
                         "{\"a\": [1, null]}"};
    c[n++] = (type_case){
        "xml", bed_named(b, SL_STRING, DATA "Xml"), text("<a>1</a>"), "xml", "<a>1</a>", "TEXT", "<a>1</a>"};
    c[n++] = (type_case){"uuid",
                         bed_named(b, SL_STRING, DATA "Uuid"),
                         text("5B1DC2A0-9EB5-4C05-8F4B-0d2c3f4a5b6c"),
                         "uuid",
                         "5b1dc2a0-9eb5-4c05-8f4b-0d2c3f4a5b6c",
                         "TEXT",
                         "5B1DC2A0-9EB5-4C05-8F4B-0d2c3f4a5b6c"};
    c[n++] = (type_case){"ltree", bed_named(b, SL_STRING, DATA "Ltree"), text("a.b"), "text", "a.b", "TEXT",
                         "a.b"};
    c[n++] =
        (type_case){"enum", bed_named(b, SL_STRING, DATA "Enum"), text("red"), "text", "red", "TEXT", "red"};
    c[n++] = (type_case){"tsv",
                         bed_named(b, SL_STRING, DATA "Tsvector"),
                         text("'a':1 'b':2"),
                         "tsvector",
                         "'a':1 'b':2",
                         "TEXT",
                         "'a':1 'b':2"};
    c[n++] = (type_case){"bits",
                         bed_param(b, SL_BYTES, DATA "Bits", "length", "10"),
                         raw_bytes("\x05\x02", 2),
                         "bit(10)",
                         "1000000101",
                         "TEXT",
                         "1000000101"};
    c[n++] = (type_case){"varbits",
                         bed_param(b, SL_BYTES, DATA "Bits", "length", "2147483647"),
                         raw_bytes("\x05", 1),
                         "bit varying",
                         "101",
                         "TEXT",
                         "101"};
    return n;
}

static size_t nested_cases(bed *b, type_case *c) {
    size_t n = 0;
    const sl_schema *t = bed_type(b, SL_STRING, true), *i = bed_type(b, SL_INT32, true),
                    *f = bed_type(b, SL_FLOAT64, true);
    c[n++] = (type_case){"point",
                         struct_named(b, DATA "geometry.Point", "x", f, "y", f),
                         bed_row(b, sl_float64(1.5), sl_float64(-2)),
                         "point",
                         "(1.5,-2)",
                         "TEXT",
                         "(1.5,-2)"};
    c[n++] =
        (type_case){"geometry",
                    struct_named(b, DATA "geometry.Geometry", "wkb", bed_type(b, SL_BYTES, false), "srid", i),
                    bed_row(b, raw_bytes("\x01\x01\x00\x00\x00", 5), sl_null()),
                    "bytea",
                    "\\x0101000000",
                    "BLOB",
                    "\x01\x01"};
    c[n++] = (type_case){"ints",
                         bed_intern(b, &(sl_schema){.type = SL_ARRAY, .optional = true, .element = i}),
                         bed_row_of(b, SL_ARRAY, 3, (sl_value[]){sl_int32(1), sl_null(), sl_int32(3)}),
                         "integer[]",
                         "{1,NULL,3}",
                         "TEXT",
                         "[1,null,3]"};
    c[n++] = (type_case){"texts",
                         bed_intern(b, &(sl_schema){.type = SL_ARRAY, .optional = true, .element = t}),
                         bed_row_of(b, SL_ARRAY, 3, (sl_value[]){text("a,b"), text("q\"\\"), text("")}),
                         "text[]",
                         "{\"a,b\",\"q\\\"\\\\\",\"\"}",
                         "TEXT",
                         "[\"a,b\",\"q\\\"\\\\\",\"\"]"};
    c[n++] =
        (type_case){"map",
                    bed_intern(b, &(sl_schema){.type = SL_MAP, .optional = true, .key = t, .element = i}),
                    bed_row_of(b, SL_MAP, 2, (sl_value[]){text("k"), sl_int32(1), text("l"), sl_null()}),
                    "jsonb",
                    "{\"k\": 1, \"l\": null}",
                    "TEXT",
                    "{\"k\":1,\"l\":null}"};
    c[n++] = (type_case){"record",
                         struct_named(b, NULL, "s", t, "d", bed_named(b, SL_INT32, CONNECT "Date")),
                         bed_row(b, text("x\n"), sl_int32(0)),
                         "jsonb",
                         "{\"d\": \"1970-01-01\", \"s\": \"x\\n\"}",
                         "TEXT",
                         "{\"s\":\"x\\n\",\"d\":\"1970-01-01\"}"};
    c[n++] = (type_case){"vector",
                         bed_intern(b, &(sl_schema){.type = SL_ARRAY,
                                                    .optional = true,
                                                    .element = f,
                                                    .name = SL_STR_INIT(DATA "DoubleVector")}),
                         bed_row_of(b, SL_ARRAY, 2, (sl_value[]){sl_float64(0.5), sl_float64(2)}),
                         "double precision[]",
                         "{0.5,2}",
                         "TEXT",
                         "[0.5,2]"};
    return n;
}

static void expect_type(const type_case *c) {
    char sql[300];
    const char *column = bed_db.postgres ? "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE "
                                           "attrelid = 't_types'::regclass "
                                           "AND attname = '%s'"
                                         : "SELECT type FROM pragma_table_info('t_types') WHERE name = '%s'";
    (void)snprintf(sql, sizeof sql, column, c->what);
    bed_expect(sql, bed_db.postgres ? c->pg_type : c->lite_type);
    (void)snprintf(sql, sizeof sql,
                   bed_db.postgres ? "SELECT \"%s\"::text FROM t_types WHERE id = 1"
                                   : "SELECT \"%s\" FROM t_types WHERE id = 1",
                   c->what);
    bed_expect(sql, bed_db.postgres ? c->pg_text : c->lite_text);
    (void)snprintf(sql, sizeof sql, "SELECT \"%s\" FROM t_types WHERE id = 2", c->what);
    bed_expect(sql, "~");
}

static void test_types(void **state) {
    (void)state;
    bed b;
    type_case c[60];
    bed_field fields[62];
    sl_value values[61], nulls[61];
    bed_db.run("DROP TABLE IF EXISTS t_types");
    bed_debezium(&b, "insert.mode", "upsert", "primary.key.mode", "record_value", "primary.key.fields", "id",
                 "schema.evolution", "basic");
    size_t n = simple_cases(&b, c);
    n += time_cases(&b, c + n);
    n += zone_cases(&b, c + n);
    n += data_cases(&b, c + n);
    n += nested_cases(&b, c + n);
    fields[0] = (bed_field){"id", bed_type(&b, SL_INT32, false)};
    for (size_t i = 0; i < n; i++) {
        fields[i + 1] = (bed_field){c[i].what, c[i].schema};
        values[i + 1] = c[i].value;
        nulls[i + 1] = sl_null();
    }
    fields[n + 1] = (bed_field){NULL, NULL};
    values[0] = sl_int32(1);
    nulls[0] = sl_int32(2);
    const sl_schema *row = bed_struct_of(&b, "row", true, fields);
    (void)bed_add(&b, "t_types", NULL, sl_null(), row, bed_row_of(&b, SL_STRUCT, n + 1, values));
    (void)bed_add(&b, "t_types", NULL, sl_null(), row, bed_row_of(&b, SL_STRUCT, n + 1, nulls));
    bed_put(&b);
    assert_string_equal(b.state.last_report, "");
    for (size_t i = 0; i < n; i++) {
        expect_type(&c[i]);
    }
    bed_close(&b);
}

/* Defaults of schemas become defaults of columns. */
static void test_defaults(void **state) {
    (void)state;
    bed b;
    bed_db.run("DROP TABLE IF EXISTS t_defaults");
    bed_confluent(&b, "insert.mode", "upsert", "pk.mode", "record_key", "auto.create", "true");
    const sl_schema *id = bed_type(&b, SL_INT32, false);
    const sl_schema *key = bed_struct(&b, {"id", id});
    sl_value seven = sl_int32(7), quote = text("it's"), yes = sl_bool(true), day = sl_int32(19849);
    const sl_schema *row = bed_struct(
        &b, {"id", id}, {"i", bed_intern(&b, &(sl_schema){.type = SL_INT32, .default_value = &seven})},
        {"t", bed_intern(&b, &(sl_schema){.type = SL_STRING, .optional = true, .default_value = &quote})},
        {"b", bed_intern(&b, &(sl_schema){.type = SL_BOOL, .default_value = &yes})},
        {"d",
         bed_intern(&b, &(sl_schema){
                            .type = SL_INT32, .name = SL_STR_INIT(CONNECT "Date"), .default_value = &day})});
    (void)bed_add(&b, "t_defaults", key, bed_row(&b, sl_int32(1)), row,
                  bed_row(&b, sl_int32(1), sl_int32(1), sl_null(), sl_bool(false), sl_int32(0)));
    bed_put(&b);
    bed_db.run("INSERT INTO t_defaults (id) VALUES (2)");
    bed_expect("SELECT id, i, t, d FROM t_defaults ORDER BY id", "1|1|it's|1970-01-01;2|7|it's|2024-05-06");
    bed_expect("SELECT count(*) FROM t_defaults WHERE b", "1");
    bed_close(&b);
}

#define JDBC_TYPE_CASES cmocka_unit_test(test_types), cmocka_unit_test(test_defaults)

#endif
