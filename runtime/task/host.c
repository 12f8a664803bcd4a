/*
 * host.c - the services of sluice/host.h, passed on to the runtime's parts.
 */
#include "task/host.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
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
    };
    return &table;
}
