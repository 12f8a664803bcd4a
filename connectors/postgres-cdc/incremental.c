/*
 * incremental.c - see incremental.h.
 */
#include "incremental.h"

#include <stdio.h>
#include <time.h>

#include "task.h"

#define AGAIN_MS 20 /* a snapshot that does not see enough yet */
#define ASK_MS 100  /* read.only: how often the server is asked where it is */

/* ---- life ---- */

sl_error *pg_incremental_init(pg_task *t) {
    pg_incremental *i = &t->inc;
    cdc_incremental_init(&i->todo);
    cdc_incremental_init(&i->blocking.todo);
    cdc_window_init(&i->window, PQfreemem);
    sl_arena_init(&i->arena, 4096);
    sl_buf_init(&i->key, NULL);
    i->limit = t->s->cdc.chunk_rows;
    return cdc_channels_open(&i->channels, t->ctx, &t->s->cdc);
}

static void close_table(pg_task *t) {
    pg_incremental *i = &t->inc;
    if (i->rel.table) {
        pg_relation_deinit(t, &i->rel);
    }
    i->oid = 0;
}

void pg_incremental_deinit(pg_task *t) {
    pg_incremental *i = &t->inc;
    if (!i->window.free_line) {
        return;
    }
    pg_reader_close(&i->reader);
    close_table(t);
    if (i->blocking.rel.table) {
        pg_relation_deinit(t, &i->blocking.rel);
    }
    PQfreemem(i->blocking.held);
    cdc_window_deinit(&i->window);
    cdc_incremental_deinit(&i->todo);
    cdc_incremental_deinit(&i->blocking.todo);
    cdc_key_clear(&i->end);
    cdc_channels_close(&i->channels);
    sl_arena_deinit(&i->arena);
    sl_buf_deinit(&i->key);
}

sl_error *pg_incremental_load(pg_task *t, const sl_value *offset) {
    sl_error *err = cdc_incremental_load(&t->inc.todo, offset);
    if (err && err->cls == SL_USER) {
        char text[400];
        sl_log(t->ctx, SL_LOG_WARN, "%s: the table of the incremental snapshot is read from its start",
               sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        cdc_key_clear(&t->inc.todo.sent);
        cdc_key_clear(&t->inc.todo.max);
        return NULL;
    }
    return err;
}

/* ---- notifications ---- */

static sl_str current(const pg_incremental *i) {
    return i->todo.n ? sl_str_of(i->todo.items[0].id) : SL_STR("");
}

static sl_str correlation(const pg_incremental *i) {
    return i->todo.correlation ? sl_str_of(i->todo.correlation) : SL_STR_NONE;
}

void pg_incremental_notify(pg_task *t, const char *type) {
    pg_incremental *i = &t->inc;
    sl_arena a;
    sl_arena_init(&a, 512);
    cdc_note_item items[] = {{"data_collections", cdc_incremental_ids(&i->todo, &a)}, {NULL, SL_STR_NONE}};
    cdc_notify(&t->notifier, CDC_INCREMENTAL_SNAPSHOT, type, correlation(i), items);
    sl_arena_deinit(&a);
}

static void notify_progress(pg_task *t) {
    pg_incremental *i = &t->inc;
    sl_arena a;
    sl_arena_init(&a, 512);
    cdc_note_item items[] = {{"data_collections", cdc_incremental_ids(&i->todo, &a)},
                             {"current_collection_in_progress", current(i)},
                             {"maximum_key", cdc_key_text(&i->todo.max, &a)},
                             {"last_processed_key", cdc_key_text(&i->end, &a)},
                             {NULL, SL_STR_NONE}};
    cdc_notify(&t->notifier, CDC_INCREMENTAL_SNAPSHOT, "IN_PROGRESS", correlation(i), items);
    sl_arena_deinit(&a);
}

/* The table at hand is done, one way or another. */
static void end_table(pg_task *t, const char *status) {
    pg_incremental *i = &t->inc;
    sl_arena a;
    sl_arena_init(&a, 512);
    cdc_note_item items[] = {{"data_collections", cdc_incremental_ids(&i->todo, &a)},
                             {"scanned_collection", current(i)},
                             {"total_rows_scanned", sl_arena_printf(&a, "%lld", (long long)i->table_rows)},
                             {"status", sl_str_of(status)},
                             {NULL, SL_STR_NONE}};
    cdc_notify(&t->notifier, CDC_INCREMENTAL_SNAPSHOT, "TABLE_SCAN_COMPLETED", correlation(i), items);
    sl_arena_deinit(&a);
    sl_log(t->ctx, SL_LOG_INFO, "incremental snapshot of %.*s ends: %s, %lld row(s)", SL_STR_ARG(current(i)),
           status, (long long)i->table_rows);
    i->table_rows = 0;
    close_table(t);
    cdc_key_clear(&i->end);
    cdc_incremental_next(&i->todo);
    t->stream.moved = t->stream.moved || t->pos.has_lsn;
    if (!cdc_incremental_running(&i->todo)) {
        cdc_notify(&t->notifier, CDC_INCREMENTAL_SNAPSHOT, "COMPLETED", correlation(i), NULL);
        sl_log(t->ctx, SL_LOG_INFO, "the incremental snapshot is complete");
    }
}

/* A table that cannot be read is passed over, as Debezium does; an outage is not the table's fault. */
static sl_error *skip_table(pg_task *t, const char *status, sl_error *err) {
    char text[500];
    if (err && err->cls == SL_RETRIABLE) {
        return err;
    }
    sl_log(t->ctx, SL_LOG_WARN, "incremental snapshot: table '%.*s' is passed over: %s",
           SL_STR_ARG(current(&t->inc)), err ? sl_error_text(err, text, sizeof text) : status);
    sl_error_free(err);
    end_table(t, status);
    return NULL;
}

/* ---- watermarks ---- */

static sl_str timestamp(char *to, size_t size) {
    int64_t us = cdc_wall_ns() / 1000;
    time_t seconds = us / 1000000;
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(to, size, "%Y-%m-%dT%H:%M:%S", &tm);
    n += (size_t)snprintf(to + n, size - n, ".%06dZ", (int)(us % 1000000));
    return (sl_str){to, n};
}

static sl_error *execute(pg_task *t, sl_buf *b) {
    sl_buf_add_char(b, 0);
    sl_error *err = b->failed ? sl_error_nomem()
                              : pg_conn_query(&t->sql, b->p,
                                              "writing a watermark into signal.data.collection (the user "
                                              "needs INSERT, and DELETE with insert_delete, on it)",
                                              NULL);
    sl_buf_deinit(b);
    return err;
}

static void add_signal_table(pg_task *t, sl_buf *b) {
    pg_quote_ident(b, t->rules.signal_schema);
    sl_buf_add_char(b, '.');
    pg_quote_ident(b, t->rules.signal_table);
}

static sl_error *insert_mark(pg_task *t, const char *which, sl_str data) {
    char id[64];
    char type[40];
    sl_buf b;
    snprintf(id, sizeof id, "%s-%s", t->inc.chunk_id, which);
    snprintf(type, sizeof type, "snapshot-window-%s", which);
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "insert into ");
    add_signal_table(t, &b);
    sl_buf_add_z(&b, " values (");
    pg_quote_literal(&b, sl_str_of(id));
    sl_buf_add_z(&b, ", ");
    pg_quote_literal(&b, sl_str_of(type));
    sl_buf_add_z(&b, ", ");
    pg_quote_literal(&b, data);
    sl_buf_add_char(&b, ')');
    return execute(t, &b);
}

static sl_error *delete_mark(pg_task *t) {
    char id[64];
    sl_buf b;
    snprintf(id, sizeof id, "%s-open", t->inc.chunk_id);
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "delete from ");
    add_signal_table(t, &b);
    sl_buf_add_z(&b, " where id = ");
    pg_quote_literal(&b, sl_str_of(id));
    return execute(t, &b);
}

static sl_error *mark_open(pg_task *t) {
    pg_incremental *i = &t->inc;
    if (i->opened) {
        return NULL;
    }
    char data[100];
    cdc_uuid(i->chunk_id);
    (void)timestamp(i->open_ts, sizeof i->open_ts);
    i->opened = true;
    if (t->s->read_only) {
        return NULL;
    }
    int n = snprintf(data, sizeof data, "{\"openWindowTimestamp\": \"%s\"}", i->open_ts);
    return insert_mark(t, "open", (sl_str){data, (size_t)n});
}

/* The end of the log as it is now. A page's header counts for nothing: the log may end before it. */
static sl_error *read_position(pg_task *t, uint64_t *lsn) {
    PGresult *res = NULL;
    SL_TRY(
        pg_conn_query(&t->sql,
                      "select case when pg_catalog.pg_is_in_recovery() then "
                      "pg_catalog.pg_last_wal_replay_lsn() else pg_catalog.pg_current_wal_insert_lsn() end",
                      "reading the log's position", &res));
    *lsn = pg_lsn_parse(PQgetvalue(res, 0, 0));
    PQclear(res);
    if (*lsn % 8192 <= 40) {
        *lsn -= *lsn % 8192;
    }
    return NULL;
}

static sl_error *mark_close(pg_task *t) {
    pg_incremental *i = &t->inc;
    i->opened = false;
    if (t->s->read_only) {
        return read_position(t, &i->close_lsn);
    }
    if (t->s->cdc.watermark == CDC_INSERT_DELETE) {
        return delete_mark(t);
    }
    char now[40];
    char data[160];
    (void)timestamp(now, sizeof now);
    int n = snprintf(data, sizeof data, "{\"openWindowTimestamp\": \"%s\", \"closeWindowTimestamp\": \"%s\"}",
                     i->open_ts, now);
    return insert_mark(t, "close", (sl_str){data, (size_t)n});
}

/* ---- the table ---- */

static cdc_java_class class_of(sl_str type) {
    static const struct {
        const char *type;
        cdc_java_class cls;
    } list[] = {{"int4", CDC_JAVA_INTEGER},    {"serial", CDC_JAVA_INTEGER},
                {"int2", CDC_JAVA_INTEGER},    {"smallserial", CDC_JAVA_INTEGER},
                {"int8", CDC_JAVA_LONG},       {"bigserial", CDC_JAVA_LONG},
                {"oid", CDC_JAVA_LONG},        {"uuid", CDC_JAVA_UUID},
                {"numeric", CDC_JAVA_DECIMAL}, {"bool", CDC_JAVA_BOOLEAN},
                {"float4", CDC_JAVA_FLOAT},    {"float8", CDC_JAVA_DOUBLE}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (sl_str_eqz(type, list[i].type)) {
            return list[i].cls;
        }
    }
    return CDC_JAVA_STRING;
}

static sl_error *set_key(pg_task *t, cdc_key *k, const sl_str *texts) {
    pg_incremental *i = &t->inc;
    cdc_key_part *parts = sl_arena_zalloc(&i->arena, (i->nkey + 1) * sizeof *parts);
    for (size_t c = 0; parts && c < i->nkey; c++) {
        parts[c] = (cdc_key_part){texts[c], class_of(i->rel.table->cols[i->key_cols[c]].type_name)};
    }
    return parts && cdc_key_set(k, parts, i->nkey) ? NULL : sl_error_nomem();
}

static sl_error *use_column(pg_incremental *i, sl_str name) {
    cdc_table *table = i->rel.table;
    for (uint32_t c = 0; c < table->ncols; c++) {
        if (sl_str_eq(table->cols[c].name, name)) {
            i->key_cols[0] = c;
            i->nkey = 1;
            return NULL;
        }
    }
    return sl_error_new(SL_E_DATA, SL_USER, "surrogate-key: there is no column '%.*s' in %.*s",
                        SL_STR_ARG(name), SL_STR_ARG(table->id));
}

static sl_error *choose_key(pg_task *t) {
    pg_incremental *i = &t->inc;
    const cdc_table *table = i->rel.table;
    sl_str surrogate = sl_str_of(i->todo.items[0].surrogate);
    i->key_cols = sl_arena_zalloc(&i->arena, (table->nkey + 1) * sizeof *i->key_cols);
    i->key_names = sl_arena_zalloc(&i->arena, (table->nkey + 1) * sizeof *i->key_names);
    if (!i->key_cols || !i->key_names) {
        return sl_error_nomem();
    }
    i->nkey = table->nkey;
    memcpy(i->key_cols, table->key_cols, table->nkey * sizeof *i->key_cols);
    if (surrogate.n) {
        SL_TRY(use_column(i, surrogate));
    }
    for (size_t c = 0; c < i->nkey; c++) {
        i->key_names[c] = table->cols[i->key_cols[c]].name;
    }
    i->id_cols = table->nkey ? table->key_cols : i->key_cols;
    i->nid = table->nkey ? table->nkey : i->nkey;
    return NULL;
}

/* Finds the table at hand among the captured ones. */
static sl_error *find_table(pg_task *t, pg_snap_table *out, bool *found) {
    pg_incremental *i = &t->inc;
    pg_snap_table *all = NULL;
    size_t n = 0;
    *found = false;
    SL_TRY(pg_tables_list(t, &i->arena, &all, &n));
    for (size_t k = 0; k < n && !*found; k++) {
        sl_str id =
            sl_arena_printf(&i->arena, "%.*s.%.*s", SL_STR_ARG(all[k].schema), SL_STR_ARG(all[k].name));
        *found = sl_str_eq(id, current(i));
        *out = all[k];
    }
    return i->arena.failed ? sl_error_nomem() : NULL;
}

/* Rows whose key is null have no place in its order: a surrogate key may be null. */
static sl_str condition_of(pg_incremental *i) {
    sl_buf b;
    bool any = false;
    sl_buf_init(&b, &i->arena);
    if (*i->todo.items[0].condition) {
        sl_buf_printf(&b, "(%s\n)", i->todo.items[0].condition);
        any = true;
    }
    for (size_t c = 0; c < i->nkey; c++) {
        if (i->rel.table->cols[i->key_cols[c]].optional) {
            sl_buf_add_z(&b, any ? " and " : "");
            pg_quote_ident(&b, i->key_names[c]);
            sl_buf_add_z(&b, " is not null");
            any = true;
        }
    }
    return any ? sl_buf_take(&b) : SL_STR_NONE;
}

static const sl_str *texts_of(pg_incremental *i, const cdc_key *k) {
    sl_str *texts =
        k->parts && k->n == i->nkey ? sl_arena_zalloc(&i->arena, (k->n + 1) * sizeof *texts) : NULL;
    for (size_t c = 0; texts && c < k->n; c++) {
        texts[c] = k->parts[c].text;
    }
    return texts;
}

static sl_error *greatest(pg_task *t, const pg_heap_name *h, const cdc_chunk *chunk, bool *found) {
    pg_incremental *i = &t->inc;
    sl_str *texts = sl_arena_zalloc(&i->arena, (i->nkey + 1) * sizeof *texts);
    if (!texts) {
        return sl_error_nomem();
    }
    SL_TRY(pg_greatest_key(&t->sql, h, chunk, &i->arena, texts, found));
    if (!*found) {
        return NULL;
    }
    cdc_key_clear(&i->todo.sent);
    SL_TRY(set_key(t, &i->todo.max, texts));
    sl_arena a;
    sl_arena_init(&a, 256);
    sl_log(t->ctx, SL_LOG_INFO, "incremental snapshot of %.*s begins; it will end at key %.*s",
           SL_STR_ARG(current(i)), SL_STR_ARG(cdc_key_text(&i->todo.max, &a)));
    sl_arena_deinit(&a);
    return NULL;
}

/* Reads the table's shape, anew for each chunk; *status: why it is passed over, NULL = it is not. */
static sl_error *prepare_table(pg_task *t, pg_heap_name *h, cdc_chunk *chunk, const char **status) {
    pg_incremental *i = &t->inc;
    pg_snap_table x = {.oid = 0};
    bool found = false;
    close_table(t);
    sl_arena_reset(&i->arena, 64 * 1024);
    *status = NULL;
    SL_TRY(find_table(t, &x, &found));
    if (!found) {
        *status = "UNKNOWN_SCHEMA";
        return sl_error_new(SL_E_DATA, SL_USER,
                            "it is not there, or not captured: see table.include.list and the publication");
    }
    *status = "SQL_EXCEPTION";
    SL_TRY(pg_relation_from_catalog(t, x.schema, x.name, &i->rel));
    i->oid = x.oid;
    SL_TRY(choose_key(t));
    if (!i->nkey) {
        *status = "NO_PRIMARY_KEY";
        return sl_error_new(SL_E_DATA, SL_USER,
                            "it has no primary key: give the signal a 'surrogate-key', a unique column");
    }
    *h = (pg_heap_name){.schema = x.schema, .name = x.name};
    *chunk = (cdc_chunk){.kind = CDC_CHUNK_KEY,
                         .key = i->key_names,
                         .nkey = i->nkey,
                         .condition = condition_of(i),
                         .limit = i->limit};
    if (i->todo.max.n != i->nkey) {
        SL_TRY(greatest(t, h, chunk, &found));
        if (!found) {
            *status = "EMPTY";
            return NULL;
        }
    }
    chunk->until = texts_of(i, &i->todo.max);
    chunk->after = texts_of(i, &i->todo.sent);
    *status = NULL;
    return i->arena.failed ? sl_error_nomem() : NULL;
}

/* ---- a chunk ---- */

/* Whether the snapshot sees all that was delivered. */
static sl_error *sees_enough(pg_task *t, bool *enough) {
    pg_incremental *i = &t->inc;
    pg_seen seen;
    SL_TRY(pg_seen_read(&i->reader.conn, t->server_version, &i->arena, &seen));
    size_t n = i->nrecent < PG_RECENT ? i->nrecent : PG_RECENT;
    *enough = true;
    for (size_t k = 0; k < n && *enough; k++) {
        *enough = pg_seen_has(&seen, i->recent[k]);
    }
    return NULL;
}

static sl_error *begin_reading(pg_task *t, const pg_heap_name *h, const cdc_chunk *chunk) {
    pg_incremental *i = &t->inc;
    bool enough = false;
    SL_TRY(mark_open(t));
    if (!i->reader.conn.c) {
        SL_TRY(pg_reader_open(t, &i->reader));
    }
    SL_TRY(pg_reader_begin(&i->reader, SL_STR_NONE));
    SL_TRY(sees_enough(t, &enough));
    if (!enough) {
        i->not_before_ms = pg_now_ms() + AGAIN_MS;
        return pg_reader_end(&i->reader);
    }
    i->cut = i->stale = false;
    i->chunk_rows = 0;
    i->last = sl_arena_zalloc(&i->arena, (i->nkey + 1) * sizeof *i->last);
    if (!i->last) {
        return sl_error_nomem();
    }
    SL_TRY(pg_reader_start(&i->reader, &i->rel, h, chunk));
    i->step = PG_INC_READ;
    return NULL;
}

/* Begins the next chunk, of whatever table is the next that can be read. */
static sl_error *begin_chunk(pg_task *t) {
    pg_incremental *i = &t->inc;
    while (i->step == PG_INC_IDLE && cdc_incremental_running(&i->todo) && i->not_before_ms <= pg_now_ms()) {
        pg_heap_name h;
        cdc_chunk chunk;
        const char *status = NULL;
        sl_error *err = prepare_table(t, &h, &chunk, &status);
        if (!err && !status) {
            status = "SQL_EXCEPTION";
            err = begin_reading(t, &h, &chunk);
            if (!err) {
                continue;
            }
            pg_reader_close(&i->reader);
        }
        if (err) {
            SL_TRY(skip_table(t, status ? status : "SQL_EXCEPTION", err));
        } else {
            end_table(t, status);
        }
    }
    if (!cdc_incremental_running(&i->todo) && i->opened) { /* no window is left open */
        sl_error *err = mark_close(t);
        i->chunk_id[0] = 0;
        return err && err->cls != SL_RETRIABLE ? (sl_error_free(err), NULL) : err;
    }
    return NULL;
}

static sl_error *add_line(pg_task *t, char *line, size_t n) {
    pg_incremental *i = &t->inc;
    i->chunk_rows++;
    if (i->cut) {
        PQfreemem(line);
        return NULL;
    }
    sl_arena a;
    sl_arena_init(&a, 256);
    sl_str *ids = sl_arena_zalloc(&a, (i->nid + 1) * sizeof *ids);
    sl_error *err = ids ? pg_line_key(&a, line, n, i->id_cols, i->nid, ids) : sl_error_nomem();
    if (!err) {
        cdc_window_key(&i->key, ids, i->nid);
        err = pg_line_key(&i->arena, line, n, i->key_cols, i->nkey, i->last);
    }
    sl_arena_deinit(&a);
    if (err) {
        PQfreemem(line);
        return err;
    }
    if (i->key.failed || !cdc_window_add(&i->window, sl_buf_view(&i->key), line, n)) {
        return sl_error_nomem();
    }
    i->cut = i->window.bytes >= PG_WINDOW_BYTES;
    return NULL;
}

static sl_error *chunk_read(pg_task *t) {
    pg_incremental *i = &t->inc;
    SL_TRY(pg_reader_end(&i->reader));
    i->step = PG_INC_IDLE;
    if (i->chunk_rows == 0) {
        end_table(t, "SUCCEEDED");
        return begin_chunk(t);
    }
    if (i->cut) { /* large rows: fewer at a time from now on */
        i->limit = i->window.n > 1 ? (int64_t)i->window.n : 1;
    }
    SL_TRY(set_key(t, &i->end, i->last));
    i->table_rows += (int64_t)i->window.n;
    i->step = PG_INC_WINDOW;
    notify_progress(t);
    return mark_close(t);
}

static sl_error *read_rows(pg_task *t, sl_wait *wait, bool *busy) {
    pg_incremental *i = &t->inc;
    while (i->step == PG_INC_READ) {
        char *line = NULL;
        size_t n = 0;
        pg_read what = PG_READ_WAIT;
        SL_TRY(pg_reader_next(&i->reader, &line, &n, &what));
        if (what == PG_READ_WAIT) {
            *busy = true;
            *wait = (sl_wait){.idle = true, .fd = PQsocket(i->reader.conn.c), .readable = true};
            return NULL;
        }
        SL_TRY(what == PG_READ_END ? chunk_read(t) : add_line(t, line, n));
    }
    return NULL;
}

/* ---- what goes out ---- */

static sl_error *send_row(pg_task *t, const cdc_window_row *r) {
    pg_incremental *i = &t->inc;
    sl_value *row = NULL;
    char *line = sl_arena_bytes(&t->emitter.batch->arena, r->n + 1);
    if (!line) {
        return sl_error_nomem();
    }
    memcpy(line, r->line, r->n);
    SL_TRY(pg_line_row(t, &i->rel, line, r->n, &row));
    pg_event_at at = {
        .snapshot = "incremental", .lsn = t->pos.lsn, .ts_us = cdc_wall_ns() / 1000, .off_log = true};
    cdc_event ev = {.source = pg_source_block(t, i->rel.table, &at), .now_ns = cdc_wall_ns()};
    return cdc_emit_row(&t->emitter, i->rel.table, CDC_OP_READ, NULL, row, &ev);
}

static sl_error *send_window(pg_task *t) {
    pg_incremental *i = &t->inc;
    i->step = PG_INC_IDLE;
    i->chunk_id[0] = 0;
    t->stream.moved = true;
    if (i->stale) { /* its rows have another shape now, or may be old: it is read again */
        i->table_rows -= (int64_t)i->window.n;
        cdc_window_clear(&i->window);
        return NULL;
    }
    for (size_t k = 0; k < i->window.n; k++) {
        if (i->window.rows[k].line) {
            SL_TRY(send_row(t, &i->window.rows[k]));
        }
    }
    cdc_window_clear(&i->window);
    return cdc_key_set(&i->todo.sent, i->end.parts, i->end.n) ? NULL : sl_error_nomem();
}

void pg_incremental_stop(pg_task *t) {
    pg_incremental *i = &t->inc;
    cdc_window_clear(&i->window);
    cdc_key_clear(&i->end);
    i->step = PG_INC_IDLE;
    i->opened = false;
    i->chunk_id[0] = 0;
    i->table_rows = 0;
}

sl_error *pg_incremental_closed(pg_task *t, sl_str id) {
    pg_incremental *i = &t->inc;
    if (i->step != PG_INC_WINDOW || !i->chunk_id[0] || !sl_str_starts(id, sl_str_of(i->chunk_id))) {
        sl_log(t->ctx, SL_LOG_DEBUG, "watermark '%.*s' is of no chunk at hand", SL_STR_ARG(id));
        return NULL;
    }
    return send_window(t);
}

/* ---- the stream ---- */

/* The texts of some columns of a tuple; false: one was not sent. */
static bool tuple_texts(pgo_tuple tuple, const cdc_table *table, const pg_incremental *i, sl_str *out) {
    size_t found = 0;
    for (uint32_t c = 0; c < tuple.n && c < table->ncols; c++) {
        pgo_cell cell;
        if (!pgo_next_cell(&tuple.rest, &cell)) {
            return false;
        }
        for (size_t k = 0; k < i->nid; k++) {
            if (sl_str_eq(table->cols[c].name, i->rel.table->cols[i->id_cols[k]].name)) {
                if (cell.kind != 't') {
                    return false;
                }
                out[k] = (sl_str){cell.p, cell.n};
                found++;
            }
        }
    }
    return found == i->nid;
}

static sl_error *take_out(pg_task *t, const pg_relation *r, pgo_tuple tuple, bool must) {
    pg_incremental *i = &t->inc;
    sl_str texts[64];
    if (i->nid > 64 || !tuple_texts(tuple, r->table, i, texts)) {
        i->stale = i->stale || must; /* whose row it is cannot be told */
        return NULL;
    }
    cdc_window_key(&i->key, texts, i->nid);
    if (i->key.failed) {
        return sl_error_nomem();
    }
    (void)cdc_window_remove(&i->window, sl_buf_view(&i->key));
    return NULL;
}

static sl_str cell_text(pgo_tuple *tuple) {
    pgo_cell cell;
    if (!pgo_next_cell(&tuple->rest, &cell) || cell.kind != 't') {
        return SL_STR_NONE;
    }
    return (sl_str){cell.p, cell.n};
}

static sl_error *signal_row(pg_task *t, const pg_relation *r, char kind, const pgo_message *m) {
    bool deleted = kind == PGO_DELETE && t->s->cdc.watermark == CDC_INSERT_DELETE;
    if (!cdc_rules_signals(&t->rules, r->table->schema, r->table->name) || (kind != PGO_INSERT && !deleted)) {
        return NULL;
    }
    pgo_tuple tuple = deleted ? m->old_row : m->new_row;
    if (tuple.n != 3) {
        sl_log(t->ctx, SL_LOG_WARN,
               "signal table %.*s has %u columns: expected 3 (id, type, data); its rows "
               "are passed over",
               SL_STR_ARG(r->table->id), tuple.n);
        return NULL;
    }
    sl_str id = cell_text(&tuple);
    if (deleted) {
        return sl_str_ends(id, SL_STR("-open")) ? pg_incremental_closed(t, id) : NULL;
    }
    sl_str type = cell_text(&tuple);
    sl_str data = cell_text(&tuple);
    return pg_signals_row(t, id, type, data);
}

sl_error *pg_incremental_row(pg_task *t, const pg_relation *r, char kind, const pgo_message *m) {
    pg_incremental *i = &t->inc;
    if (i->step == PG_INC_WINDOW && r->oid == i->oid) {
        if (m->old_kind) {
            SL_TRY(take_out(t, r, m->old_row, true));
        }
        if (kind != PGO_DELETE) {
            SL_TRY(take_out(t, r, m->new_row, true));
        }
    }
    return t->rules.signal_table.n ? signal_row(t, r, kind, m) : NULL;
}

void pg_incremental_truncate(pg_task *t, const pg_relation *r) {
    pg_incremental *i = &t->inc;
    if (i->step == PG_INC_WINDOW && r->oid == i->oid) {
        i->stale = true;
    }
}

void pg_incremental_relation(pg_task *t, const pg_relation *r) {
    pg_incremental *i = &t->inc;
    if (i->step != PG_INC_WINDOW || !r || r->oid != i->oid || !r->table) {
        return;
    }
    const cdc_table *a = r->table;
    const cdc_table *b = i->rel.table;
    bool same = a->ncols == b->ncols;
    for (uint32_t c = 0; same && c < a->ncols; c++) {
        same = sl_str_eq(a->cols[c].name, b->cols[c].name) && a->cols[c].base.type == b->cols[c].base.type;
    }
    i->stale = i->stale || !same;
}

void pg_incremental_commit(pg_task *t, uint32_t xid) {
    t->inc.recent[t->inc.nrecent++ % PG_RECENT] = xid;
}

/* ---- steps ---- */

static bool passed(const pg_task *t) {
    return !t->stream.tx.open && t->pos.has_commit && t->pos.lsn_commit >= t->inc.close_lsn;
}

sl_error *pg_incremental_step(pg_task *t, sl_wait *wait, bool *busy) {
    pg_incremental *i = &t->inc;
    *busy = false;
    i->wake_ms = 0;
    if (i->step != PG_INC_READ && !t->stream.tx.open) {
        SL_TRY(pg_signals_poll(t));
        SL_TRY(pg_blocking_step(t, wait, busy));
        if (*busy) {
            return NULL;
        }
    }
    bool may = !i->todo.paused && !t->stream.tx.open && cdc_incremental_running(&i->todo);
    if (i->step == PG_INC_IDLE && may) {
        SL_TRY(begin_chunk(t));
        i->wake_ms = i->not_before_ms;
    }
    if (i->step != PG_INC_READ) {
        return NULL;
    }
    sl_error *err = read_rows(t, wait, busy);
    if (err && err->cls != SL_RETRIABLE) { /* of this table only */
        pg_reader_close(&i->reader);
        cdc_window_clear(&i->window);
        i->step = PG_INC_IDLE;
        return skip_table(t, "SQL_EXCEPTION", err);
    }
    return err;
}

sl_error *pg_incremental_after(pg_task *t) {
    pg_incremental *i = &t->inc;
    int64_t now = pg_now_ms();
    if (i->channels.next_ms && (!i->wake_ms || i->channels.next_ms < i->wake_ms)) {
        i->wake_ms = i->channels.next_ms;
    }
    if (i->step == PG_INC_IDLE && cdc_incremental_running(&i->todo) && !i->todo.paused) {
        i->wake_ms = i->not_before_ms > now ? i->not_before_ms : now;
    }
    if (pg_blocking_asked(t)) {
        i->wake_ms = now;
    }
    if (i->step != PG_INC_WINDOW || !t->s->read_only) {
        return NULL;
    }
    if (passed(t)) {
        i->wake_ms = now;
        return send_window(t);
    }
    if (now >= i->ask_ms) { /* on an idle server the position comes with an answer only */
        i->ask_ms = now + ASK_MS;
        t->stream.heard = false;
        t->stream.next_status_ms = now;
    }
    i->wake_ms = i->ask_ms;
    return NULL;
}
