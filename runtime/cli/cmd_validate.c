/*
 * cmd_validate.c - `sluice validate`: checks files without running anything.
 *
 * Threads: the main thread. Memory: everything lives until the command ends.
 */
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "config/validate.h"
#include "kafka/kafka.h"
#include "task/host.h"

typedef struct validation {
    sl__cli_files files;
    size_t nworkers; /* files with a worker's settings */
    bool connect;
    size_t connectors; /* that were checked */
    size_t errors;
    size_t warnings;
    /* of the set that is checked: a worker and its connectors */
    sl__registry *registry;
    sl__catalog catalog;
    sl__validated_worker worker;
} validation;

static void show(validation *v, const sl_config_report *r, const sl_config *c, sl_str file, uint32_t line) {
    v->errors += sl__cli_print_report(stdout, r, c, file, line);
    v->warnings += r->n - r->errors;
}

static void show_files(validation *v) {
    char text[2048];
    for (size_t i = 0; i < v->files.n; i++) {
        const sl__cli_file *f = &v->files.items[i];
        if (f->err) {
            printf("%s\n", sl_error_text(f->err, text, sizeof text));
            v->errors++;
            continue;
        }
        const sl_config *c = f->file.has_worker    ? &f->file.worker
                             : f->file.nconnectors ? &f->file.connectors[0].raw
                                                   : NULL;
        show(v, &f->report, c, f->file.path, 0);
    }
}

static sl_error *check_worker(validation *v) {
    sl_config_report report;
    if (!v->files.worker) {
        return NULL;
    }
    sl_config_report_init(&report, &v->files.arena);
    SL_TRY(sl__worker_validate(&v->catalog, &v->files.worker->worker, true, &v->files.arena, &report,
                               &v->worker));
    show(v, &report, &v->files.worker->worker, v->files.worker->path, v->files.worker->worker_line);
    return NULL;
}

static sl_error *check_connectors(validation *v) {
    sl__validate_env env = {.catalog = &v->catalog,
                            .providers = v->worker.providers,
                            .worker = v->files.worker ? &v->worker.settings : NULL,
                            .strict = true,
                            .connect = v->connect};
    for (size_t i = 0; i < v->files.nconnectors; i++) {
        const sl__connector_config *c = &v->files.connectors[i];
        sl_config_report report;
        sl__validated checked;
        sl_config_report_init(&report, &v->files.arena);
        SL_TRY(sl__connector_validate(&env, &c->raw, &v->files.arena, &report, &checked));
        show(v, &report, &c->raw, c->file, c->line);
    }
    v->connectors += v->files.nconnectors;
    return NULL;
}

static sl_error *check_chosen(validation *v) {
    sl_str path =
        v->files.worker ? sl_config_get(&v->files.worker->worker, SL_STR("plugin.path")) : SL_STR_NONE;
    SL_TRY(sl__cli_load_plugins(path, true, &v->registry));
    v->catalog = sl__registry_catalog(v->registry, sl__host_table());
    v->catalog.takes = sl__kafka_takes;
    SL_TRY(check_worker(v));
    return check_connectors(v);
}

/* check_set checks a worker with its connectors, or connectors without one. */
static sl_error *check_set(validation *v, const sl__config_file *worker) {
    SL_TRY(sl__cli_files_choose(&v->files, worker));
    if (worker && v->nworkers > 1) {
        printf("worker '%.*s', with %zu connector%s:\n", SL_STR_ARG(worker->path), v->files.nconnectors,
               v->files.nconnectors == 1 ? "" : "s");
    }
    sl_error *err = check_chosen(v);
    sl__providers_close(v->worker.providers);
    sl__registry_free(v->registry);
    v->worker = (sl__validated_worker){.providers = NULL};
    v->registry = NULL;
    return err;
}

static sl_error *check_all(validation *v) {
    for (size_t i = 0; i < v->files.n; i++) {
        v->nworkers += !v->files.items[i].err && v->files.items[i].file.has_worker;
    }
    show_files(v);
    if (v->nworkers == 0) {
        return check_set(v, NULL);
    }
    for (size_t i = 0; i < v->files.n; i++) {
        const sl__cli_file *f = &v->files.items[i];
        if (!f->err && f->file.has_worker) {
            SL_TRY(check_set(v, &f->file));
        }
    }
    return NULL;
}

static int finish(const validation *v) {
    printf("%zu file%s, ", v->files.n, v->files.n == 1 ? "" : "s");
    if (v->nworkers > 1) {
        printf("%zu workers that are checked each by itself, ", v->nworkers);
    }
    printf("%zu connector%s: %zu error%s, %zu warning%s\n", v->connectors, v->connectors == 1 ? "" : "s",
           v->errors, v->errors == 1 ? "" : "s", v->warnings, v->warnings == 1 ? "" : "s");
    return v->errors ? SL_EXIT_CONFIG : SL_EXIT_OK;
}

int sl__cmd_validate(const sl__command *self, int argc, char **argv) {
    validation v = {.connect = false};
    while (argc && argv[0][0] == '-') {
        if (strcmp(argv[0], "--connect") != 0) {
            return sl__cli_usage(self, "unknown option '%s'", argv[0]);
        }
        v.connect = true;
        argc--;
        argv++;
    }
    if (argc == 0) {
        return sl__cli_usage(self, "expected a file");
    }
    sl__log_init(false, SL_LOG_ERROR);
    sl_error *err = sl__cli_files_load(&v.files, argc, argv);
    err = err ? err : check_all(&v);
    int code = err ? sl__cli_error(err) : finish(&v);
    sl__cli_files_free(&v.files);
    return code;
}
