/*
 * clock.c - the clocks.
 *
 * Not for: formatting times. Threads: any. Memory: none.
 */
#include "base/clock.h"

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

void sl__cond_init(pthread_cond_t *c) {
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(c, &attr);
    pthread_condattr_destroy(&attr);
}

struct timespec sl__deadline_at(int64_t now_ms) {
    return (struct timespec){.tv_sec = now_ms / 1000, .tv_nsec = now_ms % 1000 * 1000000};
}

struct timespec sl__deadline_in(int64_t ms) {
    int64_t until = sl__now_us() + ms * 1000;
    return (struct timespec){.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
}
