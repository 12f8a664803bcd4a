/*
 * test_kafka_broker.c - the kafka folder against a real broker. run.sh starts it and sets BOOTSTRAP, and
 * START: a command that starts a second broker at LATE_BOOTSTRAP.
 */
#include "kafka_test.h"

#include "base/log.h"
#include "kafka/embedded_hold.h"

static const char *servers;
static char names[8][64];
static unsigned run_id;

/* fresh gives a topic or group name of this run's own. */
static const char *fresh(const char *what) {
    static unsigned n;
    char *name = names[n++ % 8];
    snprintf(name, sizeof names[0], "%s-%u-%u", what, run_id, n);
    return name;
}

/* ---- topics ---- */

typedef struct waiter {
    sl__topic_waiter waiter; /* first */
    atomic_int woken;
} waiter;

static void wake(sl__topic_waiter *w) {
    atomic_fetch_add(&((waiter *)w)->woken, 1);
}

/* look_up waits for the answer. */
static sl__lookup look_up(sl__topics *t, const sl__topic_spec *spec, sl__topic_info *info, sl_error **err) {
    waiter w = {.waiter = {wake}};
    int64_t until = sl__now_ms() + PATIENCE_MS;
    for (;;) {
        sl__lookup l = sl__topics_lookup(t, spec, &w.waiter, info, err);
        if (l != SL_LOOKUP_PENDING) {
            return l;
        }
        while (!atomic_load(&w.woken)) {
            assert_true(sl__now_ms() < until);
            usleep(1000);
        }
        atomic_store(&w.woken, 0);
    }
}

/* make_topic makes a topic with that many partitions and, if given, max.message.bytes. */
static const char *make_topic(sl__kafka *k, const char *what, int partitions, const char *max_bytes) {
    const char *name = fresh(what);
    sl_config_entry entry = {.key = SL_STR("max.message.bytes"), .value = sl_str_of(max_bytes)};
    sl_config configs = {&entry, max_bytes != NULL};
    sl__topic_spec spec = {sl_str_of(name), true, partitions, 1, &configs, NULL};
    sl__topic_info info;
    sl_error *err = NULL;
    sl__lookup l = look_up(sl__kafka_topics(k), &spec, &info, &err);
    test_assert_ok(err);
    assert_int_equal(l, SL_LOOKUP_READY);
    assert_true(info.exists && info.created);
    assert_int_equal(info.partitions, partitions);
    int64_t limit = 1048588; /* Kafka's default */
    assert_int_equal(sl_str_to_i64(sl_str_of(max_bytes), &limit), max_bytes != NULL);
    assert_int_equal(info.max_message_bytes, limit);
    return name;
}

static void topics_are_looked_up_and_made(void **state) {
    (void)state;
    bench b;
    sl__topic_info info;
    sl_error *err = NULL;
    bench_open(&b, servers);
    sl__topics *t = sl__kafka_topics(b.kafka);
    const char *name = make_topic(b.kafka, "made", 3, "200000");
    /* it is known now, and no other look-up makes it again */
    sl__topic_spec there = {sl_str_of(name), true, 5, -1, NULL, NULL};
    assert_int_equal(look_up(t, &there, &info, &err), SL_LOOKUP_READY);
    assert_false(info.created);
    assert_int_equal(info.partitions, 3);
    assert_int_equal(info.max_message_bytes, 200000);
    bench_close(&b);
}

static void a_topic_that_the_broker_makes_is_waited_for(void **state) {
    (void)state;
    bench b;
    sl__topic_info info;
    sl_error *err = NULL;
    bench_open(&b, servers);
    sl__topics *t = sl__kafka_topics(b.kafka);
    const char *name = fresh("auto");
    sl__topic_spec absent = {sl_str_of(name), false, -1, -1, NULL, NULL};
    assert_int_equal(look_up(t, &absent, &info, &err), SL_LOOKUP_READY);
    assert_true(info.exists && info.created);
    assert_int_equal(info.partitions, 1);
    assert_int_equal(info.max_message_bytes, 1048588);
    sl__topic_spec defaults = {sl_str_of(name), true, -1, -1, NULL, NULL};
    assert_int_equal(look_up(t, &defaults, &info, &err), SL_LOOKUP_READY);
    assert_true(info.exists && !info.created);
    bench_send(&b, name, SL_STR_NONE, SL_STR("first"));
    counter_wait(&b.counter, 1);
    bench_close(&b);
}

static void topics_that_cannot_be(void **state) {
    (void)state;
    bench b;
    sl__topic_info info;
    sl_error *err = NULL;
    sl_config_entry entry = {.key = SL_STR("max.message.bytes"), .value = SL_STR("lots")};
    sl_config configs = {&entry, 1};
    bench_open(&b, servers);
    sl__topics *t = sl__kafka_topics(b.kafka);
    sl__topic_spec spec = {sl_str_of(fresh("thrice")), true, 1, 3, NULL, NULL};
    assert_int_equal(look_up(t, &spec, &info, &err), SL_LOOKUP_FAILED);
    test_assert_error(err, SL_E_CONFIG, "topic.creation.default.replication.factor");
    spec.replication_factor = 1; /* another question: not the old answer */
    assert_int_equal(look_up(t, &spec, &info, &err), SL_LOOKUP_READY);
    spec = (sl__topic_spec){sl_str_of(fresh("config")), true, 1, 1, &configs};
    assert_int_equal(look_up(t, &spec, &info, &err), SL_LOOKUP_FAILED);
    test_assert_error(err, SL_E_CONFIG, "lots");
    spec = (sl__topic_spec){SL_STR("no/such name"), true, 1, 1, NULL};
    assert_int_equal(look_up(t, &spec, &info, &err), SL_LOOKUP_FAILED);
    test_assert_error(err, SL_E_CONFIG, "no/such name");
    bench_close(&b);
}

static void knows_the_cluster(void **state) {
    (void)state;
    bench b;
    sl_arena arena;
    sl_arena_init(&arena, 0);
    bench_open(&b, servers);
    sl_str id = sl__kafka_cluster_id(b.kafka, 10000, &arena);
    assert_int_equal(id.n, 22);
    assert_null(sl__topics_outage(sl__kafka_topics(b.kafka), &arena).p);
    bench_close(&b);
    sl_arena_deinit(&arena);
}

/* ---- producing and reading ---- */

#define MANY 10000

static char keys[MANY][16];
static char payloads[MANY][32];

typedef struct seen {
    bool read[MANY];
    int64_t next[3];
    int partition_of_key[100];
} seen;

static void check_many(reader *r, const sl__in_message *m) {
    seen *s = r->arg;
    int64_t i = -1;
    char want[32];
    assert_true(sl_str_starts(m->payload, SL_STR("value-")));
    assert_true(sl_str_to_i64(sl_str_skip(m->payload, 6), &i));
    assert_in_range(i, 0, MANY - 1);
    assert_false(s->read[i]);
    s->read[i] = true;
    snprintf(want, sizeof want, "key-%d", (int)(i % 100));
    test_assert_str(m->key, want);
    assert_int_equal(m->offset, s->next[m->partition]);
    s->next[m->partition]++;
    int *p = &s->partition_of_key[i % 100];
    assert_true(*p == 0 || *p == m->partition + 1);
    *p = m->partition + 1;
}

static void ten_thousand_there_and_back(void **state) {
    (void)state;
    static seen s;
    bench b;
    reader r;
    bench_open(&b, servers);
    const char *topic = make_topic(b.kafka, "many", 3, NULL);
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "key-%d", i % 100);
        snprintf(payloads[i], sizeof payloads[i], "value-%d", i);
        bench_send(&b, topic, sl_str_of(keys[i]), sl_str_of(payloads[i]));
    }
    counter_wait(&b.counter, MANY);
    assert_int_equal(atomic_load(&b.counter.delivered), MANY);
    reader_open(&r, b.kafka, &b.conf.conf, fresh("g"), topic, false);
    r.message = check_many;
    r.arg = &s;
    test_assert_ok(reader_until(&r, MANY));
    assert_int_equal(sl__consumer_lag(r.consumer), 0);
    /* as Java's default partitioner places them: murmur2 of the key, the sign bit cleared, modulo 3 */
    assert_int_equal(s.partition_of_key[0], 1 + 1);
    assert_int_equal(s.partition_of_key[1], 1 + 0);
    assert_int_equal(s.partition_of_key[2], 1 + 2);
    assert_true(s.next[0] > 0 && s.next[1] > 0 && s.next[2] > 0);
    reader_close(&r);
    bench_close(&b);
}

static void check_header(reader *r, const sl__in_message *m) {
    sl_str *n, *v;
    size_t count;
    test_assert_ok(sl__message_headers(m, &r->arena, &n, &v, &count));
    assert_int_equal(count, 2);
    test_assert_str(n[0], "origin");
    test_assert_str(v[0], "here");
    assert_null(v[1].p);
    assert_int_equal(m->timestamp, 1700000000123);
    assert_null(m->payload.p);
    assert_int_equal(m->partition, 1);
}

static void headers_and_partition(void **state) {
    (void)state;
    static const sl__out_header headers[] = {{SL_STR_INIT("origin"), SL_STR_INIT("here")},
                                             {SL_STR_INIT("none"), {NULL, 0}}};
    bench b;
    reader r;
    sl_error *err = NULL;
    bench_open(&b, servers);
    const char *topic = make_topic(b.kafka, "headers", 2, NULL);
    sl__out_message m = {
        .partition = 1, .timestamp = 1700000000123, .key = SL_STR("k"), .headers = headers, .nheaders = 2};
    test_assert_ok(sl__producer_topic(b.producer, sl_str_of(topic), &m.topic));
    assert_int_equal(sl__producer_send(b.producer, &m, &b.counter.target, &err), SL_SEND_OK);
    counter_wait(&b.counter, 1);
    assert_int_equal(b.counter.offset, 0);
    reader_open(&r, b.kafka, &b.conf.conf, fresh("g"), topic, false);
    r.message = check_header;
    test_assert_ok(reader_until(&r, 1));
    reader_close(&r);
    /* a partition that is not there is this record's fault */
    m.partition = 7;
    sl__send sent = sl__producer_send(b.producer, &m, &b.counter.target, &err);
    if (sent == SL_SEND_FAILED) {
        assert_int_equal(err->cls, SL_USER);
        test_assert_error(err, SL_E_DATA, "no partition 7");
    } else {
        counter_wait(&b.counter, 2);
        assert_int_equal(b.counter.cls, SL_USER);
    }
    bench_close(&b);
}

static void too_large_for_the_topic(void **state) {
    (void)state;
    static char payload[200000]; /* that cannot be compressed: what counts is what arrives */
    bench b;
    random_bytes(payload, sizeof payload);
    bench_open(&b, servers);
    const char *topic = make_topic(b.kafka, "small", 1, "100000");
    bench_send(&b, topic, SL_STR_NONE, sl_str_make(payload, sizeof payload));
    counter_wait(&b.counter, 1);
    assert_int_equal(b.counter.cls, SL_USER);
    assert_int_equal(b.counter.code, SL_E_DATA);
    test_assert_contains(b.counter.text, "200000 bytes");
    test_assert_contains(b.counter.text, "max.message.bytes");
    test_assert_contains(b.counter.text, topic);
    bench_send(&b, topic, SL_STR_NONE, SL_STR("goes on"));
    counter_wait(&b.counter, b.sent);
    assert_int_equal(atomic_load(&b.counter.delivered), 1);
    assert_false(sl__producer_broken(b.producer));
    bench_close(&b);
}

/* Records of 1 to 60 KB and one of 150 KB in between: with requests below the topic's limit only that one
 * fails. */
static void mixed_sizes_fail_only_the_large(void **state) {
    (void)state;
    static char payload[150000];
    bench b;
    reader r;
    random_bytes(payload, sizeof payload);
    bench_open(&b, servers);
    const char *topic = make_topic(b.kafka, "mixed", 1, "100000");
    sl__producer_release(b.producer);
    test_assert_ok(sl__producers_get(sl__kafka_producers(b.kafka), &b.conf.conf, 90000, &b.producer));
    for (int i = 0; i < 1000; i++) {
        size_t size = i == 500 ? 150000 : i % 50 == 0 ? 60000 : 1024;
        bench_send(&b, topic, SL_STR_NONE, sl_str_make(payload, size));
    }
    counter_wait(&b.counter, 1000);
    assert_int_equal(atomic_load(&b.counter.failed), 1);
    assert_int_equal(atomic_load(&b.counter.delivered), 999);
    assert_int_equal(b.counter.cls, SL_USER);
    reader_open(&r, b.kafka, &b.conf.conf, fresh("g"), topic, false);
    test_assert_ok(reader_until(&r, 999));
    reader_close(&r);
    bench_close(&b);
}

/* ---- groups ---- */

static void commit_and_resume(void **state) {
    (void)state;
    bench b;
    reader r;
    bench_open(&b, servers);
    const char *topic = make_topic(b.kafka, "resume", 1, NULL);
    const char *group = fresh("g");
    bench_send_many(&b, topic, 100, SL_STR("x"));
    reader_open(&r, b.kafka, &b.conf.conf, group, topic, false);
    test_assert_ok(reader_until(&r, 60));
    sl_topic_partition p = {sl_str_of(topic), 0, 42};
    test_assert_ok(sl__consumer_commit(r.consumer, &p, 1, 10000));
    p.offset = 50;
    test_assert_ok(sl__consumer_seek(r.consumer, &p));
    r.messages = 0;
    test_assert_ok(reader_until(&r, 50));
    assert_int_equal(r.last_offset, 99);
    test_assert_ok(sl__consumer_pause(r.consumer));
    bench_send_many(&b, topic, 10, SL_STR("x"));
    for (int i = 0; i < 20; i++) {
        test_assert_ok(reader_step(&r, 10));
        usleep(20000);
    }
    assert_int_equal(r.messages, 50);
    test_assert_ok(sl__consumer_resume(r.consumer));
    test_assert_ok(reader_until(&r, 60));
    assert_int_equal(r.last_offset, 109);
    reader_close(&r);
    reader_open(&r, b.kafka, &b.conf.conf, group, topic, false);
    test_assert_ok(reader_until(&r, 68)); /* 42 to 109 */
    assert_int_equal(r.last_offset, 109);
    assert_false(sl__consumer_commit_due(r.consumer));
    reader_close(&r);
    bench_close(&b);
}

static void both_until(reader *a, int na, reader *b, int nb) {
    int64_t until = sl__now_ms() + PATIENCE_MS;
    while (a->assigned != na || b->assigned != nb) {
        assert_true(sl__now_ms() < until);
        test_assert_ok(reader_step(a, 100));
        test_assert_ok(reader_step(b, 100));
        usleep(5000);
    }
}

static void two_share(const char *strategy, bool cooperative) {
    bench b;
    settings s;
    reader one, two;
    bench_open(&b, servers);
    settings_init(&s, servers);
    settings_add(&s, "partition.assignment.strategy", strategy);
    const char *topic = make_topic(b.kafka, "share", 4, NULL);
    const char *group = fresh("g");
    reader_open(&one, b.kafka, &s.conf, group, topic, false);
    reader_until_assigned(&one, 4);
    bench_send_many(&b, topic, 100, SL_STR("x"));
    test_assert_ok(reader_until(&one, 100));
    reader_open(&two, b.kafka, &s.conf, group, topic, false);
    both_until(&one, 2, &two, 2);
    assert_int_equal(one.revocations, 1);
    assert_int_equal(one.returned, cooperative ? 2 : 4); /* cooperative members keep what stays */
    bench_send_many(&b, topic, 100, SL_STR("y"));
    reader_close(&two);
    reader_until_assigned(&one, 4);
    assert_int_equal(one.lost, 0);
    reader_close(&one);
    assert_int_equal(one.assigned, 0);
    bench_close(&b);
}

static void two_share_eagerly(void **state) {
    (void)state;
    two_share("range", false);
}

static void two_share_cooperatively(void **state) {
    (void)state;
    two_share("cooperative-sticky", true);
}

/* a_member_with_nothing_leaves_too: the other one hears of it long before a session is over. */
static void a_member_with_nothing_leaves_too(void **state) {
    (void)state;
    bench b;
    reader one, two;
    bench_open(&b, servers);
    const char *topic = make_topic(b.kafka, "idle", 1, NULL);
    const char *group = fresh("g");
    reader_open(&one, b.kafka, &b.conf.conf, group, topic, false);
    reader_until_assigned(&one, 1);
    reader_open(&two, b.kafka, &b.conf.conf, group, topic, false);
    int64_t until = sl__now_ms() + PATIENCE_MS;
    while (!one.revocations || one.assigned + two.assigned != 1) {
        assert_true(sl__now_ms() < until);
        test_assert_ok(reader_step(&one, 100));
        test_assert_ok(reader_step(&two, 100));
    }
    for (int i = 0; i < 10; i++) { /* both have heard of it */
        test_assert_ok(reader_step(&one, 50));
        test_assert_ok(reader_step(&two, 50));
    }
    reader *idle = one.assigned ? &two : &one, *busy = one.assigned ? &one : &two;
    int before = busy->revocations;
    reader_close(idle);
    until = sl__now_ms() + 15000;
    while (busy->revocations == before) {
        assert_true(sl__now_ms() < until);
        test_assert_ok(reader_step(busy, 100));
    }
    reader_close(busy);
    bench_close(&b);
}

/* a_member_that_joins_leaves_too: closed while its group waits for others, so that it has heard of nothing
 * yet. */
static void a_member_that_joins_leaves_too(void **state) {
    (void)state;
    bench b;
    reader one, two;
    bench_open(&b, servers);
    const char *topic = make_topic(b.kafka, "joining", 2, NULL);
    const char *group = fresh("g");
    reader_open(&one, b.kafka, &b.conf.conf, group, topic, false);
    reader_until_assigned(&one, 2);
    reader_open(&two, b.kafka, &b.conf.conf, group, topic, false);
    for (int i = 0; i < 40; i++) { /* one does not say that it has heard of the other */
        test_assert_ok(reader_step(&two, 50));
        usleep(50000);
    }
    assert_int_equal(two.assigned, 0);
    reader_close(&two);
    int64_t until = sl__now_ms() + 15000;
    for (int quiet = 0; quiet < 40;) { /* it has both, and keeps them */
        assert_true(sl__now_ms() < until);
        test_assert_ok(reader_step(&one, 50));
        usleep(50000);
        quiet = one.assigned == 2 && one.revocations ? quiet + 1 : 0;
    }
    reader_close(&one);
    bench_close(&b);
}

static void strategies_do_not_mix(void **state) {
    (void)state;
    bench b;
    settings s;
    reader one, two;
    bench_open(&b, servers);
    settings_init(&s, servers);
    settings_add(&s, "partition.assignment.strategy", "cooperative-sticky");
    const char *topic = make_topic(b.kafka, "strategy", 1, NULL);
    const char *group = fresh("g");
    reader_open(&one, b.kafka, &b.conf.conf, group, topic, false);
    reader_until_assigned(&one, 1);
    reader_open(&two, b.kafka, &s.conf, group, topic, false);
    test_assert_error(reader_until(&two, 1), SL_E_CONFIG, "partition.assignment.strategy");
    reader_close(&two);
    reader_close(&one);
    bench_close(&b);
}

static void regex_finds_new_topics(void **state) {
    (void)state;
    bench b;
    settings s;
    reader r;
    char regex[64];
    bench_open(&b, servers);
    settings_init(&s, servers);
    settings_add(&s, "topic.metadata.refresh.interval.ms", "1000");
    snprintf(regex, sizeof regex, "re-%u-(?!0)\\d+?", run_id);
    make_topic(b.kafka, "re", 2, NULL);
    reader_open(&r, b.kafka, &s.conf, fresh("g"), regex, true);
    reader_until_assigned(&r, 2);
    const char *second = make_topic(b.kafka, "re", 1, NULL);
    reader_until_assigned(&r, 3);
    bench_send_many(&b, second, 5, SL_STR("x"));
    test_assert_ok(reader_until(&r, 5));
    reader_close(&r);
    bench_close(&b);
}

/* ---- outages ---- */

static void closing_without_a_broker_is_quick(void **state) {
    (void)state;
    bench b;
    reader r;
    bench_open(&b, "127.0.0.1:24998");
    reader_open(&r, b.kafka, &b.conf.conf, "g", "t", false);
    test_assert_ok(reader_step(&r, 10));
    sl_topic_partition p = {SL_STR("t"), 0, 1};
    int64_t start = sl__now_ms();
    sl_error *err = sl__consumer_commit(r.consumer, &p, 1, 500);
    assert_non_null(err);
    assert_int_equal(err->cls, SL_RETRIABLE);
    sl_error_free(err);
    reader_close(&r);
    assert_in_range(sl__now_ms() - start, 0, 5000);
    bench_close(&b);
}

static void waits_for_the_broker_to_come(void **state) {
    (void)state;
    bench b;
    reader r;
    sl_arena arena;
    sl__topic_info info;
    sl_error *err = NULL;
    waiter w = {.waiter = {wake}};
    sl_arena_init(&arena, 0);
    bench_init(&b, getenv("LATE_BOOTSTRAP"));
    settings_add(&b.conf, "linger.ms", "5");
    /* a message to a topic that is not there waits so long for the topic, from when it was named: also while
     * the broker starts */
    settings_add(&b.conf, "topic.metadata.propagation.max.ms", "300000");
    bench_start(&b);
    sl__topics *t = sl__kafka_topics(b.kafka);
    reader_open(&r, b.kafka, &b.conf.conf, "g", "late", false);
    sl__topic_spec spec = {SL_STR("late"), true, 1, 1, NULL, NULL};
    assert_int_equal(sl__topics_lookup(t, &spec, &w.waiter, &info, &err), SL_LOOKUP_PENDING);
    bench_send(&b, "late", SL_STR_NONE, SL_STR("early bird"));
    int64_t until = sl__now_ms() + PATIENCE_MS;
    while (!sl__topics_outage(t, &arena).p) {
        assert_true(sl__now_ms() < until);
        usleep(10000);
    }
    test_assert_contains(sl__topics_outage(t, &arena).p, "cannot be reached");
    test_assert_contains(sl__topics_outage(t, &arena).p, "Connection refused");
    assert_int_equal(sl__topics_lookup(t, &spec, &w.waiter, &info, &err), SL_LOOKUP_PENDING);
    test_assert_ok(reader_step(&r, 10));
    assert_int_equal(atomic_load(&w.woken), 0);
    assert_int_equal(system(getenv("START")), 0);
    assert_int_equal(look_up(t, &spec, &info, &err), SL_LOOKUP_READY);
    assert_true(info.exists);
    counter_wait(&b.counter, 1);
    assert_int_equal(atomic_load(&b.counter.delivered), 1);
    test_assert_ok(reader_until(&r, 1));
    assert_null(sl__topics_outage(t, &arena).p);
    /* this broker makes no topic by itself */
    sl__topic_spec absent = {SL_STR("absent"), false, -1, -1, NULL, NULL};
    assert_int_equal(look_up(t, &absent, &info, &err), SL_LOOKUP_READY);
    assert_false(info.exists);
    reader_close(&r);
    sl__topics_forget(t, &w.waiter);
    bench_close(&b);
    sl_arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_are_looked_up_and_made),
        cmocka_unit_test(a_topic_that_the_broker_makes_is_waited_for),
        cmocka_unit_test(topics_that_cannot_be),
        cmocka_unit_test(knows_the_cluster),
        cmocka_unit_test(ten_thousand_there_and_back),
        cmocka_unit_test(headers_and_partition),
        cmocka_unit_test(too_large_for_the_topic),
        cmocka_unit_test(mixed_sizes_fail_only_the_large),
        cmocka_unit_test(commit_and_resume),
        cmocka_unit_test(two_share_eagerly),
        cmocka_unit_test(two_share_cooperatively),
        cmocka_unit_test(a_member_with_nothing_leaves_too),
        cmocka_unit_test(a_member_that_joins_leaves_too),
        cmocka_unit_test(strategies_do_not_mix),
        cmocka_unit_test(regex_finds_new_topics),
        cmocka_unit_test(closing_without_a_broker_is_quick),
        cmocka_unit_test(waits_for_the_broker_to_come),
    };
    servers = getenv("BOOTSTRAP");
    if (!servers || !getenv("LATE_BOOTSTRAP") || !getenv("START")) {
        fprintf(stderr, "set BOOTSTRAP, LATE_BOOTSTRAP and START; run.sh does\n");
        return 2;
    }
    run_id = (unsigned)(sl__wall_ms() % 1000000000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
