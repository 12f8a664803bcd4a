/*
 * worker_topics.h - the settings of a distributed worker's three topics, and of the clients that use them.
 *
 * The clients of the worker itself take the worker's settings without a prefix, as Kafka Connect's do.
 *
 * Threads: pure functions. Memory: results are in the arena.
 */
#ifndef SLUICE_CONFIG_WORKER_TOPICS_H
#define SLUICE_CONFIG_WORKER_TOPICS_H

#include "config/kafka_client.h"

/* One of the topics. */
typedef struct sl__topic_settings {
    sl_str name;
    int32_t partitions;         /* -1 = the broker's default */
    int32_t replication_factor; /* -1 = the broker's default */
    sl_config configs;          /* config.storage.X and so on: settings of the topic when it is made */
} sl__topic_settings;

typedef struct sl__worker_topics {
    sl__topic_settings config; /* one partition */
    sl__topic_settings offset;
    sl__topic_settings status;
    sl__client_config consumer;
    sl__client_config producer;
    sl__client_config admin;
} sl__worker_topics;

extern const sl_config_row sl__worker_topics_rows[];
extern const size_t sl__worker_topics_nrows;

/* sl__worker_topics_read reads the topics without the clients' settings. */
SL_MUST_CHECK sl_error *sl__worker_topics_read(const sl_config *worker, sl_arena *arena,
                                               sl_config_report *report, sl__worker_topics *out);

/* sl__worker_topics_parse reads them from the resolved settings of the worker; problems go to the report. */
SL_MUST_CHECK sl_error *sl__worker_topics_parse(const sl_config *worker, sl_arena *arena,
                                                sl_config_report *report, sl__worker_topics *out);

#endif
