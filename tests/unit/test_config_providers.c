/*
 * test_config_providers.c - ${provider:path:key}, and what must not be shown.
 */
#include "support/support.h"

#include "config/providers.h"
#include "support/config_plugins.h"

static sl_arena arena;
static sl_config_report report;
static sl__providers *providers;
static sl__secrets secrets;

static int setup(void **state) {
    (void)state;
    sl_arena_init(&arena, 0);
    sl_config_report_init(&report, &arena);
    sl__secrets_init(&secrets, &arena);
    providers = NULL;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sl__providers_close(providers);
    assert_int_equal(fake_providers_open, 0);
    sl_arena_deinit(&arena);
    return 0;
}

static void open_two(void) {
    sl_config worker = test_config(&arena, "config.providers", "file, env", "config.providers.file.class",
                                   "fake-provider", "config.providers.file.param.allowed.paths", "/s",
                                   "config.providers.env.class", "fake-provider", NULL);
    test_assert_ok(sl__providers_open(&fake_catalog, &worker, &report, &providers));
    assert_int_equal(report.n, 0);
    assert_int_equal(fake_providers_open, 2);
}

static void resolves(void **state) {
    static const struct {
        const char *raw, *resolved;
    } cases[] = {
        {"plain", "plain"},
        {"${file:/s/db:password}", "hunter2"},
        {"${env:USER}", "scott"},
        {"a${env:USER}b${file:/s/db:password}c", "ascottbhunter2c"},
        {"${env:EMPTY}", ""},
        {"${topic}", "${topic}"},
        {"${other:x:y}", "${other:x:y}"},
        {"${env:USER", "${env:USER"},
        {"$${env:USER}", "$scott"},
        {"${}${env:USER}", "${}scott"},
        {"${file:/s/db:a:b}", "colon"},
        {"${env:NESTED}", "${env:USER}"},
        {"", ""},
    };
    (void)state;
    open_two();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_config raw = test_config(&arena, "k", cases[i].raw, NULL);
        sl_config out;
        test_assert_ok(sl__providers_resolve(providers, &raw, &arena, &report, &secrets, &out));
        test_assert_str(out.entries[0].value, cases[i].resolved);
        test_assert_str(raw.entries[0].value, cases[i].raw);
    }
    assert_int_equal(report.n, 0);
    sl_config null = test_config(&arena, "k", test_null, NULL);
    test_assert_ok(sl__providers_resolve(providers, &null, &arena, &report, NULL, &null));
    assert_null(null.entries[0].value.p);
}

static void unknown_things(void **state) {
    sl_config out;
    (void)state;
    open_two();
    sl_config raw =
        test_config(&arena, "a", "${file:/s/db:nothing}", "b", "${vault:x:y}", "c", "${a:b}", NULL);
    test_assert_ok(sl__providers_resolve(providers, &raw, &arena, &report, &secrets, &out));
    assert_int_equal(report.errors, 1);
    test_assert_contains(test_find_problem(&report, "a"), "cannot be resolved: no 'nothing' in '/s/db'");
    test_assert_contains(test_find_problem(&report, "b"), "no provider 'vault'");
    assert_null(test_find_problem(&report, "c"));
}

static void bad_providers(void **state) {
    (void)state;
    sl_config worker =
        test_config(&arena, "config.providers", "a,b,c,d,e,e", "config.providers.b.class", "fake-providr",
                    "config.providers.c.class", "fake-provider", "config.providers.c.param.level", "high",
                    "config.providers.d.class", "fake-provider", "config.providers.d.param.allowed.paths",
                    "broken", "config.providers.e.class", "fake-provider", NULL);
    test_assert_ok(sl__providers_open(&fake_catalog, &worker, &report, &providers));
    test_assert_contains(test_find_problem(&report, "config.providers.a.class"), "missing");
    test_assert_contains(test_find_problem(&report, "config.providers.b.class"),
                         "did you mean 'fake-provider'");
    test_assert_contains(test_find_problem(&report, "config.providers.c.param.level"),
                         "expected a whole number");
    test_assert_contains(test_find_problem(&report, "config.providers.d.class"),
                         "allowed.paths cannot be used");
    test_assert_contains(test_find_problem(&report, "config.providers"), "'e' is listed twice");
    assert_int_equal(fake_providers_open, 1);
}

static void without_providers(void **state) {
    sl_config out;
    (void)state;
    sl_config raw = test_config(&arena, "k", "${env:USER}", NULL);
    test_assert_ok(sl__providers_resolve(NULL, &raw, &arena, &report, &secrets, &out));
    test_assert_str(out.entries[0].value, "${env:USER}");
    assert_int_equal(report.errors, 0);
    assert_int_equal(report.n, 1);
}

static void scrubs(void **state) {
    static const struct {
        const char *text, *clean;
    } cases[] = {
        {"nothing here", "nothing here"},
        {"with 'hunter2' in it", "with '${f:p:k}' in it"},
        {"hunter2hunter2", "${f:p:k}${f:p:k}"},
        {"hunter22", "<longer>"},
        {"a short one: 7x stays, '7x' goes", "a short one: 7x stays, '<short>' goes"},
        {"cut: 'abcdefghijabcdefghijabcdefghijabcdefghij...'", "cut: '<long>...'"},
        {"", ""},
    };
    (void)state;
    test_assert_ok(sl__secrets_add(&secrets, SL_STR("hunter2"), SL_STR("${f:p:k}")));
    test_assert_ok(sl__secrets_add(&secrets, SL_STR("hunter22"), SL_STR("<longer>")));
    test_assert_ok(sl__secrets_add(&secrets, SL_STR("7x"), SL_STR("<short>")));
    test_assert_ok(sl__secrets_add(&secrets, SL_STR("abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"),
                                   SL_STR("<long>")));
    test_assert_ok(sl__secrets_add(&secrets, SL_STR(""), SL_STR("<empty>")));
    assert_int_equal(secrets.n, 4);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_assert_str(sl__secrets_scrub(&secrets, sl_str_of(cases[i].text), &arena), cases[i].clean);
    }
}

static void remembers_pieces(void **state) {
    sl_config out;
    (void)state;
    open_two();
    sl_config raw = test_config(&arena, "url", "db://u:${file:/s/db:password}@h", NULL);
    test_assert_ok(sl__providers_resolve(providers, &raw, &arena, &report, &secrets, &out));
    test_assert_str(sl__secrets_scrub(&secrets, SL_STR("login as u with hunter2 failed"), &arena),
                    "login as u with ${file:/s/db:password} failed");
    test_assert_str(sl__secrets_scrub(&secrets, SL_STR("bad url 'db://u:hunter2@h'"), &arena),
                    "bad url 'db://u:${file:/s/db:password}@h'");
}

static void no_memory(void **state) {
    (void)state;
    for (unsigned n = 1; n < 40; n++) {
        sl_arena small;
        sl_config_report r;
        sl_config out;
        sl__providers *p = NULL;
        sl_config raw = test_config(&arena, "k", "x${env:USER}", "config.providers", "env",
                                    "config.providers.env.class", "fake-provider", NULL);
        sl_arena_init(&small, 64);
        sl_config_report_init(&r, &small);
        test_fail_alloc(n);
        sl_error *err = sl__providers_open(&fake_catalog, &raw, &r, &p);
        err = err ? err : sl__providers_resolve(p, &raw, &small, &r, NULL, &out);
        test_fail_alloc(0);
        assert_true(err || r.errors || sl_str_eqz(out.entries[0].value, "xscott"));
        sl_error_free(err);
        sl__providers_close(p);
        sl_arena_deinit(&small);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(resolves, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_things, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_providers, setup, teardown),
        cmocka_unit_test_setup_teardown(without_providers, setup, teardown),
        cmocka_unit_test_setup_teardown(scrubs, setup, teardown),
        cmocka_unit_test_setup_teardown(remembers_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
