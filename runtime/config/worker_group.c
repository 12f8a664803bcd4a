/*
 * worker_group.c - see worker_group.h.
 */
#include "config/worker_group.h"

#include "config/checks.h"

#define GROUP "Distributed"
#define FIELD(m) SL_FIELD(sl__worker_group, m)
#define INT_ROW(key, member, value, least, text)                                                             \
    {                                                                                                        \
        .name = key, .type = SL_CONFIG_INT, .default_value = value, .importance = SL_LOW, .group = GROUP,    \
        .has_min = true, .min = least, .field = FIELD(member), .doc = text                                   \
    }
#define WITHOUT_EFFECT(key, t)                                                                               \
    {                                                                                                        \
        .name = key, .type = t, .importance = SL_LOW, .group = GROUP, .support = SL_WARNED,                  \
        .remedy = "without effect: Sluice's workers need nothing of the kind",                               \
        .doc = "Read and without effect."                                                                    \
    }

static const sl_config_enum exactly_once[] = {
    {"disabled", SL__EXACTLY_ONCE_DISABLED},
    {"preparing", SL__EXACTLY_ONCE_PREPARING},
    {"enabled", SL__EXACTLY_ONCE_ENABLED},
    {NULL, 0},
};

static const char *const algorithms[] = {"HmacSHA1", "HmacSHA224", "HmacSHA256", "HmacSHA384", "HmacSHA512"};

static bool is_algorithm(sl_str value) {
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        if (sl_str_eq_nocase(value, sl_str_of(algorithms[i]))) {
            return true;
        }
    }
    return false;
}

/* check_algorithms takes one algorithm, or a list of them. */
static const char *check_algorithms(const sl_config_row *row, sl_str value, sl_arena *arena) {
    sl_str one;
    (void)row;
    (void)arena;
    if (!sl_str_trim(value).n) {
        return "expected an algorithm, such as HmacSHA256";
    }
    while (sl_str_next(&value, ',', &one)) {
        if (!is_algorithm(sl_str_trim(one))) {
            return "expected HmacSHA1, HmacSHA224, HmacSHA256, HmacSHA384 or HmacSHA512";
        }
    }
    return NULL;
}

const sl_config_row sl__worker_group_rows[] = {
    {.name = "group.id",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .group = GROUP,
     .field = FIELD(id),
     .check = sl__check_not_empty,
     .doc =
         "Names the cluster: workers with the same group.id and the same topics share the connectors among "
         "them."},
    {.name = "group.instance.id",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .group = GROUP,
     .field = FIELD(instance),
     .doc = "Sluice's own. A name of this worker that outlives it: a worker that is started again under the "
            "same "
            "name within session.timeout.ms takes its place, and the others notice nothing."},
    INT_ROW("session.timeout.ms", session_ms, "10000", 1000,
            "A worker that has not been heard of for so long has left the group. Its own tasks stop before."),
    INT_ROW("heartbeat.interval.ms", heartbeat_ms, "3000", 100,
            "How often a worker is heard of; at most a third of session.timeout.ms."),
    INT_ROW("rebalance.timeout.ms", rebalance_ms, "60000", 1000,
            "How long the members of the group have to join it again when its members change."),
    INT_ROW(
        "scheduled.rebalance.max.delay.ms", delay_ms, "10000", 0,
        "How long the connectors and tasks of a worker that has left wait for it to come back before others "
        "take them over. Kafka Connect's default is 300000; a restart here takes less than a second."),
    INT_ROW(
        "inter.worker.key.ttl.ms", key_ttl_ms, "3600000", 1000,
        "How long a key with which workers sign requests to each other is used before there is a new one."),
    INT_ROW("inter.worker.key.size", key_size, "0", 0,
            "Size in bits of that key; 0 for the algorithm's own, 256."),
    {.name = "inter.worker.key.generation.algorithm",
     .type = SL_CONFIG_STRING,
     .default_value = "HmacSHA256",
     .importance = SL_LOW,
     .group = GROUP,
     .field = FIELD(key_algorithm),
     .check = check_algorithms,
     .doc = "The algorithm that the key is made for."},
    {.name = "inter.worker.signature.algorithm",
     .type = SL_CONFIG_STRING,
     .default_value = "HmacSHA256",
     .importance = SL_LOW,
     .group = GROUP,
     .field = FIELD(signature_algorithm),
     .check = check_algorithms,
     .doc = "The algorithm with which requests that only workers may make are signed: one of "
            "inter.worker.verification.algorithms."},
    {.name = "inter.worker.verification.algorithms",
     .type = SL_CONFIG_LIST,
     .default_value = "HmacSHA256",
     .importance = SL_LOW,
     .group = GROUP,
     .field = FIELD(verification_algorithms),
     .check = check_algorithms,
     .doc = "With which algorithms a request of another worker may be signed; it is refused otherwise."},
    {.name = "exactly.once.source.support",
     .type = SL_CONFIG_STRING,
     .default_value = "disabled",
     .importance = SL_HIGH,
     .group = GROUP,
     .enums = exactly_once,
     .field = FIELD(exactly_once),
     .doc = "enabled: sources write their records and offsets in transactions (KIP-618), and before new "
            "tasks of "
            "a connector start the earlier ones are fenced. All workers of a cluster must say the same. "
            "preparing, "
            "Kafka Connect's step between, is as disabled here: the leader writes the config topic in "
            "transactions "
            "always."},
    WITHOUT_EFFECT("worker.sync.timeout.ms", SL_CONFIG_INT),
    WITHOUT_EFFECT("worker.unsync.backoff.ms", SL_CONFIG_INT),
    WITHOUT_EFFECT("connect.protocol", SL_CONFIG_STRING),
};

const size_t sl__worker_group_nrows = sizeof sl__worker_group_rows / sizeof sl__worker_group_rows[0];

bool sl__worker_group_verifies(const sl__worker_group *g, sl_str algorithm) {
    for (size_t i = 0; i < g->verification_algorithms.n; i++) {
        if (sl_str_eq_nocase(sl_str_trim(g->verification_algorithms.items[i]), sl_str_trim(algorithm))) {
            return true;
        }
    }
    return false;
}

void sl__worker_group_parse(const sl_config *worker, sl_arena *arena, sl_config_report *report,
                            sl__worker_group *out) {
    *out = (sl__worker_group){.id = SL_STR_NONE};
    sl_config_parse(sl__worker_group_rows, sl__worker_group_nrows, worker, out, arena, report);
    if (out->signature_algorithm.n && !sl__worker_group_verifies(out, out->signature_algorithm)) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("inter.worker.signature.algorithm"),
                             "expected one of inter.worker.verification.algorithms, got '%.*s'",
                             SL_STR_ARG(out->signature_algorithm));
    }
    if (out->heartbeat_ms * 2 >= out->session_ms) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("heartbeat.interval.ms"),
                             "expected less than half of session.timeout.ms (%d), got %d", out->session_ms,
                             out->heartbeat_ms);
    }
}
