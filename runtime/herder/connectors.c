/*
 * connectors.c - one connector: prepared, its tasks started, paused, stopped, configured anew.
 *
 * Each event changes a fact (the target, a finished preparation, an ended task) and calls advance, which
 * compares what is with what is wanted and does the next thing.
 */
#include "herder/state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

#define COMPONENT "herder"

const char *sl__state_name(sl__state s) {
    static const char *const names[] = {
        [SL_STATE_UNASSIGNED] = "UNASSIGNED", [SL_STATE_RUNNING] = "RUNNING",
        [SL_STATE_PAUSED] = "PAUSED",         [SL_STATE_STOPPED] = "STOPPED",
        [SL_STATE_FAILED] = "FAILED",         [SL_STATE_RESTARTING] = "RESTARTING",
    };
    return names[s];
}

/* set_state is the one place that changes a connector's state; takes the trace over. */
static void set_state(sl__connector *c, sl__state to, char *trace) {
    if (c->state != to) {
        sl__log(SL_LOG_INFO, COMPONENT, "connector %.*s: %s", SL_STR_ARG(c->name), sl__state_name(to));
    }
    sl_free(c->trace);
    c->trace = trace;
    c->state = to;
    if (c->herder->hooks) {
        c->herder->hooks->state(c, -1, to, trace);
    }
}

bool sl__connector_busy(const sl__connector *c) {
    for (size_t i = 0; i < c->nslots; i++) {
        if (c->slots[i].task) {
            return true;
        }
    }
    return c->preparing != NULL || c->fetching != NULL;
}

static bool tasks_run(const sl__connector *c) {
    for (size_t i = 0; i < c->nslots; i++) {
        if (c->slots[i].task) {
            return true;
        }
    }
    return false;
}

bool sl__connector_settled(const sl__connector *c) {
    if (!c->prepared_once) {
        return false;
    }
    for (size_t i = 0; i < c->nslots; i++) {
        sl__state s = c->slots[i].state;
        if (s == SL_STATE_UNASSIGNED || s == SL_STATE_RESTARTING) {
            return false;
        }
    }
    return !c->incoming;
}

/* ---- slots ---- */

static void drop_slots(sl__connector *c) {
    for (size_t i = 0; i < c->nslots; i++) {
        sl_free(c->slots[i].trace);
    }
    sl_free(c->slots);
    c->slots = NULL;
    c->nslots = 0;
}

static bool make_slots(sl__connector *c, size_t n) {
    c->slots = sl_calloc(n ? n : 1, sizeof *c->slots);
    if (!c->slots) {
        return false;
    }
    c->nslots = n;
    for (size_t i = 0; i < n; i++) {
        c->slots[i].connector = c;
        c->slots[i].here = !c->herder->hooks || c->herder->hooks->runs(c, (int32_t)i);
        c->slots[i].number = (int32_t)i;
    }
    return true;
}

void sl__connector_leave(sl__connector *c) {
    for (size_t i = 0; i < c->nslots; i++) {
        sl__slot_leave(&c->slots[i], false);
    }
}

/* ---- preparing ---- */

static void fail(sl__connector *c, const char *why, bool retriable) {
    if (!c->here) { /* asked for by a task; whoever runs the connector will find the same */
        sl__log(SL_LOG_WARN, COMPONENT, "connector %.*s: %s", SL_STR_ARG(c->name), why);
        return;
    }
    sl__metric_count("connector_startup_failure");
    set_state(c, SL_STATE_FAILED, sl_strdup(sl_str_of(why)));
    c->tries.at_ms = 0;
    retriable = retriable && sl__tries_plan(&c->tries, c->herder, c, sl__now_ms());
    sl__log(retriable ? SL_LOG_WARN : SL_LOG_ERROR, COMPONENT, "connector %.*s (%.*s) failed%s: %s",
            SL_STR_ARG(c->name), SL_STR_ARG(c->file), retriable ? " and will be tried again" : "", why);
}

bool sl__config_same(const sl_config *a, const sl_config *b) {
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        const sl_config_entry *e = sl_config_find(b, a->entries[i].key);
        if (!e || !sl_str_eq(e->value, a->entries[i].value) || !e->value.p != !a->entries[i].value.p) {
            return false;
        }
    }
    return true;
}

/* same_tasks tells whether a new preparation asks for the very tasks that there are. */
static bool same_tasks(const sl__job *a, const sl__job *b) {
    if (!a || a->nconfigs != b->nconfigs || a->checked.def != b->checked.def) {
        return false;
    }
    for (size_t i = 0; i < a->nconfigs; i++) {
        if (!sl__config_same(&a->configs[i], &b->configs[i])) {
            return false;
        }
    }
    return true;
}

static void set_slots_target(sl__connector *c) {
    for (size_t i = 0; i < c->nslots; i++) {
        sl__slot_set_target(&c->slots[i], c->target);
    }
}

/* take_prepared: a paused connector gets no other tasks than it has; it is prepared again when it is resumed.
 */
static void take_prepared(sl__connector *c, sl__job *job) {
    const sl__hooks *hooks = c->herder->hooks;
    char text[1024];
    c->def = job->checked.def;
    sl_error *err = hooks ? hooks->prepared(c, job) : NULL;
    if (err) {
        fail(c, sl_error_text(err, text, sizeof text), err->cls == SL_RETRIABLE);
        sl_error_free(err);
        sl__job_free(job);
        return;
    }
    c->tries = (sl__tries){0};
    if (c->here) {
        sl__metric_count("connector_startup_success");
        set_state(c, c->target == SL_TARGET_PAUSE ? SL_STATE_PAUSED : SL_STATE_RUNNING, NULL);
    }
    if (hooks) {
        sl__job_free(job);
        return;
    }
    c->stale = c->target == SL_TARGET_PAUSE && !same_tasks(c->current, job);
    if (c->stale || same_tasks(c->current, job)) {
        sl__job_free(job);
        set_slots_target(c);
        return;
    }
    sl__job_free(c->incoming);
    c->incoming = job;
}

/* transactional: each generation of such tasks is fenced by the next, also when nothing else is different. */
static bool transactional(const sl__connector *c, const sl__job *job) {
    return c->herder->env.task.exactly_once && job->checked.def->kind == SL_KIND_SOURCE;
}

void sl__connector_take_tasks(sl__connector *c, sl__job *job) {
    c->max_restarts = job->checked.settings.max_restarts;
    c->restart_wait_ms = job->checked.settings.restart_wait_ms;
    bool same =
        same_tasks(c->current, job) && (!transactional(c, job) || c->current->generation == job->generation);
    if (same) {
        sl__job_free(job);
        set_slots_target(c);
    } else {
        sl__job_free(c->incoming);
        c->incoming = job;
    }
    sl__connector_advance(c);
}

static void prepared(sl__job *job) {
    sl__connector *c = job->owner;
    bool retriable;
    c->preparing = NULL;
    c->prepared_once = true;
    if (job->checked.def && !job->report.errors) {
        c->max_restarts = job->checked.settings.max_restarts;
        c->restart_wait_ms = job->checked.settings.restart_wait_ms;
    }
    if (c->prepare_again || c->herder->stopping || c->target == SL_TARGET_STOP) {
        sl__job_free(job); /* nobody wants it any more, or not this one */
        if (c->prepare_again) {
            sl__connector_remake(c);
        }
        sl__connector_advance(c);
        return;
    }
    sl_str problem = sl__job_problem(job, &retriable);
    if (problem.p || job->err || job->report.errors) {
        fail(c, problem.p ? problem.p : "out of memory", retriable || !problem.p);
        sl__job_free(job);
    } else {
        take_prepared(c, job);
    }
    sl__connector_advance(c);
}

void sl__connector_prepare(sl__connector *c) {
    if (c->here) {
        sl__connector_remake(c);
    }
}

void sl__connector_remake(sl__connector *c) {
    c->tries.at_ms = 0;
    c->prepare_again = c->preparing != NULL;
    if (c->preparing || c->herder->stopping) {
        return;
    }
    sl__job *job = sl__job_new(c->herder, c->name, &c->raw);
    if (!job) {
        c->prepared_once = true;
        fail(c, "out of memory", true);
        return;
    }
    job->tasks = true;
    job->finished = prepared;
    job->owner = c;
    c->preparing = job;
    sl__metric_count("connector_startup_attempts");
    sl__job_start(job);
}

/* ---- advancing ---- */

/* adopt replaces the tasks by those of the new preparation, once the old ones are gone. */
static void adopt(sl__connector *c) {
    sl__connector_leave(c);
    if (tasks_run(c)) {
        return;
    }
    drop_slots(c);
    sl__job_free(c->current);
    c->current = c->incoming;
    c->incoming = NULL;
    if (!make_slots(c, c->current->nconfigs)) {
        sl__job_free(c->current);
        c->current = NULL;
        fail(c, "out of memory", true);
    }
}

void sl__connector_without_tasks(sl__connector *c, size_t n, const char *why, bool retriable) {
    if (tasks_run(c)) {
        return; /* they go on with what they have */
    }
    drop_slots(c);
    sl__job_free(c->current);
    sl__job_free(c->incoming);
    c->current = c->incoming = NULL;
    if (!make_slots(c, n)) {
        fail(c, "out of memory", true);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (c->slots[i].here) {
            sl__slot_fail(&c->slots[i], why, retriable);
        }
    }
}

void sl__connector_lose(sl__connector *c) {
    c->here = false;
    c->prepare_again = false;
    c->tries = (sl__tries){0};
    set_state(c, SL_STATE_UNASSIGNED, NULL);
}

void sl__connector_give(sl__connector *c) {
    c->here = true;
    if (c->target == SL_TARGET_STOP) {
        set_state(c, SL_STATE_STOPPED, NULL);
    } else {
        sl__connector_prepare(c);
    }
}

/* stop ends what there is; STOPPED once all of it has ended. */
static void stop(sl__connector *c) {
    sl__connector_leave(c);
    if (tasks_run(c)) {
        return;
    }
    drop_slots(c);
    sl__job_free(c->current);
    sl__job_free(c->incoming);
    c->current = c->incoming = NULL;
    c->tries = (sl__tries){0};
    sl__metrics_remove(c->name, -1);
    if (c->state != SL_STATE_STOPPED && c->here) {
        set_state(c, SL_STATE_STOPPED, NULL);
    }
}

/* may_start tells whether tasks may start now. */
static bool may_start(sl__connector *c) {
    const sl__hooks *hooks = c->herder->hooks;
    return !hooks || hooks->may_start(c);
}

/* wants_start tells whether a slot without a task is to have one. */
static bool wants_start(const sl__slot *s) {
    return !s->task && (s->state == SL_STATE_UNASSIGNED || s->state == SL_STATE_RESTARTING);
}

static bool held(const sl__connector *c) {
    return c->herder->hold_until_ms && c->def && c->def->kind == SL_KIND_SOURCE;
}

void sl__connector_advance(sl__connector *c) {
    if (c->herder->stopping) {
        sl__connector_leave(c);
        return;
    }
    if (c->target == SL_TARGET_STOP) {
        stop(c);
        return;
    }
    if (c->incoming) {
        adopt(c);
    }
    if (!c->current || c->incoming || held(c)) {
        return;
    }
    for (size_t i = 0; i < c->nslots; i++) {
        if (!c->slots[i].here) {
            sl__slot_leave(&c->slots[i], false);
        }
    }
    bool asked = false, may = false;
    for (size_t i = 0; i < c->nslots; i++) {
        if (c->slots[i].here && wants_start(&c->slots[i])) {
            may = asked ? may : may_start(c);
            asked = true;
            if (may) {
                sl__slot_start(&c->slots[i]);
            }
        }
    }
}

void sl__connector_fail_waiting(sl__connector *c, const char *why) {
    for (size_t i = 0; i < c->nslots; i++) {
        if (c->slots[i].here && wants_start(&c->slots[i])) {
            sl__slot_fail(&c->slots[i], why, true);
        }
    }
}

int64_t sl__connector_tick(sl__connector *c, int64_t now) {
    int64_t next = 0;
    if (c->tries.at_ms && c->tries.at_ms <= now) {
        set_state(c, SL_STATE_RESTARTING, NULL);
        sl__connector_prepare(c);
    }
    next = c->tries.at_ms;
    for (size_t i = 0; i < c->nslots; i++) {
        sl__slot_tick(&c->slots[i], now, &next);
    }
    return next;
}

/* ---- what users ask for ---- */

void sl__connector_set_target(sl__connector *c, sl__task_target target) {
    bool anew = c->target == SL_TARGET_STOP || (c->stale && target == SL_TARGET_RUN);
    c->target = target;
    if (target != SL_TARGET_STOP) {
        if (c->here && (c->state == SL_STATE_RUNNING || c->state == SL_STATE_PAUSED)) {
            set_state(c, target == SL_TARGET_PAUSE ? SL_STATE_PAUSED : SL_STATE_RUNNING, NULL);
        }
        if (anew) {
            sl__connector_prepare(c); /* its tasks, if any, go on once it is known what with */
        } else {
            set_slots_target(c);
        }
    }
    sl__connector_advance(c);
}

sl_error *sl__connector_configure(sl__connector *c, const sl_config *raw) {
    SL_TRY(sl__connector_set_raw(c, raw));
    if (c->target != SL_TARGET_STOP) {
        c->tries = (sl__tries){0};
        sl__connector_prepare(c);
    }
    return NULL;
}

bool sl__connector_prepared(const sl__connector *c) {
    return !c->preparing && !c->incoming && (c->prepared_once || c->target == SL_TARGET_STOP);
}

bool sl__connector_ended(const sl__connector *c) {
    return !tasks_run(c) && !c->preparing;
}

/* restart_slots asks tasks to end and begin again; gives nothing when they have the wrong state for it. */
static void restart_slots(sl__connector *c, bool only_failed) {
    for (size_t i = 0; i < c->nslots; i++) {
        if (c->slots[i].here && (!only_failed || c->slots[i].state == SL_STATE_FAILED)) {
            sl__slot_leave(&c->slots[i], true);
        }
    }
}

void sl__connector_restart(sl__connector *c, bool tasks, bool only_failed) {
    if (c->target == SL_TARGET_STOP) {
        return; /* nothing of it is there to be restarted */
    }
    c->tries = (sl__tries){0};
    if (c->here && (!only_failed || c->state == SL_STATE_FAILED)) {
        set_state(c, SL_STATE_RESTARTING, NULL);
        sl__connector_prepare(c);
    }
    if (tasks) {
        restart_slots(c, only_failed);
    }
    sl__connector_advance(c);
}

bool sl__connector_restart_task(sl__connector *c, int32_t task) {
    if (task < 0 || (size_t)task >= c->nslots) {
        return false;
    }
    sl__slot_leave(&c->slots[task], true);
    sl__connector_advance(c);
    return true;
}

void sl__connector_free(sl__connector *c) {
    for (size_t i = 0; i < c->nslots; i++) {
        sl__task_unref(c->slots[i].task);
    }
    drop_slots(c);
    sl__job_free(c->current);
    sl__job_free(c->incoming);
    sl_free(c->trace);
    sl__map_deinit(&c->topics);
    sl_arena_deinit(&c->raw_arena);
    sl_arena_deinit(&c->arena);
    sl_free(c);
}
