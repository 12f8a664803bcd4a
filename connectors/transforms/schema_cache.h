/*
 * schema_cache.h - what a transform derived from a schema, found again by the schema's pointer.
 *
 * Each entry holds a reference on its schema, so a pointer is never mistaken for a later one. The cache is
 * bounded: it grows up to a fixed size, then a new entry takes the place of an older one. Plans that were got
 * are valid until the next put. Threads: one owner at a time. Memory: plans belong to the cache, which frees
 * them by the function given.
 */
#ifndef SLUICE_TRANSFORMS_SCHEMA_CACHE_H
#define SLUICE_TRANSFORMS_SCHEMA_CACHE_H

#include <sluice/host.h>

#define SCHEMA_CACHE_MAX 512u

typedef struct schema_cache_entry {
    const sl_schema *schema; /* NULL = free; holds a reference */
    void *plan;
} schema_cache_entry;

typedef struct schema_cache {
    const sl_host *host;
    void (*free_plan)(const sl_host *host, void *plan);
    schema_cache_entry last;   /* a copy of the entry used last */
    schema_cache_entry *slots; /* NULL until the first put */
    uint32_t nslots;           /* a power of two */
    uint32_t victim;           /* which of the places is given up next */
} schema_cache;

void schema_cache_init(schema_cache *c, const sl_host *host,
                       void (*free_plan)(const sl_host *host, void *plan));
void schema_cache_deinit(schema_cache *c);

/* schema_cache_find is the slow path of the next one. */
void *schema_cache_find(schema_cache *c, const sl_schema *schema);

/* schema_cache_get gives the plan of a schema, or NULL. */
static inline void *schema_cache_get(schema_cache *c, const sl_schema *schema) {
    return c->last.schema == schema ? c->last.plan : schema_cache_find(c, schema);
}

/* schema_cache_put takes the plan over, also when it fails; the schema must not be there yet. */
SL_MUST_CHECK sl_error *schema_cache_put(schema_cache *c, const sl_schema *schema, void *plan);

#endif
