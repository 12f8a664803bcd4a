/*
 * cluster.c - see cluster.h. A try waits a moment for a broker; without one there is another try some seconds
 * later.
 */
#include "herder/cluster.h"

#include <stdatomic.h>

#include "base/clock.h"

#define TRY_MS 250
#define AGAIN_MS 5000

struct sl__cluster {
    sl__unit unit; /* first */
    sl__kafka *kafka;
    sl_arena arena;
    sl_str id;
    atomic_bool known; /* id is there, and stays */
};

static bool look(sl__unit *u, sl_wait *wait) {
    sl__cluster *c = (sl__cluster *)u;
    sl_str id = sl__kafka_cluster_id(c->kafka, TRY_MS, &c->arena);
    if (id.p) {
        c->id = id;
        atomic_store_explicit(&c->known, true, memory_order_release);
        return false;
    }
    sl_arena_reset(&c->arena, 0);
    *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = sl__now_ms() + AGAIN_MS};
    return true;
}

static void looked(sl__unit *u) {
    (void)u; /* freed with the worker */
}

sl__cluster *sl__cluster_new(sl__kafka *kafka, sl__sched *sched) {
    sl__cluster *c = sl_calloc(1, sizeof *c);
    if (c) {
        c->kafka = kafka;
        c->unit.step = look;
        c->unit.done = looked;
        sl_arena_init(&c->arena, 256);
        sl__unit_start(sched, &c->unit);
    }
    return c;
}

void sl__cluster_free(sl__cluster *c) {
    if (c) {
        sl_arena_deinit(&c->arena);
        sl_free(c);
    }
}

sl_str sl__cluster_id(const sl__cluster *c) {
    bool known = c && atomic_load_explicit(&((sl__cluster *)(uintptr_t)c)->known, memory_order_acquire);
    return known ? c->id : SL_STR_NONE;
}
