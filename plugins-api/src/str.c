/*
 * str.c - string views: comparing, cutting, parsing numbers, hashing, UTF-8.
 *
 * Not for: anything that owns memory (memory.c, buf.c). Threads: pure functions. Memory: none is kept.
 */
#include <sluice/memory.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static unsigned char fold(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool sl_str_eq_nocase(sl_str a, sl_str b) {
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (fold(a.p[i]) != fold(b.p[i])) {
            return false;
        }
    }
    return true;
}

int sl_str_cmp(sl_str a, sl_str b) {
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c != 0) {
        return c;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

sl_str sl_str_trim(sl_str s) {
    while (s.n && is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_space(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

size_t sl_str_find(sl_str s, char c) {
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

size_t sl_str_find_str(sl_str s, sl_str needle) {
    if (needle.n == 0) {
        return 0;
    }
    const char *at = s.n >= needle.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? (size_t)(at - s.p) : s.n;
}

bool sl_str_next(sl_str *rest, char sep, sl_str *token) {
    if (!rest->p) {
        return false;
    }
    size_t at = sl_str_find(*rest, sep);
    *token = sl_str_make(rest->p, at);
    *rest = at < rest->n ? sl_str_skip(*rest, at + 1) : SL_STR_NONE;
    return true;
}

bool sl_str_to_i64(sl_str s, int64_t *out) {
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;
    bool negative = i && s.p[0] == '-';
    int64_t v = 0;
    if (i == s.n) {
        return false;
    }
    for (; i < s.n; i++) {
        int digit = s.p[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v)) {
            return false;
        }
        if (negative ? __builtin_sub_overflow(v, digit, &v) : __builtin_add_overflow(v, digit, &v)) {
            return false;
        }
    }
    *out = v;
    return true;
}

static bool looks_decimal(sl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (!s.p[i] || !strchr("0123456789+-.eE", s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

bool sl_str_to_f64(sl_str s, double *out) {
    char small[128];
    char *z = s.n < sizeof small ? small : NULL;
    char *end = NULL;
    if (!looks_decimal(s) || (!z && !(z = sl_alloc(s.n + 1)))) {
        return false;
    }
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    double v = strtod(z, &end);
    bool whole = end == z + s.n && isfinite(v);
    if (z != small) {
        sl_free(z);
    }
    if (whole) {
        *out = v;
    }
    return whole;
}

bool sl_str_to_bool(sl_str s, bool *out) {
    bool yes = sl_str_eq_nocase(s, SL_STR("true"));
    if (!yes && !sl_str_eq_nocase(s, SL_STR("false"))) {
        return false;
    }
    *out = yes;
    return true;
}

/* mix multiplies to 128 bits and folds the halves: every input bit reaches every output bit. */
static uint64_t mix(uint64_t a, uint64_t b) {
    __uint128_t m = (__uint128_t)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t sl_str_hash(sl_str s) {
    const uint64_t k0 = 0x9e3779b97f4a7c15u;
    const uint64_t k1 = 0xd6e8feb86659fd93u;
    uint64_t h = mix(s.n + k0, k1);
    uint64_t w;
    while (s.n >= 8) {
        memcpy(&w, s.p, 8);
        h = mix(h ^ w, k0);
        s = sl_str_skip(s, 8);
    }
    w = 0;
    if (s.n) {
        memcpy(&w, s.p, s.n);
    }
    return mix(h ^ w, k1);
}

/* utf8_length gives the length of the well-formed sequence at p, or 0 (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *p, size_t n) {
    unsigned lo = 0x80, hi = 0xbf;
    size_t len;
    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] < 0xc2 || p[0] > 0xf4) {
        return 0;
    }
    len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    lo = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : lo;
    hi = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : hi;
    if (n < len || p[1] < lo || p[1] > hi) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool sl_str_is_utf8(sl_str s) {
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        uint64_t w;
        if (s.n - i >= 8) {
            memcpy(&w, p + i, 8);
            if (!(w & 0x8080808080808080u)) {
                i += 8;
                continue;
            }
        }
        size_t len = utf8_length(p + i, s.n - i);
        if (!len) {
            return false;
        }
        i += len;
    }
    return true;
}

static unsigned min3(unsigned a, unsigned b, unsigned c) {
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

unsigned sl_str_distance(sl_str a, sl_str b) {
    unsigned row[65];
    unsigned na = a.n > 64 ? 64 : (unsigned)a.n;
    unsigned nb = b.n > 64 ? 64 : (unsigned)b.n;
    for (unsigned j = 0; j <= nb; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; i <= na; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= nb; j++) {
            unsigned above = row[j];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a.p[i - 1] != b.p[j - 1]));
            diagonal = above;
        }
    }
    return row[nb];
}
