/*
 * json_schema.c - schemas as JSON, the way Kafka Connect's JsonConverter writes and reads them.
 *
 * Beyond Java, what cannot be meant is an error that says what was expected: a version that is no integer,
 * parameters that are no object.
 *
 * Threads: one owner at a time. Memory: scratch in the given arena; results are referenced for the caller.
 */
#include "json.h"

#define MAX_SCHEMA_DEPTH 100

/* ---- writing ---- */

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

/* ---- reading ---- */

typedef struct children {
    const sl_schema *key, *element;
    sl_field *fields;
    uint32_t nfields;
} children;

static sl_error *schema_error(const char *what) {
    return sl_error_new(SL_E_DATA, SL_USER, "bad \"schema\": %s", what);
}

static const sl_value *get(const sl_value *json, const char *name) {
    const sl_value *v = sl_map_get(json, sl_str_of(name));
    return v && v->type != SL_NULL ? v : NULL;
}

static sl_str get_text(const sl_value *json, const char *name) {
    const sl_value *v = get(json, name);
    return v && v->type == SL_STRING ? sl_value_str(v) : SL_STR_NONE;
}

static sl_type type_of(sl_str name) {
    static const struct {
        const char *name;
        sl_type type;
    } types[] = {{"int8", SL_INT8},     {"int16", SL_INT16},    {"int32", SL_INT32},  {"int64", SL_INT64},
                 {"float", SL_FLOAT32}, {"double", SL_FLOAT64}, {"boolean", SL_BOOL}, {"string", SL_STRING},
                 {"bytes", SL_BYTES},   {"array", SL_ARRAY},    {"map", SL_MAP},      {"struct", SL_STRUCT}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (sl_str_eqz(name, types[i].name)) {
            return types[i].type;
        }
    }
    return SL_NULL;
}

static sl_error *read_fields(const sl_host *h, const json_settings *set, const sl_value *json, sl_arena *a,
                             unsigned depth, children *c) {
    const sl_value *fields = get(json, "fields");
    if (!fields || fields->type != SL_ARRAY) {
        return schema_error("a struct needs an array \"fields\"");
    }
    c->fields = sl_arena_zalloc(a, (fields->n + 1) * sizeof(*c->fields));
    if (!c->fields) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < fields->n; i++) {
        sl_str name = get_text(&fields->items[i], "field");
        if (!name.n) {
            return schema_error("a field of a struct needs a text \"field\"");
        }
        for (uint32_t k = 0; k < i; k++) {
            if (sl_str_eq(c->fields[k].name, name)) {
                return sl_error_new(SL_E_DATA, SL_USER, "bad \"schema\": the field '%.*s' is there twice",
                                    SL_STR_ARG(name));
            }
        }
        SL_TRY(json_read_schema(h, set, &fields->items[i], a, depth + 1, &c->fields[i].schema));
        c->fields[i].name = name;
        c->nfields++;
    }
    return NULL;
}

static sl_error *read_child(const sl_host *h, const json_settings *set, const sl_value *json,
                            const char *name, sl_arena *a, unsigned depth, const sl_schema **out) {
    const sl_value *child = get(json, name);
    if (!child) {
        return sl_error_new(SL_E_DATA, SL_USER, "bad \"schema\": \"%s\" is missing", name);
    }
    return json_read_schema(h, set, child, a, depth + 1, out);
}

static sl_error *read_children(const sl_host *h, const json_settings *set, const sl_value *json, sl_type type,
                               sl_arena *a, unsigned depth, children *c) {
    switch (type) {
    case SL_STRUCT:
        return read_fields(h, set, json, a, depth, c);
    case SL_MAP:
        SL_TRY(read_child(h, set, json, "keys", a, depth, &c->key));
        return read_child(h, set, json, "values", a, depth, &c->element);
    case SL_ARRAY:
        return read_child(h, set, json, "items", a, depth, &c->element);
    default:
        return NULL;
    }
}

static void drop_children(const sl_host *h, const children *c) {
    h->schema_unref(c->key);
    h->schema_unref(c->element);
    for (uint32_t i = 0; i < c->nfields; i++) {
        h->schema_unref(c->fields[i].schema);
    }
}

static sl_error *read_params(const sl_value *json, sl_arena *a, sl_schema *def) {
    const sl_value *params = get(json, "parameters");
    if (!params) {
        return NULL;
    }
    if (params->type != SL_MAP) {
        return schema_error("\"parameters\" must be an object");
    }
    sl_schema_param *items = sl_arena_alloc(a, (params->n + 1) * sizeof(*items));
    if (!items) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < params->n; i++) {
        if (params->items[2 * i + 1].type != SL_STRING) {
            return schema_error("the values of \"parameters\" must be text");
        }
        items[i] =
            (sl_schema_param){sl_value_str(&params->items[2 * i]), sl_value_str(&params->items[2 * i + 1])};
    }
    def->params = items;
    def->nparams = params->n;
    return NULL;
}

/* read_default needs the schema itself, so it is made once without the default. */
static sl_error *read_default(const sl_host *h, const json_settings *set, const sl_value *json, sl_arena *a,
                              sl_schema *def, sl_value *value) {
    const sl_value *given = sl_map_get(json, SL_STR("default"));
    if (!given || given->type == SL_NULL) {
        return NULL;
    }
    const sl_schema *bare;
    sl_value copy;
    SL_TRY(h->schema_intern(def, &bare));
    sl_error *err =
        sl_value_copy(a, given, &copy) ? json_to_value(set, bare, &copy, a, value) : sl_error_nomem();
    h->schema_unref(bare);
    def->default_value = value;
    return err ? sl_error_wrap(err, "bad \"schema\": \"default\"") : NULL;
}

static sl_error *intern(const sl_host *h, const json_settings *set, const sl_value *json, sl_type type,
                        const children *c, sl_arena *a, const sl_schema **out) {
    sl_value dflt;
    const sl_value *optional = get(json, "optional");
    const sl_value *version = get(json, "version");
    sl_schema def = {.type = type,
                     .optional = optional && optional->type == SL_BOOL && optional->b,
                     .name = get_text(json, "name"),
                     .doc = get_text(json, "doc"),
                     .key = c->key,
                     .element = c->element,
                     .fields = c->fields,
                     .nfields = c->nfields};
    if (version) {
        if (version->type != SL_INT64 || version->i < INT32_MIN || version->i > INT32_MAX) {
            return schema_error("\"version\" must be an integer");
        }
        def.has_version = true;
        def.version = (int32_t)version->i;
    }
    SL_TRY(read_params(json, a, &def));
    SL_TRY(read_default(h, set, json, a, &def, &dflt));
    return h->schema_intern(&def, out);
}

sl_error *json_read_schema(const sl_host *h, const json_settings *set, const sl_value *json, sl_arena *a,
                           unsigned depth, const sl_schema **out) {
    children c = {0};
    *out = NULL;
    if (depth > MAX_SCHEMA_DEPTH) {
        return schema_error("it is nested too deep");
    }
    if (json->type != SL_MAP) {
        return schema_error("expected an object");
    }
    sl_type type = type_of(get_text(json, "type"));
    if (type == SL_NULL) {
        return schema_error("\"type\" must be one of int8, int16, int32, int64, float, double, boolean, "
                            "string, bytes, array, map, "
                            "struct");
    }
    sl_error *err = read_children(h, set, json, type, a, depth, &c);
    if (!err) {
        err = intern(h, set, json, type, &c, a, out);
    }
    drop_children(h, &c);
    return err;
}
