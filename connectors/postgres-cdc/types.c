/*
 * types.c - see types.h.
 */
#include "types.h"

#include <stdlib.h>

void pg_types_init(pg_types *t, const sl_host *host, pg_conn *conn) {
    memset(t, 0, sizeof *t);
    t->conn = conn;
    t->host = host;
    t->money = -1;
    sl_arena_init(&t->arena, 4096);
}

void pg_types_deinit(pg_types *t) {
    for (size_t i = 0; i < t->nheld; i++) {
        t->host->schema_unref(t->held[i]);
    }
    sl_free(t->held);
    sl_arena_deinit(&t->arena);
    memset(t, 0, sizeof *t);
}

static pg_type *find(pg_types *t, uint32_t oid) {
    for (pg_type *p = t->buckets[oid % 256]; p; p = p->next) {
        if (p->oid == oid) {
            return p;
        }
    }
    return NULL;
}

sl_error *pg_types_add(pg_types *t, const pg_type *type) {
    pg_type *p = sl_arena_alloc(&t->arena, sizeof *p);
    if (!p) {
        return sl_error_nomem();
    }
    *p = *type;
    p->name = sl_arena_str(&t->arena, type->name);
    p->labels = sl_arena_str(&t->arena, type->labels);
    p->next = t->buckets[type->oid % 256];
    t->buckets[type->oid % 256] = p;
    return t->arena.failed ? sl_error_nomem() : NULL;
}

void pg_types_forget_enums(pg_types *t) {
    for (size_t i = 0; i < 256; i++) {
        for (pg_type **p = &t->buckets[i]; *p;) {
            if ((*p)->kind == 'e') {
                *p = (*p)->next;
            } else {
                p = &(*p)->next;
            }
        }
    }
}

static uint32_t get_oid(const PGresult *res, int col) {
    return (uint32_t)strtoul(PQgetvalue(res, 0, col), NULL, 10);
}

static sl_error *add_row(pg_types *t, const PGresult *res) {
    char category = *PQgetvalue(res, 0, 3);
    pg_type type = {.oid = get_oid(res, 0),
                    .name = sl_str_of(PQgetvalue(res, 0, 1)),
                    .kind = *PQgetvalue(res, 0, 2),
                    .category = category,
                    .element = category == 'A' ? get_oid(res, 4) : 0,
                    .base = get_oid(res, 5),
                    .typmod = (int32_t)strtol(PQgetvalue(res, 0, 6), NULL, 10),
                    .delimiter = *PQgetvalue(res, 0, 7),
                    .labels = sl_str_of(PQgetvalue(res, 0, 8))};
    return pg_types_add(t, &type);
}

sl_error *pg_types_get(pg_types *t, uint32_t oid, const pg_type **out) {
    *out = find(t, oid);
    if (*out || !t->conn || !oid) {
        return NULL;
    }
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(&b,
                  "select t.oid, t.typname, t.typtype, t.typcategory, t.typelem, t.typbasetype, t.typtypmod, "
                  "coalesce((select e.typdelim from pg_catalog.pg_type e where e.oid = t.typelem), ','), "
                  "(select string_agg(l.enumlabel, ',' order by l.enumsortorder) from pg_catalog.pg_enum l "
                  "where l.enumtypid = t.oid) from pg_catalog.pg_type t where t.oid = %u",
                  oid);
    sl_buf_add_char(&b, 0);
    PGresult *res = NULL;
    sl_error *err =
        b.failed ? sl_error_nomem() : pg_conn_query(t->conn, b.p, "reading a type from the catalog", &res);
    sl_buf_deinit(&b);
    if (!err && PQntuples(res) == 1) {
        err = add_row(t, res);
        *out = err ? NULL : find(t, oid);
    }
    PQclear(res);
    return err;
}

sl_error *pg_types_money(pg_types *t, int32_t *out) {
    *out = t->money < 0 ? 2 : t->money;
    if (t->money >= 0 || !t->conn) {
        return NULL;
    }
    PGresult *res = NULL;
    SL_TRY(pg_conn_query(t->conn, "select pg_catalog.scale('0'::pg_catalog.money::pg_catalog.numeric)",
                         "reading the digits of money", &res));
    int64_t v = 2;
    if (PQntuples(res) == 1 && sl_str_to_i64(sl_str_of(PQgetvalue(res, 0, 0)), &v) && v >= 0 && v <= 18) {
        t->money = *out = (int32_t)v;
    }
    PQclear(res);
    return NULL;
}

sl_error *pg_types_hold(pg_types *t, const sl_schema *def, const sl_schema **out) {
    *out = NULL;
    const sl_schema **held = sl_realloc(t->held, (t->nheld + 1) * sizeof *held);
    if (!held) {
        return sl_error_nomem();
    }
    t->held = held;
    SL_TRY(t->host->schema_intern(def, out));
    for (size_t i = 0; i < t->nheld; i++) {
        if (held[i] == *out) {
            t->host->schema_unref(*out);
            return NULL;
        }
    }
    held[t->nheld++] = *out;
    return NULL;
}
