/*
 * ops.c - see ops.h: how operations end.
 */
#include "herder/ops.h"
#include "herder/state.h"

#include <stdarg.h>
#include <stdio.h>

bool sl__op_end_call(sl__herder *h, sl__call *c, const sl__op_end *end) {
    c->cancel = NULL;
    c->work = NULL;
    c->check = NULL;
    if (!c->done(h, c, end)) {
        return false;
    }
    sl__call_end(h, c);
    return true;
}

bool sl__op_done(sl__herder *h, sl__call *c) {
    const sl__op_end end = {.kind = SL_OP_DONE};
    return sl__op_end_call(h, c, &end);
}

bool sl__op_forward(sl__herder *h, sl__call *c, sl_str leader) {
    const sl__op_end end = {.kind = SL_OP_FORWARD, .leader = leader};
    return sl__op_end_call(h, c, &end);
}

bool sl__op_failed(sl__herder *h, sl__call *c, int status, sl_error *err) {
    const sl__op_end end = {.kind = SL_OP_FAILED, .status = status, .err = err};
    return sl__op_end_call(h, c, &end);
}

bool sl__op_refused(sl__herder *h, sl__call *c, int status, const char *fmt, ...) {
    char text[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return sl__op_failed(h, c, status, sl_error_new(SL_E_CONFIG, SL_USER, "%s", text));
}

const sl__ops *sl__herder_ops(const sl__herder *h) {
    return h->env.ops ? h->env.ops : &sl__standalone_ops;
}

/* ---- validation ---- */

sl_str sl__op_invalid(sl__job *job) {
    sl_buf b;
    sl_buf_init(&b, &job->arena);
    sl_buf_printf(&b, "Connector configuration is invalid and contains the following %zu error(s):",
                  job->report.errors);
    for (size_t i = 0; i < job->report.n; i++) {
        const sl_config_problem *p = &job->report.items[i];
        if (p->severity == SL_SEV_ERROR) {
            sl_buf_printf(&b, "\n%.*s%s%.*s", SL_STR_ARG(p->key), p->key.p ? ": " : "",
                          SL_STR_ARG(p->message));
        }
    }
    sl_buf_add_z(&b, "\nYou can also find the above list of errors at the endpoint "
                     "`/connector-plugins/{connectorType}/config/validate`");
    return sl_buf_take(&b);
}

static void validated(sl__job *job) {
    sl__call *c = job->owner;
    sl__herder *h = job->herder;
    if (c) {
        c->cancel = NULL;
        c->work = NULL;
        sl_error *err = job->err;
        job->err = NULL;
        if (err) {
            (void)sl__op_failed(h, c, 0, err);
        } else if (job->report.errors) {
            sl_str text = sl__op_invalid(job);
            (void)sl__op_refused(h, c, 400, "%.*s", SL_STR_ARG(text));
        } else {
            (void)job->next(h, c, job);
        }
    }
    sl__job_free(job);
}

bool sl__op_validate(sl__herder *h, sl__call *c, sl_str name, const sl_config *config, sl__op_next next) {
    sl__job *job = sl__job_new(h, name, config);
    if (!job) {
        return sl__op_failed(h, c, 0, sl_error_nomem());
    }
    job->connect = true;
    job->next = next;
    job->finished = validated;
    sl__job_for_call(job, c);
    return false;
}
