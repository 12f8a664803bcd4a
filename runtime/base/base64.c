/*
 * base64.c - see base64.h.
 */
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c) {
    const char *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

bool sl__base64_read(sl_str text, sl_arena *arena, sl_str *bytes) {
    size_t n = text.n, at = 0;
    while (n > 0 && text.n - n < 2 && text.p[n - 1] == '=') {
        n--;
    }
    if (n % 4 == 1 || (n != text.n && text.n % 4 != 0)) {
        return false;
    }
    char *to = sl_arena_bytes(arena, n / 4 * 3 + 3);
    uint32_t w = 0;
    for (size_t i = 0; to && i < n; i++) {
        int v = value_of(text.p[i]);
        if (v < 0) {
            return false;
        }
        w = w << 6 | (uint32_t)v;
        if (i % 4 != 0) {
            to[at++] = (char)(w >> (6 - 2 * (i % 4)) & 255);
        }
    }
    *bytes = sl_str_make(to, at);
    return to != NULL;
}
