/*
 * server.c - the listeners, and a request's way through libmicrohttpd.
 *
 * A request is read whole, looked up in the table, and posted to the herder; its connection is suspended
 * until the herder has answered or the time is over. Paths reach us as they came (the library's unescaping is
 * turned off).
 *
 * Threads: one internal epoll thread for each listener. Memory: a request is freed when its connection is
 * done with it, or when the herder gives it back, whichever is later; a suspended connection is never closed,
 * so these two never meet.
 */
#include "rest/rest.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "herder/signature.h"
#include "rest/headers.h"
#include "rest/listener.h"
#include "rest/request.h"

#define COMPONENT "rest"
#define MAX_BODY ((size_t)4 * 1024 * 1024)
#define MAX_DISCARD                                                                                          \
    ((size_t)64 * 1024 *                                                                                     \
     1024) /* a body up to here is read and thrown away, so that the client sees the answer */
#define MAX_CONNECTIONS 512
#define IDLE_SECONDS 30
#define ANSWER_MS 90000 /* as Kafka Connect's */
#define CONNECTION_MEMORY ((size_t)64 * 1024)
#define STACK_SIZE ((size_t)256 * 1024)
#define MAX_LISTENERS 8

typedef struct server {
    sl__herder *herder;
    const sl__worker_settings *worker;
    sl__headers headers;
    sl_arena arena;
    int fds[MAX_LISTENERS];
    struct MHD_Daemon *daemons[MAX_LISTENERS];
    size_t n;
} server;

/* One request on its connection. */
typedef struct exchange {
    sl__request request; /* first */
    server *server;
    struct MHD_Connection *connection;
    sl_buf body;
    bool too_large;
    bool begun;  /* its headers are there */
    bool posted; /* the herder has it; cleared by its answer, before the connection is resumed */
    const char *allow;
    sl_str origin;
    sl_str uri; /* as it came */
} exchange;

/* ---- answering ---- */

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    (void)MHD_add_response_header(response, name, value);
}

/* send_answer queues the answer; its body stays where it is until the exchange is over. */
static enum MHD_Result send_answer(exchange *x) {
    sl__request *r = &x->request;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(r->out.n, r->out.p, MHD_RESPMEM_PERSISTENT);
    if (!response) {
        return MHD_NO;
    }
    if (r->content_type) {
        add_header(response, "Content-Type", r->content_type);
    }
    if (x->allow) {
        add_header(response, "Allow", x->allow);
    }
    if (r->location.p) {
        add_header(response, "Location", r->location.p);
    }
    sl__headers_add(&x->server->headers, x->origin, response);
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(exchange *x, int status, const char *message) {
    (void)sl__answer_error(&x->request, status, "%s", message);
    return send_answer(x);
}

/* ---- on the herder's thread ---- */

static bool run_call(sl__herder *h, sl__call *call) {
    sl__request *r = (sl__request *)call;
    return r->match.route->run(h, r);
}

static void reply_call(sl__call *call, bool late) {
    exchange *x = (exchange *)call;
    if (late) {
        (void)sl__answer_error(&x->request, 500, "Request timed out");
    }
    MHD_resume_connection(x->connection);
}

/* ---- a request comes in ---- */

static exchange *exchange_new(server *s, struct MHD_Connection *connection) {
    exchange *x = sl_calloc(1, sizeof *x);
    if (x) {
        x->server = s;
        x->connection = connection;
        sl_arena_init(&x->request.arena, 0);
        sl_buf_init(&x->body, NULL);
        sl_buf_init(&x->request.out, NULL);
        x->request.call.run = run_call;
        x->request.call.reply = reply_call;
        x->request.call.done = sl__request_ended;
    }
    return x;
}

static void exchange_free(exchange *x) {
    sl_arena_deinit(&x->request.arena);
    sl_buf_deinit(&x->body);
    sl_buf_deinit(&x->request.out);
    sl_free(x);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode why) {
    (void)cls, (void)connection, (void)why;
    if (*con_cls) {
        exchange_free(*con_cls);
        *con_cls = NULL;
    }
}

static enum MHD_Result on_param(void *cls, enum MHD_ValueKind kind, const char *key, const char *value) {
    sl__request *r = cls;
    (void)kind;
    sl__param *params = sl_arena_alloc(&r->arena, (r->nparams + 1) * sizeof *params);
    if (!params) {
        return MHD_NO;
    }
    if (r->nparams) {
        memcpy(params, r->params, r->nparams * sizeof *params);
    }
    r->params = params;
    sl__param *p = &params[r->nparams];
    *p = (sl__param){{NULL, 0}, {NULL, 0}};
    if (sl__unescape(sl_str_of(key ? key : ""), &r->arena, &p->name) &&
        (!value || sl__unescape(sl_str_of(value), &r->arena, &p->value))) {
        r->nparams++;
    }
    return MHD_YES;
}

static sl_str header(const exchange *x, const char *name) {
    return sl_str_of(MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name));
}

/* take_connection notes what handlers may want to know of the connection. */
static void take_connection(exchange *x) {
    sl__request *r = &x->request;
    sl_str host = header(x, "Host");
    r->base_url = host.n ? sl_arena_printf(&r->arena, "http://%.*s", SL_STR_ARG(host)) : SL_STR("");
    r->path = x->uri;
    r->authorization = header(x, "Authorization");
    r->signature = header(x, SL__SIGNATURE_HEADER);
    r->signature_algorithm = header(x, SL__SIGNATURE_ALGORITHM_HEADER);
}

static enum MHD_Result post(exchange *x) {
    sl__request *r = &x->request;
    take_connection(x);
    (void)MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, on_param, r);
    r->body = x->body.n ? sl_buf_view(&x->body) : SL_STR("");
    r->call.deadline_ms = sl__now_ms() + ANSWER_MS;
    x->posted = true;
    MHD_suspend_connection(x->connection);
    if (!sl__herder_call(x->server->herder, &r->call)) {
        (void)sl__answer_error(r, 503, "the worker is stopping");
        MHD_resume_connection(x->connection);
    }
    return MHD_YES;
}

/* no_route answers what the table does not serve. */
static enum MHD_Result no_route(exchange *x, sl__route_found found, const char *method) {
    sl__request *r = &x->request;
    switch (found) {
    case SL_ROUTE_BAD_PATH:
        return refuse(x, 400, "expected a path in UTF-8, with %XX escapes only");
    case SL_ROUTE_NO_METHOD:
        x->allow = r->match.allowed.p;
        if (strcmp(method, "OPTIONS") == 0) {
            (void)sl__answer_empty(r, 200);
            return send_answer(x);
        }
        return refuse(x, 405, "HTTP 405 Method Not Allowed");
    case SL_ROUTE_NO_PATH:
    case SL_ROUTE_OK:
        break;
    }
    return refuse(x, 404, "HTTP 404 Not Found");
}

static enum MHD_Result on_complete(exchange *x, const char *url, const char *method) {
    sl__request *r = &x->request;
    x->origin = sl_str_of(MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, "Origin"));
    if (x->too_large || x->body.failed) {
        return refuse(x, 413, "expected a body of at most 4 MiB");
    }
    sl__route_found found =
        sl__route_find(sl__routes, sl__nroutes, sl_str_of(method), sl_str_of(url), &r->arena, &r->match);
    if (found != SL_ROUTE_OK) {
        return no_route(x, found, method);
    }
    if (x->body.n && !sl__media_is_json(header(x, "Content-Type"))) {
        return refuse(x, 415, "HTTP 415 Unsupported Media Type");
    }
    if (!sl__media_accepts(header(x, "Accept"), r->match.route->media)) {
        return refuse(x, 406, "HTTP 406 Not Acceptable");
    }
    return post(x);
}

/* announced_size gives the Content-Length, 0 when there is none. */
static size_t announced_size(struct MHD_Connection *connection) {
    int64_t n = 0;
    sl_str text = sl_str_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length"));
    return text.p && sl_str_to_i64(text, &n) && n > 0 ? (size_t)n : 0;
}

static void take_body(exchange *x, const char *data, size_t n) {
    if (x->too_large || x->body.n + n > MAX_BODY) {
        x->too_large = true;
        sl_buf_clear(&x->body);
        return;
    }
    sl_buf_add(&x->body, data, n);
}

/* on_uri sees a request first: its line, as it came. What it gives is on_access's con_cls. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *connection) {
    exchange *x = exchange_new(cls, connection);
    if (x) {
        x->uri = sl_arena_str(&x->request.arena, sl_str_of(uri));
    }
    return x;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data, size_t *size,
                                 void **con_cls) {
    exchange *x = *con_cls;
    (void)cls, (void)version;
    if (!x) {
        return MHD_NO; /* out of memory, see on_uri */
    }
    if (!x->begun) {
        x->begun = true;
        if (announced_size(connection) > MAX_DISCARD) {
            return refuse(x, 413, "expected a body of at most 4 MiB");
        }
        return MHD_YES;
    }
    if (x->posted) {
        return send_answer(x); /* resumed */
    }
    if (*size) {
        take_body(x, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return on_complete(x, url, method);
}

/* ---- the library's settings ---- */

/* keep_escapes leaves paths and parameters as they came. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls, (void)connection;
    return strlen(text);
}

static void on_log(void *cls, const char *fmt, va_list args) SL_PRINTF(2, 0);

static void on_log(void *cls, const char *fmt, va_list args) {
    (void)cls;
    char text[512];
    int n = vsnprintf(text, sizeof text, fmt, args);
    while (n > 0 && (size_t)n < sizeof text && text[n - 1] == '\n') {
        text[--n] = '\0';
    }
    sl__log(SL_LOG_DEBUG, COMPONENT, "%s", text); /* about clients: broken requests, closed connections */
}

static struct MHD_Daemon *start_daemon(server *s, int fd) {
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_TURBO, 0, NULL,
        NULL, on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE,
        MHD_OPTION_END);
}

/* ---- the front ---- */

static void front_close(void *front) {
    server *s = front;
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (s->daemons[i]) {
            MHD_stop_daemon(s->daemons[i]); /* closes the socket as well */
        } else {
            close(s->fds[i]);
        }
    }
    sl_arena_deinit(&s->arena);
    sl_free(s);
}

static sl_error *open_listeners(server *s, char *worker_id, size_t size) {
    const sl_str_list *list = &s->worker->listeners;
    sl__listener first = {.port = 0};
    for (size_t i = 0; i < list->n; i++) {
        sl__listener l;
        if (s->n == MAX_LISTENERS) {
            return sl_error_new(SL_E_CONFIG, SL_USER, "listeners: expected at most %d", MAX_LISTENERS);
        }
        SL_TRY(sl__listener_open(list->items[i], &l));
        s->fds[s->n++] = l.fd;
        first = i == 0 ? l : first;
    }
    if (s->n == 0) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "listeners: expected at least one http://HOST:PORT");
    }
    sl__listener_worker_id(&first, s->worker, worker_id, size);
    return NULL;
}

static sl_error *front_open(const sl__worker_settings *worker, char *worker_id, size_t size, void **front) {
    server *s = sl_calloc(1, sizeof *s);
    *front = NULL;
    if (!s) {
        return sl_error_nomem();
    }
    s->worker = worker;
    sl_arena_init(&s->arena, 0);
    sl_error *err = sl__headers_parse(worker, &s->arena, &s->headers);
    err = err ? err : open_listeners(s, worker_id, size);
    if (err) {
        front_close(s);
        return err;
    }
    *front = s;
    return NULL;
}

static sl_error *front_serve(void *front, sl__herder *h) {
    server *s = front;
    s->herder = h;
    for (size_t i = 0; i < s->n; i++) {
        s->daemons[i] = start_daemon(s, s->fds[i]);
        if (!s->daemons[i]) {
            return sl_error_new(SL_E_IO, SL_FATAL, "cannot start the REST interface: %s", strerror(errno));
        }
    }
    return NULL;
}

const sl__front sl__rest_front = {.open = front_open, .serve = front_serve, .close = front_close};
