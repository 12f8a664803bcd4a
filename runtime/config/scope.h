/*
 * scope.h - one validation at work, and the check of one plugin within it. Between validate.c and
 * validate_worker.c, but for the two functions that need no scope.
 *
 * Threads: one at a time. Memory: everything is in the arena.
 */
#ifndef SLUICE_CONFIG_SCOPE_H
#define SLUICE_CONFIG_SCOPE_H

#include "config/validate.h"

typedef struct sl__scope {
    const sl__catalog *catalog;
    const sl_config *config; /* resolved */
    sl_str connector;        /* name; absent for a worker */
    bool strict;
    bool connect;
    void *runtime;
    sl_arena *arena;
    sl_config_report *report;
    sl__secrets *secrets;
} sl__scope;

/* sl__plugin_validate calls the definition's validate, if it has one. The context must be complete. It may
   block. Call it only when the table found no errors. */
void sl__plugin_validate(const sl_plugin_def *def, const sl_context *ctx, sl_config_report *report);

/* sl__problems_add hands a plugin's problems on, by the keys the user wrote; one without a key stands under
   the plugin's name, the prefix without its last dot. */
SL_MUST_CHECK sl_error *sl__problems_add(const sl_config_report *from, sl_str prefix, sl_config_report *to);

/* sl__scope_plugin checks the plugin of a kind that class_key names, with the settings below prefix: its
   table, the keys it does not know (own: rows of settings that are there besides, may be NULL), and its
   validate. An unset class is no problem here. */
SL_MUST_CHECK sl_error *sl__scope_plugin(sl__scope *s, sl_plugin_kind kind, sl_str class_key, sl_str prefix,
                                         const sl_config_row *own, size_t nown);

/* sl__scope_table parses the definition's table and calls its validate; keys get the prefix in the report. */
SL_MUST_CHECK sl_error *sl__scope_table(sl__scope *s, const sl_plugin_def *def, sl_str prefix,
                                        const sl_config *own);

/* sl__scope_converter checks "key.converter", "value.converter" or "header.converter", if it is set. */
SL_MUST_CHECK sl_error *sl__scope_converter(sl__scope *s, const char *name, bool worker);

/* sl__scope_hide remembers the values of the PASSWORD settings of a table. */
SL_MUST_CHECK sl_error *sl__scope_hide(sl__scope *s, const sl_config_row *rows, size_t n, const sl_config *c);

/* sl__scope_finish takes secrets out of everything that was reported since `from`. */
SL_MUST_CHECK sl_error *sl__scope_finish(sl__scope *s, size_t from);

#endif
