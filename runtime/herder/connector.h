/*
 * connector.h - a connector and its tasks as the herder knows them.
 *
 * Others (rest/) read these structs within a call's run, and change nothing.
 *
 * Threads: the herder's. Memory: a connector owns its slots; a slot holds a reference to its task.
 */
#ifndef SLUICE_HERDER_CONNECTOR_H
#define SLUICE_HERDER_CONNECTOR_H

#include "base/map.h"
#include "herder/herder.h"
#include "herder/job.h"

/* Kafka Connect's states of connectors and tasks. */
typedef enum sl__state {
    SL_STATE_UNASSIGNED, /* not started yet */
    SL_STATE_RUNNING,
    SL_STATE_PAUSED,
    SL_STATE_STOPPED,
    SL_STATE_FAILED,
    SL_STATE_RESTARTING,
} sl__state;

const char *sl__state_name(sl__state s);

/* Tries after a failure that may pass. */
typedef struct sl__tries {
    unsigned made;      /* since it last ran for a while */
    int64_t at_ms;      /* when the next one is due, 0 = none is */
    int64_t running_ms; /* since when it runs, 0 = it does not */
} sl__tries;

/* The post box of one run of a task. */
typedef struct sl__box sl__box;

typedef struct sl__slot {
    sl__connector *connector;
    int32_t number;
    sl__task *task; /* NULL = none runs */
    sl__box *box;   /* of the task that runs */
    sl__state state;
    char *trace; /* owned; FAILED only */
    bool retriable;
    bool leaving;       /* was asked to stop */
    bool again;         /* start again once it has stopped */
    bool here;          /* is to run on this worker */
    int64_t stop_by_ms; /* leaving: when it is abandoned */
    sl__tries tries;
} sl__slot;

struct sl__connector {
    sl__herder *herder;
    sl__connector *next;
    sl_arena arena; /* name, file */
    sl_str name;
    sl_str file;
    sl_arena raw_arena;
    sl_config raw;            /* as it was given */
    const sl_plugin_def *def; /* NULL = unknown */
    sl__task_target target;
    sl__state state;
    char *trace; /* owned; FAILED only */
    sl__tries tries;
    int32_t max_restarts;    /* errors.max.retries */
    int64_t restart_wait_ms; /* retriable.restart.connector.wait.ms */
    bool prepared_once;      /* a preparation has ended, well or badly */
    sl__job *preparing;      /* under way */
    bool prepare_again;
    bool stale;          /* its configuration changed while it was paused: prepared anew when it is resumed */
    bool here;           /* the connector itself (not only tasks of it) is this worker's */
    bool unsynced;       /* distributed: the config topic says something new of it */
    bool tasks_stale;    /* distributed: the tasks' configurations are to be taken from the config topic */
    sl__job *fetching;   /* distributed: takes them */
    int64_t fetch_at_ms; /* distributed: when to try that again, 0 = not */
    int64_t fence_asked_ms; /* distributed: since when the leader is asked to fence earlier tasks, 0 = not */
    bool deleting;          /* nobody sees it any more; freed once nothing of it runs */
    sl__map topics;         /* names of topics that its tasks have used */
    sl__job *incoming;      /* prepared, waits until the old tasks are gone */
    sl__job *current;       /* what the tasks run with */
    unsigned generation;
    sl__slot *slots;
    size_t nslots;
};

/* sl__trace_text appends a trace and, if it is to be tried again, "starts again in N s, attempt M". */
void sl__trace_text(const char *trace, const sl__tries *t, const sl__connector *c, sl_buf *out);

#endif
