/*
 * yaml.h - reads one YAML file that holds a worker and its connectors.
 *
 *   worker:                          settings; nested maps are joined by dots
 *     bootstrap.servers: embedded:
 *     key.converter: json
 *   connectors:                      a map of name -> settings, or a list of settings with a name
 *     orders:
 *       connector.class: postgres-cdc
 *       table.include.list: [public.orders, public.customers]     lists are joined by commas
 *       transforms:                  named things: a map of name -> settings, or a list of settings with a
 * name;
 *         - name: unwrap             this gives transforms=unwrap and transforms.unwrap.type=...
 *           type: unwrap             (also predicates and config.providers)
 *
 * A connector may also be {name, config: {...}, initial_state}. Scalars are taken as they are written; null
 * and ~ give an absent value. Anchors, aliases and "<<" merges work; what they expand to is bounded. A second
 * document, tags of the user's own, complex keys and a key set twice are errors.
 *
 * Threads: pure function. Memory: results are in the arena.
 */
#ifndef SLUICE_CONFIG_YAML_H
#define SLUICE_CONFIG_YAML_H

#include "config/files.h"

SL_MUST_CHECK sl_error *sl__yaml_parse(sl_str text, sl_str file, sl_arena *arena, sl__config_file *out);

#endif
