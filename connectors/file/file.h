/*
 * file.h - what the files of this plugin share: the settings and the operations of the source and the sink.
 */
#ifndef SLUICE_FILE_FILE_H
#define SLUICE_FILE_FILE_H

#include <sluice/plugin.h>

typedef struct file_source_settings {
    sl_str file; /* absent or empty = standard input */
    sl_str topic;
    int32_t batch_size;
    int32_t line_max_bytes;
    int long_line; /* enum long_line */
    int64_t rotate_wait_ms;
} file_source_settings;

typedef struct file_sink_settings {
    sl_str file; /* absent or empty = standard output */
} file_sink_settings;

extern const sl_source_ops file_source_ops;
extern const sl_sink_ops file_sink_ops;

/* What the user may set as an offset, see sl_plugin_def. */
sl_error *file_source_check_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n);
sl_error *file_source_alter_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n, bool *all);
sl_error *file_sink_alter_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n, bool *all);

/* file_check_path refuses what cannot be a path. */
const char *file_check_path(const sl_config_row *row, sl_str value, sl_arena *arena);

#endif
