/*
 * nested.c - values with an inside, as text: JSON, array literals, hstore, vectors, points, geometry, bits,
 * decimals.
 *
 * Nested leaves go through the same cells as columns do. No state; any thread; memory from the caller's arena
 * (text is built on the heap first, since leaves may need the arena meanwhile).
 */
#include "nested.h"

#include <sluice/text.h>

#include <limits.h>
#include <math.h>

#define MAX_DEPTH 64

/* ---- decimals ---- */

/* unscaled_digits writes the digits of |n| (big endian, unsigned) backwards before `end`; gives the first
 * digit. */
static char *unscaled_digits(unsigned char *n, size_t len, char *end) {
    char *p = end;
    size_t from = 0;
    while (from < len) {
        uint32_t rest = 0;
        for (size_t i = from; i < len; i++) {
            uint32_t v = rest << 8 | n[i];
            n[i] = (unsigned char)(v / 100);
            rest = v % 100;
        }
        *--p = (char)('0' + rest % 10);
        *--p = (char)('0' + rest / 10);
        while (from < len && n[from] == 0) {
            from++;
        }
    }
    while (p < end - 1 && *p == '0') {
        p++;
    }
    return p;
}

static void add_scaled(const char *digits, size_t n, int32_t scale, sl_buf *out) {
    if (scale <= 0) {
        sl_buf_add(out, digits, n);
        for (int32_t i = 0; i < -scale && !(n == 1 && digits[0] == '0'); i++) {
            sl_buf_add_char(out, '0');
        }
        return;
    }
    size_t below = (size_t)scale;
    if (n > below) {
        sl_buf_add(out, digits, n - below);
    } else {
        sl_buf_add_char(out, '0');
    }
    sl_buf_add_char(out, '.');
    for (size_t i = n; i < below; i++) {
        sl_buf_add_char(out, '0');
    }
    size_t shown = n < below ? n : below;
    sl_buf_add(out, digits + n - shown, shown);
}

bool jdbc_decimal_add(sl_str unscaled, int32_t scale, sl_buf *out) {
    unsigned char small[64], *n = small;
    char text[200], *end;
    if (unscaled.n == 0) {
        return false;
    }
    char *big = NULL;
    if (unscaled.n > sizeof small) {
        big = sl_alloc(unscaled.n * 4 + 4);
        if (!big) {
            out->failed = true;
            return false;
        }
        n = (unsigned char *)big;
    }
    bool negative = (unscaled.p[0] & 0x80) != 0;
    unsigned carry = 1;
    for (size_t i = unscaled.n; i-- > 0;) {
        unsigned v = (unsigned char)unscaled.p[i];
        v = negative ? (v ^ 0xffu) + carry : v;
        carry = v >> 8;
        n[i] = (unsigned char)v;
    }
    end = big ? big + unscaled.n * 4 + 4 : text + sizeof text;
    char *digits = unscaled_digits(n, unscaled.n, end);
    if (negative) {
        sl_buf_add_char(out, '-');
    }
    add_scaled(digits, (size_t)(end - digits), scale, out);
    sl_free(big);
    return true;
}

/* ---- JSON ---- */

static void add_json_cell(const jdbc_cell_rules *rules, jdbc_kind kind, const jdbc_cell *c, sl_buf *out) {
    bool bare = c->cls == JC_BOOL || c->cls == JC_INT || c->cls == JC_NUMBER ||
                (c->cls == JC_FLOAT && !isnan(c->f) && !isinf(c->f)) ||
                (c->cls == JC_TEXT && kind == JK_JSON);
    if (c->cls == JC_NULL || c->cls == JC_UNAVAILABLE) {
        sl_buf_add_z(out, "null");
    } else if (bare) {
        jdbc_cell_text(rules, c, out);
    } else if (c->cls == JC_TEXT) {
        sl_buf_add_json_str(out, sl_str_make(c->s, c->n));
    } else {
        sl_buf_add_char(out, '"');
        if (c->cls == JC_BYTES) {
            sl_buf_add_base64(out, sl_str_make(c->s, c->n));
        } else {
            jdbc_cell_text(rules, c, out);
        }
        sl_buf_add_char(out, '"');
    }
}

static const char *add_json_map(const jdbc_cell_rules *rules, const sl_schema *s, const sl_value *v,
                                sl_arena *arena, sl_buf *out, unsigned depth) {
    sl_buf_add_char(out, '{');
    for (uint32_t i = 0; i < v->n; i++) {
        const sl_value *key = &v->items[2 * i];
        if (i) {
            sl_buf_add_char(out, ',');
        }
        if (key->type == SL_STRING) {
            sl_buf_add_json_str(out, sl_value_str(key));
        } else {
            jdbc_cell cell;
            const char *bad =
                jdbc_cell_make(rules, s->key, jdbc_kind_of(s->key), JR_PLAIN, key, arena, &cell);
            if (bad) {
                return bad;
            }
            sl_buf_add_char(out, '"');
            jdbc_cell_text(rules, &cell, out);
            sl_buf_add_char(out, '"');
        }
        sl_buf_add_char(out, ':');
        const char *bad = jdbc_json_add(rules, s->element, &v->items[2 * i + 1], arena, out, depth + 1);
        if (bad) {
            return bad;
        }
    }
    sl_buf_add_char(out, '}');
    return NULL;
}

static const char *add_json_list(const jdbc_cell_rules *rules, const sl_schema *s, const sl_value *v,
                                 sl_arena *arena, sl_buf *out, unsigned depth) {
    bool fields = s->type == SL_STRUCT;
    sl_buf_add_char(out, fields ? '{' : '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_char(out, ',');
        }
        if (fields) {
            sl_buf_add_json_str(out, s->fields[i].name);
            sl_buf_add_char(out, ':');
        }
        const char *bad = jdbc_json_add(rules, fields ? s->fields[i].schema : s->element, &v->items[i], arena,
                                        out, depth + 1);
        if (bad) {
            return bad;
        }
    }
    sl_buf_add_char(out, fields ? '}' : ']');
    return NULL;
}

const char *jdbc_json_add(const jdbc_cell_rules *rules, const sl_schema *s, const sl_value *v,
                          sl_arena *arena, sl_buf *out, unsigned depth) {
    if (depth > MAX_DEPTH) {
        return "a value nested more than 64 deep";
    }
    jdbc_kind kind = jdbc_kind_of(s);
    if (v->type == s->type &&
        (kind == JK_STRUCT || kind == JK_ARRAY || kind == JK_DOUBLE_VECTOR || kind == JK_FLOAT_VECTOR)) {
        return add_json_list(rules, s, v, arena, out, depth);
    }
    if (v->type == SL_MAP && s->type == SL_MAP) {
        return add_json_map(rules, s, v, arena, out, depth);
    }
    jdbc_cell cell;
    const char *bad = jdbc_cell_make(rules, s, kind, JR_PLAIN, v, arena, &cell);
    if (!bad) {
        add_json_cell(rules, kind, &cell, out);
    }
    return bad;
}

/* ---- array literals ---- */

static const char *add_array_item(const jdbc_cell_rules *rules, const sl_schema *s, const sl_value *v,
                                  sl_arena *arena, sl_buf *out, unsigned depth) {
    jdbc_kind kind = jdbc_kind_of(s);
    if (v->type == SL_NULL) {
        sl_buf_add_z(out, "NULL");
        return NULL;
    }
    if (kind == JK_ARRAY && v->type == SL_ARRAY) {
        return jdbc_array_add(rules, s, v, arena, out, depth + 1);
    }
    jdbc_cell cell;
    const char *bad = jdbc_cell_make(rules, s, kind, kind == JK_MAP || kind == JK_STRUCT ? JR_JSON : JR_PLAIN,
                                     v, arena, &cell);
    if (bad) {
        return bad;
    }
    sl_buf text;
    sl_buf_init(&text, NULL);
    jdbc_cell_text(rules, &cell, &text);
    sl_buf_add_quoted(out, sl_buf_view(&text));
    out->failed |= text.failed;
    sl_buf_deinit(&text);
    return NULL;
}

const char *jdbc_array_add(const jdbc_cell_rules *rules, const sl_schema *s, const sl_value *v,
                           sl_arena *arena, sl_buf *out, unsigned depth) {
    if (depth > MAX_DEPTH) {
        return "an array nested more than 64 deep";
    }
    sl_buf_add_char(out, '{');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_char(out, ',');
        }
        const char *bad = add_array_item(rules, s->element, &v->items[i], arena, out, depth);
        if (bad) {
            return bad;
        }
    }
    sl_buf_add_char(out, '}');
    return NULL;
}

static const char *add_hstore(const sl_value *v, sl_buf *out) {
    for (uint32_t i = 0; i < v->n; i++) {
        const sl_value *key = &v->items[2 * i], *value = &v->items[2 * i + 1];
        if (key->type != SL_STRING || (value->type != SL_STRING && value->type != SL_NULL)) {
            return "a map with other than text in it, for an hstore column";
        }
        if (i) {
            sl_buf_add_char(out, ',');
        }
        sl_buf_add_quoted(out, sl_value_str(key));
        sl_buf_add_z(out, "=>");
        if (value->type == SL_NULL) {
            sl_buf_add_z(out, "NULL");
        } else {
            sl_buf_add_quoted(out, sl_value_str(value));
        }
    }
    return NULL;
}

static const char *add_vector(const jdbc_cell_rules *rules, const sl_schema *s, const sl_value *v,
                              sl_arena *arena, sl_buf *out) {
    sl_buf_add_char(out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        jdbc_cell cell;
        const char *bad =
            jdbc_cell_make(rules, s->element, jdbc_kind_of(s->element), JR_PLAIN, &v->items[i], arena, &cell);
        if (bad) {
            return bad;
        }
        if (i) {
            sl_buf_add_char(out, ',');
        }
        jdbc_cell_text(rules, &cell, out);
    }
    sl_buf_add_char(out, ']');
    return NULL;
}

/* ---- structs with a meaning ---- */

static bool add_xy(const sl_schema *s, const sl_value *v, sl_buf *out) {
    const sl_value *x = sl_struct_get(s, v, SL_STR("x")), *y = sl_struct_get(s, v, SL_STR("y"));
    if (!x || !y || x->type != SL_FLOAT64 || y->type != SL_FLOAT64) {
        return false;
    }
    sl_buf_printf(out, "(%.17g,%.17g)", x->f, y->f);
    return true;
}

static const char *add_circle(const sl_schema *s, const sl_value *v, sl_buf *out) {
    int at = sl_schema_field(s, SL_STR("center"));
    const sl_value *radius = sl_struct_get(s, v, SL_STR("radius"));
    if (at < 0 || !radius || v->items[at].type != SL_STRUCT) {
        return "a circle without center and radius";
    }
    sl_buf_add_char(out, '<');
    if (!add_xy(s->fields[at].schema, &v->items[at], out)) {
        return "a circle whose center has no x and y";
    }
    sl_buf_printf(out, ",%.17g>", radius->f);
    return NULL;
}

static const char *add_sparse_vector(const sl_schema *s, const sl_value *v, sl_buf *out) {
    const sl_value *dimensions = sl_struct_get(s, v, SL_STR("dimensions")),
                   *map = sl_struct_get(s, v, SL_STR("vector"));
    if (!dimensions || !map || map->type != SL_MAP) {
        return "a sparse vector without dimensions and vector";
    }
    sl_buf_add_char(out, '{');
    for (uint32_t i = 0; i < map->n; i++) {
        sl_buf_printf(out, "%s%lld:%.17g", i ? "," : "", (long long)map->items[2 * i].i,
                      map->items[2 * i + 1].f);
    }
    sl_buf_printf(out, "}/%lld", (long long)dimensions->i);
    return NULL;
}

static const char *add_variable_decimal(const sl_schema *s, const sl_value *v, sl_buf *out) {
    const sl_value *scale = sl_struct_get(s, v, SL_STR("scale")),
                   *value = sl_struct_get(s, v, SL_STR("value"));
    if (!scale || !value || value->type != SL_BYTES || scale->i > 20000 || scale->i < -20000 ||
        !jdbc_decimal_add(sl_value_str(value), (int32_t)scale->i, out)) {
        return "a VariableScaleDecimal without scale and value";
    }
    return NULL;
}

/* add_ewkb appends WKB, with the srid put in when it has none: hexadecimal, as PostGIS reads it. */
static const char *add_ewkb(const sl_value *wkb, const sl_value *srid, sl_buf *out) {
    sl_str s = sl_value_str(wkb);
    bool little = s.n >= 5 && s.p[0] == 1;
    if (s.n < 5) {
        return "a geometry whose wkb is too short";
    }
    if (!srid || srid->type == SL_NULL || (s.p[little ? 4 : 1] & 0x20)) {
        jdbc_hex_add(s, out);
        return NULL;
    }
    char head[9] = {s.p[0], s.p[1], s.p[2], s.p[3], s.p[4], 0, 0, 0, 0};
    head[little ? 4 : 1] = (char)(head[little ? 4 : 1] | 0x20);
    for (int i = 0; i < 4; i++) {
        head[little ? 5 + i : 8 - i] = (char)(srid->i >> (8 * i));
    }
    jdbc_hex_add(sl_str_make(head, 9), out);
    jdbc_hex_add(sl_str_skip(s, 5), out);
    return NULL;
}

static const char *make_geometry(const sl_schema *s, jdbc_render render, const sl_value *v, sl_buf *text,
                                 jdbc_cell *out) {
    const sl_value *wkb = sl_struct_get(s, v, SL_STR("wkb"));
    if (!wkb || wkb->type != SL_BYTES) {
        return "a geometry without wkb";
    }
    if (render == JR_EWKB_HEX) {
        return add_ewkb(wkb, sl_struct_get(s, v, SL_STR("srid")), text);
    }
    out->cls = JC_BYTES;
    out->n = wkb->n;
    out->s = wkb->s;
    return NULL;
}

static const char *add_nested(const jdbc_cell_rules *rules, const sl_schema *s, jdbc_kind kind,
                              jdbc_render render, const sl_value *v, sl_arena *arena, sl_buf *out) {
    switch (kind) {
    case JK_VAR_DECIMAL:
        return add_variable_decimal(s, v, out);
    case JK_POINT:
        return add_xy(s, v, out) ? NULL : "a point without x and y";
    case JK_CIRCLE:
        return add_circle(s, v, out);
    case JK_SPARSE_VECTOR:
        return add_sparse_vector(s, v, out);
    default:
        break;
    }
    if (render == JR_ARRAY) {
        return jdbc_array_add(rules, s, v, arena, out, 0);
    }
    if (render == JR_VECTOR) {
        return add_vector(rules, s, v, arena, out);
    }
    return render == JR_HSTORE ? add_hstore(v, out) : jdbc_json_add(rules, s, v, arena, out, 0);
}

const char *jdbc_nested_make(const jdbc_cell_rules *rules, const sl_schema *s, jdbc_kind kind,
                             jdbc_render render, const sl_value *v, sl_arena *arena, jdbc_cell *out) {
    sl_buf text;
    sl_buf_init(&text, NULL);
    const char *bad = kind == JK_GEOMETRY || kind == JK_GEOGRAPHY
                          ? make_geometry(s, render, v, &text, out)
                          : add_nested(rules, s, kind, render, v, arena, &text);
    if (!bad && out->cls == JC_NULL) {
        sl_str kept = sl_arena_str(arena, text.n ? sl_buf_view(&text) : SL_STR(""));
        bad = text.failed || !kept.p ? jdbc_no_memory : NULL;
        out->cls = kind == JK_VAR_DECIMAL ? JC_NUMBER : JC_TEXT;
        out->n = (uint32_t)kept.n;
        out->s = kept.p;
    }
    sl_buf_deinit(&text);
    return bad;
}

/* ---- bits ---- */

const char *jdbc_bits_make(const sl_schema *s, const sl_value *v, sl_arena *arena, jdbc_cell *out) {
    int64_t length = INT32_MAX;
    sl_str param = sl_schema_param_get(s, SL_STR("length"));
    if (param.p && !sl_str_to_i64(param, &length)) {
        return "bits whose schema has a length that is no number";
    }
    size_t width = (size_t)v->n * 8;
    if (length < INT32_MAX) {
        width = (size_t)(length < 0 ? 0 : length);
    } else { /* varying: up to the highest bit that is set */
        while (width > 0 && !((unsigned char)v->s[(width - 1) / 8] >> ((width - 1) % 8) & 1)) {
            width--;
        }
    }
    if (width > (1u << 24)) {
        return "more than 16 million bits";
    }
    char *text = sl_arena_bytes(arena, width + 1);
    if (!text) {
        return jdbc_no_memory;
    }
    for (size_t i = 0; i < width; i++) {
        size_t bit = width - 1 - i;
        bool set = bit / 8 < v->n && ((unsigned char)v->s[bit / 8] >> (bit % 8) & 1);
        text[i] = set ? '1' : '0';
    }
    out->cls = JC_TEXT;
    out->n = (uint32_t)width;
    out->s = text;
    return NULL;
}
