/*
 * draft.h - making a new schema from an old one, and moving a struct's values into it.
 *
 * Threads: one owner at a time. Memory: a draft has an arena of its own until it is built or dropped; a plan
 * holds a reference on its schema.
 */
#ifndef SLUICE_TRANSFORMS_DRAFT_H
#define SLUICE_TRANSFORMS_DRAFT_H

#include "transform.h"

/* A STRUCT schema in the making. The first error is kept and given by tf_draft_build. */
typedef struct tf_draft {
    const sl_host *host;
    sl_arena arena;
    sl_schema def;
    sl_field *fields;
    size_t cap;
    const sl_schema **made; /* references to give back */
    uint32_t nmade;
    size_t made_cap;
    sl_error *err;
} tf_draft;

/* tf_copy_basics gives a definition with the type, name, version, doc, parameters, fields and element schemas
   of `from`: not its optionality, nor its default value. */
sl_schema tf_copy_basics(const sl_schema *from);

/* tf_draft_init begins a struct schema; with `like` it has the name, version, doc and parameters of that one.
 */
void tf_draft_init(tf_draft *d, const sl_host *host, const sl_schema *like);
void tf_draft_deinit(tf_draft *d);

/* tf_draft_add appends a field; name and schema are borrowed until the draft is built. A name that is there
   already is an error. */
void tf_draft_add(tf_draft *d, sl_str name, const sl_schema *schema);
void tf_draft_add_simple(tf_draft *d, sl_str name, sl_type type, bool optional);
/* tf_draft_add_owned appends a field of a schema whose reference it takes over. */
void tf_draft_add_owned(tf_draft *d, sl_str name, const sl_schema *schema);
void tf_draft_fail(tf_draft *d, sl_error *err);

/* tf_draft_build interns the schema (a reference for the caller) and ends the draft. */
SL_MUST_CHECK sl_error *tf_draft_build(tf_draft *d, const sl_schema **out);

/* ---- plans ---- */

/* How a struct of one schema becomes a struct of another: for each new field, the index of the old one. */
typedef struct tf_plan {
    const sl_schema *out; /* holds a reference; NULL until the plan is complete */
    uint32_t n;           /* fields of out */
    int32_t from[];       /* index in the old struct; -1 = not from there (null until it is set) */
} tf_plan;

/* tf_plan_new makes a plan with room for n fields, all -1; NULL when out of memory. */
tf_plan *tf_plan_new(uint32_t n);
/* tf_plan_free has the form that schema_cache wants. */
void tf_plan_free(const sl_host *host, void *plan);

/* tf_plan_apply moves the values of a struct (that was required to fit the plan's old schema). */
SL_MUST_CHECK sl_error *tf_plan_apply(const tf_plan *plan, const sl_value *in, bool with_default,
                                      sl_arena *arena, sl_value *out);

#endif
