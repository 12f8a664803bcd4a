/*
 * topic_log.c - see topic_log.h.
 *
 * Reading uses the simple consumer: no group, each partition from its start into one queue. Where the reader
 * stands in a partition is the offset behind the last message, or that of the last "end of partition" event,
 * which also tells when only control records were left.
 *
 * Who waits for the end is served in rounds: all that have asked share one look at the end offsets, and are
 * done together when the reader has passed them. Who waits for an offset that is known needs no look.
 *
 * Memory: an append has its own block until its delivery is reported.
 */
#include "kafka/topic_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include <sluice/record.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pack.h"
#include "kafka/topic_check.h"

#define COMPONENT "kafka"
#define POLL_MS 1000
#define AGAIN_MS 500
#define LEADERS_MS 1000
#define AT_ONCE 1000     /* records between two looks at who waits */
#define FETCH_WAIT "250" /* how late the end behind control records may be noticed */

struct sl__topic_log {
    sl__kafka *kafka;
    sl_arena arena; /* what is copied of the spec */
    sl__log_spec spec;
    sl__client_config consumer_conf, producer_conf, admin_conf;
    pthread_t thread;
    atomic_bool closing;
    atomic_int npartitions; /* 0 = not known yet */

    /* the thread's own */
    sl__topic_admin *admin;
    rd_kafka_t *rk;
    rd_kafka_topic_t *rkt;
    int64_t *positions;
    int64_t *targets; /* of the round */
    bool targets_known;
    int64_t look_at_ms; /* when to look at the end offsets again */

    pthread_mutex_t lock;
    pthread_cond_t changed;  /* closing */
    sl__log_wait *asked;     /* for the next round */
    sl__log_wait *round;     /* of the present one */
    sl__log_wait *behind;    /* for offsets */
    rd_kafka_queue_t *queue; /* set once; to wake the thread */
    sl_error *failure;       /* set once */

    pthread_mutex_t append_lock;
    sl__producer *producer;
    sl__out_topic *out;
};

/* ---- waiting for the end ---- */

/* finish calls the waits of a list. */
static void finish(sl__log_wait *list, const sl_error *err) {
    while (list) {
        sl__log_wait *w = list;
        list = w->next;
        w->done(w, err);
    }
}

sl_error *sl__error_copy(const sl_error *err) {
    char text[1024];
    return sl_error_new(err->code, err->cls, "%s", sl_error_text(err, text, sizeof text));
}

/* wait_in puts a wait into one of the log's lists and wakes the reader. */
static void wait_in(sl__topic_log *l, sl__log_wait **list, sl__log_wait *w) {
    sl_error *failure = NULL;
    pthread_mutex_lock(&l->lock);
    if (l->failure) {
        failure = sl__error_copy(l->failure);
    } else {
        w->next = *list;
        *list = w;
        if (l->queue) {
            rd_kafka_queue_yield(l->queue);
        }
    }
    pthread_mutex_unlock(&l->lock);
    if (failure) {
        w->done(w, failure);
        sl_error_free(failure);
    }
}

void sl__topic_log_end(sl__topic_log *l, sl__log_wait *w) {
    wait_in(l, &l->asked, w);
}

void sl__topic_log_behind(sl__topic_log *l, int32_t partition, int64_t offset, sl__log_wait *w) {
    w->partition = partition;
    w->offset = offset;
    wait_in(l, &l->behind, w);
}

static bool unlink_wait(sl__log_wait **list, const sl__log_wait *w) {
    for (; *list; list = &(*list)->next) {
        if (*list == w) {
            *list = w->next;
            return true;
        }
    }
    return false;
}

bool sl__topic_log_forget(sl__topic_log *l, sl__log_wait *w) {
    pthread_mutex_lock(&l->lock);
    bool found = unlink_wait(&l->asked, w) || unlink_wait(&l->round, w) || unlink_wait(&l->behind, w);
    pthread_mutex_unlock(&l->lock);
    return found;
}

/* begin_round moves those who ask into a new round when there is none. False: there is no round. */
static bool begin_round(sl__topic_log *l) {
    pthread_mutex_lock(&l->lock);
    if (!l->round && l->asked) {
        l->round = l->asked;
        l->asked = NULL;
        l->targets_known = false;
    }
    bool there = l->round != NULL;
    pthread_mutex_unlock(&l->lock);
    return there;
}

static bool passed(const sl__topic_log *l) {
    for (int32_t i = 0; i < l->npartitions; i++) {
        if (l->positions[i] < l->targets[i]) {
            return false;
        }
    }
    return true;
}

static bool look_at_end(sl__topic_log *l) {
    int64_t now = sl__now_ms();
    if (l->look_at_ms > now) {
        return false;
    }
    if (sl__topic_admin_ends(l->admin, l->spec.topic.p, l->npartitions, l->targets)) {
        l->look_at_ms = 0;
        return true;
    }
    sl__log(SL_LOG_DEBUG, COMPONENT, "the end of topic '%.*s' is not known, asking again: %s",
            SL_STR_ARG(l->spec.topic), sl__topic_admin_trouble(l->admin));
    l->look_at_ms = sl__now_ms() + AGAIN_MS;
    return false;
}

/* serve_behind ends the waits for offsets that were read. */
static void serve_behind(sl__topic_log *l) {
    sl__log_wait *over = NULL;
    pthread_mutex_lock(&l->lock);
    for (sl__log_wait **at = &l->behind; *at;) {
        sl__log_wait *w = *at;
        if (w->partition < l->npartitions && l->positions[w->partition] > w->offset) {
            *at = w->next;
            w->next = over;
            over = w;
        } else {
            at = &w->next;
        }
    }
    pthread_mutex_unlock(&l->lock);
    finish(over, NULL);
}

/* serve_waits ends rounds for which enough was read. Gives how long the thread may wait for records. */
static int serve_waits(sl__topic_log *l) {
    serve_behind(l);
    while (begin_round(l)) {
        if (!l->targets_known && !(l->targets_known = look_at_end(l))) {
            return AGAIN_MS;
        }
        if (!passed(l)) {
            break;
        }
        pthread_mutex_lock(&l->lock);
        sl__log_wait *list = l->round;
        l->round = NULL;
        pthread_mutex_unlock(&l->lock);
        finish(list, NULL);
    }
    return POLL_MS;
}

/* ---- reading ---- */

/* fail_log notes why the log cannot go on, tells the owner and everybody who waits. Takes err over. */
static void fail_log(sl__topic_log *l, sl_error *err) {
    pthread_mutex_lock(&l->lock);
    l->failure = err;
    sl__log_wait *asked = l->asked, *round = l->round, *behind = l->behind;
    l->asked = l->round = l->behind = NULL;
    pthread_mutex_unlock(&l->lock);
    if (l->spec.failed && !atomic_load(&l->closing)) {
        l->spec.failed(l->spec.arg, err);
    }
    finish(round, err);
    finish(asked, err);
    finish(behind, err);
}

static void take_message(sl__topic_log *l, const rd_kafka_message_t *m) {
    rd_kafka_timestamp_type_t kind;
    int64_t at = rd_kafka_message_timestamp(m, &kind);
    sl__log_record r = {
        .key = sl_str_make(m->key, m->key_len),
        .value = m->payload ? sl_str_make(m->payload, m->len) : SL_STR_NONE,
        .partition = m->partition,
        .offset = m->offset,
        .timestamp = kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? SL_NO_TIMESTAMP : at,
    };
    l->spec.record(l->spec.arg, &r);
}

/* take handles what the reader's queue gave. An error ends the log. */
static sl_error *take(sl__topic_log *l, const rd_kafka_message_t *m) {
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        take_message(l, m);
        l->positions[m->partition] = m->offset + 1;
        return NULL;
    }
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (m->offset > l->positions[m->partition]) {
            l->positions[m->partition] = m->offset;
        }
        return NULL;
    }
    sl_error *acl = sl__rk_acl_error(m->err, "Read", l->spec.topic, SL_STR_NONE);
    if (!acl && !sl__rk_is_outage(m->err)) {
        sl__log(SL_LOG_WARN, COMPONENT, "reading topic '%.*s': %s", SL_STR_ARG(l->spec.topic),
                rd_kafka_message_errstr(m));
    }
    return acl;
}

static void read_on(sl__topic_log *l) {
    sl_error *err = NULL;
    while (!err && !atomic_load(&l->closing)) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(l->queue, serve_waits(l));
        rd_kafka_poll(l->rk, 0);
        for (int i = 0; m && !err && !atomic_load(&l->closing); i++) {
            err = take(l, m);
            rd_kafka_message_destroy(m);
            m = err || i == AT_ONCE ? NULL : rd_kafka_consume_queue(l->queue, 0);
        }
        if (m) {
            rd_kafka_message_destroy(m);
        }
    }
    if (err) {
        fail_log(l, err);
    }
}

/* ---- beginning ---- */

/* pause_log is the check's pause. */
static bool pause_log(void *arg, int ms) {
    sl__topic_log *l = arg;
    struct timespec until = sl__deadline_in(ms);
    pthread_mutex_lock(&l->lock);
    while (!atomic_load(&l->closing) && pthread_cond_timedwait(&l->changed, &l->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&l->lock);
    return atomic_load(&l->closing);
}

static sl_error *check_topic(sl__topic_log *l, int32_t *partitions) {
    sl__embedded *e = sl__kafka_embedded(l->kafka);
    if (e) {
        *partitions = l->spec.partitions > 0 ? l->spec.partitions : 1;
        return sl__embedded_topic(e, l->spec.topic, *partitions);
    }
    sl__topic_check c = {
        .topic = l->spec.topic,
        .setting = l->spec.setting,
        .partitions = l->spec.partitions,
        .partitions_max = l->spec.partitions_max,
        .replication_factor = l->spec.replication_factor,
        .configs = l->spec.configs,
        .pause = pause_log,
        .arg = l,
    };
    return sl__topic_check_run(&c, l->admin, partitions);
}

static sl_error *make_reader(sl__topic_log *l) {
    static const sl__rk_setting defaults[] = {{"fetch.wait.max.ms", FETCH_WAIT}, {NULL, NULL}};
    static const sl__rk_setting forced[] = {
        {"enable.partition.eof", "true"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "earliest"},
        {"allow.auto.create.topics", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    SL_TRY(sl__rk_conf_new(&l->consumer_conf, defaults, forced, sl__kafka_embedded(l->kafka), l, &conf));
    return sl__rk_new(RD_KAFKA_CONSUMER, conf, &l->rk);
}

/* make_topic: without a group nothing may be committed. Set for the client this would be warned about. */
static rd_kafka_topic_t *make_topic(sl__topic_log *l) {
    char problem[256];
    rd_kafka_topic_conf_t *conf = rd_kafka_default_topic_conf_dup(l->rk);
    if (conf) {
        rd_kafka_topic_conf_set(conf, "auto.commit.enable", "false", problem, sizeof problem);
    }
    return rd_kafka_topic_new(l->rk, l->spec.topic.p, conf);
}

/* learn_leaders: a partition that is started before its leader is known begins half a second later. */
static void learn_leaders(sl__topic_log *l) {
    const struct rd_kafka_metadata *md = NULL;
    if (!rd_kafka_metadata(l->rk, 0, l->rkt, &md, LEADERS_MS)) {
        rd_kafka_metadata_destroy(md);
    }
}

static sl_error *start_partitions(sl__topic_log *l, int32_t n) {
    l->positions = sl_calloc((size_t)n, sizeof(*l->positions));
    l->targets = sl_calloc((size_t)n, sizeof(*l->targets));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(l->rk);
    l->rkt = make_topic(l);
    if (!l->positions || !l->targets || !queue || !l->rkt) {
        return sl_error_nomem();
    }
    pthread_mutex_lock(&l->lock);
    l->queue = queue;
    pthread_mutex_unlock(&l->lock);
    atomic_store(&l->npartitions, n);
    learn_leaders(l);
    for (int32_t i = 0; i < n; i++) {
        if (rd_kafka_consume_start_queue(l->rkt, i, RD_KAFKA_OFFSET_BEGINNING, queue) != 0) {
            return sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "cannot read partition %d of topic '%.*s': %s",
                                (int)i, SL_STR_ARG(l->spec.topic), rd_kafka_err2str(rd_kafka_last_error()));
        }
    }
    return NULL;
}

static void *run(void *arg) {
    sl__topic_log *l = arg;
    int32_t n = 0;
    sl_error *err = check_topic(l, &n);
    err = err ? err : start_partitions(l, n);
    if (err) {
        fail_log(l, err);
    } else {
        read_on(l);
    }
    return NULL;
}

/* ---- appending ---- */

typedef struct append {
    sl__delivery_target target; /* first */
    sl__append_done done;
    void *arg;
    char bytes[];
} append;

static void appended(sl__delivery_target *target, const sl__delivery *d) {
    append *a = (append *)target;
    if (a->done) {
        a->done(a->arg, d->err);
    } else if (d->err) {
        sl__log(SL_LOG_WARN, COMPONENT, "a record was not written: %s", d->err->message);
    }
    sl_free(a);
}

/* usable gives a producer that works, with the topic's handle. append_lock held. */
static sl_error *usable(sl__topic_log *l) {
    if (l->producer && !sl__producer_broken(l->producer)) {
        return NULL;
    }
    sl__producer_release(l->producer);
    l->producer = NULL;
    SL_TRY(sl__producers_get(sl__kafka_producers(l->kafka), &l->producer_conf, 0, &l->producer));
    return sl__producer_topic(l->producer, l->spec.topic, &l->out);
}

static sl_error *send_append(sl__topic_log *l, append *a, sl__out_message *m) {
    sl_error *err = NULL;
    pthread_mutex_lock(&l->append_lock);
    err = usable(l);
    if (!err) {
        m->topic = l->out;
        if (sl__producer_send(l->producer, m, &a->target, &err) == SL_SEND_FULL) {
            err = sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "too much waits to be written to topic '%.*s'",
                               SL_STR_ARG(l->spec.topic));
        }
        sl__producer_hurry(l->producer);
    }
    pthread_mutex_unlock(&l->append_lock);
    return err;
}

sl_error *sl__topic_log_append(sl__topic_log *l, sl_str key, sl_str value, sl__append_done done, void *arg) {
    if (!l->spec.producer) {
        return sl_error_new(SL_E_INTERNAL, SL_BUG, "topic '%.*s' is only read here",
                            SL_STR_ARG(l->spec.topic));
    }
    append *a = sl_calloc(1, sizeof(*a) + key.n + value.n + 1);
    if (!a) {
        return sl_error_nomem();
    }
    sl__out_message m = {.partition = -1, .timestamp = SL_NO_TIMESTAMP};
    *a = (append){.target = {appended}, .done = done, .arg = arg};
    sl__str_pack(sl__str_pack(a->bytes, key, &m.key), value, &m.payload);
    sl_error *err = send_append(l, a, &m);
    if (err) {
        sl_free(a);
    }
    return err;
}

/* ---- waiting in the caller's thread ---- */

typedef struct sync {
    sl__log_wait wait; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool over;
    sl_error *err;
} sync_wait;

static void synced(sl__log_wait *w, const sl_error *err) {
    sync_wait *s = (sync_wait *)w;
    pthread_mutex_lock(&s->lock);
    s->over = true;
    s->err = err ? sl__error_copy(err) : NULL;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

sl_error *sl__topic_log_sync(sl__topic_log *l, int timeout_ms) {
    sync_wait s = {.wait = {.done = synced}};
    struct timespec until = sl__deadline_in(timeout_ms);
    pthread_mutex_init(&s.lock, NULL);
    sl__cond_init(&s.changed);
    sl__topic_log_end(l, &s.wait);
    bool late = false;
    pthread_mutex_lock(&s.lock);
    while (!s.over && !late) {
        late = pthread_cond_timedwait(&s.changed, &s.lock, &until) == ETIMEDOUT;
    }
    pthread_mutex_unlock(&s.lock);
    late = late && sl__topic_log_forget(l, &s.wait);
    pthread_mutex_lock(&s.lock);
    while (!late && !s.over) { /* it is just being done */
        pthread_cond_wait(&s.changed, &s.lock);
    }
    pthread_mutex_unlock(&s.lock);
    pthread_cond_destroy(&s.changed);
    pthread_mutex_destroy(&s.lock);
    if (late) {
        return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE, "topic '%.*s' was not read to its end within %d ms",
                            SL_STR_ARG(l->spec.topic), timeout_ms);
    }
    return s.err;
}

/* ---- life ---- */

static sl_error *copy_configs(sl__topic_log *l, const sl_config *from, const sl_config **out) {
    sl_config *to = sl_arena_zalloc(&l->arena, sizeof(*to));
    sl_config_entry *entries = sl_arena_zalloc(&l->arena, (from->n + 1) * sizeof(*entries));
    if (!to || !entries) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < from->n; i++) {
        entries[i].key = sl_arena_str(&l->arena, from->entries[i].key);
        entries[i].value = sl_arena_str(&l->arena, from->entries[i].value);
    }
    *to = (sl_config){entries, from->n};
    *out = to;
    return NULL;
}

static sl_error *copy_spec(sl__topic_log *l, const sl__log_spec *spec) {
    l->spec = *spec;
    l->spec.topic = sl_arena_str(&l->arena, spec->topic);
    SL_TRY(sl__client_copy(spec->consumer, &l->arena, &l->consumer_conf));
    SL_TRY(sl__client_copy(spec->admin, &l->arena, &l->admin_conf));
    if (spec->producer) {
        SL_TRY(sl__client_copy(spec->producer, &l->arena, &l->producer_conf));
    }
    if (spec->configs) {
        SL_TRY(copy_configs(l, spec->configs, &l->spec.configs));
    }
    return l->arena.failed ? sl_error_nomem() : NULL;
}

static void free_log(sl__topic_log *l) {
    if (l->rkt) {
        for (int32_t i = 0; i < l->npartitions; i++) {
            rd_kafka_consume_stop(l->rkt, i);
        }
        rd_kafka_topic_destroy(l->rkt);
    }
    if (l->queue) {
        rd_kafka_queue_destroy(l->queue);
    }
    if (l->rk) {
        rd_kafka_destroy(l->rk);
    }
    sl__topic_admin_close(l->admin);
    sl__producer_release(l->producer);
    sl_error_free(l->failure);
    sl_free(l->positions);
    sl_free(l->targets);
    pthread_mutex_destroy(&l->append_lock);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
    sl_arena_deinit(&l->arena);
    sl_free(l);
}

sl_error *sl__topic_log_open(sl__kafka *k, const sl__log_spec *spec, sl__topic_log **out) {
    sl__topic_log *l = sl_calloc(1, sizeof(*l));
    if (!l) {
        return sl_error_nomem();
    }
    l->kafka = k;
    sl_arena_init(&l->arena, 0);
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->append_lock, NULL);
    sl__cond_init(&l->changed);
    sl_error *err = copy_spec(l, spec);
    err = err ? err : sl__topic_admin_open(&l->admin_conf, sl__kafka_embedded(k), &l->admin);
    err = err ? err : make_reader(l);
    if (!err && pthread_create(&l->thread, NULL, run, l) != 0) {
        err = sl_error_new(SL_E_INTERNAL, SL_RETRIABLE, "cannot start the thread that reads topic '%.*s'",
                           SL_STR_ARG(spec->topic));
    }
    if (err) {
        free_log(l);
        return sl_error_wrap(err, "topic '%.*s' (%s)", SL_STR_ARG(spec->topic), spec->setting);
    }
    *out = l;
    return NULL;
}

void sl__topic_log_close(sl__topic_log *l) {
    if (!l) {
        return;
    }
    pthread_mutex_lock(&l->lock);
    atomic_store(&l->closing, true);
    pthread_cond_broadcast(&l->changed);
    if (l->queue) {
        rd_kafka_queue_yield(l->queue);
    }
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    if (!l->failure) {
        fail_log(l, sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "topic '%.*s' is being closed",
                                 SL_STR_ARG(l->spec.topic)));
    }
    free_log(l);
}

sl_str sl__topic_log_name(const sl__topic_log *l) {
    return l->spec.topic;
}
