/*
 * topic_reader.h - one partition of a topic, followed record by record, and records appended one by one: what
 * plugins may do with topics (signals, schema history).
 *
 * Not for: the worker's own state (topic_log.h), sinks (consumer.h). Nothing is assigned by a group; a group
 * only keeps a position. Outages are waited out by the client itself.
 *
 * Threads: a reader belongs to one thread at a time. Memory: records are copied into the caller's arena.
 */
#ifndef SLUICE_KAFKA_TOPIC_READER_H
#define SLUICE_KAFKA_TOPIC_READER_H

#include <sluice/host.h>

#include "kafka/kafka.h"

typedef struct sl__topic_reader sl__topic_reader;

/* sl__topic_reader_open begins to read; k NULL = another cluster than the worker's. Settings are copied;
 * group may be absent; from: see sl_topic_spec. */
SL_MUST_CHECK sl_error *sl__topic_reader_open(sl__kafka *k, const sl__client_config *conf, sl_str topic,
                                              int32_t partition, sl_str group, int64_t from,
                                              sl__topic_reader **out);
void sl__topic_reader_close(sl__topic_reader *r); /* NULL is allowed */

SL_MUST_CHECK sl_error *sl__topic_reader_next(sl__topic_reader *r, int timeout_ms, sl_arena *arena,
                                              sl_topic_message *m, bool *got);
SL_MUST_CHECK sl_error *sl__topic_reader_end(sl__topic_reader *r, int timeout_ms, int64_t *end);
SL_MUST_CHECK sl_error *sl__topic_reader_commit(sl__topic_reader *r, int64_t next);

/* sl__topic_append writes one record and waits until it is durable, at most timeout_ms (RETRIABLE then). */
SL_MUST_CHECK sl_error *sl__topic_append(sl__kafka *k, const sl__client_config *conf, sl_str topic,
                                         int32_t partition, sl_str key, sl_str value, int timeout_ms);

#endif
