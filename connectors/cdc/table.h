/*
 * table.h - one captured table: its columns, and the schemas of its events, made once when its shape changes.
 *
 * The connector fills columns in (names, base schemas, defaults); cdc_table_build makes the rest: which
 * columns are in the key and in the value, the Key, Value and Envelope schemas, the topic.
 */
#ifndef CDC_TABLE_H
#define CDC_TABLE_H

#include <sluice/host.h>

#include "mapper.h"

typedef struct cdc_column {
    /* by the connector; strings in the table's arena */
    sl_str name;
    sl_schema
        base;   /* type, name, version, params, doc, fields, element, key: not interned, always required */
    bool known; /* false: its type cannot be represented, so it is left out */
    bool optional;
    bool no_nulls; /* a null is what it would be in a required column, though the schema is optional */
    bool has_default;
    bool is_text; /* masking and the like apply */
    bool has_scale;
    sl_value default_value;
    sl_value zero; /* stands for a null in a required column without a default */
    sl_str type_name;
    int32_t length;
    int32_t scale;
    sl_str comment;
    /* by cdc_table_build */
    const sl_schema *value_schema; /* shared; NULL when not in the value */
    const cdc_mapper *mapper;      /* NULL = none */
    int32_t value_index;           /* -1 = not in the value */
    sl_value null_value;           /* what a null becomes in events */
} cdc_column;

typedef struct cdc_table {
    sl_arena arena; /* of the names */
    sl_str schema;
    sl_str name;
    sl_str id; /* schema.name */
    sl_str topic;
    cdc_column *cols;
    uint32_t ncols;
    bool plain; /* the value has every column as it comes: a row image is the value's items */
    uint32_t nvalue;
    uint32_t nkey;
    uint32_t *key_cols;   /* column of each key field */
    sl_str key_table;     /* the value of a further key field (topic.h); absent = there is none */
    const sl_schema *key; /* NULL = no key; shared */
    const sl_schema *value;
    const sl_schema *envelope;
    uint64_t tx_serial; /* of the transaction that counted it last (transaction.h) */
    size_t tx_place;    /* of its count there */
    sl_str batch_topic; /* the names in the arena of the batch with the serial below: see cdc_emit_use */
    sl_str batch_schema;
    sl_str batch_name;
    sl_str batch_key_table;
    uint64_t batch_serial;
} cdc_table;

/* What all tables of a source share. */
typedef struct cdc_schemas {
    const sl_host *host;
    const sl_schema *source; /* the source block; shared */
    const sl_schema *string;
    const sl_schema *int64;
    const sl_schema *opt_int64;
    const sl_schema *transaction; /* the optional transaction block */
} cdc_schemas;

/* cdc_schemas_init takes a reference on source. */
SL_MUST_CHECK sl_error *cdc_schemas_init(cdc_schemas *s, const sl_host *host, const sl_schema *source);
void cdc_schemas_deinit(cdc_schemas *s);

/* cdc_table_new makes a table with room for ncols columns; NULL when out of memory. */
cdc_table *cdc_table_new(sl_str schema, sl_str name, uint32_t ncols);
void cdc_table_free(cdc_table *t, const sl_host *host);

/*
 * cdc_table_build finishes a table. pk names the key's columns in order (message.key.columns goes first).
 * Columns that are left out because of their type are reported with a warning by the caller.
 */
SL_MUST_CHECK sl_error *cdc_table_build(cdc_table *t, const cdc_schemas *s, const cdc_config *c,
                                        const cdc_rules *r, const sl_str *pk, size_t npk);

/* cdc_struct_schema interns a STRUCT of n fields; references on the fields' schemas stay with the caller. */
SL_MUST_CHECK sl_error *cdc_struct_schema(const sl_host *h, sl_str name, int version, bool optional,
                                          const sl_field *fields, size_t n, const sl_schema **out);

/* cdc_source_snapshot_schema gives the schema of the source block's field "snapshot". */
SL_MUST_CHECK sl_error *cdc_source_snapshot_schema(const sl_host *h, const sl_schema **out);

#endif
