/*
 * json.c - the JSON converter as a plugin: settings, open, close.
 */
#include "json.h"

#include "converters.h"

typedef struct json_converter {
    json_writer *writer;
    json_reader *reader;
} json_converter;

static const sl_config_enum DECIMAL_FORMATS[] = {
    {"BASE64", JSON_DECIMAL_BASE64}, {"NUMERIC", JSON_DECIMAL_NUMERIC}, {NULL, 0}};

const sl_config_row json_rows[JSON_ROWS] = {
    {.name = "schemas.enable",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_HIGH,
     .group = "Schemas",
     .display = "Enable Schemas",
     .doc = "Puts the schema beside each value, and expects it there.",
     .field = SL_FIELD(json_settings, schemas_enable)},
    {.name = "schemas.cache.size",
     .type = SL_CONFIG_INT,
     .default_value = "1000",
     .importance = SL_HIGH,
     .group = "Schemas",
     .display = "Schema Cache Size",
     .has_min = true,
     .min = 0,
     .doc = "How many schemas are kept ready in this converter.",
     .field = SL_FIELD(json_settings, cache_size)},
    {.name = "decimal.format",
     .type = SL_CONFIG_STRING,
     .default_value = "BASE64",
     .importance = SL_LOW,
     .group = "Serialization",
     .display = "Decimal Format",
     .enums = DECIMAL_FORMATS,
     .doc = "How Decimal values are written: BASE64 text of the unscaled number, or a NUMERIC literal. Both "
            "are read.",
     .field = SL_FIELD(json_settings, decimal_format)},
    {.name = "replace.null.with.default",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "true",
     .importance = SL_LOW,
     .group = "Schemas",
     .display = "Replace null with default",
     .doc = "A null of a field with a default value becomes that value.",
     .field = SL_FIELD(json_settings, null_to_default)},
    {.name = "schema.content",
     .type = SL_CONFIG_STRING,
     .importance = SL_HIGH,
     .group = "Schemas",
     .display = "Schema Content",
     .doc =
         "The schema of all records that are read, as JSON, with schemas.enable=true: a record then is the "
         "plain payload, without an envelope. What is written has its own schema.",
     .field = SL_FIELD(json_settings, schema_content)},
};

static void json_close(void *state) {
    json_converter *c = state;
    json_writer_free(c->writer);
    json_reader_free(c->reader);
    sl_free(c);
}

static sl_error *json_open(const sl_context *ctx, int usage, void **state) {
    (void)usage;
    json_converter *c = sl_calloc(1, sizeof(*c));
    if (!c) {
        return sl_error_nomem();
    }
    c->writer = json_writer_new(ctx->host, ctx->settings);
    c->reader = json_reader_new(ctx->host, ctx->settings);
    if (!c->writer || !c->reader) {
        json_close(c);
        return sl_error_nomem();
    }
    sl_error *err = json_reader_fix(c->reader);
    if (err) {
        json_close(c);
        return err;
    }
    *state = c;
    return NULL;
}

static sl_error *json_to_bytes(void *state, sl_str topic, sl_str header, const sl_schema *schema,
                               const sl_value *value, sl_buf *out, bool *is_null) {
    (void)topic;
    (void)header;
    return json_write(((json_converter *)state)->writer, schema, value, out, is_null);
}

static sl_error *json_from_bytes(void *state, sl_str topic, sl_str header, sl_str bytes, sl_batch *batch,
                                 const sl_schema **schema, sl_value *value) {
    (void)header;
    return json_read(((json_converter *)state)->reader, topic, bytes, batch, schema, value);
}

const sl_converter_ops json_ops = {
    .open = json_open,
    .to_bytes = json_to_bytes,
    .from_bytes = json_from_bytes,
    .close = json_close,
};
