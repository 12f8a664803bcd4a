/*
 * tally.c - a sink: counts records and bytes, says so before each commit, and hands null values to the error
 * policy when asked to.
 */
#include "template.h"

typedef struct tally {
    const sl_context *ctx;
    const tally_settings *settings;
    int64_t records;
    int64_t bytes;
    int64_t told; /* records at the last report */
} tally;

static sl_error *tally_open(const sl_context *ctx, void **task) {
    tally *t = sl_calloc(1, sizeof(*t));
    if (!t) {
        return sl_error_nomem();
    }
    t->ctx = ctx;
    t->settings = ctx->settings;
    *task = t;
    return NULL;
}

/* One bad record does not stop the others: it goes to the error policy (log, dead letter queue), which
   answers with an error if the task is to fail. */
static sl_error *report_null(tally *t, const sl_record *rec) {
    sl_error *err = sl_error_new(SL_E_DATA, SL_USER, "the value is null; send a value, or set nulls=accept");
    return t->ctx->host->report(t->ctx, rec,
                                sl_error_at(err, rec->kafka_topic, rec->kafka_partition, rec->kafka_offset));
}

static sl_error *tally_put(void *task, sl_batch *batch) {
    tally *t = task;
    for (size_t i = 0; i < batch->n; i++) {
        const sl_record *rec = &batch->records[i];
        if (rec->dropped) {
            continue;
        }
        if (sl_is_null(&rec->value) && t->settings->nulls == TALLY_REPORT) {
            SL_TRY(report_null(t, rec));
            continue;
        }
        t->records++;
        if (rec->value.type == SL_STRING || rec->value.type == SL_BYTES) {
            t->bytes += rec->value.n;
        }
    }
    t->ctx->host->metric_set(t->ctx, "tally_records", t->records);
    return NULL;
}

/* A sink that writes makes its target durable here: the offsets are committed afterwards. */
static sl_error *tally_pre_commit(void *task, sl_topic_partition *parts, size_t n) {
    tally *t = task;
    (void)parts;
    (void)n;
    if (t->records != t->told) {
        sl_log(t->ctx, SL_LOG_INFO, "%lld records, %lld bytes", (long long)t->records, (long long)t->bytes);
        t->told = t->records;
    }
    return NULL;
}

static void tally_close(void *task) {
    sl_free(task);
}

const sl_sink_ops tally_ops = {
    .open = tally_open,
    .put = tally_put,
    .pre_commit = tally_pre_commit,
    .close = tally_close,
};
