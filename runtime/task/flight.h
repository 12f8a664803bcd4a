/*
 * flight.h - what a source batch has become, on its way into Kafka.
 *
 * Its arena holds the payloads that librdkafka sends, so it stays until the last delivery is reported; the
 * batch itself (records, values) is used for the next one as soon as all of it is sent. `pending` counts
 * messages whose end is not known, plus one for the step that is still sending.
 *
 * Threads: made, sent and reaped by the task's step; deliveries come on the producer's thread. Memory: two
 * references, the step's and the deliveries'; the last one frees it. A flight holds a reference on its task.
 */
#ifndef SLUICE_TASK_FLIGHT_H
#define SLUICE_TASK_FLIGHT_H

#include "task/flow.h"

typedef struct sl__flight sl__flight;

struct sl__flight {
    sl__delivery_target target; /* first; for records with headers of their own */
    sl__delivery_target pooled; /* for those that share theirs with others of the batch, once it has a pool */
    sl__task *task;
    sl_batch *batch;          /* while it is being sent; the step's */
    sl_arena payload;         /* the step's, while batch is set; then nobody changes it */
    size_t n;                 /* records */
    sl_batch_offset *offsets; /* once the batch is sent; in payload */
    size_t noffsets;
    bool store_now;
    atomic_long pending;
    atomic_int refs;
    atomic_long failed; /* deliveries that failed */
    pthread_mutex_t lock;
    sl_error *first;  /* the first failed delivery; under lock until pending is 0, then the step's */
    size_t bytes;     /* what it counts against the task's bound; the step's */
    sl__flight *next; /* the step's list */
};

/* sl__flight_new makes the flight of a batch, which stays the caller's. room: bytes of payload to expect, 0 =
   unknown. NULL when out of memory. */
sl__flight *sl__flight_new(sl__task *t, sl_batch *batch, size_t room);

/* sl__flight_detach copies what is still needed of the batch; from here on the batch is free for other use.
 */
SL_MUST_CHECK sl_error *sl__flight_detach(sl__flight *f);

/* sl__flight_bytes: the memory it holds, the batch's while it has one and the messages' in librdkafka. */
size_t sl__flight_bytes(const sl__flight *f);

/* sl__flight_pool has the records that go to f->pooled from now on take these headers from the task's pool.
   Once for a flight. */
SL_MUST_CHECK sl_error *sl__flight_pool(sl__flight *f, const sl__out_header *headers, size_t n);

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
