/*
 * flight.c - counting the deliveries of a batch.
 */
#include "task/flight.h"

#include "model/batch.h"

#define MESSAGE_BYTES 512 /* of librdkafka's own, about, for a message with its key and headers */

static void unref(sl__flight *f) {
    if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    sl__task *t = f->task;
    sl_arena_deinit(&f->payload);
    sl_error_free(f->first);
    pthread_mutex_destroy(&f->lock);
    sl_free(f);
    sl__task_unref(t);
}

void sl__flight_drop(sl__flight *f) {
    unref(f);
}

/* land takes n off the count; the last one wakes the task and gives the deliveries' reference back. */
static void land(sl__flight *f, long n) {
    if (n && atomic_fetch_sub_explicit(&f->pending, n, memory_order_acq_rel) == n) {
        sl__unit_wake(&f->task->unit);
        unref(f);
    }
}

void sl__flight_expect(sl__flight *f, long n) {
    atomic_fetch_add_explicit(&f->pending, n, memory_order_relaxed);
}

void sl__flight_settle(sl__flight *f, long n) {
    land(f, n);
}

/* copy_error makes an owned copy of a delivery's error: the original lives only for the call. */
static sl_error *copy_error(const sl__delivery *d) {
    sl_error *err = sl_error_new(d->err->code, d->err->cls, "%s", d->err->message);
    return err->immortal ? err : sl_error_at(err, d->topic, d->partition, d->offset);
}

static void count(sl__flight *f, const sl__delivery *d) {
    if (d->err) {
        atomic_fetch_add(&f->failed, 1);
        pthread_mutex_lock(&f->lock);
        /* an outage counts more than a bad record: nothing may be skipped because of it */
        if (!f->first || (d->err->cls == SL_RETRIABLE && f->first->cls != SL_RETRIABLE)) {
            sl_error_free(f->first);
            f->first = copy_error(d);
        }
        pthread_mutex_unlock(&f->lock);
    }
    land(f, 1);
}

static void delivered(sl__delivery_target *target, const sl__delivery *d) {
    count((sl__flight *)target, d);
}

static void pooled_delivered(sl__delivery_target *target, const sl__delivery *d) {
    count((sl__flight *)((char *)target - offsetof(sl__flight, pooled)), d);
}

sl_error *sl__flight_pool(sl__flight *f, const sl__out_header *headers, size_t n) {
    sl__header_pool *pool = &f->task->headers;
    SL_TRY(sl__header_pool_use(pool, headers, n, &f->pooled.generation));
    f->pooled.pool = pool;
    return NULL;
}

sl__flight *sl__flight_new(sl__task *t, sl_batch *batch, size_t room) {
    sl__flight *f = sl_calloc(1, sizeof(*f));
    if (!f) {
        return NULL;
    }
    pthread_mutex_init(&f->lock, NULL);
    f->target.delivered = delivered;
    f->pooled.delivered = pooled_delivered;
    f->task = t;
    f->batch = batch;
    f->n = batch->n;
    sl_arena_init(&f->payload, room);
    atomic_init(&f->pending, 1);
    atomic_init(&f->refs, 2);
    sl__task_ref(t);
    return f;
}

sl_error *sl__flight_detach(sl__flight *f) {
    sl_batch *b = f->batch;
    f->batch = NULL;
    f->store_now = b->store_now;
    f->offsets = b->noffsets ? sl_arena_alloc(&f->payload, b->noffsets * sizeof *f->offsets) : NULL;
    for (size_t i = 0; i < b->noffsets && f->offsets; i++) {
        if (!sl_value_copy(&f->payload, &b->offsets[i].partition, &f->offsets[i].partition) ||
            !sl_value_copy(&f->payload, &b->offsets[i].offset, &f->offsets[i].offset)) {
            break;
        }
        f->noffsets++;
    }
    return f->noffsets == b->noffsets ? NULL : sl_error_nomem();
}

size_t sl__flight_bytes(const sl__flight *f) {
    return f->payload.total + (f->batch ? sl__batch_bytes(f->batch) : f->n * MESSAGE_BYTES);
}
