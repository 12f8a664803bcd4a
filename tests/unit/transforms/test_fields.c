/*
 * test_fields.c - InsertField, ReplaceField, ExtractField, ValueToKey, Filter: every option with and without
 * a schema.
 */
#include "cases.h"

#define APACHE "org.apache.kafka.connect.transforms."

/* ---- InsertField ---- */

static const transform_case insert_cases[] = {
    {"insert-field-value", "topic.field=src", "v={a:int32}:{a:1}", "v={a:int32,src:string?}:{a:1,src:\"t\"}"},
    {APACHE "InsertField$Value", "topic.field=src!", "v={a:int32}:{a:1}",
     "v={a:int32,src:string}:{a:1,src:\"t\"}"},
    {"insert-field-value", "topic.field=src?", "v={a:int32}:{a:1}",
     "v={a:int32,src:string?}:{a:1,src:\"t\"}"},
    {"insert-field-value", "partition.field=p!", "p=3 ; v={a:int32}:{a:1}",
     "p=3 ; v={a:int32,p:int32}:{a:1,p:3}"},
    {"insert-field-value", "partition.field=p", "v={a:int32}:{a:1}", "v={a:int32,p:int32?}:{a:1,p:null}"},
    {"insert-field-value", "offset.field=o", "p=0 ; v={}:{} ; sink=42", "p=0 ; v={o:int64?}:{o:42}"},
    {"insert-field-value", "offset.field=o", "v={a:int32}:{a:1}", "!offset.field"},
    {"insert-field-value", "offset.field=o", "v=:{a:1}", "!offset.field"},
    {"insert-field-value", "timestamp.field=ts", "ts=1500000000123 ; v={a:int32}:{a:1}",
     "ts=1500000000123 ; v={a:int32,ts:Timestamp?}:{a:1,ts:1500000000123}"},
    {"insert-field-value", "timestamp.field=ts!", "ts=5 ; v={}:{}", "ts=5 ; v={ts:Timestamp}:{ts:5}"},
    {"insert-field-value", "timestamp.field=ts", "v={a:int32}:{a:1}",
     "v={a:int32,ts:Timestamp?}:{a:1,ts:null}"},
    {"insert-field-value", "static.field=s ; static.value=v", "v={a:int32}:{a:1}",
     "v={a:int32,s:string?}:{a:1,s:\"v\"}"},
    /* all at once, in a fixed order */
    {"insert-field-value",
     "static.field=s! ; static.value=x ; timestamp.field=ts ; offset.field=o ; partition.field=p ; "
     "topic.field=t",
     "p=1 ; ts=9 ; v={a:int8}:{a:1} ; sink=7",
     "p=1 ; ts=9 ; "
     "v={a:int8,t:string?,p:int32?,o:int64?,ts:Timestamp?,s:string}:{a:1,t:\"t\",p:1,o:7,ts:9,s:\"x\"}"},
    /* the struct loses its optionality and default, keeps the rest */
    {"insert-field-value", "topic.field=t", "v={a:int32}(name=N,version=2,doc=D,p=q)?={a:5}:{a:1}",
     "v={a:int32,t:string?}(name=N,version=2,doc=D,p=q):{a:1,t:\"t\"}"},
    {"insert-field-value", "topic.field=t", "v={a:int32?=7,b:string?}:{}",
     "v={a:int32?=7,b:string?,t:string?}:{a:7,b:null,t:\"t\"}"},
    {"insert-field-value", "topic.field=t ; replace.null.with.default=false", "v={a:int32?=7}:{}",
     "v={a:int32?=7,t:string?}:{a:null,t:\"t\"}"},
    {"insert-field-value", "topic.field=a", "v={a:int32}:{a:1}", "!'a'"},
    /* without a schema */
    {"insert-field-value", "topic.field=src", "v=:{a:1}", "v=:{a:1,src:\"t\"}"},
    {"insert-field-value", "topic.field=a", "v=:{a:1}", "v=:{a:\"t\"}"},
    {"insert-field-value", "partition.field=p", "v=:{a:1}", "v=:{a:1}"},
    {"insert-field-value", "partition.field=p", "p=4 ; v=:{a:1}", "p=4 ; v=:{a:1,p:4i}"},
    {"insert-field-value", "timestamp.field=ts", "v=:{a:1}", "v=:{a:1}"},
    {"insert-field-value", "timestamp.field=ts", "ts=12 ; v=:{}", "ts=12 ; v=:{ts:12}"},
    {"insert-field-value", "offset.field=o", "p=0 ; v=:{} ; sink=42", "p=0 ; v=:{o:42}"},
    {"insert-field-value", "static.field=s ; static.value=", "v=:{}", "v=:{s:\"\"}"},
    /* null passes, all else is a bad record */
    {"insert-field-value", "topic.field=t", "v={a:int32}?:null", "v={a:int32}?:null"},
    {"insert-field-value", "topic.field=t", "v=:null", "v=:null"},
    {"insert-field-value", "topic.field=t", "v=string:\"x\"", "!expected a struct"},
    {"insert-field-value", "topic.field=t", "v=:5", "!expected a map"},
    /* the key */
    {"insert-field-key", "topic.field=t", "k={a:int8}:{a:1} ; v=:null",
     "k={a:int8,t:string?}:{a:1,t:\"t\"} ; v=:null"},
    {APACHE "InsertField$Key", "static.field=s ; static.value=x", "k=:{} ; v=:{a:1}",
     "k=:{s:\"x\"} ; v=:{a:1}"},
    /* settings */
    {"insert-field-value", "", NULL, "!no field to insert"},
    {"insert-field-value", "static.field=a", NULL, "!static.value"},
    {"insert-field-value", "topic.field=a ; replace.null.with.default=maybe", NULL, "!true or false"},
    {"insert-field-value", "topic.field=a", NULL, SETTINGS_OK},
};

/* ---- ReplaceField ---- */

static const transform_case replace_cases[] = {
    {"replace-field-value", "exclude=b", "v={a:int32,b:string?,c:int8}:{a:1,b:\"x\",c:2}",
     "v={a:int32,c:int8}:{a:1,c:2}"},
    {APACHE "ReplaceField$Value", "include=c,a", "v={a:int32,b:string?,c:int8}:{a:1,c:2}",
     "v={a:int32,c:int8}:{a:1,c:2}"},
    {"replace-field-value", "include=a,b ; exclude=b", "v={a:int32,b:string?,c:int8}:{a:1,c:2}",
     "v={a:int32}:{a:1}"},
    {"replace-field-value", "renames=a:x,c:y", "v={a:int32,b:string?,c:int8}:{a:1,c:2}",
     "v={x:int32,b:string?,y:int8}:{x:1,b:null,y:2}"},
    {"replace-field-value", "renames=a:b,b:a", "v={a:int32,b:int8}:{a:1,b:2}",
     "v={b:int32,a:int8}:{b:1,a:2}"},
    {"replace-field-value", "renames=a:b ; exclude=b", "v={a:int32,b:int8}:{a:1,b:2}", "v={b:int32}:{b:1}"},
    {"replace-field-value", "renames=a:b ; include=a", "v={a:int32,b:int8}:{a:1,b:2}", "v={b:int32}:{b:1}"},
    {"replace-field-value", "renames=a:b", "v={a:int32,b:int8}:{a:1,b:2}", "!two fields 'b'"},
    {"replace-field-value", "renames=a:b,a:c", "v={a:int32}:{a:1}", "v={c:int32}:{c:1}"},
    {"replace-field-value", "exclude=zz", "v={a:int32}(name=N,version=1,doc=D,p=q)?={a:3}:{a:1}",
     "v={a:int32}(name=N,version=1,doc=D,p=q):{a:1}"},
    {"replace-field-value", "include=zz", "v={a:int32}:{a:1}", "v={}:{}"},
    {"replace-field-value", "", "v={a:int32?=7}:{}", "v={a:int32?=7}:{a:7}"},
    {"replace-field-value", "replace.null.with.default=false", "v={a:int32?=7}:{}",
     "v={a:int32?=7}:{a:null}"},
    {"replace-field-value", "renames=a:b ; replace.null.with.default=false", "v={a:int32?=7}:{}",
     "v={b:int32?=7}:{b:null}"},
    {"replace-field-value", "exclude=b", "v=:{a:1,b:2,c:\"x\"}", "v=:{a:1,c:\"x\"}"},
    {"replace-field-value", "include=b,c", "v=:{a:1,b:2,c:\"x\"}", "v=:{b:2,c:\"x\"}"},
    {"replace-field-value", "renames=a:b ; exclude=c", "v=:{a:1,c:3}", "v=:{b:1}"},
    {"replace-field-value", "exclude=a,b", "v=:{a:1,b:2}", "v=:{}"},
    {"replace-field-value", "exclude=a", "v={a:int32}?:null", "v={a:int32}?:null"},
    {"replace-field-value", "exclude=a", "v=:null", "v=:null"},
    {"replace-field-value", "exclude=a", "v=int32:5", "!expected a struct"},
    {"replace-field-value", "exclude=a", "v=:[1]", "!expected a map"},
    {"replace-field-key", "exclude=a", "k={a:int8,b:int8}:{a:1,b:2} ; v={a:int8}:{a:1}",
     "k={b:int8}:{b:2} ; v={a:int8}:{a:1}"},
    {APACHE "ReplaceField$Key", "renames=a:b", "k=:{a:1} ; v=:null", "k=:{b:1} ; v=:null"},
    {"replace-field-value", "renames=a", NULL, "!'a' is none"},
    {"replace-field-value", "renames=a:", NULL, "!'a:' is none"},
    {"replace-field-value", "renames=a:b:c", NULL, "!'a:b:c' is none"},
    {"replace-field-value", "renames=a:b,c", NULL, "!'c' is none"},
    {"replace-field-value", "renames=a:b:", NULL, SETTINGS_OK},
    {"replace-field-value", "renames=:a", NULL, SETTINGS_OK},
    {"replace-field-value", "exclude=a,,b", NULL, "!empty item"},
    {"replace-field-value", "", NULL, SETTINGS_OK},
    {"replace-field-value", "exclude= ; include= ; renames=", NULL, SETTINGS_OK},
};

/* ---- ExtractField ---- */

static const transform_case extract_cases[] = {
    {"extract-field-value", "field=a", "v={a:int32,b:string?}:{a:1,b:\"x\"}", "v=int32:1"},
    {APACHE "ExtractField$Value", "field=b", "v={a:int32,b:{c:int8}(name=N)?}:{a:1,b:{c:3}}",
     "v={c:int8}(name=N)?:{c:3}"},
    {"extract-field-value", "field=b", "v={a:int32,b:string?}:{a:1}", "v=string?:null"},
    {"extract-field-value", "field=a", "v={a:int32?=7}:{}", "v=int32?=7:7"},
    {"extract-field-value", "field=a ; replace.null.with.default=false", "v={a:int32?=7}:{}",
     "v=int32?=7:null"},
    {"extract-field-value", "field=a", "v={a:int32}?:null", "v=int32:null"},
    {"extract-field-value", "field=z", "v={a:int32}:{a:1}", "!field 'z'"},
    {"extract-field-value", "field=z", "v={a:int32}?:null", "!field 'z'"},
    {"extract-field-value", "field=a.b", "v={a:{b:int32}}:{a:{b:1}}", "!field 'a.b'"},
    {"extract-field-value", "field=a.b", "v={a.b:int32}:{a.b:1}", "v=int32:1"},
    {"extract-field-value", "field=a.b ; field.syntax.version=V2", "v={a:{b:int32}}:{a:{b:1}}", "v=int32:1"},
    {"extract-field-value", "field=a.b ; field.syntax.version=v2", "v={a:{b:int32}?}:{a:null}",
     "v=int32:null"},
    {"extract-field-value", "field=a.b ; field.syntax.version=V2", "v={a:{b:int32}?={b:9}}:{}", "v=int32:9"},
    {"extract-field-value", "field=a.b ; field.syntax.version=V2 ; replace.null.with.default=false",
     "v={a:{b:int32}?={b:9}}:{}", "v=int32:9"},
    {"extract-field-value", "field=a.b ; field.syntax.version=V2", "v={a:{c:int32}}:{a:{c:1}}",
     "!field 'a.b'"},
    {"extract-field-value", "field=a.b ; field.syntax.version=V2", "v={a:int32}:{a:1}", "!field 'a.b'"},
    {"extract-field-value", "field=`a.b`.c ; field.syntax.version=V2", "v={a.b:{c:int8}}:{a.b:{c:1}}",
     "v=int8:1"},
    {"extract-field-value", "field=a", "v=:{a:1i,b:2}", "v=:1i"},
    {"extract-field-value", "field=z", "v=:{a:1}", "v=:null"},
    {"extract-field-value", "field=a", "v=:null", "v=:null"},
    {"extract-field-value", "field=a.b ; field.syntax.version=V2", "v=:{a:{b:{c:1}}}", "v=:{c:1}"},
    {"extract-field-value", "field=a.b.c ; field.syntax.version=V2", "v=:{a:{b:null}}", "v=:null"},
    {"extract-field-value", "field=a.b ; field.syntax.version=V2", "v=:{a:5}", "!expected a map"},
    {"extract-field-value", "field=a.b ; field.syntax.version=V2", "v=:{x:5}", "v=:null"},
    {"extract-field-value", "field=a", "v=:5", "!expected a map"},
    {"extract-field-value", "field=a", "v=int32:5", "!"},
    {"extract-field-key", "field=a", "k={a:int8}:{a:1} ; v={a:int8}:{a:2}", "k=int8:1 ; v={a:int8}:{a:2}"},
    {APACHE "ExtractField$Key", "field=a", "k=:{a:\"x\"} ; v=:null", "k=:\"x\" ; v=:null"},
    {"extract-field-value", "", NULL, "!'field'"},
    {"extract-field-value", "field=a ; field.syntax.version=V3", NULL, "!one of: V1, V2"},
    {"extract-field-value", "field=`a ; field.syntax.version=V2", NULL, "!backtick"},
    {"extract-field-value", "field=`a", NULL, SETTINGS_OK},
    {"extract-field-value", "field= ; field.syntax.version=V2", NULL, "~!empty"},
};

/* ---- ValueToKey, Filter ---- */

static const transform_case key_cases[] = {
    {"value-to-key", "fields=b,a", "k=string:\"old\" ; v={a:int32,b:string?,c:int8}:{a:1,b:\"x\",c:2}",
     "k={b:string?,a:int32}:{b:\"x\",a:1} ; v={a:int32,b:string?,c:int8}:{a:1,b:\"x\",c:2}"},
    {APACHE "ValueToKey", "fields=a", "v={a:int32}(name=N,version=1)?={a:2}:{a:1}",
     "k={a:int32}:{a:1} ; v={a:int32}(name=N,version=1)?={a:2}:{a:1}"},
    {"value-to-key", "fields=a,a", "v={a:int32}:{a:1}", "k={a:int32}:{a:1} ; v={a:int32}:{a:1}"},
    {"value-to-key", "fields=a", "v={a:int32?=7}:{}", "k={a:int32?=7}:{a:7} ; v={a:int32?=7}:{a:null}"},
    {"value-to-key", "fields=a ; replace.null.with.default=false", "v={a:int32?=7}:{}",
     "k={a:int32?=7}:{a:null} ; v={a:int32?=7}:{a:null}"},
    {"value-to-key", "fields=a,z", "v={a:int32}:{a:1}", "!field 'z'"},
    {"value-to-key", "fields=a,z", "k=int8:1 ; v=:{a:1,b:2}", "k=:{a:1,z:null} ; v=:{a:1,b:2}"},
    {"value-to-key", "fields=a", "v=:null", "!found null"},
    {"value-to-key", "fields=a", "v={a:int32}?:null", "!found null"},
    {"value-to-key", "fields=a", "v=:5", "!expected a map"},
    {"value-to-key", "", NULL, "!'fields'"},
    {"value-to-key", "fields=", NULL, "!at least one"},
    {"value-to-key", "fields=a,,b", NULL, "!empty item"},
    {"filter", "", "v=:{a:1}", "dropped"},
    {APACHE "Filter", "", "v=:null", "dropped"},
};

static void test_insert_field(void **state) {
    (void)state;
    run_cases(insert_cases);
}

static void test_replace_field(void **state) {
    (void)state;
    run_cases(replace_cases);
}

static void test_extract_field(void **state) {
    (void)state;
    run_cases(extract_cases);
}

static void test_value_to_key_and_filter(void **state) {
    (void)state;
    run_cases(key_cases);
}

static void test_old_names_are_warned_about(void **state) {
    instance it;
    (void)state;
    prepare(&it, SL_KIND_TRANSFORM, "replace-field-value", "blacklist=a ; whitelist=b");
    assert_int_equal(it.report.errors, 0);
    test_assert_contains(test_find_problem(&it.report, "blacklist"), "'exclude'");
    test_assert_contains(test_find_problem(&it.report, "whitelist"), "'include'");
    sl_arena_deinit(&it.arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_insert_field),
        cmocka_unit_test(test_replace_field),
        cmocka_unit_test(test_extract_field),
        cmocka_unit_test(test_value_to_key_and_filter),
        cmocka_unit_test(test_old_names_are_warned_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
