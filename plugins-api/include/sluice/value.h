/*
 * value.h - values and schemas: Kafka Connect's data model as plain data.
 *
 * A value is a 16-byte tagged union. Strings, bytes and containers are borrowed views into the batch's arena
 * (or into a message that the batch owns). Logical types (Decimal, Date, Time, Timestamp, Debezium's semantic
 * types) are a schema name over a physical type, exactly as they travel: a Decimal is BYTES (big-endian two's
 * complement unscaled value) with the parameter "scale", a Date is INT32 days, a Time INT32 milliseconds, a
 * Timestamp INT64 milliseconds. Nothing here is thread-safe except that a schema is immutable and may be read
 * from any thread.
 *
 * Follows org.apache.kafka.connect.data.Schema (Kafka Connect 4.3).
 */
#ifndef SLUICE_VALUE_H
#define SLUICE_VALUE_H

#include <sluice/memory.h>

typedef enum sl_type {
    SL_NULL = 0, /* a null of whatever type the schema says */
    SL_INT8,
    SL_INT16,
    SL_INT32,
    SL_INT64,
    SL_FLOAT32,
    SL_FLOAT64,
    SL_BOOL,
    SL_STRING, /* UTF-8 */
    SL_BYTES,
    SL_ARRAY,
    SL_MAP,    /* keys and values of any type */
    SL_STRUCT, /* its schema says the fields; never without a schema */
    SL_TYPE_COUNT
} sl_type;

typedef struct sl_value {
    uint8_t type; /* sl_type */
    uint32_t n;   /* STRING, BYTES: bytes; ARRAY: items; MAP: pairs; STRUCT: fields; else 0 */
    union {
        bool b;
        int64_t i; /* all INT types, sign-extended */
        double f;  /* FLOAT32 too, holding the float's value */
        const char *s;
        struct sl_value *items; /* MAP: key0, value0, key1, ... ; STRUCT: by field index */
    };
} sl_value;

/* What a schema's name makes of its type, for switch statements. Debezium's names are SL_LOGICAL_OTHER. */
typedef enum sl_logical {
    SL_LOGICAL_NONE = 0,
    SL_LOGICAL_DECIMAL,   /* org.apache.kafka.connect.data.Decimal */
    SL_LOGICAL_DATE,      /* org.apache.kafka.connect.data.Date */
    SL_LOGICAL_TIME,      /* org.apache.kafka.connect.data.Time */
    SL_LOGICAL_TIMESTAMP, /* org.apache.kafka.connect.data.Timestamp */
    SL_LOGICAL_OTHER,     /* any other name */
} sl_logical;

typedef struct sl_schema sl_schema;

typedef struct sl_field {
    sl_str name;
    const sl_schema *schema; /* shared */
} sl_field;

typedef struct sl_schema_param {
    sl_str name;
    sl_str value;
} sl_schema_param;

/*
 * An interned schema: two equal schemas are the same pointer in every plugin, so compare pointers. To make
 * one, fill such a struct (id, logical and hash are set by the host) whose children are interned schemas, and
 * call host->schema_intern: the host copies what it needs.
 */
struct sl_schema {
    sl_type type; /* not SL_NULL */
    bool optional;
    bool has_version;
    int32_t version;
    sl_logical logical;            /* derived from name */
    sl_str name;                   /* absent = none */
    sl_str doc;                    /* absent = none */
    const sl_schema_param *params; /* in order of insertion */
    uint32_t nparams;
    uint32_t nfields;              /* STRUCT */
    const sl_field *fields;        /* STRUCT */
    const sl_schema *key;          /* MAP */
    const sl_schema *element;      /* ARRAY: items; MAP: values */
    const sl_value *default_value; /* NULL = none */
    uint64_t id;                   /* unique in this process and never used again: a safe cache key */
    uint64_t hash;
};

static inline sl_value sl_null(void) {
    return (sl_value){.type = SL_NULL};
}
static inline sl_value sl_bool(bool b) {
    return (sl_value){.type = SL_BOOL, .i = b ? 1 : 0};
}
static inline sl_value sl_int(sl_type t, int64_t i) {
    return (sl_value){.type = (uint8_t)t, .i = i};
}
static inline sl_value sl_int8(int64_t i) {
    return sl_int(SL_INT8, i);
}
static inline sl_value sl_int16(int64_t i) {
    return sl_int(SL_INT16, i);
}
static inline sl_value sl_int32(int64_t i) {
    return sl_int(SL_INT32, i);
}
static inline sl_value sl_int64(int64_t i) {
    return sl_int(SL_INT64, i);
}
static inline sl_value sl_float32(double f) {
    return (sl_value){.type = SL_FLOAT32, .f = f};
}
static inline sl_value sl_float64(double f) {
    return (sl_value){.type = SL_FLOAT64, .f = f};
}
static inline sl_value sl_string(sl_str s) {
    return (sl_value){.type = SL_STRING, .n = (uint32_t)s.n, .s = s.p ? s.p : ""};
}
static inline sl_value sl_bytes(sl_str s) {
    return (sl_value){.type = SL_BYTES, .n = (uint32_t)s.n, .s = s.p ? s.p : ""};
}
static inline sl_value sl_container(sl_type t, sl_value *items, size_t n) {
    return (sl_value){.type = (uint8_t)t, .n = (uint32_t)n, .items = items};
}
/* sl_value_str views a STRING or BYTES value. */
static inline sl_str sl_value_str(const sl_value *v) {
    return (sl_str){v->s, v->n};
}
static inline bool sl_is_null(const sl_value *v) {
    return v->type == SL_NULL;
}
static inline bool sl_is_int(const sl_value *v) {
    return v->type >= SL_INT8 && v->type <= SL_INT64;
}

/* sl_value_alloc gives an ARRAY, MAP or STRUCT of n items (all null) in the arena; SL_NULL when out of
 * memory. */
sl_value sl_value_alloc(sl_arena *a, sl_type t, size_t n);

/* sl_value_copy copies v and all it points to into the arena. False when out of memory. */
bool sl_value_copy(sl_arena *a, const sl_value *v, sl_value *out);

/* sl_value_eq compares deeply; maps in order of their entries. */
bool sl_value_eq(const sl_value *a, const sl_value *b);

/* sl_map_get finds a STRING key in a MAP value; NULL if it is not there or v is no map. */
const sl_value *sl_map_get(const sl_value *map, sl_str key);

/* sl_schema_field gives the index of a STRUCT schema's field, or -1. */
int sl_schema_field(const sl_schema *s, sl_str name);

/* sl_schema_param_get gives a parameter's value, absent if there is none. */
sl_str sl_schema_param_get(const sl_schema *s, sl_str name);

/* sl_struct_get gives the value of a field by name, or NULL. */
const sl_value *sl_struct_get(const sl_schema *s, const sl_value *v, sl_str name);

/* sl_type_name: Kafka Connect's upper-case name, "INT32". */
const char *sl_type_name(sl_type t);

/* sl_value_check tells whether v is valid for s (NULL s: anything but STRUCT): types, null only where
   optional. The error names the offending field. */
SL_MUST_CHECK sl_error *sl_value_check(const sl_schema *s, const sl_value *v);

#endif
