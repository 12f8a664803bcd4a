/*
 * instance.h - prepares the context in which one instance of a definition runs.
 *
 * Strips the instance's prefix off a configuration ("transforms.unwrap."), parses the definition's table into
 * its settings struct and reports what is wrong under the full keys, as the user wrote them.
 *
 * Not for: opening the instance (its owner calls the definition's open). Threads: one owner.
 * Memory: everything lives in the arena that is passed in, or is borrowed from the configuration; nothing to
 * free.
 */
#ifndef SLUICE_PLUGIN_INSTANCE_H
#define SLUICE_PLUGIN_INSTANCE_H

#include <sluice/plugin.h>

typedef struct sl__instance {
    const sl_plugin_def *def;
    sl_config config;   /* without the prefix */
    sl_str prefix;      /* "" = none */
    sl_context context; /* host, connector, task, component and runtime are the owner's to set */
} sl__instance;

/* sl__instance_init fills *inst (zeroing it) from full; prefix absent or "" = the whole configuration. What
   is wrong with the settings goes to the report (NULL: the first error is returned instead, as
   sl_config_report_error has it). Other errors are about memory. Arena and configuration must outlive the
   instance, which must stay where it is (its context points into it). */
SL_MUST_CHECK sl_error *sl__instance_init(sl__instance *inst, const sl_plugin_def *def, const sl_config *full,
                                          sl_str prefix, sl_arena *arena, sl_config_report *report);

/* sl__config_strip gives the entries whose keys begin with prefix, without it. NOMEM is the only error. */
SL_MUST_CHECK sl_error *sl__config_strip(const sl_config *full, sl_str prefix, sl_arena *arena,
                                         sl_config *out);

#endif
