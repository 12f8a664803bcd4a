/*
 * config_rows.h - the rows of config.h as one macro; included by it only.
 */
#ifndef CDC_CONFIG_ROWS_H
#define CDC_CONFIG_ROWS_H

#define CDC_F(S, m, x) (offsetof(S, m.x) + 1)

#define CDC_LIST_ROW(S, m, key, member, text)                                                                \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .group = "Filters", .doc = text,     \
        .check = cdc_check_patterns, .field = CDC_F(S, m, member)                                            \
    }

#define CDC_REFUSED_ROW(key, kind, text, what)                                                               \
    {                                                                                                        \
        .name = key, .type = kind, .importance = SL_LOW, .group = "Not supported", .doc = text,              \
        .support = SL_REFUSED, .remedy = what                                                                \
    }

#define CDC_WARNED_ROW(key, kind, text, what)                                                                \
    {                                                                                                        \
        .name = key, .type = kind, .importance = SL_LOW, .group = "Without effect", .doc = text,             \
        .support = SL_WARNED, .remedy = what                                                                 \
    }

#define CDC_REFUSED_PATTERN(key, text, what)                                                                 \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_STRING, .importance = SL_LOW, .group = "Not supported", .doc = text,  \
        .pattern = true, .support = SL_REFUSED, .remedy = what                                               \
    }

#define CDC_WARNED_PATTERN(key, text, what)                                                                  \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_STRING, .importance = SL_LOW, .group = "Without effect", .doc = text, \
        .pattern = true, .support = SL_WARNED, .remedy = what                                                \
    }

#define CDC_NAMING_ROWS(S, m)                                                                                \
    {.name = "topic.prefix",                                                                                 \
     .type = SL_CONFIG_STRING,                                                                               \
     .required = true,                                                                                       \
     .importance = SL_HIGH,                                                                                  \
     .group = "Topics",                                                                                      \
     .doc = "Name of this source: the first part of its topics' names and the key of its offsets.",          \
     .check = cdc_check_topic_part,                                                                          \
     .aliases = "database.server.name",                                                                      \
     .field = CDC_F(S, m, topic_prefix)},                                                                    \
        {.name = "topic.delimiter",                                                                          \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = ".",                                                                               \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "What stands between the parts of a topic's name.",                                          \
         .check = cdc_check_topic_part,                                                                      \
         .field = CDC_F(S, m, topic_delimiter)},                                                             \
        {.name = "topic.transaction",                                                                        \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "transaction",                                                                     \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "Last part of the name of the topic of transaction metadata.",                               \
         .check = cdc_check_topic_part,                                                                      \
         .field = CDC_F(S, m, topic_transaction)},                                                           \
        {.name = "topic.heartbeat.prefix",                                                                   \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "__debezium-heartbeat",                                                            \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "First part of the name of the heartbeat topic.",                                            \
         .check = cdc_check_topic_part,                                                                      \
         .aliases = "heartbeat.topics.prefix",                                                               \
         .field = CDC_F(S, m, topic_heartbeat_prefix)},                                                      \
        {.name = "topic.naming.strategy",                                                                    \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "io.debezium.schema.SchemaTopicNamingStrategy",                                    \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "What a table's topic is named after: prefix, schema and table (Schema...), or prefix and "  \
                "table (Default...); ...Unicode... writes characters that Kafka does not allow as _uXXXX "   \
                "instead of _; ...Regex... changes the name by topic.regex.",                                \
         .enums = cdc_naming_enum,                                                                           \
         .field = CDC_F(S, m, topic_naming)},                                                                \
        {.name = "topic.regex",                                                                              \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "With a Regex strategy: a Java regular expression; a topic's name is changed when the "      \
                "whole of it "                                                                               \
                "matches.",                                                                                  \
         .field = CDC_F(S, m, topic_regex)},                                                                 \
        {.name = "topic.replacement",                                                                        \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "With a Regex strategy: what the name becomes, $1 being the first group.",                   \
         .field = CDC_F(S, m, topic_replacement)},                                                           \
        {.name = "topic.key.enforce.uniqueness",                                                             \
         .type = SL_CONFIG_BOOLEAN,                                                                          \
         .default_value = "true",                                                                            \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc =                                                                                              \
             "With a Regex strategy: keys get a field that tells the table, for several may share a topic.", \
         .field = CDC_F(S, m, topic_key_unique)},                                                            \
        {.name = "topic.key.field.name",                                                                     \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "__dbz__physicalTableIdentifier",                                                  \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "Name of that field.",                                                                       \
         .field = CDC_F(S, m, topic_key_field)},                                                             \
        {.name = "topic.key.field.regex",                                                                    \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "A Java regular expression for the topic's name as it is before topic.regex: with "          \
                "topic.key.field.replacement it makes that field's value; without one it is the name.",      \
         .field = CDC_F(S, m, topic_key_regex)},                                                             \
        {.name = "topic.key.field.replacement",                                                              \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Topics",                                                                                  \
         .doc = "What the value becomes, $1 being the first group.",                                         \
         .field = CDC_F(S, m, topic_key_replacement)},                                                       \
        {.name = "schema.name.adjustment.mode",                                                              \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "none",                                                                            \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Topics",                                                                                  \
         .doc = "How names of schemas are made fit for Avro.",                                               \
         .enums = cdc_adjust_enum,                                                                           \
         .field = CDC_F(S, m, schema_adjust)},                                                               \
    {                                                                                                        \
        .name = "field.name.adjustment.mode", .type = SL_CONFIG_STRING, .default_value = "none",             \
        .importance = SL_MEDIUM, .group = "Topics", .doc = "How names of fields are made fit for Avro.",     \
        .enums = cdc_adjust_enum, .field = CDC_F(S, m, field_adjust)                                         \
    }

#define CDC_FILTER_ROWS(S, m)                                                                                \
    CDC_LIST_ROW(S, m, "schema.include.list", schema_include,                                                \
                 "Schemas to capture, as regular expressions."),                                             \
        CDC_LIST_ROW(S, m, "schema.exclude.list", schema_exclude, "Schemas not to capture."),                \
        CDC_LIST_ROW(S, m, "table.include.list", table_include,                                              \
                     "Tables to capture, as expressions for schema.table."),                                 \
        CDC_LIST_ROW(S, m, "table.exclude.list", table_exclude, "Tables not to capture."),                   \
        CDC_LIST_ROW(S, m, "column.include.list", column_include,                                            \
                     "Columns to have in events (schema.table.column)."),                                    \
        CDC_LIST_ROW(S, m, "column.exclude.list", column_exclude, "Columns to leave out of events."),        \
        CDC_LIST_ROW(S, m, "snapshot.include.collection.list", snapshot_include,                             \
                     "Captured tables whose rows are snapshotted; empty: all."),                             \
        CDC_LIST_ROW(S, m, "column.propagate.source.type", propagate_column,                                 \
                     "Columns whose type, length and scale are added to their schema."),                     \
        CDC_LIST_ROW(S, m, "datatype.propagate.source.type", propagate_datatype,                             \
                     "The same by type (schema.table.type)."),                                               \
    {                                                                                                        \
        .name = "message.key.columns", .type = SL_CONFIG_STRING, .importance = SL_MEDIUM, .group = "Events", \
        .doc = "Columns of the key instead of the primary key: schema.table:column,column;...",              \
        .check = cdc_check_key_columns, .field = CDC_F(S, m, message_key_columns)                            \
    }

#define CDC_COLUMN_ROWS                                                                                      \
    {.name = "column.truncate.to.*.chars",                                                                   \
     .type = SL_CONFIG_STRING,                                                                               \
     .importance = SL_LOW,                                                                                   \
     .group = "Columns",                                                                                     \
     .doc = "Text columns to cut to so many characters.",                                                    \
     .pattern = true,                                                                                        \
     .check = cdc_check_patterns},                                                                           \
        {.name = "column.mask.with.*.chars",                                                                 \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Columns",                                                                                 \
         .doc = "Text columns whose value becomes so many asterisks.",                                       \
         .pattern = true,                                                                                    \
         .check = cdc_check_patterns},                                                                       \
    {                                                                                                        \
        .name = "column.mask.hash.*.with.salt.*", .type = SL_CONFIG_STRING, .importance = SL_LOW,            \
        .group = "Columns",                                                                                  \
        .doc = "Text columns whose value becomes a salted hash (MD5, SHA-1, SHA-256, SHA-384, SHA-512); "    \
               "column.mask.hash.v2. hashes the bare text.",                                                 \
        .pattern = true, .check = cdc_check_patterns                                                         \
    }

#define CDC_EVENT_ROWS(S, m)                                                                                 \
    {.name = "tombstones.on.delete",                                                                         \
     .type = SL_CONFIG_BOOLEAN,                                                                              \
     .default_value = "true",                                                                                \
     .importance = SL_MEDIUM,                                                                                \
     .group = "Events",                                                                                      \
     .doc = "Whether a delete is followed by a tombstone.",                                                  \
     .field = CDC_F(S, m, tombstones)},                                                                      \
        {.name = "skipped.operations",                                                                       \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "t",                                                                               \
         .importance = SL_LOW,                                                                               \
         .group = "Events",                                                                                  \
         .doc = "Operations to leave out: c, u, d, t, or none.",                                             \
         .check = cdc_check_operations,                                                                      \
         .field = CDC_F(S, m, skipped_operations)},                                                          \
        {.name = "skip.messages.without.change",                                                             \
         .type = SL_CONFIG_BOOLEAN,                                                                          \
         .default_value = "false",                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Events",                                                                                  \
         .doc = "Leave out updates that changed no captured column.",                                        \
         .field = CDC_F(S, m, skip_unchanged)},                                                              \
        {.name = "provide.transaction.metadata",                                                             \
         .type = SL_CONFIG_BOOLEAN,                                                                          \
         .default_value = "false",                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Events",                                                                                  \
         .doc = "Add the transaction block, and write a topic of transactions' begins and ends.",            \
         .field = CDC_F(S, m, transaction_metadata)},                                                        \
        {.name = "extended.headers.enabled",                                                                 \
         .type = SL_CONFIG_BOOLEAN,                                                                          \
         .default_value = "true",                                                                            \
         .importance = SL_LOW,                                                                               \
         .group = "Events",                                                                                  \
         .doc = "Add the __debezium.context headers to change events.",                                      \
         .field = CDC_F(S, m, extended_headers)},                                                            \
        {.name = "unavailable.value.placeholder",                                                            \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "__debezium_unavailable_value",                                                    \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Events",                                                                                  \
         .doc = "Stands for a value that the database did not send.",                                        \
         .check = cdc_check_placeholder,                                                                     \
         .field = CDC_F(S, m, unavailable_placeholder)},                                                     \
        {.name = "include.schema.comments",                                                                  \
         .type = SL_CONFIG_BOOLEAN,                                                                          \
         .default_value = "false",                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Events",                                                                                  \
         .doc = "Put columns' comments into their schemas.",                                                 \
         .field = CDC_F(S, m, schema_comments)},                                                             \
        {.name = "decimal.handling.mode",                                                                    \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "precise",                                                                         \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Types",                                                                                   \
         .doc = "How numeric and money arrive.",                                                             \
         .enums = cdc_decimal_enum,                                                                          \
         .field = CDC_F(S, m, decimal_mode)},                                                                \
        {.name = "time.precision.mode",                                                                      \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "adaptive",                                                                        \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Types",                                                                                   \
         .doc = "How date, time and timestamp arrive.",                                                      \
         .enums = cdc_time_enum,                                                                             \
         .field = CDC_F(S, m, time_mode)},                                                                   \
        {.name = "binary.handling.mode",                                                                     \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "bytes",                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Types",                                                                                   \
         .doc = "How binary values arrive.",                                                                 \
         .enums = cdc_binary_enum,                                                                           \
         .field = CDC_F(S, m, binary_mode)},                                                                 \
        {.name = "event.converting.failure.handling.mode",                                                   \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "warn",                                                                            \
         .importance = SL_LOW,                                                                               \
         .group = "Errors",                                                                                  \
         .doc = "What to do with a value that does not fit its type: fail, or null with (warn) or without "  \
                "(skip) a warning.",                                                                         \
         .enums = cdc_failure_enum,                                                                          \
         .field = CDC_F(S, m, converting_failure)},                                                          \
    {                                                                                                        \
        .name = "event.processing.failure.handling.mode", .type = SL_CONFIG_STRING, .default_value = "fail", \
        .importance = SL_LOW, .group = "Errors",                                                             \
        .doc = "What to do with an event that cannot be processed: fail, or pass over it with (warn) or "    \
               "without (skip, ignore) a warning.",                                                          \
        .aliases = "event.deserialization.failure.handling.mode", .enums = cdc_failure_enum,                 \
        .field = CDC_F(S, m, processing_failure)                                                             \
    }

#define CDC_FLOW_ROWS(S, m)                                                                                  \
    {.name = "max.batch.size",                                                                               \
     .type = SL_CONFIG_INT,                                                                                  \
     .default_value = "2048",                                                                                \
     .importance = SL_MEDIUM,                                                                                \
     .group = "Flow",                                                                                        \
     .doc = "Most events that one step reads.",                                                              \
     .has_min = true,                                                                                        \
     .min = 1,                                                                                               \
     .field = CDC_F(S, m, max_batch_size)},                                                                  \
        {.name = "max.queue.size.in.bytes",                                                                  \
         .type = SL_CONFIG_LONG,                                                                             \
         .default_value = "0",                                                                               \
         .importance = SL_LOW,                                                                               \
         .group = "Flow",                                                                                    \
         .doc = "Most bytes that one step reads; 0: about a megabyte.",                                      \
         .has_min = true,                                                                                    \
         .min = 0,                                                                                           \
         .field = CDC_F(S, m, max_queue_bytes)},                                                             \
        {.name = "heartbeat.interval.ms",                                                                    \
         .type = SL_CONFIG_LONG,                                                                             \
         .default_value = "0",                                                                               \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Flow",                                                                                    \
         .doc =                                                                                              \
             "How often a heartbeat is written; 0: never. Not needed for the source's log to be released.",  \
         .has_min = true,                                                                                    \
         .min = 0,                                                                                           \
         .field = CDC_F(S, m, heartbeat_interval_ms)},                                                       \
        {.name = "heartbeat.action.query",                                                                   \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Flow",                                                                                    \
         .doc = "A statement to execute at each heartbeat.",                                                 \
         .field = CDC_F(S, m, heartbeat_query)},                                                             \
        {.name = "snapshot.delay.ms",                                                                        \
         .type = SL_CONFIG_LONG,                                                                             \
         .default_value = "0",                                                                               \
         .importance = SL_LOW,                                                                               \
         .group = "Snapshot",                                                                                \
         .doc = "Wait before the snapshot.",                                                                 \
         .has_min = true,                                                                                    \
         .min = 0,                                                                                           \
         .field = CDC_F(S, m, snapshot_delay_ms)},                                                           \
        {.name = "streaming.delay.ms",                                                                       \
         .type = SL_CONFIG_LONG,                                                                             \
         .default_value = "0",                                                                               \
         .importance = SL_LOW,                                                                               \
         .group = "Snapshot",                                                                                \
         .doc = "Wait between a completed snapshot and streaming.",                                          \
         .has_min = true,                                                                                    \
         .min = 0,                                                                                           \
         .field = CDC_F(S, m, streaming_delay_ms)},                                                          \
        {.name = "snapshot.select.statement.overrides",                                                      \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Snapshot",                                                                                \
         .doc = "Tables (schema.table) whose rows are read with the statement in "                           \
                "snapshot.select.statement.overrides.TABLE.",                                                \
         .field = CDC_F(S, m, snapshot_overrides)},                                                          \
        {.name = "snapshot.select.statement.overrides.*",                                                    \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Snapshot",                                                                                \
         .doc = "The statement of one table.",                                                               \
         .pattern = true},                                                                                   \
        {.name = "snapshot.max.threads",                                                                     \
         .type = SL_CONFIG_INT,                                                                              \
         .default_value = "1",                                                                               \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Snapshot",                                                                                \
         .has_min = true,                                                                                    \
         .min = 1,                                                                                           \
         .has_max = true,                                                                                    \
         .max = 64,                                                                                          \
         .doc =                                                                                              \
             "Connections that read a snapshot at the same time; a large table is shared by all of them.",   \
         .field = CDC_F(S, m, snapshot_threads)},                                                            \
        {.name = "snapshot.max.threads.multiplier",                                                          \
         .type = SL_CONFIG_INT,                                                                              \
         .default_value = "1",                                                                               \
         .importance = SL_LOW,                                                                               \
         .group = "Snapshot",                                                                                \
         .has_min = true,                                                                                    \
         .min = 1,                                                                                           \
         .doc = "Chunks of a table for each of these connections, at least. Chunks are never larger than "   \
                "about 32 MB.",                                                                              \
         .field = CDC_F(S, m, snapshot_multiplier)},                                                         \
        {.name = "snapshot.max.threads.multiplier.*",                                                        \
         .type = SL_CONFIG_INT,                                                                              \
         .importance = SL_LOW,                                                                               \
         .group = "Snapshot",                                                                                \
         .has_min = true,                                                                                    \
         .min = 1,                                                                                           \
         .doc = "The same for one table (schema.table).",                                                    \
         .pattern = true},                                                                                   \
    {                                                                                                        \
        .name = "snapshot.tables.order.by.row.count", .type = SL_CONFIG_STRING, .default_value = "disabled", \
        .importance = SL_LOW, .group = "Snapshot", .enums = cdc_order_enum,                                  \
        .doc = "Order of the tables in a snapshot: by the server's estimate of their rows, or (disabled) "   \
               "as in snapshot.include.collection.list, else by name.",                                      \
        .field = CDC_F(S, m, order_by_rows)                                                                  \
    }

#define CDC_GUARD_ROWS(S, m)                                                                                 \
    {.name = "guardrail.collections.max",                                                                    \
     .type = SL_CONFIG_INT,                                                                                  \
     .default_value = "0",                                                                                   \
     .importance = SL_LOW,                                                                                   \
     .group = "Filters",                                                                                     \
     .doc = "Most tables that the filters may let through; 0: any number.",                                  \
     .has_min = true,                                                                                        \
     .min = 0,                                                                                               \
     .field = CDC_F(S, m, guard_max)},                                                                       \
        {.name = "guardrail.collections.limit.action",                                                       \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "warn",                                                                            \
         .importance = SL_LOW,                                                                               \
         .group = "Filters",                                                                                 \
         .doc = "What to do when there are more: go on with a warning, or fail.",                            \
         .enums = cdc_guard_enum,                                                                            \
         .field = CDC_F(S, m, guard_action)},                                                                \
        {.name = "transaction.metadata.factory",                                                             \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "io.debezium.pipeline.txmetadata.DefaultTransactionMetadataFactory",               \
         .importance = SL_LOW,                                                                               \
         .group = "Events",                                                                                  \
         .doc = "Of the Java classes only the default one, which is built in.",                              \
         .enums = cdc_tx_factory_enum},                                                                      \
    {                                                                                                        \
        .name = "sourceinfo.struct.maker", .type = SL_CONFIG_STRING, .importance = SL_LOW,                   \
        .group = "Events", .doc = "Of the Java classes only the connector's own, which is built in.",        \
        .check = cdc_check_struct_maker                                                                      \
    }

#define CDC_OTHER_ROWS                                                                                       \
    CDC_WARNED_ROW(                                                                                          \
        "max.queue.size", SL_CONFIG_INT, "Debezium's queue.",                                                \
        "there is no queue between reading and producing: memory is bounded in bytes by the worker"),        \
        CDC_WARNED_ROW("poll.interval.ms", SL_CONFIG_LONG, "Wait between polls.",                            \
                       "changes are read as they arrive"),                                                   \
        CDC_WARNED_ROW("snapshot.fetch.size", SL_CONFIG_INT, "Rows a fetch.",                                \
                       "rows are read as a stream, in bounded memory"),                                      \
        CDC_WARNED_ROW("query.fetch.size", SL_CONFIG_INT, "Rows a fetch.",                                   \
                       "rows are read as a stream, in bounded memory"),                                      \
        CDC_WARNED_ROW("internal.legacy.snapshot.max.threads", SL_CONFIG_BOOLEAN,                            \
                       "One thread for each table.",                                                         \
                       "large tables are always shared by all connections of snapshot.max.threads"),         \
        CDC_WARNED_ROW("topic.cache.size", SL_CONFIG_INT, "Size of a cache.",                                \
                       "topic names are kept with each table"),                                              \
        CDC_WARNED_ROW("include.schema.changes", SL_CONFIG_BOOLEAN, "A topic of DDL.",                       \
                       "this database's log has no DDL, so Debezium writes none either"),                    \
        CDC_WARNED_ROW("executor.shutdown.timeout.ms", SL_CONFIG_LONG, "Time limit of a stop.",              \
                       "a task stops within the worker's task.shutdown.graceful.timeout.ms"),                \
        CDC_WARNED_ROW("custom.metric.tags", SL_CONFIG_STRING, "Tags of JMX metrics.",                       \
                       "metrics have the connector's name as a label"),                                      \
        CDC_WARNED_ROW("internal.advanced.metrics.enable", SL_CONFIG_BOOLEAN, "JMX metrics.",                \
                       "see /metrics"),                                                                      \
        CDC_WARNED_ROW("table.ignore.builtin", SL_CONFIG_BOOLEAN, "System tables.",                          \
                       "system tables are never captured"),                                                  \
        CDC_WARNED_PATTERN("openlineage.*", "OpenLineage.", "lineage events are not written"),               \
        CDC_REFUSED_ROW("converters", SL_CONFIG_STRING, "Java classes that convert columns.",                \
                        "Java classes cannot be loaded: use transforms, or the handling modes"),             \
        CDC_REFUSED_ROW("post.processors", SL_CONFIG_STRING, "Java classes that change events.",             \
                        "Java classes cannot be loaded: use transforms"),                                    \
        CDC_REFUSED_ROW("snapshot.mode.custom.name", SL_CONFIG_STRING, "A Java class.",                      \
                        "Java classes cannot be loaded: use snapshot.mode=configuration_based"),             \
        CDC_REFUSED_ROW("snapshot.locking.mode.custom.name", SL_CONFIG_STRING, "A Java class.",              \
                        "Java classes cannot be loaded: remove it"),                                         \
        CDC_REFUSED_ROW("snapshot.query.mode.custom.name", SL_CONFIG_STRING, "A Java class.",                \
                        "use snapshot.select.statement.overrides"),                                          \
        CDC_WARNED_ROW("internal.custom.retriable.exception", SL_CONFIG_STRING, "A Java expression.",        \
                       "outages are recognised by their SQLSTATE"),                                          \
        CDC_WARNED_ROW(                                                                                      \
            "internal.log.position.check.enable", SL_CONFIG_BOOLEAN,                                         \
            "Whether it is checked that the database still has the log from the stored offset on.",          \
            "it always is"),                                                                                 \
        CDC_WARNED_ROW("internal.snapshot.scan.all.columns.force", SL_CONFIG_BOOLEAN,                        \
                       "How the catalog is read.", "only captured tables are looked up"),                    \
        CDC_WARNED_PATTERN(                                                                                  \
            "driver.*", "Settings of the JDBC driver.",                                                      \
            "no JDBC driver is used; see database.sslmode, database.query.timeout.ms and their like"),       \
        CDC_REFUSED_ROW("database.connection.factory.class", SL_CONFIG_STRING, "A Java class.",              \
                        "Java classes cannot be loaded: remove it"),                                         \
        CDC_WARNED_ROW("custom.sanitize.pattern", SL_CONFIG_STRING, "What to mask in logs.",                 \
                       "passwords and keys are never logged")

#define CDC_CONFIG_ROWS(S, m)                                                                                \
    CDC_NAMING_ROWS(S, m), CDC_FILTER_ROWS(S, m), CDC_COLUMN_ROWS, CDC_EVENT_ROWS(S, m),                     \
        CDC_FLOW_ROWS(S, m), CDC_GUARD_ROWS(S, m), CDC_SIGNAL_ROWS(S, m), CDC_OTHER_ROWS

#endif
