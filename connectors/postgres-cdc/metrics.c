/*
 * metrics.c - what the task says of itself: how far behind it is, and how far the snapshot is.
 *
 * Written a few times a second, not for each record. The names are those of the runtime's table of metrics.
 */
#include "task.h"

#define EVERY_MS 250

static void set(const pg_task *t, const char *name, int64_t value) {
    t->ctx->host->metric_set(t->ctx, name, value);
}

static void add(const pg_task *t, const char *name, int64_t delta) {
    if (delta) {
        t->ctx->host->metric_add(t->ctx, name, delta);
    }
}

void pg_metrics_begin(const pg_task *t) {
    static const char *const unknown[] = {"cdc_last_event_ms",    "cdc_last_transaction",
                                          "cdc_last_position",    "cdc_connected",
                                          "cdc_snapshot_running", "cdc_snapshot_completed",
                                          "cdc_snapshot_tables",  "cdc_snapshot_tables_left",
                                          "cdc_snapshot_rows",    "cdc_snapshot_rows_expected",
                                          "cdc_snapshot_seconds"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        set(t, unknown[i], 0);
    }
    set(t, "cdc_behind_source_ms", -1);
    t->ctx->host->metric_add(t->ctx, "cdc_events_seen", 0);
    t->ctx->host->metric_add(t->ctx, "cdc_transactions", 0);
}

static void tell_stream(pg_task *t) {
    pg_counts *c = &t->counts;
    add(t, "cdc_events_seen", c->events);
    add(t, "cdc_transactions", c->transactions);
    c->events = c->transactions = 0;
    set(t, "cdc_connected", t->stream.started);
    set(t, "cdc_last_position", (int64_t)t->stream.received);
    if (c->last_us) {
        set(t, "cdc_behind_source_ms", c->behind_ms);
        set(t, "cdc_last_event_ms", c->last_us / 1000);
        set(t, "cdc_last_transaction", c->last_xid);
    }
}

static void tell_snapshot(pg_task *t) {
    const pg_snapshot *s = &t->snap;
    uint64_t rows = 0;
    double expected = 0;
    int64_t left = 0;
    for (size_t i = 0; i < s->n; i++) {
        const pg_snapshot_table *x = &s->tables[i];
        rows += x->rows;
        expected += x->in.rows > (double)x->rows ? x->in.rows : (double)x->rows;
        left += !x->ended;
    }
    set(t, "cdc_snapshot_running", 1);
    set(t, "cdc_snapshot_completed", 0);
    set(t, "cdc_snapshot_tables", (int64_t)s->n);
    set(t, "cdc_snapshot_tables_left", left);
    set(t, "cdc_snapshot_rows", (int64_t)rows);
    set(t, "cdc_snapshot_rows_expected", (int64_t)expected);
    set(t, "cdc_snapshot_seconds", s->started_ms ? (pg_now_ms() - s->started_ms) / 1000 : 0);
    t->counts.snapshot = true;
    t->counts.snapshot_rows = (int64_t)rows;
}

/* end_snapshot: its tables are gone by now. */
static void end_snapshot(pg_task *t) {
    t->counts.snapshot = false;
    set(t, "cdc_snapshot_running", 0);
    set(t, "cdc_snapshot_completed", 1);
    set(t, "cdc_snapshot_tables_left", 0);
    set(t, "cdc_snapshot_rows", t->counts.snapshot_rows);
}

void pg_metrics_read(pg_task *t, const sl_batch *b) {
    pg_counts *c = &t->counts;
    bool streaming = t->state == PG_STATE_STREAM;
    if (streaming && b->n) {
        c->events += (int64_t)b->n;
    }
    if (t->state == PG_STATE_SNAPSHOT && t->snap.active) {
        c->snapshot_rows += (int64_t)b->n;
    }
    if (c->snapshot && t->state != PG_STATE_SNAPSHOT) {
        end_snapshot(t);
        c->next_ms = 0;
    }
    int64_t now = pg_now_ms();
    if (now < c->next_ms) {
        return;
    }
    c->next_ms = now + EVERY_MS;
    if (streaming) {
        tell_stream(t);
    } else if (t->state == PG_STATE_SNAPSHOT && t->snap.active) {
        tell_snapshot(t);
    }
}

void pg_metrics_commit(pg_task *t, uint32_t xid, int64_t commit_us) {
    t->counts.transactions++;
    t->counts.last_xid = xid;
    t->counts.last_us = commit_us;
    t->counts.behind_ms = cdc_wall_ns() / 1000000 - commit_us / 1000;
}
