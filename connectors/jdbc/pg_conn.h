/*
 * pg_conn.h - one PostgreSQL connection that never blocks beyond an interrupt.
 *
 * libpq in non-blocking mode with poll on its socket and on an eventfd. Statements are queued in pipeline
 * mode; their results are read by jdbc_pg_sync. One user at a time; only jdbc_pg_wake may come from another
 * thread.
 */
#ifndef JDBC_PG_CONN_H
#define JDBC_PG_CONN_H

#include "dialect.h"

#include <libpq-fe.h>

typedef struct jdbc_pg {
    const sl_context *ctx;
    const jdbc_settings *settings;
    PGconn *conn;    /* NULL = not connected */
    int wake;        /* eventfd */
    unsigned queued; /* statements whose results are not read */
    bool pipeline;
    bool in_transaction;
    bool broken;     /* interrupted or lost in the middle: of no more use */
    sl_buf *buffers; /* one for each parameter of the widest statement so far */
    size_t nbuffers;
} jdbc_pg;

/* A statement's parameters as libpq wants them. */
typedef struct jdbc_pg_params {
    int n;
    Oid *types; /* NULL = text of unknown type */
    const char **values;
    int *lengths;
    int *formats;
} jdbc_pg_params;

SL_MUST_CHECK sl_error *jdbc_pg_open(jdbc_pg *c, int64_t wait_ms);
void jdbc_pg_drop(jdbc_pg *c);
void jdbc_pg_wake(jdbc_pg *c);
/* jdbc_pg_sleep waits that long, or until woken (INTERRUPTED). */
SL_MUST_CHECK sl_error *jdbc_pg_sleep(jdbc_pg *c, int64_t ms);

/* jdbc_pg_queue sends a statement; its error comes from a later sync. */
SL_MUST_CHECK sl_error *jdbc_pg_queue(jdbc_pg *c, const char *sql, const jdbc_pg_params *params);
/* jdbc_pg_sync reads all results of the queue; the first error among them. */
SL_MUST_CHECK sl_error *jdbc_pg_sync(jdbc_pg *c);
/* jdbc_pg_run runs one statement and gives its result (PQclear it). */
SL_MUST_CHECK sl_error *jdbc_pg_run(jdbc_pg *c, const char *sql, const jdbc_pg_params *params,
                                    PGresult **out);

/* jdbc_pg_error makes an error of a failed result, with the class that its SQLSTATE has. */
sl_error *jdbc_pg_error(const PGresult *res);

#endif
