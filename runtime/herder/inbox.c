/*
 * inbox.c - see inbox.h.
 */
#include "herder/inbox.h"

#include <stddef.h>

#include "base/clock.h"

void sl__inbox_init(sl__inbox *in) {
    *in = (sl__inbox){.head = NULL};
    pthread_mutex_init(&in->lock, NULL);
    sl__cond_init(&in->filled);
}

void sl__inbox_deinit(sl__inbox *in) {
    pthread_cond_destroy(&in->filled);
    pthread_mutex_destroy(&in->lock);
}

bool sl__inbox_post(sl__inbox *in, sl__message *m) {
    pthread_mutex_lock(&in->lock);
    bool open = !in->closed;
    if (open) {
        m->next = NULL;
        if (in->tail) {
            in->tail->next = m;
        } else {
            in->head = m;
        }
        in->tail = m;
        pthread_cond_signal(&in->filled);
    }
    pthread_mutex_unlock(&in->lock);
    return open;
}

sl__message *sl__inbox_take(sl__inbox *in, int64_t until_ms) {
    const struct timespec until = sl__deadline_at(until_ms);
    int rc = 0;
    pthread_mutex_lock(&in->lock);
    while (!in->head && !in->closed && rc == 0) {
        rc = until_ms ? pthread_cond_timedwait(&in->filled, &in->lock, &until)
                      : pthread_cond_wait(&in->filled, &in->lock);
    }
    sl__message *m = in->head;
    if (m) {
        in->head = m->next;
        in->tail = in->head ? in->tail : NULL;
    }
    pthread_mutex_unlock(&in->lock);
    return m;
}

void sl__inbox_close(sl__inbox *in) {
    pthread_mutex_lock(&in->lock);
    in->closed = true;
    pthread_cond_broadcast(&in->filled);
    pthread_mutex_unlock(&in->lock);
}
