/*
 * test_source.c - the file source against real files: growth, partial lines, rotation, truncation, offsets,
 * long lines, FIFOs, and what it waits for. Steps are driven by hand; nothing sleeps longer than the source
 * asks for.
 */
#include "cmocka_all.h"
#include "support/fake_host.h"

#include <file/file.h>
#include <model/batch.h>
#include <model/schema.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct fixture {
    char dir[64];
    char path[96];
    fake_state host;
    file_source_settings settings;
    sl_context ctx;
    sl_config config;
    void *task;
    sl_batch *batch;
    sl_wait wait;
    char seen[65536]; /* lines of all batches: "[a][b]" */
    size_t count;
    int64_t position; /* of the last offset; -1 = none yet */
} fixture;

static int setup(void **state) {
    fixture *f = calloc(1, sizeof(*f));
    snprintf(f->dir, sizeof(f->dir), "/tmp/sluice-file-XXXXXX");
    if (!f || !mkdtemp(f->dir)) {
        return -1;
    }
    snprintf(f->path, sizeof(f->path), "%s/in.txt", f->dir);
    f->settings = (file_source_settings){.file = sl_str_of(f->path),
                                         .topic = SL_STR("lines"),
                                         .batch_size = 2000,
                                         .line_max_bytes = 100000,
                                         .rotate_wait_ms = 20};
    f->batch = sl__batch_new(&fake_host);
    f->position = -1;
    *state = f;
    return 0;
}

static void open_source(fixture *f) {
    f->ctx = fake_context(&f->host, &f->config, &f->settings, 0);
    assert_null(file_source_ops.open(&f->ctx, &f->task));
}

static void close_source(fixture *f) {
    file_source_ops.close(f->task);
    f->task = NULL;
}

static int teardown(void **state) {
    fixture *f = *state;
    char command[128];
    if (f->task) {
        close_source(f);
    }
    sl__batch_free(f->batch);
    fake_state_deinit(&f->host);
    snprintf(command, sizeof(command), "rm -rf %s", f->dir);
    int rc = system(command);
    size_t live = sl__schema_count();
    free(f);
    return rc || live ? -1 : 0;
}

static void write_to(const char *path, int flags, const char *text, size_t n) {
    int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
}

static void append(fixture *f, const char *text) {
    write_to(f->path, O_APPEND, text, strlen(text));
}

static void take_batch(fixture *f) {
    for (size_t i = 0; i < f->batch->n; i++) {
        const sl_record *r = &f->batch->records[i];
        size_t used = strlen(f->seen);
        assert_string_equal(r->topic.p, "lines");
        assert_int_equal(r->key.type, SL_NULL);
        assert_null(r->key_schema);
        assert_int_equal(r->value_schema->type, SL_STRING);
        assert_false(r->value_schema->optional);
        assert_true(r->timestamp > INT64_C(1600000000000));
        assert_true(sl_str_is_utf8(sl_value_str(&r->value)));
        snprintf(f->seen + used, sizeof(f->seen) - used, "[%.*s]", SL_STR_ARG(sl_value_str(&r->value)));
        f->count++;
    }
    for (size_t i = 0; i < f->batch->noffsets; i++) {
        const sl_value *name = sl_map_get(&f->batch->offsets[i].partition, SL_STR("filename"));
        const sl_value *position = sl_map_get(&f->batch->offsets[i].offset, SL_STR("position"));
        assert_true(sl_str_eq(sl_value_str(name), f->settings.file));
        assert_int_equal(position->type, SL_INT64);
        f->position = position->i;
    }
    assert_true(f->batch->noffsets <= 1);
}

static sl_error *step(fixture *f) {
    f->wait = (sl_wait){0};
    sl__batch_reset(f->batch);
    sl_error *err = file_source_ops.poll(f->task, f->batch, &f->wait);
    if (!err) {
        take_batch(f);
    }
    return err;
}

/* pass steps until the source has been idle with nothing new for `idle_steps` waits, at most 100 ms each. */
static void run(fixture *f, int idle_steps) {
    while (idle_steps > 0) {
        size_t before = f->count;
        assert_null(step(f));
        if (!f->wait.idle) {
            continue;
        }
        idle_steps -= f->count == before;
        if (idle_steps > 0) {
            struct timespec now;
            clock_gettime(CLOCK_MONOTONIC, &now);
            int64_t left = f->wait.until_ms - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
            struct pollfd p = {.fd = f->wait.fd, .events = POLLIN};
            poll(&p, f->wait.fd >= 0 ? 1 : 0,
                 f->wait.until_ms == 0 || left > 100 ? 100
                 : left < 0                          ? 0
                                                     : (int)left);
        }
    }
}

static void expect(fixture *f, const char *lines, int64_t position) {
    assert_string_equal(f->seen, lines);
    assert_int_equal(f->position, position);
}

static void reads_and_follows(void **state) {
    fixture *f = *state;
    append(f, "one\ntwo\r\nthr");
    open_source(f);
    run(f, 1);
    expect(f, "[one][two]", 9);
    append(f, "ee\n");
    run(f, 1);
    expect(f, "[one][two][three]", 15);
}

static void idle_waits_for_inotify(void **state) {
    fixture *f = *state;
    int any = inotify_init1(IN_CLOEXEC);
    if (any < 0) { /* all that this user may have are taken, by whoever else runs here */
        skip();
    }
    close(any);
    append(f, "one\n");
    open_source(f);
    run(f, 1);
    assert_true(f->wait.idle);
    assert_true(f->wait.fd >= 0);
    assert_true(f->wait.readable);
    struct pollfd p = {.fd = f->wait.fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 50), 0);
    append(f, "two\n");
    assert_int_equal(poll(&p, 1, 20000), 1);
    assert_null(step(f));
    expect(f, "[one][two]", 8);
    run(f, 1);
    assert_int_equal(poll(&p, 1, 50), 0); /* its events were taken: it does not spin */
}

static void waits_for_a_missing_file(void **state) {
    fixture *f = *state;
    open_source(f);
    run(f, 1);
    assert_true(f->wait.idle);
    assert_true(f->wait.until_ms > 0);
    assert_int_equal(f->host.warnings, 1);
    run(f, 1);
    assert_int_equal(f->host.warnings, 1);
    append(f, "here\n");
    run(f, 1);
    expect(f, "[here]", 5);
}

static void batches_are_bounded(void **state) {
    fixture *f = *state;
    f->settings.batch_size = 3;
    append(f, "1\n2\n3\n4\n5\n6\n7\n");
    open_source(f);
    assert_null(step(f));
    assert_int_equal(f->batch->n, 3);
    assert_int_equal(f->position, 6);
    assert_false(f->wait.idle);
    run(f, 1);
    expect(f, "[1][2][3][4][5][6][7]", 14);
}

static void batches_end_at_a_megabyte(void **state) {
    fixture *f = *state;
    char *big = malloc(60001 * 40);
    for (size_t i = 0; i < 40; i++) {
        memset(big + i * 60001, 'a' + (int)(i % 26), 60000);
        big[i * 60001 + 60000] = '\n';
    }
    write_to(f->path, 0, big, 60001 * 40);
    open_source(f);
    size_t total = 0;
    while (total < 40) {
        f->wait = (sl_wait){0};
        sl__batch_reset(f->batch);
        assert_null(file_source_ops.poll(f->task, f->batch, &f->wait));
        assert_true(f->batch->n > 0 && f->batch->n <= 18);
        for (size_t i = 0; i < f->batch->n; i++) {
            assert_int_equal(f->batch->records[i].value.n, 60000);
            assert_int_equal(f->batch->records[i].value.s[59999], 'a' + (int)(total % 26));
            total++;
        }
    }
    assert_int_equal(f->batch->offsets[0].offset.items[1].i, 60001 * 40);
    free(big);
}

static sl_value stored_map[2];
static sl_value stored_offset;

static void store(fixture *f, sl_value position) {
    stored_map[0] = sl_string(SL_STR("position"));
    stored_map[1] = position;
    stored_offset = sl_container(SL_MAP, stored_map, 1);
    f->host.stored = &stored_offset;
}

static void resumes_at_the_stored_offset(void **state) {
    fixture *f = *state;
    append(f, "one\ntwo\nthree\n");
    store(f, sl_int64(4));
    open_source(f);
    run(f, 1);
    expect(f, "[two][three]", 14);
    close_source(f);
    append(f, "four\nfi");
    store(f, sl_int64(f->position));
    open_source(f);
    run(f, 1);
    expect(f, "[two][three][four]", 19);
    close_source(f); /* the partial line was not counted: it comes whole */
    append(f, "ve\n");
    store(f, sl_int64(f->position));
    open_source(f);
    run(f, 1);
    expect(f, "[two][three][four][five]", 24);
}

static void bad_stored_offsets_are_refused(void **state) {
    fixture *f = *state;
    const sl_value bad[] = {sl_string(SL_STR("7")), sl_int64(-1), sl_bool(true), sl_float64(1.5)};
    f->ctx = fake_context(&f->host, &f->config, &f->settings, 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        store(f, bad[i]);
        sl_error *err = file_source_ops.open(&f->ctx, &f->task);
        assert_non_null(err);
        assert_non_null(strstr(err->message, "position"));
        assert_non_null(strstr(err->message, f->path));
        sl_error_free(err);
    }
    f->host.stored_error = sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "no offsets now");
    sl_error *err = file_source_ops.open(&f->ctx, &f->task);
    assert_string_equal(err->message, "no offsets now");
    sl_error_free(err);
    f->task = NULL;
}

static void a_shorter_file_than_the_offset_is_read_anew(void **state) {
    fixture *f = *state;
    append(f, "new\n");
    store(f, sl_int64(1000));
    open_source(f);
    run(f, 1);
    expect(f, "[new]", 4);
    assert_int_equal(f->host.warnings, 1);
}

static void rotation_finishes_the_old_file(void **state) {
    fixture *f = *state;
    char old[128];
    append(f, "a\nb\n");
    open_source(f);
    run(f, 1);
    snprintf(old, sizeof(old), "%s.1", f->path);
    int writer = open(f->path, O_WRONLY | O_APPEND);
    assert_int_equal(rename(f->path, old), 0);
    append(f, "new 1\n");
    run(f, 1); /* the old one is still looked at */
    expect(f, "[a][b]", 4);
    assert_int_equal(write(writer, "c\nlast", 6), 6);
    close(writer);
    run(f, 4);
    expect(f, "[a][b][c][last][new 1]", 6);
    append(f, "new 2\n");
    run(f, 1);
    expect(f, "[a][b][c][last][new 1][new 2]", 12);
}

static void rotation_to_an_empty_file_tells_the_offset(void **state) {
    fixture *f = *state;
    char old[128];
    append(f, "a\nb\n");
    open_source(f);
    run(f, 1);
    snprintf(old, sizeof(old), "%s.1", f->path);
    assert_int_equal(rename(f->path, old), 0);
    run(f, 2);
    append(f, "");
    run(f, 4);
    expect(f, "[a][b]", 0);
}

static void truncation_starts_anew(void **state) {
    fixture *f = *state;
    append(f, "a\nb\nc\n");
    open_source(f);
    run(f, 1);
    write_to(f->path, O_TRUNC, "x\n", 2);
    run(f, 2);
    expect(f, "[a][b][c][x]", 2);
    append(f, "y\n");
    run(f, 1);
    expect(f, "[a][b][c][x][y]", 4);
}

static void a_deleted_file_is_read_to_its_end_and_awaited(void **state) {
    fixture *f = *state;
    append(f, "a\n");
    open_source(f);
    run(f, 1);
    int writer = open(f->path, O_WRONLY | O_APPEND);
    assert_int_equal(unlink(f->path), 0);
    assert_int_equal(write(writer, "b\n", 2), 2);
    run(f, 2);
    expect(f, "[a][b]", 4);
    close(writer);
    append(f, "again\n");
    run(f, 4);
    expect(f, "[a][b][again]", 6);
}

static void giant_line(fixture *f, size_t n) {
    char *big = malloc(n);
    memset(big, 'x', n);
    append(f, "first\n");
    write_to(f->path, O_APPEND, big, n);
    append(f, "\nlast\n");
    free(big);
}

static void a_giant_line_fails_the_task(void **state) {
    fixture *f = *state;
    giant_line(f, 3000000);
    open_source(f);
    assert_null(step(f));
    expect(f, "[first]", 6);
    for (int i = 0; i < 2; i++) { /* and again, if it is asked again */
        sl_error *err = step(f);
        assert_non_null(err);
        assert_int_equal(err->cls, SL_FATAL);
        assert_non_null(strstr(err->message, "line at byte 6 "));
        assert_non_null(strstr(err->message, "line.max.bytes=100000"));
        assert_non_null(strstr(err->message, f->path));
        sl_error_free(err);
    }
    assert_int_equal(f->position, 6);
}

static void a_giant_line_is_skipped(void **state) {
    fixture *f = *state;
    f->settings.long_line = 1;
    giant_line(f, 30000000);
    open_source(f);
    run(f, 1);
    expect(f, "[first][last]", 6 + 30000000 + 6);
    assert_int_equal(f->host.warnings, 1);
    assert_non_null(strstr(f->host.last_warning, "bytes 6 to 30000007"));
    assert_int_equal(f->host.metric_sum, 1);
}

static void a_giant_line_is_truncated(void **state) {
    fixture *f = *state;
    f->settings.long_line = 2;
    f->settings.line_max_bytes = 10;
    giant_line(f, 3000000);
    open_source(f);
    run(f, 1);
    expect(f, "[first][xxxxxxxxxx][last]", 6 + 3000000 + 6);
}

static void an_offset_never_lies_within_a_line(void **state) {
    fixture *f = *state;
    f->settings.long_line = 1;
    append(f, "first\n");
    char *big = malloc(1000000);
    memset(big, 'x', 1000000);
    write_to(f->path, O_APPEND, big, 1000000);
    free(big);
    open_source(f);
    run(f, 1);
    expect(f, "[first]", 6);
    append(f, "\nlast\n");
    run(f, 1);
    expect(f, "[first][last]", 1000012);
}

static void what_is_not_utf8_is_replaced(void **state) {
    fixture *f = *state;
    append(f, "gr\xc3\xbc\xc3\x9f"
              "e\n\xff\xfe!\nok\n");
    open_source(f);
    run(f, 1);
    expect(f,
           "[gr\xc3\xbc\xc3\x9f"
           "e][\xef\xbf\xbd\xef\xbf\xbd!][ok]",
           15);
}

static void a_folder_is_refused(void **state) {
    fixture *f = *state;
    assert_int_equal(mkdir(f->path, 0700), 0);
    open_source(f);
    sl_error *err = step(f);
    assert_non_null(err);
    assert_int_equal(err->cls, SL_FATAL);
    assert_non_null(strstr(err->message, "is a folder"));
    sl_error_free(err);
}

static void a_fifo_has_no_offsets(void **state) {
    fixture *f = *state;
    assert_int_equal(mkfifo(f->path, 0600), 0);
    open_source(f);
    run(f, 1);
    int writer = open(f->path, O_WRONLY);
    assert_true(writer >= 0);
    assert_int_equal(write(writer, "one\ntw", 6), 6);
    run(f, 1);
    expect(f, "[one]", -1);
    assert_true(f->wait.fd >= 0 && f->wait.readable);
    assert_int_equal(write(writer, "o\n", 2), 2);
    run(f, 1);
    close(writer);
    run(f, 1);
    writer = open(f->path, O_WRONLY); /* another writer */
    assert_int_equal(write(writer, "three\n", 6), 6);
    run(f, 1);
    close(writer);
    expect(f, "[one][two][three]", -1);
}

static void standard_input_ends(void **state) {
    fixture *f = *state;
    int pipe_fd[2], saved = dup(STDIN_FILENO);
    assert_int_equal(pipe(pipe_fd), 0);
    assert_true(dup2(pipe_fd[0], STDIN_FILENO) >= 0);
    close(pipe_fd[0]);
    f->settings.file = SL_STR_NONE;
    open_source(f);
    run(f, 1);
    assert_int_equal(f->wait.fd, STDIN_FILENO);
    assert_int_equal(write(pipe_fd[1], "a\nb", 3), 3);
    run(f, 1);
    expect(f, "[a]", -1);
    close(pipe_fd[1]);
    run(f, 1);
    expect(f, "[a][b]", -1);
    assert_true(f->wait.idle && f->wait.fd < 0); /* does not spin at the end */
    run(f, 1);
    assert_true(f->wait.idle && f->wait.fd < 0);
    close_source(f);
    assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(reads_and_follows),
        TEST(idle_waits_for_inotify),
        TEST(waits_for_a_missing_file),
        TEST(batches_are_bounded),
        TEST(batches_end_at_a_megabyte),
        TEST(resumes_at_the_stored_offset),
        TEST(bad_stored_offsets_are_refused),
        TEST(a_shorter_file_than_the_offset_is_read_anew),
        TEST(rotation_finishes_the_old_file),
        TEST(rotation_to_an_empty_file_tells_the_offset),
        TEST(truncation_starts_anew),
        TEST(a_deleted_file_is_read_to_its_end_and_awaited),
        TEST(a_giant_line_fails_the_task),
        TEST(a_giant_line_is_skipped),
        TEST(a_giant_line_is_truncated),
        TEST(an_offset_never_lies_within_a_line),
        TEST(what_is_not_utf8_is_replaced),
        TEST(a_folder_is_refused),
        TEST(a_fifo_has_no_offsets),
        TEST(standard_input_ends),
    };
    return cmocka_run_group_tests_name("file source", tests, NULL, NULL);
}
