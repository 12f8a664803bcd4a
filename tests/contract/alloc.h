/*
 * alloc.h - allocations that fail when planned, and a count of those that were not freed.
 *
 * The program defines malloc and its kin, so plugins and the libraries behind them are covered too. Only the
 * calling thread is affected. In a build with AddressSanitizer the allocator is the sanitizer's: there only
 * sl_alloc and its kin can fail, and leaks are for the sanitizer to find.
 */
#ifndef CONTRACT_ALLOC_H
#define CONTRACT_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* alloc_plan makes the n-th allocation (1 = the next) within alloc_on..alloc_off fail; 0 = none. */
void alloc_plan(unsigned long n);
void alloc_on(void);
void alloc_off(void);
/* alloc_failed tells whether the planned failure has happened. */
bool alloc_failed(void);

/* alloc_track_begin starts to note what this thread allocates; _end gives how many of those are not freed and
   prints where up to three of them came from when `print` is set. */
void alloc_track_begin(void);
size_t alloc_track_end(bool print);

#endif
