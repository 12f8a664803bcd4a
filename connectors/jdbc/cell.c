/*
 * cell.c - Connect values to cells: logical types, Debezium's semantic types, and cells to text.
 *
 * Not here: JSON, arrays and geometry (nested.c). No state; any thread; memory from the caller's arena.
 */
#include "cell.h"
#include "clock.h"
#include "nested.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char jdbc_no_memory[] = "out of memory";

static const struct {
    const char *name;
    sl_type type;
    jdbc_kind kind;
} named_kinds[] = {
    {"org.apache.kafka.connect.data.Decimal", SL_BYTES, JK_DECIMAL},
    {"org.apache.kafka.connect.data.Date", SL_INT32, JK_DATE},
    {"org.apache.kafka.connect.data.Time", SL_INT32, JK_TIME_MS},
    {"org.apache.kafka.connect.data.Timestamp", SL_INT64, JK_CONNECT_STAMP},
    {"io.debezium.time.Date", SL_INT32, JK_DATE},
    {"io.debezium.time.Time", SL_INT32, JK_TIME_MS},
    {"io.debezium.time.MicroTime", SL_INT64, JK_TIME_US},
    {"io.debezium.time.NanoTime", SL_INT64, JK_TIME_NS},
    {"io.debezium.time.Timestamp", SL_INT64, JK_STAMP_MS},
    {"io.debezium.time.MicroTimestamp", SL_INT64, JK_STAMP_US},
    {"io.debezium.time.NanoTimestamp", SL_INT64, JK_STAMP_NS},
    {"io.debezium.time.ZonedTimestamp", SL_STRING, JK_ZONED_STAMP},
    {"io.debezium.time.ZonedTime", SL_STRING, JK_ZONED_TIME},
    {"io.debezium.time.IsoDate", SL_STRING, JK_ISO_DATE},
    {"io.debezium.time.IsoTime", SL_STRING, JK_ISO_TIME},
    {"io.debezium.time.IsoTimestamp", SL_STRING, JK_ISO_STAMP},
    {"io.debezium.time.MicroDuration", SL_INT64, JK_DURATION_US},
    {"io.debezium.time.NanoDuration", SL_INT64, JK_DURATION_NS},
    {"io.debezium.time.Interval", SL_STRING, JK_INTERVAL},
    {"io.debezium.time.Year", SL_INT32, JK_YEAR},
    {"io.debezium.data.Json", SL_STRING, JK_JSON},
    {"io.debezium.data.Xml", SL_STRING, JK_XML},
    {"io.debezium.data.Uuid", SL_STRING, JK_UUID},
    {"io.debezium.data.Ltree", SL_STRING, JK_LTREE},
    {"io.debezium.data.Enum", SL_STRING, JK_ENUM},
    {"io.debezium.data.EnumSet", SL_STRING, JK_ENUM_SET},
    {"io.debezium.data.Tsvector", SL_STRING, JK_TSVECTOR},
    {"io.debezium.data.Bits", SL_BYTES, JK_BITS},
    {"io.debezium.data.VariableScaleDecimal", SL_STRUCT, JK_VAR_DECIMAL},
    {"io.debezium.data.geometry.Point", SL_STRUCT, JK_POINT},
    {"io.debezium.data.geometry.Circle", SL_STRUCT, JK_CIRCLE},
    {"io.debezium.data.geometry.Geometry", SL_STRUCT, JK_GEOMETRY},
    {"io.debezium.data.geometry.Geography", SL_STRUCT, JK_GEOGRAPHY},
    {"io.debezium.data.SparseDoubleVector", SL_STRUCT, JK_SPARSE_VECTOR},
    {"io.debezium.data.DoubleVector", SL_ARRAY, JK_DOUBLE_VECTOR},
    {"io.debezium.data.FloatVector", SL_ARRAY, JK_FLOAT_VECTOR},
};

jdbc_kind jdbc_kind_of(const sl_schema *s) {
    static const jdbc_kind plain[SL_TYPE_COUNT] = {
        [SL_NULL] = JK_STRING,   [SL_INT8] = JK_INT8,       [SL_INT16] = JK_INT16,     [SL_INT32] = JK_INT32,
        [SL_INT64] = JK_INT64,   [SL_FLOAT32] = JK_FLOAT32, [SL_FLOAT64] = JK_FLOAT64, [SL_BOOL] = JK_BOOL,
        [SL_STRING] = JK_STRING, [SL_BYTES] = JK_BYTES,     [SL_ARRAY] = JK_ARRAY,     [SL_MAP] = JK_MAP,
        [SL_STRUCT] = JK_STRUCT,
    };
    if (s->name.n) {
        for (size_t i = 0; i < sizeof named_kinds / sizeof named_kinds[0]; i++) {
            if (s->type == named_kinds[i].type && sl_str_eqz(s->name, named_kinds[i].name)) {
                return named_kinds[i].kind;
            }
        }
    }
    return plain[s->type];
}

jdbc_class jdbc_kind_class(jdbc_kind kind, jdbc_render render) {
    if (render == JR_STAMP) {
        return JC_STAMP;
    }
    switch (kind) {
    case JK_BOOL:
        return render == JR_BIT ? JC_TEXT : JC_BOOL;
    case JK_INT8:
    case JK_INT16:
    case JK_INT32:
    case JK_INT64:
    case JK_YEAR:
        return JC_INT;
    case JK_FLOAT32:
    case JK_FLOAT64:
        return JC_FLOAT;
    case JK_DECIMAL:
    case JK_VAR_DECIMAL:
        return JC_NUMBER;
    case JK_BYTES:
        return JC_BYTES;
    case JK_GEOMETRY:
    case JK_GEOGRAPHY:
        return render == JR_EWKB_HEX ? JC_TEXT : JC_BYTES;
    case JK_DATE:
    case JK_ISO_DATE:
        return JC_DATE;
    case JK_TIME_MS:
    case JK_TIME_US:
    case JK_TIME_NS:
    case JK_ISO_TIME:
        return JC_TIME;
    case JK_CONNECT_STAMP:
    case JK_STAMP_MS:
    case JK_STAMP_US:
    case JK_STAMP_NS:
    case JK_ISO_STAMP:
        return JC_STAMP;
    case JK_ZONED_STAMP:
        return JC_INSTANT;
    default:
        return JC_TEXT;
    }
}

/* ---- temporal values ---- */

/* What Debezium's PostgreSQL connector writes for infinity, in the unit of the value. */
#define SOURCE_INFINITY INT64_C(9223372036825200000)
#define SOURCE_MINUS_INFINITY INT64_C(-9223372036832400000)

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}

static void set_stamp(jdbc_cell *out, int64_t us, unsigned nanos) {
    out->cls = JC_STAMP;
    out->i = us;
    out->nanos = (uint16_t)nanos;
}

static int64_t shift_to_zone(const jdbc_zone *zone, int64_t us) {
    return zone ? us + (int64_t)jdbc_zone_offset(zone, floor_div(us, 1000000)) * 1000000 : us;
}

static int64_t maybe_julian(const jdbc_cell_rules *rules, int64_t days) {
    return rules->julian && days < -141427 ? jdbc_days_julian(days) : days;
}

static const char *make_stamp(const jdbc_cell_rules *rules, jdbc_kind kind, int64_t v, jdbc_cell *out) {
    if (v == SOURCE_INFINITY || v == SOURCE_MINUS_INFINITY) {
        set_stamp(out, v > 0 ? JDBC_INFINITY : JDBC_MINUS_INFINITY, 0);
        return NULL;
    }
    if (kind == JK_STAMP_NS) {
        int64_t us = floor_div(v, 1000);
        set_stamp(out, us, (unsigned)(v - us * 1000));
        return NULL;
    }
    if (kind != JK_STAMP_US && __builtin_mul_overflow(v, INT64_C(1000), &v)) {
        return "a timestamp that is out of range";
    }
    if (kind == JK_CONNECT_STAMP && rules->connect_stamp_in_zone) {
        v = shift_to_zone(rules->zone, v);
    }
    if (kind == JK_CONNECT_STAMP && rules->julian) {
        int64_t days = floor_div(v, JDBC_DAY_US);
        v += (maybe_julian(rules, days) - days) * JDBC_DAY_US;
    }
    set_stamp(out, v, 0);
    return NULL;
}

static const char *make_time(int64_t us, unsigned nanos, jdbc_cell *out) {
    if (us < 0 || us > JDBC_DAY_US) {
        return "a time of day that is not between 00:00 and 24:00";
    }
    out->cls = JC_TIME;
    out->i = us;
    out->nanos = (uint16_t)nanos;
    return NULL;
}

static const char *make_date(const jdbc_cell_rules *rules, int64_t days, jdbc_cell *out) {
    out->cls = JC_DATE;
    if (days == INT32_MIN || days == INT32_MAX) { /* what a source's infinity becomes in 32 bits */
        out->i = days == INT32_MAX ? JDBC_INFINITY : JDBC_MINUS_INFINITY;
        return NULL;
    }
    if (rules->date_zone) { /* midnight UTC, seen from the zone */
        days = floor_div(days * 86400 + jdbc_zone_offset(rules->date_zone, days * 86400), 86400);
    }
    out->i = maybe_julian(rules, days);
    return NULL;
}

static const char *make_iso(jdbc_kind kind, sl_str s, jdbc_cell *out) {
    int64_t v;
    unsigned nanos;
    bool zoned;
    int32_t offset;
    if (kind == JK_ISO_DATE && jdbc_date_parse(s, &v)) {
        out->cls = JC_DATE;
        out->i = v;
        return NULL;
    }
    if (kind == JK_ISO_TIME && jdbc_time_parse(s, &v, &nanos, &zoned, &offset)) {
        return make_time(v, nanos, out);
    }
    if (kind == JK_ISO_STAMP && jdbc_stamp_parse(s, &v, &nanos, &zoned)) {
        set_stamp(out, v, nanos);
        return NULL;
    }
    return "text that is no ISO 8601 date or time";
}

static const char *make_zoned_stamp(sl_str s, jdbc_cell *out) {
    int64_t us;
    unsigned nanos = 0;
    bool zoned;
    if (sl_str_eqz(s, "infinity") || sl_str_eqz(s, "-infinity")) {
        us = s.p[0] == '-' ? JDBC_MINUS_INFINITY : JDBC_INFINITY;
    } else if (!jdbc_stamp_parse(s, &us, &nanos, &zoned)) {
        return "text that is no ISO 8601 timestamp";
    }
    out->cls = JC_INSTANT;
    out->i = us;
    out->nanos = (uint16_t)nanos;
    return NULL;
}

/* make_listed_stamp reads a field of timestamp.fields.list. */
static const char *make_listed_stamp(const jdbc_cell_rules *rules, const sl_value *v, jdbc_cell *out) {
    int64_t us;
    unsigned nanos = 0;
    bool zoned = true;
    if (v->type == SL_STRING) {
        if (!jdbc_stamp_parse(sl_value_str(v), &us, &nanos, &zoned)) {
            return "text that is no ISO 8601 timestamp, in a field that timestamp.fields.list names";
        }
    } else if (rules->nano_fields) {
        us = floor_div(v->i, 1000);
        nanos = (unsigned)(v->i - us * 1000);
    } else {
        us = v->i;
    }
    set_stamp(out, zoned ? shift_to_zone(rules->zone, us) : us, nanos);
    return NULL;
}

/* ---- everything else ---- */

static const char *set_text(sl_str s, jdbc_class cls, jdbc_cell *out) {
    if (!s.p) {
        return jdbc_no_memory;
    }
    out->cls = (uint8_t)cls;
    out->n = (uint32_t)s.n;
    out->s = s.p;
    return NULL;
}

static const char *make_decimal(const sl_schema *s, const sl_value *v, sl_arena *arena, jdbc_cell *out) {
    int64_t scale = 0;
    sl_str text = sl_schema_param_get(s, SL_STR("scale"));
    if (!text.p || !sl_str_to_i64(text, &scale) || scale < -10000 || scale > 10000) {
        return "a Decimal whose schema has no scale";
    }
    sl_buf buf;
    sl_buf_init(&buf, arena);
    bool ok = jdbc_decimal_add(sl_value_str(v), (int32_t)scale, &buf);
    sl_str digits = sl_buf_take(&buf);
    return ok ? set_text(digits, JC_NUMBER, out) : "a Decimal without digits";
}

static const char *make_duration(jdbc_kind kind, int64_t v, sl_arena *arena, jdbc_cell *out) {
    int64_t unit = kind == JK_DURATION_NS ? 1000000000 : 1000000;
    uint64_t size = v < 0 ? 0u - (uint64_t)v : (uint64_t)v;
    sl_str s = sl_arena_printf(arena, "%s%llu.%0*llu seconds", v < 0 ? "-" : "",
                               (unsigned long long)(size / (uint64_t)unit), unit == 1000000 ? 6 : 9,
                               (unsigned long long)(size % (uint64_t)unit));
    return set_text(s, JC_TEXT, out);
}

static const char *make_scalar(const jdbc_cell_rules *rules, jdbc_kind kind, jdbc_render render,
                               const sl_value *v, sl_arena *arena, jdbc_cell *out) {
    switch (kind) {
    case JK_BOOL:
        if (render == JR_BIT) {
            return set_text(v->i ? SL_STR("1") : SL_STR("0"), JC_TEXT, out);
        }
        out->cls = JC_BOOL;
        out->i = v->i != 0;
        return NULL;
    case JK_DATE:
        return make_date(rules, v->i, out);
    case JK_TIME_MS:
        return v->i < 0 || v->i > 86400000 ? make_time(-1, 0, out) : make_time(v->i * 1000, 0, out);
    case JK_TIME_US:
        return make_time(v->i, 0, out);
    case JK_TIME_NS:
        return make_time(floor_div(v->i, 1000), (unsigned)(v->i - floor_div(v->i, 1000) * 1000), out);
    case JK_CONNECT_STAMP:
    case JK_STAMP_MS:
    case JK_STAMP_US:
    case JK_STAMP_NS:
        return make_stamp(rules, kind, v->i, out);
    case JK_DURATION_US:
    case JK_DURATION_NS:
        return make_duration(kind, v->i, arena, out);
    default:
        out->cls = JC_INT;
        out->i = v->i;
        return NULL;
    }
}

static const char *make_text(const jdbc_cell_rules *rules, jdbc_kind kind, const sl_value *v,
                             jdbc_cell *out) {
    sl_str s = sl_value_str(v);
    if (rules->unavailable.p && sl_str_eq(s, rules->unavailable)) {
        out->cls = JC_UNAVAILABLE;
        return NULL;
    }
    switch (kind) {
    case JK_ZONED_STAMP:
        return make_zoned_stamp(s, out);
    case JK_ISO_DATE:
    case JK_ISO_TIME:
    case JK_ISO_STAMP:
        return make_iso(kind, s, out);
    default:
        return set_text(s, JC_TEXT, out);
    }
}

static bool type_fits(const sl_schema *s, const sl_value *v) {
    return v->type == s->type || (sl_is_int(v) && s->type >= SL_INT8 && s->type <= SL_INT64);
}

const char *jdbc_cell_make(const jdbc_cell_rules *rules, const sl_schema *s, jdbc_kind kind,
                           jdbc_render render, const sl_value *v, sl_arena *arena, jdbc_cell *out) {
    *out = (jdbc_cell){.cls = JC_NULL};
    if (v->type == SL_NULL) {
        if (!rules->null_to_default || !s->default_value || s->default_value->type == SL_NULL) {
            return NULL;
        }
        v = s->default_value;
    }
    if (!type_fits(s, v)) {
        const char *what = sl_arena_printf(arena, "a value of type %s where its schema says %s",
                                           sl_type_name((sl_type)v->type), sl_type_name(s->type))
                               .p;
        return what ? what : jdbc_no_memory;
    }
    if (render == JR_STAMP) {
        return make_listed_stamp(rules, v, out);
    }
    switch ((sl_type)v->type) {
    case SL_FLOAT32:
    case SL_FLOAT64:
        out->cls = JC_FLOAT;
        out->narrow = s->type == SL_FLOAT32;
        out->f = v->f;
        return NULL;
    case SL_STRING:
        return make_text(rules, kind, v, out);
    case SL_BYTES:
        if (rules->unavailable.p && sl_str_eq(sl_value_str(v), rules->unavailable)) {
            out->cls = JC_UNAVAILABLE;
            return NULL;
        }
        if (kind == JK_DECIMAL) {
            return make_decimal(s, v, arena, out);
        }
        return kind == JK_BITS ? jdbc_bits_make(s, v, arena, out) : set_text(sl_value_str(v), JC_BYTES, out);
    case SL_ARRAY:
    case SL_MAP:
    case SL_STRUCT:
        return jdbc_nested_make(rules, s, kind, render, v, arena, out);
    default:
        return make_scalar(rules, kind, render, v, arena, out);
    }
}

/* ---- cells to text ---- */

static void add_float(double f, bool narrow, sl_buf *out) {
    char text[40];
    if (isnan(f) || isinf(f)) {
        sl_buf_add_z(out, isnan(f) ? "NaN" : f > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (int digits = narrow ? 6 : 15; digits <= (narrow ? 9 : 17); digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, f);
        double back = strtod(text, NULL);
        if (narrow ? (float)back == (float)f : back == f) {
            break;
        }
    }
    sl_buf_add_z(out, text);
}

void jdbc_hex_add(sl_str s, sl_buf *out) {
    static const char digits[] = "0123456789abcdef";
    char *to = sl_buf_room(out, s.n * 2);
    if (!to) {
        return;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        to[2 * i] = digits[c >> 4];
        to[2 * i + 1] = digits[c & 15];
    }
    out->n += s.n * 2;
}

static void add_temporal(const jdbc_cell_rules *rules, const jdbc_cell *c, sl_buf *out) {
    if (c->cls != JC_TIME && (c->i == JDBC_INFINITY || c->i == JDBC_MINUS_INFINITY)) {
        sl_buf_add_z(out, c->i > 0 ? "infinity" : "-infinity");
    } else if (c->cls == JC_DATE) {
        jdbc_date_add(c->i, rules->bc_suffix, out);
    } else if (c->cls == JC_TIME) {
        jdbc_time_add(c->i, c->nanos, out);
    } else {
        jdbc_stamp_add(c->i, c->nanos, rules->bc_suffix, c->cls == JC_INSTANT ? "+00:00" : "", out);
    }
}

void jdbc_cell_text(const jdbc_cell_rules *rules, const jdbc_cell *c, sl_buf *out) {
    switch ((jdbc_class)c->cls) {
    case JC_NULL:
    case JC_UNAVAILABLE:
        break;
    case JC_BOOL:
        sl_buf_add_z(out, c->i ? "true" : "false");
        break;
    case JC_INT:
        sl_buf_add_i64(out, c->i);
        break;
    case JC_FLOAT:
        add_float(c->f, c->narrow != 0, out);
        break;
    case JC_NUMBER:
    case JC_TEXT:
        sl_buf_add(out, c->s, c->n);
        break;
    case JC_BYTES:
        sl_buf_add(out, "\\x", 2);
        jdbc_hex_add(sl_str_make(c->s, c->n), out);
        break;
    default:
        add_temporal(rules, c, out);
        break;
    }
}

uint64_t jdbc_cell_hash(const jdbc_cell *c, uint64_t seed) {
    uint64_t h;
    if (c->cls == JC_NUMBER || c->cls == JC_TEXT || c->cls == JC_BYTES) {
        h = sl_str_hash(sl_str_make(c->s, c->n));
    } else {
        h = ((uint64_t)c->i + c->nanos) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return (seed ^ h) * UINT64_C(0xff51afd7ed558ccd) + c->cls;
}

bool jdbc_cell_eq(const jdbc_cell *a, const jdbc_cell *b) {
    if (a->cls != b->cls) {
        return false;
    }
    if (a->cls == JC_NUMBER || a->cls == JC_TEXT || a->cls == JC_BYTES) {
        return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
    }
    return a->i == b->i && a->nanos == b->nanos;
}
