/*
 * test_postgres.c - the JDBC sink on a real PostgreSQL: the common cases, and what is PostgreSQL's own.
 *
 * The server comes from PGHOST, PGPORT, PGUSER and PGDATABASE (a superuser; a role `secret` with the password
 * `s3cret` that must give it, as tests/support/postgres.sh makes one). run.sh starts one and builds this.
 */
#include "../../unit/jdbc/cases.h"
#include "../../unit/jdbc/types.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

bed_database bed_db;
static PGconn *pg;
static char url[300];

static void run_sql(const char *sql) {
    PGresult *res = PQexec(pg, sql);
    if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    }
    PQclear(res);
}

static void read_sql(const char *sql, char *out, size_t max) {
    PGresult *res = PQexec(pg, sql);
    size_t n = 0;
    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    }
    out[0] = 0;
    for (int r = 0; r < PQntuples(res); r++) {
        for (int i = 0; i < PQnfields(res); i++) {
            n += (size_t)snprintf(out + n, max - n, "%s%s",
                                  i   ? "|"
                                  : r ? ";"
                                      : "",
                                  PQgetisnull(res, r, i) ? "~" : PQgetvalue(res, r, i));
        }
    }
    PQclear(res);
}

static int64_t now_ms(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- existing tables: values become what the column is ---- */

static void test_existing_types(void **state) {
    (void)state;
    bed b;
    run_sql("DROP TABLE IF EXISTS t_existing; DROP TYPE IF EXISTS mood; DROP DOMAIN IF EXISTS posint");
    run_sql("CREATE TYPE mood AS ENUM ('sad', 'ok')");
    run_sql("CREATE DOMAIN posint AS integer CHECK (VALUE > 0)");
    run_sql("CREATE TABLE t_existing (id numeric PRIMARY KEY, small smallint, t text, v varchar(5), c "
            "char(4), m mood, p posint, j jsonb, "
            "ip inet, f real, b bit(1), ts timestamptz, d date, n numeric(6,2), i integer, a text[], u uuid, "
            "x bytea, iv interval)");
    bed_debezium(&b, "insert.mode", "upsert", "primary.key.mode", "record_value", "primary.key.fields", "id");
    const sl_schema *t = bed_type(&b, SL_STRING, true), *i64 = bed_type(&b, SL_INT64, true);
    const sl_schema *dec = bed_param(&b, SL_BYTES, CONNECT "Decimal", "scale", "2");
    const sl_schema *row = bed_struct(
        &b, {"id", bed_type(&b, SL_INT64, false)}, {"small", i64}, {"t", i64}, {"v", t}, {"c", t}, {"m", t},
        {"p", i64}, {"j", t}, {"ip", t}, {"f", dec}, {"b", bed_type(&b, SL_BOOL, true)},
        {"ts", bed_named(&b, SL_INT64, TIME "MicroTimestamp")},
        {"d", bed_named(&b, SL_INT64, CONNECT "Timestamp")}, {"n", bed_type(&b, SL_FLOAT64, true)},
        {"i", dec}, {"a", bed_intern(&b, &(sl_schema){.type = SL_ARRAY, .optional = true, .element = i64})},
        {"u", t}, {"x", bed_type(&b, SL_BYTES, true)}, {"iv", i64});
    sl_value array = bed_row_of(&b, SL_ARRAY, 2, (sl_value[]){sl_int64(1), sl_int64(2)});
    sl_value good[] = {sl_int64(1),
                       sl_int64(5),
                       sl_int64(42),
                       text("five5"),
                       text("ab"),
                       text("ok"),
                       sl_int64(3),
                       text("{\"k\":1}"),
                       text("10.0.0.1/8"),
                       sl_bytes(sl_str_make("\x01\xf4", 2)),
                       sl_bool(true),
                       sl_int64(0),
                       sl_int64(86400000),
                       sl_float64(12.345),
                       sl_bytes(sl_str_make("\x01\xf4", 2)),
                       array,
                       text("{5b1dc2a09eb54c058f4b0d2c3f4a5b6c}"),
                       sl_bytes(SL_STR("zz")),
                       sl_null()};
    size_t n = sizeof good / sizeof good[0];
    (void)bed_add(&b, "t_existing", NULL, sl_null(), row, bed_row_of(&b, SL_STRUCT, n, good));
    static const struct {
        size_t at;
        const char *z;
        int64_t v;
    } wrong[] = {{1, NULL, 70000}, {3, "sixsix", 0},  {5, "glad", 0}, {6, NULL, -1},
                 {7, "{", 0},      {8, "nowhere", 0}, {16, "5b1", 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        sl_value bad[sizeof good / sizeof good[0]];
        memcpy(bad, good, sizeof good);
        bad[0] = sl_int64((int64_t)i + 2);
        bad[wrong[i].at] = wrong[i].z ? text(wrong[i].z) : sl_int64(wrong[i].v);
        (void)bed_add(&b, "t_existing", NULL, sl_null(), row, bed_row_of(&b, SL_STRUCT, n, bad));
    }
    bed_put(&b);
    assert_int_equal(b.state.reports, 7);
    bed_expect(
        "SELECT id, small, t, v, c, m, p, j, ip, f, b, ts, d, n, i, a, u, x FROM t_existing",
        "1|5|42|five5|ab  |ok|3|{\"k\": 1}|10.0.0.1/8|5|1|1970-01-01 00:00:00+00|1970-01-02|12.35|5|{1,2}|"
        "5b1dc2a0-9eb5-4c05-8f4b-0d2c3f4a5b6c|\\x7a7a");
    bed_close(&b);
}

static void test_keys_of_other_types(void **state) {
    (void)state;
    bed b;
    run_sql("DROP TABLE IF EXISTS t_keys; CREATE TABLE t_keys (a char(5), b numeric, c uuid, n bigint, "
            "PRIMARY KEY (a, b, c))");
    bed_debezium(&b, UPSERT, "delete.enabled", "true");
    const sl_schema *t = bed_type(&b, SL_STRING, false), *i = bed_type(&b, SL_INT32, false);
    const sl_schema *key = bed_struct(&b, {"a", t}, {"b", i}, {"c", t});
    const sl_schema *row = bed_struct(&b, {"a", t}, {"b", i}, {"c", t}, {"n", bed_type(&b, SL_INT64, true)});
    const char *uuid = "5b1dc2a0-9eb5-4c05-8f4b-0d2c3f4a5b6c";
    for (int k = 0; k < 3; k++) {
        (void)bed_add(&b, "t_keys", key, bed_row(&b, text("x"), sl_int32(k), text(uuid)), row,
                      bed_row(&b, text("x"), sl_int32(k), text(uuid), sl_int64(k)));
    }
    bed_put(&b);
    (void)bed_add(&b, "t_keys", key, bed_row(&b, text("x"), sl_int32(1), text(uuid)), NULL, sl_null());
    bed_put(&b);
    bed_expect("SELECT a, b, n FROM t_keys ORDER BY b", "x    |0|0;x    |2|2");
    bed_close(&b);
}

static void test_folded_names(void **state) {
    (void)state;
    bed b;
    run_sql("DROP TABLE IF EXISTS t_folded; DROP TABLE IF EXISTS other.t_there; DROP SCHEMA IF EXISTS other; "
            "CREATE SCHEMA other");
    bed_debezium(&b, UPSERT, CREATE);
    const sl_schema *id = bed_type(&b, SL_INT32, false);
    const sl_schema *key = bed_struct(&b, {"UserId", id});
    const sl_schema *row = bed_struct(&b, {"UserId", id}, {"Name", bed_type(&b, SL_STRING, true)});
    (void)bed_add(&b, "T_Folded", key, bed_row(&b, sl_int32(1)), row, bed_row(&b, sl_int32(1), text("a")));
    bed_put(&b);
    bed_expect("SELECT userid, name FROM t_folded", "1|a");
    run_sql("ALTER TABLE t_folded RENAME COLUMN name TO \"Name\"");
    (void)bed_add(&b, "T_Folded", key, bed_row(&b, sl_int32(2)), row, bed_row(&b, sl_int32(2), text("b")));
    bed_put(&b);
    bed_expect("SELECT \"Name\" FROM t_folded WHERE userid = 2", "b");
    bed_close(&b);
    bed_debezium(&b, UPSERT, CREATE, "collection.name.format", "other.${topic}");
    trio s = make_trio(&b);
    add_write(&b, &s, "t_there", 1, "a", 1);
    bed_put(&b);
    bed_expect("SELECT id FROM other.t_there", "1");
    bed_close(&b);
    bed_confluent(&b, "insert.mode", "upsert", "pk.mode", "record_key", "auto.create", "true");
    s = make_trio(&b);
    add_write(&b, &s, "shop.public.t", 1, "a", 1);
    test_assert_error(bed_try(&b), SL_E_CONFIG, "RegexRouter");
    bed_close(&b);
}

static void test_table_kinds(void **state) {
    (void)state;
    bed b;
    run_sql("DROP VIEW IF EXISTS t_view; DROP TABLE IF EXISTS t_under; DROP TABLE IF EXISTS t_identity");
    run_sql("CREATE TABLE t_under (id integer PRIMARY KEY, name text, n bigint); CREATE VIEW t_view AS "
            "SELECT * FROM t_under");
    run_sql(
        "CREATE TABLE t_identity (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, n bigint)");
    bed_confluent(&b, "pk.mode", "record_key");
    trio s = make_trio(&b);
    add_write(&b, &s, "t_view", 1, "a", 1);
    test_assert_error(bed_try(&b), SL_E_CONFIG, "table.types");
    bed_close(&b);
    bed_confluent(&b, "pk.mode", "record_key", "table.types", "TABLE,VIEW");
    s = make_trio(&b);
    add_write(&b, &s, "t_view", 1, "a", 1);
    add_write(&b, &s, "t_identity", 5, "a", 1);
    bed_put(&b);
    bed_expect("SELECT id FROM t_under", "1");
    bed_expect("SELECT id FROM t_identity", "5");
    bed_close(&b);
}

static void test_foreign_keys(void **state) {
    (void)state;
    bed b;
    run_sql("DROP TABLE IF EXISTS t_child, t_parent");
    run_sql("CREATE TABLE t_parent (id integer PRIMARY KEY, name text, n bigint)");
    run_sql("CREATE TABLE t_child (id integer PRIMARY KEY, name text, n bigint REFERENCES t_parent (id) "
            "DEFERRABLE INITIALLY DEFERRED)");
    bed_debezium(&b, UPSERT, "delete.enabled", "true");
    trio s = make_trio(&b);
    for (int i = 0; i < 10; i++) {
        add_write(&b, &s, "t_parent", i, "p", i);
        add_write(&b, &s, "t_child", i, "c", i == 7 ? 77 : i);
    }
    bed_put(&b);
    assert_int_equal(b.state.reports, 1);
    bed_expect("SELECT count(*) FROM t_child", "9");
    add_tombstone(&b, &s, "t_child", 1);
    add_tombstone(&b, &s, "t_parent", 1);
    bed_put(&b);
    assert_int_equal(b.state.reports, 1);
    bed_expect("SELECT count(*) FROM t_parent", "9");
    bed_close(&b);
}

static void test_unique_moves(void **state) {
    (void)state;
    bed b;
    run_sql("DROP TABLE IF EXISTS t_unique; CREATE TABLE t_unique (id integer PRIMARY KEY, name text UNIQUE, "
            "n bigint)");
    bed_debezium(&b, UPSERT, "delete.enabled", "true");
    trio s = make_trio(&b);
    add_write(&b, &s, "t_unique", 1, "x", 1);
    bed_put(&b);
    add_write(&b, &s, "t_unique", 1, "y", 1); /* x is free now ... */
    add_write(&b, &s, "t_unique", 2, "x", 2); /* ... and taken */
    add_write(&b, &s, "t_unique", 1, "z", 1); /* the last change of 1 comes after that */
    bed_put(&b);
    assert_int_equal(b.state.reports, 0);
    bed_expect("SELECT id, name FROM t_unique ORDER BY id", "1|z;2|x");
    bed_close(&b);
}

/* ---- outages ---- */

static void test_terminated_backend(void **state) {
    (void)state;
    bed b;
    fresh("t_cut");
    bed_debezium(&b, UPSERT, CREATE, "flush.retry.delay.ms", "0", "connection.url",
                 "postgresql:///?application_name=cut_me");
    trio s = make_trio(&b);
    add_write(&b, &s, "t_cut", 1, "a", 1);
    bed_put(&b);
    run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cut_me'");
    usleep(100000);
    add_write(&b, &s, "t_cut", 2, "b", 2);
    sl_error *err = bed_try(&b);
    assert_non_null(err);
    assert_int_equal(err->cls, SL_RETRIABLE);
    sl_error_free(err);
    test_assert_ok(bed_try(&b));
    bed_expect("SELECT count(*) FROM t_cut", "2");
    bed_close(&b);
}

static void test_max_retries(void **state) {
    (void)state;
    bed b;
    bed_debezium(&b, UPSERT, "flush.max.retries", "2", "flush.retry.delay.ms", "50", "connection.url",
                 "jdbc:postgresql://127.0.0.1:1/nowhere");
    assert_int_equal(b.state.warnings, 1);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_cut", 1, "a", 1);
    int64_t began = now_ms();
    for (int i = 0; i < 3; i++) {
        sl_error *err = bed_try(&b);
        assert_non_null(err);
        assert_int_equal(err->cls, i < 2 ? SL_RETRIABLE : SL_FATAL);
        sl_error_free(err);
    }
    assert_true(now_ms() - began >= 100);
    bed_close(&b);
}

static void test_wrong_settings(void **state) {
    (void)state;
    bed b;
    char where[300];
    test_assert_error(bed_start(&b, &jdbc_debezium_sink,
                                BED_PAIRS("connection.username", "secret", "connection.password", "wrong")),
                      SL_E_AUTH, "connection.password");
    bed_close(&b);
    bed_debezium(&b, "connection.username", "secret", "connection.password", "s3cret");
    trio s = make_trio(&b);
    run_sql("DROP TABLE IF EXISTS t_private; CREATE TABLE t_private (id integer PRIMARY KEY, name text, n "
            "bigint)");
    add_write(&b, &s, "t_private", 1, "a", 1);
    test_assert_error(bed_try(&b), SL_E_AUTH, "grant");
    bed_close(&b);
    (void)snprintf(where, sizeof where, "jdbc:postgresql://%s:%s/no_such_database", getenv("PGHOST"),
                   getenv("PGPORT"));
    test_assert_error(bed_start(&b, &jdbc_debezium_sink, BED_PAIRS("connection.url", where)), SL_E_CONFIG,
                      "create the database");
    bed_close(&b);
    test_assert_error(
        bed_start(&b, &jdbc_debezium_sink, BED_PAIRS("connection.url", "jdbc:mysql://localhost/x")),
        SL_E_CONFIG, "jdbc:mysql");
    bed_close(&b);
}

static void *interrupt_soon(void *arg) {
    bed *b = arg;
    usleep(300000);
    b->ops->interrupt(b->task);
    return NULL;
}

static void test_interrupt(void **state) {
    (void)state;
    bed b;
    pthread_t id;
    fresh("t_locked");
    run_sql("CREATE TABLE t_locked (id integer PRIMARY KEY, name text, n bigint)");
    bed_debezium(&b, UPSERT, "flush.retry.delay.ms", "0");
    trio s = make_trio(&b);
    add_write(&b, &s, "t_locked", 1, "a", 1);
    run_sql("BEGIN; LOCK TABLE t_locked");
    assert_int_equal(pthread_create(&id, NULL, interrupt_soon, &b), 0);
    int64_t began = now_ms();
    test_assert_error(bed_try(&b), SL_E_INTERRUPTED, "interrupted");
    assert_true(now_ms() - began < 1300);
    (void)pthread_join(id, NULL);
    run_sql("COMMIT");
    test_assert_ok(bed_try(&b));
    bed_expect("SELECT id FROM t_locked", "1");
    bed_close(&b);
}

/* A server that takes the connection and never answers: a firewall, or a hung host. */
static void test_interrupted_connect(void **state) {
    (void)state;
    bed b;
    pthread_t id;
    char where[100];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    (void)snprintf(where, sizeof where, "jdbc:postgresql://127.0.0.1:%d/x", ntohs(at.sin_port));
    bed_debezium(&b, UPSERT, "flush.retry.delay.ms", "0", "connection.url", where);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_cut", 1, "a", 1);
    assert_int_equal(pthread_create(&id, NULL, interrupt_soon, &b), 0);
    int64_t began = now_ms();
    test_assert_error(bed_try(&b), SL_E_INTERRUPTED, "interrupted");
    assert_true(now_ms() - began < 1300);
    (void)pthread_join(id, NULL);
    bed_close(&b);
    (void)close(fd);
}

/* The connection breaks while the commit is on its way: what was written is found out, and not written twice.
 */
static void test_commit_in_doubt(void **state) {
    (void)state;
    bed b;
    fresh("t_once");
    fresh("t_offsets");
    bed_debezium(&b, "primary.key.mode", "none", CREATE, ONCE, "flush.retry.delay.ms", "0", "connection.url",
                 "postgresql:///?application_name=doubt_me");
    trio s = make_trio(&b);
    (void)claim(&b);
    add_write(&b, &s, "t_once", 1, "a", 1);
    bed_put(&b);
    add_write(&b, &s, "t_once", 2, "b", 2);
    test_assert_ok(bed_try(&b)); /* committed, but say the worker never heard */
    run_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'doubt_me'");
    usleep(100000);
    sl_error *err = bed_try(&b);
    while (err && err->cls == SL_RETRIABLE) {
        sl_error_free(err);
        err = bed_try(&b);
    }
    test_assert_ok(err);
    bed_expect("SELECT id FROM t_once ORDER BY id", "1;2");
    bed_close(&b);
}

static void test_lock_timeout(void **state) {
    (void)state;
    bed b;
    fresh("t_locked");
    run_sql("CREATE TABLE t_locked (id integer PRIMARY KEY, name text, n bigint)");
    bed_debezium(&b, UPSERT, "lock.timeout.ms", "100", "flush.retry.delay.ms", "0");
    trio s = make_trio(&b);
    add_write(&b, &s, "t_locked", 1, "a", 1);
    run_sql("BEGIN; LOCK TABLE t_locked");
    sl_error *err = bed_try(&b);
    assert_non_null(err);
    assert_int_equal(err->cls, SL_RETRIABLE);
    sl_error_free(err);
    run_sql("COMMIT");
    test_assert_ok(bed_try(&b));
    assert_int_equal(b.state.reports, 0);
    bed_close(&b);
}

/* Two tasks find the table missing at the same time. */
static void *race_task(void *arg) {
    bed *b = arg;
    for (int i = 0; i < 20; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "t_race_%d", i);
        trio s = {.key = b->made[1], .row = NULL};
        for (size_t k = 0; k < b->nmade; k++) {
            if (b->made[k]->type == SL_STRUCT && b->made[k]->nfields == 3) {
                s.row = b->made[k];
            }
        }
        sl_record *r = bed_add(b, name, s.key, key_of(b, i), s.row, row_of(b, i, "x", i));
        sl_str kept = sl_arena_str(&b->batch->arena, sl_str_of(name));
        r->topic = r->kafka_topic = kept;
        sl_error *err = bed_try(b);
        bed_clear(b);
        if (err) {
            return err;
        }
    }
    return NULL;
}

static void test_create_race(void **state) {
    (void)state;
    bed b[2];
    pthread_t id[2];
    for (int i = 0; i < 20; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "t_race_%d", i);
        fresh(name);
    }
    for (int i = 0; i < 2; i++) {
        bed_debezium(&b[i], UPSERT, CREATE);
        (void)make_trio(&b[i]);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&id[i], NULL, race_task, &b[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        void *err;
        (void)pthread_join(id[i], &err);
        test_assert_ok(err);
        bed_close(&b[i]);
    }
    bed_expect("SELECT count(*) FROM pg_tables WHERE tablename LIKE 't_race_%'", "20");
}

int main(void) {
    (void)snprintf(url, sizeof url, "postgresql://");
    pg = PQconnectdb("");
    if (PQstatus(pg) != CONNECTION_OK) {
        (void)fprintf(stderr, "no PostgreSQL: %s", PQerrorMessage(pg));
        return 1;
    }
    bed_db = (bed_database){.postgres = true, .url = url, .run = run_sql, .rows = read_sql};
    run_sql("SET client_min_messages = error; SET TimeZone = 'UTC'");
    const struct CMUnitTest tests[] = {
        JDBC_CASES,
        JDBC_TYPE_CASES,
        cmocka_unit_test(test_existing_types),
        cmocka_unit_test(test_keys_of_other_types),
        cmocka_unit_test(test_folded_names),
        cmocka_unit_test(test_table_kinds),
        cmocka_unit_test(test_foreign_keys),
        cmocka_unit_test(test_unique_moves),
        cmocka_unit_test(test_terminated_backend),
        cmocka_unit_test(test_max_retries),
        cmocka_unit_test(test_wrong_settings),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_interrupted_connect),
        cmocka_unit_test(test_commit_in_doubt),
        cmocka_unit_test(test_lock_timeout),
        cmocka_unit_test(test_create_race),
    };
    int failed = cmocka_run_group_tests_name("jdbc postgresql", tests, NULL, NULL);
    PQfinish(pg);
    return failed;
}
