/*
 * snapshot_plan.c - which rows of which tables are left to be read, and who reads them.
 *
 * A chunk is a range of blocks of one heap (needs PostgreSQL 14, where such a range is read without the rest
 * of the table), or a whole table where that cannot be: with a SELECT of the user's, with row security.
 *
 * In a continued snapshot the readers' snapshot is younger than the slot's start. That is made good by the
 * stream, which begins at the slot's start: it has every change since, and brings each row to where the
 * database is, also those rows that were deleted meanwhile. One thing it does not bring: large values that an
 * update did not touch. A row that was updated may have moved from blocks not read yet into finished ones, so
 * the finished ranges of a heap with such values are looked through again for row versions made since the
 * first run's snapshot, and only those are sent.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "task.h"

#define CHUNK_BYTES (32 << 20)    /* of a chunk, with what its rows keep out of line */
#define CHUNK_BLOCKS_MIN 128      /* of a chunk that is smaller only because of the number of readers */
#define BLOCK_RANGES_SINCE 140000 /* the server version */

static uint64_t number_at(const PGresult *res, int col) {
    return PQgetisnull(res, 0, col) ? 0 : strtoull(PQgetvalue(res, 0, col), NULL, 10);
}

static sl_error *run(pg_conn *k, sl_buf *b, const char *what, PGresult **res) {
    sl_buf_add_char(b, 0);
    sl_error *err = b->failed ? sl_error_nomem() : pg_conn_query(k, b->p, what, res);
    sl_buf_deinit(b);
    return err;
}

/* ---- tables ---- */

static int by_oid(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* snapshot.tables.order.by.row.count, by the planner's estimate; equal ones stay in their order. */
static int by_rows(const void *a, const void *b) {
    const pg_snapshot_table *x = a;
    const pg_snapshot_table *y = b;
    if (x->in.rows != y->in.rows) {
        return x->in.rows < y->in.rows ? -1 : 1;
    }
    return x->place < y->place ? -1 : x->place > y->place;
}

static int by_rows_down(const void *a, const void *b) {
    const pg_snapshot_table *x = a;
    const pg_snapshot_table *y = b;
    return x->in.rows != y->in.rows ? -by_rows(a, b) : by_rows(a, b);
}

/* The list whose order counts: table.include.list, as with Debezium, else that of the snapshot. */
static const cdc_patterns *order_of(const pg_task *t) {
    return t->rules.table_include ? t->rules.table_include : t->rules.snapshot_include;
}

static bool is_listed(pg_task *t, size_t rule, const pg_snap_table *x) {
    char id[300];
    int len = snprintf(id, sizeof id, "%.*s.%.*s", SL_STR_ARG(x->schema), SL_STR_ARG(x->name));
    return cdc_patterns_match_one(order_of(t), rule, (sl_str){id, (size_t)len});
}

sl_error *pg_plan_tables(pg_task *t) {
    pg_snapshot *s = &t->snap;
    pg_snap_table *all = NULL;
    size_t n = 0;
    SL_TRY(pg_tables_list(t, &s->arena, &all, &n));
    s->tables = sl_arena_zalloc(&s->arena, (n + 1) * sizeof *s->tables);
    s->ids = sl_arena_alloc(&s->arena, (n + 1) * sizeof *s->ids);
    if (!s->tables || !s->ids) {
        return sl_error_nomem();
    }
    size_t rules = cdc_patterns_count(order_of(t));
    for (size_t k = 0; k < (rules ? rules : 1); k++) { /* in the order of the list, each table once */
        for (size_t i = 0; i < n; i++) {
            bool wanted = all[i].oid && cdc_rules_snapshot(&t->rules, all[i].schema, all[i].name);
            if (wanted && (!rules || is_listed(t, k, &all[i]))) {
                s->ids[s->n] = all[i].oid;
                s->tables[s->n].place = s->n;
                s->tables[s->n++].in = all[i];
                all[i].oid = 0;
            }
        }
    }
    qsort(s->ids, s->n, sizeof *s->ids, by_oid);
    if (t->s->cdc.order_by_rows != CDC_ORDER_NAMES) {
        bool up = t->s->cdc.order_by_rows == CDC_ORDER_ASCENDING;
        qsort(s->tables, s->n, sizeof *s->tables, up ? by_rows : by_rows_down);
    }
    return NULL;
}

/* ---- what an earlier run has finished ---- */

/* Whether the stream brings all changes of all rows: only then may rows that moved be left to it. */
static sl_error *stream_is_whole(pg_task *t, bool *whole) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "select pubinsert and pubupdate and pubdelete");
    if (t->server_version >= 150000) {
        sl_buf_add_z(&b,
                     " and not exists (select from pg_catalog.pg_publication_rel r where r.prpubid = p.oid "
                     "and (r.prqual is not null or r.prattrs is not null))");
    }
    sl_buf_add_z(&b, " from pg_catalog.pg_publication p where pubname = ");
    pg_quote_literal(&b, t->s->publication);
    PGresult *res = NULL;
    SL_TRY(run(&t->sql, &b, "reading what the publication has", &res));
    *whole = PQntuples(res) == 1 && *PQgetvalue(res, 0, 0) == 't' && t->s->stream_params.n == 0;
    PQclear(res);
    return NULL;
}

sl_error *pg_plan_check(pg_task *t) {
    cdc_progress *p = &t->snap.progress;
    if (p->nparts == 0) {
        return NULL;
    }
    bool whole = false;
    SL_TRY(stream_is_whole(t, &whole));
    if (whole) {
        return NULL;
    }
    sl_log(t->ctx, SL_LOG_WARN,
           "publication '%.*s', or slot.stream.params, leaves out some of the changes: the %zu table(s) that "
           "were read in part are read from their start",
           SL_STR_ARG(t->s->publication), p->nparts);
    while (p->nparts) {
        cdc_progress_drop(p, p->parts[0].id);
    }
    return NULL;
}

/* ---- a table's heaps ---- */

static sl_str override_of(pg_task *t, sl_str id) {
    sl_str list = t->s->cdc.snapshot_overrides;
    sl_str part;
    bool listed = false;
    while (list.n && cdc_list_next(&list, ',', &part)) {
        listed = listed || sl_str_eq(part, id);
    }
    sl_str key = sl_arena_printf(&t->snap.arena, "snapshot.select.statement.overrides.%.*s", SL_STR_ARG(id));
    return listed ? sl_config_get(t->ctx->config, key) : SL_STR_NONE;
}

static sl_error *single_heap(pg_task *t, pg_snapshot_table *x, bool by_blocks) {
    x->heaps = sl_arena_zalloc(&t->snap.arena, sizeof *x->heaps);
    x->heap_ids = sl_arena_alloc(&t->snap.arena, sizeof *x->heap_ids);
    if (!x->heaps || !x->heap_ids) {
        return sl_error_nomem();
    }
    x->nheaps = 1;
    x->heap_ids[0] = x->in.oid;
    x->heaps[0] = (pg_heap){.oid = x->in.oid,
                            .by_blocks = by_blocks,
                            .name = {.schema = x->in.schema,
                                     .name = x->in.name,
                                     .only = by_blocks,
                                     .plain = x->in.plain,
                                     .statement = override_of(t, x->relation.table->id)}};
    return NULL;
}

static sl_error *list_leaves(pg_task *t, uint32_t oid, PGresult **res) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_printf(
        &b,
        "with recursive x(oid) as (select %u::pg_catalog.oid union select i.inhrelid from "
        "pg_catalog.pg_inherits i join x on i.inhparent = x.oid) "
        "select c.oid, n.nspname, c.relname, c.relkind = 'r', c.relrowsecurity or not "
        "pg_catalog.has_table_privilege(c.oid, 'select') from x join pg_catalog.pg_class c on c.oid "
        "= x.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
        "where c.relkind in ('r', 'f') order by c.oid",
        oid);
    return run(&t->sql, &b, "reading a table's partitions", res);
}

static sl_str text_at(pg_task *t, const PGresult *res, int row, int col) {
    return sl_arena_str(&t->snap.arena, sl_str_of(PQgetvalue(res, row, col)));
}

/* The partitions of a table, or those that inherit from it; read through the table itself when one of them
 * may not be read directly. */
static sl_error *leaf_heaps(pg_task *t, pg_snapshot_table *x) {
    PGresult *res = NULL;
    SL_TRY(list_leaves(t, x->in.oid, &res));
    int n = PQntuples(res);
    bool direct = true;
    for (int i = 0; i < n; i++) {
        direct = direct && *PQgetvalue(res, i, 4) == 'f';
    }
    if (!direct) {
        PQclear(res);
        return single_heap(t, x, false);
    }
    x->heaps = sl_arena_zalloc(&t->snap.arena, ((size_t)n + 1) * sizeof *x->heaps);
    x->heap_ids = sl_arena_alloc(&t->snap.arena, ((size_t)n + 1) * sizeof *x->heap_ids);
    for (int i = 0; x->heaps && x->heap_ids && i < n; i++) {
        uint32_t oid = (uint32_t)strtoul(PQgetvalue(res, i, 0), NULL, 10);
        x->heap_ids[i] = oid;
        x->heaps[i] =
            (pg_heap){.oid = oid,
                      .by_blocks = *PQgetvalue(res, i, 3) == 't' && t->server_version >= BLOCK_RANGES_SINCE,
                      .name = {.schema = text_at(t, res, i, 1), .name = text_at(t, res, i, 2), .only = true}};
    }
    x->nheaps = (size_t)n;
    PQclear(res);
    return t->snap.arena.failed ? sl_error_nomem() : NULL;
}

static sl_error *open_table(pg_task *t, pg_snapshot_table *x) {
    SL_TRY(pg_relation_from_catalog(t, x->in.schema, x->in.name, &x->relation));
    x->opened = true;
    pg_note_table(t, x, false);
    x->any = cdc_progress_has_part(&t->snap.progress, x->in.oid);
    if (!x->relation.table->ncols || override_of(t, x->relation.table->id).n || x->in.protected) {
        return single_heap(t, x, false);
    }
    return x->in.own_rows ? single_heap(t, x, t->server_version >= BLOCK_RANGES_SINCE) : leaf_heaps(t, x);
}

/* ---- a heap's blocks ---- */

/* snapshot.max.threads.multiplier, which may be given for one table. */
static uint64_t multiplier_of(pg_task *t, sl_str id) {
    sl_str key = sl_arena_printf(&t->snap.arena, "snapshot.max.threads.multiplier.%.*s", SL_STR_ARG(id));
    int64_t own = 0;
    bool given = key.n && sl_str_to_i64(sl_config_get(t->ctx->config, key), &own) && own > 0;
    return (uint64_t)(given ? own : t->s->cdc.snapshot_multiplier);
}

static uint64_t chunk_blocks(pg_task *t, sl_str id, uint64_t blocks, uint64_t bytes) {
    uint64_t parts = (uint64_t)t->snap.nreaders * multiplier_of(t, id);
    uint64_t step = bytes > CHUNK_BYTES ? blocks / (bytes / CHUNK_BYTES + 1) : blocks;
    uint64_t share = parts > 1 ? blocks / parts + 1 : step;
    share = share < CHUNK_BLOCKS_MIN ? CHUNK_BLOCKS_MIN : share;
    step = share < step ? share : step;
    return step ? step : 1;
}

/* Reads what the heap is now, under a lock that keeps it from being rewritten until the snapshot ends. */
static sl_error *measure(pg_task *t, pg_snap_reader *r, pg_snapshot_table *x, pg_heap *h) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "lock table only ");
    pg_quote_ident(&b, h->name.schema);
    sl_buf_add_char(&b, '.');
    pg_quote_ident(&b, h->name.name);
    sl_buf_printf(
        &b,
        " in access share mode; select pg_catalog.pg_relation_filenode(c.oid), "
        "pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::int, "
        "pg_catalog.pg_table_size(c.oid), c.relreplident <> 'f' and c.reltoastrelid <> 0 and "
        "pg_catalog.pg_relation_size(c.reltoastrelid) > 0 from pg_catalog.pg_class c where c.oid = %u",
        h->oid);
    PGresult *res = NULL;
    char what[300];
    snprintf(what, sizeof what, "looking at the size of %.*s (the user needs SELECT on it)",
             SL_STR_ARG(x->relation.table->id));
    SL_TRY(run(&r->reader.conn, &b, what, &res));
    if (PQntuples(res) != 1) {
        PQclear(res);
        return sl_error_new(SL_E_DATABASE, SL_RETRIABLE, "table %.*s was dropped while it was being read",
                            SL_STR_ARG(x->relation.table->id));
    }
    h->file = number_at(res, 0);
    h->end = number_at(res, 1) * CDC_BLOCK;
    h->step = chunk_blocks(t, x->relation.table->id, number_at(res, 1), number_at(res, 2)) * CDC_BLOCK;
    h->sweep = *PQgetvalue(res, 0, 3) == 't' && t->snap.progress.since;
    PQclear(res);
    h->measured = true;
    return NULL;
}

static void check_file(pg_task *t, pg_snapshot_table *x, pg_heap *h) {
    const cdc_heap *done = cdc_progress_heap(&t->snap.progress, x->in.oid, h->oid);
    if (done && done->file != h->file) {
        sl_log(t->ctx, SL_LOG_WARN,
               "%.*s.%.*s was rewritten since the snapshot was cut: it is read from its start",
               SL_STR_ARG(h->name.schema), SL_STR_ARG(h->name.name));
        cdc_progress_forget(&t->snap.progress, x->in.oid, h->oid);
    }
}

/* The next range from h->next on, either finished or not. */
static cdc_range next_range(const pg_heap *h, const cdc_heap *done, bool *finished) {
    cdc_range out = {h->next, h->next + h->step};
    if (out.end >= h->end) {
        out.end =
            CDC_BLOCKS_OPEN; /* a table of one chunk is thus read whole, without a SELECT where that can be */
    }
    *finished = false;
    for (size_t i = 0; done && i < done->n; i++) {
        const cdc_range *r = &done->ranges[i];
        if (h->next >= r->first && h->next < r->end) {
            *finished = true;
            out.end = r->end;
            return out;
        }
        if (r->first > h->next && r->first < out.end) {
            out.end = r->first;
        }
    }
    return out;
}

/* Takes the heap's next chunk; false when there is none. */
static bool take_blocks(pg_task *t, pg_snapshot_table *x, pg_heap *h, pg_piece *p) {
    /* ranges of this run are given once only: what is finished now is from before, or behind h->next */
    const cdc_heap *done = cdc_progress_heap(&t->snap.progress, x->in.oid, h->oid);
    while (h->next != CDC_BLOCKS_OPEN) {
        bool finished;
        cdc_range r = next_range(h, done, &finished);
        h->next = r.end;
        if (!finished || h->sweep) {
            *p = (pg_piece){.table = x, .heap = h, .blocks = r, .sweep = finished};
            return true;
        }
    }
    return false;
}

/* ---- giving chunks to readers ---- */

bool pg_plan_given(const pg_snapshot_table *x) {
    return x->opened && x->at_heap == x->nheaps;
}

static sl_error *start(pg_task *t, pg_snap_reader *r, const pg_piece *p) {
    pg_heap_name name = p->heap->name;
    name.places = p->heap->by_blocks && t->ctx->exactly_once;
    name.since = p->sweep ? (int64_t)t->snap.progress.since : 0;
    cdc_chunk c = {.kind = p->heap->by_blocks ? CDC_CHUNK_BLOCKS : CDC_CHUNK_TABLE,
                   .first = p->blocks.first,
                   .end = p->blocks.end};
    SL_TRY(pg_reader_start(&r->reader, &p->table->relation, &name, &c));
    r->piece = *p;
    r->piece.serial = ++t->snap.serial;
    p->table->out++;
    p->heap->out++;
    return NULL;
}

/* The heap at hand: gives one of its chunks, or goes past it. */
static sl_error *next_of_heap(pg_task *t, pg_snap_reader *r, pg_snapshot_table *x, bool *given) {
    pg_heap *h = &x->heaps[x->at_heap];
    pg_piece p = {.table = x, .heap = h, .blocks = {0, CDC_BLOCKS_OPEN}};
    *given = false;
    if (cdc_progress_has_leaf(&t->snap.progress, x->in.oid, h->oid)) {
        x->at_heap++;
        return NULL;
    }
    if (!h->by_blocks) {
        x->at_heap++;
        h->next = CDC_BLOCKS_OPEN;
        *given = true;
        return start(t, r, &p);
    }
    if (!h->measured) {
        SL_TRY(measure(t, r, x, h));
        check_file(t, x, h);
    }
    *given = take_blocks(t, x, h, &p);
    if (h->next == CDC_BLOCKS_OPEN) {
        x->at_heap++;
    }
    return *given ? start(t, r, &p) : NULL;
}

sl_error *pg_plan_next(pg_task *t, pg_snap_reader *r, bool *none) {
    pg_snapshot *s = &t->snap;
    *none = false;
    while (s->at < s->n) {
        pg_snapshot_table *x = &s->tables[s->at];
        if (cdc_progress_has_table(&s->progress, x->in.oid)) {
            x->ended = true;
            s->at++;
            continue;
        }
        if (!x->opened) {
            SL_TRY(open_table(t, x));
        }
        bool given = false;
        while (!given && x->at_heap < x->nheaps) {
            SL_TRY(next_of_heap(t, r, x, &given));
        }
        if (x->at_heap == x->nheaps) {
            s->at++;
        }
        if (given) {
            return NULL;
        }
        if (x->out == 0) { /* nothing of it was left */
            SL_TRY(pg_snapshot_table_ended(t, x));
        }
    }
    *none = true;
    return NULL;
}

sl_error *pg_plan_partly(pg_task *t, const pg_piece *p) {
    bool ok = true;
    if (p->sent > p->blocks.first && !p->sweep) {
        cdc_range r = {p->blocks.first, p->sent};
        ok = cdc_progress_blocks(&t->snap.progress, p->table->in.oid, p->heap->oid, p->heap->file, r);
    }
    return ok ? NULL : sl_error_nomem();
}

sl_error *pg_plan_finished(pg_task *t, const pg_piece *p) {
    cdc_progress *g = &t->snap.progress;
    pg_snapshot_table *x = p->table;
    bool ok = true;
    p->heap->out--;
    if (p->heap->by_blocks && !p->sweep) {
        ok = cdc_progress_blocks(g, x->in.oid, p->heap->oid, p->heap->file, p->blocks);
    }
    if (ok && p->heap->out == 0 && p->heap->next == CDC_BLOCKS_OPEN) {
        ok = cdc_progress_leaf(g, x->in.oid, p->heap->oid, x->heap_ids, x->nheaps);
    }
    t->snap.progressed = true;
    return ok ? NULL : sl_error_nomem();
}
