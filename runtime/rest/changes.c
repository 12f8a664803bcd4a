/*
 * changes.c - what requests change: connectors, their states and offsets.
 *
 * Each handler reads its arguments and begins an operation (herder/ops.h); ended() makes the answer.
 */
#include "rest/forward.h"
#include "rest/request.h"
#include "rest/shown.h"

#include "config/build.h"
#include "config/json.h"
#include "store/offset_json.h"

#define BODY SL_STR("the request's body")

/* ---- how an operation's end becomes an answer ---- */

static bool failed(sl__request *r, const sl__op_end *end) {
    char text[4096];
    if (!end->status) {
        return sl__answer_failure(r, end->err);
    }
    sl_error_text(end->err, text, sizeof text);
    sl_error_free(end->err);
    return sl__answer_error(r, end->status, "%s", text);
}

bool sl__request_ended(sl__herder *h, sl__call *call, const sl__op_end *end) {
    sl__request *r = (sl__request *)call;
    switch (end->kind) {
    case SL_OP_FAILED:
        return failed(r, end);
    case SL_OP_FORWARD:
        return sl__forward(h, r, end->leader);
    case SL_OP_DONE:
        break;
    }
    return r->answer ? r->answer(h, r, end) : sl__answer_empty(r, r->success);
}

/* ---- configurations ---- */

/* answer_info answers with the connector as it is now. */
static bool answer_info(sl__herder *h, sl__request *r, const sl__op_end *end) {
    sl__connector_view v;
    sl_str name = r->name;
    if (!sl__herder_ops(h)->find(h, name, &r->arena, &v) || !v.raw) {
        return sl__answer_error(r, 404, "Connector %.*s not found", SL_STR_ARG(name));
    }
    sl__rest_add_info(r, &v);
    if (end->created) {
        r->location = sl__request_url(r, "/connectors/", name);
    }
    return sl__answer_json(r, end->created ? 201 : 200);
}

/* is_shown tells whether a given value is what is shown instead of a secret that is there already. */
static bool is_shown(const sl__connector_view *old, const sl_config_entry *e, sl_arena *arena,
                     sl_str *secret) {
    const sl_config_entry *before = sl_config_find(old->raw, e->key);
    if (!before || !before->value.n || !e->value.p || sl_str_eq(before->value, e->value)) {
        return false;
    }
    *secret = before->value;
    return sl_str_eq(sl__shown_value(old->def, e->key, before->value, arena), e->value);
}

/* keep_secrets puts back what an answer of ours has hidden, so that a configuration that was read can be sent
   again. */
static sl_error *keep_secrets(sl__herder *h, sl__request *r, sl_str name, sl_config *config) {
    sl__connector_view old;
    sl_config_entry *entries = sl_arena_alloc(&r->arena, (config->n + 1) * sizeof *entries);
    if (!entries) {
        return sl_error_nomem();
    }
    if (!sl__herder_ops(h)->find(h, name, &r->arena, &old) || !old.raw) {
        return NULL;
    }
    for (size_t i = 0; i < config->n; i++) {
        sl_str secret;
        entries[i] = config->entries[i];
        if (is_shown(&old, &entries[i], &r->arena, &secret)) {
            entries[i].value = sl_arena_str(&r->arena, secret);
        }
    }
    config->entries = entries;
    return r->arena.failed ? sl_error_nomem() : NULL;
}

/* with_name puts the name among the settings; another one there is an error. False: answered. */
static bool with_name(sl__request *r, sl_str name, sl_config *config) {
    const sl_config_entry *e = sl_config_find(config, SL_STR("name"));
    if (e && e->value.p) {
        if (sl_str_eq(e->value, name)) {
            return true;
        }
        (void)sl__answer_error(r, 400,
                               "Connector name configuration (%.*s) doesn't match connector name in the URL "
                               "(%.*s)",
                               SL_STR_ARG(e->value), SL_STR_ARG(name));
        return false;
    }
    const sl_config_entry added = {.key = SL_STR("name"), .value = name};
    sl_error *err = sl__config_overlay(config, &(sl_config){&added, 1}, &r->arena, config);
    if (err) {
        (void)sl__answer_failure(r, err);
    }
    return !err;
}

static sl__task_target target_of(sl_str state) {
    return sl_str_eqz(state, "PAUSED")    ? SL_TARGET_PAUSE
           : sl_str_eqz(state, "STOPPED") ? SL_TARGET_STOP
                                          : SL_TARGET_RUN;
}

static bool put(sl__herder *h, sl__request *r, sl_str name, sl_config *config, sl__task_target target,
                bool replace) {
    if (!with_name(r, name, config)) {
        return true;
    }
    sl_error *err = keep_secrets(h, r, name, config);
    if (err) {
        return sl__answer_failure(r, err);
    }
    if (!sl_config_get(config, SL_STR("connector.class")).p) {
        return sl__answer_error(r, 400,
                                "Connector config of %.*s contains no connector type: give it a "
                                "connector.class",
                                SL_STR_ARG(name));
    }
    r->name = name;
    r->answer = answer_info;
    return sl__herder_ops(h)->put_config(h, &r->call, name, config, target, replace);
}

bool sl__rest_create(sl__herder *h, sl__request *r) {
    sl__connector_config given;
    sl_error *err = sl__json_create(r->body, BODY, &r->arena, &given);
    if (err) {
        return sl__answer_failure(r, err);
    }
    sl_str name = given.name.p ? sl_str_trim(given.name) : SL_STR("");
    return put(h, r, name, &given.raw, target_of(given.initial_state), false);
}

bool sl__rest_put_config(sl__herder *h, sl__request *r) {
    sl_config config;
    sl_error *err = sl__json_map(r->body, BODY, &r->arena, &config);
    return err ? sl__answer_failure(r, err) : put(h, r, r->match.args[0], &config, SL_TARGET_RUN, true);
}

bool sl__rest_patch_config(sl__herder *h, sl__request *r) {
    sl_config patch;
    sl_str name = r->match.args[0];
    sl_error *err = sl__json_map(r->body, BODY, &r->arena, &patch);
    err = err ? err : keep_secrets(h, r, name, &patch);
    if (err) {
        return sl__answer_failure(r, err);
    }
    r->name = name;
    r->answer = answer_info;
    return sl__herder_ops(h)->patch_config(h, &r->call, name, &patch, &r->arena);
}

bool sl__rest_delete(sl__herder *h, sl__request *r) {
    r->success = 204;
    return sl__herder_ops(h)->delete_config(h, &r->call, r->match.args[0]);
}

/* ---- states ---- */

static bool set_target(sl__herder *h, sl__request *r, sl__task_target target, int success) {
    r->success = success;
    return sl__herder_ops(h)->set_target(h, &r->call, r->match.args[0], target);
}

bool sl__rest_pause(sl__herder *h, sl__request *r) {
    return set_target(h, r, SL_TARGET_PAUSE, 202);
}

bool sl__rest_resume(sl__herder *h, sl__request *r) {
    return set_target(h, r, SL_TARGET_RUN, 202);
}

bool sl__rest_stop(sl__herder *h, sl__request *r) {
    return set_target(h, r, SL_TARGET_STOP, 204);
}

/* flag reads a boolean query parameter. What is not true is false, as everywhere in Kafka Connect. */
static bool flag(const sl__request *r, const char *name) {
    return sl_str_eq_nocase(sl__request_param(r, name), SL_STR("true"));
}

static bool answer_restart(sl__herder *h, sl__request *r, const sl__op_end *end) {
    sl__connector_view v;
    (void)end;
    if (!sl__herder_ops(h)->find(h, r->name, &r->arena, &v) || !v.has_status) {
        return sl__answer_error(r, 404, "Status for connector %.*s not found", SL_STR_ARG(r->name));
    }
    r->restarting = true;
    sl__rest_add_status(h, r, &v);
    return sl__answer_json(r, 202);
}

bool sl__rest_restart(sl__herder *h, sl__request *r) {
    bool tasks = flag(r, "includeTasks"), only_failed = flag(r, "onlyFailed");
    r->success = 204;
    r->name = r->match.args[0];
    r->answer = tasks || only_failed ? answer_restart : NULL;
    r->call.op.tasks = tasks;
    r->call.op.only_failed = only_failed;
    return sl__herder_ops(h)->restart(h, &r->call, r->name, tasks, only_failed);
}

bool sl__rest_restart_task(sl__herder *h, sl__request *r) {
    int32_t task = sl__request_task(r);
    r->success = 204;
    if (task < 0) {
        return sl__answer_error(r, 404, "HTTP 404 Not Found");
    }
    return sl__herder_ops(h)->restart_task(h, &r->call, r->match.args[0], task);
}

/* ---- offsets ---- */

static bool answer_offsets(sl__herder *h, sl__request *r, const sl__op_end *end) {
    sl_buf *b = &r->out;
    sl_error *err = NULL;
    (void)h, (void)end;
    sl_buf_add_z(b, "{\"offsets\":[");
    for (size_t i = 0; i < r->noffsets && !err; i++) {
        sl_buf_add_z(b, i ? ",{\"partition\":" : "{\"partition\":");
        err = sl__offset_json_write(&r->offsets[i].partition, false, b);
        sl_buf_add_z(b, ",\"offset\":");
        err = err ? err : sl__offset_json_write(&r->offsets[i].offset, false, b);
        sl_buf_add_char(b, '}');
    }
    sl_buf_add_z(b, "]}");
    return err ? sl__answer_failure(r, err) : sl__answer_json(r, 200);
}

bool sl__rest_offsets(sl__herder *h, sl__request *r) {
    r->answer = answer_offsets;
    return sl__herder_ops(h)->offsets(h, &r->call, r->match.args[0], &r->arena, &r->offsets, &r->noffsets);
}

static bool answer_message(sl__herder *h, sl__request *r, const sl__op_end *end) {
    (void)h;
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "message", end->message);
    sl_buf_add_char(&r->out, '}');
    return sl__answer_json(r, 200);
}

static const sl_value *member(const sl_value *map, const char *name) {
    for (uint32_t i = 0; i < map->n; i++) {
        if (sl_str_eqz(sl_value_str(&map->items[2 * i]), name)) {
            return &map->items[2 * i + 1];
        }
    }
    return NULL;
}

static sl_error *read_item(const sl_value *v, sl__offset_item *out) {
    const sl_value *partition = v->type == SL_MAP ? member(v, "partition") : NULL;
    const sl_value *offset = v->type == SL_MAP ? member(v, "offset") : NULL;
    *out = (sl__offset_item){.partition = partition ? *partition : sl_null(),
                             .offset = offset ? *offset : sl_null()};
    bool unknown = v->type == SL_MAP && v->n != (uint32_t)((partition != NULL) + (offset != NULL));
    if (v->type != SL_MAP || unknown || (out->partition.type != SL_MAP && !sl_is_null(&out->partition)) ||
        (out->offset.type != SL_MAP && !sl_is_null(&out->offset))) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "the request's body: expected {\"offsets\": [{\"partition\": {...}, \"offset\": "
                            "{...} or null}, ...]}");
    }
    return NULL;
}

/* read_offsets reads the body; *n = 0: there are none. */
static sl_error *read_offsets(sl__request *r, sl__offset_item **out, size_t *n) {
    sl_value body;
    *n = 0;
    SL_TRY(sl__offset_json_read(r->body, &r->arena, &body));
    const sl_value *list = body.type == SL_MAP ? member(&body, "offsets") : NULL;
    if (body.type != SL_MAP || (list && list->type != SL_ARRAY && !sl_is_null(list)) ||
        body.n != (list ? 1u : 0u)) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "the request's body: expected {\"offsets\": [...]}");
    }
    if (!list || sl_is_null(list) || !list->n) {
        return NULL;
    }
    *out = sl_arena_alloc(&r->arena, list->n * sizeof **out);
    if (!*out) {
        return sl_error_nomem();
    }
    for (*n = 0; *n < list->n; ++*n) {
        SL_TRY(read_item(&list->items[*n], &(*out)[*n]));
    }
    return NULL;
}

bool sl__rest_alter_offsets(sl__herder *h, sl__request *r) {
    sl__offset_item *items = NULL;
    size_t n;
    sl_error *err = read_offsets(r, &items, &n);
    if (err) {
        return sl__answer_failure(r, err);
    }
    if (!n) {
        return sl__answer_error(r, 400,
                                "Partitions / offsets need to be provided for an alter offsets request");
    }
    r->answer = answer_message;
    return sl__herder_ops(h)->alter_offsets(h, &r->call, r->match.args[0], items, n);
}

bool sl__rest_reset_offsets(sl__herder *h, sl__request *r) {
    r->answer = answer_message;
    return sl__herder_ops(h)->reset_offsets(h, &r->call, r->match.args[0]);
}
