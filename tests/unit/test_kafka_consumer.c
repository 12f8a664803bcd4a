/*
 * test_kafka_consumer.c - sinks' consumers with the embedded broker: messages, seeking, pausing, committing,
 * rebalances, regex.
 */
#include "kafka_test.h"

static char numbers[5000][12];

/* send_numbers sends "0" to "n-1". */
static void send_numbers(bench *b, const char *topic, int n) {
    for (int i = 0; i < n; i++) {
        snprintf(numbers[i], sizeof numbers[i], "%d", i);
        bench_send(b, topic, SL_STR_NONE, sl_str_of(numbers[i]));
    }
    counter_wait(&b->counter, b->sent);
}

static void open_with_topic(bench *b, reader *r, const char *topic) {
    bench_open(b, NULL);
    reader_open(r, b->kafka, &b->conf.conf, "g", topic, false);
    reader_until_assigned(r, 1);
}

/* in_order: every payload is its offset's number, and comes after the one before. */
static void in_order(reader *r, const sl__in_message *m) {
    int64_t value = -1;
    int64_t *next = r->arg;
    assert_true(sl_str_to_i64(m->payload, &value));
    assert_int_equal(value, m->offset);
    assert_int_equal(m->offset, *next);
    assert_null(m->key.p);
    *next = m->offset + 1;
}

static void check_headers(reader *r, const sl__in_message *m) {
    sl_str *names, *values;
    size_t n;
    test_assert_ok(sl__message_headers(m, &r->arena, &names, &values, &n));
    if (m->offset == 0) {
        assert_int_equal(n, 3);
        test_assert_str(names[0], "a");
        test_assert_str(values[0], "1");
        test_assert_str(names[1], "b");
        assert_null(values[1].p);
        test_assert_str(names[2], "a");
        test_assert_str(values[2], "");
        assert_non_null(values[2].p);
        assert_int_equal(m->timestamp, 1700000000123);
    } else {
        assert_int_equal(n, 0);
        assert_in_range(sl__wall_ms() - m->timestamp, 0, 60000);
    }
    test_assert_str(m->key, "k");
    test_assert_str(m->topic, "t");
    assert_int_equal(m->partition, 0);
}

static void headers_and_timestamps_travel(void **state) {
    (void)state;
    static const sl__out_header headers[] = {{SL_STR_INIT("a"), SL_STR_INIT("1")},
                                             {SL_STR_INIT("b"), {NULL, 0}},
                                             {SL_STR_INIT("a"), SL_STR_INIT("")}};
    bench b;
    reader r;
    sl_error *err = NULL;
    open_with_topic(&b, &r, "t");
    sl__out_message m = {.partition = 0,
                         .timestamp = 1700000000123,
                         .key = SL_STR("k"),
                         .payload = SL_STR("v"),
                         .headers = headers,
                         .nheaders = 3};
    test_assert_ok(sl__producer_topic(b.producer, SL_STR("t"), &m.topic));
    assert_int_equal(sl__producer_send(b.producer, &m, &b.counter.target, &err), SL_SEND_OK);
    bench_send(&b, "t", SL_STR("k"), SL_STR("v"));
    r.message = check_headers;
    test_assert_ok(reader_until(&r, 2));
    reader_close(&r);
    bench_close(&b);
}

static void seek_goes_back_and_forth(void **state) {
    (void)state;
    bench b;
    reader r;
    int64_t next = 0;
    open_with_topic(&b, &r, "t");
    send_numbers(&b, "t", 3000);
    r.message = in_order;
    r.arg = &next;
    test_assert_ok(reader_until(&r, 1000));
    static const int64_t targets[] = {0, 2500, 999, 2999, 10};
    for (size_t i = 0; i < 5; i++) {
        sl_topic_partition p = {SL_STR("t"), 0, targets[i]};
        test_assert_ok(sl__consumer_seek(r.consumer, &p));
        next = targets[i];
        r.messages = 0;
        test_assert_ok(reader_until(&r, targets[i] == 2999 ? 1 : 300));
    }
    sl_topic_partition other = {SL_STR("t"), 9, 0};
    test_assert_error(sl__consumer_seek(r.consumer, &other), SL_E_CONFLICT, "not assigned");
    reader_close(&r);
    bench_close(&b);
}

static void a_pause_loses_nothing(void **state) {
    (void)state;
    bench b;
    reader r;
    int64_t next = 0;
    open_with_topic(&b, &r, "t");
    send_numbers(&b, "t", 3000);
    r.message = in_order;
    r.arg = &next;
    for (long n = 100; n <= 3000; n += 580) {
        test_assert_ok(reader_until(&r, n));
        test_assert_ok(sl__consumer_pause(r.consumer));
        for (int i = 0; i < 5; i++) {
            test_assert_ok(reader_step(&r, 100));
            assert_int_equal(r.messages, n);
            usleep(5000);
        }
        test_assert_ok(sl__consumer_resume(r.consumer));
    }
    test_assert_ok(reader_until(&r, 3000));
    reader_close(&r);
    bench_close(&b);
}

static void pause_before_anything_was_read(void **state) {
    (void)state;
    bench b;
    reader r;
    int64_t next = 0;
    bench_open(&b, NULL);
    reader_open(&r, b.kafka, &b.conf.conf, "g", "t", false);
    test_assert_ok(sl__consumer_pause(r.consumer)); /* nothing is assigned yet: it holds for what will be */
    reader_until_assigned(&r, 1);
    send_numbers(&b, "t", 100);
    for (int i = 0; i < 20; i++) {
        test_assert_ok(reader_step(&r, 100));
        usleep(20000);
    }
    assert_int_equal(r.messages, 0);
    r.message = in_order;
    r.arg = &next;
    test_assert_ok(sl__consumer_resume(r.consumer));
    test_assert_ok(reader_until(&r, 100));
    reader_close(&r);
    bench_close(&b);
}

static void commits_and_goes_on_there(void **state) {
    (void)state;
    bench b;
    reader r;
    int64_t next = 0;
    open_with_topic(&b, &r, "t");
    send_numbers(&b, "t", 100);
    r.message = in_order;
    r.arg = &next;
    test_assert_ok(reader_until(&r, 60));
    sl_topic_partition p = {SL_STR("t"), 0, 42};
    test_assert_ok(sl__consumer_commit(r.consumer, &p, 1, PATIENCE_MS));
    sl_topic_partition nothing = {SL_STR("t"), 0, -1};
    test_assert_ok(sl__consumer_commit(r.consumer, &nothing, 1, 0));
    assert_int_equal(sl__consumer_lag(r.consumer), 40);
    reader_close(&r);
    assert_int_equal(r.assigned, 0);

    reader_open(&r, b.kafka, &b.conf.conf, "g", "t", false);
    next = 42;
    r.message = in_order;
    r.arg = &next;
    test_assert_ok(reader_until(&r, 58));
    assert_int_equal(sl__consumer_lag(r.consumer), 0);
    p.offset = 100;
    test_assert_ok(sl__consumer_commit(r.consumer, &p, 1, 0)); /* not waited for: closing does */
    reader_close(&r);

    reader_open(&r, b.kafka, &b.conf.conf, "g", "t", false);
    r.start_at = 7; /* a sink that knows better */
    next = 7;
    r.message = in_order;
    r.arg = &next;
    test_assert_ok(reader_until(&r, 93));
    reader_close(&r);
    bench_close(&b);
}

/* commit_all commits in the callback what was read. */
static void commit_all(reader *r, const sl_topic_partition *parts, size_t n) {
    for (size_t i = 0; i < n && r->last_offset >= 0; i++) {
        sl_topic_partition p = parts[i];
        p.offset = r->last_offset + 1;
        test_assert_ok(sl__consumer_commit(r->consumer, &p, 1, PATIENCE_MS));
    }
}

static void revoked_may_commit(void **state) {
    (void)state;
    bench b;
    reader r;
    int64_t next = 30;
    open_with_topic(&b, &r, "t");
    send_numbers(&b, "t", 100);
    r.revoked = commit_all;
    test_assert_ok(reader_until(&r, 30));
    reader_close(&r);
    reader_open(&r, b.kafka, &b.conf.conf, "g", "t", false);
    r.message = in_order;
    r.arg = &next;
    test_assert_ok(reader_until(&r, 70));
    reader_close(&r);
    bench_close(&b);
}

/* both_until serves two consumers until they have that many partitions each. */
static void both_until(reader *a, int na, reader *b, int nb) {
    int64_t until = sl__now_ms() + PATIENCE_MS;
    while (a->assigned != na || b->assigned != nb) {
        assert_true(sl__now_ms() < until);
        test_assert_ok(reader_step(a, 1));
        test_assert_ok(reader_step(b, 1));
        usleep(5000);
    }
}

static void rebalances(const char *strategy) {
    bench b;
    settings s;
    reader one, two;
    bench_open(&b, NULL);
    settings_init(&s, NULL);
    settings_add(&s, "partition.assignment.strategy", strategy);
    test_assert_ok(sl__embedded_topic(sl__kafka_embedded(b.kafka), SL_STR("four"), 4));
    reader_open(&one, b.kafka, &s.conf, "g", "four", false);
    reader_until_assigned(&one, 4);
    reader_open(&two, b.kafka, &s.conf, "g", "four", false);
    both_until(&one, 2, &two, 2);
    assert_int_equal(one.lost + two.lost, 0);
    reader_close(&two);
    assert_int_equal(two.assigned, 0);
    reader_until_assigned(&one, 4);
    reader_close(&one);
    bench_close(&b);
}

static void rebalances_eagerly(void **state) {
    (void)state;
    rebalances("range");
}

static void rebalances_cooperatively(void **state) {
    (void)state;
    rebalances("cooperative-sticky");
}

static void an_error_of_the_task_comes_out_of_poll(void **state) {
    (void)state;
    bench b;
    reader r;
    bench_open(&b, NULL);
    reader_open(&r, b.kafka, &b.conf.conf, "g", "t", false);
    r.refuse = sl_error_new(SL_E_DATABASE, SL_FATAL, "no table");
    test_assert_error(reader_until(&r, 1), SL_E_DATABASE, "no table");
    reader_close(&r);
    assert_int_equal(r.revocations, 1);
    bench_close(&b);
}

static void regex_finds_topics_as_they_come(void **state) {
    (void)state;
    bench b;
    reader r;
    bench_open(&b, NULL);
    sl__embedded *e = sl__kafka_embedded(b.kafka);
    test_assert_ok(sl__embedded_topic(e, SL_STR("db.orders"), 1));
    test_assert_ok(sl__embedded_topic(e, SL_STR("xdb.orders"), 1));
    test_assert_ok(sl__embedded_topic(e, SL_STR("db.orders2x"), 1));
    /* Java's: a lazy quantifier, a look-ahead, a class; librdkafka's own would not take it */
    reader_open(&r, b.kafka, &b.conf.conf, "g", "db\\.(?!secret)\\w+?\\d?", true);
    reader_until_assigned(&r, 2);
    test_assert_ok(sl__embedded_topic(e, SL_STR("db.secret"), 1));
    test_assert_ok(sl__embedded_topic(e, SL_STR("db.items"), 1));
    /* its reader is there before anything is in it */
    assert_true(sl__embedded_reserve(e, SL_STR("db.items"), 4 << 20, NULL));
    assert_false(sl__embedded_reserve(e, SL_STR("db.items"), 1, NULL));
    sl__embedded_delivered(e, SL_STR("db.items"), -1, -1, 4 << 20);
    send_numbers(&b, "db.items", 10);
    test_assert_ok(reader_until(&r, 10));
    assert_int_equal(r.assigned, 3);
    reader_close(&r);
    bench_close(&b);
}

static void bad_specs_are_refused(void **state) {
    (void)state;
    bench b;
    sl__consumer *c;
    sl_str t = SL_STR("t");
    bench_open(&b, NULL);
    sl__consumer_spec spec = {.conf = &b.conf.conf, .group = SL_STR("g"), .regex = SL_STR("a(b")};
    test_assert_error(sl__consumer_open(b.kafka, &spec, &c), SL_E_CONFIG, "'a(b' is no regular expression");
    spec.topics = (sl_str_list){&t, 1};
    test_assert_error(sl__consumer_open(b.kafka, &spec, &c), SL_E_CONFIG, "either topics or topics.regex");
    spec.regex = SL_STR_NONE;
    spec.group = SL_STR_NONE;
    test_assert_error(sl__consumer_open(b.kafka, &spec, &c), SL_E_CONFIG, "group.id");
    bench_close(&b);
}

static void an_expensive_regex_is_stopped(void **state) {
    (void)state;
    bench b;
    reader r;
    bench_open(&b, NULL);
    test_assert_ok(sl__embedded_topic(sl__kafka_embedded(b.kafka),
                                      SL_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), 1));
    reader_open(&r, b.kafka, &b.conf.conf, "g", "(a*)*(a*)*(a*)*[cd]", true);
    test_assert_error(reader_until(&r, 1), SL_E_CONFIG, "simpler");
    reader_close(&r);
    bench_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_and_timestamps_travel),
        cmocka_unit_test(seek_goes_back_and_forth),
        cmocka_unit_test(a_pause_loses_nothing),
        cmocka_unit_test(pause_before_anything_was_read),
        cmocka_unit_test(commits_and_goes_on_there),
        cmocka_unit_test(revoked_may_commit),
        cmocka_unit_test(rebalances_eagerly),
        cmocka_unit_test(rebalances_cooperatively),
        cmocka_unit_test(an_error_of_the_task_comes_out_of_poll),
        cmocka_unit_test(regex_finds_topics_as_they_come),
        cmocka_unit_test(bad_specs_are_refused),
        cmocka_unit_test(an_expensive_regex_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
