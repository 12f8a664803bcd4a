/*
 * test_schema.c - the intern table: equality, references, threads, lack of memory.
 */
#include "support/support.h"

#include <pthread.h>
#include <stdio.h>

#include "model/schema.h"

static int nothing_left(void **state) {
    (void)state;
    return (int)sl__schema_count();
}

static const sl_schema *intern(const sl_schema *def) {
    const sl_schema *s = NULL;
    test_assert_ok(sl__schema_intern(def, &s));
    return s;
}

static void equal_is_same_pointer(void **state) {
    (void)state;
    char name[] = "io.example.Value";
    sl_schema_param params[] = {{SL_STR("a"), SL_STR("1")}, {SL_STR("b"), SL_STR("")}};
    sl_schema def = {
        .type = SL_STRING, .name = sl_str_of(name), .params = params, .nparams = 2, .doc = SL_STR("text")};
    const sl_schema *one = intern(&def);
    sl_schema same = def;
    same.name = SL_STR("io.example.Value");
    assert_ptr_equal(intern(&same), one);
    memset(name, 'x', sizeof name - 1); /* what was passed in is not needed any more */
    test_assert_str(one->name, "io.example.Value");
    assert_int_equal(one->logical, SL_LOGICAL_OTHER);
    assert_int_equal(sl__schema_count(), 1);
    sl__schema_unref(one);
    assert_int_equal(sl__schema_count(), 1);
    sl__schema_unref(one);
    assert_int_equal(sl__schema_count(), 0);
}

static void every_member_counts(void **state) {
    (void)state;
    enum { VARIANTS = 12 };
    sl_schema_param p1[] = {{SL_STR("k"), SL_STR("1")}}, p2[] = {{SL_STR("k"), SL_STR("2")}};
    sl_value zero = sl_int32(0), one = sl_int32(1);
    sl_schema defs[VARIANTS] = {
        {.type = SL_INT32},
        {.type = SL_INT64},
        {.type = SL_INT32, .optional = true},
        {.type = SL_INT32, .has_version = true},
        {.type = SL_INT32, .has_version = true, .version = 1},
        {.type = SL_INT32, .name = SL_STR("")},
        {.type = SL_INT32, .name = SL_STR("n")},
        {.type = SL_INT32, .doc = SL_STR("n")},
        {.type = SL_INT32, .params = p1, .nparams = 1},
        {.type = SL_INT32, .params = p2, .nparams = 1},
        {.type = SL_INT32, .default_value = &zero},
        {.type = SL_INT32, .default_value = &one},
    };
    const sl_schema *s[VARIANTS];
    for (size_t i = 0; i < VARIANTS; i++) {
        s[i] = intern(&defs[i]);
        for (size_t j = 0; j < i; j++) {
            assert_ptr_not_equal(s[i], s[j]);
            assert_true(s[i]->id != s[j]->id);
        }
    }
    for (size_t i = 0; i < VARIANTS; i++) {
        assert_ptr_equal(intern(&defs[i]), s[i]);
        sl__schema_unref(s[i]);
        sl__schema_unref(s[i]);
    }
}

static void ids_are_never_used_again(void **state) {
    (void)state;
    sl_schema def = {.type = SL_INT8};
    const sl_schema *s = intern(&def);
    uint64_t id = s->id;
    sl__schema_unref(s);
    s = intern(&def);
    assert_true(s->id > id);
    sl__schema_unref(s);
}

static void children_are_held(void **state) {
    (void)state;
    const sl_schema *id = intern(&(sl_schema){.type = SL_INT32});
    const sl_schema *map = intern(&(sl_schema){.type = SL_MAP, .key = id, .element = id});
    sl_field fields[] = {{SL_STR("id"), id}, {SL_STR("map"), map}};
    const sl_schema *row = intern(&(sl_schema){.type = SL_STRUCT, .fields = fields, .nfields = 2});
    sl_field other[] = {{SL_STR("map"), map}, {SL_STR("id"), id}};
    const sl_schema *turned = intern(&(sl_schema){.type = SL_STRUCT, .fields = other, .nfields = 2});
    assert_ptr_not_equal(row, turned);
    sl__schema_unref(turned);
    sl__schema_unref(id);
    sl__schema_unref(map);
    assert_int_equal(sl__schema_count(), 3);
    test_assert_str(row->fields[1].name, "map");
    assert_ptr_equal(row->fields[1].schema->key, row->fields[0].schema);
    sl__schema_unref(row); /* takes them all along */
    assert_int_equal(sl__schema_count(), 0);
    sl__schema_unref(NULL);
    sl__schema_ref(NULL);
}

static void defaults_are_copied(void **state) {
    (void)state;
    char text[] = "hello";
    const sl_schema *name = intern(&(sl_schema){.type = SL_STRING});
    sl_field fields[] = {{SL_STR("name"), name}};
    sl_value items[] = {sl_string(sl_str_of(text))};
    sl_value value = sl_container(SL_STRUCT, items, 1);
    sl_schema def = {.type = SL_STRUCT, .fields = fields, .nfields = 1, .default_value = &value};
    const sl_schema *s = intern(&def);
    text[0] = 'j';
    test_assert_str(sl_value_str(&s->default_value->items[0]), "hello");
    const sl_schema *other = intern(&def); /* now with "jello" */
    assert_ptr_not_equal(s, other);
    text[0] = 'h';
    assert_ptr_equal(intern(&def), s);
    sl_value null = sl_null();
    const sl_schema *plain = intern(&(sl_schema){.type = SL_INT8, .optional = true});
    assert_ptr_equal(intern(&(sl_schema){.type = SL_INT8, .optional = true, .default_value = &null}), plain);
    sl__schema_unref(plain);
    sl__schema_unref(plain);
    sl__schema_unref(s);
    sl__schema_unref(s);
    sl__schema_unref(other);
    sl__schema_unref(name);
}

static void logical_types(void **state) {
    (void)state;
    static const struct {
        const char *name;
        sl_type type;
        sl_logical logical;
    } cases[] = {
        {"org.apache.kafka.connect.data.Decimal", SL_BYTES, SL_LOGICAL_DECIMAL},
        {"org.apache.kafka.connect.data.Date", SL_INT32, SL_LOGICAL_DATE},
        {"org.apache.kafka.connect.data.Time", SL_INT32, SL_LOGICAL_TIME},
        {"org.apache.kafka.connect.data.Timestamp", SL_INT64, SL_LOGICAL_TIMESTAMP},
        {"org.apache.kafka.connect.data.Timestamp", SL_STRING, SL_LOGICAL_OTHER}, /* not over that type */
        {"io.debezium.time.Date", SL_INT32, SL_LOGICAL_OTHER},
        {NULL, SL_INT32, SL_LOGICAL_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sl_schema *s = intern(&(sl_schema){.type = cases[i].type, .name = sl_str_of(cases[i].name)});
        assert_int_equal(s->logical, cases[i].logical);
        sl__schema_unref(s);
    }
}

static void refuses_nonsense(void **state) {
    (void)state;
    const sl_schema *out;
    sl_schema loose = {.type = SL_INT32}; /* not interned */
    sl_field loose_field[] = {{SL_STR("f"), &loose}};
    sl_value text = sl_string(SL_STR("x"));
    const sl_schema bad[] = {
        {.type = SL_NULL},
        {.type = SL_TYPE_COUNT},
        {.type = SL_ARRAY},
        {.type = SL_ARRAY, .element = &loose},
        {.type = SL_MAP, .element = &loose},
        {.type = SL_INT8, .element = &loose},
        {.type = SL_INT8, .fields = loose_field, .nfields = 1},
        {.type = SL_STRUCT, .fields = loose_field, .nfields = 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        test_assert_error(sl__schema_intern(&bad[i], &out), SL_E_SCHEMA, "expected");
        assert_null(out);
    }
    test_assert_error(
        sl__schema_intern(&(sl_schema){.type = SL_INT8, .name = SL_STR("n"), .default_value = &text}, &out),
        SL_E_DATA, "default value of schema 'n'");
}

static void without_memory(void **state) {
    (void)state;
    const sl_schema *child = intern(&(sl_schema){.type = SL_INT32});
    sl_schema def = {.type = SL_ARRAY, .element = child, .name = SL_STR("list")};
    const sl_schema *out;
    unsigned n = 0;
    sl_error *err;
    do {
        test_fail_alloc(++n);
        err = sl__schema_intern(&def, &out);
        test_fail_alloc(0);
        if (err) {
            assert_int_equal(err->code, SL_E_NOMEM);
            assert_int_equal(sl__schema_count(), 1);
        }
        sl_error_free(err);
    } while (err);
    assert_true(n > 1);
    sl__schema_unref(out);
    sl__schema_unref(child);
}

enum { THREADS = 4, ROUNDS = 20000, NAMES = 7 };

static void *hammer(void *arg) {
    unsigned seed = *(unsigned *)arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f", "g"};
        const char *name = names[(i * seed) % NAMES];
        const sl_schema *child = NULL, *list = NULL;
        sl_schema def = {.type = SL_INT32, .name = sl_str_of(name)};
        sl_error *err = sl__schema_intern(&def, &child);
        sl_schema list_def = {.type = SL_ARRAY, .element = child};
        if (!err) {
            err = sl__schema_intern(&list_def, &list);
        }
        bool fine = !err && sl_str_eqz(child->name, name) && list->element == child;
        sl_error_free(err);
        sl__schema_unref(child);
        if (!fine) {
            return arg;
        }
        sl__schema_unref(list);
    }
    return NULL;
}

static void many_threads(void **state) {
    (void)state;
    pthread_t threads[THREADS];
    unsigned seeds[THREADS] = {1, 2, 3, 5};
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, &seeds[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

static void grows_with_many(void **state) {
    (void)state;
    enum { MANY = 5000 };
    static const sl_schema *all[MANY];
    char name[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "n%d", i);
        all[i] = intern(&(sl_schema){.type = SL_STRING, .name = sl_str_of(name)});
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_ptr_equal(intern(&(sl_schema){.type = SL_STRING, .name = sl_str_of(name)}), all[i]);
        sl__schema_unref(all[i]);
        sl__schema_unref(all[i]);
    }
}

#define TEST(f) cmocka_unit_test_teardown(f, nothing_left)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(equal_is_same_pointer), TEST(every_member_counts), TEST(ids_are_never_used_again),
        TEST(children_are_held),     TEST(defaults_are_copied), TEST(logical_types),
        TEST(refuses_nonsense),      TEST(without_memory),      TEST(many_threads),
        TEST(grows_with_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
