/*
 * test_sqlite.c - the JDBC sink on real SQLite files: the common cases, and what is SQLite's own.
 */
#include "cases.h"
#include "types.h"

#include <pthread.h>
#include <sqlite3.h>
#include <time.h>
#include <unistd.h>

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

static int64_t now_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *interrupt_soon(void *arg) {
    bed *b = arg;
    usleep(200000);
    b->ops->interrupt(b->task);
    return NULL;
}

/* Another process holds the write lock: put waits, is interrupted, waits to the end, and succeeds once it is
 * free. */
static void test_locked_file(void **state) {
    (void)state;
    bed b;
    sqlite3 *other;
    pthread_t id;
    char short_wait[400];
    fresh("t_busy");
    (void)snprintf(short_wait, sizeof short_wait, "%s?busy_timeout=300", url);
    bed_debezium(&b, UPSERT, CREATE, "flush.retry.delay.ms", "0", "connection.url", short_wait);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_busy", 1, "a", 1);
    bed_put(&b);
    open_file(&other);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    add_write(&b, &s, "t_busy", 2, "b", 2);
    test_assert_error(bed_try(&b), SL_E_DATABASE, "lock");
    bed_close(&b);
    bed_debezium(&b, UPSERT, "flush.retry.delay.ms", "0");
    s = make_trio(&b);
    add_write(&b, &s, "t_busy", 2, "b", 2);
    assert_int_equal(pthread_create(&id, NULL, interrupt_soon, &b), 0);
    int64_t began = now_ms();
    test_assert_error(bed_try(&b), SL_E_INTERRUPTED, "interrupted");
    assert_true(now_ms() - began < 1200);
    (void)pthread_join(id, NULL);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(other);
    bed_put(&b);
    bed_expect("SELECT count(*) FROM t_busy", "2");
    bed_close(&b);
}

static void test_wrong_files(void **state) {
    (void)state;
    bed b;
    char file[400];
    test_assert_error(
        bed_start(&b, &jdbc_debezium_sink, BED_PAIRS("connection.url", "/nonexistent/folder/x.db")),
        SL_E_CONFIG, "folder");
    bed_close(&b);
    (void)snprintf(file, sizeof file, "%s.txt", url + strlen("jdbc:sqlite:"));
    FILE *f = fopen(file, "wbe");
    assert_non_null(f);
    for (int i = 0; i < 100; i++) {
        (void)fputs("this is no database, only text\n", f);
    }
    (void)fclose(f);
    test_assert_error(bed_start(&b, &jdbc_debezium_sink, BED_PAIRS("connection.url", file)), SL_E_CONFIG,
                      "no SQLite database");
    bed_close(&b);
}

static void test_existing_columns(void **state) {
    (void)state;
    bed b;
    fresh("t_old");
    bed_db.run("CREATE TABLE T_Old (ID INTEGER PRIMARY KEY, stamp INTEGER, amount NUMERIC, flag TEXT, gen AS "
               "(id + 1))");
    bed_confluent(&b, "insert.mode", "upsert", "pk.mode", "record_value", "pk.fields", "id",
                  "quote.sql.identifiers", "ALWAYS");
    const sl_schema *row = bed_struct(&b, {"id", bed_type(&b, SL_INT64, false)},
                                      {"stamp", bed_named(&b, SL_INT64, CONNECT "Timestamp")},
                                      {"amount", bed_param(&b, SL_BYTES, CONNECT "Decimal", "scale", "2")},
                                      {"flag", bed_type(&b, SL_BOOL, true)});
    (void)bed_add(&b, "t_old", NULL, sl_null(), row,
                  bed_row(&b, sl_int64(1), sl_int64(1714979289123), raw_bytes("\xfb\x2e", 2), sl_bool(true)));
    bed_put(&b);
    bed_expect("SELECT id, stamp, amount, typeof(amount), flag, gen FROM t_old",
               "1|1714979289123|-12.34|real|1|2");
    const sl_schema *more =
        bed_struct(&b, {"id", bed_type(&b, SL_INT64, false)}, {"gen", bed_type(&b, SL_INT64, true)});
    (void)bed_add(&b, "t_old", NULL, sl_null(), more, bed_row(&b, sl_int64(1), sl_int64(5)));
    test_assert_error(bed_try(&b), SL_E_CONFIG, "generated");
    bed_close(&b);
}

/* db.timezone, timestamp.fields.list, the Julian calendar, replace.null.with.default. */
static void test_confluent_rules(void **state) {
    (void)state;
    bed b;
    fresh("t_rules");
    bed_confluent(&b, "auto.create", "true", "db.timezone", "+02:00", "timestamp.fields.list", "l,s",
                  "date.timezone", "UTC");
    sl_value seven = sl_int32(7);
    const sl_schema *row = bed_struct(
        &b, {"t", bed_named(&b, SL_INT64, CONNECT "Timestamp")}, {"l", bed_type(&b, SL_INT64, true)},
        {"s", bed_type(&b, SL_STRING, true)}, {"d", bed_named(&b, SL_INT32, CONNECT "Date")},
        {"i", bed_intern(&b, &(sl_schema){.type = SL_INT32, .optional = true, .default_value = &seven})});
    (void)bed_add(
        &b, "t_rules", NULL, sl_null(), row,
        bed_row(&b, sl_int64(0), sl_int64(1), text("1970-01-01T00:00:00Z"), sl_int32(-141428), sl_null()));
    bed_put(&b);
    bed_expect("SELECT t, l, s, d, i FROM t_rules",
               "1970-01-01 02:00:00|1970-01-01 02:00:00.000001|1970-01-01 02:00:00|1582-10-04|7");
    bed_close(&b);
}

static void test_validate_only(void **state) {
    (void)state;
    bed b;
    fresh("t_absent");
    test_assert_error(bed_start(&b, &jdbc_debezium_sink,
                                BED_PAIRS("schema.evolution", "validate-only", "topics", "t_absent")),
                      SL_E_CONFIG, "'t_absent'");
    bed_close(&b);
    bed_db.run("CREATE TABLE t_absent (id integer)");
    bed_debezium(&b, "schema.evolution", "validate-only", "topics", "t_absent");
    bed_close(&b);
}

/* Whatever allocation fails, put says so, nothing leaks, and the same batch succeeds afterwards. */
static void test_allocation_failures(void **state) {
    (void)state;
    unsigned failed = 0;
    fresh("t_alloc");
    fresh("t_alloc2");
    for (unsigned n = 1; n < 2000; n++) {
        bed b;
        bed_debezium(&b, UPSERT, CREATE, "delete.enabled", "true", "flush.retry.delay.ms", "0");
        trio s = make_trio(&b);
        add_event(&b, &s, "t_alloc", "c", 1, "a", 1);
        add_event(&b, &s, "t_alloc", "u", 1, "__debezium_unavailable_value", 2);
        add_tombstone(&b, &s, "t_alloc", 1);
        add_write(&b, &s, "t_alloc", 2, "b", 2);
        const sl_schema *list =
            bed_intern(&b, &(sl_schema){.type = SL_ARRAY, .optional = true, .element = s.row});
        const sl_schema *nested = bed_struct(&b, {"id", bed_type(&b, SL_INT32, false)}, {"list", list});
        (void)bed_add(
            &b, "t_alloc2", s.key, key_of(&b, 1), nested,
            bed_row(&b, sl_int32(1), bed_row_of(&b, SL_ARRAY, 1, (sl_value[]){row_of(&b, 1, "a", 1)})));
        (void)test_fail_alloc(n);
        sl_error *err = bed_try(&b);
        (void)test_fail_alloc(0);
        if (err) {
            failed++;
            sl_error_free(err);
            test_assert_ok(bed_try(&b));
        }
        bed_expect("SELECT id, name FROM t_alloc", "2|b");
        bed_expect("SELECT list FROM t_alloc2", "[{\"id\":1,\"name\":\"a\",\"n\":1}]");
        assert_int_equal(b.state.reports, 0);
        bed_db.run("DROP TABLE t_alloc2");
        bed_close(&b);
        if (!err) {
            break;
        }
    }
    assert_true(failed > 10);
}

int main(void) {
    char dir[200];
    (void)snprintf(dir, sizeof dir, "%s", test_temp_dir());
    (void)snprintf(url, sizeof url, "jdbc:sqlite:%s/test.db", dir);
    bed_db = (bed_database){.postgres = false, .url = url, .run = run_sql, .rows = read_sql};
    run_sql("PRAGMA journal_mode=WAL");
    const struct CMUnitTest tests[] = {
        JDBC_CASES,
        JDBC_TYPE_CASES,
        cmocka_unit_test(test_locked_file),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_existing_columns),
        cmocka_unit_test(test_confluent_rules),
        cmocka_unit_test(test_validate_only),
        cmocka_unit_test(test_allocation_failures),
    };
    int failed = cmocka_run_group_tests_name("jdbc sqlite", tests, NULL, NULL);
    test_remove_dir(dir);
    return failed;
}
