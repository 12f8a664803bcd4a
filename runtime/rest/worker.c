/*
 * worker.c - /, /health, /admin/loggers: about the worker itself.
 */
#include "rest/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/json.h"

bool sl__rest_root(sl__herder *h, sl__request *r) {
    sl_str id = sl__cluster_id(sl__herder_env_of(h)->cluster);
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "version", SL_STR(SL_VERSION));
    sl__json_text_member(&r->out, "commit", SL_STR("sluice"));
    sl__json_text_member(&r->out, "kafka_cluster_id", id);
    sl_buf_add_char(&r->out, '}');
    return sl__answer_json(r, 200);
}

/* ---- health ---- */

static bool answer_health(sl__request *r, int status, const char *name, const char *message,
                          const char *why) {
    sl_buf_clear(&r->out);
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "status", sl_str_of(name));
    sl__json_member(&r->out, "message");
    sl__json_text(&r->out, why ? sl_arena_printf(&r->arena, "%s The worker is %s.", message, why)
                               : sl_str_of(message));
    sl_buf_add_char(&r->out, '}');
    return sl__answer_json(r, status);
}

bool sl__answer_unhealthy(sl__request *r, const char *why) {
    return answer_health(
        r, 500, "unhealthy",
        "Worker was unable to handle this request and may be unable to handle other requests.", why);
}

/* health_now answers; false: a worker that was healthy has a while to become it again. What it would be told
 * now is in the answer already. */
static bool health_now(sl__herder *h, sl__request *r) {
    const char *why = "";
    switch (sl__herder_health(h, &why)) {
    case SL_HEALTHY:
        return answer_health(r, 200, "healthy",
                             "Worker has completed startup and is ready to handle requests.", NULL);
    case SL_STARTING:
        return answer_health(r, 503, "starting", "Worker is still starting up.", why);
    case SL_ENDING:
        return answer_health(r, 503, "stopping", "Worker takes no more requests.", why);
    case SL_UNHEALTHY:
        break;
    }
    (void)sl__answer_unhealthy(r, why);
    return false;
}

static bool health_again(sl__herder *h, sl__call *c) {
    if (!health_now(h, (sl__request *)c)) {
        return false;
    }
    sl__call_end(h, c);
    return true;
}

bool sl__rest_health(sl__herder *h, sl__request *r) {
    if (health_now(h, r)) {
        return true;
    }
    int64_t until = sl__now_ms() + SL__HEALTH_MS;
    r->call.deadline_ms = until < r->call.deadline_ms ? until : r->call.deadline_ms;
    r->call.check = health_again;
    return false;
}

/* ---- loggers ---- */

static void add_level(sl_buf *b, int level, int64_t changed_ms) {
    sl_buf_add_char(b, '{');
    sl__json_text_member(b, "level", sl_str_of(sl__log_level_name(level)));
    sl__json_member(b, "last_modified");
    if (changed_ms) {
        sl_buf_add_i64(b, changed_ms);
    } else {
        sl_buf_add_z(b, "null");
    }
    sl_buf_add_char(b, '}');
}

static void each_level(void *arg, const char *component, int level, int64_t changed_ms) {
    sl__request *r = arg;
    sl__json_member(&r->out, component);
    add_level(&r->out, level, changed_ms);
}

bool sl__rest_loggers(sl__herder *h, sl__request *r) {
    (void)h;
    sl_buf_add_char(&r->out, '{');
    sl__log_each_level(each_level, r);
    sl_buf_add_char(&r->out, '}');
    return sl__answer_json(r, 200);
}

typedef struct one_level {
    sl_str name;
    int64_t changed_ms;
} one_level;

static void pick_level(void *arg, const char *component, int level, int64_t changed_ms) {
    one_level *one = arg;
    (void)level;
    if (sl_str_eqz(one->name, component)) {
        one->changed_ms = changed_ms;
    }
}

bool sl__rest_logger(sl__herder *h, sl__request *r) {
    one_level one = {.name = r->match.args[0]};
    (void)h;
    sl__log_each_level(pick_level, &one);
    add_level(&r->out, sl__log_level_of(one.name.p), one.changed_ms);
    return sl__answer_json(r, 200);
}

/* set_on_worker sets a level here, and answers with the names of those that follow it. */
static bool set_on_worker(sl__request *r, sl_str name, int level) {
    if (!sl__log_set_level(name.p, level)) {
        return sl__answer_error(r, 503, "out of memory");
    }
    sl_buf_add_char(&r->out, '[');
    sl__json_text(&r->out, name);
    sl_buf_add_char(&r->out, ']');
    return sl__answer_json(r, 200);
}

bool sl__rest_set_logger(sl__herder *h, sl__request *r) {
    sl_config given;
    sl_str scope = sl__request_param(r, "scope");
    sl_error *err = sl__json_map(r->body, SL_STR("the request's body"), &r->arena, &given);
    if (err) {
        return sl__answer_failure(r, err);
    }
    sl_str level = sl_config_get(&given, SL_STR("level"));
    if (!level.p) {
        return sl__answer_error(r, 400, "Desired 'level' parameter was not specified in request.");
    }
    int wanted = sl__log_level_parse(level);
    if (wanted < 0) {
        return sl__answer_error(r, 404, "invalid log level '%.*s'.", SL_STR_ARG(level));
    }
    if (scope.n && sl_str_eq_nocase(scope, SL_STR("cluster"))) {
        r->success = 204;
        return sl__herder_ops(h)->set_logger(h, &r->call, r->match.args[0], wanted);
    }
    if (scope.n && !sl_str_eq_nocase(scope, SL_STR("worker"))) {
        sl__log(SL_LOG_WARN, "rest", "scope=%.*s is neither worker nor cluster, worker is taken",
                SL_STR_ARG(scope));
    }
    return set_on_worker(r, r->match.args[0], wanted);
}
