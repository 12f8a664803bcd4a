/*
 * decimal.c - see decimal.h. Up to 18 digits are computed in a register, more in words of 32 bits.
 */
#include "decimal.h"

typedef struct number {
    bool negative;
    sl_str whole;
    sl_str fraction;
    size_t zeros; /* to append */
} number;

static bool all_digits(sl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return true;
}

static bool split(sl_str text, number *out) {
    if (text.n && (text.p[0] == '-' || text.p[0] == '+')) {
        out->negative = text.p[0] == '-';
        text = sl_str_skip(text, 1);
    }
    size_t dot = sl_str_find(text, '.');
    out->whole = (sl_str){text.p, dot};
    out->fraction = dot < text.n ? sl_str_skip(text, dot + 1) : (sl_str){text.p + text.n, 0};
    return out->whole.n + out->fraction.n > 0 && all_digits(out->whole) && all_digits(out->fraction);
}

static bool set_scale(number *x, int want, int32_t *scale) {
    size_t drop_to = want < 0 ? 0 : (size_t)want;
    while (x->fraction.n > drop_to && x->fraction.p[x->fraction.n - 1] == '0') {
        x->fraction.n--;
    }
    if (want >= 0 && x->fraction.n > (size_t)want) {
        return false;
    }
    x->zeros = want < 0 ? 0 : (size_t)want - x->fraction.n;
    *scale = want < 0 ? (int32_t)x->fraction.n : want;
    return true;
}

bool cdc_decimal_i64(sl_arena *a, int64_t v, sl_value *out) {
    size_t n = 1;
    while (n < 8 && (v >> (8 * n - 1)) != 0 && (v >> (8 * n - 1)) != -1) {
        n++;
    }
    char *to = sl_arena_bytes(a, n);
    if (!to) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        to[i] = (char)(unsigned char)((uint64_t)v >> (8 * (n - 1 - i)));
    }
    *out = sl_bytes((sl_str){to, n});
    return true;
}

static void multiply_add(uint32_t *words, size_t *n, uint32_t by, uint32_t add) {
    uint64_t carry = add;
    for (size_t i = 0; i < *n; i++) {
        carry += (uint64_t)words[i] * by;
        words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry) {
        words[(*n)++] = (uint32_t)carry;
    }
}

static char digit_at(const number *x, size_t i) {
    if (i < x->whole.n) {
        return x->whole.p[i];
    }
    i -= x->whole.n;
    return i < x->fraction.n ? x->fraction.p[i] : '0';
}

static bool finish(sl_arena *a, const uint32_t *words, size_t n, bool negative, sl_value *out) {
    size_t size = n * 4 + 1; /* a leading zero byte for the sign */
    unsigned char *to = (unsigned char *)sl_arena_bytes(a, size);
    if (!to) {
        return false;
    }
    to[0] = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t w = words[n - 1 - i];
        unsigned char *at = to + 1 + i * 4;
        at[0] = (unsigned char)(w >> 24);
        at[1] = (unsigned char)(w >> 16);
        at[2] = (unsigned char)(w >> 8);
        at[3] = (unsigned char)w;
    }
    unsigned carry = 1;
    for (size_t i = size; negative && i-- > 0;) {
        unsigned b = (unsigned char)~to[i] + carry;
        to[i] = (unsigned char)b;
        carry = b >> 8;
    }
    size_t skip = 0;
    while (skip + 1 < size &&
           ((to[skip] == 0 && !(to[skip + 1] & 0x80)) || (to[skip] == 0xff && (to[skip + 1] & 0x80)))) {
        skip++;
    }
    *out = sl_bytes((sl_str){(char *)to + skip, size - skip});
    return true;
}

static bool parse_long(sl_arena *a, const number *x, size_t digits, sl_value *out) {
    uint32_t *words = sl_arena_alloc(a, (digits / 9 + 2) * sizeof *words);
    if (!words) {
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; i < digits;) {
        uint32_t chunk = 0;
        uint32_t scale = 1;
        for (int k = 0; k < 9 && i < digits; k++, i++) {
            chunk = chunk * 10 + (uint32_t)(digit_at(x, i) - '0');
            scale *= 10;
        }
        multiply_add(words, &n, scale, chunk);
    }
    return finish(a, words, n, x->negative, out);
}

bool cdc_decimal_parse(sl_arena *a, sl_str text, int want_scale, int32_t *scale, sl_value *out) {
    number x = {0};
    if (!split(text, &x) || !set_scale(&x, want_scale, scale)) {
        return false;
    }
    size_t digits = x.whole.n + x.fraction.n + x.zeros;
    if (digits > 18) {
        return parse_long(a, &x, digits, out);
    }
    int64_t v = 0;
    for (size_t i = 0; i < x.whole.n; i++) {
        v = v * 10 + (x.whole.p[i] - '0');
    }
    for (size_t i = 0; i < x.fraction.n; i++) {
        v = v * 10 + (x.fraction.p[i] - '0');
    }
    for (size_t i = 0; i < x.zeros; i++) {
        v *= 10;
    }
    return cdc_decimal_i64(a, x.negative ? -v : v, out);
}
