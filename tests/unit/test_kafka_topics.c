/*
 * test_kafka_topics.c - look-ups while nobody answers. What a real cluster answers is in
 * tests/integration/kafka.
 */
#include "kafka_test.h"

#define NOBODY "127.0.0.1:24999"

typedef struct waiter {
    sl__topic_waiter waiter; /* first */
    atomic_int woken;
} waiter;

static void wake(sl__topic_waiter *w) {
    atomic_fetch_add(&((waiter *)w)->woken, 1);
}

static void an_outage_is_waited_out(void **state) {
    (void)state;
    settings s;
    sl__topics *t;
    sl__topic_info info;
    sl_error *err;
    sl_arena arena;
    waiter w = {.waiter = {wake}};
    sl_arena_init(&arena, 0);
    settings_init(&s, NOBODY);
    test_assert_ok(sl__topics_new(&s.conf, NULL, &t));
    assert_null(sl__topics_outage(t, &arena).p);
    sl__topic_spec spec = {SL_STR("t"), true, 1, 1, NULL, NULL};
    assert_int_equal(sl__topics_lookup(t, &spec, &w.waiter, &info, &err), SL_LOOKUP_PENDING);
    assert_int_equal(sl__topics_lookup(t, &spec, &w.waiter, &info, &err), SL_LOOKUP_PENDING);
    int64_t until = sl__now_ms() + PATIENCE_MS;
    while (!sl__topics_outage(t, &arena).p) {
        assert_true(sl__now_ms() < until);
        usleep(10000);
    }
    test_assert_contains(sl__topics_outage(t, &arena).p, "the Kafka cluster cannot be reached");
    test_assert_contains(sl__topics_outage(t, &arena).p, NOBODY);
    assert_int_equal(sl__topics_lookup(t, &spec, &w.waiter, &info, &err), SL_LOOKUP_PENDING);
    assert_int_equal(atomic_load(&w.woken), 0);
    sl__topics_forget(t, &w.waiter);
    sl__topics_free(t); /* with a look-up under way */
    sl_arena_deinit(&arena);
}

static void settings_that_make_no_client_fail_the_look_up(void **state) {
    (void)state;
    settings s;
    sl__topics *t;
    sl__topic_info info;
    sl_error *err;
    waiter w = {.waiter = {wake}};
    settings_init(&s, NOBODY);
    settings_add(&s, "security.protocol", "carrier-pigeon");
    test_assert_ok(sl__topics_new(&s.conf, NULL, &t));
    sl__topic_spec spec = {SL_STR("t"), false, -1, -1, NULL, NULL};
    assert_int_equal(sl__topics_lookup(t, &spec, &w.waiter, &info, &err), SL_LOOKUP_PENDING);
    int64_t until = sl__now_ms() + PATIENCE_MS;
    while (!atomic_load(&w.woken)) {
        assert_true(sl__now_ms() < until);
        usleep(1000);
    }
    assert_int_equal(sl__topics_lookup(t, &spec, &w.waiter, &info, &err), SL_LOOKUP_FAILED);
    test_assert_error(err, SL_E_CONFIG, "security.protocol");
    sl__topics_free(t);
}

static void no_waiter_is_needed(void **state) {
    (void)state;
    settings s;
    sl__topics *t;
    sl__topic_info info;
    sl_error *err;
    settings_init(&s, NOBODY);
    test_assert_ok(sl__topics_new(&s.conf, NULL, &t));
    for (int i = 0; i < 100; i++) {
        char name[24];
        snprintf(name, sizeof name, "topic%d", i);
        sl__topic_spec spec = {sl_str_of(name), i % 2 == 0, i, 1, NULL, NULL};
        assert_int_equal(sl__topics_lookup(t, &spec, NULL, &info, &err), SL_LOOKUP_PENDING);
    }
    sl__topics_free(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outage_is_waited_out),
        cmocka_unit_test(settings_that_make_no_client_fail_the_look_up),
        cmocka_unit_test(no_waiter_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
