/*
 * clock.c - calendar arithmetic, ISO 8601 text, fixed offsets. Zones by name are read in zone.c.
 *
 * No state, any thread.
 */
#include "clock.h"

#include <inttypes.h>

int64_t jdbc_days_from_civil(int64_t y, unsigned m, unsigned d) {
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (int64_t)(m > 2 ? m - 3 : m + 9) + 2) / 5 + (int64_t)d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void jdbc_civil_from_days(int64_t days, int64_t *y, unsigned *m, unsigned *d) {
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    *m = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    *y = yoe + era * 400 + (*m <= 2);
}

int64_t jdbc_days_julian(int64_t days) {
    /* the Julian calendar repeats every 1461 days; shift so that day 0 is 0000-03-01 Julian */
    int64_t z = days + 719470;
    int64_t era = (z >= 0 ? z : z - 1460) / 1461;
    int64_t doe = z - era * 1461;
    int64_t yoe = (doe - doe / 1460) / 365;
    int64_t doy = doe - 365 * yoe;
    int64_t mp = (5 * doy + 2) / 153;
    unsigned d = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    unsigned m = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    int64_t y = yoe + era * 4 + (m <= 2);
    if (m == 2 && d == 29 && y % 100 == 0 && y % 400 != 0) {
        return jdbc_days_from_civil(y, 3, 1); /* a day that the Gregorian calendar does not have */
    }
    return jdbc_days_from_civil(y, m, d);
}

static void add_digits(sl_buf *out, uint64_t v, unsigned width) {
    char text[24];
    unsigned n = 0;
    do {
        text[sizeof text - ++n] = (char)('0' + v % 10);
        v /= 10;
    } while (v || n < width);
    sl_buf_add(out, text + sizeof text - n, n);
}

static bool add_date(int64_t days, bool bc, sl_buf *out) {
    int64_t y;
    unsigned m, d;
    jdbc_civil_from_days(days, &y, &m, &d);
    bool before = y < 1;
    if (before && bc) {
        y = 1 - y;
    } else if (y < 0) {
        sl_buf_add_char(out, '-');
        y = -y;
    }
    add_digits(out, (uint64_t)y, 4);
    sl_buf_add_char(out, '-');
    add_digits(out, m, 2);
    sl_buf_add_char(out, '-');
    add_digits(out, d, 2);
    return before && bc;
}

void jdbc_date_add(int64_t days, bool bc, sl_buf *out) {
    if (add_date(days, bc, out)) {
        sl_buf_add_z(out, " BC");
    }
}

void jdbc_time_add(int64_t us, unsigned nanos, sl_buf *out) {
    add_digits(out, (uint64_t)(us / 3600000000), 2);
    sl_buf_add_char(out, ':');
    add_digits(out, (uint64_t)(us / 60000000 % 60), 2);
    sl_buf_add_char(out, ':');
    add_digits(out, (uint64_t)(us / 1000000 % 60), 2);
    int64_t below = us % 1000000;
    if (!below && !nanos) {
        return;
    }
    sl_buf_add_char(out, '.');
    if (nanos) {
        add_digits(out, (uint64_t)below * 1000 + nanos, 9);
    } else if (below % 1000 == 0) {
        add_digits(out, (uint64_t)below / 1000, 3);
    } else {
        add_digits(out, (uint64_t)below, 6);
    }
}

void jdbc_stamp_add(int64_t us, unsigned nanos, bool bc, const char *suffix, sl_buf *out) {
    int64_t days = us / JDBC_DAY_US - (us % JDBC_DAY_US < 0);
    bool before = add_date(days, bc, out);
    sl_buf_add_char(out, ' ');
    jdbc_time_add(us - days * JDBC_DAY_US, nanos, out);
    sl_buf_add_z(out, suffix);
    if (before) {
        sl_buf_add_z(out, " BC");
    }
}

/* ---- parsing ---- */

static bool take_number(sl_str *s, unsigned min, unsigned max, int64_t *out) {
    int64_t v = 0;
    unsigned n = 0;
    while (n < max && n < s->n && s->p[n] >= '0' && s->p[n] <= '9') {
        v = v * 10 + (s->p[n++] - '0');
    }
    *s = sl_str_skip(*s, n);
    *out = v;
    return n >= min;
}

static bool take_char(sl_str *s, char c) {
    if (s->n == 0 || s->p[0] != c) {
        return false;
    }
    *s = sl_str_skip(*s, 1);
    return true;
}

static bool take_date(sl_str *s, int64_t *days) {
    int64_t y, m, d;
    bool negative = take_char(s, '-');
    if (!negative) {
        (void)take_char(s, '+');
    }
    if (!take_number(s, 4, 9, &y) || !take_char(s, '-') || !take_number(s, 2, 2, &m) || !take_char(s, '-') ||
        !take_number(s, 2, 2, &d)) {
        return false;
    }
    static const int8_t length[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (m < 1 || m > 12 || d < 1 || d > length[m - 1]) {
        return false;
    }
    *days = jdbc_days_from_civil(negative ? -y : y, (unsigned)m, (unsigned)d);
    return true;
}

static void take_fraction(sl_str *s, int64_t *us, unsigned *nanos) {
    int64_t scale = 100000000, below = 0;
    while (s->n && s->p[0] >= '0' && s->p[0] <= '9') {
        below += (s->p[0] - '0') * scale;
        scale /= 10;
        *s = sl_str_skip(*s, 1);
    }
    *us += below / 1000;
    *nanos = (unsigned)(below % 1000);
}

static bool take_time(sl_str *s, int64_t *us, unsigned *nanos) {
    int64_t h, m, sec = 0;
    if (!take_number(s, 2, 2, &h) || !take_char(s, ':') || !take_number(s, 2, 2, &m)) {
        return false;
    }
    if (take_char(s, ':') && !take_number(s, 2, 2, &sec)) {
        return false;
    }
    if (h > 24 || m > 59 || sec > 60) {
        return false;
    }
    *us = ((h * 60 + m) * 60 + sec) * 1000000;
    *nanos = 0;
    if (take_char(s, '.') || take_char(s, ',')) {
        take_fraction(s, us, nanos);
    }
    return true;
}

static bool take_offset(sl_str *s, bool *zoned, int32_t *offset) {
    *zoned = true;
    *offset = 0;
    if (take_char(s, 'Z') || take_char(s, 'z')) {
        return true;
    }
    bool west = take_char(s, '-');
    if (!west && !take_char(s, '+')) {
        *zoned = false;
        return true;
    }
    int64_t h, m = 0, sec = 0;
    if (!take_number(s, 1, 2, &h)) {
        return false;
    }
    if ((take_char(s, ':') || s->n >= 2) && !take_number(s, 2, 2, &m)) {
        return false;
    }
    if (take_char(s, ':') && !take_number(s, 2, 2, &sec)) {
        return false;
    }
    if (h > 18 || m > 59 || sec > 59) {
        return false;
    }
    *offset = (int32_t)((h * 60 + m) * 60 + sec) * (west ? -1 : 1);
    return true;
}

bool jdbc_date_parse(sl_str s, int64_t *days) {
    s = sl_str_trim(s);
    if (!take_date(&s, days)) {
        return false;
    }
    return s.n == 0 || sl_str_eqz(s, "Z");
}

bool jdbc_time_parse(sl_str s, int64_t *us, unsigned *nanos, bool *zoned, int32_t *offset) {
    s = sl_str_trim(s);
    return take_time(&s, us, nanos) && take_offset(&s, zoned, offset) && s.n == 0;
}

bool jdbc_stamp_parse(sl_str s, int64_t *us, unsigned *nanos, bool *zoned) {
    int64_t days, time = 0;
    int32_t offset = 0;
    s = sl_str_trim(s);
    *nanos = 0;
    *zoned = false;
    if (!take_date(&s, &days)) {
        return false;
    }
    if (take_char(&s, 'T') || take_char(&s, 't') || take_char(&s, ' ')) {
        if (!take_time(&s, &time, nanos)) {
            return false;
        }
        (void)take_char(&s, ' ');
        if (!take_offset(&s, zoned, &offset)) {
            return false;
        }
    }
    if (s.n && s.p[0] == '[') { /* a Java zone id behind the offset */
        s = sl_str_skip(s, s.n);
    }
    if (s.n || days > 106000000 || days < -106000000) {
        return false;
    }
    *us = days * JDBC_DAY_US + time - (int64_t)offset * 1000000;
    return true;
}
