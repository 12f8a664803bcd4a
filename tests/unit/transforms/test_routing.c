/*
 * test_routing.c - RegexRouter, Java's regular expressions, and the predicates.
 */
#include "cases.h"

#include <cdc/java_regex.h>

#define APACHE "org.apache.kafka.connect.transforms."

static const transform_case router_cases[] = {
    {"regex-router", "regex=(.*) ; replacement=x-$1", "v=:1", "t=x-t ; v=:1"},
    {APACHE "RegexRouter", "regex=([^.]+)\\.([^.]+)\\.(.*) ; replacement=$3", "t=shop.public.orders ; v=:1",
     "t=orders ; v=:1"},
    {"regex-router", "regex=a|ab ; replacement=Z", "t=ab ; v=:1", "t=Zb ; v=:1"},
    {"regex-router", "regex=(a)(b)?.* ; replacement=$2-$1", "t=ab ; v=:1", "t=b-a ; v=:1"},
    {"regex-router", "regex=(a)(x)?.* ; replacement=$2-$1", "t=ab ; v=:1", "t=-a ; v=:1"},
    {"regex-router", "regex=(?<n>a).* ; replacement=${n}x", "t=ab ; v=:1", "t=ax ; v=:1"},
    {"regex-router", "regex=a.* ; replacement=\\$x", "t=ab ; v=:1", "t=$x ; v=:1"},
    {"regex-router", "regex=a.* ; replacement=\\\\x", "t=ab ; v=:1", "t=\\x ; v=:1"},
    {"regex-router", "regex=(a).* ; replacement=$12", "t=ab ; v=:1", "t=a2 ; v=:1"},
    {"regex-router", "regex=a.* ; replacement=$0$0", "t=ab ; v=:1", "t=abab ; v=:1"},
    {"regex-router", "regex=a ; replacement=q", "t=ab ; v=:1", "t=ab ; v=:1"},
    {"regex-router", "regex= ; replacement=q", "t=ab ; v=:1", "t=ab ; v=:1"},
    {"regex-router", "regex=(?i)AB ; replacement=q", "t=ab ; v=:1", "t=q ; v=:1"},
    {"regex-router", "regex=\\Qa.b\\E ; replacement=q", "t=a.b ; v=:1", "t=q ; v=:1"},
    {"regex-router", "regex=\\Qa.b\\E ; replacement=q", "t=axb ; v=:1", "t=axb ; v=:1"},
    {"regex-router", "regex=\\p{Alpha}+\\p{Punct}\\p{Digit}+ ; replacement=q", "t=ab-12 ; v=:1",
     "t=q ; v=:1"},
    {"regex-router", "regex=[\\p{Lower}_]+\\P{Upper} ; replacement=q", "t=a_b1 ; v=:1", "t=q ; v=:1"},
    {"regex-router", "regex=\\p{IsLatin}+\\p{javaLowerCase} ; replacement=q", "t=Abc ; v=:1", "t=q ; v=:1"},
    {"regex-router", "regex=\\u0061\\x62\\0143 ; replacement=q", "t=abc ; v=:1", "t=q ; v=:1"},
    {"regex-router", "regex=[a-c&&&]+ ; replacement=q", NULL, "~!intersections"},
    {"regex-router", "regex=[]a]+ ; replacement=q", "t=a]a ; v=:1", "t=q ; v=:1"},
    {"regex-router", "regex=[^]a]+ ; replacement=q", "t=b ; v=:1", "t=q ; v=:1"},
    {"regex-router", "regex=(?:a|b)++(?=c)c ; replacement=q", "t=abc ; v=:1", "t=q ; v=:1"},
    {"regex-router", "regex=(?<x>a)\\k<x> ; replacement=${x}", "t=aa ; v=:1", "t=a ; v=:1"},
    {"regex-router", "regex=a.* ; replacement=x\\", NULL, "~!last backslash"},
    {"regex-router", "regex=a.* ; replacement=$", NULL, "~!behind '$'"},
    {"regex-router", "regex=a.* ; replacement=$x", NULL, "~!behind '$'"},
    {"regex-router", "regex=a.* ; replacement=$3", NULL, "~!does not have"},
    {"regex-router", "regex=a.* ; replacement=${n}", NULL, "~!does not have"},
    {"regex-router", "regex=a.* ; replacement=${n", NULL, "~!${name}"},
    {"regex-router", "regex=a.* ; replacement=${1}", NULL, "~!${name}"},
    {"regex-router", "regex=(a ; replacement=x", NULL, "!'regex'"},
    {"regex-router", "regex=a\\ ; replacement=x", NULL, "!'regex'"},
    {"regex-router", "replacement=x", NULL, "!'regex'"},
    {"regex-router", "regex=x", NULL, "!'replacement'"},
    {"regex-router", "regex=(.*) ; replacement=", NULL, SETTINGS_OK},
};

static void test_regex_router(void **state) {
    (void)state;
    run_cases(router_cases);
}

/* The last topic's answer is kept: it must not be taken for another's. */
static void test_router_sees_many_topics(void **state) {
    static const transform_case steps[] = {
        {"", "", "t=a1 ; v=:1", "t=x1 ; v=:1"}, {"", "", "t=b1 ; v=:1", "t=b1 ; v=:1"},
        {"", "", "t=b1 ; v=:1", "t=b1 ; v=:1"}, {"", "", "t=a2 ; v=:1", "t=x2 ; v=:1"},
        {"", "", "t=a2 ; v=:1", "t=x2 ; v=:1"}, {"", "", "t=a ; v=:1", "t=x ; v=:1"},
    };
    instance it;
    (void)state;
    prepare(&it, SL_KIND_TRANSFORM, "regex-router", "regex=a(.*) ; replacement=x$1");
    test_assert_ok(it.def->transform->open(&it.ctx, &it.state));
    sl_batch *batch = sl__batch_new(test_host());
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char *found = run_once(&it, &steps[i], batch, 0);
        check_text(&steps[i], found);
        free(found);
    }
    sl__batch_free(batch);
    it.def->transform->close(it.state);
    sl_arena_deinit(&it.arena);
}

/* ---- regular expressions ---- */

static void test_regex_refusals(void **state) {
    static const char *const refused[] = {
        "[a[bc]]", "[a-z&&[^b]]", "(?d)a", "(?U)a",     "(?iu)a",        "(*UTF)a", "(?R)", "(?1)", "a\\K",
        "(?|a|b)", "(?P<n>a)",    "\\g1",  "(?(1)a|b)", "\\p{Nonsense}", "a{2,1}",  "*a",   "[a"};
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        java_regex *r = NULL;
        sl_error *err = java_regex_new(sl_str_of(refused[i]), &r);
        if (!err) {
            print_error("'%s' was taken\n", refused[i]);
            fail();
        }
        assert_int_equal(err->code, SL_E_CONFIG);
        sl_error_free(err);
    }
}

static void test_regex_that_takes_too_long(void **state) {
    java_regex *r;
    bool matches;
    (void)state;
    test_assert_ok(java_regex_new(SL_STR("(?:a|aa)+[^a]"), &r));
    test_assert_error(
        java_regex_matches(r, SL_STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &matches),
        SL_E_DATA, "limit");
    java_regex_free(r);
}

/* ---- predicates ---- */

typedef struct predicate_case {
    const char *type;
    const char *conf;
    const char *in;
    bool want;
} predicate_case;

static const predicate_case predicate_cases[] = {
    {"has-header-key", "name=a", "v=:1 ; h.b=:1 ; h.a=:null", true},
    {"has-header-key", "name=a", "v=:1 ; h.b=:1 ; h.aa=:1", false},
    {APACHE "predicates.HasHeaderKey", "name=a", "v=:1", false},
    {"record-is-tombstone", "", "k=:1 ; v=:null", true},
    {"record-is-tombstone", "", "v={a:int8}?:null", true},
    {APACHE "predicates.RecordIsTombstone", "", "v=:0", false},
    {"topic-name-matches", "pattern=shop\\..*", "t=shop.public.a ; v=:1", true},
    {"topic-name-matches", "pattern=shop", "t=shop.public.a ; v=:1", false},
    {APACHE "predicates.TopicNameMatches", "pattern=(?i)T", "v=:1", true},
};

static void test_predicates(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof predicate_cases / sizeof predicate_cases[0]; i++) {
        const predicate_case *c = &predicate_cases[i];
        instance it;
        prepare(&it, SL_KIND_PREDICATE, c->type, c->conf);
        test_assert_ok(sl_config_report_error(&it.report));
        test_assert_ok(it.def->predicate->open(&it.ctx, &it.state));
        sl_batch *batch = sl__batch_new(test_host());
        for (int round = 0; round < 2; round++) {
            bool found = !c->want;
            test_assert_ok(it.def->predicate->test(it.state, notation_record(batch, c->in), &found));
            assert_int_equal(found, c->want);
        }
        sl__batch_free(batch);
        it.def->predicate->close(it.state);
        sl_arena_deinit(&it.arena);
    }
}

static void test_predicate_settings(void **state) {
    static const struct {
        const char *type, *conf, *key, *part;
    } bad[] = {
        {"has-header-key", "", "name", "missing"},
        {"has-header-key", "name=", "name", "not empty"},
        {"topic-name-matches", "", "pattern", "missing"},
        {"topic-name-matches", "pattern=", "pattern", "not empty"},
        {"topic-name-matches", "pattern=(a", "pattern", "regular expression"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        instance it;
        prepare(&it, SL_KIND_PREDICATE, bad[i].type, bad[i].conf);
        test_assert_contains(test_find_problem(&it.report, bad[i].key), bad[i].part);
        sl_arena_deinit(&it.arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regex_router),   cmocka_unit_test(test_router_sees_many_topics),
        cmocka_unit_test(test_regex_refusals), cmocka_unit_test(test_regex_that_takes_too_long),
        cmocka_unit_test(test_predicates),     cmocka_unit_test(test_predicate_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
