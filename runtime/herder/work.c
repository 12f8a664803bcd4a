/*
 * work.c - see work.h.
 */
#include "herder/work.h"

#include "herder/state.h"

static bool work_step(sl__unit *u, sl_wait *wait) {
    sl__work *w = (sl__work *)u;
    (void)wait;
    w->run(w);
    return false;
}

static void handle_finished(sl__herder *h, sl__message *m) {
    sl__work *w = (sl__work *)((char *)m - offsetof(sl__work, message));
    h->njobs--;
    if (w->call) {
        w->call->cancel = NULL;
        w->call->work = NULL;
    }
    w->finished(h, w);
}

static void work_done(sl__unit *u) {
    sl__work *w = (sl__work *)u;
    if (!sl__inbox_post(&w->herder->inbox, &w->message)) {
        w->call = NULL; /* the herder has ended, and has answered all calls */
        w->finished(w->herder, w);
    }
}

static void forget(sl__call *c) {
    sl__work *w = c->work;
    w->call = NULL;
}

void sl__work_start(sl__herder *h, sl__call *c, sl__work *w) {
    w->unit.step = work_step;
    w->unit.done = work_done;
    w->message.handle = handle_finished;
    w->herder = h;
    w->call = c;
    if (c) {
        c->work = w;
        c->cancel = forget;
    }
    h->njobs++;
    sl__unit_start(h->env.task.sched, &w->unit);
}
