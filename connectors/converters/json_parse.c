/*
 * json_parse.c - a parser of JSON (RFC 8259) straight into values in an arena.
 *
 * Strings without escapes are views of the input. Depth and the length of numbers are bounded as Jackson
 * bounds them; the input must be UTF-8. As Kafka Connect's, it takes zeros in front of a number. Unlike it,
 * it refuses anything behind the value, which Java drops without a word.
 */
#include "json.h"

#include "text.h"

#define MAX_DEPTH 1000
#define MANY_MEMBERS 64 /* objects larger than this are searched for equal names at their end, by a table */
#define MAX_NUMBER 1000 /* characters, as Jackson's limit */

sl_error *json_expected(const json_parser *p, const char *what) {
    if (p->p >= p->end) {
        return sl_error_new(SL_E_DATA, SL_USER, "the JSON ends at byte %zu where %s was expected",
                            (size_t)(p->p - p->start), what);
    }
    return sl_error_new(SL_E_DATA, SL_USER, "bad JSON at byte %zu: expected %s", (size_t)(p->p - p->start),
                        what);
}

void json_skip_space(json_parser *p) {
    while (p->p < p->end && (*p->p == ' ' || *p->p == '\n' || *p->p == '\t' || *p->p == '\r')) {
        p->p++;
    }
}

/* ---- strings ---- */

static int hex4(const json_parser *p, const char *at) {
    int v = 0;
    if (p->end - at < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0) {
            return -1;
        }
        v = v << 4 | d;
    }
    return v;
}

static char *put_utf8(char *to, uint32_t c) {
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* unicode reads what follows \u; a lone surrogate becomes '?', as Java's UTF-8 encoder makes of it. */
static bool unicode(json_parser *p, uint32_t *c) {
    int high = hex4(p, p->p);
    if (high < 0) {
        return false;
    }
    p->p += 4;
    *c = (uint32_t)high;
    if (high < 0xd800 || high > 0xdfff) {
        return true;
    }
    *c = '?';
    if (high < 0xdc00 && p->end - p->p >= 6 && p->p[0] == '\\' && p->p[1] == 'u') {
        int low = hex4(p, p->p + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *c = 0x10000u + (((uint32_t)high & 0x3ff) << 10) + ((uint32_t)low & 0x3ff);
            p->p += 6;
        }
    }
    return true;
}

static sl_error *escape(json_parser *p, char **to) {
    static const char from[] = "\"\\/bfnrt";
    static const char into[] = "\"\\/\b\f\n\r\t";
    p->p++;
    if (p->p >= p->end) {
        return json_expected(p, "an escape");
    }
    char c = *p->p++;
    const char *at = c ? strchr(from, c) : NULL;
    uint32_t code;
    if (at) {
        *(*to)++ = into[at - from];
        return NULL;
    }
    if (c != 'u' || !unicode(p, &code)) {
        p->p--;
        return json_expected(p, "one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    }
    *to = put_utf8(*to, code);
    return NULL;
}

/* unescape copies from the first escape on; unescaped text never grows. */
static sl_error *unescape(json_parser *p, const char *from, sl_str *out) {
    const char *close = p->p;
    while (close < p->end && *close != '"') {
        close += *close == '\\' && close + 1 < p->end ? 2 : 1;
    }
    char *buf = sl_arena_bytes(p->arena, (size_t)(close - from) + 1);
    if (!buf) {
        return sl_error_nomem();
    }
    size_t plain = (size_t)(p->p - from);
    memcpy(buf, from, plain);
    char *to = buf + plain;
    while (p->p < p->end && *p->p != '"') {
        if ((unsigned char)*p->p < 0x20) {
            return json_expected(p, "no unescaped control character");
        }
        if (*p->p == '\\') {
            SL_TRY(escape(p, &to));
        } else {
            *to++ = *p->p++;
        }
    }
    if (p->p >= p->end) {
        return json_expected(p, "'\"'");
    }
    p->p++;
    *out = sl_str_make(buf, (size_t)(to - buf));
    return NULL;
}

#define EACH(byte) (0x0101010101010101u * (byte))

/* plain_end steps over what stands for itself in a string, eight bytes at once. */
static const char *plain_end(const char *p, const char *end) {
    while (end - p >= 8) {
        uint64_t w;
        memcpy(&w, p, sizeof(w));
        uint64_t quote = w ^ EACH('"');
        uint64_t slash = w ^ EACH('\\');
        if (((w - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1))) & ~w & EACH(0x80)) {
            break;
        }
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20) {
        p++;
    }
    return p;
}

size_t json_object_size(const json_parser *parser) {
    const char *p = parser->p;
    size_t depth = 0;
    bool inside = false; /* of a string */
    while (p < parser->end) {
        p = inside ? plain_end(p, parser->end) : p;
        if (p == parser->end) {
            break;
        }
        char c = *p++;
        if (c == '"') {
            inside = !inside;
        } else if (inside) {
            p += c == '\\' && p < parser->end;
        } else if (c == '{') {
            depth++;
        } else if (c == '}') {
            depth -= depth > 0;
        }
        if (!depth) {
            break;
        }
    }
    return depth ? 0 : (size_t)(p - parser->p);
}

sl_error *json_parse_string(json_parser *p, sl_str *out) {
    if (p->p >= p->end || *p->p != '"') {
        return json_expected(p, "a string");
    }
    const char *from = ++p->p;
    p->p = plain_end(from, p->end);
    if (p->p < p->end && *p->p == '"') {
        *out = sl_str_make(from, (size_t)(p->p - from));
        p->p++;
        return NULL;
    }
    if (p->p < p->end && *p->p == '\\') {
        return unescape(p, from, out);
    }
    return json_expected(p, p->p < p->end ? "no unescaped control character" : "'\"'");
}

/* ---- numbers and words ---- */

static bool digits(json_parser *p) {
    const char *from = p->p;
    while (p->p < p->end && *p->p >= '0' && *p->p <= '9') {
        p->p++;
    }
    return p->p > from;
}

/* scan_number checks JSON's grammar; *whole when there is neither fraction nor exponent. */
static bool scan_number(json_parser *p, bool *whole) {
    *whole = true;
    p->p += p->p < p->end && *p->p == '-';
    if (!digits(p)) {
        return false;
    }
    if (p->p < p->end && *p->p == '.') {
        *whole = false;
        p->p++;
        if (!digits(p)) {
            return false;
        }
    }
    if (p->p < p->end && (*p->p == 'e' || *p->p == 'E')) {
        *whole = false;
        p->p++;
        p->p += p->p < p->end && (*p->p == '+' || *p->p == '-');
        return digits(p);
    }
    return true;
}

/* cut_integer is BigInteger.longValue: the low 64 bits. */
static int64_t cut_integer(sl_str t) {
    uint64_t v = 0;
    for (size_t i = t.p[0] == '-'; i < t.n; i++) {
        v = v * 10 + (uint64_t)(t.p[i] - '0');
    }
    return (int64_t)(t.p[0] == '-' ? 0 - v : v);
}

static sl_error *parse_number(json_parser *p, sl_value *out) {
    const char *from = p->p;
    bool whole;
    int64_t i;
    if (!scan_number(p, &whole)) {
        return json_expected(p, p->p == from ? "a value" : "a digit");
    }
    if (p->p - from > MAX_NUMBER) {
        return sl_error_new(SL_E_DATA, SL_USER, "a number in the JSON has more than %d characters",
                            MAX_NUMBER);
    }
    sl_str text = sl_str_make(from, (size_t)(p->p - from));
    if (whole && sl_str_to_i64(text, &i)) {
        *out = sl_int64(i);
    } else if (p->exact) {
        *out = (sl_value){.type = JSON_NUMBER, .n = (uint32_t)text.n, .s = text.p};
    } else if (whole) {
        *out = sl_int64(cut_integer(text));
    } else {
        *out = sl_float64(text_to_double(text));
    }
    return NULL;
}

static sl_error *parse_word(json_parser *p, const char *word, sl_value v, sl_value *out) {
    size_t n = strlen(word);
    if ((size_t)(p->end - p->p) < n || memcmp(p->p, word, n) != 0) {
        return json_expected(p, "a value");
    }
    p->p += n;
    *out = v;
    return NULL;
}

/* ---- containers ---- */

static bool push(json_parser *p, const sl_value *v) {
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        sl_value *more = sl_realloc(p->stack, cap * sizeof(*more));
        if (!more) {
            return false;
        }
        p->stack = more;
        p->cap = cap;
    }
    p->stack[p->n++] = *v;
    return true;
}

/* pop_all makes a container of what stands above `base`. */
static sl_error *pop_all(json_parser *p, size_t base, sl_type type, sl_value *out) {
    size_t n = p->n - base;
    sl_value *items = sl_arena_alloc(p->arena, (n ? n : 1) * sizeof(*items));
    if (!items) {
        return sl_error_nomem();
    }
    if (n) {
        memcpy(items, p->stack + base, n * sizeof(*items));
    }
    p->n = base;
    *out = sl_container(type, items, type == SL_MAP ? n / 2 : n);
    return NULL;
}

static sl_error *parse_array(json_parser *p, sl_value *out) {
    size_t base = p->n;
    p->p++;
    json_skip_space(p);
    if (p->p < p->end && *p->p == ']') {
        p->p++;
        return pop_all(p, base, SL_ARRAY, out);
    }
    for (;;) {
        sl_value v = sl_null();
        SL_TRY(json_parse_value(p, &v));
        if (!push(p, &v)) {
            return sl_error_nomem();
        }
        json_skip_space(p);
        if (p->p < p->end && *p->p == ',') {
            p->p++;
            continue;
        }
        if (p->p >= p->end || *p->p != ']') {
            return json_expected(p, "',' or ']'");
        }
        p->p++;
        return pop_all(p, base, SL_ARRAY, out);
    }
}

/* An object being read. */
typedef struct object {
    size_t base;   /* where its members begin on the stack */
    uint64_t seen; /* one bit for each kind of name so far, so that most are known to be new */
} object;

/* find_member gives the place of an earlier member's value, or NULL. */
static sl_value *find_member(json_parser *p, object *o, sl_str name) {
    uint64_t kind =
        name.n ? name.n * 7 + (unsigned char)name.p[0] + 3u * (unsigned char)name.p[name.n - 1] : 0;
    uint64_t bit = 1ULL << kind % 64;
    if (!(o->seen & bit) || p->n - o->base >= (size_t)2 * MANY_MEMBERS) {
        o->seen |= bit;
        return NULL;
    }
    for (size_t i = o->base; i < p->n; i += 2) {
        if (sl_str_eq(sl_value_str(&p->stack[i]), name)) {
            return &p->stack[i + 1];
        }
    }
    return NULL;
}

/* put_member adds a member, in place of an earlier one of the same name. */
static bool put_member(json_parser *p, object *o, sl_str name, const sl_value *v) {
    sl_value *earlier = find_member(p, o, name);
    if (earlier) {
        *earlier = *v;
        return true;
    }
    sl_value key = sl_string(name);
    return push(p, &key) && push(p, v);
}

/* merge_members does for a large object what put_member does for a small one. */
static bool merge_members(json_parser *p, size_t base) {
    size_t n = (p->n - base) / 2, size = 128, kept = 0;
    sl_value *members = p->stack + base;
    while (size < n * 2) {
        size *= 2;
    }
    uint32_t *table = sl_calloc(size, sizeof(*table)); /* 1 + the number of a member */
    for (size_t i = 0; table && i < n; i++) {
        sl_str name = sl_value_str(&members[2 * i]);
        size_t at = sl_str_hash(name) & (size - 1);
        while (table[at] && !sl_str_eq(sl_value_str(&members[2 * (table[at] - 1)]), name)) {
            at = (at + 1) & (size - 1);
        }
        if (!table[at]) {
            table[at] = (uint32_t)++kept;
        }
        members[2 * (table[at] - 1)] = members[2 * i];
        members[2 * (table[at] - 1) + 1] = members[2 * i + 1];
    }
    p->n = base + kept * 2;
    sl_free(table);
    return table != NULL;
}

static sl_error *end_object(json_parser *p, size_t base, sl_value *out) {
    p->p++;
    if (p->n - base > (size_t)2 * MANY_MEMBERS && !merge_members(p, base)) {
        return sl_error_nomem();
    }
    return pop_all(p, base, SL_MAP, out);
}

static sl_error *parse_member(json_parser *p, object *o) {
    sl_str name = SL_STR_NONE;
    sl_value v = sl_null();
    json_skip_space(p);
    SL_TRY(json_parse_string(p, &name));
    json_skip_space(p);
    if (p->p >= p->end || *p->p != ':') {
        return json_expected(p, "':'");
    }
    p->p++;
    SL_TRY(json_parse_value(p, &v));
    return put_member(p, o, name, &v) ? NULL : sl_error_nomem();
}

static sl_error *parse_object(json_parser *p, sl_value *out) {
    object o = {.base = p->n};
    p->p++;
    json_skip_space(p);
    if (p->p < p->end && *p->p == '}') {
        return end_object(p, o.base, out);
    }
    for (;;) {
        SL_TRY(parse_member(p, &o));
        json_skip_space(p);
        if (p->p < p->end && *p->p == ',') {
            p->p++;
            continue;
        }
        if (p->p >= p->end || *p->p != '}') {
            return json_expected(p, "',' or '}'");
        }
        return end_object(p, o.base, out);
    }
}

sl_error *json_parse_value(json_parser *p, sl_value *out) {
    json_skip_space(p);
    if (p->p >= p->end) {
        return json_expected(p, "a value");
    }
    switch (*p->p) {
    case '{':
    case '[': {
        if (p->depth >= MAX_DEPTH) {
            return sl_error_new(SL_E_DATA, SL_USER, "the JSON is nested more than %d deep", MAX_DEPTH);
        }
        p->depth++;
        sl_error *err = *p->p == '{' ? parse_object(p, out) : parse_array(p, out);
        p->depth--;
        return err;
    }
    case '"': {
        sl_str s = SL_STR_NONE;
        SL_TRY(json_parse_string(p, &s));
        *out = sl_string(s);
        return NULL;
    }
    case 't':
        return parse_word(p, "true", sl_bool(true), out);
    case 'f':
        return parse_word(p, "false", sl_bool(false), out);
    case 'n':
        return parse_word(p, "null", sl_null(), out);
    default:
        return parse_number(p, out);
    }
}

sl_error *json_parse(json_parser *p, sl_value *out) {
    SL_TRY(json_parse_value(p, out));
    json_skip_space(p);
    return p->p < p->end ? json_expected(p, "the end") : NULL;
}
