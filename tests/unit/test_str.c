/*
 * test_str.c - string views: cutting, numbers, order, UTF-8, distance.
 */
#include "support/support.h"

static void trims_and_finds(void **state) {
    (void)state;
    test_assert_str(sl_str_trim(SL_STR(" \t a b\r\n")), "a b");
    test_assert_str(sl_str_trim(SL_STR("  ")), "");
    assert_int_equal(sl_str_find(SL_STR("abcb"), 'b'), 1);
    assert_int_equal(sl_str_find(SL_STR("abc"), 'x'), 3);
    assert_int_equal(sl_str_find_str(SL_STR("aabab"), SL_STR("bab")), 2);
    assert_int_equal(sl_str_find_str(SL_STR("ab"), SL_STR("abc")), 2);
    assert_int_equal(sl_str_find_str(SL_STR_NONE, SL_STR("a")), 0);
}

static void cuts_tokens(void **state) {
    (void)state;
    sl_str rest = SL_STR("a,,b");
    sl_str t;
    assert_true(sl_str_next(&rest, ',', &t));
    test_assert_str(t, "a");
    assert_true(sl_str_next(&rest, ',', &t));
    test_assert_str(t, "");
    assert_true(sl_str_next(&rest, ',', &t));
    test_assert_str(t, "b");
    assert_false(sl_str_next(&rest, ',', &t));
    assert_null(rest.p);

    rest = SL_STR("");
    assert_true(sl_str_next(&rest, ',', &t));
    test_assert_str(t, "");
    assert_false(sl_str_next(&rest, ',', &t));

    rest = SL_STR("a,");
    assert_true(sl_str_next(&rest, ',', &t));
    assert_true(sl_str_next(&rest, ',', &t));
    test_assert_str(t, "");
    assert_false(sl_str_next(&rest, ',', &t));
}

static void parses_integers(void **state) {
    (void)state;
    int64_t v = 7;
    assert_true(sl_str_to_i64(SL_STR("-9223372036854775808"), &v));
    assert_true(v == INT64_MIN);
    assert_true(sl_str_to_i64(SL_STR("9223372036854775807"), &v));
    assert_true(v == INT64_MAX);
    assert_true(sl_str_to_i64(SL_STR("+012"), &v));
    assert_int_equal(v, 12);
    static const char *const bad[] = {
        "",    "-",   "+",   "9223372036854775808",    "-9223372036854775809", "1 ", " 1", "1x",
        "0x1", "1.0", "--1", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sl_str_to_i64(sl_str_of(bad[i]), &v));
    }
    assert_int_equal(v, 12);
}

static void parses_doubles(void **state) {
    (void)state;
    double v = 0;
    char longer[400];
    assert_true(sl_str_to_f64(SL_STR("-1.5e3"), &v));
    assert_true(v == -1500.0);
    assert_true(sl_str_to_f64(sl_str_make("2.5junk", 3), &v));
    assert_true(v == 2.5);
    memset(longer, '0', sizeof longer);
    longer[1] = '.';
    longer[sizeof longer - 1] = '1';
    assert_true(sl_str_to_f64(sl_str_make(longer, sizeof longer), &v));
    assert_true(v >= 0 && v < 1e-300);
    static const char *const bad[] = {"", "nan", "inf", "0x10", "1e999", "1,5", "1.2.3", " 1", "1d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sl_str_to_f64(sl_str_of(bad[i]), &v));
    }
}

static void parses_booleans(void **state) {
    (void)state;
    bool v = false;
    assert_true(sl_str_to_bool(SL_STR("TrUe"), &v) && v);
    assert_true(sl_str_to_bool(SL_STR("FALSE"), &v) && !v);
    assert_false(sl_str_to_bool(SL_STR("yes"), &v));
    assert_false(sl_str_to_bool(SL_STR("true "), &v));
}

static void orders_by_bytes(void **state) {
    (void)state;
    assert_true(sl_str_cmp(SL_STR("a"), SL_STR("b")) < 0);
    assert_true(sl_str_cmp(SL_STR("a"), SL_STR("ab")) < 0);
    assert_true(sl_str_cmp(SL_STR("\xff"), SL_STR("a")) > 0);
    assert_int_equal(sl_str_cmp(SL_STR(""), SL_STR_NONE), 0);
    assert_true(sl_str_eq_nocase(SL_STR("AbZ"), SL_STR("aBz")));
    assert_false(sl_str_eq_nocase(SL_STR("@"), SL_STR("`")));
    assert_false(sl_str_eq_nocase(SL_STR("["), SL_STR("{")));
}

static void hashes_differ(void **state) {
    (void)state;
    char text[64] = {0};
    uint64_t seen[64];
    for (size_t n = 0; n < 64; n++) { /* runs of zero bytes differ by length only */
        seen[n] = sl_str_hash(sl_str_make(text, n));
        for (size_t i = 0; i < n; i++) {
            assert_true(seen[i] != seen[n]);
        }
    }
    assert_true(sl_str_hash(SL_STR("abcdefghi")) == sl_str_hash(SL_STR("abcdefghi")));
    assert_true(sl_str_hash(SL_STR("abcdefghi")) != sl_str_hash(SL_STR("abcdefghj")));
    assert_true(sl_str_hash(SL_STR("abcdefghi")) != sl_str_hash(SL_STR("bbcdefghi")));
}

static void knows_utf8(void **state) {
    (void)state;
    static const char *const good[] = {"",
                                       "plain ascii, longer than eight",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "12345678\xc3\xa9"
                                       "12345678"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xe2\x82",
                                      "\xe2\x28\xa1",
                                      "12345678\xc3",
                                      "\xf0\x9f\x98"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(sl_str_is_utf8(sl_str_of(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sl_str_is_utf8(sl_str_of(bad[i])));
    }
}

static void measures_distance(void **state) {
    (void)state;
    char longer[200];
    memset(longer, 'x', sizeof longer);
    assert_int_equal(sl_str_distance(SL_STR("kitten"), SL_STR("sitting")), 3);
    assert_int_equal(sl_str_distance(SL_STR(""), SL_STR("abc")), 3);
    assert_int_equal(sl_str_distance(SL_STR("same"), SL_STR("same")), 0);
    assert_int_equal(sl_str_distance(sl_str_make(longer, 200), SL_STR("")), 64);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trims_and_finds),   cmocka_unit_test(cuts_tokens),
        cmocka_unit_test(parses_integers),   cmocka_unit_test(parses_doubles),
        cmocka_unit_test(parses_booleans),   cmocka_unit_test(orders_by_bytes),
        cmocka_unit_test(hashes_differ),     cmocka_unit_test(knows_utf8),
        cmocka_unit_test(measures_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
