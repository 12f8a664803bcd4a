/*
 * producer.c - one shared producer: making it, sending, delivery reports.
 *
 * Threads: sending from any; one thread of its own serves delivery reports and, in the end, closes the
 * client. Memory: payloads are the sender's until their delivery is reported; topics live as long as the
 * producer.
 */
#include "kafka/producer_impl.h"

#include <sluice/record.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/delivery.h"
#include "kafka/embedded_hold.h"

#define COMPONENT "kafka"
#define DEFAULT_BATCH_SIZE (512 * 1024)
#define DEFAULT_MESSAGE_MAX "1048576" /* Java's max.request.size */
#define CLOSE_FLUSH_MS 5000
#define POLL_MS 60000   /* the thread is woken when there is anything to do */
#define LINGER_MS "100" /* requests fill up under load; whoever pauses says so (sl__producer_hurry) */
#define HURRY_MS 5      /* at most one in so many milliseconds */
#define HURRY_FLUSH_MS 5

struct sl__out_topic {
    sl__producer *producer;
    rd_kafka_topic_t *rkt;
    sl_str name; /* owned */
};

size_t sl__producer_batch_bound(const sl__client_config *conf, size_t batch_size) {
    int64_t given = 0;
    size_t bound = DEFAULT_BATCH_SIZE;
    if (sl_str_to_i64(sl__client_pair(conf, "batch.size"), &given) && given > 0) {
        bound = (size_t)given;
    }
    return batch_size && batch_size < bound ? batch_size : bound;
}

/* ---- delivery ---- */

static size_t header_bytes(const rd_kafka_message_t *m) {
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t size;
    size_t total = 0;
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return 0;
    }
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        total += strlen(name) + size + 8;
    }
    return total;
}

/* give_back_headers takes the headers off a message that is done. */
static void give_back_headers(const sl__delivery_target *t, const rd_kafka_message_t *m) {
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_detach_headers((rd_kafka_message_t *)(uintptr_t)m, &headers) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        sl__header_pool_give(t->pool, t->generation, headers);
    }
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque) {
    (void)rk;
    sl__producer *p = opaque;
    const sl__out_topic *topic = rd_kafka_topic_opaque(m->rkt);
    sl__delivery_target *target = m->_private;
    size_t bytes = m->len + m->key_len;
    sl__delivery d = {
        .err = m->err ? sl__delivery_error(m->err, topic->name, m->partition, bytes, p->message_max) : NULL,
        .topic = topic->name,
        .partition = m->partition,
        .offset = m->err || m->offset < 0 ? -1 : m->offset,
        .bytes = bytes,
    };
    if (p->embedded) {
        sl__embedded_stored(p->embedded, d.topic, d.partition, d.offset, bytes, header_bytes(m));
    }
    if (target->pool) {
        give_back_headers(target, m);
    }
    target->delivered(target, &d);
    sl_error_free(d.err);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    sl__producer *p = opaque;
    if (err != RD_KAFKA_RESP_ERR__FATAL) {
        /* outages are in librdkafka's own lines already */
        sl__log(sl__rk_is_outage((rd_kafka_resp_err_t)err) ? SL_LOG_DEBUG : SL_LOG_WARN, COMPONENT, "%s: %s",
                rd_kafka_name(rk), reason);
        return;
    }
    char text[512];
    rd_kafka_resp_err_t cause = rd_kafka_fatal_error(rk, text, sizeof text);
    sl__log(SL_LOG_ERROR, COMPONENT, "%s cannot go on and is replaced: %s: %s", rd_kafka_name(rk),
            rd_kafka_err2name(cause), text);
    atomic_store(&p->broken, true);
}

/* ---- its thread ---- */

/* close_client delivers what is queued, for a while, then reports the rest as purged. */
static void close_client(sl__producer *p) {
    int64_t until = sl__now_ms() + CLOSE_FLUSH_MS;
    while (rd_kafka_outq_len(p->rk) > 0 && sl__now_ms() < until && !atomic_load(&p->broken)) {
        rd_kafka_flush(p->rk, 200);
    }
    int left = rd_kafka_outq_len(p->rk);
    if (left > 0) {
        sl__log(SL_LOG_WARN, COMPONENT, "%s: %d messages were not delivered when it was closed",
                rd_kafka_name(p->rk), left);
    }
    while (rd_kafka_outq_len(p->rk) > 0) {
        rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(p->rk, 100);
    }
}

/* send_now makes the client's threads send what is queued: linger.ms does not count while rd_kafka_flush
 * runs. *due: when it may be done again. */
static void send_now(sl__producer *p, int64_t *due) {
    if (!atomic_load(&p->hurried) || sl__now_ms() < *due) {
        return;
    }
    atomic_store(&p->hurried, false);
    rd_kafka_flush(p->rk, HURRY_FLUSH_MS);
    *due = sl__now_ms() + HURRY_MS;
}

static int poll_ms(const sl__producer *p, int64_t due) {
    if (!atomic_load(&p->hurried)) {
        return POLL_MS;
    }
    int64_t left = due - sl__now_ms();
    return left > 0 ? (int)left : 0;
}

static void *serve(void *arg) {
    sl__producer *p = arg;
    bool purged = false;
    int64_t due = 0;
    while (!atomic_load(&p->closing)) {
        rd_kafka_poll(p->rk, poll_ms(p, due));
        send_now(p, &due);
        if (atomic_load(&p->broken) && !purged) {
            purged = true;
            rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                      RD_KAFKA_PURGE_F_NON_BLOCKING);
        }
    }
    close_client(p);
    atomic_store(&p->closed, true);
    return NULL;
}

void sl__producer_close(sl__producer *p) {
    atomic_store(&p->closing, true);
    rd_kafka_queue_yield(p->queue);
}

static void free_topic(void *value) {
    sl__out_topic *t = value;
    rd_kafka_topic_destroy(t->rkt);
    sl_free((char *)t->name.p);
    sl_free(t);
}

/* free_state frees all but the thread. */
static void free_state(sl__producer *p) {
    sl__map_deinit(&p->topics);
    if (p->queue) {
        rd_kafka_queue_destroy(p->queue);
    }
    if (p->rk) {
        rd_kafka_destroy(p->rk);
    }
    pthread_mutex_destroy(&p->lock);
    sl_free(p->key);
    sl_free(p);
}

void sl__producer_free(sl__producer *p) {
    pthread_join(p->thread, NULL);
    free_state(p);
}

void sl__producer_discard(sl__producer *p) {
    atomic_store(&p->broken, true); /* nothing of it is to get through */
    close_client(p);
    free_state(p);
}

/* ---- making it ---- */

/* set_transaction: without a message timeout of its own a record has as long as its transaction. */
static sl_error *set_transaction(rd_kafka_conf_t *rk, const sl__producer_txn *txn) {
    char timeout[16];
    if (!txn) {
        return sl__rk_set(rk, "message.timeout.ms", "0");
    }
    snprintf(timeout, sizeof timeout, "%d", (int)txn->timeout_ms);
    if (txn->timeout_ms > 0) {
        SL_TRY(sl__rk_set(rk, "transaction.timeout.ms", timeout));
    }
    return sl__rk_set(rk, "transactional.id", txn->id);
}

static sl_error *make_client(sl__producer *p, const sl__client_config *conf, const sl__producer_txn *txn) {
    static const sl__rk_setting defaults[] = {
        {"linger.ms", LINGER_MS},
        {"compression.type",
         "lz4"}, /* less CPU here and at the broker than the bytes it saves: see tests/bench */
        {"batch.num.messages", "10000"},
        {"message.max.bytes", DEFAULT_MESSAGE_MAX},
        {"queue.buffering.max.messages", "2147483647"},
        {"queue.buffering.max.kbytes", "2147483647"},
        {NULL, NULL},
    };
    char size[24];
    snprintf(size, sizeof size, "%zu", p->batch_size);
    const sl__rk_setting forced[] = {
        {"enable.idempotence", "true"},          {"acks", "all"},      {"partitioner", "murmur2_random"},
        {"delivery.report.only.error", "false"}, {"batch.size", size}, {NULL, NULL},
    };
    rd_kafka_conf_t *rk;
    SL_TRY(sl__rk_conf_new(conf, defaults, forced, p->embedded, p, &rk));
    sl_error *err = set_transaction(rk, txn);
    if (err) {
        rd_kafka_conf_destroy(rk);
        return err;
    }
    rd_kafka_conf_set_dr_msg_cb(rk, on_delivery);
    rd_kafka_conf_set_error_cb(rk, on_error);
    return sl__rk_new(RD_KAFKA_PRODUCER, rk, &p->rk);
}

static bool lingers(const sl__client_config *conf) {
    return sl__client_pair(conf, "linger.ms").n > 0 || sl__client_pair(conf, "queue.buffering.max.ms").n > 0;
}

static int message_max(const sl__client_config *conf) {
    int64_t given = 0;
    bool set = sl_str_to_i64(sl__client_pair(conf, "message.max.bytes"), &given);
    sl_str_to_i64(set ? SL_STR_NONE : SL_STR(DEFAULT_MESSAGE_MAX), &given);
    return (int)given;
}

static sl__producer *alloc_producer(void) {
    sl__producer *p = sl_calloc(1, sizeof(*p));
    if (!p) {
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    sl__map_init(&p->topics, free_topic);
    return p;
}

sl_error *sl__producer_open(struct sl__embedded *embedded, const sl__client_config *conf, size_t batch_size,
                            const sl__producer_txn *txn, sl__producer **out) {
    sl__producer *p = alloc_producer();
    if (!p) {
        return sl_error_nomem();
    }
    p->embedded = embedded;
    p->batch_size = sl__producer_batch_bound(conf, batch_size);
    p->message_max = message_max(conf);
    p->lingers = lingers(conf);
    sl_error *err = make_client(p, conf, txn);
    if (!err && !(p->queue = rd_kafka_queue_get_main(p->rk))) {
        err = sl_error_nomem();
    }
    if (!err && !txn && pthread_create(&p->thread, NULL, serve, p) != 0) {
        err = sl_error_new(SL_E_INTERNAL, SL_RETRIABLE, "cannot start a producer's thread");
    }
    if (err) {
        free_state(p);
        return err;
    }
    *out = p;
    return NULL;
}

size_t sl__producer_batch_size(const sl__producer *p) {
    return p->batch_size;
}

bool sl__producer_broken(const sl__producer *p) {
    return atomic_load(&((sl__producer *)p)->broken);
}

/* ---- sending ---- */

/* make_topic makes the handle; lock held. */
static sl_error *make_topic(sl__producer *p, sl_str name, sl__out_topic **out) {
    sl__out_topic *t = sl_calloc(1, sizeof(*t));
    char *copy = sl_strdup(name);
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(p->rk);
    if (!t || !copy || !conf) {
        goto nomem;
    }
    rd_kafka_topic_conf_set_opaque(conf, t);
    t->producer = p;
    t->name = sl_str_make(copy, name.n);
    t->rkt = rd_kafka_topic_new(p->rk, copy, conf);
    if (!t->rkt) {
        sl_error *err = sl_error_new(SL_E_KAFKA, SL_USER, "topic '%s' cannot be used: %s", copy,
                                     rd_kafka_err2str(rd_kafka_last_error()));
        sl_free(copy);
        sl_free(t);
        return err;
    }
    if (!sl__map_put(&p->topics, name, t)) {
        free_topic(t);
        return sl_error_nomem();
    }
    *out = t;
    return NULL;
nomem:
    if (conf) {
        rd_kafka_topic_conf_destroy(conf);
    }
    sl_free(copy);
    sl_free(t);
    return sl_error_nomem();
}

sl_error *sl__producer_topic(sl__producer *p, sl_str name, sl__out_topic **out) {
    sl_error *err = NULL;
    pthread_mutex_lock(&p->lock);
    *out = sl__map_get(&p->topics, name);
    if (!*out) {
        err = make_topic(p, name, out);
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

/* queue_message gives librdkafka's answer; headers are taken over only when it is success. */
static rd_kafka_resp_err_t queue_message(sl__producer *p, const sl__out_message *m,
                                         rd_kafka_headers_t *headers, void *opaque) {
    rd_kafka_vu_t parts[7] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = m->topic->rkt},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = m->partition < 0 ? RD_KAFKA_PARTITION_UA : m->partition},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)m->payload.p, m->payload.n}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)m->key.p, m->key.n}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = opaque},
    };
    size_t n = 5;
    if (m->timestamp != SL_NO_TIMESTAMP) {
        parts[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
        parts[n++].u.i64 = m->timestamp;
    }
    if (headers) {
        parts[n].vtype = RD_KAFKA_VTYPE_HEADERS;
        parts[n++].u.headers = headers;
    }
    rd_kafka_error_t *err = rd_kafka_produceva(p->rk, parts, n);
    rd_kafka_resp_err_t code = rd_kafka_error_code(err);
    rd_kafka_error_destroy(err);
    return code;
}

static sl_error *headers_of(const sl__out_message *m, const sl__delivery_target *target,
                            rd_kafka_headers_t **headers) {
    if (target->pool) {
        return sl__header_pool_take(target->pool, headers);
    }
    return m->nheaders ? sl__header_list_make(m->headers, m->nheaders, headers) : NULL;
}

sl__send sl__producer_send(sl__producer *p, const sl__out_message *m, sl__delivery_target *target,
                           sl_error **err) {
    rd_kafka_headers_t *headers = NULL;
    *err = headers_of(m, target, &headers);
    if (*err) {
        return SL_SEND_FAILED;
    }
    rd_kafka_resp_err_t code = queue_message(p, m, headers, target);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return SL_SEND_OK;
    }
    if (headers) {
        rd_kafka_headers_destroy(headers);
    }
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return SL_SEND_FULL;
    }
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        atomic_store(&p->broken, true);
    }
    *err = sl__delivery_error(code, m->topic->name, m->partition, m->key.n + m->payload.n, p->message_max);
    return SL_SEND_FAILED;
}

void sl__producer_hurry(sl__producer *p) {
    if (!p->lingers && !atomic_exchange(&p->hurried, true)) {
        rd_kafka_queue_yield(p->queue);
    }
}
