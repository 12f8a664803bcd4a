/*
 * topics_used.c - see topics_used.h. Out of memory, a topic is told of more than once.
 */
#include "task/topics_used.h"

void sl__topics_used_init(sl__topics_used *u, void (*tell)(void *arg, sl_str topic), void *arg) {
    u->tell = tell;
    u->arg = arg;
    sl__map_init(&u->told, NULL);
}

static void drop(sl__topics_used *u) {
    sl__map_deinit(&u->told);
    sl__map_init(&u->told, NULL);
    sl_free(u->last);
    u->last = NULL;
}

void sl__topics_used_deinit(sl__topics_used *u) {
    drop(u);
}

void sl__topics_used_add(sl__topics_used *u, sl_str topic) {
    if (!u->tell) {
        return;
    }
    unsigned forget = atomic_load_explicit(&u->forget, memory_order_relaxed);
    if (forget != u->forgotten) {
        u->forgotten = forget;
        drop(u);
    }
    if (u->last && u->last_n == topic.n && memcmp(u->last, topic.p, topic.n) == 0) {
        return;
    }
    sl_free(u->last);
    u->last = sl_strdup(topic);
    u->last_n = topic.n;
    if (!sl__map_get(&u->told, topic)) {
        (void)sl__map_put(&u->told, topic, u);
        u->tell(u->arg, topic);
    }
}

void sl__topics_used_forget(sl__topics_used *u) {
    atomic_fetch_add(&u->forget, 1);
}
