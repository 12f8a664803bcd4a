/*
 * client.h - what all librdkafka clients of this folder share: their configuration, their log lines, their
 * errors.
 *
 * Private to runtime/kafka: the only header here that shows librdkafka.
 *
 * Threads: any. Memory: as each function says.
 */
#ifndef SLUICE_KAFKA_CLIENT_H
#define SLUICE_KAFKA_CLIENT_H

#include <librdkafka/rdkafka.h>

#include "config/kafka_client.h"

struct sl__embedded;

/* One setting of our own. */
typedef struct sl__rk_setting {
    const char *name;
    const char *value;
} sl__rk_setting;

/*
 * sl__rk_conf_new makes a librdkafka configuration: `defaults` first, then the translated settings, then
 * `forced`, each list ending with a NULL name (NULL = none). With an embedded broker its address replaces
 * bootstrap.servers and security.protocol. Lines of librdkafka go to the log; opaque is what callbacks get.
 * Errors name the setting, never a secret.
 */
SL_MUST_CHECK sl_error *sl__rk_conf_new(const sl__client_config *conf, const sl__rk_setting *defaults,
                                        const sl__rk_setting *forced, const struct sl__embedded *embedded,
                                        void *opaque, rd_kafka_conf_t **out);

/* sl__rk_set sets one property that must be known. */
SL_MUST_CHECK sl_error *sl__rk_set(rd_kafka_conf_t *rk, const char *name, const char *value);

/* sl__rk_new makes the client; takes conf over, also when it fails. */
SL_MUST_CHECK sl_error *sl__rk_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **out);

/* sl__client_pair gives the value in force of a librdkafka property among the settings; absent when it is not
 * there. */
sl_str sl__client_pair(const sl__client_config *conf, const char *name);

/* sl__client_copy copies settings into the arena. */
SL_MUST_CHECK sl_error *sl__client_copy(const sl__client_config *conf, sl_arena *arena,
                                        sl__client_config *out);

/* sl__rk_acl_error: error for missing privileges, with the ACL to give; NULL when err is no such error. what
 * may be absent. */
sl_error *sl__rk_acl_error(rd_kafka_resp_err_t err, const char *operation, sl_str topic, sl_str group);

/* sl__rk_is_outage tells whether err is about reaching the cluster, and may be over the next time. */
bool sl__rk_is_outage(rd_kafka_resp_err_t err);

#endif
