/*
 * types.h - the server's types by oid, read from the catalog when first met.
 */
#ifndef PG_TYPES_H
#define PG_TYPES_H

#include "conn.h"

typedef struct pg_type {
    uint32_t oid;
    sl_str name;
    char kind; /* b, c, d, e, m, p, r */
    char category;
    char delimiter;
    uint32_t element; /* of a true array, else 0 */
    uint32_t base;    /* of a domain */
    int32_t typmod;   /* of a domain */
    sl_str labels;    /* of an enum: joined by commas */
    struct pg_type *next;
} pg_type;

typedef struct pg_types {
    pg_conn *conn; /* of the catalog; NULL in tests: nothing is looked up then */
    const sl_host *host;
    sl_arena arena;
    pg_type *buckets[256];
    const sl_schema **held; /* schemas of children, held as long as this lives */
    size_t nheld;
    int32_t
        money; /* digits behind the point of money, which the server's lc_monetary says; -1 = not read yet */
} pg_types;

void pg_types_init(pg_types *t, const sl_host *host, pg_conn *conn);
void pg_types_deinit(pg_types *t);

/* pg_types_get gives a type, reading the catalog if it must; *out is NULL when there is no such type (any
 * more). */
SL_MUST_CHECK sl_error *pg_types_get(pg_types *t, uint32_t oid, const pg_type **out);

/* pg_types_add puts a copy of a type in. */
SL_MUST_CHECK sl_error *pg_types_add(pg_types *t, const pg_type *type);

/* pg_types_forget_enums makes enums be read again: their labels may have changed. */
void pg_types_forget_enums(pg_types *t);

/* pg_types_money gives the digits behind the point of money, from the server (2 when there is no connection).
 */
SL_MUST_CHECK sl_error *pg_types_money(pg_types *t, int32_t *out);

/* pg_types_hold interns a child schema and keeps its reference. */
SL_MUST_CHECK sl_error *pg_types_hold(pg_types *t, const sl_schema *def, const sl_schema **out);

#endif
