/*
 * test_topic_reader.c - plugins' topics, through the host: append, follow, the end, a group's position.
 */
#include "kafka_test.h"

#include "task/host.h"

static sl__kafka *kafka;
static sl__host_side side;
static sl_config worker;

static int setup(void **state) {
    static sl_config_entry entries[] = {
        {.key = SL_STR_INIT("bootstrap.servers"), .value = SL_STR_INIT("embedded:")}};
    (void)state;
    settings s;
    settings_init(&s, NULL);
    test_assert_ok(sl__kafka_new(&s.conf, &kafka));
    worker = (sl_config){entries, 1};
    side = (sl__host_side){.kafka = kafka, .worker_config = &worker};
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sl__kafka_free(kafka);
    return 0;
}

static sl_context context(void) {
    return (sl_context){.host = sl__host_table(), .task = 0, .runtime = &side};
}

static void next_is(const sl_host *h, sl_topic_reader *r, const char *key, const char *value,
                    int64_t offset) {
    sl_arena a;
    sl_topic_message m;
    bool got = false;
    sl_arena_init(&a, 0);
    for (int64_t end = sl__now_ms() + PATIENCE_MS; !got && sl__now_ms() < end;) {
        test_assert_ok(h->topic_next(r, 100, &a, &m, &got));
    }
    assert_true(got);
    test_assert_str(m.key.p ? m.key : SL_STR("(null)"), key);
    test_assert_str(m.value.p ? m.value : SL_STR("(null)"), value);
    assert_int_equal(m.offset, offset);
    sl_arena_deinit(&a);
}

static void test_append_and_follow(void **state) {
    (void)state;
    sl_context ctx = context();
    const sl_host *h = ctx.host;
    sl_topic_spec spec = {.topic = SL_STR("t"), .from = -1};
    sl_topic_reader *r = NULL;
    assert_true(SL_HOST_HAS(h, topic_append));
    test_assert_ok(h->topic_append(&ctx, &spec, SL_STR("k"), SL_STR("one"), PATIENCE_MS));
    test_assert_ok(h->topic_append(&ctx, &spec, SL_STR_NONE, SL_STR_NONE, PATIENCE_MS));
    test_assert_ok(h->topic_open(&ctx, &spec, &r));
    next_is(h, r, "k", "one", 0);
    next_is(h, r, "(null)", "(null)", 1);
    int64_t end = 0;
    test_assert_ok(h->topic_end(r, PATIENCE_MS, &end));
    assert_int_equal(end, 2);
    sl_arena a;
    sl_topic_message m;
    bool got = true;
    sl_arena_init(&a, 0);
    test_assert_ok(h->topic_next(r, 0, &a, &m, &got));
    assert_false(got);
    test_assert_ok(h->topic_append(&ctx, &spec, SL_STR("k"), SL_STR("later"), PATIENCE_MS));
    next_is(h, r, "k", "later", 2);
    test_assert_error(h->topic_commit(r, 3), SL_E_INTERNAL, "without a group");
    h->topic_close(r);
    spec.from = 1;
    test_assert_ok(h->topic_open(&ctx, &spec, &r));
    next_is(h, r, "(null)", "(null)", 1);
    h->topic_close(r);
    sl_arena_deinit(&a);
}

static void test_a_group_keeps_the_position(void **state) {
    (void)state;
    sl_context ctx = context();
    const sl_host *h = ctx.host;
    sl_topic_spec spec = {.topic = SL_STR("g"), .group = SL_STR("who"), .from = -1};
    sl_topic_reader *r = NULL;
    test_assert_ok(h->topic_append(&ctx, &spec, SL_STR("a"), SL_STR("1"), PATIENCE_MS));
    test_assert_ok(h->topic_append(&ctx, &spec, SL_STR("b"), SL_STR("2"), PATIENCE_MS));
    test_assert_ok(h->topic_open(&ctx, &spec, &r));
    next_is(h, r, "a", "1", 0);
    test_assert_ok(h->topic_commit(r, 1));
    h->topic_close(r);
    test_assert_ok(h->topic_open(&ctx, &spec, &r));
    next_is(h, r, "b", "2", 1);
    h->topic_close(r);
}

static void test_bad_uses_are_errors(void **state) {
    (void)state;
    static sl_config_entry bad[] = {{.key = SL_STR_INIT("fetch.max.bytes"), .value = SL_STR_INIT("many")}};
    sl_config client = {bad, 1};
    sl_context ctx = context();
    sl_topic_reader *r = NULL;
    sl_topic_spec spec = {.topic = SL_STR("t"), .client = &client, .from = -1};
    test_assert_error(ctx.host->topic_open(&ctx, &spec, &r), SL_E_CONFIG, "fetch.max.bytes");
    assert_null(r);
    sl_context none = {.host = ctx.host};
    spec.client = NULL;
    test_assert_error(ctx.host->topic_open(&none, &spec, &r), SL_E_UNSUPPORTED, "source tasks");
    test_assert_error(ctx.host->topic_append(&none, &spec, SL_STR_NONE, SL_STR_NONE, 0), SL_E_UNSUPPORTED,
                      "source tasks");
    ctx.host->topic_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_follow),
        cmocka_unit_test(test_a_group_keeps_the_position),
        cmocka_unit_test(test_bad_uses_are_errors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
