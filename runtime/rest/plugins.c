/*
 * plugins.c - /connector-plugins: which there are, what they take, and whether a configuration is right.
 */
#include "rest/request.h"
#include "rest/shown.h"

#include "config/json.h"

#define GROUPS_MAX 64

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

/* ---- definitions of settings ---- */

static const char *const type_names[] = {"BOOLEAN", "STRING", "INT",      "LONG",
                                         "DOUBLE",  "LIST",   "PASSWORD", "CLASS"};
static const char *const importance_names[] = {"HIGH", "MEDIUM", "LOW"};

static void add_words(sl_buf *b, const char *words) {
    sl_str rest = sl_str_of(words), word;
    const char *comma = "";
    sl_buf_add_char(b, '[');
    while (words && sl_str_next(&rest, ',', &word)) {
        sl_buf_add_z(b, comma);
        comma = ",";
        sl__json_text(b, sl_str_trim(word));
    }
    sl_buf_add_char(b, ']');
}

static void add_definition(sl_buf *b, const sl_config_row *row, int order) {
    sl_buf_add_char(b, '{');
    sl__json_text_member(b, "name", sl_str_of(row->name));
    sl__json_text_member(b, "type", sl_str_of(type_names[row->type]));
    sl__json_member(b, "required");
    sl_buf_add_z(b, row->required ? "true" : "false");
    sl__json_text_member(b, "default_value", sl_str_of(row->default_value));
    sl__json_text_member(b, "importance", sl_str_of(importance_names[row->importance]));
    sl__json_text_member(b, "documentation", sl_str_of(row->doc ? row->doc : ""));
    sl__json_text_member(b, "group", sl_str_of(row->group));
    sl__json_text_member(b, "width", SL_STR("MEDIUM"));
    sl__json_text_member(b, "display_name", sl_str_of(row->display ? row->display : row->name));
    sl__json_member(b, "dependents");
    add_words(b, row->dependents);
    sl__json_member(b, "order_in_group");
    sl_buf_add_i64(b, order);
    sl_buf_add_char(b, '}');
}

/* The rows of a plugin, table after table: its own, and for a connector those that all have. */
typedef struct rows {
    struct {
        const sl_config_row *rows;
        size_t n;
    } tables[3];
    size_t n;
} rows;

static rows rows_of(const sl_plugin_def *def) {
    rows all = {.n = 0};
    if (def->kind == SL_KIND_SOURCE || def->kind == SL_KIND_SINK) {
        bool sink = def->kind == SL_KIND_SINK;
        all.tables[0].rows = sl__connector_rows;
        all.tables[0].n = sl__connector_nrows;
        all.tables[1].rows = sink ? sl__sink_rows : sl__source_rows;
        all.tables[1].n = sink ? sl__sink_nrows : sl__source_nrows;
        all.n = 2;
    }
    all.tables[all.n].rows = def->settings;
    all.tables[all.n++].n = def->nsettings;
    return all;
}

/* next_row walks them; patterns have no name of their own and are passed over. */
static const sl_config_row *next_row(const rows *all, size_t *table, size_t *at) {
    for (; *table < all->n; ++*table, *at = 0) {
        while (*at < all->tables[*table].n) {
            const sl_config_row *row = &all->tables[*table].rows[(*at)++];
            if (!row->pattern) {
                return row;
            }
        }
    }
    return NULL;
}

/* find_plugin finds a definition by name among all kinds that REST shows. */
static const sl_plugin_def *find_plugin(sl__herder *h, sl_str name) {
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
    const sl_plugin_def *def = find_plugin(h, r->match.args[0]);
    if (!def) {
        return sl__answer_error(r, 404, "Unknown plugin %.*s.", SL_STR_ARG(r->match.args[0]));
    }
    rows all = rows_of(def);
    size_t table = 0, at = 0;
    int order = 0;
    sl_buf_add_char(&r->out, '[');
    for (const sl_config_row *row; (row = next_row(&all, &table, &at));) {
        if (order) {
            sl_buf_add_char(&r->out, ',');
        }
        add_definition(&r->out, row, ++order);
    }
    sl_buf_add_char(&r->out, ']');
    return sl__answer_json(r, 200);
}

/* ---- validation ---- */

/* belongs tells whether a problem is about a key; problems of the whole stand with connector.class. */
static bool belongs(const sl_config_problem *p, sl_str key) {
    return sl_str_eq(p->key.p ? p->key : SL_STR("connector.class"), key);
}

static void add_errors(sl_buf *b, const sl_config_report *report, sl_str key) {
    const char *comma = "";
    sl_buf_add_char(b, '[');
    for (size_t i = 0; i < report->n; i++) {
        if (report->items[i].severity == SL_SEV_ERROR && belongs(&report->items[i], key)) {
            sl_buf_add_z(b, comma);
            comma = ",";
            sl__json_text(b, report->items[i].message);
        }
    }
    sl_buf_add_char(b, ']');
}

static void add_recommended(sl_buf *b, const sl_config_row *row) {
    if (!row || !row->enums) {
        add_words(b, row ? row->recommended : NULL);
        return;
    }
    sl_buf_add_char(b, '[');
    for (size_t i = 0; row->enums[i].name; i++) {
        if (i) {
            sl_buf_add_char(b, ',');
        }
        sl__json_text(b, sl_str_of(row->enums[i].name));
    }
    sl_buf_add_char(b, ']');
}

static void add_value(sl__request *r, const sl__job *job, const sl_config_row *row, sl_str key) {
    sl_buf *b = &r->out;
    const sl_config_entry *e = sl_config_find(&job->raw, key);
    sl_str value = e ? e->value : SL_STR_NONE;
    value = value.p || !row ? value : sl_str_of(row->default_value);
    sl__json_member(b, "value");
    sl_buf_add_char(b, '{');
    sl__json_text_member(b, "name", key);
    sl__json_text_member(b, "value", sl__shown_value(job->checked.def, key, value, &r->arena));
    sl__json_member(b, "recommended_values");
    add_recommended(b, row);
    sl__json_member(b, "errors");
    add_errors(b, &job->report, key);
    sl__json_member(b, "visible");
    sl_buf_add_z(b, "true}");
}

static void add_setting(sl__request *r, const sl__job *job, const sl_config_row *row, sl_str key, int order) {
    sl_buf_add_z(&r->out, order > 1 ? ",{\"definition\":" : "{\"definition\":");
    if (row) {
        add_definition(&r->out, row, order);
    } else {
        sl_buf_add_z(&r->out, "null");
    }
    add_value(r, job, row, key);
    sl_buf_add_char(&r->out, '}');
}

static void add_groups(sl_buf *b, const rows *all) {
    const char *seen[GROUPS_MAX];
    size_t n = 0, table = 0, at = 0;
    sl_buf_add_char(b, '[');
    for (const sl_config_row *row; (row = next_row(all, &table, &at));) {
        bool known = !row->group || n == GROUPS_MAX;
        for (size_t i = 0; !known && i < n; i++) {
            known = strcmp(seen[i], row->group) == 0;
        }
        if (!known) {
            if (n) {
                sl_buf_add_char(b, ',');
            }
            sl__json_text(b, sl_str_of(row->group));
            seen[n++] = row->group;
        }
    }
    sl_buf_add_char(b, ']');
}

static bool has_row(const rows *all, sl_str key) {
    size_t table = 0, at = 0;
    for (const sl_config_row *row; (row = next_row(all, &table, &at));) {
        if (sl_str_eqz(key, row->name)) {
            return true;
        }
    }
    return false;
}

/* add_others adds the keys with errors that no row names: of transforms, overrides, patterns. */
static void add_others(sl__request *r, const sl__job *job, const rows *all, int order) {
    for (size_t i = 0; i < job->report.n; i++) {
        const sl_config_problem *p = &job->report.items[i];
        bool first = p->severity == SL_SEV_ERROR && p->key.p && !has_row(all, p->key);
        for (size_t k = 0; first && k < i; k++) {
            first =
                job->report.items[k].severity != SL_SEV_ERROR || !sl_str_eq(job->report.items[k].key, p->key);
        }
        if (first) {
            add_setting(r, job, NULL, p->key, ++order);
        }
    }
}

static void validated(sl__herder *h, sl__call *call, sl__job *job) {
    sl__request *r = (sl__request *)call;
    (void)h;
    if (job->err) {
        sl_error *err = job->err;
        job->err = NULL;
        (void)sl__answer_failure(r, err);
        return;
    }
    rows all = job->checked.def ? rows_of(job->checked.def) : (rows){.n = 0};
    size_t table = 0, at = 0;
    int order = 0;
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "name", sl_config_get(&job->raw, SL_STR("connector.class")));
    sl__json_member(&r->out, "error_count");
    sl_buf_add_i64(&r->out, (int64_t)job->report.errors);
    sl__json_member(&r->out, "groups");
    add_groups(&r->out, &all);
    sl__json_member(&r->out, "configs");
    sl_buf_add_char(&r->out, '[');
    for (const sl_config_row *row; (row = next_row(&all, &table, &at));) {
        add_setting(r, job, row, sl_str_of(row->name), ++order);
    }
    add_others(r, job, &all, order);
    sl_buf_add_z(&r->out, "]}");
    (void)sl__answer_json(r, 200);
}

/* with_class gives the settings with connector.class in them, which may be left out where the path names it.
 */
static sl_error *with_class(sl__request *r, const sl_config *in, sl_config *out) {
    sl_config_entry *entries = sl_arena_alloc(&r->arena, (in->n + 1) * sizeof *entries);
    if (!entries) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < in->n; i++) {
        entries[i] = in->entries[i];
    }
    *out = (sl_config){entries, in->n};
    if (!sl_config_find(in, SL_STR("connector.class"))) {
        entries[out->n++] = (sl_config_entry){.key = SL_STR("connector.class"), .value = r->match.args[0]};
    }
    return NULL;
}

/* same_plugin tells whether the class of the body is the path's plugin. */
static bool same_plugin(sl__herder *h, sl_str class_name, const sl_plugin_def *def) {
    return find_plugin(h, sl_str_trim(class_name)) == def;
}

bool sl__rest_validate(sl__herder *h, sl__request *r) {
    sl__connector_config given;
    sl_config_report ignored;
    sl_config config;
    const sl_plugin_def *def = find_plugin(h, r->match.args[0]);
    if (!def || (def->kind != SL_KIND_SOURCE && def->kind != SL_KIND_SINK)) {
        return sl__answer_error(r, 404, "Unknown plugin %.*s.", SL_STR_ARG(r->match.args[0]));
    }
    sl_config_report_init(&ignored, &r->arena);
    sl_error *err = sl__json_parse(r->body, SL_STR("the request"), &r->arena, &ignored, &given);
    err = err ? err : with_class(r, &given.raw, &config);
    if (err) {
        return sl__answer_failure(r, err);
    }
    sl_str class_name = sl_config_get(&config, SL_STR("connector.class"));
    if (!same_plugin(h, class_name, def)) {
        return sl__answer_error(r, 400, "Included connector type %.*s does not match request type %.*s",
                                SL_STR_ARG(class_name), SL_STR_ARG(r->match.args[0]));
    }
    r->call.resume = validated;
    return sl__herder_validate(h, &r->call, &config) ? false : sl__answer_error(r, 503, "out of memory");
}
