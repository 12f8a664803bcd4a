/*
 * emit.c - see emit.h.
 */
#include "emit.h"

#include <stdio.h>
#include <sys/random.h>

#include "clock.h"

#define ENVELOPE_FIELDS 8
#define CONTEXT_HEADERS 4

static const sl_str op_names[] = {SL_STR_INIT("r"), SL_STR_INIT("c"), SL_STR_INIT("u"), SL_STR_INIT("d"),
                                  SL_STR_INIT("t")};
static const sl_str context_names[CONTEXT_HEADERS] = {
    SL_STR_INIT("__debezium.context.connectorLogicalName"), SL_STR_INIT("__debezium.context.taskId"),
    SL_STR_INIT("__debezium.context.connectorName"), SL_STR_INIT("__debezium.context.runId")};

static void parse_skipped(cdc_emitter *e, sl_str text) {
    sl_str part;
    while (cdc_list_next(&text, ',', &part)) {
        e->skip[CDC_OP_CREATE] |= sl_str_eqz(part, "c");
        e->skip[CDC_OP_UPDATE] |= sl_str_eqz(part, "u");
        e->skip[CDC_OP_DELETE] |= sl_str_eqz(part, "d");
        e->skip[CDC_OP_TRUNCATE] |= sl_str_eqz(part, "t");
    }
}

/* A UUID of version 7: it names one run of the task. */
static sl_str make_run_id(sl_arena *a) {
    unsigned char b[16] = {0};
    if (getrandom(b, sizeof b, 0) < 0) {
        memset(b, 0x5a, sizeof b);
    }
    uint64_t ms = (uint64_t)(cdc_wall_ns() / 1000000);
    for (int i = 0; i < 6; i++) {
        b[i] = (unsigned char)(ms >> (8 * (5 - i)));
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x70);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    return sl_arena_printf(a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                           b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                           b[14], b[15]);
}

static sl_error *one_field(cdc_emitter *e, const char *field, const sl_schema *s, const char *name,
                           const sl_schema **out) {
    sl_field f = {sl_str_of(field), s};
    sl_str full = cdc_name_schema(&e->arena, sl_str_of(name), (cdc_adjust)e->config->schema_adjust);
    return cdc_struct_schema(e->host, full, 1, false, &f, 1, out);
}

static sl_error *make_tx_schemas(cdc_emitter *e) {
    const cdc_schemas *s = e->schemas;
    sl_field collection[] = {{SL_STR("data_collection"), s->string}, {SL_STR("event_count"), s->int64}};
    SL_TRY(cdc_struct_schema(e->host, SL_STR("event.collection"), 1, true, collection, 2, &e->tx_collection));
    sl_schema list = {.type = SL_ARRAY, .optional = true, .element = e->tx_collection};
    SL_TRY(e->host->schema_intern(&list, &e->tx_collections));
    sl_field value[] = {{SL_STR("status"), s->string},
                        {SL_STR("id"), s->string},
                        {SL_STR("event_count"), s->opt_int64},
                        {SL_STR("data_collections"), e->tx_collections},
                        {SL_STR("ts_ms"), s->int64}};
    return cdc_struct_schema(e->host, SL_STR("io.debezium.connector.common.TransactionMetadataValue"), 1,
                             false, value, 5, &e->tx_value);
}

static sl_error *make_schemas(cdc_emitter *e) {
    SL_TRY(one_field(e, "serverName", e->schemas->string, "io.debezium.connector.common.ServerNameKey",
                     &e->heartbeat_key));
    SL_TRY(one_field(e, "ts_ms", e->schemas->int64, "io.debezium.connector.common.Heartbeat",
                     &e->heartbeat_value));
    SL_TRY(one_field(e, "id", e->schemas->string, "io.debezium.connector.common.TransactionMetadataKey",
                     &e->tx_key));
    return make_tx_schemas(e);
}

sl_error *cdc_emitter_init(cdc_emitter *e, const sl_context *ctx, const cdc_config *c, const cdc_schemas *s,
                           const char *connector_type) {
    memset(e, 0, sizeof *e);
    e->host = ctx->host;
    e->config = c;
    e->schemas = s;
    sl_arena_init(&e->arena, 1024);
    cdc_transaction_init(&e->tx);
    parse_skipped(e, c->skipped_operations);
    e->heartbeat_topic = sl_arena_printf(&e->arena, "%.*s%.*s%.*s", SL_STR_ARG(c->topic_heartbeat_prefix),
                                         SL_STR_ARG(c->topic_delimiter), SL_STR_ARG(c->topic_prefix));
    e->transaction_topic = sl_arena_printf(&e->arena, "%.*s%.*s%.*s", SL_STR_ARG(c->topic_prefix),
                                           SL_STR_ARG(c->topic_delimiter), SL_STR_ARG(c->topic_transaction));
    e->context[0] = sl_string(c->topic_prefix);
    e->context[1] = sl_string(sl_arena_printf(&e->arena, "%d", ctx->task < 0 ? 0 : ctx->task));
    e->context[2] = sl_string(sl_str_of(connector_type));
    e->context[3] = sl_string(make_run_id(&e->arena));
    sl_error *err = make_schemas(e);
    if (!err && e->arena.failed) {
        err = sl_error_nomem();
    }
    if (err) {
        cdc_emitter_deinit(e);
    }
    return err;
}

void cdc_emitter_deinit(cdc_emitter *e) {
    if (!e->host) {
        return;
    }
    const sl_schema *all[] = {e->heartbeat_key, e->heartbeat_value, e->tx_key,
                              e->tx_value,      e->tx_collection,   e->tx_collections};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        e->host->schema_unref(all[i]);
    }
    sl_arena_deinit(&e->arena);
    cdc_transaction_deinit(&e->tx);
    memset(e, 0, sizeof *e);
}

sl_error *cdc_emit_begin(cdc_emitter *e, sl_batch *b) {
    e->batch = b;
    e->batch_serial++;
    e->headers = NULL;
    if (!e->config->extended_headers) {
        return NULL;
    }
    sl_header *h = sl_arena_zalloc(&b->arena, CONTEXT_HEADERS * sizeof *h);
    if (!h) {
        return sl_error_nomem();
    }
    for (int i = 0; i < CONTEXT_HEADERS; i++) {
        sl_value v;
        if (!sl_value_copy(&b->arena, &e->context[i], &v)) {
            return sl_error_nomem();
        }
        h[i] = (sl_header){context_names[i], e->schemas->string, v};
    }
    sl_batch_keep(b, e->schemas->string);
    e->headers = h;
    return NULL;
}

void cdc_emit_use(cdc_emitter *e, cdc_table *t) {
    if (t->batch_serial == e->batch_serial) {
        return;
    }
    t->batch_serial = e->batch_serial;
    t->batch_topic = sl_arena_str(&e->batch->arena, t->topic);
    t->batch_schema = sl_arena_str(&e->batch->arena, t->schema);
    t->batch_name = sl_arena_str(&e->batch->arena, t->name);
    t->batch_key_table = sl_arena_str(&e->batch->arena, t->key_table);
}

static void use_headers(cdc_emitter *e, sl_record *r) {
    if (e->headers) {
        r->headers = e->headers; /* shared: a full array is copied when something is added to it */
        r->nheaders = CONTEXT_HEADERS;
    }
}

static bool key_header(cdc_emitter *e, sl_record *r, const char *name, cdc_table *t, sl_value key) {
    if (t->key && !sl_record_add_header(e->batch, r, sl_str_of(name), t->key, key)) {
        return false;
    }
    for (int i = 0; e->headers && i < CONTEXT_HEADERS; i++) {
        if (!sl_record_add_header(e->batch, r, e->headers[i].name, e->headers[i].schema,
                                  e->headers[i].value)) {
            return false;
        }
    }
    return true;
}

/* ---- images ---- */

/* What stands for a null; strings are copied, for a table may be gone before its last batch is. */
static sl_value null_of(cdc_emitter *e, const cdc_column *col) {
    if (col->null_value.type < SL_STRING) {
        return col->null_value;
    }
    sl_value v = sl_null();
    if (!sl_value_copy(&e->batch->arena, &col->null_value, &v)) {
        e->batch->failed = true;
    }
    return v;
}

static sl_value make_value(cdc_emitter *e, cdc_table *t, sl_value *row) {
    if (!row) {
        return sl_null();
    }
    for (uint32_t i = 0; i < t->ncols; i++) {
        if (row[i].type == SL_NULL) {
            row[i] = null_of(e, &t->cols[i]);
        }
    }
    if (t->plain) {
        return sl_container(SL_STRUCT, row, t->ncols);
    }
    sl_value v = sl_value_alloc(&e->batch->arena, SL_STRUCT, t->nvalue);
    for (uint32_t i = 0; v.type == SL_STRUCT && i < t->ncols; i++) {
        const cdc_column *col = &t->cols[i];
        if (col->value_index < 0) {
            continue;
        }
        v.items[col->value_index] = row[i];
        if (col->mapper && (row[i].type != SL_NULL || col->mapper->kind == CDC_MAP_MASK)) {
            if (!cdc_mapper_apply(col->mapper, &e->batch->arena, col->length, &v.items[col->value_index])) {
                e->batch->failed = true;
            }
        }
    }
    return v;
}

static sl_value make_key(cdc_emitter *e, cdc_table *t, const sl_value *row) {
    if (!t->key || !row) {
        return sl_null();
    }
    sl_value v = sl_value_alloc(&e->batch->arena, SL_STRUCT, t->nkey + (t->key_table.p ? 1 : 0));
    for (uint32_t i = 0; v.type == SL_STRUCT && i < t->nkey; i++) {
        const sl_value *from = &row[t->key_cols[i]];
        v.items[i] = from->type == SL_NULL ? null_of(e, &t->cols[t->key_cols[i]]) : *from;
    }
    if (v.type == SL_STRUCT && t->key_table.p) {
        cdc_emit_use(e, t);
        v.items[t->nkey] = sl_string(t->batch_key_table);
    }
    return v;
}

/* ---- transactions ---- */

sl_value cdc_transaction_value(cdc_emitter *e, sl_arena *a, sl_str id, cdc_table *t) {
    if (!id.p) {
        return sl_null();
    }
    int64_t order = 1;
    if (t) {
        order = cdc_transaction_event(&e->tx, t);
    } else {
        cdc_transaction_message(&e->tx);
    }
    sl_value v = sl_value_alloc(a, SL_STRUCT, 3);
    if (v.type == SL_STRUCT) {
        v.items[0] = sl_string(id);
        v.items[1] = sl_int64(e->tx.total);
        v.items[2] = sl_int64(order);
    }
    a->failed = a->failed || !order;
    return v;
}

static sl_value tx_record_value(cdc_emitter *e, const char *status, sl_str id, int64_t ts_ms, bool end) {
    sl_arena *a = &e->batch->arena;
    sl_value v = sl_value_alloc(a, SL_STRUCT, 5);
    if (v.type != SL_STRUCT) {
        return v;
    }
    v.items[0] = sl_string(sl_str_of(status));
    v.items[1] = sl_string(id);
    v.items[4] = sl_int64(ts_ms);
    if (!end) {
        return v;
    }
    v.items[2] = sl_int64(e->tx.total);
    v.items[3] = sl_value_alloc(a, SL_ARRAY, e->tx.ncounts);
    for (size_t i = 0; v.items[3].type == SL_ARRAY && i < e->tx.ncounts; i++) {
        sl_value c = sl_value_alloc(a, SL_STRUCT, 2);
        if (c.type == SL_STRUCT) {
            c.items[0] = sl_string(sl_arena_str(a, e->tx.counts[i].id));
            c.items[1] = sl_int64(e->tx.counts[i].n);
        }
        v.items[3].items[i] = c;
    }
    return v;
}

static sl_error *tx_record(cdc_emitter *e, const char *status, sl_str id, int64_t ts_ms, bool end) {
    sl_record *r = sl_batch_add(e->batch);
    sl_value key = sl_value_alloc(&e->batch->arena, SL_STRUCT, 1);
    if (!r || key.type != SL_STRUCT) {
        return sl_error_nomem();
    }
    key.items[0] = sl_string(id);
    r->topic = sl_arena_str(&e->batch->arena, e->transaction_topic);
    sl_record_set_key(e->batch, r, e->tx_key, key);
    sl_record_set_value(e->batch, r, e->tx_value, tx_record_value(e, status, id, ts_ms, end));
    return e->batch->failed || e->batch->arena.failed ? sl_error_nomem() : NULL;
}

sl_error *cdc_emit_tx_begin(cdc_emitter *e, sl_str xid, sl_str id, int64_t ts_ms, bool again) {
    if (!e->config->transaction_metadata || (again && cdc_transaction_is(&e->tx, xid))) {
        return NULL;
    }
    return cdc_transaction_begin(&e->tx, xid) ? tx_record(e, "BEGIN", id, ts_ms, false) : sl_error_nomem();
}

sl_error *cdc_emit_tx_end(cdc_emitter *e, sl_str id, int64_t ts_ms) {
    sl_error *err = e->config->transaction_metadata ? tx_record(e, "END", id, ts_ms, true) : NULL;
    cdc_transaction_end(&e->tx);
    return err;
}

/* ---- records ---- */

static sl_record *add_record(cdc_emitter *e, cdc_table *t, sl_value key) {
    sl_record *r = sl_batch_add(e->batch);
    if (!r) {
        return NULL;
    }
    cdc_emit_use(e, t);
    r->topic = t->batch_topic;
    if (t->key && key.type == SL_STRUCT) {
        sl_record_set_key(e->batch, r, t->key, key);
    }
    return r;
}

static sl_record *add_change(cdc_emitter *e, cdc_table *t, cdc_op op, sl_value key, sl_value before,
                             sl_value after, const cdc_event *ev) {
    sl_record *r = add_record(e, t, key);
    sl_value *items = sl_arena_alloc(&e->batch->arena, ENVELOPE_FIELDS * sizeof *items);
    if (!r || !items) {
        return NULL;
    }
    items[0] = before;
    items[1] = after;
    items[2] = ev->source;
    items[3] = cdc_transaction_value(e, &e->batch->arena, ev->transaction_id, t);
    items[4] = sl_string(op_names[op]);
    items[5] = sl_int64(ev->now_ns / 1000000);
    items[6] = sl_int64(ev->now_ns / 1000);
    items[7] = sl_int64(ev->now_ns);
    sl_record_set_value(e->batch, r, t->envelope, sl_container(SL_STRUCT, items, ENVELOPE_FIELDS));
    return r;
}

static sl_record *add_tombstone(cdc_emitter *e, cdc_table *t, sl_value key) {
    return add_record(e, t, key);
}

static sl_error *key_change(cdc_emitter *e, cdc_table *t, sl_value old_key, sl_value key, sl_value before,
                            sl_value after, const cdc_event *ev) {
    sl_record *r;
    if (!e->skip[CDC_OP_DELETE]) {
        r = add_change(e, t, CDC_OP_DELETE, old_key, before, sl_null(), ev);
        if (!r || !key_header(e, r, "__debezium.newkey", t, key)) {
            return sl_error_nomem();
        }
    }
    if (!e->skip[CDC_OP_DELETE] && e->config->tombstones) {
        r = add_tombstone(e, t, old_key);
        if (!r || !key_header(e, r, "__debezium.newkey", t, key)) {
            return sl_error_nomem();
        }
    }
    if (e->skip[CDC_OP_CREATE]) {
        return NULL;
    }
    r = add_change(e, t, CDC_OP_CREATE, key, sl_null(), after, ev);
    if (!r || !key_header(e, r, "__debezium.oldkey", t, old_key)) {
        return sl_error_nomem();
    }
    return NULL;
}

static sl_error *emit_update(cdc_emitter *e, cdc_table *t, sl_value *before, sl_value *after,
                             const cdc_event *ev) {
    sl_value old_key = make_key(e, t, before);
    sl_value key = make_key(e, t, after);
    sl_value was = make_value(e, t, before);
    sl_value is = make_value(e, t, after);
    if (e->config->skip_unchanged && before && sl_value_eq(&was, &is)) {
        return NULL;
    }
    if (t->key && before && !sl_value_eq(&old_key, &key)) {
        return key_change(e, t, old_key, key, was, is, ev);
    }
    if (e->skip[CDC_OP_UPDATE]) {
        return NULL;
    }
    sl_record *r = add_change(e, t, CDC_OP_UPDATE, key, was, is, ev);
    if (!r) {
        return sl_error_nomem();
    }
    use_headers(e, r);
    return NULL;
}

static sl_error *emit_delete(cdc_emitter *e, cdc_table *t, sl_value *before, const cdc_event *ev) {
    sl_value key = make_key(e, t, before);
    sl_record *r = add_change(e, t, CDC_OP_DELETE, key, make_value(e, t, before), sl_null(), ev);
    if (!r) {
        return sl_error_nomem();
    }
    use_headers(e, r);
    if (e->config->tombstones) { /* as Debezium: also without a key */
        r = add_tombstone(e, t, key);
        if (!r) {
            return sl_error_nomem();
        }
        use_headers(e, r);
    }
    return NULL;
}

sl_error *cdc_emit_row(cdc_emitter *e, cdc_table *t, cdc_op op, sl_value *before, sl_value *after,
                       const cdc_event *ev) {
    if (e->skip[op] && op != CDC_OP_UPDATE) { /* an update may be a delete and a create */
        return NULL;
    }
    sl_error *err = NULL;
    sl_record *r;
    switch (op) {
    case CDC_OP_READ:
    case CDC_OP_CREATE:
        r = add_change(e, t, op, make_key(e, t, after), sl_null(), make_value(e, t, after), ev);
        if (r) {
            use_headers(e, r);
        }
        break;
    case CDC_OP_UPDATE:
        err = emit_update(e, t, before, after, ev);
        break;
    case CDC_OP_DELETE:
        err = emit_delete(e, t, before, ev);
        break;
    case CDC_OP_TRUNCATE:
        r = add_change(e, t, op, sl_null(), sl_null(), sl_null(), ev);
        if (r) {
            use_headers(e, r);
        }
        break;
    }
    return err ? err : e->batch->failed || e->batch->arena.failed ? sl_error_nomem() : NULL;
}

sl_error *cdc_emit_heartbeat(cdc_emitter *e, int64_t now_ms) {
    sl_record *r = sl_batch_add(e->batch);
    sl_value key = sl_value_alloc(&e->batch->arena, SL_STRUCT, 1);
    sl_value value = sl_value_alloc(&e->batch->arena, SL_STRUCT, 1);
    if (!r || key.type != SL_STRUCT || value.type != SL_STRUCT) {
        return sl_error_nomem();
    }
    key.items[0] = sl_string(sl_arena_str(&e->batch->arena, e->config->topic_prefix));
    value.items[0] = sl_int64(now_ms);
    r->topic = sl_arena_str(&e->batch->arena, e->heartbeat_topic);
    sl_record_set_key(e->batch, r, e->heartbeat_key, key);
    sl_record_set_value(e->batch, r, e->heartbeat_value, value);
    return NULL;
}
