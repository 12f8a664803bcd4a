/*
 * assignment.h - who runs what: a pure function of the workers, the units and where these are now.
 *
 * A unit is a connector or one of its tasks. What runs stays where it is; what nobody has goes to the least
 * loaded; only when some worker has at least two more than another does the surplus move, and no more of it
 * than that takes. Connectors and tasks are balanced separately, as in Kafka Connect.
 *
 * Not for: when a unit may move (leader.c). Threads: pure. Memory: the caller's.
 */
#ifndef SLUICE_HERDER_ASSIGNMENT_H
#define SLUICE_HERDER_ASSIGNMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL__NOBODY (-1)

typedef struct sl__place {
    bool task;     /* else a connector */
    bool held;     /* belongs to nobody for now: its worker may come back */
    int32_t owner; /* index of the worker, SL__NOBODY = none; in and out */
} sl__place;

/* sl__assign changes the owners. level: surplus may move. False: out of memory, nothing changed. */
bool sl__assign(size_t nworkers, sl__place *places, size_t n, bool level);

#endif
