/*
 * providers.c - config providers: files of properties, folders of files, the environment.
 *
 * Follows org.apache.kafka.common.config.provider.{File,Directory,EnvVar}ConfigProvider (Kafka 4.3). Paths
 * are resolved, symbolic links included, before they are compared with allowed.paths. Values never appear in
 * errors.
 */
#include "converters.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <fcntl.h>
#include <pcre2.h>
#include <sluice/text.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (1024 * 1024)

/* ---- paths ---- */

const sl_config_row path_rows[PATH_ROWS] = {
    {.name = "allowed.paths",
     .type = SL_CONFIG_LIST,
     .importance = SL_LOW,
     .doc = "Folders and files that may be read, separated by commas; everything below a folder counts. Not "
            "set: all.",
     .field = SL_FIELD(path_settings, allowed)},
};

typedef struct path_provider {
    sl_str_list allowed; /* resolved; owned; none = everything */
} path_provider;

static void path_close(void *state) {
    path_provider *p = state;
    for (size_t i = 0; p->allowed.items && i < p->allowed.n; i++) {
        free((void *)p->allowed.items[i].p); /* from realpath */
    }
    sl_free(p->allowed.items);
    sl_free(p);
}

/* resolve gives the real path, to be freed with free(). */
static sl_error *resolve(sl_str path, char **out) {
    char *z = sl_strdup(path);
    if (!z) {
        return sl_error_nomem();
    }
    *out = realpath(z, NULL);
    int why = errno;
    sl_free(z);
    return *out ? NULL
                : sl_error_new(SL_E_CONFIG, SL_USER, "cannot read '%.*s': %s", SL_STR_ARG(path),
                               strerror(why));
}

static sl_error *allow(path_provider *p, sl_str path) {
    char *real;
    if (!sl_str_starts(path, SL_STR("/"))) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "expected absolute paths, got '%.*s'", SL_STR_ARG(path));
    }
    SL_TRY(resolve(path, &real));
    p->allowed.items[p->allowed.n++] = sl_str_of(real);
    return NULL;
}

static sl_error *path_open(const sl_context *ctx, void **state) {
    const path_settings *set = ctx->settings;
    bool all = set->allowed.n == 0 || (set->allowed.n == 1 && set->allowed.items[0].n == 0);
    path_provider *p = sl_calloc(1, sizeof(*p));
    if (!p) {
        return sl_error_nomem();
    }
    p->allowed.items = sl_calloc(set->allowed.n + 1, sizeof(sl_str));
    sl_error *err = p->allowed.items ? NULL : sl_error_nomem();
    for (size_t i = 0; !err && !all && i < set->allowed.n; i++) {
        err = allow(p, set->allowed.items[i]);
    }
    if (err) {
        path_close(p);
        return sl_error_wrap(err, "allowed.paths");
    }
    *state = p;
    return NULL;
}

static bool below(sl_str path, sl_str folder) {
    return sl_str_eq(folder, SL_STR("/")) ||
           (sl_str_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/'));
}

/* allowed_path resolves a path and checks it against the list. */
static sl_error *allowed_path(const path_provider *p, sl_str path, char **real) {
    SL_TRY(resolve(path, real));
    bool ok = p->allowed.n == 0;
    for (size_t i = 0; !ok && i < p->allowed.n; i++) {
        ok = below(sl_str_of(*real), p->allowed.items[i]);
    }
    if (ok) {
        return NULL;
    }
    free(*real);
    return sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' is not below allowed.paths of the provider",
                        SL_STR_ARG(path));
}

/* A file's text; forget wipes it, as it holds secrets. */
typedef struct secret {
    char *p;
    size_t n;
} secret;

static void forget(secret *s) {
    if (s->p) {
        explicit_bzero(s->p, s->n);
        sl_free(s->p);
    }
}

static void forget_buf(sl_buf *b) {
    if (b->p) {
        explicit_bzero(b->p, b->cap);
    }
    sl_buf_deinit(b);
}

static sl_error *unreadable(const char *path, const char *why) {
    return sl_error_new(SL_E_CONFIG, SL_USER, "cannot read '%s': %s", path, why);
}

static sl_error *read_all(int fd, const char *path, secret *out) {
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return unreadable(path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) { /* a pipe would block, a device may never end */
        return unreadable(path, "it is no regular file");
    }
    if (st.st_size > MAX_FILE) {
        return unreadable(path, "it is larger than 1 MB");
    }
    out->p = sl_alloc((size_t)st.st_size + 1);
    if (!out->p) {
        return sl_error_nomem();
    }
    while (out->n < (size_t)st.st_size) {
        ssize_t n = read(fd, out->p + out->n, (size_t)st.st_size - out->n);
        if (n < 0 && errno != EINTR) {
            return unreadable(path, strerror(errno));
        }
        if (n == 0) {
            break;
        }
        out->n += n > 0 ? (size_t)n : 0;
    }
    if (!sl_str_is_utf8(sl_str_make(out->p, out->n))) {
        return unreadable(path, "it is no UTF-8 text");
    }
    return NULL;
}

/* read_file gives a whole file; to be forgotten, also after an error. */
static sl_error *read_file(const char *path, secret *out) {
    *out = (secret){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return unreadable(path, strerror(errno));
    }
    sl_error *err = read_all(fd, path, out);
    close(fd);
    return err;
}

/* ---- files of properties ---- */

static int hex4(sl_str s) {
    int v = 0;
    for (size_t i = 0; i < 4; i++) {
        int d = i < s.n ? sl_hex_digit(s.p[i]) : -1;
        if (d < 0) {
            return -1;
        }
        v = v << 4 | d;
    }
    return v;
}

static void add_code(sl_buf *out, unsigned c) {
    if (c < 0x80) {
        sl_buf_add_char(out, (char)c);
        return;
    }
    if (c < 0x800) {
        sl_buf_add_char(out, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            sl_buf_add_char(out, (char)(0xe0 | c >> 12));
        } else {
            sl_buf_add_char(out, (char)(0xf0 | c >> 18));
            sl_buf_add_char(out, (char)(0x80 | (c >> 12 & 63)));
        }
        sl_buf_add_char(out, (char)(0x80 | (c >> 6 & 63)));
    }
    sl_buf_add_char(out, (char)(0x80 | (c & 63)));
}

/* add_unicode appends what follows \\u, two of them for a pair of surrogates; false when it is malformed. */
static bool add_unicode(sl_buf *out, sl_str *in) {
    int c = hex4(*in);
    *in = sl_str_skip(*in, 4);
    if (c >= 0xd800 && c < 0xdc00 && sl_str_starts(*in, SL_STR("\\u"))) {
        int low = hex4(sl_str_skip(*in, 2));
        if (low >= 0xdc00 && low <= 0xdfff) {
            *in = sl_str_skip(*in, 6);
            c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
        }
    }
    if (c < 1 || (c >= 0xd800 && c <= 0xdfff)) {
        return false; /* no hexadecimal digits, a zero byte, or half a character */
    }
    add_code(out, (unsigned)c);
    return true;
}

/* add_escape appends what follows a backslash and steps over it. */
static bool add_escape(sl_buf *out, sl_str *in) {
    static const char from[] = "tnrf";
    static const char into[] = "\t\n\r\f";
    char c = in->p[0];
    const char *at = c ? strchr(from, c) : NULL;
    *in = sl_str_skip(*in, 1);
    if (c == 'u') {
        return add_unicode(out, in);
    }
    sl_buf_add_char(out, at ? into[at - from] : c);
    return true;
}

static bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\f';
}

/* natural_line cuts the next line off, without the blanks at its front. */
static sl_str natural_line(sl_str *in) {
    size_t n = 0;
    while (n < in->n && in->p[n] != '\n' && in->p[n] != '\r') {
        n++;
    }
    sl_str text = sl_str_make(in->p, n);
    *in = sl_str_skip(*in, n + (sl_str_starts(sl_str_skip(*in, n), SL_STR("\r\n")) ? 2 : 1));
    while (text.n && blank(text.p[0])) {
        text = sl_str_skip(text, 1);
    }
    return text;
}

/* logical_line cuts the next line off, with its continuations joined; false at the end. */
static bool logical_line(sl_str *in, sl_buf *line) {
    bool more = false;
    sl_buf_clear(line);
    while (in->n) {
        sl_str text = natural_line(in);
        if (!more && (text.n == 0 || text.p[0] == '#' || text.p[0] == '!')) {
            continue;
        }
        size_t slashes = 0;
        while (slashes < text.n && text.p[text.n - 1 - slashes] == '\\') {
            slashes++;
        }
        more = slashes % 2 == 1;
        sl_buf_add(line, text.p, text.n - more);
        if (!more) {
            return true;
        }
    }
    return more;
}

/* take_word unescapes up to a separator (key = true) or to the end; false when an escape is malformed. */
static bool take_word(sl_str *in, bool key, sl_buf *out) {
    sl_buf_clear(out);
    while (in->n && !(key && (blank(in->p[0]) || in->p[0] == '=' || in->p[0] == ':'))) {
        char c = in->p[0];
        *in = sl_str_skip(*in, 1);
        if (c != '\\' || !in->n) {
            sl_buf_add_char(out, c);
        } else if (!add_escape(out, in)) {
            return false;
        }
    }
    return true;
}

static void skip_separator(sl_str *in) {
    bool seen = false;
    while (in->n && (blank(in->p[0]) || (!seen && (in->p[0] == '=' || in->p[0] == ':')))) {
        seen = seen || !blank(in->p[0]);
        *in = sl_str_skip(*in, 1);
    }
}

/* find_property gives the last value of a key; absent if there is none. False: an escape is malformed. */
static bool find_property(sl_str text, sl_str key, sl_arena *a, sl_str *value) {
    sl_buf line, word;
    bool good = true;
    sl_buf_init(&line, NULL);
    sl_buf_init(&word, NULL);
    *value = SL_STR_NONE;
    while (good && logical_line(&text, &line)) {
        sl_str rest = sl_buf_view(&line);
        good = take_word(&rest, true, &word);
        bool found = sl_str_eq(sl_buf_view(&word), key);
        skip_separator(&rest);
        good = good && take_word(&rest, false, &word);
        if (good && found) {
            *value = sl_arena_str(a, word.n ? sl_buf_view(&word) : SL_STR(""));
        }
    }
    a->failed = a->failed || line.failed || word.failed;
    forget_buf(&line);
    forget_buf(&word);
    return good;
}

static sl_error *file_get(void *state, sl_str path, sl_str key, sl_arena *arena, sl_str *value) {
    char *real;
    secret text;
    SL_TRY(allowed_path(state, path, &real));
    sl_error *err = read_file(real, &text);
    if (!err) {
        bool good = find_property(sl_str_make(text.p, text.n), key, arena, value);
        if (arena->failed) {
            err = sl_error_nomem();
        } else if (!good) {
            err = unreadable(real, "expected a character as four hexadecimal digits after each \\u");
        } else if (!value->p) {
            err = sl_error_new(SL_E_CONFIG, SL_USER, "'%s' has no key '%.*s'", real, SL_STR_ARG(key));
        }
    }
    forget(&text);
    free(real);
    return err;
}

/* ---- folders ---- */

static sl_error *directory_get(void *state, sl_str path, sl_str key, sl_arena *arena, sl_str *value) {
    char *real;
    secret text;
    if (sl_str_find(key, '/') < key.n || key.n == 0 || sl_str_eqz(key, "..") || sl_str_eqz(key, ".")) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "the key '%.*s' must be the name of a file in '%.*s'",
                            SL_STR_ARG(key), SL_STR_ARG(path));
    }
    sl_str full = sl_arena_printf(arena, "%.*s/%.*s", SL_STR_ARG(path), SL_STR_ARG(key));
    if (!full.p) {
        return sl_error_nomem();
    }
    SL_TRY(allowed_path(state, full, &real));
    sl_error *err = read_file(real, &text);
    if (!err) {
        *value = sl_arena_str(arena, sl_str_make(text.p, text.n));
        err = value->p ? NULL : sl_error_nomem();
    }
    forget(&text);
    free(real);
    return err;
}

/* ---- environment ---- */

const sl_config_row env_rows[ENV_ROWS] = {
    {.name = "allowlist.pattern",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "Regular expression that the whole name of a variable must match. Not set: all variables.",
     .field = SL_FIELD(env_settings, pattern)},
};

typedef struct env_provider {
    pcre2_code *allow; /* NULL = all */
} env_provider;

static void env_close(void *state) {
    env_provider *p = state;
    pcre2_code_free(p->allow);
    sl_free(p);
}

static sl_error *env_open(const sl_context *ctx, void **state) {
    const env_settings *set = ctx->settings;
    env_provider *p = sl_calloc(1, sizeof(*p));
    if (!p) {
        return sl_error_nomem();
    }
    if (set->pattern.p) {
        int code;
        PCRE2_SIZE at;
        p->allow = pcre2_compile((PCRE2_SPTR)set->pattern.p, set->pattern.n,
                                 PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_UTF, &code, &at, NULL);
        if (!p->allow) {
            PCRE2_UCHAR why[128];
            pcre2_get_error_message(code, why, sizeof(why));
            sl_free(p);
            return sl_error_new(SL_E_CONFIG, SL_USER,
                                "allowlist.pattern is no regular expression: %s at character %zu",
                                (const char *)why, (size_t)at);
        }
    }
    *state = p;
    return NULL;
}

static bool env_allowed(const env_provider *p, sl_str key) {
    if (!p->allow) {
        return true;
    }
    pcre2_match_data *m = pcre2_match_data_create(1, NULL);
    int rc = m ? pcre2_match(p->allow, (PCRE2_SPTR)key.p, key.n, 0, 0, m, NULL) : -1;
    pcre2_match_data_free(m);
    return rc >= 0;
}

static sl_error *env_get(void *state, sl_str path, sl_str key, sl_arena *arena, sl_str *value) {
    if (path.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "the environment has no paths: write ${env:%.*s}",
                            SL_STR_ARG(key));
    }
    char *name = sl_strdup(key);
    const char *found = name && env_allowed(state, key) ? getenv(name) : NULL;
    sl_free(name);
    if (!found) {
        return sl_error_new(
            SL_E_CONFIG, SL_USER,
            "the environment variable '%.*s' is not set, or allowlist.pattern does not allow it",
            SL_STR_ARG(key));
    }
    *value = sl_arena_str(arena, sl_str_of(found));
    return value->p ? NULL : sl_error_nomem();
}

const sl_config_provider_ops file_provider_ops = {.open = path_open, .get = file_get, .close = path_close};
const sl_config_provider_ops directory_provider_ops = {
    .open = path_open, .get = directory_get, .close = path_close};
const sl_config_provider_ops env_provider_ops = {.open = env_open, .get = env_get, .close = env_close};
