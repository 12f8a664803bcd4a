/*
 * state.h - the herder's own state; private to this folder.
 */
#ifndef SLUICE_HERDER_STATE_H
#define SLUICE_HERDER_STATE_H

#include <stdatomic.h>

#include "base/map.h"
#include "herder/connector.h"

/* What a distributed worker does differently; all on the herder's thread. */
typedef struct sl__hooks {
    void (*start)(sl__herder *h);                /* instead of starting all connectors */
    int64_t (*tick)(sl__herder *h, int64_t now); /* does what is due; the next time to look, 0 = none */
    /* A connector has made its tasks' configurations; the job stays the caller's. An error fails the
     * connector. */
    sl_error *(*prepared)(sl__connector *c, sl__job *job);
    bool (*runs)(const sl__connector *c, int32_t task); /* whether a task is to run here */
    /* The state of a connector (task -1) or of a task is another one. */
    void (*state)(const sl__connector *c, int32_t task, sl__state state, const char *trace);
    /* Whether tasks of a connector may start; if not, it is advanced when they may. */
    bool (*may_start)(sl__connector *c);
    /* Whether a task that was started with this generation is still the one to write. @thread a task's; waits
     */
    bool (*confirm)(sl__herder *h, const sl__task *task, int32_t generation);
} sl__hooks;

struct sl__herder {
    sl__herder_env env;
    const sl__hooks *hooks; /* NULL = a worker of its own */
    struct sl__dist *dist;  /* the hooks' */
    sl__inbox inbox;
    pthread_mutex_t providers_lock;
    pthread_t thread;
    bool running; /* the thread was started */
    atomic_bool ending;
    atomic_bool ended;
    atomic_llong busy_since_ms; /* 0 = it waits */
    unsigned left;              /* what still ran at the end */
    sl__message stop_message;
    /* the thread's own */
    sl__map by_name; /* name -> connector */
    sl__connector *first, *last;
    sl__call *waiting; /* calls with a job under way */
    sl__box *lost;     /* of abandoned tasks: they may still be posted to */
    unsigned njobs;
    bool ready_once; /* it has served requests */
    bool stopping;
    int64_t stop_by_ms;
    int64_t hold_until_ms; /* sources wait for sinks until then; 0 = not any more */
};

/* ---- herder.c ---- */

/* sl__connector_set_raw replaces a connector's configuration, which is copied; on error nothing has changed.
 */
SL_MUST_CHECK sl_error *sl__connector_set_raw(sl__connector *c, const sl_config *raw);

/* sl__herder_remove takes a connector of which nothing runs any more out, and frees it. */
void sl__herder_remove(sl__herder *h, sl__connector *c);

/* ---- connectors.c ---- */

/* sl__connector_remake asks the connector for its tasks' configurations, wherever the connector runs. */
void sl__connector_remake(sl__connector *c);

/* sl__connector_lose ends a connector's own part here: its tasks may stay. */
void sl__connector_lose(sl__connector *c);

/* sl__connector_give has the connector run here. */
void sl__connector_give(sl__connector *c);

/* sl__connector_take_tasks makes a job's configurations those of the tasks; takes the job over. */
void sl__connector_take_tasks(sl__connector *c, sl__job *job);

/* sl__connector_fail_waiting fails the tasks that wait to be started; they are tried again. */
void sl__connector_fail_waiting(sl__connector *c, const char *why);

/* sl__connector_without_tasks: the n tasks cannot be started. */
void sl__connector_without_tasks(sl__connector *c, size_t n, const char *why, bool retriable);

bool sl__config_same(const sl_config *a, const sl_config *b);

/* sl__connector_prepare begins a preparation, or one more after the one under way. */
void sl__connector_prepare(sl__connector *c);

/* sl__connector_advance does what can be done now: starts, stops, adopts a new configuration. */
void sl__connector_advance(sl__connector *c);

/* sl__connector_tick does what is due, and gives the next time to look (0 = none). */
int64_t sl__connector_tick(sl__connector *c, int64_t now);

/* sl__connector_busy tells whether anything of it still runs. */
bool sl__connector_busy(const sl__connector *c);

/* sl__connector_settled tells whether its start is over: running, failed, paused or stopped. */
bool sl__connector_settled(const sl__connector *c);

/* sl__connector_configure gives a connector another configuration, and prepares it anew. */
SL_MUST_CHECK sl_error *sl__connector_configure(sl__connector *c, const sl_config *raw);

/* sl__connector_prepared tells whether it is known which tasks its configuration makes, or why not, and the
   ones before are gone. */
bool sl__connector_prepared(const sl__connector *c);

/* sl__connector_ended tells whether nothing of it runs. */
bool sl__connector_ended(const sl__connector *c);

void sl__connector_leave(sl__connector *c); /* all its tasks are to stop */
void sl__connector_free(sl__connector *c);

/* ---- slots.c ---- */

void sl__slot_start(sl__slot *s);
void sl__slot_leave(sl__slot *s, bool again);
void sl__slot_set_target(sl__slot *s, sl__task_target target);
void sl__slot_tick(sl__slot *s, int64_t now, int64_t *next);
void sl__slot_fail(sl__slot *s, const char *trace, bool retriable);
/* sl__boxes_left counts the abandoned tasks that still run. */
unsigned sl__boxes_left(const sl__herder *h);
/* sl__boxes_each_left calls cb for each of them. */
void sl__boxes_each_left(const sl__herder *h, void (*cb)(void *arg, sl_str connector, int32_t task),
                         void *arg);
void sl__boxes_free(sl__herder *h);

/* ---- tries.c: when to try again ---- */

/* sl__tries_plan plans the next one after a failure. False: there is to be none. */
bool sl__tries_plan(sl__tries *t, const sl__herder *h, const sl__connector *c, int64_t now);

#endif
