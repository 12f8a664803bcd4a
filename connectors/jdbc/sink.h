/*
 * sink.h - the sink's table of functions, shared by both definitions.
 */
#ifndef JDBC_SINK_H
#define JDBC_SINK_H

#include <sluice/plugin.h>

extern const sl_sink_ops jdbc_sink_ops;
/* jdbc_alter_offsets is alter_offsets of both: with exactly.once.enabled the table of offsets is changed. */
SL_MUST_CHECK sl_error *jdbc_alter_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n,
                                           bool *all);
extern const sl_plugin_def jdbc_debezium_sink;
extern const sl_plugin_def jdbc_confluent_sink;

#endif
