/*
 * test_shapes.c - HoistField, SetSchemaMetadata, Flatten, and the transforms of headers.
 */
#include "cases.h"

#define APACHE "org.apache.kafka.connect.transforms."

static const transform_case hoist_cases[] = {
    {"hoist-field-value", "field=x", "v=int32:5", "v={x:int32}:{x:5}"},
    {APACHE "HoistField$Value", "field=x", "v={a:int8}(name=N)?={a:1}:{a:2}",
     "v={x:{a:int8}(name=N)?={a:1}}:{x:{a:2}}"},
    {"hoist-field-value", "field=x", "v=string?:null", "v={x:string?}:{x:null}"},
    {"hoist-field-value", "field=x", "v=string:null", "!'x'"},
    {"hoist-field-value", "field=x", "v=:5", "v=:{x:5}"},
    {"hoist-field-value", "field=x", "v=:null", "v=:{x:null}"},
    {"hoist-field-value", "field=", "v=:1", "v=:{:1}"},
    {APACHE "HoistField$Key", "field=x", "k=int8:1 ; v=:1", "k={x:int8}:{x:1} ; v=:1"},
    {"hoist-field-key", "field=x", "k=:1 ; v=:null", "k=:{x:1} ; v=:null"},
    {"hoist-field-value", "", NULL, "!'field'"},
};

static const transform_case metadata_cases[] = {
    {"set-schema-metadata-value", "schema.name=a.B ; schema.version=7",
     "v={a:int8}(name=N,version=1,doc=D,p=q)?={a:3}:{a:2}",
     "v={a:int8}(name=a.B,version=7,doc=D,p=q)?={a:3}:{a:2}"},
    {APACHE "SetSchemaMetadata$Value", "schema.name=a.B", "v={a:int8}(version=1):{a:2}",
     "v={a:int8}(name=a.B,version=1):{a:2}"},
    {"set-schema-metadata-value", "schema.version=0", "v=int32(name=N):2", "~v=int32(name=N,version=0):2"},
    {"set-schema-metadata-value", "schema.name=a.B", "v=<string,int8>?:null",
     "~v=<string,int8>(name=a.B)?:null"},
    {"set-schema-metadata-value", "schema.name=a.B", "v=[int8]:[1]", "~v=[int8](name=a.B):[1]"},
    {"set-schema-metadata-value", "schema.name=a.B", "v={a:int8?=3}:{}", "v={a:int8?=3}(name=a.B):{a:3}"},
    {"set-schema-metadata-value", "schema.name=a.B ; replace.null.with.default=false", "v={a:int8?=3}:{}",
     "v={a:int8?=3}(name=a.B):{a:null}"},
    {"set-schema-metadata-value", "schema.name=a.B", "v=:null", "v=:null"},
    {"set-schema-metadata-value", "schema.name=a.B", "v=:{a:1}", "!expected a schema"},
    {"set-schema-metadata-key", "schema.name=a.B", "k=int8:1 ; v=:1", "~k=int8(name=a.B):1 ; v=:1"},
    {APACHE "SetSchemaMetadata$Key", "schema.version=2", "v=:1", "v=:1"},
    {"set-schema-metadata-value", "", NULL, "!nothing to set"},
    {"set-schema-metadata-value", "schema.version=x", NULL, "!whole number"},
    {"set-schema-metadata-value", "schema.version=3", NULL, SETTINGS_OK},
};

static const transform_case flatten_cases[] = {
    {"flatten-value", "", "v={a:int8,b:{c:string?,d:{e:int64}}}:{a:1,b:{c:\"x\",d:{e:5}}}",
     "v={a:int8,b.c:string?,b.d.e:int64}:{a:1,b.c:\"x\",b.d.e:5}"},
    {APACHE "Flatten$Value", "delimiter=_", "v={a:{b:[{c:int8}],t:Timestamp}}:{a:{b:[{c:1}],t:9}}",
     "v={a_b:[{c:int8}],a_t:Timestamp}:{a_b:[{c:1}],a_t:9}"},
    {"flatten-value", "delimiter=", "v={a:{b:int8}}:{a:{b:1}}", "v={ab:int8}:{ab:1}"},
    {"flatten-value", "", "v={a:{b:int8,c:{d:string}?}?}(name=N,version=2,doc=D,p=q)?:{a:{b:1}}",
     "v={a.b:int8?,a.c.d:string?}(name=N,version=2,doc=D,p=q):{a.b:1,a.c.d:null}"},
    {"flatten-value", "", "v={a:{b:int8}?}:{a:null}", "v={a.b:int8?}:{a.b:null}"},
    {"flatten-value", "", "v={a:{b:int8?=3}}:{a:{}}", "v={a.b:int8?=3}:{a.b:3}"},
    {"flatten-value", "", "v={a:{b:int8,c:string?}?={b:4}}:{a:{b:1}}",
     "v={a.b:int8?=4,a.c:string?}:{a.b:1,a.c:null}"},
    {"flatten-value", "", "v={a:{b:int8}}?={a:{b:7}}:{a:{b:1}}", "v={a.b:int8?=7}:{a.b:1}"},
    {"flatten-value", "", "v={a:{b:int8(name=x.Y,version=3,doc=D,p=q)}}:{a:{b:1}}",
     "v={a.b:int8(name=x.Y,version=3,doc=D,p=q)}:{a.b:1}"},
    {"flatten-value", "", "v={a:<string,int8>}:{a:{k:1}}", "!'a' is a map"},
    {"flatten-value", "", "v={a:{b:<string,int8>?}}:{a:{}}", "!'a.b' is a map"},
    {"flatten-value", "", "v={a.b:int8,a:{b:int8}}:{a.b:1,a:{b:1}}", "!'a.b'"},
    {"flatten-value", "", "v={}:{}", "v={}:{}"},
    {"flatten-value", "", "v={a:int8}?:null", "v={a:int8}?:null"},
    {"flatten-value", "", "v=:null", "v=:null"},
    {"flatten-value", "", "v=int8:1", "!expected a struct"},
    {"flatten-value", "", "v=:5", "!expected a map"},
    {"flatten-value", "", "v=:{a:1,b:{c:\"x\",d:{e:null}},f:[{g:1}],h:{}}",
     "v=:{a:1,b.c:\"x\",b.d.e:null,f:[{g:1}]}"},
    {"flatten-value", "delimiter=/", "v=:{a:{b:1}}", "v=:{a/b:1}"},
    {"flatten-key", "", "k={a:{b:int8}}:{a:{b:1}} ; v=:1", "k={a.b:int8}:{a.b:1} ; v=:1"},
    {APACHE "Flatten$Key", "", "k=:{a:{b:1}} ; v=:1", "k=:{a.b:1} ; v=:1"},
};

#define MOVE "fields=a,b ; headers=x,y ; operation=move"
#define COPY "fields=a,b ; headers=x,y ; operation=copy"

static const transform_case header_from_cases[] = {
    {"header-from-value", MOVE, "v={a:int32,b:string?,c:int8}(name=N)?:{a:1,c:2} ; h.old=:1",
     "v={c:int8}(name=N):{c:2} ; h.old=:1 ; h.x=int32:1 ; h.y=string?:null"},
    {APACHE "HeaderFrom$Value", COPY, "v={a:int32,b:string?,c:int8}(name=N)?:{a:1,b:\"s\",c:2}",
     "v={a:int32,b:string?,c:int8}(name=N)?:{a:1,b:\"s\",c:2} ; h.x=int32:1 ; h.y=string?:\"s\""},
    {"header-from-value", MOVE, "v={a:int8?=3,b:int8?,c:int8?=4}:{}",
     "v={c:int8?=4}:{c:4} ; h.x=int8?=3:3 ; h.y=int8?:null"},
    {"header-from-value", MOVE " ; replace.null.with.default=false", "v={a:int8?=3,b:int8?,c:int8?=4}:{}",
     "v={c:int8?=4}:{c:null} ; h.x=int8?=3:null ; h.y=int8?:null"},
    {"header-from-value", COPY, "v={a:int8}:{a:1}", "!field 'b'"},
    {"header-from-value", MOVE, "v=:{a:1,b:{z:2},c:3}", "v=:{c:3} ; h.x=:1 ; h.y=:{z:2}"},
    {"header-from-value", COPY, "v=:{a:1}", "v=:{a:1} ; h.x=:1 ; h.y=:null"},
    {"header-from-value", "fields=a,a ; headers=x,y ; operation=move", "v=:{a:1}", "v=:{} ; h.x=:1 ; h.y=:1"},
    {"header-from-value", "fields=a,a ; headers=x,x ; operation=move", "v={a:int8,b:int8}:{a:1,b:2}",
     "v={b:int8}:{b:2} ; h.x=int8:1 ; h.x=int8:1"},
    {"header-from-value", MOVE, "v=:null", "!found null"},
    {"header-from-value", MOVE, "v={a:int8}?:null", "!found null"},
    {"header-from-value", MOVE, "v=:5", "!expected a map"},
    {"header-from-key", MOVE, "k={a:int8,b:int8}:{a:1,b:2} ; v={a:int8}:{a:9}",
     "k={}:{} ; v={a:int8}:{a:9} ; h.x=int8:1 ; h.y=int8:2"},
    {APACHE "HeaderFrom$Key", COPY, "k=:{a:1,b:2} ; v=:null", "k=:{a:1,b:2} ; v=:null ; h.x=:1 ; h.y=:2"},
    {"header-from-value", "fields=a,b ; headers=x ; operation=move", NULL, "!as many headers"},
    {"header-from-value", "fields=a ; headers=x", NULL, "!'operation'"},
    {"header-from-value", "fields=a ; headers=x ; operation=drop", NULL, "!one of: move, copy"},
    {"header-from-value", "fields= ; headers= ; operation=move", NULL, "!at least one"},
};

static const transform_case header_cases[] = {
    {"drop-headers", "headers=a,c", "v=:1 ; h.a=:1 ; h.b=:2 ; h.a=:3 ; h.c=:4", "v=:1 ; h.b=:2"},
    {APACHE "DropHeaders", "headers=a", "v=:1", "v=:1"},
    {"drop-headers", "headers=a", "v=:1 ; h.b=string:\"x\"", "v=:1 ; h.b=string:\"x\""},
    {"drop-headers", "headers=", NULL, "!at least one"},
    {"drop-headers", "", NULL, "!'headers'"},
    {"insert-header", "value.literal=1", NULL, "!'header'"},
    {"insert-header", "header=a", NULL, "!'value.literal'"},
};

#define LITERAL(text, want)                                                                                  \
    { "insert-header", "header=h ; value.literal=" text, "v=:1 ; h.old=:1", "v=:1 ; h.old=:1 ; h.h=" want }

#define MIXED(text, want)                                                                                    \
    { "insert-header", "header=h ; value.literal=" text, "v=:1", "~v=:1 ; h.h=" want }

static const transform_case literal_cases[] = {
    {APACHE "InsertHeader", "header=h ; value.literal=abc", "v=:1", "v=:1 ; h.h=string:\"abc\""},
    LITERAL("", "string:\"\""),
    LITERAL("1", "int8:1"),
    LITERAL("-128", "int8:-128"),
    LITERAL("-129", "int16:-129"),
    LITERAL("32767", "int16:32767"),
    LITERAL("32768", "int32:32768"),
    LITERAL("2147483648", "int64:2147483648"),
    LITERAL("9223372036854775807", "int64:9223372036854775807"),
    LITERAL("9223372036854775808", "Decimal(0):9223372036854775808"),
    LITERAL("-9223372036854775808", "int64:-9223372036854775808"),
    LITERAL("+5", "int8:5"),
    LITERAL("-0", "int8:0"),
    LITERAL("1.0", "int8:1"),
    LITERAL("1e3", "int16:1000"),
    LITERAL("1.5", "float32:1.5"),
    LITERAL("0.1", "float32:0.1"),
    LITERAL("1e-60", "float32:0.0"),
    LITERAL("1e40", "float64:1.0E40"),
    LITERAL("1e400", "Decimal(-400):1E+400"),
    LITERAL("12345678901234567890.5", "float32:1.2345679E19"),
    LITERAL("123456789012345678901234567890", "Decimal(0):123456789012345678901234567890"),
    LITERAL("-", "string:\"-\""),
    LITERAL("5x", "string:\"5x\""),
    LITERAL("1f", "string:\"1f\""),
    LITERAL("0x10", "string:\"0x10\""),
    LITERAL("NaN", "string:\"NaN\""),
    LITERAL("1:2", "int8:1"),
    LITERAL("1,2", "int8:1"),
    LITERAL("a,b", "string:\"a,b\""),
    LITERAL("true", "boolean:true"),
    LITERAL("false", "boolean:false"),
    LITERAL("true}", "string:\"true}\""),
    LITERAL("TRUE", "string:\"TRUE\""),
    LITERAL("null", ":null"),
    LITERAL("2020-01-01", "Date:18262"),
    LITERAL("2020-13-45", "Date:18672"),
    LITERAL("2020-1-01x", "Date:18262"),
    LITERAL("2020-01-01x", "string:\"2020-01-01x\""),
    LITERAL("12:34:56.789Z", "Time:45296789"),
    LITERAL("2020-01-01T00:00:00.000Z", "Timestamp:1577836800000"),
    LITERAL("2020-01-01T00\\:00\\:00.000Z", "Timestamp:1577836800000"),
    LITERAL("[1,2]", "[int8]:[1,2]"),
    LITERAL("[ 1 , 2 ]", "[int8]:[1,2]"),
    LITERAL("[1,300]", "[int16]:[1,300]"),
    LITERAL("[300,1]", "[int16]:[300,1]"),
    LITERAL("[1,2,3000000000]", "[int64]:[1,2,3000000000]"),
    LITERAL("[1,2.5]", "[float32]:[1.0,2.5]"),
    LITERAL("[0.1,300]", "[float32]:[0.1,300.0]"),
    LITERAL("[1,]", "[int8]:[1]"),
    LITERAL("[1,2]x", "[int8]:[1,2]"),
    LITERAL("[\"a\",\"b\"]", "[string]:[\"a\",\"b\"]"),
    LITERAL("[true,false]", "[boolean]:[true,false]"),
    LITERAL("[[1],[2]]", "[[int8]]:[[1],[2]]"),
    LITERAL("[2020-01-01]", "[Date]:[18262]"),
    LITERAL("[\"2020-01-01\"]", "[Date]:[18262]"),
    LITERAL("[12:34:56.789Z]", "[Time]:[45296789]"),
    LITERAL("[2020-01-01,1]", "[Date]:[18262,1]"),
    LITERAL("[null,1]", "string:\"[null,1]\""),
    LITERAL("[a]", "string:\"[a]\""),
    LITERAL("[1", "string:\"[1\""),
    LITERAL("[1 2]", "string:\"[1 2]\""),
    LITERAL("{\"a\":1}", "<string,int8>:{a:1}"),
    LITERAL("{\"a\":1,\"b\":300}", "<string,int16>:{a:1,b:300}"),
    LITERAL("{\"a\":1 \"b\":2}", "<string,int8>:{a:1,b:2}"),
    LITERAL("{1:2}", "<int8,int8>:{1:2}"),
    LITERAL("{\"a\":[1,2]}", "<string,[int8]>:{a:[1,2]}"),
    LITERAL("{\"a\":1,}", "<string,int8>:{a:1}"),
    LITERAL("{\"a\"}", "string:\"{\"a\"}\""),
    LITERAL("{a:1}", "string:\"{a:1}\""),
    LITERAL("{\"a\":\"x\",\"b\":null}", "string:\"{\"a\":\"x\",\"b\":null}\""),
    LITERAL("\"quoted\"", "string:\"\"quoted\"\""),
    LITERAL("]", "string:\"]\""),
    LITERAL("a]", "string:\"a]\""),
};

/* Kafka Connect gives these a list or map schema without a schema for the items, which no converter takes. */
static const transform_case mixed_cases[] = {
    MIXED("[]", ":[]"), MIXED("[null]", ":[null]"),         MIXED("[1,\"a\"]", ":[1b,\"a\"]"),
    MIXED("{}", ":{}"), MIXED("{\"a\":null}", ":{a:null}"), MIXED("[[1],[\"x\"]]", ":[[1b],[\"x\"]]"),
};

static void test_hoist_field(void **state) {
    (void)state;
    run_cases(hoist_cases);
}

static void test_set_schema_metadata(void **state) {
    (void)state;
    run_cases(metadata_cases);
}

static void test_flatten(void **state) {
    (void)state;
    run_cases(flatten_cases);
}

static void test_header_from(void **state) {
    (void)state;
    run_cases(header_from_cases);
}

static void test_headers(void **state) {
    (void)state;
    run_cases(header_cases);
}

static void test_literals(void **state) {
    (void)state;
    run_cases(literal_cases);
    run_cases(mixed_cases);
}

static void test_deep_literal(void **state) {
    char conf[2200] = "header=h ; value.literal=", want[4600];
    (void)state;
    size_t start = strlen(conf);
    memset(conf + start, '[', 1000);
    memset(conf + start + 1000, ']', 1000);
    conf[start + 2000] = '\0';
    snprintf(want, sizeof want, "~v=:1 ; h.h=string:\"%s\"", conf + start);
    const transform_case c = {"insert-header", conf, "v=:1", want};
    run_table(&c, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hoist_field),  cmocka_unit_test(test_set_schema_metadata),
        cmocka_unit_test(test_flatten),      cmocka_unit_test(test_header_from),
        cmocka_unit_test(test_headers),      cmocka_unit_test(test_literals),
        cmocka_unit_test(test_deep_literal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
