/*
 * test_herder.c - the herder with a source that does as it is told: fails, blocks, asks for another
 * configuration.
 *
 * The plugin is linked in; tasks run on a real scheduler with the embedded broker.
 */
#include "support/support.h"

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "herder/state.h"
#include "plugin/registry_catalog.h"

/* ---- the plugin ---- */

static atomic_int opened, closed, failures_left, tasks_wanted, configs_asked, polls;
static atomic_bool block_poll, block_configs, bad_poll, configs_outage;
static atomic_bool interrupted;

static sl_error *task_configs(const sl_context *ctx, int32_t max, sl_task_configs *out) {
    (void)max;
    atomic_fetch_add(&configs_asked, 1);
    while (atomic_load(&block_configs) && !ctx->host->stopping(ctx)) {
        usleep(2000);
    }
    if (atomic_load(&configs_outage)) {
        return sl_error_new(SL_E_NETWORK, SL_RETRIABLE, "nobody answers");
    }
    out->n = (size_t)atomic_load(&tasks_wanted);
    out->items = sl_arena_zalloc(out->arena, (out->n + 1) * sizeof *out->items);
    for (size_t i = 0; i < out->n; i++) {
        sl_config_entry *e = sl_arena_zalloc(out->arena, sizeof *e);
        e->key = SL_STR("part");
        e->value = sl_arena_printf(out->arena, "%zu of %zu", i, out->n);
        out->items[i] = (sl_config){e, 1};
    }
    return NULL;
}

static sl_error *src_open(const sl_context *ctx, void **task) {
    if (atomic_load(&failures_left) > 0) {
        atomic_fetch_sub(&failures_left, 1);
        return sl_error_new(SL_E_NETWORK, SL_RETRIABLE, "cannot connect");
    }
    atomic_fetch_add(&opened, 1);
    *task = (void *)(uintptr_t)ctx;
    return NULL;
}

static sl_error *src_poll(void *task, sl_batch *batch, sl_wait *wait) {
    (void)task, (void)batch;
    atomic_fetch_add(&polls, 1);
    while (atomic_load(&block_poll)) { /* deaf to interrupt */
        usleep(2000);
    }
    if (atomic_load(&bad_poll)) {
        return sl_error_new(SL_E_DATA, SL_FATAL, "the log is gone");
    }
    *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = sl__now_ms() + 20};
    return NULL;
}

static void src_interrupt(void *task) {
    (void)task;
    atomic_store(&interrupted, true);
}

static void src_close(void *task) {
    (void)task;
    atomic_fetch_add(&closed, 1);
}

static const sl_source_ops source_ops = {.task_configs = task_configs,
                                         .open = src_open,
                                         .poll = src_poll,
                                         .interrupt = src_interrupt,
                                         .close = src_close};

static const sl_config_row source_rows[] = {{.name = "part", .type = SL_CONFIG_STRING},
                                            {.name = "number", .type = SL_CONFIG_INT, .default_value = "1"}};
static const char *const source_names[] = {"test.ToldSource", NULL};
static const sl_plugin_def told_source = {.struct_size = sizeof(sl_plugin_def),
                                          .kind = SL_KIND_SOURCE,
                                          .name = "told-source",
                                          .aliases = source_names,
                                          .version = "1",
                                          .doc = "Does as it is told.",
                                          .settings = source_rows,
                                          .nsettings = 2,
                                          .source = &source_ops};

static sl_error *conv_open(const sl_context *ctx, int usage, void **state) {
    (void)ctx, (void)usage;
    *state = NULL;
    return NULL;
}

static sl_error *conv_to(void *state, sl_str topic, sl_str header, const sl_schema *schema,
                         const sl_value *value, sl_buf *out, bool *is_null) {
    (void)state, (void)topic, (void)header, (void)schema, (void)value, (void)out;
    *is_null = true;
    return NULL;
}

static sl_error *conv_from(void *state, sl_str topic, sl_str header, sl_str bytes, sl_batch *batch,
                           const sl_schema **schema, sl_value *value) {
    (void)state, (void)topic, (void)header, (void)bytes, (void)batch;
    *schema = NULL;
    *value = sl_null();
    return NULL;
}

static void conv_close(void *state) {
    (void)state;
}

static const sl_converter_ops conv_ops = {
    .open = conv_open, .to_bytes = conv_to, .from_bytes = conv_from, .close = conv_close};
static const sl_plugin_def told_converter = {.struct_size = sizeof(sl_plugin_def),
                                             .kind = SL_KIND_CONVERTER,
                                             .name = "told-converter",
                                             .version = "1",
                                             .doc = "Converts nothing.",
                                             .converter = &conv_ops};
static const sl_plugin_def told_header = {.struct_size = sizeof(sl_plugin_def),
                                          .kind = SL_KIND_HEADER_CONVERTER,
                                          .name = "told-converter",
                                          .version = "1",
                                          .doc = "Converts nothing.",
                                          .converter = &conv_ops};
static const sl_plugin_def *const defs[] = {&told_source, &told_converter, &told_header};
static const sl_plugin table = {
    SL_PLUGIN_MAGIC, sizeof(sl_plugin), SL_ABI_MAJOR, SL_ABI_MINOR, 3, "told", "1", defs};

/* ---- the worker around it ---- */

typedef struct fixture {
    sl_arena arena;
    char dir[256];
    sl__registry *registry;
    sl__catalog catalog;
    sl__worker_settings worker;
    sl_config none;
    sl__offsets *offsets;
    sl__kafka *kafka;
    sl__sched *sched;
    sl__herder *herder;
} fixture;

static int setup(void **state) {
    fixture *f = calloc(1, sizeof *f);
    char path[300];
    const sl__client_config admin = {.embedded = true};
    sl_arena_init(&f->arena, 0);
    sl__log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    snprintf(f->dir, sizeof f->dir, "%s", test_temp_dir());
    snprintf(path, sizeof path, "%s/offsets", f->dir);
    f->registry = sl__registry_new();
    assert_true(sl__registry_add(f->registry, &table, "linked"));
    f->catalog = sl__registry_catalog(f->registry, sl__host_table());
    f->worker = (sl__worker_settings){.key_converter = SL_STR("told-converter"),
                                      .value_converter = SL_STR("told-converter"),
                                      .header_converter = SL_STR("told-converter"),
                                      .offset_flush_interval_ms = 100,
                                      .shutdown_timeout_ms = 5000,
                                      .threads_max = 8,
                                      .task_memory_max = 1 << 20,
                                      .task_restart = true};
    test_assert_ok(sl__offsets_open_file(sl_str_of(path), &f->offsets));
    test_assert_ok(sl__kafka_new(&admin, &f->kafka));
    test_assert_ok(sl__sched_new(2, 8, &f->sched));
    const sl__herder_env env = {.task = {.sched = f->sched,
                                         .kafka = f->kafka,
                                         .offsets = f->offsets,
                                         .registry = f->registry,
                                         .worker = &f->worker,
                                         .worker_config = &f->none,
                                         .worker_id = SL_STR("test:1")},
                                .catalog = &f->catalog};
    test_assert_ok(sl__herder_new(&env, &f->herder));
    atomic_store(&opened, 0);
    atomic_store(&closed, 0);
    atomic_store(&failures_left, 0);
    atomic_store(&tasks_wanted, 1);
    atomic_store(&configs_asked, 0);
    atomic_store(&block_poll, false);
    atomic_store(&block_configs, false);
    atomic_store(&bad_poll, false);
    atomic_store(&configs_outage, false);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture *f = *state;
    atomic_store(&block_poll, false);
    atomic_store(&block_configs, false);
    sl__herder_stop(f->herder);
    (void)sl__herder_join(f->herder);
    sl__sched_free(f->sched);
    sl__herder_free(f->herder);
    sl__kafka_free(f->kafka);
    sl__offsets_close(f->offsets);
    sl__registry_free(f->registry);
    sl_arena_deinit(&f->arena);
    test_remove_dir(f->dir);
    assert_int_equal(atomic_load(&opened), atomic_load(&closed));
    free(f);
    return 0;
}

static void add(fixture *f, const char *name, const char *key, const char *value) {
    const sl__connector_config c = {.name = sl_str_of(name),
                                    .file = SL_STR("test"),
                                    .raw =
                                        test_config(&f->arena, "name", name, "connector.class",
                                                    "test.ToldSource", "tasks.max", "4", key, value, NULL)};
    test_assert_ok(sl__herder_add(f->herder, &c));
}

/* ---- asking the herder ---- */

typedef struct ask {
    sl__call call; /* first */
    sem_t done;
    const char *name;
    int what;
    /* answers */
    sl__state state;
    sl__state tasks[8];
    size_t ntasks;
    char trace[2048];
    bool late;
} ask;

enum { LOOK, PAUSE, RESUME, STOP, RESTART, RESTART_TASK, RESTART_ALL, NEVER };

static void take_trace(ask *a, const char *trace, const sl__tries *t, const sl__connector *c) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl__trace_text(trace, t, c, &b);
    snprintf(a->trace, sizeof a->trace, "%.*s", (int)b.n, b.p ? b.p : "");
    sl_buf_deinit(&b);
}

static void look(ask *a, const sl__connector *c) {
    a->state = c->state;
    a->ntasks = c->nslots;
    if (c->state == SL_STATE_FAILED) {
        take_trace(a, c->trace, &c->tries, c);
    }
    for (size_t i = 0; i < c->nslots && i < 8; i++) {
        a->tasks[i] = c->slots[i].state;
        if (a->tasks[i] == SL_STATE_FAILED) {
            take_trace(a, c->slots[i].trace, &c->slots[i].tries, c);
        }
    }
}

static bool run_ask(sl__herder *h, sl__call *call) {
    ask *a = (ask *)call;
    sl__connector *c = sl__herder_find(h, sl_str_of(a->name));
    switch (a->what) {
    case PAUSE:
    case RESUME:
    case STOP:
        sl__connector_set_target(c, a->what == PAUSE    ? SL_TARGET_PAUSE
                                    : a->what == RESUME ? SL_TARGET_RUN
                                                        : SL_TARGET_STOP);
        break;
    case RESTART:
    case RESTART_ALL:
        sl__connector_restart(c, a->what == RESTART_ALL, false);
        break;
    case RESTART_TASK:
        assert_true(sl__connector_restart_task(c, 0));
        assert_false(sl__connector_restart_task(c, 99));
        break;
    case NEVER:
        return false;
    default:
        break;
    }
    look(a, c);
    return true;
}

static void reply_ask(sl__call *call, bool late) {
    ask *a = (ask *)call;
    a->late = late;
    sem_post(&a->done);
}

static ask tell(fixture *f, const char *name, int what) {
    static ask a;
    memset(&a, 0, sizeof a);
    a.name = name;
    a.what = what;
    a.call.run = run_ask;
    a.call.reply = reply_ask;
    a.call.deadline_ms = sl__now_ms() + (what == NEVER ? 50 : 30000);
    sem_init(&a.done, 0, 0);
    assert_true(sl__herder_call(f->herder, &a.call));
    sem_wait(&a.done);
    sem_destroy(&a.done);
    return a;
}

static bool is(fixture *f, const char *name, sl__state connector, size_t ntasks, sl__state tasks) {
    ask a = tell(f, name, LOOK);
    bool ok = a.state == connector && a.ntasks == ntasks;
    for (size_t i = 0; i < ntasks; i++) {
        ok = ok && a.tasks[i] == tasks;
    }
    return ok;
}

static void becomes(fixture *f, const char *name, sl__state connector, size_t ntasks, sl__state tasks) {
    int64_t until = sl__now_ms() + 30000;
    while (!is(f, name, connector, ntasks, tasks)) {
        if (sl__now_ms() > until) {
            ask a = tell(f, name, LOOK);
            fail_msg("%s: expected %s with %zu tasks %s; it is %s with %zu, the first %s: %s", name,
                     sl__state_name(connector), ntasks, sl__state_name(tasks), sl__state_name(a.state),
                     a.ntasks, sl__state_name(a.tasks[0]), a.trace);
        }
        usleep(5000);
    }
}

/* ---- tests ---- */

static void runs_and_stops(void **state) {
    fixture *f = *state;
    atomic_store(&tasks_wanted, 3);
    add(f, "a", "number", "1");
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 3, SL_STATE_RUNNING);
    sl__herder_stop(f->herder);
    assert_int_equal(sl__herder_join(f->herder), 0);
    assert_int_equal(atomic_load(&opened), 3);
    assert_int_equal(atomic_load(&closed), 3);
    static ask late;
    late.call.run = run_ask;
    late.call.reply = reply_ask;
    assert_false(sl__herder_call(f->herder, &late.call));
}

static void pauses_and_resumes(void **state) {
    fixture *f = *state;
    add(f, "a", "number", "1");
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    (void)tell(f, "a", PAUSE);
    becomes(f, "a", SL_STATE_PAUSED, 1, SL_STATE_PAUSED);
    int before = atomic_load(&polls);
    usleep(100000);
    assert_int_equal(atomic_load(&polls), before);
    (void)tell(f, "a", RESUME);
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    (void)tell(f, "a", STOP);
    becomes(f, "a", SL_STATE_STOPPED, 0, SL_STATE_STOPPED);
    assert_int_equal(atomic_load(&closed), 1);
    (void)tell(f, "a", STOP);
    (void)tell(f, "a", RESUME);
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    (void)tell(f, "a", RESTART_TASK);
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    assert_int_equal(atomic_load(&opened), 3);
    (void)tell(f, "a", RESTART_ALL);
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    assert_int_equal(atomic_load(&opened), 4);
    (void)tell(f, "a", RESTART); /* the same tasks: they go on */
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    assert_int_equal(atomic_load(&opened), 4);
}

static void changes_its_tasks(void **state) {
    fixture *f = *state;
    add(f, "a", "number", "1");
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    atomic_store(&tasks_wanted, 3);
    (void)tell(f, "a", RESTART);
    becomes(f, "a", SL_STATE_RUNNING, 3, SL_STATE_RUNNING);
    assert_int_equal(atomic_load(&closed), 1);
    atomic_store(&tasks_wanted, 0);
    (void)tell(f, "a", RESTART);
    becomes(f, "a", SL_STATE_RUNNING, 0, SL_STATE_RUNNING);
    atomic_store(&tasks_wanted, 5); /* tasks.max is 4 */
    (void)tell(f, "a", RESTART);
    becomes(f, "a", SL_STATE_FAILED, 0, SL_STATE_RUNNING);
    test_assert_contains(tell(f, "a", LOOK).trace, "more than tasks.max = 4");
}

static void tries_again_after_an_outage(void **state) {
    fixture *f = *state;
    add(f, "a", "retriable.restart.connector.wait.ms", "30");
    atomic_store(&failures_left, 3);
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    assert_int_equal(atomic_load(&failures_left), 0);
}

static void tries_so_often(void **state) {
    fixture *f = *state;
    const sl__connector_config c = {.name = SL_STR("a"),
                                    .file = SL_STR("test"),
                                    .raw = test_config(&f->arena, "name", "a", "connector.class",
                                                       "told-source", "errors.max.retries", "2",
                                                       "retriable.restart.connector.wait.ms", "20", NULL)};
    test_assert_ok(sl__herder_add(f->herder, &c));
    atomic_store(&failures_left, 1000);
    test_assert_ok(sl__herder_start(f->herder));
    int64_t until = sl__now_ms() + 30000;
    while (atomic_load(&failures_left) > 997) {
        assert_true(sl__now_ms() < until);
        usleep(5000);
    }
    usleep(200000);
    assert_int_equal(atomic_load(&failures_left), 997);
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_FAILED);
    assert_null(strstr(tell(f, "a", LOOK).trace, "starts again"));
    test_assert_contains(tell(f, "a", LOOK).trace, "cannot connect");
}

static void says_when_it_tries_again(void **state) {
    fixture *f = *state;
    add(f, "a", "errors.max.retries", "7");
    atomic_store(&failures_left, 1);
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_FAILED);
    test_assert_contains(tell(f, "a", LOOK).trace, "starts again in 1 s, attempt 1 of 7");
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
}

static void does_not_try_when_told_not_to(void **state) {
    fixture *f = *state;
    f->worker.task_restart = false;
    add(f, "a", "retriable.restart.connector.wait.ms", "10");
    atomic_store(&failures_left, 1000);
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_FAILED);
    usleep(100000);
    assert_int_equal(atomic_load(&failures_left), 999);
}

static void stays_failed_for_good(void **state) {
    fixture *f = *state;
    atomic_store(&bad_poll, true);
    add(f, "a", "retriable.restart.connector.wait.ms", "10");
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_FAILED);
    usleep(100000);
    assert_int_equal(atomic_load(&opened), 1);
    test_assert_contains(tell(f, "a", LOOK).trace, "the log is gone");
    atomic_store(&bad_poll, false);
    (void)tell(f, "a", RESTART_TASK);
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
}

static void prepares_again_after_an_outage(void **state) {
    fixture *f = *state;
    atomic_store(&configs_outage, true);
    add(f, "a", "number", "1");
    add(f, "b", "number", "none");
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_FAILED, 0, SL_STATE_FAILED);
    test_assert_contains(tell(f, "a", LOOK).trace, "nobody answers");
    becomes(f, "b", SL_STATE_FAILED, 0, SL_STATE_FAILED);
    test_assert_contains(tell(f, "b", LOOK).trace, "number");
    atomic_store(&configs_outage, false);
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    assert_true(is(f, "b", SL_STATE_FAILED, 0, SL_STATE_FAILED));
}

static void is_not_held_up_by_task_configs(void **state) {
    fixture *f = *state;
    atomic_store(&block_configs, true);
    add(f, "a", "number", "1");
    test_assert_ok(sl__herder_start(f->herder));
    int64_t began = sl__now_ms();
    for (int i = 0; i < 20; i++) {
        assert_true(is(f, "a", SL_STATE_UNASSIGNED, 0, SL_STATE_RUNNING));
    }
    assert_true(sl__now_ms() - began < 5000);
    (void)tell(f, "a", STOP); /* while it is prepared */
    becomes(f, "a", SL_STATE_STOPPED, 0, SL_STATE_RUNNING);
    (void)tell(f, "a", RESUME);
    atomic_store(&block_configs, false);
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
}

static void gives_up_a_task_that_does_not_stop(void **state) {
    fixture *f = *state;
    f->worker.shutdown_timeout_ms = 1000;
    add(f, "a", "number", "1");
    add(f, "b", "number", "1");
    atomic_store(&block_poll, true);
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    becomes(f, "b", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    (void)tell(f, "a", STOP);
    becomes(f, "a", SL_STATE_STOPPED, 0, SL_STATE_STOPPED);
    assert_true(atomic_load(&interrupted));
    assert_int_equal(atomic_load(&closed), 0);
    (void)tell(f, "a", RESUME); /* a new one beside it */
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    atomic_store(&block_poll, false);
    becomes(f, "b", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    int64_t until = sl__now_ms() + 30000;
    while (atomic_load(&closed) < 1 && sl__now_ms() < until) {
        usleep(5000);
    }
    usleep(50000);
    sl__herder_stop(f->herder);
    assert_int_equal(sl__herder_join(f->herder), 0); /* it has ended by now */
}

static void ends_in_time_all_the_same(void **state) {
    fixture *f = *state;
    f->worker.shutdown_timeout_ms = 200;
    add(f, "a", "number", "1");
    atomic_store(&block_poll, true);
    test_assert_ok(sl__herder_start(f->herder));
    becomes(f, "a", SL_STATE_RUNNING, 1, SL_STATE_RUNNING);
    int64_t began = sl__now_ms();
    sl__herder_stop(f->herder);
    assert_int_equal(sl__herder_join(f->herder), 1);
    assert_true(sl__now_ms() - began < 4000); /* with what it grants beyond, and the default is 5 s */
    atomic_store(&block_poll, false);
    while (atomic_load(&closed) < 1 && sl__now_ms() - began < 30000) {
        usleep(5000);
    }
}

static void answers_late_calls(void **state) {
    fixture *f = *state;
    add(f, "a", "number", "1");
    test_assert_ok(sl__herder_start(f->herder));
    int64_t began = sl__now_ms();
    assert_true(tell(f, "a", NEVER).late);
    assert_true(sl__now_ms() - began < 10000);
    assert_false(tell(f, "a", LOOK).late);
}

static void refuses_two_of_a_name(void **state) {
    fixture *f = *state;
    const sl__connector_config c = {.name = SL_STR("a"), .file = SL_STR("test"), .raw = f->none};
    add(f, "a", "number", "1");
    test_assert_error(sl__herder_add(f->herder, &c), SL_E_CONFIG, "two connectors are called 'a'");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(runs_and_stops),
        CASE(pauses_and_resumes),
        CASE(changes_its_tasks),
        CASE(tries_again_after_an_outage),
        CASE(tries_so_often),
        CASE(says_when_it_tries_again),
        CASE(does_not_try_when_told_not_to),
        CASE(stays_failed_for_good),
        CASE(prepares_again_after_an_outage),
        CASE(is_not_held_up_by_task_configs),
        CASE(gives_up_a_task_that_does_not_stop),
        CASE(ends_in_time_all_the_same),
        CASE(answers_late_calls),
        CASE(refuses_two_of_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
