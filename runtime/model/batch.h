/*
 * batch.h - making, emptying and freeing batches.
 *
 * Filling them is in sluice/record.h. Threads: a batch has one owner at a time. Memory: a batch owns its
 * arena and its arrays, and holds a reference on each schema it was told to keep.
 */
#ifndef SLUICE_MODEL_BATCH_H
#define SLUICE_MODEL_BATCH_H

#include <sluice/host.h>

/* sl__batch_new makes an empty batch; NULL when out of memory. host is borrowed for the batch's life. */
sl_batch *sl__batch_new(const sl_host *host);

/* sl__batch_reset drops records, offsets and schema references. One arena chunk of at most 1 MiB is kept for
   the next use, and the arrays if they are small. */
void sl__batch_reset(sl_batch *b);

/* sl__batch_free: NULL is allowed. */
void sl__batch_free(sl_batch *b);

/* sl__batch_bytes: the memory that the batch holds now. */
size_t sl__batch_bytes(const sl_batch *b);

#endif
