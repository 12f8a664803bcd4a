/*
 * request.c - parameters, and how answers are made.
 */
#include "rest/request.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

sl_str sl__request_param(const sl__request *r, const char *name) {
    for (size_t i = 0; i < r->nparams; i++) {
        if (sl_str_eqz(r->params[i].name, name)) {
            return r->params[i].value.p ? r->params[i].value : SL_STR("");
        }
    }
    return SL_STR_NONE;
}

int32_t sl__request_task(const sl__request *r) {
    int64_t n;
    return sl_str_to_i64(r->match.args[1], &n) && n >= 0 && n <= INT32_MAX ? (int32_t)n : -1;
}

sl_str sl__request_url(sl__request *r, const char *path, sl_str name) {
    sl_buf b;
    sl_buf_init(&b, &r->arena);
    sl_buf_add_str(&b, r->base_url);
    sl_buf_add_z(&b, path);
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (isalnum(c) || strchr("-._~", c)) {
            sl_buf_add_char(&b, (char)c);
        } else {
            sl_buf_printf(&b, "%%%02X", c);
        }
    }
    sl_buf_add_char(&b, '\0');
    sl_str url = sl_buf_take(&b);
    url.n -= url.n > 0;
    return url;
}

/* ---- JSON ---- */

void sl__json_text(sl_buf *b, sl_str s) {
    if (sl_str_is_utf8(s)) {
        sl_buf_add_json_str(b, s.p ? s : SL_STR(""));
        return;
    }
    char *copy = sl_alloc(s.n);
    if (!copy) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < s.n; i++) {
        copy[i] = (unsigned char)s.p[i] < 0x80 ? s.p[i] : '?';
    }
    sl_buf_add_json_str(b, sl_str_make(copy, s.n));
    sl_free(copy);
}

void sl__json_member(sl_buf *b, const char *name) {
    if (b->n && b->p[b->n - 1] != '{') {
        sl_buf_add_char(b, ',');
    }
    sl_buf_add_json_str(b, sl_str_of(name));
    sl_buf_add_char(b, ':');
}

void sl__json_text_member(sl_buf *b, const char *name, sl_str value) {
    sl__json_member(b, name);
    if (value.p) {
        sl__json_text(b, value);
    } else {
        sl_buf_add_z(b, "null");
    }
}

/* ---- answers ---- */

bool sl__answer_json(sl__request *r, int status) {
    if (r->out.failed) {
        sl_buf_clear(&r->out);
        return sl__answer_error(r, 500, "out of memory");
    }
    r->status = status;
    r->content_type = "application/json";
    return true;
}

bool sl__answer_empty(sl__request *r, int status) {
    sl_buf_clear(&r->out);
    r->status = status;
    r->content_type = NULL;
    return true;
}

bool sl__answer_error(sl__request *r, int status, const char *fmt, ...) {
    char text[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    sl_buf_clear(&r->out);
    sl_buf_printf(&r->out, "{\"error_code\":%d", status);
    sl__json_text_member(&r->out, "message", sl_str_of(text));
    sl_buf_add_char(&r->out, '}');
    if (r->out.failed) {
        return sl__answer_empty(r, status);
    }
    r->status = status;
    r->content_type = "application/json";
    return true;
}

/* The one table of errors and HTTP statuses; the first row that fits counts. SL_E_COUNT = any code. */
static const struct {
    sl_error_code code;
    int cls; /* -1 = any */
    int status;
} statuses[] = {
    {SL_E_NOT_FOUND, -1, 404},   {SL_E_CONFLICT, -1, 409},        {SL_E_TIMEOUT, -1, 500},
    {SL_E_UNSUPPORTED, -1, 501}, {SL_E_AUTH, SL_USER, 403},       {SL_E_NOMEM, -1, 503},
    {SL_E_COUNT, SL_USER, 400},  {SL_E_COUNT, SL_RETRIABLE, 503}, {SL_E_COUNT, -1, 500},
};

int sl__status_of(const sl_error *err) {
    size_t i = 0;
    while ((statuses[i].code != SL_E_COUNT && statuses[i].code != err->code) ||
           (statuses[i].cls >= 0 && statuses[i].cls != (int)err->cls)) {
        i++; /* the last row fits everything */
    }
    return statuses[i].status;
}

bool sl__answer_failure(sl__request *r, sl_error *err) {
    char text[4096];
    int status = sl__status_of(err);
    sl_error_text(err, text, sizeof text);
    sl_error_free(err);
    return sl__answer_error(r, status, "%s", text);
}
