/*
 * sqlite.c - the SQLite dialect: a file in WAL mode, one transaction a batch, one prepared statement a shape.
 *
 * A connection is used by one thread at a time (opened without SQLite's own locks); `interrupt` reaches it
 * under a mutex that also guards opening and closing. Waiting for another writer's lock polls an eventfd, so
 * that it can be interrupted.
 */
#include "clock.h"
#include "dialect.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct lite {
    const sl_context *ctx;
    const jdbc_settings *settings;
    pthread_mutex_t lock; /* guards db against interrupt */
    sqlite3 *db;
    uint64_t epoch; /* counts connections; statements of another epoch are stale */
    int wake;
    int busy_ms;
    bool woken; /* during a wait for a lock */
} lite;

typedef struct lite_statements {
    uint64_t epoch;
    sqlite3_stmt *main, *second;
} lite_statements;

static lite *of(jdbc_db *db) {
    return (lite *)db;
}

/* ---- errors ---- */

static const struct {
    int code;
    sl_error_code kind;
    sl_error_class cls;
    const char *remedy;
} codes[] = {
    {SQLITE_BUSY, SL_E_DATABASE, SL_RETRIABLE, "another process holds the file's lock"},
    {SQLITE_LOCKED, SL_E_DATABASE, SL_RETRIABLE, NULL},
    {SQLITE_FULL, SL_E_IO, SL_RETRIABLE, "the disk is full"},
    {SQLITE_IOERR, SL_E_IO, SL_RETRIABLE, NULL},
    {SQLITE_NOMEM, SL_E_NOMEM, SL_RETRIABLE, NULL},
    {SQLITE_PROTOCOL, SL_E_DATABASE, SL_RETRIABLE, NULL},
    {SQLITE_CANTOPEN, SL_E_CONFIG, SL_USER,
     "check that the folder in connection.url is there and may be written"},
    {SQLITE_READONLY, SL_E_AUTH, SL_USER, "the file or its folder may not be written by this user"},
    {SQLITE_PERM, SL_E_AUTH, SL_USER, "the file may not be written by this user"},
    {SQLITE_AUTH, SL_E_AUTH, SL_USER, NULL},
    {SQLITE_NOTADB, SL_E_CONFIG, SL_USER, "connection.url names a file that is no SQLite database"},
    {SQLITE_CORRUPT, SL_E_DATABASE, SL_FATAL, "the file is damaged; restore it from a backup"},
    {SQLITE_CONSTRAINT, SL_E_DATA, SL_USER, NULL},
    {SQLITE_MISMATCH, SL_E_DATA, SL_USER, NULL},
    {SQLITE_TOOBIG, SL_E_DATA, SL_USER, NULL},
    {SQLITE_SCHEMA, SL_E_NOT_FOUND, SL_USER, NULL},
};

static sl_error *sql_error(const lite *c, int rc, const char *text) {
    if (strstr(text, "ON CONFLICT clause does not match")) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "sqlite: insert.mode=upsert needs a primary key or unique index on exactly the "
                            "key's columns: add one to the "
                            "table, or set the primary key fields to those that have one");
    }
    if (strstr(text, "no such table") || strstr(text, "no such column") || strstr(text, "has no column")) {
        return sl_error_new(SL_E_NOT_FOUND, SL_USER, "sqlite: %s", text);
    }
    if ((rc & 0xff) == SQLITE_INTERRUPT || ((rc & 0xff) == SQLITE_BUSY && c->woken)) {
        return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE,
                            "sqlite: interrupted; nothing of this batch was committed");
    }
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].code == (rc & 0xff)) {
            return sl_error_new(codes[i].kind, codes[i].cls, "sqlite: %s%s%s", text,
                                codes[i].remedy ? "; " : "", codes[i].remedy ? codes[i].remedy : "");
        }
    }
    return sl_error_new(SL_E_DATABASE, SL_FATAL, "sqlite: %s [%d]", text, rc);
}

static sl_error *db_error(const lite *c, int rc) {
    return sql_error(c, rc, c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
}

static sl_error *run(lite *c, const char *sql) {
    c->woken = false;
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? NULL : db_error(c, rc);
}

/* ---- life ---- */

static sl_error *lite_open(const sl_context *ctx, const jdbc_settings *settings, jdbc_db **out) {
    lite *c = sl_calloc(1, sizeof *c);
    if (!c) {
        return sl_error_nomem();
    }
    c->ctx = ctx;
    c->settings = settings;
    c->busy_ms = 5000;
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->wake < 0 || pthread_mutex_init(&c->lock, NULL) != 0) {
        sl_free(c);
        return sl_error_new(SL_E_IO, SL_RETRIABLE, "no file descriptor left for the connection");
    }
    *out = (jdbc_db *)c;
    return NULL;
}

static void lite_disconnect(jdbc_db *db) {
    lite *c = of(db);
    (void)pthread_mutex_lock(&c->lock);
    (void)sqlite3_close_v2(c->db); /* statements of shapes may outlive it */
    c->db = NULL;
    (void)pthread_mutex_unlock(&c->lock);
}

static void lite_close(jdbc_db *db) {
    lite_disconnect(db);
    (void)pthread_mutex_destroy(&of(db)->lock);
    (void)close(of(db)->wake);
    sl_free(db);
}

static void lite_interrupt(jdbc_db *db) {
    lite *c = of(db);
    uint64_t one = 1;
    ssize_t n = write(c->wake, &one, sizeof one);
    (void)n;
    (void)pthread_mutex_lock(&c->lock);
    if (c->db) {
        sqlite3_interrupt(c->db);
    }
    (void)pthread_mutex_unlock(&c->lock);
}

/* wait_wake waits up to ms; true when woken. */
static bool wait_wake(const lite *c, int ms) {
    struct pollfd p = {c->wake, POLLIN, 0};
    uint64_t count;
    return poll(&p, 1, ms) > 0 && read(c->wake, &count, sizeof count) == (ssize_t)sizeof count;
}

static int wait_lock(void *arg, int tries) {
    lite *c = arg;
    if (tries * 10 >= c->busy_ms) {
        return 0;
    }
    c->woken = wait_wake(c, 10);
    return !c->woken;
}

static sl_error *lite_pause(jdbc_db *db, int64_t ms) {
    for (; ms > 0; ms -= 60000) {
        if (wait_wake(of(db), (int)(ms > 60000 ? 60000 : ms))) {
            return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "sqlite: interrupted");
        }
    }
    return NULL;
}

static sl_error *set_pragmas(lite *c) {
    const jdbc_url *url = &c->settings->url;
    char sql[200];
    SL_TRY(run(c, "PRAGMA journal_mode=WAL"));
    SL_TRY(run(c, "PRAGMA synchronous=FULL"));
    for (size_t i = 0; i < url->nparams; i++) {
        if (strcmp(url->params[i].name, "busy_timeout") == 0) {
            c->busy_ms = (int)strtol(url->params[i].value, NULL, 10);
            continue;
        }
        (void)snprintf(sql, sizeof sql, "PRAGMA %s=%s", url->params[i].name, url->params[i].value);
        SL_TRY(run(c, sql));
    }
    return NULL;
}

static sl_error *lite_connect(jdbc_db *db, int64_t wait_ms, bool *fresh) {
    lite *c = of(db);
    (void)wait_ms;
    *fresh = c->db == NULL;
    if (c->db) {
        return NULL;
    }
    sqlite3 *opened = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(c->settings->url.path, &opened, flags, NULL);
    (void)pthread_mutex_lock(&c->lock);
    c->db = opened;
    c->epoch++;
    (void)pthread_mutex_unlock(&c->lock);
    sl_error *err = NULL;
    if (rc != SQLITE_OK) {
        err = db_error(c, rc);
    } else {
        (void)sqlite3_busy_handler(c->db, wait_lock, c);
        err = set_pragmas(c);
    }
    if (err) {
        lite_disconnect(db);
    }
    return err;
}

/* ---- transactions ---- */

static sl_error *lite_begin(jdbc_db *db) {
    return run(of(db), "BEGIN IMMEDIATE");
}

static sl_error *lite_commit(jdbc_db *db) {
    return run(of(db), "COMMIT");
}

static void lite_rollback(jdbc_db *db) {
    lite *c = of(db);
    if (c->db && !sqlite3_get_autocommit(c->db)) {
        sl_error_free(run(c, "ROLLBACK"));
    }
}

static sl_error *lite_savepoint(jdbc_db *db) {
    return run(of(db), "SAVEPOINT sluice_batch");
}

static sl_error *lite_release(jdbc_db *db) {
    return run(of(db), "RELEASE sluice_batch");
}

static sl_error *lite_rollback_to(jdbc_db *db) {
    SL_TRY(run(of(db), "ROLLBACK TO sluice_batch"));
    return run(of(db), "RELEASE sluice_batch");
}

/* Deferred foreign keys are checked at the commit only, which then fails for the whole batch. */
static sl_error *lite_check_now(jdbc_db *db) {
    return run(of(db), "PRAGMA defer_foreign_keys=OFF");
}

static sl_error *lite_sync(jdbc_db *db) {
    (void)db; /* nothing is queued */
    return NULL;
}

/* ---- queries ---- */

static sl_str column_text(sqlite3_stmt *st, int i, sl_arena *a) {
    const unsigned char *text = sqlite3_column_text(st, i);
    return text ? sl_arena_str(a, sl_str_make((const char *)text, (size_t)sqlite3_column_bytes(st, i)))
                : SL_STR_NONE;
}

static sl_error *read_rows(lite *c, sqlite3_stmt *st, sl_arena *a, jdbc_rows *rows) {
    size_t cap = 0;
    int rc;
    *rows = (jdbc_rows){.ncols = (size_t)sqlite3_column_count(st)};
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        if (rows->nrows == cap) {
            size_t more = cap ? cap * 2 : 16;
            sl_str *cells = sl_arena_zalloc(a, (more * rows->ncols + 1) * sizeof *cells);
            if (!cells) {
                return sl_error_nomem();
            }
            if (cap) {
                memcpy(cells, rows->cells, cap * rows->ncols * sizeof *cells);
            }
            rows->cells = cells;
            cap = more;
        }
        for (size_t i = 0; i < rows->ncols; i++) {
            rows->cells[rows->nrows * rows->ncols + i] = column_text(st, (int)i, a);
        }
        rows->nrows++;
    }
    rows->affected = sqlite3_changes(c->db);
    if (rc != SQLITE_DONE) {
        return db_error(c, rc);
    }
    return a->failed ? sl_error_nomem() : NULL;
}

static sl_error *lite_query(jdbc_db *db, const char *sql, const sl_str *params, size_t nparams,
                            sl_arena *arena, jdbc_rows *rows) {
    lite *c = of(db);
    jdbc_rows ignored;
    sqlite3_stmt *st = NULL;
    c->woken = false;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);
    for (size_t i = 0; rc == SQLITE_OK && i < nparams; i++) {
        rc = params[i].p ? sqlite3_bind_text(st, (int)i + 1, params[i].p, (int)params[i].n, SQLITE_STATIC)
                         : sqlite3_bind_null(st, (int)i + 1);
    }
    sl_error *err = rc == SQLITE_OK ? read_rows(c, st, arena, rows ? rows : &ignored) : db_error(c, rc);
    (void)sqlite3_finalize(st);
    return err;
}

static sl_error *lite_truncate(jdbc_db *db, const jdbc_table *table) {
    sl_buf sql;
    sl_buf_init(&sql, NULL);
    sl_buf_printf(&sql, "DELETE FROM %.*s", SL_STR_ARG(table->quoted));
    sl_buf_add_char(&sql, 0);
    sl_error *err = sql.failed ? sl_error_nomem() : run(of(db), sql.p);
    sl_buf_deinit(&sql);
    return err;
}

/* ---- tables ---- */

static sl_error *lite_resolve(jdbc_db *db, jdbc_table *table, sl_arena *arena) {
    (void)db;
    sl_str name = table->name;
    if (sl_str_starts(name, SL_STR("main."))) {
        name = sl_str_skip(name, 5);
    }
    if (name.n > 2 && name.p[0] == '"' && name.p[name.n - 1] == '"' && !memchr(name.p + 1, '"', name.n - 2)) {
        name = sl_str_make(name.p + 1, name.n - 2);
    }
    if (name.n == 0 || memchr(name.p, 0, name.n) ||
        (name.n >= 7 && sl_str_eq_nocase(sl_str_make(name.p, 7), SL_STR("sqlite_")))) {
        return sl_error_new(
            SL_E_CONFIG, SL_USER,
            "sqlite: '%.*s' is no table name: it may not be empty or begin with sqlite_; set the table name "
            "format "
            "(collection.name.format or table.name.format), or rename the topic with a RegexRouter transform",
            SL_STR_ARG(name));
    }
    table->table = name;
    sl_buf b;
    sl_buf_init(&b, arena);
    jdbc_quote_add(name, &b);
    table->quoted = sl_buf_take(&b);
    return table->quoted.p ? NULL : sl_error_nomem();
}

static sl_error *lite_describe(jdbc_db *db, jdbc_table *table, sl_arena *arena) {
    jdbc_rows rows = {0};
    table->exists = false;
    table->ncolumns = 0;
    SL_TRY(lite_query(db,
                      "SELECT x.name, x.type, x.\"notnull\", x.pk, x.hidden, m.type FROM sqlite_master m, "
                      "pragma_table_xinfo(m.name) x "
                      "WHERE m.name = $1 COLLATE NOCASE AND m.type IN ('table', 'view') ORDER BY x.cid",
                      &table->table, 1, arena, &rows));
    if (rows.nrows == 0) {
        return NULL;
    }
    table->columns = sl_arena_zalloc(arena, rows.nrows * sizeof *table->columns);
    if (!table->columns) {
        return sl_error_nomem();
    }
    table->exists = true;
    table->kind = sl_str_eqz(rows.cells[5], "view") ? SL_STR("VIEW") : SL_STR("TABLE");
    for (size_t i = 0; i < rows.nrows; i++) {
        const sl_str *cells = &rows.cells[i * rows.ncols];
        jdbc_column *col = &table->columns[table->ncolumns++];
        col->name = cells[0];
        col->type = cells[1];
        col->not_null = sl_str_eqz(cells[2], "1");
        col->key = (int16_t)strtol(cells[3].p ? cells[3].p : "0", NULL, 10);
        col->generated = !sl_str_eqz(cells[4], "0");
    }
    return NULL;
}

/* How a column takes moments: as text, or as milliseconds when it is declared as an integer. */
enum { WIRE_PLAIN, WIRE_MILLIS };

static bool has_word(sl_str type, const char *word) {
    for (size_t i = 0; i + strlen(word) <= type.n; i++) {
        if (sl_str_eq_nocase(sl_str_make(type.p + i, strlen(word)), sl_str_of(word))) {
            return true;
        }
    }
    return false;
}

static void lite_bind(jdbc_db *db, jdbc_col *col) {
    (void)db;
    if (col->render != JR_STAMP) {
        bool nested = col->kind == JK_ARRAY || col->kind == JK_MAP || col->kind == JK_STRUCT ||
                      col->kind == JK_DOUBLE_VECTOR || col->kind == JK_FLOAT_VECTOR;
        col->render = nested ? JR_JSON : JR_PLAIN;
    }
    col->cls = jdbc_kind_class(col->kind, col->render);
    col->wire = col->target && has_word(col->target->type, "INT") ? WIRE_MILLIS : WIRE_PLAIN;
}

static void lite_type_name(const jdbc_db *db, const jdbc_col *col, sl_buf *out) {
    static const char *const types[] = {
        [JC_NULL] = "TEXT",
        [JC_BOOL] = "BOOLEAN",
        [JC_INT] = "INTEGER",
        [JC_FLOAT] = "REAL",
        [JC_NUMBER] = "TEXT",
        [JC_TEXT] = "TEXT",
        [JC_BYTES] = "BLOB",
        [JC_DATE] = "DATE",
        [JC_TIME] = "TIME",
        [JC_STAMP] = "TIMESTAMP",
        [JC_INSTANT] = "TIMESTAMP WITH TIME ZONE",
        [JC_UNAVAILABLE] = "TEXT",
    };
    (void)db;
    sl_buf_add_z(out, types[col->cls]);
}

static bool lite_literal(const jdbc_db *db, const jdbc_col *col, const jdbc_cell *cell, sl_buf *out) {
    (void)col;
    const lite *c = (const lite *)db;
    if (cell->cls == JC_BOOL) {
        sl_buf_add_char(out, cell->i ? '1' : '0');
        return true;
    }
    sl_buf text;
    sl_buf_init(&text, NULL);
    jdbc_cell_text(&c->settings->rules, cell, &text);
    bool ok = !text.failed && (text.n == 0 || !memchr(text.p, 0, text.n));
    if (ok && (cell->cls == JC_INT || (cell->cls == JC_FLOAT && !isnan(cell->f) && !isinf(cell->f)))) {
        sl_buf_add_str(out, sl_buf_view(&text));
    } else if (ok) {
        bool blob = cell->cls == JC_BYTES; /* \x... */
        sl_buf_add_z(out, blob ? "x'" : "'");
        for (size_t i = blob ? 2 : 0; i < text.n; i++) {
            if (text.p[i] == '\'') {
                sl_buf_add_char(out, '\'');
            }
            sl_buf_add_char(out, text.p[i]);
        }
        sl_buf_add_char(out, '\'');
    }
    sl_buf_deinit(&text);
    return ok;
}

/* ---- writing ---- */

static void drop_statements(lite_statements *st) {
    (void)sqlite3_finalize(st->main);
    (void)sqlite3_finalize(st->second);
    st->main = st->second = NULL;
}

static void lite_shape_free(jdbc_shape *shape) {
    if (shape->dialect) {
        drop_statements(shape->dialect);
        sl_free(shape->dialect);
        shape->dialect = NULL;
    }
}

static void add_keys(const jdbc_shape *s, sl_buf *b) {
    for (uint32_t i = 0; i < s->nkeys; i++) {
        sl_buf_printf(b, "%s%.*s = ?%u", i ? " AND " : " WHERE ", SL_STR_ARG(s->cols[i].quoted), i + 1);
    }
}

static void add_insert(const jdbc_shape *s, bool select, sl_buf *b) {
    sl_buf_printf(b, "INSERT INTO %.*s (", SL_STR_ARG(s->table->quoted));
    for (uint32_t i = 0; i < s->ncols; i++) {
        sl_buf_printf(b, "%s%.*s", i ? ", " : "", SL_STR_ARG(s->cols[i].quoted));
    }
    sl_buf_add_z(b, select ? ") SELECT " : ") VALUES (");
    for (uint32_t i = 0; i < s->ncols; i++) {
        sl_buf_printf(b, "%s?%u", i ? ", " : "", i + 1);
    }
    if (select) {
        sl_buf_printf(b, " WHERE NOT EXISTS (SELECT 1 FROM %.*s", SL_STR_ARG(s->table->quoted));
        add_keys(s, b);
    }
    sl_buf_add_char(b, ')');
}

static void add_update(const jdbc_shape *s, sl_buf *b) {
    sl_buf_printf(b, "UPDATE %.*s SET ", SL_STR_ARG(s->table->quoted));
    for (uint32_t i = s->nkeys; i < s->ncols; i++) {
        sl_buf_printf(b, "%s%.*s = ?%u", i > s->nkeys ? ", " : "", SL_STR_ARG(s->cols[i].quoted), i + 1);
    }
    add_keys(s, b);
}

static void add_statement(const jdbc_shape *s, sl_buf *main, sl_buf *second) {
    bool nothing = s->ncols == s->nkeys;
    if (s->kind == JDBC_OP_DELETE) {
        sl_buf_printf(main, "DELETE FROM %.*s", SL_STR_ARG(s->table->quoted));
        add_keys(s, main);
    } else if (s->mode == JDBC_UPDATE) {
        if (!nothing) {
            add_update(s, main);
        }
    } else if (s->partial && s->mode == JDBC_UPSERT) {
        if (!nothing) {
            add_update(s, second);
        }
        add_insert(s, true, main);
    } else {
        add_insert(s, false, main);
        if (s->mode == JDBC_UPSERT) {
            jdbc_add_conflict(s, main);
        }
    }
}

static sl_error *prepare(lite *c, sl_buf *sql, sqlite3_stmt **out) {
    if (sql->n == 0 || sql->failed) {
        return sql->failed ? sl_error_nomem() : NULL;
    }
    int rc = sqlite3_prepare_v3(c->db, sql->p, (int)sql->n, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return rc == SQLITE_OK ? NULL : db_error(c, rc);
}

static sl_error *statements_for(lite *c, jdbc_shape *shape, lite_statements **out) {
    lite_statements *st = shape->dialect;
    *out = st;
    if (st && st->epoch == c->epoch) {
        return NULL;
    }
    if (!st) {
        st = shape->dialect = *out = sl_calloc(1, sizeof *st);
        if (!st) {
            return sl_error_nomem();
        }
    }
    drop_statements(st);
    st->epoch = 0;
    sl_buf main, second;
    sl_buf_init(&main, NULL);
    sl_buf_init(&second, NULL);
    add_statement(shape, &main, &second);
    sl_error *err = prepare(c, &main, &st->main);
    if (!err) {
        err = prepare(c, &second, &st->second);
    }
    if (!err) {
        st->epoch = c->epoch;
    }
    sl_buf_deinit(&main);
    sl_buf_deinit(&second);
    return err;
}

static int bind_moment(const lite *c, sqlite3_stmt *st, int i, const jdbc_col *col, const jdbc_cell *cell,
                       sl_buf *text) {
    bool endless = cell->i == JDBC_INFINITY || cell->i == JDBC_MINUS_INFINITY;
    if (col->wire == WIRE_MILLIS && !endless) {
        return sqlite3_bind_int64(
            st, i, cell->cls == JC_DATE ? cell->i * 86400000 : cell->i / 1000 - (cell->i % 1000 < 0));
    }
    sl_buf_clear(text);
    jdbc_cell_text(&c->settings->rules, cell, text);
    return text->failed ? SQLITE_NOMEM : sqlite3_bind_text(st, i, text->p, (int)text->n, SQLITE_TRANSIENT);
}

static int bind_cell(const lite *c, sqlite3_stmt *st, int i, const jdbc_col *col, const jdbc_cell *cell,
                     sl_buf *text) {
    switch ((jdbc_class)cell->cls) {
    case JC_NULL:
    case JC_UNAVAILABLE:
        return sqlite3_bind_null(st, i);
    case JC_BOOL:
    case JC_INT:
        return sqlite3_bind_int64(st, i, cell->i);
    case JC_FLOAT:
        if (isnan(cell->f)) { /* SQLite would make it a NULL */
            return sqlite3_bind_text(st, i, "NaN", 3, SQLITE_STATIC);
        }
        return sqlite3_bind_double(st, i, cell->f);
    case JC_NUMBER:
    case JC_TEXT:
        return sqlite3_bind_text(st, i, cell->s, (int)cell->n, SQLITE_STATIC);
    case JC_BYTES:
        return cell->n ? sqlite3_bind_blob(st, i, cell->s, (int)cell->n, SQLITE_STATIC)
                       : sqlite3_bind_zeroblob(st, i, 0);
    default:
        return bind_moment(c, st, i, col, cell, text);
    }
}

static sl_error *write_row(lite *c, sqlite3_stmt *st, const jdbc_shape *shape, const jdbc_op *op,
                           sl_buf *text) {
    int rc = SQLITE_OK;
    int n = sqlite3_bind_parameter_count(st);
    for (int i = 0; rc == SQLITE_OK && i < n && i < (int)shape->ncols; i++) {
        rc = bind_cell(c, st, i + 1, &shape->cols[i], &op->cells[i], text);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(st);
    }
    sl_error *err = rc == SQLITE_DONE || rc == SQLITE_ROW ? NULL : db_error(c, rc);
    (void)sqlite3_reset(st);
    (void)sqlite3_clear_bindings(st);
    return err;
}

static sl_error *lite_write(jdbc_db *db, jdbc_shape *shape, jdbc_op *const *ops, size_t n) {
    lite *c = of(db);
    lite_statements *st = NULL;
    SL_TRY(statements_for(c, shape, &st));
    if (!st->main) {
        return NULL;
    }
    c->woken = false;
    sl_buf text;
    sl_buf_init(&text, NULL);
    sl_error *err = NULL;
    for (size_t i = 0; !err && i < n; i++) {
        if (st->second) {
            err = write_row(c, st->second, shape, ops[i], &text);
        }
        if (!err) {
            err = write_row(c, st->main, shape, ops[i], &text);
        }
    }
    sl_buf_deinit(&text);
    return err;
}

const jdbc_dialect jdbc_sqlite = {
    .name = "sqlite",
    .max_identifier = 1000,
    .open = lite_open,
    .close = lite_close,
    .interrupt = lite_interrupt,
    .connect = lite_connect,
    .disconnect = lite_disconnect,
    .pause = lite_pause,
    .begin = lite_begin,
    .commit = lite_commit,
    .rollback = lite_rollback,
    .check_now = lite_check_now,
    .savepoint = lite_savepoint,
    .release = lite_release,
    .rollback_to = lite_rollback_to,
    .sync = lite_sync,
    .write = lite_write,
    .truncate = lite_truncate,
    .shape_free = lite_shape_free,
    .query = lite_query,
    .describe = lite_describe,
    .resolve = lite_resolve,
    .bind = lite_bind,
    .type_name = lite_type_name,
    .literal = lite_literal,
    .offsets_ddl =
        "CREATE TABLE IF NOT EXISTS %.*s (connector TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER "
        "NOT NULL, "
        "next_offset INTEGER NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (connector, topic, partition))",
};
