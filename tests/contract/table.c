/*
 * table.c - is the table of a definition sane: names, documentation, defaults, what is offered, where values
 * go?
 */
#include "contract.h"

#include <ctype.h>

static bool is_sentence(const char *doc) {
    size_t n = doc ? strlen(doc) : 0;
    return n >= 10 && doc[n - 1] == '.';
}

static bool is_short_name(const char *name) {
    for (const char *p = name; *p; p++) {
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '-' && *p != '.' &&
            *p != '$' && *p != '_') {
            return false;
        }
    }
    return *name != '\0';
}

static void check_names(const subject *s) {
    const sl_plugin_def *def = s->def;
    if (!is_short_name(def->name)) {
        fail_msg("'%s' is no short name: expected lower-case letters, digits and dashes", def->name);
    }
    if (!is_sentence(def->doc)) {
        fail_msg("%s: its doc is no sentence: '%s'", def->name, def->doc ? def->doc : "(none)");
    }
    if (!def->version || !*def->version) {
        fail_msg("%s has no version", def->name);
    }
    for (size_t i = 0; def->aliases && def->aliases[i]; i++) {
        const sl_plugin_def *found = NULL;
        if (!strchr(def->aliases[i], '.')) {
            fail_msg("%s: alias '%s' is no full class name", def->name, def->aliases[i]);
        }
        assert_null(sl__registry_find(s->reg, def->kind, sl_str_of(def->aliases[i]), &found));
        assert_ptr_equal(found, def);
    }
}

/* check_accepts fails unless the row takes a value. */
static void check_accepts(const sl_plugin_def *def, const sl_config_row *row, sl_str value,
                          const char *what) {
    sl_arena arena;
    sl_config_report report;
    sl_arena_init(&arena, 0);
    sl_config_report_init(&report, &arena);
    sl_config_entry entry = {.key = sl_str_of(row->name), .value = value};
    sl_config config = {&entry, 1};
    sl_config_parse(row, 1, &config, NULL, &arena, &report);
    for (size_t i = 0; i < report.n && row->support == SL_SUPPORTED; i++) {
        if (report.items[i].severity == SL_SEV_ERROR) {
            fail_msg("%s: the %s of '%s' is refused: %.*s", def->name, what, row->name,
                     SL_STR_ARG(report.items[i].message));
        }
    }
    sl_arena_deinit(&arena);
}

static void check_offers(const sl_plugin_def *def, const sl_config_row *row) {
    sl_str rest = sl_str_of(row->recommended), item;
    while (sl_str_next(&rest, ',', &item)) {
        check_accepts(def, row, sl_str_trim(item), "recommended value");
    }
    if (row->default_value && row->support == SL_SUPPORTED) {
        check_accepts(def, row, sl_str_of(row->default_value), "default");
    }
    for (const sl_config_enum *w = row->enums; w && w->name; w++) {
        for (const sl_config_enum *other = w + 1; other->name; other++) {
            if (sl_str_eq_nocase(sl_str_of(w->name), sl_str_of(other->name))) {
                fail_msg("%s: '%s' has the word '%s' twice", def->name, row->name, w->name);
            }
        }
    }
    rest = sl_str_of(row->dependents);
    while (sl_str_next(&rest, ',', &item)) {
        if (!sl_config_row_find(def->settings, def->nsettings, sl_str_trim(item))) {
            fail_msg("%s: '%s' names '%.*s' as dependent, which is no setting", def->name, row->name,
                     SL_STR_ARG(item));
        }
    }
}

static bool looks_secret(const char *name) {
    size_t n = strlen(name);
    static const char *const ends[] = {"password", ".secret", "passphrase"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t m = strlen(ends[i]);
        if (n >= m && strcmp(name + n - m, ends[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void check_row(const sl_plugin_def *def, const sl_config_row *row) {
    if (!is_sentence(row->doc)) {
        fail_msg("%s: the doc of '%s' is no sentence: '%s'", def->name, row->name,
                 row->doc ? row->doc : "(none)");
    }
    if (row->has_min && row->has_max && row->min > row->max) {
        fail_msg("%s: '%s' has a minimum above its maximum", def->name, row->name);
    }
    if (row->support != SL_SUPPORTED && (!row->remedy || strlen(row->remedy) < 10)) {
        fail_msg("%s: '%s' is not supported and has no remedy", def->name, row->name);
    }
    if (row->support == SL_SUPPORTED && looks_secret(row->name) && row->type != SL_CONFIG_PASSWORD) {
        fail_msg("%s: '%s' looks like a secret and is not of type PASSWORD", def->name, row->name);
    }
    if (row->default_value && row->has_min && row->type != SL_CONFIG_STRING) {
        double value = 0;
        assert_true(sl_str_to_f64(sl_str_of(row->default_value), &value));
        assert_true(value >= row->min && (!row->has_max || value <= row->max));
    }
    check_offers(def, row);
}

/* Two rows that are stored in one place would overwrite each other; several names of one setting are aliases.
 */
static void check_places(const sl_plugin_def *def) {
    for (size_t i = 0; i < def->nsettings; i++) {
        for (size_t j = i + 1; j < def->nsettings && def->settings[i].field; j++) {
            if (def->settings[i].field == def->settings[j].field) {
                fail_msg("%s: '%s' and '%s' are stored in the same place", def->name, def->settings[i].name,
                         def->settings[j].name);
            }
        }
    }
}

void test_table(void **state) {
    const subject *s = *state;
    sl_arena arena;
    sl_arena_init(&arena, 0);
    const char *wrong = sl__plugin_check(s->def, &arena);
    if (wrong) {
        fail_msg("%s: %s", s->def->name, wrong);
    }
    sl_arena_deinit(&arena);
    check_names(s);
    for (size_t i = 0; i < s->def->nsettings; i++) {
        check_row(s->def, &s->def->settings[i]);
    }
    check_places(s->def);
}
