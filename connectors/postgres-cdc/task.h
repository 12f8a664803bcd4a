/*
 * task.h - the one task of the source, and what its parts share.
 *
 *   server.c    checks, slot, publication       relation.c  tables from the catalog and from relation
 * messages snapshot.h  the rows that are there         stream.c    the changes, and what is told to the
 * server source.c    source blocks and row images    plugin.c    open, poll, committed, close
 *
 * States: SNAPSHOT -> STREAM, or SNAPSHOT -> DONE (initial_only); poll changes it.
 * Threads: the task's; interrupted may be set by any.
 */
#ifndef PG_TASK_H
#define PG_TASK_H

#include <cdc/clock.h>
#include <cdc/emit.h>
#include <cdc/notify.h>
#include <sluice/plugin.h>

#include "conn.h"
#include "convert.h"
#include "incremental.h"
#include "offset.h"
#include "pgoutput.h"
#include "snapshot.h"
#include "types.h"

#define PG_BATCH_BYTES (1024 * 1024)
/* What is read for one batch: it stays in the processor's caches until it is sent. */
#define PG_TURN_BYTES (64 * 1024)
#define PG_TURN_ROWS 512
#define PG_SOURCE_FIELDS 16
/* A message, or a row of a snapshot, that is not copied whole; for a message the connection is made anew, for
 * libpq keeps what it needed. */
#define PG_LARGE_BYTES (4 << 20)

typedef enum pg_state { PG_STATE_SNAPSHOT, PG_STATE_STREAM, PG_STATE_DONE } pg_state;

typedef struct pg_tx {
    bool open;
    bool skip;     /* delivered before */
    bool resuming; /* its first events were delivered before */
    uint32_t xid;
    uint64_t final_lsn;
    int64_t commit_us;
    uint64_t event_lsn;
    int64_t events; /* at event_lsn */
    bool has_origin;
    uint64_t origin_lsn;
    char origin[128];
} pg_tx;

typedef struct pg_stream {
    pg_tx tx;
    uint64_t received;
    uint64_t confirmed;
    uint64_t start;
    uint64_t
        cut_before; /* a transaction that was cut, and not sent again, ended before it; 0 = there is none */
    int64_t next_status_ms;
    int64_t asked_ms; /* when the server was asked for a sign of life that has not come; 0 = not */
    bool heard;       /* it sent something since the last status */
    int64_t next_heartbeat_ms;
    int64_t next_advance_ms; /* an offset without records not before */
    int64_t next_xmin_ms;
    int64_t xmin; /* -1 = unknown */
    bool moved;   /* pos changed since the last offset */
    bool started;
    bool given;           /* the message at hand is the batch's now */
    bool bloated;         /* libpq holds a buffer for a message as large as the largest one */
    int64_t shed_ms;      /* the connection was closed for that; 0 = long ago */
    int64_t next_shed_ms; /* not again before, while changes come */
    int64_t shed_cost_ms; /* what it took the last time until changes came again */
    bool shed_inside;     /* ... it was in a transaction, which the server sends again */
    pg_offset before;     /* of what was before the first event at pos's lsn; has_lsn false = unknown */
    char *ahead;          /* the next message, libpq's, which was looked at only; NULL = none */
    int ahead_n;          /* its length; 0 = none, -1 = the stream has ended */
    bool got;             /* a change came, in this step */
    int64_t got_ms;       /* when one did */
} pg_stream;

/* What was counted since it was last told, see metrics.c. */
typedef struct pg_counts {
    int64_t next_ms;
    int64_t events, transactions;
    int64_t last_us; /* the last commit; 0 = none */
    int64_t last_xid;
    int64_t behind_ms;
    bool snapshot; /* a snapshot was told of and is not over */
    int64_t snapshot_rows;
} pg_counts;

typedef struct pg_task {
    const sl_context *ctx;
    const pg_settings *s;
    atomic_bool interrupted;
    pg_state state;
    pg_conn sql;
    pg_conn repl;
    int server_version;
    int64_t sender_timeout_ms; /* the server's wal_sender_timeout; 0 = none */
    cdc_rules rules;
    cdc_schemas schemas;
    cdc_emitter emitter;
    cdc_patterns *message_include, *message_exclude;
    const sl_schema *source_schema;
    const sl_schema *snapshot_field, *opt_string;
    const sl_schema *message_key, *message_value, *message_body;
    sl_str message_topic; /* in arena */
    sl_arena arena;
    pg_types types;
    pg_relation *relations[256];
    pg_offset resume; /* where the stored offset was */
    pg_offset pos;    /* behind the last event */
    bool drop_on_close;
    pg_snapshot snap;
    pg_stream stream;
    pg_counts counts;
    pg_incremental inc;
    cdc_notifier notifier;
    /* the batch at hand */
    size_t batch_read; /* bytes of rows and messages in it */
    sl_value source_template[PG_SOURCE_FIELDS];
    struct {
        const sl_value *items; /* in the batch's arena; NULL = none yet */
        const cdc_table *table;
        const char *snapshot;
    } rows_block;           /* pg_source_of_rows */
    char sequence_head[40]; /* ["lsn_commit", */
    size_t sequence_head_n;
} pg_task;

/* server.c */
typedef struct pg_slot {
    bool exists, active, lost;
    uint64_t confirmed;
} pg_slot;
SL_MUST_CHECK sl_error *pg_server_check(pg_task *t);
SL_MUST_CHECK sl_error *pg_slot_read(pg_task *t, pg_slot *slot);
/* pg_slot_create creates a slot; with a snapshot name the transaction on t->sql is set to its exported
 * snapshot. */
SL_MUST_CHECK sl_error *pg_slot_create(pg_task *t, bool temporary, bool export_snapshot, uint64_t *lsn);
/* pg_slot_command writes the command for it. */
void pg_slot_command(const pg_task *t, bool temporary, bool export_snapshot, sl_buf *b);
SL_MUST_CHECK sl_error *pg_publication_prepare(pg_task *t);
void pg_slot_drop(pg_task *t);
uint64_t pg_lsn_parse(const char *text);
int64_t pg_now_ms(void);

/* relation.c */
SL_MUST_CHECK sl_error *pg_relation_from_catalog(pg_task *t, sl_str schema, sl_str name, pg_relation *out);
SL_MUST_CHECK sl_error *pg_relation_from_message(pg_task *t, const pgo_message *m);
pg_relation *pg_relation_find(pg_task *t, uint32_t oid);
void pg_relation_deinit(pg_task *t, pg_relation *r);
void pg_relations_deinit(pg_task *t);
/* pg_tables_list gives the captured tables, by name. */
SL_MUST_CHECK sl_error *pg_tables_list(pg_task *t, sl_arena *a, pg_snap_table **out, size_t *n);

/* metrics.c: at the start, after each poll, and at each commit of a transaction */
void pg_metrics_begin(const pg_task *t);
void pg_metrics_read(pg_task *t, const sl_batch *b);
void pg_metrics_commit(pg_task *t, uint32_t xid, int64_t commit_us);

/* source.c */
SL_MUST_CHECK sl_error *pg_source_init(pg_task *t);
void pg_source_deinit(pg_task *t);
/* pg_source_batch makes ready for the events of a batch. */
SL_MUST_CHECK sl_error *pg_source_batch(pg_task *t, sl_batch *b);
/* pg_source_room tells whether one more event may be put into it. */
bool pg_source_room(const pg_task *t, const sl_batch *b);
void pg_source_commit(pg_task *t); /* lsn_commit changed */
typedef struct pg_event_at {
    const char *snapshot; /* the marker */
    uint64_t lsn;
    int64_t ts_us;
    bool has_tx;
    int64_t tx;
    const pg_tx *origin; /* NULL = none */
    bool off_log;        /* of no place in the log: lsn is in the sequence only, as Debezium has it */
} pg_event_at;
/* pg_source_block gives the source block of an event; table NULL = none. SL_NULL when out of memory. */
sl_value pg_source_block(pg_task *t, cdc_table *table, const pg_event_at *at);
/* pg_source_of_rows gives the source block of rows of a snapshot, which differ in table and marker only:
   within a batch they share one. */
sl_value pg_source_of_rows(pg_task *t, cdc_table *table, const char *marker);
/* pg_row_decode reads a tuple of the stream into a row image; old may be NULL. */
SL_MUST_CHECK sl_error *pg_row_decode(pg_task *t, pg_relation *r, pgo_tuple tuple, const sl_value *old,
                                      sl_value **out);
/* pg_row_value reads one text into a column's value, as event.converting.failure.handling.mode says. */
SL_MUST_CHECK sl_error *pg_row_value(pg_task *t, pg_relation *r, uint32_t col, char *p, size_t n,
                                     sl_value *out);
/* pg_row_own lets row images (NULL = none) live as long as the arena: the block of libpq's that they were
 * read from is given to it (*given: it is not the caller's any more, whatever the result), or what they need
 * of it is copied. */
SL_MUST_CHECK sl_error *pg_row_own(sl_arena *a, sl_str block, uint32_t n, sl_value *before, sl_value *after,
                                   bool *given);
SL_MUST_CHECK sl_error *pg_set_offset(pg_task *t, sl_batch *b);
SL_MUST_CHECK sl_error *pg_message_emit(pg_task *t, sl_batch *b, const pgo_message *m, const pg_event_at *at,
                                        sl_str tx_id);

/* snapshot.c */
SL_MUST_CHECK sl_error *pg_snapshot_begin(pg_task *t, uint64_t lsn);
/* pg_snapshot_resume goes on with the snapshot of the stored offset (t->pos, t->snap.progress); lsn: where
 * the slot's changes are streamed from afterwards. */
SL_MUST_CHECK sl_error *pg_snapshot_resume(pg_task *t, uint64_t lsn);
SL_MUST_CHECK sl_error *pg_snapshot_poll(pg_task *t, sl_batch *b, sl_wait *wait);
/* pg_snapshot_stored is told what offset was stored. */
void pg_snapshot_stored(pg_task *t, const pg_offset *o);
/* pg_snapshot_table_ended is told that no row of a table is left to be read. */
SL_MUST_CHECK sl_error *pg_snapshot_table_ended(pg_task *t, pg_snapshot_table *x);
void pg_snapshot_deinit(pg_task *t);

/* notes.c */
void pg_note_snapshot(pg_task *t, const char *type);
void pg_note_table(pg_task *t, const pg_snapshot_table *x, bool ended);

/* stream.c */
SL_MUST_CHECK sl_error *pg_stream_start(pg_task *t);
SL_MUST_CHECK sl_error *pg_stream_poll(pg_task *t, sl_batch *b, sl_wait *wait);
SL_MUST_CHECK sl_error *pg_stream_confirm(pg_task *t, uint64_t lsn);
/* pg_stream_forget frees what was looked at and belongs to a stream that is over. */
void pg_stream_forget(pg_task *t);
/* pg_stream_inside tells whether the next event may have the lsn of the last one, a row that was inserted. */
bool pg_stream_inside(const pg_task *t);
/* pg_stream_keep tells the server that we are there, though nothing is read; a connection that is lost is
 * opened again when something is. *again_ms: when to call it again, 0 = not. */
void pg_stream_keep(pg_task *t, int64_t *again_ms);

#endif
