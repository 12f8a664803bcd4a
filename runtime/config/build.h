/*
 * build.h - makes an sl_config, and views of one: an ordered list of settings with the place each came from.
 *
 * Not for: what a setting means, or reading files (files.h).
 * Threads: none of its own; a builder belongs to its caller.
 * Memory: everything is in the caller's arena. Keys, values and file names that are passed in are borrowed
 * and must live as long as the arena's contents are used.
 */
#ifndef SLUICE_CONFIG_BUILD_H
#define SLUICE_CONFIG_BUILD_H

#include <sluice/config.h>

/* No file with more settings is read: look-ups walk the list. */
enum { SL_CONFIG_MAX_ENTRIES = 10000 };

typedef struct sl__config_builder {
    sl_arena *arena; /* borrowed */
    sl_config_entry *entries;
    size_t n;
    size_t cap;
} sl__config_builder;

void sl__config_builder_init(sl__config_builder *b, sl_arena *arena);

/* sl__config_builder_put adds a setting. A key that is there already gets the new value and place, and
   *old_line (may be NULL) its old line; 0 = the key is new. Fails when there are too many settings, or out of
   memory. */
SL_MUST_CHECK sl_error *sl__config_builder_put(sl__config_builder *b, const sl_config_entry *entry,
                                               uint32_t *old_line);

/* sl__config_builder_done gives what was built, valid as long as the arena. */
sl_config sl__config_builder_done(const sl__config_builder *b);

/* sl__config_prefix gives the settings whose keys start with the prefix, the prefix removed. */
SL_MUST_CHECK sl_error *sl__config_prefix(const sl_config *c, sl_str prefix, sl_arena *arena, sl_config *out);

/* sl__config_overlay gives base with the settings of over put over it. */
SL_MUST_CHECK sl_error *sl__config_overlay(const sl_config *base, const sl_config *over, sl_arena *arena,
                                           sl_config *out);

/* sl__config_copy copies a configuration with all its texts. */
SL_MUST_CHECK sl_error *sl__config_copy(sl_arena *arena, const sl_config *c, sl_config *out);

/* sl__config_patch gives base with the settings of patch over it; an absent value takes its key away. */
SL_MUST_CHECK sl_error *sl__config_patch(const sl_config *base, const sl_config *patch, sl_arena *arena,
                                         sl_config *out);

/* sl__config_has_prefix tells whether a key starts with the prefix. */
bool sl__config_has_prefix(const sl_config *c, sl_str prefix);

/* sl__config_list splits a value at commas, trimmed, without empty parts; an absent value is an empty list.
 */
SL_MUST_CHECK sl_error *sl__config_list(sl_str value, sl_arena *arena, sl_str_list *out);

#endif
