/*
 * dead_letter.c - copies of failed records on their way to the dead letter topic.
 */
#include "task/dead_letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define SEND_TRIES 1000
#define CONTEXT_HEADERS 10

struct sl__dead_letter {
    sl__task *task;
    sl__topic_waiter waiter;
    sl__client_config client;
    sl__producer *producer;
    sl__out_topic *topic;
    bool ready;
    struct letters *letters;
};

/* What deliveries need; outlives the queue while copies are in flight. */
typedef struct letters {
    sl__task *task;
    atomic_int refs;
    atomic_long pending;
    pthread_mutex_t lock;
    sl_error *failed; /* the first delivery that failed; under lock */
} letters;

/* One copy. */
typedef struct letter {
    sl__delivery_target target; /* first */
    letters *all;
    char bytes[];
} letter;

static void letters_unref(letters *l) {
    if (atomic_fetch_sub(&l->refs, 1) != 1) {
        return;
    }
    sl__task *t = l->task;
    sl_error_free(l->failed);
    pthread_mutex_destroy(&l->lock);
    sl_free(l);
    sl__task_unref(t);
}

static void delivered(sl__delivery_target *target, const sl__delivery *d) {
    letter *one = (letter *)target;
    letters *l = one->all;
    if (d->err) {
        sl__task_count(l->task, "dead_letter_failures", 1);
        pthread_mutex_lock(&l->lock);
        if (!l->failed) {
            l->failed = sl_error_new(d->err->code, d->err->cls, "%s", d->err->message);
        }
        pthread_mutex_unlock(&l->lock);
    }
    sl_free(one);
    if (atomic_fetch_sub(&l->pending, 1) == 1) {
        sl__unit_wake(&l->task->unit);
    }
    letters_unref(l);
}

static void wake_task(sl__topic_waiter *w) {
    sl__dead_letter *d = (sl__dead_letter *)((char *)w - offsetof(sl__dead_letter, waiter));
    sl__unit_wake(&d->task->unit);
}

static letters *letters_new(sl__task *t) {
    letters *l = sl_calloc(1, sizeof(*l));
    if (l) {
        pthread_mutex_init(&l->lock, NULL);
        atomic_init(&l->refs, 1);
        l->task = t;
        sl__task_ref(t);
    }
    return l;
}

static sl_error *open_producer(sl__dead_letter *d) {
    sl__task *t = d->task;
    sl_config settings;
    sl_config_report problems;
    sl_config_report_init(&problems, &t->arena);
    SL_TRY(sl__client_settings(SL__CLIENT_PRODUCER, t->env->worker_config, &t->config, &t->arena, &settings));
    SL_TRY(sl__client_translate(SL__CLIENT_PRODUCER, &settings, SL_STR("producer."), &t->arena, &problems,
                                &d->client));
    SL_TRY(sl_config_report_error(&problems));
    return sl__producers_get(sl__kafka_producers(t->env->kafka), &d->client, 0, &d->producer);
}

sl_error *sl__dead_letter_open(sl__task *t, sl__dead_letter **out) {
    *out = NULL;
    if (!t->settings.dlq_topic.n) {
        return NULL;
    }
    sl__dead_letter *d = sl_calloc(1, sizeof(*d));
    if (!d) {
        return sl_error_nomem();
    }
    d->task = t;
    d->waiter.wake = wake_task;
    d->letters = letters_new(t);
    sl_error *err = d->letters ? open_producer(d) : sl_error_nomem();
    if (err) {
        sl__dead_letter_close(d);
        return sl_error_wrap(err, "errors.deadletterqueue");
    }
    *out = d;
    return NULL;
}

void sl__dead_letter_close(sl__dead_letter *d) {
    if (!d) {
        return;
    }
    sl__topics_forget(sl__kafka_topics(d->task->env->kafka), &d->waiter);
    if (d->producer) {
        sl__producer_release(d->producer);
    }
    if (d->letters) {
        letters_unref(d->letters);
    }
    sl_free(d);
}

sl_error *sl__dead_letter_ready(sl__dead_letter *d, bool *ready) {
    *ready = d->ready;
    if (d->ready) {
        return NULL;
    }
    sl__topic_info info;
    sl_error *err = NULL;
    sl__topic_spec spec = {.name = d->task->settings.dlq_topic,
                           .create = true,
                           .partitions = 1,
                           .replication_factor = d->task->settings.dlq_replication};
    switch (sl__topics_lookup(sl__kafka_topics(d->task->env->kafka), &spec, &d->waiter, &info, &err)) {
    case SL_LOOKUP_PENDING:
        return NULL;
    case SL_LOOKUP_FAILED:
        return sl_error_wrap(err, "dead letter topic '%.*s'", SL_STR_ARG(spec.name));
    case SL_LOOKUP_READY:
        break;
    }
    SL_TRY(sl__producer_topic(d->producer, spec.name, &d->topic));
    *ready = d->ready = true;
    return NULL;
}

/* ---- headers ---- */

typedef struct header_list {
    sl__out_header *items;
    size_t n;
} header_list;

static void put_header(header_list *h, sl_arena *a, const char *name, sl_str value) {
    char full[64];
    snprintf(full, sizeof(full), "__connect.errors.%s", name);
    h->items[h->n++] = (sl__out_header){sl_arena_str(a, sl_str_of(full)), value};
}

/* exception_class names what Kafka Connect would have thrown, for readers of dead letters that look at the
 * class. */
static const char *exception_class(const sl_error *err) {
    if (err->cls == SL_RETRIABLE) {
        return "org.apache.kafka.connect.errors.RetriableException";
    }
    if (err->code == SL_E_DATA || err->code == SL_E_SCHEMA) {
        return "org.apache.kafka.connect.errors.DataException";
    }
    return "org.apache.kafka.connect.errors.ConnectException";
}

static void add_context(header_list *h, sl_arena *a, const sl__task *t, const sl__in_message *m,
                        const sl__failure *f) {
    char text[2048];
    put_header(h, a, "topic", m->topic);
    put_header(h, a, "partition", sl_arena_printf(a, "%d", m->partition));
    put_header(h, a, "offset", sl_arena_printf(a, "%" PRId64, m->offset));
    put_header(h, a, "connector.name", t->spec.connector);
    put_header(h, a, "task.id", sl_arena_printf(a, "%d", t->spec.task));
    put_header(h, a, "stage", sl_str_of(sl__stage_name(f->stage)));
    put_header(h, a, "class.name", sl_str_of(f->class_name));
    put_header(h, a, "exception.class.name", sl_str_of(exception_class(f->err)));
    put_header(h, a, "exception.message", sl_str_of(f->err->message));
    put_header(h, a, "exception.stacktrace",
               sl_arena_str(a, sl_str_of(sl_error_text(f->err, text, sizeof(text)))));
}

static sl_error *make_headers(const sl__dead_letter *d, sl_arena *a, const sl__in_message *m,
                              const sl__failure *f, header_list *h) {
    sl_str *names, *values;
    size_t n;
    SL_TRY(sl__message_headers(m, a, &names, &values, &n));
    h->items = sl_arena_alloc(a, (n + CONTEXT_HEADERS + 1) * sizeof(*h->items));
    if (!h->items) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < n; i++) {
        h->items[h->n++] = (sl__out_header){names[i], values[i]};
    }
    if (d->task->settings.dlq_headers) {
        add_context(h, a, d->task, m, f);
    }
    return a->failed ? sl_error_nomem() : NULL;
}

/* ---- sending ---- */

static letter *letter_new(letters *all, const sl__in_message *m) {
    letter *l = sl_alloc(sizeof(*l) + m->payload.n + 1);
    if (l) {
        l->target = (sl__delivery_target){.delivered = delivered};
        l->all = all;
        if (m->payload.n) {
            memcpy(l->bytes, m->payload.p, m->payload.n);
        }
    }
    return l;
}

/* queue_letter waits, within reason, while the producer's queue is full. */
static sl_error *queue_letter(sl__dead_letter *d, const sl__out_message *out, letter *l) {
    sl_error *err = NULL;
    atomic_fetch_add(&d->letters->refs, 1);
    atomic_fetch_add(&d->letters->pending, 1);
    for (int i = 0; i < SEND_TRIES && !sl__task_stopping(d->task); i++) {
        sl__send r = sl__producer_send(d->producer, out, &l->target, &err);
        if (r == SL_SEND_OK) {
            return NULL;
        }
        if (r == SL_SEND_FAILED) {
            break;
        }
        struct timespec nap = {0, 10 * 1000000L};
        nanosleep(&nap, NULL);
    }
    atomic_fetch_sub(&d->letters->pending, 1);
    letters_unref(d->letters);
    return err ? err : sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "the producer's queue stays full");
}

sl_error *sl__dead_letter_send(sl__dead_letter *d, const sl__in_message *m, const sl__failure *f) {
    sl_arena a;
    header_list h = {0};
    letter *l = NULL;
    sl_arena_init(&a, 0);
    sl_error *err = make_headers(d, &a, m, f, &h);
    if (!err) {
        l = letter_new(d->letters, m);
        err = l ? NULL : sl_error_nomem();
    }
    if (!err) {
        sl__out_message out = {.topic = d->topic,
                               .partition = -1,
                               .timestamp = m->timestamp,
                               .key = m->key,
                               .payload = m->payload.p ? sl_str_make(l->bytes, m->payload.n) : SL_STR_NONE,
                               .headers = h.items,
                               .nheaders = h.n};
        err = queue_letter(d, &out, l);
        sl__task_count(d->task, "dead_letters", 1);
        l = err ? l : NULL;
    }
    sl_free(l);
    sl_arena_deinit(&a);
    return err ? sl_error_wrap(err, "dead letter topic '%.*s'", SL_STR_ARG(d->task->settings.dlq_topic))
               : NULL;
}

sl_error *sl__dead_letter_settled(sl__dead_letter *d, bool *settled) {
    *settled = true;
    if (!d) {
        return NULL;
    }
    pthread_mutex_lock(&d->letters->lock);
    sl_error *err = d->letters->failed;
    d->letters->failed = NULL;
    pthread_mutex_unlock(&d->letters->lock);
    *settled = atomic_load(&d->letters->pending) == 0;
    if (!*settled) {
        sl__producer_hurry(d->producer);
    }
    return err ? sl_error_wrap(err, "dead letter topic '%.*s'", SL_STR_ARG(d->task->settings.dlq_topic))
               : NULL;
}
