/*
 * stream.c - follows the slot: decodes changes into records, keeps the position, answers keepalives, tells
 * the server how far everything is stored.
 *
 * COPY BOTH messages: 'w' start(8) end(8) time(8) payload; 'k' end(8) time(8) reply(1); ours: 'r' written(8)
 * flushed(8) applied(8) time(8) reply(1). See "Streaming Replication Protocol".
 *
 * What was delivered before a restart is passed over: transactions that ended before the stored position are
 * not sent again by the server (or skipped here), and of the one that was cut the events up to (lsn, number
 * at that lsn).
 */
#include <stdio.h>
#include <time.h>

#include "task.h"

#define HEADER_W 25
#define ADVANCE_MS 1000
#define GATHER_MS 2 /* under load: let this much come in between steps, instead of a step for each packet */
#define GATHER_UNTIL 512 /* records of a step that need no gathering */
#define SHED_MS 2000     /* not more often */
#define SHED_SHARE 20    /* nor for more than 1 / so much of the time */
#define SHED_IDLE 3      /* but when nothing came for so many times as long */
#define FREED_TRIES 100  /* until the server has let go of the slot, 20 ms each */
#define PG_EPOCH_US INT64_C(946684800000000)

/* ---- starting ---- */

static void add_options(pg_task *t, sl_buf *b) {
    sl_buf quoted;
    sl_buf_init(&quoted, NULL);
    pg_quote_ident(&quoted, t->s->publication);
    sl_buf_add_z(b, "(proto_version '1', publication_names ");
    pg_quote_literal(b, sl_buf_view(&quoted));
    sl_buf_deinit(&quoted);
    if (t->server_version >= 140000) {
        sl_buf_add_z(b, ", messages 'true'");
    }
    sl_str params = t->s->stream_params;
    sl_str part;
    while (params.n && sl_str_next(&params, ';', &part)) {
        size_t eq = sl_str_find(part, '=');
        if (sl_str_trim(part).n == 0) {
            continue;
        }
        sl_buf_add_z(b, ", ");
        pg_quote_ident(b, sl_str_trim((sl_str){part.p, eq}));
        sl_buf_add_char(b, ' ');
        pg_quote_literal(b, sl_str_trim(sl_str_skip(part, eq + 1)));
    }
    sl_buf_add_char(b, ')');
}

static sl_error *wait_retry(pg_task *t, int64_t ms) {
    for (int64_t end = pg_now_ms() + ms; pg_now_ms() < end;) {
        if (pg_conn_stopping(&t->repl)) {
            return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "interrupted, for the task stops");
        }
        struct timespec nap = {.tv_nsec = 50000000};
        nanosleep(&nap, NULL);
    }
    return NULL;
}

/* ---- memory: libpq's buffer grows with the largest message and goes with the connection only ---- */

/* Closes the connection; the next step opens one that goes on behind the last event. */
static void shed(pg_task *t) {
    pg_stream *st = &t->stream;
    pg_conn_close(&t->repl);
    st->shed_inside = st->tx.open;
    st->started = st->bloated = false;
    st->tx.open = false;
    st->shed_ms = pg_now_ms();
    st->next_shed_ms = INT64_MAX; /* until it is known what this one costs */
}

static int64_t larger(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* The server has taken up the stream again: it may have read much of its log for that. */
static void shed_over(pg_stream *st) {
    int64_t now = pg_now_ms();
    st->shed_cost_ms = now - st->shed_ms;
    st->next_shed_ms = now + larger(st->shed_cost_ms * SHED_SHARE, SHED_MS);
    st->shed_ms = 0;
}

/* While nothing happens it disturbs nobody. */
static int64_t idle_shed_ms(const pg_stream *st) {
    return st->got_ms + larger(st->shed_cost_ms * SHED_IDLE, SHED_MS);
}

static bool may_shed(const pg_stream *st) {
    int64_t now = pg_now_ms();
    return st->bloated && (now >= st->next_shed_ms || (!st->tx.open && now >= idle_shed_ms(st)));
}

static sl_error *reopen(pg_task *t) {
    return t->repl.c ? NULL : pg_conn_open(&t->repl, t->ctx, &t->interrupted, t->s, true);
}

static sl_error *nap(pg_task *t) {
    struct timespec twenty = {.tv_nsec = 20000000};
    if (pg_conn_stopping(&t->repl)) {
        return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "interrupted, for the task stops");
    }
    nanosleep(&twenty, NULL);
    return NULL;
}

static sl_error *start_replication(pg_task *t, const char *sql) {
    for (int quick = t->stream.shed_ms ? FREED_TRIES : 0;; quick--) {
        sl_error *err = pg_conn_copy(&t->repl, sql, "streaming from the replication slot", PGRES_COPY_BOTH);
        if (!err || !quick || !err->message || !strstr(err->message, "55006")) {
            return err;
        }
        sl_error_free(err);
        SL_TRY(nap(t));
    }
}

static sl_error *wait_for_slot(pg_task *t, const char *sql) {
    for (int32_t left = t->s->slot_retries;; left--) {
        sl_error *err = start_replication(t, sql);
        bool busy = err && err->message && strstr(err->message, "55006");
        if (!busy || left <= 0) {
            return err;
        }
        sl_log(t->ctx, SL_LOG_WARN, "replication slot '%.*s' is in use, trying again in %lld ms (%d left)",
               SL_STR_ARG(t->s->slot), (long long)t->s->slot_retry_ms, left);
        sl_error_free(err);
        SL_TRY(wait_retry(t, t->s->slot_retry_ms));
    }
}

/* The stored offset is within a transaction that the server has not sent again yet. */
static bool resume_pending(const pg_task *t) {
    const pg_offset *o = &t->resume;
    return o->has_lsn && o->has_tx && o->message && strcmp(o->message, "COMMIT") != 0 &&
           strcmp(o->message, "BEGIN") != 0;
}

/* What was cut had been committed by now: if nothing of it has come when the server is that far, it does not
 * send it any more, as when the publication is another one. */
static sl_error *note_end_of_cut(pg_task *t) {
    PGresult *res = NULL;
    t->stream.cut_before = 0;
    if (!resume_pending(t)) {
        return NULL;
    }
    SL_TRY(pg_conn_query(&t->sql,
                         "select case when pg_catalog.pg_is_in_recovery() then "
                         "pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_lsn() end",
                         "reading the server's position", &res));
    t->stream.cut_before = pg_lsn_parse(PQgetvalue(res, 0, 0));
    PQclear(res);
    return NULL;
}

sl_error *pg_stream_start(pg_task *t) {
    pg_stream *st = &t->stream;
    pg_stream_forget(t);
    SL_TRY(reopen(t));
    st->start = pg_offset_start(&t->pos);
    t->resume = t->pos;
    SL_TRY(note_end_of_cut(t));
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "START_REPLICATION SLOT ");
    pg_quote_ident(&b, t->s->slot);
    sl_buf_printf(&b, " LOGICAL %X/%X ", (unsigned)(st->start >> 32), (unsigned)st->start);
    add_options(t, &b);
    sl_buf_add_char(&b, 0);
    sl_error *err = b.failed ? sl_error_nomem() : wait_for_slot(t, b.p);
    sl_buf_deinit(&b);
    SL_TRY(err);
    sl_log(t->ctx, st->shed_ms ? SL_LOG_DEBUG : SL_LOG_INFO, "streaming from slot '%.*s' at %X/%X",
           SL_STR_ARG(t->s->slot), (unsigned)(st->start >> 32), (unsigned)st->start);
    int64_t now = pg_now_ms();
    st->started = true;
    st->received = st->start;
    st->xmin = -1;
    st->next_status_ms = now + t->s->status_ms;
    st->heard = true;
    st->asked_ms = 0;
    st->tx.open = false;
    if (!st->shed_ms) {
        st->next_heartbeat_ms = t->s->cdc.heartbeat_interval_ms ? now + t->s->cdc.heartbeat_interval_ms : 0;
    }
    st->next_advance_ms = now + ADVANCE_MS;
    if (st->shed_ms && !st->shed_inside) {
        shed_over(st);
    }
    if (t->pos.snapshot) { /* the snapshot is behind us */
        t->pos.snapshot = false;
        t->resume = (pg_offset){.has_lsn = true, .lsn = t->pos.lsn};
    }
    return NULL;
}

/* ---- telling the server ---- */

static void put_u64be(char *to, uint64_t v) {
    for (int i = 0; i < 8; i++) {
        to[i] = (char)(unsigned char)(v >> (56 - 8 * i));
    }
}

static sl_error *put_status(pg_task *t, bool ask) {
    char m[34];
    const pg_stream *st = &t->stream;
    m[0] = 'r';
    put_u64be(m + 1, st->received > st->confirmed ? st->received : st->confirmed);
    put_u64be(m + 9, st->confirmed);
    put_u64be(m + 17, st->confirmed);
    put_u64be(m + 25, (uint64_t)(cdc_wall_ns() / 1000 - PG_EPOCH_US));
    m[33] = ask ? 1 : 0;
    if (PQputCopyData(t->repl.c, m, sizeof m) < 0 || PQflush(t->repl.c) < 0) {
        return pg_error_of(&t->repl, NULL, "telling the server the position");
    }
    return NULL;
}

static sl_error *send_status(pg_task *t) {
    pg_stream *st = &t->stream;
    int64_t now = pg_now_ms();
    bool ask = !st->heard; /* a server with nothing to send is silent unless it is asked */
    if (ask && !st->asked_ms) {
        st->asked_ms = now;
    }
    st->heard = false;
    st->next_status_ms = now + t->s->status_ms;
    return put_status(t, ask);
}

sl_error *pg_stream_confirm(pg_task *t, uint64_t lsn) {
    pg_stream *st = &t->stream;
    if (lsn <= st->confirmed || t->s->flush_mode == PG_FLUSH_MANUAL || !t->s->flush_lsn) {
        return NULL;
    }
    st->confirmed = lsn;
    return st->started && t->state == PG_STATE_STREAM ? send_status(t) : NULL;
}

/* Its answers are not read meanwhile, so none is asked for, and none is missed. */
void pg_stream_keep(pg_task *t, int64_t *again_ms) {
    pg_stream *st = &t->stream;
    *again_ms = 0;
    if (!st->started || t->state != PG_STATE_STREAM) {
        return;
    }
    int64_t every = t->s->status_ms;
    if (t->sender_timeout_ms && every > t->sender_timeout_ms / 3) {
        every = t->sender_timeout_ms / 3;
    }
    *again_ms = pg_now_ms() + every;
    st->heard = true;
    st->asked_ms = 0;
    sl_error *err = put_status(t, false);
    if (err) {
        char text[400];
        sl_log(t->ctx, SL_LOG_WARN,
               "the connection is lost while nothing is read, and will be opened again: %s",
               sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        pg_conn_close(&t->repl);
        st->started = st->tx.open = false;
        *again_ms = 0;
    }
}

/* ---- transactions ---- */

static sl_str tx_id(pg_task *t, uint64_t lsn) {
    if (!t->s->cdc.transaction_metadata) {
        return SL_STR_NONE;
    }
    return sl_arena_printf(&t->emitter.batch->arena, "%u:%llu", t->stream.tx.xid, (unsigned long long)lsn);
}

static sl_error *on_begin(pg_task *t, const pgo_message *m, uint64_t lsn) {
    pg_tx *tx = &t->stream.tx;
    *tx = (pg_tx){.open = true, .xid = m->xid, .final_lsn = m->lsn, .commit_us = m->commit_us};
    tx->skip = m->lsn < t->stream.start;
    tx->resuming = !tx->skip && resume_pending(t) && (uint32_t)t->resume.tx == m->xid && lsn <= t->resume.lsn;
    if (tx->resuming && t->resume.events == 0) {
        t->resume.events = 1;
    }
    if (tx->skip) {
        return NULL;
    }
    char xid[16];
    int n = snprintf(xid, sizeof xid, "%u", m->xid);
    return cdc_emit_tx_begin(&t->emitter, (sl_str){xid, (size_t)n}, tx_id(t, lsn), m->commit_us / 1000,
                             tx->resuming);
}

static sl_error *on_commit(pg_task *t, const pgo_message *m) {
    pg_tx *tx = &t->stream.tx;
    bool skipped = tx->skip;
    tx->open = false;
    if (skipped) {
        return NULL;
    }
    t->resume.message = NULL; /* whatever comes now is new */
    pg_incremental_commit(t, tx->xid);
    t->pos = (pg_offset){.has_lsn = true,
                         .lsn = m->end_lsn,
                         .has_proc = true,
                         .lsn_proc = m->end_lsn,
                         .has_commit = true,
                         .lsn_commit = m->end_lsn,
                         .has_tx = true,
                         .tx = tx->xid,
                         .has_ts = true,
                         .ts_us = m->commit_us,
                         .message = "COMMIT"};
    pg_source_commit(t);
    pg_metrics_commit(t, tx->xid, m->commit_us);
    t->stream.moved = true;
    return cdc_emit_tx_end(&t->emitter, tx_id(t, m->end_lsn), m->commit_us / 1000);
}

/* Debezium makes several events of a TRUNCATE of several tables: its offset may be behind some of them only.
 */
static bool truncated_partly(const pg_offset *o) {
    return o->message && strcmp(o->message, "TRUNCATE") == 0 && o->has_proc && o->lsn_proc < o->lsn;
}

/* Counts an event of the transaction; false when it was delivered before. */
static bool advance(pg_task *t, uint64_t lsn, const char *word) {
    pg_tx *tx = &t->stream.tx;
    tx->events = lsn == tx->event_lsn ? tx->events + 1 : 1;
    tx->event_lsn = lsn;
    if (tx->skip) {
        return false;
    }
    if (tx->resuming) {
        bool there = lsn == t->resume.lsn && !truncated_partly(&t->resume);
        if (lsn < t->resume.lsn || (there && tx->events <= t->resume.events)) {
            return false;
        }
        tx->resuming = false;
    }
    if (tx->events == 1) {
        t->stream.before = t->pos;
    }
    t->pos.has_lsn = t->pos.has_proc = t->pos.has_tx = t->pos.has_ts = true;
    t->pos.lsn = lsn;
    t->pos.lsn_proc = lsn;
    t->pos.tx = tx->xid;
    t->pos.ts_us = tx->commit_us;
    t->pos.message = word;
    t->pos.events = tx->events;
    t->stream.moved = true;
    return true;
}

static void event_at(pg_task *t, uint64_t lsn, pg_event_at *at) {
    pg_tx *tx = &t->stream.tx;
    *at = (pg_event_at){
        .snapshot = "false", .lsn = lsn, .ts_us = tx->commit_us, .has_tx = true, .tx = tx->xid, .origin = tx};
}

static sl_error *emit(pg_task *t, pg_relation *r, cdc_op op, sl_value *before, sl_value *after,
                      uint64_t lsn) {
    pg_event_at at;
    event_at(t, lsn, &at);
    cdc_event ev = {.source = pg_source_block(t, r->table, &at),
                    .transaction_id = tx_id(t, lsn),
                    .now_ns = cdc_wall_ns()};
    return cdc_emit_row(&t->emitter, r->table, op, before, after, &ev);
}

/* ---- messages ---- */

/* The row of a message, whose memory may be changed. */
static sl_error *row_message(pg_task *t, sl_str data, uint64_t lsn) {
    static const char *const names[] = {"INSERT", "UPDATE", "DELETE"};
    int which = data.p[0] == PGO_INSERT ? 0 : data.p[0] == PGO_UPDATE ? 1 : 2;
    if (data.n < 5) {
        return sl_error_new(SL_E_DATABASE, SL_FATAL, "the server sent a malformed message of kind '%c'",
                            data.p[0]);
    }
    bool fresh = advance(t, lsn, names[which]);
    sl_reader head = sl_reader_of(data.p + 1, 4);
    pg_relation *r = pg_relation_find(t, sl_reader_u32be(&head));
    if (!r) {
        return sl_error_new(SL_E_DATABASE, SL_FATAL,
                            "the server sent a row of a relation that it did not describe");
    }
    if (!r->table || !fresh) {
        return NULL;
    }
    sl_batch *b = t->emitter.batch;
    bool large = data.n > PG_LARGE_BYTES;
    char *text = large ? (char *)data.p : sl_arena_bytes(&b->arena, data.n);
    if (!text) {
        return sl_error_nomem();
    }
    if (!large) {
        memcpy(text, data.p, data.n); /* values point into it */
    }
    pgo_message m;
    bool known = true;
    SL_TRY(pgo_parse((sl_str){text, data.n}, &m, &known));
    sl_value *before = NULL;
    sl_value *after = NULL;
    SL_TRY(pg_incremental_row(t, r, data.p[0], &m));
    if (m.old_kind) {
        SL_TRY(pg_row_decode(t, r, m.old_row, NULL, &before));
    }
    if (which < 2) {
        SL_TRY(pg_row_decode(t, r, m.new_row, m.old_kind == 'O' ? before : NULL, &after));
    }
    if (large) { /* libpq's block begins with the header */
        sl_str block = {data.p - HEADER_W, data.n + HEADER_W};
        SL_TRY(pg_row_own(&b->arena, block, r->table->ncols, before, after, &t->stream.given));
    }
    return emit(t, r,
                which == 0   ? CDC_OP_CREATE
                : which == 1 ? CDC_OP_UPDATE
                             : CDC_OP_DELETE,
                before, after, lsn);
}

static sl_error *on_row(pg_task *t, sl_str data, uint64_t lsn) {
    sl_batch *b = t->emitter.batch;
    size_t before = b->n;
    sl_error *err = row_message(t, data, lsn);
    if (!err || t->s->cdc.processing_failure == CDC_ON_FAILURE_FAIL || err->cls == SL_RETRIABLE) {
        return err;
    }
    b->n = before;
    if (t->s->cdc.processing_failure == CDC_ON_FAILURE_WARN) {
        char text[400];
        sl_log(t->ctx, SL_LOG_WARN, "the event at %X/%X is passed over: %s", (unsigned)(lsn >> 32),
               (unsigned)lsn, sl_error_text(err, text, sizeof text));
    }
    sl_error_free(err);
    return NULL;
}

static sl_error *on_truncate(pg_task *t, const pgo_message *m, uint64_t lsn) {
    if (!advance(t, lsn, "TRUNCATE")) {
        return NULL;
    }
    sl_reader rest = m->rest;
    for (uint32_t i = 0; i < m->count; i++) {
        const pg_relation *r = pg_relation_find(t, sl_reader_u32be(&rest));
        if (r) {
            pg_incremental_truncate(t, r);
        }
    }
    if (t->emitter.skip[CDC_OP_TRUNCATE]) {
        return NULL;
    }
    rest = m->rest;
    for (uint32_t i = 0; i < m->count; i++) {
        pg_relation *r = pg_relation_find(t, sl_reader_u32be(&rest));
        if (r && r->table) {
            SL_TRY(emit(t, r, CDC_OP_TRUNCATE, NULL, NULL, lsn));
        }
    }
    return NULL;
}

static sl_error *on_message(pg_task *t, const pgo_message *m, uint64_t lsn) {
    bool transactional = m->flags & 1;
    pg_event_at at = {
        .snapshot = "false", .lsn = lsn, .ts_us = t->pos.has_ts ? t->pos.ts_us : cdc_wall_ns() / 1000};
    if (transactional) {
        if (!advance(t, lsn, "MESSAGE")) {
            return NULL;
        }
        event_at(t, lsn, &at);
    } else {
        bool again = t->resume.message && strcmp(t->resume.message, "MESSAGE") == 0 && lsn == t->resume.lsn;
        if (lsn < t->stream.start || again) {
            return NULL;
        }
        t->pos.has_lsn = t->pos.has_proc = t->pos.has_commit = true;
        t->pos.lsn = t->pos.lsn_proc = t->pos.lsn_commit = lsn;
        t->pos.has_tx = false;
        t->pos.message = "MESSAGE";
        t->pos.events = 0;
        t->stream.moved = true;
        pg_source_commit(t);
    }
    if (t->message_include ? !cdc_patterns_match(t->message_include, m->name)
                           : cdc_patterns_match(t->message_exclude, m->name)) {
        return NULL;
    }
    return pg_message_emit(t, t->emitter.batch, m, &at, transactional ? tx_id(t, lsn) : SL_STR_NONE);
}

static void on_origin(pg_task *t, const pgo_message *m) {
    pg_tx *tx = &t->stream.tx;
    tx->has_origin = true;
    tx->origin_lsn = m->lsn;
    snprintf(tx->origin, sizeof tx->origin, "%.*s", SL_STR_ARG(m->name));
}

static sl_error *on_payload(pg_task *t, sl_str data, uint64_t lsn) {
    if (data.n && (data.p[0] == PGO_INSERT || data.p[0] == PGO_UPDATE || data.p[0] == PGO_DELETE)) {
        return on_row(t, data, lsn);
    }
    pgo_message m;
    bool known = true;
    SL_TRY(pgo_parse(data, &m, &known));
    switch (known ? m.kind : PGO_TYPE) {
    case PGO_BEGIN:
        return on_begin(t, &m, lsn);
    case PGO_COMMIT:
        return on_commit(t, &m);
    case PGO_RELATION:
        SL_TRY(pg_relation_from_message(t, &m));
        pg_incremental_relation(t, pg_relation_find(t, m.relation));
        return NULL;
    case PGO_TRUNCATE:
        return on_truncate(t, &m, lsn);
    case PGO_MESSAGE:
        return on_message(t, &m, lsn);
    case PGO_ORIGIN:
        on_origin(t, &m);
        return NULL;
    default:
        return NULL;
    }
}

/* Between transactions everything before the server's position that concerns us was sent: a slot whose tables
   are idle moves on with it; but not over the rest of a transaction that was cut. */
static sl_error *on_keepalive(pg_task *t, sl_reader *r) {
    uint64_t end = sl_reader_u64be(r);
    sl_reader_u64be(r);
    bool reply = sl_reader_u8(r) != 0;
    pg_stream *st = &t->stream;
    if (r->short_read) {
        return sl_error_new(SL_E_DATABASE, SL_FATAL, "the server sent a malformed keepalive");
    }
    if (end > st->received) {
        st->received = end;
    }
    if (!st->tx.open && st->cut_before && end >= st->cut_before) {
        t->resume.message = NULL;
    }
    if (!st->tx.open && !resume_pending(t) && end > pg_offset_start(&t->pos)) {
        t->pos.has_lsn = t->pos.has_proc = t->pos.has_commit = true;
        t->pos.lsn = t->pos.lsn_proc = t->pos.lsn_commit = end;
        t->pos.events = 0;
        t->pos.message = "COMMIT";
        st->moved = true;
        pg_source_commit(t);
    }
    return reply ? send_status(t) : NULL;
}

static sl_error *on_copy_data(pg_task *t, const char *p, size_t n) {
    sl_reader r = sl_reader_of(p, n);
    t->stream.heard = true;
    t->stream.asked_ms = 0;
    uint8_t kind = sl_reader_u8(&r);
    if (kind == 'k') {
        return on_keepalive(t, &r);
    }
    if (kind != 'w') {
        return NULL;
    }
    uint64_t lsn = sl_reader_u64be(&r);
    t->stream.got = true;
    if (t->stream.shed_ms && t->stream.started) {
        shed_over(&t->stream);
    }
    if (n < HEADER_W) {
        return sl_error_new(SL_E_DATABASE, SL_FATAL, "the server sent a malformed replication message");
    }
    if (lsn > t->stream.received) {
        t->stream.received = lsn;
    }
    return on_payload(t, (sl_str){p + HEADER_W, n - HEADER_W}, lsn);
}

/* ---- a step ---- */

static sl_error *stream_ended(pg_task *t) {
    PGresult *res = PQgetResult(t->repl.c);
    sl_error *err = NULL;
    if (res && PQresultStatus(res) == PGRES_FATAL_ERROR) {
        err = pg_error_of(&t->repl, res, "the server ended the stream");
    }
    const char *state = err ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    if (state && strcmp(state, "42704") == 0 && strstr(err->message, "publication")) {
        err =
            sl_error_wrap(err,
                          "publication '%.*s' was not there when a change was made: the server cannot send "
                          "what follows from slot '%.*s', even when the publication is made again; drop the "
                          "slot and set snapshot.mode=when_needed to read the tables again",
                          SL_STR_ARG(t->s->publication), SL_STR_ARG(t->s->slot));
    }
    PQclear(res);
    return err ? err : sl_error_new(SL_E_NETWORK, SL_RETRIABLE, "the server ended the stream");
}

void pg_stream_forget(pg_task *t) {
    if (t->stream.ahead) {
        PQfreemem(t->stream.ahead);
    }
    t->stream.ahead = NULL;
    t->stream.ahead_n = 0;
}

static bool behind_insert(const pg_task *t) {
    return t->pos.message && strcmp(t->pos.message, "INSERT") == 0;
}

bool pg_stream_inside(const pg_task *t) {
    const pg_stream *st = &t->stream;
    if (!behind_insert(t) || st->ahead_n < 9 || st->ahead[0] != 'w') {
        return behind_insert(t);
    }
    sl_reader r = sl_reader_of(st->ahead + 1, 8);
    return sl_reader_u64be(&r) == t->pos.lsn;
}

/* What comes next says whether the row that was inserted last has its lsn for itself. */
static sl_error *look_ahead(pg_task *t) {
    pg_stream *st = &t->stream;
    if (!st->started || st->ahead_n || !behind_insert(t) || t->batch_read > PG_LARGE_BYTES) {
        return NULL;
    }
    return pg_conn_next(&t->repl, &st->ahead, &st->ahead_n, "reading the stream");
}

static sl_error *next_message(pg_task *t, char **p, int *n) {
    pg_stream *st = &t->stream;
    if (!st->ahead_n) {
        return pg_conn_next(&t->repl, p, n, "reading the stream");
    }
    *p = st->ahead;
    *n = st->ahead_n;
    st->ahead = NULL;
    st->ahead_n = 0;
    return NULL;
}

static sl_error *read_one(pg_task *t, bool *more) {
    char *p = NULL;
    int n = 0;
    SL_TRY(next_message(t, &p, &n));
    *more = n > 0;
    if (n <= 0) {
        return n == -1 ? stream_ended(t) : NULL;
    }
    pg_stream *st = &t->stream;
    t->batch_read += (size_t)n;
    st->bloated = st->bloated || n > PG_LARGE_BYTES;
    if (n > PG_LARGE_BYTES && may_shed(st)) { /* at once: the message is large enough by itself */
        shed(t);
        st->tx.open = true; /* for the event itself */
        *more = false;
    }
    st->given = false;
    sl_error *err = on_copy_data(t, p, (size_t)n);
    if (!st->given) {
        PQfreemem(p);
    }
    return err;
}

/* A connection may be dead without a word: then the answer to the status does not come. The server gives up
   on us after wal_sender_timeout, and so do we on it. */
static sl_error *check_silence(pg_task *t) {
    int64_t asked = t->stream.asked_ms;
    if (!asked || !t->sender_timeout_ms || pg_now_ms() - asked < t->sender_timeout_ms) {
        return NULL;
    }
    return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE,
                        "the server has sent nothing for %lld ms (its wal_sender_timeout) after it was asked "
                        "for an answer: the connection is taken for dead",
                        (long long)t->sender_timeout_ms);
}

static sl_error *heartbeat(pg_task *t, sl_batch *b) {
    (void)b;
    int64_t now = pg_now_ms();
    pg_stream *st = &t->stream;
    if (!st->next_heartbeat_ms || now < st->next_heartbeat_ms) {
        return NULL;
    }
    st->next_heartbeat_ms = now + t->s->cdc.heartbeat_interval_ms;
    st->moved = st->moved || t->pos.has_lsn;
    if (t->s->cdc.heartbeat_query.n) {
        char *sql = sl_strdup(t->s->cdc.heartbeat_query);
        sl_error *err = sql ? pg_conn_query(&t->sql, sql, "heartbeat.action.query", NULL) : sl_error_nomem();
        sl_free(sql);
        if (err && err->cls == SL_RETRIABLE) {
            return err;
        }
        if (err) {
            char text[400];
            sl_log(t->ctx, SL_LOG_WARN, "%s", sl_error_text(err, text, sizeof text));
            sl_error_free(err);
        }
    }
    return cdc_emit_heartbeat(&t->emitter, cdc_wall_ns() / 1000000);
}

static sl_error *read_xmin(pg_task *t) {
    int64_t now = pg_now_ms();
    if (!t->s->xmin_ms || now < t->stream.next_xmin_ms) {
        return NULL;
    }
    t->stream.next_xmin_ms = now + t->s->xmin_ms;
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "select catalog_xmin::text from pg_catalog.pg_replication_slots where slot_name = ");
    pg_quote_literal(&b, t->s->slot);
    sl_buf_add_char(&b, 0);
    PGresult *res = NULL;
    sl_error *err =
        b.failed ? sl_error_nomem() : pg_conn_query(&t->sql, b.p, "reading the slot's xmin", &res);
    sl_buf_deinit(&b);
    int64_t v = -1;
    if (!err && PQntuples(res) == 1 && sl_str_to_i64(sl_str_of(PQgetvalue(res, 0, 0)), &v)) {
        t->stream.xmin = v;
    }
    PQclear(res);
    return err;
}

static sl_error *put_offset(pg_task *t, sl_batch *b) {
    pg_stream *st = &t->stream;
    int64_t now = pg_now_ms();
    if (!st->moved || (b->n == 0 && now < st->next_advance_ms)) {
        return NULL;
    }
    st->moved = false;
    st->next_advance_ms = now + ADVANCE_MS;
    SL_TRY(look_ahead(t));
    return pg_set_offset(t, b);
}

static void earliest(int64_t *until, int64_t at) {
    if (at && at < *until) {
        *until = at;
    }
}

sl_error *pg_stream_poll(pg_task *t, sl_batch *b, sl_wait *wait) {
    if (t->snap.resume_ms && pg_now_ms() < t->snap.resume_ms) {
        *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = t->snap.resume_ms};
        return NULL;
    }
    if (!t->stream.started) {
        SL_TRY(pg_stream_start(t));
    }
    SL_TRY(read_xmin(t));
    SL_TRY(pg_source_batch(t, b));
    bool busy = false;
    SL_TRY(pg_incremental_step(t, wait, &busy));
    if (busy) { /* the stream waits for rows that are being read */
        SL_TRY(put_offset(t, b));
        if (pg_now_ms() >= t->stream.next_status_ms) {
            SL_TRY(send_status(t));
        }
        wait->until_ms = wait->idle ? t->stream.next_status_ms : 0;
        return NULL;
    }
    bool more = true;
    int64_t looked = 0;
    while (more && pg_source_room(t, b) && looked++ < 20000 && !pg_blocking_asked(t)) {
        SL_TRY(read_one(t, &more));
    }
    if (t->stream.got) {
        t->stream.got = false;
        t->stream.got_ms = pg_now_ms();
    }
    SL_TRY(check_silence(t));
    SL_TRY(heartbeat(t, b));
    SL_TRY(pg_incremental_after(t));
    SL_TRY(put_offset(t, b));
    if (may_shed(&t->stream) && !t->stream.tx.open) {
        shed(t);
    }
    if (!t->stream.started) {
        *wait = (sl_wait){.fd = -1};
        return NULL;
    }
    if (pg_now_ms() >= t->stream.next_status_ms) {
        SL_TRY(send_status(t));
    }
    *wait = (sl_wait){.fd = -1};
    if (!more && !t->stream.ahead_n) {
        *wait = (sl_wait){
            .idle = true, .fd = PQsocket(t->repl.c), .readable = true, .until_ms = t->stream.next_status_ms};
        wait->writable = PQflush(t->repl.c) > 0;
        if (b->n && b->n < GATHER_UNTIL && !wait->writable) {
            *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = pg_now_ms() + GATHER_MS};
        }
        earliest(&wait->until_ms, t->stream.next_heartbeat_ms);
        earliest(&wait->until_ms, t->stream.bloated && !t->stream.tx.open ? idle_shed_ms(&t->stream) : 0);
        earliest(&wait->until_ms, t->stream.moved ? t->stream.next_advance_ms : 0);
        earliest(&wait->until_ms, t->inc.wake_ms);
    }
    return NULL;
}
