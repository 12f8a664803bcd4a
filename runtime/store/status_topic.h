/*
 * status_topic.h - states of connectors and tasks, and the topics they use, in the status topic.
 *
 * Keys are text, values JSON without schemas, as Kafka Connect 4.3 writes them:
 *   status-connector-NAME             {"state":S,"trace":T,"worker_id":W,"generation":G}   null = gone
 *   status-task-NAME-N                the same
 *   status-topic-TOPIC:connector-NAME {"topic":{"name":TOPIC,"connector":NAME,"task":N,
 *                                      "discoverTimestamp":MS}}                            null = gone
 * Puts are queued and return at once; they come back through the topic, which is what gets read.
 *
 * Threads: any; one lock. Memory: results are in the caller's arena.
 */
#ifndef SLUICE_STORE_STATUS_TOPIC_H
#define SLUICE_STORE_STATUS_TOPIC_H

#include "config/worker_topics.h"
#include "kafka/topic_log.h"

typedef struct sl__status_topic sl__status_topic;

typedef enum sl__status_state {
    SL_STATUS_UNASSIGNED,
    SL_STATUS_RUNNING,
    SL_STATUS_PAUSED,
    SL_STATUS_FAILED,
    SL_STATUS_DESTROYED, /* put: the record is deleted; never read */
    SL_STATUS_RESTARTING,
    SL_STATUS_STOPPED,
} sl__status_state;

const char *sl__status_name(sl__status_state s);

/* sl__status_parse_state: false when there is no such state. */
bool sl__status_parse_state(sl_str name, sl__status_state *out);

typedef struct sl__status {
    sl__status_state state;
    sl_str trace;     /* absent = none */
    sl_str worker_id; /* host:port */
    int32_t generation;
} sl__status;

typedef struct sl__topic_status {
    sl_str topic;
    sl_str connector;
    int32_t task;
    int64_t discovered_ms; /* milliseconds since 1970 */
} sl__topic_status;

#define SL_STATUS_CONNECTOR (-1) /* as the task's number: the connector itself */

SL_MUST_CHECK sl_error *sl__status_topic_open(sl__kafka *k, const sl__worker_topics *topics,
                                              sl__status_topic **out);
void sl__status_topic_close(sl__status_topic *t); /* NULL is allowed; waits a moment for puts under way */

/* sl__status_topic_sync waits until what is in the topic now has been read. */
SL_MUST_CHECK sl_error *sl__status_topic_sync(sl__status_topic *t, int timeout_ms);

/* sl__status_topic_put writes a status. safe: not when another worker has written one of a later generation
   (what a worker says when it gives something up must not hide what its new owner says). */
SL_MUST_CHECK sl_error *sl__status_topic_put(sl__status_topic *t, sl_str connector, int32_t task,
                                             const sl__status *s, bool safe);

/* sl__status_topic_get: false when there is none. */
bool sl__status_topic_get(sl__status_topic *t, sl_str connector, int32_t task, sl_arena *arena,
                          sl__status *out);

/* sl__status_topic_tasks calls cb for each task of the connector with a status, in the order of their
   numbers; under the lock: quick, and no call back into the store. */
typedef void (*sl__task_status_cb)(void *arg, int32_t task, const sl__status *s);
void sl__status_topic_tasks(sl__status_topic *t, sl_str connector, sl__task_status_cb cb, void *arg);

/* Topics that a connector uses. put and delete return at once; _has tells what was read from the topic. */
SL_MUST_CHECK sl_error *sl__status_topic_put_topic(sl__status_topic *t, const sl__topic_status *s);
SL_MUST_CHECK sl_error *sl__status_topic_delete_topic(sl__status_topic *t, sl_str connector, sl_str topic);
bool sl__status_topic_has_topic(sl__status_topic *t, sl_str connector, sl_str topic);
typedef void (*sl__topic_status_cb)(void *arg, const sl__topic_status *s);
void sl__status_topic_topics(sl__status_topic *t, sl_str connector, sl__topic_status_cb cb, void *arg);

#endif
