/*
 * distributed.h - one worker of a cluster.
 *
 * All state of the cluster is in the config topic: connectors, their tasks, who leads, who runs what
 * (workers.h). A worker
 *   - reads the topic to its end, joins the group (kafka/group.h), and writes who it is;
 *   - runs what its assignment says, while the assignment names the member id that it has now and its lease
 *     holds; what is no longer in it is stopped, and then it says that it has let go ("done");
 *   - asks connectors that it runs for their tasks' configurations and proposes them to the leader.
 * The leader (leader.c) owns the topic's partition and the transactional id; it alone writes assignments and
 * tasks' configurations, and what requests change.
 *
 * A unit goes from one worker to another in two steps: it is taken out of the first one's assignment; once
 * that worker is done with that generation, or has left the group, it is put into the other's. A worker's
 * lease ends before the group can forget it, so it has stopped writing by then.
 *
 * Threads: the herder's, unless a function says otherwise. Memory: said at each.
 */
#ifndef SLUICE_HERDER_DISTRIBUTED_H
#define SLUICE_HERDER_DISTRIBUTED_H

#include "config/worker_group.h"
#include "herder/state.h"
#include "store/config_topic.h"
#include "store/status_topic.h"

typedef struct sl__dist sl__dist;

/* What a distributed worker has beyond one of its own; borrowed. */
typedef struct sl__dist_spec {
    const sl__worker_group *group;
    const sl__worker_topics *topics;
} sl__dist_spec;

/* sl__dist_open makes it. worker_id is host:port, url how other workers reach this one; both must live as
   long. Any thread. */
SL_MUST_CHECK sl_error *sl__dist_open(sl__kafka *kafka, const sl__dist_spec *spec, sl_str worker_id,
                                      sl_str url, sl__dist **out);

/* sl__dist_attach lets the herder work with it, and sl__dist_read begins to read; before its start. Any
 * thread. */
void sl__dist_attach(sl__dist *d, sl__herder *h);
SL_MUST_CHECK sl_error *sl__dist_read(sl__dist *d);

/* sl__dist_lease: what tasks must hold to write. Valid until close. Any thread. */
const sl__lease *sl__dist_lease(const sl__dist *d);

/* sl__dist_close leaves the group and closes the topics; the herder's thread has ended. NULL is allowed. */
void sl__dist_close(sl__dist *d);

/* sl__dist_failure gives why the worker ended by itself, owned by the caller; NULL = it did not. The herder's
   thread has ended. */
sl_error *sl__dist_failure(sl__dist *d);

extern const sl__hooks sl__dist_hooks;
extern const struct sl__ops sl__distributed_ops;

#endif
