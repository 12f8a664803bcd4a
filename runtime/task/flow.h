/*
 * flow.h - between task.c (a task's life) and what moves its records: source.c and sink.c. Private to this
 * folder.
 *
 * Threads: a flow's functions are called from the task's step, one at a time. Memory: the task's arena lives
 * as long as the task.
 */
#ifndef SLUICE_TASK_FLOW_H
#define SLUICE_TASK_FLOW_H

#include <pthread.h>
#include <stdatomic.h>

#include "task/parts.h"
#include "task/policy.h"
#include "task/task.h"
#include "task/topics_used.h"

/* A direction of flow. Order of calls: open, then step any number of times, then drain until it says so, then
   close. After a failed open: close alone. */
typedef struct sl__flow {
    size_t size; /* of its state, which begins zeroed */
    sl_error *(*open)(sl__task *t, void *flow);
    /* One step while the target is run (paused = false) or pause. */
    sl_error *(*step)(sl__task *t, void *flow, bool paused, sl_wait *wait);
    /* Finish what is under way and commit it. False: not done, call again after *wait. */
    bool (*drain)(sl__task *t, void *flow, sl_wait *wait);
    void (*close)(sl__task *t, void *flow);
} sl__flow;

extern const sl__flow sl__source_flow;
extern const sl__flow sl__sink_flow;

struct sl__task {
    sl__unit unit; /* first */
    atomic_int refs;
    atomic_int target; /* sl__task_target */
    atomic_bool abandoned;
    atomic_bool ended;
    const sl__task_env *env;
    sl__task_spec spec; /* strings in the arena */
    sl_arena arena;
    sl_config config; /* in the arena */

    /* the step's own */
    sl__task_state state;
    bool opened;
    bool draining;
    int64_t drain_until_ms;
    sl_error *failure; /* owned */
    const sl__flow *flow;
    void *flow_state;
    sl__connector_settings settings;
    sl__parts parts;
    sl__policy policy;
    sl__host_side side;
    sl__instance plugin;
    sl__topics_used topics;
    sl__offsets *offsets; /* of this connector: the worker's, or one that own_offsets owns */
    sl__offsets *own_offsets;
    sl__header_pool headers; /* of its messages */
    int64_t trim_at_ms;      /* when free memory is given back to the system; 0 = there is not much */

    /* guards plugin_state against interrupt */
    pthread_mutex_t lock;
    void *plugin_state; /* what the plugin's open gave; NULL = not open */
    bool plugin_open;
};

void sl__task_ref(sl__task *t);

/* sl__task_plugin_opened / _closing: from here to there interrupt may be called on the plugin's state. */
void sl__task_plugin_opened(sl__task *t, void *state);
void *sl__task_plugin_closing(sl__task *t);

/* sl__task_count adds to a metric of the task; for what is counted now and then. */
void sl__task_count(const sl__task *t, const char *metric, int64_t delta);
/* sl__task_most raises a metric of the task to a value, if that is larger. */
void sl__task_most(const sl__task *t, const char *metric, int64_t value);
/* sl__task_count_commit counts a commit of offsets that began at a time (sl__now_ms) and ended with err. */
void sl__task_count_commit(const sl__task *t, int64_t began_ms, const sl_error *err);

/* sl__task_trim has the heap give memory back to the system some time after the task held much of it, for
 * malloc keeps what lies between pieces in use. in_hand: bytes of records; an idle *wait ends in time for it.
 */
void sl__task_trim(sl__task *t, size_t in_hand, sl_wait *wait);

/* sl__task_fail_record hands a failed record to the policy, as the instance (NULL: the connector) at that
 * stage. */
SL_MUST_CHECK sl_error *sl__task_fail_record(sl__task *t, sl__stage stage, const sl__instance *at,
                                             const sl_record *rec, sl_error *err);

/* What a flow does with a record that failed: sl__task_fail_record, or more. */
typedef sl_error *(*sl__task_failed)(sl__task *t, sl__stage stage, const sl__instance *at,
                                     const sl_record *rec, sl_error *err);

/* sl__task_transform runs the chain with retries, and calls failed for a record that still fails. A tolerated
   failure leaves rec->dropped set. */
SL_MUST_CHECK sl_error *sl__task_transform(sl__task *t, sl_batch *batch, sl_record *rec,
                                           sl__task_failed failed);

#endif
