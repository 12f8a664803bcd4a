/*
 * test_memory.c - arenas, buffers, the wire reader and errors, with and without memory.
 */
#include "support/support.h"

#include <stdio.h>

#define MIB ((size_t)1024 * 1024)

static void arena_aligns_and_zeroes(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 64);
    assert_int_equal(a.total, 0);
    for (size_t i = 1; i < 200; i++) {
        (void)sl_arena_bytes(&a, i % 7);
        char *p = sl_arena_zalloc(&a, i);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_equal(p[j], 0);
        }
        memset(p, 0xee, i);
    }
    sl_arena_deinit(&a);
    assert_int_equal(a.total, 0);
}

/* one more item at a time: nothing is lost, and what there is no memory for leaves the array as it was */
static void arrays_grow(void **state) {
    (void)state;
    sl_arena a;
    uint32_t *heap = NULL, *kept = NULL;
    size_t heap_cap = 0, kept_cap = 0;
    sl_arena_init(&a, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        heap = sl_grow(heap, i, &heap_cap, sizeof *heap);
        kept = sl_arena_grow(&a, kept, i, &kept_cap, sizeof *kept);
        assert_true(heap && kept && heap_cap > i && kept_cap > i);
        heap[i] = kept[i] = i;
    }
    test_fail_alloc(1);
    assert_null(sl_grow(heap, heap_cap, &heap_cap, sizeof *heap));
    a.cur = a.end; /* or there would be room without another chunk */
    assert_null(sl_arena_grow(&a, kept, kept_cap, &kept_cap, sizeof *kept));
    test_fail_alloc(0);
    size_t too_many = SIZE_MAX / 8;
    assert_null(sl_grow(heap, too_many, &too_many, sizeof *heap));
    assert_int_equal(heap_cap, 1024);
    assert_int_equal(kept_cap, 1024);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(heap[i] == i && kept[i] == i);
    }
    sl_free(heap);
    sl_arena_deinit(&a);
}

static void arena_chunks_double(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 64 * 1024);
    size_t expected = 0;
    for (size_t size = 64 * 1024; size <= MIB; size *= 2) {
        assert_non_null(sl_arena_alloc(&a, size));
        expected += size;
        assert_int_equal(a.total, expected);
    }
    assert_non_null(sl_arena_alloc(&a, 16)); /* no larger than 1 MiB */
    assert_int_equal(a.total, expected + MIB);
    assert_non_null(sl_arena_alloc(&a, 3 * MIB)); /* unless asked for more */
    assert_int_equal(a.total, expected + 4 * MIB);
    assert_int_equal(a.chunk_size, MIB);
    sl_arena_deinit(&a);
}

static void arena_reset_keeps_one_chunk(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 1024);
    for (int i = 0; i < 100; i++) {
        assert_non_null(sl_arena_alloc(&a, 4000));
    }
    assert_non_null(sl_arena_alloc(&a, 5 * MIB));
    sl_arena_reset(&a, MIB);
    assert_true(a.total > 0 && a.total <= MIB);
    size_t kept = a.total;
    assert_non_null(sl_arena_alloc(&a, kept - 16));
    assert_int_equal(a.total, kept); /* it is used again */
    sl_arena_reset(&a, 0);
    assert_int_equal(a.total, 0);
    sl_arena_reset(&a, 0);
    assert_non_null(sl_arena_alloc(&a, 1));
    sl_arena_deinit(&a);
}

/* That a block is freed, once, is seen by the sanitizers. */
static void arena_takes_blocks(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 1024);
    assert_true(sl_arena_give(&a, sl_alloc(3 * MIB), 3 * MIB)); /* before there is a chunk */
    char *small = sl_arena_alloc(&a, 100);
    assert_non_null(small);
    size_t own = a.total - 3 * MIB;
    assert_true(sl_arena_give(&a, sl_alloc(5 * MIB), 5 * MIB));
    assert_int_equal(a.total, own + 8 * MIB);
    char *next = sl_arena_alloc(&a, 16);
    assert_true(next > small && next < small + 1024); /* the chunk at hand is used on */
    sl_arena_reset(&a, SIZE_MAX);                     /* keeps a chunk of its own, never a block */
    assert_int_equal(a.total, own);
    assert_true(sl_arena_give(&a, sl_alloc(10), 10));
    sl_arena_deinit(&a);
}

static void large_buffers_grow_with_their_chunk(void **state) {
    (void)state;
    sl_arena a;
    sl_buf b;
    sl_arena_init(&a, 1024);
    char *before = sl_arena_bytes(&a, 10);
    memset(before, 'b', 10);
    sl_buf_init(&b, &a);
    for (size_t i = 0; i < 16; i++) {
        char *to = sl_buf_room(&b, MIB);
        assert_non_null(to);
        memset(to, 'a' + (int)i, MIB);
        b.n += MIB;
    }
    assert_true(a.total < 34 * MIB); /* its last size, and no earlier one of a megabyte or more */
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(b.p[i * MIB], 'a' + (int)i);
        assert_int_equal(b.p[i * MIB + MIB - 1], 'a' + (int)i);
    }
    sl_str taken = sl_buf_take(&b);
    char *behind = sl_arena_bytes(&a, 100);
    assert_true(behind >= taken.p + taken.n || behind < taken.p);
    assert_int_equal(before[9], 'b');
    sl_arena_deinit(&a);
}

static void long_json_strings_get_their_room_first(void **state) {
    (void)state;
    sl_arena a;
    sl_buf b;
    sl_arena_init(&a, 1024);
    char *text = sl_alloc(4 * MIB);
    for (size_t i = 0; i < 4 * MIB; i++) {
        text[i] = i % 16 == 5 ? '"' : i % 16 == 9 ? '\x01' : 'x';
    }
    sl_buf_init(&b, &a);
    sl_buf_add_json_str(&b, sl_str_make(text, 4 * MIB));
    size_t n = 4 * MIB + 4 * MIB / 16 + 4 * MIB / 16 * 5 + 2; /* a backslash, and six for one */
    assert_int_equal(b.n, n);
    assert_int_equal(b.p[n - 1], '"');
    assert_memory_equal(b.p, "\"xxxxx\\\"xxx\\u0001xxxxxx", 23);
    assert_true(a.total < n + n / 32);
    sl_arena_deinit(&a);
    sl_free(text);
}

static void arena_texts(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 16);
    sl_str s = sl_arena_str(&a, SL_STR("hello"));
    test_assert_str(s, "hello");
    assert_int_equal(s.p[5], 0);
    assert_null(sl_arena_str(&a, SL_STR_NONE).p);
    test_assert_str(sl_arena_str(&a, SL_STR("")), "");
    test_assert_str(sl_arena_printf(&a, "%d-%s", 42, "a text longer than the first chunk"),
                    "42-a text longer than the first chunk");
    sl_arena_deinit(&a);
}

static void arena_fails_softly(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 0);
    test_fail_alloc(1);
    assert_null(sl_arena_alloc(&a, 10));
    assert_null(sl_arena_str(&a, SL_STR("x")).p);
    assert_null(sl_arena_printf(&a, "%d", 1).p);
    test_fail_alloc(0);
    assert_true(a.failed);
    assert_non_null(sl_arena_alloc(&a, 10));
    assert_true(a.failed); /* sticky */
    sl_arena_reset(&a, MIB);
    assert_false(a.failed);
    assert_null(sl_arena_alloc(&a, SIZE_MAX - 8));
    sl_arena_deinit(&a);
}

static void fill(sl_buf *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sl_buf_add_char(b, (char)('a' + i % 26));
    }
}

static void assert_filled(sl_str s, size_t n) {
    assert_int_equal(s.n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(s.p[i], 'a' + (int)(i % 26));
    }
}

static void buffer_extends_at_the_tip(void **state) {
    (void)state;
    sl_arena a;
    sl_buf b;
    sl_arena_init(&a, 64 * 1024);
    char *first = sl_arena_alloc(&a, 16);
    sl_buf_init(&b, &a);
    fill(&b, 50000);
    assert_ptr_equal(b.p, first + 16);    /* never moved */
    assert_int_equal(a.total, 64 * 1024); /* nor took more */
    sl_str s = sl_buf_take(&b);
    assert_filled(s, 50000);
    assert_ptr_equal(a.cur, s.p + s.n); /* the rest is given back */
    assert_int_equal(b.n, 0);
    fill(&b, 3); /* ready for the next use */
    test_assert_str(sl_buf_take(&b), "abc");
    assert_filled(s, 50000);
    test_assert_str(sl_buf_take(&b), ""); /* empty is not absent */
    sl_arena_deinit(&a);
}

static void buffer_moves_to_a_fresh_chunk(void **state) {
    (void)state;
    sl_arena a;
    sl_buf b;
    sl_arena_init(&a, 1024);
    sl_buf_init(&b, &a);
    fill(&b, 100);
    fill(&b, 0);
    for (size_t i = 100; i < 3 * MIB; i++) {
        sl_buf_add_char(&b, (char)('a' + i % 26));
    }
    sl_str s = sl_buf_take(&b);
    assert_filled(s, 3 * MIB);
    assert_ptr_equal(a.cur, s.p + s.n);
    sl_arena_deinit(&a);
}

static void buffer_survives_other_allocations(void **state) {
    (void)state;
    sl_arena a;
    sl_buf b;
    sl_arena_init(&a, 4096);
    sl_buf_init(&b, &a);
    fill(&b, 100);
    char *other = sl_arena_zalloc(&a, 500); /* not allowed by the header, but must not corrupt anything */
    for (size_t i = 100; i < 2000; i++) {
        sl_buf_add_char(&b, (char)('a' + i % 26));
    }
    for (int i = 0; i < 500; i++) {
        assert_int_equal(other[i], 0);
    }
    assert_filled(sl_buf_take(&b), 2000);
    sl_arena_deinit(&a);
}

static void buffer_deinit_gives_back(void **state) {
    (void)state;
    sl_arena a;
    sl_buf b;
    sl_arena_init(&a, 4096);
    char *p = sl_arena_bytes(&a, 1);
    sl_buf_init(&b, &a);
    fill(&b, 10);
    sl_buf_deinit(&b);
    assert_ptr_equal(a.cur, p + 1);
    sl_arena_deinit(&a);
}

static void buffer_formats(void **state) {
    (void)state;
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_i64(&b, INT64_MIN);
    sl_buf_add_char(&b, ' ');
    sl_buf_add_i64(&b, 0);
    sl_buf_add_z(&b, " ");
    sl_buf_printf(&b, "%s|%0300d", "x", 7);
    assert_int_equal(b.n, 20 + 1 + 1 + 1 + 2 + 300);
    assert_true(sl_str_starts(sl_buf_view(&b), SL_STR("-9223372036854775808 0 x|000")));
    sl_buf_clear(&b);
    sl_buf_add_json_str(&b, SL_STR("a\"b\\c\n\t\b\f\r\x01\x1f/\xc3\xa9\xf0\x9f\x98\x80"));
    test_assert_str(sl_buf_view(&b), "\"a\\\"b\\\\c\\n\\t\\b\\f\\r\\u0001\\u001F/\xc3\xa9\\uD83D\\uDE00\"");
    sl_buf_clear(&b);
    sl_buf_add_json_str(&b, SL_STR_NONE);
    test_assert_str(sl_buf_view(&b), "\"\"");
    sl_buf_deinit(&b);
}

static void buffer_error_is_sticky(void **state) {
    (void)state;
    sl_arena a;
    sl_arena_init(&a, 64);
    sl_arena *where[] = {NULL, &a};
    for (size_t i = 0; i < 2; i++) {
        sl_buf b;
        sl_buf_init(&b, where[i]);
        fill(&b, 60);
        test_fail_alloc(1);
        fill(&b, 1000);
        test_fail_alloc(0);
        assert_true(b.failed);
        fill(&b, 1);
        sl_buf_printf(&b, "more");
        assert_true(b.failed);
        assert_null(sl_buf_room(&b, 1));
        if (where[i]) {
            assert_null(sl_buf_take(&b).p);
            assert_false(b.failed);
        }
        sl_buf_deinit(&b);
    }
    sl_buf b;
    sl_buf_init(&b, NULL);
    fill(&b, 1);
    assert_null(sl_buf_room(&b, SIZE_MAX));
    assert_true(b.failed);
    sl_buf_deinit(&b);
    sl_arena_deinit(&a);
}

static void reader_reads_and_stops(void **state) {
    (void)state;
    static const char wire[] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
                               "abc\0"
                               "xy";
    sl_reader r = sl_reader_of(wire, sizeof wire - 1);
    assert_int_equal(sl_reader_u8(&r), 1);
    assert_int_equal(sl_reader_u16be(&r), 0x0203);
    assert_int_equal(sl_reader_u32be(&r), 0x04050607);
    assert_true(sl_reader_u64be(&r) == 0x08090a0b0c0d0e0fu);
    test_assert_str(sl_reader_cstr(&r), "abc");
    test_assert_str(sl_reader_bytes(&r, 0), "");
    assert_null(sl_reader_cstr(&r).p); /* no zero byte any more */
    assert_true(r.short_read);
    assert_int_equal(sl_reader_u8(&r), 0); /* sticky: "xy" is not given */
    assert_null(sl_reader_bytes(&r, 0).p);
    r = sl_reader_of(wire, 3);
    assert_int_equal(sl_reader_u32be(&r), 0);
    assert_true(r.short_read);
    assert_int_equal(sl_reader_left(&r), 0);
    r = sl_reader_of(NULL, 0);
    assert_null(sl_reader_cstr(&r).p);
}

static void errors_chain(void **state) {
    (void)state;
    char text[128];
    sl_error *err = sl_error_new(SL_E_IO, SL_RETRIABLE, "disk '%s' is full", "sda");
    err = sl_error_wrap(err, "cannot write '%s'", "x");
    assert_int_equal(err->code, SL_E_IO);
    assert_int_equal(err->cls, SL_RETRIABLE);
    err = sl_error_at(sl_error_at(err, SL_STR("old"), 0, 0), SL_STR("orders"), 3, 99);
    assert_string_equal(err->topic, "orders");
    assert_int_equal(err->partition, 3);
    assert_int_equal(err->offset, 99);
    assert_string_equal(sl_error_text(err, text, sizeof text), "cannot write 'x': disk 'sda' is full");
    assert_string_equal(sl_error_text(err, text, 10), "cannot wr");
    sl_error_free(err);
    assert_string_equal(sl_error_code_name(SL_E_NOT_FOUND), "not found");
    assert_string_equal(sl_error_class_name(SL_BUG), "bug");
    sl_error_free(NULL);
}

static void errors_without_memory(void **state) {
    (void)state;
    test_fail_alloc(1);
    sl_error *err = sl_error_new(SL_E_IO, SL_FATAL, "x");
    test_fail_alloc(0);
    assert_ptr_equal(err, sl_error_nomem());
    assert_int_equal(err->cls, SL_RETRIABLE);
    err = sl_error_wrap(sl_error_at(err, SL_STR("t"), 1, 1), "while testing");
    assert_null(err->cause->topic); /* the static error is never changed */
    assert_int_equal(err->code, SL_E_NOMEM);
    sl_error_free(err);
    err = sl_error_new(SL_E_IO, SL_FATAL, "first");
    for (unsigned n = 1; n <= 2; n++) {
        test_fail_alloc(n);
        sl_error *wrapped = sl_error_wrap(err, "second");
        test_fail_alloc(0);
        assert_ptr_equal(wrapped, err); /* the cause stands for itself */
    }
    sl_error_free(err);
    sl_error_free(sl_error_nomem());
    assert_string_equal(sl_error_nomem()->message, "out of memory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_aligns_and_zeroes),
        cmocka_unit_test(arena_chunks_double),
        cmocka_unit_test(arena_reset_keeps_one_chunk),
        cmocka_unit_test(arena_takes_blocks),
        cmocka_unit_test(large_buffers_grow_with_their_chunk),
        cmocka_unit_test(long_json_strings_get_their_room_first),
        cmocka_unit_test(arena_texts),
        cmocka_unit_test(arena_fails_softly),
        cmocka_unit_test(buffer_extends_at_the_tip),
        cmocka_unit_test(buffer_moves_to_a_fresh_chunk),
        cmocka_unit_test(buffer_survives_other_allocations),
        cmocka_unit_test(buffer_deinit_gives_back),
        cmocka_unit_test(buffer_formats),
        cmocka_unit_test(arrays_grow),
        cmocka_unit_test(buffer_error_is_sticky),
        cmocka_unit_test(reader_reads_and_stops),
        cmocka_unit_test(errors_chain),
        cmocka_unit_test(errors_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
