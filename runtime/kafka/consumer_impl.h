/*
 * consumer_impl.h - between consumer.c (life, messages), assignment.c (rebalances, seeking, pausing),
 * commit.c and subscription.c (which topics). Private to these.
 */
#ifndef SLUICE_KAFKA_CONSUMER_IMPL_H
#define SLUICE_KAFKA_CONSUMER_IMPL_H

#include <pthread.h>

#include "kafka/client.h"
#include "kafka/consumer.h"
#include "kafka/embedded_hold.h"
#include "kafka/parts.h"
#include "kafka/subscription.h"

struct sl__consumer {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue; /* where messages and events come */
    int fd;
    sl_arena arena; /* group, topics */
    sl_str group;
    sl__consumer_events events;
    sl__embedded *embedded; /* borrowed; NULL = a real cluster */
    bool from_start;        /* auto.offset.reset is earliest */
    bool paused;
    size_t queue_bytes; /* what librdkafka fetches ahead, at most */
    size_t taken;       /* of it since it was last woken */
    sl__part_list parts;
    sl__subscription *subscription; /* owned */
    sl__hold_notice notice;

    pthread_mutex_t lock; /* guards failure, which other threads may set */
    sl_error *failure;    /* owned; the next poll returns it */
};

/* sl__consumer_fail makes the next poll return the error (the first one counts). Any thread. */
void sl__consumer_fail(sl__consumer *c, sl_error *err);

/* sl__consumer_rebalance is librdkafka's rebalance callback; its opaque is the consumer. */
void sl__consumer_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
                            void *opaque);

/* sl__consumer_committed is librdkafka's callback for commits that nobody waits for. */
void sl__consumer_committed(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
                            void *opaque);

#endif
