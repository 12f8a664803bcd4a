/*
 * offsets_topic.h - offsets in a compacted topic, behind offsets.h.
 *
 * Key and value are Kafka Connect's, byte for byte: a key that is in the topic already is written again with
 * the bytes it has there, a new one as Java's JsonConverter would write it (a partition's entries in the
 * order in which the source gives them), so that compaction never keeps two of one partition. The partition
 * is the key's murmur2. A null value deletes.
 *
 * A put waits until its records are durable, but not longer than the flush timeout: TIMEOUT (RETRIABLE) then,
 * and the records may still get there, before those of any later put.
 *
 * Threads: as offsets.h. Memory: said at each.
 */
#ifndef SLUICE_STORE_OFFSETS_TOPIC_H
#define SLUICE_STORE_OFFSETS_TOPIC_H

#include "config/worker_topics.h"
#include "kafka/topic_log.h"
#include "kafka/transaction.h"
#include "store/offsets.h"

typedef struct sl__offsets_spec {
    sl_str topic;
    const char *setting;               /* where the name comes from: "offset.storage.topic" */
    const sl__client_config *consumer; /* all copied */
    const sl__client_config *producer;
    const sl__client_config *admin;
    int32_t partitions;         /* when it is made; -1 = the broker's default */
    int32_t replication_factor; /* the same */
    const sl_config *configs;   /* the same; NULL = none */
    int flush_timeout_ms;       /* offset.flush.timeout.ms */
} sl__offsets_spec;

/* sl__offsets_cluster gives the spec of the cluster's topic, with borrowed parts. */
sl__offsets_spec sl__offsets_cluster(const sl__worker_topics *topics, int flush_timeout_ms);

/* sl__offsets_open_topic starts reading and returns at once; sl__offsets_refresh waits for the first read to
   the end, and _get, _each and _put do so on their own. Free with sl__offsets_close. */
SL_MUST_CHECK sl_error *sl__offsets_open_topic(sl__kafka *k, const sl__offsets_spec *spec, sl__offsets **out);

/* sl__offsets_open_layered puts a connector's own store over the cluster's: reads take what is in own, else
   what is in cluster; puts go to own, then to cluster (deletions to cluster first), and have succeeded when
   own has them and no deletion failed. Takes own over; cluster is borrowed. */
SL_MUST_CHECK sl_error *sl__offsets_open_layered(sl__offsets *own, sl__offsets *cluster, sl__offsets **out);

/* sl__offsets_render gives the records that a put would write to the topic (the own one of a layered store;
   deletions are made in the cluster's at once, which may block), for a transaction; everything is in the
   arena. USER error for a store that is no topic. */
SL_MUST_CHECK sl_error *sl__offsets_render(sl__offsets *o, sl_str connector, const sl_batch_offset *items,
                                           size_t n, sl_arena *arena, sl__txn_record **records);

/* sl__offsets_mirror: the transaction with these offsets is committed; a layered store copies them to the
   cluster's topic. Does not block. No-op for others. */
void sl__offsets_mirror(sl__offsets *o, sl_str connector, const sl_batch_offset *items, size_t n);

#endif
