/*
 * relation.c - tables: their columns from the catalog (snapshot) or from relation messages (stream), with
 * nullability, defaults, comments and the key from the catalog in both cases.
 *
 * The catalog is read out of band: in the middle of several schema changes it may be ahead of the stream. The
 * columns and types are the message's; only what the message lacks is taken from the catalog, by name.
 */
#include <stdlib.h>
#include <time.h>

#include "task.h"

#define VISIBLE_MS 10000

typedef struct column_facts {
    sl_str name;
    uint32_t type;
    int32_t typmod;
    bool required;
    bool has_default;
    sl_str default_text;
    sl_str comment;
} column_facts;

typedef struct table_facts {
    sl_arena arena;
    column_facts *cols;
    size_t ncols;
    sl_str *key;
    size_t nkey;
} table_facts;

static sl_str keep(sl_arena *a, const PGresult *res, int row, int col) {
    if (PQgetisnull(res, row, col)) {
        return SL_STR_NONE;
    }
    return sl_arena_str(a, (sl_str){PQgetvalue(res, row, col), (size_t)PQgetlength(res, row, col)});
}

static void add_table_condition(sl_buf *b, sl_str schema, sl_str name) {
    sl_buf_add_z(b, "c.oid = (select k.oid from pg_catalog.pg_class k join pg_catalog.pg_namespace n on "
                    "n.oid = k.relnamespace where n.nspname = ");
    pg_quote_literal(b, schema);
    sl_buf_add_z(b, " and k.relname = ");
    pg_quote_literal(b, name);
    sl_buf_add_char(b, ')');
}

static sl_error *run(pg_task *t, sl_buf *b, const char *what, PGresult **res) {
    sl_buf_add_char(b, 0);
    sl_error *err = b->failed ? sl_error_nomem() : pg_conn_query(&t->sql, b->p, what, res);
    sl_buf_deinit(b);
    return err;
}

static sl_error *read_columns(pg_task *t, sl_str schema, sl_str name, table_facts *f) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b,
                  "select a.attname, a.atttypid, a.atttypmod, a.attnotnull or (y.typtype = 'd' and "
                  "y.typnotnull), %s, %s from pg_catalog.pg_class c "
                  "join pg_catalog.pg_attribute a on a.attrelid = c.oid join pg_catalog.pg_type y on y.oid = "
                  "a.atttypid left join pg_catalog.pg_attrdef d on d.adrelid "
                  "= c.oid "
                  "and d.adnum = a.attnum where a.attnum > 0 and not a.attisdropped and ",
                  t->server_version >= 120000
                      ? "case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end"
                      : "pg_catalog.pg_get_expr(d.adbin, d.adrelid)",
                  t->s->cdc.schema_comments ? "pg_catalog.col_description(c.oid, a.attnum)" : "null");
    add_table_condition(&b, schema, name);
    sl_buf_add_z(&b, " order by a.attnum");
    PGresult *res = NULL;
    SL_TRY(run(t, &b, "reading a table's columns from the catalog", &res));
    f->ncols = (size_t)PQntuples(res);
    f->cols = sl_arena_zalloc(&f->arena, (f->ncols + 1) * sizeof *f->cols);
    for (int i = 0; f->cols && i < (int)f->ncols; i++) {
        column_facts *c = &f->cols[i];
        c->name = keep(&f->arena, res, i, 0);
        c->type = (uint32_t)strtoul(PQgetvalue(res, i, 1), NULL, 10);
        c->typmod = (int32_t)strtol(PQgetvalue(res, i, 2), NULL, 10);
        c->required = *PQgetvalue(res, i, 3) == 't';
        c->default_text = keep(&f->arena, res, i, 4);
        c->has_default = c->default_text.p != NULL;
        c->comment = keep(&f->arena, res, i, 5);
    }
    PQclear(res);
    return f->arena.failed ? sl_error_nomem() : NULL;
}

/* The primary key, else the first unique index (by name) that is whole: neither partial nor on expressions.
 */
static sl_error *read_key(pg_task *t, sl_str schema, sl_str name, table_facts *f) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b,
                  "select a.attname from (select i.indrelid, i.indkey%s from pg_catalog.pg_index i join "
                  "pg_catalog.pg_class c on "
                  "c.oid = i.indrelid join pg_catalog.pg_class x on x.oid = i.indexrelid where ",
                  t->server_version >= 110000 ? ", i.indnkeyatts as n" : ", i.indnatts as n");
    add_table_condition(&b, schema, name);
    sl_buf_add_z(&b, " and i.indisunique and i.indisvalid and i.indpred is null and i.indexprs is null "
                     "order by i.indisprimary desc, x.relname limit 1) k, "
                     "pg_catalog.generate_series(0, k.n - 1) s join pg_catalog.pg_attribute a on true "
                     "where a.attrelid = k.indrelid and a.attnum = k.indkey[s] order by s");
    PGresult *res = NULL;
    SL_TRY(run(t, &b, "reading a table's key from the catalog", &res));
    f->nkey = (size_t)PQntuples(res);
    f->key = sl_arena_zalloc(&f->arena, (f->nkey + 1) * sizeof *f->key);
    for (int i = 0; f->key && i < (int)f->nkey; i++) {
        f->key[i] = keep(&f->arena, res, i, 0);
    }
    PQclear(res);
    return f->arena.failed ? sl_error_nomem() : NULL;
}

static const column_facts *facts_of(const table_facts *f, sl_str name) {
    for (size_t i = 0; i < f->ncols; i++) {
        if (sl_str_eq(f->cols[i].name, name)) {
            return &f->cols[i];
        }
    }
    return NULL;
}

/* Columns with a sequence as default have the names of the pseudo-types, as the JDBC driver reports them; a
   relation message has the types by their oids. */
static sl_str serial_name(sl_str type, sl_str default_text) {
    if (!sl_str_starts(default_text, SL_STR("nextval("))) {
        return type;
    }
    return sl_str_eqz(type, "int4")   ? SL_STR("serial")
           : sl_str_eqz(type, "int8") ? SL_STR("bigserial")
           : sl_str_eqz(type, "int2") ? SL_STR("smallserial")
                                      : type;
}

static sl_error *fill_column(pg_task *t, pg_relation *r, uint32_t i, sl_str name, uint32_t type,
                             int32_t typmod, const column_facts *f) {
    cdc_column *col = &r->table->cols[i];
    sl_arena *a = &r->table->arena;
    pg_column_type made;
    SL_TRY(pg_conv_make(&t->types, t->s, type, typmod, a, &made));
    r->convs[i] = made.conv;
    col->name = sl_arena_str(a, name);
    col->base = made.base;
    col->known = made.known;
    col->no_nulls = made.always_optional && f && f->required;
    col->optional = made.always_optional || !f || !f->required;
    col->is_text = made.is_text;
    col->zero = made.zero;
    col->type_name = made.type_name;
    col->length = made.length;
    col->scale = made.scale;
    col->has_scale = made.has_scale;
    col->comment = f ? sl_arena_str(a, f->comment) : SL_STR_NONE;
    if (f && f->has_default && made.known) {
        col->has_default = pg_conv_default(&made, a, f->default_text, &col->default_value);
    }
    if (!made.known) {
        sl_log(t->ctx, SL_LOG_WARN,
               "column %.*s.%.*s has type '%.*s', which has no form in events, and is left out; "
               "include.unknown.datatypes=true brings its text",
               SL_STR_ARG(r->table->id), SL_STR_ARG(name), SL_STR_ARG(made.type_name));
    }
    return NULL;
}

static sl_error *read_facts(pg_task *t, sl_str schema, sl_str name, table_facts *f) {
    sl_arena_init(&f->arena, 4096);
    SL_TRY(read_columns(t, schema, name, f));
    return read_key(t, schema, name, f);
}

static sl_error *new_table(pg_relation *r, sl_str schema, sl_str name, uint32_t ncols) {
    r->table = cdc_table_new(schema, name, ncols);
    if (!r->table) {
        return sl_error_nomem();
    }
    r->convs = sl_arena_zalloc(&r->table->arena, (ncols + 1) * sizeof *r->convs);
    r->warned = sl_arena_zalloc(&r->table->arena, ncols + 1);
    return r->convs && r->warned ? NULL : sl_error_nomem();
}

static sl_error *finish(pg_task *t, pg_relation *r, const table_facts *f) {
    for (uint32_t i = 0; i < r->table->ncols; i++) { /* Debezium compares names without regard to case */
        for (uint32_t k = 0; k < i; k++) {
            if (sl_str_eq_nocase(r->table->cols[i].name, r->table->cols[k].name)) {
                sl_log(t->ctx, SL_LOG_INFO, "columns '%.*s' and '%.*s' of %.*s differ by case only",
                       SL_STR_ARG(r->table->cols[k].name), SL_STR_ARG(r->table->cols[i].name),
                       SL_STR_ARG(r->table->id));
            }
        }
    }
    return cdc_table_build(r->table, &t->schemas, &t->s->cdc, &t->rules, f->key, f->nkey);
}

sl_error *pg_relation_from_catalog(pg_task *t, sl_str schema, sl_str name, pg_relation *out) {
    table_facts f = {.ncols = 0};
    memset(out, 0, sizeof *out);
    sl_error *err = read_facts(t, schema, name, &f);
    err = err ? err : new_table(out, schema, name, (uint32_t)f.ncols);
    for (uint32_t i = 0; !err && i < f.ncols; i++) {
        err = fill_column(t, out, i, f.cols[i].name, f.cols[i].type, f.cols[i].typmod, &f.cols[i]);
        cdc_column *col = &out->table->cols[i];
        col->type_name = serial_name(col->type_name, f.cols[i].default_text);
    }
    err = err ? err : finish(t, out, &f);
    sl_arena_deinit(&f.arena);
    if (err) {
        pg_relation_deinit(t, out);
    }
    return err;
}

/* ---- the catalog as the transaction at hand left it ---- */

static sl_error *is_visible(pg_task *t, uint32_t xid, bool *visible) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b,
                  "select pg_catalog.txid_snapshot_xmax(s) & 4294967295, (select count(*) from "
                  "pg_catalog.txid_snapshot_xip(s) x where x & 4294967295 = %u) from "
                  "pg_catalog.txid_current_snapshot() s",
                  xid);
    PGresult *res = NULL;
    SL_TRY(run(t, &b, "asking whether a transaction is visible", &res));
    uint32_t next = (uint32_t)strtoul(PQgetvalue(res, 0, 0), NULL, 10);
    *visible = (int32_t)(xid - next) < 0 && *PQgetvalue(res, 0, 1) == '0';
    PQclear(res);
    return NULL;
}

/* The server sends a transaction as soon as its end is in the log; other sessions see what it did a moment
 * later. */
static sl_error *wait_visible(pg_task *t) {
    uint32_t xid = t->stream.tx.open ? t->stream.tx.xid : 0;
    int64_t until = pg_now_ms() + VISIBLE_MS;
    for (bool visible = xid == 0; !visible;) {
        SL_TRY(is_visible(t, xid, &visible));
        if (visible || pg_now_ms() > until) {
            return NULL;
        }
        if (pg_conn_stopping(&t->sql)) {
            return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "interrupted, for the task stops");
        }
        struct timespec nap = {.tv_nsec = 500000};
        nanosleep(&nap, NULL);
    }
    return NULL;
}

static sl_error *build_from_message(pg_task *t, const pgo_message *m, pg_relation *r) {
    if (!cdc_rules_table(&t->rules, m->name, m->table)) {
        return NULL;
    }
    table_facts f = {.ncols = 0};
    SL_TRY(wait_visible(t));
    pg_types_forget_enums(&t->types);
    sl_error *err = read_facts(t, m->name, m->table, &f);
    err = err ? err : new_table(r, m->name, m->table, m->count);
    sl_reader rest = m->rest;
    for (uint32_t i = 0; !err && i < m->count; i++) {
        pgo_column c;
        if (!pgo_next_column(&rest, &c)) {
            err = sl_error_new(SL_E_DATABASE, SL_FATAL, "the server sent a relation without all its columns");
            break;
        }
        err = fill_column(t, r, i, c.name, c.type, c.typmod, facts_of(&f, c.name));
    }
    err = err ? err : finish(t, r, &f);
    sl_arena_deinit(&f.arena);
    return err;
}

pg_relation *pg_relation_find(pg_task *t, uint32_t oid) {
    for (pg_relation *r = t->relations[oid % 256]; r; r = r->next) {
        if (r->oid == oid) {
            return r;
        }
    }
    return NULL;
}

void pg_relation_deinit(pg_task *t, pg_relation *r) {
    cdc_table_free(r->table, t->ctx->host);
    r->table = NULL;
}

sl_error *pg_relation_from_message(pg_task *t, const pgo_message *m) {
    pg_relation *r = pg_relation_find(t, m->relation);
    if (!r) {
        r = sl_calloc(1, sizeof *r);
        if (!r) {
            return sl_error_nomem();
        }
        r->oid = m->relation;
        r->next = t->relations[m->relation % 256];
        t->relations[m->relation % 256] = r;
    }
    pg_relation_deinit(t, r);
    sl_error *err = build_from_message(t, m, r);
    if (err) {
        pg_relation_deinit(t, r);
    }
    return err;
}

void pg_relations_deinit(pg_task *t) {
    for (size_t i = 0; i < 256; i++) {
        for (pg_relation *r = t->relations[i], *next; r; r = next) {
            next = r->next;
            pg_relation_deinit(t, r);
            sl_free(r);
        }
        t->relations[i] = NULL;
    }
}

sl_error *pg_tables_list(pg_task *t, sl_arena *a, pg_snap_table **out, size_t *n) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b,
                  "select n.nspname, c.relname, c.oid, c.relkind = 'r' and not c.relhassubclass and not "
                  "c.relrowsecurity%s, c.relkind = 'r' and not c.relhassubclass, c.relrowsecurity, "
                  "c.reltuples, c.relpersistence = 'u' "
                  "from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
                  "where c.relkind in ('r', 'p') and c.relpersistence <> 't' and n.nspname <> "
                  "'information_schema' and n.nspname !~ '^pg_' "
                  "order by n.nspname collate \"C\", c.relname collate \"C\"",
                  t->server_version >= 120000 ? " and not exists (select from pg_catalog.pg_attribute a "
                                                "where a.attrelid = c.oid and a.attgenerated <> '')"
                                              : "");
    PGresult *res = NULL;
    SL_TRY(run(t, &b, "reading the list of tables from the catalog", &res));
    int rows = PQntuples(res);
    pg_snap_table *list = sl_arena_zalloc(a, ((size_t)rows + 1) * sizeof *list);
    *n = 0;
    for (int i = 0; list && i < rows; i++) {
        pg_snap_table x = {.schema = keep(a, res, i, 0),
                           .name = keep(a, res, i, 1),
                           .oid = (uint32_t)strtoul(PQgetvalue(res, i, 2), NULL, 10),
                           .plain = *PQgetvalue(res, i, 3) == 't',
                           .own_rows = *PQgetvalue(res, i, 4) == 't',
                           .protected = *PQgetvalue(res, i, 5) == 't',
                           .rows = strtod(PQgetvalue(res, i, 6), NULL),
                           .unlogged = *PQgetvalue(res, i, 7) == 't'};
        if (cdc_rules_table(&t->rules, x.schema, x.name)) {
            list[(*n)++] = x;
        }
    }
    PQclear(res);
    *out = list;
    return list && !a->failed ? NULL : sl_error_nomem();
}
