/*
 * parts.h - the plugin instances that stand around a connector's task: converters, header converter,
 * transform chain.
 *
 * Not for: when they are called (source.c, sink.c) or what becomes of their errors (policy.h).
 * Threads: one task's step at a time. Memory: settings live in the given arena; sl__parts_close frees the
 * instances.
 */
#ifndef SLUICE_TASK_PARTS_H
#define SLUICE_TASK_PARTS_H

#include "config/connector.h"
#include "plugin/instance.h"
#include "plugin/registry.h"
#include "task/host.h"

/* One converter, open. */
typedef struct sl__converter {
    sl__instance inst;
    const sl_converter_ops *ops;
    void *state;
    bool open;
} sl__converter;

/* One transform of the chain with its predicate. */
typedef struct sl__link {
    sl__instance inst;
    const sl_transform_ops *ops;
    void *state;
    bool open;
    sl__instance predicate_inst;
    const sl_predicate_ops *predicate; /* NULL = always */
    void *predicate_state;
    bool predicate_open;
    bool negate;
} sl__link;

typedef struct sl__parts {
    sl__converter key;
    sl__converter value;
    sl__converter header;
    sl__link *links;
    size_t nlinks;
} sl__parts;

typedef struct sl__parts_spec {
    const sl__registry *registry;
    const sl_config *worker;    /* resolved */
    const sl_config *connector; /* resolved */
    const sl__connector_settings *settings;
    sl_str default_converter[3]; /* the worker's, by SL_CONVERT_* */
    sl_str name;                 /* of the connector */
    int32_t task;
    sl__host_side *side;
    sl_arena *arena;
} sl__parts_spec;

/* sl__parts_open opens everything; on error nothing stays open. parts is zeroed by the caller. */
SL_MUST_CHECK sl_error *sl__parts_open(sl__parts *parts, const sl__parts_spec *spec);
void sl__parts_close(sl__parts *parts);

/* sl__parts_transform runs one record through the chain until it is dropped or an error comes; *at (may be
   NULL) is the link that failed. */
SL_MUST_CHECK sl_error *sl__parts_transform(sl__parts *parts, sl_batch *batch, sl_record *rec,
                                            const sl__link **at);

#endif
