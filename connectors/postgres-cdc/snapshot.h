/*
 * snapshot.h - the initial snapshot: what its parts share.
 *
 *   snapshot.c       begin, continue, steps, end; rows and their markers
 *   snapshot_plan.c  which rows are left: tables, the heaps that hold them, ranges of blocks
 *
 * A table is read heap by heap (itself, or its partitions), a heap chunk by chunk, by as many readers as
 * snapshot.max.threads says. One row of each table is held back: only when its table's last chunk has ended
 * is it known to be the last one. What is finished when that row is sent goes into the offset.
 *
 * Threads: the task's. Memory: a row for each table that is being read, and libpq's buffer for each reader.
 */
#ifndef PG_SNAPSHOT_H
#define PG_SNAPSHOT_H

#include <cdc/table.h>

#include "chunk.h"
#include "convert.h"

typedef struct pg_relation {
    uint32_t oid;
    cdc_table *table; /* owned; NULL = not captured */
    pg_conv *convs;   /* in the table's arena */
    bool *warned;     /* by column: a value that did not fit was reported */
    struct pg_relation *next;
} pg_relation;

/* A table as the catalog lists it. */
typedef struct pg_snap_table {
    sl_str schema, name;
    uint32_t oid;
    bool plain;     /* COPY reads it directly, without a SELECT */
    bool own_rows;  /* a table of its own: neither partitioned, nor inherited from */
    bool protected; /* row security: what is seen depends on the policies of this very table */
    bool unlogged;  /* its changes are not in the log: it can be in no publication */
    double rows;    /* the planner's estimate; -1 = never analysed */
} pg_snap_table;

/* What holds rows of a table: itself, or one of its partitions. */
typedef struct pg_heap {
    pg_heap_name name;
    uint32_t oid;
    bool by_blocks; /* else it is read whole */
    bool measured;  /* the rest is known */
    bool sweep;     /* finished ranges are looked through for rows that changed since */
    uint64_t file;
    uint64_t end;  /* a place (cdc/chunk.h), as all of these */
    uint64_t step; /* of a chunk */
    uint64_t next; /* the first place that nobody was given; CDC_BLOCKS_OPEN = all are given */
    unsigned out;  /* chunks that are being read, or wait for their last row to be sent */
} pg_heap;

typedef struct pg_snapshot_table {
    pg_snap_table in;
    size_t place; /* in the list, before they are ordered by rows */
    pg_relation relation;
    pg_heap *heaps;
    uint32_t *heap_ids; /* ascending */
    size_t nheaps;
    size_t at_heap;
    unsigned out; /* chunks that are being read */
    bool opened;
    bool ended; /* but its last row may not have been sent */
    bool any;   /* a row was sent, or an earlier run did */
    uint64_t rows;
    char *held; /* the row read last (libpq's) */
    size_t held_n;
    size_t held_skip;        /* bytes of it that are not the row */
    uint64_t held_place;     /* with exactly-once */
    uint64_t held_chunk;     /* the chunk that it came from */
    struct pg_piece *behind; /* finished once that row is sent; NULL = nothing */
} pg_snapshot_table;

/* A chunk that was given to a reader. */
typedef struct pg_piece {
    uint64_t serial;
    pg_snapshot_table *table;
    pg_heap *heap;
    cdc_range blocks;
    uint64_t sent; /* with exactly-once: the place behind the last row that was sent; 0 = none was */
    bool sweep;
} pg_piece;

typedef struct pg_snap_reader {
    pg_reader reader;
    pg_piece piece; /* .table NULL = idle */
    bool waiting;   /* nothing more has arrived, in this step */
} pg_snap_reader;

typedef struct pg_snapshot {
    bool active;
    bool announced; /* the offset that says so was stored: rows may go out */
    bool asked;     /* ... was put into a batch */
    sl_arena arena;
    pg_snapshot_table *tables;
    size_t n;
    size_t at;     /* tables before it have been given to readers whole */
    uint32_t *ids; /* of all tables, ascending */
    sl_str name;   /* the exported snapshot */
    cdc_progress progress;
    bool progressed; /* since the last offset that was asked to be stored at once */
    int64_t next_store_ms;
    pg_snap_reader *readers;
    size_t nreaders;
    int poll_fd; /* with several readers: an epoll of their sockets; -1 = none */
    uint64_t serial;
    pg_snapshot_table *tail; /* ended, its last row is held */
    int64_t ts_us;
    int64_t started_ms;
    int64_t resume_ms; /* not before: snapshot.delay.ms, streaming.delay.ms */
} pg_snapshot;

struct pg_task;

/* ---- snapshot_plan.c ---- */

/* pg_plan_tables lists and orders the tables that are to be read. */
SL_MUST_CHECK sl_error *pg_plan_tables(struct pg_task *t);
/* pg_plan_check drops progress that means nothing any more, and says so. */
SL_MUST_CHECK sl_error *pg_plan_check(struct pg_task *t);
/* pg_plan_next finds the next chunk for a reader and sends its query; *none when all are given. */
SL_MUST_CHECK sl_error *pg_plan_next(struct pg_task *t, pg_snap_reader *r, bool *none);
/* pg_plan_finished records that a chunk's rows are all sent; *ended when that was the table's last chunk. */
SL_MUST_CHECK sl_error *pg_plan_finished(struct pg_task *t, const pg_piece *p);
/* pg_plan_partly records what was sent of a chunk that is being read. */
SL_MUST_CHECK sl_error *pg_plan_partly(struct pg_task *t, const pg_piece *p);
/* pg_plan_given tells whether no chunk of the table is left to be given. */
bool pg_plan_given(const pg_snapshot_table *x);

#endif
