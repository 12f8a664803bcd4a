/*
 * catalog.c - see catalog.h.
 */
#include "config/catalog.h"

const char *sl__catalog_kind_name(sl_plugin_kind kind) {
    static const char *const names[SL_KIND_COUNT] = {
        [SL_KIND_SOURCE] = "source connector",
        [SL_KIND_SINK] = "sink connector",
        [SL_KIND_TRANSFORM] = "transform",
        [SL_KIND_PREDICATE] = "predicate",
        [SL_KIND_CONVERTER] = "converter",
        [SL_KIND_HEADER_CONVERTER] = "header converter",
        [SL_KIND_CONFIG_PROVIDER] = "config provider",
    };
    return (unsigned)kind < SL_KIND_COUNT ? names[kind] : "plugin";
}

static sl_str last_part(sl_str class_name) {
    for (size_t i = class_name.n; i > 0; i--) {
        if (class_name.p[i - 1] == '.') {
            return sl_str_skip(class_name, i);
        }
    }
    return class_name;
}

typedef struct nearest {
    const char *name;
    unsigned distance;
} nearest;

static void try_name(nearest *best, sl_str wanted, const char *candidate) {
    sl_str c = sl_str_of(candidate);
    unsigned whole = sl_str_distance(wanted, c);
    unsigned last = sl_str_distance(last_part(wanted), last_part(c));
    unsigned d = wanted.n <= 64 && c.n <= 64 && whole < last ? whole : last;
    if (d < best->distance) {
        *best = (nearest){candidate, d};
    }
}

const char *sl__catalog_nearest(const sl__catalog *c, sl_plugin_kind kind, sl_str name) {
    nearest best = {NULL, last_part(name).n < 6 ? 3 : 4};
    const sl_plugin_def *def = NULL;
    for (size_t i = 0; (def = c->at(c->arg, i)); i++) {
        if (def->kind != kind) {
            continue;
        }
        try_name(&best, name, def->name);
        for (const char *const *alias = def->aliases; alias && *alias; alias++) {
            try_name(&best, name, *alias);
        }
    }
    return best.name;
}

static sl_str not_found(const char *noun, sl_str name, const char *near, sl_arena *arena) {
    if (near) {
        return sl_arena_printf(arena, "no %s '%.*s'; did you mean '%s'?", noun, SL_STR_ARG(name), near);
    }
    return sl_arena_printf(
        arena, "no %s '%.*s'; `sluice plugins` lists those that were found, plugin.path adds folders", noun,
        SL_STR_ARG(name));
}

/* find_one gives true when the name is settled: the definition, or why it cannot be told. */
static bool find_one(const sl__catalog *c, sl_plugin_kind kind, sl_str name, sl_arena *arena,
                     const sl_plugin_def **def, sl_str *why) {
    char text[512];
    *def = NULL;
    sl_error *err = c->find(c->arg, kind, name, def);
    bool settled = !err || err->code != SL_E_NOT_FOUND;
    if (err && settled) {
        *why = sl_arena_str(arena, sl_str_of(sl_error_text(err, text, sizeof text)));
    }
    sl_error_free(err);
    return settled;
}

const sl_plugin_def *sl__catalog_find(const sl__catalog *c, sl_plugin_kind kind, sl_str name, sl_arena *arena,
                                      sl_str *why) {
    const sl_plugin_def *def = NULL;
    if (!find_one(c, kind, name, arena, &def, why)) {
        *why = not_found(sl__catalog_kind_name(kind), name, sl__catalog_nearest(c, kind, name), arena);
    }
    return def;
}

const sl_plugin_def *sl__catalog_find_connector(const sl__catalog *c, sl_str name, sl_arena *arena,
                                                sl_str *why) {
    const sl_plugin_def *def = NULL;
    if (find_one(c, SL_KIND_SOURCE, name, arena, &def, why) ||
        find_one(c, SL_KIND_SINK, name, arena, &def, why)) {
        return def;
    }
    const char *near = sl__catalog_nearest(c, SL_KIND_SOURCE, name);
    *why = not_found("connector", name, near ? near : sl__catalog_nearest(c, SL_KIND_SINK, name), arena);
    return NULL;
}
