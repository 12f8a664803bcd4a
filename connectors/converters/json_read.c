/*
 * json_read.c - JSON documents as records' values, with and without Kafka Connect's schema envelope.
 *
 * The "schema" member of an envelope is recognised by its exact bytes: equal bytes were read before, so they
 * are not parsed for every record. The cache is bounded; it holds references.
 */
#include "json.h"

#include "text.h"

#define MAX_SCHEMA_DEPTH 100
#define CACHE_MOST 128 /* cached texts; each is compared before a schema is parsed */
#define TAIL 24        /* texts of schemas differ at their ends more often than at their beginnings */

typedef struct known {
    const sl_schema *schema; /* referenced */
    char *text;              /* owned */
    size_t n;
    uint64_t used;
} known;

struct json_reader {
    const sl_host *host;
    const json_settings *settings;
    known *cache;
    size_t n, cap;
    uint64_t clock;
    sl_value *stack; /* the parser's, kept between records */
    size_t stack_cap;
};

json_reader *json_reader_new(const sl_host *host, const json_settings *settings) {
    json_reader *r = sl_calloc(1, sizeof(*r));
    if (r) {
        r->host = host;
        r->settings = settings;
    }
    return r;
}

void json_reader_free(json_reader *r) {
    if (!r) {
        return;
    }
    for (size_t i = 0; i < r->n; i++) {
        r->host->schema_unref(r->cache[i].schema);
        sl_free(r->cache[i].text);
    }
    sl_free(r->cache);
    sl_free(r->stack);
    sl_free(r);
}

/* ---- values by schema ---- */

static sl_error *expected(const sl_schema *s, const char *what, const sl_value *got) {
    const char *name = got->type == JSON_NUMBER ? "a number" : sl_type_name((sl_type)got->type);
    return sl_error_new(SL_E_DATA, SL_USER, "expected %s for a value of type %s%s%.*s, got %s", what,
                        sl_type_name(s->type), s->name.n ? " and name " : "", SL_STR_ARG(s->name), name);
}

static sl_error *to_int(const sl_schema *s, const sl_value *json, sl_value *out) {
    static const int64_t low[] = {
        [SL_INT8] = INT8_MIN, [SL_INT16] = INT16_MIN, [SL_INT32] = INT32_MIN, [SL_INT64] = INT64_MIN};
    static const int64_t high[] = {
        [SL_INT8] = INT8_MAX, [SL_INT16] = INT16_MAX, [SL_INT32] = INT32_MAX, [SL_INT64] = INT64_MAX};
    if (json->type != SL_INT64) {
        return expected(s, "an integer", json);
    }
    if (json->i < low[s->type] || json->i > high[s->type]) {
        return sl_error_new(SL_E_DATA, SL_USER, "the integer %lld does not fit into %s", (long long)json->i,
                            sl_type_name(s->type));
    }
    *out = sl_int(s->type, json->i);
    return NULL;
}

static bool special_double(sl_str t, double *d) {
    static const struct {
        const char *name;
        double value;
    } words[] = {
        {"NaN", (double)__builtin_nanf("")}, {"Infinity", __builtin_inf()}, {"-Infinity", -__builtin_inf()}};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (sl_str_eqz(t, words[i].name)) {
            *d = words[i].value;
            return true;
        }
    }
    return false;
}

static sl_error *to_float(const sl_schema *s, const sl_value *json, sl_value *out) {
    double d = 0;
    if (json->type == SL_INT64) {
        d = (double)json->i;
    } else if (json->type == JSON_NUMBER) {
        if (!sl_str_to_f64(sl_value_str(json), &d)) {
            d = json->s[0] == '-' ? -__builtin_inf() : __builtin_inf();
        }
    } else if (json->type != SL_STRING || !special_double(sl_value_str(json), &d)) {
        return expected(s, "a number", json);
    }
    *out = s->type == SL_FLOAT32 ? sl_float32((double)(float)d) : sl_float64(d);
    return NULL;
}

static sl_error *to_bytes(const sl_schema *s, const sl_value *json, sl_arena *a, sl_value *out) {
    sl_str bytes;
    if (json->type == SL_STRING) {
        if (!text_unbase64(a, sl_value_str(json), &bytes)) {
            return expected(s, "base64 text", json);
        }
        *out = sl_bytes(bytes);
        return NULL;
    }
    if (s->logical != SL_LOGICAL_DECIMAL || (json->type != JSON_NUMBER && json->type != SL_INT64)) {
        return expected(s, s->logical == SL_LOGICAL_DECIMAL ? "base64 text or a number" : "base64 text",
                        json);
    }
    int64_t scale = 0;
    (void)sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &scale);
    sl_str text =
        json->type == JSON_NUMBER ? sl_value_str(json) : sl_arena_printf(a, "%lld", (long long)json->i);
    if (!text.p || !text_to_decimal(a, text, (int32_t)scale, &bytes)) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "a number does not fit into a decimal of scale %d without losing digits",
                            (int)scale);
    }
    *out = sl_bytes(bytes);
    return NULL;
}

static sl_error *to_array(const json_settings *set, const sl_schema *s, sl_value *json, sl_arena *a,
                          sl_value *out) {
    if (json->type != SL_ARRAY) {
        return expected(s, "an array", json);
    }
    for (uint32_t i = 0; i < json->n; i++) {
        SL_TRY(json_to_value(set, s->element, &json->items[i], a, &json->items[i]));
    }
    *out = *json;
    return NULL;
}

/* to_map: an object when keys are strings, else an array of [key, value]. */
static sl_error *to_map(const json_settings *set, const sl_schema *s, sl_value *json, sl_arena *a,
                        sl_value *out) {
    bool object = s->key->type == SL_STRING;
    if (object != (json->type == SL_MAP) || (!object && json->type != SL_ARRAY)) {
        return expected(s, object ? "an object" : "an array of [key, value]", json);
    }
    sl_value map = object ? *json : sl_value_alloc(a, SL_MAP, json->n);
    if (map.type == SL_NULL) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < json->n; i++) {
        if (!object) {
            sl_value *pair = &json->items[i];
            if (pair->type != SL_ARRAY || pair->n != 2) {
                return expected(s, "an array of [key, value]", pair);
            }
            SL_TRY(json_to_value(set, s->key, &pair->items[0], a, &map.items[2 * i]));
            map.items[2 * i + 1] = pair->items[1];
        }
        SL_TRY(json_to_value(set, s->element, &map.items[2 * i + 1], a, &map.items[2 * i + 1]));
    }
    *out = map;
    return NULL;
}

/* member finds a field's value in an object, at first where it would stand if all fields are there in order.
 */
static sl_value *member(const sl_value *object, uint32_t guess, sl_str name) {
    if (guess < object->n && sl_str_eq(sl_value_str(&object->items[2 * guess]), name)) {
        return &object->items[2 * guess + 1];
    }
    for (uint32_t i = 0; i < object->n; i++) {
        if (sl_str_eq(sl_value_str(&object->items[2 * i]), name)) {
            return &object->items[2 * i + 1];
        }
    }
    return NULL;
}

static sl_error *to_struct(const json_settings *set, const sl_schema *s, sl_value *json, sl_arena *a,
                           sl_value *out) {
    if (json->type != SL_MAP) {
        return expected(s, "an object", json);
    }
    sl_value v = sl_value_alloc(a, SL_STRUCT, s->nfields);
    if (v.type == SL_NULL) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < s->nfields; i++) {
        sl_value none = sl_null();
        sl_value *at = member(json, i, s->fields[i].name);
        sl_error *err = json_to_value(set, s->fields[i].schema, at ? at : &none, a, &v.items[i]);
        if (err) {
            return sl_error_wrap(err, "field '%.*s'", SL_STR_ARG(s->fields[i].name));
        }
    }
    *out = v;
    return NULL;
}

static sl_error *to_null(const json_settings *set, const sl_schema *s, sl_arena *a, sl_value *out) {
    if (s->default_value && set->null_to_default) {
        return sl_value_copy(a, s->default_value, out) ? NULL : sl_error_nomem();
    }
    if (!s->optional) {
        return sl_error_new(SL_E_DATA, SL_USER, "null for a required value of type %s without a default",
                            sl_type_name(s->type));
    }
    *out = sl_null();
    return NULL;
}

sl_error *json_to_value(const json_settings *set, const sl_schema *s, sl_value *json, sl_arena *a,
                        sl_value *out) {
    if (json->type == SL_NULL) {
        return to_null(set, s, a, out);
    }
    switch (s->type) {
    case SL_INT8:
    case SL_INT16:
    case SL_INT32:
    case SL_INT64:
        return to_int(s, json, out);
    case SL_FLOAT32:
    case SL_FLOAT64:
        return to_float(s, json, out);
    case SL_BOOL:
        *out = *json;
        return json->type == SL_BOOL ? NULL : expected(s, "true or false", json);
    case SL_STRING:
        *out = *json;
        return json->type == SL_STRING ? NULL : expected(s, "a string", json);
    case SL_BYTES:
        return to_bytes(s, json, a, out);
    case SL_ARRAY:
        return to_array(set, s, json, a, out);
    case SL_MAP:
        return to_map(set, s, json, a, out);
    case SL_STRUCT:
        return to_struct(set, s, json, a, out);
    case SL_NULL:
    case SL_TYPE_COUNT:
        break;
    }
    return expected(s, "a known type", json);
}

/* ---- schemas ---- */

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
        if (!name.p) {
            return schema_error("a field of a struct needs a text \"field\"");
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

/* ---- the cache ---- */

/* look_up compares the known texts with what stands at p, the one used last first. */
static known *look_up(json_reader *r, const json_parser *p) {
    size_t left = (size_t)(p->end - p->p);
    for (size_t i = 0; i < r->n; i++) {
        known *k = &r->cache[i];
        size_t tail = k->n < TAIL ? k->n : TAIL;
        if (k->n <= left && memcmp(k->text + k->n - tail, p->p + k->n - tail, tail) == 0 &&
            memcmp(k->text, p->p, k->n - tail) == 0) {
            k->used = ++r->clock;
            if (i) {
                known first = r->cache[0];
                r->cache[0] = *k;
                *k = first;
            }
            return &r->cache[0];
        }
    }
    return NULL;
}

static void forget_oldest(json_reader *r) {
    size_t at = 0;
    for (size_t i = 1; i < r->n; i++) {
        at = r->cache[i].used < r->cache[at].used ? i : at;
    }
    r->host->schema_unref(r->cache[at].schema);
    sl_free(r->cache[at].text);
    r->cache[at] = r->cache[--r->n];
}

/* remember keeps a schema and its text, in place of the one not used for the longest time. */
static sl_error *remember(json_reader *r, const sl_schema *s, sl_str text) {
    size_t most = r->settings->cache_size < CACHE_MOST ? (size_t)r->settings->cache_size : CACHE_MOST;
    char *copy = most ? sl_strdup(text) : NULL;
    if (!copy) {
        return NULL; /* the schema then is read again for the next record */
    }
    while (r->n >= most) {
        forget_oldest(r);
    }
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 8;
        known *more = sl_realloc(r->cache, cap * sizeof(*more));
        if (!more) {
            sl_free(copy);
            return NULL;
        }
        r->cache = more;
        r->cap = cap;
    }
    r->host->schema_ref(s);
    r->cache[r->n++] = (known){s, copy, text.n, ++r->clock};
    return NULL;
}

/* ---- envelopes ---- */

typedef struct envelope {
    bool has_schema, has_payload;
    const sl_schema *schema; /* kept by the batch */
    sl_value payload;
} envelope;

static sl_error *read_schema_member(json_reader *r, json_parser *p, sl_batch *batch, envelope *e) {
    json_skip_space(p);
    known *k = look_up(r, p);
    e->has_schema = true;
    if (k) {
        p->p += k->n;
        e->schema = k->schema;
        sl_batch_keep(batch, e->schema);
        return NULL;
    }
    const char *from = p->p;
    sl_value json;
    SL_TRY(json_parse_value(p, &json));
    if (json.type == SL_NULL) {
        return NULL;
    }
    SL_TRY(json_read_schema(r->host, r->settings, &json, &batch->arena, 0, &e->schema));
    sl_batch_keep(batch, e->schema);
    sl_error *err = remember(r, e->schema, sl_str_make(from, (size_t)(p->p - from)));
    r->host->schema_unref(e->schema);
    return err;
}

static sl_error *not_an_envelope(void) {
    return sl_error_new(
        SL_E_DATA, SL_USER,
        "with schemas.enable=true a record must be an object of exactly \"schema\" and \"payload\"; set "
        "schemas.enable=false for this converter to read plain JSON");
}

static sl_error *read_member(json_reader *r, json_parser *p, sl_batch *batch, envelope *e) {
    sl_str name;
    json_skip_space(p);
    SL_TRY(json_parse_string(p, &name));
    json_skip_space(p);
    if (p->p >= p->end || *p->p != ':') {
        return json_expected(p, "':'");
    }
    p->p++;
    if (sl_str_eqz(name, "schema")) {
        return read_schema_member(r, p, batch, e);
    }
    if (!sl_str_eqz(name, "payload")) {
        return not_an_envelope();
    }
    e->has_payload = true;
    return json_parse_value(p, &e->payload);
}

static sl_error *read_envelope(json_reader *r, json_parser *p, sl_batch *batch, envelope *e) {
    json_skip_space(p);
    if (p->p >= p->end || *p->p != '{') {
        return not_an_envelope();
    }
    do {
        p->p++;
        SL_TRY(read_member(r, p, batch, e));
        json_skip_space(p);
    } while (p->p < p->end && *p->p == ',');
    if (p->p >= p->end || *p->p != '}') {
        return json_expected(p, "',' or '}'");
    }
    p->p++;
    json_skip_space(p);
    if (p->p < p->end) {
        return json_expected(p, "the end");
    }
    return e->has_schema && e->has_payload ? NULL : not_an_envelope();
}

/* settle_numbers makes plain numbers of those that no schema speaks for. */
static void settle_numbers(sl_value *v) {
    size_t n = v->type == SL_MAP ? (size_t)v->n * 2 : v->type == SL_ARRAY ? v->n : 0;
    for (size_t i = 0; i < n; i++) {
        settle_numbers(&v->items[i]);
    }
    if (v->type == JSON_NUMBER) {
        json_parser p = {.start = v->s, .p = v->s, .end = v->s + v->n};
        sl_error_free(json_parse_value(&p, v)); /* it was a number before: no error */
    }
}

static sl_error *read_with_schema(json_reader *r, json_parser *p, sl_batch *batch, const sl_schema **schema,
                                  sl_value *value) {
    envelope e = {.payload = sl_null()};
    p->exact = true;
    SL_TRY(read_envelope(r, p, batch, &e));
    *schema = e.schema;
    if (e.schema) {
        return json_to_value(r->settings, e.schema, &e.payload, &batch->arena, value);
    }
    settle_numbers(&e.payload);
    *value = e.payload;
    return NULL;
}

sl_error *json_read(json_reader *r, sl_str bytes, sl_batch *batch, const sl_schema **schema,
                    sl_value *value) {
    *schema = NULL;
    *value = sl_null();
    if (!bytes.p) {
        return NULL;
    }
    if (!sl_str_is_utf8(bytes)) {
        return sl_error_new(SL_E_DATA, SL_USER, "the JSON is not valid UTF-8");
    }
    json_parser p = {.start = bytes.p,
                     .p = bytes.p,
                     .end = bytes.p + bytes.n,
                     .arena = &batch->arena,
                     .stack = r->stack,
                     .cap = r->stack_cap};
    sl_error *err =
        r->settings->schemas_enable ? read_with_schema(r, &p, batch, schema, value) : json_parse(&p, value);
    r->stack = p.stack;
    r->stack_cap = p.cap;
    return err;
}
