/*
 * standalone_ops.c - what requests ask of a worker of its own (ops.h). Connectors made here live in memory,
 * as Kafka Connect's do: a restart begins with those of the files again.
 */
#include "herder/ops.h"
#include "herder/state.h"

#include <stdio.h>

#include "base/log.h"
#include "config/build.h"

/* ---- views ---- */

static void fill_status(const sl__connector *c, sl__state state, const char *trace, const sl__tries *tries,
                        sl_arena *arena, sl__status_view *out) {
    sl_buf text;
    *out = (sl__status_view){.state = state,
                             .worker_id = c->herder->env.task.worker_id,
                             .trace = SL_STR_NONE,
                             .version = c->def && c->def->version ? sl_str_of(c->def->version) : SL_STR_NONE};
    if (state == SL_STATE_FAILED) {
        sl_buf_init(&text, arena);
        sl__trace_text(trace, tries, c, &text);
        out->trace = text.n ? sl_buf_take(&text) : SL_STR("");
    }
}

static void fill_view(sl__connector *c, sl_arena *arena, sl__connector_view *out) {
    *out = (sl__connector_view){
        .name = c->name,
        .raw = &c->raw,
        .def = c->def,
        .target = c->target,
        .ntasks = c->nslots,
        .has_status = c->state != SL_STATE_UNASSIGNED,
        .nstatuses = c->nslots,
        .impl = c,
    };
    fill_status(c, c->state, c->trace, &c->tries, arena, &out->status);
}

static void op_each(sl__herder *h, sl_arena *arena, sl__view_cb cb, void *arg) {
    for (sl__connector *c = h->first; c; c = c->next) {
        sl__connector_view v;
        if (!c->deleting) {
            fill_view(c, arena, &v);
            cb(arg, &v);
        }
    }
}

static sl__connector *find(const sl__herder *h, sl_str name) {
    sl__connector *c = sl__herder_find(h, name);
    return c && !c->deleting ? c : NULL;
}

static bool op_find(sl__herder *h, sl_str name, sl_arena *arena, sl__connector_view *out) {
    sl__connector *c = find(h, name);
    if (c) {
        fill_view(c, arena, out);
    }
    return c != NULL;
}

static void op_status_at(const sl__connector_view *v, size_t at, sl_arena *arena, int32_t *task,
                         sl__status_view *out) {
    const sl__connector *c = v->impl;
    const sl__slot *s = &c->slots[at];
    *task = s->number;
    fill_status(c, s->state, s->trace, &s->tries, arena, out);
}

static sl_error *op_task_config(const sl__connector_view *v, size_t task, sl_arena *arena, sl_config *out) {
    const sl__connector *c = v->impl;
    return sl__job_task_config(c->current, task, true, arena, out);
}

static void op_topics(sl__herder *h, sl_str name, sl__topic_cb cb, void *arg) {
    const sl__connector *c = find(h, name);
    sl_str topic;
    size_t at = 0;
    while (c && sl__map_next(&c->topics, &at, &topic, NULL)) {
        cb(arg, topic);
    }
}

static bool op_ready(sl__herder *h, const char **why) {
    *why = "starting the connectors";
    return h->ready_once || sl__herder_started(h);
}

/* ---- finding what is to be changed ---- */

static bool not_found(sl__herder *h, sl__call *c, const char *format, sl_str name) {
    char text[2048];
    snprintf(text, sizeof text, format, (int)(name.n < 1024 ? name.n : 1024), name.p);
    return sl__op_failed(h, c, 404, sl_error_new(SL_E_NOT_FOUND, SL_USER, "%s", text));
}

static bool is_over(sl__herder *h, sl__call *c) {
    if (h->stopping) {
        (void)sl__op_refused(h, c, 503, "the worker is stopping");
    }
    return h->stopping;
}

/* ---- configurations ---- */

static sl_error *add_connector(sl__herder *h, sl__call *c) {
    static const char *const states[] = {
        [SL_TARGET_RUN] = "RUNNING", [SL_TARGET_PAUSE] = "PAUSED", [SL_TARGET_STOP] = "STOPPED"};
    const sl__connector_config config = {
        .name = c->op.name, .raw = c->op.config, .initial_state = sl_str_of(states[c->op.target])};
    SL_TRY(sl__herder_add(h, &config));
    sl__connector *added = sl__herder_find(h, c->op.name);
    if (added->target != SL_TARGET_STOP) {
        sl__connector_prepare(added);
    }
    return NULL;
}

/* put_is_done ends the call once the connector's tasks are known. */
static bool put_is_done(sl__herder *h, sl__call *c) {
    const sl__connector *conn = find(h, c->op.name);
    if (!conn) {
        return not_found(h, c, "Connector %.*s not found", c->op.name);
    }
    if (!sl__connector_prepared(conn)) {
        return false;
    }
    const sl__op_end end = {.kind = SL_OP_DONE, .created = c->op.created};
    return sl__op_end_call(h, c, &end);
}

/* put_now does it, unless a connector of that name is still being deleted. */
static bool put_now(sl__herder *h, sl__call *c) {
    sl__connector *conn = sl__herder_find(h, c->op.name);
    if (is_over(h, c)) {
        return true;
    }
    if (conn && conn->deleting) {
        return false;
    }
    if (conn && !c->op.replace) {
        return sl__op_failed(
            h, c, 409,
            sl_error_new(SL_E_CONFLICT, SL_USER, "Connector %.*s already exists", SL_STR_ARG(c->op.name)));
    }
    c->op.created = !conn;
    sl_error *err = conn ? sl__connector_configure(conn, &c->op.config) : add_connector(h, c);
    if (err) {
        return sl__op_failed(h, c, 0, err);
    }
    c->check = put_is_done;
    return put_is_done(h, c);
}

static bool put_validated(sl__herder *h, sl__call *c, sl__job *job) {
    (void)job;
    c->check = put_now;
    return put_now(h, c);
}

static bool op_put_config(sl__herder *h, sl__call *c, sl_str name, const sl_config *config,
                          sl__task_target target, bool replace) {
    if (is_over(h, c)) {
        return true;
    }
    c->op.name = name;
    c->op.config = *config;
    c->op.target = target;
    c->op.replace = replace;
    return sl__op_validate(h, c, name, config, put_validated);
}

static bool op_patch_config(sl__herder *h, sl__call *c, sl_str name, const sl_config *patch,
                            sl_arena *arena) {
    sl_config config;
    const sl__connector *conn = find(h, name);
    if (!conn) {
        return not_found(h, c, "Connector %.*s not found", name);
    }
    sl_error *err = sl__config_patch(&conn->raw, patch, arena, &config);
    err = err ? err : sl__config_copy(arena, &config, &config);
    if (err) {
        return sl__op_failed(h, c, 0, err);
    }
    return op_put_config(h, c, name, &config, conn->target, true);
}

static bool delete_is_done(sl__herder *h, sl__call *c) {
    sl__connector *conn = c->work;
    if (!sl__connector_ended(conn)) {
        return false;
    }
    sl__herder_remove(h, conn);
    return sl__op_done(h, c);
}

static bool op_delete_config(sl__herder *h, sl__call *c, sl_str name) {
    sl__connector *conn = find(h, name);
    if (is_over(h, c)) {
        return true;
    }
    if (!conn) {
        return not_found(h, c, "Connector %.*s not found", name);
    }
    conn->deleting = true;
    sl__connector_set_target(conn, SL_TARGET_STOP);
    c->work = conn;
    c->check = delete_is_done;
    return delete_is_done(h, c);
}

/* ---- states ---- */

static bool stop_is_done(sl__herder *h, sl__call *c) {
    const sl__connector *conn = find(h, c->op.name);
    if (conn && conn->target == SL_TARGET_STOP && conn->state != SL_STATE_STOPPED) {
        return false;
    }
    return sl__op_done(h, c);
}

static bool op_set_target(sl__herder *h, sl__call *c, sl_str name, sl__task_target target) {
    sl__connector *conn = find(h, name);
    if (is_over(h, c)) {
        return true;
    }
    if (!conn) {
        return not_found(
            h, c, target == SL_TARGET_STOP ? "Connector %.*s not found" : "Unknown connector %.*s", name);
    }
    sl__connector_set_target(conn, target);
    if (target != SL_TARGET_STOP) {
        return sl__op_done(h, c);
    }
    c->op.name = name;
    c->check = stop_is_done;
    return stop_is_done(h, c);
}

static bool op_restart(sl__herder *h, sl__call *c, sl_str name, bool tasks, bool only_failed) {
    sl__connector *conn = find(h, name);
    if (is_over(h, c)) {
        return true;
    }
    if (!conn) {
        return not_found(h, c, tasks || only_failed ? "Unknown connector: %.*s" : "Connector %.*s not found",
                         name);
    }
    sl__connector_restart(conn, tasks, only_failed);
    return sl__op_done(h, c);
}

static bool op_restart_task(sl__herder *h, sl__call *c, sl_str name, int32_t task) {
    sl__connector *conn = find(h, name);
    if (is_over(h, c)) {
        return true;
    }
    if (!conn) {
        return not_found(h, c, "Connector %.*s not found", name);
    }
    if (!sl__connector_restart_task(conn, task)) {
        return sl__op_refused(h, c, 404, "Task %.*s-%d not found", SL_STR_ARG(name), task);
    }
    return sl__op_done(h, c);
}

/* ---- offsets ---- */

static bool op_offsets(sl__herder *h, sl__call *c, sl_str name, sl_arena *arena, sl__offset_item **items,
                       size_t *n) {
    sl__connector_view v;
    if (!op_find(h, name, arena, &v)) {
        return not_found(h, c, "Connector %.*s not found", name);
    }
    return sl__op_read_offsets(h, c, &v, arena, items, n);
}

static bool change_offsets(sl__herder *h, sl__call *c, sl_str name, const sl__offset_item *items, size_t n) {
    sl__connector *conn = find(h, name);
    sl__connector_view v;
    if (is_over(h, c)) {
        return true;
    }
    if (!conn) {
        return not_found(h, c, "Connector %.*s not found", name);
    }
    if (conn->target != SL_TARGET_STOP || conn->state != SL_STATE_STOPPED) {
        return sl__op_refused(h, c, 400, SL__OFFSETS_NOT_STOPPED, SL_STR_ARG(name));
    }
    v = (sl__connector_view){.name = conn->name, .raw = &conn->raw, .def = conn->def};
    return sl__op_change_offsets(h, c, &v, items, n);
}

static bool op_reset_offsets(sl__herder *h, sl__call *c, sl_str name) {
    return change_offsets(h, c, name, NULL, 0);
}

/* ---- topics and loggers ---- */

static bool op_reset_topics(sl__herder *h, sl__call *c, sl_str name) {
    sl__connector *conn = find(h, name);
    if (conn) {
        sl__map_deinit(&conn->topics);
        sl__map_init(&conn->topics, NULL);
        for (size_t i = 0; i < conn->nslots; i++) {
            if (conn->slots[i].task) {
                sl__task_forget_topics(conn->slots[i].task);
            }
        }
    }
    return sl__op_done(h, c);
}

/* op_set_logger: a worker of its own is the whole cluster. */
static bool op_set_logger(sl__herder *h, sl__call *c, sl_str name, int level) {
    if (!sl__log_set_level(name.p, level)) {
        return sl__op_failed(h, c, 503, sl_error_nomem());
    }
    return sl__op_done(h, c);
}

const sl__ops sl__standalone_ops = {
    .each = op_each,
    .find = op_find,
    .status_at = op_status_at,
    .task_config = op_task_config,
    .topics = op_topics,
    .ready = op_ready,
    .put_config = op_put_config,
    .patch_config = op_patch_config,
    .delete_config = op_delete_config,
    .set_target = op_set_target,
    .restart = op_restart,
    .restart_task = op_restart_task,
    .offsets = op_offsets,
    .alter_offsets = change_offsets,
    .reset_offsets = op_reset_offsets,
    .reset_topics = op_reset_topics,
    .set_logger = op_set_logger,
};
