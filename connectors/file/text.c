/*
 * text.c - values as text. See text.h. Depth is bounded by the value's own.
 */
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define DECIMAL_BYTES_MAX 1024 /* larger ones would take quadratic time: shown as base64 */

static void add_value(sl_buf *out, const sl_schema *s, const sl_value *v, bool nested);

/* ---- numbers ---- */

/* shortest_digits finds the fewest digits that read back as f, as "d.ddde+xx". */
static void shortest_digits(double f, bool is_float, char *out, size_t size) {
    int most = is_float ? 9 : 17;
    for (int digits = 1; digits <= most; digits++) {
        snprintf(out, size, "%.*e", digits - 1, f);
        double back = strtod(out, NULL);
        if (is_float ? (float)back == (float)f : back == f) {
            return;
        }
    }
}

/* add_plain writes the digits with the point behind `before` of them (which may be 0 or less). */
static void add_plain(sl_buf *out, const char *digits, int n, int before) {
    if (before <= 0) {
        sl_buf_add_z(out, "0.");
        for (int i = before; i < 0; i++) {
            sl_buf_add_char(out, '0');
        }
        sl_buf_add(out, digits, (size_t)n);
        return;
    }
    for (int i = 0; i < before; i++) {
        sl_buf_add_char(out, i < n ? digits[i] : '0');
    }
    sl_buf_add_char(out, '.');
    if (n > before) {
        sl_buf_add(out, digits + before, (size_t)(n - before));
    } else {
        sl_buf_add_char(out, '0');
    }
}

/* add_double writes as java.lang.Double.toString and Float.toString. */
static void add_double(sl_buf *out, double f, bool is_float) {
    if (isnan(f)) {
        sl_buf_add_z(out, "NaN");
        return;
    }
    if (signbit(f)) {
        sl_buf_add_char(out, '-');
        f = -f;
    }
    if (isinf(f)) {
        sl_buf_add_z(out, "Infinity");
        return;
    }
    char sci[40], digits[20];
    shortest_digits(f, is_float, sci, sizeof(sci));
    char *e = strchr(sci, 'e');
    long exponent = e ? strtol(e + 1, NULL, 10) : 0;
    int n = 0;
    for (const char *p = sci; p < e; p++) {
        if (*p != '.' && n < (int)sizeof(digits)) {
            digits[n++] = *p;
        }
    }
    if (!(f > 0)) {
        sl_buf_add_z(out, "0.0");
    } else if (exponent >= -3 && exponent < 7) {
        add_plain(out, digits, n, (int)exponent + 1);
    } else {
        add_plain(out, digits, n, 1);
        sl_buf_printf(out, "E%ld", exponent);
    }
}

/* magnitude takes the sign off a big-endian two's complement number; copy has room for it. */
static bool magnitude(sl_str bytes, unsigned char *copy) {
    bool negative = bytes.n > 0 && ((unsigned char)bytes.p[0] & 0x80u);
    unsigned carry = 1;
    for (size_t i = bytes.n; i-- > 0;) {
        unsigned c = (unsigned char)bytes.p[i];
        if (negative) {
            c = (~c & 0xffu) + carry;
            carry = c >> 8;
        }
        copy[i] = (unsigned char)c;
    }
    return negative;
}

/* to_decimal divides the number down to digits, written from the end of `digits`; gives where they start. */
static size_t to_decimal(unsigned char *number, size_t n, char *digits, size_t size) {
    size_t at = size;
    size_t first = 0;
    while (first < n && at > 0) {
        unsigned rest = 0;
        for (size_t i = first; i < n; i++) {
            unsigned here = (rest << 8) | number[i];
            number[i] = (unsigned char)(here / 10);
            rest = here % 10;
        }
        digits[--at] = (char)('0' + rest);
        while (first < n && number[first] == 0) {
            first++;
        }
    }
    while (at < size - 1 && digits[at] == '0') {
        at++;
    }
    return at;
}

static void add_base64(sl_buf *out, sl_str s) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.n; i += 3) {
        uint32_t v = (uint32_t)(unsigned char)s.p[i] << 16;
        v |= i + 1 < s.n ? (uint32_t)(unsigned char)s.p[i + 1] << 8 : 0;
        v |= i + 2 < s.n ? (uint32_t)(unsigned char)s.p[i + 2] : 0;
        char quad[4] = {set[v >> 18], set[(v >> 12) & 63], i + 1 < s.n ? set[(v >> 6) & 63] : '=',
                        i + 2 < s.n ? set[v & 63] : '='};
        sl_buf_add(out, quad, 4);
    }
}

/* add_scaled writes unscaled digits and a scale as java.math.BigDecimal.toString. */
static void add_scaled(sl_buf *out, const char *digits, int n, int64_t scale) {
    int64_t adjusted = (int64_t)n - 1 - scale;
    if (scale == 0) {
        sl_buf_add(out, digits, (size_t)n);
    } else if (scale > 0 && adjusted >= -6) {
        add_plain(out, digits, n, (int)(n - scale));
    } else {
        sl_buf_add_char(out, digits[0]);
        if (n > 1) {
            sl_buf_add_char(out, '.');
            sl_buf_add(out, digits + 1, (size_t)n - 1);
        }
        sl_buf_printf(out, "E%+lld", (long long)adjusted);
    }
}

static void add_decimal(sl_buf *out, const sl_schema *s, const sl_value *v) {
    sl_str bytes = sl_value_str(v);
    int64_t scale = 0;
    unsigned char number[DECIMAL_BYTES_MAX];
    char digits[DECIMAL_BYTES_MAX * 5 / 2];
    if (bytes.n == 0 || bytes.n > sizeof(number) ||
        !sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &scale)) {
        add_base64(out, bytes);
        return;
    }
    if (magnitude(bytes, number)) {
        sl_buf_add_char(out, '-');
    }
    size_t at = to_decimal(number, bytes.n, digits, sizeof(digits));
    add_scaled(out, digits + at, (int)(sizeof(digits) - at), scale);
}

/* add_date writes as java.util.Date.toString in UTC. */
static void add_date(sl_buf *out, int64_t ms) {
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm tm;
    if (!gmtime_r(&t, &tm)) {
        sl_buf_add_i64(out, ms);
        return;
    }
    sl_buf_printf(out, "%s %s %02d %02d:%02d:%02d UTC %04lld", days[tm.tm_wday], months[tm.tm_mon],
                  tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (long long)tm.tm_year + 1900);
}

/* ---- everything ---- */

static bool add_logical(sl_buf *out, const sl_schema *s, const sl_value *v) {
    sl_logical what = s ? s->logical : SL_LOGICAL_NONE;
    if (what == SL_LOGICAL_DECIMAL && v->type == SL_BYTES) {
        add_decimal(out, s, v);
    } else if (what == SL_LOGICAL_DATE && v->type == SL_INT32) {
        add_date(out, v->i * INT64_C(86400000));
    } else if ((what == SL_LOGICAL_TIME || what == SL_LOGICAL_TIMESTAMP) && sl_is_int(v)) {
        add_date(out, v->i);
    } else {
        return false;
    }
    return true;
}

static void add_array(sl_buf *out, const sl_schema *s, const sl_value *v) {
    sl_buf_add_char(out, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_z(out, ", ");
        }
        add_value(out, s ? s->element : NULL, &v->items[i], true);
    }
    sl_buf_add_char(out, ']');
}

static void add_map(sl_buf *out, const sl_schema *s, const sl_value *v) {
    sl_buf_add_char(out, '{');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_z(out, ", ");
        }
        add_value(out, s ? s->key : NULL, &v->items[2 * i], true);
        sl_buf_add_char(out, '=');
        add_value(out, s ? s->element : NULL, &v->items[2 * i + 1], true);
    }
    sl_buf_add_char(out, '}');
}

static void add_struct(sl_buf *out, const sl_schema *s, const sl_value *v) {
    bool first = true;
    sl_buf_add_z(out, "Struct{");
    for (uint32_t i = 0; s && i < v->n && i < s->nfields; i++) {
        if (sl_is_null(&v->items[i])) {
            continue;
        }
        if (!first) {
            sl_buf_add_char(out, ',');
        }
        first = false;
        sl_buf_add_str(out, s->fields[i].name);
        sl_buf_add_char(out, '=');
        add_value(out, s->fields[i].schema, &v->items[i], true);
    }
    sl_buf_add_char(out, '}');
}

static void add_value(sl_buf *out, const sl_schema *s, const sl_value *v, bool nested) {
    if (add_logical(out, s, v)) {
        return;
    }
    switch ((sl_type)v->type) {
    case SL_INT8:
    case SL_INT16:
    case SL_INT32:
    case SL_INT64:
        sl_buf_add_i64(out, v->i);
        break;
    case SL_FLOAT32:
    case SL_FLOAT64:
        add_double(out, v->f, v->type == SL_FLOAT32);
        break;
    case SL_BOOL:
        sl_buf_add_z(out, v->b ? "true" : "false");
        break;
    case SL_STRING:
        sl_buf_add_str(out, sl_value_str(v));
        break;
    case SL_BYTES:
        if (nested) {
            add_base64(out, sl_value_str(v));
        } else {
            sl_buf_add_str(out, sl_value_str(v));
        }
        break;
    case SL_ARRAY:
        add_array(out, s, v);
        break;
    case SL_MAP:
        add_map(out, s, v);
        break;
    case SL_STRUCT:
        add_struct(out, s, v);
        break;
    case SL_NULL:
    case SL_TYPE_COUNT:
        sl_buf_add_z(out, "null");
        break;
    }
}

void text_add(sl_buf *out, const sl_schema *s, const sl_value *v) {
    add_value(out, s, v, false);
}
