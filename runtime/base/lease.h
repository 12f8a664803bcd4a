/*
 * lease.h - until when this worker may act for its cluster.
 *
 * Whoever renews it (kafka/group.h) holds proof that the worker was a member at that time; whoever writes
 * something that only a member may write asks right before. The clock is CLOCK_BOOTTIME, which goes on while
 * the process or the machine sleeps: a worker that was stopped finds its lease over when it wakes.
 *
 * Threads: any. Memory: the owner's.
 */
#ifndef SLUICE_BASE_LEASE_H
#define SLUICE_BASE_LEASE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

typedef struct sl__lease {
    atomic_llong until_ms; /* sl__boot_ms */
} sl__lease;

/* sl__lease_left gives how many milliseconds it lasts; 0 or less: it is over. */
static inline int64_t sl__lease_left(const sl__lease *l) {
    return (int64_t)atomic_load_explicit(&((sl__lease *)(uintptr_t)l)->until_ms, memory_order_acquire) -
           sl__boot_ms();
}

/* sl__lease_holds tells whether it is not over; NULL is a worker that needs none. */
static inline bool sl__lease_holds(const sl__lease *l) {
    return !l || sl__lease_left(l) > 0;
}

static inline void sl__lease_set(sl__lease *l, int64_t until_ms) {
    atomic_store_explicit(&l->until_ms, (long long)until_ms, memory_order_release);
}

#endif
