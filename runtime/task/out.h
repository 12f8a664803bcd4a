/*
 * out.h - the way of a source task's records to the producer: which topics there are, which producer can take
 * them.
 *
 * Asks the topic service once for each topic (making it if the connector says so), and keeps the producer's
 * batch.size below the smallest max.message.bytes of the task's topics: librdkafka never splits a request
 * that the broker finds too large.
 *
 * Threads: the task's step. Memory: the topics' names are copied; freed by sl__out_deinit.
 */
#ifndef SLUICE_TASK_OUT_H
#define SLUICE_TASK_OUT_H

#include "task/exactly_once.h"

typedef struct sl__out_entry sl__out_entry;

typedef struct sl__out {
    sl__task *task;
    sl__topic_waiter waiter; /* wakes the task */
    sl__client_config client;
    sl__eos eos; /* on: the producer is its */
    sl__producer *producer;
    size_t batch_size; /* the bound asked for; 0 = default */
    sl__topic_group *groups;
    size_t ngroups;
    sl__out_entry *entries; /* list, latest used first */
} sl__out;

/* Whether a record of the topic can go. */
typedef enum sl__out_ready {
    SL_OUT_READY,
    SL_OUT_PENDING, /* the topic is being looked up: the task is woken */
    SL_OUT_DRAIN,   /* another producer is needed: ask again once nothing is in flight, and no transaction is
                       open */
} sl__out_ready;

SL_MUST_CHECK sl_error *sl__out_init(sl__out *o, sl__task *t);
void sl__out_deinit(sl__out *o);

/* sl__out_resolve gives the handle of a topic on o->producer, valid until the next call that gives another
   producer. idle: the task has nothing in flight. */
SL_MUST_CHECK sl_error *sl__out_resolve(sl__out *o, sl_str name, bool idle, sl__out_ready *ready,
                                        sl__out_topic **topic);

#endif
