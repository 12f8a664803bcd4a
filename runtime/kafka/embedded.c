/*
 * embedded.c - the mock cluster, and holding sources back so that it drops nothing that a sink still needs.
 *
 * Threads: any; one lock. One thread wakes held sources and forgets readers that stay away.
 * Memory: waiters and notices are their owners', linked while they wait.
 */
#include "kafka/embedded_hold.h"

#include <pthread.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "kafka/hold.h"

#define COMPONENT "kafka"
#define AWAY_MS 60000 /* a group whose last consumer left counts for so long: it may be restarting */
#define PRESSING (SL__HOLD_LIMIT / 2)

struct sl__embedded {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    pthread_t thread;
    bool started;

    pthread_mutex_t notice_lock; /* the list of notices, also while made() is called; taken before lock */
    pthread_mutex_t lock;        /* all below, and the list of notices */
    pthread_cond_t work;
    pthread_cond_t called;
    sl__map topics; /* names that were made -> int, how many partitions */
    sl__hold_table table;
    sl__hold_waiter *waiting;
    sl__hold_waiter *due;     /* to be woken */
    sl__hold_waiter *calling; /* being woken now */
    sl__hold_notice *notices;
    bool stopping;
};

/* ---- the cluster ---- */

static sl_error *start_cluster(sl__embedded *e) {
    const sl__client_config none = {0};
    const sl__rk_setting quiet[] = {{"client.id", "sluice-embedded"}, {"log_level", "4"}, {NULL, NULL}};
    rd_kafka_conf_t *conf;
    SL_TRY(sl__rk_conf_new(&none, NULL, quiet, NULL, NULL, &conf));
    SL_TRY(sl__rk_new(RD_KAFKA_PRODUCER, conf, &e->rk));
    e->cluster = rd_kafka_mock_cluster_new(e->rk, 1);
    if (!e->cluster) {
        return sl_error_new(
            SL_E_NETWORK, SL_FATAL,
            "the embedded broker cannot listen on 127.0.0.1: use a Kafka cluster, set bootstrap.servers");
    }
#if RD_KAFKA_VERSION >= 0x02060000
    rd_kafka_mock_group_initial_rebalance_delay_ms(e->cluster, 100);
#endif
    return NULL;
}

const char *sl__embedded_servers(const sl__embedded *e) {
    return rd_kafka_mock_cluster_bootstraps(e->cluster);
}

/* tell_made lets consumers by regular expression become readers before there is anything to lose. */
static void tell_made(sl__embedded *e, sl_str name) {
    pthread_mutex_lock(&e->notice_lock);
    for (sl__hold_notice *n = e->notices; n; n = n->next) {
        n->made(n, name);
    }
    pthread_mutex_unlock(&e->notice_lock);
}

/* make_topic makes it in the cluster; the lock is not held, for the cluster's thread answers. */
static sl_error *make_topic(sl__embedded *e, sl_str name, int partitions) {
    char *copy = sl_strdup(name);
    if (!copy) {
        return sl_error_nomem();
    }
    rd_kafka_resp_err_t err =
        rd_kafka_mock_topic_create(e->cluster, copy, partitions < 1 ? 1 : partitions, 1);
    sl_free(copy);
    if (err && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        return sl_error_new(SL_E_KAFKA, SL_FATAL, "the embedded broker cannot make topic '%.*s': %s",
                            SL_STR_ARG(name), rd_kafka_err2str(err));
    }
    return NULL;
}

sl_error *sl__embedded_set_leader(sl__embedded *e, sl_str topic, int32_t partition, bool leader) {
    char *name = sl_strdup(topic);
    if (!name) {
        return sl_error_nomem();
    }
    rd_kafka_resp_err_t err =
        rd_kafka_mock_partition_set_leader(e->cluster, name, partition, leader ? 1 : -1);
    sl_free(name);
    return err ? sl_error_new(SL_E_KAFKA, SL_BUG, "the embedded broker has no partition %.*s-%d",
                              SL_STR_ARG(topic), partition)
               : NULL;
}

sl_error *sl__embedded_topic(sl__embedded *e, sl_str name, int partitions) {
    if (sl__embedded_has_topic(e, name)) {
        return NULL;
    }
    SL_TRY(make_topic(e, name, partitions));
    int *made = sl_alloc(sizeof(*made));
    if (!made) {
        return sl_error_nomem();
    }
    *made = partitions < 1 ? 1 : partitions;
    pthread_mutex_lock(&e->lock);
    bool ok = sl__map_put(&e->topics, name, made);
    pthread_mutex_unlock(&e->lock);
    if (!ok) {
        sl_free(made);
        return sl_error_nomem();
    }
    tell_made(e, name);
    return NULL;
}

int sl__embedded_partitions(sl__embedded *e, sl_str name) {
    pthread_mutex_lock(&e->lock);
    const int *made = sl__map_get(&e->topics, name);
    int n = made ? *made : 0;
    pthread_mutex_unlock(&e->lock);
    return n;
}

bool sl__embedded_has_topic(sl__embedded *e, sl_str name) {
    return sl__embedded_partitions(e, name) > 0;
}

/* ---- waking who was held ---- */

/* unlink_waiter takes a waiter off a list if it is there. */
static void unlink_waiter(sl__hold_waiter **list, const sl__hold_waiter *w) {
    for (; *list; list = &(*list)->next) {
        if (*list == w) {
            *list = w->next;
            return;
        }
    }
}

static bool is_listed(const sl__hold_waiter *list, const sl__hold_waiter *w) {
    while (list && list != w) {
        list = list->next;
    }
    return list != NULL;
}

/* wake_all makes all waiters due; lock held. */
static void wake_all(sl__embedded *e) {
    while (e->waiting) {
        sl__hold_waiter *w = e->waiting;
        e->waiting = w->next;
        w->next = e->due;
        e->due = w;
    }
    pthread_cond_signal(&e->work);
}

/* call_due calls one waiter after the other; the lock is held before and after, not during a call. */
static void call_due(sl__embedded *e) {
    while (e->due) {
        sl__hold_waiter *w = e->due;
        e->due = w->next;
        e->calling = w;
        pthread_mutex_unlock(&e->lock);
        w->wake(w);
        pthread_mutex_lock(&e->lock);
        e->calling = NULL;
        pthread_cond_broadcast(&e->called);
    }
}

/* wait_for_work sleeps until there may be something to do, or until a time (0 = none). Lock held. */
static void wait_for_work(sl__embedded *e, int64_t until_ms) {
    if (!until_ms) {
        pthread_cond_wait(&e->work, &e->lock);
        return;
    }
    struct timespec at = sl__deadline_at(until_ms);
    pthread_cond_timedwait(&e->work, &e->lock, &at);
}

static void *serve(void *arg) {
    sl__embedded *e = arg;
    pthread_mutex_lock(&e->lock);
    while (!e->stopping) {
        bool freed;
        int64_t until = sl__hold_expire(&e->table, sl__now_ms(), &freed);
        if (freed) {
            wake_all(e);
        }
        if (e->due) {
            call_due(e);
        } else {
            wait_for_work(e, until);
        }
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

void sl__embedded_forget(sl__embedded *e, sl__hold_waiter *w) {
    pthread_mutex_lock(&e->lock);
    unlink_waiter(&e->waiting, w);
    unlink_waiter(&e->due, w);
    while (e->calling == w && !pthread_equal(pthread_self(), e->thread)) {
        pthread_cond_wait(&e->called, &e->lock);
    }
    pthread_mutex_unlock(&e->lock);
}

/* ---- making and freeing ---- */

static void init_locks(sl__embedded *e) {
    sl__cond_init(&e->work);
    pthread_cond_init(&e->called, NULL);
    pthread_mutex_init(&e->lock, NULL);
    pthread_mutex_init(&e->notice_lock, NULL);
}

sl_error *sl__embedded_new(sl__embedded **out) {
    sl__embedded *e = sl_calloc(1, sizeof(*e));
    if (!e) {
        return sl_error_nomem();
    }
    init_locks(e);
    sl__map_init(&e->topics, sl_free);
    sl__hold_init(&e->table);
    sl_error *err = start_cluster(e);
    if (!err && pthread_create(&e->thread, NULL, serve, e) != 0) {
        err = sl_error_new(SL_E_INTERNAL, SL_RETRIABLE, "cannot start the embedded broker's thread");
    }
    e->started = err == NULL;
    if (err) {
        sl__embedded_free(e);
        return err;
    }
    sl__log(SL_LOG_WARN, COMPONENT,
            "the embedded broker on %s keeps its data in memory, at most 5 MB a partition, and loses all of "
            "it when the "
            "worker ends: for a first try and for tests only",
            sl__embedded_servers(e));
    *out = e;
    return NULL;
}

void sl__embedded_free(sl__embedded *e) {
    if (!e) {
        return;
    }
    if (e->started) {
        pthread_mutex_lock(&e->lock);
        e->stopping = true;
        pthread_cond_signal(&e->work);
        pthread_mutex_unlock(&e->lock);
        pthread_join(e->thread, NULL);
    }
    if (e->cluster) {
        rd_kafka_mock_cluster_destroy(e->cluster);
    }
    if (e->rk) {
        rd_kafka_destroy(e->rk);
    }
    sl__hold_deinit(&e->table);
    sl__map_deinit(&e->topics);
    pthread_cond_destroy(&e->work);
    pthread_cond_destroy(&e->called);
    pthread_mutex_destroy(&e->lock);
    pthread_mutex_destroy(&e->notice_lock);
    sl_free(e);
}

/* ---- holding back ---- */

/* tell_readers says to all consumers that a source is held; lock held, see sl__hold_notice. */
static void tell_readers(sl__embedded *e) {
    for (sl__hold_notice *n = e->notices; n; n = n->next) {
        n->held(n);
    }
}

bool sl__embedded_reserve(sl__embedded *e, sl_str topic, size_t bytes, sl__hold_waiter *w) {
    bool ok = true;
    pthread_mutex_lock(&e->lock);
    /* out of memory: uncounted is better than held for ever */
    sl_error_free(sl__hold_reserve(&e->table, topic, bytes, &ok));
    if (!ok) {
        if (w && !is_listed(e->waiting, w) && !is_listed(e->due, w)) {
            w->next = e->waiting;
            e->waiting = w;
        }
        tell_readers(e);
    }
    pthread_mutex_unlock(&e->lock);
    return ok;
}

void sl__embedded_stored(sl__embedded *e, sl_str topic, int32_t partition, int64_t offset, size_t bytes,
                         size_t more) {
    pthread_mutex_lock(&e->lock);
    if (!sl__hold_store(&e->table, topic, partition, offset, bytes, more)) {
        sl__log(SL_LOG_WARN, COMPONENT, "out of memory while counting what topic '%.*s' has",
                SL_STR_ARG(topic));
    }
    if (offset < 0 && e->waiting) {
        wake_all(e);
    }
    pthread_mutex_unlock(&e->lock);
}

void sl__embedded_delivered(sl__embedded *e, sl_str topic, int32_t partition, int64_t offset, size_t bytes) {
    sl__embedded_stored(e, topic, partition, offset, bytes, 0);
}

sl_error *sl__embedded_reader(sl__embedded *e, sl_str group, sl_str topic, bool reading) {
    bool ok = true;
    pthread_mutex_lock(&e->lock);
    if (reading) {
        ok = sl__hold_join(&e->table, group, topic);
    } else {
        sl__hold_leave(&e->table, group, topic, 0);
        wake_all(e);
    }
    pthread_mutex_unlock(&e->lock);
    return ok ? NULL : sl_error_nomem();
}

void sl__embedded_reader_away(sl__embedded *e, sl_str group, sl_str topic) {
    pthread_mutex_lock(&e->lock);
    sl__hold_leave(&e->table, group, topic, sl__now_ms() + AWAY_MS);
    pthread_cond_signal(&e->work);
    pthread_mutex_unlock(&e->lock);
}

void sl__embedded_consumed(sl__embedded *e, sl_str group, sl_str topic, int32_t partition, int64_t next) {
    pthread_mutex_lock(&e->lock);
    if (!sl__hold_finish(&e->table, group, topic, partition, next)) {
        sl__log(SL_LOG_WARN, COMPONENT, "out of memory while counting what group '%.*s' has read",
                SL_STR_ARG(group));
    }
    wake_all(e);
    pthread_mutex_unlock(&e->lock);
}

int64_t sl__embedded_position(sl__embedded *e, sl_str group, sl_str topic, int32_t partition) {
    pthread_mutex_lock(&e->lock);
    int64_t next = sl__hold_position(&e->table, group, topic, partition);
    pthread_mutex_unlock(&e->lock);
    return next;
}

int64_t sl__embedded_end(sl__embedded *e, sl_str topic, int32_t partition) {
    pthread_mutex_lock(&e->lock);
    int64_t end = sl__hold_end(&e->table, topic, partition);
    pthread_mutex_unlock(&e->lock);
    return end;
}

void sl__embedded_listen(sl__embedded *e, sl__hold_notice *n) {
    pthread_mutex_lock(&e->notice_lock);
    pthread_mutex_lock(&e->lock);
    n->next = e->notices;
    e->notices = n;
    pthread_mutex_unlock(&e->lock);
    pthread_mutex_unlock(&e->notice_lock);
}

void sl__embedded_unlisten(sl__embedded *e, sl__hold_notice *n) {
    pthread_mutex_lock(&e->notice_lock);
    pthread_mutex_lock(&e->lock);
    for (sl__hold_notice **at = &e->notices; *at; at = &(*at)->next) {
        if (*at == n) {
            *at = n->next;
            break;
        }
    }
    pthread_mutex_unlock(&e->lock);
    pthread_mutex_unlock(&e->notice_lock);
}

bool sl__embedded_holding(sl__embedded *e, sl_str group) {
    pthread_mutex_lock(&e->lock);
    bool pressing = sl__hold_pressing(&e->table, group, e->waiting ? 1 : PRESSING);
    pthread_mutex_unlock(&e->lock);
    return pressing;
}
