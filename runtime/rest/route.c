/*
 * route.c - see route.h.
 */
#include "rest/route.h"

#include <sluice/text.h>

bool sl__unescape(sl_str in, sl_arena *arena, sl_str *out) {
    char *to = sl_arena_bytes(arena, in.n + 1);
    size_t n = 0;
    if (!to) {
        return false;
    }
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%') {
            int high = i + 2 < in.n ? sl_hex_digit(in.p[i + 1]) : -1;
            int low = i + 2 < in.n ? sl_hex_digit(in.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0') {
            return false;
        }
        to[n++] = c;
    }
    to[n] = '\0';
    *out = sl_str_make(to, n);
    return sl_str_is_utf8(*out);
}

/* next_segment cuts a segment off a path that starts with '/'; false at its end. One '/' at the end does not
 * count. */
static bool next_segment(sl_str *path, sl_str *segment) {
    if (path->n < 2) {
        return false;
    }
    sl_str rest = sl_str_skip(*path, 1);
    size_t n = sl_str_find(rest, '/');
    *segment = sl_str_make(rest.p, n);
    *path = sl_str_skip(rest, n);
    return true;
}

/* path_matches compares and takes the raw values of {names}. */
static bool path_matches(sl_str pattern, sl_str path, sl_str *args) {
    sl_str want, got;
    size_t n = 0;
    bool more_want, more_got;
    for (;;) {
        more_want = next_segment(&pattern, &want);
        more_got = next_segment(&path, &got);
        if (!more_want || !more_got) {
            return more_want == more_got;
        }
        if (want.n && want.p[0] == '{' && n < SL__ROUTE_ARGS) {
            if (got.n == 0) {
                return false;
            }
            args[n++] = got;
        } else if (!sl_str_eq(want, got)) {
            return false;
        }
    }
}

/* allow adds a method to the list of what a path takes. */
static void allow(sl_arena *arena, sl_str *list, const char *method) {
    *list = sl_arena_printf(arena, "%.*s%s%s%s", SL_STR_ARG(*list), list->n ? ", " : "", method,
                            strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

static bool unescape_all(sl__match *m, sl_arena *arena) {
    for (size_t i = 0; i < SL__ROUTE_ARGS; i++) {
        if (m->args[i].p && !sl__unescape(m->args[i], arena, &m->args[i])) {
            return false;
        }
    }
    return true;
}

sl__route_found sl__route_find(const sl__route *routes, size_t n, sl_str method, sl_str path, sl_arena *arena,
                               sl__match *out) {
    sl_str wanted = sl_str_eqz(method, "HEAD") ? SL_STR("GET") : method;
    *out = (sl__match){.allowed = SL_STR("")};
    if (!sl_str_starts(path, SL_STR("/"))) {
        return SL_ROUTE_NO_PATH;
    }
    for (size_t i = 0; i < n; i++) {
        sl_str args[SL__ROUTE_ARGS] = {{NULL, 0}};
        if (!path_matches(sl_str_of(routes[i].pattern), path, args)) {
            continue;
        }
        allow(arena, &out->allowed, routes[i].method);
        if (sl_str_eqz(wanted, routes[i].method)) {
            out->route = &routes[i];
            memcpy(out->args, args, sizeof args);
            return unescape_all(out, arena) ? SL_ROUTE_OK : SL_ROUTE_BAD_PATH;
        }
    }
    if (!out->allowed.n) {
        return SL_ROUTE_NO_PATH;
    }
    out->allowed = sl_arena_printf(arena, "%.*s, OPTIONS", SL_STR_ARG(out->allowed));
    return SL_ROUTE_NO_METHOD;
}

/* media_name cuts the parameters off "type/subtype; charset=utf-8". */
static sl_str media_name(sl_str type) {
    return sl_str_trim(sl_str_make(type.p, sl_str_find(type, ';')));
}

bool sl__media_is_json(sl_str type) {
    return !type.p || sl_str_eq_nocase(media_name(type), SL_STR("application/json"));
}

bool sl__media_accepts(sl_str accept, const char *media) {
    sl_str rest = accept, one, wanted = sl_str_of(media ? media : "application/json");
    sl_str group = sl_str_make(wanted.p, sl_str_find(wanted, '/') + 1);
    while (accept.p && sl_str_next(&rest, ',', &one)) {
        one = media_name(one);
        bool whole_group = one.n == group.n + 1 && one.p[group.n] == '*' &&
                           sl_str_eq_nocase(sl_str_make(one.p, group.n), group);
        if (sl_str_eqz(one, "*/*") || sl_str_eqz(one, "*") || sl_str_eq_nocase(one, wanted) || whole_group) {
            return true;
        }
    }
    return !sl_str_trim(accept).n;
}
