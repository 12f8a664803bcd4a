/*
 * tsan_threads.c - C11's threads, mutexes and condition variables by way of POSIX's, for builds with
 * ThreadSanitizer only.
 *
 * librdkafka uses C11's. ThreadSanitizer knows pthread_create and pthread_mutex_lock only: it crashes in a
 * thread whose start it has not seen, and takes for a race what a mutex ordered that it has not seen. glibc's
 * types of both kinds have the same layout, so what glibc initialised can be used here.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "glibc's mtx_t is a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "glibc's cnd_t is a pthread_cond_t");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "glibc's thrd_t is a pthread_t");

typedef struct start {
    thrd_start_t run;
    void *arg;
} start;

static int result_of(int e) {
    switch (e) {
    case 0:
        return thrd_success;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
        return thrd_nomem;
    default:
        return thrd_error;
    }
}

/* ---- threads ---- */

static void *run_start(void *p) {
    start s = *(start *)p;
    free(p);
    return (void *)(intptr_t)s.run(s.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg) {
    start *s = malloc(sizeof *s);
    if (!s) {
        return thrd_nomem;
    }
    *s = (start){run, arg};
    int e = pthread_create(thread, NULL, run_start, s);
    if (e) {
        free(s);
    }
    return result_of(e);
}

int thrd_join(thrd_t thread, int *result) {
    void *value = NULL;
    int e = pthread_join(thread, &value);
    if (result) {
        *result = (int)(intptr_t)value;
    }
    return result_of(e);
}

/* ---- mutexes ---- */

int mtx_init(mtx_t *m, int type) {
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    if (type & mtx_recursive) {
        pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    }
    int e = pthread_mutex_init((pthread_mutex_t *)m, &attr);
    pthread_mutexattr_destroy(&attr);
    return result_of(e);
}

int mtx_lock(mtx_t *m) {
    return result_of(pthread_mutex_lock((pthread_mutex_t *)m));
}

int mtx_unlock(mtx_t *m) {
    return result_of(pthread_mutex_unlock((pthread_mutex_t *)m));
}

void mtx_destroy(mtx_t *m) {
    pthread_mutex_destroy((pthread_mutex_t *)m);
}

/* ---- condition variables ---- */

int cnd_init(cnd_t *c) {
    return result_of(pthread_cond_init((pthread_cond_t *)c, NULL));
}

int cnd_signal(cnd_t *c) {
    return result_of(pthread_cond_signal((pthread_cond_t *)c));
}

int cnd_broadcast(cnd_t *c) {
    return result_of(pthread_cond_broadcast((pthread_cond_t *)c));
}

int cnd_wait(cnd_t *c, mtx_t *m) {
    return result_of(pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until) {
    return result_of(pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m, until));
}

void cnd_destroy(cnd_t *c) {
    pthread_cond_destroy((pthread_cond_t *)c);
}
