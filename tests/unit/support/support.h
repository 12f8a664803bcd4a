/*
 * support.h - helpers of unit tests: assertions on strings and errors, allocation failures, a fake host,
 * configurations.
 *
 * Threads: sl_test_fail_at counts the allocations of all threads. Memory: as each function says.
 */
#ifndef SLUICE_UNIT_SUPPORT_H
#define SLUICE_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sluice/plugin.h>

/* test_assert_str compares a view with a literal. */
#define test_assert_str(s, z) test_assert_str_at((s), (z), __FILE__, __LINE__)
void test_assert_str_at(sl_str s, const char *z, const char *file, int line);

/* test_assert_ok fails with the error's text if there is one. */
#define test_assert_ok(call) test_assert_ok_at((call), __FILE__, __LINE__)
void test_assert_ok_at(sl_error *err, const char *file, int line);

/* test_assert_error expects an error of that code whose text contains `part`, and frees it. */
#define test_assert_error(call, code, part) test_assert_error_at((call), (code), (part), __FILE__, __LINE__)
void test_assert_error_at(sl_error *err, sl_error_code code, const char *part, const char *file, int line);

/* test_assert_contains expects `part` in a text. */
#define test_assert_contains(text, part) test_assert_contains_at((text), (part), __FILE__, __LINE__)
void test_assert_contains_at(const char *text, const char *part, const char *file, int line);

/* test_fail_alloc makes the n-th allocation from now on (1 = the next), and all after it, fail; 0 = none any
   more. Gives how many allocations there were since the last call. Only what is linked into the test is
   affected, not loaded plugins. */
unsigned test_fail_alloc(unsigned n);

/* test_host: a host whose schemas are the runtime's, that logs nothing and has no offsets; test_reports
   counts what was given to report. */
const sl_host *test_host(void);
extern unsigned test_reports;

/* test_config makes a configuration of "key", "value", ..., NULL in the arena; the value NULL is written as
 * test_null. */
sl_config test_config(sl_arena *arena, ...) __attribute__((sentinel));
extern const char test_null[];

/* test_temp_dir makes an empty folder and gives its path (static until the next call); test_remove_dir
   deletes one with all its files. */
const char *test_temp_dir(void);
void test_remove_dir(const char *path);

/* test_write_file writes a text file. */
void test_write_file(const char *path, const char *text);

/* test_find_problem gives the message of a key's problem, or NULL. */
const char *test_find_problem(const sl_config_report *r, const char *key);

#endif
