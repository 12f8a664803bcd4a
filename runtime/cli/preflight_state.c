/*
 * preflight_state.c - the topics and groups of the cluster that is to be taken over, as they are; see
 * preflight.h.
 *
 * The stores make topics that are missing, so each topic is looked for first, and only what is there is
 * opened.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/preflight.h"
#include "store/offsets_connector.h"

#define REACH_MS 10000
#define READ_MS 120000
#define AGAIN_US 200000
#define TRACE_BYTES 300

/* ---- topics ---- */

/* ask_for looks a topic up; false: the cluster was not reached in time. */
static bool ask_for(sl__topic_admin *a, sl__topic_ask *ask) {
    int64_t until = sl__now_ms() + REACH_MS;
    while (ask->state == SL__ASK_LOOK || ask->state == SL__ASK_DESCRIBE) {
        bool reached = ask->state == SL__ASK_LOOK ? sl__topic_admin_look(a, &ask, 1)
                                                  : sl__topic_admin_describe(a, &ask, 1);
        if (!reached && sl__now_ms() > until) {
            return false;
        }
        if (!reached) {
            usleep(AGAIN_US);
        }
    }
    return true;
}

static sl_error *unreachable(const sl__pf_state *s) {
    return sl_error_new(SL_E_KAFKA, SL_FATAL, "Kafka does not answer: %s", sl__topic_admin_trouble(s->admin));
}

/* judge_topic says what is wrong with a topic of state. */
static void judge_topic(sl__pf_topic *t, const sl__topic_ask *ask, bool one_partition) {
    sl_str key = sl_str_of(t->setting);
    t->partitions = ask->info.exists ? ask->info.partitions : 0;
    snprintf(t->cleanup, sizeof t->cleanup, "%s", ask->info.cleanup);
    if (ask->err) {
        sl__pf_add(&t->list, SL_PF_UNSUPPORTED, key, "%s", ask->err->message);
    } else if (!t->partitions) {
        sl__pf_add(&t->list, one_partition ? SL_PF_UNSUPPORTED : SL_PF_NOTE, key,
                   "there is no topic '%.*s'%s", SL_STR_ARG(t->name),
                   one_partition ? ": nothing to take over, is it the right cluster?" : "; it will be made");
    }
    if (one_partition && t->partitions > 1) {
        sl__pf_add(&t->list, SL_PF_UNSUPPORTED, key,
                   "topic '%.*s' has %d partitions, expected 1: the order of its records is lost",
                   SL_STR_ARG(t->name), (int)t->partitions);
    }
    if (t->cleanup[0] && strcmp(t->cleanup, "compact") != 0) {
        sl__pf_add(
            &t->list, SL_PF_UNSUPPORTED, key,
            "topic '%.*s' has cleanup.policy=%s, expected compact: what is kept there is lost in time; "
            "set cleanup.policy=compact on it",
            SL_STR_ARG(t->name), t->cleanup);
    }
    t->usable = t->partitions > 0 && t->list.worst != SL_PF_UNSUPPORTED;
}

static sl_error *look_at(sl__pf_state *s, sl__pf_topic *t, const char *setting, sl_str name, bool one) {
    sl__topic_ask ask = {.state = SL__ASK_LOOK, .spec = {.name = name, .setting = setting}};
    *t = (sl__pf_topic){.setting = setting, .name = name, .list = {.arena = s->arena}};
    if (!ask_for(s->admin, &ask)) {
        t->setting = NULL; /* not looked at */
        sl_error_free(ask.err);
        return unreachable(s);
    }
    judge_topic(t, &ask, one);
    sl_error_free(ask.err);
    return NULL;
}

static sl_error *look_at_topics(sl__pf_state *s) {
    const sl__worker_topics *t = &s->cluster->topics;
    SL_TRY(look_at(s, &s->topics[SL_PF_CONFIG], "config.storage.topic", t->config.name, true));
    SL_TRY(look_at(s, &s->topics[SL_PF_OFFSET], "offset.storage.topic", t->offset.name, false));
    return look_at(s, &s->topics[SL_PF_STATUS], "status.storage.topic", t->status.name, false);
}

/* ---- reading the config topic ---- */

typedef struct reading {
    sl__log_wait wait; /* first */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool news, over;
} reading;

static void on_news(void *arg) {
    reading *r = arg;
    pthread_mutex_lock(&r->lock);
    r->news = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void on_end(sl__log_wait *w, const sl_error *err) {
    reading *r = (reading *)w;
    (void)err; /* draining gives it */
    pthread_mutex_lock(&r->lock);
    r->over = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

static void pass_over(void *arg, sl__config_change change, const sl__config_record *record) {
    (void)arg, (void)change, (void)record;
}

/* read_config drains while it is read: what waits to be drained is bounded. */
static sl_error *read_config(sl__config_topic *t, reading *r) {
    sl_error *err = NULL;
    bool over = false;
    sl__config_topic_end(t, &r->wait);
    while (!err && !over) {
        pthread_mutex_lock(&r->lock);
        while (!r->news && !r->over) {
            pthread_cond_wait(&r->changed, &r->lock);
        }
        r->news = false;
        over = r->over;
        pthread_mutex_unlock(&r->lock);
        err = sl__config_topic_drain(t, pass_over, NULL);
    }
    return err;
}

static sl_error *open_config(sl__pf_state *s) {
    static reading r = {
        .wait = {.done = on_end}, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const sl__config_topic_spec spec = {
        .topics = &s->cluster->topics, .group = s->cluster->group.id, .news = on_news, .arg = &r};
    r.news = r.over = false;
    SL_TRY(sl__config_topic_open(s->kafka, &spec, &s->config));
    return read_config(s->config, &r);
}

/* ---- the others ---- */

static sl_error *open_offsets(sl__pf_state *s) {
    const sl__offsets_spec spec = sl__offsets_cluster(&s->cluster->topics, READ_MS);
    SL_TRY(sl__offsets_open_topic(s->kafka, &spec, &s->offsets));
    return sl__offsets_refresh(s->offsets, READ_MS);
}

static sl_error *open_status(sl__pf_state *s) {
    SL_TRY(sl__status_topic_open(s->kafka, &s->cluster->topics, &s->status));
    return sl__status_topic_sync(s->status, READ_MS);
}

sl_error *sl__pf_state_read(const sl__cli_cluster *cluster, sl_arena *arena, sl__pf_state *out) {
    *out = (sl__pf_state){.cluster = cluster, .arena = arena};
    SL_TRY(sl__kafka_new(&cluster->topics.admin, &out->kafka));
    SL_TRY(sl__topic_admin_open(&cluster->topics.admin, NULL, &out->admin));
    SL_TRY(look_at_topics(out));
    if (!out->topics[SL_PF_CONFIG].usable) {
        return sl_error_new(SL_E_CONFIG, SL_FATAL, "%.*s",
                            SL_STR_ARG(out->topics[SL_PF_CONFIG].list.items[0].text));
    }
    SL_TRY(open_config(out));
    SL_TRY(out->topics[SL_PF_OFFSET].usable ? open_offsets(out) : NULL);
    SL_TRY(out->topics[SL_PF_STATUS].usable ? open_status(out) : NULL);
    return sl__group_look_at(out->kafka, &cluster->topics.admin, cluster->group.id, REACH_MS, arena,
                             &out->group);
}

void sl__pf_state_close(sl__pf_state *s) {
    sl__status_topic_close(s->status);
    sl__offsets_close(s->offsets);
    sl__config_topic_close(s->config);
    sl__topic_admin_close(s->admin);
    sl__kafka_free(s->kafka);
}

/* ---- what was ---- */

typedef struct offsets_found {
    sl_arena *arena;
    sl_batch_offset *items;
    size_t n, cap;
} offsets_found;

static void collect(void *arg, const sl_value *partition, const sl_value *offset) {
    offsets_found *f = arg;
    sl_batch_offset *items = sl_arena_grow(f->arena, f->items, f->n, &f->cap, sizeof *items);
    if (!items) {
        return;
    }
    f->items = items;
    sl_batch_offset *o = &items[f->n];
    f->n += sl_value_copy(f->arena, partition, &o->partition) && sl_value_copy(f->arena, offset, &o->offset);
}

/* open_own opens a connector's own offsets topic, if there is one. */
static sl_error *open_own(sl__pf_state *s, sl__pf_connector *c, sl__offsets **own) {
    sl__pf_topic topic;
    sl_str name = sl_str_trim(sl_config_get(&c->checked.config, SL_STR("offsets.storage.topic")));
    const sl__connector_offsets spec = {.worker = &s->cluster->worker.config,
                                        .connector = &c->checked.config,
                                        .topic = name,
                                        .exactly_once =
                                            s->cluster->group.exactly_once == SL__EXACTLY_ONCE_ENABLED,
                                        .flush_timeout_ms = READ_MS,
                                        .cluster = s->offsets};
    *own = NULL;
    if (!name.n || !s->offsets) {
        return NULL;
    }
    SL_TRY(look_at(s, &topic, "offsets.storage.topic", name, false));
    for (size_t i = 0; i < topic.list.n; i++) {
        const sl__pf_item *it = &topic.list.items[i];
        sl__pf_add(&c->list, it->level, it->key, "%.*s", SL_STR_ARG(it->text));
    }
    return topic.usable ? sl__offsets_open_connector(s->kafka, &spec, own) : NULL;
}

static sl_error *look_at_source(sl__pf_state *s, sl__pf_connector *c) {
    offsets_found found = {.arena = s->arena};
    sl__offsets *own;
    SL_TRY(open_own(s, c, &own));
    sl__offsets *store = own ? own : s->offsets;
    sl_error *err = store ? sl__offsets_each(store, c->name, collect, &found) : NULL;
    sl__offsets_close(own);
    if (err && err->cls == SL_USER) {
        sl__pf_add(&c->list, SL_PF_UNSUPPORTED, SL_STR("offsets"), "%s", err->message);
        sl_error_free(err);
        return NULL;
    }
    SL_TRY(err);
    SL_TRY(sl__pf_check_offsets(c, found.items, found.n));
    if (!found.n) {
        sl__pf_add(&c->list, SL_PF_NOTE, SL_STR("offsets"),
                   "none are stored: it begins from the start, as under Kafka Connect");
    }
    return NULL;
}

static sl_error *look_at_sink(sl__pf_state *s, sl__pf_connector *c) {
    sl_config settings;
    sl__client_config client;
    sl_config_report ignored; /* validated before */
    sl__group_offset *found;
    sl_str group;
    const sl_config *worker = &s->cluster->worker.config;
    sl_config_report_init(&ignored, s->arena);
    SL_TRY(sl__client_settings(SL__CLIENT_CONSUMER, worker, &c->checked.config, s->arena, &settings));
    SL_TRY(sl__client_sink_group(&settings, c->name, s->arena, &group));
    SL_TRY(sl__client_settings(SL__CLIENT_ADMIN, worker, &c->checked.config, s->arena, &settings));
    SL_TRY(sl__client_translate(SL__CLIENT_ADMIN, &settings, SL_STR_NONE, s->arena, &ignored, &client));
    sl_error *err = sl__group_offsets_list(s->kafka, &client, group, REACH_MS, s->arena, &found, &c->offsets);
    if (err) {
        sl__pf_add(&c->list, SL_PF_NOTE, SL_STR("offsets"),
                   "what group '%.*s' has committed is not known: %s", SL_STR_ARG(group), err->message);
        sl_error_free(err);
    } else if (!c->offsets) {
        sl__pf_add(&c->list, SL_PF_NOTE, SL_STR("offsets"),
                   "group '%.*s' has committed none: it begins as consumer.auto.offset.reset says",
                   SL_STR_ARG(group));
    }
    return NULL;
}

static void note_failed(void *arg, int32_t task, const sl__status *status) {
    sl__pf_connector *c = arg;
    if (status->state != SL_STATUS_FAILED) {
        return;
    }
    sl_str why = sl_str_make(status->trace.p, sl_str_find(status->trace, '\n'));
    why.n = why.n > TRACE_BYTES ? TRACE_BYTES : why.n;
    char unit[32] = "the connector";
    if (task != SL_STATUS_CONNECTOR) {
        snprintf(unit, sizeof unit, "task %d", (int)task);
    }
    sl__pf_add(&c->list, SL_PF_NOTE, SL_STR_NONE, "%s was FAILED when last seen: %.*s", unit,
               SL_STR_ARG(why));
}

sl_error *sl__pf_look_back(sl__pf_state *s, sl__pf_connector *c) {
    sl__status status;
    if (s->status) {
        if (sl__status_topic_get(s->status, c->name, SL_STATUS_CONNECTOR, s->arena, &status)) {
            note_failed(c, SL_STATUS_CONNECTOR, &status);
        }
        sl__status_topic_tasks(s->status, c->name, note_failed, c);
    }
    if (!c->def) {
        return NULL;
    }
    return c->def->kind == SL_KIND_SINK ? look_at_sink(s, c) : look_at_source(s, c);
}
