/*
 * topic.h - the topic of each table, as topic.naming.strategy says, and what the Regex strategies add to
 * keys.
 *
 *   Schema...  prefix, schema and table; Default... prefix and table
 *   ...Unicode characters that Kafka does not allow as _uXXXX instead of _
 *   ...Regex   that name, changed by topic.regex and topic.replacement when the whole of it matches. Several
 * tables may share a topic then, so a field of the key tells which one a row is of
 *              (topic.key.enforce.uniqueness): the name before the change, itself changed by
 * topic.key.field.regex
 *
 * Threads: one owner at a time (matching needs scratch memory). Memory: heap, freed with cdc_topics_deinit.
 */
#ifndef CDC_TOPIC_H
#define CDC_TOPIC_H

#include "config.h"
#include "java_regex.h"

typedef struct cdc_topics {
    const cdc_config *config; /* borrowed */
    java_regex *topic;        /* NULL = not a Regex strategy */
    java_regex *key;          /* NULL = the identifier is the name */
} cdc_topics;

/* cdc_topics_init compiles the expressions. USER error: something is missing or wrong. */
SL_MUST_CHECK sl_error *cdc_topics_init(cdc_topics *t, const cdc_config *c);
void cdc_topics_deinit(cdc_topics *t);

/* cdc_topics_name gives a table's topic, in the arena. */
SL_MUST_CHECK sl_error *cdc_topics_name(const cdc_topics *t, sl_arena *a, sl_str schema, sl_str table,
                                        sl_str *out);

/* cdc_topics_field gives the name of the key's additional field, absent = none; *value is what it is for the
 * table, in the arena. */
SL_MUST_CHECK sl_error *cdc_topics_field(const cdc_topics *t, sl_arena *a, sl_str schema, sl_str table,
                                         sl_str *field, sl_str *value);

#endif
