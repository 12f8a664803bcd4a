/*
 * host.c - the services of sluice/host.h, passed on to the runtime's parts.
 */
#include "task/host.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "kafka/topic_reader.h"
#include "model/schema.h"

static const sl__host_side *side_of(const sl_context *ctx) {
    return ctx->runtime;
}

/* name_component writes "connector-0.transforms.x" into out: what log lines and levels go by. */
static void name_component(const sl_context *ctx, char *out, size_t size) {
    int n = snprintf(out, size, "%.*s", SL_STR_ARG(ctx->connector));
    if (ctx->task >= 0 && n >= 0 && (size_t)n < size) {
        n += snprintf(out + n, size - (size_t)n, "-%d", ctx->task);
    }
    if (ctx->component.n && n >= 0 && (size_t)n < size) {
        snprintf(out + n, size - (size_t)n, "%s%.*s", n ? "." : "", SL_STR_ARG(ctx->component));
    }
}

static void host_log(const sl_context *ctx, sl_log_level level, const char *fmt, ...) SL_PRINTF(3, 4);

static void host_log(const sl_context *ctx, sl_log_level level, const char *fmt, ...) {
    char component[256];
    name_component(ctx, component, sizeof(component));
    if (!sl__log_enabled(level, component)) {
        return;
    }
    va_list args;
    va_start(args, fmt);
    sl__logv(level, component, fmt, args);
    va_end(args);
}

static sl_error *host_offset_read(const sl_context *ctx, const sl_value *partition, sl_arena *arena,
                                  sl_value *offset) {
    const sl__host_side *side = side_of(ctx);
    *offset = sl_null();
    return side && side->offset_read ? side->offset_read(side->arg, partition, arena, offset) : NULL;
}

static sl_error *host_report(const sl_context *ctx, const sl_record *record, sl_error *err) {
    const sl__host_side *side = side_of(ctx);
    return side && side->report ? side->report(side->arg, record, err) : err;
}

static void host_reconfigure(const sl_context *ctx) {
    const sl__host_side *side = side_of(ctx);
    if (side && side->reconfigure) {
        side->reconfigure(side->arg);
    }
}

static void host_wake(const sl_context *ctx) {
    const sl__host_side *side = side_of(ctx);
    if (side && side->wake) {
        side->wake(side->arg);
    }
}

static bool host_stopping(const sl_context *ctx) {
    const sl__host_side *side = side_of(ctx);
    return side && side->stopping && side->stopping(side->arg);
}

static void host_metric_set(const sl_context *ctx, const char *name, int64_t value) {
    sl__metric *m = sl__metric_get(name, ctx->connector, ctx->task);
    sl__metric_set(m, value);
    sl__metric_release(m);
}

static void host_metric_add(const sl_context *ctx, const char *name, int64_t delta) {
    sl__metric *m = sl__metric_get(name, ctx->connector, ctx->task);
    sl__metric_add(m, delta);
    sl__metric_release(m);
}

/* ---- topics ---- */

static sl_error *no_kafka(void) {
    return sl_error_new(SL_E_UNSUPPORTED, SL_BUG, "topics can be used by source tasks only");
}

/* client_of translates the settings of a client for a topic: the worker's with spec's over them, or only
 * spec's for another cluster. */
static sl_error *client_of(const sl__host_side *side, const sl_topic_spec *spec, sl__client_kind kind,
                           sl_arena *a, sl__client_config *out) {
    sl_config base = {NULL, 0};
    sl_config_report problems;
    sl_config_report_init(&problems, a);
    if (!spec->servers.n) {
        SL_TRY(sl__client_settings(kind, side->worker_config, NULL, a, &base));
    }
    size_t n = base.n + 1 + (spec->client ? spec->client->n : 0);
    sl_config_entry *all = sl_arena_zalloc(a, n * sizeof *all);
    if (!all) {
        return sl_error_nomem();
    }
    size_t k = 0;
    if (spec->servers.n) {
        all[k++] = (sl_config_entry){.key = SL_STR("bootstrap.servers"), .value = spec->servers};
    }
    for (size_t i = 0; i < base.n; i++) {
        if (!spec->client || !sl_config_get(spec->client, base.entries[i].key).p) {
            all[k++] = base.entries[i];
        }
    }
    for (size_t i = 0; spec->client && i < spec->client->n; i++) {
        all[k++] = spec->client->entries[i];
    }
    sl_config settings = {all, k};
    SL_TRY(sl__client_translate(kind, &settings, SL_STR_NONE, a, &problems, out));
    return sl_config_report_error(&problems);
}

/* client_for makes an arena, and in it the settings of a client for a topic. */
static sl_error *client_for(const sl_context *ctx, const sl_topic_spec *spec, sl__client_kind kind,
                            sl_arena *a, sl__client_config *out) {
    const sl__host_side *side = side_of(ctx);
    sl_arena_init(a, 2048);
    return side && side->kafka ? client_of(side, spec, kind, a, out) : no_kafka();
}

static sl_error *host_topic_open(const sl_context *ctx, const sl_topic_spec *spec, sl_topic_reader **out) {
    sl_arena a;
    sl__client_config conf;
    *out = NULL;
    sl_error *err = client_for(ctx, spec, SL__CLIENT_CONSUMER, &a, &conf);
    err = err ? err
              : sl__topic_reader_open(spec->servers.n ? NULL : side_of(ctx)->kafka, &conf, spec->topic,
                                      spec->partition, spec->group, spec->from, (sl__topic_reader **)out);
    sl_arena_deinit(&a);
    return err;
}

static sl_error *host_topic_next(sl_topic_reader *r, int timeout_ms, sl_arena *arena, sl_topic_message *m,
                                 bool *got) {
    return sl__topic_reader_next((sl__topic_reader *)r, timeout_ms, arena, m, got);
}

static sl_error *host_topic_end(sl_topic_reader *r, int timeout_ms, int64_t *end) {
    return sl__topic_reader_end((sl__topic_reader *)r, timeout_ms, end);
}

static sl_error *host_topic_commit(sl_topic_reader *r, int64_t next) {
    return sl__topic_reader_commit((sl__topic_reader *)r, next);
}

static void host_topic_close(sl_topic_reader *r) {
    sl__topic_reader_close((sl__topic_reader *)r);
}

static sl_error *host_topic_append(const sl_context *ctx, const sl_topic_spec *spec, sl_str key, sl_str value,
                                   int timeout_ms) {
    sl_arena a;
    sl__client_config conf;
    sl_error *err = client_for(ctx, spec, SL__CLIENT_PRODUCER, &a, &conf);
    err = err ? err
              : sl__topic_append(side_of(ctx)->kafka, &conf, spec->topic, spec->partition, key, value,
                                 timeout_ms);
    sl_arena_deinit(&a);
    return err;
}

const sl_host *sl__host_table(void) {
    static const sl_host table = {
        .struct_size = sizeof(sl_host),
        .abi_major = SL_ABI_MAJOR,
        .abi_minor = SL_ABI_MINOR,
        .log = host_log,
        .schema_intern = sl__schema_intern,
        .schema_ref = sl__schema_ref,
        .schema_unref = sl__schema_unref,
        .offset_read = host_offset_read,
        .report = host_report,
        .reconfigure = host_reconfigure,
        .wake = host_wake,
        .stopping = host_stopping,
        .metric_set = host_metric_set,
        .metric_add = host_metric_add,
        .topic_open = host_topic_open,
        .topic_next = host_topic_next,
        .topic_end = host_topic_end,
        .topic_commit = host_topic_commit,
        .topic_close = host_topic_close,
        .topic_append = host_topic_append,
    };
    return &table;
}
