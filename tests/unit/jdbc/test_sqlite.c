/*
 * test_sqlite.c - the JDBC sink on real SQLite files: the common cases, and what is SQLite's own.
 */
#include "cases.h"
#include "types.h"

#include <sqlite3.h>

bed_database bed_db;
static char url[300];

static void open_file(sqlite3 **db) {
    assert_int_equal(sqlite3_open(url + strlen("jdbc:sqlite:"), db), SQLITE_OK);
    (void)sqlite3_busy_timeout(*db, 5000);
}

static void run_sql(const char *sql) {
    sqlite3 *db;
    char *message = NULL;
    open_file(&db);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s: %s", sql, message);
    }
    (void)sqlite3_close(db);
}

static void read_sql(const char *sql, char *out, size_t max) {
    sqlite3 *db;
    sqlite3_stmt *st;
    size_t n = 0;
    open_file(&db);
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    }
    out[0] = 0;
    for (int row = 0; sqlite3_step(st) == SQLITE_ROW; row++) {
        for (int i = 0; i < sqlite3_column_count(st); i++) {
            const unsigned char *cell = sqlite3_column_text(st, i);
            n += (size_t)snprintf(out + n, max - n, "%s%s",
                                  i     ? "|"
                                  : row ? ";"
                                        : "",
                                  cell ? (const char *)cell : "~");
        }
    }
    (void)sqlite3_finalize(st);
    (void)sqlite3_close(db);
}

int main(void) {
    char dir[200];
    (void)snprintf(dir, sizeof dir, "%s", test_temp_dir());
    (void)snprintf(url, sizeof url, "jdbc:sqlite:%s/test.db", dir);
    bed_db = (bed_database){.postgres = false, .url = url, .run = run_sql, .rows = read_sql};
    run_sql("PRAGMA journal_mode=WAL");
    const struct CMUnitTest tests[] = {JDBC_CASES, JDBC_TYPE_CASES};
    int failed = cmocka_run_group_tests_name("jdbc sqlite", tests, NULL, NULL);
    test_remove_dir(dir);
    return failed;
}
