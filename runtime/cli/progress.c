/*
 * progress.c - see progress.h.
 */
#include "cli/progress.h"

#include <string.h>

#include "base/clock.h"

#define OTHERS_MS 3000 /* another worker may not be reachable from here */

typedef enum figure {
    RUNNING,
    ROWS,
    EXPECTED,
    SECONDS,
    BEHIND,
    WRITTEN,
    TAKEN,
    LAG,
    FIGURES,
} figure;

static const char *const names[FIGURES] = {
    [RUNNING] = "debezium_metrics_SnapshotRunning",
    [ROWS] = "debezium_metrics_RowsScanned",
    [EXPECTED] = "sluice_cdc_snapshot_rows_expected",
    [SECONDS] = "debezium_metrics_SnapshotDurationInSeconds",
    [BEHIND] = "debezium_metrics_MilliSecondsBehindSource",
    [WRITTEN] = "kafka_connect_source_task_source_record_write_total",
    [TAKEN] = "kafka_connect_sink_task_sink_record_send_total",
    [LAG] = "kafka_connect_sink_task_sink_record_lag_max",
};

/* The figures of a task, or of all of a connector's together. */
typedef struct figures {
    double value[FIGURES];
    bool known[FIGURES];
} figures;

/* ---- reading ---- */

void sl__progress_init(sl__progress *p) {
    *p = (sl__progress){0};
    sl__map_init(&p->now, sl_free);
    sl__map_init(&p->before, sl_free);
    sl__map_init(&p->asked, NULL);
}

void sl__progress_deinit(sl__progress *p) {
    sl__map_deinit(&p->now);
    sl__map_deinit(&p->before);
    sl__map_deinit(&p->asked);
}

/* label_of reads connector="..." or task="..." at the start of *rest into b, without its escapes. */
static bool label_of(sl_str *rest, const char *label, sl_buf *b) {
    size_t n = strlen(label), i = n + 2;
    if (!sl_str_starts(*rest, sl_str_of(label)) || rest->n < i || rest->p[n] != '=' ||
        rest->p[n + 1] != '"') {
        return false;
    }
    for (; i < rest->n && rest->p[i] != '"'; i++) {
        bool escaped = rest->p[i] == '\\' && i + 1 < rest->n;
        i += escaped;
        sl_buf_add_char(b, escaped && rest->p[i] == 'n' ? '\n' : rest->p[i]);
    }
    bool closed = i < rest->n;
    *rest = sl_str_skip(*rest, i + 1);
    return closed;
}

/* key_of reads {connector="C",task="N"... as "N/C". */
static sl_str key_of(sl_str *rest, sl_arena *arena) {
    sl_buf connector, task;
    sl_buf_init(&connector, arena);
    sl_buf_init(&task, arena);
    *rest = sl_str_skip(*rest, 1);
    bool good = label_of(rest, "connector", &connector);
    *rest = sl_str_skip(*rest, 1);
    good = good && label_of(rest, "task", &task);
    sl_str name = sl_buf_view(&connector), number = sl_buf_view(&task);
    return good ? sl_arena_printf(arena, "%.*s/%.*s", SL_STR_ARG(number), SL_STR_ARG(name)) : SL_STR_NONE;
}

static void take_figure(sl__progress *p, figure f, sl_str rest, sl_arena *arena) {
    double value;
    sl_str key = key_of(&rest, arena);
    size_t end = sl_str_find(rest, '}');
    if (!key.p || end + 2 >= rest.n || !sl_str_to_f64(sl_str_skip(rest, end + 2), &value)) {
        return;
    }
    figures *x = sl__map_get(&p->now, key);
    if (!x) {
        x = sl_calloc(1, sizeof *x);
        if (!x || !sl__map_put(&p->now, key, x)) {
            sl_free(x);
            return;
        }
    }
    x->value[f] = value;
    x->known[f] = true;
}

static void take_text(sl__progress *p, sl_str text, sl_arena *arena) {
    sl_str line;
    while (sl_str_next(&text, '\n', &line)) {
        size_t n = sl_str_find(line, '{');
        for (int f = 0; n < line.n && f < FIGURES; f++) {
            if (sl_str_eqz(sl_str_make(line.p, n), names[f])) {
                take_figure(p, (figure)f, sl_str_skip(line, n), arena);
            }
        }
    }
}

static void ask(sl__progress *p, sl__client *c) {
    sl_str text;
    sl_error *err = sl__client_ask(c, "GET", SL_STR("/metrics"), SL_STR_NONE, &text);
    if (!err) {
        take_text(p, text, &c->arena);
    }
    sl_error_free(err); /* the states are shown; this is an extra */
}

void sl__progress_look(sl__progress *p, sl__client *c) {
    sl__map_deinit(&p->before);
    p->before = p->now;
    p->before_ms = p->now_ms;
    sl__map_init(&p->now, sl_free);
    sl__map_deinit(&p->asked);
    sl__map_init(&p->asked, NULL);
    p->now_ms = sl__now_ms();
    ask(p, c);
}

static sl_str task_key(const json_t *status, const json_t *task, sl_arena *arena) {
    return sl_arena_printf(arena, "%lld/%s", (long long)json_integer_value(json_object_get(task, "id")),
                           sl__client_text(status, "name"));
}

void sl__progress_add(sl__progress *p, sl__client *c, const json_t *status) {
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(status, "tasks"), i, task) {
        sl_str worker = sl_str_of(sl__client_text(task, "worker_id"));
        sl_str key = task_key(status, task, &c->arena);
        bool there = !key.p || sl__map_get(&p->now, key);
        if (there || !worker.n || sl__map_get(&p->asked, worker)) {
            continue;
        }
        sl__client other = *c;
        bool https = sl_str_starts(sl_str_trim(c->url), SL_STR("https:"));
        sl_arena_init(&other.arena, 0);
        other.url = sl_arena_printf(&other.arena, "http%s://%.*s", https ? "s" : "", SL_STR_ARG(worker));
        other.timeout_ms = OTHERS_MS;
        ask(p, &other);
        sl_arena_deinit(&other.arena);
        (void)sl__map_put(&p->asked, worker, p);
    }
}

/* ---- saying ---- */

/* sum_of adds a connector's tasks up. */
static void sum_of(const sl__map *m, const json_t *status, sl_arena *arena, figures *out) {
    size_t i;
    json_t *task;
    *out = (figures){.known = {false}};
    json_array_foreach(json_object_get(status, "tasks"), i, task) {
        sl_str key = task_key(status, task, arena);
        const figures *x = key.p ? sl__map_get(m, key) : NULL;
        for (int f = 0; x && f < FIGURES; f++) {
            out->value[f] += x->value[f];
            out->known[f] = out->known[f] || x->known[f];
        }
    }
}

/* rate_of gives how much a second a figure has grown since the look before; -1 = not known. */
static double rate_of(const sl__progress *p, const figures *now, const figures *before, figure f) {
    int64_t ms = p->now_ms - p->before_ms;
    bool known = now->known[f] && before->known[f] && ms > 0 && now->value[f] >= before->value[f];
    return known ? (now->value[f] - before->value[f]) * 1000 / (double)ms : -1;
}

static void add_time(sl_buf *b, double seconds) {
    long s = (long)(seconds + 0.5);
    if (s >= 3600) {
        sl_buf_printf(b, "%ld h %ld min", s / 3600, s % 3600 / 60);
    } else if (s >= 60) {
        sl_buf_printf(b, "%ld min %ld s", s / 60, s % 60);
    } else {
        sl_buf_printf(b, "%ld s", s);
    }
}

static void add_snapshot(sl_buf *b, const figures *x, double rate) {
    double rows = x->value[ROWS], all = x->value[EXPECTED];
    double overall = x->value[SECONDS] > 0 ? rows / x->value[SECONDS] : 0;
    rate = rate > 0 ? rate : overall;
    sl_buf_printf(b, "snapshot: %.0f of about %.0f rows", rows, all);
    if (all > 0) {
        sl_buf_printf(b, " (%.0f%%)", rows < all ? rows / all * 100 : 100.0);
    }
    if (rate > 0) {
        sl_buf_printf(b, ", %.0f rows/s", rate);
    }
    if (rate > 0 && all > rows) {
        sl_buf_add_z(b, ", about ");
        add_time(b, (all - rows) / rate);
        sl_buf_add_z(b, " left");
    }
}

static void add_records(sl_buf *b, double rate) {
    if (rate >= 0) {
        sl_buf_printf(b, "%s%.0f records/s", b->n ? ", " : "", rate);
    }
}

sl_str sl__progress_text(const sl__progress *p, const json_t *status, sl_arena *arena) {
    figures now, before;
    sl_buf b;
    sl_buf_init(&b, arena);
    sum_of(&p->now, status, arena, &now);
    sum_of(&p->before, status, arena, &before);
    if (now.value[RUNNING] > 0) {
        add_snapshot(&b, &now, rate_of(p, &now, &before, ROWS));
        return sl_buf_view(&b);
    }
    if (now.known[BEHIND] && now.value[BEHIND] >= 0) {
        sl_buf_printf(&b, "streaming: %.1f s behind the source at the last change", now.value[BEHIND] / 1000);
    } else if (now.known[LAG]) {
        sl_buf_printf(&b, "lag: %.0f record%s", now.value[LAG], now.value[LAG] == 1 ? "" : "s");
    }
    add_records(&b, rate_of(p, &now, &before, now.known[TAKEN] ? TAKEN : WRITTEN));
    return sl_buf_view(&b);
}
