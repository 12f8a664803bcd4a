/*
 * status_table.h - what the status topic says: the last status of each connector and task, and the topics
 * that connectors use. Private to status_topic.c and its tests.
 *
 * Threads: one at a time (status_topic.c locks). Memory: everything belongs to the table.
 */
#ifndef SLUICE_STORE_STATUS_TABLE_H
#define SLUICE_STORE_STATUS_TABLE_H

#include "base/map.h"
#include "store/status_record.h"

/* One status. The texts are one heap block. */
typedef struct sl__status_cell {
    bool there;
    sl__status status;
    unsigned sequence; /* counts puts, so that an old one is not tried again over a newer one */
    int32_t task;
} sl__status_cell;

typedef struct sl__status_item {
    sl__status_cell connector;
    sl__status_cell **tasks; /* sorted by number */
    size_t ntasks;
    sl__map topics; /* topic -> sl__topic_status, texts behind it */
} sl__status_item;

typedef struct sl__status_table {
    sl__map items; /* connector -> sl__status_item */
} sl__status_table;

void sl__status_table_init(sl__status_table *t);
void sl__status_table_deinit(sl__status_table *t);

/* sl__status_table_apply puts a record in, with Kafka Connect's rule: an UNASSIGNED that comes late does not
   hide a RUNNING of the same or a later generation. */
SL_MUST_CHECK sl_error *sl__status_table_apply(sl__status_table *t, const sl__status_record *r);

/* sl__status_table_cell gives the cell of a connector or task; make: makes it, NULL = out of memory. */
sl__status_cell *sl__status_table_cell(sl__status_table *t, sl_str connector, int32_t task, bool make);

sl__status_item *sl__status_table_item(const sl__status_table *t, sl_str connector); /* NULL = none */

/* sl__status_safe tells whether s may be written over what is there. */
bool sl__status_safe(const sl__status_cell *c, const sl__status *s);

#endif
