/*
 * dist.h - the state of a distributed worker; private to distributed.c, units.c, leader.c, distributed_ops.c.
 *
 * Threads: the herder's. Memory: the worker's.
 */
#ifndef SLUICE_HERDER_DIST_H
#define SLUICE_HERDER_DIST_H

#include "herder/distributed.h"
#include "herder/ops.h"
#include "herder/workers.h"
#include "kafka/group.h"

/* Owner: the herder; legal successors in brackets. */
typedef enum sl__lead {
    SL_LEAD_NONE,     /* another worker leads, or none [CLAIMING] */
    SL_LEAD_CLAIMING, /* owns the partition; others are being fenced [READING, NONE] */
    SL_LEAD_READING,  /* reads what they wrote [READY, NONE] */
    SL_LEAD_READY,    /* leads [NONE] */
} sl__lead;

/* A revoked unit that may still run. */
typedef struct sl__revoked {
    char *member; /* of the worker that ran it */
    int64_t generation;
} sl__revoked;

/* What was counted of changes of the cluster; rebalance.c's. */
typedef struct sl__rebalances {
    int64_t began_ms;   /* of the one under way; 0 = none is */
    int64_t generation; /* of the assignment that was taken over last */
    int64_t n, total_ms, max_ms;
} sl__rebalances;

/* Something written to the config topic by the leader, and read back. */
typedef struct sl__dist_write {
    sl__config_write write; /* first */
    sl__log_wait wait;
    sl__message message;
    sl__dist *dist;
    sl_arena arena;
    sl__config_record *records;
    size_t n, cap;
    sl_error *err;
    bool written;
    bool commits;   /* there is a commit of tasks among the records */
    unsigned term;  /* of the leadership it belongs to */
    sl__call *call; /* NULL = none, or its time is over */
    /* How it ended; err borrowed. */
    void (*after)(sl__dist *d, struct sl__dist_write *w, const sl_error *err);
    int64_t generation;
} sl__dist_write;

struct sl__dist {
    sl__herder *h;
    sl__kafka *kafka;
    const sl__dist_spec *spec;
    sl_str id;  /* host:port */
    sl_str url; /* how other workers reach this one */
    sl__config_topic *config;
    sl__status_topic *status;
    sl__group *group; /* NULL until the topic was read */
    sl__lease lease;
    sl__workers workers;
    sl_error *failure; /* owned */

    sl__message news_message, group_message, read_message;
    atomic_bool group_posted, news_posted; /* a message is in the inbox once at most */
    sl__log_wait first_read;
    bool read; /* the config topic was read to its end */

    /* what the group says */
    sl_arena view_arena;
    sl__group_view view;
    char *member; /* as which this worker is in the group; NULL = it is not */

    /* this worker's own record */
    char *said_member;
    char *before_member; /* which the record named before this worker's first one; NULL = none */
    bool said_seen;      /* it was read back since */
    int64_t said_done;
    size_t said_still;
    bool units_dirty;   /* what runs here is to be compared with what should */
    bool some_unsynced; /* only that of connectors that are marked */
    int64_t say_at_ms;

    sl__rebalances rebalances;

    /* the leader's */
    sl__lead lead;
    unsigned term;   /* counts leaderships */
    bool lead_dirty; /* who runs what is to be computed */
    bool asked;      /* there may be proposals, or requests to fence */
    bool assigning;  /* an assignment is being written */
    bool accepting;  /* proposals are being written */
    bool keying;
    bool leftovers;   /* there may be statuses of tasks that are there no more */
    sl__map revoked;  /* "N/NAME" -> sl__revoked */
    sl__map fences;   /* connectors whose earlier tasks are being fenced */
    unsigned commits; /* commits of tasks that are being written, or are not read back yet */
    int64_t look_at_ms;
    int64_t ready_ms;
    int64_t owner_ms; /* since when this worker owns the partition */
    char *deposed;    /* member id of the leader before this one; NULL = none */
};

/* ---- distributed.c ---- */

/* sl__dist_drain applies what was read. */
void sl__dist_drain(sl__dist *d);

/* sl__dist_look takes the group's view over. */
void sl__dist_look(sl__dist *d);

/* sl__dist_fail ends the worker; takes err over. */
void sl__dist_fail(sl__dist *d, sl_error *err);

/* sl__dist_write_new begins a write; NULL = out of memory. sl__dist_write_add gives the next record, zeroed;
   NULL = out of memory. sl__dist_write_send sends and takes it over: `after` is called in any case. */
sl__dist_write *sl__dist_write_new(sl__dist *d, sl__call *call,
                                   void (*after)(sl__dist *, sl__dist_write *, const sl_error *));
sl__config_record *sl__dist_write_add(sl__dist_write *w, sl__config_kind kind, sl_str name);
void sl__dist_write_send(sl__dist_write *w);
void sl__dist_write_free(sl__dist_write *w);

/* sl__dist_status puts a status, if the lease holds. */
void sl__dist_status(sl__dist *d, sl_str name, int32_t task, sl__status_state state, sl_str trace, bool safe);

/* ---- units.c: what runs here ---- */

/* sl__units_known tells whether there is an assignment for this worker as the member it is now. */
bool sl__units_known(const sl__dist *d);
/* sl__units_changed notes that the topic says something new of a connector. */
void sl__units_changed(sl__dist *d, sl_str name);
void sl__units_sync(sl__dist *d);
int64_t sl__units_tick(sl__dist *d, int64_t now);
SL_MUST_CHECK sl_error *sl__units_prepared(sl__connector *c, sl__job *job);
bool sl__units_runs(const sl__connector *c, int32_t task);
void sl__units_state(const sl__connector *c, int32_t task, sl__state state, const char *trace);

/* ---- rebalance.c ---- */

/* sl__rebalances_look keeps the metrics of the cluster; after anything may have changed. */
void sl__rebalances_look(sl__dist *d, int64_t now);

/* ---- leader.c ---- */

void sl__leader_look(sl__dist *d);
/* sl__dist_add_tasks adds the records that make n configurations those of a connector's tasks. */
void sl__dist_add_tasks(sl__dist_write *w, sl_str name, const sl_config *configs, size_t n);
int64_t sl__leader_tick(sl__dist *d, int64_t now);
void sl__leader_lost(sl__dist *d); /* no longer the leader */

#endif
