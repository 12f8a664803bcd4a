/*
 * naming.h - names of topics, schemas and fields, as Debezium's topic naming strategy and name adjusters make
 * them.
 *
 * Nothing here keeps state; results live in the arena, or are the argument itself when nothing had to change.
 */
#ifndef CDC_NAMING_H
#define CDC_NAMING_H

#include <sluice/memory.h>

typedef enum cdc_adjust { CDC_ADJUST_NONE, CDC_ADJUST_AVRO, CDC_ADJUST_AVRO_UNICODE } cdc_adjust;

/* cdc_name_topic replaces what Kafka does not allow in a topic's name by '_', and cuts it to 249 characters.
 */
sl_str cdc_name_topic(sl_arena *a, sl_str name);

/* cdc_name_topic_unicode writes such characters, and '_', as _uXXXX. */
sl_str cdc_name_topic_unicode(sl_arena *a, sl_str name);

/* cdc_name_schema adjusts a schema's full name ("a.b.Value"). */
sl_str cdc_name_schema(sl_arena *a, sl_str name, cdc_adjust how);

/* cdc_name_field adjusts the name of a field: as above, but a dot is not allowed either. */
sl_str cdc_name_field(sl_arena *a, sl_str name, cdc_adjust how);

/* cdc_utf8_next decodes one code point at s[*at] and steps over it; a byte that is no UTF-8 stands for
 * itself. */
uint32_t cdc_utf8_next(sl_str s, size_t *at);

#endif
