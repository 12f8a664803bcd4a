/* The decoder of pgoutput: messages made by hand, whole and cut off at every byte. */
#include "support/support.h"

#include <stdlib.h>

#include "postgres-cdc/pgoutput.h"

#define MSG(lit) ((sl_str){lit, sizeof(lit) - 1})

/* A copy that ends exactly where the message does, so that a sanitizer sees a read past it. */
static sl_error *parse(sl_str data, size_t n, pgo_message *m, bool *known, char **copy) {
    *copy = malloc(n ? n : 1);
    memcpy(*copy, data.p, n);
    return pgo_parse((sl_str){*copy, n}, m, known);
}

static const sl_str begin = MSG("B\0\0\0\0\0\0\1\2\0\0\0\0\0\0\0\5\0\0\0\7");
static const sl_str commit = MSG("C\0\0\0\0\0\0\0\1\2\0\0\0\0\0\0\1\3\0\0\0\0\0\0\0\5");
static const sl_str relation =
    MSG("R\0\0\0\11public\0t\0d\0\2\1id\0\0\0\0\27\377\377\377\377\0v\0\0\0\0\31\377\377\377\377");
static const sl_str insert = MSG("I\0\0\0\11N\0\2t\0\0\0\1"
                                 "7"
                                 "n");
static const sl_str update = MSG("U\0\0\0\11O\0\2t\0\0\0\1"
                                 "7"
                                 "nN\0\2t\0\0\0\1"
                                 "8"
                                 "u");
static const sl_str removal = MSG("D\0\0\0\11K\0\2t\0\0\0\1"
                                  "7"
                                  "n");
static const sl_str truncation = MSG("T\0\0\0\2\1\0\0\0\11\0\0\0\12");
static const sl_str message = MSG("M\1\0\0\0\0\0\0\0\5pfx\0\0\0\0\2hi");
static const sl_str origin = MSG("O\0\0\0\0\0\0\0\5node\0");

static void messages_are_read(void **state) {
    (void)state;
    pgo_message m;
    bool known;
    test_assert_ok(pgo_parse(begin, &m, &known));
    assert_int_equal(m.lsn, 0x102);
    assert_int_equal(m.xid, 7);
    assert_true(m.commit_us == INT64_C(946684800000005));
    test_assert_ok(pgo_parse(commit, &m, &known));
    assert_int_equal(m.end_lsn, 0x103);
    test_assert_ok(pgo_parse(relation, &m, &known));
    test_assert_str(m.name, "public");
    test_assert_str(m.table, "t");
    assert_int_equal(m.count, 2);
    pgo_column c;
    assert_true(pgo_next_column(&m.rest, &c));
    test_assert_str(c.name, "id");
    assert_int_equal(c.type, 23);
    assert_int_equal(c.typmod, -1);
    assert_true(c.key);
    test_assert_ok(pgo_parse(update, &m, &known));
    assert_int_equal(m.old_kind, 'O');
    pgo_cell cell = {0};
    assert_true(pgo_next_cell(&m.new_row.rest, &cell));
    test_assert_str(((sl_str){cell.p, cell.n}), "8");
    assert_true(pgo_next_cell(&m.new_row.rest, &cell));
    assert_int_equal(cell.kind, 'u');
    assert_false(pgo_next_cell(&m.new_row.rest, &cell));
    test_assert_ok(pgo_parse(removal, &m, &known));
    assert_int_equal(m.old_kind, 'K');
    test_assert_ok(pgo_parse(truncation, &m, &known));
    assert_int_equal(m.count, 2);
    test_assert_ok(pgo_parse(message, &m, &known));
    test_assert_str(m.name, "pfx");
    test_assert_str(m.content, "hi");
    test_assert_ok(pgo_parse(origin, &m, &known));
    test_assert_str(m.name, "node");
    test_assert_ok(pgo_parse(MSG("Zanything"), &m, &known));
    assert_false(known);
}

static void cut_messages_are_refused(void **state) {
    (void)state;
    const sl_str all[] = {begin, commit, relation, insert, update, removal, truncation, message, origin};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        for (size_t n = 1; n < all[i].n; n++) {
            pgo_message m;
            bool known;
            char *copy;
            test_assert_error(parse(all[i], n, &m, &known, &copy), SL_E_DATABASE, "malformed");
            free(copy);
        }
    }
}

static void lying_lengths_are_refused(void **state) {
    (void)state;
    pgo_message m;
    bool known;
    test_assert_error(pgo_parse(MSG("I\0\0\0\11N\0\1t\377\377\377\377x"), &m, &known), SL_E_DATABASE,
                      "cut off");
    test_assert_error(pgo_parse(MSG("I\0\0\0\11N\377\377n"), &m, &known), SL_E_DATABASE, "cut off");
    test_assert_error(pgo_parse(MSG("I\0\0\0\11X\0\0"), &m, &known), SL_E_DATABASE, "expected a row");
    test_assert_error(pgo_parse(MSG("T\377\377\377\377\0\0\0\0\11"), &m, &known), SL_E_DATABASE, "cut off");
    test_assert_error(pgo_parse(MSG("M\1\0\0\0\0\0\0\0\5pfx\0\177\377\377\377hi"), &m, &known), SL_E_DATABASE,
                      "too early");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read),
        cmocka_unit_test(cut_messages_are_refused),
        cmocka_unit_test(lying_lengths_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
