/*
 * topics.h - is there such a topic, make it if asked, and how large may its messages be.
 *
 * Look-ups never block the caller: one thread asks the cluster, and wakes who waits. What is known is kept
 * for some minutes. An unreachable cluster is an outage: the look-up stays pending and goes on trying.
 */
#ifndef SLUICE_KAFKA_TOPICS_H
#define SLUICE_KAFKA_TOPICS_H

#include "config/kafka_client.h"

struct sl__embedded;

typedef struct sl__topics sl__topics;

typedef struct sl__topic_spec {
    sl_str name;
    bool create; /* make it when it is missing; else leave that to the broker's auto.create.topics.enable */
    int32_t partitions;         /* -1 = the broker's default */
    int32_t replication_factor; /* -1 = the broker's default */
    const sl_config *configs;   /* topic settings by Kafka's names; NULL = none */
    const char *setting;        /* NULL, or what the worker's settings of the topic begin with, for errors:
                                   "config.storage." */
} sl__topic_spec;

typedef struct sl__topic_info {
    bool exists;
    bool created;
    int32_t partitions;
    int64_t max_message_bytes; /* 0 = unknown */
    char cleanup[32];          /* cleanup.policy; "" = unknown. Of state topics only (spec.setting) */
} sl__topic_info;

/* Woken when an answer is there; may be woken without one. The waiter must stay until the look-up answered or
 * was forgotten. */
typedef struct sl__topic_waiter {
    void (*wake)(struct sl__topic_waiter *w);
} sl__topic_waiter;

typedef enum sl__lookup { SL_LOOKUP_PENDING, SL_LOOKUP_READY, SL_LOOKUP_FAILED } sl__lookup;

SL_MUST_CHECK sl_error *sl__topics_new(const sl__client_config *admin, struct sl__embedded *embedded,
                                       sl__topics **out);
void sl__topics_free(sl__topics *t);

/* sl__topics_lookup answers at once when it can; else PENDING, and the waiter is woken later: ask again then.
   FAILED gives an error (owned by the caller), e.g. missing privileges or a replication factor that the
   cluster cannot give. */
sl__lookup sl__topics_lookup(sl__topics *t, const sl__topic_spec *spec, sl__topic_waiter *w,
                             sl__topic_info *info, sl_error **err);

/* sl__topics_forget: the waiter is not called any more once this returns. */
void sl__topics_forget(sl__topics *t, sl__topic_waiter *w);

/* sl__topics_outage (tests) gives the current connection trouble as text in the arena, absent if there is
 * none. */
sl_str sl__topics_outage(sl__topics *t, sl_arena *arena);

#endif
