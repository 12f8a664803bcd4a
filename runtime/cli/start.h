/*
 * start.h - what the commands that run a worker share.
 *
 * Threads: the main thread. Memory: nothing is kept.
 */
#ifndef SLUICE_CLI_START_H
#define SLUICE_CLI_START_H

#include "cli/cli.h"
#include "herder/standalone.h"

/* sl__start_log reads the log's settings from the worker's file before everything else, so that what follows
   is logged as they say. */
void sl__start_log(sl__cli_files *files);

/* sl__start_log_report logs what was found, with its places (see sl__cli_place); gives how many errors there
 * are. */
size_t sl__start_log_report(const sl_config_report *r, const sl_config *c, sl_str file, uint32_t line);

/* sl__start_worker runs the worker to its end, unless the check before it failed (err, taken over) or found
   errors; gives the exit code. */
int sl__start_worker(const sl__standalone_options *opts, sl_error *err, size_t errors);

#endif
