/*
 * shown.h - settings as they may be shown: secrets never are.
 *
 * A value that comes from a config provider is shown as its reference, ${provider:path:key}. A secret that
 * stands in a configuration itself is "[hidden]"; so is a password within a URL.
 *
 * Threads: the herder's. Memory: results are in the arena or borrowed.
 */
#ifndef SLUICE_REST_SHOWN_H
#define SLUICE_REST_SHOWN_H

#include "herder/connector.h"

/* sl__shown_secret tells whether the values of a key are secrets. def may be NULL. */
bool sl__shown_secret(const sl_plugin_def *def, sl_str key);

/* sl__shown_value gives a raw value as it may be shown; absent stays absent. */
sl_str sl__shown_value(const sl_plugin_def *def, sl_str key, sl_str value, sl_arena *arena);

#endif
