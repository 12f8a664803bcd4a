/*
 * properties.c - see properties.h.
 */
#include "config/properties.h"

#include "config/build.h"

typedef struct props_reader {
    sl_str rest;   /* what was not read yet */
    uint32_t line; /* number of the natural line at rest */
    sl_str file;
    sl_buf logical; /* the current logical line, escapes still in it */
    uint32_t start; /* its first natural line */
    sl_arena *arena;
} props_reader;

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\f';
}

static sl_str skip_blanks(sl_str s) {
    size_t n = 0;
    while (n < s.n && is_blank(s.p[n])) {
        n++;
    }
    return sl_str_skip(s, n);
}

static sl_error *syntax_error(const props_reader *r, uint32_t line, const char *what) {
    return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%u: %s", SL_STR_ARG(r->file), line, what);
}

/* natural_line cuts the next line off, without its end; a line ends in \n, \r or \r\n. */
static sl_str natural_line(props_reader *r) {
    size_t n = 0;
    while (n < r->rest.n && r->rest.p[n] != '\n' && r->rest.p[n] != '\r') {
        n++;
    }
    sl_str line = sl_str_make(r->rest.p, n);
    size_t end = n;
    if (end < r->rest.n) {
        end += r->rest.p[end] == '\r' && end + 1 < r->rest.n && r->rest.p[end + 1] == '\n' ? 2 : 1;
    }
    r->rest = sl_str_skip(r->rest, end);
    r->line++;
    return line;
}

static bool is_continued(sl_str line) {
    size_t n = 0;
    while (n < line.n && line.p[line.n - 1 - n] == '\\') {
        n++;
    }
    return n % 2 == 1;
}

/* next_logical_line fills r->logical with the next setting; false at the end of the text. */
static bool next_logical_line(props_reader *r) {
    sl_str line;
    do {
        if (!r->rest.n) {
            return false;
        }
        r->start = r->line + 1;
        line = skip_blanks(natural_line(r));
    } while (!line.n || line.p[0] == '#' || line.p[0] == '!');
    sl_buf_clear(&r->logical);
    while (is_continued(line)) {
        sl_buf_add(&r->logical, line.p, line.n - 1);
        if (!r->rest.n) {
            return true;
        }
        line = skip_blanks(natural_line(r));
    }
    sl_buf_add_str(&r->logical, line);
    return true;
}

static bool hex4(sl_str s, uint32_t *out) {
    uint32_t v = 0;
    if (s.n < 4) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        char c = s.p[i];
        uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (uint32_t)((c | 0x20) - 'a') + 10;
        } else {
            return false;
        }
        v = v * 16 + digit;
    }
    *out = v;
    return true;
}

static void add_utf8(sl_buf *b, uint32_t c) {
    if (c < 0x80) {
        sl_buf_add_char(b, (char)c);
        return;
    }
    if (c < 0x800) {
        sl_buf_add_char(b, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            sl_buf_add_char(b, (char)(0xe0 | c >> 12));
        } else {
            sl_buf_add_char(b, (char)(0xf0 | c >> 18));
            sl_buf_add_char(b, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        sl_buf_add_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    sl_buf_add_char(b, (char)(0x80 | (c & 0x3f)));
}

/* unescape_u reads what follows "\u" (a second escape too, for a surrogate pair); NULL or what is wrong. */
static const char *unescape_u(sl_str *s, sl_buf *out) {
    uint32_t c = 0;
    uint32_t low = 0;
    if (!hex4(*s, &c)) {
        return "expected four hexadecimal digits after '\\u'";
    }
    *s = sl_str_skip(*s, 4);
    if (c == 0) {
        return "'\\u0000' cannot be part of a setting";
    }
    if (c >= 0xd800 && c <= 0xdfff) {
        if (c >= 0xdc00 || !sl_str_starts(*s, SL_STR("\\u")) || !hex4(sl_str_skip(*s, 2), &low) ||
            low < 0xdc00 || low > 0xdfff) {
            return "expected a pair of surrogates, such as '\\ud83d\\ude00'";
        }
        *s = sl_str_skip(*s, 6);
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    add_utf8(out, c);
    return NULL;
}

static sl_error *unescape(const props_reader *r, sl_str s, sl_str *out) {
    if (sl_str_find(s, '\\') == s.n) {
        *out = sl_arena_str(r->arena, s);
        return out->p ? NULL : sl_error_nomem();
    }
    sl_buf b;
    sl_buf_init(&b, r->arena);
    const char *wrong = NULL;
    while (s.n && !wrong) {
        char c = s.p[0];
        s = sl_str_skip(s, 1);
        if (c != '\\' || !s.n) {
            sl_buf_add_char(&b, c);
            continue;
        }
        c = s.p[0];
        s = sl_str_skip(s, 1);
        if (c == 'u') {
            wrong = unescape_u(&s, &b);
        } else {
            const char *at = strchr("t\tn\nr\rf\f", c);
            sl_buf_add_char(&b, at && c > ' ' ? at[1] : c);
        }
    }
    *out = sl_buf_take(&b);
    if (wrong) {
        return syntax_error(r, r->start, wrong);
    }
    return out->p ? NULL : sl_error_nomem();
}

/* split_setting finds where the key ends and the value starts. */
static void split_setting(sl_str line, sl_str *key, sl_str *value) {
    size_t n = 0;
    line = line.p ? line : SL_STR("");
    while (n < line.n && !is_blank(line.p[n]) && line.p[n] != '=' && line.p[n] != ':') {
        n += line.p[n] == '\\' && n + 1 < line.n ? 2 : 1;
    }
    *key = sl_str_make(line.p, n);
    *value = skip_blanks(sl_str_skip(line, n));
    if (value->n && (value->p[0] == '=' || value->p[0] == ':')) {
        *value = skip_blanks(sl_str_skip(*value, 1));
    }
}

static sl_error *read_setting(const props_reader *r, sl__config_builder *b, sl_config_report *report) {
    sl_config_entry entry = {.file = r->file, .line = r->start};
    uint32_t old = 0;
    sl_str key;
    sl_str value;
    split_setting(sl_buf_view(&r->logical), &key, &value);
    SL_TRY(unescape(r, key, &entry.key));
    SL_TRY(unescape(r, value, &entry.value));
    if (!entry.key.n) {
        return syntax_error(r, r->start, "expected a key before '=' or ':'");
    }
    sl_error *err = sl__config_builder_put(b, &entry, &old);
    if (err) {
        return sl_error_wrap(err, "%.*s:%u", SL_STR_ARG(r->file), r->start);
    }
    if (old) {
        sl_config_report_add(report, SL_SEV_WARNING, entry.key,
                             "set twice, in lines %u and %u; the last one counts, remove the other", old,
                             entry.line);
    }
    return NULL;
}

/* check_text refuses what cannot be a text file, naming the line. */
static sl_error *check_text(const props_reader *r, sl_str text) {
    uint32_t number = 0;
    sl_str line;
    if (sl_str_is_utf8(text) && sl_str_find(text, '\0') == text.n) {
        return NULL;
    }
    while (sl_str_next(&text, '\n', &line)) {
        number++;
        if (sl_str_find(line, '\0') < line.n) {
            return syntax_error(r, number, "zero byte, expected a text file");
        }
        if (!sl_str_is_utf8(line)) {
            return syntax_error(r, number, "not UTF-8; save the file as UTF-8 or write \\uXXXX");
        }
    }
    return syntax_error(r, number, "not UTF-8; save the file as UTF-8 or write \\uXXXX");
}

sl_error *sl__properties_parse(sl_str text, sl_str file, sl_arena *arena, sl_config_report *report,
                               sl_config *out) {
    sl_error *err = NULL;
    sl__config_builder b;
    props_reader r = {.rest = text, .file = file, .arena = arena};
    sl__config_builder_init(&b, arena);
    SL_TRY(check_text(&r, text));
    if (sl_str_starts(r.rest, SL_STR("\xef\xbb\xbf"))) {
        r.rest = sl_str_skip(r.rest, 3);
    }
    sl_buf_init(&r.logical, NULL);
    while (!err && next_logical_line(&r)) {
        err = r.logical.failed ? sl_error_nomem() : read_setting(&r, &b, report);
    }
    sl_buf_deinit(&r.logical);
    if (err) {
        return err;
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}
