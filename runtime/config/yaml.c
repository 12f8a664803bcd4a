/*
 * yaml.c - see yaml.h.
 */
#include "config/yaml.h"

#include "config/build.h"
#include "config/yaml_tree.h"

enum { MAX_KEY = 1000, MAX_JOINED = 1024 * 1024 };

typedef struct yaml_walk {
    sl_str file;
    sl_arena *arena;
    sl__config_builder settings;
    size_t visits; /* nodes seen: aliases make a small text large */
    size_t joined; /* bytes of joined lists */
} yaml_walk;

static sl_error *walk_error(const yaml_walk *w, uint32_t line, sl_str key, const char *expected) {
    if (!key.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%u: %s", SL_STR_ARG(w->file), line, expected);
    }
    return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%u: %.*s: %s", SL_STR_ARG(w->file), line, SL_STR_ARG(key),
                        expected);
}

static sl_error *count_visit(yaml_walk *w, uint32_t line) {
    if (++w->visits > SL__YAML_MAX_NODES) {
        return walk_error(w, line, SL_STR_NONE, "aliases expand to too many values, expected fewer");
    }
    return NULL;
}

static sl_error *put_text(yaml_walk *w, sl_str key, sl_str value, uint32_t line) {
    sl_config_entry entry = {key, value, w->file, line};
    uint32_t old = 0;
    sl_error *err = sl__config_builder_put(&w->settings, &entry, &old);
    if (err) {
        return sl_error_wrap(err, "%.*s:%u", SL_STR_ARG(w->file), line);
    }
    if (old) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "%.*s:%u: %.*s: set twice, first in line %u; remove one of them",
                            SL_STR_ARG(w->file), line, SL_STR_ARG(key), old);
    }
    return NULL;
}

static sl_error *join_key(const yaml_walk *w, sl_str prefix, sl_str key, uint32_t line, sl_str *out) {
    if (prefix.n + key.n > MAX_KEY) {
        return walk_error(w, line, SL_STR_NONE, "a key of more than 1000 characters, expected a shorter one");
    }
    *out = prefix.n ? sl_arena_printf(w->arena, "%.*s.%.*s", SL_STR_ARG(prefix), SL_STR_ARG(key)) : key;
    return out->p ? NULL : sl_error_nomem();
}

/* add_item adds one text to a joined list, which it must not break. */
static sl_error *add_item(yaml_walk *w, sl_buf *b, bool first, sl_str key, sl_str item, uint32_t line) {
    w->joined += item.n + 1;
    if (w->joined > MAX_JOINED) {
        return walk_error(w, line, key, "lists of more than 1 MiB, expected shorter ones");
    }
    if (!item.p || sl_str_find(item, ',') < item.n) {
        return walk_error(w, line, key,
                          "expected list items without commas; write such a list as one string");
    }
    if (!first) {
        sl_buf_add_char(b, ',');
    }
    sl_buf_add_str(b, item);
    return NULL;
}

static bool is_named(sl_str key) {
    return sl_str_eqz(key, "transforms") || sl_str_eqz(key, "predicates") ||
           sl_str_eqz(key, "config.providers");
}

static sl_error *flatten(yaml_walk *w, sl_str key, const sl__yaml_node *node, uint32_t line, unsigned depth);

/* flatten_members puts the members of a map under a prefix, but for the one called `skip`. */
static sl_error *flatten_members(yaml_walk *w, sl_str prefix, const sl__yaml_node *map, const char *skip,
                                 unsigned depth) {
    for (const sl__yaml_cell *c = map->cells; c; c = c->next) {
        sl_str key = SL_STR_NONE;
        if (skip && sl_str_eqz(c->key, skip)) {
            continue;
        }
        SL_TRY(join_key(w, prefix, c->key, c->line, &key));
        SL_TRY(flatten(w, key, c->value, c->line, depth + 1));
    }
    return NULL;
}

static sl_error *item_name(const yaml_walk *w, sl_str key, const sl__yaml_cell *item, sl_str *name) {
    *name = item->key;
    if (item->value->kind == SL__YAML_MAP && !item->key.p) {
        const sl__yaml_cell *c = sl__yaml_find(item->value, SL_STR("name"));
        *name = c && c->value->kind == SL__YAML_SCALAR ? c->value->text : SL_STR_NONE;
    }
    if (item->value->kind != SL__YAML_MAP || !name->n) {
        return walk_error(w, item->line, key,
                          item->key.p ? "expected a map of settings under each name"
                                      : "expected each item to be a map with a name");
    }
    return NULL;
}

/* flatten_named turns named things into KEY=a,b and KEY.a.x=..., KEY.b.x=... */
static sl_error *flatten_named(yaml_walk *w, sl_str key, const sl__yaml_node *node, uint32_t line,
                               unsigned depth) {
    sl_buf names;
    sl_str text;
    sl_error *err = NULL;
    sl_buf_init(&names, NULL);
    for (const sl__yaml_cell *c = node->cells; c && !err; c = c->next) {
        sl_str name;
        err = item_name(w, key, c, &name);
        err = err ? err : add_item(w, &names, c == node->cells, key, name, c->line);
    }
    text = sl_arena_str(w->arena, names.n ? sl_buf_view(&names) : SL_STR(""));
    if (!err && (names.failed || !text.p)) {
        err = sl_error_nomem();
    }
    sl_buf_deinit(&names);
    err = err ? err : put_text(w, key, text, line);
    for (const sl__yaml_cell *c = node->cells; c && !err; c = c->next) {
        sl_str name;
        sl_str prefix = SL_STR_NONE;
        err = item_name(w, key, c, &name);
        err = err ? err : join_key(w, key, name, c->line, &prefix);
        err = err ? err : flatten_members(w, prefix, c->value, c->key.p ? NULL : "name", depth + 1);
    }
    return err;
}

static sl_error *flatten_list(yaml_walk *w, sl_str key, const sl__yaml_node *list, uint32_t line) {
    sl_buf b;
    sl_error *err = NULL;
    sl_buf_init(&b, NULL);
    for (const sl__yaml_cell *c = list->cells; c && !err; c = c->next) {
        err = count_visit(w, c->line);
        if (!err && c->value->kind != SL__YAML_SCALAR) {
            err = walk_error(w, c->line, key, "expected a list of plain values");
        }
        err = err ? err : add_item(w, &b, c == list->cells, key, c->value->text, c->line);
    }
    sl_str text = sl_arena_str(w->arena, b.n ? sl_buf_view(&b) : SL_STR(""));
    if (!err && (b.failed || !text.p)) {
        err = sl_error_nomem();
    }
    sl_buf_deinit(&b);
    return err ? err : put_text(w, key, text, line);
}

static sl_error *flatten(yaml_walk *w, sl_str key, const sl__yaml_node *node, uint32_t line, unsigned depth) {
    SL_TRY(count_visit(w, line));
    if (depth > 2 * SL__YAML_MAX_DEPTH) {
        return walk_error(w, line, key, "nested too deeply");
    }
    bool maps = node->kind == SL__YAML_MAP || (node->cells && node->cells->value->kind == SL__YAML_MAP);
    if (node->kind != SL__YAML_SCALAR && maps && is_named(key)) {
        return flatten_named(w, key, node, line, depth);
    }
    switch (node->kind) {
    case SL__YAML_SCALAR:
        return put_text(w, key, node->text, line);
    case SL__YAML_LIST:
        return flatten_list(w, key, node, line);
    case SL__YAML_MAP:
        break;
    }
    return flatten_members(w, key, node, NULL, depth);
}

static sl_error *flatten_root(yaml_walk *w, const sl__yaml_node *map, const char *skip, sl_config *out) {
    sl__config_builder_init(&w->settings, w->arena);
    SL_TRY(flatten_members(w, SL_STR_NONE, map, skip, 0));
    *out = sl__config_builder_done(&w->settings);
    return NULL;
}

static sl_error *scalar_member(const yaml_walk *w, const sl__yaml_node *map, const char *key, sl_str *out,
                               uint32_t *line) {
    const sl__yaml_cell *c = sl__yaml_find(map, sl_str_of(key));
    *out = SL_STR_NONE;
    if (c && c->value->kind != SL__YAML_SCALAR) {
        return walk_error(w, c->line, c->key, "expected a plain value");
    }
    if (c) {
        *out = c->value->text;
        *line = c->line;
    }
    return NULL;
}

static sl_error *initial_state(const yaml_walk *w, const sl__yaml_node *map, sl_str *out) {
    static const char *const states[] = {"RUNNING", "PAUSED", "STOPPED"};
    uint32_t line = 0;
    SL_TRY(scalar_member(w, map, "initial_state", out, &line));
    if (!out->p) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (sl_str_eq_nocase(*out, sl_str_of(states[i]))) {
            *out = sl_str_of(states[i]);
            return NULL;
        }
    }
    return walk_error(w, line, SL_STR("initial_state"), "expected RUNNING, PAUSED or STOPPED");
}

/* connector_name settles a connector's name: its key in the map, or its own setting; both must agree. */
static sl_error *connector_name(const yaml_walk *w, const sl__yaml_cell *cell, const sl__yaml_node *map,
                                sl__connector_config *out, uint32_t *line) {
    sl_str own;
    *line = cell->line;
    SL_TRY(scalar_member(w, map, "name", &own, line));
    if (own.p && cell->key.p && !sl_str_eq(own, cell->key)) {
        return walk_error(w, *line, SL_STR("name"), "differs from the connector's key in the map; remove it");
    }
    out->name = own.p ? own : cell->key;
    return NULL;
}

static sl_error *check_wrapper(const yaml_walk *w, const sl__yaml_node *map) {
    for (const sl__yaml_cell *c = map->cells; c; c = c->next) {
        if (!sl_str_eqz(c->key, "config") && !sl_str_eqz(c->key, "name") &&
            !sl_str_eqz(c->key, "initial_state")) {
            return walk_error(w, c->line, c->key,
                              "expected only name and initial_state beside config; move it into config");
        }
    }
    return NULL;
}

static sl_error *read_connector(yaml_walk *w, const sl__yaml_cell *cell, sl__connector_config *out) {
    const sl__yaml_node *map = cell->value;
    *out = (sl__connector_config){.file = w->file, .line = cell->line};
    if (map->kind != SL__YAML_MAP) {
        return walk_error(w, cell->line, cell->key, "expected a map of the connector's settings");
    }
    const sl__yaml_cell *inner = sl__yaml_find(map, SL_STR("config"));
    bool wrapped =
        inner && inner->value->kind == SL__YAML_MAP && !sl__yaml_find(map, SL_STR("connector.class"));
    uint32_t line = 0;
    SL_TRY(connector_name(w, cell, map, out, &line));
    sl__config_builder_init(&w->settings, w->arena);
    if (out->name.p) {
        SL_TRY(put_text(w, SL_STR("name"), out->name, line));
    }
    if (wrapped) {
        SL_TRY(check_wrapper(w, map));
        SL_TRY(initial_state(w, map, &out->initial_state));
        map = inner->value;
    }
    SL_TRY(flatten_members(w, SL_STR_NONE, map, wrapped ? NULL : "name", 0));
    out->raw = sl__config_builder_done(&w->settings);
    out->name = sl_config_get(&out->raw, SL_STR("name"));
    return NULL;
}

static sl_error *read_connectors(yaml_walk *w, const sl__yaml_cell *cell, sl__config_file *out) {
    const sl__yaml_node *node = cell->value;
    if (node->kind == SL__YAML_SCALAR) {
        return node->text.p
                   ? walk_error(w, cell->line, cell->key, "expected a list of connectors, or a map of names")
                   : NULL;
    }
    out->connectors = sl_arena_zalloc(w->arena, (node->ncells + 1) * sizeof *out->connectors);
    if (!out->connectors) {
        return sl_error_nomem();
    }
    for (const sl__yaml_cell *c = node->cells; c; c = c->next) {
        SL_TRY(read_connector(w, c, &out->connectors[out->nconnectors++]));
    }
    return NULL;
}

static sl_error *read_section(yaml_walk *w, const sl__yaml_cell *c, sl__config_file *out) {
    if (sl_str_eqz(c->key, "connectors")) {
        return read_connectors(w, c, out);
    }
    if (!sl_str_eqz(c->key, "worker")) {
        return walk_error(w, c->line, c->key, "expected worker or connectors at the top of the file");
    }
    if (c->value->kind != SL__YAML_MAP) {
        return walk_error(w, c->line, c->key, "expected a map of the worker's settings");
    }
    out->has_worker = true;
    out->worker_line = c->line;
    return flatten_root(w, c->value, NULL, &out->worker);
}

sl_error *sl__yaml_parse(sl_str text, sl_str file, sl_arena *arena, sl__config_file *out) {
    yaml_walk w = {.file = file, .arena = arena};
    sl__yaml_node *root = NULL;
    *out = (sl__config_file){.path = file};
    SL_TRY(sl__yaml_read_tree(text, file, arena, &root));
    if (!root || root->kind != SL__YAML_MAP) {
        return walk_error(&w, root ? root->line : 1, SL_STR_NONE,
                          "expected a map with worker and connectors");
    }
    for (const sl__yaml_cell *c = root->cells; c; c = c->next) {
        SL_TRY(read_section(&w, c, out));
    }
    return NULL;
}
