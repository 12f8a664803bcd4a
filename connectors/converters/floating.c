/*
 * floating.c - decimal text as floating-point numbers, rounded once.
 *
 * Threads: pure functions. Memory: scratch on the heap for long texts only.
 */
#include "text.h"

#include <math.h>
#include <stdlib.h>

/* exact_small: a number of few digits is one exact division or multiplication away. */
static bool exact_small(sl_str t, uint64_t most, int most_power, uint64_t *mantissa, int *power) {
    size_t i = t.n && t.p[0] == '-';
    bool point = false;
    *mantissa = 0;
    *power = 0;
    for (; i < t.n; i++) {
        if (t.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (t.p[i] < '0' || t.p[i] > '9' || *mantissa > most / 10 - 1) {
            return false;
        }
        *mantissa = *mantissa * 10 + (uint64_t)(t.p[i] - '0');
        *power += point;
    }
    return t.n > 0 && *power <= most_power;
}

double text_to_double(sl_str t) {
    static const double powers[] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t mantissa;
    int power;
    double d;
    if (exact_small(t, 1ULL << 53, 22, &mantissa, &power)) {
        d = (double)mantissa / powers[power];
        return t.p[0] == '-' ? -d : d;
    }
    if (sl_str_to_f64(t, &d)) {
        return d;
    }
    return t.n && t.p[0] == '-' ? -HUGE_VAL : HUGE_VAL;
}

double text_to_float(sl_str t) {
    static const float powers[] = {1, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f};
    uint64_t mantissa;
    int power;
    if (exact_small(t, 1u << 24, 10, &mantissa, &power)) {
        float f = (float)mantissa / powers[power];
        return (double)(t.p[0] == '-' ? -f : f);
    }
    char small[256];
    char *z = t.n < sizeof(small) ? small : sl_alloc(t.n + 1);
    if (!z) {
        return (double)(float)text_to_double(t); /* the second rounding matters once in 2^29 */
    }
    memcpy(z, t.p, t.n);
    z[t.n] = '\0';
    double d = (double)strtof(z, NULL);
    if (z != small) {
        sl_free(z);
    }
    return d;
}
