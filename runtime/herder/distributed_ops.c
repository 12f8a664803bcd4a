/*
 * distributed_ops.c - what requests ask of a worker of a cluster (ops.h): answered from its own copy of the
 * topics; changes are made by the leader.
 *
 * A change is written, read back, and then answered. While nobody leads it waits.
 */
#include "herder/fencing.h"

#include <stdio.h>

#include "base/log.h"
#include "config/build.h"
#include "herder/job.h"

#define COMPONENT "cluster"

typedef bool (*op_run)(sl__herder *h, sl__call *c);

/* ---- views ---- */

static const sl__config_state *state_of(const sl__herder *h) {
    return sl__config_topic_state(h->dist->config);
}

static sl__task_target target_of(sl__target t) {
    return t == SL_TARGET_STOPPED ? SL_TARGET_STOP : t == SL_TARGET_PAUSED ? SL_TARGET_PAUSE : SL_TARGET_RUN;
}

static const sl_plugin_def *def_of(const sl__herder *h, const sl_config *config, sl_arena *arena) {
    sl_str why;
    return config ? sl__catalog_find_connector(h->env.catalog,
                                               sl_str_trim(sl_config_get(config, SL_STR("connector.class"))),
                                               arena, &why)
                  : NULL;
}

static sl__state shown_state(sl__status_state s) {
    static const sl__state states[] = {
        [SL_STATUS_UNASSIGNED] = SL_STATE_UNASSIGNED, [SL_STATUS_RUNNING] = SL_STATE_RUNNING,
        [SL_STATUS_PAUSED] = SL_STATE_PAUSED,         [SL_STATUS_FAILED] = SL_STATE_FAILED,
        [SL_STATUS_DESTROYED] = SL_STATE_UNASSIGNED,  [SL_STATUS_RESTARTING] = SL_STATE_RESTARTING,
        [SL_STATUS_STOPPED] = SL_STATE_STOPPED,
    };
    return states[s];
}

static void fill_status(const sl__status *s, const sl_plugin_def *def, sl__status_view *out) {
    *out = (sl__status_view){.state = shown_state(s->state),
                             .worker_id = s->worker_id,
                             .trace = s->trace,
                             .version = def && def->version ? sl_str_of(def->version) : SL_STR_NONE};
}

/* What a view keeps: the herder, and the statuses of its tasks. */
typedef struct shown {
    sl__herder *h;
    sl__status *statuses;
    int32_t *tasks;
    size_t n, cap, tasks_cap;
    sl_arena *arena;
} shown;

static void add_task(void *arg, int32_t task, const sl__status *s) {
    shown *v = arg;
    sl__status *statuses = sl_arena_grow(v->arena, v->statuses, v->n, &v->cap, sizeof *statuses);
    v->statuses = statuses ? statuses : v->statuses;
    int32_t *tasks = sl_arena_grow(v->arena, v->tasks, v->n, &v->tasks_cap, sizeof *tasks);
    v->tasks = tasks ? tasks : v->tasks;
    if (!statuses || !tasks) {
        return;
    }
    v->statuses[v->n] = *s;
    v->statuses[v->n].trace = sl_arena_str(v->arena, s->trace);
    v->statuses[v->n].worker_id = sl_arena_str(v->arena, s->worker_id);
    v->tasks[v->n++] = task;
}

/* fill_view gives what is known of a connector; false: nothing. st NULL = it has no configuration. */
static bool fill_view(sl__herder *h, sl_str name, const sl__stored_connector *st, sl_arena *arena,
                      sl__connector_view *out) {
    sl__status s;
    shown *v = sl_arena_zalloc(arena, sizeof *v);
    if (!v) {
        return false;
    }
    *v = (shown){.h = h, .arena = arena};
    sl__status_topic_tasks(h->dist->status, name, add_task, v);
    *out = (sl__connector_view){.name = sl_arena_str(arena, name), .nstatuses = v->n, .impl = v};
    if (st) {
        out->raw = st->config;
        out->target = target_of(st->target);
        out->ntasks = (size_t)st->ntasks;
        out->def = def_of(h, st->config, arena);
    }
    out->has_status = sl__status_topic_get(h->dist->status, name, SL_STATUS_CONNECTOR, arena, &s);
    if (out->has_status) {
        fill_status(&s, out->def, &out->status);
    }
    return st || out->has_status || v->n;
}

typedef struct each {
    sl__herder *h;
    sl_arena *arena;
    sl__view_cb cb;
    void *arg;
} each;

static void each_connector(void *arg, const sl__stored_connector *st) {
    each *e = arg;
    sl__connector_view v;
    if (fill_view(e->h, st->name, st, e->arena, &v)) {
        e->cb(e->arg, &v);
    }
}

static void op_each(sl__herder *h, sl_arena *arena, sl__view_cb cb, void *arg) {
    each e = {h, arena, cb, arg};
    sl_error_free(sl__config_state_each(state_of(h), each_connector, &e));
}

static bool op_find(sl__herder *h, sl_str name, sl_arena *arena, sl__connector_view *out) {
    sl__stored_connector st;
    bool there = sl__config_state_get(state_of(h), name, &st);
    return fill_view(h, name, there ? &st : NULL, arena, out);
}

static void op_status_at(const sl__connector_view *v, size_t at, sl_arena *arena, int32_t *task,
                         sl__status_view *out) {
    const shown *s = v->impl;
    (void)arena;
    *task = s->tasks[at];
    fill_status(&s->statuses[at], v->def, out);
}

static sl_error *op_task_config(const sl__connector_view *v, size_t task, sl_arena *arena, sl_config *out) {
    const shown *s = v->impl;
    sl__stored_connector st;
    if (!sl__config_state_get(state_of(s->h), v->name, &st) || task >= (size_t)st.ntasks) {
        *out = (sl_config){NULL, 0};
        return NULL;
    }
    return sl__config_copy(arena, st.tasks[task], out);
}

typedef struct topics {
    sl__topic_cb cb;
    void *arg;
} topics;

static void each_topic(void *arg, const sl__topic_status *s) {
    const topics *t = arg;
    t->cb(t->arg, s->topic);
}

static void op_topics(sl__herder *h, sl_str name, sl__topic_cb cb, void *arg) {
    topics t = {cb, arg};
    sl__status_topic_topics(h->dist->status, name, each_topic, &t);
}

/* op_ready: a worker is ready once the leader has told it what to run, if only nothing; a record that says
 * who leads may be an old one. */
static bool op_ready(sl__herder *h, const char **why) {
    const sl__dist *d = h->dist;
    *why = !d->read              ? "reading the config topic"
           : !d->member          ? "joining the group"
           : !sl__units_known(d) ? "waiting for the leader to say what this worker is to run"
                                 : "";
    return !**why;
}

static sl_str op_leader(sl__herder *h) {
    const sl__dist *d = h->dist;
    const sl__worker *leader =
        d->workers.leader ? sl__workers_find(&d->workers, sl_str_of(d->workers.leader)) : NULL;
    return leader && leader->url ? sl_str_of(leader->url) : SL_STR_NONE;
}

static void op_session_key(sl__herder *h, sl__session_key *out) {
    *out = sl__config_state_session_key(state_of(h));
}

static bool op_verifies(sl__herder *h, sl_str algorithm) {
    return sl__worker_group_verifies(h->dist->spec->group, algorithm);
}

/* ---- who may ---- */

static bool not_found(sl__herder *h, sl__call *c, const char *format, sl_str name) {
    char text[2048];
    snprintf(text, sizeof text, format, (int)(name.n < 1024 ? name.n : 1024), name.p);
    return sl__op_failed(h, c, 404, sl_error_new(SL_E_NOT_FOUND, SL_USER, "%s", text));
}

/* elsewhere tells whether the operation is not to be done here now: it has been forwarded or refused
 * (*ended), or waits and is tried again. */
static bool elsewhere(sl__herder *h, sl__call *c, op_run again, bool *ended) {
    const sl__dist *d = h->dist;
    *ended = true;
    if (h->stopping) {
        (void)sl__op_refused(h, c, 503, "the worker is stopping");
        return true;
    }
    if (d->lead == SL_LEAD_READY && sl__lease_holds(&d->lease)) {
        return false;
    }
    bool known = d->read && d->member && d->workers.leader && !sl_str_eqz(d->id, d->workers.leader);
    sl_str url = known ? op_leader(h) : SL_STR_NONE;
    if (url.p && !d->view.owner) {
        *ended = sl__op_forward(h, c, url);
        return true;
    }
    c->check = again;
    *ended = false;
    return true;
}

/* ---- writing ---- */

/* done_or_again ends an operation whose records were written; a leader that was deposed tries again, which
 * forwards. */
static void done_or_again(sl__dist *d, sl__dist_write *w, const sl_error *err) {
    sl__call *c = w->call;
    if (!c) {
        return;
    }
    if (err && err->code == SL_E_CONFLICT && c->op.again) {
        c->check = c->op.again;
        return;
    }
    if (err) {
        (void)sl__op_failed(d->h, c, 503, sl_error_new(err->code, err->cls, "%s", err->message));
        return;
    }
    const sl__op_end end = {.kind = SL_OP_DONE, .created = c->op.created};
    (void)sl__op_end_call(d->h, c, &end);
}

/* begin makes a write for a call; NULL: answered. */
static sl__dist_write *begin(sl__herder *h, sl__call *c, op_run again) {
    sl__dist_write *w = sl__dist_write_new(h->dist, c, done_or_again);
    c->check = NULL;
    c->op.again = again;
    if (!w) {
        (void)sl__op_failed(h, c, 503, sl_error_nomem());
    }
    return w;
}

static bool send(sl__dist_write *w) {
    sl__dist_write_send(w);
    return false;
}

/* ---- configurations ---- */

static bool put_now(sl__herder *h, sl__call *c) {
    sl__stored_connector st;
    bool ended;
    if (elsewhere(h, c, put_now, &ended)) {
        return ended;
    }
    bool there = sl__config_state_get(state_of(h), c->op.name, &st);
    if (there && !c->op.replace) {
        return sl__op_failed(
            h, c, 409,
            sl_error_new(SL_E_CONFLICT, SL_USER, "Connector %.*s already exists", SL_STR_ARG(c->op.name)));
    }
    sl__dist_write *w = begin(h, c, put_now);
    if (!w) {
        return true;
    }
    c->op.created = !there;
    if (!there) {
        sl__config_record *t = sl__dist_write_add(w, SL_CR_TARGET, c->op.name);
        if (t) {
            t->target = c->op.target == SL_TARGET_STOP    ? SL_TARGET_STOPPED
                        : c->op.target == SL_TARGET_PAUSE ? SL_TARGET_PAUSED
                                                          : SL_TARGET_STARTED;
        }
    }
    sl__config_record *r = sl__dist_write_add(w, SL_CR_CONNECTOR, c->op.name);
    if (r) {
        r->config = c->op.config;
    }
    return send(w);
}

static bool put_validated(sl__herder *h, sl__call *c, sl__job *job) {
    (void)job;
    return put_now(h, c);
}

static bool put_begin(sl__herder *h, sl__call *c) {
    bool ended;
    if (elsewhere(h, c, put_begin, &ended)) {
        return ended;
    }
    c->check = NULL;
    return sl__op_validate(h, c, c->op.name, &c->op.config, put_validated);
}

static bool op_put_config(sl__herder *h, sl__call *c, sl_str name, const sl_config *config,
                          sl__task_target target, bool replace) {
    c->op.name = name;
    c->op.config = *config;
    c->op.target = target;
    c->op.replace = replace;
    return put_begin(h, c);
}

static bool patch_begin(sl__herder *h, sl__call *c) {
    sl__stored_connector st;
    sl_config config;
    bool ended;
    if (elsewhere(h, c, patch_begin, &ended)) {
        return ended;
    }
    if (!sl__config_state_get(state_of(h), c->op.name, &st)) {
        return not_found(h, c, "Connector %.*s not found", c->op.name);
    }
    sl_error *err = sl__config_patch(st.config, &c->op.config, c->op.arena, &config);
    err = err ? err : sl__config_copy(c->op.arena, &config, &config);
    if (err) {
        return sl__op_failed(h, c, 0, err);
    }
    return op_put_config(h, c, c->op.name, &config, target_of(st.target), true);
}

static bool op_patch_config(sl__herder *h, sl__call *c, sl_str name, const sl_config *patch,
                            sl_arena *arena) {
    c->op.name = name;
    c->op.config = *patch;
    c->op.arena = arena;
    return patch_begin(h, c);
}

/* ---- deleting ---- */

typedef struct gone_topics {
    sl__dist *d;
    sl_arena arena;
    sl_str *names;
    size_t n, cap;
} gone_topics;

static void collect_topic(void *arg, const sl__topic_status *s) {
    gone_topics *g = arg;
    sl_str *names = sl_grow(g->names, g->n, &g->cap, sizeof *names);
    if (names) {
        g->names = names;
        names[g->n++] = sl_arena_str(&g->arena, s->topic);
    }
}

static void delete_topics(sl__dist *d, sl_str name) {
    gone_topics g = {.d = d};
    sl_arena_init(&g.arena, 0);
    sl__status_topic_topics(d->status, name, collect_topic, &g);
    for (size_t i = 0; i < g.n; i++) {
        sl_error *err = sl__status_topic_delete_topic(d->status, name, g.names[i]);
        if (err) {
            sl__log(SL_LOG_WARN, COMPONENT, "a topic of %.*s stays in the status topic: %s", SL_STR_ARG(name),
                    err->message);
            sl_error_free(err);
        }
    }
    sl_free(g.names);
    sl_arena_deinit(&g.arena);
}

/* still_there tells whether any worker still has, or may still run, something of a connector. */
static bool still_there(const sl__dist *d, sl_str name) {
    for (const sl__worker *w = d->workers.first; w; w = w->next) {
        const sl__units *sets[] = {&w->given, &w->still};
        for (size_t s = 0; s < 2; s++) {
            size_t at = 0;
            sl_str n;
            int32_t task;
            while (sl__units_next(sets[s], &at, &n, &task)) {
                if (sl_str_eq(n, name) && (task >= 0 || s == 1)) {
                    return true;
                }
            }
        }
        if (w->live && w->given_member && w->done < w->generation) {
            return true;
        }
    }
    return false;
}

static void deleted(sl__dist *d, sl__dist_write *w, const sl_error *err) {
    if (!err) {
        sl_str name = w->records[0].name;
        sl__connector_view v;
        sl_arena arena;
        sl_arena_init(&arena, 0);
        if (fill_view(d->h, name, NULL, &arena, &v)) {
            const shown *s = v.impl;
            for (size_t i = 0; i < s->n; i++) {
                sl__dist_status(d, name, s->tasks[i], SL_STATUS_DESTROYED, SL_STR_NONE, false);
            }
            sl__dist_status(d, name, SL_STATUS_CONNECTOR, SL_STATUS_DESTROYED, SL_STR_NONE, false);
        }
        sl_arena_deinit(&arena);
        delete_topics(d, name);
    }
    done_or_again(d, w, err);
}

static void add_removed(sl__dist_write *w, sl__config_kind kind, sl_str name) {
    sl__config_record *r = sl__dist_write_add(w, kind, name);
    if (r) {
        r->removed = true;
    }
}

static bool delete_now(sl__herder *h, sl__call *c) {
    sl__stored_connector st;
    bool ended;
    if (elsewhere(h, c, delete_now, &ended)) {
        return ended;
    }
    if (!sl__config_state_get(state_of(h), c->op.name, &st)) {
        return not_found(h, c, "Connector %.*s not found", c->op.name);
    }
    sl__dist_write *w = begin(h, c, delete_now);
    if (!w) {
        return true;
    }
    w->after = deleted;
    add_removed(w, SL_CR_CONNECTOR, c->op.name);
    add_removed(w, SL_CR_TARGET, c->op.name);
    static const char *const ours[] = {"reset-topics", "fence"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        sl_str own = sl_arena_printf(&w->arena, "%s-%.*s", ours[i], SL_STR_ARG(c->op.name));
        if (sl__config_state_own(state_of(h), own).p) {
            add_removed(w, SL_CR_OWN, own);
        }
    }
    return send(w);
}

static bool op_delete_config(sl__herder *h, sl__call *c, sl_str name) {
    c->op.name = name;
    return delete_now(h, c);
}

/* ---- states ---- */

/* target_now: a stopped connector has no tasks, as in Kafka Connect. */
static bool target_now(sl__herder *h, sl__call *c) {
    sl__stored_connector st;
    bool ended;
    if (elsewhere(h, c, target_now, &ended)) {
        return ended;
    }
    bool stop = c->op.target == SL_TARGET_STOP;
    if (!sl__config_state_get(state_of(h), c->op.name, &st)) {
        return not_found(h, c, stop ? "Connector %.*s not found" : "Unknown connector %.*s", c->op.name);
    }
    sl__dist_write *w = begin(h, c, target_now);
    if (!w) {
        return true;
    }
    if (stop && st.committed) {
        (void)sl__dist_write_add(w, SL_CR_COMMIT, c->op.name); /* of 0 tasks */
    }
    sl__config_record *r = sl__dist_write_add(w, SL_CR_TARGET, c->op.name);
    if (r) {
        r->target = stop                              ? SL_TARGET_STOPPED
                    : c->op.target == SL_TARGET_PAUSE ? SL_TARGET_PAUSED
                                                      : SL_TARGET_STARTED;
    }
    return send(w);
}

static bool op_set_target(sl__herder *h, sl__call *c, sl_str name, sl__task_target target) {
    c->op.name = name;
    c->op.target = target;
    return target_now(h, c);
}

static bool restart_now(sl__herder *h, sl__call *c) {
    sl__stored_connector st;
    bool ended;
    if (elsewhere(h, c, restart_now, &ended)) {
        return ended;
    }
    if (!sl__config_state_get(state_of(h), c->op.name, &st)) {
        return not_found(
            h, c, c->op.tasks || c->op.only_failed ? "Unknown connector: %.*s" : "Connector %.*s not found",
            c->op.name);
    }
    sl__dist_write *w = begin(h, c, restart_now);
    if (!w) {
        return true;
    }
    sl__config_record *r = sl__dist_write_add(w, SL_CR_RESTART, c->op.name);
    if (r) {
        r->restart.include_tasks = c->op.tasks;
        r->restart.only_failed = c->op.only_failed;
    }
    return send(w);
}

static bool op_restart(sl__herder *h, sl__call *c, sl_str name, bool tasks, bool only_failed) {
    c->op.name = name;
    c->op.tasks = tasks;
    c->op.only_failed = only_failed;
    return restart_now(h, c);
}

/* restart_task_now: whoever runs the task does it. */
static bool restart_task_now(sl__herder *h, sl__call *c) {
    sl__dist *d = h->dist;
    sl__stored_connector st;
    c->check = NULL;
    if (h->stopping) {
        return sl__op_refused(h, c, 503, "the worker is stopping");
    }
    if (!sl__config_state_get(state_of(h), c->op.name, &st)) {
        return not_found(h, c, "Connector %.*s not found", c->op.name);
    }
    if (c->op.task < 0 || c->op.task >= st.ntasks) {
        return sl__op_refused(h, c, 404, "Task %.*s-%d not found", SL_STR_ARG(c->op.name), c->op.task);
    }
    sl__connector *conn = sl__herder_find(h, c->op.name);
    if (conn && sl__units_runs(conn, c->op.task) && sl__connector_restart_task(conn, c->op.task)) {
        return sl__op_done(h, c);
    }
    for (const sl__worker *w = d->workers.first; w; w = w->next) {
        if (w->url && !sl_str_eqz(d->id, w->id) && sl__units_has(&w->given, c->op.name, c->op.task)) {
            return sl__op_forward(h, c, sl_str_of(w->url));
        }
    }
    c->check = restart_task_now;
    return false;
}

static bool op_restart_task(sl__herder *h, sl__call *c, sl_str name, int32_t task) {
    c->op.name = name;
    c->op.task = task;
    return restart_task_now(h, c);
}

/* ---- fencing ---- */

/* fenced tells whether earlier tasks of a source are fenced. If not, the call has ended (*ended), or waits
 * and is tried again. */
static bool fenced(sl__herder *h, sl__call *c, const sl__stored_connector *st, op_run again, bool *ended) {
    sl_arena arena;
    *ended = false;
    if (!st->needs_fencing) {
        return true;
    }
    c->op.fence_ms = c->op.fence_ms ? c->op.fence_ms : sl__wall_ms();
    sl_arena_init(&arena, 256);
    sl_str why = sl__fence_failure(h->dist, st->name, c->op.fence_ms, &arena);
    if (why.p) {
        *ended = sl__op_refused(h, c, 500, "Failed to perform zombie fencing: %.*s", SL_STR_ARG(why));
    } else {
        sl__fence_begin(h->dist, st);
        c->check = again;
    }
    sl_arena_deinit(&arena);
    return false;
}

/* fence_now does what another worker asks of its leader. */
static bool fence_now(sl__herder *h, sl__call *c) {
    sl__stored_connector st;
    sl_arena arena;
    bool ended;
    if (elsewhere(h, c, fence_now, &ended)) {
        return ended;
    }
    if (!sl__config_state_get(state_of(h), c->op.name, &st)) {
        return not_found(h, c, "Connector %.*s not found", c->op.name);
    }
    sl_arena_init(&arena, 0);
    const sl_plugin_def *def = def_of(h, st.config, &arena);
    sl_arena_deinit(&arena);
    if (!def || def->kind != SL_KIND_SOURCE) {
        return sl__op_refused(h, c, 400, "Connector %.*s is not a source connector", SL_STR_ARG(c->op.name));
    }
    return fenced(h, c, &st, fence_now, &ended) ? sl__op_done(h, c) : ended;
}

static bool op_fence(sl__herder *h, sl__call *c, sl_str name) {
    c->op.name = name;
    return fence_now(h, c);
}

/* ---- offsets ---- */

static bool op_offsets(sl__herder *h, sl__call *c, sl_str name, sl_arena *arena, sl__offset_item **items,
                       size_t *n) {
    sl__connector_view v;
    if (!op_find(h, name, arena, &v) || !v.raw) {
        return not_found(h, c, "Connector %.*s not found", name);
    }
    return sl__op_read_offsets(h, c, &v, arena, items, n);
}

static bool offsets_now(sl__herder *h, sl__call *c) {
    sl__stored_connector st;
    sl__connector_view v;
    sl_arena arena;
    bool ended;
    if (elsewhere(h, c, offsets_now, &ended)) {
        return ended;
    }
    if (!sl__config_state_get(state_of(h), c->op.name, &st)) {
        return not_found(h, c, "Connector %.*s not found", c->op.name);
    }
    if (st.target != SL_TARGET_STOPPED) {
        return sl__op_refused(h, c, 400, SL__OFFSETS_NOT_STOPPED, SL_STR_ARG(c->op.name));
    }
    if (st.ntasks > 0 || still_there(h->dist, c->op.name)) {
        c->check = offsets_now; /* its tasks are being stopped */
        return false;
    }
    sl_arena_init(&arena, 0);
    v = (sl__connector_view){.name = c->op.name, .raw = st.config, .def = def_of(h, st.config, &arena)};
    bool source = v.def && v.def->kind == SL_KIND_SOURCE, over = false;
    if (!source || !h->env.task.exactly_once || fenced(h, c, &st, offsets_now, &over)) {
        c->check = NULL;
        over = sl__op_change_offsets(h, c, &v, c->op.items, c->op.n);
    }
    sl_arena_deinit(&arena);
    return over;
}

static bool op_alter_offsets(sl__herder *h, sl__call *c, sl_str name, const sl__offset_item *items,
                             size_t n) {
    c->op.name = name;
    c->op.items = items;
    c->op.n = n;
    return offsets_now(h, c);
}

static bool op_reset_offsets(sl__herder *h, sl__call *c, sl_str name) {
    return op_alter_offsets(h, c, name, NULL, 0);
}

/* ---- topics and loggers ---- */

static bool reset_topics_now(sl__herder *h, sl__call *c) {
    bool ended;
    if (elsewhere(h, c, reset_topics_now, &ended)) {
        return ended;
    }
    sl__dist_write *w = begin(h, c, reset_topics_now);
    if (!w) {
        return true;
    }
    delete_topics(h->dist, c->op.name);
    sl_str name = sl_arena_printf(&w->arena, "reset-topics-%.*s", SL_STR_ARG(c->op.name));
    sl__config_record *r = sl__dist_write_add(w, SL_CR_OWN, name);
    if (r) {
        r->json = sl_arena_printf(&w->arena, "{\"at\":%lld}", (long long)sl__wall_ms());
    }
    return send(w);
}

static bool op_reset_topics(sl__herder *h, sl__call *c, sl_str name) {
    c->op.name = name;
    return reset_topics_now(h, c);
}

static void op_topic_used(sl__herder *h, const sl__connector *c, int32_t task, sl_str topic) {
    sl__dist *d = h->dist;
    if (!h->env.task.worker->topic_tracking || sl__status_topic_has_topic(d->status, c->name, topic) ||
        !sl__lease_holds(&d->lease)) {
        return;
    }
    const sl__topic_status s = {
        .topic = topic, .connector = c->name, .task = task, .discovered_ms = sl__wall_ms()};
    sl_error_free(sl__status_topic_put_topic(d->status, &s));
}

/* ---- catching up ---- */

typedef struct catching_up {
    sl__log_wait wait; /* first */
    sl__message message;
    sl__herder *h;
    sl__call *call; /* NULL: its time is over */
    sl_error *err;  /* what was to be written before was not */
} catching_up;

static void free_catching_up(catching_up *u) {
    sl_error_free(u->err);
    sl_free(u);
}

static void handle_caught_up(sl__herder *h, sl__message *m) {
    catching_up *u = (catching_up *)((char *)m - offsetof(catching_up, message));
    sl__dist_drain(h->dist);
    if (u->call) {
        sl_error *err = u->err;
        u->err = NULL;
        (void)(err ? sl__op_failed(h, u->call, 503, err) : sl__op_done(h, u->call));
    }
    free_catching_up(u);
}

static void caught_up(sl__log_wait *w, const sl_error *err) {
    catching_up *u = (catching_up *)w;
    (void)err; /* what was changed was changed */
    if (!sl__inbox_post(&u->h->inbox, &u->message)) {
        free_catching_up(u); /* the herder has ended, and has answered all calls */
    }
}

static void forget_catching_up(sl__call *c) {
    catching_up *u = c->work;
    u->call = NULL;
}

/* begin_catching_up makes it; NULL = out of memory. */
static catching_up *begin_catching_up(sl__herder *h, sl__call *c) {
    catching_up *u = sl_calloc(1, sizeof *u);
    if (u) {
        u->wait.done = caught_up;
        u->message.handle = handle_caught_up;
        u->h = h;
        u->call = c;
        c->work = u;
        c->cancel = forget_catching_up;
    }
    return u;
}

static bool op_catch_up(sl__herder *h, sl__call *c) {
    catching_up *u = begin_catching_up(h, c);
    if (!u) {
        return sl__op_done(h, c);
    }
    sl__config_topic_end(h->dist->config, &u->wait);
    return false;
}

/* ---- loggers ---- */

static void level_written(void *arg, const sl_error *err) {
    catching_up *u = arg;
    u->err = err ? sl_error_new(err->code, err->cls, "%s", err->message) : NULL;
    sl__config_topic_end(u->h->dist->config, &u->wait);
}

/* op_set_logger: a level is written by whoever is asked, as in Kafka Connect; the leader need not serve the
 * administration routes where others could ask it. */
static bool op_set_logger(sl__herder *h, sl__call *c, sl_str name, int level) {
    const sl__config_record r = {
        .kind = SL_CR_LOGGER, .name = name, .level = sl_str_of(sl__log_level_name(level))};
    if (h->stopping) {
        return sl__op_refused(h, c, 503, "the worker is stopping");
    }
    catching_up *u = begin_catching_up(h, c);
    sl_error *err = u ? sl__config_topic_put(h->dist->config, &r, level_written, u) : sl_error_nomem();
    if (err) {
        sl_free(u);
        return sl__op_failed(h, c, 503, err);
    }
    return false;
}

/* ---- what workers ask of their leader ---- */

/* op_put_tasks takes the configurations that a connector has made. */
static bool tasks_now(sl__herder *h, sl__call *c) {
    sl__stored_connector st;
    bool ended;
    if (elsewhere(h, c, tasks_now, &ended)) {
        return ended;
    }
    if (!sl__config_state_get(state_of(h), c->op.name, &st)) {
        return not_found(h, c, "Connector %.*s not found", c->op.name);
    }
    sl__dist_write *w = begin(h, c, tasks_now);
    if (!w) {
        return true;
    }
    sl__dist_add_tasks(w, c->op.name, c->op.configs, c->op.n);
    return send(w);
}

static bool op_put_tasks(sl__herder *h, sl__call *c, sl_str name, const sl_config *configs, size_t n) {
    c->op.name = name;
    c->op.n = n;
    c->op.configs = configs;
    return tasks_now(h, c);
}

const sl__ops sl__distributed_ops = {
    .each = op_each,
    .find = op_find,
    .status_at = op_status_at,
    .task_config = op_task_config,
    .topics = op_topics,
    .ready = op_ready,
    .leader = op_leader,
    .session_key = op_session_key,
    .verifies = op_verifies,
    .put_config = op_put_config,
    .patch_config = op_patch_config,
    .delete_config = op_delete_config,
    .set_target = op_set_target,
    .restart = op_restart,
    .restart_task = op_restart_task,
    .offsets = op_offsets,
    .alter_offsets = op_alter_offsets,
    .reset_offsets = op_reset_offsets,
    .reset_topics = op_reset_topics,
    .set_logger = op_set_logger,
    .catch_up = op_catch_up,
    .topic_used = op_topic_used,
    .put_tasks = op_put_tasks,
    .fence = op_fence,
};
