/*
 * progress.h - how far connectors are, from the metrics of the workers that run their tasks.
 *
 * Threads: the main thread. Memory: the struct's own; figures of the look before are kept for rates.
 */
#ifndef SLUICE_CLI_PROGRESS_H
#define SLUICE_CLI_PROGRESS_H

#include "base/map.h"
#include "cli/client.h"

typedef struct sl__progress {
    sl__map now, before; /* "TASK/CONNECTOR" -> the figures of the task */
    int64_t now_ms, before_ms;
    sl__map asked; /* workers, in this look */
} sl__progress;

void sl__progress_init(sl__progress *p);
void sl__progress_deinit(sl__progress *p);

/* sl__progress_look begins a look: asks the client's worker. What cannot be asked is left out. */
void sl__progress_look(sl__progress *p, sl__client *c);

/* sl__progress_add asks the other workers that run tasks of a connector. status: as GET .../status has it. */
void sl__progress_add(sl__progress *p, sl__client *c, const json_t *status);

/* sl__progress_text says how far a connector is: its snapshot with its rate and the time left, how far it is
   behind, how many records a second it takes since the look before. Empty when nothing is known. */
sl_str sl__progress_text(const sl__progress *p, const json_t *status, sl_arena *arena);

#endif
