/*
 * utf8.c - well-formed UTF-8 from any bytes. See utf8.h.
 *
 * Each longest stretch of bytes that begins a character without ending it, and each byte that can begin none,
 * becomes one U+FFFD (the practice that the Unicode Standard recommends, table 3-8).
 */
#include "utf8.h"

bool utf8_is_ascii(const char *p, size_t n) {
    uint64_t any = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t word;
        memcpy(&word, p + i, 8);
        any |= word;
    }
    for (; i < n; i++) {
        any |= (uint64_t)(unsigned char)p[i] << 56;
    }
    return (any & UINT64_C(0x8080808080808080)) == 0;
}

/* lead_of gives the length of a character by its first byte, and the bounds of its second; 0 = no first byte.
 */
static size_t lead_of(unsigned char c, unsigned char *low, unsigned char *high) {
    *low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    *high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (c < 0x80) {
        return 1;
    }
    if (c < 0xc2 || c > 0xf4) {
        return 0;
    }
    return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* next_char gives how many bytes at p belong together, and whether they are a character. */
static size_t next_char(const unsigned char *p, size_t n, bool *good) {
    unsigned char low, high;
    size_t want = lead_of(p[0], &low, &high);
    size_t have = 1;
    while (have < want && have < n && p[have] >= low && p[have] <= high) {
        have++;
        low = 0x80;
        high = 0xbf;
    }
    *good = want > 0 && have == want;
    return have;
}

bool utf8_repair(sl_arena *a, sl_str *text) {
    if (sl_str_is_utf8(*text)) {
        return true;
    }
    sl_buf out;
    sl_buf_init(&out, a);
    const unsigned char *p = (const unsigned char *)text->p;
    for (size_t i = 0; i < text->n;) {
        bool good;
        size_t n = next_char(p + i, text->n - i, &good);
        if (good) {
            sl_buf_add(&out, p + i, n);
        } else {
            sl_buf_add(&out, "\xef\xbf\xbd", 3);
        }
        i += n;
    }
    bool failed = out.failed;
    *text = sl_buf_take(&out);
    return !failed;
}
