/*
 * contract.h - what the parts of the contract test share.
 *
 * The test loads every plugin of a folder and holds each definition to the same rules: a sane table of
 * settings (table.c), clear errors for bad settings (settings.c), a life that can be ended at any time
 * (life.c), and no crash and no leak when any single allocation fails (memory.c).
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <config/scope.h>
#include <plugin/instance.h>
#include <plugin/registry.h>
#include <sluice/plugin.h>

#include "support/fake_host.h"

/* One definition under test; the initial state of each cmocka test. */
typedef struct subject {
    const sl__registry *reg;
    const sl_plugin_def *def;
    const char *path; /* of its plugin */
    const char *dir;  /* a folder of its own, for files */
} subject;

/* A configuration that makes sense for a definition. */
typedef struct sample {
    const char *name;   /* short name, or part of a Java class name */
    const char *config; /* "key=value\n..."; @DIR@ is the subject's folder */
    bool offline;       /* needs a server that is not there: open or poll may fail */
} sample;

/* sample_of gives the definition's sample, or NULL: then settings are made up by type. */
const sample *sample_of(const sl_plugin_def *def);

/* sample_config writes a configuration into the arena; what the sample does not say and is required is made
 * up. */
sl_config sample_config(const subject *s, sl_arena *arena);

/* with_value gives a configuration with one key changed or added. */
sl_config with_value(const sl_config *c, const char *key, sl_str value, sl_arena *arena);

/* An instance of a definition, opened or not. */
typedef struct instance {
    const subject *subject;
    sl_arena arena;
    sl_config config;
    sl__instance inst;
    fake_state host;
    void *state; /* NULL = not open */
} instance;

/* instance_init parses the settings; an error leaves nothing to free. */
sl_error *instance_init(instance *in, const subject *s, const sl_config *config);
void instance_deinit(instance *in);
sl_error *instance_open(instance *in);
void instance_close(instance *in);
void instance_interrupt(instance *in);

/* exercise uses an open instance in the ways of its kind, with the records of records.c. Errors are counted
   and their messages checked. During each call into the plugin, planned allocation failures are on. */
void exercise(instance *in, const sl_batch *records, size_t *errors);

/* records_make: a batch of many kinds of records. */
sl_batch *records_make(void);

/* check_error fails the test when an error is no good one; frees it. */
void check_error(sl_error *err, const char *what);

/* Tests; the state is a subject. */
void test_table(void **state);
void test_missing_settings(void **state);
void test_wrong_settings(void **state);
void test_odd_settings(void **state);
void test_open_close(void **state);
void test_two_instances(void **state);
void test_stop_during_work(void **state);
void test_allocation_failures(void **state);

#endif
