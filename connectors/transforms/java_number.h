/*
 * java_number.h - numbers as Java reads them: Integer.parseInt, Double.parseDouble, BigDecimal. Writing
 * them is in sluice/text.h.
 *
 * A decimal is Kafka Connect's: big-endian two's complement bytes and a scale. Threads: pure functions.
 */
#ifndef SLUICE_TRANSFORMS_JAVA_NUMBER_H
#define SLUICE_TRANSFORMS_JAVA_NUMBER_H

#include <sluice/value.h>

#define JAVA_DECIMAL_BYTES 1024u /* longer unscaled values are refused: they would take quadratic time */

/* java_int_range gives the bounds of an INT type. */
void java_int_range(sl_type type, int64_t *min, int64_t *max);

/* java_parse_int reads [+-]digits within the range of an INT type; no white space. */
bool java_parse_int(sl_str s, sl_type type, int64_t *out);

/* java_parse_double reads what Double.valueOf takes (white space around, NaN, Infinity, suffix d or f,
   hexadecimal); rounded to a float for FLOAT32. */
bool java_parse_double(sl_str s, sl_type type, double *out);

/* java_narrow gives the low bits of v as that INT type, sign-extended: a Java cast. */
int64_t java_narrow(int64_t v, sl_type type);

/* java_double_to_long casts: saturates, NaN is 0. */
int64_t java_double_to_long(double f);
/* java_double_to_int casts to a 32-bit int in the same way. */
int64_t java_double_to_int(double f);

/* A decimal in digits: value = sign digits * 10^-scale. */
typedef struct java_decimal {
    bool negative;
    char *digits; /* in the arena; no leading zeros, "0" for zero */
    size_t n;
    int64_t scale;
} java_decimal;

/* java_decimal_of reads the bytes of a Decimal; false when there are none or too many of them, or no memory.
 */
bool java_decimal_of(sl_arena *arena, sl_str unscaled, int64_t scale, java_decimal *out);

/* java_decimal_parse reads what new BigDecimal(String) takes. */
bool java_decimal_parse(sl_arena *arena, sl_str s, java_decimal *out);

/* java_decimal_long: the low 64 bits of the integer part. */
int64_t java_decimal_long(const java_decimal *d);
double java_decimal_double(const java_decimal *d, bool is_float);
/* java_decimal_bytes gives the unscaled value at another scale; absent when digits would be lost, it is too
 * long, or no memory. */
sl_str java_decimal_bytes(sl_arena *arena, const java_decimal *d, int64_t scale);

#endif
