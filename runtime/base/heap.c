/*
 * heap.c - jemalloc's settings, and giving memory back.
 *
 * jemalloc's own names are used: it reads malloc_conf from the program when it starts. Where the program is
 * not linked with it, mallctl is not there.
 */
#include "base/heap.h"

#include <jemalloc/jemalloc.h>
#include <malloc.h>
#include <stddef.h>

#define TEXT_OF(x) TEXT(x)
#define TEXT(x) #x
#define PURGE_ALL "arena." TEXT_OF(MALLCTL_ARENAS_ALL) ".purge"

#pragma weak mallctl

/* One arena: records move between threads, and each arena would keep what was freed. */
const char *malloc_conf = "narenas:1,dirty_decay_ms:2000,muzzy_decay_ms:0";

void sl__heap_trim(void) {
    if (!mallctl) {
        (void)malloc_trim(0);
        return;
    }
    (void)mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    (void)mallctl(PURGE_ALL, NULL, NULL, NULL, 0);
}
