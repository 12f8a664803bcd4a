/*
 * schema_metadata.c - SetSchemaMetadata: another name or version for the schema.
 *
 * Memory: see transform.h.
 */
#include "draft.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "setting schema metadata"

typedef struct settings {
    sl_str name;
    int32_t version;
    bool replace_null;
} settings;

typedef struct renamer {
    const settings *set;
    const sl_host *host;
    tf_side side;
    bool has_version;
    schema_cache plans; /* of tf_plan, of which only the schema is used */
} renamer;

static const sl_config_row rows[] = {
    {.name = "schema.name",
     .type = SL_CONFIG_STRING,
     .importance = SL_HIGH,
     .doc = "The new name of the schema.",
     .field = SL_FIELD(settings, name)},
    {.name = "schema.version",
     .type = SL_CONFIG_INT,
     .importance = SL_HIGH,
     .doc = "The new version of the schema.",
     .field = SL_FIELD(settings, version)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
};

static bool has_version(const sl_context *ctx) {
    return sl_config_get(ctx->config, SL_STR("schema.version")).p != NULL;
}

static void rename_validate(const sl_context *ctx, sl_config_report *report) {
    const settings *set = ctx->settings;
    if (!set->name.p && !has_version(ctx)) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR_NONE,
                             "nothing to set: expected schema.name, schema.version or both");
    }
}

static sl_error *rename_open(const sl_context *ctx, void **state) {
    renamer *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->host = ctx->host;
    t->side = (tf_side)ctx->variant;
    t->has_version = has_version(ctx);
    schema_cache_init(&t->plans, ctx->host, tf_plan_free);
    *state = t;
    return NULL;
}

static void rename_close(void *state) {
    renamer *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t);
}

static sl_error *make_plan(renamer *t, const sl_schema *schema, tf_plan **out) {
    sl_schema def = *schema;
    tf_plan *plan = tf_plan_new(0);
    *out = NULL;
    if (!plan) {
        return sl_error_nomem();
    }
    if (t->set->name.p) {
        def.name = t->set->name;
    }
    if (t->has_version) {
        def.has_version = true;
        def.version = t->set->version;
    }
    sl_error *err = t->host->schema_intern(&def, &plan->out);
    if (err) {
        tf_plan_free(t->host, plan);
        return err;
    }
    *out = plan;
    return schema_cache_put(&t->plans, schema, plan);
}

/* with_defaults copies a struct, its null fields replaced by their defaults. */
static sl_error *with_defaults(const sl_schema *schema, const sl_value *in, sl_arena *arena, sl_value *out) {
    SL_TRY(tf_require_struct(schema, in, PURPOSE));
    sl_value v = sl_value_alloc(arena, SL_STRUCT, in->n);
    if (sl_is_null(&v)) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < in->n; i++) {
        v.items[i] = *tf_defaulted(schema->fields[i].schema, &in->items[i]);
    }
    *out = v;
    return NULL;
}

static sl_error *rename_apply(void *state, sl_batch *batch, sl_record *rec) {
    renamer *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    sl_value v = *tf_value(rec, t->side);
    if (!schema && sl_is_null(&v)) {
        return NULL;
    }
    if (!schema) {
        return tf_bad(PURPOSE ": expected a schema, found %s without one", tf_kind(&v));
    }
    tf_plan *plan = schema_cache_get(&t->plans, schema);
    if (!plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    if (v.type == SL_STRUCT && t->set->replace_null) {
        SL_TRY(with_defaults(schema, tf_value(rec, t->side), &batch->arena, &v));
    }
    tf_set(batch, rec, t->side, plan->out, v);
    return NULL;
}

static const sl_transform_ops ops = {
    .validate = rename_validate,
    .open = rename_open,
    .apply = rename_apply,
    .close = rename_close,
};

TF_DEF_SIDES(set_schema_metadata, "set-schema-metadata", "SetSchemaMetadata",
             "Gives the schema another name or version.", rows, settings, ops);
