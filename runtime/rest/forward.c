/*
 * forward.c - see forward.h.
 *
 * A request is forwarded at most twice: ?forward=true says that it may be once more, false that it may not. A
 * leader that cannot be reached, dies with the request or is replaced while it has it may just be gone: the
 * operation is tried again then, within the request's time. Asked twice all of them come to the same; of two,
 * the second answer tells that it was done by the first.
 */
#include "rest/forward.h"

#include "base/clock.h"
#include "base/http.h"
#include "herder/signature.h"
#include "herder/work.h"
#include "herder/workers.h"

#include <stdio.h>
#include <unistd.h>

#define AGAIN_MS 300
#define CATCH_UP_MS 2000
#define IN_CHANGE "Cannot complete request because of a conflicting operation (e.g. worker rebalance)"

/* It has copies of all it needs, since the request may be over before it is. */
typedef struct forwarding {
    sl__work work; /* first */
    sl_arena arena;
    sl__http_request request;
    sl__http_header headers[5];
    sl_str leader; /* who is asked, if it is the leader */
    sl__http_answer answer;
    sl_error *err;
} forwarding;

static void forwarding_free(forwarding *f) {
    sl_error_free(f->err);
    sl_arena_deinit(&f->arena);
    sl_free(f);
}

/* passed_on tells whether an answer says that the request had gone to somebody else who does not lead either:
 * the leader is changing. */
static bool passed_on(const sl__http_answer *a) {
    return a->status == 409 && sl_str_find_str(a->body, SL_STR(IN_CHANGE)) < a->body.n;
}

static void ask(sl__work *w) {
    forwarding *f = (forwarding *)w;
    f->err = sl__http_do(&f->request, &f->arena, &f->answer);
    if (f->err || passed_on(&f->answer)) {
        (void)usleep(AGAIN_MS * 1000);
    }
}

static bool take_answer(sl__request *r, forwarding *f) {
    sl_buf_clear(&r->out);
    sl_buf_add_str(&r->out, f->answer.body);
    if (r->out.failed) {
        return sl__answer_error(r, 503, "out of memory");
    }
    sl_str location = sl__http_header_of(&f->answer, "Location");
    r->location = location.p ? sl_arena_str(&r->arena, location) : location;
    if (f->answer.status == 201 && r->name.p) {
        r->location = sl__request_url(r, "/connectors/", r->name);
    }
    if (!f->answer.body.n) {
        return sl__answer_empty(r, f->answer.status);
    }
    return sl__answer_json(r, f->answer.status);
}

static bool answered(sl__herder *h, sl__request *r, const sl__op_end *end) {
    (void)h, (void)r, (void)end;
    return true;
}

/* end_forwarded answers. What was changed is to be seen on this worker, too, by whoever has the answer; but
 * he need not wait long for that. */
static void end_forwarded(sl__herder *h, sl__request *r) {
    const sl__ops *ops = sl__herder_ops(h);
    if (r->status < 200 || r->status > 299 || !ops->catch_up) {
        sl__call_end(h, &r->call);
        return;
    }
    int64_t until = sl__now_ms() + CATCH_UP_MS;
    r->call.deadline_ms = until < r->call.deadline_ms ? until : r->call.deadline_ms;
    r->answer = answered;
    (void)ops->catch_up(h, &r->call);
}

/* was_done tells whether an answer to a request that was sent for the second time says that the first one has
 * arrived: what was to be deleted is not there, what was to be made is there as it was to be. */
static bool was_done(sl__herder *h, const sl__request *r, int status) {
    sl__connector_view v;
    sl_arena arena;
    if (r->match.route->run == sl__rest_delete) {
        return status == 404;
    }
    if (r->match.route->run != sl__rest_create || status != 409) {
        return false;
    }
    sl_arena_init(&arena, 0);
    bool same = sl__herder_ops(h)->find(h, r->name, &arena, &v) && v.raw &&
                sl__config_hash(v.raw) == sl__config_hash(&r->call.op.config);
    sl_arena_deinit(&arena);
    return same;
}

static void take_or_end(sl__herder *h, sl__request *r, forwarding *f) {
    char text[1024];
    if (f->err) {
        sl_error_text(f->err, text, sizeof text);
        (void)sl__answer_error(r, 500, "IO Error trying to forward REST request: %s", text);
    } else if (r->resent && was_done(h, r, f->answer.status)) {
        const sl__op_end end = {.kind = SL_OP_DONE, .created = true};
        (void)(r->answer ? r->answer(h, r, &end) : sl__answer_empty(r, r->success));
    } else {
        (void)take_answer(r, f);
    }
}

static void asked(sl__herder *h, sl__work *w) {
    forwarding *f = (forwarding *)w;
    sl__request *r = (sl__request *)w->call;
    if (!r) {
        forwarding_free(f);
        return;
    }
    r->call.check = NULL;
    if ((f->err || passed_on(&f->answer)) && sl__now_ms() + AGAIN_MS < r->call.deadline_ms) {
        r->resent = r->resent || (f->err && f->answer.sent);
        forwarding_free(f);
        sl__call_again(h, &r->call);
        return;
    }
    take_or_end(h, r, f);
    forwarding_free(f);
    end_forwarded(h, r);
}

/* look_at_leader stops waiting for a leader that is not it any more. */
static bool look_at_leader(sl__herder *h, sl__call *c) {
    const forwarding *f = c->work;
    sl_str now = sl__herder_ops(h)->leader(h);
    if (!now.p || sl_str_eq(now, f->leader)) {
        return false;
    }
    c->cancel(c);
    ((sl__request *)c)->resent = true;
    sl__call_again(h, c);
    return true;
}

/* url_of gives where to ask: the same path and parameters, with the right forward. */
static sl_str url_of(const sl__request *r, sl_str leader, bool last, sl_arena *arena) {
    sl_buf b;
    sl_str path = r->path, rest, part;
    size_t query = sl_str_find(path, '?');
    const char *between = "?";
    while (leader.n && leader.p[leader.n - 1] == '/') {
        leader.n--;
    }
    sl_buf_init(&b, arena);
    sl_buf_add_str(&b, leader);
    sl_buf_add(&b, path.p, query);
    rest = sl_str_skip(path, query + 1);
    while (sl_str_next(&rest, '&', &part)) {
        if (part.n && !sl_str_eqz(part, "forward") && !sl_str_starts(part, SL_STR("forward="))) {
            sl_buf_printf(&b, "%s%.*s", between, SL_STR_ARG(part));
            between = "&";
        }
    }
    sl_buf_printf(&b, "%sforward=%s", between, last ? "false" : "true");
    return sl_buf_take(&b);
}

static sl_error *prepare(sl__request *r, sl_str leader, bool last, forwarding *f) {
    f->request = (sl__http_request){
        .method = r->match.route->method,
        .url = url_of(r, leader, last, &f->arena),
        .headers = f->headers,
        .body = r->body.n ? sl_arena_str(&f->arena, r->body) : SL_STR_NONE,
        .tls = r->tls,
        .timeout_ms = (int)(r->call.deadline_ms - sl__now_ms()),
    };
    sl__http_header *to = f->headers;
    *to++ = (sl__http_header){"Accept", SL_STR("application/json")};
    *to++ = (sl__http_header){"Content-Type", r->body.n ? SL_STR("application/json") : SL_STR_NONE};
    *to++ = (sl__http_header){"Authorization", sl_arena_str(&f->arena, r->authorization)};
    *to++ = (sl__http_header){SL__SIGNATURE_HEADER, sl_arena_str(&f->arena, r->signature)};
    *to++ =
        (sl__http_header){SL__SIGNATURE_ALGORITHM_HEADER, sl_arena_str(&f->arena, r->signature_algorithm)};
    f->request.nheaders = (size_t)(to - f->headers);
    return f->arena.failed ? sl_error_nomem() : NULL;
}

bool sl__forward(sl__herder *h, sl__request *r, sl_str leader) {
    sl_str forward = sl__request_param(r, "forward");
    if (forward.p && !sl_str_eq_nocase(forward, SL_STR("true"))) {
        return sl__answer_error(r, 409, "%s", IN_CHANGE);
    }
    if (!leader.n) {
        return sl__answer_error(r, 409,
                                "Cannot complete request momentarily due to no known leader URL, "
                                "likely because a rebalance was underway.");
    }
    forwarding *f = sl_calloc(1, sizeof *f);
    if (!f) {
        return sl__answer_error(r, 503, "out of memory");
    }
    sl_arena_init(&f->arena, 0);
    sl_error *err = prepare(r, leader, forward.p != NULL, f);
    if (err) {
        forwarding_free(f);
        return sl__answer_failure(r, err);
    }
    f->work.run = ask;
    f->work.finished = asked;
    const sl__ops *ops = sl__herder_ops(h);
    if (ops->leader && sl_str_eq(ops->leader(h), leader)) {
        f->leader = sl_arena_str(&f->arena, leader);
        r->call.check = f->leader.p ? look_at_leader : NULL;
    }
    sl__work_start(h, &r->call, &f->work);
    return false;
}
