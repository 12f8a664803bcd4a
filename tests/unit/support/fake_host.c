/*
 * fake_host.c - see fake_host.h.
 */
#include "fake_host.h"

#include <model/schema.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static fake_state *state_of(const sl_context *ctx) {
    return ctx->runtime;
}

SL_PRINTF(3, 4) static void fake_log(const sl_context *ctx, sl_log_level level, const char *fmt, ...) {
    fake_state *s = state_of(ctx);
    va_list args;
    va_start(args, fmt);
    pthread_mutex_lock(&lock);
    s->logs++;
    vsnprintf(s->last_log, sizeof(s->last_log), fmt, args);
    if (level >= SL_LOG_WARN) {
        s->warnings++;
        memcpy(s->last_warning, s->last_log, sizeof(s->last_warning));
    }
    pthread_mutex_unlock(&lock);
    va_end(args);
}

static sl_error *fake_offset_read(const sl_context *ctx, const sl_value *partition, sl_arena *arena,
                                  sl_value *offset) {
    fake_state *s = state_of(ctx);
    (void)partition;
    *offset = sl_null();
    if (s->stored_error) {
        sl_error *err = s->stored_error;
        s->stored_error = NULL;
        return err;
    }
    if (s->stored && !sl_value_copy(arena, s->stored, offset)) {
        return sl_error_nomem();
    }
    return NULL;
}

static sl_error *fake_report(const sl_context *ctx, const sl_record *record, sl_error *err) {
    fake_state *s = state_of(ctx);
    (void)record;
    pthread_mutex_lock(&lock);
    s->reports++;
    sl_error_text(err, s->last_report, sizeof(s->last_report));
    pthread_mutex_unlock(&lock);
    if (s->refuse_reports) {
        return err;
    }
    sl_error_free(err);
    return NULL;
}

static void count(size_t *what) {
    pthread_mutex_lock(&lock);
    (*what)++;
    pthread_mutex_unlock(&lock);
}

static void fake_reconfigure(const sl_context *ctx) {
    count(&state_of(ctx)->reconfigures);
}

static void fake_wake(const sl_context *ctx) {
    count(&state_of(ctx)->wakes);
}

static bool fake_stopping(const sl_context *ctx) {
    pthread_mutex_lock(&lock);
    bool stopping = state_of(ctx)->stopping;
    pthread_mutex_unlock(&lock);
    return stopping;
}

static void fake_metric_set(const sl_context *ctx, const char *name, int64_t value) {
    (void)ctx;
    (void)name;
    (void)value;
}

static void fake_metric_add(const sl_context *ctx, const char *name, int64_t delta) {
    (void)name;
    pthread_mutex_lock(&lock);
    state_of(ctx)->metric_sum += delta;
    pthread_mutex_unlock(&lock);
}

const sl_host fake_host = {
    .struct_size = sizeof(sl_host),
    .abi_major = SL_ABI_MAJOR,
    .abi_minor = SL_ABI_MINOR,
    .log = fake_log,
    .schema_intern = sl__schema_intern,
    .schema_ref = sl__schema_ref,
    .schema_unref = sl__schema_unref,
    .offset_read = fake_offset_read,
    .report = fake_report,
    .reconfigure = fake_reconfigure,
    .wake = fake_wake,
    .stopping = fake_stopping,
    .metric_set = fake_metric_set,
    .metric_add = fake_metric_add,
};

void fake_state_deinit(fake_state *s) {
    sl_error_free(s->stored_error);
    s->stored_error = NULL;
}

sl_context fake_context(fake_state *s, const sl_config *config, const void *settings, int32_t variant) {
    return (sl_context){.host = &fake_host,
                        .connector = SL_STR("test"),
                        .task = 0,
                        .config = config,
                        .settings = settings,
                        .variant = variant,
                        .runtime = s};
}
