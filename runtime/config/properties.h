/*
 * properties.h - reads Java's .properties text.
 *
 * The grammar is that of java.util.Properties.load, in UTF-8:
 *   file     = { blank | comment | setting }
 *   comment  = [ws] ("#" | "!") rest of the natural line
 *   setting  = key [ws] [("=" | ":") [ws]] value, over several natural lines where one ends in an odd number
 * of "\"; white space at the start of a continued line is dropped escapes  = \t \n \r \f \uXXXX (surrogates
 * in pairs); before any other character the backslash is dropped Beyond Java's: input that is not UTF-8, a
 * zero character and an empty key are errors.
 *
 * Threads: pure function. Memory: results are in the arena.
 */
#ifndef SLUICE_CONFIG_PROPERTIES_H
#define SLUICE_CONFIG_PROPERTIES_H

#include <sluice/config.h>

/* sl__properties_parse reads text; `file` names it in entries and messages and is borrowed as long as the
   arena. A key that is set twice keeps its last value, with a warning. */
SL_MUST_CHECK sl_error *sl__properties_parse(sl_str text, sl_str file, sl_arena *arena,
                                             sl_config_report *report, sl_config *out);

#endif
