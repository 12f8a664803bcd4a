/*
 * offset_json.c - see offset_json.h. Text is read with jansson, which keeps the order of an object's members.
 */
#include "store/offset_json.h"

#include <jansson.h>
#include <math.h>
#include <sluice/text.h>
#include <stdlib.h>

#define MAX_DEPTH 64

/* ---- writing ---- */

static sl_error *write_value(const sl_value *v, bool sorted, unsigned depth, sl_buf *out);

/* write_floating writes as Kafka Connect's JSON does, so that keys are the same bytes. */
static sl_error *write_floating(const sl_value *v, sl_buf *out) {
    if (!isfinite(v->f)) {
        return sl_error_new(SL_E_DATA, SL_BUG, "an offset holds a number that is not finite, JSON has none");
    }
    (v->type == SL_FLOAT32 ? sl_buf_add_float : sl_buf_add_double)(out, v->f);
    return NULL;
}

static void write_base64(sl_str bytes, sl_buf *out) {
    sl_buf_add_char(out, '"');
    sl_buf_add_base64(out, bytes);
    sl_buf_add_char(out, '"');
}

static int compare_pairs(const void *a, const void *b) {
    return sl_str_cmp(sl_value_str(a), sl_value_str(b));
}

static sl_error *write_pairs(const sl_value *pairs, uint32_t n, bool sorted, unsigned depth, sl_buf *out) {
    sl_buf_add_char(out, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (pairs[2 * i].type != SL_STRING) {
            return sl_error_new(SL_E_DATA, SL_BUG, "expected an offset's keys to be strings, found %s",
                                sl_type_name((sl_type)pairs[2 * i].type));
        }
        if (i) {
            sl_buf_add_char(out, ',');
        }
        sl_buf_add_json_str(out, sl_value_str(&pairs[2 * i]));
        sl_buf_add_char(out, ':');
        SL_TRY(write_value(&pairs[2 * i + 1], sorted, depth + 1, out));
    }
    sl_buf_add_char(out, '}');
    return NULL;
}

static sl_error *write_map(const sl_value *v, bool sorted, unsigned depth, sl_buf *out) {
    if (!sorted || v->n < 2) {
        return write_pairs(v->items, v->n, sorted, depth, out);
    }
    sl_value *pairs = sl_alloc((size_t)v->n * 2 * sizeof *pairs);
    if (!pairs) {
        return sl_error_nomem();
    }
    memcpy(pairs, v->items, (size_t)v->n * 2 * sizeof *pairs);
    for (uint32_t i = 0; i < v->n; i++) {
        if (pairs[2 * i].type != SL_STRING) { /* write_pairs names it */
            sl_error *err = write_pairs(v->items, v->n, false, depth, out);
            sl_free(pairs);
            return err;
        }
    }
    qsort(pairs, v->n, 2 * sizeof *pairs, compare_pairs);
    sl_error *err = write_pairs(pairs, v->n, sorted, depth, out);
    sl_free(pairs);
    return err;
}

static sl_error *write_array(const sl_value *v, bool sorted, unsigned depth, sl_buf *out) {
    sl_buf_add_char(out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_char(out, ',');
        }
        SL_TRY(write_value(&v->items[i], sorted, depth + 1, out));
    }
    sl_buf_add_char(out, ']');
    return NULL;
}

static sl_error *write_value(const sl_value *v, bool sorted, unsigned depth, sl_buf *out) {
    if (depth > MAX_DEPTH) {
        return sl_error_new(SL_E_DATA, SL_BUG, "an offset is nested deeper than %d levels", MAX_DEPTH);
    }
    switch ((sl_type)v->type) {
    case SL_NULL:
        sl_buf_add_z(out, "null");
        return NULL;
    case SL_INT8:
    case SL_INT16:
    case SL_INT32:
    case SL_INT64:
        sl_buf_add_i64(out, v->i);
        return NULL;
    case SL_FLOAT32:
    case SL_FLOAT64:
        return write_floating(v, out);
    case SL_BOOL:
        sl_buf_add_z(out, v->b ? "true" : "false");
        return NULL;
    case SL_STRING:
        sl_buf_add_json_str(out, sl_value_str(v));
        return NULL;
    case SL_BYTES:
        write_base64(sl_value_str(v), out);
        return NULL;
    case SL_ARRAY:
        return write_array(v, sorted, depth, out);
    case SL_MAP:
        return write_map(v, sorted, depth, out);
    case SL_STRUCT:
    case SL_TYPE_COUNT:
        break;
    }
    return sl_error_new(SL_E_DATA, SL_BUG,
                        "expected an offset of maps, strings, numbers and booleans, found %s",
                        sl_type_name((sl_type)v->type));
}

sl_error *sl__offset_json_write(const sl_value *v, bool sorted, sl_buf *out) {
    SL_TRY(write_value(v, sorted, 0, out));
    return out->failed ? sl_error_nomem() : NULL;
}

sl_error *sl__offset_json_key(sl_str connector, const sl_value *partition, bool sorted, sl_buf *out) {
    sl_buf_add_char(out, '[');
    sl_buf_add_json_str(out, connector);
    sl_buf_add_char(out, ',');
    SL_TRY(write_value(partition, sorted, 0, out));
    sl_buf_add_char(out, ']');
    return out->failed ? sl_error_nomem() : NULL;
}

/* ---- reading ---- */

static sl_error *from_json(const json_t *j, unsigned depth, sl_arena *arena, sl_value *out);

static sl_error *string_of(const char *p, size_t n, sl_arena *arena, sl_value *out) {
    sl_str copy = sl_arena_str(arena, sl_str_make(p, n));
    if (!copy.p) {
        return sl_error_nomem();
    }
    *out = sl_string(copy);
    return NULL;
}

static sl_error *map_of(const json_t *j, unsigned depth, sl_arena *arena, sl_value *out) {
    size_t i = 0;
    *out = sl_value_alloc(arena, SL_MAP, json_object_size(j));
    if (sl_is_null(out)) {
        return sl_error_nomem();
    }
    json_t *object = (json_t *)(uintptr_t)j; /* jansson's iterators take no const */
    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
        const char *key = json_object_iter_key(it);
        SL_TRY(string_of(key, strlen(key), arena, &out->items[i]));
        SL_TRY(from_json(json_object_iter_value(it), depth + 1, arena, &out->items[i + 1]));
        i += 2;
    }
    return NULL;
}

static sl_error *array_of(const json_t *j, unsigned depth, sl_arena *arena, sl_value *out) {
    *out = sl_value_alloc(arena, SL_ARRAY, json_array_size(j));
    if (sl_is_null(out)) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < out->n; i++) {
        SL_TRY(from_json(json_array_get(j, i), depth + 1, arena, &out->items[i]));
    }
    return NULL;
}

static sl_error *from_json(const json_t *j, unsigned depth, sl_arena *arena, sl_value *out) {
    if (depth > MAX_DEPTH) {
        return sl_error_new(SL_E_DATA, SL_USER, "nested deeper than %d levels", MAX_DEPTH);
    }
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return map_of(j, depth, arena, out);
    case JSON_ARRAY:
        return array_of(j, depth, arena, out);
    case JSON_STRING:
        return string_of(json_string_value(j), json_string_length(j), arena, out);
    case JSON_INTEGER:
        *out = sl_int64(json_integer_value(j));
        return NULL;
    case JSON_REAL:
        *out = sl_float64(json_real_value(j));
        return NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        *out = sl_bool(json_is_true(j));
        return NULL;
    case JSON_NULL:
        break;
    }
    *out = sl_null();
    return NULL;
}

sl_error *sl__offset_json_read(sl_str text, sl_arena *arena, sl_value *out) {
    json_error_t why;
    *out = sl_null();
    json_t *j = json_loadb(text.p ? text.p : "", text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (!j) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected JSON: %s", why.text);
    }
    sl_error *err = from_json(j, 0, arena, out);
    json_decref(j);
    return err;
}

sl_error *sl__offset_json_split(sl_str text, sl_arena *arena, sl_str *connector, sl_value *partition) {
    sl_value key;
    SL_TRY(sl__offset_json_read(text, arena, &key));
    if (key.type != SL_ARRAY || key.n != 2 || key.items[0].type != SL_STRING) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected an offset's key, [\"connector\",{partition}]");
    }
    *connector = sl_value_str(&key.items[0]);
    *partition = key.items[1];
    return NULL;
}
