/*
 * parse_number.c - booleans, numbers, money, bytes, bits and text.
 */
#include <cdc/decimal.h>
#include <math.h>
#include <sluice/text.h>
#include <stdio.h>
#include <stdlib.h>

#include "convert.h"

bool pg_parse_bool(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    (void)a;
    *out = sl_bool(n && *p == 't');
    return n == 1 && (*p == 't' || *p == 'f');
}

static inline bool parse_int(const char *p, size_t n, int64_t *out) {
    bool negative = n && *p == '-';
    size_t i = negative ? 1 : 0;
    if (i == n || n - i > 18) {
        return sl_str_to_i64((sl_str){p, n}, out);
    }
    int64_t v = 0;
    for (; i < n; i++) {
        unsigned d = (unsigned)(unsigned char)p[i] - '0';
        if (d > 9) {
            return false;
        }
        v = v * 10 + (int64_t)d;
    }
    *out = negative ? -v : v;
    return true;
}

bool pg_parse_int2(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    (void)a;
    int64_t v = 0;
    bool fine = parse_int(p, n, &v) && v >= INT16_MIN && v <= INT16_MAX;
    *out = sl_int16(v);
    return fine;
}

bool pg_parse_int4(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    (void)a;
    int64_t v = 0;
    bool fine = parse_int(p, n, &v) && v >= INT32_MIN && v <= INT32_MAX;
    *out = sl_int32(v);
    return fine;
}

bool pg_parse_int8(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    (void)a;
    int64_t v = 0;
    bool fine = parse_int(p, n, &v);
    *out = sl_int64(v);
    return fine;
}

static bool to_double(const char *p, size_t n, bool single, double *out) {
    char text[400];
    if (n == 0 || n >= sizeof text) {
        return false;
    }
    memcpy(text, p, n);
    text[n] = 0;
    char *end = NULL;
    *out = single ? (double)strtof(text, &end) : strtod(text, &end);
    return end == text + n;
}

bool pg_parse_float4(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    (void)a;
    double v = 0;
    bool fine = to_double(p, n, true, &v);
    *out = sl_float32(v);
    return fine;
}

bool pg_parse_float8(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    (void)a;
    double v = 0;
    bool fine = to_double(p, n, false, &v);
    *out = sl_float64(v);
    return fine;
}

/* NaN and the infinities have no place in a Decimal: null there, words in strings, as they are in doubles. */
static bool special_numeric(const pg_conv *c, sl_str text, sl_value *out) {
    bool nan = sl_str_eqz(text, "NaN");
    bool minus = sl_str_eqz(text, "-Infinity");
    if (!nan && !minus && !sl_str_eqz(text, "Infinity")) {
        return false;
    }
    if (c->form == CDC_DECIMAL_STRING) {
        *out = sl_string(sl_str_of(nan ? "NAN" : minus ? "NEGATIVE_INFINITY" : "POSITIVE_INFINITY"));
    } else if (c->form == CDC_DECIMAL_DOUBLE) {
        *out = sl_float64(nan ? (double)NAN : minus ? -(double)INFINITY : (double)INFINITY);
    } else {
        *out = sl_null();
    }
    return true;
}

static bool long_double(const char *p, size_t n, double *out) {
    char *copy = sl_strdup((sl_str){p, n}); /* thousands of digits: rare */
    if (!copy) {
        return false;
    }
    char *end = NULL;
    *out = strtod(copy, &end);
    bool fine = end == copy + n;
    sl_free(copy);
    return fine;
}

bool pg_parse_numeric(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    sl_str text = {p, n};
    if (n == 0) {
        return false;
    }
    char last = p[n - 1];
    if ((last < '0' || last > '9') && special_numeric(c, text, out)) {
        return true;
    }
    double d = 0;
    int32_t scale = 0;
    switch (c->form) {
    case CDC_DECIMAL_STRING:
        *out = sl_string(text);
        return true;
    case CDC_DECIMAL_DOUBLE: {
        bool fine = to_double(p, n, false, &d) || (n >= 400 && long_double(p, n, &d));
        *out = sl_float64(d);
        return fine;
    }
    default:
        break;
    }
    if (c->scale >= 0) {
        return cdc_decimal_parse(a, text, c->scale, &scale, out);
    }
    sl_value v = sl_value_alloc(a, SL_STRUCT, 2);
    if (v.type != SL_STRUCT || !cdc_decimal_parse(a, text, -1, &scale, &v.items[1])) {
        return false;
    }
    v.items[0] = sl_int32(scale);
    *out = v;
    return true;
}

/* Half a unit and more goes away from zero. */
static int64_t round_to(int64_t v, int32_t drop) {
    for (; drop > 1; drop--) {
        v /= 10;
    }
    int64_t last = drop > 0 ? v % 10 : 0;
    v = drop > 0 ? v / 10 : v;
    return last >= 5 ? v + 1 : last <= -5 ? v - 1 : v;
}

/* The text depends on lc_monetary, but always has all the digits of the amount, of which so many are behind
 * the point. */
bool pg_parse_money(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    char digits[24];
    char text[48];
    size_t len = 0;
    bool negative = memchr(p, '-', n) || memchr(p, '(', n);
    digits[len++] = negative ? '-' : '0';
    for (size_t i = 0; i < n && len < sizeof digits; i++) {
        if (p[i] >= '0' && p[i] <= '9') {
            digits[len++] = p[i];
        }
    }
    int64_t v = 0;
    if (!sl_str_to_i64((sl_str){digits, len}, &v)) {
        return false;
    }
    int32_t scale = c->digits;
    if (c->form == CDC_DECIMAL_PRECISE && c->scale < scale) {
        v = round_to(v, scale - c->scale);
        scale = c->scale;
    }
    uint64_t abs = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    uint64_t unit = 1;
    for (int32_t i = 0; i < scale; i++) {
        unit *= 10;
    }
    int end = scale > 0 ? snprintf(text, sizeof text, "%s%llu.%0*llu", v < 0 ? "-" : "",
                                   (unsigned long long)(abs / unit), scale, (unsigned long long)(abs % unit))
                        : snprintf(text, sizeof text, "%lld", (long long)v);
    sl_str copy = sl_arena_str(a, (sl_str){text, (size_t)end});
    return copy.p && pg_parse_numeric(c, a, (char *)(uintptr_t)copy.p, copy.n, out);
}

bool pg_parse_text(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    (void)a;
    *out = sl_string((sl_str){p ? p : "", n});
    return true;
}

bool pg_parse_null(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    (void)a;
    (void)p;
    (void)n;
    *out = sl_null();
    return true;
}

static bool base64(sl_arena *a, sl_str in, bool url, sl_value *out) {
    sl_buf b;
    sl_buf_init(&b, a);
    sl_buf_add_base64(&b, in);
    for (size_t i = 0; url && i < b.n; i++) {
        b.p[i] = (char)(b.p[i] == '+' ? '-' : b.p[i] == '/' ? '_' : b.p[i]);
    }
    sl_str text = sl_buf_take(&b);
    *out = sl_string(text);
    return text.p != NULL;
}

bool pg_bytes_value(int32_t mode, sl_arena *a, sl_str bytes, sl_value *out) {
    if (mode == CDC_BINARY_BYTES) {
        *out = sl_bytes(bytes);
        return true;
    }
    if (mode != CDC_BINARY_HEX) {
        return base64(a, bytes, mode == CDC_BINARY_BASE64_URL, out);
    }
    char *to = sl_arena_bytes(a, bytes.n * 2 + 1);
    for (size_t i = 0; to && i < bytes.n; i++) {
        to[i * 2] = "0123456789abcdef"[(unsigned char)bytes.p[i] >> 4];
        to[i * 2 + 1] = "0123456789abcdef"[bytes.p[i] & 15];
    }
    *out = sl_string((sl_str){to, bytes.n * 2});
    return to != NULL;
}

bool pg_parse_bytea(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    if (n < 2 || p[0] != '\\' || p[1] != 'x' || n % 2) {
        return false;
    }
    if (c->form == CDC_BINARY_HEX) {
        *out = sl_string((sl_str){p + 2, n - 2});
        return true;
    }
    size_t len = n / 2 - 1;
    for (size_t i = 0; i < len; i++) { /* in place: the result never overtakes the text */
        int high = sl_hex_digit(p[2 + i * 2]);
        int low = sl_hex_digit(p[3 + i * 2]);
        if (high < 0 || low < 0) {
            return false;
        }
        p[i] = (char)(high << 4 | low);
    }
    return pg_bytes_value(c->form, a, (sl_str){p, len}, out);
}

bool pg_parse_raw(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    return pg_bytes_value(c->form, a, (sl_str){p ? p : "", n}, out);
}

/* bit(1) is a boolean; more bits are bytes, the least significant first, without trailing zero bytes. */
bool pg_parse_bit(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '0' && p[i] != '1') {
            return false;
        }
    }
    if (c->scale <= 1) {
        *out = sl_bool(n && p[n - 1] == '1');
        return true;
    }
    size_t size = (n + 7) / 8;
    char *to = sl_arena_bytes(a, size + 1);
    if (!to) {
        return false;
    }
    memset(to, 0, size + 1);
    for (size_t i = 0; i < n; i++) {
        size_t bit = n - 1 - i;
        to[bit / 8] = (char)(to[bit / 8] | (p[i] - '0') << (bit % 8));
    }
    while (size && to[size - 1] == 0) {
        size--;
    }
    *out = sl_bytes((sl_str){to, size});
    return true;
}
