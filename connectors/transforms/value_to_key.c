/*
 * value_to_key.c - ValueToKey: a new key made of fields of the value.
 *
 * A null value is a bad record, as in Kafka Connect: let a predicate keep tombstones away. Memory: see
 * transform.h.
 */
#include "draft.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "making a key of fields of the value"

typedef struct settings {
    sl_str_list fields;
    bool replace_null;
} settings;

typedef struct keyer {
    const settings *set;
    const sl_host *host;
    schema_cache plans; /* of tf_plan */
} keyer;

static const sl_config_row rows[] = {
    {.name = "fields",
     .type = SL_CONFIG_LIST,
     .required = true,
     .importance = SL_HIGH,
     .doc = "Fields of the value that make the key.",
     .check = tf_check_list,
     .field = SL_FIELD(settings, fields)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
};

static sl_error *key_open(const sl_context *ctx, void **state) {
    keyer *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->host = ctx->host;
    schema_cache_init(&t->plans, ctx->host, tf_plan_free);
    *state = t;
    return NULL;
}

static void key_close(void *state) {
    keyer *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t);
}

/* is_repeated tells whether a name stands earlier in the list: the key has it once. */
static bool is_repeated(const sl_str_list *list, size_t at) {
    sl_str_list before = {list->items, at};
    return tf_list_has(&before, list->items[at]);
}

static sl_error *key_of_map(const keyer *t, sl_batch *batch, sl_record *rec) {
    SL_TRY(tf_require_map(&rec->value, PURPOSE));
    sl_value key = sl_value_alloc(&batch->arena, SL_MAP, t->set->fields.n);
    if (sl_is_null(&key)) {
        return sl_error_nomem();
    }
    key.n = 0;
    for (size_t i = 0; i < t->set->fields.n; i++) {
        const sl_value *v = sl_map_get(&rec->value, t->set->fields.items[i]);
        tf_map_put(&key, t->set->fields.items[i], v ? *v : sl_null());
    }
    sl_record_set_key(batch, rec, NULL, key);
    return NULL;
}

static sl_error *make_plan(keyer *t, const sl_schema *schema, tf_plan **out) {
    const sl_str_list *names = &t->set->fields;
    tf_draft d;
    tf_plan *plan = tf_plan_new((uint32_t)names->n);
    *out = plan;
    if (!plan) {
        return sl_error_nomem();
    }
    plan->n = 0;
    tf_draft_init(&d, t->host, NULL);
    for (size_t i = 0; i < names->n; i++) {
        int at = sl_schema_field(schema, names->items[i]);
        if (at < 0) {
            tf_draft_fail(
                &d,
                tf_bad("expected a field '%.*s' in the value's schema '%.*s'; correct the setting 'fields'",
                       SL_STR_ARG(names->items[i]), SL_STR_ARG(schema->name)));
        } else if (!is_repeated(names, i)) {
            tf_draft_add(&d, names->items[i], schema->fields[at].schema);
            plan->from[plan->n++] = at;
        }
    }
    sl_error *err = tf_draft_build(&d, &plan->out);
    if (err) {
        tf_plan_free(t->host, plan);
        *out = NULL;
        return sl_error_wrap(err, PURPOSE);
    }
    return schema_cache_put(&t->plans, schema, plan);
}

static sl_error *key_apply(void *state, sl_batch *batch, sl_record *rec) {
    keyer *t = state;
    sl_value key;
    if (!rec->value_schema) {
        return key_of_map(t, batch, rec);
    }
    SL_TRY(tf_require_struct(rec->value_schema, &rec->value, PURPOSE));
    tf_plan *plan = schema_cache_get(&t->plans, rec->value_schema);
    if (!plan) {
        SL_TRY(make_plan(t, rec->value_schema, &plan));
    }
    SL_TRY(tf_plan_apply(plan, &rec->value, t->set->replace_null, &batch->arena, &key));
    sl_record_set_key(batch, rec, plan->out, key);
    return NULL;
}

static const sl_transform_ops ops = {.open = key_open, .apply = key_apply, .close = key_close};

TF_DEF(value_to_key_def, "value-to-key", TF_KAFKA "ValueToKey", "Makes a new key of fields of the value.",
       rows, settings, 0, ops);
