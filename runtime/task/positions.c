/*
 * positions.c - a small table of partitions, searched from where the last one was found.
 */
#include "task/positions.h"

void sl__positions_deinit(sl__positions *p) {
    for (size_t i = 0; i < p->n; i++) {
        sl_free(p->items[i].topic);
    }
    sl_free(p->items);
    sl_free(p->parts);
    *p = (sl__positions){0};
}

static sl__position *find(sl__positions *p, sl_str topic, int32_t partition) {
    for (size_t i = 0; i < p->n; i++) {
        size_t at = (p->last + i) % p->n;
        sl__position *x = &p->items[at];
        if (x->partition == partition && x->topic_n == topic.n && memcmp(x->topic, topic.p, topic.n) == 0) {
            p->last = at;
            return x;
        }
    }
    return NULL;
}

sl_error *sl__positions_add(sl__positions *p, sl_str topic, int32_t partition) {
    sl__position *x = find(p, topic, partition);
    if (x) {
        x->next = x->committed = -1;
        return NULL;
    }
    sl__position *more = sl_grow(p->items, p->n, &p->cap, sizeof *more);
    if (!more) {
        return sl_error_nomem();
    }
    p->items = more;
    char *name = sl_strdup(topic);
    if (!name) {
        return sl_error_nomem();
    }
    p->items[p->n++] = (sl__position){name, topic.n, partition, -1, -1};
    return NULL;
}

void sl__positions_remove(sl__positions *p, sl_str topic, int32_t partition) {
    sl__position *x = find(p, topic, partition);
    if (x) {
        sl_free(x->topic);
        *x = p->items[--p->n];
        p->last = 0;
    }
}

bool sl__positions_owns(sl__positions *p, sl_str topic, int32_t partition) {
    return find(p, topic, partition) != NULL;
}

void sl__positions_advance(sl__positions *p, sl_str topic, int32_t partition, int64_t next) {
    sl__position *x = find(p, topic, partition);
    if (x) {
        x->next = next;
    }
}

sl_error *sl__positions_uncommitted(sl__positions *p, sl_topic_partition **parts, size_t *n) {
    *n = 0;
    if (p->parts_cap < p->n) {
        sl_topic_partition *more = sl_realloc(p->parts, p->n * sizeof(*more));
        if (!more) {
            return sl_error_nomem();
        }
        p->parts = more;
        p->parts_cap = p->n;
    }
    for (size_t i = 0; i < p->n; i++) {
        sl__position *x = &p->items[i];
        if (x->next >= 0 && x->next != x->committed) {
            p->parts[(*n)++] = (sl_topic_partition){sl_str_make(x->topic, x->topic_n), x->partition, x->next};
        }
    }
    *parts = p->parts;
    return NULL;
}

void sl__positions_committed(sl__positions *p, const sl_topic_partition *parts, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sl__position *x = find(p, parts[i].topic, parts[i].partition);
        if (x) {
            x->committed = parts[i].offset;
        }
    }
}

void sl__positions_doubt(sl__positions *p) {
    for (size_t i = 0; i < p->n; i++) {
        p->items[i].committed = -1;
    }
}
