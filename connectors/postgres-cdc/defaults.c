/*
 * defaults.c - default expressions of columns into default values of schemas, for the types and forms that
 * Debezium understands: literals, casts of literals, and placeholders for what a function makes.
 */
#include <ctype.h>

#include "convert.h"

/* What stands for a value made by a function, by type. NULL in .generated: the function's text itself would
   be parsed, and is no value. */
static const struct {
    const char *type;
    const char *generated;
} known[] = {
    {"bit", "00"},
    {"varbit", "0"},
    {"bool", "f"},
    {"bpchar", ""},
    {"varchar", ""},
    {"text", ""},
    {"numeric", "0.0"},
    {"float4", "0"},
    {"float8", "0"},
    {"int2", "0"},
    {"int4", "0"},
    {"int8", "0"},
    {"json", "{}"},
    {"jsonb", "{}"},
    {"xml", ""},
    {"uuid", "00000000-0000-0000-0000-000000000000"},
    {"date", "1970-01-01"},
    {"time", "00:00:00"},
    {"timestamp", "1970-01-01 00:00:00"},
    {"timestamptz", "1970-01-01 00:00:00+00"},
    {"interval", "PT0S"},
    {"serial", "0"},
    {"bigserial", "0"},
    {"smallserial", "0"},
};

static const char *generated_for(sl_str type, bool *found) {
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (sl_str_eqz(type, known[i].type)) {
            *found = true;
            return known[i].generated;
        }
    }
    *found = false;
    return NULL;
}

/* name(...) or (name(...) , and the words that are functions without parentheses. */
static bool is_function(sl_str e) {
    static const char *const words[] = {"current_timestamp", "current_time", "current_date", "localtime",
                                        "localtimestamp"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (sl_str_eq_nocase(e, sl_str_of(words[i]))) {
            return true;
        }
    }
    size_t i = e.n && e.p[0] == '(' ? 1 : 0;
    size_t start = i;
    while (i < e.n && (isalnum((unsigned char)e.p[i]) || e.p[i] == '_' || e.p[i] == '.')) {
        i++;
    }
    return i > start && i < e.n && e.p[i] == '(' && memchr(e.p + i, ')', e.n - i);
}

/* The literal in 'quotes' (two quotes are one), or the bare text; absent for NULL. */
static sl_str literal(sl_arena *a, sl_str e) {
    size_t quote = sl_str_find(e, '\'');
    if (quote == e.n) {
        size_t cast = sl_str_find_str(e, SL_STR("::"));
        return sl_str_starts(e, SL_STR("NULL")) ? SL_STR_NONE : sl_arena_str(a, (sl_str){e.p, cast});
    }
    char *to = sl_arena_bytes(a, e.n + 1);
    size_t n = 0;
    for (size_t i = quote + 1; to && i < e.n; i++) {
        if (e.p[i] == '\'') {
            if (i + 1 >= e.n || e.p[i + 1] != '\'') {
                break;
            }
            i++;
        }
        to[n++] = e.p[i];
    }
    return to ? (sl_str){to, n} : SL_STR_NONE;
}

static sl_str strip_parentheses(sl_str e) {
    while (e.n >= 2 && e.p[0] == '(' && e.p[e.n - 1] == ')') {
        e = (sl_str){e.p + 1, e.n - 2};
    }
    return e;
}

/* A default gets the digits that the column keeps; one with more is no default, as with Debezium. */
static bool fit_numeric(const pg_column_type *t, sl_arena *a, sl_str *text) {
    size_t dot = sl_str_find(*text, '.');
    size_t have = dot < text->n ? text->n - dot - 1 : 0;
    if (t->conv.scale < 0 || have == (size_t)t->conv.scale) {
        return true;
    }
    if (have > (size_t)t->conv.scale) {
        for (size_t i = dot + 1 + (size_t)t->conv.scale; i < text->n; i++) {
            if (text->p[i] != '0') {
                return false;
            }
        }
        text->n = dot + (t->conv.scale ? (size_t)t->conv.scale + 1 : 0);
        return true;
    }
    *text = sl_arena_printf(a, "%.*s%s%.*s", SL_STR_ARG(*text), have ? "" : ".",
                            (int)((size_t)t->conv.scale - have), "0000000000000000000000000000000000000000");
    return text->p != NULL;
}

bool pg_conv_default(const pg_column_type *t, sl_arena *a, sl_str expression, sl_value *out) {
    sl_str e = sl_str_trim(expression);
    bool found = false;
    const char *generated = generated_for(t->type_name, &found);
    bool is_enum = t->base.name.p && sl_str_eqz(t->base.name, "io.debezium.data.Enum");
    if (!t->known || !e.n || (!found && !is_enum) || t->base.type == SL_STRUCT) {
        return false;
    }
    sl_str text;
    if (is_function(e)) {
        if (is_enum) {
            return false;
        }
        text = sl_arena_str(a, sl_str_of(generated));
    } else {
        text = literal(a, strip_parentheses(e));
    }
    if (!text.p) {
        return false;
    }
    if (sl_str_eqz(t->type_name, "bool")) {
        text = sl_arena_str(a, sl_str_starts(text, SL_STR("t")) ? SL_STR("t") : SL_STR("f"));
    } else if (t->conv.parse == pg_parse_numeric && !fit_numeric(t, a, &text)) {
        return false;
    }
    sl_value v = sl_null();
    if (!text.p || !t->conv.parse(&t->conv, a, (char *)(uintptr_t)text.p, text.n, &v) || v.type == SL_NULL) {
        return false;
    }
    *out = v;
    return true;
}
