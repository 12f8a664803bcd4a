/*
 * topic_admin.h - the questions about topics to a cluster, one after the other and blocking. For topics.c.
 *
 * Threads: sl__topic_admin_cluster_id from any; all else from one. Memory: asks are the caller's.
 */
#ifndef SLUICE_KAFKA_TOPIC_ADMIN_H
#define SLUICE_KAFKA_TOPIC_ADMIN_H

#include "kafka/client.h"
#include "kafka/topics.h"

typedef struct sl__topic_admin sl__topic_admin;

typedef enum sl__ask_state {
    SL__ASK_LOOK,     /* see whether it is there [CREATE, AUTO, DESCRIBE, FAILED] */
    SL__ASK_CREATE,   /* make it [LOOK, FAILED] */
    SL__ASK_AUTO,     /* see whether the broker makes it by itself [DESCRIBE, DONE] */
    SL__ASK_DESCRIBE, /* see how large messages may be [DONE] */
    SL__ASK_DONE,     /* info holds */
    SL__ASK_FAILED,   /* err holds */
} sl__ask_state;

/* One topic that is asked for. */
typedef struct sl__topic_ask {
    sl__ask_state state;
    sl__topic_spec spec; /* name is zero-terminated */
    sl__topic_info info;
    sl_error *err;   /* owned */
    bool asked_for;  /* it was tried to make it: it must show up soon */
    int64_t made_ms; /* when; AUTO: since when the broker may be at it */
} sl__topic_ask;

SL_MUST_CHECK sl_error *sl__topic_admin_open(const sl__client_config *conf,
                                             const struct sl__embedded *embedded, sl__topic_admin **out);
void sl__topic_admin_close(sl__topic_admin *a); /* NULL is allowed */

/* These move asks on that are in the state of their name. False: the cluster cannot be reached, the rest
 * stays as it is. */
bool sl__topic_admin_look(sl__topic_admin *a, sl__topic_ask **asks, size_t n);
bool sl__topic_admin_create(sl__topic_admin *a, sl__topic_ask **asks, size_t n);
bool sl__topic_admin_auto(sl__topic_admin *a, sl__topic_ask **asks, size_t n);
bool sl__topic_admin_describe(sl__topic_admin *a, sl__topic_ask **asks, size_t n);

/* sl__topic_admin_ends gives the offset behind the last record of each of a topic's n partitions, with
   records of open transactions. False: not now (see _trouble). Waits for some seconds. */
bool sl__topic_admin_ends(sl__topic_admin *a, const char *topic, int32_t n, int64_t *ends);

/* sl__topic_admin_trouble: the last connection trouble in words; borrowed until the next call. */
const char *sl__topic_admin_trouble(const sl__topic_admin *a);

/* sl__topic_admin_cluster_id gives the cluster's id in the arena, absent when it is not known in time. */
sl_str sl__topic_admin_cluster_id(sl__topic_admin *a, int timeout_ms, sl_arena *arena);

#endif
