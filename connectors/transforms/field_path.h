/*
 * field_path.h - the path to one field, in the two syntaxes of field.syntax.version.
 *
 * V1: the name of a field of the outermost struct or map. V2: names joined by dots; a name that has dots in
 * it stands in backticks, a backtick before a dot in such a name is escaped by a backslash. Memory: the steps
 * live in the arena.
 *
 * Follows org.apache.kafka.connect.transforms.field.SingleFieldPath (Kafka Connect 4.3, KIP-821).
 */
#ifndef SLUICE_TRANSFORMS_FIELD_PATH_H
#define SLUICE_TRANSFORMS_FIELD_PATH_H

#include <sluice/config.h>

typedef enum field_syntax { FIELD_SYNTAX_V1, FIELD_SYNTAX_V2 } field_syntax;

extern const sl_config_enum field_syntax_names[];

/* field_path_parse splits a path; NULL = fine, else what was expected. Out of memory leaves arena->failed
 * set. */
const char *field_path_parse(sl_str text, field_syntax syntax, sl_arena *arena, sl_str_list *steps);

#endif
