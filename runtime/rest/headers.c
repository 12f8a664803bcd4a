/*
 * headers.c - see headers.h.
 */
#include "rest/headers.h"

#include <microhttpd.h>
#include <time.h>

#include "base/clock.h"

#define KEY "response.http.headers.config"

/* next_item cuts one "action name:value" off, at a comma that is not in quotes. */
static bool next_item(sl_str *rest, sl_str *item) {
    bool quoted = false;
    size_t i = 0;
    if (!rest->n) {
        return false;
    }
    for (; i < rest->n && (quoted || rest->p[i] != ','); i++) {
        quoted = rest->p[i] == '"' ? !quoted : quoted;
    }
    *item = sl_str_trim(sl_str_make(rest->p, i));
    *rest = sl_str_skip(*rest, i + 1);
    if (item->n >= 2 && item->p[0] == '"' && item->p[item->n - 1] == '"') {
        *item = sl_str_trim(sl_str_make(item->p + 1, item->n - 2));
    }
    return true;
}

static bool printable(sl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static sl_error *parse_item(sl_str item, sl_arena *arena, sl__header_row *row) {
    size_t space = sl_str_find(item, ' ');
    sl_str action = sl_str_make(item.p, space);
    sl_str rest = sl_str_trim(sl_str_skip(item, space));
    size_t colon = sl_str_find(rest, ':');
    sl_str name = sl_str_trim(sl_str_make(rest.p, colon));
    sl_str value = sl_str_trim(sl_str_skip(rest, colon + 1));
    bool date = sl_str_eq_nocase(action, SL_STR("setDate")) || sl_str_eq_nocase(action, SL_STR("addDate"));
    bool text = sl_str_eq_nocase(action, SL_STR("set")) || sl_str_eq_nocase(action, SL_STR("add"));
    *row = (sl__header_row){.date = date};
    if ((!date && !text) || colon == rest.n || !name.n || sl_str_find(name, ' ') < name.n ||
        !printable(rest) || (date && !sl_str_to_i64(value, &row->date_ms))) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            KEY ": expected 'set|add|setDate|addDate name:value', got '%.*s'",
                            SL_STR_ARG(item));
    }
    row->name = sl_arena_str(arena, name).p;
    row->value = sl_arena_str(arena, value).p;
    return row->name && row->value ? NULL : sl_error_nomem();
}

sl_error *sl__headers_parse(const sl__worker_settings *worker, sl_arena *arena, sl__headers *out) {
    sl_str rest = sl_str_trim(worker->response_headers), item;
    size_t most = 1;
    *out = (sl__headers){.origins = sl_str_trim(worker->allow_origin)};
    if (sl_str_trim(worker->allow_methods).n) {
        out->methods = sl_arena_str(arena, sl_str_trim(worker->allow_methods)).p;
    }
    for (size_t i = 0; i < rest.n; i++) {
        most += rest.p[i] == ',';
    }
    out->rows = sl_arena_alloc(arena, most * sizeof *out->rows);
    if (!out->rows) {
        return sl_error_nomem();
    }
    while (next_item(&rest, &item)) {
        SL_TRY(parse_item(item, arena, &out->rows[out->n]));
        out->n++;
    }
    return NULL;
}

static bool origin_allowed(sl_str origins, sl_str origin) {
    sl_str one;
    while (sl_str_next(&origins, ',', &one)) {
        one = sl_str_trim(one);
        if (sl_str_eqz(one, "*") || sl_str_eq_nocase(one, origin)) {
            return true;
        }
    }
    return false;
}

static void add_date(const sl__header_row *row, struct MHD_Response *response) {
    char text[64];
    struct tm tm;
    time_t at = (time_t)((sl__wall_ms() + row->date_ms) / 1000);
    if (gmtime_r(&at, &tm) && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm)) {
        (void)MHD_add_response_header(response, row->name, text);
    }
}

void sl__headers_add(const sl__headers *h, sl_str origin, bool preflight, struct MHD_Response *response) {
    if (origin.n && printable(origin) && h->origins.n && origin_allowed(h->origins, origin)) {
        (void)MHD_add_response_header(response, "Access-Control-Allow-Origin", origin.p);
        (void)MHD_add_response_header(response, "Access-Control-Allow-Methods",
                                      h->methods ? h->methods : "GET,POST,HEAD");
        (void)MHD_add_response_header(response, "Vary", "Origin");
        if (preflight) {
            (void)MHD_add_response_header(response, "Access-Control-Allow-Headers",
                                          "X-Requested-With,Content-Type,Accept,Origin,Authorization");
            (void)MHD_add_response_header(response, "Access-Control-Max-Age", "1800");
        }
    }
    for (size_t i = 0; i < h->n; i++) {
        if (h->rows[i].date) {
            add_date(&h->rows[i], response);
        } else {
            (void)MHD_add_response_header(response, h->rows[i].name, h->rows[i].value);
        }
    }
}
