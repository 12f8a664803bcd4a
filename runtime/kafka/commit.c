/*
 * commit.c - committing a consumer's offsets.
 *
 * Threads: the task's. Memory: nothing outlives a call.
 */
#include "base/log.h"
#include "kafka/consumer_impl.h"

#define COMPONENT "kafka"

/* finished tells the embedded broker what it need not keep for this group. */
static void finished(sl__consumer *c, const rd_kafka_topic_partition_list_t *list) {
    for (int i = 0; c->embedded && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (!p->err && p->offset >= 0) {
            sl__embedded_consumed(c->embedded, c->group, sl_str_of(p->topic), p->partition, p->offset);
        }
    }
}

/* first_error gives the first partition that failed though the request went well. */
static rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t *list, const char **topic) {
    for (int i = 0; list && i < list->cnt; i++) {
        if (list->elems[i].err) {
            *topic = list->elems[i].topic;
            return list->elems[i].err;
        }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static sl_error *commit_error(const sl__consumer *c, rd_kafka_resp_err_t err, const char *topic) {
    sl_error *acl = sl__rk_acl_error(err, "Read", sl_str_of(topic), c->group);
    if (acl) {
        return acl;
    }
    switch (err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR__NO_OFFSET:
        return NULL;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        return sl_error_new(
            SL_E_CONFLICT, SL_RETRIABLE,
            "offsets of group '%.*s' were not committed, for it has moved on without this consumer: %s",
            SL_STR_ARG(c->group), rd_kafka_err2str(err));
    default:
        return sl_error_new(sl__rk_is_outage(err) ? SL_E_TIMEOUT : SL_E_KAFKA, SL_RETRIABLE,
                            "offsets of group '%.*s' were not committed: %s", SL_STR_ARG(c->group),
                            rd_kafka_err2str(err));
    }
}

/* settle takes the broker's answer; either argument may say what went wrong. */
static sl_error *settle(sl__consumer *c, rd_kafka_resp_err_t err,
                        const rd_kafka_topic_partition_list_t *list) {
    const char *topic = NULL;
    rd_kafka_resp_err_t single = first_error(list, &topic);
    if (list && (!err || single)) {
        finished(c, list);
    }
    return commit_error(c, single ? single : err, topic);
}

void sl__consumer_committed(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
                            void *opaque) {
    (void)rk;
    char text[512];
    sl_error *problem = settle(opaque, err, list);
    if (problem) {
        sl__log(SL_LOG_WARN, COMPONENT, "%s", sl_error_text(problem, text, sizeof text));
        sl_error_free(problem);
    }
}

static rd_kafka_topic_partition_list_t *make_list(const sl_topic_partition *parts, size_t n) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n; i++) {
        if (parts[i].offset < 0) {
            continue;
        }
        char *topic = sl_strdup(parts[i].topic);
        if (!topic) {
            rd_kafka_topic_partition_list_destroy(list);
            return NULL;
        }
        rd_kafka_topic_partition_list_add(list, topic, parts[i].partition)->offset = parts[i].offset;
        sl_free(topic);
    }
    return list;
}

/* commit_and_wait waits for the answer; one that comes too late is not seen. */
static sl_error *commit_and_wait(sl__consumer *c, const rd_kafka_topic_partition_list_t *list,
                                 int timeout_ms) {
    rd_kafka_queue_t *queue = rd_kafka_queue_new(c->rk);
    rd_kafka_resp_err_t err = rd_kafka_commit_queue(c->rk, list, queue, NULL, NULL);
    rd_kafka_event_t *ev = err ? NULL : rd_kafka_queue_poll(queue, timeout_ms);
    sl_error *problem;
    if (ev && rd_kafka_event_type(ev) == RD_KAFKA_EVENT_OFFSET_COMMIT) {
        problem = settle(c, rd_kafka_event_error(ev), rd_kafka_event_topic_partition_list(ev));
    } else {
        problem = commit_error(c, err ? err : RD_KAFKA_RESP_ERR__TIMED_OUT, NULL);
    }
    if (ev) {
        rd_kafka_event_destroy(ev);
    }
    rd_kafka_queue_destroy(queue);
    return problem;
}

sl_error *sl__consumer_commit(sl__consumer *c, const sl_topic_partition *parts, size_t n, int timeout_ms) {
    rd_kafka_topic_partition_list_t *list = make_list(parts, n);
    sl_error *err = NULL;
    if (!list) {
        return sl_error_nomem();
    }
    if (list->cnt && timeout_ms > 0) {
        err = commit_and_wait(c, list, timeout_ms);
    } else if (list->cnt) {
        err = commit_error(c, rd_kafka_commit(c->rk, list, 1), NULL);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}
