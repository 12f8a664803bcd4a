/*
 * test_preflight.c - what `sluice preflight` says of one connector's configuration and of the worker's; and
 * that the table of differences speaks of plugins and pages that there are.
 */
#include "support/arena.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/preflight.h"
#include "plugin/registry.h"
#include "support/config_plugins.h"

static sl_config worker;
static sl__pf_connector found;

static int setup(void **state) {
    setup_arena(state);
    worker = test_config(&arena, "key.converter", "fake-json", "value.converter", "fake-json", NULL);
    return 0;
}

static void judge_with(const sl__catalog *catalog, sl_config config) {
    const sl__validate_env env = {.catalog = catalog, .distributed = true};
    const sl__stored_connector st = {
        .name = SL_STR("c"), .config = &config, .target = SL_TARGET_PAUSED, .ntasks = 2};
    test_assert_ok(sl__pf_judge(&env, &worker, &st, &arena, &found));
    test_assert_str(found.name, "c");
    assert_int_equal(found.target, SL_TARGET_PAUSED);
    assert_int_equal(found.ntasks, 2);
}

#define JUDGE(...) judge_with(&fake_catalog, test_config(&arena, "name", "c", __VA_ARGS__, NULL))
#define RUNS "database.hostname", "h"

/* says looks for a finding. */
static void says(sl__pf_level level, const char *key, const char *part) {
    for (size_t i = 0; i < found.list.n; i++) {
        const sl__pf_item *it = &found.list.items[i];
        if (it->level == level && sl_str_eqz(it->key, key) && strstr(it->text.p, part)) {
            return;
        }
    }
    for (size_t i = 0; i < found.list.n; i++) {
        print_message("%d %s %s\n", (int)found.list.items[i].level, found.list.items[i].key.p,
                      found.list.items[i].text.p);
    }
    fail_msg("no finding %d about '%s' with '%s'", (int)level, key, part);
}

static void as_it_is(void **state) {
    (void)state;
    JUDGE("connector.class", "test.connect.FakeSource", RUNS);
    assert_int_equal(found.list.n, 0);
    assert_int_equal(found.list.worst, SL_PF_NOTE);
    assert_non_null(found.def);
}

static void not_supported(void **state) {
    (void)state;
    JUDGE("connector.class", "com.example.Nothing", RUNS);
    assert_int_equal(found.list.worst, SL_PF_UNSUPPORTED);
    says(SL_PF_UNSUPPORTED, "connector.class", "com.example.Nothing");
    assert_null(found.def);
    JUDGE("connector.class", "test.connect.FakeSource", RUNS, "old.key", "x");
    says(SL_PF_UNSUPPORTED, "old.key", "use the new one");
    JUDGE("connector.class", "test.connect.FakeSource", RUNS, "transforms", "t", "transforms.t.type",
          "com.example.Turn");
    says(SL_PF_UNSUPPORTED, "transforms.t.type", "com.example.Turn");
    JUDGE("connector.class", "com.example.Nothing", "transforms", "t", "transforms.t.type",
          "com.example.Turn");
    says(SL_PF_UNSUPPORTED, "transforms.t.type", "com.example.Turn"); /* all at once */
}

static void different(void **state) {
    (void)state;
    JUDGE("connector.class", "test.connect.FakeSource", RUNS, "what.is.this", "1");
    assert_int_equal(found.list.worst, SL_PF_DIFFERENT);
    says(SL_PF_DIFFERENT, "what.is.this", "unknown");
}

static void not_back(void **state) {
    (void)state;
    JUDGE("connector.class", "fake-source", RUNS);
    assert_int_equal(found.list.worst, SL_PF_NOTE);
    says(SL_PF_NOTE, "connector.class", "write test.connect.FakeSource for both");
    JUDGE("connector.class", "plain-source", RUNS, "transforms", "t", "transforms.t.type", "fake-transform",
          "transforms.t.field", "f");
    says(SL_PF_NOTE, "connector.class", "no counterpart in Java");
    says(SL_PF_NOTE, "transforms.t.type", "no counterpart in Java");
}

/* ---- documented differences, with definitions that have the plugins' names ---- */

static const sl_source_ops source_ops = {.open = NULL};
static const sl_converter_ops converter_ops = {.open = NULL};
static const sl_plugin_def defs[] = {
    {.kind = SL_KIND_SOURCE, .name = "postgres-cdc", .source = &source_ops},
    {.kind = SL_KIND_CONVERTER, .name = "json", .converter = &converter_ops},
    {.kind = SL_KIND_CONVERTER, .name = "string", .converter = &converter_ops},
};

static sl_error *find_def(void *arg, sl_plugin_kind kind, sl_str name, const sl_plugin_def **def) {
    (void)arg;
    for (size_t i = 0; i < sizeof defs / sizeof defs[0]; i++) {
        if (defs[i].kind == kind && sl_str_eqz(name, defs[i].name)) {
            *def = &defs[i];
            return NULL;
        }
    }
    return sl_error_new(SL_E_NOT_FOUND, SL_USER, "no such plugin");
}

static const sl_plugin_def *def_at(void *arg, size_t i) {
    (void)arg;
    return i < sizeof defs / sizeof defs[0] ? &defs[i] : NULL;
}

static bool documented(const char *part) {
    for (size_t i = 0; i < found.documented.n; i++) {
        if (strstr(found.documented.items[i].text.p, part)) {
            return true;
        }
    }
    return false;
}

static void differences(void **state) {
    const sl__catalog catalog = {.find = find_def, .at = def_at};
    (void)state;
    worker = test_config(&arena, "key.converter", "json", "value.converter", "string", NULL);
    judge_with(&catalog, test_config(&arena, "name", "c", "connector.class", "postgres-cdc",
                                     "include.schema.comments", "TRUE", "read.only", "false", NULL));
    says(SL_PF_DIFFERENT, "include.schema.comments", "docs/differences.md#events-debezium");
    for (size_t i = 0; i < found.list.n; i++) { /* only with its value */
        assert_null(strstr(found.list.items[i].text.p, "heartbeat"));
    }
    assert_true(documented("a snapshot that is cut"));
    assert_true(documented("bytes as text"));
    assert_false(documented("JSON whose values")); /* is about reading, and this is a source */
}

static void of_the_worker(void **state) {
    sl__pf_list list = {.arena = &arena};
    (void)state;
    sl__pf_judge_worker(&worker, SL_STR("g"), &list);
    assert_int_equal(list.worst, SL_PF_DIFFERENT);
    assert_int_equal(list.n, 3);
    test_assert_contains(list.items[2].text.p, "connect-cluster-g,");
    list = (sl__pf_list){.arena = &arena};
    sl_config all = test_config(&arena, "producer.compression.type", "none",
                                "scheduled.rebalance.max.delay.ms", "300000", "plugin.path", "/x", NULL);
    sl__pf_judge_worker(&all, SL_STR("g"), &list);
    assert_int_equal(list.worst, SL_PF_NOTE);
    test_assert_str(list.items[0].key, "plugin.path");
}

static sl_error *refuse_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n) {
    (void)ctx, (void)items;
    return n > 1 ? sl_error_new(SL_E_DATA, SL_USER, "two are too many") : NULL;
}

static void stored_offsets(void **state) {
    sl_plugin_def def = {.kind = SL_KIND_SOURCE, .name = "s", .check_offsets = refuse_offsets};
    const sl_batch_offset items[2] = {{.partition = sl_null()}};
    (void)state;
    found = (sl__pf_connector){.def = &def, .list = {.arena = &arena}};
    test_assert_ok(sl__pf_check_offsets(&found, items, 1));
    assert_int_equal(found.list.n, 0);
    test_assert_ok(sl__pf_check_offsets(&found, items, 2));
    says(SL_PF_UNSUPPORTED, "offsets", "two are too many");
    assert_int_equal(found.offsets, 2);
}

/* ---- the table ---- */

/* has_section tells whether a page has a heading whose anchor is that. */
static bool has_section(const char *page, const char *anchor) {
    char line[4096];
    bool there = false;
    FILE *f = fopen(page, "r");
    assert_non_null(f);
    while (!there && fgets(line, sizeof line, f)) {
        char slug[200];
        size_t n = 0;
        for (const char *p = line + strspn(line, "# "); line[0] == '#' && *p && n + 1 < sizeof slug; p++) {
            if (isalnum((unsigned char)*p) || *p == ' ' || *p == '-') {
                slug[n++] = *p == ' ' ? '-' : (char)tolower((unsigned char)*p);
            }
        }
        slug[n] = '\0';
        there = n > 0 && strcmp(slug, anchor) == 0;
    }
    fclose(f);
    return there;
}

static void speaks_of_what_there_is(void **state) {
    char dir[4096];
    (void)state;
    ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 32);
    assert_true(n > 0);
    dir[n] = '\0';
    snprintf(strrchr(dir, '/'), 32, "/../plugins");
    sl__registry *reg = sl__registry_new();
    test_assert_ok(sl__registry_load_dir(reg, dir));
    for (size_t i = 0; i < sl__pf_ndifferences; i++) {
        const sl__pf_difference *d = &sl__pf_differences[i];
        const sl_plugin_def *def;
        test_assert_ok(sl__registry_find(reg, d->kind, sl_str_of(d->plugin), &def));
        if (d->key && !sl_config_row_find(def->settings, def->nsettings, sl_str_of(d->key))) {
            fail_msg("%s has no setting %s", d->plugin, d->key);
        }
        const char *anchor = strchr(d->where, '#');
        assert_non_null(anchor);
        char page[100];
        snprintf(page, sizeof page, "%.*s", (int)(anchor - d->where), d->where);
        if (!has_section(page, anchor + 1)) {
            fail_msg("%s: no such section", d->where);
        }
    }
    sl__registry_free(reg);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_it_is, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(not_supported, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(different, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(not_back, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(differences, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(of_the_worker, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(stored_offsets, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(speaks_of_what_there_is, setup, teardown_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
