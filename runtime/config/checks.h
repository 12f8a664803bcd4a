/*
 * checks.h - checks of single values that the worker's and the connectors' tables share.
 *
 * Each gives NULL, or what was expected, in the arena or static.
 *
 * Threads: pure functions. Memory: as above.
 */
#ifndef SLUICE_CONFIG_CHECKS_H
#define SLUICE_CONFIG_CHECKS_H

#include <sluice/config.h>

/* host:port,... or embedded: with or without name=value options behind it */
const char *sl__check_servers(const sl_config_row *row, sl_str value, sl_arena *arena);
/* http://host:port,... */
const char *sl__check_listeners(const sl_config_row *row, sl_str value, sl_arena *arena);
/* sl__check_admin_listeners: the same, or nothing. */
const char *sl__check_admin_listeners(const sl_config_row *row, sl_str value, sl_arena *arena);
/* not empty, no control characters */
const char *sl__check_name(const sl_config_row *row, sl_str value, sl_arena *arena);
/* not empty */
const char *sl__check_not_empty(const sl_config_row *row, sl_str value, sl_arena *arena);
/* a list without repeated words */
const char *sl__check_unique(const sl_config_row *row, sl_str value, sl_arena *arena);
/* one topic name */
const char *sl__check_topic(const sl_config_row *row, sl_str value, sl_arena *arena);
/* a list of topic names */
const char *sl__check_topics(const sl_config_row *row, sl_str value, sl_arena *arena);
/* a regular expression, as PCRE2 takes it */
const char *sl__check_regex(const sl_config_row *row, sl_str value, sl_arena *arena);
/* a list of regular expressions */
const char *sl__check_regexes(const sl_config_row *row, sl_str value, sl_arena *arena);
/* -1, or 1 and more */
const char *sl__check_count(const sl_config_row *row, sl_str value, sl_arena *arena);

/* sl__regex_matches tells whether the whole of a text matches; false for a bad pattern too. */
bool sl__regex_matches(sl_str pattern, sl_str text);

/* sl__check_rest_extensions: only what has a counterpart here. */
const char *sl__check_rest_extensions(const sl_config_row *row, sl_str value, sl_arena *arena);

#endif
