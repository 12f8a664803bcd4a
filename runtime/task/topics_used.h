/*
 * topics_used.h - which topics a task has used, told once for each.
 *
 * Threads: the task's step, but for sl__topics_used_forget. Memory: owned, freed with the task.
 */
#ifndef SLUICE_TASK_TOPICS_USED_H
#define SLUICE_TASK_TOPICS_USED_H

#include <stdatomic.h>

#include "base/map.h"

typedef struct sl__topics_used {
    void (*tell)(void *arg, sl_str topic); /* NULL = nobody wants to know */
    void *arg;
    atomic_uint forget; /* how often all was to be forgotten */
    unsigned forgotten; /* how often it was */
    sl__map told;
    char *last; /* owned: the one told or asked last */
    size_t last_n;
} sl__topics_used;

void sl__topics_used_init(sl__topics_used *u, void (*tell)(void *arg, sl_str topic), void *arg);
void sl__topics_used_deinit(sl__topics_used *u);

/* sl__topics_used_add tells of a topic, if it is the first time. */
void sl__topics_used_add(sl__topics_used *u, sl_str topic);

/* sl__topics_used_forget makes the task tell of every topic again. Any thread. */
void sl__topics_used_forget(sl__topics_used *u);

#endif
