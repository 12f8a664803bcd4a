/*
 * calendar.h - dates as Java writes them: Gregorian, and Julian before 1582-10-15; UTC.
 *
 * Threads: pure functions. Memory: none.
 */
#ifndef SLUICE_CONVERTERS_CALENDAR_H
#define SLUICE_CONVERTERS_CALENDAR_H

#include <sluice/memory.h>

#define DAY_MS 86400000LL

/* calendar_put_date appends yyyy-MM-dd of a number of days since 1970. */
void calendar_put_date(sl_buf *out, int64_t days);
/* calendar_put_time appends HH:mm:ss.SSSZ of milliseconds since midnight. */
void calendar_put_time(sl_buf *out, int64_t ms);
/* calendar_put_instant appends what java.util.Date.toString gives in UTC: Thu Jan 01 00:00:00 UTC 1970. */
void calendar_put_instant(sl_buf *out, int64_t ms);

/* calendar_split cuts milliseconds since 1970 into days and milliseconds since midnight. */
int64_t calendar_split(int64_t ms, int64_t *of_day);

/* calendar_get_date reads exactly yyyy-MM-dd, a day that exists. */
bool calendar_get_date(sl_str t, int64_t *days);
/* calendar_get_time reads exactly HH:mm:ss.SSSZ. */
bool calendar_get_time(sl_str t, int64_t *ms);

#endif
