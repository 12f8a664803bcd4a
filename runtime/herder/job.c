/*
 * job.c - see job.h.
 */
#include "herder/job.h"

#include "base/log.h"
#include "config/build.h"
#include "herder/state.h"
#include "herder/task_class.h"

#define OFFSETS_MS 60000

/* ---- resolve and validate ---- */

static sl_error *resolve(sl__job *job) {
    sl__herder *h = job->herder;
    pthread_mutex_lock(&h->providers_lock);
    sl_error *err = sl__providers_resolve(h->env.providers, &job->raw, &job->arena, &job->report,
                                          &job->secrets, &job->resolved);
    pthread_mutex_unlock(&h->providers_lock);
    return err;
}

/* scrub_report takes values out of the messages that came from providers. */
static sl_error *scrub_report(sl__job *job) {
    for (size_t i = 0; i < job->report.n; i++) {
        sl_config_problem *p = &job->report.items[i];
        p->message = sl__secrets_scrub(&job->secrets, p->message, &job->arena);
        if (!p->message.p) {
            return sl_error_nomem();
        }
    }
    return NULL;
}

/* scrub_error does the same for an error and its causes. */
static void scrub_error(const sl__secrets *s, sl_error *err, sl_arena *arena) {
    for (; err && !err->immortal; err = err->cause) {
        char *clean = err->message ? sl_strdup(sl__secrets_scrub(s, sl_str_of(err->message), arena)) : NULL;
        if (clean) {
            sl_free(err->message);
            err->message = clean;
        } else if (err->message) {
            err->message[0] = '\0'; /* no memory: better nothing than a secret */
        }
    }
}

static bool side_stopping(void *arg) {
    sl__job *job = arg;
    return atomic_load(&job->herder->ending);
}

/* validate checks the resolved settings. The worker's providers are not held meanwhile, for it may connect:
   an empty set of them stands in. */
static sl_error *validate(sl__job *job) {
    const sl__herder_env *env = &job->herder->env;
    const sl_config none = {NULL, 0};
    sl__providers *empty = NULL;
    sl__host_side side = {.arg = job, .stopping = side_stopping};
    SL_TRY(sl__providers_open(env->catalog, &none, &job->report, &empty));
    const sl__validate_env check = {.catalog = env->catalog,
                                    .providers = empty,
                                    .worker = env->task.worker,
                                    .distributed = env->task.group.p != NULL,
                                    .exactly_once = env->task.exactly_once,
                                    .connect = job->connect,
                                    .runtime = &side};
    sl_error *err = sl__connector_validate(&check, &job->resolved, &job->arena, &job->report, &job->checked);
    sl__providers_close(empty);
    SL_TRY(err);
    return scrub_report(job);
}

sl_error *sl__job_client(sl__job *job, sl__client_kind kind, const char *prefix, sl__client_config *out) {
    sl_config settings;
    sl_config_report problems;
    sl_config_report_init(&problems, &job->arena);
    SL_TRY(sl__client_settings(kind, job->herder->env.task.worker_config, &job->resolved, &job->arena,
                               &settings));
    SL_TRY(sl__client_translate(kind, &settings, sl_str_of(prefix), &job->arena, &problems, out));
    return sl_config_report_error(&problems);
}

/* ---- the tasks ---- */

static sl_error *side_offset_read(void *arg, const sl_value *partition, sl_arena *arena, sl_value *offset) {
    sl__job *job = arg;
    const sl__task_env *env = &job->herder->env.task;
    sl__offsets *own;
    SL_TRY(sl__task_offsets_open(env, &job->resolved, &own));
    sl__offsets *store = own ? own : env->offsets;
    sl_error *err = sl__offsets_refresh(store, OFFSETS_MS);
    err = err ? err : sl__offsets_get(store, job->name, partition, arena, offset);
    sl__offsets_close(own);
    return err;
}

/* ask_plugin calls the plugin's task_configs; configs stay empty when it has none. */
static sl_error *ask_plugin(sl__job *job, sl_task_configs *out, bool *asked) {
    const sl_plugin_def *def = job->checked.def;
    sl_error *(*task_configs)(const sl_context *, int32_t, sl_task_configs *) =
        def->kind == SL_KIND_SOURCE ? def->source->task_configs : def->sink->task_configs;
    sl__host_side side = {.arg = job, .offset_read = side_offset_read, .stopping = side_stopping};
    sl__instance inst;
    *out = (sl_task_configs){.arena = &job->arena};
    *asked = task_configs != NULL;
    if (!task_configs) {
        return NULL;
    }
    SL_TRY(sl__instance_init(&inst, def, &job->checked.config, SL_STR_NONE, &job->arena, NULL));
    inst.context.host = sl__host_table();
    inst.context.connector = job->name;
    inst.context.runtime = &side;
    return task_configs(&inst.context, job->checked.settings.tasks_max, out);
}

static sl_error *check_count(const sl__job *job, size_t n) {
    const sl__connector_settings *s = &job->checked.settings;
    if (n <= (size_t)s->tasks_max) {
        return NULL;
    }
    if (s->tasks_max_enforce) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "the connector made %zu tasks, more than tasks.max = %d", n,
                            s->tasks_max);
    }
    sl__log(SL_LOG_WARN, "herder", "%.*s: the connector made %zu tasks, more than tasks.max = %d",
            SL_STR_ARG(job->name), n, s->tasks_max);
    return NULL;
}

static sl_error *make_tasks(sl__job *job) {
    sl_task_configs own;
    bool asked;
    SL_TRY(ask_plugin(job, &own, &asked));
    size_t one = job->checked.def->kind == SL_KIND_SOURCE ? 1 : (size_t)job->checked.settings.tasks_max;
    size_t n = asked ? own.n : one;
    SL_TRY(check_count(job, n));
    job->configs = sl_arena_alloc(&job->arena, (n + 1) * sizeof *job->configs);
    if (!job->configs) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < n; i++) {
        job->configs[i] = job->checked.config;
        if (asked) {
            SL_TRY(sl__config_overlay(&job->checked.config, &own.items[i], &job->arena, &job->configs[i]));
        }
    }
    job->nconfigs = n;
    return NULL;
}

/* ---- the step ---- */

static bool job_step(sl__unit *u, sl_wait *wait) {
    sl__job *job = (sl__job *)u;
    (void)wait;
    job->err = resolve(job);
    if (!job->err && !job->report.errors && !job->resolve_only) {
        job->err = validate(job);
    }
    if (!job->err && !job->report.errors && job->tasks) {
        job->err = make_tasks(job);
    }
    if (!job->err && !job->report.errors && job->extra) {
        job->err = job->extra(job);
    }
    scrub_error(&job->secrets, job->err, &job->arena);
    scrub_error(&job->checked.secrets, job->err, &job->arena);
    return false;
}

static void handle_finished(sl__herder *h, sl__message *m) {
    sl__job *job = (sl__job *)((char *)m - offsetof(sl__job, message));
    h->njobs--;
    job->finished(job);
}

static void job_done(sl__unit *u) {
    sl__job *job = (sl__job *)u;
    if (!sl__inbox_post(&job->herder->inbox, &job->message)) {
        sl__job_free(job);
    }
}

sl__job *sl__job_new(sl__herder *h, sl_str name, const sl_config *raw) {
    sl__job *job = sl_calloc(1, sizeof *job);
    if (!job) {
        return NULL;
    }
    job->herder = h;
    job->unit.step = job_step;
    job->unit.done = job_done;
    job->message.handle = handle_finished;
    sl_arena_init(&job->arena, 0);
    sl_config_report_init(&job->report, &job->arena);
    sl__secrets_init(&job->secrets, &job->arena);
    job->name = sl_arena_str(&job->arena, name);
    sl_error *err = sl__config_copy(&job->arena, raw, &job->raw);
    if (err) {
        sl_error_free(err);
        sl__job_free(job);
        return NULL;
    }
    return job;
}

void sl__job_free(sl__job *job) {
    if (!job) {
        return;
    }
    sl_error_free(job->err);
    sl_arena_deinit(&job->arena);
    sl_free(job);
}

void sl__job_start(sl__job *job) {
    job->herder->njobs++;
    sl__unit_start(job->herder->env.task.sched, &job->unit);
}

static void forget_job(sl__call *c) {
    sl__job *job = c->work;
    job->owner = NULL; /* its result will find nobody */
}

void sl__job_for_call(sl__job *job, sl__call *c) {
    job->owner = c;
    c->work = job;
    c->cancel = forget_job;
    sl__job_start(job);
}

sl_str sl__job_problem(sl__job *job, bool *retriable) {
    char text[4096];
    *retriable = job->err && job->err->cls == SL_RETRIABLE;
    if (job->err) {
        return sl_arena_str(&job->arena, sl_str_of(sl_error_text(job->err, text, sizeof text)));
    }
    if (!job->report.errors) {
        return SL_STR_NONE;
    }
    sl_buf b;
    sl_buf_init(&b, &job->arena);
    sl_buf_printf(&b, "the configuration has %zu error%s", job->report.errors,
                  job->report.errors == 1 ? "" : "s");
    for (size_t i = 0; i < job->report.n; i++) {
        const sl_config_problem *p = &job->report.items[i];
        if (p->severity == SL_SEV_ERROR) {
            sl_buf_printf(&b, "%s%.*s%s%.*s", "\n  ", SL_STR_ARG(p->key), p->key.p ? ": " : "",
                          SL_STR_ARG(p->message));
        }
    }
    return sl_buf_take(&b);
}

/* ---- tasks' configurations as they are shown and kept ---- */

/* shown_value puts the reference back that a value came from, and (clean) takes out what else came from one.
 */
static sl_str shown_value(const sl__job *job, const sl_config_entry *e, bool clean, sl_arena *arena) {
    const sl_config_entry *raw = sl_config_find(&job->raw, e->key);
    const sl_config_entry *resolved = sl_config_find(&job->checked.config, e->key);
    if (raw && resolved && sl_str_eq(resolved->value, e->value)) {
        return raw->value;
    }
    if (!e->value.n || !clean) {
        return e->value;
    }
    sl_str text = sl__secrets_scrub(&job->secrets, e->value, arena);
    return text.p ? sl__secrets_scrub(&job->checked.secrets, text, arena) : text;
}

sl_error *sl__job_task_config(const sl__job *job, size_t task, bool clean, sl_arena *arena, sl_config *out) {
    const sl_config *config = &job->configs[task];
    sl__config_builder b;
    sl__config_builder_init(&b, arena);
    for (size_t i = 0; i < config->n; i++) {
        sl_config_entry e = config->entries[i];
        e.value = shown_value(job, &config->entries[i], clean, arena);
        if (!e.value.p && config->entries[i].value.p) {
            return sl_error_nomem();
        }
        SL_TRY(sl__config_builder_put(&b, &e, NULL));
    }
    sl__java_task java;
    if (sl__java_task_of(job->checked.def, sl_config_get(config, SL_STR("connector.class")), &java)) {
        const sl_config_entry e = {.key = SL_STR("task.class"), .value = java.task_class};
        const sl_config_entry id = {.key = SL_STR("task.id"), .value = sl_arena_printf(arena, "%zu", task)};
        SL_TRY(sl__config_builder_put(&b, &e, NULL));
        SL_TRY(java.numbered ? sl__config_builder_put(&b, &id, NULL) : NULL);
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}
