/*
 * ops.h - what the REST interface asks of a herder: the one table that the standalone and the distributed
 * herder each implement.
 *
 * Views are answered at once from the herder's own copy of the state, on every worker. Changes end when they
 * are done, which may be later: an operation gives true when it has ended within the call, false when it will
 * end with sl__op_end_call. Either way `done` of its call is called exactly once, unless the call's time is
 * over before: then sl__call.cancel is called instead, and nothing may be done with the call any more. An
 * operation that waits for a state sets sl__call.check, which is asked whenever something has happened.
 *
 * A change that only the leader may make ends with SL_OP_FORWARD on other workers. While the cluster is
 * changing, an operation waits (within the call's deadline) rather than fail.
 *
 * Not for: JSON, HTTP (rest/), or how a state is kept. Threads: everything here is @herder. Memory: arguments
 * are the call's and live until it is over; a view is valid until the herder handles its next message; texts
 * that are made for one are in the arena that is passed.
 */
#ifndef SLUICE_HERDER_OPS_H
#define SLUICE_HERDER_OPS_H

#include "herder/connector.h"
#include "store/config_record.h"

/* ---- how an operation ends ---- */

typedef enum sl__op_kind {
    SL_OP_DONE,
    SL_OP_FORWARD, /* ask the leader at .leader instead */
    SL_OP_FAILED,  /* .err says why */
} sl__op_kind;

/* The refusal to change the offsets of a connector that is not stopped; takes SL_STR_ARG(name). */
#define SL__OFFSETS_NOT_STOPPED                                                                              \
    "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for "    \
    "the "                                                                                                   \
    "specified connector by issuing a 'PUT' request to the '/connectors/%.*s/stop' endpoint"

typedef struct sl__op_end {
    sl__op_kind kind;
    sl_str leader;       /* FORWARD: its base URL, "http://host:port/"; borrowed for the call of done */
    sl_error *err;       /* FAILED: done takes it over */
    int status;          /* FAILED: the HTTP status; 0 = what the error's code and class stand for */
    bool created;        /* put_config: the connector is new */
    sl_str message;      /* alter/reset_offsets: what to tell the user; borrowed for the call of done */
    const sl_str *names; /* set_logger: the names of the loggers that changed */
    size_t nnames;
} sl__op_end;

/* sl__op_end_call ends an operation: calls the call's done, and answers the call if the operation had given
   false. Operations end with `return sl__op_end_call(h, c, &end)`. */
bool sl__op_end_call(sl__herder *h, sl__call *c, const sl__op_end *end);
bool sl__op_done(sl__herder *h, sl__call *c);                              /* SL_OP_DONE */
bool sl__op_forward(sl__herder *h, sl__call *c, sl_str leader);            /* SL_OP_FORWARD */
bool sl__op_failed(sl__herder *h, sl__call *c, int status, sl_error *err); /* SL_OP_FAILED */
/* sl__op_refused is sl__op_failed with a text. */
bool sl__op_refused(sl__herder *h, sl__call *c, int status, const char *fmt, ...) SL_PRINTF(4, 5);

/* ---- views ---- */

/* The state of a connector or of a task, as its status says. */
typedef struct sl__status_view {
    sl__state state;
    sl_str worker_id; /* who runs it */
    sl_str trace;     /* absent = none */
    sl_str version;   /* absent = none */
} sl__status_view;

typedef struct sl__connector_view {
    sl_str name;
    const sl_config *raw;     /* as given; NULL: only its status is known (it was deleted, or is just new) */
    const sl_plugin_def *def; /* NULL = unknown here */
    sl__task_target target;
    size_t ntasks;   /* task configurations that there are */
    bool has_status; /* false: none was reported yet */
    sl__status_view status;
    size_t nstatuses; /* tasks whose status is known */
    void *impl;       /* the herder's */
} sl__connector_view;

/* An offset of a source partition or of a topic's partition. */
typedef struct sl__offset_item { /* also named in herder.h */
    sl_value partition;          /* a map */
    sl_value offset;             /* a map; SL_NULL in a change: forget it */
} sl__offset_item;

typedef void (*sl__view_cb)(void *arg, const sl__connector_view *v);
typedef void (*sl__topic_cb)(void *arg, sl_str topic);

/* ---- the table ---- */

typedef struct sl__ops {
    /* each calls cb for every connector that has a configuration, in the order in which they came. */
    void (*each)(sl__herder *h, sl_arena *arena, sl__view_cb cb, void *arg);
    /* find gives a connector; false: neither a configuration nor a status of it is known. */
    bool (*find)(sl__herder *h, sl_str name, sl_arena *arena, sl__connector_view *out);
    /* status_at gives the at-th task whose status is known, and its number. */
    void (*status_at)(const sl__connector_view *v, size_t at, sl_arena *arena, int32_t *task,
                      sl__status_view *out);
    /* task_config gives a task's configuration as it may be shown: references, not what they stand for. */
    sl_error *(*task_config)(const sl__connector_view *v, size_t task, sl_arena *arena, sl_config *out);
    /* topics calls cb for every topic that a connector has used since the last reset. */
    void (*topics)(sl__herder *h, sl_str name, sl__topic_cb cb, void *arg);
    /* ready tells whether the worker serves requests about connectors; else *why is what it does ("joining
       the group"). For sl__herder_health. */
    bool (*ready)(sl__herder *h, const char **why);
    /* leader gives the base URL of the worker that leads as far as this one knows; absent = none. NULL: there
       is no cluster. */
    sl_str (*leader)(sl__herder *h);
    /* session_key gives the key that requests of workers to each other are signed with. NULL: there are none.
     */
    void (*session_key)(sl__herder *h, sl__session_key *out);
    /* verifies tells whether requests signed with an algorithm ("HmacSHA256") are taken. NULL likewise. */
    bool (*verifies)(sl__herder *h, sl_str algorithm);

    /* put_config validates a configuration (400 with all that is wrong) and makes it the connector's. target:
       of a new one. replace false: 409 if it is there already. */
    bool (*put_config)(sl__herder *h, sl__call *c, sl_str name, const sl_config *config,
                       sl__task_target target, bool replace);
    /* patch_config does so with what there is and the patch over it; an absent value takes a key away. */
    bool (*patch_config)(sl__herder *h, sl__call *c, sl_str name, const sl_config *patch, sl_arena *arena);
    bool (*delete_config)(sl__herder *h, sl__call *c, sl_str name);
    bool (*set_target)(sl__herder *h, sl__call *c, sl_str name, sl__task_target target);
    bool (*restart)(sl__herder *h, sl__call *c, sl_str name, bool tasks, bool only_failed);
    bool (*restart_task)(sl__herder *h, sl__call *c, sl_str name, int32_t task);

    /* offsets reads what is stored and adds to *items, in the arena. */
    bool (*offsets)(sl__herder *h, sl__call *c, sl_str name, sl_arena *arena, sl__offset_item **items,
                    size_t *n);
    /* alter_offsets changes them; the connector must be stopped. */
    bool (*alter_offsets)(sl__herder *h, sl__call *c, sl_str name, const sl__offset_item *items, size_t n);
    bool (*reset_offsets)(sl__herder *h, sl__call *c, sl_str name);

    bool (*reset_topics)(sl__herder *h, sl__call *c, sl_str name);
    /* set_logger sets a level on all workers of the cluster (scope=cluster). */
    bool (*set_logger)(sl__herder *h, sl__call *c, sl_str name, int level);

    /* catch_up ends the call once everything that is in the cluster's topic now is in this worker's copy of
       it, so that whoever has changed something through this worker sees it here. NULL: there is nothing to
       wait for.
     */
    bool (*catch_up)(sl__herder *h, sl__call *c);

    /* topic_used hears that a task has used a topic for the first time since it started. Not a call; NULL =
       connectors remember it themselves. */
    void (*topic_used)(sl__herder *h, const sl__connector *c, int32_t task, sl_str topic);

    /* What workers ask of their leader; NULL in a worker of its own. The signature was checked by then. */
    bool (*put_tasks)(sl__herder *h, sl__call *c, sl_str name, const sl_config *configs, size_t n);
    bool (*fence)(sl__herder *h, sl__call *c, sl_str name);
} sl__ops;

extern const sl__ops sl__standalone_ops;

/* sl__herder_ops gives the herder's table: that of its env, else the standalone one. */
const sl__ops *sl__herder_ops(const sl__herder *h);

/* ---- for both implementations ---- */

/* sl__op_invalid gives what is wrong with a configuration as Kafka Connect tells it: one text. */
sl_str sl__op_invalid(sl__job *job);

/* sl__op_validate checks a configuration as put_config must, in a job; then `next` goes on with the operation
   (true: it has ended), or the call ends with the 400. next may use the job's resolved settings and def. */
bool sl__op_validate(sl__herder *h, sl__call *c, sl_str name, const sl_config *config, sl__op_next next);

/* sl__op_read_offsets and sl__op_change_offsets do the work of offsets, alter_offsets and reset_offsets
   (items NULL) in a job: of a source in the worker's offset store or the connector's own, of a sink in its
   consumer group. The caller has checked that the connector is stopped, and has fenced what must be fenced. v
   is not used after the return. */
bool sl__op_read_offsets(sl__herder *h, sl__call *c, const sl__connector_view *v, sl_arena *arena,
                         sl__offset_item **items, size_t *n);
bool sl__op_change_offsets(sl__herder *h, sl__call *c, const sl__connector_view *v,
                           const sl__offset_item *items, size_t n);

#endif
