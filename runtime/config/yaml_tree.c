/*
 * yaml_tree.c - see yaml_tree.h.
 */
#include "config/yaml_tree.h"

#include <yaml.h>

typedef struct anchor {
    sl_str name;
    sl__yaml_node *node;
    struct anchor *next;
} anchor;

typedef struct tree_reader {
    yaml_parser_t parser;
    sl_str file;
    sl_arena *arena;
    anchor *anchors; /* newest first: a name may be given again */
    size_t made;     /* nodes and cells so far */
} tree_reader;

static uint32_t line_of(const yaml_mark_t *mark) {
    return mark->line < UINT32_MAX ? (uint32_t)mark->line + 1 : 0;
}

static sl_error *tree_error(const tree_reader *r, uint32_t line, const char *what) {
    return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%u: %s", SL_STR_ARG(r->file), line, what);
}

static sl_error *next_event(tree_reader *r, yaml_event_t *ev) {
    if (yaml_parser_parse(&r->parser, ev)) {
        return NULL;
    }
    const yaml_parser_t *p = &r->parser;
    memset(ev, 0, sizeof *ev);
    if (p->error == YAML_MEMORY_ERROR) {
        return sl_error_nomem();
    }
    if (p->error == YAML_READER_ERROR) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s: not a YAML text: %s at byte %zu",
                            SL_STR_ARG(r->file), p->problem ? p->problem : "unreadable", p->problem_offset);
    }
    return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%u: not valid YAML in column %zu: %s",
                        SL_STR_ARG(r->file), line_of(&p->problem_mark), p->problem_mark.column + 1,
                        p->problem ? p->problem : "unknown error");
}

/* count_node bounds what a text can make. */
static sl_error *count_node(tree_reader *r, uint32_t line) {
    if (++r->made > SL__YAML_MAX_NODES) {
        return tree_error(r, line, "too many values, expected a configuration of ordinary size");
    }
    return NULL;
}

static sl_error *new_node(tree_reader *r, sl__yaml_kind kind, uint32_t line, sl__yaml_node **out) {
    SL_TRY(count_node(r, line));
    sl__yaml_node *n = sl_arena_zalloc(r->arena, sizeof *n);
    if (!n) {
        return sl_error_nomem();
    }
    n->kind = kind;
    n->line = line;
    *out = n;
    return NULL;
}

static sl_error *new_cell(tree_reader *r, sl__yaml_node *parent, sl__yaml_cell ***tail, sl__yaml_cell cell) {
    SL_TRY(count_node(r, cell.line));
    if (parent->ncells == SL__YAML_MAX_MEMBERS) {
        return tree_error(r, cell.line, "more than 5000 members, expected fewer");
    }
    sl__yaml_cell *c = sl_arena_alloc(r->arena, sizeof *c);
    if (!c) {
        return sl_error_nomem();
    }
    *c = cell;
    c->next = NULL;
    **tail = c;
    *tail = &c->next;
    parent->ncells++;
    return NULL;
}

static sl_error *set_anchor(tree_reader *r, const yaml_char_t *name, sl__yaml_node *node) {
    if (!name) {
        return NULL;
    }
    anchor *a = sl_arena_alloc(r->arena, sizeof *a);
    if (!a) {
        return sl_error_nomem();
    }
    *a = (anchor){sl_arena_str(r->arena, sl_str_of((const char *)name)), node, r->anchors};
    r->anchors = a;
    return NULL;
}

static sl_error *find_anchor(const tree_reader *r, const yaml_event_t *ev, sl__yaml_node **out) {
    sl_str name = sl_str_of((const char *)ev->data.alias.anchor);
    for (const anchor *a = r->anchors; a; a = a->next) {
        if (sl_str_eq(a->name, name)) {
            *out = a->node;
            return a->node->open
                       ? tree_error(r, line_of(&ev->start_mark), "an alias to the value it stands in")
                       : NULL;
        }
    }
    return sl_error_new(SL_E_CONFIG, SL_USER, "%.*s:%u: '*%.*s' has no anchor, expected '&%.*s' before it",
                        SL_STR_ARG(r->file), line_of(&ev->start_mark), SL_STR_ARG(name), SL_STR_ARG(name));
}

static sl_error *check_tag(const tree_reader *r, const yaml_char_t *tag, const yaml_mark_t *mark) {
    sl_str t = sl_str_of((const char *)tag);
    if (!t.p || sl_str_eqz(t, "!") || sl_str_starts(t, SL_STR("tag:yaml.org,2002:"))) {
        return NULL;
    }
    return sl_error_new(SL_E_CONFIG, SL_USER,
                        "%.*s:%u: tag '%.*s' is not supported; for outside values use ${provider:path:key}",
                        SL_STR_ARG(r->file), line_of(mark), SL_STR_ARG(t));
}

static bool is_null_word(sl_str s) {
    return s.n == 0 || sl_str_eqz(s, "~") || sl_str_eqz(s, "null") || sl_str_eqz(s, "Null") ||
           sl_str_eqz(s, "NULL");
}

static sl_error *read_scalar(tree_reader *r, const yaml_event_t *ev, sl__yaml_node **out) {
    uint32_t line = line_of(&ev->start_mark);
    sl_str text = sl_str_make((const char *)ev->data.scalar.value, ev->data.scalar.length);
    SL_TRY(check_tag(r, ev->data.scalar.tag, &ev->start_mark));
    SL_TRY(new_node(r, SL__YAML_SCALAR, line, out));
    if (sl_str_find(text, '\0') < text.n) {
        return tree_error(r, line, "a zero character cannot be part of a setting");
    }
    if (ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !ev->data.scalar.tag && is_null_word(text)) {
        return NULL;
    }
    text = sl_arena_str(r->arena, text);
    if (!*out || !text.p) {
        return sl_error_nomem();
    }
    (*out)->text = text;
    return NULL;
}

static sl_error *read_node(tree_reader *r, const yaml_event_t *ev, unsigned depth, sl__yaml_node **out);

static sl_error *read_list(tree_reader *r, unsigned depth, sl__yaml_node *list) {
    sl__yaml_cell **tail = &list->cells;
    sl_error *err = NULL;
    bool more = true;
    while (more && !err) {
        yaml_event_t ev;
        sl__yaml_cell cell = {.line = 0};
        SL_TRY(next_event(r, &ev));
        more = ev.type != YAML_SEQUENCE_END_EVENT;
        if (more) {
            cell.line = line_of(&ev.start_mark);
            err = read_node(r, &ev, depth, &cell.value);
            err = err ? err : new_cell(r, list, &tail, cell);
        }
        yaml_event_delete(&ev);
    }
    return err;
}

static sl_error *read_key(tree_reader *r, const yaml_event_t *ev, const sl__yaml_node *map,
                          sl__yaml_cell *cell) {
    cell->line = line_of(&ev->start_mark);
    if (ev->type != YAML_SCALAR_EVENT) {
        return tree_error(r, cell->line, "expected a plain key");
    }
    cell->key =
        sl_arena_str(r->arena, sl_str_make((const char *)ev->data.scalar.value, ev->data.scalar.length));
    if (!cell->key.p) {
        return sl_error_nomem();
    }
    if (!cell->key.n || sl_str_find(cell->key, '\0') < cell->key.n) {
        return tree_error(r, cell->line, "expected a key that is not empty");
    }
    const sl__yaml_cell *twice = sl__yaml_find(map, cell->key);
    if (twice && !sl_str_eqz(cell->key, "<<")) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "%.*s:%u: %.*s: set twice, first in line %u; remove one of them",
                            SL_STR_ARG(r->file), cell->line, SL_STR_ARG(cell->key), twice->line);
    }
    return NULL;
}

/* merge_map adds the members of another map that this one does not have. */
static sl_error *merge_map(tree_reader *r, sl__yaml_node *map, sl__yaml_cell ***tail,
                           const sl__yaml_cell *from) {
    if (from->value->kind != SL__YAML_MAP) {
        return tree_error(r, from->line, "expected an alias of a map after '<<:'");
    }
    for (const sl__yaml_cell *c = from->value->cells; c; c = c->next) {
        SL_TRY(count_node(r, from->line));
        if (!sl__yaml_find(map, c->key)) {
            SL_TRY(new_cell(r, map, tail, *c));
        }
    }
    return NULL;
}

/* apply_merges resolves the "<<" members, which were kept apart, once the map's own members are known. */
static sl_error *apply_merges(tree_reader *r, sl__yaml_node *map, sl__yaml_cell **tail,
                              const sl__yaml_cell *merges) {
    for (const sl__yaml_cell *m = merges; m; m = m->next) {
        if (m->value->kind != SL__YAML_LIST) {
            SL_TRY(merge_map(r, map, &tail, m));
            continue;
        }
        for (const sl__yaml_cell *item = m->value->cells; item; item = item->next) {
            SL_TRY(merge_map(r, map, &tail, item));
        }
    }
    return NULL;
}

static sl_error *read_member(tree_reader *r, const yaml_event_t *key, unsigned depth, sl__yaml_node *map,
                             sl__yaml_cell *cell) {
    yaml_event_t ev;
    SL_TRY(read_key(r, key, map, cell));
    SL_TRY(next_event(r, &ev));
    sl_error *err = read_node(r, &ev, depth, &cell->value);
    yaml_event_delete(&ev);
    return err;
}

static sl_error *read_map(tree_reader *r, unsigned depth, sl__yaml_node *map) {
    sl__yaml_node merges = {.kind = SL__YAML_MAP};
    sl__yaml_cell **merge_tail = &merges.cells;
    sl__yaml_cell **tail = &map->cells;
    sl_error *err = NULL;
    bool more = true;
    while (more && !err) {
        yaml_event_t ev;
        sl__yaml_cell cell = {.line = 0};
        SL_TRY(next_event(r, &ev));
        more = ev.type != YAML_MAPPING_END_EVENT;
        if (more) {
            err = read_member(r, &ev, depth, map, &cell);
        }
        yaml_event_delete(&ev);
        if (more && !err) {
            bool merge = sl_str_eqz(cell.key, "<<");
            err = merge ? new_cell(r, &merges, &merge_tail, cell) : new_cell(r, map, &tail, cell);
        }
    }
    return err ? err : apply_merges(r, map, tail, merges.cells);
}

static sl_error *read_node(tree_reader *r, const yaml_event_t *ev, unsigned depth, sl__yaml_node **out) {
    uint32_t line = line_of(&ev->start_mark);
    if (depth > SL__YAML_MAX_DEPTH) {
        return tree_error(r, line, "nested too deeply, expected at most 32 levels");
    }
    switch (ev->type) {
    case YAML_ALIAS_EVENT:
        return find_anchor(r, ev, out);
    case YAML_SCALAR_EVENT:
        SL_TRY(read_scalar(r, ev, out));
        return set_anchor(r, ev->data.scalar.anchor, *out);
    case YAML_SEQUENCE_START_EVENT:
        SL_TRY(check_tag(r, ev->data.sequence_start.tag, &ev->start_mark));
        SL_TRY(new_node(r, SL__YAML_LIST, line, out));
        SL_TRY(set_anchor(r, ev->data.sequence_start.anchor, *out));
        (*out)->open = true;
        SL_TRY(read_list(r, depth + 1, *out));
        break;
    case YAML_MAPPING_START_EVENT:
        SL_TRY(check_tag(r, ev->data.mapping_start.tag, &ev->start_mark));
        SL_TRY(new_node(r, SL__YAML_MAP, line, out));
        SL_TRY(set_anchor(r, ev->data.mapping_start.anchor, *out));
        (*out)->open = true;
        SL_TRY(read_map(r, depth + 1, *out));
        break;
    default:
        return tree_error(r, line, "expected a value");
    }
    (*out)->open = false;
    return NULL;
}

static sl_error *read_document(tree_reader *r, sl__yaml_node **out) {
    sl_error *err = NULL;
    bool end = false;
    while (!end && !err) {
        yaml_event_t ev;
        SL_TRY(next_event(r, &ev));
        switch (ev.type) {
        case YAML_STREAM_END_EVENT:
            end = true;
            break;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        default:
            err = *out ? tree_error(r, line_of(&ev.start_mark),
                                    "a second document, expected one; put it into a file of its own")
                       : read_node(r, &ev, 1, out);
        }
        yaml_event_delete(&ev);
    }
    return err;
}

const sl__yaml_cell *sl__yaml_find(const sl__yaml_node *map, sl_str key) {
    for (const sl__yaml_cell *c = map->cells; c; c = c->next) {
        if (sl_str_eq(c->key, key)) {
            return c;
        }
    }
    return NULL;
}

sl_error *sl__yaml_read_tree(sl_str text, sl_str file, sl_arena *arena, sl__yaml_node **out) {
    tree_reader r = {.file = file, .arena = arena};
    *out = NULL;
    if (!yaml_parser_initialize(&r.parser)) {
        return sl_error_nomem();
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    sl_error *err = read_document(&r, out);
    yaml_parser_delete(&r.parser);
    return err;
}
