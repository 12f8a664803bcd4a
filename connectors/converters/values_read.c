/*
 * values_read.c - what a text looks like: null, a boolean, a number, a date or time, an array or a map.
 *
 * Follows org.apache.kafka.connect.data.Values.parseString (Kafka 4.3), with one rule on top: a text is taken
 * for something else only when nothing of it gets lost. So
 *   - what stands behind a value makes all of it text ("1,2" and "[1] x" are text; Java reads 1 and [1]);
 *   - a number is a FLOAT32 when a float holds all its digits, else a FLOAT64, else a Decimal (in Java a
 *     FLOAT32 whatever is lost);
 *   - dates are those that exist, in full (Java takes 12-25-2024 and 2024-02-31 for some date);
 *   - \" and \\ in quotes are undone, as they were done in writing;
 *   - containers of dates and times with other things are text, as such items would lose their schema.
 * A container without one schema for all its items has none.
 *
 * Threads: pure functions. Memory: values live in the batch's arena; schemas are kept by the batch.
 */
#include "converters.h"

#include "calendar.h"
#include "text.h"

#include <math.h>

#define MAX_DEPTH 100
#define MANY_PAIRS 4096

static sl_error *keep(sl_batch *b, sl_error *err, const sl_schema *made, const sl_schema **schema) {
    if (err) {
        return err;
    }
    sl_batch_keep(b, made);
    b->host->schema_unref(made);
    *schema = made;
    return b->failed ? sl_error_nomem() : NULL; /* then the batch does not hold it */
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

/* ---- numbers ---- */

static sl_type smallest(int64_t i) {
    return i == (int8_t)i ? SL_INT8 : i == (int16_t)i ? SL_INT16 : i == (int32_t)i ? SL_INT32 : SL_INT64;
}

static int64_t int_of(sl_str bytes) {
    uint64_t v = bytes.p[0] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.n; i++) {
        v = v << 8 | (unsigned char)bytes.p[i];
    }
    return (int64_t)v;
}

/* floating_type: the smaller floating point type whose text is the number t, or SL_NULL. */
static sl_type floating_type(sl_str t, double *value) {
    static const sl_type types[] = {SL_FLOAT32, SL_FLOAT64};
    for (size_t i = 0; i < 2; i++) {
        char room[64];
        sl_buf b = {.p = room, .cap = sizeof(room)}; /* never grows: a number has 26 characters at most */
        *value = types[i] == SL_FLOAT32 ? text_to_float(t) : text_to_double(t);
        (types[i] == SL_FLOAT32 ? sl_buf_add_float : sl_buf_add_double)(&b, *value);
        if (isfinite(*value) && text_same_number(sl_buf_view(&b), t)) {
            return types[i];
        }
    }
    return SL_NULL;
}

static sl_error *read_decimal(sl_str t, int32_t scale, sl_batch *b, const sl_schema **schema, sl_value *v,
                              bool *got) {
    sl_str bytes;
    const sl_schema *made;
    *got = text_to_decimal(&b->arena, t, scale, &bytes);
    if (!*got) {
        return b->arena.failed ? sl_error_nomem() : NULL;
    }
    *v = sl_bytes(bytes);
    sl_error *err = sl_schema_decimal(b->host, scale, false, &made);
    return keep(b, err, made, schema);
}

/* read_number: whole numbers that fit become integers, also when written 1.0 or 1e3. */
static sl_error *read_number(sl_str t, sl_batch *b, const sl_schema **schema, sl_value *v, bool *got) {
    int32_t scale;
    sl_str bytes;
    bool begins = t.n && ((t.p[0] >= '0' && t.p[0] <= '9') || t.p[0] == '+' || t.p[0] == '-');
    *got = begins && text_number_scale(t, &scale);
    if (!*got) {
        return NULL;
    }
    if (text_to_decimal(&b->arena, t, 0, &bytes) && bytes.n <= 8) {
        *v = sl_int(smallest(int_of(bytes)), int_of(bytes));
        return simple(b, (sl_type)v->type, schema);
    }
    double d = 0;
    sl_type type = scale ? floating_type(t.p[0] == '+' ? sl_str_skip(t, 1) : t, &d) : SL_NULL;
    if (type == SL_NULL) {
        return read_decimal(t, scale, b, schema, v, got);
    }
    *v = type == SL_FLOAT32 ? sl_float32(d) : sl_float64(d);
    return simple(b, type, schema);
}

/* ---- dates and times ---- */

static sl_error *read_temporal(sl_str t, sl_batch *b, const sl_schema **schema, sl_value *v, bool *got) {
    int64_t days, ms;
    *got = true;
    if (calendar_get_date(t, &days)) {
        *v = sl_int32(days);
        return named(b, SL_INT32, "org.apache.kafka.connect.data.Date", schema);
    }
    if (calendar_get_time(t, &ms)) {
        *v = sl_int32(ms);
        return named(b, SL_INT32, "org.apache.kafka.connect.data.Time", schema);
    }
    if (t.n == 24 && t.p[10] == 'T' && calendar_get_date(sl_str_make(t.p, 10), &days) &&
        calendar_get_time(sl_str_skip(t, 11), &ms)) {
        *v = sl_int64(days * DAY_MS + ms);
        return named(b, SL_INT64, "org.apache.kafka.connect.data.Timestamp", schema);
    }
    *got = false;
    return NULL;
}

/* plain_colons copies t with \: turned into : as it may stand in dates; longer texts are none. */
static sl_str plain_colons(sl_str t, char room[32]) {
    size_t n = 0;
    for (size_t i = 0; i < t.n && n < 32; i++) {
        i += t.p[i] == '\\' && i + 1 < t.n && t.p[i + 1] == ':';
        room[n++] = t.p[i];
    }
    return sl_str_make(room, n);
}

static sl_error *read_word(sl_str t, sl_batch *b, const sl_schema **schema, sl_value *v, bool *got) {
    char room[32];
    *got = true;
    *schema = NULL;
    if (sl_str_eqz(t, "null")) {
        *v = sl_null();
        return NULL;
    }
    if (sl_str_eqz(t, "true") || sl_str_eqz(t, "false")) {
        *v = sl_bool(t.n == 4);
        return simple(b, SL_BOOL, schema);
    }
    SL_TRY(read_temporal(plain_colons(t, room), b, schema, v, got));
    return *got ? NULL : read_number(t, b, schema, v, got);
}

/* ---- one schema for many items ---- */

typedef struct common {
    const sl_schema *schema; /* NULL = only nulls so far, or nothing in common */
    bool nulls, others;      /* there are some */
    bool differ;
    bool logical; /* an item means more than its value */
} common;

static bool is_number(const sl_schema *s) {
    return s->type <= SL_FLOAT64 && !s->name.p;
}

static void agree(common *c, const sl_schema *s, const sl_value *v) {
    c->nulls = c->nulls || v->type == SL_NULL;
    if (v->type == SL_NULL) {
        return;
    }
    c->logical = c->logical || (s && s->name.p);
    if (!c->others) {
        c->schema = s;
        c->differ = !s;
    } else if (!c->differ && c->schema != s) {
        c->differ = !s || !is_number(s) || !is_number(c->schema);
        c->schema = !c->differ && s->type > c->schema->type ? s : c->schema;
    }
    c->others = true;
}

/* settled: nothing that the items are would get lost. As in Java, nulls beside other items make all of it
   text. */
static bool settled(const common *c) {
    return !(c->differ && c->logical) && !(c->nulls && c->others && !c->differ);
}

static const sl_schema *shared(const common *c) {
    return c->differ ? NULL : c->schema;
}

/* widen makes a number one of the common type. */
static void widen(sl_value *v, const sl_schema *s) {
    if (!s || v->type == s->type || !is_number(s)) {
        return;
    }
    if (s->type < SL_FLOAT32) {
        v->type = (uint8_t)s->type;
        return;
    }
    double d = sl_is_int(v) ? (double)v->i : v->f;
    *v = s->type == SL_FLOAT32 ? sl_float32(sl_is_int(v) ? (double)(float)v->i : d) : sl_float64(d);
}

/* ---- containers ---- */

typedef struct scan {
    sl_str in; /* what is left */
    sl_batch *batch;
    unsigned depth;
} scan;

typedef struct items {
    sl_value *values; /* on the heap */
    size_t n, cap;
    common keys, elements;
} items;

static sl_error *read_one(scan *s, const sl_schema **schema, sl_value *v, bool *got);

static bool add_item(items *l, const sl_value *v) {
    sl_value *more = sl_grow(l->values, l->n, &l->cap, sizeof *more);
    if (!more) {
        return false;
    }
    l->values = more;
    l->values[l->n++] = *v;
    return true;
}

static void skip_blank(scan *s) {
    while (s->in.n && (unsigned char)s->in.p[0] <= ' ') {
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

static sl_error *read_item(scan *s, items *l, common *c, bool *got) {
    const sl_schema *schema = NULL;
    sl_value v;
    SL_TRY(read_one(s, &schema, &v, got));
    if (!*got) {
        return NULL;
    }
    agree(c, schema, &v);
    return add_item(l, &v) ? NULL : sl_error_nomem();
}

/* read_items reads up to the closing bracket; a comma may stand before it. */
static sl_error *read_items(scan *s, bool map, items *l, bool *got) {
    char close = map ? '}' : ']';
    *got = true;
    while (*got && !take(s, close)) {
        if (map) {
            SL_TRY(read_item(s, l, &l->keys, got));
            *got = *got && l->values[l->n - 1].type != SL_NULL && take(s, ':');
        }
        if (*got) {
            SL_TRY(read_item(s, l, &l->elements, got));
        }
        bool comma = *got && take(s, ',');
        skip_blank(s);
        *got = *got && s->in.n && (comma || s->in.p[0] == close);
    }
    *got = *got && settled(&l->elements) && settled(&l->keys);
    return NULL;
}

/* last_wins takes out a map's earlier entries of equal keys; very large maps keep them. */
static size_t last_wins(sl_value *pairs, size_t n) {
    size_t kept = 0;
    if (n > MANY_PAIRS) {
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < kept && !sl_value_eq(&pairs[2 * at], &pairs[2 * i])) {
            at++;
        }
        pairs[2 * at] = pairs[2 * i];
        pairs[2 * at + 1] = pairs[2 * i + 1];
        kept += at == kept;
    }
    return kept;
}

static sl_error *finish_container(scan *s, bool map, const items *l, const sl_schema **schema, sl_value *v) {
    sl_value *copy = sl_arena_alloc(&s->batch->arena, (l->n ? l->n : 1) * sizeof(*copy));
    if (!copy) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < l->n; i++) {
        copy[i] = l->values[i];
        widen(&copy[i], shared(map && i % 2 == 0 ? &l->keys : &l->elements));
    }
    *v = sl_container(map ? SL_MAP : SL_ARRAY, copy, map ? last_wins(copy, l->n / 2) : l->n);
    *schema = NULL;
    sl_schema def = {.type = (sl_type)v->type, .key = shared(&l->keys), .element = shared(&l->elements)};
    if (!def.element || (map && !def.key)) {
        return NULL;
    }
    const sl_schema *made;
    sl_error *err = s->batch->host->schema_intern(&def, &made);
    return keep(s->batch, err, made, schema);
}

static sl_error *read_container(scan *s, bool map, const sl_schema **schema, sl_value *v, bool *got) {
    items l = {0};
    sl_error *err = NULL;
    s->in = sl_str_skip(s->in, 1);
    *got = ++s->depth <= MAX_DEPTH;
    if (*got) {
        err = read_items(s, map, &l, got);
    }
    if (!err && *got) {
        err = finish_container(s, map, &l, schema, v);
    }
    s->depth--;
    sl_free(l.values);
    return err;
}

/* read_quoted reads text in quotes; a date or time in quotes is one. */
static sl_error *read_quoted(scan *s, const sl_schema **schema, sl_value *v, bool *got) {
    char room[32];
    size_t end = 1, n = 0;
    while (end < s->in.n && s->in.p[end] != '"') {
        end += s->in.p[end] == '\\' && end + 1 < s->in.n ? 2 : 1;
    }
    *got = end < s->in.n;
    if (!*got) {
        return NULL;
    }
    sl_str raw = sl_str_make(s->in.p + 1, end - 1);
    s->in = sl_str_skip(s->in, end + 1);
    SL_TRY(read_temporal(plain_colons(raw, room), s->batch, schema, v, got));
    if (*got) {
        return NULL;
    }
    char *to = sl_arena_bytes(&s->batch->arena, raw.n + 1);
    if (!to) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < raw.n; i++) {
        i += raw.p[i] == '\\' && i + 1 < raw.n && (raw.p[i + 1] == '"' || raw.p[i + 1] == '\\');
        to[n++] = raw.p[i];
    }
    *got = true;
    *v = sl_string(sl_str_make(to, n));
    return simple(s->batch, SL_STRING, schema);
}

/* word_length: up to the next delimiter that no backslash stands before. */
static size_t word_length(sl_str t) {
    size_t n = 0;
    while (n < t.n && !strchr(",:{}[]\"", t.p[n] ? t.p[n] : 'x')) {
        n += t.p[n] == '\\' && n + 1 < t.n ? 2 : 1;
    }
    return n;
}

/* read_clock reads a time or timestamp, which has colons of its own. */
static sl_error *read_clock(scan *s, const sl_schema **schema, sl_value *v, bool *got) {
    static const size_t lengths[] = {24, 13};
    *got = false;
    for (size_t i = 0; i < 2 && !*got; i++) {
        sl_str rest = sl_str_skip(s->in, lengths[i]);
        if (s->in.n >= lengths[i] && word_length(sl_str_trim(rest)) == 0) {
            SL_TRY(read_temporal(sl_str_make(s->in.p, lengths[i]), s->batch, schema, v, got));
            s->in = *got ? rest : s->in;
        }
    }
    return NULL;
}

/* read_one reads a value within a container. */
static sl_error *read_one(scan *s, const sl_schema **schema, sl_value *v, bool *got) {
    skip_blank(s);
    *got = s->in.n > 0;
    if (!*got) {
        return NULL;
    }
    if (s->in.p[0] == '"') {
        return read_quoted(s, schema, v, got);
    }
    if (s->in.p[0] == '[' || s->in.p[0] == '{') {
        return read_container(s, s->in.p[0] == '{', schema, v, got);
    }
    SL_TRY(read_clock(s, schema, v, got));
    if (*got) {
        return NULL;
    }
    size_t n = word_length(s->in);
    sl_str word = sl_str_trim(sl_str_make(s->in.p, n));
    s->in = sl_str_skip(s->in, n);
    return read_word(word, s->batch, schema, v, got);
}

sl_error *values_read(sl_str text, sl_batch *batch, const sl_schema **schema, sl_value *v) {
    bool got = false;
    scan s = {.in = text, .batch = batch};
    skip_blank(&s);
    if (s.in.n && (s.in.p[0] == '[' || s.in.p[0] == '{')) {
        SL_TRY(read_one(&s, schema, v, &got));
        skip_blank(&s);
        got = got && s.in.n == 0;
    } else if (s.in.n) {
        SL_TRY(read_word(sl_str_trim(s.in), batch, schema, v, &got));
    }
    if (got) {
        return NULL;
    }
    *v = sl_string(text);
    return simple(batch, SL_STRING, schema);
}
