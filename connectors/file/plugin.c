/*
 * plugin.c - the definitions of the file source and sink, with the keys of Kafka Connect 4.3's FileStream
 * connectors.
 */
#include "file.h"
#include "lines.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define TOPIC_MAX 249 /* a log folder's name is topic-partition */

const char *file_check_path(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    return value.n > 0 && memchr(value.p, '\0', value.n) ? "expected a path without a zero byte" : NULL;
}

static bool topic_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static const char *check_topic(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    if (value.n == 0) {
        return "expected the name of a topic, not an empty string";
    }
    if (value.n > TOPIC_MAX || sl_str_eqz(value, ".") || sl_str_eqz(value, "..")) {
        return "expected the name of a topic: 1 to 249 characters, and neither '.' nor '..'";
    }
    for (size_t i = 0; i < value.n; i++) {
        if (!topic_char(value.p[i])) {
            return "expected the name of a topic: letters, digits, '.', '_' and '-' only";
        }
    }
    return NULL;
}

static const sl_config_enum long_lines[] = {
    {"fail", LONG_LINE_FAIL}, {"skip", LONG_LINE_SKIP}, {"truncate", LONG_LINE_TRUNCATE}, {NULL, 0}};

static const sl_config_row source_rows[] = {
    {.name = "file",
     .type = SL_CONFIG_STRING,
     .importance = SL_HIGH,
     .group = "File",
     .doc = "The file to read. Without it, standard input is read, for which no position is kept.",
     .check = file_check_path,
     .field = SL_FIELD(file_source_settings, file)},
    {.name = "topic",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .group = "File",
     .doc = "The topic that the lines go to.",
     .check = check_topic,
     .field = SL_FIELD(file_source_settings, topic)},
    {.name = "batch.size",
     .type = SL_CONFIG_INT,
     .default_value = "2000",
     .importance = SL_LOW,
     .group = "File",
     .doc = "The most lines that are read at a time. A batch also ends at about 1 MB and at 10000 lines.",
     .has_min = true,
     .min = 1,
     .field = SL_FIELD(file_source_settings, batch_size)},
    {.name = "line.max.bytes",
     .type = SL_CONFIG_INT,
     .default_value = "8388608",
     .importance = SL_LOW,
     .group = "Long lines",
     .doc = "The longest line, in bytes without its end. It bounds the memory that a file without line ends "
            "can take.",
     .has_min = true,
     .has_max = true,
     .min = 1,
     .max = 268435456,
     .field = SL_FIELD(file_source_settings, line_max_bytes)},
    {.name = "line.too.long",
     .type = SL_CONFIG_STRING,
     .default_value = "fail",
     .importance = SL_LOW,
     .group = "Long lines",
     .doc = "What happens to a longer line: fail stops the task there, skip leaves the line out, truncate "
            "sends its "
            "beginning. The last two write a warning with the line's place.",
     .enums = long_lines,
     .field = SL_FIELD(file_source_settings, long_line)},
    {.name = "rotate.wait.ms",
     .type = SL_CONFIG_LONG,
     .default_value = "1000",
     .importance = SL_LOW,
     .group = "Rotation",
     .doc = "When the path names a new file, the old one is read until nothing was written to it for so "
            "long. Then a last "
            "line without an end is sent, and the new file is read from its start.",
     .has_min = true,
     .has_max = true,
     .min = 0,
     .max = 3600000,
     .field = SL_FIELD(file_source_settings, rotate_wait_ms)},
};

static const sl_config_row sink_rows[] = {
    {.name = "file",
     .type = SL_CONFIG_STRING,
     .importance = SL_HIGH,
     .group = "File",
     .doc = "The file to append to; it is made when it is not there. Without it, standard output is written.",
     .check = file_check_path,
     .field = SL_FIELD(file_sink_settings, file)},
};

static const char *const source_aliases[] = {"org.apache.kafka.connect.file.FileStreamSourceConnector", NULL};
static const char *const sink_aliases[] = {"org.apache.kafka.connect.file.FileStreamSinkConnector", NULL};

static const sl_plugin_def source_def = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_SOURCE,
    .name = "file-source",
    .aliases = source_aliases,
    .version = "4.3.0",
    .doc = "Reads the lines of a file, or of standard input, into a topic, and follows the file as it grows, "
           "is rotated or "
           "is truncated.",
    .settings = source_rows,
    .nsettings = LENGTH(source_rows),
    .settings_size = sizeof(file_source_settings),
    .source = &file_source_ops,
    .alter_offsets = file_source_alter_offsets,
    .check_offsets = file_source_check_offsets,
    .offers = SL_OFFERS_EXACTLY_ONCE,
};

static const sl_plugin_def sink_def = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_SINK,
    .name = "file-sink",
    .aliases = sink_aliases,
    .version = "4.3.0",
    .doc = "Appends each record's value as a line to a file, or to standard output. What was committed is "
           "synced to disk.",
    .settings = sink_rows,
    .nsettings = LENGTH(sink_rows),
    .settings_size = sizeof(file_sink_settings),
    .sink = &file_sink_ops,
    .alter_offsets = file_sink_alter_offsets,
};

static const sl_plugin_def *const defs[] = {&source_def, &sink_def};

SL_PLUGIN_EXPORT("file", SL_VERSION, defs);
