/*
 * policy.h - what becomes of a record that cannot be processed: retry, skip, log, or fail the task.
 *
 * Follows KIP-298: errors.retry.*, errors.tolerance, errors.log.*. A retriable error is an outage, not a bad
 * record: it is retried for errors.retry.timeout and then fails. The dead letter queue is dead_letter.h.
 * Threads: the task's step. Memory: none of its own.
 */
#ifndef SLUICE_TASK_POLICY_H
#define SLUICE_TASK_POLICY_H

#include "config/connector.h"

/* Where it happened; the names are Kafka Connect's. */
typedef enum sl__stage {
    SL_STAGE_KEY_CONVERTER,
    SL_STAGE_VALUE_CONVERTER,
    SL_STAGE_HEADER_CONVERTER,
    SL_STAGE_TRANSFORMATION,
    SL_STAGE_TASK_PUT,
    SL_STAGE_KAFKA_PRODUCE,
} sl__stage;

const char *sl__stage_name(sl__stage s);

/* One failure of one record. */
typedef struct sl__failure {
    sl__stage stage;
    const char *class_name;  /* of the plugin that failed, as the user knows it */
    const sl_record *record; /* NULL = unknown */
    sl_error *err;           /* borrowed */
} sl__failure;

typedef struct sl__policy {
    const sl__connector_settings *settings;
    sl_str connector;
    int32_t task;
    bool (*stopping)(void *arg); /* a retry gives up when this says so */
    void *arg;
    int64_t skipped; /* records passed over so far */
} sl__policy;

/* sl__policy_fail decides. Takes f->err over: NULL means pass over the record (it was logged as asked);
   otherwise the error that fails the task, with the record's place. */
SL_MUST_CHECK sl_error *sl__policy_fail(sl__policy *p, const sl__failure *f);

/* sl__policy_backoff waits before the attempt-th retry (from 1) of something that began at start_ms
   (monotonic). False: no time is left, or the task is stopping. Blocks. */
bool sl__policy_backoff(const sl__policy *p, int64_t start_ms, unsigned attempt);

#endif
