/*
 * floating.c - Double.toString and Float.toString, as Java writes them since version 19.
 *
 * The shortest decimal that reads back as the same number, nearest to it among equals, with at least two
 * digits where one would do (2.0E-3 is "0.002", the smallest double "4.9E-324"). The method is Schubfach
 * (R. Giulietti, "The Schubfach way to render doubles"): three products with a power of ten, no loops.
 *
 * Threads: pure functions. Memory: none.
 */
#include <sluice/text.h>

#include <math.h>

#include "pow10.h"

/* A number as c * 2^q. */
typedef struct binary {
    uint64_t c;
    int q;
    bool closer_below; /* the next number below is half as far away as the next above */
    bool tiny;         /* so few bits that the result needs one more digit */
} binary;

/* A number as digits * 10^exponent. */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

static binary split_double(double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    uint64_t fraction = bits & ((1ULL << 52) - 1);
    int e = (int)(bits >> 52 & 0x7ff);
    if (e == 0) {
        return (binary){fraction, -1074, false, fraction < 3};
    }
    return (binary){fraction | 1ULL << 52, e - 1075, fraction == 0 && e > 1, false};
}

static binary split_float(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    uint32_t fraction = bits & ((1u << 23) - 1);
    int e = (int)(bits >> 23 & 0xff);
    if (e == 0) {
        return (binary){fraction, -149, false, fraction < 8};
    }
    return (binary){fraction | 1u << 23, e - 150, fraction == 0 && e > 1, false};
}

/* Logarithms rounded down, exact for the exponents that occur. */
static int log10_of_pow2(int q) {
    return (q * 1262611) >> 22;
}

static int log10_of_pow2_three_quarters(int q) {
    return (q * 1262611 - 524031) >> 22;
}

static int log2_of_pow10(int k) {
    return (k * 1741647) >> 19;
}

/* scale multiplies and keeps the integer part; its last bit is set when anything was cut off. */
static uint64_t scale(const uint64_t power[2], uint64_t by) {
    unsigned __int128 low = (unsigned __int128)power[1] * by;
    unsigned __int128 high = (unsigned __int128)power[0] * by + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

static decimal shortest(binary b) {
    uint64_t c = b.tiny ? b.c * 10 : b.c;
    uint64_t odd = c & 1; /* an odd number does not own the ends of its interval */
    int k = b.closer_below ? log10_of_pow2_three_quarters(b.q) : log10_of_pow2(b.q);
    int h = b.q + log2_of_pow10(-k) + 1;
    const uint64_t *power = POW10[-k - POW10_LOWEST];
    uint64_t low = scale(power, (4 * c - (b.closer_below ? 1 : 2)) << h) + odd;
    uint64_t mid = scale(power, (4 * c) << h);
    uint64_t high = scale(power, (4 * c + 2) << h) - odd;
    uint64_t s = mid / 4;
    int exponent = b.tiny ? k - 1 : k;
    if (s >= 100) {
        uint64_t tens = s / 10;
        bool below = low <= 40 * tens;
        bool above = 40 * tens + 40 <= high;
        if (below != above) {
            return (decimal){tens + above, exponent + 1};
        }
    }
    bool below = low <= 4 * s;
    bool above = 4 * s + 4 <= high;
    bool up = below != above ? above : mid > 4 * s + 2 || (mid == 4 * s + 2 && (s & 1));
    return (decimal){s + up, exponent};
}

/* ---- layout ---- */

/* put_digits writes v, without the zeros at its end; gives how many. */
static int put_digits(char *to, uint64_t v, int *exponent) {
    char text[24];
    char *at = text + sizeof(text);
    while (v % 10 == 0) {
        v /= 10;
        ++*exponent;
    }
    for (; v; v /= 10) {
        *--at = (char)('0' + v % 10);
    }
    int n = (int)(text + sizeof(text) - at);
    memcpy(to, at, (size_t)n);
    return n;
}

/* put_plain writes 0.00ddd, dd.ddd or ddd00.0; point is where it stands, counted from the first digit. */
static char *put_plain(char *to, const char *digits, int n, int point) {
    if (point <= 0) {
        *to++ = '0';
        *to++ = '.';
        for (int i = point; i < 0; i++) {
            *to++ = '0';
        }
    }
    for (int i = 0; i < n || i < point; i++) {
        if (i && i == point) {
            *to++ = '.';
        }
        *to++ = i < n ? digits[i] : '0';
    }
    if (n <= point) {
        *to++ = '.';
        *to++ = '0';
    }
    return to;
}

static char *put_scientific(char *to, const char *digits, int n, int power) {
    *to++ = digits[0];
    *to++ = '.';
    for (int i = 1; i < n; i++) {
        *to++ = digits[i];
    }
    if (n == 1) {
        *to++ = '0';
    }
    *to++ = 'E';
    if (power < 0) {
        *to++ = '-';
        power = -power;
    }
    for (int unit = power >= 100 ? 100 : power >= 10 ? 10 : 1; unit; unit /= 10) {
        *to++ = (char)('0' + power / unit % 10);
    }
    return to;
}

static void put_number(sl_buf *out, bool negative, decimal d) {
    char digits[24] = {0}, text[40];
    char *to = text;
    if (negative) {
        *to++ = '-';
    }
    int n = put_digits(digits, d.digits, &d.exponent);
    int point = n + d.exponent;
    to =
        point > -3 && point <= 7 ? put_plain(to, digits, n, point) : put_scientific(to, digits, n, point - 1);
    sl_buf_add(out, text, (size_t)(to - text));
}

static bool put_special(sl_buf *out, double v) {
    if (isnan(v)) {
        sl_buf_add_z(out, "NaN");
    } else if (isinf(v)) {
        sl_buf_add_z(out, v < 0 ? "-Infinity" : "Infinity");
    } else if (v == 0) {
        sl_buf_add_z(out, signbit(v) ? "-0.0" : "0.0");
    } else {
        return false;
    }
    return true;
}

void sl_buf_add_double(sl_buf *out, double v) {
    if (!put_special(out, v)) {
        put_number(out, v < 0, shortest(split_double(fabs(v))));
    }
}

void sl_buf_add_float(sl_buf *out, double v) {
    if (!put_special(out, v)) {
        put_number(out, v < 0, shortest(split_float((float)fabs(v))));
    }
}
