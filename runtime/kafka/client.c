/*
 * client.c - configurations, log lines and common errors of librdkafka clients.
 */
#include "kafka/client.h"

#include <stdio.h>

#include "base/log.h"
#include "kafka/embedded.h"
#include "kafka/kafka.h"

#define COMPONENT "kafka"
#define PROBLEM_SIZE 512

/* level_of gives our level for one of syslog's. */
static sl_log_level level_of(int level) {
    return level <= 3 ? SL_LOG_ERROR : level == 4 ? SL_LOG_WARN : level <= 6 ? SL_LOG_INFO : SL_LOG_DEBUG;
}

static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *line) {
    sl__log(level_of(level), COMPONENT, "%s: %s: %s", rk ? rd_kafka_name(rk) : "client", facility, line);
}

sl_error *sl__rk_set(rd_kafka_conf_t *rk, const char *name, const char *value) {
    char problem[PROBLEM_SIZE];
    if (rd_kafka_conf_set(rk, name, value, problem, sizeof problem) == RD_KAFKA_CONF_OK) {
        return NULL;
    }
    return sl_error_new(SL_E_CONFIG, SL_USER, "kafka client setting '%s': %s", name, problem);
}

/* try_pair sets one property; false with the reason, which has no secret value in it. */
static bool try_pair(rd_kafka_conf_t *rk, const sl__client_property *p, bool say, char *problem,
                     size_t size) {
    rd_kafka_conf_res_t res = rd_kafka_conf_set(rk, p->name.p, p->value.p, problem, size);
    if (res == RD_KAFKA_CONF_UNKNOWN && p->optional) {
        if (say) {
            sl__log(SL_LOG_INFO, COMPONENT, "setting '%s' is not known to librdkafka %s and has no effect",
                    p->name.p, rd_kafka_version_str());
        }
        return true;
    }
    if (res == RD_KAFKA_CONF_OK) {
        return true;
    }
    if (p->secret) { /* librdkafka's text quotes the value */
        snprintf(problem, size, "the value is not usable; check it");
    }
    problem[sl_str_trim(sl_str_of(problem)).n] = '\0'; /* some of its texts end with a line */
    return false;
}

static sl_error *set_pair(rd_kafka_conf_t *rk, const sl__client_property *p) {
    char problem[PROBLEM_SIZE];
    return try_pair(rk, p, true, problem, sizeof problem)
               ? NULL
               : sl_error_new(SL_E_CONFIG, SL_USER, "kafka client setting '%s': %s", p->name.p, problem);
}

bool sl__kafka_takes(const sl__client_property *p, char *problem, size_t size) {
    rd_kafka_conf_t *rk = rd_kafka_conf_new();
    bool takes = try_pair(rk, p, false, problem, size);
    rd_kafka_conf_destroy(rk);
    return takes;
}

/* is_replaced tells whether the embedded broker decides about a property. */
static bool is_replaced(const sl__client_property *p) {
    static const char *const names[] = {"bootstrap.servers", "metadata.broker.list", "security.protocol"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (sl_str_eqz(p->name, names[i])) {
            return true;
        }
    }
    return false;
}

static sl_error *set_list(rd_kafka_conf_t *rk, const sl__rk_setting *list) {
    for (; list && list->name; list++) {
        SL_TRY(sl__rk_set(rk, list->name, list->value));
    }
    return NULL;
}

static sl_error *set_pairs(rd_kafka_conf_t *rk, const sl__client_config *conf, const sl__embedded *embedded) {
    for (size_t i = 0; i < conf->n; i++) {
        if (!embedded || !is_replaced(&conf->items[i])) {
            SL_TRY(set_pair(rk, &conf->items[i]));
        }
    }
    return embedded ? sl__rk_set(rk, "bootstrap.servers", sl__embedded_servers(embedded)) : NULL;
}

static sl_error *set_all(rd_kafka_conf_t *rk, const sl__client_config *conf, const sl__rk_setting *defaults,
                         const sl__rk_setting *forced, const sl__embedded *embedded) {
    SL_TRY(sl__rk_set(rk, "client.id", "sluice"));
    if (!sl__client_pair(conf, "reconnect.backoff.ms").n) { /* Java's; librdkafka's own is 10 s */
        SL_TRY(sl__rk_set(rk, "reconnect.backoff.max.ms", "1000"));
    }
    SL_TRY(set_list(rk, defaults));
    SL_TRY(set_pairs(rk, conf, embedded));
    return set_list(rk, forced);
}

sl_error *sl__rk_conf_new(const sl__client_config *conf, const sl__rk_setting *defaults,
                          const sl__rk_setting *forced, const sl__embedded *embedded, void *opaque,
                          rd_kafka_conf_t **out) {
    rd_kafka_conf_t *rk = rd_kafka_conf_new();
    sl_error *err = set_all(rk, conf, defaults, forced, embedded);
    if (err) {
        rd_kafka_conf_destroy(rk);
        return err;
    }
    rd_kafka_conf_set_log_cb(rk, log_line);
    rd_kafka_conf_set_opaque(rk, opaque);
    *out = rk;
    return NULL;
}

sl_error *sl__rk_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **out) {
    char problem[PROBLEM_SIZE];
    *out = rd_kafka_new(type, conf, problem, sizeof problem);
    if (*out) {
        return NULL;
    }
    rd_kafka_conf_destroy(conf);
    return sl_error_new(SL_E_CONFIG, SL_USER, "cannot make a kafka %s: %s",
                        type == RD_KAFKA_PRODUCER ? "producer" : "consumer", problem);
}

sl_str sl__client_pair(const sl__client_config *conf, const char *name) {
    for (size_t i = conf->n; i > 0; i--) {
        if (sl_str_eqz(conf->items[i - 1].name, name)) {
            return conf->items[i - 1].value;
        }
    }
    return SL_STR_NONE;
}

sl_error *sl__client_copy(const sl__client_config *conf, sl_arena *arena, sl__client_config *out) {
    *out = *conf;
    out->items = conf->n ? sl_arena_zalloc(arena, conf->n * sizeof(*out->items)) : NULL;
    for (size_t i = 0; out->items && i < conf->n; i++) {
        out->items[i] = conf->items[i];
        out->items[i].name = sl_arena_str(arena, conf->items[i].name);
        out->items[i].value = sl_arena_str(arena, conf->items[i].value);
        out->items[i].key = SL_STR_NONE;
    }
    return arena->failed ? sl_error_nomem() : NULL;
}

sl_error *sl__rk_acl_error(rd_kafka_resp_err_t err, const char *operation, sl_str topic, sl_str group) {
    switch (err) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return sl_error_new(SL_E_AUTH, SL_FATAL,
                            "not allowed to %s topic '%.*s': give the principal the ACL %s on it", operation,
                            SL_STR_ARG(topic), operation);
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return sl_error_new(SL_E_AUTH, SL_FATAL,
                            "not allowed to use group '%.*s': give the principal the ACL Read on the group",
                            SL_STR_ARG(group));
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return sl_error_new(
            SL_E_AUTH, SL_FATAL,
            "not allowed to %s on the cluster: give the principal the ACL %s (for idempotent producers "
            "on brokers before 3.0: IdempotentWrite) on the cluster",
            operation, operation);
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
        return sl_error_new(
            SL_E_AUTH, SL_FATAL,
            "not allowed to use the transactional id: give the principal the ACL Write on it");
    default:
        return NULL;
    }
}

bool sl__rk_is_outage(rd_kafka_resp_err_t err) {
    switch (err) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
        return true;
    default:
        return false;
    }
}
