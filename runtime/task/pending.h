/*
 * pending.h - offsets on their way to the store: the latest of each source partition.
 *
 * Threads: one owner at a time. Memory: a copy of each partition and offset; what was replaced is given back
 * when it has come to much (compact).
 */
#ifndef SLUICE_TASK_PENDING_H
#define SLUICE_TASK_PENDING_H

#include <sluice/record.h>

typedef struct sl__pending {
    sl_arena arena;
    sl_batch_offset *items;
    size_t n, cap;
} sl__pending;

void sl__pending_init(sl__pending *p);
void sl__pending_deinit(sl__pending *p);

/* sl__pending_merge copies an offset in, in place of an older one of its partition. */
SL_MUST_CHECK sl_error *sl__pending_merge(sl__pending *p, const sl_batch_offset *from);

/* sl__pending_clear forgets all of them. */
void sl__pending_clear(sl__pending *p);

/* sl__pending_compact keeps the memory from growing with every merge. */
SL_MUST_CHECK sl_error *sl__pending_compact(sl__pending *p);

#endif
