/*
 * op.c - records to operations: change events taken apart, table names filled in, values read into cells.
 *
 * What is wrong with one record never stops the others: it is put aside with its error. Operations and cells
 * live in the batch's work arena; text and bytes point into the records.
 */
#include "task.h"

sl_error *jdbc_bad_add(jdbc_task *t, const sl_record *rec, sl_error *err) {
    jdbc_bad *more = sl_grow(t->bad, t->nbad, &t->bad_cap, sizeof *more);
    if (!more) {
        sl_error_free(err);
        return sl_error_nomem();
    }
    t->bad = more;
    err = sl_error_at(err, rec->kafka_topic.p ? rec->kafka_topic : rec->topic, rec->kafka_partition,
                      rec->kafka_offset);
    t->bad[t->nbad++] = (jdbc_bad){rec, err};
    return NULL;
}

/* What a record turned out to be. */
typedef struct event {
    jdbc_op_kind kind;
    bool skip;
    const sl_value *row;    /* the row's struct, or the whole value; NULL = none */
    const sl_value *source; /* the source block; NULL = none */
    const sl_schema *source_schema;
} event;

static sl_error *bad_record(const char *what) {
    return sl_error_new(SL_E_DATA, SL_USER, "%s", what);
}

/* read_null: a record without a value, which may mean a delete. */
static sl_error *read_null(const jdbc_task *t, const jdbc_route *r, event *e) {
    const jdbc_raw *raw = t->settings->raw;
    e->kind = JDBC_OP_DELETE;
    if (!raw->delete_enabled) {
        e->skip = true;
        return t->settings->confluent
                   ? bad_record(
                         "the record has no value: set delete.enabled=true (with pk.mode=record_key) to "
                         "delete "
                         "its row, or drop it with a Filter transform and the predicate RecordIsTombstone")
                   : NULL;
    }
    e->skip = raw->pk_mode == JDBC_PK_VALUE || (raw->pk_mode == JDBC_PK_HEADER && !r->value);
    return NULL;
}

static const sl_value *field_of(const sl_value *v, int index) {
    return index >= 0 && (uint32_t)index < v->n && v->items[index].type != SL_NULL ? &v->items[index] : NULL;
}

static sl_error *read_delete(const jdbc_task *t, const sl_value *v, const jdbc_route *r, event *e) {
    e->kind = JDBC_OP_DELETE;
    e->skip = !t->settings->raw->delete_enabled;
    e->row = field_of(v, r->before);
    if (!e->skip && t->settings->raw->pk_mode == JDBC_PK_VALUE && !e->row) {
        return bad_record(
            "the change event of a delete has no 'before', which the primary key is to come from: use the "
            "record's key "
            "(primary.key.mode=record_key), or set REPLICA IDENTITY FULL on the source's table");
    }
    return NULL;
}

static sl_error *read_envelope(const jdbc_task *t, const sl_value *v, const jdbc_route *r, event *e) {
    const sl_value *op = field_of(v, r->op);
    if (r->source >= 0) {
        e->source = field_of(v, r->source);
    }
    if (!op || op->type != SL_STRING || op->n != 1) {
        return bad_record("a change event whose op is not one of c, r, u, d, t, m");
    }
    switch (op->s[0]) {
    case 'c':
    case 'r':
    case 'u':
        e->kind = JDBC_OP_WRITE;
        e->row = field_of(v, r->after);
        return e->row ? NULL : bad_record("a change event without 'after'");
    case 'd':
        return read_delete(t, v, r, e);
    case 't':
        e->kind = JDBC_OP_TRUNCATE;
        e->skip = !t->settings->raw->truncate_enabled;
        return NULL;
    case 'm':
        e->skip = true;
        return NULL;
    default:
        return bad_record("a change event whose op is not one of c, r, u, d, t, m");
    }
}

static sl_error *read_event(jdbc_task *t, const jdbc_route *r, const sl_record *rec, event *e) {
    const sl_value *v = &rec->value;
    const sl_schema *s = r->value;
    if (r->schema_change) {
        e->skip = true;
        if (!t->warned_schema_change) {
            sl_log(t->ctx, SL_LOG_WARN,
                   "topic '%.*s' has schema change events, which are passed over: leave it out of topics",
                   SL_STR_ARG(rec->topic));
            t->warned_schema_change = true;
        }
        return NULL;
    }
    if (v->type == SL_NULL) {
        return read_null(t, r, e);
    }
    if (r->bad) {
        return sl_error_new(SL_E_SCHEMA, SL_USER, "%s", r->bad);
    }
    if (r->data >= 0 && s->fields[r->data].schema->type == SL_STRUCT) {
        s = s->fields[r->data].schema;
        v = field_of(v, r->data);
        if (!v) {
            return bad_record("a CloudEvents record without data");
        }
    }
    if (r->op >= 0) {
        e->source_schema = r->source >= 0 ? s->fields[r->source].schema : NULL;
        return read_envelope(t, v, r, e);
    }
    e->kind = JDBC_OP_WRITE;
    e->row = v;
    return NULL;
}

/* ---- the table's name ---- */

static void add_topic(const jdbc_task *t, sl_str topic, sl_buf *out) {
    for (size_t i = 0; i < topic.n; i++) {
        sl_buf_add_char(out, topic.p[i] == '.' && !t->settings->topic_dots ? '_' : topic.p[i]);
    }
}

static sl_error *add_source(const event *e, sl_str field, sl_buf *out) {
    const sl_value *v = e->source && e->source_schema && e->source_schema->type == SL_STRUCT
                            ? sl_struct_get(e->source_schema, e->source, field)
                            : NULL;
    if (!v || (v->type != SL_STRING && !sl_is_int(v))) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "the table's name is to come from the source block's '%.*s', which this record "
                            "does not have: use ${topic}, or "
                            "leave change events as they are (without ExtractNewRecordState)",
                            SL_STR_ARG(field));
    }
    if (v->type == SL_STRING) {
        sl_buf_add_str(out, sl_value_str(v));
    } else {
        sl_buf_add_i64(out, v->i);
    }
    return NULL;
}

static sl_error *table_name(jdbc_task *t, const sl_record *rec, const event *e, sl_str *out) {
    sl_str format = t->settings->raw->table_format;
    sl_buf name;
    sl_buf_init(&name, &t->work);
    while (format.n) {
        size_t at = sl_str_find_str(format, SL_STR("${"));
        sl_buf_add(&name, format.p, at);
        format = sl_str_skip(format, at);
        if (format.n == 0) {
            break;
        }
        size_t end = sl_str_find(format, '}');
        sl_str field = sl_str_make(format.p + 2, end - 2);
        format = sl_str_skip(format, end + 1);
        if (sl_str_eqz(field, "topic")) {
            add_topic(t, rec->topic, &name);
        } else {
            SL_TRY(add_source(e, sl_str_skip(field, 7), &name));
        }
    }
    *out = sl_str_trim(sl_buf_take(&name));
    return out->p ? NULL : sl_error_nomem();
}

sl_error *jdbc_topic_table(jdbc_task *t, const sl_record *rec, sl_str *out) {
    event e = {.kind = JDBC_OP_WRITE};
    return table_name(t, rec, &e, out);
}

/* ---- cells ---- */

static const sl_value *column_value(const jdbc_col *col, const sl_record *rec, const event *e,
                                    sl_value *made) {
    switch (col->from) {
    case JF_KEY:
        return rec->key.type == SL_STRUCT ? &rec->key.items[col->index] : &rec->key;
    case JF_WHOLE_KEY:
        return &rec->key;
    case JF_VALUE:
        return &e->row->items[col->index];
    case JF_WHOLE_VALUE:
        return e->row;
    case JF_TOPIC:
        *made = sl_string(rec->topic);
        return made;
    case JF_PARTITION:
        *made = sl_int32(rec->kafka_partition);
        return made;
    case JF_OFFSET:
        *made = sl_int64(rec->kafka_offset);
        return made;
    default:
        return &rec->headers[col->index].value;
    }
}

static sl_error *null_key(const jdbc_col *col) {
    return sl_error_new(SL_E_DATA, SL_USER, "key field '%.*s' has no value, so that the row cannot be found",
                        SL_STR_ARG(col->field));
}

static sl_error *read_cells(jdbc_task *t, const event *e, jdbc_op *op, bool *partial) {
    const jdbc_shape *shape = op->shape;
    bool keyed = op->kind == JDBC_OP_DELETE || shape->mode != JDBC_INSERT;
    op->hash = 0;
    for (uint32_t i = 0; i < shape->ncols; i++) {
        const jdbc_col *col = &shape->cols[i];
        jdbc_cell *cell = &op->cells[i];
        sl_value made;
        const sl_value *v = column_value(col, op->record, e, &made);
        const char *bad =
            jdbc_cell_make(&t->settings->rules, col->schema, col->kind, col->render, v, &t->work, cell);
        if (bad == jdbc_no_memory) {
            return sl_error_nomem();
        }
        if (bad) {
            return sl_error_new(SL_E_DATA, SL_USER, "field '%.*s': %s", SL_STR_ARG(col->field), bad);
        }
        if (i < shape->nkeys) {
            if (keyed && (cell->cls == JC_NULL || cell->cls == JC_UNAVAILABLE)) {
                return null_key(col);
            }
            op->hash = jdbc_cell_hash(cell, op->hash);
        }
        *partial = *partial || cell->cls == JC_UNAVAILABLE;
    }
    return NULL;
}

/* leave_out makes the operation one of a shape without the columns whose values the source did not know. */
static sl_error *leave_out(jdbc_task *t, jdbc_op *op) {
    uint32_t n = op->shape->ncols, kept = 0;
    uint8_t *mask = sl_arena_alloc(&t->work, n);
    if (!mask) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < n; i++) {
        mask[i] = op->cells[i].cls != JC_UNAVAILABLE;
        if (mask[i]) {
            op->cells[kept++] = op->cells[i];
        }
    }
    return kept ? jdbc_shape_part(t, op->shape, mask, &op->shape)
                : bad_record("none of the record's values is known");
}

static sl_error *make_op(jdbc_task *t, const jdbc_route *r, const event *e, jdbc_op *op) {
    bool partial = false;
    if (e->row && r->row && r->row->type != (sl_type)e->row->type) {
        return bad_record("the value is not of the type that its schema says");
    }
    op->cells = sl_arena_alloc(&t->work, (op->shape->ncols + 1u) * sizeof *op->cells);
    if (!op->cells) {
        return sl_error_nomem();
    }
    SL_TRY(read_cells(t, e, op, &partial));
    return partial ? leave_out(t, op) : NULL;
}

static sl_error *make_truncate(jdbc_task *t, sl_str name, jdbc_op *op, bool *skip) {
    SL_TRY(jdbc_catalog_table(t, name, &op->table));
    *skip = !op->table->exists;
    return NULL;
}

/* take_record fills in *op; *skip: there is nothing to do. */
static sl_error *take_record(jdbc_task *t, const sl_record *rec, jdbc_op *op, bool *skip) {
    jdbc_route *r;
    event e = {.kind = JDBC_OP_WRITE};
    sl_str name;
    SL_TRY(jdbc_route_find(t, rec, &r));
    SL_TRY(read_event(t, r, rec, &e));
    *skip = e.skip;
    if (e.skip) {
        return NULL;
    }
    *op = (jdbc_op){.record = rec, .kind = e.kind};
    SL_TRY(table_name(t, rec, &e, &name));
    if (e.kind == JDBC_OP_TRUNCATE) {
        return make_truncate(t, name, op, skip);
    }
    SL_TRY(jdbc_route_shape(t, r, name, e.kind, &op->shape));
    *skip = op->shape == NULL;
    if (*skip) {
        return NULL;
    }
    op->table = op->shape->table;
    return make_op(t, r, &e, op);
}

static bool record_fault(const sl_error *err) {
    return err->cls == SL_USER && (err->code == SL_E_DATA || err->code == SL_E_SCHEMA);
}

sl_error *jdbc_ops_make(jdbc_task *t, const sl_batch *batch) {
    t->nops = 0;
    t->ops = sl_arena_alloc(&t->work, (batch->n + 1) * sizeof *t->ops);
    if (!t->ops) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < batch->n; i++) {
        const sl_record *rec = &batch->records[i];
        bool skip = false;
        SL_TRY(jdbc_offsets_take(t, rec, &skip));
        if (rec->dropped || skip) {
            continue;
        }
        sl_error *err = take_record(t, rec, &t->ops[t->nops], &skip);
        if (err && record_fault(err)) {
            SL_TRY(jdbc_bad_add(t, rec, err));
        } else if (err) {
            return err;
        } else if (!skip) {
            t->nops++;
        }
    }
    return NULL;
}
