/*
 * fake_host.h - a host for tests of plugins: the real table of schemas, all else recorded.
 *
 * Any number of contexts may use it; each has a fake_state behind sl_context.runtime. Calls that may come
 * from any thread take a lock.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <sluice/plugin.h>

extern const sl_host fake_host;

/* Zeroed is a good start; fake_state_deinit frees what it holds. */
typedef struct fake_state {
    const sl_value *stored; /* what offset_read gives; NULL = nothing */
    sl_error *stored_error; /* handed out by the next offset_read */
    bool stopping;
    bool refuse_reports; /* report gives the error back: the policy is to fail */
    size_t reports;
    char last_report[512];
    size_t logs;
    size_t warnings; /* WARN and above */
    char last_log[1024];
    char last_warning[1024];
    size_t wakes;
    size_t reconfigures;
    int64_t metric_sum; /* of all metric_add */
} fake_state;

void fake_state_deinit(fake_state *s);

/* fake_context: an instance of a connector's task 0 with settings that the caller has parsed. */
sl_context fake_context(fake_state *s, const sl_config *config, const void *settings, int32_t variant);

#endif
