/*
 * definitions.c - see definitions.h.
 */
#include "rest/definitions.h"

static const char *const type_names[] = {"BOOLEAN", "STRING", "INT",      "LONG",
                                         "DOUBLE",  "LIST",   "PASSWORD", "CLASS"};
static const char *const importance_names[] = {"HIGH", "MEDIUM", "LOW"};
/* How wide a form's field is. */
static const char *const widths[] = {"SHORT", "MEDIUM", "SHORT", "SHORT", "SHORT", "LONG", "MEDIUM", "LONG"};

/* ---- collecting ---- */

static bool has(const sl__definitions *all, sl_str name) {
    for (size_t i = 0; i < all->n; i++) {
        if (sl_str_eq(all->items[i].name, name)) {
            return true;
        }
    }
    return false;
}

static int order_in(const sl__definitions *all, sl_str group) {
    int order = 1;
    for (size_t i = 0; group.p && i < all->n; i++) {
        order += all->items[i].group.p && sl_str_eq(all->items[i].group, group);
    }
    return group.p ? order : -1;
}

static sl__definition *add(sl__definitions *all, sl_str name, const sl_config_row *row, sl_str group) {
    static sl__definition nowhere;
    sl__definition *more = sl_arena_grow(all->arena, all->items, all->n, &all->cap, sizeof *more);
    if (!more) {
        all->failed = true;
        return &nowhere;
    }
    all->items = more;
    sl__definition *d = &all->items[all->n];
    *d = (sl__definition){.name = name,
                          .row = row,
                          .group = group,
                          .display = sl_str_of(row->display ? row->display : row->name),
                          .order = order_in(all, group),
                          .default_value = sl_str_of(row->default_value)};
    all->n++;
    return d;
}

/* add_rows adds a table; patterns have no name of their own, and what is there already stays. group absent:
   the rows' own. */
static void add_rows(sl__definitions *all, const sl_config_row *rows, size_t n, const sl_plugin_def *def,
                     const char *prefix, sl_str group) {
    for (size_t i = 0; i < n; i++) {
        sl_str name =
            prefix ? sl_arena_printf(all->arena, "%s%s", prefix, rows[i].name) : sl_str_of(rows[i].name);
        if (!name.p) {
            all->failed = true;
            return;
        }
        if (!rows[i].pattern && !has(all, name)) {
            add(all, name, &rows[i], group.p ? group : sl_str_of(rows[i].group))->def = def;
        }
    }
}

/* ---- names of classes ---- */

typedef struct class_list {
    sl_plugin_kind kind;
    sl_str_list names;
    size_t max;
} class_list;

static void count_class(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    class_list *l = arg;
    (void)table, (void)path;
    l->max += def->kind == l->kind;
}

static void add_class(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    class_list *l = arg;
    (void)table, (void)path;
    if (def->kind == l->kind) {
        l->names.items[l->names.n++] = sl_str_of(sl__plugin_java_class(def));
    }
}

static sl_str_list classes_of(sl__herder *h, sl_plugin_kind kind, sl_arena *arena) {
    const sl__registry *reg = sl__herder_env_of(h)->task.registry;
    class_list l = {.kind = kind};
    sl__registry_each(reg, count_class, &l);
    l.names.items = sl_arena_alloc(arena, (l.max + 1) * sizeof *l.names.items);
    if (l.names.items) {
        sl__registry_each(reg, add_class, &l);
    }
    return l.names;
}

static const sl_plugin_def *find_class(sl__herder *h, sl_plugin_kind kind, sl_str name) {
    const sl_plugin_def *def = NULL;
    sl_error *err = sl__registry_find(sl__herder_env_of(h)->task.registry, kind, sl_str_trim(name), &def);
    sl_error_free(err);
    return err ? NULL : def;
}

/* ---- what the runtime knows of its own settings ---- */

/* set_defaults gives converters the worker's for a default, and versions what is there. */
static void set_defaults(sl__herder *h, const sl_plugin_def *def, sl__definitions *all) {
    const sl__worker_settings *worker = sl__herder_env_of(h)->task.worker;
    const struct {
        const char *name;
        sl_plugin_kind kind;
        sl_str value;
    } converters[] = {{"key.converter", SL_KIND_CONVERTER, worker->key_converter},
                      {"value.converter", SL_KIND_CONVERTER, worker->value_converter},
                      {"header.converter", SL_KIND_HEADER_CONVERTER, worker->header_converter}};
    for (size_t i = 0; i < all->n; i++) {
        sl__definition *d = &all->items[i];
        for (size_t k = 0; k < sizeof converters / sizeof converters[0]; k++) {
            if (sl_str_eqz(d->name, converters[k].name)) {
                d->default_value = converters[k].value;
                d->recommended = classes_of(h, converters[k].kind, all->arena);
            }
        }
        if (sl_str_eqz(d->name, "connector.plugin.version") && def->version) {
            d->default_value = sl_str_of(def->version);
        }
    }
}

static bool is_connector(const sl_plugin_def *def) {
    return def->kind == SL_KIND_SOURCE || def->kind == SL_KIND_SINK;
}

static void add_common(const sl_plugin_def *def, sl__definitions *out) {
    bool sink = def->kind == SL_KIND_SINK;
    add_rows(out, sl__connector_rows, sl__connector_nrows, NULL, NULL, SL_STR_NONE);
    add_rows(out, sink ? sl__sink_rows : sl__source_rows, sink ? sl__sink_nrows : sl__source_nrows, NULL,
             NULL, SL_STR_NONE);
}

void sl__definitions_of_plugin(sl__herder *h, const sl_plugin_def *def, sl__definitions *out) {
    add_rows(out, def->settings, def->nsettings, def, NULL, SL_STR_NONE);
    if (is_connector(def)) {
        add_common(def, out);
        set_defaults(h, def, out);
    }
}

/* ---- transforms, predicates, converters ---- */

static const sl_config_row transform_type = {
    .type = SL_CONFIG_CLASS, .required = true, .importance = SL_HIGH, .doc = "Class of the transformation."};
static const sl_config_row predicate_type = {
    .type = SL_CONFIG_CLASS, .required = true, .importance = SL_HIGH, .doc = "Class of the predicate."};
static const sl_config_row transform_rows[] = {
    {.name = "predicate",
     .type = SL_CONFIG_STRING,
     .importance = SL_MEDIUM,
     .doc = "The predicate that says for which records this transformation is made."},
    {.name = "negate",
     .type = SL_CONFIG_BOOLEAN,
     .default_value = "false",
     .importance = SL_MEDIUM,
     .doc = "Whether it is made for the other records instead."},
};

/* add_member adds one transform or predicate: its type, and the settings of that. */
static void add_member(sl__herder *h, sl__definitions *all, sl_plugin_kind kind, sl_str alias,
                       const sl_config *config) {
    bool transform = kind == SL_KIND_TRANSFORM;
    sl_arena *a = all->arena;
    sl_str group = sl_arena_printf(a, "%s: %.*s", transform ? "Transforms" : "Predicates", SL_STR_ARG(alias));
    sl_str prefix =
        sl_arena_printf(a, "%s.%.*s.", transform ? "transforms" : "predicates", SL_STR_ARG(alias));
    sl_str name = sl_arena_printf(a, "%.*stype", SL_STR_ARG(prefix));
    if (!group.p || !prefix.p || !name.p) {
        all->failed = true;
        return;
    }
    if (has(all, name)) {
        return; /* listed twice */
    }
    sl__definition *d = add(all, name, transform ? &transform_type : &predicate_type, group);
    d->display =
        sl_arena_printf(a, "%s type for %.*s", transform ? "Transformation" : "Predicate", SL_STR_ARG(alias));
    d->recommended = classes_of(h, kind, a);
    const sl_plugin_def *def = find_class(h, kind, sl_config_get(config, name));
    if (def) {
        add_rows(all, def->settings, def->nsettings, def, prefix.p, group);
    }
    if (transform) {
        add_rows(all, transform_rows, sizeof transform_rows / sizeof transform_rows[0], NULL, prefix.p,
                 group);
    }
}

static void add_members(sl__herder *h, sl__definitions *all, sl_plugin_kind kind, const char *list,
                        const sl_config *config) {
    sl_str rest = sl_config_get(config, sl_str_of(list)), alias;
    while (rest.p && sl_str_next(&rest, ',', &alias)) {
        alias = sl_str_trim(alias);
        if (alias.n) {
            add_member(h, all, kind, alias, config);
        }
    }
}

static void add_converter(sl__herder *h, sl__definitions *all, sl_plugin_kind kind, const char *key,
                          const sl_config *config) {
    sl_str prefix = sl_arena_printf(all->arena, "%s.", key);
    sl_str class_name = sl_config_get(config, sl_str_of(key));
    const sl_plugin_def *def = class_name.p ? find_class(h, kind, class_name) : NULL;
    if (def && prefix.p) {
        add_rows(all, def->settings, def->nsettings, def, prefix.p, SL_STR_NONE);
    }
}

void sl__definitions_of_config(sl__herder *h, const sl_plugin_def *def, const sl_config *config,
                               sl__definitions *out) {
    add_common(def, out);
    add_members(h, out, SL_KIND_TRANSFORM, "transforms", config);
    add_members(h, out, SL_KIND_PREDICATE, "predicates", config);
    add_rows(out, def->settings, def->nsettings, def, NULL, SL_STR_NONE);
    add_converter(h, out, SL_KIND_CONVERTER, "key.converter", config);
    add_converter(h, out, SL_KIND_CONVERTER, "value.converter", config);
    add_converter(h, out, SL_KIND_HEADER_CONVERTER, "header.converter", config);
    set_defaults(h, def, out);
}

/* ---- as JSON ---- */

static void add_words(sl_buf *b, const char *words) {
    sl_str rest = sl_str_of(words), word;
    const char *comma = "";
    while (words && sl_str_next(&rest, ',', &word)) {
        sl_buf_add_z(b, comma);
        comma = ",";
        sl__json_text(b, sl_str_trim(word));
    }
}

/* type_of: Kafka Connect calls replication factors SHORT. */
static const char *type_of(const sl_config_row *row) {
    static const sl_str factor = SL_STR_INIT("replication.factor");
    sl_str name = sl_str_of(row->name);
    bool is_short = row->type == SL_CONFIG_INT && name.n >= factor.n &&
                    sl_str_eq(sl_str_skip(name, name.n - factor.n), factor);
    return is_short ? "SHORT" : type_names[row->type];
}

void sl__definition_json(sl_buf *b, const sl__definition *d) {
    const sl_config_row *row = d->row;
    sl_buf_add_char(b, '{');
    sl__json_text_member(b, "name", d->name);
    sl__json_text_member(b, "type", sl_str_of(type_of(row)));
    sl__json_member(b, "required");
    sl_buf_add_z(b, row->required ? "true" : "false");
    sl__json_text_member(b, "default_value", d->default_value);
    sl__json_text_member(b, "importance", sl_str_of(importance_names[row->importance]));
    sl__json_text_member(b, "documentation", sl_str_of(row->doc ? row->doc : ""));
    sl__json_text_member(b, "group", d->group);
    sl__json_member(b, "order_in_group");
    sl_buf_add_i64(b, d->order);
    sl__json_text_member(b, "width", sl_str_of(widths[row->type]));
    sl__json_text_member(b, "display_name", d->display.p ? d->display : d->name);
    sl__json_member(b, "dependents");
    sl_buf_add_char(b, '[');
    add_words(b, row->dependents);
    sl_buf_add_z(b, "]}");
}

void sl__recommended_json(sl_buf *b, const sl__definition *d) {
    sl_buf_add_char(b, '[');
    for (size_t i = 0; i < d->recommended.n; i++) {
        sl_buf_add_z(b, i ? "," : "");
        sl__json_text(b, d->recommended.items[i]);
    }
    for (size_t i = 0; d->row->enums && d->row->enums[i].name; i++) {
        sl_buf_add_z(b, i ? "," : "");
        sl__json_text(b, sl_str_of(d->row->enums[i].name));
    }
    if (!d->row->enums) {
        add_words(b, d->row->recommended);
    }
    sl_buf_add_char(b, ']');
}
