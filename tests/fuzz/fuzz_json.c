/*
 * fuzz_json.c - the JSON converter and the header converter on any bytes.
 *
 * The first byte chooses the settings. What is read fits its schema; it is written, and what was written is
 * read again and written again, to the same bytes.
 */
// LINK: connectors/converters -lpcre2-8
#include <converters/converters.h>
#include <converters/json.h>
#include <model/batch.h>
#include <model/schema.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const sl_host host = {.struct_size = sizeof(sl_host),
                             .schema_intern = sl__schema_intern,
                             .schema_ref = sl__schema_ref,
                             .schema_unref = sl__schema_unref};

static void broken(const char *what, sl_error *err) {
    char text[512];
    fprintf(stderr, "%s: %s\n", what, err ? sl_error_text(err, text, sizeof text) : "");
    abort();
}

/* tolerated: a number may be longer when it is written out, and is then refused as Jackson refuses it. */
static bool tolerated(const sl_error *err) {
    char text[512];
    return strstr(sl_error_text(err, text, sizeof text), "more than 1000 characters") != NULL;
}

static bool read_one(json_reader *r, sl_str bytes, sl_batch *batch, const sl_schema **s, sl_value *v,
                     bool must) {
    sl_error *err = json_read(r, SL_STR("t"), bytes, batch, s, v);
    if (err && must && !tolerated(err)) {
        broken("what was written cannot be read", err);
    }
    sl_error_free(err);
    if (!err && (*s || v->type != SL_NULL) && v->type != SL_NULL && (err = sl_value_check(*s, v))) {
        broken("a value does not fit its schema", err);
    }
    return !err;
}

static sl_str write_one(json_writer *w, const sl_schema *s, const sl_value *v, sl_buf *out) {
    bool is_null;
    sl_error *err = json_write(w, s, v, out, &is_null);
    if (err) {
        broken("what was read cannot be written", err);
    }
    return is_null ? SL_STR("null") : sl_buf_view(out);
}

static void try_json(const json_settings *set, sl_str bytes, sl_batch *batch) {
    json_reader *r = json_reader_new(&host, set);
    json_writer *w = json_writer_new(&host, set);
    sl_buf first, second;
    const sl_schema *s, *s2;
    sl_value v, v2;
    sl_buf_init(&first, NULL);
    sl_buf_init(&second, NULL);
    if (read_one(r, bytes, batch, &s, &v, false)) {
        sl_str text = write_one(w, s, &v, &first);
        if ((s || v.type != SL_NULL) && read_one(r, text, batch, &s2, &v2, true)) {
            sl_str again = write_one(w, s2, &v2, &second);
            if (s != s2 || !sl_str_eq(text, again)) {
                fprintf(stderr, "%.*s\n%.*s\n", SL_STR_ARG(text), SL_STR_ARG(again));
                broken("written differently the second time", NULL);
            }
        }
    }
    sl_buf_deinit(&first);
    sl_buf_deinit(&second);
    json_reader_free(r);
    json_writer_free(w);
}

static void try_header(sl_str bytes, sl_batch *batch) {
    const sl_schema *s = NULL;
    sl_value v;
    sl_buf out;
    bool is_null;
    sl_buf_init(&out, NULL);
    sl_error *err = simple_header_ops.from_bytes(NULL, SL_STR("t"), SL_STR("h"), bytes, batch, &s, &v);
    if (!err && s) {
        err = sl_value_check(s, &v);
    }
    if (!err) {
        err = simple_header_ops.to_bytes(NULL, SL_STR("t"), SL_STR("h"), s, &v, &out, &is_null);
    }
    if (!err) {
        sl_buf_clear(&out);
        err = values_print(s, &v, &out);
    }
    if (err) {
        broken("a header", err);
    }
    sl_buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    json_settings set = {.schemas_enable = data[0] & 1,
                         .decimal_format = data[0] & 2 ? JSON_DECIMAL_NUMERIC : JSON_DECIMAL_BASE64,
                         .null_to_default = data[0] & 4,
                         .cache_size = data[0] & 8 ? 1000 : 1};
    char *copy = malloc(size); /* of that size exactly, so that reading past it is seen */
    memcpy(copy, data + 1, size - 1);
    sl_batch *batch = sl__batch_new(&host);
    (data[0] & 64 ? try_header(sl_str_make(copy, size - 1), batch)
                  : try_json(&set, sl_str_make(copy, size - 1), batch));
    sl__batch_free(batch);
    free(copy);
    return 0;
}
