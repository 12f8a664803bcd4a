/*
 * c11_threads.c - C11's threads as POSIX ones, linked in builds with ThreadSanitizer only.
 *
 * librdkafka uses threads.h, which gcc 12's ThreadSanitizer does not know: a thread made by thrd_create has
 * no state there and crashes in the first function that the sanitizer watches; what a mutex orders looks like
 * a race. These take the place of the C library's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

typedef struct start {
    thrd_start_t fn;
    void *arg;
} start;

static void *run(void *p) {
    start s = *(start *)p;
    free(p);
    return (void *)(intptr_t)s.fn(s.arg);
}

int thrd_create(thrd_t *t, thrd_start_t fn, void *arg) {
    start *s = malloc(sizeof *s);
    if (!s) {
        return thrd_nomem;
    }
    *s = (start){fn, arg};
    return pthread_create((pthread_t *)t, NULL, run, s) == 0 ? thrd_success : thrd_error;
}

int thrd_join(thrd_t t, int *res) {
    void *ret;
    if (pthread_join((pthread_t)t, &ret) != 0) {
        return thrd_error;
    }
    if (res) {
        *res = (int)(intptr_t)ret;
    }
    return thrd_success;
}

int thrd_detach(thrd_t t) {
    return pthread_detach((pthread_t)t) == 0 ? thrd_success : thrd_error;
}

int mtx_init(mtx_t *m, int type) {
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, type & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    int rc = pthread_mutex_init((pthread_mutex_t *)(void *)m, &attr);
    pthread_mutexattr_destroy(&attr);
    return rc == 0 ? thrd_success : thrd_error;
}

void mtx_destroy(mtx_t *m) {
    pthread_mutex_destroy((pthread_mutex_t *)(void *)m);
}

int mtx_lock(mtx_t *m) {
    return pthread_mutex_lock((pthread_mutex_t *)(void *)m) == 0 ? thrd_success : thrd_error;
}

int mtx_trylock(mtx_t *m) {
    return pthread_mutex_trylock((pthread_mutex_t *)(void *)m) == 0 ? thrd_success : thrd_busy;
}

int mtx_unlock(mtx_t *m) {
    return pthread_mutex_unlock((pthread_mutex_t *)(void *)m) == 0 ? thrd_success : thrd_error;
}

int cnd_init(cnd_t *c) {
    return pthread_cond_init((pthread_cond_t *)(void *)c, NULL) == 0 ? thrd_success : thrd_error;
}

void cnd_destroy(cnd_t *c) {
    pthread_cond_destroy((pthread_cond_t *)(void *)c);
}

int cnd_signal(cnd_t *c) {
    return pthread_cond_signal((pthread_cond_t *)(void *)c) == 0 ? thrd_success : thrd_error;
}

int cnd_broadcast(cnd_t *c) {
    return pthread_cond_broadcast((pthread_cond_t *)(void *)c) == 0 ? thrd_success : thrd_error;
}

int cnd_wait(cnd_t *c, mtx_t *m) {
    return pthread_cond_wait((pthread_cond_t *)(void *)c, (pthread_mutex_t *)(void *)m) == 0 ? thrd_success
                                                                                             : thrd_error;
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until) {
    int rc = pthread_cond_timedwait((pthread_cond_t *)(void *)c, (pthread_mutex_t *)(void *)m, until);
    return rc == 0 ? thrd_success : rc == ETIMEDOUT ? thrd_timedout : thrd_error;
}
