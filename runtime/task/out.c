/*
 * out.c - topics and the producer of a source task.
 */
#include "task/out.h"

#include <stdio.h>

#include "base/log.h"

struct sl__out_entry {
    char *name; /* owned */
    size_t n;
    sl__out_topic *handle; /* on the present producer; NULL = not made yet */
    sl__out_entry *next;
};

static void wake_task(sl__topic_waiter *w) {
    sl__out *o = (sl__out *)((char *)w - offsetof(sl__out, waiter));
    sl__unit_wake(&o->task->unit);
}

static sl_error *read_client(sl__out *o) {
    sl__task *t = o->task;
    sl_config settings;
    sl_config_report problems;
    sl_config_report_init(&problems, &t->arena);
    SL_TRY(sl__client_settings(SL__CLIENT_PRODUCER, t->env->worker_config, &t->config, &t->arena, &settings));
    SL_TRY(sl__client_translate(SL__CLIENT_PRODUCER, &settings, SL_STR("producer."), &t->arena, &problems,
                                &o->client));
    return sl_config_report_error(&problems);
}

/* take_producer gives a producer of the pool, or the task's own transactional one. */
static sl_error *take_producer(sl__out *o, size_t batch_size, sl__producer **out) {
    sl__task *t = o->task;
    if (!t->env->exactly_once) {
        return sl__producers_get(sl__kafka_producers(t->env->kafka), &o->client, batch_size, out);
    }
    SL_TRY(sl__eos_open(&o->eos, t, &o->client, batch_size));
    *out = sl__txn_producer(o->eos.txn);
    return NULL;
}

sl_error *sl__out_init(sl__out *o, sl__task *t) {
    o->task = t;
    o->waiter.wake = wake_task;
    SL_TRY(read_client(o));
    if (t->env->worker->topic_creation) {
        sl_config_report problems;
        sl_config_report_init(&problems, &t->arena);
        SL_TRY(sl__topic_groups_parse(&t->config, &t->arena, &problems, &o->groups, &o->ngroups));
        SL_TRY(sl_config_report_error(&problems));
    }
    return take_producer(o, 0, &o->producer);
}

void sl__out_deinit(sl__out *o) {
    if (!o->task) {
        return;
    }
    sl__topics_forget(sl__kafka_topics(o->task->env->kafka), &o->waiter);
    while (o->entries) {
        sl__out_entry *e = o->entries;
        o->entries = e->next;
        sl_free(e->name);
        sl_free(e);
    }
    if (!o->task->env->exactly_once) {
        sl__producer_release(o->producer);
    }
    sl__eos_close(&o->eos);
    o->producer = NULL;
}

/* find gives the entry of a topic and moves it to the front. */
static sl__out_entry *find(sl__out *o, sl_str name) {
    for (sl__out_entry **at = &o->entries; *at; at = &(*at)->next) {
        sl__out_entry *e = *at;
        if (e->n == name.n && memcmp(e->name, name.p, name.n) == 0) {
            *at = e->next;
            e->next = o->entries;
            o->entries = e;
            return e;
        }
    }
    return NULL;
}

static sl__out_entry *add(sl__out *o, sl_str name) {
    sl__out_entry *e = sl_calloc(1, sizeof(*e));
    if (!e || !(e->name = sl_strdup(name))) {
        sl_free(e);
        return NULL;
    }
    e->n = name.n;
    e->next = o->entries;
    o->entries = e;
    return e;
}

/* look_up asks the topic service. */
static sl__lookup look_up(sl__out *o, sl_str name, sl__topic_info *info, sl_error **err) {
    const sl__topic_group *g = sl__topic_group_find(o->groups, o->ngroups, name);
    sl__topic_spec spec = {
        .name = name,
        .create = g != NULL,
        .partitions = g ? g->partitions : -1,
        .replication_factor = g ? g->replication_factor : -1,
        .configs = g ? &g->configs : NULL,
    };
    return sl__topics_lookup(sl__kafka_topics(o->task->env->kafka), &spec, &o->waiter, info, err);
}

/* fits tells whether the present producer can write to a topic with this limit. A request also carries
 * headers of its own. */
static bool fits(const sl__out *o, const sl__topic_info *info) {
    return info->max_message_bytes <= 0 || (int64_t)sl__producer_batch_size(o->producer) <
                                               info->max_message_bytes - info->max_message_bytes / 20;
}

/* change_producer takes one whose requests stay below the limit; all handles are made anew. */
static sl_error *change_producer(sl__out *o, int64_t max_message_bytes) {
    sl__producer *next;
    size_t size = (size_t)(max_message_bytes - max_message_bytes / 10);
    SL_TRY(take_producer(o, size, &next));
    if (!o->task->env->exactly_once) {
        sl__producer_release(o->producer);
    }
    o->producer = next;
    for (sl__out_entry *e = o->entries; e; e = e->next) {
        e->handle = NULL;
    }
    return NULL;
}

/* check_name: what goes to the topic of offsets within an open transaction would keep the task from reading
 * its own offsets to their end. */
static sl_error *check_name(const sl__out *o, sl_str name) {
    const sl__task *t = o->task;
    sl_str own = t->settings.offsets_topic;
    sl_str offsets = own.n ? own : sl_config_get(t->env->worker_config, SL_STR("offset.storage.topic"));
    if (!t->env->exactly_once || !sl_str_eq(name, offsets)) {
        return NULL;
    }
    return sl_error_new(
        SL_E_CONFIG, SL_USER,
        "Source tasks may not produce to their own offsets topics when exactly-once support is "
        "enabled: '%.*s'",
        SL_STR_ARG(name));
}

/* make_entry looks a new topic up and decides on the producer. */
static sl_error *make_entry(sl__out *o, sl_str name, bool idle, sl__out_ready *ready) {
    sl__topic_info info = {0};
    sl_error *err = NULL;
    SL_TRY(check_name(o, name));
    switch (look_up(o, name, &info, &err)) {
    case SL_LOOKUP_FAILED:
        return err;
    case SL_LOOKUP_PENDING:
        *ready = SL_OUT_PENDING;
        return NULL;
    case SL_LOOKUP_READY:
        break;
    }
    if (!fits(o, &info)) {
        if (!idle || o->eos.begun) {
            *ready = SL_OUT_DRAIN;
            return NULL;
        }
        SL_TRY(change_producer(o, info.max_message_bytes));
    }
    *ready = SL_OUT_READY;
    return add(o, name) ? NULL : sl_error_nomem();
}

sl_error *sl__out_resolve(sl__out *o, sl_str name, bool idle, sl__out_ready *ready, sl__out_topic **topic) {
    *ready = SL_OUT_READY;
    sl__out_entry *e = find(o, name);
    if (!e) {
        SL_TRY(make_entry(o, name, idle, ready));
        if (*ready != SL_OUT_READY) {
            return NULL;
        }
        e = o->entries;
    }
    if (!e->handle) {
        SL_TRY(sl__producer_topic(o->producer, name, &e->handle));
    }
    sl__topics_used_add(&o->task->topics, name);
    *topic = e->handle;
    return NULL;
}
