/*
 * conn.h - connections to the server, and queries that can be interrupted.
 *
 * Every wait is cut into slices of 100 ms at whose end the task's stop flag is looked at; nothing blocks
 * longer, except the look-up of the host's name, which libpq does itself.
 */
#ifndef PG_CONN_H
#define PG_CONN_H

#include <libpq-fe.h>
#include <sluice/host.h>
#include <stdatomic.h>

#include "settings.h"

typedef struct pg_conn {
    PGconn *c; /* NULL = closed */
    const sl_context *ctx;
    const atomic_bool *interrupted;
    int64_t query_timeout_ms; /* of pg_conn_query; 0 = none */
    int64_t deadline_ms;      /* of the one at hand; 0 = none */
    size_t taken;             /* while it peeks: bytes from the socket since the last message, at least */
    bool peeks;               /* set by the caller: pg_conn_next reads nothing when it knows of more */
    bool more;                /* it did so: another message is on its way */
} pg_conn;

/* pg_conn_open connects; replication says whether it speaks the replication protocol. */
SL_MUST_CHECK sl_error *pg_conn_open(pg_conn *k, const sl_context *ctx, const atomic_bool *interrupted,
                                     const pg_settings *s, bool replication);
void pg_conn_close(pg_conn *k);

/* pg_conn_query executes one statement; *res (may be NULL) is for the caller to PQclear. what: for the error
 * message. */
SL_MUST_CHECK sl_error *pg_conn_query(pg_conn *k, const char *sql, const char *what, PGresult **res);

/* pg_conn_start sends a statement that answers with COPY, and waits until it is in that state. */
SL_MUST_CHECK sl_error *pg_conn_copy(pg_conn *k, const char *sql, const char *what, ExecStatusType want);

/* pg_conn_next gives a message of COPY, for the caller to PQfreemem, and its length; *n 0 = not now, -1 = no
 * more. Does not wait. */
SL_MUST_CHECK sl_error *pg_conn_next(pg_conn *k, char **data, int *n, const char *what);

/* pg_conn_flush sends what libpq has buffered. */
SL_MUST_CHECK sl_error *pg_conn_flush(pg_conn *k);

/* pg_error_of makes an error from a result (may be NULL) or the connection, with the class that its SQLSTATE
 * asks for. */
sl_error *pg_error_of(pg_conn *k, const PGresult *res, const char *what);

/* pg_quote_ident / pg_quote_literal append to a buffer. */
void pg_quote_ident(sl_buf *b, sl_str name);
void pg_quote_literal(sl_buf *b, sl_str text);

bool pg_conn_stopping(const pg_conn *k);

#endif
