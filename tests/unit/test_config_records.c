/*
 * test_config_records.c - the records of the config topic: read and written as Kafka Connect has them, and
 * put together by its rules.
 *
 * The samples were written by Kafka Connect 4.3's JsonConverter.
 */
#include "support/support.h"

#include <stdlib.h>

#include <sluice/text.h>

#include "base/base64.h"
#include "store/config_record.h"
#include "store/config_state.h"

typedef struct fixture {
    sl_arena arena;
    sl__config_state *state;
    sl__config_change change;
} fixture;

static int setup(void **state) {
    fixture *f = calloc(1, sizeof *f);
    sl_arena_init(&f->arena, 0);
    f->state = sl__config_state_new();
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture *f = *state;
    sl__config_state_free(f->state);
    sl_arena_deinit(&f->arena);
    free(f);
    return 0;
}

static sl_error *parse(fixture *f, const char *key, const char *value, sl__config_record *r) {
    return sl__config_record_parse(sl_str_of(key), sl_str_of(value), &f->arena, r);
}

/* refused checks that a record is an error that says `text`. */
static void refused(fixture *f, const char *key, const char *value, const char *text) {
    sl__config_record r;
    sl_error *err = parse(f, key, value, &r);
    assert_non_null(err);
    if (!strstr(err->message, text)) {
        fail_msg("%s: expected '%s' in '%s'", key, text, err->message);
    }
    sl_error_free(err);
}

/* feed applies one record; f->change says what it did. */
static void feed(fixture *f, const char *key, const char *value) {
    sl__config_record r;
    test_assert_ok(parse(f, key, value, &r));
    test_assert_ok(sl__config_state_apply(f->state, &r, &f->change));
}

static sl__stored_connector look(fixture *f, const char *name) {
    sl__stored_connector c = {.ntasks = -1};
    sl__config_state_get(f->state, sl_str_of(name), &c);
    return c;
}

/* ---- reading and writing ---- */

#define OWN "target-state-\tsluice-"
#define OWN_VALUE(json) "{\"state\":\"STARTED\",\"state.v2\":\"STARTED\",\"sluice\":" json "}"

static void test_written_as_read(void **state) {
    static const char *const samples[][2] = {
        {"connector-orders", "{\"properties\":{\"name\":\"orders\",\"a\":null,\"q\":\"\\\"\\u0001\\n\"}}"},
        {"connector-orders", NULL},
        {"task-my-orders-11", "{\"properties\":{\"task.class\":\"x\"}}"},
        {"commit-orders", "{\"tasks\":2}"},
        {"target-state-orders", "{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}"},
        {"target-state-orders", "{\"state\":\"STARTED\",\"state.v2\":\"STARTED\"}"},
        {"target-state-orders", NULL},
        {"tasks-fencing-orders", "{\"task-count\":7}"},
        {"session-key", "{\"key\":\"AAEC/w==\",\"algorithm\":\"HmacSHA256\",\"creation-timestamp\":"
                        "1700000000123}"},
        {"restart-connector-orders", "{\"include-tasks\":true,\"only-failed\":false}"},
        {"logger-cluster-org.apache", "{\"level\":\"DEBUG\"}"},
        {OWN "worker-a", OWN_VALUE("{\"url\":\"http://a:8083\"}")},
        {OWN "worker-a", NULL},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        sl__config_record r;
        sl_buf key, value;
        sl_buf_init(&key, NULL);
        sl_buf_init(&value, NULL);
        test_assert_ok(parse(f, samples[i][0], samples[i][1], &r));
        assert_int_equal(r.removed, samples[i][1] == NULL);
        sl__config_record_key(&r, &key);
        sl__config_record_value(&r, &value);
        test_assert_str(sl_buf_view(&key), samples[i][0]);
        if (samples[i][1]) {
            test_assert_str(sl_buf_view(&value), samples[i][1]);
        } else {
            assert_int_equal(value.n, 0);
        }
        sl_buf_deinit(&key);
        sl_buf_deinit(&value);
    }
}

static void test_parts(void **state) {
    fixture *f = *state;
    sl__config_record r;
    test_assert_ok(parse(f, "task-a-b--3", "{\"properties\":{}}", &r));
    test_assert_str(r.name, "a-b-");
    assert_int_equal(r.task, 3);
    assert_null(
        parse(f, "session-key", "{\"key\":\"AAEC/w==\",\"algorithm\":\"H\",\"creation-timestamp\":5}", &r));
    assert_int_equal(r.session_key.key.n, 4);
    assert_memory_equal(r.session_key.key.p, "\x00\x01\x02\xff", 4);
    test_assert_ok(parse(f, "target-state-x", "{\"state\":\"PAUSED\"}", &r)); /* Kafka Connect before 3.5 */
    assert_int_equal(r.target, SL_TARGET_PAUSED);
    test_assert_ok(parse(f, "target-state-x", "{\"state\":\"STARTED\",\"state.v2\":7}", &r));
    assert_int_equal(r.target, SL_TARGET_STARTED);
    test_assert_ok(parse(f, "connector-x", "{\"properties\":{\"n\":3,\"b\":true}}", &r));
    test_assert_str(sl_config_get(&r.config, SL_STR("n")), "3");
    test_assert_str(sl_config_get(&r.config, SL_STR("b")), "true");
    test_assert_ok(parse(f, "restart-connector-x", "{\"only-failed\":true,\"include-tasks\":\"yes\"}", &r));
    assert_true(r.restart.only_failed);
    assert_false(r.restart.include_tasks);
}

static void test_refused(void **state) {
    fixture *f = *state;
    refused(f, "nonsense", "{}", "no such kind");
    refused(f, "session-keys", "{}", "no such kind");
    refused(f, "task-a", "{\"properties\":{}}", "task-CONNECTOR-NUMBER");
    refused(f, "task-a-b", "{\"properties\":{}}", "task-CONNECTOR-NUMBER");
    refused(f, "task-a-99999999999", "{\"properties\":{}}", "task-CONNECTOR-NUMBER");
    refused(f, "task-a-1", NULL, "null");
    refused(f, "commit-a", NULL, "null");
    refused(f, "commit-a", "{\"tasks\":\"2\"}", "tasks");
    refused(f, "commit-a", "{\"tasks\":-2}", "tasks");
    refused(f, "commit-a", "{\"tasks\":4294967296}", "tasks");
    refused(f, "connector-a", "{\"properties\":[]}", "properties");
    refused(f, "connector-a", "{\"properties\":{\"p\":{}}}", "'p'");
    refused(f, "connector-a", "[]", "object");
    refused(f, "connector-a", "{\"properties\":{\"password\":\"geheim", "JSON");
    refused(f, "target-state-a", "{\"state\":\"RUNNING\"}", "STARTED, PAUSED or STOPPED");
    refused(f, "session-key", "{\"key\":\"A\",\"algorithm\":\"H\",\"creation-timestamp\":5}", "Base64");
    refused(f, "session-key", "{\"key\":\"AA==\",\"algorithm\":\"H\"}", "creation-timestamp");
    refused(f, "logger-cluster-x", "{}", "level");
    refused(f, OWN "leader", "{\"state\":\"STARTED\"}", "sluice");
    /* what cannot be read is never shown: it may be a password */
    sl__config_record r;
    sl_error *err = parse(f, "connector-a", "{\"properties\":{\"password\":geheim}}", &r);
    assert_non_null(err);
    assert_null(strstr(err->message, "geheim"));
    sl_error_free(err);
}

static void test_base64(void **state) {
    fixture *f = *state;
    static const char *const bad[] = {"A", "AA=", "A===", "AAAA=", "AA!=", "AA=A"};
    sl_str out;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sl__base64_read(sl_str_of(bad[i]), &f->arena, &out));
    }
    for (size_t n = 0; n < 40; n++) {
        char bytes[40];
        sl_buf b;
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (char)(i * 37 + n);
        }
        sl_buf_init(&b, NULL);
        sl_buf_add_base64(&b, sl_str_make(bytes, n));
        assert_true(sl__base64_read(sl_buf_view(&b), &f->arena, &out));
        assert_int_equal(out.n, n);
        assert_memory_equal(out.p, bytes, n);
        sl_buf_deinit(&b);
    }
}

/* ---- the state ---- */

#define CONFIG(v) "{\"properties\":{\"v\":\"" v "\"}}"

static void test_tasks_count_from_their_commit(void **state) {
    fixture *f = *state;
    feed(f, "connector-a", CONFIG("1"));
    assert_int_equal(f->change, SL_CHANGE_CONNECTOR);
    feed(f, "task-a-0", CONFIG("t0"));
    feed(f, "task-a-1", CONFIG("t1"));
    assert_int_equal(f->change, SL_CHANGE_NONE);
    sl__stored_connector c = look(f, "a");
    assert_int_equal(c.ntasks, 0);
    assert_false(c.committed);
    assert_int_equal(c.generation, -1);
    assert_null(c.applied);
    feed(f, "commit-a", "{\"tasks\":2}");
    assert_int_equal(f->change, SL_CHANGE_TASKS);
    c = look(f, "a");
    assert_int_equal(c.ntasks, 2);
    test_assert_str(sl_config_get(c.tasks[1], SL_STR("v")), "t1");
    assert_int_equal(c.generation, 0);
    assert_true(c.needs_fencing);
    test_assert_str(sl_config_get(c.applied, SL_STR("v")), "1");
    feed(f, "connector-a", CONFIG("2"));
    c = look(f, "a");
    test_assert_str(sl_config_get(c.config, SL_STR("v")), "2");
    test_assert_str(sl_config_get(c.applied, SL_STR("v")), "1");
    feed(f, "task-a-0", CONFIG("u0"));
    test_assert_str(sl_config_get(look(f, "a").tasks[0], SL_STR("v")), "t0");
    feed(f, "commit-a", "{\"tasks\":1}");
    c = look(f, "a");
    assert_int_equal(c.ntasks, 1);
    test_assert_str(sl_config_get(c.tasks[0], SL_STR("v")), "u0");
    assert_int_equal(c.generation, 1);
}

static void test_incomplete_sets(void **state) {
    fixture *f = *state;
    feed(f, "connector-a", CONFIG("1"));
    feed(f, "task-a-1", CONFIG("t1")); /* task-a-0 was compacted away */
    feed(f, "commit-a", "{\"tasks\":2}");
    sl__stored_connector c = look(f, "a");
    assert_true(c.inconsistent);
    assert_true(c.committed);
    assert_int_equal(c.ntasks, 0);
    feed(f, "task-a-0", CONFIG("t0")); /* what was not complete does not count later */
    feed(f, "commit-a", "{\"tasks\":2}");
    assert_true(look(f, "a").inconsistent);
    feed(f, "task-a-0", CONFIG("t0"));
    feed(f, "task-a-1", CONFIG("t1"));
    feed(f, "task-a-5", CONFIG("t5")); /* of a larger set before: no harm */
    feed(f, "commit-a", "{\"tasks\":2}");
    c = look(f, "a");
    assert_false(c.inconsistent);
    assert_int_equal(c.ntasks, 2);
}

static void test_removal(void **state) {
    fixture *f = *state;
    feed(f, "connector-a", CONFIG("1"));
    feed(f, "task-a-0", CONFIG("t0"));
    feed(f, "commit-a", "{\"tasks\":1}");
    feed(f, "tasks-fencing-a", "{\"task-count\":1}");
    feed(f, "target-state-a", "{\"state\":\"PAUSED\",\"state.v2\":\"STOPPED\"}");
    assert_int_equal(f->change, SL_CHANGE_TARGET);
    assert_int_equal(look(f, "a").target, SL_TARGET_STOPPED);
    assert_int_equal(sl__config_state_count(f->state), 1);
    feed(f, "connector-a", NULL);
    assert_int_equal(f->change, SL_CHANGE_REMOVED);
    assert_int_equal(look(f, "a").ntasks, -1);
    assert_int_equal(sl__config_state_count(f->state), 0);
    feed(f, "target-state-a", NULL);
    feed(f, "connector-a", NULL);
    assert_int_equal(f->change, SL_CHANGE_NONE);
    /* late task configurations of a connector whose tombstone is compacted away do not bring it back */
    feed(f, "task-a-0", CONFIG("t0"));
    feed(f, "commit-a", "{\"tasks\":1}");
    feed(f, "connector-a", CONFIG("2"));
    sl__stored_connector c = look(f, "a");
    assert_int_equal(c.ntasks, 0);
    assert_false(c.committed);
    assert_int_equal(c.target, SL_TARGET_STARTED);
    assert_int_equal(c.fenced_tasks, 1);
}

static void test_targets(void **state) {
    fixture *f = *state;
    feed(f, "target-state-a", "{\"state\":\"PAUSED\"}"); /* before its connector: initial_state */
    assert_int_equal(f->change, SL_CHANGE_NONE);
    feed(f, "connector-a", CONFIG("1"));
    assert_int_equal(look(f, "a").target, SL_TARGET_PAUSED);
    feed(f, "target-state-a", "{\"state\":\"PAUSED\"}");
    assert_int_equal(f->change, SL_CHANGE_NONE);
    feed(f, "target-state-a", NULL);
    assert_int_equal(look(f, "a").target, SL_TARGET_STARTED);
}

static void test_fencing(void **state) {
    fixture *f = *state;
    feed(f, "connector-a", CONFIG("1"));
    feed(f, "task-a-0", CONFIG("t0"));
    feed(f, "commit-a", "{\"tasks\":1}");
    assert_int_equal(look(f, "a").fenced_tasks, -1);
    feed(f, "tasks-fencing-a", "{\"task-count\":1}");
    assert_int_equal(f->change, SL_CHANGE_FENCED);
    assert_false(look(f, "a").needs_fencing);
    feed(f, "task-a-0", CONFIG("t0"));
    feed(f, "commit-a", "{\"tasks\":1}");
    assert_true(look(f, "a").needs_fencing);
    assert_int_equal(look(f, "a").fenced_tasks, 1);
}

static void collect_name(void *arg, const sl__stored_connector *c) {
    sl_buf_add_str(arg, c->name);
    sl_buf_add_char(arg, ' ');
}

static void collect_own(void *arg, sl_str name, sl_str json) {
    sl_buf_add_str(arg, name);
    sl_buf_add_str(arg, json);
}

static void test_walks(void **state) {
    fixture *f = *state;
    sl_buf b;
    feed(f, "connector-b", CONFIG("1"));
    feed(f, "connector-c", CONFIG("1"));
    feed(f, "connector-a", CONFIG("1"));
    feed(f, "connector-c", NULL);
    feed(f, OWN "worker-x", OWN_VALUE("[1]"));
    feed(f, OWN "worker-y", OWN_VALUE("[2]"));
    feed(f, OWN "worker-y", NULL);
    feed(f, OWN "other", OWN_VALUE("[3]"));
    assert_int_equal(f->change, SL_CHANGE_OWN);
    sl_buf_init(&b, NULL);
    test_assert_ok(sl__config_state_each(f->state, collect_name, &b));
    test_assert_str(sl_buf_view(&b), "a b ");
    sl_buf_clear(&b);
    sl__config_state_each_own(f->state, SL_STR("worker-"), collect_own, &b);
    test_assert_str(sl_buf_view(&b), "worker-x[1]");
    sl_buf_deinit(&b);
    test_assert_str(sl__config_state_own(f->state, SL_STR("other")), "[3]");
    assert_null(sl__config_state_own(f->state, SL_STR("worker-y")).p);
    assert_null(sl__config_state_session_key(f->state).key.p);
    feed(f, "session-key", "{\"key\":\"AAEC\",\"algorithm\":\"H\",\"creation-timestamp\":5}");
    assert_int_equal(f->change, SL_CHANGE_SESSION_KEY);
    assert_int_equal(sl__config_state_session_key(f->state).key.n, 3);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(test_written_as_read), CASE(test_parts),           CASE(test_refused),
        CASE(test_base64),          CASE(test_incomplete_sets), CASE(test_tasks_count_from_their_commit),
        CASE(test_removal),         CASE(test_targets),         CASE(test_fencing),
        CASE(test_walks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
