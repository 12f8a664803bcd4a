/*
 * config_topic.c - see config_topic.h: the queue between reader and owner, and the writer's life.
 */
#include "store/config_topic.h"

#include <pthread.h>

#include "base/log.h"
#include "base/pack.h"
#include "store/config_writer.h"

#define COMPONENT "config"
#define QUEUE_BYTES ((size_t)8 * 1024 * 1024)

/* A record on its way to the owner. */
typedef struct entry {
    struct entry *next;
    int64_t offset;
    sl_str key;
    sl_str value;
    char bytes[];
} entry;

struct sl__config_topic {
    sl__config_topic_spec spec;
    sl__topic_log *log;
    sl__config_writer *writer;
    sl__config_state *state; /* the owner's */

    pthread_mutex_t lock;
    pthread_cond_t room;
    entry *first, *last;
    size_t bytes;
    bool told; /* news was called since the last drain */
    bool closing;
    sl_error *failure;
};

/* ---- the reader's side ---- */

static entry *entry_new(const sl__log_record *r) {
    entry *e = sl_alloc(sizeof *e + r->key.n + r->value.n);
    if (!e) {
        return NULL;
    }
    *e = (entry){.offset = r->offset};
    sl__str_pack(sl__str_pack(e->bytes, r->key, &e->key), r->value, &e->value);
    return e;
}

static size_t entry_size(const entry *e) {
    return sizeof *e + e->key.n + e->value.n;
}

/* tell calls news if the owner does not know yet; lock held, given up meanwhile. */
static void tell(sl__config_topic *t) {
    bool first = !t->told;
    t->told = true;
    pthread_mutex_unlock(&t->lock);
    if (first) {
        t->spec.news(t->spec.arg);
    }
    pthread_mutex_lock(&t->lock);
}

static void on_record(void *arg, const sl__log_record *r) {
    sl__config_topic *t = arg;
    entry *e = entry_new(r);
    pthread_mutex_lock(&t->lock);
    while (!t->closing && t->bytes > QUEUE_BYTES) {
        pthread_cond_wait(&t->room, &t->lock);
    }
    if (e) {
        *(t->last ? &t->last->next : &t->first) = e;
        t->last = e;
        t->bytes += entry_size(e);
    } else if (!t->failure) {
        /* going on without it would show a state that never was */
        t->failure = sl_error_new(SL_E_NOMEM, SL_FATAL, "out of memory while the config topic was read");
    }
    tell(t);
    pthread_mutex_unlock(&t->lock);
}

static void on_failed(void *arg, const sl_error *err) {
    sl__config_topic *t = arg;
    pthread_mutex_lock(&t->lock);
    if (!t->failure) {
        t->failure = sl__error_copy(err);
    }
    tell(t);
    pthread_mutex_unlock(&t->lock);
}

/* ---- the owner's side ---- */

static entry *take_entries(sl__config_topic *t) {
    pthread_mutex_lock(&t->lock);
    entry *list = t->first;
    t->first = t->last = NULL;
    t->bytes = 0;
    t->told = false;
    pthread_cond_signal(&t->room);
    pthread_mutex_unlock(&t->lock);
    return list;
}

static void free_entries(entry *list) {
    while (list) {
        entry *next = list->next;
        sl_free(list);
        list = next;
    }
}

static sl_error *apply(sl__config_topic *t, const entry *e, sl_arena *arena, sl__config_change_cb cb,
                       void *arg) {
    sl__config_record r;
    sl__config_change change;
    sl_error *err = sl__config_record_parse(e->key, e->value, arena, &r);
    if (err && err->cls == SL_USER) {
        sl__log(SL_LOG_WARN, COMPONENT, "the record with key '%.*s' (offset %lld) is ignored: %s",
                SL_STR_ARG(e->key), (long long)e->offset, err->message);
        sl_error_free(err);
        return NULL;
    }
    err = err ? err : sl__config_state_apply(t->state, &r, &change);
    if (!err && change != SL_CHANGE_NONE) {
        cb(arg, change, &r);
    }
    return err;
}

sl_error *sl__config_topic_drain(sl__config_topic *t, sl__config_change_cb cb, void *arg) {
    sl_arena arena;
    sl_error *err = NULL;
    entry *list = take_entries(t);
    sl_arena_init(&arena, 0);
    for (const entry *e = list; !err && e; e = e->next) {
        err = apply(t, e, &arena, cb, arg);
        sl_arena_reset(&arena, 64 * 1024);
    }
    sl_arena_deinit(&arena);
    free_entries(list);
    pthread_mutex_lock(&t->lock);
    if (err && !t->failure) { /* only memory: what was not applied is lost, so nothing after it may count */
        t->failure = sl_error_new(SL_E_NOMEM, SL_FATAL, "out of memory while the config topic was read");
    }
    sl_error_free(err);
    err = t->failure ? sl__error_copy(t->failure) : NULL;
    pthread_mutex_unlock(&t->lock);
    return err;
}

const sl__config_state *sl__config_topic_state(const sl__config_topic *t) {
    return t->state;
}

void sl__config_topic_end(sl__config_topic *t, sl__log_wait *w) {
    sl__topic_log_end(t->log, w);
}

void sl__config_topic_behind(sl__config_topic *t, int64_t offset, sl__log_wait *w) {
    if (offset < 0) {
        sl__topic_log_end(t->log, w);
    } else {
        sl__topic_log_behind(t->log, 0, offset, w);
    }
}

/* ---- writing ---- */

sl_error *sl__config_topic_claim(sl__config_topic *t, sl__config_write *w) {
    return sl__config_writer_claim(t->writer, w);
}

sl_error *sl__config_topic_write(sl__config_topic *t, sl__config_write *w) {
    return sl__config_writer_write(t->writer, w);
}

void sl__config_topic_relinquish(sl__config_topic *t) {
    sl__config_writer_stop(t->writer);
}

sl_error *sl__config_topic_put(sl__config_topic *t, const sl__config_record *record, sl__append_done done,
                               void *arg) {
    sl_buf key, value;
    sl_buf_init(&key, NULL);
    sl_buf_init(&value, NULL);
    sl__config_record_key(record, &key);
    sl__config_record_value(record, &value);
    sl_error *err =
        key.failed || value.failed
            ? sl_error_nomem()
            : sl__topic_log_append(t->log, sl_buf_view(&key),
                                   record->removed ? SL_STR_NONE : sl_buf_view(&value), done, arg);
    sl_buf_deinit(&key);
    sl_buf_deinit(&value);
    return err;
}

/* ---- life ---- */

static sl_error *open_log(sl__kafka *k, sl__config_topic *t) {
    const sl__worker_topics *topics = t->spec.topics;
    sl__log_spec spec = {
        .topic = topics->config.name,
        .setting = "config.storage.topic",
        .consumer = &topics->consumer,
        .producer = &topics->producer,
        .admin = &topics->admin,
        .partitions = 1,
        .partitions_max = 1,
        .replication_factor = topics->config.replication_factor,
        .configs = &topics->config.configs,
        .record = on_record,
        .failed = on_failed,
        .arg = t,
    };
    return sl__topic_log_open(k, &spec, &t->log);
}

sl_error *sl__config_topic_open(sl__kafka *k, const sl__config_topic_spec *spec, sl__config_topic **out) {
    sl__config_topic *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->spec = *spec;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->room, NULL);
    t->state = sl__config_state_new();
    sl_error *err = t->state ? sl__config_writer_new(k, &spec->topics->producer, spec->topics->config.name,
                                                     spec->group, &t->writer)
                             : sl_error_nomem();
    err = err ? err : open_log(k, t);
    if (err) {
        sl__config_topic_close(t);
        return err;
    }
    *out = t;
    return NULL;
}

void sl__config_topic_close(sl__config_topic *t) {
    if (!t) {
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->closing = true;
    t->told = true; /* no more news */
    pthread_cond_signal(&t->room);
    pthread_mutex_unlock(&t->lock);
    sl__config_writer_free(t->writer);
    sl__topic_log_close(t->log);
    free_entries(t->first);
    sl__config_state_free(t->state);
    sl_error_free(t->failure);
    pthread_cond_destroy(&t->room);
    pthread_mutex_destroy(&t->lock);
    sl_free(t);
}
