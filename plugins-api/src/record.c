/*
 * record.c - filling batches: records, headers, offsets and the schemas that they need.
 *
 * Not for: making and freeing batches (the runtime does). Threads: a batch has one owner at a time.
 * Memory: the arrays of records and schemas are on the heap (freed with the batch), all else is in the
 * batch's arena.
 */
#include <sluice/host.h>

#define SEARCH_LIMIT 256u

static bool fail(sl_batch *b) {
    b->failed = true;
    return false;
}

/* append_in_arena gives an array of n + 1 items that begins with the n old ones: the old array if it ends at
   the arena's tip, else a copy. */
static void *append_in_arena(sl_arena *a, void *items, size_t n, size_t size) {
    char *end = n ? (char *)items + n * size : NULL;
    if (end && end == a->cur && (size_t)(a->end - a->cur) >= size) {
        a->cur += size;
        return items;
    }
    void *p = n < SIZE_MAX / size ? sl_arena_alloc(a, (n + 1) * size) : NULL;
    if (p && items) {
        memcpy(p, items, n * size);
    }
    return p;
}

sl_record *sl_batch_add(sl_batch *b) {
    sl_record *records = sl_grow(b->records, b->n, &b->cap, sizeof *records);
    if (!records) {
        b->failed = true;
        return NULL;
    }
    b->records = records;
    sl_record *r = &records[b->n++];
    *r = (sl_record){
        .partition = SL_NO_PARTITION,
        .timestamp = SL_NO_TIMESTAMP,
        .kafka_partition = SL_NO_PARTITION,
        .kafka_offset = -1,
    };
    return r;
}

static bool is_kept(const sl_batch *b, const sl_schema *s) {
    size_t from = b->nschemas > SEARCH_LIMIT ? b->nschemas - SEARCH_LIMIT : 0;
    for (size_t i = b->nschemas; i > from; i--) {
        if (b->schemas[i - 1] == s) {
            return true;
        }
    }
    return false;
}

void sl_batch_keep_slow(sl_batch *b, const sl_schema *s) {
    if (!is_kept(b, s)) {
        const sl_schema **schemas = sl_grow(b->schemas, b->nschemas, &b->schemas_cap, sizeof *schemas);
        if (!schemas) {
            b->failed = true;
            return;
        }
        b->schemas = schemas;
        b->host->schema_ref(s);
        b->schemas[b->nschemas++] = s;
    }
    b->recent[s->id % SL_BATCH_SCHEMA_SLOTS] = s;
}

bool sl_record_add_header(sl_batch *b, sl_record *r, sl_str name, const sl_schema *s, sl_value v) {
    sl_header *headers = append_in_arena(&b->arena, r->headers, r->nheaders, sizeof *headers);
    if (!headers) {
        return fail(b);
    }
    sl_batch_keep(b, s);
    headers[r->nheaders++] = (sl_header){.name = name, .schema = s, .value = v};
    r->headers = headers;
    return true;
}

bool sl_batch_set_offset(sl_batch *b, sl_value partition, sl_value offset) {
    for (size_t i = 0; i < b->noffsets; i++) {
        if (sl_value_eq(&b->offsets[i].partition, &partition)) {
            b->offsets[i].offset = offset;
            return true;
        }
    }
    sl_batch_offset *offsets = append_in_arena(&b->arena, b->offsets, b->noffsets, sizeof *offsets);
    if (!offsets) {
        return fail(b);
    }
    offsets[b->noffsets++] = (sl_batch_offset){.partition = partition, .offset = offset};
    b->offsets = offsets;
    return true;
}
