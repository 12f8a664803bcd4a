/*
 * producer.h - producers shared by tasks.
 *
 * Tasks with equal effective settings share one librdkafka producer: idempotent, acks=all, no message
 * timeout, partitioner murmur2_random. Payloads are not copied: they must stay until the delivery is
 * reported. A task bounds what it has in flight itself; the producer's own queue is never the bound. Each
 * producer has one thread that serves delivery reports. After a fatal error the producer is replaced: the
 * next sl__producers_get makes a new one.
 */
#ifndef SLUICE_KAFKA_PRODUCER_H
#define SLUICE_KAFKA_PRODUCER_H

#include "config/kafka_client.h"
#include "kafka/header_pool.h"

struct sl__embedded;

typedef struct sl__producers sl__producers;
typedef struct sl__producer sl__producer;
typedef struct sl__out_topic
    sl__out_topic; /* a topic as one producer knows it; lives as long as the producer */

typedef struct sl__delivery_target sl__delivery_target;

/* How one message ended. */
typedef struct sl__delivery {
    sl_error *err; /* NULL = acknowledged; borrowed. RETRIABLE: purged or the producer broke, not the record's
                      fault */
    sl_str topic;  /* borrowed */
    int32_t partition;
    int64_t offset; /* -1 = unknown */
    size_t bytes;   /* key and payload */
} sl__delivery;

/* Who wants to know; embed it, and find the rest from it. */
struct sl__delivery_target {
    void (*delivered)(sl__delivery_target *t,
                      const sl__delivery *d); /* on the producer's thread; must be quick */
    sl__header_pool
        *pool; /* whose headers the messages have, in place of their own; they go back to it; may be NULL */
    unsigned generation; /* of the pool */
};

typedef struct sl__out_message {
    sl__out_topic *topic;
    int32_t partition;             /* -1 = by the partitioner */
    int64_t timestamp;             /* milliseconds, SL_NO_TIMESTAMP = now */
    sl_str key;                    /* absent = null; copied */
    sl_str payload;                /* absent = null; NOT copied: stays until delivered() */
    const sl__out_header *headers; /* copied; not looked at when the target has a pool */
    size_t nheaders;
} sl__out_message;

typedef enum sl__send { SL_SEND_OK, SL_SEND_FULL /* try again after a delivery */, SL_SEND_FAILED } sl__send;

SL_MUST_CHECK sl_error *sl__producers_new(struct sl__embedded *embedded, sl__producers **out);
void sl__producers_free(sl__producers *ps);

/* sl__producers_get gives a producer with these settings, shared if there is one, with a reference.
   batch_size bounds the produce request's size (librdkafka never splits one that the broker finds too large);
   0 = the default. */
SL_MUST_CHECK sl_error *sl__producers_get(sl__producers *ps, const sl__client_config *conf, size_t batch_size,
                                          sl__producer **out);
/* sl__producer_release gives the reference back; the last one closes it in the background. */
void sl__producer_release(sl__producer *p);

/* sl__producers_purge gives up all that any of them has not delivered: it fails as RETRIABLE. Does not wait.
 */
void sl__producers_purge(sl__producers *ps);

/* sl__producer_batch_size: the bound in force. */
size_t sl__producer_batch_size(const sl__producer *p);

/* sl__producer_broken: a fatal error has happened; get another one. */
bool sl__producer_broken(const sl__producer *p);

SL_MUST_CHECK sl_error *sl__producer_topic(sl__producer *p, sl_str name, sl__out_topic **out);

/* sl__producer_send queues one message. With SL_SEND_FAILED *err says why (this message only; the target is
 * not called). */
sl__send sl__producer_send(sl__producer *p, const sl__out_message *m, sl__delivery_target *target,
                           sl_error **err);

/* sl__producer_hurry says that nothing more follows for now: what is queued goes without waiting for a
   request to fill, at the latest some 5 ms later. Without it a request waits up to linger.ms, and with
   linger.ms set by the user it has no effect. */
void sl__producer_hurry(sl__producer *p);

#endif
