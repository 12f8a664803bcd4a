/*
 * header.c - the header converter that writes text and reads it back as what it looks like.
 *
 * Follows org.apache.kafka.connect.storage.SimpleHeaderConverter (Kafka 4.3). Bytes that are no UTF-8 are
 * read as BYTES, where Java makes a string of them with U+FFFD in it.
 */
#include "converters.h"

static sl_error *header_open(const sl_context *ctx, int usage, void **state) {
    (void)usage;
    *state = (void *)ctx; /* nothing to keep */
    return NULL;
}

static void header_close(void *state) {
    (void)state;
}

static sl_error *header_to_bytes(void *state, sl_str topic, sl_str header, const sl_schema *schema,
                                 const sl_value *value, sl_buf *out, bool *is_null) {
    (void)state;
    (void)topic;
    (void)header;
    *is_null = value->type == SL_NULL;
    return *is_null ? NULL : values_write(schema, value, out);
}

static sl_error *header_from_bytes(void *state, sl_str topic, sl_str header, sl_str bytes, sl_batch *batch,
                                   const sl_schema **schema, sl_value *value) {
    (void)state;
    (void)topic;
    (void)header;
    *schema = NULL;
    *value = sl_null();
    if (!bytes.p) {
        return NULL;
    }
    if (sl_str_is_utf8(bytes)) {
        return values_read(bytes, batch, schema, value);
    }
    const sl_schema *made;
    SL_TRY(sl_schema_simple(batch->host, SL_BYTES, false, &made));
    sl_batch_keep(batch, made);
    batch->host->schema_unref(made);
    *schema = made;
    *value = sl_bytes(bytes);
    return batch->failed ? sl_error_nomem() : NULL;
}

const sl_converter_ops simple_header_ops = {
    .open = header_open,
    .to_bytes = header_to_bytes,
    .from_bytes = header_from_bytes,
    .close = header_close,
};
