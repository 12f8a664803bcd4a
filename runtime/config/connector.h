/*
 * connector.h - the settings every connector has, whatever its plugin.
 *
 * Three tables: those of all connectors, of sinks, of sources. Values go into one struct; what does not
 * belong to the kind stays at its default.
 *
 * Not for: the plugin's own settings, its transforms, predicates and converters (validate.h).
 * Threads: pure functions. Memory: strings point into the configuration or the arena.
 */
#ifndef SLUICE_CONFIG_CONNECTOR_H
#define SLUICE_CONFIG_CONNECTOR_H

#include <sluice/plugin.h>

typedef enum sl__tolerance { SL__TOLERATE_NONE, SL__TOLERATE_ALL } sl__tolerance;
typedef enum sl__exactly_once { SL__EXACTLY_ONCE_REQUESTED, SL__EXACTLY_ONCE_REQUIRED } sl__exactly_once;
typedef enum sl__boundary { SL__BOUNDARY_POLL, SL__BOUNDARY_INTERVAL, SL__BOUNDARY_CONNECTOR } sl__boundary;

typedef struct sl__connector_settings {
    sl_str name;
    sl_str connector_class;
    int32_t tasks_max;
    bool tasks_max_enforce;
    sl_str key_converter; /* absent: the worker's, here and below */
    sl_str value_converter;
    sl_str header_converter;
    sl_str_list transforms;
    sl_str_list predicates;

    int64_t retry_timeout_ms;   /* errors.retry.timeout; -1 = without end */
    int64_t retry_delay_max_ms; /* errors.retry.delay.max.ms */
    int tolerance;              /* sl__tolerance */
    bool log_errors;
    bool log_messages;
    int32_t max_restarts;    /* errors.max.retries; -1 = without end */
    int64_t restart_wait_ms; /* retriable.restart.connector.wait.ms */

    /* sinks */
    sl_str_list topics;
    sl_str topics_regex;
    sl_str dlq_topic;        /* absent or empty = none */
    int32_t dlq_replication; /* -1 = the broker's default */
    bool dlq_headers;

    /* sources */
    sl_str_list topic_groups;     /* without "default" */
    int exactly_once;             /* sl__exactly_once */
    int boundary;                 /* sl__boundary */
    int64_t boundary_interval_ms; /* 0 = the worker's offset.flush.interval.ms */
    sl_str offsets_topic;         /* absent or empty = the worker's */
} sl__connector_settings;

extern const sl_config_row sl__connector_rows[];
extern const size_t sl__connector_nrows;
extern const sl_config_row sl__sink_rows[];
extern const size_t sl__sink_nrows;
extern const sl_config_row sl__source_rows[];
extern const size_t sl__source_nrows;

/* sl__connector_parse reads the tables of all connectors and of the kind (SL_KIND_SOURCE or _SINK), and
   checks what belongs together within them. distributed: settings without effect in a standalone worker are
   not warned about. */
SL_MUST_CHECK sl_error *sl__connector_parse(const sl_config *c, sl_plugin_kind kind, bool distributed,
                                            sl_arena *arena, sl_config_report *report,
                                            sl__connector_settings *out);

/* How topics are made for a source: one group of topic.creation. settings. */
typedef struct sl__topic_group {
    sl_str name;
    sl_str_list include; /* regular expressions, matched against whole topic names */
    sl_str_list exclude;
    int32_t replication_factor; /* -1 = the broker's default */
    int32_t partitions;         /* -1 = the broker's default */
    sl_config configs;          /* everything else: settings of the topic */
} sl__topic_group;

/* sl__topic_groups_parse reads the groups, "default" last; *n = 0 when the connector has no topic.creation.
 * settings. */
SL_MUST_CHECK sl_error *sl__topic_groups_parse(const sl_config *c, sl_arena *arena, sl_config_report *report,
                                               sl__topic_group **groups, size_t *n);

/* sl__topic_group_find gives the first group that a topic belongs to, or NULL: it is not made. */
const sl__topic_group *sl__topic_group_find(const sl__topic_group *groups, size_t n, sl_str topic);

#endif
