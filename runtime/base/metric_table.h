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

#include <stdbool.h>
#include <stddef.h>

typedef enum sl__metric_kind { SL_METRIC_COUNTER, SL_METRIC_GAUGE } sl__metric_kind;

typedef enum sl__metric_scope {
    SL_METRIC_WORKER,    /* no labels */
    SL_METRIC_CONNECTOR, /* connector */
    SL_METRIC_TASK,      /* connector, task */
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

#endif
