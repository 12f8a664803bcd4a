/*
 * test_config_connector.c - what every connector takes, and the check of a whole connector configuration.
 */
#include "support/support.h"

#include <stdio.h>

#include "config/validate.h"
#include "support/config_plugins.h"

static sl_arena arena;
static sl_config_report report;
static sl__validated found;
static sl__providers *providers;
static sl__worker_settings worker;
static sl__validate_env env;

static int setup(void **state) {
    (void)state;
    sl_arena_init(&arena, 0);
    sl_config_report_init(&report, &arena);
    sl_config c = test_config(&arena, "config.providers", "f,env", "config.providers.f.class",
                              "fake-provider", "config.providers.env.class", "fake-provider", NULL);
    test_assert_ok(sl__providers_open(&fake_catalog, &c, &report, &providers));
    worker = (sl__worker_settings){0};
    env = (sl__validate_env){
        .catalog = &fake_catalog, .providers = providers, .worker = &worker, .strict = true};
    fake_validated = 0;
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sl__providers_close(providers);
    sl_arena_deinit(&arena);
    return 0;
}

static void check(const sl_config *c) {
    sl_config_report_init(&report, &arena);
    test_assert_ok(sl__connector_validate(&env, c, &arena, &report, &found));
}

static void dump(void) {
    for (size_t i = 0; i < report.n; i++) {
        print_message("  %.*s: %.*s\n", SL_STR_ARG(report.items[i].key), SL_STR_ARG(report.items[i].message));
    }
}

#define SOURCE "name", "s", "connector.class", "test.connect.FakeSource", "database.hostname", "db"
#define SINK "name", "s", "connector.class", "fake-sink", "database.hostname", "db", "topics", "t"

static void clean_source(void **state) {
    (void)state;
    sl_config c = test_config(
        &arena, SOURCE, "tasks.max", "3", "errors.tolerance", "ALL", "snapshot.kind", "safe", "key.converter",
        "fake-json", "key.converter.schemas.enable", "false", "transforms", "a, b", "transforms.a.type",
        "fake-transform", "transforms.a.field", "x", "transforms.a.predicate", "p", "transforms.a.negate",
        "TRUE", "transforms.b.type", "fake-transform", "transforms.b.field", "y", "predicates", "p",
        "predicates.p.type", "fake-predicate", "predicates.p.field", "z", "producer.override.linger.ms", "5",
        "column.mask.x", "1", "topic.creation.default.partitions", "3",
        "topic.creation.default.replication.factor", "-1", "topic.creation.default.cleanup.policy", "compact",
        NULL);
    check(&c);
    if (report.n) {
        dump();
    }
    assert_int_equal(report.n, 0);
    assert_string_equal(found.def->name, "fake-source");
    assert_int_equal(found.settings.tasks_max, 3);
    assert_int_equal(found.settings.tolerance, SL__TOLERATE_ALL);
    assert_int_equal(found.settings.max_restarts, -1);
    assert_int_equal(found.settings.restart_wait_ms, 10000);
    assert_int_equal(found.settings.retry_delay_max_ms, 60000);
    assert_int_equal(found.settings.transforms.n, 2);
    assert_int_equal(fake_validated, 1);
    assert_true(fake_was_offline);
    env.connect = true;
    check(&c);
    assert_int_equal(fake_validated, 2);
    assert_false(fake_was_offline);
}

static void clean_sink(void **state) {
    (void)state;
    sl_config c = test_config(&arena, SINK, "errors.deadletterqueue.topic.name", "dlq", "errors.tolerance",
                              "all", "errors.deadletterqueue.topic.replication.factor", "1", NULL);
    check(&c);
    assert_int_equal(report.n, 0);
    test_assert_str(found.settings.dlq_topic, "dlq");
    assert_int_equal(found.settings.dlq_replication, 1);
    assert_int_equal(found.settings.topics.n, 1);
}

/* One setting beside a good configuration, and what is said about it under which key. */
static const struct {
    bool sink;
    const char *key, *value;
    const char *at; /* NULL: under the key itself */
    bool error;
    const char *part;
} cases[] = {
    {false, "connector.class", "fake-sorce", NULL, true,
     "no connector 'fake-sorce'; did you mean 'fake-source'"},
    {false, "connector.class", "FakeSorce", NULL, true, "did you mean 'test.connect.FakeSource'"},
    {false, "connector.class", "com.example.Mine", NULL, true, "`sluice plugins` lists"},
    {false, "connector.class", "", NULL, true, ""},
    {false, "name", "a\nb", NULL, true, "without control characters"},
    {false, "tasks.max", "0", NULL, true, "at least 1"},
    {false, "tasks.max", "many", NULL, true, "expected a whole number"},
    {false, "errors.tolerance", "some", NULL, true, "expected one of: none, all"},
    {false, "errors.retry.timeout", "-2", NULL, true, "at least -1"},
    {false, "database.port", "x", NULL, true, "expected a whole number"},
    {false, "old.key", "x", NULL, true, "not supported: use the new one"},
    {false, "database.hostnam", "x", NULL, true, "did you mean 'database.hostname'"},
    {false, "taks.max", "3", NULL, true, "did you mean 'tasks.max'"},
    {false, "snapshot.kinds", "x", NULL, true, "did you mean 'snapshot.kind'"},
    {false, "database.hostnxyz", "x", NULL, false, "did you mean 'database.hostname'"},
    {false, "something.of.nobody", "x", NULL, false, "unknown, without effect"},
    {false, "errors.deadletterqueue.topic.name", "x", NULL, false, "a setting of sink connectors only"},
    {false, "config.action.reload", "none", NULL, false, "so nothing is reloaded"},
    {false, "connector.plugin.version", "1", NULL, false, "in one version"},
    {false, "value.converter", "fake-jsn", NULL, true, "did you mean 'fake-json'"},
    {false, "value.converter.schemas.enable", "false", NULL, false, "has no effect without value.converter"},
    {false, "transforms", "a,a", NULL, true, "'a' is there twice"},
    {false, "transforms", "a", "transforms.a.type", true,
     "missing, expected the class or short name of transform 'a'"},
    {false, "predicates", "p", "predicates.p.type", true, "missing"},
    {false, "transforms.a.type", "x", NULL, false, "'a' is not one of the names in transforms"},
    {false, "transforms.orphan", "x", NULL, false, "'orphan' is not one of the names in transforms"},
    {false, "producer.override.lingr.ms", "1", NULL, false, "did you mean 'linger.ms'"},
    {false, "producer.override.batch.size", "x", NULL, true, "expected an integer"},
    {false, "producer.override.sasl.mechanism", "OAUTHBEARER", NULL, true, "OAUTHBEARER is not supported"},
    {false, "exactly.once.support", "required", NULL, true, "not supported by a standalone worker"},
    {false, "exactly.once.support", "sometimes", NULL, true, "expected one of: requested, required"},
    {false, "transaction.boundary", "interval", NULL, false, "distributed workers only"},
    {false, "offsets.storage.topic", "x", NULL, false, "distributed workers only"},
    {false, "topic.creation.default.partitions", "3", "topic.creation.default.replication.factor", true,
     "missing"},
    {false, "topic.creation.default.partitions", "0", NULL, true, "above 0, or -1"},
    {false, "topic.creation.groups", "a", "topic.creation.default.partitions", true, "missing"},
    {false, "topic.creation.default.include", "a(", NULL, true, "expected a regular expression"},
    {false, "topic.creation.b.partitions", "1", NULL, true,
     "'b' is not one of the names in topic.creation.groups"},
    {true, "topics", "", NULL, true, "expected topics or topics.regex"},
    {true, "topics", "a b", NULL, true, "expected topic names of letters"},
    {true, "topics.regex", "x.*", NULL, true, "not both"},
    {true, "topics.regex", "x(", NULL, true, "expected a regular expression"},
    {true, "errors.deadletterqueue.topic.name", "t", NULL, true,
     "one of the topics that the connector reads"},
    {true, "errors.deadletterqueue.topic.name", "d", NULL, false, "without errors.tolerance=all"},
    {true, "errors.deadletterqueue.topic.name", "a/b", NULL, true, "expected topic names"},
    {true, "exactly.once.support", "required", NULL, false, "a setting of source connectors only"},
    {true, "topic", "x", NULL, true, "did you mean 'topics'"},
    {true, "consumer.override.group.id", "mine", "", false, ""},
};

static sl_config with(const sl_config *base, const char *key, const char *value) {
    sl_config_entry *all = sl_arena_alloc(&arena, (base->n + 1) * sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < base->n; i++) {
        if (!sl_str_eqz(base->entries[i].key, key)) {
            all[n++] = base->entries[i];
        }
    }
    all[n++] = (sl_config_entry){.key = sl_str_of(key), .value = sl_str_of(value)};
    return (sl_config){all, n};
}

static void single_problems(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_config base = cases[i].sink ? test_config(&arena, SINK, NULL) : test_config(&arena, SOURCE, NULL);
        sl_config c = with(&base, cases[i].key, cases[i].value);
        check(&c);
        if (cases[i].at && !*cases[i].at) {
            assert_int_equal(report.n, 0);
            continue;
        }
        const char *text = test_find_problem(&report, cases[i].at ? cases[i].at : cases[i].key);
        if (!*cases[i].part) { /* only that there is an error of some kind */
            assert_true(report.errors || !found.def);
            continue;
        }
        if (!text || (report.errors > 0) != cases[i].error) {
            dump();
            fail_msg("%s=%s: '%s', %zu errors", cases[i].key, cases[i].value, text ? text : "nothing",
                     report.errors);
        }
        test_assert_contains(text, cases[i].part);
    }
}

static void not_strict(void **state) {
    (void)state;
    env.strict = false;
    sl_config c = test_config(&arena, SOURCE, "taks.max", "3", NULL);
    check(&c);
    assert_int_equal(report.errors, 0);
    test_assert_contains(test_find_problem(&report, "taks.max"), "did you mean 'tasks.max'");
}

static void chains(void **state) {
    (void)state;
    sl_config c = test_config(&arena, SOURCE, "transforms", "a,b,c", "transforms.a.type", "fake-transfrm",
                              "transforms.b.type", "fake-transform", "transforms.b.feild", "x",
                              "transforms.b.strict.mode", "?", "transforms.b.predicate", "nope",
                              "transforms.c.type", "fake-transform", "transforms.c.field", "forbidden",
                              "transforms.c.negate", "true", "transformz.c.x", "1", "transforms.cc.field",
                              "1", "transforms.c.plugin.version", "1", NULL);
    check(&c);
    test_assert_contains(test_find_problem(&report, "transforms.a.type"), "did you mean 'fake-transform'");
    test_assert_contains(test_find_problem(&report, "transforms.b.feild"),
                         "did you mean 'transforms.b.field'");
    test_assert_contains(test_find_problem(&report, "transforms.b.field"), "missing");
    test_assert_contains(test_find_problem(&report, "transforms.b.strict.mode"), "expected true or false");
    test_assert_contains(test_find_problem(&report, "transforms.b.predicate"), "'nope' is not there");
    test_assert_contains(test_find_problem(&report, "transforms.c.field"), "expected an allowed field");
    test_assert_contains(test_find_problem(&report, "transforms.c.negate"), "nothing to negate");
    test_assert_contains(test_find_problem(&report, "transforms.cc.field"), "'cc' is not one of the names");
    assert_null(test_find_problem(&report, "transforms.c.plugin.version"));
}

static void missing_settings(void **state) {
    (void)state;
    sl_config c = test_config(&arena, "tasks.max", "1", NULL);
    check(&c);
    assert_null(found.def);
    test_assert_contains(test_find_problem(&report, "name"), "missing");
    test_assert_contains(test_find_problem(&report, "connector.class"), "missing");
    sl_config sink = test_config(&arena, "name", "x", "connector.class", "fake-sink", "topics", "t", NULL);
    check(&sink);
    test_assert_contains(test_find_problem(&report, "database.hostname"), "missing");
    assert_int_equal(fake_validated, 0);
}

static void override_policy(void **state) {
    (void)state;
    worker.override_policy = SL__OVERRIDE_NONE;
    sl_config c = test_config(&arena, SOURCE, "producer.override.linger.ms", "5", NULL);
    check(&c);
    test_assert_contains(test_find_problem(&report, "producer.override.linger.ms"),
                         "not allowed by the worker's");
    worker.override_policy = SL__OVERRIDE_ALL;
    check(&c);
    assert_int_equal(report.n, 0);
}

static void distributed(void **state) {
    (void)state;
    env.distributed = true;
    sl_config c =
        test_config(&arena, SOURCE, "exactly.once.support", "required", "transaction.boundary", "interval",
                    "offsets.storage.topic", "x", "transaction.boundary.interval.ms", "100", NULL);
    check(&c);
    test_assert_contains(test_find_problem(&report, "exactly.once.support"),
                         "does not have exactly-once source support enabled");
    env.exactly_once = true;
    check(&c);
    assert_int_equal(report.n, 0);
    assert_int_equal(found.settings.exactly_once, SL__EXACTLY_ONCE_REQUIRED);
    assert_int_equal(found.settings.boundary, SL__BOUNDARY_INTERVAL);
    assert_int_equal(found.settings.boundary_interval_ms, 100);
}

/* What a source cannot do is not promised. */
static void what_a_source_offers(void **state) {
    (void)state;
    env.distributed = env.exactly_once = true;
    sl_config c = test_config(&arena, "name", "s", "connector.class", "plain-source", "database.hostname",
                              "h", "database.password", "opensesame", "exactly.once.support", "required",
                              "transaction.boundary", "connector", NULL);
    check(&c);
    test_assert_contains(test_find_problem(&report, "exactly.once.support"), "does not support");
    test_assert_contains(test_find_problem(&report, "transaction.boundary"), "does not support");
}

/* No message has a secret in it: neither one from a provider, nor one that was written down. */
static void secrets_stay_hidden(void **state) {
    (void)state;
    sl_config c = test_config(&arena, "name", "s", "connector.class", "fake-source", "database.hostname",
                              "${f:/s/db:password}", "database.port", "${env:PORT}", "database.password",
                              "opensesame", "tasks.max", "${f:/s/db:n}", NULL);
    check(&c);
    test_assert_contains(test_find_problem(&report, "tasks.max"), "${f:/s/db:n}");
    c = test_config(&arena, "name", "s", "connector.class", "fake-source", "database.hostname",
                    "${f:/s/db:password}", "database.port", "${env:PORT}", "database.password", "opensesame",
                    NULL);
    check(&c);
    const char *text = test_find_problem(&report, "database.port");
    assert_non_null(text);
    assert_string_equal(text, "login with '[hidden]' at ${f:/s/db:password} failed");
    test_assert_str(sl_config_get(&found.config, SL_STR("database.hostname")), "hunter2");
    test_assert_str(sl_config_get(&c, SL_STR("database.hostname")), "${f:/s/db:password}");
}

static void without_the_worker(void **state) {
    (void)state;
    env.providers = NULL;
    env.worker = NULL;
    sl_config c = test_config(&arena, SOURCE, "tasks.max", "${env:TASKS}", "database.port", "x", NULL);
    check(&c);
    assert_int_equal(report.errors, 1);
    test_assert_contains(test_find_problem(&report, "tasks.max"), "not checked");
    test_assert_contains(test_find_problem(&report, "database.port"), "expected a whole number");
}

static void topic_groups(void **state) {
    sl__topic_group *groups = NULL;
    size_t n = 0;
    (void)state;
    sl_config c = test_config(
        &arena, "topic.creation.groups", "log, key", "topic.creation.default.partitions", "6",
        "topic.creation.default.replication.factor", "3", "topic.creation.default.exclude", "secret.*",
        "topic.creation.log.include", "log\\..*, audit", "topic.creation.log.partitions", "1",
        "topic.creation.log.retention.ms", "1000", "topic.creation.key.include", "k", NULL);
    test_assert_ok(sl__topic_groups_parse(&c, &arena, &report, &groups, &n));
    assert_int_equal(n, 3);
    test_assert_str(groups[2].name, "default");
    const sl__topic_group *g = sl__topic_group_find(groups, n, SL_STR("log.a"));
    test_assert_str(g->name, "log");
    assert_int_equal(g->partitions, 1);
    assert_int_equal(g->replication_factor, 3);
    assert_int_equal(g->configs.n, 1);
    test_assert_str(g->configs.entries[0].key, "retention.ms");
    test_assert_str(sl__topic_group_find(groups, n, SL_STR("xlog.a"))->name, "default");
    test_assert_str(sl__topic_group_find(groups, n, SL_STR("audit"))->name, "log");
    assert_null(sl__topic_group_find(groups, n, SL_STR("secret.a")));
    sl_config none = test_config(&arena, "name", "x", NULL);
    test_assert_ok(sl__topic_groups_parse(&none, &arena, &report, &groups, &n));
    assert_int_equal(n, 0);
}

/* Tables that a plugin might have are checked by the registry; these are the runtime's own. */
static void own_tables(void **state) {
    static const struct {
        const sl_config_row *rows;
        const size_t *n;
    } tables[] = {{sl__worker_rows, &sl__worker_nrows},
                  {sl__connector_rows, &sl__connector_nrows},
                  {sl__sink_rows, &sl__sink_nrows},
                  {sl__source_rows, &sl__source_nrows}};
    (void)state;
    for (size_t t = 0; t < 4; t++) {
        for (size_t i = 0; i < *tables[t].n; i++) {
            const sl_config_row *row = &tables[t].rows[i];
            assert_non_null(row->doc);
            assert_true(!row->pattern == !strchr(row->name, '*'));
            assert_true(row->support == SL_SUPPORTED || row->remedy);
            for (size_t k = 0; k < i; k++) {
                assert_string_not_equal(row->name, tables[t].rows[k].name);
            }
        }
    }
}

static void no_memory(void **state) {
    (void)state;
    sl_config c = test_config(&arena, SOURCE, "tasks.max", "x", "transforms", "a", "transforms.a.type",
                              "fake-transform", "producer.override.linger.ms", "5", NULL);
    for (unsigned n = 1; n < 40; n++) {
        sl_arena small;
        sl_config_report r;
        sl__validated v;
        sl_arena_init(&small, 64);
        sl_config_report_init(&r, &small);
        test_fail_alloc(n);
        sl_error *err = sl__connector_validate(&env, &c, &small, &r, &v);
        test_fail_alloc(0);
        assert_true(err || r.errors); /* the wrong tasks.max is never taken for right */
        sl_error_free(err);
        sl_arena_deinit(&small);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clean_source, setup, teardown),
        cmocka_unit_test_setup_teardown(clean_sink, setup, teardown),
        cmocka_unit_test_setup_teardown(single_problems, setup, teardown),
        cmocka_unit_test_setup_teardown(not_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(chains, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(override_policy, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_source_offers, setup, teardown),
        cmocka_unit_test_setup_teardown(distributed, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_stay_hidden, setup, teardown),
        cmocka_unit_test_setup_teardown(without_the_worker, setup, teardown),
        cmocka_unit_test_setup_teardown(topic_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(own_tables, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
