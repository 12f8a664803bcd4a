/*
 * test_chunk.c - chunks of PostgreSQL tables: the queries, keys out of COPY lines, what a snapshot sees.
 */
#include "support/support.h"

#include "postgres-cdc/task.h"

static cdc_column columns[] = {{.name = SL_STR("id")}, {.name = SL_STR("a \"b\"")}};
static cdc_table table = {.id = SL_STR("public.t"), .cols = columns, .ncols = 2};
static pg_relation relation = {.table = &table};
static const pg_heap_name heap = {.schema = SL_STR("public"), .name = SL_STR("T"), .plain = true};

static void query_is(const pg_heap_name *h, const cdc_chunk *c, const char *expected) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    pg_chunk_query(&b, &relation, h, c);
    assert_false(b.failed);
    assert_string_equal(b.p, expected);
    sl_buf_deinit(&b);
}

static void whole_tables(void **state) {
    (void)state;
    cdc_chunk c = {.kind = CDC_CHUNK_TABLE};
    query_is(&heap, &c, "copy \"public\".\"T\" (\"id\", \"a \"\"b\"\"\") to stdout");
    c = (cdc_chunk){.kind = CDC_CHUNK_BLOCKS, .end = CDC_BLOCKS_OPEN};
    query_is(&heap, &c, "copy \"public\".\"T\" (\"id\", \"a \"\"b\"\"\") to stdout");
    pg_heap_name h = heap;
    h.plain = false;
    query_is(&h, &c, "copy (select \"id\", \"a \"\"b\"\"\" from \"public\".\"T\") to stdout");
    h.statement = SL_STR("select * from t -- all; ");
    c.kind = CDC_CHUNK_TABLE;
    query_is(&h, &c, "copy (select \"id\", \"a \"\"b\"\"\" from (select * from t -- all\n) _o) to stdout");
}

static void blocks(void **state) {
    (void)state;
    cdc_chunk c = {.kind = CDC_CHUNK_BLOCKS, .first = 8 * CDC_BLOCK, .end = 16 * CDC_BLOCK + 3};
    pg_heap_name h = heap;
    h.only = true;
    query_is(&h, &c,
             "copy (select \"id\", \"a \"\"b\"\"\" from only \"public\".\"T\" where ctid >= "
             "'(8,0)'::pg_catalog.tid and ctid < '(16,3)'::pg_catalog.tid) to stdout");
    c.end = CDC_BLOCKS_OPEN;
    query_is(&h, &c,
             "copy (select \"id\", \"a \"\"b\"\"\" from only \"public\".\"T\" where ctid >= "
             "'(8,0)'::pg_catalog.tid) to stdout");
    c.first = 0;
    h.since = (INT64_C(3) << 32) + 77; /* the server's xid has 32 bits */
    query_is(&h, &c,
             "copy (select \"id\", \"a \"\"b\"\"\" from only \"public\".\"T\" where "
             "pg_catalog.age(xmin) <= pg_catalog.age('77'::pg_catalog.xid)) to stdout");
}

static void places(void **state) {
    (void)state;
    cdc_chunk c = {.kind = CDC_CHUNK_BLOCKS, .end = CDC_BLOCKS_OPEN};
    pg_heap_name h = heap;
    h.places = true;
    query_is(&h, &c, "copy (select ctid, \"id\", \"a \"\"b\"\"\" from \"public\".\"T\") to stdout");
    uint64_t place = 0;
    assert_int_equal(pg_line_place("(7,12)\tx\n", 9, &place), 7);
    assert_int_equal(place, 7 * CDC_BLOCK + 12);
    assert_int_equal(pg_line_place("(4294967294,65535)\t\n", 20, &place), 19);
    assert_int_equal(place, UINT64_C(4294967294) * CDC_BLOCK + 65535);
    static const char *const bad[] = {"",         "(7,12)",    "(7,12)x",  "7,12)\tx",
                                      "(,1)\txx", "(7 12)\tx", "(7,12\tx)"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pg_line_place(bad[i], strlen(bad[i]), &place), 0);
    }
}

static void keys(void **state) {
    (void)state;
    sl_str key[] = {SL_STR("id"), SL_STR("a \"b\"")};
    sl_str after[] = {SL_STR("5"), SL_STR("o'x\\")};
    sl_str until[] = {SL_STR("9"), SL_STR("z")};
    cdc_chunk c = {.kind = CDC_CHUNK_KEY, .key = key, .nkey = 2, .limit = 10};
    query_is(&heap, &c,
             "copy (select \"id\", \"a \"\"b\"\"\" from \"public\".\"T\" order by \"id\", \"a \"\"b\"\"\" "
             "limit 10) to stdout");
    c.after = after;
    c.until = until;
    c.condition = SL_STR("x = 1 or y");
    c.limit = 0;
    query_is(&heap, &c,
             "copy (select \"id\", \"a \"\"b\"\"\" from \"public\".\"T\" where (\"id\", \"a \"\"b\"\"\") > "
             "('5',  E'o''x\\\\') and (\"id\", \"a \"\"b\"\"\") <= ('9', 'z') and (x = 1 or y\n) order by "
             "\"id\", \"a \"\"b\"\"\") to stdout");
}

static void keys_out_of_lines(void **state) {
    (void)state;
    static const char line[] = "a\\tb\t\\N\t\\\\N\t7\n";
    sl_arena a;
    sl_arena_init(&a, 0);
    sl_str out[3];
    assert_null(pg_line_key(&a, line, sizeof line - 1, (const uint32_t[]){3, 0, 1}, 3, out));
    test_assert_str(out[0], "7");
    test_assert_str(out[1], "a\tb");
    assert_null(out[2].p);
    assert_null(pg_line_key(&a, line, sizeof line - 1, (const uint32_t[]){2}, 1, out));
    test_assert_str(out[0], "\\N");
    sl_error *err = pg_line_key(&a, line, sizeof line - 1, (const uint32_t[]){4}, 1, out);
    assert_non_null(err);
    sl_error_free(err);
    sl_arena_deinit(&a);
}

static void what_a_snapshot_sees(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 0);
    pg_seen s;
    assert_true(pg_seen_parse(SL_STR("100:105:100,103"), &a, &s));
    assert_true(pg_seen_has(&s, 99));
    assert_false(pg_seen_has(&s, 100));
    assert_true(pg_seen_has(&s, 101));
    assert_false(pg_seen_has(&s, 103));
    assert_true(pg_seen_has(&s, 104));
    assert_false(pg_seen_has(&s, 105));
    assert_false(pg_seen_has(&s, 200));
    assert_true(pg_seen_parse(SL_STR("5:5:"), &a, &s));
    assert_int_equal(s.n, 0);
    /* just past a turn of the 32-bit counter */
    assert_true(pg_seen_parse(SL_STR("4294967290:4294967301:4294967294,4294967299"), &a, &s));
    assert_true(pg_seen_has(&s, UINT32_MAX));
    assert_false(pg_seen_has(&s, UINT32_MAX - 1));
    assert_false(pg_seen_has(&s, 3));
    assert_true(pg_seen_has(&s, 4));
    assert_false(pg_seen_has(&s, 5));
    assert_false(pg_seen_parse(SL_STR("5"), &a, &s));
    assert_false(pg_seen_parse(SL_STR("5:x:"), &a, &s));
    assert_false(pg_seen_parse(SL_STR("5:7:6,y"), &a, &s));
    sl_arena_deinit(&a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_tables),
        cmocka_unit_test(blocks),
        cmocka_unit_test(places),
        cmocka_unit_test(keys),
        cmocka_unit_test(keys_out_of_lines),
        cmocka_unit_test(what_a_snapshot_sees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
