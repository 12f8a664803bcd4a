/*
 * json.c - see json.h.
 *
 * jansson judges the text and decodes strings. It keeps neither places nor repeated members, so a small
 * scanner walks the text, known to be valid by then, member by member.
 */
#include "config/json.h"

#include "config/build.h"

#include <jansson.h>

typedef struct json_scanner {
    const char *at;
    const char *end;
    uint32_t line;
    sl_str file;
    sl_arena *arena;
    sl_config_report *report;
} json_scanner;

typedef struct json_member {
    sl_str key;    /* decoded, in the arena */
    sl_str text;   /* the value as it is written */
    uint32_t line; /* of the key */
    uint32_t value_line;
} json_member;

static sl_error *json_error(const json_scanner *s, uint32_t line, sl_str key, const char *expected) {
    if (!key.p) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%u: %s", SL_STR_ARG(s->file), line, expected);
    }
    return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%u: %.*s: %s", SL_STR_ARG(s->file), line, SL_STR_ARG(key),
                        expected);
}

static void skip_space(json_scanner *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) {
        s->line += *s->at == '\n';
        s->at++;
    }
}

/* scan_string steps over a string, the quotes included. */
static sl_str scan_string(json_scanner *s) {
    const char *start = s->at++;
    while (s->at < s->end && *s->at != '"') {
        s->at += *s->at == '\\' && s->end - s->at > 1 ? 2 : 1;
    }
    s->at += s->at < s->end;
    return sl_str_make(start, (size_t)(s->at - start));
}

/* scan_value steps over any value. */
static sl_str scan_value(json_scanner *s) {
    const char *start = s->at;
    size_t depth = 0;
    do {
        skip_space(s);
        if (s->at == s->end) {
            break;
        }
        if (*s->at == '"') {
            scan_string(s);
        } else if (*s->at == '{' || *s->at == '[') {
            depth++;
            s->at++;
        } else if (*s->at == '}' || *s->at == ']') {
            depth--;
            s->at++;
        } else if (*s->at == ',' || *s->at == ':') {
            s->at++;
        } else {
            while (s->at < s->end && !strchr(",:{}[] \t\r\n", *s->at)) {
                s->at++;
            }
        }
    } while (depth);
    return sl_str_make(start, (size_t)(s->at - start));
}

static sl_error *decode_string(const json_scanner *s, uint32_t line, sl_str quoted, sl_str *out) {
    json_t *string = json_loadb(quoted.p, quoted.n, JSON_DECODE_ANY, NULL);
    if (!json_is_string(string)) {
        json_decref(string);
        return json_error(s, line, SL_STR_NONE, "expected a string");
    }
    *out = sl_arena_str(s->arena, sl_str_make(json_string_value(string), json_string_length(string)));
    json_decref(string);
    return out->p ? NULL : sl_error_nomem();
}

/* next_member reads the next member of the object the scanner is in; *more = false at its end. */
static sl_error *next_member(json_scanner *s, json_member *m, bool *more) {
    skip_space(s);
    if (s->at < s->end && (*s->at == '{' || *s->at == ',')) {
        s->at++;
        skip_space(s);
    }
    *more = s->at < s->end && *s->at == '"';
    if (!*more) {
        return NULL;
    }
    m->line = s->line;
    SL_TRY(decode_string(s, s->line, scan_string(s), &m->key));
    skip_space(s);
    s->at += s->at < s->end; /* the colon */
    skip_space(s);
    m->value_line = s->line;
    m->text = scan_value(s);
    return NULL;
}

static sl_error *member_value(const json_scanner *s, const json_member *m, sl_str *out) {
    char first = m->text.n ? m->text.p[0] : '\0';
    if (first == '"') {
        return decode_string(s, m->value_line, m->text, out);
    }
    if (first == '{' || first == '[') {
        return json_error(s, m->line, m->key,
                          "expected a string, a number, true or false; write lists as \"a,b\"");
    }
    if (sl_str_eqz(m->text, "null")) {
        *out = SL_STR_NONE;
        return NULL;
    }
    *out = sl_arena_str(s->arena, m->text);
    return out->p ? NULL : sl_error_nomem();
}

static sl_error *add_member(const json_scanner *s, sl__config_builder *b, const json_member *m) {
    sl_config_entry entry = {.key = m->key, .file = s->file, .line = m->line};
    uint32_t old = 0;
    if (!m->key.n) {
        return json_error(s, m->line, SL_STR_NONE, "expected a key, found an empty string");
    }
    SL_TRY(member_value(s, m, &entry.value));
    sl_error *err = sl__config_builder_put(b, &entry, &old);
    if (err) {
        return sl_error_wrap(err, "%.*s:%u", SL_STR_ARG(s->file), m->line);
    }
    if (old) {
        sl_config_report_add(s->report, SL_SEV_WARNING, entry.key,
                             "set twice, in lines %u and %u; the last one counts, remove the other", old,
                             entry.line);
    }
    return NULL;
}

static sl_error *read_settings(json_scanner s, sl_config *out) {
    sl__config_builder b;
    json_member m;
    bool more = true;
    sl__config_builder_init(&b, s.arena);
    for (;;) {
        SL_TRY(next_member(&s, &m, &more));
        if (!more) {
            break;
        }
        SL_TRY(add_member(&s, &b, &m));
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

static sl_error *check_state(const json_scanner *s, const json_member *m, sl_str *out) {
    static const char *const states[] = {"RUNNING", "PAUSED", "STOPPED"};
    SL_TRY(member_value(s, m, out));
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (!out->p || sl_str_eq_nocase(*out, sl_str_of(states[i]))) {
            *out = out->p ? sl_str_of(states[i]) : *out;
            return NULL;
        }
    }
    return json_error(s, m->line, m->key, "expected RUNNING, PAUSED or STOPPED");
}

/* wrapped_member takes one member of {"name", "config", "initial_state"}. */
static sl_error *wrapped_member(const json_scanner *s, const json_member *m, sl__connector_config *out) {
    if (sl_str_eqz(m->key, "config")) {
        json_scanner inner = *s;
        inner.at = m->text.p;
        inner.end = m->text.p + m->text.n;
        inner.line = m->value_line;
        return read_settings(inner, &out->raw);
    }
    if (sl_str_eqz(m->key, "initial_state")) {
        return check_state(s, m, &out->initial_state);
    }
    if (sl_str_eqz(m->key, "name")) {
        out->line = m->line;
        return member_value(s, m, &out->name);
    }
    sl_config_report_add(s->report, SL_SEV_WARNING, m->key,
                         "not looked at: beside \"config\" only \"name\" and \"initial_state\" count");
    return NULL;
}

/* put_name makes the name beside "config" one of the settings; both there must agree. */
static sl_error *put_name(const json_scanner *s, sl__connector_config *out) {
    const sl_config_entry *inner = sl_config_find(&out->raw, SL_STR("name"));
    sl_config_entry *entry = sl_arena_alloc(s->arena, sizeof *entry);
    if (!entry) {
        return sl_error_nomem();
    }
    if (inner && inner->value.p && out->name.p && !sl_str_eq(inner->value, out->name)) {
        return json_error(s, inner->line, inner->key,
                          "differs from the \"name\" beside \"config\"; keep one of them");
    }
    if (!out->name.p) {
        out->name = inner ? inner->value : SL_STR_NONE;
        return NULL;
    }
    *entry = (sl_config_entry){SL_STR("name"), out->name, s->file, out->line};
    return sl__config_overlay(&out->raw, &(sl_config){entry, 1}, s->arena, &out->raw);
}

static sl_error *read_wrapped(json_scanner s, sl__connector_config *out) {
    json_scanner outer = s;
    json_member m;
    bool more = true;
    out->line = s.line;
    for (;;) {
        SL_TRY(next_member(&s, &m, &more));
        if (!more) {
            break;
        }
        SL_TRY(wrapped_member(&s, &m, out));
    }
    return put_name(&outer, out);
}

/* syntax_error keeps jansson's place and cause but not its text, which quotes what stands there: maybe a
 * secret. */
static sl_error *syntax_error(const json_scanner *s, const json_error_t *e) {
    const char *what = "expected \"key\": \"value\" pairs, separated by commas, in braces";
    switch (json_error_code(e)) {
    case json_error_premature_end_of_input:
        what = "the text ends too early, expected a closing brace or quote";
        break;
    case json_error_end_of_input_expected:
        what = "expected nothing after the closing brace";
        break;
    case json_error_invalid_utf8:
        what = "not UTF-8; save the file as UTF-8";
        break;
    case json_error_null_character:
        what = "'\\u0000' cannot be part of a setting";
        break;
    case json_error_stack_overflow:
        what = "nested too deeply, expected an object of settings";
        break;
    case json_error_numeric_overflow:
        what = "a number is too large; write it as a string";
        break;
    default:
        break;
    }
    return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%d: not valid JSON in column %d: %s", SL_STR_ARG(s->file),
                        e->line < 1 ? 1 : e->line, e->column < 0 ? 0 : e->column, what);
}

static uint32_t line_of(sl_str text, size_t at) {
    uint32_t line = 1;
    for (size_t i = 0; i < at; i++) {
        line += text.p[i] == '\n';
    }
    return line;
}

/* load_json has jansson judge the text. It passes over zero bytes; the scanner would not. */
static sl_error *load_json(const json_scanner *s, json_t **root) {
    json_error_t e;
    sl_str text = sl_str_make(s->at, (size_t)(s->end - s->at));
    size_t zero = sl_str_find(text, '\0');
    *root = NULL;
    if (zero < text.n) {
        return json_error(s, line_of(text, zero), SL_STR_NONE, "not valid JSON: there is a zero byte");
    }
    *root = json_loadb(text.p, text.n, 0, &e);
    return *root ? NULL : syntax_error(s, &e);
}

/* check_json judges a text that must be an object, or a list. */
static sl_error *check_json(const json_scanner *s, bool list) {
    json_t *root;
    SL_TRY(load_json(s, &root));
    sl_error *err = NULL;
    if (list ? !json_is_array(root) : !json_is_object(root)) {
        err = json_error(s, 1, SL_STR_NONE,
                         list ? "expected a list, [{...}, ...]" : "expected an object, {...}");
    }
    json_decref(root);
    return err;
}

/* scan_begin makes a scanner with a report that nobody reads. */
static sl_error *scan_begin(sl_str text, sl_str file, bool list, sl_arena *arena, json_scanner *s) {
    sl_config_report *ignored = sl_arena_zalloc(arena, sizeof *ignored);
    if (!ignored) {
        return sl_error_nomem();
    }
    sl_config_report_init(ignored, arena);
    *s = (json_scanner){text.p ? text.p : "", (text.p ? text.p : "") + text.n, 1, file, arena, ignored};
    SL_TRY(check_json(s, list));
    skip_space(s);
    return NULL;
}

sl_error *sl__json_map(sl_str text, sl_str file, sl_arena *arena, sl_config *out) {
    json_scanner s;
    SL_TRY(scan_begin(text, file, false, arena, &s));
    return read_settings(s, out);
}

static sl_error *create_member(const json_scanner *s, const json_member *m, sl__connector_config *out) {
    bool is_config = sl_str_eqz(m->key, "config");
    if (is_config && (!m->text.n || m->text.p[0] != '{') && !sl_str_eqz(m->text, "null")) {
        return json_error(s, m->line, m->key, "expected an object of settings");
    }
    if (is_config && sl_str_eqz(m->text, "null")) {
        return NULL;
    }
    if (!is_config && !sl_str_eqz(m->key, "name") && !sl_str_eqz(m->key, "initial_state")) {
        return json_error(s, m->line, m->key, "unrecognized field, expected name, config and initial_state");
    }
    SL_TRY(wrapped_member(s, m, out));
    if (is_config && !out->raw.entries) {
        static const sl_config_entry nothing;
        out->raw.entries = &nothing; /* there is one, and it is empty */
    }
    return NULL;
}

sl_error *sl__json_create(sl_str text, sl_str file, sl_arena *arena, sl__connector_config *out) {
    json_scanner s;
    json_member m;
    bool more = true;
    *out = (sl__connector_config){.file = file, .line = 1};
    SL_TRY(scan_begin(text, file, false, arena, &s));
    for (;;) {
        SL_TRY(next_member(&s, &m, &more));
        if (!more) {
            break;
        }
        SL_TRY(create_member(&s, &m, out));
    }
    return out->raw.entries
               ? NULL
               : json_error(&s, 1, SL_STR_NONE, "expected the connector's settings as \"config\"");
}

/* next_item steps to the next item of a list; false at its end. */
static bool next_item(json_scanner *s, sl_str *item) {
    skip_space(s);
    if (s->at < s->end && (*s->at == '[' || *s->at == ',')) {
        s->at++;
        skip_space(s);
    }
    if (s->at >= s->end || *s->at == ']') {
        return false;
    }
    *item = scan_value(s);
    return item->n > 0;
}

sl_error *sl__json_maps(sl_str text, sl_str file, sl_arena *arena, sl_config **out, size_t *n) {
    json_scanner s, count;
    sl_str item;
    size_t total = 0;
    SL_TRY(scan_begin(text, file, true, arena, &s));
    for (count = s; next_item(&count, &item); total++) {
    }
    *out = sl_arena_zalloc(arena, (total + 1) * sizeof **out);
    if (!*out) {
        return sl_error_nomem();
    }
    for (*n = 0; next_item(&s, &item); ++*n) {
        SL_TRY(sl__json_map(item, file, arena, &(*out)[*n]));
    }
    return NULL;
}

sl_error *sl__json_parse(sl_str text, sl_str file, sl_arena *arena, sl_config_report *report,
                         sl__connector_config *out) {
    const char *from = text.p ? text.p : "";
    json_scanner s = {from, from + text.n, 1, file, arena, report};
    json_t *root;
    *out = (sl__connector_config){.file = file};
    SL_TRY(load_json(&s, &root));
    if (!json_is_object(root)) {
        json_decref(root);
        return json_error(&s, 1, SL_STR_NONE, "expected an object, {\"name\": ..., \"config\": {...}}");
    }
    bool wrapped = json_is_object(json_object_get(root, "config"));
    json_decref(root);
    skip_space(&s);
    out->line = s.line;
    if (wrapped) {
        return read_wrapped(s, out);
    }
    SL_TRY(read_settings(s, &out->raw));
    out->name = sl_config_get(&out->raw, SL_STR("name"));
    return NULL;
}
