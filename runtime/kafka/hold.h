/*
 * hold.h - how much of the embedded broker's topics was not read yet. Bookkeeping only: no threads, no
 * clients.
 *
 * The mock cluster keeps 5 MiB and 100,000 message sets of each partition and drops the oldest silently
 * (librdkafka 2.0.2 to 2.8, rdkafka_mock.c). A record is counted with an allowance of 128 bytes, more than a
 * message set of one record needs besides key and payload, so that 4 MiB of them are below both limits.
 *
 * Threads: none; the owner locks. Memory: everything is the table's.
 */
#ifndef SLUICE_KAFKA_HOLD_H
#define SLUICE_KAFKA_HOLD_H

#include "base/map.h"

#define SL__HOLD_LIMIT ((size_t)4 * 1024 * 1024)
#define SL__HOLD_RECORD_COST 128

typedef struct sl__hold_table {
    sl__map topics; /* name -> hold_topic */
} sl__hold_table;

void sl__hold_init(sl__hold_table *t);
void sl__hold_deinit(sl__hold_table *t);

/* sl__hold_reserve takes room for one record if there is some. *ok = false: there is none. */
SL_MUST_CHECK sl_error *sl__hold_reserve(sl__hold_table *t, sl_str topic, size_t bytes, bool *ok);

/* sl__hold_store turns a reservation of `bytes` into that much, and `more`, at an offset; offset -1 = gives
   it back. False: out of memory, the record is not counted. */
bool sl__hold_store(sl__hold_table *t, sl_str topic, int32_t partition, int64_t offset, size_t bytes,
                    size_t more);

/* sl__hold_join counts a consumer of the group in. sl__hold_leave counts one out; the last one's topic is
   held until away_until_ms all the same (0 = no longer). */
bool sl__hold_join(sl__hold_table *t, sl_str group, sl_str topic);
void sl__hold_leave(sl__hold_table *t, sl_str group, sl_str topic, int64_t away_until_ms);

/* sl__hold_expire lets groups go that are away for too long; gives the next time to look, 0 = none. *freed:
 * some went. */
int64_t sl__hold_expire(sl__hold_table *t, int64_t now_ms, bool *freed);

/* sl__hold_finish: the group is past everything before next. False: out of memory. */
bool sl__hold_finish(sl__hold_table *t, sl_str group, sl_str topic, int32_t partition, int64_t next);

/* sl__hold_position gives what sl__hold_finish said last, -1 = nothing; sl__hold_end the offset after the
 * last stored record. */
int64_t sl__hold_position(const sl__hold_table *t, sl_str group, sl_str topic, int32_t partition);
int64_t sl__hold_end(const sl__hold_table *t, sl_str topic, int32_t partition);

/* sl__hold_pressing tells whether a topic that the group reads has at least `bytes` that it has not finished.
 */
bool sl__hold_pressing(const sl__hold_table *t, sl_str group, size_t bytes);

#endif
