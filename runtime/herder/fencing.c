/*
 * fencing.c - see fencing.h.
 *
 * A record tasks-fencing-NAME speaks of the tasks that were committed before it, so none is written while a
 * commit is on its way and not yet read back.
 */
#include "herder/fencing.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/transaction.h"

#define COMPONENT "cluster"
#define ROUND_MS 60000
#define ASK_AGAIN_MS 10000
#define LOOK_MS 100

static const sl__config_state *state_of(const sl__dist *d) {
    return sl__config_topic_state(d->config);
}

/* ---- the leader: what is written ---- */

static sl_str own_name(sl_arena *arena, sl_str connector) {
    return sl_arena_printf(arena, "fence-%.*s", SL_STR_ARG(connector));
}

/* written: the outcome can be read. */
static void written(sl__dist *d, sl__dist_write *w, const sl_error *err) {
    if (w->term != d->term) {
        return;
    }
    for (size_t i = 0; i < w->n; i++) {
        sl_str name = w->records[i].name;
        (void)sl__map_remove(&d->fences, w->records[i].kind == SL_CR_OWN ? sl_str_skip(name, 6) : name);
    }
    d->lead_dirty = true;
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "that tasks are fenced could not be written: %s", err->message);
    }
}

/* add_own adds the connector's fence record: json absent = it is removed, if it is there. */
static void add_own(sl__dist_write *w, sl_str connector, sl_str json) {
    sl_str name = own_name(&w->arena, connector);
    if (!json.p && !sl__config_state_own(state_of(w->dist), name).p) {
        return;
    }
    sl__config_record *r = sl__dist_write_add(w, SL_CR_OWN, name);
    if (r) {
        r->json = json;
        r->removed = !json.p;
    }
}

static void add_fenced(sl__dist_write *w, sl_str connector, int32_t ntasks) {
    sl__config_record *r = sl__dist_write_add(w, SL_CR_FENCING, connector);
    if (r) {
        r->count = ntasks;
    }
    add_own(w, connector, SL_STR_NONE);
}

/* ---- the leader: a round ---- */

typedef struct round {
    unsigned term;
    int32_t ntasks; /* to be fenced */
    int32_t generation;
} round;

/* fence_tasks is the job's. */
static sl_error *fence_tasks(sl__job *job) {
    const round *r = job->extra_arg;
    const sl__task_env *env = &job->herder->env.task;
    sl__client_config client;
    SL_TRY(sl__job_client(job, SL__CLIENT_PRODUCER, "producer.", &client));
    sl_str *ids = sl_arena_alloc(&job->arena, ((size_t)r->ntasks + 1) * sizeof *ids);
    for (int32_t i = 0; ids && i < r->ntasks; i++) {
        ids[i] = sl__task_txn_id(&job->arena, env->group, job->name, i);
    }
    if (!ids || job->arena.failed) {
        return sl_error_nomem();
    }
    return sl__txn_fence(env->kafka, &client, ids, (size_t)r->ntasks, ROUND_MS, &job->herder->ending);
}

static void send_outcome(sl__dist *d, const sl__job *job, int32_t ntasks, sl_str problem) {
    sl__dist_write *w = sl__dist_write_new(d, NULL, written);
    if (!w) {
        (void)sl__map_remove(&d->fences, job->name);
        return;
    }
    if (problem.p) {
        sl__log(SL_LOG_WARN, COMPONENT, "connector %.*s: its earlier tasks could not be fenced: %.*s",
                SL_STR_ARG(job->name), SL_STR_ARG(problem));
        add_own(w, job->name, sl__fence_text(&w->arena, problem, sl__wall_ms()));
    } else {
        sl__log(SL_LOG_INFO, COMPONENT, "connector %.*s: %d earlier task%s fenced", SL_STR_ARG(job->name),
                (int)((const round *)job->extra_arg)->ntasks,
                ((const round *)job->extra_arg)->ntasks == 1 ? " is" : "s are");
        add_fenced(w, job->name, ntasks);
    }
    sl__dist_write_send(w);
}

static void fenced(sl__job *job) {
    sl__dist *d = job->owner;
    const round *r = job->extra_arg;
    sl__stored_connector st;
    bool retriable;
    if (r->term == d->term && d->lead == SL_LEAD_READY) {
        sl_str problem = sl__job_problem(job, &retriable);
        bool there = sl__config_state_get(state_of(d), job->name, &st);
        if (there && st.needs_fencing && st.generation == r->generation && !d->commits) {
            send_outcome(d, job, st.ntasks, problem);
        } else { /* other tasks were committed meanwhile */
            (void)sl__map_remove(&d->fences, job->name);
            d->lead_dirty = true;
        }
    }
    sl__job_free(job);
}

static bool start_round(sl__dist *d, const sl__stored_connector *st) {
    sl__job *job = sl__job_new(d->h, st->name, st->config);
    round *r = job ? sl_arena_zalloc(&job->arena, sizeof *r) : NULL;
    if (!r) {
        sl__job_free(job);
        return false;
    }
    *r = (round){.term = d->term, .ntasks = st->fenced_tasks, .generation = st->generation};
    job->resolve_only = true;
    job->extra = fence_tasks;
    job->extra_arg = r;
    job->finished = fenced;
    job->owner = d;
    sl__job_start(job);
    return true;
}

/* begin_one starts a round, or adds to w what can be written at once. */
static void begin_one(sl__dist *d, const sl__stored_connector *st, sl__dist_write *w) {
    bool idle = st->fenced_tasks <= 0 || (st->fenced_tasks == 1 && st->ntasks == 1);
    if (sl__map_get(&d->fences, st->name) || !sl__map_put(&d->fences, st->name, d)) {
        return;
    }
    if (idle) {
        add_fenced(w, st->name, st->ntasks);
    } else if (!start_round(d, st)) {
        (void)sl__map_remove(&d->fences, st->name);
    }
}

static void send_any(sl__dist_write *w) {
    if (w->n) {
        sl__dist_write_send(w);
    } else {
        sl__dist_write_free(w);
    }
}

void sl__fence_begin(sl__dist *d, const sl__stored_connector *st) {
    sl__dist_write *w = d->commits ? NULL : sl__dist_write_new(d, NULL, written);
    if (w) {
        begin_one(d, st, w);
        send_any(w);
    }
}

sl_str sl__fence_failure(const sl__dist *d, sl_str connector, int64_t since_ms, sl_arena *arena) {
    sl_str why = SL_STR_NONE;
    int64_t at = 0;
    sl_str json = sl__config_state_own(state_of(d), own_name(arena, connector));
    return json.p && sl__fence_read(json, arena, &why, &at) && at >= since_ms ? why : SL_STR_NONE;
}

/* serve_one looks at what a worker has asked for. */
static void serve_one(void *arg, sl_str name, sl_str json) {
    sl__dist_write *w = arg;
    sl__stored_connector st;
    sl_str why = SL_STR_NONE, connector = sl_str_skip(name, 6);
    int64_t at;
    if (!sl__fence_read(json, &w->arena, &why, &at) || why.p || sl__map_get(&w->dist->fences, connector)) {
        return; /* answered, or under way */
    }
    if (sl__config_state_get(state_of(w->dist), connector, &st) && st.needs_fencing) {
        begin_one(w->dist, &st, w);
    } else if (sl__map_put(&w->dist->fences, connector, w->dist)) {
        add_own(w, connector, SL_STR_NONE);
    }
}

void sl__fence_serve(sl__dist *d) {
    sl__dist_write *w = d->commits ? NULL : sl__dist_write_new(d, NULL, written);
    if (w) {
        sl__config_state_each_own(state_of(d), SL_STR("fence-"), serve_one, w);
        send_any(w);
    }
}

void sl__fence_forget(sl__dist *d) {
    sl__map_deinit(&d->fences);
    sl__map_init(&d->fences, NULL);
}

/* ---- a worker with tasks to start ---- */

static void asked(void *arg, const sl_error *err) {
    (void)arg;
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "the leader could not be asked to fence tasks: %s", err->message);
    }
}

static void ask(sl__dist *d, sl__connector *c) {
    int64_t now = sl__now_ms();
    sl_arena arena;
    if ((c->fence_asked_ms && now - c->fence_asked_ms < ASK_AGAIN_MS) || !sl__lease_holds(&d->lease)) {
        return;
    }
    sl_arena_init(&arena, 256);
    const sl__config_record r = {.kind = SL_CR_OWN,
                                 .name = own_name(&arena, c->name),
                                 .json = sl__fence_text(&arena, SL_STR_NONE, sl__wall_ms())};
    sl_error *err =
        arena.failed || !r.json.p ? sl_error_nomem() : sl__config_topic_put(d->config, &r, asked, d);
    c->fence_asked_ms = now;
    asked(d, err);
    sl_error_free(err);
    sl_arena_deinit(&arena);
}

static bool transactional(const sl__connector *c) {
    return c->herder->env.task.exactly_once && c->current && c->current->checked.def->kind == SL_KIND_SOURCE;
}

bool sl__fence_may_start(sl__connector *c) {
    sl__dist *d = c->herder->dist;
    sl__stored_connector st;
    if (!transactional(c)) {
        return true;
    }
    if (!sl__config_state_get(state_of(d), c->name, &st) || st.generation != c->current->generation) {
        return false; /* their configurations are being fetched */
    }
    if (st.needs_fencing) {
        ask(d, c);
        return false;
    }
    c->fence_asked_ms = 0;
    return true;
}

void sl__fence_told(sl__dist *d, sl_str connector, sl_str json) {
    sl__connector *c = sl__herder_find(d->h, connector);
    sl_str why = SL_STR_NONE;
    int64_t at;
    sl_arena arena;
    if (!c || !c->fence_asked_ms || !json.p) {
        return;
    }
    sl_arena_init(&arena, 256);
    if (sl__fence_read(json, &arena, &why, &at) && why.p) {
        sl_str text =
            sl_arena_printf(&arena, "Failed to perform round of zombie fencing: %.*s", SL_STR_ARG(why));
        c->fence_asked_ms = 0;
        sl__connector_fail_waiting(c, text.p ? text.p : "out of memory");
    }
    sl_arena_deinit(&arena);
}

int64_t sl__fence_tick(sl__dist *d, int64_t now) {
    int64_t next = 0;
    for (sl__connector *c = d->h->first; c; c = c->next) {
        if (c->fence_asked_ms && c->fence_asked_ms + ASK_AGAIN_MS <= now) {
            sl__connector_advance(c);
        }
        int64_t at = c->fence_asked_ms ? c->fence_asked_ms + ASK_AGAIN_MS : 0;
        next = at && (!next || at < next) ? at : next;
    }
    return next && next <= now ? now + LOOK_MS : next;
}

/* ---- a task that has its producer ---- */

/* The task and the herder each hold a reference. */
typedef struct question {
    sl__log_wait wait;
    sl__message message;
    sl__herder *herder;
    sl_arena arena;
    sl_str connector;
    int32_t task;
    int32_t generation;
    atomic_int refs;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool over;
    bool yes;
} question;

static void question_unref(question *q) {
    if (atomic_fetch_sub(&q->refs, 1) == 1) {
        pthread_cond_destroy(&q->answered);
        pthread_mutex_destroy(&q->lock);
        sl_arena_deinit(&q->arena);
        sl_free(q);
    }
}

static void answer(question *q, bool yes) {
    pthread_mutex_lock(&q->lock);
    q->over = true;
    q->yes = yes;
    pthread_cond_signal(&q->answered);
    pthread_mutex_unlock(&q->lock);
    question_unref(q);
}

static void handle_question(sl__herder *h, sl__message *m) {
    question *q = (question *)((char *)m - offsetof(question, message));
    const sl__connector *c;
    sl__stored_connector st;
    sl__dist_drain(h->dist);
    c = sl__herder_find(h, q->connector);
    answer(q, c && sl__units_runs(c, q->task) && sl__lease_holds(&h->dist->lease) &&
                  sl__config_state_get(state_of(h->dist), q->connector, &st) &&
                  st.generation == q->generation && q->task < st.ntasks);
}

static void on_end(sl__log_wait *w, const sl_error *err) {
    question *q = (question *)((char *)w - offsetof(question, wait));
    if (err || !sl__inbox_post(&q->herder->inbox, &q->message)) {
        answer(q, false);
    }
}

static question *question_new(sl__herder *h, const sl__task *task, int32_t generation) {
    question *q = sl_calloc(1, sizeof *q);
    if (!q) {
        return NULL;
    }
    q->herder = h;
    q->wait.done = on_end;
    q->message.handle = handle_question;
    sl_arena_init(&q->arena, 256);
    q->connector = sl_arena_str(&q->arena, sl__task_connector(task));
    q->task = sl__task_number(task);
    q->generation = generation;
    atomic_init(&q->refs, 2);
    pthread_mutex_init(&q->lock, NULL);
    sl__cond_init(&q->answered);
    return q;
}

bool sl__fence_confirm(sl__herder *h, const sl__task *task, int32_t generation) {
    question *q = question_new(h, task, generation);
    if (!q) {
        return false;
    }
    sl__config_topic_end(h->dist->config, &q->wait);
    pthread_mutex_lock(&q->lock);
    while (!q->over && !sl__task_stopping(task)) {
        struct timespec until = sl__deadline_in(LOOK_MS);
        (void)pthread_cond_timedwait(&q->answered, &q->lock, &until);
    }
    bool yes = q->over && q->yes;
    pthread_mutex_unlock(&q->lock);
    question_unref(q);
    return yes;
}
