/*
 * pack.h - several texts in one block of memory.
 *
 * Threads: any. Memory: the caller's.
 */
#ifndef SLUICE_BASE_PACK_H
#define SLUICE_BASE_PACK_H

#include <sluice/str.h>

/* sl__str_pack copies s to a place and views it there in *out (absent stays absent); gives the place behind
 * it. */
static inline char *sl__str_pack(char *to, sl_str s, sl_str *out) {
    *out = s.p ? sl_str_make(to, s.n) : SL_STR_NONE;
    if (s.p) {
        memcpy(to, s.p, s.n);
    }
    return to + out->n;
}

#endif
