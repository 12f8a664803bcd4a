/*
 * clock.h - the clocks. Deadlines use the monotonic ones, timestamps in records and logs the wall clock.
 *
 * Threads: any. Memory: none.
 */
#ifndef SLUICE_BASE_CLOCK_H
#define SLUICE_BASE_CLOCK_H

#include <stdint.h>

int64_t sl__now_ms(void);  /* CLOCK_MONOTONIC, milliseconds */
int64_t sl__now_us(void);  /* CLOCK_MONOTONIC, microseconds */
int64_t sl__wall_ms(void); /* CLOCK_REALTIME, milliseconds since 1970 */
int64_t sl__boot_ms(void); /* CLOCK_BOOTTIME, milliseconds: goes on while the machine sleeps */

#endif
