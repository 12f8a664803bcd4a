/*
 * metric_table.h - the one table of metrics: how each is called where it is counted and where it is shown,
 * and what it says.
 *
 * The names that are shown are those that Kafka Connect's and Debezium's JMX metrics have behind the usual
 * rules of Prometheus's JMX exporter, so that dashboards made for them work; what has no counterpart begins
 * with sluice_. A metric that is counted and not in the table (of a plugin from elsewhere) is shown as
 * sluice_NAME.
 *
 * Threads: constant. Memory: static.
 */
#ifndef SLUICE_BASE_METRIC_TABLE_H
#define SLUICE_BASE_METRIC_TABLE_H

#include <sluice/str.h>

typedef enum sl__metric_kind { SL_METRIC_COUNTER, SL_METRIC_GAUGE } sl__metric_kind;

typedef enum sl__metric_scope {
    SL_METRIC_WORKER,    /* no labels */
    SL_METRIC_CLUSTER,   /* no labels; of a worker of a cluster */
    SL_METRIC_CONNECTOR, /* connector */
    SL_METRIC_TASK,      /* connector, task: of all tasks */
    SL_METRIC_SOURCE,    /* likewise, of sources' */
    SL_METRIC_SINK,      /* of sinks' */
    SL_METRIC_PLUGIN,    /* of those whose plugin has it */
} sl__metric_scope;

typedef struct sl__metric_row {
    const char *name;  /* where it is counted; NULL = made when it is asked for (rest/metrics.c) */
    const char *shown; /* Prometheus's */
    sl__metric_kind kind;
    sl__metric_scope scope;
    const char *labels; /* further labels with their values; NULL = none */
    const char *doc;    /* one sentence */
} sl__metric_row;

extern const sl__metric_row sl__metric_rows[];
extern const size_t sl__metric_nrows;

/* sl__metric_row_of gives the row of a counted name, or NULL. */
const sl__metric_row *sl__metric_row_of(const char *name);

/* sl__metric_row_shown gives the row of a shown name, or NULL. */
const sl__metric_row *sl__metric_row_shown(const char *shown);

/* sl__metrics_begin shows all counted metrics of a scope, with 0 where nothing was counted yet. Any thread.
 */
void sl__metrics_begin(sl__metric_scope scope, sl_str connector, int32_t task);

#endif
