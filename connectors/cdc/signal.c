/*
 * signal.c - see signal.h.
 */
#include "signal.h"

#include <jansson.h>

#include "regex.h"

static sl_error *bad(sl_str id, const char *what) {
    return sl_error_new(SL_E_DATA, SL_USER, "signal '%.*s': %s", SL_STR_ARG(id), what);
}

static sl_str keep(const json_t *s, sl_arena *a) {
    return sl_arena_str(a, (sl_str){json_string_value(s), json_string_length(s)});
}

static sl_error *check_expression(sl_str text, sl_arena *a) {
    cdc_patterns *p = NULL;
    sl_buf escaped; /* a list is cut at commas */
    sl_buf_init(&escaped, a);
    for (size_t i = 0; i < text.n; i++) {
        sl_buf_add_z(&escaped, text.p[i] == ',' ? "\\" : "");
        sl_buf_add_char(&escaped, text.p[i]);
    }
    sl_error *err =
        escaped.failed ? sl_error_nomem() : cdc_patterns_new("data-collections", sl_buf_view(&escaped), &p);
    cdc_patterns_free(p);
    return err;
}

static sl_error *read_collections(const json_t *data, sl_arena *a, cdc_signal *s) {
    const json_t *list = json_object_get(data, "data-collections");
    size_t n = json_array_size(list);
    if (list && !json_is_array(list)) {
        return bad(s->id, "expected a list of expressions as 'data-collections'");
    }
    s->collections = sl_arena_zalloc(a, (n + 1) * sizeof *s->collections);
    if (!s->collections) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(list, i);
        if (!json_is_string(item)) {
            return bad(s->id, "expected 'data-collections' to have text only");
        }
        s->collections[s->ncollections] = sl_str_trim(keep(item, a));
        SL_TRY(check_expression(s->collections[s->ncollections++], a));
    }
    return n || s->kind == CDC_SIGNAL_STOP
               ? NULL
               : bad(s->id, "'data-collections' is missing or empty: name the tables to read");
}

static sl_error *read_conditions(const json_t *data, sl_arena *a, cdc_signal *s) {
    const json_t *list = json_object_get(data, "additional-conditions");
    if (json_object_get(data, "additional-condition")) {
        return bad(s->id, "'additional-condition' is not read any more: use 'additional-conditions'");
    }
    if (list && !json_is_array(list)) {
        return bad(s->id, "expected a list of objects as 'additional-conditions'");
    }
    size_t n = json_array_size(list);
    s->conditions = sl_arena_zalloc(a, (n + 1) * sizeof *s->conditions);
    if (!s->conditions) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *c = json_object_get(json_array_get(list, i), "data-collection");
        const json_t *f = json_object_get(json_array_get(list, i), "filter");
        if (!json_is_string(c) || !json_is_string(f)) {
            return bad(s->id, "expected 'data-collection' and 'filter' in each of 'additional-conditions'");
        }
        s->conditions[s->nconditions++] = (cdc_condition){keep(c, a), keep(f, a)};
        SL_TRY(check_expression(s->conditions[i].collection, a));
    }
    return NULL;
}

static sl_error *read_type(const json_t *data, cdc_signal *s) {
    const json_t *type = json_object_get(data, "type");
    if (!type || json_is_null(type)) {
        return NULL;
    }
    sl_str text = sl_str_of(json_is_string(type) ? json_string_value(type) : "");
    s->blocking = sl_str_eq_nocase(text, SL_STR("blocking"));
    if (!s->blocking && !sl_str_eq_nocase(text, SL_STR("incremental"))) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "signal '%.*s': 'type' is '%.*s': expected incremental or "
                            "blocking",
                            SL_STR_ARG(s->id), SL_STR_ARG(text));
    }
    return s->blocking && s->kind == CDC_SIGNAL_STOP ? bad(s->id, "only incremental snapshots can be stopped")
                                                     : NULL;
}

static sl_error *read_snapshot(const json_t *data, sl_arena *a, cdc_signal *s) {
    SL_TRY(read_type(data, s));
    SL_TRY(read_collections(data, a, s));
    if (s->kind == CDC_SIGNAL_STOP) {
        return NULL;
    }
    SL_TRY(read_conditions(data, a, s));
    const json_t *key = json_object_get(data, "surrogate-key");
    if (key && !json_is_null(key) && !json_is_string(key)) {
        return bad(s->id, "expected the name of a column as 'surrogate-key'");
    }
    sl_str name = key ? keep(key, a) : SL_STR_NONE;
    s->surrogate = sl_str_trim(name).n ? name : SL_STR_NONE;
    return NULL;
}

static sl_error *read_message(const json_t *data, sl_arena *a, cdc_signal *s) {
    const json_t *message = json_object_get(data, "message");
    if (!json_is_string(message) || !json_string_length(message)) {
        return bad(s->id, "'message' is missing: give the text to log");
    }
    s->message = keep(message, a);
    return NULL;
}

static bool kind_of(sl_str type, cdc_signal_kind *out) {
    static const char *const names[] = {"execute-snapshot",     "stop-snapshot", "pause-snapshot",
                                        "resume-snapshot",      "log",           "snapshot-window-open",
                                        "snapshot-window-close"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (sl_str_eqz(type, names[i])) {
            *out = (cdc_signal_kind)i;
            return true;
        }
    }
    return false;
}

static sl_error *read_signal(sl_str id, sl_str type, const json_t *data, sl_arena *a, cdc_signal *s) {
    memset(s, 0, sizeof *s);
    s->id = sl_arena_str(a, id);
    if (!kind_of(type, &s->kind)) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "signal '%.*s': type '%.*s' is not known: expected execute-snapshot, "
                            "stop-snapshot, pause-snapshot, resume-snapshot or log",
                            SL_STR_ARG(id), SL_STR_ARG(type));
    }
    if (s->kind == CDC_SIGNAL_LOG) {
        return read_message(data, a, s);
    }
    return s->kind <= CDC_SIGNAL_STOP ? read_snapshot(data, a, s) : NULL;
}

static sl_error *load(sl_str id, sl_str text, json_t **out) {
    json_error_t why;
    *out = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (!json_is_object(*out)) {
        sl_error *err = sl_error_new(SL_E_DATA, SL_USER, "signal '%.*s': its data is no JSON object (%s)",
                                     SL_STR_ARG(id), *out ? "it is another kind of value" : why.text);
        json_decref(*out);
        *out = NULL;
        return err;
    }
    return NULL;
}

sl_error *cdc_signal_parse(sl_str id, sl_str type, sl_str data, sl_arena *a, cdc_signal *out) {
    json_t *json = NULL;
    if (sl_str_trim(data).n) {
        SL_TRY(load(id, data, &json));
    }
    sl_error *err = read_signal(id, type, json, a, out);
    json_decref(json);
    return err ? err : a->failed ? sl_error_nomem() : NULL;
}

sl_error *cdc_signal_parse_object(sl_str text, sl_arena *a, cdc_signal *out) {
    json_t *json = NULL;
    SL_TRY(load(SL_STR("(unnamed)"), text, &json));
    const json_t *id = json_object_get(json, "id");
    const json_t *type = json_object_get(json, "type");
    const json_t *data = json_object_get(json, "data");
    json_t *inner = NULL;
    sl_error *err = NULL;
    sl_str name = json_is_string(id) ? keep(id, a) : SL_STR_NONE;
    if (!json_is_string(id) || !json_is_string(type)) {
        err = bad(name.p ? name : SL_STR("(unnamed)"), "expected the texts 'id' and 'type'");
    } else if (json_is_string(data)) { /* as the signal table has it */
        err = load(name, (sl_str){json_string_value(data), json_string_length(data)}, &inner);
    } else if (data && !json_is_object(data) && !json_is_null(data)) {
        err = bad(name, "expected an object as 'data'");
    }
    err = err ? err : read_signal(name, sl_str_of(json_string_value(type)), inner ? inner : data, a, out);
    json_decref(inner);
    json_decref(json);
    return err ? err : a->failed ? sl_error_nomem() : NULL;
}
