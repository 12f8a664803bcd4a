/*
 * emit.h - row changes into records: Debezium's envelope, tombstones, key changes, headers, transaction
 * metadata, heartbeats and logical messages.
 *
 * A row image is an array of t->ncols values in the batch's arena, in the order of the table's columns, with
 * SL_NULL for null. It becomes part of the record: do not touch it afterwards.
 *
 * Threads: the task's. Memory: per record only the batch's arena.
 */
#ifndef CDC_EMIT_H
#define CDC_EMIT_H

#include <sluice/host.h>

#include "table.h"
#include "transaction.h"

typedef enum cdc_op { CDC_OP_READ, CDC_OP_CREATE, CDC_OP_UPDATE, CDC_OP_DELETE, CDC_OP_TRUNCATE } cdc_op;

typedef struct cdc_emitter {
    const sl_host *host;
    const cdc_config *config;
    const cdc_schemas *schemas;
    bool skip[CDC_OP_TRUNCATE + 1];
    sl_arena arena; /* names and headers, for its life */
    sl_str heartbeat_topic;
    sl_str transaction_topic;
    sl_value context[4]; /* values of the context headers */
    const sl_schema *heartbeat_key, *heartbeat_value;
    const sl_schema *tx_key, *tx_value, *tx_collection, *tx_collections;
    /* the batch at hand */
    sl_batch *batch;
    uint64_t batch_serial;
    sl_header *headers; /* shared by its records */
    cdc_transaction tx;
} cdc_emitter;

/* What the position of an event is, for the envelope. */
typedef struct cdc_event {
    sl_value source;       /* the source block */
    sl_str transaction_id; /* absent = outside of a transaction (snapshot), or no metadata wanted */
    int64_t now_ns;        /* wall clock */
} cdc_event;

SL_MUST_CHECK sl_error *cdc_emitter_init(cdc_emitter *e, const sl_context *ctx, const cdc_config *c,
                                         const cdc_schemas *s, const char *connector_type);
void cdc_emitter_deinit(cdc_emitter *e);

/* cdc_emit_begin names the batch that the following calls add to. */
SL_MUST_CHECK sl_error *cdc_emit_begin(cdc_emitter *e, sl_batch *b);

/* cdc_emit_use copies the table's names into the batch, once: a table may be gone before its last batch is.
 */
void cdc_emit_use(cdc_emitter *e, cdc_table *t);

/* cdc_emit_row adds the record or records of one change. before and after may be NULL. */
SL_MUST_CHECK sl_error *cdc_emit_row(cdc_emitter *e, cdc_table *t, cdc_op op, sl_value *before,
                                     sl_value *after, const cdc_event *ev);

/* Transactions, with provide.transaction.metadata: begin and end write a record with `id`. xid is the
 * database's name of the transaction. `again`: it was cut, and what comes now goes on with it: nothing is
 * written when its counts are known. */
SL_MUST_CHECK sl_error *cdc_emit_tx_begin(cdc_emitter *e, sl_str xid, sl_str id, int64_t ts_ms, bool again);
SL_MUST_CHECK sl_error *cdc_emit_tx_end(cdc_emitter *e, sl_str id, int64_t ts_ms);

SL_MUST_CHECK sl_error *cdc_emit_heartbeat(cdc_emitter *e, int64_t now_ms);

/* cdc_transaction_value makes the transaction block of the next event (counting it); t NULL = a logical
 * message, which is always the first of its collection. */
sl_value cdc_transaction_value(cdc_emitter *e, sl_arena *a, sl_str id, cdc_table *t);

#endif
