/*
 * timestamp_converter.c - TimestampConverter: a time in another form: text, Unix time, Date, Time or
 * Timestamp.
 *
 * Without a schema a 64-bit number is Unix time, and Date, Time and Timestamp come out as the numbers that
 * they are. Null stays null. Memory: see transform.h.
 */
#include "draft.h"
#include "java_time.h"
#include "schema_cache.h"
#include "simple_date.h"
#include "transforms.h"

#define PURPOSE "converting a timestamp"
#define NAME(word) "org.apache.kafka.connect.data." word

typedef enum form { FORM_STRING, FORM_UNIX, FORM_DATE, FORM_TIME, FORM_TIMESTAMP } form;
typedef enum precision { SECONDS, MILLISECONDS, MICROSECONDS, NANOSECONDS } precision;

typedef struct settings {
    sl_str field;
    int target;
    sl_str format;
    int precision;
    bool replace_null;
} settings;

typedef struct converter {
    const settings *set;
    const sl_host *host;
    tf_side side;
    simple_date *format; /* NULL = none */
    schema_cache plans;  /* of time_plan */
} converter;

typedef struct time_plan {
    const sl_schema *out; /* holds a reference */
    int32_t index;        /* of the field; -1 = the whole, or not there */
    bool known;           /* from is valid: the schema says a form */
    form from;
} time_plan;

static const sl_config_enum targets[] = {{"string", FORM_STRING},       {"unix", FORM_UNIX},
                                         {"Date", FORM_DATE},           {"Time", FORM_TIME},
                                         {"Timestamp", FORM_TIMESTAMP}, {NULL, 0}};
static const sl_config_enum precisions[] = {{"nanoseconds", NANOSECONDS},
                                            {"microseconds", MICROSECONDS},
                                            {"milliseconds", MILLISECONDS},
                                            {"seconds", SECONDS},
                                            {NULL, 0}};

static const sl_config_row rows[] = {
    {.name = "field",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .importance = SL_HIGH,
     .doc = "The field with the time. Empty: the whole is the time.",
     .field = SL_FIELD(settings, field)},
    {.name = "target.type",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The form that the time gets.",
     .enums = targets,
     .field = SL_FIELD(settings, target)},
    {.name = "format",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .importance = SL_MEDIUM,
     .doc = "How texts are written and read: a pattern of java.text.SimpleDateFormat. The time zone is UTC.",
     .check = tf_check_date_format,
     .field = SL_FIELD(settings, format)},
    {.name = "unix.precision",
     .type = SL_CONFIG_STRING,
     .default_value = "milliseconds",
     .importance = SL_LOW,
     .doc = "The unit of Unix times, written and read. What is below a millisecond is lost.",
     .enums = precisions,
     .field = SL_FIELD(settings, precision)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
};

static bool is_blank(sl_str s) {
    return sl_str_trim(s).n == 0;
}

static void converter_validate(const sl_context *ctx, sl_config_report *report) {
    const settings *set = ctx->settings;
    if (sl_config_get(ctx->config, SL_STR("target.type")).p && set->target == FORM_STRING &&
        is_blank(set->format)) {
        sl_config_report_add(
            report, SL_SEV_ERROR, SL_STR("format"),
            "missing: expected a pattern of java.text.SimpleDateFormat, since 'target.type' is string");
    }
}

static void free_plan(const sl_host *host, void *plan) {
    time_plan *p = plan;
    if (p) {
        host->schema_unref(p->out);
        sl_free(p);
    }
}

static void converter_close(void *state) {
    converter *t = state;
    schema_cache_deinit(&t->plans);
    simple_date_free(t->format);
    sl_free(t);
}

static sl_error *converter_open(const sl_context *ctx, void **state) {
    converter *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->host = ctx->host;
    t->side = (tf_side)ctx->variant;
    schema_cache_init(&t->plans, ctx->host, free_plan);
    sl_error *err = is_blank(t->set->format) ? NULL : simple_date_new(t->set->format, &t->format);
    if (!err && !t->format && t->set->target == FORM_STRING) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "'format': missing, since 'target.type' is string");
    }
    if (err) {
        converter_close(t);
        return err;
    }
    *state = t;
    return NULL;
}

/* ---- one time ---- */

static int64_t times(int64_t v, int64_t by) {
    int64_t out;
    return __builtin_mul_overflow(v, by, &out) ? (v < 0 ? INT64_MIN : INT64_MAX) : out;
}

static int64_t unix_to_ms(int64_t v, int unit) {
    return unit == SECONDS        ? times(v, 1000)
           : unit == MICROSECONDS ? v / 1000
           : unit == NANOSECONDS  ? v / 1000000
                                  : v;
}

static int64_t ms_to_unix(int64_t ms, int unit) {
    return unit == SECONDS        ? ms / 1000
           : unit == MICROSECONDS ? times(ms, 1000)
           : unit == NANOSECONDS  ? times(ms, 1000000)
                                  : ms;
}

/* what names the field in messages. */
static sl_str what(const converter *t) {
    return t->set->field.n ? t->set->field : SL_STR("(the whole)");
}

static sl_error *read_text(const converter *t, const sl_value *v, int64_t *ms) {
    if (!t->format) {
        return tf_bad(PURPOSE
                      ": field '%.*s' is a text, expected a setting 'format' that says how to read it",
                      SL_STR_ARG(what(t)));
    }
    if (!simple_date_parse(t->format, sl_value_str(v), ms)) {
        return tf_bad(PURPOSE ": field '%.*s' has a text that does not fit the pattern '%.*s'",
                      SL_STR_ARG(what(t)), SL_STR_ARG(simple_date_pattern(t->format)));
    }
    return NULL;
}

static sl_error *read_time(const converter *t, form from, const sl_value *v, int64_t *ms) {
    bool fits = from == FORM_STRING ? v->type == SL_STRING : sl_is_int(v);
    if (!fits) {
        return tf_bad(PURPOSE ": field '%.*s' is of type %s, expected %s", SL_STR_ARG(what(t)), tf_kind(v),
                      from == FORM_STRING ? "STRING" : "a number");
    }
    switch (from) {
    case FORM_STRING:
        return read_text(t, v, ms);
    case FORM_UNIX:
        *ms = unix_to_ms(v->i, t->set->precision);
        break;
    case FORM_DATE:
        *ms = times(v->i, MS_PER_DAY);
        break;
    default:
        *ms = v->i;
        break;
    }
    return NULL;
}

static sl_error *write_time(const converter *t, int64_t ms, sl_arena *arena, sl_value *out) {
    int64_t days = java_floor_div(ms, MS_PER_DAY);
    sl_buf b;
    switch ((form)t->set->target) {
    case FORM_UNIX:
        *out = sl_int64(ms_to_unix(ms, t->set->precision));
        return NULL;
    case FORM_DATE:
        *out = sl_int32(days);
        return days == (int32_t)days
                   ? NULL
                   : tf_bad(PURPOSE ": field '%.*s' is out of the range of a Date", SL_STR_ARG(what(t)));
    case FORM_TIME:
        *out = sl_int32(ms - days * MS_PER_DAY);
        return NULL;
    case FORM_TIMESTAMP:
        *out = sl_int64(ms);
        return NULL;
    case FORM_STRING:
        break;
    }
    sl_buf_init(&b, arena);
    simple_date_write(t->format, &b, ms);
    bool failed = b.failed;
    *out = sl_string(sl_buf_take(&b));
    return failed ? sl_error_nomem() : NULL;
}

static sl_error *convert(const converter *t, form from, const sl_value *v, sl_arena *arena, sl_value *out) {
    int64_t ms = 0;
    if (sl_is_null(v)) {
        *out = sl_null();
        return NULL;
    }
    SL_TRY(read_time(t, from, v, &ms));
    return write_time(t, ms, arena, out);
}

/* ---- schemas ---- */

static bool form_of(const sl_schema *s, form *out) {
    switch (s->logical) {
    case SL_LOGICAL_TIMESTAMP:
        *out = FORM_TIMESTAMP;
        return true;
    case SL_LOGICAL_DATE:
        *out = FORM_DATE;
        return true;
    case SL_LOGICAL_TIME:
        *out = FORM_TIME;
        return true;
    default:
        *out = s->type == SL_STRING ? FORM_STRING : FORM_UNIX;
        return s->type == SL_STRING || s->type == SL_INT64;
    }
}

static sl_error *target_schema(const converter *t, bool optional, const sl_schema **out) {
    switch ((form)t->set->target) {
    case FORM_DATE:
        return sl_schema_named(t->host, SL_INT32, optional, NAME("Date"), 1, out);
    case FORM_TIME:
        return sl_schema_named(t->host, SL_INT32, optional, NAME("Time"), 1, out);
    case FORM_TIMESTAMP:
        return sl_schema_named(t->host, SL_INT64, optional, NAME("Timestamp"), 1, out);
    case FORM_UNIX:
        return sl_schema_simple(t->host, SL_INT64, optional, out);
    case FORM_STRING:
        break;
    }
    return sl_schema_simple(t->host, SL_STRING, optional, out);
}

static sl_error *unknown_form(const converter *t, const sl_schema *s) {
    return tf_bad(
        PURPOSE ": field '%.*s' is of type %s%s%.*s, expected Timestamp, Date, Time, STRING or INT64",
        SL_STR_ARG(what(t)), sl_type_name(s->type), s->name.n ? " named " : "", SL_STR_ARG(s->name));
}

static sl_error *convert_struct(const converter *t, const sl_schema *schema, const time_plan *plan,
                                const sl_value *in, sl_arena *arena, sl_value *out) {
    sl_value v = sl_value_alloc(arena, SL_STRUCT, in->n);
    if (sl_is_null(&v)) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < in->n; i++) {
        v.items[i] =
            t->set->replace_null ? *tf_defaulted(schema->fields[i].schema, &in->items[i]) : in->items[i];
    }
    if (plan->index >= 0 && !plan->known) {
        return unknown_form(t, schema->fields[plan->index].schema);
    }
    if (plan->index >= 0) {
        sl_value *item = &v.items[plan->index];
        SL_TRY(convert(t, plan->from, item, arena, item));
    }
    *out = v;
    return NULL;
}

static sl_error *make_struct(const converter *t, const sl_schema *schema, time_plan *plan, sl_arena *arena) {
    tf_draft d;
    sl_value def;
    sl_error *err = NULL;
    tf_draft_init(&d, t->host, schema);
    for (uint32_t i = 0; !err && i < schema->nfields; i++) {
        const sl_field *f = &schema->fields[i];
        const sl_schema *made = NULL;
        if (!sl_str_eq(f->name, t->set->field)) {
            tf_draft_add(&d, f->name, f->schema);
            continue;
        }
        plan->index = (int32_t)i;
        plan->known = form_of(f->schema, &plan->from);
        err = target_schema(t, f->schema->optional, &made);
        if (!err) {
            tf_draft_add_owned(&d, f->name, made);
        }
    }
    d.def.optional = schema->optional;
    if (!err && schema->default_value) {
        err = convert_struct(t, schema, plan, schema->default_value, arena, &def);
        d.def.default_value = &def;
    }
    if (err) {
        tf_draft_deinit(&d);
        return err;
    }
    return tf_draft_build(&d, &plan->out);
}

static sl_error *fill_plan(const converter *t, const sl_schema *schema, time_plan *plan) {
    sl_arena arena;
    if (t->set->field.n == 0) {
        plan->known = form_of(schema, &plan->from);
        return plan->known ? target_schema(t, schema->optional, &plan->out) : unknown_form(t, schema);
    }
    if (schema->type != SL_STRUCT) {
        return tf_bad(PURPOSE ": expected a struct with the field '%.*s', found the schema %s",
                      SL_STR_ARG(what(t)), sl_type_name(schema->type));
    }
    sl_arena_init(&arena, 0);
    sl_error *err = make_struct(t, schema, plan, &arena);
    sl_arena_deinit(&arena);
    return err;
}

static sl_error *make_plan(converter *t, const sl_schema *schema, time_plan **out) {
    time_plan *plan = sl_calloc(1, sizeof *plan);
    *out = NULL;
    if (!plan) {
        return sl_error_nomem();
    }
    plan->index = -1;
    sl_error *err = fill_plan(t, schema, plan);
    if (err) {
        free_plan(t->host, plan);
        return err;
    }
    *out = plan;
    return schema_cache_put(&t->plans, schema, plan);
}

/* ---- records ---- */

/* guess tells the form of a value without a schema. */
static sl_error *guess(const converter *t, const sl_value *v, form *out) {
    *out = v->type == SL_STRING ? FORM_STRING : FORM_UNIX;
    if (sl_is_null(v) || v->type == SL_STRING || v->type == SL_INT64) {
        return NULL;
    }
    return tf_bad(PURPOSE ": field '%.*s' is of type %s, expected STRING or INT64", SL_STR_ARG(what(t)),
                  tf_kind(v));
}

static sl_error *convert_schemaless(const converter *t, const sl_value *in, sl_arena *arena, sl_value *out) {
    form from;
    sl_value v = sl_null();
    if (sl_is_null(in) || t->set->field.n == 0) {
        SL_TRY(guess(t, in, &from));
        return convert(t, from, in, arena, out);
    }
    SL_TRY(tf_require_map(in, PURPOSE));
    SL_TRY(tf_map_copy(arena, in, 1, out));
    const sl_value *old = sl_map_get(in, t->set->field);
    if (old) {
        SL_TRY(guess(t, old, &from));
        SL_TRY(convert(t, from, old, arena, &v));
    }
    tf_map_put(out, t->set->field, v);
    return NULL;
}

static sl_error *converter_apply(void *state, sl_batch *batch, sl_record *rec) {
    converter *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    const sl_value *in = tf_value(rec, t->side);
    time_plan *plan = schema ? schema_cache_get(&t->plans, schema) : NULL;
    sl_value v = sl_null();
    if (schema && !plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    if (!schema) {
        SL_TRY(convert_schemaless(t, in, &batch->arena, &v));
    } else if (t->set->field.n == 0) {
        SL_TRY(convert(t, plan->from, in, &batch->arena, &v));
    } else if (!sl_is_null(in)) {
        SL_TRY(tf_require_struct(schema, in, PURPOSE));
        SL_TRY(convert_struct(t, schema, plan, in, &batch->arena, &v));
    }
    tf_set(batch, rec, t->side, plan ? plan->out : NULL, v);
    return NULL;
}

static const sl_transform_ops ops = {
    .validate = converter_validate,
    .open = converter_open,
    .apply = converter_apply,
    .close = converter_close,
};

TF_DEF_SIDES(timestamp_converter, "timestamp-converter", "TimestampConverter",
             "Converts a time between text, Unix time, Date, Time and Timestamp.", rows, settings, ops);
