/*
 * blocking.c - blocking snapshots: whole tables are read while the stream waits; then it goes on from where
 * it was, so that changes made meanwhile follow their rows.
 *
 * An additional condition is a SELECT statement here, as Debezium has it. A run that is cut does not go on
 * with it: the signal is given again then.
 */
#include "task.h"

#define BATCH_ROWS 2048

static void notify(pg_task *t, const char *type, const cdc_note_item *items) {
    cdc_notify(&t->notifier, CDC_INITIAL_SNAPSHOT, type, SL_STR_NONE, items);
}

static void notify_table(pg_task *t, const char *type, bool ended) {
    pg_blocking *b = &t->inc.blocking;
    sl_arena a;
    sl_arena_init(&a, 512);
    cdc_note_item items[5] = {
        {ended ? "scanned_collection" : "current_collection_in_progress", sl_str_of(b->todo.items[0].id)},
        {"data_collections", cdc_incremental_ids(&b->todo, &a)}};
    if (ended) {
        items[2] = (cdc_note_item){"total_rows_scanned", sl_arena_printf(&a, "%lld", (long long)b->rows)};
        items[3] = (cdc_note_item){"status", SL_STR("SUCCEEDED")};
    }
    notify(t, type, items);
    sl_arena_deinit(&a);
}

static sl_error *send_held(pg_task *t, const char *marker) {
    pg_blocking *b = &t->inc.blocking;
    sl_value *row = NULL;
    char *line = b->held;
    b->held = NULL;
    SL_TRY(pg_line_take(t, &b->rel, line, b->held_n, 0, &row));
    pg_event_at at = {
        .snapshot = marker, .lsn = t->pos.lsn, .ts_us = b->ts_us, .has_tx = t->pos.has_tx, .tx = t->pos.tx};
    cdc_event ev = {.source = pg_source_block(t, b->rel.table, &at), .now_ns = cdc_wall_ns()};
    b->rows++;
    return cdc_emit_row(&t->emitter, b->rel.table, CDC_OP_READ, NULL, row, &ev);
}

static const char *marker_of(pg_blocking *b, bool last) {
    bool first = b->rows == 0;
    const char *m = last && b->todo.n == 1 ? "last"
                    : first && !b->any     ? "first"
                    : last                 ? "last_in_data_collection"
                    : first                ? "first_in_data_collection"
                                           : "true";
    b->any = true;
    return m;
}

/* The table's name, cut; false: it is not captured. */
static sl_error *open_table(pg_task *t, bool *found) {
    pg_blocking *b = &t->inc.blocking;
    pg_snap_table *all = NULL;
    size_t n = 0;
    sl_arena a;
    sl_arena_init(&a, 2048);
    sl_error *err = pg_tables_list(t, &a, &all, &n);
    *found = false;
    for (size_t i = 0; !err && i < n && !*found; i++) {
        sl_str id = sl_arena_printf(&a, "%.*s.%.*s", SL_STR_ARG(all[i].schema), SL_STR_ARG(all[i].name));
        if (!sl_str_eqz(id, b->todo.items[0].id)) {
            continue;
        }
        *found = true;
        pg_heap_name h = {.schema = all[i].schema,
                          .name = all[i].name,
                          .plain = all[i].plain,
                          .statement = *b->todo.items[0].condition ? sl_str_of(b->todo.items[0].condition)
                                                                   : SL_STR_NONE};
        cdc_chunk whole = {.kind = CDC_CHUNK_TABLE};
        err = pg_relation_from_catalog(t, all[i].schema, all[i].name, &b->rel);
        err = err ? err : pg_reader_start(&t->inc.reader, &b->rel, &h, &whole);
    }
    sl_arena_deinit(&a);
    return err;
}

static sl_error *begin(pg_task *t) {
    pg_blocking *b = &t->inc.blocking;
    pg_reader *r = &t->inc.reader;
    if (!r->conn.c) {
        SL_TRY(pg_reader_open(t, r));
    }
    SL_TRY(pg_reader_begin(r, SL_STR_NONE));
    b->begun = true;
    b->any = false;
    b->ts_us = cdc_wall_ns() / 1000;
    notify(t, "STARTED", NULL);
    sl_log(t->ctx, SL_LOG_INFO, "the blocking snapshot of %zu table(s) begins: the stream waits", b->todo.n);
    return NULL;
}

static sl_error *end(pg_task *t) {
    pg_blocking *b = &t->inc.blocking;
    b->begun = false;
    SL_TRY(pg_reader_end(&t->inc.reader));
    notify(t, "COMPLETED", NULL);
    sl_log(t->ctx, SL_LOG_INFO, "the blocking snapshot is complete: the stream goes on");
    return NULL;
}

static void drop_table(pg_task *t) {
    pg_blocking *b = &t->inc.blocking;
    if (b->rel.table) {
        pg_relation_deinit(t, &b->rel);
    }
    PQfreemem(b->held);
    b->held = NULL;
    b->rows = 0;
    b->has_table = false;
    cdc_incremental_next(&b->todo);
}

static sl_error *next_table(pg_task *t) {
    pg_blocking *b = &t->inc.blocking;
    bool found = false;
    sl_error *err = open_table(t, &found);
    if (!err && found) {
        b->has_table = true;
        notify_table(t, "IN_PROGRESS", false);
        return NULL;
    }
    if (err && err->cls == SL_RETRIABLE) {
        return err;
    }
    char text[400];
    sl_log(t->ctx, SL_LOG_WARN, "blocking snapshot: table '%s' is passed over: %s", b->todo.items[0].id,
           err ? sl_error_text(err, text, sizeof text) : "it is not there, or not captured");
    if (err) { /* the transaction is void */
        pg_reader_close(&t->inc.reader);
        b->begun = false;
    }
    sl_error_free(err);
    drop_table(t);
    return NULL;
}

static sl_error *read_table(pg_task *t, sl_wait *wait, bool *waits) {
    pg_blocking *b = &t->inc.blocking;
    char *line = NULL;
    size_t n = 0;
    pg_read what = PG_READ_WAIT;
    t->inc.reader.conn.peeks = b->held && b->held_n > PG_LARGE_BYTES;
    SL_TRY(pg_reader_next(&t->inc.reader, &line, &n, &what));
    if (what == PG_READ_WAIT) {
        *waits = true;
        *wait = (sl_wait){.idle = true, .fd = PQsocket(t->inc.reader.conn.c), .readable = true};
        return t->inc.reader.conn.more ? send_held(t, marker_of(b, false)) : NULL;
    }
    if (b->held) {
        sl_error *err = send_held(t, marker_of(b, what == PG_READ_END));
        if (err) {
            PQfreemem(line);
            return err;
        }
    }
    if (what == PG_READ_END) {
        notify_table(t, "TABLE_SCAN_COMPLETED", true);
        drop_table(t);
        return NULL;
    }
    b->held = line;
    b->held_n = n;
    return NULL;
}

bool pg_blocking_asked(const pg_task *t) {
    return cdc_incremental_running(&t->inc.blocking.todo) && !t->stream.tx.open && t->inc.step == PG_INC_IDLE;
}

sl_error *pg_blocking_step(pg_task *t, sl_wait *wait, bool *busy) {
    pg_blocking *b = &t->inc.blocking;
    bool waits = false;
    *busy = b->begun || (cdc_incremental_running(&b->todo) && t->inc.step == PG_INC_IDLE);
    if (!*busy) {
        return NULL;
    }
    *wait = (sl_wait){.fd = -1};
    while (!waits && t->emitter.batch->n < BATCH_ROWS && t->emitter.batch->arena.total < 4 * PG_BATCH_BYTES) {
        if (!cdc_incremental_running(&b->todo)) {
            *busy = false;
            return b->begun ? end(t) : NULL;
        }
        if (!b->begun) {
            SL_TRY(begin(t));
        }
        SL_TRY(b->has_table ? read_table(t, wait, &waits) : next_table(t));
    }
    return NULL;
}
