/*
 * test_embedded.c - the broker in the process, with producers and consumers: nothing that a sink has yet to
 * read is dropped.
 */
#include "kafka_test.h"

#include <pthread.h>

/* ---- a source of 100 MB and a slow reader ---- */

#define BIG_RECORDS 100000L
#define BIG_SIZE 1024

typedef struct source {
    bench *bench;
    sl__hold_waiter waiter; /* woken on another thread */
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool awake;
    long holds;
    char payload[BIG_SIZE];
} source;

static void wake_source(sl__hold_waiter *w) {
    source *s = (source *)((char *)w - offsetof(source, waiter));
    pthread_mutex_lock(&s->lock);
    s->awake = true;
    pthread_cond_signal(&s->woken);
    pthread_mutex_unlock(&s->lock);
}

static void *run_source(void *arg) {
    source *s = arg;
    sl__embedded *e = sl__kafka_embedded(s->bench->kafka);
    for (long i = 0; i < BIG_RECORDS; i++) {
        while (!sl__embedded_reserve(e, SL_STR("big"), BIG_SIZE, &s->waiter)) {
            s->holds++;
            pthread_mutex_lock(&s->lock);
            while (!s->awake) {
                pthread_cond_wait(&s->woken, &s->lock);
            }
            s->awake = false;
            pthread_mutex_unlock(&s->lock);
        }
        bench_send(s->bench, "big", SL_STR_NONE, sl_str_make(s->payload, BIG_SIZE));
    }
    sl__embedded_forget(e, &s->waiter);
    return NULL;
}

static void commit_now(reader *r) {
    sl_topic_partition p = {SL_STR("big"), 0, r->last_offset + 1};
    test_assert_ok(sl__consumer_commit(r->consumer, &p, 1, PATIENCE_MS));
}

static void nothing_is_lost_with_a_slow_reader(void **state) {
    (void)state;
    bench b;
    reader r;
    pthread_t thread;
    static source s;
    bench_open(&b, NULL);
    memset(&s, 0, sizeof s);
    random_bytes(s.payload, sizeof s.payload);
    s.bench = &b;
    s.waiter.wake = wake_source;
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.woken, NULL);
    reader_open(&r, b.kafka, &b.conf.conf, "g", "big", false);
    pthread_create(&thread, NULL, run_source, &s);
    /* the source is held before the reader has its partition, which takes three seconds */
    long commits = 0;
    while (r.messages < BIG_RECORDS) {
        test_assert_ok(reader_step(&r, 500));
        if (sl__consumer_commit_due(r.consumer) && r.last_offset >= 0) {
            commit_now(&r);
            commits++;
        } else {
            reader_wait(&r, 1000);
        }
        usleep(500);
    }
    pthread_join(thread, NULL);
    assert_int_equal(r.messages, BIG_RECORDS);
    assert_int_equal(r.last_offset, BIG_RECORDS - 1);
    assert_true(s.holds > 0);
    assert_in_range(commits, 20, BIG_RECORDS / 5); /* not one for each record */
    counter_wait(&b.counter, BIG_RECORDS);
    assert_int_equal(atomic_load(&b.counter.failed), 0);
    reader_close(&r);
    bench_close(&b);
    pthread_mutex_destroy(&s.lock);
    pthread_cond_destroy(&s.woken);
}

/* ---- limits ---- */

/* The limits that hold.h relies on: 4 MiB of records, counted as it counts them, are kept, whatever their
 * size. */
static void keeps_what_is_held(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 100, 10000};
    static char payload[10000];
    bench b;
    random_bytes(payload, sizeof payload);
    bench_open(&b, NULL);
    sl__embedded *e = sl__kafka_embedded(b.kafka);
    for (size_t i = 0; i < 3; i++) {
        char topic[16];
        long n = 0;
        reader r;
        snprintf(topic, sizeof topic, "size%zu", sizes[i]);
        reader_open(&r, b.kafka, &b.conf.conf, topic, topic, false);
        while (sl__embedded_reserve(e, sl_str_of(topic), sizes[i], NULL)) {
            bench_send(&b, topic, SL_STR_NONE, sl_str_make(payload, sizes[i]));
            if (sizes[i] == 1 && n % 61 == 0) {
                counter_wait(&b.counter, b.sent); /* many small message sets */
            }
            n++;
        }
        counter_wait(&b.counter, b.sent);
        test_assert_ok(reader_until(&r, n));
        assert_int_equal(r.last_offset, n - 1);
        reader_close(&r);
    }
    bench_close(&b);
}

static void a_gap_is_an_error(void **state) {
    (void)state;
    static char payload[100000];
    bench b;
    reader r;
    settings latest;
    random_bytes(payload, sizeof payload);
    bench_open(&b, NULL);
    test_assert_ok(sl__embedded_topic(sl__kafka_embedded(b.kafka), SL_STR("t"), 1));
    bench_send_many(&b, "t", 100,
                    sl_str_make(payload, sizeof payload)); /* 10 MB: nobody reads, nobody is held */
    reader_open(&r, b.kafka, &b.conf.conf, "g", "t", false);
    test_assert_error(reader_until(&r, 100), SL_E_KAFKA, "has dropped records 0 to ");
    assert_int_equal(r.messages, 0);
    reader_close(&r);

    /* a group that left holds for a while, unless it is said that it does not come back */
    assert_false(sl__embedded_reserve(sl__kafka_embedded(b.kafka), SL_STR("t"), 1, NULL));
    test_assert_ok(sl__embedded_reader(sl__kafka_embedded(b.kafka), SL_STR("g"), SL_STR("t"), false));
    settings_init(&latest, NULL);
    settings_add(&latest, "auto.offset.reset", "latest");
    reader_open(&r, b.kafka, &latest.conf, "g2", "t", false);
    reader_until_assigned(&r, 1);
    /* what it will not read holds nobody */
    assert_true(sl__embedded_reserve(sl__kafka_embedded(b.kafka), SL_STR("t"), 3 << 20, NULL));
    sl__embedded_delivered(sl__kafka_embedded(b.kafka), SL_STR("t"), -1, -1, 3 << 20);
    for (int64_t until = sl__now_ms() + PATIENCE_MS;
         sl__consumer_lag(r.consumer) != 0;) { /* it looks the end up */
        assert_true(sl__now_ms() < until);
        test_assert_ok(reader_step(&r, 100));
        usleep(5000);
    }
    bench_send_many(&b, "t", 10, SL_STR("x"));
    test_assert_ok(reader_until(&r, 10));
    assert_int_equal(r.last_offset, 109);
    reader_close(&r);
    bench_close(&b);
}

/* ---- topics ---- */

static void topics_have_one_partition(void **state) {
    (void)state;
    bench b;
    sl__topic_info info;
    sl_error *err;
    bench_open(&b, NULL);
    sl__topics *t = sl__kafka_topics(b.kafka);
    sl__topic_spec spec = {.name = SL_STR("one"), .partitions = -1, .replication_factor = -1};
    assert_int_equal(sl__topics_lookup(t, &spec, NULL, &info, &err), SL_LOOKUP_READY);
    assert_true(info.exists && info.created);
    assert_int_equal(info.partitions, 1);
    assert_int_equal(info.max_message_bytes, 0);
    assert_int_equal(sl__topics_lookup(t, &spec, NULL, &info, &err), SL_LOOKUP_READY);
    assert_false(info.created);
    spec =
        (sl__topic_spec){.name = SL_STR("three"), .create = true, .partitions = 3, .replication_factor = 1};
    assert_int_equal(sl__topics_lookup(t, &spec, NULL, &info, &err), SL_LOOKUP_READY);
    assert_int_equal(info.partitions, 3);
    sl_arena arena;
    sl_arena_init(&arena, 0);
    assert_true(sl__kafka_cluster_id(b.kafka, 5000, &arena).n > 0);
    assert_null(sl__topics_outage(t, &arena).p);
    sl_arena_deinit(&arena);
    reader r;
    reader_open(&r, b.kafka, &b.conf.conf, "g", "three", false);
    reader_until_assigned(&r, 3);
    reader_close(&r);
    bench_close(&b);
}

static void wake_count(sl__hold_waiter *w) {
    (void)w;
}

static void a_waiter_can_be_forgotten(void **state) {
    (void)state;
    sl__embedded *e;
    sl__hold_waiter w = {wake_count, NULL};
    test_assert_ok(sl__embedded_new(&e));
    test_assert_ok(sl__embedded_reader(e, SL_STR("g"), SL_STR("t"), true));
    assert_true(sl__embedded_reserve(e, SL_STR("t"), 4 << 20, &w));
    assert_false(sl__embedded_reserve(e, SL_STR("t"), 1, &w));
    assert_false(sl__embedded_reserve(e, SL_STR("t"), 1, &w)); /* twice is once */
    sl__embedded_forget(e, &w);
    sl__embedded_delivered(e, SL_STR("t"), -1, -1, 4 << 20);
    assert_true(sl__embedded_reserve(e, SL_STR("t"), 1, &w));
    test_assert_ok(sl__embedded_reader(e, SL_STR("g"), SL_STR("t"), false));
    sl__embedded_free(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_have_one_partition),
        cmocka_unit_test(a_waiter_can_be_forgotten),
        cmocka_unit_test(keeps_what_is_held),
        cmocka_unit_test(a_gap_is_an_error),
        cmocka_unit_test(nothing_is_lost_with_a_slow_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
