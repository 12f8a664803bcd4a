/*
 * test_kafka_producer.c - shared producers: the pool, sending, deliveries, what errors mean. With the
 * embedded broker.
 */
#include "kafka_test.h"

#include "kafka/delivery.h"
#include "kafka/client.h"

static void delivers(void **state) {
    (void)state;
    bench b;
    bench_open(&b, NULL);
    test_assert_ok(sl__embedded_topic(sl__kafka_embedded(b.kafka), SL_STR("t"), 1));
    bench_send_many(&b, "t", 1000, SL_STR("payload"));
    assert_int_equal(atomic_load(&b.counter.delivered), 1000);
    assert_int_equal(atomic_load(&b.counter.bytes), 7000);
    assert_int_equal(b.counter.offset, 999);
    assert_int_equal(b.counter.partition, 0);
    bench_close(&b);
}

/* Only without a linger.ms of the user's can a sender ask for haste. What is queued at the end goes then. */
static void haste(void **state) {
    (void)state;
    bench b;
    bench_init(&b, NULL);
    settings_add(&b.conf, "linger.ms", "600000");
    bench_start(&b);
    test_assert_ok(sl__embedded_topic(sl__kafka_embedded(b.kafka), SL_STR("t"), 1));
    bench_send(&b, "t", SL_STR_NONE, SL_STR("x"));
    sl__producer_hurry(b.producer);
    usleep(300000);
    assert_int_equal(atomic_load(&b.counter.delivered), 0);
    bench_close(&b);
    assert_int_equal(atomic_load(&b.counter.delivered), 1);
}

static void an_outage_is_waited_out(void **state) {
    (void)state;
    bench b;
    bench_open(&b, "127.0.0.1:24999"); /* nobody listens there */
    bench_send(&b, "t", SL_STR_NONE, SL_STR("x"));
    usleep(200000);
    assert_int_equal(atomic_load(&b.counter.failed), 0);
    assert_false(sl__producer_broken(b.producer));
    bench_close(&b);
    /* it was purged when the producer closed, which is no fault of the record */
    assert_int_equal(atomic_load(&b.counter.failed), 1);
    assert_int_equal(b.counter.cls, SL_RETRIABLE);
    test_assert_contains(b.counter.text, "_PURGE_QUEUE");
}

static void equal_settings_share(void **state) {
    (void)state;
    bench b;
    settings same, other;
    sl__producer *p, *q;
    bench_open(&b, NULL);
    settings_init(&same, NULL);
    settings_add(&same, "linger.ms", "1");
    settings_add(&same, "client.id", "a");
    settings_init(&other, NULL);
    settings_add(&other, "client.id", "a");
    settings_add(&other, "linger.ms", "7");
    settings_add(&other, "linger.ms", "1"); /* the last one counts */
    sl__producers *ps = sl__kafka_producers(b.kafka);
    test_assert_ok(sl__producers_get(ps, &same.conf, 0, &p));
    assert_ptr_not_equal(p, b.producer);
    test_assert_ok(sl__producers_get(ps, &other.conf, 0, &q));
    assert_ptr_equal(p, q);
    sl__producer_release(q);
    test_assert_ok(sl__producers_get(ps, &other.conf, 90000, &q));
    assert_ptr_not_equal(p, q);
    assert_int_equal(sl__producer_batch_size(p), 512 * 1024);
    assert_int_equal(sl__producer_batch_size(q), 90000);
    sl__producer_release(q);
    /* a bound above the one in force is the same producer */
    test_assert_ok(sl__producers_get(ps, &other.conf, 1 << 20, &q));
    assert_ptr_equal(p, q);
    sl__producer_release(q);
    sl__producer_release(p);
    bench_close(&b);
}

static void users_batch_size_counts(void **state) {
    (void)state;
    bench b;
    settings s;
    sl__producer *p;
    bench_open(&b, NULL);
    settings_init(&s, NULL);
    settings_add(&s, "batch.size", "16384");
    test_assert_ok(sl__producers_get(sl__kafka_producers(b.kafka), &s.conf, 90000, &p));
    assert_int_equal(sl__producer_batch_size(p), 16384);
    sl__producer_release(p);
    bench_close(&b);
}

static void bad_settings_are_named(void **state) {
    (void)state;
    bench b;
    settings s;
    sl__producer *p;
    char text[512];
    bench_open(&b, NULL);
    sl__producers *ps = sl__kafka_producers(b.kafka);
    settings_init(&s, NULL);
    settings_add(&s, "linger.ms", "often");
    test_assert_error(sl__producers_get(ps, &s.conf, 0, &p), SL_E_CONFIG, "linger.ms");
    settings_init(&s, NULL);
    settings_add(&s, "no.such.setting", "1");
    test_assert_error(sl__producers_get(ps, &s.conf, 0, &p), SL_E_CONFIG, "no.such.setting");
    s.items[s.conf.n - 1].optional = true;
    test_assert_ok(sl__producers_get(ps, &s.conf, 0, &p));
    sl__producer_release(p);
    /* a secret is not shown, though librdkafka's own text would */
    settings_init(&s, NULL);
    settings_add(&s, "security.protocol", "sasl_plaintext");
    settings_add(&s, "ssl.key.location", "ok");
    settings_add(&s, "sasl.mechanisms", "PLAIN");
    settings_add(&s, "linger.ms", "hunter2");
    s.items[s.conf.n - 1].secret = true;
    sl_error *err = sl__producers_get(ps, &s.conf, 0, &p);
    assert_non_null(err);
    sl_error_text(err, text, sizeof text);
    assert_null(strstr(text, "hunter2"));
    sl_error_free(err);
    bench_close(&b);
}

static void null_is_not_empty(void **state) {
    (void)state;
    bench b;
    reader r;
    bench_open(&b, NULL);
    test_assert_ok(sl__embedded_topic(sl__kafka_embedded(b.kafka), SL_STR("t"), 1));
    bench_send(&b, "t", SL_STR_NONE, SL_STR_NONE);
    bench_send(&b, "t", SL_STR(""), SL_STR(""));
    counter_wait(&b.counter, 2);
    reader_open(&r, b.kafka, &b.conf.conf, "g", "t", false);
    reader_until_assigned(&r, 1);
    for (int i = 0; i < 2; i++) {
        sl__in_message m;
        bool got = false;
        while (!got) {
            test_assert_ok(sl__consumer_poll(r.consumer, &m, &got));
            if (!got) {
                reader_wait(&r, 100);
            }
        }
        assert_int_equal(m.offset, i);
        assert_int_equal(m.key.p != NULL, i);
        assert_int_equal(m.payload.p != NULL, i);
        assert_int_equal(m.key.n + m.payload.n, 0);
        sl__message_release(m.handle);
    }
    reader_close(&r);
    bench_close(&b);
}

static void too_large_is_the_records_fault(void **state) {
    (void)state;
    bench b;
    bench_open(&b, NULL);
    sl_error *err = NULL;
    size_t size = 2 << 20;
    char *big = calloc(1, size);
    sl__out_message m = {.partition = -1, .timestamp = SL_NO_TIMESTAMP, .payload = sl_str_make(big, size)};
    test_assert_ok(sl__producer_topic(b.producer, SL_STR("t"), &m.topic));
    assert_int_equal(sl__producer_send(b.producer, &m, &b.counter.target, &err), SL_SEND_FAILED);
    assert_int_equal(err->cls, SL_USER);
    test_assert_error(err, SL_E_DATA, "producer.override.max.request.size");
    assert_int_equal(atomic_load(&b.counter.failed), 0);
    free(big);
    bench_close(&b);
}

static void full_queue_says_so(void **state) {
    (void)state;
    bench b;
    settings s;
    sl_error *err = NULL;
    sl__producer *p;
    bench_open(&b, "127.0.0.1:24999");
    settings_init(&s, "127.0.0.1:24999");
    settings_add(&s, "queue.buffering.max.messages", "10");
    test_assert_ok(sl__producers_get(sl__kafka_producers(b.kafka), &s.conf, 0, &p));
    sl__out_message m = {.partition = -1, .timestamp = 1, .payload = SL_STR("x")};
    test_assert_ok(sl__producer_topic(p, SL_STR("t"), &m.topic));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sl__producer_send(p, &m, &b.counter.target, &err), SL_SEND_OK);
    }
    assert_int_equal(sl__producer_send(p, &m, &b.counter.target, &err), SL_SEND_FULL);
    assert_null(err);
    sl__producer_release(p);
    bench_close(&b);
    assert_int_equal(atomic_load(&b.counter.failed), 10);
}

static void expect_class(rd_kafka_resp_err_t code, sl_error_code want, sl_error_class cls, const char *part) {
    sl_error *err = sl__delivery_error(code, SL_STR("orders"), 3, 5000, 1048576);
    assert_int_equal(err->cls, cls);
    test_assert_contains(err->message, "orders");
    test_assert_error(err, want, part);
}

static void errors_have_their_class(void **state) {
    (void)state;
    expect_class(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, SL_E_DATA, SL_USER, "max.message.bytes");
    expect_class(RD_KAFKA_RESP_ERR_INVALID_RECORD, SL_E_DATA, SL_USER, "cleanup.policy=compact");
    expect_class(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, SL_E_DATA, SL_USER, "message.timestamp");
    expect_class(RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, SL_E_DATA, SL_USER, "segment.bytes");
    expect_class(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, SL_E_DATA, SL_USER, "no partition 3");
    expect_class(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, SL_E_AUTH, SL_FATAL, "ACL Write");
    expect_class(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, SL_E_NOT_FOUND, SL_FATAL, "topic.creation.default");
    expect_class(RD_KAFKA_RESP_ERR__PURGE_QUEUE, SL_E_KAFKA, SL_RETRIABLE, "_PURGE_QUEUE");
    expect_class(RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, SL_E_KAFKA, SL_RETRIABLE, "_PURGE_INFLIGHT");
    expect_class(RD_KAFKA_RESP_ERR__FATAL, SL_E_KAFKA, SL_RETRIABLE, "_FATAL");
    expect_class(RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, SL_E_KAFKA, SL_RETRIABLE,
                 "INVALID_PRODUCER_EPOCH");
    expect_class(RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, SL_E_KAFKA, SL_RETRIABLE, "OUT_OF_ORDER");
}

/* ---- headers used again ---- */

static sl__out_header two[] = {{SL_STR_INIT("a"), SL_STR_INIT("one")}, {SL_STR_INIT("b"), {NULL, 0}}};
static sl__out_header other[] = {{SL_STR_INIT("a"), SL_STR_INIT("two")}};

static void expect_list(const rd_kafka_headers_t *list, const sl__out_header *want, size_t n) {
    assert_int_equal(rd_kafka_header_cnt(list), n);
    for (size_t i = 0; i < n; i++) {
        const char *name;
        const void *value;
        size_t size;
        assert_int_equal(rd_kafka_header_get_all(list, i, &name, &value, &size), RD_KAFKA_RESP_ERR_NO_ERROR);
        test_assert_str(want[i].name, name);
        assert_true(want[i].value.p ? size == want[i].value.n && memcmp(value, want[i].value.p, size) == 0
                                    : !value);
    }
}

static rd_kafka_headers_t *take(sl__header_pool *p) {
    rd_kafka_headers_t *list;
    test_assert_ok(sl__header_pool_take(p, &list));
    return list;
}

static void lists_come_back(void **state) {
    (void)state;
    sl__header_pool p;
    unsigned g, again, next;
    sl__header_pool_init(&p);
    test_assert_ok(sl__header_pool_use(&p, two, 2, &g));
    rd_kafka_headers_t *x = take(&p), *y = take(&p);
    expect_list(x, two, 2);
    expect_list(y, two, 2);
    sl__header_pool_give(&p, g, x);
    test_assert_ok(sl__header_pool_use(&p, two, 2, &again));
    assert_int_equal(again, g);
    assert_ptr_equal(take(&p), x);
    expect_list(x, two, 2);

    test_assert_ok(sl__header_pool_use(&p, other, 1, &next));
    assert_int_not_equal(next, g);
    sl__header_pool_give(&p, g, x); /* says something else: not to be given out again */
    rd_kafka_headers_t *z = take(&p);
    expect_list(z, other, 1);
    sl__header_pool_give(&p, next, z);
    sl__header_pool_clear(&p);
    z = take(&p);
    expect_list(z, other, 1);
    sl__header_pool_give(&p, next, z);
    sl__header_pool_give(&p, g, y);
    sl__header_pool_deinit(&p);
}

/* A target with a pool: what is delivered brings its list back. */
static void deliveries_bring_lists_back(void **state) {
    (void)state;
    bench b;
    sl__header_pool p;
    bench_open(&b, NULL);
    sl__header_pool_init(&p);
    test_assert_ok(sl__embedded_topic(sl__kafka_embedded(b.kafka), SL_STR("t"), 1));
    test_assert_ok(sl__header_pool_use(&p, two, 2, &b.counter.target.generation));
    b.counter.target.pool = &p;
    bench_send_many(&b, "t", 100, SL_STR("payload"));
    assert_int_equal(p.ready.n + p.back.n, 100);
    bench_send_many(&b, "t", 100, SL_STR("payload"));
    assert_int_equal(p.ready.n + p.back.n, 100);
    rd_kafka_headers_t *list = take(&p);
    expect_list(list, two, 2);
    sl__header_pool_give(&p, b.counter.target.generation, list);
    bench_close(&b);
    sl__header_pool_deinit(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_come_back),
        cmocka_unit_test(deliveries_bring_lists_back),
        cmocka_unit_test(haste),
        cmocka_unit_test(delivers),
        cmocka_unit_test(an_outage_is_waited_out),
        cmocka_unit_test(equal_settings_share),
        cmocka_unit_test(users_batch_size_counts),
        cmocka_unit_test(bad_settings_are_named),
        cmocka_unit_test(null_is_not_empty),
        cmocka_unit_test(too_large_is_the_records_fault),
        cmocka_unit_test(full_queue_says_so),
        cmocka_unit_test(errors_have_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
