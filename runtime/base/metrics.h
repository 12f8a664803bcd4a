/*
 * metrics.h - named numbers of the process, of connectors and of tasks.
 *
 * A metric is found by name and labels once, kept by pointer, and then set or added to without a lock. It is
 * shared: each sl__metric_get takes a reference, and sl__metric_release gives it back. A removed metric is no
 * longer shown but stays valid until it is released, so a task that is ending may still write to its own.
 *
 * Not for: rendering (each() gives the numbers). Threads: any.
 */
#ifndef SLUICE_BASE_METRICS_H
#define SLUICE_BASE_METRICS_H

#include <stdatomic.h>

#include <sluice/memory.h>

typedef struct sl__metric {
    _Atomic int64_t value;
    /* constant after creation */
    const char *name;      /* snake_case */
    const char *connector; /* "" = of the worker */
    int32_t task;          /* -1 = none */
    /* under the registry's lock */
    unsigned refs;
    bool listed;
} sl__metric;

/* sl__metric_get finds or makes a metric and takes a reference. Never NULL: when out of memory, a metric that
   nobody sees. connector absent = of the worker; task -1 = none. */
sl__metric *sl__metric_get(const char *name, sl_str connector, int32_t task);
/* sl__metric_release gives a reference back; NULL is allowed. The metric stays listed until it is removed. */
void sl__metric_release(sl__metric *m);

static inline void sl__metric_set(sl__metric *m, int64_t value) {
    atomic_store_explicit(&m->value, value, memory_order_relaxed);
}
static inline void sl__metric_add(sl__metric *m, int64_t delta) {
    atomic_fetch_add_explicit(&m->value, delta, memory_order_relaxed);
}
/* sl__metric_max sets it to a value that is larger than what it has; of one writer. */
static inline void sl__metric_max(sl__metric *m, int64_t value) {
    if (value > atomic_load_explicit(&m->value, memory_order_relaxed)) {
        sl__metric_set(m, value);
    }
}
static inline int64_t sl__metric_value(const sl__metric *m) {
    return atomic_load_explicit(&((sl__metric *)m)->value, memory_order_relaxed);
}

/* sl__metric_count adds 1 to a metric of the worker. */
void sl__metric_count(const char *name);

/* sl__metrics_each calls cb for each listed metric, sorted by name, connector, task. The metrics may not be
 * kept. */
typedef void (*sl__metric_cb)(void *arg, const sl__metric *m, int64_t value);
void sl__metrics_each(sl__metric_cb cb, void *arg);

/* sl__metrics_remove drops the metrics of a connector from the list: of one task, or with task -1 all of
 * them. */
void sl__metrics_remove(sl_str connector, int32_t task);

#endif
