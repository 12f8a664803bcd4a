/*
 * auth.h - who may ask: basic authentication against a file of users, some of whom may only read.
 *
 * Threads: read-only once loaded. Memory: in the arena; passwords stay in it until the end.
 */
#ifndef SLUICE_REST_AUTH_H
#define SLUICE_REST_AUTH_H

#include "config/worker.h"

typedef struct sl__auth {
    bool on;
    sl_config users; /* name -> password, or sha256:HEX */
    sl_str_list readers;
} sl__auth;

typedef enum sl__auth_answer {
    SL_AUTH_OK,
    SL_AUTH_UNKNOWN, /* 401 */
    SL_AUTH_READER,  /* 403: this one may only read */
} sl__auth_answer;

/* sl__auth_load reads rest.auth.file, if it is set. */
SL_MUST_CHECK sl_error *sl__auth_load(const sl__worker_settings *worker, sl_arena *arena, sl__auth *out);

/* sl__auth_check looks at an Authorization header (absent = none); reads: the request changes nothing. */
sl__auth_answer sl__auth_check(const sl__auth *a, sl_str authorization, bool reads);

#endif
