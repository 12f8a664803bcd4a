/*
 * catalog.c - tables of the target: looked up once, created and extended where the settings allow it.
 *
 * Nothing is ever dropped or changed in type. Another task may create or extend the same table at the same
 * moment: whoever comes second looks again and goes on. DDL runs outside of transactions, before the rows of
 * the batch.
 */
#include "task.h"

void jdbc_quote_add(sl_str name, sl_buf *out) {
    sl_buf_add_char(out, '"');
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '"') {
            sl_buf_add_char(out, '"');
        }
        sl_buf_add_char(out, name.p[i]);
    }
    sl_buf_add_char(out, '"');
}

const jdbc_column *jdbc_table_column(const jdbc_table *t, sl_str name, bool fold) {
    for (size_t i = 0; i < t->ncolumns; i++) {
        if (sl_str_eq(t->columns[i].name, name)) {
            return &t->columns[i];
        }
    }
    for (size_t i = 0; fold && i < t->ncolumns; i++) {
        if (sl_str_eq_nocase(t->columns[i].name, name)) {
            return &t->columns[i];
        }
    }
    return NULL;
}

void jdbc_catalog_clear(jdbc_task *t) {
    for (jdbc_shape *s = t->shapes; s; s = s->next) {
        t->dialect->shape_free(s);
    }
    for (size_t i = 0; i < JDBC_ROUTE_SLOTS; i++) {
        for (jdbc_route *r = t->routes[i]; r; r = r->next) {
            jdbc_route_drop(t, r);
        }
        t->routes[i] = NULL;
    }
    t->shapes = NULL;
    t->tables = NULL;
    t->nroutes = 0;
    sl_arena_reset(&t->catalog, 64 * 1024);
}

static bool kind_allowed(const jdbc_task *t, const jdbc_table *table) {
    const sl_str_list *types = &t->settings->raw->table_types;
    bool allowed = !t->settings->confluent || types->n == 0;
    for (size_t i = 0; i < types->n; i++) {
        allowed = allowed || sl_str_eq_nocase(types->items[i], table->kind);
    }
    return allowed;
}

static sl_error *check_kind(const jdbc_task *t, const jdbc_table *table) {
    if (!table->exists || kind_allowed(t, table)) {
        return NULL;
    }
    return sl_error_new(SL_E_CONFIG, SL_USER, "%s: '%.*s' is a %.*s: add that to table.types to write to it",
                        t->dialect->name, SL_STR_ARG(table->name), SL_STR_ARG(table->kind));
}

sl_error *jdbc_catalog_table(jdbc_task *t, sl_str name, jdbc_table **out) {
    for (jdbc_table *table = t->tables; table; table = table->next) {
        if (sl_str_eq(table->name, name)) {
            *out = table;
            return NULL;
        }
    }
    jdbc_table *table = sl_arena_zalloc(&t->catalog, sizeof *table);
    if (!table) {
        return sl_error_nomem();
    }
    table->name = sl_arena_str(&t->catalog, name);
    SL_TRY(t->dialect->resolve(t->db, table, &t->catalog));
    SL_TRY(t->dialect->describe(t->db, table, &t->catalog));
    SL_TRY(check_kind(t, table));
    table->next = t->tables;
    t->tables = table;
    *out = table;
    return NULL;
}

/* ---- creating and extending ---- */

static sl_error *add_definition(const jdbc_task *t, jdbc_col *col, sl_buf *sql) {
    sl_buf_add_str(sql, col->quoted);
    sl_buf_add_char(sql, ' ');
    t->dialect->type_name(t->db, col, sql);
    const sl_value *def = col->schema->default_value;
    if (def && def->type != SL_NULL && !col->key) {
        sl_arena arena;
        sl_arena_init(&arena, 0);
        jdbc_cell cell;
        sl_buf literal;
        sl_buf_init(&literal, NULL);
        const char *bad =
            jdbc_cell_make(&t->settings->rules, col->schema, col->kind, col->render, def, &arena, &cell);
        if (!bad && cell.cls != JC_UNAVAILABLE && t->dialect->literal(t->db, col, &cell, &literal)) {
            sl_buf_printf(sql, " DEFAULT %.*s", SL_STR_ARG(sl_buf_view(&literal)));
        }
        sl_buf_deinit(&literal);
        sl_arena_deinit(&arena);
    }
    if (col->key || !col->schema->optional) {
        sl_buf_add_z(sql, " NOT NULL");
    }
    return sql->failed ? sl_error_nomem() : NULL;
}

static sl_error *run_ddl(jdbc_task *t, sl_buf *sql) {
    sl_buf_add_char(sql, 0);
    if (sql->failed) {
        return sl_error_nomem();
    }
    sl_log(t->ctx, SL_LOG_INFO, "%s: %s", t->dialect->name, sql->p);
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_error *err = t->dialect->query(t->db, sql->p, NULL, 0, &arena, NULL);
    sl_arena_deinit(&arena);
    return err;
}

static sl_error *add_create(const jdbc_task *t, const jdbc_table *table, jdbc_col *cols, uint32_t ncols,
                            uint32_t nkeys, sl_buf *sql) {
    sl_buf_printf(sql, "CREATE TABLE %.*s (", SL_STR_ARG(table->quoted));
    for (uint32_t i = 0; i < ncols; i++) {
        sl_buf_add_z(sql, i ? ", " : "");
        SL_TRY(add_definition(t, &cols[i], sql));
    }
    for (uint32_t i = 0; i < nkeys; i++) {
        sl_buf_printf(sql, "%s%.*s%s", i ? ", " : ", PRIMARY KEY (", SL_STR_ARG(cols[i].quoted),
                      i + 1 == nkeys ? ")" : "");
    }
    sl_buf_add_char(sql, ')');
    return NULL;
}

/* look_again: err came from DDL; when another task was quicker the table is as we want it and err is
 * forgotten. */
static sl_error *look_again(jdbc_task *t, jdbc_table *table, sl_error *err, sl_str column) {
    if (err && err->cls == SL_RETRIABLE) {
        return err;
    }
    sl_error *again = t->dialect->describe(t->db, table, &t->catalog);
    if (again) {
        sl_error_free(err);
        return again;
    }
    bool there = table->exists && (!column.p || jdbc_table_column(table, column, true));
    if (err && there) {
        sl_error_free(err);
        return NULL;
    }
    if (err && err->code ==
                   SL_E_NOT_FOUND) { /* a type or schema that is not there: describing again would not help */
        err->code = SL_E_DATABASE;
    }
    return err ? sl_error_wrap(err, "cannot create or extend table '%.*s'", SL_STR_ARG(table->name)) : NULL;
}

static sl_error *create_table(jdbc_task *t, jdbc_table *table, jdbc_col *cols, uint32_t ncols,
                              uint32_t nkeys) {
    if (!t->settings->create) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%s: table '%.*s' does not exist: create it, or set %s",
                            t->dialect->name, SL_STR_ARG(table->quoted),
                            t->settings->confluent ? "auto.create=true" : "schema.evolution=basic");
    }
    if (ncols == 0) {
        return sl_error_new(SL_E_DATA, SL_USER, "table '%.*s' cannot be created: the record has no fields",
                            SL_STR_ARG(table->name));
    }
    sl_buf sql;
    sl_buf_init(&sql, NULL);
    sl_error *err = add_create(t, table, cols, ncols, nkeys, &sql);
    if (!err) {
        err = look_again(t, table, run_ddl(t, &sql), SL_STR_NONE);
    }
    sl_buf_deinit(&sql);
    return err;
}

static sl_error *refuse_column(const jdbc_task *t, const jdbc_table *table, const jdbc_col *col) {
    if (!t->settings->evolve) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "%s: table '%.*s' has no column '%.*s' for field '%.*s': add the column, set %s, "
                            "or leave the field out with %s",
                            t->dialect->name, SL_STR_ARG(table->quoted), SL_STR_ARG(col->column),
                            SL_STR_ARG(col->field),
                            t->settings->confluent ? "auto.evolve=true" : "schema.evolution=basic",
                            t->settings->confluent ? "fields.whitelist" : "field.exclude.list");
    }
    return sl_error_new(SL_E_DATA, SL_USER,
                        "table '%.*s' has no column for field '%.*s', and it cannot be added because the "
                        "field is neither optional nor "
                        "has a default: add the column by hand, or make the field optional",
                        SL_STR_ARG(table->name), SL_STR_ARG(col->field));
}

static sl_error *add_column(jdbc_task *t, jdbc_table *table, jdbc_col *col) {
    if (!t->settings->evolve || col->key || (!col->schema->optional && !col->schema->default_value)) {
        return refuse_column(t, table, col);
    }
    sl_buf sql;
    sl_buf_init(&sql, NULL);
    sl_buf_printf(&sql, "ALTER TABLE %.*s ADD COLUMN ", SL_STR_ARG(table->quoted));
    sl_error *err = add_definition(t, col, &sql);
    if (!err) {
        err = look_again(t, table, run_ddl(t, &sql), col->column);
    }
    sl_buf_deinit(&sql);
    return err;
}

static bool find_targets(const jdbc_task *t, const jdbc_table *table, jdbc_col *cols, uint32_t ncols,
                         uint32_t *missing) {
    bool fold = t->settings->fold || t->dialect == &jdbc_sqlite;
    for (uint32_t i = 0; i < ncols; i++) {
        cols[i].target = jdbc_table_column(table, cols[i].column, fold);
        if (!cols[i].target) {
            *missing = i;
            return false;
        }
    }
    return true;
}

static sl_error *bind_targets(jdbc_task *t, const jdbc_table *table, jdbc_col *cols, uint32_t ncols) {
    for (uint32_t i = 0; i < ncols; i++) {
        jdbc_col *col = &cols[i];
        if (col->target->generated) {
            return sl_error_new(
                SL_E_CONFIG, SL_USER,
                "column '%.*s' of table '%.*s' is generated by the database: leave the field out with %s",
                SL_STR_ARG(col->column), SL_STR_ARG(table->name),
                t->settings->confluent ? "fields.whitelist" : "field.exclude.list");
        }
        if (!sl_str_eq(col->target->name, col->column)) { /* found without regard to case */
            sl_buf quoted;
            sl_buf_init(&quoted, &t->catalog);
            jdbc_quote_add(col->target->name, &quoted);
            col->quoted = sl_buf_take(&quoted);
            col->column = col->target->name;
        }
        t->dialect->bind(t->db, col);
    }
    return t->catalog.failed ? sl_error_nomem() : NULL;
}

sl_error *jdbc_catalog_fit(jdbc_task *t, jdbc_table *table, jdbc_col *cols, uint32_t ncols, uint32_t nkeys) {
    uint32_t missing = 0;
    if (!table->exists) { /* someone may have created it since */
        SL_TRY(t->dialect->describe(t->db, table, &t->catalog));
        SL_TRY(check_kind(t, table));
    }
    if (!table->exists) {
        SL_TRY(create_table(t, table, cols, ncols, nkeys));
    }
    for (uint32_t tries = 0; !find_targets(t, table, cols, ncols, &missing); tries++) {
        if (tries > 0 || !t->settings->evolve) { /* the description may be old */
            SL_TRY(t->dialect->describe(t->db, table, &t->catalog));
            if (find_targets(t, table, cols, ncols, &missing)) {
                break;
            }
        }
        SL_TRY(add_column(t, table, &cols[missing]));
        if (tries > ncols) {
            return sl_error_new(SL_E_DATABASE, SL_FATAL, "table '%.*s': columns were added but are not there",
                                SL_STR_ARG(table->name));
        }
    }
    return bind_targets(t, table, cols, ncols);
}

void jdbc_add_conflict(const jdbc_shape *s, sl_buf *b) {
    sl_buf_add_z(b, " ON CONFLICT (");
    for (uint32_t i = 0; i < s->nkeys; i++) {
        sl_buf_printf(b, "%s%.*s", i ? ", " : "", SL_STR_ARG(s->cols[i].quoted));
    }
    sl_buf_add_z(b, s->ncols > s->nkeys ? ") DO UPDATE SET " : ") DO NOTHING");
    for (uint32_t i = s->nkeys; i < s->ncols; i++) {
        sl_str q = s->cols[i].quoted;
        sl_buf_printf(b, "%s%.*s = excluded.%.*s", i > s->nkeys ? ", " : "", SL_STR_ARG(q), SL_STR_ARG(q));
    }
}
