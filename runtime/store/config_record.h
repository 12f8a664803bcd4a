/*
 * config_record.h - the records of the config topic, as Kafka Connect 4.3 writes them.
 *
 * Keys are text, values JSON without schemas:
 *   connector-NAME          {"properties":{...}}                      null = removed
 *   task-NAME-N             {"properties":{...}}                      counts once a commit follows
 *   commit-NAME             {"tasks":N}
 *   target-state-NAME       {"state":"PAUSED","state.v2":"STOPPED"}   null = removed
 *   tasks-fencing-NAME      {"task-count":N}
 *   session-key             {"key":"BASE64","algorithm":"HmacSHA256","creation-timestamp":MS}
 *   restart-connector-NAME  {"include-tasks":false,"only-failed":false}
 *   logger-cluster-NAME     {"level":"DEBUG"}
 *   target-state-<TAB>sluice-NAME  {"state":"STARTED","state.v2":"STARTED","sluice":JSON}   null = removed
 *       Sluice's own (herder/workers.h says which); to Java the state of a connector that it does not have
 *
 * Threads: pure functions. Memory: what is read is in the caller's arena, or points into key and value.
 */
#ifndef SLUICE_STORE_CONFIG_RECORD_H
#define SLUICE_STORE_CONFIG_RECORD_H

#include <sluice/config.h>

typedef enum sl__config_kind {
    SL_CR_CONNECTOR,
    SL_CR_TASK,
    SL_CR_COMMIT,
    SL_CR_TARGET,
    SL_CR_FENCING,
    SL_CR_SESSION_KEY,
    SL_CR_RESTART,
    SL_CR_LOGGER,
    SL_CR_OWN,
} sl__config_kind;

/* What a connector is meant to be doing. */
typedef enum sl__target {
    SL_TARGET_STARTED,
    SL_TARGET_PAUSED,
    SL_TARGET_STOPPED,
} sl__target;

const char *sl__target_name(sl__target t); /* "STARTED" */

/* sl__target_parse: false when there is no such state. */
bool sl__target_parse(sl_str name, sl__target *out);

/* The key with which workers sign requests to each other. */
typedef struct sl__session_key {
    sl_str key; /* raw bytes, secret; absent = none yet */
    sl_str algorithm;
    int64_t created_ms;
} sl__session_key;

typedef struct sl__config_record {
    sl__config_kind kind;
    sl_str name;  /* the connector; LOGGER: the namespace; OWN: what follows "sluice-" in the key */
    int32_t task; /* TASK */
    bool removed; /* CONNECTOR, TARGET, OWN: the value is null */
    union {
        sl_config config;            /* CONNECTOR, TASK */
        int32_t count;               /* COMMIT, FENCING */
        sl__target target;           /* TARGET */
        sl__session_key session_key; /* SESSION_KEY */
        struct {
            bool include_tasks;
            bool only_failed;
        } restart;    /* RESTART */
        sl_str level; /* LOGGER */
        sl_str json;  /* OWN: the text of a JSON value, compact */
    };
} sl__config_record;

/* sl__config_record_parse reads a record. value absent = null. An error says why Kafka Connect ignores such a
   record; it never quotes a setting's value. */
SL_MUST_CHECK sl_error *sl__config_record_parse(sl_str key, sl_str value, sl_arena *arena,
                                                sl__config_record *out);

/* sl__config_record_key appends the key. */
void sl__config_record_key(const sl__config_record *r, sl_buf *out);

/* sl__config_record_value appends the value, and nothing when r->removed. */
void sl__config_record_value(const sl__config_record *r, sl_buf *out);

#endif
