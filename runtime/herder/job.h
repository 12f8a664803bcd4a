/*
 * job.h - work of the herder that may block, run as one step on the task scheduler's pool.
 *
 * Two kinds: prepare a connector (resolve its settings, validate them, ask the plugin for the tasks'
 * configurations), and validate a configuration for REST. The result comes back as a message.
 *
 * Threads: the step runs on a pool thread and touches the job alone; everything else is the herder's.
 * Memory: everything of a job is in its arena.
 */
#ifndef SLUICE_HERDER_JOB_H
#define SLUICE_HERDER_JOB_H

#include "herder/herder.h"
#include "plugin/instance.h"
#include "task/host.h"

/* Goes on with a call's operation; true: it has ended. */
typedef bool (*sl__op_next)(sl__herder *h, sl__call *c, struct sl__job *job);

struct sl__job {
    sl__unit unit; /* first */
    sl__message message;
    sl__herder *herder;
    sl_arena arena;
    sl_config raw; /* a copy */
    sl_str name;
    bool connect; /* plugins may connect to check */
    bool tasks;   /* make task configurations, too */
    bool resolve_only;
    sl_error *(*extra)(struct sl__job *job); /* what else is to be done on the pool; NULL = nothing */
    void *extra_arg;
    sl__op_next next; /* ops.c: what follows */
    /* results */
    sl_config resolved; /* never to be shown */
    sl__secrets secrets;
    sl_config_report report; /* scrubbed */
    sl__validated checked;
    sl_config *configs; /* of the tasks: the connector's settings with their own over them */
    size_t nconfigs;
    sl_error *err; /* owned; scrubbed. NULL and report.errors = 0: all is well */
    /* who wants them (herder's thread) */
    void (*finished)(sl__job *job); /* takes the job over */
    void *owner;
    int32_t generation; /* of the stored configurations that it has read; 0 = none */
};

/* sl__job_new makes a job with a copy of the settings; NULL when out of memory. */
sl__job *sl__job_new(sl__herder *h, sl_str name, const sl_config *raw);
void sl__job_free(sl__job *job);

/* sl__job_start hands it to the pool. */
void sl__job_start(sl__job *job);

/* sl__job_for_call starts it for a call, which must be waiting for it by the time it ends: when the call's
   time is over before, job->owner becomes NULL. */
void sl__job_for_call(sl__job *job, sl__call *c);

/* sl__job_client gives the settings of a client of the connector, as resolved; in the job's arena. @thread
   the job's */
SL_MUST_CHECK sl_error *sl__job_client(sl__job *job, sl__client_kind kind, const char *prefix,
                                       sl__client_config *out);

/* sl__job_task_config gives a task's configuration with the references of the raw one in place of what they
   stand for, and with task.class. clean: what else came from a provider is taken out, so that it may be
   shown; else it stays, for the configuration is to be used. */
SL_MUST_CHECK sl_error *sl__job_task_config(const sl__job *job, size_t task, bool clean, sl_arena *arena,
                                            sl_config *out);

/* sl__job_problem gives what went wrong as one text in the job's arena, absent if nothing did; *retriable: an
 * outage. */
sl_str sl__job_problem(sl__job *job, bool *retriable);

#endif
