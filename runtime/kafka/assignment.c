/*
 * assignment.c - rebalances, pausing, seeking and lag of a consumer.
 *
 * Threads: the task's, inside sl__consumer_poll and _close. Memory: lists of partitions live for one call.
 */
#include "base/clock.h"
#include "base/log.h"
#include "kafka/consumer_impl.h"

#define COMPONENT "kafka"
#define SEEK_MS 5000
#define QUIET_MS 5000 /* a partition that gives nothing for so long is read to its end */

static sl_topic_partition *make_parts(const rd_kafka_topic_partition_list_t *list, sl_arena *arena) {
    sl_topic_partition *parts = sl_arena_zalloc(arena, (size_t)list->cnt * sizeof(*parts) + 1);
    for (int i = 0; parts && i < list->cnt; i++) {
        parts[i] = (sl_topic_partition){sl_str_of(list->elems[i].topic), list->elems[i].partition, -1};
    }
    return parts;
}

/* expect_at gives the offset that must come first from a partition, -1 = any: a real cluster may have deleted
 * or compacted. */
static int64_t expect_at(sl__consumer *c, const sl_topic_partition *p) {
    if (!c->embedded) {
        return -1;
    }
    if (p->offset >= 0) {
        sl__embedded_consumed(c->embedded, c->group, p->topic, p->partition, p->offset);
        return p->offset;
    }
    int64_t at = sl__embedded_position(c->embedded, c->group, p->topic, p->partition);
    if (at >= 0 || c->from_start) {
        return at >= 0 ? at : 0;
    }
    /* what is there already will not be read: it must not hold anybody */
    sl__embedded_consumed(c->embedded, c->group, p->topic, p->partition,
                          sl__embedded_end(c->embedded, p->topic, p->partition));
    return -1;
}

/* begin asks the task where to start, and starts there. */
static sl_error *begin(sl__consumer *c, rd_kafka_topic_partition_list_t *list) {
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_topic_partition *parts = make_parts(list, &arena);
    sl_error *err = parts ? NULL : sl_error_nomem();
    if (!err && c->events.assigned) {
        err = c->events.assigned(c->events.arg, parts, (size_t)list->cnt);
    }
    for (int i = 0; !err && i < list->cnt; i++) {
        if (parts[i].offset >= 0) {
            list->elems[i].offset = parts[i].offset;
        }
        if (!sl__part_list_add(&c->parts, parts[i].topic, parts[i].partition, expect_at(c, &parts[i]))) {
            err = sl_error_nomem();
        }
    }
    sl_arena_deinit(&arena);
    return err;
}

static void end(sl__consumer *c, const rd_kafka_topic_partition_list_t *list, bool lost) {
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_topic_partition *parts = make_parts(list, &arena);
    if (parts && c->events.revoked && list->cnt) {
        c->events.revoked(c->events.arg, parts, (size_t)list->cnt, lost);
    }
    for (int i = 0; i < list->cnt; i++) {
        sl__part_list_remove(&c->parts, list->elems[i].topic, list->elems[i].partition);
    }
    sl_arena_deinit(&arena);
}

static void log_result(const sl__consumer *c, rd_kafka_error_t *err, const char *what) {
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "group '%.*s': %s: %s", SL_STR_ARG(c->group), what,
                rd_kafka_error_string(err));
        rd_kafka_error_destroy(err);
    }
}

/* assign and unassign in the words of the protocol in use. */
static void assign(sl__consumer *c, const rd_kafka_topic_partition_list_t *list, bool cooperative) {
    if (cooperative) {
        log_result(c, rd_kafka_incremental_assign(c->rk, list), "assign");
        return;
    }
    rd_kafka_resp_err_t err = rd_kafka_assign(c->rk, list);
    log_result(c, err ? rd_kafka_error_new(err, "%s", rd_kafka_err2str(err)) : NULL, "assign");
}

static void unassign(sl__consumer *c, const rd_kafka_topic_partition_list_t *list, bool cooperative) {
    if (cooperative) {
        log_result(c, rd_kafka_incremental_unassign(c->rk, list), "unassign");
        return;
    }
    rd_kafka_resp_err_t err = rd_kafka_assign(c->rk, NULL);
    log_result(c, err ? rd_kafka_error_new(err, "%s", rd_kafka_err2str(err)) : NULL, "unassign");
}

static sl_error *pause_list(sl__consumer *c, rd_kafka_topic_partition_list_t *list, bool pause) {
    rd_kafka_resp_err_t err =
        pause ? rd_kafka_pause_partitions(c->rk, list) : rd_kafka_resume_partitions(c->rk, list);
    return err ? sl_error_new(SL_E_KAFKA, SL_FATAL, "cannot %s partitions: %s", pause ? "pause" : "resume",
                              rd_kafka_err2str(err))
               : NULL;
}

/* unpause: librdkafka keeps a partition paused beyond its assignment. Once it is assigned again it would be
 * read no more, for what is resumed meanwhile is only what is assigned. */
static void unpause(sl__consumer *c, rd_kafka_topic_partition_list_t *list) {
    if (c->paused && list->cnt) {
        sl_error_free(pause_list(c, list, false));
    }
}

void sl__consumer_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t *list,
                            void *opaque) {
    sl__consumer *c = opaque;
    const char *protocol = rd_kafka_rebalance_protocol(rk);
    bool cooperative = protocol && strcmp(protocol, "COOPERATIVE") == 0;
    sl_error *err = NULL;
    if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        err = begin(c, list);
        assign(c, list, cooperative);
        if (!err && c->paused && list->cnt) {
            err = pause_list(c, list, true);
        }
    } else if (what == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        end(c, list, rd_kafka_assignment_lost(rk));
        unpause(c, list);
        unassign(c, list, cooperative);
    } else {
        sl__log(SL_LOG_WARN, COMPONENT, "group '%.*s': rebalance: %s", SL_STR_ARG(c->group),
                rd_kafka_err2str(what));
        unassign(c, list, false);
    }
    if (err) {
        sl__consumer_fail(c, err);
    }
}

/* pause_all pauses or resumes whatever is assigned. */
static sl_error *pause_all(sl__consumer *c, bool pause) {
    rd_kafka_topic_partition_list_t *list = NULL;
    sl_error *err = NULL;
    c->paused = pause;
    rd_kafka_resp_err_t res = rd_kafka_assignment(c->rk, &list);
    if (res) {
        return sl_error_new(SL_E_KAFKA, SL_FATAL, "cannot see the assignment: %s", rd_kafka_err2str(res));
    }
    if (list->cnt) {
        err = pause_list(c, list, pause);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

sl_error *sl__consumer_pause(sl__consumer *c) {
    return pause_all(c, true);
}

sl_error *sl__consumer_resume(sl__consumer *c) {
    return pause_all(c, false);
}

sl_error *sl__consumer_seek(sl__consumer *c, const sl_topic_partition *part) {
    char *topic = sl_strdup(part->topic);
    if (!topic) {
        return sl_error_nomem();
    }
    sl_error *err = NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    sl__part *p = sl__part_list_find(&c->parts, topic, part->partition);
    rd_kafka_topic_partition_list_add(list, topic, part->partition)->offset = part->offset;
    rd_kafka_error_t *failed = p ? rd_kafka_seek_partitions(c->rk, list, SEEK_MS) : NULL;
    if (!p) {
        err = sl_error_new(SL_E_CONFLICT, SL_RETRIABLE, "cannot seek in '%s'-%d: it is not assigned any more",
                           topic, (int)part->partition);
    } else if (failed || list->elems[0].err) {
        err =
            sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "cannot seek in '%s'-%d: %s", topic, (int)part->partition,
                         failed ? rd_kafka_error_string(failed) : rd_kafka_err2str(list->elems[0].err));
    } else {
        p->next = part->offset;
    }
    rd_kafka_error_destroy(failed);
    rd_kafka_topic_partition_list_destroy(list);
    sl_free(topic);
    return err;
}

/* part_lag gives a partition's lag, -1 = unknown. */
static int64_t part_lag(const sl__consumer *c, const sl__part *p) {
    int64_t low = -1;
    int64_t high = -1;
    if (rd_kafka_get_watermark_offsets(c->rk, p->topic, p->partition, &low, &high) || high < 0) {
        return -1;
    }
    if (p->next >= 0) {
        return high > p->next ? high - p->next : 0;
    }
    /* the committed offset is librdkafka's secret; but what gives nothing although it is read has nothing to
     * give */
    return !c->paused && sl__now_ms() - p->since_ms > QUIET_MS ? 0 : -1;
}

int64_t sl__consumer_lag(sl__consumer *c) {
    int64_t sum = 0;
    for (size_t i = 0; i < c->parts.n; i++) {
        int64_t lag = part_lag(c, &c->parts.items[i]);
        if (lag < 0) {
            return -1;
        }
        sum += lag;
    }
    return sum;
}
