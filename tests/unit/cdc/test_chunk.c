/*
 * test_chunk.c - what of a snapshot is finished: ranges merge, the text form is read back, bad texts are
 * refused.
 */
#include "support/support.h"

#include <cdc/chunk.h>

static sl_str text_of(const cdc_progress *p, sl_arena *a) {
    return cdc_progress_store(p, a);
}

static void test_ranges_merge(void **state) {
    (void)state;
    cdc_progress p = {0};
    sl_arena a;
    sl_arena_init(&a, 0);
    assert_true(cdc_progress_blocks(&p, 7, 7, 70, (cdc_range){8, 12}));
    assert_true(cdc_progress_blocks(&p, 7, 7, 70, (cdc_range){0, 4}));
    assert_int_equal(cdc_progress_heap(&p, 7, 7)->n, 2);
    assert_true(cdc_progress_blocks(&p, 7, 7, 70, (cdc_range){4, 8}));
    test_assert_str(text_of(&p, &a), "1 since=0 table=7 heap=7/70:0-12");
    assert_true(cdc_progress_blocks(&p, 7, 7, 70, (cdc_range){20, CDC_BLOCKS_OPEN}));
    test_assert_str(text_of(&p, &a), "1 since=0 table=7 heap=7/70:0-12+20-");
    assert_true(cdc_progress_blocks(&p, 7, 7, 71, (cdc_range){0, 2})); /* rewritten */
    test_assert_str(text_of(&p, &a), "1 since=0 table=7 heap=7/71:0-2");
    cdc_progress_deinit(&p);
    sl_arena_deinit(&a);
}

static void test_tables_merge_over_foreign_ids(void **state) {
    (void)state;
    static const uint32_t ids[] = {10, 20, 30, 40};
    cdc_progress p = {0};
    sl_arena a;
    sl_arena_init(&a, 0);
    assert_true(cdc_progress_blocks(&p, 30, 30, 1, (cdc_range){0, 4}));
    assert_true(cdc_progress_table(&p, 10, ids, 4));
    assert_true(cdc_progress_table(&p, 30, ids, 4)); /* its part is not needed any more */
    test_assert_str(text_of(&p, &a), "1 since=0 done=10,30");
    assert_false(cdc_progress_has_table(&p, 20));
    assert_true(cdc_progress_table(&p, 20, ids, 4));
    test_assert_str(text_of(&p, &a), "1 since=0 done=10-30");
    assert_true(cdc_progress_has_table(&p, 20));
    assert_false(cdc_progress_has_table(&p, 40));
    assert_false(cdc_progress_has_table(&p, 9));
    cdc_progress_deinit(&p);
    sl_arena_deinit(&a);
}

static void test_many_tables_stay_small(void **state) {
    (void)state;
    enum { N = 5000 };
    static uint32_t ids[N];
    for (uint32_t i = 0; i < N; i++) {
        ids[i] = 16384 + i * 7;
    }
    cdc_progress p = {0};
    sl_arena a;
    sl_arena_init(&a, 0);
    for (uint32_t i = 0; i < N; i++) {
        assert_true(cdc_progress_table(&p, ids[i], ids, N));
        assert_int_equal(p.ndone, 1);
    }
    assert_true(text_of(&p, &a).n < 100);
    cdc_progress_deinit(&p);
    sl_arena_deinit(&a);
}

static void test_text_is_read_back(void **state) {
    (void)state;
    static const char *const texts[] = {
        "1 since=0",
        "1 since=4294967999 done=16385-16390,16402",
        "1 since=734 done=16385 table=16420 leaves=16421-16425,16431 heap=16426/24576:0-4096+8192-12288",
        "1 since=734 table=16420 heap=16420/9:0-4096 table=16500 heap=16501/3:5-",
    };
    sl_arena a;
    sl_arena_init(&a, 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cdc_progress p;
        assert_true(cdc_progress_load(&p, sl_str_of(texts[i])));
        test_assert_str(text_of(&p, &a), texts[i]);
        cdc_progress_deinit(&p);
    }
    cdc_progress p;
    assert_true(cdc_progress_load(&p, sl_str_of(texts[2])));
    assert_true(cdc_progress_has_leaf(&p, 16420, 16423));
    assert_false(cdc_progress_has_leaf(&p, 16420, 16426));
    assert_false(cdc_progress_has_leaf(&p, 16385, 16423));
    const cdc_heap *h = cdc_progress_heap(&p, 16420, 16426);
    assert_non_null(h);
    assert_int_equal(h->file, 24576);
    assert_int_equal(h->ranges[1].end, 12288);
    cdc_progress_forget(&p, 16420, 16426);
    assert_null(cdc_progress_heap(&p, 16420, 16426));
    cdc_progress_deinit(&p);
    sl_arena_deinit(&a);
}

static void test_bad_texts_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "2 since=1",
                                        "1 since",
                                        "1 since=x",
                                        "1 since=-1",
                                        "1 done=5-3",
                                        "1 done=99999999999",
                                        "1 table=4 heap=4/4:0-99999999999999999999",
                                        "1 leaves=4",
                                        "1 heap=4/4:0-1",
                                        "1 table=4 heap=4:0-1",
                                        "1 table=4 heap=4/4:9-1",
                                        "1 table=4 heap=4/4:9",
                                        "1 table=0",
                                        "1 colour=4"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cdc_progress p;
        assert_false(cdc_progress_load(&p, sl_str_of(texts[i])));
        assert_null(p.done);
        assert_null(p.parts);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_merge),           cmocka_unit_test(test_tables_merge_over_foreign_ids),
        cmocka_unit_test(test_many_tables_stay_small), cmocka_unit_test(test_text_is_read_back),
        cmocka_unit_test(test_bad_texts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
