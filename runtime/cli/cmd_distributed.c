/*
 * cmd_distributed.c - `sluice distributed`: reads and checks the worker's file, then runs one worker of a
 * cluster.
 *
 * Threads: the main thread. Memory: everything lives until the worker has stopped.
 */
#include "cli/start.h"
#include "herder/distributed.h"
#include "kafka/kafka.h"
#include "rest/rest.h"
#include "task/host.h"

typedef struct distributed {
    sl__cli_files files;
    sl__registry *registry;
    sl__catalog catalog;
    sl__cli_cluster cluster;
    size_t errors;
} distributed;

static void log_report(distributed *s, const sl_config_report *r) {
    const sl__config_file *f = s->files.worker;
    s->errors += sl__start_log_report(r, &f->worker, f->path, f->worker_line);
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

static int run_worker(distributed *s) {
    sl_error *err = check_all(s);
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
    return sl__start_worker(&opts, err, s->errors);
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
        sl__start_log(&s.files);
        code = run_worker(&s);
    }
    sl__providers_close(s.cluster.worker.providers);
    sl__registry_free(s.registry);
    sl__cli_files_free(&s.files);
    return code;
}
