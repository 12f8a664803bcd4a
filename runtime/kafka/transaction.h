/*
 * transaction.h - a producer with a transactional id: what it writes becomes visible together, and whoever
 * initialises the same id later fences it.
 *
 * sl__txn_producer gives the producer underneath, for sl__producer_topic and sl__producer_send between begin
 * and commit. It has no thread: delivery reports are served by sl__txn_poll, _commit and _abort.
 *
 * Errors of init, begin, commit and abort: RETRIABLE with code TIMEOUT: call the same function again.
 * Otherwise sl__txn_condition_of says what to do. FENCED errors have code CONFLICT.
 *
 * Threads: one at a time; the calls that wait say so. Memory: the caller's handle.
 */
#ifndef SLUICE_KAFKA_TRANSACTION_H
#define SLUICE_KAFKA_TRANSACTION_H

#include <stdatomic.h>

#include "kafka/kafka.h"

typedef struct sl__txn sl__txn;

/* Owner: the calling thread; legal successors in brackets. */
typedef enum sl__txn_condition {
    SL_TXN_NEW,    /* init is needed [READY, FENCED, BROKEN] */
    SL_TXN_READY,  /* begin may be called [OPEN, FENCED, BROKEN] */
    SL_TXN_OPEN,   /* records may be sent; commit or abort [READY, ABORT, FENCED, BROKEN] */
    SL_TXN_ABORT,  /* something failed: only abort is allowed [READY, FENCED, BROKEN] */
    SL_TXN_FENCED, /* somebody else has initialised the id: nothing of this producer gets through any more.
                      Last */
    SL_TXN_BROKEN, /* a fatal error: close it and open another one. Last */
} sl__txn_condition;

typedef struct sl__txn_spec {
    const sl__client_config *conf; /* translated producer settings; copied as needed */
    sl_str id;                     /* transactional.id */
    int32_t timeout_ms;            /* transaction.timeout.ms; 0 = as in conf, else one minute */
    size_t batch_size;             /* as in sl__producers_get; 0 = the default */
} sl__txn_spec;

/* sl__txn_open makes the client. Does not wait. */
SL_MUST_CHECK sl_error *sl__txn_open(sl__kafka *k, const sl__txn_spec *spec, sl__txn **out);

/* sl__txn_close gives up what is open (the coordinator aborts it) and frees the handle. Messages not yet
   delivered are reported as not delivered. NULL is allowed. May wait for a second. */
void sl__txn_close(sl__txn *t);

sl__txn_condition sl__txn_condition_of(const sl__txn *t);
sl__producer *sl__txn_producer(sl__txn *t); /* borrowed; do not release it */

/* sl__txn_init fences everybody who had the id before, and waits until what they left open is ended. Waits up
   to timeout_ms. */
SL_MUST_CHECK sl_error *sl__txn_init(sl__txn *t, int timeout_ms);
SL_MUST_CHECK sl_error *sl__txn_begin(sl__txn *t);
/* sl__txn_commit waits for all deliveries and commits. When one failed the error says so and the condition is
   ABORT. */
SL_MUST_CHECK sl_error *sl__txn_commit(sl__txn *t, int timeout_ms);
SL_MUST_CHECK sl_error *sl__txn_abort(sl__txn *t, int timeout_ms);

/* sl__txn_fenced gives an error (CONFLICT, FATAL) when this producer is fenced, whether or not a call has
   said so yet; else NULL. */
sl_error *sl__txn_fenced(sl__txn *t);

/* sl__txn_fd can be read when delivery reports are waiting; sl__txn_poll empties it and serves them. */
int sl__txn_fd(const sl__txn *t);
void sl__txn_poll(sl__txn *t);

/* One record of a whole transaction. */
typedef struct sl__txn_record {
    sl_str topic;
    sl_str key;
    sl_str value; /* absent = null */
} sl__txn_record;

/* sl__txn_write writes the records in one transaction of their own, and waits. On an error nothing of them is
   visible, unless its code is TIMEOUT: then the commit may still succeed; call sl__txn_settle. */
SL_MUST_CHECK sl_error *sl__txn_write(sl__txn *t, const sl__txn_record *records, size_t n, int timeout_ms);

/* sl__txn_written gives the highest offset of what sl__txn_write wrote last; -1 = not known. */
int64_t sl__txn_written(const sl__txn *t);

/* sl__txn_settle goes on ending a transaction whose commit or abort timed out, the way it was begun. NULL: it
   is committed; TIMEOUT: call it again; other errors: nothing of it is visible. */
SL_MUST_CHECK sl_error *sl__txn_settle(sl__txn *t, int timeout_ms);

/* sl__txn_fence fences whoever uses these ids, by initialising each; waits, until *stop at the longest. The
   error names the first id that could not be. */
SL_MUST_CHECK sl_error *sl__txn_fence(sl__kafka *k, const sl__client_config *conf, const sl_str *ids,
                                      size_t n, int timeout_ms, const atomic_bool *stop);

/* sl__txn_write_as writes the records in one transaction of this id, which fences whoever uses it; waits as
   sl__txn_fence does. On an error nothing of them is visible, unless its code is TIMEOUT: then it is not
   known. */
SL_MUST_CHECK sl_error *sl__txn_write_as(sl__kafka *k, const sl__client_config *conf, sl_str id,
                                         const sl__txn_record *records, size_t n, int timeout_ms,
                                         const atomic_bool *stop);

#endif
