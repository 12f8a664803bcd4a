/*
 * cases.h - what the sink must do on every database; included by one program for each.
 *
 * Tables are named by test; each case drops its own first. Expected rows are the same text on both databases
 * unless a case says otherwise.
 */
#ifndef JDBC_CASES_H
#define JDBC_CASES_H

#include "bed.h"

static void fresh(const char *table) {
    char sql[200];
    (void)snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS %s", table);
    bed_db.run(sql);
}

/* A key {id}, a row {id, name, n} and their envelope. */
typedef struct trio {
    const sl_schema *key, *row, *event;
} trio;

static trio make_trio(bed *b) {
    const sl_schema *id = bed_type(b, SL_INT32, false);
    trio s = {.key = bed_struct(b, {"id", id})};
    s.row =
        bed_struct(b, {"id", id}, {"name", bed_type(b, SL_STRING, true)}, {"n", bed_type(b, SL_INT64, true)});
    s.event = bed_envelope(b, s.row);
    return s;
}

static sl_value key_of(bed *b, int64_t id) {
    return bed_row(b, sl_int32(id));
}

static sl_value row_of(bed *b, int64_t id, const char *name, int64_t n) {
    return bed_row(b, sl_int32(id), text(name), sl_int64(n));
}

static void add_write(bed *b, const trio *s, const char *topic, int64_t id, const char *name, int64_t n) {
    (void)bed_add(b, topic, s->key, key_of(b, id), s->row, row_of(b, id, name, n));
}

static void add_event(bed *b, const trio *s, const char *topic, const char *op, int64_t id, const char *name,
                      int64_t n) {
    bool gone = op[0] == 'd';
    sl_value row = row_of(b, id, name, n);
    (void)bed_add(b, topic, s->key, key_of(b, id), s->event,
                  bed_event(b, op, gone ? row : sl_null(), gone ? sl_null() : row));
}

static void add_tombstone(bed *b, const trio *s, const char *topic, int64_t id) {
    (void)bed_add(b, topic, s->key, key_of(b, id), NULL, sl_null());
}

#define UPSERT "insert.mode", "upsert", "primary.key.mode", "record_key"
#define CREATE "schema.evolution", "basic"

/* ---- modes ---- */

static void test_upsert(void **state) {
    (void)state;
    bed b;
    fresh("t_upsert");
    bed_debezium(&b, UPSERT, CREATE);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_upsert", 1, "a", 10);
    add_write(&b, &s, "t_upsert", 2, "b", 20);
    add_write(&b, &s, "t_upsert", 1, "a2", 11);
    bed_put(&b);
    bed_expect("SELECT id, name, n FROM t_upsert ORDER BY id", "1|a2|11;2|b|20");
    add_event(&b, &s, "t_upsert", "u", 2, "b2", 21);
    add_event(&b, &s, "t_upsert", "c", 3, NULL, 30);
    add_event(&b, &s, "t_upsert", "r", 4, "d", 40);
    bed_put(&b);
    bed_expect("SELECT id, name, n FROM t_upsert ORDER BY id", "1|a2|11;2|b2|21;3|~|30;4|d|40");
    assert_int_equal(b.state.reports, 0);
    bed_close(&b);
}

static void test_insert_reports_duplicates(void **state) {
    (void)state;
    bed b;
    fresh("t_insert");
    bed_debezium(&b, "insert.mode", "insert", "primary.key.mode", "record_key", CREATE);
    trio s = make_trio(&b);
    for (int i = 0; i < 100; i++) {
        add_write(&b, &s, "t_insert", i == 60 ? 7 : i, "x", i);
    }
    bed_put(&b);
    bed_expect("SELECT count(*), sum(n) FROM t_insert", "99|4890");
    bed_expect("SELECT n FROM t_insert WHERE id = 7", "7");
    assert_int_equal(b.state.reports, 1);
    test_assert_contains(b.state.last_report, "t_insert");
    bed_close(&b);
}

static void test_insert_without_key(void **state) {
    (void)state;
    bed b;
    fresh("t_plain");
    bed_confluent(&b, "auto.create", "true");
    trio s = make_trio(&b);
    add_write(&b, &s, "t_plain", 1, "a", 1);
    add_write(&b, &s, "t_plain", 1, "a", 1);
    bed_put(&b);
    bed_expect("SELECT id, name, n FROM t_plain", "1|a|1;1|a|1");
    bed_close(&b);
}

static void test_update(void **state) {
    (void)state;
    bed b;
    fresh("t_update");
    bed_db.run("CREATE TABLE t_update (id integer PRIMARY KEY, name text, n bigint)");
    bed_db.run("INSERT INTO t_update VALUES (1, 'old', 1), (2, 'old', 2)");
    bed_debezium(&b, "insert.mode", "update", "primary.key.mode", "record_key", "delete.enabled", "true");
    trio s = make_trio(&b);
    add_write(&b, &s, "t_update", 1, "first", 10);
    add_write(&b, &s, "t_update", 1, "new", 11);
    add_write(&b, &s, "t_update", 3, "none", 30);
    add_tombstone(&b, &s, "t_update", 2);
    add_write(&b, &s, "t_update", 2, "gone", 22);
    bed_put(&b);
    bed_expect("SELECT id, name, n FROM t_update ORDER BY id", "1|new|11");
    bed_close(&b);
}

static void test_pk_kafka(void **state) {
    (void)state;
    bed b;
    fresh("t_kafka");
    bed_debezium(&b, "insert.mode", "upsert", "primary.key.mode", "kafka", CREATE);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_kafka", 5, "a", 1);
    add_write(&b, &s, "t_kafka", 5, "b", 2);
    bed_put(&b);
    b.offset = 1; /* again */
    add_write(&b, &s, "t_kafka", 5, "b2", 2);
    bed_put(&b);
    bed_expect(
        "SELECT __connect_topic, __connect_partition, __connect_offset, id, name FROM t_kafka ORDER BY 3",
        "t_kafka|0|0|5|a;t_kafka|0|1|5|b2");
    bed_close(&b);
    fresh("t_kafka");
    bed_confluent(&b, "insert.mode", "upsert", "pk.mode", "kafka", "pk.fields", "kt,kp,ko", "auto.create",
                  "true");
    s = make_trio(&b);
    add_write(&b, &s, "t_kafka", 5, "a", 1);
    bed_put(&b);
    bed_expect("SELECT kt, kp, ko, id FROM t_kafka", "t_kafka|0|0|5");
    bed_close(&b);
}

static void test_pk_primitive(void **state) {
    (void)state;
    bed b;
    fresh("t_prim");
    bed_confluent(&b, "insert.mode", "upsert", "pk.mode", "record_key", "pk.fields", "the_key", "auto.create",
                  "true", "delete.enabled", "true");
    trio s = make_trio(&b);
    const sl_schema *key = bed_type(&b, SL_STRING, false);
    (void)bed_add(&b, "t_prim", key, text("k1"), s.row, row_of(&b, 1, "a", 1));
    (void)bed_add(&b, "t_prim", key, text("k2"), s.row, row_of(&b, 2, "b", 2));
    (void)bed_add(&b, "t_prim", key, text("k1"), NULL, sl_null());
    bed_put(&b);
    bed_expect("SELECT the_key, id, name FROM t_prim", "k2|2|b");
    bed_close(&b);
}

static void test_pk_value(void **state) {
    (void)state;
    bed b;
    fresh("t_value");
    bed_debezium(&b, "insert.mode", "upsert", "primary.key.mode", "record_value", "primary.key.fields", "id",
                 CREATE, "delete.enabled", "true");
    trio s = make_trio(&b);
    add_event(&b, &s, "t_value", "c", 1, "a", 1);
    add_event(&b, &s, "t_value", "c", 2, "b", 2);
    bed_put(&b);
    add_event(&b, &s, "t_value", "d", 1, "a", 1);
    add_tombstone(&b, &s, "t_value", 2); /* no key to be had from it: passed over */
    bed_put(&b);
    bed_expect("SELECT id, name FROM t_value", "2|b");
    (void)bed_add(&b, "t_value", s.key, key_of(&b, 2), s.event, bed_event(&b, "d", sl_null(), sl_null()));
    bed_put(&b);
    assert_int_equal(b.state.reports, 1);
    test_assert_contains(b.state.last_report, "REPLICA IDENTITY FULL");
    bed_close(&b);
}

static void test_pk_header(void **state) {
    (void)state;
    bed b;
    fresh("t_header");
    bed_debezium(&b, "insert.mode", "upsert", "primary.key.mode", "record_header", CREATE);
    trio s = make_trio(&b);
    const sl_schema *number = bed_type(&b, SL_INT32, false), *word = bed_type(&b, SL_STRING, false);
    for (int i = 0; i < 3; i++) {
        sl_record *r = bed_add(&b, "t_header", NULL, sl_null(), s.row, row_of(&b, i, "x", i));
        assert_true(sl_record_add_header(b.batch, r, SL_STR("h1"), number, sl_int32(i / 2)));
        assert_true(sl_record_add_header(b.batch, r, SL_STR("h2"), word, text("w")));
    }
    bed_put(&b);
    bed_expect("SELECT h1, h2, id FROM t_header ORDER BY h1", "0|w|1;1|w|2");
    bed_close(&b);
}

/* ---- deletes and order ---- */

static void test_delete(void **state) {
    (void)state;
    bed b;
    fresh("t_delete");
    bed_debezium(&b, UPSERT, CREATE, "delete.enabled", "true");
    trio s = make_trio(&b);
    add_tombstone(&b, &s, "t_delete", 1); /* no table yet: nothing to delete */
    bed_put(&b);
    for (int i = 1; i <= 6; i++) {
        add_event(&b, &s, "t_delete", "c", i, "x", i);
    }
    bed_put(&b);
    add_event(&b, &s, "t_delete", "d", 1, "x", 1); /* delete and its tombstone */
    add_tombstone(&b, &s, "t_delete", 1);
    add_event(&b, &s, "t_delete", "d", 2, "x", 2); /* delete, then there again */
    add_event(&b, &s, "t_delete", "c", 2, "y", 22);
    add_event(&b, &s, "t_delete", "u", 3, "z", 33); /* change, then gone */
    add_event(&b, &s, "t_delete", "d", 3, "z", 33);
    (void)bed_add(&b, "t_delete", s.key, key_of(&b, 4), s.row, sl_null()); /* unwrapped, with a schema */
    add_event(&b, &s, "t_delete", "c", 7, "q", 7);                         /* new, gone, new */
    add_event(&b, &s, "t_delete", "d", 7, "q", 7);
    add_event(&b, &s, "t_delete", "c", 7, "r", 77);
    bed_put(&b);
    bed_expect("SELECT id, name, n FROM t_delete ORDER BY id", "2|y|22;5|x|5;6|x|6;7|r|77");
    assert_int_equal(b.state.reports, 0);
    bed_close(&b);
}

static void test_delete_off(void **state) {
    (void)state;
    bed b;
    fresh("t_nodel");
    bed_debezium(&b, UPSERT, CREATE);
    trio s = make_trio(&b);
    add_event(&b, &s, "t_nodel", "c", 1, "x", 1);
    add_event(&b, &s, "t_nodel", "d", 1, "x", 1);
    add_tombstone(&b, &s, "t_nodel", 1);
    bed_put(&b);
    bed_expect("SELECT id FROM t_nodel", "1");
    assert_int_equal(b.state.reports, 0);
    bed_close(&b);
    bed_confluent(&b, "insert.mode", "upsert", "pk.mode", "record_key");
    s = make_trio(&b);
    add_tombstone(&b, &s, "t_nodel", 1);
    bed_put(&b);
    assert_int_equal(b.state.reports, 1);
    test_assert_contains(b.state.last_report, "delete.enabled=true");
    bed_close(&b);
}

static void test_insert_then_delete(void **state) {
    (void)state;
    bed b;
    fresh("t_insdel");
    bed_debezium(&b, "insert.mode", "insert", "primary.key.mode", "record_key", CREATE, "delete.enabled",
                 "true");
    trio s = make_trio(&b);
    for (int i = 0; i < 5; i++) {
        add_write(&b, &s, "t_insdel", 1, "x", i);
        if (i < 4) {
            add_tombstone(&b, &s, "t_insdel", 1);
        }
    }
    bed_put(&b);
    bed_expect("SELECT id, n FROM t_insdel", "1|4");
    assert_int_equal(b.state.reports, 0);
    bed_close(&b);
}

static void test_no_reduction(void **state) {
    (void)state;
    bed b;
    fresh("t_noreduce");
    bed_debezium(&b, UPSERT, CREATE, "use.reduction.buffer", "false", "batch.size", "1", "delete.enabled",
                 "true");
    trio s = make_trio(&b);
    for (int i = 0; i < 10; i++) {
        add_write(&b, &s, "t_noreduce", i % 2, "x", i);
    }
    add_tombstone(&b, &s, "t_noreduce", 0);
    bed_put(&b);
    bed_expect("SELECT id, n FROM t_noreduce", "1|9");
    bed_close(&b);
}

static void test_truncate(void **state) {
    (void)state;
    bed b;
    fresh("t_trunc");
    bed_debezium(&b, UPSERT, CREATE, "truncate.enabled", "true");
    trio s = make_trio(&b);
    add_event(&b, &s, "t_trunc", "c", 1, "a", 1);
    bed_put(&b);
    add_event(&b, &s, "t_trunc", "c", 2, "b", 2);
    (void)bed_add(&b, "t_trunc", NULL, sl_null(), s.event, bed_event(&b, "t", sl_null(), sl_null()));
    add_event(&b, &s, "t_trunc", "c", 3, "c", 3);
    bed_put(&b);
    bed_expect("SELECT id FROM t_trunc", "3");
    bed_close(&b);
    bed_debezium(&b, UPSERT);
    s = make_trio(&b);
    (void)bed_add(&b, "t_trunc", NULL, sl_null(), s.event, bed_event(&b, "t", sl_null(), sl_null()));
    bed_put(&b);
    bed_expect("SELECT id FROM t_trunc", "3");
    bed_close(&b);
}

static void test_several_tables(void **state) {
    (void)state;
    bed b;
    fresh("t_one");
    fresh("t_two");
    bed_debezium(&b, UPSERT, CREATE);
    trio s = make_trio(&b);
    for (int i = 0; i < 20; i++) {
        add_write(&b, &s, i % 2 ? "t_one" : "t.two", i / 2, "x", i);
    }
    bed_put(&b);
    bed_expect("SELECT count(*), sum(n) FROM t_one", "10|100");
    bed_expect("SELECT count(*), sum(n) FROM t_two", "10|90");
    bed_close(&b);
}

static void test_source_names(void **state) {
    (void)state;
    bed b;
    fresh("to_public_x");
    bed_debezium(&b, UPSERT, CREATE, "collection.name.format", "to_${source.schema}_${source.table}");
    trio s = make_trio(&b);
    add_event(&b, &s, "whatever", "c", 1, "a", 1);
    add_write(&b, &s, "whatever", 2, "b", 2); /* no source block to take the name from */
    bed_put(&b);
    bed_expect("SELECT id, name FROM to_public_x", "1|a");
    assert_int_equal(b.state.reports, 1);
    test_assert_contains(b.state.last_report, "source block");
    bed_close(&b);
}

/* ---- values left as they are ---- */

static void test_unavailable(void **state) {
    (void)state;
    bed b;
    fresh("t_toast");
    bed_db.run("CREATE TABLE t_toast (id integer PRIMARY KEY, name text NOT NULL, n bigint)");
    bed_db.run("INSERT INTO t_toast VALUES (1, 'long text', 1)");
    bed_debezium(&b, UPSERT);
    trio s = make_trio(&b);
    add_event(&b, &s, "t_toast", "u", 1, "__debezium_unavailable_value", 2);
    add_event(&b, &s, "t_toast", "c", 2, "b", 2);
    add_event(&b, &s, "t_toast", "u", 2, "__debezium_unavailable_value", 22);
    bed_put(&b);
    bed_expect("SELECT id, name, n FROM t_toast ORDER BY id", "1|long text|2;2|b|22");
    add_event(&b, &s, "t_toast", "u", 9, "__debezium_unavailable_value",
              9); /* no row, and the column may not be null */
    bed_put(&b);
    assert_int_equal(b.state.reports, 1);
    bed_close(&b);
}

/* ---- tables ---- */

static void test_missing_table(void **state) {
    (void)state;
    bed b;
    fresh("t_missing");
    bed_debezium(&b, UPSERT);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_missing", 1, "a", 1);
    test_assert_error(bed_try(&b), SL_E_CONFIG, "schema.evolution=basic");
    bed_close(&b);
    bed_confluent(&b, "pk.mode", "record_key");
    s = make_trio(&b);
    add_write(&b, &s, "t_missing", 1, "a", 1);
    test_assert_error(bed_try(&b), SL_E_CONFIG, "auto.create=true");
    bed_clear(&b);
    bed_db.run(
        "CREATE TABLE t_missing (id integer PRIMARY KEY, name text, n bigint)"); /* by hand, while it runs */
    add_write(&b, &s, "t_missing", 1, "a", 1);
    bed_put(&b);
    bed_expect("SELECT id FROM t_missing", "1");
    bed_close(&b);
}

static const sl_schema *wider(bed *b, const sl_schema *city) {
    return bed_struct(b, {"id", bed_type(b, SL_INT32, false)}, {"name", bed_type(b, SL_STRING, true)},
                      {"n", bed_type(b, SL_INT64, true)}, {"city", city});
}

static void test_evolution(void **state) {
    (void)state;
    bed b;
    fresh("t_evolve");
    bed_debezium(&b, UPSERT, CREATE);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_evolve", 1, "a", 1);
    const sl_schema *city = wider(&b, bed_type(&b, SL_STRING, true));
    (void)bed_add(&b, "t_evolve", s.key, key_of(&b, 2), city,
                  bed_row(&b, sl_int32(2), text("b"), sl_int64(2), text("Ghent")));
    add_write(&b, &s, "t_evolve", 2, "b2", 22); /* the old schema again: city stays */
    bed_put(&b);
    bed_expect("SELECT id, name, n, city FROM t_evolve ORDER BY id", "1|a|1|~;2|b2|22|Ghent");
    const sl_schema *must =
        bed_struct(&b, {"id", bed_type(&b, SL_INT32, false)}, {"zip", bed_type(&b, SL_INT32, false)});
    (void)bed_add(&b, "t_evolve", s.key, key_of(&b, 3), must, bed_row(&b, sl_int32(3), sl_int32(9000)));
    bed_put(&b);
    assert_int_equal(b.state.reports, 1);
    test_assert_contains(b.state.last_report, "'zip'");
    sl_value def = sl_int32(7);
    const sl_schema *with = bed_intern(&b, &(sl_schema){.type = SL_INT32, .default_value = &def});
    const sl_schema *zip = bed_struct(&b, {"id", bed_type(&b, SL_INT32, false)}, {"zip", with});
    (void)bed_add(&b, "t_evolve", s.key, key_of(&b, 3), zip, bed_row(&b, sl_int32(3), sl_int32(9000)));
    bed_put(&b);
    bed_expect("SELECT id, zip FROM t_evolve ORDER BY id", "1|7;2|7;3|9000");
    bed_close(&b);
}

static void test_no_evolution(void **state) {
    (void)state;
    bed b;
    fresh("t_static");
    bed_db.run("CREATE TABLE t_static (id integer PRIMARY KEY, name text)");
    bed_debezium(&b, UPSERT);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_static", 1, "a", 1);
    test_assert_error(bed_try(&b), SL_E_CONFIG, "no column 'n'");
    bed_close(&b);
    bed_debezium(&b, UPSERT, "field.exclude.list", "t_static:n");
    s = make_trio(&b);
    add_write(&b, &s, "t_static", 1, "a", 1);
    bed_put(&b);
    bed_close(&b);
    bed_confluent(&b, "insert.mode", "upsert", "pk.mode", "record_key", "fields.whitelist", "name");
    s = make_trio(&b);
    add_write(&b, &s, "t_static", 2, "b", 1);
    bed_put(&b);
    bed_expect("SELECT id, name FROM t_static ORDER BY id", "1|a;2|b");
    bed_close(&b);
}

static void test_table_changed_behind(void **state) {
    (void)state;
    bed b;
    fresh("t_behind");
    bed_debezium(&b, UPSERT, CREATE);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_behind", 1, "a", 1);
    bed_put(&b);
    bed_db.run("DROP TABLE t_behind");
    add_write(&b, &s, "t_behind", 2, "b", 2);
    bed_put(&b);
    bed_expect("SELECT id, name, n FROM t_behind", "2|b|2");
    bed_close(&b);
}

static void test_names(void **state) {
    (void)state;
    bed b;
    const char *evil = "t\"; DROP TABLE t_victim; --";
    bed_db.run("DROP TABLE IF EXISTS \"t\"\"; DROP TABLE t_victim; --\"");
    fresh("t_victim");
    bed_db.run("CREATE TABLE t_victim (id integer)");
    bed_debezium(&b, UPSERT, CREATE, "quote.identifiers", "true", "collection.naming.strategy",
                 "io.debezium.sink.naming.PassthroughCollectionNamingStrategy");
    const sl_schema *id = bed_type(&b, SL_INT32, false), *t = bed_type(&b, SL_STRING, true);
    const sl_schema *key = bed_struct(&b, {"select", id});
    const sl_schema *row =
        bed_struct(&b, {"select", id}, {"a\"b", t}, {"x) VALUES (1); DROP TABLE t_victim; --", t},
                   {"MiXed", t}, {"mixed$2", t}, {"order", t}, {"$1", t}, {"?1", t});
    for (int i = 0; i < 3; i++) {
        (void)bed_add(&b, evil, key, bed_row(&b, sl_int32(i % 2)), row,
                      bed_row(&b, sl_int32(i % 2), text("'; DROP TABLE t_victim; --"), text("2"), text("3"),
                              text("4"), text("5"), text("6"), text("\\'")));
    }
    bed_put(&b);
    bed_expect("SELECT \"select\", \"a\"\"b\", \"x) VALUES (1); DROP TABLE t_victim; --\", \"MiXed\", "
               "\"mixed$2\", \"order\", \"$1\", \"?1\" "
               "FROM \"t\"\"; DROP TABLE t_victim; --\" ORDER BY 1",
               "0|'; DROP TABLE t_victim; --|2|3|4|5|6|\\';1|'; DROP TABLE t_victim; --|2|3|4|5|6|\\'");
    bed_expect("SELECT count(*) FROM t_victim", "0");
    bed_close(&b);
}

/* ---- bad records ---- */

static void test_narrowing(void **state) {
    (void)state;
    bed b;
    fresh("t_narrow");
    bed_db.run(
        "CREATE TABLE t_narrow (id integer PRIMARY KEY, name text NOT NULL, n bigint CHECK (n < 1000))");
    bed_debezium(&b, UPSERT, "batch.size", "64");
    trio s = make_trio(&b);
    for (int i = 0; i < 500; i++) {
        bool null = i == 0 || i == 250, big = i == 123 || i == 124 || i == 499;
        add_write(&b, &s, "t_narrow", i % 400, null ? NULL : "x", big ? 5000 : i);
    }
    bed_put(&b);
    assert_int_equal(b.state.reports, 5);
    /* 400 gave id 0 a name; 499 left id 99 as it was */
    bed_expect("SELECT count(*), min(n), max(n) FROM t_narrow", "397|99|498");
    bed_close(&b);
}

static void test_refused_report(void **state) {
    (void)state;
    bed b;
    fresh("t_refuse");
    bed_db.run("CREATE TABLE t_refuse (id integer PRIMARY KEY, name text NOT NULL, n bigint)");
    bed_debezium(&b, UPSERT);
    b.state.refuse_reports = true;
    trio s = make_trio(&b);
    add_write(&b, &s, "t_refuse", 1, "a", 1);
    add_write(&b, &s, "t_refuse", 2, NULL, 1);
    sl_error *err = bed_try(&b);
    assert_non_null(err);
    assert_string_equal(err->topic, "t_refuse");
    assert_int_equal(err->offset, 1);
    sl_error_free(err);
    bed_expect("SELECT count(*) FROM t_refuse", "0");
    bed_close(&b);
}

static void test_schemaless(void **state) {
    (void)state;
    bed b;
    fresh("t_less");
    bed_debezium(&b, "insert.mode", "upsert", "primary.key.mode", "record_value", "primary.key.fields", "id",
                 CREATE);
    trio s = make_trio(&b);
    sl_value pair[] = {text("id"), sl_int64(1)};
    (void)bed_add(&b, "t_less", NULL, sl_null(), NULL, bed_row_of(&b, SL_MAP, 1, pair));
    add_write(&b, &s, "t_less", 2, "b", 2);
    bed_put(&b);
    assert_int_equal(b.state.reports, 1);
    bed_expect("SELECT id FROM t_less", "2");
    bed_close(&b);
    bed_debezium(&b, UPSERT, CREATE);
    s = make_trio(&b);
    (void)bed_add(&b, "t_less", NULL, sl_null(), s.row, row_of(&b, 1, "a", 1));
    bed_put(&b);
    test_assert_contains(b.state.last_report, "key.converter.schemas.enable=true");
    (void)bed_add(&b, "t_less", s.key, sl_null(), s.row, row_of(&b, 1, "a", 1));
    bed_put(&b);
    test_assert_contains(b.state.last_report, "key field 'id'");
    bed_close(&b);
}

static void test_string_values(void **state) {
    (void)state;
    bed b;
    fresh("t_strings");
    bed_confluent(&b, "auto.create", "true");
    const sl_schema *t = bed_type(&b, SL_STRING, true);
    (void)bed_add(&b, "t_strings", NULL, sl_null(), t, text("hello"));
    bed_put(&b);
    bed_expect("SELECT record_value FROM t_strings", "hello");
    bed_close(&b);
}

static void test_unique_constraint_for_upsert(void **state) {
    (void)state;
    bed b;
    fresh("t_nokey");
    bed_db.run("CREATE TABLE t_nokey (id integer, name text, n bigint)");
    bed_debezium(&b, UPSERT);
    trio s = make_trio(&b);
    add_write(&b, &s, "t_nokey", 1, "a", 1);
    test_assert_error(bed_try(&b), SL_E_CONFIG, "needs a primary key or unique");
    bed_close(&b);
}

/* ---- exactly once ---- */

#define ONCE "exactly.once.enabled", "true", "exactly.once.table", "t_offsets"

static int64_t claim(bed *b) {
    sl_topic_partition part = {SL_STR("t_once"), 0, -1};
    test_assert_ok(b->ops->assigned(b->task, &part, 1));
    return part.offset;
}

static void test_exactly_once(void **state) {
    (void)state;
    bed a, b;
    fresh("t_once");
    fresh("t_offsets");
    bed_debezium(&a, "primary.key.mode", "kafka", CREATE, ONCE);
    trio s = make_trio(&a);
    assert_int_equal(claim(&a), -1);
    for (int i = 0; i < 5; i++) {
        add_write(&a, &s, "t_once", i, "x", i);
    }
    bed_put(&a);
    bed_expect("SELECT connector, topic, partition, next_offset FROM t_offsets", "bench|t_once|0|5");
    a.offset = 3; /* replayed, with two more */
    for (int i = 3; i < 7; i++) {
        add_write(&a, &s, "t_once", i, "again", i);
    }
    bed_put(&a);
    bed_expect("SELECT count(*), max(n) FROM t_once", "7|6");
    bed_expect("SELECT count(*) FROM t_once WHERE name = 'again'", "2");
    /* another task takes over; the first is a zombie now */
    bed_debezium(&b, "primary.key.mode", "kafka", CREATE, ONCE);
    trio s2 = make_trio(&b);
    assert_int_equal(claim(&b), 7);
    add_write(&a, &s, "t_once", 7, "zombie", 7);
    test_assert_error(bed_try(&a), SL_E_CONFLICT, "another task");
    bed_clear(&a);
    bed_expect("SELECT count(*) FROM t_once WHERE name = 'zombie'", "0");
    b.offset = 7;
    add_write(&b, &s2, "t_once", 7, "b", 7);
    bed_put(&b);
    bed_expect("SELECT next_offset FROM t_offsets", "8");
    bed_expect("SELECT count(*) FROM t_once", "8");
    sl_topic_partition part = {SL_STR("t_once"), 0, -1};
    b.ops->revoked(b.task, &part, 1, false);
    assert_int_equal(claim(&b), 8);
    bed_close(&a);
    bed_close(&b);
}

static sl_batch_offset offset_item(bed *b, const char *topic, int64_t next) {
    sl_batch_offset item = {.partition = sl_value_alloc(&b->arena, SL_MAP, 2), .offset = sl_null()};
    item.partition.items[0] = sl_string(SL_STR("kafka_topic"));
    item.partition.items[1] = sl_string(sl_str_of(topic));
    item.partition.items[2] = sl_string(SL_STR("kafka_partition"));
    item.partition.items[3] = sl_int32(0);
    if (next >= 0) {
        item.offset = sl_value_alloc(&b->arena, SL_MAP, 1);
        item.offset.items[0] = sl_string(SL_STR("kafka_offset"));
        item.offset.items[1] = sl_int64(next);
    }
    return item;
}

/* Offsets that a user sets are where the next task begins, and fence one that still runs. */
static void test_exactly_once_altered(void **state) {
    (void)state;
    bed b;
    bool all = true;
    fresh("t_once");
    fresh("t_offsets");
    bed_debezium(&b, "primary.key.mode", "kafka", CREATE, ONCE);
    trio s = make_trio(&b);
    (void)claim(&b);
    add_write(&b, &s, "t_once", 0, "x", 0);
    bed_put(&b);
    sl_batch_offset items[] = {offset_item(&b, "t_once", 40), offset_item(&b, "t_other", 7)};
    test_assert_ok(jdbc_debezium_sink.alter_offsets(&b.ctx, items, 2, &all));
    bed_expect("SELECT topic, next_offset, owner FROM t_offsets ORDER BY topic", "t_once|40|;t_other|7|");
    add_write(&b, &s, "t_once", 1, "zombie", 1);
    test_assert_error(bed_try(&b), SL_E_CONFLICT, "another task");
    bed_clear(&b);
    sl_topic_partition part = {SL_STR("t_once"), 0, -1};
    b.ops->revoked(b.task, &part, 1, false);
    assert_int_equal(claim(&b), 40);
    sl_batch_offset gone = offset_item(&b, "t_once", -1);
    test_assert_ok(jdbc_debezium_sink.alter_offsets(&b.ctx, &gone, 1, &all));
    bed_expect("SELECT topic FROM t_offsets", "t_other");
    test_assert_ok(jdbc_debezium_sink.alter_offsets(&b.ctx, NULL, 0, &all));
    assert_true(all);
    bed_expect("SELECT count(*) FROM t_offsets", "0");
    bed_expect("SELECT count(*) FROM t_once", "1");
    bed_close(&b);
}

static void test_exactly_once_bad_rows(void **state) {
    (void)state;
    bed b;
    fresh("t_once");
    fresh("t_offsets");
    bed_db.run("CREATE TABLE t_once (id integer PRIMARY KEY, name text NOT NULL, n bigint)");
    bed_debezium(&b, "primary.key.mode", "record_key", ONCE);
    trio s = make_trio(&b);
    (void)claim(&b);
    add_write(&b, &s, "t_once", 1, "x", 1);
    add_write(&b, &s, "t_once", 2, NULL, 1);
    bed_put(&b);
    bed_expect("SELECT next_offset FROM t_offsets", "2");
    bed_expect("SELECT id FROM t_once", "1");
    assert_int_equal(b.state.reports, 1);
    b.state.refuse_reports = true;
    add_write(&b, &s, "t_once", 3, NULL, 1);
    sl_error *err = bed_try(&b);
    assert_non_null(err);
    sl_error_free(err);
    bed_expect("SELECT next_offset FROM t_offsets", "2");
    bed_close(&b);
}

#define JDBC_CASES                                                                                           \
    cmocka_unit_test(test_upsert), cmocka_unit_test(test_insert_reports_duplicates),                         \
        cmocka_unit_test(test_insert_without_key), cmocka_unit_test(test_update),                            \
        cmocka_unit_test(test_pk_kafka), cmocka_unit_test(test_pk_primitive),                                \
        cmocka_unit_test(test_pk_value), cmocka_unit_test(test_pk_header), cmocka_unit_test(test_delete),    \
        cmocka_unit_test(test_delete_off), cmocka_unit_test(test_insert_then_delete),                        \
        cmocka_unit_test(test_no_reduction), cmocka_unit_test(test_truncate),                                \
        cmocka_unit_test(test_several_tables), cmocka_unit_test(test_source_names),                          \
        cmocka_unit_test(test_unavailable), cmocka_unit_test(test_missing_table),                            \
        cmocka_unit_test(test_evolution), cmocka_unit_test(test_no_evolution),                               \
        cmocka_unit_test(test_table_changed_behind), cmocka_unit_test(test_names),                           \
        cmocka_unit_test(test_narrowing), cmocka_unit_test(test_refused_report),                             \
        cmocka_unit_test(test_schemaless), cmocka_unit_test(test_string_values),                             \
        cmocka_unit_test(test_unique_constraint_for_upsert), cmocka_unit_test(test_exactly_once),            \
        cmocka_unit_test(test_exactly_once_bad_rows), cmocka_unit_test(test_exactly_once_altered)

#endif
