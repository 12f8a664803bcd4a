/*
 * status_table.c - see status_table.h.
 */
#include "store/status_table.h"

#include <stdlib.h>

#include "base/pack.h"

static void cell_clear(sl__status_cell *c) {
    sl_free((char *)(uintptr_t)c->status.worker_id.p);
    c->status = (sl__status){0};
    c->there = false;
}

static void item_free(void *value) {
    sl__status_item *it = value;
    cell_clear(&it->connector);
    for (size_t i = 0; i < it->ntasks; i++) {
        cell_clear(it->tasks[i]);
        sl_free(it->tasks[i]);
    }
    sl_free(it->tasks);
    sl__map_deinit(&it->topics);
    sl_free(it);
}

void sl__status_table_init(sl__status_table *t) {
    sl__map_init(&t->items, item_free);
}

void sl__status_table_deinit(sl__status_table *t) {
    sl__map_deinit(&t->items);
}

sl__status_item *sl__status_table_item(const sl__status_table *t, sl_str connector) {
    return sl__map_get(&t->items, connector);
}

static sl__status_item *item_of(sl__status_table *t, sl_str connector, bool make) {
    sl__status_item *it = sl__map_get(&t->items, connector);
    if (it || !make) {
        return it;
    }
    it = sl_calloc(1, sizeof *it);
    if (it) {
        it->connector.task = SL_STATUS_CONNECTOR;
        sl__map_init(&it->topics, sl_free);
        if (!sl__map_put(&t->items, connector, it)) {
            item_free(it);
            it = NULL;
        }
    }
    return it;
}

/* place_of gives where a task's cell is, or belongs. */
static size_t place_of(const sl__status_item *it, int32_t task) {
    size_t low = 0, high = it->ntasks;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (it->tasks[mid]->task < task) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static sl__status_cell *add_task(sl__status_item *it, size_t at, int32_t task) {
    sl__status_cell *c = sl_calloc(1, sizeof *c);
    sl__status_cell **more = c ? sl_realloc(it->tasks, (it->ntasks + 1) * sizeof *more) : NULL;
    if (!more) {
        sl_free(c);
        return NULL;
    }
    c->task = task;
    it->tasks = more;
    memmove(more + at + 1, more + at, (it->ntasks - at) * sizeof *more);
    more[at] = c;
    it->ntasks++;
    return c;
}

sl__status_cell *sl__status_table_cell(sl__status_table *t, sl_str connector, int32_t task, bool make) {
    sl__status_item *it = item_of(t, connector, make);
    if (!it || task == SL_STATUS_CONNECTOR) {
        return it ? &it->connector : NULL;
    }
    size_t at = place_of(it, task);
    if (at < it->ntasks && it->tasks[at]->task == task) {
        return it->tasks[at];
    }
    return make ? add_task(it, at, task) : NULL;
}

bool sl__status_safe(const sl__status_cell *c, const sl__status *s) {
    return !c->there || sl_str_eq(c->status.worker_id, s->worker_id) || c->status.generation <= s->generation;
}

static sl_error *store(sl__status_cell *c, const sl__status *s) {
    char *text = sl_alloc(s->worker_id.n + s->trace.n + 1);
    if (!text) {
        return sl_error_nomem();
    }
    sl__status copy = *s;
    if (s->worker_id.n) {
        memcpy(text, s->worker_id.p, s->worker_id.n);
    }
    if (s->trace.n) {
        memcpy(text + s->worker_id.n, s->trace.p, s->trace.n);
    }
    copy.worker_id.p = text;
    copy.trace.p = s->trace.p ? text + s->worker_id.n : NULL;
    cell_clear(c);
    c->status = copy;
    c->there = true;
    return NULL;
}

/* hides tells whether s is what an earlier owner says late. */
static bool comes_late(const sl__status_cell *c, const sl__status *s) {
    return s->state == SL_STATUS_UNASSIGNED && c->there && c->status.state == SL_STATUS_RUNNING &&
           c->status.generation >= s->generation;
}

static sl_error *apply_status(sl__status_table *t, const sl__status_record *r) {
    sl__status_cell *c = sl__status_table_cell(t, r->connector, r->task, !r->removed);
    if (r->removed) {
        if (c) {
            cell_clear(c);
            c->sequence++; /* a put before it is not tried again */
        }
        return NULL;
    }
    if (!c) {
        return sl_error_nomem();
    }
    return r->kind == SL_SR_TASK && comes_late(c, &r->status) ? NULL : store(c, &r->status);
}

static sl_error *apply_topic(sl__status_table *t, const sl__status_record *r) {
    sl__status_item *it = item_of(t, r->connector, !r->removed);
    if (r->removed) {
        if (it) {
            sl__map_remove(&it->topics, r->topic.topic);
        }
        return NULL;
    }
    sl__topic_status *s = it ? sl_alloc(sizeof *s + r->topic.topic.n + r->connector.n) : NULL;
    if (!s) {
        return sl_error_nomem();
    }
    *s = r->topic;
    sl__str_pack(sl__str_pack((char *)(s + 1), r->topic.topic, &s->topic), r->connector, &s->connector);
    if (!sl__map_put(&it->topics, s->topic, s)) {
        sl_free(s);
        return sl_error_nomem();
    }
    return NULL;
}

/* remove_connector: a connector's tombstone takes its tasks' statuses with it, as in Kafka Connect. */
static void remove_tasks(sl__status_table *t, sl_str connector) {
    sl__status_item *it = item_of(t, connector, false);
    for (size_t i = 0; it && i < it->ntasks; i++) {
        cell_clear(it->tasks[i]);
        it->tasks[i]->sequence++;
    }
}

sl_error *sl__status_table_apply(sl__status_table *t, const sl__status_record *r) {
    if (r->kind == SL_SR_TOPIC) {
        return apply_topic(t, r);
    }
    if (r->removed && r->kind == SL_SR_CONNECTOR) {
        remove_tasks(t, r->connector);
    }
    return apply_status(t, r);
}
