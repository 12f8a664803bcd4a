/*
 * settings.c - bad settings get an error that names the key and what was expected, and never more than an
 * error.
 */
#include "contract.h"

#include <model/schema.h>

#include <stdio.h>

typedef struct parsed {
    sl_arena arena;
    sl_config_report report;
    sl__instance inst;
} parsed;

static void parse(const subject *s, const sl_config *config, parsed *out) {
    *out = (parsed){0};
    sl_arena_init(&out->arena, 0);
    sl_config_report_init(&out->report, &out->arena);
    assert_null(sl__instance_init(&out->inst, s->def, config, SL_STR_NONE, &out->arena, &out->report));
}

/* problem_of gives the error of a key, or NULL. */
static const sl_config_problem *problem_of(const parsed *p, const char *key) {
    for (size_t i = 0; i < p->report.n; i++) {
        if (p->report.items[i].severity == SL_SEV_ERROR && sl_str_eqz(p->report.items[i].key, key)) {
            return &p->report.items[i];
        }
    }
    return NULL;
}

void test_missing_settings(void **state) {
    const subject *s = *state;
    sl_config empty = {0};
    parsed p;
    parse(s, &empty, &p);
    size_t required = 0;
    for (size_t i = 0; i < s->def->nsettings; i++) {
        const sl_config_row *row = &s->def->settings[i];
        const sl_config_problem *problem = problem_of(&p, row->name);
        required += row->required;
        if (row->required && !problem) {
            fail_msg("%s: nothing was said about '%s', which is required", s->def->name, row->name);
        }
        if (!row->required && problem) {
            fail_msg("%s: '%s' is not required, but: %.*s", s->def->name, row->name,
                     SL_STR_ARG(problem->message));
        }
    }
    assert_int_equal(p.report.errors, required);
    sl_error *err = sl_config_report_error(&p.report);
    assert_true((err != NULL) == (required > 0));
    sl_error_free(err);
    sl_arena_deinit(&p.arena);
}

/* expect_refused: the value is an error under the key, which says what was expected. */
static void expect_refused(const subject *s, const sl_config *good, const sl_config_row *row, sl_str value) {
    sl_arena arena;
    parsed p;
    sl_arena_init(&arena, 0);
    sl_config bad = with_value(good, row->name, value, &arena);
    parse(s, &bad, &p);
    const sl_config_problem *problem = problem_of(&p, row->name);
    if (!problem) {
        fail_msg("%s: '%s=%.*s' was accepted", s->def->name, row->name, SL_STR_ARG(value));
    } else if (row->support == SL_SUPPORTED &&
               sl_str_find_str(problem->message, SL_STR("expected")) == problem->message.n) {
        fail_msg("%s: '%s=%.*s': the error does not say what was expected: %.*s", s->def->name, row->name,
                 SL_STR_ARG(value), SL_STR_ARG(problem->message));
    }
    sl_arena_deinit(&p.arena);
    sl_arena_deinit(&arena);
}

static void refuse_numbers(const subject *s, const sl_config *good, const sl_config_row *row) {
    char text[64];
    expect_refused(s, good, row, SL_STR("not a number"));
    expect_refused(s, good, row, SL_STR("1e999999"));
    if (row->type != SL_CONFIG_DOUBLE) {
        expect_refused(s, good, row, SL_STR("99999999999999999999"));
    }
    if (row->has_min) {
        snprintf(text, sizeof(text), "%.0f", row->min - 1);
        expect_refused(s, good, row, sl_str_of(text));
    }
    if (row->has_max) {
        snprintf(text, sizeof(text), "%.0f", row->max + 1);
        expect_refused(s, good, row, sl_str_of(text));
    }
}

void test_wrong_settings(void **state) {
    const subject *s = *state;
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_config good = sample_config(s, &arena);
    for (size_t i = 0; i < s->def->nsettings; i++) {
        const sl_config_row *row = &s->def->settings[i];
        if (row->pattern || row->support == SL_WARNED) {
            continue;
        }
        if (row->support == SL_REFUSED) {
            expect_refused(s, &good, row, SL_STR("some value"));
            continue;
        }
        switch (row->type) {
        case SL_CONFIG_INT:
        case SL_CONFIG_LONG:
        case SL_CONFIG_DOUBLE:
            refuse_numbers(s, &good, row);
            break;
        case SL_CONFIG_BOOLEAN:
            expect_refused(s, &good, row, SL_STR("maybe"));
            break;
        case SL_CONFIG_STRING:
        case SL_CONFIG_LIST:
            if (row->enums) {
                expect_refused(s, &good, row, SL_STR("no-such-word"));
            }
            break;
        case SL_CONFIG_PASSWORD:
        case SL_CONFIG_CLASS:
            break;
        }
    }
    sl_arena_deinit(&arena);
}

/* Whatever a value is, the outcome is an instance or an error. Definitions that need a server are parsed
   only: opening them would look up odd host names. */
static void try_odd_value(const subject *s, const sl_config *good, const sl_config_row *row, sl_str value,
                          bool open) {
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_config odd = with_value(good, row->name, value, &arena);
    instance in;
    sl_error *err = instance_init(&in, s, &odd);
    if (!err) {
        sl_config_report report;
        sl_config_report_init(&report, &in.arena);
        if (open) {
            sl__plugin_validate(s->def, &in.inst.context, &report);
            err = sl_config_report_error(&report);
        }
        if (open && !err) {
            err = instance_open(&in);
            if (!err) {
                instance_close(&in);
            }
        }
        instance_deinit(&in);
    }
    if (err) {
        check_error(err, row->name);
    }
    sl_arena_deinit(&arena);
}

void test_odd_settings(void **state) {
    const subject *s = *state;
    static const sl_str odd[] = {
        SL_STR_INIT(""),     SL_STR_INIT(" "),      SL_STR_INIT(","),      SL_STR_INIT(",,,"),
        SL_STR_INIT(":"),    SL_STR_INIT("a:"),     SL_STR_INIT("("),      SL_STR_INIT("[a-"),
        SL_STR_INIT("*"),    SL_STR_INIT("\\"),     SL_STR_INIT("${x}"),   SL_STR_INIT("$9"),
        SL_STR_INIT("%s%n"), SL_STR_INIT("a.b.c"),  SL_STR_INIT("-1"),     SL_STR_INIT("\xff\xfe"),
        SL_STR_INIT("a\0b"), SL_STR_INIT("(a+)+$"), SL_STR_INIT("\n\r\t"),
    };
    const sample *known = sample_of(s->def);
    bool open = !known || !known->offline;
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_config good = sample_config(s, &arena);
    char *large = sl_arena_bytes(&arena, 100000);
    memset(large, '(', 100000);
    size_t schemas = sl__schema_count();
    for (size_t i = 0; i < s->def->nsettings; i++) {
        const sl_config_row *row = &s->def->settings[i];
        bool place = strstr(row->name, "url") || strstr(row->name, "host");
        for (size_t v = 0; v < sizeof(odd) / sizeof(odd[0]) && !row->pattern; v++) {
            try_odd_value(s, &good, row, odd[v], open && !place);
        }
        if (!row->pattern) {
            try_odd_value(s, &good, row, sl_str_make(large, 100000), open && !place);
        }
    }
    assert_int_equal(sl__schema_count(), schemas);
    sl_arena_deinit(&arena);
}
