/*
 * host.h - the sl_host that plugins get from the worker.
 *
 * Every context that goes to a plugin carries a sl__host_side in .runtime: what log, wake, report and the
 * rest act on. Threads and memory: as sluice/host.h says of each function.
 */
#ifndef SLUICE_TASK_HOST_H
#define SLUICE_TASK_HOST_H

#include <sluice/host.h>

/* The runtime's side of a context. A member that is NULL makes the service a no-op, for contexts outside a
 * task. */
typedef struct sl__host_side {
    void *arg;
    sl_error *(*offset_read)(void *arg, const sl_value *partition, sl_arena *arena, sl_value *offset);
    sl_error *(*report)(void *arg, const sl_record *record, sl_error *err);
    void (*reconfigure)(void *arg);
    void (*wake)(void *arg);
    bool (*stopping)(void *arg);
    struct sl__kafka *kafka;        /* topics; NULL = none here */
    const sl_config *worker_config; /* resolved; with kafka */
} sl__host_side;

/* sl__host: the one table of this process. */
const sl_host *sl__host_table(void);

#endif
