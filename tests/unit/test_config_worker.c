/*
 * test_config_worker.c - the worker's settings, and the check of a whole worker configuration.
 */
#include "support/support.h"

#include <stdio.h>

#include "config/validate.h"
#include "support/config_plugins.h"

static sl_arena arena;
static sl_config_report report;
static sl__validated_worker worker;

static int setup(void **state) {
    (void)state;
    sl_arena_init(&arena, 0);
    sl_config_report_init(&report, &arena);
    worker = (sl__validated_worker){0};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sl__providers_close(worker.providers);
    worker.providers = NULL;
    assert_int_equal(fake_providers_open, 0);
    sl_arena_deinit(&arena);
    return 0;
}

#define BASE                                                                                                 \
    "key.converter", "fake-json", "value.converter", "fake-json", "offset.storage.file.filename", "/tmp/o"

static void check(const sl_config *c, bool strict) {
    sl__providers_close(worker.providers);
    sl_config_report_init(&report, &arena);
    test_assert_ok(sl__worker_validate(&fake_catalog, c, strict, &arena, &report, &worker));
}

static void dump(void) {
    for (size_t i = 0; i < report.n; i++) {
        print_message("  %.*s: %.*s\n", SL_STR_ARG(report.items[i].key), SL_STR_ARG(report.items[i].message));
    }
}

static void defaults(void **state) {
    (void)state;
    sl_config c = test_config(&arena, BASE, NULL);
    check(&c, true);
    if (report.n) {
        dump();
    }
    assert_int_equal(report.n, 0);
    const sl__worker_settings *s = &worker.settings;
    test_assert_str(s->bootstrap_servers, "localhost:9092");
    test_assert_str(s->header_converter, "org.apache.kafka.connect.storage.SimpleHeaderConverter");
    assert_int_equal(s->offset_flush_interval_ms, 60000);
    assert_int_equal(s->offset_flush_timeout_ms, 5000);
    assert_int_equal(s->shutdown_timeout_ms, 5000);
    assert_int_equal(s->threads_max, 64);
    assert_true(s->topic_creation);
    assert_true(s->task_restart);
    assert_int_equal(s->override_policy, SL__OVERRIDE_ALL);
    assert_int_equal(s->listeners.n, 1);
    test_assert_str(s->listeners.items[0], "http://:8083");
    assert_int_equal(s->log_level, SL_LOG_INFO);
    assert_false(s->log_json);
}

static void values(void **state) {
    (void)state;
    sl_config c =
        test_config(&arena, BASE, "bootstrap.servers", "embedded:", "log.format", "JSON", "log.level",
                    "debug", "log.level.kafka", "warn", "listeners", "http://127.0.0.1:0, http://[::1]:8083/",
                    "plugin.path", "/a,/b", "connector.client.config.override.policy",
                    "org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy",
                    "task.restart.enabled", "false", NULL);
    check(&c, true);
    assert_int_equal(report.n, 0);
    assert_true(worker.settings.log_json);
    assert_int_equal(worker.settings.log_level, SL_LOG_DEBUG);
    assert_int_equal(worker.settings.listeners.n, 2);
    assert_int_equal(worker.settings.plugin_path.n, 2);
    assert_int_equal(worker.settings.override_policy, SL__OVERRIDE_NONE);
    assert_false(worker.settings.task_restart);
}

static void count_level(void *arg, sl_str component, sl_log_level level) {
    int *n = arg;
    test_assert_str(component, "kafka");
    assert_int_equal(level, SL_LOG_WARN);
    ++*n;
}

static void log_levels(void **state) {
    int n = 0;
    (void)state;
    sl_config c =
        test_config(&arena, "log.level", "INFO", "log.level.kafka", "warn", "log.level.x", "loud", NULL);
    sl__worker_log_levels(&c, count_level, &n);
    assert_int_equal(n, 1);
}

static void bad_values(void **state) {
    static const struct {
        const char *key, *value, *part;
    } cases[] = {
        {"bootstrap.servers", "localhost", "expected host:port"},
        {"bootstrap.servers", "a:1,b", "expected host:port"},
        {"bootstrap.servers", "a:0", "expected host:port"},
        {"bootstrap.servers", "a:65536", "expected host:port"},
        {"bootstrap.servers", "", "expected host:port"},
        {"offset.flush.interval.ms", "soon", "expected a whole number"},
        {"offset.flush.interval.ms", "0", "expected a whole number (64 bits) from 1"},
        {"offset.storage.file.filename", "", "expected a value that is not empty"},
        {"worker.threads.max", "0", "from 1 to 4096"},
        {"task.memory.max.bytes", "1", "from 65536"},
        {"listeners", "ftp://x:1", "expected http://HOST:PORT"},
        {"listeners", "x:1", "expected http://HOST:PORT"},
        {"listeners", "http://x", "expected http://HOST:PORT"},
        {"listeners", "", "expected at least one"},
        {"listeners.https.ssl.keystore.location", "/x", "cannot be opened"},
        {"admin.listeners", "8084", "expected http://HOST:PORT"},
        {"rest.request.max.bytes", "1", "from 1024"},
        {"rest.extension.classes", "a.B", "Java classes"},
        {"log.format", "xml", "expected one of: text, json"},
        {"log.level", "loud", "expected one of"},
        {"log.level.kafka", "loud", "expected one of"},
        {"connector.client.config.override.policy", "Some", "expected one of: All, None"},
        {"key.converter", "fake-jsn", "did you mean 'fake-json'"},
        {"value.converter", "ambiguous", "could be two things"},
        {"header.converter", "x.y.Z", "no header converter 'x.y.Z'"},
        {"key.converter.schemas.enable", "maybe", "expected true or false"},
        {"config.providers", "a,a", "'a' is there twice"},
        {"producer.sasl.mechanism", "OAUTHBEARER", "OAUTHBEARER is not supported"},
        {"sasl.mechanism", "OAUTHBEARER", "OAUTHBEARER is not supported"},
        {"consumer.ssl.truststore.location", "/nonexistent", "cannot be opened"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_config base = test_config(&arena, BASE, NULL);
        sl_config one = test_config(&arena, cases[i].key, cases[i].value, NULL);
        sl_config_entry *all = sl_arena_alloc(&arena, (base.n + 1) * sizeof *all);
        size_t n = 0;
        for (size_t k = 0; k < base.n; k++) {
            if (!sl_str_eqz(base.entries[k].key, cases[i].key)) {
                all[n++] = base.entries[k];
            }
        }
        all[n++] = one.entries[0];
        sl_config c = {all, n};
        check(&c, false);
        const char *text = test_find_problem(&report, cases[i].key);
        if (!text || !report.errors) {
            dump();
            fail_msg("%s=%s: no error", cases[i].key, cases[i].value);
        }
        test_assert_contains(text, cases[i].part);
    }
}

static void required(void **state) {
    (void)state;
    sl_config c = test_config(&arena, "bootstrap.servers", "a:1", NULL);
    check(&c, false);
    assert_int_equal(report.errors, 3);
    test_assert_contains(test_find_problem(&report, "key.converter"), "missing");
    test_assert_contains(test_find_problem(&report, "offset.storage.file.filename"), "missing");
}

static void warnings(void **state) {
    static const struct {
        const char *key, *value, *part;
    } cases[] = {
        {"group.id", "x", "distributed workers only"},
        {"config.storage.topic", "x", "distributed workers only"},
        {"offset.storage.cleanup.policy", "x", "distributed workers only"},
        {"exactly.once.source.support", "enabled", "distributed workers only"},
        {"listeners.https.ssl.cipher.suites", "x", "without effect"},
        {"key.converter.schema.enable", "true", "did you mean 'key.converter.schemas.enable'"},
        {"offset.flush.intervall.ms", "1", "did you mean 'offset.flush.interval.ms'"},
        {"security.protocl", "SSL", "did you mean 'security.protocol'"},
        {"nothing.like.it.anywhere", "1", "unknown, without effect"},
        {"config.providers.x.class", "fake-provider", "not one of the names in config.providers"},
        {"security.protocol", "SSL", "set producer.security.protocol"},
        {"producer.acks", "1", "acks=all"},
        {"consumer.lingr.ms", "1", "no such Kafka client setting"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_config c = test_config(&arena, BASE, cases[i].key, cases[i].value, NULL);
        check(&c, false);
        const char *text = test_find_problem(&report, cases[i].key);
        if (!text || report.errors) {
            dump();
            fail_msg("%s=%s: expected a warning", cases[i].key, cases[i].value);
        }
        test_assert_contains(text, cases[i].part);
    }
}

static void misspelt_is_an_error_when_strict(void **state) {
    (void)state;
    sl_config c = test_config(&arena, BASE, "offset.flush.intervall.ms", "1", "nothing.like.it", "2", NULL);
    check(&c, true);
    assert_int_equal(report.errors, 1);
    test_assert_contains(test_find_problem(&report, "offset.flush.intervall.ms"), "did you mean");
}

static void java_settings_in_one_warning(void **state) {
    (void)state;
    sl_config c = test_config(&arena, BASE, "plugin.discovery", "service_load", "metric.reporters", "x",
                              "metrics.context.a", "b", "internal.key.converter", "c", NULL);
    check(&c, true);
    assert_int_equal(report.n, 1);
    assert_null(report.items[0].key.p);
    test_assert_str(
        report.items[0].message,
        "without effect, they are about Java: plugin.discovery, metric.reporters, metrics.context.a, "
        "internal.key.converter");
}

static void resolved_and_hidden(void **state) {
    (void)state;
    sl_config c =
        test_config(&arena, "key.converter", "${f:/s/db:class}", "value.converter", "fake-json",
                    "offset.storage.file.filename", "/tmp/o", "config.providers", "f",
                    "config.providers.f.class", "fake-provider", "worker.threads.max", "${f:/s/db:password}",
                    "producer.sasl.jaas.config", "secret-jaas-line", "config.providers.f.oops", "1", NULL);
    check(&c, true);
    test_assert_str(worker.settings.key_converter, "fake-json");
    const char *text = test_find_problem(&report, "worker.threads.max");
    assert_non_null(text);
    assert_null(strstr(text, "hunter2"));
    test_assert_contains(text, "'${f:/s/db:password}'");
    test_assert_contains(test_find_problem(&report, "config.providers.f.oops"),
                         "expected .class or .param.NAME");
    for (size_t i = 0; i < report.n; i++) {
        assert_null(strstr(report.items[i].message.p, "secret-jaas-line"));
    }
}

/* A setting that nobody reads must say so: no row is parsed into nothing. */
static void every_row_counts(void **state) {
    const struct {
        const sl_config_row *rows;
        size_t n;
    } tables[] = {{sl__worker_rows, sl__worker_nrows},
                  {sl__connector_rows, sl__connector_nrows},
                  {sl__sink_rows, sl__sink_nrows},
                  {sl__source_rows, sl__source_nrows}};
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t].n; i++) {
            const sl_config_row *row = &tables[t].rows[i];
            bool read = row->field || row->pattern;
            if (!read && row->support == SL_SUPPORTED) {
                fail_msg("'%s' is neither read nor warned about", row->name);
            }
            if (row->support != SL_SUPPORTED && !row->remedy) {
                fail_msg("'%s' does not say what to do instead", row->name);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(values, setup, teardown),
        cmocka_unit_test_setup_teardown(log_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_values, setup, teardown),
        cmocka_unit_test_setup_teardown(required, setup, teardown),
        cmocka_unit_test_setup_teardown(warnings, setup, teardown),
        cmocka_unit_test_setup_teardown(misspelt_is_an_error_when_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(java_settings_in_one_warning, setup, teardown),
        cmocka_unit_test(every_row_counts),
        cmocka_unit_test_setup_teardown(resolved_and_hidden, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
