/*
 * envelope.h - fields of Debezium's change events that are asked for by name: add.fields and add.headers.
 *
 * A reference is written "field", "struct.field" or either with ":new-name". Without a struct, op and ts_ms,
 * ts_us, ts_ns are the envelope's own; id, total_order and data_collection_order are the transaction's; all
 * else is the source's. What is not there is looked for in the envelope itself, and if it is not there
 * either, the reference gives nothing.
 *
 * Follows io.debezium.transforms.AbstractExtractNewRecordState (Debezium 3.5). Threads: one owner. Memory:
 * references live in an arena; what was found in a schema holds references to schemas.
 */
#ifndef SLUICE_TRANSFORMS_ENVELOPE_H
#define SLUICE_TRANSFORMS_ENVELOPE_H

#include "draft.h"

typedef struct envelope_ref {
    sl_str parent; /* absent = the envelope */
    sl_str field;
    sl_str new_name; /* with the prefix */
} envelope_ref;

typedef struct envelope_refs {
    envelope_ref *items;
    size_t n;
} envelope_refs;

/* envelope_refs_parse reads a list; NULL = fine, else what was expected. */
const char *envelope_refs_parse(const sl_str_list *list, sl_str prefix, sl_arena *arena, envelope_refs *out);

/* Where a reference leads to in envelopes of one schema. */
typedef struct envelope_found {
    const sl_schema *schema; /* an optional copy of the field's, with a reference; NULL = not there */
    int32_t parent;          /* -1 = the envelope; if that struct is null, so is the value */
    int32_t index;
    bool in_parent; /* index is the parent's, else the envelope's */
} envelope_found;

/* envelope_find looks a reference up. */
SL_MUST_CHECK sl_error *envelope_find(const sl_host *host, const sl_schema *envelope, const envelope_ref *ref,
                                      envelope_found *out);

/* envelope_get gives the value in an envelope (borrowed); null when it, or its struct, is. */
sl_value envelope_get(const envelope_found *found, const sl_value *envelope);

#endif
