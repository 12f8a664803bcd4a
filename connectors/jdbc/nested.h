/*
 * nested.h - what is behind cell.c for values with an inside: decimals, bits, arrays, maps, structs,
 * geometry.
 *
 * Functions that can fail give NULL or what is wrong with the value. Memory from the caller's arena; any
 * thread.
 */
#ifndef JDBC_NESTED_H
#define JDBC_NESTED_H

#include "cell.h"

/* jdbc_nested_make makes the cell of an ARRAY, MAP or STRUCT value. */
const char *jdbc_nested_make(const jdbc_cell_rules *rules, const sl_schema *s, jdbc_kind kind,
                             jdbc_render render, const sl_value *v, sl_arena *arena, jdbc_cell *out);
/* jdbc_bits_make turns io.debezium.data.Bits (little endian) into text of zeros and ones. */
const char *jdbc_bits_make(const sl_schema *s, const sl_value *v, sl_arena *arena, jdbc_cell *out);
/* jdbc_hex_add appends hexadecimal digits. */
void jdbc_hex_add(sl_str s, sl_buf *out);

#endif
