/*
 * test_config_cli.c - `sluice validate` and `sluice plugins`, as somebody calls them: what they print, and
 * the exit code.
 */
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/cli.h"

static char dir[200];
static char text[65536];

static int setup(void **state) {
    (void)state;
    snprintf(dir, sizeof dir, "%s", test_temp_dir());
    return 0;
}

static int teardown(void **state) {
    (void)state;
    test_remove_dir(dir);
    return 0;
}

static const sl__command command = {.name = "command", .args = "ARGS", .summary = "", .help = ""};

/* run calls a command and reads what it writes on both outputs. */
static int run(int (*cmd)(const sl__command *, int, char **), int argc, const char **argv) {
    char path[300];
    snprintf(path, sizeof path, "%s/.output", dir);
    FILE *f = fopen(path, "w+");
    assert_non_null(f);
    fflush(stdout);
    fflush(stderr);
    int out = dup(1);
    int err = dup(2);
    dup2(fileno(f), 1);
    dup2(fileno(f), 2);
    int code = cmd(&command, argc, (char **)argv);
    fflush(stdout);
    fflush(stderr);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    rewind(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    remove(path);
    return code;
}

static const char *file(const char *name, const char *content) {
    static char paths[4][300];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    test_write_file(path, content);
    return path;
}

static const char *worker_file(const char *more) {
    static char content[2000];
    snprintf(
        content, sizeof content,
        "plugin.path=%s\nkey.converter=none\nvalue.converter=none\noffset.storage.file.filename=/tmp/o\n%s",
        dir, more);
    return file("worker.properties", content);
}

static void wrong_calls(void **state) {
    const char *option[] = {"--what"};
    (void)state;
    assert_int_equal(run(sl__cmd_validate, 0, NULL), SL_EXIT_USAGE);
    test_assert_contains(text, "expected a file");
    test_assert_contains(text, "usage: sluice command ARGS");
    assert_int_equal(run(sl__cmd_validate, 1, option), SL_EXIT_USAGE);
    assert_int_equal(run(sl__cmd_plugins, 1, option), SL_EXIT_USAGE);
    test_assert_contains(text, "unknown option '--what'");
}

static void places(void **state) {
    (void)state;
    const char *files[] = {
        worker_file("\n# a comment\nlog.level=loud\noffset.flush.intervall.ms=5\n"),
        file("c.json", "{\n \"name\": \"x\",\n \"config\": {\n  \"tasks.max\": 0\n }\n}"),
        file("p.yaml", "connectors:\n  a:\n    connector.class: nobody\n    tasks.max: many\n")};
    char expected[400];
    assert_int_equal(run(sl__cmd_validate, 3, files), SL_EXIT_CONFIG);
    snprintf(expected, sizeof expected, "%s:7: log.level: invalid value 'loud': expected one of", files[0]);
    test_assert_contains(text, expected);
    snprintf(expected, sizeof expected,
             "%s:8: offset.flush.intervall.ms: unknown, without effect; did you mean", files[0]);
    test_assert_contains(text, expected);
    snprintf(expected, sizeof expected, "%s:4: tasks.max: invalid value '0'", files[1]);
    test_assert_contains(text, expected);
    snprintf(expected, sizeof expected, "%s:2: connector.class: missing", files[1]);
    test_assert_contains(text, expected);
    snprintf(expected, sizeof expected, "%s:3: connector.class: no connector 'nobody'", files[2]);
    test_assert_contains(text, expected);
    snprintf(expected, sizeof expected, "%s:4: tasks.max: invalid value 'many'", files[2]);
    test_assert_contains(text, expected);
    test_assert_contains(text, "3 files, 2 connectors: ");
}

static void unreadable_files(void **state) {
    char missing[300];
    (void)state;
    snprintf(missing, sizeof missing, "%s/missing.json", dir);
    const char *files[] = {worker_file(""), missing, file("bad.json", "{\n\"a\": 1,\n}")};
    assert_int_equal(run(sl__cmd_validate, 3, files), SL_EXIT_CONFIG);
    test_assert_contains(text, "missing.json: cannot be opened");
    test_assert_contains(text, "bad.json:3: not valid JSON");
}

static void sets_of_files(void **state) {
    (void)state;
    const char *same[] = {worker_file(""), file("a.properties", "name=x\n"),
                          file("b.properties", "name=x\n")};
    assert_int_equal(run(sl__cmd_validate, 3, same), SL_EXIT_CONFIG);
    test_assert_contains(text, "connector 'x' is in");
    const char *two[] = {same[0], file("w2.properties", "bootstrap.servers=a:1\n")};
    assert_int_equal(run(sl__cmd_standalone, 2, two), SL_EXIT_CONFIG);
    test_assert_contains(text, "both have a worker's settings, expected one");
}

/* Several workers are checked each by itself, with the connectors that are its own. */
static void several_workers(void **state) {
    char expected[600], yaml[400], bare_worker[300];
    (void)state;
    snprintf(yaml, sizeof yaml, "worker:\n  plugin.path: %s\nconnectors:\n  x:\n    tasks.max: many\n", dir);
    snprintf(bare_worker, sizeof bare_worker, "plugin.path=%s\n", dir);
    const char *two[] = {worker_file(""), file("p.yaml", yaml),
                         file("x.properties", "name=x\ntasks.max=none\n")};
    assert_int_equal(run(sl__cmd_validate, 3, two), SL_EXIT_CONFIG);
    snprintf(expected, sizeof expected, "worker '%s', with 1 connector:\n", two[0]);
    test_assert_contains(text, expected);
    snprintf(expected, sizeof expected, "worker '%s', with 1 connector:\n", two[1]);
    test_assert_contains(text, expected);
    snprintf(expected, sizeof expected, "%s:2: tasks.max: invalid value 'none'", two[2]);
    const char *first = strstr(text, expected);
    assert_non_null(first);
    assert_null(strstr(first + 1, expected)); /* with one of the workers only */
    snprintf(expected, sizeof expected, "%s:1: value.converter: missing", two[1]);
    test_assert_contains(text, expected);
    test_assert_contains(text, "3 files, 2 workers that are checked each by itself, 2 connectors: ");
    const char *bare[] = {two[0], file("w2.properties", bare_worker), two[2]};
    assert_int_equal(run(sl__cmd_validate, 3, bare), SL_EXIT_CONFIG);
    snprintf(expected, sizeof expected, "%s:1: key.converter: missing", bare[1]);
    test_assert_contains(text, expected);
    test_assert_contains(text, "3 files, 2 workers that are checked each by itself, 2 connectors: ");
}

static void longer_names(void **state) {
    (void)state;
    const char *files[] = {worker_file("offset.flush=5\nrest.advertised=x\n")};
    run(sl__cmd_validate, 1, files);
    test_assert_contains(
        text, "offset.flush: warning: unknown, without effect; did you mean 'offset.flush.interval.ms'?");
}

/* Whatever is wrong, a value that may be a secret is not printed. */
static void no_secrets(void **state) {
    (void)state;
    const char *files[] = {
        worker_file(
            "producer.sasl.jaas.config=a.PlainLoginModule required username=\"u\" password=\"hunter2;\n"
            "consumer.ssl.keystore.password=hunter2\nadmin.sasl.password=hunter2\nadmin.sasl.password="
            "hunter2\n"
            "listeners.https.ssl.key.password=hunter2\n"),
        file("c.json",
             "{\"name\":\"x\",\"connector.class\":\"y\",\"producer.override.sasl.jaas.config\":\"hunter2\","
             "\"password\": \"hunter2\" \"x\"}"),
        file("d.properties",
             "name=d\nconnector.class=y\nproducer.override.sasl.jaas.config=hunter2\npassword=hunter2\n"
             "password=hunter2\nconnection.pasword=hunter2\n")};
    assert_int_equal(run(sl__cmd_validate, 3, files), SL_EXIT_CONFIG);
    assert_null(strstr(text, "hunter2"));
    test_assert_contains(text, "producer.sasl.jaas.config: expected a closing quote");
    test_assert_contains(text, "admin.sasl.password: warning: set twice");
}

static void own_settings(void **state) {
    char path[300];
    (void)state;
    snprintf(path, sizeof path, "--plugin-path=%s", dir);
    const char *json[] = {path, "--json", "worker", "connector", "sink", "source"};
    assert_int_equal(run(sl__cmd_plugins, 6, json), SL_EXIT_OK);
    json_t *all = json_loads(text, 0, NULL);
    assert_non_null(all);
    assert_int_equal(json_array_size(all), 4);
    json_t *settings = json_object_get(json_array_get(all, 0), "settings");
    assert_string_equal(json_string_value(json_object_get(json_array_get(settings, 0), "name")),
                        "bootstrap.servers");
    json_decref(all);
    const char *markdown[] = {path, "--markdown", "connector"};
    assert_int_equal(run(sl__cmd_plugins, 3, markdown), SL_EXIT_OK);
    test_assert_contains(text, "| `name` | string | **required** | high | ");
    const char *plain[] = {path, "connector"};
    assert_int_equal(run(sl__cmd_plugins, 2, plain), SL_EXIT_OK);
    test_assert_contains(text, "  tasks.max  (int, default 1, high)\n");
    const char *nobody[] = {path, "nobody"};
    assert_int_equal(run(sl__cmd_plugins, 2, nobody), SL_EXIT_USAGE);
    test_assert_contains(text, "no plugin 'nobody'");
    const char *empty[] = {path, "--json"};
    assert_int_equal(run(sl__cmd_plugins, 2, empty), SL_EXIT_OK);
    assert_string_equal(text, "[]\n");
}

static void bad_plugins_are_named(void **state) {
    char path[300];
    (void)state;
    snprintf(path, sizeof path, "--plugin-path=%s", dir);
    file("broken.so", "not a shared object");
    const char *args[] = {path};
    assert_int_equal(run(sl__cmd_plugins, 1, args), SL_EXIT_OK);
    test_assert_contains(text, "not used: ");
    test_assert_contains(text, "broken.so: ");
    const char *nowhere[] = {"--plugin-path=/nonexistent/folder"};
    assert_int_not_equal(run(sl__cmd_plugins, 1, nowhere), SL_EXIT_OK);
    test_assert_contains(text, "/nonexistent/folder");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(places, setup, teardown),
        cmocka_unit_test_setup_teardown(unreadable_files, setup, teardown),
        cmocka_unit_test_setup_teardown(sets_of_files, setup, teardown),
        cmocka_unit_test_setup_teardown(several_workers, setup, teardown),
        cmocka_unit_test_setup_teardown(longer_names, setup, teardown),
        cmocka_unit_test_setup_teardown(no_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(own_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_plugins_are_named, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
