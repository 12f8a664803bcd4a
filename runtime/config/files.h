/*
 * files.h - reads configuration files: .properties, JSON, YAML.
 *
 * What a file is: .json, or a text that starts with '{', is one connector in JSON; .yaml and .yml hold a
 * worker, connectors, or both; anything else is Java's .properties, of a connector when it has
 * connector.class or name, else of a worker.
 *
 * Not for: ${provider:path:key} (providers.h), or what settings mean (worker.h, connector.h, validate.h).
 * Threads: none of its own. Memory: results are in the arena.
 */
#ifndef SLUICE_CONFIG_FILES_H
#define SLUICE_CONFIG_FILES_H

#include <sluice/config.h>

/* No larger file is read, in bytes. */
enum { SL_CONFIG_MAX_FILE = 4 * 1024 * 1024 };

/* A connector as its file has it. */
typedef struct sl__connector_config {
    sl_str name; /* absent: the file has none */
    sl_str file;
    uint32_t line;        /* where it starts */
    sl_str initial_state; /* RUNNING, PAUSED or STOPPED; absent = RUNNING */
    sl_config raw;        /* ${...} still in it; holds "name" as well */
} sl__connector_config;

typedef struct sl__config_file {
    sl_str path;
    bool has_worker;
    sl_config worker;     /* raw */
    uint32_t worker_line; /* where it starts */
    sl__connector_config *connectors;
    size_t nconnectors;
} sl__config_file;

/* sl__config_file_read reads one file. What is wrong with its form is the error, "FILE:LINE: KEY: what was
   expected"; warnings (a key set twice) go to the report. */
SL_MUST_CHECK sl_error *sl__config_file_read(const char *path, sl_arena *arena, sl_config_report *report,
                                             sl__config_file *out);

/* sl__config_file_parse does the same with a text that was read already; path says what it is. */
SL_MUST_CHECK sl_error *sl__config_file_parse(sl_str text, sl_str path, sl_arena *arena,
                                              sl_config_report *report, sl__config_file *out);

#endif
