/*
 * Tasks on the embedded broker, with sources and sinks made for the test: order, offsets, retries, dead
 * letters, stop, and that no task delays another.
 */
#include "support/support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "kafka/embedded.h"
#include "kafka/kafka.h"
#include "task/host.h"
#include "task/task.h"

/* ---- a source that counts, and a sink that remembers; both do what `plan` says ---- */

typedef struct plan {
    atomic_int limit;   /* source: records to give */
    atomic_int fail_at; /* source: the record at which poll fails; -1 = never */
    sl_error_class fail_as;
    atomic_bool block; /* source: poll blocks until interrupt; sink: put does */
    atomic_int wake_fd;
    atomic_int outages; /* sink: so many puts say RETRIABLE */
    atomic_int bad_at;  /* sink: reports the record of that number */
    const char *topic;  /* source */

    atomic_int given, committed, taken, puts, reported, disorder, interrupts, keeps;
    atomic_llong last;
    sl_error *(*report)(const sl_context *, const sl_record *, sl_error *);
} plan;

static plan plans[64];

typedef struct probe {
    const sl_context *ctx;
    plan *p;
    const sl_schema *schema;
    int next;
} probe;

typedef struct probe_settings {
    int32_t plan;
} probe_settings;

static const sl_config_row probe_rows[] = {
    {.name = "plan",
     .type = SL_CONFIG_INT,
     .default_value = "0",
     .doc = "which plan",
     .field = SL_FIELD(probe_settings, plan)},
};

static sl_value offset_map(sl_batch *b, const char *key, int64_t n) {
    sl_value m = sl_value_alloc(&b->arena, SL_MAP, 1);
    m.items[0] = sl_string(sl_str_of(key));
    m.items[1] = sl_int64(n);
    return m;
}

static sl_error *probe_open(const sl_context *ctx, void **task) {
    probe *p = calloc(1, sizeof(*p));
    p->ctx = ctx;
    p->p = &plans[((const probe_settings *)ctx->settings)->plan];
    if (ctx->task >= 0 && p->p->topic) {
        sl_arena a;
        sl_value pair[2] = {sl_string(SL_STR("p")), sl_int64(0)};
        sl_value part = sl_container(SL_MAP, pair, 1), at;
        sl_arena_init(&a, 0);
        sl_error *err = ctx->host->offset_read(ctx, &part, &a, &at);
        if (err) {
            sl_arena_deinit(&a);
            free(p);
            return err;
        }
        const sl_value *n = sl_map_get(&at, SL_STR("n"));
        p->next = n ? (int)n->i : 0;
        sl_arena_deinit(&a);
    }
    *task = p;
    return sl_schema_simple(ctx->host, SL_INT64, false, &p->schema);
}

static void probe_close(void *task) {
    probe *p = task;
    p->ctx->host->schema_unref(p->schema);
    free(p);
}

static void probe_interrupt(void *task) {
    plan *p = ((probe *)task)->p;
    uint64_t one = 1;
    atomic_fetch_add(&p->interrupts, 1);
    if (atomic_load(&p->wake_fd) > 0) {
        ssize_t r = write(atomic_load(&p->wake_fd), &one, sizeof(one));
        (void)r;
    }
}

static void block_if_told(plan *p) {
    uint64_t n;
    if (atomic_load(&p->block)) {
        ssize_t r = read(atomic_load(&p->wake_fd), &n, sizeof(n));
        (void)r;
    }
}

static sl_error *probe_poll(void *task, sl_batch *batch, sl_wait *wait) {
    probe *p = task;
    block_if_told(p->p);
    int end = atomic_load(&p->p->limit);
    for (int i = 0; i < 100 && p->next < end; i++) {
        if (p->next == atomic_load(&p->p->fail_at)) {
            return sl_error_new(SL_E_DATABASE, p->p->fail_as, "the probe failed at %d as it was told",
                                p->next);
        }
        sl_record *r = sl_batch_add(batch);
        r->topic = sl_str_of(p->p->topic);
        sl_record_set_value(batch, r, p->schema, sl_int64(p->next++));
        atomic_fetch_add(&p->p->given, 1);
    }
    if (batch->n) {
        sl_batch_set_offset(batch, offset_map(batch, "p", 0), offset_map(batch, "n", p->next));
    } else {
        *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = sl__now_ms() + 100000};
    }
    return NULL;
}

static sl_error *probe_committed(void *task, const sl_value *partition, const sl_value *offset) {
    (void)partition;
    atomic_store(&((probe *)task)->p->committed, (int)sl_map_get(offset, SL_STR("n"))->i);
    return NULL;
}

static sl_error *probe_keep(void *task, int64_t *again_ms) {
    atomic_fetch_add(&((probe *)task)->p->keeps, 1);
    *again_ms = sl__now_ms() + 10;
    return NULL;
}

static sl_error *probe_put(void *task, sl_batch *batch) {
    probe *p = task;
    atomic_fetch_add(&p->p->puts, 1);
    block_if_told(p->p);
    if (atomic_fetch_sub(&p->p->outages, 1) > 0) {
        return sl_error_new(SL_E_DATABASE, SL_RETRIABLE, "the target is down");
    }
    for (size_t i = 0; i < batch->n; i++) {
        sl_record *r = &batch->records[i];
        if (r->dropped) {
            continue;
        }
        if (r->value.i == atomic_load(&p->p->bad_at)) {
            sl_error *err =
                p->ctx->host->report(p->ctx, r, sl_error_new(SL_E_DATA, SL_USER, "the target refuses it"));
            if (err) {
                return err;
            }
            atomic_fetch_add(&p->p->reported, 1);
            continue;
        }
        if (r->value.type == SL_INT64 && r->value.i <= atomic_load(&p->p->last)) {
            atomic_fetch_add(&p->p->disorder, 1);
        }
        atomic_store(&p->p->last, r->value.i);
        atomic_fetch_add(&p->p->taken, 1);
    }
    return NULL;
}

static const sl_source_ops SOURCE = {.open = probe_open,
                                     .poll = probe_poll,
                                     .committed = probe_committed,
                                     .interrupt = probe_interrupt,
                                     .close = probe_close,
                                     .keep = probe_keep};
static const sl_sink_ops SINK = {
    .open = probe_open, .put = probe_put, .interrupt = probe_interrupt, .close = probe_close};
static const sl_plugin_def SOURCE_DEF = {.struct_size = sizeof(sl_plugin_def),
                                         .kind = SL_KIND_SOURCE,
                                         .name = "probe-source",
                                         .version = "1",
                                         .doc = "counts",
                                         .settings = probe_rows,
                                         .nsettings = 1,
                                         .settings_size = sizeof(probe_settings),
                                         .source = &SOURCE,
                                         .offers = SL_OFFERS_KEEP};
static const sl_plugin_def SINK_DEF = {.struct_size = sizeof(sl_plugin_def),
                                       .kind = SL_KIND_SINK,
                                       .name = "probe-sink",
                                       .version = "1",
                                       .doc = "remembers",
                                       .settings = probe_rows,
                                       .nsettings = 1,
                                       .settings_size = sizeof(probe_settings),
                                       .sink = &SINK};

/* ---- a worker's surroundings ---- */

typedef struct watched {
    sl__task *task;
    atomic_int state;
    atomic_bool over, retriable;
    char trace[1024];
} watched;

static struct {
    sl_arena arena;
    sl__registry *registry;
    sl__worker_settings worker;
    sl_config config;
    sl__task_env env;
    const char *dir;
    char offsets[300];
} bed;

static void on_report(void *arg, const sl__task_report *r) {
    watched *w = arg;
    if (r->trace) {
        snprintf(w->trace, sizeof(w->trace), "%s", r->trace);
        atomic_store(&w->retriable, r->retriable);
    }
    atomic_store(&w->state, r->state);
    if (r->over) {
        atomic_store(&w->over, true);
    }
}

static void load_converters(void) {
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    assert_true(n > 0);
    path[n] = 0;
    *strrchr(path, '/') = 0; /* BUILD/unit */
    snprintf(strchr(path, 0), 40, "/../plugins/converters.so");
    assert_true(sl__registry_load_file(bed.registry, path));
}

static int open_bed(void **state) {
    (void)state;
    memset(&bed, 0, sizeof(bed));
    memset(plans, 0, sizeof(plans));
    for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
        atomic_init(&plans[i].fail_at, -1);
        atomic_init(&plans[i].bad_at, -1);
        atomic_init(&plans[i].last, -1);
    }
    sl_arena_init(&bed.arena, 0);
    bed.registry = sl__registry_new();
    load_converters();
    bed.config =
        test_config(&bed.arena, "bootstrap.servers", "embedded:", "key.converter",
                    "org.apache.kafka.connect.json.JsonConverter", "value.converter",
                    "org.apache.kafka.connect.json.JsonConverter", "offset.storage.file.filename", "x",
                    "offset.flush.interval.ms", "200", "task.shutdown.graceful.timeout.ms", "3000", NULL);
    sl_config_report problems;
    sl_config_report_init(&problems, &bed.arena);
    sl__worker_parse(&bed.config, &bed.arena, &problems, &bed.worker);
    test_assert_ok(sl_config_report_error(&problems));
    sl_config settings;
    sl__client_config admin;
    test_assert_ok(sl__client_settings(SL__CLIENT_ADMIN, &bed.config, NULL, &bed.arena, &settings));
    test_assert_ok(
        sl__client_translate(SL__CLIENT_ADMIN, &settings, SL_STR_NONE, &bed.arena, &problems, &admin));
    bed.dir = test_temp_dir();
    snprintf(bed.offsets, sizeof(bed.offsets), "%s/offsets", bed.dir);
    bed.env = (sl__task_env){.registry = bed.registry,
                             .worker = &bed.worker,
                             .worker_config = &bed.config,
                             .worker_id = SL_STR("w")};
    test_assert_ok(sl__kafka_new(&admin, &bed.env.kafka));
    test_assert_ok(sl__offsets_open_file(sl_str_of(bed.offsets), &bed.env.offsets));
    test_assert_ok(sl__sched_new(2, 32, &bed.env.sched));
    return 0;
}

static int close_bed(void **state) {
    (void)state;
    sl__sched_free(bed.env.sched);
    sl__offsets_close(bed.env.offsets);
    sl__kafka_free(bed.env.kafka);
    sl__registry_free(bed.registry);
    sl_arena_deinit(&bed.arena);
    test_remove_dir(bed.dir);
    return 0;
}

static void nap(int ms) {
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* it may take several times as long on a machine that is busy */
#define eventually(cond, ms)                                                                                 \
    do {                                                                                                     \
        for (int64_t until_ = sl__now_ms() + 10 * (ms); !(cond) && sl__now_ms() < until_;) {                 \
            nap(2);                                                                                          \
        }                                                                                                    \
        assert_true(cond);                                                                                   \
    } while (0)

static void start_in(const sl__task_env *env, watched *w, const sl_plugin_def *def, const char *name,
                     const char *plan_number, const char *k, const char *v, const char *k2, const char *v2) {
    memset(w, 0, sizeof(*w));
    sl_config c = test_config(&bed.arena, "name", name, "connector.class", def->name, "plan", plan_number, k,
                              v, k2, v2, NULL);
    sl__task_spec spec = {.connector = sl_str_of(name),
                          .task = 0,
                          .def = def,
                          .config = &c,
                          .target = SL_TARGET_RUN,
                          .report = on_report,
                          .arg = w};
    test_assert_ok(sl__task_start(env, &spec, &w->task));
}

static void start(watched *w, const sl_plugin_def *def, const char *name, const char *plan_number,
                  const char *k, const char *v, const char *k2, const char *v2) {
    start_in(&bed.env, w, def, name, plan_number, k, v, k2, v2);
}

static void stop(watched *w) {
    sl__task_set_target(w->task, SL_TARGET_STOP);
    eventually(atomic_load(&w->over), 8000);
    sl__task_unref(w->task);
}

/* ---- the tests ---- */

static void moves_records_in_order(void **state) {
    (void)state;
    watched source, sink;
    plans[0].topic = "numbers";
    atomic_store(&plans[0].limit, 20000);
    start(&sink, &SINK_DEF, "sink", "1", "topics", "numbers", NULL, NULL);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[1].taken) == 20000, 20000);
    assert_int_equal(plans[1].disorder, 0);
    eventually(atomic_load(&plans[0].committed) == 20000, 3000);
    assert_int_equal(source.state, SL_TASK_RUNNING);
    stop(&source);
    assert_int_equal(source.state, SL_TASK_STOPPED);
    /* started again, it goes on behind its offset */
    atomic_store(&plans[0].limit, 20010);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[1].taken) == 20010, 5000);
    assert_int_equal(plans[1].disorder, 0);
    stop(&source);
    stop(&sink);
}

static void offsets_are_stored_at_stop(void **state) {
    (void)state;
    watched source;
    plans[0].topic = "t";
    atomic_store(&plans[0].limit, 500);
    bed.worker.offset_flush_interval_ms = 1000000;
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[0].given) == 500, 5000);
    assert_int_equal(plans[0].committed, 0);
    stop(&source);
    assert_int_equal(plans[0].committed, 500);
}

static void failure_says_what_and_whether_to_try_again(void **state) {
    (void)state;
    watched a, b;
    plans[0].topic = plans[1].topic = "t";
    atomic_store(&plans[0].limit, 100);
    atomic_store(&plans[0].fail_at, 10);
    plans[0].fail_as = SL_FATAL;
    atomic_store(&plans[1].limit, 100);
    atomic_store(&plans[1].fail_at, 0);
    plans[1].fail_as = SL_RETRIABLE;
    start(&a, &SOURCE_DEF, "a", "0", NULL, NULL, NULL, NULL);
    start(&b, &SOURCE_DEF, "b", "1", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&a.over) && atomic_load(&b.over), 5000);
    assert_int_equal(a.state, SL_TASK_FAILED);
    assert_false(a.retriable);
    test_assert_contains(a.trace, "the probe failed at 10 as it was told");
    assert_int_equal(b.state, SL_TASK_FAILED);
    assert_true(b.retriable);
    assert_int_equal(plans[0].committed, 0);
    sl__task_unref(a.task);
    sl__task_unref(b.task);
}

static void stop_interrupts_a_blocked_poll(void **state) {
    (void)state;
    watched source;
    plans[0].topic = "t";
    atomic_store(&plans[0].wake_fd, eventfd(0, 0));
    atomic_store(&plans[0].block, true);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(source.state == SL_TASK_RUNNING, 3000);
    nap(50);
    int64_t began = sl__now_ms();
    stop(&source);
    assert_true(sl__now_ms() - began < 5000);
    assert_int_equal(plans[0].interrupts, 1);
    close(atomic_load(&plans[0].wake_fd));
}

static void pauses_and_resumes(void **state) {
    (void)state;
    watched source;
    plans[0].topic = "t";
    atomic_store(&plans[0].limit, 10);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[0].given) == 10, 5000);
    sl__task_set_target(source.task, SL_TARGET_PAUSE);
    eventually(source.state == SL_TASK_PAUSED, 3000);
    int kept = atomic_load(&plans[0].keeps);
    eventually(atomic_load(&plans[0].keeps) > kept + 3, 3000); /* its connections are kept meanwhile */
    atomic_store(&plans[0].limit, 20);
    nap(100);
    assert_int_equal(plans[0].given, 10);
    sl__task_set_target(source.task, SL_TARGET_RUN);
    eventually(atomic_load(&plans[0].given) == 20, 5000);
    stop(&source);
}

/* An outage of the target is waited out with the same records: nothing is lost, nothing counts as a bad
 * record. */
static void an_outage_is_no_bad_record(void **state) {
    (void)state;
    watched source, sink;
    plans[0].topic = "numbers";
    atomic_store(&plans[0].limit, 300);
    atomic_store(&plans[1].outages, 2);
    start(&sink, &SINK_DEF, "sink", "1", "topics", "numbers", "errors.tolerance", "all");
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[1].taken) == 300, 20000);
    assert_int_equal(plans[1].disorder, 0);
    assert_int_equal(plans[1].reported, 0);
    assert_int_equal(sink.state, SL_TASK_RUNNING);
    stop(&source);
    stop(&sink);
}

static void bad_records_go_to_the_dead_letter_queue(void **state) {
    (void)state;
    watched source, sink, dead;
    plans[0].topic = "numbers";
    atomic_store(&plans[0].limit, 100);
    atomic_store(&plans[1].bad_at, 42);
    sl_config c =
        test_config(&bed.arena, "name", "sink", "connector.class", "probe-sink", "plan", "1", "topics",
                    "numbers", "errors.tolerance", "all", "errors.deadletterqueue.topic.name", "dead",
                    "errors.deadletterqueue.context.headers.enable", "true", NULL);
    sl__task_spec spec = {.connector = SL_STR("sink2"),
                          .def = &SINK_DEF,
                          .config = &c,
                          .target = SL_TARGET_RUN,
                          .report = on_report,
                          .arg = &sink};
    memset(&sink, 0, sizeof(sink));
    test_assert_ok(sl__task_start(&bed.env, &spec, &sink.task));
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[1].taken) == 99, 20000);
    assert_int_equal(plans[1].reported, 1);
    start(&dead, &SINK_DEF, "dead", "2", "topics", "dead", NULL, NULL);
    eventually(atomic_load(&plans[2].taken) == 1, 20000);
    assert_int_equal(plans[2].last, 42);
    stop(&source);
    stop(&sink);
    stop(&dead);
}

static void without_tolerance_a_bad_record_fails_the_task(void **state) {
    (void)state;
    watched source, sink;
    plans[0].topic = "numbers";
    atomic_store(&plans[0].limit, 100);
    atomic_store(&plans[1].bad_at, 42);
    start(&sink, &SINK_DEF, "sink", "1", "topics", "numbers", NULL, NULL);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&sink.over), 20000);
    assert_int_equal(sink.state, SL_TASK_FAILED);
    test_assert_contains(sink.trace, "the target refuses it");
    test_assert_contains(sink.trace, "numbers-0@42");
    sl__task_unref(sink.task);
    stop(&source);
}

/* A sink whose put blocks holds up nobody else. */
static void a_blocked_sink_delays_nobody(void **state) {
    (void)state;
    watched source, slow, quick;
    plans[0].topic = "numbers";
    atomic_store(&plans[0].limit, 5000);
    atomic_store(&plans[1].wake_fd, eventfd(0, 0));
    atomic_store(&plans[1].block, true);
    start(&slow, &SINK_DEF, "slow", "1", "topics", "numbers", NULL, NULL);
    start(&quick, &SINK_DEF, "quick", "2", "topics", "numbers", NULL, NULL);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[1].puts) > 0, 20000);
    eventually(atomic_load(&plans[2].taken) == 5000, 10000);
    assert_int_equal(plans[1].taken, 0);
    stop(&quick);
    stop(&source);
    stop(&slow);
    close(atomic_load(&plans[1].wake_fd));
}

/* A partition without a leader stalls the task that writes to it, and no other task of the same producer. */
static void a_partition_without_leader_delays_one_task(void **state) {
    (void)state;
    watched stalled, free_one;
    plans[0].topic = "headless";
    plans[1].topic = "healthy";
    sl__embedded *e = sl__kafka_embedded(bed.env.kafka);
    test_assert_ok(sl__embedded_topic(e, SL_STR("headless"), 1));
    test_assert_ok(sl__embedded_topic(e, SL_STR("healthy"), 1));
    test_assert_ok(sl__embedded_set_leader(e, SL_STR("headless"), 0, false));
    atomic_store(&plans[0].limit, 1000000);
    atomic_store(&plans[1].limit, 20000);
    start(&stalled, &SOURCE_DEF, "stalled", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[0].given) > 0, 5000);
    start(&free_one, &SOURCE_DEF, "free", "1", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[1].committed) == 20000, 10000);
    assert_int_equal(plans[0].committed, 0);
    int given = atomic_load(&plans[0].given);
    nap(200);
    assert_true(atomic_load(&plans[0].given) < 1000000); /* held by its own bound */
    assert_true(atomic_load(&plans[0].given) - given < 200000);
    test_assert_ok(sl__embedded_set_leader(e, SL_STR("headless"), 0, true));
    eventually(atomic_load(&plans[0].committed) > 0, 20000);
    stop(&stalled);
    stop(&free_one);
}

/* A sink whose worker's lease is over puts nothing, and nothing is lost or out of order when there is one
 * again. */
static void without_the_lease_a_sink_puts_nothing(void **state) {
    (void)state;
    watched source, sink;
    sl__lease lease;
    sl__task_env env = bed.env;
    env.lease = &lease;
    sl__lease_set(&lease, sl__boot_ms() + 60000);
    plans[0].topic = "numbers";
    atomic_store(&plans[0].limit, 300);
    start_in(&env, &sink, &SINK_DEF, "sink", "1", "topics", "numbers", NULL, NULL);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[1].taken) == 300, 20000);
    sl__lease_set(&lease, 0);
    int puts = atomic_load(&plans[1].puts);
    stop(&source);
    atomic_store(&plans[0].limit, 600);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[0].committed) == 600, 5000);
    nap(500);
    assert_int_equal(plans[1].puts, puts);
    sl__lease_set(&lease, sl__boot_ms() + 60000);
    eventually(atomic_load(&plans[1].taken) == 600, 5000);
    assert_int_equal(plans[1].disorder, 0);
    stop(&source);
    stop(&sink);
}

/* group_offset gives what the sink's group has committed of its only partition; -1 = nothing. */
static int64_t group_offset(void) {
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *servers = sl__embedded_servers(sl__kafka_embedded(bed.env.kafka));
    rd_kafka_conf_set(conf, "bootstrap.servers", servers, why, sizeof why);
    rd_kafka_conf_set(conf, "group.id", "connect-sink", why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    assert_non_null(rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, "numbers", 0);
    assert_int_equal(rd_kafka_committed(rk, list, 5000), RD_KAFKA_RESP_ERR_NO_ERROR);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return offset < 0 ? -1 : offset;
}

/* A put that is under way when the lease ends cannot be stopped, but nothing comes after it: neither a commit
 * of what it wrote nor another put. */
static void after_the_lease_a_put_is_the_last_word(void **state) {
    (void)state;
    watched source, sink;
    sl__lease lease;
    sl__task_env env = bed.env;
    uint64_t one = 1;
    env.lease = &lease;
    sl__lease_set(&lease, sl__boot_ms() + 60000);
    plans[0].topic = "numbers";
    atomic_store(&plans[0].limit, 300);
    atomic_store(&plans[1].wake_fd, eventfd(0, 0));
    start_in(&env, &sink, &SINK_DEF, "sink", "1", "topics", "numbers", NULL, NULL);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(group_offset() == 300, 20000);
    stop(&source);
    int puts = atomic_load(&plans[1].puts);
    atomic_store(&plans[1].block, true);
    atomic_store(&plans[0].limit, 600);
    start(&source, &SOURCE_DEF, "source", "0", NULL, NULL, NULL, NULL);
    eventually(atomic_load(&plans[1].puts) == puts + 1, 5000);
    eventually(atomic_load(&plans[0].committed) == 600, 5000);
    sl__lease_set(&lease, 0);
    atomic_store(&plans[1].block, false);
    assert_int_equal(write(atomic_load(&plans[1].wake_fd), &one, sizeof one), sizeof one);
    eventually(atomic_load(&plans[1].taken) > 300, 5000);
    nap(700); /* several times offset.flush.interval.ms */
    assert_int_equal(atomic_load(&plans[1].puts), puts + 1);
    assert_int_equal(group_offset(), 300);
    sl__lease_set(&lease, sl__boot_ms() + 60000);
    eventually(atomic_load(&plans[1].taken) == 600, 5000);
    eventually(group_offset() == 600, 10000);
    assert_int_equal(plans[1].disorder, 0);
    stop(&source);
    stop(&sink);
    close(atomic_load(&plans[1].wake_fd));
}

int main(void) {
#define test_case(f) cmocka_unit_test_setup_teardown(f, open_bed, close_bed)
    const struct CMUnitTest tests[] = {
        test_case(moves_records_in_order),
        test_case(offsets_are_stored_at_stop),
        test_case(failure_says_what_and_whether_to_try_again),
        test_case(stop_interrupts_a_blocked_poll),
        test_case(pauses_and_resumes),
        test_case(an_outage_is_no_bad_record),
        test_case(bad_records_go_to_the_dead_letter_queue),
        test_case(without_tolerance_a_bad_record_fails_the_task),
        test_case(a_blocked_sink_delays_nobody),
        test_case(without_the_lease_a_sink_puts_nothing),
        test_case(after_the_lease_a_put_is_the_last_word),
        test_case(a_partition_without_leader_delays_one_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
