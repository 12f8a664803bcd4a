/*
 * value.c - copying, comparing and checking values; looking into schemas.
 *
 * Not for: making schemas (the host does), converting values. Threads: pure functions.
 * Memory: copies live in the arena that is passed in; all else borrows.
 */
#include <sluice/value.h>

#include <stdio.h>

static size_t item_count(const sl_value *v) {
    return v->type == SL_MAP ? (size_t)v->n * 2 : v->n;
}

static bool is_container(uint8_t type) {
    return type == SL_ARRAY || type == SL_MAP || type == SL_STRUCT;
}

sl_value sl_value_alloc(sl_arena *a, sl_type t, size_t n) {
    sl_value v = sl_container(t, NULL, n);
    if (n > UINT32_MAX / 2) {
        a->failed = true;
        return sl_null();
    }
    v.items = sl_arena_zalloc(a, item_count(&v) * sizeof *v.items);
    return v.items ? v : sl_null();
}

static bool copy_items(sl_arena *a, const sl_value *v, sl_value *out) {
    sl_value copy = sl_value_alloc(a, (sl_type)v->type, v->n);
    if (sl_is_null(&copy)) {
        return false;
    }
    for (size_t i = 0; i < item_count(v); i++) {
        if (!sl_value_copy(a, &v->items[i], &copy.items[i])) {
            return false;
        }
    }
    *out = copy;
    return true;
}

bool sl_value_copy(sl_arena *a, const sl_value *v, sl_value *out) {
    if (is_container(v->type)) {
        return copy_items(a, v, out);
    }
    sl_value copy = *v;
    if (v->type == SL_STRING || v->type == SL_BYTES) {
        copy.s = sl_arena_str(a, sl_str_make(v->s ? v->s : "", v->n)).p;
        if (!copy.s) {
            return false;
        }
    }
    *out = copy;
    return true;
}

static bool items_eq(const sl_value *a, const sl_value *b) {
    for (size_t i = 0; a->n == b->n && i < item_count(a); i++) {
        if (!sl_value_eq(&a->items[i], &b->items[i])) {
            return false;
        }
    }
    return a->n == b->n;
}

bool sl_value_eq(const sl_value *a, const sl_value *b) {
    if (a->type != b->type) {
        return false;
    }
    switch ((sl_type)a->type) {
    case SL_NULL:
        return true;
    case SL_BOOL:
        return a->b == b->b;
    case SL_STRING:
    case SL_BYTES:
        return sl_str_eq(sl_value_str(a), sl_value_str(b));
    case SL_FLOAT32:
    case SL_FLOAT64: /* by bits, as Double.equals: NaN equals itself, 0.0 is not -0.0 */
        return a->i == b->i || (a->f != a->f && b->f != b->f);
    case SL_ARRAY:
    case SL_MAP:
    case SL_STRUCT:
        return items_eq(a, b);
    default:
        return a->i == b->i;
    }
}

const sl_value *sl_map_get(const sl_value *map, sl_str key) {
    for (uint32_t i = 0; map && map->type == SL_MAP && i < map->n; i++) {
        const sl_value *k = &map->items[(size_t)i * 2];
        if (k->type == SL_STRING && sl_str_eq(sl_value_str(k), key)) {
            return k + 1;
        }
    }
    return NULL;
}

int sl_schema_field(const sl_schema *s, sl_str name) {
    for (uint32_t i = 0; s && i < s->nfields; i++) {
        if (sl_str_eq(s->fields[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

sl_str sl_schema_param_get(const sl_schema *s, sl_str name) {
    for (uint32_t i = 0; s && i < s->nparams; i++) {
        if (sl_str_eq(s->params[i].name, name)) {
            return s->params[i].value;
        }
    }
    return SL_STR_NONE;
}

const sl_value *sl_struct_get(const sl_schema *s, const sl_value *v, sl_str name) {
    int i = v && v->type == SL_STRUCT ? sl_schema_field(s, name) : -1;
    return i >= 0 && (uint32_t)i < v->n ? &v->items[i] : NULL;
}

const char *sl_type_name(sl_type t) {
    static const char *const names[SL_TYPE_COUNT] = {
        [SL_NULL] = "NULL",     [SL_INT8] = "INT8",       [SL_INT16] = "INT16",     [SL_INT32] = "INT32",
        [SL_INT64] = "INT64",   [SL_FLOAT32] = "FLOAT32", [SL_FLOAT64] = "FLOAT64", [SL_BOOL] = "BOOLEAN",
        [SL_STRING] = "STRING", [SL_BYTES] = "BYTES",     [SL_ARRAY] = "ARRAY",     [SL_MAP] = "MAP",
        [SL_STRUCT] = "STRUCT",
    };
    return (unsigned)t < SL_TYPE_COUNT ? names[t] : "UNKNOWN";
}

/* ---- checking a value against its schema ---- */

/* A place inside a value, linked to the outer one, so that no text is made unless something is wrong. */
typedef struct place {
    const struct place *outer;
    const char *word; /* NULL: a field */
    sl_str name;
} place;

static void write_place(const place *at, char *out, size_t size) {
    if (!at) {
        return;
    }
    write_place(at->outer, out, size);
    size_t used = strlen(out);
    const char *dot = used ? "." : "";
    if (at->word) {
        snprintf(out + used, size - used, "%s", at->word);
    } else {
        snprintf(out + used, size - used, "%s%.*s", dot, SL_STR_ARG(at->name));
    }
}

static sl_error *mismatch(const place *at, const char *expected, const char *found) {
    char where[256] = "";
    write_place(at, where, sizeof where);
    if (!where[0]) {
        return sl_error_new(SL_E_DATA, SL_USER, "value does not fit its schema: expected %s, found %s",
                            expected, found);
    }
    return sl_error_new(SL_E_DATA, SL_USER,
                        "value of field '%s' does not fit its schema: expected %s, found %s", where, expected,
                        found);
}

static sl_error *check(const sl_schema *s, const sl_value *v, const place *at);

static sl_error *check_schemaless(const sl_value *v, const place *at) {
    if (v->type >= SL_TYPE_COUNT) {
        return mismatch(at, "a known type", "UNKNOWN");
    }
    if (v->type == SL_STRUCT) {
        return mismatch(at, "a value that needs no schema", "STRUCT");
    }
    place item = {at, "[]", SL_STR_NONE};
    for (size_t i = 0; is_container(v->type) && i < item_count(v); i++) {
        SL_TRY(check_schemaless(&v->items[i], &item));
    }
    return NULL;
}

static sl_error *check_struct(const sl_schema *s, const sl_value *v, const place *at) {
    if (v->n != s->nfields) {
        char expected[48], found[48];
        snprintf(expected, sizeof expected, "%u fields", s->nfields);
        snprintf(found, sizeof found, "%u", v->n);
        return mismatch(at, expected, found);
    }
    for (uint32_t i = 0; i < v->n; i++) {
        const sl_schema *fs = s->fields[i].schema;
        if (sl_is_null(&v->items[i]) && fs->default_value) {
            continue;
        }
        place field = {at, NULL, s->fields[i].name};
        SL_TRY(check(fs, &v->items[i], &field));
    }
    return NULL;
}

static sl_error *check_items(const sl_schema *s, const sl_value *v, const place *at) {
    place key = {at, "{key}", SL_STR_NONE};
    place item = {at, "[]", SL_STR_NONE};
    for (size_t i = 0; i < item_count(v); i++) {
        bool is_key = v->type == SL_MAP && i % 2 == 0;
        SL_TRY(check(is_key ? s->key : s->element, &v->items[i], is_key ? &key : &item));
    }
    return NULL;
}

static bool int_fits(const sl_value *v) {
    switch ((sl_type)v->type) {
    case SL_INT8:
        return v->i == (int8_t)v->i;
    case SL_INT16:
        return v->i == (int16_t)v->i;
    case SL_INT32:
        return v->i == (int32_t)v->i;
    default:
        return true;
    }
}

static sl_error *check(const sl_schema *s, const sl_value *v, const place *at) {
    if (!s) {
        return check_schemaless(v, at);
    }
    if (sl_is_null(v)) {
        return s->optional ? NULL : mismatch(at, sl_type_name(s->type), "null, and it is not optional");
    }
    if (v->type != s->type) {
        return mismatch(at, sl_type_name(s->type), sl_type_name((sl_type)v->type));
    }
    if (!int_fits(v)) {
        return mismatch(at, sl_type_name(s->type), "a number out of its range");
    }
    if (v->type == SL_STRUCT) {
        return check_struct(s, v, at);
    }
    return v->type == SL_ARRAY || v->type == SL_MAP ? check_items(s, v, at) : NULL;
}

sl_error *sl_value_check(const sl_schema *s, const sl_value *v) {
    return check(s, v, NULL);
}
