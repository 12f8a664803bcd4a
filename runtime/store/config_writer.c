/*
 * config_writer.c - see config_writer.h.
 *
 * What has been asked for while a transaction was under way goes out together in the next one: a transaction
 * takes as long for many records as for one. If it cannot be written, each request gets one of its own, so
 * that it fails for its own reasons only.
 *
 * Each call to the broker waits for a second at most and is then continued, so that stopping is quick.
 *
 * Memory: the records of a request are one heap block, freed when the request is done.
 */
#include "store/config_writer.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"

#define COMPONENT "config"
#define SLICE_MS 1000
#define RECORDS_AT_ONCE 1000
/* Readers wait for an open transaction: a leader that died in one holds them up no longer than that. */
#define TRANSACTION_MS 10000

struct sl__config_writer {
    sl__kafka *kafka;
    const sl__client_config *conf;
    sl_arena arena;
    sl_str topic;
    sl_str id;

    pthread_mutex_t lock;
    pthread_cond_t filled;
    sl__config_write *first, *last;
    bool running; /* the thread was started and not joined */
    pthread_t thread;
    atomic_bool stopping;

    sl__txn *txn; /* the thread's own; NULL = no right to write */
};

/* ---- requests ---- */

/* render makes a request's records: one block with all keys and values. */
static sl_error *render(const sl__config_writer *w, sl__config_write *request) {
    sl_buf b;
    size_t n = request->n;
    sl_buf_init(&b, NULL);
    size_t *cuts = sl_calloc(2 * n + 1, sizeof *cuts);
    for (size_t i = 0; cuts && i < n; i++) {
        sl__config_record_key(&request->records[i], &b);
        cuts[2 * i] = b.n;
        sl__config_record_value(&request->records[i], &b);
        cuts[2 * i + 1] = b.n;
    }
    sl__txn_record *out = cuts && !b.failed ? sl_calloc(1, n * sizeof *out + b.n + 1) : NULL;
    if (out) {
        char *bytes = (char *)(out + n);
        size_t at = 0;
        if (b.n) {
            memcpy(bytes, b.p, b.n);
        }
        for (size_t i = 0; i < n; i++) {
            out[i].topic = w->topic;
            out[i].key = sl_str_make(bytes + at, cuts[2 * i] - at);
            out[i].value = request->records[i].removed
                               ? SL_STR_NONE
                               : sl_str_make(bytes + cuts[2 * i], cuts[2 * i + 1] - cuts[2 * i]);
            at = cuts[2 * i + 1];
        }
    }
    sl_buf_deinit(&b);
    sl_free(cuts);
    request->rendered = out;
    request->offset = -1;
    return out ? NULL : sl_error_nomem();
}

static void finish(sl__config_write *request, sl_error *err) {
    sl_free(request->rendered);
    request->rendered = NULL;
    request->done(request, err);
    sl_error_free(err);
}

static sl_error *no_right(const sl__config_writer *w) {
    return sl_error_new(SL_E_CONFLICT, SL_RETRIABLE,
                        "this worker is not the one that writes topic '%.*s' (any more)",
                        SL_STR_ARG(w->topic));
}

/* ---- the thread ---- */

static void give_up(sl__config_writer *w) {
    sl__txn_close(w->txn);
    w->txn = NULL;
}

/* over makes the answer for an outcome that stopping left open. Takes err over. */
static sl_error *over(sl__config_writer *w, sl_error *err) {
    if (!err || err->code != SL_E_TIMEOUT) {
        return err;
    }
    sl_error_free(err);
    return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "writing topic '%.*s' was given up",
                        SL_STR_ARG(w->topic));
}

static sl_error *claim(sl__config_writer *w) {
    sl__txn_spec spec = {.conf = w->conf, .id = w->id, .timeout_ms = TRANSACTION_MS};
    give_up(w);
    SL_TRY(sl__txn_open(w->kafka, &spec, &w->txn));
    sl_error *err = sl__txn_init(w->txn, SLICE_MS);
    while (err && err->code == SL_E_TIMEOUT && !atomic_load(&w->stopping)) {
        sl_error_free(err);
        err = sl__txn_init(w->txn, SLICE_MS);
    }
    err = over(w, err);
    if (err) {
        give_up(w);
    }
    return err;
}

/* write_records waits until it is known how the transaction ended. */
static sl_error *write_records(sl__config_writer *w, const sl__txn_record *records, size_t n) {
    if (!w->txn) {
        return no_right(w);
    }
    sl_error *err = sl__txn_write(w->txn, records, n, SLICE_MS);
    while (err && err->code == SL_E_TIMEOUT && !atomic_load(&w->stopping)) {
        sl_error_free(err);
        err = sl__txn_settle(w->txn, SLICE_MS);
    }
    err = over(w, err);
    sl__txn_condition now = sl__txn_condition_of(w->txn);
    if (now == SL_TXN_ABORT) { /* undo it, so that the next one can go */
        sl_error *late = sl__txn_abort(w->txn, SLICE_MS);
        while (late && late->code == SL_E_TIMEOUT && !atomic_load(&w->stopping)) {
            sl_error_free(late);
            late = sl__txn_settle(w->txn, SLICE_MS);
        }
        sl_error_free(late);
    }
    if (sl__txn_condition_of(w->txn) != SL_TXN_READY) {
        sl__log(SL_LOG_WARN, COMPONENT, "the right to write topic '%.*s' is lost: %s", SL_STR_ARG(w->topic),
                err ? err->message : "the transaction could not be ended");
        give_up(w);
    }
    return err;
}

static void write_alone(sl__config_writer *w, sl__config_write *request) {
    sl_error *err = write_records(w, request->rendered, request->n);
    request->offset = err ? -1 : sl__txn_written(w->txn);
    finish(request, err);
}

/* write_together writes several requests in one transaction. False: nothing is written, and each may be
 * alone. */
static bool write_together(sl__config_writer *w, sl__config_write *list, size_t n) {
    sl__txn_record *all = sl_alloc(n * sizeof *all);
    size_t at = 0;
    for (const sl__config_write *r = list; all && r; r = r->next) {
        memcpy(all + at, r->rendered, r->n * sizeof *all);
        at += r->n;
    }
    sl_error *err = all ? write_records(w, all, n) : sl_error_nomem();
    bool over = !err || err->code == SL_E_INTERRUPTED;
    sl_free(all);
    for (sl__config_write *next; over && list; list = next) {
        next = list->next;
        list->offset = err ? -1 : sl__txn_written(w->txn);
        finish(list, err ? sl_error_new(err->code, err->cls, "%s", err->message) : NULL);
    }
    sl_error_free(err);
    return over;
}

static void write_list(sl__config_writer *w, sl__config_write *list) {
    size_t n = 0;
    for (const sl__config_write *r = list; r; r = r->next) {
        n += r->n;
    }
    if (list->next && write_together(w, list, n)) {
        return;
    }
    while (list) {
        sl__config_write *next = list->next;
        write_alone(w, list);
        list = next;
    }
}

/* cut_requests takes from the queue what can be done at once: a claim, or writes that follow each other. */
static sl__config_write *cut_requests(sl__config_writer *w) {
    sl__config_write *list = w->first, *end = list;
    size_t n = list->n;
    while (list->rendered && end->next && end->next->rendered && n + end->next->n <= RECORDS_AT_ONCE) {
        end = end->next;
        n += end->n;
    }
    w->first = end->next;
    w->last = w->first ? w->last : NULL;
    end->next = NULL;
    return list;
}

/* next_requests waits for some; NULL = the thread is to end. */
static sl__config_write *next_requests(sl__config_writer *w) {
    pthread_mutex_lock(&w->lock);
    while (!w->first && !atomic_load(&w->stopping)) {
        pthread_cond_wait(&w->filled, &w->lock);
    }
    sl__config_write *list = atomic_load(&w->stopping) ? NULL : cut_requests(w);
    pthread_mutex_unlock(&w->lock);
    return list;
}

static void *run(void *arg) {
    sl__config_writer *w = arg;
    sl__config_write *list;
    while ((list = next_requests(w))) {
        if (list->rendered) {
            write_list(w, list);
        } else {
            finish(list, claim(w));
        }
    }
    give_up(w);
    return NULL;
}

/* ---- from outside ---- */

static void queue(sl__config_writer *w, sl__config_write *request) {
    request->next = NULL;
    if (w->first) {
        w->last->next = request;
    } else {
        w->first = request;
    }
    w->last = request;
    pthread_cond_signal(&w->filled);
}

sl_error *sl__config_writer_claim(sl__config_writer *w, sl__config_write *request) {
    sl_error *err = NULL;
    request->rendered = NULL;
    pthread_mutex_lock(&w->lock);
    if (!w->running) {
        atomic_store(&w->stopping, false);
        w->running = pthread_create(&w->thread, NULL, run, w) == 0;
    }
    if (w->running) {
        queue(w, request);
    } else {
        err = sl_error_new(SL_E_INTERNAL, SL_RETRIABLE, "cannot start the thread that writes topic '%.*s'",
                           SL_STR_ARG(w->topic));
    }
    pthread_mutex_unlock(&w->lock);
    return err;
}

sl_error *sl__config_writer_write(sl__config_writer *w, sl__config_write *request) {
    SL_TRY(render(w, request));
    pthread_mutex_lock(&w->lock);
    bool taken = w->running && !atomic_load(&w->stopping);
    if (taken) {
        queue(w, request);
    }
    pthread_mutex_unlock(&w->lock);
    if (!taken) {
        finish(request, no_right(w));
    }
    return NULL;
}

void sl__config_writer_stop(sl__config_writer *w) {
    pthread_mutex_lock(&w->lock);
    bool running = w->running;
    atomic_store(&w->stopping, true);
    pthread_cond_signal(&w->filled);
    pthread_mutex_unlock(&w->lock);
    if (!running) {
        return;
    }
    pthread_join(w->thread, NULL);
    pthread_mutex_lock(&w->lock);
    sl__config_write *left = w->first;
    w->first = w->last = NULL;
    w->running = false;
    pthread_mutex_unlock(&w->lock);
    while (left) {
        sl__config_write *next = left->next;
        finish(left, no_right(w));
        left = next;
    }
}

sl_error *sl__config_writer_new(sl__kafka *k, const sl__client_config *conf, sl_str topic, sl_str group,
                                sl__config_writer **out) {
    sl__config_writer *w = sl_calloc(1, sizeof *w);
    if (!w) {
        return sl_error_nomem();
    }
    w->kafka = k;
    w->conf = conf;
    sl_arena_init(&w->arena, 256);
    w->topic = sl_arena_str(&w->arena, topic);
    w->id = sl_arena_printf(&w->arena, "connect-cluster-%.*s", SL_STR_ARG(group)); /* Kafka Connect's */
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->filled, NULL);
    *out = w;
    if (w->arena.failed) {
        *out = NULL;
        sl__config_writer_free(w);
        return sl_error_nomem();
    }
    return NULL;
}

void sl__config_writer_free(sl__config_writer *w) {
    if (!w) {
        return;
    }
    sl__config_writer_stop(w);
    pthread_cond_destroy(&w->filled);
    pthread_mutex_destroy(&w->lock);
    sl_arena_deinit(&w->arena);
    sl_free(w);
}
