/*
 * subscription.h - which topics a consumer reads: a list, or those that a regular expression matches as time
 * goes by.
 *
 * librdkafka's own expressions are POSIX-like, Java's are not: so topics are matched here (PCRE2, with a
 * limit on the work of a match) and librdkafka gets the list. One thread for each subscription by expression
 * asks for the topics there are.
 *
 * Threads: any; Memory: borrows client, embedded broker and strings until it is freed.
 */
#ifndef SLUICE_KAFKA_SUBSCRIPTION_H
#define SLUICE_KAFKA_SUBSCRIPTION_H

#include "kafka/client.h"

typedef struct sl__subscription sl__subscription;

typedef struct sl__subscription_spec {
    rd_kafka_t *rk;
    struct sl__embedded *embedded; /* NULL = a real cluster */
    sl_str group;
    const sl_str_list *topics;
    sl_str regex;                             /* absent = topics */
    int64_t interval_ms;                      /* between two looks, when all is settled */
    void (*failed)(void *arg, sl_error *err); /* any thread; takes the error */
    void *arg;
} sl__subscription_spec;

/* sl__subscription_open subscribes, and with an expression starts the thread. The spec's strings must stay.
 */
SL_MUST_CHECK sl_error *sl__subscription_open(const sl__subscription_spec *spec, sl__subscription **out);

/* sl__subscription_made tells of a topic that the embedded broker has just made: its reader must be known at
 * once. */
void sl__subscription_made(sl__subscription *s, sl_str topic);

/* sl__subscription_stop ends the thread. _free then says to the embedded broker that the reader is away. NULL
 * is allowed. */
void sl__subscription_stop(sl__subscription *s);
void sl__subscription_free(sl__subscription *s);

#endif
