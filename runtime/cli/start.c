/*
 * start.c - see start.h.
 */
#include "cli/start.h"

#include "base/log.h"

#define COMPONENT "config"

static void set_level(void *arg, sl_str component, sl_log_level level) {
    char *name = sl_strdup(component);
    (void)arg;
    if (name) {
        sl__log_set_level(name, (int)level);
    }
    sl_free(name);
}

void sl__start_log(sl__cli_files *files) {
    sl_config_report ignored; /* the same problems are found again, by name, when the worker is checked */
    sl__worker_settings early;
    sl_config_report_init(&ignored, &files->arena);
    sl__worker_parse(&files->worker->worker, &files->arena, &ignored, &early);
    sl__log_init(early.log_json, (sl_log_level)early.log_level);
    sl__worker_log_levels(&files->worker->worker, set_level, NULL);
}

size_t sl__start_log_report(const sl_config_report *r, const sl_config *c, sl_str file, uint32_t line) {
    char place[4200];
    for (size_t i = 0; i < r->n; i++) {
        const sl_config_problem *p = &r->items[i];
        sl__cli_place(c, p->key, file, line, place, sizeof place);
        sl__log(p->severity == SL_SEV_ERROR ? SL_LOG_ERROR : SL_LOG_WARN, COMPONENT, "%s: %.*s%s%.*s", place,
                SL_STR_ARG(p->key), p->key.p ? ": " : "", SL_STR_ARG(p->message));
    }
    return r->errors;
}

int sl__start_worker(const sl__standalone_options *opts, sl_error *err, size_t errors) {
    if (!err && errors) {
        sl__log(SL_LOG_ERROR, COMPONENT, "not started: %zu error%s in the configuration", errors,
                errors == 1 ? "" : "s");
        return SL_EXIT_CONFIG;
    }
    err = err ? err : sl__standalone_run(opts);
    if (err) {
        char text[4096];
        int code = err->cls == SL_USER ? SL_EXIT_CONFIG : SL_EXIT_FAILED;
        sl__log(SL_LOG_ERROR, "sluice", "%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        return code;
    }
    return SL_EXIT_OK;
}
