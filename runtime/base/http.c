/*
 * http.c - see http.h: the text of requests and answers. http_stream.c has the connection.
 */
#include "base/http.h"

#include <sluice/text.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/http_stream.h"

#define MAX_ANSWER ((size_t)64 * 1024 * 1024)
#define MAX_HEAD ((size_t)64 * 1024)

typedef struct target {
    bool tls;
    sl_str host; /* without [] */
    sl_str authority;
    int port;
    sl_str path;
} target;

static sl_error *bad_url(sl_str url) {
    return sl_error_new(SL_E_CONFIG, SL_USER, "expected http://HOST:PORT or https://HOST:PORT, got '%.*s'",
                        SL_STR_ARG(url));
}

static sl_error *split_url(sl_str url, target *t) {
    int64_t port;
    size_t scheme = sl_str_find_str(url, SL_STR("://"));
    sl_str name = sl_str_make(url.p, scheme);
    t->tls = sl_str_eq_nocase(name, SL_STR("https"));
    if (scheme == url.n || (!t->tls && !sl_str_eq_nocase(name, SL_STR("http")))) {
        return bad_url(url);
    }
    sl_str rest = sl_str_skip(url, scheme + 3);
    size_t slash = sl_str_find(rest, '/');
    t->authority = sl_str_make(rest.p, slash);
    t->path = slash < rest.n ? sl_str_skip(rest, slash) : SL_STR("/");
    t->host = t->authority;
    t->port = t->tls ? 443 : 80;
    size_t colon = t->authority.n;
    while (colon > 0 && t->authority.p[colon - 1] != ':' && t->authority.p[colon - 1] != ']') {
        colon--;
    }
    if (colon > 0 && t->authority.p[colon - 1] == ':') {
        if (!sl_str_to_i64(sl_str_skip(t->authority, colon), &port) || port < 1 || port > 65535) {
            return bad_url(url);
        }
        t->port = (int)port;
        t->host = sl_str_make(t->authority.p, colon - 1);
    }
    if (t->host.n >= 2 && t->host.p[0] == '[') {
        t->host = sl_str_make(t->host.p + 1, t->host.n - 2);
    }
    return t->host.n ? NULL : bad_url(url);
}

static void write_request(const sl__http_request *req, const target *t, sl_buf *b) {
    sl_buf_printf(b, "%s %.*s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n", req->method,
                  SL_STR_ARG(t->path), SL_STR_ARG(t->authority));
    for (size_t i = 0; i < req->nheaders; i++) {
        if (req->headers[i].value.p) {
            sl_buf_printf(b, "%s: %.*s\r\n", req->headers[i].name, SL_STR_ARG(req->headers[i].value));
        }
    }
    if (req->body.p || strcmp(req->method, "GET") != 0) {
        sl_buf_printf(b, "Content-Length: %zu\r\n", req->body.n);
    }
    sl_buf_add_z(b, "\r\n");
    sl_buf_add_str(b, req->body);
}

/* ---- the answer ---- */

static sl_error *no_http(void) {
    return sl_error_new(SL_E_NETWORK, SL_RETRIABLE, "expected an answer of HTTP/1.1");
}

static size_t head_end(const sl_buf *b) {
    return sl_str_find_str(sl_buf_view(b), SL_STR("\r\n\r\n"));
}

/* read_head reads until the empty line; what is behind it stays in b from *body on. */
static sl_error *read_head(sl__http_stream *s, sl_buf *b, size_t *body) {
    bool more = true;
    while (more && head_end(b) == b->n) {
        if (b->n > MAX_HEAD) {
            return no_http();
        }
        SL_TRY(sl__http_stream_read(s, b, &more));
    }
    size_t end = head_end(b);
    if (end == b->n || b->n < 12 || memcmp(b->p, "HTTP/1.", 7) != 0) {
        return no_http();
    }
    *body = end + 4;
    return NULL;
}

/* read_to reads until the buffer has n bytes. */
static sl_error *read_to(sl__http_stream *s, sl_buf *b, size_t n) {
    bool more = true;
    while (b->n < n) {
        SL_TRY(sl__http_stream_read(s, b, &more));
        if (!more && b->n < n) {
            return sl_error_new(SL_E_NETWORK, SL_RETRIABLE, "the answer ended too early");
        }
    }
    return NULL;
}

static sl_error *too_large(size_t max) {
    return sl_error_new(SL_E_DATA, SL_FATAL, "the answer is larger than %zu bytes", max);
}

static bool read_hex(sl_str line, size_t *out) {
    size_t n = 0, i = 0;
    for (; i < line.n && i < 8; i++) {
        int digit = sl_hex_digit(line.p[i]);
        if (digit < 0) {
            break;
        }
        n = n << 4 | (size_t)digit;
    }
    *out = n;
    return i > 0;
}

/* read_chunked takes the chunks behind `at` apart. */
static sl_error *read_chunked(sl__http_stream *s, sl_buf *b, size_t at, size_t max, sl_buf *out) {
    for (;;) {
        size_t line, size;
        bool more = true;
        while (line = sl_str_find_str(sl_str_skip(sl_buf_view(b), at), SL_STR("\r\n")), at + line == b->n) {
            SL_TRY(more ? sl__http_stream_read(s, b, &more) : no_http());
        }
        if (!read_hex(sl_str_make(b->p + at, line), &size)) {
            return no_http();
        }
        at += line + 2;
        if (!size) {
            return NULL;
        }
        if (out->n + size > max) {
            return too_large(max);
        }
        SL_TRY(read_to(s, b, at + size + 2));
        sl_buf_add(out, b->p + at, size);
        at += size + 2;
    }
}

static sl_error *read_body(sl__http_stream *s, sl_buf *b, size_t at, const sl__http_answer *a, size_t max,
                           sl_buf *out) {
    int64_t length;
    bool more = true;
    if (sl_str_eq_nocase(sl__http_header_of(a, "Transfer-Encoding"), SL_STR("chunked"))) {
        return read_chunked(s, b, at, max, out);
    }
    if (sl_str_to_i64(sl__http_header_of(a, "Content-Length"), &length) && length >= 0) {
        if ((size_t)length > max) {
            return too_large(max);
        }
        SL_TRY(read_to(s, b, at + (size_t)length));
        sl_buf_add(out, b->p + at, (size_t)length);
        return NULL;
    }
    while (more) {
        if (b->n - at > max) {
            return too_large(max);
        }
        SL_TRY(sl__http_stream_read(s, b, &more));
    }
    sl_buf_add(out, b->p + at, b->n - at);
    return NULL;
}

static sl_error *read_answer(sl__http_stream *s, const sl__http_request *req, sl_arena *arena, sl_buf *b,
                             sl__http_answer *out) {
    sl_buf body;
    int64_t status;
    size_t at = 0, max = req->max_answer ? req->max_answer : MAX_ANSWER;
    SL_TRY(read_head(s, b, &at));
    if (!sl_str_to_i64(sl_str_make(b->p + 9, 3), &status)) {
        return no_http();
    }
    out->status = (int)status;
    out->head = sl_arena_str(arena, sl_str_make(b->p, at - 2));
    if (!out->head.p) {
        return sl_error_nomem();
    }
    if (status == 204 || status == 304 || strcmp(req->method, "HEAD") == 0) {
        out->body = SL_STR("");
        return NULL;
    }
    sl_buf_init(&body, arena);
    SL_TRY(read_body(s, b, at, out, max, &body));
    out->body = body.n ? sl_buf_take(&body) : SL_STR("");
    return body.failed || arena->failed ? sl_error_nomem() : NULL;
}

sl_str sl__http_header_of(const sl__http_answer *a, const char *name) {
    sl_str rest = a->head, line;
    while (sl_str_next(&rest, '\n', &line)) {
        size_t colon = sl_str_find(line, ':');
        if (colon < line.n && sl_str_eq_nocase(sl_str_make(line.p, colon), sl_str_of(name))) {
            return sl_str_trim(sl_str_skip(line, colon + 1));
        }
    }
    return SL_STR_NONE;
}

/* ---- both ---- */

static sl_error *exchange(const sl__http_request *req, const target *t, sl_arena *arena, sl_buf *b,
                          sl__http_answer *out) {
    sl__http_stream *s;
    write_request(req, t, b);
    if (b->failed) {
        return sl_error_nomem();
    }
    SL_TRY(sl__http_stream_open(t->host, t->port, t->tls ? req->tls : NULL, t->tls,
                                sl__now_ms() + req->timeout_ms, &s));
    out->sent = true;
    sl_error *err = sl__http_stream_write(s, sl_buf_view(b));
    sl_buf_clear(b);
    err = err ? err : read_answer(s, req, arena, b, out);
    err = err || !b->failed ? err : sl_error_nomem();
    sl__http_stream_close(s);
    return err;
}

sl_error *sl__http_do(const sl__http_request *req, sl_arena *arena, sl__http_answer *out) {
    target t = {0};
    sl_buf b;
    *out = (sl__http_answer){0};
    SL_TRY(split_url(req->url, &t));
    sl_buf_init(&b, NULL);
    sl_error *err = exchange(req, &t, arena, &b, out);
    sl_buf_deinit(&b);
    return err ? sl_error_wrap(err, "%s %s://%.*s%.*s", req->method, t.tls ? "https" : "http",
                               SL_STR_ARG(t.authority), (int)sl_str_find(t.path, '?'), t.path.p)
               : NULL;
}
