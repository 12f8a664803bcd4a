/*
 * flatten.c - Flatten: nested structs or maps become one, their fields' names joined by a delimiter.
 *
 * Arrays stay as they are; a map within a struct is a bad record, as in Kafka Connect. A field is optional
 * when it or one of the structs around it is; its default is its own, else the one that a default of a struct
 * around it has. Null values pass. Memory: see transform.h.
 */
#include "draft.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "flattening"
#define MAX_DEPTH 100u

typedef struct settings {
    sl_str delimiter;
} settings;

typedef struct flattener {
    const settings *set;
    const sl_host *host;
    tf_side side;
    schema_cache plans; /* of flat_plan */
} flattener;

/* One field of the new struct: where it is in the old one. */
typedef struct leaf {
    const sl_schema *schema; /* its old one, borrowed */
    uint32_t depth;          /* of indexes */
    const uint32_t *path;    /* in the plan's arena */
} leaf;

typedef struct flat_plan {
    const sl_schema *out; /* holds a reference */
    sl_arena arena;
    leaf *leaves;
    uint32_t n;
    size_t cap;
} flat_plan;

static const sl_config_row rows[] = {
    {.name = "delimiter",
     .type = SL_CONFIG_STRING,
     .default_value = ".",
     .importance = SL_MEDIUM,
     .doc = "What stands between the names that are joined.",
     .field = SL_FIELD(settings, delimiter)},
};

static void free_plan(const sl_host *host, void *plan) {
    flat_plan *p = plan;
    if (p) {
        host->schema_unref(p->out);
        sl_arena_deinit(&p->arena);
        sl_free(p);
    }
}

static sl_error *flatten_open(const sl_context *ctx, void **state) {
    flattener *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->host = ctx->host;
    t->side = (tf_side)ctx->variant;
    schema_cache_init(&t->plans, ctx->host, free_plan);
    *state = t;
    return NULL;
}

static void flatten_close(void *state) {
    flattener *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t);
}

static sl_str join(const flattener *t, sl_str prefix, sl_str name, sl_arena *arena) {
    return prefix.n ? sl_arena_printf(arena, "%.*s%.*s%.*s", SL_STR_ARG(prefix),
                                      SL_STR_ARG(t->set->delimiter), SL_STR_ARG(name))
                    : name;
}

/* ---- schemas ---- */

/* A struct on the way down. */
typedef struct walk {
    const flattener *t;
    flat_plan *plan;
    tf_draft *draft;
    uint32_t path[MAX_DEPTH];
} walk;

static bool add_leaf(flat_plan *p, const sl_schema *schema, const uint32_t *path, uint32_t depth) {
    leaf *leaves = sl_arena_grow(&p->arena, p->leaves, p->n, &p->cap, sizeof *leaves);
    if (!leaves) {
        return false;
    }
    p->leaves = leaves;
    uint32_t *copy = sl_arena_alloc(&p->arena, depth * sizeof *copy);
    if (!copy) {
        return false;
    }
    memcpy(copy, path, depth * sizeof *copy);
    p->leaves[p->n++] = (leaf){schema, depth, copy};
    return true;
}

/* add_field makes the schema of a leaf. */
static sl_error *add_field(walk *w, sl_str name, const sl_schema *schema, uint32_t depth, bool optional,
                           const sl_value *def) {
    const sl_schema *made = NULL;
    sl_schema s = tf_copy_basics(schema);
    s.optional = optional;
    s.default_value = def && !sl_is_null(def) ? def : NULL;
    SL_TRY(w->t->host->schema_intern(&s, &made));
    tf_draft_add_owned(w->draft, name, made);
    return add_leaf(w->plan, schema, w->path, depth) ? NULL : sl_error_nomem();
}

static sl_error *walk_struct(walk *w, const sl_schema *schema, sl_str prefix, uint32_t depth, bool optional,
                             const sl_value *def) {
    if (depth >= MAX_DEPTH) {
        return tf_bad("structs are nested more than %u deep", MAX_DEPTH);
    }
    for (uint32_t i = 0; i < schema->nfields; i++) {
        const sl_schema *s = schema->fields[i].schema;
        sl_str name = join(w->t, prefix, schema->fields[i].name, &w->draft->arena);
        const sl_value *own = s->default_value ? s->default_value : def ? &def->items[i] : NULL;
        bool is_optional = optional || s->optional;
        own = own && sl_is_null(own) ? NULL : own;
        w->path[depth] = i;
        if (!name.p) {
            return sl_error_nomem();
        }
        if (s->type == SL_MAP) {
            return tf_bad("field '%.*s' is a map, expected none within a struct", SL_STR_ARG(name));
        }
        if (s->type == SL_STRUCT) {
            SL_TRY(walk_struct(w, s, name, depth + 1, is_optional, own));
        } else {
            SL_TRY(add_field(w, name, s, depth + 1, is_optional, own));
        }
    }
    return NULL;
}

static sl_error *make_plan(flattener *t, const sl_schema *schema, flat_plan **out) {
    tf_draft d;
    flat_plan *plan = sl_calloc(1, sizeof *plan);
    *out = NULL;
    if (!plan) {
        return sl_error_nomem();
    }
    sl_arena_init(&plan->arena, 0);
    tf_draft_init(&d, t->host, schema);
    walk w = {.t = t, .plan = plan, .draft = &d};
    sl_error *err = walk_struct(&w, schema, SL_STR(""), 0, schema->optional, schema->default_value);
    if (err) {
        tf_draft_deinit(&d);
    } else {
        err = tf_draft_build(&d, &plan->out);
    }
    if (err) {
        free_plan(t->host, plan);
        return sl_error_wrap(err, PURPOSE);
    }
    *out = plan;
    return schema_cache_put(&t->plans, schema, plan);
}

/* ---- values ---- */

static sl_value leaf_value(const leaf *l, const sl_value *at) {
    for (uint32_t i = 0; i < l->depth; i++) {
        if (at->type != SL_STRUCT || l->path[i] >= at->n) {
            return sl_null();
        }
        at = &at->items[l->path[i]];
    }
    return *tf_defaulted(l->schema, at);
}

static sl_error *flatten_struct(flattener *t, const sl_schema *schema, sl_batch *batch, sl_record *rec) {
    const sl_value *in = tf_value(rec, t->side);
    SL_TRY(tf_require_struct(schema, in, PURPOSE));
    flat_plan *plan = schema_cache_get(&t->plans, schema);
    if (!plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    sl_value v = sl_value_alloc(&batch->arena, SL_STRUCT, plan->n);
    if (sl_is_null(&v)) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        v.items[i] = leaf_value(&plan->leaves[i], in);
    }
    tf_set(batch, rec, t->side, plan->out, v);
    return NULL;
}

static size_t count_entries(const sl_value *map, unsigned depth) {
    size_t n = 0;
    for (uint32_t i = 0; i < map->n; i++) {
        const sl_value *v = &map->items[2 * (size_t)i + 1];
        n += v->type == SL_MAP && depth < MAX_DEPTH ? count_entries(v, depth + 1) : 1;
    }
    return n;
}

static sl_error *flatten_entries(const flattener *t, const sl_value *map, sl_str prefix, unsigned depth,
                                 sl_arena *arena, sl_value *out) {
    if (depth >= MAX_DEPTH) {
        return tf_bad(PURPOSE ": maps are nested more than %u deep", MAX_DEPTH);
    }
    for (uint32_t i = 0; i < map->n; i++) {
        const sl_value *key = &map->items[2 * (size_t)i];
        if (key->type != SL_STRING) {
            return tf_bad(PURPOSE ": expected a map whose keys are strings, found a key of type %s",
                          tf_kind(key));
        }
        sl_str name = join(t, prefix, sl_value_str(key), arena);
        if (!name.p) {
            return sl_error_nomem();
        }
        if (key[1].type == SL_MAP) {
            SL_TRY(flatten_entries(t, key + 1, name, depth + 1, arena, out));
        } else {
            tf_map_put(out, name, key[1]);
        }
    }
    return NULL;
}

static sl_error *flatten_map(const flattener *t, sl_batch *batch, sl_record *rec) {
    const sl_value *in = tf_value(rec, t->side);
    SL_TRY(tf_require_map(in, PURPOSE));
    sl_value out = sl_value_alloc(&batch->arena, SL_MAP, count_entries(in, 0));
    if (sl_is_null(&out)) {
        return sl_error_nomem();
    }
    out.n = 0;
    SL_TRY(flatten_entries(t, in, SL_STR(""), 0, &batch->arena, &out));
    tf_set(batch, rec, t->side, NULL, out);
    return NULL;
}

static sl_error *flatten_apply(void *state, sl_batch *batch, sl_record *rec) {
    flattener *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    if (sl_is_null(tf_value(rec, t->side))) {
        return NULL;
    }
    return schema ? flatten_struct(t, schema, batch, rec) : flatten_map(t, batch, rec);
}

static const sl_transform_ops ops = {.open = flatten_open, .apply = flatten_apply, .close = flatten_close};

TF_DEF_SIDES(flatten, "flatten", "Flatten", "Makes one struct or map of nested ones.", rows, settings, ops);
