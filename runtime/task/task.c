/*
 * task.c - a task's life around its flow: start, pause, stop, failure, the reports to the herder.
 *
 * The first step opens the flow. When the target is stop, or a step failed, the flow is drained for at most
 * the worker's shutdown time, closed, and the last report follows from the scheduler's done callback.
 */
#include "task/flow.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/build.h"
#include "store/offsets_connector.h"

#define TRACE_SIZE 4096
#define TRIM_BYTES (1024 * 1024) /* worth giving back */
#define TRIM_AFTER_MS 3000

void sl__task_ref(sl__task *t) {
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
}

void sl__task_unref(sl__task *t) {
    if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    sl_error_free(t->failure);
    sl_free(t->flow_state);
    sl__topics_used_deinit(&t->topics);
    sl__header_pool_deinit(&t->headers);
    sl_arena_deinit(&t->arena);
    pthread_mutex_destroy(&t->lock);
    sl_free(t);
}

bool sl__task_ended(const sl__task *t) {
    return atomic_load(&((sl__task *)(uintptr_t)t)->ended);
}

sl_str sl__task_connector(const sl__task *t) {
    return t->spec.connector;
}

int32_t sl__task_number(const sl__task *t) {
    return t->spec.task;
}

/* ---- reports ---- */

/* write_trace says what and why, and which record was at fault. */
static void write_trace(const sl_error *err, char *out, size_t size) {
    const sl_error *at = err;
    while (at && !at->topic) {
        at = at->cause;
    }
    sl_error_text(err, out, size);
    size_t n = strlen(out);
    if (at && at->offset >= 0) {
        snprintf(out + n, size - n, " (record %s-%d@%" PRId64 ")", at->topic, at->partition, at->offset);
    } else if (at) {
        snprintf(out + n, size - n, " (a record for topic %s)", at->topic);
    }
}

/* is_outage: also a plugin that gave up on its own retries of something that is down may start again later.
 */
static bool is_outage(const sl_error *err) {
    return err->cls == SL_RETRIABLE ||
           (err->cls == SL_FATAL && (err->code == SL_E_NETWORK || err->code == SL_E_TIMEOUT));
}

static void report(sl__task *t, bool over) {
    if (atomic_load(&t->abandoned)) {
        return;
    }
    char trace[TRACE_SIZE];
    sl__task_report r = {.task = t, .state = t->state, .over = over};
    if (t->failure) {
        write_trace(t->failure, trace, sizeof(trace));
        r.trace = trace;
        r.retriable = is_outage(t->failure);
    }
    t->spec.report(t->spec.arg, &r);
}

/* set_state is the one place that changes a task's state. */
static void set_state(sl__task *t, sl__task_state to) {
    static const unsigned successors[] = {
        [SL_TASK_UNASSIGNED] =
            1u << SL_TASK_RUNNING | 1u << SL_TASK_PAUSED | 1u << SL_TASK_FAILED | 1u << SL_TASK_STOPPED,
        [SL_TASK_RUNNING] = 1u << SL_TASK_PAUSED | 1u << SL_TASK_FAILED | 1u << SL_TASK_STOPPED,
        [SL_TASK_PAUSED] = 1u << SL_TASK_RUNNING | 1u << SL_TASK_FAILED | 1u << SL_TASK_STOPPED,
        [SL_TASK_FAILED] = 0,
        [SL_TASK_STOPPED] = 0,
    };
    static const char *const names[] = {"unassigned", "running", "paused", "failed", "stopped"};
    if (t->state == to) {
        return;
    }
    assert(successors[t->state] & 1u << to);
    sl__log(SL_LOG_DEBUG, "task", "%.*s-%d: %s -> %s", SL_STR_ARG(t->spec.connector), t->spec.task,
            names[t->state], names[to]);
    t->state = to;
}

/* ---- the plugin's state, guarded against interrupt ---- */

static void interrupt_plugin(sl__task *t) {
    void (*interrupt)(void *) =
        t->spec.def->kind == SL_KIND_SOURCE ? t->spec.def->source->interrupt : t->spec.def->sink->interrupt;
    pthread_mutex_lock(&t->lock);
    if (t->plugin_open && interrupt) {
        interrupt(t->plugin_state); /* quick by contract; the lock keeps the state alive meanwhile */
    }
    pthread_mutex_unlock(&t->lock);
}

void sl__task_plugin_opened(sl__task *t, void *state) {
    pthread_mutex_lock(&t->lock);
    t->plugin_state = state;
    t->plugin_open = true;
    pthread_mutex_unlock(&t->lock);
}

void *sl__task_plugin_closing(sl__task *t) {
    pthread_mutex_lock(&t->lock);
    void *state = t->plugin_state;
    t->plugin_open = false;
    t->plugin_state = NULL;
    pthread_mutex_unlock(&t->lock);
    return state;
}

/* ---- opening ---- */

static bool side_stopping(void *arg) {
    return sl__task_stopping(arg);
}

static void side_wake(void *arg) {
    sl__task *t = arg;
    sl__unit_wake(&t->unit);
}

static void side_reconfigure(void *arg) {
    sl__task *t = arg;
    if (t->spec.reconfigure) {
        t->spec.reconfigure(t->spec.arg, t->spec.connector);
    }
}

bool sl__task_stopping(const sl__task *t) {
    return atomic_load_explicit(&((sl__task *)(uintptr_t)t)->target, memory_order_acquire) == SL_TARGET_STOP;
}

sl_error *sl__task_offsets_open(const sl__task_env *env, const sl_config *connector, sl__offsets **own) {
    const sl__connector_offsets c = {
        .worker = env->worker_config,
        .connector = connector,
        .topic = sl_str_trim(sl_config_get(connector, SL_STR("offsets.storage.topic"))),
        .exactly_once = env->exactly_once,
        .flush_timeout_ms = (int)env->worker->offset_flush_timeout_ms,
        .cluster = env->offsets};
    *own = NULL;
    return env->group.p ? sl__offsets_open_connector(env->kafka, &c, own) : NULL;
}

sl_str sl__task_txn_id(sl_arena *arena, sl_str group, sl_str connector, int32_t task) {
    return sl_arena_printf(arena, "%.*s-%.*s-%d", SL_STR_ARG(group), SL_STR_ARG(connector), (int)task);
}

static sl_error *side_offset_read(void *arg, const sl_value *partition, sl_arena *arena, sl_value *offset) {
    sl__task *t = arg;
    return sl__offsets_get(t->offsets, t->spec.connector, partition, arena, offset);
}

static sl_error *open_parts(sl__task *t) {
    const sl__worker_settings *w = t->env->worker;
    sl__parts_spec spec = {
        .registry = t->env->registry,
        .worker = t->env->worker_config,
        .connector = &t->config,
        .settings = &t->settings,
        .default_converter = {w->key_converter, w->value_converter, w->header_converter},
        .name = t->spec.connector,
        .task = t->spec.task,
        .side = &t->side,
        .arena = &t->arena,
    };
    return sl__parts_open(&t->parts, &spec);
}

/* open_task reads the configuration and opens everything. */
static sl_error *open_task(sl__task *t) {
    sl_config_report problems;
    sl_config_report_init(&problems, &t->arena);
    SL_TRY(sl__connector_parse(&t->config, t->spec.def->kind, t->env->group.p != NULL, &t->arena, &problems,
                               &t->settings));
    SL_TRY(sl_config_report_error(&problems));
    SL_TRY(sl__instance_init(&t->plugin, t->spec.def, &t->config, SL_STR_NONE, &t->arena, NULL));
    t->plugin.context.host = sl__host_table();
    t->plugin.context.connector = t->spec.connector;
    t->plugin.context.task = t->spec.task;
    t->plugin.context.runtime = &t->side;
    t->policy = (sl__policy){.settings = &t->settings,
                             .connector = t->spec.connector,
                             .task = t->spec.task,
                             .stopping = side_stopping,
                             .arg = t};
    SL_TRY(open_parts(t));
    return t->flow->open(t, t->flow_state);
}

/* ---- the step ---- */

static void fail(sl__task *t, sl_error *err) {
    if (t->failure) {
        sl_error_free(err);
    } else {
        t->failure = err;
    }
}

/* begin_end starts the drain; its time is bounded. */
static void begin_end(sl__task *t) {
    t->draining = true;
    t->drain_until_ms = sl__now_ms() + t->env->worker->shutdown_timeout_ms;
}

/* end_step drains and closes. Gives false when the task is over. */
static bool end_step(sl__task *t, sl_wait *wait) {
    if (t->opened && !atomic_load(&t->abandoned) && sl__now_ms() < t->drain_until_ms) {
        if (!t->flow->drain(t, t->flow_state, wait)) {
            if (wait->idle && (wait->until_ms == 0 || wait->until_ms > t->drain_until_ms)) {
                wait->until_ms = t->drain_until_ms;
            }
            return true;
        }
    }
    t->flow->close(t, t->flow_state);
    sl__parts_close(&t->parts);
    sl__offsets_close(t->own_offsets);
    t->own_offsets = NULL;
    return false;
}

static void run_step(sl__task *t, sl_wait *wait) {
    bool paused = atomic_load_explicit(&t->target, memory_order_acquire) == SL_TARGET_PAUSE;
    sl__task_state to = paused ? SL_TASK_PAUSED : SL_TASK_RUNNING;
    if (t->state != to) {
        set_state(t, to);
        report(t, false);
    }
    sl_error *err = t->flow->step(t, t->flow_state, paused, wait);
    if (err) {
        fail(t, err);
        begin_end(t);
        *wait = (sl_wait){.fd = -1};
    }
}

static bool task_step(sl__unit *u, sl_wait *wait) {
    sl__task *t = (sl__task *)u;
    if (!t->draining && sl__task_stopping(t)) {
        begin_end(t);
    }
    if (t->draining) {
        return end_step(t, wait);
    }
    if (!t->opened) {
        sl_error *err = open_task(t);
        t->opened = !err;
        if (err) {
            fail(t, err);
            begin_end(t);
            return true;
        }
    }
    run_step(t, wait);
    return true;
}

static void task_done(sl__unit *u) {
    sl__task *t = (sl__task *)u;
    set_state(t, t->failure && !sl__task_stopping(t) ? SL_TASK_FAILED : SL_TASK_STOPPED);
    if (t->state == SL_TASK_STOPPED) {
        sl_error_free(t->failure); /* an interrupted step fails; that is how it was to end */
        t->failure = NULL;
    }
    report(t, true);
    atomic_store(&t->ended, true);
    sl__task_unref(t); /* the scheduler's */
}

/* ---- metrics ---- */

void sl__task_count(const sl__task *t, const char *metric, int64_t delta) {
    sl__metric *m = sl__metric_get(metric, t->spec.connector, t->spec.task);
    sl__metric_add(m, delta);
    sl__metric_release(m);
}

void sl__task_most(const sl__task *t, const char *metric, int64_t value) {
    sl__metric *m = sl__metric_get(metric, t->spec.connector, t->spec.task);
    sl__metric_max(m, value);
    sl__metric_release(m);
}

void sl__task_count_commit(const sl__task *t, int64_t began_ms, const sl_error *err) {
    if (err) {
        sl__task_count(t, "offset_commit_failures", 1);
        return;
    }
    sl__task_count(t, "offset_commits", 1);
    sl__task_count(t, "offset_commit_ms", sl__now_ms() - began_ms);
    sl__task_most(t, "offset_commit_max_ms", sl__now_ms() - began_ms);
}

/* ---- public ---- */

void sl__task_forget_topics(sl__task *t) {
    sl__topics_used_forget(&t->topics);
}

static sl_error *copy_spec(sl__task *t, const sl__task_spec *spec) {
    t->spec = *spec;
    t->spec.connector = sl_arena_str(&t->arena, spec->connector);
    sl__topics_used_init(&t->topics, t->env->worker->topic_tracking ? spec->topic : NULL, spec->arg);
    SL_TRY(sl__config_copy(&t->arena, spec->config, &t->config));
    t->spec.config = &t->config;
    return t->arena.failed ? sl_error_nomem() : NULL;
}

sl_error *sl__task_start(const sl__task_env *env, const sl__task_spec *spec, sl__task **out) {
    *out = NULL;
    sl__task *t = sl_calloc(1, sizeof(*t));
    if (!t) {
        return sl_error_nomem();
    }
    pthread_mutex_init(&t->lock, NULL);
    sl__header_pool_init(&t->headers);
    sl_arena_init(&t->arena, 0);
    atomic_init(&t->refs, 1);
    atomic_init(&t->target, spec->target);
    t->env = env;
    t->offsets = env->offsets;
    t->flow = spec->def->kind == SL_KIND_SOURCE ? &sl__source_flow : &sl__sink_flow;
    t->flow_state = sl_calloc(1, t->flow->size);
    sl_error *err = t->flow_state ? copy_spec(t, spec) : sl_error_nomem();
    if (err) {
        sl__task_unref(t);
        return err;
    }
    t->side = (sl__host_side){.arg = t,
                              .offset_read = side_offset_read,
                              .reconfigure = side_reconfigure,
                              .wake = side_wake,
                              .stopping = side_stopping,
                              .kafka = env->kafka,
                              .worker_config = env->worker_config};
    t->unit.step = task_step;
    t->unit.done = task_done;
    sl__task_ref(t); /* the scheduler's, until done */
    *out = t;
    sl__unit_start(env->sched, &t->unit);
    return NULL;
}

void sl__task_set_target(sl__task *t, sl__task_target target) {
    int now = atomic_load(&t->target);
    while (now != SL_TARGET_STOP && !atomic_compare_exchange_weak(&t->target, &now, (int)target)) {
    }
    if (target == SL_TARGET_STOP) {
        interrupt_plugin(t);
    }
    sl__unit_wake(&t->unit);
}

void sl__task_abandon(sl__task *t) {
    atomic_store(&t->abandoned, true);
    sl__task_set_target(t, SL_TARGET_STOP);
}

/* ---- for the flows ---- */

void sl__task_trim(sl__task *t, size_t in_hand, sl_wait *wait) {
    int64_t now = sl__now_ms();
    if (in_hand >= TRIM_BYTES) {
        t->trim_at_ms = now + TRIM_AFTER_MS;
    } else if (t->trim_at_ms && now >= t->trim_at_ms && in_hand == 0) {
        t->trim_at_ms = 0;
        sl__header_pool_clear(&t->headers);
        sl__heap_trim();
    }
    if (wait->idle && t->trim_at_ms && in_hand == 0 &&
        (wait->until_ms == 0 || wait->until_ms > t->trim_at_ms)) {
        wait->until_ms = t->trim_at_ms;
    }
}

sl_error *sl__task_fail_record(sl__task *t, sl__stage stage, const sl__instance *at, const sl_record *rec,
                               sl_error *err) {
    sl__failure f = {.stage = stage,
                     .class_name = sl__plugin_java_class(at ? at->def : t->spec.def),
                     .record = rec,
                     .err = err};
    return sl__policy_fail(&t->policy, &f);
}

sl_error *sl__task_transform(sl__task *t, sl_batch *batch, sl_record *rec, sl__task_failed failed) {
    const sl__link *at = NULL;
    int64_t start = 0;
    for (unsigned attempt = 1;; attempt++) {
        sl_error *err = sl__parts_transform(&t->parts, batch, rec, &at);
        if (!err) {
            return NULL;
        }
        start = start ? start : sl__now_ms();
        if (err->cls == SL_RETRIABLE && sl__policy_backoff(&t->policy, start, attempt)) {
            sl_error_free(err);
            continue;
        }
        rec->dropped = true;
        return failed(t, SL_STAGE_TRANSFORMATION, at ? &at->inst : NULL, rec, err);
    }
}
