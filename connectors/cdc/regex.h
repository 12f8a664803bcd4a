/*
 * regex.h - lists of regular expressions as Debezium's settings have them.
 *
 * A list is split at commas (a comma within an expression is written "\,"), each part is trimmed, compared
 * without regard to case, and must match the whole name. Expressions are Java's, with limits on matching
 * (java_regex.h), so that a bad one cannot stall a task; a match that hits the limit counts as no match.
 *
 * Threads: immutable after cdc_patterns_new except for the match data, so one owner at a time.
 */
#ifndef CDC_REGEX_H
#define CDC_REGEX_H

#include <sluice/memory.h>

typedef struct cdc_patterns cdc_patterns;

/* cdc_patterns_new compiles a list; *out is NULL for an absent or empty one. key names the setting in errors.
 */
SL_MUST_CHECK sl_error *cdc_patterns_new(const char *key, sl_str list, cdc_patterns **out);
void cdc_patterns_free(cdc_patterns *p);

/* cdc_patterns_match tells whether one of the expressions matches the whole of s; false for NULL. */
bool cdc_patterns_match(const cdc_patterns *p, sl_str s);

/* cdc_patterns_count gives the number of expressions; cdc_patterns_match_one tries just the i-th. */
size_t cdc_patterns_count(const cdc_patterns *p);
bool cdc_patterns_match_one(const cdc_patterns *p, size_t i, sl_str s);

/* cdc_list_next cuts the next part of a comma-separated list ("\," is a literal comma) and trims it; false at
   the end. The part is copied to the arena without the backslash only when it has one. */
bool cdc_list_next(sl_str *rest, char sep, sl_str *part);

#endif
