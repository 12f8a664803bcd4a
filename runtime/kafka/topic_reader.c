/*
 * topic_reader.c - see topic_reader.h.
 *
 * An append's message is shared by the caller and the delivery: a caller that gives up leaves it behind.
 */
#include "kafka/topic_reader.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include <sluice/record.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pack.h"
#include "kafka/client.h"

#define COMPONENT "kafka"

struct sl__topic_reader {
    rd_kafka_t *rk;
    char topic[256];
    char group[256]; /* "" = none */
    int32_t partition;
};

/* ---- reading ---- */

static sl_error *too_long(const char *what) {
    return sl_error_new(SL_E_CONFIG, SL_USER, "the name of a %s is too long: expected at most 249 characters",
                        what);
}

static sl_error *assign(sl__topic_reader *r, int64_t from) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->topic, r->partition)->offset = from >= 0 ? from
                                                                              : *r->group
                                                                                  ? RD_KAFKA_OFFSET_STORED
                                                                                  : RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t err = rd_kafka_assign(r->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return err ? sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "cannot read topic '%s': %s", r->topic,
                              rd_kafka_err2str(err))
               : NULL;
}

static sl_error *start(sl__topic_reader *r, sl__kafka *k, const sl__client_config *conf, int64_t from) {
    const sl__rk_setting defaults[] = {{"auto.offset.reset", "earliest"}, {NULL, NULL}};
    const sl__rk_setting forced[] = {{"group.id", *r->group ? r->group : "sluice-topic-reader"},
                                     {"enable.auto.commit", "false"},
                                     {"enable.partition.eof", "false"},
                                     {NULL, NULL}};
    rd_kafka_conf_t *rk;
    SL_TRY(sl__rk_conf_new(conf, defaults, forced, k ? sl__kafka_embedded(k) : NULL, r, &rk));
    SL_TRY(sl__rk_new(RD_KAFKA_CONSUMER, rk, &r->rk));
    rd_kafka_poll_set_consumer(r->rk);
    return assign(r, from);
}

sl_error *sl__topic_reader_open(sl__kafka *k, const sl__client_config *conf, sl_str topic, int32_t partition,
                                sl_str group, int64_t from, sl__topic_reader **out) {
    sl__topic_reader *r = sl_calloc(1, sizeof *r);
    *out = NULL;
    if (!r) {
        return sl_error_nomem();
    }
    r->partition = partition;
    sl_error *err = topic.n >= sizeof r->topic   ? too_long("topic")
                    : group.n >= sizeof r->group ? too_long("group")
                                                 : NULL;
    if (!err) {
        memcpy(r->topic, topic.p, topic.n);
        memcpy(r->group, group.p ? group.p : "", group.n);
        err = start(r, k, conf, from);
    }
    if (err) {
        sl__topic_reader_close(r);
        return err;
    }
    *out = r;
    return NULL;
}

void sl__topic_reader_close(sl__topic_reader *r) {
    if (!r) {
        return;
    }
    if (r->rk) {
        rd_kafka_consumer_close(r->rk);
        rd_kafka_destroy(r->rk);
    }
    sl_free(r);
}

static sl_str copy(sl_arena *a, const void *p, size_t n) {
    return p ? sl_arena_str(a, sl_str_make(p, n)) : SL_STR_NONE;
}

static sl_error *take(sl__topic_reader *r, const rd_kafka_message_t *in, sl_arena *arena, sl_topic_message *m,
                      bool *got) {
    sl_str topic = sl_str_of(r->topic);
    if (in->err) {
        sl_error *err = sl__rk_acl_error(in->err, "Read", topic, sl_str_of(r->group));
        if (!err) { /* also: there is no such topic yet */
            sl__log(SL_LOG_DEBUG, COMPONENT, "topic '%s': %s", r->topic, rd_kafka_message_errstr(in));
        }
        return err;
    }
    rd_kafka_timestamp_type_t type;
    int64_t ts = rd_kafka_message_timestamp(in, &type);
    *m = (sl_topic_message){.key = copy(arena, in->key, in->key_len),
                            .value = copy(arena, in->payload, in->len),
                            .offset = in->offset,
                            .timestamp = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? SL_NO_TIMESTAMP : ts};
    *got = true;
    return arena->failed ? sl_error_nomem() : NULL;
}

sl_error *sl__topic_reader_next(sl__topic_reader *r, int timeout_ms, sl_arena *arena, sl_topic_message *m,
                                bool *got) {
    *got = false;
    rd_kafka_message_t *in = rd_kafka_consumer_poll(r->rk, timeout_ms);
    if (!in) {
        return NULL;
    }
    sl_error *err = take(r, in, arena, m, got);
    rd_kafka_message_destroy(in);
    return err;
}

sl_error *sl__topic_reader_end(sl__topic_reader *r, int timeout_ms, int64_t *end) {
    int64_t low = 0;
    rd_kafka_resp_err_t err =
        rd_kafka_query_watermark_offsets(r->rk, r->topic, r->partition, &low, end, timeout_ms);
    if (!err) {
        return NULL;
    }
    sl_error *acl = sl__rk_acl_error(err, "Read", sl_str_of(r->topic), sl_str_of(r->group));
    return acl ? acl
               : sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "the end of topic '%s' is not known: %s", r->topic,
                              rd_kafka_err2str(err));
}

sl_error *sl__topic_reader_commit(sl__topic_reader *r, int64_t next) {
    if (!*r->group) {
        return sl_error_new(SL_E_INTERNAL, SL_BUG, "topic '%s' is read without a group: nothing to commit to",
                            r->topic);
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->topic, r->partition)->offset = next;
    rd_kafka_resp_err_t err = rd_kafka_commit(r->rk, list, 1);
    rd_kafka_topic_partition_list_destroy(list);
    return err ? sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "topic '%s': group '%s' cannot commit: %s", r->topic,
                              r->group, rd_kafka_err2str(err))
               : NULL;
}

/* ---- appending ---- */

typedef struct append {
    sl__delivery_target target; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool done, abandoned;
    sl_error *err;
    char bytes[];
} append;

static void append_free(append *a) {
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
    sl_error_free(a->err);
    sl_free(a);
}

static void delivered(sl__delivery_target *t, const sl__delivery *d) {
    append *a = (append *)t;
    pthread_mutex_lock(&a->lock);
    a->done = true;
    a->err = d->err ? sl_error_new(d->err->code, d->err->cls, "%s", d->err->message) : NULL;
    bool abandoned = a->abandoned;
    pthread_cond_signal(&a->changed);
    pthread_mutex_unlock(&a->lock);
    if (abandoned) {
        append_free(a);
    }
}

static append *append_new(sl_str key, sl_str value, sl__out_message *m) {
    append *a = sl_calloc(1, sizeof *a + key.n + value.n + 1);
    if (!a) {
        return NULL;
    }
    sl__cond_init(&a->changed);
    pthread_mutex_init(&a->lock, NULL);
    a->target.delivered = delivered;
    sl__str_pack(sl__str_pack(a->bytes, key, &m->key), value, &m->payload);
    return a;
}

/* append_wait gives how it ended, and frees a, now or with its delivery. */
static sl_error *append_wait(append *a, sl_str topic, int timeout_ms) {
    struct timespec until = sl__deadline_in(timeout_ms);
    bool late = false;
    pthread_mutex_lock(&a->lock);
    while (!a->done && !late) {
        late = pthread_cond_timedwait(&a->changed, &a->lock, &until) == ETIMEDOUT;
    }
    if (!a->done) {
        a->abandoned = true;
        pthread_mutex_unlock(&a->lock);
        return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE,
                            "a record for topic '%.*s' was not acknowledged within %d ms", SL_STR_ARG(topic),
                            timeout_ms);
    }
    sl_error *err = a->err;
    a->err = NULL;
    pthread_mutex_unlock(&a->lock);
    append_free(a);
    return err;
}

sl_error *sl__topic_append(sl__kafka *k, const sl__client_config *conf, sl_str topic, int32_t partition,
                           sl_str key, sl_str value, int timeout_ms) {
    sl__producer *p = NULL;
    sl__out_message m = {.partition = partition, .timestamp = SL_NO_TIMESTAMP};
    SL_TRY(sl__producers_get(sl__kafka_producers(k), conf, 0, &p));
    sl_error *err = sl__producer_topic(p, topic, &m.topic);
    append *a = err ? NULL : append_new(key, value, &m);
    if (!err && !a) {
        err = sl_error_nomem();
    }
    if (!err) {
        sl__send sent = sl__producer_send(p, &m, &a->target, &err);
        if (sent == SL_SEND_OK) {
            sl__producer_hurry(p);
            err = append_wait(a, topic, timeout_ms);
        } else {
            append_free(a);
            err = sent == SL_SEND_FAILED
                      ? err
                      : sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "topic '%.*s': too much is waiting to be sent",
                                     SL_STR_ARG(topic));
        }
    }
    sl__producer_release(p);
    return err;
}
