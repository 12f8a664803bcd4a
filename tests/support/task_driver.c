/*
 * task_driver.c - runs one task of a source connector as a distributed worker does, without a herder: offsets
 * in the worker's topic, records and offsets in transactions when exactly.once.source.support=enabled. For
 * tests of the task alone: kill it, start it again, start it twice.
 *
 * Usage:  task_driver PLUGINS WORKER.properties CONNECTOR.properties [NUMBER]
 *
 * Prints the task's states as they change, with the trace of a failure. SIGTERM stops it, SIGUSR1 pauses and
 * SIGUSR2 resumes it. Exit codes: 0 stopped, 1 failed, 2 usage, 3 failed with an error that may pass.
 * Threads: the scheduler's and one that waits for signals.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/files.h"
#include "config/properties.h"
#include "config/worker_topics.h"
#include "store/offsets_topic.h"
#include "task/task.h"

typedef struct driver {
    sl_arena arena;
    sl_config worker;
    sl_config connector;
    sl__worker_settings settings;
    sl__worker_topics topics;
    sl__task_env env;
    int code;
} driver;

static driver the;

static void must(sl_error *err) {
    char text[1024];
    if (err) {
        fprintf(stderr, "task_driver: %s\n", sl_error_text(err, text, sizeof text));
        exit(1);
    }
}

static void on_report(void *arg, const sl__task_report *r) {
    static const char *const names[] = {"UNASSIGNED", "RUNNING", "PAUSED", "FAILED", "STOPPED"};
    (void)arg;
    printf("%s %s\n", names[r->state], r->trace ? r->trace : "");
    fflush(stdout);
    if (r->over) {
        the.code = r->state != SL_TASK_FAILED ? 0 : r->retriable ? 3 : 1;
        kill(getpid(), SIGQUIT);
    }
}

static void read_config(const char *path, sl_config *out) {
    sl_config_report report;
    sl__config_file file;
    sl_config_report_init(&report, &the.arena);
    must(sl__config_file_read(path, &the.arena, &report, &file));
    *out = file.has_worker ? file.worker : file.connectors[0].raw;
}

static void open_offsets(void) {
    sl__offsets_spec spec = {
        .topic = the.topics.offset.name,
        .setting = "offset.storage.topic",
        .consumer = &the.topics.consumer,
        .producer = &the.topics.producer,
        .admin = &the.topics.admin,
        .partitions = the.topics.offset.partitions,
        .replication_factor = the.topics.offset.replication_factor,
        .configs = &the.topics.offset.configs,
        .flush_timeout_ms = 5000,
    };
    must(sl__offsets_open_topic(the.env.kafka, &spec, &the.env.offsets));
}

static void open_worker(const char *plugins) {
    sl_config_report report;
    sl__registry *registry = sl__registry_new();
    sl_config_report_init(&report, &the.arena);
    sl__worker_parse(&the.worker, &the.arena, &report, &the.settings);
    sl_config_report_init(&report, &the.arena); /* what only a standalone worker needs is no matter */
    must(sl__worker_topics_parse(&the.worker, &the.arena, &report, &the.topics));
    must(sl_config_report_error(&report));
    must(sl__registry_load_dir(registry, plugins));
    the.env.registry = registry;
    the.env.worker = &the.settings;
    the.env.worker_config = &the.worker;
    the.env.worker_id = SL_STR("driver:0");
    the.env.group = sl_config_get(&the.worker, SL_STR("group.id"));
    the.env.exactly_once =
        sl_str_eqz(sl_config_get(&the.worker, SL_STR("exactly.once.source.support")), "enabled");
    must(sl__kafka_new(&the.topics.admin, &the.env.kafka));
    must(sl__sched_new(2, 8, &the.env.sched));
    open_offsets();
}

static sl__task *start_task(int number) {
    sl__task *t;
    sl__task_spec spec = {
        .connector = sl_config_get(&the.connector, SL_STR("name")),
        .task = number,
        .config = &the.connector,
        .target = SL_TARGET_RUN,
        .report = on_report,
    };
    must(sl__registry_find(the.env.registry, SL_KIND_SOURCE,
                           sl_config_get(&the.connector, SL_STR("connector.class")), &spec.def));
    must(sl__task_start(&the.env, &spec, &t));
    return t;
}

int main(int argc, char **argv) {
    sigset_t set;
    int sig;
    if (argc < 4) {
        fprintf(stderr, "usage: task_driver PLUGINS WORKER.properties CONNECTOR.properties [NUMBER]\n");
        return 2;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGQUIT); /* the task is over */
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sl_arena_init(&the.arena, 0);
    read_config(argv[2], &the.worker);
    read_config(argv[3], &the.connector);
    open_worker(argv[1]);
    sl__task *t = start_task(argc > 4 ? (int)strtol(argv[4], NULL, 10) : 0);
    while (sigwait(&set, &sig) == 0 && sig != SIGQUIT) {
        sl__task_set_target(t, sig == SIGTERM   ? SL_TARGET_STOP
                               : sig == SIGUSR1 ? SL_TARGET_PAUSE
                                                : SL_TARGET_RUN);
    }
    sl__task_unref(t);
    sl__sched_free(the.env.sched);
    sl__offsets_close(the.env.offsets);
    sl__kafka_free(the.env.kafka);
    sl_arena_deinit(&the.arena);
    return the.code;
}
