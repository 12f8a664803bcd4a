/*
 * offset_json.h - offsets as Kafka Connect stores them: JSON without schemas.
 *
 * A key is ["connector",{partition}], a value {offset} or null. Integers are read as INT64, other numbers as
 * FLOAT64, which is what Kafka Connect's JsonConverter makes of them.
 *
 * Threads: pure functions. Memory: results are in the caller's arena or buffer.
 */
#ifndef SLUICE_STORE_OFFSET_JSON_H
#define SLUICE_STORE_OFFSET_JSON_H

#include <sluice/value.h>

/* sl__offset_json_write appends a value. sorted: maps in the order of their keys, so that equal maps give
   equal text. Maps need STRING keys; a STRUCT cannot be written. */
SL_MUST_CHECK sl_error *sl__offset_json_write(const sl_value *v, bool sorted, sl_buf *out);

/* sl__offset_json_key appends ["connector",partition]. */
SL_MUST_CHECK sl_error *sl__offset_json_key(sl_str connector, const sl_value *partition, bool sorted,
                                            sl_buf *out);

/* sl__offset_json_read reads any JSON value. */
SL_MUST_CHECK sl_error *sl__offset_json_read(sl_str text, sl_arena *arena, sl_value *out);

/* sl__offset_json_split reads a key and gives its two parts. */
SL_MUST_CHECK sl_error *sl__offset_json_split(sl_str text, sl_arena *arena, sl_str *connector,
                                              sl_value *partition);

#endif
