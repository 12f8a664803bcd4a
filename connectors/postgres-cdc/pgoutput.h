/*
 * pgoutput.h - messages of PostgreSQL's output plugin pgoutput, protocol version 1.
 *
 * Wire format: PostgreSQL's documentation, "Logical Replication Message Formats". Integers are big-endian,
 * names end in a zero byte. A message is looked at where it lies: everything points into it. Nothing is read
 * past its end: a message that is too short, or longer than it says, is an error.
 */
#ifndef PG_PGOUTPUT_H
#define PG_PGOUTPUT_H

#include <sluice/memory.h>

typedef enum pgo_kind {
    PGO_BEGIN = 'B',
    PGO_COMMIT = 'C',
    PGO_ORIGIN = 'O',
    PGO_RELATION = 'R',
    PGO_TYPE = 'Y',
    PGO_INSERT = 'I',
    PGO_UPDATE = 'U',
    PGO_DELETE = 'D',
    PGO_TRUNCATE = 'T',
    PGO_MESSAGE = 'M',
} pgo_kind;

typedef struct pgo_tuple {
    uint16_t n;     /* columns */
    sl_reader rest; /* at the first one */
} pgo_tuple;

typedef struct pgo_column {
    bool key;
    sl_str name;
    uint32_t type;
    int32_t typmod;
} pgo_column;

typedef struct pgo_message {
    pgo_kind kind;
    uint64_t lsn;      /* BEGIN: of the commit record; COMMIT: the same; ORIGIN: there; MESSAGE: its own */
    uint64_t end_lsn;  /* COMMIT */
    int64_t commit_us; /* BEGIN, COMMIT: microseconds since 1970 */
    uint32_t xid;      /* BEGIN */
    uint32_t relation; /* RELATION, INSERT, UPDATE, DELETE */
    sl_str name;       /* RELATION: schema; ORIGIN: name; MESSAGE: prefix */
    sl_str table;      /* RELATION */
    char identity;     /* RELATION: d, n, f, i */
    char old_kind;     /* UPDATE, DELETE: 'K', 'O' or 0 */
    pgo_tuple old_row;
    pgo_tuple new_row;
    uint32_t count; /* RELATION: columns; TRUNCATE: relations */
    sl_reader rest; /* RELATION: at the first column; TRUNCATE: at the first relation */
    uint8_t flags;  /* TRUNCATE, MESSAGE */
    sl_str content; /* MESSAGE */
} pgo_message;

typedef struct pgo_cell {
    char kind; /* n: null, u: unchanged toast, t: text, b: binary */
    char *p;   /* into the message, which the reader of the cell may change */
    uint32_t n;
} pgo_cell;

/* pgo_parse reads a message; an unknown kind gives *known = false. */
SL_MUST_CHECK sl_error *pgo_parse(sl_str data, pgo_message *m, bool *known);

/* pgo_next_column reads the next column of a RELATION; false on a short read. */
bool pgo_next_column(sl_reader *r, pgo_column *c);

/* pgo_next_cell reads the next value of a tuple; false when it is malformed. */
static inline bool pgo_next_cell(sl_reader *r, pgo_cell *c) {
    if (r->p >= r->end) {
        return false;
    }
    c->kind = (char)*r->p++;
    c->p = NULL;
    c->n = 0;
    if (c->kind == 'n' || c->kind == 'u') {
        return true;
    }
    if ((c->kind != 't' && c->kind != 'b') || r->end - r->p < 4) {
        return false;
    }
    c->n = (uint32_t)r->p[0] << 24 | (uint32_t)r->p[1] << 16 | (uint32_t)r->p[2] << 8 | (uint32_t)r->p[3];
    r->p += 4;
    if (c->n > (size_t)(r->end - r->p)) {
        return false;
    }
    c->p = (char *)(uintptr_t)r->p;
    r->p += c->n;
    return true;
}

#endif
