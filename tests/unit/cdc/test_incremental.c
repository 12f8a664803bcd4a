/*
 * test_incremental.c - signals, keys in Java's form, windows and the offset of incremental snapshots.
 */
#include "support/arena.h"

#include <cdc/incremental.h>
#include <cdc/window.h>

#define ARRAY "aced0005757200135b4c6a6176612e6c616e672e4f626a6563743b90ce589f1073296c0200007870"
#define INTEGER                                                                                              \
    "7372"                                                                                                   \
    "00116a6176612e6c616e672e496e7465676572"                                                                 \
    "12e2a0a4f7818738020001490005"                                                                           \
    "76616c7565787200106a61"                                                                                 \
    "76612e6c616e672e4e756d62657286ac951d0b94e08b02000078"                                                   \
    "70"

/* What Java wrote: handles and all. */
static const struct {
    const char *hex;
    const char *texts;
    cdc_java_class cls;
} java[] = {
    {ARRAY "00000002" INTEGER "0000002a7371007e000200000007", "42,7", CDC_JAVA_INTEGER},
    {ARRAY
     "000000027372000e6a6176612e6c616e672e4c6f6e673b8be490cc8f23df0200014a000576616c7565787200106a6176612"
     "e6c616e672e4e756d62657286ac951d0b94e08b0200007870000000000000002a7371007e0002fffffffffffffff9",
     "42,-7", CDC_JAVA_LONG},
    {ARRAY "00000002740003616263740002c3a9", "abc,\xc3\xa9", CDC_JAVA_STRING},
    {ARRAY
     "000000017372000e6a6176612e7574696c2e55554944bc9903f7986d852f0200024a000c6c65617374536967426974734a"
     "000b6d6f73745369674269747378708899aabbccddeeff0011223344556677",
     "00112233-4455-6677-8899-aabbccddeeff", CDC_JAVA_UUID},
    {ARRAY
     "00000002737200146a6176612e6d6174682e426967446563696d616c54c71557f981284f0300024900057363616c654c0006696"
     "e7456616c7400164c6a6176612f6d6174682f426967496e74656765723b787200106a6176612e6c616e672e4e756d62657286ac"
     "951d0b94e08b020000787000000002737200146a6176612e6d6174682e426967496e74656765728cfc9f1fa93bfb1d030006490"
     "008626974436f756e744900096269744c656e67746849001366697273744e6f6e7a65726f427974654e756d49000c6c6f776573"
     "745365744269744900067369676e756d5b00096d61676e69747564657400025b427871007e0004ffffffffffffffffffffffff"
     "fffffffeffffffff757200025b42acf317f8060854e002000078700000000942ed123b0bd8203a2178787371007e00020000000"
     "0"
     "7371007e0006ffffffffffffffffffffffffffffffff00000001"
     "7571007e000900000001077878",
     NULL, CDC_JAVA_DECIMAL},
    {ARRAY "0000000173720011"
           "6a6176612e6c616e672e426f6f6c65616ecd207280d59cfaee0200015a000576616c7565787001",
     "t", CDC_JAVA_BOOLEAN},
};

static sl_str texts_of(sl_str hex, cdc_java_class *cls) {
    cdc_key_part *parts = NULL;
    size_t n = 0;
    test_assert_ok(cdc_java_read(hex, &arena, &parts, &n));
    cdc_key k = {.parts = parts, .n = n};
    *cls = n ? parts[0].cls : CDC_JAVA_STRING;
    return parts ? cdc_key_text(&k, &arena) : SL_STR("(null)");
}

static void java_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof java / sizeof *java; i++) {
        cdc_java_class cls;
        sl_str got = texts_of(sl_str_of(java[i].hex), &cls);
        test_assert_str(got, java[i].texts ? java[i].texts : "-12345678901234567890.25,7");
        assert_int_equal(cls, java[i].cls);
    }
    cdc_java_class cls;
    test_assert_str(texts_of(SL_STR("aced000570"), &cls), "(null)");
}

static void java_is_written(void **state) {
    (void)state;
    cdc_key_part one = {SL_STR("42"), CDC_JAVA_INTEGER};
    test_assert_str(cdc_java_write(&one, 1, &arena), ARRAY "00000001" INTEGER "0000002a");
    test_assert_str(cdc_java_write(NULL, 0, &arena), "aced000570");
    static const struct {
        cdc_java_class cls;
        const char *text;
    } parts[] = {{CDC_JAVA_LONG, "-9223372036854775808"},
                 {CDC_JAVA_SHORT, "-5"},
                 {CDC_JAVA_STRING, "a,b"},
                 {CDC_JAVA_BOOLEAN, "f"},
                 {CDC_JAVA_DOUBLE, "1.5"},
                 {CDC_JAVA_FLOAT, "-0.25"},
                 {CDC_JAVA_DECIMAL, "0.05"},
                 {CDC_JAVA_DECIMAL, "-98765432109876543210987.000"},
                 {CDC_JAVA_DECIMAL, "0"},
                 {CDC_JAVA_UUID, "00112233-4455-6677-8899-aabbccddeeff"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        cdc_key_part p = {sl_str_of(parts[i].text), parts[i].cls};
        cdc_java_class cls;
        test_assert_str(texts_of(cdc_java_write(&p, 1, &arena), &cls), parts[i].text);
        assert_int_equal(cls, parts[i].cls);
    }
}

static void what_fits_no_class_is_a_string(void **state) {
    (void)state;
    cdc_key_part p[] = {{SL_STR("NaN"), CDC_JAVA_DECIMAL}, {SL_STR_NONE, CDC_JAVA_LONG}};
    cdc_java_class cls;
    test_assert_str(texts_of(cdc_java_write(p, 2, &arena), &cls), "NaN,<null>");
    assert_int_equal(cls, CDC_JAVA_STRING);
}

static void garbage_is_refused(void **state) {
    (void)state;
    sl_str whole = sl_str_of(java[4].hex);
    cdc_key_part *parts;
    size_t n;
    for (size_t i = 0; i < whole.n; i++) {
        sl_error *err = cdc_java_read((sl_str){whole.p, i}, &arena, &parts, &n);
        assert_non_null(err);
        sl_error_free(err);
    }
    const char *const bad[] = {
        "", "zz", "aced0005", "aced000574000161", ARRAY "7fffffff", ARRAY "0000000171007e0100"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sl_error *err = cdc_java_read(sl_str_of(bad[i]), &arena, &parts, &n);
        assert_non_null(err);
        sl_error_free(err);
    }
}

static void signals_are_read(void **state) {
    (void)state;
    cdc_signal s;
    test_assert_ok(cdc_signal_parse(
        SL_STR("a"), SL_STR("execute-snapshot"),
        SL_STR("{\"type\":\"INCREMENTAL\",\"data-collections\":[\" public.a{1,2} "
               "\",\"x.y\"],\"surrogate-key\":\"k\","
               "\"additional-conditions\":[{\"data-collection\":\"x.*\",\"filter\":\"n > 1\"}]}"),
        &arena, &s));
    assert_int_equal(s.kind, CDC_SIGNAL_EXECUTE);
    assert_false(s.blocking);
    assert_int_equal(s.ncollections, 2);
    test_assert_str(s.collections[0], "public.a{1,2}");
    test_assert_str(s.conditions[0].filter, "n > 1");
    test_assert_str(s.surrogate, "k");
    test_assert_ok(cdc_signal_parse(SL_STR("b"), SL_STR("stop-snapshot"), SL_STR_NONE, &arena, &s));
    assert_int_equal(s.ncollections, 0);
    test_assert_ok(cdc_signal_parse_object(
        SL_STR("{\"id\":\"c\",\"type\":\"log\",\"data\":{\"message\":\"hello {}\"}}"), &arena, &s));
    test_assert_str(s.message, "hello {}");
    test_assert_ok(cdc_signal_parse_object(SL_STR("{\"id\":\"d\",\"type\":\"execute-snapshot\",\"data\":{"
                                                  "\"type\":\"blocking\",\"data-collections\":[\"t\"]}}"),
                                           &arena, &s));
    assert_true(s.blocking);
}

static void bad_signals_are_named(void **state) {
    (void)state;
    static const struct {
        const char *type, *data, *says;
    } cases[] = {
        {"execute", "{}", "'execute' is not known"},
        {"execute-snapshot", "{}", "'data-collections' is missing"},
        {"execute-snapshot", "{\"data-collections\":[1]}", "text only"},
        {"execute-snapshot", "{\"data-collections\":\"a\"}", "a list of expressions"},
        {"execute-snapshot", "{\"data-collections\":[\"(\"]}", "data-collections"},
        {"execute-snapshot", "{\"data-collections\":[\"a\"],\"type\":\"full\"}", "'full'"},
        {"execute-snapshot", "{\"data-collections\":[\"a\"],\"additional-condition\":\"x\"}",
         "additional-conditions"},
        {"execute-snapshot", "{\"data-collections\":[\"a\"],\"additional-conditions\":[{}]}", "'filter'"},
        {"execute-snapshot", "{\"data-collections\":[\"a\"],\"surrogate-key\":1}", "surrogate-key"},
        {"execute-snapshot", "[]", "no JSON object"},
        {"execute-snapshot", "{", "no JSON object"},
        {"stop-snapshot", "{\"type\":\"blocking\"}", "incremental"},
        {"log", "{}", "'message'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cdc_signal s;
        sl_error *err =
            cdc_signal_parse(SL_STR("sig-7"), sl_str_of(cases[i].type), sl_str_of(cases[i].data), &arena, &s);
        assert_non_null(err);
        assert_int_equal(err->cls, SL_USER);
        char text[400];
        sl_str all = sl_str_of(sl_error_text(err, text, sizeof text));
        if (sl_str_find_str(all, sl_str_of(cases[i].says)) == all.n) {
            fail_msg("case %zu: %s", i, text);
        }
        sl_error_free(err);
    }
}

static unsigned freed;
static void free_line(void *line) {
    freed++;
    sl_free(line);
}

static void window_takes_out_what_changed(void **state) {
    (void)state;
    cdc_window w;
    sl_buf key;
    sl_buf_init(&key, NULL);
    cdc_window_init(&w, free_line);
    freed = 0;
    for (int i = 0; i < 1000; i++) {
        sl_str texts[] = {sl_arena_printf(&arena, "%d", i), SL_STR_NONE};
        cdc_window_key(&key, texts, 2);
        assert_true(cdc_window_add(&w, sl_buf_view(&key), sl_strdup(texts[0]), texts[0].n));
    }
    assert_int_equal(w.live, 1000);
    for (int i = 0; i < 1000; i += 3) {
        sl_str texts[] = {sl_arena_printf(&arena, "%d", i), SL_STR_NONE};
        cdc_window_key(&key, texts, 2);
        assert_true(cdc_window_remove(&w, sl_buf_view(&key)));
        assert_false(cdc_window_remove(&w, sl_buf_view(&key)));
    }
    sl_str other[] = {SL_STR("1"), SL_STR("")}; /* empty is not null */
    cdc_window_key(&key, other, 2);
    assert_false(cdc_window_remove(&w, sl_buf_view(&key)));
    assert_int_equal(w.live, 666);
    size_t at = 0;
    for (int i = 0; i < 1000; i++, at++) {
        assert_int_equal(w.rows[at].line == NULL, i % 3 == 0);
    }
    cdc_window_deinit(&w);
    assert_int_equal(freed, 1000);
    assert_int_equal(w.bytes, 0);
    sl_buf_deinit(&key);
}

static void offset_has_debeziums_form(void **state) {
    (void)state;
    cdc_incremental c;
    cdc_incremental_init(&c);
    cdc_signal s;
    test_assert_ok(cdc_signal_parse(SL_STR("ad-hoc"), SL_STR("execute-snapshot"),
                                    SL_STR("{\"data-collections\":[\"a.*\"],\"additional-conditions\":[{"
                                           "\"data-collection\":\"a.c\",\"filter\":\"x='1'\"}]}"),
                                    &arena, &s));
    sl_str ids[] = {SL_STR("a.b"), SL_STR("a.c")};
    test_assert_ok(cdc_incremental_add(&c, &s, ids, 2));
    cdc_key_part part = {SL_STR("42"), CDC_JAVA_INTEGER};
    assert_true(cdc_key_set(&c.sent, &part, 1));
    part.text = SL_STR("1000");
    assert_true(cdc_key_set(&c.max, &part, 1));
    sl_value map = sl_value_alloc(&arena, SL_MAP, 1);
    map.items[0] = sl_string(SL_STR("lsn"));
    map.items[1] = sl_int64(7);
    test_assert_ok(cdc_incremental_store(&c, &arena, &map));
    assert_int_equal(map.n, 5);
    test_assert_str(sl_value_str(sl_map_get(&map, SL_STR("incremental_snapshot_primary_key"))),
                    ARRAY "00000001" INTEGER "0000002a");
    test_assert_str(sl_value_str(sl_map_get(&map, SL_STR("incremental_snapshot_collections"))),
                    "[{\"incremental_snapshot_collections_id\":\"a.b\","
                    "\"incremental_snapshot_collections_additional_condition\":null,"
                    "\"incremental_snapshot_collections_surrogate_key\":null},"
                    "{\"incremental_snapshot_collections_id\":\"a.c\","
                    "\"incremental_snapshot_collections_additional_condition\":\"x='1'\","
                    "\"incremental_snapshot_collections_surrogate_key\":null}]");
    cdc_incremental d;
    cdc_incremental_init(&d);
    test_assert_ok(cdc_incremental_load(&d, &map));
    test_assert_str(cdc_incremental_ids(&d, &arena), "a.b,a.c");
    test_assert_str(cdc_key_text(&d.sent, &arena), "42");
    test_assert_str(cdc_key_text(&d.max, &arena), "1000");
    assert_string_equal(d.items[1].condition, "x='1'");
    assert_string_equal(d.correlation, "ad-hoc");
    cdc_incremental_next(&d);
    assert_null(d.max.parts);
    assert_true(cdc_incremental_remove(&d, SL_STR("a.c")));
    assert_false(cdc_incremental_remove(&d, SL_STR("a.c")));
    assert_false(cdc_incremental_running(&d));
    cdc_incremental_deinit(&d);
    cdc_incremental_deinit(&c);
}

static void bad_offsets_are_named(void **state) {
    (void)state;
    const char *const keys[] = {"incremental_snapshot_collections", "incremental_snapshot_maximum_key"};
    for (size_t i = 0; i < 2; i++) {
        cdc_incremental c;
        cdc_incremental_init(&c);
        sl_value map = sl_value_alloc(&arena, SL_MAP, 2);
        map.items[0] = sl_string(SL_STR("incremental_snapshot_collections"));
        map.items[1] =
            sl_string(i ? SL_STR("[{\"incremental_snapshot_collections_id\":\"a.b\"}]") : SL_STR("{"));
        map.items[2] = sl_string(SL_STR("incremental_snapshot_maximum_key"));
        map.items[3] = sl_string(SL_STR("00"));
        sl_error *err = cdc_incremental_load(&c, &map);
        assert_non_null(err);
        char text[400];
        sl_str all = sl_str_of(sl_error_text(err, text, sizeof text));
        assert_true(sl_str_find_str(all, sl_str_of(keys[i])) < all.n);
        sl_error_free(err);
        cdc_incremental_deinit(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(java_is_read),
        cmocka_unit_test(java_is_written),
        cmocka_unit_test(what_fits_no_class_is_a_string),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(signals_are_read),
        cmocka_unit_test(bad_signals_are_named),
        cmocka_unit_test(window_takes_out_what_changed),
        cmocka_unit_test(offset_has_debeziums_form),
        cmocka_unit_test(bad_offsets_are_named),
    };
    return cmocka_run_group_tests(tests, setup_arena, teardown_arena);
}
