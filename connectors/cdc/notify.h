/*
 * notify.h - notifications of how snapshots go on, in Debezium's form: records of a topic (channel sink)
 * and lines of the log (channel log).
 *
 * They are queued and go into the next batch, so that any part of a source may notify at any time.
 * Threads: the task's. Memory: heap until they are in a batch.
 */
#ifndef CDC_NOTIFY_H
#define CDC_NOTIFY_H

#include <sluice/plugin.h>

#include "config.h"

#define CDC_NOTE_DATA 8

/* One item of a notification's additional data. */
typedef struct cdc_note_item {
    const char *name;
    sl_str value;
} cdc_note_item;

typedef struct cdc_note {
    char id[256];
    const char *kind;
    const char *type;
    int64_t ts_ms;
    sl_str names[CDC_NOTE_DATA];
    sl_str values[CDC_NOTE_DATA];
    size_t n;
    struct cdc_note *next;
    sl_arena arena;
} cdc_note;

typedef struct cdc_notifier {
    const sl_context *ctx;
    const cdc_config *config;
    bool sink, log;
    const sl_schema *key, *value;
    cdc_note *first, *last; /* owned */
} cdc_notifier;

#define CDC_INITIAL_SNAPSHOT "Initial Snapshot"
#define CDC_INCREMENTAL_SNAPSHOT "Incremental Snapshot"

SL_MUST_CHECK sl_error *cdc_notifier_init(cdc_notifier *n, const sl_context *ctx, const cdc_config *c);
void cdc_notifier_deinit(cdc_notifier *n);

/* cdc_notify queues one; id absent = a new one. Items end with a NULL name; the connector's name is added.
 * What does not fit in memory is lost: notifications are no data. */
void cdc_notify(cdc_notifier *n, const char *kind, const char *type, sl_str id, const cdc_note_item *items);

/* cdc_notify_flush puts what is queued into the batch. */
SL_MUST_CHECK sl_error *cdc_notify_flush(cdc_notifier *n, sl_batch *b);

#endif
