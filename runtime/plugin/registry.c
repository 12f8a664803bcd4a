/*
 * registry.c - loads plugins and finds definitions by name.
 *
 * Not for: running instances (instance.c), checking tables (check.c). Threads: loading is for one thread,
 * finding for any. Memory: the registry owns the handles of the dynamic loader and an arena for its lists and
 * reasons.
 */
#include "plugin/registry.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "plugin/elf.h"
#include "plugin/names.h"

#define COMPONENT "plugin"
#define NEAREST 3u

typedef struct loaded {
    const sl_plugin *table;
    const char *path; /* in the arena */
    void *handle;     /* NULL = linked in */
} loaded;

struct sl__registry {
    sl_arena arena;
    loaded *plugins; /* heap */
    size_t nplugins;
    size_t plugins_cap;
    sl__plugin_failure *failures; /* heap */
    size_t nfailures;
    size_t failures_cap;
};

sl__registry *sl__registry_new(void) {
    sl__registry *reg = sl_calloc(1, sizeof *reg);
    if (reg) {
        sl_arena_init(&reg->arena, 0);
    }
    return reg;
}

void sl__registry_free(sl__registry *reg) {
    if (!reg) {
        return;
    }
    for (size_t i = reg->nplugins; i > 0; i--) {
        if (reg->plugins[i - 1].handle) {
            dlclose(reg->plugins[i - 1].handle);
        }
    }
    sl_arena_deinit(&reg->arena);
    sl_free(reg->plugins);
    sl_free(reg->failures);
    sl_free(reg);
}

static bool room_for(void **items, size_t n, size_t *cap, size_t size) {
    void *p = sl_grow(*items, n, cap, size);
    *items = p ? p : *items;
    return p != NULL;
}

/* refuse records and logs a plugin that is not used; always false. */
static bool refuse(sl__registry *reg, const char *path, const char *reason) {
    sl_str p = sl_arena_str(&reg->arena, sl_str_of(path));
    sl_str r = sl_arena_str(&reg->arena, sl_str_of(reason));
    sl__log(SL_LOG_ERROR, COMPONENT, "plugin '%s' is not used: %s", path, reason);
    if (p.p && r.p &&
        room_for((void **)&reg->failures, reg->nfailures, &reg->failures_cap, sizeof *reg->failures)) {
        reg->failures[reg->nfailures++] = (sl__plugin_failure){p.p, r.p};
    }
    return false;
}

/* ---- names taken ---- */

/* shared_name gives a name that both definitions would exactly answer to, or NULL. */
static const char *shared_name(const sl_plugin_def *a, const sl_plugin_def *b) {
    if (a->kind != b->kind) {
        return NULL;
    }
    if (sl__name_matches(b, sl_str_of(a->name)) == SL_NAME_EXACT) {
        return a->name;
    }
    for (size_t i = 0; a->aliases && a->aliases[i]; i++) {
        if (sl__name_matches(b, sl_str_of(a->aliases[i])) == SL_NAME_EXACT) {
            return a->aliases[i];
        }
    }
    return NULL;
}

static const char *taken_in(const sl_plugin *table, uint32_t ndefs, const sl_plugin_def *def) {
    for (uint32_t i = 0; i < ndefs; i++) {
        const char *name = shared_name(def, table->defs[i]);
        if (name) {
            return name;
        }
    }
    return NULL;
}

/* find_conflict tells which name of the table is taken already, and by whom; NULL = none. */
static const char *find_conflict(sl__registry *reg, const sl_plugin *table) {
    for (uint32_t i = 0; i < table->ndefs; i++) {
        const sl_plugin_def *def = table->defs[i];
        const char *owner = "itself";
        const char *name = taken_in(table, i, def);
        for (size_t p = 0; !name && p < reg->nplugins; p++) {
            name = taken_in(reg->plugins[p].table, reg->plugins[p].table->ndefs, def);
            owner = reg->plugins[p].path;
        }
        if (name) {
            sl_str text = sl_arena_printf(&reg->arena, "the name '%s' (%s) is taken already, by '%s'", name,
                                          sl__plugin_kind_name(def->kind), owner);
            return text.p ? text.p : "a name of it is taken already";
        }
    }
    return NULL;
}

/* ---- loading ---- */

/* add_table checks and lists a table; the reason why not, or NULL. */
static const char *add_table(sl__registry *reg, const sl_plugin *table, const char *path, void *handle) {
    const char *wrong = sl__plugin_table_check(table, &reg->arena);
    wrong = wrong ? wrong : find_conflict(reg, table);
    if (wrong) {
        return wrong;
    }
    sl_str copy = sl_arena_str(&reg->arena, sl_str_of(path));
    if (!copy.p ||
        !room_for((void **)&reg->plugins, reg->nplugins, &reg->plugins_cap, sizeof *reg->plugins)) {
        return "out of memory";
    }
    reg->plugins[reg->nplugins++] = (loaded){table, copy.p, handle};
    sl__log(SL_LOG_DEBUG, COMPONENT, "loaded '%s' %s with %u definitions from '%s'", table->name,
            table->version, table->ndefs, path);
    return NULL;
}

bool sl__registry_add(sl__registry *reg, const sl_plugin *table, const char *path) {
    const char *wrong = add_table(reg, table, path, NULL);
    return wrong ? refuse(reg, path, wrong) : true;
}

static bool is_loaded(const sl__registry *reg, const sl_plugin *table) {
    for (size_t i = 0; i < reg->nplugins; i++) {
        if (table && reg->plugins[i].table == table) {
            return true;
        }
    }
    return false;
}

/* take_handle asks an open plugin for its table and adds it; the reason why not, or NULL. Closes what it does
 * not keep. */
static const char *take_handle(sl__registry *reg, const char *path, void *handle) {
    sl_plugin_entry entry = NULL;
    void *symbol = dlsym(handle, SL_PLUGIN_SYMBOL);
    if (!symbol) {
        dlclose(handle);
        return "it has no function '" SL_PLUGIN_SYMBOL "': expected a plugin that ends with SL_PLUGIN_EXPORT";
    }
    memcpy(&entry, &symbol, sizeof entry);
    const sl_plugin *table = entry();
    if (is_loaded(reg, table)) {
        dlclose(handle); /* the same file again, by another path */
        return NULL;
    }
    const char *wrong = add_table(reg, table, path, handle);
    if (wrong) {
        /* the reason may quote the plugin's own text */
        sl_str copy = sl_arena_str(&reg->arena, sl_str_of(wrong));
        dlclose(handle);
        return copy.p ? copy.p : "out of memory";
    }
    return NULL;
}

bool sl__registry_load_file(sl__registry *reg, const char *path) {
    char why[512];
    char full[PATH_MAX];
    if (sl__elf_check(path, why, sizeof why)) {
        return refuse(reg, path, why);
    }
    /* without a slash the loader would search its own path */
    const char *place = realpath(path, full) ? full : path;
    void *handle = dlopen(place, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *reason = dlerror();
        return refuse(reg, path, reason ? reason : "the dynamic loader refused it");
    }
    const char *wrong = take_handle(reg, path, handle);
    return wrong ? refuse(reg, path, wrong) : true;
}

static int is_shared_object(const struct dirent *e) {
    return e->d_name[0] != '.' && sl_str_ends(sl_str_of(e->d_name), SL_STR(".so"));
}

sl_error *sl__registry_load_dir(sl__registry *reg, const char *path) {
    struct dirent **names = NULL;
    int n = scandir(path, &names, is_shared_object, alphasort);
    if (n < 0) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "plugin folder '%s' cannot be read: %s", path,
                            strerror(errno));
    }
    for (int i = 0; i < n; i++) {
        char file[PATH_MAX];
        if (snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < (int)sizeof file) {
            (void)sl__registry_load_file(reg, file); /* failures are recorded */
        } else {
            (void)refuse(reg, names[i]->d_name, "its path is too long");
        }
        free(names[i]);
    }
    free(names);
    return NULL;
}

static bool is_dir(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool sl__registry_default_dir(char *out, size_t size) {
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    if (n <= 0) {
        return false;
    }
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    int len = (int)(slash ? slash - exe : 0);
    int beside = snprintf(out, size, "%.*s/plugins", len, exe);
    if (beside >= 0 && (size_t)beside < size && is_dir(out)) {
        return true;
    }
    int installed = snprintf(out, size, "%.*s/../lib/sluice/plugins", len, exe);
    if (installed >= 0 && (size_t)installed < size && is_dir(out)) {
        return true;
    }
    beside = snprintf(out, size, "%.*s/plugins", len, exe);
    return beside >= 0 && (size_t)beside < size;
}

static sl_error *load_place(sl__registry *reg, sl_str place) {
    char *path = sl_strdup(place);
    struct stat st;
    sl_error *err = NULL;
    if (!path) {
        return sl_error_nomem();
    }
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
        (void)sl__registry_load_file(reg, path); /* failures are recorded */
    } else {
        err = sl__registry_load_dir(reg, path);
    }
    sl_free(path);
    return err;
}

sl_error *sl__registry_load_path(sl__registry *reg, sl_str plugin_path) {
    sl_str rest = sl_str_trim(plugin_path);
    sl_str place;
    if (rest.n == 0) {
        char dir[PATH_MAX];
        if (!sl__registry_default_dir(dir, sizeof dir)) {
            return sl_error_new(SL_E_CONFIG, SL_USER,
                                "the default plugin folder is unknown: set plugin.path");
        }
        return sl__registry_load_dir(reg, dir);
    }
    while (sl_str_next(&rest, ',', &place)) {
        place = sl_str_trim(place);
        if (place.n) {
            SL_TRY(load_place(reg, place));
        }
    }
    return NULL;
}

/* has_plugins tells whether a place is a file, or a folder with a shared object. */
static bool has_plugins(sl_str place) {
    struct dirent **names = NULL;
    struct stat st;
    char *path = sl_strdup(place);
    bool file = path && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    int n = path && !file ? scandir(path, &names, is_shared_object, NULL) : 0;
    for (int i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
    sl_free(path);
    return file || n > 0;
}

sl_error *sl__registry_load_worker_path(sl__registry *reg, sl_str plugin_path, size_t *foreign) {
    sl_str rest = plugin_path;
    sl_str place;
    size_t places = 0;
    *foreign = 0;
    while (sl_str_next(&rest, ',', &place)) {
        place = sl_str_trim(place);
        places += place.n > 0;
        if (place.n && has_plugins(place)) {
            SL_TRY(load_place(reg, place));
        } else if (place.n) {
            ++*foreign;
        }
    }
    char dir[PATH_MAX];
    if (places > *foreign) {
        return NULL;
    }
    if (places && (!sl__registry_default_dir(dir, sizeof dir) || !is_dir(dir))) {
        return NULL; /* it says so itself when a plugin is looked for */
    }
    return sl__registry_load_path(reg, SL_STR_NONE);
}

/* ---- finding ---- */

typedef struct search {
    sl_plugin_kind kind;
    sl_str name;
    const sl_plugin_def *found[NEAREST];
    unsigned distance[NEAREST];
    size_t nfound;
    size_t nsimple;
    sl_buf known; /* all of the kind */
} search;

void sl__registry_each(const sl__registry *reg, sl__registry_cb cb, void *arg) {
    for (size_t p = 0; p < reg->nplugins; p++) {
        const loaded *l = &reg->plugins[p];
        for (uint32_t i = 0; i < l->table->ndefs; i++) {
            cb(arg, l->table->defs[i], l->table, l->path);
        }
    }
}

const char *sl__plugin_java_class(const sl_plugin_def *def) {
    return def->aliases && def->aliases[0] ? def->aliases[0] : def->name;
}

/* match_one collects definitions that match: an exact one alone, else those with that simple name. */
static void match_one(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    search *s = arg;
    (void)table;
    (void)path;
    sl__name_match match = def->kind == s->kind ? sl__name_matches(def, s->name) : SL_NAME_NO;
    if (match == SL_NAME_EXACT) {
        s->found[0] = def;
        s->nfound = 1;
        s->nsimple = 0;
    } else if (match == SL_NAME_SIMPLE && (s->nfound == 0 || s->nsimple)) {
        if (s->nfound < NEAREST) {
            s->found[s->nfound++] = def;
        }
        s->nsimple++;
    }
}

/* rank_one keeps the nearest few, nearest first. */
static void rank_one(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    search *s = arg;
    (void)table;
    (void)path;
    if (def->kind != s->kind) {
        return;
    }
    sl_buf_printf(&s->known, "%s'%s'", s->known.n ? ", " : "", def->name);
    unsigned d = sl__name_distance(def, s->name);
    size_t limit = sl__name_simple(s->name).n / 3 + 1;
    if (d > limit) {
        return;
    }
    size_t at = s->nfound < NEAREST ? s->nfound++ : NEAREST;
    while (at > 0 && d < s->distance[at - 1]) {
        at--;
        if (at + 1 < NEAREST) {
            s->found[at + 1] = s->found[at];
            s->distance[at + 1] = s->distance[at];
        }
    }
    if (at < NEAREST) {
        s->found[at] = def;
        s->distance[at] = d;
    }
}

static void add_found(sl_buf *b, const search *s) {
    for (size_t i = 0; i < s->nfound; i++) {
        const char *class_name = sl__plugin_java_class(s->found[i]);
        sl_buf_printf(b, "%s'%s'", i ? ", " : "", s->found[i]->name);
        if (class_name != s->found[i]->name) {
            sl_buf_printf(b, " (%s)", class_name);
        }
    }
}

static sl_error *ambiguous(const search *s) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    add_found(&b, s);
    sl_error *err =
        sl_error_new(SL_E_CONFIG, SL_USER, "the %s name '%.*s' fits several: %.*s; use one of these names",
                     sl__plugin_kind_name(s->kind), SL_STR_ARG(s->name), SL_STR_ARG(sl_buf_view(&b)));
    sl_buf_deinit(&b);
    return err;
}

static sl_error *not_found(const sl__registry *reg, sl_plugin_kind kind, sl_str name) {
    search s = {.kind = kind, .name = name};
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_init(&s.known, NULL);
    sl__registry_each(reg, rank_one, &s);
    if (s.nfound) {
        sl_buf_add_z(&b, "; did you mean ");
        add_found(&b, &s);
        sl_buf_add_z(&b, "?");
    } else if (s.known.n) {
        sl_buf_printf(&b, "; there are: %.*s", SL_STR_ARG(sl_buf_view(&s.known)));
    } else {
        sl_buf_add_z(&b, "; there are none: check plugin.path");
    }
    sl_error *err = sl_error_new(SL_E_NOT_FOUND, SL_USER, "no %s is named '%.*s'%.*s",
                                 sl__plugin_kind_name(kind), SL_STR_ARG(name), SL_STR_ARG(sl_buf_view(&b)));
    sl_buf_deinit(&s.known);
    sl_buf_deinit(&b);
    return err;
}

sl_error *sl__registry_find(const sl__registry *reg, sl_plugin_kind kind, sl_str name,
                            const sl_plugin_def **def) {
    search s = {.kind = kind, .name = sl_str_trim(name)};
    *def = NULL;
    sl__registry_each(reg, match_one, &s);
    if (s.nfound == 0) {
        return not_found(reg, kind, s.name);
    }
    if (s.nfound > 1) {
        return ambiguous(&s);
    }
    *def = s.found[0];
    return NULL;
}

const sl__plugin_failure *sl__registry_failures(const sl__registry *reg, size_t *n) {
    *n = reg->nfailures;
    return reg->failures;
}
