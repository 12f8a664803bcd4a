/*
 * source.c - source blocks, row images, offsets and logical messages.
 */
#include <stdio.h>

#include "task.h"

/* Indexes of the source block's fields, in Debezium's order. */
enum {
    F_VERSION,
    F_CONNECTOR,
    F_NAME,
    F_TS_MS,
    F_SNAPSHOT,
    F_DB,
    F_SEQUENCE,
    F_TS_US,
    F_TS_NS,
    F_SCHEMA,
    F_TABLE,
    F_TXID,
    F_LSN,
    F_XMIN,
    F_ORIGIN,
    F_ORIGIN_LSN
};

static sl_error *make_source_schema(pg_task *t, const sl_schema *string, const sl_schema *i64,
                                    const sl_schema *opt_i64) {
    sl_field fields[PG_SOURCE_FIELDS] = {{SL_STR("version"), string},
                                         {SL_STR("connector"), string},
                                         {SL_STR("name"), string},
                                         {SL_STR("ts_ms"), i64},
                                         {SL_STR("snapshot"), t->snapshot_field},
                                         {SL_STR("db"), string},
                                         {SL_STR("sequence"), t->opt_string},
                                         {SL_STR("ts_us"), opt_i64},
                                         {SL_STR("ts_ns"), opt_i64},
                                         {SL_STR("schema"), string},
                                         {SL_STR("table"), string},
                                         {SL_STR("txId"), opt_i64},
                                         {SL_STR("lsn"), opt_i64},
                                         {SL_STR("xmin"), opt_i64},
                                         {SL_STR("origin"), t->opt_string},
                                         {SL_STR("origin_lsn"), opt_i64}};
    return cdc_struct_schema(t->ctx->host, SL_STR("io.debezium.connector.postgresql.Source"), 1, false,
                             fields, PG_SOURCE_FIELDS, &t->source_schema);
}

static sl_str schema_name(pg_task *t, const char *name) {
    return cdc_name_schema(&t->arena, sl_str_of(name), (cdc_adjust)t->s->cdc.schema_adjust);
}

static sl_error *make_message_schemas(pg_task *t) {
    const sl_host *h = t->ctx->host;
    const sl_schema *bytes = NULL;
    bool as_bytes = t->s->cdc.binary_mode == CDC_BINARY_BYTES;
    SL_TRY(sl_schema_simple(h, as_bytes ? SL_BYTES : SL_STRING, true, &bytes));
    sl_field body[] = {{SL_STR("prefix"), t->opt_string}, {SL_STR("content"), bytes}};
    sl_error *err = cdc_struct_schema(h, schema_name(t, "io.debezium.connector.postgresql.Message"), 1, false,
                                      body, 2, &t->message_body);
    h->schema_unref(bytes);
    SL_TRY(err);
    SL_TRY(cdc_struct_schema(h, schema_name(t, "io.debezium.connector.postgresql.MessageKey"), 1, false, body,
                             1, &t->message_key));
    sl_field value[] = {{SL_STR("op"), t->schemas.string},
                        {SL_STR("ts_ms"), t->schemas.opt_int64},
                        {SL_STR("source"), t->source_schema},
                        {SL_STR("transaction"), t->schemas.transaction},
                        {SL_STR("message"), t->message_body}};
    return cdc_struct_schema(h, schema_name(t, "io.debezium.connector.postgresql.MessageValue"), 1, false,
                             value, 5, &t->message_value);
}

sl_error *pg_source_init(pg_task *t) {
    const sl_host *h = t->ctx->host;
    const sl_schema *string = NULL;
    const sl_schema *i64 = NULL;
    const sl_schema *opt_i64 = NULL;
    sl_error *err = sl_schema_simple(h, SL_STRING, false, &string);
    err = err ? err : sl_schema_simple(h, SL_STRING, true, &t->opt_string);
    err = err ? err : sl_schema_simple(h, SL_INT64, false, &i64);
    err = err ? err : sl_schema_simple(h, SL_INT64, true, &opt_i64);
    err = err ? err : cdc_source_snapshot_schema(h, &t->snapshot_field);
    err = err ? err : make_source_schema(t, string, i64, opt_i64);
    h->schema_unref(string);
    h->schema_unref(i64);
    h->schema_unref(opt_i64);
    SL_TRY(err);
    SL_TRY(cdc_schemas_init(&t->schemas, h, t->source_schema));
    t->message_topic = sl_arena_printf(&t->arena, "%.*s.message", SL_STR_ARG(t->s->cdc.topic_prefix));
    SL_TRY(make_message_schemas(t));
    return cdc_emitter_init(&t->emitter, t->ctx, &t->s->cdc, &t->schemas, "postgresql");
}

void pg_source_deinit(pg_task *t) {
    const sl_host *h = t->ctx->host;
    cdc_emitter_deinit(&t->emitter);
    cdc_schemas_deinit(&t->schemas);
    h->schema_unref(t->source_schema);
    h->schema_unref(t->snapshot_field);
    h->schema_unref(t->opt_string);
    h->schema_unref(t->message_key);
    h->schema_unref(t->message_value);
    h->schema_unref(t->message_body);
}

void pg_source_commit(pg_task *t) {
    int n = t->pos.has_commit ? snprintf(t->sequence_head, sizeof t->sequence_head, "[\"%llu\",",
                                         (unsigned long long)t->pos.lsn_commit)
                              : snprintf(t->sequence_head, sizeof t->sequence_head, "[null,");
    t->sequence_head_n = (size_t)n;
}

sl_error *pg_source_batch(pg_task *t, sl_batch *b) {
    sl_value *v = t->source_template;
    memset(v, 0, sizeof t->source_template);
    v[F_VERSION] = sl_string(SL_STR(SL_VERSION));
    v[F_CONNECTOR] = sl_string(SL_STR("postgresql"));
    v[F_NAME] = sl_string(sl_arena_str(&b->arena, t->s->cdc.topic_prefix));
    v[F_DB] = sl_string(sl_arena_str(&b->arena, t->s->dbname));
    v[F_SCHEMA] = sl_string(SL_STR(""));
    v[F_TABLE] = sl_string(SL_STR(""));
    v[F_XMIN] = t->stream.xmin >= 0 && t->s->xmin_ms ? sl_int64(t->stream.xmin) : sl_null();
    pg_source_commit(t);
    t->rows_block.items = NULL;
    t->batch_read = 0;
    return cdc_emit_begin(&t->emitter, b);
}

/* Events are several times as large in the arena as they come. With exactly-once a batch may be a
   transaction: it is as large as the settings let it be. */
bool pg_source_room(const pg_task *t, const sl_batch *b) {
    bool whole = t->ctx->exactly_once;
    size_t rows = (size_t)t->s->cdc.max_batch_size;
    size_t read = t->s->cdc.max_queue_bytes ? (size_t)t->s->cdc.max_queue_bytes : PG_BATCH_BYTES;
    rows = whole || rows < PG_TURN_ROWS ? rows : PG_TURN_ROWS;
    read = whole || read < PG_TURN_BYTES ? read : PG_TURN_BYTES;
    return b->n < rows && t->batch_read < read && b->arena.total < 4 * (size_t)PG_BATCH_BYTES;
}

static size_t put_u64(char *to, uint64_t v) {
    char text[20];
    size_t n = 0;
    do {
        text[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    for (size_t i = 0; i < n; i++) {
        to[i] = text[n - 1 - i];
    }
    return n;
}

static sl_value sequence(pg_task *t, sl_arena *a, uint64_t lsn) {
    char *to = sl_arena_bytes(a, t->sequence_head_n + 24);
    if (!to) {
        return sl_null();
    }
    memcpy(to, t->sequence_head, t->sequence_head_n);
    size_t n = t->sequence_head_n;
    to[n++] = '"';
    n += put_u64(to + n, lsn);
    to[n++] = '"';
    to[n++] = ']';
    return sl_string((sl_str){to, n});
}

sl_value pg_source_block(pg_task *t, cdc_table *table, const pg_event_at *at) {
    sl_arena *a = &t->emitter.batch->arena;
    sl_value *v = sl_arena_alloc(a, sizeof t->source_template);
    if (!v) {
        return sl_null();
    }
    memcpy(v, t->source_template, sizeof t->source_template);
    v[F_TS_MS] = sl_int64(at->ts_us / 1000);
    v[F_SNAPSHOT] = sl_string(sl_str_of(at->snapshot));
    v[F_SEQUENCE] = sequence(t, a, at->lsn);
    v[F_TS_US] = sl_int64(at->ts_us);
    v[F_TS_NS] = sl_int64(at->ts_us * 1000);
    if (table) {
        cdc_emit_use(&t->emitter, table);
        v[F_SCHEMA] = sl_string(table->batch_schema);
        v[F_TABLE] = sl_string(table->batch_name);
    }
    if (at->has_tx) {
        v[F_TXID] = sl_int64(at->tx);
    }
    v[F_LSN] = at->off_log ? sl_null() : sl_int64((int64_t)at->lsn);
    v[F_XMIN] = at->off_log ? sl_null() : v[F_XMIN];
    if (at->origin && at->origin->has_origin) {
        v[F_ORIGIN] = sl_string(sl_arena_str(a, sl_str_of(at->origin->origin)));
        v[F_ORIGIN_LSN] = sl_int64((int64_t)at->origin->origin_lsn);
    }
    return sl_container(SL_STRUCT, v, PG_SOURCE_FIELDS);
}

sl_value pg_source_of_rows(pg_task *t, cdc_table *table, const char *marker) {
    if (!t->rows_block.items || t->rows_block.table != table || t->rows_block.snapshot != marker) {
        pg_event_at at = {
            .snapshot = marker, .lsn = t->pos.lsn, .ts_us = t->snap.ts_us, .has_tx = true, .tx = t->pos.tx};
        sl_value v = pg_source_block(t, table, &at);
        t->rows_block.items = v.type == SL_STRUCT ? v.items : NULL;
        t->rows_block.table = table;
        t->rows_block.snapshot = marker;
        return v;
    }
    return sl_container(SL_STRUCT, (sl_value *)(uintptr_t)t->rows_block.items, PG_SOURCE_FIELDS);
}

/* ---- row images ---- */

static sl_error *bad_value(pg_task *t, pg_relation *r, uint32_t col, sl_value *out) {
    const cdc_column *c = &r->table->cols[col];
    if (t->emitter.batch->arena.failed) {
        return sl_error_nomem();
    }
    if (t->s->cdc.converting_failure == CDC_ON_FAILURE_FAIL) {
        return sl_error_new(SL_E_DATA, SL_FATAL,
                            "a value of column '%.*s' of %.*s does not fit its type '%.*s'; set "
                            "event.converting.failure.handling.mode=warn to pass such values as null",
                            SL_STR_ARG(c->name), SL_STR_ARG(r->table->id), SL_STR_ARG(c->type_name));
    }
    if (t->s->cdc.converting_failure == CDC_ON_FAILURE_WARN && !r->warned[col]) {
        r->warned[col] = true;
        sl_log(t->ctx, SL_LOG_WARN,
               "a value of column '%.*s' of %.*s does not fit its type '%.*s', and is null in events; not "
               "said again for this column",
               SL_STR_ARG(c->name), SL_STR_ARG(r->table->id), SL_STR_ARG(c->type_name));
    }
    *out = sl_null();
    return NULL;
}

sl_error *pg_row_value(pg_task *t, pg_relation *r, uint32_t col, char *p, size_t n, sl_value *out) {
    const pg_conv *c = &r->convs[col];
    if (!c->parse) {
        *out = sl_null();
        return NULL;
    }
    return c->parse(c, &t->emitter.batch->arena, p, n, out) ? NULL : bad_value(t, r, col, out);
}

static sl_error *unsent(pg_task *t, pg_relation *r, uint32_t col, const sl_value *old, sl_value *out) {
    if (old && old[col].type != SL_NULL) {
        *out = old[col];
        return NULL;
    }
    return sl_value_copy(&t->emitter.batch->arena, &r->convs[col].toast, out) ? NULL : sl_error_nomem();
}

sl_error *pg_row_decode(pg_task *t, pg_relation *r, pgo_tuple tuple, const sl_value *old, sl_value **out) {
    uint32_t n = r->table->ncols;
    if (tuple.n != n) {
        return sl_error_new(SL_E_DATABASE, SL_FATAL,
                            "the server sent a row of %u columns for %.*s, which has %u", tuple.n,
                            SL_STR_ARG(r->table->id), n);
    }
    sl_value *row = sl_arena_alloc(&t->emitter.batch->arena, (n ? n : 1) * sizeof *row);
    if (!row) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < n; i++) {
        pgo_cell cell;
        if (!pgo_next_cell(&tuple.rest, &cell)) {
            return sl_error_new(SL_E_DATABASE, SL_FATAL, "the server sent a malformed row for %.*s",
                                SL_STR_ARG(r->table->id));
        }
        switch (cell.kind) {
        case 't':
            SL_TRY(pg_row_value(t, r, i, cell.p, cell.n, &row[i]));
            break;
        case 'u':
            SL_TRY(unsent(t, r, i, old, &row[i]));
            break;
        case 'n':
            row[i] = sl_null();
            break;
        default:
            return sl_error_new(
                SL_E_UNSUPPORTED, SL_FATAL,
                "the server sent a binary value for %.*s: remove binary from slot.stream.params",
                SL_STR_ARG(r->table->id));
        }
    }
    *out = row;
    return NULL;
}

/* What points into a block of libpq's is counted, moved with the block, or copied. */
typedef enum own_how { OWN_COUNT, OWN_MOVE, OWN_COPY } own_how;

typedef struct owning {
    sl_arena *arena;
    sl_str block;
    own_how how;
    size_t bytes; /* COUNT: of values in the block */
    size_t end;   /* COUNT: where the last of them ends */
    char *to;     /* MOVE */
} owning;

static bool own_bytes(owning *o, sl_value *v) {
    if (!v->s || v->s < o->block.p || v->s >= o->block.p + o->block.n) {
        return true;
    }
    size_t at = (size_t)(v->s - o->block.p);
    switch (o->how) {
    case OWN_COUNT:
        o->bytes += v->n;
        o->end = o->end > at + v->n ? o->end : at + v->n;
        return true;
    case OWN_MOVE:
        v->s = o->to + at;
        return true;
    case OWN_COPY:
        break;
    }
    return sl_value_copy(o->arena, v, v);
}

static bool own_value(owning *o, sl_value *v) {
    if (v->type == SL_STRING || v->type == SL_BYTES) {
        return own_bytes(o, v);
    }
    bool container = v->type == SL_ARRAY || v->type == SL_MAP || v->type == SL_STRUCT;
    size_t items = !container ? 0 : v->type == SL_MAP ? (size_t)v->n * 2 : v->n;
    for (size_t i = 0; i < items; i++) {
        if (!own_value(o, &v->items[i])) {
            return false;
        }
    }
    return true;
}

static bool own_values(owning *o, own_how how, uint32_t n, sl_value *before, sl_value *after) {
    o->how = how;
    for (uint32_t i = 0; i < n; i++) {
        bool shared = before && after && after[i].type >= SL_STRING && after[i].s == before[i].s;
        if (before && !own_value(o, &before[i])) {
            return false;
        }
        if (shared) {
            after[i] = before[i];
        } else if (after && !own_value(o, &after[i])) {
            return false;
        }
    }
    return true;
}

/* A block of which most is needed is given away, without what is behind that: bytes are half as long as the
 * hexadecimal digits that they were read from, in place. */
sl_error *pg_row_own(sl_arena *a, sl_str block, uint32_t n, sl_value *before, sl_value *after, bool *given) {
    owning o = {.arena = a, .block = block};
    (void)own_values(&o, OWN_COUNT, n, before, after);
    *given = o.bytes > o.end / 2;
    if (!*given) {
        return own_values(&o, OWN_COPY, n, before, after) ? NULL : sl_error_nomem();
    }
    o.to = sl_realloc((char *)block.p, o.end);
    if (!o.to) {
        *given = false;
        return sl_error_nomem();
    }
    if (o.to != block.p) {
        (void)own_values(&o, OWN_MOVE, n, before, after);
    }
    if (!sl_arena_give(a, o.to, o.end)) {
        sl_free(o.to);
        return sl_error_nomem();
    }
    return NULL;
}

sl_error *pg_set_offset(pg_task *t, sl_batch *b) {
    sl_value partition = pg_partition(t->s->cdc.topic_prefix, &b->arena);
    bool inside = t->state == PG_STATE_STREAM && t->stream.before.has_lsn && pg_stream_inside(t);
    pg_offset stored = inside ? pg_offset_behind_row(&t->pos, &t->stream.before) : t->pos;
    sl_value offset = pg_offset_store(&stored, &b->arena);
    if (offset.type == SL_MAP && t->state == PG_STATE_STREAM) {
        SL_TRY(cdc_transaction_store(&t->emitter.tx, &b->arena, &offset));
        SL_TRY(cdc_incremental_store(&t->inc.todo, &b->arena, &offset));
    }
    if (partition.type != SL_MAP || offset.type != SL_MAP || !sl_batch_set_offset(b, partition, offset)) {
        return sl_error_nomem();
    }
    return NULL;
}

sl_error *pg_message_emit(pg_task *t, sl_batch *b, const pgo_message *m, const pg_event_at *at,
                          sl_str tx_id) {
    sl_arena *a = &b->arena;
    sl_record *r = sl_batch_add(b);
    sl_value key = sl_value_alloc(a, SL_STRUCT, 1);
    sl_value body = sl_value_alloc(a, SL_STRUCT, 2);
    sl_value value = sl_value_alloc(a, SL_STRUCT, 5);
    if (!r || key.type != SL_STRUCT || body.type != SL_STRUCT || value.type != SL_STRUCT) {
        return sl_error_nomem();
    }
    sl_value prefix = sl_string(sl_arena_str(a, m->name));
    key.items[0] = prefix;
    body.items[0] = prefix;
    if (!pg_bytes_value(t->s->cdc.binary_mode, a, sl_arena_str(a, m->content), &body.items[1])) {
        return sl_error_nomem();
    }
    value.items[0] = sl_string(SL_STR("m"));
    value.items[1] = sl_int64(cdc_wall_ns() / 1000000);
    value.items[2] = pg_source_block(t, NULL, at);
    value.items[3] = cdc_transaction_value(&t->emitter, a, tx_id, NULL);
    value.items[4] = body;
    r->topic = sl_arena_str(a, t->message_topic);
    sl_record_set_key(b, r, t->message_key, key);
    sl_record_set_value(b, r, t->message_value, value);
    return a->failed ? sl_error_nomem() : NULL;
}
