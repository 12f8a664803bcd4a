/*
 * main.c - holds every definition of every plugin in a folder to the contract.
 *
 * Usage: contract [PLUGIN_DIR [NAME...]]     PLUGIN_DIR: build/plugins; NAME: short names of definitions
 */
#include "contract.h"

#include <base/log.h>
#include <model/schema.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct part {
    const char *name;
    void (*run)(void **state);
} part;

static const part parts[] = {
    {"table", test_table},
    {"missing settings", test_missing_settings},
    {"wrong settings", test_wrong_settings},
    {"odd settings", test_odd_settings},
    {"open and close", test_open_close},
    {"two instances", test_two_instances},
    {"stop during work", test_stop_during_work},
    {"allocation failures", test_allocation_failures},
};

#define NPARTS (sizeof(parts) / sizeof(parts[0]))
#define MAX_SUBJECTS 256

typedef struct collection {
    const sl__registry *reg;
    const char *dir;
    char **names; /* NULL-terminated; empty = all */
    size_t n;
    subject subjects[MAX_SUBJECTS];
} collection;

static bool wanted(char **names, const char *name) {
    for (char **w = names; *w; w++) {
        if (strcmp(*w, name) == 0) {
            return true;
        }
    }
    return *names == NULL;
}

static void collect(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    collection *c = arg;
    (void)table;
    if (wanted(c->names, def->name) && c->n < MAX_SUBJECTS) {
        c->subjects[c->n++] = (subject){.reg = c->reg, .def = def, .path = path, .dir = c->dir};
    }
}

static bool refused(const sl__registry *reg) {
    size_t n;
    const sl__plugin_failure *failures = sl__registry_failures(reg, &n);
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, "contract: %s: %s\n", failures[i].path, failures[i].reason);
    }
    return n > 0;
}

static int run_all(collection *c) {
    struct CMUnitTest *tests = calloc(c->n * NPARTS, sizeof(*tests));
    if (!tests) {
        return 1;
    }
    for (size_t i = 0; i < c->n * NPARTS; i++) {
        subject *s = &c->subjects[i / NPARTS];
        char *name = NULL;
        if (asprintf(&name, "%s_%s: %s", sl__plugin_kind_name(s->def->kind), s->def->name,
                     parts[i % NPARTS].name) < 0) {
            return 1;
        }
        tests[i] = (struct CMUnitTest){.name = name, .test_func = parts[i % NPARTS].run, .initial_state = s};
    }
    int failed = _cmocka_run_group_tests("contract", tests, c->n * NPARTS, NULL, NULL);
    for (size_t i = 0; i < c->n * NPARTS; i++) {
        free((char *)tests[i].name);
    }
    free(tests);
    return failed;
}

/* warm_up grows the tables of interned schemas: they stay for the process's life, and are no leak of a
 * plugin. */
static bool warm_up(void) {
    enum { SCHEMAS = 2000 };
    static const sl_schema *held[SCHEMAS]; /* a table that gets empty is freed */
    bool ok = true;
    for (int i = 0; ok && i < SCHEMAS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%d", i);
        sl_schema def = {.type = SL_INT64, .name = sl_str_of(name)};
        sl_error *err = sl__schema_intern(&def, &held[i]);
        ok = !err;
        sl_error_free(err);
    }
    return ok;
}

int main(int argc, char **argv) {
    static collection c;
    char dir[] = "/tmp/sluice-contract-XXXXXX";
    char command[64];
    signal(SIGPIPE, SIG_IGN);
    sl__registry *reg = sl__registry_new();
    sl__log_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
    sl_error *err = sl__registry_load_dir(reg, argc > 1 ? argv[1] : "build/plugins");
    if (err) {
        fprintf(stderr, "contract: %s\n", err->message);
        return 2;
    }
    if (refused(reg) || !mkdtemp(dir) || chdir(dir)) { /* odd settings make files: not here */
        return 2;
    }
    if (!warm_up()) {
        return 2;
    }
    c.reg = reg;
    c.dir = dir;
    c.names = argc > 2 ? argv + 2 : argv + argc;
    sl__registry_each(reg, collect, &c);
    if (c.n == 0) {
        fprintf(stderr, "contract: no definitions were found\n");
        return 2;
    }
    int failed = run_all(&c);
    sl__registry_free(reg);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command) || failed ? 1 : 0;
}
