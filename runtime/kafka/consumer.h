/*
 * consumer.h - one sink task's consumer.
 *
 * Messages are taken without a copy and released by their taker. Nothing is committed implicitly.
 * Threads: all calls but wakeups come from the task's current thread; callbacks run inside sl__consumer_poll,
 * _close.
 */
#ifndef SLUICE_KAFKA_CONSUMER_H
#define SLUICE_KAFKA_CONSUMER_H

#include "config/kafka_client.h"

#include <sluice/plugin.h>

struct sl__kafka;

typedef struct sl__consumer sl__consumer;

typedef struct sl__in_message {
    void *handle; /* release it with sl__message_release */
    sl_str topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp; /* SL_NO_TIMESTAMP = none */
    sl_str key;        /* absent = null */
    sl_str payload;    /* absent = null */
} sl__in_message;

typedef struct sl__consumer_events {
    /* Partitions come; .offset may be set to where reading must start (-1 = committed, else
     * auto.offset.reset). */
    sl_error *(*assigned)(void *arg, sl_topic_partition *parts, size_t n);
    /* Partitions go, before they are given up: flush and commit here. lost: someone else may have them
     * already. */
    void (*revoked)(void *arg, const sl_topic_partition *parts, size_t n, bool lost);
    void *arg;
} sl__consumer_events;

typedef struct sl__consumer_spec {
    const sl__client_config *conf; /* copied as needed */
    sl_str group;                  /* group.id unless conf has one */
    sl_str_list topics;            /* one of topics and regex */
    sl_str regex;                  /* Java regular expression over topic names; absent = none */
    sl__consumer_events events;
} sl__consumer_spec;

SL_MUST_CHECK sl_error *sl__consumer_open(struct sl__kafka *k, const sl__consumer_spec *spec,
                                          sl__consumer **out);

/* sl__consumer_fd can be read when there may be something to poll; sl__consumer_poll empties it. */
int sl__consumer_fd(const sl__consumer *c);

/* sl__consumer_poll gives the next message if there is one (never waits), serving rebalances on the way. *got
   = false: none now. Errors: FATAL and USER ones for the task (authorization, a topic that is not there is
   only logged), RETRIABLE never: the client waits outages out by itself. */
SL_MUST_CHECK sl_error *sl__consumer_poll(sl__consumer *c, sl__in_message *msg, bool *got);

/* sl__message_headers gives the headers, in the arena; values point into the message. */
SL_MUST_CHECK sl_error *sl__message_headers(const sl__in_message *msg, sl_arena *arena, sl_str **names,
                                            sl_str **values, size_t *n);
void sl__message_release(void *handle);

/* sl__consumer_pause / _resume: all assigned partitions; they stay so across rebalances until resumed. */
SL_MUST_CHECK sl_error *sl__consumer_pause(sl__consumer *c);
SL_MUST_CHECK sl_error *sl__consumer_resume(sl__consumer *c);

/* sl__consumer_seek makes the next poll of that partition start at .offset; what was fetched ahead is
 * dropped. */
SL_MUST_CHECK sl_error *sl__consumer_seek(sl__consumer *c, const sl_topic_partition *part);

/* sl__consumer_commit commits .offset (next to read) of each; waits up to timeout_ms for the answer, 0 = does
 * not wait. */
SL_MUST_CHECK sl_error *sl__consumer_commit(sl__consumer *c, const sl_topic_partition *parts, size_t n,
                                            int timeout_ms);

/* sl__consumer_commit_due: sources are held back, or will be soon, until this group commits what it has
   finished. With the embedded broker only; the descriptor becomes readable for it, too. Look after every
   batch and whenever poll gives nothing. */
bool sl__consumer_commit_due(sl__consumer *c);

/* sl__consumer_lag: sum over the assignment of the known end offset less the position; -1 = unknown. */
int64_t sl__consumer_lag(sl__consumer *c);

/* sl__consumer_close leaves the group (revoked is called) and frees it. Messages not yet released stay valid
   until they are released only if this is called after: release them first. */
void sl__consumer_close(sl__consumer *c);

#endif
