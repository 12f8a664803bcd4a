/*
 * tries.c - when something that failed because of an outage is tried again.
 *
 * The pause doubles from one second up to retriable.restart.connector.wait.ms; errors.max.retries bounds the
 * tries. What has run for a minute begins anew.
 */
#include "herder/state.h"

#include "base/clock.h"

#define FIRST_PAUSE_MS 1000
#define HEALTHY_MS 60000

static int64_t pause_of(unsigned made, int64_t longest) {
    int64_t ms = made < 20 ? (int64_t)FIRST_PAUSE_MS << made : longest;
    return ms < longest ? ms : longest;
}

bool sl__tries_plan(sl__tries *t, const sl__herder *h, const sl__connector *c, int64_t now) {
    if (t->running_ms && now - t->running_ms >= HEALTHY_MS) {
        t->made = 0;
    }
    t->running_ms = 0;
    t->at_ms = 0;
    if (!h->env.task.worker->task_restart || h->stopping ||
        (c->max_restarts >= 0 && t->made >= (unsigned)c->max_restarts)) {
        return false;
    }
    int64_t pause = pause_of(t->made, c->restart_wait_ms);
    t->at_ms = now + (pause > 0 ? pause : 1);
    t->made++;
    return true;
}

void sl__trace_text(const char *trace, const sl__tries *t, const sl__connector *c, sl_buf *out) {
    sl_buf_add_z(out, trace ? trace : "");
    if (!t->at_ms) {
        return;
    }
    int64_t left = t->at_ms - sl__now_ms();
    sl_buf_printf(out, "\nstarts again in %lld s, attempt %u",
                  (long long)(left > 0 ? (left + 999) / 1000 : 0), t->made);
    if (c->max_restarts >= 0) {
        sl_buf_printf(out, " of %d", c->max_restarts);
    }
}
