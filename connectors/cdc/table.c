/*
 * table.c - see table.h.
 */
#include "table.h"

#define BLOCK_FIELDS 3

sl_error *cdc_struct_schema(const sl_host *h, sl_str name, int version, bool optional, const sl_field *fields,
                            size_t n, const sl_schema **out) {
    sl_schema def = {.type = SL_STRUCT,
                     .optional = optional,
                     .has_version = version > 0,
                     .version = version,
                     .name = name,
                     .nfields = (uint32_t)n,
                     .fields = fields};
    *out = NULL;
    return h->schema_intern(&def, out);
}

sl_error *cdc_source_snapshot_schema(const sl_host *h, const sl_schema **out) {
    static const sl_schema_param params[] = {
        {SL_STR_INIT("allowed"),
         SL_STR_INIT("true,first,first_in_data_collection,last_in_data_collection,last,false,incremental")}};
    sl_value by_default = sl_string(SL_STR("false"));
    sl_schema def = {.type = SL_STRING,
                     .optional = true,
                     .has_version = true,
                     .version = 1,
                     .name = SL_STR("io.debezium.data.Enum"),
                     .params = params,
                     .nparams = 1,
                     .default_value = &by_default};
    *out = NULL;
    return h->schema_intern(&def, out);
}

sl_error *cdc_schemas_init(cdc_schemas *s, const sl_host *host, const sl_schema *source) {
    memset(s, 0, sizeof *s);
    s->host = host;
    sl_error *err = sl_schema_simple(host, SL_STRING, false, &s->string);
    err = err ? err : sl_schema_simple(host, SL_INT64, false, &s->int64);
    err = err ? err : sl_schema_simple(host, SL_INT64, true, &s->opt_int64);
    if (!err) {
        sl_field fields[BLOCK_FIELDS] = {{SL_STR("id"), s->string},
                                         {SL_STR("total_order"), s->int64},
                                         {SL_STR("data_collection_order"), s->int64}};
        err = cdc_struct_schema(host, SL_STR("event.block"), 1, true, fields, BLOCK_FIELDS, &s->transaction);
    }
    if (err) {
        cdc_schemas_deinit(s);
        return err;
    }
    host->schema_ref(source);
    s->source = source;
    return NULL;
}

void cdc_schemas_deinit(cdc_schemas *s) {
    if (s->host) {
        s->host->schema_unref(s->source);
        s->host->schema_unref(s->string);
        s->host->schema_unref(s->int64);
        s->host->schema_unref(s->opt_int64);
        s->host->schema_unref(s->transaction);
    }
    memset(s, 0, sizeof *s);
}

cdc_table *cdc_table_new(sl_str schema, sl_str name, uint32_t ncols) {
    cdc_table *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return NULL;
    }
    sl_arena_init(&t->arena, 2048);
    t->schema = sl_arena_str(&t->arena, schema);
    t->name = sl_arena_str(&t->arena, name);
    t->id = sl_arena_printf(&t->arena, "%.*s.%.*s", SL_STR_ARG(schema), SL_STR_ARG(name));
    t->cols = sl_arena_zalloc(&t->arena, (ncols ? ncols : 1) * sizeof *t->cols);
    t->key_cols = sl_arena_zalloc(&t->arena, (ncols ? ncols : 1) * sizeof *t->key_cols);
    t->ncols = ncols;
    if (t->arena.failed) {
        cdc_table_free(t, NULL);
        return NULL;
    }
    return t;
}

void cdc_table_free(cdc_table *t, const sl_host *host) {
    if (!t) {
        return;
    }
    for (uint32_t i = 0; host && i < t->ncols; i++) {
        host->schema_unref(t->cols[i].value_schema);
    }
    if (host) {
        host->schema_unref(t->key);
        host->schema_unref(t->value);
        host->schema_unref(t->envelope);
    }
    sl_arena_deinit(&t->arena);
    sl_free(t);
}

static size_t mapper_params(const cdc_column *col, const cdc_mapper *m, sl_arena *a, sl_schema_param *to) {
    size_t n = 0;
    switch (m->kind) {
    case CDC_MAP_TRUNCATE:
        if (!cdc_mapper_cuts(m, col->length)) {
            break;
        }
        to[n++] = (sl_schema_param){SL_STR("truncateLength"), sl_arena_printf(a, "%d", m->length)};
        break;
    case CDC_MAP_MASK:
    case CDC_MAP_HASH:
    case CDC_MAP_HASH_V2:
        to[n++] = (sl_schema_param){SL_STR("masked"), SL_STR("true")};
        break;
    default: {
        sl_str upper = sl_arena_str(a, col->type_name);
        for (size_t i = 0; i < upper.n; i++) {
            char *c = (char *)upper.p + i;
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        }
        to[n++] = (sl_schema_param){SL_STR("__debezium.source.column.type"), upper};
        to[n++] = (sl_schema_param){SL_STR("__debezium.source.column.length"),
                                    sl_arena_printf(a, "%d", col->length)};
        if (col->has_scale) {
            to[n++] = (sl_schema_param){SL_STR("__debezium.source.column.scale"),
                                        sl_arena_printf(a, "%d", col->scale)};
        }
        to[n++] = (sl_schema_param){SL_STR("__debezium.source.column.name"), col->name};
    }
    }
    return n;
}

/* The schema of a column's field; in keys it has no parameters of mappers. */
static sl_error *column_schema(cdc_table *t, const cdc_column *col, const cdc_schemas *s, const cdc_mapper *m,
                               const sl_schema **out) {
    sl_schema def = col->base;
    sl_schema_param params[8];
    def.optional = col->optional;
    def.default_value = col->has_default ? &col->default_value : NULL;
    if (col->comment.n) {
        def.doc = col->comment;
    }
    if (m && def.nparams + 4 <= sizeof params / sizeof *params) {
        if (def.nparams) {
            memcpy(params, def.params, def.nparams * sizeof *params);
        }
        def.nparams += (uint32_t)mapper_params(col, m, &t->arena, params + def.nparams);
        def.params = params;
    }
    return s->host->schema_intern(&def, out);
}

static bool contains(const cdc_table *t, uint32_t col) {
    for (uint32_t i = 0; i < t->nkey; i++) {
        if (t->key_cols[i] == col) {
            return true;
        }
    }
    return false;
}

static sl_str column_id(cdc_table *t, sl_str last) {
    return sl_arena_printf(&t->arena, "%.*s.%.*s", SL_STR_ARG(t->id), SL_STR_ARG(last));
}

static void choose_key(cdc_table *t, const cdc_rules *r, const sl_str *pk, size_t npk) {
    for (const cdc_key_rule *k = r->keys; k; k = k->next) {
        for (uint32_t i = 0; i < t->ncols; i++) {
            if (t->cols[i].known && cdc_patterns_match(k->columns, column_id(t, t->cols[i].name)) &&
                !contains(t, i)) {
                t->key_cols[t->nkey++] = i;
            }
        }
    }
    size_t take = t->nkey ? 0 : npk;
    for (size_t p = 0; p < take; p++) {
        for (uint32_t i = 0; i < t->ncols; i++) {
            if (t->cols[i].known && sl_str_eq(t->cols[i].name, pk[p]) && !contains(t, i)) {
                t->key_cols[t->nkey++] = i;
            }
        }
    }
}

/* The fields of the key that are columns, and room for one more. */
static sl_error *key_fields(cdc_table *t, const cdc_schemas *s, const cdc_config *c, sl_field **out) {
    sl_field *fields = sl_arena_zalloc(&t->arena, (t->nkey + 1) * sizeof *fields);
    *out = fields;
    sl_error *err = fields ? NULL : sl_error_nomem();
    for (uint32_t i = 0; i < t->nkey && !err; i++) {
        cdc_column *col = &t->cols[t->key_cols[i]];
        fields[i].name = cdc_name_field(&t->arena, col->name, (cdc_adjust)c->field_adjust);
        err = column_schema(t, col, s, NULL, &fields[i].schema);
    }
    return err;
}

static sl_error *add_key_table(cdc_table *t, const cdc_schemas *s, const cdc_rules *r, sl_field *fields,
                               uint32_t *n) {
    sl_str name;
    SL_TRY(cdc_topics_field(&r->topics, &t->arena, t->schema, t->name, &name, &t->key_table));
    for (uint32_t i = 0; name.p && i < t->nkey; i++) {
        if (sl_str_eq(fields[i].name, name)) {
            return sl_error_new(
                SL_E_CONFIG, SL_USER,
                "topic.key.field.name: '%.*s' is a column of the key of %.*s; expected a name "
                "that no key has",
                SL_STR_ARG(name), SL_STR_ARG(t->id));
        }
    }
    if (name.p) {
        s->host->schema_ref(s->string);
        fields[(*n)++] = (sl_field){name, s->string};
    }
    return NULL;
}

static sl_error *build_key(cdc_table *t, const cdc_schemas *s, const cdc_config *c, const cdc_rules *r) {
    sl_field *fields = NULL;
    uint32_t n = t->nkey;
    sl_error *err = key_fields(t, s, c, &fields);
    err = err ? err : add_key_table(t, s, r, fields, &n);
    if (!err && n) {
        sl_str name = sl_arena_printf(&t->arena, "%.*s.Key", SL_STR_ARG(t->topic));
        err = cdc_struct_schema(s->host, cdc_name_schema(&t->arena, name, (cdc_adjust)c->schema_adjust), 0,
                                false, fields, n, &t->key);
    }
    for (uint32_t i = 0; fields && i < n; i++) {
        s->host->schema_unref(fields[i].schema);
    }
    return err;
}

/* Masks are for text columns; what can be cut are strings and bytes of any type without a form of their own.
 */
static bool maps_values(const cdc_mapper *m, const cdc_column *col) {
    if (m->kind == CDC_MAP_TRUNCATE) {
        return cdc_mapper_cuts(m, col->length) &&
               (col->base.type == SL_STRING || (col->base.type == SL_BYTES && !col->base.name.p));
    }
    return m->kind < CDC_MAP_PROPAGATE && col->is_text;
}

static sl_error *build_value(cdc_table *t, const cdc_schemas *s, const cdc_config *c, const cdc_rules *r,
                             sl_str prefix) {
    sl_field *fields = sl_arena_zalloc(&t->arena, (t->ncols + 1) * sizeof *fields);
    if (!fields) {
        return sl_error_nomem();
    }
    t->plain = true;
    for (uint32_t i = 0; i < t->ncols; i++) {
        cdc_column *col = &t->cols[i];
        sl_str id = column_id(t, col->name);
        col->value_index = -1;
        col->null_value = col->optional && !col->no_nulls ? sl_null()
                          : col->has_default              ? col->default_value
                                                          : col->zero;
        if (!col->known || !cdc_rules_column(r, id)) {
            t->plain = false;
            continue;
        }
        const cdc_mapper *m = cdc_rules_mapper(r, id, column_id(t, col->type_name));
        SL_TRY(column_schema(t, col, s, m, &col->value_schema));
        if (m && maps_values(m, col)) {
            col->mapper = m;
            t->plain = false;
        }
        col->value_index = (int32_t)t->nvalue;
        fields[t->nvalue++] =
            (sl_field){cdc_name_field(&t->arena, col->name, (cdc_adjust)c->field_adjust), col->value_schema};
    }
    sl_str name = sl_arena_printf(&t->arena, "%.*s.Value", SL_STR_ARG(prefix));
    return cdc_struct_schema(s->host, cdc_name_schema(&t->arena, name, (cdc_adjust)c->schema_adjust), 0, true,
                             fields, t->nvalue, &t->value);
}

static sl_error *build_envelope(cdc_table *t, const cdc_schemas *s, const cdc_config *c, sl_str prefix) {
    sl_field fields[] = {{SL_STR("before"), t->value},    {SL_STR("after"), t->value},
                         {SL_STR("source"), s->source},   {SL_STR("transaction"), s->transaction},
                         {SL_STR("op"), s->string},       {SL_STR("ts_ms"), s->opt_int64},
                         {SL_STR("ts_us"), s->opt_int64}, {SL_STR("ts_ns"), s->opt_int64}};
    sl_str name = sl_arena_printf(&t->arena, "%.*s.Envelope", SL_STR_ARG(prefix));
    return cdc_struct_schema(s->host, cdc_name_schema(&t->arena, name, (cdc_adjust)c->schema_adjust), 2,
                             false, fields, sizeof fields / sizeof *fields, &t->envelope);
}

sl_error *cdc_table_build(cdc_table *t, const cdc_schemas *s, const cdc_config *c, const cdc_rules *r,
                          const sl_str *pk, size_t npk) {
    SL_TRY(cdc_topics_name(&r->topics, &t->arena, t->schema, t->name, &t->topic));
    choose_key(t, r, pk, npk);
    SL_TRY(build_key(t, s, c, r));
    SL_TRY(build_value(t, s, c, r, t->topic));
    SL_TRY(build_envelope(t, s, c, t->topic));
    return t->arena.failed ? sl_error_nomem() : NULL;
}
