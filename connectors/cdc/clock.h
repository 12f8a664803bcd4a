/*
 * clock.h - the time of day.
 *
 * Not for deadlines: it may be set back. Threads: any.
 */
#ifndef CDC_CLOCK_H
#define CDC_CLOCK_H

#include <stdint.h>
#include <time.h>

/* cdc_wall_ns gives nanoseconds since 1970, UTC. */
static inline int64_t cdc_wall_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

#endif
