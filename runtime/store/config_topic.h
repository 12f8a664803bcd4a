/*
 * config_topic.h - the config topic of a distributed worker: followed by all, written by the leader.
 *
 * The reader's thread queues what it reads (bounded in bytes; then reading waits) and calls `news`; the owner
 * (the herder) drains the queue on its own thread, which applies the records to the state. Writing has a
 * thread of its own from claim to relinquish: it owns the producer with Kafka Connect's transactional id
 * connect-cluster-GROUP, so that a deposed leader is fenced by the broker. Requests are written in their
 * order, each in one transaction.
 *
 * Records that any worker may write (target states, logger levels: Java does so, and Sluice's own keys of a
 * worker) go without a transaction.
 *
 * Threads: functions marked @owner on the owner's thread only, others from any. Memory: said at each.
 */
#ifndef SLUICE_STORE_CONFIG_TOPIC_H
#define SLUICE_STORE_CONFIG_TOPIC_H

#include "config/worker_topics.h"
#include "kafka/topic_log.h"
#include "kafka/transaction.h"
#include "store/config_state.h"

typedef struct sl__config_topic sl__config_topic;

typedef struct sl__config_topic_spec {
    const sl__worker_topics *topics; /* borrowed until close */
    sl_str group;                    /* the worker's group.id */
    /* There is something to drain, or the log has failed (drain gives the error). Called once until the next
       drain. On the reader's thread; quick. */
    void (*news)(void *arg);
    void *arg;
} sl__config_topic_spec;

/* sl__config_topic_open starts reading and returns at once. */
SL_MUST_CHECK sl_error *sl__config_topic_open(sl__kafka *k, const sl__config_topic_spec *spec,
                                              sl__config_topic **out);
void sl__config_topic_close(sl__config_topic *t); /* NULL is allowed; relinquishes first */

/* sl__config_topic_drain applies what was read and calls cb for each change; record and state are valid
   during the call. An error: the log cannot go on. @owner */
typedef void (*sl__config_change_cb)(void *arg, sl__config_change change, const sl__config_record *record);
SL_MUST_CHECK sl_error *sl__config_topic_drain(sl__config_topic *t, sl__config_change_cb cb, void *arg);

/* sl__config_topic_state: what was drained so far. @owner */
const sl__config_state *sl__config_topic_state(const sl__config_topic *t);

/* sl__config_topic_end calls w->done, on the reader's thread, once everything that is in the topic now has
   been queued: post a message from there, and drain when it is handled. Does not block. */
void sl__config_topic_end(sl__config_topic *t, sl__log_wait *w);

/* sl__config_topic_behind does so once the record at that offset has been queued; -1 = the end. */
void sl__config_topic_behind(sl__config_topic *t, int64_t offset, sl__log_wait *w);

/* One request to the writer's thread. */
typedef struct sl__config_write {
    /* How it ended, once that is known: outages are waited out. err is borrowed; NULL = written and durable.
       code CONFLICT: this worker may not write (any more), another one leads; all requests fail that way
       until the next claim. INTERRUPTED: relinquish came before the outcome was known. AUTH: the error says
       which ACL is missing. Others: nothing was written. On the writer's thread, or that of the caller of
       relinquish; the struct is its owner's again. */
    void (*done)(struct sl__config_write *w, const sl_error *err);
    const sl__config_record *records; /* borrowed for the call: they are rendered at once */
    size_t n;
    int64_t offset; /* of the last record, once done says that they are written; -1 = not known */
    /* the store's own */
    struct sl__config_write *next;
    sl__txn_record *rendered; /* NULL = a claim */
} sl__config_write;

/* sl__config_topic_claim makes this worker the one that may write: fences whoever could before. w has no
   records. Does not block; done says whether it worked.
   An error: done is not called. */
SL_MUST_CHECK sl_error *sl__config_topic_claim(sl__config_topic *t, sl__config_write *w);

/* sl__config_topic_write writes w's records in one transaction, which they may share with those of others
   that were asked for meanwhile, after everything asked for before. Only after a claim: else done gets
   CONFLICT. Does not block; with an error done is not called. */
SL_MUST_CHECK sl_error *sl__config_topic_write(sl__config_topic *t, sl__config_write *w);

/* sl__config_topic_relinquish gives the right up and ends the writer's thread; waits for a request under way
   (at most a few seconds). Those not begun get CONFLICT. */
void sl__config_topic_relinquish(sl__config_topic *t);

/* sl__config_topic_put writes one record without a transaction; done and arg as in sl__topic_log_append. Does
   not block. */
SL_MUST_CHECK sl_error *sl__config_topic_put(sl__config_topic *t, const sl__config_record *record,
                                             sl__append_done done, void *arg);

#endif
