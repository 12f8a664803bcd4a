/*
 * incremental.h - incremental and blocking snapshots while changes are streamed, and the signals that ask for
 * them.
 *
 *   incremental.c  chunks: watermarks, reading, the window, what goes out
 *   signals.c      where signals come from, and what each does
 *   blocking.c     whole tables, while the stream waits
 *
 * A chunk is read in a snapshot of its own while no change is taken from the stream; from then on a change
 * takes its row out of the window, until the watermark that was written behind the chunk comes by (read.only:
 * until the stream has passed the log's end as it was then). What is left goes out, so a row never follows a
 * newer change of its own. A snapshot may be taken that does not see a change yet that was delivered: it is
 * given up and taken again.
 *
 * Threads: the task's. Memory: a window of incremental.snapshot.chunk.size rows or PG_WINDOW_BYTES.
 */
#ifndef PG_INCREMENTAL_H
#define PG_INCREMENTAL_H

#include <cdc/channels.h>
#include <cdc/incremental.h>
#include <cdc/window.h>

#include <sluice/plugin.h>

#include "snapshot.h"

#define PG_WINDOW_BYTES (8 << 20)
#define PG_RECENT 256

typedef enum pg_inc_step {
    PG_INC_IDLE,   /* a chunk may begin */
    PG_INC_READ,   /* its rows are being read */
    PG_INC_WINDOW, /* its rows wait for the watermark */
} pg_inc_step;

/* A blocking snapshot that was asked for. */
typedef struct pg_blocking {
    cdc_incremental todo; /* conditions are SELECT statements */
    pg_relation rel;
    bool has_table, reading, begun, any;
    char *held; /* the row read last (libpq's) */
    size_t held_n;
    int64_t rows;
    int64_t ts_us;
} pg_blocking;

typedef struct pg_incremental {
    cdc_incremental todo;
    cdc_window window;
    cdc_channels channels;
    pg_blocking blocking;
    pg_inc_step step;
    char chunk_id[40]; /* "" = no window is expected */
    char open_ts[40];
    bool opened; /* the watermark before the chunk is written */
    pg_reader reader;
    sl_arena arena;  /* of the chunk */
    pg_relation rel; /* of the table at hand */
    uint32_t oid;
    sl_str *key_names;
    uint32_t *key_cols; /* the chunk's order */
    size_t nkey;
    const uint32_t *id_cols; /* what rows are told apart by */
    size_t nid;
    sl_str *last; /* of the chunk */
    cdc_key end;
    int64_t chunk_rows, table_rows;
    int64_t limit;
    bool cut;   /* the window is full: the rest of the chunk is read again */
    bool stale; /* the chunk must be read again */
    uint64_t close_lsn;
    int64_t not_before_ms;
    int64_t ask_ms;
    int64_t wake_ms; /* when the next step is due, 0 = no time */
    sl_buf key;
    uint32_t recent[PG_RECENT]; /* transactions that were delivered lately */
    size_t nrecent;
} pg_incremental;

struct pg_task;
struct pgo_message;

SL_MUST_CHECK sl_error *pg_incremental_init(struct pg_task *t);
void pg_incremental_deinit(struct pg_task *t);
/* pg_incremental_load takes over what an offset has. */
SL_MUST_CHECK sl_error *pg_incremental_load(struct pg_task *t, const sl_value *offset);

/* pg_incremental_step goes on before the stream is read; *busy: the stream must not be read now, and *wait
 * says what for. */
SL_MUST_CHECK sl_error *pg_incremental_step(struct pg_task *t, sl_wait *wait, bool *busy);
/* pg_incremental_after goes on behind what the stream had. */
SL_MUST_CHECK sl_error *pg_incremental_after(struct pg_task *t);

/* Of the stream: a row's message before it is decoded, a truncate, a relation that was described, a commit.
 */
SL_MUST_CHECK sl_error *pg_incremental_row(struct pg_task *t, const pg_relation *r, char kind,
                                           const struct pgo_message *m);
void pg_incremental_truncate(struct pg_task *t, const pg_relation *r);
void pg_incremental_relation(struct pg_task *t, const pg_relation *r);
void pg_incremental_commit(struct pg_task *t, uint32_t xid);

/* ---- between the parts ---- */

/* pg_incremental_stop forgets the chunk at hand. */
void pg_incremental_stop(struct pg_task *t);
/* pg_incremental_notify tells of the snapshot, with its tables. */
void pg_incremental_notify(struct pg_task *t, const char *type);

SL_MUST_CHECK sl_error *pg_signals_poll(struct pg_task *t);
/* pg_signals_row: a row of the signal table. */
SL_MUST_CHECK sl_error *pg_signals_row(struct pg_task *t, sl_str id, sl_str type, sl_str data);
/* pg_incremental_closed: the watermark of a chunk has come. */
SL_MUST_CHECK sl_error *pg_incremental_closed(struct pg_task *t, sl_str id);

/* pg_blocking_asked tells that the stream must not be read on. */
bool pg_blocking_asked(const struct pg_task *t);
SL_MUST_CHECK sl_error *pg_blocking_step(struct pg_task *t, sl_wait *wait, bool *busy);

#endif
