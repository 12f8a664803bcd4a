/*
 * text.h - a value as text, as Java's toString shows what Kafka Connect hands to a sink.
 *
 * Strings as they are, numbers and booleans as Java writes them, null as "null", arrays as [a, b], maps as
 * {k=v}, structs as Struct{a=1,b=2} without null fields, Decimal in digits; Date, Time and Timestamp as
 * java.util.Date does in UTC. Differs on purpose: bytes are written as they are (base64 within a container),
 * where Java shows an address.
 */
#ifndef SLUICE_FILE_TEXT_H
#define SLUICE_FILE_TEXT_H

#include <sluice/value.h>

/* text_add appends the text of v (s may be NULL). Running out of memory is sticky in out. */
void text_add(sl_buf *out, const sl_schema *s, const sl_value *v);

#endif
