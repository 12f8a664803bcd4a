/*
 * test_config_files.c - JSON and YAML configuration files, and what kind a file is.
 */
#include "support/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/files.h"

static sl_config_report report;
static sl__config_file file;

static int setup(void **state) {
    setup_arena(state);
    sl_config_report_init(&report, &arena);
    return 0;
}

static const sl__config_file *parse(const char *path, const char *text) {
    test_assert_ok(sl__config_file_parse(sl_str_of(text), sl_str_of(path), &arena, &report, &file));
    return &file;
}

static void expect_error(const char *path, const char *text, const char *part) {
    test_assert_error(sl__config_file_parse(sl_str_of(text), sl_str_of(path), &arena, &report, &file),
                      SL_E_CONFIG, part);
}

#define VALUE(c, key) sl_config_get((c), SL_STR(key))
#define LINE(c, key) (sl_config_find((c), SL_STR(key))->line)

/* ---- JSON ---- */

static void json_wrapped(void **state) {
    (void)state;
    parse("c.json",
          "{\n  \"name\": \"orders\",\n  \"initial_state\": \"paused\",\n  \"config\": {\n"
          "    \"connector.class\": \"file-source\",\n    \"tasks.max\": 3,\n    \"a\": true, \"b\": 1.50,\n"
          "    \"n\": null,\n    \"t\": \"\\u00e4\\n\"\n  }\n}\n");
    assert_int_equal(file.nconnectors, 1);
    assert_false(file.has_worker);
    const sl__connector_config *c = &file.connectors[0];
    test_assert_str(c->name, "orders");
    test_assert_str(c->initial_state, "PAUSED");
    assert_int_equal(c->line, 2);
    test_assert_str(VALUE(&c->raw, "tasks.max"), "3");
    test_assert_str(VALUE(&c->raw, "a"), "true");
    test_assert_str(VALUE(&c->raw, "b"), "1.50");
    test_assert_str(VALUE(&c->raw, "t"), "\xc3\xa4\n");
    test_assert_str(VALUE(&c->raw, "name"), "orders");
    assert_non_null(sl_config_find(&c->raw, SL_STR("n")));
    assert_null(VALUE(&c->raw, "n").p);
    assert_int_equal(LINE(&c->raw, "connector.class"), 5);
    assert_int_equal(LINE(&c->raw, "b"), 7);
    assert_int_equal(LINE(&c->raw, "t"), 9);
}

static void json_flat(void **state) {
    (void)state;
    parse("c.properties", " \n{\"name\":\"x\",\"connector.class\":\"y\",\"s\":\"{\\\"a\\\":[1,2]}\"}");
    test_assert_str(file.connectors[0].name, "x");
    test_assert_str(VALUE(&file.connectors[0].raw, "s"), "{\"a\":[1,2]}");
    assert_int_equal(LINE(&file.connectors[0].raw, "s"), 2);
    parse("c.json", "{\"config\": {}}");
    assert_null(file.connectors[0].name.p);
    parse("c.json", "{\"config\": {\"name\": \"inner\"}}");
    test_assert_str(file.connectors[0].name, "inner");
    parse("c.json", "{\"name\": \"outer\", \"config\": {\"name\": null}}");
    test_assert_str(VALUE(&file.connectors[0].raw, "name"), "outer");
}

static void json_twice(void **state) {
    (void)state;
    parse("c.json", "{\"name\":\"x\",\n\"a\":\"1\",\n\"a\":\"2\"}");
    test_assert_str(VALUE(&file.connectors[0].raw, "a"), "2");
    test_assert_contains(test_find_problem(&report, "a"), "lines 2 and 3");
}

static void json_bad(void **state) {
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "c.json:1: not valid JSON"},
        {"{", "c.json:1: not valid JSON in column 1: the text ends too early"},
        {"{\n \"a\": \"hunter2\"\n \"b\": 1}", "c.json:3: not valid JSON"},
        {"{\"a\": hunter2}", "c.json:1: not valid JSON"},
        {"{\"a\": 1} x", "expected nothing after the closing brace"},
        {"[]", "c.json:1: expected an object"},
        {"{\"a\":\n[1,2]}", "c.json:1: a: expected a string, a number, true or false"},
        {"{\n\"a\": {\"b\": 1}}", "c.json:2: a: expected a string"},
        {"{\"\": 1}", "c.json:1: expected a key"},
        {"{\"name\":\"a\",\n\"config\":{\n\"name\":\"b\"}}", "c.json:3: name: differs"},
        {"{\"config\":{},\n\"initial_state\":\"asleep\"}",
         "c.json:2: initial_state: expected RUNNING, PAUSED or STOPPED"},
        {"{\"a\": \"\\u0000\"}", "cannot be part"},
        {"{\"a\": \"\xff\"}", "not UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sl_error *err =
            sl__config_file_parse(sl_str_of(cases[i].text), SL_STR("c.json"), &arena, &report, &file);
        char text[500];
        assert_non_null(err);
        assert_null(strstr(sl_error_text(err, text, sizeof text), "hunter2"));
        test_assert_error(err, SL_E_CONFIG, cases[i].part);
    }
    sl_buf deep;
    sl_buf_init(&deep, NULL);
    sl_buf_add_z(&deep, "{\"a\":");
    for (int i = 0; i < 5000; i++) {
        sl_buf_add_char(&deep, '[');
    }
    test_assert_error(sl__config_file_parse(sl_buf_view(&deep), SL_STR("c.json"), &arena, &report, &file),
                      SL_E_CONFIG, "nested too deeply");
    sl_buf_deinit(&deep);
    const char zero[] = "{\"a\":\n true\0}"; /* jansson would take it */
    test_assert_error(
        sl__config_file_parse(sl_str_make(zero, sizeof zero - 1), SL_STR("c.json"), &arena, &report, &file),
        SL_E_CONFIG, "c.json:2: not valid JSON: there is a zero byte");
}

static void json_other_members(void **state) {
    (void)state;
    parse("c.json", "{\"name\":\"x\",\"config\":{\"a\":\"1\"},\"tasks\":[{\"a\":\"}\"}],\"type\":\"sink\"}");
    test_assert_contains(test_find_problem(&report, "tasks"), "not looked at");
    assert_int_equal(file.connectors[0].raw.n, 2);
}

/* ---- YAML ---- */

static void yaml_pipeline(void **state) {
    (void)state;
    parse("p.yaml", "worker:\n"
                    "  bootstrap.servers: \"embedded:\"\n"
                    "  key.converter: json\n"
                    "  key.converter.schemas.enable: false\n"
                    "  config.providers:\n"
                    "    file:\n"
                    "      class: file\n"
                    "      param: {allowed.paths: [/etc/a, /etc/b]}\n"
                    "connectors:\n"
                    "  orders:\n"
                    "    connector.class: postgres-cdc\n"
                    "    database: {hostname: db, port: 5432}\n"
                    "    table.include.list:\n"
                    "      - public.a\n"
                    "      - public.b\n"
                    "    transforms:\n"
                    "      - name: unwrap\n"
                    "        type: x\n"
                    "        drop: {tombstones: true}\n"
                    "      - {name: second, type: y}\n"
                    "    predicates:\n"
                    "      p1: {type: z}\n"
                    "  files:\n"
                    "    initial_state: stopped\n"
                    "    config: {connector.class: file-sink, topics: t, empty: , tilde: ~, quoted: \"\"}\n");
    assert_true(file.has_worker);
    test_assert_str(VALUE(&file.worker, "bootstrap.servers"), "embedded:");
    test_assert_str(VALUE(&file.worker, "key.converter.schemas.enable"), "false");
    test_assert_str(VALUE(&file.worker, "config.providers"), "file");
    test_assert_str(VALUE(&file.worker, "config.providers.file.param.allowed.paths"), "/etc/a,/etc/b");
    assert_int_equal(LINE(&file.worker, "config.providers.file.class"), 7);
    assert_int_equal(file.nconnectors, 2);
    const sl_config *c = &file.connectors[0].raw;
    test_assert_str(file.connectors[0].name, "orders");
    assert_int_equal(file.connectors[0].line, 10);
    test_assert_str(VALUE(c, "name"), "orders");
    test_assert_str(VALUE(c, "database.hostname"), "db");
    test_assert_str(VALUE(c, "database.port"), "5432");
    test_assert_str(VALUE(c, "table.include.list"), "public.a,public.b");
    test_assert_str(VALUE(c, "transforms"), "unwrap,second");
    test_assert_str(VALUE(c, "transforms.unwrap.drop.tombstones"), "true");
    test_assert_str(VALUE(c, "transforms.second.type"), "y");
    assert_null(sl_config_find(c, SL_STR("transforms.unwrap.name")));
    assert_int_equal(LINE(c, "transforms.unwrap.type"), 18);
    test_assert_str(VALUE(c, "predicates"), "p1");
    test_assert_str(VALUE(c, "predicates.p1.type"), "z");
    const sl__connector_config *f = &file.connectors[1];
    test_assert_str(f->initial_state, "STOPPED");
    test_assert_str(VALUE(&f->raw, "topics"), "t");
    assert_null(VALUE(&f->raw, "empty").p);
    assert_null(VALUE(&f->raw, "tilde").p);
    test_assert_str(VALUE(&f->raw, "quoted"), "");
}

static void yaml_list_of_connectors(void **state) {
    (void)state;
    parse("p.yml", "connectors:\n- name: a\n  x: 1\n- name: b\n  config:\n    x: 2\n- x: 3\n");
    assert_false(file.has_worker);
    assert_int_equal(file.nconnectors, 3);
    test_assert_str(file.connectors[1].name, "b");
    test_assert_str(VALUE(&file.connectors[1].raw, "x"), "2");
    assert_null(file.connectors[2].name.p);
    parse("p.yml", "worker: {a: b}\nconnectors:\n");
    assert_int_equal(file.nconnectors, 0);
}

static void yaml_aliases(void **state) {
    (void)state;
    parse("p.yaml",
          "connectors:\n  a: &base\n    x: 1\n    y: &v two\n  b:\n    <<: *base\n    x: 3\n    z: *v\n"
          "  c:\n    <<: [{x: 8, w: 9}, *base]\n");
    const sl_config *b = &file.connectors[1].raw;
    test_assert_str(VALUE(b, "x"), "3");
    test_assert_str(VALUE(b, "y"), "two");
    test_assert_str(VALUE(b, "z"), "two");
    const sl_config *c = &file.connectors[2].raw;
    test_assert_str(VALUE(c, "x"), "8");
    test_assert_str(VALUE(c, "y"), "two");
    test_assert_str(VALUE(c, "w"), "9");
    test_assert_str(VALUE(b, "name"), "b");
}

static void yaml_bad(void **state) {
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "p.yaml:1: expected a map with worker and connectors"},
        {"- a", "p.yaml:1: expected a map"},
        {"wroker: {}", "p.yaml:1: wroker: expected worker or connectors"},
        {"worker: 3", "p.yaml:1: worker: expected a map"},
        {"worker:\n  a: 1\n  a: 2\n", "p.yaml:3: a: set twice, first in line 2"},
        {"worker:\n  a.b: 1\n  a: {b: 2}\n", "p.yaml:3: a.b: set twice, first in line 2"},
        {"worker: {a: 1}\n---\nworker: {b: 1}\n", "p.yaml:3: a second document"},
        {"worker:\n  a: !env X\n", "p.yaml:2: tag '!env' is not supported"},
        {"worker:\n  a: *x\n", "p.yaml:2: '*x' has no anchor"},
        {"worker: &w\n  a: *w\n", "p.yaml:2: an alias to the value it stands in"},
        {"worker:\n  {a: b}: c\n", "p.yaml:2: expected a plain key"},
        {"worker:\n  \"\": c\n", "p.yaml:2: expected a key that is not empty"},
        {"worker:\n  a: [1, [2]]\n", "p.yaml:2: a: expected a list of plain values"},
        {"worker:\n  a: [\"1,2\"]\n", "p.yaml:2: a: expected list items without commas"},
        {"worker:\n  a: [1, ~]\n", "p.yaml:2: a: expected list items"},
        {"worker:\n\ta: 1\n", "p.yaml:2: not valid YAML in column 1"},
        {"worker:\n  a: \"\\0\"\n", "p.yaml:2: a zero character"},
        {"worker:\n  <<: 3\n", "p.yaml:2: expected an alias of a map"},
        {"connectors: yes", "p.yaml:1: connectors: expected a list"},
        {"connectors:\n  a: 3\n", "p.yaml:2: a: expected a map of the connector's settings"},
        {"connectors:\n- 3\n", "p.yaml:2: expected a map of the connector's settings"},
        {"connectors:\n  a:\n    name: b\n", "p.yaml:3: name: differs from the connector's key"},
        {"connectors:\n  a:\n    config: {x: 1}\n    y: 2\n", "p.yaml:4: y: expected only name"},
        {"connectors:\n  a:\n    transforms: [{type: x}]\n",
         "p.yaml:3: transforms: expected each item to be a map with a name"},
        {"connectors:\n  a:\n    transforms: {u: 1, v: {type: x}}\n",
         "p.yaml:3: transforms: expected a map of settings under each name"},
        {"connectors:\n  a:\n    initial_state: PAUSED\n    config: {}\n    name: [1]\n",
         "p.yaml:5: name: expected a plain value"},
        {"worker: {a: \"x", "not valid YAML"},
        {"worker:\n  a: \xff\n", "not a YAML text"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_error("p.yaml", cases[i].text, cases[i].part);
    }
}

/* A small text must not become a large configuration, nor take long. */
static void yaml_bombs(void **state) {
    sl_buf b;
    (void)state;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "worker:\n  a0: &a0 {x: 1}\n");
    for (int i = 1; i < 30; i++) {
        sl_buf_printf(&b, "  a%d: &a%d {p: *a%d, q: *a%d}\n", i, i, i - 1, i - 1);
    }
    test_assert_error(sl__config_file_parse(sl_buf_view(&b), SL_STR("p.yaml"), &arena, &report, &file),
                      SL_E_CONFIG, "more than 10000 settings");
    sl_buf_clear(&b);
    sl_buf_add_z(&b, "worker:\n  a0: &a0 [1]\n");
    for (int i = 1; i < 30; i++) {
        sl_buf_printf(&b, "  a%d: &a%d [*a%d, *a%d, *a%d]\n", i, i, i - 1, i - 1, i - 1);
    }
    test_assert_error(sl__config_file_parse(sl_buf_view(&b), SL_STR("p.yaml"), &arena, &report, &file),
                      SL_E_CONFIG, "expected a list of plain values");
    sl_buf_clear(&b);
    sl_buf_add_z(&b, "worker:\n  a: ");
    for (int i = 0; i < 100; i++) {
        sl_buf_add_z(&b, "{a: ");
    }
    test_assert_error(sl__config_file_parse(sl_buf_view(&b), SL_STR("p.yaml"), &arena, &report, &file),
                      SL_E_CONFIG, "nested too deeply");
    sl_buf_clear(&b);
    sl_buf_add_z(&b, "worker:\n  m: &m {");
    for (int i = 0; i < 4000; i++) {
        sl_buf_printf(&b, "k%d: 1, ", i);
    }
    sl_buf_add_z(&b, "}\n  n:\n    <<: [");
    for (int i = 0; i < 4000; i++) {
        sl_buf_add_z(&b, "*m, ");
    }
    sl_buf_add_z(&b, "]\n");
    test_assert_error(sl__config_file_parse(sl_buf_view(&b), SL_STR("p.yaml"), &arena, &report, &file),
                      SL_E_CONFIG, "too many values");
    sl_buf_deinit(&b);
}

/* ---- which kind ---- */

static void kinds(void **state) {
    (void)state;
    assert_true(parse("w.properties", "bootstrap.servers=x:1\n")->has_worker);
    assert_int_equal(parse("c.properties", "name=a\n")->nconnectors, 1);
    assert_int_equal(parse("c.properties", "connector.class=a\n")->nconnectors, 1);
    assert_null(file.connectors[0].name.p);
    assert_int_equal(parse("noext", "{\"name\":\"x\"}")->nconnectors, 1);
    expect_error("c.json", "name=x", "not valid JSON");
}

static void from_disk(void **state) {
    char path[300];
    const char *dir = test_temp_dir();
    (void)state;
    snprintf(path, sizeof path, "%s/w.properties", dir);
    test_write_file(path, "a=1\n");
    test_assert_ok(sl__config_file_read(path, &arena, &report, &file));
    test_assert_str(file.path, path);
    test_assert_str(VALUE(&file.worker, "a"), "1");
    test_assert_error(sl__config_file_read(dir, &arena, &report, &file), SL_E_CONFIG, "a directory");
    snprintf(path, sizeof path, "%s/missing", dir);
    test_assert_error(sl__config_file_read(path, &arena, &report, &file), SL_E_CONFIG, "cannot be opened");
    snprintf(path, sizeof path, "%s/large", dir);
    char *large = calloc(1, SL_CONFIG_MAX_FILE + 2);
    memset(large, '#', SL_CONFIG_MAX_FILE + 1);
    test_write_file(path, large);
    free(large);
    test_assert_error(sl__config_file_read(path, &arena, &report, &file), SL_E_CONFIG, "larger than 4 MiB");
    test_remove_dir(dir);
}

static void no_memory(void **state) {
    static const char *const texts[][2] = {
        {"c.json", "{\"name\":\"x\",\"config\":{\"a\":\"\\u00e4\",\"b\":2,\"a\":3}}"},
        {"p.yaml", "worker: {a: [1, 2]}\nconnectors:\n  a: &b {x: 1, transforms: [{name: u, type: v}]}\n  c: "
                   "{<<: *b}\n"},
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (unsigned n = 1; n < 60; n++) {
            sl_arena small;
            sl_config_report r;
            sl_arena_init(&small, 64);
            sl_config_report_init(&r, &small);
            test_fail_alloc(n);
            sl_error *err =
                sl__config_file_parse(sl_str_of(texts[i][1]), sl_str_of(texts[i][0]), &small, &r, &file);
            unsigned used = test_fail_alloc(0);
            assert_true(err || used < n || small.failed || file.nconnectors);
            sl_error_free(err);
            sl_arena_deinit(&small);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(json_wrapped, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(json_flat, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(json_twice, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(json_bad, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(json_other_members, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(yaml_pipeline, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(yaml_list_of_connectors, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(yaml_aliases, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(yaml_bad, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(yaml_bombs, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(kinds, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(from_disk, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
