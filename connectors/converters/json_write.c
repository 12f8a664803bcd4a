/*
 * json_write.c - values as JSON, and schemas as Kafka Connect's JSON schemas.
 *
 * A schema is compiled once into a plan: the text before each field, what its value needs. Per record only
 * bytes are appended. Plans are cached by schema pointer, with a reference held, so the pointer cannot come
 * to mean another schema.
 */
#include "json.h"

#include <math.h>

#include "text.h"

typedef struct plan plan;

struct plan {
    const sl_schema *schema;
    sl_type type;
    int32_t scale; /* Decimal; */
    bool decimal;
    bool null_default; /* a null becomes the default value */
    bool string_keys;  /* MAP: an object */
    sl_str *labels;    /* STRUCT: {"first": and ,"next": */
    plan **fields;     /* STRUCT: by index; ARRAY, MAP: [0] the element, [1] the key */
    uint32_t nfields;
};

/* The plan of a whole record's schema. */
typedef struct entry {
    const sl_schema *schema; /* referenced */
    sl_arena arena;
    plan *root;
    sl_str envelope; /* {"schema":...,"payload": */
    uint64_t used;
} entry;

struct json_writer {
    const sl_host *host;
    const json_settings *settings;
    entry **entries;
    size_t n, cap;
    entry *last;
    uint64_t clock;
};

static sl_error *bad(const char *what, const sl_schema *s) {
    return sl_error_new(SL_E_DATA, SL_USER, "%s%s%.*s", what, s && s->name.n ? " of schema " : "",
                        SL_STR_ARG(s ? s->name : SL_STR_NONE));
}

/* ---- plans ---- */

static plan *make_plan(const json_settings *set, const sl_schema *s, sl_arena *a);

static bool plan_struct(const json_settings *set, plan *p, sl_arena *a) {
    const sl_schema *s = p->schema;
    p->nfields = s->nfields;
    p->labels = sl_arena_zalloc(a, (s->nfields + 1) * sizeof(*p->labels));
    p->fields = sl_arena_zalloc(a, (s->nfields + 1) * sizeof(plan *));
    if (!p->labels || !p->fields) {
        return false;
    }
    for (uint32_t i = 0; i < s->nfields; i++) {
        sl_buf b;
        sl_buf_init(&b, a);
        sl_buf_add_char(&b, i ? ',' : '{');
        sl_buf_add_json_str(&b, s->fields[i].name);
        sl_buf_add_char(&b, ':');
        p->labels[i] = sl_buf_take(&b);
        p->fields[i] = make_plan(set, s->fields[i].schema, a);
        if (!p->labels[i].p || !p->fields[i]) {
            return false;
        }
    }
    return true;
}

static bool plan_children(const json_settings *set, plan *p, sl_arena *a) {
    const sl_schema *s = p->schema;
    if (p->type == SL_STRUCT) {
        return plan_struct(set, p, a);
    }
    if (p->type != SL_ARRAY && p->type != SL_MAP) {
        return true;
    }
    p->fields = sl_arena_zalloc(a, 2 * sizeof(plan *));
    if (!p->fields) {
        return false;
    }
    p->fields[0] = make_plan(set, s->element, a);
    p->fields[1] = p->type == SL_MAP ? make_plan(set, s->key, a) : NULL;
    p->string_keys = p->type == SL_MAP && s->key->type == SL_STRING;
    return p->fields[0] && (p->type == SL_ARRAY || p->fields[1]);
}

static plan *make_plan(const json_settings *set, const sl_schema *s, sl_arena *a) {
    plan *p = sl_arena_zalloc(a, sizeof(*p));
    if (!p) {
        return NULL;
    }
    p->schema = s;
    p->type = s->type;
    p->decimal = s->logical == SL_LOGICAL_DECIMAL;
    p->null_default = s->default_value && set->null_to_default;
    if (p->decimal) {
        int64_t scale = 0;
        (void)sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &scale);
        p->scale = (int32_t)scale;
    }
    return plan_children(set, p, a) ? p : NULL;
}

static void free_entry(json_writer *w, entry *e) {
    w->host->schema_unref(e->schema);
    sl_arena_deinit(&e->arena);
    sl_free(e);
}

static sl_error *make_entry(json_writer *w, const sl_schema *s, entry **out) {
    entry *e = sl_calloc(1, sizeof(*e));
    if (!e) {
        return sl_error_nomem();
    }
    e->schema = s;
    w->host->schema_ref(s);
    sl_arena_init(&e->arena, 0);
    sl_error *err = NULL;
    e->root = make_plan(w->settings, s, &e->arena);
    if (!e->root) {
        err = sl_error_nomem();
    } else if (w->settings->schemas_enable) {
        sl_buf b;
        sl_buf_init(&b, NULL);
        sl_buf_add_z(&b, "{\"schema\":");
        err = json_write_schema(w->settings, s, SL_STR_NONE, &b);
        sl_buf_add_z(&b, ",\"payload\":");
        e->envelope = sl_arena_str(&e->arena, sl_buf_view(&b));
        err = err ? err : b.failed || !e->envelope.p ? sl_error_nomem() : NULL;
        sl_buf_deinit(&b);
    }
    if (err) {
        free_entry(w, e);
        return err;
    }
    *out = e;
    return NULL;
}

/* oldest gives the place of the entry that was not used for the longest time. */
static size_t oldest(const json_writer *w) {
    size_t at = 0;
    for (size_t i = 1; i < w->n; i++) {
        if (w->entries[i]->used < w->entries[at]->used) {
            at = i;
        }
    }
    return at;
}

static sl_error *add_entry(json_writer *w, const sl_schema *s, entry **out) {
    SL_TRY(make_entry(w, s, out));
    size_t most = w->settings->cache_size > 0 ? (size_t)w->settings->cache_size : 1;
    if (w->n >= most) {
        size_t at = oldest(w);
        free_entry(w, w->entries[at]);
        w->entries[at] = *out;
        return NULL;
    }
    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 8;
        entry **more = sl_realloc(w->entries, cap * sizeof(*more));
        if (!more) {
            free_entry(w, *out);
            return sl_error_nomem();
        }
        w->entries = more;
        w->cap = cap;
    }
    w->entries[w->n++] = *out;
    return NULL;
}

static sl_error *find_entry(json_writer *w, const sl_schema *s, entry **out) {
    if (w->last && w->last->schema == s) {
        *out = w->last;
        return NULL;
    }
    *out = NULL;
    for (size_t i = 0; i < w->n && !*out; i++) {
        *out = w->entries[i]->schema == s ? w->entries[i] : NULL;
    }
    w->last = NULL;
    if (!*out) {
        SL_TRY(add_entry(w, s, out));
    }
    (*out)->used = ++w->clock;
    w->last = *out;
    return NULL;
}

json_writer *json_writer_new(const sl_host *host, const json_settings *settings) {
    json_writer *w = sl_calloc(1, sizeof(*w));
    if (w) {
        w->host = host;
        w->settings = settings;
    }
    return w;
}

void json_writer_free(json_writer *w) {
    if (!w) {
        return;
    }
    for (size_t i = 0; i < w->n; i++) {
        free_entry(w, w->entries[i]);
    }
    sl_free(w->entries);
    sl_free(w);
}

/* ---- values with a plan ---- */

static sl_error *put_value(const json_settings *set, const plan *p, const sl_value *v, sl_buf *out);

static void put_double(sl_buf *out, double v, bool single) {
    bool quote = isnan(v) || isinf(v);
    if (quote) {
        sl_buf_add_char(out, '"');
    }
    (single ? text_float : text_double)(out, v);
    if (quote) {
        sl_buf_add_char(out, '"');
    }
}

static sl_error *put_bytes(const json_settings *set, const plan *p, const sl_value *v, sl_buf *out) {
    if (p && p->decimal && set->decimal_format == JSON_DECIMAL_NUMERIC) {
        return text_decimal(out, sl_value_str(v), p->scale) ? NULL : sl_error_nomem();
    }
    sl_buf_add_char(out, '"');
    text_base64(out, sl_value_str(v));
    sl_buf_add_char(out, '"');
    return NULL;
}

static sl_error *put_struct(const json_settings *set, const plan *p, const sl_value *v, sl_buf *out) {
    if (v->n != p->nfields) {
        return bad("a struct has another number of fields than its schema", p->schema);
    }
    for (uint32_t i = 0; i < p->nfields; i++) {
        sl_buf_add_str(out, p->labels[i]);
        sl_error *err = put_value(set, p->fields[i], &v->items[i], out);
        if (err) {
            return sl_error_wrap(err, "field '%.*s'", SL_STR_ARG(p->schema->fields[i].name));
        }
    }
    sl_buf_add(out, p->nfields ? "}" : "{}", p->nfields ? 1 : 2);
    return NULL;
}

static sl_error *put_array(const json_settings *set, const plan *p, const sl_value *v, sl_buf *out) {
    sl_buf_add_char(out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_char(out, ',');
        }
        SL_TRY(put_value(set, p ? p->fields[0] : NULL, &v->items[i], out));
    }
    sl_buf_add_char(out, ']');
    return NULL;
}

static bool all_strings(const sl_value *map) {
    for (uint32_t i = 0; i < map->n; i++) {
        if (map->items[2 * i].type != SL_STRING) {
            return false;
        }
    }
    return true;
}

static sl_error *put_map(const json_settings *set, const plan *p, const sl_value *v, sl_buf *out) {
    bool object = p ? p->string_keys : all_strings(v);
    sl_buf_add_char(out, object ? '{' : '[');
    for (uint32_t i = 0; i < v->n; i++) {
        const sl_value *key = &v->items[2 * i];
        if (i) {
            sl_buf_add_char(out, ',');
        }
        if (object) {
            sl_buf_add_json_str(out, key->type == SL_STRING ? sl_value_str(key) : SL_STR("null"));
            sl_buf_add_char(out, ':');
        } else {
            sl_buf_add_char(out, '[');
            SL_TRY(put_value(set, p ? p->fields[1] : NULL, key, out));
            sl_buf_add_char(out, ',');
        }
        SL_TRY(put_value(set, p ? p->fields[0] : NULL, key + 1, out));
        if (!object) {
            sl_buf_add_char(out, ']');
        }
    }
    sl_buf_add_char(out, object ? '}' : ']');
    return NULL;
}

static sl_error *put_null(const json_settings *set, const plan *p, sl_buf *out) {
    if (p && p->null_default) {
        return put_value(set, p, p->schema->default_value, out);
    }
    if (p && !p->schema->optional) {
        return bad("null for a required value without a default", p->schema);
    }
    sl_buf_add(out, "null", 4);
    return NULL;
}

static sl_error *put_value(const json_settings *set, const plan *p, const sl_value *v, sl_buf *out) {
    if (v->type == SL_NULL) {
        return put_null(set, p, out);
    }
    if (p && v->type != p->type) {
        return sl_error_new(SL_E_DATA, SL_USER, "a %s where the schema says %s",
                            sl_type_name((sl_type)v->type), sl_type_name(p->type));
    }
    switch ((sl_type)v->type) {
    case SL_INT8:
    case SL_INT16:
    case SL_INT32:
    case SL_INT64:
        sl_buf_add_i64(out, v->i);
        return NULL;
    case SL_FLOAT32:
    case SL_FLOAT64:
        put_double(out, v->f, v->type == SL_FLOAT32);
        return NULL;
    case SL_BOOL:
        sl_buf_add(out, v->b ? "true" : "false", v->b ? 4 : 5);
        return NULL;
    case SL_STRING:
        sl_buf_add_json_str(out, sl_value_str(v));
        return NULL;
    case SL_BYTES:
        return put_bytes(set, p, v, out);
    case SL_ARRAY:
        return put_array(set, p, v, out);
    case SL_MAP:
        return put_map(set, p, v, out);
    case SL_STRUCT:
        return p ? put_struct(set, p, v, out) : bad("a struct without a schema", NULL);
    case SL_NULL:
    case SL_TYPE_COUNT:
        break;
    }
    return bad("a value of no known type", p ? p->schema : NULL);
}

sl_error *json_write(json_writer *w, const sl_schema *schema, const sl_value *value, sl_buf *out,
                     bool *is_null) {
    const json_settings *set = w->settings;
    *is_null = !schema && value->type == SL_NULL;
    if (*is_null) {
        return NULL;
    }
    entry *e = NULL;
    if (schema) {
        SL_TRY(find_entry(w, schema, &e));
    }
    if (set->schemas_enable) {
        sl_buf_add_str(out, e ? e->envelope : SL_STR("{\"schema\":null,\"payload\":"));
    }
    SL_TRY(put_value(set, e ? e->root : NULL, value, out));
    if (set->schemas_enable) {
        sl_buf_add_char(out, '}');
    }
    return out->failed ? sl_error_nomem() : NULL;
}

sl_error *json_write_plain(const json_settings *settings, const sl_schema *schema, const sl_value *value,
                           sl_buf *out) {
    sl_arena a;
    sl_arena_init(&a, 0);
    plan *p = make_plan(settings, schema, &a);
    sl_error *err = p ? put_value(settings, p, value, out) : sl_error_nomem();
    sl_arena_deinit(&a);
    return err;
}

/* ---- schemas ---- */

static const char *const TYPE_NAMES[SL_TYPE_COUNT] = {
    [SL_INT8] = "int8",     [SL_INT16] = "int16",    [SL_INT32] = "int32",  [SL_INT64] = "int64",
    [SL_FLOAT32] = "float", [SL_FLOAT64] = "double", [SL_BOOL] = "boolean", [SL_STRING] = "string",
    [SL_BYTES] = "bytes",   [SL_ARRAY] = "array",    [SL_MAP] = "map",      [SL_STRUCT] = "struct",
};

static sl_error *schema_children(const json_settings *set, const sl_schema *s, sl_buf *out) {
    switch (s->type) {
    case SL_ARRAY:
        sl_buf_add_z(out, ",\"items\":");
        return json_write_schema(set, s->element, SL_STR_NONE, out);
    case SL_MAP:
        sl_buf_add_z(out, ",\"keys\":");
        SL_TRY(json_write_schema(set, s->key, SL_STR_NONE, out));
        sl_buf_add_z(out, ",\"values\":");
        return json_write_schema(set, s->element, SL_STR_NONE, out);
    case SL_STRUCT:
        sl_buf_add_z(out, ",\"fields\":[");
        for (uint32_t i = 0; i < s->nfields; i++) {
            if (i) {
                sl_buf_add_char(out, ',');
            }
            SL_TRY(json_write_schema(set, s->fields[i].schema, s->fields[i].name, out));
        }
        sl_buf_add_char(out, ']');
        return NULL;
    default:
        return NULL;
    }
}

static void add_text(sl_buf *out, const char *label, sl_str text) {
    if (text.p) {
        sl_buf_add_z(out, label);
        sl_buf_add_json_str(out, text);
    }
}

static void schema_params(const sl_schema *s, sl_buf *out) {
    if (!s->nparams) {
        return;
    }
    sl_buf_add_z(out, ",\"parameters\":{");
    for (uint32_t i = 0; i < s->nparams; i++) {
        if (i) {
            sl_buf_add_char(out, ',');
        }
        sl_buf_add_json_str(out, s->params[i].name);
        sl_buf_add_char(out, ':');
        sl_buf_add_json_str(out, s->params[i].value);
    }
    sl_buf_add_char(out, '}');
}

sl_error *json_write_schema(const json_settings *set, const sl_schema *s, sl_str field, sl_buf *out) {
    sl_buf_printf(out, "{\"type\":\"%s\"", TYPE_NAMES[s->type]);
    SL_TRY(schema_children(set, s, out));
    sl_buf_add_z(out, s->optional ? ",\"optional\":true" : ",\"optional\":false");
    add_text(out, ",\"name\":", s->name);
    if (s->has_version) {
        sl_buf_printf(out, ",\"version\":%d", s->version);
    }
    add_text(out, ",\"doc\":", s->doc);
    schema_params(s, out);
    if (s->default_value) {
        sl_buf_add_z(out, ",\"default\":");
        SL_TRY(json_write_plain(set, s, s->default_value, out));
    }
    add_text(out, ",\"field\":", field);
    sl_buf_add_char(out, '}');
    return out->failed ? sl_error_nomem() : NULL;
}
