/*
 * topic_log.h - a compacted topic as a log: made or checked, read to its end, then followed, and appended to.
 *
 * Each log has one thread of its own that makes the topic when it is missing, checks it, reads it from the
 * start with read_committed and goes on for ever; outages are waited out. What it reads goes to a callback on
 * that thread. "To the end" means: past the end offset that a read_uncommitted look saw, so records of a
 * transaction that was open then are waited for, too.
 *
 * Not for: what the records mean (runtime/store). Records that need a transaction are written with
 * transaction.h.
 * Threads: the functions here may be called from any thread, but not from the callbacks unless they say so.
 * Memory: said at each.
 */
#ifndef SLUICE_KAFKA_TOPIC_LOG_H
#define SLUICE_KAFKA_TOPIC_LOG_H

#include "kafka/kafka.h"

typedef struct sl__topic_log sl__topic_log;

/* One record; borrowed for the call. */
typedef struct sl__log_record {
    sl_str key;   /* absent = null */
    sl_str value; /* absent = null: deletes the key */
    int32_t partition;
    int64_t offset;
    int64_t timestamp; /* milliseconds, SL_NO_TIMESTAMP = none */
} sl__log_record;

typedef struct sl__log_spec {
    sl_str topic;
    const char *setting;               /* where the name comes from, for errors: "config.storage.topic" */
    const sl__client_config *consumer; /* translated settings; copied */
    const sl__client_config *producer; /* NULL = this log is only read */
    const sl__client_config *admin;
    int32_t partitions;         /* of a topic that is made; -1 = the broker's default */
    int32_t partitions_max;     /* an existing topic with more is refused; 0 = any number */
    int32_t replication_factor; /* -1 = the broker's default */
    const sl_config *configs;   /* settings of a topic that is made, NULL = none; cleanup.policy is always
                                   compact */
    /* On the log's thread, in the order of each partition. May block: reading then waits. */
    void (*record)(void *arg, const sl__log_record *r);
    /* The log cannot go on (the topic is refused, or a privilege is missing); once, on the log's thread. err
       is borrowed. Optional. */
    void (*failed)(void *arg, const sl_error *err);
    void *arg;
} sl__log_spec;

/* sl__topic_log_open starts the log and returns at once; everything in the spec is copied. */
SL_MUST_CHECK sl_error *sl__topic_log_open(sl__kafka *k, const sl__log_spec *spec, sl__topic_log **out);

/* sl__topic_log_close ends the thread and frees the log. Waits that are left are called with INTERRUPTED; no
   callback is made after it returns, except those of appends under way. NULL is allowed. */
void sl__topic_log_close(sl__topic_log *l);

sl_str sl__topic_log_name(const sl__topic_log *l);

/* sl__error_copy gives an owned copy with the texts of the causes in its message: callbacks only lend theirs.
 */
sl_error *sl__error_copy(const sl_error *err);

/* Somebody who waits for the end. */
typedef struct sl__log_wait {
    /* Everything that was in the topic at the call has been given to record (err NULL), or the log has failed
       or is closed. err is borrowed. On the log's thread; may be the last use of the struct. */
    void (*done)(struct sl__log_wait *w, const sl_error *err);
    /* the log's own */
    struct sl__log_wait *next;
    int32_t partition;
    int64_t offset;
} sl__log_wait;

/* sl__topic_log_end calls w->done once the log has read to what is its end now. Does not block. @thread any,
   also from the callbacks */
void sl__topic_log_end(sl__topic_log *l, sl__log_wait *w);

/* sl__topic_log_behind calls w->done once the log has read what is at that offset of that partition: somebody
   knows that it has been written. Asks nobody, so it is quicker than the end. Does not block. @thread any */
void sl__topic_log_behind(sl__topic_log *l, int32_t partition, int64_t offset, sl__log_wait *w);

/* sl__topic_log_forget takes a wait back. False: done was called, or is about to be. */
bool sl__topic_log_forget(sl__topic_log *l, sl__log_wait *w);

/* sl__topic_log_sync does the same and waits. TIMEOUT (RETRIABLE) when it took longer than timeout_ms. */
SL_MUST_CHECK sl_error *sl__topic_log_sync(sl__topic_log *l, int timeout_ms);

/* How an append ended. err NULL = durable; borrowed. On a producer's thread; quick. */
typedef void (*sl__append_done)(void *arg, const sl_error *err);

/* sl__topic_log_append queues a record without a transaction; key and value (absent = delete) are copied.
   done may be NULL: a failure is then only logged. An error: done is not called. Does not block. Records of a
   key keep their order. */
SL_MUST_CHECK sl_error *sl__topic_log_append(sl__topic_log *l, sl_str key, sl_str value, sl__append_done done,
                                             void *arg);

#endif
