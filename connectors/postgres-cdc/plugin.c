/*
 * plugin.c - the PostgreSQL source as a plugin: settings, validation, and a task's life.
 *
 * open connects, checks, makes slot and publication, and decides between snapshot and stream; everything that
 * waits there can be interrupted. poll does not block but for the catalog queries that a changed table needs.
 */
#include <sluice/plugin.h>

#include <stdio.h>

#include "task.h"

/* ---- validation ---- */

/* try_connection says at database.hostname, as Debezium does, why there is none. */
static void try_connection(const sl_context *ctx, sl_config_report *report) {
    char text[1000];
    pg_conn k;
    pg_settings s = *(const pg_settings *)ctx->settings;
    s.on_connect = SL_STR_NONE;
    if (s.connect_timeout_ms > s.validation_timeout_ms) {
        s.connect_timeout_ms = s.validation_timeout_ms;
    }
    sl_error *err = pg_conn_open(&k, ctx, NULL, &s, false);
    err = err ? err : pg_conn_query(&k, "select 1", "asking the server", NULL);
    if (err) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("database.hostname"),
                             "Error while validating connector config: %s",
                             sl_error_text(err, text, sizeof text));
        sl_error_free(err);
    }
    pg_conn_close(&k);
}

static void validate(const sl_context *ctx, sl_config_report *report) {
    const pg_settings *s = ctx->settings;
    if (!s) {
        return;
    }
    cdc_config_check(&s->cdc, report);
    if (s->message_include.n && s->message_exclude.n) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("message.prefix.exclude.list"),
                             "expected message.prefix.include.list or message.prefix.exclude.list, not both");
    }
    cdc_rules rules;
    sl_error *err = cdc_rules_init(&rules, &s->cdc, ctx->config);
    if (err) {
        char text[400];
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR_NONE, "%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        return;
    }
    cdc_rules_deinit(&rules);
    if (!ctx->offline && !report->errors) {
        try_connection(ctx, report);
    }
}

/* ---- what to do first ---- */

static sl_error *load_offset(pg_task *t, bool *found) {
    sl_arena a;
    sl_arena_init(&a, 1024);
    sl_value partition = pg_partition(t->s->cdc.topic_prefix, &a);
    sl_value offset = sl_null();
    sl_error *err = partition.type == SL_MAP ? t->ctx->host->offset_read(t->ctx, &partition, &a, &offset)
                                             : sl_error_nomem();
    *found = !err && offset.type != SL_NULL;
    if (*found) {
        err = pg_offset_load(&offset, &t->pos);
        pg_offset_exact(&t->pos, &t->stream.before);
    }
    if (!err && t->pos.progress.n && !cdc_progress_load(&t->snap.progress, t->pos.progress)) {
        sl_log(t->ctx, SL_LOG_WARN,
               "the stored offset's 'sluice_snapshot' is of another version: all tables are read");
    }
    t->pos.progress = SL_STR_NONE;
    if (!err && *found) {
        err = pg_incremental_load(t, &offset);
    }
    if (!err && *found && t->s->cdc.transaction_metadata) {
        err = cdc_transaction_load(&t->emitter.tx, &offset);
    }
    sl_arena_deinit(&a);
    return err;
}

typedef struct plan {
    bool snapshot;
    bool stream;
} plan;

static plan make_plan(const pg_task *t, bool found, bool unusable) {
    bool unfinished = found && t->pos.snapshot && !t->pos.completed;
    plan p = {.snapshot = !found || unfinished, .stream = true};
    switch (t->s->snapshot_mode) {
    case PG_SNAPSHOT_ALWAYS:
        p.snapshot = true;
        break;
    case PG_SNAPSHOT_INITIAL_ONLY:
        p.stream = false;
        break;
    case PG_SNAPSHOT_NO_DATA:
        p.snapshot = false;
        break;
    case PG_SNAPSHOT_WHEN_NEEDED:
        p.snapshot = p.snapshot || unusable;
        break;
    case PG_SNAPSHOT_CONFIGURED:
        p.snapshot = t->s->conf_data || (unusable && t->s->conf_data_error);
        p.stream = t->s->conf_stream;
        break;
    default:
        break;
    }
    return p;
}

static sl_error *slot_gone(pg_task *t, const pg_slot *slot) {
    return sl_error_new(
        SL_E_CONFLICT, SL_USER,
        "the stored offset is at %X/%X, but replication slot '%.*s' %s, so changes since then are lost; set "
        "snapshot.mode=when_needed to read the tables again%s",
        (unsigned)(t->pos.lsn >> 32), (unsigned)t->pos.lsn, SL_STR_ARG(t->s->slot),
        slot->exists ? "has been invalidated" : "is not there any more",
        slot->exists ? ", and drop the slot" : "");
}

static pg_mismatch mismatch_of(const pg_task *t) {
    bool seek = t->s->mismatch == PG_TRUST_NOTHING && t->s->slot_seek;
    return seek ? PG_TRUST_OFFSET : (pg_mismatch)t->s->mismatch;
}

static sl_error *slot_is_ahead(pg_task *t, const pg_slot *slot, uint64_t stored) {
    pg_mismatch how = mismatch_of(t);
    if (how == PG_TRUST_OFFSET) {
        return sl_error_new(SL_E_CONFLICT, SL_USER,
                            "replication slot '%.*s' was confirmed up to %X/%X, past the stored offset "
                            "%X/%X, so changes between them "
                            "are lost; set offset.mismatch.strategy=trust_slot to go on without them, or "
                            "snapshot.mode=always to read "
                            "the tables again",
                            SL_STR_ARG(t->s->slot), (unsigned)(slot->confirmed >> 32),
                            (unsigned)slot->confirmed, (unsigned)(stored >> 32), (unsigned)stored);
    }
    bool trusted = how == PG_TRUST_SLOT || how == PG_TRUST_GREATER;
    sl_log(t->ctx, trusted ? SL_LOG_INFO : SL_LOG_WARN,
           "replication slot '%.*s' was confirmed up to %X/%X, past the stored offset %X/%X: changes between "
           "them %s",
           SL_STR_ARG(t->s->slot), (unsigned)(slot->confirmed >> 32), (unsigned)slot->confirmed,
           (unsigned)(stored >> 32), (unsigned)stored,
           trusted ? "are passed over, as offset.mismatch.strategy says" : "are lost for this source");
    if (trusted) {
        t->pos = (pg_offset){.has_lsn = true, .lsn = slot->confirmed};
    }
    return NULL;
}

/* Moves a slot that is behind: what is before the stored offset is not needed any more. */
static sl_error *advance_slot(pg_task *t, uint64_t stored) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "select pg_catalog.pg_replication_slot_advance(");
    pg_quote_literal(&b, t->s->slot);
    sl_buf_printf(&b, ", '%X/%X')", (unsigned)(stored >> 32), (unsigned)stored);
    sl_buf_add_char(&b, 0);
    sl_error *err =
        b.failed ? sl_error_nomem()
                 : pg_conn_query(&t->sql, b.p,
                                 "offset.mismatch.strategy: moving the replication slot to the stored offset",
                                 NULL);
    sl_buf_deinit(&b);
    return err;
}

/* Slot and offset may have been moved apart by hand. */
static sl_error *compare_positions(pg_task *t, const pg_slot *slot) {
    uint64_t stored = pg_offset_start(&t->pos);
    pg_mismatch how = mismatch_of(t);
    if (!stored || !slot->confirmed || slot->confirmed == stored) {
        return NULL;
    }
    if (slot->confirmed > stored) {
        return slot_is_ahead(t, slot, stored);
    }
    bool confirms = t->s->flush_mode != PG_FLUSH_MANUAL && t->s->flush_lsn;
    bool seek = (how == PG_TRUST_OFFSET || how == PG_TRUST_GREATER) && t->server_version >= 110000;
    return confirms && seek && !slot->active ? advance_slot(t, stored) : NULL;
}

static sl_error *drop_lost_slot(pg_task *t, pg_slot *slot) {
    if (slot->exists && slot->lost) {
        sl_log(t->ctx, SL_LOG_WARN,
               "replication slot '%.*s' has been invalidated: it is made anew, and the tables are read again",
               SL_STR_ARG(t->s->slot));
        pg_slot_drop(t);
        slot->exists = false;
    }
    return NULL;
}

/* Where a snapshot that was cut goes on: at the slot's start, which the offset has, unless Debezium began it,
 * whose offset may be younger. 0 = it cannot. */
static uint64_t resume_point(pg_task *t, const pg_slot *slot, bool stream) {
    uint64_t start = t->snap.progress.since ? t->pos.lsn : slot->confirmed;
    const char *why = NULL;
    if (!stream) {
        why = "without streaming, nothing tells of the changes since";
    } else if (!slot->exists || slot->lost) {
        why = slot->exists ? "its slot has been invalidated" : "its slot is gone";
    } else if (!start || slot->confirmed > start) {
        why = "its slot was moved on";
    }
    if (why) {
        sl_log(
            t->ctx, SL_LOG_WARN,
            "the last snapshot did not finish, and cannot go on (%s): it starts over; rows that it sent and "
            "that were deleted since stay in their topics",
            why);
        return 0;
    }
    return start;
}

/* A slot that is there already may be that of a snapshot that did not finish. Rows that it read may have gone
   since, so the stream is to begin where the slot does, not at the new snapshot. */
static sl_error *begin_snapshot(pg_task *t, pg_slot *slot, bool stream) {
    uint64_t lsn = 0;
    if (t->pos.snapshot && !t->pos.completed) {
        lsn = resume_point(t, slot, stream);
    }
    if (lsn) {
        return pg_snapshot_resume(t, lsn);
    }
    SL_TRY(drop_lost_slot(t, slot));
    bool temporary = slot->exists || !stream;
    uint64_t stored = t->pos.snapshot && !t->pos.completed ? 0 : pg_offset_start(&t->pos);
    SL_TRY(pg_slot_create(t, temporary, true, &lsn));
    SL_TRY(pg_snapshot_begin(t, lsn));
    if (slot->exists && slot->confirmed && slot->confirmed < lsn) {
        t->pos.lsn = stored > slot->confirmed && stored < lsn ? stored : slot->confirmed;
    }
    return NULL;
}

static sl_error *begin_stream(pg_task *t, const pg_slot *slot, bool found) {
    t->state = PG_STATE_STREAM;
    pg_note_snapshot(t, "SKIPPED");
    if (slot->exists) {
        return found ? compare_positions(t, slot) : NULL;
    }
    uint64_t lsn = 0;
    SL_TRY(pg_slot_create(t, false, false, &lsn));
    t->pos = (pg_offset){.has_lsn = true, .lsn = lsn};
    return NULL;
}

static sl_error *decide(pg_task *t) {
    bool found = false;
    pg_slot slot;
    SL_TRY(load_offset(t, &found));
    SL_TRY(pg_server_check(t));
    SL_TRY(pg_slot_read(t, &slot));
    bool unusable = found && (!slot.exists || slot.lost);
    plan p = make_plan(t, found, unusable);
    if (p.stream) {
        SL_TRY(pg_publication_prepare(t));
    }
    if (p.snapshot) {
        return begin_snapshot(t, &slot, p.stream);
    }
    if (!p.stream) {
        t->state = PG_STATE_DONE;
        return NULL;
    }
    bool snapshot_was_all = t->s->snapshot_mode == PG_SNAPSHOT_NO_DATA && !found;
    if (unusable && !snapshot_was_all) {
        return slot_gone(t, &slot);
    }
    return begin_stream(t, &slot, found);
}

/* ---- replica.identity.autoset.values ---- */

static sl_error *set_identity(pg_task *t, const pg_snap_table *x, sl_str identity) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "alter table ");
    pg_quote_ident(&b, x->schema);
    sl_buf_add_char(&b, '.');
    pg_quote_ident(&b, x->name);
    sl_buf_add_z(&b, " replica identity ");
    if (identity.n > 6 && sl_str_eq_nocase((sl_str){identity.p, 6}, SL_STR("INDEX "))) {
        sl_buf_add_z(&b, "using index ");
        pg_quote_ident(&b, sl_str_trim(sl_str_skip(identity, 6)));
    } else {
        sl_buf_add_str(&b, identity);
    }
    sl_buf_add_char(&b, 0);
    sl_error *err =
        b.failed ? sl_error_nomem()
                 : pg_conn_query(&t->sql, b.p,
                                 "replica.identity.autoset.values (the user must own the table)", NULL);
    sl_buf_deinit(&b);
    return err;
}

static bool identity_word(sl_str v) {
    return sl_str_eq_nocase(v, SL_STR("FULL")) || sl_str_eq_nocase(v, SL_STR("DEFAULT")) ||
           sl_str_eq_nocase(v, SL_STR("NOTHING")) ||
           (v.n > 6 && sl_str_eq_nocase((sl_str){v.p, 6}, SL_STR("INDEX ")));
}

static sl_error *apply_identity(pg_task *t, sl_str part, const pg_snap_table *tables, size_t n) {
    size_t colon = sl_str_find(part, ':');
    sl_str identity = colon < part.n ? sl_str_trim(sl_str_skip(part, colon + 1)) : SL_STR_NONE;
    if (!identity_word(identity)) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "replica.identity.autoset.values: expected schema.table:FULL, DEFAULT, NOTHING "
                            "or INDEX name, got '%.*s'",
                            SL_STR_ARG(part));
    }
    cdc_patterns *p = NULL;
    SL_TRY(cdc_patterns_new("replica.identity.autoset.values", (sl_str){part.p, colon}, &p));
    sl_error *err = NULL;
    for (size_t i = 0; !err && i < n; i++) {
        char id[300];
        int len =
            snprintf(id, sizeof id, "%.*s.%.*s", SL_STR_ARG(tables[i].schema), SL_STR_ARG(tables[i].name));
        if (len < (int)sizeof id && cdc_patterns_match(p, (sl_str){id, (size_t)len})) {
            err = set_identity(t, &tables[i], identity);
        }
    }
    cdc_patterns_free(p);
    return err;
}

static sl_error *set_identities(pg_task *t) {
    sl_str list = t->s->replica_identity;
    if (!list.n) {
        return NULL;
    }
    sl_arena a;
    sl_arena_init(&a, 4096);
    pg_snap_table *tables = NULL;
    size_t n = 0;
    sl_error *err = pg_tables_list(t, &a, &tables, &n);
    sl_str part;
    while (!err && cdc_list_next(&list, ',', &part)) {
        err = part.n ? apply_identity(t, part, tables, n) : NULL;
    }
    sl_arena_deinit(&a);
    return err;
}

/* ---- guardrail.collections.max ---- */

static sl_error *guard(pg_task *t) {
    const cdc_config *c = &t->s->cdc;
    if (c->guard_max <= 0) {
        return NULL;
    }
    sl_arena a;
    sl_arena_init(&a, 4096);
    pg_snap_table *tables = NULL;
    size_t n = 0;
    sl_error *err = pg_tables_list(t, &a, &tables, &n);
    sl_arena_deinit(&a);
    if (err || n <= (size_t)c->guard_max) {
        return err;
    }
    if (c->guard_action == CDC_GUARD_FAIL) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "the filters let %zu tables through, and guardrail.collections.max is %d: narrow "
                            "table.include.list, or raise it",
                            n, c->guard_max);
    }
    sl_log(t->ctx, SL_LOG_WARN, "the filters let %zu tables through, and guardrail.collections.max is %d", n,
           c->guard_max);
    return NULL;
}

/* ---- life ---- */

static void close_task(void *task) {
    pg_task *t = task;
    t->ctx->host->metric_set(t->ctx, "cdc_connected", 0);
    pg_conn_close(&t->repl);
    if (t->s->drop_slot && t->drop_on_close && t->sql.c) {
        pg_slot_drop(t);
    }
    pg_snapshot_deinit(t);
    pg_incremental_deinit(t);
    cdc_notifier_deinit(&t->notifier);
    pg_relations_deinit(t);
    pg_types_deinit(&t->types);
    pg_stream_forget(t);
    pg_conn_close(&t->sql);
    pg_source_deinit(t);
    cdc_patterns_free(t->message_include);
    cdc_patterns_free(t->message_exclude);
    cdc_rules_deinit(&t->rules);
    sl_arena_deinit(&t->arena);
    sl_free(t);
}

static sl_error *open_parts(pg_task *t) {
    const pg_settings *s = t->s;
    SL_TRY(cdc_rules_init(&t->rules, &s->cdc, t->ctx->config));
    SL_TRY(cdc_patterns_new("message.prefix.include.list", s->message_include, &t->message_include));
    SL_TRY(cdc_patterns_new("message.prefix.exclude.list", s->message_exclude, &t->message_exclude));
    SL_TRY(pg_source_init(t));
    SL_TRY(cdc_notifier_init(&t->notifier, t->ctx, &s->cdc));
    SL_TRY(pg_incremental_init(t));
    SL_TRY(pg_conn_open(&t->sql, t->ctx, &t->interrupted, s, false));
    SL_TRY(pg_conn_open(&t->repl, t->ctx, &t->interrupted, s, true));
    SL_TRY(set_identities(t));
    SL_TRY(guard(t));
    return decide(t);
}

static sl_error *open_task(const sl_context *ctx, void **task) {
    pg_task *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->ctx = ctx;
    t->s = ctx->settings;
    atomic_init(&t->interrupted, false);
    sl_arena_init(&t->arena, 1024);
    pg_types_init(&t->types, ctx->host, &t->sql);
    pg_metrics_begin(t);
    sl_error *err = open_parts(t);
    if (err) {
        close_task(t);
        return err;
    }
    t->drop_on_close = true;
    *task = t;
    return NULL;
}

static sl_error *poll_state(pg_task *t, sl_batch *batch, sl_wait *wait) {
    switch (t->state) {
    case PG_STATE_SNAPSHOT:
        batch->ends_transaction = true; /* what was read is in the offset: a snapshot goes on behind it */
        return pg_snapshot_poll(t, batch, wait);
    case PG_STATE_STREAM:
        SL_TRY(pg_stream_poll(t, batch, wait));
        batch->ends_transaction = !t->stream.tx.open;
        return NULL;
    default:
        *wait = (sl_wait){.idle = true, .fd = -1};
        return NULL;
    }
}

static sl_error *poll_task(void *task, sl_batch *batch, sl_wait *wait) {
    pg_task *t = task;
    SL_TRY(poll_state(t, batch, wait));
    pg_metrics_read(t, batch);
    return cdc_notify_flush(&t->notifier, batch);
}

static sl_error *committed(void *task, const sl_value *partition, const sl_value *offset) {
    pg_task *t = task;
    pg_offset o;
    (void)partition;
    if (offset->type == SL_NULL) {
        return NULL;
    }
    SL_TRY(pg_offset_load(offset, &o));
    pg_snapshot_stored(t, &o);
    return pg_stream_confirm(t, pg_offset_confirmed(&o));
}

static sl_error *keep(void *task, int64_t *again_ms) {
    pg_stream_keep(task, again_ms);
    return NULL;
}

static void interrupt(void *task) {
    pg_task *t = task;
    atomic_store(&t->interrupted, true);
}

/* check_offsets: offsets under another topic.prefix are not looked at when the source starts. */
static sl_error *check_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n) {
    const pg_settings *s = ctx->settings;
    for (size_t i = 0; i < n; i++) {
        const sl_value *server = sl_map_get(&items[i].partition, SL_STR("server"));
        pg_offset o;
        bool ours =
            server && server->type == SL_STRING && sl_str_eq(sl_value_str(server), s->cdc.topic_prefix);
        if (ours && !sl_is_null(&items[i].offset)) {
            SL_TRY(pg_offset_load(&items[i].offset, &o));
        }
    }
    return NULL;
}

static const sl_source_ops source_ops = {
    .validate = validate,
    .open = open_task,
    .poll = poll_task,
    .committed = committed,
    .interrupt = interrupt,
    .close = close_task,
    .keep = keep,
};

static const char *const aliases[] = {"io.debezium.connector.postgresql.PostgresConnector", NULL};

static const sl_plugin_def postgres_def = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_SOURCE,
    .name = "postgres-cdc",
    .aliases = aliases,
    .version = "3.5.0.Final",
    .doc = "Changes of a PostgreSQL database, from its write-ahead log, as Debezium writes them.",
    .settings = pg_settings_rows,
    .nsettings = PG_SETTINGS_COUNT,
    .settings_size = sizeof(pg_settings),
    .source = &source_ops,
    .offers = SL_OFFERS_EXACTLY_ONCE | SL_OFFERS_BOUNDARIES | SL_OFFERS_KEEP,
    .check_offsets = check_offsets,
};

static const sl_plugin_def *const defs[] = {&postgres_def};

SL_PLUGIN_EXPORT("postgres-cdc", SL_VERSION, defs);
