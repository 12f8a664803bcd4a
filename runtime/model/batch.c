/*
 * batch.c - making, emptying and freeing batches.
 *
 * Not for: filling them (sluice/record.h). Threads: one owner at a time.
 * Memory: a batch that is emptied keeps at most about 3 MiB for its next use.
 */
#include "model/batch.h"

#define KEPT_CHUNK ((size_t)1024 * 1024)
#define KEPT_ARRAY ((size_t)1024 * 1024)

sl_batch *sl__batch_new(const sl_host *host) {
    sl_batch *b = sl_calloc(1, sizeof *b);
    if (b) {
        b->host = host;
        sl_arena_init(&b->arena, 0);
    }
    return b;
}

static void drop_schemas(sl_batch *b) {
    for (size_t i = 0; i < b->nschemas; i++) {
        b->host->schema_unref(b->schemas[i]);
    }
    b->nschemas = 0;
    memset(b->recent, 0, sizeof b->recent);
}

void sl__batch_reset(sl_batch *b) {
    drop_schemas(b);
    sl_arena_reset(&b->arena, KEPT_CHUNK);
    b->n = 0;
    b->offsets = NULL;
    b->noffsets = 0;
    b->failed = false;
    b->store_now = false;
    b->ends_transaction = false;
    if (b->cap * sizeof *b->records > KEPT_ARRAY) {
        sl_free(b->records);
        b->records = NULL;
        b->cap = 0;
    }
    if (b->schemas_cap * sizeof *b->schemas > KEPT_ARRAY) {
        sl_free(b->schemas);
        b->schemas = NULL;
        b->schemas_cap = 0;
    }
}

void sl__batch_free(sl_batch *b) {
    if (!b) {
        return;
    }
    drop_schemas(b);
    sl_arena_deinit(&b->arena);
    sl_free(b->records);
    sl_free(b->schemas);
    sl_free(b);
}

size_t sl__batch_bytes(const sl_batch *b) {
    return sizeof *b + b->arena.total + b->cap * sizeof *b->records + b->schemas_cap * sizeof *b->schemas;
}
