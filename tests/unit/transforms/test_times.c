/*
 * test_times.c - TimestampConverter, TimestampRouter, and Java's SimpleDateFormat.
 */
#include "cases.h"

#include <transforms/simple_date.h>

#define APACHE "org.apache.kafka.connect.transforms."
#define T "1485951845678" /* 2017-02-01T12:24:05.678Z */

#define TO(type) "target.type=" type
#define FORMAT " ; format=yyyy MM dd HH mm ss SSS z"

static const transform_case whole_cases[] = {
    {"timestamp-converter-value", TO("Timestamp"), "v=Timestamp:" T, "v=Timestamp:" T},
    {"timestamp-converter-value", TO("Date"), "v=Timestamp:" T, "v=Date:17198"},
    {"timestamp-converter-value", TO("Date"), "v=Timestamp:-1", "v=Date:-1"},
    {"timestamp-converter-value", TO("Time"), "v=Timestamp:" T, "v=Time:44645678"},
    {"timestamp-converter-value", TO("Time"), "v=Timestamp:-1", "v=Time:86399999"},
    {"timestamp-converter-value", TO("unix"), "v=Timestamp:" T, "v=int64:" T},
    {APACHE "TimestampConverter$Value", TO("string") FORMAT, "v=Timestamp:" T,
     "v=string:\"2017 02 01 12 24 05 678 UTC\""},
    {"timestamp-converter-value", TO("Timestamp"), "v=Date:17198", "v=Timestamp:1485907200000"},
    {"timestamp-converter-value", TO("unix"), "v=Time:44645678", "v=int64:44645678"},
    {"timestamp-converter-value", TO("Timestamp"), "v=int64:" T, "v=Timestamp:" T},
    {"timestamp-converter-value", TO("Timestamp") " ; unix.precision=seconds", "v=int64:1485951845",
     "v=Timestamp:1485951845000"},
    {"timestamp-converter-value", TO("Timestamp") " ; unix.precision=microseconds",
     "v=int64:1485951845678999", "v=Timestamp:" T},
    {"timestamp-converter-value", TO("Timestamp") " ; unix.precision=nanoseconds",
     "v=int64:1485951845678999999", "v=Timestamp:" T},
    {"timestamp-converter-value", TO("Timestamp") " ; unix.precision=microseconds", "v=int64:-1999",
     "v=Timestamp:-1"},
    {"timestamp-converter-value", TO("unix") " ; unix.precision=seconds", "v=Timestamp:-1500", "v=int64:-1"},
    {"timestamp-converter-value", TO("unix") " ; unix.precision=microseconds", "v=Timestamp:" T,
     "v=int64:1485951845678000"},
    {"timestamp-converter-value", TO("unix") " ; unix.precision=nanoseconds", "v=Timestamp:" T,
     "v=int64:1485951845678000000"},
    {"timestamp-converter-value", TO("unix") " ; unix.precision=nanoseconds", "v=Timestamp:9999999999999999",
     "v=int64:9223372036854775807"},
    {"timestamp-converter-value", TO("Timestamp") FORMAT, "v=string:\"2017 02 01 12 24 05 678 UTC\"",
     "v=Timestamp:" T},
    {"timestamp-converter-value", TO("Date") " ; format=yyyy-MM-dd", "v=string?:\"2017-02-01\"",
     "v=Date?:17198"},
    {"timestamp-converter-value", TO("string") " ; format=yyyy-MM-dd", "v=string:\"2017-2-1 and more\"",
     "v=string:\"2017-02-01\""},
    {"timestamp-converter-value", TO("Date") " ; format=yyyy-MM-dd", "v=string:\"x\"",
     "!does not fit the pattern"},
    {"timestamp-converter-value", TO("Date"), "v=string:\"2017-02-01\"", "!'format'"},
    {"timestamp-converter-value", TO("Timestamp"), "v=int64(name=io.debezium.time.Timestamp,version=1):5",
     "v=Timestamp:5"},
    {"timestamp-converter-value", TO("Timestamp"), "v=int64?:null", "v=Timestamp?:null"},
    {"timestamp-converter-value", TO("unix"), "v=Timestamp?:null", "v=int64?:null"},
    {"timestamp-converter-value", TO("Timestamp"), "v=int32:5", "!INT32"},
    {"timestamp-converter-value", TO("Timestamp"), "v=boolean:true", "!BOOLEAN"},
    {"timestamp-converter-value", TO("unix"), "v=:" T, "v=:" T},
    {"timestamp-converter-value", TO("unix") " ; format=yyyy-MM-dd", "v=:\"2017-02-01\"", "v=:1485907200000"},
    {"timestamp-converter-value", TO("string") " ; format=yyyy-MM-dd", "v=:" T, "v=:\"2017-02-01\""},
    {"timestamp-converter-value", TO("string") " ; format=yyyy-MM-dd", "v=:5i", "!INT32"},
    {"timestamp-converter-value", TO("unix"), "v=:null", "v=:null"},
    {"timestamp-converter-value", TO("unix"), "v=:{a:1}", "!MAP"},
    {"timestamp-converter-key", TO("unix"), "k=Timestamp:" T " ; v=:1", "k=int64:" T " ; v=:1"},
    {APACHE "TimestampConverter$Key", TO("unix"), "k=:5 ; v=:1", "k=:5 ; v=:1"},
};

static const transform_case field_cases[] = {
    {"timestamp-converter-value", "field=ts ; " TO("unix"),
     "v={a:int8,ts:Timestamp?}(name=N,version=1,doc=D,p=q)?:{a:1,ts:5}",
     "v={a:int8,ts:int64?}(name=N,version=1,doc=D,p=q)?:{a:1,ts:5}"},
    {"timestamp-converter-value", "field=ts ; " TO("string") " ; format=yyyy", "v={ts:Date}:{ts:17198}",
     "v={ts:string}:{ts:\"2017\"}"},
    {"timestamp-converter-value", "field=ts ; " TO("unix"), "v={ts:Timestamp?=9,b:int8?=3}:{}",
     "v={ts:int64?,b:int8?=3}:{ts:9,b:3}"},
    {"timestamp-converter-value", "field=ts ; " TO("unix") " ; replace.null.with.default=false",
     "v={ts:Timestamp?=9,b:int8?=3}:{}", "v={ts:int64?,b:int8?=3}:{ts:null,b:null}"},
    {"timestamp-converter-value", "field=zz ; " TO("unix"), "v={a:int8}?:{a:1}", "v={a:int8}?:{a:1}"},
    {"timestamp-converter-value", "field=ts ; " TO("unix"), "v={ts:int32}:{ts:1}", "!'ts'"},
    {"timestamp-converter-value", "field=ts ; " TO("unix"), "v={ts:Timestamp}?:null", "v={ts:int64}?:null"},
    {"timestamp-converter-value", "field=ts ; " TO("unix"), "v=int64:5", "!expected a struct"},
    {"timestamp-converter-value", "field=ts ; " TO("string") " ; format=yyyy", "v=:{a:1,ts:" T "}",
     "v=:{a:1,ts:\"2017\"}"},
    {"timestamp-converter-value", "field=ts ; " TO("unix"), "v=:{a:1}", "v=:{a:1,ts:null}"},
    {"timestamp-converter-value", "field=ts ; " TO("unix"), "v=:null", "v=:null"},
    {"timestamp-converter-value", "field=ts ; " TO("unix"), "v=:5", "!expected a map"},
    {"timestamp-converter-value", "field=ts ; " TO("unix"), "v=:{ts:true}", "!'ts'"},
    {"timestamp-converter-key", "field=ts ; " TO("unix"), "k={ts:Timestamp}:{ts:5} ; v=:1",
     "k={ts:int64}:{ts:5} ; v=:1"},
    {"timestamp-converter-value", TO("string"), NULL, "!'format'"},
    {"timestamp-converter-value", TO("string") " ; format=bogus", NULL, "!'b'"},
    {"timestamp-converter-value", TO("string") " ; format='x", NULL, "!single quote"},
    {"timestamp-converter-value", TO("string") " ; format=XXXX", NULL, "!three 'X'"},
    {"timestamp-converter-value", "", NULL, "!'target.type'"},
    {"timestamp-converter-value", TO("bogus"), NULL, "!one of: string, unix"},
    {"timestamp-converter-value", TO("unix") " ; unix.precision=bogus", NULL, "!one of: nanoseconds"},
    {"timestamp-converter-value", TO("unix"), NULL, SETTINGS_OK},
};

/* Kafka Connect makes a java.util.Date here, which no converter takes without a schema. */
static const transform_case schemaless_cases[] = {
    {"timestamp-converter-value", TO("Timestamp"), "v=:" T, "v=:" T},
    {"timestamp-converter-value", TO("Date"), "v=:" T,
     "~"
     "v=:17198i"},
    {"timestamp-converter-value", "field=a ; " TO("Time"), "v=:{a:" T "}",
     "~"
     "v=:{a:44645678i}"},
};

static const transform_case router_cases[] = {
    {"timestamp-router", "", "ts=" T " ; v=:1", "t=t-20170201 ; ts=" T " ; v=:1"},
    {APACHE "TimestampRouter", "topic.format=${timestamp}.${topic}-${topic} ; timestamp.format=yyyy-MM",
     "ts=" T " ; v=:1", "t=2017-02.t-t ; ts=" T " ; v=:1"},
    {"timestamp-router", "topic.format=x$y${z", "ts=1 ; v=:1", "t=x$y${z ; ts=1 ; v=:1"},
    {"timestamp-router", "", "v=:1", "!with a timestamp"},
    {"timestamp-router", "timestamp.format=bogus", NULL, "~!'b'"},
};

#define WRITE(pattern, ms, want)                                                                             \
    {                                                                                                        \
        "timestamp-router", "topic.format=${timestamp} ; timestamp.format=" pattern, "ts=" ms " ; v=:1",     \
            "t=" want " ; ts=" ms " ; v=:1"                                                                  \
    }

/* Every letter, written. */
static const transform_case write_cases[] = {
    WRITE("yyyy-MM-dd'T'HH:mm:ss.SSS", T, "2017-02-01T12:24:05.678"),
    WRITE("y.yy.yyy.yyyyyy", T, "2017.17.2017.002017"),
    WRITE("M.MM.MMM.MMMM.L.LL.LLL.LLLL", T, "2.02.Feb.February.2.02.Feb.February"),
    WRITE("d.dd.ddd.D.DDD.F", T, "1.01.001.32.032.1"),
    WRITE("E.EEE.EEEE.u.uu", T, "Wed.Wed.Wednesday.3.03"),
    WRITE("H.HH.k.kk.K.KK.h.hh.a", T, "12.12.12.12.0.00.12.12.PM"),
    WRITE("H.HH.k.kk.K.KK.h.hh.a", "0", "0.00.24.24.0.00.12.12.AM"),
    WRITE("m.mm.s.ss.S.SS.SSSSSS", T, "24.24.5.05.678.678.000678"),
    WRITE("S.SSS", "7", "7.007"),
    WRITE("z.zzzz.Z.X.XX.XXX", T, "UTC.Coordinated Universal Time.+0000.Z.Z.Z"),
    WRITE("G.GGGG", T, "AD.AD"),
    WRITE("'it''s' '' yyyy", T, "it's ' 2017"),
    WRITE("Y.YY.w.ww.W", T, "2017.17.5.05.1"),
    WRITE("YYYY-'W'ww", "1483142400000", "2016-W53"),     /* 2016-12-31 is a Saturday, of the week before */
    WRITE("YYYY-'W'ww", "1483228800000", "2017-W01"),     /* 2017-01-01 */
    WRITE("YYYY-'W'ww.W", "1514678400000", "2018-W01.6"), /* 2017-12-31 */
    WRITE("yyyy-MM-dd", "-12219292800000", "1582-10-15"),
    WRITE("yyyy-MM-dd.D", "-12219292800001", "1582-10-04.277"),
    WRITE("yyyy-MM-dd", "-62135769600000", "0001-01-01"),
    WRITE("G.yyyy-MM-dd.E", "-62135769600001", "BC.0001-12-31.Fri"),
    WRITE("yyyy-MM-dd", "253402300800000", "10000-01-01"),
    WRITE("yyyy-MM-dd HH", "951782400000", "2000-02-29 00"),
};

#define READ(pattern, text, ms)                                                                              \
    { "timestamp-converter-value", "target.type=unix ; format=" pattern, "v=:\"" text "\"", "v=:" ms }
#define UNREADABLE(pattern, text)                                                                            \
    { "timestamp-converter-value", "target.type=unix ; format=" pattern, "v=:\"" text "\"", "!" }

/* Every letter, read. */
static const transform_case read_cases[] = {
    READ("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", "2017-02-01T12:24:05.678Z", T),
    READ("yyyyMMddHHmmssSSS", "20170201122405678", T),
    READ("yyyyMMdd", "20170201", "1485907200000"),
    UNREADABLE("yyyyMMdd", "2017"),
    READ("d/M/y", "1/2/2017", "1485907200000"),
    READ("dd/MM/yyyy", "1/2/2017", "1485907200000"),
    READ("d MMM yyyy", "1 feb 2017", "1485907200000"),
    READ("d MMM yyyy", "1 February 2017", "1485907200000"),
    READ("EEE, d MMM yyyy HH:mm:ss Z", "Wed, 1 Feb 2017 12:24:05 +0100", "1485948245000"),
    READ("EEEE d MMMM yyyy", "Monday 1 February 2017", "1485907200000"),
    READ("yyyy-MM-dd HH:mm X", "2017-02-01 12:24 +02", "1485944640000"),
    READ("yyyy-MM-dd HH:mm XX", "2017-02-01 12:24 -0230", "1485960840000"),
    READ("yyyy-MM-dd HH:mm XXX", "2017-02-01 12:24 -02:30", "1485960840000"),
    READ("yyyy-MM-dd HH:mm XXX", "2017-02-01 12:24 Z", "1485951840000"),
    READ("yyyy-MM-dd HH:mm z", "2017-02-01 12:24 GMT", "1485951840000"),
    READ("yyyy-MM-dd HH:mm z", "2017-02-01 12:24 UTC", "1485951840000"),
    READ("yyyy-MM-dd HH:mm z", "2017-02-01 12:24 GMT+1:00", "1485948240000"),
    READ("yyyy-MM-dd HH:mm Z", "2017-02-01 12:24 GMT", "1485951840000"),
    READ("hh:mm a", "12:30 AM", "1800000"),
    READ("hh:mm a", "12:30 pm", "45000000"),
    READ("hh:mm a", "01:30 PM", "48600000"),
    READ("KK:mm a", "00:30 PM", "45000000"),
    READ("kk:mm", "24:30", "1800000"),
    READ("HH:mm", "25:61", "93660000"),
    READ("yyyy-MM-dd", "2017-14-35", "1520380800000"),
    READ("yyyy-MM-dd", "  2017- 2- 1", "1485907200000"),
    READ("yyyy-DDD", "2017-032", "1485907200000"),
    READ("G yyyy", "BC 0001", "-62167392000000"),
    READ("G yyyy-MM-dd", "AD 0001-01-01", "-62135769600000"),
    READ("yyyy-MM-dd", "1582-10-04", "-12219379200000"),
    READ("yyyy-MM-dd", "1582-10-15", "-12219292800000"),
    READ("yy-MM-dd", "17-02-01", "1485907200000"),
    READ("yy-MM-dd", "2017-02-01", "1485907200000"),
    READ("yy-MM-dd", "97-02-01", "854755200000"),
    READ("ss.SSSSSS", "5.123456", "128456"),
    READ("s", "-5", "-5000"),
    READ("'at' HH", "at 5", "18000000"),
    UNREADABLE("yyyy-MM-dd", "2017/02/01"),
    UNREADABLE("yyyy-MM-dd", ""),
    UNREADABLE("yyyy-MM-dd", "2017-02-"),
    UNREADABLE("d MMM yyyy", "1 Fe 2017"),
    UNREADABLE("HH:mm a", "12:30 XM"),
    UNREADABLE("HH:mm XXX", "12:30 +0100"),
    UNREADABLE("HH:mm X", "12:30 UTC"),
    UNREADABLE("HH:mm Z", "12:30 +99"),
};

static void test_whole(void **state) {
    (void)state;
    run_cases(whole_cases);
}

static void test_fields(void **state) {
    (void)state;
    run_cases(field_cases);
    run_cases(schemaless_cases);
}

static void test_router(void **state) {
    (void)state;
    run_cases(router_cases);
}

static void test_patterns_written(void **state) {
    (void)state;
    run_cases(write_cases);
}

static void test_patterns_read(void **state) {
    (void)state;
    run_cases(read_cases);
}

static void test_there_and_back(void **state) {
    simple_date *f;
    sl_buf out;
    (void)state;
    test_assert_ok(simple_date_new(SL_STR("G yyyy-MM-dd HH:mm:ss.SSS"), &f));
    sl_buf_init(&out, NULL);
    for (int64_t ms = INT64_C(-90000000000000); ms < INT64_C(90000000000000); ms += INT64_C(37777777771)) {
        int64_t back = 0;
        sl_buf_clear(&out);
        simple_date_write(f, &out, ms);
        assert_true(simple_date_parse(f, sl_buf_view(&out), &back));
        assert_int_equal(back, ms);
    }
    sl_buf_deinit(&out);
    simple_date_free(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),         cmocka_unit_test(test_fields),
        cmocka_unit_test(test_router),        cmocka_unit_test(test_patterns_written),
        cmocka_unit_test(test_patterns_read), cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
