/*
 * records.c - records of many kinds: with and without schemas, nulls, all types, Debezium's envelope,
 * deletes.
 */
#include "contract.h"

#include <model/batch.h>

/* One test's schemas; each is given back once the batch keeps it. */
static const sl_schema *interned(sl_batch *b, sl_schema def) {
    const sl_schema *s = NULL;
    assert_null(fake_host.schema_intern(&def, &s));
    sl_batch_keep(b, s);
    fake_host.schema_unref(s);
    return s;
}

static const sl_schema *simple(sl_batch *b, sl_type t, bool optional) {
    return interned(b, (sl_schema){.type = t, .optional = optional});
}

static const sl_schema *row_schema(sl_batch *b, bool optional) {
    const sl_field fields[] = {
        {SL_STR("id"), simple(b, SL_INT32, false)},
        {SL_STR("name"), simple(b, SL_STRING, true)},
        {SL_STR("amount"), simple(b, SL_FLOAT64, true)},
        {SL_STR("ts"), interned(b, (sl_schema){.type = SL_INT64,
                                               .optional = true,
                                               .has_version = true,
                                               .version = 1,
                                               .name = SL_STR("org.apache.kafka.connect.data.Timestamp")})},
        {SL_STR("raw"), simple(b, SL_BYTES, true)},
    };
    return interned(b, (sl_schema){.type = SL_STRUCT,
                                   .optional = optional,
                                   .name = SL_STR("shop.public.orders.Value"),
                                   .fields = fields,
                                   .nfields = 5});
}

static sl_value row_value(sl_batch *b, int id, const char *name) {
    sl_value v = sl_value_alloc(&b->arena, SL_STRUCT, 5);
    v.items[0] = sl_int32(id);
    v.items[1] = name ? sl_string(sl_str_of(name)) : sl_null();
    v.items[2] = sl_float64(12.5);
    v.items[3] = sl_int64(1700000000000);
    v.items[4] = sl_bytes(SL_STR("\x00\xff"));
    return v;
}

static const sl_schema *key_schema(sl_batch *b) {
    const sl_field fields[] = {{SL_STR("id"), simple(b, SL_INT32, false)}};
    return interned(
        b, (sl_schema){
               .type = SL_STRUCT, .name = SL_STR("shop.public.orders.Key"), .fields = fields, .nfields = 1});
}

static const sl_schema *source_schema(sl_batch *b) {
    const sl_field fields[] = {{SL_STR("db"), simple(b, SL_STRING, false)},
                               {SL_STR("table"), simple(b, SL_STRING, false)},
                               {SL_STR("ts_ms"), simple(b, SL_INT64, false)},
                               {SL_STR("lsn"), simple(b, SL_INT64, true)}};
    return interned(b, (sl_schema){.type = SL_STRUCT,
                                   .name = SL_STR("io.debezium.connector.postgresql.Source"),
                                   .fields = fields,
                                   .nfields = 4});
}

static const sl_schema *envelope_schema(sl_batch *b) {
    const sl_field fields[] = {{SL_STR("before"), row_schema(b, true)},
                               {SL_STR("after"), row_schema(b, true)},
                               {SL_STR("source"), source_schema(b)},
                               {SL_STR("op"), simple(b, SL_STRING, false)},
                               {SL_STR("ts_ms"), simple(b, SL_INT64, true)}};
    return interned(b, (sl_schema){.type = SL_STRUCT,
                                   .name = SL_STR("shop.public.orders.Envelope"),
                                   .has_version = true,
                                   .version = 1,
                                   .fields = fields,
                                   .nfields = 5});
}

static sl_value envelope(sl_batch *b, const char *op, int id) {
    sl_value v = sl_value_alloc(&b->arena, SL_STRUCT, 5);
    sl_value source = sl_value_alloc(&b->arena, SL_STRUCT, 4);
    source.items[0] = sl_string(SL_STR("shop"));
    source.items[1] = sl_string(SL_STR("orders"));
    source.items[2] = sl_int64(1700000000000);
    source.items[3] = sl_int64(4711);
    v.items[0] = op[0] == 'c' || op[0] == 'r' ? sl_null() : row_value(b, id, "old");
    v.items[1] = op[0] == 'd' ? sl_null() : row_value(b, id, "new");
    v.items[2] = source;
    v.items[3] = sl_string(sl_str_of(op));
    v.items[4] = sl_int64(1700000000001);
    return v;
}

static sl_record *add(sl_batch *b, const sl_schema *schema, sl_value value) {
    sl_record *r = sl_batch_add(b);
    assert_non_null(r);
    r->topic = r->kafka_topic = SL_STR("shop.public.orders");
    r->kafka_partition = r->partition = 0;
    r->kafka_offset = (int64_t)b->n;
    r->timestamp = 1700000000000;
    sl_record_set_value(b, r, schema, value);
    return r;
}

static void add_rows(sl_batch *b) {
    const sl_schema *key = key_schema(b), *row = row_schema(b, false), *env = envelope_schema(b);
    static const char *const ops[] = {"c", "r", "u", "d"};
    for (int i = 0; i < 4; i++) {
        sl_value id = sl_value_alloc(&b->arena, SL_STRUCT, 1);
        id.items[0] = sl_int32(i);
        sl_record *r = add(b, row, row_value(b, i, i == 2 ? NULL : "somebody"));
        sl_record_set_key(b, r, key, id);
        assert_true(sl_record_add_header(b, r, SL_STR("a"), simple(b, SL_STRING, false),
                                         sl_string(SL_STR("header"))));
        r = add(b, env, envelope(b, ops[i], i));
        sl_record_set_key(b, r, key, id);
    }
    sl_record *tombstone = add(b, NULL, sl_null());
    sl_value id = sl_value_alloc(&b->arena, SL_STRUCT, 1);
    id.items[0] = sl_int32(3);
    sl_record_set_key(b, tombstone, key, id);
}

static void add_plain(sl_batch *b) {
    add(b, NULL, sl_null());
    add(b, NULL, sl_string(SL_STR("plain text")));
    add(b, NULL, sl_string(SL_STR("")));
    add(b, NULL, sl_int64(INT64_MIN));
    add(b, NULL, sl_bytes(SL_STR("\x00\x01\xfe")));
    add(b, NULL, sl_bool(true));
    add(b, simple(b, SL_STRING, false), sl_string(SL_STR("text")));
    add(b, simple(b, SL_INT8, false), sl_int8(-128));
    add(b, simple(b, SL_INT16, true), sl_null());
    add(b, simple(b, SL_FLOAT32, false), sl_float32(1.5));
    add(b, simple(b, SL_BOOL, false), sl_bool(false));
    add(b, simple(b, SL_BYTES, false), sl_bytes(SL_STR("bytes")));
}

static void add_containers(sl_batch *b) {
    sl_value map = sl_value_alloc(&b->arena, SL_MAP, 3);
    map.items[0] = sl_string(SL_STR("id"));
    map.items[1] = sl_int64(7);
    map.items[2] = sl_string(SL_STR("name"));
    map.items[3] = sl_string(SL_STR("somebody"));
    map.items[4] = sl_string(SL_STR("nested"));
    map.items[5] = sl_value_alloc(&b->arena, SL_ARRAY, 2);
    add(b, NULL, map);
    const sl_schema *text = simple(b, SL_STRING, true);
    sl_value list = sl_value_alloc(&b->arena, SL_ARRAY, 2);
    list.items[0] = sl_string(SL_STR("x"));
    add(b, interned(b, (sl_schema){.type = SL_ARRAY, .element = text}), list);
    sl_value pairs = sl_value_alloc(&b->arena, SL_MAP, 1);
    pairs.items[0] = sl_string(SL_STR("k"));
    add(b, interned(b, (sl_schema){.type = SL_MAP, .key = simple(b, SL_STRING, false), .element = text}),
        pairs);
}

sl_batch *records_make(void) {
    sl_batch *b = sl__batch_new(&fake_host);
    assert_non_null(b);
    add_rows(b);
    add_plain(b);
    add_containers(b);
    return b;
}
