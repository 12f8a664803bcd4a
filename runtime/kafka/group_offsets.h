/*
 * group_offsets.h - the committed offsets of a consumer group without members: listed, set, forgotten.
 *
 * Not for: consumers, which commit for themselves (consumer.h). Threads: any; each call blocks, and makes a
 * client for its own time. Memory: results are in the arena.
 */
#ifndef SLUICE_KAFKA_GROUP_OFFSETS_H
#define SLUICE_KAFKA_GROUP_OFFSETS_H

#include "kafka/kafka.h"

typedef struct sl__group_offset {
    sl_str topic;
    int32_t partition;
    int64_t offset; /* the next to read; -1 in a change: forget it */
} sl__group_offset;

/* sl__group_offsets_list gives what a group has committed; nothing for a group that there is not. */
SL_MUST_CHECK sl_error *sl__group_offsets_list(sl__kafka *k, const sl__client_config *conf, sl_str group,
                                               int timeout_ms, sl_arena *arena, sl__group_offset **out,
                                               size_t *n);

/* sl__group_offsets_alter sets and forgets offsets. CONFLICT: the group has members. */
SL_MUST_CHECK sl_error *sl__group_offsets_alter(sl__kafka *k, const sl__client_config *conf, sl_str group,
                                                int timeout_ms, const sl__group_offset *items, size_t n);

/* Who is in a group. */
typedef struct sl__group_look {
    sl_str protocol; /* "consumer", "connect", ...; empty = the group has never had members, or is gone */
    sl_str state;    /* "Stable", "Empty", ... */
    size_t members;
} sl__group_look;

/* sl__group_look_at tells without joining it. */
SL_MUST_CHECK sl_error *sl__group_look_at(sl__kafka *k, const sl__client_config *conf, sl_str group,
                                          int timeout_ms, sl_arena *arena, sl__group_look *out);

/* sl__group_delete deletes a group with all its offsets; fine when there is none. CONFLICT: it has members.
 */
SL_MUST_CHECK sl_error *sl__group_delete(sl__kafka *k, const sl__client_config *conf, sl_str group,
                                         int timeout_ms);

#endif
