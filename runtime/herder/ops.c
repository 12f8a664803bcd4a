/*
 * ops.c - see ops.h: how operations end.
 */
#include "herder/ops.h"

#include <stdarg.h>
#include <stdio.h>

bool sl__op_end_call(sl__herder *h, sl__call *c, const sl__op_end *end) {
    c->cancel = NULL;
    c->work = NULL;
    c->done(h, c, end);
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
