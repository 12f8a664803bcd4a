/*
 * test_casts.c - Cast and MaskField: every type into every type, defaults, bad values; and Java's numbers
 * themselves.
 */
#include "cases.h"

#include <transforms/java_time.h>

#define APACHE "org.apache.kafka.connect.transforms."

static const transform_case whole_cases[] = {
    {"cast-value", "spec=int8", "v=:300", "v=:44b"},
    {"cast-value", "spec=int16", "v=:70000", "v=:4464s"},
    {"cast-value", "spec=int32", "v=:4294967297", "v=:1i"},
    {"cast-value", "spec=int64", "v=:-5b", "v=:-5"},
    {"cast-value", "spec=float32", "v=:16777217", "v=:1.6777216E7f"},
    {"cast-value", "spec=float64", "v=:3i", "v=:3.0"},
    {"cast-value", "spec=boolean", "v=:2s", "v=:true"},
    {"cast-value", "spec=boolean", "v=:0", "v=:false"},
    {"cast-value", "spec=string", "v=:-17", "v=:\"-17\""},
    {"cast-value", "spec=int8", "v=:300.7", "v=:44b"},
    {"cast-value", "spec=int16", "v=:1e20", "v=:-1s"},
    {"cast-value", "spec=int32", "v=:1e20", "v=:2147483647i"},
    {"cast-value", "spec=int32", "v=:-1e20", "v=:-2147483648i"},
    {"cast-value", "spec=int64", "v=:1e20", "v=:9223372036854775807"},
    {"cast-value", "spec=int64", "v=:-1e20", "v=:-9223372036854775808"},
    {"cast-value", "spec=int32", "v=:NaN", "v=:0i"},
    {"cast-value", "spec=float32", "v=:0.1", "v=:0.1f"},
    {"cast-value", "spec=float64", "v=:0.1f", "v=:0.10000000149011612"},
    {"cast-value", "spec=boolean", "v=:0.5", "v=:false"},
    {"cast-value", "spec=boolean", "v=:-1.5", "v=:true"},
    {"cast-value", "spec=int8", "v=:true", "v=:1b"},
    {"cast-value", "spec=float64", "v=:false", "v=:0.0"},
    {"cast-value", "spec=boolean", "v=:true", "v=:true"},
    {"cast-value", "spec=string", "v=:true", "v=:\"true\""},
    {"cast-value", "spec=string", "v=:1.0", "v=:\"1.0\""},
    {"cast-value", "spec=string", "v=:1e7", "v=:\"1.0E7\""},
    {"cast-value", "spec=string", "v=:1234567.125", "v=:\"1234567.125\""},
    {"cast-value", "spec=string", "v=:1e-5", "v=:\"1.0E-5\""},
    {"cast-value", "spec=string", "v=:0.001", "v=:\"0.001\""},
    {"cast-value", "spec=string", "v=:-0.0", "v=:\"-0.0\""},
    {"cast-value", "spec=string", "v=:NaN", "v=:\"NaN\""},
    {"cast-value", "spec=string", "v=:-Infinity", "v=:\"-Infinity\""},
    {"cast-value", "spec=string", "v=:3.4028235e38f", "v=:\"3.4028235E38\""},
    {"cast-value", "spec=string", "v=:x0102ff", "v=:\"AQL/\""},
    {"cast-value", "spec=string", "v=:x01", "v=:\"AQ==\""},
    {"cast-value", "spec=string", "v=bytes:x0102", "v=string:\"AQI=\""},
    {"cast-value", "spec=string", "v=:\"abc\"", "v=:\"abc\""},
    {"cast-value", "spec=int8", "v=:\"127\"", "v=:127b"},
    {"cast-value", "spec=int8", "v=:\"-128\"", "v=:-128b"},
    {"cast-value", "spec=int8", "v=:\"128\"", "!out of its range"},
    {"cast-value", "spec=int64", "v=:\"9223372036854775807\"", "v=:9223372036854775807"},
    {"cast-value", "spec=int64", "v=:\"-9223372036854775808\"", "v=:-9223372036854775808"},
    {"cast-value", "spec=int64", "v=:\"9223372036854775808\"", "!out of its range"},
    {"cast-value", "spec=int32", "v=:\"+5\"", "v=:5i"},
    {"cast-value", "spec=int32", "v=:\" 5\"", "!no INT32"},
    {"cast-value", "spec=int32", "v=:\"\"", "!no INT32"},
    {"cast-value", "spec=int32", "v=:\"-\"", "!no INT32"},
    {"cast-value", "spec=int32", "v=:\"5.0\"", "!no INT32"},
    {"cast-value", "spec=float64", "v=:\" 5.5d \"", "v=:5.5"},
    {"cast-value", "spec=float64", "v=:\"0x1.8p1\"", "v=:3.0"},
    {"cast-value", "spec=float64", "v=:\"1e400\"", "v=:Infinity"},
    {"cast-value", "spec=float32", "v=:\"0.1\"", "v=:0.1f"},
    {"cast-value", "spec=float32", "v=:\"NaN\"", "v=:NaNf"},
    {"cast-value", "spec=float64", "v=:\"-Infinity\"", "v=:-Infinity"},
    {"cast-value", "spec=float64", "v=:\"inf\"", "!no FLOAT64"},
    {"cast-value", "spec=float64", "v=:\"1e\"", "!no FLOAT64"},
    {"cast-value", "spec=float64", "v=:\".\"", "!no FLOAT64"},
    {"cast-value", "spec=float64", "v=:\".5\"", "v=:0.5"},
    {"cast-value", "spec=boolean", "v=:\"TRUE\"", "v=:true"},
    {"cast-value", "spec=boolean", "v=:\"yes\"", "v=:false"},
    {"cast-value", "spec=int8", "v=:x01", "!a string only"},
    {"cast-value", "spec=int8", "v=bytes:x01", "!a string only"},
    {"cast-value", "spec=int8", "v=:[1]", "!ARRAY"},
    {"cast-value", "spec=string", "v=:{a:1}", "!MAP"},
    {"cast-value", "spec=string", "v={a:int8}:{a:1}", "!STRUCT"},
    {"cast-value", "spec=int8", "v=:null", "v=:null"},
    {"cast-value", "spec=int8", "v=string?:null", "v=string?:null"},
    {"cast-value", "spec=string", "v=int32(name=N,version=3,doc=D,p=q)?=7:5",
     "v=string(name=N,version=3,doc=D,p=q)?=\"7\":\"5\""},
    {"cast-key", "spec=int64", "k=int32:5 ; v=:null", "k=int64:5 ; v=:null"},
    {APACHE "Cast$Key", "spec=INT64", "k=:5i ; v=:1", "k=:5 ; v=:1"},
};

static const transform_case logical_cases[] = {
    {"cast-value", "spec=string", "v=Timestamp:0",
     "v=string(name=org.apache.kafka.connect.data.Timestamp,version=1):\"00:00:00.000Z\""},
    {"cast-value", "spec=a:string", "v={a:Timestamp}:{a:86399999}", "v={a:string}:{a:\"23:59:59.999Z\"}"},
    {"cast-value", "spec=a:string", "v={a:Timestamp}:{a:86400000}", "v={a:string}:{a:\"1970-01-02\"}"},
    {"cast-value", "spec=a:string", "v={a:Timestamp}:{a:86400001}",
     "v={a:string}:{a:\"1970-01-02T00:00:00.001Z\"}"},
    {"cast-value", "spec=a:string", "v={a:Timestamp}:{a:-1}", "v={a:string}:{a:\"23:59:59.999Z\"}"},
    {"cast-value", "spec=a:string", "v={a:Timestamp}:{a:1709164800000}", "v={a:string}:{a:\"2024-02-29\"}"},
    {"cast-value", "spec=a:string", "v={a:Timestamp}:{a:4107542399999}",
     "v={a:string}:{a:\"2100-02-28T23:59:59.999Z\"}"},
    {"cast-value", "spec=a:string", "v={a:Date,b:Time?}:{a:19000}",
     "v={a:string,b:Time?}:{a:\"2022-01-08\",b:null}"},
    {"cast-value", "spec=a:string", "v={a:Time}:{a:45296789}", "v={a:string}:{a:\"12:34:56.789Z\"}"},
    {"cast-value", "spec=a:int32", "v={a:Date}:{a:19000}", "v={a:int32}:{a:19000}"},
    {"cast-value", "spec=a:int64", "v={a:Timestamp?=5}:{}", "v={a:int64?=5}:{a:5}"},
    {"cast-value", "spec=a:float64", "v={a:Time}:{a:7}", "v={a:float64}:{a:7.0}"},
    {"cast-value", "spec=a:string", "v={a:Decimal(2)}:{a:1.50}", "v={a:string}:{a:\"1.50\"}"},
    {"cast-value", "spec=a:string", "v={a:Decimal(2)}:{a:-0.05}", "v={a:string}:{a:\"-0.05\"}"},
    {"cast-value", "spec=a:string", "v={a:Decimal(9)}:{a:0.000000001}", "v={a:string}:{a:\"1E-9\"}"},
    {"cast-value", "spec=a:string", "v={a:Decimal(7)}:{a:0.0000010}", "v={a:string}:{a:\"0.0000010\"}"},
    {"cast-value", "spec=a:string", "v={a:Decimal(-3)}:{a:5E+3}", "v={a:string}:{a:\"5E+3\"}"},
    {"cast-value", "spec=a:string", "v={a:Decimal(0)}:{a:123456789012345678901234567890}",
     "v={a:string}:{a:\"123456789012345678901234567890\"}"},
    {"cast-value", "spec=a:string", "v={a:Decimal(2)}:{a:0.00}", "v={a:string}:{a:\"0.00\"}"},
    {"cast-value", "spec=a:string", "v={a:Decimal(8)}:{a:0.00000000}", "v={a:string}:{a:\"0E-8\"}"},
    {"cast-value", "spec=a:int64", "v={a:Decimal(2)}:{a:123456789012345678901234.56}",
     "v={a:int64}:{a:-7269072992350064654}"},
    {"cast-value", "spec=a:int32", "v={a:Decimal(2)}:{a:-1.56}", "v={a:int32}:{a:-1}"},
    {"cast-value", "spec=a:int8", "v={a:Decimal(-2)}:{a:300}", "v={a:int8}:{a:44}"},
    {"cast-value", "spec=a:boolean", "v={a:Decimal(2)}:{a:0.56}", "v={a:boolean}:{a:false}"},
    {"cast-value", "spec=a:float64", "v={a:Decimal(2)}:{a:0.10}", "v={a:float64}:{a:0.1}"},
    {"cast-value", "spec=a:float32", "v={a:Decimal(1)}:{a:16777217.0}", "v={a:float32}:{a:1.6777216E7}"},
};

static const transform_case field_cases[] = {
    {"cast-value", "spec=a:int8,b:string", "v={a:int32,b:float64?,c:string?}:{a:300,b:1.5,c:\"x\"}",
     "v={a:int8,b:string?,c:string?}:{a:44,b:\"1.5\",c:\"x\"}"},
    {APACHE "Cast$Value", "spec= a : INT8 , b:string ", "v={a:int32,b:float64?}:{a:3}",
     "v={a:int8,b:string?}:{a:3,b:null}"},
    {"cast-value", "spec=a:int8,a:int16", "v={a:int32}:{a:300}", "v={a:int16}:{a:300}"},
    {"cast-value", "spec=z:int8", "v={a:int32}(name=N,version=1,doc=D,p=q)?:{a:3}",
     "v={a:int32}(name=N,version=1,doc=D,p=q)?:{a:3}"},
    {"cast-value", "spec=a:string", "v={a:int32(name=x.Y,version=2,doc=D)?=7,b:int8?=1}:{}",
     "v={a:string?=\"7\",b:int8?=1}:{a:\"7\",b:1}"},
    {"cast-value", "spec=a:string ; replace.null.with.default=false", "v={a:int32?=7,b:int8?=1}:{}",
     "v={a:string?=\"7\",b:int8?=1}:{a:null,b:null}"},
    {"cast-value", "spec=a:int8", "v={a:string}:{a:\"x\"}", "!field 'a'"},
    {"cast-value", "spec=a:int8", "v={a:{b:int8}}:{a:{b:1}}", "!field 'a'"},
    {"cast-value", "spec=a:int8", "v={a:[int8]}:{a:[1]}", "!field 'a'"},
    {"cast-value", "spec=a:int8", "v={a:int8}?:null", "v={a:int8}?:null"},
    {"cast-value", "spec=a:int8", "v=string:\"x\"", "!expected a struct"},
    {"cast-value", "spec=a:int8,z:int8", "v=:{a:300,b:\"x\"}", "v=:{a:44b,b:\"x\",z:null}"},
    {"cast-value", "spec=a:int8", "v=:{a:null}", "v=:{a:null}"},
    {"cast-value", "spec=a:int8", "v=:5", "!expected a map"},
    {"cast-value", "spec=a:int8", "v=:{a:\"x\"}", "!field 'a'"},
    {"cast-key", "spec=id:string", "k={id:int64}:{id:5} ; v={id:int64}:{id:5}",
     "k={id:string}:{id:\"5\"} ; v={id:int64}:{id:5}"},
    {"cast-value", "", NULL, "!'spec'"},
    {"cast-value", "spec=", NULL, "!at least one"},
    {"cast-value", "spec=a:int8,b", NULL, "!found 'b'"},
    {"cast-value", "spec=a:bytes", NULL, "!found 'a:bytes'"},
    {"cast-value", "spec=a:decimal", NULL, "!found 'a:decimal'"},
    {"cast-value", "spec=int8,int16", NULL, "!not both"},
    {"cast-value", "spec=int8,a:int16", NULL, "!not both"},
    {"cast-value", "spec=a::int8", NULL, "!found 'a::int8'"},
    {"cast-value", "spec=a:", NULL, "!found 'a:'"},
    {"cast-value", "spec=:int8", NULL, SETTINGS_OK},
};

static const transform_case mask_cases[] = {
    {"mask-field-value", "fields=a,b,c,d,e,f,g,h",
     "v={a:int8,b:int16,c:int32,d:int64,e:float32,f:float64,g:boolean,h:string}:{a:1,b:2,c:3,d:4,e:5.5,f:6.5,"
     "g:true,h:\"x\"}",
     "v={a:int8,b:int16,c:int32,d:int64,e:float32,f:float64,g:boolean,h:string}:{a:0,b:0,c:0,d:0,e:0.0,f:0.0,"
     "g:false,h:\"\"}"},
    {APACHE "MaskField$Value", "fields=a,b,c", "v={a:Date,b:Time,c:Timestamp,x:int8}:{a:1,b:2,c:3,x:4}",
     "v={a:Date,b:Time,c:Timestamp,x:int8}:{a:0,b:0,c:0,x:4}"},
    {"mask-field-value", "fields=a,b", "v={a:[int8],b:<string,int8>}:{a:[1,2],b:{k:1}}",
     "v={a:[int8],b:<string,int8>}:{a:[],b:{}}"},
    {"mask-field-value", "fields=a", "v={a:Decimal(0)}(name=N)?:{a:12}", "v={a:Decimal(0)}(name=N)?:{a:0}"},
    {"mask-field-value", "fields=a,z", "v={a:string?,b:int8}:{b:1}", "v={a:string?,b:int8}:{a:null,b:1}"},
    {"mask-field-value", "fields=a", "v={a:int8?=3,b:int8?=4}:{}", "v={a:int8?=3,b:int8?=4}:{a:0,b:4}"},
    {"mask-field-value", "fields=a ; replace.null.with.default=false", "v={a:int8?=3,b:int8?=4}:{}",
     "v={a:int8?=3,b:int8?=4}:{a:null,b:null}"},
    {"mask-field-value", "fields=a", "v={a:bytes}:{a:x01}", "!field 'a'"},
    {"mask-field-value", "fields=a", "v={a:bytes?}:{}", "v={a:bytes?}:{a:null}"},
    {"mask-field-value", "fields=a", "v={a:{b:int8}}:{a:{b:1}}", "!field 'a'"},
    {"mask-field-value", "fields=a,b,c,d,e,f,g,h,i",
     "v=:{a:1b,b:2s,c:3i,d:4,e:5.5f,f:6.5,g:true,h:\"x\",i:[1],j:9}",
     "v=:{a:0b,b:0s,c:0i,d:0,e:0.0f,f:0.0,g:false,h:\"\",i:[],j:9}"},
    {"mask-field-value", "fields=a,z", "v=:{a:{b:1}}", "v=:{a:{},z:null}"},
    {"mask-field-value", "fields=a", "v=:{a:x01}", "!field 'a'"},
    {"mask-field-value", "fields=a,b,c,d,e,f,h ; replacement=300",
     "v={a:int8,b:int16,c:int32,d:int64,e:float32,f:float64,h:string}:{a:1,b:2,c:3,d:4,e:5.5,f:6.5,h:\"x\"}",
     "v={a:int8,b:int16,c:int32,d:int64,e:float32,f:float64,h:string}:{a:44,b:300,c:300,d:300,e:300.0,f:300."
     "0,h:\"300\"}"},
    {"mask-field-value", "fields=a,b,c ; replacement=12.5",
     "v={a:int32,b:float64,c:Decimal(1)}:{a:1,b:1.5,c:1.0}",
     "v={a:int32,b:float64,c:Decimal(1)}:{a:12,b:12.5,c:12.5}"},
    {"mask-field-value", "fields=a ; replacement=9999999999999", "v=:{a:1i}", "v=:{a:1316134911i}"},
    {"mask-field-value", "fields=a ; replacement=1e3", "v=:{a:1b}", "v=:{a:-24b}"},
    {"mask-field-value", "fields=a ; replacement=***", "v=:{a:\"secret\"}", "v=:{a:\"***\"}"},
    {"mask-field-value", "fields=a ; replacement=***", "v=:{a:5}", "!field 'a'"},
    {"mask-field-value", "fields=a ; replacement=5", "v=:{a:true}", "!field 'a'"},
    {"mask-field-value", "fields=a ; replacement=5", "v={a:Timestamp}:{a:1}", "!field 'a'"},
    {"mask-field-value", "fields=a ; replacement=5", "v={a:[int8]}:{a:[1]}", "!field 'a'"},
    {"mask-field-value", "fields=a ; replacement=5", "v={a:bytes}:{a:x01}", "!field 'a'"},
    {"mask-field-value", "fields=a ; replacement=x", "v={a:int8?}:{}", "v={a:int8?}:{a:null}"},
    {"mask-field-value", "fields=a", "v=:null", "!found null"},
    {"mask-field-value", "fields=a", "v={a:int8}?:null", "!found null"},
    {"mask-field-value", "fields=a", "v=:5", "!expected a map"},
    {"mask-field-key", "fields=a", "k={a:int8}:{a:1} ; v={a:int8}:{a:1}",
     "k={a:int8}:{a:0} ; v={a:int8}:{a:1}"},
    {APACHE "MaskField$Key", "fields=a", "k=:{a:1b} ; v=:null", "k=:{a:0b} ; v=:null"},
    {"mask-field-value", "", NULL, "!'fields'"},
    {"mask-field-value", "fields=", NULL, "!at least one"},
    {"mask-field-value", "fields=a,", NULL, "!empty item"},
    {"mask-field-value", "fields=a ; replacement=", NULL, "!not empty"},
};

/* Better than Java, which makes a value that no converter then takes. */
static const transform_case better_cases[] = {
    {"mask-field-value", "fields=a", "v={a:Decimal(2)}:{a:12.34}",
     "~"
     "v={a:Decimal(2)}:{a:0.00}"},
    {"mask-field-value", "fields=a ; replacement=12", "v={a:Decimal(2)}:{a:0.34}",
     "~"
     "v={a:Decimal(2)}:{a:12.00}"},
    {"mask-field-value", "fields=a ; replacement=-12.50", "v={a:Decimal(1)}:{a:0.3}",
     "~"
     "v={a:Decimal(1)}:{a:-12.5}"},
    {"mask-field-value", "fields=a ; replacement=12.55", "v={a:Decimal(1)}:{a:0.3}",
     "~"
     "!field 'a'"},
    {"cast-value", "spec=a:string", "v={a:int8}?={a:5}:{a:1}",
     "~"
     "v={a:string}?={a:\"5\"}:{a:\"1\"}"},
};

static void test_cast_whole(void **state) {
    (void)state;
    run_cases(whole_cases);
}

static void test_cast_logical_types(void **state) {
    (void)state;
    run_cases(logical_cases);
}

static void test_cast_fields(void **state) {
    (void)state;
    run_cases(field_cases);
}

static void test_mask_field(void **state) {
    (void)state;
    run_cases(mask_cases);
}

static void test_better_than_java(void **state) {
    (void)state;
    run_cases(better_cases);
}

static void test_calendar(void **state) {
    (void)state;
    for (int64_t day = -800000; day < 800000; day += 13) {
        java_time t = java_time_of(day * MS_PER_DAY + 5);
        assert_int_equal(java_days(t.year, t.month, t.day), day);
        assert_int_equal(t.ms, 5);
    }
    java_time t = java_time_of(INT64_C(1709251199999)); /* Thu 2024-02-29T23:59:59.999 */
    assert_int_equal(t.day_of_year, 60);
    assert_int_equal(t.weekday, 4);
    assert_int_equal(t.hour * 10000 + t.minute * 100 + t.second, 235959);
    assert_int_equal(java_days(2023, 14, 1), java_days(2024, 2, 1));
    assert_int_equal(java_days(2024, 0, 31), java_days(2023, 12, 31));
}

static void test_decimals_there_and_back(void **state) {
    static const char *const texts[] = {"0",
                                        "1",
                                        "-1",
                                        "127",
                                        "128",
                                        "-128",
                                        "-129",
                                        "255",
                                        "256",
                                        "-32768",
                                        "-32769",
                                        "99999999999999999999999999999999999999",
                                        "-170141183460469231731687303715884105728"};
    sl_arena arena;
    (void)state;
    sl_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        java_decimal d, back;
        sl_buf out;
        assert_true(java_decimal_parse(&arena, sl_str_of(texts[i]), &d));
        sl_str bytes = java_decimal_bytes(&arena, &d, 0);
        assert_true(java_decimal_of(&arena, bytes, 0, &back));
        sl_buf_init(&out, NULL);
        sl_buf_add_str(&out, back.negative ? SL_STR("-") : SL_STR(""));
        sl_buf_add(&out, back.digits, back.n);
        test_assert_str(sl_buf_view(&out), texts[i]);
        sl_buf_deinit(&out);
    }
    java_decimal d;
    assert_false(java_decimal_parse(&arena, SL_STR(""), &d));
    assert_false(java_decimal_parse(&arena, SL_STR("."), &d));
    assert_false(java_decimal_parse(&arena, SL_STR("1e"), &d));
    assert_false(java_decimal_parse(&arena, SL_STR("1x"), &d));
    assert_true(java_decimal_parse(&arena, SL_STR("1e900000000"), &d));
    assert_null(java_decimal_bytes(&arena, &d, 0).p); /* would be too long */
    assert_int_equal(java_decimal_long(&d), 0);
    sl_arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cast_whole),
        cmocka_unit_test(test_cast_logical_types),
        cmocka_unit_test(test_cast_fields),
        cmocka_unit_test(test_mask_field),
        cmocka_unit_test(test_better_than_java),
        cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_decimals_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
