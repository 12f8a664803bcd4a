/*
 * producer_impl.h - between producer.c (one producer) and producers.c (the pool of them). Private to these
 * two.
 */
#ifndef SLUICE_KAFKA_PRODUCER_IMPL_H
#define SLUICE_KAFKA_PRODUCER_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "kafka/client.h"
#include "kafka/producer.h"

struct sl__producer {
    sl__producers *pool;
    struct sl__embedded *embedded; /* borrowed; NULL = a real cluster */
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue; /* where delivery reports come; to wake the thread */
    pthread_t thread;
    size_t batch_size;
    int message_max;     /* message.max.bytes in force */
    bool lingers;        /* linger.ms is the user's: nobody else says when to send */
    atomic_bool hurried; /* what is queued is to go now */
    atomic_bool broken;
    atomic_bool closing;
    atomic_bool closed; /* its thread has nothing more to do than end */

    pthread_mutex_t lock; /* guards topics */
    sl__map topics;       /* name -> sl__out_topic */

    /* the pool's, under its lock */
    unsigned refs;
    char *key; /* owned, has secrets: never logged */
    sl__producer *next;
};

/* What makes a producer a transactional one. It has no thread: its owner serves delivery reports. */
typedef struct sl__producer_txn {
    const char *id;
    int32_t timeout_ms; /* 0 = as in the settings, else the default */
} sl__producer_txn;

/* sl__producer_open makes a producer and, unless it is a transactional one (txn may be NULL), starts its
   thread. batch_size as in sl__producers_get. */
SL_MUST_CHECK sl_error *sl__producer_open(struct sl__embedded *embedded, const sl__client_config *conf,
                                          size_t batch_size, const sl__producer_txn *txn, sl__producer **out);

/* sl__producer_discard ends a transactional producer; what is queued is reported as purged. */
void sl__producer_discard(sl__producer *p);

/* sl__producer_close tells its thread to send what is queued and to end. sl__producer_free waits for that. */
void sl__producer_close(sl__producer *p);
void sl__producer_free(sl__producer *p);

/* sl__producer_batch_bound gives the batch.size in force for these settings. */
size_t sl__producer_batch_bound(const sl__client_config *conf, size_t batch_size);

#endif
