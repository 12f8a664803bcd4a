/*
 * java_number.c - see java_number.h. Written from the documentation of java.lang.Double, Integer and
 * java.math.BigDecimal.
 */
#include "java_number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER_TEXT_MAX 2500u

void java_int_range(sl_type type, int64_t *min, int64_t *max) {
    switch (type) {
    case SL_INT8:
        *min = INT8_MIN;
        *max = INT8_MAX;
        break;
    case SL_INT16:
        *min = INT16_MIN;
        *max = INT16_MAX;
        break;
    case SL_INT32:
        *min = INT32_MIN;
        *max = INT32_MAX;
        break;
    default:
        *min = INT64_MIN;
        *max = INT64_MAX;
        break;
    }
}

bool java_parse_int(sl_str s, sl_type type, int64_t *out) {
    int64_t min, max, v = 0;
    bool negative = s.n > 0 && s.p[0] == '-';
    java_int_range(type, &min, &max);
    if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+')) {
        s = sl_str_skip(s, 1);
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, s.p[i] - '0',
                                   &v)) { /* negative all along: the least number has no opposite */
            return false;
        }
    }
    if (s.n == 0 || v < min || (!negative && v < -max)) {
        return false;
    }
    *out = negative ? v : -v;
    return true;
}

/* ---- doubles ---- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* skip_digits steps over digits; gives how many. */
static size_t skip_digits(sl_str *s, bool hex) {
    size_t n = 0;
    while (n < s->n && (hex ? is_hex(s->p[n]) : is_digit(s->p[n]))) {
        n++;
    }
    *s = sl_str_skip(*s, n);
    return n;
}

static void skip_sign(sl_str *s) {
    if (s->n && (s->p[0] == '+' || s->p[0] == '-')) {
        *s = sl_str_skip(*s, 1);
    }
}

/* skip_exponent: true when there is none, or a whole one. */
static bool skip_exponent(sl_str *s, char letter, bool needed) {
    if (s->n == 0 || (s->p[0] | 0x20) != letter) {
        return !needed;
    }
    *s = sl_str_skip(*s, 1);
    skip_sign(s);
    return skip_digits(s, false) > 0;
}

/* is_floating tells whether s has the form of a Java floating-point number without white space and suffix. */
static bool is_floating(sl_str s) {
    skip_sign(&s);
    bool hex = s.n > 1 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x';
    if (hex) {
        s = sl_str_skip(s, 2);
    }
    size_t digits = skip_digits(&s, hex);
    if (s.n && s.p[0] == '.') {
        s = sl_str_skip(s, 1);
        digits += skip_digits(&s, hex);
    }
    return digits > 0 && skip_exponent(&s, hex ? 'p' : 'e', hex) && s.n == 0;
}

static sl_str java_trim(sl_str s) { /* String.trim: all up to the blank */
    while (s.n && (unsigned char)s.p[0] <= ' ') {
        s = sl_str_skip(s, 1);
    }
    while (s.n && (unsigned char)s.p[s.n - 1] <= ' ') {
        s.n--;
    }
    return s;
}

static bool parse_special(sl_str s, double *out) {
    bool negative = s.n && s.p[0] == '-';
    skip_sign(&s);
    if (sl_str_eqz(s, "NaN")) {
        *out = (double)NAN;
    } else if (sl_str_eqz(s, "Infinity")) {
        *out = negative ? -(double)INFINITY : (double)INFINITY;
    } else {
        return false;
    }
    return true;
}

static double read_double(const char *text, bool is_float) {
    return is_float ? (double)strtof(text, NULL) : strtod(text, NULL);
}

bool java_parse_double(sl_str s, sl_type type, double *out) {
    s = java_trim(s);
    if (parse_special(s, out)) {
        return true;
    }
    if (s.n && strchr("fFdD", s.p[s.n - 1])) {
        sl_str cut = sl_str_make(s.p, s.n - 1);
        s = is_floating(cut) ? cut : s; /* else the letter is a hexadecimal digit */
    }
    char text[NUMBER_TEXT_MAX];
    if (!is_floating(s) || s.n >= sizeof text) {
        return false;
    }
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *out = read_double(text, type == SL_FLOAT32);
    return true;
}

int64_t java_narrow(int64_t v, sl_type type) {
    switch (type) {
    case SL_INT8:
        return (int8_t)(uint8_t)(uint64_t)v;
    case SL_INT16:
        return (int16_t)(uint16_t)(uint64_t)v;
    case SL_INT32:
        return (int32_t)(uint32_t)(uint64_t)v;
    default:
        return v;
    }
}

int64_t java_double_to_long(double f) {
    if (isnan(f)) {
        return 0;
    }
    if (f >= 9223372036854775808.0) {
        return INT64_MAX;
    }
    return f <= -9223372036854775808.0 ? INT64_MIN : (int64_t)f;
}

int64_t java_double_to_int(double f) {
    int64_t v = java_double_to_long(f);
    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
}

/* ---- writing doubles ---- */

/* ---- decimals ---- */

/* magnitude takes the sign off a big-endian two's complement number. */
static bool magnitude(sl_str bytes, unsigned char *out) {
    bool negative = bytes.n > 0 && ((unsigned char)bytes.p[0] & 0x80u);
    unsigned carry = 1;
    for (size_t i = bytes.n; i-- > 0;) {
        unsigned c = (unsigned char)bytes.p[i];
        if (negative) {
            c = (~c & 0xffu) + carry;
            carry = c >> 8;
        }
        out[i] = (unsigned char)c;
    }
    return negative;
}

/* divide_by_10 divides a big-endian number in place; gives the rest. */
static unsigned divide_by_10(unsigned char *number, size_t n) {
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned here = (rest << 8) | number[i];
        number[i] = (unsigned char)(here / 10);
        rest = here % 10;
    }
    return rest;
}

bool java_decimal_of(sl_arena *arena, sl_str unscaled, int64_t scale, java_decimal *out) {
    unsigned char number[JAVA_DECIMAL_BYTES];
    size_t size = unscaled.n * 5 / 2 + 2;
    char *digits = unscaled.n && unscaled.n <= sizeof number ? sl_arena_bytes(arena, size) : NULL;
    if (!digits) {
        return false;
    }
    bool negative = magnitude(unscaled, number);
    size_t first = 0;
    size_t at = size;
    do {
        while (first < unscaled.n && number[first] == 0) {
            first++;
        }
        digits[--at] = (char)('0' + divide_by_10(number + first, unscaled.n - first));
    } while (at > 0 && (number[unscaled.n - 1] || first + 1 < unscaled.n));
    while (at + 1 < size && digits[at] == '0') {
        at++;
    }
    *out = (java_decimal){negative, digits + at, size - at, scale};
    return true;
}

/* take_digits copies the digits of s up to something else; gives how many. */
static size_t take_digits(sl_str *s, char *to) {
    size_t n = 0;
    while (s->n && is_digit(s->p[0])) {
        to[n++] = s->p[0];
        *s = sl_str_skip(*s, 1);
    }
    return n;
}

bool java_decimal_parse(sl_arena *arena, sl_str s, java_decimal *out) {
    char *digits = s.n && s.n < NUMBER_TEXT_MAX ? sl_arena_bytes(arena, s.n + 1) : NULL;
    int64_t exponent = 0;
    if (!digits) {
        return false;
    }
    bool negative = s.p[0] == '-';
    skip_sign(&s);
    size_t n = take_digits(&s, digits);
    size_t fraction = 0;
    if (s.n && s.p[0] == '.') {
        s = sl_str_skip(s, 1);
        fraction = take_digits(&s, digits + n);
    }
    n += fraction;
    if (s.n && (s.p[0] | 0x20) == 'e') {
        if (!java_parse_int(sl_str_skip(s, 1), SL_INT32, &exponent)) {
            return false;
        }
        s.n = 0;
    }
    while (n > 1 && digits[0] == '0') {
        digits++;
        n--;
    }
    *out = (java_decimal){negative && n && digits[0] != '0', digits, n, (int64_t)fraction - exponent};
    return n > 0 && s.n == 0;
}

int64_t java_decimal_long(const java_decimal *d) {
    uint64_t v = 0;
    size_t n = d->scale >= (int64_t)d->n ? 0 : d->scale > 0 ? d->n - (size_t)d->scale : d->n;
    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (uint64_t)(d->digits[i] - '0');
    }
    for (int64_t i = d->scale; v && i < 0; i++) { /* after 64 of them nothing is left of v */
        v *= 10;
    }
    return (int64_t)(d->negative ? 0 - v : v);
}

double java_decimal_double(const java_decimal *d, bool is_float) {
    char text[NUMBER_TEXT_MAX + 64];
    snprintf(text, sizeof text, "%s%.*se%lld", d->negative ? "-" : "", (int)d->n, d->digits,
             -(long long)d->scale);
    return read_double(text, is_float);
}

/* negate turns a big-endian magnitude into two's complement. */
static void negate(unsigned char *number, size_t n) {
    unsigned carry = 1;
    for (size_t i = n; i-- > 0;) {
        unsigned c = (~(unsigned)number[i] & 0xffu) + carry;
        carry = c >> 8;
        number[i] = (unsigned char)c;
    }
}

/* shorten drops leading bytes that only repeat the sign. */
static sl_str shorten(const unsigned char *number, size_t n) {
    while (n > 1 && ((number[0] == 0 && number[1] < 0x80) || (number[0] == 0xff && number[1] >= 0x80))) {
        number++;
        n--;
    }
    return sl_str_make((const char *)number, n);
}

sl_str java_decimal_bytes(sl_arena *arena, const java_decimal *d, int64_t scale) {
    int64_t zeros = scale - d->scale;
    size_t n = d->n;
    while (zeros < 0 && n > 1 && d->digits[n - 1] == '0') {
        zeros++;
        n--;
    }
    bool is_zero = n == 1 && d->digits[0] == '0';
    zeros = is_zero ? 0 : zeros;
    if (zeros < 0 || zeros > (int64_t)NUMBER_TEXT_MAX || n + (size_t)zeros > NUMBER_TEXT_MAX) {
        return SL_STR_NONE;
    }
    size_t total = n + (size_t)zeros;
    size_t size = total / 2 + 2;
    unsigned char *number = sl_arena_zalloc(arena, size);
    for (size_t i = 0; number && i < total; i++) {
        unsigned carry = i < n ? (unsigned)(d->digits[i] - '0') : 0;
        for (size_t k = size; k-- > 0;) {
            carry += number[k] * 10u;
            number[k] = (unsigned char)carry;
            carry >>= 8;
        }
    }
    if (number && d->negative) {
        negate(number, size);
    }
    return number ? shorten(number, size) : SL_STR_NONE;
}
