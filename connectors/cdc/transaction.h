/*
 * transaction.h - the transaction at hand: how many events it had, altogether and of each table. It is kept
 * in the source offset while the transaction is open, under Debezium's keys, so that either goes on counting
 * in a transaction that was cut:
 *
 *   transaction_id                               the database's id of it
 *   transaction_data_collection_order_TABLE      events of that table so far; their sum is the total
 *
 * Logical messages are of no table: Debezium has a Java object's address for each, we have one for all.
 * Not for: the records of begin and end, the transaction block (emit.h). Threads: one owner. Memory: heap, by
 * tables.
 */
#ifndef CDC_TRANSACTION_H
#define CDC_TRANSACTION_H

#include "table.h"

typedef struct cdc_collection_count {
    sl_str id;
    int64_t n;
} cdc_collection_count;

typedef struct cdc_transaction {
    sl_arena arena;  /* of the names */
    sl_str id;       /* absent = none is open */
    uint64_t serial; /* grows with each */
    int64_t total;
    int64_t messages; /* of the total, logical messages */
    cdc_collection_count *counts;
    size_t ncounts;
    size_t cap;
} cdc_transaction;

void cdc_transaction_init(cdc_transaction *t);
void cdc_transaction_deinit(cdc_transaction *t);

/* cdc_transaction_begin forgets the last one; id is copied. False: no memory. */
SL_MUST_CHECK bool cdc_transaction_begin(cdc_transaction *t, sl_str id);
void cdc_transaction_end(cdc_transaction *t);

/* cdc_transaction_is tells whether that one is open. */
bool cdc_transaction_is(const cdc_transaction *t, sl_str id);

/* cdc_transaction_event counts an event of a table and gives its number among them; 0 = no memory. */
int64_t cdc_transaction_event(cdc_transaction *t, cdc_table *table);
void cdc_transaction_message(cdc_transaction *t);

/* cdc_transaction_store adds its keys to an offset (a MAP, made anew) if one is open. */
SL_MUST_CHECK sl_error *cdc_transaction_store(const cdc_transaction *t, sl_arena *a, sl_value *offset);
/* cdc_transaction_load reads them; none = none is open. */
SL_MUST_CHECK sl_error *cdc_transaction_load(cdc_transaction *t, const sl_value *offset);

#endif
