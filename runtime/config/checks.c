/*
 * checks.c - see checks.h.
 */
#include "config/checks.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

typedef const char *(*item_check)(sl_str item, sl_arena *arena);

/* check_items applies a check to every part of a list. */
static const char *check_items(sl_str list, sl_arena *arena, item_check check) {
    sl_str item;
    const char *wrong = NULL;
    while (!wrong && sl_str_next(&list, ',', &item)) {
        item = sl_str_trim(item);
        wrong = item.n ? check(item, arena) : NULL;
    }
    return wrong;
}

static bool is_port(sl_str s, int64_t min) {
    int64_t port = 0;
    return sl_str_to_i64(s, &port) && port >= min && port <= 65535;
}

/* split_port cuts "host:port" at the last colon; the colons of [::1] are no ends. */
static bool split_port(sl_str s, sl_str *host, sl_str *port) {
    size_t at = s.n;
    while (at > 0 && s.p[at - 1] != ':' && s.p[at - 1] != ']') {
        at--;
    }
    if (at == 0 || s.p[at - 1] != ':') {
        return false;
    }
    *host = sl_str_make(s.p, at - 1);
    *port = sl_str_skip(s, at);
    return true;
}

static const char *check_server(sl_str item, sl_arena *arena) {
    sl_str host;
    sl_str port;
    size_t scheme = sl_str_find_str(item, SL_STR("://"));
    (void)arena;
    if (scheme < item.n) {
        item = sl_str_skip(item, scheme + 3);
    }
    return split_port(item, &host, &port) && host.n && is_port(port, 1)
               ? NULL
               : "expected host:port,host:port,... or embedded:";
}

const char *sl__check_servers(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    if (sl_str_starts(value, SL_STR("embedded:"))) {
        return NULL;
    }
    return value.n ? check_items(value, arena, check_server)
                   : "expected host:port,host:port,... or embedded:";
}

static const char *check_listener(sl_str item, sl_arena *arena) {
    sl_str host;
    sl_str port;
    bool https = item.n >= 8 && sl_str_eq_nocase(sl_str_make(item.p, 8), SL_STR("https://"));
    (void)arena;
    if (!https && (item.n < 7 || !sl_str_eq_nocase(sl_str_make(item.p, 7), SL_STR("http://")))) {
        return "expected http://HOST:PORT or https://HOST:PORT, such as http://127.0.0.1:8083";
    }
    item = sl_str_skip(item, https ? 8 : 7);
    if (sl_str_ends(item, SL_STR("/"))) {
        item.n--;
    }
    return split_port(item, &host, &port) && is_port(port, 0)
               ? NULL
               : "expected http://HOST:PORT or https://HOST:PORT, such as http://127.0.0.1:8083";
}

const char *sl__check_admin_listeners(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    return sl_str_trim(value).n ? check_items(value, arena, check_listener) : NULL;
}

const char *sl__check_listeners(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    return sl_str_trim(value).n ? check_items(value, arena, check_listener)
                                : "expected at least one http://HOST:PORT or https://HOST:PORT";
}

const char *sl__check_name(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row, (void)arena;
    for (size_t i = 0; i < value.n; i++) {
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f) {
            return "expected a name without control characters";
        }
    }
    return value.n ? NULL : "expected a name";
}

const char *sl__check_not_empty(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row, (void)arena;
    return value.n ? NULL : "expected a value that is not empty";
}

const char *sl__check_unique(const sl_config_row *row, sl_str value, sl_arena *arena) {
    sl_str item;
    (void)row;
    while (sl_str_next(&value, ',', &item)) {
        sl_str rest = value;
        sl_str other;
        item = sl_str_trim(item);
        while (item.n && sl_str_next(&rest, ',', &other)) {
            if (sl_str_eq(item, sl_str_trim(other))) {
                sl_str text = sl_arena_printf(arena, "expected each name once, '%.*s' is there twice",
                                              SL_STR_ARG(item));
                return text.p ? text.p : "expected each name once";
            }
        }
    }
    return NULL;
}

static const char *check_topic(sl_str item, sl_arena *arena) {
    (void)arena;
    if (item.n > 249 || sl_str_eqz(item, ".") || sl_str_eqz(item, "..")) {
        return "expected a topic name of at most 249 characters";
    }
    for (size_t i = 0; i < item.n; i++) {
        char c = item.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '.' && c != '_' && c != '-') {
            return "expected topic names of letters, digits, '.', '_' and '-'";
        }
    }
    return NULL;
}

const char *sl__check_topics(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    return check_items(value, arena, check_topic);
}

const char *sl__check_topic(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    return check_topic(value, arena);
}

static const char *check_regex(sl_str item, sl_arena *arena) {
    int code = 0;
    size_t at = 0;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)(item.p ? item.p : ""), item.n, PCRE2_UTF, &code, &at, NULL);
    if (re) {
        pcre2_code_free(re);
        return NULL;
    }
    PCRE2_UCHAR reason[128] = "";
    pcre2_get_error_message(code, reason, sizeof reason);
    sl_str text = sl_arena_printf(arena, "expected a regular expression; %s at character %zu",
                                  (const char *)reason, at);
    return text.p ? text.p : "expected a regular expression";
}

const char *sl__check_regex(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    return check_regex(value, arena);
}

const char *sl__check_regexes(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    return check_items(value, arena, check_regex);
}

const char *sl__check_count(const sl_config_row *row, sl_str value, sl_arena *arena) {
    int64_t n = 0;
    (void)row, (void)arena;
    return sl_str_to_i64(value, &n) && (n == -1 || n > 0)
               ? NULL
               : "expected a number above 0, or -1 for the broker's default";
}

/* Steps of one match: an expression that needs more is taken not to match, rather than holding the worker up.
 */
enum { MATCH_LIMIT = 1000000 };

bool sl__regex_matches(sl_str pattern, sl_str text) {
    int code = 0;
    size_t at = 0;
    pcre2_code *re = pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n,
                                   PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, NULL);
    pcre2_match_data *match = re ? pcre2_match_data_create_from_pattern(re, NULL) : NULL;
    pcre2_match_context *limits = match ? pcre2_match_context_create(NULL) : NULL;
    bool matches = false;
    if (limits) {
        pcre2_set_match_limit(limits, MATCH_LIMIT);
        matches = pcre2_match(re, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, match, limits) > 0;
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(match);
    pcre2_code_free(re);
    return matches;
}

const char *sl__check_rest_extensions(const sl_config_row *row, sl_str value, sl_arena *arena) {
    sl_str one;
    (void)row, (void)arena;
    while (sl_str_next(&value, ',', &one)) {
        one = sl_str_trim(one);
        if (one.n && !sl_str_eqz(one, "org.apache.kafka.connect.rest.basic.auth.extension."
                                      "BasicAuthSecurityRestExtension")) {
            return "Java classes cannot be loaded; for basic authentication set rest.auth.file, for anything "
                   "else put a "
                   "proxy before REST";
        }
    }
    return NULL;
}
