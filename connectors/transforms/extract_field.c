/*
 * extract_field.c - ExtractField: one field takes the place of the whole key or value.
 *
 * With field.syntax.version V2 the field may be nested. A null struct on the way gives null. Memory: see
 * transform.h; the value is pointed to, not copied.
 */
#include "field_path.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "extracting a field"

typedef struct settings {
    sl_str field;
    int syntax;
    bool replace_null;
} settings;

typedef struct extractor {
    const settings *set;
    tf_side side;
    sl_arena arena;
    sl_str_list steps;
    schema_cache plans; /* of extract_plan */
} extractor;

/* Where the field is in structs of a schema. */
typedef struct extract_plan {
    const sl_schema *schema; /* the field's; the outer schema keeps it */
    uint32_t index[];        /* a field index for each step */
} extract_plan;

static const sl_config_row rows[] = {
    {.name = "field",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_MEDIUM,
     .doc = "The field to extract.",
     .field = SL_FIELD(settings, field)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
    {.name = "field.syntax.version",
     .type = SL_CONFIG_STRING,
     .default_value = "V1",
     .importance = SL_HIGH,
     .doc = "How 'field' is written. V1: the name of a field of the outermost struct or map. V2: names "
            "joined by dots, for "
            "nested fields; a name with dots in it stands in backticks, as in `foo.bar`.baz.",
     .enums = field_syntax_names,
     .field = SL_FIELD(settings, syntax)},
};

static void extract_validate(const sl_context *ctx, sl_config_report *report) {
    const settings *set = ctx->settings;
    sl_str_list steps;
    if (!set->field.p) {
        return;
    }
    const char *wrong = field_path_parse(set->field, (field_syntax)set->syntax, report->arena, &steps);
    if (wrong) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("field"), "invalid value '%.*s': %s",
                             SL_STR_ARG(set->field), wrong);
    }
}

static void free_plan(const sl_host *host, void *plan) {
    (void)host;
    sl_free(plan);
}

static void extract_close(void *state) {
    extractor *t = state;
    schema_cache_deinit(&t->plans);
    sl_arena_deinit(&t->arena);
    sl_free(t);
}

static sl_error *extract_open(const sl_context *ctx, void **state) {
    extractor *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->side = (tf_side)ctx->variant;
    sl_arena_init(&t->arena, 0);
    schema_cache_init(&t->plans, ctx->host, free_plan);
    const char *wrong = field_path_parse(t->set->field, (field_syntax)t->set->syntax, &t->arena, &t->steps);
    if (wrong) {
        bool nomem = t->arena.failed;
        extract_close(t);
        return nomem ? sl_error_nomem() : sl_error_new(SL_E_CONFIG, SL_USER, "'field': %s", wrong);
    }
    *state = t;
    return NULL;
}

static sl_error *extract_from_map(const extractor *t, sl_batch *batch, sl_record *rec) {
    const sl_value *at = tf_value(rec, t->side);
    for (size_t i = 0; at && !sl_is_null(at) && i < t->steps.n; i++) {
        SL_TRY(tf_require_map(at, i ? "extracting a nested field" : PURPOSE));
        at = sl_map_get(at, t->steps.items[i]);
    }
    sl_value v = at ? *at : sl_null();
    tf_set(batch, rec, t->side, NULL, v);
    return NULL;
}

static sl_error *make_plan(extractor *t, const sl_schema *schema, extract_plan **out) {
    extract_plan *plan = sl_calloc(1, sizeof *plan + t->steps.n * sizeof plan->index[0]);
    const sl_schema *at = schema;
    *out = plan;
    if (!plan) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < t->steps.n; i++) {
        int index = at->type == SL_STRUCT ? sl_schema_field(at, t->steps.items[i]) : -1;
        if (index < 0) {
            sl_free(plan);
            *out = NULL;
            return tf_bad(PURPOSE
                          ": expected a field '%.*s' in the schema '%.*s' (%s); correct the setting 'field'",
                          SL_STR_ARG(t->set->field), SL_STR_ARG(schema->name), sl_type_name(schema->type));
        }
        plan->index[i] = (uint32_t)index;
        at = at->fields[index].schema;
    }
    plan->schema = at;
    return schema_cache_put(&t->plans, schema, plan);
}

static sl_error *extract_from_struct(extractor *t, const sl_schema *schema, sl_batch *batch, sl_record *rec) {
    const sl_value *at = tf_value(rec, t->side);
    const sl_schema *s = schema;
    extract_plan *plan = schema_cache_get(&t->plans, schema);
    if (!sl_is_null(at)) {
        SL_TRY(tf_require_struct(schema, at, PURPOSE));
    }
    if (!plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    for (size_t i = 0; !sl_is_null(at) && i < t->steps.n; i++) {
        bool last = i + 1 == t->steps.n;
        SL_TRY(tf_require_struct(s, at, "extracting a nested field"));
        at = &at->items[plan->index[i]];
        s = s->fields[plan->index[i]].schema;
        at = !last || t->set->replace_null ? tf_defaulted(s, at) : at;
    }
    sl_value v = *at;
    tf_set(batch, rec, t->side, plan->schema, v);
    return NULL;
}

static sl_error *extract_apply(void *state, sl_batch *batch, sl_record *rec) {
    extractor *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    return schema ? extract_from_struct(t, schema, batch, rec) : extract_from_map(t, batch, rec);
}

static const sl_transform_ops ops = {
    .validate = extract_validate,
    .open = extract_open,
    .apply = extract_apply,
    .close = extract_close,
};

TF_DEF_SIDES(extract_field, "extract-field", "ExtractField", "Puts one field in the place of the whole.",
             rows, settings, ops);
