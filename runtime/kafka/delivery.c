/*
 * delivery.c - the classes of delivery errors.
 */
#include "kafka/delivery.h"

/* is_bad_record tells whether the broker or the client can never take this record. */
static bool is_bad_record(rd_kafka_resp_err_t err) {
    switch (err) {
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return true;
    default:
        return false;
    }
}

static const char *advice_for(rd_kafka_resp_err_t err) {
    switch (err) {
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return "; a topic with cleanup.policy=compact takes only records with a key";
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
        return "; see message.timestamp.before.max.ms and message.timestamp.after.max.ms of the topic";
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        return "; a topic's name has 1 to 249 letters, digits, '.', '_' and '-'";
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return "; raise segment.bytes of the topic";
    default:
        return "";
    }
}

static sl_error *too_large(sl_str topic, size_t bytes, int limit) {
    if (bytes > (size_t)limit || (size_t)limit - bytes < 512) {
        return sl_error_new(
            SL_E_DATA, SL_USER,
            "record of %zu bytes for topic '%.*s' is larger than the producer's limit of %d: raise "
            "producer.override.max.request.size, and max.message.bytes of the topic",
            bytes, SL_STR_ARG(topic), limit);
    }
    return sl_error_new(
        SL_E_DATA, SL_USER,
        "record of %zu bytes is larger than topic '%.*s' takes: raise max.message.bytes of the topic "
        "(and, from %d bytes on, producer.override.max.request.size)",
        bytes, SL_STR_ARG(topic), limit);
}

sl_error *sl__delivery_error(rd_kafka_resp_err_t err, sl_str topic, int32_t partition, size_t bytes,
                             int limit) {
    sl_error *acl = sl__rk_acl_error(err, "Write", topic, SL_STR_NONE);
    if (acl) {
        return acl;
    }
    if (err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        return too_large(topic, bytes, limit);
    }
    if (err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
        return sl_error_new(
            SL_E_DATA, SL_USER,
            "topic '%.*s' has no partition %d: let the record's partition be chosen by its key, or add "
            "partitions to the topic",
            SL_STR_ARG(topic), (int)partition);
    }
    if (err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        return sl_error_new(
            SL_E_NOT_FOUND, SL_FATAL,
            "topic '%.*s' does not exist and the cluster does not make it "
            "(auto.create.topics.enable=false): create it, or set topic.creation.default.partitions and "
            "topic.creation.default.replication.factor",
            SL_STR_ARG(topic));
    }
    if (err == RD_KAFKA_RESP_ERR_POLICY_VIOLATION || err == RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE) {
        return sl_error_new(SL_E_KAFKA, SL_FATAL, "topic '%.*s' does not take records as they are sent: %s",
                            SL_STR_ARG(topic), rd_kafka_err2str(err));
    }
    if (is_bad_record(err)) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "topic '%.*s' does not take the record (%zu bytes): %s (%s)%s", SL_STR_ARG(topic),
                            bytes, rd_kafka_err2str(err), rd_kafka_err2name(err), advice_for(err));
    }
    return sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "record for topic '%.*s' was not delivered: %s (%s)",
                        SL_STR_ARG(topic), rd_kafka_err2str(err), rd_kafka_err2name(err));
}
