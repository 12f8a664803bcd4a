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
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/http.h"
#include "herder/signature.h"
#include "rest/auth.h"
#include "rest/headers.h"
#include "rest/listener.h"
#include "rest/request.h"

#define COMPONENT "rest"
#define MAX_DISCARD                                                                                          \
    ((size_t)64 * 1024 *                                                                                     \
     1024) /* a body up to here is read and thrown away, so that the client sees the answer */
#define MAX_CONNECTIONS 512
#define IDLE_SECONDS 30
#define CONNECTION_MEMORY ((size_t)64 * 1024)
#define STACK_SIZE ((size_t)256 * 1024)
#define MAX_LISTENERS 8

struct server;

/* One listener. */
typedef struct door {
    struct server *server;
    sl__listener listener;
    struct MHD_Daemon *daemon;
    bool admin;              /* one of admin.listeners */
    const sl__rest_tls *tls; /* NULL = plain */
} door;

typedef struct server {
    sl__herder *herder;
    const sl__worker_settings *worker;
    sl__headers headers;
    sl__auth auth;
    sl__http_tls client_tls; /* how other workers are spoken to */
    sl_arena arena;
    door doors[MAX_LISTENERS];
    size_t n;
    sl__listener advertised;
} server;

/* One request on its connection. */
typedef struct exchange {
    sl__request request; /* first */
    const door *door;
    struct MHD_Connection *connection;
    int64_t began_ms;
    sl_buf body;
    bool too_large;
    bool certificate_bad; /* the client's is missing or not trusted */
    bool begun;           /* its headers are there */
    bool posted;          /* the herder has it; cleared by its answer, before the connection is resumed */
    const char *allow;
    bool preflight;
    bool challenge; /* say how to authenticate */
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
    if (x->challenge) {
        add_header(response, "WWW-Authenticate", "Basic realm=\"Sluice\"");
    }
    if (r->location.p) {
        add_header(response, "Location", r->location.p);
    }
    sl__headers_add(&x->door->server->headers, x->origin, x->preflight, response);
    enum MHD_Result result = MHD_queue_response(x->connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(exchange *x, int status, const char *message) {
    (void)sl__answer_error(&x->request, status, "%s", message);
    return send_answer(x);
}

static enum MHD_Result too_large(exchange *x) {
    (void)sl__answer_error(&x->request, 413, "expected a body of at most %d bytes (rest.request.max.bytes)",
                           x->door->server->worker->request_max_bytes);
    return send_answer(x);
}

/* ---- on the herder's thread ---- */

static bool run_call(sl__herder *h, sl__call *call) {
    sl__request *r = (sl__request *)call;
    return r->match.route->run(h, r);
}

static const char timed_out[] = "Request timed out";

static void reply_call(sl__call *call, bool late) {
    exchange *x = (exchange *)call;
    if (late && !x->request.status) {
        (void)sl__answer_error(&x->request, 500, "%s", timed_out);
    }
    MHD_resume_connection(x->connection);
}

/* ---- a request comes in ---- */

static exchange *exchange_new(const door *d, struct MHD_Connection *connection) {
    exchange *x = sl_calloc(1, sizeof *x);
    if (x) {
        x->door = d;
        x->began_ms = sl__now_ms();
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
    r->base_url =
        host.n ? sl_arena_printf(&r->arena, "%s://%.*s", x->door->tls ? "https" : "http", SL_STR_ARG(host))
               : SL_STR("");
    r->path = x->uri;
    r->authorization = header(x, "Authorization");
    r->signature = header(x, SL__SIGNATURE_HEADER);
    r->signature_algorithm = header(x, SL__SIGNATURE_ALGORITHM_HEADER);
    r->tls = &x->door->server->client_tls;
}

static enum MHD_Result post(exchange *x) {
    sl__request *r = &x->request;
    take_connection(x);
    (void)MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, on_param, r);
    r->body = x->body.n ? sl_buf_view(&x->body) : SL_STR("");
    r->call.deadline_ms = sl__now_ms() + x->door->server->worker->request_timeout_ms;
    x->posted = true;
    MHD_suspend_connection(x->connection);
    if (!sl__herder_call(x->door->server->herder, &r->call)) {
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

/* served_here: with admin.listeners the administration routes are there alone, beside what watches a worker.
 */
static bool served_here(const door *d, const sl__route *route) {
    if (!d->server->worker->admin_apart) {
        return true;
    }
    bool both =
        sl_str_eqz(sl_str_of(route->pattern), "/metrics") || sl_str_eqz(sl_str_of(route->pattern), "/health");
    return both || route->admin == d->admin;
}

static bool only_reads(const sl__route *route) {
    return route->reads || strcmp(route->method, "GET") == 0;
}

static enum MHD_Result not_allowed(exchange *x, sl__auth_answer why) {
    if (why == SL_AUTH_READER) {
        return refuse(x, 403, "this user may read, but change nothing");
    }
    x->challenge = true;
    return refuse(x, 401, "User cannot access the resource.");
}

/* answer_stuck: a herder that is busy with one thing for as long as a request may take would not even see
 * that this one is late. */
static bool answer_stuck(exchange *x) {
    int64_t busy = sl__herder_busy_ms(x->door->server->herder);
    if (x->request.match.route->run == sl__rest_health && busy > SL__HEALTH_MS) {
        (void)sl__answer_unhealthy(&x->request, "busy with one thing for more than 10 s");
        return true;
    }
    if (busy > x->door->server->worker->request_timeout_ms) {
        (void)sl__answer_error(&x->request, 500, "%s", timed_out);
        return true;
    }
    return false;
}

static enum MHD_Result on_complete(exchange *x, const char *url, const char *method) {
    sl__request *r = &x->request;
    x->origin = header(x, "Origin");
    x->preflight = x->origin.n && strcmp(method, "OPTIONS") == 0;
    if (x->too_large || x->body.failed) {
        return too_large(x);
    }
    if (x->certificate_bad) {
        return refuse(x, 403, "a certificate of the client that is trusted here is needed");
    }
    sl__route_found found =
        sl__route_find(sl__routes, sl__nroutes, sl_str_of(method), sl_str_of(url), &r->arena, &r->match);
    if (found == SL_ROUTE_OK && !served_here(x->door, r->match.route)) {
        found = SL_ROUTE_NO_PATH;
    }
    sl__auth_answer allowed = sl__auth_check(&x->door->server->auth, header(x, "Authorization"),
                                             found != SL_ROUTE_OK || only_reads(r->match.route));
    if (allowed != SL_AUTH_OK && !x->preflight && !(found == SL_ROUTE_OK && r->match.route->internal)) {
        return not_allowed(x, allowed);
    }
    if (found != SL_ROUTE_OK) {
        return no_route(x, found, method);
    }
    if (x->body.n && !sl__media_is_json(header(x, "Content-Type"))) {
        return refuse(x, 415, "HTTP 415 Unsupported Media Type");
    }
    if (!sl__media_accepts(header(x, "Accept"), r->match.route->media)) {
        return refuse(x, 406, "HTTP 406 Not Acceptable");
    }
    return answer_stuck(x) ? send_answer(x) : post(x);
}

/* announced_size gives the Content-Length, 0 when there is none. */
static size_t announced_size(struct MHD_Connection *connection) {
    int64_t n = 0;
    sl_str text = sl_str_of(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length"));
    return text.p && sl_str_to_i64(text, &n) && n > 0 ? (size_t)n : 0;
}

static void take_body(exchange *x, const char *data, size_t n) {
    if (x->too_large || x->body.n + n > (size_t)x->door->server->worker->request_max_bytes) {
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

/* certificate_good checks the client's certificate, where that is asked for. */
static bool certificate_good(const door *d, struct MHD_Connection *connection) {
    unsigned status = 0, n = 0;
    if (!d->tls || d->tls->client_auth == SL__CLIENT_AUTH_NONE) {
        return true;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info ? (gnutls_session_t)info->tls_session : NULL;
    if (!session || !gnutls_certificate_get_peers(session, &n) || n == 0) {
        return session && d->tls->client_auth == SL__CLIENT_AUTH_REQUESTED;
    }
    return gnutls_certificate_verify_peers2(session, &status) == 0 && status == 0;
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
        x->certificate_bad = !certificate_good(x->door, connection);
        if (announced_size(connection) > MAX_DISCARD) {
            return too_large(x);
        }
        return MHD_YES;
    }
    if (x->posted) {
        return send_answer(x); /* resumed */
    }
    if (*size && sl__now_ms() - x->began_ms > x->door->server->worker->request_timeout_ms) {
        return MHD_NO; /* a client that sends a byte now and then */
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

/* A listener's options that only TLS has. */
static void tls_options(const door *d, struct MHD_OptionItem *o) {
    const char *priorities = d->tls->tls12 && d->tls->tls13 ? "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
                             : d->tls->tls13                ? "NORMAL:-VERS-ALL:+VERS-TLS1.3"
                                                            : "NORMAL:-VERS-ALL:+VERS-TLS1.2";
    *o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)d->tls->key.p};
    *o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)d->tls->cert.p};
    *o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)priorities};
    if (d->tls->client_auth != SL__CLIENT_AUTH_NONE) {
        *o++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)d->tls->trust.p};
    }
    *o = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static struct MHD_Daemon *start_daemon(door *d) {
    struct MHD_OptionItem tls[5] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_TURBO;
    if (d->tls) {
        flags = (flags & ~(unsigned)MHD_USE_TURBO) | MHD_USE_TLS;
        tls_options(d, tls);
    }
    return MHD_start_daemon(flags, 0, NULL, NULL, on_access, d, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
                            MHD_OPTION_LISTEN_SOCKET, d->listener.fd, MHD_OPTION_URI_LOG_CALLBACK, on_uri, d,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK,
                            keep_escapes, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                            MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

/* ---- the front ---- */

static void front_close(void *front) {
    server *s = front;
    if (!s) {
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (s->doors[i].daemon) {
            MHD_stop_daemon(s->doors[i].daemon); /* closes the socket as well */
        } else {
            close(s->doors[i].listener.fd);
        }
    }
    sl_arena_deinit(&s->arena);
    sl_free(s);
}

static sl_error *open_list(server *s, const char *setting, const sl_str_list *list, bool admin) {
    for (size_t i = 0; i < list->n; i++) {
        door *d = &s->doors[s->n];
        if (s->n == MAX_LISTENERS) {
            return sl_error_new(SL_E_CONFIG, SL_USER, "%s: expected at most %d listeners in all", setting,
                                MAX_LISTENERS);
        }
        if (!sl_str_trim(list->items[i]).n) {
            continue;
        }
        *d = (door){.server = s, .admin = admin};
        SL_TRY(sl__listener_open(setting, list->items[i], &d->listener));
        s->n++;
        if (d->listener.https) {
            d->tls = admin ? &s->worker->admin_tls : &s->worker->rest_tls;
        }
    }
    return NULL;
}

/* advertise chooses the listener that others are told of: of the kind asked for, else http, else the first.
 */
static void advertise(server *s) {
    bool https = sl_str_eq_nocase(sl_str_trim(s->worker->advertised_listener), SL_STR("https"));
    s->advertised = s->doors[0].listener;
    for (size_t i = s->n; i > 0; i--) {
        if (!s->doors[i - 1].admin && s->doors[i - 1].listener.https == https) {
            s->advertised = s->doors[i - 1].listener;
        }
    }
}

static sl_error *open_listeners(server *s, char *worker_id, size_t size) {
    SL_TRY(open_list(s, "listeners", &s->worker->listeners, false));
    if (s->n == 0) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "listeners: expected at least one http://HOST:PORT");
    }
    SL_TRY(open_list(s, "admin.listeners", &s->worker->admin_listeners, true));
    advertise(s);
    sl__listener_worker_id(&s->advertised, s->worker, worker_id, size);
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
    s->client_tls = (sl__http_tls){.ca = worker->rest_tls.trust,
                                   .cert = worker->rest_tls.cert,
                                   .key = worker->rest_tls.key,
                                   .any_host = worker->rest_tls.any_host};
    sl_error *err = sl__headers_parse(worker, &s->arena, &s->headers);
    err = err ? err : sl__auth_load(worker, &s->arena, &s->auth);
    err = err ? err : open_listeners(s, worker_id, size);
    if (err) {
        front_close(s);
        return err;
    }
    *front = s;
    return NULL;
}

static void front_url(void *front, char *url, size_t size) {
    const server *s = front;
    sl__listener_url(&s->advertised, s->worker, url, size);
}

static sl_error *front_serve(void *front, sl__herder *h) {
    server *s = front;
    s->herder = h;
    for (size_t i = 0; i < s->n; i++) {
        s->doors[i].daemon = start_daemon(&s->doors[i]);
        if (!s->doors[i].daemon) {
            return sl_error_new(SL_E_IO, SL_FATAL, "cannot start the REST interface%s: %s",
                                s->doors[i].tls ? " with TLS" : "", strerror(errno));
        }
    }
    return NULL;
}

const sl__front sl__rest_front = {
    .open = front_open, .url = front_url, .serve = front_serve, .close = front_close};
