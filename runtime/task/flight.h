/*
 * flight.h - one source batch on its way into Kafka.
 *
 * The batch's arena holds the payloads that librdkafka sends, so it stays until the last delivery is
 * reported. `pending` counts messages whose end is not known, plus one for the step that is still sending.
 *
 * Threads: made, sent and reaped by the task's step; deliveries come on the producer's thread. Memory: two
 * references, the step's and the deliveries'; the last one frees the batch. A flight holds a reference on its
 * task.
 */
#ifndef SLUICE_TASK_FLIGHT_H
#define SLUICE_TASK_FLIGHT_H

#include "task/flow.h"

typedef struct sl__flight sl__flight;

struct sl__flight {
    sl__delivery_target target; /* first */
    sl__task *task;
    sl_batch *batch;
    atomic_long pending;
    atomic_int refs;
    atomic_long failed; /* deliveries that failed */
    pthread_mutex_t lock;
    sl_error *first;  /* the first failed delivery; under lock until pending is 0, then the step's */
    size_t bytes;     /* what it counts against the task's bound; the step's */
    sl__flight *next; /* the step's list */
};

/* sl__flight_new takes the batch over; NULL when out of memory (the batch stays the caller's). */
sl__flight *sl__flight_new(sl__task *t, sl_batch *batch);

/* sl__flight_expect adds n messages before they are sent; sl__flight_settle takes back n that were not sent.
 */
void sl__flight_expect(sl__flight *f, long n);
void sl__flight_settle(sl__flight *f, long n);

static inline bool sl__flight_landed(const sl__flight *f) {
    return atomic_load_explicit(&((sl__flight *)f)->pending, memory_order_acquire) == 0;
}

/* sl__flight_drop gives the step's reference back. */
void sl__flight_drop(sl__flight *f);

#endif
