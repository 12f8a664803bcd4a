/*
 * json_write.c - values as JSON, the way Kafka Connect's JsonConverter writes them.
 *
 * A schema is compiled once into a plan: the text before each field, what a null becomes. Per record only
 * bytes are appended. Plans are cached by schema pointer, with a reference held, so the pointer cannot come
 * to mean another schema.
 *
 * Not for: the text of schemas (json_schema.c).
 */
#include "json.h"

#include <math.h>

#include "cache.h"
#include "text.h"

#define MAX_DEPTH 1000 /* as Jackson's limit */
#define CHUNK 16       /* labels are copied in pieces of so many bytes, and padded to them */
#define SCALAR_ROOM 24 /* an integer or a word behind its label */

#define MEMO_FIELDS 32  /* structs of at most so many scalars are remembered */
#define MEMO_BYTES 2048 /* if their text and their strings are not longer */

typedef struct plan plan;

/* The struct that was written last, to be written again by copying: change events of a snapshot share their
 * source block. Its values are compared, not only where they are: another batch may have others there. */
typedef struct memo {
    sl_arena *arena;       /* the plan's */
    const sl_value *items; /* where it was; only to compare */
    bool kept;             /* what follows is of it; else it was only seen */
    sl_value *copy;        /* its strings are in bytes, behind the text */
    char *bytes;           /* MEMO_BYTES; with copy, made when first needed */
    size_t text_n;
} memo;

struct plan {
    const sl_schema *schema;
    sl_type type;
    int32_t scale; /* with numeric */
    bool numeric;  /* Decimal as a number */
    bool decimal;
    bool scaled;      /* its schema says the scale */
    bool string_keys; /* MAP: an object */
    sl_str null_text; /* what a null becomes; absent = an error */
    sl_str *labels;   /* STRUCT: {"first": and ,"next": padded to a multiple of CHUNK */
    memo *memo;       /* STRUCT of scalars within another; NULL = none */
    plan **fields;    /* STRUCT: by index; ARRAY, MAP: [0] the element, [1] the key */
    uint32_t nfields;
};

/* The plan of a whole record's schema. */
typedef struct entry {
    cache_node node;
    const sl_schema *schema; /* referenced */
    sl_arena arena;
    plan *root;
    sl_str envelope; /* {"schema":...,"payload": */
} entry;

struct json_writer {
    const sl_host *host;
    const json_settings *settings;
    cache entries; /* by the schema's id */
    entry *last;   /* the one used last */
};

/* What is written, and where. */
typedef struct writing {
    const json_settings *set;
    sl_buf *out;
    unsigned depth;
} writing;

static sl_error *put_value(writing *w, const plan *p, const sl_value *v);

static sl_error *bad(const char *what, const sl_schema *s) {
    return sl_error_new(SL_E_DATA, SL_USER, "%s%s%.*s", what, s && s->name.n ? " of schema " : "",
                        SL_STR_ARG(s ? s->name : SL_STR_NONE));
}

/* ---- plans ---- */

static sl_error *make_plan(const json_settings *set, const sl_schema *s, sl_arena *a, plan **out);

/* make_label gives the text before a field's value. */
static bool make_label(sl_arena *a, bool first, sl_str name, sl_str *label) {
    sl_buf b;
    sl_buf_init(&b, a);
    sl_buf_add_char(&b, first ? '{' : ',');
    sl_buf_add_json_str(&b, name);
    sl_buf_add_char(&b, ':');
    size_t n = b.n;
    sl_buf_add(&b, "                ", CHUNK - n % CHUNK);
    *label = sl_buf_take(&b);
    label->n = n;
    return label->p != NULL;
}

/* make_memo: structs of scalars, when they are part of another. */
static sl_error *make_memo(plan *p, sl_arena *a) {
    bool scalars = p->type == SL_STRUCT && p->nfields > 1 && p->nfields <= MEMO_FIELDS;
    for (uint32_t i = 0; scalars && i < p->nfields; i++) {
        scalars = p->fields[i]->type < SL_ARRAY;
    }
    if (!scalars) {
        return NULL;
    }
    p->memo = sl_arena_zalloc(a, sizeof *p->memo);
    if (!p->memo) {
        return sl_error_nomem();
    }
    p->memo->arena = a;
    return NULL;
}

static sl_error *plan_struct(const json_settings *set, plan *p, sl_arena *a) {
    const sl_schema *s = p->schema;
    p->nfields = s->nfields;
    p->labels = sl_arena_zalloc(a, (s->nfields + 1) * sizeof(*p->labels));
    p->fields = sl_arena_zalloc(a, (s->nfields + 1) * sizeof(plan *));
    if (!p->labels || !p->fields) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < s->nfields; i++) {
        if (!make_label(a, i == 0, s->fields[i].name, &p->labels[i])) {
            return sl_error_nomem();
        }
        SL_TRY(make_plan(set, s->fields[i].schema, a, &p->fields[i]));
        SL_TRY(make_memo(p->fields[i], a));
    }
    return NULL;
}

static sl_error *plan_children(const json_settings *set, plan *p, sl_arena *a) {
    const sl_schema *s = p->schema;
    if (p->type == SL_STRUCT) {
        return plan_struct(set, p, a);
    }
    if (p->type != SL_ARRAY && p->type != SL_MAP) {
        return NULL;
    }
    p->fields = sl_arena_zalloc(a, 2 * sizeof(plan *));
    if (!p->fields) {
        return sl_error_nomem();
    }
    SL_TRY(make_plan(set, s->element, a, &p->fields[0]));
    if (p->type == SL_MAP) {
        p->string_keys = s->key->type == SL_STRING;
        return make_plan(set, s->key, a, &p->fields[1]);
    }
    return NULL;
}

/* plan_null: the default value's text, null, or nothing. */
static sl_error *plan_null(const json_settings *set, plan *p, sl_arena *a) {
    if (!p->schema->default_value || !set->null_to_default) {
        p->null_text = p->schema->optional ? SL_STR("null") : SL_STR_NONE;
        return NULL;
    }
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_error *err = put_value(&(writing){set, &b, 0}, p, p->schema->default_value);
    if (!err && !b.failed) {
        p->null_text = sl_arena_str(a, sl_buf_view(&b));
    }
    sl_buf_deinit(&b);
    return err ? err : p->null_text.p ? NULL : sl_error_nomem();
}

static sl_error *make_plan(const json_settings *set, const sl_schema *s, sl_arena *a, plan **out) {
    plan *p = sl_arena_zalloc(a, sizeof(*p));
    if (!p) {
        return sl_error_nomem();
    }
    *out = p;
    p->schema = s;
    p->type = s->type;
    p->decimal = s->logical == SL_LOGICAL_DECIMAL;
    p->numeric = p->decimal && set->decimal_format == JSON_DECIMAL_NUMERIC;
    p->scaled = text_scale(s, &p->scale);
    SL_TRY(plan_children(set, p, a));
    return plan_null(set, p, a);
}

/* ---- the cache of plans ---- */

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
    sl_error *err = make_plan(w->settings, s, &e->arena, &e->root);
    if (!err && w->settings->schemas_enable) {
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

static sl_error *add_entry(json_writer *w, const sl_schema *s, entry **out) {
    SL_TRY(make_entry(w, s, out));
    size_t most = w->settings->cache_size > 0 ? (size_t)w->settings->cache_size : 1;
    while (w->entries.n >= most) {
        cache_node *oldest = cache_oldest(&w->entries);
        cache_remove(&w->entries, oldest);
        free_entry(w, (entry *)oldest);
    }
    if (!cache_add(&w->entries, &(*out)->node, s->id)) {
        free_entry(w, *out);
        w->last = NULL;
        return sl_error_nomem();
    }
    return NULL;
}

static sl_error *find_entry(json_writer *w, const sl_schema *s, entry **out) {
    if (w->last && w->last->schema == s) {
        *out = w->last;
        return NULL;
    }
    cache_node *node = cache_first(&w->entries, s->id);
    while (node && ((entry *)node)->schema != s) {
        node = cache_next(node);
    }
    if (node) {
        cache_touch(&w->entries, node);
        *out = (entry *)node;
    } else {
        SL_TRY(add_entry(w, s, out));
    }
    w->last = *out;
    return NULL;
}

json_writer *json_writer_new(const sl_host *host, const json_settings *settings) {
    json_writer *w = sl_calloc(1, sizeof(*w));
    if (w) {
        w->host = host;
        w->settings = settings;
        cache_init(&w->entries);
    }
    return w;
}

void json_writer_free(json_writer *w) {
    if (!w) {
        return;
    }
    for (cache_node *node; (node = cache_oldest(&w->entries)) != NULL;) {
        cache_remove(&w->entries, node);
        free_entry(w, (entry *)node);
    }
    cache_deinit(&w->entries);
    sl_free(w);
}

/* ---- values ---- */

static sl_error *put_double(writing *w, double v, bool single) {
    bool quote = !isfinite(v);
    if (quote) {
        sl_buf_add_char(w->out, '"');
    }
    (single ? sl_buf_add_float : sl_buf_add_double)(w->out, v);
    if (quote) {
        sl_buf_add_char(w->out, '"');
    }
    return NULL;
}

static sl_error *put_bytes(writing *w, const plan *p, const sl_value *v) {
    sl_str bytes = sl_value_str(v);
    if (p && p->decimal && !p->scaled) {
        return bad("expected a whole number as the parameter 'scale'", p->schema);
    }
    if (p && p->numeric) {
        return sl_buf_add_decimal(w->out, bytes, p->scale) ? NULL : sl_error_nomem();
    }
    if (p && p->decimal) {
        bytes = bytes.n ? sl_decimal_minimal(bytes) : sl_str_make("", 1); /* nothing is the number 0 */
    }
    sl_buf_add_char(w->out, '"');
    sl_buf_add_base64(w->out, bytes);
    sl_buf_add_char(w->out, '"');
    return NULL;
}

/* put_label copies a label and makes room for a scalar behind it. */
static void put_label(sl_buf *out, sl_str label) {
    char *to = sl_buf_room(out, label.n + CHUNK + SCALAR_ROOM);
    if (!to) {
        return;
    }
    for (size_t i = 0; i < label.n; i += CHUNK) {
        memcpy(to + i, label.p + i, CHUNK);
    }
    out->n += label.n;
}

/* ---- structs ---- */

static bool same_scalar(const sl_value *a, const sl_value *b) {
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
        return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
    default:
        return a->i == b->i; /* of a float the bits count */
    }
}

static bool remembered(const memo *m, const sl_value *v) {
    if (!m->kept || m->items != v->items) {
        return false;
    }
    for (uint32_t i = 0; i < v->n; i++) {
        if (!same_scalar(&m->copy[i], &v->items[i])) {
            return false;
        }
    }
    return true;
}

static bool memo_room(memo *m, const sl_value *v) {
    if (!m->copy) {
        m->copy = sl_arena_alloc(m->arena, v->n * sizeof *m->copy);
        m->bytes = m->copy ? sl_arena_bytes(m->arena, MEMO_BYTES) : NULL;
    }
    return m->bytes;
}

static bool keep_bytes(memo *m, size_t *used, const char *p, size_t n) {
    if (n > MEMO_BYTES - *used) {
        return false;
    }
    memcpy(m->bytes + *used, p, n);
    *used += n;
    return true;
}

/* keep copies a struct and its text. */
static bool keep(memo *m, const sl_value *v, sl_str text) {
    size_t used = 0;
    if (!memo_room(m, v) || !keep_bytes(m, &used, text.p, text.n)) {
        return false;
    }
    m->text_n = text.n;
    for (uint32_t i = 0; i < v->n; i++) {
        m->copy[i] = v->items[i];
        if (v->items[i].type == SL_STRING || v->items[i].type == SL_BYTES) {
            m->copy[i].s = m->bytes + used;
            if (!keep_bytes(m, &used, v->items[i].s, v->items[i].n)) {
                return false;
            }
        }
    }
    return true;
}

/* remember: only what comes twice is worth keeping. */
static void remember(memo *m, const sl_value *v, sl_str text) {
    m->kept = m->items == v->items && keep(m, v, text);
    m->items = v->items;
}

static sl_error *put_fields(writing *w, const plan *p, const sl_value *v);

/* put_memo is put_fields for a struct that may come again and again. */
static sl_error *put_memo(writing *w, const plan *p, const sl_value *v) {
    size_t from = w->out->n;
    if (remembered(p->memo, v)) {
        sl_buf_add(w->out, p->memo->bytes, p->memo->text_n);
        return NULL;
    }
    SL_TRY(put_fields(w, p, v));
    if (!w->out->failed) {
        remember(p->memo, v, sl_str_make(w->out->p + from, w->out->n - from));
    }
    return NULL;
}

static sl_error *put_struct(writing *w, const plan *p, const sl_value *v) {
    if (v->n != p->nfields) {
        return bad("a struct has another number of fields than its schema", p->schema);
    }
    return p->memo ? put_memo(w, p, v) : put_fields(w, p, v);
}

static sl_error *put_fields(writing *w, const plan *p, const sl_value *v) {
    for (uint32_t i = 0; i < p->nfields; i++) {
        put_label(w->out, p->labels[i]);
        sl_error *err = put_value(w, p->fields[i], &v->items[i]);
        if (err) {
            return sl_error_wrap(err, "field '%.*s'", SL_STR_ARG(p->schema->fields[i].name));
        }
    }
    sl_buf_add(w->out, p->nfields ? "}" : "{}", p->nfields ? 1 : 2);
    return NULL;
}

static sl_error *put_array(writing *w, const plan *p, const sl_value *v) {
    sl_buf_add_char(w->out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_char(w->out, ',');
        }
        SL_TRY(put_value(w, p ? p->fields[0] : NULL, &v->items[i]));
    }
    sl_buf_add_char(w->out, ']');
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

/* put_name writes a key as the name of a member. */
static sl_error *put_name(writing *w, const plan *key, const sl_value *v) {
    if (v->type == SL_STRING || (v->type == SL_NULL && key && !sl_str_eqz(key->null_text, "null"))) {
        return put_value(w, key, v); /* a string, its default, or an error */
    }
    if (v->type != SL_NULL) {
        return sl_error_new(SL_E_DATA, SL_USER, "a key of type %s where the schema says STRING",
                            sl_type_name((sl_type)v->type));
    }
    sl_buf_add(w->out, "\"null\"", 6);
    return NULL;
}

static sl_error *put_pair(writing *w, const plan *p, const sl_value *pair, bool object) {
    const plan *key = p ? p->fields[1] : NULL;
    if (object) {
        SL_TRY(put_name(w, key, pair));
    } else {
        sl_buf_add_char(w->out, '[');
        SL_TRY(put_value(w, key, pair));
    }
    sl_buf_add_char(w->out, object ? ':' : ',');
    SL_TRY(put_value(w, p ? p->fields[0] : NULL, pair + 1));
    if (!object) {
        sl_buf_add_char(w->out, ']');
    }
    return NULL;
}

static sl_error *put_map(writing *w, const plan *p, const sl_value *v) {
    bool object = p ? p->string_keys : all_strings(v);
    sl_buf_add_char(w->out, object ? '{' : '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_char(w->out, ',');
        }
        SL_TRY(put_pair(w, p, &v->items[2 * (size_t)i], object));
    }
    sl_buf_add_char(w->out, object ? '}' : ']');
    return NULL;
}

static sl_error *put_container(writing *w, const plan *p, const sl_value *v) {
    sl_error *err;
    if (++w->depth > MAX_DEPTH) {
        return sl_error_new(SL_E_DATA, SL_USER, "a value is nested more than %d deep", MAX_DEPTH);
    }
    if (v->type == SL_STRUCT) {
        err = p ? put_struct(w, p, v) : bad("a struct without a schema", NULL);
    } else {
        err = v->type == SL_MAP ? put_map(w, p, v) : put_array(w, p, v);
    }
    w->depth--;
    return err;
}

/* put_odd: a null, or a value that is not what its schema says. */
static sl_error *put_odd(writing *w, const plan *p, const sl_value *v) {
    if (v->type != SL_NULL) {
        return sl_error_new(SL_E_DATA, SL_USER, "a %s where the schema says %s",
                            sl_type_name((sl_type)v->type), sl_type_name(p->type));
    }
    if (p && !p->null_text.p) {
        return bad("null for a required value without a default", p->schema);
    }
    sl_buf_add_str(w->out, p ? p->null_text : SL_STR("null"));
    return NULL;
}

static sl_error *put_value(writing *w, const plan *p, const sl_value *v) {
    if (v->type == SL_NULL || (p && v->type != p->type)) {
        return put_odd(w, p, v);
    }
    switch ((sl_type)v->type) {
    case SL_INT8:
    case SL_INT16:
    case SL_INT32:
    case SL_INT64:
        sl_buf_add_i64(w->out, v->i);
        return NULL;
    case SL_FLOAT32:
    case SL_FLOAT64:
        return put_double(w, v->f, v->type == SL_FLOAT32);
    case SL_BOOL:
        sl_buf_add(w->out, v->b ? "true" : "false", v->b ? 4 : 5);
        return NULL;
    case SL_STRING:
        sl_buf_add_json_str(w->out, sl_value_str(v));
        return NULL;
    case SL_BYTES:
        return put_bytes(w, p, v);
    case SL_ARRAY:
    case SL_MAP:
    case SL_STRUCT:
        return put_container(w, p, v);
    case SL_NULL:
    case SL_TYPE_COUNT:
        break;
    }
    return bad("a value of no known type", NULL);
}

sl_error *json_write(json_writer *w, const sl_schema *schema, const sl_value *value, sl_buf *out,
                     bool *is_null) {
    const json_settings *set = w->settings;
    entry *e = NULL;
    *is_null = !schema && value->type == SL_NULL;
    if (*is_null) {
        return NULL;
    }
    if (schema) {
        SL_TRY(find_entry(w, schema, &e));
    }
    if (set->schemas_enable) {
        sl_buf_add_str(out, e ? e->envelope : SL_STR("{\"schema\":null,\"payload\":"));
    }
    SL_TRY(put_value(&(writing){set, out, set->schemas_enable}, e ? e->root : NULL, value));
    if (set->schemas_enable) {
        sl_buf_add_char(out, '}');
    }
    return out->failed ? sl_error_nomem() : NULL;
}

sl_error *json_write_plain(const json_settings *settings, const sl_schema *schema, const sl_value *value,
                           sl_buf *out) {
    sl_arena a;
    plan *p = NULL;
    sl_arena_init(&a, 0);
    sl_error *err = make_plan(settings, schema, &a, &p);
    if (!err) {
        err = put_value(&(writing){settings, out, 0}, p, value);
    }
    sl_arena_deinit(&a);
    return err;
}
