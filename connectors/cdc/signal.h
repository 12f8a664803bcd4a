/*
 * signal.h - what a signal asks for: rows of the signal table, records of the signal topic and lines of the
 * signal file, in Debezium's form.
 *
 *   type                data
 *   execute-snapshot    {"type": "incremental" | "blocking", "data-collections": [expressions],
 *                       "additional-conditions": [{"data-collection": expression, "filter": SQL}],
 *                       "surrogate-key": column}
 *   stop-snapshot       {"type": "incremental", "data-collections": [expressions]}: none = all
 *   pause-snapshot, resume-snapshot
 *   log                 {"message": text}: {} in it becomes the offset
 *   snapshot-window-open, snapshot-window-close: written by the source itself
 *
 * Threads: none of its own. Memory: results are in the arena.
 */
#ifndef CDC_SIGNAL_H
#define CDC_SIGNAL_H

#include <sluice/error.h>
#include <sluice/memory.h>

typedef enum cdc_signal_kind {
    CDC_SIGNAL_EXECUTE,
    CDC_SIGNAL_STOP,
    CDC_SIGNAL_PAUSE,
    CDC_SIGNAL_RESUME,
    CDC_SIGNAL_LOG,
    CDC_SIGNAL_OPEN,
    CDC_SIGNAL_CLOSE,
} cdc_signal_kind;

typedef struct cdc_condition {
    sl_str collection; /* an expression */
    sl_str filter;
} cdc_condition;

typedef struct cdc_signal {
    cdc_signal_kind kind;
    sl_str id;
    bool blocking;
    sl_str *collections;
    size_t ncollections;
    cdc_condition *conditions;
    size_t nconditions;
    sl_str surrogate; /* absent = none */
    sl_str message;
} cdc_signal;

/* cdc_signal_parse reads a signal; data may be absent. USER error: what is wrong with it, by name. */
SL_MUST_CHECK sl_error *cdc_signal_parse(sl_str id, sl_str type, sl_str data, sl_arena *a, cdc_signal *out);

/* cdc_signal_parse_object reads one of a topic or a file: {"id": .., "type": .., "data": {..}}. */
SL_MUST_CHECK sl_error *cdc_signal_parse_object(sl_str text, sl_arena *a, cdc_signal *out);

#endif
