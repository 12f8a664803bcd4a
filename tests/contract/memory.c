/*
 * memory.c - every single allocation may fail: the outcome is an error or a success, never a crash or a leak.
 *
 * A first round without failures lets libraries fill the caches that they keep. Then the n-th allocation
 * fails, for n = 1, 2, ... until a round needs fewer than n.
 */
#include "contract.h"
#include "alloc.h"

#include <model/batch.h>
#include <model/schema.h>

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS_MAX 20000UL

/* one_round opens, uses and closes an instance while the n-th allocation fails; gives whether it did. */
static bool one_round(const subject *s, unsigned long n) {
    instance in;
    size_t errors = 0;
    sl_error *err = instance_init(&in, s, NULL);
    assert_null(err);
    sl_batch *records = records_make();
    sl_config_report report;
    sl_config_report_init(&report, &in.arena);
    alloc_plan(n);
    alloc_on();
    sl__plugin_validate(s->def, &in.inst.context, &report);
    alloc_off();
    err = in.arena.failed ? sl_error_nomem() : instance_open(&in);
    if (err) {
        sl_error_free(err);
    } else {
        exercise(&in, records, &errors);
        instance_close(&in);
    }
    bool failed = alloc_failed();
    alloc_plan(0);
    sl__batch_free(records);
    instance_deinit(&in);
    return failed;
}

static unsigned long most_rounds(void) {
    const char *limit = getenv("CONTRACT_ALLOC_MAX");
    return limit ? strtoul(limit, NULL, 10) : ROUNDS_MAX;
}

void test_allocation_failures(void **state) {
    const subject *s = *state;
    size_t schemas = sl__schema_count();
    one_round(s, 0);
    one_round(s, 0);
    unsigned long n = 1;
    for (; n <= most_rounds(); n++) {
        alloc_track_begin();
        bool failed = one_round(s, n);
        size_t leaks = alloc_track_end(false);
        if (leaks) { /* once more, to see that it is not a cache, and to say where */
            alloc_track_begin();
            one_round(s, n);
            leaks = alloc_track_end(true);
        }
        if (leaks) {
            fail_msg("%s: %zu blocks are not freed when allocation %lu fails", s->def->name, leaks, n);
        }
        if (sl__schema_count() != schemas) {
            fail_msg("%s: a schema is still held when allocation %lu fails", s->def->name, n);
        }
        if (!failed) {
            break;
        }
    }
    print_message("%s: %lu allocations\n", s->def->name, n - 1);
}
