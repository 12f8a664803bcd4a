/*
 * parse_container.c - arrays, hstore and points.
 *
 *   array   [bounds=]{item,item,...}; an item is bare, or quoted with "\" escapes; NULL is null
 *   hstore  "key"=>"value", "key"=>NULL, ...
 *   point   (x,y)
 */
#include <stdlib.h>

#include "convert.h"

/* Unescapes a quoted item in place, p behind its opening quote; gives the end of the text, or NULL when it is
 *cut off. next is behind the closing quote. */
static char *unquote(char *p, char *end, char **next) {
    char *to = p;
    while (p < end && *p != '"') {
        if (*p == '\\') {
            p++;
            if (p == end) {
                return NULL;
            }
        }
        *to++ = *p++;
    }
    if (p == end) {
        return NULL;
    }
    *next = p + 1;
    return to;
}

/* A nested array has no form in a flat schema: it is stepped over, and stands as null. */
static char *skip_nested(char *p, char *end) {
    int depth = 0;
    bool quoted = false;
    for (; p < end; p++) {
        if (quoted) {
            p += *p == '\\' && p + 1 < end;
            quoted = *p != '"' || p[-1] == '\\';
        } else if (*p == '"') {
            quoted = true;
        } else if (*p == '{') {
            depth++;
        } else if (*p == '}' && --depth == 0) {
            return p + 1;
        }
    }
    return NULL;
}

static char *read_item(const pg_conv *c, sl_arena *a, char *p, char *end, sl_value *out) {
    *out = sl_null();
    if (*p == '{') {
        return skip_nested(p, end);
    }
    if (*p == '"') {
        char *next = NULL;
        char *stop = unquote(p + 1, end, &next);
        return stop && c->element->parse(c->element, a, p + 1, (size_t)(stop - p - 1), out) ? next : NULL;
    }
    char *stop = p;
    while (stop < end && *stop != c->delimiter && *stop != '}') {
        stop++;
    }
    size_t n = (size_t)(stop - p);
    if (n == 4 && memcmp(p, "NULL", 4) == 0) {
        return stop;
    }
    return n && c->element->parse(c->element, a, p, n, out) ? stop : NULL;
}

static bool add_item(sl_arena *a, sl_value **items, size_t *n, size_t *cap, sl_value v) {
    sl_value *grown = sl_arena_grow(a, *items, *n, cap, sizeof *grown);
    if (!grown) {
        return false;
    }
    *items = grown;
    (*items)[(*n)++] = v;
    return true;
}

bool pg_parse_array(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    char *end = p + n;
    if (n && *p == '[') {
        char *equals = memchr(p, '=', n);
        if (!equals) {
            return false;
        }
        p = equals + 1;
    }
    if (p == end || *p++ != '{') {
        return false;
    }
    sl_value *items = NULL;
    size_t count = 0;
    size_t cap = 0;
    while (p < end && *p != '}') {
        sl_value v;
        p = read_item(c, a, p, end, &v);
        bool fits = v.type != SL_NULL || !c->required_items;
        if (!p || p >= end || !fits || !add_item(a, &items, &count, &cap, v)) {
            return false;
        }
        if (*p == c->delimiter) {
            p++;
        } else if (*p != '}') {
            return false;
        }
    }
    *out = sl_container(SL_ARRAY, items, count);
    return p + 1 == end;
}

/* ---- hstore ---- */

typedef struct pair {
    sl_str key;
    sl_str value; /* absent = null */
} pair;

/* Gives the place behind the pair and its separator, or NULL. */
static char *read_pair(char *p, char *end, pair *out) {
    char *next = NULL;
    if (p == end || *p != '"') {
        return NULL;
    }
    char *stop = unquote(p + 1, end, &next);
    if (!stop || end - next < 3 || next[0] != '=' || next[1] != '>') {
        return NULL;
    }
    out->key = (sl_str){p + 1, (size_t)(stop - p - 1)};
    p = next + 2;
    if (*p == '"') {
        stop = unquote(p + 1, end, &next);
        if (!stop) {
            return NULL;
        }
        out->value = (sl_str){p + 1, (size_t)(stop - p - 1)};
    } else if (end - p >= 4 && memcmp(p, "NULL", 4) == 0) {
        out->value = SL_STR_NONE;
        next = p + 4;
    } else {
        return NULL;
    }
    if (end - next >= 2 && next[0] == ',' && next[1] == ' ') {
        return next + 2;
    }
    return next == end ? end : NULL;
}

static bool hstore_json(sl_arena *a, char *p, char *end, sl_value *out) {
    sl_buf b;
    sl_buf_init(&b, a);
    sl_buf_add_char(&b, '{');
    pair one;
    for (bool first = true; p < end; first = false) {
        p = read_pair(p, end, &one);
        if (!p) {
            sl_buf_take(&b);
            return false;
        }
        if (!first) {
            sl_buf_add_char(&b, ',');
        }
        sl_buf_add_json_str(&b, one.key);
        sl_buf_add_char(&b, ':');
        if (one.value.p) {
            sl_buf_add_json_str(&b, one.value);
        } else {
            sl_buf_add_z(&b, "null");
        }
    }
    sl_buf_add_char(&b, '}');
    *out = sl_string(sl_buf_take(&b));
    return !a->failed;
}

static bool hstore_map(sl_arena *a, char *p, char *end, sl_value *out) {
    sl_value *items = NULL;
    size_t n = 0;
    size_t cap = 0;
    pair one;
    while (p < end) {
        p = read_pair(p, end, &one);
        if (!p || !add_item(a, &items, &n, &cap, sl_string(one.key)) ||
            !add_item(a, &items, &n, &cap, one.value.p ? sl_string(one.value) : sl_null())) {
            return false;
        }
    }
    *out = sl_container(SL_MAP, items, n / 2);
    return true;
}

bool pg_parse_hstore(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    return c->form == PG_HSTORE_MAP ? hstore_map(a, p, p + n, out) : hstore_json(a, p, p + n, out);
}

/* ---- point ---- */

static void put_double(unsigned char *to, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    for (int i = 0; i < 8; i++) {
        to[i] = (unsigned char)(bits >> (8 * i));
    }
}

void pg_wkb_point(char *to, double x, double y) {
    memcpy(to, "\1\1\0\0\0", 5); /* little-endian, a point */
    put_double((unsigned char *)to + 5, x);
    put_double((unsigned char *)to + 13, y);
}

bool pg_parse_point(const pg_conv *c, sl_arena *a, char *p, size_t n, sl_value *out) {
    char text[80];
    (void)c;
    if (n < 5 || n >= sizeof text || p[0] != '(' || p[n - 1] != ')') {
        return false;
    }
    memcpy(text, p + 1, n - 2);
    text[n - 2] = 0;
    char *end = NULL;
    double x = strtod(text, &end);
    if (*end != ',') {
        return false;
    }
    double y = strtod(end + 1, &end);
    sl_value v = sl_value_alloc(a, SL_STRUCT, 4);
    char *wkb = sl_arena_bytes(a, PG_WKB_POINT);
    if (*end || v.type != SL_STRUCT || !wkb) {
        return false;
    }
    pg_wkb_point(wkb, x, y);
    v.items[0] = sl_float64(x);
    v.items[1] = sl_float64(y);
    v.items[2] = sl_bytes((sl_str){wkb, PG_WKB_POINT});
    *out = v;
    return true;
}
