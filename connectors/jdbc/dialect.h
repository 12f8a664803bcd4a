/*
 * dialect.h - what the sink needs of a database, as a table of functions.
 *
 * One connection for each task; calls come one at a time, except interrupt (any thread). Errors: RETRIABLE =
 * outage, deadlock and the like, the transaction is gone; code DATA (class USER) = the rows of that
 * statement, the transaction is to be rolled back to the last savepoint; code NOT_FOUND = the table or a
 * column is not what it was, describe it again; anything else = the task cannot go on.
 *
 * Statements may be queued: an error of a write may come from a later call, at the latest from sync or
 * commit.
 */
#ifndef JDBC_DIALECT_H
#define JDBC_DIALECT_H

#include "table.h"

typedef struct jdbc_db jdbc_db;

/* The rows of a small query, in the caller's arena. NULL is an absent view. */
typedef struct jdbc_rows {
    sl_str *cells; /* nrows * ncols */
    size_t nrows;
    size_t ncols;
    int64_t affected;
} jdbc_rows;

typedef struct jdbc_dialect {
    const char *name;
    size_t max_identifier; /* bytes; longer ones are an error, never cut */

    sl_error *(*open)(const sl_context *ctx, const jdbc_settings *settings,
                      jdbc_db **out); /* does not connect */
    void (*close)(jdbc_db *db);
    void (*interrupt)(jdbc_db *db);

    /* Connects if there is no connection; *fresh says that it is a new one. Gives up after `wait_ms`. */
    sl_error *(*connect)(jdbc_db *db, int64_t wait_ms, bool *fresh);
    /* Drops the connection, if any: after a RETRIABLE error. */
    void (*disconnect)(jdbc_db *db);
    /* Sleeps until then or an interrupt (error INTERRUPTED). */
    sl_error *(*pause)(jdbc_db *db, int64_t ms);

    sl_error *(*begin)(jdbc_db *db);
    sl_error *(*commit)(jdbc_db *db);
    void (*rollback)(jdbc_db *db);
    /* Makes constraints be checked with each statement, for the rest of the transaction. */
    sl_error *(*check_now)(jdbc_db *db);
    sl_error *(*savepoint)(jdbc_db *db);
    sl_error *(*release)(jdbc_db *db);
    sl_error *(*rollback_to)(jdbc_db *db);
    sl_error *(*sync)(jdbc_db *db);

    /* Writes or deletes rows of one shape; their keys differ from each other in upserts, updates and deletes.
     */
    sl_error *(*write)(jdbc_db *db, jdbc_shape *shape, jdbc_op *const *ops, size_t n);
    sl_error *(*truncate)(jdbc_db *db, const jdbc_table *table);
    void (*shape_free)(jdbc_shape *shape);

    /* A query with text parameters $1, $2, ... in order of appearance; rows may be NULL. */
    sl_error *(*query)(jdbc_db *db, const char *sql, const sl_str *params, size_t nparams, sl_arena *arena,
                       jdbc_rows *rows);

    /* Fills in what the database knows of the table (exists, columns), in the arena. */
    sl_error *(*describe)(jdbc_db *db, jdbc_table *table, sl_arena *arena);
    /* Splits and quotes table->name into schema, table and quoted. */
    sl_error *(*resolve)(jdbc_db *db, jdbc_table *table, sl_arena *arena);
    /* Sets render (which does not need a target), and, when target is set, wire and cast. */
    void (*bind)(jdbc_db *db, jdbc_col *col);
    /* Appends the type of a column to be created, e.g. "numeric(10,2)". */
    void (*type_name)(const jdbc_db *db, const jdbc_col *col, sl_buf *out);
    /* Appends a literal of a cell of this column, for DEFAULT. False: this value cannot be a default. */
    bool (*literal)(const jdbc_db *db, const jdbc_col *col, const jdbc_cell *cell, sl_buf *out);
    const char *offsets_ddl; /* CREATE TABLE for exactly-once offsets, with one %.*s for the name */
} jdbc_dialect;

extern const jdbc_dialect jdbc_postgres;
extern const jdbc_dialect jdbc_sqlite;

/* jdbc_quote_add appends an identifier in double quotes. */
void jdbc_quote_add(sl_str name, sl_buf *out);

#endif
