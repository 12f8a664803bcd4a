/*
 * conn.c - see conn.h.
 */
#include "conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>

#define SLICE_MS 100
#define MAX_PARAMS 20
#define MORE_BYTES (64 * 1024) /* the end of a query is less */

static int64_t now_ms(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool pg_conn_stopping(const pg_conn *k) {
    return (k->interrupted && atomic_load(k->interrupted)) || k->ctx->host->stopping(k->ctx);
}

static sl_error *stopped(void) {
    return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "interrupted, for the task stops");
}

/* Tells the server that nobody waits any more. The connection is of no use afterwards: the task starts again
 * with another. */
static sl_error *timed_out(pg_conn *k) {
    char why[256];
    PGcancel *cancel = PQgetCancel(k->c);
    if (cancel && !PQcancel(cancel, why, sizeof why)) {
        sl_log(k->ctx, SL_LOG_WARN, "a query could not be cancelled: %s", why);
    }
    PQfreeCancel(cancel);
    k->deadline_ms = 0;
    return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE, "no answer from the server within %lld ms",
                        (long long)k->query_timeout_ms);
}

/* Waits for the socket; a timeout is no error. */
static sl_error *wait_slice(pg_conn *k, short events) {
    if (pg_conn_stopping(k)) {
        return stopped();
    }
    if (k->deadline_ms && now_ms() > k->deadline_ms) {
        return timed_out(k);
    }
    struct pollfd p = {.fd = PQsocket(k->c), .events = events};
    if (poll(&p, 1, SLICE_MS) < 0 && errno != EINTR) {
        return sl_error_new(SL_E_IO, SL_RETRIABLE, "poll: %s", strerror(errno));
    }
    return NULL;
}

/* ---- errors ---- */

static bool begins(const char *state, const char *prefix) {
    return strncmp(state, prefix, strlen(prefix)) == 0;
}

static void classify(const char *state, sl_error_code *code, sl_error_class *cls) {
    *code = SL_E_DATABASE;
    *cls = SL_FATAL;
    if (begins(state, "08") || begins(state, "57P") || begins(state, "53") || begins(state, "40") ||
        begins(state, "58") || begins(state, "55006") || begins(state, "55P03") || begins(state, "57014")) {
        *cls = SL_RETRIABLE;
        *code = begins(state, "08") ? SL_E_NETWORK : SL_E_DATABASE;
    } else if (begins(state, "28") || begins(state, "42501")) {
        *code = SL_E_AUTH;
        *cls = SL_USER;
    } else if (begins(state, "3D")) {
        *code = SL_E_CONFIG;
        *cls = SL_USER;
    }
}

static sl_str one_line(const char *text, char *to, size_t size) {
    size_t n = 0;
    for (const char *p = text ? text : ""; *p && n + 1 < size; p++) {
        bool space = *p == '\n' || *p == '\t' || *p == ' ';
        if (!space) {
            to[n++] = *p;
        } else if (n && to[n - 1] != ' ') {
            to[n++] = ' ';
        }
    }
    while (n && to[n - 1] == ' ') {
        n--;
    }
    return (sl_str){to, n};
}

sl_error *pg_error_of(pg_conn *k, const PGresult *res, const char *what) {
    char line[600];
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *text = res ? PQresultErrorMessage(res) : "";
    sl_error_code code = SL_E_NETWORK;
    sl_error_class cls = SL_RETRIABLE;
    if (state) {
        classify(state, &code, &cls);
    } else if (!*text) {
        text = PQerrorMessage(k->c);
    }
    sl_str message = one_line(text, line, sizeof line);
    if (!message.n) {
        message = SL_STR("the server closed the connection");
    }
    return sl_error_new(code, cls, "%s: %.*s%s%s%s", what, SL_STR_ARG(message), state ? " (SQLSTATE " : "",
                        state ? state : "", state ? ")" : "");
}

/* Before a connection is up libpq gives no SQLSTATE. */
static sl_error *connect_error(pg_conn *k, const pg_settings *s, bool replication) {
    static const char *const hopeless[] = {"password authentication failed",
                                           "no pg_hba.conf entry",
                                           "no password supplied",
                                           "does not exist",
                                           "must be superuser or replication role",
                                           "is not permitted to log in",
                                           "authentication method",
                                           "certificate",
                                           "invalid sslmode",
                                           "sslmode value"};
    char line[600];
    sl_str text = one_line(PQerrorMessage(k->c), line, sizeof line);
    bool user = false;
    for (size_t i = 0; i < sizeof hopeless / sizeof *hopeless; i++) {
        user = user || sl_str_find_str(text, sl_str_of(hopeless[i])) < text.n;
    }
    const char *remedy = "";
    if (user && replication) {
        remedy = "; expected a user with LOGIN and REPLICATION (ALTER ROLE ... REPLICATION), and a line for "
                 "it in pg_hba.conf";
    } else if (user) {
        remedy = "; check database.user, database.password, database.dbname and pg_hba.conf";
    }
    return sl_error_new(user ? SL_E_AUTH : SL_E_NETWORK, user ? SL_USER : SL_RETRIABLE,
                        "cannot connect to PostgreSQL at '%.*s' port %d as '%.*s': %.*s%s",
                        SL_STR_ARG(s->host), s->port, SL_STR_ARG(s->user), SL_STR_ARG(text), remedy);
}

/* ---- connecting ---- */

typedef struct params {
    const char *names[MAX_PARAMS];
    const char *values[MAX_PARAMS];
    size_t n;
    sl_arena arena;
} params;

static void add_param(params *p, const char *name, sl_str value) {
    if (value.p && value.n) {
        p->names[p->n] = name;
        p->values[p->n++] = sl_arena_str(&p->arena, value).p;
    }
}

/* Text forms are fixed for the session, so that there is one way to read each type. */
static const char session_options[] =
    "-c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c extra_float_digits=3 "
    "-c bytea_output=hex -c client_encoding=UTF8 -c statement_timeout=0 "
    "-c idle_in_transaction_session_timeout=0";

static void fill_params(params *p, const sl_context *ctx, const pg_settings *s, bool replication) {
    sl_arena_init(&p->arena, 1024);
    add_param(p, "host", s->host);
    add_param(p, "port", sl_arena_printf(&p->arena, "%d", s->port));
    add_param(p, "user", s->user);
    add_param(p, "password", s->password);
    add_param(p, "dbname", s->dbname);
    add_param(p, "sslmode", s->sslmode);
    add_param(p, "sslcert", s->sslcert);
    add_param(p, "sslkey", s->sslkey);
    add_param(p, "sslpassword", s->sslpassword);
    add_param(p, "sslrootcert", s->sslrootcert);
    add_param(p, "keepalives", s->tcp_keepalive ? SL_STR("1") : SL_STR("0"));
    if (s->tcp_keepalive) { /* a network that swallows packets is noticed within two minutes */
        add_param(p, "keepalives_idle", SL_STR("60"));
        add_param(p, "keepalives_interval", SL_STR("10"));
        add_param(p, "keepalives_count", SL_STR("6"));
        add_param(p, "tcp_user_timeout", SL_STR("120000"));
    }
    add_param(p, "application_name", sl_arena_printf(&p->arena, "sluice %.*s", SL_STR_ARG(ctx->connector)));
    add_param(p, "options", sl_str_of(session_options));
    add_param(p, "replication", replication ? SL_STR("database") : SL_STR_NONE);
    p->names[p->n] = NULL;
    p->values[p->n] = NULL;
}

static sl_error *connect_loop(pg_conn *k, const pg_settings *s, bool replication) {
    int64_t deadline = now_ms() + s->connect_timeout_ms;
    PostgresPollingStatusType want = PGRES_POLLING_WRITING;
    for (;;) {
        if (PQstatus(k->c) == CONNECTION_BAD || want == PGRES_POLLING_FAILED) {
            return connect_error(k, s, replication);
        }
        if (want == PGRES_POLLING_OK) {
            return NULL;
        }
        if (now_ms() > deadline) {
            return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE,
                                "no connection to PostgreSQL at '%.*s' port %d within %lld ms",
                                SL_STR_ARG(s->host), s->port, (long long)s->connect_timeout_ms);
        }
        struct pollfd p = {.fd = PQsocket(k->c), .events = want == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        if (pg_conn_stopping(k)) {
            return stopped();
        }
        if (poll(&p, 1, SLICE_MS) > 0) {
            want = PQconnectPoll(k->c);
        }
    }
}

static sl_error *initial_statements(pg_conn *k, const pg_settings *s) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_error *err = NULL;
    for (size_t i = 0; i <= s->on_connect.n && !err; i++) {
        bool end = i == s->on_connect.n;
        if (!end && s->on_connect.p[i] == ';' && i + 1 < s->on_connect.n && s->on_connect.p[i + 1] == ';') {
            i++; /* ";;" is a semicolon */
        } else if (end || s->on_connect.p[i] == ';') {
            sl_buf_add_char(&b, 0);
            if (!b.failed && sl_str_trim((sl_str){b.p, b.n - 1}).n) {
                err = pg_conn_query(k, b.p, "database.initial.statements", NULL);
            }
            sl_buf_clear(&b);
            continue;
        }
        sl_buf_add_char(&b, s->on_connect.p[i]);
    }
    sl_buf_deinit(&b);
    return err;
}

sl_error *pg_conn_open(pg_conn *k, const sl_context *ctx, const atomic_bool *interrupted,
                       const pg_settings *s, bool replication) {
    *k = (pg_conn){
        .ctx = ctx, .interrupted = interrupted, .query_timeout_ms = replication ? 0 : s->query_timeout_ms};
    params p = {.n = 0};
    fill_params(&p, ctx, s, replication);
    sl_error *err = p.arena.failed ? sl_error_nomem() : NULL;
    if (!err) {
        k->c = PQconnectStartParams(p.names, p.values, 0);
        err = k->c ? connect_loop(k, s, replication) : sl_error_nomem();
    }
    sl_arena_deinit(&p.arena);
    if (!err && !replication && s->on_connect.n) {
        err = initial_statements(k, s);
    }
    if (err) {
        pg_conn_close(k);
        return err;
    }
    PQsetnonblocking(k->c, 1);
    return NULL;
}

void pg_conn_close(pg_conn *k) {
    if (k->c) {
        PQfinish(k->c);
        k->c = NULL;
    }
}

/* ---- queries ---- */

sl_error *pg_conn_flush(pg_conn *k) {
    int left;
    while ((left = PQflush(k->c)) > 0) {
        SL_TRY(wait_slice(k, POLLIN | POLLOUT));
        if (!PQconsumeInput(k->c)) {
            return pg_error_of(k, NULL, "sending to the server");
        }
    }
    return left < 0 ? pg_error_of(k, NULL, "sending to the server") : NULL;
}

static sl_error *next_result(pg_conn *k, const char *what, PGresult **res) {
    while (PQisBusy(k->c)) {
        SL_TRY(wait_slice(k, POLLIN));
        if (!PQconsumeInput(k->c)) {
            return pg_error_of(k, NULL, what);
        }
    }
    *res = PQgetResult(k->c);
    return NULL;
}

static sl_error *query(pg_conn *k, const char *sql, const char *what, PGresult **out) {
    if (out) {
        *out = NULL;
    }
    if (!PQsendQuery(k->c, sql)) {
        return pg_error_of(k, NULL, what);
    }
    sl_error *err = pg_conn_flush(k);
    PGresult *last = NULL;
    while (!err) {
        PGresult *res = NULL;
        err = next_result(k, what, &res);
        if (err || !res) {
            break;
        }
        ExecStatusType st = PQresultStatus(res);
        bool failed =
            last && PQresultStatus(last) != PGRES_TUPLES_OK && PQresultStatus(last) != PGRES_COMMAND_OK;
        if (failed) {
            PQclear(res);
            continue;
        }
        PQclear(last);
        last = res;
        if (st == PGRES_COPY_IN || st == PGRES_COPY_OUT || st == PGRES_COPY_BOTH) {
            break;
        }
    }
    if (!err && last && PQresultStatus(last) != PGRES_TUPLES_OK && PQresultStatus(last) != PGRES_COMMAND_OK &&
        PQresultStatus(last) != PGRES_EMPTY_QUERY) {
        err = pg_error_of(k, last, what);
    } else if (!err && !last) {
        err = pg_error_of(k, NULL, what);
    }
    if (err || !out) {
        PQclear(last);
    } else {
        *out = last;
    }
    return err;
}

sl_error *pg_conn_query(pg_conn *k, const char *sql, const char *what, PGresult **out) {
    k->deadline_ms = k->query_timeout_ms ? now_ms() + k->query_timeout_ms : 0;
    sl_error *err = query(k, sql, what, out);
    k->deadline_ms = 0;
    return err && err->code == SL_E_TIMEOUT ? sl_error_wrap(err, "%s", what) : err;
}

sl_error *pg_conn_copy(pg_conn *k, const char *sql, const char *what, ExecStatusType want) {
    if (!PQsendQuery(k->c, sql)) {
        return pg_error_of(k, NULL, what);
    }
    SL_TRY(pg_conn_flush(k));
    PGresult *res = NULL;
    SL_TRY(next_result(k, what, &res));
    sl_error *err = res && PQresultStatus(res) == want ? NULL : pg_error_of(k, res, what);
    PQclear(res);
    if (err) {
        PGresult *more = NULL;
        while (k->c && !next_result(k, what, &more) && more) {
            PQclear(more);
        }
    }
    return err;
}

/* Whether more is known to come than what ends a query. */
static bool knows_more(pg_conn *k) {
    int waiting = 0;
    if (ioctl(PQsocket(k->c), FIONREAD, &waiting) < 0 || waiting < 0) {
        return false;
    }
    k->taken += (size_t)waiting;
    return k->taken > MORE_BYTES;
}

sl_error *pg_conn_next(pg_conn *k, char **data, int *n, const char *what) {
    *n = PQgetCopyData(k->c, data, 1);
    k->more = *n == 0 && k->peeks && knows_more(k);
    if (*n == 0 && !k->more) {
        if (!PQconsumeInput(k->c)) {
            return pg_error_of(k, NULL, what);
        }
        *n = PQgetCopyData(k->c, data, 1);
    }
    k->taken = *n == 0 && !k->more ? k->taken : 0;
    return *n < -1 ? pg_error_of(k, NULL, what) : NULL;
}

static void quote(sl_buf *b, sl_str text, char q) {
    sl_buf_add_char(b, q);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == q) {
            sl_buf_add_char(b, q);
        }
        sl_buf_add_char(b, text.p[i]);
    }
    sl_buf_add_char(b, q);
}

void pg_quote_ident(sl_buf *b, sl_str name) {
    quote(b, name, '"');
}

void pg_quote_literal(sl_buf *b, sl_str text) {
    if (memchr(text.n ? text.p : "", '\\', text.n)) {
        sl_buf_add_z(b, " E");
        sl_buf_add_char(b, '\'');
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] == '\'' || text.p[i] == '\\') {
                sl_buf_add_char(b, text.p[i]);
            }
            sl_buf_add_char(b, text.p[i]);
        }
        sl_buf_add_char(b, '\'');
        return;
    }
    quote(b, text, '\'');
}
