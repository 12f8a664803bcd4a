/*
 * memory.h - the one allocator, arenas, buffers and the wire reader.
 *
 * Every heap allocation of Sluice and of its plugins goes through sl_alloc and its kin. An arena hands out
 * memory that is freed as a whole. A buffer grows on the heap or at the tip of an arena and has a sticky
 * error: append freely and check `failed` once. None of these is thread-safe; each has one owner at a time.
 */
#ifndef SLUICE_MEMORY_H
#define SLUICE_MEMORY_H

#include <sluice/error.h>

void *sl_alloc(size_t size) __attribute__((malloc));            /* NULL when out of memory; not zeroed */
void *sl_calloc(size_t n, size_t size) __attribute__((malloc)); /* zeroed; checks the product */
void *sl_realloc(void *p, size_t size);
void sl_free(void *p);
char *sl_strdup(sl_str s); /* zero-terminated heap copy; NULL when out of memory */

/* sl_grow gives an array of n items, each of a size, room for one more: items itself, or in its place one
   with twice the room. *cap is for how many there is room; it begins as 0, items as NULL. NULL when out of
   memory: items is as it was. */
void *sl_grow_more(void *items, size_t *cap, size_t size); /* its slow path */
static inline void *sl_grow(void *items, size_t n, size_t *cap, size_t size) {
    return n < *cap ? items : sl_grow_more(items, cap, size);
}

/* ---- arena ---- */

typedef struct sl_arena_chunk sl_arena_chunk;

typedef struct sl_arena {
    char *cur;            /* next free byte of the newest chunk */
    char *end;            /* its end */
    sl_arena_chunk *head; /* newest chunk, linked to older ones */
    size_t chunk_size;    /* size of the next chunk; grows up to 1 MiB */
    size_t total;         /* bytes in all chunks */
    bool failed;          /* an allocation failed (sticky until reset) */
} sl_arena;

/* sl_arena_init takes no memory yet; `first` is the first chunk's size, 0 = 4 KiB. */
void sl_arena_init(sl_arena *a, size_t first);
void sl_arena_deinit(sl_arena *a);

/* sl_arena_reset forgets everything that was handed out and keeps one chunk of at most `keep` bytes. */
void sl_arena_reset(sl_arena *a, size_t keep);

/* sl_arena_more is the slow path of the two below: a block of n bytes from a new chunk; NULL when out of
 * memory. */
void *sl_arena_more(sl_arena *a, size_t n, size_t align);

/* sl_arena_alloc gives n bytes, aligned for anything, not zeroed; NULL (and a->failed) when out of memory. */
static inline void *sl_arena_alloc(sl_arena *a, size_t n) {
    uintptr_t at = ((uintptr_t)a->cur + 15u) & ~(uintptr_t)15u;
    if (a->cur == NULL || at > (uintptr_t)a->end || n > (uintptr_t)a->end - at) {
        return sl_arena_more(a, n, 16);
    }
    a->cur = (char *)at + n;
    return (void *)at;
}

/* sl_arena_bytes gives n unaligned bytes. */
static inline char *sl_arena_bytes(sl_arena *a, size_t n) {
    if (a->cur == NULL || n > (size_t)(a->end - a->cur)) {
        return sl_arena_more(a, n, 1);
    }
    char *p = a->cur;
    a->cur += n;
    return p;
}

/* sl_arena_give hands a heap block (of malloc, n bytes) to the arena, which frees it; for what is too large
   to be copied. False (and a->failed) when out of memory: the block is still the caller's. */
SL_MUST_CHECK bool sl_arena_give(sl_arena *a, void *block, size_t n);
/* sl_arena_regrow makes the newest chunk n bytes large, all of them handed out, when p is its first byte and
   nothing else is in it; it may move. NULL when it is not so, or when out of memory: all is as it was. */
char *sl_arena_regrow(sl_arena *a, char *p, size_t n);

void *sl_arena_zalloc(sl_arena *a, size_t n);
/* sl_arena_str copies s (and a zero byte behind it) into the arena; absent stays absent, also when out of
 * memory. */
sl_str sl_arena_str(sl_arena *a, sl_str s);
sl_str sl_arena_printf(sl_arena *a, const char *fmt, ...) SL_PRINTF(2, 3);

/* sl_arena_grow is sl_grow with an array in the arena, where the smaller ones stay. */
void *sl_arena_grow(sl_arena *a, void *items, size_t n, size_t *cap, size_t size);

/* ---- buffer ---- */

typedef struct sl_buf {
    char *p;
    size_t n;
    size_t cap;
    sl_arena *arena; /* NULL = on the heap */
    bool failed;     /* sticky: an append ran out of memory; contents are then unusable */
} sl_buf;

/* sl_buf_init: an empty buffer; arena NULL = heap (sl_buf_deinit frees it). With an arena the buffer borrows
   its tip: allocate nothing else from that arena until sl_buf_take. */
void sl_buf_init(sl_buf *b, sl_arena *arena);
void sl_buf_deinit(sl_buf *b);

/* sl_buf_grow is the slow path of sl_buf_room. */
bool sl_buf_grow(sl_buf *b, size_t more);

/* sl_buf_room gives a place for n more bytes (add to b->n what you wrote), or NULL when out of memory. */
static inline char *sl_buf_room(sl_buf *b, size_t n) {
    if (n > b->cap - b->n && !sl_buf_grow(b, n)) {
        return NULL;
    }
    return b->p + b->n;
}

static inline void sl_buf_add(sl_buf *b, const void *p, size_t n) {
    char *to = n ? sl_buf_room(b, n) : NULL;
    if (to) {
        memcpy(to, p, n);
        b->n += n;
    }
}

static inline void sl_buf_add_str(sl_buf *b, sl_str s) {
    sl_buf_add(b, s.p, s.n);
}

static inline void sl_buf_add_char(sl_buf *b, char c) {
    char *to = sl_buf_room(b, 1);
    if (to) {
        *to = c;
        b->n++;
    }
}

void sl_buf_add_z(sl_buf *b, const char *z);
void sl_buf_printf(sl_buf *b, const char *fmt, ...) SL_PRINTF(2, 3);
/* sl_buf_add_i64 appends decimal digits. */
void sl_buf_add_i64(sl_buf *b, int64_t v);
/* sl_buf_add_json_str appends s (UTF-8) as a JSON string with its quotes, byte for byte as Kafka Connect's
   serializer does: what RFC 8259 requires is escaped, and characters beyond the Basic Multilingual Plane are
   pairs of \uXXXX. */
void sl_buf_add_json_str(sl_buf *b, sl_str s);

/* sl_buf_clear empties the buffer and its error, keeping its memory. */
void sl_buf_clear(sl_buf *b);

/* sl_buf_view looks at the contents, valid until the next append. */
static inline sl_str sl_buf_view(const sl_buf *b) {
    return (sl_str){b->p, b->n};
}

/* sl_buf_take ends an arena buffer: gives what was written, valid as long as the arena, returns the unused
   rest of the tip, and leaves the buffer empty and ready for the next use. Absent when the buffer failed.
   Arena buffers only. */
sl_str sl_buf_take(sl_buf *b);

/* ---- reader of wire data ---- */

typedef struct sl_reader {
    const unsigned char *p;
    const unsigned char *end;
    bool short_read; /* sticky: something was asked for past the end; whatever was returned for it is zero */
} sl_reader;

static inline sl_reader sl_reader_of(const void *p, size_t n) {
    return (sl_reader){(const unsigned char *)p, (const unsigned char *)p + n, false};
}

static inline size_t sl_reader_left(const sl_reader *r) {
    return (size_t)(r->end - r->p);
}

uint8_t sl_reader_u8(sl_reader *r);
uint16_t sl_reader_u16be(sl_reader *r);
uint32_t sl_reader_u32be(sl_reader *r);
uint64_t sl_reader_u64be(sl_reader *r);
/* sl_reader_bytes views the next n bytes; absent on a short read. */
sl_str sl_reader_bytes(sl_reader *r, size_t n);
/* sl_reader_cstr views up to the next zero byte and steps over it; absent on a short read. */
sl_str sl_reader_cstr(sl_reader *r);

#endif
