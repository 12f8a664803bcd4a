/*
 * pgoutput.c - see pgoutput.h.
 */
#include "pgoutput.h"

#define PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01 */

static int64_t read_time(sl_reader *r) {
    return (int64_t)((uint64_t)sl_reader_u64be(r) + (uint64_t)PG_EPOCH_US);
}

static sl_error *bad(const pgo_message *m, const char *why) {
    return sl_error_new(SL_E_DATABASE, SL_FATAL, "the server sent a malformed message of kind '%c': %s",
                        (char)m->kind, why);
}

/* Reads over a tuple, so that what follows can be found and nothing in it points outside. */
static bool read_tuple(sl_reader *r, pgo_tuple *t) {
    t->n = sl_reader_u16be(r);
    t->rest = *r;
    if (r->short_read) {
        return false;
    }
    pgo_cell cell;
    for (uint16_t i = 0; i < t->n; i++) {
        if (!pgo_next_cell(r, &cell)) {
            return false;
        }
    }
    t->rest.end = r->p;
    return true;
}

static sl_error *read_row_message(sl_reader *r, pgo_message *m) {
    m->relation = sl_reader_u32be(r);
    char part = (char)sl_reader_u8(r);
    if (m->kind != PGO_INSERT && (part == 'K' || part == 'O')) {
        m->old_kind = part;
        if (!read_tuple(r, &m->old_row)) {
            return bad(m, "its old row is cut off");
        }
        if (m->kind == PGO_DELETE) {
            return NULL;
        }
        part = (char)sl_reader_u8(r);
    }
    if (part != 'N' || m->kind == PGO_DELETE) {
        return bad(m, "expected a row");
    }
    return read_tuple(r, &m->new_row) ? NULL : bad(m, "its row is cut off");
}

static sl_error *read_relation(sl_reader *r, pgo_message *m) {
    m->relation = sl_reader_u32be(r);
    m->name = sl_reader_cstr(r);
    m->table = sl_reader_cstr(r);
    m->identity = (char)sl_reader_u8(r);
    m->count = sl_reader_u16be(r);
    m->rest = *r;
    pgo_column c;
    for (uint32_t i = 0; i < m->count; i++) {
        if (!pgo_next_column(r, &c)) {
            return bad(m, "its columns are cut off");
        }
    }
    if (m->name.p && m->name.n == 0) {
        m->name = SL_STR("pg_catalog");
    }
    return NULL;
}

static sl_error *read_truncate(sl_reader *r, pgo_message *m) {
    m->count = sl_reader_u32be(r);
    m->flags = sl_reader_u8(r);
    m->rest = *r;
    if (m->count > sl_reader_left(r) / 4) {
        return bad(m, "its relations are cut off");
    }
    sl_reader_bytes(r, (size_t)m->count * 4);
    return NULL;
}

bool pgo_next_column(sl_reader *r, pgo_column *c) {
    c->key = sl_reader_u8(r) & 1;
    c->name = sl_reader_cstr(r);
    c->type = sl_reader_u32be(r);
    c->typmod = (int32_t)sl_reader_u32be(r);
    return !r->short_read;
}

static sl_error *read_body(sl_reader *r, pgo_message *m, bool *known) {
    switch (m->kind) {
    case PGO_BEGIN:
        m->lsn = sl_reader_u64be(r);
        m->commit_us = read_time(r);
        m->xid = sl_reader_u32be(r);
        return NULL;
    case PGO_COMMIT:
        m->flags = sl_reader_u8(r);
        m->lsn = sl_reader_u64be(r);
        m->end_lsn = sl_reader_u64be(r);
        m->commit_us = read_time(r);
        return NULL;
    case PGO_ORIGIN:
        m->lsn = sl_reader_u64be(r);
        m->name = sl_reader_cstr(r);
        return NULL;
    case PGO_RELATION:
        return read_relation(r, m);
    case PGO_TYPE:
        m->relation = sl_reader_u32be(r);
        m->name = sl_reader_cstr(r);
        m->table = sl_reader_cstr(r);
        return NULL;
    case PGO_INSERT:
    case PGO_UPDATE:
    case PGO_DELETE:
        return read_row_message(r, m);
    case PGO_TRUNCATE:
        return read_truncate(r, m);
    case PGO_MESSAGE:
        m->flags = sl_reader_u8(r);
        m->lsn = sl_reader_u64be(r);
        m->name = sl_reader_cstr(r);
        m->content = sl_reader_bytes(r, sl_reader_u32be(r));
        return NULL;
    }
    *known = false;
    return NULL;
}

sl_error *pgo_parse(sl_str data, pgo_message *m, bool *known) {
    sl_reader r = sl_reader_of(data.p, data.n);
    memset(m, 0, sizeof *m);
    m->kind = (pgo_kind)sl_reader_u8(&r);
    *known = true;
    SL_TRY(read_body(&r, m, known));
    return *known && r.short_read ? bad(m, "it ends too early") : NULL;
}
