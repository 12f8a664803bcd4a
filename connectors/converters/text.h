/*
 * text.h - numbers, decimals and bytes as text, the way Java writes them.
 *
 * Threads: pure functions. Memory: results go to the given buffer or arena.
 */
#ifndef SLUICE_CONVERTERS_TEXT_H
#define SLUICE_CONVERTERS_TEXT_H

#include <sluice/value.h>

/* text_double / text_float append what Double.toString and Float.toString give; NaN and Infinity included. */
void text_double(sl_buf *out, double v);
void text_float(sl_buf *out, double v);

/* text_base64 appends standard Base64 with padding. */
void text_base64(sl_buf *out, sl_str bytes);
/* text_unbase64 decodes into the arena; false when it is no Base64, or out of memory. */
bool text_unbase64(sl_arena *arena, sl_str text, sl_str *out);

/* text_decimal appends BigDecimal.toString of an unscaled big-endian two's complement number. */
bool text_decimal(sl_buf *out, sl_str unscaled, int32_t scale);
/* text_to_decimal reads a decimal literal (JSON's grammar) and gives its unscaled bytes at that scale; false
   when digits would be lost, it is no number, or out of memory. */
bool text_to_decimal(sl_arena *arena, sl_str text, int32_t scale, sl_str *out);
/* text_decimal_scale: the scale a literal has by itself ("1.50" 2, "1e3" -3). */
int32_t text_decimal_scale(sl_str text);

#endif
