/*
 * assignment.c - see assignment.h.
 */
#include "herder/assignment.h"

#include <sluice/memory.h>

typedef struct loads {
    size_t *kind; /* units of the kind at hand */
    size_t *all;
    size_t n;
} loads;

static void count(loads *l, const sl__place *places, size_t n, bool task) {
    for (size_t w = 0; w < l->n; w++) {
        l->kind[w] = l->all[w] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (places[i].owner >= 0 && (size_t)places[i].owner < l->n) {
            l->all[places[i].owner]++;
            l->kind[places[i].owner] += places[i].task == task;
        }
    }
}

/* least gives the worker with the fewest units of the kind, of those the one with the fewest at all. */
static size_t least(const loads *l) {
    size_t best = 0;
    for (size_t w = 1; w < l->n; w++) {
        if (l->kind[w] < l->kind[best] || (l->kind[w] == l->kind[best] && l->all[w] < l->all[best])) {
            best = w;
        }
    }
    return best;
}

static size_t most(const loads *l) {
    size_t best = 0;
    for (size_t w = 1; w < l->n; w++) {
        if (l->kind[w] > l->kind[best] || (l->kind[w] == l->kind[best] && l->all[w] > l->all[best])) {
            best = w;
        }
    }
    return best;
}

static void give(loads *l, sl__place *p, size_t w) {
    p->owner = (int32_t)w;
    l->kind[w]++;
    l->all[w]++;
}

/* share gives away what nobody has. */
static void share(loads *l, sl__place *places, size_t n, bool task) {
    for (size_t i = 0; i < n; i++) {
        if (places[i].task == task && places[i].owner == SL__NOBODY && !places[i].held) {
            give(l, &places[i], least(l));
        }
    }
}

/* level_out moves surplus, the last units first: a worker that has too much keeps its oldest. */
static void level_out(loads *l, sl__place *places, size_t n, bool task) {
    for (size_t i = n; i-- > 0;) {
        size_t from = most(l), to = least(l);
        if (l->kind[from] <= l->kind[to] + 1) {
            return;
        }
        if (places[i].task == task && places[i].owner >= 0 && l->kind[places[i].owner] > l->kind[to] + 1 &&
            l->kind[places[i].owner] == l->kind[from]) {
            l->kind[places[i].owner]--;
            l->all[places[i].owner]--;
            give(l, &places[i], to);
        }
    }
}

static bool uneven(const loads *l) {
    return l->kind[most(l)] > l->kind[least(l)] + 1;
}

bool sl__assign(size_t nworkers, sl__place *places, size_t n, bool level) {
    if (nworkers == 0) {
        return true;
    }
    loads l = {.n = nworkers};
    l.kind = sl_calloc(nworkers, sizeof *l.kind);
    l.all = sl_calloc(nworkers, sizeof *l.all);
    bool ok = l.kind && l.all;
    for (int task = 0; ok && task < 2; task++) {
        count(&l, places, n, task);
        share(&l, places, n, task);
        while (level && uneven(&l)) {
            level_out(&l, places, n, task);
        }
    }
    sl_free(l.kind);
    sl_free(l.all);
    return ok;
}
