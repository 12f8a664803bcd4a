/*
 * herder.h - the thread that owns all state of connectors and tasks, and what others may ask of it.
 *
 * Whatever happens reaches it as a message (inbox.h): calls of the REST interface, reports of tasks, finished
 * jobs, the wish to stop. A call carries a function that runs on the herder's thread, reads the state there
 * and fills in the answer; what may block (a plugin's validate, task_configs) runs as a job on the task
 * scheduler's pool.
 *
 * Threads: functions marked @herder only within a call's run; the others from any thread.
 * Memory: said at each function.
 */
#ifndef SLUICE_HERDER_HERDER_H
#define SLUICE_HERDER_HERDER_H

#include "config/files.h"
#include "config/validate.h"
#include "herder/cluster.h"
#include "herder/inbox.h"
#include "task/task.h"

typedef struct sl__herder sl__herder;
typedef struct sl__connector sl__connector; /* herder/connector.h */

/* What the herder works with; borrowed until sl__herder_free. */
typedef struct sl__herder_env {
    sl__task_env task;
    const sl__catalog *catalog;
    sl__providers *providers;      /* used under the herder's lock only */
    sl__cluster *cluster;          /* NULL = its id is not known */
    const struct sl__ops *ops;     /* what requests can ask (herder/ops.h); NULL = a worker of its own */
    const struct sl__hooks *hooks; /* herder/state.h; NULL = a worker of its own */
    struct sl__dist *dist;         /* herder/distributed.h */
} sl__herder_env;

/* sl__herder_new makes a herder that does nothing yet. */
SL_MUST_CHECK sl_error *sl__herder_new(const sl__herder_env *env, sl__herder **out);

/* sl__herder_add adds a connector before the start. */
SL_MUST_CHECK sl_error *sl__herder_add(sl__herder *h, const sl__connector_config *config);

/* sl__herder_start starts the thread, which starts the connectors, sinks first. */
SL_MUST_CHECK sl_error *sl__herder_start(sl__herder *h);

/* sl__herder_stop asks for the end: all tasks finish what they have and stop. */
void sl__herder_stop(sl__herder *h);

/* sl__herder_ended tells whether the thread has ended, or will at once. */
bool sl__herder_ended(const sl__herder *h);

/* sl__herder_join waits for it, and gives how many tasks and jobs did not end in time and may still run. */
unsigned sl__herder_join(sl__herder *h);

/* sl__herder_free: joined, or never started. NULL is allowed. */
void sl__herder_free(sl__herder *h);

/* ---- calls ---- */

typedef struct sl__job sl__job;
struct sl__op_end; /* herder/ops.h */

typedef struct sl__call {
    sl__message message; /* the herder's */
    /* Runs on the herder's thread: fills in the answer and gives true, or begins a job and gives false. */
    bool (*run)(sl__herder *h, struct sl__call *c);
    /* The job is done; its results are valid during the call. */
    void (*resume)(sl__herder *h, struct sl__call *c, sl__job *job);
    /* The answer is there, or (late) there will be none in time. The call is its owner's again. Herder's
     * thread; quick. */
    void (*reply)(struct sl__call *c, bool late);
    int64_t deadline_ms; /* monotonic; when to give up */
    /* An operation (herder/ops.h) has ended. True: the answer is there. False: it has begun something else.
     * Herder's thread. */
    bool (*done)(sl__herder *h, struct sl__call *c, const struct sl__op_end *end);

    /* What an operation keeps of its arguments while it goes on; its own. */
    struct {
        sl_str name;
        sl_config config;
        sl__task_target target;
        bool replace;
        bool created;
        bool tasks;
        bool only_failed;
        int32_t task;
        int level;
        const struct sl__offset_item *items;
        const sl_config *configs; /* of tasks */
        size_t n;
        int64_t fence_ms; /* since when it waits for tasks to be fenced (sl__wall_ms); 0 = it does not */
        sl_arena *arena;
        bool (*again)(sl__herder *h, struct sl__call *c); /* after a change of the leader */
    } op;

    /* Set by an operation that waits for something: asked again whenever the herder has done something; true:
       it has ended. */
    bool (*check)(sl__herder *h, struct sl__call *c);

    /* Whoever began something for this call sets these; cancel (may be NULL) is called when the call's time
       is over before it has ended. */
    void (*cancel)(struct sl__call *c);
    void *work;

    bool waits;            /* the herder's: run gave false */
    bool ended;            /* the herder's */
    struct sl__call *next; /* the herder's: waiting calls */
} sl__call;

/* sl__call_end answers a call whose run gave false; a call that still runs is answered after it. @herder */
void sl__call_end(sl__herder *h, sl__call *c);

/* sl__call_again runs a call that waits once more, from its beginning; it may be over after that. @herder */
void sl__call_again(sl__herder *h, sl__call *c);

/* sl__herder_call posts a call. False when the herder takes no more: reply is not called then. */
bool sl__herder_call(sl__herder *h, sl__call *c);

/* ---- the state @herder ---- */

const sl__herder_env *sl__herder_env_of(const sl__herder *h);
sl__connector *sl__herder_find(const sl__herder *h, sl_str name);

/* sl__herder_started tells whether every connector has been started once or has failed. */
bool sl__herder_started(const sl__herder *h);

/* ---- how it is ---- */

typedef enum sl__health {
    SL_HEALTHY,
    SL_STARTING,  /* it has not been ready yet */
    SL_UNHEALTHY, /* it has been, and is not any more */
    SL_ENDING,
} sl__health;

/* sl__herder_health tells how the worker is, and, if it is not healthy, what it does. @herder */
sl__health sl__herder_health(const sl__herder *h, const char **why);

/* sl__herder_busy_ms gives for how long the thread has been with one message; 0 = it waits for the next. */
int64_t sl__herder_busy_ms(const sl__herder *h);

/* ---- what can be done @herder ---- */

/* sl__connector_set_target runs, pauses or stops a connector; returns at once. */
void sl__connector_set_target(sl__connector *c, sl__task_target target);

/* sl__connector_restart prepares the connector anew, and stops and starts its tasks if asked; only_failed:
   what has not failed is left alone. */
void sl__connector_restart(sl__connector *c, bool tasks, bool only_failed);

/* sl__connector_restart_task stops one task and starts it again. False: there is no such task. */
bool sl__connector_restart_task(sl__connector *c, int32_t task);

/* sl__herder_validate checks a configuration in a job, with connections made; the call's resume gets the job.
   False: out of memory. */
bool sl__herder_validate(sl__herder *h, sl__call *c, const sl_config *raw);

#endif
