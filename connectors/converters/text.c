/*
 * text.c - Base64 and UTF-8 the way Java reads and writes them.
 *
 * Threads: pure functions. Memory: results go to the given buffer or arena.
 */
#include "text.h"

/* ---- base64 (RFC 4648, section 4) ---- */

static int b64_digit(char c) {
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool text_unbase64(sl_arena *arena, sl_str t, sl_str *out) {
    char *to = sl_arena_bytes(arena, t.n / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t digits = 0, padding = 0, at = 0;
    for (size_t i = 0; to && i < t.n; i++) {
        int d = b64_digit(t.p[i]);
        if (t.p[i] == '=') {
            padding++;
        } else if (d >= 0 && !padding) {
            bits = bits << 6 | (uint32_t)d;
            if (++digits % 4 != 1) {
                to[at++] = (char)(bits >> (4 - digits % 4) * 2 % 8 & 255);
            }
        } else if ((unsigned char)t.p[i] > ' ') {
            return false;
        }
    }
    if (!to || digits % 4 == 1 || (padding && (digits + padding) % 4 != 0) || padding > 2) {
        return false;
    }
    *out = sl_str_make(to, at);
    return true;
}

/* ---- UTF-8 ---- */

static bool continues(const unsigned char *p, size_t n, size_t i) {
    return i < n && (p[i] & 0xc0) == 0x80;
}

/* sequence gives the length of what stands at p, n > 0: *good when it is one character, else how many bytes
   one U+FFFD stands for: the longest beginning of a character, and a whole surrogate. */
static size_t sequence(const unsigned char *p, size_t n, bool *good) {
    *good = p[0] < 0x80;
    if (*good || p[0] < 0xc2 || p[0] > 0xf4 || !continues(p, n, 1)) {
        return 1;
    }
    if (p[0] < 0xe0) {
        *good = true;
        return 2;
    }
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) {
        return 1;
    }
    if (!continues(p, n, 2)) {
        return 2;
    }
    if (p[0] < 0xf0) {
        *good = !(p[0] == 0xed && p[1] > 0x9f);
        return 3;
    }
    *good = continues(p, n, 3);
    return *good ? 4 : 3;
}

sl_str text_utf8(sl_arena *arena, sl_str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    if (sl_str_is_utf8(s)) {
        return s;
    }
    char *copy = sl_arena_bytes(arena, s.n * 3);
    char *to = copy;
    for (size_t i = 0, n; copy && i < s.n; i += n) {
        bool good;
        n = sequence(p + i, s.n - i, &good);
        memcpy(to, good ? s.p + i : "\xef\xbf\xbd", good ? n : 3);
        to += good ? n : 3;
    }
    return copy ? sl_str_make(copy, (size_t)(to - copy)) : SL_STR_NONE;
}
