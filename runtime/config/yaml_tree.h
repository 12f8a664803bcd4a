/*
 * yaml_tree.h - a YAML text as a tree with line numbers, made from libyaml's events.
 *
 * An alias is the same node again, so the tree is a graph without cycles; who walks it counts what he visits.
 * "<<" is merged already. Depth, and the number of nodes and cells, are bounded.
 *
 * Threads: pure function. Memory: everything is in the arena.
 */
#ifndef SLUICE_CONFIG_YAML_TREE_H
#define SLUICE_CONFIG_YAML_TREE_H

#include <sluice/memory.h>

enum { SL__YAML_MAX_DEPTH = 32, SL__YAML_MAX_NODES = 100000, SL__YAML_MAX_MEMBERS = 5000 };

typedef enum sl__yaml_kind { SL__YAML_SCALAR, SL__YAML_LIST, SL__YAML_MAP } sl__yaml_kind;

typedef struct sl__yaml_node sl__yaml_node;

/* One member of a map, or one item of a list (without a key). */
typedef struct sl__yaml_cell {
    sl_str key;
    uint32_t line;
    sl__yaml_node *value;
    struct sl__yaml_cell *next;
} sl__yaml_cell;

struct sl__yaml_node {
    sl__yaml_kind kind;
    uint32_t line;
    bool open;   /* still being read: an alias to it would be a cycle */
    sl_str text; /* scalar; absent = null */
    sl__yaml_cell *cells;
    size_t ncells;
};

/* sl__yaml_read_tree reads the one document of a text; *out is NULL for an empty one. */
SL_MUST_CHECK sl_error *sl__yaml_read_tree(sl_str text, sl_str file, sl_arena *arena, sl__yaml_node **out);

/* sl__yaml_find gives the member of a map with that key, or NULL. */
const sl__yaml_cell *sl__yaml_find(const sl__yaml_node *map, sl_str key);

#endif
