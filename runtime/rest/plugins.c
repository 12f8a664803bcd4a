/*
 * plugins.c - /connector-plugins: which there are, and what they take.
 */
#include "rest/definitions.h"

/* ---- the list ---- */

static void add_plugin(sl__request *r, const sl_plugin_def *def, const char *name) {
    if (r->out.p[r->out.n - 1] != '[') {
        sl_buf_add_char(&r->out, ',');
    }
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "class", sl_str_of(name));
    sl__json_text_member(&r->out, "type", sl_str_of(sl__plugin_kind_name(def->kind)));
    sl__json_text_member(&r->out, "version", sl_str_of(def->version ? def->version : "undefined"));
    sl_buf_add_char(&r->out, '}');
}

typedef struct plugin_list {
    sl__request *r;
    sl_plugin_kind kind;
} plugin_list;

/* add_names lists a definition under every name that it is found by: tools look for theirs. */
static void add_names(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    plugin_list *l = arg;
    (void)table, (void)path;
    if (def->kind != l->kind) {
        return;
    }
    for (size_t i = 0; def->aliases && def->aliases[i]; i++) {
        add_plugin(l->r, def, def->aliases[i]);
    }
    if (!def->aliases || !def->aliases[0]) {
        add_plugin(l->r, def, def->name);
    }
}

bool sl__rest_plugins(sl__herder *h, sl__request *r) {
    static const sl_plugin_kind kinds[] = {SL_KIND_SINK,      SL_KIND_SOURCE,    SL_KIND_TRANSFORM,
                                           SL_KIND_PREDICATE, SL_KIND_CONVERTER, SL_KIND_HEADER_CONVERTER};
    sl_str only = sl__request_param(r, "connectorsOnly");
    bool connectors = !only.p || sl_str_eq_nocase(only, SL_STR("true")); /* as elsewhere: else it is false */
    sl_buf_add_char(&r->out, '[');
    for (size_t i = 0; i < (connectors ? 2 : sizeof kinds / sizeof kinds[0]) && !r->out.failed; i++) {
        plugin_list l = {r, kinds[i]};
        sl__registry_each(sl__herder_env_of(h)->task.registry, add_names, &l);
    }
    sl_buf_add_char(&r->out, ']');
    return sl__answer_json(r, 200);
}

/* ---- one plugin ---- */

const sl_plugin_def *sl__rest_find_plugin(sl__herder *h, sl_str name) {
    for (int kind = SL_KIND_SOURCE; kind < SL_KIND_CONFIG_PROVIDER; kind++) {
        const sl_plugin_def *def = NULL;
        sl_error *err =
            sl__registry_find(sl__herder_env_of(h)->task.registry, (sl_plugin_kind)kind, name, &def);
        if (!err) {
            return def;
        }
        sl_error_free(err);
    }
    return NULL;
}

bool sl__rest_plugin_config(sl__herder *h, sl__request *r) {
    const sl_plugin_def *def = sl__rest_find_plugin(h, r->match.args[0]);
    if (!def) {
        return sl__answer_error(r, 404, "Unknown plugin %.*s.", SL_STR_ARG(r->match.args[0]));
    }
    sl__definitions all = {.arena = &r->arena};
    sl__definitions_of_plugin(h, def, &all);
    sl_buf_add_char(&r->out, '[');
    for (size_t n = 0; n < all.n; n++) {
        sl_buf_add_z(&r->out, n ? "," : "");
        sl__definition_json(&r->out, &all.items[n]);
    }
    sl_buf_add_char(&r->out, ']');
    return all.failed ? sl__answer_error(r, 503, "out of memory") : sl__answer_json(r, 200);
}
