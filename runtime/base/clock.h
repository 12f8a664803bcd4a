/*
 * clock.h - the clocks. Deadlines use the monotonic ones, timestamps in records and logs the wall clock.
 *
 * Threads: any. Memory: none.
 */
#ifndef SLUICE_BASE_CLOCK_H
#define SLUICE_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

int64_t sl__now_ms(void);  /* CLOCK_MONOTONIC, milliseconds */
int64_t sl__now_us(void);  /* CLOCK_MONOTONIC, microseconds */
int64_t sl__wall_ms(void); /* CLOCK_REALTIME, milliseconds since 1970 */
int64_t sl__boot_ms(void); /* CLOCK_BOOTTIME, milliseconds: goes on while the machine sleeps */

/* sl__cond_init makes a condition whose waits end by CLOCK_MONOTONIC: setting the wall clock neither shortens
   nor lengthens them. When they end is said by sl__deadline_at, a time as sl__now_ms gives it, or
   sl__deadline_in, from now on. */
void sl__cond_init(pthread_cond_t *c);
struct timespec sl__deadline_at(int64_t now_ms);
struct timespec sl__deadline_in(int64_t ms);

#endif
