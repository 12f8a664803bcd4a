/*
 * herder.c - the herder's thread: takes messages, looks at what is due, ends when everything has ended.
 */
#include "herder/ops.h"
#include "herder/state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metric_table.h"
#include "base/metrics.h"
#include "config/build.h"

#include <errno.h>

#define COMPONENT "herder"
#define HOLD_SOURCES_MS 5000
#define STOP_GRACE_MS 1500 /* beyond a task's own: tasks are abandoned before */
#define STACK_SIZE (512 * 1024)

const sl__herder_env *sl__herder_env_of(const sl__herder *h) {
    return &h->env;
}

sl__connector *sl__herder_find(const sl__herder *h, sl_str name) {
    return sl__map_get(&h->by_name, name);
}

bool sl__herder_started(const sl__herder *h) {
    for (const sl__connector *c = h->first; c; c = c->next) {
        if (!c->prepared_once && c->target != SL_TARGET_STOP) {
            return false;
        }
    }
    return true;
}

/* ---- calls ---- */

static void unlink_call(sl__herder *h, sl__call *c) {
    for (sl__call **at = &h->waiting; *at; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            break;
        }
    }
}

static void handle_call(sl__herder *h, sl__message *m) {
    sl__call *c = (sl__call *)((char *)m - offsetof(sl__call, message));
    if (c->deadline_ms && c->deadline_ms <= sl__now_ms()) {
        c->reply(c, true);
        return;
    }
    if (c->run(h, c) || c->ended) {
        c->reply(c, false);
        return;
    }
    c->waits = true;
    c->next = h->waiting;
    h->waiting = c;
}

void sl__call_end(sl__herder *h, sl__call *c) {
    if (!c->waits) {
        c->ended = true; /* its run is on the stack, and answers */
        return;
    }
    unlink_call(h, c);
    c->reply(c, false);
}

void sl__call_again(sl__herder *h, sl__call *c) {
    c->check = NULL;
    c->cancel = NULL;
    c->work = NULL;
    c->waits = c->ended = false; /* as the first time: what ends the call while it runs does not answer it */
    bool over = c->run(h, c) || c->ended;
    c->waits = true;
    if (over) {
        sl__call_end(h, c);
    }
}

bool sl__herder_call(sl__herder *h, sl__call *c) {
    c->message.handle = handle_call;
    c->cancel = NULL;
    c->check = NULL;
    c->work = NULL;
    c->waits = c->ended = false;
    return sl__inbox_post(&h->inbox, &c->message);
}

/* check_calls asks those that wait for something. */
static void check_calls(sl__herder *h) {
    for (sl__call *c = h->waiting, *following; c; c = following) {
        following = c->next;
        if (c->check) {
            (void)c->check(h, c); /* it may be gone now */
        }
    }
}

/* late_calls answers those whose time is over; gives the next time to look. */
static int64_t late_calls(sl__herder *h, int64_t now, bool all) {
    int64_t next = 0;
    for (sl__call *c = h->waiting, *following; c; c = following) {
        following = c->next;
        if (!all && (!c->deadline_ms || c->deadline_ms > now)) {
            next = c->deadline_ms && (!next || c->deadline_ms < next) ? c->deadline_ms : next;
            continue;
        }
        unlink_call(h, c);
        if (c->cancel) {
            c->cancel(c);
        }
        c->reply(c, true);
    }
    return next;
}

static void validated(sl__job *job) {
    sl__call *c = job->owner;
    if (c) {
        c->cancel = NULL;
        c->resume(job->herder, c, job);
        sl__call_end(job->herder, c);
    }
    sl__job_free(job);
}

bool sl__herder_validate(sl__herder *h, sl__call *c, const sl_config *raw) {
    sl__job *job = sl__job_new(h, sl_config_get(raw, SL_STR("name")), raw);
    if (!job) {
        return false;
    }
    job->connect = true;
    job->finished = validated;
    sl__job_for_call(job, c);
    return true;
}

/* ---- start and stop ---- */

static bool is_sink(const sl__connector *c) {
    return c->def && c->def->kind == SL_KIND_SINK;
}

/* start_all begins with the sinks: with the embedded broker a source must not run ahead of those who read. */
static void start_all(sl__herder *h) {
    if (sl__kafka_embedded(h->env.task.kafka)) {
        h->hold_until_ms = sl__now_ms() + HOLD_SOURCES_MS;
    }
    for (int sinks = 1; sinks >= 0; sinks--) {
        for (sl__connector *c = h->first; c; c = c->next) {
            if (is_sink(c) == (sinks == 1) && c->target != SL_TARGET_STOP) {
                sl__connector_prepare(c);
            }
        }
    }
}

/* release_sources lets sources start once the sinks have, or have had their time. */
static void release_sources(sl__herder *h, int64_t now) {
    if (!h->hold_until_ms || h->stopping) {
        return;
    }
    for (const sl__connector *c = h->first; c && now < h->hold_until_ms; c = c->next) {
        if (is_sink(c) && c->target != SL_TARGET_STOP && !sl__connector_settled(c)) {
            return;
        }
    }
    h->hold_until_ms = 0;
    for (sl__connector *c = h->first; c; c = c->next) {
        sl__connector_advance(c);
    }
}

static void handle_stop(sl__herder *h, sl__message *m) {
    (void)m;
    if (h->stopping) {
        return;
    }
    h->stopping = true;
    h->stop_by_ms = sl__now_ms() + h->env.task.worker->shutdown_timeout_ms + STOP_GRACE_MS;
    for (sl__connector *c = h->first; c; c = c->next) {
        sl__connector_leave(c);
    }
}

static bool all_ended(const sl__herder *h) {
    for (const sl__connector *c = h->first; c; c = c->next) {
        if (sl__connector_busy(c)) {
            return false;
        }
    }
    return h->njobs == 0;
}

/* count_left counts what still runs when the herder ends all the same. */
static unsigned count_left(const sl__herder *h) {
    unsigned left = sl__boxes_left(h) + h->njobs;
    for (const sl__connector *c = h->first; c; c = c->next) {
        for (size_t i = 0; i < c->nslots; i++) {
            left += c->slots[i].task != NULL;
        }
    }
    return left;
}

/* ---- the thread ---- */

static int64_t earlier(int64_t a, int64_t b) {
    return a && (!b || a < b) ? a : b;
}

sl__health sl__herder_health(const sl__herder *h, const char **why) {
    if (h->stopping) {
        *why = "stopping";
        return SL_ENDING;
    }
    return sl__herder_ops(h)->ready((sl__herder *)(uintptr_t)h, why) ? SL_HEALTHY
           : h->ready_once                                           ? SL_UNHEALTHY
                                                                     : SL_STARTING;
}

int64_t sl__herder_busy_ms(const sl__herder *h) {
    int64_t since = atomic_load(&((sl__herder *)(uintptr_t)h)->busy_since_ms);
    return since ? sl__now_ms() - since : 0;
}

/* tick does what is due and gives the next time to look. */
static int64_t tick(sl__herder *h) {
    int64_t now = sl__now_ms();
    const char *why;
    h->ready_once = h->ready_once || sl__herder_health(h, &why) == SL_HEALTHY;
    check_calls(h);
    int64_t next = late_calls(h, now, false);
    release_sources(h, now);
    for (sl__connector *c = h->first; c; c = c->next) {
        next = earlier(sl__connector_tick(c, now), next);
    }
    if (h->hooks) {
        next = earlier(h->hooks->tick(h, now), next);
    }
    next = earlier(h->hold_until_ms, next);
    return h->stopping ? earlier(h->stop_by_ms, next) : next;
}

static void *herder_main(void *arg) {
    sl__herder *h = arg;
    if (h->hooks) {
        h->hooks->start(h);
    } else {
        start_all(h);
    }
    for (;;) {
        atomic_store(&h->busy_since_ms, sl__now_ms());
        int64_t next = tick(h);
        if (h->stopping && (all_ended(h) || sl__now_ms() >= h->stop_by_ms)) {
            break;
        }
        atomic_store(&h->busy_since_ms, 0);
        sl__message *m = sl__inbox_take(&h->inbox, next);
        for (int n = 0; m && n < 1000; n++) { /* what is there already, before looking around again */
            atomic_store(&h->busy_since_ms, sl__now_ms());
            m->handle(h, m);
            m = n < 999 ? sl__inbox_take(&h->inbox, 1) : NULL;
        }
    }
    late_calls(h, 0, true);
    sl__inbox_close(&h->inbox);
    for (sl__message *m; (m = sl__inbox_take(&h->inbox, 1));) {
        m->handle(h, m);
    }
    late_calls(h, 0, true);
    h->left = count_left(h);
    atomic_store(&h->ended, true);
    return NULL;
}

sl_error *sl__herder_start(sl__herder *h) {
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    int rc = pthread_create(&h->thread, &attr, herder_main, h);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        return sl_error_new(SL_E_IO, SL_FATAL, "cannot start the herder's thread: %s", strerror(rc));
    }
    h->running = true;
    return NULL;
}

void sl__herder_stop(sl__herder *h) {
    if (!atomic_exchange(&h->ending, true)) {
        h->stop_message.handle = handle_stop;
        (void)sl__inbox_post(&h->inbox, &h->stop_message);
    }
}

bool sl__herder_ended(const sl__herder *h) {
    return atomic_load(&((sl__herder *)(uintptr_t)h)->ended);
}

unsigned sl__herder_join(sl__herder *h) {
    if (h->running) {
        pthread_join(h->thread, NULL);
        h->running = false;
    }
    return h->left;
}

/* ---- making ---- */

sl_error *sl__herder_new(const sl__herder_env *env, sl__herder **out) {
    sl__herder *h = *out = sl_calloc(1, sizeof *h);
    if (!h) {
        return sl_error_nomem();
    }
    h->env = *env;
    sl__metrics_begin(SL_METRIC_WORKER, SL_STR_NONE, -1);
    h->hooks = env->hooks;
    h->dist = env->dist;
    sl__inbox_init(&h->inbox);
    pthread_mutex_init(&h->providers_lock, NULL);
    sl__map_init(&h->by_name, NULL);
    return NULL;
}

static sl__task_target initial_target(sl_str state) {
    return sl_str_eq_nocase(state, SL_STR("PAUSED"))    ? SL_TARGET_PAUSE
           : sl_str_eq_nocase(state, SL_STR("STOPPED")) ? SL_TARGET_STOP
                                                        : SL_TARGET_RUN;
}

sl_error *sl__connector_set_raw(sl__connector *c, const sl_config *raw) {
    sl_arena arena;
    sl_config copy;
    sl_str why;
    sl_arena_init(&arena, 0);
    sl_error *err = sl__config_copy(&arena, raw, &copy);
    if (err) {
        sl_arena_deinit(&arena);
        return err;
    }
    sl_arena_deinit(&c->raw_arena);
    c->raw_arena = arena;
    c->raw = copy;
    c->def = sl__catalog_find_connector(c->herder->env.catalog,
                                        sl_str_trim(sl_config_get(&c->raw, SL_STR("connector.class"))),
                                        &c->raw_arena, &why);
    return NULL;
}

static sl_error *fill_connector(sl__connector *c, const sl__connector_config *config) {
    c->name = sl_arena_str(&c->arena, config->name);
    c->file = sl_arena_str(&c->arena, config->file.p ? config->file : SL_STR("REST"));
    c->target = initial_target(config->initial_state);
    c->state = c->target == SL_TARGET_STOP ? SL_STATE_STOPPED : SL_STATE_UNASSIGNED;
    c->max_restarts = -1;
    c->restart_wait_ms = 10000;
    SL_TRY(sl__connector_set_raw(c, &config->raw));
    return c->arena.failed ? sl_error_nomem() : NULL;
}

void sl__herder_remove(sl__herder *h, sl__connector *c) {
    sl__connector *before = NULL;
    for (sl__connector *at = h->first; at && at != c; at = at->next) {
        before = at;
    }
    *(before ? &before->next : &h->first) = c->next;
    h->last = h->last == c ? before : h->last;
    (void)sl__map_remove(&h->by_name, c->name);
    sl__metrics_remove(c->name, -1);
    sl__connector_free(c);
}

sl_error *sl__herder_add(sl__herder *h, const sl__connector_config *config) {
    sl__connector *c = sl_calloc(1, sizeof *c);
    if (!c) {
        return sl_error_nomem();
    }
    c->herder = h;
    c->here = h->hooks == NULL;
    sl_arena_init(&c->arena, 0);
    sl_arena_init(&c->raw_arena, 0);
    sl__map_init(&c->topics, NULL);
    sl_error *err = fill_connector(c, config);
    if (!err && sl__herder_find(h, c->name)) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "two connectors are called '%.*s'", SL_STR_ARG(c->name));
    }
    if (!err && !sl__map_put(&h->by_name, c->name, c)) {
        err = sl_error_nomem();
    }
    if (err) {
        sl__connector_free(c);
        return err;
    }
    *(h->last ? &h->last->next : &h->first) = c;
    h->last = c;
    return NULL;
}

void sl__herder_free(sl__herder *h) {
    if (!h) {
        return;
    }
    while (h->first) {
        sl__connector *next = h->first->next;
        sl__connector_free(h->first);
        h->first = next;
    }
    sl__boxes_free(h);
    sl__map_deinit(&h->by_name);
    pthread_mutex_destroy(&h->providers_lock);
    sl__inbox_deinit(&h->inbox);
    sl_free(h);
}
