/*
 * cmd_standalone.c - `sluice standalone`: reads and checks the files, then runs the worker.
 *
 * Threads: the main thread. Memory: everything lives until the worker has stopped.
 */
#include "base/log.h"
#include "cli/cli.h"
#include "herder/standalone.h"
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

/* log_report logs what was found and gives how many errors there are. */
static size_t log_report(const sl_config_report *r, const sl_config *c, sl_str file, uint32_t line) {
    char place[4200];
    for (size_t i = 0; i < r->n; i++) {
        const sl_config_problem *p = &r->items[i];
        sl__cli_place(c, p->key, file, line, place, sizeof place);
        sl__log(p->severity == SL_SEV_ERROR ? SL_LOG_ERROR : SL_LOG_WARN, COMPONENT, "%s: %.*s%s%.*s", place,
                SL_STR_ARG(p->key), p->key.p ? ": " : "", SL_STR_ARG(p->message));
    }
    return r->errors;
}

static void set_level(void *arg, sl_str component, sl_log_level level) {
    char *name = sl_strdup(component);
    (void)arg;
    if (name) {
        sl__log_set_level(name, (int)level);
    }
    sl_free(name);
}

/* start_log reads the log's settings before everything else, so that what follows is logged as they say. */
static void start_log(standalone *s) {
    sl_config_report ignored; /* the same problems are found again, by name, when the worker is checked */
    sl__worker_settings early;
    sl_config_report_init(&ignored, &s->files.arena);
    sl__worker_parse(&s->files.worker->worker, &s->files.arena, &ignored, &early);
    sl__log_init(early.log_json, (sl_log_level)early.log_level);
    sl__worker_log_levels(&s->files.worker->worker, set_level, NULL);
}

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
        *errors += log_report(&f->report, c, f->file.path, 0);
    }
    return NULL;
}

static sl_error *check_worker(standalone *s, size_t *errors) {
    const sl__config_file *f = s->files.worker;
    sl_config_report report;
    sl_config_report_init(&report, &s->files.arena);
    SL_TRY(sl__worker_validate(&s->catalog, &f->worker, false, &s->files.arena, &report, &s->worker));
    *errors += log_report(&report, &f->worker, f->path, f->worker_line);
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
        size_t wrong = log_report(&report, &c->raw, c->file, c->line);
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

static sl_error *run_worker(const standalone *s) {
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
    return sl__standalone_run(&opts);
}

static int run_checked(standalone *s) {
    size_t errors = 0;
    sl_error *err = check_all(s, &errors);
    if (!err && errors) {
        sl__log(SL_LOG_ERROR, COMPONENT, "not started: %zu error%s in the configuration", errors,
                errors == 1 ? "" : "s");
        return SL_EXIT_CONFIG;
    }
    err = err ? err : run_worker(s);
    if (err) {
        char text[4096];
        int code = err->cls == SL_USER ? SL_EXIT_CONFIG : SL_EXIT_FAILED;
        sl__log(SL_LOG_ERROR, "sluice", "%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        return code;
    }
    return SL_EXIT_OK;
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
        start_log(&s);
        code = run_checked(&s);
    }
    sl__providers_close(s.worker.providers);
    sl__registry_free(s.registry);
    sl__cli_files_free(&s.files);
    return code;
}
