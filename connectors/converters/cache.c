/*
 * cache.c - see cache.h.
 */
#include "cache.h"

#include <sluice/memory.h>

#define FIRST_SLOTS 16

void cache_init(cache *c) {
    *c = (cache){.nslots = 0};
    c->ends.newer = c->ends.older = &c->ends;
}

void cache_deinit(cache *c) {
    sl_free(c->slots);
    cache_init(c);
}

static cache_node *of_hash(cache_node *node, uint64_t hash) {
    while (node && node->hash != hash) {
        node = node->chain;
    }
    return node;
}

cache_node *cache_first(const cache *c, uint64_t hash) {
    return c->nslots ? of_hash(c->slots[hash & (c->nslots - 1)], hash) : NULL;
}

cache_node *cache_next(const cache_node *node) {
    return of_hash(node->chain, node->hash);
}

static void link_newest(cache *c, cache_node *node) {
    node->newer = &c->ends;
    node->older = c->ends.older;
    node->older->newer = node;
    c->ends.older = node;
}

static void unlink_use(cache_node *node) {
    node->newer->older = node->older;
    node->older->newer = node->newer;
}

static void put_in_slot(cache *c, cache_node *node) {
    cache_node **slot = &c->slots[node->hash & (c->nslots - 1)];
    node->chain = *slot;
    *slot = node;
}

static bool grow(cache *c) {
    size_t nslots = c->nslots ? c->nslots * 2 : FIRST_SLOTS;
    cache_node **slots = sl_calloc(nslots, sizeof(*slots));
    if (!slots) {
        return false;
    }
    sl_free(c->slots);
    c->slots = slots;
    c->nslots = nslots;
    for (cache_node *node = c->ends.newer; node != &c->ends; node = node->newer) {
        put_in_slot(c, node);
    }
    return true;
}

bool cache_add(cache *c, cache_node *node, uint64_t hash) {
    if (c->n >= c->nslots && !grow(c)) {
        return false;
    }
    node->hash = hash;
    put_in_slot(c, node);
    link_newest(c, node);
    c->n++;
    return true;
}

void cache_touch(cache *c, cache_node *node) {
    if (c->ends.older != node) {
        unlink_use(node);
        link_newest(c, node);
    }
}

void cache_remove(cache *c, cache_node *node) {
    cache_node **at = &c->slots[node->hash & (c->nslots - 1)];
    while (*at != node) {
        at = &(*at)->chain;
    }
    *at = node->chain;
    unlink_use(node);
    c->n--;
}

cache_node *cache_oldest(const cache *c) {
    return c->n ? c->ends.newer : NULL;
}

static uint64_t mix(uint64_t h, uint64_t w) {
    unsigned __int128 product = (unsigned __int128)(h ^ w) * 0x9e3779b97f4a7c15u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t cache_hash(sl_str bytes) {
    uint64_t h = bytes.n + 0x243f6a8885a308d3u;
    uint64_t w = 0;
    size_t i = 0;
    for (; i + sizeof(w) <= bytes.n; i += sizeof(w)) {
        memcpy(&w, bytes.p + i, sizeof(w));
        h = mix(h, w) + i;
    }
    w = 0;
    if (i < bytes.n) {
        memcpy(&w, bytes.p + i, bytes.n - i);
    }
    return mix(h, w);
}
