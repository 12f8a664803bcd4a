/*
 * producers.c - the pool: tasks with equal effective settings share a producer.
 *
 * Threads: any; one lock, not held while a producer is made or waited for. Memory: a producer without
 * references closes on its own thread, and is freed by the next call that finds it closed.
 */
#include <stdlib.h>

#include "base/log.h"
#include "kafka/producer_impl.h"

struct sl__producers {
    pthread_mutex_t lock;
    struct sl__embedded *embedded;
    sl__producer *open;    /* with references */
    sl__producer *closing; /* without */
};

typedef struct pair_ref {
    const sl__client_property *pair;
    size_t index;
} pair_ref;

static int compare_pairs(const void *a, const void *b) {
    const pair_ref *x = a;
    const pair_ref *y = b;
    int order = sl_str_cmp(x->pair->name, y->pair->name);
    return order ? order : x->index < y->index ? -1 : 1;
}

/* add_field writes a text with its length before it, so that no two lists of fields look alike. */
static void add_field(sl_buf *b, sl_str s) {
    sl_buf_add_i64(b, (int64_t)s.n);
    sl_buf_add_char(b, ':');
    sl_buf_add_str(b, s);
}

/* make_key writes settings in their canonical form: sorted by name, of each name the last. NULL: out of
 * memory. */
static char *make_key(const sl__client_config *conf, size_t batch_size) {
    pair_ref *refs = sl_calloc(conf->n + 1, sizeof(*refs));
    if (!refs) {
        return NULL;
    }
    for (size_t i = 0; i < conf->n; i++) {
        refs[i] = (pair_ref){&conf->items[i], i};
    }
    qsort(refs, conf->n, sizeof(*refs), compare_pairs);
    sl_buf b;
    sl_buf_init(&b, NULL);
    for (size_t i = 0; i < conf->n; i++) {
        if (i + 1 < conf->n && sl_str_eq(refs[i].pair->name, refs[i + 1].pair->name)) {
            continue;
        }
        add_field(&b, refs[i].pair->name);
        add_field(&b, refs[i].pair->value);
    }
    sl_buf_add_i64(&b, (int64_t)sl__producer_batch_bound(conf, batch_size));
    char *key = b.failed ? NULL : sl_strdup(sl_buf_view(&b));
    sl_buf_deinit(&b);
    sl_free(refs);
    return key;
}

sl_error *sl__producers_new(struct sl__embedded *embedded, sl__producers **out) {
    sl__producers *ps = sl_calloc(1, sizeof(*ps));
    if (!ps) {
        return sl_error_nomem();
    }
    pthread_mutex_init(&ps->lock, NULL);
    ps->embedded = embedded;
    *out = ps;
    return NULL;
}

/* take_closed unlinks the producers whose threads are done; with all = true, every closing one. Lock held. */
static sl__producer *take_closed(sl__producers *ps, bool all) {
    sl__producer *taken = NULL;
    for (sl__producer **at = &ps->closing; *at;) {
        sl__producer *p = *at;
        if (all || atomic_load(&p->closed)) {
            *at = p->next;
            p->next = taken;
            taken = p;
        } else {
            at = &p->next;
        }
    }
    return taken;
}

static void free_list(sl__producer *p) {
    while (p) {
        sl__producer *next = p->next;
        sl__producer_free(p);
        p = next;
    }
}

void sl__producers_free(sl__producers *ps) {
    if (!ps) {
        return;
    }
    pthread_mutex_lock(&ps->lock);
    sl__producer *left = ps->open;
    sl__producer *closing = take_closed(ps, true);
    ps->open = NULL;
    pthread_mutex_unlock(&ps->lock);
    for (sl__producer *p = left; p; p = p->next) {
        sl__log(SL_LOG_WARN, "kafka", "a producer still had %u users when the worker ended", p->refs);
        sl__producer_close(p);
    }
    free_list(left);
    free_list(closing);
    pthread_mutex_destroy(&ps->lock);
    sl_free(ps);
}

/* find gives a usable producer with that key and takes a reference. Lock held. */
static sl__producer *find(sl__producers *ps, const char *key) {
    for (sl__producer *p = ps->open; p; p = p->next) {
        if (!sl__producer_broken(p) && strcmp(p->key, key) == 0) {
            p->refs++;
            return p;
        }
    }
    return NULL;
}

static void add(sl__producers *ps, sl__producer *p, char *key) {
    p->pool = ps;
    p->key = key;
    p->refs = 1;
    pthread_mutex_lock(&ps->lock);
    p->next = ps->open;
    ps->open = p;
    pthread_mutex_unlock(&ps->lock);
}

sl_error *sl__producers_get(sl__producers *ps, const sl__client_config *conf, size_t batch_size,
                            sl__producer **out) {
    char *key = make_key(conf, batch_size);
    if (!key) {
        return sl_error_nomem();
    }
    pthread_mutex_lock(&ps->lock);
    sl__producer *closed = take_closed(ps, false);
    *out = find(ps, key);
    pthread_mutex_unlock(&ps->lock);
    free_list(closed);
    if (*out) {
        sl_free(key);
        return NULL;
    }
    /* two tasks may get here at once and make two producers: more than needed, but as good */
    sl_error *err = sl__producer_open(ps->embedded, conf, batch_size, NULL, out);
    if (err) {
        sl_free(key);
        return err;
    }
    add(ps, *out, key);
    return NULL;
}

void sl__producer_release(sl__producer *p) {
    if (!p) {
        return;
    }
    sl__producers *ps = p->pool;
    pthread_mutex_lock(&ps->lock);
    bool last = --p->refs == 0;
    for (sl__producer **at = &ps->open; last && *at; at = &(*at)->next) {
        if (*at == p) {
            *at = p->next;
            p->next = ps->closing;
            ps->closing = p;
            break;
        }
    }
    if (last) {
        sl__producer_close(p); /* before the lock is given up: afterwards another thread may free it */
    }
    pthread_mutex_unlock(&ps->lock);
}

void sl__producers_purge(sl__producers *ps) {
    pthread_mutex_lock(&ps->lock);
    for (sl__producer *p = ps->open; p; p = p->next) {
        (void)rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                        RD_KAFKA_PURGE_F_NON_BLOCKING);
    }
    pthread_mutex_unlock(&ps->lock);
}
