/*
 * metrics.c - GET /metrics: Prometheus's text format 0.0.4, names and texts from base/metric_table.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric_table.h"
#include "base/metrics.h"
#include "rest/request.h"

/* ---- lines ---- */

/* add_label appends a label's value with its quotes. */
static void add_label(sl_buf *b, sl_str value) {
    sl_buf_add_char(b, '"');
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\\' || value.p[i] == '"') {
            sl_buf_add_char(b, '\\');
            sl_buf_add_char(b, value.p[i]);
        } else if (value.p[i] == '\n') {
            sl_buf_add_z(b, "\\n");
        } else {
            sl_buf_add_char(b, value.p[i]);
        }
    }
    sl_buf_add_char(b, '"');
}

static void add_head(sl_buf *b, const char *shown) {
    const sl__metric_row *row = sl__metric_row_shown(shown);
    if (!row) {
        sl_buf_printf(b, "# TYPE %s untyped\n", shown);
        return;
    }
    sl_buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", shown, row->doc, shown,
                  row->kind == SL_METRIC_COUNTER ? "counter" : "gauge");
}

/* add_labels appends {connector="...",task="...",more}. */
static void add_labels(sl_buf *b, sl_str connector, int32_t task, const char *more) {
    if (!connector.n && !more) {
        return;
    }
    sl_buf_add_char(b, '{');
    if (connector.n) {
        sl_buf_add_z(b, "connector=");
        add_label(b, connector);
    }
    if (task >= 0) {
        sl_buf_printf(b, ",task=\"%d\"", task);
    }
    if (more) {
        sl_buf_printf(b, "%s%s", connector.n ? "," : "", more);
    }
    sl_buf_add_char(b, '}');
}

static void add_number(sl_buf *b, const char *shown, long long value) {
    add_head(b, shown);
    sl_buf_printf(b, "%s %lld\n", shown, value);
}

/* ---- what was counted ---- */

typedef struct metric_list {
    sl_buf *b;
    const char *last; /* the name whose head stands above */
} metric_list;

static void add_metric(void *arg, const sl__metric *m, int64_t value) {
    metric_list *l = arg;
    const sl__metric_row *row = sl__metric_row_of(m->name);
    char own[128];
    snprintf(own, sizeof own, "sluice_%s", m->name);
    const char *shown = row ? row->shown : own;
    if (!l->last || strcmp(l->last, m->name) != 0) {
        add_head(l->b, shown);
        l->last = m->name;
    }
    sl_buf_add_z(l->b, shown);
    add_labels(l->b, sl_str_of(m->connector), m->task, row ? row->labels : NULL);
    sl_buf_printf(l->b, " %lld\n", (long long)value);
}

/* ---- states ---- */

enum { STATES = SL_STATE_RESTARTING + 1 };

typedef struct census {
    sl__herder *h;
    sl__request *r;
    sl_buf *connectors, *tasks; /* lines of each */
    size_t by_connector[STATES], by_task[STATES];
    size_t here, tasks_here;
} census;

static void add_status(sl_buf *b, const char *shown, sl_str connector, int32_t task, sl__state state) {
    char label[64];
    size_t n = (size_t)snprintf(label, sizeof label, "status=\"%s\"", sl__state_name(state));
    for (size_t i = sizeof "status=\"" - 1; i < n; i++) {
        label[i] = label[i] >= 'A' && label[i] <= 'Z' ? (char)(label[i] | 0x20) : label[i];
    }
    sl_buf_add_z(b, shown);
    add_labels(b, connector, task, label);
    sl_buf_add_z(b, " 1\n");
}

static bool runs_here(const census *c, const sl__status_view *s) {
    return sl_str_eq(s->worker_id, sl__herder_env_of(c->h)->task.worker_id) &&
           s->state != SL_STATE_UNASSIGNED;
}

static void count_connector(void *arg, const sl__connector_view *v) {
    census *c = arg;
    if (v->has_status) {
        c->by_connector[v->status.state]++;
        c->here += runs_here(c, &v->status);
        add_status(c->connectors, "kafka_connect_connector_status", v->name, -1, v->status.state);
    }
    for (size_t i = 0; i < v->nstatuses; i++) {
        sl__status_view s;
        int32_t task;
        sl__herder_ops(c->h)->status_at(v, i, &c->r->arena, &task, &s);
        c->by_task[s.state]++;
        c->tasks_here += runs_here(c, &s);
        add_status(c->tasks, "kafka_connect_connector_task_status", v->name, task, s.state);
    }
}

static void add_counts(sl_buf *b, const char *shown, const size_t *counts) {
    add_head(b, shown);
    for (int s = 0; s < STATES; s++) {
        sl_buf_printf(b, "%s{state=\"%s\"} %zu\n", shown, sl__state_name((sl__state)s), counts[s]);
    }
}

static void add_lines(sl_buf *b, const char *shown, const sl_buf *lines) {
    if (lines->n) {
        add_head(b, shown);
        sl_buf_add_str(b, sl_buf_view(lines));
    }
}

static void add_states(sl__herder *h, sl__request *r) {
    sl_buf connectors, tasks;
    census c = {.h = h, .r = r, .connectors = &connectors, .tasks = &tasks};
    sl_buf_init(&connectors, NULL);
    sl_buf_init(&tasks, NULL);
    sl__herder_ops(h)->each(h, &r->arena, count_connector, &c);
    add_counts(&r->out, "sluice_connectors", c.by_connector);
    add_counts(&r->out, "sluice_tasks", c.by_task);
    add_number(&r->out, "kafka_connect_worker_connector_count", (long long)c.here);
    add_number(&r->out, "kafka_connect_worker_task_count", (long long)c.tasks_here);
    add_lines(&r->out, "kafka_connect_connector_status", &connectors);
    add_lines(&r->out, "kafka_connect_connector_task_status", &tasks);
    r->out.failed = r->out.failed || connectors.failed || tasks.failed;
    sl_buf_deinit(&connectors);
    sl_buf_deinit(&tasks);
}

/* ---- the cluster ---- */

/* add_named appends NAME{label="value"} 1. */
static void add_named(sl_buf *b, const char *shown, const char *label, sl_str value) {
    add_head(b, shown);
    sl_buf_printf(b, "%s{%s=", shown, label);
    add_label(b, value);
    sl_buf_add_z(b, "} 1\n");
}

static void add_cluster(sl_buf *b, sl__herder *h) {
    const sl__ops *ops = sl__herder_ops(h);
    if (!ops->leader) {
        return;
    }
    sl_str leader = ops->leader(h);
    leader = sl_str_skip(leader, leader.n ? sl_str_find_str(leader, SL_STR("://")) + 3 : 0);
    add_named(b, "kafka_connect_worker_rebalance_leader_name", "leader_name",
              sl_str_make(leader.p, sl_str_find(leader, '/')));
    add_named(b, "kafka_connect_worker_rebalance_connect_protocol", "connect_protocol", SL_STR("sluice"));
    sl__metric *last = sl__metric_get("last_rebalance_ms", SL_STR_NONE, -1);
    int64_t at = sl__metric_value(last);
    sl__metric_release(last);
    add_number(b, "kafka_connect_worker_rebalance_time_since_last_rebalance_ms",
               at ? (long long)(sl__wall_ms() - at) : 0);
}

/* ---- the process ---- */

static void add_pool(sl_buf *b, sl__herder *h) {
    sl__sched_stats stats;
    sl__sched_stats_get(sl__herder_env_of(h)->task.sched, &stats);
    add_number(b, "sluice_pool_threads", stats.threads);
    add_number(b, "sluice_pool_threads_busy", stats.busy);
    add_number(b, "sluice_pool_queued", stats.queued);
    add_number(b, "sluice_pool_steps_total", (long long)stats.steps);
}

/* resident_pages reads the second number of /proc/self/statm, -1 = not known. */
static int64_t resident_pages(void) {
    char line[128];
    int64_t pages = -1;
    sl_str rest, token;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fgets(line, sizeof line, f)) {
        rest = sl_str_of(line);
        bool second = sl_str_next(&rest, ' ', &token);
        second = second && sl_str_next(&rest, ' ', &token);
        if (!second || !sl_str_to_i64(token, &pages)) {
            pages = -1;
        }
    }
    if (f) {
        fclose(f);
    }
    return pages;
}

static void add_process(sl_buf *b) {
    struct rusage u;
    int64_t pages = resident_pages();
    if (pages >= 0) {
        add_number(b, "process_resident_memory_bytes", (long long)pages * sysconf(_SC_PAGESIZE));
    }
    if (getrusage(RUSAGE_SELF, &u) == 0) {
        add_head(b, "process_cpu_seconds_total");
        sl_buf_printf(b, "process_cpu_seconds_total %.6f\n",
                      (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                          (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    }
}

bool sl__rest_metrics(sl__herder *h, sl__request *r) {
    metric_list l = {.b = &r->out};
    add_head(&r->out, "sluice_info");
    sl_buf_printf(&r->out, "sluice_info{version=\"%s\"} 1\n", SL_VERSION);
    add_process(&r->out);
    add_pool(&r->out, h);
    add_states(h, r);
    add_cluster(&r->out, h);
    sl__metrics_each(add_metric, &l);
    (void)sl__answer_json(r, 200);
    r->content_type = r->status == 200 ? "text/plain; version=0.0.4; charset=utf-8" : r->content_type;
    return true;
}
