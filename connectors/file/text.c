/*
 * text.c - values as text. See text.h. Depth is bounded by the value's own.
 */
#include "text.h"

#include <sluice/text.h>
#include <time.h>

#define DECIMAL_BYTES_MAX 1024 /* larger ones would take quadratic time: shown as base64 */

static void add_value(sl_buf *out, const sl_schema *s, const sl_value *v, bool nested);

static void add_decimal(sl_buf *out, const sl_schema *s, const sl_value *v) {
    sl_str bytes = sl_value_str(v);
    int64_t scale = 0;
    if (bytes.n == 0 || bytes.n > DECIMAL_BYTES_MAX ||
        !sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &scale) || scale < INT32_MIN / 2 ||
        scale > INT32_MAX / 2) {
        sl_buf_add_base64(out, bytes);
        return;
    }
    (void)sl_buf_add_decimal(out, bytes, (int32_t)scale); /* out says that there was no memory */
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
        (v->type == SL_FLOAT32 ? sl_buf_add_float : sl_buf_add_double)(out, v->f);
        break;
    case SL_BOOL:
        sl_buf_add_z(out, v->b ? "true" : "false");
        break;
    case SL_STRING:
        sl_buf_add_str(out, sl_value_str(v));
        break;
    case SL_BYTES:
        if (nested) {
            sl_buf_add_base64(out, sl_value_str(v));
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
