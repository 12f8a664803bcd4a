/*
 * listener.h - http://host:port or https://host:port as a listening socket.
 *
 * Threads: any. Memory: strings are borrowed from the settings.
 */
#ifndef SLUICE_REST_LISTENER_H
#define SLUICE_REST_LISTENER_H

#include "config/worker.h"

typedef struct sl__listener {
    sl_str host; /* "" = every address */
    int port;    /* the one in use, when 0 was asked for */
    bool https;
    int fd; /* the caller's to close */
} sl__listener;

/* sl__listener_open opens a listener; setting names the setting in errors. A port that is in use is an error
 * that names it. */
SL_MUST_CHECK sl_error *sl__listener_open(const char *setting, sl_str url, sl__listener *out);

/* sl__listener_worker_id writes the host:port under which the worker is known: rest.advertised.*, else the
   listener's, else the machine's name. */
void sl__listener_worker_id(const sl__listener *l, const sl__worker_settings *worker, char *out, size_t size);

/* sl__listener_url writes "http://host:port/", under which other workers reach this one. */
void sl__listener_url(const sl__listener *l, const sl__worker_settings *worker, char *out, size_t size);

#endif
