/*
 * clock.c - the clocks.
 *
 * Not for: formatting times. Threads: any. Memory: none.
 */
#include "base/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id) {
    struct timespec t = {0};
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t sl__now_ms(void) {
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t sl__now_us(void) {
    return read_us(CLOCK_MONOTONIC);
}

int64_t sl__wall_ms(void) {
    return read_us(CLOCK_REALTIME) / 1000;
}

int64_t sl__boot_ms(void) {
    return read_us(CLOCK_BOOTTIME) / 1000;
}
