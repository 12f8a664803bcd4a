/*
 * clock.h - dates, times and time zones: numbers to text and back.
 *
 * Calendar arithmetic is proleptic Gregorian. Zones come from the system's zoneinfo files, read once at open.
 * A zone is immutable after that; any thread may read it.
 */
#ifndef JDBC_CLOCK_H
#define JDBC_CLOCK_H

#include <sluice/memory.h>

#define JDBC_DAY_US INT64_C(86400000000)

typedef struct jdbc_zone jdbc_zone;

/* jdbc_zone_open finds a zone by name: UTC, an offset like +02:00 or GMT+2, or a name of the zone database.
 */
SL_MUST_CHECK sl_error *jdbc_zone_open(sl_str name, jdbc_zone **out);
void jdbc_zone_close(jdbc_zone *z);
/* jdbc_zone_offset gives seconds east of UTC at an instant (seconds since 1970); NULL is UTC. */
int32_t jdbc_zone_offset(const jdbc_zone *z, int64_t at);

int64_t jdbc_days_from_civil(int64_t y, unsigned m, unsigned d);
void jdbc_civil_from_days(int64_t days, int64_t *y, unsigned *m, unsigned *d);
/* jdbc_days_julian gives the day whose Gregorian date reads as the Julian date of `days` (before 1582-10-15).
 */
int64_t jdbc_days_julian(int64_t days);

/* Appenders: ISO 8601 with a space between date and time. `bc`: years before 1 as "0044-03-15 BC". */
void jdbc_date_add(int64_t days, bool bc, sl_buf *out);
void jdbc_time_add(int64_t us, unsigned nanos, sl_buf *out);
void jdbc_stamp_add(int64_t us, unsigned nanos, bool bc, const char *suffix, sl_buf *out);

/* Parsers of ISO 8601 text. zoned: whether an offset was given (*offset in seconds). False: not such a text.
 */
bool jdbc_date_parse(sl_str s, int64_t *days);
bool jdbc_time_parse(sl_str s, int64_t *us, unsigned *nanos, bool *zoned, int32_t *offset);
bool jdbc_stamp_parse(sl_str s, int64_t *us, unsigned *nanos, bool *zoned);

#endif
