/*
 * sink.c - moves messages from Kafka into a sink task.
 *
 * consume -> converters -> transforms -> put. The batch owns its messages until put has taken it. A batch
 * that is to be retried stays, with the partitions paused, and the consumer is still served so that the group
 * sees a live member. When partitions are revoked what was not taken is dropped: it will be read again from
 * the committed offset.
 *
 * A worker of a cluster neither puts nor commits while its lease is over: others may run its tasks by then.
 *
 * Threads: the task's step; the consumer's callbacks run inside it. Memory: one batch of at most BATCH_BYTES
 * and batch_max records.
 */
#include "task/dead_letter.h"
#include "task/flow.h"
#include "task/positions.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric_table.h"
#include "base/metrics.h"
#include "model/batch.h"

#define BATCH_BYTES (4 * 1024 * 1024)
#define BATCH_RECORDS 4000
#define RETRY_FIRST_MS 500
#define RETRY_MAX_MS 30000
#define SERVE_MS 1000
#define IDLE_MS 10000
#define LAST_COMMIT_MS 5000
#define LEASE_AGAIN_MS 100

typedef struct sink {
    sl__task *task;
    const sl_sink_ops *ops;
    void *plugin;
    sl__client_config client;
    sl__consumer *consumer;
    sl_str group;
    sl__dead_letter *dead;
    sl__positions positions;
    sl_batch *batch;
    sl__in_message *messages; /* one for each record of the batch, in its order */
    size_t n, cap, batch_max;
    size_t bytes;
    bool held; /* the batch is to be put again */
    unsigned attempts;
    int64_t retry_at_ms;
    bool paused;           /* the partitions are paused */
    int64_t commit_at_ms;  /* 0 = nothing to commit */
    sl_error *event_error; /* from a callback; owned */
    sl__metric *read, *put_records, *lag, *retries, *batches, *put_ms, *put_max, *largest, *assigned;
} sink;

/* ---- the batch ---- */

static void drop_batch(sink *s) {
    for (size_t i = 0; i < s->n; i++) {
        sl__message_release(s->messages[i].handle);
    }
    s->n = 0;
    s->bytes = 0;
    s->held = false;
    sl__batch_reset(s->batch);
}

static bool add_message(sink *s, const sl__in_message *m) {
    sl__in_message *more = sl_grow(s->messages, s->n, &s->cap, sizeof *more);
    if (!more) {
        return false;
    }
    s->messages = more;
    s->messages[s->n++] = *m;
    s->bytes += m->key.n + m->payload.n + sizeof(sl_record);
    return true;
}

/* gather takes what the consumer has, up to a batch. A rebalance on the way drops what was gathered before
 * it. */
static sl_error *gather(sink *s) {
    while (s->n < s->batch_max && s->bytes < BATCH_BYTES) {
        sl__in_message m;
        bool got = false;
        SL_TRY(sl__consumer_poll(s->consumer, &m, &got));
        if (s->event_error) {
            if (got) {
                sl__message_release(m.handle);
            }
            sl_error *err = s->event_error;
            s->event_error = NULL;
            return err;
        }
        if (!got) {
            return NULL;
        }
        if (!sl__positions_owns(&s->positions, m.topic, m.partition)) {
            sl__message_release(m.handle); /* fetched before its partition went */
            continue;
        }
        if (!add_message(s, &m)) {
            sl__message_release(m.handle);
            return sl_error_nomem();
        }
    }
    return NULL;
}

/* ---- failures of records ---- */

/* message_of finds the message that a record was made from. */
static const sl__in_message *message_of(const sink *s, const sl_record *rec) {
    size_t i = (size_t)(rec - s->batch->records);
    if (rec >= s->batch->records && i < s->batch->n && i < s->n) {
        return &s->messages[i];
    }
    for (i = 0; i < s->n; i++) {
        const sl__in_message *m = &s->messages[i];
        if (m->offset == rec->kafka_offset && m->partition == rec->kafka_partition &&
            sl_str_eq(m->topic, rec->kafka_topic)) {
            return m;
        }
    }
    return NULL;
}

/* fail_record sends a copy to the dead letter queue when the record is to be passed over, then asks the
 * policy. */
static sl_error *fail_record(sl__task *t, sl__stage stage, const sl__instance *at, const sl_record *rec,
                             sl_error *err) {
    sink *s = t->flow_state;
    bool tolerated = s->task->settings.tolerance == SL__TOLERATE_ALL && err->cls != SL_RETRIABLE &&
                     err->code != SL_E_NOMEM;
    const sl__in_message *m = message_of(s, rec);
    if (tolerated && s->dead && m) {
        sl__failure f = {stage, sl__plugin_java_class(at ? at->def : s->task->spec.def), rec, err};
        sl_error *dead = sl__dead_letter_send(s->dead, m, &f);
        if (dead) {
            sl_error_free(err);
            return dead;
        }
    }
    return sl__task_fail_record(s->task, stage, at, rec, err);
}

/* report_record is host->report: the plugin found a bad record within put. */
static sl_error *report_record(void *arg, const sl_record *record, sl_error *err) {
    sl__task *t = arg;
    sink *s = t->flow_state;
    sl_record copy = *record;
    const sl__in_message *m = message_of(s, record);
    if (!m) {
        return sl_error_wrap(err, "the plugin reported a record that is not in its batch");
    }
    size_t i = (size_t)(m - s->messages);
    if (record != &s->batch->records[i]) {
        copy = s->batch->records[i];
    }
    return fail_record(t, SL_STAGE_TASK_PUT, NULL, i < s->batch->n ? &s->batch->records[i] : &copy, err);
}

/* ---- converting ---- */

static sl_error *convert_part(sink *s, const sl__converter *c, sl__stage stage, sl_record *r, sl_str header,
                              sl_str bytes, const sl_schema **schema, sl_value *value) {
    int64_t start = 0;
    for (unsigned attempt = 1;; attempt++) {
        sl_error *err = c->ops->from_bytes(c->state, r->topic, header, bytes, s->batch, schema, value);
        if (!err) {
            return NULL;
        }
        start = start ? start : sl__now_ms();
        if (err->cls == SL_RETRIABLE && sl__policy_backoff(&s->task->policy, start, attempt)) {
            sl_error_free(err);
            continue;
        }
        r->dropped = true;
        return fail_record(s->task, stage, &c->inst, r, err);
    }
}

static sl_error *convert_headers(sink *s, const sl__in_message *m, sl_record *r) {
    sl_str *names, *values;
    size_t n;
    SL_TRY(sl__message_headers(m, &s->batch->arena, &names, &values, &n));
    for (size_t i = 0; i < n && !r->dropped; i++) {
        const sl_schema *schema = NULL;
        sl_value v = sl_null();
        SL_TRY(convert_part(s, &s->task->parts.header, SL_STAGE_HEADER_CONVERTER, r, names[i], values[i],
                            &schema, &v));
        if (!r->dropped && !sl_record_add_header(s->batch, r, names[i], schema, v)) {
            return sl_error_nomem();
        }
    }
    return NULL;
}

static sl_error *convert_message(sink *s, const sl__in_message *m) {
    sl__parts *p = &s->task->parts;
    sl_record *r = sl_batch_add(s->batch);
    if (!r) {
        return sl_error_nomem();
    }
    r->topic = r->kafka_topic = m->topic;
    r->partition = r->kafka_partition = m->partition;
    r->kafka_offset = m->offset;
    r->timestamp = m->timestamp;
    SL_TRY(convert_part(s, &p->key, SL_STAGE_KEY_CONVERTER, r, SL_STR_NONE, m->key, &r->key_schema, &r->key));
    if (!r->dropped) {
        SL_TRY(convert_part(s, &p->value, SL_STAGE_VALUE_CONVERTER, r, SL_STR_NONE, m->payload,
                            &r->value_schema, &r->value));
    }
    if (!r->dropped) {
        SL_TRY(convert_headers(s, m, r));
    }
    if (!r->dropped) {
        SL_TRY(sl__task_transform(s->task, s->batch, r, fail_record));
    }
    if (!r->dropped) {
        sl__topics_used_add(&s->task->topics, m->topic);
    }
    return NULL;
}

static sl_error *convert_batch(sink *s) {
    for (size_t i = 0; i < s->n; i++) {
        SL_TRY(convert_message(s, &s->messages[i]));
    }
    return s->batch->failed ? sl_error_nomem() : NULL;
}

/* ---- committing ---- */

/* commit_early: with the embedded broker sources may be waiting for what this sink has not committed. */
static void commit_early(sink *s) {
    if (s->commit_at_ms && sl__consumer_commit_due(s->consumer)) {
        s->commit_at_ms = sl__now_ms();
    }
}

/* finish_batch counts the batch as taken. */
static sl_error *finish_batch(sink *s) {
    for (size_t i = 0; i < s->n; i++) {
        const sl__in_message *m = &s->messages[i];
        sl__positions_advance(&s->positions, m->topic, m->partition, m->offset + 1);
    }
    sl__metric_add(s->put_records, (int64_t)s->n);
    drop_batch(s);
    if (s->commit_at_ms == 0) {
        s->commit_at_ms = sl__now_ms() + s->task->env->worker->offset_flush_interval_ms;
    }
    commit_early(s);
    return NULL;
}

static sl_error *need_lease(const sink *s) {
    return sl__lease_holds(s->task->env->lease)
               ? NULL
               : sl_error_new(SL_E_CONFLICT, SL_RETRIABLE, "this worker is no member of its cluster now");
}

/* commit makes what was taken durable and commits it; *done = false: dead letters are still on their way. */
static sl_error *commit(sink *s, int timeout_ms, bool *done) {
    SL_TRY(need_lease(s));
    SL_TRY(sl__dead_letter_settled(s->dead, done));
    if (!*done) {
        return NULL;
    }
    s->commit_at_ms = 0;
    size_t n;
    sl_topic_partition *parts;
    SL_TRY(sl__positions_uncommitted(&s->positions, &parts, &n));
    if (n == 0) {
        return NULL;
    }
    if (s->ops->pre_commit) {
        SL_TRY(s->ops->pre_commit(s->plugin, parts, n));
        SL_TRY(need_lease(s)); /* that may have taken long */
    }
    int64_t began = sl__now_ms();
    sl_error *err = sl__consumer_commit(s->consumer, parts, n, timeout_ms);
    sl__task_count_commit(s->task, began, err);
    SL_TRY(err);
    sl__positions_committed(&s->positions, parts, n);
    return NULL;
}

static sl_error *commit_if_due(sink *s) {
    if (s->commit_at_ms == 0 || sl__now_ms() < s->commit_at_ms) {
        return NULL;
    }
    bool done;
    sl_error *err = commit(s, 0, &done);
    if (err && err->cls == SL_RETRIABLE) {
        char text[512];
        sl__log(SL_LOG_WARN, "offsets", "%.*s-%d: offsets were not committed and will be tried again: %s",
                SL_STR_ARG(s->task->spec.connector), s->task->spec.task,
                sl_error_text(err, text, sizeof(text)));
        sl_error_free(err);
        s->commit_at_ms = sl__now_ms() + 5000;
        return NULL;
    }
    if (!err && !done) {
        s->commit_at_ms = sl__now_ms() + 100;
    }
    return err;
}

/* commit_now commits before partitions go or the task ends; trouble is logged: what is not committed is read
 * again. */
static void commit_now(sink *s) {
    int64_t until = sl__now_ms() + LAST_COMMIT_MS;
    bool done = false;
    sl__positions_doubt(
        &s->positions); /* commits before were not waited for, a rebalance may have refused them */
    sl_error *err = commit(s, LAST_COMMIT_MS, &done);
    while (!err && !done && sl__now_ms() < until) {
        struct timespec nap = {0, 10 * 1000000L};
        nanosleep(&nap, NULL);
        err = commit(s, LAST_COMMIT_MS, &done);
    }
    if (err) {
        char text[512];
        sl__log(SL_LOG_WARN, "offsets",
                "%.*s-%d: the last offsets were not committed, their records will be read again: %s",
                SL_STR_ARG(s->task->spec.connector), s->task->spec.task,
                sl_error_text(err, text, sizeof(text)));
        sl_error_free(err);
    }
}

/* ---- the consumer's callbacks ---- */

static sl_error *on_assigned(void *arg, sl_topic_partition *parts, size_t n) {
    sink *s = arg;
    sl_error *err = s->ops->assigned ? s->ops->assigned(s->plugin, parts, n) : NULL;
    for (size_t i = 0; !err && i < n; i++) {
        err = sl__positions_add(&s->positions, parts[i].topic, parts[i].partition);
    }
    sl__metric_add(s->assigned, (int64_t)n);
    if (err) {
        sl_error_free(s->event_error);
        s->event_error = err;
        return sl_error_new(err->code, err->cls, "partitions could not be taken: %s", err->message);
    }
    return NULL;
}

static void on_revoked(void *arg, const sl_topic_partition *parts, size_t n, bool lost) {
    sink *s = arg;
    drop_batch(s);
    if (!lost && s->task->plugin_open) {
        commit_now(s);
    }
    for (size_t i = 0; i < n; i++) {
        sl__positions_remove(&s->positions, parts[i].topic, parts[i].partition);
    }
    sl__metric_add(s->assigned, -(int64_t)n);
    if (s->ops->revoked && s->task->plugin_open) {
        s->ops->revoked(s->plugin, parts, n, lost);
    }
}

/* ---- putting ---- */

static sl_error *set_paused(sink *s, bool paused) {
    if (s->paused == paused) {
        return NULL;
    }
    s->paused = paused;
    return paused ? sl__consumer_pause(s->consumer) : sl__consumer_resume(s->consumer);
}

static void plan_retry(sink *s, sl_error *err) {
    int64_t delay = RETRY_FIRST_MS;
    for (unsigned i = 0; i < s->attempts && delay < RETRY_MAX_MS; i++) {
        delay *= 2;
    }
    delay = delay < RETRY_MAX_MS ? delay : RETRY_MAX_MS;
    char text[512];
    s->attempts++;
    s->held = true;
    s->retry_at_ms = sl__now_ms() + delay;
    sl__metric_add(s->retries, 1);
    sl__log(SL_LOG_WARN, "sink", "%.*s-%d: %zu records will be put again in %d ms (attempt %u): %s",
            SL_STR_ARG(s->task->spec.connector), s->task->spec.task, s->n, (int)delay, s->attempts + 1,
            sl_error_text(err, text, sizeof(text)));
    sl_error_free(err);
}

/* put_batch hands the batch over; without the lease it is held until there is one again. */
static sl_error *put_batch(sink *s) {
    if (!sl__lease_holds(s->task->env->lease)) {
        s->held = true;
        s->retry_at_ms = sl__now_ms() + LEASE_AGAIN_MS;
        return set_paused(s, true);
    }
    int64_t began = sl__now_ms();
    sl_error *err = s->ops->put(s->plugin, s->batch);
    sl__metric_add(s->put_ms, sl__now_ms() - began);
    sl__metric_max(s->put_max, sl__now_ms() - began);
    sl__metric_max(s->largest, (int64_t)s->n);
    if (err && err->cls == SL_RETRIABLE && !sl__task_stopping(s->task)) {
        plan_retry(s, err);
        return set_paused(s, true);
    }
    SL_TRY(err);
    s->attempts = 0;
    sl__metric_add(s->batches, 1);
    return finish_batch(s);
}

/* serve keeps the group membership alive while a batch is held or the task is paused: with all partitions
   paused, poll gives no messages, or one that was on its way, which is then read again. */
static sl_error *serve(sink *s) {
    sl__in_message m;
    bool got = false;
    SL_TRY(sl__consumer_poll(s->consumer, &m, &got));
    if (got) {
        sl_topic_partition back = {.topic = m.topic, .partition = m.partition, .offset = m.offset};
        sl_error *err = sl__positions_owns(&s->positions, m.topic, m.partition)
                            ? sl__consumer_seek(s->consumer, &back)
                            : NULL;
        sl__message_release(m.handle);
        SL_TRY(err);
    }
    sl_error *err = s->event_error;
    s->event_error = NULL;
    return err;
}

static void wait_until(const sink *s, sl_wait *wait, int64_t until) {
    *wait = (sl_wait){.idle = true, .fd = sl__consumer_fd(s->consumer), .readable = true, .until_ms = until};
    if (s->commit_at_ms && s->commit_at_ms < wait->until_ms) {
        wait->until_ms = s->commit_at_ms;
    }
}

static sl_error *step_held(sink *s, sl_wait *wait) {
    SL_TRY(serve(s));
    int64_t now = sl__now_ms();
    if (!s->held) { /* a rebalance took the batch */
        return NULL;
    }
    if (now >= s->retry_at_ms) {
        s->held = false;
        return put_batch(s);
    }
    wait_until(s, wait, now + SERVE_MS < s->retry_at_ms ? now + SERVE_MS : s->retry_at_ms);
    return NULL;
}

static sl_error *step_running(sink *s, sl_wait *wait) {
    SL_TRY(set_paused(s, false));
    SL_TRY(gather(s));
    if (s->n == 0) {
        sl__metric_set(s->lag, sl__consumer_lag(s->consumer));
        commit_early(s);
        wait_until(s, wait, sl__now_ms() + IDLE_MS);
        sl__task_trim(s->task, 0, wait);
        return NULL;
    }
    sl__task_trim(s->task, s->bytes, wait);
    sl__metric_add(s->read, (int64_t)s->n);
    SL_TRY(convert_batch(s));
    return put_batch(s);
}

static sl_error *step_paused(sink *s, sl_wait *wait) {
    SL_TRY(set_paused(s, true));
    SL_TRY(serve(s));
    wait_until(s, wait, sl__now_ms() + SERVE_MS);
    return NULL;
}

static sl_error *sink_step(sl__task *t, void *flow, bool paused, sl_wait *wait) {
    sink *s = flow;
    (void)t;
    if (s->dead) {
        bool ready;
        SL_TRY(sl__dead_letter_ready(s->dead, &ready));
        if (!ready) {
            *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = sl__now_ms() + IDLE_MS};
            return NULL;
        }
    }
    SL_TRY(commit_if_due(s));
    if (s->held) {
        return step_held(s, wait);
    }
    return paused ? step_paused(s, wait) : step_running(s, wait);
}

/* ---- life ---- */

static sl_error *open_consumer(sink *s) {
    sl__task *t = s->task;
    sl_config settings;
    sl_config_report problems;
    sl_config_report_init(&problems, &t->arena);
    SL_TRY(sl__client_settings(SL__CLIENT_CONSUMER, t->env->worker_config, &t->config, &t->arena, &settings));
    SL_TRY(sl__client_translate(SL__CLIENT_CONSUMER, &settings, SL_STR("consumer."), &t->arena, &problems,
                                &s->client));
    SL_TRY(sl_config_report_error(&problems));
    s->batch_max = s->client.max_poll_records > 0 ? (size_t)s->client.max_poll_records : BATCH_RECORDS;
    SL_TRY(sl__client_sink_group(&settings, t->spec.connector, &t->arena, &s->group));
    sl__consumer_spec spec = {.conf = &s->client,
                              .group = s->group,
                              .topics = t->settings.topics,
                              .regex = t->settings.topics_regex.n ? t->settings.topics_regex : SL_STR_NONE,
                              .events = {on_assigned, on_revoked, s}};
    return sl__consumer_open(t->env->kafka, &spec, &s->consumer);
}

static sl_error *sink_open(sl__task *t, void *flow) {
    sink *s = flow;
    s->task = t;
    s->ops = t->spec.def->sink;
    t->side.report = report_record;
    s->read = sl__metric_get("sink_records_read", t->spec.connector, t->spec.task);
    s->put_records = sl__metric_get("sink_records_put", t->spec.connector, t->spec.task);
    s->lag = sl__metric_get("sink_records_lag", t->spec.connector, t->spec.task);
    s->retries = sl__metric_get("sink_put_retries", t->spec.connector, t->spec.task);
    s->batches = sl__metric_get("sink_batches", t->spec.connector, t->spec.task);
    s->put_ms = sl__metric_get("sink_put_ms", t->spec.connector, t->spec.task);
    s->put_max = sl__metric_get("sink_put_max_ms", t->spec.connector, t->spec.task);
    s->largest = sl__metric_get("batch_size_max", t->spec.connector, t->spec.task);
    s->assigned = sl__metric_get("sink_partitions", t->spec.connector, t->spec.task);
    sl__metrics_begin(SL_METRIC_TASK, t->spec.connector, t->spec.task);
    sl__metrics_begin(SL_METRIC_SINK, t->spec.connector, t->spec.task);
    s->batch = sl__batch_new(sl__host_table());
    if (!s->batch) {
        return sl_error_nomem();
    }
    SL_TRY(sl__dead_letter_open(t, &s->dead));
    SL_TRY(s->ops->open(&t->plugin.context, &s->plugin));
    sl__task_plugin_opened(t, s->plugin);
    return open_consumer(s);
}

/* sink_drain: what was taken is committed when the consumer is closed; a batch that is not taken is read
 * again. */
static bool sink_drain(sl__task *t, void *flow, sl_wait *wait) {
    sink *s = flow;
    (void)t;
    (void)wait;
    drop_batch(s);
    return true;
}

static void sink_close(sl__task *t, void *flow) {
    sink *s = flow;
    if (!s->task) {
        return;
    }
    if (s->batch) {
        drop_batch(s);
    }
    if (s->consumer) {
        sl__consumer_close(s->consumer);
    }
    if (t->plugin_open) {
        s->ops->close(sl__task_plugin_closing(t));
    }
    sl__dead_letter_close(s->dead);
    sl__batch_free(s->batch);
    sl_free(s->messages);
    sl__positions_deinit(&s->positions);
    sl_error_free(s->event_error);
    sl__metric_release(s->read);
    sl__metric_release(s->put_records);
    sl__metric_release(s->lag);
    sl__metric_release(s->retries);
    sl__metric_release(s->batches);
    sl__metric_release(s->put_ms);
    sl__metric_release(s->put_max);
    sl__metric_release(s->largest);
    sl__metric_set(s->assigned, 0);
    sl__metric_release(s->assigned);
}

const sl__flow sl__sink_flow = {
    .size = sizeof(sink),
    .open = sink_open,
    .step = sink_step,
    .drain = sink_drain,
    .close = sink_close,
};
