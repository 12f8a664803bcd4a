/*
 * cell.h - one value on its way into a column, whatever schema it came with.
 *
 * A cell is what is left of a Connect value once its schema name was read: a dozen classes that a database
 * can store. Text and bytes are borrowed (from the record, or from the arena of the call). Not here: what a
 * column makes of a cell (that is the dialect's). No state; any thread.
 */
#ifndef JDBC_CELL_H
#define JDBC_CELL_H

#include <sluice/record.h>

struct jdbc_zone;

typedef enum jdbc_class {
    JC_NULL = 0,
    JC_BOOL,
    JC_INT,
    JC_FLOAT,
    JC_NUMBER, /* text of a decimal number of any size */
    JC_TEXT,
    JC_BYTES,
    JC_DATE,        /* i: days since 1970-01-01 */
    JC_TIME,        /* i: microseconds since midnight */
    JC_STAMP,       /* i: microseconds since 1970-01-01 on a wall clock without a zone */
    JC_INSTANT,     /* i: microseconds since 1970-01-01 UTC */
    JC_UNAVAILABLE, /* the source did not know it (unchanged TOAST): leave the column as it is */
} jdbc_class;

/* A date or timestamp without end, as i of JC_DATE, JC_STAMP and JC_INSTANT. */
#define JDBC_INFINITY INT64_MAX
#define JDBC_MINUS_INFINITY INT64_MIN

typedef struct jdbc_cell {
    uint8_t cls;    /* jdbc_class */
    uint8_t narrow; /* JC_FLOAT: was a FLOAT32 */
    uint16_t nanos; /* JC_TIME, JC_STAMP, JC_INSTANT: 0..999 below the microsecond */
    uint32_t n;     /* JC_NUMBER, JC_TEXT, JC_BYTES */
    union {
        int64_t i; /* JC_BOOL too */
        double f;
        const char *s;
    };
} jdbc_cell;

/* What a schema means: its name if we know it, else its type. */
typedef enum jdbc_kind {
    JK_BOOL,
    JK_INT8,
    JK_INT16,
    JK_INT32,
    JK_INT64,
    JK_FLOAT32,
    JK_FLOAT64,
    JK_STRING,
    JK_BYTES,
    JK_DECIMAL,
    JK_DATE,
    JK_TIME_MS,
    JK_TIME_US,
    JK_TIME_NS,
    JK_CONNECT_STAMP, /* org.apache.kafka.connect.data.Timestamp */
    JK_STAMP_MS,
    JK_STAMP_US,
    JK_STAMP_NS,
    JK_ZONED_STAMP,
    JK_ZONED_TIME,
    JK_ISO_DATE,
    JK_ISO_TIME,
    JK_ISO_STAMP,
    JK_DURATION_US,
    JK_DURATION_NS,
    JK_INTERVAL,
    JK_YEAR,
    JK_JSON,
    JK_XML,
    JK_UUID,
    JK_LTREE,
    JK_ENUM,
    JK_ENUM_SET,
    JK_TSVECTOR,
    JK_BITS,
    JK_VAR_DECIMAL,
    JK_POINT,
    JK_CIRCLE,
    JK_GEOMETRY,
    JK_GEOGRAPHY,
    JK_SPARSE_VECTOR,
    JK_DOUBLE_VECTOR,
    JK_FLOAT_VECTOR,
    JK_ARRAY,
    JK_MAP,
    JK_STRUCT,
    JK_COUNT
} jdbc_kind;

/* How a column wants what has no single form. */
typedef enum jdbc_render {
    JR_PLAIN = 0,
    JR_JSON,     /* ARRAY, MAP, STRUCT as JSON text */
    JR_ARRAY,    /* an array as {a,"b",NULL} */
    JR_VECTOR,   /* a vector as [1,2,3] */
    JR_HSTORE,   /* a MAP as "k"=>"v" */
    JR_EWKB_HEX, /* a geometry as hexadecimal EWKB */
    JR_BIT,      /* a boolean as 0 or 1 for a bit column */
    JR_STAMP,    /* an INT64 or STRING field that timestamp.fields.list names */
} jdbc_render;

/* Settings that change what a cell says. */
typedef struct jdbc_cell_rules {
    const struct jdbc_zone *zone;      /* wall clock of what has no zone in the database */
    const struct jdbc_zone *date_zone; /* the same for dates */
    bool connect_stamp_in_zone;        /* a Connect Timestamp is an instant, shown in zone (Confluent) */
    bool null_to_default;              /* null becomes the schema's default */
    bool julian;                       /* dates before 1582-10-15 in the Julian calendar */
    bool nano_fields;                  /* timestamp.fields.list is in nanoseconds, not microseconds */
    bool bc_suffix;                    /* years before 1 as "0044-03-15 BC", not "-0043-03-15" */
    sl_str unavailable; /* placeholder of a value that the source did not know; absent = none */
} jdbc_cell_rules;

/* jdbc_kind_of gives the kind of a schema. */
jdbc_kind jdbc_kind_of(const sl_schema *s);
/* jdbc_kind_class gives the class that non-null cells of this kind have. */
jdbc_class jdbc_kind_class(jdbc_kind kind, jdbc_render render);

/* jdbc_cell_make reads v (of schema s) into *out. NULL = done, else what is wrong with the value, in the
   arena, without the value itself. */
const char *jdbc_cell_make(const jdbc_cell_rules *rules, const sl_schema *s, jdbc_kind kind,
                           jdbc_render render, const sl_value *v, sl_arena *arena, jdbc_cell *out);

/* What jdbc_cell_make gives (this pointer) when it is not the value's fault. */
extern const char jdbc_no_memory[];

/* jdbc_cell_text appends the cell as text that both databases read (JC_NULL: nothing). */
void jdbc_cell_text(const jdbc_cell_rules *rules, const jdbc_cell *cell, sl_buf *out);

/* jdbc_cell_hash and jdbc_cell_eq compare cells of one column. */
uint64_t jdbc_cell_hash(const jdbc_cell *cell, uint64_t seed);
bool jdbc_cell_eq(const jdbc_cell *a, const jdbc_cell *b);

/* ---- for the files behind cell.h ---- */

/* jdbc_json_add appends v as JSON; NULL or what is wrong. */
const char *jdbc_json_add(const jdbc_cell_rules *rules, const sl_schema *s, const sl_value *v,
                          sl_arena *arena, sl_buf *out, unsigned depth);
/* jdbc_array_add appends an ARRAY as an array literal. */
const char *jdbc_array_add(const jdbc_cell_rules *rules, const sl_schema *s, const sl_value *v,
                           sl_arena *arena, sl_buf *out, unsigned depth);
/* jdbc_decimal_add appends an unscaled big-endian two's complement number with a decimal point. False: out of
 * memory. */
bool jdbc_decimal_add(sl_str unscaled, int32_t scale, sl_buf *out);

#endif
