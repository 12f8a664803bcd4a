/*
 * catalog.h - how the configuration code finds plugins, without knowing where they come from.
 *
 * The registry of runtime/plugin gives one; a test gives its own.
 *
 * Threads: find and at are called on the caller's thread. Memory: definitions are borrowed, for the process's
 * life.
 */
#ifndef SLUICE_CONFIG_CATALOG_H
#define SLUICE_CONFIG_CATALOG_H

#include <sluice/plugin.h>

#include "config/kafka_client.h"

typedef struct sl__catalog {
    /* Gives the definition of a kind with that short name or Java class name; NOT_FOUND, or another error
       when the name could mean several. */
    sl_error *(*find)(void *arg, sl_plugin_kind kind, sl_str name, const sl_plugin_def **def);
    /* The i-th definition of all, NULL past the last. */
    const sl_plugin_def *(*at)(void *arg, size_t i);
    void *arg;
    const sl_host *host;    /* what plugins are called with */
    sl__client_takes takes; /* the Kafka library's word on client settings; NULL = not asked */
} sl__catalog;

/* sl__catalog_kind_name gives "transform", "config provider", ... */
const char *sl__catalog_kind_name(sl_plugin_kind kind);

/* sl__catalog_nearest gives the name or alias of that kind that looks most like `name`, or NULL when none is
 * near. */
const char *sl__catalog_nearest(const sl__catalog *c, sl_plugin_kind kind, sl_str name);

/* sl__catalog_find gives a definition, or NULL and in *why (in the arena) what is wrong, with the nearest
 * name. */
const sl_plugin_def *sl__catalog_find(const sl__catalog *c, sl_plugin_kind kind, sl_str name, sl_arena *arena,
                                      sl_str *why);

/* sl__catalog_find_connector does that for sources and sinks. */
const sl_plugin_def *sl__catalog_find_connector(const sl__catalog *c, sl_str name, sl_arena *arena,
                                                sl_str *why);

#endif
