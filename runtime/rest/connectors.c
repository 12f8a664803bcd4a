/*
 * connectors.c - /connectors and what is below it.
 */
#include "rest/request.h"
#include "rest/shown.h"
#include "store/offset_json.h"

static bool unknown(sl__request *r, const char *fmt) {
    return sl__answer_error(r, 404, "%s %.*s not found", fmt, SL_STR_ARG(r->match.args[0]));
}

/* find_connector gives the connector of the path, or answers that there is none. */
static sl__connector *find_connector(sl__herder *h, sl__request *r) {
    sl__connector *c = sl__herder_find(h, r->match.args[0]);
    if (!c) {
        (void)unknown(r, "Connector");
    }
    return c;
}

/* find_to_change does the same for what changes something, which is over once the worker stops. */
static sl__connector *find_to_change(sl__herder *h, sl__request *r) {
    if (sl__herder_stopping(h)) {
        (void)sl__answer_error(r, 503, "the worker is stopping");
        return NULL;
    }
    return find_connector(h, r);
}

static const char *type_of(const sl__connector *c) {
    return !c->def ? "unknown" : c->def->kind == SL_KIND_SINK ? "sink" : "source";
}

/* ---- parts of answers ---- */

static void add_config(sl__request *r, const sl__connector *c) {
    sl_buf_add_char(&r->out, '{');
    for (size_t i = 0; i < c->raw.n; i++) {
        const sl_config_entry *e = &c->raw.entries[i];
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        sl__json_text(&r->out, e->key);
        sl_buf_add_char(&r->out, ':');
        if (e->value.p) {
            sl__json_text(&r->out, sl__shown_value(c->def, e->key, e->value, &r->arena));
        } else {
            sl_buf_add_z(&r->out, "null");
        }
    }
    sl_buf_add_char(&r->out, '}');
}

static void add_task_id(sl__request *r, const sl__connector *c, size_t task) {
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "connector", c->name);
    sl__json_member(&r->out, "task");
    sl_buf_add_i64(&r->out, (int64_t)task);
    sl_buf_add_char(&r->out, '}');
}

static void add_info(sl__request *r, const sl__connector *c) {
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "name", c->name);
    sl__json_member(&r->out, "config");
    add_config(r, c);
    sl__json_member(&r->out, "tasks");
    sl_buf_add_char(&r->out, '[');
    for (size_t i = 0; i < c->nslots; i++) {
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        add_task_id(r, c, i);
    }
    sl_buf_add_char(&r->out, ']');
    sl__json_text_member(&r->out, "type", sl_str_of(type_of(c)));
    sl_buf_add_char(&r->out, '}');
}

/* add_state adds the members that connectors and tasks share. */
static void add_state(sl__request *r, const sl__connector *c, sl__state state, const char *trace,
                      const sl__tries *t) {
    sl_buf text;
    sl__json_text_member(&r->out, "state", sl_str_of(sl__state_name(state)));
    sl__json_text_member(&r->out, "worker_id", sl__herder_env_of(c->herder)->task.worker_id);
    if (c->def && c->def->version) {
        sl__json_text_member(&r->out, "version", sl_str_of(c->def->version));
    }
    if (state == SL_STATE_FAILED) {
        sl_buf_init(&text, NULL);
        sl__trace_text(trace, t, c, &text);
        sl__json_text_member(&r->out, "trace", text.n ? sl_buf_view(&text) : SL_STR(""));
        sl_buf_deinit(&text);
    }
}

static void add_task_status(sl__request *r, const sl__slot *s) {
    sl_buf_add_char(&r->out, '{');
    sl__json_member(&r->out, "id");
    sl_buf_add_i64(&r->out, s->number);
    add_state(r, s->connector, s->state, s->trace, &s->tries);
    sl_buf_add_char(&r->out, '}');
}

static void add_status(sl__request *r, const sl__connector *c) {
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "name", c->name);
    sl__json_member(&r->out, "connector");
    sl_buf_add_char(&r->out, '{');
    add_state(r, c, c->state, c->trace, &c->tries);
    sl_buf_add_char(&r->out, '}');
    sl__json_member(&r->out, "tasks");
    sl_buf_add_char(&r->out, '[');
    for (size_t i = 0; i < c->nslots; i++) {
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        add_task_status(r, &c->slots[i]);
    }
    sl_buf_add_char(&r->out, ']');
    sl__json_text_member(&r->out, "type", sl_str_of(type_of(c)));
    sl_buf_add_char(&r->out, '}');
}

/* ---- reading ---- */

static bool expands(const sl__request *r, const char *what) {
    for (size_t i = 0; i < r->nparams; i++) {
        if (sl_str_eqz(r->params[i].name, "expand") && sl_str_eqz(r->params[i].value, what)) {
            return true;
        }
    }
    return false;
}

static void add_expanded(sl__request *r, const sl__connector *c) {
    sl__json_text(&r->out, c->name);
    sl_buf_add_z(&r->out, ":{");
    if (expands(r, "status")) {
        sl__json_member(&r->out, "status");
        add_status(r, c);
    }
    if (expands(r, "info")) {
        sl__json_member(&r->out, "info");
        add_info(r, c);
    }
    sl_buf_add_char(&r->out, '}');
}

bool sl__rest_connectors(sl__herder *h, sl__request *r) {
    bool expanded = sl__request_param(r, "expand").p != NULL;
    const char *comma = "";
    sl_buf_add_char(&r->out, expanded ? '{' : '[');
    for (const sl__connector *c = sl__herder_first(h); c; c = sl__connector_next(c)) {
        sl_buf_add_z(&r->out, comma);
        comma = ",";
        if (expanded) {
            add_expanded(r, c);
        } else {
            sl__json_text(&r->out, c->name);
        }
    }
    sl_buf_add_char(&r->out, expanded ? '}' : ']');
    return sl__answer_json(r, 200);
}

bool sl__rest_connector(sl__herder *h, sl__request *r) {
    const sl__connector *c = find_connector(h, r);
    if (!c) {
        return true;
    }
    add_info(r, c);
    return sl__answer_json(r, 200);
}

bool sl__rest_connector_config(sl__herder *h, sl__request *r) {
    const sl__connector *c = find_connector(h, r);
    if (!c) {
        return true;
    }
    add_config(r, c);
    return sl__answer_json(r, 200);
}

bool sl__rest_connector_status(sl__herder *h, sl__request *r) {
    const sl__connector *c = sl__herder_find(h, r->match.args[0]);
    if (!c) {
        return sl__answer_error(r, 404, "No status found for connector %.*s", SL_STR_ARG(r->match.args[0]));
    }
    add_status(r, c);
    return sl__answer_json(r, 200);
}

static void add_task_config(sl__request *r, const sl__connector *c, size_t task) {
    const sl_config *config = &c->current->configs[task];
    sl_buf_add_z(&r->out, "{\"id\":");
    add_task_id(r, c, task);
    sl__json_member(&r->out, "config");
    sl_buf_add_char(&r->out, '{');
    for (size_t i = 0; i < config->n; i++) {
        const sl_config_entry *e = &config->entries[i];
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        sl__json_text(&r->out, e->key);
        sl_buf_add_char(&r->out, ':');
        sl_str shown = sl__shown_task(c, e, &r->arena);
        if (shown.p) {
            sl__json_text(&r->out, shown);
        } else {
            sl_buf_add_z(&r->out, "null");
        }
    }
    sl_buf_add_z(&r->out, "}}");
}

bool sl__rest_tasks(sl__herder *h, sl__request *r) {
    const sl__connector *c = find_connector(h, r);
    if (!c) {
        return true;
    }
    sl_buf_add_char(&r->out, '[');
    for (size_t i = 0; i < c->nslots; i++) {
        if (i) {
            sl_buf_add_char(&r->out, ',');
        }
        add_task_config(r, c, i);
    }
    sl_buf_add_char(&r->out, ']');
    return sl__answer_json(r, 200);
}

/* task_number reads the path's task; -1 = no number that a task can have. */
static int32_t task_number(const sl__request *r) {
    int64_t n;
    return sl_str_to_i64(r->match.args[1], &n) && n >= 0 && n <= INT32_MAX ? (int32_t)n : -1;
}

static bool no_task(sl__request *r) {
    return sl__answer_error(r, 404, "Task %.*s-%.*s not found", SL_STR_ARG(r->match.args[0]),
                            SL_STR_ARG(r->match.args[1]));
}

bool sl__rest_task_status(sl__herder *h, sl__request *r) {
    const sl__connector *c = sl__herder_find(h, r->match.args[0]);
    int32_t task = task_number(r);
    if (!c || task < 0 || (size_t)task >= c->nslots) {
        return sl__answer_error(r, 404, "No status found for task %.*s-%.*s", SL_STR_ARG(r->match.args[0]),
                                SL_STR_ARG(r->match.args[1]));
    }
    add_task_status(r, &c->slots[task]);
    return sl__answer_json(r, 200);
}

typedef struct offset_list {
    sl__request *r;
    sl_error *err;
    bool any;
} offset_list;

static void add_offset(void *arg, const sl_value *partition, const sl_value *offset) {
    offset_list *l = arg;
    sl_buf *b = &l->r->out;
    sl_buf_add_z(b, l->any ? ",{\"partition\":" : "{\"partition\":");
    l->any = true;
    l->err = l->err ? l->err : sl__offset_json_write(partition, false, b);
    sl_buf_add_z(b, ",\"offset\":");
    l->err = l->err ? l->err : sl__offset_json_write(offset, false, b);
    sl_buf_add_char(b, '}');
}

bool sl__rest_connector_offsets(sl__herder *h, sl__request *r) {
    const sl__connector *c = find_connector(h, r);
    if (!c) {
        return true;
    }
    if (c->def && c->def->kind == SL_KIND_SINK) {
        return sl__answer_error(
            r, 501, "the offsets of a sink are those of consumer group connect-%.*s; ask Kafka for them",
            SL_STR_ARG(c->name));
    }
    offset_list l = {.r = r};
    sl_buf_add_z(&r->out, "{\"offsets\":[");
    sl_error *err = sl__offsets_each(sl__herder_env_of(h)->task.offsets, c->name, add_offset, &l);
    sl_buf_add_z(&r->out, "]}");
    if (err || l.err) {
        sl_error_free(err ? l.err : NULL);
        return sl__answer_failure(r, err ? err : l.err);
    }
    return sl__answer_json(r, 200);
}

/* ---- changing ---- */

static bool change_target(sl__herder *h, sl__request *r, sl__task_target target, int status) {
    sl__connector *c = find_to_change(h, r);
    if (!c) {
        return true;
    }
    sl__connector_set_target(c, target);
    return sl__answer_empty(r, status);
}

bool sl__rest_pause(sl__herder *h, sl__request *r) {
    return change_target(h, r, SL_TARGET_PAUSE, 202);
}

bool sl__rest_resume(sl__herder *h, sl__request *r) {
    return change_target(h, r, SL_TARGET_RUN, 202);
}

bool sl__rest_stop(sl__herder *h, sl__request *r) {
    return change_target(h, r, SL_TARGET_STOP, 204);
}

/* flag reads a boolean query parameter; false when it is neither true nor false, and answers that. */
static bool flag(sl__request *r, const char *name, bool *value) {
    sl_str text = sl__request_param(r, name);
    *value = false;
    if (text.p && !sl_str_to_bool(text, value)) {
        (void)sl__answer_error(r, 400, "expected true or false in the parameter %s", name);
        return false;
    }
    return true;
}

bool sl__rest_restart(sl__herder *h, sl__request *r) {
    bool tasks, only_failed;
    sl__connector *c = find_to_change(h, r);
    if (!c || !flag(r, "includeTasks", &tasks) || !flag(r, "onlyFailed", &only_failed)) {
        return true;
    }
    if (c->target == SL_TARGET_STOP) {
        return sl__answer_error(r, 409, "connector %.*s is stopped; resume it instead", SL_STR_ARG(c->name));
    }
    sl__connector_restart(c, tasks, only_failed);
    if (!tasks && !only_failed) {
        return sl__answer_empty(r, 204);
    }
    add_status(r, c);
    return sl__answer_json(r, 202);
}

bool sl__rest_restart_task(sl__herder *h, sl__request *r) {
    sl__connector *c = find_to_change(h, r);
    if (!c) {
        return true;
    }
    return sl__connector_restart_task(c, task_number(r)) ? sl__answer_empty(r, 204) : no_task(r);
}
