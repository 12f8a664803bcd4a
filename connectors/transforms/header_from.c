/*
 * header_from.c - HeaderFrom: fields of the key or value are moved or copied into headers.
 *
 * A null key or value is a bad record, as in Kafka Connect: let a predicate keep tombstones away. Memory: see
 * transform.h.
 */
#include "draft.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "making headers of fields"

typedef enum operation { OPERATION_MOVE, OPERATION_COPY } operation;

typedef struct settings {
    sl_str_list fields;
    sl_str_list headers;
    int operation;
    bool replace_null;
} settings;

typedef struct header_maker {
    const settings *set;
    const sl_host *host;
    tf_side side;
    schema_cache plans; /* of tf_plan: what is left of the struct after moving */
} header_maker;

static const sl_config_enum operations[] = {{"move", OPERATION_MOVE}, {"copy", OPERATION_COPY}, {NULL, 0}};

static const sl_config_row rows[] = {
    {.name = "fields",
     .type = SL_CONFIG_LIST,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The fields to make headers of.",
     .check = tf_check_list,
     .field = SL_FIELD(settings, fields)},
    {.name = "headers",
     .type = SL_CONFIG_LIST,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The names of the headers, in the order of the fields.",
     .check = tf_check_list,
     .field = SL_FIELD(settings, headers)},
    {.name = "operation",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .doc = "Whether the fields are taken out of the key or value (move), or stay there (copy).",
     .enums = operations,
     .field = SL_FIELD(settings, operation)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
};

static void maker_validate(const sl_context *ctx, sl_config_report *report) {
    const settings *set = ctx->settings;
    if (set->fields.n && set->headers.n && set->fields.n != set->headers.n) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("headers"),
                             "expected as many headers as there are fields: %zu, found %zu", set->fields.n,
                             set->headers.n);
    }
}

static sl_error *maker_open(const sl_context *ctx, void **state) {
    const settings *set = ctx->settings;
    if (set->fields.n != set->headers.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "'headers': expected as many headers as there are fields");
    }
    header_maker *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = set;
    t->host = ctx->host;
    t->side = (tf_side)ctx->variant;
    schema_cache_init(&t->plans, ctx->host, tf_plan_free);
    *state = t;
    return NULL;
}

static void maker_close(void *state) {
    header_maker *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t);
}

static sl_error *add_header(const header_maker *t, size_t i, const sl_schema *s, sl_value v, sl_batch *batch,
                            sl_record *rec) {
    return sl_record_add_header(batch, rec, t->set->headers.items[i], s, v) ? NULL : sl_error_nomem();
}

static sl_error *from_map(const header_maker *t, sl_batch *batch, sl_record *rec) {
    sl_value in = *tf_value(rec, t->side);
    sl_value map;
    SL_TRY(tf_require_map(&in, PURPOSE));
    SL_TRY(tf_map_copy(&batch->arena, &in, 0, &map));
    for (size_t i = 0; i < t->set->fields.n; i++) {
        const sl_value *v = sl_map_get(&in, t->set->fields.items[i]);
        if (t->set->operation == OPERATION_MOVE) {
            tf_map_remove(&map, t->set->fields.items[i]);
        }
        SL_TRY(add_header(t, i, NULL, v ? *v : sl_null(), batch, rec));
    }
    tf_set(batch, rec, t->side, NULL, map);
    return NULL;
}

static sl_error *make_plan(header_maker *t, const sl_schema *schema, tf_plan **out) {
    tf_draft d;
    tf_plan *plan = tf_plan_new(schema->nfields);
    *out = NULL;
    if (!plan) {
        return sl_error_nomem();
    }
    plan->n = 0;
    tf_draft_init(&d, t->host, schema);
    for (uint32_t i = 0; i < schema->nfields; i++) {
        if (!tf_list_has(&t->set->fields, schema->fields[i].name)) {
            tf_draft_add(&d, schema->fields[i].name, schema->fields[i].schema);
            plan->from[plan->n++] = (int32_t)i;
        }
    }
    sl_error *err = tf_draft_build(&d, &plan->out);
    if (err) {
        tf_plan_free(t->host, plan);
        return err;
    }
    *out = plan;
    return schema_cache_put(&t->plans, schema, plan);
}

static sl_error *move_out(header_maker *t, const sl_schema *schema, const sl_value *in, sl_batch *batch,
                          sl_record *rec) {
    sl_value rest;
    tf_plan *plan = schema_cache_get(&t->plans, schema);
    if (!plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    SL_TRY(tf_plan_apply(plan, in, t->set->replace_null, &batch->arena, &rest));
    tf_set(batch, rec, t->side, plan->out, rest);
    return NULL;
}

static sl_error *from_struct(header_maker *t, const sl_schema *schema, sl_batch *batch, sl_record *rec) {
    sl_value in = *tf_value(rec, t->side);
    SL_TRY(tf_require_struct(schema, &in, PURPOSE));
    for (size_t i = 0; i < t->set->fields.n; i++) {
        int at = sl_schema_field(schema, t->set->fields.items[i]);
        if (at < 0) {
            return tf_bad(PURPOSE
                          ": expected a field '%.*s' in the schema '%.*s'; correct the setting 'fields'",
                          SL_STR_ARG(t->set->fields.items[i]), SL_STR_ARG(schema->name));
        }
        const sl_schema *s = schema->fields[at].schema;
        const sl_value *v = t->set->replace_null ? tf_defaulted(s, &in.items[at]) : &in.items[at];
        SL_TRY(add_header(t, i, s, *v, batch, rec));
    }
    return t->set->operation == OPERATION_MOVE ? move_out(t, schema, &in, batch, rec) : NULL;
}

static sl_error *maker_apply(void *state, sl_batch *batch, sl_record *rec) {
    header_maker *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    return schema ? from_struct(t, schema, batch, rec) : from_map(t, batch, rec);
}

static const sl_transform_ops ops = {
    .validate = maker_validate,
    .open = maker_open,
    .apply = maker_apply,
    .close = maker_close,
};

TF_DEF_SIDES(header_from, "header-from", "HeaderFrom", "Moves or copies fields into headers.", rows, settings,
             ops);
