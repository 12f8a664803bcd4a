/*
 * http.h - one request to another server over HTTP/1.1, with or without TLS, and its answer.
 *
 * For what workers ask of each other and what the command line asks of a worker. Each request has a
 * connection of its own; redirects are not followed.
 *
 * Not for: serving (rest/). Threads: any; a call blocks up to its time limit. Memory: answers are in the
 * arena.
 */
#ifndef SLUICE_BASE_HTTP_H
#define SLUICE_BASE_HTTP_H

#include <sluice/error.h>
#include <sluice/memory.h>

typedef struct sl__http_header {
    const char *name;
    sl_str value;
} sl__http_header;

/* How https is spoken. Texts are in PEM; absent = none. */
typedef struct sl__http_tls {
    sl_str ca;   /* whom to trust; absent = the system's */
    sl_str cert; /* our own certificate, with its chain */
    sl_str key;
    bool any_host; /* the certificate need not be of the host's name */
    bool any_cert; /* nor of anyone trusted */
} sl__http_tls;

typedef struct sl__http_request {
    const char *method;
    sl_str url; /* http://host:port/path?query or https:// */
    const sl__http_header *headers;
    size_t nheaders;
    sl_str body;             /* absent = none */
    const sl__http_tls *tls; /* NULL = the system's trust */
    int timeout_ms;          /* for all of it */
    size_t max_answer;       /* bytes of a body; 0 = 64 MiB */
} sl__http_request;

typedef struct sl__http_answer {
    int status;
    bool sent;   /* there was a connection: the server may have acted on it, also when there is an error */
    sl_str head; /* all header lines */
    sl_str body;
} sl__http_answer;

/* sl__http_do makes a request. NETWORK and TIMEOUT errors are RETRIABLE; no error for any status. */
SL_MUST_CHECK sl_error *sl__http_do(const sl__http_request *req, sl_arena *arena, sl__http_answer *out);

/* sl__http_header_of gives the value of an answer's header, trimmed; absent when it is not there. */
sl_str sl__http_header_of(const sl__http_answer *a, const char *name);

#endif
