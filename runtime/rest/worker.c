/*
 * worker.c - /, /health, /admin/loggers and /metrics: about the worker itself.
 */
#include "rest/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "config/json.h"

bool sl__rest_root(sl__herder *h, sl__request *r) {
    sl_str id = sl__cluster_id(sl__herder_env_of(h)->cluster);
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "version", SL_STR(SL_VERSION));
    sl__json_text_member(&r->out, "commit", SL_STR("sluice"));
    sl__json_text_member(&r->out, "kafka_cluster_id", id);
    sl_buf_add_char(&r->out, '}');
    return sl__answer_json(r, 200);
}

bool sl__rest_health(sl__herder *h, sl__request *r) {
    bool ready = sl__herder_started(h) && !sl__herder_stopping(h);
    const char *message = ready ? "Worker has completed startup and is ready to handle requests."
                          : sl__herder_stopping(h) ? "Worker is stopping."
                                                   : "Worker is still starting up.";
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "status",
                         sl_str_of(ready                    ? "healthy"
                                   : sl__herder_stopping(h) ? "stopping"
                                                            : "starting"));
    sl__json_text_member(&r->out, "message", sl_str_of(message));
    sl_buf_add_char(&r->out, '}');
    return sl__answer_json(r, ready ? 200 : 503);
}

/* ---- loggers ---- */

static void add_level(sl_buf *b, int level, int64_t changed_ms) {
    sl_buf_add_char(b, '{');
    sl__json_text_member(b, "level", sl_str_of(sl__log_level_name(level)));
    sl__json_member(b, "last_modified");
    if (changed_ms) {
        sl_buf_add_i64(b, changed_ms);
    } else {
        sl_buf_add_z(b, "null");
    }
    sl_buf_add_char(b, '}');
}

static void each_level(void *arg, const char *component, int level, int64_t changed_ms) {
    sl__request *r = arg;
    sl__json_member(&r->out, component);
    add_level(&r->out, level, changed_ms);
}

bool sl__rest_loggers(sl__herder *h, sl__request *r) {
    (void)h;
    sl_buf_add_char(&r->out, '{');
    sl__log_each_level(each_level, r);
    sl_buf_add_char(&r->out, '}');
    return sl__answer_json(r, 200);
}

typedef struct one_level {
    sl_str name;
    int64_t changed_ms;
} one_level;

static void pick_level(void *arg, const char *component, int level, int64_t changed_ms) {
    one_level *one = arg;
    (void)level;
    if (sl_str_eqz(one->name, component)) {
        one->changed_ms = changed_ms;
    }
}

bool sl__rest_logger(sl__herder *h, sl__request *r) {
    one_level one = {.name = r->match.args[0]};
    (void)h;
    sl__log_each_level(pick_level, &one);
    add_level(&r->out, sl__log_level_of(one.name.p), one.changed_ms);
    return sl__answer_json(r, 200);
}

/* set_on_worker sets a level here, and answers with the names of those that follow it. */
static bool set_on_worker(sl__request *r, sl_str name, int level) {
    if (!sl__log_set_level(name.p, level)) {
        return sl__answer_error(r, 503, "out of memory");
    }
    sl_buf_add_char(&r->out, '[');
    sl__json_text(&r->out, name);
    sl_buf_add_char(&r->out, ']');
    return sl__answer_json(r, 200);
}

bool sl__rest_set_logger(sl__herder *h, sl__request *r) {
    sl_config given;
    sl_str scope = sl__request_param(r, "scope");
    sl_error *err = sl__json_map(r->body, SL_STR("the request's body"), &r->arena, &given);
    if (err) {
        return sl__answer_failure(r, err);
    }
    sl_str level = sl_config_get(&given, SL_STR("level"));
    if (!level.p) {
        return sl__answer_error(r, 400, "Desired 'level' parameter was not specified in request.");
    }
    int wanted = sl__log_level_parse(level);
    if (wanted < 0) {
        return sl__answer_error(r, 404, "invalid log level '%.*s'.", SL_STR_ARG(level));
    }
    if (scope.n && sl_str_eq_nocase(scope, SL_STR("cluster"))) {
        r->success = 204;
        return sl__herder_ops(h)->set_logger(h, &r->call, r->match.args[0], wanted);
    }
    if (scope.n && !sl_str_eq_nocase(scope, SL_STR("worker"))) {
        sl__log(SL_LOG_WARN, "rest", "scope=%.*s is neither worker nor cluster, worker is taken",
                SL_STR_ARG(scope));
    }
    return set_on_worker(r, r->match.args[0], wanted);
}

/* ---- metrics: the Prometheus text format 0.0.4 ---- */

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

typedef struct metric_list {
    sl_buf *b;
    const char *last; /* the name above which the TYPE line stands */
} metric_list;

static void add_metric(void *arg, const sl__metric *m, int64_t value) {
    metric_list *l = arg;
    if (!l->last || strcmp(l->last, m->name) != 0) {
        sl_buf_printf(l->b, "# TYPE sluice_%s untyped\n", m->name);
        l->last = m->name;
    }
    sl_buf_printf(l->b, "sluice_%s", m->name);
    if (m->connector[0]) {
        sl_buf_add_z(l->b, "{connector=");
        add_label(l->b, sl_str_of(m->connector));
        if (m->task >= 0) {
            sl_buf_printf(l->b, ",task=\"%d\"", m->task);
        }
        sl_buf_add_char(l->b, '}');
    }
    sl_buf_printf(l->b, " %lld\n", (long long)value);
}

static void add_states(sl_buf *b, const char *name, const size_t *counts) {
    sl_buf_printf(b, "# TYPE sluice_%s gauge\n", name);
    for (int s = SL_STATE_UNASSIGNED; s <= SL_STATE_RESTARTING; s++) {
        sl_buf_printf(b, "sluice_%s{state=\"%s\"} %zu\n", name, sl__state_name((sl__state)s), counts[s]);
    }
}

static void add_herder(sl_buf *b, sl__herder *h) {
    size_t connectors[SL_STATE_RESTARTING + 1] = {0}, tasks[SL_STATE_RESTARTING + 1] = {0};
    sl__sched_stats stats;
    for (const sl__connector *c = sl__herder_first(h); c; c = sl__connector_next(c)) {
        connectors[c->state]++;
        for (size_t i = 0; i < c->nslots; i++) {
            tasks[c->slots[i].state]++;
        }
    }
    add_states(b, "connectors", connectors);
    add_states(b, "tasks", tasks);
    sl__sched_stats_get(sl__herder_env_of(h)->task.sched, &stats);
    sl_buf_printf(b, "# TYPE sluice_pool_threads gauge\nsluice_pool_threads %u\n", stats.threads);
    sl_buf_printf(b, "# TYPE sluice_pool_threads_busy gauge\nsluice_pool_threads_busy %u\n", stats.busy);
    sl_buf_printf(b, "# TYPE sluice_pool_queued gauge\nsluice_pool_queued %u\n", stats.queued);
    sl_buf_printf(b, "# TYPE sluice_pool_steps_total counter\nsluice_pool_steps_total %llu\n",
                  (unsigned long long)stats.steps);
}

/* resident_bytes gives the second number of statm, in bytes; 0 when it cannot be read. */
static long long resident_bytes(void) {
    char text[128];
    char *end = text;
    FILE *f = fopen("/proc/self/statm", "re");
    bool there = f && fgets(text, sizeof text, f);
    if (f) {
        fclose(f);
    }
    if (!there) {
        return 0;
    }
    (void)strtoull(text, &end, 10);
    return (long long)strtoull(end, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void add_process(sl_buf *b) {
    struct rusage u;
    long long resident = resident_bytes();
    if (resident) {
        sl_buf_printf(b, "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %lld\n",
                      resident);
    }
    if (getrusage(RUSAGE_SELF, &u) == 0) {
        sl_buf_printf(b, "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.6f\n",
                      (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                          (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    }
}

bool sl__rest_metrics(sl__herder *h, sl__request *r) {
    metric_list l = {.b = &r->out};
    sl_buf_printf(&r->out, "# TYPE sluice_info gauge\nsluice_info{version=\"%s\"} 1\n", SL_VERSION);
    add_process(&r->out);
    add_herder(&r->out, h);
    sl__metrics_each(add_metric, &l);
    (void)sl__answer_json(r, 200);
    r->content_type = r->status == 200 ? "text/plain; version=0.0.4; charset=utf-8" : r->content_type;
    return true;
}
