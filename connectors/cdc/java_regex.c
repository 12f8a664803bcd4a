/*
 * java_regex.c - see java_regex.h.
 *
 * Written from the documentation of java.util.regex.Pattern and Matcher (Java 17) and of PCRE2 10.42.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "java_regex.h"

#define MATCH_LIMIT 500000u
#define DEPTH_LIMIT 20000u
#define HEAP_LIMIT_KIB 16384u
#define BRACE_MAX 10u /* \x{10ffff} and room */

struct java_regex {
    pcre2_code *whole; /* for matches() */
    pcre2_code *first; /* for find() */
    pcre2_match_data *data;
    pcre2_match_context *limits;
    uint32_t groups;
};

/* ---- rewriting Java's syntax ---- */

typedef struct rewriter {
    sl_str in;
    size_t at;
    sl_buf out;
    const char *wrong; /* what cannot be expressed; NULL = nothing so far */
    bool in_class;
} rewriter;

static char peek(const rewriter *w, size_t ahead) {
    return w->at + ahead < w->in.n ? w->in.p[w->at + ahead] : '\0';
}

static void copy_chars(rewriter *w, size_t n) {
    for (size_t i = 0; i < n && w->at < w->in.n; i++) {
        sl_buf_add_char(&w->out, w->in.p[w->at++]);
    }
}

static void fail(rewriter *w, const char *why) {
    w->wrong = w->wrong ? w->wrong : why;
    w->at = w->in.n;
}

typedef struct property {
    const char *java;
    const char *in_class;     /* what \p{java} is within a class */
    const char *not_in_class; /* what \P{java} is; NULL = the property's other half is of the same form */
} property;

static const property properties[] = {
    {"Lower", "a-z", "[:^lower:]"},
    {"Upper", "A-Z", "[:^upper:]"},
    {"ASCII", "\\x00-\\x7f", "[:^ascii:]"},
    {"Alpha", "a-zA-Z", "[:^alpha:]"},
    {"Digit", "0-9", "[:^digit:]"},
    {"Alnum", "a-zA-Z0-9", "[:^alnum:]"},
    {"Punct", "[:punct:]", "[:^punct:]"},
    {"Graph", "[:graph:]", "[:^graph:]"},
    {"Print", "[:print:]", "[:^print:]"},
    {"Blank", " \\t", "[:^blank:]"},
    {"Cntrl", "[:cntrl:]", "[:^cntrl:]"},
    {"XDigit", "0-9a-fA-F", "[:^xdigit:]"},
    {"Space", "[:space:]", "[:^space:]"},
    {"javaLowerCase", "\\p{Ll}", "\\P{Ll}"},
    {"javaUpperCase", "\\p{Lu}", "\\P{Lu}"},
    {"javaWhitespace", "\\s", "\\S"},
    {"IsAlphabetic", "\\p{L}\\p{Nl}", NULL},
    {"IsLetter", "\\p{L}", "\\P{L}"},
    {"IsDigit", "\\p{Nd}", "\\P{Nd}"},
    {"IsUppercase", "\\p{Lu}", "\\P{Lu}"},
    {"IsLowercase", "\\p{Ll}", "\\P{Ll}"},
    {"IsPunctuation", "\\p{P}", "\\P{P}"},
    {"IsWhite_Space", "[:space:]", "[:^space:]"},
};

static const property *find_property(sl_str name) {
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        if (sl_str_eqz(name, properties[i].java)) {
            return &properties[i];
        }
    }
    return NULL;
}

static void add_property(rewriter *w, const property *p, bool negated) {
    if (negated && !p->not_in_class) {
        if (w->in_class) {
            fail(w, "\\P{IsAlphabetic} within [...] is not supported; write it outside, or use \\P{L}");
        } else {
            sl_buf_printf(&w->out, "[^%s]", p->in_class);
        }
        return;
    }
    const char *set = negated ? p->not_in_class : p->in_class;
    sl_buf_printf(&w->out, w->in_class ? "%s" : "[%s]", set);
}

/* rewrite_property: at \p{ or \P{. Scripts are \p{IsLatin} or \p{script=Latin} in Java, \p{Latin} here. */
static void rewrite_property(rewriter *w) {
    bool negated = peek(w, 1) == 'P';
    sl_str rest = sl_str_skip(w->in, w->at + 3);
    size_t n = sl_str_find(rest, '}');
    sl_str name = sl_str_make(rest.p, n);
    const property *p = find_property(name);
    if (p) {
        add_property(w, p, negated);
    } else {
        static const char *const prefixes[] = {"script=", "sc=", "general_category=", "gc=", "Is"};
        for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
            if (sl_str_starts(name, sl_str_of(prefixes[i]))) {
                name = sl_str_skip(name, strlen(prefixes[i]));
                break;
            }
        }
        sl_buf_printf(&w->out, "\\%c{%.*s}", negated ? 'P' : 'p', SL_STR_ARG(name));
    }
    w->at += 3 + n + 1;
}

static bool is_hex4(sl_str s) {
    for (size_t i = 0; i < 4; i++) {
        char c = i < s.n ? (char)(s.p[i] | 0x20) : '\0';
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return true;
}

/* rewrite_quote copies \Q...\E as it is. */
static void rewrite_quote(rewriter *w) {
    sl_str rest = sl_str_skip(w->in, w->at);
    copy_chars(w, sl_str_find_str(rest, SL_STR("\\E")) + 2);
}

/* rewrite_octal: Java's \0n, \0nn and \0mnn. */
static void rewrite_octal(rewriter *w) {
    unsigned v = 0;
    size_t most = peek(w, 2) <= '3' ? 3 : 2;
    w->at += 2;
    for (size_t i = 0; i < most && peek(w, 0) >= '0' && peek(w, 0) <= '7'; i++) {
        v = v * 8 + (unsigned)(peek(w, 0) - '0');
        w->at++;
    }
    sl_buf_printf(&w->out, "\\x{%x}", v);
}

/* rewrite_escape: at a backslash. */
static void rewrite_escape(rewriter *w) {
    char c = peek(w, 1);
    if (c == 'u' && is_hex4(sl_str_skip(w->in, w->at + 2))) {
        sl_buf_printf(&w->out, "\\x{%.4s}", w->in.p + w->at + 2);
        w->at += 6;
    } else if ((c == 'p' || c == 'P') && peek(w, 2) == '{') {
        rewrite_property(w);
    } else if (c == 'Q') {
        rewrite_quote(w);
    } else if (c == '0') {
        rewrite_octal(w);
    } else if (c == 'K' || c == 'g' || c == 'C' || c == 'o') {
        fail(w, "\\K, \\g, \\C and \\o are not Java's");
    } else {
        copy_chars(w, 2);
    }
}

/* check_group: at "(". */
static void check_group(rewriter *w) {
    if (peek(w, 1) == '*') {
        fail(w, "'(*' is not Java's");
        return;
    }
    if (peek(w, 1) != '?') {
        return;
    }
    char c = peek(w, 2);
    if (c == 'P' || c == 'R' || c == 'C' || c == '|' || c == '&' || c == '(' || c == '\'' || c == '+' ||
        (c >= '0' && c <= '9')) {
        fail(w, "recursion, conditions, callouts and (?P, (?|, (?' are not Java's");
        return;
    }
    for (size_t i = 2; i < 12 && peek(w, i) && !strchr(":)<=!>", peek(w, i)); i++) {
        if (strchr("duU", peek(w, i))) {
            fail(w, "the flags d, u and U are not supported");
            return;
        }
    }
}

/* rewrite_class_char: one step within [...]. */
static void rewrite_class_char(rewriter *w) {
    char c = peek(w, 0);
    if (c == '\\') {
        rewrite_escape(w);
    } else if (c == '[') {
        fail(w, "a class within a class is not supported: write \\[ for the character, or join the classes");
    } else if (c == '&' && peek(w, 1) == '&') {
        fail(w, "intersections of classes (&&) are not supported: use a look-ahead, as in (?=[a-z])[^bc]");
    } else {
        w->in_class = c != ']';
        copy_chars(w, 1);
    }
}

static void rewrite_char(rewriter *w) {
    char c = peek(w, 0);
    if (w->in_class) {
        rewrite_class_char(w);
    } else if (c == '\\') {
        rewrite_escape(w);
    } else if (c == '[') {
        w->in_class = true;
        copy_chars(w, peek(w, 1) == '^' ? 2 : 1);
        copy_chars(w, peek(w, 0) == ']' ? 1 : 0); /* in front it is a character */
    } else {
        if (c == '(') {
            check_group(w);
        }
        copy_chars(w, 1);
    }
}

/* ---- compiling ---- */

static sl_error *compile(sl_str text, uint32_t options, pcre2_code **out) {
    int code = 0;
    PCRE2_SIZE at = 0;
    PCRE2_UCHAR why[160] = "";
    pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
    if (!ctx) {
        return sl_error_nomem();
    }
    pcre2_set_newline(ctx, PCRE2_NEWLINE_ANY); /* what '.' does not match, and '$' stops before */
    *out = pcre2_compile((PCRE2_SPTR)(text.n ? text.p : ""), text.n,
                         PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | options, &code, &at, ctx);
    pcre2_compile_context_free(ctx);
    if (*out) {
        return NULL;
    }
    pcre2_get_error_message(code, why, sizeof why);
    return sl_error_new(SL_E_CONFIG, SL_USER, "expected a regular expression: %s, at '%.*s'",
                        (const char *)why, SL_STR_ARG(sl_str_skip(text, at > text.n ? text.n : at)));
}

static sl_error *prepare(java_regex *r, sl_str text) {
    SL_TRY(compile(text, PCRE2_ANCHORED | PCRE2_ENDANCHORED, &r->whole));
    SL_TRY(compile(text, 0, &r->first));
    pcre2_pattern_info(r->first, PCRE2_INFO_CAPTURECOUNT, &r->groups);
    r->data = pcre2_match_data_create_from_pattern(r->first, NULL);
    r->limits = pcre2_match_context_create(NULL);
    if (!r->data || !r->limits) {
        return sl_error_nomem();
    }
    pcre2_set_match_limit(r->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
    return NULL;
}

sl_error *java_regex_new(sl_str pattern, java_regex **out) {
    rewriter w = {.in = pattern};
    sl_error *err = NULL;
    *out = NULL;
    sl_buf_init(&w.out, NULL);
    while (w.at < w.in.n) {
        rewrite_char(&w);
    }
    java_regex *r = sl_calloc(1, sizeof *r);
    if (!r || w.out.failed) {
        err = sl_error_nomem();
    } else if (w.wrong) {
        err = sl_error_new(SL_E_CONFIG, SL_USER,
                           "expected a Java regular expression of the supported kind: %s", w.wrong);
    } else {
        err = prepare(r, sl_buf_view(&w.out));
    }
    sl_buf_deinit(&w.out);
    if (err) {
        java_regex_free(r);
        return err;
    }
    *out = r;
    return NULL;
}

void java_regex_free(java_regex *r) {
    if (r) {
        pcre2_code_free(r->whole);
        pcre2_code_free(r->first);
        pcre2_match_data_free(r->data);
        pcre2_match_context_free(r->limits);
        sl_free(r);
    }
}

/* ---- matching ---- */

static sl_error *run(java_regex *r, const pcre2_code *code, sl_str s, bool *found) {
    int rc = pcre2_match(code, (PCRE2_SPTR)(s.n ? s.p : ""), s.n, 0, 0, r->data, r->limits);
    *found = rc > 0;
    if (rc > 0 || rc == PCRE2_ERROR_NOMATCH) {
        return NULL;
    }
    PCRE2_UCHAR why[160] = "";
    pcre2_get_error_message(rc, why, sizeof why);
    return sl_error_new(SL_E_DATA, SL_USER,
                        "matching a regular expression failed on '%.*s': %s; expected an expression "
                        "that does not try so many ways",
                        SL_STR_ARG(s), (const char *)why);
}

sl_error *java_regex_matches(java_regex *r, sl_str s, bool *matches) {
    return run(r, r->whole, s, matches);
}

/* ---- replacements ---- */

typedef struct piece {
    sl_str text;    /* literal text, or absent */
    uint32_t group; /* with absent text */
    const char *wrong;
} piece;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static piece wrong(const char *why) {
    return (piece){.wrong = why};
}

/* named_piece reads "{name}" behind a dollar sign. */
static piece named_piece(const java_regex *r, sl_str *rest) {
    size_t n = 1;
    char name[64];
    while (n < rest->n && is_letter_or_digit(rest->p[n])) {
        n++;
    }
    if (n == 1 || n >= rest->n || rest->p[n] != '}' || is_digit(rest->p[1]) || n > sizeof name) {
        return wrong("expected ${name}, the name starting with a letter");
    }
    memcpy(name, rest->p + 1, n - 1);
    name[n - 1] = '\0';
    *rest = sl_str_skip(*rest, n + 1);
    int group = pcre2_substring_number_from_name(r->first, (PCRE2_SPTR)name);
    return group > 0 ? (piece){.group = (uint32_t)group}
                     : wrong("${name} stands for a group that the expression does not have");
}

/* numbered_piece reads digits behind a dollar sign: as many as still name a group. */
static piece numbered_piece(const java_regex *r, sl_str *rest) {
    uint32_t group = (uint32_t)(rest->p[0] - '0');
    *rest = sl_str_skip(*rest, 1);
    if (group > r->groups) {
        return wrong("$n stands for a group that the expression does not have");
    }
    while (rest->n && is_digit(rest->p[0])) {
        uint32_t more = group * 10 + (uint32_t)(rest->p[0] - '0');
        if (more > r->groups) {
            break;
        }
        group = more;
        *rest = sl_str_skip(*rest, 1);
    }
    return (piece){.group = group};
}

/* next_piece cuts the next part off a replacement that is not empty. */
static piece next_piece(const java_regex *r, sl_str *rest) {
    char c = rest->p[0];
    if (c == '\\') {
        if (rest->n < 2) {
            return wrong("expected a character behind the last backslash");
        }
        sl_str one = sl_str_make(rest->p + 1, 1);
        *rest = sl_str_skip(*rest, 2);
        return (piece){.text = one};
    }
    if (c == '$') {
        *rest = sl_str_skip(*rest, 1);
        if (rest->n && rest->p[0] == '{') {
            return named_piece(r, rest);
        }
        return rest->n && is_digit(rest->p[0])
                   ? numbered_piece(r, rest)
                   : wrong("expected a group behind '$': $1, ${name}, or \\$ for the sign itself");
    }
    size_t n = 0;
    while (n < rest->n && rest->p[n] != '\\' && rest->p[n] != '$') {
        n++;
    }
    sl_str text = sl_str_make(rest->p, n);
    *rest = sl_str_skip(*rest, n);
    return (piece){.text = text};
}

const char *java_regex_check_replacement(const java_regex *r, sl_str replacement, sl_arena *arena) {
    (void)arena;
    while (replacement.n) {
        piece p = next_piece(r, &replacement);
        if (p.wrong) {
            return p.wrong;
        }
    }
    return NULL;
}

static void add_piece(const java_regex *r, sl_buf *out, sl_str s, const piece *p) {
    if (p->text.p) {
        sl_buf_add_str(out, p->text);
        return;
    }
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(r->data);
    PCRE2_SIZE from = ends[2 * p->group], to = ends[2 * p->group + 1];
    if (from != PCRE2_UNSET && to > from) {
        sl_buf_add(out, s.p + from, to - from);
    }
}

sl_error *java_regex_replace_first(java_regex *r, sl_str s, sl_str replacement, sl_arena *arena,
                                   sl_str *out) {
    bool found;
    *out = s;
    SL_TRY(run(r, r->first, s, &found));
    if (!found) {
        return NULL;
    }
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(r->data);
    sl_buf b;
    sl_buf_init(&b, arena);
    sl_buf_add(&b, s.p, ends[0]);
    while (replacement.n) {
        piece p = next_piece(r, &replacement);
        if (p.wrong) {
            (void)sl_buf_take(&b);
            return sl_error_new(SL_E_CONFIG, SL_USER, "the replacement cannot be used: %s", p.wrong);
        }
        add_piece(r, &b, s, &p);
    }
    sl_buf_add_str(&b, sl_str_skip(s, ends[1]));
    bool failed = b.failed;
    *out = sl_buf_take(&b);
    if (!failed && !out->p) {
        *out = SL_STR("");
    }
    return failed ? sl_error_nomem() : NULL;
}
