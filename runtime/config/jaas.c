/*
 * jaas.c - see jaas.h.
 */
#include "config/jaas.h"

enum { MAX_OPTIONS = 64 };

static sl_str skip_space(sl_str s) {
    while (s.n && (s.p[0] == ' ' || (s.p[0] >= '\t' && s.p[0] <= '\r'))) {
        s = sl_str_skip(s, 1);
    }
    return s;
}

static sl_str read_word(sl_str *s) {
    size_t n = 0;
    while (n < s->n && !strchr(" \t\r\n\f\v=;\"'", s->p[n])) {
        n++;
    }
    sl_str word = sl_str_make(s->p, n);
    *s = sl_str_skip(*s, n);
    return word;
}

/* read_escape reads what follows a backslash. */
static char read_escape(sl_str *s) {
    char c = s->p[0];
    *s = sl_str_skip(*s, 1);
    if (c >= '0' && c <= '7') {
        unsigned v = (unsigned)(c - '0');
        size_t most = c <= '3' ? 2 : 1;
        while (most-- && s->n && s->p[0] >= '0' && s->p[0] <= '7') {
            v = v * 8 + (unsigned)(s->p[0] - '0');
            *s = sl_str_skip(*s, 1);
        }
        return (char)v;
    }
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    default:
        return c;
    }
}

/* read_quoted reads up to the closing quote; false when there is none. */
static bool read_quoted(sl_str *s, sl_arena *arena, sl_str *out) {
    char quote = s->p[0];
    sl_buf b;
    sl_buf_init(&b, arena);
    *s = sl_str_skip(*s, 1);
    while (s->n && s->p[0] != quote) {
        char c = s->p[0];
        *s = sl_str_skip(*s, 1);
        sl_buf_add_char(&b, c == '\\' && s->n ? read_escape(s) : c);
    }
    bool closed = s->n > 0;
    *s = sl_str_skip(*s, closed ? 1 : 0);
    *out = sl_buf_take(&b);
    return closed;
}

static const char *read_option(sl_str *s, sl_arena *arena, sl__jaas_option *o) {
    o->name = read_word(s);
    *s = skip_space(*s);
    if (!o->name.n || !s->n || s->p[0] != '=') {
        return "expected name=\"value\" options after the flag, and ';' at the end";
    }
    *s = skip_space(sl_str_skip(*s, 1));
    if (s->n && (s->p[0] == '"' || s->p[0] == '\'')) {
        if (!read_quoted(s, arena, &o->value)) {
            return "expected a closing quote";
        }
    } else {
        o->value = read_word(s);
    }
    return NULL;
}

static bool is_flag(sl_str word) {
    return sl_str_eq_nocase(word, SL_STR("required")) || sl_str_eq_nocase(word, SL_STR("requisite")) ||
           sl_str_eq_nocase(word, SL_STR("sufficient")) || sl_str_eq_nocase(word, SL_STR("optional"));
}

const char *sl__jaas_parse(sl_str line, sl_arena *arena, sl__jaas *out) {
    sl_str s = skip_space(line);
    *out = (sl__jaas){.options = sl_arena_alloc(arena, MAX_OPTIONS * sizeof *out->options)};
    if (!out->options) {
        return "out of memory";
    }
    out->module = read_word(&s);
    s = skip_space(s);
    if (!out->module.n || !is_flag(read_word(&s))) {
        return "expected LoginModuleClass required name=\"value\" ...;";
    }
    for (s = skip_space(s); s.n && s.p[0] != ';'; s = skip_space(s)) {
        if (out->n == MAX_OPTIONS) {
            return "expected at most 64 options";
        }
        const char *wrong = read_option(&s, arena, &out->options[out->n]);
        if (wrong) {
            return wrong;
        }
        out->n++;
    }
    if (!s.n) {
        return "expected ';' at the end";
    }
    return skip_space(sl_str_skip(s, 1)).n ? "expected one login module, nothing after ';'" : NULL;
}

sl_str sl__jaas_get(const sl__jaas *j, const char *name) {
    for (size_t i = 0; i < j->n; i++) {
        if (sl_str_eqz(j->options[i].name, name)) {
            return j->options[i].value;
        }
    }
    return SL_STR_NONE;
}
