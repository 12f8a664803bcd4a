/*
 * headers.c - DropHeaders and InsertHeader: a record without some headers, or with one more.
 *
 * Memory: the new array of headers is in the batch's arena; an inserted value belongs to the instance and is
 * copied.
 */
#include "literal.h"
#include "transforms.h"

/* ---- DropHeaders ---- */

typedef struct drop_settings {
    sl_str_list headers;
} drop_settings;

static const sl_config_row drop_rows[] = {
    {.name = "headers",
     .type = SL_CONFIG_LIST,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The names of the headers to remove.",
     .check = tf_check_list,
     .field = SL_FIELD(drop_settings, headers)},
};

static sl_error *drop_open(const sl_context *ctx, void **state) {
    drop_settings *s = sl_calloc(1, sizeof *s);
    if (!s) {
        return sl_error_nomem();
    }
    *s = *(const drop_settings *)ctx->settings;
    *state = s;
    return NULL;
}

static sl_error *drop_apply(void *state, sl_batch *batch, sl_record *rec) {
    const drop_settings *s = state;
    uint32_t n = 0;
    if (rec->nheaders == 0) {
        return NULL;
    }
    sl_header *kept = sl_arena_alloc(&batch->arena, rec->nheaders * sizeof *kept);
    if (!kept) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < rec->nheaders; i++) {
        if (!tf_list_has(&s->headers, rec->headers[i].name)) {
            kept[n++] = rec->headers[i];
        }
    }
    rec->headers = kept;
    rec->nheaders = n;
    return NULL;
}

static void drop_close(void *state) {
    sl_free(state);
}

static const sl_transform_ops drop_ops = {.open = drop_open, .apply = drop_apply, .close = drop_close};

TF_DEF(drop_headers_def, "drop-headers", TF_KAFKA "DropHeaders", "Removes headers by their names.", drop_rows,
       drop_settings, 0, drop_ops);

/* ---- InsertHeader ---- */

typedef struct insert_settings {
    sl_str header;
    sl_str literal;
} insert_settings;

typedef struct header_inserter {
    const sl_host *host;
    sl_str name; /* the settings' */
    sl_arena arena;
    const sl_schema *schema; /* holds a reference; NULL = none */
    sl_value value;
} header_inserter;

static const sl_config_row insert_rows[] = {
    {.name = "header",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The name of the header.",
     .field = SL_FIELD(insert_settings, header)},
    {.name = "value.literal",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The value of the header, for all records. Numbers, true, false, null, dates and times in ISO "
            "8601, lists and maps "
            "in the manner of JSON get a fitting type; all else is a string.",
     .field = SL_FIELD(insert_settings, literal)},
};

static void insert_close(void *state) {
    header_inserter *t = state;
    t->host->schema_unref(t->schema);
    sl_arena_deinit(&t->arena);
    sl_free(t);
}

static sl_error *insert_open(const sl_context *ctx, void **state) {
    const insert_settings *set = ctx->settings;
    header_inserter *t = sl_calloc(1, sizeof *t);
    if (!t) {
        return sl_error_nomem();
    }
    t->host = ctx->host;
    t->name = set->header;
    sl_arena_init(&t->arena, 0);
    sl_error *err = literal_parse(ctx->host, set->literal, &t->arena, &t->schema, &t->value);
    if (err) {
        insert_close(t);
        return err;
    }
    *state = t;
    return NULL;
}

static sl_error *insert_apply(void *state, sl_batch *batch, sl_record *rec) {
    const header_inserter *t = state;
    sl_value v;
    if (!sl_value_copy(&batch->arena, &t->value, &v) ||
        !sl_record_add_header(batch, rec, t->name, t->schema, v)) {
        return sl_error_nomem();
    }
    return NULL;
}

static const sl_transform_ops insert_ops = {
    .open = insert_open, .apply = insert_apply, .close = insert_close};

TF_DEF(insert_header_def, "insert-header", TF_KAFKA "InsertHeader", "Adds a header of a fixed value.",
       insert_rows, insert_settings, 0, insert_ops);
