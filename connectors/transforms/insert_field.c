/*
 * insert_field.c - InsertField: fields with the record's topic, partition, offset, timestamp or a fixed text.
 *
 * As in Kafka Connect, the struct that comes out is never optional and has no default value, and null values
 * pass. Memory: see transform.h.
 */
#include "draft.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "inserting fields"

typedef enum insertion_kind {
    INSERT_TOPIC,
    INSERT_PARTITION,
    INSERT_OFFSET,
    INSERT_TIMESTAMP,
    INSERT_STATIC,
    KINDS
} insertion_kind;

typedef struct settings {
    sl_str field[KINDS];
    sl_str static_value;
    bool replace_null;
} settings;

typedef struct insertion {
    insertion_kind kind;
    sl_str name;
    bool optional;
} insertion;

typedef struct inserter {
    const settings *set;
    const sl_host *host;
    tf_side side;
    insertion fields[KINDS];
    uint32_t n;
    schema_cache plans; /* of tf_plan: the new fields are the last n */
} inserter;

#define OPTIONALITY " A '!' at the end makes it required, a '?' (or nothing) optional."
#define FIELD_ROW(key, kind, text)                                                                           \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .doc = text OPTIONALITY,             \
        .field = SL_FIELD(settings, field[kind]),                                                            \
    }

static const sl_config_row rows[] = {
    FIELD_ROW("topic.field", INSERT_TOPIC, "Name of the field for the topic."),
    FIELD_ROW("partition.field", INSERT_PARTITION, "Name of the field for the partition."),
    FIELD_ROW("offset.field", INSERT_OFFSET, "Name of the field for the offset; in sink connectors only."),
    FIELD_ROW("timestamp.field", INSERT_TIMESTAMP, "Name of the field for the record's timestamp."),
    FIELD_ROW("static.field", INSERT_STATIC, "Name of the field for a fixed text."),
    {.name = "static.value",
     .type = SL_CONFIG_STRING,
     .importance = SL_MEDIUM,
     .doc = "The fixed text.",
     .field = SL_FIELD(settings, static_value)},
    TF_REPLACE_NULL_ROW(settings, replace_null),
};

static void insert_validate(const sl_context *ctx, sl_config_report *report) {
    const settings *set = ctx->settings;
    size_t n = 0;
    for (int i = 0; i < KINDS; i++) {
        n += set->field[i].p != NULL;
    }
    if (n == 0) {
        sl_config_report_add(
            report, SL_SEV_ERROR, SL_STR_NONE,
            "no field to insert: expected at least one of topic.field, partition.field, offset.field, "
            "timestamp.field and static.field");
    }
    if (set->field[INSERT_STATIC].p && !set->static_value.p) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("static.value"),
                             "missing: expected the text for the field '%.*s'",
                             SL_STR_ARG(set->field[INSERT_STATIC]));
    }
}

static sl_error *insert_open(const sl_context *ctx, void **state) {
    inserter *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->host = ctx->host;
    t->side = (tf_side)ctx->variant;
    schema_cache_init(&t->plans, ctx->host, tf_plan_free);
    for (int i = 0; i < KINDS; i++) {
        sl_str name = t->set->field[i];
        if (!name.p) {
            continue;
        }
        bool marked = sl_str_ends(name, SL_STR("!")) || sl_str_ends(name, SL_STR("?"));
        t->fields[t->n++] = (insertion){(insertion_kind)i, sl_str_make(name.p, name.n - marked),
                                        !sl_str_ends(name, SL_STR("!"))};
    }
    *state = t;
    return NULL;
}

static void insert_close(void *state) {
    inserter *t = state;
    schema_cache_deinit(&t->plans);
    sl_free(t);
}

static void add_field(tf_draft *d, const insertion *f) {
    const sl_schema *timestamp = NULL;
    sl_error *err;
    switch (f->kind) {
    case INSERT_PARTITION:
        tf_draft_add_simple(d, f->name, SL_INT32, f->optional);
        break;
    case INSERT_OFFSET:
        tf_draft_add_simple(d, f->name, SL_INT64, f->optional);
        break;
    case INSERT_TIMESTAMP:
        err = sl_schema_named(d->host, SL_INT64, f->optional, "org.apache.kafka.connect.data.Timestamp", 1,
                              &timestamp);
        if (err) {
            tf_draft_fail(d, err);
        } else {
            tf_draft_add_owned(d, f->name, timestamp);
        }
        break;
    default:
        tf_draft_add_simple(d, f->name, SL_STRING, f->optional);
        break;
    }
}

static sl_error *make_plan(inserter *t, const sl_schema *schema, tf_plan **out) {
    tf_draft d;
    tf_plan *plan = tf_plan_new(schema->nfields + t->n);
    *out = plan;
    if (!plan) {
        return sl_error_nomem();
    }
    tf_draft_init(&d, t->host, schema);
    for (uint32_t i = 0; i < schema->nfields; i++) {
        tf_draft_add(&d, schema->fields[i].name, schema->fields[i].schema);
        plan->from[i] = (int32_t)i;
    }
    for (uint32_t i = 0; i < t->n; i++) {
        add_field(&d, &t->fields[i]);
    }
    sl_error *err = tf_draft_build(&d, &plan->out);
    if (err) {
        tf_plan_free(t->host, plan);
        *out = NULL;
        return sl_error_wrap(err, PURPOSE);
    }
    return schema_cache_put(&t->plans, schema, plan);
}

/* inserted gives the value for a field: null where the record has none. */
static sl_error *inserted(const inserter *t, const insertion *f, const sl_record *rec, sl_value *out) {
    *out = sl_null();
    switch (f->kind) {
    case INSERT_TOPIC:
        *out = sl_string(rec->topic);
        break;
    case INSERT_PARTITION:
        *out = rec->partition == SL_NO_PARTITION ? sl_null() : sl_int32(rec->partition);
        break;
    case INSERT_OFFSET:
        if (!rec->kafka_topic.p) {
            return tf_bad(
                PURPOSE
                ": 'offset.field' expected a record that a sink read from Kafka; remove the setting from "
                "a source connector");
        }
        *out = sl_int64(rec->kafka_offset);
        break;
    case INSERT_TIMESTAMP:
        *out = rec->timestamp == SL_NO_TIMESTAMP ? sl_null() : sl_int64(rec->timestamp);
        break;
    default:
        *out = sl_string(t->set->static_value);
        break;
    }
    return NULL;
}

static sl_error *insert_in_map(const inserter *t, sl_batch *batch, sl_record *rec) {
    sl_value map, v;
    const sl_value *in = tf_value(rec, t->side);
    SL_TRY(tf_require_map(in, PURPOSE));
    SL_TRY(tf_map_copy(&batch->arena, in, t->n, &map));
    for (uint32_t i = 0; i < t->n; i++) {
        SL_TRY(inserted(t, &t->fields[i], rec, &v));
        if (!sl_is_null(&v)) {
            tf_map_put(&map, t->fields[i].name, v);
        }
    }
    tf_set(batch, rec, t->side, NULL, map);
    return NULL;
}

static sl_error *insert_in_struct(inserter *t, const sl_schema *schema, sl_batch *batch, sl_record *rec) {
    sl_value v;
    const sl_value *in = tf_value(rec, t->side);
    tf_plan *plan = schema_cache_get(&t->plans, schema);
    SL_TRY(tf_require_struct(schema, in, PURPOSE));
    if (!plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    SL_TRY(tf_plan_apply(plan, in, t->set->replace_null, &batch->arena, &v));
    for (uint32_t i = 0; i < t->n; i++) {
        SL_TRY(inserted(t, &t->fields[i], rec, &v.items[plan->n - t->n + i]));
    }
    tf_set(batch, rec, t->side, plan->out, v);
    return NULL;
}

static sl_error *insert_apply(void *state, sl_batch *batch, sl_record *rec) {
    inserter *t = state;
    const sl_schema *schema = tf_schema(rec, t->side);
    if (sl_is_null(tf_value(rec, t->side))) {
        return NULL;
    }
    return schema ? insert_in_struct(t, schema, batch, rec) : insert_in_map(t, batch, rec);
}

static const sl_transform_ops ops = {
    .validate = insert_validate,
    .open = insert_open,
    .apply = insert_apply,
    .close = insert_close,
};

TF_DEF_SIDES(insert_field, "insert-field", "InsertField",
             "Adds fields with the record's topic, partition, offset, timestamp or a fixed text.", rows,
             settings, ops);
