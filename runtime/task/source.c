/*
 * source.c - moves a source task's batches into Kafka.
 *
 * poll -> transforms -> converters -> produce without a copy. Batches in flight form a list in the order they
 * were polled; a batch is committable when its last delivery is in and all before it are committable. What is
 * committable is stored every offset.flush.interval.ms, and only then does the plugin hear of it. Past the
 * task's memory bound poll is not called. A batch is small enough to stay in the processor's caches and is
 * used over and over: only payloads stay behind, in its flight.
 *
 * With exactly-once, what is stored goes with its records in one transaction, which ends as
 * transaction.boundary says; a batch is then looked through before the first of its records is sent, so that
 * whatever needs another producer is known while a transaction may still end.
 *
 * Threads: the task's step. Memory: the flight being sent is the last one of the list.
 */
#include "task/flight.h"
#include "task/out.h"
#include "task/pending.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric_table.h"
#include "base/metrics.h"
#include "model/batch.h"

#define RETRY_FLUSH_MS 5000
#define LOOKUP_AGAIN_MS 30000
#define HEADERS_MAX 64
#define ROOM_MAX ((size_t)1024 * 1024)
#define SPARE_MAX ((size_t)64 * 1024) /* what an idle task may keep */
#define REFRESH_MS 1000
#define CLOCK_EVERY 32 /* records between looks at the clock, for those without a timestamp */
#define LEASE_AGAIN_MS 200

/* The batch that is being sent: where it stands. */
typedef struct sending {
    size_t looked;    /* exactly-once: records before it are transformed and their topics known */
    size_t index;     /* next record */
    bool transformed; /* exactly-once: the record at looked is */
    bool converted;   /* message is ready, but could not go yet */
    long unsent;      /* records that will not be sent: dropped or skipped */
    bool reserved;    /* room in the embedded broker is taken for message */
    int64_t wall_ms;  /* now, as of the last CLOCK_EVERY records */
    sl__out_message message;
    sl__out_header headers[HEADERS_MAX];
    const sl_header *same;              /* what was converted last: records of a batch often share theirs */
    const sl__out_header *same_headers; /* what became of it */
    uint32_t nsame;
    const sl_header *pooled;     /* those that the flight's pool is for; NULL = it has none */
    sl__delivery_target *target; /* of message */
} sending;

typedef struct source {
    sl__task *task;
    const sl_source_ops *ops;
    void *plugin;
    sl__out out;
    sl__hold_waiter hold;
    sl__flight *head, *tail;
    size_t bytes;        /* in flight */
    sl__flight *current; /* the tail while it is being sent */
    sending send;
    sl__pending committable;
    sl__pending storing; /* kept across a failed store */
    int64_t flush_at_ms; /* 0 = nothing to store */
    bool asked;          /* the plugin was polled, in this step */
    int64_t keep_at_ms;  /* while it is not: when it is told to keep its connections; 0 = not any more */
    bool queued;         /* something was sent since the producer was last told to hurry */
    bool stuck;          /* a delivery failed: nothing after it counts */
    sl_batch *spare;     /* NULL = none, or current has it */
    size_t room;         /* bytes that the last payloads took */
    sl__metric *polled, *written, *in_flight, *active, *batches, *poll_ms, *poll_max, *batch_max;
    sl__metric *queue_left; /* Debezium's, of what stands for its sources; NULL = of another one */
} source;

/* ---- offsets ---- */

/* collect takes a sent batch's offsets, once. */
static sl_error *collect(source *s, sl__flight *f) {
    for (size_t i = 0; i < f->noffsets; i++) {
        SL_TRY(sl__pending_merge(&s->committable, &f->offsets[i]));
    }
    if (f->noffsets && f->store_now) {
        s->flush_at_ms = sl__now_ms();
    } else if (f->noffsets && s->flush_at_ms == 0) {
        s->flush_at_ms = sl__now_ms() + s->task->env->worker->offset_flush_interval_ms;
    }
    f->noffsets = 0;
    return sl__pending_compact(&s->committable);
}

static sl__eos *eos_of(source *s) {
    return &s->out.eos;
}

static sl_error *tell_plugin(source *s) {
    if (!s->ops->committed) {
        return NULL;
    }
    for (size_t i = 0; i < s->storing.n; i++) {
        SL_TRY(s->ops->committed(s->plugin, &s->storing.items[i].partition, &s->storing.items[i].offset));
    }
    return NULL;
}

/* take_committable moves what is committable to what is being stored. */
static sl_error *take_committable(source *s) {
    s->flush_at_ms = 0;
    for (size_t i = 0; i < s->committable.n; i++) {
        SL_TRY(sl__pending_merge(&s->storing, &s->committable.items[i]));
    }
    sl__pending_clear(&s->committable);
    return NULL;
}

/* store makes what is committable durable and tells the plugin. A store that fails is tried again later:
 * nothing is lost by it. */
static sl_error *store(source *s) {
    sl__task *t = s->task;
    SL_TRY(take_committable(s));
    if (s->storing.n == 0) {
        return NULL;
    }
    if (!sl__lease_holds(t->env->lease)) {
        s->flush_at_ms = sl__now_ms() + LEASE_AGAIN_MS; /* another worker may run this task by now */
        return NULL;
    }
    int64_t began = sl__now_ms();
    sl_error *err = sl__offsets_put(t->offsets, t->spec.connector, s->storing.items, s->storing.n);
    sl__task_count_commit(t, began, err);
    if (err && err->cls == SL_RETRIABLE) {
        char text[512];
        sl__log(SL_LOG_WARN, "offsets", "%.*s-%d: offsets were not stored %s: %s",
                SL_STR_ARG(t->spec.connector), t->spec.task,
                sl__task_stopping(t) ? "at the end, what came after the stored ones will be read again"
                                     : "and will be tried again",
                sl_error_text(err, text, sizeof(text)));
        sl_error_free(err);
        s->flush_at_ms = sl__now_ms() + RETRY_FLUSH_MS;
        return sl__pending_compact(&s->storing);
    }
    if (!err) {
        err = tell_plugin(s);
        sl__pending_clear(&s->storing);
    }
    return err;
}

/* ---- flights ---- */

/* reap_one takes the landed first flight off the list. */
static sl_error *reap_one(source *s) {
    sl__flight *f = s->head;
    sl_error *err = f->first;
    long failed = atomic_load(&f->failed);
    f->first = NULL;
    if (err && !sl__eos_on(eos_of(s))) { /* a transaction with a failed record cannot be committed */
        err = sl__task_fail_record(s->task, SL_STAGE_KAFKA_PRODUCE, NULL, NULL, err);
    }
    if (err) {
        s->stuck = true;
        return err;
    }
    s->task->policy.skipped += failed > 1 ? failed - 1 : 0;
    s->head = f->next;
    if (!s->head) {
        s->tail = NULL;
    }
    s->bytes -= f->bytes;
    sl__metric_add(s->active, -(int64_t)f->n);
    err = collect(s, f);
    sl__flight_drop(f);
    return err;
}

static sl_error *reap(source *s) {
    while (s->head && !s->stuck && sl__flight_landed(s->head)) {
        SL_TRY(reap_one(s));
    }
    sl__metric_set(s->in_flight, (int64_t)s->bytes);
    if (s->queue_left) {
        int64_t limit = s->task->env->worker->task_memory_max;
        sl__metric_set(s->queue_left, (int64_t)s->bytes < limit ? limit - (int64_t)s->bytes : 0);
    }
    return NULL;
}

/* ---- transactions ---- */

/* commit ends the transaction behind the batches that were sent whole; the plugin is told. */
static sl_error *commit(source *s) {
    for (sl__flight *f = s->head; f && f != s->current; f = f->next) {
        SL_TRY(collect(s, f)); /* the commit waits for its deliveries */
    }
    SL_TRY(take_committable(s));
    if (s->storing.n == 0 && !eos_of(s)->begun) {
        return NULL;
    }
    int64_t began = sl__now_ms();
    sl_error *committed = sl__eos_commit(eos_of(s), s->storing.items, s->storing.n);
    sl__task_count_commit(s->task, began, committed);
    SL_TRY(committed);
    SL_TRY(reap(s));
    sl_error *err = tell_plugin(s);
    sl__pending_clear(&s->storing);
    return err;
}

static int64_t interval_of(const source *s) {
    int64_t given = s->task->settings.boundary_interval_ms;
    return given > 0 ? given : s->task->env->worker->offset_flush_interval_ms;
}

/* after_batch ends the transaction if it is to end behind the batch that was just sent. */
static sl_error *after_batch(source *s, bool ends_transaction) {
    sl__eos *e = eos_of(s);
    if (!e->begun) {
        return NULL; /* nothing was sent: its offsets go with the next records, or in time */
    }
    switch ((sl__boundary)s->task->settings.boundary) {
    case SL__BOUNDARY_POLL:
        return commit(s);
    case SL__BOUNDARY_INTERVAL:
        s->flush_at_ms = e->begun_ms + interval_of(s);
        return sl__now_ms() >= s->flush_at_ms ? commit(s) : NULL;
    case SL__BOUNDARY_CONNECTOR:
        break;
    }
    return ends_transaction ? commit(s) : NULL;
}

/* flush stores offsets when it is time. */
static sl_error *flush(source *s) {
    if (!sl__eos_on(eos_of(s))) {
        return store(s);
    }
    s->flush_at_ms = 0;
    bool inside = eos_of(s)->begun && s->task->settings.boundary == SL__BOUNDARY_CONNECTOR;
    return s->current || inside ? NULL : commit(s); /* else at the next end of a batch */
}

/* recount charges what the current flight has come to. */
static void recount(source *s, sl__flight *f) {
    size_t now = sl__flight_bytes(f);
    s->bytes += now - f->bytes;
    f->bytes = now;
}

static void append(source *s, sl__flight *f) {
    recount(s, f);
    if (s->tail) {
        s->tail->next = f;
    } else {
        s->head = f;
    }
    s->tail = f;
}

/* ---- converting and sending ---- */

static sl_error *convert(const sl__converter *c, const sl_record *r, sl_str header, const sl_schema *schema,
                         const sl_value *v, sl_arena *a, sl_str *out) {
    sl_buf buf;
    bool is_null = false;
    sl_buf_init(&buf, a);
    sl_error *err = c->ops->to_bytes(c->state, r->topic, header, schema, v, &buf, &is_null);
    bool failed = buf.failed;
    sl_str bytes = sl_buf_take(&buf);
    if (err) {
        return err;
    }
    if (failed) {
        return sl_error_nomem();
    }
    *out = is_null ? SL_STR_NONE : sl_str_make(bytes.p ? bytes.p : "", bytes.n);
    return NULL;
}

/* convert_stage converts one part, with retries and policy; *skip when the record is to be passed over. Only
 * the payload is not copied when it is sent. */
static sl_error *convert_stage(source *s, const sl__converter *c, sl__stage stage, const sl_record *r,
                               sl_str header, const sl_schema *schema, const sl_value *v, sl_str *out,
                               bool *skip) {
    int64_t start = 0;
    sl_arena *a = stage == SL_STAGE_VALUE_CONVERTER ? &s->current->payload : &s->current->batch->arena;
    for (unsigned attempt = 1;; attempt++) {
        sl_error *err = convert(c, r, header, schema, v, a, out);
        if (!err) {
            return NULL;
        }
        start = start ? start : sl__now_ms();
        if (err->cls == SL_RETRIABLE && sl__policy_backoff(&s->task->policy, start, attempt)) {
            sl_error_free(err);
            continue;
        }
        *skip = true;
        return sl__task_fail_record(s->task, stage, &c->inst, r, err);
    }
}

/* share_headers: whoever has the headers of the one before takes them from the flight's pool. A flight has
 * one pool. */
static sl_error *share_headers(source *s, const sl_record *r) {
    if (!s->send.pooled) {
        SL_TRY(sl__flight_pool(s->current, s->send.same_headers, r->nheaders));
        s->send.pooled = r->headers;
    }
    if (s->send.pooled == r->headers) {
        s->send.target = &s->current->pooled;
    }
    return NULL;
}

/* convert_headers gives them to the message. */
static sl_error *convert_headers(source *s, const sl_record *r, bool *skip) {
    sl__out_header *to = s->send.headers;
    s->send.message.nheaders = r->nheaders;
    s->send.target = &s->current->target;
    if (r->nheaders == 0) {
        return NULL;
    }
    if (r->headers == s->send.same && r->nheaders == s->send.nsame) {
        s->send.message.headers = s->send.same_headers;
        return share_headers(s, r);
    }
    s->send.same = NULL;
    if (r->nheaders > HEADERS_MAX) {
        to = sl_arena_alloc(&s->current->batch->arena, r->nheaders * sizeof(*to));
        if (!to) {
            return sl_error_nomem();
        }
    }
    for (uint32_t i = 0; i < r->nheaders && !*skip; i++) {
        const sl_header *h = &r->headers[i];
        to[i].name = h->name;
        SL_TRY(convert_stage(s, &s->task->parts.header, SL_STAGE_HEADER_CONVERTER, r, h->name, h->schema,
                             &h->value, &to[i].value, skip));
    }
    s->send.message.headers = s->send.same_headers = to;
    s->send.nsame = r->nheaders;
    s->send.same = *skip ? NULL : r->headers;
    return NULL;
}

/* prepare_message makes the message of a record; *skip when the policy passes over it. */
static sl_error *prepare_message(source *s, const sl_record *r, bool *skip) {
    sl__parts *parts = &s->task->parts;
    sl__out_message *m = &s->send.message;
    *m = (sl__out_message){.partition = r->partition,
                           .timestamp = r->timestamp == SL_NO_TIMESTAMP ? s->send.wall_ms : r->timestamp};
    SL_TRY(convert_headers(s, r, skip));
    if (!*skip) {
        SL_TRY(convert_stage(s, &parts->key, SL_STAGE_KEY_CONVERTER, r, SL_STR_NONE, r->key_schema, &r->key,
                             &m->key, skip));
    }
    if (!*skip) {
        SL_TRY(convert_stage(s, &parts->value, SL_STAGE_VALUE_CONVERTER, r, SL_STR_NONE, r->value_schema,
                             &r->value, &m->payload, skip));
    }
    return NULL;
}

static void hold_wake(sl__hold_waiter *w) {
    source *s = (source *)((char *)w - offsetof(source, hold));
    sl__unit_wake(&s->task->unit);
}

/* may_go asks the embedded broker for room. */
static bool may_go(source *s, sl_str topic) {
    sl__embedded *e = sl__kafka_embedded(s->task->env->kafka);
    if (!e || s->send.reserved) {
        return true;
    }
    s->send.reserved =
        sl__embedded_reserve(e, topic, s->send.message.key.n + s->send.message.payload.n, &s->hold);
    return s->send.reserved;
}

/* send_message hands the prepared message to the producer. *sent = false: not now, the task waits and comes
 * again. */
static sl_error *send_message(source *s, const sl_record *r, bool *sent, bool *skip, sl_wait *wait) {
    sl__out_ready ready;
    sl_error *err = NULL;
    bool idle =
        s->head == s->current && atomic_load(&s->current->pending) ==
                                     (long)(s->current->batch->n - s->send.index) + 1 + s->send.unsent;
    *sent = false;
    if (!sl__lease_holds(s->task->env->lease)) {
        *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = sl__now_ms() + LEASE_AGAIN_MS};
        return NULL;
    }
    SL_TRY(sl__out_resolve(&s->out, r->topic, idle, &ready, &s->send.message.topic));
    if (ready != SL_OUT_READY || !may_go(s, r->topic)) {
        *wait = (sl_wait){.idle = true,
                          .fd = -1,
                          .until_ms = sl__now_ms() + (ready == SL_OUT_PENDING ? LOOKUP_AGAIN_MS : 200)};
        return NULL;
    }
    if (sl__eos_on(eos_of(s))) {
        SL_TRY(sl__eos_begin(eos_of(s)));
    }
    switch (sl__producer_send(s->out.producer, &s->send.message, s->send.target, &err)) {
    case SL_SEND_OK:
        *sent = true;
        s->queued = true;
        s->send.reserved = false;
        return NULL;
    case SL_SEND_FULL:
        *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = sl__now_ms() + 50};
        return NULL;
    case SL_SEND_FAILED:
        break;
    }
    if (s->send.reserved) {
        sl__embedded_delivered(sl__kafka_embedded(s->task->env->kafka), r->topic, -1, -1,
                               s->send.message.key.n + s->send.message.payload.n);
        s->send.reserved = false;
    }
    *skip = true;
    return sl__task_fail_record(s->task, SL_STAGE_KAFKA_PRODUCE, NULL, r, err);
}

/* send_record moves one record on. *go = false: it could not go now. */
static sl_error *send_record(source *s, sl_record *r, bool *go, sl_wait *wait) {
    bool skip = r->dropped;
    *go = true;
    if (!skip && !s->send.converted) {
        if (!sl__eos_on(eos_of(s))) {
            SL_TRY(sl__task_transform(s->task, s->current->batch, r, sl__task_fail_record));
        }
        skip = r->dropped;
        if (!skip) {
            SL_TRY(prepare_message(s, r, &skip));
        }
        s->send.converted = !skip;
    }
    if (!skip) {
        SL_TRY(send_message(s, r, go, &skip, wait));
    }
    if (skip) {
        s->send.unsent++;
        *go = true;
    }
    return NULL;
}

/* make_room ends the transaction, if it may end before the current batch, so that the producer can change. */
static sl_error *make_room(source *s, sl_str topic) {
    if (s->task->settings.boundary == SL__BOUNDARY_CONNECTOR && eos_of(s)->begun) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "topic '%.*s' takes smaller requests than the open transaction's producer sends: "
                            "set producer.override.batch.size below the topic's max.message.bytes",
                            SL_STR_ARG(topic));
    }
    return commit(s);
}

/* look_through transforms the batch's records and looks their topics up, before any of them is sent. *done =
   false: it must wait. */
static sl_error *look_through(source *s, bool *done, sl_wait *wait) {
    sl_batch *b = s->current->batch;
    sl__out_topic *topic;
    *done = false;
    while (s->send.looked < b->n) {
        sl_record *r = &b->records[s->send.looked];
        sl__out_ready ready = SL_OUT_READY;
        if (!r->dropped && !s->send.transformed) {
            SL_TRY(sl__task_transform(s->task, b, r, sl__task_fail_record));
            s->send.transformed = true;
        }
        if (!r->dropped) {
            SL_TRY(sl__out_resolve(&s->out, r->topic, s->head == s->current, &ready, &topic));
        }
        if (ready == SL_OUT_DRAIN) {
            SL_TRY(make_room(s, r->topic));
            SL_TRY(sl__out_resolve(&s->out, r->topic, s->head == s->current, &ready, &topic));
        }
        if (ready != SL_OUT_READY) {
            *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = sl__now_ms() + LOOKUP_AGAIN_MS};
            return NULL;
        }
        s->send.transformed = false;
        s->send.looked++;
    }
    *done = true;
    return NULL;
}

/* let_go takes the batch back from the flight that is sent. */
static sl_error *let_go(source *s) {
    sl__flight *f = s->current;
    sl_batch *b = f->batch;
    sl_error *err = sl__flight_detach(f);
    size_t used = f->payload.total - (size_t)(f->payload.end - f->payload.cur);
    s->room = used < ROOM_MAX ? used + used / 8 : ROOM_MAX;
    sl__batch_reset(b);
    s->spare = b;
    recount(s, f);
    return err;
}

/* send_current sends what it can of the current batch; *done when all of it went. */
static sl_error *send_current(source *s, bool *done, sl_wait *wait) {
    sl__flight *f = s->current;
    sl_batch *b = f->batch;
    *done = !sl__eos_on(eos_of(s));
    if (!*done) {
        SL_TRY(look_through(s, done, wait));
    }
    bool looked = *done;
    *done = false;
    for (unsigned i = 0; looked && s->send.index < b->n; i++) {
        bool go;
        if (i % CLOCK_EVERY == 0) {
            s->send.wall_ms = sl__wall_ms();
        }
        SL_TRY(send_record(s, &b->records[s->send.index], &go, wait));
        if (!go) {
            recount(s, f);
            return NULL;
        }
        s->send.index++;
        s->send.converted = false;
    }
    if (b->failed) {
        return sl_error_nomem();
    }
    if (!looked) {
        recount(s, f);
        return NULL;
    }
    bool ends_transaction = b->ends_transaction;
    SL_TRY(let_go(s));
    sl__metric_add(s->written, (int64_t)f->n - s->send.unsent);
    eos_of(s)->records += (int64_t)f->n - s->send.unsent;
    s->current = NULL;
    *done = true;
    sl__flight_settle(f, 1 + s->send.unsent);
    return sl__eos_on(eos_of(s)) ? after_batch(s, ends_transaction) : NULL;
}

/* ---- polling ---- */

static sl_batch *take_batch(source *s) {
    sl_batch *b = s->spare ? s->spare : sl__batch_new(sl__host_table());
    s->spare = NULL;
    return b;
}

/* poll asks the plugin for a batch; *got when there is one to send. */
static sl_error *poll_plugin(source *s, bool *got, sl_wait *wait) {
    *got = false;
    sl_batch *b = take_batch(s);
    if (!b) {
        return sl_error_nomem();
    }
    int64_t began = sl__now_ms();
    s->asked = true;
    sl_error *err = s->ops->poll(s->plugin, b, wait);
    if (!err && b->failed) {
        err = sl_error_nomem();
    }
    if (err || (b->n == 0 && b->noffsets == 0)) {
        bool ends = b->ends_transaction;
        sl__batch_reset(b);
        s->spare = b;
        return err || !sl__eos_on(eos_of(s)) ? err : after_batch(s, ends);
    }
    sl__flight *f = sl__flight_new(s->task, b, s->room);
    if (!f) {
        sl__batch_free(b);
        return sl_error_nomem();
    }
    sl__flight_expect(f, (long)b->n);
    sl__metric_add(s->polled, (int64_t)b->n);
    sl__metric_add(s->active, (int64_t)b->n);
    sl__metric_add(s->batches, 1);
    sl__metric_add(s->poll_ms, sl__now_ms() - began);
    sl__metric_max(s->poll_max, sl__now_ms() - began);
    sl__metric_max(s->batch_max, (int64_t)b->n);
    append(s, f);
    s->current = f;
    s->send.index = 0;
    s->send.unsent = 0;
    s->send.same = s->send.pooled = NULL;
    s->send.looked = 0;
    s->send.converted = s->send.reserved = s->send.transformed = false;
    *got = true;
    return NULL;
}

/* limit_wait makes sure that the step comes back in time to store offsets. */
static void limit_wait(const source *s, sl_wait *wait) {
    if (wait->idle && s->flush_at_ms && (wait->until_ms == 0 || wait->until_ms > s->flush_at_ms)) {
        wait->until_ms = s->flush_at_ms;
    }
}

/* hurry has the records sent when the task pauses because there are no more: a full task waits for what fills
 * up anyway. */
static void hurry(source *s) {
    if (s->queued && s->out.producer && !sl__eos_on(eos_of(s))) { /* a commit waits for nothing */
        s->queued = false;
        sl__producer_hurry(s->out.producer);
    }
}

static bool full(const source *s) {
    return s->head && s->bytes >= (size_t)s->task->env->worker->task_memory_max;
}

/* advance sends the current batch, or polls for the next. */
static sl_error *advance(source *s, bool paused, sl_wait *wait) {
    bool done = true;
    if (s->current) {
        return send_current(s, &done, wait);
    }
    if (paused || full(s)) {
        *wait = (sl_wait){.idle = true, .fd = -1};
        if (sl__eos_on(eos_of(s))) { /* its deliveries are served here, not on a thread that wakes the task */
            wait->fd = sl__txn_fd(eos_of(s)->txn);
            wait->readable = true;
        }
        return NULL;
    }
    bool got;
    SL_TRY(poll_plugin(s, &got, wait));
    if (!got) {
        return NULL;
    }
    sl_wait blocked = {.fd = -1};
    SL_TRY(send_current(s, &done, &blocked));
    if (!done) {
        *wait = blocked;
    }
    return NULL;
}

static sl_error *move_on(source *s, bool paused, sl_wait *wait) {
    SL_TRY(reap(s));
    if (s->flush_at_ms && sl__now_ms() >= s->flush_at_ms) {
        SL_TRY(flush(s));
    }
    return advance(s, paused, wait);
}

/* keep lets a plugin that is not polled now keep its connections. */
static sl_error *keep(source *s, sl_wait *wait) {
    if (!(s->task->spec.def->offers & SL_OFFERS_KEEP)) {
        return NULL;
    }
    if (s->asked) {
        s->keep_at_ms = 1;
    }
    if (!wait->idle || (s->asked && !s->current)) {
        return NULL;
    }
    if (s->keep_at_ms && sl__now_ms() >= s->keep_at_ms) {
        SL_TRY(s->ops->keep(s->plugin, &s->keep_at_ms));
    }
    if (s->keep_at_ms && (wait->until_ms == 0 || wait->until_ms > s->keep_at_ms)) {
        wait->until_ms = s->keep_at_ms;
    }
    return NULL;
}

static sl_error *source_step(sl__task *t, void *flow, bool paused, sl_wait *wait) {
    source *s = flow;
    if (sl__eos_on(eos_of(s))) {
        sl__txn_poll(eos_of(s)->txn);
    }
    s->asked = false;
    sl_error *err = move_on(s, paused, wait);
    err = err ? err : keep(s, wait);
    if (!err && wait->idle && !full(s)) {
        hurry(s);
    }
    limit_wait(s, wait);
    if (wait->idle && !s->head && s->spare && sl__batch_bytes(s->spare) > SPARE_MAX) {
        sl__batch_free(s->spare);
        s->spare = NULL;
    }
    sl__task_trim(t, s->bytes, wait);
    return sl__eos_error(eos_of(s), err);
}

/* ---- life ---- */

static bool stands_for_debezium(const sl_plugin_def *def) {
    for (const char *const *a = def->aliases; a && *a; a++) {
        if (sl_str_starts(sl_str_of(*a), SL_STR("io.debezium."))) {
            return true;
        }
    }
    return false;
}

static void init_source(source *s, sl__task *t) {
    s->task = t;
    s->ops = t->spec.def->source;
    s->hold.wake = hold_wake;
    sl__pending_init(&s->committable);
    sl__pending_init(&s->storing);
    s->polled = sl__metric_get("source_records_polled", t->spec.connector, t->spec.task);
    s->written = sl__metric_get("source_records_written", t->spec.connector, t->spec.task);
    s->in_flight = sl__metric_get("source_bytes_in_flight", t->spec.connector, t->spec.task);
    s->active = sl__metric_get("source_records_active", t->spec.connector, t->spec.task);
    s->batches = sl__metric_get("source_batches", t->spec.connector, t->spec.task);
    s->poll_ms = sl__metric_get("source_poll_ms", t->spec.connector, t->spec.task);
    s->poll_max = sl__metric_get("source_poll_max_ms", t->spec.connector, t->spec.task);
    s->batch_max = sl__metric_get("batch_size_max", t->spec.connector, t->spec.task);
    sl__metric_set(s->active, 0);
    sl__metrics_begin(SL_METRIC_TASK, t->spec.connector, t->spec.task);
    sl__metrics_begin(SL_METRIC_SOURCE, t->spec.connector, t->spec.task);
    sl__task_most(t, "source_bytes_limit", t->env->worker->task_memory_max);
    if (stands_for_debezium(t->spec.def)) {
        s->queue_left = sl__metric_get("cdc_queue_remaining", t->spec.connector, t->spec.task);
        sl__metric_set(s->queue_left, t->env->worker->task_memory_max);
        sl__task_most(t, "cdc_queue_capacity", t->env->worker->task_memory_max);
    }
}

/* open_offsets: only what an earlier run of the task has stored until now is where this one begins. */
static sl_error *open_offsets(sl__task *t) {
    SL_TRY(sl__task_offsets_open(t->env, &t->config, &t->own_offsets));
    t->offsets = t->own_offsets ? t->own_offsets : t->env->offsets;
    sl_error *err = sl__offsets_refresh(t->offsets, REFRESH_MS);
    for (; err && err->code == SL_E_TIMEOUT && !sl__task_stopping(t);
         err = sl__offsets_refresh(t->offsets, REFRESH_MS)) {
        sl_error_free(err);
    }
    return err;
}

static sl_error *source_open(sl__task *t, void *flow) {
    source *s = flow;
    init_source(s, t);
    SL_TRY(sl__out_init(&s->out, t)); /* fences earlier runs: their offsets are final after it */
    SL_TRY(open_offsets(t));
    t->plugin.context.exactly_once = t->env->exactly_once;
    SL_TRY(s->ops->open(&t->plugin.context, &s->plugin));
    sl__task_plugin_opened(t, s->plugin);
    return NULL;
}

/* give_up_current lets go of a batch that was not sent whole: its offset is not committed, so it will be read
 * again. */
static void give_up_current(source *s) {
    sl__flight *f = s->current;
    if (!f) {
        return;
    }
    long unsent = (long)(f->n - s->send.index) + s->send.unsent;
    s->current = NULL;
    sl__batch_free(f->batch);
    f->batch = NULL;
    sl__flight_settle(f, unsent + 1);
}

/* drain_transaction ends what is open: with a commit if only whole batches are in it, and it may end here. */
static void drain_transaction(source *s) {
    sl__task *t = s->task;
    bool whole = !s->current && !s->stuck && !t->failure;
    bool inside = eos_of(s)->begun && t->settings.boundary == SL__BOUNDARY_CONNECTOR;
    give_up_current(s);
    sl_error *err = whole && !inside ? commit(s) : NULL;
    if (err) {
        char text[512];
        sl__log(SL_LOG_WARN, "offsets", "%.*s-%d: the last transaction was not committed: %s",
                SL_STR_ARG(t->spec.connector), t->spec.task, sl_error_text(err, text, sizeof(text)));
        sl_error_free(err);
    }
    sl__eos_abort(eos_of(s));
}

static bool source_drain(sl__task *t, void *flow, sl_wait *wait) {
    source *s = flow;
    if (sl__eos_on(eos_of(s))) {
        drain_transaction(s);
        return true;
    }
    give_up_current(s);
    sl_error *err = reap(s);
    hurry(s);
    if (!err && s->head && !s->stuck) {
        *wait = (sl_wait){.idle = true, .fd = -1};
        return false;
    }
    sl_error_free(err);
    err = store(s);
    if (err) {
        char text[512];
        sl__log(SL_LOG_WARN, "offsets", "%.*s-%d: the last offsets were not stored: %s",
                SL_STR_ARG(t->spec.connector), t->spec.task, sl_error_text(err, text, sizeof(text)));
        sl_error_free(err);
    }
    return true;
}

static void drop_flights(source *s) {
    give_up_current(s);
    while (s->head) {
        sl__flight *f = s->head;
        s->head = f->next;
        sl__flight_drop(f);
    }
}

static void source_close(sl__task *t, void *flow) {
    source *s = flow;
    if (!s->task) {
        return;
    }
    if (t->plugin_open) {
        s->ops->close(sl__task_plugin_closing(t));
    }
    sl__embedded *e = sl__kafka_embedded(t->env->kafka);
    if (e) {
        sl__embedded_forget(e, &s->hold);
    }
    drop_flights(s);
    sl__out_deinit(&s->out);
    sl__batch_free(s->spare);
    sl__pending_deinit(&s->committable);
    sl__pending_deinit(&s->storing);
    sl__metric_release(s->polled);
    sl__metric_release(s->written);
    sl__metric_release(s->in_flight);
    sl__metric_set(s->active, 0); /* what is left is read again */
    sl__metric_release(s->active);
    sl__metric_release(s->batches);
    sl__metric_release(s->poll_ms);
    sl__metric_release(s->poll_max);
    sl__metric_release(s->batch_max);
    sl__metric_release(s->queue_left);
}

const sl__flow sl__source_flow = {
    .size = sizeof(source),
    .open = source_open,
    .step = source_step,
    .drain = source_drain,
    .close = source_close,
};
