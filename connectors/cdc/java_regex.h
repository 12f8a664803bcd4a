/*
 * java_regex.h - java.util.regex for our users, on PCRE2 with limits on matching.
 *
 * What Java writes otherwise than PCRE2 is rewritten (\uXXXX, \p{Alpha} and its kin, \p{IsLatin}); what would
 * silently mean something else is refused with what to write instead (nested and intersected character
 * classes, the flags d, u and U,
 * (*VERBS), recursion, \K). A match that takes too long is an error, never a stall. Threads: one owner at a
 * time, since an expression holds its match data. Memory: heap; free with java_regex_free.
 */
#ifndef CDC_JAVA_REGEX_H
#define CDC_JAVA_REGEX_H

#include <sluice/memory.h>

typedef struct java_regex java_regex;

/* java_regex_new compiles. The error (CONFIG, USER) says what is wrong and where. */
SL_MUST_CHECK sl_error *java_regex_new(sl_str pattern, java_regex **out);
void java_regex_free(java_regex *r); /* NULL is allowed */

/* java_regex_matches: Matcher.matches, the whole of s. */
SL_MUST_CHECK sl_error *java_regex_matches(java_regex *r, sl_str s, bool *matches);

/* java_regex_check_replacement says what is wrong with a replacement for this expression; NULL = nothing. In
 * the arena. */
const char *java_regex_check_replacement(const java_regex *r, sl_str replacement, sl_arena *arena);

/* java_regex_replace_first: Matcher.replaceFirst. The result is in the arena: s itself when nothing was
 * found. */
SL_MUST_CHECK sl_error *java_regex_replace_first(java_regex *r, sl_str s, sl_str replacement, sl_arena *arena,
                                                 sl_str *out);

#endif
