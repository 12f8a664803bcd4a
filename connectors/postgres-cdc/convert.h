/*
 * convert.h - column types: what schema a type has in each handling mode, and how its text form becomes a
 * value.
 *
 * A pg_conv is the reader of one column (or of an array's elements). Parsers get text that they may change
 * and that lives as long as the batch; results point into it where they can, else into the arena.
 *
 * Text forms are those of the session that conn.c sets up (ISO dates, UTC, ISO 8601 intervals, hex bytea).
 */
#ifndef PG_CONVERT_H
#define PG_CONVERT_H

#include <cdc/table.h>

#include "settings.h"
#include "types.h"

typedef struct pg_conv pg_conv;

/* False: the text is not of that type (or no memory: the arena says). *out may be SL_NULL. */
typedef bool (*pg_parse)(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);

struct pg_conv {
    pg_parse parse;
    int32_t scale; /* numeric: digits, -1 = any; timestamptz: precision; money: digits; bits: length */
    int32_t form;  /* of dates and times: cdc_time_form; of numbers, bytes, hstore, interval: the mode */
    const pg_conv *element;
    int32_t digits;      /* of money: behind the point in its text */
    char delimiter;      /* of arrays */
    bool required_items; /* of arrays: with a null item the value does not fit */
    sl_value toast;      /* stands for a value that was not sent */
};

/* What a type asks of a column; strings and params are in the arena given to pg_conv_make. */
typedef struct pg_column_type {
    pg_conv conv;
    bool known;
    bool is_text;
    bool has_scale;
    bool always_optional;  /* in spite of NOT NULL */
    bool required_element; /* in arrays this type's elements are not optional */
    sl_schema base;
    sl_value zero;
    sl_str type_name;
    int32_t length;
    int32_t scale;
} pg_column_type;

/* pg_conv_make describes a column of a type; unknown types give known = false (or bytes, as the setting
 * says). */
SL_MUST_CHECK sl_error *pg_conv_make(pg_types *types, const pg_settings *s, uint32_t oid, int32_t typmod,
                                     sl_arena *a, pg_column_type *out);

/* pg_conv_default parses a column's default expression as Debezium does; false when it has none for events.
 */
bool pg_conv_default(const pg_column_type *t, sl_arena *a, sl_str expression, sl_value *out);

/* ---- parsers, one file each family ---- */

bool pg_parse_bool(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_int2(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_int4(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_int8(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_float4(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_float8(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_numeric(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_money(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_text(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_bytea(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_raw(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_bit(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_point(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_hstore(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_array(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_ewkb(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
/* pg_parse_vector: form is the type of the items. */
bool pg_parse_vector(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_sparsevec(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_null(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_date(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_time(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_timetz(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_timestamp(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_timestamptz(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);
bool pg_parse_interval(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out);

/* pg_wkb_point writes a point as well-known binary: PG_WKB_POINT bytes. */
enum { PG_WKB_POINT = 21 };
void pg_wkb_point(char *to, double x, double y);

/* pg_bytes_value gives bytes in the form of binary.handling.mode. */
bool pg_bytes_value(int32_t mode, sl_arena *a, sl_str bytes, sl_value *out);

#endif
