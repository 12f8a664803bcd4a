/*
 * test_base_queue.c - the bounded queue: order, limits, time limits, closing, many threads.
 */
#include "support/support.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/queue.h"

static void keeps_order_and_limit(void **state) {
    (void)state;
    static char v[5];
    sl__queue q;
    test_assert_ok(sl__queue_init(&q, 3));
    assert_null(sl__queue_pop(&q, 0));
    for (int round = 0; round < 4; round++) { /* around the ring */
        for (int i = 0; i < 3; i++) {
            assert_true(sl__queue_try_push(&q, &v[i]));
        }
        assert_false(sl__queue_try_push(&q, &v[3]));
        assert_int_equal(sl__queue_count(&q), 3);
        assert_ptr_equal(sl__queue_pop(&q, 0), &v[0]);
        assert_true(sl__queue_try_push(&q, &v[4]));
        assert_ptr_equal(sl__queue_pop(&q, -1), &v[1]);
        assert_ptr_equal(sl__queue_pop(&q, 10), &v[2]);
        assert_ptr_equal(sl__queue_pop(&q, 0), &v[4]);
    }
    sl__queue_deinit(&q);
}

static void waits_as_long_as_told(void **state) {
    (void)state;
    char v;
    sl__queue q;
    test_assert_ok(sl__queue_init(&q, 1));
    int64_t start = sl__now_ms();
    assert_null(sl__queue_pop(&q, 50));
    assert_true(sl__now_ms() - start >= 49);
    assert_true(sl__queue_try_push(&q, &v));
    start = sl__now_ms();
    assert_false(sl__queue_push(&q, &v, 50));
    assert_true(sl__now_ms() - start >= 49);
    sl__queue_deinit(&q);
}

static void *pop_forever(void *arg) {
    return sl__queue_pop(arg, -1);
}

static void *push_forever(void *arg) {
    static char v;
    return sl__queue_push(arg, &v, -1) ? arg : NULL;
}

static void closing_wakes_everybody(void **state) {
    (void)state;
    char v;
    void *result = &v;
    pthread_t thread;
    sl__queue q;
    test_assert_ok(sl__queue_init(&q, 1));
    assert_int_equal(pthread_create(&thread, NULL, pop_forever, &q), 0);
    sl__queue_close(&q);
    pthread_join(thread, &result);
    assert_null(result);
    sl__queue_deinit(&q);

    test_assert_ok(sl__queue_init(&q, 1));
    assert_true(sl__queue_try_push(&q, &v));
    assert_int_equal(pthread_create(&thread, NULL, push_forever, &q), 0);
    sl__queue_close(&q);
    pthread_join(thread, &result);
    assert_null(result);
    assert_true(sl__queue_is_closed(&q));
    assert_false(sl__queue_try_push(&q, &v));
    assert_ptr_equal(sl__queue_pop(&q, -1), &v); /* what is in it still comes out */
    assert_null(sl__queue_pop(&q, -1));
    sl__queue_deinit(&q);
}

enum { EACH = 5000, PUSHERS = 3, POPPERS = 2 };

static sl__queue shared;
static char tokens[EACH * PUSHERS];
static _Atomic unsigned char seen[EACH * PUSHERS];

static void *push_tokens(void *arg) {
    size_t base = (size_t) * (int *)arg * EACH;
    for (size_t i = 0; i < EACH; i++) {
        if (!sl__queue_push(&shared, &tokens[base + i], -1)) {
            return arg;
        }
    }
    return NULL;
}

static void *pop_tokens(void *arg) {
    char *token;
    (void)arg;
    while ((token = sl__queue_pop(&shared, -1))) {
        atomic_fetch_add(&seen[token - tokens], 1);
    }
    return NULL;
}

static void loses_and_doubles_nothing(void **state) {
    (void)state;
    pthread_t pushers[PUSHERS], poppers[POPPERS];
    int ids[PUSHERS] = {0, 1, 2};
    void *wrong;
    test_assert_ok(sl__queue_init(&shared, 7));
    for (int i = 0; i < POPPERS; i++) {
        assert_int_equal(pthread_create(&poppers[i], NULL, pop_tokens, NULL), 0);
    }
    for (int i = 0; i < PUSHERS; i++) {
        assert_int_equal(pthread_create(&pushers[i], NULL, push_tokens, &ids[i]), 0);
    }
    for (int i = 0; i < PUSHERS; i++) {
        pthread_join(pushers[i], &wrong);
        assert_null(wrong);
    }
    sl__queue_close(&shared);
    for (int i = 0; i < POPPERS; i++) {
        pthread_join(poppers[i], NULL);
    }
    for (size_t i = 0; i < EACH * PUSHERS; i++) {
        assert_int_equal(atomic_load(&seen[i]), 1);
    }
    sl__queue_deinit(&shared);
}

static void without_memory(void **state) {
    (void)state;
    sl__queue q;
    test_fail_alloc(1);
    test_assert_error(sl__queue_init(&q, 4), SL_E_NOMEM, "memory");
    test_fail_alloc(0);
    sl__queue_deinit(&q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_and_limit),   cmocka_unit_test(waits_as_long_as_told),
        cmocka_unit_test(closing_wakes_everybody), cmocka_unit_test(loses_and_doubles_nothing),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
