/*
 * drop_fields.h - leaving out the fields that a list in a record says, with what was worked out for a list
 * kept.
 *
 * Threads: one owner at a time. Memory: a bounded number of plans, each with a reference on its schema and a
 * copy of its list.
 */
#ifndef SLUICE_TRANSFORMS_DROP_FIELDS_H
#define SLUICE_TRANSFORMS_DROP_FIELDS_H

#include "draft.h"

#define DROP_PLANS 32u

typedef struct drop_plan {
    const sl_schema *schema; /* NULL = free; holds a reference */
    uint32_t limit;
    sl_arena arena; /* of names */
    sl_value names;
    tf_plan *plan; /* NULL = nothing is to be done */
} drop_plan;

typedef struct drop_fields {
    const sl_host *host;
    bool compatible; /* only optional fields may go, so that readers of the schema are not surprised */
    uint32_t next;   /* the place that is used next */
    drop_plan plans[DROP_PLANS];
} drop_fields;

void drop_fields_init(drop_fields *d, const sl_host *host, bool compatible);
void drop_fields_deinit(drop_fields *d);

/* drop_fields_apply leaves out of a struct those of its first `limit` fields that are in `names` (an ARRAY of
   strings), and gives those that stay their defaults where they are null, as ReplaceField does. *schema and
   *v are replaced. */
SL_MUST_CHECK sl_error *drop_fields_apply(drop_fields *d, const sl_value *names, uint32_t limit,
                                          sl_arena *arena, const sl_schema **schema, sl_value *v);

#endif
