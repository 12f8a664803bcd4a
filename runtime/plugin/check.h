/*
 * check.h - tells whether a plugin's table and definitions can be used.
 *
 * Threads: any. Memory: reasons live in the arena that is passed in, or are literals.
 */
#ifndef SLUICE_PLUGIN_CHECK_H
#define SLUICE_PLUGIN_CHECK_H

#include <sluice/plugin.h>

/* sl__plugin_kind_name: "source", "sink", "transformation", "predicate", "converter", "header_converter",
   "config_provider": Kafka Connect's words. */
const char *sl__plugin_kind_name(sl_plugin_kind kind);

/* sl__plugin_check tells what is wrong with one definition; NULL = fine. */
const char *sl__plugin_check(const sl_plugin_def *def, sl_arena *arena);

/* sl__plugin_table_check tells what is wrong with a plugin's whole table (NULL = fine), with all its
 * definitions. */
const char *sl__plugin_table_check(const sl_plugin *table, sl_arena *arena);

#endif
