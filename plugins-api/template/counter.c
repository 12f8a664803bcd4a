/*
 * counter.c - a source: a number every interval.ms, as text, and where it stands as its offset.
 *
 * It never blocks. When it has nothing to send it says until when it waits, and costs nothing meanwhile.
 */
#include "template.h"

#include <time.h>

typedef struct counter {
    const sl_context *ctx;
    const counter_settings *settings;
    const sl_schema *schema; /* a reference of ours */
    int64_t next;            /* number to send next */
    int64_t due_ms;          /* when, on the monotonic clock */
} counter;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* map_of makes {"name": v}: partitions and offsets are maps like this one. */
static sl_value map_of(sl_arena *arena, const char *name, sl_value v) {
    sl_value map = sl_value_alloc(arena, SL_MAP, 1);
    if (!sl_is_null(&map)) {
        map.items[0] = sl_string(sl_str_of(name));
        map.items[1] = v;
    }
    return map;
}

/* What the batch points to must live as long as the batch: in its arena, or in static memory. */
static sl_value partition_of(void) {
    static sl_value items[] = {{.type = SL_STRING, .n = 7, .s = "counter"},
                               {.type = SL_STRING, .n = 4, .s = "main"}};
    return sl_container(SL_MAP, items, 1);
}

/* read_offset goes on where the last run ended: behind the last number that is safely in Kafka. */
static sl_error *read_offset(counter *c) {
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_value partition = partition_of(), offset = sl_null();
    sl_error *err = c->ctx->host->offset_read(c->ctx, &partition, &arena, &offset);
    const sl_value *next = err ? NULL : sl_map_get(&offset, SL_STR("next"));
    if (next && sl_is_int(next)) {
        c->next = next->i;
    }
    sl_arena_deinit(&arena);
    return err;
}

static void counter_close(void *task) {
    counter *c = task;
    c->ctx->host->schema_unref(c->schema);
    sl_free(c);
}

static sl_error *counter_open(const sl_context *ctx, void **task) {
    counter *c = sl_calloc(1, sizeof(*c));
    if (!c) {
        return sl_error_nomem();
    }
    c->ctx = ctx;
    c->settings = ctx->settings;
    c->next = 1;
    sl_error *err = read_offset(c);
    if (!err) {
        err = sl_schema_simple(ctx->host, SL_STRING, false, &c->schema);
    }
    if (err) { /* close is not called after a failed open */
        counter_close(c);
        return err;
    }
    sl_log(ctx, SL_LOG_INFO, "counting from %lld", (long long)c->next);
    *task = c;
    return NULL;
}

static sl_error *add_number(counter *c, sl_batch *batch) {
    sl_str topic = sl_arena_str(&batch->arena, c->settings->topic);
    sl_str text = sl_arena_printf(&batch->arena, "number %lld", (long long)c->next);
    sl_record *rec = sl_batch_add(batch);
    if (!topic.p || !text.p || !rec) {
        return sl_error_nomem();
    }
    rec->topic = topic;
    sl_record_set_value(batch, rec, c->schema, sl_string(text));
    c->next++;
    return NULL;
}

static sl_error *counter_poll(void *task, sl_batch *batch, sl_wait *wait) {
    counter *c = task;
    int64_t now = now_ms();
    bool over = c->settings->limit > 0 && c->next > c->settings->limit;
    if (over || now < c->due_ms) {
        *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = over ? 0 : c->due_ms};
        return NULL;
    }
    c->due_ms = now + c->settings->interval_ms;
    SL_TRY(add_number(c, batch));
    sl_value offset = map_of(&batch->arena, "next", sl_int64(c->next));
    if (sl_is_null(&offset) || !sl_batch_set_offset(batch, partition_of(), offset)) {
        return sl_error_nomem();
    }
    return NULL;
}

/* One task, however many are allowed: there is one counter. */
static sl_error *counter_task_configs(const sl_context *ctx, int32_t max_tasks, sl_task_configs *out) {
    (void)max_tasks;
    out->items = sl_arena_alloc(out->arena, sizeof(*out->items));
    if (!out->items) {
        return sl_error_nomem();
    }
    out->items[0] = *ctx->config;
    out->n = 1;
    return NULL;
}

const sl_source_ops counter_ops = {
    .task_configs = counter_task_configs,
    .open = counter_open,
    .poll = counter_poll,
    .close = counter_close,
};
