/*
 * task.h - one sink task: its connection, what it knows of tables and schemas, its claims on offsets.
 *
 * Everything here belongs to the task's thread of the moment; only interrupt reaches in from another one
 * (through the dialect). Tables, routes and shapes live in the catalog's arena and are forgotten together
 * (jdbc_catalog_clear): when a description turned out stale, and when there are too many of them.
 */
#ifndef JDBC_TASK_H
#define JDBC_TASK_H

#include "dialect.h"

/* How the records of one topic with one pair of schemas go into one table. */
typedef struct jdbc_target {
    jdbc_table *table;
    jdbc_shape *write;  /* NULL until needed */
    jdbc_shape *remove; /* the key's columns only */
    bool absent;        /* deletes only: there is no table to delete from */
    const char *fault;  /* what was wrong with the schema, in batch fault_batch */
    jdbc_op_kind fault_kind;
    uint64_t fault_batch;
    struct jdbc_target *next;
} jdbc_target;

/* What a topic and a pair of schemas mean. */
typedef struct jdbc_route {
    sl_str topic;
    const sl_schema *key;      /* referenced */
    const sl_schema *value;    /* referenced */
    const sl_schema **headers; /* primary key from headers: their schemas, referenced, by column */
    sl_str *header_names;
    uint32_t nheaders;
    uint64_t hash;
    const sl_schema
        *row; /* schema of the row's struct (or the whole primitive value); NULL = there is none */
    int data; /* CloudEvents: index of the data field, else -1 */
    int op, before, after, source; /* change event: indexes in the envelope; op -1 = a plain record */
    bool schema_change;
    const char *bad; /* why records like this cannot be written; NULL = they can */
    jdbc_target *targets;
    struct jdbc_route *next;
} jdbc_route;

/* A partition whose offsets are kept in the target. */
typedef struct jdbc_claim {
    char *topic; /* owned */
    int32_t partition;
    int64_t next;    /* as stored; -1 = nothing yet */
    int64_t pending; /* what this batch will store; -1 = not part of it */
} jdbc_claim;

typedef struct jdbc_bad {
    const sl_record *record;
    sl_error *error; /* owned */
} jdbc_bad;

#define JDBC_ROUTE_SLOTS 256
#define JDBC_MAX_ROUTES 2000

typedef struct jdbc_task {
    const sl_context *ctx;
    jdbc_settings *settings;
    const jdbc_dialect *dialect;
    jdbc_db *db;

    sl_arena catalog;
    jdbc_table *tables;
    jdbc_shape *shapes;
    jdbc_route *routes[JDBC_ROUTE_SLOTS];
    size_t nroutes;
    const sl_schema *coordinates[3]; /* STRING, INT32, INT64 */
    bool warned_schema_change;

    char token[64];
    jdbc_claim *claims; /* owned */
    size_t nclaims;
    bool claims_stale; /* the connection was lost: look again before the next batch */
    bool offsets_ready;
    sl_str offsets_table; /* quoted; in offsets_arena */
    sl_arena offsets_arena;

    int64_t failed_at; /* monotonic ms of the last retriable failure, 0 = none */
    int32_t failures;  /* in a row */

    /* of the batch at hand */
    uint64_t batch; /* its number */
    sl_arena work;
    jdbc_op *ops;
    size_t nops;
    jdbc_bad *bad;
    size_t nbad, bad_cap;
    bool refused; /* the reporter wants the task to fail */
} jdbc_task;

/* ---- catalog.c ---- */

void jdbc_catalog_clear(jdbc_task *t);
/* jdbc_catalog_table finds the table of that name, described. */
SL_MUST_CHECK sl_error *jdbc_catalog_table(jdbc_task *t, sl_str name, jdbc_table **out);
/* jdbc_catalog_fit makes the table take these columns (creating or adding where allowed) and sets their
   targets. An error of code DATA means that the schema, not the task, is at fault. */
SL_MUST_CHECK sl_error *jdbc_catalog_fit(jdbc_task *t, jdbc_table *table, jdbc_col *cols, uint32_t ncols,
                                         uint32_t nkeys);

/* ---- route.c ---- */

/* jdbc_route_find gives the route of a record. */
SL_MUST_CHECK sl_error *jdbc_route_find(jdbc_task *t, const sl_record *rec, jdbc_route **out);
void jdbc_route_drop(jdbc_task *t, jdbc_route *r);
/* jdbc_route_shape gives the shape for a kind of operation; NULL when there is nothing to delete from. */
SL_MUST_CHECK sl_error *jdbc_route_shape(jdbc_task *t, jdbc_route *r, sl_str table, jdbc_op_kind kind,
                                         jdbc_shape **out);
/* jdbc_shape_part gives the shape with only the columns that mask has. */
SL_MUST_CHECK sl_error *jdbc_shape_part(jdbc_task *t, jdbc_shape *whole, const uint8_t *mask,
                                        jdbc_shape **out);

/* ---- op.c ---- */

/* jdbc_ops_make turns the batch into operations; records that cannot be are put aside with jdbc_bad_add. */
SL_MUST_CHECK sl_error *jdbc_ops_make(jdbc_task *t, const sl_batch *batch);
/* jdbc_topic_table gives the table's name for a record without a source block, in the work arena. */
SL_MUST_CHECK sl_error *jdbc_topic_table(jdbc_task *t, const sl_record *rec, sl_str *out);
/* jdbc_bad_add takes err over. */
SL_MUST_CHECK sl_error *jdbc_bad_add(jdbc_task *t, const sl_record *rec, sl_error *err);

/* ---- group.c ---- */

/* jdbc_ops_apply writes operations lo..hi-1 within the open transaction and waits for the outcome. */
SL_MUST_CHECK sl_error *jdbc_ops_apply(jdbc_task *t, size_t lo, size_t hi);

/* ---- offsets.c ---- */

SL_MUST_CHECK sl_error *jdbc_offsets_claim(jdbc_task *t, sl_topic_partition *parts, size_t n);
void jdbc_offsets_forget(jdbc_task *t, const sl_topic_partition *parts, size_t n);
void jdbc_offsets_clear(jdbc_task *t);
/* jdbc_offsets_refresh reads the claims again after a lost connection. */
SL_MUST_CHECK sl_error *jdbc_offsets_refresh(jdbc_task *t);
/* jdbc_offsets_take notes a record of the batch; *replay: it was written before. */
SL_MUST_CHECK sl_error *jdbc_offsets_take(jdbc_task *t, const sl_record *rec, bool *replay);
/* jdbc_offsets_store writes what the batch moved, within its transaction; jdbc_offsets_committed makes it
 * ours. */
SL_MUST_CHECK sl_error *jdbc_offsets_store(jdbc_task *t);
void jdbc_offsets_committed(jdbc_task *t);
void jdbc_offsets_begin(jdbc_task *t);
/* jdbc_offsets_alter sets or removes offsets while no task runs (n = 0: removes all of the connector); one
   that runs all the same cannot write any more. */
SL_MUST_CHECK sl_error *jdbc_offsets_alter(jdbc_task *t, const sl_batch_offset *items, size_t n);

#endif
