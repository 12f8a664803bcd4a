/*
 * slots.c - one task of a connector: started, asked to stop, given up, started again after an outage.
 *
 * A run of a task reports into its box. The box is a message that is posted when something is new in it, so
 * that any number of reports need no more room than one. A box is freed with the last report of its run; that
 * of an abandoned task stays, for nobody knows when the task will be silent.
 *
 * Threads: reports come from the pool and the reactor and touch the box alone, under its lock.
 */
#include "herder/state.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "herder/ops.h"

#define COMPONENT "herder"
#define GRACE_MS 500 /* a task ends its drain after the shutdown time, and closes then */

struct sl__box {
    sl__message message;
    sl__herder *herder;
    pthread_mutex_t lock;
    bool posted;
    bool news; /* state, trace, ... are new */
    bool reconfigure;
    sl__task_state state;
    char *trace; /* owned */
    bool retriable;
    bool over;
    char **topics; /* owned: used for the first time */
    size_t ntopics;
    /* the herder's thread */
    sl__slot *slot;     /* NULL = abandoned */
    int32_t generation; /* of the configurations it was started with; constant */
    sl__task *lost;     /* owned; abandoned */
    sl__box *next;      /* of the lost ones */
};

/* ---- the box ---- */

/* post puts the box into the inbox, once. @locks box->lock held */
static void post(sl__box *box) {
    if (!box->posted) {
        box->posted = sl__inbox_post(&box->herder->inbox, &box->message);
    }
}

static void on_report(void *arg, const sl__task_report *r) {
    sl__box *box = arg;
    pthread_mutex_lock(&box->lock);
    box->news = true;
    box->state = r->state;
    sl_free(box->trace);
    box->trace = r->trace ? sl_strdup(sl_str_of(r->trace)) : NULL;
    box->retriable = r->retriable;
    box->over = box->over || r->over;
    post(box);
    pthread_mutex_unlock(&box->lock);
}

static void on_reconfigure(void *arg, sl_str connector) {
    sl__box *box = arg;
    (void)connector;
    pthread_mutex_lock(&box->lock);
    box->reconfigure = true;
    post(box);
    pthread_mutex_unlock(&box->lock);
}

static void on_topic(void *arg, sl_str topic) {
    sl__box *box = arg;
    pthread_mutex_lock(&box->lock);
    char **more = sl_realloc(box->topics, (box->ntopics + 1) * sizeof *more);
    char *copy = more ? sl_strdup(topic) : NULL;
    box->topics = more ? more : box->topics;
    if (copy) {
        box->topics[box->ntopics++] = copy;
        post(box);
    }
    pthread_mutex_unlock(&box->lock);
}

static bool on_confirm(void *arg, const sl__task *t) {
    const sl__box *box = arg;
    const sl__hooks *hooks = box->herder->hooks;
    return !hooks || hooks->confirm(box->herder, t, box->generation);
}

static void free_topics(char **topics, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sl_free(topics[i]);
    }
    sl_free(topics);
}

static void box_free(sl__box *box) {
    pthread_mutex_destroy(&box->lock);
    free_topics(box->topics, box->ntopics);
    sl_free(box->trace);
    sl_free(box);
}

unsigned sl__boxes_left(const sl__herder *h) {
    unsigned n = 0;
    for (const sl__box *box = h->lost; box; box = box->next) {
        n += !sl__task_ended(box->lost);
    }
    return n;
}

void sl__boxes_each_left(const sl__herder *h, void (*cb)(void *arg, sl_str connector, int32_t task),
                         void *arg) {
    for (const sl__box *box = h->lost; box; box = box->next) {
        if (!sl__task_ended(box->lost)) {
            cb(arg, sl__task_connector(box->lost), sl__task_number(box->lost));
        }
    }
}

void sl__boxes_free(sl__herder *h) {
    while (h->lost) {
        sl__box *next = h->lost->next;
        sl__task_unref(h->lost->lost);
        box_free(h->lost);
        h->lost = next;
    }
}

/* ---- what a report changes ---- */

static void set_state(sl__slot *s, sl__state to, char *trace) {
    sl_free(s->trace);
    s->trace = trace;
    s->state = to;
    if (s->connector->herder->hooks) {
        s->connector->herder->hooks->state(s->connector, s->number, to, trace);
    }
}

/* end_run forgets a task whose last report is in. */
static void end_run(sl__slot *s) {
    sl__task_unref(s->task);
    s->task = NULL;
    s->box = NULL;
    s->stop_by_ms = 0;
}

static void log_failure(const sl__slot *s, bool retriable) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl__trace_text(s->trace, &s->tries, s->connector, &b);
    sl__log(retriable ? SL_LOG_WARN : SL_LOG_ERROR, COMPONENT, "task %.*s-%d failed: %.*s",
            SL_STR_ARG(s->connector->name), s->number, (int)b.n, b.p ? b.p : "");
    sl_buf_deinit(&b);
}

static void failed(sl__slot *s, char *trace, bool retriable) {
    set_state(s, SL_STATE_FAILED, trace);
    s->tries.at_ms = 0;
    retriable = retriable && sl__tries_plan(&s->tries, s->connector->herder, s->connector, sl__now_ms());
    log_failure(s, retriable);
}

void sl__slot_fail(sl__slot *s, const char *trace, bool retriable) {
    failed(s, sl_strdup(sl_str_of(trace)), retriable);
}

/* over does what follows the end of a run. */
static void over(sl__slot *s, sl__task_state state, char *trace, bool retriable) {
    bool again = s->again;
    end_run(s);
    s->again = false;
    if (s->leaving) {
        s->leaving = false;
        set_state(s, again ? SL_STATE_RESTARTING : SL_STATE_STOPPED, NULL);
        sl_free(trace);
    } else if (state == SL_TASK_FAILED) {
        if (s->state != SL_STATE_RUNNING && s->state != SL_STATE_PAUSED) {
            sl__metric_count("task_startup_failure");
        }
        failed(s, trace, retriable);
    } else {
        set_state(s, SL_STATE_STOPPED, trace);
    }
    if (!s->here) {
        sl__metrics_remove(s->connector->name, s->number); /* another worker shows them now */
    }
    sl__connector_advance(s->connector);
}

static void alive(sl__slot *s, sl__task_state state) {
    if (s->leaving) {
        return; /* stopping: what it says of its way there is old news */
    }
    set_state(s, state == SL_TASK_PAUSED ? SL_STATE_PAUSED : SL_STATE_RUNNING, NULL);
    s->tries.at_ms = 0;
    s->tries.running_ms = s->tries.running_ms ? s->tries.running_ms : sl__now_ms();
}

/* topics_used passes on which topics a task has used. */
static void topics_used(sl__slot *s, char **topics, size_t n) {
    sl__connector *c = s->connector;
    const sl__ops *ops = sl__herder_ops(c->herder);
    for (size_t i = 0; i < n; i++) {
        if (ops->topic_used) {
            ops->topic_used(c->herder, c, s->number, sl_str_of(topics[i]));
        } else {
            (void)sl__map_put(&c->topics, sl_str_of(topics[i]), c);
        }
    }
}

static void handle_box(sl__herder *h, sl__message *m) {
    sl__box *box = (sl__box *)((char *)m - offsetof(sl__box, message));
    (void)h;
    pthread_mutex_lock(&box->lock);
    sl__slot *s = box->slot;
    bool news = box->news, last = box->over, retriable = box->retriable, reconfigure = box->reconfigure;
    sl__task_state state = box->state;
    char *trace = news ? box->trace : NULL;
    box->trace = news ? NULL : box->trace;
    char **topics = box->topics;
    size_t ntopics = box->ntopics;
    box->topics = NULL;
    box->ntopics = 0;
    box->posted = box->news = box->reconfigure = false;
    pthread_mutex_unlock(&box->lock);
    if (s) {
        topics_used(s, topics, ntopics);
    }
    free_topics(topics, ntopics);
    if (!s) {
        sl_free(trace); /* abandoned: too late */
        return;
    }
    if (reconfigure && !s->leaving) {
        sl__connector_remake(s->connector);
    }
    if (last) {
        box_free(box);
        over(s, state, trace, retriable);
        return;
    }
    sl_free(trace);
    if (news) {
        alive(s, state);
        sl__connector_advance(s->connector);
    }
}

/* ---- starting ---- */

static sl__box *box_new(sl__slot *s) {
    sl__box *box = sl_calloc(1, sizeof *box);
    if (box) {
        pthread_mutex_init(&box->lock, NULL);
        box->message.handle = handle_box;
        box->herder = s->connector->herder;
        box->slot = s;
        box->generation = s->connector->current->generation;
    }
    return box;
}

static sl_error *start_task(sl__slot *s, sl__box *box) {
    const sl__connector *c = s->connector;
    const sl__task_spec spec = {
        .connector = c->name,
        .task = s->number,
        .def = c->current->checked.def,
        .config = &c->current->configs[s->number],
        .target = c->target,
        .report = on_report,
        .arg = box,
        .reconfigure = on_reconfigure,
        .topic = on_topic,
        .confirm = on_confirm,
    };
    return sl__task_start(&c->herder->env.task, &spec, &s->task);
}

void sl__slot_start(sl__slot *s) {
    sl__metric_count("task_startup_attempts");
    sl__box *box = box_new(s);
    sl_error *err = box ? start_task(s, box) : sl_error_nomem();
    s->tries.at_ms = 0;
    s->tries.running_ms = 0;
    if (err) {
        char text[512];
        sl__slot_fail(s, sl_error_text(err, text, sizeof text), true);
        sl_error_free(err);
        if (box) {
            box_free(box);
        }
        return;
    }
    s->box = box;
    s->leaving = false;
    s->again = false;
    if (s->state != SL_STATE_RESTARTING) {
        set_state(s, SL_STATE_UNASSIGNED, NULL);
    }
}

/* ---- stopping ---- */

void sl__slot_leave(sl__slot *s, bool again) {
    s->again = again;
    s->tries = (sl__tries){0};
    if (!s->task) {
        if (again) {
            set_state(s, SL_STATE_RESTARTING, NULL);
        } else if (s->state == SL_STATE_FAILED && !s->connector->herder->stopping) {
            set_state(s, SL_STATE_STOPPED, NULL); /* its failure is nobody's any more */
        }
        return;
    }
    if (again) {
        set_state(s, SL_STATE_RESTARTING, NULL);
    }
    if (!s->leaving) {
        s->leaving = true;
        s->stop_by_ms = sl__now_ms() + s->connector->herder->env.task.worker->shutdown_timeout_ms + GRACE_MS;
        sl__task_set_target(s->task, SL_TARGET_STOP);
    }
}

void sl__slot_set_target(sl__slot *s, sl__task_target target) {
    if (s->task && !s->leaving) {
        sl__task_set_target(s->task, target);
    }
}

/* abandon gives a task up that does not end. */
static void abandon(sl__slot *s) {
    sl__herder *h = s->connector->herder;
    sl__log(SL_LOG_ERROR, COMPONENT,
            "task %.*s-%d did not stop in time and is abandoned: it commits and produces nothing more, but "
            "may still hold "
            "connections until the worker ends",
            SL_STR_ARG(s->connector->name), s->number);
    sl__task_abandon(s->task);
    pthread_mutex_lock(&s->box->lock);
    s->box->slot = NULL;
    pthread_mutex_unlock(&s->box->lock);
    s->box->lost = s->task;
    s->box->next = h->lost;
    h->lost = s->box;
    sl__metric_count("tasks_abandoned");
    s->task = NULL; /* its reference is the box's now */
    over(s, SL_TASK_STOPPED, NULL, false);
}

static void due(int64_t at, int64_t *next) {
    if (at && (*next == 0 || at < *next)) {
        *next = at;
    }
}

void sl__slot_tick(sl__slot *s, int64_t now, int64_t *next) {
    if (s->task && s->leaving && s->stop_by_ms <= now) {
        abandon(s); /* the slot may be gone now */
        due(now + 1, next);
        return;
    }
    if (!s->task && s->tries.at_ms && s->tries.at_ms <= now) {
        s->tries.at_ms = 0;
        set_state(s, SL_STATE_RESTARTING, NULL);
        sl__connector_advance(s->connector);
        due(now + 1, next);
        return;
    }
    due(s->task && s->leaving ? s->stop_by_ms : 0, next);
    due(s->task ? 0 : s->tries.at_ms, next);
}
