/* Stored offsets: what Debezium reads of them, what it does not, and what may be confirmed to the slot. */
#include "support/arena.h"

#include "postgres-cdc/offset.h"

static sl_value back(const pg_offset *o, pg_offset *again) {
    sl_value v = pg_offset_store(o, &arena);
    assert_int_equal(v.type, SL_MAP);
    assert_null(pg_offset_load(&v, again));
    return v;
}

static void test_of_a_cut_snapshot(void **state) {
    (void)state;
    pg_offset o = {.has_lsn = true,
                   .lsn = UINT64_C(0x8123456789),
                   .has_tx = true,
                   .tx = INT64_C(5000000000),
                   .has_ts = true,
                   .ts_us = 7,
                   .snapshot = true,
                   .progress = SL_STR("1 since=734 done=16385 table=16420 heap=16420/9:0-4096")};
    pg_offset again;
    sl_value v = back(&o, &again);
    assert_true(again.snapshot);
    assert_false(again.completed);
    assert_int_equal(again.lsn, o.lsn);
    assert_int_equal(again.tx, o.tx);
    assert_true(sl_str_eq(again.progress, o.progress));
    /* what Debezium looks at says that the snapshot is not complete; ours is a plain string, as every value
       of a Kafka Connect offset must be a primitive */
    const sl_value *complete = sl_map_get(&v, SL_STR("snapshot_completed"));
    assert_true(complete && complete->type == SL_BOOL && complete->i == 0);
    test_assert_str(sl_value_str(sl_map_get(&v, SL_STR("snapshot"))), "INITIAL");
    assert_int_equal(sl_map_get(&v, SL_STR("sluice_snapshot"))->type, SL_STRING);
    for (uint32_t i = 0; i < v.n; i++) {
        sl_type t = v.items[i * 2 + 1].type;
        assert_true(t == SL_INT64 || t == SL_BOOL || t == SL_STRING);
    }
    assert_int_equal(pg_offset_confirmed(&again), 0);
    assert_int_equal(pg_offset_start(&again), o.lsn);
}

static void test_of_a_complete_snapshot(void **state) {
    (void)state;
    pg_offset o = {.has_lsn = true, .lsn = 77, .snapshot = true, .completed = true};
    pg_offset again;
    sl_value v = back(&o, &again);
    assert_true(again.completed);
    assert_null(sl_map_get(&v, SL_STR("sluice_snapshot")));
    assert_int_equal(pg_offset_confirmed(&again), 77);
}

static void test_of_the_stream(void **state) {
    (void)state;
    pg_offset o = {.has_lsn = true,
                   .lsn = 90,
                   .has_proc = true,
                   .lsn_proc = 90,
                   .has_commit = true,
                   .lsn_commit = 80,
                   .has_tx = true,
                   .tx = 4,
                   .message = "UPDATE",
                   .events = 3};
    pg_offset again;
    sl_value v = back(&o, &again);
    assert_null(sl_map_get(&v, SL_STR("snapshot")));
    assert_string_equal(again.message, "UPDATE");
    assert_int_equal(again.events, 3);
    assert_int_equal(pg_offset_confirmed(&again), 80); /* the transaction at 90 is not over */
    assert_int_equal(pg_offset_start(&again), 90);
}

/* Behind a row that shares its lsn with rows to come: Debezium is told what was before it, we go on exactly.
 */
static void test_behind_a_row(void **state) {
    (void)state;
    pg_offset before = {.has_lsn = true,
                        .lsn = 80,
                        .has_proc = true,
                        .lsn_proc = 80,
                        .has_commit = true,
                        .lsn_commit = 80,
                        .message = "COMMIT"};
    pg_offset row = {.has_lsn = true, .lsn = 90, .has_proc = true, .lsn_proc = 90, .has_commit = true};
    row.lsn_commit = 80;
    row.has_tx = true;
    row.tx = 4;
    row.events = 17;
    row.message = "INSERT";
    pg_offset stored = pg_offset_behind_row(&row, &before);
    pg_offset again;
    sl_value v = back(&stored, &again);
    assert_int_equal(sl_map_get(&v, SL_STR("lsn"))->i, 80);
    assert_int_equal(sl_map_get(&v, SL_STR("lsn_proc"))->i, 80);
    test_assert_str(sl_value_str(sl_map_get(&v, SL_STR("messageType"))), "COMMIT");
    test_assert_str(sl_value_str(sl_map_get(&v, SL_STR("sluice_event"))), "90:4:17");
    assert_int_equal(pg_offset_confirmed(&again), 80);
    pg_offset was;
    pg_offset_exact(&again, &was);
    assert_true(was.has_lsn && !was.exact && !again.exact);
    assert_int_equal(was.lsn, 80);
    assert_string_equal(was.message, "COMMIT");
    assert_int_equal(again.lsn, 90);
    assert_int_equal(again.lsn_proc, 90);
    assert_int_equal(again.lsn_commit, 80);
    assert_int_equal(again.tx, 4);
    assert_int_equal(again.events, 17);
    assert_string_equal(again.message, "INSERT");
    pg_offset_exact(&again, &was); /* one that says nothing of the kind */
    assert_false(was.has_lsn);
    assert_int_equal(again.lsn, 90);
    v.items[2 * (v.n - 1) + 1] = sl_string(SL_STR("90:4"));
    test_assert_error(pg_offset_load(&v, &again), SL_E_DATA, "'sluice_event'");
}

static void test_of_something_else(void **state) {
    (void)state;
    pg_offset again;
    sl_value v = sl_string(SL_STR("x"));
    sl_error *err = pg_offset_load(&v, &again);
    assert_non_null(err);
    sl_error_free(err);
    v = sl_value_alloc(&arena, SL_MAP, 1);
    v.items[0] = sl_string(SL_STR("lsn"));
    v.items[1] = sl_string(SL_STR("0/5"));
    err = pg_offset_load(&v, &again);
    assert_non_null(err);
    assert_non_null(strstr(err->message, "'lsn'"));
    sl_error_free(err);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_of_a_cut_snapshot, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(test_of_a_complete_snapshot, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(test_of_the_stream, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(test_behind_a_row, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(test_of_something_else, setup_arena, teardown_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
