/*
 * jdbc.c - the plugin: a sink for PostgreSQL and SQLite, under the names of Debezium's and of Confluent's
 * JDBC sinks.
 *
 * Two definitions (debezium.c, confluent.c) with one set of functions (sink.c); the context's variant tells
 * them apart.
 */
#include "sink.h"

static const sl_plugin_def *const defs[] = {&jdbc_debezium_sink, &jdbc_confluent_sink};

SL_PLUGIN_EXPORT("jdbc", SL_VERSION, defs);
