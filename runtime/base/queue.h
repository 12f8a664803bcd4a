/*
 * queue.h - a bounded queue of pointers between threads.
 *
 * Threads: any number on either side. Memory: the queue owns its ring, not what is in it.
 */
#ifndef SLUICE_BASE_QUEUE_H
#define SLUICE_BASE_QUEUE_H

#include <pthread.h>

#include <sluice/memory.h>

typedef struct sl__queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty;
    pthread_cond_t not_full;
    void **ring;
    size_t cap;
    size_t head;
    size_t n;
    bool closed;
} sl__queue;

/* sl__queue_init makes an empty queue of at most cap items (at least 1). */
SL_MUST_CHECK sl_error *sl__queue_init(sl__queue *q, size_t cap);
/* sl__queue_deinit frees the ring; nobody may use the queue any more. */
void sl__queue_deinit(sl__queue *q);

/* sl__queue_push appends an item (not NULL), waiting up to timeout_ms for room (0 = do not wait, -1 = for
   ever). False when there was no room in time or the queue is closed: the item stays the caller's. */
bool sl__queue_push(sl__queue *q, void *item, int timeout_ms);
static inline bool sl__queue_try_push(sl__queue *q, void *item) {
    return sl__queue_push(q, item, 0);
}

/* sl__queue_pop takes the oldest item, waiting up to timeout_ms (-1 = for ever). NULL when none came in time,
   or when the queue is closed and empty. */
void *sl__queue_pop(sl__queue *q, int timeout_ms);

/* sl__queue_close refuses further pushes and wakes everybody; what is in the queue can still be popped. */
void sl__queue_close(sl__queue *q);

bool sl__queue_is_closed(sl__queue *q);
size_t sl__queue_count(sl__queue *q);

#endif
