/*
 * transaction.c - see transaction.h.
 *
 * Memory: the records of sl__txn_write are copied and kept until the transaction is over: their deliveries
 * may outlast a wait.
 */
#include "kafka/transaction.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sluice/record.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pack.h"
#include "kafka/producer_impl.h"

#define COMPONENT "kafka"
#define DEFAULT_TIMEOUT_MS 60000 /* Java's transaction.timeout.ms */
#define CLOSE_ABORT_MS 1000
#define SLICE_MS 1000

/* How an open transaction is being ended. */
typedef enum ending { ENDING_NOT, ENDING_COMMIT, ENDING_ABORT } ending;

struct sl__txn {
    sl__producer *producer;
    sl_arena arena;
    sl_str id;
    sl__txn_condition condition;
    ending ending;
    int fd;
    char *held;                /* what sl__txn_write sends */
    sl__delivery_target whole; /* of what sl__txn_write sends */
    int64_t written;           /* the highest offset of it; -1 = not known */
};

/* ---- errors ---- */

static const char *const condition_names[] = {
    [SL_TXN_NEW] = "new",     [SL_TXN_READY] = "ready",   [SL_TXN_OPEN] = "open",
    [SL_TXN_ABORT] = "abort", [SL_TXN_FENCED] = "fenced", [SL_TXN_BROKEN] = "broken",
};

static void change(sl__txn *t, sl__txn_condition to) {
    if (to == SL_TXN_READY || to == SL_TXN_FENCED || to == SL_TXN_BROKEN) {
        t->ending = ENDING_NOT;
    }
    if (to == SL_TXN_FENCED || to == SL_TXN_BROKEN) {
        sl__log(SL_LOG_DEBUG, COMPONENT, "transactional id '%.*s': %s", SL_STR_ARG(t->id),
                condition_names[to]);
    }
    t->condition = to;
}

static bool is_fenced(rd_kafka_resp_err_t code) {
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

static sl_error *fenced_error(const sl__txn *t) {
    return sl_error_new(SL_E_CONFLICT, SL_FATAL,
                        "transactional id '%.*s' is used by a newer producer: this one is fenced",
                        SL_STR_ARG(t->id));
}

static sl_error *fatal_error(sl__txn *t, rd_kafka_resp_err_t code, const char *what, const char *text) {
    sl_error *err = sl__rk_acl_error(code, "Write", SL_STR_NONE, SL_STR_NONE);
    if (err) {
        return sl_error_wrap(err, "transactional id '%.*s'", SL_STR_ARG(t->id));
    }
    if (code == RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "transactional id '%.*s': transaction.timeout.ms is larger than the brokers' "
                            "transaction.max.timeout.ms: lower it",
                            SL_STR_ARG(t->id));
    }
    return sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "transactional id '%.*s': cannot %s: %s (%s)",
                        SL_STR_ARG(t->id), what, text, rd_kafka_err2name(code));
}

/* judge turns librdkafka's answer into the condition and an error; takes e over. ok: the condition after
   success. */
static sl_error *judge(sl__txn *t, rd_kafka_error_t *e, const char *what, sl__txn_condition ok) {
    if (!e) {
        change(t, ok);
        return NULL;
    }
    char text[256];
    rd_kafka_resp_err_t code = rd_kafka_error_code(e);
    bool abort_it = rd_kafka_error_txn_requires_abort(e);
    bool again = rd_kafka_error_is_retriable(e) || code == RD_KAFKA_RESP_ERR__TIMED_OUT;
    snprintf(text, sizeof text, "%s", rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    if (is_fenced(code) && !abort_it) {
        change(t, SL_TXN_FENCED);
        return fenced_error(t);
    }
    if (abort_it) {
        t->ending = ENDING_NOT;
        change(t, SL_TXN_ABORT);
        return sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "transactional id '%.*s': cannot %s: %s",
                            SL_STR_ARG(t->id), what, text);
    }
    if (again) {
        return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE, "transactional id '%.*s': cannot %s yet: %s",
                            SL_STR_ARG(t->id), what, text);
    }
    change(t, SL_TXN_BROKEN);
    return fatal_error(t, code, what, text);
}

/* expect refuses a call that the condition does not allow. */
static sl_error *expect(const sl__txn *t, bool allowed, const char *what) {
    if (t->condition == SL_TXN_FENCED) {
        return fenced_error(t);
    }
    return allowed ? NULL
                   : sl_error_new(SL_E_INTERNAL, SL_BUG, "transactional id '%.*s': cannot %s while it is %s",
                                  SL_STR_ARG(t->id), what, condition_names[t->condition]);
}

/* ---- life ---- */

/* on_whole: a delivery that failed makes the commit fail. */
static void on_whole(sl__delivery_target *target, const sl__delivery *d) {
    sl__txn *t = (sl__txn *)((char *)target - offsetof(sl__txn, whole));
    t->written = d->offset > t->written ? d->offset : t->written;
}

static int32_t timeout_of(const sl__txn_spec *spec) {
    if (spec->timeout_ms > 0) {
        return spec->timeout_ms;
    }
    return sl__client_pair(spec->conf, "transaction.timeout.ms").p ? 0 : DEFAULT_TIMEOUT_MS;
}

static sl_error *open_producer(sl__kafka *k, const sl__txn_spec *spec, sl__txn *t) {
    sl__producer_txn txn = {t->id.p, timeout_of(spec)};
    SL_TRY(sl__producer_open(sl__kafka_embedded(k), spec->conf, spec->batch_size, &txn, &t->producer));
    t->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (t->fd < 0) {
        return sl_error_new(SL_E_INTERNAL, SL_RETRIABLE, "cannot make an event descriptor");
    }
    uint64_t one = 1;
    rd_kafka_queue_io_event_enable(t->producer->queue, t->fd, &one, sizeof one);
    return NULL;
}

sl_error *sl__txn_open(sl__kafka *k, const sl__txn_spec *spec, sl__txn **out) {
    sl__txn *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->fd = -1;
    t->whole.delivered = on_whole;
    sl_arena_init(&t->arena, 256);
    t->id = sl_arena_str(&t->arena, spec->id);
    sl_error *err = t->id.p ? open_producer(k, spec, t) : sl_error_nomem();
    if (err) {
        sl__txn_close(t);
        return err;
    }
    *out = t;
    return NULL;
}

void sl__txn_close(sl__txn *t) {
    if (!t) {
        return;
    }
    if (t->producer && (t->condition == SL_TXN_OPEN || t->condition == SL_TXN_ABORT)) {
        sl_error_free(t->ending == ENDING_COMMIT ? NULL : sl__txn_abort(t, CLOSE_ABORT_MS));
    }
    if (t->producer) {
        rd_kafka_queue_io_event_enable(t->producer->queue, -1, NULL, 0);
        sl__producer_discard(t->producer);
    }
    if (t->fd >= 0) {
        close(t->fd);
    }
    sl_free(t->held);
    sl_arena_deinit(&t->arena);
    sl_free(t);
}

sl__txn_condition sl__txn_condition_of(const sl__txn *t) {
    return t->condition;
}

sl__producer *sl__txn_producer(sl__txn *t) {
    return t->producer;
}

int sl__txn_fd(const sl__txn *t) {
    return t->fd;
}

void sl__txn_poll(sl__txn *t) {
    uint64_t count;
    while (read(t->fd, &count, sizeof count) > 0) {
    }
    while (rd_kafka_poll(t->producer->rk, 0) > 0) {
    }
}

/* ---- transactions ---- */

sl_error *sl__txn_init(sl__txn *t, int timeout_ms) {
    SL_TRY(expect(t, t->condition == SL_TXN_NEW, "initialise"));
    return judge(t, rd_kafka_init_transactions(t->producer->rk, timeout_ms), "initialise", SL_TXN_READY);
}

sl_error *sl__txn_begin(sl__txn *t) {
    SL_TRY(expect(t, t->condition == SL_TXN_READY, "begin a transaction"));
    sl_free(t->held);
    t->held = NULL;
    return judge(t, rd_kafka_begin_transaction(t->producer->rk), "begin a transaction", SL_TXN_OPEN);
}

sl_error *sl__txn_commit(sl__txn *t, int timeout_ms) {
    SL_TRY(expect(t, t->condition == SL_TXN_OPEN && t->ending != ENDING_ABORT, "commit"));
    t->ending = ENDING_COMMIT;
    return judge(t, rd_kafka_commit_transaction(t->producer->rk, timeout_ms), "commit", SL_TXN_READY);
}

sl_error *sl__txn_abort(sl__txn *t, int timeout_ms) {
    SL_TRY(expect(t,
                  (t->condition == SL_TXN_OPEN || t->condition == SL_TXN_ABORT) && t->ending != ENDING_COMMIT,
                  "abort"));
    t->ending = ENDING_ABORT;
    return judge(t, rd_kafka_abort_transaction(t->producer->rk, timeout_ms), "abort", SL_TXN_READY);
}

sl_error *sl__txn_settle(sl__txn *t, int timeout_ms) {
    if (t->condition != SL_TXN_OPEN && t->condition != SL_TXN_ABORT) {
        return expect(t, false, "end a transaction");
    }
    if (t->ending == ENDING_COMMIT) {
        return sl__txn_commit(t, timeout_ms);
    }
    SL_TRY(sl__txn_abort(t, timeout_ms));
    return sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "transactional id '%.*s': the transaction was aborted",
                        SL_STR_ARG(t->id));
}

sl_error *sl__txn_fenced(sl__txn *t) {
    char text[256];
    if (t->condition != SL_TXN_FENCED &&
        is_fenced(rd_kafka_fatal_error(t->producer->rk, text, sizeof text))) {
        change(t, SL_TXN_FENCED);
    }
    return t->condition == SL_TXN_FENCED ? fenced_error(t) : NULL;
}

/* ---- a whole transaction ---- */

static sl_error *send_record(sl__txn *t, const sl__txn_record *r, char **at) {
    sl__out_message m = {.partition = -1, .timestamp = SL_NO_TIMESTAMP};
    sl_error *err = NULL;
    SL_TRY(sl__producer_topic(t->producer, r->topic, &m.topic));
    *at = sl__str_pack(*at, r->key, &m.key);
    *at = sl__str_pack(*at, r->value, &m.payload);
    if (sl__producer_send(t->producer, &m, &t->whole, &err) == SL_SEND_FULL) {
        err = sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "transactional id '%.*s': the queue is full",
                           SL_STR_ARG(t->id));
    }
    return err;
}

static sl_error *send_all(sl__txn *t, const sl__txn_record *records, size_t n) {
    size_t size = 1;
    for (size_t i = 0; i < n; i++) {
        size += records[i].key.n + records[i].value.n;
    }
    char *at = t->held = sl_alloc(size);
    sl_error *err = at ? NULL : sl_error_nomem();
    for (size_t i = 0; !err && i < n; i++) {
        err = send_record(t, &records[i], &at);
    }
    return err;
}

static int left_of(int64_t until_ms) {
    int64_t left = until_ms - sl__now_ms();
    return left < 1 ? 1 : (int)left;
}

sl_error *sl__txn_write(sl__txn *t, const sl__txn_record *records, size_t n, int timeout_ms) {
    int64_t until = sl__now_ms() + timeout_ms;
    SL_TRY(sl__txn_begin(t));
    t->written = -1;
    sl_error *err = send_all(t, records, n);
    err = err ? err : sl__txn_commit(t, left_of(until));
    if (err && (t->condition == SL_TXN_OPEN || t->condition == SL_TXN_ABORT) && t->ending == ENDING_NOT) {
        sl_error *late = sl__txn_abort(t, left_of(until));
        if (late && late->code == SL_E_TIMEOUT) {
            sl_error_free(err);
            return late;
        }
        sl_error_free(late);
    }
    return err;
}

int64_t sl__txn_written(const sl__txn *t) {
    return t->written;
}

/* ---- ids that others have ---- */

/* goes_on tells whether a call that timed out is to be continued; frees the error if so. */
static bool goes_on(sl_error *err, int64_t until, const atomic_bool *stop) {
    if (!err || err->code != SL_E_TIMEOUT || sl__now_ms() >= until || atomic_load(stop)) {
        return false;
    }
    sl_error_free(err);
    return true;
}

/* take opens and initialises an id. On error there is nothing to close. */
static sl_error *take(sl__kafka *k, const sl__client_config *conf, sl_str id, int64_t until,
                      const atomic_bool *stop, sl__txn **out) {
    const sl__txn_spec spec = {.conf = conf, .id = id};
    SL_TRY(sl__txn_open(k, &spec, out));
    sl_error *err = sl__txn_init(*out, SLICE_MS);
    while (goes_on(err, until, stop)) {
        err = sl__txn_init(*out, SLICE_MS);
    }
    if (err) {
        sl__txn_close(*out);
    }
    return err;
}

sl_error *sl__txn_fence(sl__kafka *k, const sl__client_config *conf, const sl_str *ids, size_t n,
                        int timeout_ms, const atomic_bool *stop) {
    int64_t until = sl__now_ms() + timeout_ms;
    for (size_t i = 0; i < n; i++) {
        sl__txn *t;
        SL_TRY(take(k, conf, ids[i], until, stop, &t));
        sl__txn_close(t);
    }
    return NULL;
}

sl_error *sl__txn_write_as(sl__kafka *k, const sl__client_config *conf, sl_str id,
                           const sl__txn_record *records, size_t n, int timeout_ms, const atomic_bool *stop) {
    int64_t until = sl__now_ms() + timeout_ms;
    sl__txn *t;
    SL_TRY(take(k, conf, id, until, stop, &t));
    sl_error *err = sl__txn_write(t, records, n, SLICE_MS);
    while (goes_on(err, until, stop)) {
        err = sl__txn_settle(t, SLICE_MS);
    }
    sl__txn_close(t);
    return err;
}
