/*
 * config_record.c - see config_record.h. Text is read with jansson.
 */
#include "store/config_record.h"

#include <jansson.h>
#include <sluice/text.h>

#include "base/base64.h"

#define MAX_SETTINGS 100000
#define OWN_FIELD "sluice"

static const char *const target_names[] = {
    [SL_TARGET_STARTED] = "STARTED",
    [SL_TARGET_PAUSED] = "PAUSED",
    [SL_TARGET_STOPPED] = "STOPPED",
};

const char *sl__target_name(sl__target t) {
    return target_names[t];
}

bool sl__target_parse(sl_str name, sl__target *out) {
    for (size_t i = 0; i < sizeof target_names / sizeof target_names[0]; i++) {
        if (sl_str_eqz(name, target_names[i])) {
            *out = (sl__target)i;
            return true;
        }
    }
    return false;
}

/* ---- reading values ---- */

static sl_error *wrong(const char *field, const char *expected) {
    return sl_error_new(SL_E_DATA, SL_USER, "expected '%s' to be %s", field, expected);
}

/* text_of copies a string of jansson's into the arena; the result ends in a zero byte. */
static sl_error *text_of(const json_t *j, sl_arena *arena, sl_str *out) {
    *out = sl_arena_str(arena, sl_str_make(json_string_value(j), json_string_length(j)));
    return out->p ? NULL : sl_error_nomem();
}

static sl_error *string_field(const json_t *j, const char *field, sl_arena *arena, sl_str *out) {
    const json_t *v = json_object_get(j, field);
    return json_is_string(v) ? text_of(v, arena, out) : wrong(field, "a string");
}

static sl_error *count_field(const json_t *j, const char *field, int32_t *out) {
    const json_t *v = json_object_get(j, field);
    json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;
    if (n < 0 || n > INT32_MAX) {
        return wrong(field, "a number that counts tasks");
    }
    *out = (int32_t)n;
    return NULL;
}

/* setting_of reads one value of "properties"; numbers and booleans are taken as they are written. */
static sl_error *setting_of(const json_t *v, const char *key, sl_arena *arena, sl_str *out) {
    char *text;
    switch (json_typeof(v)) {
    case JSON_STRING:
        return text_of(v, arena, out);
    case JSON_NULL:
        *out = SL_STR_NONE;
        return NULL;
    case JSON_OBJECT:
    case JSON_ARRAY:
        return sl_error_new(SL_E_DATA, SL_USER, "expected setting '%s' to be a string", key);
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
        break;
    }
    text = json_dumps(v, JSON_ENCODE_ANY);
    *out = text ? sl_arena_str(arena, sl_str_of(text)) : SL_STR_NONE;
    free(text);
    return out->p ? NULL : sl_error_nomem();
}

static sl_error *read_properties(const json_t *j, sl_arena *arena, sl_config *out) {
    json_t *map = json_object_get(j, "properties");
    size_t i = 0;
    if (!json_is_object(map)) {
        return wrong("properties", "a map of settings");
    }
    if (json_object_size(map) > MAX_SETTINGS) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected at most %d settings", MAX_SETTINGS);
    }
    sl_config_entry *entries = sl_arena_zalloc(arena, (json_object_size(map) + 1) * sizeof(*entries));
    if (!entries) {
        return sl_error_nomem();
    }
    for (void *it = json_object_iter(map); it; it = json_object_iter_next(map, it), i++) {
        const char *key = json_object_iter_key(it);
        entries[i].key = sl_arena_str(arena, sl_str_of(key));
        if (!entries[i].key.p) {
            return sl_error_nomem();
        }
        SL_TRY(setting_of(json_object_iter_value(it), key, arena, &entries[i].value));
    }
    *out = (sl_config){entries, i};
    return NULL;
}

/* read_target takes state.v2, and state where an older worker has written only that. */
static sl_error *read_target(const json_t *j, sl__target *out) {
    const json_t *v = json_object_get(j, "state.v2");
    if (!json_is_string(v)) {
        v = json_object_get(j, "state");
    }
    if (!json_is_string(v)) {
        return wrong("state", "a string");
    }
    sl_str name = sl_str_make(json_string_value(v), json_string_length(v));
    return sl__target_parse(name, out) ? NULL : wrong("state", "STARTED, PAUSED or STOPPED");
}

static sl_error *read_session_key(const json_t *j, sl_arena *arena, sl__session_key *out) {
    sl_str text;
    SL_TRY(string_field(j, "key", arena, &text));
    SL_TRY(string_field(j, "algorithm", arena, &out->algorithm));
    const json_t *at = json_object_get(j, "creation-timestamp");
    if (!json_is_integer(at)) {
        return wrong("creation-timestamp", "a number of milliseconds");
    }
    out->created_ms = json_integer_value(at);
    return sl__base64_read(text, arena, &out->key) ? NULL : wrong("key", "Base64");
}

static sl_error *read_restart(const json_t *j, sl__config_record *out) {
    out->restart.include_tasks = json_is_true(json_object_get(j, "include-tasks"));
    out->restart.only_failed = json_is_true(json_object_get(j, "only-failed"));
    return NULL;
}

/* read_own takes the text of the member that is ours. */
static sl_error *read_own(const json_t *j, sl_arena *arena, sl_str *out) {
    const json_t *own = json_object_get(j, OWN_FIELD);
    char *text = own ? json_dumps(own, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (!own) {
        return wrong(OWN_FIELD, "there");
    }
    *out = text ? sl_arena_str(arena, sl_str_of(text)) : SL_STR_NONE;
    free(text);
    return out->p ? NULL : sl_error_nomem();
}

static sl_error *read_value(const json_t *j, sl_arena *arena, sl__config_record *out) {
    if (!json_is_object(j)) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected a JSON object");
    }
    switch (out->kind) {
    case SL_CR_CONNECTOR:
    case SL_CR_TASK:
        return read_properties(j, arena, &out->config);
    case SL_CR_COMMIT:
        return count_field(j, "tasks", &out->count);
    case SL_CR_TARGET:
        return read_target(j, &out->target);
    case SL_CR_FENCING:
        return count_field(j, "task-count", &out->count);
    case SL_CR_SESSION_KEY:
        return read_session_key(j, arena, &out->session_key);
    case SL_CR_RESTART:
        return read_restart(j, out);
    case SL_CR_LOGGER:
        return string_field(j, "level", arena, &out->level);
    case SL_CR_OWN:
        return read_own(j, arena, &out->json);
    }
    return NULL;
}

static sl_error *parse_value(sl_str value, sl_arena *arena, sl__config_record *out) {
    json_error_t why;
    json_t *j = json_loadb(value.p, value.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (!j) {
        /* jansson's text quotes what it stumbles over, which may be a secret */
        return sl_error_new(SL_E_DATA, SL_USER, "expected JSON, found something else at byte %d",
                            why.position);
    }
    sl_error *err = read_value(j, arena, out);
    json_decref(j);
    return err;
}

/* ---- keys ---- */

typedef struct prefix {
    sl_str text;
    sl__config_kind kind;
    bool nullable;
} prefix;

/* Ours first, then in Kafka Connect's order, which matters where one is the start of another. Ours look to
 * Kafka Connect like the target state of a connector that it does not have, which it passes over in silence;
 * every other key it reports as an error. No connector's name has a control character. */
static const prefix prefixes[] = {
    {SL_STR_INIT("target-state-\tsluice-"), SL_CR_OWN, true},
    {SL_STR_INIT("target-state-"), SL_CR_TARGET, true},
    {SL_STR_INIT("connector-"), SL_CR_CONNECTOR, true},
    {SL_STR_INIT("task-"), SL_CR_TASK, false},
    {SL_STR_INIT("commit-"), SL_CR_COMMIT, false},
    {SL_STR_INIT("restart-connector-"), SL_CR_RESTART, false},
    {SL_STR_INIT("tasks-fencing-"), SL_CR_FENCING, false},
    {SL_STR_INIT("session-key"), SL_CR_SESSION_KEY, false},
    {SL_STR_INIT("logger-cluster-"), SL_CR_LOGGER, false},
};

static const prefix *find_prefix(sl_str key) {
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const prefix *p = &prefixes[i];
        if (p->kind == SL_CR_SESSION_KEY ? sl_str_eq(key, p->text) : sl_str_starts(key, p->text)) {
            return p;
        }
    }
    return NULL;
}

/* split_task cuts the task's number off: "NAME-N". */
static bool split_task(sl__config_record *r) {
    int64_t n;
    size_t dash = r->name.n;
    while (dash > 0 && r->name.p[dash - 1] != '-') {
        dash--;
    }
    sl_str digits = sl_str_skip(r->name, dash);
    if (dash == 0 || digits.n == 0 || digits.p[0] < '0' || digits.p[0] > '9' || !sl_str_to_i64(digits, &n) ||
        n > INT32_MAX) {
        return false;
    }
    r->task = (int32_t)n;
    r->name.n = dash - 1;
    return true;
}

sl_error *sl__config_record_parse(sl_str key, sl_str value, sl_arena *arena, sl__config_record *out) {
    memset(out, 0, sizeof *out);
    const prefix *p = find_prefix(key);
    if (!p) {
        return sl_error_new(SL_E_DATA, SL_USER, "no such kind of key is known");
    }
    out->kind = p->kind;
    out->name = sl_str_skip(key, p->text.n);
    if (p->kind == SL_CR_TASK && !split_task(out)) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected task-CONNECTOR-NUMBER");
    }
    if (value.p) {
        return parse_value(value, arena, out);
    }
    out->removed = true;
    return p->nullable ? NULL : sl_error_new(SL_E_DATA, SL_USER, "expected a value, found null");
}

/* ---- writing ---- */

void sl__config_record_key(const sl__config_record *r, sl_buf *out) {
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (prefixes[i].kind == r->kind) {
            sl_buf_add_str(out, prefixes[i].text);
        }
    }
    if (r->kind != SL_CR_SESSION_KEY) {
        sl_buf_add_str(out, r->name);
    }
    if (r->kind == SL_CR_TASK) {
        sl_buf_add_char(out, '-');
        sl_buf_add_i64(out, r->task);
    }
}

static void write_properties(const sl_config *c, sl_buf *out) {
    sl_buf_add_z(out, "{\"properties\":{");
    for (size_t i = 0; i < c->n; i++) {
        if (i) {
            sl_buf_add_char(out, ',');
        }
        sl_buf_add_json_str(out, c->entries[i].key);
        sl_buf_add_char(out, ':');
        if (c->entries[i].value.p) {
            sl_buf_add_json_str(out, c->entries[i].value);
        } else {
            sl_buf_add_z(out, "null");
        }
    }
    sl_buf_add_z(out, "}}");
}

static void write_session_key(const sl__session_key *k, sl_buf *out) {
    sl_buf_add_z(out, "{\"key\":\"");
    sl_buf_add_base64(out, k->key);
    sl_buf_add_z(out, "\",\"algorithm\":");
    sl_buf_add_json_str(out, k->algorithm);
    sl_buf_printf(out, ",\"creation-timestamp\":%lld}", (long long)k->created_ms);
}

/* write_target: workers before Kafka Connect 3.5 do not know STOPPED; they read `state` only. */
static void write_target(sl__target t, sl_buf *out) {
    sl_buf_printf(out, "{\"state\":\"%s\",\"state.v2\":\"%s\"}",
                  sl__target_name(t == SL_TARGET_STOPPED ? SL_TARGET_PAUSED : t), sl__target_name(t));
}

static const char *truth(bool b) {
    return b ? "true" : "false";
}

void sl__config_record_value(const sl__config_record *r, sl_buf *out) {
    if (r->removed) {
        return;
    }
    switch (r->kind) {
    case SL_CR_CONNECTOR:
    case SL_CR_TASK:
        write_properties(&r->config, out);
        return;
    case SL_CR_COMMIT:
        sl_buf_printf(out, "{\"tasks\":%d}", (int)r->count);
        return;
    case SL_CR_TARGET:
        write_target(r->target, out);
        return;
    case SL_CR_FENCING:
        sl_buf_printf(out, "{\"task-count\":%d}", (int)r->count);
        return;
    case SL_CR_SESSION_KEY:
        write_session_key(&r->session_key, out);
        return;
    case SL_CR_RESTART:
        sl_buf_printf(out, "{\"include-tasks\":%s,\"only-failed\":%s}", truth(r->restart.include_tasks),
                      truth(r->restart.only_failed));
        return;
    case SL_CR_LOGGER:
        sl_buf_add_z(out, "{\"level\":");
        sl_buf_add_json_str(out, r->level);
        sl_buf_add_char(out, '}');
        return;
    case SL_CR_OWN:
        sl_buf_add_z(out, "{\"state\":\"STARTED\",\"state.v2\":\"STARTED\",\"" OWN_FIELD "\":");
        sl_buf_add_str(out, r->json);
        sl_buf_add_char(out, '}');
        return;
    }
}
