/*
 * kafka.h - the worker's Kafka: what its clients share.
 *
 * One sl__kafka holds the pool of shared producers, the topic service and, with bootstrap.servers=embedded:,
 * the broker in this process. librdkafka stays inside this folder.
 *
 * Threads: any, unless a function says otherwise. Memory: everything that is handed out is freed by its own
 * function before sl__kafka_free.
 */
#ifndef SLUICE_KAFKA_KAFKA_H
#define SLUICE_KAFKA_KAFKA_H

#include "config/kafka_client.h"
#include "kafka/embedded.h"
#include "kafka/producer.h"
#include "kafka/topics.h"

typedef struct sl__kafka sl__kafka;

/* sl__kafka_new makes the shared parts, and starts the embedded broker when admin->embedded. No connection is
   made yet. The client configuration is copied. */
SL_MUST_CHECK sl_error *sl__kafka_new(const sl__client_config *admin, sl__kafka **out);
void sl__kafka_free(sl__kafka *k); /* NULL is allowed; its producers, consumers and waiters must be gone */

sl__producers *sl__kafka_producers(sl__kafka *k); /* borrowed */
sl__topics *sl__kafka_topics(sl__kafka *k);       /* borrowed */
sl__embedded *sl__kafka_embedded(sl__kafka *k);   /* borrowed; NULL = a real cluster */

/* sl__kafka_cluster_id gives the cluster's id in the arena (waits up to timeout_ms for a broker); absent when
 * unknown. */
sl_str sl__kafka_cluster_id(sl__kafka *k, int timeout_ms, sl_arena *arena);

/* sl__kafka_takes is librdkafka's word on one setting: see sl__client_takes. */
bool sl__kafka_takes(const sl__client_property *p, char *problem, size_t size);

#endif
