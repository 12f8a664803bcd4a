/*
 * values_write.c - the text form of any value: of headers, and what Java's toString gives.
 *
 * values_write follows org.apache.kafka.connect.data.Values.convertToString (Kafka 4.3): text in containers
 * is quoted, bytes are Base64, dates are ISO 8601 in UTC. It differs where Java loses something: a Date or
 * Timestamp before 1970-01-02 is written whole, not as a time of day.
 *
 * values_print follows Object.toString of the same values: Struct{a=1,b=x}, [1, 2], {k=v}. Bytes are Base64
 * here, where Java prints an address.
 *
 * Threads: pure functions. Memory: only the buffer's.
 */
#include "converters.h"

#include "calendar.h"
#include "text.h"

#define MAX_DEPTH 1000

static sl_error *too_deep(void) {
    return sl_error_new(SL_E_DATA, SL_USER, "a value is nested more than %d deep", MAX_DEPTH);
}

static sl_error *no_schema(void) {
    return sl_error_new(SL_E_DATA, SL_USER, "a struct without its schema has no text form");
}

static sl_error *finish(const sl_buf *out) {
    return out->failed ? sl_error_nomem() : NULL;
}

static bool is_temporal(const sl_schema *s) {
    return s && (s->logical == SL_LOGICAL_DATE || s->logical == SL_LOGICAL_TIME ||
                 s->logical == SL_LOGICAL_TIMESTAMP);
}

static sl_error *put_decimal(const sl_schema *s, const sl_value *v, sl_buf *out) {
    int32_t scale;
    if (!text_scale(s, &scale)) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "a Decimal's schema needs a whole number as its parameter 'scale'");
    }
    return sl_buf_add_decimal(out, sl_value_str(v), scale) ? NULL : sl_error_nomem();
}

/* put_scalar writes what is neither text, bytes nor a container. */
static void put_scalar(const sl_value *v, sl_buf *out) {
    if (v->type == SL_NULL) {
        sl_buf_add_z(out, "null");
    } else if (sl_is_int(v)) {
        sl_buf_add_i64(out, v->i);
    } else if (v->type == SL_BOOL) {
        sl_buf_add_z(out, v->b ? "true" : "false");
    } else {
        (v->type == SL_FLOAT32 ? sl_buf_add_float : sl_buf_add_double)(out, v->f);
    }
}

/* ---- headers ---- */

static void put_temporal(const sl_schema *s, const sl_value *v, sl_buf *out) {
    int64_t of_day = v->i;
    int64_t days = s->logical == SL_LOGICAL_TIMESTAMP ? calendar_split(v->i, &of_day) : v->i;
    if (s->logical != SL_LOGICAL_TIME) {
        calendar_put_date(out, days);
    }
    if (s->logical == SL_LOGICAL_TIMESTAMP && (of_day || days <= 0)) {
        sl_buf_add_char(out, 'T');
    }
    if (s->logical == SL_LOGICAL_TIME || (s->logical == SL_LOGICAL_TIMESTAMP && (of_day || days <= 0))) {
        calendar_put_time(out, of_day);
    }
}

static void put_text(const sl_value *v, bool nested, sl_buf *out) {
    if (v->type == SL_STRING) {
        if (nested) {
            sl_buf_add_quoted(out, sl_value_str(v));
        } else {
            sl_buf_add_str(out, sl_value_str(v));
        }
        return;
    }
    if (nested) {
        sl_buf_add_char(out, '"');
    }
    sl_buf_add_base64(out, sl_value_str(v));
    if (nested) {
        sl_buf_add_char(out, '"');
    }
}

static sl_error *write_value(const sl_schema *s, const sl_value *v, unsigned depth, sl_buf *out);

static sl_error *write_struct(const sl_schema *s, const sl_value *v, unsigned depth, sl_buf *out) {
    if (!s || s->nfields != v->n) {
        return no_schema();
    }
    sl_buf_add_char(out, '{');
    for (uint32_t i = 0; i < v->n; i++) {
        const sl_schema *field = s->fields[i].schema;
        bool use_default = v->items[i].type == SL_NULL && field->default_value;
        if (i) {
            sl_buf_add_char(out, ',');
        }
        sl_buf_add_quoted(out, s->fields[i].name);
        sl_buf_add_char(out, ':');
        SL_TRY(write_value(field, use_default ? field->default_value : &v->items[i], depth, out));
    }
    sl_buf_add_char(out, '}');
    return NULL;
}

static sl_error *write_items(const sl_schema *s, const sl_value *v, unsigned depth, sl_buf *out) {
    bool map = v->type == SL_MAP;
    sl_buf_add_char(out, map ? '{' : '[');
    for (uint32_t i = 0; i < v->n; i++) {
        const sl_value *item = &v->items[map ? 2 * (size_t)i : i];
        if (i) {
            sl_buf_add_char(out, ',');
        }
        if (map) {
            SL_TRY(write_value(s ? s->key : NULL, item++, depth, out));
            sl_buf_add_char(out, ':');
        }
        SL_TRY(write_value(s ? s->element : NULL, item, depth, out));
    }
    sl_buf_add_char(out, map ? '}' : ']');
    return NULL;
}

static sl_error *write_value(const sl_schema *s, const sl_value *v, unsigned depth, sl_buf *out) {
    if (depth > MAX_DEPTH) {
        return too_deep();
    }
    switch ((sl_type)v->type) {
    case SL_STRUCT:
        return write_struct(s, v, depth + 1, out);
    case SL_ARRAY:
    case SL_MAP:
        return write_items(s, v, depth + 1, out);
    case SL_STRING:
    case SL_BYTES:
        if (v->type == SL_BYTES && s && s->logical == SL_LOGICAL_DECIMAL) {
            return put_decimal(s, v, out);
        }
        put_text(v, depth > 0, out);
        return NULL;
    default:
        if (sl_is_int(v) && is_temporal(s)) {
            put_temporal(s, v, out);
        } else {
            put_scalar(v, out);
        }
        return NULL;
    }
}

sl_error *values_write(const sl_schema *s, const sl_value *v, sl_buf *out) {
    SL_TRY(write_value(s, v, 0, out));
    return finish(out);
}

/* ---- toString ---- */

static sl_error *print_value(const sl_schema *s, const sl_value *v, unsigned depth, sl_buf *out);

/* print_struct leaves nulls out. */
static sl_error *print_struct(const sl_schema *s, const sl_value *v, unsigned depth, sl_buf *out) {
    bool first = true;
    if (!s || s->nfields != v->n) {
        return no_schema();
    }
    sl_buf_add_z(out, "Struct{");
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->items[i].type == SL_NULL) {
            continue;
        }
        if (!first) {
            sl_buf_add_char(out, ',');
        }
        first = false;
        sl_buf_add_str(out, s->fields[i].name);
        sl_buf_add_char(out, '=');
        SL_TRY(print_value(s->fields[i].schema, &v->items[i], depth, out));
    }
    sl_buf_add_char(out, '}');
    return NULL;
}

static sl_error *print_items(const sl_schema *s, const sl_value *v, unsigned depth, sl_buf *out) {
    bool map = v->type == SL_MAP;
    sl_buf_add_char(out, map ? '{' : '[');
    for (uint32_t i = 0; i < v->n; i++) {
        const sl_value *item = &v->items[map ? 2 * (size_t)i : i];
        if (i) {
            sl_buf_add(out, ", ", 2);
        }
        if (map) {
            SL_TRY(print_value(s ? s->key : NULL, item++, depth, out));
            sl_buf_add_char(out, '=');
        }
        SL_TRY(print_value(s ? s->element : NULL, item, depth, out));
    }
    sl_buf_add_char(out, map ? '}' : ']');
    return NULL;
}

static sl_error *print_value(const sl_schema *s, const sl_value *v, unsigned depth, sl_buf *out) {
    if (depth > MAX_DEPTH) {
        return too_deep();
    }
    switch ((sl_type)v->type) {
    case SL_STRUCT:
        return print_struct(s, v, depth + 1, out);
    case SL_ARRAY:
    case SL_MAP:
        return print_items(s, v, depth + 1, out);
    case SL_STRING:
        sl_buf_add_str(out, sl_value_str(v));
        return NULL;
    case SL_BYTES:
        if (s && s->logical == SL_LOGICAL_DECIMAL) {
            return put_decimal(s, v, out);
        }
        sl_buf_add_base64(out, sl_value_str(v));
        return NULL;
    default:
        if (sl_is_int(v) && is_temporal(s)) {
            calendar_put_instant(out, s->logical == SL_LOGICAL_DATE ? v->i * DAY_MS : v->i);
        } else {
            put_scalar(v, out);
        }
        return NULL;
    }
}

sl_error *values_print(const sl_schema *s, const sl_value *v, sl_buf *out) {
    SL_TRY(print_value(s, v, 0, out));
    return finish(out);
}
