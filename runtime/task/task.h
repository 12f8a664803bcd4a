/*
 * task.h - one task's life: what the herder asks of it and what it tells the herder.
 *
 * A task is a unit of the scheduler: its first step opens plugin, converters, transforms and clients, the
 * next ones move records, the last one closes everything. The herder sets a target (run, pause, stop); the
 * task reports every change of its state.
 *
 * Threads: the functions here may be called from any thread. Reports come on pool threads or the reactor:
 * post them to a queue. Memory: reference-counted; the herder holds one reference from start to
 * sl__task_unref, deliveries in flight hold others.
 */
#ifndef SLUICE_TASK_TASK_H
#define SLUICE_TASK_TASK_H

#include "base/lease.h"
#include "config/worker.h"
#include "kafka/kafka.h"
#include "plugin/registry.h"
#include "store/offsets.h"
#include "task/scheduler.h"

/* What all tasks of a worker share; borrowed for their whole life. */
typedef struct sl__task_env {
    sl__sched *sched;
    sl__kafka *kafka;
    sl__offsets *offsets;
    const sl__registry *registry;
    const sl__worker_settings *worker;
    const sl_config *worker_config; /* resolved */
    sl_str worker_id;               /* host:port, for traces and headers */
    sl_str group;                   /* group.id of a distributed worker; absent = standalone */
    bool exactly_once; /* exactly.once.source.support=enabled: sources write in transactions (needs group,
                          and offsets in a topic) */
    const sl__lease *lease; /* held by whoever writes records or offsets; NULL = a worker of its own */
} sl__task_env;

/* Kafka Connect's states of a task. Owner: the task's step; legal successors in brackets. */
typedef enum sl__task_state {
    SL_TASK_UNASSIGNED, /* not started yet [RUNNING, PAUSED, FAILED, STOPPED] */
    SL_TASK_RUNNING,    /* open [PAUSED, FAILED, STOPPED] */
    SL_TASK_PAUSED,     /* open, moves nothing [RUNNING, FAILED, STOPPED] */
    SL_TASK_FAILED,     /* ended by an error; the report has the trace. Last */
    SL_TASK_STOPPED,    /* ended because it was asked to. Last */
} sl__task_state;

typedef enum sl__task_target { SL_TARGET_RUN, SL_TARGET_PAUSE, SL_TARGET_STOP } sl__task_target;

typedef struct sl__task sl__task;

typedef struct sl__task_report {
    sl__task *task;
    sl__task_state state;
    const char *trace; /* FAILED: what, where and why; borrowed for the call; NULL otherwise */
    bool retriable;    /* FAILED: an outage, starting again may help */
    bool over;         /* the last report: nothing of the task runs any more */
} sl__task_report;

typedef struct sl__task_spec {
    sl_str connector;
    int32_t task;
    const sl_plugin_def *def; /* source or sink */
    const sl_config *config;  /* resolved: connector settings overlaid with the task's own; copied */
    sl__task_target target;   /* RUN or PAUSE at the start */
    void (*report)(void *arg, const sl__task_report *r);
    void *arg;                                        /* for report */
    void (*reconfigure)(void *arg, sl_str connector); /* the plugin asked for task_configs; any thread */
    void (*topic)(void *arg, sl_str topic); /* the task has used a topic; its step. NULL = not wanted */
    /* An exactly-once source has a producer of its own now, which fences others: whether it is still the one
       to write. Its step; may wait while the task is not to stop. NULL = it is */
    bool (*confirm)(void *arg, const sl__task *t);
} sl__task_spec;

/* sl__task_start makes the task and its first step due. Errors are only about memory: everything else is
 * reported. */
SL_MUST_CHECK sl_error *sl__task_start(const sl__task_env *env, const sl__task_spec *spec, sl__task **out);

/* sl__task_set_target asks for another state. STOP interrupts a blocked step, and cannot be taken back. */
void sl__task_set_target(sl__task *t, sl__task_target target);

/* sl__task_forget_topics makes the task tell of the topics that it uses anew. */
void sl__task_forget_topics(sl__task *t);

/* sl__task_abandon gives a task up that does not stop: it no longer reports, commits nothing and produces
   nothing more. What it still runs ends by itself or with the process. */
void sl__task_abandon(sl__task *t);

/* sl__task_ended tells whether nothing of the task runs any more; of use for one that was abandoned and does
 * not report. */
bool sl__task_ended(const sl__task *t);

sl_str sl__task_connector(const sl__task *t); /* borrowed */
int32_t sl__task_number(const sl__task *t);
bool sl__task_stopping(const sl__task *t); /* it was asked to stop */

/* sl__task_offsets_open gives a source connector's own offset store in *own, to be closed; NULL = it uses the
   worker's. connector: resolved. */
SL_MUST_CHECK sl_error *sl__task_offsets_open(const sl__task_env *env, const sl_config *connector,
                                              sl__offsets **own);

/* sl__task_txn_id gives the transactional id of an exactly-once source's task, as Kafka Connect names it; p =
   NULL: out of memory. */
sl_str sl__task_txn_id(sl_arena *arena, sl_str group, sl_str connector, int32_t task);
void sl__task_unref(sl__task *t);

#endif
