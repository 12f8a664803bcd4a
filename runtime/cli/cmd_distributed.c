/*
 * cmd_distributed.c - `sluice distributed`: reads and checks the worker's file, then runs one worker of a
 * cluster.
 *
 * Threads: the main thread. Memory: everything lives until the worker has stopped.
 */
#include "base/log.h"
#include "cli/cli.h"
#include "herder/distributed.h"
#include "herder/standalone.h"
#include "kafka/kafka.h"
#include "rest/rest.h"
#include "task/host.h"

#define COMPONENT "config"

typedef struct distributed {
    sl__cli_files files;
    sl__registry *registry;
    sl__catalog catalog;
    sl__cli_cluster cluster;
    size_t errors;
} distributed;

static void log_problem(const distributed *s, const sl_config_problem *p) {
    char place[4200];
    const sl__config_file *f = s->files.worker;
    sl__cli_place(&f->worker, p->key, f->path, f->worker_line, place, sizeof place);
    sl__log(p->severity == SL_SEV_ERROR ? SL_LOG_ERROR : SL_LOG_WARN, COMPONENT, "%s: %.*s%s%.*s", place,
            SL_STR_ARG(p->key), p->key.p ? ": " : "", SL_STR_ARG(p->message));
}

static void log_report(distributed *s, const sl_config_report *r) {
    for (size_t i = 0; i < r->n; i++) {
        log_problem(s, &r->items[i]);
        s->errors += r->items[i].severity == SL_SEV_ERROR;
    }
}

static void set_level(void *arg, sl_str component, sl_log_level level) {
    char *name = sl_strdup(component);
    (void)arg;
    if (name) {
        sl__log_set_level(name, (int)level);
    }
    sl_free(name);
}

static void start_log(distributed *s) {
    sl_config_report ignored; /* found again, by name, when the worker is checked */
    sl__worker_settings early;
    sl_config_report_init(&ignored, &s->files.arena);
    sl__worker_parse(&s->files.worker->worker, &s->files.arena, &ignored, &early);
    sl__log_init(early.log_json, (sl_log_level)early.log_level);
    sl__worker_log_levels(&s->files.worker->worker, set_level, NULL);
}

static sl_error *check_all(distributed *s) {
    const sl__config_file *f = s->files.worker;
    sl_config_report report;
    sl_config_report_init(&report, &s->files.arena);
    SL_TRY(sl__cli_load_plugins(sl_config_get(&f->worker, SL_STR("plugin.path")), true, &s->registry));
    s->catalog = sl__registry_catalog(s->registry, sl__host_table());
    s->catalog.takes = sl__kafka_takes;
    for (size_t i = 0; i < s->files.n; i++) {
        log_report(s, &s->files.items[i].report);
    }
    SL_TRY(sl__cli_cluster_check(&s->catalog, &f->worker, &s->files.arena, &report, &s->cluster));
    log_report(s, &report);
    return NULL;
}

static sl_error *run_worker(const distributed *s) {
    const sl__dist_spec cluster = {.group = &s->cluster.group, .topics = &s->cluster.topics};
    const sl__standalone_options opts = {
        .registry = s->registry,
        .catalog = &s->catalog,
        .providers = s->cluster.worker.providers,
        .worker = &s->cluster.worker.settings,
        .worker_raw = &s->files.worker->worker,
        .worker_config = &s->cluster.worker.config,
        .front = &sl__rest_front,
        .cluster = &cluster,
    };
    return sl__standalone_run(&opts);
}

static int run_checked(distributed *s) {
    sl_error *err = check_all(s);
    if (!err && s->errors) {
        sl__log(SL_LOG_ERROR, COMPONENT, "not started: %zu error%s in the configuration", s->errors,
                s->errors == 1 ? "" : "s");
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

/* unusable says why the file cannot be the worker's. */
static int unusable(const sl__command *self, const distributed *s) {
    char text[2048];
    if (s->files.n && s->files.items[0].err) {
        fprintf(stderr, "sluice: %s\n", sl_error_text(s->files.items[0].err, text, sizeof text));
        return SL_EXIT_CONFIG;
    }
    return sl__cli_usage(self, s->files.nconnectors
                                   ? "connectors of a cluster are made over REST, not from files"
                                   : "expected the worker's settings in the file");
}

int sl__cmd_distributed(const sl__command *self, int argc, char **argv) {
    distributed s = {.registry = NULL};
    if (argc != 1 || argv[0][0] == '-') {
        return sl__cli_usage(self, "expected the worker's settings, one file");
    }
    sl_error *err = sl__cli_files_read(&s.files, argc, argv);
    int code = SL_EXIT_OK;
    if (err) {
        code = sl__cli_error(err);
    } else if (!s.files.worker || s.files.nconnectors) {
        code = unusable(self, &s);
    } else {
        start_log(&s);
        code = run_checked(&s);
    }
    sl__providers_close(s.cluster.worker.providers);
    sl__registry_free(s.registry);
    sl__cli_files_free(&s.files);
    return code;
}
