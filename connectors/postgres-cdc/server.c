/*
 * server.c - what has to be right on the server before anything is read: wal_level, the slot, the
 * publication.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "task.h"

enum { DROP_TRIES_MS = 2000 }; /* less than a task has to end */

int64_t pg_now_ms(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

uint64_t pg_lsn_parse(const char *text) {
    char *end = NULL;
    uint64_t high = strtoull(text, &end, 16);
    return *end == '/' ? high << 32 | strtoull(end + 1, NULL, 16) : 0;
}

static const char *z(sl_buf *b) {
    sl_buf_add_char(b, 0);
    return b->failed ? "" : b->p;
}

sl_error *pg_server_check(pg_task *t) {
    PGresult *res = NULL;
    SL_TRY(pg_conn_query(
        &t->sql,
        "select pg_catalog.current_setting('wal_level'), pg_catalog.current_setting('server_version_num'), "
        "coalesce((select rolsuper or rolreplication from pg_catalog.pg_roles where rolname = current_user), "
        "false), "
        "(select setting from pg_catalog.pg_settings where name = 'wal_sender_timeout')",
        "reading the server's settings", &res));
    sl_error *err = NULL;
    t->server_version = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10);
    t->sender_timeout_ms = strtoll(PQgetvalue(res, 0, 3), NULL, 10);
    if (strcmp(PQgetvalue(res, 0, 0), "logical") != 0) {
        err = sl_error_new(SL_E_CONFIG, SL_USER,
                           "the server has wal_level '%s': expected 'logical'; set wal_level = logical in "
                           "postgresql.conf and restart "
                           "the server",
                           PQgetvalue(res, 0, 0));
    } else if (*PQgetvalue(res, 0, 2) != 't') {
        sl_log(t->ctx, SL_LOG_WARN,
               "user '%.*s' has not the attribute REPLICATION; unless the service grants it in another way, "
               "run: alter role ... replication",
               SL_STR_ARG(t->s->user));
    }
    PQclear(res);
    return err;
}

/* ---- slot ---- */

static sl_error *slot_mismatch(pg_task *t, const char *what, const char *is, const char *expected) {
    return sl_error_new(
        SL_E_CONFIG, SL_USER,
        "replication slot '%.*s' is for %s '%s': expected '%s'; use another slot.name, or drop it with "
        "select pg_drop_replication_slot('%.*s') when nobody needs it",
        SL_STR_ARG(t->s->slot), what, is, expected, SL_STR_ARG(t->s->slot));
}

sl_error *pg_slot_read(pg_task *t, pg_slot *slot) {
    memset(slot, 0, sizeof *slot);
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b,
                  "select coalesce(plugin, ''), coalesce(database, ''), active, "
                  "coalesce(confirmed_flush_lsn, restart_lsn), %s, "
                  "current_database() from pg_catalog.pg_replication_slots where slot_name = ",
                  t->server_version >= 130000 ? "coalesce(wal_status, '')" : "''");
    pg_quote_literal(&b, t->s->slot);
    PGresult *res = NULL;
    sl_error *err = pg_conn_query(&t->sql, z(&b), "reading the replication slot", &res);
    sl_buf_deinit(&b);
    if (err || PQntuples(res) == 0) {
        PQclear(res);
        return err;
    }
    slot->exists = true;
    slot->active = *PQgetvalue(res, 0, 2) == 't';
    slot->lost = strcmp(PQgetvalue(res, 0, 4), "lost") == 0 || PQgetisnull(res, 0, 3);
    slot->confirmed = PQgetisnull(res, 0, 3) ? 0 : pg_lsn_parse(PQgetvalue(res, 0, 3));
    if (strcmp(PQgetvalue(res, 0, 0), "pgoutput") != 0) {
        err = slot_mismatch(t, "output plugin", PQgetvalue(res, 0, 0), "pgoutput");
    } else if (strcmp(PQgetvalue(res, 0, 1), PQgetvalue(res, 0, 5)) != 0) {
        err = slot_mismatch(t, "database", PQgetvalue(res, 0, 1), PQgetvalue(res, 0, 5));
    }
    PQclear(res);
    return err;
}

static sl_error *use_snapshot(pg_task *t, const char *name) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b,
                  "begin transaction isolation level repeatable read read only; set transaction snapshot ");
    pg_quote_literal(&b, sl_str_of(name));
    sl_error *err = pg_conn_query(&t->sql, z(&b), "taking over the slot's snapshot", NULL);
    sl_buf_deinit(&b);
    return err;
}

void pg_slot_command(const pg_task *t, bool temporary, bool export_snapshot, sl_buf *b) {
    bool failover = t->s->failover_slot && !temporary && t->server_version >= 170000;
    sl_buf_add_z(b, "CREATE_REPLICATION_SLOT ");
    sl_str name = t->s->slot;
    if (temporary) {
        name.n = name.n > 40 ? 40 : name.n;
        sl_buf_printf(b, "\"%.*s_snapshot_%d\" TEMPORARY", SL_STR_ARG(name), PQbackendPID(t->repl.c));
    } else {
        pg_quote_ident(b, name);
    }
    sl_buf_add_z(b, " LOGICAL pgoutput ");
    if (failover) {
        sl_buf_printf(b, "(SNAPSHOT '%s', FAILOVER true)", export_snapshot ? "export" : "nothing");
    } else {
        sl_buf_add_z(b, export_snapshot ? "EXPORT_SNAPSHOT" : "NOEXPORT_SNAPSHOT");
    }
}

sl_error *pg_slot_create(pg_task *t, bool temporary, bool export_snapshot, uint64_t *lsn) {
    if (t->s->failover_slot && t->server_version < 170000) {
        sl_log(t->ctx, SL_LOG_WARN, "slot.failover needs PostgreSQL 17: the slot is made without it");
    }
    sl_buf b;
    sl_buf_init(&b, NULL);
    pg_slot_command(t, temporary, export_snapshot, &b);
    PGresult *res = NULL;
    sl_log(t->ctx, SL_LOG_INFO, "creating %s '%.*s'; this waits for running transactions to end",
           temporary ? "a temporary slot beside" : "replication slot", SL_STR_ARG(t->s->slot));
    t->repl.query_timeout_ms = t->s->create_slot_s * 1000;
    sl_error *err = pg_conn_query(
        &t->repl, z(&b), "creating a replication slot (max_replication_slots may need to be larger)", &res);
    t->repl.query_timeout_ms = 0;
    if (err && err->code == SL_E_TIMEOUT) {
        err = sl_error_wrap(
            err,
            "it waits for transactions that run; see pg_stat_activity, or raise create.slot.command.timeout");
    }
    sl_buf_deinit(&b);
    if (!err) {
        *lsn = pg_lsn_parse(PQgetvalue(res, 0, 1));
        err = export_snapshot ? use_snapshot(t, PQgetvalue(res, 0, 2)) : NULL;
    }
    PQclear(res);
    return err;
}

/* drop_released runs the statement again while the server does not know yet that nobody reads the slot any
 * more: it notices a moment after the connection was closed. */
static PGresult *drop_released(pg_task *t, const char *statement) {
    const struct timespec nap = {.tv_nsec = 20000000};
    int64_t until = pg_now_ms() + DROP_TRIES_MS;
    PGresult *res = PQexec(t->sql.c, statement);
    const char *state;
    while ((state = PQresultErrorField(res, PG_DIAG_SQLSTATE)) && strcmp(state, "55006") == 0 &&
           pg_now_ms() < until) {
        PQclear(res);
        nanosleep(&nap, NULL);
        res = PQexec(t->sql.c, statement);
    }
    return res;
}

void pg_slot_drop(pg_task *t) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "select pg_catalog.pg_drop_replication_slot(");
    pg_quote_literal(&b, t->s->slot);
    sl_buf_add_char(&b, ')');
    atomic_store(&t->interrupted, false);
    PGresult *res = drop_released(t, z(&b));
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        const char *why = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
        sl_log(t->ctx, SL_LOG_WARN, "replication slot '%.*s' was not dropped: %s", SL_STR_ARG(t->s->slot),
               why ? why : "the connection was lost");
    }
    PQclear(res);
    sl_buf_deinit(&b);
}

/* ---- publication ---- */

static sl_error *add_tables(pg_task *t, sl_buf *b) {
    sl_arena a;
    sl_arena_init(&a, 4096);
    pg_snap_table *tables = NULL;
    size_t n = 0;
    sl_error *err = pg_tables_list(t, &a, &tables, &n);
    if (!err && n == 0) {
        err = sl_error_new(SL_E_CONFIG, SL_USER,
                           "no table matches the filters, so publication '%.*s' cannot be made for them; "
                           "check table.include.list "
                           "and schema.include.list",
                           SL_STR_ARG(t->s->publication));
    }
    bool first = true;
    for (size_t i = 0; !err && i < n; i++) {
        if (tables[i].unlogged) {
            continue;
        }
        sl_buf_add_z(b, first ? "" : ", ");
        first = false;
        pg_quote_ident(b, tables[i].schema);
        sl_buf_add_char(b, '.');
        pg_quote_ident(b, tables[i].name);
    }
    sl_arena_deinit(&a);
    return err;
}

static sl_error *execute_publication(pg_task *t, sl_buf *b) {
    sl_error *err = pg_conn_query(&t->sql, z(b), "making the publication", NULL);
    if (err && err->code == SL_E_AUTH) {
        err = sl_error_wrap(
            err,
            "publication '%.*s' cannot be made by '%.*s'; make it as a superuser or owner and set "
            "publication.autocreate.mode=disabled",
            SL_STR_ARG(t->s->publication), SL_STR_ARG(t->s->user));
    }
    return err;
}

static sl_error *create_publication(pg_task *t, sl_buf *b) {
    sl_buf_add_z(b, "create publication ");
    pg_quote_ident(b, t->s->publication);
    if (t->s->autocreate == PG_PUB_ALL_TABLES) {
        sl_buf_add_z(b, " for all tables");
    } else if (t->s->autocreate == PG_PUB_FILTERED) {
        sl_buf_add_z(b, " for table ");
        SL_TRY(add_tables(t, b));
    }
    if (t->s->via_root && t->server_version >= 130000) {
        sl_buf_add_z(b, " with (publish_via_partition_root = true)");
    }
    sl_log(t->ctx, SL_LOG_INFO, "creating publication '%.*s'", SL_STR_ARG(t->s->publication));
    return execute_publication(t, b);
}

static sl_error *find_publication(pg_task *t, bool *exists, bool *all) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "select puballtables from pg_catalog.pg_publication where pubname = ");
    pg_quote_literal(&b, t->s->publication);
    PGresult *res = NULL;
    sl_error *err = pg_conn_query(&t->sql, z(&b), "looking for the publication", &res);
    sl_buf_deinit(&b);
    if (!err) {
        *exists = PQntuples(res) == 1;
        *all = *exists && *PQgetvalue(res, 0, 0) == 't';
    }
    PQclear(res);
    return err;
}

sl_error *pg_publication_prepare(pg_task *t) {
    bool exists = false;
    bool all = false;
    SL_TRY(find_publication(t, &exists, &all));
    if (!exists && t->s->autocreate == PG_PUB_DISABLED) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "there is no publication '%.*s' and publication.autocreate.mode is disabled; "
                            "run: create publication "
                            "\"%.*s\" for table ...",
                            SL_STR_ARG(t->s->publication), SL_STR_ARG(t->s->publication));
    }
    if (exists && (t->s->autocreate != PG_PUB_FILTERED || all)) {
        return NULL;
    }
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_error *err = NULL;
    if (exists) {
        sl_buf_add_z(&b, "alter publication ");
        pg_quote_ident(&b, t->s->publication);
        sl_buf_add_z(&b, " set table ");
        err = add_tables(t, &b);
        err = err ? err : execute_publication(t, &b);
    } else {
        err = create_publication(t, &b);
    }
    sl_buf_deinit(&b);
    return err;
}
