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

sl_str sl__catalog_unknown(const sl__catalog *c, sl_plugin_kind kind, sl_str name, sl_arena *arena) {
    const char *near = sl__catalog_nearest(c, kind, name);
    const char *noun = sl__catalog_kind_name(kind);
    if (near) {
        return sl_arena_printf(arena, "no %s '%.*s'; did you mean '%s'?", noun, SL_STR_ARG(name), near);
    }
    return sl_arena_printf(arena, "no %s '%.*s'; `sluice plugins` lists those that were found, plugin.path adds folders",
                           noun, SL_STR_ARG(name));
}
