/*
 * embedded.h - the broker in this process: librdkafka's mock cluster on a loopback port, data in memory.
 *
 * For a first try and for tests; not for keeping data. It keeps about 5 MB a partition and drops the oldest
 * without a word, so sources are held back while a topic that a sink reads has 4 MB that were not read, and a
 * sink that finds a gap fails. Topics have one partition unless made with more.
 */
#ifndef SLUICE_KAFKA_EMBEDDED_H
#define SLUICE_KAFKA_EMBEDDED_H

#include <sluice/error.h>

typedef struct sl__embedded sl__embedded;

/* Woken when held topics may go on. */
typedef struct sl__hold_waiter {
    void (*wake)(struct sl__hold_waiter *w);
    struct sl__hold_waiter *next; /* the module's own */
} sl__hold_waiter;

SL_MUST_CHECK sl_error *sl__embedded_new(sl__embedded **out);
void sl__embedded_free(sl__embedded *e);

/* sl__embedded_servers: "127.0.0.1:port", borrowed. */
const char *sl__embedded_servers(const sl__embedded *e);

/* sl__embedded_topic makes the topic if it is new. partitions < 1 = 1. */
SL_MUST_CHECK sl_error *sl__embedded_topic(sl__embedded *e, sl_str name, int partitions);

/* sl__embedded_set_leader takes a partition's leader away, or gives it back (tests of outages). */
SL_MUST_CHECK sl_error *sl__embedded_set_leader(sl__embedded *e, sl_str topic, int32_t partition,
                                                bool leader);

/* sl__embedded_reserve asks for room for `bytes` more in a topic before they are produced. False: held back;
   the waiter is woken when a reader has caught up (at once safe to ask again then). The bytes count until a
   reader is past them. Topics that no sink reads are never held. A single record larger than the room goes
   when the topic is empty. */
bool sl__embedded_reserve(sl__embedded *e, sl_str topic, size_t bytes, sl__hold_waiter *w);
/* sl__embedded_delivered tells where reserved bytes ended up (offset -1: nowhere). */
void sl__embedded_delivered(sl__embedded *e, sl_str topic, int32_t partition, int64_t offset, size_t bytes);
void sl__embedded_forget(sl__embedded *e, sl__hold_waiter *w);

/* sl__embedded_reader announces (or with reading=false withdraws) that a group reads a topic. */
SL_MUST_CHECK sl_error *sl__embedded_reader(sl__embedded *e, sl_str group, sl_str topic, bool reading);
/* sl__embedded_consumed: the group has finished with everything before `next`. */
void sl__embedded_consumed(sl__embedded *e, sl_str group, sl_str topic, int32_t partition, int64_t next);

#endif
