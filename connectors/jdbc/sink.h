/*
 * sink.h - the sink's table of functions, shared by both definitions.
 */
#ifndef JDBC_SINK_H
#define JDBC_SINK_H

#include <sluice/plugin.h>

extern const sl_sink_ops jdbc_sink_ops;
extern const sl_plugin_def jdbc_debezium_sink;
extern const sl_plugin_def jdbc_confluent_sink;

#endif
