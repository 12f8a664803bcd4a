/*
 * standalone.h - the process of a worker: of its own, with connectors from files and offsets in a file, or
 * one of a cluster (distributed.h), with both in Kafka.
 *
 * The command line has read and checked the files by then: the worker's settings are parsed, its config
 * providers are open, every connector's configuration was validated once. Connectors keep their raw settings,
 * which are what REST shows; whoever starts one resolves them anew through the providers, so that a changed
 * secret takes effect.
 *
 * Threads: sl__standalone_run is called on the main thread, which it keeps until the worker is stopped by
 * SIGTERM or SIGINT or cannot go on. Memory: everything in the options is borrowed until it returns.
 */
#ifndef SLUICE_HERDER_STANDALONE_H
#define SLUICE_HERDER_STANDALONE_H

#include "herder/herder.h"

/* Who answers requests while the worker runs: the REST interface (runtime/rest), which this folder may not
 * see. */
typedef struct sl__front {
    /* Takes its addresses, so that a port in use is known before anything is started, and writes host:port
     * into worker_id. */
    sl_error *(*open)(const sl__worker_settings *worker, char *worker_id, size_t size, void **front);
    /* Writes the URL under which other workers reach this one, "http://host:port/". */
    void (*url)(void *front, char *url, size_t size);
    /* Begins to answer. */
    sl_error *(*serve)(void *front, sl__herder *h);
    /* Ends; the herder answers no calls any more. NULL is allowed. */
    void (*close)(void *front);
} sl__front;

typedef struct sl__standalone_options {
    const sl__registry *registry;
    const sl__catalog *catalog; /* the same registry, for sl__connector_validate */
    sl__providers *providers;   /* for sl__providers_resolve and sl__connector_validate */
    const sl__worker_settings *worker;
    const sl_config *worker_raw;            /* what may be shown */
    const sl_config *worker_config;         /* resolved: never to be shown */
    const sl__connector_config *connectors; /* raw, with name, file and initial state */
    size_t nconnectors;
    const sl__front *front;
    const struct sl__dist_spec
        *cluster; /* NULL = a worker of its own; else no connectors and no offset file */
} sl__standalone_options;

/* sl__standalone_run starts everything, runs until it is told to stop, and stops everything again. NULL: it
   was asked to stop and did. An error: it could not start (a class of USER is about configuration), or cannot
   go on. */
SL_MUST_CHECK sl_error *sl__standalone_run(const sl__standalone_options *opts);

#endif
