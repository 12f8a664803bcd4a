/*
 * providers.c - see providers.h.
 */
#include "config/providers.h"

#include "config/build.h"

typedef struct provider {
    sl_str name;
    const sl_plugin_def *def;
    sl_config config;
    void *settings;
    sl_context ctx;
    void *state;
    struct provider *next;
} provider;

struct sl__providers {
    sl_arena arena;
    const sl__catalog *catalog;
    provider *first;
};

/* A value is resolved in pieces; one piece is text or a reference. */
typedef struct reference {
    sl_str provider;
    sl_str path; /* empty when there is none */
    sl_str key;
} reference;

/* ---- opening ---- */

static sl_str provider_key(sl__providers *p, sl_str name, const char *rest) {
    return sl_arena_printf(&p->arena, "config.providers.%.*s.%s", SL_STR_ARG(name), rest);
}

/* parse_settings reads the provider's own table; its problems get the whole key. */
static sl_error *parse_settings(sl__providers *p, provider *v, sl_str prefix, sl_config_report *report) {
    sl_config_report own;
    sl_config_report_init(&own, &p->arena);
    v->settings = v->def->settings_size ? sl_arena_zalloc(&p->arena, v->def->settings_size) : NULL;
    if (v->def->settings_size && !v->settings) {
        return sl_error_nomem();
    }
    sl_config_parse(v->def->settings, v->def->nsettings, &v->config, v->settings, &p->arena, &own);
    for (size_t i = 0; i < own.n; i++) {
        sl_str key =
            sl_arena_printf(report->arena, "%.*s%.*s", SL_STR_ARG(prefix), SL_STR_ARG(own.items[i].key));
        sl_config_report_add(report, own.items[i].severity, key, "%.*s", SL_STR_ARG(own.items[i].message));
    }
    return NULL;
}

static sl_error *open_provider(sl__providers *p, provider *v, sl_str class_key, sl_str prefix,
                               sl_config_report *report) {
    v->ctx = (sl_context){.host = p->catalog->host,
                          .task = -1,
                          .component = sl_str_make(prefix.p, prefix.n - 7),
                          .config = &v->config,
                          .settings = v->settings,
                          .variant = v->def->variant};
    sl_error *err = v->def->config_provider->open(&v->ctx, &v->state);
    if (err) {
        char text[512];
        sl_config_report_add(report, SL_SEV_ERROR, class_key, "%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        return NULL;
    }
    v->next = p->first;
    p->first = v;
    return NULL;
}

static sl_error *make_provider(sl__providers *p, provider *v, const sl_config *worker,
                               sl_config_report *report) {
    sl_str class_key = provider_key(p, v->name, "class");
    sl_str prefix = provider_key(p, v->name, "param.");
    sl_str class_name = class_key.p ? sl_str_trim(sl_config_get(worker, class_key)) : SL_STR_NONE;
    sl_config own;
    if (!class_key.p || !prefix.p) {
        return sl_error_nomem();
    }
    if (!class_name.n) {
        sl_config_report_add(report, SL_SEV_ERROR, class_key,
                             "missing, expected the class or short name of provider '%.*s'",
                             SL_STR_ARG(v->name));
        return NULL;
    }
    sl_str why = SL_STR("out of memory");
    v->def = sl__catalog_find(p->catalog, SL_KIND_CONFIG_PROVIDER, class_name, &p->arena, &why);
    if (!v->def) {
        sl_config_report_add(report, SL_SEV_ERROR, class_key, "%.*s", SL_STR_ARG(why));
        return NULL;
    }
    SL_TRY(sl__config_prefix(worker, prefix, &p->arena, &own));
    SL_TRY(sl__config_copy(&p->arena, &own, &v->config));
    size_t errors = report->errors;
    SL_TRY(parse_settings(p, v, prefix, report));
    if (report->errors > errors) {
        return NULL;
    }
    return open_provider(p, v, class_key, prefix, report);
}

static provider *find_provider(const sl__providers *p, sl_str name) {
    provider *v = p ? p->first : NULL;
    while (v && !sl_str_eq(v->name, name)) {
        v = v->next;
    }
    return v;
}

static sl_error *make_all(sl__providers *p, const sl_config *worker, sl_config_report *report) {
    sl_str key = SL_STR("config.providers");
    sl_str_list names;
    SL_TRY(sl__config_list(sl_config_get(worker, key), &p->arena, &names));
    for (size_t i = 0; i < names.n; i++) {
        if (find_provider(p, names.items[i])) {
            sl_config_report_add(report, SL_SEV_ERROR, key, "'%.*s' is listed twice",
                                 SL_STR_ARG(names.items[i]));
            continue;
        }
        provider *v = sl_arena_zalloc(&p->arena, sizeof *v);
        if (!v) {
            return sl_error_nomem();
        }
        v->name = sl_arena_str(&p->arena, names.items[i]);
        SL_TRY(make_provider(p, v, worker, report));
    }
    return NULL;
}

sl_error *sl__providers_open(const sl__catalog *catalog, const sl_config *worker, sl_config_report *report,
                             sl__providers **out) {
    *out = NULL;
    sl__providers *p = sl_calloc(1, sizeof *p);
    if (!p) {
        return sl_error_nomem();
    }
    sl_arena_init(&p->arena, 0);
    p->catalog = catalog;
    sl_error *err = make_all(p, worker, report);
    if (err) {
        sl__providers_close(p);
        return err;
    }
    *out = p;
    return NULL;
}

void sl__providers_close(sl__providers *p) {
    if (!p) {
        return;
    }
    for (provider *v = p->first; v; v = v->next) {
        v->def->config_provider->close(v->state);
    }
    sl_arena_deinit(&p->arena);
    sl_free(p);
}

/* ---- resolving ---- */

/* split_reference reads "provider:key" or "provider:path:key"; the key may hold further colons. */
static bool split_reference(sl_str inside, reference *ref) {
    size_t first = sl_str_find(inside, ':');
    if (first == inside.n) {
        return false;
    }
    sl_str rest = sl_str_skip(inside, first + 1);
    size_t second = sl_str_find(rest, ':');
    ref->provider = sl_str_make(inside.p, first);
    ref->path = second < rest.n ? sl_str_make(rest.p, second) : SL_STR("");
    ref->key = second < rest.n ? sl_str_skip(rest, second + 1) : rest;
    return true;
}

/* next_reference finds the next ${a:b} or ${a:b:c} at or after *at; gives where it starts and ends. */
static bool next_reference(sl_str value, size_t *at, size_t *end, reference *ref) {
    for (size_t i = *at; i + 1 < value.n; i++) {
        if (value.p[i] != '$' || value.p[i + 1] != '{') {
            continue;
        }
        sl_str inside = sl_str_skip(value, i + 2);
        inside.n = sl_str_find(inside, '}');
        if (i + 2 + inside.n == value.n) {
            return false;
        }
        if (split_reference(inside, ref)) {
            *at = i;
            *end = i + 2 + inside.n + 1;
            return true;
        }
    }
    return false;
}

/* is_provider_word tells references from other uses of ${..:..}: the usual names of providers. */
static bool is_provider_word(sl_str s) {
    static const char *const words[] = {"file", "dir", "directory", "env", "secrets", "secret", "vault"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (sl_str_eqz(s, words[i])) {
            return true;
        }
    }
    return false;
}

/* What resolving one configuration works with. */
typedef struct resolver {
    sl__providers *providers; /* NULL = none */
    sl_arena *arena;
    sl_arena scratch;
    sl_config_report *report;
    sl__secrets *secrets; /* NULL = nobody wants them */
} resolver;

static sl_error *remember(const resolver *r, sl_str value, sl_str shown) {
    return r->secrets ? sl__secrets_add(r->secrets, value, shown) : NULL;
}

static sl_error *add_value(resolver *r, provider *v, const reference *ref, sl_str shown, sl_buf *b) {
    sl_str value = SL_STR_NONE;
    SL_TRY(v->def->config_provider->get(v->state, ref->path, ref->key, &r->scratch, &value));
    sl_buf_add_str(b, value);
    return remember(r, value, shown);
}

/* resolve_value writes a value with its references replaced; says whether there was one. */
static sl_error *resolve_value(resolver *r, const sl_config_entry *entry, sl_buf *b, bool *changed) {
    sl_str value = entry->value;
    size_t done = 0;
    size_t at = 0;
    size_t end = 0;
    reference ref;
    *changed = false;
    while (next_reference(value, &at, &end, &ref)) {
        sl_str shown = sl_str_make(value.p + at, end - at);
        provider *v = find_provider(r->providers, ref.provider);
        if (v) {
            sl_buf_add(b, value.p + done, at - done);
            done = end;
            *changed = true;
            SL_TRY(add_value(r, v, &ref, shown, b));
        } else if (is_provider_word(ref.provider)) {
            sl_config_report_add(r->report, SL_SEV_WARNING, entry->key,
                                 "'%.*s' stays as it is: no provider '%.*s' in the worker's config.providers",
                                 SL_STR_ARG(shown), SL_STR_ARG(ref.provider));
        }
        at = end;
    }
    sl_buf_add(b, value.p + done, value.n - done);
    return b->failed ? sl_error_nomem() : NULL;
}

/* unresolved reports what a provider answered; only a want of memory ends the whole. */
static sl_error *unresolved(const resolver *r, sl_str key, sl_error *err) {
    char text[512];
    if (err->code == SL_E_NOMEM) {
        return err;
    }
    sl_config_report_add(r->report, SL_SEV_ERROR, key, "cannot be resolved: %s",
                         sl_error_text(err, text, sizeof text));
    sl_error_free(err);
    return NULL;
}

static sl_error *resolve_entry(resolver *r, sl_config_entry *entry) {
    sl_buf b;
    bool changed = false;
    sl_str raw = entry->value;
    sl_buf_init(&b, NULL);
    sl_error *err = resolve_value(r, entry, &b, &changed);
    if (err) {
        err = unresolved(r, entry->key, err);
    } else if (changed) {
        entry->value = sl_arena_str(r->arena, b.n ? sl_buf_view(&b) : SL_STR(""));
        err = entry->value.p ? remember(r, entry->value, raw) : sl_error_nomem();
    }
    sl_buf_deinit(&b);
    return err;
}

sl_error *sl__providers_resolve(sl__providers *p, const sl_config *raw, sl_arena *arena,
                                sl_config_report *report, sl__secrets *secrets, sl_config *out) {
    resolver r = {.providers = p, .arena = arena, .report = report, .secrets = secrets};
    sl_error *err = NULL;
    sl_config_entry *entries = sl_arena_alloc(arena, (raw->n + 1) * sizeof *entries);
    if (!entries) {
        return sl_error_nomem();
    }
    sl_arena_init(&r.scratch, 0);
    for (size_t i = 0; i < raw->n && !err; i++) {
        entries[i] = raw->entries[i];
        err = entries[i].value.p ? resolve_entry(&r, &entries[i]) : NULL;
    }
    sl_arena_deinit(&r.scratch);
    *out = (sl_config){entries, raw->n};
    return err;
}
