/*
 * chunk.h - reads chunks of tables (cdc/chunk.h) from the server, with COPY.
 *
 * How to read one:
 *
 *   pg_reader_open      a connection of its own
 *   pg_reader_begin     a transaction, in a snapshot of its own or in one that another session exported
 *   pg_seen_read        which transactions the snapshot sees, when that matters (see below)
 *   pg_reader_start     sends the query of one chunk of a relation
 *   pg_reader_next      a line, or "wait for PQsocket(reader.conn.c)", or the end; never more than one row is
 *                       held, and what is not asked for stays with the server
 *   pg_line_row         a line into a row image, as pg_row_decode gives them for cdc_emit_row
 *   pg_reader_end       ends the transaction; begin, start and next again for the next chunk
 *
 * A row that is sent while changes are streamed must not be older than a change that was sent before it. A
 * position in the log says nothing about that: a commit can be decoded before it is visible. So it is asked
 * of the snapshot: pg_seen_has of every transaction that was delivered must hold, else end, wait and begin
 * again.
 *
 * Threads: the task's. Memory: a line is libpq's (PQfreemem, which is free), a row is in the batch's arena.
 */
#ifndef PG_CHUNK_H
#define PG_CHUNK_H

#include <cdc/chunk.h>

#include "conn.h"

struct pg_task;
struct pg_relation;

/* Where rows are read from: a captured table, or one of its partitions. */
typedef struct pg_heap_name {
    sl_str schema, name;
    bool only;        /* rows of this relation itself, without those that inherit from it */
    bool plain;       /* COPY can read it directly, without a SELECT: no row security, no generated columns */
    sl_str statement; /* read this SELECT instead (snapshot.select.statement.overrides); absent = none */
    bool places;      /* BLOCKS: each line begins with the row's ctid: pg_line_place */
    int64_t since;    /* BLOCKS: only row versions that this transaction or a later one made; 0 = all */
} pg_heap_name;

typedef enum pg_read { PG_READ_ROW, PG_READ_WAIT, PG_READ_END } pg_read;

typedef struct pg_reader {
    pg_conn conn;
    bool in_transaction;
    bool copying;
} pg_reader;

SL_MUST_CHECK sl_error *pg_reader_open(struct pg_task *t, pg_reader *r);
void pg_reader_close(pg_reader *r);

/* pg_reader_begin begins a read-only REPEATABLE READ transaction, in the exported snapshot when it has a
 * name. */
SL_MUST_CHECK sl_error *pg_reader_begin(pg_reader *r, sl_str snapshot);
SL_MUST_CHECK sl_error *pg_reader_end(pg_reader *r);

/* pg_reader_start sends the query; columns and their order are the relation's. */
SL_MUST_CHECK sl_error *pg_reader_start(pg_reader *r, const struct pg_relation *rel, const pg_heap_name *h,
                                        const cdc_chunk *c);

/* pg_reader_next gives the next line; *line is for the caller to PQfreemem. Does not wait. With conn.peeks it
 * is PG_READ_WAIT and conn.more when another line is on its way, of which nothing more is read then. */
SL_MUST_CHECK sl_error *pg_reader_next(pg_reader *r, char **line, size_t *n, pg_read *what);

/* pg_line_row decodes a line of COPY's text form; the line must live as long as the batch, and is changed. */
SL_MUST_CHECK sl_error *pg_line_row(struct pg_task *t, struct pg_relation *rel, char *line, size_t n,
                                    sl_value **row);

/* pg_line_take takes over a line of libpq's, without the first bytes (skip), and gives its row: a large line
 * becomes the batch's, or what the row needs of it does. */
SL_MUST_CHECK sl_error *pg_line_take(struct pg_task *t, struct pg_relation *rel, char *line, size_t n,
                                     size_t skip, sl_value **row);

/* pg_line_place reads the place (cdc/chunk.h) that a line begins with, as pg_heap_name.places asks for; gives
 * how many bytes it takes, 0 = there is none. */
size_t pg_line_place(const char *line, size_t n, uint64_t *place);

/* pg_line_key takes the texts of some columns (by index) out of a line that pg_line_row has not seen yet,
 * into the arena: what cdc_chunk.after wants. An absent text = null. */
SL_MUST_CHECK sl_error *pg_line_key(sl_arena *a, const char *line, size_t n, const uint32_t *cols,
                                    size_t ncols, sl_str *out);

/* pg_greatest_key reads the greatest key of a table, of the rows that meet condition (may be absent); *found
 * = false when there is no row. */
SL_MUST_CHECK sl_error *pg_greatest_key(pg_conn *k, const pg_heap_name *h, const cdc_chunk *c, sl_arena *a,
                                        sl_str *out, bool *found);

/* ---- which transactions a snapshot sees ---- */

typedef struct pg_seen {
    uint64_t xmin; /* all before it are over */
    uint64_t xmax; /* none from it on is seen */
    uint64_t *running;
    size_t n;
} pg_seen;

/* pg_seen_read asks for the snapshot of the transaction that is open on k; the list is in the arena. */
SL_MUST_CHECK sl_error *pg_seen_read(pg_conn *k, int server_version, sl_arena *a, pg_seen *out);
/* pg_seen_parse reads xmin:xmax:a,b,c; false: it is none (or no memory). */
bool pg_seen_parse(sl_str text, sl_arena *a, pg_seen *out);
/* pg_seen_has tells whether a committed transaction, as the stream names it (32 bits), is seen. */
bool pg_seen_has(const pg_seen *s, uint32_t xid);

/* pg_chunk_query writes the COPY statement, zero-terminated. */
void pg_chunk_query(sl_buf *b, const struct pg_relation *rel, const pg_heap_name *h, const cdc_chunk *c);

#endif
