/*
 * delivery.h - what a failed delivery means: for the record, or for the producer.
 */
#ifndef SLUICE_KAFKA_DELIVERY_H
#define SLUICE_KAFKA_DELIVERY_H

#include "kafka/client.h"

/*
 * sl__delivery_error makes the error of a message that was not delivered. USER: this record can never be
 * written. FATAL: no record of the topic can, as things are. RETRIABLE: not the record's fault. bytes is key
 * and payload, limit message.max.bytes.
 */
sl_error *sl__delivery_error(rd_kafka_resp_err_t err, sl_str topic, int32_t partition, size_t bytes,
                             int limit);

#endif
