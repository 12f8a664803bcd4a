/*
 * inbox.h - the herder's queue of messages.
 *
 * A message is embedded in what it is about and is in the queue at most once, so that posting neither
 * allocates nor waits; what can be queued is bounded by how many tasks, jobs and open requests there are. The
 * handler is the message's tag.
 *
 * Threads: post from any, take from the herder's. Memory: messages stay their senders' until they are
 * handled.
 */
#ifndef SLUICE_HERDER_INBOX_H
#define SLUICE_HERDER_INBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct sl__herder;

typedef struct sl__message {
    void (*handle)(struct sl__herder *h, struct sl__message *m);
    struct sl__message *next; /* the inbox's */
} sl__message;

typedef struct sl__inbox {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    sl__message *head, *tail;
    bool closed;
} sl__inbox;

void sl__inbox_init(sl__inbox *in);
void sl__inbox_deinit(sl__inbox *in);

/* sl__inbox_post appends a message. False when the inbox is closed: nobody will handle it. */
bool sl__inbox_post(sl__inbox *in, sl__message *m);

/* sl__inbox_take gives the oldest message, waiting until a time (sl__now_ms; 0 = without end); NULL when none
 * came. */
sl__message *sl__inbox_take(sl__inbox *in, int64_t until_ms);

/* sl__inbox_close refuses further messages; what is in it can still be taken. */
void sl__inbox_close(sl__inbox *in);

#endif
