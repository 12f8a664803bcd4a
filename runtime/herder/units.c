/*
 * units.c - what a distributed worker runs: its assignment and the config topic compared with what there is.
 */
#include "herder/fencing.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/build.h"
#include "herder/job.h"

#define COMPONENT "cluster"
#define FETCH_AGAIN_MS 10000
#define SAY_AGAIN_MS 1000
#define PROPOSAL_BYTES_MAX ((size_t)1000 * 1000) /* a topic's max.message.bytes is a little more */

/* ---- what is this worker's ---- */

/* mine gives this worker's assignment if it may act on it; NULL = it may run nothing. */
static const sl__worker *mine(const sl__dist *d) {
    const sl__worker *me = sl__workers_find(&d->workers, d->id);
    bool valid = me && d->member && me->given_member && strcmp(me->given_member, d->member) == 0 &&
                 !d->h->stopping && !d->failure;
    return valid ? me : NULL;
}

bool sl__units_known(const sl__dist *d) {
    return mine(d) != NULL;
}

static bool given(const sl__dist *d, sl_str name, int32_t task) {
    const sl__worker *me = mine(d);
    return me && sl__units_has(&me->given, name, task);
}

bool sl__units_runs(const sl__connector *c, int32_t task) {
    return given(c->herder->dist, c->name, task);
}

static sl__task_target target_of(sl__target t) {
    return t == SL_TARGET_STOPPED ? SL_TARGET_STOP : t == SL_TARGET_PAUSED ? SL_TARGET_PAUSE : SL_TARGET_RUN;
}

/* ---- the tasks' configurations ---- */

typedef struct stored_tasks {
    sl_config *configs;
    size_t n;
} stored_tasks;

/* resolve_tasks is the job's: references are replaced, the connector's settings stand below. */
static sl_error *resolve_tasks(sl__job *job) {
    const stored_tasks *stored = job->extra_arg;
    job->configs = sl_arena_zalloc(&job->arena, (stored->n + 1) * sizeof *job->configs);
    if (!job->configs) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < stored->n; i++) {
        sl_config resolved;
        pthread_mutex_lock(&job->herder->providers_lock);
        sl_error *err = sl__providers_resolve(job->herder->env.providers, &stored->configs[i], &job->arena,
                                              &job->report, &job->secrets, &resolved);
        pthread_mutex_unlock(&job->herder->providers_lock);
        SL_TRY(err);
        SL_TRY(sl__config_overlay(&job->checked.config, &resolved, &job->arena, &job->configs[i]));
    }
    job->nconfigs = stored->n;
    return NULL;
}

static void fetch_tasks(sl__dist *d, sl__connector *c);

static void fetched(sl__job *job) {
    sl__connector *c = job->owner;
    sl__dist *d = c->herder->dist;
    bool retriable;
    const stored_tasks *stored = job->extra_arg;
    c->fetching = NULL;
    c->unsynced = d->some_unsynced = true;
    if (c->deleting || c->tasks_stale || c->herder->stopping || c->target == SL_TARGET_STOP) {
        sl__job_free(job);
        return;
    }
    sl_str problem = sl__job_problem(job, &retriable);
    if (!problem.p && !job->err && !job->report.errors) {
        sl__connector_take_tasks(c, job);
        return;
    }
    char *why = sl_strdup(problem.p ? problem : SL_STR("out of memory"));
    sl__connector_without_tasks(c, stored->n, why ? why : "out of memory", false);
    c->fetch_at_ms = retriable || !problem.p ? sl__now_ms() + FETCH_AGAIN_MS : 0;
    sl_free(why);
    sl__job_free(job);
}

static bool copy_tasks(sl__job *job, const sl__stored_connector *st) {
    stored_tasks *t = sl_arena_zalloc(&job->arena, sizeof *t);
    sl_config *configs = sl_arena_zalloc(&job->arena, ((size_t)st->ntasks + 1) * sizeof *configs);
    bool ok = t && configs;
    for (int32_t i = 0; ok && i < st->ntasks; i++) {
        sl_error *err = sl__config_copy(&job->arena, st->tasks[i], &configs[i]);
        ok = !err;
        sl_error_free(err);
    }
    if (ok) {
        *t = (stored_tasks){configs, (size_t)st->ntasks};
        job->extra_arg = t;
        job->extra = resolve_tasks;
        job->generation = st->generation;
    }
    return ok;
}

static void fetch_tasks(sl__dist *d, sl__connector *c) {
    sl__stored_connector st;
    if (c->fetching || !sl__config_state_get(sl__config_topic_state(d->config), c->name, &st)) {
        return;
    }
    c->tasks_stale = false;
    c->fetch_at_ms = 0;
    sl__job *job = sl__job_new(c->herder, c->name, st.applied ? st.applied : st.config);
    if (!job || !copy_tasks(job, &st)) {
        sl__job_free(job);
        c->fetch_at_ms = sl__now_ms() + FETCH_AGAIN_MS;
        return;
    }
    job->finished = fetched;
    job->owner = c;
    c->fetching = job;
    sl__job_start(job);
}

/* ---- one connector ---- */

/* leave takes a connector of which nothing is this worker's any more out, as far as that goes now. */
static void leave(sl__connector *c) {
    c->deleting = true;
    if (c->here) {
        sl__connector_lose(c);
    }
    for (size_t i = 0; i < c->nslots; i++) {
        c->slots[i].here = false;
    }
    sl__connector_leave(c);
}

/* set_slots lets tasks begin or leave as the assignment says. */
static void set_slots(const sl__dist *d, sl__connector *c) {
    for (size_t i = 0; i < c->nslots; i++) {
        sl__slot *s = &c->slots[i];
        bool here = given(d, c->name, (int32_t)i);
        if (here && !s->here && s->task) {
            sl__slot_leave(s, true);
        } else if (here && !s->here) {
            s->state = SL_STATE_UNASSIGNED;
        }
        s->here = here;
    }
}

static bool has_task(const sl__dist *d, sl_str name, int32_t ntasks) {
    for (int32_t i = 0; i < ntasks; i++) {
        if (given(d, name, i)) {
            return true;
        }
    }
    return false;
}

/* configure takes the connector's own part over as the topic has it. */
static void configure(const sl__dist *d, sl__connector *c, const sl__stored_connector *st) {
    bool changed = c->unsynced && !sl__config_same(&c->raw, st->config);
    bool here = given(d, c->name, -1);
    sl_error *err = changed ? sl__connector_set_raw(c, st->config) : NULL;
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "connector %.*s: %s", SL_STR_ARG(c->name), err->message);
        sl_error_free(err);
        return;
    }
    if (c->target != target_of(st->target)) {
        c->tasks_stale = c->tasks_stale || c->target == SL_TARGET_STOP;
        sl__connector_set_target(c, target_of(st->target));
    }
    if (here && !c->here) {
        sl__connector_give(c);
    } else if (!here && c->here) {
        sl__connector_lose(c);
    } else if (here && changed && c->target != SL_TARGET_STOP) {
        c->tries = (sl__tries){0};
        sl__connector_prepare(c);
    }
}

static void sync_connector(sl__dist *d, sl__connector *c) {
    sl__stored_connector st;
    bool there = sl__config_state_get(sl__config_topic_state(d->config), c->name, &st);
    bool tasks = there && has_task(d, c->name, st.ntasks);
    if (!there || (!tasks && !given(d, c->name, -1))) {
        leave(c);
        return;
    }
    c->deleting = false;
    configure(d, c, &st);
    c->unsynced = false;
    set_slots(d, c);
    if (tasks && c->target != SL_TARGET_STOP &&
        (c->tasks_stale || (!c->current && !c->incoming && !c->nslots))) {
        fetch_tasks(d, c);
    }
    sl__connector_advance(c);
}

static void add_connector(sl__dist *d, sl_str name) {
    static const char *const states[] = {
        [SL_TARGET_STARTED] = "RUNNING", [SL_TARGET_PAUSED] = "PAUSED", [SL_TARGET_STOPPED] = "STOPPED"};
    sl__stored_connector st;
    if (!sl__config_state_get(sl__config_topic_state(d->config), name, &st)) {
        return;
    }
    const sl__connector_config config = {.name = name,
                                         .raw = *st.config,
                                         .file = d->spec->topics->config.name,
                                         .initial_state = sl_str_of(states[st.target])};
    sl_error *err = sl__herder_add(d->h, &config);
    if (err) {
        sl__dist_fail(d, err);
        return;
    }
    sl__connector *c = sl__herder_find(d->h, name);
    c->tasks_stale = true;
    sync_connector(d, c);
}

void sl__units_changed(sl__dist *d, sl_str name) {
    sl__connector *c = sl__herder_find(d->h, name);
    sl__stored_connector st;
    d->lead_dirty = true;
    if (c) {
        c->unsynced = d->some_unsynced = true;
    } else if (sl__config_state_get(sl__config_topic_state(d->config), name, &st)) {
        d->units_dirty = d->units_dirty || given(d, name, -1) || has_task(d, name, st.ntasks);
    }
}

static void sync_changed(sl__dist *d) {
    d->some_unsynced = false;
    for (sl__connector *c = d->h->first; c; c = c->next) {
        if (c->unsynced) {
            sync_connector(d, c);
        }
    }
}

void sl__units_sync(sl__dist *d) {
    const sl__worker *me = mine(d);
    size_t at = 0;
    sl_str name;
    int32_t task;
    d->units_dirty = d->some_unsynced = false;
    for (sl__connector *c = d->h->first; c; c = c->next) {
        sync_connector(d, c);
    }
    while (me && sl__units_next(&me->given, &at, &name, &task)) {
        if (!sl__herder_find(d->h, name)) {
            add_connector(d, name);
        }
    }
}

/* ---- saying what runs ---- */

static void add_still(void *still, sl_str name, int32_t task) {
    (void)sl__units_add(still, name, task);
}

/* count_still collects what runs here and should not. */
static void count_still(const sl__dist *d, sl__units *still) {
    for (const sl__connector *c = d->h->first; c; c = c->next) {
        if (c->preparing && !given(d, c->name, -1)) {
            add_still(still, c->name, -1);
        }
        for (size_t i = 0; i < c->nslots; i++) {
            if (c->slots[i].task && !given(d, c->name, (int32_t)i)) {
                add_still(still, c->name, (int32_t)i);
            }
        }
    }
    sl__boxes_each_left(d->h, add_still, still);
}

static void said(void *arg, const sl_error *err) {
    (void)arg;
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "this worker's record could not be written: %s", err->message);
    }
}

/* said_is_read tells whether what this worker has said is in the topic. */
static bool said_is_read(const sl__dist *d) {
    const sl__worker *me = sl__workers_find(&d->workers, d->id);
    return !d->said_member || (me && me->member && strcmp(me->member, d->said_member) == 0);
}

/* watch_address looks whether this worker's record is another's now: two workers say that they are reached
 * under the same address. The one that was there first goes on, and says so again; the other one then ends.
 */
static void watch_address(sl__dist *d) {
    const sl__worker *me = sl__workers_find(&d->workers, d->id);
    if (!d->said_member || !me || !me->member) {
        return;
    }
    if (said_is_read(d)) {
        d->said_seen = true;
    } else if (d->said_seen && d->before_member && strcmp(me->member, d->before_member) == 0) {
        sl__dist_fail(
            d, sl_error_new(SL_E_CONFLICT, SL_USER,
                            "another worker of the cluster is reached under '%.*s', too: give each its "
                            "own listeners, or rest.advertised.host.name and rest.advertised.port",
                            SL_STR_ARG(d->id)));
    } else if (d->said_seen) {
        d->said_seen = false;
        sl__log(SL_LOG_WARN, COMPONENT,
                "another worker says that it is reached under '%.*s', too: give each its own listeners, or "
                "rest.advertised.host.name and rest.advertised.port",
                SL_STR_ARG(d->id));
    }
}

/* note_said remembers what was written. */
static void note_said(sl__dist *d, const sl__worker *before, int64_t done, size_t still) {
    if (!d->said_member) {
        d->before_member = before && before->member ? sl_strdup(sl_str_of(before->member)) : NULL;
    }
    d->said_seen = d->said_seen && d->said_member && strcmp(d->said_member, d->member) == 0;
    sl_free(d->said_member);
    d->said_member = sl_strdup(sl_str_of(d->member));
    d->said_done = done;
    d->said_still = still;
}

/* say writes this worker's record when something in it is new. */
static void say(sl__dist *d, int64_t now) {
    const sl__worker *me = sl__workers_find(&d->workers, d->id);
    const sl__worker *valid = mine(d);
    int64_t done = valid ? valid->generation : 0;
    bool lost = d->said_member && (!me || !me->member || strcmp(me->member, d->said_member) != 0);
    if (!d->member || !sl__lease_holds(&d->lease)) {
        return;
    }
    bool same = d->said_member && strcmp(d->said_member, d->member) == 0 && d->said_done == done;
    if (same && d->said_still == 0 && !(lost && d->say_at_ms && d->say_at_ms <= now)) {
        return;
    }
    sl__units still;
    sl_arena arena;
    sl__units_init(&still);
    count_still(d, &still);
    size_t n = sl__units_count(&still);
    if (!same || n != d->said_still || lost) {
        sl_arena_init(&arena, 0);
        const sl__config_record r = {
            .kind = SL_CR_OWN,
            .name = sl_arena_printf(&arena, "worker-%.*s", SL_STR_ARG(d->id)),
            .json = sl__worker_text(&arena, sl_str_of(d->member), d->url, done, &still),
        };
        sl_error *err = sl__config_topic_put(d->config, &r, said, d);
        if (!err) {
            note_said(d, me, done, n);
        }
        sl_error_free(err);
        sl_arena_deinit(&arena);
        d->say_at_ms = now + SAY_AGAIN_MS;
    }
    sl__units_deinit(&still);
}

/* remove_ended frees connectors that are no longer this worker's and have ended. */
static void remove_ended(sl__dist *d) {
    for (sl__connector *c = d->h->first, *next; c; c = next) {
        next = c->next;
        if (c->deleting && !sl__connector_busy(c)) {
            sl__herder_remove(d->h, c);
        }
    }
}

int64_t sl__units_tick(sl__dist *d, int64_t now) {
    int64_t next = 0;
    if (!d->read || d->h->stopping) {
        return 0;
    }
    if (d->units_dirty) {
        sl__units_sync(d);
    } else if (d->some_unsynced) {
        sync_changed(d);
    }
    for (sl__connector *c = d->h->first; c; c = c->next) {
        if (c->fetch_at_ms && c->fetch_at_ms <= now) {
            fetch_tasks(d, c);
        }
        next = c->fetch_at_ms && (!next || c->fetch_at_ms < next) ? c->fetch_at_ms : next;
    }
    int64_t again_at = sl__fence_tick(d, now);
    next = again_at && (!next || again_at < next) ? again_at : next;
    remove_ended(d);
    watch_address(d);
    say(d, now);
    bool again = d->said_still || !said_is_read(d);
    return again && (!next || next > now + 100) ? now + 100 : next;
}

/* ---- what the connector wants ---- */

static bool same_as_stored(const sl__stored_connector *st, const sl_config *configs, size_t n) {
    if (!st->committed || st->inconsistent || (size_t)st->ntasks != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!sl__config_same(st->tasks[i], &configs[i])) {
            return false;
        }
    }
    return true;
}

static sl_error *propose(sl__dist *d, sl__connector *c, const sl__job *job, sl_arena *arena) {
    sl__stored_connector st;
    sl_config *configs = sl_arena_zalloc(arena, (job->nconfigs + 1) * sizeof *configs);
    if (!configs) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < job->nconfigs; i++) {
        SL_TRY(sl__job_task_config(job, i, false, arena, &configs[i]));
    }
    const sl__config_state *state = sl__config_topic_state(d->config);
    sl_str name = sl_arena_printf(arena, "proposal-%.*s", SL_STR_ARG(c->name));
    bool pending =
        name.p && sl__config_state_own(state, name).p; /* an earlier one would win over what is stored */
    if (!sl__config_state_get(state, c->name, &st) ||
        (!pending && same_as_stored(&st, configs, job->nconfigs))) {
        return NULL;
    }
    if (c->target == SL_TARGET_PAUSE && !c->stale) {
        c->stale = true; /* made anew when it is resumed */
        return NULL;
    }
    const sl__config_record r = {
        .kind = SL_CR_OWN,
        .name = name,
        .json = sl__proposal_text(arena, sl__config_hash(&job->raw), configs, job->nconfigs),
    };
    if (arena->failed || !r.json.p) {
        return sl_error_nomem();
    }
    if (r.json.n > PROPOSAL_BYTES_MAX) {
        return sl_error_new(
            SL_E_CONFIG, SL_FATAL,
            "the configurations of its %zu tasks have %zu bytes together, expected at most %zu, "
            "which a record of the config topic can have: lower tasks.max",
            job->nconfigs, r.json.n, PROPOSAL_BYTES_MAX);
    }
    c->stale = false;
    return sl__config_topic_put(d->config, &r, said, d);
}

sl_error *sl__units_prepared(sl__connector *c, sl__job *job) {
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_error *err = propose(c->herder->dist, c, job, &arena);
    sl_arena_deinit(&arena);
    return err ? sl_error_wrap(err, "its tasks' configurations cannot be written") : NULL;
}

/* ---- statuses ---- */

/* unit_exists tells whether the config topic still has it. */
static bool unit_exists(const sl__dist *d, sl_str name, int32_t task) {
    sl__stored_connector st;
    return sl__config_state_get(sl__config_topic_state(d->config), name, &st) && task < st.ntasks;
}

void sl__units_state(const sl__connector *c, int32_t task, sl__state state, const char *trace) {
    static const sl__status_state states[] = {
        [SL_STATE_UNASSIGNED] = SL_STATUS_UNASSIGNED, [SL_STATE_RUNNING] = SL_STATUS_RUNNING,
        [SL_STATE_PAUSED] = SL_STATUS_PAUSED,         [SL_STATE_STOPPED] = SL_STATUS_STOPPED,
        [SL_STATE_FAILED] = SL_STATUS_FAILED,         [SL_STATE_RESTARTING] = SL_STATUS_RESTARTING,
    };
    sl__dist *d = c->herder->dist;
    sl__status_state to = states[state];
    if (task >= 0 && state == SL_STATE_UNASSIGNED) {
        return; /* it is being started: what it says next is said */
    }
    if (task >= 0 && state == SL_STATE_STOPPED) {
        to = SL_STATUS_UNASSIGNED;
    }
    if (to == SL_STATUS_UNASSIGNED && !unit_exists(d, c->name, task)) {
        to = SL_STATUS_DESTROYED;
    }
    sl__dist_status(d, c->name, task, to, trace ? sl_str_of(trace) : SL_STR_NONE, to == SL_STATUS_UNASSIGNED);
}
