/*
 * cli.h - the commands, and what they share.
 *
 * Exit codes: 0 done; 1 it failed while running; 2 it was called wrongly; 3 the configuration is wrong.
 *
 * Threads: the main thread. Memory: each command frees what it took.
 */
#ifndef SLUICE_CLI_CLI_H
#define SLUICE_CLI_CLI_H

#include <stdio.h>

#include "config/files.h"
#include "config/validate.h"
#include "config/worker_group.h"
#include "config/worker_topics.h"
#include "plugin/registry_catalog.h"

enum { SL_EXIT_OK = 0, SL_EXIT_FAILED = 1, SL_EXIT_USAGE = 2, SL_EXIT_CONFIG = 3 };

typedef struct sl__command {
    const char *name;
    const char *args;                                                  /* as the usage shows them */
    const char *summary;                                               /* one line */
    const char *help;                                                  /* the rest of `sluice help NAME` */
    int (*run)(const struct sl__command *self, int argc, char **argv); /* argv[0] is the first argument */
} sl__command;

int sl__cmd_standalone(const sl__command *self, int argc, char **argv);
int sl__cmd_distributed(const sl__command *self, int argc, char **argv);
int sl__cmd_validate(const sl__command *self, int argc, char **argv);
int sl__cmd_preflight(const sl__command *self, int argc, char **argv);
extern const sl__command sl__commands[];
extern const size_t sl__ncommands;

int sl__cmd_connectors(const sl__command *self, int argc, char **argv);
int sl__cmd_status(const sl__command *self, int argc, char **argv);
int sl__cmd_change(const sl__command *self, int argc, char **argv); /* pause, resume, stop, restart, delete */
int sl__cmd_offsets(const sl__command *self, int argc, char **argv);
int sl__cmd_create(const sl__command *self, int argc, char **argv);
int sl__cmd_logs(const sl__command *self, int argc, char **argv);
int sl__cmd_completion(const sl__command *self, int argc, char **argv);
int sl__cmd_man(const sl__command *self, int argc, char **argv);
int sl__cmd_describe(const sl__command *self, int argc, char **argv);
int sl__cmd_plugins(const sl__command *self, int argc, char **argv);

/* sl__cli_usage says on standard error what is wrong with the arguments and how the command is called. */
int sl__cli_usage(const sl__command *c, const char *fmt, ...) SL_PRINTF(2, 3);

/* sl__cli_error prints an error and gives the exit code for it; takes the error over. */
int sl__cli_error(sl_error *err);

/* ---- the file of a worker of a cluster ---- */

typedef struct sl__cli_cluster {
    sl__validated_worker worker; /* its providers are to be closed */
    sl__worker_group group;
    sl__worker_topics topics;
} sl__cli_cluster;

/* sl__cli_cluster_check checks the settings; what is wrong goes to the report, the error is about memory. */
SL_MUST_CHECK sl_error *sl__cli_cluster_check(const sl__catalog *catalog, const sl_config *raw,
                                              sl_arena *arena, sl_config_report *report,
                                              sl__cli_cluster *out);

/* ---- a set of configuration files ---- */

/* One file, with what was noticed while it was read. */
typedef struct sl__cli_file {
    sl__config_file file;
    sl_config_report report;
    sl_error *err; /* owned; it could not be read */
} sl__cli_file;

typedef struct sl__cli_files {
    sl_arena arena; /* holds everything below */
    sl__cli_file *items;
    size_t n;
    const sl__config_file *worker;    /* the file with the worker's settings, or NULL */
    sl__connector_config *connectors; /* of all files */
    size_t nconnectors;
} sl__cli_files;

/* sl__cli_files_read reads the files. What is wrong with one is kept with it; the error is about the set: two
   workers, two connectors of one name. */
SL_MUST_CHECK sl_error *sl__cli_files_read(sl__cli_files *set, int argc, char **argv);

/* sl__cli_files_load reads the files and leaves it to sl__cli_files_choose which of them belong together. */
SL_MUST_CHECK sl_error *sl__cli_files_load(sl__cli_files *set, int argc, char **argv);

/* sl__cli_files_choose makes worker and connectors those of one worker's file (NULL: of none): its own
   connectors, and those of files without a worker unless the file has connectors and another worker's has
   none. It may be called again for another. */
SL_MUST_CHECK sl_error *sl__cli_files_choose(sl__cli_files *set, const sl__config_file *worker);
void sl__cli_files_free(sl__cli_files *set);

/* sl__cli_place writes "FILE:LINE" of a problem's key into out: of its entry, else of the whole (line 0:
 * "FILE"). */
const char *sl__cli_place(const sl_config *c, sl_str key, sl_str file, uint32_t line, char *out, size_t size);

/* sl__cli_print_report writes a line for each problem, "FILE:LINE: KEY: message"; gives how many errors there
 * were. */
size_t sl__cli_print_report(FILE *to, const sl_config_report *r, const sl_config *c, sl_str file,
                            uint32_t line);

/* sl__cli_load_plugins loads plugin.path (absent = the default folder). worker: it is a worker's setting, so
   Java's folders in it are passed over (see registry.h). */
SL_MUST_CHECK sl_error *sl__cli_load_plugins(sl_str plugin_path, bool worker, sl__registry **out);

#endif
