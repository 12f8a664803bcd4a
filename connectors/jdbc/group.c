/*
 * group.c - operations into statements: rows of one table and shape together, last change of a key only,
 * order kept.
 *
 * Within a group deletes go before writes, so only what stays right under that is put into one group: a key
 * that is deleted and then written again keeps both; a key that is written and then deleted keeps the delete.
 * Where an order cannot be kept that way (another shape, an insert that may clash) the group is closed and
 * the next one comes after it.
 */
#include "task.h"

typedef struct op_list {
    jdbc_op **items;
    size_t n, cap;
} op_list;

/* A key's latest operations; an index of NONE = there is none. */
typedef struct key_slot {
    const jdbc_op *op;       /* NULL = free slot */
    size_t removed, written; /* indexes in the lists */
} key_slot;

#define NONE SIZE_MAX

typedef struct jdbc_group {
    jdbc_table *table;
    jdbc_shape *write, *remove;
    bool truncate;
    op_list writes, removes;
    key_slot *slots;
    size_t nslots, used;
    struct jdbc_group *next;
} jdbc_group;

typedef struct grouping {
    jdbc_task *t;
    sl_arena arena;
    jdbc_group *first, **end;
    bool failed;
} grouping;

static bool list_add(grouping *g, op_list *l, jdbc_op *op) {
    jdbc_op **more = sl_arena_grow(&g->arena, l->items, l->n, &l->cap, sizeof *more);
    if (!more) {
        g->failed = true;
        return false;
    }
    l->items = more;
    l->items[l->n++] = op;
    return true;
}

static bool same_key(const jdbc_op *a, const jdbc_op *b) {
    if (a->hash != b->hash || a->shape->nkeys != b->shape->nkeys) {
        return false;
    }
    for (uint32_t i = 0; i < a->shape->nkeys; i++) {
        if (!jdbc_cell_eq(&a->cells[i], &b->cells[i])) {
            return false;
        }
    }
    return true;
}

static key_slot *find_slot(key_slot *slots, size_t n, const jdbc_op *op) {
    size_t i = (size_t)(op->hash ^ op->hash >> 32) & (n - 1);
    while (slots[i].op && !same_key(slots[i].op, op)) {
        i = (i + 1) & (n - 1);
    }
    return &slots[i];
}

static bool grow_slots(grouping *g, jdbc_group *group) {
    size_t n = group->nslots ? group->nslots * 2 : 64;
    key_slot *slots = sl_arena_zalloc(&g->arena, n * sizeof *slots);
    if (!slots) {
        g->failed = true;
        return false;
    }
    for (size_t i = 0; i < group->nslots; i++) {
        if (group->slots[i].op) {
            *find_slot(slots, n, group->slots[i].op) = group->slots[i];
        }
    }
    group->slots = slots;
    group->nslots = n;
    return true;
}

static key_slot *slot_for(grouping *g, jdbc_group *group, const jdbc_op *op) {
    if (group->used * 2 >= group->nslots && !grow_slots(g, group)) {
        return NULL;
    }
    key_slot *slot = find_slot(group->slots, group->nslots, op);
    if (!slot->op) {
        *slot = (key_slot){.op = op, .removed = NONE, .written = NONE};
        group->used++;
    }
    return slot;
}

static jdbc_group *new_group(grouping *g, jdbc_table *table) {
    jdbc_group *group = sl_arena_zalloc(&g->arena, sizeof *group);
    if (!group) {
        g->failed = true;
        return NULL;
    }
    group->table = table;
    *g->end = group;
    g->end = &group->next;
    table->open = group;
    return group;
}

static bool shape_fits(const jdbc_group *group, const jdbc_op *op) {
    const jdbc_shape *have = op->kind == JDBC_OP_WRITE ? group->write : group->remove;
    return !have || have == op->shape;
}

/* clashes tells whether op cannot join its key's earlier operations in the same group. */
static bool clashes(const grouping *g, const key_slot *slot, const jdbc_op *op) {
    bool reduce = g->t->settings->raw->reduce;
    if (slot->written == NONE && slot->removed == NONE) {
        return false;
    }
    if (!reduce) {
        return true;
    }
    if (op->shape->mode == JDBC_INSERT) { /* an insert counts even when something follows: it may fail */
        return slot->written != NONE;
    }
    if (op->kind == JDBC_OP_DELETE) {
        return false;
    }
    return op->shape->mode == JDBC_UPDATE && slot->removed != NONE;
}

static void join(grouping *g, jdbc_group *group, key_slot *slot, jdbc_op *op) {
    bool write = op->kind == JDBC_OP_WRITE;
    if (slot && slot->written != NONE) {
        group->writes.items[slot->written] = NULL;
        slot->written = NONE;
    }
    if (write) {
        group->write = op->shape;
        if (list_add(g, &group->writes, op) && slot) {
            slot->written = group->writes.n - 1;
        }
        return;
    }
    group->remove = op->shape;
    if (slot && slot->removed != NONE) {
        return; /* one delete of a key is enough */
    }
    if (list_add(g, &group->removes, op) && slot) {
        slot->removed = group->removes.n - 1;
    }
}

static void close_all(grouping *g) {
    for (jdbc_group *group = g->first; group; group = group->next) {
        group->table->open = NULL;
    }
}

static void take_truncate(grouping *g, jdbc_op *op) {
    close_all(g);
    jdbc_group *group = new_group(g, op->table);
    if (group) {
        group->truncate = true;
    }
    op->table->open = NULL;
}

static void take_op(grouping *g, jdbc_op *op) {
    if (op->kind == JDBC_OP_TRUNCATE) {
        take_truncate(g, op);
        return;
    }
    jdbc_group *group = op->table->open;
    if (!group || !shape_fits(group, op)) {
        group = new_group(g, op->table);
    }
    if (!group) {
        return;
    }
    if (op->shape->nkeys == 0) {
        join(g, group, NULL, op);
        return;
    }
    key_slot *slot = slot_for(g, group, op);
    if (slot && clashes(g, slot, op)) {
        group = new_group(g, op->table);
        slot = group ? slot_for(g, group, op) : NULL;
    }
    if (slot) {
        join(g, group, slot, op);
    }
}

static sl_error *write_list(jdbc_task *t, jdbc_shape *shape, op_list *l) {
    size_t n = 0, limit = t->settings->raw->batch_size > 1 ? (size_t)t->settings->raw->batch_size : 1;
    for (size_t i = 0; i < l->n; i++) {
        if (l->items[i]) {
            l->items[n++] = l->items[i];
        }
    }
    for (size_t at = 0; at < n; at += limit) {
        SL_TRY(t->dialect->write(t->db, shape, l->items + at, n - at < limit ? n - at : limit));
    }
    return NULL;
}

static sl_error *write_groups(jdbc_task *t, jdbc_group *group) {
    for (; group; group = group->next) {
        if (group->truncate) {
            SL_TRY(t->dialect->truncate(t->db, group->table));
            continue;
        }
        if (group->remove) {
            SL_TRY(write_list(t, group->remove, &group->removes));
        }
        if (group->write) {
            SL_TRY(write_list(t, group->write, &group->writes));
        }
    }
    return NULL;
}

sl_error *jdbc_ops_apply(jdbc_task *t, size_t lo, size_t hi) {
    grouping g = {.t = t};
    g.end = &g.first;
    sl_arena_init(&g.arena, 16 * 1024);
    for (size_t i = lo; i < hi && !g.failed; i++) {
        if (!t->ops[i].bad) {
            take_op(&g, &t->ops[i]);
        }
    }
    close_all(&g);
    sl_error *err = g.failed ? sl_error_nomem() : write_groups(t, g.first);
    sl_arena_deinit(&g.arena);
    return err;
}
