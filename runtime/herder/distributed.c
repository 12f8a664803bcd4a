/*
 * distributed.c - see distributed.h: what comes in, and the life of it all.
 */
#include "herder/fencing.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metric_table.h"

#define COMPONENT "cluster"

static sl__dist *dist_of(sl__herder *h) {
    return h->dist;
}

void sl__dist_fail(sl__dist *d, sl_error *err) {
    if (d->failure) {
        sl_error_free(err);
        return;
    }
    char text[1024];
    sl__log(SL_LOG_ERROR, COMPONENT, "the worker ends: %s", sl_error_text(err, text, sizeof text));
    d->failure = err;
    sl__herder_stop(d->h);
}

/* ---- the config topic ---- */

static void forget_topics(const sl__dist *d, sl_str name) {
    const sl__connector *c = sl__herder_find(d->h, name);
    for (size_t i = 0; c && i < c->nslots; i++) {
        if (c->slots[i].task) {
            sl__task_forget_topics(c->slots[i].task);
        }
    }
}

static void own_changed(sl__dist *d, const sl__config_record *r) {
    sl_str assignment = SL_STR("assignment-");
    bool question = sl_str_starts(r->name, SL_STR("proposal-")) || sl_str_starts(r->name, SL_STR("fence-"));
    d->asked = d->asked || question;
    d->lead_dirty = d->lead_dirty || !question;
    d->units_dirty = d->units_dirty || (sl_str_starts(r->name, assignment) &&
                                        sl_str_eq(sl_str_skip(r->name, assignment.n), d->id));
    sl_str reset = SL_STR("reset-topics-"), fence = SL_STR("fence-");
    if (!sl__workers_apply(&d->workers, r->name, r->removed ? SL_STR_NONE : r->json)) {
        sl__dist_fail(d, sl_error_nomem());
    }
    if (sl_str_starts(r->name, reset) && !r->removed) {
        forget_topics(d, sl_str_skip(r->name, reset.n));
    }
    if (sl_str_starts(r->name, fence)) {
        sl__fence_told(d, sl_str_skip(r->name, fence.n), r->removed ? SL_STR_NONE : r->json);
    }
}

static void set_level(const sl__config_record *r) {
    int level = sl__log_level_parse(r->level);
    char *name = sl_strdup(r->name);
    if (!name || !sl__log_set_level(name, level)) {
        sl__log(SL_LOG_WARN, COMPONENT, "the level of logger '%.*s' could not be set", SL_STR_ARG(r->name));
    }
    sl_free(name);
}

static void on_change(void *arg, sl__config_change change, const sl__config_record *r) {
    sl__dist *d = arg;
    sl__connector *c = sl__herder_find(d->h, r->name);
    switch (change) {
    case SL_CHANGE_OWN:
        own_changed(d, r);
        break;
    case SL_CHANGE_TASKS:
        d->leftovers = true;
        if (c) {
            c->tasks_stale = true;
        }
        sl__units_changed(d, r->name);
        break;
    case SL_CHANGE_CONNECTOR:
    case SL_CHANGE_REMOVED:
    case SL_CHANGE_TARGET:
    case SL_CHANGE_FENCED:
        sl__units_changed(d, r->name);
        break;
    case SL_CHANGE_RESTART:
        if (c && d->read) {
            sl__connector_restart(c, r->restart.include_tasks, r->restart.only_failed);
        }
        break;
    case SL_CHANGE_LOGGER:
        if (d->read) {
            set_level(r);
        }
        break;
    default:
        break;
    }
}

void sl__dist_drain(sl__dist *d) {
    sl_error *err = sl__config_topic_drain(d->config, on_change, d);
    if (err) {
        sl__dist_fail(d, err);
    }
}

static void on_news(void *arg) {
    sl__dist *d = arg;
    if (!atomic_exchange(&d->news_posted, true)) { /* others may drain while it is on its way */
        (void)sl__inbox_post(&d->h->inbox, &d->news_message);
    }
}

static void handle_news(sl__herder *h, sl__message *m) {
    (void)m;
    atomic_store(&dist_of(h)->news_posted, false);
    sl__dist_drain(dist_of(h));
}

/* ---- the group ---- */

static void on_group(void *arg) {
    sl__dist *d = arg;
    if (!atomic_exchange(&d->group_posted, true)) {
        (void)sl__inbox_post(&d->h->inbox, &d->group_message);
    }
}

static bool same_text(const char *a, sl_str b) {
    return a ? b.p && sl_str_eqz(b, a) : !b.p;
}

void sl__dist_look(sl__dist *d) {
    bool owned = d->view.owner;
    sl_arena_reset(&d->view_arena, 64 * 1024);
    sl__group_look(d->group, &d->view_arena, &d->view);
    if (d->view.owner && !owned) {
        d->owner_ms = sl__now_ms();
    }
}

static void handle_group(sl__herder *h, sl__message *m) {
    sl__dist *d = dist_of(h);
    (void)m;
    atomic_store(&d->group_posted, false);
    if (!d->group) {
        return;
    }
    sl__dist_look(d);
    if (d->view.failure) {
        sl__dist_fail(
            d, sl_error_new(d->view.failure->code, d->view.failure->cls, "%s", d->view.failure->message));
    }
    if (!same_text(d->member, d->view.member)) {
        sl_free(d->member);
        d->member = d->view.member.p ? sl_strdup(d->view.member) : NULL;
        d->units_dirty = true;
        if (!d->member) {
            sl__producers_purge(sl__kafka_producers(d->kafka));
            sl__units_sync(d); /* tasks first: others may get them soon */
        }
    }
    sl__leader_look(d);
}

static sl_error *join(sl__dist *d) {
    const sl__worker_group *g = d->spec->group;
    sl_arena arena;
    sl_arena_init(&arena, 0);
    const sl__group_spec spec = {
        .conf = &d->spec->topics->consumer,
        .group = g->id,
        .instance = g->instance,
        .topic = d->spec->topics->config.name,
        .client_id = sl_arena_printf(&arena, "sluice-%.*s", SL_STR_ARG(d->id)),
        .session_ms = g->session_ms,
        .heartbeat_ms = g->heartbeat_ms,
        .rebalance_ms = g->rebalance_ms,
        .patience_ms = g->delay_ms,
        .lease = &d->lease,
        .changed = on_group,
        .arg = d,
    };
    sl_error *err = sl__group_open(d->kafka, &spec, &d->group);
    sl_arena_deinit(&arena);
    return err;
}

/* ---- the first reading ---- */

static void on_read(sl__log_wait *w, const sl_error *err) {
    sl__dist *d = (sl__dist *)((char *)w - offsetof(sl__dist, first_read));
    (void)err; /* drain gives it */
    (void)sl__inbox_post(&d->h->inbox, &d->read_message);
}

static void handle_read(sl__herder *h, sl__message *m) {
    sl__dist *d = dist_of(h);
    (void)m;
    sl__dist_drain(d);
    if (d->failure || h->stopping) {
        return;
    }
    d->read = true;
    sl__log(SL_LOG_INFO, COMPONENT, "%.*s has read topic '%.*s': %zu connectors", SL_STR_ARG(d->id),
            SL_STR_ARG(d->spec->topics->config.name),
            sl__config_state_count(sl__config_topic_state(d->config)));
    sl_error *err = join(d);
    if (err) {
        sl__dist_fail(d, err);
    }
}

/* ---- writing ---- */

sl__dist_write *sl__dist_write_new(sl__dist *d, sl__call *call,
                                   void (*after)(sl__dist *, sl__dist_write *, const sl_error *)) {
    sl__dist_write *w = sl_calloc(1, sizeof *w);
    if (w) {
        sl_arena_init(&w->arena, 0);
        w->dist = d;
        w->call = call;
        w->after = after;
        w->term = d->term;
    }
    return w;
}

sl__config_record *sl__dist_write_add(sl__dist_write *w, sl__config_kind kind, sl_str name) {
    sl__config_record *records = sl_grow(w->records, w->n, &w->cap, sizeof *records);
    if (!records) {
        w->arena.failed = true;
        return NULL;
    }
    w->records = records;
    sl__config_record *r = &records[w->n++];
    memset(r, 0, sizeof *r);
    r->kind = kind;
    r->name = sl_arena_str(&w->arena, name);
    return r;
}

void sl__dist_write_free(sl__dist_write *w) {
    if (w) {
        sl_error_free(w->err);
        sl_free(w->records);
        sl_arena_deinit(&w->arena);
        sl_free(w);
    }
}

static void finish_write(sl__dist_write *w) {
    sl__dist *d = w->dist;
    d->commits -= w->commits;
    d->asked = d->asked || w->commits;
    if (w->call) {
        w->call->cancel = NULL;
        w->call->work = NULL;
    }
    if (w->err && w->err->code == SL_E_CONFLICT && w->term == d->term) {
        sl__leader_lost(d);
    }
    w->after(d, w, w->err);
    sl__dist_write_free(w);
}

static void handle_write(sl__herder *h, sl__message *m) {
    sl__dist_write *w = (sl__dist_write *)((char *)m - offsetof(sl__dist_write, message));
    if (w->written && !w->err && !h->stopping) {
        w->written = false;
        sl__config_topic_behind(w->dist->config, w->write.offset, &w->wait);
        return;
    }
    sl__dist_drain(w->dist);
    finish_write(w);
}

static void post_write(sl__dist_write *w) {
    if (!sl__inbox_post(&w->dist->h->inbox, &w->message)) {
        sl__dist_write_free(w); /* the herder has ended, and has answered all calls */
    }
}

static void on_written(sl__config_write *write, const sl_error *err) {
    sl__dist_write *w = (sl__dist_write *)write;
    w->written = true;
    w->err = err ? sl_error_new(err->code, err->cls, "%s", err->message) : NULL;
    post_write(w);
}

static void on_read_back(sl__log_wait *wait, const sl_error *err) {
    sl__dist_write *w = (sl__dist_write *)((char *)wait - offsetof(sl__dist_write, wait));
    (void)err;
    post_write(w);
}

static void forget_write(sl__call *c) {
    sl__dist_write *w = c->work;
    w->call = NULL;
}

void sl__dist_write_send(sl__dist_write *w) {
    sl__dist *d = w->dist;
    w->message.handle = handle_write;
    w->wait.done = on_read_back;
    w->write.done = on_written;
    w->write.records = w->records;
    w->write.n = w->n;
    for (size_t i = 0; i < w->n; i++) {
        w->commits = w->commits || w->records[i].kind == SL_CR_COMMIT;
    }
    d->commits += w->commits;
    if (w->call) {
        w->call->work = w;
        w->call->cancel = forget_write;
    }
    sl_error *err = w->arena.failed ? sl_error_nomem() : NULL;
    if (!err && (!d->view.owner || !sl__lease_holds(&d->lease))) {
        err = sl_error_new(SL_E_CONFLICT, SL_RETRIABLE, "this worker does not lead the cluster any more");
    }
    err = err    ? err
          : w->n ? sl__config_topic_write(d->config, &w->write)
                 : sl__config_topic_claim(d->config, &w->write);
    if (err) {
        w->err = err;
        post_write(w);
    }
}

/* ---- statuses ---- */

void sl__dist_status(sl__dist *d, sl_str name, int32_t task, sl__status_state state, sl_str trace,
                     bool safe) {
    const sl__worker *me = sl__workers_find(&d->workers, d->id);
    const sl__status s = {
        .state = state, .trace = trace, .worker_id = d->id, .generation = me ? (int32_t)me->generation : 0};
    if (!sl__lease_holds(&d->lease)) {
        return;
    }
    sl_error *err = sl__status_topic_put(d->status, name, task, &s, safe);
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "the status of %.*s could not be written: %s", SL_STR_ARG(name),
                err->message);
        sl_error_free(err);
    }
}

/* ---- hooks ---- */

static void dist_start(sl__herder *h) {
    sl__dist *d = dist_of(h);
    sl__metrics_begin(SL_METRIC_CLUSTER, SL_STR_NONE, -1);
    sl__config_topic_end(d->config, &d->first_read);
}

static int64_t dist_tick(sl__herder *h, int64_t now) {
    sl__dist *d = dist_of(h);
    int64_t a = sl__units_tick(d, now);
    int64_t b = sl__leader_tick(d, now);
    sl__rebalances_look(d, now);
    return a && (!b || a < b) ? a : b;
}

const sl__hooks sl__dist_hooks = {
    .start = dist_start,
    .tick = dist_tick,
    .prepared = sl__units_prepared,
    .runs = sl__units_runs,
    .state = sl__units_state,
    .may_start = sl__fence_may_start,
    .confirm = sl__fence_confirm,
};

/* ---- life ---- */

void sl__dist_attach(sl__dist *d, sl__herder *h) {
    d->h = h;
}

const sl__lease *sl__dist_lease(const sl__dist *d) {
    return &d->lease;
}

sl_error *sl__dist_open(sl__kafka *kafka, const sl__dist_spec *spec, sl_str worker_id, sl_str url,
                        sl__dist **out) {
    sl__dist *d = sl_calloc(1, sizeof *d);
    if (!d) {
        return sl_error_nomem();
    }
    d->kafka = kafka;
    d->spec = spec;
    d->id = worker_id;
    d->url = url;
    d->news_message.handle = handle_news;
    d->group_message.handle = handle_group;
    d->read_message.handle = handle_read;
    d->first_read.done = on_read;
    d->said_done = -1;
    sl_arena_init(&d->view_arena, 0);
    sl__workers_init(&d->workers);
    sl__map_init(&d->revoked, NULL);
    sl__map_init(&d->fences, NULL);
    *out = d;
    return NULL;
}

sl_error *sl__dist_read(sl__dist *d) {
    const sl__config_topic_spec config = {
        .topics = d->spec->topics, .group = d->spec->group->id, .news = on_news, .arg = d};
    SL_TRY(sl__config_topic_open(d->kafka, &config, &d->config));
    return sl__status_topic_open(d->kafka, d->spec->topics, &d->status);
}

void sl__dist_close(sl__dist *d) {
    if (!d) {
        return;
    }
    if (d->lead != SL_LEAD_NONE) {
        sl__config_topic_relinquish(d->config);
    }
    sl__status_topic_close(d->status); /* what tasks said last is written while the lease still holds */
    sl__group_free(d->group);
    sl__config_topic_close(d->config);
    sl__leader_lost(d);
    sl__map_deinit(&d->revoked);
    sl__map_deinit(&d->fences);
    sl__workers_deinit(&d->workers);
    sl_arena_deinit(&d->view_arena);
    sl_free(d->member);
    sl_free(d->said_member);
    sl_free(d->before_member);
    sl_free(d->deposed);
    sl_error_free(d->failure);
    sl_free(d);
}

sl_error *sl__dist_failure(sl__dist *d) {
    sl_error *err = d->failure;
    d->failure = NULL;
    return err;
}
