/*
 * status_record.h - the records of the status topic as text; status_topic.h says their form. Private to
 * status_topic.c and its tests.
 *
 * Threads: pure functions. Memory: what is read is in the caller's arena or points into the key.
 */
#ifndef SLUICE_STORE_STATUS_RECORD_H
#define SLUICE_STORE_STATUS_RECORD_H

#include "store/status_topic.h"

typedef enum sl__status_kind { SL_SR_CONNECTOR, SL_SR_TASK, SL_SR_TOPIC } sl__status_kind;

typedef struct sl__status_record {
    sl__status_kind kind;
    sl_str connector;
    int32_t task; /* TASK; SL_STATUS_CONNECTOR for CONNECTOR */
    bool removed; /* the value is null */
    sl__status status;
    sl__topic_status topic; /* TOPIC; its topic and connector are the key's */
} sl__status_record;

/* sl__status_record_parse reads a record; an error says why Kafka Connect ignores it. */
SL_MUST_CHECK sl_error *sl__status_record_parse(sl_str key, sl_str value, sl_arena *arena,
                                                sl__status_record *out);
void sl__status_record_key(const sl__status_record *r, sl_buf *out);
void sl__status_record_value(const sl__status_record *r, sl_buf *out); /* nothing when removed */

#endif
