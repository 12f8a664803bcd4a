/*
 * preflight.c - one connector judged by its configuration; see preflight.h.
 */
#include "cli/preflight.h"

#include <stdarg.h>
#include <stdio.h>

#include "config/build.h"
#include "plugin/instance.h"
#include "plugin/registry.h"
#include "task/host.h"

/* ---- lists ---- */

void sl__pf_add(sl__pf_list *l, sl__pf_level level, sl_str key, const char *fmt, ...) {
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    l->worst = level > l->worst ? level : l->worst;
    sl__pf_item *items = sl_arena_grow(l->arena, l->items, l->n, &l->cap, sizeof *items);
    if (items) {
        l->items = items;
        items[l->n++] = (sl__pf_item){level, key.p ? sl_arena_str(l->arena, key) : SL_STR_NONE,
                                      sl_arena_str(l->arena, sl_str_of(text))};
    }
}

void sl__pf_add_report(sl__pf_list *l, const sl_config_report *r) {
    for (size_t i = 0; i < r->n; i++) {
        const sl_config_problem *p = &r->items[i];
        sl__pf_level level = p->severity == SL_SEV_ERROR ? SL_PF_UNSUPPORTED
                             : p->key.p                  ? SL_PF_DIFFERENT
                                                         : SL_PF_NOTE; /* of many, what is about Java alone */
        sl__pf_add(l, level, p->key, "%.*s", SL_STR_ARG(p->message));
    }
}

/* ---- the plugins that a connector uses ---- */

typedef struct judge {
    const sl__validate_env *env;
    const sl_config *worker;
    sl_arena *arena;
    sl__pf_connector *c;
} judge;

static bool is_set(const sl_config *config, sl_str key, const char *value) {
    sl_str is = sl_str_trim(sl_config_get(config, key));
    return is.n && (!value || sl_str_eq_nocase(is, sl_str_of(value)));
}

static void add_documented(judge *j, const sl__pf_difference *d) {
    for (size_t i = 0; i < j->c->documented.n; i++) {
        if (sl_str_eqz(j->c->documented.items[i].text, d->text)) {
            return;
        }
    }
    sl__pf_add(&j->c->documented, SL_PF_NOTE, sl_str_of(d->where), "%s", d->text);
}

static void add_differences(judge *j, const sl_plugin_def *def, sl_str prefix) {
    const sl_config *config = &j->c->checked.config;
    for (size_t i = 0; i < sl__pf_ndifferences; i++) {
        const sl__pf_difference *d = &sl__pf_differences[i];
        bool elsewhere = d->limited && (!j->c->def || d->only != j->c->def->kind);
        if (d->kind != def->kind || strcmp(d->plugin, def->name) != 0 || elsewhere) {
            continue;
        }
        sl_str key = d->key ? sl_arena_printf(j->arena, "%.*s%s", SL_STR_ARG(prefix), d->key) : SL_STR_NONE;
        if (!d->key) {
            add_documented(j, d);
        } else if (key.p && is_set(config, key, d->value)) {
            sl__pf_add(&j->c->list, SL_PF_DIFFERENT, key, "%s (%s)", d->text, d->where);
        }
    }
}

/* note_name says when Kafka Connect would not know the name. */
static void note_name(judge *j, const sl_plugin_def *def, sl_str key, sl_str value) {
    const char *java = def->aliases ? def->aliases[0] : NULL;
    if (!sl_str_eqz(value, def->name)) {
        return;
    }
    if (java) {
        sl__pf_add(
            &j->c->list, SL_PF_NOTE, key,
            "'%s' is a name of Sluice's own: Kafka Connect cannot take the connector back; write %s for "
            "both",
            def->name, java);
    } else {
        sl__pf_add(&j->c->list, SL_PF_NOTE, key,
                   "'%s' has no counterpart in Java: Kafka Connect cannot take the connector back",
                   def->name);
    }
}

/* use looks at one plugin: key names its class in config, its settings begin with prefix. */
static void use(judge *j, const sl_config *config, sl_plugin_kind kind, sl_str key, sl_str prefix) {
    sl_str why;
    sl_str name = key.p ? sl_str_trim(sl_config_get(config, key)) : SL_STR_NONE;
    const sl_plugin_def *def = name.n ? sl__catalog_find(j->env->catalog, kind, name, j->arena, &why) : NULL;
    if (def) { /* that there is none is in the report */
        add_differences(j, def, prefix);
        if (config != j->worker) {
            note_name(j, def, key, name);
        }
    }
}

static void use_members(judge *j, sl_plugin_kind kind, const char *what, const sl_str_list *names) {
    for (size_t i = 0; i < names->n; i++) {
        sl_str prefix = sl_arena_printf(j->arena, "%s.%.*s.", what, SL_STR_ARG(names->items[i]));
        use(j, &j->c->checked.config, kind, sl_arena_printf(j->arena, "%.*stype", SL_STR_ARG(prefix)),
            prefix);
    }
}

static void use_converter(judge *j, sl_plugin_kind kind, const char *name) {
    sl_str key = sl_str_of(name);
    bool own = sl_config_get(&j->c->checked.config, key).n > 0;
    use(j, own ? &j->c->checked.config : j->worker, kind, key, sl_arena_printf(j->arena, "%s.", name));
}

static void use_all(judge *j) {
    const sl__connector_settings *s = &j->c->checked.settings;
    sl_str key = SL_STR("connector.class");
    if (j->c->def) {
        use(j, &j->c->checked.config, j->c->def->kind, key, SL_STR(""));
    }
    use_members(j, SL_KIND_TRANSFORM, "transforms", &s->transforms);
    use_members(j, SL_KIND_PREDICATE, "predicates", &s->predicates);
    use_converter(j, SL_KIND_CONVERTER, "key.converter");
    use_converter(j, SL_KIND_CONVERTER, "value.converter");
    use_converter(j, SL_KIND_HEADER_CONVERTER, "header.converter");
}

/* ---- the whole ---- */

sl_error *sl__pf_judge(const sl__validate_env *env, const sl_config *worker, const sl__stored_connector *st,
                       sl_arena *arena, sl__pf_connector *out) {
    sl_config_report report;
    sl_config copy;
    *out = (sl__pf_connector){.name = sl_arena_str(arena, st->name),
                              .target = st->target,
                              .ntasks = st->ntasks,
                              .list = {.arena = arena},
                              .documented = {.arena = arena}};
    sl_config_report_init(&report, arena);
    SL_TRY(sl__config_copy(arena, st->config, &copy));
    out->class_name = sl_str_trim(sl_config_get(&copy, SL_STR("connector.class")));
    SL_TRY(sl__connector_validate(env, &copy, arena, &report, &out->checked));
    out->def = out->checked.def;
    sl__pf_add_report(&out->list, &report);
    judge j = {env, worker, arena, out};
    use_all(&j);
    if (st->inconsistent) {
        sl__pf_add(&out->list, SL_PF_NOTE, SL_STR_NONE,
                   "its tasks' configurations are incomplete in the topic; they are made anew");
    }
    return arena->failed ? sl_error_nomem() : NULL;
}

void sl__pf_judge_worker(const sl_config *worker, sl_str group, sl__pf_list *list) {
    sl_str compression = SL_STR("producer.compression.type");
    sl_str path = SL_STR("plugin.path");
    sl_str delay = SL_STR("scheduled.rebalance.max.delay.ms");
    if (!sl_config_get(worker, compression).n) {
        sl__pf_add(list, SL_PF_DIFFERENT, compression,
                   "not set: sources' records are compressed with lz4, Kafka Connect does not compress them");
    }
    if (!sl_config_get(worker, delay).n) {
        sl__pf_add(list, SL_PF_DIFFERENT, delay,
                   "not set: what a lost worker ran is taken over after 10 s, not after 300 s");
    }
    if (sl_config_get(worker, path).n) {
        sl__pf_add(
            list, SL_PF_NOTE, path,
            "only Sluice's own plugins (*.so) are loaded from it, and those that came with the worker when "
            "there are none; Java classes in it do not run");
    }
    sl__pf_add(list, SL_PF_NOTE, SL_STR("group.id"),
               "the leader writes in transactions: with ACLs its principal needs Write and Describe on the "
               "transactional id connect-cluster-%.*s, which Kafka Connect needs with exactly-once only",
               SL_STR_ARG(group));
}

sl_error *sl__pf_check_offsets(sl__pf_connector *c, const sl_batch_offset *items, size_t n) {
    sl__instance inst;
    char text[1024];
    c->offsets = n;
    if (n == 0 || !c->def || !c->def->check_offsets || c->list.worst == SL_PF_UNSUPPORTED) {
        return NULL; /* nothing to ask, or the connector cannot be asked */
    }
    SL_TRY(sl__instance_init(&inst, c->def, &c->checked.config, SL_STR_NONE, c->list.arena, NULL));
    inst.context.host = sl__host_table();
    inst.context.connector = c->name;
    inst.context.task = -1;
    sl_error *err = c->def->check_offsets(&inst.context, items, n);
    if (err && err->cls == SL_USER) {
        sl__pf_add(&c->list, SL_PF_UNSUPPORTED, SL_STR("offsets"), "it cannot go on from what is stored: %s",
                   sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        err = NULL;
    }
    return err;
}
