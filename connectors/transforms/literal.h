/*
 * literal.h - the value that a text looks like, as org.apache.kafka.connect.data.Values.parseString sees it
 * (Kafka 4.3).
 *
 * Numbers get the smallest type that holds them, true and false are booleans, null is null, dates and times
 * are ISO 8601, lists and maps are JSON's, and all else is a string. As in Kafka Connect, what follows a
 * number behind one of the characters :,[]{}" is not looked at. A list or map whose items have no common type
 * has no schema.
 */
#ifndef SLUICE_TRANSFORMS_LITERAL_H
#define SLUICE_TRANSFORMS_LITERAL_H

#include <sluice/host.h>

/* literal_parse gives the value (in the arena) and its schema (a reference for the caller; NULL = none). */
SL_MUST_CHECK sl_error *literal_parse(const sl_host *host, sl_str text, sl_arena *arena,
                                      const sl_schema **schema, sl_value *v);

#endif
