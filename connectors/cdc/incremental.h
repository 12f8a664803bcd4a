/*
 * incremental.h - what an incremental snapshot has still to read, and how that is kept in the source offset,
 * under Debezium's keys, so that either continues what the other began:
 *
 *   incremental_snapshot_primary_key     key of the last row that was sent (java_key.h)
 *   incremental_snapshot_maximum_key     the greatest key when the table was begun
 *   incremental_snapshot_collections     JSON: the tables, the one at hand first
 *   incremental_snapshot_correlation_id  id of the signal
 *
 * Not for: reading rows (the connector), which of them to send (window.h), when (the connector's watermarks).
 * Threads: one owner. Memory: heap.
 */
#ifndef CDC_INCREMENTAL_H
#define CDC_INCREMENTAL_H

#include <sluice/value.h>

#include "java_key.h"
#include "signal.h"

/* A key that is kept. */
typedef struct cdc_key {
    sl_arena arena;
    cdc_key_part *parts; /* NULL = none */
    size_t n;
} cdc_key;

SL_MUST_CHECK bool cdc_key_set(cdc_key *k, const cdc_key_part *parts, size_t n); /* false: no memory */
void cdc_key_clear(cdc_key *k);
/* cdc_key_text lists the texts with commas between, for people. */
sl_str cdc_key_text(const cdc_key *k, sl_arena *a);

typedef struct cdc_collection {
    char *id;
    char *condition; /* "" = none */
    char *surrogate; /* "" = none */
} cdc_collection;

typedef struct cdc_incremental {
    cdc_collection *items; /* [0] is at hand */
    size_t n;
    cdc_key sent; /* the last row that was sent, of the table at hand */
    cdc_key max;
    char *correlation; /* NULL = none */
    bool paused;
} cdc_incremental;

void cdc_incremental_init(cdc_incremental *c);
void cdc_incremental_deinit(cdc_incremental *c);

static inline bool cdc_incremental_running(const cdc_incremental *c) {
    return c->n > 0;
}

/* cdc_incremental_add appends tables (their ids) for a signal, with the first condition whose expression
 * matches each. */
SL_MUST_CHECK sl_error *cdc_incremental_add(cdc_incremental *c, const cdc_signal *s, const sl_str *ids,
                                            size_t n);
/* cdc_incremental_next drops the table at hand. */
void cdc_incremental_next(cdc_incremental *c);
/* cdc_incremental_remove drops a table wherever it is; false: it is not there. */
bool cdc_incremental_remove(cdc_incremental *c, sl_str id);
/* cdc_incremental_ids lists the tables with commas between. */
sl_str cdc_incremental_ids(const cdc_incremental *c, sl_arena *a);

/* cdc_incremental_store adds its keys to an offset (a MAP, made anew) if something is left to be read. */
SL_MUST_CHECK sl_error *cdc_incremental_store(const cdc_incremental *c, sl_arena *a, sl_value *offset);
/* cdc_incremental_load reads them; none = nothing to read. USER error: they cannot be read. */
SL_MUST_CHECK sl_error *cdc_incremental_load(cdc_incremental *c, const sl_value *offset);

/* cdc_uuid writes a new random UUID: 36 characters and a zero byte. */
void cdc_uuid(char *out);

#endif
