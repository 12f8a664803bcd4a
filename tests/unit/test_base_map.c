/*
 * test_base_map.c - the hash map, and the registry of metrics on top of it.
 */
#include "support/support.h"

#include <pthread.h>
#include <stdio.h>

#include "base/map.h"
#include "base/metrics.h"

static unsigned freed;

static void count_free(void *value) {
    (void)value;
    freed++;
}

static sl_str key_of(char *buf, size_t size, int i) {
    return sl_str_make(buf, (size_t)snprintf(buf, size, "key-%d", i));
}

static void map_holds_many(void **state) {
    (void)state;
    enum { MANY = 3000 };
    static char values[MANY];
    char buf[32];
    sl__map m;
    sl__map_init(&m, NULL);
    assert_null(sl__map_get(&m, SL_STR("x")));
    assert_false(sl__map_remove(&m, SL_STR("x")));
    for (int i = 0; i < MANY; i++) {
        assert_true(sl__map_put(&m, key_of(buf, sizeof buf, i), &values[i]));
    }
    assert_int_equal(sl__map_count(&m), MANY);
    for (int i = 0; i < MANY; i += 3) { /* removing must not hide others */
        assert_true(sl__map_remove(&m, key_of(buf, sizeof buf, i)));
    }
    for (int i = 0; i < MANY; i++) {
        void *expected = i % 3 ? &values[i] : NULL;
        assert_ptr_equal(sl__map_get(&m, key_of(buf, sizeof buf, i)), expected);
    }
    for (int i = 0; i < MANY; i++) {
        (void)sl__map_remove(&m, key_of(buf, sizeof buf, i));
    }
    assert_int_equal(sl__map_count(&m), 0);
    sl__map_deinit(&m);
}

static void map_frees_values(void **state) {
    (void)state;
    char a, b;
    sl__map m;
    freed = 0;
    sl__map_init(&m, count_free);
    assert_true(sl__map_put(&m, SL_STR("k"), &a));
    assert_true(sl__map_put(&m, SL_STR("k"), &a)); /* the same value is kept */
    assert_int_equal(freed, 0);
    assert_true(sl__map_put(&m, SL_STR("k"), &b));
    assert_int_equal(freed, 1);
    assert_ptr_equal(sl__map_take(&m, SL_STR("k")), &b);
    assert_int_equal(freed, 1);
    assert_true(sl__map_put(&m, sl_str_make("a\0b", 3), &a)); /* any bytes make a key */
    assert_true(sl__map_put(&m, SL_STR("a"), &b));
    assert_true(sl__map_put(&m, SL_STR(""), &b));
    assert_ptr_equal(sl__map_get(&m, sl_str_make("a\0b", 3)), &a);
    assert_true(sl__map_remove(&m, SL_STR("a")));
    assert_int_equal(freed, 2);
    sl__map_deinit(&m);
    assert_int_equal(freed, 4);
    assert_int_equal(sl__map_count(&m), 0);
}

static bool stop_at_two(void *arg, sl_str key, void *value) {
    (void)key;
    (void)value;
    return ++*(int *)arg < 2;
}

static void map_walks(void **state) {
    (void)state;
    static char values[5];
    char buf[32];
    int seen = 0;
    size_t at = 0;
    sl_str key;
    void *value;
    sl__map m;
    sl__map_init(&m, NULL);
    for (int i = 0; i < 5; i++) {
        assert_true(sl__map_put(&m, key_of(buf, sizeof buf, i), &values[i]));
    }
    sl__map_each(&m, stop_at_two, &seen);
    assert_int_equal(seen, 2);
    unsigned all = 0;
    while (sl__map_next(&m, &at, &key, &value)) {
        ptrdiff_t i = (char *)value - values;
        test_assert_str(key, key_of(buf, sizeof buf, (int)i).p);
        all |= 1u << i;
    }
    assert_int_equal(all, 31);
    sl__map_deinit(&m);
}

static void map_without_memory(void **state) {
    (void)state;
    char v, w;
    sl__map m;
    sl__map_init(&m, NULL);
    for (unsigned n = 1; n <= 2; n++) {
        test_fail_alloc(n);
        assert_false(sl__map_put(&m, SL_STR("k"), &v));
        test_fail_alloc(0);
        assert_int_equal(sl__map_count(&m), 0);
    }
    assert_true(sl__map_put(&m, SL_STR("k"), &v));
    test_fail_alloc(1);
    assert_true(sl__map_put(&m, SL_STR("k"), &w)); /* replacing needs none */
    test_fail_alloc(0);
    assert_ptr_equal(sl__map_get(&m, SL_STR("k")), &w);
    sl__map_deinit(&m);
}

static void add_metric(void *arg, const sl__metric *m, int64_t value) {
    sl_buf_printf(arg, "%s{%s,%d}=%lld;", m->name, m->connector, (int)m->task, (long long)value);
}

static void assert_metrics(const char *expected) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "");
    sl__metrics_each(add_metric, &b);
    test_assert_str(b.n ? sl_buf_view(&b) : SL_STR(""), expected);
    sl_buf_deinit(&b);
}

static void metrics_live_and_go(void **state) {
    (void)state;
    sl__metric *rows = sl__metric_get("rows", SL_STR("c"), 10);
    sl__metric *rows2 = sl__metric_get("rows", SL_STR("c"), 9);
    sl__metric *lag = sl__metric_get("lag", SL_STR("c"), -1);
    sl__metric *up = sl__metric_get("up", SL_STR_NONE, -1);
    sl__metric *other = sl__metric_get("rows", SL_STR("d"), 9);
    assert_ptr_equal(sl__metric_get("rows", SL_STR("c"), 10), rows);
    sl__metric_release(rows);
    sl__metric_add(rows, 5);
    sl__metric_add(rows, -2);
    sl__metric_set(lag, 7);
    assert_metrics("lag{c,-1}=7;rows{c,9}=0;rows{c,10}=3;rows{d,9}=0;up{,-1}=0;");
    sl__metrics_remove(SL_STR("c"), 10);
    assert_metrics("lag{c,-1}=7;rows{c,9}=0;rows{d,9}=0;up{,-1}=0;");
    sl__metric_add(rows, 1); /* still valid for its holder */
    sl__metric *again = sl__metric_get("rows", SL_STR("c"), 10);
    assert_ptr_not_equal(again, rows);
    assert_int_equal(sl__metric_value(again), 0);
    sl__metrics_remove(SL_STR("c"), -1);
    assert_metrics("rows{d,9}=0;up{,-1}=0;");
    sl__metric_release(rows);
    sl__metric_release(rows2);
    sl__metric_release(lag);
    sl__metric_release(again);
    sl__metric_release(up);
    sl__metric_release(other);
    sl__metric_release(NULL);
    sl__metrics_remove(SL_STR("d"), -1);
    sl__metrics_remove(SL_STR(""), -1);
    assert_metrics("");
}

static void metrics_without_memory(void **state) {
    (void)state;
    unsigned n = 0;
    size_t listed;
    do {
        test_fail_alloc(++n);
        sl__metric *m = sl__metric_get("x", SL_STR("memory"), 0);
        test_fail_alloc(0);
        assert_non_null(m);
        sl__metric_set(m, 1);
        listed = m->listed;
        sl__metric_release(m);
    } while (!listed);
    assert_true(n > 3);
    assert_metrics("x{memory,0}=1;");
    sl__metrics_remove(SL_STR("memory"), 0);
    assert_metrics("");
}

static void *count_up(void *arg) {
    (void)arg;
    for (int i = 0; i < 2000; i++) {
        sl__metric *m = sl__metric_get("shared", SL_STR("t"), 0);
        sl__metric_add(m, 1);
        sl__metric_release(m);
    }
    return NULL;
}

static void metrics_from_threads(void **state) {
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_metrics("shared{t,0}=8000;");
    sl__metrics_remove(SL_STR("t"), -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_holds_many),
        cmocka_unit_test(map_frees_values),
        cmocka_unit_test(map_walks),
        cmocka_unit_test(map_without_memory),
        cmocka_unit_test(metrics_live_and_go),
        cmocka_unit_test(metrics_without_memory),
        cmocka_unit_test(metrics_from_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
