/*
 * decimal.c - BigDecimal.toString of unscaled bytes (big-endian two's complement) and a scale.
 *
 * Most decimals fit into 128 bits; larger ones go through an array of 32-bit limbs, least significant first,
 * which takes quadratic time.
 *
 * Threads: pure functions. Memory: scratch on the heap for large numbers only.
 */
#include <sluice/text.h>

#define SMALL_BYTES 16 /* |unscaled| fits into 128 bits */
#define LIMB_DIGITS 9
#define LIMB_POWER 1000000000u

sl_str sl_decimal_minimal(sl_str b) {
    while (b.n > 1 && ((b.p[0] == 0 && !(b.p[1] & 0x80)) || (b.p[0] == (char)-1 && (b.p[1] & 0x80)))) {
        b = sl_str_skip(b, 1);
    }
    return b;
}

/* lay_out writes digits (most significant first) as BigDecimal.toString does. */
static void lay_out(sl_buf *out, const char *digits, size_t count, int32_t scale) {
    int64_t adjusted = (int64_t)count - 1 - scale;
    if (scale == 0) {
        sl_buf_add(out, digits, count);
    } else if (scale > 0 && adjusted >= -6) {
        int64_t whole = (int64_t)count - scale;
        if (whole > 0) {
            sl_buf_add(out, digits, (size_t)whole);
            sl_buf_add_char(out, '.');
            sl_buf_add(out, digits + whole, (size_t)scale);
        } else {
            sl_buf_add(out, "0.00000", (size_t)(2 - whole));
            sl_buf_add(out, digits, count);
        }
    } else {
        sl_buf_add_char(out, digits[0]);
        if (count > 1) {
            sl_buf_add_char(out, '.');
            sl_buf_add(out, digits + 1, count - 1);
        }
        sl_buf_add_z(out, adjusted > 0 ? "E+" : "E");
        sl_buf_add_i64(out, adjusted);
    }
}

static void put_small(sl_buf *out, sl_str b, int32_t scale) {
    bool negative = b.p[0] & 0x80;
    unsigned __int128 u = negative ? ~(unsigned __int128)0 : 0;
    for (size_t i = 0; i < b.n; i++) {
        u = u << 8 | (unsigned char)b.p[i];
    }
    u = negative ? 0 - u : u;
    char digits[40];
    size_t at = sizeof(digits);
    while (u > UINT64_MAX) {
        digits[--at] = (char)('0' + (int)(u % 10));
        u /= 10;
    }
    uint64_t low = (uint64_t)u;
    do {
        digits[--at] = (char)('0' + low % 10);
        low /= 10;
    } while (low);
    if (negative) {
        sl_buf_add_char(out, '-');
    }
    lay_out(out, digits + at, sizeof(digits) - at, scale);
}

/* load takes the magnitude of b apart into limbs; gives how many. */
static size_t load(sl_str b, uint32_t *limbs) {
    bool negative = b.p[0] & 0x80;
    size_t n = (b.n + 3) / 4;
    uint64_t carry = negative;
    for (size_t i = 0; i < n; i++) {
        uint32_t limb = 0;
        for (size_t k = 0; k < 4; k++) {
            size_t at = i * 4 + k;
            uint32_t byte = at < b.n ? (unsigned char)b.p[b.n - 1 - at] : negative ? 255 : 0;
            limb |= byte << (8 * k);
        }
        carry += negative ? ~limb : limb;
        limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    while (n && limbs[n - 1] == 0) {
        n--;
    }
    return n;
}

/* unload writes the limbs' decimal digits so that they end at `end`; gives the first. The limbs are used up.
 */
static char *unload(uint32_t *limbs, size_t n, char *end) {
    while (n) {
        uint64_t rest = 0;
        for (size_t i = n; i-- > 0;) {
            rest = rest << 32 | limbs[i];
            limbs[i] = (uint32_t)(rest / LIMB_POWER);
            rest %= LIMB_POWER;
        }
        n -= limbs[n - 1] == 0;
        for (int k = 0; k < LIMB_DIGITS; k++, rest /= 10) {
            *--end = (char)('0' + rest % 10);
        }
    }
    while (*end == '0') { /* a magnitude of more than 128 bits is not zero */
        end++;
    }
    return end;
}

static bool put_large(sl_buf *out, sl_str b, int32_t scale) {
    size_t room = b.n / 4 * 10 + 40;
    uint32_t *limbs = sl_alloc((b.n / 4 + 1) * sizeof(*limbs));
    char *digits = limbs ? sl_alloc(room) : NULL;
    if (digits) {
        size_t n = load(b, limbs);
        char *first = unload(limbs, n, digits + room);
        if (b.p[0] & 0x80) {
            sl_buf_add_char(out, '-');
        }
        lay_out(out, first, (size_t)(digits + room - first), scale);
    }
    sl_free(limbs);
    sl_free(digits);
    return digits != NULL;
}

bool sl_buf_add_decimal(sl_buf *out, sl_str unscaled, int32_t scale) {
    sl_str b = unscaled.n ? sl_decimal_minimal(unscaled) : sl_str_make("", 1);
    if (b.n > SMALL_BYTES) {
        return put_large(out, b, scale) && !out->failed;
    }
    put_small(out, b, scale);
    return !out->failed;
}
