/*
 * schema_cache.c - see schema_cache.h. A hash table by the schema's id, where an entry is in one of WAYS
 * neighbouring places.
 */
#include "schema_cache.h"

#define WAYS 4u
#define FIRST_SLOTS 16u

void schema_cache_init(schema_cache *c, const sl_host *host,
                       void (*free_plan)(const sl_host *host, void *plan)) {
    *c = (schema_cache){.host = host, .free_plan = free_plan};
}

static void free_entry(schema_cache *c, schema_cache_entry *e) {
    if (e->schema) {
        c->free_plan(c->host, e->plan);
        c->host->schema_unref(e->schema);
        *e = (schema_cache_entry){0};
    }
}

void schema_cache_deinit(schema_cache *c) {
    for (uint32_t i = 0; i < c->nslots; i++) {
        free_entry(c, &c->slots[i]);
    }
    sl_free(c->slots);
    c->slots = NULL;
    c->nslots = 0;
    c->last = (schema_cache_entry){0};
}

static schema_cache_entry *place(schema_cache_entry *slots, uint32_t nslots, const sl_schema *schema,
                                 uint32_t way) {
    uint64_t h = schema->id * UINT64_C(0x9e3779b97f4a7c15);
    return &slots[((uint32_t)(h >> 40) + way) & (nslots - 1)];
}

void *schema_cache_find(schema_cache *c, const sl_schema *schema) {
    for (uint32_t i = 0; c->nslots && i < WAYS; i++) {
        const schema_cache_entry *e = place(c->slots, c->nslots, schema, i);
        if (e->schema == schema) {
            c->last = *e;
            return e->plan;
        }
    }
    return NULL;
}

static schema_cache_entry *free_place(schema_cache_entry *slots, uint32_t nslots, const sl_schema *schema) {
    for (uint32_t i = 0; i < WAYS; i++) {
        schema_cache_entry *e = place(slots, nslots, schema, i);
        if (!e->schema) {
            return e;
        }
    }
    return NULL;
}

/* grow doubles the table; what has no place in the new one is given up. False when out of memory: the old one
 * stays. */
static bool grow(schema_cache *c) {
    uint32_t n = c->nslots ? c->nslots * 2 : FIRST_SLOTS;
    schema_cache_entry *slots = sl_calloc(n, sizeof *slots);
    if (!slots) {
        return false;
    }
    for (uint32_t i = 0; i < c->nslots; i++) {
        schema_cache_entry *old = &c->slots[i];
        schema_cache_entry *e = old->schema ? free_place(slots, n, old->schema) : NULL;
        if (e) {
            *e = *old;
        } else {
            free_entry(c, old);
        }
    }
    sl_free(c->slots);
    c->slots = slots;
    c->nslots = n;
    return true;
}

sl_error *schema_cache_put(schema_cache *c, const sl_schema *schema, void *plan) {
    c->last = (schema_cache_entry){0}; /* growing may give its plan up */
    if (!c->nslots && !grow(c)) {
        c->free_plan(c->host, plan);
        return sl_error_nomem();
    }
    schema_cache_entry *e = free_place(c->slots, c->nslots, schema);
    while (!e && c->nslots < SCHEMA_CACHE_MAX && grow(c)) {
        e = free_place(c->slots, c->nslots, schema);
    }
    if (!e) {
        e = place(c->slots, c->nslots, schema, c->victim++ % WAYS);
        free_entry(c, e);
    }
    c->host->schema_ref(schema);
    *e = c->last = (schema_cache_entry){schema, plan};
    return NULL;
}
