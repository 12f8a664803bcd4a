/*
 * primitives.c - the converters without structure: text, bytes, and one number or boolean in Kafka's own
 * serialisation.
 *
 * Follows org.apache.kafka.connect.storage.StringConverter and org.apache.kafka.connect.converters.*
 * (Kafka 4.3). Threads: one owner. Memory: a converter holds its schema.
 */
#include "converters.h"

#include "text.h"

typedef struct primitive {
    const sl_host *host;
    const sl_schema *schema; /* optional, of the converter's type */
    sl_type type;
} primitive;

static void primitive_close(void *state) {
    primitive *p = state;
    p->host->schema_unref(p->schema);
    sl_free(p);
}

static sl_error *primitive_new(const sl_context *ctx, sl_type type, void **state) {
    primitive *p = sl_calloc(1, sizeof(*p));
    if (!p) {
        return sl_error_nomem();
    }
    p->host = ctx->host;
    p->type = type;
    sl_error *err = sl_schema_simple(ctx->host, type, true, &p->schema);
    if (err) {
        sl_free(p);
        return err;
    }
    *state = p;
    return NULL;
}

static sl_error *give(primitive *p, sl_batch *batch, const sl_schema **schema, sl_value *value, sl_value v) {
    sl_batch_keep(batch, p->schema);
    *schema = p->schema;
    *value = v;
    return NULL;
}

/* ---- text ---- */

static const char *check_encoding(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    bool known = sl_str_eq_nocase(value, SL_STR("UTF-8")) || sl_str_eq_nocase(value, SL_STR("UTF8")) ||
                 sl_str_eq_nocase(value, SL_STR("US-ASCII")) || sl_str_eq_nocase(value, SL_STR("ASCII"));
    return known ? NULL : "UTF-8 (or US-ASCII, which is part of it); convert the data to UTF-8";
}

const sl_config_row string_rows[STRING_ROWS] = {
    {.name = "converter.encoding",
     .type = SL_CONFIG_STRING,
     .default_value = "UTF-8",
     .importance = SL_HIGH,
     .display = "Encoding",
     .check = check_encoding,
     .doc = "The encoding of the text. Only UTF-8 is supported."},
};

static sl_error *string_open(const sl_context *ctx, int usage, void **state) {
    (void)usage;
    return primitive_new(ctx, SL_STRING, state);
}

static sl_error *string_to_bytes(void *state, sl_str topic, sl_str header, const sl_schema *schema,
                                 const sl_value *value, sl_buf *out, bool *is_null) {
    (void)state;
    (void)topic;
    (void)header;
    *is_null = value->type == SL_NULL;
    return *is_null ? NULL : values_print(schema, value, out);
}

static sl_error *string_from_bytes(void *state, sl_str topic, sl_str header, sl_str bytes, sl_batch *batch,
                                   const sl_schema **schema, sl_value *value) {
    (void)topic;
    (void)header;
    sl_str text = bytes.p ? text_utf8(&batch->arena, bytes) : SL_STR_NONE;
    if (bytes.p && !text.p) {
        return sl_error_nomem();
    }
    return give(state, batch, schema, value, bytes.p ? sl_string(text) : sl_null());
}

const sl_converter_ops string_ops = {
    .open = string_open,
    .to_bytes = string_to_bytes,
    .from_bytes = string_from_bytes,
    .close = primitive_close,
};

/* ---- bytes ---- */

static sl_error *bytes_open(const sl_context *ctx, int usage, void **state) {
    (void)usage;
    return primitive_new(ctx, SL_BYTES, state);
}

static sl_error *bytes_to_bytes(void *state, sl_str topic, sl_str header, const sl_schema *schema,
                                const sl_value *value, sl_buf *out, bool *is_null) {
    (void)state;
    (void)topic;
    (void)header;
    if (schema && schema->type != SL_BYTES) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "expected a schema of type BYTES, got %s: use a converter that knows it",
                            sl_type_name(schema->type));
    }
    *is_null = value->type == SL_NULL;
    if (!*is_null && value->type != SL_BYTES) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected bytes, got %s", sl_type_name((sl_type)value->type));
    }
    if (!*is_null) {
        sl_buf_add_str(out, sl_value_str(value));
    }
    return NULL;
}

static sl_error *bytes_from_bytes(void *state, sl_str topic, sl_str header, sl_str bytes, sl_batch *batch,
                                  const sl_schema **schema, sl_value *value) {
    (void)topic;
    (void)header;
    return give(state, batch, schema, value, bytes.p ? sl_bytes(bytes) : sl_null());
}

const sl_converter_ops bytes_ops = {
    .open = bytes_open,
    .to_bytes = bytes_to_bytes,
    .from_bytes = bytes_from_bytes,
    .close = primitive_close,
};

/* ---- one number: big-endian, of the type's size; a boolean is one byte ---- */

static size_t width_of(sl_type t) {
    switch (t) {
    case SL_INT16:
        return 2;
    case SL_INT32:
    case SL_FLOAT32:
        return 4;
    case SL_BOOL:
        return 1;
    default:
        return 8;
    }
}

static sl_error *number_open(const sl_context *ctx, int usage, void **state) {
    (void)usage;
    return primitive_new(ctx, (sl_type)ctx->variant, state);
}

/* bits_of gives the bits as they stand in the low bytes. */
static uint64_t bits_of(const sl_value *v) {
    uint64_t bits = 0;
    float f = (float)v->f;
    switch ((sl_type)v->type) {
    case SL_FLOAT32:
        memcpy(&bits, &f, sizeof(f)); /* little-endian machines: the low four bytes */
        return bits;
    case SL_FLOAT64:
        memcpy(&bits, &v->f, sizeof(bits));
        return bits;
    case SL_BOOL:
        return v->b ? 1 : 0;
    default:
        return (uint64_t)v->i;
    }
}

static sl_error *number_to_bytes(void *state, sl_str topic, sl_str header, const sl_schema *schema,
                                 const sl_value *value, sl_buf *out, bool *is_null) {
    primitive *p = state;
    (void)topic;
    (void)header;
    *is_null = value->type == SL_NULL;
    if (*is_null) {
        return NULL;
    }
    if (value->type != p->type || (schema && schema->type != p->type)) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected %s, got %s", sl_type_name(p->type),
                            sl_type_name((sl_type)value->type));
    }
    uint64_t bits = bits_of(value);
    for (size_t i = width_of(p->type); i-- > 0;) {
        sl_buf_add_char(out, (char)(bits >> (8 * i) & 255));
    }
    return NULL;
}

static sl_value number_of(sl_type t, uint64_t bits) {
    float f;
    double d;
    uint32_t low = (uint32_t)bits;
    switch (t) {
    case SL_INT16:
        return sl_int16((int16_t)bits);
    case SL_INT32:
        return sl_int32((int32_t)low);
    case SL_FLOAT32:
        memcpy(&f, &low, sizeof(f));
        return sl_float32((double)f);
    case SL_FLOAT64:
        memcpy(&d, &bits, sizeof(d));
        return sl_float64(d);
    case SL_BOOL:
        return sl_bool(bits == 1);
    default:
        return sl_int64((int64_t)bits);
    }
}

static sl_error *number_from_bytes(void *state, sl_str topic, sl_str header, sl_str bytes, sl_batch *batch,
                                   const sl_schema **schema, sl_value *value) {
    primitive *p = state;
    (void)topic;
    (void)header;
    size_t width = width_of(p->type);
    if (!bytes.p) {
        return give(p, batch, schema, value, sl_null());
    }
    if (bytes.n != width) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected %zu bytes for %s, got %zu", width,
                            sl_type_name(p->type), bytes.n);
    }
    uint64_t bits = 0;
    for (size_t i = 0; i < width; i++) {
        bits = bits << 8 | (unsigned char)bytes.p[i];
    }
    if (p->type == SL_BOOL && bits > 1) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected a byte of 0 or 1 for BOOLEAN");
    }
    return give(p, batch, schema, value, number_of(p->type, bits));
}

const sl_converter_ops number_ops = {
    .open = number_open,
    .to_bytes = number_to_bytes,
    .from_bytes = number_from_bytes,
    .close = primitive_close,
};
