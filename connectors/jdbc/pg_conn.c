/*
 * pg_conn.c - connecting, waiting, queueing and reading, all of it interruptible.
 *
 * The first part of a connect (which looks names up) and a cancel may block inside libpq: both run on
 * short-lived detached threads that own what they touch. Everything else runs on the caller's thread.
 */
#include "pg_conn.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static sl_error *interrupted(void) {
    return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE,
                        "postgresql: interrupted; nothing of this batch was committed");
}

void jdbc_pg_wake(jdbc_pg *c) {
    uint64_t one = 1;
    ssize_t n = write(c->wake, &one, sizeof one);
    (void)n;
}

static bool take_wake(const jdbc_pg *c) {
    uint64_t count;
    return read(c->wake, &count, sizeof count) == (ssize_t)sizeof count;
}

/* wait_for waits until fd is ready, woken, or the time has come (deadline 0 = none); *ready has the poll
 * events. */
static sl_error *wait_for(jdbc_pg *c, int fd, short events, int64_t deadline, short *ready) {
    for (;;) {
        struct pollfd p[2] = {{c->wake, POLLIN, 0}, {fd, events, 0}};
        int64_t left = deadline ? deadline - now_ms() : 60000;
        if (left <= 0) {
            *ready = 0;
            return NULL;
        }
        int n = poll(p, fd < 0 ? 1 : 2, (int)(left > 60000 ? 60000 : left));
        if (n < 0 && errno != EINTR) {
            return sl_error_new(SL_E_IO, SL_RETRIABLE, "poll failed: errno %d", errno);
        }
        if (n > 0 && p[0].revents && take_wake(c)) {
            c->broken = c->conn != NULL && fd >= 0;
            return interrupted();
        }
        if (n > 0 && fd >= 0 && p[1].revents) {
            *ready = p[1].revents;
            return NULL;
        }
    }
}

sl_error *jdbc_pg_sleep(jdbc_pg *c, int64_t ms) {
    short ready;
    return ms > 0 ? wait_for(c, -1, 0, now_ms() + ms, &ready) : NULL;
}

/* ---- connecting ---- */

/* Shared by the caller and the thread that starts the connection; the last one to leave frees it. */
typedef struct starter {
    atomic_int users;
    int done; /* eventfd */
    PGconn *_Atomic conn;
    size_t n;
    char *keys[48];
    char *values[48];
} starter;

static void starter_leave(starter *s) {
    if (atomic_fetch_sub(&s->users, 1) != 1) {
        return;
    }
    PQfinish(atomic_load(&s->conn));
    if (s->done >= 0) {
        (void)close(s->done);
    }
    for (size_t i = 0; i < s->n; i++) {
        sl_free(s->keys[i]);
        if (s->values[i]) {
            explicit_bzero(s->values[i], strlen(s->values[i]));
        }
        sl_free(s->values[i]);
    }
    sl_free(s);
}

static void *run_starter(void *arg) {
    starter *s = arg;
    atomic_store(&s->conn,
                 PQconnectStartParams((const char *const *)s->keys, (const char *const *)s->values, 1));
    uint64_t one = 1;
    ssize_t n = write(s->done, &one, sizeof one);
    (void)n;
    starter_leave(s);
    return NULL;
}

static bool starter_add(starter *s, const char *key, const char *value) {
    s->keys[s->n] = sl_strdup(sl_str_of(key));
    s->values[s->n] = sl_strdup(sl_str_of(value));
    s->n++;
    return s->keys[s->n - 1] && s->values[s->n - 1];
}

static starter *starter_new(const jdbc_settings *settings) {
    starter *s = sl_calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    atomic_init(&s->users, 1);
    atomic_init(&s->conn, NULL);
    s->done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = s->done >= 0 && starter_add(s, "fallback_application_name", "sluice") &&
              starter_add(s, "connect_timeout", "10");
    for (size_t i = 0; ok && i < settings->url.nparams; i++) {
        ok = starter_add(s, settings->url.params[i].name, settings->url.params[i].value);
    }
    ok = ok && starter_add(s, "client_encoding", "UTF8");
    if (!ok) {
        starter_leave(s);
        return NULL;
    }
    return s;
}

static bool spawn_detached(void *(*run)(void *), void *arg) {
    pthread_t id;
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) {
        return false;
    }
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attr, 256 * 1024);
    bool ok = pthread_create(&id, &attr, run, arg) == 0;
    (void)pthread_attr_destroy(&attr);
    return ok;
}

static sl_error *connect_start(jdbc_pg *c, int64_t deadline) {
    starter *s = starter_new(c->settings);
    if (!s) {
        return sl_error_nomem();
    }
    (void)atomic_fetch_add(&s->users, 1);
    if (!spawn_detached(run_starter, s)) {
        (void)atomic_fetch_sub(&s->users, 1);
        starter_leave(s);
        return sl_error_new(SL_E_IO, SL_RETRIABLE, "postgresql: no thread to connect on");
    }
    short ready = 0;
    sl_error *err = wait_for(c, s->done, POLLIN, deadline, &ready);
    if (!err && !ready) {
        err = sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE,
                           "postgresql: looking up the server's name takes too long");
    }
    if (!err) {
        c->conn = atomic_exchange(&s->conn, NULL);
        err = c->conn ? NULL : sl_error_nomem();
    }
    starter_leave(s);
    return err;
}

/* connect_error: libpq gives no SQLSTATE for a failed connect, only the server's text. */
static sl_error *connect_error(const jdbc_pg *c) {
    const char *text = PQerrorMessage(c->conn);
    static const struct {
        const char *part;
        sl_error_code code;
        const char *remedy;
    } known[] = {
        {"password authentication failed", SL_E_AUTH,
         "check connection.username (or connection.user) and connection.password"},
        {"no password supplied", SL_E_AUTH, "set connection.password"},
        {"no pg_hba.conf entry", SL_E_AUTH, "allow this host, user and database in the server's pg_hba.conf"},
        {"authentication failed", SL_E_AUTH,
         "check connection.username (or connection.user) and connection.password"},
        {"role \"", SL_E_AUTH, "check connection.username (or connection.user)"},
        {"permission denied", SL_E_AUTH, "grant CONNECT on the database to the connection's user"},
        {"database \"", SL_E_CONFIG, "create the database, or change connection.url"},
        {"invalid ", SL_E_CONFIG, "check connection.url"},
        {"certificate verify failed", SL_E_AUTH, "check sslmode and sslrootcert in connection.url"},
        {"server does not support SSL", SL_E_CONFIG, "change sslmode in connection.url"},
    };
    bool starting = strstr(text, "starting up") || strstr(text, "shutting down") ||
                    strstr(text, "recovery") || strstr(text, "too many") ||
                    strstr(text, "remaining connection slots");
    int n = (int)strcspn(text, "\n");
    for (size_t i = 0; !starting && i < sizeof known / sizeof known[0]; i++) {
        if (strstr(text, known[i].part)) {
            return sl_error_new(known[i].code, SL_USER, "postgresql: cannot connect: %.*s; %s", n, text,
                                known[i].remedy);
        }
    }
    return sl_error_new(SL_E_NETWORK, SL_RETRIABLE, "postgresql: cannot connect: %.*s", n, text);
}

static sl_error *connect_finish(jdbc_pg *c, int64_t deadline) {
    if (PQstatus(c->conn) == CONNECTION_BAD) {
        return connect_error(c);
    }
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    while (step != PGRES_POLLING_OK) {
        short ready;
        SL_TRY(wait_for(c, PQsocket(c->conn), step == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline,
                        &ready));
        if (!ready) {
            return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE, "postgresql: the server does not answer");
        }
        step = PQconnectPoll(c->conn);
        if (step == PGRES_POLLING_FAILED) {
            return connect_error(c);
        }
    }
    return NULL;
}

static void swallow_notice(void *arg, const PGresult *res) {
    (void)arg;
    (void)res; /* notices may quote values */
}

static sl_error *prepare_session(jdbc_pg *c) {
    char sql[320];
    const jdbc_raw *raw = c->settings->raw;
    (void)PQsetnonblocking(c->conn, 1);
    (void)PQsetNoticeReceiver(c->conn, swallow_notice, NULL);
    (void)snprintf(
        sql, sizeof sql,
        "SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false), "
        "set_config('IntervalStyle', 'postgres', false), set_config('statement_timeout', '%d', false), "
        "set_config('lock_timeout', '%d', false), set_config('standard_conforming_strings', 'on', false)",
        raw->statement_timeout_ms, raw->lock_timeout_ms);
    PGresult *res = NULL;
    SL_TRY(jdbc_pg_run(c, sql, NULL, &res));
    PQclear(res);
    return NULL;
}

sl_error *jdbc_pg_open(jdbc_pg *c, int64_t wait_ms) {
    int64_t deadline = now_ms() + wait_ms;
    sl_error *err = connect_start(c, deadline);
    if (!err) {
        err = connect_finish(c, deadline);
    }
    if (!err) {
        err = prepare_session(c);
    }
    if (err) {
        jdbc_pg_drop(c);
    }
    return err;
}

static void *run_cancel(void *arg) {
    char ignored[256];
    (void)PQcancel(arg, ignored, sizeof ignored);
    PQfreeCancel(arg);
    return NULL;
}

/* jdbc_pg_drop closes the connection; a statement that still runs is cancelled, for it could wait for a lock
 * for ever. */
void jdbc_pg_drop(jdbc_pg *c) {
    if (c->conn && (c->queued || PQtransactionStatus(c->conn) == PQTRANS_ACTIVE)) {
        PGcancel *cancel = PQgetCancel(c->conn);
        if (cancel && !spawn_detached(run_cancel, cancel)) {
            PQfreeCancel(cancel);
        }
    }
    PQfinish(c->conn);
    c->conn = NULL;
    c->queued = 0;
    c->pipeline = false;
    c->in_transaction = false;
    c->broken = false;
}

/* ---- statements ---- */

static sl_error *lost(jdbc_pg *c) {
    c->broken = true;
    const char *text = PQerrorMessage(c->conn);
    return sl_error_new(SL_E_NETWORK, SL_RETRIABLE, "postgresql: connection lost: %.*s",
                        (int)strcspn(text, "\n"), text);
}

static sl_error *flush_output(jdbc_pg *c) {
    for (;;) {
        int rest = PQflush(c->conn);
        if (rest == 0) {
            return NULL;
        }
        short ready;
        if (rest < 0) {
            return lost(c);
        }
        SL_TRY(wait_for(c, PQsocket(c->conn), POLLIN | POLLOUT, 0, &ready));
        if ((ready & POLLIN) && !PQconsumeInput(c->conn)) {
            return lost(c);
        }
    }
}

static sl_error *next_result(jdbc_pg *c, PGresult **out) {
    while (PQisBusy(c->conn)) {
        short ready;
        SL_TRY(wait_for(c, PQsocket(c->conn), POLLIN, 0, &ready));
        if (!PQconsumeInput(c->conn)) {
            return lost(c);
        }
    }
    *out = PQgetResult(c->conn);
    return NULL;
}

static bool send_statement(jdbc_pg *c, const char *sql, const jdbc_pg_params *p) {
    if (!p) {
        return PQsendQueryParams(c->conn, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
    }
    return PQsendQueryParams(c->conn, sql, p->n, p->types, p->values, p->lengths, p->formats, 0) == 1;
}

sl_error *jdbc_pg_queue(jdbc_pg *c, const char *sql, const jdbc_pg_params *params) {
    if (!c->pipeline) {
        if (!PQenterPipelineMode(c->conn)) {
            return lost(c);
        }
        c->pipeline = true;
    }
    if (!send_statement(c, sql, params)) {
        return lost(c);
    }
    c->queued++;
    return flush_output(c);
}

/* read_statement reads the results of one queued statement; the first error stays in *first. */
static sl_error *read_statement(jdbc_pg *c, sl_error **first) {
    for (;;) {
        PGresult *res = NULL;
        SL_TRY(next_result(c, &res));
        if (!res) {
            return PQstatus(c->conn) == CONNECTION_BAD ? lost(c) : NULL;
        }
        ExecStatusType status = PQresultStatus(res);
        if (status == PGRES_FATAL_ERROR && !*first) {
            *first = jdbc_pg_error(res);
        }
        PQclear(res);
    }
}

static sl_error *read_queue(jdbc_pg *c, sl_error **first) {
    for (unsigned n = c->queued; n > 0; n--) {
        SL_TRY(read_statement(c, first));
    }
    PGresult *res = NULL;
    SL_TRY(next_result(c, &res)); /* the sync's own */
    bool ok = res && PQresultStatus(res) == PGRES_PIPELINE_SYNC;
    PQclear(res);
    if (!ok) {
        return lost(c);
    }
    c->queued = 0;
    c->pipeline = false;
    return PQexitPipelineMode(c->conn) ? NULL : lost(c);
}

sl_error *jdbc_pg_sync(jdbc_pg *c) {
    if (!c->pipeline) {
        return NULL;
    }
    sl_error *first = NULL, *err = NULL;
    if (!PQpipelineSync(c->conn)) {
        return lost(c);
    }
    err = flush_output(c);
    if (!err) {
        err = read_queue(c, &first);
    }
    if (err && first &&
        first->cls == SL_RETRIABLE) { /* the server's last words say more than the broken connection */
        sl_error_free(err);
        return first;
    }
    if (err) {
        sl_error_free(first);
        return err;
    }
    return first;
}

sl_error *jdbc_pg_run(jdbc_pg *c, const char *sql, const jdbc_pg_params *params, PGresult **out) {
    *out = NULL;
    SL_TRY(jdbc_pg_sync(c));
    if (!send_statement(c, sql, params)) {
        return lost(c);
    }
    sl_error *err = flush_output(c);
    while (!err) {
        PGresult *res = NULL;
        err = next_result(c, &res);
        if (err || !res) {
            break;
        }
        PQclear(*out);
        *out = res;
    }
    ExecStatusType status = *out ? PQresultStatus(*out) : PGRES_FATAL_ERROR;
    if (!err && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        err = *out && PQresultErrorField(*out, PG_DIAG_SQLSTATE) ? jdbc_pg_error(*out) : lost(c);
    }
    if (err) {
        PQclear(*out);
        *out = NULL;
    }
    return err;
}
