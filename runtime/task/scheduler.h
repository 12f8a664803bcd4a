/*
 * scheduler.h - runs units of work in steps on a pool of threads.
 *
 * A unit is on one thread at a time and moves freely between steps. Between steps it waits for a descriptor,
 * a time or a wake; one reactor thread (epoll) waits for all of them, so that an idle unit costs neither
 * thread nor CPU. A step may block: the pool grows while ready units wait behind busy threads, up to a limit,
 * and shrinks again.
 *
 * Not for: deciding what a step does, or stopping a blocked one (the unit's owner interrupts it).
 * Threads: every function here may be called from any thread. One lock guards queue, timers and unit states.
 */
#ifndef SLUICE_TASK_SCHEDULER_H
#define SLUICE_TASK_SCHEDULER_H

#include <sluice/plugin.h>

typedef struct sl__sched sl__sched;
typedef struct sl__unit sl__unit;

/* Owner: the scheduler's lock. Legal successors in brackets. */
typedef enum sl__unit_state {
    SL_UNIT_IDLE,    /* waits in the reactor [QUEUED] */
    SL_UNIT_QUEUED,  /* on the run queue [RUNNING] */
    SL_UNIT_RUNNING, /* a pool thread is in its step [IDLE, QUEUED, DONE] */
    SL_UNIT_DONE,    /* its last step is over; the scheduler has forgotten it */
} sl__unit_state;

struct sl__unit {
    /* One step. Fills *wait (zeroed before: step again at once). Gives false when the unit is finished. */
    bool (*step)(sl__unit *u, sl_wait *wait);
    /* The scheduler has forgotten the unit; it may be freed here or later. Called once, on the reactor's
       thread, outside the lock; must be quick. */
    void (*done)(sl__unit *u);

    /* the scheduler's own */
    sl__sched *sched;
    sl__unit_state state;
    bool woken;         /* wake came during the step */
    int64_t until_ms;   /* time to wake, 0 = none */
    size_t timer_index; /* place in the timer heap, from 1; 0 = not in it */
    int epoll_fd;       /* descriptor registered with epoll, -1 = none */
    int64_t queued_ms;
    sl__unit *next; /* run queue */
};

typedef struct sl__sched_stats {
    unsigned threads;
    unsigned busy;
    unsigned queued;
    uint64_t steps;
} sl__sched_stats;

/* sl__sched_new starts the reactor and min threads; the pool grows to at most max. */
SL_MUST_CHECK sl_error *sl__sched_new(unsigned min_threads, unsigned max_threads, sl__sched **out);

/* sl__sched_free waits for running steps and ends all threads. Units that are not done are forgotten without
 * done. */
void sl__sched_free(sl__sched *s);

/* sl__unit_start hands a zeroed unit with step and done set to the scheduler; its first step is due at once.
 */
void sl__unit_start(sl__sched *s, sl__unit *u);

/* sl__unit_wake makes the next step due now. No effect on a unit that is done. */
void sl__unit_wake(sl__unit *u);

void sl__sched_stats_get(sl__sched *s, sl__sched_stats *out);

#endif
