/*
 * test_text.c - numbers, decimals, Base64 and UTF-8 as text.
 */
#include "support/support.h"

#include "../../../plugins-api/src/pow10.h"
#include <converters/text.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the table of powers, with numbers of any length ---- */

#define LIMBS 80

typedef struct big {
    uint32_t limb[LIMBS]; /* least significant first */
} big;

static void times(big *b, uint32_t by) {
    uint64_t carry = 0;
    for (size_t i = 0; i < LIMBS; i++) {
        carry += (uint64_t)b->limb[i] * by;
        b->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    assert_int_equal(carry, 0);
}

static void shift(big *b, unsigned bits) {
    for (; bits >= 16; bits -= 16) {
        times(b, 1u << 16);
    }
    times(b, 1u << bits);
}

static int compare(const big *a, const big *b) {
    for (size_t i = LIMBS; i-- > 0;) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

static unsigned bits_of(const big *b) {
    for (size_t i = LIMBS; i-- > 0;) {
        if (b->limb[i]) {
            return (unsigned)(i * 32 + 32 - (unsigned)__builtin_clz(b->limb[i]));
        }
    }
    return 0;
}

static big power_of_ten(int k) {
    big b = {{1}};
    for (int i = 0; i < k; i++) {
        times(&b, 10);
    }
    return b;
}

static big row(int k, uint64_t minus) {
    unsigned __int128 g = (unsigned __int128)POW10[k - POW10_LOWEST][0] << 64 | POW10[k - POW10_LOWEST][1];
    big b = {{0}};
    g -= minus;
    for (size_t i = 0; i < 4; i++) {
        b.limb[i] = (uint32_t)(g >> (32 * i));
    }
    return b;
}

/* A row g is right when (g - 1) * 2^r <= 10^k < g * 2^r, both sides multiplied until they are whole. */
static void test_powers_of_ten(void **state) {
    (void)state;
    for (int k = POW10_LOWEST; k <= POW10_HIGHEST; k++) {
        big below = row(k, 1), above = row(k, 0), exact = {{1}};
        assert_int_equal(bits_of(&above), 128);
        if (k >= 0) {
            exact = power_of_ten(k);
            unsigned n = bits_of(&exact);
            shift(n < 128 ? &exact : &below, n < 128 ? 128 - n : n - 128);
            shift(&above, n < 128 ? 0 : n - 128);
        } else {
            for (int i = 0; i < -k; i++) {
                times(&below, 10);
                times(&above, 10);
            }
            shift(&exact, bits_of(&above) - 1);
        }
        assert_true(compare(&below, &exact) <= 0);
        assert_true(compare(&exact, &above) < 0);
    }
}

/* ---- floating point ---- */

static void check_floating(double v, bool single, const char *want) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    (single ? sl_buf_add_float : sl_buf_add_double)(&b, v);
    test_assert_str(sl_buf_view(&b), want);
    sl_buf_deinit(&b);
}

static void test_floating(void **state) {
    static const struct {
        double v;
        const char *as_double, *as_float;
    } cases[] = {
        {0, "0.0", "0.0"},
        {-0.0, "-0.0", "-0.0"},
        {NAN, "NaN", "NaN"},
        {INFINITY, "Infinity", "Infinity"},
        {-INFINITY, "-Infinity", "-Infinity"},
        {1, "1.0", "1.0"},
        {-1.5, "-1.5", "-1.5"},
        {100, "100.0", "100.0"},
        {1e-3, "0.001", "0.001"},
        {0.00099, "9.9E-4", "9.9E-4"},
        {9999999, "9999999.0", "9999999.0"},
        {1e7, "1.0E7", "1.0E7"},
        {1.5e10, "1.5E10", "1.5E10"},
        {2e23, "2.0E23", "2.0E23"},
        {123456.789, "123456.789", "123456.79"},
        {0.1, "0.1", "0.1"},
        {5e-324, "4.9E-324", "0.0"},
        {1.7976931348623157e308, "1.7976931348623157E308", NULL},
        {2.2250738585072014e-308, "2.2250738585072014E-308", "0.0"},
        {3.4028234663852886e38, "3.4028234663852886E38", "3.4028235E38"},
        {1.401298464324817e-45, "1.401298464324817E-45", "1.4E-45"},
        {9.007199254740992e15, "9.007199254740992E15", "9.007199E15"},
        {4.35, "4.35", "4.35"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_floating(cases[i].v, false, cases[i].as_double);
        if (cases[i].as_float) {
            check_floating((double)(float)cases[i].v, true, cases[i].as_float);
        }
    }
}

static uint64_t random_bits(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed ^ *seed >> 29;
}

/* what is written reads back as the same number, and no text with a digit less does. */
static void check_shortest(double v, bool single) {
    char room[64], shorter[64];
    sl_buf b = {.p = room, .cap = sizeof room};
    (single ? sl_buf_add_float : sl_buf_add_double)(&b, v);
    sl_str text = sl_buf_view(&b);
    double back = single ? text_to_float(text) : text_to_double(text);
    assert_true(back == v);
    int digits = 0;
    for (size_t i = 0; i < text.n && text.p[i] != 'E'; i++) {
        digits += text.p[i] >= '0' && text.p[i] <= '9' && !(digits == 0 && text.p[i] == '0');
    }
    if (digits > 2 && text.p[text.n - 1] != '0') {
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, v);
        back = single ? (double)strtof(shorter, NULL) : strtod(shorter, NULL);
        assert_true(back != v);
    }
}

static void test_random_floating(void **state) {
    uint64_t seed = 42;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = random_bits(&seed);
        uint32_t low = (uint32_t)(bits >> 20);
        double d;
        float f;
        memcpy(&d, &bits, sizeof d);
        memcpy(&f, &low, sizeof f);
        if (isfinite(d)) {
            check_shortest(d, false);
        }
        if (isfinite(f)) {
            check_shortest((double)f, true);
        }
        check_shortest((double)(int64_t)(bits >> 20) / 100, false);
    }
}

static void test_reading_numbers(void **state) {
    static const char *const texts[] = {"0",
                                        "1",
                                        "-1.5",
                                        "0.1",
                                        "123456.789",
                                        "9007199254740993",
                                        "1e22",
                                        "1e23",
                                        "-0.0",
                                        "0.000001",
                                        "3.14159265358979",
                                        "1e400",
                                        "-1e400",
                                        "1e-400",
                                        "16777217",
                                        "1.00000005960464477539062500"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double d = text_to_double(sl_str_of(texts[i]));
        double f = text_to_float(sl_str_of(texts[i]));
        double want = strtod(texts[i], NULL), want_float = (double)strtof(texts[i], NULL);
        assert_true(d == want && signbit(d) == signbit(want));
        assert_true(f == want_float && signbit(f) == signbit(want_float));
    }
}

/* ---- decimals ---- */

static void test_decimals(void **state) {
    static const struct {
        const char *hex;
        int32_t scale;
        const char *text;
    } cases[] = {
        {"00", 0, "0"},
        {"", 0, "0"},
        {"00", 2, "0.00"},
        {"00", -3, "0E+3"},
        {"00", 8, "0E-8"},
        {"7b", 0, "123"},
        {"7b", 2, "1.23"},
        {"7b", 3, "0.123"},
        {"7b", 8, "0.00000123"},
        {"7b", 9, "1.23E-7"},
        {"7b", -1, "1.23E+3"},
        {"01", -5, "1E+5"},
        {"ff", 0, "-1"},
        {"ff85", 1, "-12.3"},
        {"0080", 0, "128"},
        {"80", 0, "-128"},
        {"7fffffffffffffff", 0, "9223372036854775807"},
        {"8000000000000000", 4, "-922337203685477.5808"},
        {"00ffffffffffffffffffffffffffffffff", 0, "340282366920938463463374607431768211455"},
        {"80000000000000000000000000000000", 0, "-170141183460469231731687303715884105728"},
        {"0100000000000000000000000000000000", 10, "34028236692093846346337460743.1768211456"},
        {"ff0000000000000000000000000000000000", 0, "-87112285931760246646623899502532662132736"},
        {"000000007b", 2, "1.23"},
        {"ffffffff85", 0, "-123"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_arena a;
        sl_buf b;
        char bytes[64];
        size_t n = strlen(cases[i].hex) / 2;
        sl_arena_init(&a, 0);
        sl_buf_init(&b, NULL);
        for (size_t k = 0; k < n; k++) {
            unsigned byte;
            assert_int_equal(sscanf(cases[i].hex + 2 * k, "%2x", &byte), 1);
            bytes[k] = (char)byte;
        }
        assert_true(sl_buf_add_decimal(&b, sl_str_make(bytes, n), cases[i].scale));
        test_assert_str(sl_buf_view(&b), cases[i].text);
        sl_str back, want = n ? sl_decimal_minimal(sl_str_make(bytes, n)) : SL_STR("\0");
        assert_true(text_to_decimal(&a, sl_buf_view(&b), cases[i].scale, &back));
        assert_true(sl_str_eq(back, want));
        sl_buf_deinit(&b);
        sl_arena_deinit(&a);
    }
}

static void test_reading_decimals(void **state) {
    static const struct {
        const char *text;
        int32_t scale;
        const char *want; /* at that scale; NULL = refused */
    } cases[] = {
        {"1.50", 1, "1.5"},
        {"1.50", 0, NULL},
        {"1.00", 0, "1"},
        {"-1.00", 0, "-1"},
        {"1e3", 0, "1000"},
        {"1E+3", -2, "1.0E+3"},
        {"1e-3", 3, "0.001"},
        {"1e-3", 2, NULL},
        {"100", -2, "1E+2"},
        {"110", -2, NULL},
        {".5", 1, "0.5"},
        {"5.", 0, "5"},
        {"+7", 0, "7"},
        {"0e99999", 0, "0"},
        {"1e99999", 0, NULL},
        {"0.000", 1, "0.0"},
        {"", 0, NULL},
        {".", 0, NULL},
        {"-", 0, NULL},
        {"1e", 0, NULL},
        {"1e+-5", 0, NULL},
        {"1e++5", 0, NULL},
        {"1e 5", 0, NULL},
        {"1.2.3", 1, NULL},
        {"--1", 0, NULL},
        {"1x", 0, NULL},
        {"123456789012345678901234567890123456789012345.67", 2,
         "123456789012345678901234567890123456789012345.67"},
        {"-99999999999999999999999999999999999999", 0, "-99999999999999999999999999999999999999"},
        {"999999999999999999999999999999999999999", 1, "999999999999999999999999999999999999999.0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_arena a;
        sl_buf b;
        sl_str bytes;
        sl_arena_init(&a, 0);
        sl_buf_init(&b, NULL);
        bool got = text_to_decimal(&a, sl_str_of(cases[i].text), cases[i].scale, &bytes);
        assert_int_equal(got, cases[i].want != NULL);
        if (got) {
            assert_true(sl_buf_add_decimal(&b, bytes, cases[i].scale));
            test_assert_str(sl_buf_view(&b), cases[i].want);
        }
        sl_buf_deinit(&b);
        sl_arena_deinit(&a);
    }
    int32_t scale;
    assert_true(text_number_scale(SL_STR("1.50"), &scale) && scale == 2);
    assert_true(text_number_scale(SL_STR("15e3"), &scale) && scale == -3);
    assert_false(text_number_scale(SL_STR("e3"), &scale));
}

static void test_same_number(void **state) {
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"1", "1.0", true},
        {"0.0", "-0", true},
        {"1e3", "1000", true},
        {"1e3", "1001", false},
        {"-1", "1", false},
        {"0.001", "1E-3", true},
        {"123000", "1.23e5", true},
        {"1", "10", false},
        {"x", "x", false},
        {"0", "1", false},
        {"1010", "101", false},
        {"12345678901234567890123456789012345678901", "12345678901234567890123456789012345678901",
         false}, /* too long to tell */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(text_same_number(sl_str_of(cases[i].a), sl_str_of(cases[i].b)), cases[i].same);
    }
}

/* a large decimal there and back: 20,000 digits. */
static void test_large_decimal(void **state) {
    (void)state;
    char *digits = malloc(20001);
    for (size_t i = 0; i < 20000; i++) {
        digits[i] = (char)('1' + i * 7 % 9);
    }
    digits[20000] = '1';
    sl_arena a;
    sl_buf b;
    sl_str bytes;
    sl_arena_init(&a, 0);
    sl_buf_init(&b, NULL);
    assert_true(text_to_decimal(&a, sl_str_make(digits, 20000), 0, &bytes));
    assert_true(sl_buf_add_decimal(&b, bytes, 0));
    assert_true(sl_str_eq(sl_buf_view(&b), sl_str_make(digits, 20000)));
    assert_false(text_to_decimal(&a, sl_str_make(digits, 20001), 0, &bytes));
    sl_buf_deinit(&b);
    sl_arena_deinit(&a);
    free(digits);
}

/* ---- bytes ---- */

static void test_base64(void **state) {
    static const char *const good[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"\xfb\xff\xfe", "+//+"}};
    static const char *const odd[][2] = {{"f", "Zg"}, {"fo", "Zm8"}, {"foo", " Zm\n9v "}, {"f", "Zg=\n="}};
    static const char *const bad[] = {"Z",        "Zg=",  "Zg===", "Zm9v=",      "Z===", "=",
                                      "Zm8=Zg==", "Zm9-", "Zm9_",  "Zm\xc3\xa4", "Zm9vY"};
    sl_arena a;
    sl_str out;
    (void)state;
    sl_arena_init(&a, 0);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        sl_buf b;
        sl_buf_init(&b, NULL);
        sl_buf_add_base64(&b, sl_str_of(good[i][0]));
        assert_true(sl_str_eqz(sl_buf_view(&b), good[i][1]));
        assert_true(text_unbase64(&a, sl_buf_view(&b), &out));
        assert_true(sl_str_eqz(out, good[i][0]));
        sl_buf_deinit(&b);
    }
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        assert_true(text_unbase64(&a, sl_str_of(odd[i][1]), &out));
        test_assert_str(out, odd[i][0]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(text_unbase64(&a, sl_str_of(bad[i]), &out));
    }
    sl_arena_deinit(&a);
}

static void test_utf8(void **state) {
#define X "\xef\xbf\xbd"
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"\xc3\xa4", "\xc3\xa4"},
        {"a\xff"
         "b",
         "a" X "b"},
        {"\xc3", X},
        {"\xe2\x82", X},
        {"\xe2\x82x", X "x"},
        {"\xed\xa0\x80", X},
        {"\xc0\x80", X X},
        {"\xf0\x9f\x98", X},
        {"\xf0\x9f\x98\x80\x80", "\xf0\x9f\x98\x80" X},
        {"\xf5\x80\x80\x80", X X X X},
        {"\xe0\x80\x80", X X X},
        {"\xf4\x90\x80\x80", X X X X},
    };
#undef X
    sl_arena a;
    (void)state;
    sl_arena_init(&a, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_assert_str(text_utf8(&a, sl_str_of(cases[i][0])), cases[i][1]);
    }
    sl_arena_deinit(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_powers_of_ten),   cmocka_unit_test(test_floating),
        cmocka_unit_test(test_random_floating), cmocka_unit_test(test_reading_numbers),
        cmocka_unit_test(test_decimals),        cmocka_unit_test(test_reading_decimals),
        cmocka_unit_test(test_same_number),     cmocka_unit_test(test_large_decimal),
        cmocka_unit_test(test_base64),          cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
