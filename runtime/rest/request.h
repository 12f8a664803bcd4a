/*
 * request.h - one request and its answer, as the handlers see them.
 *
 * Threads: the HTTP thread until it is posted, the herder's while it runs, the HTTP thread again once it is
 * answered. Memory: everything is in the request's arena; the answer's body is on the heap.
 */
#ifndef SLUICE_REST_REQUEST_H
#define SLUICE_REST_REQUEST_H

#include "herder/connector.h"
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
    /* the answer */
    int status;
    const char *content_type;
    sl_buf out;
} sl__request;

extern const sl__route sl__routes[];
extern const size_t sl__nroutes;

/* sl__request_param gives the value of a query parameter; absent when it is not there, "" for "?name". */
sl_str sl__request_param(const sl__request *r, const char *name);

/* ---- answers; all give true, so that a handler can return them ---- */

/* sl__answer_json says that out holds the body. */
bool sl__answer_json(sl__request *r, int status);
/* sl__answer_empty: a status without a body. */
bool sl__answer_empty(sl__request *r, int status);
/* sl__answer_error answers {"error_code":N,"message":"..."}. */
bool sl__answer_error(sl__request *r, int status, const char *fmt, ...) SL_PRINTF(3, 4);
/* sl__answer_failure answers an error object, with the status that its code and class stand for; frees it. */
bool sl__answer_failure(sl__request *r, sl_error *err);

/* sl__status_of gives the HTTP status of an error. */
int sl__status_of(const sl_error *err);

/* sl__json_text appends a JSON string; bytes that are not UTF-8 become '?'. */
void sl__json_text(sl_buf *b, sl_str s);
/* sl__json_member appends ,"name": (without the comma after '{'). */
void sl__json_member(sl_buf *b, const char *name);
void sl__json_text_member(sl_buf *b, const char *name, sl_str value); /* absent = null */

/* ---- handlers, by subject: connectors.c, plugins.c, worker.c ---- */

bool sl__rest_connectors(sl__herder *h, sl__request *r);
bool sl__rest_connector(sl__herder *h, sl__request *r);
bool sl__rest_connector_config(sl__herder *h, sl__request *r);
bool sl__rest_connector_status(sl__herder *h, sl__request *r);
bool sl__rest_connector_offsets(sl__herder *h, sl__request *r);
bool sl__rest_tasks(sl__herder *h, sl__request *r);
bool sl__rest_task_status(sl__herder *h, sl__request *r);
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
bool sl__rest_metrics(sl__herder *h, sl__request *r);

#endif
