/*
 * instance.c - prepares the context in which one instance of a definition runs.
 *
 * Not for: opening it. Threads: one owner. Memory: the arena's.
 */
#include "plugin/instance.h"

sl_error *sl__config_strip(const sl_config *full, sl_str prefix, sl_arena *arena, sl_config *out) {
    size_t n = 0;
    *out = (sl_config){0};
    sl_config_entry *entries = sl_arena_alloc(arena, (full->n ? full->n : 1) * sizeof *entries);
    if (!entries) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < full->n; i++) {
        if (full->entries[i].key.n > prefix.n && sl_str_starts(full->entries[i].key, prefix)) {
            entries[n] = full->entries[i];
            entries[n++].key = sl_str_skip(full->entries[i].key, prefix.n);
        }
    }
    *out = (sl_config){entries, n};
    return NULL;
}

/* move_problems adds what an instance's report says to the whole one, under the full keys. */
static sl_error *move_problems(const sl__instance *inst, const sl_config_report *from, sl_config_report *to) {
    for (size_t i = 0; i < from->n; i++) {
        const sl_config_problem *p = &from->items[i];
        sl_str key = p->key;
        if (inst->prefix.n) {
            /* a problem of the whole instance stands under its name: the prefix without its last dot */
            sl_str name =
                sl_str_make(inst->prefix.p, inst->prefix.n - sl_str_ends(inst->prefix, SL_STR(".")));
            key = p->key.p
                      ? sl_arena_printf(to->arena, "%.*s%.*s", SL_STR_ARG(inst->prefix), SL_STR_ARG(p->key))
                      : name;
            if (!key.p) {
                return sl_error_nomem();
            }
        }
        sl_config_report_add(to, p->severity, key, "%.*s", SL_STR_ARG(p->message));
    }
    return from->arena->failed || to->arena->failed ? sl_error_nomem() : NULL;
}

sl_error *sl__instance_init(sl__instance *inst, const sl_plugin_def *def, const sl_config *full,
                            sl_str prefix, sl_arena *arena, sl_config_report *report) {
    sl_config_report own, whole;
    void *settings = NULL;
    *inst = (sl__instance){.def = def};
    sl_config_report_init(&own, arena);
    sl_config_report_init(&whole, arena);
    inst->prefix = sl_arena_str(arena, prefix.p ? prefix : SL_STR(""));
    if (def->settings_size) {
        settings = sl_arena_zalloc(arena, def->settings_size);
    }
    if (!inst->prefix.p || (def->settings_size && !settings)) {
        return sl_error_nomem();
    }
    SL_TRY(sl__config_strip(full, inst->prefix, arena, &inst->config));
    sl_config_parse(def->settings, def->nsettings, &inst->config, settings, arena, &own);
    SL_TRY(move_problems(inst, &own, report ? report : &whole));
    inst->context = (sl_context){
        .task = -1,
        .config = &inst->config,
        .settings = settings,
        .variant = def->variant,
    };
    return report ? NULL : sl_config_report_error(&whole);
}

typedef void (*validate_fn)(const sl_context *ctx, sl_config_report *report);

static validate_fn validate_of(const sl_plugin_def *def) {
    switch (def->kind) {
    case SL_KIND_SOURCE:
        return def->source->validate;
    case SL_KIND_SINK:
        return def->sink->validate;
    case SL_KIND_TRANSFORM:
        return def->transform->validate;
    case SL_KIND_PREDICATE:
        return def->predicate->validate;
    case SL_KIND_CONVERTER:
    case SL_KIND_HEADER_CONVERTER:
        return def->converter->validate;
    case SL_KIND_CONFIG_PROVIDER:
    case SL_KIND_COUNT:
        break;
    }
    return NULL;
}

sl_error *sl__instance_validate(sl__instance *inst, sl_arena *arena, sl_config_report *report) {
    validate_fn validate = validate_of(inst->def);
    sl_config_report own;
    if (!validate) {
        return NULL;
    }
    sl_config_report_init(&own, arena);
    validate(&inst->context, &own);
    return move_problems(inst, &own, report);
}
