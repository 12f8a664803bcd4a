/*
 * definitions.h - the settings of a plugin, as rows with the names that they have in a connector's
 * configuration.
 *
 * Threads: the herder's. Memory: in the arena, or the tables' own.
 */
#ifndef SLUICE_REST_DEFINITIONS_H
#define SLUICE_REST_DEFINITIONS_H

#include "rest/request.h"

/* One setting as it is shown. */
typedef struct sl__definition {
    sl_str name; /* with its prefix */
    const sl_config_row *row;
    const sl_plugin_def *def; /* whose it is; NULL = the runtime's */
    sl_str group;             /* absent = none */
    sl_str display;
    int order; /* in its group, from 1; -1 = it has no group */
    sl_str default_value;
    sl_str_list recommended; /* besides the row's own */
} sl__definition;

typedef struct sl__definitions {
    sl_arena *arena;
    sl__definition *items;
    size_t n, cap;
    bool failed;
} sl__definitions;

/* sl__definitions_of_plugin adds a plugin's own settings and, of a connector, those that all have. */
void sl__definitions_of_plugin(sl__herder *h, const sl_plugin_def *def, sl__definitions *out);

/* sl__definitions_of_config adds those of a connector, and of what its configuration names: transforms,
   predicates, converters. */
void sl__definitions_of_config(sl__herder *h, const sl_plugin_def *def, const sl_config *config,
                               sl__definitions *out);

/* sl__definition_json appends one as Kafka Connect writes it. */
void sl__definition_json(sl_buf *b, const sl__definition *d);

/* sl__recommended_json appends the values to offer, as a list. */
void sl__recommended_json(sl_buf *b, const sl__definition *d);

#endif
