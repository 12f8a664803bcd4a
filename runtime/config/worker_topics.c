/*
 * worker_topics.c - see worker_topics.h.
 */
#include "config/worker_topics.h"

#include <stdio.h>

#include "config/build.h"

/* What the rows give; names and configs come from elsewhere. */
typedef struct numbers {
    sl_str config, offset, status;
    int32_t config_replication, offset_replication, status_replication;
    int32_t offset_partitions, status_partitions;
} numbers;

#define GROUP "Distributed"
#define FIELD(m) SL_FIELD(numbers, m)
#define TOPIC_ROW(key, member, what)                                                                         \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_STRING, .required = true, .importance = SL_HIGH, .group = GROUP,      \
        .field = FIELD(member),                                                                              \
        .doc = "The compacted topic that keeps " what ". It is made when it is "                             \
               "missing."                                                                                    \
    }
#define NUMBER_ROW(key, member, value, what)                                                                 \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_INT, .default_value = value, .importance = SL_LOW, .group = GROUP,    \
        .has_min = true, .min = -1, .check = check_number, .field = FIELD(member),                           \
        .doc = what " of that topic when it is made; -1 for the broker's default."                           \
    }
#define CONFIGS_ROW(key)                                                                                     \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_STRING, .importance = SL_LOW, .group = GROUP, .pattern = true,        \
        .doc = "Settings that the topic is made with, by their names in Kafka; cleanup.policy is always "    \
               "compact."                                                                                    \
    }

/* check_number refuses 0, as Kafka Connect does. */
static const char *check_number(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    return sl_str_eqz(value, "0") ? "expected a number above 0, or -1 for the broker's default" : NULL;
}

const sl_config_row sl__worker_topics_rows[] = {
    TOPIC_ROW("config.storage.topic", config, "the connectors' configurations, in one partition"),
    NUMBER_ROW("config.storage.replication.factor", config_replication, "3", "The replication factor"),
    CONFIGS_ROW("config.storage.*"),
    TOPIC_ROW("offset.storage.topic", offset, "the sources' offsets"),
    NUMBER_ROW("offset.storage.partitions", offset_partitions, "25", "The number of partitions"),
    NUMBER_ROW("offset.storage.replication.factor", offset_replication, "3", "The replication factor"),
    CONFIGS_ROW("offset.storage.*"),
    TOPIC_ROW("status.storage.topic", status, "the states of connectors and tasks"),
    NUMBER_ROW("status.storage.partitions", status_partitions, "5", "The number of partitions"),
    NUMBER_ROW("status.storage.replication.factor", status_replication, "3", "The replication factor"),
    CONFIGS_ROW("status.storage.*"),
};

const size_t sl__worker_topics_nrows = sizeof sl__worker_topics_rows / sizeof sl__worker_topics_rows[0];

/* is_own tells whether a key below the prefix is no setting of the topic. */
static bool is_own(sl_str key) {
    return sl_str_eqz(key, "topic") || sl_str_eqz(key, "partitions") ||
           sl_str_eqz(key, "replication.factor") || sl_str_eqz(key, "file.filename");
}

/* topic_configs gives the settings below a prefix that are the topic's. */
static sl_error *topic_configs(const sl_config *worker, const char *prefix, sl_arena *arena,
                               sl_config_report *report, sl_config *out) {
    sl_config below;
    size_t n = 0;
    SL_TRY(sl__config_prefix(worker, sl_str_of(prefix), arena, &below));
    sl_config_entry *entries = sl_arena_zalloc(arena, (below.n + 1) * sizeof(*entries));
    if (!entries) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < below.n; i++) {
        const sl_config_entry *e = &below.entries[i];
        if (sl_str_eqz(e->key, "cleanup.policy") && !sl_str_eqz(e->value, "compact")) {
            sl_config_report_add(report, SL_SEV_WARNING, sl_arena_printf(arena, "%scleanup.policy", prefix),
                                 "the topic is always compacted; remove it");
        } else if (!is_own(e->key)) {
            entries[n++] = *e;
        }
    }
    *out = (sl_config){entries, n};
    return NULL;
}

/* translate makes the settings of one kind of client; what belongs to other kinds is passed over. */
static sl_error *translate(sl__client_kind kind, const sl_config *settings, sl_arena *arena,
                           sl_config_report *report, sl__client_config *out) {
    sl_config_report all;
    sl_config_report_init(&all, arena);
    SL_TRY(sl__client_translate(kind, settings, SL_STR_NONE, arena, &all, out));
    for (size_t i = 0; i < all.n; i++) {
        if (all.items[i].severity == SL_SEV_ERROR) {
            sl_config_report_add(report, SL_SEV_ERROR, all.items[i].key, "%.*s",
                                 SL_STR_ARG(all.items[i].message));
        }
    }
    return NULL;
}

static sl_error *clients(const sl_config *worker, sl_arena *arena, sl_config_report *report,
                         sl__worker_topics *out) {
    sl_config plain;
    SL_TRY(sl__client_settings_plain(worker, arena, &plain));
    SL_TRY(translate(SL__CLIENT_CONSUMER, &plain, arena, report, &out->consumer));
    SL_TRY(translate(SL__CLIENT_PRODUCER, &plain, arena, report, &out->producer));
    return translate(SL__CLIENT_ADMIN, &plain, arena, report, &out->admin);
}

/* distinct reports topics that are named twice: the records of one would be taken for the other's. */
static void distinct(const numbers *n, sl_config_report *report) {
    static const char text[] = "expected a topic of its own: each kind of state needs one";
    if (n->offset.n && sl_str_eq(n->offset, n->config)) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("offset.storage.topic"), text);
    }
    if (n->status.n && (sl_str_eq(n->status, n->config) || sl_str_eq(n->status, n->offset))) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("status.storage.topic"), text);
    }
}

sl_error *sl__worker_topics_read(const sl_config *worker, sl_arena *arena, sl_config_report *report,
                                 sl__worker_topics *out) {
    numbers n = {0};
    memset(out, 0, sizeof *out);
    sl_config_parse(sl__worker_topics_rows, sl__worker_topics_nrows, worker, &n, arena, report);
    distinct(&n, report);
    out->config =
        (sl__topic_settings){.name = n.config, .partitions = 1, .replication_factor = n.config_replication};
    out->offset = (sl__topic_settings){
        .name = n.offset, .partitions = n.offset_partitions, .replication_factor = n.offset_replication};
    out->status = (sl__topic_settings){
        .name = n.status, .partitions = n.status_partitions, .replication_factor = n.status_replication};
    SL_TRY(topic_configs(worker, "config.storage.", arena, report, &out->config.configs));
    SL_TRY(topic_configs(worker, "offset.storage.", arena, report, &out->offset.configs));
    return topic_configs(worker, "status.storage.", arena, report, &out->status.configs);
}

sl_error *sl__worker_topics_parse(const sl_config *worker, sl_arena *arena, sl_config_report *report,
                                  sl__worker_topics *out) {
    SL_TRY(sl__worker_topics_read(worker, arena, report, out));
    return clients(worker, arena, report, out);
}
