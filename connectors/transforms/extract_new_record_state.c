/*
 * extract_new_record_state.c - ExtractNewRecordState: Debezium's change events become the rows that they are
 * about.
 *
 * What is no envelope (its schema's name does not end in ".Envelope") passes; an envelope without before and
 * after (a truncate) is dropped. The rows that come out are never optional, whatever the envelope says, as
 * Debezium has it.
 *
 * All that depends on the envelope's schema is worked out once for each schema: where before and after are,
 * the new schema for rows and for deleted rows, where the added fields and headers come from. Memory: see
 * transform.h.
 *
 * Follows io.debezium.transforms.ExtractNewRecordState (Debezium 3.5).
 */
#include "drop_fields.h"
#include "envelope.h"
#include "schema_cache.h"
#include "transforms.h"

#define PURPOSE "extracting the new record state"
#define DELETED "__deleted"

typedef enum delete_mode {
    MODE_DROP,
    MODE_TOMBSTONE,
    MODE_REWRITE,
    MODE_REWRITE_WITH_TOMBSTONE,
    MODE_DELETE_TO_TOMBSTONE
} delete_mode;

typedef struct settings {
    int mode;
    sl_str route_by_field;
    sl_str fields_prefix;
    sl_str_list fields;
    sl_str headers_prefix;
    sl_str_list headers;
    sl_str drop_header;
    bool drop_from_key;
    bool drop_compatible;
    bool replace_null;
} settings;

/* What becomes of one half of the envelope: before (deleted rows) or after. */
typedef struct row_plan {
    int32_t index;        /* in the envelope; -1 = not there */
    const sl_schema *row; /* its schema, borrowed from the envelope's */
    const sl_schema *out; /* with what is added; holds a reference; NULL = this half is never the result */
    int32_t route;        /* the field that route.by.field names; -1 = none */
} row_plan;

typedef struct unwrap_plan {
    row_plan before, after;
    envelope_found *fields;  /* for each of add.fields */
    envelope_found *headers; /* for each of add.headers */
    uint32_t nfields, nheaders;
    uint32_t nadded; /* fields that are there */
} unwrap_plan;

typedef struct unwrapper {
    const settings *set;
    const sl_host *host;
    bool rewrites;
    sl_arena arena;
    envelope_refs fields;
    envelope_refs headers;
    const sl_schema *string; /* of the header of tombstones */
    schema_cache plans;      /* of unwrap_plan */
    drop_fields drops;
} unwrapper;

static const sl_config_enum modes[] = {
    {"drop", MODE_DROP},
    {"tombstone", MODE_TOMBSTONE},
    {"rewrite", MODE_REWRITE},
    {"rewrite-with-tombstone", MODE_REWRITE_WITH_TOMBSTONE},
    {"delete-to-tombstone", MODE_DELETE_TO_TOMBSTONE},
    {NULL, 0},
};

/* check_refs looks at a list of fields to add. */
static const char *check_refs(const sl_config_row *row, sl_str value, sl_arena *arena) {
    sl_str rest = value;
    sl_str item;
    (void)row;
    while (value.n && sl_str_next(&rest, ',', &item)) {
        sl_str one = sl_str_trim(item);
        sl_str_list list = {&one, 1};
        envelope_refs refs;
        const char *wrong = envelope_refs_parse(&list, SL_STR(""), arena, &refs);
        if (wrong) {
            return wrong;
        }
    }
    return NULL;
}

static const sl_config_row rows[] = {
    {.name = "delete.tombstone.handling.mode",
     .type = SL_CONFIG_STRING,
     .default_value = "tombstone",
     .importance = SL_MEDIUM,
     .doc = "What becomes of a delete event and of the tombstone behind it. drop: both go. tombstone: the "
            "delete becomes a tombstone, "
            "the other goes. rewrite: the delete becomes the old row with __deleted true (all others have it "
            "false), the "
            "tombstone goes. rewrite-with-tombstone: the same, and the tombstone stays. delete-to-tombstone: "
            "as tombstone, but "
            "without a value schema.",
     .enums = modes,
     .field = SL_FIELD(settings, mode)},
    {.name = "route.by.field",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .importance = SL_LOW,
     .doc = "A column of type string whose value becomes the topic.",
     .field = SL_FIELD(settings, route_by_field)},
    {.name = "add.fields.prefix",
     .type = SL_CONFIG_STRING,
     .default_value = "__",
     .importance = SL_LOW,
     .doc = "What the names of added fields begin with.",
     .field = SL_FIELD(settings, fields_prefix)},
    {.name = "add.fields",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_LOW,
     .doc = "Fields of the envelope to add to the row, as in op,source.ts_ms,transaction.id. The new name is "
            "the prefix and the "
            "field's (struct_field for struct.field), or what stands behind a colon, as in "
            "source.ts_ms:EVENT_TIMESTAMP.",
     .check = check_refs,
     .field = SL_FIELD(settings, fields)},
    {.name = "add.headers.prefix",
     .type = SL_CONFIG_STRING,
     .default_value = "__",
     .importance = SL_LOW,
     .doc = "What the names of added headers begin with.",
     .field = SL_FIELD(settings, headers_prefix)},
    {.name = "add.headers",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_LOW,
     .doc = "Fields of the envelope to add as headers; written as in add.fields.",
     .check = check_refs,
     .field = SL_FIELD(settings, headers)},
    {.name = "drop.fields.header.name",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "The header that has a list of fields to leave out of the row.",
     .field = SL_FIELD(settings, drop_header)},
    {.name = "drop.fields.from.key",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_LOW,
     .doc = "Whether these fields are left out of the key as well.",
     .field = SL_FIELD(settings, drop_from_key)},
    {.name = "drop.fields.keep.schema.compatible",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_LOW,
     .doc = "Whether only optional fields are left out, so that the schema stays compatible.",
     .field = SL_FIELD(settings, drop_compatible)},
    {.name = "replace.null.with.default",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_LOW,
     .doc =
         "In the rewriting modes: whether a null column whose schema has a default value takes that value.",
     .field = SL_FIELD(settings, replace_null)},
    {.name = "drop.tombstones",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "A setting of Debezium before 3.0.",
     .support = SL_WARNED,
     .remedy = "Debezium 3 does not read it; use 'delete.tombstone.handling.mode'"},
    {.name = "delete.handling.mode",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "A setting of Debezium before 3.0.",
     .support = SL_WARNED,
     .remedy = "Debezium 3 does not read it; use 'delete.tombstone.handling.mode'"},
};

/* ---- open, close ---- */

static void free_found(const sl_host *host, envelope_found *items, uint32_t n) {
    for (uint32_t i = 0; items && i < n; i++) {
        host->schema_unref(items[i].schema);
    }
    sl_free(items);
}

static void free_plan(const sl_host *host, void *plan) {
    unwrap_plan *p = plan;
    if (p) {
        free_found(host, p->fields, p->nfields);
        free_found(host, p->headers, p->nheaders);
        host->schema_unref(p->before.out);
        host->schema_unref(p->after.out);
        sl_free(p);
    }
}

static void unwrap_close(void *state) {
    unwrapper *t = state;
    schema_cache_deinit(&t->plans);
    drop_fields_deinit(&t->drops);
    t->host->schema_unref(t->string);
    sl_arena_deinit(&t->arena);
    sl_free(t);
}

static sl_error *parse_refs(unwrapper *t) {
    const char *wrong = envelope_refs_parse(&t->set->fields, t->set->fields_prefix, &t->arena, &t->fields);
    const char *key = "add.fields";
    if (!wrong) {
        wrong = envelope_refs_parse(&t->set->headers, t->set->headers_prefix, &t->arena, &t->headers);
        key = "add.headers";
    }
    if (t->arena.failed) {
        return sl_error_nomem();
    }
    return wrong ? sl_error_new(SL_E_CONFIG, SL_USER, "'%s': %s", key, wrong) : NULL;
}

static sl_error *unwrap_open(const sl_context *ctx, void **state) {
    unwrapper *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->set = ctx->settings;
    t->host = ctx->host;
    t->rewrites = t->set->mode == MODE_REWRITE || t->set->mode == MODE_REWRITE_WITH_TOMBSTONE;
    sl_arena_init(&t->arena, 0);
    schema_cache_init(&t->plans, ctx->host, free_plan);
    drop_fields_init(&t->drops, ctx->host, t->set->drop_compatible);
    sl_error *err = parse_refs(t);
    if (!err) {
        err = sl_schema_simple(ctx->host, SL_STRING, false, &t->string);
    }
    if (err) {
        unwrap_close(t);
        return err;
    }
    *state = t;
    return NULL;
}

/* ---- plans ---- */

static sl_error *find_all(const unwrapper *t, const sl_schema *envelope, const envelope_refs *refs,
                          envelope_found **items, uint32_t *n) {
    *items = sl_calloc(refs->n + 1, sizeof **items);
    if (!*items) {
        return sl_error_nomem();
    }
    for (; *n < refs->n; (*n)++) {
        SL_TRY(envelope_find(t->host, envelope, &refs->items[*n], &(*items)[*n]));
    }
    return NULL;
}

/* make_row interns the schema of a half with __deleted (when rewriting) and the added fields. */
static sl_error *make_row(const unwrapper *t, const unwrap_plan *plan, row_plan *half) {
    tf_draft d;
    tf_draft_init(&d, t->host, half->row);
    for (uint32_t i = 0; i < half->row->nfields; i++) {
        tf_draft_add(&d, half->row->fields[i].name, half->row->fields[i].schema);
    }
    if (t->rewrites) {
        tf_draft_add_simple(&d, SL_STR(DELETED), SL_STRING, true);
    }
    for (uint32_t i = 0; i < plan->nfields; i++) {
        if (plan->fields[i].schema) {
            tf_draft_add(&d, t->fields.items[i].new_name, plan->fields[i].schema);
        }
    }
    return tf_draft_build(&d, &half->out);
}

static void find_half(const unwrapper *t, const sl_schema *envelope, sl_str name, row_plan *half) {
    half->index = sl_schema_field(envelope, name);
    half->row = half->index >= 0 ? envelope->fields[half->index].schema : NULL;
    half->route =
        half->row && t->set->route_by_field.n ? sl_schema_field(half->row, t->set->route_by_field) : -1;
}

static sl_error *fill_plan(const unwrapper *t, const sl_schema *envelope, unwrap_plan *plan) {
    find_half(t, envelope, SL_STR("before"), &plan->before);
    find_half(t, envelope, SL_STR("after"), &plan->after);
    SL_TRY(find_all(t, envelope, &t->fields, &plan->fields, &plan->nfields));
    SL_TRY(find_all(t, envelope, &t->headers, &plan->headers, &plan->nheaders));
    for (uint32_t i = 0; i < plan->nfields; i++) {
        plan->nadded += plan->fields[i].schema != NULL;
    }
    if (plan->after.row && plan->after.row->type == SL_STRUCT) {
        SL_TRY(make_row(t, plan, &plan->after));
    }
    if (t->rewrites && plan->before.row && plan->before.row->type == SL_STRUCT) {
        SL_TRY(make_row(t, plan, &plan->before));
    }
    return NULL;
}

static sl_error *make_plan(unwrapper *t, const sl_schema *envelope, unwrap_plan **out) {
    unwrap_plan *plan = sl_calloc(1, sizeof *plan);
    *out = plan;
    sl_error *err = plan ? fill_plan(t, envelope, plan) : sl_error_nomem();
    if (err) {
        free_plan(t->host, plan);
        *out = NULL;
        return sl_error_wrap(err, PURPOSE);
    }
    return schema_cache_put(&t->plans, envelope, plan);
}

/* ---- headers ---- */

static sl_error *add_headers(const unwrapper *t, const unwrap_plan *plan, const sl_value *envelope,
                             sl_batch *batch, sl_record *rec) {
    for (uint32_t i = 0; i < plan->nheaders; i++) {
        const envelope_found *f = &plan->headers[i];
        if (f->schema && !sl_record_add_header(batch, rec, t->headers.items[i].new_name, f->schema,
                                               envelope_get(f, envelope))) {
            return sl_error_nomem();
        }
    }
    return NULL;
}

/* handle_tombstone: with a header for the operation asked for, it says "d". */
static sl_error *handle_tombstone(const unwrapper *t, sl_batch *batch, sl_record *rec) {
    for (size_t i = 0; i < t->headers.n; i++) {
        const envelope_ref *ref = &t->headers.items[i];
        if (sl_str_eqz(ref->field, "op") &&
            !sl_record_add_header(batch, rec, ref->new_name, t->string, sl_string(SL_STR("d")))) {
            return sl_error_nomem();
        }
    }
    rec->dropped = t->set->mode != MODE_REWRITE_WITH_TOMBSTONE;
    return NULL;
}

/* ---- dropping fields ---- */

static sl_error *find_names(const unwrapper *t, const sl_record *rec, const sl_value **names) {
    *names = NULL;
    for (uint32_t i = 0; t->set->drop_header.n && i < rec->nheaders; i++) {
        if (sl_str_eq(rec->headers[i].name, t->set->drop_header)) {
            *names = &rec->headers[i].value;
            break;
        }
    }
    if (!*names || sl_is_null(*names) || ((*names)->type == SL_ARRAY && (*names)->n == 0)) {
        *names = NULL;
        return NULL;
    }
    for (uint32_t i = 0; (*names)->type == SL_ARRAY && i < (*names)->n; i++) {
        if ((*names)->items[i].type != SL_STRING) {
            return tf_bad(PURPOSE ": header '%.*s' expected a list of strings, found an item of type %s",
                          SL_STR_ARG(t->set->drop_header), tf_kind(&(*names)->items[i]));
        }
    }
    return (*names)->type == SL_ARRAY
               ? NULL
               : tf_bad(PURPOSE ": header '%.*s' expected a list of names of fields, found %s",
                        SL_STR_ARG(t->set->drop_header), tf_kind(*names));
}

static sl_error *drop_from_map_key(const sl_value *names, sl_batch *batch, sl_record *rec) {
    sl_value map;
    SL_TRY(tf_map_copy(&batch->arena, &rec->key, 0, &map));
    for (uint32_t i = 0; i < names->n; i++) {
        tf_map_remove(&map, sl_value_str(&names->items[i]));
    }
    rec->key = map;
    return NULL;
}

static sl_error *drop_from_key(unwrapper *t, const sl_value *names, sl_batch *batch, sl_record *rec) {
    const sl_schema *schema = rec->key_schema;
    sl_value key = rec->key;
    if (!schema && key.type == SL_MAP && !t->set->drop_compatible) {
        return drop_from_map_key(names, batch, rec);
    }
    if (!schema || key.type != SL_STRUCT) {
        return NULL;
    }
    SL_TRY(tf_require_struct(schema, &key, "dropping fields of the key"));
    SL_TRY(drop_fields_apply(&t->drops, names, schema->nfields, &batch->arena, &schema, &key));
    sl_record_set_key(batch, rec, schema, key);
    return NULL;
}

/* drop_named leaves out what the header says; of the value, among its first `limit` fields. */
static sl_error *drop_named(unwrapper *t, uint32_t limit, sl_batch *batch, sl_record *rec) {
    const sl_value *names;
    SL_TRY(find_names(t, rec, &names));
    if (!names) {
        return NULL;
    }
    if (t->set->drop_from_key) {
        SL_TRY(drop_from_key(t, names, batch, rec));
    }
    if (sl_is_null(&rec->value)) {
        return NULL;
    }
    const sl_schema *schema = rec->value_schema;
    sl_value v = rec->value;
    SL_TRY(drop_fields_apply(&t->drops, names, limit, &batch->arena, &schema, &v));
    sl_record_set_value(batch, rec, schema, v);
    return NULL;
}

/* ---- rows ---- */

static sl_error *route(const unwrapper *t, const row_plan *half, const sl_value *row, bool with_default,
                       sl_record *rec) {
    if (t->set->route_by_field.n == 0) {
        return NULL;
    }
    if (half->route < 0 || half->row->fields[half->route].schema->type != SL_STRING) {
        return tf_bad(PURPOSE ": 'route.by.field' expected a field '%.*s' of type STRING in '%.*s', found %s",
                      SL_STR_ARG(t->set->route_by_field), SL_STR_ARG(half->row->name),
                      half->route < 0 ? "none" : sl_type_name(half->row->fields[half->route].schema->type));
    }
    const sl_value *v = &row->items[half->route];
    v = with_default ? tf_defaulted(half->row->fields[half->route].schema, v) : v;
    if (v->type == SL_STRING && sl_str_trim(sl_value_str(v)).n) {
        rec->topic = sl_value_str(v);
    }
    return NULL;
}

/* make_value gives the row with __deleted and the added fields. */
static sl_error *make_value(const unwrapper *t, const unwrap_plan *plan, const row_plan *half,
                            const sl_value *envelope, sl_arena *arena, sl_value *out) {
    const sl_value *row = &envelope->items[half->index];
    bool with_default = t->rewrites && t->set->replace_null;
    if (!half->out) {
        return tf_bad(PURPOSE ": expected a struct in '%s', found %s",
                      half == &plan->after ? "after" : "before", tf_kind(row));
    }
    SL_TRY(tf_require_struct(half->row, row, PURPOSE));
    sl_value *items = sl_arena_alloc(arena, (half->out->nfields + 1) * sizeof *items);
    if (!items) {
        return sl_error_nomem();
    }
    uint32_t n = row->n;
    if (with_default) {
        for (uint32_t i = 0; i < n; i++) {
            items[i] = *tf_defaulted(half->row->fields[i].schema, &row->items[i]);
        }
    } else if (n) {
        memcpy(items, row->items, n * sizeof *items);
    }
    if (t->rewrites) {
        items[n++] = sl_string(half == &plan->before ? SL_STR("true") : SL_STR("false"));
    }
    for (uint32_t i = 0; i < plan->nfields; i++) {
        if (plan->fields[i].schema) {
            items[n++] = envelope_get(&plan->fields[i], envelope);
        }
    }
    *out = sl_container(SL_STRUCT, items, n);
    return NULL;
}

static sl_error *handle_row(unwrapper *t, const unwrap_plan *plan, const sl_value *envelope, sl_batch *batch,
                            sl_record *rec) {
    sl_value v;
    SL_TRY(make_value(t, plan, &plan->after, envelope, &batch->arena, &v));
    SL_TRY(route(t, &plan->after, &envelope->items[plan->after.index], t->rewrites && t->set->replace_null,
                 rec));
    sl_record_set_value(batch, rec, plan->after.out, v);
    return drop_named(t, v.n, batch, rec);
}

static sl_error *handle_delete(unwrapper *t, const unwrap_plan *plan, const sl_value *envelope,
                               sl_batch *batch, sl_record *rec) {
    const sl_value *before = &envelope->items[plan->before.index];
    sl_value v = sl_null();
    if (t->set->mode == MODE_DROP) {
        rec->dropped = true;
        return NULL;
    }
    if (t->set->route_by_field.n) {
        SL_TRY(tf_require_struct(plan->before.row, before, PURPOSE));
        SL_TRY(route(t, &plan->before, before, false, rec));
    }
    if (t->rewrites) {
        SL_TRY(make_value(t, plan, &plan->before, envelope, &batch->arena, &v));
        sl_record_set_value(batch, rec, plan->before.out, v);
        return drop_named(t, v.n - plan->nadded, batch, rec);
    }
    sl_record_set_value(batch, rec, t->set->mode == MODE_TOMBSTONE ? plan->after.row : NULL, v);
    return drop_named(t, 0, batch, rec);
}

/* half_value gives before or after; an error when the envelope's schema has no such field. */
static sl_error *half_value(const row_plan *half, const char *name, const sl_schema *schema,
                            const sl_value *envelope, const sl_value **out) {
    if (half->index < 0) {
        return tf_bad(PURPOSE ": expected a field '%s' in the envelope '%.*s'", name,
                      SL_STR_ARG(schema->name));
    }
    *out = &envelope->items[half->index];
    return NULL;
}

static sl_error *handle_envelope(unwrapper *t, const sl_schema *schema, sl_batch *batch, sl_record *rec) {
    sl_value envelope = rec->value; /* the record's own is replaced on the way */
    const sl_value *before = NULL;
    const sl_value *after = NULL;
    unwrap_plan *plan = schema_cache_get(&t->plans, schema);
    SL_TRY(tf_require_struct(schema, &envelope, PURPOSE));
    if (!plan) {
        SL_TRY(make_plan(t, schema, &plan));
    }
    SL_TRY(add_headers(t, plan, &envelope, batch, rec));
    SL_TRY(half_value(&plan->after, "after", schema, &envelope, &after));
    if (!sl_is_null(after)) {
        return handle_row(t, plan, &envelope, batch, rec);
    }
    SL_TRY(half_value(&plan->before, "before", schema, &envelope, &before));
    if (sl_is_null(before)) {
        rec->dropped = true; /* a truncate */
        return NULL;
    }
    return handle_delete(t, plan, &envelope, batch, rec);
}

static sl_error *unwrap_apply(void *state, sl_batch *batch, sl_record *rec) {
    unwrapper *t = state;
    const sl_schema *schema = rec->value_schema;
    if (sl_is_null(&rec->value)) {
        return handle_tombstone(t, batch, rec);
    }
    if (!schema || !sl_str_ends(schema->name, SL_STR(".Envelope"))) {
        return NULL;
    }
    return handle_envelope(t, schema, batch, rec);
}

static const sl_transform_ops ops = {.open = unwrap_open, .apply = unwrap_apply, .close = unwrap_close};

static const char *const aliases[] = {"io.debezium.transforms.ExtractNewRecordState", NULL};

const sl_plugin_def extract_new_record_state_def = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_TRANSFORM,
    .name = "extract-new-record-state",
    .aliases = aliases,
    .version = DEBEZIUM_COMPATIBLE,
    .doc = "Turns Debezium's change events into the rows that they are about.",
    .settings = rows,
    .nsettings = LENGTH(rows),
    .settings_size = sizeof(settings),
    .transform = &ops,
};
