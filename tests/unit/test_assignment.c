/*
 * test_assignment.c - who runs what: properties that hold for any cluster, and the records it is kept in.
 */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#include "herder/assignment.h"
#include "herder/workers.h"

enum { UNITS = 300, WORKERS = 12 };

static size_t count(const sl__place *p, size_t n, int32_t owner, bool task) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        found += p[i].owner == owner && p[i].task == task;
    }
    return found;
}

/* spread gives the difference between the most and the least loaded worker. */
static size_t spread(const sl__place *p, size_t n, size_t workers, bool task) {
    size_t most = 0, least = n;
    for (size_t w = 0; w < workers; w++) {
        size_t c = count(p, n, (int32_t)w, task);
        most = c > most ? c : most;
        least = c < least ? c : least;
    }
    return most - least;
}

static void fill(sl__place *p, size_t n, size_t workers, bool held) {
    for (size_t i = 0; i < n; i++) {
        p[i] = (sl__place){.task = random() % 3 != 0, .owner = (int32_t)(random() % (long)(workers + 1)) - 1};
        p[i].held = held && p[i].owner == SL__NOBODY && random() % 4 == 0;
    }
}

static void what_runs_stays(void **state) {
    (void)state;
    for (int round = 0; round < 500; round++) {
        sl__place before[UNITS], after[UNITS];
        size_t n = (size_t)random() % UNITS, workers = 1 + (size_t)random() % WORKERS;
        fill(before, n, workers, true);
        memcpy(after, before, sizeof before);
        assert_true(sl__assign(workers, after, n, false));
        for (size_t i = 0; i < n; i++) {
            if (before[i].owner != SL__NOBODY) {
                assert_int_equal(after[i].owner, before[i].owner);
            } else {
                assert_int_equal(after[i].owner == SL__NOBODY, before[i].held);
            }
            assert_true(after[i].owner < (int32_t)workers);
        }
    }
}

/* least_moves: a worker above its share gives away what is above it; nothing else moves. */
static size_t least_moves(const sl__place *shared, size_t n, size_t workers, bool task) {
    size_t total = 0, low, extra, high_used = 0, moves = 0;
    for (size_t w = 0; w < workers; w++) {
        total += count(shared, n, (int32_t)w, task);
    }
    low = total / workers;
    extra = total % workers;
    for (size_t w = 0; w < workers; w++) {
        size_t c = count(shared, n, (int32_t)w, task);
        if (c > low && high_used < extra) {
            high_used++;
            moves += c - low - 1;
        } else if (c > low) {
            moves += c - low;
        }
    }
    return moves;
}

static void surplus_moves_and_no_more(void **state) {
    (void)state;
    for (int round = 0; round < 500; round++) {
        sl__place shared[UNITS], level[UNITS];
        size_t n = (size_t)random() % UNITS, workers = 1 + (size_t)random() % WORKERS, moved[2] = {0, 0};
        fill(shared, n, workers, false);
        assert_true(sl__assign(workers, shared, n, false));
        memcpy(level, shared, sizeof shared);
        assert_true(sl__assign(workers, level, n, true));
        for (size_t i = 0; i < n; i++) {
            moved[level[i].task] += level[i].owner != shared[i].owner;
        }
        for (int task = 0; task < 2; task++) {
            assert_true(spread(level, n, workers, task) <= 1);
            assert_true(moved[task] <= least_moves(shared, n, workers, task));
        }
    }
}

static void is_stable(void **state) {
    (void)state;
    sl__place p[UNITS], again[UNITS];
    fill(p, UNITS, 5, false);
    assert_true(sl__assign(5, p, UNITS, true));
    memcpy(again, p, sizeof p);
    assert_true(sl__assign(5, again, UNITS, true));
    assert_memory_equal(p, again, sizeof p);
}

static void nobody_is_there(void **state) {
    (void)state;
    sl__place p[3] = {
        {.owner = SL__NOBODY}, {.owner = SL__NOBODY, .task = true}, {.owner = SL__NOBODY, .held = true}};
    assert_true(sl__assign(0, p, 3, true));
    assert_int_equal(p[0].owner, SL__NOBODY);
    assert_true(sl__assign(1, p, 3, true));
    assert_int_equal(p[0].owner, 0);
    assert_int_equal(p[1].owner, 0);
    assert_int_equal(p[2].owner, SL__NOBODY);
}

/* ---- the records ---- */

static void records_come_back(void **state) {
    (void)state;
    sl__workers w;
    sl__units units;
    sl_arena arena;
    size_t at = 0, seen = 0;
    sl_str name;
    int32_t task;
    sl__workers_init(&w);
    sl_arena_init(&arena, 0);
    sl__units_init(&units);
    assert_true(sl__units_add(&units, SL_STR("a/b \"ü\""), -1));
    assert_true(sl__units_add(&units, SL_STR("a/b \"ü\""), 10));
    assert_true(sl__units_add(&units, SL_STR("c"), 0));
    assert_true(sl__units_add(&units, SL_STR("c"), 0));
    while (sl__units_next(&units, &at, &name, &task)) {
        seen +=
            task == 0 ? sl_str_eqz(name, "c") : sl_str_eqz(name, "a/b \"ü\"") && (task == -1 || task == 10);
    }
    assert_int_equal(seen, 3);
    sl_str text = sl__assignment_text(&arena, SL_STR("m-1"), 7, &units);
    assert_true(sl__workers_apply(&w, SL_STR("assignment-h:1"), text));
    text = sl__worker_text(&arena, SL_STR("m-1"), SL_STR("http://h:1/"), 6, &units);
    assert_true(sl__workers_apply(&w, SL_STR("worker-h:1"), text));
    assert_true(sl__workers_apply(&w, SL_STR("worker-g:1"), text));
    text = sl__leader_text(&arena, SL_STR("m-1"), SL_STR("h:1"));
    assert_true(sl__workers_apply(&w, SL_STR("leader"), text));
    const sl__worker *h = sl__workers_find(&w, SL_STR("h:1"));
    assert_non_null(h);
    assert_string_equal(h->member, "m-1");
    assert_string_equal(h->url, "http://h:1/");
    assert_int_equal(h->done, 6);
    assert_int_equal(h->generation, 7);
    assert_true(sl__units_same(&h->given, &units));
    assert_true(sl__units_same(&h->still, &units));
    assert_string_equal(w.leader, "h:1");
    assert_int_equal(w.generation, 7);
    assert_int_equal(w.n, 2);
    assert_true(sl__units_add(&units, SL_STR("c"), 1));
    assert_false(sl__units_same(&h->given, &units));
    /* damaged or removed: nothing is left of it */
    assert_true(sl__workers_apply(&w, SL_STR("assignment-h:1"), SL_STR("[1]")));
    assert_null(h->given_member);
    assert_int_equal(sl__units_count(&h->given), 0);
    assert_true(sl__workers_apply(&w, SL_STR("worker-h:1"), SL_STR_NONE));
    assert_null(sl__workers_find(&w, SL_STR("h:1")));
    assert_int_equal(w.generation, 7); /* generations only grow */
    sl__units_deinit(&units);
    sl_arena_deinit(&arena);
    sl__workers_deinit(&w);
}

static void proposals_come_back(void **state) {
    (void)state;
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_config_entry a[] = {{.key = SL_STR("k"), .value = SL_STR("v\n")},
                           {.key = SL_STR("n"), .value = SL_STR_NONE}};
    sl_config_entry b[] = {{.key = SL_STR("n"), .value = SL_STR_NONE},
                           {.key = SL_STR("k"), .value = SL_STR("v\n")}};
    sl_config_entry c[] = {{.key = SL_STR("n"), .value = SL_STR("")},
                           {.key = SL_STR("k"), .value = SL_STR("v\n")}};
    sl_config configs[] = {{a, 2}, {b, 2}, {c, 2}}, *out;
    uint64_t hash;
    size_t n;
    assert_true(sl__config_hash(&configs[0]) == sl__config_hash(&configs[1]));
    assert_true(sl__config_hash(&configs[0]) != sl__config_hash(&configs[2]));
    sl_str text = sl__proposal_text(&arena, sl__config_hash(&configs[0]), configs, 2);
    assert_true(sl__proposal_read(text, &arena, &hash, &out, &n));
    assert_int_equal(n, 2);
    assert_true(hash == sl__config_hash(&configs[1]));
    assert_true(sl__config_hash(&out[0]) == hash);
    assert_true(sl_str_eqz(sl_config_get(&out[1], SL_STR("k")), "v\n"));
    assert_false(sl__proposal_read(SL_STR("{\"config\":\"1\"}"), &arena, &hash, &out, &n));
    assert_false(sl__proposal_read(SL_STR("nonsense"), &arena, &hash, &out, &n));
    sl_arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_stays),   cmocka_unit_test(surplus_moves_and_no_more),
        cmocka_unit_test(is_stable),         cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(records_come_back), cmocka_unit_test(proposals_come_back),
    };
    srandom(20260101);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
