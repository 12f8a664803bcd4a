/*
 * temporal.h - dates and times in the forms of Debezium's time.precision.mode.
 *
 * A calendar value is parsed by the connector into days and microseconds (proleptic Gregorian, as ISO 8601)
 * and turned here into the value of its schema: Kafka Connect's Date, Time and Timestamp, or
 * io.debezium.time.*.
 */
#ifndef CDC_TEMPORAL_H
#define CDC_TEMPORAL_H

#include <sluice/value.h>

#define CDC_MICROS_PER_DAY INT64_C(86400000000)

typedef enum cdc_time_mode {
    CDC_TIME_ADAPTIVE,
    CDC_TIME_ADAPTIVE_MICROS,
    CDC_TIME_CONNECT,
    CDC_TIME_ISOSTRING,
    CDC_TIME_MICROSECONDS,
    CDC_TIME_NANOSECONDS,
} cdc_time_mode;

/* What a DATE, TIME or TIMESTAMP column becomes. */
typedef enum cdc_time_form {
    CDC_FORM_DATE, /* INT32 days */
    CDC_FORM_ISO_DATE,
    CDC_FORM_TIME_MS, /* INT32 milliseconds */
    CDC_FORM_TIME_US,
    CDC_FORM_TIME_NS,
    CDC_FORM_ISO_TIME,
    CDC_FORM_TS_MS,
    CDC_FORM_TS_US,
    CDC_FORM_TS_NS,
    CDC_FORM_ISO_TS,
} cdc_time_form;

typedef struct cdc_time_type {
    cdc_time_form form;
    sl_type type;
    const char *name; /* schema name */
} cdc_time_type;

/* precision: digits of the second's fraction. */
cdc_time_type cdc_date_type(cdc_time_mode mode);
cdc_time_type cdc_time_of_day_type(cdc_time_mode mode, int precision);
cdc_time_type cdc_timestamp_type(cdc_time_mode mode, int precision);

/* cdc_days_of gives the days since 1970-01-01 of a date; year 0 is 1 BC. */
int64_t cdc_days_of(int64_t year, int month, int day);
void cdc_days_split(int64_t days, int64_t *year, int *month, int *day);

/* What the forms make of a value; strings are in the arena. */
sl_value cdc_date_value(cdc_time_form form, sl_arena *a, int64_t days);
sl_value cdc_time_value(cdc_time_form form, sl_arena *a, int64_t micros);
/* A timestamp is a day and microseconds of it; what an INT64 cannot hold becomes the largest or smallest one.
 */
sl_value cdc_timestamp_value(cdc_time_form form, sl_arena *a, int64_t days, int64_t micros);

/* cdc_put_date writes an ISO date at to (at most 20 bytes), years beyond 9999 with a sign; gives the end. */
char *cdc_put_date(char *to, int64_t days);
/* cdc_put_time writes hh:mm:ss and a fraction: digits of it, or -1 for as many as it needs. */
char *cdc_put_time(char *to, int64_t micros, int digits);

#endif
