/*
 * parse_extension.c - the types of PostGIS and pgvector, which are known by their names.
 *
 *   geometry, geography   extended well-known binary in hexadecimal digits
 *   vector, halfvec       [1,2.5,3]
 *   sparsevec             {1:0.5,7:2}/10, at index 1 and 7 of 10
 */
#include <sluice/text.h>
#include <stdlib.h>

#include "convert.h"

#define EWKB_HEAD 9
#define EWKB_HAS_SRID 0x20000000u

static uint32_t read_u32(const unsigned char *p, bool little) {
    uint32_t v = 0;
    for (int i = 0; i < 4; i++) {
        v = v << 8 | p[little ? 3 - i : i];
    }
    return v;
}

bool pg_parse_ewkb(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    size_t len = n / 2;
    if (n % 2 || len < EWKB_HEAD) {
        return false;
    }
    for (size_t i = 0; i < len; i++) { /* in place: the result never overtakes the text */
        int high = sl_hex_digit(p[i * 2]);
        int low = sl_hex_digit(p[i * 2 + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        p[i] = (char)(high << 4 | low);
    }
    const unsigned char *wkb = (const unsigned char *)p;
    bool little = wkb[0] != 0;
    bool has_srid = (read_u32(wkb + 1, little) & EWKB_HAS_SRID) != 0;
    sl_value v = sl_value_alloc(a, SL_STRUCT, 2);
    if (v.type != SL_STRUCT) {
        return false;
    }
    v.items[0] = sl_bytes((sl_str){p, len});
    v.items[1] = has_srid ? sl_int32((int32_t)read_u32(wkb + 5, little)) : sl_null();
    *out = v;
    return true;
}

/* Reads a number up to one of the two characters, and steps over it; gives that character, or 0. */
static char read_number(char **p, char *end, char stop, char last, double *out) {
    char text[64];
    size_t n = 0;
    while (*p < end && **p != stop && **p != last && n + 1 < sizeof text) {
        text[n++] = *(*p)++;
    }
    text[n] = 0;
    char *rest = NULL;
    *out = strtod(text, &rest);
    return n && *rest == 0 && *p < end ? *(*p)++ : 0;
}

static size_t count_items(const char *p, size_t n) {
    size_t items = 1;
    for (size_t i = 0; i < n; i++) {
        items += p[i] == ',';
    }
    return items;
}

bool pg_parse_vector(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    if (n < 3 || p[0] != '[' || p[n - 1] != ']') {
        return false;
    }
    char *end = p + n;
    sl_value v = sl_value_alloc(a, SL_ARRAY, count_items(p, n));
    if (v.type != SL_ARRAY) {
        return false;
    }
    p++;
    char at = ',';
    for (uint32_t i = 0; i < v.n; i++) {
        double d = 0;
        at = at == ',' ? read_number(&p, end, ',', ']', &d) : 0;
        if (!at) {
            return false;
        }
        v.items[i] = c->form == SL_FLOAT32 ? sl_float32(d) : sl_float64(d);
    }
    *out = v;
    return at == ']' && p == end;
}

static bool read_index(char **p, char *end, char stop, char last, sl_value *out) {
    double d = 0;
    char at = read_number(p, end, stop, last, &d);
    *out = sl_int16((int64_t)(d >= 0 && d <= INT16_MAX ? d : 0));
    return at != 0 && d >= 0 && d <= INT16_MAX && d == (double)(int64_t)d;
}

static bool read_pairs(char **p, char *end, sl_value *map) {
    char at = ',';
    for (uint32_t i = 0; i < map->n; i++) {
        double d = 0;
        if (at != ',' || !read_index(p, end, ':', ':', &map->items[2 * (size_t)i])) {
            return false;
        }
        at = read_number(p, end, ',', '}', &d);
        map->items[2 * (size_t)i + 1] = sl_float64(d);
    }
    return at == '}';
}

bool pg_parse_sparsevec(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    (void)c;
    char *slash = n ? memchr(p, '/', n) : NULL;
    if (!slash || slash - p < 2 || p[0] != '{' || slash[-1] != '}') {
        return false;
    }
    size_t inner = (size_t)(slash - p) - 2;
    sl_value v = sl_value_alloc(a, SL_STRUCT, 2);
    sl_value map = sl_value_alloc(a, SL_MAP, inner ? count_items(p, (size_t)(slash - p)) : 0);
    if (v.type != SL_STRUCT || map.type != SL_MAP) {
        return false;
    }
    char *at = p + 1;
    if (inner && !read_pairs(&at, slash, &map)) {
        return false;
    }
    int64_t dimensions = 0;
    if ((inner && at != slash) ||
        !sl_str_to_i64((sl_str){slash + 1, (size_t)(p + n - slash - 1)}, &dimensions) || dimensions < 0 ||
        dimensions > INT16_MAX) {
        return false;
    }
    v.items[0] = sl_int16(dimensions);
    v.items[1] = map;
    *out = v;
    return true;
}
