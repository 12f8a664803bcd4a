/*
 * chunk.c - see chunk.h.
 */
#include "chunk.h"

#include <inttypes.h>
#include <stdio.h>

#include "task.h"

/* ---- a connection and its transaction ---- */

sl_error *pg_reader_open(pg_task *t, pg_reader *r) {
    memset(r, 0, sizeof *r);
    return pg_conn_open(&r->conn, t->ctx, &t->interrupted, t->s, false);
}

void pg_reader_close(pg_reader *r) {
    pg_conn_close(&r->conn);
    r->in_transaction = r->copying = false;
}

sl_error *pg_reader_begin(pg_reader *r, sl_str snapshot) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    /* it may be idle within the transaction for as long as nothing more fits into a batch */
    sl_buf_add_z(&b, "begin transaction isolation level repeatable read read only; set local "
                     "client_min_messages = error; ");
    if (snapshot.n) {
        sl_buf_add_z(&b, "set transaction snapshot ");
        pg_quote_literal(&b, snapshot);
        sl_buf_add_z(&b, "; ");
    }
    sl_buf_add_z(&b, "set local idle_in_transaction_session_timeout = 0");
    sl_buf_add_char(&b, 0);
    sl_error *err =
        b.failed ? sl_error_nomem() : pg_conn_query(&r->conn, b.p, "beginning to read rows", NULL);
    sl_buf_deinit(&b);
    r->in_transaction = err == NULL;
    return err;
}

sl_error *pg_reader_end(pg_reader *r) {
    if (!r->in_transaction) {
        return NULL;
    }
    r->in_transaction = false;
    return pg_conn_query(&r->conn, "commit", "ending to read rows", NULL);
}

/* ---- the query of a chunk ---- */

static void add_columns(sl_buf *b, const cdc_table *table, const char *before) {
    for (uint32_t i = 0; i < table->ncols; i++) {
        sl_buf_add_z(b, i ? ", " : "");
        sl_buf_add_z(b, before);
        pg_quote_ident(b, table->cols[i].name);
    }
}

static void add_heap(sl_buf *b, const pg_heap_name *h) {
    if (h->statement.n) {
        sl_str s = h->statement;
        while (s.n && (s.p[s.n - 1] == ';' || s.p[s.n - 1] == ' ')) {
            s.n--;
        }
        sl_buf_add_char(b, '(');
        sl_buf_add_str(b, s);
        sl_buf_add_z(b, "\n) _o"); /* a statement may end in a comment */
        return;
    }
    sl_buf_add_z(b, h->only ? "only " : "");
    pg_quote_ident(b, h->schema);
    sl_buf_add_char(b, '.');
    pg_quote_ident(b, h->name);
}

static void add_key(sl_buf *b, const cdc_chunk *c, const char *between, const char *behind) {
    for (size_t i = 0; i < c->nkey; i++) {
        sl_buf_add_z(b, i ? between : "");
        pg_quote_ident(b, c->key[i]);
        sl_buf_add_z(b, behind);
    }
}

/* Whether (key) is beyond, or up to, a bound. Row comparison takes one pass over an index. */
static void add_bound(sl_buf *b, const cdc_chunk *c, const char *op, const sl_str *bound) {
    sl_buf_add_char(b, '(');
    add_key(b, c, ", ", "");
    sl_buf_add_z(b, op);
    for (size_t i = 0; i < c->nkey; i++) {
        sl_buf_add_z(b, i ? ", " : "");
        pg_quote_literal(b, bound[i]);
    }
    sl_buf_add_char(b, ')');
}

static const char *join(bool *any) {
    const char *word = *any ? " and " : " where ";
    *any = true;
    return word;
}

static void add_blocks(sl_buf *b, const pg_heap_name *h, const cdc_chunk *c) {
    bool any = false;
    if (c->first) {
        sl_buf_add_z(b, join(&any));
        sl_buf_printf(b, "ctid >= '(%" PRIu64 ",%" PRIu64 ")'::pg_catalog.tid", c->first / CDC_BLOCK,
                      c->first % CDC_BLOCK);
    }
    if (c->end != CDC_BLOCKS_OPEN) {
        sl_buf_add_z(b, join(&any));
        sl_buf_printf(b, "ctid < '(%" PRIu64 ",%" PRIu64 ")'::pg_catalog.tid", c->end / CDC_BLOCK,
                      c->end % CDC_BLOCK);
    }
    if (h->since) {
        sl_buf_add_z(b, join(&any));
        sl_buf_printf(b, "pg_catalog.age(xmin) <= pg_catalog.age('%u'::pg_catalog.xid)",
                      (unsigned)(uint32_t)h->since);
    }
}

static void add_condition(sl_buf *b, const cdc_chunk *c, bool *any) {
    if (c->condition.n) {
        sl_buf_add_z(b, join(any));
        sl_buf_add_char(b, '(');
        sl_buf_add_str(b, c->condition);
        sl_buf_add_z(b, "\n)");
    }
}

static void add_by_key(sl_buf *b, const cdc_chunk *c) {
    bool any = false;
    if (c->after) {
        sl_buf_add_z(b, join(&any));
        add_bound(b, c, ") > (", c->after);
    }
    if (c->until) {
        sl_buf_add_z(b, join(&any));
        add_bound(b, c, ") <= (", c->until);
    }
    add_condition(b, c, &any);
    sl_buf_add_z(b, " order by ");
    add_key(b, c, ", ", "");
    if (c->limit) {
        sl_buf_printf(b, " limit %" PRId64, c->limit);
    }
}

static bool is_whole(const pg_heap_name *h, const cdc_chunk *c) {
    bool all_blocks =
        c->kind == CDC_CHUNK_BLOCKS && c->first == 0 && c->end == CDC_BLOCKS_OPEN && !h->since && !h->places;
    return !h->statement.n && h->plain && (c->kind == CDC_CHUNK_TABLE || all_blocks);
}

void pg_chunk_query(sl_buf *b, const pg_relation *rel, const pg_heap_name *h, const cdc_chunk *c) {
    const cdc_table *table = rel->table;
    sl_buf_add_z(b, "copy ");
    if (is_whole(h, c) && table->ncols) {
        pg_quote_ident(b, h->schema);
        sl_buf_add_char(b, '.');
        pg_quote_ident(b, h->name);
        sl_buf_add_z(b, " (");
        add_columns(b, table, "");
    } else {
        sl_buf_add_z(b, h->places ? "(select ctid, " : "(select ");
        add_columns(b, table, "");
        sl_buf_add_z(b, " from ");
        add_heap(b, h);
        if (c->kind == CDC_CHUNK_BLOCKS) {
            add_blocks(b, h, c);
        } else if (c->kind == CDC_CHUNK_KEY) {
            add_by_key(b, c);
        }
    }
    sl_buf_add_z(b, ") to stdout");
    sl_buf_add_char(b, 0);
}

sl_error *pg_reader_start(pg_reader *r, const pg_relation *rel, const pg_heap_name *h, const cdc_chunk *c) {
    char what[400];
    snprintf(what, sizeof what, "reading the rows of %.*s (the user needs SELECT on it)",
             SL_STR_ARG(rel->table->id));
    sl_buf b;
    sl_buf_init(&b, NULL);
    pg_chunk_query(&b, rel, h, c);
    sl_error *err = b.failed ? sl_error_nomem() : pg_conn_copy(&r->conn, b.p, what, PGRES_COPY_OUT);
    sl_buf_deinit(&b);
    r->copying = err == NULL;
    return err;
}

sl_error *pg_greatest_key(pg_conn *k, const pg_heap_name *h, const cdc_chunk *c, sl_arena *a, sl_str *out,
                          bool *found) {
    sl_buf b;
    bool any = false;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "select ");
    add_key(&b, c, ", ", "");
    sl_buf_add_z(&b, " from ");
    add_heap(&b, h);
    add_condition(&b, c, &any);
    sl_buf_add_z(&b, " order by ");
    add_key(&b, c, ", ", " desc");
    sl_buf_add_z(&b, " limit 1");
    sl_buf_add_char(&b, 0);
    PGresult *res = NULL;
    sl_error *err =
        b.failed ? sl_error_nomem() : pg_conn_query(k, b.p, "reading the greatest key of a table", &res);
    sl_buf_deinit(&b);
    *found = !err && PQntuples(res) == 1;
    for (int i = 0; *found && i < (int)c->nkey; i++) {
        out[i] = PQgetisnull(res, 0, i)
                     ? SL_STR_NONE
                     : sl_arena_str(a, (sl_str){PQgetvalue(res, 0, i), (size_t)PQgetlength(res, 0, i)});
    }
    PQclear(res);
    return !err && a->failed ? sl_error_nomem() : err;
}

/* ---- lines ---- */

static sl_error *end_of_rows(pg_reader *r) {
    sl_error *err = NULL;
    PGresult *res;
    while ((res = PQgetResult(r->conn.c)) != NULL) {
        if (!err && PQresultStatus(res) != PGRES_COMMAND_OK) {
            err = pg_error_of(&r->conn, res, "reading the rows of a table");
        }
        PQclear(res);
    }
    r->copying = false;
    return err;
}

sl_error *pg_reader_next(pg_reader *r, char **line, size_t *n, pg_read *what) {
    int got = 0;
    SL_TRY(pg_conn_next(&r->conn, line, &got, "reading the rows of a table"));
    *n = got > 0 ? (size_t)got : 0;
    *what = got > 0 ? PG_READ_ROW : got == 0 ? PG_READ_WAIT : PG_READ_END;
    return got == -1 ? end_of_rows(r) : NULL;
}

/* COPY's text form: unescapes a field in place; gives its length. */
static size_t unescape(char *p, size_t n) {
    char *from = memchr(p, '\\', n);
    if (!from) {
        return n;
    }
    char *to = from;
    char *end = p + n;
    while (from < end) {
        if (*from != '\\' || from + 1 == end) {
            *to++ = *from++;
            continue;
        }
        char c = from[1];
        from += 2;
        *to++ = (char)(c == 'n'   ? '\n'
                       : c == 't' ? '\t'
                       : c == 'r' ? '\r'
                       : c == 'b' ? '\b'
                       : c == 'f' ? '\f'
                       : c == 'v' ? '\v'
                                  : c);
    }
    return (size_t)(to - p);
}

static bool digits(const char **p, const char *end, uint64_t *out) {
    const char *from = *p;
    for (*out = 0; *p < end && **p >= '0' && **p <= '9' && *p - from < 11; (*p)++) {
        *out = *out * 10 + (uint64_t)(**p - '0');
    }
    return *p > from && *p < end;
}

size_t pg_line_place(const char *line, size_t n, uint64_t *place) {
    const char *p = line + 1;
    const char *end = line + n;
    uint64_t block = 0;
    uint64_t row = 0;
    if (n < 6 || *line != '(' || !digits(&p, end, &block) || *p++ != ',' || !digits(&p, end, &row) ||
        *p++ != ')' || p == end || *p++ != '\t') {
        return 0;
    }
    *place = block * CDC_BLOCK + row;
    return (size_t)(p - line);
}

static sl_error *wrong_columns(const pg_relation *rel) {
    return sl_error_new(SL_E_DATABASE, SL_FATAL,
                        "the server sent a row of %.*s with another number of columns than %u",
                        SL_STR_ARG(rel->table->id), rel->table->ncols);
}

sl_error *pg_line_row(pg_task *t, pg_relation *rel, char *line, size_t n, sl_value **out) {
    uint32_t cols = rel->table->ncols;
    sl_value *row = sl_arena_alloc(&t->emitter.batch->arena, (cols ? cols : 1) * sizeof *row);
    if (!row) {
        return sl_error_nomem();
    }
    if (n && line[n - 1] == '\n') {
        n--;
    }
    char *end = line + n;
    for (uint32_t i = 0; i < cols; i++) {
        char *tab = memchr(line, '\t', (size_t)(end - line));
        char *stop = tab ? tab : end;
        if ((tab == NULL) != (i + 1 == cols)) {
            return wrong_columns(rel);
        }
        if (stop - line == 2 && line[0] == '\\' && line[1] == 'N') {
            row[i] = sl_null();
        } else {
            SL_TRY(pg_row_value(t, rel, i, line, unescape(line, (size_t)(stop - line)), &row[i]));
        }
        line = stop + 1;
    }
    *out = row;
    return NULL;
}

sl_error *pg_line_take(pg_task *t, pg_relation *rel, char *line, size_t n, size_t skip, sl_value **row) {
    sl_arena *a = &t->emitter.batch->arena;
    bool given = false;
    sl_error *err = NULL;
    char *text = line + skip;
    if (n <= PG_LARGE_BYTES) {
        text = sl_arena_bytes(a, n - skip);
        if (text) {
            memcpy(text, line + skip, n - skip);
        }
    }
    err = text ? pg_line_row(t, rel, text, n - skip, row) : sl_error_nomem();
    if (!err && n > PG_LARGE_BYTES) {
        err = pg_row_own(a, (sl_str){line, n}, rel->table->ncols, NULL, *row, &given);
    }
    if (!given) {
        PQfreemem(line);
    }
    return err;
}

static bool field_of(const char *line, const char *end, uint32_t col, sl_str *out) {
    for (uint32_t i = 0;; i++) {
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        if (i == col) {
            *out = (sl_str){line, (size_t)((tab ? tab : end) - line)};
            return true;
        }
        if (!tab) {
            return false;
        }
        line = tab + 1;
    }
}

sl_error *pg_line_key(sl_arena *a, const char *line, size_t n, const uint32_t *cols, size_t ncols,
                      sl_str *out) {
    const char *end = line + n - (n && line[n - 1] == '\n');
    for (size_t i = 0; i < ncols; i++) {
        sl_str field;
        if (!field_of(line, end, cols[i], &field)) {
            return sl_error_new(SL_E_DATABASE, SL_FATAL, "the server sent a row without its key's columns");
        }
        out[i] = SL_STR_NONE;
        if (!sl_str_eqz(field, "\\N")) {
            char *copy = sl_arena_bytes(a, field.n + 1);
            if (!copy) {
                return sl_error_nomem();
            }
            memcpy(copy, field.p, field.n);
            out[i] = (sl_str){copy, unescape(copy, field.n)};
        }
    }
    return NULL;
}

/* ---- what a snapshot sees ---- */

static bool parse_u64(sl_str s, uint64_t *out) {
    int64_t v = 0;
    bool ok = s.n && sl_str_to_i64(s, &v) && v >= 0;
    *out = (uint64_t)v;
    return ok;
}

bool pg_seen_parse(sl_str text, sl_arena *a, pg_seen *out) {
    sl_str part;
    memset(out, 0, sizeof *out);
    if (!sl_str_next(&text, ':', &part) || !parse_u64(part, &out->xmin) || !sl_str_next(&text, ':', &part) ||
        !parse_u64(part, &out->xmax)) {
        return false;
    }
    size_t room = 1;
    for (size_t i = 0; i < text.n; i++) {
        room += text.p[i] == ',';
    }
    out->running = sl_arena_alloc(a, room * sizeof *out->running);
    while (out->running && text.n && sl_str_next(&text, ',', &part)) {
        if (!parse_u64(part, &out->running[out->n++])) {
            return false;
        }
    }
    return out->running != NULL;
}

sl_error *pg_seen_read(pg_conn *k, int server_version, sl_arena *a, pg_seen *out) {
    PGresult *res = NULL;
    SL_TRY(pg_conn_query(k,
                         server_version >= 130000 ? "select pg_catalog.pg_current_snapshot()"
                                                  : "select pg_catalog.txid_current_snapshot()",
                         "reading which transactions a snapshot sees", &res));
    bool ok = pg_seen_parse(sl_str_of(PQgetvalue(res, 0, 0)), a, out);
    sl_error *err = NULL;
    if (!ok) {
        err = a->failed ? sl_error_nomem()
                        : sl_error_new(SL_E_DATABASE, SL_FATAL, "the server's snapshot '%s' cannot be read",
                                       PQgetvalue(res, 0, 0));
    }
    PQclear(res);
    return err;
}

bool pg_seen_has(const pg_seen *s, uint32_t xid) {
    /* ids are 64 bits long but in the stream: the nearest to the snapshot's end is meant */
    uint64_t full = s->xmax - (uint64_t)(int64_t)(int32_t)((uint32_t)s->xmax - xid);
    if (full >= s->xmax) {
        return false;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (s->running[i] == full) {
            return false;
        }
    }
    return true;
}
