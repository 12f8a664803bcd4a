/*
 * mask_field.c - MaskField: fields become the empty value of their type, or a given one.
 *
 * As in Kafka Connect: null fields stay null, a field that a map does not have is added as null, a
 * replacement works for numbers and strings only, and a null value is a bad record (let a predicate keep
 * tombstones away). A Decimal gets the replacement at its own scale. Memory: see transform.h; the
 * replacements by schema belong to the plans.
 */
#include "java_number.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "masking fields"

typedef struct settings {
    sl_str_list fields;
    sl_str replacement; /* absent = the empty value */
    bool replace_null;
} settings;

typedef struct masker {
    const settings *set;
    tf_side side;
    schema_cache plans; /* of mask_plan */
} masker;

typedef struct masked_field {
    uint32_t index;
    bool impossible; /* no mask for such a type */
    sl_value mask;
} masked_field;

typedef struct mask_plan {
    sl_arena arena; /* what masks point to */
    uint32_t n;
    masked_field fields[];
} mask_plan;

static const sl_config_row rows[] = {
    {.name = "fields",
     .type = SL_CONFIG_LIST,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The fields to mask.",
     .check = tf_check_list,
     .field = SL_FIELD(settings, fields)},
    {.name = "replacement",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "A value for all the fields, which must be numbers or strings. Without it a field becomes 0, "
            "false, an empty string, "
            "list or map.",
     .check = tf_check_text,
     .field = SL_FIELD(settings, replacement)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
};

static void free_plan(const sl_host *host, void *plan) {
    mask_plan *p = plan;
    (void)host;
    if (p) {
        sl_arena_deinit(&p->arena);
        sl_free(p);
    }
}

static sl_error *mask_open(const sl_context *ctx, void **state) {
    masker *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->side = (tf_side)ctx->variant;
    schema_cache_init(&t->plans, ctx->host, free_plan);
    *state = t;
    return NULL;
}

static void mask_close(void *state) {
    masker *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t);
}

/* ---- masks ---- */

static bool decimal_mask(const sl_schema *s, const java_decimal *d, sl_arena *arena, sl_value *out) {
    int64_t scale;
    if (!sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &scale)) {
        return false;
    }
    sl_str bytes = java_decimal_bytes(arena, d, scale);
    *out = sl_bytes(bytes);
    return bytes.p != NULL;
}

static bool empty_mask(const sl_schema *s, sl_type type, sl_value *out) {
    *out = (sl_value){.type = (uint8_t)type};
    switch (type) {
    case SL_STRING:
        *out = sl_string(SL_STR(""));
        return true;
    case SL_BYTES:
        *out = sl_bytes(SL_STR("\0"));
        return s && s->logical == SL_LOGICAL_DECIMAL;
    case SL_STRUCT:
        return false;
    case SL_FLOAT32:
    case SL_FLOAT64:
        out->f = 0;
        return true;
    default:
        return true;
    }
}

static bool is_date(const sl_schema *s) {
    return s && (s->logical == SL_LOGICAL_DATE || s->logical == SL_LOGICAL_TIME ||
                 s->logical == SL_LOGICAL_TIMESTAMP);
}

static bool replacement_mask(sl_str text, const sl_schema *s, sl_type type, sl_arena *arena, sl_value *out) {
    java_decimal d;
    *out = (sl_value){.type = (uint8_t)type};
    if (type == SL_STRING) {
        *out = sl_string(text);
        return true;
    }
    if (is_date(s) || type == SL_BOOL || type > SL_BYTES ||
        !java_decimal_parse(arena, sl_str_trim(text), &d)) {
        return false;
    }
    if (type == SL_BYTES) {
        return s && s->logical == SL_LOGICAL_DECIMAL && decimal_mask(s, &d, arena, out);
    }
    if (type == SL_FLOAT32 || type == SL_FLOAT64) {
        out->f = java_decimal_double(&d, type == SL_FLOAT32);
    } else {
        out->i = java_narrow(java_decimal_long(&d), type);
    }
    return true;
}

static bool make_mask(const settings *set, const sl_schema *s, sl_type type, sl_arena *arena, sl_value *out) {
    return set->replacement.p ? replacement_mask(set->replacement, s, type, arena, out)
                              : empty_mask(s, type, out);
}

static sl_error *no_mask(const settings *set, sl_str field, const sl_value *v) {
    if (!set->replacement.p) {
        return tf_bad(PURPOSE ": field '%.*s' is of type %s, which cannot be masked; remove it from 'fields'",
                      SL_STR_ARG(field), tf_kind(v));
    }
    return tf_bad(PURPOSE
                  ": field '%.*s' is of type %s, expected one that can take the value of 'replacement'",
                  SL_STR_ARG(field), tf_kind(v));
}

/* ---- records ---- */

static sl_error *mask_map(const masker *t, sl_batch *batch, sl_record *rec) {
    const sl_value *in = tf_value(rec, t->side);
    sl_value map;
    SL_TRY(tf_require_map(in, PURPOSE));
    SL_TRY(tf_map_copy(&batch->arena, in, t->set->fields.n, &map));
    for (size_t i = 0; i < t->set->fields.n; i++) {
        sl_str name = t->set->fields.items[i];
        const sl_value *old = sl_map_get(in, name);
        sl_value mask = sl_null();
        if (old && !sl_is_null(old) && !make_mask(t->set, NULL, (sl_type)old->type, &batch->arena, &mask)) {
            return no_mask(t->set, name, old);
        }
        tf_map_put(&map, name, mask);
    }
    tf_set(batch, rec, t->side, NULL, map);
    return NULL;
}

static sl_error *make_plan(masker *t, const sl_schema *schema, mask_plan **out) {
    mask_plan *plan = sl_calloc(1, sizeof *plan + schema->nfields * sizeof plan->fields[0]);
    *out = plan;
    if (!plan) {
        return sl_error_nomem();
    }
    sl_arena_init(&plan->arena, 0);
    for (uint32_t i = 0; i < schema->nfields; i++) {
        const sl_field *f = &schema->fields[i];
        if (tf_list_has(&t->set->fields, f->name)) {
            masked_field *m = &plan->fields[plan->n++];
            m->index = i;
            m->impossible = !make_mask(t->set, f->schema, f->schema->type, &plan->arena, &m->mask);
        }
    }
    if (plan->arena.failed) {
        free_plan(NULL, plan);
        return sl_error_nomem();
    }
    return schema_cache_put(&t->plans, schema, plan);
}

static sl_error *copy_mask(const sl_value *mask, sl_arena *arena, sl_value *out) {
    return sl_value_copy(arena, mask, out) ? NULL
                                           : sl_error_nomem(); /* the plan may be gone before the batch */
}

static sl_error *mask_struct(masker *t, const sl_schema *schema, sl_batch *batch, sl_record *rec) {
    const sl_value *in = tf_value(rec, t->side);
    SL_TRY(tf_require_struct(schema, in, PURPOSE));
    mask_plan *plan = schema_cache_get(&t->plans, schema);
    if (!plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    sl_value v = sl_value_alloc(&batch->arena, SL_STRUCT, in->n);
    if (sl_is_null(&v)) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < in->n; i++) {
        v.items[i] =
            t->set->replace_null ? *tf_defaulted(schema->fields[i].schema, &in->items[i]) : in->items[i];
    }
    for (uint32_t i = 0; i < plan->n; i++) {
        const masked_field *m = &plan->fields[i];
        sl_value *item = &v.items[m->index];
        if (sl_is_null(item)) {
            continue;
        }
        if (m->impossible) {
            return no_mask(t->set, schema->fields[m->index].name, item);
        }
        SL_TRY(copy_mask(&m->mask, &batch->arena, item));
    }
    tf_set(batch, rec, t->side, schema, v);
    return NULL;
}

static sl_error *mask_apply(void *state, sl_batch *batch, sl_record *rec) {
    masker *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    return schema ? mask_struct(t, schema, batch, rec) : mask_map(t, batch, rec);
}

static const sl_transform_ops ops = {.open = mask_open, .apply = mask_apply, .close = mask_close};

TF_DEF_SIDES(mask_field, "mask-field", "MaskField",
             "Masks fields with the empty value of their type, or a given one.", rows, settings, ops);
