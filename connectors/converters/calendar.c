/*
 * calendar.c - days to dates and back.
 *
 * A year is counted from March, so that the leap day is its last; a cycle is 400 years (Gregorian) or 4
 * (Julian).
 */
#include "calendar.h"

#include <stdio.h>

#define FIRST_GREGORIAN (-141427) /* 1582-10-15 */
#define GREGORIAN_OFFSET 719468   /* 0000-03-01 to 1970-01-01 */
#define JULIAN_OFFSET 719470
#define DAYS_400 146097
#define DAYS_4 1461

typedef struct date {
    int64_t year;
    int month, day;
} date;

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t calendar_split(int64_t ms, int64_t *of_day) {
    int64_t days = floor_div(ms, DAY_MS);
    *of_day = ms - days * DAY_MS;
    return days;
}

static date date_of(int64_t days) {
    bool julian = days < FIRST_GREGORIAN;
    int64_t z = days + (julian ? JULIAN_OFFSET : GREGORIAN_OFFSET);
    int64_t cycle = julian ? DAYS_4 : DAYS_400;
    int64_t era = floor_div(z, cycle);
    int64_t in_era = z - era * cycle;
    int64_t year = julian ? (in_era - in_era / (DAYS_4 - 1)) / 365
                          : (in_era - in_era / (DAYS_4 - 1) + in_era / 36524 - in_era / (DAYS_400 - 1)) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - (julian ? 0 : year / 100));
    int month = (int)((5 * in_year + 2) / 153);
    date d = {.day = (int)(in_year - (153 * month + 2) / 5 + 1), .month = month < 10 ? month + 3 : month - 9};
    d.year = year + era * (julian ? 4 : 400) + (d.month <= 2);
    return d;
}

static int64_t days_of(date d, bool julian) {
    int64_t y = d.year - (d.month <= 2);
    int64_t years = julian ? 4 : 400;
    int64_t era = floor_div(y, years);
    int64_t year = y - era * years;
    int64_t in_year = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;
    int64_t in_era = year * 365 + year / 4 - (julian ? 0 : year / 100) + in_year;
    return era * (julian ? DAYS_4 : DAYS_400) + in_era - (julian ? JULIAN_OFFSET : GREGORIAN_OFFSET);
}

void calendar_put_date(sl_buf *out, int64_t days) {
    date d = date_of(days);
    int64_t year = d.year > 0 ? d.year : 1 - d.year; /* of its era, as yyyy */
    sl_buf_printf(out, "%04lld-%02d-%02d", (long long)year, d.month, d.day);
}

void calendar_put_time(sl_buf *out, int64_t ms) {
    sl_buf_printf(out, "%02d:%02d:%02d.%03dZ", (int)(ms / 3600000), (int)(ms / 60000 % 60),
                  (int)(ms / 1000 % 60), (int)(ms % 1000));
}

void calendar_put_instant(sl_buf *out, int64_t ms) {
    static const char days_of_week[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t of_day;
    int64_t days = calendar_split(ms, &of_day);
    date d = date_of(days);
    sl_buf_printf(out, "%.3s %.3s %02d %02d:%02d:%02d UTC %lld",
                  days_of_week + (days - floor_div(days, 7) * 7) * 3, months + (d.month - 1) * 3, d.day,
                  (int)(of_day / 3600000), (int)(of_day / 60000 % 60), (int)(of_day / 1000 % 60),
                  (long long)(d.year > 0 ? d.year : 1 - d.year));
}

/* number_at reads n digits at an index. */
static bool number_at(sl_str t, size_t at, size_t n, int *out) {
    *out = 0;
    for (size_t i = at; i < at + n; i++) {
        if (i >= t.n || t.p[i] < '0' || t.p[i] > '9') {
            return false;
        }
        *out = *out * 10 + (t.p[i] - '0');
    }
    return true;
}

bool calendar_get_date(sl_str t, int64_t *days) {
    int year;
    date d = {0};
    if (t.n != 10 || t.p[4] != '-' || t.p[7] != '-' || !number_at(t, 0, 4, &year) ||
        !number_at(t, 5, 2, &d.month) || !number_at(t, 8, 2, &d.day) || d.month < 1 || d.month > 12 ||
        year < 1) {
        return false;
    }
    d.year = year;
    *days = days_of(d, false);
    if (*days < FIRST_GREGORIAN) {
        *days = days_of(d, true);
    }
    date again = date_of(*days);
    return again.year == d.year && again.month == d.month && again.day == d.day;
}

bool calendar_get_time(sl_str t, int64_t *ms) {
    int h, m, s, f;
    if (t.n != 13 || t.p[2] != ':' || t.p[5] != ':' || t.p[8] != '.' || t.p[12] != 'Z' ||
        !number_at(t, 0, 2, &h) || !number_at(t, 3, 2, &m) || !number_at(t, 6, 2, &s) ||
        !number_at(t, 9, 3, &f) || h > 23 || m > 59 || s > 59) {
        return false;
    }
    *ms = ((int64_t)h * 3600 + m * 60 + s) * 1000 + f;
    return true;
}
