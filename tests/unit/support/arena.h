/*
 * arena.h - an arena for each test of a program, of its own: the setup and teardown that make it.
 */
#ifndef SLUICE_UNIT_ARENA_H
#define SLUICE_UNIT_ARENA_H

#include "support/support.h"

static sl_arena arena;

static inline int setup_arena(void **state) {
    (void)state;
    sl_arena_init(&arena, 0);
    return 0;
}

static inline int teardown_arena(void **state) {
    (void)state;
    sl_arena_deinit(&arena);
    return 0;
}

#endif
