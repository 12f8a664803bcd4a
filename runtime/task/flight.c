/*
 * flight.c - counting the deliveries of a batch.
 */
#include "task/flight.h"

#include "model/batch.h"

static void unref(sl__flight *f) {
    if (atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    sl__task *t = f->task;
    sl__batch_free(f->batch);
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

static void delivered(sl__delivery_target *target, const sl__delivery *d) {
    sl__flight *f = (sl__flight *)target;
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

sl__flight *sl__flight_new(sl__task *t, sl_batch *batch) {
    sl__flight *f = sl_calloc(1, sizeof(*f));
    if (!f) {
        return NULL;
    }
    pthread_mutex_init(&f->lock, NULL);
    f->target.delivered = delivered;
    f->task = t;
    f->batch = batch;
    atomic_init(&f->pending, 1);
    atomic_init(&f->refs, 2);
    sl__task_ref(t);
    return f;
}
