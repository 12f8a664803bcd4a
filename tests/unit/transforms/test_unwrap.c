/*
 * test_unwrap.c - ExtractNewRecordState: every mode and option on Debezium's envelopes, tombstones and what
 * is neither.
 */
#include "cases.h"

#define UNWRAP "io.debezium.transforms.ExtractNewRecordState"

/* A row as Debezium has it: optional in the envelope; n has a default. */
#define ROW "{id:int64,name:string?,n:int32?=7}(name=s.Value)"
#define SOURCE "{version:string,connector:string,ts_ms:int64,db:string,lsn:int64?}(name=s.Source)"
#define TX "{id:string,total_order:int64,data_collection_order:int64}(name=s.block,version=1)"
#define ENVELOPE                                                                                             \
    "{before:" ROW "?,after:" ROW "?,source:" SOURCE ",transaction:" TX                                      \
    "?,op:string,ts_ms:int64?,ts_us:int64?,ts_ns:int64?}(name=s.Envelope,version=2)"

#define SOURCE_V "source:{version:\"3\",connector:\"postgresql\",ts_ms:11,db:\"d\",lsn:99}"

#define KEY "k={id:int64}(name=s.Key):{id:1} ; "
#define CREATE KEY "v=" ENVELOPE ":{after:{id:1,name:\"a\"}," SOURCE_V ",op:\"c\",ts_ms:12,ts_us:13,ts_ns:14}"
#define UPDATE                                                                                               \
    KEY "v=" ENVELOPE ":{before:{id:1,name:\"a\",n:1},after:{id:1,name:\"b\",n:2}," SOURCE_V                 \
        ",transaction:{id:\"571:1\",total_order:1,data_collection_order:2},op:\"u\",ts_ms:12,ts_us:13,ts_"   \
        "ns:14}"
#define DELETE KEY "v=" ENVELOPE ":{before:{id:1,name:\"a\"}," SOURCE_V ",op:\"d\",ts_ms:12}"
#define TRUNCATE "v=" ENVELOPE ":{" SOURCE_V ",op:\"t\",ts_ms:12}"
#define TOMBSTONE KEY "v=:null"

#define OUT_ROW "{id:int64,name:string?,n:int32?=7}(name=s.Value)"
#define OUT_REWRITE "{id:int64,name:string?,n:int32?=7,__deleted:string?}(name=s.Value)"
#define MODE "delete.tombstone.handling.mode="

static const transform_case mode_cases[] = {
    {UNWRAP, "", CREATE, KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null}"},
    {"extract-new-record-state", "", UPDATE, KEY "v=" OUT_ROW ":{id:1,name:\"b\",n:2}"},
    {UNWRAP, "", DELETE, KEY "v=" ROW "?:null"},
    {UNWRAP, "", TRUNCATE, "dropped"},
    {UNWRAP, "", TOMBSTONE, "dropped"},
    {UNWRAP, MODE "tombstone", DELETE, KEY "v=" ROW "?:null"},
    {UNWRAP, MODE "tombstone", TOMBSTONE, "dropped"},
    {UNWRAP, MODE "drop", CREATE, KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null}"},
    {UNWRAP, MODE "drop", DELETE, "dropped"},
    {UNWRAP, MODE "drop", TOMBSTONE, "dropped"},
    {UNWRAP, MODE "delete-to-tombstone", DELETE, KEY "v=:null"},
    {UNWRAP, MODE "delete-to-tombstone", TOMBSTONE, "dropped"},
    {UNWRAP, MODE "rewrite", CREATE, KEY "v=" OUT_REWRITE ":{id:1,name:\"a\",n:7,__deleted:\"false\"}"},
    {UNWRAP, MODE "REWRITE", UPDATE, KEY "v=" OUT_REWRITE ":{id:1,name:\"b\",n:2,__deleted:\"false\"}"},
    {UNWRAP, MODE "rewrite", DELETE, KEY "v=" OUT_REWRITE ":{id:1,name:\"a\",n:7,__deleted:\"true\"}"},
    {UNWRAP, MODE "rewrite", TOMBSTONE, "dropped"},
    {UNWRAP, MODE "rewrite", TRUNCATE, "dropped"},
    {UNWRAP, MODE "rewrite ; replace.null.with.default=false", CREATE,
     KEY "v=" OUT_REWRITE ":{id:1,name:\"a\",n:null,__deleted:\"false\"}"},
    {UNWRAP, MODE "rewrite ; replace.null.with.default=false", DELETE,
     KEY "v=" OUT_REWRITE ":{id:1,name:\"a\",n:null,__deleted:\"true\"}"},
    {UNWRAP, MODE "rewrite-with-tombstone", DELETE,
     KEY "v=" OUT_REWRITE ":{id:1,name:\"a\",n:7,__deleted:\"true\"}"},
    {UNWRAP, MODE "rewrite-with-tombstone", TOMBSTONE, TOMBSTONE},
    {UNWRAP, "replace.null.with.default=true", CREATE, KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null}"},
    /* what is no envelope passes; null does not */
    {UNWRAP, "", "v={id:int64}(name=s.Value):{id:1}", "v={id:int64}(name=s.Value):{id:1}"},
    {UNWRAP, "", "v={id:int64}:{id:1}", "v={id:int64}:{id:1}"},
    {UNWRAP, "", "v=:{after:{id:1}}", "v=:{after:{id:1}}"},
    {UNWRAP, "", "v=:\"x\"", "v=:\"x\""},
    {UNWRAP, "", "v=" ENVELOPE ":null", "dropped"},
    /* envelopes that are none */
    {UNWRAP, "", "v={op:string}(name=s.Envelope):{op:\"c\"}", "!field 'after'"},
    {UNWRAP, "", "v={after:{a:int8}?,op:string}(name=s.Envelope):{op:\"d\"}", "!field 'before'"},
    {UNWRAP, "", "v={after:string?,op:string}(name=s.Envelope):{after:\"{}\",op:\"c\"}", "!'after'"},
    {UNWRAP, "", "v=string(name=s.Envelope):\"x\"", "!expected a struct"},
    {UNWRAP, MODE "rewrite",
     "v={after:{__deleted:string}?,before:{__deleted:string}?,op:string}(name=s.Envelope):{after:{__deleted:"
     "\"x\"},op:\"c\"}",
     "!'__deleted'"},
    /* settings */
    {UNWRAP, MODE "none", NULL, "!one of: drop, tombstone"},
    {UNWRAP, "drop.fields.from.key=2", NULL, "!true or false"},
    {UNWRAP, "", NULL, SETTINGS_OK},
};

static const transform_case field_cases[] = {
    {UNWRAP, "add.fields=op,table", CREATE,
     KEY
     "v={id:int64,name:string?,n:int32?=7,__op:string?}(name=s.Value):{id:1,name:\"a\",n:null,__op:\"c\"}"},
    {UNWRAP, "add.fields=op,ts_ms,ts_us,ts_ns,lsn,source.ts_ms", UPDATE,
     KEY "v={id:int64,name:string?,n:int32?=7,__op:string?,__ts_ms:int64?,__ts_us:int64?,__ts_ns:int64?,__"
         "lsn:int64?,__source_ts_ms:int64?}"
         "(name=s.Value):{id:1,name:\"b\",n:2,__op:\"u\",__ts_ms:12,__ts_us:13,__ts_ns:14,__lsn:99,__source_"
         "ts_ms:11}"},
    {UNWRAP, "add.fields=id,total_order,transaction.data_collection_order", UPDATE,
     KEY "v={id:int64,name:string?,n:int32?=7,__id:string?,__total_order:int64?,__transaction_data_"
         "collection_order:int64?}"
         "(name=s.Value):{id:1,name:\"b\",n:2,__id:\"571:1\",__total_order:1,__transaction_data_collection_"
         "order:2}"},
    {UNWRAP, "add.fields=transaction.id", CREATE,
     KEY "v={id:int64,name:string?,n:int32?=7,__transaction_id:string?}(name=s.Value):{id:1,name:\"a\",n:"
         "null,__transaction_id:null}"},
    {UNWRAP, "add.fields=before.name,after.n", UPDATE,
     KEY "v={id:int64,name:string?,n:int32?=7,__before_name:string?,__after_n:int32?}(name=s.Value):"
         "{id:1,name:\"b\",n:2,__before_name:\"a\",__after_n:2}"},
    {UNWRAP, "add.fields=before.name", CREATE,
     KEY "v={id:int64,name:string?,n:int32?=7,__before_name:string?}(name=s.Value):{id:1,name:\"a\",n:null,__"
         "before_name:null}"},
    {UNWRAP, "add.fields=op:OPERATION,source.ts_ms:EVENT_TS,lsn:LSN ; add.fields.prefix=x_", UPDATE,
     KEY
     "v={id:int64,name:string?,n:int32?=7,x_OPERATION:string?,x_EVENT_TS:int64?,x_LSN:int64?}(name=s.Value):"
     "{id:1,name:\"b\",n:2,x_OPERATION:\"u\",x_EVENT_TS:11,x_LSN:99}"},
    {UNWRAP, "add.fields=op,connector ; add.fields.prefix=", CREATE,
     KEY "v={id:int64,name:string?,n:int32?=7,op:string?,connector:string?}(name=s.Value):{id:1,name:\"a\",n:"
         "null,op:\"c\",connector:\"postgresql\"}"},
    {UNWRAP, "add.fields= op , nothing , source.nothing ", CREATE,
     KEY
     "v={id:int64,name:string?,n:int32?=7,__op:string?}(name=s.Value):{id:1,name:\"a\",n:null,__op:\"c\"}"},
    {UNWRAP, "add.fields=name:x,op ; add.fields.prefix=",
     "v={after:{a:int8}?,source:{b:int8},name:string,op:string}(name=s.Envelope):{after:{a:1},source:{b:2},"
     "name:\"extra\",op:\"c\"}",
     "v={a:int8,x:string?,op:string?}:{a:1,x:\"extra\",op:\"c\"}"},
    {UNWRAP, MODE "rewrite ; add.fields=op,lsn", DELETE,
     KEY "v={id:int64,name:string?,n:int32?=7,__deleted:string?,__op:string?,__lsn:int64?}(name=s.Value):"
         "{id:1,name:\"a\",n:7,__deleted:\"true\",__op:\"d\",__lsn:99}"},
    {UNWRAP, MODE "rewrite ; add.fields=op", CREATE,
     KEY "v={id:int64,name:string?,n:int32?=7,__deleted:string?,__op:string?}(name=s.Value):"
         "{id:1,name:\"a\",n:7,__deleted:\"false\",__op:\"c\"}"},
    {UNWRAP, "add.fields=op", DELETE, KEY "v=" ROW "?:null"},
    {UNWRAP, "add.fields=op,op", CREATE, "!'__op'"},
    {UNWRAP, "add.fields=name ; add.fields.prefix=",
     "v={after:{name:int8}?,source:{name:string},op:string}(name=s.Envelope):{after:{name:1},source:{name:"
     "\"x\"},op:\"c\"}",
     "!'name'"},
    {UNWRAP, "add.fields=lsn", "v={after:{a:int8}?,op:string}(name=s.Envelope):{after:{a:1},op:\"c\"}",
     "!no struct 'source'"},
    {UNWRAP, "add.fields=op.x", "v={after:{a:int8}?,op:string}(name=s.Envelope):{after:{a:1},op:\"c\"}",
     "!no struct 'op'"},
    {UNWRAP, "add.fields=a:b:c", NULL, "!add.fields"},
    {UNWRAP, "add.headers=a:b:c", NULL, "!add.headers"},
    {UNWRAP, "add.fields=:", NULL, "!add.fields"},
    {UNWRAP, "add.fields=a:b,source.c:d", NULL, SETTINGS_OK},
};

static const transform_case header_cases[] = {
    {UNWRAP, "add.headers=op,lsn,source.ts_ms", CREATE,
     KEY "v=" OUT_ROW
         ":{id:1,name:\"a\",n:null} ; h.__op=string?:\"c\" ; h.__lsn=int64?:99 ; h.__source_ts_ms=int64?:11"},
    {UNWRAP, "add.headers=op:OP,transaction.id ; add.headers.prefix=x.", UPDATE " ; h.old=:\"y\"",
     KEY
     "v=" OUT_ROW
     ":{id:1,name:\"b\",n:2} ; h.old=:\"y\" ; h.x.OP=string?:\"u\" ; h.x.transaction_id=string?:\"571:1\""},
    {UNWRAP, "add.headers=transaction.id,before.name,nothing", CREATE,
     KEY "v=" OUT_ROW
         ":{id:1,name:\"a\",n:null} ; h.__transaction_id=string?:null ; h.__before_name=string?:null"},
    {UNWRAP, "add.headers=op,lsn", DELETE, KEY "v=" ROW "?:null ; h.__op=string?:\"d\" ; h.__lsn=int64?:99"},
    {UNWRAP, MODE "rewrite-with-tombstone ; add.headers=op,lsn", TOMBSTONE,
     TOMBSTONE " ; h.__op=string:\"d\""},
    {UNWRAP, MODE "rewrite-with-tombstone ; add.headers=lsn", TOMBSTONE, TOMBSTONE},
    {UNWRAP, MODE "rewrite-with-tombstone ; add.headers=source.op:X", TOMBSTONE,
     TOMBSTONE " ; h.__X=string:\"d\""},
    {UNWRAP, "add.headers=op", "v={id:int64}:{id:1}", "v={id:int64}:{id:1}"},
    {UNWRAP, "add.headers=op ; add.fields=op ; add.headers.prefix=", CREATE,
     KEY "v={id:int64,name:string?,n:int32?=7,__op:string?}(name=s.Value):{id:1,name:\"a\",n:null,__op:\"c\"}"
         " ; h.op=string?:\"c\""},
};

static const transform_case route_cases[] = {
    {UNWRAP, "route.by.field=name", CREATE, "t=a ; " KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null}"},
    {UNWRAP, "route.by.field=name", DELETE, "t=a ; " KEY "v=" ROW "?:null"},
    {UNWRAP, MODE "rewrite ; route.by.field=name", DELETE,
     "t=a ; " KEY "v=" OUT_REWRITE ":{id:1,name:\"a\",n:7,__deleted:\"true\"}"},
    {UNWRAP, "route.by.field=id", CREATE, "!of type STRING"},
    {UNWRAP, "route.by.field=zz", CREATE, "!'zz'"},
    {UNWRAP, "route.by.field=zz", DELETE, "!'zz'"},
    {UNWRAP, "route.by.field=name", "v=" ENVELOPE ":{after:{id:1}," SOURCE_V ",op:\"c\"}",
     "v=" OUT_ROW ":{id:1,name:null,n:null}"},
    {UNWRAP, "route.by.field=name", "v=" ENVELOPE ":{after:{id:1,name:\"  \"}," SOURCE_V ",op:\"c\"}",
     "v=" OUT_ROW ":{id:1,name:\"  \",n:null}"},
    {UNWRAP, "route.by.field=", CREATE, KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null}"},
};

#define DROP "drop.fields.header.name=gone"
#define NAMES(list) " ; h.gone=[string]:[" list "]"

static const transform_case drop_cases[] = {
    {UNWRAP, DROP, CREATE, KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null}"},
    {UNWRAP, DROP, CREATE NAMES("\"name\""),
     KEY "v={id:int64,n:int32?=7}(name=s.Value):{id:1,n:7}" NAMES("\"name\"")},
    {UNWRAP, DROP, CREATE NAMES("\"id\""), KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null}" NAMES("\"id\"")},
    {UNWRAP, DROP, CREATE " ; h.gone=:[\"name\",\"n\",\"zz\"]",
     KEY "v={id:int64}(name=s.Value):{id:1} ; h.gone=:[\"name\",\"n\",\"zz\"]"},
    {UNWRAP, DROP " ; drop.fields.keep.schema.compatible=false", CREATE NAMES("\"id\""),
     KEY "v={name:string?,n:int32?=7}(name=s.Value):{name:\"a\",n:7}" NAMES("\"id\"")},
    {UNWRAP, DROP " ; drop.fields.keep.schema.compatible=false", CREATE NAMES("\"zz\""),
     KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:7}" NAMES("\"zz\"")},
    {UNWRAP, DROP, CREATE NAMES(""), KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null}" NAMES("")},
    {UNWRAP, DROP, CREATE " ; h.gone=:null", KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:null} ; h.gone=:null"},
    {UNWRAP, DROP, CREATE " ; h.gone=:\"name\"", "!header 'gone'"},
    {UNWRAP, DROP, CREATE " ; h.gone=:[\"name\"] ; h.gone=:[\"n\"]",
     KEY "v={id:int64,n:int32?=7}(name=s.Value):{id:1,n:7} ; h.gone=:[\"name\"] ; h.gone=:[\"n\"]"},
    {UNWRAP, DROP " ; drop.fields.from.key=true ; drop.fields.keep.schema.compatible=false",
     CREATE NAMES("\"id\""),
     "k={}(name=s.Key):{} ; v={name:string?,n:int32?=7}(name=s.Value):{name:\"a\",n:7}" NAMES("\"id\"")},
    {UNWRAP, DROP " ; drop.fields.from.key=true",
     "k={id:int64,x:int8?}(name=s.Key)?:{id:1,x:2} ; v=" ENVELOPE ":{after:{id:1}," SOURCE_V
     ",op:\"c\"}" NAMES("\"x\",\"id\""),
     "k={id:int64}(name=s.Key):{id:1} ; v=" OUT_ROW ":{id:1,name:null,n:null}" NAMES("\"x\",\"id\"")},
    {UNWRAP, DROP " ; drop.fields.from.key=true ; drop.fields.keep.schema.compatible=false",
     "k=:{id:1,x:2} ; v=" ENVELOPE ":{after:{id:1}," SOURCE_V ",op:\"c\"}" NAMES("\"x\""),
     "k=:{id:1} ; v=" OUT_ROW ":{id:1,name:null,n:7}" NAMES("\"x\"")},
    {UNWRAP, DROP " ; drop.fields.from.key=true ; drop.fields.keep.schema.compatible=false",
     DELETE NAMES("\"id\""), "k={}(name=s.Key):{} ; v=" ROW "?:null" NAMES("\"id\"")},
    /* added fields can be dropped from rows, not from deleted rows: there they come later */
    {UNWRAP, DROP " ; add.fields=op", CREATE NAMES("\"__op\",\"name\""),
     KEY "v={id:int64,n:int32?=7}(name=s.Value):{id:1,n:7}" NAMES("\"__op\",\"name\"")},
    {UNWRAP, MODE "rewrite ; " DROP " ; add.fields=op", DELETE NAMES("\"__op\",\"name\""),
     KEY "v={id:int64,n:int32?=7,__deleted:string?,__op:string?}(name=s.Value):{id:1,n:7,__deleted:\"true\",_"
         "_op:\"d\"}" NAMES("\"__op\",\"name\"")},
    {UNWRAP, MODE "rewrite ; " DROP, DELETE NAMES("\"__deleted\""),
     KEY "v=" OUT_ROW ":{id:1,name:\"a\",n:7}" NAMES("\"__deleted\"")},
};

/* Debezium fails on these; there is nothing to be dropped. */
static const transform_case gentle_cases[] = {
    {UNWRAP, MODE "delete-to-tombstone ; " DROP, DELETE NAMES("\"name\""),
     "~" KEY "v=:null" NAMES("\"name\"")},
    {UNWRAP, DROP " ; drop.fields.from.key=true",
     "k=:5 ; v=" ENVELOPE ":{after:{id:1}," SOURCE_V ",op:\"c\"}" NAMES("\"zz\""),
     "~"
     "k=:5 ; v=" OUT_ROW ":{id:1,name:null,n:null}" NAMES("\"zz\"")},
    {UNWRAP, DROP, CREATE " ; h.gone=:[1]",
     "~"
     "!header 'gone'"},
};

static void test_modes(void **state) {
    (void)state;
    run_cases(mode_cases);
}

static void test_added_fields(void **state) {
    (void)state;
    run_cases(field_cases);
}

static void test_added_headers(void **state) {
    (void)state;
    run_cases(header_cases);
}

static void test_routing(void **state) {
    (void)state;
    run_cases(route_cases);
}

static void test_dropped_fields(void **state) {
    (void)state;
    run_cases(drop_cases);
    run_cases(gentle_cases);
}

static void test_old_settings_are_warned_about(void **state) {
    instance it;
    (void)state;
    prepare(&it, SL_KIND_TRANSFORM, UNWRAP, "drop.tombstones=false ; delete.handling.mode=rewrite");
    assert_int_equal(it.report.errors, 0);
    test_assert_contains(test_find_problem(&it.report, "drop.tombstones"), "delete.tombstone.handling.mode");
    test_assert_contains(test_find_problem(&it.report, "delete.handling.mode"),
                         "delete.tombstone.handling.mode");
    sl_arena_deinit(&it.arena);
}

/* One instance sees many tables and lists of fields; what comes out must not depend on what its caches still
 * hold. */
static void test_many_schemas(void **state) {
    instance it;
    size_t before = sl__schema_count();
    (void)state;
    prepare(&it, SL_KIND_TRANSFORM, UNWRAP, DROP " ; add.fields=op");
    test_assert_ok(it.def->transform->open(&it.ctx, &it.state));
    for (int i = 0; i < 3000; i++) {
        char in[512], want[512];
        int table = i * 7919 % 900;
        snprintf(in, sizeof in,
                 "v={before:{c%d:int8,x:int8?}?,after:{c%d:int8,x:int8?}?,op:string}(name=t%d.Envelope):{"
                 "after:{c%d:%d},op:\"c\"} ; h.gone=:[\"x\",\"y%d\"]",
                 table, table, table, table, i % 100, i % 50);
        snprintf(want, sizeof want, "v={c%d:int8,__op:string?}:{c%d:%d,__op:\"c\"} ; h.gone=:[\"x\",\"y%d\"]",
                 table, table, i % 100, i % 50);
        transform_case c = {UNWRAP, "", in, want};
        sl_batch *batch = sl__batch_new(test_host());
        char *found = run_once(&it, &c, batch, 0);
        check_text(&c, found);
        free(found);
        sl__batch_free(batch);
    }
    assert_in_range(sl__schema_count(), before, before + 6000); /* bounded by the caches */
    it.def->transform->close(it.state);
    sl_arena_deinit(&it.arena);
    assert_int_equal(sl__schema_count(), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),          cmocka_unit_test(test_added_fields),
        cmocka_unit_test(test_added_headers),  cmocka_unit_test(test_routing),
        cmocka_unit_test(test_dropped_fields), cmocka_unit_test(test_old_settings_are_warned_about),
        cmocka_unit_test(test_many_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
