/*
 * text.c - Java's text forms of numbers and bytes.
 */
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_DECIMAL_DIGITS 100000

/* ---- floating point ---- */

/* shortest finds the fewest digits that read back as v: digits (no point) and the exponent of 0.d1d2... */
static int shortest(double v, bool single, char *digits, int *exponent) {
    char text[40];
    int precision = single ? 6 : 15;
    int most = single ? 9 : 17;
    for (; precision <= most; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, v);
        if (single ? (double)strtof(text, NULL) == v : strtod(text, NULL) == v) {
            break;
        }
    }
    int n = 0;
    const char *p = text;
    for (; *p && *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9') {
            digits[n++] = *p;
        }
    }
    *exponent = (int)strtol(p + 1, NULL, 10) + 1;
    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }
    return n;
}

/* put_plain writes d.ddd for 10^-3 <= v < 10^7. */
static void put_plain(sl_buf *out, const char *d, int n, int exponent) {
    if (exponent <= 0) {
        sl_buf_add_z(out, "0.");
        for (int i = exponent; i < 0; i++) {
            sl_buf_add_char(out, '0');
        }
        sl_buf_add(out, d, (size_t)n);
        return;
    }
    for (int i = 0; i < exponent; i++) {
        sl_buf_add_char(out, i < n ? d[i] : '0');
    }
    sl_buf_add_char(out, '.');
    if (n > exponent) {
        sl_buf_add(out, d + exponent, (size_t)(n - exponent));
    } else {
        sl_buf_add_char(out, '0');
    }
}

static void put_scientific(sl_buf *out, const char *d, int n, int exponent) {
    sl_buf_add_char(out, d[0]);
    sl_buf_add_char(out, '.');
    if (n > 1) {
        sl_buf_add(out, d + 1, (size_t)(n - 1));
    } else {
        sl_buf_add_char(out, '0');
    }
    sl_buf_add_char(out, 'E');
    sl_buf_add_i64(out, exponent - 1);
}

static void put_floating(sl_buf *out, double v, bool single) {
    char digits[24];
    int exponent;
    if (isnan(v)) {
        sl_buf_add_z(out, "NaN");
        return;
    }
    if (signbit(v)) {
        sl_buf_add_char(out, '-');
        v = -v;
    }
    if (isinf(v)) {
        sl_buf_add_z(out, "Infinity");
    } else if (v == 0) {
        sl_buf_add_z(out, "0.0");
    } else {
        int n = shortest(v, single, digits, &exponent);
        bool plain = v >= 1e-3 && v < 1e7;
        (plain ? put_plain : put_scientific)(out, digits, n, exponent);
    }
}

/* Whole numbers are most of what is written: they need no search. */
void text_double(sl_buf *out, double v) {
    if (v == (double)(int64_t)(fabs(v) < 1e7 ? v : 0) && !(v == 0 && signbit(v))) {
        sl_buf_add_i64(out, (int64_t)v);
        sl_buf_add(out, ".0", 2);
        return;
    }
    put_floating(out, v, false);
}

void text_float(sl_buf *out, double v) {
    put_floating(out, v, true);
}

/* ---- base64 (RFC 4648, section 4) ---- */

static const char B64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_base64(sl_buf *out, sl_str b) {
    const unsigned char *p = (const unsigned char *)b.p;
    size_t n = (b.n + 2) / 3 * 4;
    char *to = sl_buf_room(out, n);
    if (!to) {
        return;
    }
    size_t i = 0;
    for (; i + 3 <= b.n; i += 3, to += 4) {
        uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        to[0] = B64[v >> 18];
        to[1] = B64[v >> 12 & 63];
        to[2] = B64[v >> 6 & 63];
        to[3] = B64[v & 63];
    }
    if (i < b.n) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < b.n ? (uint32_t)p[i + 1] << 8 : 0);
        to[0] = B64[v >> 18];
        to[1] = B64[v >> 12 & 63];
        to[2] = i + 1 < b.n ? B64[v >> 6 & 63] : '=';
        to[3] = '=';
    }
    out->n += n;
}

static int b64_digit(char c) {
    const char *at = c ? strchr(B64, c) : NULL;
    return at ? (int)(at - B64) : -1;
}

bool text_unbase64(sl_arena *arena, sl_str t, sl_str *out) {
    size_t pad = 0;
    while (t.n && pad < 2 && t.p[t.n - 1 - pad] == '=' && t.n > pad + 1) {
        pad++;
    }
    size_t n = t.n - pad;
    char *to = sl_arena_bytes(arena, n * 3 / 4 + 1);
    if (!to || n % 4 == 1 || (pad && t.n % 4 != 0)) {
        return false;
    }
    uint32_t bits = 0;
    int have = 0;
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        int d = b64_digit(t.p[i]);
        if (d < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have >= 8) {
            have -= 8;
            to[at++] = (char)(bits >> have & 255);
        }
    }
    *out = sl_str_make(to, at);
    return true;
}

/* ---- decimals ---- */

/* magnitude copies |unscaled| into a new array of bytes, big-endian. */
static unsigned char *magnitude(sl_str unscaled, bool *negative) {
    unsigned char *m = sl_alloc(unscaled.n + 1);
    if (!m) {
        return NULL;
    }
    memcpy(m, unscaled.p, unscaled.n);
    *negative = unscaled.n && m[0] & 0x80;
    if (*negative) {
        unsigned carry = 1;
        for (size_t i = unscaled.n; i-- > 0;) {
            carry += (unsigned char)~m[i];
            m[i] = (unsigned char)carry;
            carry >>= 8;
        }
    }
    return m;
}

/* to_digits turns a magnitude into decimal digits, least significant first; gives their number. m is used up.
 */
static size_t to_digits(unsigned char *m, size_t n, char *digits) {
    size_t first = 0, count = 0;
    while (first < n) {
        if (m[first] == 0) {
            first++;
            continue;
        }
        uint64_t rest = 0;
        for (size_t i = first; i < n; i++) {
            rest = rest << 8 | m[i];
            m[i] = (unsigned char)(rest / 1000000000u);
            rest %= 1000000000u;
        }
        for (int k = 0; k < 9; k++, rest /= 10) {
            digits[count++] = (char)('0' + rest % 10);
        }
    }
    while (count > 1 && digits[count - 1] == '0') {
        count--;
    }
    if (count == 0) {
        digits[count++] = '0';
    }
    return count;
}

static void put_reversed(sl_buf *out, const char *digits, size_t from, size_t n) {
    while (n-- > 0) {
        sl_buf_add_char(out, digits[--from]);
    }
}

/* lay_out writes digits (least significant first) as BigDecimal.toString does. */
static void lay_out(sl_buf *out, const char *digits, size_t count, int32_t scale) {
    int64_t adjusted = (int64_t)count - 1 - scale;
    if (scale == 0) {
        put_reversed(out, digits, count, count);
    } else if (scale > 0 && adjusted >= -6) {
        int64_t whole = (int64_t)count - scale;
        if (whole > 0) {
            put_reversed(out, digits, count, (size_t)whole);
            sl_buf_add_char(out, '.');
            put_reversed(out, digits, (size_t)scale, (size_t)scale);
        } else {
            sl_buf_add_z(out, "0.");
            for (int64_t i = whole; i < 0; i++) {
                sl_buf_add_char(out, '0');
            }
            put_reversed(out, digits, count, count);
        }
    } else {
        put_reversed(out, digits, count, 1);
        if (count > 1) {
            sl_buf_add_char(out, '.');
            put_reversed(out, digits, count - 1, count - 1);
        }
        if (adjusted != 0) {
            sl_buf_printf(out, "E%s%lld", adjusted > 0 ? "+" : "", (long long)adjusted);
        }
    }
}

bool text_decimal(sl_buf *out, sl_str unscaled, int32_t scale) {
    bool negative;
    unsigned char *m = magnitude(unscaled, &negative);
    char *digits = sl_alloc(unscaled.n * 3 + 12);
    if (m && digits) {
        size_t count = to_digits(m, unscaled.n, digits);
        if (negative) {
            sl_buf_add_char(out, '-');
        }
        lay_out(out, digits, count, scale);
    }
    bool ok = m && digits && !out->failed;
    sl_free(m);
    sl_free(digits);
    return ok;
}

/* A literal taken apart: its digits are those of mantissa without the point. */
typedef struct literal {
    bool negative;
    sl_str mantissa;
    int64_t scale;
} literal;

static bool take_apart(sl_str t, literal *l) {
    *l = (literal){0};
    if (t.n && (t.p[0] == '-' || t.p[0] == '+')) {
        l->negative = t.p[0] == '-';
        t = sl_str_skip(t, 1);
    }
    size_t e = 0;
    while (e < t.n && t.p[e] != 'e' && t.p[e] != 'E') {
        e++;
    }
    int64_t exponent = 0;
    if (e < t.n) {
        sl_str x = sl_str_skip(t, e + 1);
        x = x.n && x.p[0] == '+' ? sl_str_skip(x, 1) : x;
        if (!sl_str_to_i64(x, &exponent) || exponent > MAX_DECIMAL_DIGITS || exponent < -MAX_DECIMAL_DIGITS) {
            return false;
        }
    }
    l->mantissa = sl_str_make(t.p, e);
    size_t point = sl_str_find(l->mantissa, '.');
    l->scale = (point < e ? (int64_t)(e - point - 1) : 0) - exponent;
    size_t digits = 0;
    for (size_t i = 0; i < e; i++) {
        if (i != point && (t.p[i] < '0' || t.p[i] > '9')) {
            return false;
        }
        digits += i != point;
    }
    return digits > 0 && digits <= MAX_DECIMAL_DIGITS;
}

int32_t text_decimal_scale(sl_str text) {
    literal l;
    return take_apart(text, &l) ? (int32_t)l.scale : 0;
}

/* times_ten_plus does m = m * 10 + d over n big-endian bytes. */
static void times_ten_plus(unsigned char *m, size_t n, unsigned d) {
    for (size_t i = n; i-- > 0;) {
        d += m[i] * 10u;
        m[i] = (unsigned char)d;
        d >>= 8;
    }
}

/* fill puts the literal's digits, shifted to the scale, into m; false when digits would be lost. */
static bool fill(const literal *l, int64_t shift, unsigned char *m, size_t n) {
    size_t point = sl_str_find(l->mantissa, '.');
    size_t total = l->mantissa.n - (point < l->mantissa.n);
    int64_t keep = shift < 0 ? (int64_t)total + shift : (int64_t)total;
    int64_t seen = 0;
    for (size_t i = 0; i < l->mantissa.n; i++) {
        if (i == point) {
            continue;
        }
        unsigned d = (unsigned)(l->mantissa.p[i] - '0');
        if (seen++ < keep) {
            times_ten_plus(m, n, d);
        } else if (d) {
            return false;
        }
    }
    for (int64_t i = 0; i < shift; i++) {
        times_ten_plus(m, n, 0);
    }
    return true;
}

static void negate(unsigned char *m, size_t n) {
    unsigned carry = 1;
    for (size_t i = n; i-- > 0;) {
        carry += (unsigned char)~m[i];
        m[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

bool text_to_decimal(sl_arena *arena, sl_str text, int32_t scale, sl_str *out) {
    literal l;
    if (!take_apart(text, &l)) {
        return false;
    }
    int64_t shift = scale - l.scale;
    if (shift > MAX_DECIMAL_DIGITS) {
        return false;
    }
    size_t n = (l.mantissa.n + (shift > 0 ? (size_t)shift : 0)) * 5 / 12 + 2;
    unsigned char *m = sl_arena_alloc(arena, n);
    if (!m) {
        return false;
    }
    memset(m, 0, n);
    if (!fill(&l, shift, m, n)) {
        return false;
    }
    if (l.negative) {
        negate(m, n);
    }
    size_t skip = 0; /* the shortest two's complement form */
    while (skip + 1 < n &&
           ((m[skip] == 0 && !(m[skip + 1] & 0x80)) || (m[skip] == 0xff && m[skip + 1] & 0x80))) {
        skip++;
    }
    *out = sl_str_make((char *)m + skip, n - skip);
    return true;
}
