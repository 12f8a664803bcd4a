/*
 * plugin.c - the converters, header converters and config providers that come with Sluice.
 */
#include "converters.h"
#include "json.h"

#define KAFKA "4.3.0"
#define CLASS(name) "org.apache.kafka.connect." name
#define ALIASES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* One converter that also converts headers: the same functions under both kinds. */
#define BOTH_KINDS(id, short_name, java, text, ...)                                                          \
    static const sl_plugin_def id##_converter = {.struct_size = sizeof(sl_plugin_def),                       \
                                                 .kind = SL_KIND_CONVERTER,                                  \
                                                 .name = short_name,                                         \
                                                 .aliases = ALIASES(CLASS(java)),                            \
                                                 .version = KAFKA,                                           \
                                                 .doc = text,                                                \
                                                 __VA_ARGS__};                                               \
    static const sl_plugin_def id##_header = {.struct_size = sizeof(sl_plugin_def),                          \
                                              .kind = SL_KIND_HEADER_CONVERTER,                              \
                                              .name = short_name,                                            \
                                              .aliases = ALIASES(CLASS(java)),                               \
                                              .version = KAFKA,                                              \
                                              .doc = text,                                                   \
                                              __VA_ARGS__}

BOTH_KINDS(json, "json", "json.JsonConverter",
           "JSON, with the schema beside the value unless schemas.enable is false.", .settings = json_rows,
           .nsettings = JSON_ROWS, .settings_size = sizeof(json_settings), .converter = &json_ops);
BOTH_KINDS(string, "string", "storage.StringConverter", "Text: what a value looks like when it is printed.",
           .settings = string_rows, .nsettings = STRING_ROWS, .converter = &string_ops);
BOTH_KINDS(bytes, "byte-array", "converters.ByteArrayConverter", "Bytes, passed on as they are.",
           .converter = &bytes_ops);
BOTH_KINDS(int16, "short", "converters.ShortConverter", "One 16-bit integer, big-endian.",
           .variant = SL_INT16, .converter = &number_ops);
BOTH_KINDS(int32, "integer", "converters.IntegerConverter", "One 32-bit integer, big-endian.",
           .variant = SL_INT32, .converter = &number_ops);
BOTH_KINDS(int64, "long", "converters.LongConverter", "One 64-bit integer, big-endian.", .variant = SL_INT64,
           .converter = &number_ops);
BOTH_KINDS(float32, "float", "converters.FloatConverter", "One 32-bit floating point number, big-endian.",
           .variant = SL_FLOAT32, .converter = &number_ops);
BOTH_KINDS(float64, "double", "converters.DoubleConverter", "One 64-bit floating point number, big-endian.",
           .variant = SL_FLOAT64, .converter = &number_ops);
BOTH_KINDS(boolean, "boolean", "converters.BooleanConverter", "One byte, 0 or 1.", .variant = SL_BOOL,
           .converter = &number_ops);

static const sl_plugin_def simple_header = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_HEADER_CONVERTER,
    .name = "simple",
    .aliases = ALIASES(CLASS("storage.SimpleHeaderConverter")),
    .version = KAFKA,
    .doc =
        "Text that is read back as the type it looks like: numbers, booleans, dates, arrays, maps, or text.",
    .converter = &simple_header_ops,
};

#define PROVIDER(id, short_name, java, text, ...)                                                            \
    static const sl_plugin_def id = {.struct_size = sizeof(sl_plugin_def),                                   \
                                     .kind = SL_KIND_CONFIG_PROVIDER,                                        \
                                     .name = short_name,                                                     \
                                     .aliases = ALIASES("org.apache.kafka.common.config.provider." java),    \
                                     .version = KAFKA,                                                       \
                                     .doc = text,                                                            \
                                     __VA_ARGS__}

PROVIDER(file_provider, "file", "FileConfigProvider",
         "Values of a properties file: ${file:/path/to/file:key}.", .settings = path_rows,
         .nsettings = PATH_ROWS, .settings_size = sizeof(path_settings),
         .config_provider = &file_provider_ops);
PROVIDER(directory_provider, "directory", "DirectoryConfigProvider",
         "Files of a folder, each a value: ${directory:/path/to/folder:file}.", .settings = path_rows,
         .nsettings = PATH_ROWS, .settings_size = sizeof(path_settings),
         .config_provider = &directory_provider_ops);
PROVIDER(env_provider, "env", "EnvVarConfigProvider", "Environment variables: ${env:NAME}.",
         .settings = env_rows, .nsettings = ENV_ROWS, .settings_size = sizeof(env_settings),
         .config_provider = &env_provider_ops);

static const sl_plugin_def *const DEFS[] = {
    &json_converter,     &json_header,       &string_converter,  &string_header,   &bytes_converter,
    &bytes_header,       &int16_converter,   &int16_header,      &int32_converter, &int32_header,
    &int64_converter,    &int64_header,      &float32_converter, &float32_header,  &float64_converter,
    &float64_header,     &boolean_converter, &boolean_header,    &simple_header,   &file_provider,
    &directory_provider, &env_provider,
};

SL_PLUGIN_EXPORT("converters", SL_VERSION, DEFS);
