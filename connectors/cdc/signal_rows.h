/*
 * signal_rows.h - the rows of signals, incremental snapshots and notifications; included by config.h only.
 */
#ifndef CDC_SIGNAL_ROWS_H
#define CDC_SIGNAL_ROWS_H

#define CDC_SIGNAL_ROWS(S, m)                                                                                \
    {.name = "signal.enabled.channels",                                                                      \
     .type = SL_CONFIG_STRING,                                                                               \
     .default_value = "source",                                                                              \
     .importance = SL_MEDIUM,                                                                                \
     .group = "Signals",                                                                                     \
     .doc = "Where signals come from: source (the table signal.data.collection), kafka (a topic) and file.", \
     .check = cdc_check_signal_channels,                                                                     \
     .field = CDC_F(S, m, signal_channels)},                                                                 \
        {.name = "signal.data.collection",                                                                   \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Signals",                                                                                 \
         .doc = "Table of signals (schema.table) with three text columns: id, type, data. It is captured "   \
                "whatever the filters say. Incremental snapshots write their watermarks into it.",           \
         .field = CDC_F(S, m, signal_table)},                                                                \
        {.name = "signal.poll.interval.ms",                                                                  \
         .type = SL_CONFIG_LONG,                                                                             \
         .default_value = "5000",                                                                            \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Signals",                                                                                 \
         .doc = "How often the signal file and topic are looked at.",                                        \
         .has_min = true,                                                                                    \
         .min = 1,                                                                                           \
         .field = CDC_F(S, m, signal_poll_ms)},                                                              \
        {.name = "signal.file",                                                                              \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "file-signals.txt",                                                                \
         .importance = SL_HIGH,                                                                              \
         .group = "Signals",                                                                                 \
         .doc = "File of signals, one JSON object a line; it is emptied when it has been read.",             \
         .field = CDC_F(S, m, signal_file)},                                                                 \
        {.name = "signal.kafka.topic",                                                                       \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_HIGH,                                                                              \
         .group = "Signals",                                                                                 \
         .doc = "Topic of signals, of one partition; default: topic.prefix with -signal behind it. Records " \
                "have topic.prefix as their key and a JSON object as their value.",                          \
         .field = CDC_F(S, m, signal_topic)},                                                                \
        {.name = "signal.kafka.bootstrap.servers",                                                           \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_HIGH,                                                                              \
         .group = "Signals",                                                                                 \
         .doc = "Brokers of the signal topic; default: the worker's.",                                       \
         .field = CDC_F(S, m, signal_servers)},                                                              \
        {.name = "signal.kafka.groupId",                                                                     \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "kafka-signal",                                                                    \
         .importance = SL_LOW,                                                                               \
         .group = "Signals",                                                                                 \
         .doc = "Consumer group that keeps how far the signal topic was read.",                              \
         .field = CDC_F(S, m, signal_group)},                                                                \
        CDC_WARNED_ROW("signal.kafka.poll.timeout.ms", SL_CONFIG_INT, "Wait for signals of the topic.",      \
                       "nothing waits for signals: they are taken as they come"),                            \
        {.name = "signal.consumer.*",                                                                        \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_LOW,                                                                               \
         .group = "Signals",                                                                                 \
         .doc = "Settings of the signal topic's consumer, by the names of Java's consumer.",                 \
         .pattern = true},                                                                                   \
        {.name = "incremental.snapshot.chunk.size",                                                          \
         .type = SL_CONFIG_INT,                                                                              \
         .default_value = "1024",                                                                            \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Signals",                                                                                 \
         .doc = "Most rows that an incremental snapshot reads at a time, and keeps in memory.",              \
         .has_min = true,                                                                                    \
         .min = 1,                                                                                           \
         .field = CDC_F(S, m, chunk_rows)},                                                                  \
        {.name = "incremental.snapshot.watermarking.strategy",                                               \
         .type = SL_CONFIG_STRING,                                                                           \
         .default_value = "insert_insert",                                                                   \
         .importance = SL_LOW,                                                                               \
         .group = "Signals",                                                                                 \
         .doc = "How the end of a chunk is marked in the signal table: by another row (insert_insert), or "  \
                "by deleting the row that marked its begin (insert_delete).",                                \
         .enums = cdc_watermark_enum,                                                                        \
         .field = CDC_F(S, m, watermark)},                                                                   \
        CDC_WARNED_ROW("incremental.snapshot.allow.schema.changes", SL_CONFIG_BOOLEAN,                       \
                       "Whether tables may change during an incremental snapshot.",                          \
                       "they always may: a chunk is read again when its table has changed"),                 \
        {.name = "notification.enabled.channels",                                                            \
         .type = SL_CONFIG_STRING,                                                                           \
         .importance = SL_MEDIUM,                                                                            \
         .group = "Signals",                                                                                 \
         .doc = "Where it is told how snapshots go on: sink (a topic) and log.",                             \
         .check = cdc_check_notify_channels,                                                                 \
         .field = CDC_F(S, m, notify_channels)},                                                             \
    {                                                                                                        \
        .name = "notification.sink.topic.name", .type = SL_CONFIG_STRING, .importance = SL_HIGH,             \
        .group = "Signals", .doc = "Topic of notifications.", .check = cdc_check_topic_part,                 \
        .field = CDC_F(S, m, notify_topic)                                                                   \
    }

#endif
