/*
 * pending.c - an array, searched from its front: a task has few source partitions.
 */
#include "task/pending.h"

#define KEPT ((size_t)64 * 1024)
#define MUCH ((size_t)256 * 1024)

void sl__pending_init(sl__pending *p) {
    *p = (sl__pending){0};
    sl_arena_init(&p->arena, 0);
}

void sl__pending_deinit(sl__pending *p) {
    sl_arena_deinit(&p->arena);
    sl_free(p->items);
}

sl_error *sl__pending_merge(sl__pending *p, const sl_batch_offset *from) {
    sl_batch_offset copy;
    for (size_t i = 0; i < p->n; i++) {
        if (sl_value_eq(&p->items[i].partition, &from->partition)) {
            return sl_value_copy(&p->arena, &from->offset, &p->items[i].offset) ? NULL : sl_error_nomem();
        }
    }
    sl_batch_offset *items = sl_grow(p->items, p->n, &p->cap, sizeof(*items));
    if (!items) {
        return sl_error_nomem();
    }
    p->items = items;
    if (!sl_value_copy(&p->arena, &from->partition, &copy.partition) ||
        !sl_value_copy(&p->arena, &from->offset, &copy.offset)) {
        return sl_error_nomem();
    }
    p->items[p->n++] = copy;
    return NULL;
}

void sl__pending_clear(sl__pending *p) {
    sl_arena_reset(&p->arena, KEPT);
    p->n = 0;
}

sl_error *sl__pending_compact(sl__pending *p) {
    if (p->arena.total < MUCH) {
        return NULL;
    }
    sl__pending fresh;
    sl__pending_init(&fresh);
    sl_error *err = NULL;
    for (size_t i = 0; !err && i < p->n; i++) {
        err = sl__pending_merge(&fresh, &p->items[i]);
    }
    if (err) {
        sl__pending_deinit(&fresh);
        return err;
    }
    sl__pending_deinit(p);
    *p = fresh;
    return NULL;
}
