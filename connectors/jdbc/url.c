/*
 * url.c - connection.url: JDBC's forms and the libraries' own, taken apart into what libpq and SQLite
 * understand.
 *
 * No state; any thread; strings in the caller's arena. Messages name keys, never values (a value may be a
 * password).
 */
#include "settings.h"

#include <ctype.h>
#include <sluice/text.h>

typedef struct url_key {
    const char *jdbc;
    const char *native; /* NULL: of no meaning here, accepted */
} url_key;

/* pgjdbc's parameters and libpq's keywords. */
static const url_key postgres_keys[] = {
    {"user", "user"},
    {"password", "password"},
    {"sslmode", "sslmode"},
    {"sslrootcert", "sslrootcert"},
    {"sslcert", "sslcert"},
    {"sslkey", "sslkey"},
    {"sslpassword", "sslpassword"},
    {"sslcrl", "sslcrl"},
    {"sslsni", "sslsni"},
    {"ApplicationName", "application_name"},
    {"application_name", "application_name"},
    {"connectTimeout", "connect_timeout"},
    {"connect_timeout", "connect_timeout"},
    {"loginTimeout", "connect_timeout"},
    {"channelBinding", "channel_binding"},
    {"channel_binding", "channel_binding"},
    {"gssEncMode", "gssencmode"},
    {"gssencmode", "gssencmode"},
    {"kerberosServerName", "krbsrvname"},
    {"krbsrvname", "krbsrvname"},
    {"passfile", "passfile"},
    {"service", "service"},
    {"keepalives", "keepalives"},
    {"keepalives_idle", "keepalives_idle"},
    {"keepalives_interval", "keepalives_interval"},
    {"keepalives_count", "keepalives_count"},
    {"tcp_user_timeout", "tcp_user_timeout"},
    {"hostaddr", "hostaddr"},
    {"host", "host"},
    {"port", "port"},
    {"dbname", "dbname"},
    {"target_session_attrs", "target_session_attrs"},
    {"require_auth", "require_auth"},
    /* how pgjdbc works inside: nothing that arrives depends on it here */
    {"reWriteBatchedInserts", NULL},
    {"prepareThreshold", NULL},
    {"preparedStatementCacheQueries", NULL},
    {"preparedStatementCacheSizeMiB", NULL},
    {"defaultRowFetchSize", NULL},
    {"binaryTransfer", NULL},
    {"stringtype", NULL},
    {"assumeMinServerVersion", NULL},
    {"loggerLevel", NULL},
    {"loggerFile", NULL},
    {"logUnclosedConnections", NULL},
    {"autosave", NULL},
    {"preferQueryMode", NULL},
    {"socketTimeout", NULL},
    {"cancelSignalTimeout", NULL},
    {"receiveBufferSize", NULL},
    {"sendBufferSize", NULL},
};

static sl_error *url_error(const char *what) {
    return sl_error_new(SL_E_CONFIG, SL_USER, "connection.url: %s", what);
}

static char *arena_z(sl_arena *a, sl_str s) {
    sl_str copy = sl_arena_str(a, s.p ? s : SL_STR(""));
    return (char *)(uintptr_t)copy.p;
}

static sl_error *add_param(jdbc_url *url, sl_arena *a, const char *name, sl_str value) {
    if (url->nparams + 3 >= sizeof url->params / sizeof url->params[0]) {
        return url_error("too many parameters");
    }
    jdbc_param *p = &url->params[url->nparams];
    p->name = arena_z(a, sl_str_of(name));
    p->value = arena_z(a, value);
    if (!p->name || !p->value) {
        return sl_error_nomem();
    }
    url->nparams++;
    return NULL;
}

/* decode undoes %XX. */
static sl_str decode(sl_arena *a, sl_str s) {
    char *to = sl_arena_bytes(a, s.n + 1);
    size_t n = 0;
    if (!to) {
        return SL_STR_NONE;
    }
    for (size_t i = 0; i < s.n; i++) {
        int hi = i + 2 < s.n && s.p[i] == '%' ? sl_hex_digit(s.p[i + 1]) : -1;
        int lo = hi >= 0 ? sl_hex_digit(s.p[i + 2]) : -1;
        if (lo >= 0) {
            to[n++] = (char)(hi * 16 + lo);
            i += 2;
        } else {
            to[n++] = s.p[i];
        }
    }
    to[n] = 0;
    return sl_str_make(to, n);
}

/* special_param handles pgjdbc parameters whose value has to be translated; *done when it was one of them. */
static sl_error *special_param(jdbc_url *url, sl_arena *a, sl_str key, sl_str value, bool *done) {
    *done = true;
    if (sl_str_eqz(key, "ssl")) {
        return add_param(url, a, "sslmode",
                         sl_str_eqz(value, "false") ? SL_STR("prefer") : SL_STR("verify-full"));
    }
    if (sl_str_eqz(key, "currentSchema")) {
        sl_buf b;
        sl_buf_init(&b, a);
        sl_buf_add_z(&b, "-c search_path=");
        for (size_t i = 0; i < value.n; i++) {
            if (value.p[i] == ' ' || value.p[i] == '\\') {
                sl_buf_add_char(&b, '\\');
            }
            sl_buf_add_char(&b, value.p[i]);
        }
        return add_param(url, a, "options", sl_buf_take(&b));
    }
    if (sl_str_eqz(key, "options")) {
        return add_param(url, a, "options", value);
    }
    if (sl_str_eqz(key, "tcpKeepAlive")) {
        return add_param(url, a, "keepalives", sl_str_eqz(value, "true") ? SL_STR("1") : SL_STR("0"));
    }
    if (sl_str_eqz(key, "targetServerType")) {
        static const url_key types[] = {{"any", "any"},
                                        {"primary", "read-write"},
                                        {"master", "read-write"},
                                        {"secondary", "standby"},
                                        {"preferSecondary", "prefer-standby"}};
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            if (sl_str_eqz(value, types[i].jdbc)) {
                return add_param(url, a, "target_session_attrs", sl_str_of(types[i].native));
            }
        }
        return url_error("targetServerType must be any, primary, secondary or preferSecondary");
    }
    *done = false;
    return NULL;
}

static sl_error *postgres_param(jdbc_url *url, sl_arena *a, sl_str key, sl_str value) {
    bool done;
    SL_TRY(special_param(url, a, key, value, &done));
    if (done) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof postgres_keys / sizeof postgres_keys[0]; i++) {
        if (sl_str_eqz(key, postgres_keys[i].jdbc)) {
            return postgres_keys[i].native ? add_param(url, a, postgres_keys[i].native, value) : NULL;
        }
    }
    return sl_error_new(SL_E_CONFIG, SL_USER,
                        "connection.url: the parameter '%.*s' is not known; expected a parameter of pgjdbc "
                        "or libpq, e.g. sslmode, "
                        "currentSchema, ApplicationName",
                        SL_STR_ARG(key));
}

static sl_error *postgres_query(jdbc_url *url, sl_arena *a, sl_str query) {
    sl_str part;
    while (query.n && sl_str_next(&query, '&', &part)) {
        size_t eq = sl_str_find(part, '=');
        if (part.n == 0) {
            continue;
        }
        SL_TRY(
            postgres_param(url, a, decode(a, sl_str_make(part.p, eq)), decode(a, sl_str_skip(part, eq + 1))));
    }
    return NULL;
}

/* postgres_hosts reads "host:port,[::1]:port". */
static sl_error *postgres_hosts(jdbc_url *url, sl_arena *a, sl_str hosts) {
    sl_buf host, port;
    sl_buf_init(&host, NULL);
    sl_buf_init(&port, NULL);
    sl_str one;
    for (bool first = true; sl_str_next(&hosts, ',', &one); first = false) {
        size_t end = one.n && one.p[0] == '[' ? sl_str_find(one, ']') : 0;
        sl_str rest = sl_str_skip(one, end);
        size_t colon = end + sl_str_find(rest, ':');
        sl_str name =
            one.n && one.p[0] == '[' ? sl_str_make(one.p + 1, end ? end - 1 : 0) : sl_str_make(one.p, colon);
        if (!first) {
            sl_buf_add_char(&host, ',');
            sl_buf_add_char(&port, ',');
        }
        sl_buf_add_str(&host, name.n ? name : SL_STR("localhost"));
        sl_str number = sl_str_skip(one, colon + 1);
        sl_buf_add_str(&port, number.n ? number : SL_STR("5432"));
    }
    sl_error *err = add_param(url, a, "host", sl_buf_view(&host));
    if (!err) {
        err = add_param(url, a, "port", sl_buf_view(&port));
    }
    sl_buf_deinit(&host);
    sl_buf_deinit(&port);
    return err;
}

static sl_error *parse_jdbc_postgres(jdbc_url *url, sl_arena *a, sl_str rest) {
    size_t q = sl_str_find(rest, '?');
    sl_str query = sl_str_skip(rest, q + 1), path = sl_str_make(rest.p, q);
    if (sl_str_starts(path, SL_STR("//"))) {
        path = sl_str_skip(path, 2);
        size_t slash = sl_str_find(path, '/');
        if (sl_str_find(sl_str_make(path.p, slash), '@') < slash) {
            return url_error(
                "a JDBC URL has no user before the host; use connection.user and connection.password");
        }
        SL_TRY(postgres_hosts(url, a, sl_str_make(path.p, slash)));
        path = sl_str_skip(path, slash + 1);
    } else {
        SL_TRY(postgres_hosts(url, a, SL_STR("localhost")));
        path = path.n && path.p[0] == '/' ? sl_str_skip(path, 1) : path;
    }
    if (path.n) {
        SL_TRY(add_param(url, a, "dbname", decode(a, path)));
    }
    return postgres_query(url, a, query);
}

static sl_error *add_credentials(jdbc_url *url, sl_arena *a, sl_str user, sl_str password) {
    if (user.n) {
        SL_TRY(add_param(url, a, "user", user));
    }
    return password.n ? add_param(url, a, "password", password) : NULL;
}

/* ---- SQLite ---- */

static const char *const sqlite_pragmas[] = {"journal_mode", "busy_timeout", "synchronous", "foreign_keys",
                                             "cache_size"};

static sl_error *sqlite_query(jdbc_url *url, sl_arena *a, sl_str query) {
    sl_str part;
    while (query.n && sl_str_next(&query, '&', &part)) {
        size_t eq = sl_str_find(part, '='), i = 0;
        sl_str key = sl_str_make(part.p, eq), value = sl_str_skip(part, eq + 1);
        for (; i < sizeof sqlite_pragmas / sizeof sqlite_pragmas[0]; i++) {
            if (sl_str_eqz(key, sqlite_pragmas[i])) {
                break;
            }
        }
        bool word = value.n > 0;
        for (size_t k = 0; k < value.n; k++) {
            word = word && (isalnum((unsigned char)value.p[k]) || value.p[k] == '_' || value.p[k] == '-');
        }
        if (i == sizeof sqlite_pragmas / sizeof sqlite_pragmas[0] || !word) {
            return sl_error_new(
                SL_E_CONFIG, SL_USER,
                "connection.url: '%.*s' is no setting for SQLite here; expected journal_mode, busy_timeout, "
                "synchronous, foreign_keys or cache_size, each with a plain value",
                SL_STR_ARG(key));
        }
        SL_TRY(add_param(url, a, sqlite_pragmas[i], value));
    }
    return NULL;
}

static sl_error *parse_sqlite(jdbc_url *url, sl_arena *a, sl_str rest) {
    url->kind = JDBC_URL_SQLITE;
    bool uri = sl_str_starts(rest, SL_STR("file:"));
    size_t q = uri ? rest.n : sl_str_find(rest, '?');
    url->path = arena_z(a, sl_str_make(rest.p, q));
    if (!url->path) {
        return sl_error_nomem();
    }
    if (!url->path[0]) {
        return url_error("names no file; expected jdbc:sqlite:/path/to/file.db");
    }
    return sqlite_query(url, a, sl_str_skip(rest, q + 1));
}

static bool is_path(sl_str url) {
    return sl_str_starts(url, SL_STR("/")) || sl_str_starts(url, SL_STR("./")) ||
           sl_str_starts(url, SL_STR("../")) || sl_str_ends(url, SL_STR(".db")) ||
           sl_str_ends(url, SL_STR(".sqlite")) || sl_str_ends(url, SL_STR(".sqlite3"));
}

static sl_error *refuse(sl_str url) {
    size_t scheme = sl_str_starts(url, SL_STR("jdbc:")) ? 5 + sl_str_find(sl_str_skip(url, 5), ':')
                                                        : sl_str_find(url, ':');
    return sl_error_new(SL_E_UNSUPPORTED, SL_USER,
                        "connection.url: '%.*s' is not a database this sink writes to; expected "
                        "jdbc:postgresql://host:port/database, "
                        "postgresql://..., jdbc:sqlite:/path/to/file.db or a file path",
                        (int)(scheme < url.n ? scheme : 0), url.p);
}

sl_error *jdbc_url_parse(sl_str url, sl_str user, sl_str password, sl_arena *arena, jdbc_url *out) {
    *out = (jdbc_url){.kind = JDBC_URL_POSTGRES};
    url = sl_str_trim(url);
    if (sl_str_starts(url, SL_STR("jdbc:sqlite:"))) {
        return parse_sqlite(out, arena, sl_str_skip(url, 12));
    }
    if (sl_str_starts(url, SL_STR("sqlite:"))) {
        return parse_sqlite(out, arena, sl_str_skip(url, 7));
    }
    if (sl_str_starts(url, SL_STR("jdbc:postgresql:"))) {
        SL_TRY(parse_jdbc_postgres(out, arena, sl_str_skip(url, 16)));
        return add_credentials(out, arena, user, password);
    }
    if (sl_str_starts(url, SL_STR("postgresql://")) || sl_str_starts(url, SL_STR("postgres://"))) {
        SL_TRY(add_param(out, arena, "dbname", url));
        return add_credentials(out, arena, user, password);
    }
    if (sl_str_starts(url, SL_STR("file:")) || is_path(url)) {
        return parse_sqlite(out, arena, url);
    }
    return refuse(url);
}
