/*
 * embedded_hold.h - the part of the embedded broker that only clients of this folder use.
 *
 * Threads: any.
 */
#ifndef SLUICE_KAFKA_EMBEDDED_HOLD_H
#define SLUICE_KAFKA_EMBEDDED_HOLD_H

#include "kafka/embedded.h"

/* sl__embedded_stored is sl__embedded_delivered with the bytes that headers take besides. */
void sl__embedded_stored(sl__embedded *e, sl_str topic, int32_t partition, int64_t offset, size_t bytes,
                         size_t more);

/* sl__embedded_position gives the offset up to which the group has finished a partition; -1 = it never said.
 */
int64_t sl__embedded_position(sl__embedded *e, sl_str group, sl_str topic, int32_t partition);

/* sl__embedded_end gives the offset after the last record that was produced here; 0 = none. */
int64_t sl__embedded_end(sl__embedded *e, sl_str topic, int32_t partition);

/* sl__embedded_has_topic tells whether sl__embedded_topic made it. */
bool sl__embedded_has_topic(sl__embedded *e, sl_str name);

/* sl__embedded_partitions: how many partitions it made the topic with; 0 = it did not. */
int sl__embedded_partitions(sl__embedded *e, sl_str name);

/* What a consumer hears from the broker. Any thread; must be quick. */
typedef struct sl__hold_notice {
    void (*held)(
        struct sl__hold_notice *n); /* a source waits for what was not committed; must not call back */
    void (*made)(struct sl__hold_notice *n, sl_str topic); /* a topic is new; nothing is in it yet */
    struct sl__hold_notice *next;                          /* the module's own */
} sl__hold_notice;

/* sl__embedded_listen / _unlisten: a notice for all topics. Not called any more once _unlisten returns. */
void sl__embedded_listen(sl__embedded *e, sl__hold_notice *n);
void sl__embedded_unlisten(sl__embedded *e, sl__hold_notice *n);

/* sl__embedded_holding tells whether a source waits for room in a topic that this group reads. */
bool sl__embedded_holding(sl__embedded *e, sl_str group);

/* sl__embedded_reader_away counts one consumer of the group out. The group still holds its topics for a
   while, so that a restart of the last one loses nothing. */
void sl__embedded_reader_away(sl__embedded *e, sl_str group, sl_str topic);

#endif
