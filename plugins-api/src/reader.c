/*
 * reader.c - reads big-endian wire data with a sticky short-read flag.
 *
 * Not for: other byte orders (a plugin's own affair). Threads: one owner. Memory: views into what is read.
 */
#include <sluice/memory.h>

/* take gives the next n bytes, or NULL after which the reader stays at its end. */
static const unsigned char *take(sl_reader *r, size_t n) {
    if (r->short_read || n > sl_reader_left(r)) {
        r->short_read = true;
        r->p = r->end;
        return NULL;
    }
    const unsigned char *p = r->p;
    r->p += n;
    return p;
}

static uint64_t take_be(sl_reader *r, size_t n) {
    const unsigned char *p = take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; p && i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

uint8_t sl_reader_u8(sl_reader *r) {
    return (uint8_t)take_be(r, 1);
}

uint16_t sl_reader_u16be(sl_reader *r) {
    return (uint16_t)take_be(r, 2);
}

uint32_t sl_reader_u32be(sl_reader *r) {
    return (uint32_t)take_be(r, 4);
}

uint64_t sl_reader_u64be(sl_reader *r) {
    return take_be(r, 8);
}

sl_str sl_reader_bytes(sl_reader *r, size_t n) {
    const char *p = (const char *)take(r, n);
    if (r->short_read) {
        return SL_STR_NONE;
    }
    return sl_str_make(p ? p : "", n);
}

sl_str sl_reader_cstr(sl_reader *r) {
    size_t left = sl_reader_left(r);
    const unsigned char *zero = left ? memchr(r->p, 0, left) : NULL;
    if (!zero) {
        (void)take(r, SIZE_MAX);
        return SL_STR_NONE;
    }
    size_t n = (size_t)(zero - r->p);
    return sl_str_make((const char *)take(r, n + 1), n);
}
