/*
 * test_kafka_hold.c - the bookkeeping of what the embedded broker must not lose.
 */
#include "support/support.h"

#include "kafka/hold.h"

#define T SL_STR("t")
#define G SL_STR("g")

static bool reserve(sl__hold_table *t, size_t bytes) {
    bool ok = false;
    test_assert_ok(sl__hold_reserve(t, T, bytes, &ok));
    return ok;
}

/* fill stores records of 1 KB from an offset on, as many as there is room for; gives the offset after the
 * last one. */
static int64_t fill(sl__hold_table *t, int64_t offset) {
    while (offset < 100000 && reserve(t, 1024)) {
        assert_true(sl__hold_store(t, T, 0, offset++, 1024, 0));
    }
    return offset;
}

static void nobody_reads_nobody_waits(void **state) {
    (void)state;
    sl__hold_table t;
    sl__hold_init(&t);
    assert_int_equal(fill(&t, 0), 100000);
    assert_int_equal(sl__hold_end(&t, T, 0), 100000);
    sl__hold_deinit(&t);
}

static void a_reader_holds(void **state) {
    (void)state;
    sl__hold_table t;
    sl__hold_init(&t);
    assert_true(sl__hold_join(&t, G, T));
    int64_t n = fill(&t, 0);
    assert_int_equal(n, SL__HOLD_LIMIT / (1024 + SL__HOLD_RECORD_COST));
    assert_true(sl__hold_pressing(&t, G, SL__HOLD_LIMIT / 2));
    assert_true(sl__hold_finish(&t, G, T, 0, n / 2));
    int64_t more = fill(&t, n);
    assert_in_range(more - n, n / 2 - 20, n / 2); /* counted in chunks */
    assert_true(sl__hold_finish(&t, G, T, 0, more));
    assert_false(sl__hold_pressing(&t, G, 1));
    assert_int_equal(sl__hold_position(&t, G, T, 0), more);
    assert_int_equal(sl__hold_position(&t, SL_STR("other"), T, 0), -1);
    sl__hold_deinit(&t);
}

static void the_slowest_reader_counts(void **state) {
    (void)state;
    sl__hold_table t;
    sl__hold_init(&t);
    assert_true(sl__hold_join(&t, G, T));
    assert_true(sl__hold_join(&t, SL_STR("slow"), T));
    int64_t n = fill(&t, 0);
    assert_true(sl__hold_finish(&t, G, T, 0, n));
    assert_false(reserve(&t, 1024));
    sl__hold_leave(&t, SL_STR("slow"), T, 0);
    assert_true(reserve(&t, 1024));
    sl__hold_deinit(&t);
}

static void what_is_under_way_counts(void **state) {
    (void)state;
    sl__hold_table t;
    sl__hold_init(&t);
    assert_true(sl__hold_join(&t, G, T));
    assert_true(reserve(&t, SL__HOLD_LIMIT * 2)); /* larger than all room: alone */
    assert_false(reserve(&t, 1));
    assert_true(sl__hold_store(&t, T, -1, -1, SL__HOLD_LIMIT * 2, 0)); /* it went nowhere */
    assert_true(reserve(&t, SL__HOLD_LIMIT - 2 * SL__HOLD_RECORD_COST));
    assert_true(reserve(&t, 0));
    assert_false(reserve(&t, 0));
    sl__hold_deinit(&t);
}

static void one_who_may_come_back_holds_for_a_while(void **state) {
    (void)state;
    sl__hold_table t;
    bool freed;
    sl__hold_init(&t);
    assert_true(sl__hold_join(&t, G, T));
    assert_true(sl__hold_join(&t, G, T)); /* two tasks */
    fill(&t, 0);
    sl__hold_leave(&t, G, T, 5000);
    assert_int_equal(sl__hold_expire(&t, 9000, &freed), 0);
    assert_false(freed);
    sl__hold_leave(&t, G, T, 6000);
    assert_int_equal(sl__hold_expire(&t, 5999, &freed), 6000);
    assert_false(reserve(&t, 1024));
    assert_true(sl__hold_join(&t, G, T)); /* it came back */
    assert_int_equal(sl__hold_expire(&t, 9000, &freed), 0);
    assert_false(reserve(&t, 1024));
    sl__hold_leave(&t, G, T, 7000);
    assert_int_equal(sl__hold_expire(&t, 7000, &freed), 0);
    assert_true(freed);
    assert_true(reserve(&t, 1024));
    sl__hold_deinit(&t);
}

static void a_late_reader_sees_what_is_kept(void **state) {
    (void)state;
    sl__hold_table t;
    sl__hold_init(&t);
    for (int64_t i = 0; i < 3000; i++) {
        assert_true(reserve(&t, 1024));
        assert_true(sl__hold_store(&t, T, 0, i, 1024, 0));
    }
    assert_true(sl__hold_join(&t, G, T));
    int64_t n = fill(&t, 3000);
    assert_int_equal(n, SL__HOLD_LIMIT / (1024 + SL__HOLD_RECORD_COST));
    sl__hold_deinit(&t);
}

static void every_partition_has_its_own_room(void **state) {
    (void)state;
    sl__hold_table t;
    sl__hold_init(&t);
    assert_true(sl__hold_join(&t, G, T));
    fill(&t, 0);
    assert_false(reserve(&t, 1024));
    assert_true(sl__hold_finish(&t, G, T, 0, 100000));
    assert_true(reserve(&t, 1024));
    assert_true(sl__hold_store(&t, T, 7, 0, 1024, 100));
    assert_int_equal(sl__hold_end(&t, T, 7), 1);
    assert_int_equal(sl__hold_end(&t, T, 6), 0);
    sl__hold_deinit(&t);
}

static void out_of_memory_is_an_answer(void **state) {
    (void)state;
    for (unsigned n = 1; n < 12; n++) {
        sl__hold_table t;
        bool ok = true;
        sl__hold_init(&t);
        test_fail_alloc(n);
        bool joined = sl__hold_join(&t, G, T);
        sl_error *err = sl__hold_reserve(&t, T, 10, &ok);
        bool stored = sl__hold_store(&t, T, 0, 0, 10, 0);
        bool finished = sl__hold_finish(&t, G, T, 0, 1);
        test_fail_alloc(0);
        if (joined && !err && stored && finished) {
            assert_true(n > 3);
        }
        sl_error_free(err);
        sl__hold_deinit(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_reads_nobody_waits),
        cmocka_unit_test(a_reader_holds),
        cmocka_unit_test(the_slowest_reader_counts),
        cmocka_unit_test(what_is_under_way_counts),
        cmocka_unit_test(one_who_may_come_back_holds_for_a_while),
        cmocka_unit_test(a_late_reader_sees_what_is_kept),
        cmocka_unit_test(every_partition_has_its_own_room),
        cmocka_unit_test(out_of_memory_is_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
