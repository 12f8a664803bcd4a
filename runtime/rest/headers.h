/*
 * headers.h - the headers that settings add to answers: access.control.allow.* and
 * response.http.headers.config.
 *
 * Threads: read-only once parsed. Memory: in the arena.
 */
#ifndef SLUICE_REST_HEADERS_H
#define SLUICE_REST_HEADERS_H

#include "config/worker.h"

struct MHD_Response;

typedef struct sl__header_row {
    const char *name;
    const char *value;
    bool date; /* value is a number of milliseconds from now */
    int64_t date_ms;
} sl__header_row;

typedef struct sl__headers {
    sl_str origins; /* "" = no such header */
    const char *methods;
    sl__header_row *rows;
    size_t n;
} sl__headers;

/* sl__headers_parse reads the settings: "action name:value, ...", a value with commas in double quotes around
 * the whole. */
SL_MUST_CHECK sl_error *sl__headers_parse(const sl__worker_settings *worker, sl_arena *arena,
                                          sl__headers *out);

/* sl__headers_add adds them to an answer; origin is the request's, absent = none; preflight: a
   browser asks what it may send. */
void sl__headers_add(const sl__headers *h, sl_str origin, bool preflight, struct MHD_Response *response);

#endif
