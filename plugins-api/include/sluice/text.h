/*
 * text.h - numbers and bytes as text, the way Java writes them, and quoted text.
 *
 * Threads: pure functions. Memory: results go to the given buffer, whose sticky error says that there was no
 * memory.
 */
#ifndef SLUICE_TEXT_H
#define SLUICE_TEXT_H

#include <sluice/memory.h>

/* sl_buf_add_double / sl_buf_add_float append what Double.toString and Float.toString give: the fewest digits
   that read back as the same number; NaN and Infinity included. */
void sl_buf_add_double(sl_buf *out, double v);
void sl_buf_add_float(sl_buf *out, double v);

/* sl_buf_add_decimal appends BigDecimal.toString of an unscaled big-endian two's complement number (no bytes:
   0), in quadratic time; false when out of memory. */
bool sl_buf_add_decimal(sl_buf *out, sl_str unscaled, int32_t scale);

/* sl_decimal_minimal gives the shortest two's complement form of a number of at least one byte, as
   BigInteger.toByteArray. */
sl_str sl_decimal_minimal(sl_str unscaled);

/* sl_buf_add_quoted appends s in double quotes, with a backslash before each double quote and backslash in
 * it. */
static inline void sl_buf_add_quoted(sl_buf *out, sl_str s) {
    sl_buf_add_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') {
            sl_buf_add_char(out, '\\');
        }
        sl_buf_add_char(out, s.p[i]);
    }
    sl_buf_add_char(out, '"');
}

/* sl_hex_digit gives the value of a hexadecimal digit in either case, -1 = it is none. */
static inline int sl_hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* sl_buf_add_base64 appends standard Base64 with padding. */
void sl_buf_add_base64(sl_buf *out, sl_str bytes);

#endif
