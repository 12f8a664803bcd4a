/*
 * schema.h - the one table of interned schemas.
 *
 * Two equal schemas are the same pointer, as long as somebody holds a reference. A schema is immutable and
 * one allocation with all that it points to, except its children: these are interned schemas on which it
 * holds references.
 *
 * Equal means: type, optional, version, name, doc, parameters, fields, key, element and default value are
 * equal, as org.apache.kafka.connect.data.ConnectSchema.equals has it; but parameters in another order make
 * another schema.
 *
 * Threads: any. One mutex for each of the table's shards; none is held while another function is called.
 */
#ifndef SLUICE_MODEL_SCHEMA_H
#define SLUICE_MODEL_SCHEMA_H

#include <sluice/value.h>

/* sl__schema_intern gives the schema equal to *def with a reference for the caller. A definition that makes
   no sense (no type, children that are missing, a default that does not fit) is a BUG error. */
SL_MUST_CHECK sl_error *sl__schema_intern(const sl_schema *def, const sl_schema **out);

/* NULL is allowed. */
void sl__schema_ref(const sl_schema *s);
void sl__schema_unref(const sl_schema *s);

/* sl__schema_count: how many schemas there are (metrics, tests). */
size_t sl__schema_count(void);

#endif
