/*
 * worker.h - the worker's settings.
 *
 * The names are Kafka Connect's; those of Sluice's own are marked in their text. Settings that only
 * distributed workers have are known and warned about; what only Java has is named in one warning.
 *
 * Not for: reading files (files.h), or the settings of converters, providers and Kafka clients that stand
 * among the worker's (sl__worker_validate in validate.h looks at those). Threads: pure functions. Memory:
 * strings point into the configuration or the arena.
 */
#ifndef SLUICE_CONFIG_WORKER_H
#define SLUICE_CONFIG_WORKER_H

#include "config/kafka_client.h"
#include "config/rest_tls.h"

#include <sluice/host.h>

typedef struct sl__worker_settings {
    sl_str bootstrap_servers; /* as written; "embedded:..." = the broker in this process */
    sl_str key_converter;
    sl_str value_converter;
    sl_str header_converter;
    sl_str_list plugin_path; /* empty = the default folder */
    sl_str_list config_providers;
    int override_policy; /* sl__override_policy */
    sl_str_list override_allowlist;

    sl_str offset_file;
    int64_t offset_flush_interval_ms;
    int64_t offset_flush_timeout_ms;
    int64_t shutdown_timeout_ms;
    bool topic_creation;
    bool topic_tracking;
    bool topic_tracking_reset;

    int32_t threads_max;
    int64_t task_memory_max; /* bytes of records in flight, for each task */
    bool task_restart;       /* a task that failed with a retriable error is started again */

    sl_str_list listeners;
    sl_str advertised_host;
    int32_t advertised_port; /* 0 = the listener's */
    sl_str advertised_listener;
    sl_str allow_origin;
    sl_str allow_methods;
    sl_str response_headers;
    sl_str_list admin_listeners;
    bool admin_apart; /* admin.listeners is set: the administration routes are not on listeners */
    sl__rest_tls rest_tls;
    sl__rest_tls admin_tls;
    sl_str auth_file;
    sl_str_list auth_readers;
    sl_str_list extensions;
    int32_t request_max_bytes;
    int32_t request_timeout_ms;

    bool log_json;
    int log_level; /* sl_log_level */
} sl__worker_settings;

extern const sl_config_row sl__worker_rows[];
extern const size_t sl__worker_nrows;

/* sl__worker_parse reads the worker's own settings. It looks neither at prefixed settings nor at unknown
 * keys. */
void sl__worker_parse(const sl_config *c, sl_arena *arena, sl_config_report *report,
                      sl__worker_settings *out);

/* sl__worker_note_java puts one warning into the report that names the settings only Java workers have. */
void sl__worker_note_java(const sl_config *c, sl_arena *arena, sl_config_report *report);

/* sl__worker_key_java tells whether a key is one of those. */
bool sl__worker_key_java(sl_str key);

/* sl__worker_log_levels calls cb for each log.level.COMPONENT that is set. */
void sl__worker_log_levels(const sl_config *c, void (*cb)(void *arg, sl_str component, sl_log_level level),
                           void *arg);

#endif
