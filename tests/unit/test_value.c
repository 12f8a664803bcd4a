/*
 * test_value.c - values, records and batches.
 */
#include "support/arena.h"

#include <math.h>
#include <stdio.h>

#include "model/batch.h"
#include "model/schema.h"

static int teardown(void **state) {
    teardown_arena(state);
    return (int)sl__schema_count(); /* every test gives its schemas back */
}

/* sample makes {"list": ["a", 0x00ff], 7: 1.5, true: null}. */
static sl_value sample(sl_arena *a) {
    sl_value map = sl_value_alloc(a, SL_MAP, 3);
    sl_value list = sl_value_alloc(a, SL_ARRAY, 2);
    list.items[0] = sl_string(sl_arena_str(a, SL_STR("a")));
    list.items[1] = sl_bytes(sl_arena_str(a, sl_str_make("\0\xff", 2)));
    map.items[0] = sl_string(SL_STR("list"));
    map.items[1] = list;
    map.items[2] = sl_int32(7);
    map.items[3] = sl_float64(1.5);
    map.items[4] = sl_bool(true);
    return map;
}

static void copies_deeply(void **state) {
    (void)state;
    sl_arena other;
    sl_value copy;
    sl_arena_init(&other, 0);
    sl_value v = sample(&other);
    assert_true(sl_value_copy(&arena, &v, &copy));
    assert_true(sl_value_eq(&v, &copy));
    v.items[1].items[0] = sl_string(SL_STR("b"));
    assert_false(sl_value_eq(&v, &copy));
    sl_arena_deinit(&other); /* the copy needs nothing of it */
    const sl_value *list = sl_map_get(&copy, SL_STR("list"));
    assert_non_null(list);
    test_assert_str(sl_value_str(&list->items[0]), "a");
    assert_int_equal(list->items[1].n, 2);
    assert_memory_equal(list->items[1].s, "\0\xff", 2);
}

static void copy_without_memory(void **state) {
    (void)state;
    sl_arena tiny;
    sl_value v = sample(&arena);
    sl_value copy = sl_int32(99);
    sl_arena_init(&tiny, 16);
    test_fail_alloc(2);
    assert_false(sl_value_copy(&tiny, &v, &copy));
    test_fail_alloc(0);
    assert_true(tiny.failed);
    assert_int_equal(copy.i, 99);
    sl_arena_deinit(&tiny);
}

static void compares(void **state) {
    (void)state;
    sl_value a = sl_int32(1), b = sl_int64(1);
    assert_false(sl_value_eq(&a, &b)); /* the type counts */
    a = sl_float64(NAN), b = sl_float64(-NAN);
    assert_true(sl_value_eq(&a, &b));
    a = sl_float64(0.0), b = sl_float64(-0.0);
    assert_false(sl_value_eq(&a, &b));
    a = sl_string(SL_STR("x")), b = sl_bytes(SL_STR("x"));
    assert_false(sl_value_eq(&a, &b));
    a = sl_value_alloc(&arena, SL_ARRAY, 0), b = sl_value_alloc(&arena, SL_ARRAY, 1);
    assert_false(sl_value_eq(&a, &b));
    a = sl_null(), b = sl_null();
    assert_true(sl_value_eq(&a, &b));
    assert_null(sl_map_get(&a, SL_STR("x")));
    assert_null(sl_map_get(NULL, SL_STR("x")));
}

typedef struct row_schemas {
    const sl_schema *id, *name, *tags, *row;
} row_schemas;

/* make_row interns STRUCT{id INT32, name optional STRING, tags ARRAY of INT32}. */
static row_schemas make_row(void) {
    const sl_host *h = test_host();
    row_schemas r = {0};
    test_assert_ok(sl_schema_simple(h, SL_INT32, false, &r.id));
    test_assert_ok(sl_schema_simple(h, SL_STRING, true, &r.name));
    sl_schema tags = {.type = SL_ARRAY, .element = r.id};
    test_assert_ok(h->schema_intern(&tags, &r.tags));
    sl_field fields[] = {{SL_STR("id"), r.id}, {SL_STR("name"), r.name}, {SL_STR("tags"), r.tags}};
    sl_schema row = {.type = SL_STRUCT, .name = SL_STR("row"), .fields = fields, .nfields = 3};
    test_assert_ok(h->schema_intern(&row, &r.row));
    return r;
}

static void free_row(row_schemas *r) {
    sl__schema_unref(r->row);
    sl__schema_unref(r->tags);
    sl__schema_unref(r->name);
    sl__schema_unref(r->id);
}

static void checks_against_a_schema(void **state) {
    (void)state;
    row_schemas r = make_row();
    sl_value v = sl_value_alloc(&arena, SL_STRUCT, 3);
    sl_value tags = sl_value_alloc(&arena, SL_ARRAY, 2);
    tags.items[0] = tags.items[1] = sl_int32(1);
    v.items[0] = sl_int32(5);
    v.items[2] = tags;
    test_assert_ok(sl_value_check(r.row, &v));
    tags.items[1] = sl_string(SL_STR("x"));
    test_assert_error(sl_value_check(r.row, &v), SL_E_DATA,
                      "'tags[]' does not fit its schema: expected INT32, found STRING");
    tags.items[1] = sl_int32(INT64_C(1) << 40);
    test_assert_error(sl_value_check(r.row, &v), SL_E_DATA, "out of its range");
    tags.items[1] = sl_int32(2);
    v.items[0] = sl_null();
    test_assert_error(sl_value_check(r.row, &v), SL_E_DATA, "'id'");
    v.items[0] = sl_int32(5);
    v.n = 2;
    test_assert_error(sl_value_check(r.row, &v), SL_E_DATA, "expected 3 fields, found 2");
    v.n = 3;
    sl_value null = sl_null();
    test_assert_error(sl_value_check(r.row, &null), SL_E_DATA, "not optional");
    test_assert_ok(sl_value_check(r.name, &null));
    test_assert_ok(sl_value_check(NULL, &null));
    test_assert_error(sl_value_check(NULL, &v), SL_E_DATA, "needs no schema");
    free_row(&r);
}

static void finds_fields(void **state) {
    (void)state;
    row_schemas r = make_row();
    sl_value v = sl_value_alloc(&arena, SL_STRUCT, 3);
    assert_int_equal(sl_schema_field(r.row, SL_STR("tags")), 2);
    assert_int_equal(sl_schema_field(r.row, SL_STR("TAGS")), -1);
    assert_ptr_equal(sl_struct_get(r.row, &v, SL_STR("name")), &v.items[1]);
    assert_null(sl_struct_get(r.row, &v, SL_STR("nope")));
    const sl_schema *decimal;
    test_assert_ok(sl_schema_decimal(test_host(), -2, true, &decimal));
    test_assert_str(sl_schema_param_get(decimal, SL_STR("scale")), "-2");
    assert_null(sl_schema_param_get(decimal, SL_STR("none")).p);
    assert_int_equal(decimal->logical, SL_LOGICAL_DECIMAL);
    assert_int_equal(decimal->version, 1);
    sl__schema_unref(decimal);
    assert_string_equal(sl_type_name(SL_BOOL), "BOOLEAN");
    free_row(&r);
}

static void batch_fills_and_empties(void **state) {
    (void)state;
    sl_batch *b = sl__batch_new(test_host());
    row_schemas r = make_row();
    assert_non_null(b);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++) {
            sl_record *rec = sl_batch_add(b);
            assert_int_equal(rec->partition, SL_NO_PARTITION);
            assert_true(rec->timestamp == SL_NO_TIMESTAMP);
            sl_record_set_key(b, rec, r.id, sl_int32(i));
            sl_record_set_value(b, rec, r.name, sl_string(sl_arena_str(&b->arena, SL_STR("value"))));
        }
        assert_int_equal(b->n, 1000);
        assert_int_equal(b->nschemas, 2); /* one reference for each schema, not for each record */
        sl__batch_reset(b);
        assert_int_equal(b->n, 0);
        assert_int_equal(b->nschemas, 0);
        assert_true(sl__batch_bytes(b) < 3u * 1024 * 1024);
    }
    sl_batch_keep(b, r.row);
    free_row(&r);
    assert_int_equal(sl__schema_count(), 4); /* the batch still holds the row, which holds the others */
    sl__batch_free(b);
    assert_int_equal(sl__schema_count(), 0);
}

static void batch_keeps_many_schemas_once(void **state) {
    (void)state;
    enum { MANY = 100 };
    sl_batch *b = sl__batch_new(test_host());
    const sl_schema *s[MANY];
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "s%d", i);
        test_assert_ok(sl_schema_named(test_host(), SL_STRING, false, name, 0, &s[i]));
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < MANY; i++) {
            sl_batch_keep(b, s[i]);
        }
    }
    assert_int_equal(b->nschemas, MANY);
    for (int i = 0; i < MANY; i++) {
        sl__schema_unref(s[i]);
    }
    assert_int_equal(sl__schema_count(), MANY);
    sl__batch_free(b);
}

static void batch_headers(void **state) {
    (void)state;
    sl_batch *b = sl__batch_new(test_host());
    sl_record *rec = sl_batch_add(b);
    sl_header exact[3] = {
        {SL_STR("a"), NULL, sl_int32(1)}, {SL_STR("b"), NULL, sl_int32(2)}, {SL_STR("c"), NULL, sl_int32(3)}};
    rec->headers = exact; /* an array with no room behind it */
    rec->nheaders = 3;
    for (int i = 0; i < 300; i++) {
        if (i % 50 == 0) {
            (void)sl_arena_alloc(&b->arena, 24); /* so that it does not always end at the tip */
        }
        assert_true(sl_record_add_header(b, rec, SL_STR("h"), NULL, sl_int64(i)));
    }
    assert_int_equal(rec->nheaders, 303);
    assert_int_equal(rec->headers[1].value.i, 2);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(rec->headers[3 + i].value.i, i);
    }
    sl__batch_free(b);
}

static sl_value one_entry(sl_arena *a, const char *key, int64_t v) {
    sl_value map = sl_value_alloc(a, SL_MAP, 1);
    map.items[0] = sl_string(sl_str_of(key));
    map.items[1] = sl_int64(v);
    return map;
}

static void batch_offsets(void **state) {
    (void)state;
    sl_batch *b = sl__batch_new(test_host());
    for (int i = 0; i < 30; i++) {
        sl_value partition = one_entry(&b->arena, "file", i % 3);
        assert_true(sl_batch_set_offset(b, partition, one_entry(&b->arena, "line", i)));
    }
    assert_int_equal(b->noffsets, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b->offsets[i].partition.items[1].i, i);
        assert_int_equal(b->offsets[i].offset.items[1].i, 27 + i);
    }
    sl__batch_reset(b);
    assert_int_equal(b->noffsets, 0);
    sl__batch_free(b);
}

static void batch_without_memory(void **state) {
    (void)state;
    sl_batch *b = sl__batch_new(test_host());
    const sl_schema *s;
    test_assert_ok(sl_schema_simple(test_host(), SL_INT8, false, &s));
    test_fail_alloc(1);
    assert_null(sl_batch_add(b));
    assert_true(b->failed);
    b->failed = false;
    sl_batch_keep(b, s);
    assert_true(b->failed);
    assert_false(sl_batch_set_offset(b, sl_null(), sl_null()));
    assert_null(sl__batch_new(test_host()));
    test_fail_alloc(0);
    assert_int_equal(b->nschemas, 0);
    sl__batch_free(b);
    sl__schema_unref(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_arena, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(copies_deeply),
        TEST(copy_without_memory),
        TEST(compares),
        TEST(checks_against_a_schema),
        TEST(finds_fields),
        TEST(batch_fills_and_empties),
        TEST(batch_keeps_many_schemas_once),
        TEST(batch_headers),
        TEST(batch_offsets),
        TEST(batch_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
