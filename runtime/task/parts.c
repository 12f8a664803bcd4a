/*
 * parts.c - opening and closing converters, transforms and predicates from a connector's configuration.
 *
 * A connector's own converter comes with its own settings (key.converter.*); without one the worker's comes
 * with the worker's.
 */
#include "task/parts.h"

static const char *const CONVERTER_KEYS[] = {"key.converter", "value.converter", "header.converter"};

/* set_context completes what a plugin gets. */
static void set_context(sl__instance *inst, const sl__parts_spec *spec, sl_str component) {
    inst->context.host = sl__host_table();
    inst->context.connector = spec->name;
    inst->context.task = spec->task;
    inst->context.component = component;
    inst->context.runtime = spec->side;
}

/* prepare finds a definition and parses its settings under the prefix. */
static sl_error *prepare(sl__instance *inst, const sl__parts_spec *spec, sl_plugin_kind kind, sl_str name,
                         const sl_config *config, sl_str component) {
    const sl_plugin_def *def;
    sl_error *err = sl__registry_find(spec->registry, kind, name, &def);
    if (!err) {
        sl_str prefix = sl_arena_printf(spec->arena, "%.*s.", SL_STR_ARG(component));
        err = prefix.p ? sl__instance_init(inst, def, config, prefix, spec->arena, NULL) : sl_error_nomem();
    }
    if (err) {
        return sl_error_wrap(err, "%.*s", SL_STR_ARG(component));
    }
    set_context(inst, spec, component);
    return NULL;
}

static sl_error *open_converter(sl__converter *c, const sl__parts_spec *spec, int usage, sl_str own) {
    bool has_own = own.n > 0;
    sl_plugin_kind kind = usage == SL_CONVERT_HEADER ? SL_KIND_HEADER_CONVERTER : SL_KIND_CONVERTER;
    sl_str component = sl_str_of(CONVERTER_KEYS[usage]);
    SL_TRY(prepare(&c->inst, spec, kind, has_own ? own : spec->default_converter[usage],
                   has_own ? spec->connector : spec->worker, component));
    c->ops = c->inst.def->converter;
    sl_error *err = c->ops->open(&c->inst.context, usage, &c->state);
    c->open = !err;
    return err ? sl_error_wrap(err, "%s", CONVERTER_KEYS[usage]) : NULL;
}

static sl_error *open_predicate(sl__link *l, const sl__parts_spec *spec, sl_str alias) {
    sl_str component = sl_arena_printf(spec->arena, "predicates.%.*s", SL_STR_ARG(alias));
    sl_str type_key = sl_arena_printf(spec->arena, "%.*s.type", SL_STR_ARG(component));
    if (!component.p || !type_key.p) {
        return sl_error_nomem();
    }
    sl_str type = sl_config_get(spec->connector, type_key);
    if (!type.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s is not set: say which predicate '%.*s' is",
                            SL_STR_ARG(type_key), SL_STR_ARG(alias));
    }
    SL_TRY(prepare(&l->predicate_inst, spec, SL_KIND_PREDICATE, type, spec->connector, component));
    l->predicate = l->predicate_inst.def->predicate;
    SL_TRY(l->predicate->open(&l->predicate_inst.context, &l->predicate_state));
    l->predicate_open = true;
    return NULL;
}

/* link_setting gives transforms.ALIAS.what, absent if it is not set. */
static sl_str link_setting(const sl__parts_spec *spec, sl_str component, const char *what) {
    sl_str key = sl_arena_printf(spec->arena, "%.*s.%s", SL_STR_ARG(component), what);
    return key.p ? sl_config_get(spec->connector, key) : SL_STR_NONE;
}

static sl_error *open_link(sl__link *l, const sl__parts_spec *spec, sl_str alias) {
    sl_str component = sl_arena_printf(spec->arena, "transforms.%.*s", SL_STR_ARG(alias));
    if (!component.p) {
        return sl_error_nomem();
    }
    sl_str type = link_setting(spec, component, "type");
    if (!type.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s.type is not set: say which transform '%.*s' is",
                            SL_STR_ARG(component), SL_STR_ARG(alias));
    }
    SL_TRY(prepare(&l->inst, spec, SL_KIND_TRANSFORM, type, spec->connector, component));
    l->ops = l->inst.def->transform;
    sl_str negate = link_setting(spec, component, "negate");
    if (negate.n && !sl_str_to_bool(negate, &l->negate)) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s.negate: '%.*s' is neither true nor false",
                            SL_STR_ARG(component), SL_STR_ARG(negate));
    }
    sl_str predicate = link_setting(spec, component, "predicate");
    if (predicate.n) {
        SL_TRY(open_predicate(l, spec, predicate));
    }
    sl_error *err = l->ops->open(&l->inst.context, &l->state);
    l->open = !err;
    return err ? sl_error_wrap(err, "%.*s", SL_STR_ARG(component)) : NULL;
}

static sl_error *open_all(sl__parts *parts, const sl__parts_spec *spec) {
    const sl__connector_settings *s = spec->settings;
    SL_TRY(open_converter(&parts->key, spec, SL_CONVERT_KEY, s->key_converter));
    SL_TRY(open_converter(&parts->value, spec, SL_CONVERT_VALUE, s->value_converter));
    SL_TRY(open_converter(&parts->header, spec, SL_CONVERT_HEADER, s->header_converter));
    if (s->transforms.n == 0) {
        return NULL;
    }
    parts->links = sl_arena_zalloc(spec->arena, s->transforms.n * sizeof(*parts->links));
    if (!parts->links) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < s->transforms.n; i++) {
        parts->nlinks++;
        SL_TRY(open_link(&parts->links[i], spec, s->transforms.items[i]));
    }
    return NULL;
}

sl_error *sl__parts_open(sl__parts *parts, const sl__parts_spec *spec) {
    sl_error *err = open_all(parts, spec);
    if (err) {
        sl__parts_close(parts);
    }
    return err;
}

static void close_converter(sl__converter *c) {
    if (c->open) {
        c->ops->close(c->state);
        c->open = false;
    }
}

void sl__parts_close(sl__parts *parts) {
    for (size_t i = 0; i < parts->nlinks; i++) {
        sl__link *l = &parts->links[i];
        if (l->open) {
            l->ops->close(l->state);
        }
        if (l->predicate_open) {
            l->predicate->close(l->predicate_state);
        }
        l->open = l->predicate_open = false;
    }
    parts->nlinks = 0;
    close_converter(&parts->key);
    close_converter(&parts->value);
    close_converter(&parts->header);
}

sl_error *sl__parts_transform(sl__parts *parts, sl_batch *batch, sl_record *rec, const sl__link **at) {
    for (size_t i = 0; i < parts->nlinks && !rec->dropped; i++) {
        sl__link *l = &parts->links[i];
        if (at) {
            *at = l;
        }
        if (l->predicate) {
            bool yes = false;
            SL_TRY(l->predicate->test(l->predicate_state, rec, &yes));
            if (yes == l->negate) {
                continue;
            }
        }
        SL_TRY(l->ops->apply(l->state, batch, rec));
    }
    return NULL;
}
