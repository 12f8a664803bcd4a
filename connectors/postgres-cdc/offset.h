/*
 * offset.h - where the source stands, in the form that Debezium 3.5 stores and reads.
 *
 *   partition  {"server": topic.prefix}
 *   offset     {"lsn", "txId", "ts_usec", "lsn_proc", "lsn_commit", "messageType", ...} while streaming,
 *              {"lsn", "txId", "ts_usec", "snapshot": "INITIAL", "snapshot_completed",
 *              "last_snapshot_record", "sluice_snapshot"} in a snapshot
 *
 * lsn is of the last event, lsn_commit the end of the last transaction. "lsn_events_processed" (of later
 * Debezium versions; 3.5 ignores it) counts the events at lsn, for several may have the same.
 *
 * Rows that COPY wrote share an lsn, and Debezium passes over all of them when it is given the lsn of one. So
 * behind such a row the offset is that of what was before the first row at its lsn, and "sluice_event" says
 * exactly which row it was: "lsn:txId:number". Debezium ignores it and sends those rows again.
 *
 * Within a transaction there are its counts (cdc/transaction.h), in an incremental snapshot what is left of
 * it. "sluice_snapshot" says what of a snapshot is finished (cdc/chunk.h); Debezium ignores it and starts
 * over.
 */
#ifndef PG_OFFSET_H
#define PG_OFFSET_H

#include <sluice/record.h>

typedef struct pg_offset {
    bool has_lsn, has_proc, has_commit, has_tx, has_ts;
    uint64_t lsn;
    uint64_t lsn_proc;
    uint64_t lsn_commit;
    int64_t tx;
    int64_t ts_us;
    const char *message; /* a word of pg_offset_words, or NULL */
    int64_t events;      /* at lsn, within the transaction tx; 0 = unknown or none */
    bool snapshot;       /* the rest is of a snapshot */
    bool completed;
    bool exact; /* the rest is before the row: this says which it is */
    uint64_t exact_lsn;
    int64_t exact_tx;
    int64_t exact_events;
    sl_str progress; /* of a snapshot that is not complete: cdc_progress_store; borrowed */
} pg_offset;

/* pg_offset_load reads a stored offset. USER error: it is not one of this source. */
SL_MUST_CHECK sl_error *pg_offset_load(const sl_value *v, pg_offset *o);

/* pg_offset_store makes the value in the arena; SL_NULL when out of memory. */
sl_value pg_offset_store(const pg_offset *o, sl_arena *a);

/* pg_offset_exact makes an offset that says exactly which row it is behind that row's, and gives what it was
 * in *before (has_lsn false: it says nothing of the kind, and is as it was). */
void pg_offset_exact(pg_offset *o, pg_offset *before);

/* pg_offset_behind_row gives the offset to store behind a row of a transaction that goes on; before: of what
 * was before the first row at its lsn. */
pg_offset pg_offset_behind_row(const pg_offset *row, const pg_offset *before);

sl_value pg_partition(sl_str topic_prefix, sl_arena *a);

/* pg_offset_start gives the position to stream from: all transactions that ended before it were delivered. */
uint64_t pg_offset_start(const pg_offset *o);

/* pg_offset_confirmed gives what may be confirmed to the slot once the offset is stored; 0 = nothing. */
uint64_t pg_offset_confirmed(const pg_offset *o);

#endif
