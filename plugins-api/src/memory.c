/*
 * memory.c - the allocator and arenas.
 *
 * A test program may define sl_test_alloc_fails to make chosen allocations fail; nothing else does.
 *
 * Not for: buffers (buf.c). Threads: the allocator is thread-safe, an arena has one owner at a time.
 * Memory: an arena owns its chunks, which double from the first size up to 1 MiB (more for a bigger request).
 * A block that it was given is behind a chunk of its own, which holds the pointer to it.
 */
#include <sluice/memory.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CHUNK 4096u
#define FIRST_ITEMS 16u
#define LARGEST_CHUNK (1024u * 1024u)
#define GIVEN                                                                                                \
    ((size_t)1 << (sizeof(size_t) * 8 - 1)) /* in a chunk's size: its data is a pointer to a block */

struct sl_arena_chunk {
    sl_arena_chunk *next; /* older */
    size_t size;          /* bytes of data */
    char data[];
};
_Static_assert(sizeof(sl_arena_chunk) % 16 == 0, "chunk data must be aligned for anything");

__attribute__((weak, visibility("default"))) bool sl_test_alloc_fails(void);

static bool must_fail(void) {
    return sl_test_alloc_fails && sl_test_alloc_fails();
}

void *sl_alloc(size_t size) {
    return must_fail() ? NULL : malloc(size ? size : 1);
}

void *sl_calloc(size_t n, size_t size) {
    return must_fail() ? NULL : calloc(n ? n : 1, size ? size : 1);
}

void *sl_realloc(void *p, size_t size) {
    return must_fail() ? NULL : realloc(p, size ? size : 1);
}

void sl_free(void *p) {
    free(p);
}

char *sl_strdup(sl_str s) {
    char *z = s.n < SIZE_MAX ? sl_alloc(s.n + 1) : NULL;
    if (!z) {
        return NULL;
    }
    if (s.n) {
        memcpy(z, s.p, s.n);
    }
    z[s.n] = '\0';
    return z;
}

/* grown_cap gives how much room the next larger array has; 0 = more than there can be. */
static size_t grown_cap(size_t cap, size_t size) {
    size_t more = cap ? cap * 2 : FIRST_ITEMS;
    return more > SIZE_MAX / 2 / size ? 0 : more;
}

void *sl_grow_more(void *items, size_t *cap, size_t size) {
    size_t more = grown_cap(*cap, size);
    void *p = more ? sl_realloc(items, more * size) : NULL;
    if (p) {
        *cap = more;
    }
    return p;
}

void *sl_arena_grow(sl_arena *a, void *items, size_t n, size_t *cap, size_t size) {
    if (n < *cap) {
        return items;
    }
    size_t more = grown_cap(*cap, size);
    void *p = more ? sl_arena_alloc(a, more * size) : NULL;
    if (p && n) {
        memcpy(p, items, n * size);
    }
    *cap = p ? more : *cap;
    return p;
}

void sl_arena_init(sl_arena *a, size_t first) {
    *a = (sl_arena){.chunk_size = first ? first : FIRST_CHUNK};
}

static void free_chunk(sl_arena_chunk *c) {
    if (c->size & GIVEN) {
        void *block;
        memcpy(&block, c->data, sizeof block);
        sl_free(block);
    }
    sl_free(c);
}

static void free_chunks(sl_arena_chunk *c) {
    while (c) {
        sl_arena_chunk *next = c->next;
        free_chunk(c);
        c = next;
    }
}

void sl_arena_deinit(sl_arena *a) {
    free_chunks(a->head);
    sl_arena_init(a, 0);
}

static size_t next_chunk_size(size_t size) {
    return size >= LARGEST_CHUNK / 2 ? LARGEST_CHUNK : size * 2;
}

/* take_kept unlinks the largest chunk of at most keep bytes; NULL if there is none. */
static sl_arena_chunk *take_kept(sl_arena *a, size_t keep) {
    sl_arena_chunk **best = NULL;
    for (sl_arena_chunk **c = &a->head; *c; c = &(*c)->next) {
        if (!((*c)->size & GIVEN) && (*c)->size <= keep && (!best || (*c)->size > (*best)->size)) {
            best = c;
        }
    }
    if (!best) {
        return NULL;
    }
    sl_arena_chunk *kept = *best;
    *best = kept->next;
    kept->next = NULL;
    return kept;
}

void sl_arena_reset(sl_arena *a, size_t keep) {
    if (!a->head) {
        a->failed = false;
        return;
    }
    sl_arena_chunk *kept = take_kept(a, keep);
    free_chunks(a->head);
    sl_arena_init(a, kept ? next_chunk_size(kept->size) : 0);
    if (kept) {
        a->head = kept;
        a->cur = kept->data;
        a->end = kept->data + kept->size;
        a->total = kept->size;
    }
}

void *sl_arena_more(sl_arena *a, size_t n, size_t align) {
    /* A chunk's data is aligned for anything, so its first byte serves every alignment up to 16. */
    (void)align;
    size_t size = n > a->chunk_size ? n : a->chunk_size;
    size = size ? size : FIRST_CHUNK;
    sl_arena_chunk *c = size < SIZE_MAX - sizeof *c ? sl_alloc(sizeof *c + size) : NULL;
    if (!c) {
        a->failed = true;
        return NULL;
    }
    c->next = a->head;
    c->size = size;
    a->head = c;
    a->cur = c->data + n;
    a->end = c->data + size;
    a->total += size;
    a->chunk_size = next_chunk_size(a->chunk_size ? a->chunk_size : FIRST_CHUNK);
    return c->data;
}

bool sl_arena_give(sl_arena *a, void *block, size_t n) {
    sl_arena_chunk *c = n < GIVEN ? sl_alloc(sizeof *c + sizeof block) : NULL;
    if (!c) {
        a->failed = true;
        return false;
    }
    memcpy(c->data, &block, sizeof block);
    c->size = n | GIVEN;
    sl_arena_chunk **at = a->head ? &a->head->next : &a->head; /* the first one is what cur points into */
    c->next = *at;
    *at = c;
    a->total += n;
    return true;
}

char *sl_arena_regrow(sl_arena *a, char *p, size_t n) {
    sl_arena_chunk *c = a->head;
    if (!c || c->size & GIVEN || p != c->data || n <= c->size || n >= SIZE_MAX - sizeof *c) {
        return NULL;
    }
    sl_arena_chunk *larger = sl_realloc(c, sizeof *c + n);
    if (!larger) {
        return NULL;
    }
    a->total += n - larger->size;
    larger->size = n;
    a->head = larger;
    a->cur = a->end = larger->data + n;
    return larger->data;
}

void *sl_arena_zalloc(sl_arena *a, size_t n) {
    void *p = sl_arena_alloc(a, n);
    if (p) {
        memset(p, 0, n);
    }
    return p;
}

sl_str sl_arena_str(sl_arena *a, sl_str s) {
    char *z = s.p && s.n < SIZE_MAX ? sl_arena_bytes(a, s.n + 1) : NULL;
    if (!z) {
        return SL_STR_NONE;
    }
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return sl_str_make(z, s.n);
}

sl_str sl_arena_printf(sl_arena *a, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *z = n < 0 ? NULL : sl_arena_bytes(a, (size_t)n + 1);
    if (!z) {
        return SL_STR_NONE;
    }
    va_start(args, fmt);
    vsnprintf(z, (size_t)n + 1, fmt, args);
    va_end(args);
    return sl_str_make(z, (size_t)n);
}
