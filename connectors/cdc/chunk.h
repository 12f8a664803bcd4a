/*
 * chunk.h - a part of a table, small enough to be read in one go, and what of a snapshot is finished.
 *
 * Both kinds of snapshot are made of chunks. A cdc_chunk says which rows: a connector turns it into a query
 * (postgres-cdc/chunk.h does), reads it row by row and never holds more than one row; whoever asked for it
 * bounds what it collects.
 *
 *   initial snapshot      CDC_CHUNK_BLOCKS (PostgreSQL: a range of heap blocks) or CDC_CHUNK_TABLE; rows are
 *                         sent as they come, and finished ranges go into a cdc_progress, which is kept in the
 *                         source offset so that a killed snapshot continues
 *   incremental snapshot  CDC_CHUNK_KEY: `limit` rows after `after`, in the order of the key, up to `until`
 *                         (the greatest key when the table was begun), those that meet `condition`; the last
 *                         row's key is the next chunk's `after`, fewer than `limit` rows end the table
 *
 * Threads: one owner. Memory: a chunk borrows all it points to; a progress owns its lists (heap).
 */
#ifndef CDC_CHUNK_H
#define CDC_CHUNK_H

#include <sluice/value.h>

#define CDC_BLOCKS_OPEN UINT64_MAX /* an end that is open: to the table's last block, whatever it is then */
#define CDC_BLOCK                                                                                            \
    UINT64_C(65536) /* a place in a heap is its block times this, plus the row's number there                \
                     */

typedef enum cdc_chunk_kind { CDC_CHUNK_TABLE, CDC_CHUNK_BLOCKS, CDC_CHUNK_KEY } cdc_chunk_kind;

typedef struct cdc_chunk {
    cdc_chunk_kind kind;
    /* BLOCKS: places, [first, end) */
    uint64_t first, end;
    /* KEY: columns by name, in the key's order; bounds are the database's text of each, NULL = none */
    const sl_str *key;
    size_t nkey;
    const sl_str *after; /* exclusive */
    const sl_str *until; /* inclusive */
    sl_str condition;    /* an SQL expression; absent = none. KEY only */
    int64_t limit;       /* rows; 0 = no limit. KEY only */
} cdc_chunk;

/* ---- progress ---- */

typedef struct cdc_range {
    uint64_t first, end; /* [first, end) */
} cdc_range;

/* A heap that has been read in part: a table, or one of its partitions. */
typedef struct cdc_heap {
    uint32_t id;
    uint64_t file; /* changes when the rows are rewritten: ranges of another file mean nothing */
    cdc_range *ranges;
    size_t n;
} cdc_heap;

/* A table that has been read in part. */
typedef struct cdc_part {
    uint32_t id;
    cdc_range *leaves; /* finished partitions, by id */
    size_t nleaves;
    cdc_heap *heaps;
    size_t nheaps;
} cdc_part;

typedef struct cdc_progress {
    uint64_t since;  /* the transaction that the first run's snapshot began with; 0 = unknown */
    cdc_range *done; /* finished tables, by id: ranges may span ids that are no captured table's */
    size_t ndone;
    cdc_part *parts;
    size_t nparts;
} cdc_progress;

void cdc_progress_deinit(cdc_progress *p);

/* Finished things are added; each returns false when out of memory. ids: of all tables of the snapshot (or
 * partitions of the table), ascending, so that neighbours merge into one range. */
bool cdc_progress_table(cdc_progress *p, uint32_t table, const uint32_t *ids, size_t nids);
bool cdc_progress_leaf(cdc_progress *p, uint32_t table, uint32_t leaf, const uint32_t *ids, size_t nids);
bool cdc_progress_blocks(cdc_progress *p, uint32_t table, uint32_t heap, uint64_t file, cdc_range blocks);

bool cdc_progress_has_table(const cdc_progress *p, uint32_t table);
bool cdc_progress_has_leaf(const cdc_progress *p, uint32_t table, uint32_t leaf);
/* cdc_progress_heap gives what is finished of a heap; NULL = nothing. Borrowed until the next change. */
const cdc_heap *cdc_progress_heap(const cdc_progress *p, uint32_t table, uint32_t heap);
/* cdc_progress_has_part tells whether a table has been read in part; cdc_progress_drop makes that none. */
bool cdc_progress_has_part(const cdc_progress *p, uint32_t table);
void cdc_progress_drop(cdc_progress *p, uint32_t table);
/* cdc_progress_forget drops what is known of a heap that was rewritten. */
void cdc_progress_forget(cdc_progress *p, uint32_t table, uint32_t heap);

/*
 * The text form, one line of words for the source offset (a string there, which other readers ignore):
 *
 *   1 since=734 done=16385-16390,16402 table=16420 leaves=16421-16425 heap=16426/24576:0-65536+131072-196608
 *
 * leaves and heap belong to the table before them; ranges are places. SL_STR_NONE when out of memory.
 */
sl_str cdc_progress_store(const cdc_progress *p, sl_arena *a);
/* cdc_progress_load reads it; false: it is no such text (or no memory), and *p is empty. */
bool cdc_progress_load(cdc_progress *p, sl_str text);

#endif
