/*
 * offsets_connector.h - the offset store of one source connector of a distributed worker: the cluster's, or
 * one of its own (offsets.storage.topic) above the cluster's.
 *
 * Threads: any. Memory: said at the function.
 */
#ifndef SLUICE_STORE_OFFSETS_CONNECTOR_H
#define SLUICE_STORE_OFFSETS_CONNECTOR_H

#include "store/offsets_topic.h"

typedef struct sl__connector_offsets {
    const sl_config *worker;    /* resolved */
    const sl_config *connector; /* resolved */
    sl_str topic;               /* offsets.storage.topic; absent or empty = none */
    bool exactly_once;          /* the offsets are written in the transactions of its records */
    int flush_timeout_ms;
    sl__offsets *cluster; /* borrowed as long as the result is used */
} sl__connector_offsets;

/* sl__offsets_open_connector gives the connector's own store in *own, to be closed by sl__offsets_close;
   NULL: it uses the cluster's. With producer.override.bootstrap.servers exactly-once offsets are kept in that
   other cluster, where their transactions are. */
SL_MUST_CHECK sl_error *sl__offsets_open_connector(sl__kafka *k, const sl__connector_offsets *c,
                                                   sl__offsets **own);

#endif
