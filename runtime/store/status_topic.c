/*
 * status_topic.c - see status_topic.h.
 *
 * A put that fails because its producer broke is made again, unless a newer one of the same connector or task
 * was made in the meantime.
 *
 * Memory: puts under way hold references on the store.
 */
#include "store/status_topic.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pack.h"
#include "store/status_table.h"

#define COMPONENT "status"
#define CLOSE_WAIT_MS 5000

struct sl__status_topic {
    sl__topic_log *log;
    pthread_mutex_t lock;
    pthread_cond_t settled; /* no puts are under way */
    sl__status_table table;
    unsigned puts; /* under way */
    bool closing;  /* failed puts are not made again */
    atomic_int refs;
};

/* A put under way. */
typedef struct put {
    sl__status_topic *store;
    int32_t task;
    bool counted; /* a status, not a topic: sequence holds */
    unsigned sequence;
    sl_str connector, key, value; /* value absent = delete */
    char bytes[];
} put;

static void unref(sl__status_topic *t) {
    if (atomic_fetch_sub(&t->refs, 1) == 1) {
        sl__status_table_deinit(&t->table);
        pthread_cond_destroy(&t->settled);
        pthread_mutex_destroy(&t->lock);
        sl_free(t);
    }
}

/* ---- reading ---- */

static void on_record(void *arg, const sl__log_record *r) {
    sl__status_topic *t = arg;
    sl_arena arena;
    sl__status_record record;
    sl_arena_init(&arena, 0);
    sl_error *err = sl__status_record_parse(r->key, r->value, &arena, &record);
    if (!err) {
        pthread_mutex_lock(&t->lock);
        err = sl__status_table_apply(&t->table, &record);
        pthread_mutex_unlock(&t->lock);
    }
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "the record with key '%.*s' (offset %lld) is ignored: %s",
                SL_STR_ARG(r->key), (long long)r->offset, err->message);
        sl_error_free(err);
    }
    sl_arena_deinit(&arena);
}

/* ---- writing ---- */

static void settle(put *p) {
    sl__status_topic *t = p->store;
    pthread_mutex_lock(&t->lock);
    if (--t->puts == 0) {
        pthread_cond_broadcast(&t->settled);
    }
    pthread_mutex_unlock(&t->lock);
    sl_free(p);
    unref(t);
}

static void put_done(void *arg, const sl_error *err);

/* again makes a failed put once more, if it is still the newest word. The lock is held so that the store is
   not closed meanwhile. False: it is over. */
static bool again(put *p) {
    sl__status_topic *t = p->store;
    sl_error *err = NULL;
    pthread_mutex_lock(&t->lock);
    const sl__status_cell *c = sl__status_table_cell(&t->table, p->connector, p->task, false);
    bool go = !t->closing && (!p->counted || (c && c->sequence == p->sequence));
    if (go) {
        err = sl__topic_log_append(t->log, p->key, p->value, put_done, p);
    }
    pthread_mutex_unlock(&t->lock);
    go = go && !err;
    sl_error_free(err);
    return go;
}

static void put_done(void *arg, const sl_error *err) {
    put *p = arg;
    if (err && err->cls == SL_RETRIABLE && again(p)) {
        return;
    }
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "'%.*s' was not written: %s", SL_STR_ARG(p->key), err->message);
    }
    settle(p);
}

static put *put_new(sl__status_topic *t, const sl__status_record *r) {
    sl_buf key, value;
    sl_buf_init(&key, NULL);
    sl_buf_init(&value, NULL);
    sl__status_record_key(r, &key);
    sl__status_record_value(r, &value);
    put *p = key.failed || value.failed ? NULL : sl_calloc(1, sizeof *p + key.n + value.n + r->connector.n);
    if (p) {
        p->store = t;
        p->task = r->task;
        char *at = sl__str_pack(p->bytes, r->connector, &p->connector);
        at = sl__str_pack(at, sl_buf_view(&key), &p->key);
        sl__str_pack(at, r->removed ? SL_STR_NONE : sl_buf_view(&value), &p->value);
    }
    sl_buf_deinit(&key);
    sl_buf_deinit(&value);
    return p;
}

/* begin counts a put in; its append follows. */
static sl_error *begin(sl__status_topic *t, put *p) {
    pthread_mutex_lock(&t->lock);
    t->puts++;
    pthread_mutex_unlock(&t->lock);
    atomic_fetch_add(&t->refs, 1);
    sl_error *err = sl__topic_log_append(t->log, p->key, p->value, put_done, p);
    if (err) {
        settle(p);
    }
    return err;
}

sl_error *sl__status_topic_put(sl__status_topic *t, sl_str connector, int32_t task, const sl__status *s,
                               bool safe) {
    sl__status_record r = {.kind = task == SL_STATUS_CONNECTOR ? SL_SR_CONNECTOR : SL_SR_TASK,
                           .connector = connector,
                           .task = task,
                           .removed = s->state == SL_STATUS_DESTROYED,
                           .status = *s};
    put *p = put_new(t, &r);
    if (!p) {
        return sl_error_nomem();
    }
    pthread_mutex_lock(&t->lock);
    sl__status_cell *c = sl__status_table_cell(&t->table, connector, task, true);
    bool go = c && (!safe || sl__status_safe(c, s));
    if (go) {
        p->counted = true;
        p->sequence = ++c->sequence;
    }
    pthread_mutex_unlock(&t->lock);
    if (!go) {
        sl_free(p);
        return c ? NULL : sl_error_nomem();
    }
    return begin(t, p);
}

static sl_error *put_topic(sl__status_topic *t, const sl__status_record *r) {
    put *p = put_new(t, r);
    return p ? begin(t, p) : sl_error_nomem();
}

sl_error *sl__status_topic_put_topic(sl__status_topic *t, const sl__topic_status *s) {
    return put_topic(t, &(sl__status_record){.kind = SL_SR_TOPIC, .connector = s->connector, .topic = *s});
}

sl_error *sl__status_topic_delete_topic(sl__status_topic *t, sl_str connector, sl_str topic) {
    return put_topic(t, &(sl__status_record){.kind = SL_SR_TOPIC,
                                             .connector = connector,
                                             .removed = true,
                                             .topic = {.topic = topic, .connector = connector}});
}

/* ---- looking ---- */

bool sl__status_topic_get(sl__status_topic *t, sl_str connector, int32_t task, sl_arena *arena,
                          sl__status *out) {
    pthread_mutex_lock(&t->lock);
    const sl__status_cell *c = sl__status_table_cell(&t->table, connector, task, false);
    bool there = c && c->there;
    if (there) {
        *out = c->status;
        out->trace = sl_arena_str(arena, c->status.trace);
        out->worker_id = sl_arena_str(arena, c->status.worker_id);
    }
    pthread_mutex_unlock(&t->lock);
    return there && !arena->failed;
}

void sl__status_topic_tasks(sl__status_topic *t, sl_str connector, sl__task_status_cb cb, void *arg) {
    pthread_mutex_lock(&t->lock);
    const sl__status_item *it = sl__status_table_item(&t->table, connector);
    for (size_t i = 0; it && i < it->ntasks; i++) {
        if (it->tasks[i]->there) {
            cb(arg, it->tasks[i]->task, &it->tasks[i]->status);
        }
    }
    pthread_mutex_unlock(&t->lock);
}

bool sl__status_topic_has_topic(sl__status_topic *t, sl_str connector, sl_str topic) {
    pthread_mutex_lock(&t->lock);
    const sl__status_item *it = sl__status_table_item(&t->table, connector);
    bool there = it && sl__map_get(&it->topics, topic);
    pthread_mutex_unlock(&t->lock);
    return there;
}

void sl__status_topic_topics(sl__status_topic *t, sl_str connector, sl__topic_status_cb cb, void *arg) {
    size_t at = 0;
    void *value;
    pthread_mutex_lock(&t->lock);
    const sl__status_item *it = sl__status_table_item(&t->table, connector);
    while (it && sl__map_next(&it->topics, &at, NULL, &value)) {
        cb(arg, value);
    }
    pthread_mutex_unlock(&t->lock);
}

sl_error *sl__status_topic_sync(sl__status_topic *t, int timeout_ms) {
    return sl__topic_log_sync(t->log, timeout_ms);
}

/* ---- life ---- */

sl_error *sl__status_topic_open(sl__kafka *k, const sl__worker_topics *topics, sl__status_topic **out) {
    sl__status_topic *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    pthread_mutex_init(&t->lock, NULL);
    sl__cond_init(&t->settled);
    sl__status_table_init(&t->table);
    atomic_init(&t->refs, 1);
    sl__log_spec spec = {
        .topic = topics->status.name,
        .setting = "status.storage.topic",
        .consumer = &topics->consumer,
        .producer = &topics->producer,
        .admin = &topics->admin,
        .partitions = topics->status.partitions,
        .replication_factor = topics->status.replication_factor,
        .configs = &topics->status.configs,
        .record = on_record,
        .arg = t,
    };
    sl_error *err = sl__topic_log_open(k, &spec, &t->log);
    if (err) {
        unref(t);
        return err;
    }
    *out = t;
    return NULL;
}

void sl__status_topic_close(sl__status_topic *t) {
    if (!t) {
        return;
    }
    struct timespec until = sl__deadline_in(CLOSE_WAIT_MS);
    pthread_mutex_lock(&t->lock);
    while (t->puts > 0 && pthread_cond_timedwait(&t->settled, &t->lock, &until) != ETIMEDOUT) {
    }
    t->closing = true;
    pthread_mutex_unlock(&t->lock);
    sl__topic_log_close(t->log);
    unref(t);
}
