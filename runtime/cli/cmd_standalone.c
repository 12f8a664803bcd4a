/*
 * cmd_standalone.c - `sluice standalone`: reads and checks the files, then runs the worker.
 *
 * Threads: the main thread. Memory: everything lives until the worker has stopped.
 */
#include "base/log.h"
#include "cli/start.h"
#include "kafka/kafka.h"
#include "rest/rest.h"
#include "task/host.h"

#define COMPONENT "config"

typedef struct standalone {
    sl__cli_files files;
    sl__registry *registry;
    sl__catalog catalog;
    sl__validated_worker worker;
} standalone;

static sl_error *check_files(standalone *s, size_t *errors) {
    for (size_t i = 0; i < s->files.n; i++) {
        sl__cli_file *f = &s->files.items[i];
        char text[2048];
        if (f->err) {
            sl__log(SL_LOG_ERROR, COMPONENT, "%s", sl_error_text(f->err, text, sizeof text));
            ++*errors;
            continue;
        }
        const sl_config *c = f->file.has_worker    ? &f->file.worker
                             : f->file.nconnectors ? &f->file.connectors[0].raw
                                                   : NULL;
        *errors += sl__start_log_report(&f->report, c, f->file.path, 0);
    }
    return NULL;
}

static sl_error *check_worker(standalone *s, size_t *errors) {
    const sl__config_file *f = s->files.worker;
    sl_config_report report;
    sl_config_report_init(&report, &s->files.arena);
    SL_TRY(sl__worker_validate(&s->catalog, &f->worker, false, &s->files.arena, &report, &s->worker));
    *errors += sl__start_log_report(&report, &f->worker, f->path, f->worker_line);
    return NULL;
}

/* check_connectors: a connector that is wrong does not keep others from running; REST shows it as failed.
   When none is right, there is nothing to run. */
static sl_error *check_connectors(standalone *s, size_t *errors) {
    sl__validate_env env = {
        .catalog = &s->catalog, .providers = s->worker.providers, .worker = &s->worker.settings};
    size_t found = 0, bad = 0;
    for (size_t i = 0; i < s->files.nconnectors; i++) {
        const sl__connector_config *c = &s->files.connectors[i];
        sl_config_report report;
        sl__validated checked;
        sl_config_report_init(&report, &s->files.arena);
        SL_TRY(sl__connector_validate(&env, &c->raw, &s->files.arena, &report, &checked));
        size_t wrong = sl__start_log_report(&report, &c->raw, c->file, c->line);
        found += wrong;
        bad += wrong > 0;
    }
    if (bad && bad < s->files.nconnectors) {
        sl__log(SL_LOG_ERROR, COMPONENT, "%zu of %zu connectors cannot run; the others are started", bad,
                s->files.nconnectors);
    } else {
        *errors += found;
    }
    return NULL;
}

static sl_error *check_all(standalone *s, size_t *errors) {
    SL_TRY(check_files(s, errors));
    SL_TRY(sl__cli_load_plugins(sl_config_get(&s->files.worker->worker, SL_STR("plugin.path")), true,
                                &s->registry));
    s->catalog = sl__registry_catalog(s->registry, sl__host_table());
    s->catalog.takes = sl__kafka_takes;
    SL_TRY(check_worker(s, errors));
    return check_connectors(s, errors);
}

static int run_worker(standalone *s) {
    size_t errors = 0;
    sl_error *err = check_all(s, &errors);
    const sl__standalone_options opts = {
        .registry = s->registry,
        .catalog = &s->catalog,
        .providers = s->worker.providers,
        .worker = &s->worker.settings,
        .worker_raw = &s->files.worker->worker,
        .worker_config = &s->worker.config,
        .connectors = s->files.connectors,
        .nconnectors = s->files.nconnectors,
        .front = &sl__rest_front,
    };
    return sl__start_worker(&opts, err, errors);
}

static int without_worker(const sl__command *self, const standalone *s) {
    char text[2048];
    for (size_t i = 0; i < s->files.n; i++) {
        if (s->files.items[i].err) {
            fprintf(stderr, "sluice: %s\n", sl_error_text(s->files.items[i].err, text, sizeof text));
            return SL_EXIT_CONFIG;
        }
    }
    return sl__cli_usage(self, "expected the worker's settings in one of the files");
}

int sl__cmd_standalone(const sl__command *self, int argc, char **argv) {
    standalone s = {.registry = NULL};
    for (int i = 0; i < argc; i++) {
        if (argv[i][0] == '-') {
            return sl__cli_usage(self, "unknown option '%s'", argv[i]);
        }
    }
    if (argc == 0) {
        return sl__cli_usage(self, "expected the worker's settings");
    }
    sl_error *err = sl__cli_files_read(&s.files, argc, argv);
    int code = SL_EXIT_OK;
    if (err) {
        code = sl__cli_error(err);
    } else if (!s.files.worker) {
        code = without_worker(self, &s);
    } else {
        sl__start_log(&s.files);
        code = run_worker(&s);
    }
    sl__providers_close(s.worker.providers);
    sl__registry_free(s.registry);
    sl__cli_files_free(&s.files);
    return code;
}
