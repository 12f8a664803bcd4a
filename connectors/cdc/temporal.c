/*
 * temporal.c - see temporal.h. The calendar is Howard Hinnant's days_from_civil.
 */
#include "temporal.h"

#define NAME(x) "io.debezium.time." x

cdc_time_type cdc_date_type(cdc_time_mode mode) {
    if (mode == CDC_TIME_CONNECT) {
        return (cdc_time_type){CDC_FORM_DATE, SL_INT32, "org.apache.kafka.connect.data.Date"};
    }
    if (mode == CDC_TIME_ISOSTRING) {
        return (cdc_time_type){CDC_FORM_ISO_DATE, SL_STRING, NAME("IsoDate")};
    }
    return (cdc_time_type){CDC_FORM_DATE, SL_INT32, NAME("Date")};
}

cdc_time_type cdc_time_of_day_type(cdc_time_mode mode, int precision) {
    switch (mode) {
    case CDC_TIME_CONNECT:
        return (cdc_time_type){CDC_FORM_TIME_MS, SL_INT32, "org.apache.kafka.connect.data.Time"};
    case CDC_TIME_ISOSTRING:
        return (cdc_time_type){CDC_FORM_ISO_TIME, SL_STRING, NAME("IsoTime")};
    case CDC_TIME_NANOSECONDS:
        return (cdc_time_type){CDC_FORM_TIME_NS, SL_INT64, NAME("NanoTime")};
    case CDC_TIME_ADAPTIVE:
        if (precision <= 3) {
            return (cdc_time_type){CDC_FORM_TIME_MS, SL_INT32, NAME("Time")};
        }
        break;
    default:
        break;
    }
    return (cdc_time_type){CDC_FORM_TIME_US, SL_INT64, NAME("MicroTime")};
}

cdc_time_type cdc_timestamp_type(cdc_time_mode mode, int precision) {
    switch (mode) {
    case CDC_TIME_CONNECT:
        return (cdc_time_type){CDC_FORM_TS_MS, SL_INT64, "org.apache.kafka.connect.data.Timestamp"};
    case CDC_TIME_ISOSTRING:
        return (cdc_time_type){CDC_FORM_ISO_TS, SL_STRING, NAME("IsoTimestamp")};
    case CDC_TIME_NANOSECONDS:
        return (cdc_time_type){CDC_FORM_TS_NS, SL_INT64, NAME("NanoTimestamp")};
    case CDC_TIME_ADAPTIVE:
    case CDC_TIME_ADAPTIVE_MICROS:
        if (precision <= 3) {
            return (cdc_time_type){CDC_FORM_TS_MS, SL_INT64, NAME("Timestamp")};
        }
        break;
    default:
        break;
    }
    return (cdc_time_type){CDC_FORM_TS_US, SL_INT64, NAME("MicroTimestamp")};
}

int64_t cdc_days_of(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void cdc_days_split(int64_t days, int64_t *year, int *month, int *day) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t of_era = days - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t mp = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = y + era * 400 + (*month <= 2);
}

static char *put_digits(char *to, int64_t v, int width) {
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)('0' + v % 10);
        v /= 10;
    }
    return to + width;
}

char *cdc_put_date(char *to, int64_t days) {
    int64_t year;
    int month;
    int day;
    cdc_days_split(days, &year, &month, &day);
    int width = 4;
    int64_t abs = year < 0 ? -year : year;
    for (int64_t limit = 10000; abs >= limit; limit *= 10) {
        width++;
    }
    if (year < 0) {
        *to++ = '-';
    } else if (width > 4) {
        *to++ = '+';
    }
    to = put_digits(to, abs, width);
    *to++ = '-';
    to = put_digits(to, month, 2);
    *to++ = '-';
    return put_digits(to, day, 2);
}

char *cdc_put_time(char *to, int64_t micros, int digits) {
    to = put_digits(to, micros / INT64_C(3600000000), 2);
    *to++ = ':';
    to = put_digits(to, micros / 60000000 % 60, 2);
    *to++ = ':';
    to = put_digits(to, micros / 1000000 % 60, 2);
    int64_t fraction = micros % 1000000;
    if (digits == 0 || (digits < 0 && fraction == 0)) {
        return to;
    }
    *to++ = '.';
    char *end = put_digits(to, fraction, 6);
    if (digits > 0) {
        return to + (digits < 6 ? digits : 6);
    }
    while (end[-1] == '0') {
        end--;
    }
    return end;
}

static sl_value string_of(sl_arena *a, const char *from, const char *to) {
    return sl_string(sl_arena_str(a, (sl_str){from, (size_t)(to - from)}));
}

sl_value cdc_date_value(cdc_time_form form, sl_arena *a, int64_t days) {
    if (form == CDC_FORM_DATE) {
        return sl_int32(days);
    }
    char text[40];
    char *end = cdc_put_date(text, days);
    *end++ = 'Z';
    return string_of(a, text, end);
}

sl_value cdc_time_value(cdc_time_form form, sl_arena *a, int64_t micros) {
    switch (form) {
    case CDC_FORM_TIME_MS:
        return sl_int32(micros / 1000);
    case CDC_FORM_TIME_US:
        return sl_int64(micros);
    case CDC_FORM_TIME_NS:
        return sl_int64(micros * 1000);
    default:
        break;
    }
    char text[40];
    char *end = cdc_put_time(text, micros % CDC_MICROS_PER_DAY, -1);
    *end++ = 'Z';
    return string_of(a, text, end);
}

static int64_t scaled(int64_t days, int64_t units_per_day, int64_t of_day) {
    __int128 v = (__int128)days * units_per_day + of_day;
    return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

sl_value cdc_timestamp_value(cdc_time_form form, sl_arena *a, int64_t days, int64_t micros) {
    switch (form) {
    case CDC_FORM_TS_MS:
        return sl_int64(scaled(days, CDC_MICROS_PER_DAY / 1000, micros / 1000));
    case CDC_FORM_TS_US:
        return sl_int64(scaled(days, CDC_MICROS_PER_DAY, micros));
    case CDC_FORM_TS_NS:
        return sl_int64(scaled(days, CDC_MICROS_PER_DAY * 1000, micros * 1000));
    default:
        break;
    }
    char text[64];
    char *end = cdc_put_date(text, days);
    *end++ = 'T';
    end = cdc_put_time(end, micros, -1);
    *end++ = 'Z';
    return string_of(a, text, end);
}
