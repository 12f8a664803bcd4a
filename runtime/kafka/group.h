/*
 * group.h - this worker as a member of its cluster's group.
 *
 * A consumer of group.id, subscribed to the config topic with the cooperative-sticky strategy; it reads
 * nothing. That topic has one partition, whose owner is the leader. Members are listed by describing the
 * group, which only the owner does.
 *
 * The lease: heartbeats are answered to members only. The coordinator forgets a member no sooner than
 * session.timeout.ms after the last one that was answered was sent, and others wait patience_ms more before
 * they take over what it ran; the lease ends before that. While the group waits for somebody who does not
 * come back, nobody hears from the coordinator for up to a session: patience keeps that from stopping
 * anybody.
 *
 * Threads: one of its own; the functions here from any thread. Memory: said at each.
 */
#ifndef SLUICE_KAFKA_GROUP_H
#define SLUICE_KAFKA_GROUP_H

#include "base/lease.h"
#include "kafka/kafka.h"

typedef struct sl__group sl__group;

typedef struct sl__group_spec {
    const sl__client_config *conf; /* translated consumer settings; copied as needed */
    sl_str group;                  /* group.id */
    sl_str instance;               /* group.instance.id; absent = a member that is forgotten when it leaves */
    sl_str topic;                  /* the config topic, which must be there */
    sl_str client_id;              /* names the worker to people who look at the group */
    int session_ms;                /* session.timeout.ms */
    int heartbeat_ms;              /* heartbeat.interval.ms */
    int rebalance_ms;              /* rebalance.timeout.ms */
    int patience_ms;               /* how long others wait after the group has forgotten a member */
    sl__lease *lease;              /* renewed; the caller's, outlives the group */
    void (*changed)(void *arg); /* something of the view but listed_ms is new; on the group's thread; quick */
    void *arg;
} sl__group_spec;

/* What is known now. */
typedef struct sl__group_view {
    sl_str member;  /* this worker's member id; absent = it is no member (any more) */
    bool owner;     /* it owns the config topic's partition */
    sl_str *others; /* member ids of the whole group, this worker's too; of use to the owner */
    size_t nothers;
    int64_t listed_ms; /* sl__now_ms of the question that gave them; 0 = not asked yet */
    sl_error *failure; /* borrowed until close; the worker cannot be a member */
    unsigned rebalances;
} sl__group_view;

SL_MUST_CHECK sl_error *sl__group_open(sl__kafka *k, const sl__group_spec *spec, sl__group **out);

/* sl__group_leave leaves the group (a static member stays one until its session ends) and ends the thread.
   Waits for some seconds at most. */
void sl__group_leave(sl__group *g);
void sl__group_free(sl__group *g); /* NULL is allowed; leaves first */

/* sl__group_look copies what is known into the arena. */
void sl__group_look(sl__group *g, sl_arena *arena, sl__group_view *out);

#endif
