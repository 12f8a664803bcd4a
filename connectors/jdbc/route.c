/*
 * route.c - what the records of a topic with a pair of schemas mean, and the columns they fill.
 *
 * A route is found by topic and schema pointers (schemas are interned) and made once; with it everything that
 * depends on schemas only: envelope or plain, key columns, value columns, their kinds and conversions.
 */
#include "task.h"

#define MAX_COLUMNS 1600

/* ---- envelopes ---- */

static int struct_field(const sl_schema *s, const char *name) {
    return s && s->type == SL_STRUCT ? sl_schema_field(s, sl_str_of(name)) : -1;
}

static bool is_envelope(const sl_schema *s) {
    int op = struct_field(s, "op"), after = struct_field(s, "after");
    bool named = !s || !s->name.n || sl_str_ends(s->name, SL_STR(".Envelope"));
    return named && op >= 0 && after >= 0 && s->fields[op].schema->type == SL_STRING &&
           s->fields[after].schema->type == SL_STRUCT;
}

/* same_fields: 'before' is only of use when its fields are those of 'after'. */
static bool same_fields(const sl_schema *a, const sl_schema *b) {
    bool same = a == b || (a->type == SL_STRUCT && a->nfields == b->nfields);
    for (uint32_t i = 0; same && a != b && i < a->nfields; i++) {
        same = a->fields[i].schema == b->fields[i].schema && sl_str_eq(a->fields[i].name, b->fields[i].name);
    }
    return same;
}

static void read_value_schema(const jdbc_task *t, jdbc_route *r) {
    const sl_schema *s = r->value;
    r->data = r->op = r->before = r->after = r->source = -1;
    if (s && s->type == SL_STRUCT && sl_str_ends(s->name, SL_STR("CloudEvents.Envelope"))) {
        r->data = struct_field(s, "data");
        s = r->data >= 0 && s->fields[r->data].schema->type == SL_STRUCT ? s->fields[r->data].schema : s;
    }
    r->row = s;
    if (is_envelope(s)) {
        r->op = struct_field(s, "op");
        r->before = struct_field(s, "before");
        r->after = struct_field(s, "after");
        r->source = struct_field(s, "source");
        r->row = s->fields[r->after].schema;
        if (r->before >= 0 && !same_fields(s->fields[r->before].schema, r->row)) {
            r->before = -1;
        }
    }
    r->schema_change = s && sl_str_find_str(s->name, SL_STR("SchemaChangeValue")) < s->name.n;
    bool text = s && s->type == SL_STRING && t->settings->confluent;
    if (s && s->type != SL_STRUCT && !text) {
        r->bad = t->settings->confluent ? "the value is neither a struct nor a string: a row needs fields"
                                        : "the value is no struct: a row needs fields";
    }
}

/* ---- finding ---- */

static uint64_t hash_route(const jdbc_task *t, const sl_record *rec) {
    uint64_t h = sl_str_hash(rec->topic);
    h = h * 31 + (rec->key_schema ? rec->key_schema->id : 0);
    h = h * 31 + (rec->value_schema ? rec->value_schema->id : 0);
    if (t->settings->raw->pk_mode == JDBC_PK_HEADER) {
        for (uint32_t i = 0; i < rec->nheaders; i++) {
            h = h * 31 + sl_str_hash(rec->headers[i].name) +
                (rec->headers[i].schema ? rec->headers[i].schema->id : 0);
        }
    }
    return h;
}

static bool same_headers(const jdbc_route *r, const sl_record *rec) {
    if (r->nheaders != rec->nheaders) {
        return false;
    }
    for (uint32_t i = 0; i < r->nheaders; i++) {
        if (r->headers[i] != rec->headers[i].schema || !sl_str_eq(r->header_names[i], rec->headers[i].name)) {
            return false;
        }
    }
    return true;
}

static sl_error *keep_headers(jdbc_task *t, jdbc_route *r, const sl_record *rec) {
    r->headers = sl_arena_zalloc(&t->catalog, (rec->nheaders + 1u) * sizeof(const sl_schema *));
    r->header_names = sl_arena_zalloc(&t->catalog, (rec->nheaders + 1u) * sizeof *r->header_names);
    if (!r->headers || !r->header_names) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < rec->nheaders; i++) {
        r->header_names[i] = sl_arena_str(&t->catalog, rec->headers[i].name);
        r->headers[i] = rec->headers[i].schema;
        if (r->headers[i]) {
            t->ctx->host->schema_ref(r->headers[i]);
        }
        r->nheaders = i + 1;
    }
    return NULL;
}

void jdbc_route_drop(jdbc_task *t, jdbc_route *r) {
    t->ctx->host->schema_unref(r->key);
    t->ctx->host->schema_unref(r->value);
    for (uint32_t i = 0; i < r->nheaders; i++) {
        t->ctx->host->schema_unref(r->headers[i]);
    }
}

static sl_error *make_route(jdbc_task *t, const sl_record *rec, uint64_t hash, jdbc_route **out) {
    jdbc_route *r = sl_arena_zalloc(&t->catalog, sizeof *r);
    if (!r) {
        return sl_error_nomem();
    }
    r->topic = sl_arena_str(&t->catalog, rec->topic);
    r->key = rec->key_schema;
    r->value = rec->value_schema;
    r->hash = hash;
    read_value_schema(t, r);
    if (r->key) {
        t->ctx->host->schema_ref(r->key);
    }
    if (r->value) {
        t->ctx->host->schema_ref(r->value);
    }
    r->next = t->routes[hash % JDBC_ROUTE_SLOTS];
    t->routes[hash % JDBC_ROUTE_SLOTS] = r;
    t->nroutes++;
    if (t->settings->raw->pk_mode == JDBC_PK_HEADER) {
        SL_TRY(keep_headers(t, r, rec));
    }
    *out = r;
    return NULL;
}

sl_error *jdbc_route_find(jdbc_task *t, const sl_record *rec, jdbc_route **out) {
    uint64_t hash = hash_route(t, rec);
    bool headers = t->settings->raw->pk_mode == JDBC_PK_HEADER;
    for (jdbc_route *r = t->routes[hash % JDBC_ROUTE_SLOTS]; r; r = r->next) {
        if (r->hash == hash && r->key == rec->key_schema && r->value == rec->value_schema &&
            sl_str_eq(r->topic, rec->topic) && (!headers || same_headers(r, rec))) {
            *out = r;
            return NULL;
        }
    }
    return make_route(t, rec, hash, out);
}

/* ---- columns ---- */

typedef struct builder {
    jdbc_task *t;
    const jdbc_route *r;
    jdbc_col *cols;
    uint32_t n, cap;
} builder;

static sl_error *schema_fault(const char *what) {
    return sl_error_new(SL_E_SCHEMA, SL_USER, "%s", what);
}

static bool listed(const sl_str_list *list, sl_str name) {
    for (size_t i = 0; i < list->n; i++) {
        if (sl_str_eq(list->items[i], name)) {
            return true;
        }
    }
    return false;
}

static sl_str fold_name(jdbc_task *t, sl_str name) {
    sl_str copy = sl_arena_str(&t->catalog, name);
    if (!copy.p || !t->settings->fold || t->dialect == &jdbc_sqlite) {
        return copy;
    }
    char *p = (char *)(uintptr_t)copy.p;
    for (size_t i = 0; i < copy.n; i++) {
        p[i] = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] | 32) : p[i];
    }
    return copy;
}

static sl_error *check_name(const builder *b, const jdbc_col *col) {
    if (col->column.n == 0 || col->column.n > b->t->dialect->max_identifier ||
        memchr(col->column.p, 0, col->column.n)) {
        return sl_error_new(SL_E_SCHEMA, SL_USER,
                            "field '%.*s' cannot name a column: names have 1 to %zu bytes; rename it with a "
                            "ReplaceField transform",
                            SL_STR_ARG(col->field), b->t->dialect->max_identifier);
    }
    for (uint32_t i = 0; i < b->n; i++) {
        bool same = b->t->dialect == &jdbc_sqlite ? sl_str_eq_nocase(b->cols[i].column, col->column)
                                                  : sl_str_eq(b->cols[i].column, col->column);
        if (same) {
            return sl_error_new(
                SL_E_SCHEMA, SL_USER,
                "fields '%.*s' and '%.*s' name the same column: rename one with a ReplaceField transform%s",
                SL_STR_ARG(b->cols[i].field), SL_STR_ARG(col->field),
                b->t->settings->fold ? ", or have identifiers quoted" : "");
        }
    }
    return NULL;
}

static sl_error *push(builder *b, sl_str name, const sl_schema *schema, jdbc_from from, uint32_t index,
                      bool key) {
    if (b->n == b->cap) {
        return sl_error_new(SL_E_SCHEMA, SL_USER, "more than %d fields: no table has so many columns",
                            MAX_COLUMNS);
    }
    jdbc_col col = {.schema = schema, .from = from, .index = index, .key = key, .kind = jdbc_kind_of(schema)};
    col.field = sl_arena_str(&b->t->catalog, name);
    col.column = fold_name(b->t, name);
    SL_TRY(check_name(b, &col));
    sl_buf quoted;
    sl_buf_init(&quoted, &b->t->catalog);
    jdbc_quote_add(col.column, &quoted);
    col.quoted = sl_buf_take(&quoted);
    if (listed(&b->t->settings->raw->stamp_fields, name) && (col.kind == JK_INT64 || col.kind == JK_STRING)) {
        col.render = JR_STAMP;
    }
    b->t->dialect->bind(b->t->db, &col);
    b->cols[b->n++] = col;
    return b->t->catalog.failed ? sl_error_nomem() : NULL;
}

static sl_error *push_kafka_key(builder *b) {
    static const char *const names[] = {"__connect_topic", "__connect_partition", "__connect_offset"};
    const sl_str_list *fields = &b->t->settings->raw->pk_fields;
    for (uint32_t i = 0; i < 3; i++) {
        sl_str name = fields->n == 3 ? fields->items[i] : sl_str_of(names[i]);
        SL_TRY(push(b, name, b->t->coordinates[i], (jdbc_from)(JF_TOPIC + i), i, true));
    }
    return NULL;
}

/* push_struct_key takes pk.fields (or all fields) of a struct. */
static sl_error *push_struct_key(builder *b, const sl_schema *s, jdbc_from from, const char *what) {
    const sl_str_list *fields = &b->t->settings->raw->pk_fields;
    if (fields->n == 0) {
        for (uint32_t i = 0; i < s->nfields; i++) {
            SL_TRY(push(b, s->fields[i].name, s->fields[i].schema, from, i, true));
        }
        return NULL;
    }
    for (size_t k = 0; k < fields->n; k++) {
        int i = sl_schema_field(s, fields->items[k]);
        if (i < 0) {
            return sl_error_new(SL_E_SCHEMA, SL_USER, "the record's %s has no field '%.*s', which %s names",
                                what, SL_STR_ARG(fields->items[k]),
                                b->t->settings->confluent ? "pk.fields" : "primary.key.fields");
        }
        SL_TRY(push(b, s->fields[i].name, s->fields[i].schema, from, (uint32_t)i, true));
    }
    return NULL;
}

static sl_error *push_record_key(builder *b) {
    const sl_schema *s = b->r->key;
    const sl_str_list *fields = &b->t->settings->raw->pk_fields;
    if (!s) {
        return schema_fault(
            "the record's key has no schema, so that its columns are not known: with the JSON converter set "
            "key.converter.schemas.enable=true here and where the records come from, or use a converter with "
            "schemas");
    }
    if (s->type == SL_STRUCT) {
        return push_struct_key(b, s, JF_KEY, "key");
    }
    if (s->type == SL_MAP || s->type == SL_ARRAY) {
        return schema_fault("the record's key is a map or an array: expected a struct or a primitive");
    }
    if (fields->n != 1) {
        return sl_error_new(SL_E_SCHEMA, SL_USER,
                            "the record's key is a primitive: set %s to the name of its column",
                            b->t->settings->confluent ? "pk.fields" : "primary.key.fields");
    }
    return push(b, fields->items[0], s, JF_WHOLE_KEY, 0, true);
}

static sl_error *push_header_key(builder *b) {
    const sl_str_list *fields = &b->t->settings->raw->pk_fields;
    uint32_t found = 0;
    for (uint32_t i = 0; i < b->r->nheaders; i++) {
        if (fields->n && !listed(fields, b->r->header_names[i])) {
            continue;
        }
        if (!b->r->headers[i]) {
            return sl_error_new(SL_E_SCHEMA, SL_USER,
                                "header '%.*s' has no schema: set header.converter to one with types",
                                SL_STR_ARG(b->r->header_names[i]));
        }
        SL_TRY(push(b, b->r->header_names[i], b->r->headers[i], JF_HEADER, i, true));
        found++;
    }
    return found == 0 || found < fields->n
               ? schema_fault("the record has not all the headers that the primary key is to come from")
               : NULL;
}

static sl_error *push_key(builder *b) {
    switch ((jdbc_pk_mode)b->t->settings->raw->pk_mode) {
    case JDBC_PK_NONE:
        return NULL;
    case JDBC_PK_KAFKA:
        return push_kafka_key(b);
    case JDBC_PK_KEY:
        return push_record_key(b);
    case JDBC_PK_HEADER:
        return push_header_key(b);
    default:
        if (!b->r->row || b->r->row->type != SL_STRUCT) {
            return schema_fault("the primary key is to come from the value, which is no struct");
        }
        return push_struct_key(b, b->r->row, JF_VALUE, "value");
    }
}

/* names_field: an entry is a field's name, or topic:field. */
static bool names_field(const sl_str_list *list, sl_str topic, sl_str field) {
    for (size_t i = 0; i < list->n; i++) {
        sl_str item = list->items[i];
        if (sl_str_eq(item, field) || (item.n == topic.n + 1 + field.n && sl_str_starts(item, topic) &&
                                       item.p[topic.n] == ':' && sl_str_ends(item, field))) {
            return true;
        }
    }
    return false;
}

static bool wanted(const builder *b, sl_str field) {
    const jdbc_raw *raw = b->t->settings->raw;
    if (raw->include.n && !names_field(&raw->include, b->r->topic, field)) {
        return false;
    }
    return !names_field(&raw->exclude, b->r->topic, field);
}

static sl_error *push_values(builder *b) {
    const sl_schema *row = b->r->row;
    uint32_t nkeys = b->n;
    if (!row) {
        return schema_fault(
            "the record's value has no schema, so that its columns are not known: with the JSON converter "
            "set "
            "value.converter.schemas.enable=true here and where the records come from (its key.converter and "
            "value.converter too), or use a converter with schemas such as Avro");
    }
    if (row->type == SL_STRING) {
        return push(b, b->t->settings->raw->string_column, row, JF_WHOLE_VALUE, 0, false);
    }
    for (uint32_t i = 0; i < row->nfields; i++) {
        bool key = false;
        for (uint32_t k = 0; k < nkeys; k++) {
            key = key || sl_str_eq(b->cols[k].field, row->fields[i].name);
        }
        if (!key && wanted(b, row->fields[i].name)) {
            SL_TRY(push(b, row->fields[i].name, row->fields[i].schema, JF_VALUE, i, false));
        }
    }
    return b->n ? NULL : schema_fault("no field is left to write: check the field filters");
}

/* ---- shapes ---- */

static sl_error *keep_shape(jdbc_task *t, const jdbc_shape *made, jdbc_shape **out) {
    jdbc_shape *s = sl_arena_alloc(&t->catalog, sizeof *s);
    if (!s) {
        return sl_error_nomem();
    }
    *s = *made;
    s->next = t->shapes;
    t->shapes = s;
    *out = s;
    return NULL;
}

static sl_error *make_shape(jdbc_task *t, const jdbc_route *r, jdbc_target *target, jdbc_op_kind kind,
                            jdbc_shape **out) {
    uint32_t cap = (r->key && r->key->type == SL_STRUCT ? r->key->nfields : 1) +
                   (r->row ? r->row->nfields : 0) + r->nheaders + 4;
    builder b = {.t = t, .r = r, .cap = cap < MAX_COLUMNS ? cap : MAX_COLUMNS};
    b.cols = sl_arena_alloc(&t->catalog, b.cap * sizeof *b.cols);
    if (!b.cols) {
        return sl_error_nomem();
    }
    SL_TRY(push_key(&b));
    uint32_t nkeys = b.n;
    if (kind == JDBC_OP_WRITE) {
        SL_TRY(push_values(&b));
    } else if (!target->table->exists && t->settings->create) {
        target->absent = true;
        return NULL;
    }
    SL_TRY(jdbc_catalog_fit(t, target->table, b.cols, b.n, nkeys));
    jdbc_shape made = {.table = target->table,
                       .kind = kind,
                       .mode = (jdbc_insert_mode)t->settings->raw->insert_mode,
                       .cols = b.cols,
                       .ncols = b.n,
                       .nkeys = nkeys};
    return keep_shape(t, &made, out);
}

/* note_fault remembers what is wrong with a schema for the rest of the batch, so that it is not looked for
 * again. */
static sl_error *note_fault(jdbc_task *t, jdbc_target *target, jdbc_op_kind kind, sl_error *err) {
    if (err && (err->code == SL_E_SCHEMA || err->code == SL_E_DATA)) {
        target->fault = sl_arena_str(&t->catalog, sl_str_of(err->message)).p;
        target->fault_kind = kind;
        target->fault_batch = t->batch;
    }
    return err;
}

sl_error *jdbc_route_shape(jdbc_task *t, jdbc_route *r, sl_str name, jdbc_op_kind kind, jdbc_shape **out) {
    jdbc_target *target = r->targets;
    while (target && !sl_str_eq(target->table->name, name)) {
        target = target->next;
    }
    if (!target) {
        target = sl_arena_zalloc(&t->catalog, sizeof *target);
        if (!target) {
            return sl_error_nomem();
        }
        SL_TRY(jdbc_catalog_table(t, name, &target->table));
        target->next = r->targets;
        r->targets = target;
    }
    jdbc_shape **shape = kind == JDBC_OP_WRITE ? &target->write : &target->remove;
    *out = NULL;
    if (target->fault && target->fault_kind == kind &&
        target->fault_batch == t->batch) { /* as a moment ago */
        return sl_error_new(SL_E_SCHEMA, SL_USER, "%s", target->fault);
    }
    if (!*shape && !(kind == JDBC_OP_DELETE && target->absent && !target->table->exists)) {
        SL_TRY(note_fault(t, target, kind, make_shape(t, r, target, kind, shape)));
    }
    *out = *shape;
    return NULL;
}

sl_error *jdbc_shape_part(jdbc_task *t, jdbc_shape *whole, const uint8_t *mask, jdbc_shape **out) {
    for (jdbc_shape *p = whole->parts; p; p = p->parts) {
        if (memcmp(p->mask, mask, whole->ncols) == 0) {
            *out = p;
            return NULL;
        }
    }
    jdbc_shape made = *whole;
    uint8_t *kept = sl_arena_alloc(&t->catalog, whole->ncols);
    made.cols = sl_arena_alloc(&t->catalog, whole->ncols * sizeof *made.cols);
    if (!made.cols || !kept) {
        return sl_error_nomem();
    }
    memcpy(kept, mask, whole->ncols);
    made.ncols = 0;
    for (uint32_t i = 0; i < whole->ncols; i++) {
        if (mask[i]) {
            made.cols[made.ncols++] = whole->cols[i];
        }
    }
    made.mask = kept;
    made.partial = true;
    made.dialect = NULL;
    made.parts = whole->parts; /* parts of one shape are a chain */
    SL_TRY(keep_shape(t, &made, out));
    whole->parts = *out;
    return NULL;
}
