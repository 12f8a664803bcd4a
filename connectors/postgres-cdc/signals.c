/*
 * signals.c - what each signal does. A bad signal is logged by its name and passed over.
 */
#include "task.h"

static void ignore(pg_task *t, sl_error *err) {
    char text[500];
    sl_log(t->ctx, SL_LOG_WARN, "%s; it is passed over", sl_error_text(err, text, sizeof text));
    sl_error_free(err);
}

static bool among(const sl_str *list, size_t n, sl_str id) {
    for (size_t i = 0; i < n; i++) {
        if (sl_str_eq(list[i], id)) {
            return true;
        }
    }
    return false;
}

static sl_error *patterns_of(sl_str text, sl_arena *a, cdc_patterns **out) {
    sl_buf b; /* a list is cut at commas */
    sl_buf_init(&b, a);
    for (size_t i = 0; i < text.n; i++) {
        sl_buf_add_z(&b, text.p[i] == ',' ? "\\" : "");
        sl_buf_add_char(&b, text.p[i]);
    }
    return cdc_patterns_new("data-collections", sl_buf_take(&b), out);
}

/* The captured tables that the expressions name, each once; one that names none stays as it is. */
static sl_error *expand(pg_task *t, const cdc_signal *s, sl_arena *a, sl_str **out, size_t *n) {
    pg_snap_table *all = NULL;
    size_t nall = 0;
    SL_TRY(pg_tables_list(t, a, &all, &nall));
    *n = 0;
    *out = sl_arena_zalloc(a, (nall + s->ncollections + 1) * sizeof **out);
    for (size_t i = 0; *out && i < s->ncollections; i++) {
        cdc_patterns *p = NULL;
        bool any = false;
        SL_TRY(patterns_of(s->collections[i], a, &p));
        for (size_t k = 0; k < nall; k++) {
            sl_str id = sl_arena_printf(a, "%.*s.%.*s", SL_STR_ARG(all[k].schema), SL_STR_ARG(all[k].name));
            bool fits = cdc_patterns_match(p, id);
            any = any || fits;
            if (fits && !among(*out, *n, id)) {
                (*out)[(*n)++] = id;
            }
        }
        cdc_patterns_free(p);
        if (!any && !among(*out, *n, s->collections[i])) {
            (*out)[(*n)++] = s->collections[i];
        }
    }
    return a->failed ? sl_error_nomem() : NULL;
}

static sl_error *execute(pg_task *t, const cdc_signal *s, sl_arena *a) {
    sl_str *ids = NULL;
    size_t n = 0;
    if (!s->blocking && !t->s->read_only && !t->rules.signal_table.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "signal '%.*s': an incremental snapshot writes watermarks: set "
                            "signal.data.collection, or read.only=true",
                            SL_STR_ARG(s->id));
    }
    SL_TRY(expand(t, s, a, &ids, &n));
    sl_log(t->ctx, SL_LOG_INFO, "signal '%.*s' asks for %s snapshot of %zu table(s)", SL_STR_ARG(s->id),
           s->blocking ? "a blocking" : "an incremental", n);
    if (s->blocking) {
        return cdc_incremental_add(&t->inc.blocking.todo, s, ids, n);
    }
    bool first = !cdc_incremental_running(&t->inc.todo);
    SL_TRY(cdc_incremental_add(&t->inc.todo, s, ids, n));
    t->stream.moved = t->stream.moved || t->pos.has_lsn;
    if (first) {
        t->inc.todo.paused = false;
        pg_incremental_notify(t, "STARTED");
    }
    return NULL;
}

static sl_error *stop(pg_task *t, const cdc_signal *s, sl_arena *a) {
    cdc_incremental *todo = &t->inc.todo;
    sl_buf stopped;
    sl_buf_init(&stopped, a);
    if (!cdc_incremental_running(todo)) {
        return sl_error_new(SL_E_DATA, SL_USER, "signal '%.*s': no incremental snapshot is running",
                            SL_STR_ARG(s->id));
    }
    sl_str at_hand = sl_arena_str(a, sl_str_of(todo->items[0].id));
    sl_str *ids = sl_arena_zalloc(a, (todo->n + 1) * sizeof *ids);
    size_t n = 0;
    for (size_t i = 0; ids && i < todo->n; i++) {
        sl_str id = sl_arena_str(a, sl_str_of(todo->items[i].id));
        bool fits = s->ncollections == 0;
        for (size_t k = 0; k < s->ncollections && !fits; k++) {
            cdc_patterns *p = NULL;
            SL_TRY(patterns_of(s->collections[k], a, &p));
            fits = cdc_patterns_match(p, id);
            cdc_patterns_free(p);
        }
        if (fits && !among(ids, n, id)) {
            ids[n++] = id;
        }
    }
    for (size_t i = 0; i < n; i++) {
        sl_buf_printf(&stopped, "%s%.*s", i ? "," : "", SL_STR_ARG(ids[i]));
        if (sl_str_eq(ids[i], at_hand)) {
            pg_incremental_stop(t);
        }
        (void)cdc_incremental_remove(todo, ids[i]);
    }
    t->stream.moved = t->stream.moved || t->pos.has_lsn;
    sl_log(t->ctx, SL_LOG_INFO, "signal '%.*s' stops the incremental snapshot of: %.*s", SL_STR_ARG(s->id),
           SL_STR_ARG(sl_buf_view(&stopped)));
    cdc_note_item items[] = {{"data_collections", sl_buf_view(&stopped)}, {NULL, SL_STR_NONE}};
    cdc_notify(&t->notifier, CDC_INCREMENTAL_SNAPSHOT, "ABORTED",
               todo->correlation ? sl_str_of(todo->correlation) : SL_STR_NONE, items);
    return a->failed ? sl_error_nomem() : NULL;
}

static void pause(pg_task *t, const cdc_signal *s, bool on) {
    cdc_incremental *todo = &t->inc.todo;
    if (!cdc_incremental_running(todo) || todo->paused == on) {
        sl_log(t->ctx, SL_LOG_INFO, "signal '%.*s': there is no incremental snapshot to %s",
               SL_STR_ARG(s->id), on ? "pause" : "resume");
        return;
    }
    todo->paused = on;
    sl_log(t->ctx, SL_LOG_INFO, "signal '%.*s' %s the incremental snapshot", SL_STR_ARG(s->id),
           on ? "pauses" : "resumes");
    pg_incremental_notify(t, on ? "PAUSED" : "RESUMED");
}

static void log_message(pg_task *t, const cdc_signal *s) {
    size_t at = sl_str_find_str(s->message, SL_STR("{}"));
    if (at == s->message.n) {
        sl_log(t->ctx, SL_LOG_INFO, "%.*s", SL_STR_ARG(s->message));
        return;
    }
    sl_log(t->ctx, SL_LOG_INFO, "%.*s{lsn=%llu, txId=%lld}%.*s", (int)at, s->message.p,
           (unsigned long long)t->pos.lsn, (long long)t->pos.tx, (int)(s->message.n - at - 2),
           s->message.p + at + 2);
}

static sl_error *act(pg_task *t, const cdc_signal *s, sl_arena *a) {
    switch (s->kind) {
    case CDC_SIGNAL_EXECUTE:
        return execute(t, s, a);
    case CDC_SIGNAL_STOP:
        return stop(t, s, a);
    case CDC_SIGNAL_PAUSE:
    case CDC_SIGNAL_RESUME:
        pause(t, s, s->kind == CDC_SIGNAL_PAUSE);
        return NULL;
    case CDC_SIGNAL_LOG:
        log_message(t, s);
        return NULL;
    case CDC_SIGNAL_CLOSE:
        return pg_incremental_closed(t, s->id);
    default:
        return NULL;
    }
}

/* Takes err over: what is wrong with a signal is only logged. */
static sl_error *settle(pg_task *t, sl_error *err) {
    if (err && err->cls == SL_USER) {
        ignore(t, err);
        return NULL;
    }
    return err;
}

sl_error *pg_signals_row(pg_task *t, sl_str id, sl_str type, sl_str data) {
    cdc_signal s;
    sl_arena a;
    bool ours = sl_str_starts(type, SL_STR("snapshot-window-"));
    if (!ours && !cdc_listed(t->s->cdc.signal_channels, "source")) {
        return NULL;
    }
    sl_arena_init(&a, 2048);
    sl_error *err = cdc_signal_parse(id, type, ours ? SL_STR_NONE : data, &a, &s);
    err = settle(t, err ? err : act(t, &s, &a));
    sl_arena_deinit(&a);
    return err;
}

sl_error *pg_signals_poll(pg_task *t) {
    cdc_channels *c = &t->inc.channels;
    int64_t now = pg_now_ms();
    if (!c->next_ms || now < c->next_ms) {
        return NULL;
    }
    SL_TRY(cdc_channels_poll(c, now));
    sl_str text;
    while (cdc_channels_next(c, &text)) {
        cdc_signal s;
        sl_arena a;
        sl_arena_init(&a, 2048);
        sl_error *err = cdc_signal_parse_object(text, &a, &s);
        bool ours = !err && s.kind >= CDC_SIGNAL_OPEN;
        err = settle(t, err || ours ? err : act(t, &s, &a));
        sl_arena_deinit(&a);
        SL_TRY(err);
    }
    return NULL;
}
