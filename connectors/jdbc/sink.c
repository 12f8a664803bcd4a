/*
 * sink.c - a sink task's calls: open, assigned, put, close.
 *
 * put is durable by itself: all rows of a batch, in all tables, are one transaction. A batch that meets bad
 * rows is written once more in halves under savepoints until the bad ones stand alone; those go to the
 * reporter before the commit.
 */
#include "sink.h"

#include "task.h"

#include <stdlib.h>
#include <time.h>

#define OPEN_WAIT_MS 3000
#define CONNECT_WAIT_MS 10000

static int64_t now_ms(void) {
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- life ---- */

static void sink_close(void *task) {
    jdbc_task *t = task;
    if (t->db) {
        jdbc_catalog_clear(t);
        t->dialect->close(t->db);
    }
    for (size_t i = 0; i < 3; i++) {
        t->ctx->host->schema_unref(t->coordinates[i]);
    }
    jdbc_offsets_clear(t);
    sl_free(t->bad);
    sl_arena_deinit(&t->catalog);
    sl_arena_deinit(&t->work);
    sl_arena_deinit(&t->offsets_arena);
    jdbc_settings_close(t->settings);
    sl_free(t);
}

/* first_connect tries once, so that wrong settings show at the start; a database that is down is waited for
 * in put. */
static sl_error *first_connect(jdbc_task *t) {
    bool fresh;
    sl_error *err = t->dialect->connect(t->db, OPEN_WAIT_MS, &fresh);
    if (err && err->cls == SL_RETRIABLE) {
        char text[500];
        sl_log(t->ctx, SL_LOG_WARN,
               "the database cannot be reached yet, will try again with the first records: %s",
               sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        err = NULL;
    }
    return err;
}

/* check_tables: schema.evolution=validate-only looks at the tables of the listed topics at the start. */
static sl_error *check_tables(jdbc_task *t) {
    const jdbc_raw *raw = t->settings->raw;
    sl_str topics = sl_config_get(t->ctx->config, SL_STR("topics")), topic;
    bool fixed = sl_str_find_str(raw->table_format, SL_STR("${source.")) == raw->table_format.n;
    if (t->settings->confluent || raw->evolution != JDBC_EVOLVE_VALIDATE || !fixed || !topics.n) {
        return NULL;
    }
    while (sl_str_next(&topics, ',', &topic)) {
        sl_record rec = {.topic = sl_str_trim(topic)};
        jdbc_table *table;
        sl_str name;
        SL_TRY(jdbc_topic_table(t, &rec, &name));
        SL_TRY(jdbc_catalog_table(t, name, &table));
        if (!table->exists) {
            return sl_error_new(SL_E_CONFIG, SL_USER,
                                "%s: table '%.*s' for topic '%.*s' does not exist: create it, or set "
                                "schema.evolution=basic",
                                t->dialect->name, SL_STR_ARG(table->quoted), SL_STR_ARG(rec.topic));
        }
    }
    return NULL;
}

static sl_error *open_db(jdbc_task *t) {
    SL_TRY(jdbc_settings_open(t->ctx, &t->settings));
    t->dialect = t->settings->url.kind == JDBC_URL_SQLITE ? &jdbc_sqlite : &jdbc_postgres;
    return t->dialect->open(t->ctx, t->settings, &t->db);
}

static sl_error *open_parts(jdbc_task *t) {
    const sl_host *host = t->ctx->host;
    SL_TRY(open_db(t));
    SL_TRY(sl_schema_simple(host, SL_STRING, false, &t->coordinates[0]));
    SL_TRY(sl_schema_simple(host, SL_INT32, false, &t->coordinates[1]));
    SL_TRY(sl_schema_simple(host, SL_INT64, false, &t->coordinates[2]));
    SL_TRY(first_connect(t));
    return check_tables(t);
}

static jdbc_task *task_new(const sl_context *ctx) {
    jdbc_task *t = sl_calloc(1, sizeof *t);
    if (t) {
        t->ctx = ctx;
        sl_arena_init(&t->catalog, 16 * 1024);
        sl_arena_init(&t->work, 64 * 1024);
        sl_arena_init(&t->offsets_arena, 0);
    }
    return t;
}

static sl_error *sink_open(const sl_context *ctx, void **task) {
    jdbc_task *t = task_new(ctx);
    if (!t) {
        return sl_error_nomem();
    }
    ctx->host->metric_add(ctx, "rows_written", 0);
    ctx->host->metric_add(ctx, "records_rejected", 0);
    sl_error *err = open_parts(t);
    if (err) {
        sink_close(t);
        return err;
    }
    *task = t;
    return NULL;
}

static void sink_interrupt(void *task) {
    jdbc_task *t = task;
    t->dialect->interrupt(t->db);
}

static sl_error *connect_once(const sl_context *ctx) {
    bool fresh;
    jdbc_task *t = task_new(ctx);
    if (!t) {
        return sl_error_nomem();
    }
    sl_error *err = open_db(t);
    err = err ? err : t->dialect->connect(t->db, CONNECT_WAIT_MS, &fresh);
    sink_close(t);
    return err;
}

/* try_connection says at connection.url, as Confluent's does, why there is none. */
static void try_connection(const sl_context *ctx, sl_config_report *report) {
    char text[1000];
    sl_error *err = connect_once(ctx);
    if (err) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("connection.url"),
                             "Could not connect to database. %s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
    }
}

static void sink_validate(const sl_context *ctx, sl_config_report *report) {
    jdbc_settings_check(ctx, report);
    if (!ctx->offline && !report->errors && ctx->settings) {
        try_connection(ctx, report);
    }
}

/* ---- connection and retries ---- */

static sl_error *connect_task(jdbc_task *t) {
    bool fresh;
    SL_TRY(t->dialect->connect(t->db, CONNECT_WAIT_MS, &fresh));
    if ((fresh || t->claims_stale) && t->nclaims) {
        SL_TRY(jdbc_offsets_refresh(t));
    }
    t->claims_stale = false;
    return NULL;
}

static sl_error *wait_backoff(jdbc_task *t) {
    int64_t left = t->failed_at ? t->failed_at + t->settings->raw->retry_backoff_ms - now_ms() : 0;
    return left > 0 ? t->dialect->pause(t->db, left) : NULL;
}

/* note_failure counts failures in a row; past max.retries an outage is no longer one. */
static sl_error *note_failure(jdbc_task *t, sl_error *err) {
    t->dialect->rollback(t->db);
    if (err->code == SL_E_NOMEM) { /* what the catalog has may be half done */
        jdbc_catalog_clear(t);
    }
    if (err->cls != SL_RETRIABLE) {
        return err;
    }
    t->claims_stale = true;
    if (err->code == SL_E_NETWORK || err->code == SL_E_INTERRUPTED || err->code == SL_E_TIMEOUT) {
        t->dialect->disconnect(t->db);
    }
    if (err->code == SL_E_INTERRUPTED) {
        return err;
    }
    t->failed_at = now_ms();
    t->failures++;
    int32_t limit = t->settings->raw->max_retries;
    if (limit >= 0 && t->failures > limit) {
        err = sl_error_wrap(err, "gave up after %d retries (max.retries)", (int)limit);
        if (!err->immortal) {
            err->cls = SL_FATAL;
        }
    }
    return err;
}

/* ---- bad records ---- */

static void clear_bad(jdbc_task *t) {
    for (size_t i = 0; i < t->nbad; i++) {
        sl_error_free(t->bad[i].error);
    }
    t->nbad = 0;
}

static int by_record(const void *a, const void *b) {
    const jdbc_bad *x = a, *y = b;
    return (x->record > y->record) - (x->record < y->record);
}

static sl_error *report_bad(jdbc_task *t) {
    if (t->nbad == 0) {
        return NULL;
    }
    qsort(t->bad, t->nbad, sizeof *t->bad, by_record);
    for (size_t i = 0; i < t->nbad; i++) {
        sl_error *err = t->bad[i].error;
        t->bad[i].error = NULL;
        err = t->ctx->host->report(t->ctx, t->bad[i].record, err);
        if (err) {
            t->refused = true;
            return err;
        }
    }
    t->ctx->host->metric_add(t->ctx, "records_rejected", (int64_t)t->nbad);
    return NULL;
}

static bool rows_fault(const sl_error *err) {
    return err && err->cls == SL_USER && err->code == SL_E_DATA;
}

/* narrow writes operations lo..hi-1; those that cannot be written are put aside. */
static sl_error *narrow(jdbc_task *t, size_t lo, size_t hi) {
    if (lo == hi) {
        return NULL;
    }
    SL_TRY(t->dialect->savepoint(t->db));
    sl_error *err = jdbc_ops_apply(t, lo, hi);
    if (!err) {
        err = t->dialect->sync(t->db);
    }
    if (!err) {
        return t->dialect->release(t->db);
    }
    if (!rows_fault(err)) {
        return err;
    }
    sl_error *back = t->dialect->rollback_to(t->db);
    if (back) {
        sl_error_free(err);
        return back;
    }
    if (hi - lo == 1) {
        t->ops[lo].bad = true;
        return jdbc_bad_add(t, t->ops[lo].record, err);
    }
    sl_error_free(err);
    SL_TRY(narrow(t, lo, lo + (hi - lo) / 2));
    return narrow(t, lo + (hi - lo) / 2, hi);
}

/* ---- a batch ---- */

static bool has_pending(const jdbc_task *t) {
    for (size_t i = 0; i < t->nclaims; i++) {
        if (t->claims[i].pending >= 0) {
            return true;
        }
    }
    return false;
}

static sl_error *finish(jdbc_task *t) {
    if (t->nbad) {
        SL_TRY(t->dialect->sync(t->db)); /* nothing is reported for a batch that fails as a whole */
        SL_TRY(report_bad(t));
    }
    SL_TRY(jdbc_offsets_store(t));
    return t->dialect->commit(t->db);
}

static sl_error *write_fast(jdbc_task *t) {
    SL_TRY(t->dialect->begin(t->db));
    SL_TRY(jdbc_ops_apply(t, 0, t->nops));
    return finish(t);
}

static sl_error *write_narrowed(jdbc_task *t) {
    SL_TRY(t->dialect->begin(t->db));
    SL_TRY(t->dialect->check_now(t->db));
    if (t->nops > 1) { /* as a whole it has failed already */
        SL_TRY(narrow(t, 0, t->nops / 2));
        SL_TRY(narrow(t, t->nops / 2, t->nops));
    } else {
        SL_TRY(narrow(t, 0, t->nops));
    }
    return finish(t);
}

static sl_error *write_ops(jdbc_task *t) {
    if (t->nops == 0 && !has_pending(t)) {
        return report_bad(t);
    }
    sl_error *err = write_fast(t);
    if (!rows_fault(err) || t->refused) { /* refused: the reporter wants the task to fail */
        return err;
    }
    sl_error_free(err);
    t->dialect->rollback(t->db);
    SL_TRY(connect_task(t));
    return write_narrowed(t);
}

static sl_error *try_batch(jdbc_task *t, const sl_batch *batch) {
    clear_bad(t);
    t->refused = false;
    sl_arena_reset(&t->work, 1 << 20);
    SL_TRY(connect_task(t));
    if (t->nroutes > JDBC_MAX_ROUTES) {
        jdbc_catalog_clear(t);
    }
    t->batch++;
    jdbc_offsets_begin(t);
    SL_TRY(jdbc_ops_make(t, batch));
    return write_ops(t);
}

static sl_error *put_batch(jdbc_task *t, const sl_batch *batch) {
    SL_TRY(wait_backoff(t));
    sl_error *err = try_batch(t, batch);
    if (err && err->code == SL_E_NOT_FOUND) { /* a table was changed behind our back: look again, once */
        sl_error_free(err);
        t->dialect->rollback(t->db);
        jdbc_catalog_clear(t);
        err = try_batch(t, batch);
    }
    return err;
}

static sl_error *sink_put(void *task, sl_batch *batch) {
    jdbc_task *t = task;
    sl_error *err = put_batch(t, batch);
    if (err) {
        err = note_failure(t, err);
    } else {
        t->failures = 0;
        t->failed_at = 0;
        jdbc_offsets_committed(t);
        t->ctx->host->metric_add(t->ctx, "rows_written", (int64_t)t->nops);
    }
    clear_bad(t);
    t->nops = 0;
    sl_arena_reset(&t->work, 1 << 20);
    return err;
}

/* ---- partitions ---- */

static sl_error *claim_parts(jdbc_task *t, sl_topic_partition *parts, size_t n) {
    bool fresh;
    SL_TRY(wait_backoff(t));
    SL_TRY(t->dialect->connect(t->db, CONNECT_WAIT_MS, &fresh));
    return jdbc_offsets_claim(t, parts, n);
}

static sl_error *sink_assigned(void *task, sl_topic_partition *parts, size_t n) {
    jdbc_task *t = task;
    if (!t->settings->raw->exactly_once) {
        return NULL;
    }
    sl_error *err = claim_parts(t, parts, n);
    return err ? note_failure(t, err) : NULL;
}

static void sink_revoked(void *task, const sl_topic_partition *parts, size_t n, bool lost) {
    (void)lost;
    jdbc_offsets_forget(task, parts, n);
}

sl_error *jdbc_alter_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n, bool *all) {
    bool fresh;
    jdbc_task *t = task_new(ctx);
    if (!t) {
        return sl_error_nomem();
    }
    sl_error *err = open_db(t);
    *all = !err && t->settings->raw->exactly_once; /* else it knows of none, and Kafka's message says so */
    if (*all) {
        err = t->dialect->connect(t->db, CONNECT_WAIT_MS, &fresh);
        err = err ? err : jdbc_offsets_alter(t, items, n);
    }
    sink_close(t);
    return err;
}

const sl_sink_ops jdbc_sink_ops = {
    .validate = sink_validate,
    .open = sink_open,
    .assigned = sink_assigned,
    .revoked = sink_revoked,
    .put = sink_put,
    .interrupt = sink_interrupt,
    .close = sink_close,
};
