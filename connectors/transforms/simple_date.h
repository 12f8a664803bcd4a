/*
 * simple_date.h - java.text.SimpleDateFormat in UTC, in English.
 *
 * All pattern letters are written. Read are all but week fields (Y, w, W, F); day names are read and not
 * looked at, as Java does when there is a date; of zone names UTC and GMT are known. Reading is lenient, as
 * Java's: numbers out of range carry over, what follows the last field is not looked at. Before 1582-10-15
 * the calendar is the Julian one. Weeks begin on Sundays.
 *
 * Threads: a format is immutable. Memory: heap; free with simple_date_free.
 */
#ifndef SLUICE_TRANSFORMS_SIMPLE_DATE_H
#define SLUICE_TRANSFORMS_SIMPLE_DATE_H

#include <sluice/memory.h>

typedef struct simple_date simple_date;

/* simple_date_new compiles a pattern; the error (CONFIG, USER) says what is wrong with it. */
SL_MUST_CHECK sl_error *simple_date_new(sl_str pattern, simple_date **out);
void simple_date_free(simple_date *f); /* NULL is allowed */

/* simple_date_write appends the text of a time in milliseconds since 1970. */
void simple_date_write(const simple_date *f, sl_buf *out, int64_t ms);

/* simple_date_parse reads a text from its start; false when it does not fit. */
bool simple_date_parse(const simple_date *f, sl_str text, int64_t *ms);

/* simple_date_pattern gives what it was made of. */
sl_str simple_date_pattern(const simple_date *f);

#endif
