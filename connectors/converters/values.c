/*
 * values.c - the text form of any value, and the guess back: what SimpleHeaderConverter and StringConverter
 * use.
 *
 * Follows org.apache.kafka.connect.data.Values (Kafka 4.3): text in containers is quoted, bytes are Base64,
 * dates are ISO 8601 in UTC; reading tries null, booleans, numbers (the smallest type that holds them), dates
 * and times, arrays, maps, quoted text, and otherwise leaves the text as it is.
 *
 * Threads: pure functions. Memory: values live in the batch's arena; schemas are kept by the batch.
 */
#include "converters.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "text.h"

#define MAX_DEPTH 100
#define DAY_MS 86400000LL

/* ---- writing ---- */

static void put_quoted(sl_buf *out, sl_str s) {
    sl_buf_add_char(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') {
            sl_buf_add_char(out, '\\');
        }
        sl_buf_add_char(out, s.p[i]);
    }
    sl_buf_add_char(out, '"');
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static void put_date(sl_buf *out, int64_t days) {
    time_t seconds = (time_t)days * 86400;
    struct tm tm;
    if (gmtime_r(&seconds, &tm)) {
        sl_buf_printf(out, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    }
}

static void put_time(sl_buf *out, int64_t ms) {
    sl_buf_printf(out, "%02d:%02d:%02d.%03dZ", (int)(ms / 3600000), (int)(ms / 60000 % 60),
                  (int)(ms / 1000 % 60), (int)(ms % 1000));
}

/* put_logical writes what its schema's name makes of a value; false when the name says nothing. */
static bool put_logical(const sl_schema *s, const sl_value *v, sl_buf *out) {
    int64_t scale = 0;
    switch (s ? s->logical : SL_LOGICAL_NONE) {
    case SL_LOGICAL_DECIMAL:
        (void)sl_str_to_i64(sl_schema_param_get(s, SL_STR("scale")), &scale);
        if (!text_decimal(out, sl_value_str(v), (int32_t)scale)) {
            out->failed = true;
        }
        return true;
    case SL_LOGICAL_DATE:
        put_date(out, v->i);
        return true;
    case SL_LOGICAL_TIME:
        put_time(out, v->i);
        return true;
    case SL_LOGICAL_TIMESTAMP:
        put_date(out, floor_div(v->i, DAY_MS));
        sl_buf_add_char(out, 'T');
        put_time(out, v->i - floor_div(v->i, DAY_MS) * DAY_MS);
        return true;
    default:
        return false;
    }
}

static sl_error *put_items(const sl_schema *s, const sl_value *v, sl_buf *out) {
    bool array = v->type == SL_ARRAY;
    sl_buf_add_char(out, array ? '[' : '{');
    for (uint32_t i = 0; i < v->n; i++) {
        if (i) {
            sl_buf_add_char(out, ',');
        }
        if (v->type == SL_STRUCT) {
            put_quoted(out, s->fields[i].name);
            sl_buf_add_char(out, ':');
            SL_TRY(values_write(s->fields[i].schema, &v->items[i], true, out));
            continue;
        }
        if (!array) {
            SL_TRY(values_write(s ? s->key : NULL, &v->items[2 * i], true, out));
            sl_buf_add_char(out, ':');
        }
        SL_TRY(values_write(s ? s->element : NULL, &v->items[array ? i : 2 * i + 1], true, out));
    }
    sl_buf_add_char(out, array ? ']' : '}');
    return NULL;
}

sl_error *values_write(const sl_schema *s, const sl_value *v, bool nested, sl_buf *out) {
    if (v->type != SL_NULL && put_logical(s, v, out)) {
        return out->failed ? sl_error_nomem() : NULL;
    }
    switch ((sl_type)v->type) {
    case SL_NULL:
        sl_buf_add_z(out, "null");
        break;
    case SL_INT8:
    case SL_INT16:
    case SL_INT32:
    case SL_INT64:
        sl_buf_add_i64(out, v->i);
        break;
    case SL_FLOAT32:
        text_float(out, v->f);
        break;
    case SL_FLOAT64:
        text_double(out, v->f);
        break;
    case SL_BOOL:
        sl_buf_add_z(out, v->b ? "true" : "false");
        break;
    case SL_STRING:
        if (nested) {
            put_quoted(out, sl_value_str(v));
        } else {
            sl_buf_add_str(out, sl_value_str(v));
        }
        break;
    case SL_BYTES:
        text_base64(out, sl_value_str(v));
        break;
    case SL_STRUCT:
    case SL_ARRAY:
    case SL_MAP:
        if (v->type == SL_STRUCT && (!s || s->nfields != v->n)) {
            return sl_error_new(SL_E_DATA, SL_USER, "a struct without its schema has no text form");
        }
        SL_TRY(put_items(s, v, out));
        break;
    case SL_TYPE_COUNT:
        break;
    }
    return out->failed ? sl_error_nomem() : NULL;
}

/* ---- reading ---- */

typedef struct scan {
    sl_str in; /* what is left */
    sl_batch *batch;
    unsigned depth;
} scan;

static sl_error *keep(sl_batch *b, sl_error *err, const sl_schema *made, const sl_schema **schema) {
    if (err) {
        return err;
    }
    sl_batch_keep(b, made);
    b->host->schema_unref(made);
    *schema = made;
    return NULL;
}

static sl_error *simple(sl_batch *b, sl_type t, const sl_schema **schema) {
    const sl_schema *made;
    sl_error *err = sl_schema_simple(b->host, t, false, &made);
    return keep(b, err, made, schema);
}

static sl_error *named(sl_batch *b, sl_type t, const char *name, const sl_schema **schema) {
    const sl_schema *made;
    sl_error *err = sl_schema_named(b->host, t, false, name, 1, &made);
    return keep(b, err, made, schema);
}

static sl_type smallest(int64_t i) {
    return i >= INT8_MIN && i <= INT8_MAX     ? SL_INT8
           : i >= INT16_MIN && i <= INT16_MAX ? SL_INT16
           : i >= INT32_MIN && i <= INT32_MAX ? SL_INT32
                                              : SL_INT64;
}

static bool looks_numeric(sl_str t) {
    size_t digits = 0;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        digits += c >= '0' && c <= '9';
        bool sign = (c == '-' || c == '+') && (i == 0 || t.p[i - 1] == 'e' || t.p[i - 1] == 'E');
        if (!(c >= '0' && c <= '9') && !sign && c != '.' && !((c == 'e' || c == 'E') && digits)) {
            return false;
        }
    }
    return digits > 0;
}

/* read_number: whole numbers that fit become integers, others float when a float holds them exactly, then
 * double, then Decimal. */
static sl_error *read_number(sl_str t, sl_batch *b, const sl_schema **schema, sl_value *v, bool *got) {
    int64_t i;
    double d;
    *got = looks_numeric(t);
    if (!*got) {
        return NULL;
    }
    if (sl_str_to_i64(t, &i)) {
        *v = sl_int(smallest(i), i);
        return simple(b, smallest(i), schema);
    }
    sl_str bytes;
    int32_t scale = text_decimal_scale(t);
    if (!text_to_decimal(&b->arena, t, scale, &bytes)) {
        *got = false;
        return b->arena.failed ? sl_error_nomem() : NULL;
    }
    sl_buf text;
    sl_buf_init(&text, &b->arena);
    bool is_double = sl_str_to_f64(t, &d);
    bool is_float = is_double && (double)(float)d == d;
    if (is_double) {
        text_double(&text, d);
        sl_str again = sl_buf_take(&text);
        sl_str same;
        is_double = again.p && text_to_decimal(&b->arena, again, scale > 0 ? scale : 0, &same) &&
                    (scale < 0 || sl_str_eq(same, bytes));
    }
    if (is_double) {
        *v = is_float ? sl_float32(d) : sl_float64(d);
        return simple(b, is_float ? SL_FLOAT32 : SL_FLOAT64, schema);
    }
    const sl_schema *made;
    *v = sl_bytes(bytes);
    return keep(b, sl_schema_decimal(b->host, scale, false, &made), made, schema);
}

/* number_at reads n digits at an index. */
static bool number_at(sl_str t, size_t at, size_t n, int *out) {
    *out = 0;
    for (size_t i = at; i < at + n; i++) {
        if (i >= t.n || t.p[i] < '0' || t.p[i] > '9') {
            return false;
        }
        *out = *out * 10 + (t.p[i] - '0');
    }
    return true;
}

static bool date_at(sl_str t, int64_t *days) {
    int y, m, d;
    if (t.n != 10 || t.p[4] != '-' || t.p[7] != '-' || !number_at(t, 0, 4, &y) || !number_at(t, 5, 2, &m) ||
        !number_at(t, 8, 2, &d) || m < 1 || m > 12 || d < 1 || d > 31) {
        return false;
    }
    struct tm tm = {.tm_year = y - 1900, .tm_mon = m - 1, .tm_mday = d};
    time_t s = timegm(&tm);
    *days = floor_div((int64_t)s, 86400);
    return tm.tm_mday == d;
}

/* time_at reads HH:MM:SS.mmm followed by Z or an offset such as +0100. */
static bool time_at(sl_str t, int64_t *ms) {
    int h, m, s, f;
    if (t.n < 13 || t.p[2] != ':' || t.p[5] != ':' || t.p[8] != '.' || !number_at(t, 0, 2, &h) ||
        !number_at(t, 3, 2, &m) || !number_at(t, 6, 2, &s) || !number_at(t, 9, 3, &f) || h > 23 || m > 59 ||
        s > 59) {
        return false;
    }
    *ms = ((int64_t)h * 3600 + m * 60 + s) * 1000 + f;
    sl_str zone = sl_str_skip(t, 12);
    if (sl_str_eqz(zone, "Z")) {
        return true;
    }
    if (zone.n != 5 || (zone.p[0] != '+' && zone.p[0] != '-') || !number_at(zone, 1, 2, &h) ||
        !number_at(zone, 3, 2, &m)) {
        return false;
    }
    int64_t offset = ((int64_t)h * 60 + m) * 60000;
    *ms -= zone.p[0] == '+' ? offset : -offset;
    return true;
}

static sl_error *read_temporal(sl_str t, sl_batch *b, const sl_schema **schema, sl_value *v, bool *got) {
    int64_t days, ms;
    *got = true;
    if (date_at(t, &days)) {
        *v = sl_int32(days);
        return named(b, SL_INT32, "org.apache.kafka.connect.data.Date", schema);
    }
    if (time_at(t, &ms)) {
        *v = sl_int32((ms % DAY_MS + DAY_MS) % DAY_MS);
        return named(b, SL_INT32, "org.apache.kafka.connect.data.Time", schema);
    }
    if (t.n > 11 && t.p[10] == 'T' && date_at(sl_str_make(t.p, 10), &days) &&
        time_at(sl_str_skip(t, 11), &ms)) {
        *v = sl_int64(days * DAY_MS + ms);
        return named(b, SL_INT64, "org.apache.kafka.connect.data.Timestamp", schema);
    }
    *got = false;
    return NULL;
}

static sl_error *read_word(sl_str t, sl_batch *b, const sl_schema **schema, sl_value *v, bool *got) {
    *got = true;
    if (sl_str_eqz(t, "null")) {
        *v = sl_null();
        *schema = NULL;
        return NULL;
    }
    if (sl_str_eqz(t, "true") || sl_str_eqz(t, "false")) {
        *v = sl_bool(t.n == 4);
        return simple(b, SL_BOOL, schema);
    }
    SL_TRY(read_number(t, b, schema, v, got));
    return *got ? NULL : read_temporal(t, b, schema, v, got);
}

static sl_error *read_one(scan *s, const sl_schema **schema, sl_value *v, bool *got);

static void skip_blank(scan *s) {
    while (s->in.n && (s->in.p[0] == ' ' || s->in.p[0] == '\t' || s->in.p[0] == '\n' || s->in.p[0] == '\r')) {
        s->in = sl_str_skip(s->in, 1);
    }
}

static bool take(scan *s, char c) {
    skip_blank(s);
    if (s->in.n && s->in.p[0] == c) {
        s->in = sl_str_skip(s->in, 1);
        return true;
    }
    return false;
}

/* read_quoted reads text in quotes, with \" and \\. */
static sl_error *read_quoted(scan *s, sl_value *v, bool *got) {
    char *to = sl_arena_bytes(&s->batch->arena, s->in.n + 1);
    size_t n = 0, i = 1;
    if (!to) {
        return sl_error_nomem();
    }
    while (i < s->in.n && s->in.p[i] != '"') {
        i += s->in.p[i] == '\\' && i + 1 < s->in.n;
        to[n++] = s->in.p[i++];
    }
    *got = i < s->in.n;
    *v = sl_string(sl_str_make(to, n));
    s->in = sl_str_skip(s->in, i + 1);
    return NULL;
}

typedef struct items {
    sl_value *values;
    size_t n, cap;
    const sl_schema *key, *element; /* common to all; NULL when they differ */
    bool mixed;
} items;

static bool add_item(items *l, const sl_value *v) {
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 8;
        sl_value *more = sl_realloc(l->values, cap * sizeof(*more));
        if (!more) {
            return false;
        }
        l->values = more;
        l->cap = cap;
    }
    l->values[l->n++] = *v;
    return true;
}

static void agree(const sl_schema **common, const sl_schema *one, bool first, bool *mixed) {
    if (first) {
        *common = one;
    } else if (*common != one) {
        *mixed = true;
    }
}

static sl_error *read_entries(scan *s, bool map, char close, items *l, bool *got) {
    if (take(s, close)) {
        *got = true;
        return NULL;
    }
    do {
        const sl_schema *schema = NULL;
        sl_value v;
        SL_TRY(read_one(s, &schema, &v, got));
        if (!*got || !add_item(l, &v)) {
            return *got ? sl_error_nomem() : NULL;
        }
        if (map) {
            agree(&l->key, schema, l->n == 1, &l->mixed);
            *got = take(s, ':');
            if (!*got) {
                return NULL;
            }
            SL_TRY(read_one(s, &schema, &v, got));
            if (!*got || !add_item(l, &v)) {
                return *got ? sl_error_nomem() : NULL;
            }
        }
        agree(&l->element, schema, l->n == (map ? 2 : 1), &l->mixed);
    } while (take(s, ','));
    *got = take(s, close);
    return NULL;
}

/* finish_container copies the items into the arena; a schema only when all items have the same. */
static sl_error *finish_container(scan *s, bool map, const items *l, const sl_schema **schema, sl_value *v) {
    sl_value *copy = sl_arena_alloc(&s->batch->arena, (l->n ? l->n : 1) * sizeof(*copy));
    if (!copy) {
        return sl_error_nomem();
    }
    if (l->n) {
        memcpy(copy, l->values, l->n * sizeof(*copy));
    }
    *v = sl_container(map ? SL_MAP : SL_ARRAY, copy, map ? l->n / 2 : l->n);
    *schema = NULL;
    if (l->mixed || !l->element || (map && !l->key)) {
        return NULL;
    }
    sl_schema def = {.type = map ? SL_MAP : SL_ARRAY, .key = l->key, .element = l->element};
    const sl_schema *made;
    return keep(s->batch, s->batch->host->schema_intern(&def, &made), made, schema);
}

static sl_error *read_container(scan *s, bool map, const sl_schema **schema, sl_value *v, bool *got) {
    items l = {0};
    s->in = sl_str_skip(s->in, 1);
    *got = ++s->depth <= MAX_DEPTH;
    sl_error *err = *got ? read_entries(s, map, map ? '}' : ']', &l, got) : NULL;
    if (!err && *got) {
        err = finish_container(s, map, &l, schema, v);
    }
    s->depth--;
    sl_free(l.values);
    return err;
}

/* read_one reads a value within a container. */
static sl_error *read_one(scan *s, const sl_schema **schema, sl_value *v, bool *got) {
    skip_blank(s);
    *got = s->in.n > 0;
    if (!*got) {
        return NULL;
    }
    if (s->in.p[0] == '"') {
        SL_TRY(read_quoted(s, v, got));
        return simple(s->batch, SL_STRING, schema);
    }
    if (s->in.p[0] == '[' || s->in.p[0] == '{') {
        return read_container(s, s->in.p[0] == '{', schema, v, got);
    }
    size_t n = 0;
    while (n < s->in.n && !strchr(",:]}[{\"", s->in.p[n])) {
        n++;
    }
    if (n >= 2 && n + 7 < s->in.n && s->in.p[n] == ':') { /* a time of day has colons of its own */
        size_t m = n;
        while (m < s->in.n && !strchr(",]}[{\"", s->in.p[m])) {
            m++;
        }
        SL_TRY(read_temporal(sl_str_trim(sl_str_make(s->in.p, m)), s->batch, schema, v, got));
        if (*got) {
            s->in = sl_str_skip(s->in, m);
            return NULL;
        }
    }
    sl_str word = sl_str_trim(sl_str_make(s->in.p, n));
    s->in = sl_str_skip(s->in, n);
    SL_TRY(read_word(word, s->batch, schema, v, got));
    return NULL;
}

sl_error *values_read(sl_str text, sl_batch *batch, const sl_schema **schema, sl_value *v) {
    bool got = false;
    scan s = {.in = sl_str_trim(text), .batch = batch};
    *v = sl_string(text);
    if (s.in.n && (s.in.p[0] == '"' || s.in.p[0] == '[' || s.in.p[0] == '{')) {
        SL_TRY(read_one(&s, schema, v, &got));
        skip_blank(&s);
        got = got && s.in.n == 0;
    } else if (s.in.n) {
        SL_TRY(read_word(s.in, batch, schema, v, &got));
    }
    if (got) {
        return NULL;
    }
    *v = sl_string(text);
    return simple(batch, SL_STRING, schema);
}

/* ---- the header converter ---- */

static sl_error *header_open(const sl_context *ctx, int usage, void **state) {
    (void)usage;
    *state = (void *)ctx; /* nothing to keep */
    return NULL;
}

static void header_close(void *state) {
    (void)state;
}

static sl_error *header_to_bytes(void *state, sl_str topic, sl_str header, const sl_schema *schema,
                                 const sl_value *value, sl_buf *out, bool *is_null) {
    (void)state;
    (void)topic;
    (void)header;
    *is_null = value->type == SL_NULL;
    return *is_null ? NULL : values_write(schema, value, false, out);
}

static sl_error *header_from_bytes(void *state, sl_str topic, sl_str header, sl_str bytes, sl_batch *batch,
                                   const sl_schema **schema, sl_value *value) {
    (void)state;
    (void)topic;
    (void)header;
    *schema = NULL;
    *value = sl_null();
    if (!bytes.p) {
        return NULL;
    }
    if (!sl_str_is_utf8(bytes)) { /* as Java: what is no text stays bytes */
        *value = sl_bytes(bytes);
        return simple(batch, SL_BYTES, schema);
    }
    return values_read(bytes, batch, schema, value);
}

const sl_converter_ops simple_header_ops = {
    .open = header_open,
    .to_bytes = header_to_bytes,
    .from_bytes = header_from_bytes,
    .close = header_close,
};
