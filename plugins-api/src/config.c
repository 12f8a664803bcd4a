/*
 * config.c - parses settings by a plugin's table of rows.
 *
 * What is accepted follows org.apache.kafka.common.config.ConfigDef (Kafka 4.3): values are trimmed, lists
 * are split at commas, an INT has 32 bits. A null value counts as "not given". Not for: reading files or
 * resolving ${...}. Threads: pure functions. Memory: parsed strings point into the configuration; lists and
 * messages live in the arena.
 */
#include <sluice/config.h>

#include <stdarg.h>
#include <stdio.h>

#define SHOWN_VALUE 80

const sl_config_entry *sl_config_find(const sl_config *c, sl_str key) {
    for (size_t i = 0; c && i < c->n; i++) {
        if (sl_str_eq(c->entries[i].key, key)) {
            return &c->entries[i];
        }
    }
    return NULL;
}

sl_str sl_config_get(const sl_config *c, sl_str key) {
    const sl_config_entry *e = sl_config_find(c, key);
    return e ? e->value : SL_STR_NONE;
}

/* ---- report ---- */

void sl_config_report_init(sl_config_report *r, sl_arena *arena) {
    *r = (sl_config_report){.arena = arena};
}

static bool report_room(sl_config_report *r) {
    sl_config_problem *items = sl_arena_grow(r->arena, r->items, r->n, &r->cap, sizeof *items);
    r->items = items ? items : r->items;
    return items != NULL;
}

void sl_config_report_add(sl_config_report *r, sl_severity sev, sl_str key, const char *fmt, ...) {
    char small[512];
    va_list args;
    r->errors += sev == SL_SEV_ERROR;
    va_start(args, fmt);
    int n = vsnprintf(small, sizeof small, fmt, args);
    va_end(args);
    if (n < 0 || !report_room(r)) {
        return; /* still counted: sl_config_report_error says what it can */
    }
    sl_str message = SL_STR_NONE;
    if ((size_t)n < sizeof small) {
        message = sl_arena_str(r->arena, sl_str_make(small, (size_t)n));
    } else {
        char *text = sl_arena_bytes(r->arena, (size_t)n + 1);
        va_start(args, fmt);
        if (text) {
            vsnprintf(text, (size_t)n + 1, fmt, args);
            message = sl_str_make(text, (size_t)n);
        }
        va_end(args);
    }
    r->items[r->n++] = (sl_config_problem){sev, sl_arena_str(r->arena, key), message};
}

sl_error *sl_config_report_error(const sl_config_report *r) {
    if (r->errors == 0) {
        return NULL;
    }
    sl_buf text;
    size_t listed = 0;
    sl_buf_init(&text, NULL);
    for (size_t i = 0; i < r->n; i++) {
        const sl_config_problem *p = &r->items[i];
        if (p->severity != SL_SEV_ERROR) {
            continue;
        }
        sl_buf_add_z(&text, listed++ ? "; " : "");
        if (p->key.p) {
            sl_buf_printf(&text, "'%.*s': ", SL_STR_ARG(p->key));
        }
        sl_buf_add_str(&text, p->message);
    }
    sl_error *err = text.failed || listed < r->errors
                        ? sl_error_nomem()
                        : sl_error_new(SL_E_CONFIG, SL_USER, "%.*s", SL_STR_ARG(sl_buf_view(&text)));
    sl_buf_deinit(&text);
    return err;
}

/* ---- rows ---- */

/* match_from matches pattern against key; each '*' takes as few characters as it can, but at least one. */
static bool match_from(const char *pattern, sl_str key, sl_str *captures, size_t max_captures) {
    while (*pattern && *pattern != '*') {
        if (!key.n || *key.p != *pattern) {
            return false;
        }
        key = sl_str_skip(key, 1);
        pattern++;
    }
    if (!*pattern) {
        return key.n == 0;
    }
    for (size_t n = 1; n <= key.n; n++) {
        size_t more = max_captures ? 1 : 0;
        if (match_from(pattern + 1, sl_str_skip(key, n), captures ? captures + more : NULL,
                       max_captures - more)) {
            if (captures && more) {
                captures[0] = sl_str_make(key.p, n);
            }
            return true;
        }
    }
    return false;
}

bool sl_config_pattern_match(const char *pattern, sl_str key, sl_str *captures, size_t max_captures) {
    return match_from(pattern, key, captures, max_captures);
}

static bool has_alias(const sl_config_row *row, sl_str key) {
    sl_str rest = sl_str_of(row->aliases);
    sl_str alias;
    while (sl_str_next(&rest, ',', &alias)) {
        alias = sl_str_trim(alias);
        if (alias.n && sl_str_eq(alias, key)) {
            return true;
        }
    }
    return false;
}

const sl_config_row *sl_config_row_find(const sl_config_row *rows, size_t n, sl_str key) {
    for (size_t i = 0; i < n; i++) {
        if (!rows[i].pattern && (sl_str_eqz(key, rows[i].name) || has_alias(&rows[i], key))) {
            return &rows[i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (rows[i].pattern && sl_config_pattern_match(rows[i].name, key, NULL, 0)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* ---- one value ---- */

typedef struct parse {
    const sl_config_row *rows;
    size_t nrows;
    const sl_config *config;
    char *settings; /* NULL: check only */
    sl_arena *arena;
    sl_config_report *report;
} parse;

static void store(const parse *p, const sl_config_row *row, const void *value, size_t size) {
    if (p->settings && row->field && !row->pattern) {
        memcpy(p->settings + row->field - 1, value, size);
    }
}

/* may_show tells whether a message may quote the value: not a secret, nor what may have one inside. */
static bool may_show(const sl_config_row *row, sl_str value) {
    if (row->type == SL_CONFIG_PASSWORD) {
        return false;
    }
    bool free_text = (row->type == SL_CONFIG_STRING && !row->enums) || row->type == SL_CONFIG_LIST;
    return !free_text || (sl_str_find_str(value, SL_STR("://")) == value.n &&
                          sl_str_find_str(value, SL_STR("password")) == value.n);
}

static void invalid(const parse *p, const sl_config_row *row, sl_str key, sl_str value,
                    const char *expected) {
    if (!may_show(row, value)) {
        sl_config_report_add(p->report, SL_SEV_ERROR, key, "invalid value: %s", expected);
        return;
    }
    bool cut = value.n > SHOWN_VALUE;
    sl_str shown = cut ? sl_str_make(value.p, SHOWN_VALUE) : value;
    while (cut && shown.n && (shown.p[shown.n] & 0xc0) == 0x80) {
        shown.n--; /* not in the middle of a character */
    }
    sl_config_report_add(p->report, SL_SEV_ERROR, key, "invalid value '%.*s%s': %s", SL_STR_ARG(shown),
                         cut ? "..." : "", expected);
}

/* expected_words lists the words of a table: "expected one of: a, b". */
static const char *expected_words(const parse *p, const sl_config_enum *words) {
    sl_str text = SL_STR("expected one of: ");
    for (const sl_config_enum *w = words; w->name; w++) {
        text = sl_arena_printf(p->arena, "%.*s%s%s", SL_STR_ARG(text), w == words ? "" : ", ", w->name);
    }
    return text.p ? text.p : "expected another word";
}

static const sl_config_enum *find_word(const sl_config_enum *words, sl_str value) {
    for (const sl_config_enum *w = words; w->name; w++) {
        if (sl_str_eq_nocase(value, sl_str_of(w->name))) {
            return w;
        }
    }
    return NULL;
}

static const char *expected_number(const parse *p, const sl_config_row *row, const char *kind) {
    sl_str text;
    if (row->has_min && row->has_max) {
        text = sl_arena_printf(p->arena, "expected %s from %.15g to %.15g", kind, row->min, row->max);
    } else if (row->has_min) {
        text = sl_arena_printf(p->arena, "expected %s of at least %.15g", kind, row->min);
    } else if (row->has_max) {
        text = sl_arena_printf(p->arena, "expected %s of at most %.15g", kind, row->max);
    } else {
        text = sl_arena_printf(p->arena, "expected %s", kind);
    }
    return text.p ? text.p : "expected a number";
}

static bool in_bounds(const sl_config_row *row, double v) {
    return (!row->has_min || v >= row->min) && (!row->has_max || v <= row->max);
}

static const char *parse_integer(const parse *p, const sl_config_row *row, sl_str value) {
    bool is_int = row->type == SL_CONFIG_INT;
    int64_t v;
    if (!sl_str_to_i64(value, &v) || (is_int && v != (int32_t)v) || !in_bounds(row, (double)v)) {
        return expected_number(p, row, is_int ? "a whole number (32 bits)" : "a whole number (64 bits)");
    }
    if (is_int) {
        int32_t narrow = (int32_t)v;
        store(p, row, &narrow, sizeof narrow);
    } else {
        store(p, row, &v, sizeof v);
    }
    return NULL;
}

static const char *parse_double(const parse *p, const sl_config_row *row, sl_str value) {
    double v;
    if (!sl_str_to_f64(value, &v) || !in_bounds(row, v)) {
        return expected_number(p, row, "a number");
    }
    store(p, row, &v, sizeof v);
    return NULL;
}

static const char *parse_boolean(const parse *p, const sl_config_row *row, sl_str value) {
    bool v;
    if (!sl_str_to_bool(value, &v)) {
        return "expected true or false";
    }
    store(p, row, &v, sizeof v);
    return NULL;
}

static const char *parse_string(const parse *p, const sl_config_row *row, sl_str value) {
    if (!row->enums) {
        store(p, row, &value, sizeof value);
        return NULL;
    }
    const sl_config_enum *w = find_word(row->enums, value);
    if (!w) {
        return expected_words(p, row->enums);
    }
    store(p, row, &w->value, sizeof w->value);
    return NULL;
}

static size_t count_items(sl_str value) {
    size_t n = value.n ? 1 : 0;
    for (size_t i = 0; i < value.n; i++) {
        n += value.p[i] == ',';
    }
    return n;
}

static const char *parse_list(const parse *p, const sl_config_row *row, sl_str value) {
    size_t max = count_items(value);
    sl_str_list list = {sl_arena_alloc(p->arena, (max ? max : 1) * sizeof *list.items), 0};
    sl_str rest = value;
    sl_str item;
    if (!list.items) {
        return "out of memory";
    }
    while (list.n < max && sl_str_next(&rest, ',', &item)) {
        item = sl_str_trim(item);
        if (row->enums && !find_word(row->enums, item)) {
            return expected_words(p, row->enums);
        }
        list.items[list.n++] = item;
    }
    store(p, row, &list, sizeof list);
    return NULL;
}

/* parse_value reads one trimmed value into the row's field; NULL = fine, else what was expected. */
static const char *parse_value(const parse *p, const sl_config_row *row, sl_str value) {
    switch (row->type) {
    case SL_CONFIG_BOOLEAN:
        return parse_boolean(p, row, value);
    case SL_CONFIG_INT:
    case SL_CONFIG_LONG:
        return parse_integer(p, row, value);
    case SL_CONFIG_DOUBLE:
        return parse_double(p, row, value);
    case SL_CONFIG_LIST:
        return parse_list(p, row, value);
    case SL_CONFIG_STRING:
        return parse_string(p, row, value);
    case SL_CONFIG_PASSWORD:
    case SL_CONFIG_CLASS:
        store(p, row, &value, sizeof value);
        return NULL;
    }
    return "a type of setting that is not known";
}

/* ---- one row ---- */

static void read_value(const parse *p, const sl_config_row *row, sl_str key, sl_str value) {
    const char *expected = parse_value(p, row, value);
    if (!expected && row->check) {
        expected = row->check(row, value, p->arena);
    }
    if (expected) {
        invalid(p, row, key, value, expected);
    }
}

/* note_unsupported reports a key of a WARNED or REFUSED row, unless it asks for what happens anyhow: the
 * default. */
static void note_unsupported(const parse *p, const sl_config_row *row, sl_str key, sl_str value) {
    const char *remedy = row->remedy ? row->remedy : "remove it";
    if (row->default_value && sl_str_eq_nocase(value, sl_str_trim(sl_str_of(row->default_value)))) {
        return;
    }
    if (row->support == SL_REFUSED) {
        sl_config_report_add(p->report, SL_SEV_ERROR, key, "not supported: %s", remedy);
    } else {
        sl_config_report_add(p->report, SL_SEV_WARNING, key, "has no effect: %s", remedy);
    }
}

static void read_given(const parse *p, const sl_config_row *row, const sl_config_entry *e) {
    sl_str value = sl_str_trim(e->value);
    if (row->support != SL_SUPPORTED) {
        note_unsupported(p, row, e->key, value);
        if (row->support == SL_REFUSED) {
            return;
        }
    }
    read_value(p, row, e->key, value);
}

static void read_default(const parse *p, const sl_config_row *row) {
    sl_str key = sl_str_of(row->name);
    if (row->required) {
        sl_config_report_add(p->report, SL_SEV_ERROR, key, "missing, and it has no default value");
        return;
    }
    if (row->default_value) {
        const char *expected = parse_value(p, row, sl_str_of(row->default_value));
        if (expected) {
            sl_config_report_add(p->report, SL_SEV_ERROR, key, "its default is wrong in the plugin: %s",
                                 expected);
        }
    }
}

static bool names_row(const sl_config_row *row, sl_str key) {
    return sl_str_eqz(key, row->name) || has_alias(row, key);
}

static void read_row(const parse *p, const sl_config_row *row) {
    const sl_config_entry *given = NULL;
    bool conflict = false;
    for (size_t i = 0; p->config && i < p->config->n; i++) {
        const sl_config_entry *e = &p->config->entries[i];
        if (!e->value.p || !names_row(row, e->key)) {
            continue;
        }
        if (given && !sl_str_eq(sl_str_trim(given->value), sl_str_trim(e->value))) {
            sl_config_report_add(
                p->report, SL_SEV_ERROR, e->key,
                "is another name of '%.*s', which has a different value: expected one of the two",
                SL_STR_ARG(given->key));
            conflict = true;
        }
        /* the row's own name goes before its aliases */
        given = !given || sl_str_eqz(e->key, row->name) ? e : given;
    }
    if (given && !conflict) {
        read_given(p, row, given);
    } else if (!given) {
        read_default(p, row);
    }
}

static void read_pattern(const parse *p, const sl_config_row *row) {
    for (size_t i = 0; p->config && i < p->config->n; i++) {
        const sl_config_entry *e = &p->config->entries[i];
        if (e->value.p && sl_config_pattern_match(row->name, e->key, NULL, 0) &&
            sl_config_row_find(p->rows, p->nrows, e->key) == row) {
            read_given(p, row, e);
        }
    }
}

void sl_config_parse(const sl_config_row *rows, size_t n, const sl_config *c, void *settings, sl_arena *arena,
                     sl_config_report *report) {
    parse p = {rows, n, c, settings, arena, report};
    for (size_t i = 0; i < n; i++) {
        if (rows[i].pattern) {
            read_pattern(&p, &rows[i]);
        } else {
            read_row(&p, &rows[i]);
        }
    }
}
