/*
 * cluster.h - the Kafka cluster's id, looked up beside everything else.
 *
 * Threads: the look-up is a unit of the scheduler; the id can be read from any thread. Memory: freed after
 * the scheduler.
 */
#ifndef SLUICE_HERDER_CLUSTER_H
#define SLUICE_HERDER_CLUSTER_H

#include "kafka/kafka.h"
#include "task/scheduler.h"

typedef struct sl__cluster sl__cluster;

/* sl__cluster_new begins to look. NULL when out of memory: the id is then never known. */
sl__cluster *sl__cluster_new(sl__kafka *kafka, sl__sched *sched);
void sl__cluster_free(sl__cluster *c); /* NULL is allowed */

/* sl__cluster_id gives the id, absent while it is not known; valid until the end. */
sl_str sl__cluster_id(const sl__cluster *c);

#endif
