/*
 * notify.c - see notify.h.
 */
#include "notify.h"

#include <stdio.h>

#include "clock.h"
#include "incremental.h"
#include "table.h"

static sl_error *make_schemas(cdc_notifier *n, const sl_schema *string, const sl_schema *i64) {
    const sl_host *h = n->ctx->host;
    const sl_schema *map = NULL;
    sl_schema def = {.type = SL_MAP, .optional = true, .key = string, .element = string};
    sl_field key[] = {{SL_STR("id"), string}};
    SL_TRY(h->schema_intern(&def, &map));
    sl_field value[] = {{SL_STR("id"), string},
                        {SL_STR("type"), string},
                        {SL_STR("aggregate_type"), string},
                        {SL_STR("additional_data"), map},
                        {SL_STR("timestamp"), i64}};
    sl_error *err = cdc_struct_schema(h, SL_STR("io.debezium.connector.common.NotificationKey"), 1, false,
                                      key, 1, &n->key);
    err = err ? err
              : cdc_struct_schema(h, SL_STR("io.debezium.connector.common.Notification"), 1, false, value, 5,
                                  &n->value);
    h->schema_unref(map);
    return err;
}

sl_error *cdc_notifier_init(cdc_notifier *n, const sl_context *ctx, const cdc_config *c) {
    const sl_schema *string = NULL;
    const sl_schema *i64 = NULL;
    memset(n, 0, sizeof *n);
    n->ctx = ctx;
    n->config = c;
    n->sink = cdc_listed(c->notify_channels, "sink");
    n->log = cdc_listed(c->notify_channels, "log");
    sl_error *err = sl_schema_simple(ctx->host, SL_STRING, false, &string);
    err = err ? err : sl_schema_simple(ctx->host, SL_INT64, false, &i64);
    err = err ? err : make_schemas(n, string, i64);
    ctx->host->schema_unref(string);
    ctx->host->schema_unref(i64);
    return err;
}

static void drop_first(cdc_notifier *n) {
    cdc_note *x = n->first;
    n->first = x->next;
    n->last = n->first ? n->last : NULL;
    sl_arena_deinit(&x->arena);
    sl_free(x);
}

void cdc_notifier_deinit(cdc_notifier *n) {
    while (n->first) {
        drop_first(n);
    }
    if (n->ctx) {
        n->ctx->host->schema_unref(n->key);
        n->ctx->host->schema_unref(n->value);
    }
    memset(n, 0, sizeof *n);
}

static void add_item(cdc_note *x, const char *name, sl_str value) {
    if (x->n < CDC_NOTE_DATA) {
        x->names[x->n] = sl_arena_str(&x->arena, sl_str_of(name));
        x->values[x->n++] = sl_arena_str(&x->arena, value.p ? value : SL_STR(""));
    }
}

static void log_note(cdc_notifier *n, const cdc_note *x) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    for (size_t i = 0; i < x->n; i++) {
        sl_buf_printf(&b, "%s%.*s=%.*s", i ? ", " : "", SL_STR_ARG(x->names[i]), SL_STR_ARG(x->values[i]));
    }
    sl_str data = sl_buf_view(&b);
    sl_log(n->ctx, SL_LOG_INFO,
           "[Notification Service]  {id='%s', aggregateType='%s', type='%s', additionalData={%.*s}, "
           "timestamp=%lld}",
           x->id, x->kind, x->type, SL_STR_ARG(data), (long long)x->ts_ms);
    sl_buf_deinit(&b);
}

static void enqueue(cdc_notifier *n, cdc_note *x) {
    if (n->last) {
        n->last->next = x;
    } else {
        n->first = x;
    }
    n->last = x;
}

void cdc_notify(cdc_notifier *n, const char *kind, const char *type, sl_str id, const cdc_note_item *items) {
    if (!n->sink && !n->log) {
        return;
    }
    cdc_note *x = sl_calloc(1, sizeof *x);
    if (!x) {
        return;
    }
    sl_arena_init(&x->arena, 512);
    x->kind = kind;
    x->type = type;
    x->ts_ms = cdc_wall_ns() / 1000000;
    if (id.p) {
        snprintf(x->id, sizeof x->id, "%.*s", SL_STR_ARG(id));
    } else {
        cdc_uuid(x->id);
    }
    add_item(x, "connector_name", n->config->topic_prefix);
    for (; items && items->name; items++) {
        add_item(x, items->name, items->value);
    }
    if (n->log && !x->arena.failed) {
        log_note(n, x);
    }
    if (n->sink && !x->arena.failed) {
        enqueue(n, x);
        return;
    }
    sl_arena_deinit(&x->arena);
    sl_free(x);
}

static sl_error *put_note(cdc_notifier *n, sl_batch *b, const cdc_note *x) {
    sl_record *r = sl_batch_add(b);
    sl_value key = sl_value_alloc(&b->arena, SL_STRUCT, 1);
    sl_value value = sl_value_alloc(&b->arena, SL_STRUCT, 5);
    sl_value data = sl_value_alloc(&b->arena, SL_MAP, x->n);
    if (!r || key.type != SL_STRUCT || value.type != SL_STRUCT || data.type != SL_MAP) {
        return sl_error_nomem();
    }
    key.items[0] = sl_string(sl_arena_str(&b->arena, sl_str_of(x->id)));
    for (size_t i = 0; i < x->n; i++) {
        data.items[2 * i] = sl_string(sl_arena_str(&b->arena, x->names[i]));
        data.items[2 * i + 1] = sl_string(sl_arena_str(&b->arena, x->values[i]));
    }
    value.items[0] = key.items[0];
    value.items[1] = sl_string(sl_str_of(x->type));
    value.items[2] = sl_string(sl_str_of(x->kind));
    value.items[3] = data;
    value.items[4] = sl_int64(x->ts_ms);
    r->topic = sl_arena_str(&b->arena, n->config->notify_topic);
    sl_record_set_key(b, r, n->key, key);
    sl_record_set_value(b, r, n->value, value);
    return b->arena.failed ? sl_error_nomem() : NULL;
}

sl_error *cdc_notify_flush(cdc_notifier *n, sl_batch *b) {
    while (n->first) {
        SL_TRY(put_note(n, b, n->first));
        drop_first(n);
    }
    return NULL;
}
