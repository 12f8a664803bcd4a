/*
 * mapper.h - which tables and columns are captured, and what masking, truncation and hashing do to text
 * columns.
 *
 * Threads: one owner at a time (matching needs scratch memory). Memory: heap, freed with cdc_rules_deinit.
 */
#ifndef CDC_MAPPER_H
#define CDC_MAPPER_H

#include <sluice/value.h>

#include "config.h"
#include "regex.h"
#include "topic.h"

typedef enum cdc_mapper_kind {
    CDC_MAP_TRUNCATE,
    CDC_MAP_MASK,
    CDC_MAP_HASH,    /* of the text as Java serializes it: Debezium's first version */
    CDC_MAP_HASH_V2, /* of the text itself */
    CDC_MAP_PROPAGATE,
    CDC_MAP_PROPAGATE_TYPE,
} cdc_mapper_kind;

typedef struct cdc_mapper {
    cdc_mapper_kind kind;
    cdc_patterns *columns;
    int32_t length;   /* TRUNCATE: characters */
    char *mask;       /* MASK: what is shown; HASH: the salt */
    const void *hash; /* HASH: the algorithm */
    struct cdc_mapper *next;
} cdc_mapper;

typedef struct cdc_key_rule {
    cdc_patterns *columns; /* one expression for schema.table.column */
    struct cdc_key_rule *next;
} cdc_key_rule;

typedef struct cdc_rules {
    cdc_patterns *schema_include, *schema_exclude;
    cdc_patterns *table_include, *table_exclude;
    cdc_patterns *column_include, *column_exclude;
    cdc_patterns *snapshot_include;
    cdc_mapper *mappers;
    cdc_key_rule *keys;
    cdc_topics topics;
    sl_str signal_schema, signal_table; /* captured whatever the lists say; absent = none. Borrowed */
} cdc_rules;

/* cdc_rules_init compiles the settings; map is the whole configuration, for the keys with patterns in their
 * names. */
SL_MUST_CHECK sl_error *cdc_rules_init(cdc_rules *r, const cdc_config *c, const sl_config *map);
void cdc_rules_deinit(cdc_rules *r);

/* cdc_rules_signals tells whether it is the signal table. */
bool cdc_rules_signals(const cdc_rules *r, sl_str schema, sl_str table);
bool cdc_rules_table(const cdc_rules *r, sl_str schema, sl_str table);
bool cdc_rules_snapshot(const cdc_rules *r, sl_str schema, sl_str table);
/* id is schema.table.column */
bool cdc_rules_column(const cdc_rules *r, sl_str id);
/* cdc_rules_mapper gives the first mapper for a column, or NULL; type_id is schema.table.type. */
const cdc_mapper *cdc_rules_mapper(const cdc_rules *r, sl_str id, sl_str type_id);

/* cdc_mapper_cuts: may values of a column of that length (0 = unlimited) be longer than a TRUNCATE mapper
 * lets them be? */
bool cdc_mapper_cuts(const cdc_mapper *m, int32_t length);

/* cdc_mapper_apply changes the value of a column in place; limit is the column's length, 0 = none. */
bool cdc_mapper_apply(const cdc_mapper *m, sl_arena *a, int32_t limit, sl_value *v);

#endif
