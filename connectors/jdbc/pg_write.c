/*
 * pg_write.c - rows of one shape as binary arrays: INSERT, upsert, UPDATE and DELETE over unnest(...).
 *
 * Values go as the column's own type where a cell has that form, else as text with a cast on the server, so
 * that any type the server can read text for works. Buffers belong to the connection and are used again;
 * libpq copies what it sends.
 */
#include "pg_write.h"

#include "clock.h"

#include <endian.h>
#include <sluice/text.h>

enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIME = 1083,
    OID_STAMP = 1114,
    OID_STAMPTZ = 1184,
    OID_BIT = 1560,
    OID_VARBIT = 1562,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_JSONB = 3802
};

typedef enum pg_wire {
    W_TEXT,
    W_BOOL,
    W_INT2,
    W_INT4,
    W_INT8,
    W_FLOAT4,
    W_FLOAT8,
    W_BYTEA,
    W_DATE,
    W_TIME,
    W_STAMP,
    W_STAMPTZ,
    W_UUID
} pg_wire;

static const struct {
    Oid element, array;
} wire_oids[] = {
    [W_TEXT] = {OID_TEXT, 1009},     [W_BOOL] = {OID_BOOL, 1000},   [W_INT2] = {OID_INT2, 1005},
    [W_INT4] = {OID_INT4, 1007},     [W_INT8] = {OID_INT8, 1016},   [W_FLOAT4] = {OID_FLOAT4, 1021},
    [W_FLOAT8] = {OID_FLOAT8, 1022}, [W_BYTEA] = {OID_BYTEA, 1001}, [W_DATE] = {OID_DATE, 1182},
    [W_TIME] = {OID_TIME, 1183},     [W_STAMP] = {OID_STAMP, 1115}, [W_STAMPTZ] = {OID_STAMPTZ, 1185},
    [W_UUID] = {OID_UUID, 2951},
};

/* ---- choosing ---- */

static bool is_type(const jdbc_column *target, const char *name) {
    return target && sl_str_eqz(target->cast, name);
}

static bool ends_type(const jdbc_column *target,
                      const char *name) { /* of an extension: maybe with its schema before it */
    return target && (is_type(target, name) ||
                      (target->cast.n > strlen(name) && sl_str_ends(target->cast, sl_str_of(name)) &&
                       target->cast.p[target->cast.n - strlen(name) - 1] == '.'));
}

static bool is_vector(const jdbc_column *t) {
    return ends_type(t, "vector") || ends_type(t, "halfvec");
}

bool jdbc_pg_plain_array(const sl_schema *array) {
    jdbc_kind kind = jdbc_kind_of(array->element);
    return kind != JK_STRUCT && kind != JK_MAP && (kind != JK_ARRAY || jdbc_pg_plain_array(array->element));
}

static jdbc_render choose_render(const jdbc_col *col) {
    const jdbc_column *t = col->target;
    switch (col->kind) {
    case JK_BOOL:
        return t && (t->oid == OID_BIT || t->oid == OID_VARBIT) ? JR_BIT : JR_PLAIN;
    case JK_ARRAY:
    case JK_DOUBLE_VECTOR:
    case JK_FLOAT_VECTOR:
        if (is_vector(t)) {
            return JR_VECTOR;
        }
        return (t ? t->element != 0 : jdbc_pg_plain_array(col->schema)) ? JR_ARRAY : JR_JSON;
    case JK_MAP:
        return ends_type(t, "hstore") ? JR_HSTORE : JR_JSON;
    case JK_STRUCT:
        return JR_JSON;
    case JK_GEOMETRY:
    case JK_GEOGRAPHY:
        return t && t->oid != OID_BYTEA ? JR_EWKB_HEX : JR_PLAIN;
    default:
        return JR_PLAIN;
    }
}

static pg_wire wire_number(jdbc_class cls, uint32_t oid) {
    switch (oid) {
    case OID_INT2:
        return W_INT2;
    case OID_INT4:
        return W_INT4;
    case OID_INT8:
        return W_INT8;
    case OID_BOOL:
        return W_BOOL;
    case OID_NUMERIC:
    case OID_FLOAT4:
    case OID_FLOAT8:
    case OID_OID:
        return cls == JC_INT ? W_INT8 : W_TEXT;
    default:
        return W_TEXT;
    }
}

static pg_wire wire_temporal(jdbc_class cls, uint32_t oid) {
    switch (oid) {
    case OID_DATE:
        return cls == JC_DATE ? W_DATE : W_TEXT;
    case OID_TIME:
        return cls == JC_TIME ? W_TIME : W_TEXT;
    case OID_STAMP:
        return cls == JC_DATE ? W_DATE : cls == JC_TIME ? W_TEXT : W_STAMP;
    case OID_STAMPTZ:
        return cls == JC_STAMP || cls == JC_INSTANT ? W_STAMPTZ : W_TEXT;
    default:
        return W_TEXT;
    }
}

static pg_wire choose_wire(jdbc_class cls, uint32_t oid) {
    switch (cls) {
    case JC_INT:
    case JC_BOOL:
        return wire_number(cls, oid);
    case JC_FLOAT:
        return oid == OID_FLOAT4 ? W_FLOAT4 : oid == OID_FLOAT8 ? W_FLOAT8 : W_TEXT;
    case JC_BYTES:
        return oid == OID_BYTEA ? W_BYTEA : W_TEXT;
    case JC_DATE:
    case JC_TIME:
    case JC_STAMP:
    case JC_INSTANT:
        return wire_temporal(cls, oid);
    default:
        return oid == OID_UUID ? W_UUID : W_TEXT;
    }
}

void jdbc_pg_bind(jdbc_db *db, jdbc_col *col) {
    (void)db;
    if (col->render != JR_STAMP) {
        col->render = choose_render(col);
    }
    col->cls = jdbc_kind_class(col->kind, col->render);
    if (!col->target) {
        return;
    }
    uint32_t oid = col->target->oid;
    pg_wire wire = choose_wire(col->cls, oid);
    col->wire = (int)wire;
    col->cast = wire == W_TEXT && oid != OID_TEXT && oid != OID_VARCHAR && oid != OID_BPCHAR;
    col->cast = col->cast || (wire == W_INT8 && oid == OID_OID);
}

/* ---- statements ---- */

typedef struct pg_statements {
    char *main;   /* owned */
    char *second; /* owned; the INSERT behind a partial upsert's UPDATE */
} pg_statements;

void jdbc_pg_shape_free(jdbc_shape *shape) {
    pg_statements *st = shape->dialect;
    if (st) {
        sl_free(st->main);
        sl_free(st->second);
        sl_free(st);
    }
    shape->dialect = NULL;
}

static void add_source(const jdbc_shape *s, sl_buf *b) {
    sl_buf_add_z(b, "unnest(");
    for (uint32_t i = 0; i < s->ncols; i++) {
        sl_buf_printf(b, "%s$%u", i ? ", " : "", i + 1);
    }
    sl_buf_add_z(b, ") AS u(");
    for (uint32_t i = 0; i < s->ncols; i++) {
        sl_buf_printf(b, "%sf%u", i ? ", " : "", i + 1);
    }
    sl_buf_add_z(b, ")");
}

static void add_column_source(const jdbc_col *col, uint32_t i, bool compare, sl_buf *b) {
    sl_buf_printf(b, "u.f%u", i + 1);
    if (col->cast && col->cls == JC_NUMBER &&
        (col->target->oid == OID_INT2 || col->target->oid == OID_INT4 || col->target->oid == OID_INT8)) {
        sl_buf_add_z(b, "::numeric"); /* "5.00" is a number, but no integer's text */
    }
    if (col->cast || (compare && col->target->oid == OID_BPCHAR)) {
        sl_buf_printf(b, "::%.*s", SL_STR_ARG(col->target->cast));
    }
}

static void add_key_match(const jdbc_shape *s, sl_buf *b) {
    for (uint32_t i = 0; i < s->nkeys; i++) {
        sl_buf_printf(b, "%st.%.*s = ", i ? " AND " : "", SL_STR_ARG(s->cols[i].quoted));
        add_column_source(&s->cols[i], i, true, b);
    }
}

static void add_insert(const jdbc_shape *s, sl_buf *b) {
    bool always = false;
    sl_buf_printf(b, "INSERT INTO %.*s (", SL_STR_ARG(s->table->quoted));
    for (uint32_t i = 0; i < s->ncols; i++) {
        sl_buf_printf(b, "%s%.*s", i ? ", " : "", SL_STR_ARG(s->cols[i].quoted));
        always = always || s->cols[i].target->identity_always;
    }
    sl_buf_printf(b, ")%s SELECT ", always ? " OVERRIDING SYSTEM VALUE" : "");
    for (uint32_t i = 0; i < s->ncols; i++) {
        sl_buf_add_z(b, i ? ", " : "");
        add_column_source(&s->cols[i], i, false, b);
    }
    sl_buf_add_z(b, " FROM ");
    add_source(s, b);
}

static void add_update(const jdbc_shape *s, sl_buf *b) {
    sl_buf_printf(b, "UPDATE %.*s AS t SET ", SL_STR_ARG(s->table->quoted));
    for (uint32_t i = s->nkeys; i < s->ncols; i++) {
        sl_buf_printf(b, "%s%.*s = ", i > s->nkeys ? ", " : "", SL_STR_ARG(s->cols[i].quoted));
        add_column_source(&s->cols[i], i, false, b);
    }
    sl_buf_add_z(b, " FROM ");
    add_source(s, b);
    sl_buf_add_z(b, " WHERE ");
    add_key_match(s, b);
}

static void add_delete(const jdbc_shape *s, sl_buf *b) {
    sl_buf_printf(b, "DELETE FROM %.*s AS t USING ", SL_STR_ARG(s->table->quoted));
    add_source(s, b);
    sl_buf_add_z(b, " WHERE ");
    add_key_match(s, b);
}

static void add_statement(const jdbc_shape *s, sl_buf *main, sl_buf *second) {
    if (s->kind == JDBC_OP_DELETE) {
        add_delete(s, main);
        return;
    }
    bool nothing = s->ncols == s->nkeys;
    if (s->mode == JDBC_UPDATE && nothing) {
        return; /* a row of nothing but its key: there is nothing to set */
    }
    if (s->mode == JDBC_UPDATE || (s->partial && s->mode == JDBC_UPSERT && !nothing)) {
        add_update(s, main);
    }
    if (s->partial && s->mode == JDBC_UPSERT) {
        sl_buf *to = nothing ? main : second;
        add_insert(s, to);
        sl_buf_printf(to, " WHERE NOT EXISTS (SELECT 1 FROM %.*s AS t WHERE ", SL_STR_ARG(s->table->quoted));
        add_key_match(s, to);
        sl_buf_add_z(to, ")");
        return;
    }
    if (s->mode != JDBC_UPDATE) {
        add_insert(s, main);
    }
    if (s->mode == JDBC_UPSERT) {
        jdbc_add_conflict(s, main);
    }
}

static char *take_text(sl_buf *b) {
    char *text = b->n && !b->failed ? sl_strdup(sl_buf_view(b)) : NULL;
    return text;
}

static sl_error *statements_for(jdbc_shape *shape, pg_statements **out) {
    if (!shape->dialect) {
        sl_buf main, second;
        sl_buf_init(&main, NULL);
        sl_buf_init(&second, NULL);
        pg_statements *st = sl_calloc(1, sizeof *st);
        if (st) {
            add_statement(shape, &main, &second);
            st->main = take_text(&main);
            st->second = take_text(&second);
            shape->dialect = st;
        }
        bool ok = st && (st->main || !main.n) && (st->second || !second.n);
        sl_buf_deinit(&main);
        sl_buf_deinit(&second);
        if (!ok) {
            return sl_error_nomem();
        }
    }
    *out = shape->dialect;
    return NULL;
}

/* ---- values ---- */

static void put16(char *to, uint16_t v) {
    v = htobe16(v);
    memcpy(to, &v, 2);
}

static void put32(char *to, uint32_t v) {
    v = htobe32(v);
    memcpy(to, &v, 4);
}

static void put64(char *to, uint64_t v) {
    v = htobe64(v);
    memcpy(to, &v, 8);
}

static char *put_item(sl_buf *b, uint32_t n) {
    char *to = sl_buf_room(b, n + 4u);
    if (!to) {
        return NULL;
    }
    put32(to, n);
    b->n += n + 4u;
    return to + 4;
}

static void put_text(const jdbc_cell_rules *rules, const jdbc_cell *c, sl_buf *b) {
    size_t at = b->n;
    if (!sl_buf_room(b, 4)) {
        return;
    }
    b->n += 4;
    jdbc_cell_text(rules, c, b);
    if (!b->failed) {
        put32(b->p + at, (uint32_t)(b->n - at - 4));
    }
}

static bool put_int(pg_wire wire, int64_t v, sl_buf *b) {
    char *to;
    switch (wire) {
    case W_BOOL:
        if ((to = put_item(b, 1))) {
            *to = v != 0;
        }
        return true;
    case W_INT2:
        if ((to = put_item(b, 2))) {
            put16(to, (uint16_t)v);
        }
        return v >= INT16_MIN && v <= INT16_MAX;
    case W_INT4:
        if ((to = put_item(b, 4))) {
            put32(to, (uint32_t)v);
        }
        return v >= INT32_MIN && v <= INT32_MAX;
    default:
        if ((to = put_item(b, 8))) {
            put64(to, (uint64_t)v);
        }
        return true;
    }
}

static bool put_uuid(const jdbc_cell *c, sl_buf *b) {
    char *to = put_item(b, 16);
    unsigned n = 0;
    if (!to) {
        return true;
    }
    for (uint32_t i = 0; i < c->n; i++) {
        char ch = c->s[i];
        int digit = sl_hex_digit(ch);
        if (digit < 0 && (ch == '-' || ch == '{' || ch == '}')) {
            continue;
        }
        if (digit < 0 || n == 32) {
            return false;
        }
        to[n / 2] = (char)(n % 2 ? (unsigned char)to[n / 2] | (unsigned)digit : (unsigned)digit << 4);
        n++;
    }
    return n == 32;
}

#define EPOCH_DAYS 10957 /* from 1970-01-01 to 2000-01-01 */

static bool put_date(const jdbc_cell *c, sl_buf *b) {
    int64_t v = c->i == JDBC_INFINITY         ? INT32_MAX
                : c->i == JDBC_MINUS_INFINITY ? INT32_MIN
                                              : c->i - EPOCH_DAYS;
    char *to = put_item(b, 4);
    if (to) {
        put32(to, (uint32_t)v);
    }
    return v >= INT32_MIN && v <= INT32_MAX;
}

/* put_stamp: timestamp is a wall clock, timestamptz an instant; a cell of the other sort is moved by the
 * zone. */
static bool put_stamp(const jdbc_cell_rules *rules, const jdbc_cell *c, bool instant, sl_buf *b) {
    int64_t v = c->i, shift = 0;
    bool endless = v == JDBC_INFINITY || v == JDBC_MINUS_INFINITY;
    if (!endless && rules->zone && instant != (c->cls == JC_INSTANT)) {
        int64_t s = v / 1000000 - (v % 1000000 < 0);
        int64_t offset = jdbc_zone_offset(rules->zone, s);
        shift = instant ? -(int64_t)jdbc_zone_offset(rules->zone, s - offset) : offset;
    }
    char *to = put_item(b, 8);
    if (!endless && (__builtin_add_overflow(v, shift * 1000000, &v) ||
                     __builtin_sub_overflow(v, EPOCH_DAYS * JDBC_DAY_US, &v))) {
        return false;
    }
    if (to) {
        put64(to, (uint64_t)v);
    }
    return true;
}

static bool put_cell(const jdbc_cell_rules *rules, pg_wire wire, const jdbc_cell *c, sl_buf *b) {
    char *to;
    switch (wire) {
    case W_BOOL:
    case W_INT2:
    case W_INT4:
    case W_INT8:
        return put_int(wire, c->i, b);
    case W_FLOAT4: {
        float f = (float)c->f;
        uint32_t bits;
        memcpy(&bits, &f, 4);
        if ((to = put_item(b, 4))) {
            put32(to, bits);
        }
        return true;
    }
    case W_FLOAT8: {
        uint64_t bits;
        memcpy(&bits, &c->f, 8);
        if ((to = put_item(b, 8))) {
            put64(to, bits);
        }
        return true;
    }
    case W_BYTEA:
        if ((to = put_item(b, c->n)) && c->n) {
            memcpy(to, c->s, c->n);
        }
        return true;
    case W_DATE:
        return put_date(c, b);
    case W_TIME:
        return put_int(W_INT8, c->i, b);
    case W_STAMP:
    case W_STAMPTZ:
        return put_stamp(rules, c, wire == W_STAMPTZ, b);
    case W_UUID:
        return put_uuid(c, b);
    default:
        put_text(rules, c, b);
        return true;
    }
}

static sl_error *out_of_range(const jdbc_col *col) {
    return sl_error_new(SL_E_DATA, SL_USER,
                        "postgresql: the value of field '%.*s' does not fit column '%.*s' of type %.*s",
                        SL_STR_ARG(col->field), SL_STR_ARG(col->column), SL_STR_ARG(col->target->type));
}

/* encode_column writes column i of all rows as one array. */
static sl_error *encode_column(const jdbc_cell_rules *rules, const jdbc_shape *shape, uint32_t i,
                               jdbc_op *const *ops, size_t n, sl_buf *b) {
    const jdbc_col *col = &shape->cols[i];
    sl_buf_clear(b);
    char *head = sl_buf_room(b, 20);
    if (!head) {
        return sl_error_nomem();
    }
    put32(head, 1);
    put32(head + 4, 1);
    put32(head + 8, wire_oids[col->wire].element);
    put32(head + 12, (uint32_t)n);
    put32(head + 16, 1);
    b->n = 20;
    for (size_t r = 0; r < n; r++) {
        const jdbc_cell *c = &ops[r]->cells[i];
        if (c->cls == JC_NULL) {
            char *to = sl_buf_room(b, 4);
            if (to) {
                put32(to, UINT32_MAX);
                b->n += 4;
            }
        } else if (!put_cell(rules, (pg_wire)col->wire, c, b)) {
            return out_of_range(col);
        }
    }
    return b->failed ? sl_error_nomem() : NULL;
}

static sl_error *reserve_buffers(jdbc_pg *c, uint32_t n) {
    if (n <= c->nbuffers) {
        return NULL;
    }
    sl_buf *more = sl_realloc(c->buffers, n * sizeof *more);
    if (!more) {
        return sl_error_nomem();
    }
    c->buffers = more;
    while (c->nbuffers < n) {
        sl_buf_init(&c->buffers[c->nbuffers++], NULL);
    }
    return NULL;
}

/* trim_buffers gives back what an exceptionally large batch needed. */
static void trim_buffers(jdbc_pg *c) {
    for (size_t i = 0; i < c->nbuffers; i++) {
        if (c->buffers[i].cap > (1u << 20)) {
            sl_buf_deinit(&c->buffers[i]);
            sl_buf_init(&c->buffers[i], NULL);
        }
    }
}

static sl_error *send_rows(jdbc_pg *c, jdbc_shape *shape, const pg_statements *st, jdbc_op *const *ops,
                           size_t n, sl_arena *a) {
    jdbc_pg_params p = {.n = (int)shape->ncols};
    p.types = sl_arena_alloc(a, shape->ncols * sizeof *p.types);
    p.values = sl_arena_alloc(a, shape->ncols * sizeof *p.values);
    p.lengths = sl_arena_alloc(a, shape->ncols * sizeof *p.lengths);
    p.formats = sl_arena_alloc(a, shape->ncols * sizeof *p.formats);
    if (!p.types || !p.values || !p.lengths || !p.formats) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < shape->ncols; i++) {
        SL_TRY(encode_column(&c->settings->rules, shape, i, ops, n, &c->buffers[i]));
        if (c->buffers[i].n > INT32_MAX) {
            return sl_error_new(SL_E_DATA, SL_USER,
                                "postgresql: more than 2 GiB of values for one statement");
        }
        p.types[i] = wire_oids[shape->cols[i].wire].array;
        p.values[i] = c->buffers[i].p;
        p.lengths[i] = (int)c->buffers[i].n;
        p.formats[i] = 1;
    }
    SL_TRY(jdbc_pg_queue(c, st->main, &p));
    return st->second ? jdbc_pg_queue(c, st->second, &p) : NULL;
}

sl_error *jdbc_pg_write(jdbc_db *db, jdbc_shape *shape, jdbc_op *const *ops, size_t n) {
    jdbc_pg *c = (jdbc_pg *)db;
    pg_statements *st = NULL;
    SL_TRY(statements_for(shape, &st));
    if (!st->main) {
        return NULL;
    }
    SL_TRY(reserve_buffers(c, shape->ncols));
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_error *err = send_rows(c, shape, st, ops, n, &arena);
    sl_arena_deinit(&arena);
    trim_buffers(c);
    return err;
}
