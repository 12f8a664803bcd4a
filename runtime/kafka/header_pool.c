/*
 * header_pool.c - two stacks: one to take from without a lock, one that lists come back to.
 */
#include "kafka/header_pool.h"

#include <librdkafka/rdkafka.h>
#include <string.h>

void sl__header_pool_init(sl__header_pool *p) {
    *p = (sl__header_pool){0};
    sl_arena_init(&p->arena, 0);
    pthread_mutex_init(&p->lock, NULL);
}

static void empty(sl__header_stack *s) {
    while (s->n) {
        rd_kafka_headers_destroy(s->items[--s->n]);
    }
    sl_free(s->items);
    *s = (sl__header_stack){0};
}

void sl__header_pool_clear(sl__header_pool *p) {
    empty(&p->ready);
    pthread_mutex_lock(&p->lock);
    empty(&p->back);
    pthread_mutex_unlock(&p->lock);
}

void sl__header_pool_deinit(sl__header_pool *p) {
    sl__header_pool_clear(p);
    sl_arena_deinit(&p->arena);
    pthread_mutex_destroy(&p->lock);
}

/* ---- what its lists say ---- */

static bool same_text(sl_str a, sl_str b) {
    return a.p ? b.p && sl_str_eq(a, b) : !b.p;
}

static bool in_use(const sl__header_pool *p, const sl__out_header *headers, size_t n) {
    bool same = n == p->n;
    for (size_t i = 0; i < n && same; i++) {
        same = same_text(headers[i].name, p->headers[i].name) &&
               same_text(headers[i].value, p->headers[i].value);
    }
    return same;
}

static bool copy_headers(sl__header_pool *p, const sl__out_header *headers, size_t n) {
    p->n = 0;
    sl_arena_reset(&p->arena, 0);
    p->headers = sl_arena_alloc(&p->arena, n * sizeof(*headers));
    for (size_t i = 0; i < n && p->headers; i++) {
        p->headers[i] =
            (sl__out_header){sl_arena_str(&p->arena, headers[i].name),
                             headers[i].value.p ? sl_arena_str(&p->arena, headers[i].value) : SL_STR_NONE};
    }
    if (!p->headers || p->arena.failed) {
        return false;
    }
    p->n = n;
    return true;
}

sl_error *sl__header_pool_use(sl__header_pool *p, const sl__out_header *headers, size_t n,
                              unsigned *generation) {
    if (in_use(p, headers, n)) {
        *generation = p->generation;
        return NULL;
    }
    sl__header_pool_clear(p);
    pthread_mutex_lock(&p->lock);
    *generation = ++p->generation;
    pthread_mutex_unlock(&p->lock);
    return copy_headers(p, headers, n) ? NULL : sl_error_nomem();
}

/* ---- lists ---- */

sl_error *sl__header_list_make(const sl__out_header *headers, size_t n, rd_kafka_headers_t **list) {
    rd_kafka_headers_t *h = rd_kafka_headers_new(n);
    for (size_t i = 0; h && i < n; i++) {
        const sl__out_header *x = &headers[i];
        rd_kafka_resp_err_t err = rd_kafka_header_add(h, x->name.p ? x->name.p : "", (ssize_t)x->name.n,
                                                      x->value.p, (ssize_t)x->value.n);
        if (err) {
            rd_kafka_headers_destroy(h);
            return sl_error_new(SL_E_DATA, SL_USER, "header '%.*s': %s", SL_STR_ARG(x->name),
                                rd_kafka_err2str(err));
        }
    }
    *list = h;
    return h ? NULL : sl_error_nomem();
}

/* refill takes what came back since. */
static void refill(sl__header_pool *p) {
    sl__header_stack none = p->ready;
    pthread_mutex_lock(&p->lock);
    p->ready = p->back;
    p->back = none;
    pthread_mutex_unlock(&p->lock);
}

sl_error *sl__header_pool_take(sl__header_pool *p, rd_kafka_headers_t **list) {
    if (p->ready.n == 0) {
        refill(p);
    }
    if (p->ready.n == 0) {
        return sl__header_list_make(p->headers, p->n, list);
    }
    *list = p->ready.items[--p->ready.n];
    return NULL;
}

/* push adds a list; lock held. False when it is not to be kept. */
static bool push(sl__header_pool *p, unsigned generation, rd_kafka_headers_t *list) {
    sl__header_stack *s = &p->back;
    if (generation != p->generation || s->n == SL__HEADER_POOL_MAX) {
        return false;
    }
    rd_kafka_headers_t **items = sl_grow(s->items, s->n, &s->cap, sizeof(rd_kafka_headers_t *));
    if (!items) {
        return false;
    }
    s->items = items;
    s->items[s->n++] = list;
    return true;
}

void sl__header_pool_give(sl__header_pool *p, unsigned generation, rd_kafka_headers_t *list) {
    pthread_mutex_lock(&p->lock);
    bool kept = push(p, generation, list);
    pthread_mutex_unlock(&p->lock);
    if (!kept) {
        rd_kafka_headers_destroy(list);
    }
}
