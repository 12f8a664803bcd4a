/*
 * literal.c - see literal.h.
 *
 * The text is cut into tokens: each of :,[]{}" that no backslash stands before is one, and so is what is
 * between them. A list or map that turns out not to be one is taken for a string as a whole.
 */
#include "literal.h"

#include <math.h>

#include "java_number.h"
#include "java_time.h"
#include "simple_date.h"

#define MAX_DEPTH 100u

typedef struct parser {
    const sl_host *host;
    sl_arena *arena;
    sl_str in;
    size_t at;   /* behind the token that was looked at */
    sl_str next; /* that token; absent = none was */
    bool after_comma;
    unsigned depth;
    const sl_schema **made; /* references to give back */
    uint32_t nmade;
    size_t made_cap;
} parser;

/* What a text was found to be; ok = false: not what it looked like. */
typedef struct found {
    bool ok;
    const sl_schema *schema; /* NULL = none: null, or a container of mixed items */
    sl_value v;
} found;

static sl_error *parse_value(parser *p, bool embedded, found *out);

/* ---- tokens ---- */

static bool has_more(const parser *p) {
    return p->next.p || p->at < p->in.n;
}

static bool is_delimiter(char c) {
    return c != '\0' && strchr(":,{}[]\"", c);
}

static sl_str cut_token(parser *p) {
    size_t start = p->at;
    bool escaped = false;
    while (p->at < p->in.n) {
        char c = p->in.p[p->at];
        if (is_delimiter(c) && !escaped) {
            p->at += p->at == start;
            break;
        }
        escaped = c == '\\' && !escaped;
        p->at++;
    }
    return sl_str_make(p->in.p + start, p->at - start);
}

static size_t mark(const parser *p) {
    return p->at - (p->next.p ? p->next.n : 0);
}

static void rewind_to(parser *p, size_t at) {
    p->at = at;
    p->next = SL_STR_NONE;
}

static sl_str take_token(parser *p) {
    sl_str t = p->next.p ? p->next : cut_token(p);
    p->next = SL_STR_NONE;
    return t;
}

/* consume takes the next token if it is that word, white space aside. */
static bool consume(parser *p, const char *word) {
    if (!has_more(p)) {
        return false;
    }
    if (!p->next.p) {
        p->next = cut_token(p);
    }
    while (sl_str_trim(p->next).n == 0 && p->at < p->in.n) {
        p->next = cut_token(p);
    }
    if (!sl_str_eqz(sl_str_trim(p->next), word)) {
        return false;
    }
    p->next = SL_STR_NONE;
    p->after_comma = word[0] == ',';
    return true;
}

/* ---- schemas ---- */

/* own notes a reference that is given back at the end. */
static sl_error *own(parser *p, sl_error *err, const sl_schema *const *s, found *out) {
    if (!err) {
        p->made[p->nmade++] = *s;
        out->schema = *s;
        out->ok = true;
    }
    return err;
}

/* room makes place for one more reference. */
static sl_error *room(parser *p) {
    const sl_schema **made = sl_grow(p->made, p->nmade, &p->made_cap, sizeof *made);
    if (!made) {
        return sl_error_nomem();
    }
    p->made = made;
    return NULL;
}

static sl_error *simple(parser *p, sl_value v, found *out) {
    const sl_schema *s = NULL;
    out->v = v;
    SL_TRY(room(p));
    return own(p, sl_schema_simple(p->host, (sl_type)v.type, false, &s), &s, out);
}

static sl_error *named(parser *p, const char *name, sl_value v, found *out) {
    const sl_schema *s = NULL;
    out->v = v;
    SL_TRY(room(p));
    return own(p, sl_schema_named(p->host, (sl_type)v.type, false, name, 1, &s), &s, out);
}

/* ---- words ---- */

static sl_error *read_date(parser *p, const char *pattern, sl_str text, bool *ok, int64_t *ms) {
    simple_date *f = NULL;
    (void)p;
    SL_TRY(simple_date_new(sl_str_of(pattern), &f));
    *ok = simple_date_parse(f, text, ms);
    simple_date_free(f);
    return NULL;
}

/* read_temporal: the length says whether it can be a time of day, a date or both. */
static sl_error *read_temporal(parser *p, sl_str text, found *out) {
    char plain[64];
    size_t n = 0;
    bool ok = false;
    int64_t ms = 0;
    for (size_t i = 0; i < text.n && n < sizeof plain; i++) {
        if (!(text.p[i] == '\\' && i + 1 < text.n && text.p[i + 1] == ':')) {
            plain[n++] = text.p[i];
        }
    }
    sl_str s = sl_str_make(plain, n);
    out->ok = false;
    if (n == 13) {
        SL_TRY(read_date(p, "HH:mm:ss.SSS'Z'", s, &ok, &ms));
        return ok ? named(p, "org.apache.kafka.connect.data.Time", sl_int32(ms), out) : NULL;
    }
    if (n == 24) {
        SL_TRY(read_date(p, "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", s, &ok, &ms));
        return ok ? named(p, "org.apache.kafka.connect.data.Timestamp", sl_int64(ms), out) : NULL;
    }
    if (n == 10) {
        SL_TRY(read_date(p, "yyyy-MM-dd", s, &ok, &ms));
        return ok ? named(p, "org.apache.kafka.connect.data.Date", sl_int32(java_floor_div(ms, MS_PER_DAY)),
                          out)
                  : NULL;
    }
    return NULL;
}

/* is_whole tells whether a decimal is an integer of 64 bits. */
static bool is_whole(const java_decimal *d, parser *p, int64_t *out) {
    sl_str bytes = java_decimal_bytes(p->arena, d, 0);
    if (!bytes.p || bytes.n > 8) {
        return false;
    }
    uint64_t v = (unsigned char)bytes.p[0] & 0x80u ? UINT64_MAX : 0;
    for (size_t i = 0; i < bytes.n; i++) {
        v = v << 8 | (unsigned char)bytes.p[i];
    }
    *out = (int64_t)v;
    return true;
}

static sl_type smallest_type(int64_t i) {
    return i == (int8_t)i ? SL_INT8 : i == (int16_t)i ? SL_INT16 : i == (int32_t)i ? SL_INT32 : SL_INT64;
}

static sl_error *read_number(parser *p, sl_str text, found *out) {
    java_decimal d;
    int64_t whole;
    const sl_schema *s = NULL;
    out->ok = false;
    if (!java_decimal_parse(p->arena, text, &d)) {
        return NULL;
    }
    if (is_whole(&d, p, &whole)) {
        return simple(p, sl_int(smallest_type(whole), whole), out);
    }
    double f = java_decimal_double(&d, true);
    if (isfinite(f) && d.scale != 0) {
        return simple(p, sl_float32(f), out);
    }
    f = java_decimal_double(&d, false);
    if (isfinite(f) && d.scale != 0) {
        return simple(p, sl_float64(f), out);
    }
    sl_str bytes = java_decimal_bytes(p->arena, &d, d.scale);
    if (!bytes.p || d.scale != (int32_t)d.scale) {
        return NULL;
    }
    out->v = sl_bytes(bytes);
    SL_TRY(room(p));
    return own(p, sl_schema_decimal(p->host, (int32_t)d.scale, false, &s), &s, out);
}

/* read_split_temporal: a time has colons, so that it is five tokens: the given one and the next four. */
static sl_error *read_split_temporal(parser *p, sl_str token, found *out) {
    size_t start = mark(p);
    size_t from = (size_t)(token.p - p->in.p);
    for (int i = 0; i < 4; i++) {
        if (!has_more(p)) {
            rewind_to(p, start);
            return read_temporal(p, token, out);
        }
        (void)take_token(p);
    }
    SL_TRY(read_temporal(p, sl_str_make(p->in.p + from, p->at - from), out));
    if (out->ok) {
        return NULL;
    }
    rewind_to(p, start);
    return read_temporal(p, token, out);
}

static sl_error *read_word(parser *p, bool embedded, found *out) {
    sl_str token = take_token(p);
    sl_str word = sl_str_trim(token);
    out->ok = false;
    if (word.n == 0) {
        return simple(p, sl_string(token), out);
    }
    bool digit = word.p[0] >= '0' && word.p[0] <= '9';
    if (digit) {
        SL_TRY(read_split_temporal(p, word, out));
    }
    if (!out->ok && (digit || word.p[0] == '+' || word.p[0] == '-')) {
        SL_TRY(read_number(p, word, out));
    }
    return out->ok || embedded ? NULL : simple(p, sl_string(p->in), out);
}

/* read_quoted: behind a quotation mark. */
static sl_error *read_quoted(parser *p, found *out) {
    sl_buf text;
    sl_buf_init(&text, NULL);
    while (has_more(p) && !consume(p, "\"")) {
        sl_buf_add_str(&text, take_token(p));
    }
    sl_str copy = sl_arena_str(p->arena, text.n ? sl_buf_view(&text) : SL_STR(""));
    bool failed = text.failed || !copy.p;
    sl_buf_deinit(&text);
    if (failed) {
        return sl_error_nomem();
    }
    SL_TRY(read_temporal(p, copy, out));
    return out->ok ? NULL : simple(p, sl_string(copy), out);
}

/* ---- lists and maps ---- */

/* The items of a list, or the keys, or the values of a map. */
typedef struct column {
    const sl_schema *common; /* NULL = none yet, or mixed */
    bool mixed;
    bool has_null;
} column;

static int number_rank(const sl_schema *s) {
    return s->type <= SL_FLOAT64 ? (int)s->type : 0; /* in the order of what holds what */
}

static void merge(column *c, const found *f) {
    const sl_schema *s = f->schema;
    c->has_null = c->has_null || sl_is_null(&f->v);
    if (c->mixed || (!s && sl_is_null(&f->v))) {
        return;
    }
    if (!s) {
        c->mixed = true;
    } else if (!c->common || c->common == s) {
        c->common = s;
    } else if (number_rank(c->common) && number_rank(s)) {
        c->common = number_rank(s) >= number_rank(c->common) ? s : c->common;
    } else {
        c->mixed = true;
    }
    c->common = c->mixed ? NULL : c->common;
}

static void align(const column *c, sl_value *v) {
    sl_type to = c->common->type;
    if (v->type != to && (to == SL_FLOAT32 || to == SL_FLOAT64) && sl_is_int(v)) {
        v->f = to == SL_FLOAT32 ? (double)(float)v->i : (double)v->i;
    }
    v->type = (uint8_t)to;
}

/* finish aligns the items with their common types, and makes the schema when there is one. */
static sl_error *finish(parser *p, bool map, sl_value *items, size_t n, const column cols[2], found *out) {
    const sl_schema *s = NULL;
    bool typed = cols[0].common && (!map || cols[1].common);
    out->ok = true;
    out->schema = NULL;
    out->v = sl_container(map ? SL_MAP : SL_ARRAY, items, map ? n / 2 : n);
    for (size_t i = 0; i < n; i++) {
        const column *c = &cols[map ? i % 2 : 0];
        if (c->common && c->has_null) {
            out->ok = false; /* as Java: the schema would not be optional */
            return NULL;
        }
        if (c->common) {
            align(c, &items[i]);
        }
    }
    if (!typed) {
        return NULL;
    }
    sl_schema def = {
        .type = map ? SL_MAP : SL_ARRAY, .key = map ? cols[0].common : NULL, .element = cols[map].common};
    SL_TRY(room(p));
    return own(p, p->host->schema_intern(&def, &s), &s, out);
}

static sl_error *grow(sl_value **items, size_t n, size_t *cap) {
    sl_value *p = sl_grow(*items, n, cap, sizeof *p);
    if (!p) {
        return sl_error_nomem();
    }
    *items = p;
    return NULL;
}

/* read_entry reads a list's item, or a map's key and value. */
static sl_error *read_entry(parser *p, bool map, sl_value **items, size_t *n, size_t *cap, column cols[2],
                            bool *ok) {
    found f;
    for (int i = 0; i < (map ? 2 : 1); i++) {
        SL_TRY(grow(items, *n, cap));
        SL_TRY(parse_value(p, true, &f));
        *ok = f.ok && !(map && i == 0 && (sl_is_null(&f.v) || !consume(p, ":")));
        if (!*ok) {
            return NULL;
        }
        merge(&cols[i], &f);
        (*items)[(*n)++] = f.v;
    }
    return NULL;
}

static sl_error *read_entries(parser *p, bool map, sl_value **items, size_t *n, column cols[2], bool *ok) {
    const char *end = map ? "}" : "]";
    size_t cap = 0;
    *ok = true;
    while (*ok && has_more(p)) {
        if (consume(p, end)) {
            return NULL;
        }
        *ok = !consume(p, ",");
        if (*ok) {
            SL_TRY(read_entry(p, map, items, n, &cap, cols, ok));
        }
        if (*ok && !consume(p, ",") && !map) {
            size_t at = mark(p);
            *ok = consume(p, end);
            rewind_to(p, at);
        }
    }
    *ok = false; /* the end is missing */
    return NULL;
}

static sl_error *read_container(parser *p, bool map, found *out) {
    column cols[2] = {{0}, {0}};
    sl_value *items = NULL;
    size_t n = 0;
    bool ok = ++p->depth <= MAX_DEPTH;
    sl_error *err = ok ? read_entries(p, map, &items, &n, cols, &ok) : NULL;
    p->depth--;
    out->ok = false;
    if (!err && ok) {
        sl_value *copy = sl_arena_alloc(p->arena, (n + 1) * sizeof *copy);
        if (copy && n) {
            memcpy(copy, items, n * sizeof *copy);
        }
        err = copy ? finish(p, map, copy, n, cols, out) : sl_error_nomem();
    }
    sl_free(items);
    return err;
}

/* ---- values ---- */

/* consume_alone takes a word that, outside of lists and maps, must be all that there is. */
static bool consume_alone(parser *p, bool embedded, const char *word) {
    size_t start = mark(p);
    if (consume(p, word)) {
        if (embedded || !has_more(p)) {
            return true;
        }
    }
    rewind_to(p, start);
    return false;
}

static sl_error *parse_value(parser *p, bool embedded, found *out) {
    *out = (found){.ok = true};
    if (!has_more(p)) {
        return NULL;
    }
    if (embedded && consume(p, "\"")) {
        return read_quoted(p, out);
    }
    if (consume_alone(p, embedded, "null")) {
        return NULL;
    }
    if (consume_alone(p, embedded, "true")) {
        return simple(p, sl_bool(true), out);
    }
    if (consume_alone(p, embedded, "false")) {
        return simple(p, sl_bool(false), out);
    }
    size_t start = mark(p);
    bool list = consume(p, "[");
    if (list || consume(p, "{")) {
        SL_TRY(read_container(p, !list, out));
        if (out->ok) {
            return NULL;
        }
        rewind_to(p, start);
    }
    return read_word(p, embedded, out);
}

sl_error *literal_parse(const sl_host *host, sl_str text, sl_arena *arena, const sl_schema **schema,
                        sl_value *v) {
    found f = {0};
    sl_str copy = sl_arena_str(arena, text.n ? text : SL_STR(""));
    parser p = {.host = host, .arena = arena, .in = copy};
    *schema = NULL;
    sl_error *err = !copy.p  ? sl_error_nomem()
                    : text.n ? parse_value(&p, false, &f)
                             : simple(&p, sl_string(copy), &f);
    if (!err && f.schema) {
        host->schema_ref(f.schema);
        *schema = f.schema;
    }
    for (uint32_t i = 0; i < p.nmade; i++) {
        host->schema_unref(p.made[i]);
    }
    sl_free(p.made);
    *v = f.v;
    return err;
}
