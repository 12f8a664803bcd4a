/*
 * test_offsets.c - the offset file: what is put is found again after a restart, a kill, a full disk; damaged
 * files are refused.
 */
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "store/atomic_file.h"
#include "store/java_file.h"
#include "store/offset_json.h"
#include "store/offsets.h"

/* Written by java.io.ObjectOutputStream (Java 17): HashMap<byte[], byte[]> of
   ["src",{"filename":"/tmp/in"}] = {"position":42}, ["pg",{"server":"shop"}] =
   {"lsn":123456789012,"snapshot":true,"last":null} and
   ["gone",{"x":1}] = null. */
static const char java_file[] =
    "\xac\xed\x00\x05\x73\x72\x00\x11\x6a\x61\x76\x61\x2e\x75\x74\x69\x6c\x2e\x48\x61\x73\x68\x4d\x61"
    "\x70\x05\x07\xda\xc1\xc3\x16\x60\xd1\x03\x00\x02\x46\x00\x0a\x6c\x6f\x61\x64\x46\x61\x63\x74\x6f"
    "\x72\x49\x00\x09\x74\x68\x72\x65\x73\x68\x6f\x6c\x64\x78\x70\x3f\x40\x00\x00\x00\x00\x00\x0c\x77"
    "\x08\x00\x00\x00\x10\x00\x00\x00\x03\x75\x72\x00\x02\x5b\x42\xac\xf3\x17\xf8\x06\x08\x54\xe0\x02"
    "\x00\x00\x78\x70\x00\x00\x00\x18\x5b\x22\x70\x67\x22\x2c\x7b\x22\x73\x65\x72\x76\x65\x72\x22\x3a"
    "\x22\x73\x68\x6f\x70\x22\x7d\x5d\x75\x71\x00\x7e\x00\x02\x00\x00\x00\x30\x7b\x22\x6c\x73\x6e\x22"
    "\x3a\x31\x32\x33\x34\x35\x36\x37\x38\x39\x30\x31\x32\x2c\x22\x73\x6e\x61\x70\x73\x68\x6f\x74\x22"
    "\x3a\x74\x72\x75\x65\x2c\x22\x6c\x61\x73\x74\x22\x3a\x6e\x75\x6c\x6c\x7d\x75\x71\x00\x7e\x00\x02"
    "\x00\x00\x00\x10\x5b\x22\x67\x6f\x6e\x65\x22\x2c\x7b\x22\x78\x22\x3a\x31\x7d\x5d\x70\x75\x71\x00"
    "\x7e\x00\x02\x00\x00\x00\x1e\x5b\x22\x73\x72\x63\x22\x2c\x7b\x22\x66\x69\x6c\x65\x6e\x61\x6d\x65"
    "\x22\x3a\x22\x2f\x74\x6d\x70\x2f\x69\x6e\x22\x7d\x5d\x75\x71\x00\x7e\x00\x02\x00\x00\x00\x0f\x7b"
    "\x22\x70\x6f\x73\x69\x74\x69\x6f\x6e\x22\x3a\x34\x32\x7d\x78";
enum { JAVA_SIZE = 279 };

typedef struct fixture {
    char dir[256];
    char path[300];
    sl_arena arena;
} fixture;

static int setup(void **state) {
    fixture *f = calloc(1, sizeof *f);
    snprintf(f->dir, sizeof f->dir, "%s", test_temp_dir());
    snprintf(f->path, sizeof f->path, "%s/offsets", f->dir);
    sl_arena_init(&f->arena, 0);
    sl__log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture *f = *state;
    sl_arena_deinit(&f->arena);
    test_remove_dir(f->dir);
    free(f);
    return 0;
}

/* map makes a MAP of one STRING key; the second pair is there when k2 is. */
static sl_value map(sl_arena *a, const char *k1, sl_value v1, const char *k2, sl_value v2) {
    sl_value m = sl_value_alloc(a, SL_MAP, k2 ? 2 : 1);
    m.items[0] = sl_string(sl_str_of(k1));
    m.items[1] = v1;
    if (k2) {
        m.items[2] = sl_string(sl_str_of(k2));
        m.items[3] = v2;
    }
    return m;
}

static sl_value text(const char *z) {
    return sl_string(sl_str_of(z));
}

static sl__offsets *open_store(const fixture *f) {
    sl__offsets *o = NULL;
    test_assert_ok(sl__offsets_open_file(sl_str_of(f->path), &o));
    return o;
}

static sl_error *put(sl__offsets *o, const char *connector, sl_value partition, sl_value offset) {
    const sl_batch_offset item = {partition, offset};
    return sl__offsets_put(o, sl_str_of(connector), &item, 1);
}

static sl_value get(const fixture *f, sl__offsets *o, const char *connector, sl_value partition) {
    sl_value v;
    test_assert_ok(sl__offsets_get(o, sl_str_of(connector), &partition, (sl_arena *)&f->arena, &v));
    return v;
}

static int64_t position(const fixture *f, sl__offsets *o, const char *connector, sl_value partition) {
    sl_value v = get(f, o, connector, partition);
    const sl_value *p = sl_map_get(&v, SL_STR("position"));
    return p ? p->i : -1;
}

static sl_value at(fixture *f, int64_t n) {
    return map(&f->arena, "position", sl_int64(n), NULL, sl_null());
}

static sl_value part(fixture *f, const char *name) {
    return map(&f->arena, "filename", text(name), NULL, sl_null());
}

static void keeps_over_a_restart(void **state) {
    fixture *f = *state;
    sl__offsets *o = open_store(f);
    assert_true(get(f, o, "a", part(f, "x")).type == SL_NULL);
    test_assert_ok(put(o, "a", part(f, "x"), at(f, 1)));
    test_assert_ok(put(o, "a", part(f, "x"), at(f, 2)));
    test_assert_ok(put(o, "b", part(f, "x"), at(f, 3)));
    test_assert_ok(put(o, "b", part(f, "y\n\"\\\xc3\xa9"), at(f, 4)));
    test_assert_ok(put(o, "a", part(f, "z"), at(f, 5)));
    test_assert_ok(put(o, "a", part(f, "z"), sl_null()));
    sl__offsets_close(o);
    o = open_store(f);
    assert_int_equal(position(f, o, "a", part(f, "x")), 2);
    assert_int_equal(position(f, o, "b", part(f, "x")), 3);
    assert_int_equal(position(f, o, "b", part(f, "y\n\"\\\xc3\xa9")), 4);
    assert_true(get(f, o, "a", part(f, "z")).type == SL_NULL);
    assert_int_equal(position(f, o, "c", part(f, "x")), -1);
    sl__offsets_close(o);
}

static void finds_partitions_in_any_order(void **state) {
    fixture *f = *state;
    sl__offsets *o = open_store(f);
    sl_value one = map(&f->arena, "server", text("s"), "table", sl_int32(7));
    sl_value other = map(&f->arena, "table", sl_int64(7), "server", text("s"));
    test_assert_ok(put(o, "a", one, at(f, 1)));
    assert_int_equal(position(f, o, "a", other), 1);
    test_assert_ok(put(o, "a", other, at(f, 2)));
    assert_int_equal(position(f, o, "a", one), 2);
    assert_int_equal(position(f, o, "a", map(&f->arena, "server", text("s"), "table", text("7"))), -1);
    sl__offsets_close(o);
}

static void keeps_every_kind_of_value(void **state) {
    fixture *f = *state;
    sl__offsets *o = open_store(f);
    sl_value list = sl_value_alloc(&f->arena, SL_ARRAY, 6);
    list.items[0] = sl_int64(INT64_MIN);
    list.items[1] = sl_float64(0.1);
    list.items[2] = sl_bool(true);
    list.items[3] = sl_null();
    list.items[4] = sl_float64(3);
    list.items[5] = map(&f->arena, "deep", text(""), NULL, sl_null());
    sl_value offset = map(&f->arena, "list", list, "s", text("\x01\t"));
    test_assert_ok(put(o, "a", part(f, "x"), offset));
    sl__offsets_close(o);
    o = open_store(f);
    sl_value back = get(f, o, "a", part(f, "x"));
    assert_true(sl_value_eq(&back, &offset));
    sl__offsets_close(o);
}

/* Keys of offsets are compared as bytes, also with what Kafka Connect wrote. */
static void writes_numbers_as_java(void **state) {
    fixture *f = *state;
    sl_buf out;
    sl_value list = sl_value_alloc(&f->arena, SL_ARRAY, 5);
    list.items[0] = sl_float64(1e10);
    list.items[1] = sl_float64(2e-3);
    list.items[2] = sl_float64(5e-324);
    list.items[3] = sl_float32((double)0.1f);
    list.items[4] = sl_bytes(SL_STR("\xff\x01"));
    sl_buf_init(&out, &f->arena);
    test_assert_ok(sl__offset_json_write(&list, true, &out));
    test_assert_str(sl_buf_view(&out), "[1.0E10,0.002,4.9E-324,0.1,\"/wE=\"]");
}

static void refuses_what_json_has_not(void **state) {
    fixture *f = *state;
    sl__offsets *o = open_store(f);
    sl_value number_key = sl_value_alloc(&f->arena, SL_MAP, 1);
    number_key.items[0] = sl_int64(1);
    test_assert_error(put(o, "a", number_key, at(f, 1)), SL_E_DATA, "keys to be strings");
    test_assert_error(put(o, "a", part(f, "x"), map(&f->arena, "p", sl_float64(1e308 * 10), NULL, sl_null())),
                      SL_E_DATA, "not finite");
    assert_int_equal(position(f, o, "a", part(f, "x")), -1);
    sl__offsets_close(o);
}

static void count_each(void *arg, const sl_value *partition, const sl_value *offset) {
    assert_int_equal(partition->type, SL_MAP);
    assert_int_equal(offset->type, SL_MAP);
    ++*(int *)arg;
}

static void gives_each_of_a_connector(void **state) {
    fixture *f = *state;
    sl__offsets *o = open_store(f);
    int n = 0;
    test_assert_ok(put(o, "a", part(f, "x"), at(f, 1)));
    test_assert_ok(put(o, "a", part(f, "y"), at(f, 1)));
    test_assert_ok(put(o, "ab", part(f, "x"), at(f, 1)));
    test_assert_ok(sl__offsets_each(o, SL_STR("a"), count_each, &n));
    assert_int_equal(n, 2);
    sl__offsets_close(o);
}

static void serves_one_worker(void **state) {
    fixture *f = *state;
    sl__offsets *o = open_store(f), *second = NULL;
    test_assert_error(sl__offsets_open_file(sl_str_of(f->path), &second), SL_E_CONFLICT,
                      "in use by another worker");
    sl__offsets_close(o);
    sl__offsets_close(open_store(f));
}

static void refuses_damaged_files(void **state) {
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"garbage\n", "expected 'sluice-offsets 1'"},
        {"sluice-offsets 2\nend 0\n", "expected 'sluice-offsets 1'"},
        {"sluice-offsets 1\n", "line"},
        {"sluice-offsets 1\n[[\"a\",{\"f\":1}],{\"p\":1}]\n", "line 3"},
        {"sluice-offsets 1\n[[\"a\",{\"f\":1}],{\"p\":1}]\nend 2\n", "was cut or changed"},
        {"sluice-offsets 1\n[[\"a\",{\"f\":1}],{\"p\":\nend 1\n", "line 2"},
        {"sluice-offsets 1\n[[\"a\",{\"f\":1}],null]\nend 1\n", "line 2"},
        {"sluice-offsets 1\n[[\"a\",{\"f\":1}],{}]\n[[\"a\",{\"f\":1}],{}]\nend 2\n", "twice"},
        {"sluice-offsets 1\n[[\"a\",{\"f\":1}],{\"p\":99999999999999999999}]\nend 1\n", "line 2"},
        {"sluice-offsets 1\nend 0\nmore\n", "end"},
        {"\xac\xed", "byte"},
        {"\xac\xed\x01", "byte"},
    };
    fixture *f = *state;
    sl__offsets *o;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[256] = "";
        test_write_file(f->path, cases[i].text);
        sl_error *err = sl__offsets_open_file(sl_str_of(f->path), &o);
        assert_non_null(err);
        test_assert_contains(err->message, f->path);
        test_assert_error(err, SL_E_DATA, cases[i].why);
        FILE *file = fopen(f->path, "r"); /* what is damaged is left alone */
        assert_non_null(file);
        assert_int_equal(fread(found, 1, strlen(cases[i].text), file), strlen(cases[i].text));
        fclose(file);
    }
    test_write_file(f->path, "");
    sl__offsets_close(open_store(f)); /* empty: as Kafka Connect, which touches the file */
}

/* ---- Java's file ---- */

static void write_java(const fixture *f, const char *bytes, size_t n) {
    FILE *file = fopen(f->path, "w");
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static void takes_over_java(void **state) {
    fixture *f = *state;
    write_java(f, java_file, JAVA_SIZE);
    sl__offsets *o = open_store(f);
    assert_int_equal(position(f, o, "src", part(f, "/tmp/in")), 42);
    sl_value pg = get(f, o, "pg", map(&f->arena, "server", text("shop"), NULL, sl_null()));
    assert_true(sl_map_get(&pg, SL_STR("lsn"))->i == 123456789012);
    assert_true(sl_map_get(&pg, SL_STR("snapshot"))->b);
    assert_true(sl_is_null(sl_map_get(&pg, SL_STR("last"))));
    sl__offsets_close(o);
}

static void read_all(const fixture *f, sl_buf *out) {
    bool there;
    sl_buf_init(out, NULL);
    assert_null(sl__file_read(f->path, 1 << 20, out, &there));
    assert_true(there);
}

/* stays_java: what was put and deleted is in the form that Java reads, byte for byte as Java would write it.
 */
static void stays_java(void **state) {
    fixture *f = *state;
    sl_buf b;
    write_java(f, java_file, JAVA_SIZE);
    sl__offsets *o = open_store(f);
    test_assert_ok(put(o, "src", part(f, "/tmp/in"), at(f, 43)));
    test_assert_ok(put(o, "src", part(f, "/tmp/two"), at(f, 7)));
    sl__offsets_close(o);
    read_all(f, &b);
    assert_true(sl__java_file_is(sl_buf_view(&b)));
    assert_memory_equal(b.p, java_file, 70); /* the head, up to the map's size */
    sl_buf_deinit(&b);
    o = open_store(f);
    assert_int_equal(position(f, o, "src", part(f, "/tmp/in")), 43);
    assert_int_equal(position(f, o, "src", part(f, "/tmp/two")), 7);
    sl_value pg = get(f, o, "pg", map(&f->arena, "server", text("shop"), NULL, sl_null()));
    assert_true(sl_map_get(&pg, SL_STR("lsn"))->i == 123456789012);
    sl__offsets_close(o);
}

/* writes_java: the writer gives the bytes of ObjectOutputStream. */
static void writes_java(void **state) {
    (void)state;
    static const char key[] = "[\"pg\",{\"server\":\"shop\"}]";
    static const char value[] = "{\"lsn\":123456789012,\"snapshot\":true,\"last\":null}";
    static const char key2[] = "[\"src\",{\"filename\":\"/tmp/in\"}]";
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl__java_file_write_head(3, &b);
    sl__java_file_write_entry(sl_str_of(key), sl_str_of(value), true, &b);
    assert_int_equal(b.n, 186);
    assert_memory_equal(b.p, java_file, b.n);
    sl_buf_clear(&b);
    sl__java_file_write_entry(sl_str_of(key2), SL_STR("{\"position\":42}"), false, &b);
    sl__java_file_write_end(&b);
    assert_int_equal(b.n, 66);
    assert_memory_equal(b.p, java_file + JAVA_SIZE - b.n, b.n);
    sl_buf_deinit(&b);
}

static void refuses_broken_java(void **state) {
    fixture *f = *state;
    sl__offsets *o;
    for (size_t n = 2; n < JAVA_SIZE; n++) {
        write_java(f, java_file, n);
        test_assert_error(sl__offsets_open_file(sl_str_of(f->path), &o), SL_E_DATA, "byte");
    }
}

static sl_error *take_any(void *arg, sl_str key, sl_str value) {
    size_t *sum = arg;
    for (size_t i = 0; i < key.n; i++) {
        *sum += (unsigned char)key.p[i];
    }
    for (size_t i = 0; i < value.n; i++) {
        *sum += (unsigned char)value.p[i];
    }
    return NULL;
}

/* survives_any_java: no change of a byte makes the parser read outside (ASan watches). */
static void survives_any_java(void **state) {
    (void)state;
    for (size_t i = 0; i < JAVA_SIZE; i++) {
        for (int bit = 0; bit < 8; bit++) {
            char *copy = malloc(JAVA_SIZE);
            size_t sum = 0;
            memcpy(copy, java_file, JAVA_SIZE);
            copy[i] = (char)(copy[i] ^ 1 << bit);
            sl_error_free(sl__java_file_read(sl_str_make(copy, JAVA_SIZE), take_any, &sum));
            free(copy);
        }
    }
}

/* ---- trouble ---- */

/* run_until_killed puts 1, 2, 3, ... and says each number once it is durable. */
static void run_until_killed(fixture *f, int to) {
    sl__offsets *o = NULL;
    if (sl__offsets_open_file(sl_str_of(f->path), &o)) {
        _exit(2);
    }
    int64_t n = position(f, o, "a", part(f, "x"));
    for (n = n < 0 ? 1 : n + 1;; n++) {
        if (put(o, "a", part(f, "x"), at(f, n)) || write(to, &n, sizeof n) != sizeof n) {
            _exit(3);
        }
    }
}

static void survives_kills(void **state) {
    fixture *f = *state;
    int64_t said = 0;
    for (int round = 0; round < 40; round++) {
        int pipe_fds[2];
        int64_t n;
        assert_int_equal(pipe(pipe_fds), 0);
        pid_t pid = fork();
        if (pid == 0) {
            run_until_killed(f, pipe_fds[1]);
        }
        close(pipe_fds[1]);
        for (int i = 0; i < 2 + round % 3 && read(pipe_fds[0], &n, sizeof n) == sizeof n; i++) {
            said = n; /* however slow the disk: it has stored something */
        }
        usleep((useconds_t)(round * 977 % 5000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(pipe_fds[0], &n, sizeof n) == sizeof n) {
            said = n;
        }
        close(pipe_fds[0]);
        sl__offsets *o = open_store(f);
        int64_t stored = position(f, o, "a", part(f, "x"));
        assert_true(stored == said || stored == said + 1 || (said == 0 && stored == -1));
        said = stored > said ? stored
                             : said; /* one that ended before it could say so counts in the next round */
        sl__offsets_close(o);
    }
    assert_true(said > 40);
}

/* fills puts larger and larger offsets until one fails; gives the last that did not. */
static int64_t fill(fixture *f, sl__offsets *o, sl_error **err) {
    for (int64_t n = 1; n < 100000; n++) {
        char name[64];
        snprintf(name, sizeof name, "file-%lld", (long long)n);
        *err = put(o, "a", part(f, name), at(f, n));
        if (*err) {
            return n - 1;
        }
    }
    fail_msg("the disk is never full");
    return 0;
}

static void check_full(fixture *f) {
    sl_error *err = NULL;
    char temp[400], name[64];
    sl__offsets *o = open_store(f);
    int64_t last = fill(f, o, &err);
    assert_true(last > 3);
    assert_int_equal(err->cls, SL_RETRIABLE);
    test_assert_error(err, SL_E_IO, f->path);
    snprintf(temp, sizeof temp, "%s.tmp", f->path);
    assert_int_equal(access(temp, F_OK), -1);
    snprintf(name, sizeof name, "file-%lld", (long long)last + 1);
    assert_int_equal(position(f, o, "a", part(f, name)), -1);
    sl__offsets_close(o);
    o = open_store(f);
    assert_int_equal(position(f, o, "a", part(f, name)), -1);
    snprintf(name, sizeof name, "file-%lld", (long long)last);
    assert_int_equal(position(f, o, "a", part(f, name)), last);
    for (int64_t n = 1; n <= last; n++) { /* room again */
        snprintf(name, sizeof name, "file-%lld", (long long)n);
        if (n > 3) {
            test_assert_ok(put(o, "a", part(f, name), sl_null()));
        }
    }
    test_assert_ok(put(o, "a", part(f, "after"), at(f, 7)));
    sl__offsets_close(o);
}

static void survives_a_full_disk(void **state) {
    fixture *f = *state;
    if (mount("none", f->dir, "tmpfs", 0, "size=64k") != 0) {
        skip(); /* no privilege; the limit on the file's size is tested anyway */
    }
    check_full(f);
    assert_int_equal(umount(f->dir), 0);
}

static void survives_a_file_that_may_not_grow(void **state) {
    fixture *f = *state;
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){2000, old.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    check_full(f);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, handler);
}

static void survives_no_memory(void **state) {
    fixture *f = *state;
    sl__offsets *o = open_store(f);
    sl_value x = part(f, "x"), one = at(f, 1), two = at(f, 2);
    test_assert_ok(put(o, "a", x, one));
    (void)test_fail_alloc(0);
    test_assert_ok(put(o, "a", x, one));
    unsigned all = test_fail_alloc(0);
    assert_true(all > 5);
    for (unsigned n = 1; n <= all; n++) {
        (void)test_fail_alloc(n);
        sl_error *err = put(o, "a", x, two);
        (void)test_fail_alloc(0);
        if (err) {
            assert_int_equal(position(f, o, "a", x), 1);
            sl_error_free(err);
        } else {
            test_assert_ok(put(o, "a", x, one)); /* a failure that did not matter */
        }
    }
    sl__offsets_close(o);
    (void)test_fail_alloc(0);
    o = open_store(f);
    all = test_fail_alloc(0);
    sl__offsets_close(o);
    for (unsigned n = 1; n <= all; n++) {
        (void)test_fail_alloc(n);
        sl_error *err = sl__offsets_open_file(sl_str_of(f->path), &o);
        (void)test_fail_alloc(0);
        sl_error_free(err);
        sl__offsets_close(err ? NULL : o);
    }
}

/* ---- many at once ---- */

typedef struct putter {
    fixture *f;
    sl__offsets *o;
    int id;
} putter;

static void *put_many(void *arg) {
    putter *p = arg;
    sl_arena arena;
    char name[16];
    sl_arena_init(&arena, 0);
    snprintf(name, sizeof name, "c%d", p->id);
    for (int n = 1; n <= 40; n++) {
        sl_value partition = map(&arena, "x", text("y"), NULL, sl_null());
        sl_error *err = put(p->o, name, partition, map(&arena, "position", sl_int64(n), NULL, sl_null()));
        sl_value back;
        err = err ? err : sl__offsets_get(p->o, sl_str_of(name), &partition, &arena, &back);
        if (err || sl_map_get(&back, SL_STR("position"))->i != n) {
            sl_error_free(err);
            p->id = -1;
            break;
        }
    }
    sl_arena_deinit(&arena);
    return NULL;
}

static void many_at_once(void **state) {
    enum { N = 8 };
    fixture *f = *state;
    pthread_t threads[N];
    putter putters[N];
    sl__offsets *o = open_store(f);
    for (int i = 0; i < N; i++) {
        putters[i] = (putter){f, o, i};
        pthread_create(&threads[i], NULL, put_many, &putters[i]);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(putters[i].id, i);
    }
    sl__offsets_close(o);
    o = open_store(f);
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(position(f, o, name, map(&f->arena, "x", text("y"), NULL, sl_null())), 40);
    }
    sl__offsets_close(o);
}

static void follows_a_link(void **state) {
    fixture *f = *state;
    char target[400];
    struct stat st;
    snprintf(target, sizeof target, "%s/real", f->dir);
    test_write_file(target, "");
    assert_int_equal(symlink(target, f->path), 0);
    sl__offsets *o = open_store(f);
    test_assert_ok(put(o, "a", part(f, "x"), at(f, 1)));
    sl__offsets_close(o);
    assert_int_equal(lstat(f->path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    o = open_store(f);
    assert_int_equal(position(f, o, "a", part(f, "x")), 1);
    sl__offsets_close(o);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(keeps_over_a_restart),
        CASE(finds_partitions_in_any_order),
        CASE(keeps_every_kind_of_value),
        CASE(writes_numbers_as_java),
        CASE(refuses_what_json_has_not),
        CASE(gives_each_of_a_connector),
        CASE(serves_one_worker),
        CASE(refuses_damaged_files),
        CASE(takes_over_java),
        CASE(stays_java),
        CASE(writes_java),
        CASE(refuses_broken_java),
        CASE(survives_any_java),
        CASE(survives_kills),
        CASE(survives_a_full_disk),
        CASE(survives_a_file_that_may_not_grow),
        CASE(survives_no_memory),
        CASE(many_at_once),
        CASE(follows_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
