/*
 * cache.h - entries found by a 64-bit hash, in the order of their last use.
 *
 * An entry begins with a cache_node, and belongs to whoever made it: the cache only links. What an entry is
 * the caller compares; entries of equal hashes may differ.
 *
 * Threads: one owner at a time. Memory: the cache owns its table of slots alone.
 */
#ifndef SLUICE_CONVERTERS_CACHE_H
#define SLUICE_CONVERTERS_CACHE_H

#include <sluice/str.h>

typedef struct cache_node cache_node;

struct cache_node {
    cache_node *chain;         /* the next one in the same slot */
    cache_node *newer, *older; /* by use; a ring through cache.ends */
    uint64_t hash;
};

typedef struct cache {
    cache_node **slots;
    size_t nslots; /* power of two, or 0 */
    size_t n;
    cache_node ends; /* older: the newest, newer: the oldest */
} cache;

/* cache_init: an empty cache, which must not be moved afterwards. */
void cache_init(cache *c);
/* cache_deinit frees the slots; the entries were removed before. */
void cache_deinit(cache *c);

/* cache_first and cache_next give the entries of a hash; NULL at the end. */
cache_node *cache_first(const cache *c, uint64_t hash);
cache_node *cache_next(const cache_node *node);

/* cache_add links an entry as the one used last; false when out of memory. */
bool cache_add(cache *c, cache_node *node, uint64_t hash);
void cache_touch(cache *c, cache_node *node);
void cache_remove(cache *c, cache_node *node);
/* cache_oldest gives the entry that was not used for the longest time, or NULL. */
cache_node *cache_oldest(const cache *c);

/* cache_hash mixes all bytes, eight at once. */
uint64_t cache_hash(sl_str bytes);

#endif
