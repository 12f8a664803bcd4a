/*
 * test_settings.c - the JDBC sink's settings of both vendors, connection URLs, calendar, time zones and
 * numbers; no database.
 */
#include <support/support.h>

#include <jdbc/cell.h>
#include <jdbc/clock.h>
#include <jdbc/settings.h>
#include <jdbc/sink.h>

#include <stdio.h>

static const char *param(const jdbc_url *u, const char *name) {
    const char *value = NULL;
    for (size_t i = 0; i < u->nparams; i++) {
        if (strcmp(u->params[i].name, name) == 0) {
            value = u->params[i].value;
        }
    }
    return value;
}

static void test_postgres_urls(void **state) {
    (void)state;
    sl_arena a;
    jdbc_url u;
    sl_arena_init(&a, 0);
    test_assert_ok(jdbc_url_parse(
        SL_STR("jdbc:postgresql://db1:5433,[::1]/shop?ssl=true&currentSchema=a%20b&targetServerType=primary"
               "&reWriteBatchedInserts=true&ApplicationName=x"),
        SL_STR("me"), SL_STR("pw"), &a, &u));
    assert_int_equal(u.kind, JDBC_URL_POSTGRES);
    assert_string_equal(param(&u, "host"), "db1,::1");
    assert_string_equal(param(&u, "port"), "5433,5432");
    assert_string_equal(param(&u, "dbname"), "shop");
    assert_string_equal(param(&u, "sslmode"), "verify-full");
    assert_string_equal(param(&u, "options"), "-c search_path=a\\ b");
    assert_string_equal(param(&u, "target_session_attrs"), "read-write");
    assert_string_equal(param(&u, "application_name"), "x");
    assert_string_equal(param(&u, "user"), "me");
    assert_string_equal(param(&u, "password"), "pw");
    test_assert_ok(jdbc_url_parse(SL_STR("jdbc:postgresql:shop"), SL_STR_NONE, SL_STR_NONE, &a, &u));
    assert_string_equal(param(&u, "host"), "localhost");
    assert_string_equal(param(&u, "dbname"), "shop");
    assert_null(param(&u, "password"));
    test_assert_ok(
        jdbc_url_parse(SL_STR("postgresql://u@h/d?sslmode=require"), SL_STR_NONE, SL_STR_NONE, &a, &u));
    assert_string_equal(param(&u, "dbname"), "postgresql://u@h/d?sslmode=require");
    test_assert_error(
        jdbc_url_parse(SL_STR("jdbc:postgresql://h/d?passwort=geheim"), SL_STR_NONE, SL_STR_NONE, &a, &u),
        SL_E_CONFIG, "'passwort'");
    test_assert_error(jdbc_url_parse(SL_STR("jdbc:postgresql://me:pw@h/d"), SL_STR_NONE, SL_STR_NONE, &a, &u),
                      SL_E_CONFIG, "connection.user");
    sl_arena_deinit(&a);
}

static void test_other_urls(void **state) {
    (void)state;
    sl_arena a;
    jdbc_url u;
    sl_arena_init(&a, 0);
    test_assert_ok(
        jdbc_url_parse(SL_STR("jdbc:sqlite:/tmp/x.db?busy_timeout=100"), SL_STR_NONE, SL_STR_NONE, &a, &u));
    assert_int_equal(u.kind, JDBC_URL_SQLITE);
    assert_string_equal(u.path, "/tmp/x.db");
    assert_string_equal(param(&u, "busy_timeout"), "100");
    test_assert_ok(jdbc_url_parse(SL_STR("./data.sqlite"), SL_STR_NONE, SL_STR_NONE, &a, &u));
    assert_string_equal(u.path, "./data.sqlite");
    test_assert_error(
        jdbc_url_parse(SL_STR("jdbc:sqlite:x.db?journal_mode=WAL;DROP"), SL_STR_NONE, SL_STR_NONE, &a, &u),
        SL_E_CONFIG, "'journal_mode'");
    static const char *const refused[] = {"jdbc:mysql://h/d", "jdbc:mariadb://h/d", "jdbc:sqlserver://h",
                                          "jdbc:oracle:thin:@h"};
    for (size_t i = 0; i < 4; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "'%.*s'", (int)(5 + strcspn(refused[i] + 5, ":")), refused[i]);
        test_assert_error(jdbc_url_parse(sl_str_of(refused[i]), SL_STR_NONE, SL_STR_NONE, &a, &u),
                          SL_E_UNSUPPORTED, name);
    }
    sl_arena_deinit(&a);
}

/* problem gives what the settings' check says of a key. */
static const char *problem(sl_arena *a, const sl_plugin_def *def, const sl_config *config, const char *key) {
    sl_config_report r;
    jdbc_raw *raw = sl_arena_zalloc(a, sizeof *raw);
    sl_config_report_init(&r, a);
    sl_config_parse(def->settings, def->nsettings, config, raw, a, &r);
    sl_context ctx = {.host = test_host(), .settings = raw, .variant = def->variant, .config = config};
    ctx.offline = true;
    def->sink->validate(&ctx, &r);
    return test_find_problem(&r, key);
}

static void test_combinations(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 0);
    const sl_plugin_def *d = &jdbc_debezium_sink, *c = &jdbc_confluent_sink;
#define PROBLEM(def, key, ...)                                                                               \
    ({                                                                                                       \
        sl_config conf = test_config(&a, "connection.url", "/tmp/x.db", __VA_ARGS__, NULL);                  \
        problem(&a, def, &conf, key);                                                                        \
    })
    test_assert_contains(PROBLEM(d, "primary.key.mode", "insert.mode", "upsert"), "need a key");
    test_assert_contains(PROBLEM(c, "pk.mode", "insert.mode", "update"), "need a key");
    assert_null(PROBLEM(c, "pk.mode", "insert.mode", "upsert", "primary.key.mode", "record_key"));
    test_assert_contains(PROBLEM(c, "delete.enabled", "delete.enabled", "true", "pk.mode", "record_value"),
                         "pk.mode=record_key");
    assert_null(PROBLEM(d, "delete.enabled", "delete.enabled", "true", "primary.key.mode", "record_value"));
    test_assert_contains(PROBLEM(c, "pk.fields", "pk.mode", "kafka", "pk.fields", "a,b"), "three");
    test_assert_contains(PROBLEM(c, "dialect.name", "dialect.name", "PostgreSqlDatabaseDialect"), "SQLite");
    test_assert_contains(PROBLEM(c, "dialect.name", "dialect.name", "OracleDatabaseDialect"), "expected");
    test_assert_contains(PROBLEM(c, "db.timezone", "db.timezone", "Mars/Olympus"), "unknown time zone");
    test_assert_contains(PROBLEM(c, "db.timezone", "db.timezone", "../../etc/passwd"), "unknown time zone");
    test_assert_contains(PROBLEM(d, "collection.name.format", "collection.name.format", "${topics}"),
                         "'${topics}'");
    test_assert_contains(
        PROBLEM(d, "field.exclude.list", "field.exclude.list", "a", "field.include.list", "b"), "together");
    test_assert_contains(PROBLEM(c, "table.types", "table.types", "TABLE,SYNONYM"), "'SYNONYM'");
    test_assert_contains(
        PROBLEM(d, "collection.naming.strategy", "collection.naming.strategy", "com.acme.Mine"),
        "RegexRouter");
    test_assert_contains(
        PROBLEM(c, "jdbc.credentials.provider.class", "jdbc.credentials.provider.class", "com.acme.Mine"),
        "config provider");
    test_assert_contains(PROBLEM(d, "connection.pool.min_size", "connection.pool.min_size", "6"),
                         "one connection");
    test_assert_contains(PROBLEM(d, "hibernate.c3p0.timeout", "hibernate.c3p0.timeout", "5"), "no Hibernate");
    sl_arena_deinit(&a);
}

static void test_vendor_defaults(void **state) {
    (void)state;
    sl_arena a;
    jdbc_raw raw;
    sl_config_report r;
    sl_arena_init(&a, 0);
    sl_config conf = test_config(&a, "connection.url", "/tmp/x.db", NULL);
    memset(&raw, 0, sizeof raw);
    sl_config_report_init(&r, &a);
    sl_config_parse(jdbc_confluent_sink.settings, jdbc_confluent_sink.nsettings, &conf, &raw, &a, &r);
    assert_int_equal(raw.batch_size, 3000);
    assert_true(raw.null_to_default);
    assert_int_equal(raw.calendar, JDBC_CALENDAR_LEGACY);
    memset(&raw, 0, sizeof raw);
    sl_config_parse(jdbc_debezium_sink.settings, jdbc_debezium_sink.nsettings, &conf, &raw, &a, &r);
    assert_int_equal(raw.batch_size, 500);
    assert_false(raw.quote_identifiers);
    assert_int_equal(raw.max_retries, -1);
    assert_int_equal(r.errors, 0);
    sl_arena_deinit(&a);
}

/* ---- calendar and zones ---- */

static void expect_date(int64_t days, bool bc, const char *z) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    jdbc_date_add(days, bc, &b);
    test_assert_str(sl_buf_view(&b), z);
    sl_buf_deinit(&b);
}

static void test_calendar(void **state) {
    (void)state;
    expect_date(0, false, "1970-01-01");
    expect_date(-719468, false, "0000-03-01");
    expect_date(-719529, true, "0002-12-31 BC");
    expect_date(-719529, false, "-0001-12-31");
    expect_date(2932897, false, "10000-01-01");
    for (int64_t d = -4000000; d < 4000000; d += 997) {
        int64_t y;
        unsigned m, day;
        jdbc_civil_from_days(d, &y, &m, &day);
        assert_int_equal(jdbc_days_from_civil(y, m, day), d);
    }
    expect_date(jdbc_days_julian(-141428), false, "1582-10-04"); /* the day before 1582-10-15 */
    expect_date(jdbc_days_julian(-719164), false, "0001-01-01");
}

static void test_parsing(void **state) {
    (void)state;
    int64_t us;
    unsigned nanos;
    bool zoned;
    int32_t offset;
    assert_true(jdbc_stamp_parse(SL_STR("2024-05-06T07:08:09.123456789+02:00"), &us, &nanos, &zoned));
    assert_int_equal(us, INT64_C(1714972089123456));
    assert_int_equal(nanos, 789);
    assert_true(zoned);
    assert_true(jdbc_stamp_parse(SL_STR("2024-05-06 07:08"), &us, &nanos, &zoned));
    assert_false(zoned);
    assert_true(jdbc_stamp_parse(SL_STR("2024-05-06T07:08:09Z[UTC]"), &us, &nanos, &zoned));
    assert_true(jdbc_time_parse(SL_STR("24:00"), &us, &nanos, &zoned, &offset));
    static const char *const wrong[] = {"",
                                        "2024",
                                        "2024-13-01",
                                        "2024-02-30T",
                                        "2024-05-06T25:00",
                                        "2024-05-06T07:08:09+99",
                                        "today",
                                        "2024-05-06T07:08:09Zx"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(jdbc_stamp_parse(sl_str_of(wrong[i]), &us, &nanos, &zoned));
    }
}

static void test_zones(void **state) {
    (void)state;
    jdbc_zone *z;
    test_assert_ok(jdbc_zone_open(SL_STR("GMT+5:30"), &z));
    assert_int_equal(jdbc_zone_offset(z, 0), 19800);
    jdbc_zone_close(z);
    test_assert_ok(jdbc_zone_open(SL_STR("-03"), &z));
    assert_int_equal(jdbc_zone_offset(z, 0), -10800);
    jdbc_zone_close(z);
    test_assert_error(jdbc_zone_open(SL_STR("+99:00"), &z), SL_E_CONFIG, "unknown time zone");
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Paris", "rbe");
    if (!f) { /* no tzdata: a name is then an error that says so */
        test_assert_error(jdbc_zone_open(SL_STR("Europe/Paris"), &z), SL_E_CONFIG, "tzdata");
        return;
    }
    (void)fclose(f);
    test_assert_ok(jdbc_zone_open(SL_STR("Europe/Paris"), &z));
    assert_int_equal(jdbc_zone_offset(z, INT64_C(-3000000000)), 561); /* 1874: Paris mean time */
    assert_int_equal(jdbc_zone_offset(z, INT64_C(1711846799)), 3600); /* the second before 2024-03-31 02:00 */
    assert_int_equal(jdbc_zone_offset(z, INT64_C(1711846800)), 7200);
    assert_int_equal(jdbc_zone_offset(z, INT64_C(1729990799)), 7200);
    assert_int_equal(jdbc_zone_offset(z, INT64_C(1729990800)), 3600);
    assert_int_equal(jdbc_zone_offset(z, INT64_C(4118000000)), 7200); /* 2100-06-29: by the rule */
    assert_int_equal(jdbc_zone_offset(z, INT64_C(4102444800)), 3600); /* 2100-01-01 */
    jdbc_zone_close(z);
}

static void expect_decimal(const char *bytes, size_t n, int32_t scale, const char *z) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    assert_true(jdbc_decimal_add(sl_str_make(bytes, n), scale, &b));
    test_assert_str(sl_buf_view(&b), z);
    sl_buf_deinit(&b);
}

static void test_decimals(void **state) {
    (void)state;
    expect_decimal("\0", 1, 0, "0");
    expect_decimal("\0", 1, 3, "0.000");
    expect_decimal("\xff", 1, 2, "-0.01");
    expect_decimal("\x7f", 1, 0, "127");
    expect_decimal("\x80", 1, 0, "-128");
    expect_decimal("\x0c", 1, -3, "12000");
    expect_decimal("\x00\xff\xff\xff\xff\xff\xff\xff\xff", 9, 1, "1844674407370955161.5");
    char big[100];
    memset(big, 0, sizeof big);
    big[0] = 1; /* 256^99 */
    sl_buf b;
    sl_buf_init(&b, NULL);
    assert_true(jdbc_decimal_add(sl_str_make(big, sizeof big), 0, &b));
    assert_int_equal(b.n, 239);
    assert_memory_equal(b.p, "260469", 6);
    sl_buf_deinit(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_postgres_urls), cmocka_unit_test(test_other_urls),
        cmocka_unit_test(test_combinations),  cmocka_unit_test(test_vendor_defaults),
        cmocka_unit_test(test_calendar),      cmocka_unit_test(test_parsing),
        cmocka_unit_test(test_zones),         cmocka_unit_test(test_decimals),
    };
    return cmocka_run_group_tests_name("jdbc settings", tests, NULL, NULL);
}
