/*
 * exactly_once.h - the transactions of a source task whose worker has exactly.once.source.support=enabled
 * (KIP-618).
 *
 * Records and the offsets behind them are written in one transaction of the producer GROUP-CONNECTOR-TASK,
 * which is Kafka Connect's name for it: whoever runs the task next, here or in Java, fences this one.
 *
 * Threads: the task's step. Memory: zeroed = off; offset records live until their transaction is over.
 */
#ifndef SLUICE_TASK_EXACTLY_ONCE_H
#define SLUICE_TASK_EXACTLY_ONCE_H

#include "kafka/transaction.h"
#include "task/flow.h"

typedef struct sl__eos {
    sl__task *task;
    sl__txn *txn;     /* NULL = the task runs at least once */
    bool begun;       /* a transaction is open */
    int64_t begun_ms; /* since when */
    int64_t records;  /* sent since the last commit; the caller counts them */
    sl_arena arena;
    sl__delivery_target ignored;
} sl__eos;

static inline bool sl__eos_on(const sl__eos *e) {
    return e->txn != NULL;
}

/* sl__eos_open makes the producer and fences whoever ran the task before; waits until that is done, or the
   task is to stop. No-op for a worker without exactly-once. */
SL_MUST_CHECK sl_error *sl__eos_open(sl__eos *e, sl__task *t, const sl__client_config *conf,
                                     size_t batch_size);

/* sl__eos_close aborts what is open. */
void sl__eos_close(sl__eos *e);

/* sl__eos_begin begins a transaction unless one is open. */
SL_MUST_CHECK sl_error *sl__eos_begin(sl__eos *e);

/* sl__eos_commit commits what was sent together with the offsets; begins a transaction when none is open.
   Waits for outages; gives up some seconds after the task was asked to stop. */
SL_MUST_CHECK sl_error *sl__eos_commit(sl__eos *e, const sl_batch_offset *items, size_t n);

/* sl__eos_abort undoes what was sent since the last commit. */
void sl__eos_abort(sl__eos *e);

/* sl__eos_error gives the error that fails the task: err, or that the task is fenced, which explains it.
   Takes err over. */
sl_error *sl__eos_error(sl__eos *e, sl_error *err);

#endif
