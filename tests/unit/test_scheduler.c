/*
 * The scheduler: steps one at a time, waits for time, descriptor and wake, growth while steps block, many
 * idle units.
 */
#include "support/support.h"

#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "task/scheduler.h"

typedef struct probe {
    sl__unit unit; /* first */
    atomic_int steps, inside, overlaps, done;
    int limit;    /* finish after so many steps, 0 = never */
    int block_ms; /* each step sleeps */
    sl_wait wait; /* what each step waits for */
    int delay_ms; /* 0 = no time */
    int fd;       /* -1 = none */
    atomic_bool quit;
} probe;

static void nap(int ms) {
    struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static bool probe_step(sl__unit *u, sl_wait *wait) {
    probe *p = (probe *)u;
    if (atomic_fetch_add(&p->inside, 1) != 0) {
        atomic_fetch_add(&p->overlaps, 1);
    }
    if (p->block_ms) {
        nap(p->block_ms);
    }
    if (p->fd >= 0) {
        uint64_t n;
        ssize_t r = read(p->fd, &n, sizeof(n));
        (void)r;
    }
    int n = atomic_fetch_add(&p->steps, 1) + 1;
    *wait = p->wait;
    wait->fd = p->fd;
    wait->readable = p->fd >= 0;
    wait->until_ms = p->delay_ms ? sl__now_ms() + p->delay_ms : 0;
    atomic_fetch_sub(&p->inside, 1);
    return !atomic_load(&p->quit) && (p->limit == 0 || n < p->limit);
}

static void probe_done(sl__unit *u) {
    atomic_fetch_add(&((probe *)u)->done, 1);
}

enum { PATIENCE_MS = 60000 };

static probe make_probe(void) {
    return (probe){.unit = {.step = probe_step, .done = probe_done}, .fd = -1};
}

static bool reaches(atomic_int *value, int want, int within_ms) {
    int64_t until = sl__now_ms() + within_ms;
    while (atomic_load(value) < want && sl__now_ms() < until) {
        nap(1);
    }
    return atomic_load(value) >= want;
}

static sl__sched *start(unsigned min, unsigned max) {
    sl__sched *s;
    test_assert_ok(sl__sched_new(min, max, &s));
    return s;
}

static void runs_until_finished(void **state) {
    (void)state;
    sl__sched *s = start(2, 4);
    probe p = make_probe();
    p.limit = 1000;
    sl__unit_start(s, &p.unit);
    assert_true(reaches(&p.done, 1, PATIENCE_MS));
    assert_int_equal(p.steps, 1000);
    assert_int_equal(p.overlaps, 0);
    sl__unit_wake(&p.unit); /* no effect on a unit that is done */
    sl__sched_free(s);
    assert_int_equal(p.steps, 1000);
    assert_int_equal(p.done, 1);
}

static void waits_for_time(void **state) {
    (void)state;
    sl__sched *s = start(1, 1);
    probe p = make_probe();
    p.limit = 4;
    p.delay_ms = 30;
    p.wait.idle = true;
    int64_t began = sl__now_ms();
    sl__unit_start(s, &p.unit);
    assert_true(reaches(&p.done, 1, PATIENCE_MS));
    assert_true(sl__now_ms() - began >= 90);
    sl__sched_free(s);
}

static void waits_for_descriptor_and_wake(void **state) {
    (void)state;
    sl__sched *s = start(1, 2);
    probe p = make_probe();
    p.fd = eventfd(0, EFD_NONBLOCK);
    p.wait.idle = true;
    sl__unit_start(s, &p.unit);
    assert_true(reaches(&p.steps, 1, PATIENCE_MS));
    nap(50);
    assert_int_equal(p.steps, 1);
    uint64_t one = 1;
    assert_int_equal(write(p.fd, &one, sizeof(one)), sizeof(one));
    assert_true(reaches(&p.steps, 2, PATIENCE_MS));
    sl__unit_wake(&p.unit);
    assert_true(reaches(&p.steps, 3, PATIENCE_MS));
    atomic_store(&p.quit, true);
    sl__unit_wake(&p.unit);
    assert_true(reaches(&p.done, 1, PATIENCE_MS));
    sl__sched_free(s);
    close(p.fd);
}

/* A wake during the step is not lost, though the step says that it waits for nothing. */
static void keeps_a_wake_during_the_step(void **state) {
    (void)state;
    sl__sched *s = start(1, 1);
    probe p = make_probe();
    p.block_ms = 300;
    p.wait.idle = true;
    sl__unit_start(s, &p.unit);
    assert_true(reaches(&p.inside, 1, PATIENCE_MS));
    sl__unit_wake(&p.unit);
    assert_true(reaches(&p.steps, 2, PATIENCE_MS));
    nap(700);
    assert_int_equal(p.steps, 2);
    sl__sched_free(s);
}

/* Blocked steps make the pool grow, so that others are not delayed; afterwards nobody steps twice at once. */
static void grows_while_steps_block(void **state) {
    (void)state;
    sl__sched *s = start(2, 16);
    probe blocked[8], quick = make_probe();
    for (int i = 0; i < 8; i++) {
        blocked[i] = make_probe();
        blocked[i].block_ms = 3000;
        blocked[i].limit = 1;
        sl__unit_start(s, &blocked[i].unit);
    }
    quick.limit = 1;
    int64_t began = sl__now_ms();
    sl__unit_start(s, &quick.unit);
    assert_true(reaches(&quick.done, 1, PATIENCE_MS));
    assert_true(sl__now_ms() - began < 2900);
    sl__sched_stats stats;
    sl__sched_stats_get(s, &stats);
    assert_true(stats.threads > 8 && stats.threads <= 16);
    for (int i = 0; i < 8; i++) {
        assert_true(reaches(&blocked[i].done, 1, PATIENCE_MS));
        assert_int_equal(blocked[i].overlaps, 0);
    }
    sl__sched_free(s);
}

static void idle_units_cost_nothing(void **state) {
    (void)state;
    enum { UNITS = 500 };
    static probe units[UNITS];
    sl__sched *s = start(2, 64);
    for (int i = 0; i < UNITS; i++) {
        units[i] = make_probe();
        units[i].wait.idle = true;
        units[i].delay_ms = 3600 * 1000;
        sl__unit_start(s, &units[i].unit);
    }
    for (int i = 0; i < UNITS; i++) {
        assert_true(reaches(&units[i].steps, 1, PATIENCE_MS));
    }
    nap(50);
    sl__sched_stats before, after;
    struct rusage cpu[2];
    sl__sched_stats_get(s, &before);
    getrusage(RUSAGE_SELF, &cpu[0]);
    nap(500);
    getrusage(RUSAGE_SELF, &cpu[1]);
    sl__sched_stats_get(s, &after);
    assert_true(after.threads <= 8);
    assert_int_equal(after.steps, before.steps);
    long us = (cpu[1].ru_utime.tv_sec - cpu[0].ru_utime.tv_sec) * 1000000L + cpu[1].ru_utime.tv_usec -
              cpu[0].ru_utime.tv_usec;
    assert_true(us < 20000);
    sl__sched_free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_until_finished),           cmocka_unit_test(waits_for_time),
        cmocka_unit_test(waits_for_descriptor_and_wake), cmocka_unit_test(keeps_a_wake_during_the_step),
        cmocka_unit_test(grows_while_steps_block),       cmocka_unit_test(idle_units_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
