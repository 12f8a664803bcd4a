/*
 * zone.c - time zones: fixed offsets, and names from the system's zoneinfo files (TZif, RFC 8536).
 *
 * Only version 2+ data is used (64-bit transitions) and the rule in the footer for times after the last
 * transition. A zone is read once and never changes.
 */
#include "clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct rule_date {
    char form; /* 'M', 'J' or 'D' */
    int month, week, day;
    int32_t time; /* seconds after midnight, may be negative */
} rule_date;

struct jdbc_zone {
    size_t n;
    int64_t *at;     /* owned; moments of change */
    int32_t *offset; /* owned; offset from at[i] on */
    int32_t first;   /* before at[0], or always */
    bool has_rule;
    bool has_dst;
    int32_t std, dst; /* offsets of the rule */
    rule_date begin, end;
};

/* ---- the rule of the footer: "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

static bool rule_name(const char **p) {
    if (**p == '<') {
        while (**p && **p != '>') {
            (*p)++;
        }
        return *(*p)++ == '>';
    }
    const char *from = *p;
    while (isalpha((unsigned char)**p)) {
        (*p)++;
    }
    return *p - from >= 3;
}

static bool rule_time(const char **p, int32_t *out) {
    int sign = 1;
    if (**p == '+' || **p == '-') {
        sign = *(*p)++ == '-' ? -1 : 1;
    }
    long part[3] = {0, 0, 0};
    for (int i = 0; i < 3; i++) {
        char *end;
        if (!isdigit((unsigned char)**p)) {
            return false;
        }
        part[i] = strtol(*p, &end, 10);
        *p = end;
        if (**p != ':') {
            break;
        }
        if (i < 2) {
            (*p)++;
        }
    }
    *out = (int32_t)(sign * (part[0] * 3600 + part[1] * 60 + part[2]));
    return part[0] <= 167 && part[1] <= 59 && part[2] <= 59;
}

static bool rule_when(const char **p, rule_date *r) {
    char *end;
    if (*(*p)++ != ',') {
        return false;
    }
    r->form = 'D';
    if (**p == 'M' || **p == 'J') {
        r->form = *(*p)++;
    }
    long first = strtol(*p, &end, 10);
    *p = end;
    r->day = (int)first;
    if (r->form == 'M') {
        r->month = (int)first;
        if (**p != '.') {
            return false;
        }
        r->week = (int)strtol(*p + 1, &end, 10);
        if (*end != '.') {
            return false;
        }
        r->day = (int)strtol(end + 1, &end, 10);
        *p = end;
        if (r->month < 1 || r->month > 12 || r->week < 1 || r->week > 5 || r->day < 0 || r->day > 6) {
            return false;
        }
    }
    r->time = 7200;
    if (**p == '/') {
        (*p)++;
        return rule_time(p, &r->time);
    }
    return true;
}

static bool rule_parse(const char *text, jdbc_zone *z) {
    const char *p = text;
    int32_t west;
    if (!rule_name(&p) || !rule_time(&p, &west)) {
        return false;
    }
    z->std = -west;
    z->has_rule = true;
    if (*p == 0) {
        return true;
    }
    if (!rule_name(&p)) {
        return false;
    }
    z->dst = z->std + 3600;
    if (*p && *p != ',') {
        if (!rule_time(&p, &west)) {
            return false;
        }
        z->dst = -west;
    }
    z->has_dst = true;
    return rule_when(&p, &z->begin) && rule_when(&p, &z->end) && *p == 0;
}

static int64_t rule_seconds(const rule_date *r, int64_t year) {
    int64_t first = jdbc_days_from_civil(year, 1, 1), day;
    bool leap = jdbc_days_from_civil(year + 1, 1, 1) - first == 366;
    if (r->form == 'J') {
        day = first + r->day - 1 + (leap && r->day >= 60);
    } else if (r->form == 'D') {
        day = first + r->day;
    } else {
        day = jdbc_days_from_civil(year, (unsigned)r->month, 1);
        int weekday = (int)(((day + 4) % 7 + 7) % 7);
        int64_t next = r->month == 12 ? jdbc_days_from_civil(year + 1, 1, 1)
                                      : jdbc_days_from_civil(year, (unsigned)r->month + 1, 1);
        day += (r->day - weekday + 7) % 7 + 7 * (r->week - 1);
        while (day >= next) {
            day -= 7;
        }
    }
    return day * 86400 + r->time;
}

static int32_t rule_offset(const jdbc_zone *z, int64_t at) {
    if (!z->has_dst) {
        return z->std;
    }
    int64_t year, local = at + z->std;
    unsigned m, d;
    jdbc_civil_from_days(local / 86400 - (local % 86400 < 0), &year, &m, &d);
    int64_t begin = rule_seconds(&z->begin, year) - z->std, end = rule_seconds(&z->end, year) - z->dst;
    bool inside = begin < end ? at >= begin && at < end : at >= begin || at < end;
    return inside ? z->dst : z->std;
}

int32_t jdbc_zone_offset(const jdbc_zone *z, int64_t at) {
    if (!z) {
        return 0;
    }
    if (z->n == 0 || at >= z->at[z->n - 1]) {
        if (z->has_rule) {
            return rule_offset(z, at);
        }
        return z->n ? z->offset[z->n - 1] : z->first;
    }
    if (at < z->at[0]) {
        return z->first;
    }
    size_t lo = 0, hi = z->n - 1; /* at[lo] <= at < at[hi] */
    while (hi - lo > 1) {
        size_t mid = (lo + hi) / 2;
        *(at < z->at[mid] ? &hi : &lo) = mid;
    }
    return z->offset[lo];
}

/* ---- the file ---- */

typedef struct tzif_counts {
    uint32_t isut, isstd, leap, time, type, chars;
} tzif_counts;

static bool read_counts(sl_reader *r, tzif_counts *c, uint8_t *version) {
    sl_str magic = sl_reader_bytes(r, 4);
    *version = sl_reader_u8(r);
    (void)sl_reader_bytes(r, 15);
    c->isut = sl_reader_u32be(r);
    c->isstd = sl_reader_u32be(r);
    c->leap = sl_reader_u32be(r);
    c->time = sl_reader_u32be(r);
    c->type = sl_reader_u32be(r);
    c->chars = sl_reader_u32be(r);
    return !r->short_read && sl_str_eqz(magic, "TZif") && c->type > 0 && c->time < 100000 && c->type < 1000;
}

static bool read_types(sl_reader *r, const tzif_counts *c, const unsigned char *kinds, jdbc_zone *z) {
    int32_t types[1000] = {0};
    for (uint32_t i = 0; i < c->type; i++) {
        types[i] = (int32_t)sl_reader_u32be(r);
        (void)sl_reader_u16be(r);
    }
    z->first = types[0];
    for (uint32_t i = 0; i < c->time; i++) {
        if (kinds[i] >= c->type) {
            return false;
        }
        z->offset[i] = types[kinds[i]];
    }
    return !r->short_read;
}

static bool read_footer(sl_reader *r, const tzif_counts *c, jdbc_zone *z) {
    char text[128];
    (void)sl_reader_bytes(r, (size_t)c->chars + (size_t)c->leap * 12 + c->isstd + c->isut + 1);
    size_t left = sl_reader_left(r), n = left < sizeof text - 1 ? left : sizeof text - 1;
    sl_str rest = sl_reader_bytes(r, n);
    if (r->short_read) {
        return false;
    }
    n = sl_str_find(rest, '\n');
    memcpy(text, rest.p, n);
    text[n] = 0;
    return n == 0 || rule_parse(text, z);
}

static bool parse_tzif(sl_str file, jdbc_zone *z) {
    sl_reader r = sl_reader_of(file.p, file.n);
    tzif_counts c;
    uint8_t version;
    if (!read_counts(&r, &c, &version) || version < '2') {
        return false;
    }
    (void)sl_reader_bytes(&r, (size_t)c.time * 5 + (size_t)c.type * 6 + c.chars + (size_t)c.leap * 8 +
                                  c.isstd + c.isut);
    if (!read_counts(&r, &c, &version)) {
        return false;
    }
    z->n = c.time;
    z->at = sl_calloc(c.time + 1u, sizeof *z->at);
    z->offset = sl_calloc(c.time + 1u, sizeof *z->offset);
    if (!z->at || !z->offset) {
        return false;
    }
    for (uint32_t i = 0; i < c.time; i++) {
        z->at[i] = (int64_t)sl_reader_u64be(&r);
    }
    sl_str kinds = sl_reader_bytes(&r, c.time);
    if (r.short_read) {
        return false;
    }
    return read_types(&r, &c, (const unsigned char *)kinds.p, z) && read_footer(&r, &c, z);
}

static bool safe_name(sl_str name) {
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!isalnum((unsigned char)c) && c != '_' && c != '/' && c != '-' && c != '+') {
            return false;
        }
    }
    return name.n > 0 && name.n < 100 && name.p[0] != '/';
}

static sl_error *read_zone(sl_str name, jdbc_zone *z) {
    char path[160];
    static char const *const roots[] = {"/usr/share/zoneinfo", "/usr/lib/zoneinfo"};
    FILE *f = NULL;
    for (size_t i = 0; i < 2 && !f && safe_name(name); i++) {
        (void)snprintf(path, sizeof path, "%s/%.*s", roots[i], SL_STR_ARG(name));
        f = fopen(path, "rbe");
    }
    if (!f) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "unknown time zone '%.*s': expected UTC, an offset like +02:00, or a name like "
                            "Europe/Paris (names need "
                            "the system package tzdata)",
                            SL_STR_ARG(name));
    }
    char *data = sl_alloc(1 << 18);
    size_t n = data ? fread(data, 1, 1 << 18, f) : 0;
    (void)fclose(f);
    bool ok = data && parse_tzif(sl_str_make(data, n), z);
    sl_free(data);
    return ok ? NULL
              : sl_error_new(SL_E_IO, SL_USER, "the time zone file '%s' cannot be read; reinstall tzdata",
                             path);
}

/* fixed_offset reads UTC, Z, GMT, +hh:mm, GMT+h, UTC-hh:mm. */
static bool fixed_offset(sl_str name, int32_t *out) {
    static const char *const zero[] = {"UTC", "GMT", "UT", "Z", "Etc/UTC", "Etc/GMT", "Zulu", "Universal"};
    for (size_t i = 0; i < sizeof zero / sizeof zero[0]; i++) {
        if (sl_str_eq_nocase(name, sl_str_of(zero[i]))) {
            *out = 0;
            return true;
        }
    }
    static const char *const prefixes[] = {"UTC", "GMT", "UT"};
    for (size_t i = 0; i < 3; i++) {
        if (sl_str_starts(name, sl_str_of(prefixes[i]))) {
            name = sl_str_skip(name, strlen(prefixes[i]));
            break;
        }
    }
    if (name.n < 2 || (name.p[0] != '+' && name.p[0] != '-')) {
        return false;
    }
    char text[24];
    int64_t us;
    unsigned nanos;
    bool zoned;
    (void)snprintf(text, sizeof text, "00:00%.*s", SL_STR_ARG(name));
    return name.n < 12 && jdbc_time_parse(sl_str_of(text), &us, &nanos, &zoned, out) && zoned;
}

sl_error *jdbc_zone_open(sl_str name, jdbc_zone **out) {
    jdbc_zone *z = sl_calloc(1, sizeof *z);
    if (!z) {
        return sl_error_nomem();
    }
    sl_error *err = fixed_offset(name, &z->first) ? NULL : read_zone(name, z);
    if (err) {
        jdbc_zone_close(z);
        return err;
    }
    *out = z;
    return NULL;
}

void jdbc_zone_close(jdbc_zone *z) {
    if (z) {
        sl_free(z->at);
        sl_free(z->offset);
        sl_free(z);
    }
}
