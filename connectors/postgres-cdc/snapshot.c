/*
 * snapshot.c - the rows that are in the captured tables when a slot starts: read with COPY in the snapshot
 * that the slot exported, so that streaming from the slot's start continues exactly there.
 *
 * Before the first row goes out, an offset is stored that says where the slot starts: whatever happens then,
 * the next run streams from there, so that a row that was sent and is deleted later is deleted for consumers
 * too. Nothing is confirmed to the slot before the snapshot is complete. A run that was cut is continued:
 * what it finished is in the offset, the rest is read in a new snapshot (see snapshot_plan.c). Other readers
 * of the offset see a snapshot that is not complete, and start over.
 *
 * Markers: the first row that is sent of all, and of each table; the last of each table, and of all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "task.h"

#define STORE_MS 1000  /* finished chunks are made durable this often */
#define SLICE 512      /* rows of one reader before the next one's turn */
#define ANNOUNCE_MS 10 /* how often it is looked whether the offset is stored */

/* ---- begin ---- */

static sl_error *lock_tables(pg_task *t) {
    if (t->s->locking != PG_LOCK_SHARED || t->snap.n == 0) {
        return NULL;
    }
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b, "set local lock_timeout = %lld; lock table ", (long long)t->s->lock_timeout_ms);
    for (size_t i = 0; i < t->snap.n; i++) {
        sl_buf_add_z(&b, i ? ", " : "");
        pg_quote_ident(&b, t->snap.tables[i].in.schema);
        sl_buf_add_char(&b, '.');
        pg_quote_ident(&b, t->snap.tables[i].in.name);
    }
    sl_buf_add_z(&b, " in access share mode");
    sl_buf_add_char(&b, 0);
    sl_error *err =
        b.failed ? sl_error_nomem() : pg_conn_query(&t->sql, b.p, "locking the tables of the snapshot", NULL);
    sl_buf_deinit(&b);
    return err;
}

/* The transaction of t->sql stays open until the end: readers share its snapshot, whenever they come. */
static sl_error *share_snapshot(pg_task *t) {
    pg_snapshot *s = &t->snap;
    PGresult *res = NULL;
    SL_TRY(pg_conn_query(&t->sql, "set local idle_in_transaction_session_timeout = 0",
                         "preparing to read rows", NULL));
    SL_TRY(pg_conn_query(&t->sql, "select pg_catalog.pg_export_snapshot()", "sharing the snapshot", &res));
    s->name = sl_arena_str(&s->arena, sl_str_of(PQgetvalue(res, 0, 0)));
    PQclear(res);
    return s->arena.failed ? sl_error_nomem() : NULL;
}

static sl_error *watch(pg_snapshot *s, const pg_reader *r) {
    struct epoll_event e = {.events = EPOLLIN};
    if (s->poll_fd < 0) {
        s->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    }
    if (s->poll_fd < 0 || epoll_ctl(s->poll_fd, EPOLL_CTL_ADD, PQsocket(r->conn.c), &e) < 0) {
        return sl_error_new(SL_E_IO, SL_RETRIABLE, "cannot watch the connections of the snapshot");
    }
    return NULL;
}

static sl_error *open_readers(pg_task *t) {
    pg_snapshot *s = &t->snap;
    size_t want = (size_t)t->s->cdc.snapshot_threads;
    s->readers = sl_arena_zalloc(&s->arena, want * sizeof *s->readers);
    if (!s->readers) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < want; i++) {
        SL_TRY(pg_reader_open(t, &s->readers[i].reader));
        s->nreaders++;
        SL_TRY(pg_reader_begin(&s->readers[i].reader, s->name));
        if (want > 1) {
            SL_TRY(watch(s, &s->readers[i].reader));
        }
    }
    return NULL;
}

static sl_error *prepare(pg_task *t, pg_seen *seen) {
    pg_snapshot *s = &t->snap;
    s->active = true;
    s->poll_fd = -1;
    s->started_ms = pg_now_ms();
    SL_TRY(share_snapshot(t));
    SL_TRY(pg_seen_read(&t->sql, t->server_version, &s->arena, seen));
    SL_TRY(pg_plan_tables(t));
    SL_TRY(lock_tables(t));
    SL_TRY(open_readers(t));
    if (!s->progress.since) {
        s->progress.since = seen->xmin;
    }
    s->resume_ms = t->s->cdc.snapshot_delay_ms ? s->started_ms + t->s->cdc.snapshot_delay_ms : 0;
    t->state = PG_STATE_SNAPSHOT;
    return NULL;
}

sl_error *pg_snapshot_begin(pg_task *t, uint64_t lsn) {
    pg_snapshot *s = &t->snap;
    pg_seen seen;
    pg_snapshot_deinit(t);
    sl_arena_init(&s->arena, 4096);
    SL_TRY(prepare(t, &seen));
    s->ts_us = cdc_wall_ns() / 1000;
    t->pos = (pg_offset){.has_lsn = true,
                         .lsn = lsn,
                         .has_tx = true,
                         .tx = (int64_t)seen.xmax,
                         .has_ts = true,
                         .ts_us = s->ts_us,
                         .snapshot = true};
    pg_note_snapshot(t, "STARTED");
    sl_log(t->ctx, SL_LOG_INFO, "snapshot of %zu table(s) at %X/%X begins", s->n, (unsigned)(lsn >> 32),
           (unsigned)lsn);
    return NULL;
}

sl_error *pg_snapshot_resume(pg_task *t, uint64_t lsn) {
    pg_snapshot *s = &t->snap;
    cdc_progress progress = s->progress; /* of the stored offset */
    pg_seen seen;
    memset(&s->progress, 0, sizeof s->progress);
    pg_snapshot_deinit(t);
    s->progress = progress;
    sl_arena_init(&s->arena, 4096);
    SL_TRY(pg_conn_query(&t->sql, "begin transaction isolation level repeatable read read only",
                         "beginning to read rows", NULL));
    SL_TRY(prepare(t, &seen));
    s->announced = t->pos.lsn == lsn; /* it is what is stored already */
    s->ts_us = t->pos.has_ts ? t->pos.ts_us : cdc_wall_ns() / 1000;
    t->pos = (pg_offset){.has_lsn = true,
                         .lsn = lsn,
                         .has_tx = true,
                         .tx = t->pos.has_tx ? t->pos.tx : (int64_t)seen.xmax,
                         .has_ts = true,
                         .ts_us = s->ts_us,
                         .snapshot = true};
    pg_note_snapshot(t, "ABORTED"); /* what the last run could not tell */
    pg_note_snapshot(t, "STARTED");
    SL_TRY(pg_plan_check(t));
    sl_log(
        t->ctx, SL_LOG_INFO,
        "the last snapshot was cut: it goes on behind what was finished; changes since %X/%X follow from the "
        "slot",
        (unsigned)(lsn >> 32), (unsigned)lsn);
    return NULL;
}

static void close_table(pg_task *t, pg_snapshot_table *x) {
    if (x->held) {
        PQfreemem(x->held);
        x->held = NULL;
    }
    sl_free(x->behind);
    x->behind = NULL;
    if (x->opened) {
        pg_relation_deinit(t, &x->relation);
    }
}

void pg_snapshot_deinit(pg_task *t) {
    pg_snapshot *s = &t->snap;
    for (size_t i = 0; i < s->nreaders; i++) {
        pg_reader_close(&s->readers[i].reader);
    }
    if (s->active && s->poll_fd >= 0) {
        close(s->poll_fd);
    }
    for (size_t i = 0; i < s->n; i++) {
        close_table(t, &s->tables[i]);
    }
    cdc_progress_deinit(&s->progress);
    sl_arena_deinit(&s->arena);
    memset(s, 0, sizeof *s);
}

/* ---- rows ---- */

static const char *marker(const pg_task *t, const pg_snapshot_table *x, bool last, bool last_of_all) {
    bool first = !x->any;
    if (last_of_all) {
        return "last";
    }
    if (first && x == t->snap.tables) {
        return "first";
    }
    return last ? "last_in_data_collection" : first ? "first_in_data_collection" : "true";
}

/* With exactly-once, an offset that goes with some rows of a chunk says which. */
static void note_place(pg_snapshot *s, const pg_snapshot_table *x) {
    for (size_t i = 0; i < s->nreaders; i++) {
        pg_piece *p = &s->readers[i].piece;
        if (p->table == x && p->serial == x->held_chunk) {
            p->sent = x->held_place + 1;
        }
    }
}

static sl_error *send_held(pg_task *t, pg_snapshot_table *x, bool last, bool last_of_all) {
    sl_value *row = NULL;
    char *line = x->held;
    x->held = NULL;
    SL_TRY(pg_line_take(t, &x->relation, line, x->held_n, x->held_skip, &row));
    cdc_event ev = {.source = pg_source_of_rows(t, x->relation.table, marker(t, x, last, last_of_all)),
                    .now_ns = cdc_wall_ns()};
    x->any = true;
    x->rows++;
    if (t->ctx->exactly_once) {
        note_place(&t->snap, x);
    }
    SL_TRY(cdc_emit_row(&t->emitter, x->relation.table, CDC_OP_READ, NULL, row, &ev));
    if (!x->behind) {
        return NULL;
    }
    pg_piece p = *x->behind;
    sl_free(x->behind);
    x->behind = NULL;
    return pg_plan_finished(t, &p);
}

/* The table's last row was sent. */
static sl_error *finish_table(pg_task *t, pg_snapshot_table *x) {
    pg_snapshot *s = &t->snap;
    sl_log(t->ctx, SL_LOG_INFO, "snapshot: %llu row(s) of %.*s.%.*s", (unsigned long long)x->rows,
           SL_STR_ARG(x->in.schema), SL_STR_ARG(x->in.name));
    s->progressed = true;
    pg_note_table(t, x, true);
    close_table(t, x);
    x->opened = false;
    return cdc_progress_table(&s->progress, x->in.oid, s->ids, s->n) ? NULL : sl_error_nomem();
}

static sl_error *send_tail(pg_task *t, bool last_of_all) {
    pg_snapshot_table *x = t->snap.tail;
    t->snap.tail = NULL;
    if (!x) {
        return NULL;
    }
    SL_TRY(send_held(t, x, true, last_of_all));
    return finish_table(t, x);
}

sl_error *pg_snapshot_table_ended(pg_task *t, pg_snapshot_table *x) {
    x->ended = true;
    if (!x->held) {
        return finish_table(t, x);
    }
    SL_TRY(send_tail(t, false));
    t->snap.tail = x;
    return NULL;
}

static sl_error *on_row(pg_task *t, pg_snap_reader *r, char *line, size_t n) {
    pg_snapshot_table *x = r->piece.table;
    t->batch_read += n;
    sl_error *err = t->snap.tail ? send_tail(t, false) : NULL;
    if (!err && x->held) {
        err = send_held(t, x, false, false);
    }
    if (err) {
        PQfreemem(line);
        return err;
    }
    x->held = line;
    x->held_n = n;
    x->held_chunk = r->piece.serial;
    bool places = t->ctx->exactly_once && r->piece.heap->by_blocks;
    x->held_skip = places ? pg_line_place(line, n, &x->held_place) : 0;
    return places && !x->held_skip ? sl_error_new(SL_E_DATABASE, SL_FATAL,
                                                  "the server sent a row without the place it was asked for")
                                   : NULL;
}

static bool holds_large(const pg_snapshot_table *x) {
    return x && x->held && x->held_n > PG_LARGE_BYTES;
}

/* Another row is on its way to a reader: what is held is not the last one, and a large one goes before that
 * other one is here as well. */
static sl_error *send_large(pg_task *t, pg_snap_reader *r) {
    if (holds_large(t->snap.tail)) {
        return send_tail(t, false);
    }
    return holds_large(r->piece.table) ? send_held(t, r->piece.table, false, false) : NULL;
}

static sl_error *on_end(pg_task *t, pg_snap_reader *r) {
    pg_piece p = r->piece;
    pg_snapshot_table *x = p.table;
    r->piece.table = NULL;
    x->out--;
    if (x->held && x->held_chunk == p.serial) { /* finished once that row is sent */
        x->behind = sl_alloc(sizeof *x->behind);
        if (!x->behind) {
            return sl_error_nomem();
        }
        *x->behind = p;
        SL_TRY(pg_plan_partly(t, &p));
    } else {
        SL_TRY(pg_plan_finished(t, &p));
    }
    return x->out == 0 && pg_plan_given(x) ? pg_snapshot_table_ended(t, x) : NULL;
}

/* ---- steps ---- */

/* Reads what has arrived at one reader. */
static sl_error *read_some(pg_task *t, pg_snap_reader *r, sl_batch *b) {
    for (int left = SLICE; left > 0 && pg_source_room(t, b); left--) {
        char *line = NULL;
        size_t n = 0;
        pg_read what = PG_READ_WAIT;
        r->reader.conn.peeks = holds_large(r->piece.table) || holds_large(t->snap.tail);
        SL_TRY(pg_reader_next(&r->reader, &line, &n, &what));
        if (what == PG_READ_WAIT) {
            r->waiting = !r->reader.conn.more;
            return r->reader.conn.more ? send_large(t, r) : NULL;
        }
        if (what == PG_READ_END) {
            return on_end(t, r);
        }
        SL_TRY(on_row(t, r, line, n));
    }
    return NULL;
}

/* One turn of all readers; *busy: some reads a chunk, *ready: some may have more at once. */
static sl_error *turn(pg_task *t, sl_batch *b, bool *busy, bool *ready) {
    pg_snapshot *s = &t->snap;
    *busy = *ready = false;
    for (size_t i = 0; i < s->nreaders && pg_source_room(t, b); i++) {
        pg_snap_reader *r = &s->readers[i];
        bool none = false;
        if (!r->piece.table) {
            SL_TRY(pg_plan_next(t, r, &none));
            r->waiting = false;
        }
        if (none) {
            continue;
        }
        if (!r->waiting) {
            SL_TRY(read_some(t, r, b));
        }
        *busy = true;
        *ready = *ready || !r->waiting;
    }
    return NULL;
}

static void wait_for_readers(pg_snapshot *s, sl_wait *wait) {
    int fd = s->nreaders == 1 ? PQsocket(s->readers[0].reader.conn.c) : s->poll_fd;
    *wait = (sl_wait){.idle = true, .fd = fd, .readable = true};
}

static sl_error *put_offset(pg_task *t, sl_batch *b, bool now) {
    pg_snapshot *s = &t->snap;
    for (size_t i = 0; i < s->nreaders; i++) {
        if (s->readers[i].piece.table) {
            SL_TRY(pg_plan_partly(t, &s->readers[i].piece));
        }
    }
    t->pos.progress = t->pos.completed ? SL_STR_NONE : cdc_progress_store(&s->progress, &b->arena);
    sl_error *err = pg_set_offset(t, b);
    t->pos.progress = SL_STR_NONE;
    if (now || (s->progressed && pg_now_ms() >= s->next_store_ms)) {
        b->store_now = true;
        s->progressed = false;
        s->next_store_ms = pg_now_ms() + STORE_MS;
    }
    return err;
}

static bool streams_next(const pg_task *t) {
    return t->s->snapshot_mode != PG_SNAPSHOT_INITIAL_ONLY &&
           (t->s->snapshot_mode != PG_SNAPSHOT_CONFIGURED || t->s->conf_stream);
}

static sl_error *finish(pg_task *t, sl_batch *b, sl_wait *wait) {
    pg_snapshot *s = &t->snap;
    SL_TRY(send_tail(t, true));
    for (size_t i = 0; i < s->nreaders; i++) {
        SL_TRY(pg_reader_end(&s->readers[i].reader));
    }
    SL_TRY(pg_conn_query(&t->sql, "commit", "ending the snapshot", NULL));
    pg_note_snapshot(t, "COMPLETED");
    t->pos.completed = true;
    SL_TRY(put_offset(t, b, true));
    sl_log(t->ctx, SL_LOG_INFO, "snapshot of %zu table(s) is complete after %lld ms", s->n,
           (long long)(pg_now_ms() - s->started_ms));
    pg_snapshot_deinit(t);
    bool stream = streams_next(t);
    t->state = stream ? PG_STATE_STREAM : PG_STATE_DONE;
    s->resume_ms = stream && t->s->cdc.streaming_delay_ms ? pg_now_ms() + t->s->cdc.streaming_delay_ms : 0;
    *wait = (sl_wait){.idle = false, .fd = -1};
    return NULL;
}

/* The offset that says where the slot starts is stored before any row goes out. */
static sl_error *announce(pg_task *t, sl_batch *b, sl_wait *wait) {
    *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = pg_now_ms() + ANNOUNCE_MS};
    if (t->snap.asked) {
        return NULL;
    }
    t->snap.asked = true;
    return put_offset(t, b, true);
}

void pg_snapshot_stored(pg_task *t, const pg_offset *o) {
    if (t->snap.active && o->snapshot && !o->completed) {
        t->snap.announced = true;
    }
}

sl_error *pg_snapshot_poll(pg_task *t, sl_batch *b, sl_wait *wait) {
    pg_snapshot *s = &t->snap;
    if (s->resume_ms && pg_now_ms() < s->resume_ms) {
        *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = s->resume_ms};
        return NULL;
    }
    if (!s->announced && streams_next(t)) {
        return announce(t, b, wait);
    }
    SL_TRY(pg_source_batch(t, b));
    bool busy = true;
    bool ready = true;
    for (size_t i = 0; i < s->nreaders; i++) {
        s->readers[i].waiting = false;
    }
    while (ready && pg_source_room(t, b)) {
        SL_TRY(turn(t, b, &busy, &ready));
    }
    if (!busy && pg_source_room(t, b)) {
        return finish(t, b, wait);
    }
    if (b->n || s->progressed) {
        SL_TRY(put_offset(t, b, false));
    }
    *wait = (sl_wait){.fd = -1};
    if (busy && !ready && pg_source_room(t, b)) {
        wait_for_readers(s, wait);
    }
    return NULL;
}
