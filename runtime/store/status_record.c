/*
 * status_record.c - see status_record.h.
 */
#include "store/status_record.h"

#include <jansson.h>

static const char *const names[] = {
    [SL_STATUS_UNASSIGNED] = "UNASSIGNED", [SL_STATUS_RUNNING] = "RUNNING",
    [SL_STATUS_PAUSED] = "PAUSED",         [SL_STATUS_FAILED] = "FAILED",
    [SL_STATUS_DESTROYED] = "DESTROYED",   [SL_STATUS_RESTARTING] = "RESTARTING",
    [SL_STATUS_STOPPED] = "STOPPED",
};

const char *sl__status_name(sl__status_state s) {
    return names[s];
}

bool sl__status_parse_state(sl_str name, sl__status_state *out) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (sl_str_eqz(name, names[i])) {
            *out = (sl__status_state)i;
            return true;
        }
    }
    return false;
}

/* ---- keys ---- */

#define CONNECTOR_PREFIX "status-connector-"
#define TASK_PREFIX "status-task-"
#define TOPIC_PREFIX "status-topic-"
#define TOPIC_SEPARATOR ":connector-"

static bool cut_prefix(sl_str *s, sl_str prefix) {
    bool there = sl_str_starts(*s, prefix);
    if (there) {
        *s = sl_str_skip(*s, prefix.n);
    }
    return there;
}

static bool parse_task_key(sl_str rest, sl__status_record *out) {
    int64_t n;
    size_t dash = rest.n;
    while (dash > 0 && rest.p[dash - 1] != '-') {
        dash--;
    }
    sl_str digits = sl_str_skip(rest, dash);
    out->kind = SL_SR_TASK;
    if (dash == 0 || digits.n == 0 || digits.p[0] < '0' || digits.p[0] > '9' || !sl_str_to_i64(digits, &n) ||
        n > INT32_MAX) {
        return false;
    }
    out->connector = sl_str_make(rest.p, dash - 1);
    out->task = (int32_t)n;
    return true;
}

static bool parse_topic_key(sl_str rest, sl__status_record *out) {
    size_t colon = sl_str_find(rest, ':');
    sl_str connector = sl_str_skip(rest, colon);
    out->kind = SL_SR_TOPIC;
    out->topic.topic = sl_str_make(rest.p, colon);
    if (colon == 0 || !cut_prefix(&connector, SL_STR(TOPIC_SEPARATOR)) || connector.n == 0) {
        return false;
    }
    out->topic.connector = out->connector = connector;
    return true;
}

static bool parse_key(sl_str key, sl__status_record *out) {
    if (cut_prefix(&key, SL_STR(CONNECTOR_PREFIX))) {
        out->kind = SL_SR_CONNECTOR;
        out->connector = key;
        out->task = SL_STATUS_CONNECTOR;
        return key.n > 0;
    }
    if (cut_prefix(&key, SL_STR(TASK_PREFIX))) {
        return parse_task_key(key, out);
    }
    return cut_prefix(&key, SL_STR(TOPIC_PREFIX)) && parse_topic_key(key, out);
}

/* ---- values ---- */

static sl_error *text_of(const json_t *j, const char *field, sl_arena *arena, sl_str *out) {
    const json_t *v = json_object_get(j, field);
    if (!json_is_string(v)) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected '%s' to be a string", field);
    }
    *out = sl_arena_str(arena, sl_str_make(json_string_value(v), json_string_length(v)));
    return out->p ? NULL : sl_error_nomem();
}

static sl_error *number_of(const json_t *j, const char *field, int64_t *out) {
    const json_t *v = json_object_get(j, field);
    if (!json_is_integer(v)) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected '%s' to be a number", field);
    }
    *out = json_integer_value(v);
    return NULL;
}

static sl_error *read_status(const json_t *j, sl_arena *arena, sl__status *out) {
    sl_str state;
    int64_t generation = 0;
    const json_t *trace = json_object_get(j, "trace");
    SL_TRY(text_of(j, "state", arena, &state));
    if (!sl__status_parse_state(state, &out->state) || out->state == SL_STATUS_DESTROYED) {
        return sl_error_new(SL_E_DATA, SL_USER, "'%.*s' is no state of a connector or task",
                            SL_STR_ARG(state));
    }
    if (trace && !json_is_null(trace)) {
        SL_TRY(text_of(j, "trace", arena, &out->trace));
    }
    SL_TRY(text_of(j, "worker_id", arena, &out->worker_id));
    SL_TRY(number_of(j, "generation", &generation));
    out->generation = (int32_t)generation;
    return NULL;
}

static sl_error *read_topic(const json_t *j, sl__topic_status *out) {
    int64_t task = 0;
    const json_t *t = json_object_get(j, "topic");
    SL_TRY(number_of(t, "task", &task));
    out->task = (int32_t)task;
    return number_of(t, "discoverTimestamp", &out->discovered_ms);
}

sl_error *sl__status_record_parse(sl_str key, sl_str value, sl_arena *arena, sl__status_record *out) {
    json_error_t why;
    memset(out, 0, sizeof *out);
    if (!parse_key(key, out)) {
        return sl_error_new(SL_E_DATA, SL_USER, "no such kind of key is known");
    }
    out->removed = !value.p;
    if (out->removed) {
        return NULL;
    }
    json_t *j = json_loadb(value.p, value.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (!j) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected JSON, found something else at byte %d",
                            why.position);
    }
    sl_error *err =
        out->kind == SL_SR_TOPIC ? read_topic(j, &out->topic) : read_status(j, arena, &out->status);
    json_decref(j);
    return err;
}

/* ---- writing ---- */

void sl__status_record_key(const sl__status_record *r, sl_buf *out) {
    switch (r->kind) {
    case SL_SR_CONNECTOR:
        sl_buf_add_z(out, CONNECTOR_PREFIX);
        sl_buf_add_str(out, r->connector);
        return;
    case SL_SR_TASK:
        sl_buf_add_z(out, TASK_PREFIX);
        sl_buf_add_str(out, r->connector);
        sl_buf_add_char(out, '-');
        sl_buf_add_i64(out, r->task);
        return;
    case SL_SR_TOPIC:
        sl_buf_add_z(out, TOPIC_PREFIX);
        sl_buf_add_str(out, r->topic.topic);
        sl_buf_add_z(out, TOPIC_SEPARATOR);
        sl_buf_add_str(out, r->connector);
        return;
    }
}

static void write_topic(const sl__status_record *r, sl_buf *out) {
    sl_buf_add_z(out, "{\"topic\":{\"name\":");
    sl_buf_add_json_str(out, r->topic.topic);
    sl_buf_add_z(out, ",\"connector\":");
    sl_buf_add_json_str(out, r->connector);
    sl_buf_printf(out, ",\"task\":%d,\"discoverTimestamp\":%lld}}", (int)r->topic.task,
                  (long long)r->topic.discovered_ms);
}

void sl__status_record_value(const sl__status_record *r, sl_buf *out) {
    if (r->removed) {
        return;
    }
    if (r->kind == SL_SR_TOPIC) {
        write_topic(r, out);
        return;
    }
    sl_buf_printf(out, "{\"state\":\"%s\",\"trace\":", sl__status_name(r->status.state));
    if (r->status.trace.p) {
        sl_buf_add_json_str(out, r->status.trace);
    } else {
        sl_buf_add_z(out, "null");
    }
    sl_buf_add_z(out, ",\"worker_id\":");
    sl_buf_add_json_str(out, r->status.worker_id);
    sl_buf_printf(out, ",\"generation\":%d}", (int)r->status.generation);
}
