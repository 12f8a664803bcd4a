/*
 * replace_field.c - ReplaceField: leaves fields out, keeps some only, or renames them.
 *
 * Names in `exclude` and `include` are the old ones. As in Kafka Connect, the struct that comes out is never
 * optional and has no default value, and null values pass. Memory: see transform.h.
 */
#include "draft.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "replacing fields"

typedef struct settings {
    sl_str_list exclude;
    sl_str_list include;
    sl_str_list renames; /* "old:new" */
    bool replace_null;
} settings;

typedef struct replacer {
    const settings *set;
    const sl_host *host;
    tf_side side;
    schema_cache plans; /* of tf_plan */
} replacer;

/* split_rename splits "old:new" as Java's split does: colons at the end count for nothing. */
static bool split_rename(sl_str item, sl_str *from, sl_str *to) {
    while (item.n && item.p[item.n - 1] == ':') {
        item.n--;
    }
    size_t at = sl_str_find(item, ':');
    if (at == item.n) {
        return false;
    }
    *from = sl_str_make(item.p, at);
    *to = sl_str_skip(item, at + 1);
    return sl_str_find(*to, ':') == to->n;
}

static const char *check_renames(const sl_config_row *row, sl_str value, sl_arena *arena) {
    sl_str rest = value;
    sl_str item, from, to;
    const char *wrong = tf_check_items(row, value, arena);
    while (!wrong && value.n && sl_str_next(&rest, ',', &item)) {
        item = sl_str_trim(item);
        if (!split_rename(item, &from, &to)) {
            sl_str text = sl_arena_printf(
                arena, "expected pairs of old and new name, as in foo:bar,abc:xyz; '%.*s' is none",
                SL_STR_ARG(item));
            wrong = text.p ? text.p : "out of memory";
        }
    }
    return wrong;
}

static const sl_config_row rows[] = {
    {.name = "exclude",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_MEDIUM,
     .doc = "Fields to leave out. It goes before 'include'.",
     .check = tf_check_items,
     .field = SL_FIELD(settings, exclude)},
    {.name = "include",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_MEDIUM,
     .doc = "Fields to keep. When it is empty, all are kept.",
     .check = tf_check_items,
     .field = SL_FIELD(settings, include)},
    {.name = "renames",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_MEDIUM,
     .doc = "Fields to rename: pairs of old and new name, as in foo:bar,abc:xyz.",
     .check = check_renames,
     .field = SL_FIELD(settings, renames)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
    {.name = "blacklist",
     .type = SL_CONFIG_LIST,
     .importance = SL_LOW,
     .doc = "The name of 'exclude' before Kafka 4.0.",
     .support = SL_WARNED,
     .remedy = "Kafka Connect 4 does not read it; use 'exclude'"},
    {.name = "whitelist",
     .type = SL_CONFIG_LIST,
     .importance = SL_LOW,
     .doc = "The name of 'include' before Kafka 4.0.",
     .support = SL_WARNED,
     .remedy = "Kafka Connect 4 does not read it; use 'include'"},
};

static sl_error *replace_open(const sl_context *ctx, void **state) {
    replacer *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->host = ctx->host;
    t->side = (tf_side)ctx->variant;
    schema_cache_init(&t->plans, ctx->host, tf_plan_free);
    *state = t;
    return NULL;
}

static void replace_close(void *state) {
    replacer *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t);
}

static bool is_kept(const settings *set, sl_str name) {
    return !tf_list_has(&set->exclude, name) && (set->include.n == 0 || tf_list_has(&set->include, name));
}

/* renamed gives a field's new name; the last of several renames counts. */
static sl_str renamed(const settings *set, sl_str name) {
    sl_str from, to;
    for (size_t i = set->renames.n; i-- > 0;) {
        if (split_rename(set->renames.items[i], &from, &to) && sl_str_eq(from, name)) {
            return to;
        }
    }
    return name;
}

static sl_error *make_plan(const sl_host *host, const settings *set, const sl_schema *schema, tf_plan **out) {
    tf_draft d;
    tf_plan *plan = tf_plan_new(schema->nfields);
    *out = NULL;
    if (!plan) {
        return sl_error_nomem();
    }
    plan->n = 0;
    tf_draft_init(&d, host, schema);
    for (uint32_t i = 0; i < schema->nfields; i++) {
        if (is_kept(set, schema->fields[i].name)) {
            tf_draft_add(&d, renamed(set, schema->fields[i].name), schema->fields[i].schema);
            plan->from[plan->n++] = (int32_t)i;
        }
    }
    sl_error *err = tf_draft_build(&d, &plan->out);
    if (err) {
        tf_plan_free(host, plan);
        return sl_error_wrap(err, PURPOSE);
    }
    *out = plan;
    return NULL;
}

static sl_error *replace_in_map(const replacer *t, sl_batch *batch, sl_record *rec) {
    const sl_value *in = tf_value(rec, t->side);
    SL_TRY(tf_require_map(in, PURPOSE));
    sl_value map = sl_value_alloc(&batch->arena, SL_MAP, in->n);
    if (sl_is_null(&map)) {
        return sl_error_nomem();
    }
    map.n = 0;
    for (size_t i = 0; i < in->n; i++) {
        const sl_value *key = &in->items[2 * i];
        if (key->type != SL_STRING) {
            return tf_bad(PURPOSE ": expected a map whose keys are strings, found a key of type %s",
                          tf_kind(key));
        }
        if (!is_kept(t->set, sl_value_str(key))) {
            continue;
        }
        if (t->set->renames.n) {
            tf_map_put(&map, renamed(t->set, sl_value_str(key)), key[1]);
        } else {
            memcpy(&map.items[2 * (size_t)map.n++], key, 2 * sizeof *key);
        }
    }
    tf_set(batch, rec, t->side, NULL, map);
    return NULL;
}

static sl_error *replace_in_struct(replacer *t, const sl_schema *schema, sl_batch *batch, sl_record *rec) {
    sl_value v;
    const sl_value *in = tf_value(rec, t->side);
    tf_plan *plan = schema_cache_get(&t->plans, schema);
    SL_TRY(tf_require_struct(schema, in, PURPOSE));
    if (!plan) {
        SL_TRY(make_plan(t->host, t->set, schema, &plan));
        SL_TRY(schema_cache_put(&t->plans, schema, plan));
    }
    SL_TRY(tf_plan_apply(plan, in, t->set->replace_null, &batch->arena, &v));
    tf_set(batch, rec, t->side, plan->out, v);
    return NULL;
}

static sl_error *replace_apply(void *state, sl_batch *batch, sl_record *rec) {
    replacer *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    if (sl_is_null(tf_value(rec, t->side))) {
        return NULL;
    }
    return schema ? replace_in_struct(t, schema, batch, rec) : replace_in_map(t, batch, rec);
}

static const sl_transform_ops ops = {.open = replace_open, .apply = replace_apply, .close = replace_close};

TF_DEF_SIDES(replace_field, "replace-field", "ReplaceField",
             "Leaves fields out, keeps only some, or renames them.", rows, settings, ops);
