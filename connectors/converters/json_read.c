/*
 * json_read.c - JSON documents as records' values, with and without Kafka Connect's schema envelope.
 *
 * The "schema" member of an envelope is recognised by its exact bytes: equal bytes were read before, so they
 * are not parsed for every record. What the topic's last record had is compared first; else the text is found
 * by its hash. The cache is bounded, in schemas and in bytes; it holds references.
 */
#include "json.h"

#include "cache.h"
#include "text.h"

#define CACHE_MOST_BYTES (16u << 20) /* of cached texts */
#define TAIL 24 /* texts of schemas differ at their ends more often than at their beginnings */
#define TOPICS                                                                                               \
    4096 /* a power of two; topics that share a place find their schemas by the hash of the text             \
          */

typedef struct known {
    cache_node node;         /* by the text */
    const sl_schema *schema; /* referenced */
    uint32_t topic;          /* the place in topics that may point here; others never do */
    size_t n;
    char text[];
} known;

struct json_reader {
    const sl_host *host;
    const json_settings *settings;
    const sl_schema *fixed; /* that of schema.content, referenced; NULL: each record brings its own */
    cache cache;
    size_t bytes;    /* of texts in the cache */
    known **topics;  /* the schema of a topic's last record; NULL without memory for it */
    sl_value *stack; /* the parser's, kept between records */
    size_t stack_cap;
};

json_reader *json_reader_new(const sl_host *host, const json_settings *settings) {
    json_reader *r = sl_calloc(1, sizeof(*r));
    if (r) {
        r->host = host;
        r->settings = settings;
        cache_init(&r->cache);
    }
    return r;
}

static sl_error *read_fixed(json_reader *r, sl_str text, sl_arena *arena) {
    sl_value json;
    json_parser p = {.start = text.p, .p = text.p, .end = text.p + text.n, .arena = arena, .exact = true};
    SL_TRY(sl_str_is_utf8(text) ? NULL : sl_error_new(SL_E_CONFIG, SL_USER, "it is not valid UTF-8"));
    json_skip_space(&p);
    sl_error *err = json_parse(&p, &json);
    sl_free(p.stack);
    SL_TRY(err);
    return json.type == SL_NULL ? NULL : json_read_schema(r->host, r->settings, &json, arena, 0, &r->fixed);
}

sl_error *json_reader_fix(json_reader *r) {
    sl_str text = r->settings->schema_content;
    sl_arena arena;
    if (!text.n) {
        return NULL;
    }
    sl_arena_init(&arena, 0);
    sl_error *err = read_fixed(r, text, &arena);
    sl_arena_deinit(&arena);
    return err ? sl_error_wrap(err, "schema.content") : NULL;
}

/* ---- values by schema ---- */

static sl_error *expected(const sl_schema *s, const char *what, const sl_value *got) {
    const char *name = got->type == JSON_NUMBER ? "a number" : sl_type_name((sl_type)got->type);
    return sl_error_new(SL_E_DATA, SL_USER, "expected %s for a value of type %s%s%.*s, got %s", what,
                        sl_type_name(s->type), s->name.n ? " and name " : "", SL_STR_ARG(s->name), name);
}

/* whole gives a number's value when it is an integer of 64 bits, also one written as 1.0 or 1e3. */
static bool whole(const sl_value *json, sl_arena *a, int64_t *out) {
    sl_str bytes;
    if (json->type == SL_INT64) {
        *out = json->i;
        return true;
    }
    if (json->type != JSON_NUMBER || !text_to_decimal(a, sl_value_str(json), 0, &bytes) || bytes.n > 8) {
        return false;
    }
    uint64_t v = bytes.p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.n; i++) {
        v = v << 8 | (unsigned char)bytes.p[i];
    }
    *out = (int64_t)v;
    return true;
}

static sl_error *to_int(const sl_schema *s, const sl_value *json, sl_arena *a, sl_value *out) {
    static const int bits[] = {[SL_INT8] = 8, [SL_INT16] = 16, [SL_INT32] = 32, [SL_INT64] = 64};
    int64_t v;
    if (json->type != SL_INT64 && json->type != JSON_NUMBER) {
        return expected(s, "an integer", json);
    }
    int64_t most = INT64_MAX >> (64 - bits[s->type]);
    if (!whole(json, a, &v) || v > most || v < -most - 1) {
        return a->failed ? sl_error_nomem()
                         : sl_error_new(SL_E_DATA, SL_USER, "a number is no integer of type %s",
                                        sl_type_name(s->type));
    }
    *out = sl_int(s->type, v);
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
    bool single = s->type == SL_FLOAT32;
    double d = 0;
    if (json->type == SL_INT64) {
        d = single ? (double)(float)json->i : (double)json->i;
    } else if (json->type == JSON_NUMBER) {
        d = (single ? text_to_float : text_to_double)(sl_value_str(json));
    } else if (json->type != SL_STRING || !special_double(sl_value_str(json), &d)) {
        return expected(s, "a number", json);
    }
    *out = single ? sl_float32(d) : sl_float64(d);
    return NULL;
}

static sl_error *to_decimal(const sl_schema *s, int32_t scale, const sl_value *json, sl_arena *a,
                            sl_value *out) {
    sl_str bytes;
    if (json->type != JSON_NUMBER && json->type != SL_INT64) {
        return expected(s, "base64 text or a number", json);
    }
    sl_str text =
        json->type == JSON_NUMBER ? sl_value_str(json) : sl_arena_printf(a, "%lld", (long long)json->i);
    if (!text.p || !text_to_decimal(a, text, scale, &bytes)) {
        return a->failed ? sl_error_nomem()
                         : sl_error_new(SL_E_DATA, SL_USER,
                                        "a number does not fit into a decimal of scale %d without losing "
                                        "digits",
                                        (int)scale);
    }
    *out = sl_bytes(bytes);
    return NULL;
}

static sl_error *to_bytes(const sl_schema *s, const sl_value *json, sl_arena *a, sl_value *out) {
    sl_str bytes;
    int32_t scale;
    bool decimal = s->logical == SL_LOGICAL_DECIMAL;
    if (decimal && !text_scale(s, &scale)) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "a Decimal's schema needs a whole number as its parameter 'scale'");
    }
    if (json->type != SL_STRING) {
        return decimal ? to_decimal(s, scale, json, a, out) : expected(s, "base64 text", json);
    }
    if (!text_unbase64(a, sl_value_str(json), &bytes) || (decimal && !bytes.n)) {
        return a->failed ? sl_error_nomem() : expected(s, "base64 text", json);
    }
    *out = sl_bytes(decimal ? sl_decimal_minimal(bytes) : bytes);
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
        bool container = s->type == SL_ARRAY || s->type == SL_MAP || s->type == SL_STRUCT;
        *out = *s->default_value; /* its text lives as long as the schema; items may be changed later */
        return !container || sl_value_copy(a, s->default_value, out) ? NULL : sl_error_nomem();
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
        return to_int(s, json, a, out);
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

/* ---- the cache ---- */

/* Where a topic keeps what its last record had. */
static uint32_t place_of(sl_str topic) {
    return (uint32_t)cache_hash(topic) & (TOPICS - 1);
}

static bool begins_with(const json_parser *p, const known *k) {
    size_t tail = k->n < TAIL ? k->n : TAIL;
    return k->n <= (size_t)(p->end - p->p) && memcmp(k->text + k->n - tail, p->p + k->n - tail, tail) == 0 &&
           memcmp(k->text, p->p, k->n - tail) == 0;
}

static void point_topic(json_reader *r, uint32_t place, known *k) {
    if (r->topics) {
        r->topics[k->topic] = r->topics[k->topic] == k ? NULL : r->topics[k->topic];
        r->topics[place] = k;
        k->topic = place;
    }
}

/* look_up gives the known schema whose text stands at p; *hash is that of the text, of *n bytes, when there
   is none. */
static known *look_up(json_reader *r, const json_parser *p, uint32_t place, uint64_t *hash, size_t *n) {
    known *k = r->topics ? r->topics[place] : NULL;
    if (k && begins_with(p, k)) {
        cache_touch(&r->cache, &k->node);
        return k;
    }
    *n = json_object_size(p);
    *hash = cache_hash(sl_str_make(p->p, *n));
    for (cache_node *node = cache_first(&r->cache, *hash); node; node = cache_next(node)) {
        k = (known *)node;
        if (k->n == *n && memcmp(k->text, p->p, *n) == 0) {
            cache_touch(&r->cache, node);
            point_topic(r, place, k);
            return k;
        }
    }
    return NULL;
}

static void free_known(json_reader *r, known *k) {
    r->host->schema_unref(k->schema);
    sl_free(k);
}

static void forget_oldest(json_reader *r) {
    known *k = (known *)cache_oldest(&r->cache);
    cache_remove(&r->cache, &k->node);
    if (r->topics && r->topics[k->topic] == k) {
        r->topics[k->topic] = NULL;
    }
    r->bytes -= k->n;
    free_known(r, k);
}

/* remember keeps a schema and its text, in place of those not used for the longest time. Without memory the
   schema is read again for the next record. */
static void remember(json_reader *r, const sl_schema *s, sl_str text, uint64_t hash, uint32_t place) {
    size_t most = (size_t)r->settings->cache_size;
    known *k = most && text.n <= CACHE_MOST_BYTES ? sl_alloc(sizeof(*k) + text.n) : NULL;
    if (!k) {
        return;
    }
    while (r->cache.n && (r->cache.n >= most || r->bytes + text.n > CACHE_MOST_BYTES)) {
        forget_oldest(r);
    }
    *k = (known){.schema = s, .topic = place, .n = text.n};
    memcpy(k->text, text.p, text.n);
    r->host->schema_ref(s);
    if (!cache_add(&r->cache, &k->node, hash)) {
        free_known(r, k);
        return;
    }
    r->bytes += text.n;
    if (!r->topics) {
        r->topics = sl_calloc(TOPICS, sizeof(*r->topics));
    }
    point_topic(r, place, k);
}

void json_reader_free(json_reader *r) {
    if (!r) {
        return;
    }
    while (r->cache.n) {
        forget_oldest(r);
    }
    cache_deinit(&r->cache);
    r->host->schema_unref(r->fixed);
    sl_free(r->topics);
    sl_free(r->stack);
    sl_free(r);
}

/* ---- envelopes ---- */

typedef struct envelope {
    uint32_t place; /* the topic's, see place_of */
    bool has_schema, has_payload;
    const sl_schema *schema; /* kept by the batch */
    sl_value payload;
} envelope;

static sl_error *read_schema_member(json_reader *r, json_parser *p, sl_batch *batch, envelope *e) {
    uint64_t hash = 0;
    size_t n = 0;
    json_skip_space(p);
    known *k = look_up(r, p, e->place, &hash, &n);
    e->has_schema = true;
    if (k) {
        p->p += k->n;
        e->schema = k->schema;
        sl_batch_keep(batch, e->schema);
        return batch->failed ? sl_error_nomem() : NULL;
    }
    const char *from = p->p;
    sl_value json;
    SL_TRY(json_parse_value(p, &json));
    e->schema = NULL;
    if (json.type == SL_NULL) {
        return NULL;
    }
    SL_TRY(json_read_schema(r->host, r->settings, &json, &batch->arena, 0, &e->schema));
    sl_batch_keep(batch, e->schema);
    if ((size_t)(p->p - from) == n) {
        remember(r, e->schema, sl_str_make(from, n), hash, e->place);
    }
    r->host->schema_unref(e->schema);
    return batch->failed ? sl_error_nomem() : NULL; /* then the batch does not hold the schema */
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
    if (p->p < p->end && *p->p == '}') {
        return not_an_envelope();
    }
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

static sl_error *read_with_schema(json_reader *r, json_parser *p, sl_str topic, sl_batch *batch,
                                  const sl_schema **schema, sl_value *value) {
    envelope e = {.place = place_of(topic), .payload = sl_null()};
    p->exact = true;
    if (r->fixed) {
        sl_batch_keep(batch, r->fixed);
        e.schema = r->fixed;
        SL_TRY(batch->failed ? sl_error_nomem() : json_parse(p, &e.payload));
    } else {
        SL_TRY(read_envelope(r, p, batch, &e));
    }
    *schema = e.schema;
    if (e.schema) {
        return json_to_value(r->settings, e.schema, &e.payload, &batch->arena, value);
    }
    settle_numbers(&e.payload);
    *value = e.payload;
    return NULL;
}

sl_error *json_read(json_reader *r, sl_str topic, sl_str bytes, sl_batch *batch, const sl_schema **schema,
                    sl_value *value) {
    *schema = NULL;
    *value = sl_null();
    if (!bytes.p) {
        return NULL;
    }
    if (!sl_str_is_utf8(bytes)) {
        return sl_error_new(SL_E_DATA, SL_USER, "the JSON is not valid UTF-8");
    }
    bytes = sl_str_starts(bytes, SL_STR("\xef\xbb\xbf")) ? sl_str_skip(bytes, 3) : bytes;
    json_parser p = {.start = bytes.p,
                     .p = bytes.p,
                     .end = bytes.p + bytes.n,
                     .arena = &batch->arena,
                     .stack = r->stack,
                     .cap = r->stack_cap};
    json_skip_space(&p);
    sl_error *err = NULL;
    if (r->settings->schemas_enable) {
        err = read_with_schema(r, &p, topic, batch, schema, value);
    } else if (p.p < p.end) { /* nothing at all is a null, as in Java */
        err = json_parse(&p, value);
    }
    r->stack = p.stack;
    r->stack_cap = p.cap;
    return err;
}
