/*
 * support.c - helpers of unit tests.
 */
#include "support/support.h"

#include <dirent.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/schema.h"

void test_assert_str_at(sl_str s, const char *z, const char *file, int line) {
    if (s.p && sl_str_eqz(s, z)) {
        return;
    }
    print_error("found %s'%.*s', expected '%s'\n", s.p ? "" : "(absent) ", SL_STR_ARG(s), z);
    _fail(file, line);
}

void test_assert_ok_at(sl_error *err, const char *file, int line) {
    char text[1024];
    if (err) {
        print_error("unexpected error: %s\n", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        _fail(file, line);
    }
}

void test_assert_contains_at(const char *text, const char *part, const char *file, int line) {
    if (!text || !strstr(text, part)) {
        print_error("expected '%s' in '%s'\n", part, text ? text : "(null)");
        _fail(file, line);
    }
}

void test_assert_error_at(sl_error *err, sl_error_code code, const char *part, const char *file, int line) {
    char text[4096];
    if (!err) {
        print_error("expected an error with '%s', found none\n", part);
        _fail(file, line);
        return;
    }
    sl_error_code found = err->code;
    sl_error_text(err, text, sizeof text);
    sl_error_free(err);
    if (found != code) {
        print_error("expected error code %s, found %s: %s\n", sl_error_code_name(code),
                    sl_error_code_name(found), text);
        _fail(file, line);
    }
    test_assert_contains_at(text, part, file, line);
}

/* ---- allocation failures ---- */

static _Atomic unsigned fail_at;
static _Atomic unsigned allocations;

bool sl_test_alloc_fails(void);
bool sl_test_alloc_fails(void) {
    unsigned nth = atomic_fetch_add(&allocations, 1) + 1;
    unsigned at = atomic_load(&fail_at);
    return at && nth >= at;
}

unsigned test_fail_alloc(unsigned n) {
    unsigned before = atomic_exchange(&allocations, 0);
    atomic_store(&fail_at, n);
    return before;
}

/* ---- fake host ---- */

unsigned test_reports;

static void host_log(const sl_context *ctx, sl_log_level level, const char *fmt, ...) {
    (void)ctx;
    (void)level;
    (void)fmt;
}

static sl_error *host_offset_read(const sl_context *ctx, const sl_value *partition, sl_arena *arena,
                                  sl_value *offset) {
    (void)ctx;
    (void)partition;
    (void)arena;
    *offset = sl_null();
    return NULL;
}

static sl_error *host_report(const sl_context *ctx, const sl_record *record, sl_error *err) {
    (void)ctx;
    (void)record;
    test_reports++;
    sl_error_free(err);
    return NULL;
}

static void host_nothing(const sl_context *ctx) {
    (void)ctx;
}

static bool host_stopping(const sl_context *ctx) {
    (void)ctx;
    return false;
}

static void host_metric(const sl_context *ctx, const char *name, int64_t value) {
    (void)ctx;
    (void)name;
    (void)value;
}

const sl_host *test_host(void) {
    static const sl_host host = {
        .struct_size = sizeof(sl_host),
        .abi_major = SL_ABI_MAJOR,
        .abi_minor = SL_ABI_MINOR,
        .log = host_log,
        .schema_intern = sl__schema_intern,
        .schema_ref = sl__schema_ref,
        .schema_unref = sl__schema_unref,
        .offset_read = host_offset_read,
        .report = host_report,
        .reconfigure = host_nothing,
        .wake = host_nothing,
        .stopping = host_stopping,
        .metric_set = host_metric,
        .metric_add = host_metric,
    };
    return &host;
}

/* ---- configurations and files ---- */

const char test_null[] = "";

sl_config test_config(sl_arena *arena, ...) {
    sl_config_entry *entries = sl_arena_zalloc(arena, 128 * sizeof *entries);
    size_t n = 0;
    const char *key;
    va_list args;
    assert_non_null(entries);
    va_start(args, arena);
    while ((key = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);
        assert_true(n < 128);
        entries[n].key = sl_str_of(key);
        entries[n++].value = value == test_null ? SL_STR_NONE : sl_str_of(value);
    }
    va_end(args);
    return (sl_config){entries, n};
}

const char *test_temp_dir(void) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/sluice-unit-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

void test_remove_dir(const char *path) {
    DIR *dir = opendir(path);
    struct dirent *e;
    while (dir && (e = readdir(dir))) {
        char file[PATH_MAX];
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(file) != 0) {
            test_remove_dir(file);
        }
    }
    if (dir) {
        closedir(dir);
    }
    rmdir(path);
}

void test_write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

const char *test_find_problem(const sl_config_report *r, const char *key) {
    for (size_t i = 0; i < r->n; i++) {
        if (key ? r->items[i].key.p && sl_str_eqz(r->items[i].key, key) : !r->items[i].key.p) {
            return r->items[i].message.p;
        }
    }
    return NULL;
}
