/*
 * exactly_once.c - see exactly_once.h.
 */
#include "task/exactly_once.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/offsets_topic.h"

#define SLICE_MS 1000
#define STOP_MS 3000 /* how long a commit may go on after the task was asked to stop */

static void ignore_delivery(sl__delivery_target *target, const sl__delivery *d) {
    (void)target; /* a failed one makes the commit fail */
    (void)d;
}

/* again tells whether a call that timed out is to be continued. */
static bool again(const sl__eos *e, sl_error *err, int64_t *stop_by) {
    if (!err || err->code != SL_E_TIMEOUT) {
        return false;
    }
    if (sl__task_stopping(e->task)) {
        *stop_by = *stop_by ? *stop_by : sl__now_ms() + STOP_MS;
        if (sl__now_ms() >= *stop_by) {
            return false;
        }
    }
    return true;
}

static sl_error *open_txn(sl__eos *e, const sl__client_config *conf, size_t batch_size) {
    sl__task *t = e->task;
    sl_str id = sl__task_txn_id(&t->arena, t->env->group, t->spec.connector, t->spec.task);
    sl__txn_spec spec = {.conf = conf, .id = id, .batch_size = batch_size};
    return id.p ? sl__txn_open(t->env->kafka, &spec, &e->txn) : sl_error_nomem();
}

/* init_txn fences others, and then makes sure that it was right to do so: a worker that slept may have been
 * replaced meanwhile, and would fence its own successor. */
static sl_error *init_txn(sl__eos *e) {
    sl__task *t = e->task;
    int64_t stop_by = sl__now_ms(); /* nothing is to be finished yet */
    sl_error *err = sl__txn_init(e->txn, SLICE_MS);
    while (again(e, err, &stop_by)) {
        sl_error_free(err);
        err = sl__txn_init(e->txn, SLICE_MS);
    }
    if (!err && t->spec.confirm && !t->spec.confirm(t->spec.arg, t)) {
        err =
            sl_error_new(SL_E_CONFLICT, SL_RETRIABLE,
                         "this worker is no longer the one to run the task, or not with this configuration");
    }
    return err;
}

sl_error *sl__eos_open(sl__eos *e, sl__task *t, const sl__client_config *conf, size_t batch_size) {
    if (!t->env->exactly_once) {
        return NULL;
    }
    sl__eos_close(e);
    e->task = t;
    e->ignored.delivered = ignore_delivery;
    sl_arena_init(&e->arena, 0);
    if (!sl__lease_holds(t->env->lease)) {
        return sl_error_new(SL_E_CONFLICT, SL_RETRIABLE, "this worker is no member of its cluster now");
    }
    SL_TRY(open_txn(e, conf, batch_size));
    return init_txn(e);
}

void sl__eos_close(sl__eos *e) {
    if (e->txn) {
        sl__txn_close(e->txn);
        sl_arena_deinit(&e->arena);
    }
    e->txn = NULL;
    e->begun = false;
}

sl_error *sl__eos_begin(sl__eos *e) {
    if (e->begun) {
        return NULL;
    }
    SL_TRY(sl__txn_begin(e->txn));
    e->begun = true;
    e->begun_ms = sl__now_ms();
    return NULL;
}

/* send_offsets puts the offsets into the transaction. */
static sl_error *send_offsets(sl__eos *e, const sl_batch_offset *items, size_t n) {
    sl__txn_record *records;
    SL_TRY(sl__offsets_render(e->task->offsets, e->task->spec.connector, items, n, &e->arena, &records));
    for (size_t i = 0; i < n; i++) {
        sl_error *err = NULL;
        sl__out_message m = {.partition = -1,
                             .timestamp = SL_NO_TIMESTAMP,
                             .key = records[i].key,
                             .payload = records[i].value};
        SL_TRY(sl__producer_topic(sl__txn_producer(e->txn), records[i].topic, &m.topic));
        switch (sl__producer_send(sl__txn_producer(e->txn), &m, &e->ignored, &err)) {
        case SL_SEND_OK:
            break;
        case SL_SEND_FULL:
            return sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "the producer's queue is full");
        case SL_SEND_FAILED:
            return sl_error_wrap(err, "offsets cannot be written");
        }
    }
    return NULL;
}

static void count_transaction(sl__eos *e) {
    const sl__task *t = e->task;
    if (e->records > 0) {
        sl__metric *least = sl__metric_get("source_transaction_min", t->spec.connector, t->spec.task);
        int64_t min = sl__metric_value(least);
        sl__metric_set(least, min == 0 || e->records < min ? e->records : min);
        sl__metric_release(least);
        sl__task_most(t, "source_transaction_max", e->records);
        sl__task_count(t, "source_transaction_records", e->records);
    }
    sl__task_count(t, "source_transactions", 1);
    e->records = 0;
}

sl_error *sl__eos_commit(sl__eos *e, const sl_batch_offset *items, size_t n) {
    int64_t stop_by = 0;
    SL_TRY(sl__eos_begin(e));
    SL_TRY(send_offsets(e, items, n));
    sl_error *err = sl__txn_commit(e->txn, SLICE_MS);
    while (again(e, err, &stop_by)) {
        sl_error_free(err);
        err = sl__txn_commit(e->txn, SLICE_MS);
    }
    if (err) {
        return err;
    }
    e->begun = false;
    count_transaction(e);
    sl_arena_reset(&e->arena, 64 * 1024);
    sl__offsets_mirror(e->task->offsets, e->task->spec.connector, items, n);
    return NULL;
}

void sl__eos_abort(sl__eos *e) {
    sl__txn_condition now = e->txn ? sl__txn_condition_of(e->txn) : SL_TXN_NEW;
    if (now != SL_TXN_OPEN && now != SL_TXN_ABORT) {
        return;
    }
    sl_error *err = sl__txn_abort(e->txn, STOP_MS);
    if (err) {
        sl__log(SL_LOG_WARN, "task",
                "%.*s-%d: the open transaction was not ended; the broker does it when it times out: %s",
                SL_STR_ARG(e->task->spec.connector), e->task->spec.task, err->message);
    }
    e->begun = e->begun && err;
    e->records = 0;
    sl_error_free(err);
}

sl_error *sl__eos_error(sl__eos *e, sl_error *err) {
    sl_error *fenced = err && e->txn ? sl__txn_fenced(e->txn) : NULL;
    if (!fenced) {
        return err;
    }
    sl_error_free(err);
    fenced->cls = SL_RETRIABLE; /* where the task is to run is for the herder to know */
    return sl_error_wrap(fenced, "the task was started again, here or elsewhere");
}
