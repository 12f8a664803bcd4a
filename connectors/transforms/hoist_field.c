/*
 * hoist_field.c - HoistField: the key or value becomes the only field of a new struct, or of a map.
 *
 * Memory: see transform.h.
 */
#include "draft.h"
#include "schema_cache.h"
#include "transforms.h"

typedef struct settings {
    sl_str field;
} settings;

typedef struct hoister {
    const settings *set;
    const sl_host *host;
    tf_side side;
    schema_cache plans; /* of tf_plan, of which only the schema is used */
} hoister;

static const sl_config_row rows[] = {
    {.name = "field",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_MEDIUM,
     .doc = "The name of the field.",
     .field = SL_FIELD(settings, field)},
};

static sl_error *hoist_open(const sl_context *ctx, void **state) {
    hoister *t = sl_calloc(1, sizeof *t);
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

static void hoist_close(void *state) {
    hoister *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t);
}

static sl_error *make_plan(hoister *t, const sl_schema *schema, tf_plan **out) {
    tf_draft d;
    tf_plan *plan = tf_plan_new(1);
    *out = NULL;
    if (!plan) {
        return sl_error_nomem();
    }
    tf_draft_init(&d, t->host, NULL);
    tf_draft_add(&d, t->set->field, schema);
    sl_error *err = tf_draft_build(&d, &plan->out);
    if (err) {
        tf_plan_free(t->host, plan);
        return err;
    }
    *out = plan;
    return schema_cache_put(&t->plans, schema, plan);
}

static sl_error *hoist_apply(void *state, sl_batch *batch, sl_record *rec) {
    hoister *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    sl_value in = *tf_value(rec, t->side);
    tf_plan *plan = schema ? schema_cache_get(&t->plans, schema) : NULL;
    if (schema && !plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    if (schema && sl_is_null(&in) && !schema->optional) {
        return tf_bad("hoisting into a field: expected a value for the field '%.*s', since its schema is not "
                      "optional, found null",
                      SL_STR_ARG(t->set->field));
    }
    sl_value out = sl_value_alloc(&batch->arena, schema ? SL_STRUCT : SL_MAP, 1);
    if (sl_is_null(&out)) {
        return sl_error_nomem();
    }
    if (schema) {
        out.items[0] = in;
    } else {
        out.items[0] = sl_string(t->set->field);
        out.items[1] = in;
    }
    tf_set(batch, rec, t->side, plan ? plan->out : NULL, out);
    return NULL;
}

static const sl_transform_ops ops = {.open = hoist_open, .apply = hoist_apply, .close = hoist_close};

TF_DEF_SIDES(hoist_field, "hoist-field", "HoistField", "Puts the whole into a field of a new struct or map.",
             rows, settings, ops);
