/*
 * java_time.h - days and times of the proleptic Gregorian calendar in UTC, and the text of a java.util.Date.
 *
 * Threads: pure functions. Memory: the caller's buffer.
 */
#ifndef SLUICE_TRANSFORMS_JAVA_TIME_H
#define SLUICE_TRANSFORMS_JAVA_TIME_H

#include <sluice/memory.h>

#define MS_PER_DAY INT64_C(86400000)

typedef struct java_time {
    int64_t year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
    int hour, minute, second, ms;
    int weekday;     /* 1 = Monday to 7 = Sunday */
    int day_of_year; /* from 1 */
} java_time;

/* java_floor_div rounds down, also for negative numbers (b > 0). */
int64_t java_floor_div(int64_t a, int64_t b);

/* java_time_of splits milliseconds since 1970. */
java_time java_time_of(int64_t ms);

/* java_days gives the day since 1970 of a date; months and days may be out of their range and are carried
 * over. */
int64_t java_days(int64_t year, int64_t month, int64_t day);

/* java_date_write appends the text that Kafka Connect's Values gives a date: its time alone up to the end of
   1970-01-01, its day alone at midnight, else both. */
void java_date_write(sl_buf *out, int64_t ms);

#endif
