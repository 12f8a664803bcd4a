/*
 * worker_group.h - the settings of a distributed worker about its group.
 *
 * Threads: pure functions. Memory: texts point into the configuration or the arena.
 */
#ifndef SLUICE_CONFIG_WORKER_GROUP_H
#define SLUICE_CONFIG_WORKER_GROUP_H

#include <sluice/config.h>

/* exactly.once.source.support */
typedef enum sl__exactly_once_support {
    SL__EXACTLY_ONCE_DISABLED,
    SL__EXACTLY_ONCE_PREPARING, /* the leader writes in transactions, as it always does here */
    SL__EXACTLY_ONCE_ENABLED,
} sl__exactly_once_support;

typedef struct sl__worker_group {
    sl_str id;
    sl_str instance; /* empty or absent = none */
    int32_t session_ms;
    int32_t heartbeat_ms;
    int32_t rebalance_ms;
    int32_t delay_ms; /* scheduled.rebalance.max.delay.ms */
    int32_t key_ttl_ms;
    int32_t key_size;     /* bits; 0 = the algorithm's own */
    sl_str key_algorithm; /* what keys are made for */
    sl_str signature_algorithm;
    sl_str_list verification_algorithms; /* what is taken from other workers */
    int exactly_once;                    /* sl__exactly_once_support */
} sl__worker_group;

extern const sl_config_row sl__worker_group_rows[];
extern const size_t sl__worker_group_nrows;

/* sl__worker_group_parse reads them from the worker's resolved settings; problems go to the report. */
void sl__worker_group_parse(const sl_config *worker, sl_arena *arena, sl_config_report *report,
                            sl__worker_group *out);

/* sl__worker_group_verifies tells whether requests signed with an algorithm ("HmacSHA256") are taken. */
bool sl__worker_group_verifies(const sl__worker_group *g, sl_str algorithm);

#endif
