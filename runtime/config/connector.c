/*
 * connector.c - see connector.h.
 */
#include "config/connector.h"

#include "config/build.h"
#include "config/checks.h"

#include <stddef.h>

#define FIELD(member) SL_FIELD(sl__connector_settings, member)
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ONE_VERSION "each plugin is there in one version"
#define MAX_MS 2147483647.0

static const sl_config_enum tolerances[] = {
    {"none", SL__TOLERATE_NONE}, {"all", SL__TOLERATE_ALL}, {NULL, 0}};
static const sl_config_enum reload_actions[] = {{"restart", 0}, {"none", 1}, {NULL, 0}};
static const sl_config_enum exactly_once[] = {
    {"requested", SL__EXACTLY_ONCE_REQUESTED}, {"required", SL__EXACTLY_ONCE_REQUIRED}, {NULL, 0}};
static const sl_config_enum boundaries[] = {{"poll", SL__BOUNDARY_POLL},
                                            {"interval", SL__BOUNDARY_INTERVAL},
                                            {"connector", SL__BOUNDARY_CONNECTOR},
                                            {NULL, 0}};

#define VERSION_ROW(key)                                                                                     \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_STRING, .importance = SL_LOW, .group = "Common",                      \
        .support = SL_WARNED, .remedy = ONE_VERSION, .doc = "Version of the plugin to use."                  \
    }

const sl_config_row sl__connector_rows[] = {
    {.name = "name",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .group = "Common",
     .display = "Connector name",
     .check = sl__check_name,
     .field = FIELD(name),
     .doc = "Name of the connector, unique in its worker or cluster."},
    {.name = "connector.class",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .group = "Common",
     .display = "Connector class",
     .field = FIELD(connector_class),
     .doc = "Java class name, or short name, of the connector."},
    {.name = "tasks.max",
     .type = SL_CONFIG_INT,
     .default_value = "1",
     .importance = SL_HIGH,
     .group = "Common",
     .display = "Tasks max",
     .has_min = true,
     .min = 1,
     .field = FIELD(tasks_max),
     .doc = "Most tasks that the connector may use."},
    {.name = "tasks.max.enforce",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_LOW,
     .group = "Common",
     .display = "Enforce tasks max",
     .field = FIELD(tasks_max_enforce),
     .doc = "Whether a connector that makes more tasks than `tasks.max` fails."},
    {.name = "key.converter",
     .type = SL_CONFIG_CLASS,
     .importance = SL_LOW,
     .group = "Common",
     .display = "Key converter class",
     .field = FIELD(key_converter),
     .doc = "Converter of record keys instead of the worker's. Its settings follow under `key.converter.`."},
    {.name = "value.converter",
     .type = SL_CONFIG_CLASS,
     .importance = SL_LOW,
     .group = "Common",
     .display = "Value converter class",
     .field = FIELD(value_converter),
     .doc =
         "Converter of record values instead of the worker's. Its settings follow under `value.converter.`."},
    {.name = "header.converter",
     .type = SL_CONFIG_CLASS,
     .importance = SL_LOW,
     .group = "Common",
     .display = "Header converter class",
     .field = FIELD(header_converter),
     .doc = "Converter of header values instead of the worker's."},
    {.name = "transforms",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_LOW,
     .group = "Transforms",
     .display = "Transforms",
     .check = sl__check_unique,
     .field = FIELD(transforms),
     .doc = "Names of the transforms, in the order in which they are applied. For each, "
            "`transforms.NAME.type` and its settings."},
    {.name = "predicates",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_LOW,
     .group = "Predicates",
     .display = "Predicates",
     .check = sl__check_unique,
     .field = FIELD(predicates),
     .doc = "Names of the predicates that transforms may use. For each, `predicates.NAME.type` and its "
            "settings."},
    {.name = "config.action.reload",
     .type = SL_CONFIG_STRING,
     .default_value = "restart",
     .importance = SL_LOW,
     .group = "Common",
     .display = "Reload Action",
     .enums = reload_actions,
     .support = SL_WARNED,
     .remedy = "config providers here give values without an expiry time, so nothing is reloaded",
     .doc = "What to do when a value of a config provider expires: restart or none."},
    {.name = "errors.retry.timeout",
     .type = SL_CONFIG_LONG,
     .default_value = "0",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Retry Timeout for Errors",
     .has_min = true,
     .min = -1,
     .field = FIELD(retry_timeout_ms),
     .doc = "How long a failed conversion or transform of a record is tried again, in milliseconds; 0 = not, "
            "-1 = without "
            "end."},
    {.name = "errors.retry.delay.max.ms",
     .type = SL_CONFIG_LONG,
     .default_value = "60000",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Maximum Delay Between Retries for Errors",
     .has_min = true,
     .min = 1,
     .has_max = true,
     .max = MAX_MS,
     .field = FIELD(retry_delay_max_ms),
     .doc = "Longest pause between two such tries, in milliseconds."},
    {.name = "errors.tolerance",
     .type = SL_CONFIG_STRING,
     .default_value = "none",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Error Tolerance",
     .enums = tolerances,
     .field = FIELD(tolerance),
     .doc = "none: a bad record fails the task. all: it is passed over, logged and sent to the dead letter "
            "queue as set."},
    {.name = "errors.log.enable",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Log Errors",
     .field = FIELD(log_errors),
     .doc = "Whether every bad record is logged, also a tolerated one."},
    {.name = "errors.log.include.messages",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Log Error Details",
     .field = FIELD(log_messages),
     .doc =
         "Whether such a line names the record: topic, partition, offset and timestamp. Never its contents."},
    {.name = "errors.max.retries",
     .type = SL_CONFIG_INT,
     .default_value = "-1",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Restarts after outages",
     .has_min = true,
     .min = -1,
     .field = FIELD(max_restarts),
     .doc = "How often a task that failed because of an outage is started again before it stays failed; -1 = "
            "without end, 0 "
            "= never."},
    {.name = "retriable.restart.connector.wait.ms",
     .type = SL_CONFIG_LONG,
     .default_value = "10000",
     .importance = SL_LOW,
     .group = "Error Handling",
     .display = "Longest pause before a restart",
     .has_min = true,
     .min = 0,
     .has_max = true,
     .max = MAX_MS,
     .field = FIELD(restart_wait_ms),
     .doc = "Longest pause before such a restart, in milliseconds; the first ones come sooner."},
    {.name = "producer.override.*",
     .type = SL_CONFIG_PASSWORD,
     .importance = SL_LOW,
     .group = "Overrides",
     .pattern = true,
     .doc = "A setting of the connector's Kafka producer, by its Java name, instead of the worker's "
            "`producer.`."},
    {.name = "consumer.override.*",
     .type = SL_CONFIG_PASSWORD,
     .importance = SL_LOW,
     .group = "Overrides",
     .pattern = true,
     .doc = "A setting of the connector's Kafka consumer, by its Java name, instead of the worker's "
            "`consumer.`."},
    {.name = "admin.override.*",
     .type = SL_CONFIG_PASSWORD,
     .importance = SL_LOW,
     .group = "Overrides",
     .pattern = true,
     .doc = "A setting of the connector's Kafka admin client, by its Java name, instead of the worker's "
            "`admin.`."},
    VERSION_ROW("connector.plugin.version"),
    VERSION_ROW("key.converter.plugin.version"),
    VERSION_ROW("value.converter.plugin.version"),
    VERSION_ROW("header.converter.plugin.version"),
};
const size_t sl__connector_nrows = COUNT(sl__connector_rows);

const sl_config_row sl__sink_rows[] = {
    {.name = "topics",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_HIGH,
     .group = "Common",
     .display = "Topics",
     .check = sl__check_topics,
     .field = FIELD(topics),
     .doc = "Topics to read, separated by commas. This or `topics.regex`."},
    {.name = "topics.regex",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .importance = SL_HIGH,
     .group = "Common",
     .display = "Topics regex",
     .check = sl__check_regex,
     .field = FIELD(topics_regex),
     .doc = "Regular expression of the topics to read; it must match the whole name. This or `topics`."},
    {.name = "errors.deadletterqueue.topic.name",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Dead Letter Queue Topic Name",
     .check = sl__check_topic,
     .field = FIELD(dlq_topic),
     .doc = "Topic for bad records; empty: none. It takes effect with errors.tolerance=all."},
    {.name = "errors.deadletterqueue.topic.replication.factor",
     .type = SL_CONFIG_INT,
     .default_value = "3",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Dead Letter Queue Topic Replication Factor",
     .check = sl__check_count,
     .field = FIELD(dlq_replication),
     .doc = "Replication factor of that topic when it has to be made."},
    {.name = "errors.deadletterqueue.context.headers.enable",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_MEDIUM,
     .group = "Error Handling",
     .display = "Enable Error Context Headers",
     .field = FIELD(dlq_headers),
     .doc = "Whether a bad record gets headers `__connect.errors.*` that say what was wrong."},
};
const size_t sl__sink_nrows = COUNT(sl__sink_rows);

const sl_config_row sl__source_rows[] = {
    {.name = "topic.creation.groups",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_LOW,
     .group = "Topic Creation",
     .display = "Topic Creation Groups",
     .check = sl__check_unique,
     .field = FIELD(topic_groups),
     .doc = "Names of groups of topics that are made with settings of their own; the group default is always "
            "there."},
    {.name = "topic.creation.*.include",
     .type = SL_CONFIG_LIST,
     .importance = SL_LOW,
     .group = "Topic Creation",
     .pattern = true,
     .check = sl__check_regexes,
     .doc = "Regular expressions of the topics in the group."},
    {.name = "topic.creation.*.exclude",
     .type = SL_CONFIG_LIST,
     .importance = SL_LOW,
     .group = "Topic Creation",
     .pattern = true,
     .check = sl__check_regexes,
     .doc = "Regular expressions of topics that are not in the group after all."},
    {.name = "topic.creation.*.replication.factor",
     .type = SL_CONFIG_INT,
     .importance = SL_LOW,
     .group = "Topic Creation",
     .pattern = true,
     .check = sl__check_count,
     .doc = "Replication factor of new topics; -1 = the broker's default. Needed in the group default."},
    {.name = "topic.creation.*.partitions",
     .type = SL_CONFIG_INT,
     .importance = SL_LOW,
     .group = "Topic Creation",
     .pattern = true,
     .check = sl__check_count,
     .doc = "Partitions of new topics; -1 = the broker's default. Needed in the group default."},
    {.name = "topic.creation.*",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = "Topic Creation",
     .pattern = true,
     .doc = "Any other setting of a group is one of the new topics, such as cleanup.policy."},
    {.name = "exactly.once.support",
     .type = SL_CONFIG_STRING,
     .default_value = "requested",
     .importance = SL_MEDIUM,
     .group = "Exactly Once Support",
     .display = "Exactly once support",
     .enums = exactly_once,
     .field = FIELD(exactly_once),
     .doc = "requested, or required: the connector is refused where exactly-once delivery cannot be had."},
    {.name = "transaction.boundary",
     .type = SL_CONFIG_STRING,
     .default_value = "poll",
     .importance = SL_MEDIUM,
     .group = "Exactly Once Support",
     .display = "Transaction Boundary",
     .enums = boundaries,
     .field = FIELD(boundary),
     .doc = "With exactly-once delivery: a transaction for each poll, for an interval, or as the connector "
            "says."},
    {.name = "transaction.boundary.interval.ms",
     .type = SL_CONFIG_LONG,
     .importance = SL_LOW,
     .group = "Exactly Once Support",
     .display = "Transaction boundary interval",
     .has_min = true,
     .min = 0,
     .field = FIELD(boundary_interval_ms),
     .doc = "Length of a transaction with transaction.boundary=interval, in milliseconds; without it the "
            "worker's "
            "offset.flush.interval.ms."},
    {.name = "offsets.storage.topic",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = "Offsets",
     .display = "Offsets topic",
     .check = sl__check_topic,
     .field = FIELD(offsets_topic),
     .doc = "Topic for this connector's offsets instead of the cluster's."},
};
const size_t sl__source_nrows = COUNT(sl__source_rows);

/* ---- what belongs together ---- */

static bool lists(const sl_str_list *list, sl_str item) {
    for (size_t i = 0; i < list->n; i++) {
        if (sl_str_eq(list->items[i], item)) {
            return true;
        }
    }
    return false;
}

static void check_sink(const sl__connector_settings *s, sl_config_report *report) {
    bool topics = false;
    for (size_t i = 0; i < s->topics.n; i++) {
        topics = topics || s->topics.items[i].n;
    }
    if (!topics && !s->topics_regex.n) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("topics"),
                             "missing, expected topics or topics.regex");
    }
    if (topics && s->topics_regex.n) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("topics.regex"),
                             "expected topics or topics.regex, not both");
    }
    if (!s->dlq_topic.n) {
        return;
    }
    if (lists(&s->topics, s->dlq_topic) ||
        (s->topics_regex.n && sl__regex_matches(s->topics_regex, s->dlq_topic))) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("errors.deadletterqueue.topic.name"),
                             "'%.*s' is one of the topics that the connector reads, expected another one",
                             SL_STR_ARG(s->dlq_topic));
    }
    if (s->tolerance == SL__TOLERATE_NONE) {
        sl_config_report_add(report, SL_SEV_WARNING, SL_STR("errors.deadletterqueue.topic.name"),
                             "without errors.tolerance=all a bad record still fails the task");
    }
}

static void check_source(const sl_config *c, const sl__connector_settings *s, bool distributed,
                         sl_config_report *report) {
    static const char *const without_effect[] = {"transaction.boundary", "transaction.boundary.interval.ms",
                                                 "offsets.storage.topic"};
    if (distributed) {
        return;
    }
    if (s->exactly_once == SL__EXACTLY_ONCE_REQUIRED) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("exactly.once.support"),
                             "not supported by a standalone worker; run a distributed one with "
                             "exactly.once.source.support=enabled, or set it to requested");
    }
    for (size_t i = 0; i < COUNT(without_effect); i++) {
        if (sl_config_get(c, sl_str_of(without_effect[i])).n) {
            sl_config_report_add(report, SL_SEV_WARNING, sl_str_of(without_effect[i]),
                                 "has no effect: used by distributed workers only, not by a standalone one");
        }
    }
}

/* drop_default takes the group default, which is always there, out of the list. */
static void drop_default(sl_str_list *groups, sl_config_report *report) {
    size_t n = 0;
    for (size_t i = 0; i < groups->n; i++) {
        if (sl_str_eqz(groups->items[i], "default")) {
            sl_config_report_add(report, SL_SEV_WARNING, SL_STR("topic.creation.groups"),
                                 "the group default is always there, it need not be listed");
        } else {
            groups->items[n++] = groups->items[i];
        }
    }
    groups->n = n;
}

sl_error *sl__connector_parse(const sl_config *c, sl_plugin_kind kind, bool distributed, sl_arena *arena,
                              sl_config_report *report, sl__connector_settings *out) {
    *out = (sl__connector_settings){0};
    sl_config_parse(sl__connector_rows, sl__connector_nrows, c, out, arena, report);
    if (kind == SL_KIND_SINK) {
        sl_config_parse(sl__sink_rows, sl__sink_nrows, c, out, arena, report);
        check_sink(out, report);
    } else {
        sl__topic_group *groups = NULL;
        size_t n = 0;
        sl_config_parse(sl__source_rows, sl__source_nrows, c, out, arena, report);
        drop_default(&out->topic_groups, report);
        check_source(c, out, distributed, report);
        SL_TRY(sl__topic_groups_parse(c, arena, report, &groups, &n));
    }
    return arena->failed ? sl_error_nomem() : NULL;
}

/* ---- groups of topics ---- */

static sl_error *group_list(const sl_config *c, const char *key, const char *missing, sl_arena *arena,
                            sl_str_list *out) {
    sl_str value = sl_config_get(c, sl_str_of(key));
    return sl__config_list(value.p ? value : sl_str_of(missing), arena, out);
}

static int32_t group_number(const sl_config *c, const char *key, int32_t missing) {
    int64_t n = 0;
    sl_str value = sl_str_trim(sl_config_get(c, sl_str_of(key)));
    return sl_str_to_i64(value, &n) && n > 0 && n <= INT32_MAX ? (int32_t)n : value.p ? -1 : missing;
}

/* group_configs keeps what is no setting of the group itself. */
static sl_error *group_configs(const sl_config *c, sl_arena *arena, sl_config *out) {
    static const char *const own[] = {"include", "exclude", "replication.factor", "partitions"};
    sl__config_builder b;
    sl__config_builder_init(&b, arena);
    for (size_t i = 0; i < c->n; i++) {
        bool mine = !c->entries[i].value.p;
        for (size_t k = 0; k < COUNT(own); k++) {
            mine = mine || sl_str_eqz(c->entries[i].key, own[k]);
        }
        if (!mine) {
            SL_TRY(sl__config_builder_put(&b, &c->entries[i], NULL));
        }
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

static sl_error *parse_group(const sl_config *c, sl_str name, const sl__topic_group *fallback,
                             sl_arena *arena, sl_config_report *report, sl__topic_group *g) {
    sl_config own;
    bool is_default = !fallback;
    sl_str prefix = sl_arena_printf(arena, "topic.creation.%.*s.", SL_STR_ARG(name));
    if (!prefix.p) {
        return sl_error_nomem();
    }
    SL_TRY(sl__config_prefix(c, prefix, arena, &own));
    *g = (sl__topic_group){.name = name};
    SL_TRY(group_list(&own, "include", is_default ? ".*" : NULL, arena, &g->include));
    SL_TRY(group_list(&own, "exclude", NULL, arena, &g->exclude));
    g->replication_factor =
        group_number(&own, "replication.factor", fallback ? fallback->replication_factor : -1);
    g->partitions = group_number(&own, "partitions", fallback ? fallback->partitions : -1);
    if (is_default && !sl_config_get(&own, SL_STR("replication.factor")).p) {
        sl_config_report_add(
            report, SL_SEV_ERROR, SL_STR("topic.creation.default.replication.factor"),
            "missing, needed when there are other topic.creation. settings; -1 = the broker's default");
    }
    if (is_default && !sl_config_get(&own, SL_STR("partitions")).p) {
        sl_config_report_add(
            report, SL_SEV_ERROR, SL_STR("topic.creation.default.partitions"),
            "missing, needed when there are other topic.creation. settings; -1 = the broker's default");
    }
    if (!is_default && !g->include.n) {
        sl_config_report_add(report, SL_SEV_WARNING, SL_STR("topic.creation.groups"),
                             "group '%.*s' has no topics: topic.creation.%.*s.include is missing",
                             SL_STR_ARG(name), SL_STR_ARG(name));
    }
    return group_configs(&own, arena, &g->configs);
}

sl_error *sl__topic_groups_parse(const sl_config *c, sl_arena *arena, sl_config_report *report,
                                 sl__topic_group **groups, size_t *n) {
    sl_str_list names;
    *groups = NULL;
    *n = 0;
    if (!sl__config_has_prefix(c, SL_STR("topic.creation."))) {
        return NULL;
    }
    SL_TRY(sl__config_list(sl_config_get(c, SL_STR("topic.creation.groups")), arena, &names));
    *groups = sl_arena_zalloc(arena, (names.n + 1) * sizeof **groups);
    if (!*groups) {
        return sl_error_nomem();
    }
    sl__topic_group fallback;
    SL_TRY(parse_group(c, SL_STR("default"), NULL, arena, report, &fallback));
    for (size_t i = 0; i < names.n; i++) {
        if (!sl_str_eqz(names.items[i], "default")) {
            SL_TRY(parse_group(c, names.items[i], &fallback, arena, report, &(*groups)[(*n)++]));
        }
    }
    (*groups)[(*n)++] = fallback;
    return NULL;
}

static bool any_matches(const sl_str_list *patterns, sl_str topic) {
    for (size_t i = 0; i < patterns->n; i++) {
        if (sl__regex_matches(patterns->items[i], topic)) {
            return true;
        }
    }
    return false;
}

const sl__topic_group *sl__topic_group_find(const sl__topic_group *groups, size_t n, sl_str topic) {
    for (size_t i = 0; i < n; i++) {
        if (any_matches(&groups[i].include, topic) && !any_matches(&groups[i].exclude, topic)) {
            return &groups[i];
        }
    }
    return NULL;
}
