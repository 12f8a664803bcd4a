/*
 * queue.c - a bounded queue of pointers: a ring, one mutex, two conditions on the monotonic clock.
 *
 * Not for: signalling without data. Threads: any. Memory: the ring is allocated once.
 */
#include "base/queue.h"

#include <errno.h>
#include <time.h>

static int init_cond(pthread_cond_t *cond) {
    pthread_condattr_t attr;
    int rc = pthread_condattr_init(&attr);
    if (rc == 0) {
        rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        rc = rc ? rc : pthread_cond_init(cond, &attr);
        pthread_condattr_destroy(&attr);
    }
    return rc;
}

sl_error *sl__queue_init(sl__queue *q, size_t cap) {
    *q = (sl__queue){.cap = cap ? cap : 1};
    q->ring = sl_calloc(q->cap, sizeof *q->ring);
    if (!q->ring) {
        return sl_error_nomem();
    }
    if (pthread_mutex_init(&q->lock, NULL) != 0) {
        goto free_ring;
    }
    if (init_cond(&q->not_empty) != 0) {
        goto free_lock;
    }
    if (init_cond(&q->not_full) != 0) {
        goto free_not_empty;
    }
    return NULL;
free_not_empty:
    pthread_cond_destroy(&q->not_empty);
free_lock:
    pthread_mutex_destroy(&q->lock);
free_ring:
    sl_free(q->ring);
    *q = (sl__queue){0};
    return sl_error_nomem();
}

void sl__queue_deinit(sl__queue *q) {
    if (!q->ring) {
        return;
    }
    pthread_cond_destroy(&q->not_full);
    pthread_cond_destroy(&q->not_empty);
    pthread_mutex_destroy(&q->lock);
    sl_free(q->ring);
    *q = (sl__queue){0};
}

static struct timespec deadline_after(int timeout_ms) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += timeout_ms / 1000;
    t.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* wait_more waits once; false when the time is up. Under the lock. */
static bool wait_more(sl__queue *q, pthread_cond_t *cond, int timeout_ms, const struct timespec *deadline) {
    if (timeout_ms < 0) {
        pthread_cond_wait(cond, &q->lock);
        return true;
    }
    return timeout_ms > 0 && pthread_cond_timedwait(cond, &q->lock, deadline) != ETIMEDOUT;
}

bool sl__queue_push(sl__queue *q, void *item, int timeout_ms) {
    struct timespec deadline = timeout_ms > 0 ? deadline_after(timeout_ms) : (struct timespec){0};
    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->n == q->cap && wait_more(q, &q->not_full, timeout_ms, &deadline)) {
    }
    bool room = !q->closed && q->n < q->cap;
    if (room) {
        q->ring[(q->head + q->n) % q->cap] = item;
        q->n++;
        pthread_cond_signal(&q->not_empty);
    }
    pthread_mutex_unlock(&q->lock);
    return room;
}

void *sl__queue_pop(sl__queue *q, int timeout_ms) {
    struct timespec deadline = timeout_ms > 0 ? deadline_after(timeout_ms) : (struct timespec){0};
    void *item = NULL;
    pthread_mutex_lock(&q->lock);
    while (!q->closed && q->n == 0 && wait_more(q, &q->not_empty, timeout_ms, &deadline)) {
    }
    if (q->n) {
        item = q->ring[q->head];
        q->head = (q->head + 1) % q->cap;
        q->n--;
        pthread_cond_signal(&q->not_full);
    }
    pthread_mutex_unlock(&q->lock);
    return item;
}

void sl__queue_close(sl__queue *q) {
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->not_empty);
    pthread_cond_broadcast(&q->not_full);
    pthread_mutex_unlock(&q->lock);
}

bool sl__queue_is_closed(sl__queue *q) {
    pthread_mutex_lock(&q->lock);
    bool closed = q->closed;
    pthread_mutex_unlock(&q->lock);
    return closed;
}

size_t sl__queue_count(sl__queue *q) {
    pthread_mutex_lock(&q->lock);
    size_t n = q->n;
    pthread_mutex_unlock(&q->lock);
    return n;
}
