/*
 * standalone.c - a whole worker: Kafka, offsets, scheduler, herder and REST started in order, and ended the
 * other way round.
 *
 * SIGTERM, SIGINT and SIGHUP ask for the end: tasks finish what they have and commit. A second one, half a
 * second later or more, ends the process at once. If tasks do not end in time the process is left without
 * taking anything apart that they may still use.
 *
 * Threads: the main thread waits for signals, which all others block. Memory: everything is freed before it
 * returns.
 */
#include "herder/standalone.h"

#include "base/clock.h"
#include "base/log.h"
#include "herder/distributed.h"
#include "herder/ops.h"
#include "herder/state.h"
#include "store/offsets_topic.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define COMPONENT "sluice"
#define MIN_THREADS 2
#define WORKER_ID_SIZE 512
#define LOOK_MS 200        /* a worker of a cluster may end by itself */
#define SAME_SIGNAL_MS 500 /* a supervisor that signals process and group means it once */

typedef struct worker {
    const sl__standalone_options *opts;
    sl_arena arena;
    int64_t began_ms;
    char worker_id[WORKER_ID_SIZE];
    char url[WORKER_ID_SIZE + 16];
    int signal_fd;
    void *front;
    sl__offsets *offsets;
    sl__kafka *kafka;
    sl__sched *sched;
    sl__cluster *cluster;
    sl__herder *herder;
    sl__dist *dist; /* NULL = a worker of its own */
} worker;

/* block_signals makes the signals that end the worker readable; all threads that are started later block them
 * too. */
static sl_error *block_signals(worker *w) {
    sigset_t set;
    struct sigaction hup;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler != SIG_IGN) {
        sigaddset(&set, SIGHUP); /* ignored: nohup */
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a failed write */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return w->signal_fd < 0 ? sl_error_new(SL_E_IO, SL_FATAL, "signalfd: %s", strerror(errno)) : NULL;
}

static sl_error *open_kafka(worker *w) {
    sl_config settings;
    sl__client_config admin;
    sl_config_report report;
    sl_config_report_init(&report, &w->arena);
    SL_TRY(sl__client_settings(SL__CLIENT_ADMIN, w->opts->worker_config, NULL, &w->arena, &settings));
    SL_TRY(sl__client_translate(SL__CLIENT_ADMIN, &settings, SL_STR_NONE, &w->arena, &report, &admin));
    SL_TRY(sl_config_report_error(&report));
    return sl__kafka_new(&admin, &w->kafka);
}

/* open_offsets opens the file, or the cluster's topic. */
static sl_error *open_offsets(worker *w) {
    const sl__standalone_options *o = w->opts;
    if (!o->cluster) {
        return sl__offsets_open_file(o->worker->offset_file, &w->offsets);
    }
    const sl__offsets_spec spec =
        sl__offsets_cluster(o->cluster->topics, (int)o->worker->offset_flush_timeout_ms);
    return sl__offsets_open_topic(w->kafka, &spec, &w->offsets);
}

static sl_error *open_cluster(worker *w) {
    const sl__standalone_options *o = w->opts;
    if (!o->cluster) {
        return NULL;
    }
    o->front->url(w->front, w->url, sizeof w->url);
    return sl__dist_open(w->kafka, o->cluster, sl_str_of(w->worker_id), sl_str_of(w->url), &w->dist);
}

static sl_error *open_herder(worker *w) {
    const sl__standalone_options *o = w->opts;
    const sl__herder_env env = {
        .task = {.sched = w->sched,
                 .kafka = w->kafka,
                 .offsets = w->offsets,
                 .registry = o->registry,
                 .worker = o->worker,
                 .worker_config = o->worker_config,
                 .worker_id = sl_str_of(w->worker_id),
                 .group = o->cluster ? o->cluster->group->id : SL_STR_NONE,
                 .exactly_once = o->cluster && o->cluster->group->exactly_once == SL__EXACTLY_ONCE_ENABLED,
                 .lease = w->dist ? sl__dist_lease(w->dist) : NULL},
        .catalog = o->catalog,
        .providers = o->providers,
        .cluster = w->cluster,
        .ops = w->dist ? &sl__distributed_ops : NULL,
        .hooks = w->dist ? &sl__dist_hooks : NULL,
        .dist = w->dist,
    };
    SL_TRY(sl__herder_new(&env, &w->herder));
    if (w->dist) {
        sl__dist_attach(w->dist, w->herder);
        SL_TRY(sl__dist_read(w->dist));
    }
    for (size_t i = 0; i < o->nconnectors; i++) {
        if (!o->connectors[i].name.n) {
            sl__log(SL_LOG_ERROR, COMPONENT, "%.*s: a connector without a name is left out",
                    SL_STR_ARG(o->connectors[i].file));
            continue;
        }
        SL_TRY(sl__herder_add(w->herder, &o->connectors[i]));
    }
    return NULL;
}

static sl_error *start(worker *w) {
    const sl__worker_settings *settings = w->opts->worker;
    SL_TRY(block_signals(w));
    SL_TRY(w->opts->front->open(settings, w->worker_id, sizeof w->worker_id, &w->front));
    SL_TRY(open_kafka(w));
    SL_TRY(open_offsets(w));
    SL_TRY(open_cluster(w));
    SL_TRY(sl__sched_new(MIN_THREADS, (unsigned)settings->threads_max, &w->sched));
    w->cluster = sl__cluster_new(w->kafka, w->sched);
    SL_TRY(open_herder(w));
    SL_TRY(sl__herder_start(w->herder));
    SL_TRY(w->opts->front->serve(w->front, w->herder));
    sl__log(SL_LOG_INFO, COMPONENT, "started in %lld ms as %s, with %zu connector%s",
            (long long)(sl__now_ms() - w->began_ms), w->worker_id, w->opts->nconnectors,
            w->opts->nconnectors == 1 ? "" : "s");
    return NULL;
}

/* take_signal gives the signal that came, 0 = none. */
static int take_signal(worker *w, int timeout_ms) {
    struct pollfd p = {.fd = w->signal_fd, .events = POLLIN};
    struct signalfd_siginfo info;
    if (poll(&p, 1, timeout_ms) <= 0 || read(w->signal_fd, &info, sizeof info) != (ssize_t)sizeof info) {
        return 0;
    }
    return (int)info.ssi_signo;
}

/* wait_for_end returns when the herder's thread has ended. */
static unsigned wait_for_end(worker *w) {
    int s = 0;
    while ((s = take_signal(w, w->dist ? LOOK_MS : -1)) == 0) {
        if (w->dist && sl__herder_ended(w->herder)) {
            return sl__herder_join(w->herder);
        }
    }
    sl__log(SL_LOG_INFO, COMPONENT, "%s: stopping",
            s == SIGTERM  ? "SIGTERM"
            : s == SIGINT ? "SIGINT"
                          : "SIGHUP");
    sl__herder_stop(w->herder);
    int64_t asked_ms = sl__now_ms();
    while (!sl__herder_ended(w->herder)) {
        if (take_signal(w, 20) && sl__now_ms() - asked_ms >= SAME_SIGNAL_MS) {
            sl__log(SL_LOG_WARN, COMPONENT,
                    "asked a second time: ending at once, what was not committed will be repeated");
            _exit(1);
        }
    }
    return sl__herder_join(w->herder);
}

/* end takes everything apart; start may have failed anywhere. */
static void end(worker *w) {
    if (w->herder) {
        sl__herder_stop(w->herder);
        unsigned left = sl__herder_join(w->herder);
        if (left) {
            sl__log(SL_LOG_ERROR, COMPONENT, "stopped; %u task%s or look-up%s did not end in time", left,
                    left == 1 ? "" : "s", left == 1 ? "" : "s");
            _exit(1); /* threads of theirs may be anywhere: nothing they use can be freed */
        }
    }
    if (w->front) {
        w->opts->front->close(w->front);
    }
    sl__sched_free(w->sched);
    sl__cluster_free(w->cluster);
    sl__dist_close(w->dist);
    sl__herder_free(w->herder);
    sl__offsets_close(w->offsets);
    sl__kafka_free(w->kafka);
    if (w->signal_fd >= 0) {
        close(w->signal_fd);
    }
    sl_arena_deinit(&w->arena);
}

sl_error *sl__standalone_run(const sl__standalone_options *opts) {
    worker w = {.opts = opts, .began_ms = sl__now_ms(), .signal_fd = -1};
    sl_arena_init(&w.arena, 0);
    sl_error *err = start(&w);
    if (!err) {
        unsigned left = wait_for_end(&w);
        err = w.dist ? sl__dist_failure(w.dist) : NULL;
        if (!left && !err) {
            sl__log(SL_LOG_INFO, COMPONENT, "stopped");
        }
    }
    end(&w);
    return err;
}
