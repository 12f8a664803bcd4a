/*
 * consumer.c - a consumer's life and its messages.
 *
 * Threads: the task's; librdkafka writes to the descriptor from its own. Memory: messages are librdkafka's
 * until released.
 */
#include "kafka/consumer_impl.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sluice/record.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/kafka.h"

#define COMPONENT "kafka"
#define REGEX_INTERVAL_MS 30000
#define CLOSE_MS 3000    /* for leaving the group, and what revoked() does besides */
#define QUEUE_KB "16384" /* fetched ahead of a task */
#define WAKE_MS 1        /* the answer does not matter */
#define ROW(key, value)                                                                                      \
    { key, value }
#define READ_AHEAD                                                                                           \
    ROW("auto.offset.reset", "earliest"), ROW("queued.max.messages.kbytes", QUEUE_KB),                       \
        ROW("queued.min.messages", "1000000"), ROW("fetch.max.bytes", "8388608")
#if RD_KAFKA_VERSION < 0x020200ff
#define QUEUE_SLEEPS /* see keep_fetching */
#define FETCH_AHEAD READ_AHEAD
#else
#define FETCH_AHEAD READ_AHEAD, ROW("fetch.queue.backoff.ms", "10")
#endif
#define LEAVE_US 50000 /* the request to leave must get out, or the mock cluster counts the member on */

/* ---- errors that come instead of messages ---- */

void sl__consumer_fail(sl__consumer *c, sl_error *err) {
    uint64_t one = 1;
    pthread_mutex_lock(&c->lock);
    if (c->failure) {
        sl_error_free(err);
    } else {
        c->failure = err;
    }
    pthread_mutex_unlock(&c->lock);
    (void)!write(c->fd, &one, sizeof one);
}

static sl_error *take_failure(sl__consumer *c) {
    pthread_mutex_lock(&c->lock);
    sl_error *err = c->failure;
    c->failure = NULL;
    pthread_mutex_unlock(&c->lock);
    return err;
}

static sl_error *fatal_error(const sl__consumer *c) {
    char text[512];
    rd_kafka_resp_err_t cause = rd_kafka_fatal_error(c->rk, text, sizeof text);
    return sl_error_new(SL_E_KAFKA, SL_FATAL, "the consumer of group '%.*s' cannot go on: %s: %s",
                        SL_STR_ARG(c->group), rd_kafka_err2name(cause), text);
}

/* group_error: what the group coordinator refuses for good; NULL = nothing of the kind. */
static sl_error *group_error(const sl__consumer *c, rd_kafka_resp_err_t err) {
    const char *advice =
        err == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL
            ? "its members use another protocol or assignment strategy: stop them, set "
              "consumer.override.partition.assignment.strategy to theirs, or take another group.id"
        : err == RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT
            ? "session.timeout.ms is outside the broker's group.min.session.timeout.ms and "
              "group.max.session.timeout.ms"
        : err == RD_KAFKA_RESP_ERR_INVALID_GROUP_ID ? "choose another group.id"
                                                    : NULL;
    return advice ? sl_error_new(SL_E_CONFIG, SL_FATAL, "cannot join group '%.*s': %s", SL_STR_ARG(c->group),
                                 advice)
                  : NULL;
}

/* event_error gives the error that an event means for the task, NULL = none: it was logged or needs nothing.
 */
static sl_error *event_error(const sl__consumer *c, const rd_kafka_message_t *m) {
    sl_str topic = sl_str_of(m->rkt ? rd_kafka_topic_name(m->rkt) : "");
    sl_error *err = sl__rk_acl_error(m->err, "Read", topic, c->group);
    err = err ? err : group_error(c, m->err);
    if (err) {
        return err;
    }
    switch (m->err) {
    case RD_KAFKA_RESP_ERR__FATAL:
        return fatal_error(c);
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return sl_error_new(
            SL_E_KAFKA, SL_FATAL,
            "'%.*s'-%d: %s: set the group's offsets, or consumer.override.auto.offset.reset to earliest or "
            "latest",
            SL_STR_ARG(topic), (int)m->partition, rd_kafka_message_errstr(m));
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
        return sl_error_at(
            sl_error_new(SL_E_DATA, SL_FATAL, "a damaged message: %s", rd_kafka_message_errstr(m)), topic,
            m->partition, m->offset);
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        return NULL;
    default:
        sl__log(sl__rk_is_outage(m->err) ? SL_LOG_DEBUG : SL_LOG_WARN, COMPONENT, "group '%.*s': %s",
                SL_STR_ARG(c->group), rd_kafka_message_errstr(m));
        return NULL;
    }
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    const sl__consumer *c = opaque;
    (void)rk;
    sl__log(sl__rk_is_outage((rd_kafka_resp_err_t)err) ? SL_LOG_DEBUG : SL_LOG_WARN, COMPONENT,
            "group '%.*s': %s", SL_STR_ARG(c->group), reason);
}

/* ---- messages ---- */

static sl_error *gap_error(const sl__consumer *c, const rd_kafka_message_t *m, const sl__part *p) {
    return sl_error_at(
        sl_error_new(SL_E_KAFKA, SL_FATAL,
                     "the embedded broker has dropped records %lld to %lld of '%s'-%d, which group '%.*s' "
                     "has not read: it "
                     "keeps 5 MB a partition. Make the sink before the source, set "
                     "consumer.override.auto.offset.reset=latest to do without them, or use a Kafka cluster",
                     (long long)p->next, (long long)m->offset - 1, p->topic, (int)p->partition,
                     SL_STR_ARG(c->group)),
        sl_str_make(p->topic, p->topic_n), p->partition, m->offset);
}

/* take_message checks a message against the assignment; false: it is not ours (any more). */
static bool take_message(sl__consumer *c, const rd_kafka_message_t *m, sl__in_message *msg, sl_error **err) {
    const char *topic = rd_kafka_topic_name(m->rkt);
    rd_kafka_timestamp_type_t type;
    sl__part *p = sl__part_list_find(&c->parts, topic, m->partition);
    if (!p) {
        return false;
    }
    if (c->embedded && p->next >= 0 && m->offset > p->next) {
        *err = gap_error(c, m, p);
        return false;
    }
    p->next = m->offset + 1;
    int64_t timestamp = rd_kafka_message_timestamp(m, &type);
    *msg = (sl__in_message){
        .handle = (void *)m,
        .topic = sl_str_make(topic, p->topic_n),
        .partition = m->partition,
        .offset = m->offset,
        .timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? SL_NO_TIMESTAMP : timestamp,
        .key = sl_str_make(m->key, m->key ? m->key_len : 0),
        .payload = sl_str_make(m->payload, m->payload ? m->len : 0),
    };
    return true;
}

/* keep_fetching wakes the thread of the partition's broker once half of the queue has been taken: a
 * librdkafka that found its queue full looks again only after a second, or when anything is asked of that
 * broker. */
static void keep_fetching(sl__consumer *c, const rd_kafka_message_t *m) {
#ifdef QUEUE_SLEEPS
    c->taken += m->len + m->key_len;
    if (c->taken < c->queue_bytes / 2) {
        return;
    }
    c->taken = 0;
    rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(asked, rd_kafka_topic_name(m->rkt), m->partition)->offset =
        RD_KAFKA_OFFSET_END;
    (void)rd_kafka_offsets_for_times(c->rk, asked, WAKE_MS);
    rd_kafka_topic_partition_list_destroy(asked);
#else
    (void)c;
    (void)m;
#endif
}

sl_error *sl__consumer_poll(sl__consumer *c, sl__in_message *msg, bool *got) {
    bool emptied = false;
    *got = false;
    for (;;) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(c->rk, 0);
        sl_error *err = take_failure(c);
        if (!m && !err && emptied) {
            return NULL;
        }
        if (m && !err) {
            *got = m->err ? false : take_message(c, m, msg, &err);
            err = m->err ? event_error(c, m) : err;
        }
        if (*got) {
            keep_fetching(c, m);
            return NULL;
        }
        if (m) {
            rd_kafka_message_destroy(m);
        } else if (!err) {
            /* emptied before the last look: what comes later makes the descriptor readable again */
            uint64_t count;
            emptied = true;
            (void)!read(c->fd, &count, sizeof count);
        }
        if (err) {
            return err;
        }
    }
}

int sl__consumer_fd(const sl__consumer *c) {
    return c->fd;
}

void sl__message_release(void *handle) {
    if (handle) {
        rd_kafka_message_destroy(handle);
    }
}

sl_error *sl__message_headers(const sl__in_message *msg, sl_arena *arena, sl_str **names, sl_str **values,
                              size_t *n) {
    rd_kafka_headers_t *headers = NULL;
    *names = *values = NULL;
    *n = 0;
    rd_kafka_resp_err_t res = rd_kafka_message_headers(msg->handle, &headers);
    if (res == RD_KAFKA_RESP_ERR__NOENT) {
        return NULL;
    }
    if (res) {
        return sl_error_at(sl_error_new(SL_E_DATA, SL_USER, "the message's headers cannot be read: %s",
                                        rd_kafka_err2str(res)),
                           msg->topic, msg->partition, msg->offset);
    }
    size_t count = rd_kafka_header_cnt(headers);
    *names = sl_arena_alloc(arena, count * sizeof(sl_str));
    *values = sl_arena_alloc(arena, count * sizeof(sl_str));
    for (size_t i = 0; *names && *values && i < count; i++) {
        const char *name = NULL;
        const void *value = NULL;
        size_t size = 0;
        rd_kafka_header_get_all(headers, i, &name, &value, &size);
        (*names)[i] = sl_str_of(name);
        (*values)[i] = sl_str_make(value, value ? size : 0);
    }
    *n = count;
    return arena->failed ? sl_error_nomem() : NULL;
}

/* ---- opening and closing ---- */

static size_t queue_bytes(const sl__client_config *conf) {
    int64_t given = 0;
    if (!sl_str_to_i64(sl__client_pair(conf, "queued.max.messages.kbytes"), &given) || given <= 0) {
        (void)sl_str_to_i64(SL_STR(QUEUE_KB), &given);
    }
    return (size_t)given * 1024;
}

static sl_error *make_client(sl__consumer *c, const sl__client_config *conf) {
    static const sl__rk_setting usual[] = {
        FETCH_AHEAD,
        {"topic.metadata.refresh.interval.ms", "10000"}, /* a topic that comes later is seen so soon */
        {NULL, NULL},
    };
    static const sl__rk_setting embedded[] = {
        FETCH_AHEAD,
        {"topic.metadata.refresh.interval.ms", "1000"},
        {"session.timeout.ms",
         "4000"}, /* its rebalances take nearly so long; the first join takes 3 s, and must not be longer */
        {"heartbeat.interval.ms", "500"},
        {"fetch.wait.max.ms", "50"}, /* the mock cluster answers only when this is over */
        {NULL, NULL},
    };
    const sl__rk_setting forced[] = {
        {"group.id", c->group.p},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *rk;
    SL_TRY(sl__rk_conf_new(conf, c->embedded ? embedded : usual, forced, c->embedded, c, &rk));
    rd_kafka_conf_set_rebalance_cb(rk, sl__consumer_rebalance);
    rd_kafka_conf_set_offset_commit_cb(rk, sl__consumer_committed);
    rd_kafka_conf_set_error_cb(rk, on_error);
    SL_TRY(sl__rk_new(RD_KAFKA_CONSUMER, rk, &c->rk));
    rd_kafka_poll_set_consumer(c->rk);
    return NULL;
}

static sl_error *watch_queue(sl__consumer *c) {
    static const uint64_t one = 1;
    c->queue = rd_kafka_queue_get_consumer(c->rk);
    if (!c->queue) {
        return sl_error_new(SL_E_INTERNAL, SL_FATAL, "the consumer has no queue");
    }
    rd_kafka_queue_io_event_enable(c->queue, c->fd, &one, sizeof one);
    return NULL;
}

static void subscription_failed(void *arg, sl_error *err) {
    sl__consumer_fail(arg, err);
}

/* A source waits for what this group has not committed: the task must come and see sl__consumer_commit_due.
 */
static void held(sl__hold_notice *n) {
    uint64_t one = 1;
    sl__consumer *c = (sl__consumer *)((char *)n - offsetof(sl__consumer, notice));
    (void)!write(c->fd, &one, sizeof one);
}

static void made(sl__hold_notice *n, sl_str topic) {
    sl__consumer *c = (sl__consumer *)((char *)n - offsetof(sl__consumer, notice));
    sl__subscription_made(c->subscription, topic);
}

bool sl__consumer_commit_due(sl__consumer *c) {
    return c->embedded && sl__embedded_holding(c->embedded, c->group);
}

static sl_error *copy_topics(const sl_str_list *topics, sl_arena *arena, sl_str_list *out) {
    out->n = topics->n;
    out->items = sl_arena_zalloc(arena, topics->n * sizeof(sl_str) + 1);
    for (size_t i = 0; out->items && i < topics->n; i++) {
        out->items[i] = sl_arena_str(arena, topics->items[i]);
    }
    return arena->failed ? sl_error_nomem() : NULL;
}

static sl_error *open_subscription(sl__consumer *c, const sl__consumer_spec *spec) {
    sl_str_list topics;
    int64_t interval = REGEX_INTERVAL_MS;
    SL_TRY(copy_topics(&spec->topics, &c->arena, &topics));
    sl_str_to_i64(sl__client_pair(spec->conf, "topic.metadata.refresh.interval.ms"), &interval);
    sl__subscription_spec s = {
        .rk = c->rk,
        .embedded = c->embedded,
        .group = c->group,
        .topics = &topics,
        .regex = sl_arena_str(&c->arena, spec->regex),
        .interval_ms = interval > 0 ? interval : REGEX_INTERVAL_MS,
        .failed = subscription_failed,
        .arg = c,
    };
    SL_TRY(sl__subscription_open(&s, &c->subscription));
    if (c->embedded) {
        c->notice = (sl__hold_notice){.held = held, .made = made};
        sl__embedded_listen(c->embedded, &c->notice);
    }
    return NULL;
}

static sl_error *check_spec(const sl__consumer_spec *spec, sl_str group) {
    if (!group.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "a consumer needs a group.id");
    }
    if ((spec->regex.n > 0) == (spec->topics.n > 0)) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "a sink needs either topics or topics.regex");
    }
    return NULL;
}

static sl_error *open_parts(sl__consumer *c, const sl__consumer_spec *spec) {
    sl_str group = sl__client_pair(spec->conf, "group.id");
    sl_str reset = sl__client_pair(spec->conf, "auto.offset.reset");
    group = group.n ? group : spec->group;
    SL_TRY(check_spec(spec, group));
    c->group = sl_arena_str(&c->arena, group);
    c->events = spec->events;
    c->from_start = !reset.n || sl_str_eqz(reset, "earliest") || sl_str_eqz(reset, "smallest") ||
                    sl_str_eqz(reset, "beginning");
    if (c->arena.failed) {
        return sl_error_nomem();
    }
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->fd < 0) {
        return sl_error_new(SL_E_IO, SL_RETRIABLE, "cannot make a descriptor for a consumer: %s",
                            strerror(errno));
    }
    SL_TRY(make_client(c, spec->conf));
    c->queue_bytes = queue_bytes(spec->conf);
    SL_TRY(watch_queue(c));
    return open_subscription(c, spec);
}

sl_error *sl__consumer_open(struct sl__kafka *k, const sl__consumer_spec *spec, sl__consumer **out) {
    sl__consumer *c = sl_calloc(1, sizeof(*c));
    if (!c) {
        return sl_error_nomem();
    }
    c->fd = -1;
    c->embedded = sl__kafka_embedded(k);
    sl_arena_init(&c->arena, 0);
    pthread_mutex_init(&c->lock, NULL);
    sl_error *err = open_parts(c, spec);
    if (err) {
        sl__consumer_close(c);
        return err;
    }
    *out = c;
    return NULL;
}

/* leave_group leaves, serving the last rebalance (revoked). An unreachable coordinator is not waited for
   long: the group finds out by itself. False: it took too long. */
static bool leave_group(sl__consumer *c) {
    rd_kafka_queue_t *events = rd_kafka_queue_new(c->rk);
    rd_kafka_error_t *err = rd_kafka_consumer_close_queue(c->rk, events);
    int64_t until = sl__now_ms() + CLOSE_MS;
    while (!err && !rd_kafka_consumer_closed(c->rk) && sl__now_ms() < until) {
        /* serves callbacks; may also give what was fetched before, which is read again by whoever is next */
        sl__message_release(rd_kafka_consume_queue(events, 50));
    }
    bool closed = !err && rd_kafka_consumer_closed(c->rk);
    rd_kafka_error_destroy(err);
    rd_kafka_queue_destroy(events);
    if (closed && c->embedded) {
        usleep(LEAVE_US);
    }
    return closed;
}

static void *destroy_client(void *rk) {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return NULL;
}

/* destroy_apart frees a client on a thread of its own: with a commit that still waits for the coordinator
   librdkafka lets go only after session.timeout.ms. Nothing of ours is called by it any more. */
static void destroy_apart(rd_kafka_t *rk) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, destroy_client, rk) == 0) {
        pthread_detach(thread);
    } else {
        destroy_client(rk);
    }
}

static void close_client(sl__consumer *c) {
    bool closed = c->rk && leave_group(c);
    if (c->queue) {
        rd_kafka_queue_io_event_enable(c->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(c->queue);
    }
    if (!c->rk) {
        return;
    }
    if (closed) {
        rd_kafka_destroy(c->rk);
    } else {
        destroy_apart(c->rk);
    }
}

void sl__consumer_close(sl__consumer *c) {
    if (!c) {
        return;
    }
    if (c->embedded && c->notice.held) {
        sl__embedded_unlisten(c->embedded, &c->notice);
    }
    sl__subscription_stop(c->subscription);
    close_client(c);
    sl__subscription_free(c->subscription);
    if (c->fd >= 0) {
        close(c->fd);
    }
    sl__part_list_deinit(&c->parts);
    sl_error_free(c->failure);
    pthread_mutex_destroy(&c->lock);
    sl_arena_deinit(&c->arena);
    sl_free(c);
}
