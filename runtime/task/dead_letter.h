/*
 * dead_letter.h - the dead letter queue of a sink task: records that cannot be processed go to a topic as
 * they came.
 *
 * Key, value and headers are the original bytes; with errors.deadletterqueue.context.headers.enable the
 * headers __connect.errors.* say what happened (KIP-298). Offsets are not committed past a record whose copy
 * is not acknowledged.
 *
 * Threads: the task's step; deliveries come on the producer's thread. Memory: copies are kept until they are
 * delivered.
 */
#ifndef SLUICE_TASK_DEAD_LETTER_H
#define SLUICE_TASK_DEAD_LETTER_H

#include "kafka/consumer.h"
#include "task/flow.h"

typedef struct sl__dead_letter sl__dead_letter;

/* sl__dead_letter_open gives NULL in *out when the connector has no such topic. */
SL_MUST_CHECK sl_error *sl__dead_letter_open(sl__task *t, sl__dead_letter **out);
void sl__dead_letter_close(sl__dead_letter *d); /* NULL is allowed */

/* sl__dead_letter_ready looks the topic up, making it if it is missing. *ready = false: the task is woken
 * when to ask again. */
SL_MUST_CHECK sl_error *sl__dead_letter_ready(sl__dead_letter *d, bool *ready);

/* sl__dead_letter_send queues a copy of the message. */
SL_MUST_CHECK sl_error *sl__dead_letter_send(sl__dead_letter *d, const sl__in_message *m,
                                             const sl__failure *f);

/* sl__dead_letter_settled tells whether all copies are acknowledged; an error when one cannot be. NULL d =
 * true. */
SL_MUST_CHECK sl_error *sl__dead_letter_settled(sl__dead_letter *d, bool *settled);

#endif
