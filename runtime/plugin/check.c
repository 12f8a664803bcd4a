/*
 * check.c - tells whether a plugin's table and definitions can be used at all.
 *
 * Everything is looked at before anything is called, so that a plugin of another version or one with a
 * mistake is refused by name, with what is wrong and where.
 *
 * Not for: names taken by other plugins (registry.c). Threads: any. Memory: reasons live in the arena.
 */
#include "plugin/check.h"

#include <stdio.h>

const char *sl__plugin_kind_name(sl_plugin_kind kind) {
    static const char *const names[SL_KIND_COUNT] = {
        [SL_KIND_SOURCE] = "source",
        [SL_KIND_SINK] = "sink",
        [SL_KIND_TRANSFORM] = "transformation",
        [SL_KIND_PREDICATE] = "predicate",
        [SL_KIND_CONVERTER] = "converter",
        [SL_KIND_HEADER_CONVERTER] = "header_converter",
        [SL_KIND_CONFIG_PROVIDER] = "config_provider",
    };
    return (unsigned)kind < SL_KIND_COUNT ? names[kind] : "unknown";
}

/* say gives a reason in the arena, and a plain one when there is no memory. */
#define say(arena, ...) text_or(sl_arena_printf((arena), __VA_ARGS__))

static const char *text_or(sl_str s) {
    return s.p ? s.p : "out of memory";
}

/* ---- rows of settings ---- */

static size_t type_size(const sl_config_row *row) {
    switch (row->type) {
    case SL_CONFIG_BOOLEAN:
        return sizeof(bool);
    case SL_CONFIG_INT:
        return sizeof(int32_t);
    case SL_CONFIG_LONG:
        return sizeof(int64_t);
    case SL_CONFIG_DOUBLE:
        return sizeof(double);
    case SL_CONFIG_LIST:
        return sizeof(sl_str_list);
    case SL_CONFIG_STRING:
        return row->enums ? sizeof(int) : sizeof(sl_str);
    case SL_CONFIG_PASSWORD:
    case SL_CONFIG_CLASS:
        return sizeof(sl_str);
    }
    return 0;
}

/* check_default parses the row's default as if nothing were configured. */
static const char *check_default(const sl_config_row *row, sl_arena *arena) {
    sl_config_report report;
    sl_config none = {0};
    sl_config_report_init(&report, arena);
    if (row->required || row->pattern) {
        return NULL;
    }
    sl_config_parse(row, 1, &none, NULL, arena, &report);
    return report.errors ? say(arena, "setting '%s': %.*s", row->name, SL_STR_ARG(report.items[0].message))
                         : NULL;
}

static const char *check_row(const sl_plugin_def *def, const sl_config_row *row, sl_arena *arena) {
    size_t size = type_size(row);
    bool has_star = strchr(row->name, '*') != NULL;
    if (!size) {
        return say(arena, "setting '%s' has a type that is not known (%d)", row->name, (int)row->type);
    }
    if (row->field && (row->field - 1 > def->settings_size || size > def->settings_size - (row->field - 1))) {
        return say(arena, "setting '%s' is stored outside the settings struct (at %zu of %zu bytes)",
                   row->name, row->field - 1, def->settings_size);
    }
    if (row->pattern != has_star) {
        return say(arena, "setting '%s': expected a '*' in the names of pattern rows, and only there",
                   row->name);
    }
    if (row->pattern && row->field) {
        return say(arena, "setting '%s' is a pattern and cannot be stored in a field", row->name);
    }
    if (row->required && row->default_value) {
        return say(arena, "setting '%s' is required and has a default: expected one of the two", row->name);
    }
    if (row->enums && row->type != SL_CONFIG_STRING && row->type != SL_CONFIG_LIST) {
        return say(arena, "setting '%s' has a list of words, expected only with STRING and LIST", row->name);
    }
    return check_default(row, arena);
}

/* uses_key tells whether the row goes by that name. */
static bool uses_key(const sl_config_row *row, sl_str key) {
    sl_str rest = sl_str_of(row->aliases);
    sl_str alias;
    if (sl_str_eqz(key, row->name)) {
        return true;
    }
    while (sl_str_next(&rest, ',', &alias)) {
        if (sl_str_eq(sl_str_trim(alias), key)) {
            return true;
        }
    }
    return false;
}

static bool key_taken(const sl_plugin_def *def, size_t before, sl_str key) {
    for (size_t i = 0; i < before; i++) {
        if (uses_key(&def->settings[i], key)) {
            return true;
        }
    }
    return false;
}

/* duplicate_key gives a key of row i that an earlier row has too, or absent. */
static sl_str duplicate_key(const sl_plugin_def *def, size_t i) {
    sl_str name = sl_str_of(def->settings[i].name);
    sl_str rest = sl_str_of(def->settings[i].aliases);
    sl_str alias;
    if (key_taken(def, i, name)) {
        return name;
    }
    while (sl_str_next(&rest, ',', &alias)) {
        alias = sl_str_trim(alias);
        if (sl_str_eq(alias, name) || key_taken(def, i, alias)) {
            return alias;
        }
    }
    return SL_STR_NONE;
}

static const char *check_settings(const sl_plugin_def *def, sl_arena *arena) {
    if (def->nsettings && !def->settings) {
        return "its settings table is missing";
    }
    for (size_t i = 0; i < def->nsettings; i++) {
        const char *name = def->settings[i].name;
        if (!name || !name[0]) {
            return say(arena, "row %zu of its settings table has no name", i + 1);
        }
        const char *wrong = check_row(def, &def->settings[i], arena);
        if (wrong) {
            return wrong;
        }
        sl_str twice = duplicate_key(def, i);
        if (twice.p) {
            return say(arena, "setting '%.*s' is in its table twice", SL_STR_ARG(twice));
        }
    }
    return NULL;
}

/* ---- functions ---- */

typedef void (*any_fn)(void);
typedef struct needed_fn {
    const char *name;
    any_fn fn;
} needed_fn;

#define NEED(ops, member)                                                                                    \
    { #member, (any_fn)(ops)->member }

static const char *missing_of(const needed_fn *fns, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!fns[i].fn) {
            return fns[i].name;
        }
    }
    return NULL;
}

#define MISSING(...)                                                                                         \
    missing_of((const needed_fn[]){__VA_ARGS__}, sizeof((const needed_fn[]){__VA_ARGS__}) / sizeof(needed_fn))

/* missing_function names a mandatory function that is not there; NULL = all are. */
static const char *missing_function(const sl_plugin_def *def) {
    switch (def->kind) {
    case SL_KIND_SOURCE:
        if ((def->offers & SL_OFFERS_KEEP) && !def->source->keep) {
            return "keep";
        }
        return MISSING(NEED(def->source, open), NEED(def->source, poll), NEED(def->source, close));
    case SL_KIND_SINK:
        return MISSING(NEED(def->sink, open), NEED(def->sink, put), NEED(def->sink, close));
    case SL_KIND_TRANSFORM:
        return MISSING(NEED(def->transform, open), NEED(def->transform, apply), NEED(def->transform, close));
    case SL_KIND_PREDICATE:
        return MISSING(NEED(def->predicate, open), NEED(def->predicate, test), NEED(def->predicate, close));
    case SL_KIND_CONVERTER:
    case SL_KIND_HEADER_CONVERTER:
        return MISSING(NEED(def->converter, open), NEED(def->converter, to_bytes),
                       NEED(def->converter, from_bytes), NEED(def->converter, close));
    case SL_KIND_CONFIG_PROVIDER:
        return MISSING(NEED(def->config_provider, open), NEED(def->config_provider, get),
                       NEED(def->config_provider, close));
    case SL_KIND_COUNT:
        break;
    }
    return "(all)";
}

/* ---- definitions and tables ---- */

static const char *check_aliases(const sl_plugin_def *def) {
    for (size_t i = 0; def->aliases && def->aliases[i]; i++) {
        if (!def->aliases[i][0]) {
            return "it has an empty alias";
        }
    }
    return NULL;
}

const char *sl__plugin_check(const sl_plugin_def *def, sl_arena *arena) {
    if (def->struct_size != sizeof(sl_plugin_def)) {
        return say(arena, "its definition has %u bytes, expected %zu: build it against this version",
                   def->struct_size, sizeof(sl_plugin_def));
    }
    if ((unsigned)def->kind >= SL_KIND_COUNT) {
        return say(arena, "its kind is not known (%d)", (int)def->kind);
    }
    if (!def->name || !def->name[0]) {
        return "it has no name";
    }
    if (!def->version) {
        return "it has no version";
    }
    if (!def->source) {
        return "it has no functions";
    }
    const char *missing = missing_function(def);
    if (missing) {
        return say(arena, "its function '%s' is missing", missing);
    }
    const char *wrong = check_aliases(def);
    return wrong ? wrong : check_settings(def, arena);
}

static const char *check_versions(const sl_plugin *table, sl_arena *arena) {
    if (table->magic != SL_PLUGIN_MAGIC) {
        return say(arena, "its table begins with 0x%08x, expected 0x%08x: it is no plugin for this program",
                   table->magic, SL_PLUGIN_MAGIC);
    }
    if (table->abi_major != SL_ABI_MAJOR) {
        return say(arena,
                   "it was built for plugin interface %u.%u, expected %d.x: build it against this version",
                   table->abi_major, table->abi_minor, SL_ABI_MAJOR);
    }
    if (table->abi_minor > SL_ABI_MINOR) {
        return say(arena,
                   "it needs plugin interface %u.%u, and this is %d.%d: update Sluice or use an older plugin",
                   table->abi_major, table->abi_minor, SL_ABI_MAJOR, SL_ABI_MINOR);
    }
    if (table->struct_size != sizeof(sl_plugin)) {
        return say(arena, "its table has %u bytes, expected %zu: build it against this version",
                   table->struct_size, sizeof(sl_plugin));
    }
    return NULL;
}

const char *sl__plugin_table_check(const sl_plugin *table, sl_arena *arena) {
    const char *wrong =
        table ? check_versions(table, arena) : "its function '" SL_PLUGIN_SYMBOL "' gave no table";
    if (wrong) {
        return wrong;
    }
    if (!table->name || !table->name[0] || !table->version) {
        return "its table has no name or no version";
    }
    if (!table->ndefs || !table->defs) {
        return "it offers nothing: its table has no definitions";
    }
    for (uint32_t i = 0; i < table->ndefs; i++) {
        const sl_plugin_def *def = table->defs[i];
        if (!def) {
            return say(arena, "definition %u of its table is missing", i + 1);
        }
        wrong = sl__plugin_check(def, arena);
        if (wrong) {
            bool named = def->struct_size == sizeof(sl_plugin_def) && def->name && def->name[0];
            return named ? say(arena, "definition '%s': %s", def->name, wrong)
                         : say(arena, "definition %u: %s", i + 1, wrong);
        }
    }
    return NULL;
}
