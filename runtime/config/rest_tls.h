/*
 * rest_tls.h - TLS of the REST interface: listeners.https.*, or admin.listeners.https.*, or ssl.* without a
 * prefix.
 *
 * Stores are PEM files, PEM texts, or PKCS#12. Threads: any; files are read. Memory: results are in the
 * arena.
 */
#ifndef SLUICE_CONFIG_REST_TLS_H
#define SLUICE_CONFIG_REST_TLS_H

#include <sluice/config.h>

typedef enum sl__client_auth {
    SL__CLIENT_AUTH_NONE,
    SL__CLIENT_AUTH_REQUESTED, /* a certificate that is shown must be good */
    SL__CLIENT_AUTH_REQUIRED,
} sl__client_auth;

/* Texts in PEM, zero-terminated. */
typedef struct sl__rest_tls {
    sl_str cert; /* with its chain; absent: https cannot be served */
    sl_str key;
    sl_str trust; /* whom to trust; absent = the system's */
    sl__client_auth client_auth;
    bool tls12, tls13; /* what is spoken */
    bool any_host;     /* other workers' certificates need not have their host's name */
} sl__rest_tls;

/* sl__rest_tls_parse reads the settings that begin with the prefix or, when there are none, those without.
   serve: a certificate is needed. What is wrong goes to the report. */
void sl__rest_tls_parse(const sl_config *worker, sl_str prefix, bool serve, sl_arena *arena,
                        sl_config_report *report, sl__rest_tls *out);

#endif
