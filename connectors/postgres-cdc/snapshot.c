/*
 * snapshot.c - the rows that are in the captured tables when a slot starts: read with COPY in the snapshot
 * that the slot exported, so that streaming from the slot's start continues exactly there.
 *
 * One row is held back, for the markers: which is a table's last one is known only when COPY ends. In this
 * version a snapshot that did not finish starts over: its offset says that it is not complete, and nothing is
 * confirmed to the slot. Memory: one row of libpq's, and the batch.
 */
#include <stdio.h>
#include <stdlib.h>

#include "task.h"

static sl_error *order_tables(pg_task *t, pg_snap_table *all, size_t n) {
    pg_snapshot *s = &t->snap;
    s->tables = sl_arena_zalloc(&s->arena, (n + 1) * sizeof *s->tables);
    if (!s->tables) {
        return sl_error_nomem();
    }
    size_t rules = cdc_patterns_count(t->rules.snapshot_include);
    for (size_t k = 0; k < (rules ? rules : 1); k++) { /* in the order of the list, each table once */
        for (size_t i = 0; i < n; i++) {
            char id[300];
            int len =
                snprintf(id, sizeof id, "%.*s.%.*s", SL_STR_ARG(all[i].schema), SL_STR_ARG(all[i].name));
            bool wanted =
                !rules || cdc_patterns_match_one(t->rules.snapshot_include, k, (sl_str){id, (size_t)len});
            if (wanted && all[i].oid) {
                s->tables[s->n++] = all[i];
                all[i].oid = 0;
            }
        }
    }
    return NULL;
}

static sl_error *lock_tables(pg_task *t) {
    if (t->s->locking != PG_LOCK_SHARED || t->snap.n == 0) {
        return NULL;
    }
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b, "set local lock_timeout = %lld; lock table ", (long long)t->s->lock_timeout_ms);
    for (size_t i = 0; i < t->snap.n; i++) {
        sl_buf_add_z(&b, i ? ", " : "");
        pg_quote_ident(&b, t->snap.tables[i].schema);
        sl_buf_add_char(&b, '.');
        pg_quote_ident(&b, t->snap.tables[i].name);
    }
    sl_buf_add_z(&b, " in access share mode");
    sl_buf_add_char(&b, 0);
    sl_error *err =
        b.failed ? sl_error_nomem() : pg_conn_query(&t->sql, b.p, "locking the tables of the snapshot", NULL);
    sl_buf_deinit(&b);
    return err;
}

sl_error *pg_snapshot_begin(pg_task *t, uint64_t lsn) {
    pg_snapshot *s = &t->snap;
    sl_arena_init(&s->arena, 4096);
    pg_snap_table *all = NULL;
    size_t n = 0;
    SL_TRY(pg_tables_list(t, &s->arena, &all, &n));
    SL_TRY(order_tables(t, all, n));
    SL_TRY(lock_tables(t));
    PGresult *res = NULL;
    SL_TRY(pg_conn_query(&t->sql, "select pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())",
                         "reading the snapshot's transaction", &res));
    int64_t tx = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);
    s->ts_us = pg_wall_ns() / 1000;
    s->started_ms = pg_now_ms();
    s->resume_ms = t->s->cdc.snapshot_delay_ms ? s->started_ms + t->s->cdc.snapshot_delay_ms : 0;
    t->pos = (pg_offset){.has_lsn = true,
                         .lsn = lsn,
                         .has_tx = true,
                         .tx = tx,
                         .has_ts = true,
                         .ts_us = s->ts_us,
                         .snapshot = true};
    t->state = PG_STATE_SNAPSHOT;
    sl_log(t->ctx, SL_LOG_INFO, "snapshot of %zu table(s) at %X/%X begins", s->n, (unsigned)(lsn >> 32),
           (unsigned)lsn);
    return NULL;
}

void pg_snapshot_deinit(pg_task *t) {
    if (t->snap.held) {
        PQfreemem(t->snap.held);
        t->snap.held = NULL;
    }
    pg_relation_deinit(t, &t->snap.relation);
    sl_arena_deinit(&t->snap.arena);
    memset(&t->snap, 0, sizeof t->snap);
}

/* ---- one table ---- */

static sl_str override_of(pg_task *t, sl_str id) {
    sl_str list = t->s->cdc.snapshot_overrides;
    sl_str part;
    bool listed = false;
    while (list.n && cdc_list_next(&list, ',', &part)) {
        listed = listed || sl_str_eq(part, id);
    }
    sl_str key = sl_arena_printf(&t->snap.arena, "snapshot.select.statement.overrides.%.*s", SL_STR_ARG(id));
    return listed ? sl_config_get(t->ctx->config, key) : SL_STR_NONE;
}

static sl_error *start_table(pg_task *t) {
    pg_snapshot *s = &t->snap;
    const pg_snap_table *x = &s->tables[s->at];
    SL_TRY(pg_relation_from_catalog(t, x->schema, x->name, &s->relation));
    char what[300];
    snprintf(what, sizeof what, "reading the rows of %.*s (the user needs SELECT on it)",
             SL_STR_ARG(s->relation.table->id));
    pg_heap_name heap = {.schema = x->schema,
                         .name = x->name,
                         .plain = x->plain,
                         .statement = override_of(t, s->relation.table->id)};
    cdc_chunk whole = {.kind = CDC_CHUNK_TABLE};
    sl_buf b;
    sl_buf_init(&b, NULL);
    pg_chunk_query(&b, &s->relation, &heap, &whole);
    sl_error *err = b.failed ? sl_error_nomem() : pg_conn_copy(&t->sql, b.p, what, PGRES_COPY_OUT);
    sl_buf_deinit(&b);
    s->copying = err == NULL;
    s->held_first = true;
    s->rows = 0;
    return err;
}

static const char *marker(const pg_snapshot *s, bool first, bool last) {
    bool first_table = s->at == 0;
    bool last_table = s->at + 1 == s->n;
    if (last && last_table) {
        return "last";
    }
    if (first && first_table) {
        return "first";
    }
    return last ? "last_in_data_collection" : first ? "first_in_data_collection" : "true";
}

static sl_error *emit_held(pg_task *t, bool last) {
    pg_snapshot *s = &t->snap;
    if (!s->held) {
        return NULL;
    }
    sl_batch *b = t->emitter.batch;
    char *line = sl_arena_bytes(&b->arena, (size_t)s->held_n);
    if (!line) {
        return sl_error_nomem();
    }
    memcpy(line, s->held, (size_t)s->held_n);
    sl_value *row = NULL;
    sl_error *err = pg_line_row(t, &s->relation, line, (size_t)s->held_n, &row);
    PQfreemem(s->held);
    s->held = NULL;
    SL_TRY(err);
    pg_event_at at = {.snapshot = marker(s, s->held_first, last),
                      .lsn = t->pos.lsn,
                      .ts_us = s->ts_us,
                      .has_tx = true,
                      .tx = t->pos.tx};
    cdc_event ev = {.source = pg_source_block(t, s->relation.table, &at), .now_ns = pg_wall_ns()};
    s->held_first = false;
    s->rows++;
    return cdc_emit_row(&t->emitter, s->relation.table, CDC_OP_READ, NULL, row, &ev);
}

static sl_error *end_table(pg_task *t) {
    pg_snapshot *s = &t->snap;
    SL_TRY(emit_held(t, true));
    sl_error *err = NULL;
    PGresult *res;
    while ((res = PQgetResult(t->sql.c)) != NULL) {
        if (!err && PQresultStatus(res) != PGRES_COMMAND_OK) {
            err = pg_error_of(&t->sql, res, "reading the rows of a table");
        }
        PQclear(res);
    }
    SL_TRY(err);
    sl_log(t->ctx, SL_LOG_INFO, "snapshot: %llu row(s) of %.*s", (unsigned long long)s->rows,
           SL_STR_ARG(s->relation.table->id));
    s->copying = false;
    pg_relation_deinit(t, &s->relation);
    s->at++;
    return NULL;
}

static sl_error *finish(pg_task *t, sl_batch *b, sl_wait *wait) {
    SL_TRY(pg_conn_query(&t->sql, "commit", "ending the snapshot", NULL));
    t->pos.completed = true;
    SL_TRY(pg_set_offset(t, b));
    sl_log(t->ctx, SL_LOG_INFO, "snapshot of %zu table(s) is complete after %lld ms", t->snap.n,
           (long long)(pg_now_ms() - t->snap.started_ms));
    pg_snapshot_deinit(t);
    bool stream = t->s->snapshot_mode != PG_SNAPSHOT_INITIAL_ONLY &&
                  (t->s->snapshot_mode != PG_SNAPSHOT_CONFIGURED || t->s->conf_stream);
    t->state = stream ? PG_STATE_STREAM : PG_STATE_DONE;
    t->snap.resume_ms =
        stream && t->s->cdc.streaming_delay_ms ? pg_now_ms() + t->s->cdc.streaming_delay_ms : 0;
    *wait = (sl_wait){.idle = false, .fd = -1};
    return NULL;
}

/* Gives false in *more when libpq has nothing more for now. */
static sl_error *next_line(pg_task *t, bool *more) {
    pg_snapshot *s = &t->snap;
    char *line = NULL;
    int n = PQgetCopyData(t->sql.c, &line, 1);
    if (n == 0) {
        if (!PQconsumeInput(t->sql.c)) {
            return pg_error_of(&t->sql, NULL, "reading the rows of a table");
        }
        n = PQgetCopyData(t->sql.c, &line, 1);
    }
    *more = n != 0;
    if (n > 0) {
        sl_error *err = emit_held(t, false);
        s->held = line;
        s->held_n = n;
        return err;
    }
    if (n == -1) {
        return end_table(t);
    }
    return n == -2 ? pg_error_of(&t->sql, NULL, "reading the rows of a table") : NULL;
}

sl_error *pg_snapshot_poll(pg_task *t, sl_batch *b, sl_wait *wait) {
    pg_snapshot *s = &t->snap;
    if (s->resume_ms && pg_now_ms() < s->resume_ms) {
        *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = s->resume_ms};
        return NULL;
    }
    SL_TRY(pg_source_batch(t, b));
    bool more = true;
    size_t limit = t->s->cdc.max_queue_bytes ? (size_t)t->s->cdc.max_queue_bytes : PG_BATCH_BYTES;
    while (more && b->n < (size_t)t->s->cdc.max_batch_size && b->arena.total < limit * 4) {
        if (s->at == s->n) {
            return finish(t, b, wait);
        }
        if (!s->copying) {
            SL_TRY(start_table(t));
        }
        SL_TRY(next_line(t, &more));
    }
    if (b->n) {
        SL_TRY(pg_set_offset(t, b));
    }
    *wait = more ? (sl_wait){.fd = -1} : (sl_wait){.idle = true, .fd = PQsocket(t->sql.c), .readable = true};
    return NULL;
}
