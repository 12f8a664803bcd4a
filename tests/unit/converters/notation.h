/*
 * notation.h - values written as words, for tables of cases and for comparing with Java.
 *
 *   n  b:1  i8:-5 i16: i32: i64:  f32:HEX f64:HEX (the bits)  F:1.5 D:1.5 (decimal)  s:HEX (UTF-8) 'text'
 *   x:HEX  [ v ... ]  { key value ... }  ( field ... )
 *
 * A STRUCT's fields are in the order of its schema; logical types are what they are made of. Words are
 * separated by single spaces; 'text' has no quote in it.
 */
#ifndef NOTATION_H
#define NOTATION_H

#include "support/support.h"

#include <model/batch.h>
#include <model/schema.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void bad_notation(const char *what, const char *at) {
    fprintf(stderr, "notation: expected %s at '%s'\n", what, at);
    abort();
}

static sl_str unhex(sl_arena *a, sl_str hex) {
    char *to = sl_arena_bytes(a, hex.n / 2 + 1);
    for (size_t i = 0; i + 1 < hex.n; i += 2) {
        char byte[3] = {hex.p[i], hex.p[i + 1], 0};
        to[i / 2] = (char)strtol(byte, NULL, 16);
    }
    return sl_str_make(to, hex.n / 2);
}

static inline void add_hex(sl_buf *out, sl_str bytes) {
    for (size_t i = 0; i < bytes.n; i++) {
        sl_buf_printf(out, "%02x", (unsigned char)bytes.p[i]);
    }
}

static double bits_to_double(const char *hex, bool single) {
    uint64_t bits = strtoull(hex, NULL, 16);
    uint32_t low = (uint32_t)bits;
    double d;
    float f;
    memcpy(&d, &bits, sizeof d);
    memcpy(&f, &low, sizeof f);
    return single ? (double)f : d;
}

static sl_value read_notation(const char **at, sl_arena *a);

static sl_value read_list(const char **at, sl_arena *a, char close) {
    sl_value items[512];
    size_t n = 0;
    *at += 1 + ((*at)[1] == ' ');
    while (**at != close) {
        if (!**at || n == 512) {
            bad_notation("a closing bracket", *at);
        }
        items[n++] = read_notation(at, a);
        *at += **at == ' ';
    }
    ++*at;
    sl_type t = close == ']' ? SL_ARRAY : close == '}' ? SL_MAP : SL_STRUCT;
    sl_value v = sl_value_alloc(a, t, t == SL_MAP ? n / 2 : n);
    memcpy(v.items, items, n * sizeof *items);
    return v;
}

static sl_value read_quoted_word(const char **at, sl_arena *a) {
    const char *from = ++*at;
    const char *end = strchr(from, '\'');
    if (!end) {
        bad_notation("a quote", from);
        return sl_null();
    }
    *at = end + 1;
    return sl_string(sl_arena_str(a, sl_str_make(from, (size_t)(end - from))));
}

static sl_value read_scalar(sl_str word, const char *kind, const char *rest, sl_arena *a) {
    static const struct {
        const char *kind;
        sl_type type;
    } ints[] = {{"i8", SL_INT8}, {"i16", SL_INT16}, {"i32", SL_INT32}, {"i64", SL_INT64}};
    for (size_t i = 0; i < 4; i++) {
        if (strcmp(kind, ints[i].kind) == 0) {
            return sl_int(ints[i].type, strtoll(rest, NULL, 10));
        }
    }
    if (strcmp(kind, "n") == 0) {
        return sl_null();
    }
    if (strcmp(kind, "b") == 0) {
        return sl_bool(*rest == '1');
    }
    if (strcmp(kind, "f32") == 0 || strcmp(kind, "f64") == 0) {
        bool single = kind[1] == '3';
        double d = bits_to_double(rest, single);
        return single ? sl_float32(d) : sl_float64(d);
    }
    if (strcmp(kind, "F") == 0 || strcmp(kind, "D") == 0) {
        return *kind == 'F' ? sl_float32((double)strtof(rest, NULL)) : sl_float64(strtod(rest, NULL));
    }
    if (strcmp(kind, "s") == 0 || strcmp(kind, "x") == 0) {
        sl_str bytes = unhex(a, sl_str_skip(word, 2));
        return *kind == 's' ? sl_string(bytes) : sl_bytes(bytes);
    }
    bad_notation("a value", word.p);
    return sl_null();
}

static sl_value read_notation(const char **at, sl_arena *a) {
    char kind[8] = "";
    switch (**at) {
    case '[':
        return read_list(at, a, ']');
    case '{':
        return read_list(at, a, '}');
    case '(':
        return read_list(at, a, ')');
    case '\'':
        return read_quoted_word(at, a);
    default:
        break;
    }
    size_t n = strcspn(*at, " \t\n");
    size_t k = strcspn(*at, ": \t\n");
    snprintf(kind, sizeof kind, "%.*s", (int)k, *at);
    sl_str word = sl_arena_str(a, sl_str_make(*at, n));
    *at += n;
    return read_scalar(word, kind, word.p + (k < n ? k + 1 : k), a);
}

static inline sl_value value_of(const char *text, sl_arena *a) {
    const char *at = text;
    sl_value v = read_notation(&at, a);
    if (*at) {
        bad_notation("the end", at);
    }
    return v;
}

static inline void write_notation(sl_buf *out, const sl_value *v) {
    static const char *const brackets[] = {[SL_ARRAY] = "[]", [SL_MAP] = "{}", [SL_STRUCT] = "()"};
    uint64_t bits;
    float f;
    uint32_t low;
    switch ((sl_type)v->type) {
    case SL_NULL:
        sl_buf_add_z(out, "n");
        break;
    case SL_BOOL:
        sl_buf_add_z(out, v->b ? "b:1" : "b:0");
        break;
    case SL_INT8:
    case SL_INT16:
    case SL_INT32:
    case SL_INT64:
        sl_buf_printf(out, "i%d:%" PRId64, 8 << (v->type - SL_INT8), v->i);
        break;
    case SL_FLOAT32:
        f = (float)v->f;
        memcpy(&low, &f, sizeof low);
        sl_buf_printf(out, "f32:%08" PRIx32, low);
        break;
    case SL_FLOAT64:
        memcpy(&bits, &v->f, sizeof bits);
        sl_buf_printf(out, "f64:%016" PRIx64, bits);
        break;
    case SL_STRING:
    case SL_BYTES:
        sl_buf_add_z(out, v->type == SL_STRING ? "s:" : "x:");
        add_hex(out, sl_value_str(v));
        break;
    case SL_ARRAY:
    case SL_MAP:
    case SL_STRUCT:
        sl_buf_add_char(out, brackets[v->type][0]);
        for (size_t i = 0; i < (v->type == SL_MAP ? (size_t)v->n * 2 : v->n); i++) {
            sl_buf_add_char(out, ' ');
            write_notation(out, &v->items[i]);
        }
        sl_buf_printf(out, " %c", brackets[v->type][1]);
        break;
    case SL_TYPE_COUNT:
        sl_buf_add_z(out, "?");
        break;
    }
}

#endif
