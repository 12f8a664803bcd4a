/*
 * validate.c - a connector's whole configuration; see validate.h.
 */
#include "config/validate.h"

#include "config/build.h"
#include "config/keys.h"
#include "config/scope.h"

/* What every transform has besides its own settings, and every predicate. */
static const sl_config_row transform_rows[] = {
    {.name = "type",
     .type = SL_CONFIG_CLASS,
     .importance = SL_HIGH,
     .doc = "Class or short name of the transform."},
    {.name = "predicate",
     .type = SL_CONFIG_STRING,
     .importance = SL_MEDIUM,
     .doc = "Name of the predicate that decides whether a record is transformed."},
    {.name = "negate",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_MEDIUM,
     .doc = "Whether records are transformed for which the predicate does not hold."},
    {.name = "plugin.version",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "Version of the plugin."},
};
static const sl_config_row predicate_rows[] = {
    {.name = "type",
     .type = SL_CONFIG_CLASS,
     .importance = SL_HIGH,
     .doc = "Class or short name of the predicate."},
    {.name = "plugin.version",
     .type = SL_CONFIG_STRING,
     .importance = SL_LOW,
     .doc = "Version of the plugin."},
};
enum { NTRANSFORM_ROWS = 4, NPREDICATE_ROWS = 2 };

static bool lists(const sl_str_list *list, sl_str item) {
    for (size_t i = 0; i < list->n; i++) {
        if (sl_str_eq(list->items[i], item)) {
            return true;
        }
    }
    return false;
}

/* ---- transforms and predicates ---- */

static sl_str member_key(sl__scope *s, const char *what, sl_str name, const char *rest) {
    return sl_arena_printf(s->arena, "%s.%.*s.%s", what, SL_STR_ARG(name), rest);
}

/* check_condition looks at `predicate` and `negate` of one transform. */
static sl_error *check_condition(sl__scope *s, sl_str name, const sl_str_list *predicates) {
    sl_str predicate_key = member_key(s, "transforms", name, "predicate");
    sl_str negate_key = member_key(s, "transforms", name, "negate");
    if (!predicate_key.p || !negate_key.p) {
        return sl_error_nomem();
    }
    sl_str predicate = sl_str_trim(sl_config_get(s->config, predicate_key));
    sl_str negate = sl_str_trim(sl_config_get(s->config, negate_key));
    bool value = false;
    if (predicate.n && !lists(predicates, predicate)) {
        sl_config_report_add(s->report, SL_SEV_ERROR, predicate_key,
                             "expected one of the names in predicates, '%.*s' is not there",
                             SL_STR_ARG(predicate));
    }
    if (negate.p && !predicate.n) {
        sl_config_report_add(s->report, SL_SEV_ERROR, negate_key, "nothing to negate: expected %.*s as well",
                             SL_STR_ARG(predicate_key));
    }
    if (negate.p && !sl_str_to_bool(negate, &value)) {
        sl_config_report_add(s->report, SL_SEV_ERROR, negate_key, "expected true or false");
    }
    return NULL;
}

static sl_error *check_member(sl__scope *s, sl_plugin_kind kind, const char *what, sl_str name) {
    bool transform = kind == SL_KIND_TRANSFORM;
    sl_str type_key = member_key(s, what, name, "type");
    sl_str prefix = member_key(s, what, name, "");
    if (!type_key.p || !prefix.p) {
        return sl_error_nomem();
    }
    if (!sl_str_trim(sl_config_get(s->config, type_key)).n) {
        sl_config_report_add(s->report, SL_SEV_ERROR, type_key,
                             "missing, expected the class or short name of %s '%.*s'",
                             sl__catalog_kind_name(kind), SL_STR_ARG(name));
        return NULL;
    }
    return sl__scope_plugin(s, kind, type_key, prefix, transform ? transform_rows : predicate_rows,
                            transform ? NTRANSFORM_ROWS : NPREDICATE_ROWS);
}

/* first_part cuts "NAME" off "NAME.rest"; absent when there is no dot. */
static sl_str first_part(sl_str key) {
    size_t dot = sl_str_find(key, '.');
    return dot < key.n ? sl_str_make(key.p, dot) : SL_STR_NONE;
}

/* note_unlisted reports settings below "transforms." and its like whose name is not in the list. */
static void note_unlisted(sl__scope *s, const char *what, const char *list_key, const sl_str_list *names) {
    sl_str dotted = sl_arena_printf(s->arena, "%s.", what);
    for (size_t i = 0; dotted.p && i < s->config->n; i++) {
        sl_str key = s->config->entries[i].key;
        if (!sl_str_starts(key, dotted) || sl_str_eqz(key, list_key)) {
            continue;
        }
        sl_str name = first_part(sl_str_skip(key, dotted.n));
        bool misspelt = false;
        bool listed = false;
        for (size_t k = 0; k < names->n; k++) {
            /* a name may have dots in it */
            sl_str rest = sl_str_skip(key, dotted.n);
            listed = listed || (rest.n > names->items[k].n && sl_str_starts(rest, names->items[k]) &&
                                rest.p[names->items[k].n] == '.');
            misspelt = misspelt || (name.n > 2 && sl_str_distance(name, names->items[k]) <= 2);
        }
        if (!listed) {
            sl_config_report_add(s->report, misspelt && s->strict ? SL_SEV_ERROR : SL_SEV_WARNING, key,
                                 "without effect: '%.*s' is not one of the names in %s",
                                 SL_STR_ARG(name.p ? name : sl_str_skip(key, dotted.n)), list_key);
        }
    }
}

static sl_error *check_chain(sl__scope *s, const sl__connector_settings *set) {
    for (size_t i = 0; i < set->transforms.n; i++) {
        if (set->transforms.items[i].n) {
            SL_TRY(check_member(s, SL_KIND_TRANSFORM, "transforms", set->transforms.items[i]));
            SL_TRY(check_condition(s, set->transforms.items[i], &set->predicates));
        }
    }
    for (size_t i = 0; i < set->predicates.n; i++) {
        if (set->predicates.items[i].n) {
            SL_TRY(check_member(s, SL_KIND_PREDICATE, "predicates", set->predicates.items[i]));
        }
    }
    note_unlisted(s, "transforms", "transforms", &set->transforms);
    note_unlisted(s, "predicates", "predicates", &set->predicates);
    return NULL;
}

static sl_error *check_groups(sl__scope *s, const sl__connector_settings *set) {
    sl_str_list names = {sl_arena_alloc(s->arena, (set->topic_groups.n + 1) * sizeof *names.items), 0};
    if (!names.items) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < set->topic_groups.n; i++) {
        names.items[names.n++] = set->topic_groups.items[i];
    }
    names.items[names.n++] = SL_STR("default");
    note_unlisted(s, "topic.creation", "topic.creation.groups", &names);
    return NULL;
}

/* ---- Kafka clients ---- */

static void check_policy(sl__scope *s, const sl__worker_settings *worker, sl_str prefix,
                         const sl_config *overrides) {
    for (size_t i = 0; worker && i < overrides->n; i++) {
        sl_str key = overrides->entries[i].key;
        if (!sl__override_allowed((sl__override_policy)worker->override_policy, &worker->override_allowlist,
                                  key)) {
            sl_str full = sl_arena_printf(s->arena, "%.*s%.*s", SL_STR_ARG(prefix), SL_STR_ARG(key));
            sl_config_report_add(s->report, SL_SEV_ERROR, full,
                                 "not allowed by the worker's connector.client.config.override.policy");
        }
    }
}

static sl_error *check_overrides(sl__scope *s, const sl__worker_settings *worker) {
    static const struct {
        const char *prefix;
        sl__client_kind kind;
    } clients[] = {{"producer.override.", SL__CLIENT_PRODUCER},
                   {"consumer.override.", SL__CLIENT_CONSUMER},
                   {"admin.override.", SL__CLIENT_ADMIN}};
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        sl_config overrides;
        sl__client_config translated;
        sl_str prefix = sl_str_of(clients[i].prefix);
        SL_TRY(sl__config_prefix(s->config, prefix, s->arena, &overrides));
        SL_TRY(sl__client_translate(clients[i].kind, &overrides, prefix, s->arena, s->report, &translated));
        sl__client_check(&translated, s->catalog->takes, prefix, s->report);
        check_policy(s, worker, prefix, &overrides);
    }
    return NULL;
}

/* ---- unknown keys ---- */

static bool has_place(sl_str key) {
    static const char *const prefixes[] = {"key.converter.",  "value.converter.",  "header.converter.",
                                           "transforms.",     "predicates.",       "producer.override.",
                                           "admin.override.", "consumer.override."};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (sl_str_starts(key, sl_str_of(prefixes[i]))) {
            return true;
        }
    }
    return false;
}

static void note_unknown(sl__scope *s, const sl_plugin_def *def) {
    bool sink = def->kind == SL_KIND_SINK;
    const sl__row_table sinks = {sl__sink_rows, sl__sink_nrows};
    const sl__row_table sources = {sl__source_rows, sl__source_nrows};
    const sl__row_table tables[] = {
        {def->settings, def->nsettings}, {sl__connector_rows, sl__connector_nrows}, sink ? sinks : sources};
    const sl__row_table other = sink ? sources : sinks;
    for (size_t i = 0; i < s->config->n; i++) {
        sl_str key = s->config->entries[i].key;
        unsigned distance = 0;
        if (sl__keys_known(tables, 3, key) || has_place(key)) {
            continue;
        }
        if (sl__keys_known(&other, 1, key)) {
            sl_config_report_add(s->report, SL_SEV_WARNING, key,
                                 "without effect: a setting of %s connectors only", sink ? "source" : "sink");
            continue;
        }
        sl_str nearest = sl__keys_nearest(tables, 3, key, &distance);
        sl__keys_unknown(s->report, SL_STR_NONE, key, nearest, distance, s->strict);
    }
}

/* ---- the whole ---- */

static void find_connector(sl__scope *s, const sl_plugin_def **def) {
    sl_str why = SL_STR("out of memory");
    sl_str key = SL_STR("connector.class");
    sl_str class_name = sl_str_trim(sl_config_get(s->config, key));
    *def = NULL;
    if (!class_name.n) {
        return; /* the table says that it is missing */
    }
    *def = sl__catalog_find_connector(s->catalog, class_name, s->arena, &why);
    if (!*def) {
        sl_config_report_add(s->report, SL_SEV_ERROR, key, "%.*s", SL_STR_ARG(why));
    }
}

/* has_reference tells whether a value holds something like ${provider:key}. */
static bool has_reference(sl_str value) {
    size_t at = sl_str_find_str(value, SL_STR("${"));
    sl_str rest = sl_str_skip(value, at);
    size_t end = sl_str_find(rest, '}');
    return end < rest.n && sl_str_find(sl_str_make(rest.p, end), ':') < end;
}

static bool any_reference(const sl_config *raw) {
    for (size_t i = 0; i < raw->n; i++) {
        if (has_reference(raw->entries[i].value)) {
            return true;
        }
    }
    return false;
}

/* forgive_references: without the worker's providers nothing can be said about values that come from them. */
static void forgive_references(sl__scope *s, const sl_config *raw, size_t from) {
    size_t n = from;
    for (size_t i = from; i < s->report->n; i++) {
        sl_config_problem p = s->report->items[i];
        if (p.key.p && has_reference(sl_config_get(raw, p.key))) {
            s->report->errors -= p.severity == SL_SEV_ERROR;
            continue;
        }
        s->report->items[n++] = p;
    }
    s->report->n = n;
    for (size_t i = 0; i < raw->n; i++) {
        if (has_reference(raw->entries[i].value)) {
            sl_config_report_add(
                s->report, SL_SEV_WARNING, raw->entries[i].key,
                "not checked: its value comes from a config provider, which the worker's settings name");
        }
    }
}

/* check_offers: what the source itself must be able to do for exactly-once delivery. */
static void check_offers(sl__scope *s, const sl__validate_env *env, const sl__validated *v) {
    bool required = v->settings.exactly_once == SL__EXACTLY_ONCE_REQUIRED;
    if (v->def->kind != SL_KIND_SOURCE) {
        return;
    }
    if (required && !env->exactly_once) {
        sl_config_report_add(s->report, SL_SEV_ERROR, SL_STR("exactly.once.support"),
                             "This worker does not have exactly-once source support enabled.");
    }
    if (required && !(v->def->offers & SL_OFFERS_EXACTLY_ONCE)) {
        sl_config_report_add(s->report, SL_SEV_ERROR, SL_STR("exactly.once.support"),
                             "The connector does not support exactly-once semantics with the provided "
                             "configuration.");
    }
    if (v->settings.boundary == SL__BOUNDARY_CONNECTOR && !(v->def->offers & SL_OFFERS_BOUNDARIES)) {
        sl_config_report_add(
            s->report, SL_SEV_ERROR, SL_STR("transaction.boundary"),
            "The connector does not support connector-defined transaction boundaries with the "
            "given configuration. Please reconfigure it to use a different transaction boundary "
            "definition.");
    }
}

static sl_error *check_connector(sl__scope *s, const sl__validate_env *env, sl__validated *out) {
    find_connector(s, &out->def);
    if (!out->def) {
        sl_config_parse(sl__connector_rows, sl__connector_nrows, s->config, &out->settings, s->arena,
                        s->report);
        return check_chain(s, &out->settings);
    }
    SL_TRY(sl__connector_parse(s->config, out->def->kind, env->distributed, s->arena, s->report,
                               &out->settings));
    if (env->distributed) {
        check_offers(s, env, out);
    }
    SL_TRY(sl__scope_converter(s, "key.converter", false));
    SL_TRY(sl__scope_converter(s, "value.converter", false));
    SL_TRY(sl__scope_converter(s, "header.converter", false));
    SL_TRY(check_chain(s, &out->settings));
    SL_TRY(check_groups(s, &out->settings));
    SL_TRY(check_overrides(s, env->worker));
    note_unknown(s, out->def);
    return sl__scope_table(s, out->def, SL_STR_NONE, s->config);
}

sl_error *sl__connector_validate(const sl__validate_env *env, const sl_config *raw, sl_arena *arena,
                                 sl_config_report *report, sl__validated *out) {
    size_t from = report->n;
    *out = (sl__validated){0};
    sl__secrets_init(&out->secrets, arena);
    SL_TRY(sl__providers_resolve(env->providers, raw, arena, report, &out->secrets, &out->config));
    sl__scope s = {.catalog = env->catalog,
                   .config = &out->config,
                   .connector = sl_config_get(raw, SL_STR("name")),
                   .strict = env->strict,
                   .connect = env->connect && (env->providers || !any_reference(raw)),
                   .runtime = env->runtime,
                   .arena = arena,
                   .report = report,
                   .secrets = &out->secrets};
    SL_TRY(sl__scope_hide(&s, sl__connector_rows, sl__connector_nrows, &out->config));
    SL_TRY(check_connector(&s, env, out));
    if (!env->providers) {
        forgive_references(&s, raw, from);
    }
    if (env->connect && !s.connect) {
        sl_config_report_add(report, SL_SEV_WARNING, SL_STR_NONE,
                             "no connection was tried: values of config providers need the worker's file");
    }
    return sl__scope_finish(&s, from);
}
