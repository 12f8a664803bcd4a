/*
 * shown.c - see shown.h.
 */
#include "rest/shown.h"

#define HIDDEN "[hidden]"

/* Words that make a key of an unknown plugin a secret; better one too many hidden. */
static const char *const secret_words[] = {"password",    "passwd",     "secret",
                                           "token",       "credential", "jaas.config",
                                           "private.key", "passphrase", "basic.auth.user.info",
                                           "api.key"};

static bool contains_nocase(sl_str s, sl_str word) {
    for (size_t i = 0; i + word.n <= s.n; i++) {
        if (sl_str_eq_nocase(sl_str_make(s.p + i, word.n), word)) {
            return true;
        }
    }
    return false;
}

static bool sounds_secret(sl_str key) {
    for (size_t i = 0; i < sizeof secret_words / sizeof secret_words[0]; i++) {
        if (contains_nocase(key, sl_str_of(secret_words[i]))) {
            return true;
        }
    }
    return false;
}

/* client_key gives the client's own key of a "producer.override." and so on setting, absent for others. */
static sl_str client_key(sl_str key) {
    static const char *const prefixes[] = {"producer.override.", "consumer.override.", "admin.override."};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (sl_str_starts(key, sl_str_of(prefixes[i]))) {
            return sl_str_skip(key, strlen(prefixes[i]));
        }
    }
    return SL_STR_NONE;
}

bool sl__shown_secret(const sl_plugin_def *def, sl_str key) {
    sl_str client = client_key(key);
    if (client.p) {
        return sl__client_key_secret(client) || sounds_secret(client);
    }
    const sl_config_row *row = def ? sl_config_row_find(def->settings, def->nsettings, key) : NULL;
    row = row ? row : sl_config_row_find(sl__connector_rows, sl__connector_nrows, key);
    row = row ? row : sl_config_row_find(sl__source_rows, sl__source_nrows, key);
    row = row ? row : sl_config_row_find(sl__sink_rows, sl__sink_nrows, key);
    return row ? row->type == SL_CONFIG_PASSWORD : sounds_secret(key);
}

/* only_references tells whether a value is nothing but ${...}. */
static bool only_references(sl_str value) {
    value = sl_str_trim(value);
    while (sl_str_starts(value, SL_STR("${"))) {
        size_t end = sl_str_find(value, '}');
        if (end == value.n || sl_str_find(sl_str_make(value.p, end), ':') == end) {
            return false;
        }
        value = sl_str_skip(value, end + 1);
    }
    return value.n == 0;
}

/* ---- passwords in URLs ---- */

/* user_password gives the place of "password" in "scheme://user:password@host"; false when there is none. */
static bool user_password(sl_str value, size_t *from, size_t *to) {
    size_t begin = sl_str_find_str(value, SL_STR("://"));
    if (begin == value.n) {
        return false;
    }
    begin += 3;
    sl_str rest = sl_str_skip(value, begin);
    size_t slash = sl_str_find(rest, '/');
    rest.n = slash;
    size_t colon = sl_str_find(rest, ':');
    size_t at = rest.n;
    while (at > 0 && rest.p[at - 1] != '@') {
        at--;
    }
    if (at == 0 || colon >= at) {
        return false;
    }
    *from = begin + colon + 1;
    *to = begin + at - 1;
    return true;
}

/* word_password gives the place of the value in "...password=value&..."; the search begins at *from. */
static bool word_password(sl_str value, size_t *from, size_t *to) {
    static const sl_str word = SL_STR_INIT("password=");
    for (size_t i = *from; i + word.n <= value.n; i++) {
        if (sl_str_eq_nocase(sl_str_make(value.p + i, word.n), word)) {
            *from = i + word.n;
            for (*to = *from; *to < value.n && !strchr("&;, \"'", value.p[*to]); ++*to) {
            }
            return true;
        }
    }
    return false;
}

static sl_str cut_out(sl_str value, size_t from, size_t to, sl_arena *arena) {
    if (only_references(sl_str_make(value.p + from, to - from))) {
        return value;
    }
    return sl_arena_printf(arena, "%.*s" HIDDEN "%.*s", (int)from, value.p, (int)(value.n - to),
                           value.p + to);
}

static sl_str mask_url(sl_str value, sl_arena *arena) {
    size_t from = 0, to = 0;
    if (user_password(value, &from, &to)) {
        value = cut_out(value, from, to, arena);
    }
    from = 0;
    while (value.p && word_password(value, &from, &to)) {
        value = cut_out(value, from, to, arena);
    }
    return value.p ? value : SL_STR(HIDDEN);
}

/* ---- values ---- */

sl_str sl__shown_value(const sl_plugin_def *def, sl_str key, sl_str value, sl_arena *arena) {
    if (!value.n || only_references(value)) {
        return value;
    }
    return sl__shown_secret(def, key) ? SL_STR(HIDDEN) : mask_url(value, arena);
}
