/*
 * route.h - which row of the table serves a method and a path.
 *
 * A pattern is a path with {names} for whole segments. A path is matched as it came and its segments are
 * unescaped after that, so that a connector's name may hold '/' and '%'.
 *
 * Threads: pure functions. Memory: results are in the arena.
 */
#ifndef SLUICE_REST_ROUTE_H
#define SLUICE_REST_ROUTE_H

#include <sluice/memory.h>

enum { SL__ROUTE_ARGS = 4 };

struct sl__request;
struct sl__herder;

typedef struct sl__route {
    const char *method; /* "GET", "PUT", ... */
    const char *pattern;
    /* Runs on the herder's thread. True: answered. False: a job was begun, which answers. */
    bool (*run)(struct sl__herder *h, struct sl__request *r);
    const char *media; /* of its answers; NULL = application/json */
    bool reads;        /* it changes nothing, though it is no GET */
    bool admin;        /* served by admin.listeners, if there are any */
    bool internal;     /* for other workers */
    /* for the description */
    const char *summary;
    const char *params; /* "a,b" */
    const char *body;   /* names of schemas; NULL = none */
    const char *answer;
    int success;       /* 0 = 200 */
    bool may_create;   /* or 201 */
    bool may_accept;   /* or 202 */
    bool may_be_empty; /* or 204 */
} sl__route;

typedef enum sl__route_found {
    SL_ROUTE_OK,
    SL_ROUTE_NO_PATH,   /* 404 */
    SL_ROUTE_NO_METHOD, /* 405, or OPTIONS: allowed says which there are */
    SL_ROUTE_BAD_PATH,  /* 400: not UTF-8, or a broken escape */
} sl__route_found;

typedef struct sl__match {
    const sl__route *route;
    sl_str args[SL__ROUTE_ARGS]; /* the values of the {names}, in order */
    sl_str allowed;              /* "GET, HEAD, OPTIONS, PUT" */
} sl__match;

/* sl__route_find looks a request up. HEAD is served by GET's row. */
sl__route_found sl__route_find(const sl__route *routes, size_t n, sl_str method, sl_str path, sl_arena *arena,
                               sl__match *out);

/* sl__media_is_json tells whether a Content-Type says JSON; one that is absent is taken for it. */
bool sl__media_is_json(sl_str type);

/* sl__media_accepts tells whether an Accept header (absent = anything) takes answers of a type. */
bool sl__media_accepts(sl_str accept, const char *media);

/* sl__unescape undoes %XX. False: a broken escape, a zero byte, or the result is not UTF-8. */
bool sl__unescape(sl_str in, sl_arena *arena, sl_str *out);

#endif
