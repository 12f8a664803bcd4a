/*
 * map.c - a hash map from strings to pointers: open addressing, linear probing, at most 3/4 full.
 *
 * Removing moves later entries of the same run back, so there are no tombstones.
 *
 * Not for: more than one thread at a time. Memory: the map owns the table and its copies of the keys.
 */
#include "base/map.h"

struct sl__map_slot {
    char *key; /* owned; NULL = free slot */
    size_t n;
    uint64_t hash;
    void *value;
};

void sl__map_init(sl__map *m, void (*free_fn)(void *value)) {
    *m = (sl__map){.free_fn = free_fn};
}

static void free_value(const sl__map *m, void *value) {
    if (m->free_fn && value) {
        m->free_fn(value);
    }
}

void sl__map_deinit(sl__map *m) {
    for (size_t i = 0; i < m->cap; i++) {
        if (m->slots[i].key) {
            free_value(m, m->slots[i].value);
            sl_free(m->slots[i].key);
        }
    }
    sl_free(m->slots);
    sl__map_init(m, m->free_fn);
}

/* find_slot gives the key's slot, or the free one where it would go. The table must not be full. */
static sl__map_slot *find_slot(const sl__map *m, sl_str key, uint64_t hash) {
    size_t i = hash & (m->cap - 1);
    while (m->slots[i].key) {
        sl__map_slot *s = &m->slots[i];
        if (s->hash == hash && sl_str_eq(sl_str_make(s->key, s->n), key)) {
            return s;
        }
        i = (i + 1) & (m->cap - 1);
    }
    return &m->slots[i];
}

static bool grow(sl__map *m) {
    sl__map bigger = *m;
    bigger.cap = m->cap ? m->cap * 2 : 16;
    bigger.slots = sl_calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots) {
        return false;
    }
    for (size_t i = 0; i < m->cap; i++) {
        const sl__map_slot *s = &m->slots[i];
        if (s->key) {
            *find_slot(&bigger, sl_str_make(s->key, s->n), s->hash) = *s;
        }
    }
    sl_free(m->slots);
    *m = bigger;
    return true;
}

bool sl__map_put(sl__map *m, sl_str key, void *value) {
    uint64_t hash = sl_str_hash(key);
    if ((m->count + 1) * 4 > m->cap * 3 && !grow(m)) {
        return false;
    }
    sl__map_slot *s = find_slot(m, key, hash);
    if (s->key) {
        void *old = s->value;
        s->value = value;
        if (old != value) {
            free_value(m, old);
        }
        return true;
    }
    char *copy = sl_strdup(key);
    if (!copy) {
        return false;
    }
    *s = (sl__map_slot){.key = copy, .n = key.n, .hash = hash, .value = value};
    m->count++;
    return true;
}

void *sl__map_get(const sl__map *m, sl_str key) {
    return m->cap ? find_slot(m, key, sl_str_hash(key))->value : NULL;
}

/* close_gap fills the free slot at `gap` from the run behind it. */
static void close_gap(sl__map *m, size_t gap) {
    size_t mask = m->cap - 1;
    for (size_t i = (gap + 1) & mask; m->slots[i].key; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            m->slots[gap] = m->slots[i];
            m->slots[i] = (sl__map_slot){0};
            gap = i;
        }
    }
}

void *sl__map_take(sl__map *m, sl_str key) {
    sl__map_slot *s = m->cap ? find_slot(m, key, sl_str_hash(key)) : NULL;
    if (!s || !s->key) {
        return NULL;
    }
    void *value = s->value;
    sl_free(s->key);
    *s = (sl__map_slot){0};
    m->count--;
    close_gap(m, (size_t)(s - m->slots));
    return value;
}

bool sl__map_remove(sl__map *m, sl_str key) {
    void *value = sl__map_take(m, key);
    free_value(m, value);
    return value != NULL;
}

bool sl__map_next(const sl__map *m, size_t *at, sl_str *key, void **value) {
    while (*at < m->cap) {
        const sl__map_slot *s = &m->slots[(*at)++];
        if (s->key) {
            if (key) {
                *key = sl_str_make(s->key, s->n);
            }
            if (value) {
                *value = s->value;
            }
            return true;
        }
    }
    return false;
}

void sl__map_each(const sl__map *m, sl__map_cb cb, void *arg) {
    size_t at = 0;
    sl_str key;
    void *value;
    while (sl__map_next(m, &at, &key, &value)) {
        if (!cb(arg, key, value)) {
            return;
        }
    }
}
