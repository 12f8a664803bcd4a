/*
 * worker.c - see worker.h.
 */
#include "config/worker.h"

#include "config/build.h"
#include "config/checks.h"

#include <stddef.h>

#define FIELD(member) SL_FIELD(sl__worker_settings, member)
#define DISTRIBUTED "used by distributed workers only, not by a standalone one"

/* The longest time any setting may give: about 24 days, what librdkafka and poll(2) take. */
#define MAX_MS 2147483647.0

static const sl_config_enum policies[] = {
    {"All", SL__OVERRIDE_ALL},
    {"None", SL__OVERRIDE_NONE},
    {"Principal", SL__OVERRIDE_PRINCIPAL},
    {"Allowlist", SL__OVERRIDE_ALLOWLIST},
    {"org.apache.kafka.connect.connector.policy.AllConnectorClientConfigOverridePolicy", SL__OVERRIDE_ALL},
    {"org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy", SL__OVERRIDE_NONE},
    {"org.apache.kafka.connect.connector.policy.PrincipalConnectorClientConfigOverridePolicy",
     SL__OVERRIDE_PRINCIPAL},
    {"org.apache.kafka.connect.connector.policy.AllowlistConnectorClientConfigOverridePolicy",
     SL__OVERRIDE_ALLOWLIST},
    {NULL, 0},
};

static const sl_config_enum formats[] = {{"text", false}, {"json", true}, {NULL, 0}};

static const sl_config_enum levels[] = {
    {"TRACE", SL_LOG_TRACE}, {"DEBUG", SL_LOG_DEBUG}, {"INFO", SL_LOG_INFO},
    {"WARN", SL_LOG_WARN},   {"ERROR", SL_LOG_ERROR}, {NULL, 0},
};

/* log_json is a bool and enums are ints: the row parses into this and sl__worker_parse copies. */
typedef struct worker_parsed {
    sl__worker_settings s;
    int log_format;
} worker_parsed;

#define DIST(key, t)                                                                                         \
    {                                                                                                        \
        .name = key, .type = t, .importance = SL_LOW, .group = "Distributed", .support = SL_WARNED,          \
        .remedy = DISTRIBUTED, .doc = "Read by distributed workers only."                                    \
    }

const sl_config_row sl__worker_rows[] = {
    {.name = "bootstrap.servers",
     .type = SL_CONFIG_STRING,
     .default_value = "localhost:9092",
     .importance = SL_HIGH,
     .group = "Kafka",
     .field = FIELD(bootstrap_servers),
     .check = sl__check_servers,
     .doc = "Kafka's brokers, host:port separated by commas. `embedded:` starts a broker in this process, "
            "which keeps its "
            "data in memory: for a first try and for tests, not for keeping data."},
    {.name = "key.converter",
     .type = SL_CONFIG_CLASS,
     .required = true,
     .importance = SL_HIGH,
     .group = "Converters",
     .field = FIELD(key_converter),
     .check = sl__check_not_empty,
     .doc = "Converter of record keys, unless a connector sets its own. Its settings follow under "
            "`key.converter.`."},
    {.name = "value.converter",
     .type = SL_CONFIG_CLASS,
     .required = true,
     .importance = SL_HIGH,
     .group = "Converters",
     .field = FIELD(value_converter),
     .check = sl__check_not_empty,
     .doc = "Converter of record values, unless a connector sets its own. Its settings follow under "
            "`value.converter.`."},
    {.name = "header.converter",
     .type = SL_CONFIG_CLASS,
     .importance = SL_LOW,
     .group = "Converters",
     .default_value = "org.apache.kafka.connect.storage.SimpleHeaderConverter",
     .field = FIELD(header_converter),
     .doc = "Converter of header values, unless a connector sets its own."},
    {.name = "plugin.path",
     .type = SL_CONFIG_LIST,
     .importance = SL_LOW,
     .group = "Plugins",
     .field = FIELD(plugin_path),
     .doc = "Folders with plugins (*.so), separated by commas. Without it the folder that came with the "
            "worker. Not "
            "resolved by config providers, which are plugins themselves."},
    {.name = "config.providers",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_LOW,
     .group = "Plugins",
     .field = FIELD(config_providers),
     .check = sl__check_unique,
     .doc = "Names of the config providers that replace ${name:path:key}. For each, "
            "`config.providers.NAME.class` and its "
            "settings under `config.providers.NAME.param.`."},
    {.name = "connector.client.config.override.policy",
     .type = SL_CONFIG_STRING,
     .default_value = "All",
     .importance = SL_MEDIUM,
     .group = "Connectors",
     .enums = policies,
     .field = FIELD(override_policy),
     .doc =
         "Which settings of Kafka clients a connector may override: All, None, Principal (security.protocol, "
         "sasl.mechanism and sasl.jaas.config) or Allowlist."},
    {.name = "connector.client.config.override.allowlist",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_MEDIUM,
     .group = "Connectors",
     .field = FIELD(override_allowlist),
     .doc = "With the policy Allowlist: the client settings that a connector may override."},

    {.name = "offset.storage.file.filename",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .group = "Offsets",
     .field = FIELD(offset_file),
     .check = sl__check_not_empty,
     .doc = "File in which a standalone worker keeps the offsets of its sources."},
    {.name = "offset.flush.interval.ms",
     .type = SL_CONFIG_LONG,
     .default_value = "60000",
     .importance = SL_LOW,
     .group = "Offsets",
     .has_min = true,
     .min = 1,
     .has_max = true,
     .max = MAX_MS,
     .field = FIELD(offset_flush_interval_ms),
     .doc = "How often offsets are stored, in milliseconds."},
    {.name = "offset.flush.timeout.ms",
     .type = SL_CONFIG_LONG,
     .default_value = "5000",
     .importance = SL_LOW,
     .group = "Offsets",
     .has_min = true,
     .min = 1,
     .has_max = true,
     .max = MAX_MS,
     .field = FIELD(offset_flush_timeout_ms),
     .support = SL_WARNED,
     .remedy = "offsets are stored in a file, without a time limit; task.shutdown.graceful.timeout.ms bounds "
               "the last ones",
     .doc = "How long storing offsets may take before it is given up and tried again at the next interval, "
            "in milliseconds."},
    {.name = "task.shutdown.graceful.timeout.ms",
     .type = SL_CONFIG_LONG,
     .default_value = "5000",
     .importance = SL_LOW,
     .group = "Tasks",
     .has_min = true,
     .min = 0,
     .has_max = true,
     .max = MAX_MS,
     .field = FIELD(shutdown_timeout_ms),
     .doc = "How long tasks get to stop by themselves, in milliseconds, all of them together."},
    {.name = "topic.creation.enable",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_LOW,
     .group = "Connectors",
     .field = FIELD(topic_creation),
     .doc = "Whether source connectors may create their topics, when they have `topic.creation.` settings."},
    {.name = "topic.tracking.enable",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_LOW,
     .group = "Connectors",
     .field = FIELD(topic_tracking),
     .support = SL_WARNED,
     .remedy = "topics of connectors are not tracked by this version",
     .doc = "Whether the topics that each connector uses are tracked."},
    {.name = "topic.tracking.allow.reset",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_LOW,
     .group = "Connectors",
     .field = FIELD(topic_tracking_reset),
     .support = SL_WARNED,
     .remedy = "topics of connectors are not tracked by this version",
     .doc = "Whether the tracked topics of a connector may be reset."},

    {.name = "worker.threads.max",
     .type = SL_CONFIG_INT,
     .default_value = "64",
     .importance = SL_MEDIUM,
     .group = "Tasks",
     .has_min = true,
     .min = 1,
     .has_max = true,
     .max = 4096,
     .field = FIELD(threads_max),
     .doc = "Sluice's own. Most threads that tasks run on. Idle tasks need none; a thread is taken while a "
            "task works or "
            "waits inside a call of its target."},
    {.name = "task.memory.max.bytes",
     .type = SL_CONFIG_LONG,
     .default_value = "8388608",
     .importance = SL_MEDIUM,
     .group = "Tasks",
     .has_min = true,
     .min = 65536,
     .has_max = true,
     .max = 17179869184.0,
     .field = FIELD(task_memory_max),
     .doc = "Sluice's own. Records in flight of one task, in bytes: past it a source is not asked for more, "
            "and a sink's "
            "partitions are not read on."},
    {.name = "task.restart.enabled",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_MEDIUM,
     .group = "Tasks",
     .field = FIELD(task_restart),
     .doc = "Sluice's own. Whether a task that failed because of an outage is started again by itself, with "
            "growing "
            "pauses. With false it stays failed until it is restarted by hand, as in Kafka Connect."},

    {.name = "listeners",
     .type = SL_CONFIG_LIST,
     .default_value = "http://:8083",
     .importance = SL_LOW,
     .group = "REST",
     .field = FIELD(listeners),
     .check = sl__check_listeners,
     .doc = "Where the REST interface listens: http://host:port or https://host:port, separated by commas. "
            "An empty host means "
            "every address "
            "of the machine, port 0 any free port."},
    {.name = "rest.advertised.host.name",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = "REST",
     .field = FIELD(advertised_host),
     .doc = "Host name under which this worker is known to others, when it is not the listener's."},
    {.name = "rest.advertised.port",
     .type = SL_CONFIG_INT,
     .importance = SL_LOW,
     .group = "REST",
     .has_min = true,
     .min = 1,
     .has_max = true,
     .max = 65535,
     .field = FIELD(advertised_port),
     .doc = "Port under which this worker is known to others, when it is not the listener's."},
    {.name = "rest.advertised.listener",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = "REST",
     .recommended = "http,https",
     .field = FIELD(advertised_listener),
     .doc = "Which kind of listener other workers are told of: http or https. Without it http, if there is "
            "such a "
            "listener."},
    {.name = "access.control.allow.origin",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .importance = SL_LOW,
     .group = "REST",
     .field = FIELD(allow_origin),
     .doc = "Value of the header Access-Control-Allow-Origin; empty: no such header."},
    {.name = "access.control.allow.methods",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .importance = SL_LOW,
     .group = "REST",
     .field = FIELD(allow_methods),
     .doc = "Value of the header Access-Control-Allow-Methods; empty: GET, POST and HEAD."},
    {.name = "response.http.headers.config",
     .type = SL_CONFIG_STRING,
     .default_value = "",
     .importance = SL_LOW,
     .group = "REST",
     .field = FIELD(response_headers),
     .doc = "Headers added to every answer: `action name:value`, separated by commas; action is set or add."},
    {.name = "admin.listeners",
     .type = SL_CONFIG_LIST,
     .importance = SL_LOW,
     .group = "REST",
     .field = FIELD(admin_listeners),
     .check = sl__check_admin_listeners,
     .doc = "Where the administration routes (/admin) are served, and only there: http://host:port or "
            "https://host:port, "
            "separated by commas. Without this setting they are served on listeners; with an empty value "
            "nowhere."},
    {.name = "listeners.https.*",
     .type = SL_CONFIG_PASSWORD,
     .importance = SL_LOW,
     .group = "REST",
     .pattern = true,
     .doc = "TLS of https listeners: ssl.keystore.location (a PEM or PKCS#12 file with certificate and key), "
            "ssl.keystore.password, ssl.key.password, ssl.truststore.location, ssl.truststore.password, "
            "ssl.client.auth "
            "(none, requested, required), ssl.enabled.protocols, and PEM texts in "
            "ssl.keystore.certificate.chain, "
            "ssl.keystore.key and ssl.truststore.certificates. Without any of them those without the prefix "
            "count. JKS "
            "stores are refused."},
    {.name = "admin.listeners.https.*",
     .type = SL_CONFIG_PASSWORD,
     .importance = SL_LOW,
     .group = "REST",
     .pattern = true,
     .doc = "The same for https among admin.listeners."},
    {.name = "rest.auth.file",
     .type = SL_CONFIG_STRING,
     .importance = SL_MEDIUM,
     .group = "REST",
     .field = FIELD(auth_file),
     .doc =
         "Sluice's own. A .properties file of users and their passwords: `user=password`, or "
         "`user=sha256:HEX` with the SHA-256 of the password. Every request then needs one of them as basic "
         "authentication. It is the file of Kafka Connect's PropertyFileLoginModule."},
    {.name = "rest.auth.read.only.users",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_MEDIUM,
     .group = "REST",
     .field = FIELD(auth_readers),
     .doc = "Sluice's own. Users of rest.auth.file who may read, and validate configurations, but change "
            "nothing."},
    {.name = "rest.request.max.bytes",
     .type = SL_CONFIG_INT,
     .default_value = "4194304",
     .importance = SL_LOW,
     .group = "REST",
     .has_min = true,
     .min = 1024,
     .has_max = true,
     .max = 67108864,
     .field = FIELD(request_max_bytes),
     .doc = "Sluice's own. The largest body of a request, in bytes."},
    {.name = "rest.request.timeout.ms",
     .type = SL_CONFIG_INT,
     .default_value = "90000",
     .importance = SL_LOW,
     .group = "REST",
     .has_min = true,
     .min = 100,
     .has_max = true,
     .max = 3600000,
     .field = FIELD(request_timeout_ms),
     .doc = "Sluice's own. How long a request may take before it is answered with an error; a change of the "
            "cluster is "
            "waited for within this time."},
    {.name = "rest.extension.classes",
     .type = SL_CONFIG_LIST,
     .default_value = "",
     .importance = SL_LOW,
     .group = "REST",
     .check = sl__check_rest_extensions,
     .field = FIELD(extensions),
     .doc = "Java classes that extend REST. Only "
            "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension has a "
            "counterpart: set "
            "rest.auth.file beside it."},

    {.name = "log.format",
     .type = SL_CONFIG_STRING,
     .default_value = "text",
     .importance = SL_MEDIUM,
     .group = "Log",
     .enums = formats,
     .field = SL_FIELD(worker_parsed, log_format),
     .doc = "Sluice's own. Lines of the log on standard error: text, or json with one object a line."},
    {.name = "log.level",
     .type = SL_CONFIG_STRING,
     .default_value = "INFO",
     .importance = SL_MEDIUM,
     .group = "Log",
     .enums = levels,
     .field = FIELD(log_level),
     .doc = "Sluice's own. What is logged: TRACE, DEBUG, INFO, WARN or ERROR."},
    {.name = "log.level.*",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = "Log",
     .enums = levels,
     .pattern = true,
     .doc =
         "Sluice's own. The level of one component, such as log.level.kafka or log.level.connector:orders."},

    DIST("group.id", SL_CONFIG_STRING),
    DIST("config.storage.topic", SL_CONFIG_STRING),
    DIST("config.storage.replication.factor", SL_CONFIG_INT),
    DIST("offset.storage.topic", SL_CONFIG_STRING),
    DIST("offset.storage.partitions", SL_CONFIG_INT),
    DIST("offset.storage.replication.factor", SL_CONFIG_INT),
    DIST("status.storage.topic", SL_CONFIG_STRING),
    DIST("status.storage.partitions", SL_CONFIG_INT),
    DIST("status.storage.replication.factor", SL_CONFIG_INT),
    DIST("session.timeout.ms", SL_CONFIG_INT),
    DIST("heartbeat.interval.ms", SL_CONFIG_INT),
    DIST("rebalance.timeout.ms", SL_CONFIG_INT),
    DIST("scheduled.rebalance.max.delay.ms", SL_CONFIG_INT),
    DIST("worker.sync.timeout.ms", SL_CONFIG_INT),
    DIST("worker.unsync.backoff.ms", SL_CONFIG_INT),
    DIST("connect.protocol", SL_CONFIG_STRING),
    DIST("inter.worker.key.generation.algorithm", SL_CONFIG_STRING),
    DIST("inter.worker.key.size", SL_CONFIG_INT),
    DIST("inter.worker.key.ttl.ms", SL_CONFIG_INT),
    DIST("inter.worker.signature.algorithm", SL_CONFIG_STRING),
    DIST("inter.worker.verification.algorithms", SL_CONFIG_LIST),
    {.name = "exactly.once.source.support",
     .type = SL_CONFIG_STRING,
     .default_value = "disabled",
     .importance = SL_LOW,
     .group = "Distributed",
     .support = SL_WARNED,
     .remedy = DISTRIBUTED,
     .doc = "Read by distributed workers only."},
    {.name = "config.storage.*",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = "Distributed",
     .pattern = true,
     .support = SL_WARNED,
     .remedy = DISTRIBUTED,
     .doc = "Settings of the config topic."},
    {.name = "offset.storage.*",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = "Distributed",
     .pattern = true,
     .support = SL_WARNED,
     .remedy = DISTRIBUTED,
     .doc = "Settings of the offset topic."},
    {.name = "status.storage.*",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = "Distributed",
     .pattern = true,
     .support = SL_WARNED,
     .remedy = DISTRIBUTED,
     .doc = "Settings of the status topic."},
};

const size_t sl__worker_nrows = sizeof sl__worker_rows / sizeof sl__worker_rows[0];

static const char *const java_keys[] = {
    "plugin.discovery",
    "metric.reporters",
    "metrics.context.*",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "auto.include.jmx.reporter",
    "internal.key.converter",
    "internal.key.converter.*",
    "internal.value.converter",
    "internal.value.converter.*",
    "key.converter.plugin.version",
    "value.converter.plugin.version",
    "header.converter.plugin.version",
    "connect.kafka.cluster.id",
    "connect.group.id",
};

bool sl__worker_key_java(sl_str key) {
    for (size_t i = 0; i < sizeof java_keys / sizeof java_keys[0]; i++) {
        if (sl_config_pattern_match(java_keys[i], key, NULL, 0)) {
            return true;
        }
    }
    return false;
}

void sl__worker_note_java(const sl_config *c, sl_arena *arena, sl_config_report *report) {
    sl_str names = SL_STR_NONE;
    for (size_t i = 0; i < c->n; i++) {
        if (!sl__worker_key_java(c->entries[i].key)) {
            continue;
        }
        sl_str more =
            names.n ? sl_arena_printf(arena, "%.*s, %.*s", SL_STR_ARG(names), SL_STR_ARG(c->entries[i].key))
                    : c->entries[i].key;
        names = more.p ? more : names;
    }
    if (names.n) {
        sl_config_report_add(report, SL_SEV_WARNING, SL_STR_NONE, "without effect, they are about Java: %.*s",
                             SL_STR_ARG(names));
    }
}

void sl__worker_log_levels(const sl_config *c, void (*cb)(void *arg, sl_str component, sl_log_level level),
                           void *arg) {
    sl_str prefix = SL_STR("log.level.");
    for (size_t i = 0; i < c->n; i++) {
        const sl_config_entry *e = &c->entries[i];
        for (const sl_config_enum *l = levels;
             l->name && e->key.n > prefix.n && sl_str_starts(e->key, prefix); l++) {
            if (sl_str_eq_nocase(sl_str_trim(e->value), sl_str_of(l->name))) {
                cb(arg, sl_str_skip(e->key, prefix.n), (sl_log_level)l->value);
            }
        }
    }
}

static bool has_https(const sl_str_list *listeners) {
    for (size_t i = 0; i < listeners->n; i++) {
        sl_str l = sl_str_trim(listeners->items[i]);
        if (l.n >= 8 && sl_str_eq_nocase(sl_str_make(l.p, 8), SL_STR("https://"))) {
            return true;
        }
    }
    return false;
}

/* parse_rest reads what the REST interface needs beside its rows. */
static void parse_rest(const sl_config *c, sl_arena *arena, sl_config_report *report,
                       sl__worker_settings *out) {
    sl_str prefix = SL_STR("listeners.https."), admin = SL_STR("admin.listeners.https.");
    bool https = has_https(&out->listeners);
    out->admin_apart = sl_config_find(c, SL_STR("admin.listeners")) != NULL;
    if (https || sl__config_has_prefix(c, prefix)) {
        sl__rest_tls_parse(c, prefix, https, arena, report, &out->rest_tls);
    }
    if (has_https(&out->admin_listeners) || sl__config_has_prefix(c, admin)) {
        sl__rest_tls_parse(c, admin, has_https(&out->admin_listeners), arena, report, &out->admin_tls);
    }
    if (out->extensions.n && !out->auth_file.n) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("rest.extension.classes"),
                             "for basic authentication set rest.auth.file to the file of users that the JAAS "
                             "configuration names");
    }
}

void sl__worker_parse(const sl_config *c, sl_arena *arena, sl_config_report *report,
                      sl__worker_settings *out) {
    worker_parsed parsed = {.log_format = 0};
    _Static_assert(offsetof(worker_parsed, s) == 0, "rows name members of s");
    sl_config_parse(sl__worker_rows, sl__worker_nrows, c, &parsed, arena, report);
    *out = parsed.s;
    parse_rest(c, arena, report, out);
    out->log_json = parsed.log_format != 0;
    if (out->override_policy == SL__OVERRIDE_PRINCIPAL) {
        sl_config_report_add(report, SL_SEV_WARNING, SL_STR("connector.client.config.override.policy"),
                             "Principal is deprecated in Kafka Connect; use Allowlist");
    }
}
