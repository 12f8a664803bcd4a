/*
 * map.h - a hash map from strings to pointers.
 *
 * Keys are copied; values are the caller's, and freed by the map only when it got a free function. The order
 * of sl__map_each is undefined.
 *
 * Threads: one owner at a time. Memory: a map owns its keys and its table.
 */
#ifndef SLUICE_BASE_MAP_H
#define SLUICE_BASE_MAP_H

#include <sluice/memory.h>

typedef struct sl__map_slot sl__map_slot;

typedef struct sl__map {
    sl__map_slot *slots;
    size_t cap; /* power of two, or 0 */
    size_t count;
    void (*free_fn)(void *value); /* NULL = values are borrowed */
} sl__map;

/* sl__map_init: an empty map; free_fn (may be NULL) frees a value that is replaced, removed or left at
 * deinit. */
void sl__map_init(sl__map *m, void (*free_fn)(void *value));
void sl__map_deinit(sl__map *m);

/* sl__map_put sets a key's value (not NULL). False when out of memory: nothing changed, the value stays the
 * caller's. */
bool sl__map_put(sl__map *m, sl_str key, void *value);

/* sl__map_get gives the value, or NULL. */
void *sl__map_get(const sl__map *m, sl_str key);

/* sl__map_remove frees the value (if the map frees values) and tells whether the key was there. */
bool sl__map_remove(sl__map *m, sl_str key);

/* sl__map_take removes a key without freeing its value, and gives the value; NULL if it is not there. */
void *sl__map_take(sl__map *m, sl_str key);

/* sl__map_each calls cb for each entry until it gives false. cb must not change the map. */
typedef bool (*sl__map_cb)(void *arg, sl_str key, void *value);
void sl__map_each(const sl__map *m, sl__map_cb cb, void *arg);

/* sl__map_next walks a map: *at starts at 0; false at the end. key and value may be NULL. */
bool sl__map_next(const sl__map *m, size_t *at, sl_str *key, void **value);

static inline size_t sl__map_count(const sl__map *m) {
    return m->count;
}

#endif
