/*
 * parse_time.c - dates, times, timestamps and intervals, from the text that a session with DateStyle ISO,
 * TimeZone UTC and IntervalStyle iso_8601 gives.
 *
 *   date       YYYY-MM-DD[ BC] | infinity | -infinity       (years have four digits or more)
 *   time       hh:mm:ss[.ffffff][+hh[:mm[:ss]]]
 *   timestamp  date time[ BC]
 *   interval   P[nY][nM][nD][T[nH][nM][n[.f]S]]
 */
#include <cdc/temporal.h>

#include "convert.h"

/* What Debezium makes of infinity: its JDBC driver's constants. */
#define INFINITE_US INT64_C(9223372036825200000)
#define MINUS_INFINITE_US (-INT64_C(9223372036832400000))
#define INFINITE_DAYS INT64_C(-2147472692)
#define MINUS_INFINITE_DAYS INT64_C(-2147472691)

typedef struct cursor {
    const char *p;
    const char *end;
} cursor;

static bool number(cursor *c, size_t min, size_t max, int64_t *out) {
    size_t n = 0;
    int64_t v = 0;
    while (c->p + n < c->end && n < max && c->p[n] >= '0' && c->p[n] <= '9') {
        v = v * 10 + (c->p[n] - '0');
        n++;
    }
    c->p += n;
    *out = v;
    return n >= min;
}

static bool skip(cursor *c, char what) {
    if (c->p < c->end && *c->p == what) {
        c->p++;
        return true;
    }
    return false;
}

/* The usual four-digit form, checked and converted at once. */
static inline int two(const char *p) {
    int high = p[0] - '0';
    int low = p[1] - '0';
    return (unsigned)high > 9 || (unsigned)low > 9 ? -1 : high * 10 + low;
}

static bool read_date(cursor *c, int64_t *year, int *month, int *day) {
    int64_t m = 0;
    int64_t d = 0;
    if (!number(c, 4, 9, year) || !skip(c, '-') || !number(c, 2, 2, &m) || !skip(c, '-') ||
        !number(c, 2, 2, &d)) {
        return false;
    }
    *month = (int)m;
    *day = (int)d;
    return m >= 1 && m <= 12 && d >= 1 && d <= 31;
}

static bool read_time(cursor *c, int64_t *micros) {
    if (c->end - c->p < 8 || c->p[2] != ':' || c->p[5] != ':') {
        return false;
    }
    int h = two(c->p);
    int m = two(c->p + 3);
    int s = two(c->p + 6);
    if (h < 0 || m < 0 || s < 0 || h > 24 || m > 59 || s > 60) {
        return false;
    }
    c->p += 8;
    *micros = ((int64_t)h * 3600 + m * 60 + s) * 1000000;
    if (skip(c, '.')) {
        int64_t unit = 100000;
        while (c->p < c->end && *c->p >= '0' && *c->p <= '9') {
            *micros += (*c->p++ - '0') * unit;
            unit /= 10;
        }
    }
    return true;
}

/* An offset east of UTC, in seconds. */
static bool read_zone(cursor *c, int64_t *seconds) {
    *seconds = 0;
    bool west = skip(c, '-');
    if (!west && !skip(c, '+')) {
        return false;
    }
    int64_t part = 0;
    for (int64_t unit = 3600; unit >= 1; unit /= 60) {
        if (!number(c, 2, 2, &part)) {
            return false;
        }
        *seconds += part * unit;
        if (!skip(c, ':')) {
            break;
        }
    }
    *seconds = west ? -*seconds : *seconds;
    return true;
}

static bool skip_bc(cursor *c) {
    if (c->end - c->p == 3 && memcmp(c->p, " BC", 3) == 0) {
        c->p += 3;
        return true;
    }
    return false;
}

static int infinite(const char *p, size_t n) {
    if (n == 8 && memcmp(p, "infinity", 8) == 0) {
        return 1;
    }
    return n == 9 && memcmp(p, "-infinity", 9) == 0 ? -1 : 0;
}

bool pg_parse_date(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    int inf = infinite(p, n);
    if (inf) {
        *out = cdc_date_value((cdc_time_form)c->form, a, inf > 0 ? INFINITE_DAYS : MINUS_INFINITE_DAYS);
        return true;
    }
    cursor at = {p, p + n};
    int64_t year = 0;
    int month = 0;
    int day = 0;
    if (!read_date(&at, &year, &month, &day)) {
        return false;
    }
    year = skip_bc(&at) ? 1 - year : year;
    int64_t days = cdc_days_of(year, month, day);
    *out = cdc_date_value((cdc_time_form)c->form, a, days);
    return at.p == at.end && days >= INT32_MIN && days <= INT32_MAX;
}

bool pg_parse_time(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    cursor at = {p, p + n};
    int64_t micros = 0;
    if (!read_time(&at, &micros)) {
        return false;
    }
    *out = cdc_time_value((cdc_time_form)c->form, a, micros);
    return at.p == at.end;
}

bool pg_parse_timetz(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    cursor at = {p, p + n};
    int64_t micros = 0;
    int64_t zone = 0;
    if (!read_time(&at, &micros) || !read_zone(&at, &zone) || at.p != at.end) {
        return false;
    }
    micros = (micros - zone * 1000000) % CDC_MICROS_PER_DAY;
    micros += micros < 0 ? CDC_MICROS_PER_DAY : 0;
    char text[32];
    char *end = cdc_put_time(text, micros, -1);
    *end++ = 'Z';
    *out = sl_string(sl_arena_str(a, (sl_str){text, (size_t)(end - text)}));
    return !a->failed;
}

/* Gives a day and the microseconds of it. */
static bool read_timestamp(cursor *at, bool zoned, int64_t *days, int64_t *micros) {
    int64_t year = 0;
    int month = 0;
    int day = 0;
    int64_t zone = 0;
    if (!read_date(at, &year, &month, &day) || !skip(at, ' ') || !read_time(at, micros)) {
        return false;
    }
    if (zoned && !read_zone(at, &zone)) {
        return false;
    }
    year = skip_bc(at) ? 1 - year : year;
    *days = cdc_days_of(year, month, day);
    *micros -= zone * 1000000;
    if (*micros < 0 || *micros >= CDC_MICROS_PER_DAY) {
        int64_t carry = *micros / CDC_MICROS_PER_DAY - (*micros % CDC_MICROS_PER_DAY < 0);
        *days += carry;
        *micros -= carry * CDC_MICROS_PER_DAY;
    }
    return at->p == at->end;
}

bool pg_parse_timestamp(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    int inf = infinite(p, n);
    int64_t all = inf > 0 ? INFINITE_US : MINUS_INFINITE_US;
    int64_t days = all / CDC_MICROS_PER_DAY - (all % CDC_MICROS_PER_DAY < 0);
    int64_t micros = all % CDC_MICROS_PER_DAY + (all < 0 ? CDC_MICROS_PER_DAY : 0);
    cursor at = {p, p + n};
    if (!inf && !read_timestamp(&at, false, &days, &micros)) {
        return false;
    }
    *out = cdc_timestamp_value((cdc_time_form)c->form, a, days, micros);
    return true;
}

/* "2020-01-02 03:04:05.12+00" with a year of four digits: the digits stay, only the frame changes. */
static bool quick_timestamptz(int precision, sl_arena *a, const char *p, size_t n, sl_value *out) {
    if (n < 22 || n > 29 || p[4] != '-' || p[7] != '-' || p[10] != ' ' || p[13] != ':' || p[16] != ':' ||
        memcmp(p + n - 3, "+00", 3) != 0) {
        return false;
    }
    size_t fraction = n - 22; /* with its point */
    if (fraction && p[19] != '.') {
        return false;
    }
    size_t want = precision > 0 ? (size_t)precision + 1 : 0;
    char *to = sl_arena_bytes(a, 20 + want);
    if (!to || fraction > want) {
        return false;
    }
    memcpy(to, p, 19 + fraction);
    to[10] = 'T';
    if (want && !fraction) {
        to[19] = '.';
        fraction = 1;
    }
    memset(to + 19 + fraction, '0', want - fraction);
    to[19 + want] = 'Z';
    *out = sl_string((sl_str){to, 20 + want});
    return true;
}

bool pg_parse_timestamptz(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    if (quick_timestamptz(c->scale, a, p, n, out)) {
        return true;
    }
    if (infinite(p, n)) {
        *out = sl_string((sl_str){p, n});
        return true;
    }
    cursor at = {p, p + n};
    int64_t days = 0;
    int64_t micros = 0;
    if (!read_timestamp(&at, true, &days, &micros)) {
        return false;
    }
    char text[64];
    char *end = cdc_put_date(text, days);
    *end++ = 'T';
    end = cdc_put_time(end, micros, c->scale);
    *end++ = 'Z';
    *out = sl_string(sl_arena_str(a, (sl_str){text, (size_t)(end - text)}));
    return !a->failed;
}

/* ---- intervals ---- */

typedef struct interval {
    int64_t years, months, days, hours, minutes, micros;
} interval;

static bool signed_number(cursor *c, int64_t *whole, int64_t *fraction_us) {
    bool negative = skip(c, '-');
    *fraction_us = 0;
    if (!number(c, 1, 18, whole)) {
        return false;
    }
    if (skip(c, '.')) {
        int64_t unit = 100000;
        while (c->p < c->end && *c->p >= '0' && *c->p <= '9') {
            *fraction_us += (*c->p++ - '0') * unit;
            unit /= 10;
        }
    }
    if (negative) {
        *whole = -*whole;
        *fraction_us = -*fraction_us;
    }
    return true;
}

static bool store_part(interval *v, bool time, char unit, int64_t whole, int64_t us) {
    switch (unit) {
    case 'Y':
        v->years = whole;
        return !time;
    case 'M':
        if (time) {
            v->minutes = whole;
        } else {
            v->months = whole;
        }
        return true;
    case 'D':
        v->days = whole;
        return !time;
    case 'H':
        v->hours = whole;
        return time;
    case 'S':
        return time && !__builtin_mul_overflow(whole, 1000000, &v->micros) &&
               !__builtin_add_overflow(v->micros, us, &v->micros);
    default:
        return false;
    }
}

static bool read_interval(cursor *c, interval *v) {
    if (!skip(c, 'P')) {
        return false;
    }
    bool time = false;
    while (c->p < c->end) {
        if (!time && skip(c, 'T')) {
            time = true;
            continue;
        }
        int64_t whole = 0;
        int64_t us = 0;
        if (!signed_number(c, &whole, &us) || c->p == c->end || !store_part(v, time, *c->p++, whole, us)) {
            return false;
        }
    }
    return true;
}

/* A month counts as a twelfth of 365.25 days. What an INT64 cannot hold becomes the largest or smallest one.
 */
static int64_t to_micros(const interval *v) {
    __int128 months = (__int128)v->years * 12 + v->months;
    __int128 minutes = (__int128)v->hours * 60 + v->minutes;
    __int128 all = months * INT64_C(2629800000000) + (__int128)v->days * CDC_MICROS_PER_DAY +
                   minutes * 60000000 + v->micros;
    return all > INT64_MAX ? INT64_MAX : all < INT64_MIN ? INT64_MIN : (int64_t)all;
}

bool pg_parse_interval(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    cursor at = {p, p + n};
    interval v = {0};
    if (!read_interval(&at, &v)) {
        return false;
    }
    if (c->form == PG_INTERVAL_NUMERIC) {
        *out = sl_int64(to_micros(&v));
        return true;
    }
    sl_buf b;
    sl_buf_init(&b, a);
    sl_buf_printf(&b, "P%lldY%lldM%lldDT%lldH%lldM", (long long)v.years, (long long)v.months,
                  (long long)v.days, (long long)v.hours, (long long)v.minutes);
    int64_t abs = v.micros < 0 ? -v.micros : v.micros;
    sl_buf_printf(&b, "%s%lld", v.micros < 0 ? "-" : "", (long long)(abs / 1000000));
    if (abs % 1000000) {
        sl_buf_printf(&b, ".%06lld", (long long)(abs % 1000000));
        while (!b.failed && b.p[b.n - 1] == '0') {
            b.n--;
        }
    }
    sl_buf_add_char(&b, 'S');
    *out = sl_string(sl_buf_take(&b));
    return !a->failed;
}
