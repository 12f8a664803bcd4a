/*
 * instance.c - prepares the context in which one instance of a definition runs.
 *
 * Not for: opening it. Threads: one owner. Memory: the arena's.
 */
#include "plugin/instance.h"

#include "config/scope.h"

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
    SL_TRY(sl__problems_add(&own, inst->prefix, report ? report : &whole));
    inst->context = (sl_context){
        .task = -1,
        .config = &inst->config,
        .settings = settings,
        .variant = def->variant,
    };
    return report ? NULL : sl_config_report_error(&whole);
}
