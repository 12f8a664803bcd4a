/*
 * connectors.c - what can be read about connectors and their tasks.
 */
#include "rest/request.h"
#include "rest/shown.h"

/* find_connector gives the connector of the path, or answers that there is none. */
static bool find_connector(sl__herder *h, sl__request *r, sl__connector_view *v) {
    sl_str name = r->match.args[0];
    if (sl__herder_ops(h)->find(h, name, &r->arena, v) && v->raw) {
        return true;
    }
    (void)sl__answer_error(r, 404, "Connector %.*s not found", SL_STR_ARG(name));
    return false;
}

static const char *type_of(const sl__connector_view *v) {
    return !v->def ? "unknown" : v->def->kind == SL_KIND_SINK ? "sink" : "source";
}

/* ---- parts of answers ---- */

static void add_config(sl__request *r, const sl_plugin_def *def, const sl_config *config) {
    sl_buf_add_char(&r->out, '{');
    for (size_t i = 0; i < config->n; i++) {
        const sl_config_entry *e = &config->entries[i];
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        sl__json_text(&r->out, e->key);
        sl_buf_add_char(&r->out, ':');
        if (e->value.p) {
            sl__json_text(&r->out, sl__shown_value(def, e->key, e->value, &r->arena));
        } else {
            sl_buf_add_z(&r->out, "null");
        }
    }
    sl_buf_add_char(&r->out, '}');
}

static void add_task_id(sl__request *r, sl_str connector, size_t task) {
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "connector", connector);
    sl__json_member(&r->out, "task");
    sl_buf_add_i64(&r->out, (int64_t)task);
    sl_buf_add_char(&r->out, '}');
}

void sl__rest_add_info(sl__request *r, const sl__connector_view *v) {
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "name", v->name);
    sl__json_member(&r->out, "config");
    add_config(r, v->def, v->raw);
    sl__json_member(&r->out, "tasks");
    sl_buf_add_char(&r->out, '[');
    for (size_t i = 0; i < v->ntasks; i++) {
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        add_task_id(r, v->name, i);
    }
    sl_buf_add_char(&r->out, ']');
    sl__json_text_member(&r->out, "type", sl_str_of(type_of(v)));
    sl_buf_add_char(&r->out, '}');
}

/* add_state adds the members that connectors and tasks share. */
static void add_state(sl__request *r, const sl__status_view *s, bool task) {
    bool restarts = r->restarting && (!task || r->call.op.tasks) &&
                    (!r->call.op.only_failed || s->state == SL_STATE_FAILED);
    sl__json_text_member(&r->out, "state",
                         sl_str_of(sl__state_name(restarts ? SL_STATE_RESTARTING : s->state)));
    sl__json_text_member(&r->out, "worker_id", s->worker_id);
    if (s->version.p) {
        sl__json_text_member(&r->out, "version", s->version);
    }
    if (s->trace.p) {
        sl__json_text_member(&r->out, "trace", s->trace);
    }
}

static void add_task_status(sl__request *r, int32_t task, const sl__status_view *s) {
    sl_buf_add_char(&r->out, '{');
    sl__json_member(&r->out, "id");
    sl_buf_add_i64(&r->out, task);
    add_state(r, s, true);
    sl_buf_add_char(&r->out, '}');
}

void sl__rest_add_status(sl__herder *h, sl__request *r, const sl__connector_view *v) {
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "name", v->name);
    sl__json_member(&r->out, "connector");
    sl_buf_add_char(&r->out, '{');
    add_state(r, &v->status, false);
    sl_buf_add_char(&r->out, '}');
    sl__json_member(&r->out, "tasks");
    sl_buf_add_char(&r->out, '[');
    for (size_t i = 0; i < v->nstatuses; i++) {
        sl__status_view s;
        int32_t task;
        sl__herder_ops(h)->status_at(v, i, &r->arena, &task, &s);
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        add_task_status(r, task, &s);
    }
    sl_buf_add_char(&r->out, ']');
    sl__json_text_member(&r->out, "type", sl_str_of(type_of(v)));
    sl_buf_add_char(&r->out, '}');
}

/* ---- lists ---- */

static bool expands(const sl__request *r, const char *what) {
    for (size_t i = 0; i < r->nparams; i++) {
        if (sl_str_eqz(r->params[i].name, "expand") && sl_str_eqz(r->params[i].value, what)) {
            return true;
        }
    }
    return false;
}

typedef struct listing {
    sl__herder *h;
    sl__request *r;
    bool expanded, status, info;
} listing;

static void add_listed(void *arg, const sl__connector_view *v) {
    listing *l = arg;
    sl_buf *b = &l->r->out;
    if (b->n > 1) {
        sl_buf_add_char(b, ',');
    }
    sl__json_text(b, v->name);
    if (!l->expanded) {
        return;
    }
    sl_buf_add_z(b, ":{");
    if (l->status) {
        sl__json_member(b, "status");
        sl__rest_add_status(l->h, l->r, v);
    }
    if (l->info) {
        sl__json_member(b, "info");
        sl__rest_add_info(l->r, v);
    }
    sl_buf_add_char(b, '}');
}

bool sl__rest_connectors(sl__herder *h, sl__request *r) {
    listing l = {.h = h,
                 .r = r,
                 .expanded = sl__request_param(r, "expand").p != NULL,
                 .status = expands(r, "status"),
                 .info = expands(r, "info")};
    sl_buf_add_char(&r->out, l.expanded ? '{' : '[');
    sl__herder_ops(h)->each(h, &r->arena, add_listed, &l);
    sl_buf_add_char(&r->out, l.expanded ? '}' : ']');
    return sl__answer_json(r, 200);
}

/* ---- one connector ---- */

bool sl__rest_connector(sl__herder *h, sl__request *r) {
    sl__connector_view v;
    if (!find_connector(h, r, &v)) {
        return true;
    }
    sl__rest_add_info(r, &v);
    return sl__answer_json(r, 200);
}

bool sl__rest_connector_config(sl__herder *h, sl__request *r) {
    sl__connector_view v;
    if (!find_connector(h, r, &v)) {
        return true;
    }
    add_config(r, v.def, v.raw);
    return sl__answer_json(r, 200);
}

bool sl__rest_connector_status(sl__herder *h, sl__request *r) {
    sl__connector_view v;
    if (!sl__herder_ops(h)->find(h, r->match.args[0], &r->arena, &v) || !v.has_status) {
        return sl__answer_error(r, 404, "No status found for connector %.*s", SL_STR_ARG(r->match.args[0]));
    }
    sl__rest_add_status(h, r, &v);
    return sl__answer_json(r, 200);
}

static sl_error *add_task_config(sl__herder *h, sl__request *r, const sl__connector_view *v, size_t task) {
    sl_config config;
    SL_TRY(sl__herder_ops(h)->task_config(v, task, &r->arena, &config));
    sl_buf_add_z(&r->out, "{\"id\":");
    add_task_id(r, v->name, task);
    sl__json_member(&r->out, "config");
    add_config(r, v->def, &config);
    sl_buf_add_char(&r->out, '}');
    return NULL;
}

bool sl__rest_tasks(sl__herder *h, sl__request *r) {
    sl__connector_view v;
    if (!find_connector(h, r, &v)) {
        return true;
    }
    sl_buf_add_char(&r->out, '[');
    for (size_t i = 0; i < v.ntasks; i++) {
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        sl_error *err = add_task_config(h, r, &v, i);
        if (err) {
            return sl__answer_failure(r, err);
        }
    }
    sl_buf_add_char(&r->out, ']');
    return sl__answer_json(r, 200);
}

bool sl__rest_task_status(sl__herder *h, sl__request *r) {
    sl__connector_view v;
    int32_t wanted = sl__request_task(r), task;
    if (wanted < 0) {
        return sl__answer_error(r, 404, "HTTP 404 Not Found");
    }
    bool found = sl__herder_ops(h)->find(h, r->match.args[0], &r->arena, &v);
    for (size_t i = 0; found && i < v.nstatuses; i++) {
        sl__status_view s;
        sl__herder_ops(h)->status_at(&v, i, &r->arena, &task, &s);
        if (task == wanted) {
            add_task_status(r, task, &s);
            return sl__answer_json(r, 200);
        }
    }
    return sl__answer_error(r, 404, "No status found for task %.*s-%d", SL_STR_ARG(r->match.args[0]), wanted);
}

/* ---- topics ---- */

static bool tracked(const sl__herder *h, sl__request *r) {
    if (!sl__herder_env_of(h)->task.worker->topic_tracking) {
        (void)sl__answer_error(r, 403, "Topic tracking is disabled.");
        return false;
    }
    return true;
}

static void add_topic(void *arg, sl_str topic) {
    sl__request *r = arg;
    if (r->out.n && r->out.p[r->out.n - 1] != '[') {
        sl_buf_add_char(&r->out, ',');
    }
    sl__json_text(&r->out, topic);
}

bool sl__rest_topics(sl__herder *h, sl__request *r) {
    if (!tracked(h, r)) {
        return true;
    }
    sl_buf_add_char(&r->out, '{');
    sl__json_text(&r->out, r->match.args[0]);
    sl_buf_add_z(&r->out, ":{\"topics\":[");
    sl__herder_ops(h)->topics(h, r->match.args[0], add_topic, r);
    sl_buf_add_z(&r->out, "]}}");
    return sl__answer_json(r, 200);
}

bool sl__rest_reset_topics(sl__herder *h, sl__request *r) {
    if (!tracked(h, r)) {
        return true;
    }
    if (!sl__herder_env_of(h)->task.worker->topic_tracking_reset) {
        return sl__answer_error(r, 403, "Topic tracking reset is disabled.");
    }
    r->success = 202;
    return sl__herder_ops(h)->reset_topics(h, &r->call, r->match.args[0]);
}
