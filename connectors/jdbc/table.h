/*
 * table.h - a table of the target, and how the rows of one pair of schemas go into it.
 *
 * Tables and shapes belong to one task and live until the task forgets them all at once (jdbc_catalog_clear).
 * Shapes hold references on the schemas they were made from.
 */
#ifndef JDBC_TABLE_H
#define JDBC_TABLE_H

#include "cell.h"
#include "settings.h"

typedef struct jdbc_column {
    sl_str name;
    sl_str type;      /* as declared, for messages */
    sl_str cast;      /* PostgreSQL: the type's own name, without length, for casts */
    uint32_t oid;     /* PostgreSQL: base type */
    uint32_t element; /* PostgreSQL: element type of an array, else 0 */
    bool not_null;
    bool generated; /* cannot be written */
    bool identity_always;
    int16_t key; /* position in the primary key from 1, 0 = no part of it */
} jdbc_column;

typedef struct jdbc_table {
    sl_str name;   /* as the format gave it; key of the catalog */
    sl_str schema; /* absent = the database's default */
    sl_str table;
    sl_str quoted; /* schema and table, ready for SQL */
    bool exists;
    sl_str kind; /* TABLE, VIEW, PARTITIONED TABLE */
    jdbc_column *columns;
    size_t ncolumns;
    struct jdbc_group *open; /* the sink's, while it groups a batch */
    struct jdbc_table *next;
} jdbc_table;

typedef enum jdbc_from {
    JF_KEY,       /* field of the key's struct */
    JF_WHOLE_KEY, /* a primitive key */
    JF_VALUE,     /* field of the row's struct */
    JF_WHOLE_VALUE,
    JF_TOPIC,
    JF_PARTITION,
    JF_OFFSET,
    JF_HEADER,
} jdbc_from;

/* One column of a shape: where its value comes from and how it is written. */
typedef struct jdbc_col {
    sl_str field;
    sl_str column; /* the target's name for it */
    sl_str quoted;
    const sl_schema *schema;
    jdbc_kind kind;
    jdbc_class cls; /* of non-null cells */
    jdbc_render render;
    jdbc_from from;
    uint32_t index;
    bool key;
    const jdbc_column *target; /* NULL until the table is there */
    int wire;                  /* the dialect's: how it is sent */
    bool cast;                 /* the dialect's: needs a cast in SQL */
} jdbc_col;

typedef enum jdbc_op_kind { JDBC_OP_WRITE, JDBC_OP_DELETE, JDBC_OP_TRUNCATE } jdbc_op_kind;

/* The columns that go together into one statement; the first nkeys are the key. */
typedef struct jdbc_shape {
    jdbc_table *table;
    jdbc_op_kind kind;
    jdbc_insert_mode mode;
    bool partial; /* some columns of the table's shape are left as they are */
    jdbc_col *cols;
    uint32_t ncols;
    uint32_t nkeys;
    void *dialect;            /* the dialect's prepared statements; dialect->shape_free frees it */
    struct jdbc_shape *parts; /* partial shapes made from this one */
    struct jdbc_shape *next;
    const uint8_t *mask; /* of a partial shape: which columns of its parent it has */
} jdbc_shape;

/* One row on its way. */
typedef struct jdbc_op {
    const sl_record *record;
    jdbc_table *table;
    jdbc_shape *shape; /* NULL for a truncate */
    jdbc_op_kind kind;
    bool bad;         /* reported already; skip it */
    uint64_t hash;    /* of the key */
    jdbc_cell *cells; /* one for each column of the shape */
} jdbc_op;

/* jdbc_table_column finds a column by name (exactly, else without regard to case when `fold`), or NULL. */
const jdbc_column *jdbc_table_column(const jdbc_table *t, sl_str name, bool fold);

/* jdbc_add_conflict appends the ON CONFLICT clause of an upsert, which PostgreSQL and SQLite write alike. */
void jdbc_add_conflict(const jdbc_shape *s, sl_buf *b);

#endif
