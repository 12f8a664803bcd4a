/*
 * preflight.h - what `sluice preflight` finds: how a Java cluster's worker file, topics and connectors would
 * do under Sluice.
 *
 * Nothing here changes anything: topics are read, groups are looked at and not joined.
 *
 * Threads: the main thread; the stores have their own. Memory: everything is in the caller's arena unless
 * said.
 */
#ifndef SLUICE_CLI_PREFLIGHT_H
#define SLUICE_CLI_PREFLIGHT_H

#include "cli/cli.h"
#include "kafka/group_offsets.h"
#include "kafka/topic_admin.h"
#include "store/config_topic.h"
#include "store/offsets.h"
#include "store/status_topic.h"

typedef enum sl__pf_level {
    SL_PF_NOTE,        /* to know */
    SL_PF_DIFFERENT,   /* it runs, and does something else than under Kafka Connect */
    SL_PF_UNSUPPORTED, /* it does not run */
} sl__pf_level;

typedef struct sl__pf_item {
    sl__pf_level level;
    sl_str key; /* a setting, or what else it is about; absent = none */
    sl_str text;
} sl__pf_item;

typedef struct sl__pf_list {
    sl_arena *arena; /* fails when out of memory */
    sl__pf_item *items;
    size_t n, cap;
    sl__pf_level worst;
} sl__pf_list;

void sl__pf_add(sl__pf_list *l, sl__pf_level level, sl_str key, const char *fmt, ...) SL_PRINTF(4, 5);

/* sl__pf_add_report adds what a validation found. */
void sl__pf_add_report(sl__pf_list *l, const sl_config_report *r);

/* ---- documented differences ---- */

/* A difference of a plugin from its Java counterpart. */
typedef struct sl__pf_difference {
    sl_plugin_kind kind;
    const char *plugin; /* Sluice's name */
    const char *key;    /* the setting that it depends on; NULL = always */
    const char *value;  /* that value of it, in any case; NULL = any */
    bool limited;       /* with one kind of connector only: */
    sl_plugin_kind only;
    const char *text;
    const char *where; /* a page, with its section */
} sl__pf_difference;

extern const sl__pf_difference sl__pf_differences[];
extern const size_t sl__pf_ndifferences;

/* ---- connectors ---- */

typedef struct sl__pf_connector {
    sl_str name, class_name;
    const sl_plugin_def *def; /* NULL = there is none */
    sl__target target;
    int32_t ntasks;
    size_t offsets; /* that are stored, or committed */
    sl__validated checked;
    sl__pf_list list;       /* what is to be said about it */
    sl__pf_list documented; /* key = where in docs/ */
} sl__pf_connector;

/* sl__pf_judge checks one connector's configuration. worker: resolved settings. The error is about memory. */
SL_MUST_CHECK sl_error *sl__pf_judge(const sl__validate_env *env, const sl_config *worker,
                                     const sl__stored_connector *st, sl_arena *arena, sl__pf_connector *out);

/* sl__pf_judge_worker adds what differs when settings of the worker are not there. */
void sl__pf_judge_worker(const sl_config *worker, sl_str group, sl__pf_list *list);

/* sl__pf_check_offsets asks the connector whether it could go on from its stored offsets. */
SL_MUST_CHECK sl_error *sl__pf_check_offsets(sl__pf_connector *c, const sl_batch_offset *items, size_t n);

/* ---- the cluster ---- */

typedef struct sl__pf_topic {
    const char *setting;
    sl_str name;
    int32_t partitions; /* 0 = there is no such topic */
    char cleanup[32];   /* cleanup.policy; "" = not known */
    bool usable;
    sl__pf_list list;
} sl__pf_topic;

enum { SL_PF_CONFIG, SL_PF_OFFSET, SL_PF_STATUS, SL_PF_TOPICS };

typedef struct sl__pf_state {
    const sl__cli_cluster *cluster;
    sl_arena *arena;
    sl__kafka *kafka;
    sl__topic_admin *admin;
    sl__pf_topic topics[SL_PF_TOPICS];
    sl__config_topic *config; /* these three NULL = the topic is not there or not usable */
    sl__offsets *offsets;
    sl__status_topic *status;
    sl__group_look group;
} sl__pf_state;

/* sl__pf_state_read looks at the topics, reads them to their ends and looks at the group. On error too the
   state is to be closed. */
SL_MUST_CHECK sl_error *sl__pf_state_read(const sl__cli_cluster *cluster, sl_arena *arena, sl__pf_state *out);
void sl__pf_state_close(sl__pf_state *s);

/* sl__pf_look_back adds what the topics say of a connector's past: stored or committed offsets, failed tasks.
 */
SL_MUST_CHECK sl_error *sl__pf_look_back(sl__pf_state *s, sl__pf_connector *c);

#endif
