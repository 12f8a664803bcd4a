/*
 * validate.h - checks a whole configuration: of a worker, or of a connector with its transforms, predicates,
 * converters and Kafka clients.
 *
 * One function serves the start of a standalone worker, `sluice validate` and REST. It resolves
 * ${provider:path:key}, so it holds secrets while it works; the report has none of them in it, nor any value
 * of a PASSWORD setting.
 *
 * A key that nobody knows is a warning, as in Kafka Connect; with `strict`, one that looks like a misspelt
 * known key (at most two letters differ) is an error.
 *
 * Threads: the caller's; a plugin's validate may block when `connect` is set. Memory: results are in the
 * arena.
 */
#ifndef SLUICE_CONFIG_VALIDATE_H
#define SLUICE_CONFIG_VALIDATE_H

#include "config/connector.h"
#include "config/providers.h"
#include "config/worker.h"

typedef struct sl__validate_env {
    const sl__catalog *catalog;
    sl__providers *providers; /* NULL: none are known, and values with references are not looked at */
    const sl__worker_settings *worker; /* NULL: not known */
    bool distributed;
    bool exactly_once; /* the worker has exactly.once.source.support=enabled */
    bool strict;       /* misspelt keys are errors */
    bool connect;      /* plugins may connect to their systems to check */
    void *runtime;     /* of the plugins' contexts; NULL = none */
} sl__validate_env;

typedef struct sl__validated {
    const sl_plugin_def *def; /* NULL: no such connector */
    sl_config config;         /* resolved: never to be shown */
    sl__connector_settings settings;
    sl__secrets secrets;
} sl__validated;

/* sl__connector_validate checks a connector's raw configuration. What is wrong is in the report, by key; the
   error is only about memory. out (zeroed here) is complete when the report has no errors. */
SL_MUST_CHECK sl_error *sl__connector_validate(const sl__validate_env *env, const sl_config *raw,
                                               sl_arena *arena, sl_config_report *report, sl__validated *out);

typedef struct sl__validated_worker {
    sl_config config; /* resolved: never to be shown */
    sl__worker_settings settings;
    sl__providers *providers; /* owned by the caller: sl__providers_close; NULL when they could not be made */
    sl__secrets secrets;
} sl__validated_worker;

/* sl__worker_validate does the same for a worker's raw configuration, and opens its config providers. */
SL_MUST_CHECK sl_error *sl__worker_validate(const sl__catalog *catalog, const sl_config *raw, bool strict,
                                            sl_arena *arena, sl_config_report *report,
                                            sl__validated_worker *out);

#endif
