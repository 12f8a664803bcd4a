/*
 * request.h - one request and its answer, as the handlers see them.
 *
 * Threads: the HTTP thread until it is posted, the herder's while it runs, the HTTP thread again once it is
 * answered. Memory: everything is in the request's arena; the answer's body is on the heap.
 */
#ifndef SLUICE_REST_REQUEST_H
#define SLUICE_REST_REQUEST_H

#include "herder/ops.h"
#include "rest/route.h"

typedef struct sl__param {
    sl_str name;
    sl_str value; /* absent: "?name" alone */
} sl__param;

typedef struct sl__request {
    sl__call call; /* first */
    sl_arena arena;
    sl__match match;
    sl__param *params;
    size_t nparams;
    sl_str body;
    /* what the handler keeps for the end of its operation */
    bool (*answer)(sl__herder *h, struct sl__request *r, const sl__op_end *end); /* NULL = success alone */
    int success; /* the status of an answer without a body */
    sl_str name; /* the connector's */
    sl__offset_item *offsets;
    size_t noffsets;
    bool resent;     /* it was forwarded before, and what came of that is not known */
    bool restarting; /* the answer shows what call.op.tasks and only_failed choose as RESTARTING */
    /* of the connection */
    sl_str base_url;      /* "http://host:port" as the client sees us */
    sl_str path;          /* as it came, with its query */
    sl_str authorization; /* absent = no such header */
    sl_str signature;     /* of another worker; absent likewise */
    sl_str signature_algorithm;
    const struct sl__http_tls *tls; /* how https workers are spoken to; NULL = the system's trust */
    /* the answer; with a status when the call's time is over, it is sent all the same */
    sl_str location; /* absent = none */
    int status;
    const char *content_type;
    sl_buf out;
} sl__request;

extern const sl__route sl__routes[];
extern const size_t sl__nroutes;

/* sl__request_param gives the value of a query parameter; absent when it is not there, "" for "?name". */
sl_str sl__request_param(const sl__request *r, const char *name);

/* sl__request_task gives the path's task number; -1 = it is none that a task can have. */
int32_t sl__request_task(const sl__request *r);

/* sl__request_url gives base_url, a path and a name that is escaped as a segment, zero-terminated; absent
 * when out of memory.
 */
sl_str sl__request_url(sl__request *r, const char *path, sl_str name);

/* sl__request_ended is the `done` of requests' calls. */
bool sl__request_ended(sl__herder *h, sl__call *call, const sl__op_end *end);

/* ---- answers; all give true, so that a handler can return them ---- */

/* sl__answer_json says that out holds the body. */
bool sl__answer_json(sl__request *r, int status);
/* sl__answer_empty: a status without a body. */
bool sl__answer_empty(sl__request *r, int status);
/* sl__answer_error answers {"error_code":N,"message":"..."}. */
bool sl__answer_error(sl__request *r, int status, const char *fmt, ...) SL_PRINTF(3, 4);
/* sl__answer_failure answers an error object, with the status that its code and class stand for; frees it. */
bool sl__answer_failure(sl__request *r, sl_error *err);

/* How long a worker that is not healthy may take to become it before GET /health says so, as Kafka Connect's.
 */
#define SL__HEALTH_MS 10000

/* sl__answer_unhealthy answers GET /health with 500; why says what the worker does, NULL = not known. */
bool sl__answer_unhealthy(sl__request *r, const char *why);

/* sl__status_of gives the HTTP status of an error. */
int sl__status_of(const sl_error *err);

/* sl__json_text appends a JSON string; bytes that are not UTF-8 become '?'. */
void sl__json_text(sl_buf *b, sl_str s);
/* sl__json_member appends ,"name": (without the comma after '{'). */
void sl__json_member(sl_buf *b, const char *name);
void sl__json_text_member(sl_buf *b, const char *name, sl_str value); /* absent = null */

/* ---- parts of answers: connectors.c ---- */

void sl__rest_add_info(sl__request *r, const sl__connector_view *v);
/* sl__rest_find_plugin finds a plugin by name among all kinds that are shown; NULL: there is none. */
const sl_plugin_def *sl__rest_find_plugin(sl__herder *h, sl_str name);
void sl__rest_add_status(sl__herder *h, sl__request *r, const sl__connector_view *v);

/* ---- handlers, by subject: connectors.c, changes.c, internal.c, plugins.c, worker.c ---- */

bool sl__rest_connectors(sl__herder *h, sl__request *r);
bool sl__rest_connector(sl__herder *h, sl__request *r);
bool sl__rest_connector_config(sl__herder *h, sl__request *r);
bool sl__rest_connector_status(sl__herder *h, sl__request *r);
bool sl__rest_topics(sl__herder *h, sl__request *r);
bool sl__rest_reset_topics(sl__herder *h, sl__request *r);
bool sl__rest_tasks(sl__herder *h, sl__request *r);
bool sl__rest_task_status(sl__herder *h, sl__request *r);
bool sl__rest_create(sl__herder *h, sl__request *r);
bool sl__rest_put_config(sl__herder *h, sl__request *r);
bool sl__rest_patch_config(sl__herder *h, sl__request *r);
bool sl__rest_delete(sl__herder *h, sl__request *r);
bool sl__rest_offsets(sl__herder *h, sl__request *r);
bool sl__rest_alter_offsets(sl__herder *h, sl__request *r);
bool sl__rest_reset_offsets(sl__herder *h, sl__request *r);
bool sl__rest_put_tasks(sl__herder *h, sl__request *r);
bool sl__rest_fence(sl__herder *h, sl__request *r);
bool sl__rest_pause(sl__herder *h, sl__request *r);
bool sl__rest_resume(sl__herder *h, sl__request *r);
bool sl__rest_stop(sl__herder *h, sl__request *r);
bool sl__rest_restart(sl__herder *h, sl__request *r);
bool sl__rest_restart_task(sl__herder *h, sl__request *r);

bool sl__rest_plugins(sl__herder *h, sl__request *r);
bool sl__rest_plugin_config(sl__herder *h, sl__request *r);
bool sl__rest_validate(sl__herder *h, sl__request *r);

bool sl__rest_root(sl__herder *h, sl__request *r);
bool sl__rest_health(sl__herder *h, sl__request *r);
bool sl__rest_loggers(sl__herder *h, sl__request *r);
bool sl__rest_logger(sl__herder *h, sl__request *r);
bool sl__rest_set_logger(sl__herder *h, sl__request *r);
bool sl__rest_openapi(sl__herder *h, sl__request *r);
bool sl__rest_metrics(sl__herder *h, sl__request *r);

#endif
