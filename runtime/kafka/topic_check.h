/*
 * topic_check.h - a topic that keeps state is there and is compacted: made, or looked at.
 *
 * Threads: the caller's. Memory: the caller's.
 */
#ifndef SLUICE_KAFKA_TOPIC_CHECK_H
#define SLUICE_KAFKA_TOPIC_CHECK_H

#include "kafka/topic_admin.h"

typedef struct sl__topic_check {
    sl_str topic;               /* zero-terminated */
    const char *setting;        /* "config.storage.topic" */
    int32_t partitions;         /* of a new topic; -1 = the broker's default */
    int32_t partitions_max;     /* 0 = any */
    int32_t replication_factor; /* -1 = the broker's default */
    const sl_config *configs;   /* of a new topic; cleanup.policy=compact is put over them */
    /* Waits that long, or less; true when the check is to be given up. */
    bool (*pause)(void *arg, int ms);
    void *arg;
} sl__topic_check;

/* sl__topic_check_run gives the number of partitions. Outages are waited out for as long as pause says so
   (INTERRUPTED then). Errors say what is wrong with the topic and what to do. Blocks. */
SL_MUST_CHECK sl_error *sl__topic_check_run(const sl__topic_check *c, sl__topic_admin *a,
                                            int32_t *partitions);

#endif
