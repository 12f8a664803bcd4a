/*
 * json.h - reads one connector from JSON, as Kafka Connect's standalone worker and its REST interface take
 * it.
 *
 * Two shapes of files: {"name": ..., "config": {...}, "initial_state": ...}, and flat: the settings
 * themselves. Numbers and booleans become text as they are written, null an absent value. Objects and arrays
 * as values are errors. What requests hold is one shape each.
 *
 * Threads: pure function. Memory: results are in the arena.
 */
#ifndef SLUICE_CONFIG_JSON_H
#define SLUICE_CONFIG_JSON_H

#include "config/files.h"

SL_MUST_CHECK sl_error *sl__json_parse(sl_str text, sl_str file, sl_arena *arena, sl_config_report *report,
                                       sl__connector_config *out);

/* sl__json_map reads an object of settings alone. */
SL_MUST_CHECK sl_error *sl__json_map(sl_str text, sl_str file, sl_arena *arena, sl_config *out);

/* sl__json_create reads {"name": ..., "config": {...}, "initial_state": ...} and nothing else; the name stays
   beside the settings. A missing config is an error. */
SL_MUST_CHECK sl_error *sl__json_create(sl_str text, sl_str file, sl_arena *arena, sl__connector_config *out);

/* sl__json_maps reads a list of objects of settings. */
SL_MUST_CHECK sl_error *sl__json_maps(sl_str text, sl_str file, sl_arena *arena, sl_config **out, size_t *n);

#endif
