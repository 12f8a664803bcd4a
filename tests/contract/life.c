/*
 * life.c - an instance can be opened, used and ended at any time, with another one beside it, and leaves
 * nothing behind.
 */
#include "contract.h"

#include <model/batch.h>
#include <model/schema.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STOP_LIMIT_MS 5000

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool may_fail(const subject *s) {
    const sample *known = sample_of(s->def);
    return known && known->offline;
}

/* start gives an open instance; false when it could not be opened, which must be allowed. */
static bool start(instance *in, const subject *s) {
    char text[1024];
    sl_error *err = instance_init(in, s, NULL);
    if (err) {
        fail_msg("%s: its sample is refused: %s (tests/contract/samples.c)", s->def->name,
                 sl_error_text(err, text, sizeof(text)));
    }
    err = instance_open(in);
    if (!err) {
        return true;
    }
    if (!may_fail(s)) {
        fail_msg("%s: open failed: %s", s->def->name, sl_error_text(err, text, sizeof(text)));
    }
    check_error(err, "open");
    instance_deinit(in);
    return false;
}

static void finish(instance *in) {
    instance_close(in);
    instance_deinit(in);
}

static void put_file(const subject *s) {
    char path[256];
    snprintf(path, sizeof(path), "%s/in.txt", s->dir);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs("one\ntwo\nthree\npartial", out);
    fclose(out);
}

void test_open_close(void **state) {
    const subject *s = *state;
    instance in;
    size_t schemas = sl__schema_count();
    put_file(s);
    if (start(&in, s)) { /* closed unused */
        finish(&in);
    }
    if (start(&in, s)) {
        sl_batch *records = records_make();
        size_t errors = 0;
        exercise(&in, records, &errors);
        sl__batch_free(records);
        instance_interrupt(&in);
        instance_interrupt(&in);
        finish(&in);
    }
    assert_int_equal(sl__schema_count(), schemas);
}

void test_two_instances(void **state) {
    const subject *s = *state;
    instance a, b;
    size_t schemas = sl__schema_count();
    put_file(s);
    if (start(&a, s)) {
        sl_batch *records = records_make();
        size_t errors = 0;
        bool second = start(&b, s);
        exercise(&a, records, &errors);
        finish(&a);
        if (second) {
            exercise(&b, records, &errors);
            finish(&b);
        }
        sl__batch_free(records);
    }
    assert_int_equal(sl__schema_count(), schemas);
}

/* What a worker thread does until it is told to stop. */
typedef struct work {
    instance *in;
    const sl_batch *records;
    volatile bool stop;
    size_t rounds;
} work;

static void *keep_working(void *arg) {
    work *w = arg;
    while (!w->stop) {
        size_t errors = 0;
        exercise(w->in, w->records, &errors);
        w->rounds++;
        if (errors) {
            usleep(1000);
        }
    }
    return NULL;
}

void test_stop_during_work(void **state) {
    const subject *s = *state;
    instance in;
    put_file(s);
    if ((s->def->kind != SL_KIND_SOURCE && s->def->kind != SL_KIND_SINK) || !start(&in, s)) {
        return;
    }
    sl_batch *records = records_make();
    work w = {.in = &in, .records = records};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, keep_working, &w), 0);
    usleep(100000);
    w.stop = true;
    in.host.stopping = true;
    int64_t begin = now_ms();
    instance_interrupt(&in);
    instance_interrupt(&in);
    pthread_join(thread, NULL);
    if (now_ms() - begin > STOP_LIMIT_MS) {
        fail_msg("%s: it took %lld ms to stop", s->def->name, (long long)(now_ms() - begin));
    }
    finish(&in);
    sl__batch_free(records);
}
