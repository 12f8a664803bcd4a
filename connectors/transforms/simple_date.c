/*
 * simple_date.c - see simple_date.h. Written from the documentation of java.text.SimpleDateFormat (Java 17).
 */
#include "simple_date.h"

#include <time.h>

#include "java_time.h"

#define CUTOVER_DAY INT64_C(-141427)  /* 1582-10-15, the first day of the Gregorian calendar */
#define JULIAN_EPOCH INT64_C(2472670) /* days from the Julian -4800-03-01 to 1970-01-01 */

typedef struct item {
    char letter; /* '\0': a character that stands for itself */
    char literal;
    uint32_t count; /* of the letter */
} item;

struct simple_date {
    char *pattern; /* a copy, owned */
    size_t n;
    size_t nitems;
    item items[];
};

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
static const char *const day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
static const char *const half_names[] = {"AM", "PM"};
static const char *const era_names[] = {"BC", "AD"};

/* ---- patterns ---- */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static sl_error *add_letters(simple_date *f, sl_str pattern, size_t *at) {
    char c = pattern.p[*at];
    item it = {.letter = c};
    while (*at < pattern.n && pattern.p[*at] == c) {
        it.count++;
        (*at)++;
    }
    if (!strchr("GyMdkHmsSEDFwWahKzZYuXL", c)) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "expected a date pattern of java.text.SimpleDateFormat: '%c' is no letter of "
                            "such patterns; put text "
                            "in single quotes",
                            c);
    }
    if (c == 'X' && it.count > 3) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "expected one to three 'X' in the date pattern, found %u",
                            it.count);
    }
    f->items[f->nitems++] = it;
    return NULL;
}

static sl_error *compile(simple_date *f, sl_str pattern) {
    bool quoted = false;
    for (size_t i = 0; i < pattern.n;) {
        char c = pattern.p[i];
        if (c == '\'' && i + 1 < pattern.n && pattern.p[i + 1] == '\'') {
            f->items[f->nitems++] = (item){.literal = c};
            i += 2;
        } else if (c == '\'') {
            quoted = !quoted;
            i++;
        } else if (!quoted && is_letter(c)) {
            SL_TRY(add_letters(f, pattern, &i));
        } else {
            f->items[f->nitems++] = (item){.literal = c};
            i++;
        }
    }
    return quoted ? sl_error_new(SL_E_CONFIG, SL_USER,
                                 "expected a second single quote in the date pattern '%.*s'",
                                 SL_STR_ARG(pattern))
                  : NULL;
}

sl_error *simple_date_new(sl_str pattern, simple_date **out) {
    simple_date *f = sl_calloc(1, sizeof *f + (pattern.n + 1) * sizeof f->items[0]);
    *out = NULL;
    if (!f || !(f->pattern = sl_strdup(pattern))) {
        sl_free(f);
        return sl_error_nomem();
    }
    f->n = pattern.n;
    sl_error *err = compile(f, pattern);
    if (err) {
        simple_date_free(f);
        return err;
    }
    *out = f;
    return NULL;
}

void simple_date_free(simple_date *f) {
    if (f) {
        sl_free(f->pattern);
        sl_free(f);
    }
}

sl_str simple_date_pattern(const simple_date *f) {
    return sl_str_make(f->pattern, f->n);
}

/* ---- the Julian calendar ---- */

static void julian_date(int64_t days, java_time *t) {
    int64_t c = days + JULIAN_EPOCH;
    int64_t year = java_floor_div(4 * c + 3, 1461);
    int64_t in_year = c - java_floor_div(1461 * year, 4);
    int64_t m = (5 * in_year + 2) / 153;
    t->day = (int)(in_year - (153 * m + 2) / 5 + 1);
    t->month = (int)(m < 10 ? m + 3 : m - 9);
    t->year = year - 4800 + (m >= 10);
}

static int64_t julian_days(int64_t year, int64_t month, int64_t day) {
    int64_t months = month - 3;
    int64_t y = year + java_floor_div(months, 12) + 4800;
    int64_t m = months - java_floor_div(months, 12) * 12;
    return java_floor_div(1461 * y, 4) + (153 * m + 2) / 5 + day - 1 - JULIAN_EPOCH;
}

static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    int64_t days = java_days(year, month, day);
    return days >= CUTOVER_DAY ? days : julian_days(year, month, day);
}

static java_time split(int64_t ms) {
    java_time t = java_time_of(ms);
    int64_t days = java_floor_div(ms, MS_PER_DAY);
    if (days < CUTOVER_DAY) {
        julian_date(days, &t);
        t.day_of_year = (int)(days - days_of(t.year, 1, 1) + 1);
    }
    return t;
}

/* ---- writing ---- */

static void write_number(sl_buf *out, int64_t v, uint32_t width) {
    sl_buf_printf(out, "%0*lld", (int)(width > 64 ? 64 : width), (long long)v);
}

static void write_name(sl_buf *out, const char *name, uint32_t count) {
    size_t n = strlen(name);
    sl_buf_add(out, name, count < 4 && n > 3 ? 3 : n);
}

/* sunday_weekday: 0 = Sunday, of the day `offset` days before the one that t is. */
static int sunday_weekday(const java_time *t, int offset) {
    return ((t->weekday - offset) % 7 + 7) % 7;
}

/* week_of_year gives the number of the week, where the first one has January 1 in it; *next when that is the
 * next year's. */
static int week_of_year(const java_time *t, bool *next) {
    int first = sunday_weekday(t, t->day_of_year - 1);
    int days_left = (int)(days_of(t->year + 1, 1, 1) - days_of(t->year, 1, 1)) - t->day_of_year;
    *next = sunday_weekday(t, 0) + days_left < 6; /* the next year begins before this week ends */
    return *next ? 1 : (t->day_of_year - 1 + first) / 7 + 1;
}

static void write_year(sl_buf *out, int64_t year, uint32_t count) {
    int64_t of_era = year > 0 ? year : 1 - year;
    if (count == 2) {
        write_number(out, of_era % 100, 2);
    } else {
        write_number(out, of_era, count);
    }
}

static void write_week(sl_buf *out, const java_time *t, const item *it) {
    bool next;
    int week = week_of_year(t, &next);
    if (it->letter == 'w') {
        write_number(out, week, it->count);
    } else if (it->letter == 'Y') {
        write_year(out, t->year + next, it->count);
    } else {
        write_number(out, (t->day - 1 + sunday_weekday(t, t->day - 1)) / 7 + 1, it->count);
    }
}

static void write_month(sl_buf *out, const java_time *t, uint32_t count) {
    if (count >= 3) {
        write_name(out, month_names[t->month - 1], count);
    } else {
        write_number(out, t->month, count);
    }
}

/* number_of gives the fields that are plain numbers; -1 = not one of them. */
static int64_t number_of(const java_time *t, char letter) {
    switch (letter) {
    case 'd':
        return t->day;
    case 'D':
        return t->day_of_year;
    case 'F':
        return (t->day - 1) / 7 + 1;
    case 'u':
        return t->weekday;
    case 'H':
        return t->hour;
    case 'k':
        return t->hour ? t->hour : 24;
    case 'K':
        return t->hour % 12;
    case 'h':
        return t->hour % 12 ? t->hour % 12 : 12;
    case 'm':
        return t->minute;
    case 's':
        return t->second;
    case 'S':
        return t->ms;
    default:
        return -1;
    }
}

static void write_field(sl_buf *out, const java_time *t, const item *it) {
    int64_t number = number_of(t, it->letter);
    if (number >= 0) {
        write_number(out, number, it->count);
        return;
    }
    switch (it->letter) {
    case 'G':
        sl_buf_add_z(out, era_names[t->year > 0]);
        break;
    case 'y':
        write_year(out, t->year, it->count);
        break;
    case 'M':
    case 'L':
        write_month(out, t, it->count);
        break;
    case 'E':
        write_name(out, day_names[t->weekday - 1], it->count);
        break;
    case 'a':
        sl_buf_add_z(out, half_names[t->hour >= 12]);
        break;
    case 'z':
        sl_buf_add_z(out, it->count >= 4 ? "Coordinated Universal Time" : "UTC");
        break;
    case 'Z':
        sl_buf_add_z(out, "+0000");
        break;
    case 'X':
        sl_buf_add_z(out, "Z");
        break;
    default:
        write_week(out, t, it);
        break;
    }
}

void simple_date_write(const simple_date *f, sl_buf *out, int64_t ms) {
    java_time t = split(ms);
    for (size_t i = 0; i < f->nitems; i++) {
        if (f->items[i].letter) {
            write_field(out, &t, &f->items[i]);
        } else {
            sl_buf_add_char(out, f->items[i].literal);
        }
    }
}

/* ---- reading ---- */

typedef struct fields {
    int64_t year, month, day, day_of_year; /* day_of_year 0 = not given, or before a day of the month */
    int64_t hour, hour12, minute, second, ms;
    int half;     /* 0 = AM, 1 = PM */
    bool by_half; /* hour12 and half count, not hour */
    bool before_christ;
    int64_t offset_minutes;
    bool two_digits; /* the year's century was guessed */
} fields;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* take_number reads a number, of at most `most` characters. */
static bool take_number(sl_str *text, size_t most, int64_t *out) {
    sl_str s = text->n > most ? sl_str_make(text->p, most) : *text;
    bool negative = s.n > 0 && s.p[0] == '-';
    size_t n = negative;
    int64_t v = 0;
    while (n < s.n && is_digit(s.p[n])) {
        if (v > INT32_MAX) {
            return false;
        }
        v = v * 10 + (s.p[n++] - '0');
    }
    *text = sl_str_skip(*text, n);
    *out = negative ? -v : v;
    return n > (size_t)negative;
}

static bool takes(sl_str *text, const char *word, size_t n) {
    if (text->n < n || !sl_str_eq_nocase(sl_str_make(text->p, n), sl_str_make(word, n))) {
        return false;
    }
    *text = sl_str_skip(*text, n);
    return true;
}

/* take_name reads one of the names, in full or its first three letters. */
static bool take_name(sl_str *text, const char *const *names, int count, int64_t *index) {
    for (int i = 0; i < count; i++) {
        if (takes(text, names[i], strlen(names[i])) || (strlen(names[i]) > 3 && takes(text, names[i], 3))) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* take_offset reads hhmm, hh:mm or hh behind a sign. */
static bool take_offset(sl_str *text, int sign, bool minutes, bool colon, fields *f) {
    int64_t hours = 0, more = 0;
    if (!take_number(text, colon && !(text->n > 1 && is_digit(text->p[1])) ? 1 : 2, &hours) || hours < 0 ||
        hours > 23) {
        return false;
    }
    if (minutes && colon && !takes(text, ":", 1)) {
        return false;
    }
    if (minutes && (!take_number(text, 2, &more) || more < 0 || more > 59)) {
        return false;
    }
    f->offset_minutes = sign * (hours * 60 + more);
    return true;
}

static int take_sign(sl_str *text) {
    if (text->n == 0 || (text->p[0] != '+' && text->p[0] != '-')) {
        return 0;
    }
    int sign = text->p[0] == '-' ? -1 : 1;
    *text = sl_str_skip(*text, 1);
    return sign;
}

static bool take_zone(sl_str *text, const item *it, fields *f) {
    if (it->letter == 'X') {
        if (text->n && text->p[0] == 'Z') {
            *text = sl_str_skip(*text, 1);
            f->offset_minutes = 0;
            return true;
        }
        int sign = take_sign(text);
        return sign && take_offset(text, sign, it->count > 1, it->count == 3, f);
    }
    int sign = take_sign(text);
    if (sign) {
        return take_offset(text, sign, true, false, f);
    }
    if (takes(text, "GMT", 3)) {
        sign = take_sign(text);
        f->offset_minutes = 0;
        return !sign || take_offset(text, sign, true, true, f);
    }
    return takes(text, "UTC", 3) || takes(text, "Coordinated Universal Time", 26);
}

/* century_start: 80 years ago, from when on two digits of a year are counted. */
static java_time century_start(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    java_time t = java_time_of((int64_t)now.tv_sec * 1000);
    t.year -= 80;
    return t;
}

static bool take_year(sl_str *text, const item *it, size_t most, fields *f) {
    sl_str before = *text;
    if (!take_number(text, most, &f->year)) {
        return false;
    }
    f->two_digits =
        it->count <= 2 && before.n - text->n == 2 && is_digit(before.p[0]) && is_digit(before.p[1]);
    if (f->two_digits) {
        int64_t start = century_start().year;
        f->year += start / 100 * 100 + (f->year < start % 100 ? 100 : 0);
    }
    return true;
}

static bool take_month(sl_str *text, const item *it, size_t most, fields *f) {
    if (it->count <= 2) {
        return take_number(text, most, &f->month);
    }
    bool ok = take_name(text, month_names, 12, &f->month);
    f->month++;
    return ok;
}

static bool take_hour(sl_str *text, char letter, size_t most, fields *f) {
    int64_t v;
    if (!take_number(text, most, &v)) {
        return false;
    }
    f->by_half = letter == 'h' || letter == 'K';
    if (f->by_half) {
        f->hour12 = letter == 'h' && v == 12 ? 0 : v;
    } else {
        f->hour = letter == 'k' && v == 24 ? 0 : v;
    }
    return true;
}

static bool take_text(sl_str *text, const item *it, fields *f) {
    int64_t v = 0;
    bool ok = it->letter == 'a'   ? take_name(text, half_names, 2, &v)
              : it->letter == 'G' ? take_name(text, era_names, 2, &v)
                                  : take_name(text, day_names, 7, &v);
    if (it->letter == 'a') {
        f->half = (int)v;
    } else if (it->letter == 'G') {
        f->before_christ = v == 0;
    }
    return ok;
}

static bool take_field(sl_str *text, const item *it, size_t most, fields *f) {
    int64_t ignored;
    switch (it->letter) {
    case 'y':
        return take_year(text, it, most, f);
    case 'M':
    case 'L':
        return take_month(text, it, most, f);
    case 'd':
        f->day_of_year = 0;
        return take_number(text, most, &f->day);
    case 'D':
        return take_number(text, most, &f->day_of_year);
    case 'u':
        return take_number(text, most, &ignored);
    case 'H':
    case 'k':
    case 'K':
    case 'h':
        return take_hour(text, it->letter, most, f);
    case 'm':
        return take_number(text, most, &f->minute);
    case 's':
        return take_number(text, most, &f->second);
    case 'S':
        return take_number(text, most, &f->ms);
    case 'a':
    case 'G':
    case 'E':
        return take_text(text, it, f);
    case 'z':
    case 'Z':
    case 'X':
        return take_zone(text, it, f);
    default:
        return false; /* weeks */
    }
}

/* is_number tells whether a field is read as a number, so that one that stands before it must end where its
 * letters do. */
static bool is_number(const item *it) {
    return (it->letter && !strchr("MLEGazZX", it->letter)) ||
           ((it->letter == 'M' || it->letter == 'L') && it->count <= 2);
}

static int64_t total(const fields *f) {
    int64_t year = f->before_christ ? 1 - f->year : f->year;
    int64_t days = f->day_of_year ? days_of(year, 1, f->day_of_year) : days_of(year, f->month, f->day);
    int64_t hour = f->by_half ? f->hour12 + 12 * f->half : f->hour;
    return days * MS_PER_DAY + hour * 3600000 + (f->minute - f->offset_minutes) * 60000 + f->second * 1000 +
           f->ms;
}

bool simple_date_parse(const simple_date *f, sl_str text, int64_t *ms) {
    fields v = {.year = 1970, .month = 1, .day = 1};
    for (size_t i = 0; i < f->nitems; i++) {
        const item *it = &f->items[i];
        if (!it->letter) {
            if (text.n == 0 || text.p[0] != it->literal) {
                return false;
            }
            text = sl_str_skip(text, 1);
            continue;
        }
        while (text.n && (text.p[0] == ' ' || text.p[0] == '\t')) {
            text = sl_str_skip(text, 1);
        }
        size_t most = i + 1 < f->nitems && is_number(it + 1) ? it->count : SIZE_MAX;
        if (text.n == 0 || (most != SIZE_MAX && text.n < most) || !take_field(&text, it, most, &v)) {
            return false;
        }
    }
    *ms = total(&v);
    java_time start = century_start();
    if (v.two_digits && *ms < days_of(start.year, start.month, start.day) * MS_PER_DAY) {
        v.year += 100;
        *ms = total(&v);
    }
    return true;
}
