/*
 * workers.h - what the workers' own records in the config topic say: who they are, what each was given to
 * run, what each has let go of.
 *
 * Names (config_record.h has the whole keys) and values:
 *   worker-HOST:PORT      {"member":M,"url":U,"done":G,"still":{NAME:[N,...]}}
 *       written by the worker: the member id under which it is in the group; it runs nothing but what
 *       generation G gave it, and what is in still (being stopped)
 *   assignment-HOST:PORT  {"member":M,"generation":G,"units":{NAME:[-1,0,1]}}
 *       written by the leader: what the worker is to run while it is that member; -1 is the connector itself
 *   leader                {"member":M,"worker":"HOST:PORT"}
 *   proposal-NAME         {"config":HASH,"tasks":[{...}]}
 *       written by the connector's worker: task configurations for the leader to write
 *   fence-NAME            {"asked":MS} or {"failed":TEXT,"at":MS}
 *       written by a worker that has tasks to start, for the leader to fence earlier ones (fencing.h), and by
 *       the leader when it could not
 *   reset-topics-NAME     {"at":MS}
 *       written by the leader: a connector's topics were reset over REST (distributed_ops.c)
 *
 * Threads: the herder's. Memory: everything belongs to the view.
 */
#ifndef SLUICE_HERDER_WORKERS_H
#define SLUICE_HERDER_WORKERS_H

#include "base/map.h"

#include <sluice/config.h>

/* A set of units. */
typedef struct sl__units {
    sl__map map; /* "N/NAME" */
} sl__units;

void sl__units_init(sl__units *u);
void sl__units_deinit(sl__units *u);
bool sl__units_add(sl__units *u, sl_str name, int32_t task); /* false: out of memory */
bool sl__units_has(const sl__units *u, sl_str name, int32_t task);
/* sl__units_next walks a set; *at starts at 0. */
bool sl__units_next(const sl__units *u, size_t *at, sl_str *name, int32_t *task);
static inline size_t sl__units_count(const sl__units *u) {
    return sl__map_count(&u->map);
}
bool sl__units_same(const sl__units *a, const sl__units *b);

typedef struct sl__worker {
    struct sl__worker *next;
    char *id;     /* host:port */
    char *member; /* NULL = it has not said */
    char *url;
    int64_t done;
    sl__units still;
    char *given_member; /* NULL = nothing was given */
    int64_t generation;
    sl__units given;

    /* the leader's notes */
    bool live;          /* it is in the group, and no other process of the same name is */
    int64_t lost_ms;    /* since when the member that was given the units is gone; 0 = it is there */
    int64_t missing_ms; /* since when the member that it says it is, is not in the group; 0 = it is */
    int64_t barrier;    /* a new leader does not know what it ran before this generation; 0 = it does */
    int32_t index;      /* among the live ones */
    sl__units wanted;   /* what it is to be given */
} sl__worker;

typedef struct sl__workers {
    sl__worker *first; /* sorted by id */
    size_t n;
    char *leader; /* id, NULL = none */
    char *leader_member;
    int64_t generation; /* the highest of all assignments */
} sl__workers;

void sl__workers_init(sl__workers *w);
void sl__workers_deinit(sl__workers *w);

/* sl__workers_apply puts a record in (json absent = removed); others than these are passed over. A damaged
   one counts as removed. False: out of memory. */
bool sl__workers_apply(sl__workers *w, sl_str name, sl_str json);

sl__worker *sl__workers_find(const sl__workers *w, sl_str id); /* NULL = none */

/* The texts of records; absent when out of memory. */
sl_str sl__worker_text(sl_arena *arena, sl_str member, sl_str url, int64_t done, const sl__units *still);
sl_str sl__assignment_text(sl_arena *arena, sl_str member, int64_t generation, const sl__units *units);
sl_str sl__leader_text(sl_arena *arena, sl_str member, sl_str worker);
/* failed: why it could not be done; absent = it is asked for. */
sl_str sl__fence_text(sl_arena *arena, sl_str failed, int64_t at_ms);
sl_str sl__proposal_text(sl_arena *arena, uint64_t config, const sl_config *tasks, size_t n);

/* sl__fence_read reads one; *failed absent = it is asked for. False: damaged, or out of memory. */
bool sl__fence_read(sl_str json, sl_arena *arena, sl_str *failed, int64_t *at_ms);

/* sl__proposal_read reads one; false: damaged, or out of memory. */
bool sl__proposal_read(sl_str json, sl_arena *arena, uint64_t *config, sl_config **tasks, size_t *n);

/* sl__config_hash tells configurations apart, whatever the order of their settings. */
uint64_t sl__config_hash(const sl_config *c);

#endif
