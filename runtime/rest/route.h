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

/* sl__unescape undoes %XX. False: a broken escape, a zero byte, or the result is not UTF-8. */
bool sl__unescape(sl_str in, sl_arena *arena, sl_str *out);

#endif
