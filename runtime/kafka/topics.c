/*
 * topics.c - look-ups: what is known, what is asked for, who waits.
 *
 * Threads: look-ups from any; one thread asks the cluster and wakes waiters, without the lock. With an
 * embedded broker there is no thread: it answers at once. Memory: an entry is freed by the thread, some time
 * after it has expired.
 */
#include "kafka/topics_impl.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "kafka/embedded_hold.h"
#include "kafka/topic_admin.h"

#define COMPONENT "kafka"
#define KNOWN_MS (5 * 60 * 1000)
#define MISSING_MS 10000 /* a topic that is not there may come soon */
#define FAILED_MS 5000   /* long enough for all who wait for it */
#define AGAIN_MS 4       /* a topic that was just made is seen within some milliseconds */
#define AGAIN_MAX_MS 64
#define BACKOFF_MAX_MS 5000
#define ROUND 256 /* topics asked for at a time */

typedef struct entry {
    sl__topic_ask ask; /* the thread's while pending */
    sl_arena arena;    /* strings of ask.spec */
    sl_config configs;
    bool pending;
    int64_t until_ms;           /* not pending: when it expires */
    sl__topic_waiter **waiters; /* owned array */
    size_t nwaiters;
    size_t cap;
} entry;

struct sl__topics {
    sl_arena arena; /* of conf */
    sl__client_config conf;
    struct sl__embedded *embedded;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t work;
    pthread_cond_t called;
    sl__topic_admin *admin; /* made at first use */
    sl__map entries;        /* entry_key -> entry */
    size_t npending;
    sl__topic_waiter *calling;
    char outage[320]; /* "" = none */
    bool stopping;
};

static void free_entry(void *value) {
    entry *e = value;
    sl_error_free(e->ask.err);
    sl_arena_deinit(&e->arena);
    sl_free(e->waiters);
    sl_free(e);
}

/* ---- entries ---- */

/* copy_spec makes the entry's own copy, with zero bytes behind all strings. */
static bool copy_spec(entry *e, const sl__topic_spec *spec) {
    e->ask.spec = *spec;
    e->ask.spec.name = sl_arena_str(&e->arena, spec->name);
    e->ask.spec.configs = NULL;
    if (spec->configs && spec->configs->n) {
        sl_config_entry *list = sl_arena_zalloc(&e->arena, spec->configs->n * sizeof(*list));
        for (size_t i = 0; list && i < spec->configs->n; i++) {
            list[i].key = sl_arena_str(&e->arena, spec->configs->entries[i].key);
            list[i].value = sl_arena_str(&e->arena, spec->configs->entries[i].value);
        }
        e->configs = (sl_config){list, spec->configs->n};
        e->ask.spec.configs = &e->configs;
    }
    return !e->arena.failed;
}

/* entry_key writes the name, and how to make the topic if it is to be made: another way is another question.
 */
static sl_str entry_key(const sl__topic_spec *spec, sl_buf *b) {
    sl_buf_init(b, NULL);
    sl_buf_add_str(b, spec->name);
    if (spec->create) {
        sl_buf_printf(b, "\n%d\n%d", (int)spec->partitions, (int)spec->replication_factor);
    }
    for (size_t i = 0; spec->create && spec->configs && i < spec->configs->n; i++) {
        const sl_config_entry *c = &spec->configs->entries[i];
        sl_buf_printf(b, "\n%.*s=%.*s", SL_STR_ARG(c->key), SL_STR_ARG(c->value));
    }
    return sl_buf_view(b);
}

/* need_entry finds or makes the entry; NULL: out of memory. Lock held. */
static entry *need_entry(sl__topics *t, const sl__topic_spec *spec) {
    sl_buf b;
    sl_str key = entry_key(spec, &b);
    entry *e = b.failed ? NULL : sl__map_get(&t->entries, key);
    if (!e && !b.failed) {
        e = sl_calloc(1, sizeof(*e));
        if (e) {
            sl_arena_init(&e->arena, 256);
        }
        if (e && (!copy_spec(e, spec) || !sl__map_put(&t->entries, key, e))) {
            free_entry(e);
            e = NULL;
        }
    }
    sl_buf_deinit(&b);
    return e;
}

static void remove_waiter(entry *e, const sl__topic_waiter *w) {
    for (size_t i = e->nwaiters; i > 0; i--) {
        if (e->waiters[i - 1] == w) {
            e->waiters[i - 1] = e->waiters[--e->nwaiters];
        }
    }
}

static bool add_waiter(entry *e, sl__topic_waiter *w) {
    remove_waiter(e, w);
    sl__topic_waiter **more = sl_grow(e->waiters, e->nwaiters, &e->cap, sizeof *more);
    if (!more) {
        return false;
    }
    e->waiters = more;
    e->waiters[e->nwaiters++] = w;
    return true;
}

/* await_call returns when the waiter is not being called. Lock held. */
static void await_call(sl__topics *t, const sl__topic_waiter *w) {
    while (w && t->calling == w && !pthread_equal(pthread_self(), t->thread)) {
        pthread_cond_wait(&t->called, &t->lock);
    }
}

static void make_pending(sl__topics *t, entry *e) {
    sl_error_free(e->ask.err);
    e->ask.err = NULL;
    e->ask.info = (sl__topic_info){0};
    e->ask.asked_for = false;
    e->ask.state = SL__ASK_LOOK;
    e->pending = true;
    t->npending++;
    pthread_cond_signal(&t->work);
}

/* ---- look-ups ---- */

static sl__lookup lookup_embedded(sl__topics *t, const sl__topic_spec *spec, sl__topic_info *info,
                                  sl_error **err) {
    bool known = sl__embedded_has_topic(t->embedded, spec->name);
    *err = sl__embedded_topic(t->embedded, spec->name, spec->partitions);
    if (*err) {
        return SL_LOOKUP_FAILED;
    }
    *info = (sl__topic_info){
        .exists = true, .created = !known, .partitions = sl__embedded_partitions(t->embedded, spec->name)};
    return SL_LOOKUP_READY;
}

static sl_error *copy_error(const sl_error *err) {
    char text[1024];
    return sl_error_new(err->code, err->cls, "%s", sl_error_text(err, text, sizeof text));
}

/* answer gives what an entry holds; lock held. */
static sl__lookup answer(const entry *e, sl__topic_info *info, sl_error **err) {
    if (e->ask.state == SL__ASK_FAILED) {
        *err = copy_error(e->ask.err);
        return SL_LOOKUP_FAILED;
    }
    *info = e->ask.info;
    return SL_LOOKUP_READY;
}

sl__lookup sl__topics_lookup(sl__topics *t, const sl__topic_spec *spec, sl__topic_waiter *w,
                             sl__topic_info *info, sl_error **err) {
    *err = NULL;
    if (t->embedded) {
        return lookup_embedded(t, spec, info, err);
    }
    sl__lookup result = SL_LOOKUP_PENDING;
    pthread_mutex_lock(&t->lock);
    entry *e = need_entry(t, spec);
    if (e && !e->pending && e->until_ms > sl__now_ms()) {
        result = answer(e, info, err);
        remove_waiter(e, w);
        await_call(t, w);
    } else if (!e || (w && !add_waiter(e, w))) {
        *err = sl_error_nomem();
        result = SL_LOOKUP_FAILED;
    } else if (!e->pending) {
        make_pending(t, e);
    }
    pthread_mutex_unlock(&t->lock);
    return result;
}

void sl__topics_forget(sl__topics *t, sl__topic_waiter *w) {
    size_t at = 0;
    void *value;
    pthread_mutex_lock(&t->lock);
    while (sl__map_next(&t->entries, &at, NULL, &value)) {
        remove_waiter(value, w);
    }
    await_call(t, w);
    pthread_mutex_unlock(&t->lock);
}

sl_str sl__topics_outage(sl__topics *t, sl_arena *arena) {
    pthread_mutex_lock(&t->lock);
    sl_str text = t->outage[0] ? sl_arena_str(arena, sl_str_of(t->outage)) : SL_STR_NONE;
    pthread_mutex_unlock(&t->lock);
    return text;
}

/* ---- the thread ---- */

/* sleep_ms waits for at most so long, or less when there is something to do. Lock held. */
static void sleep_ms(sl__topics *t, int64_t ms) {
    struct timespec at = sl__deadline_in(ms);
    pthread_cond_timedwait(&t->work, &t->lock, &at);
}

/* drop_expired frees entries nobody has asked for since they expired. Lock held. */
static void drop_expired(sl__topics *t) {
    int64_t old = sl__now_ms() - KNOWN_MS;
    for (bool again = true; again;) {
        size_t at = 0;
        sl_str key;
        void *value;
        again = false;
        while (!again && sl__map_next(&t->entries, &at, &key, &value)) {
            const entry *e = value;
            again = !e->pending && !e->nwaiters && e->until_ms < old && sl__map_remove(&t->entries, key);
        }
    }
}

static size_t collect(sl__topics *t, sl__topic_ask **asks, size_t max) {
    size_t n = 0;
    size_t at = 0;
    void *value;
    while (n < max && sl__map_next(&t->entries, &at, NULL, &value)) {
        entry *e = value;
        if (e->pending) {
            asks[n++] = &e->ask;
        }
    }
    return n;
}

/* ask_all moves the asks on as far as they go now; false: the cluster cannot be reached. No lock. */
static bool ask_all(sl__topic_admin *a, sl__topic_ask **asks, size_t n) {
    return sl__topic_admin_look(a, asks, n) && sl__topic_admin_create(a, asks, n) &&
           sl__topic_admin_look(a, asks, n) && sl__topic_admin_auto(a, asks, n) &&
           sl__topic_admin_describe(a, asks, n);
}

/* settle ends an entry's wait if its ask is over. Lock held. */
static bool settle(sl__topics *t, entry *e) {
    if (e->ask.state != SL__ASK_DONE && e->ask.state != SL__ASK_FAILED) {
        return false;
    }
    int64_t keep = e->ask.state == SL__ASK_FAILED ? FAILED_MS : e->ask.info.exists ? KNOWN_MS : MISSING_MS;
    e->until_ms = sl__now_ms() + keep;
    e->pending = false;
    t->npending--;
    return true;
}

/* wake_waiters calls them one by one; the lock is not held during a call, and the entry stays: only this
 * thread frees it. */
static void wake_waiters(sl__topics *t, entry *e) {
    while (e->nwaiters) {
        sl__topic_waiter *w = e->waiters[--e->nwaiters];
        t->calling = w;
        pthread_mutex_unlock(&t->lock);
        w->wake(w);
        pthread_mutex_lock(&t->lock);
        t->calling = NULL;
        pthread_cond_broadcast(&t->called);
    }
}

static void note_outage(sl__topics *t, bool reached, const sl__topic_admin *a) {
    if (reached) {
        if (t->outage[0]) {
            sl__log(SL_LOG_INFO, COMPONENT, "the Kafka cluster answers again");
        }
        t->outage[0] = '\0';
        return;
    }
    const char *why = sl__topic_admin_trouble(a);
    bool first = !t->outage[0];
    snprintf(t->outage, sizeof t->outage, "the Kafka cluster cannot be reached: %s", why);
    if (first) {
        sl__log(SL_LOG_WARN, COMPONENT, "%s; trying on", t->outage);
    }
}

/* need_admin makes the client if there is none; lock held. */
static sl_error *need_admin(sl__topics *t) {
    return t->admin ? NULL : sl__topic_admin_open(&t->conf, t->embedded, &t->admin);
}

/* fail_all ends all asks when there can be no client at all. Lock held. */
static void fail_all(sl__topic_ask **asks, size_t n, sl_error *err) {
    for (size_t i = 0; i < n; i++) {
        asks[i]->err = copy_error(err);
        asks[i]->state = SL__ASK_FAILED;
    }
    sl_error_free(err);
}

/* Pauses between rounds, by whether the cluster answers. */
static int64_t longer(int64_t pause, bool answers) {
    int64_t first = answers ? AGAIN_MS : 100;
    int64_t most = answers ? AGAIN_MAX_MS : BACKOFF_MAX_MS;
    int64_t next = pause ? pause * 2 : first;
    return next > most ? most : next;
}

/* run_round asks for all pending topics once; gives how long to wait before the next round, 0 = there is
   nothing left. Lock held, but not while asking. */
static int64_t run_round(sl__topics *t, int64_t backoff) {
    sl__topic_ask *asks[ROUND];
    bool ok = true;
    size_t n = collect(t, asks, ROUND);
    sl_error *err = need_admin(t);
    if (err) {
        fail_all(asks, n, err);
    } else {
        sl__topic_admin *a = t->admin;
        pthread_mutex_unlock(&t->lock);
        ok = ask_all(a, asks, n);
        pthread_mutex_lock(&t->lock);
        note_outage(t, ok, a);
    }
    for (size_t i = 0; i < n; i++) {
        entry *e = (entry *)((char *)asks[i] - offsetof(entry, ask));
        if (settle(t, e)) {
            wake_waiters(t, e);
        }
    }
    if (!t->npending) {
        return 0;
    }
    return longer(backoff, ok);
}

static void *serve(void *arg) {
    sl__topics *t = arg;
    int64_t backoff = 0;
    pthread_mutex_lock(&t->lock);
    while (!t->stopping) {
        if (!t->npending) {
            drop_expired(t);
            pthread_cond_wait(&t->work, &t->lock);
            backoff = 0;
            continue;
        }
        backoff = run_round(t, backoff);
        int64_t until = sl__now_ms() + backoff;
        while (!t->stopping && sl__now_ms() < until) {
            sleep_ms(t, until - sl__now_ms());
        }
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---- making and freeing ---- */

static void init_locks(sl__topics *t) {
    sl__cond_init(&t->work);
    pthread_cond_init(&t->called, NULL);
    pthread_mutex_init(&t->lock, NULL);
}

sl_error *sl__topics_new(const sl__client_config *admin, struct sl__embedded *embedded, sl__topics **out) {
    sl__topics *t = sl_calloc(1, sizeof(*t));
    if (!t) {
        return sl_error_nomem();
    }
    init_locks(t);
    sl_arena_init(&t->arena, 0);
    sl__map_init(&t->entries, free_entry);
    t->embedded = embedded;
    sl_error *err = sl__client_copy(admin, &t->arena, &t->conf);
    if (!err && !embedded) {
        t->started = pthread_create(&t->thread, NULL, serve, t) == 0;
        err = t->started
                  ? NULL
                  : sl_error_new(SL_E_INTERNAL, SL_RETRIABLE, "cannot start the topic service's thread");
    }
    if (err) {
        sl__topics_free(t);
        return err;
    }
    *out = t;
    return NULL;
}

void sl__topics_free(sl__topics *t) {
    if (!t) {
        return;
    }
    if (t->started) {
        pthread_mutex_lock(&t->lock);
        t->stopping = true;
        pthread_cond_broadcast(&t->work);
        pthread_mutex_unlock(&t->lock);
        pthread_join(t->thread, NULL);
    }
    sl__topic_admin_close(t->admin);
    sl__map_deinit(&t->entries);
    sl_arena_deinit(&t->arena);
    pthread_cond_destroy(&t->work);
    pthread_cond_destroy(&t->called);
    pthread_mutex_destroy(&t->lock);
    sl_free(t);
}

sl_str sl__topics_cluster_id(sl__topics *t, int timeout_ms, sl_arena *arena) {
    pthread_mutex_lock(&t->lock);
    sl_error *err = need_admin(t);
    sl__topic_admin *a = t->admin;
    pthread_mutex_unlock(&t->lock);
    if (err) {
        sl_error_free(err);
        return SL_STR_NONE;
    }
    return sl__topic_admin_cluster_id(a, timeout_ms, arena);
}
