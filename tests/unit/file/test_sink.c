/*
 * test_sink.c - the file sink against real files and pipes: text of every type, append, rotation, a disk that
 * is full in the middle of a batch, a crash within a line, a stop while the reader of a pipe sleeps.
 */
#include "cmocka_all.h"
#include "support/fake_host.h"

#include <file/file.h>
#include <file/text.h>
#include <model/batch.h>
#include <model/schema.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct fixture {
    char dir[64];
    char path[96];
    fake_state host;
    file_sink_settings settings;
    sl_context ctx;
    sl_config config;
    void *task;
    sl_batch *batch;
    char content[65536];
} fixture;

static int setup(void **state) {
    fixture *f = calloc(1, sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "/tmp/sluice-file-XXXXXX");
    if (!f || !mkdtemp(f->dir)) {
        return -1;
    }
    snprintf(f->path, sizeof(f->path), "%s/out.txt", f->dir);
    f->settings.file = sl_str_of(f->path);
    f->batch = sl__batch_new(&fake_host);
    *state = f;
    return 0;
}

static sl_error *try_open(fixture *f) {
    f->ctx = fake_context(&f->host, &f->config, &f->settings, 0);
    return file_sink_ops.open(&f->ctx, &f->task);
}

static void close_sink(fixture *f) {
    file_sink_ops.close(f->task);
    f->task = NULL;
}

static int teardown(void **state) {
    fixture *f = *state;
    char command[128];
    if (f->task) {
        close_sink(f);
    }
    sl__batch_free(f->batch);
    snprintf(command, sizeof(command), "rm -rf %s", f->dir);
    int rc = system(command);
    size_t live = sl__schema_count();
    free(f);
    return rc || live ? -1 : 0;
}

static const char *content(fixture *f) {
    FILE *in = fopen(f->path, "r");
    assert_non_null(in);
    size_t n = fread(f->content, 1, sizeof(f->content) - 1, in);
    f->content[n] = '\0';
    fclose(in);
    return f->content;
}

/* add_line adds a STRING record as if it came from offset `offset` of orders-0. */
static sl_record *add_line(fixture *f, const char *text, int64_t offset) {
    sl_record *r = sl_batch_add(f->batch);
    r->topic = r->kafka_topic = SL_STR("orders");
    r->kafka_partition = 0;
    r->kafka_offset = offset;
    r->value = sl_string(sl_str_of(text));
    return r;
}

static void put_ok(fixture *f) {
    assert_null(file_sink_ops.put(f->task, f->batch));
    sl__batch_reset(f->batch);
}

static void appends_lines(void **state) {
    fixture *f = *state;
    assert_null(try_open(f));
    add_line(f, "one", 0);
    add_line(f, "dropped", 1)->dropped = true;
    add_line(f, "two", 2);
    put_ok(f);
    put_ok(f);
    assert_null(file_sink_ops.pre_commit(f->task, NULL, 0));
    assert_string_equal(content(f), "one\ntwo\n");
    close_sink(f);
    assert_null(try_open(f));
    add_line(f, "three", 3);
    put_ok(f);
    assert_string_equal(content(f), "one\ntwo\nthree\n");
}

static void ends_a_torn_line_first(void **state) {
    fixture *f = *state;
    FILE *out = fopen(f->path, "w");
    fputs("whole\nhal", out);
    fclose(out);
    assert_null(try_open(f));
    add_line(f, "half", 0);
    put_ok(f);
    assert_string_equal(content(f), "whole\nhal\nhalf\n");
}

static void writes_to_a_new_file_after_rotation(void **state) {
    fixture *f = *state;
    char old[128];
    snprintf(old, sizeof(old), "%s.1", f->path);
    assert_null(try_open(f));
    add_line(f, "one", 0);
    put_ok(f);
    assert_int_equal(rename(f->path, old), 0);
    add_line(f, "two", 1);
    put_ok(f);
    assert_string_equal(content(f), "two\n");
    assert_int_equal(unlink(f->path), 0);
    assert_null(file_sink_ops.pre_commit(f->task, NULL, 0));
    add_line(f, "three", 2);
    put_ok(f);
    assert_string_equal(content(f), "three\n");
}

/* limit_file makes writes past `bytes` fail with EFBIG, as a full disk would in the middle of a write. */
static void limit_file(rlim_t bytes) {
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void fill_batch(fixture *f, int64_t from) {
    sl__batch_reset(f->batch);
    add_line(f, "aaaa", from);
    add_line(f, "bbbb", from + 1);
    add_line(f, "cccc", from + 2);
}

static void fail_in_the_middle(fixture *f) {
    assert_null(try_open(f));
    fill_batch(f, 0);
    limit_file(8);
    for (int i = 0; i < 3; i++) {
        sl_error *err = file_sink_ops.put(f->task, f->batch);
        assert_non_null(err);
        assert_non_null(strstr(err->message, f->path));
        sl_error_free(err);
        assert_string_equal(content(f), "aaaa\nbbb");
    }
    limit_file(RLIM_INFINITY);
}

static void the_same_batch_again_is_not_repeated(void **state) {
    fixture *f = *state;
    fail_in_the_middle(f);
    fill_batch(f, 0);
    put_ok(f);
    assert_string_equal(content(f), "aaaa\nbbbb\ncccc\n");
    fill_batch(f, 3);
    put_ok(f);
    assert_string_equal(content(f), "aaaa\nbbbb\ncccc\naaaa\nbbbb\ncccc\n");
}

static void another_batch_after_a_failure_starts_a_line(void **state) {
    fixture *f = *state;
    fail_in_the_middle(f);
    fill_batch(f, 7);
    put_ok(f);
    assert_string_equal(content(f), "aaaa\nbbb\naaaa\nbbbb\ncccc\n");
}

static void a_full_disk_is_retriable(void **state) {
    fixture *f = *state;
    f->settings.file = SL_STR("/dev/full");
    assert_null(try_open(f));
    add_line(f, "one", 0);
    sl_error *err = file_sink_ops.put(f->task, f->batch);
    assert_non_null(err);
    assert_int_equal(err->cls, SL_RETRIABLE);
    assert_non_null(strstr(err->message, "'/dev/full'"));
    sl_error_free(err);
}

static void impossible_paths_are_refused(void **state) {
    fixture *f = *state;
    char path[160];
    snprintf(path, sizeof(path), "%s/no/such/folder", f->dir);
    f->settings.file = sl_str_of(path);
    sl_error *err = try_open(f);
    assert_non_null(err);
    assert_int_equal(err->cls, SL_FATAL);
    assert_non_null(strstr(err->message, "make the folder first"));
    sl_error_free(err);
    f->settings.file = sl_str_of(f->dir);
    err = try_open(f);
    assert_non_null(err);
    assert_non_null(strstr(err->message, f->dir));
    sl_error_free(err);
    f->task = NULL;
}

static void *interrupt_soon(void *task) {
    usleep(50000);
    file_sink_ops.interrupt(task);
    file_sink_ops.interrupt(task);
    return NULL;
}

static void stop_ends_a_wait_for_a_slow_reader(void **state) {
    fixture *f = *state;
    assert_int_equal(mkfifo(f->path, 0600), 0);
    int reader = open(f->path, O_RDONLY | O_NONBLOCK);
    assert_null(try_open(f));
    char line[1001];
    memset(line, 'x', 1000);
    line[1000] = '\0';
    for (int i = 0; i < 1000; i++) {
        add_line(f, line, i);
    }
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, f->task), 0);
    sl_error *err = file_sink_ops.put(f->task, f->batch);
    pthread_join(thread, NULL);
    assert_non_null(err);
    assert_int_equal(err->code, SL_E_INTERRUPTED);
    sl_error_free(err);
    close(reader);
}

/* ---- text ---- */

static void check_text(const sl_schema *s, sl_value v, const char *want) {
    sl_buf out;
    sl_buf_init(&out, NULL);
    text_add(&out, s, &v);
    assert_false(out.failed);
    sl_buf_add_char(&out, '\0');
    assert_string_equal(out.p, want);
    sl_buf_deinit(&out);
}

static void text_of_simple_values(void **state) {
    (void)state;
    check_text(NULL, sl_null(), "null");
    check_text(NULL, sl_string(SL_STR("a\xc3\xa4")), "a\xc3\xa4");
    check_text(NULL, sl_bool(true), "true");
    check_text(NULL, sl_int64(INT64_MIN), "-9223372036854775808");
    check_text(NULL, sl_bytes(SL_STR("raw\x01")), "raw\x01");
}

static void text_of_numbers_is_javas(void **state) {
    (void)state;
    static const struct {
        double f;
        const char *text;
    } doubles[] = {{0, "0.0"},
                   {-0.0, "-0.0"},
                   {1, "1.0"},
                   {100, "100.0"},
                   {0.1, "0.1"},
                   {0.001, "0.001"},
                   {0.0001, "1.0E-4"},
                   {1234567.5, "1234567.5"},
                   {1e7, "1.0E7"},
                   {12345678.9, "1.23456789E7"},
                   {-2.5e-10, "-2.5E-10"},
                   {1e300, "1.0E300"},
                   {1.0 / 3, "0.3333333333333333"}};
    for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
        check_text(NULL, sl_float64(doubles[i].f), doubles[i].text);
    }
    check_text(NULL, sl_float32((double)0.1f), "0.1");
    check_text(NULL, sl_float32((double)3.4028235e38f), "3.4028235E38");
    check_text(NULL, sl_float64(__builtin_nan("")), "NaN");
    check_text(NULL, sl_float64(-__builtin_inf()), "-Infinity");
}

static void check_decimal(const char *bytes, size_t n, int32_t scale, const char *want) {
    const sl_schema *s = NULL;
    assert_null(sl_schema_decimal(&fake_host, scale, false, &s));
    check_text(s, sl_bytes(sl_str_make(bytes, n)), want);
    fake_host.schema_unref(s);
}

static void text_of_decimals_is_javas(void **state) {
    (void)state;
    check_decimal("\x04\xd2", 2, 2, "12.34");
    check_decimal("\xfb\x2e", 2, 2, "-12.34");
    check_decimal("\x00", 1, 0, "0");
    check_decimal("\x00", 1, 2, "0.00");
    check_decimal("\x05", 1, 6, "0.000005");
    check_decimal("\x05", 1, 7, "5E-7");
    check_decimal("\x7b", 1, -3, "1.23E+5");
    check_decimal("\x80", 1, 0, "-128");
    check_decimal("\x01\x00\x00\x00\x00\x00\x00\x00\x00", 9, 0, "18446744073709551616");
    check_decimal("\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 9, 1, "-922337203685477580.9");
}

static void text_of_dates_is_javas(void **state) {
    (void)state;
    const sl_schema *date = NULL, *timestamp = NULL;
    assert_null(sl_schema_named(&fake_host, SL_INT32, false, "org.apache.kafka.connect.data.Date", 1, &date));
    assert_null(sl_schema_named(&fake_host, SL_INT64, false, "org.apache.kafka.connect.data.Timestamp", 1,
                                &timestamp));
    check_text(date, sl_int32(0), "Thu Jan 01 00:00:00 UTC 1970");
    check_text(timestamp, sl_int64(1709210096789), "Thu Feb 29 12:34:56 UTC 2024");
    check_text(timestamp, sl_int64(-1), "Wed Dec 31 23:59:59 UTC 1969");
    fake_host.schema_unref(date);
    fake_host.schema_unref(timestamp);
}

static void text_of_containers(void **state) {
    (void)state;
    sl_value items[] = {sl_int32(1), sl_null(), sl_string(SL_STR("x"))};
    check_text(NULL, sl_container(SL_ARRAY, items, 3), "[1, null, x]");
    sl_value pairs[] = {sl_string(SL_STR("k")), sl_int32(1), sl_string(SL_STR("b")),
                        sl_bytes(SL_STR("hello"))};
    check_text(NULL, sl_container(SL_MAP, pairs, 2), "{k=1, b=aGVsbG8=}");
    const sl_schema *number = NULL, *text = NULL, *both = NULL;
    assert_null(sl_schema_simple(&fake_host, SL_INT32, true, &number));
    assert_null(sl_schema_simple(&fake_host, SL_STRING, true, &text));
    sl_field fields[] = {{SL_STR("id"), number}, {SL_STR("gone"), text}, {SL_STR("name"), text}};
    sl_schema def = {.type = SL_STRUCT, .fields = fields, .nfields = 3};
    assert_null(fake_host.schema_intern(&def, &both));
    check_text(both, sl_container(SL_STRUCT, items, 3), "Struct{id=1,name=x}");
    fake_host.schema_unref(both);
    fake_host.schema_unref(number);
    fake_host.schema_unref(text);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(appends_lines),
        TEST(ends_a_torn_line_first),
        TEST(writes_to_a_new_file_after_rotation),
        TEST(the_same_batch_again_is_not_repeated),
        TEST(another_batch_after_a_failure_starts_a_line),
        TEST(a_full_disk_is_retriable),
        TEST(impossible_paths_are_refused),
        TEST(stop_ends_a_wait_for_a_slow_reader),
        TEST(text_of_simple_values),
        TEST(text_of_numbers_is_javas),
        TEST(text_of_decimals_is_javas),
        TEST(text_of_dates_is_javas),
        TEST(text_of_containers),
    };
    return cmocka_run_group_tests_name("file sink", tests, NULL, NULL);
}
