/*
 * test_providers.c - config providers: properties files, folders, the environment; what is allowed; secrets.
 */
#include "bed.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "s3cret-4711"

typedef struct place {
    char dir[256];
    char other[256];
} place;

static void path_in(char *out, size_t size, const char *dir, const char *name) {
    snprintf(out, size, "%s/%s", dir, name);
}

static void write_in(const char *dir, const char *name, const char *text) {
    char path[512];
    path_in(path, sizeof path, dir, name);
    test_write_file(path, text);
}

static place make_place(void) {
    place p;
    char real[4096];
    assert_non_null(realpath(test_temp_dir(), real));
    snprintf(p.dir, sizeof p.dir, "%.200s", real);
    assert_non_null(realpath(test_temp_dir(), real));
    snprintf(p.other, sizeof p.other, "%.200s", real);
    return p;
}

static void remove_place(const place *p) {
    test_remove_dir(p->dir);
    test_remove_dir(p->other);
}

static void start(bed *b, const char *name, const char *conf) {
    test_assert_ok(bed_init(b, SL_KIND_CONFIG_PROVIDER, name, conf));
    test_assert_ok(bed_open(b));
}

static void stop(bed *b) {
    b->def->config_provider->close(b->state);
    bed_deinit(b);
}

/* get gives the value, or "!" and the error's text. */
static const char *get(bed *b, const char *path, const char *key) {
    sl_str value = SL_STR_NONE;
    char text[1024];
    sl_error *err =
        b->def->config_provider->get(b->state, sl_str_of(path), sl_str_of(key), &b->arena, &value);
    if (!err) {
        assert_non_null(value.p);
        return sl_arena_str(&b->arena, value).p;
    }
    assert_int_equal(err->cls, SL_USER);
    assert_int_equal(err->code, SL_E_CONFIG);
    sl_str out = sl_arena_printf(&b->arena, "!%s", sl_error_text(err, text, sizeof text));
    assert_null(strstr(out.p, SECRET));
    sl_error_free(err);
    return out.p;
}

static void check_error(const char *found, const char *part) {
    assert_int_equal(found[0], '!');
    test_assert_contains(found, part);
}

/* ---- properties ---- */

static void test_properties(void **state) {
    static const struct {
        const char *file, *key, *want;
    } cases[] = {
        {"a=1", "a", "1"},
        {"a = 1 ", "a", "1 "},
        {"a:1\nb 2\nc\t=\t3", "b", "2"},
        {"a:1\nb 2\nc\t=\t3", "c", "3"},
        {"a:=1", "a", "=1"},
        {"a\n", "a", ""},
        {"a=", "a", ""},
        {"a=1\na=2\n", "a", "2"},
        {"# a=1\n! a=2\n  # a=3\na=4", "a", "4"},
        {"a=1\\\n   2\\\n3", "a", "123"},
        {"a=1\\\r\n   2\r\nb=3", "a", "12"},
        {"a=1\\\r\n   2\r\nb=3", "b", "3"},
        {"a=1\rb=2", "b", "2"},
        {"a=1\\\\\nb=2", "a", "1\\"},
        {"a=\\\n# no comment", "a", "# no comment"},
        {"a\\ b\\=c\\:d=1", "a b=c:d", "1"},
        {"a=\\t\\n\\r\\f\\q\\\"", "a", "\t\n\r\fq\""},
        {"a=\\u00e4\\u20AC\\ud83d\\uDE00\\u0041", "a",
         "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"
         "A"},
        {"\\u0061=b", "a", "b"},
        {"a=\xc3\xa4", "a", "\xc3\xa4"},
        {"a=1\\", "a", "1"},
        {"a.b-c_d=" SECRET, "a.b-c_d", SECRET},
    };
    (void)state;
    place p = make_place();
    char path[512];
    path_in(path, sizeof path, p.dir, "f.properties");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bed b;
        test_write_file(path, cases[i].file);
        start(&b, "file", "");
        const char *found = get(&b, path, cases[i].key);
        if (strcmp(found, cases[i].want) != 0) {
            print_error("%s\nfound %s, expected %s\n", cases[i].file, found, cases[i].want);
            fail();
        }
        stop(&b);
    }
    remove_place(&p);
}

static void test_bad_properties(void **state) {
    static const struct {
        const char *file, *error;
    } cases[] = {
        {"b=" SECRET, "has no key 'a'"},
        {"", "has no key 'a'"},
        {"b=" SECRET "\\u12\na=1", "four hexadecimal digits"},
        {"a=" SECRET "\\uzzzz", "four hexadecimal digits"},
        {"a=" SECRET "\\ud83d", "four hexadecimal digits"},
        {"a=" SECRET "\\ud83d\\u0041", "four hexadecimal digits"},
        {"a=" SECRET "\\u0000", "four hexadecimal digits"},
        {"a=" SECRET "\xff", "no UTF-8 text"},
    };
    (void)state;
    place p = make_place();
    char path[512];
    bed b;
    path_in(path, sizeof path, p.dir, "f.properties");
    start(&b, "file", "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_write_file(path, cases[i].file);
        const char *found = get(&b, path, "a");
        check_error(found, cases[i].error);
        test_assert_contains(found, path);
    }
    check_error(get(&b, p.dir, "a"), "no regular file");
    check_error(get(&b, "", "a"), "cannot read ''");
    path_in(path, sizeof path, p.dir, "missing");
    check_error(get(&b, path, "a"), "No such file");
    path_in(path, sizeof path, p.dir, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    check_error(get(&b, path, "a"), "no regular file");
    char *large = calloc(1, 1100000);
    memset(large, 'x', 1099999);
    path_in(path, sizeof path, p.dir, "large");
    test_write_file(path, large);
    check_error(get(&b, path, "a"), "larger than 1 MB");
    free(large);
    stop(&b);
    remove_place(&p);
}

/* ---- what is allowed ---- */

static void test_allowed_paths(void **state) {
    (void)state;
    place p = make_place();
    char conf[1024], inside[512], outside[512], link[512], way[1024], sibling[512];
    path_in(inside, sizeof inside, p.dir, "in");
    path_in(outside, sizeof outside, p.other, "out");
    path_in(link, sizeof link, p.dir, "link");
    snprintf(sibling, sizeof sibling, "%s-sibling", p.dir);
    test_write_file(inside, "a=1");
    test_write_file(outside, "a=" SECRET);
    test_write_file(sibling, "a=" SECRET);
    assert_int_equal(symlink(outside, link), 0);
    snprintf(way, sizeof way, "%s/../%s/out", p.dir, strrchr(p.other, '/') + 1);
    bed b;
    snprintf(conf, sizeof conf, "allowed.paths=%s", p.dir);
    start(&b, "file", conf);
    assert_string_equal(get(&b, inside, "a"), "1");
    check_error(get(&b, outside, "a"), "not below allowed.paths");
    check_error(get(&b, link, "a"), "not below allowed.paths");
    check_error(get(&b, way, "a"), "not below allowed.paths");
    check_error(get(&b, sibling, "a"), "not below allowed.paths");
    stop(&b);
    snprintf(conf, sizeof conf, "allowed.paths=/nowhere-at-all,%s", p.dir);
    test_assert_ok(bed_init(&b, SL_KIND_CONFIG_PROVIDER, "file", conf));
    test_assert_error(bed_open(&b), SL_E_CONFIG, "allowed.paths: cannot read '/nowhere-at-all'");
    bed_deinit(&b);
    test_assert_ok(bed_init(&b, SL_KIND_CONFIG_PROVIDER, "file", "allowed.paths=relative/path"));
    test_assert_error(bed_open(&b), SL_E_CONFIG, "expected absolute paths, got 'relative/path'");
    bed_deinit(&b);
    test_assert_ok(bed_init(&b, SL_KIND_CONFIG_PROVIDER, "directory", "allowed.paths=,"));
    test_assert_error(bed_open(&b), SL_E_CONFIG, "expected absolute paths, got ''");
    bed_deinit(&b);
    snprintf(conf, sizeof conf, "allowed.paths=%s,%s", p.other, inside);
    start(&b, "file", conf);
    assert_string_equal(get(&b, inside, "a"), "1");
    assert_string_equal(get(&b, link, "a"), SECRET);
    stop(&b);
    unlink(sibling);
    remove_place(&p);
}

static void test_directory(void **state) {
    (void)state;
    place p = make_place();
    char conf[512], target[512], link[512];
    write_in(p.dir, "key", "value\n");
    write_in(p.dir, "empty", "");
    write_in(p.dir, "binary", SECRET "\xff");
    write_in(p.other, "out", SECRET);
    path_in(target, sizeof target, p.other, "out");
    path_in(link, sizeof link, p.dir, "link");
    assert_int_equal(symlink(target, link), 0);
    bed b;
    snprintf(conf, sizeof conf, "allowed.paths=%s", p.dir);
    start(&b, "directory", conf);
    assert_string_equal(get(&b, p.dir, "key"), "value\n");
    assert_string_equal(get(&b, p.dir, "empty"), "");
    check_error(get(&b, p.dir, "missing"), "No such file");
    check_error(get(&b, p.dir, "binary"), "no UTF-8 text");
    check_error(get(&b, p.dir, "link"), "not below allowed.paths");
    check_error(get(&b, p.other, "out"), "not below allowed.paths");
    check_error(get(&b, p.dir, "../x"), "must be the name of a file");
    check_error(get(&b, p.dir, ".."), "must be the name of a file");
    check_error(get(&b, p.dir, "."), "must be the name of a file");
    check_error(get(&b, p.dir, ""), "must be the name of a file");
    stop(&b);
    start(&b, "directory", "");
    assert_string_equal(get(&b, p.dir, "link"), SECRET);
    stop(&b);
    remove_place(&p);
}

/* ---- the environment ---- */

static void test_environment(void **state) {
    (void)state;
    bed b;
    setenv("SLUICE_TEST_ONE", SECRET, 1);
    setenv("SLUICE_TEST_EMPTY", "", 1);
    unsetenv("SLUICE_TEST_NONE");
    start(&b, "env", "");
    assert_string_equal(get(&b, "", "SLUICE_TEST_ONE"), SECRET);
    assert_string_equal(get(&b, "", "SLUICE_TEST_EMPTY"), "");
    check_error(get(&b, "", "SLUICE_TEST_NONE"), "'SLUICE_TEST_NONE' is not set, or allowlist.pattern");
    check_error(get(&b, "path", "SLUICE_TEST_ONE"), "has no paths");
    stop(&b);
    static const struct {
        const char *pattern;
        bool allowed;
    } patterns[] = {{"SLUICE_.*", true},
                    {"SLUICE", false},
                    {"TEST_ONE", false},
                    {".*", true},
                    {"", false},
                    {"A|SLUICE_TEST_ONE", true},
                    {"SLUICE_TEST_(ONE|TWO)", true}};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        char conf[128];
        snprintf(conf, sizeof conf, "allowlist.pattern=%s", patterns[i].pattern);
        start(&b, "env", conf);
        const char *found = get(&b, "", "SLUICE_TEST_ONE");
        if (patterns[i].allowed) {
            assert_string_equal(found, SECRET);
        } else {
            check_error(found, "allowlist.pattern does not allow it");
        }
        stop(&b);
    }
    test_assert_ok(bed_init(&b, SL_KIND_CONFIG_PROVIDER, "env", "allowlist.pattern=(x"));
    test_assert_error(bed_open(&b), SL_E_CONFIG, "allowlist.pattern is no regular expression");
    bed_deinit(&b);
}

/* ---- without memory ---- */

static void test_without_memory(void **state) {
    (void)state;
    place p = make_place();
    char path[512], conf[600];
    write_in(p.dir, "f", "x=1\na=2\\u0041\\\n34");
    path_in(path, sizeof path, p.dir, "f");
    snprintf(conf, sizeof conf, "allowed.paths=%s", p.dir);
    static const char *const names[] = {"file", "directory", "env"};
    for (size_t i = 0; i < 3; i++) {
        bool done = false;
        for (unsigned n = 1; !done; n++) {
            assert_true(n < 100);
            bed b;
            sl_str value;
            test_assert_ok(
                bed_init(&b, SL_KIND_CONFIG_PROVIDER, names[i], i == 2 ? "allowlist.pattern=PATH" : conf));
            b.arena.end = b.arena.cur;
            b.arena.chunk_size = 1;
            (void)test_fail_alloc(n);
            sl_error *err = bed_open(&b);
            if (!err) {
                const sl_config_provider_ops *ops = b.def->config_provider;
                err = ops->get(b.state,
                               sl_str_of(i == 0   ? path
                                         : i == 1 ? p.dir
                                                  : ""),
                               sl_str_of(i == 0   ? "a"
                                         : i == 1 ? "f"
                                                  : "PATH"),
                               &b.arena, &value);
                ops->close(b.state);
            }
            done = test_fail_alloc(0) < n;
            assert_true(!done || !err);
            sl_error_free(err);
            bed_deinit(&b);
        }
    }
    remove_place(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties),    cmocka_unit_test(test_bad_properties),
        cmocka_unit_test(test_allowed_paths), cmocka_unit_test(test_directory),
        cmocka_unit_test(test_environment),   cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
