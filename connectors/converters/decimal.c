/*
 * decimal.c - BigDecimal as text and back: unscaled bytes (big-endian two's complement) and a scale.
 *
 * Most decimals fit into 128 bits; larger ones go through an array of 32-bit limbs, least significant first.
 * Both ways take quadratic time, which is why literals are bounded.
 *
 * Threads: pure functions. Memory: scratch on the heap for large numbers only.
 */
#include "text.h"

#define MAX_DIGITS 20000 /* of a literal, its exponent written out */
#define SMALL_BYTES 16   /* |unscaled| fits into 128 bits */
#define SMALL_DIGITS 38
#define LIMB_DIGITS 9
#define LIMB_POWER 1000000000u

bool text_scale(const sl_schema *s, int32_t *scale) {
    int64_t v;
    bool ok = sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &v) && v >= INT32_MIN / 2 &&
              v <= INT32_MAX / 2;
    *scale = ok ? (int32_t)v : 0;
    return ok;
}

/* A literal taken apart: its digits are those of mantissa without the point. */
typedef struct literal {
    bool negative;
    sl_str mantissa;
    size_t digits;
    int64_t scale;
} literal;

static bool read_exponent(sl_str t, int64_t *exponent) {
    bool sign = t.n && (t.p[0] == '+' || t.p[0] == '-');
    if (t.n - sign == 0 || t.n - sign > 10 || t.p[sign] < '0' || t.p[sign] > '9') {
        return false;
    }
    return sl_str_to_i64(t, exponent) && *exponent <= INT32_MAX / 4 && *exponent >= -(INT32_MAX / 4);
}

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
    if (e < t.n && !read_exponent(sl_str_skip(t, e + 1), &exponent)) {
        return false;
    }
    l->mantissa = sl_str_make(t.p, e);
    size_t point = sl_str_find(l->mantissa, '.');
    l->scale = (point < e ? (int64_t)(e - point - 1) : 0) - exponent;
    for (size_t i = 0; i < e; i++) {
        if (i != point && (t.p[i] < '0' || t.p[i] > '9')) {
            return false;
        }
    }
    l->digits = e - (point < e);
    return l->digits > 0 && l->digits <= MAX_DIGITS;
}

bool text_number_scale(sl_str text, int32_t *scale) {
    literal l;
    bool ok = take_apart(text, &l);
    *scale = ok ? (int32_t)l.scale : 0;
    return ok;
}

/* significant gives a literal's digits without zeros at either end, and the power of ten of the last one. */
static bool significant(const literal *l, char digits[40], size_t *n, int64_t *power) {
    size_t zeros = 0;
    *n = 0;
    for (size_t i = 0; i < l->mantissa.n; i++) {
        char c = l->mantissa.p[i];
        if (c == '.' || (c == '0' && *n == 0)) {
            continue;
        }
        if (c == '0') {
            zeros++;
            continue;
        }
        if (*n + zeros >= 40) {
            return false;
        }
        memset(digits + *n, '0', zeros);
        *n += zeros;
        zeros = 0;
        digits[(*n)++] = c;
    }
    *power = (int64_t)zeros - l->scale;
    return true;
}

bool text_same_number(sl_str a, sl_str b) {
    literal la, lb;
    char da[40], db[40];
    size_t na, nb;
    int64_t pa, pb;
    if (!take_apart(a, &la) || !take_apart(b, &lb) || !significant(&la, da, &na, &pa) ||
        !significant(&lb, db, &nb, &pb)) {
        return false;
    }
    if (na == 0 || nb == 0) {
        return na == nb;
    }
    return la.negative == lb.negative && na == nb && pa == pb && memcmp(da, db, na) == 0;
}

/* write_bytes gives a magnitude of n limbs, negated or not, in the arena. */
static bool write_bytes(sl_arena *a, const uint32_t *limbs, size_t n, bool negative, sl_str *out) {
    size_t bytes = n * 4 + 1;
    char *to = sl_arena_bytes(a, bytes);
    if (!to) {
        return false;
    }
    uint64_t carry = negative;
    to[0] = 0;
    for (size_t i = 0; i < n; i++) {
        carry += negative ? ~limbs[i] : limbs[i];
        for (size_t k = 0; k < 4; k++) {
            to[bytes - 1 - i * 4 - k] = (char)(carry >> (8 * k) & 255);
        }
        carry >>= 32;
    }
    to[0] = negative && !carry ? (char)-1 : 0; /* a carry out: it was zero */
    *out = sl_decimal_minimal(sl_str_make(to, bytes));
    return true;
}

/* times_plus does m = m * by + plus. */
static void times_plus(uint32_t *m, size_t n, uint32_t by, uint32_t plus) {
    uint64_t carry = plus;
    for (size_t i = 0; i < n; i++) {
        carry += (uint64_t)m[i] * by;
        m[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* fill reads `keep` digits of the literal and `zeros` more into n limbs; false when a digit that is not kept
   is none of 0. */
static bool fill(const literal *l, int64_t keep, int64_t zeros, uint32_t *m, size_t n) {
    uint32_t part = 0, power = 1;
    int64_t seen = 0, total = (int64_t)l->digits + (zeros > 0 ? zeros : 0);
    for (size_t i = 0; seen < total; i++) {
        char c = i < l->mantissa.n ? l->mantissa.p[i] : '0';
        if (c == '.') {
            continue;
        }
        if (seen++ >= keep) {
            if (c != '0') {
                return false;
            }
            continue;
        }
        part = part * 10 + (uint32_t)(c - '0');
        power *= 10;
        if (power == LIMB_POWER) {
            times_plus(m, n, power, part);
            part = 0;
            power = 1;
        }
    }
    times_plus(m, n, power, part);
    return true;
}

bool text_to_decimal(sl_arena *arena, sl_str text, int32_t scale, sl_str *out) {
    literal l;
    uint32_t few[SMALL_DIGITS / LIMB_DIGITS + 1] = {0};
    if (!take_apart(text, &l)) {
        return false;
    }
    int64_t shift = scale - l.scale;
    int64_t keep = (int64_t)l.digits + shift; /* so many digits the result has, counting zeros at the front */
    if (keep > MAX_DIGITS) {
        char digits[40];
        size_t n;
        int64_t power;
        if (!significant(&l, digits, &n, &power) || n) {
            return false;
        }
        keep = 1; /* zero at any scale */
        shift = 0;
    }
    size_t n = keep <= SMALL_DIGITS ? sizeof(few) / sizeof(few[0]) : (size_t)keep / LIMB_DIGITS + 1;
    uint32_t *m = few;
    if (keep > SMALL_DIGITS) {
        m = sl_arena_zalloc(arena, n * sizeof(*m));
    }
    return m && fill(&l, keep, shift, m, n) && write_bytes(arena, m, n, l.negative, out);
}
