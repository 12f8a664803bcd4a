/*
 * text.h - numbers, decimals and bytes read from text; see also sluice/text.h.
 *
 * Threads: pure functions. Memory: results go to the given buffer or arena.
 */
#ifndef SLUICE_CONVERTERS_TEXT_H
#define SLUICE_CONVERTERS_TEXT_H

#include <sluice/text.h>
#include <sluice/value.h>

/* text_to_double / text_to_float read a decimal number (the caller checked its form), rounded once; what is
   too large is infinite. */
double text_to_double(sl_str t);
double text_to_float(sl_str t);

/* text_unbase64 decodes into the arena, passing over white space; false when it is no Base64, or out of
   memory (arena->failed). */
bool text_unbase64(sl_arena *arena, sl_str text, sl_str *out);

/* text_scale gives the scale of a Decimal's schema; false when it has none. */
bool text_scale(const sl_schema *s, int32_t *scale);
/* text_to_decimal reads a decimal number, as new BigDecimal(String) does, and gives its unscaled bytes at
   that scale; false when digits would be lost, it is no number, it is too long, or out of memory
   (arena->failed). */
bool text_to_decimal(sl_arena *arena, sl_str text, int32_t scale, sl_str *out);
/* text_number_scale: the scale a number has by itself ("1.50" 2, "1e3" -3); false when it is none. */
bool text_number_scale(sl_str text, int32_t *scale);
/* text_same_number compares two numbers of at most 40 digits exactly. */
bool text_same_number(sl_str a, sl_str b);

/* text_utf8 gives s itself when it is well-formed UTF-8, else a copy in the arena with U+FFFD for what is
   not, as Java's decoder. Absent when out of memory. */
sl_str text_utf8(sl_arena *arena, sl_str s);

#endif
