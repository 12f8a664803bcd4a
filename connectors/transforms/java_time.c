/*
 * java_time.c - see java_time.h.
 */
#include "java_time.h"

#define DAYS_0000_03_01 INT64_C(719468) /* before 1970-01-01 */
#define DAYS_400_YEARS INT64_C(146097)

int64_t java_floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

int64_t java_days(int64_t year, int64_t month, int64_t day) {
    int64_t months = month - 3; /* years that begin in March end with the leap day */
    int64_t y = year + java_floor_div(months, 12);
    int64_t m = months - java_floor_div(months, 12) * 12;
    int64_t era = java_floor_div(y, 400);
    int64_t in_era = y - era * 400;
    int64_t day_of_year = (153 * m + 2) / 5;
    return era * DAYS_400_YEARS + in_era * 365 + in_era / 4 - in_era / 100 + day_of_year + day - 1 -
           DAYS_0000_03_01;
}

java_time java_time_of(int64_t ms) {
    java_time t;
    int64_t days = java_floor_div(ms, MS_PER_DAY);
    int64_t rest = ms - days * MS_PER_DAY;
    int64_t z = days + DAYS_0000_03_01;
    int64_t era = java_floor_div(z, DAYS_400_YEARS);
    int64_t in_era = z - era * DAYS_400_YEARS;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t day_of_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    t.day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
    t.month = (int)(m < 10 ? m + 3 : m - 9);
    t.year = year + era * 400 + (t.month <= 2);
    t.ms = (int)(rest % 1000);
    t.second = (int)(rest / 1000 % 60);
    t.minute = (int)(rest / 60000 % 60);
    t.hour = (int)(rest / 3600000);
    t.weekday = (int)(days + 3 - java_floor_div(days + 3, 7) * 7 + 1); /* 1970-01-01 was a Thursday */
    t.day_of_year = (int)(days - java_days(t.year, 1, 1) + 1);
    return t;
}

void java_date_write(sl_buf *out, int64_t ms) {
    java_time t = java_time_of(ms);
    if (ms >= MS_PER_DAY) {
        sl_buf_printf(out, "%04lld-%02d-%02d", (long long)t.year, t.month, t.day);
        if (ms % MS_PER_DAY == 0) {
            return;
        }
        sl_buf_add_char(out, 'T');
    }
    sl_buf_printf(out, "%02d:%02d:%02d.%03dZ", t.hour, t.minute, t.second, t.ms);
}
