/*
 * offsets.h - where sources' offsets are kept.
 *
 * The key of an offset is a connector's name and a source partition; keys and values are stored as Kafka
 * Connect stores them (JSON without schemas: ["name",{partition}] and {offset}). Standalone keeps them in a
 * file that is replaced atomically and synced: after a kill at any instant the file is the old or the new
 * one, whole. A distributed worker keeps them in a compacted topic (offsets_topic.h); a connector with
 * offsets.storage.topic has one of its own, which comes first.
 *
 * Threads: any; one lock. Memory: results are copied into the caller's arena.
 */
#ifndef SLUICE_STORE_OFFSETS_H
#define SLUICE_STORE_OFFSETS_H

#include <sluice/record.h>

typedef struct sl__offsets sl__offsets;

/* sl__offsets_open_file reads the file (a missing one is empty; a damaged one is an error that names it). */
SL_MUST_CHECK sl_error *sl__offsets_open_file(sl_str path, sl__offsets **out);
void sl__offsets_close(sl__offsets *o); /* NULL is allowed */

/* sl__offsets_refresh makes sure that what others have stored until now is seen: a topic is read to its end.
   TIMEOUT (RETRIABLE) when it took longer. No-op for a file. May block. */
SL_MUST_CHECK sl_error *sl__offsets_refresh(sl__offsets *o, int timeout_ms);

/* sl__offsets_get gives the stored offset of a source partition, SL_NULL if there is none. Partitions are
   equal when they have equal entries in any order. */
SL_MUST_CHECK sl_error *sl__offsets_get(sl__offsets *o, sl_str connector, const sl_value *partition,
                                        sl_arena *arena, sl_value *offset);

/* sl__offsets_put stores offsets (SL_NULL deletes) and returns when they are durable. On error nothing has
   changed; a full disk is RETRIABLE. May block. */
SL_MUST_CHECK sl_error *sl__offsets_put(sl__offsets *o, sl_str connector, const sl_batch_offset *items,
                                        size_t n);

/* sl__offsets_each calls cb for every offset of a connector (for REST); the values are valid during the call.
 */
typedef void (*sl__offsets_cb)(void *arg, const sl_value *partition, const sl_value *offset);
SL_MUST_CHECK sl_error *sl__offsets_each(sl__offsets *o, sl_str connector, sl__offsets_cb cb, void *arg);

#endif
