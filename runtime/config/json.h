/*
 * json.h - reads one connector from JSON, as Kafka Connect's standalone worker and its REST interface take
 * it.
 *
 * Two shapes: {"name": ..., "config": {...}, "initial_state": ...}, and flat: the settings themselves.
 * Numbers and booleans become text as they are written, null an absent value. Objects and arrays as values
 * are errors.
 *
 * Threads: pure function. Memory: results are in the arena.
 */
#ifndef SLUICE_CONFIG_JSON_H
#define SLUICE_CONFIG_JSON_H

#include "config/files.h"

SL_MUST_CHECK sl_error *sl__json_parse(sl_str text, sl_str file, sl_arena *arena, sl_config_report *report,
                                       sl__connector_config *out);

#endif
