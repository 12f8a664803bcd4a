/*
 * topics_impl.h - the part of the topic service that only kafka.c uses.
 */
#ifndef SLUICE_KAFKA_TOPICS_IMPL_H
#define SLUICE_KAFKA_TOPICS_IMPL_H

#include "kafka/topics.h"

/* sl__topics_cluster_id gives the cluster's id in the arena; waits up to timeout_ms; absent when it is not
 * known. Any thread. */
sl_str sl__topics_cluster_id(sl__topics *t, int timeout_ms, sl_arena *arena);

#endif
