/*
 * registry.h - the plugins that were found, and what they offer.
 *
 * A plugin is loaded with RTLD_NOW | RTLD_LOCAL and checked as a whole before anything of it is used; one
 * that fails a check is recorded with its reason, logged once and passed over. Names are Sluice's short ones,
 * the full Java class names of the aliases, or the Java simple class names with or without the suffix of
 * their kind, as Kafka Connect takes them ("PostgresConnector" or "Postgres").
 *
 * Threads: load from one thread, before others look; finding is then safe from any thread.
 * Memory: definitions are the plugins' own and valid until sl__registry_free. A plugin is never unloaded
 * before.
 */
#ifndef SLUICE_PLUGIN_REGISTRY_H
#define SLUICE_PLUGIN_REGISTRY_H

#include "plugin/check.h"

typedef struct sl__registry sl__registry;

typedef struct sl__plugin_failure {
    const char *path;
    const char *reason;
} sl__plugin_failure;

/* sl__registry_new: NULL when out of memory. */
sl__registry *sl__registry_new(void);
/* sl__registry_free closes all plugins; NULL is allowed. */
void sl__registry_free(sl__registry *reg);

/* sl__registry_load_path loads every *.so of each folder of a plugin.path (comma-separated; a file is taken
   as a plugin). Absent or empty: the default folder, plugins/ next to the executable or else
   ../lib/sluice/plugins from it. The error is about the path itself (a folder that is not there); bad plugins
   are in sl__registry_failures. */
SL_MUST_CHECK sl_error *sl__registry_load_path(sl__registry *reg, sl_str plugin_path);

/* sl__registry_load_worker_path does that for the file of a worker, which may be a Java worker's: folders
   that are not there or have no *.so in them are passed over and counted, and when all are, the default
   folder is loaded. */
SL_MUST_CHECK sl_error *sl__registry_load_worker_path(sl__registry *reg, sl_str plugin_path, size_t *foreign);

/* sl__registry_load_dir loads every *.so of one folder, in order of their names. */
SL_MUST_CHECK sl_error *sl__registry_load_dir(sl__registry *reg, const char *path);

/* sl__registry_load_file loads one plugin. False when it was refused: sl__registry_failures has the reason.
 */
bool sl__registry_load_file(sl__registry *reg, const char *path);

/* sl__registry_add takes a table that is linked in (tests); path names it. False when it was refused. */
bool sl__registry_add(sl__registry *reg, const sl_plugin *table, const char *path);

/* sl__registry_find gives the definition of a kind by name. NOT_FOUND errors name the nearest ones that there
 * are. */
SL_MUST_CHECK sl_error *sl__registry_find(const sl__registry *reg, sl_plugin_kind kind, sl_str name,
                                          const sl_plugin_def **def);

/* sl__registry_each calls cb for every definition, in order of loading. */
typedef void (*sl__registry_cb)(void *arg, const sl_plugin_def *def, const sl_plugin *table,
                                const char *path);
void sl__registry_each(const sl__registry *reg, sl__registry_cb cb, void *arg);

/* sl__registry_failures gives the plugins that were refused. */
const sl__plugin_failure *sl__registry_failures(const sl__registry *reg, size_t *n);

/* sl__registry_default_dir writes the default folder into out: the first of the two that there is, else the
   first. False when the executable's place is unknown or too long. */
bool sl__registry_default_dir(char *out, size_t size);

/* sl__plugin_java_class gives the first alias of a definition, or its short name. */
const char *sl__plugin_java_class(const sl_plugin_def *def);

#endif
