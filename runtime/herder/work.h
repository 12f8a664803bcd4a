/*
 * work.h - something that may block, done for a call on the scheduler's pool, without a connector (job.h has
 * those).
 *
 * Threads: run on a pool thread, finished on the herder's. Memory: the work is its starter's, embedded in
 * what it needs; finished takes it over.
 */
#ifndef SLUICE_HERDER_WORK_H
#define SLUICE_HERDER_WORK_H

#include "herder/herder.h"

typedef struct sl__work {
    sl__unit unit; /* first */
    sl__message message;
    sl__herder *herder;
    sl__call *call; /* NULL once the call's time is over */
    void (*run)(struct sl__work *w);
    void (*finished)(sl__herder *h, struct sl__work *w);
} sl__work;

/* sl__work_start begins; the call (may be NULL) waits, and is the finisher's to end. @herder */
void sl__work_start(sl__herder *h, sl__call *c, sl__work *w);

#endif
