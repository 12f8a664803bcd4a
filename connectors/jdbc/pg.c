/*
 * pg.c - the PostgreSQL dialect: transactions, describing and naming tables, types of new columns.
 *
 * Writing rows is in pg_write.c, the connection in pg_conn.c.
 */
#include "pg_write.h"

#include <stdlib.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_NAME 63

static jdbc_pg *pg(jdbc_db *db) {
    return (jdbc_pg *)db;
}

static void pg_close(jdbc_db *db) {
    jdbc_pg *c = pg(db);
    jdbc_pg_drop(c);
    for (size_t i = 0; i < c->nbuffers; i++) {
        sl_buf_deinit(&c->buffers[i]);
    }
    sl_free(c->buffers);
    if (c->wake >= 0) {
        (void)close(c->wake);
    }
    sl_free(c);
}

static sl_error *pg_open(const sl_context *ctx, const jdbc_settings *settings, jdbc_db **out) {
    jdbc_pg *c = sl_calloc(1, sizeof *c);
    if (!c) {
        return sl_error_nomem();
    }
    c->ctx = ctx;
    c->settings = settings;
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->wake < 0) {
        pg_close((jdbc_db *)c);
        return sl_error_new(SL_E_IO, SL_RETRIABLE, "no file descriptor left for the connection");
    }
    *out = (jdbc_db *)c;
    return NULL;
}

static void pg_interrupt(jdbc_db *db) {
    jdbc_pg_wake(pg(db));
}

static sl_error *pg_connect(jdbc_db *db, int64_t wait_ms, bool *fresh) {
    jdbc_pg *c = pg(db);
    if (c->conn && (c->broken || PQstatus(c->conn) == CONNECTION_BAD)) {
        jdbc_pg_drop(c);
    }
    *fresh = c->conn == NULL;
    return *fresh ? jdbc_pg_open(c, wait_ms) : NULL;
}

static void pg_disconnect(jdbc_db *db) {
    jdbc_pg_drop(pg(db));
}

static sl_error *pg_pause(jdbc_db *db, int64_t ms) {
    return jdbc_pg_sleep(pg(db), ms);
}

/* ---- transactions ---- */

static sl_error *pg_begin(jdbc_db *db) {
    pg(db)->in_transaction = true;
    return jdbc_pg_queue(pg(db), "BEGIN", NULL);
}

static sl_error *pg_sync(jdbc_db *db) {
    return jdbc_pg_sync(pg(db));
}

static sl_error *pg_commit(jdbc_db *db) {
    SL_TRY(jdbc_pg_queue(pg(db), "COMMIT", NULL));
    SL_TRY(jdbc_pg_sync(pg(db)));
    pg(db)->in_transaction = false;
    return NULL;
}

static void pg_rollback(jdbc_db *db) {
    jdbc_pg *c = pg(db);
    if (c->broken) {
        jdbc_pg_drop(c); /* which rolls back as well */
    }
    if (!c->in_transaction || !c->conn) {
        return;
    }
    PGresult *res = NULL;
    sl_error_free(jdbc_pg_sync(c));
    sl_error *err = jdbc_pg_run(c, "ROLLBACK", NULL, &res);
    PQclear(res);
    if (err) {
        jdbc_pg_drop(c);
    }
    sl_error_free(err);
    c->in_transaction = false;
}

static sl_error *pg_check_now(jdbc_db *db) {
    return jdbc_pg_queue(pg(db), "SET CONSTRAINTS ALL IMMEDIATE", NULL);
}

static sl_error *pg_savepoint(jdbc_db *db) {
    return jdbc_pg_queue(pg(db), "SAVEPOINT sluice_batch", NULL);
}

static sl_error *pg_release(jdbc_db *db) {
    return jdbc_pg_queue(pg(db), "RELEASE SAVEPOINT sluice_batch", NULL);
}

static sl_error *pg_rollback_to(jdbc_db *db) {
    PGresult *res = NULL;
    sl_error_free(jdbc_pg_sync(pg(db)));
    SL_TRY(jdbc_pg_run(pg(db), "ROLLBACK TO SAVEPOINT sluice_batch", NULL, &res));
    PQclear(res);
    return jdbc_pg_queue(pg(db), "RELEASE SAVEPOINT sluice_batch", NULL);
}

static sl_error *pg_truncate(jdbc_db *db, const jdbc_table *table) {
    sl_buf sql;
    sl_buf_init(&sql, NULL);
    sl_buf_printf(&sql, "TRUNCATE TABLE %.*s", SL_STR_ARG(table->quoted));
    sl_buf_add_char(&sql, 0);
    sl_error *err = sql.failed ? sl_error_nomem() : jdbc_pg_queue(pg(db), sql.p, NULL);
    sl_buf_deinit(&sql);
    return err;
}

/* ---- queries ---- */

static sl_error *take_rows(const PGresult *res, sl_arena *a, jdbc_rows *rows) {
    rows->nrows = (size_t)PQntuples(res);
    rows->ncols = (size_t)PQnfields(res);
    const char *affected = PQcmdTuples((PGresult *)(uintptr_t)res);
    rows->affected = affected && *affected ? strtoll(affected, NULL, 10) : 0;
    rows->cells = sl_arena_zalloc(a, (rows->nrows * rows->ncols + 1) * sizeof *rows->cells);
    if (!rows->cells) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < rows->nrows * rows->ncols; i++) {
        int r = (int)(i / rows->ncols), f = (int)(i % rows->ncols);
        if (!PQgetisnull(res, r, f)) {
            rows->cells[i] =
                sl_arena_str(a, sl_str_make(PQgetvalue(res, r, f), (size_t)PQgetlength(res, r, f)));
        }
    }
    return a->failed ? sl_error_nomem() : NULL;
}

static sl_error *pg_query(jdbc_db *db, const char *sql, const sl_str *params, size_t nparams, sl_arena *arena,
                          jdbc_rows *rows) {
    jdbc_pg_params p = {.n = (int)nparams};
    PGresult *res = NULL;
    p.values = sl_arena_zalloc(arena, (nparams + 1) * sizeof *p.values);
    if (!p.values) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < nparams; i++) {
        p.values[i] = params[i].p ? sl_arena_str(arena, params[i]).p : NULL;
    }
    SL_TRY(jdbc_pg_run(pg(db), sql, &p, &res));
    sl_error *err = rows ? take_rows(res, arena, rows) : NULL;
    PQclear(res);
    return err;
}

static const char describe_sql[] =
    "SELECT a.attname, COALESCE(NULLIF(t.typbasetype, 0), a.atttypid), format_type(a.atttypid, a.atttypmod), "
    "format_type(a.atttypid, -1), CASE WHEN b.typcategory = 'A' THEN b.typelem ELSE 0 END, a.attnotnull, "
    "a.attgenerated <> '', a.attidentity = 'a', "
    "COALESCE((SELECT array_position(string_to_array(i.indkey::text, ' '), a.attnum::text) FROM pg_index i "
    "WHERE i.indrelid = c.oid AND i.indisprimary), 0), c.relkind "
    "FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "LEFT JOIN pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_type b ON b.oid = COALESCE(NULLIF(t.typbasetype, 0), a.atttypid) "
    "WHERE c.oid = to_regclass($1::text) ORDER BY a.attnum";

static uint32_t to_u32(sl_str s) {
    int64_t v;
    return sl_str_to_i64(s, &v) ? (uint32_t)v : 0;
}

static void take_column(const sl_str *cells, jdbc_column *col) {
    col->name = cells[0];
    col->oid = to_u32(cells[1]);
    col->type = cells[2];
    col->cast = cells[3];
    col->element = to_u32(cells[4]);
    col->not_null = sl_str_eqz(cells[5], "t");
    col->generated = sl_str_eqz(cells[6], "t");
    col->identity_always = sl_str_eqz(cells[7], "t");
    col->key = (int16_t)to_u32(cells[8]);
}

static sl_error *pg_describe(jdbc_db *db, jdbc_table *table, sl_arena *arena) {
    jdbc_rows rows = {0};
    table->exists = false;
    table->ncolumns = 0;
    SL_TRY(pg_query(db, describe_sql, &table->quoted, 1, arena, &rows));
    if (rows.nrows == 0) {
        return NULL;
    }
    table->columns = sl_arena_zalloc(arena, rows.nrows * sizeof *table->columns);
    if (!table->columns) {
        return sl_error_nomem();
    }
    table->exists = true;
    char kind = rows.cells[9].n ? rows.cells[9].p[0] : 'r';
    table->kind = kind == 'v' || kind == 'm' ? SL_STR("VIEW")
                  : kind == 'p'              ? SL_STR("PARTITIONED TABLE")
                                             : SL_STR("TABLE");
    for (size_t i = 0; i < rows.nrows; i++) {
        if (rows.cells[i * rows.ncols].p) { /* absent: a table without columns */
            take_column(&rows.cells[i * rows.ncols], &table->columns[table->ncolumns++]);
        }
    }
    return NULL;
}

/* ---- names ---- */

/* take_part cuts one part off a name at a dot that is not in double quotes; the part is unquoted and folded.
 */
static sl_str take_part(sl_str *rest, bool fold, sl_arena *a) {
    sl_buf b;
    sl_buf_init(&b, a);
    bool closed = rest->n > 1 && rest->p[0] == '"' && memchr(rest->p + 1, '"', rest->n - 1), quoted = false;
    size_t i = 0;
    for (; i < rest->n && (quoted || rest->p[i] != '.'); i++) {
        char c = rest->p[i];
        if (closed && c == '"') {
            if (quoted && i + 1 < rest->n && rest->p[i + 1] == '"') {
                i++;
            } else {
                quoted = !quoted;
                continue;
            }
        }
        sl_buf_add_char(&b, fold && !quoted && c >= 'A' && c <= 'Z' ? (char)(c | 32) : c);
    }
    *rest = i < rest->n ? sl_str_skip(*rest, i + 1) : SL_STR_NONE;
    return sl_buf_take(&b);
}

static sl_error *check_part(sl_str part, const jdbc_table *table) {
    if (part.n == 0 || part.n > MAX_NAME || memchr(part.p, 0, part.n)) {
        return sl_error_new(
            SL_E_CONFIG, SL_USER,
            "postgresql: '%.*s' is no table name: each part must have 1 to %d bytes; set the table name "
            "format "
            "(collection.name.format or table.name.format), or rename the topic with a RegexRouter transform",
            SL_STR_ARG(table->name), MAX_NAME);
    }
    return NULL;
}

static sl_error *pg_resolve(jdbc_db *db, jdbc_table *table, sl_arena *arena) {
    sl_str parts[4], rest = table->name;
    size_t n = 0;
    while (rest.p && n < 4) {
        parts[n] = take_part(&rest, pg(db)->settings->fold, arena);
        SL_TRY(check_part(parts[n++], table));
    }
    if (n == 0 || n > 3 || rest.p) {
        return sl_error_new(
            SL_E_CONFIG, SL_USER,
            "postgresql: '%.*s' is no table name: expected table or schema.table; set the table name format "
            "(collection.name.format or table.name.format), or rename the topic with a RegexRouter transform",
            SL_STR_ARG(table->name));
    }
    if (n == 3 && pg(db)->conn && !sl_str_eqz(parts[0], PQdb(pg(db)->conn))) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "postgresql: table '%.*s' is in database '%.*s', but the connection is to '%s'; "
                            "set the table name format "
                            "(collection.name.format or table.name.format) to schema.table, or rename the "
                            "topic with a RegexRouter "
                            "transform",
                            SL_STR_ARG(table->name), SL_STR_ARG(parts[0]), PQdb(pg(db)->conn));
    }
    table->table = parts[n - 1];
    table->schema = n > 1 ? parts[n - 2] : SL_STR_NONE;
    sl_buf b;
    sl_buf_init(&b, arena);
    if (table->schema.p) {
        jdbc_quote_add(table->schema, &b);
        sl_buf_add_char(&b, '.');
    }
    jdbc_quote_add(table->table, &b);
    table->quoted = sl_buf_take(&b);
    return table->quoted.p ? NULL : sl_error_nomem();
}

/* ---- types of new columns ---- */

static const char *const simple_types[JK_COUNT] = {
    [JK_BOOL] = "boolean",
    [JK_INT8] = "smallint",
    [JK_INT16] = "smallint",
    [JK_INT32] = "integer",
    [JK_INT64] = "bigint",
    [JK_FLOAT32] = "real",
    [JK_FLOAT64] = "double precision",
    [JK_STRING] = "text",
    [JK_BYTES] = "bytea",
    [JK_DATE] = "date",
    [JK_TIME_MS] = "time",
    [JK_TIME_US] = "time",
    [JK_TIME_NS] = "time",
    [JK_CONNECT_STAMP] = "timestamp",
    [JK_STAMP_MS] = "timestamp",
    [JK_STAMP_US] = "timestamp",
    [JK_STAMP_NS] = "timestamp",
    [JK_ZONED_STAMP] = "timestamptz",
    [JK_ZONED_TIME] = "timetz",
    [JK_ISO_DATE] = "date",
    [JK_ISO_TIME] = "time",
    [JK_ISO_STAMP] = "timestamp",
    [JK_DURATION_US] = "interval",
    [JK_DURATION_NS] = "interval",
    [JK_INTERVAL] = "interval",
    [JK_YEAR] = "integer",
    [JK_JSON] = "json",
    [JK_XML] = "xml",
    [JK_UUID] = "uuid",
    [JK_LTREE] = "text",
    [JK_ENUM] = "text",
    [JK_ENUM_SET] = "text",
    [JK_TSVECTOR] = "tsvector",
    [JK_VAR_DECIMAL] = "numeric",
    [JK_POINT] = "point",
    [JK_CIRCLE] = "circle",
    [JK_GEOMETRY] = "bytea",
    [JK_GEOGRAPHY] = "bytea",
    [JK_SPARSE_VECTOR] = "text",
    [JK_DOUBLE_VECTOR] = "double precision[]",
    [JK_FLOAT_VECTOR] = "real[]",
    [JK_MAP] = "jsonb",
    [JK_STRUCT] = "jsonb",
};

/* Types of a source that text stands for: with column type propagation the new column gets the type itself.
 */
static const char *const text_types[] = {
    "inet",      "cidr",      "macaddr",  "macaddr8", "json",      "jsonb",     "xml",      "money",   "oid",
    "int4range", "int8range", "numrange", "tsrange",  "tstzrange", "daterange", "tsvector", "interval"};

static const char *propagated_type(const sl_schema *s) {
    sl_str source = sl_schema_param_get(s, SL_STR("__debezium.source.column.type"));
    for (size_t i = 0; source.n && s->type == SL_STRING && i < sizeof text_types / sizeof text_types[0];
         i++) {
        if (sl_str_eq_nocase(source, sl_str_of(text_types[i]))) {
            return text_types[i];
        }
    }
    return NULL;
}

static void add_type(const sl_schema *s, jdbc_kind kind, sl_buf *out) {
    int64_t scale = 0, precision = 0, length = 0;
    const char *propagated = propagated_type(s);
    if (propagated) {
        sl_buf_add_z(out, propagated);
    } else if (kind == JK_DECIMAL) {
        sl_buf_add_z(out, "numeric");
        sl_str p = sl_schema_param_get(s, SL_STR("connect.decimal.precision"));
        if (p.p && sl_str_to_i64(p, &precision) &&
            sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &scale) && precision > 0 &&
            precision <= 1000 && scale >= 0 && scale <= precision) {
            sl_buf_printf(out, "(%d,%d)", (int)precision, (int)scale);
        }
    } else if (kind == JK_BITS) {
        sl_str l = sl_schema_param_get(s, SL_STR("length"));
        bool fixed = l.p && sl_str_to_i64(l, &length) && length > 0 && length < 83886080;
        sl_buf_printf(out, fixed ? "bit(%d)" : "bit varying", (int)length);
    } else if (kind == JK_ARRAY) {
        if (jdbc_pg_plain_array(s)) {
            add_type(s->element, jdbc_kind_of(s->element), out);
            sl_buf_add_z(out, "[]");
        } else {
            sl_buf_add_z(out, "jsonb");
        }
    } else {
        sl_buf_add_z(out, simple_types[kind] ? simple_types[kind] : "text");
    }
}

static void pg_type_name(const jdbc_db *db, const jdbc_col *col, sl_buf *out) {
    (void)db;
    if (col->render == JR_STAMP) {
        sl_buf_add_z(out, "timestamp");
    } else if (col->kind == JK_ARRAY && col->render == JR_JSON) {
        sl_buf_add_z(out, "jsonb");
    } else {
        add_type(col->schema, col->kind, out);
    }
}

static bool pg_literal(const jdbc_db *db, const jdbc_col *col, const jdbc_cell *cell, sl_buf *out) {
    const jdbc_pg *c = (const jdbc_pg *)db;
    sl_buf text;
    sl_buf_init(&text, NULL);
    jdbc_cell_text(&c->settings->rules, cell, &text);
    bool ok = !text.failed && (text.n == 0 || !memchr(text.p, 0, text.n));
    sl_buf_add_char(out, '\'');
    for (size_t i = 0; ok && i < text.n; i++) {
        if (text.p[i] == '\'') {
            sl_buf_add_char(out, '\'');
        }
        sl_buf_add_char(out, text.p[i]);
    }
    sl_buf_add_z(out, "'::");
    pg_type_name(db, col, out);
    sl_buf_deinit(&text);
    return ok;
}

const jdbc_dialect jdbc_postgres = {
    .name = "postgresql",
    .max_identifier = MAX_NAME,
    .open = pg_open,
    .close = pg_close,
    .interrupt = pg_interrupt,
    .connect = pg_connect,
    .disconnect = pg_disconnect,
    .pause = pg_pause,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .check_now = pg_check_now,
    .savepoint = pg_savepoint,
    .release = pg_release,
    .rollback_to = pg_rollback_to,
    .sync = pg_sync,
    .write = jdbc_pg_write,
    .truncate = pg_truncate,
    .shape_free = jdbc_pg_shape_free,
    .query = pg_query,
    .describe = pg_describe,
    .resolve = pg_resolve,
    .bind = jdbc_pg_bind,
    .type_name = pg_type_name,
    .literal = pg_literal,
    .offsets_ddl =
        "CREATE TABLE IF NOT EXISTS %.*s (connector text NOT NULL, topic text NOT NULL, partition integer "
        "NOT NULL, "
        "next_offset bigint NOT NULL, owner text NOT NULL, PRIMARY KEY (connector, topic, partition))",
};
