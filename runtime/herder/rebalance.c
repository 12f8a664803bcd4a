/*
 * rebalance.c - the metrics of a worker of a cluster: what Kafka Connect calls rebalances.
 *
 * A change is under way, for this worker, from when its membership or its assignment is another one until it
 * has said that it runs nothing else any more.
 *
 * Threads: the herder's. Memory: none.
 */
#include "herder/dist.h"

#include "base/clock.h"
#include "base/metrics.h"

static void set(const char *metric, int64_t value) {
    sl__metric *m = sl__metric_get(metric, SL_STR_NONE, -1);
    sl__metric_set(m, value);
    sl__metric_release(m);
}

/* settled_on gives the generation of the assignment that this worker has taken over; -1 = a change is under
 * way. */
static int64_t settled_on(const sl__dist *d) {
    const sl__worker *me = sl__workers_find(&d->workers, d->id);
    bool said = me && d->said_member && d->said_done == me->generation && d->said_still == 0;
    return sl__units_known(d) && said ? me->generation : -1;
}

static void count(sl__rebalances *r, int64_t took) {
    r->n++;
    r->total_ms += took;
    r->max_ms = took > r->max_ms ? took : r->max_ms;
    set("rebalances_completed", r->n);
    set("rebalance_ms", r->total_ms);
    set("rebalance_avg_ms", r->total_ms / r->n);
    set("rebalance_max_ms", r->max_ms);
    set("last_rebalance_ms", sl__wall_ms());
}

void sl__rebalances_look(sl__dist *d, int64_t now) {
    sl__rebalances *r = &d->rebalances;
    int64_t generation = settled_on(d);
    if (generation < 0) {
        r->began_ms = r->began_ms ? r->began_ms : now;
    } else if (r->began_ms || generation != r->generation) {
        count(r, r->began_ms ? now - r->began_ms : 0);
        r->began_ms = 0;
        r->generation = generation;
    }
    set("rebalancing", r->began_ms != 0);
    set("rebalance_epoch", d->workers.generation);
    set("rebalance_leader", d->lead == SL_LEAD_READY);
}
