/*
 * fencing.h - earlier tasks of an exactly-once source are fenced before new ones may start (KIP-618).
 *
 * The config topic says of each connector whether its tasks were committed after the last record
 * tasks-fencing-NAME, and how many tasks that record speaks of. A worker with tasks to start asks the leader
 * by a record of its own (fence-NAME, workers.h). The leader initialises the transactional ids of all tasks
 * that may still write, GROUP-NAME-0 and so on, and then writes tasks-fencing-NAME: with that the tasks
 * start. Nothing is to be fenced when no such record is there yet, or when one task follows one: it fences
 * the other itself.
 *
 * A worker that slept may initialise an id after all of that. So each task asks, once it has its producer,
 * whether it is still the one to write (sl__fence_confirm): the config topic is read to its end, and must
 * still give the task to this worker, with the configuration it was started with.
 *
 * Threads: the herder's, unless a function says otherwise. Memory: said at each.
 */
#ifndef SLUICE_HERDER_FENCING_H
#define SLUICE_HERDER_FENCING_H

#include "herder/dist.h"

/* ---- the leader's ---- */

/* sl__fence_begin begins to fence what the connector had before, unless that is under way. It ends with
   needs_fencing false, or with a failure. */
void sl__fence_begin(sl__dist *d, const sl__stored_connector *st);

/* sl__fence_failure gives why the last attempt failed, if that was at this time (sl__wall_ms) or later;
   absent = it did not. */
sl_str sl__fence_failure(const sl__dist *d, sl_str connector, int64_t since_ms, sl_arena *arena);

/* sl__fence_serve does what workers have asked for. */
void sl__fence_serve(sl__dist *d);

/* sl__fence_forget drops what is under way: this worker leads no more, or leads anew. */
void sl__fence_forget(sl__dist *d);

/* ---- every worker's ---- */

/* sl__fence_may_start tells whether tasks of a connector may start; if not, the leader is asked, and the
   connector is advanced when that may have changed. */
bool sl__fence_may_start(sl__connector *c);

/* sl__fence_told hears of a record fence-NAME; json absent = removed. */
void sl__fence_told(sl__dist *d, sl_str connector, sl_str json);

/* sl__fence_tick asks again where there was no answer; gives when to look again, 0 = never. */
int64_t sl__fence_tick(sl__dist *d, int64_t now);

/* sl__fence_confirm tells whether a task that was started with this generation of configurations is still
   the one to write; waits. False also when the task is to stop. @thread a task's */
bool sl__fence_confirm(sl__herder *h, const sl__task *task, int32_t generation);

#endif
