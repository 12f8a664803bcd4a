/*
 * json.h - the parts of the JSON converter: schema text, writer, parser, reader.
 *
 * Follows org.apache.kafka.connect.json.JsonConverter (Kafka 4.3): what is written is byte for byte what Java
 * writes. Threads: one owner at a time. Memory: plans and cached schemas live in the converter's state,
 * values in the batch's arena.
 */
#ifndef SLUICE_CONVERTERS_JSON_H
#define SLUICE_CONVERTERS_JSON_H

#include <sluice/plugin.h>

enum { JSON_DECIMAL_BASE64, JSON_DECIMAL_NUMERIC };

typedef struct json_settings {
    bool schemas_enable;
    int32_t cache_size;
    int decimal_format;
    bool null_to_default;
    sl_str schema_content; /* absent or empty: none */
} json_settings;

/* ---- writer ---- */

typedef struct json_writer json_writer;

/* json_writer_new: settings are borrowed. NULL when out of memory. */
json_writer *json_writer_new(const sl_host *host, const json_settings *settings);
void json_writer_free(json_writer *w);

/* json_write appends what JsonConverter.fromConnectData gives. */
SL_MUST_CHECK sl_error *json_write(json_writer *w, const sl_schema *schema, const sl_value *value,
                                   sl_buf *out, bool *is_null);

/* json_write_default appends a default value as asJsonSchema does: by its schema, without a plan. */
SL_MUST_CHECK sl_error *json_write_plain(const json_settings *settings, const sl_schema *schema,
                                         const sl_value *value, sl_buf *out);

/* json_write_schema appends asJsonSchema(schema). field absent = not a struct's field. */
SL_MUST_CHECK sl_error *json_write_schema(const json_settings *settings, const sl_schema *schema,
                                          sl_str field, sl_buf *out);

/* ---- parser ---- */

/* A number that is no 64-bit integer stays text until a schema says what it is. */
#define JSON_NUMBER ((uint8_t)SL_TYPE_COUNT)

typedef struct json_parser {
    const char *start, *p, *end;
    sl_arena *arena;
    sl_value *stack; /* values of containers that are not complete; the owner frees it */
    size_t n, cap;
    unsigned depth;
    bool exact; /* keep JSON_NUMBER; otherwise such numbers become FLOAT64, or INT64 cut to 64 bits, as Java
                   does */
} json_parser;

/* json_parse reads one whole document. Objects become MAPs with STRING keys, the last of equal keys wins. */
SL_MUST_CHECK sl_error *json_parse(json_parser *p, sl_value *out);
/* json_parse_value reads one value where p stands; json_skip_space steps over white space. */
SL_MUST_CHECK sl_error *json_parse_value(json_parser *p, sl_value *out);
void json_skip_space(json_parser *p);
SL_MUST_CHECK sl_error *json_expected(const json_parser *p, const char *what);
/* json_parse_string reads a string with its quotes. */
SL_MUST_CHECK sl_error *json_parse_string(json_parser *p, sl_str *out);
/* json_object_size gives how many bytes the object at p takes, going by its braces and strings alone; 0 when
   it has no end. A value that is no object has one byte, whatever it is. */
size_t json_object_size(const json_parser *p);

/* ---- reader ---- */

typedef struct json_reader json_reader;

json_reader *json_reader_new(const sl_host *host, const json_settings *settings);
void json_reader_free(json_reader *r);

/* json_reader_fix reads the setting schema.content, once and before the first record. */
SL_MUST_CHECK sl_error *json_reader_fix(json_reader *r);

/* json_read gives what JsonConverter.toConnectData gives. topic (may be absent) is where a schema is looked
   for first, and changes nothing else. */
SL_MUST_CHECK sl_error *json_read(json_reader *r, sl_str topic, sl_str bytes, sl_batch *batch,
                                  const sl_schema **schema, sl_value *value);

/* json_read_schema makes a schema from its JSON, with a reference for the caller. */
SL_MUST_CHECK sl_error *json_read_schema(const sl_host *host, const json_settings *settings,
                                         const sl_value *json, sl_arena *arena, unsigned depth,
                                         const sl_schema **out);

/* json_to_value turns parsed JSON into a value of the schema, in place where it can. */
SL_MUST_CHECK sl_error *json_to_value(const json_settings *settings, const sl_schema *schema, sl_value *json,
                                      sl_arena *arena, sl_value *out);

#endif
