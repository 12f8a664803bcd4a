/*
 * decimal.h - decimal text to Kafka Connect's Decimal: the unscaled value as big-endian two's complement.
 */
#ifndef CDC_DECIMAL_H
#define CDC_DECIMAL_H

#include <sluice/value.h>

/*
 * cdc_decimal_parse reads "[+-]digits[.digits]" (no exponent). With want_scale >= 0 the value gets that scale
 * (zeros are appended; surplus digits are an error unless they are zeros); with -1 trailing zeros of the
 * fraction are dropped and *scale says what is left. *out is BYTES in the arena. False: not a decimal number,
 * or out of memory.
 */
bool cdc_decimal_parse(sl_arena *a, sl_str text, int want_scale, int32_t *scale, sl_value *out);

/* cdc_decimal_i64 gives the BYTES of an unscaled value. */
bool cdc_decimal_i64(sl_arena *a, int64_t unscaled, sl_value *out);

#endif
