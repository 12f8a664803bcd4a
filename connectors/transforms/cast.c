/*
 * cast.c - Cast: fields, or the whole key or value, become another type.
 *
 * Numbers are cast as Java casts them: integers keep their low bits, floating-point numbers saturate. Texts
 * must be numbers in range. Dates become text as Kafka Connect's Values writes them, in UTC; bytes become
 * base64. As in Kafka Connect, null values pass, a field that a map does not have is added as null, and a
 * whole that is cast keeps its schema's name. Memory: see transform.h.
 */
#include <sluice/text.h>

#include "draft.h"
#include "java_number.h"
#include "java_time.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "casting"

typedef struct settings {
    sl_str_list spec; /* "field:type" or "type" */
    bool replace_null;
} settings;

typedef struct field_cast {
    sl_str field;
    sl_type to;
} field_cast;

typedef struct caster {
    const settings *set;
    const sl_host *host;
    tf_side side;
    sl_type whole; /* SL_NULL: fields are cast */
    field_cast *fields;
    size_t n;
    schema_cache plans; /* of cast_plan */
} caster;

typedef struct cast_plan {
    const sl_schema *out; /* holds a reference */
    sl_type to[];         /* for each field; SL_NULL = as it is */
} cast_plan;

/* ---- the setting ---- */

static bool find_type(sl_str name, sl_type *out) {
    for (int t = SL_INT8; t < SL_TYPE_COUNT; t++) {
        if (sl_str_eq_nocase(name, sl_str_of(sl_type_name((sl_type)t)))) {
            *out = (sl_type)t;
            return true;
        }
    }
    return false;
}

/* parse_item reads "field:type" or "type" (whole); NULL = fine, else what was expected. */
static const char *parse_item(sl_str item, field_cast *out, bool *whole) {
    while (item.n && item.p[item.n - 1] == ':') {
        item.n--; /* as Java's split */
    }
    size_t at = sl_str_find(item, ':');
    *whole = at == item.n;
    sl_str type = *whole ? item : sl_str_skip(item, at + 1);
    out->field = sl_str_trim(sl_str_make(item.p, at));
    if (sl_str_find(type, ':') != type.n) {
        return "expected a field and a type, as in foo:int32";
    }
    if (!find_type(sl_str_trim(type), &out->to) || out->to > SL_STRING) {
        return "expected one of the types int8, int16, int32, int64, float32, float64, boolean and string";
    }
    return NULL;
}

static const char *check_spec(const sl_config_row *row, sl_str value, sl_arena *arena) {
    sl_str rest = value;
    sl_str item;
    bool whole, any_whole = false;
    size_t n = 0;
    field_cast cast;
    const char *wrong = tf_check_list(row, value, arena);
    while (!wrong && sl_str_next(&rest, ',', &item)) {
        const char *expected = parse_item(sl_str_trim(item), &cast, &whole);
        if (expected) {
            sl_str text = sl_arena_printf(arena, "%s, found '%.*s'", expected, SL_STR_ARG(sl_str_trim(item)));
            wrong = text.p ? text.p : "out of memory";
        }
        any_whole = any_whole || whole;
        n++;
    }
    if (!wrong && any_whole && n > 1) {
        wrong = "expected either one type for the whole, or fields with their types, not both";
    }
    return wrong;
}

static const sl_config_row rows[] = {
    {.name = "spec",
     .type = SL_CONFIG_LIST,
     .required = true,
     .importance = SL_HIGH,
     .doc = "Fields and the types they become, as in field1:type,field2:type, or one type for the whole. "
            "Types are int8, int16, "
            "int32, int64, float32, float64, boolean and string. Bytes can become strings only.",
     .check = check_spec,
     .field = SL_FIELD(settings, spec)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
};

static void cast_close(void *state) {
    caster *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t->fields);
    sl_free(t);
}

static void free_plan(const sl_host *host, void *plan) {
    cast_plan *p = plan;
    if (p) {
        host->schema_unref(p->out);
        sl_free(p);
    }
}

static sl_error *cast_open(const sl_context *ctx, void **state) {
    caster *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->host = ctx->host;
    t->side = (tf_side)ctx->variant;
    schema_cache_init(&t->plans, ctx->host, free_plan);
    t->fields = sl_calloc(t->set->spec.n + 1, sizeof *t->fields);
    sl_error *err = t->fields ? NULL : sl_error_nomem();
    for (size_t i = 0; !err && i < t->set->spec.n; i++) {
        bool whole = false;
        const char *wrong = parse_item(t->set->spec.items[i], &t->fields[t->n], &whole);
        if (wrong) {
            err = sl_error_new(SL_E_CONFIG, SL_USER, "'spec': %s", wrong);
        } else if (whole) {
            t->whole = t->fields[t->n].to;
        } else {
            t->n++;
        }
    }
    if (err) {
        cast_close(t);
        return err;
    }
    *state = t;
    return NULL;
}

/* ---- one value ---- */

static sl_value from_int(int64_t i, sl_type to) {
    if (to == SL_BOOL) {
        return sl_bool(i != 0);
    }
    if (to == SL_FLOAT32) {
        return sl_float32((double)(float)i);
    }
    return to == SL_FLOAT64 ? sl_float64((double)i) : sl_int(to, java_narrow(i, to));
}

static sl_value from_double(double f, sl_type to) {
    switch (to) {
    case SL_BOOL:
        return sl_bool(java_double_to_long(f) != 0);
    case SL_FLOAT32:
        return sl_float32((double)(float)f);
    case SL_FLOAT64:
        return sl_float64(f);
    case SL_INT64:
        return sl_int64(java_double_to_long(f));
    default:
        return sl_int(to, java_narrow(java_double_to_int(f), to));
    }
}

static bool from_text(sl_str s, sl_type to, sl_value *out) {
    if (to == SL_BOOL) {
        *out = sl_bool(sl_str_eq_nocase(s, SL_STR("true")));
        return true;
    }
    *out = (sl_value){.type = (uint8_t)to};
    if (to == SL_FLOAT32 || to == SL_FLOAT64) {
        return java_parse_double(s, to, &out->f);
    }
    return java_parse_int(s, to, &out->i);
}

static bool from_decimal(const java_decimal *d, sl_type to, sl_value *out) {
    if (to == SL_FLOAT32 || to == SL_FLOAT64) {
        *out = sl_float64(java_decimal_double(d, to == SL_FLOAT32));
        out->type = (uint8_t)to;
    } else {
        *out = from_int(java_decimal_long(d), to);
    }
    return true;
}

static bool read_decimal(const sl_schema *s, const sl_value *v, sl_arena *arena, java_decimal *out) {
    int64_t scale;
    return s && s->logical == SL_LOGICAL_DECIMAL &&
           sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &scale) && scale >= INT32_MIN / 2 &&
           scale <= INT32_MAX / 2 && java_decimal_of(arena, sl_value_str(v), scale, out);
}

/* write_text appends a value that is no container, nor a string. */
static void write_text(sl_buf *out, const sl_schema *s, const sl_value *v, const java_decimal *decimal) {
    sl_logical logical = s ? s->logical : SL_LOGICAL_NONE;
    switch ((sl_type)v->type) {
    case SL_FLOAT32:
    case SL_FLOAT64:
        (v->type == SL_FLOAT32 ? sl_buf_add_float : sl_buf_add_double)(out, v->f);
        return;
    case SL_BOOL:
        sl_buf_add_z(out, v->b ? "true" : "false");
        return;
    case SL_BYTES:
        if (decimal) {
            (void)sl_buf_add_decimal(out, sl_value_str(v), (int32_t)decimal->scale); /* out says it */
        } else {
            sl_buf_add_base64(out, sl_value_str(v));
        }
        return;
    default:
        break;
    }
    if (logical == SL_LOGICAL_DATE) {
        java_date_write(out, v->i * MS_PER_DAY);
    } else if (logical == SL_LOGICAL_TIME || logical == SL_LOGICAL_TIMESTAMP) {
        java_date_write(out, v->i);
    } else {
        sl_buf_add_i64(out, v->i);
    }
}

static sl_error *to_text(const sl_schema *s, const sl_value *v, sl_arena *arena, sl_value *out) {
    java_decimal decimal;
    sl_buf b;
    if (v->type == SL_STRING) {
        *out = *v;
        return NULL;
    }
    bool is_decimal = v->type == SL_BYTES && read_decimal(s, v, arena, &decimal);
    sl_buf_init(&b, arena);
    write_text(&b, s, v, is_decimal ? &decimal : NULL);
    bool failed = b.failed;
    *out = sl_string(sl_buf_take(&b));
    return failed ? sl_error_nomem() : NULL;
}

static sl_error *cast_value(sl_str field, const sl_schema *s, const sl_value *v, sl_type to, sl_arena *arena,
                            sl_value *out) {
    java_decimal decimal;
    bool ok = true;
    if (sl_is_null(v)) {
        *out = sl_null();
        return NULL;
    }
    if (v->type > SL_BYTES) {
        return tf_bad(PURPOSE ": field '%.*s' is of type %s, expected a number, boolean, string or bytes",
                      SL_STR_ARG(field), tf_kind(v));
    }
    if (to == SL_STRING) {
        return to_text(s, v, arena, out);
    }
    if (v->type == SL_STRING) {
        ok = from_text(sl_value_str(v), to, out);
    } else if (v->type == SL_BYTES) {
        ok = read_decimal(s, v, arena, &decimal) && from_decimal(&decimal, to, out);
    } else if (v->type == SL_BOOL) {
        *out = from_int(v->b, to);
    } else {
        *out = sl_is_int(v) ? from_int(v->i, to) : from_double(v->f, to);
    }
    if (ok) {
        return NULL;
    }
    return v->type == SL_BYTES
               ? tf_bad(PURPOSE ": field '%.*s' has bytes, which can become a string only, not %s",
                        SL_STR_ARG(field), sl_type_name(to))
               : tf_bad(PURPOSE ": field '%.*s' has a text that is no %s, or is out of its range",
                        SL_STR_ARG(field), sl_type_name(to));
}

/* ---- schemas ---- */

static sl_type cast_of(const caster *t, sl_str field) {
    for (size_t i = t->n; i-- > 0;) { /* the last one for a field counts */
        if (sl_str_eq(t->fields[i].field, field)) {
            return t->fields[i].to;
        }
    }
    return SL_NULL;
}

/* make_field interns the schema of a field that is cast: its optionality and default stay, all else goes. */
static sl_error *make_field(const caster *t, const sl_field *field, sl_type to, sl_arena *arena,
                            const sl_schema **out) {
    sl_value def;
    sl_schema s = {.type = to, .optional = field->schema->optional};
    if (field->schema->default_value) {
        SL_TRY(cast_value(field->name, field->schema, field->schema->default_value, to, arena, &def));
        s.default_value = &def;
    }
    return t->host->schema_intern(&s, out);
}

static sl_error *cast_struct(const caster *t, const sl_schema *schema, const cast_plan *plan,
                             const sl_value *in, sl_arena *arena, sl_value *out) {
    sl_value v = sl_value_alloc(arena, SL_STRUCT, in->n);
    if (sl_is_null(&v)) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < in->n; i++) {
        const sl_field *f = &schema->fields[i];
        const sl_value *old = t->set->replace_null ? tf_defaulted(f->schema, &in->items[i]) : &in->items[i];
        if (plan->to[i] == SL_NULL) {
            v.items[i] = *old;
        } else {
            SL_TRY(cast_value(f->name, f->schema, old, plan->to[i], arena, &v.items[i]));
        }
    }
    *out = v;
    return NULL;
}

static sl_error *make_struct(const caster *t, const sl_schema *schema, cast_plan *plan, sl_arena *arena) {
    tf_draft d;
    sl_value def;
    sl_error *err = NULL;
    tf_draft_init(&d, t->host, schema);
    for (uint32_t i = 0; !err && i < schema->nfields; i++) {
        const sl_field *f = &schema->fields[i];
        const sl_schema *made = f->schema;
        plan->to[i] = cast_of(t, f->name);
        if (plan->to[i] == SL_NULL) {
            tf_draft_add(&d, f->name, made);
            continue;
        }
        err = make_field(t, f, plan->to[i], arena, &made);
        if (!err) {
            tf_draft_add_owned(&d, f->name, made);
        }
    }
    d.def.optional = schema->optional;
    if (!err && schema->default_value) {
        err = cast_struct(t, schema, plan, schema->default_value, arena, &def);
        d.def.default_value = &def;
    }
    if (err) {
        tf_draft_deinit(&d);
        return err;
    }
    return tf_draft_build(&d, &plan->out);
}

static sl_error *make_whole(const caster *t, const sl_schema *schema, cast_plan *plan, sl_arena *arena) {
    sl_value def;
    sl_schema s = tf_copy_basics(schema);
    s.type = t->whole;
    s.optional = schema->optional;
    s.fields = NULL;
    s.nfields = 0;
    s.key = NULL;
    s.element = NULL;
    if (schema->default_value) {
        SL_TRY(cast_value(SL_STR("(the whole)"), schema, schema->default_value, t->whole, arena, &def));
        s.default_value = &def;
    }
    return t->host->schema_intern(&s, &plan->out);
}

static sl_error *make_plan(caster *t, const sl_schema *schema, cast_plan **out) {
    sl_arena arena;
    cast_plan *plan = sl_calloc(1, sizeof *plan + schema->nfields * sizeof plan->to[0]);
    *out = plan;
    if (!plan) {
        return sl_error_nomem();
    }
    sl_arena_init(&arena, 0);
    sl_error *err = t->whole ? make_whole(t, schema, plan, &arena) : make_struct(t, schema, plan, &arena);
    sl_arena_deinit(&arena);
    if (err) {
        free_plan(t->host, plan);
        *out = NULL;
        return err;
    }
    return schema_cache_put(&t->plans, schema, plan);
}

/* ---- records ---- */

static sl_error *cast_map(const caster *t, const sl_value *in, sl_arena *arena, sl_value *out) {
    sl_value v;
    SL_TRY(tf_require_map(in, PURPOSE));
    SL_TRY(tf_map_copy(arena, in, t->n, out));
    for (size_t i = 0; i < t->n; i++) {
        const sl_value *old = sl_map_get(in, t->fields[i].field);
        v = sl_null();
        if (old) {
            SL_TRY(cast_value(t->fields[i].field, NULL, old, t->fields[i].to, arena, &v));
        }
        tf_map_put(out, t->fields[i].field, v);
    }
    return NULL;
}

static sl_error *cast_apply(void *state, sl_batch *batch, sl_record *rec) {
    caster *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    const sl_value *in = tf_value(rec, t->side);
    cast_plan *plan = NULL;
    sl_value v;
    if (sl_is_null(in)) {
        return NULL;
    }
    if (schema && !t->whole) {
        SL_TRY(tf_require_struct(schema, in, PURPOSE));
    }
    if (schema) {
        plan = schema_cache_get(&t->plans, schema);
        if (!plan) {
            SL_TRY(make_plan(t, schema, &plan));
        }
    }
    if (t->whole) {
        SL_TRY(cast_value(SL_STR("(the whole)"), schema, in, t->whole, &batch->arena, &v));
    } else if (schema) {
        SL_TRY(cast_struct(t, schema, plan, in, &batch->arena, &v));
    } else {
        SL_TRY(cast_map(t, in, &batch->arena, &v));
    }
    tf_set(batch, rec, t->side, plan ? plan->out : NULL, v);
    return NULL;
}

static const sl_transform_ops ops = {.open = cast_open, .apply = cast_apply, .close = cast_close};

TF_DEF_SIDES(cast, "cast", "Cast", "Casts fields, or the whole, to another type.", rows, settings, ops);
