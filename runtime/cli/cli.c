/*
 * cli.c - see cli.h.
 */
#include "cli/cli.h"

#include <stdarg.h>

#include "base/log.h"

int sl__cli_usage(const sl__command *c, const char *fmt, ...) {
    va_list args;
    fprintf(stderr, "sluice %s: ", c->name);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fprintf(stderr, "\nusage: sluice %s %s\n", c->name, c->args);
    return SL_EXIT_USAGE;
}

int sl__cli_error(sl_error *err) {
    char text[2048];
    int code = err->cls == SL_USER ? SL_EXIT_CONFIG : SL_EXIT_FAILED;
    fprintf(stderr, "sluice: %s\n", sl_error_text(err, text, sizeof text));
    sl_error_free(err);
    return code;
}

/* ---- files ---- */

static sl_error *take_worker(sl__cli_files *set, const sl__config_file *f) {
    if (!f->has_worker) {
        return NULL;
    }
    if (set->worker) {
        return sl_error_new(
            SL_E_CONFIG, SL_USER,
            "'%.*s' and '%.*s' both have a worker's settings, expected one; a connector's file has name and "
            "connector.class",
            SL_STR_ARG(set->worker->path), SL_STR_ARG(f->path));
    }
    set->worker = f;
    return NULL;
}

static sl_error *take_connector(sl__cli_files *set, const sl__connector_config *c) {
    for (size_t i = 0; c->name.p && i < set->nconnectors; i++) {
        const sl__connector_config *other = &set->connectors[i];
        if (other->name.p && sl_str_eq(other->name, c->name)) {
            return sl_error_new(SL_E_CONFIG, SL_USER,
                                "connector '%.*s' is in '%.*s' and in '%.*s', expected different names",
                                SL_STR_ARG(c->name), SL_STR_ARG(other->file), SL_STR_ARG(c->file));
        }
    }
    set->connectors[set->nconnectors++] = *c;
    return NULL;
}

/* make_room has place for all connectors, and nothing chosen. */
static sl_error *make_room(sl__cli_files *set) {
    size_t total = 0;
    for (size_t i = 0; i < set->n; i++) {
        total += set->items[i].err ? 0 : set->items[i].file.nconnectors;
    }
    set->worker = NULL;
    set->nconnectors = 0;
    set->connectors = sl_arena_zalloc(&set->arena, (total + 1) * sizeof *set->connectors);
    return set->connectors ? NULL : sl_error_nomem();
}

static sl_error *take_file(sl__cli_files *set, const sl__config_file *f) {
    SL_TRY(take_worker(set, f));
    for (size_t k = 0; k < f->nconnectors; k++) {
        SL_TRY(take_connector(set, &f->connectors[k]));
    }
    return NULL;
}

sl_error *sl__cli_files_load(sl__cli_files *set, int argc, char **argv) {
    *set = (sl__cli_files){.n = 0};
    sl_arena_init(&set->arena, 0);
    set->items = sl_arena_zalloc(&set->arena, (size_t)(argc + 1) * sizeof *set->items);
    if (!set->items) {
        return sl_error_nomem();
    }
    for (int i = 0; i < argc; i++) {
        sl__cli_file *f = &set->items[set->n++];
        sl_config_report_init(&f->report, &set->arena);
        f->err = sl__config_file_read(argv[i], &set->arena, &f->report, &f->file);
    }
    return NULL;
}

sl_error *sl__cli_files_read(sl__cli_files *set, int argc, char **argv) {
    SL_TRY(sl__cli_files_load(set, argc, argv));
    SL_TRY(make_room(set));
    for (size_t i = 0; i < set->n; i++) {
        SL_TRY(set->items[i].err ? NULL : take_file(set, &set->items[i].file));
    }
    return NULL;
}

/* takes_loose tells whether connectors of files without a worker go with this one: with a worker's file that
   has no connectors of its own, if there is such a one. */
static bool takes_loose(const sl__cli_files *set, const sl__config_file *worker) {
    for (size_t i = 0; i < set->n && worker && worker->nconnectors; i++) {
        const sl__cli_file *f = &set->items[i];
        if (!f->err && f->file.has_worker && !f->file.nconnectors) {
            return false;
        }
    }
    return true;
}

sl_error *sl__cli_files_choose(sl__cli_files *set, const sl__config_file *worker) {
    bool loose = takes_loose(set, worker);
    SL_TRY(make_room(set));
    for (size_t i = 0; i < set->n; i++) {
        const sl__config_file *f = &set->items[i].file;
        if (!set->items[i].err && (f == worker || (loose && !f->has_worker))) {
            SL_TRY(take_file(set, f));
        }
    }
    return NULL;
}

void sl__cli_files_free(sl__cli_files *set) {
    for (size_t i = 0; i < set->n; i++) {
        sl_error_free(set->items[i].err);
    }
    sl_arena_deinit(&set->arena);
}

/* ---- problems ---- */

const char *sl__cli_place(const sl_config *c, sl_str key, sl_str file, uint32_t line, char *out,
                          size_t size) {
    const sl_config_entry *e = key.p ? sl_config_find(c, key) : NULL;
    if (e) {
        file = e->file.p ? e->file : file;
        line = e->line;
    }
    if (line) {
        snprintf(out, size, "%.*s:%u", SL_STR_ARG(file), line);
    } else {
        snprintf(out, size, "%.*s", SL_STR_ARG(file));
    }
    return out;
}

size_t sl__cli_print_report(FILE *to, const sl_config_report *r, const sl_config *c, sl_str file,
                            uint32_t line) {
    char place[4200];
    for (size_t i = 0; i < r->n; i++) {
        const sl_config_problem *p = &r->items[i];
        const char *kind = p->severity == SL_SEV_WARNING ? "warning: " : "";
        sl__cli_place(c, p->key, file, line, place, sizeof place);
        if (p->key.p) {
            fprintf(to, "%s: %.*s: %s%.*s\n", place, SL_STR_ARG(p->key), kind, SL_STR_ARG(p->message));
        } else {
            fprintf(to, "%s: %s%.*s\n", place, kind, SL_STR_ARG(p->message));
        }
    }
    return r->errors;
}

/* ---- plugins ---- */

/* load_worker loads the plugin.path of a worker's file. */
static sl_error *load_worker(sl__registry *reg, sl_str plugin_path) {
    size_t foreign = 0;
    sl_error *err = sl__registry_load_worker_path(reg, plugin_path, &foreign);
    if (!err && foreign) {
        sl__log(SL_LOG_WARN, "config",
                "plugin.path '%.*s': %zu of its folders cannot be read or have no plugin of Sluice's (*.so); "
                "passed over, and when all are, the plugins that came with the worker are used",
                SL_STR_ARG(plugin_path), foreign);
    }
    return err;
}

sl_error *sl__cli_load_plugins(sl_str plugin_path, bool worker, sl__registry **out) {
    *out = sl__registry_new();
    if (!*out) {
        return sl_error_nomem();
    }
    sl_error *err = worker ? load_worker(*out, plugin_path) : sl__registry_load_path(*out, plugin_path);
    if (err) {
        sl__registry_free(*out);
        *out = NULL;
    }
    return err;
}
