/*
 * scope.c - see scope.h.
 */
#include "config/scope.h"

#include "config/build.h"
#include "config/keys.h"

/* is_secret: rows for any client setting are of type PASSWORD, so that none is shown; only some of them are
   secrets. A reference that was not resolved is none. */
static bool is_secret(const sl_config_row *row, const sl_config_entry *e) {
    if (sl_str_starts(e->value, SL_STR("${"))) {
        return false;
    }
    return !strstr(row->name, ".override.") || sl__client_key_secret(e->key);
}

sl_error *sl__scope_hide(sl__scope *s, const sl_config_row *rows, size_t n, const sl_config *c) {
    for (size_t i = 0; i < c->n; i++) {
        const sl_config_row *row = sl_config_row_find(rows, n, c->entries[i].key);
        if (row && row->type == SL_CONFIG_PASSWORD && is_secret(row, &c->entries[i])) {
            SL_TRY(sl__secrets_add(s->secrets, sl_str_trim(c->entries[i].value), SL_STR("[hidden]")));
        }
    }
    return NULL;
}

sl_error *sl__problems_add(const sl_config_report *from, sl_str prefix, sl_config_report *to) {
    sl_str name = sl_str_make(prefix.p, prefix.n - sl_str_ends(prefix, SL_STR(".")));
    for (size_t i = 0; i < from->n; i++) {
        const sl_config_problem *p = &from->items[i];
        sl_str key = p->key.n ? p->key : name;
        if (prefix.n && p->key.n) {
            key = sl_arena_printf(to->arena, "%.*s%.*s", SL_STR_ARG(prefix), SL_STR_ARG(p->key));
            if (!key.p) {
                return sl_error_nomem();
            }
        }
        sl_config_report_add(to, p->severity, key, "%.*s", SL_STR_ARG(p->message));
    }
    return from->arena->failed || to->arena->failed ? sl_error_nomem() : NULL;
}

void sl__plugin_validate(const sl_plugin_def *def, const sl_context *ctx, sl_config_report *report) {
    void (*validate)(const sl_context *, sl_config_report *) = NULL;
    switch (def->kind) {
    case SL_KIND_SOURCE:
        validate = def->source->validate;
        break;
    case SL_KIND_SINK:
        validate = def->sink->validate;
        break;
    case SL_KIND_TRANSFORM:
        validate = def->transform->validate;
        break;
    case SL_KIND_PREDICATE:
        validate = def->predicate->validate;
        break;
    case SL_KIND_CONVERTER:
    case SL_KIND_HEADER_CONVERTER:
        validate = def->converter->validate;
        break;
    case SL_KIND_CONFIG_PROVIDER:
    case SL_KIND_COUNT:
        break;
    }
    if (validate) {
        validate(ctx, report);
    }
}

sl_error *sl__scope_table(sl__scope *s, const sl_plugin_def *def, sl_str prefix, const sl_config *own) {
    sl_config_report found;
    void *settings = def->settings_size ? sl_arena_zalloc(s->arena, def->settings_size) : NULL;
    if (def->settings_size && !settings) {
        return sl_error_nomem();
    }
    SL_TRY(sl__scope_hide(s, def->settings, def->nsettings, own));
    sl_config_report_init(&found, s->arena);
    sl_config_parse(def->settings, def->nsettings, own, settings, s->arena, &found);
    if (!found.errors) {
        sl_context ctx = {.host = s->catalog->host,
                          .connector = s->connector,
                          .task = -1,
                          .component = prefix.n ? sl_str_make(prefix.p, prefix.n - 1) : SL_STR_NONE,
                          .config = own,
                          .settings = settings,
                          .variant = def->variant,
                          .runtime = s->runtime,
                          .offline = !s->connect};
        sl__plugin_validate(def, &ctx, &found);
    }
    return sl__problems_add(&found, prefix, s->report);
}

/* note_unknown reports the keys below a prefix that neither the plugin nor its place knows. */
static void note_unknown(sl__scope *s, const sl_plugin_def *def, sl_str prefix, const sl_config *own,
                         const sl_config_row *extra, size_t nextra) {
    const sl__row_table tables[] = {{def->settings, def->nsettings}, {extra, nextra}};
    for (size_t i = 0; i < own->n; i++) {
        unsigned distance = 0;
        sl_str key = own->entries[i].key;
        if (sl__keys_known(tables, 2, key)) {
            continue;
        }
        sl_str full = sl_arena_printf(s->arena, "%.*s%.*s", SL_STR_ARG(prefix), SL_STR_ARG(key));
        sl_str nearest = sl__keys_nearest(tables, 2, key, &distance);
        sl__keys_unknown(s->report, prefix, full, nearest, distance, s->strict);
    }
}

/* without_extra leaves the settings of the place out of what the plugin gets. */
static sl_error *without_extra(sl__scope *s, const sl_config *own, const sl_config_row *extra, size_t nextra,
                               sl_config *out) {
    sl__config_builder b;
    sl__config_builder_init(&b, s->arena);
    for (size_t i = 0; i < own->n; i++) {
        if (!sl_config_row_find(extra, nextra, own->entries[i].key)) {
            SL_TRY(sl__config_builder_put(&b, &own->entries[i], NULL));
        }
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

sl_error *sl__scope_plugin(sl__scope *s, sl_plugin_kind kind, sl_str class_key, sl_str prefix,
                           const sl_config_row *own, size_t nown) {
    const sl_plugin_def *found = NULL;
    sl_str class_name = sl_str_trim(sl_config_get(s->config, class_key));
    sl_config settings;
    if (!class_name.n) {
        return NULL;
    }
    sl_str why = SL_STR("out of memory");
    found = sl__catalog_find(s->catalog, kind, class_name, s->arena, &why);
    if (!found) {
        sl_config_report_add(s->report, SL_SEV_ERROR, class_key, "%.*s", SL_STR_ARG(why));
        return NULL;
    }
    SL_TRY(sl__config_prefix(s->config, prefix, s->arena, &settings));
    note_unknown(s, found, prefix, &settings, own, nown);
    SL_TRY(without_extra(s, &settings, own, nown, &settings));
    return sl__scope_table(s, found, prefix, &settings);
}

/* A converter's settings are spread over its prefix; it also learns what it is used for, as in Kafka Connect.
 */
static const sl_config_row converter_rows[] = {
    {.name = "converter.type",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "What the converter is used for."},
    {.name = "plugin.version",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "Version of the plugin."},
};

sl_error *sl__scope_converter(sl__scope *s, const char *name, bool worker) {
    sl_str key = sl_str_of(name);
    bool header = sl_str_eqz(key, "header.converter");
    sl_str prefix = sl_arena_printf(s->arena, "%s.", name);
    if (!prefix.p) {
        return sl_error_nomem();
    }
    if (!sl_str_trim(sl_config_get(s->config, key)).n && !worker) {
        for (size_t i = 0; i < s->config->n; i++) {
            sl_str entry = s->config->entries[i].key;
            if (sl_str_starts(entry, prefix) && !sl_str_ends(entry, SL_STR("plugin.version"))) {
                sl_config_report_add(
                    s->report, SL_SEV_WARNING, entry,
                    "has no effect without %s: the worker's converter has the worker's settings", name);
            }
        }
        return NULL;
    }
    return sl__scope_plugin(s, header ? SL_KIND_HEADER_CONVERTER : SL_KIND_CONVERTER, key, prefix,
                            converter_rows, sizeof converter_rows / sizeof converter_rows[0]);
}

sl_error *sl__scope_finish(sl__scope *s, size_t from) {
    for (size_t i = from; i < s->report->n; i++) {
        sl_str clean = sl__secrets_scrub(s->secrets, s->report->items[i].message, s->report->arena);
        if (!clean.p) {
            return sl_error_nomem();
        }
        s->report->items[i].message = clean;
    }
    return s->arena->failed || s->report->arena->failed ? sl_error_nomem() : NULL;
}
