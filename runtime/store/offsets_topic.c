/*
 * offsets_topic.c - see offsets_topic.h.
 *
 * A table holds what was read of the topic: for each partition the bytes of its key and of its offset.
 * Waiting puts do not change it; what they wrote comes back through the topic.
 *
 * Memory: a put that was not waited for to the end is freed by its last delivery.
 */
#include "store/offsets_topic.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/pack.h"
#include "store/offset_json.h"
#include "store/offsets_impl.h"

#define COMPONENT "offsets"
#define FIRST_READ_MS 60000

typedef struct entry {
    sl_str key;       /* as it is in the topic */
    sl_str connector; /* its part of the key, unescaped */
    sl_str value;
    char bytes[];
} entry;

typedef struct topic_store {
    sl__offsets base; /* first */
    sl__topic_log *log;
    int flush_timeout_ms;
    atomic_bool read_once; /* it was read to its end */
    pthread_mutex_t lock;
    sl__map entries; /* canonical key -> entry */
} topic_store;

static topic_store *store_of(sl__offsets *o) {
    return (topic_store *)o;
}

/* ---- reading ---- */

static entry *entry_new(const sl__log_record *r, sl_str connector) {
    entry *e = sl_alloc(sizeof *e + r->key.n + connector.n + r->value.n + 1);
    if (e) {
        char *at = sl__str_pack(e->bytes, r->key, &e->key);
        at = sl__str_pack(at, connector, &e->connector);
        sl__str_pack(at, r->value, &e->value);
    }
    return e;
}

/* change puts a record into the table. */
static sl_error *change(topic_store *s, const sl__log_record *r, sl_str connector, sl_str canonical) {
    sl_error *err = NULL;
    pthread_mutex_lock(&s->lock);
    if (r->value.p && !sl_str_eqz(r->value, "null")) {
        entry *e = entry_new(r, connector);
        if (!e || !sl__map_put(&s->entries, canonical, e)) {
            sl_free(e);
            err = sl_error_nomem();
        }
    } else {
        /* a key that was written in two ways: deleting one does not delete the other */
        const entry *e = sl__map_get(&s->entries, canonical);
        if (e && sl_str_eq(e->key, r->key)) {
            sl__map_remove(&s->entries, canonical);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return err;
}

static void on_record(void *arg, const sl__log_record *r) {
    topic_store *s = arg;
    sl_arena arena;
    sl_str connector;
    sl_value partition;
    char *canonical = NULL;
    sl_arena_init(&arena, 0);
    sl_error *err = r->key.p ? sl__offset_json_split(r->key, &arena, &connector, &partition)
                             : sl_error_new(SL_E_DATA, SL_USER, "expected a key");
    err = err ? err : sl__offset_key_text(connector, &partition, true, &canonical);
    err = err ? err : change(s, r, connector, sl_str_of(canonical));
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "the record at offset %lld of partition %d of '%.*s' is ignored: %s",
                (long long)r->offset, (int)r->partition, SL_STR_ARG(sl__topic_log_name(s->log)),
                err->message);
        sl_error_free(err);
    }
    sl_free(canonical);
    sl_arena_deinit(&arena);
}

static sl_error *topic_refresh(sl__offsets *base, int timeout_ms) {
    topic_store *s = store_of(base);
    SL_TRY(sl__topic_log_sync(s->log, timeout_ms));
    atomic_store(&s->read_once, true);
    return NULL;
}

static sl_error *need_read(topic_store *s) {
    return atomic_load(&s->read_once) ? NULL : topic_refresh(&s->base, FIRST_READ_MS);
}

/* ---- looking ---- */

static sl_error *topic_get(sl__offsets *base, sl_str connector, const sl_value *partition, sl_arena *arena,
                           sl_value *offset) {
    topic_store *s = store_of(base);
    char *canonical, *copy = NULL;
    *offset = sl_null();
    SL_TRY(need_read(s));
    SL_TRY(sl__offset_key_text(connector, partition, true, &canonical));
    pthread_mutex_lock(&s->lock);
    const entry *e = sl__map_get(&s->entries, sl_str_of(canonical));
    bool there = e != NULL;
    if (e) {
        copy = sl_strdup(e->value);
    }
    pthread_mutex_unlock(&s->lock);
    sl_error *err = NULL;
    if (there) {
        err = copy ? sl__offset_json_read(sl_str_of(copy), arena, offset) : sl_error_nomem();
    }
    if (err && err->cls == SL_USER) {
        err = sl_error_wrap(err, "the offset stored for %s is damaged", canonical);
    }
    sl_free(canonical);
    sl_free(copy);
    return err;
}

/* A copy of a connector's entries. */
typedef struct copies {
    char **texts; /* key, value, key, value, ... */
    size_t n;
    bool failed;
} copies;

static void copy_entries(topic_store *s, sl_str connector, copies *c) {
    size_t at = 0;
    void *value;
    pthread_mutex_lock(&s->lock);
    c->texts = sl_calloc(2 * sl__map_count(&s->entries) + 1, sizeof *c->texts);
    c->failed = !c->texts;
    while (!c->failed && sl__map_next(&s->entries, &at, NULL, &value)) {
        const entry *e = value;
        if (sl_str_eq(e->connector, connector)) {
            c->texts[c->n++] = sl_strdup(e->key);
            c->texts[c->n++] = sl_strdup(e->value);
            c->failed = !c->texts[c->n - 1] || !c->texts[c->n - 2];
        }
    }
    pthread_mutex_unlock(&s->lock);
}

static sl_error *tell_one(const char *key, const char *value, sl_arena *arena, sl__offsets_cb cb, void *arg) {
    sl_str connector;
    sl_value partition, offset;
    SL_TRY(sl__offset_json_split(sl_str_of(key), arena, &connector, &partition));
    sl_error *err = sl__offset_json_read(sl_str_of(value), arena, &offset);
    if (err) {
        return sl_error_wrap(err, "the offset stored for %s is damaged", key);
    }
    cb(arg, &partition, &offset);
    return NULL;
}

static sl_error *topic_each(sl__offsets *base, sl_str connector, sl__offsets_cb cb, void *arg) {
    topic_store *s = store_of(base);
    copies c = {0};
    sl_arena arena;
    SL_TRY(need_read(s));
    copy_entries(s, connector, &c);
    sl_error *err = c.failed ? sl_error_nomem() : NULL;
    sl_arena_init(&arena, 0);
    for (size_t i = 0; !err && i < c.n; i += 2) {
        err = tell_one(c.texts[i], c.texts[i + 1], &arena, cb, arg);
        sl_arena_reset(&arena, 64 * 1024);
    }
    sl_arena_deinit(&arena);
    for (size_t i = 0; c.texts && i < c.n; i++) {
        sl_free(c.texts[i]);
    }
    sl_free(c.texts);
    return err;
}

/* ---- writing ---- */

/* record_of gives one record to write, in the arena. */
static sl_error *record_of(topic_store *s, sl_str connector, const sl_batch_offset *item, sl_arena *arena,
                           sl__txn_record *out) {
    char *canonical = NULL, *key = NULL, *value = NULL;
    sl_error *err = sl__offset_key_text(connector, &item->partition, true, &canonical);
    err = err ? err : sl__offset_key_text(connector, &item->partition, false, &key);
    err = err ? err : sl__offset_value_text(&item->offset, &value);
    if (!err) {
        pthread_mutex_lock(&s->lock);
        const entry *e = sl__map_get(&s->entries, sl_str_of(canonical));
        out->key = sl_arena_str(arena, e ? e->key : sl_str_of(key));
        pthread_mutex_unlock(&s->lock);
        out->topic = sl__topic_log_name(s->log);
        out->value = sl_arena_str(arena, sl_str_of(value));
        err = arena->failed ? sl_error_nomem() : NULL;
    }
    sl_free(canonical);
    sl_free(key);
    sl_free(value);
    return err;
}

static sl_error *topic_render(sl__offsets *base, sl_str connector, const sl_batch_offset *items, size_t n,
                              sl_arena *arena, sl__txn_record **records) {
    topic_store *s = store_of(base);
    SL_TRY(need_read(s));
    *records = sl_arena_zalloc(arena, (n + 1) * sizeof **records);
    if (!*records) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < n; i++) {
        SL_TRY(record_of(s, connector, &items[i], arena, &(*records)[i]));
    }
    return NULL;
}

/* A put under way, shared by who waits for it and its deliveries. */
typedef struct flush {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t left; /* deliveries to come */
    unsigned refs;
    bool quiet; /* nobody waits: failures are logged */
    sl_error *err;
} flush_t;

static flush_t *flush_new(size_t n, bool quiet) {
    flush_t *f = sl_calloc(1, sizeof *f);
    if (!f) {
        return NULL;
    }
    sl__cond_init(&f->changed);
    pthread_mutex_init(&f->lock, NULL);
    f->left = n;
    f->refs = 2;
    f->quiet = quiet;
    return f;
}

/* drop gives a reference back; lock held on entry, and given up. */
static void drop(flush_t *f) {
    bool last = --f->refs == 0;
    pthread_mutex_unlock(&f->lock);
    if (last) {
        sl_error_free(f->err);
        pthread_cond_destroy(&f->changed);
        pthread_mutex_destroy(&f->lock);
        sl_free(f);
    }
}

/* landed counts n deliveries; err is borrowed. */
static void landed(flush_t *f, size_t n, const sl_error *err) {
    pthread_mutex_lock(&f->lock);
    if (err && !f->err) {
        f->err = sl_error_wrap(sl__error_copy(err), "offsets are not stored");
    }
    f->left -= n;
    if (f->left > 0) {
        pthread_mutex_unlock(&f->lock);
        return;
    }
    if (f->quiet && f->err) {
        char text[512];
        sl__log(SL_LOG_WARN, COMPONENT, "%s", sl_error_text(f->err, text, sizeof text));
    }
    pthread_cond_signal(&f->changed);
    drop(f);
}

static void on_delivered(void *arg, const sl_error *err) {
    landed(arg, 1, err);
}

/* await gives how the flush ended, and its reference back. */
static sl_error *await(topic_store *s, flush_t *f) {
    struct timespec until = sl__deadline_in(s->flush_timeout_ms);
    sl_error *err = NULL;
    pthread_mutex_lock(&f->lock);
    while (f->left > 0 && pthread_cond_timedwait(&f->changed, &f->lock, &until) != ETIMEDOUT) {
    }
    if (f->left > 0) {
        f->quiet = true;
        err = sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE,
                           "offsets are not stored within offset.flush.timeout.ms (%d): topic '%.*s' does "
                           "not answer",
                           s->flush_timeout_ms, SL_STR_ARG(sl__topic_log_name(s->log)));
    } else {
        err = f->err;
        f->err = NULL;
    }
    drop(f);
    return err;
}

/* append queues the records; *out (may be NULL: nobody waits) is what to wait for. */
static sl_error *append(topic_store *s, sl_str connector, const sl_batch_offset *items, size_t n,
                        flush_t **out) {
    sl_arena arena;
    sl__txn_record *records;
    size_t sent = 0;
    sl_arena_init(&arena, 0);
    sl_error *err = topic_render(&s->base, connector, items, n, &arena, &records);
    flush_t *f = err ? NULL : flush_new(n, out == NULL);
    err = err || f ? err : sl_error_nomem();
    for (; !err && sent < n; sent++) {
        err = sl__topic_log_append(s->log, records[sent].key, records[sent].value, on_delivered, f);
        if (err) {
            break;
        }
    }
    sl_arena_deinit(&arena);
    if (!f) {
        return err;
    }
    if (sent < n) {
        landed(f, n - sent, err);
    }
    sl_error_free(err);
    if (out) {
        *out = f;
    } else {
        pthread_mutex_lock(&f->lock);
        drop(f);
    }
    return NULL;
}

static sl_error *topic_put(sl__offsets *base, sl_str connector, const sl_batch_offset *items, size_t n) {
    flush_t *f = NULL;
    if (n == 0) {
        return NULL;
    }
    SL_TRY(append(store_of(base), connector, items, n, &f));
    return await(store_of(base), f);
}

static sl_error *topic_post(sl__offsets *base, sl_str connector, const sl_batch_offset *items, size_t n) {
    return n ? append(store_of(base), connector, items, n, NULL) : NULL;
}

/* ---- life ---- */

static void topic_close(sl__offsets *base) {
    topic_store *s = store_of(base);
    sl__topic_log_close(s->log);
    sl__map_deinit(&s->entries);
    pthread_mutex_destroy(&s->lock);
    sl_free(s);
}

static const sl__offsets_ops topic_ops = {
    .close = topic_close,
    .refresh = topic_refresh,
    .get = topic_get,
    .put = topic_put,
    .each = topic_each,
    .render = topic_render,
    .post = topic_post,
};

sl_error *sl__offsets_open_topic(sl__kafka *k, const sl__offsets_spec *spec, sl__offsets **out) {
    topic_store *s = sl_calloc(1, sizeof *s);
    if (!s) {
        return sl_error_nomem();
    }
    s->base.ops = &topic_ops;
    s->flush_timeout_ms = spec->flush_timeout_ms;
    pthread_mutex_init(&s->lock, NULL);
    sl__map_init(&s->entries, sl_free);
    sl__log_spec log = {
        .topic = spec->topic,
        .setting = spec->setting,
        .consumer = spec->consumer,
        .producer = spec->producer,
        .admin = spec->admin,
        .partitions = spec->partitions,
        .replication_factor = spec->replication_factor,
        .configs = spec->configs,
        .record = on_record,
        .arg = s,
    };
    sl_error *err = sl__topic_log_open(k, &log, &s->log);
    if (err) {
        topic_close(&s->base);
        return err;
    }
    *out = &s->base;
    return NULL;
}

sl__offsets_spec sl__offsets_cluster(const sl__worker_topics *topics, int flush_timeout_ms) {
    return (sl__offsets_spec){
        .topic = topics->offset.name,
        .setting = "offset.storage.topic",
        .consumer = &topics->consumer,
        .producer = &topics->producer,
        .admin = &topics->admin,
        .partitions = topics->offset.partitions,
        .replication_factor = topics->offset.replication_factor,
        .configs = &topics->offset.configs,
        .flush_timeout_ms = flush_timeout_ms,
    };
}
