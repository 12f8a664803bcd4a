/*
 * policy.c - tolerance, logging and back-off of failed records.
 */
#include "task/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define RETRY_FIRST_MS 300
#define NAP_MS 50

const char *sl__stage_name(sl__stage s) {
    static const char *const names[] = {"KEY_CONVERTER",  "VALUE_CONVERTER", "HEADER_CONVERTER",
                                        "TRANSFORMATION", "TASK_PUT",        "KAFKA_PRODUCE"};
    return names[s];
}

/* place writes where the record is; payloads and keys are never part of it. */
static void place(const sl__policy *p, const sl_record *r, char *out, size_t size) {
    out[0] = 0;
    if (!r || !p->settings->log_messages) {
        return;
    }
    if (r->kafka_topic.p) {
        snprintf(out, size, ", record {topic='%.*s', partition=%d, offset=%" PRId64 "}",
                 SL_STR_ARG(r->kafka_topic), r->kafka_partition, r->kafka_offset);
    } else {
        snprintf(out, size, ", record {topic='%.*s'}", SL_STR_ARG(r->topic));
    }
}

static void log_failure(const sl__policy *p, const sl__failure *f) {
    char component[256], text[1024], where[512];
    snprintf(component, sizeof(component), "%.*s-%d", SL_STR_ARG(p->connector), p->task);
    place(p, f->record, where, sizeof(where));
    sl__log(SL_LOG_ERROR, component, "record failed in stage %s (%s)%s: %s", sl__stage_name(f->stage),
            f->class_name, where, sl_error_text(f->err, text, sizeof(text)));
}

static sl_error *name_record(sl_error *err, const sl_record *r) {
    if (r && r->kafka_topic.p && !err->topic) {
        return sl_error_at(err, r->kafka_topic, r->kafka_partition, r->kafka_offset);
    }
    return r && !err->topic && r->topic.p ? sl_error_at(err, r->topic, r->partition, -1) : err;
}

static void count(const sl__policy *p, const char *metric) {
    sl__metric *m = sl__metric_get(metric, p->connector, p->task);
    sl__metric_add(m, 1);
    sl__metric_release(m);
}

static void stamp(const sl__policy *p, const char *metric) {
    sl__metric *m = sl__metric_get(metric, p->connector, p->task);
    sl__metric_set(m, sl__wall_ms());
    sl__metric_release(m);
}

sl_error *sl__policy_fail(sl__policy *p, const sl__failure *f) {
    sl_error *err = f->err;
    bool tolerable = err->cls != SL_RETRIABLE && err->code != SL_E_NOMEM;
    count(p, "error_record_failures");
    stamp(p, "error_last_ms");
    if (tolerable && p->settings->log_errors) {
        count(p, "error_logged");
        log_failure(p, f);
    }
    if (tolerable && p->settings->tolerance == SL__TOLERATE_ALL) {
        p->skipped++;
        count(p, "error_records_skipped");
        sl_error_free(err);
        return NULL;
    }
    err = sl_error_wrap(err, "stage %s (%s)", sl__stage_name(f->stage), f->class_name);
    return name_record(err, f->record);
}

bool sl__policy_backoff(const sl__policy *p, int64_t start_ms, unsigned attempt) {
    int64_t delay = RETRY_FIRST_MS;
    for (unsigned i = 1; i < attempt && delay < p->settings->retry_delay_max_ms; i++) {
        delay *= 2;
    }
    delay = delay < p->settings->retry_delay_max_ms ? delay : p->settings->retry_delay_max_ms;
    int64_t until = sl__now_ms() + delay;
    if (p->settings->retry_timeout_ms >= 0 && until > start_ms + p->settings->retry_timeout_ms) {
        return false;
    }
    count(p, "error_retries");
    while (sl__now_ms() < until) {
        if (p->stopping && p->stopping(p->arg)) {
            return false;
        }
        struct timespec nap = {0, NAP_MS * 1000000L};
        nanosleep(&nap, NULL);
    }
    return true;
}
