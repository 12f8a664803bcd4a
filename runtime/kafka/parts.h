/*
 * parts.h - a consumer's assigned partitions and how far it has read them.
 *
 * Threads: none, the consumer's. Memory: the table owns its names; a part stays where it is until the table
 * changes.
 */
#ifndef SLUICE_KAFKA_PARTS_H
#define SLUICE_KAFKA_PARTS_H

#include <sluice/memory.h>

typedef struct sl__part {
    char *topic; /* owned */
    size_t topic_n;
    int32_t partition;
    int64_t next;     /* the offset that must come next; -1 = any */
    int64_t since_ms; /* when it was assigned */
} sl__part;

typedef struct sl__part_list {
    sl__part *items; /* owned */
    size_t n;
    size_t cap;
    size_t last; /* where the last one was found */
} sl__part_list;

void sl__part_list_deinit(sl__part_list *l);

/* sl__part_list_add adds one that is not there, or starts the one that is there anew. NULL: out of memory. */
sl__part *sl__part_list_add(sl__part_list *l, sl_str topic, int32_t partition, int64_t next);
void sl__part_list_remove(sl__part_list *l, const char *topic, int32_t partition);

/* sl__part_list_find: NULL = not assigned. Fast when it is the same one as the last time. */
sl__part *sl__part_list_find(sl__part_list *l, const char *topic, int32_t partition);

#endif
