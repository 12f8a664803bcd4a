/*
 * config.h - the settings that every change-data-capture source has, under Debezium's names.
 *
 * A connector puts `cdc_config cdc;` into its settings struct and CDC_CONFIG_ROWS(its_struct, cdc) into its
 * table. Every key of Debezium 3.5 that is not in the connector's own table is here, so that none is ignored
 * silently.
 */
#ifndef CDC_CONFIG_H
#define CDC_CONFIG_H

#include <sluice/config.h>

#include "naming.h"
#include "temporal.h"

typedef enum cdc_decimal_mode {
    CDC_DECIMAL_PRECISE,
    CDC_DECIMAL_DOUBLE,
    CDC_DECIMAL_STRING
} cdc_decimal_mode;
typedef enum cdc_order { CDC_ORDER_NAMES, CDC_ORDER_ASCENDING, CDC_ORDER_DESCENDING } cdc_order;
typedef enum cdc_watermark { CDC_INSERT_INSERT, CDC_INSERT_DELETE } cdc_watermark;
typedef enum cdc_binary_mode {
    CDC_BINARY_BYTES,
    CDC_BINARY_BASE64,
    CDC_BINARY_BASE64_URL,
    CDC_BINARY_HEX
} cdc_binary_mode;
typedef enum cdc_failure_mode {
    CDC_ON_FAILURE_FAIL,
    CDC_ON_FAILURE_WARN,
    CDC_ON_FAILURE_SKIP
} cdc_failure_mode;

typedef enum cdc_naming {
    CDC_NAMING_SCHEMA,
    CDC_NAMING_TABLE,
    CDC_NAMING_SCHEMA_UNICODE,
    CDC_NAMING_TABLE_UNICODE,
    CDC_NAMING_SCHEMA_REGEX,
    CDC_NAMING_TABLE_REGEX
} cdc_naming;
typedef enum cdc_guard { CDC_GUARD_WARN, CDC_GUARD_FAIL } cdc_guard;

typedef struct cdc_config {
    sl_str topic_prefix;
    sl_str topic_delimiter;
    sl_str topic_transaction;
    sl_str topic_heartbeat_prefix;
    sl_str topic_regex;
    sl_str topic_replacement;
    sl_str topic_key_field;
    sl_str topic_key_regex;
    sl_str topic_key_replacement;
    sl_str schema_include;
    sl_str schema_exclude;
    sl_str table_include;
    sl_str table_exclude;
    sl_str column_include;
    sl_str column_exclude;
    sl_str snapshot_include;
    sl_str message_key_columns;
    sl_str propagate_column;
    sl_str propagate_datatype;
    sl_str skipped_operations;
    sl_str unavailable_placeholder;
    sl_str heartbeat_query;
    sl_str snapshot_overrides;
    int topic_naming;
    int schema_adjust;
    int field_adjust;
    int decimal_mode;
    int time_mode;
    int binary_mode;
    int converting_failure;
    int processing_failure;
    int guard_action;
    int32_t guard_max;
    int32_t max_batch_size;
    int64_t max_queue_bytes;
    int64_t heartbeat_interval_ms;
    int64_t snapshot_delay_ms;
    int64_t streaming_delay_ms;
    bool topic_key_unique;
    bool tombstones;
    bool transaction_metadata;
    bool skip_unchanged;
    bool extended_headers;
    bool schema_comments;
    int order_by_rows;           /* a cdc_order */
    int32_t snapshot_threads;    /* connections that read a snapshot */
    int32_t snapshot_multiplier; /* chunks of a table for each of them, at least */
    sl_str signal_channels;
    sl_str signal_table; /* schema.table; absent = none */
    sl_str signal_file;
    sl_str signal_topic; /* absent = by topic.prefix */
    sl_str signal_servers;
    sl_str signal_group;
    int64_t signal_poll_ms;
    int32_t chunk_rows;
    int watermark; /* a cdc_watermark */
    sl_str notify_channels;
    sl_str notify_topic;
} cdc_config;

extern const sl_config_enum cdc_naming_enum[];
extern const sl_config_enum cdc_guard_enum[];
extern const sl_config_enum cdc_tx_factory_enum[];
extern const sl_config_enum cdc_adjust_enum[];
extern const sl_config_enum cdc_decimal_enum[];
extern const sl_config_enum cdc_time_enum[];
extern const sl_config_enum cdc_binary_enum[];
extern const sl_config_enum cdc_failure_enum[];
extern const sl_config_enum cdc_order_enum[];
extern const sl_config_enum cdc_watermark_enum[];

const char *cdc_check_topic_part(const sl_config_row *row, sl_str value, sl_arena *arena);
const char *cdc_check_patterns(const sl_config_row *row, sl_str value, sl_arena *arena);
const char *cdc_check_operations(const sl_config_row *row, sl_str value, sl_arena *arena);
const char *cdc_check_placeholder(const sl_config_row *row, sl_str value, sl_arena *arena);
const char *cdc_check_struct_maker(const sl_config_row *row, sl_str value, sl_arena *arena);
const char *cdc_check_key_columns(const sl_config_row *row, sl_str value, sl_arena *arena);

/* cdc_config_placeholder gives unavailable.value.placeholder as it is in events: hex:... are bytes. */
sl_str cdc_config_placeholder(const cdc_config *c, sl_arena *arena);
const char *cdc_check_signal_channels(const sl_config_row *row, sl_str value, sl_arena *arena);
const char *cdc_check_notify_channels(const sl_config_row *row, sl_str value, sl_arena *arena);

/* cdc_listed tells whether a list, at commas, has a word. */
bool cdc_listed(sl_str list, const char *word);

/* cdc_signal_table cuts signal.data.collection into schema and table; false: there is none. */
bool cdc_signal_table(const cdc_config *c, sl_str *schema, sl_str *table);

/* cdc_config_check looks at combinations: include and exclude lists of the same thing. */
void cdc_config_check(const cdc_config *c, sl_config_report *report);

#include "config_rows.h"
#include "signal_rows.h"

#endif
