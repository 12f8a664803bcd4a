/*
 * kafka_client.h - Java's Kafka client settings as librdkafka's.
 *
 * A worker's `producer.`, `consumer.` and `admin.` settings and a connector's `producer.override.` and so on
 * use the names of Java's clients. Each becomes librdkafka's name and value, is warned about (no
 * counterpart), or is refused with what to do instead. A name of librdkafka's own is passed on as it is.
 *
 * Not for: making clients (runtime/kafka), which sets what the worker itself needs (group.id, idempotence,
 * ...) after these. Threads: pure functions, but key and trust stores are read from disk. Memory: results are
 * in the arena.
 */
#ifndef SLUICE_CONFIG_KAFKA_CLIENT_H
#define SLUICE_CONFIG_KAFKA_CLIENT_H

#include <sluice/config.h>

typedef enum sl__client_kind { SL__CLIENT_PRODUCER, SL__CLIENT_CONSUMER, SL__CLIENT_ADMIN } sl__client_kind;

typedef struct sl__client_property {
    sl_str name;   /* librdkafka's; zero-terminated */
    sl_str value;  /* zero-terminated */
    bool secret;   /* never to be logged */
    bool optional; /* newer than the oldest librdkafka: one that does not know it goes on without */
    sl_str key;    /* the setting that it comes from; absent for a default */
} sl__client_property;

/* Tells whether the Kafka library takes a property; if not, *problem says why, without a secret value. */
typedef bool (*sl__client_takes)(const sl__client_property *p, char *problem, size_t size);

typedef struct sl__client_config {
    sl__client_property *items; /* in the order to set them */
    size_t n;
    int32_t max_poll_records; /* consumer: most records in one batch; 0 = not set */
    bool embedded;            /* bootstrap.servers is embedded: */
} sl__client_config;

/* What a connector may override; connector.client.config.override.policy. */
typedef enum sl__override_policy {
    SL__OVERRIDE_ALL,
    SL__OVERRIDE_NONE,
    SL__OVERRIDE_PRINCIPAL, /* security.protocol, sasl.mechanism, sasl.jaas.config */
    SL__OVERRIDE_ALLOWLIST,
} sl__override_policy;

/* sl__client_settings gives the settings of one client of a connector (NULL: of the worker itself), in Java's
   names: the worker's bootstrap.servers, its settings with the kind's prefix (for admin the ones without a
   prefix before them), and the connector's overrides. Both configurations are resolved ones. */
SL_MUST_CHECK sl_error *sl__client_settings(sl__client_kind kind, const sl_config *worker,
                                            const sl_config *connector, sl_arena *arena, sl_config *out);

/* sl__client_settings_plain gives those of the clients with which a distributed worker keeps its state: the
   worker's settings without a prefix, as far as clients know them. */
SL_MUST_CHECK sl_error *sl__client_settings_plain(const sl_config *worker, sl_arena *arena, sl_config *out);

/* sl__client_prefixed gives a worker's settings with a client's prefix, the prefix removed; admin.listeners
   are the REST interface's and left out. */
SL_MUST_CHECK sl_error *sl__client_prefixed(const sl_config *worker, sl_str prefix, sl_arena *arena,
                                            sl_config *out);

/* sl__client_sink_group gives a sink's consumer group: group.id of its own settings, else connect-NAME. */
SL_MUST_CHECK sl_error *sl__client_sink_group(const sl_config *consumer, sl_str name, sl_arena *arena,
                                              sl_str *group);

/* sl__client_translate translates them; problems go to the report by key, with `prefix` (may be absent)
   before it. Java's defaults are added where librdkafka's differ and it matters. */
SL_MUST_CHECK sl_error *sl__client_translate(sl__client_kind kind, const sl_config *settings, sl_str prefix,
                                             sl_arena *arena, sl_config_report *report,
                                             sl__client_config *out);

/* sl__client_check reports the properties that the Kafka library does not take, by the keys that they come
   from, with prefix. */
void sl__client_check(const sl__client_config *c, sl__client_takes takes, sl_str prefix,
                      sl_config_report *report);

/* sl__client_key_known tells whether Java's clients or librdkafka have a setting of that name. */
bool sl__client_key_known(sl_str key);

/* sl__client_key_secret tells whether its value must not be shown. */
bool sl__client_key_secret(sl_str key);

/* sl__client_key_nearest gives a known name that looks like key, and how far it is; NULL when none is near.
 */
const char *sl__client_key_nearest(sl_str key, unsigned *distance);

/* sl__override_allowed tells whether the policy lets a connector set that client key. */
bool sl__override_allowed(sl__override_policy policy, const sl_str_list *allowlist, sl_str key);

#endif
