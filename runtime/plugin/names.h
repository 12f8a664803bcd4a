/*
 * names.h - the names that a definition goes by.
 *
 * Short name, aliases (full Java class names), and of each alias the simple class name, with and without the
 * suffix of the kind ("Connector", "Converter", ...), as
 * org.apache.kafka.connect.runtime.isolation.PluginUtils has them.
 *
 * Threads: any. Memory: borrowed from the definition.
 */
#ifndef SLUICE_PLUGIN_NAMES_H
#define SLUICE_PLUGIN_NAMES_H

#include <sluice/plugin.h>

/* How well a name fits; the best match wins. */
typedef enum sl__name_match { SL_NAME_NO, SL_NAME_SIMPLE, SL_NAME_EXACT } sl__name_match;

sl__name_match sl__name_matches(const sl_plugin_def *def, sl_str name);

/* sl__name_distance: how far the nearest of the definition's names is from name (its simple form too). */
unsigned sl__name_distance(const sl_plugin_def *def, sl_str name);

/* sl__name_simple gives what follows the last '.' of a Java class name. */
sl_str sl__name_simple(sl_str class_name);

#endif
