/*
 * positions.h - where a sink task stands in each of its partitions: what it has taken, what is committed.
 *
 * Threads: the task's step. Memory: topics are copied; results are valid until the next call.
 */
#ifndef SLUICE_TASK_POSITIONS_H
#define SLUICE_TASK_POSITIONS_H

#include <sluice/plugin.h>

typedef struct sl__position {
    char *topic; /* owned */
    size_t topic_n;
    int32_t partition;
    int64_t next;      /* the next offset to read after what was taken; -1 = nothing taken */
    int64_t committed; /* -1 = nothing committed by this task */
} sl__position;

/* Zeroed = empty. */
typedef struct sl__positions {
    sl__position *items;
    size_t n, cap;
    size_t last;               /* found last */
    sl_topic_partition *parts; /* for _uncommitted */
    size_t parts_cap;
} sl__positions;

void sl__positions_deinit(sl__positions *p);
SL_MUST_CHECK sl_error *sl__positions_add(sl__positions *p, sl_str topic, int32_t partition);
void sl__positions_remove(sl__positions *p, sl_str topic, int32_t partition);
bool sl__positions_owns(sl__positions *p, sl_str topic, int32_t partition);

/* sl__positions_advance: everything before next is taken. Unknown partitions are left alone. */
void sl__positions_advance(sl__positions *p, sl_str topic, int32_t partition, int64_t next);

/* sl__positions_uncommitted gives the partitions with something taken and not committed. */
SL_MUST_CHECK sl_error *sl__positions_uncommitted(sl__positions *p, sl_topic_partition **parts, size_t *n);
/* sl__positions_doubt: what was committed counts as not committed, for it is not known how that ended. */
void sl__positions_doubt(sl__positions *p);
void sl__positions_committed(sl__positions *p, const sl_topic_partition *parts, size_t n);

#endif
