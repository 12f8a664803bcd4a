/*
 * config_state.c - see config_state.h. One item for each name that was ever spoken of; it stays when the
 * connector is removed, since what was fenced and how often tasks were committed outlives it.
 *
 * Memory: a configuration is one heap block with a count of who points to it.
 */
#include "store/config_state.h"

#include <stdlib.h>

#include "base/map.h"

/* A configuration that several may point to. */
typedef struct box {
    sl_config config; /* first: its entries and their texts follow */
    unsigned refs;
} box;

/* Task configurations that wait for a commit. */
typedef struct pending {
    struct pending *next;
    int32_t task;
    box *config;
} pending;

typedef struct item {
    char *name;
    size_t name_n;
    box *config;
    box *applied;
    bool has_target;
    sl__target target;
    const sl_config **tasks; /* each in a box; may be more than count: what an earlier, larger set had */
    int32_t ntasks;
    int32_t count; /* of the last commit; -1 = none */
    bool inconsistent;
    bool saw_tasks; /* since it was made */
    pending *deferred;
    int32_t generation;
    int32_t fenced_tasks;
    bool needs_fencing;
} item;

struct sl__config_state {
    sl__map items; /* name -> item */
    sl__map own;   /* name -> text */
    size_t present;
    sl__session_key session_key; /* owned */
};

/* ---- configurations ---- */

static char *copy_text(char *to, sl_str from, sl_str *out) {
    if (!from.p) {
        *out = SL_STR_NONE;
        return to;
    }
    memcpy(to, from.p, from.n);
    to[from.n] = '\0';
    *out = sl_str_make(to, from.n);
    return to + from.n + 1;
}

/* box_new copies a configuration into one block. NULL: out of memory. */
static box *box_new(const sl_config *c) {
    size_t size = sizeof(box) + c->n * sizeof(sl_config_entry);
    for (size_t i = 0; i < c->n; i++) {
        size += c->entries[i].key.n + c->entries[i].value.n + 2;
    }
    box *b = sl_calloc(1, size);
    if (!b) {
        return NULL;
    }
    sl_config_entry *entries = (sl_config_entry *)(void *)(b + 1);
    char *to = (char *)(entries + c->n);
    for (size_t i = 0; i < c->n; i++) {
        to = copy_text(to, c->entries[i].key, &entries[i].key);
        to = copy_text(to, c->entries[i].value, &entries[i].value);
    }
    b->config = (sl_config){entries, c->n};
    b->refs = 1;
    return b;
}

static box *box_ref(box *b) {
    b->refs++;
    return b;
}

/* box_of gives the box that a configuration stands in. */
static box *box_of(const sl_config *c) {
    return (box *)(uintptr_t)c;
}

static void box_unref(box *b) {
    if (b && --b->refs == 0) {
        sl_free(b);
    }
}

/* ---- items ---- */

static void clear_deferred(item *it) {
    while (it->deferred) {
        pending *p = it->deferred;
        it->deferred = p->next;
        box_unref(p->config);
        sl_free(p);
    }
}

static void clear_tasks(item *it) {
    for (int32_t i = 0; i < it->ntasks; i++) {
        box_unref(box_of(it->tasks[i]));
    }
    sl_free(it->tasks);
    it->tasks = NULL;
    it->ntasks = 0;
}

static void item_free(void *value) {
    item *it = value;
    clear_deferred(it);
    clear_tasks(it);
    box_unref(it->config);
    box_unref(it->applied);
    sl_free(it->name);
    sl_free(it);
}

/* item_of gives the item of a name, making it. NULL: out of memory. */
static item *item_of(sl__config_state *s, sl_str name) {
    item *it = sl__map_get(&s->items, name);
    if (it) {
        return it;
    }
    it = sl_calloc(1, sizeof *it);
    if (!it) {
        return NULL;
    }
    it->name = sl_strdup(name);
    it->name_n = name.n;
    it->count = it->generation = it->fenced_tasks = -1;
    if (!it->name || !sl__map_put(&s->items, name, it)) {
        item_free(it);
        return NULL;
    }
    return it;
}

/* forget clears what a connector had. How it was fenced, and its target state, stay. */
static void forget(sl__config_state *s, item *it) {
    s->present -= it->config != NULL;
    box_unref(it->config);
    box_unref(it->applied);
    it->config = it->applied = NULL;
    it->count = -1;
    it->saw_tasks = false;
    clear_tasks(it);
    clear_deferred(it);
}

/* ---- records ---- */

static sl_error *apply_connector(sl__config_state *s, const sl__config_record *r, sl__config_change *change) {
    item *it = item_of(s, r->name);
    if (!it) {
        return sl_error_nomem();
    }
    if (r->removed) {
        *change = it->config ? SL_CHANGE_REMOVED : SL_CHANGE_NONE;
        forget(s, it);
        return NULL;
    }
    box *b = box_new(&r->config);
    if (!b) {
        return sl_error_nomem();
    }
    s->present += it->config == NULL;
    box_unref(it->config);
    it->config = b;
    if (!it->has_target) {
        it->has_target = true;
        it->target = SL_TARGET_STARTED;
    }
    *change = SL_CHANGE_CONNECTOR;
    return NULL;
}

static sl_error *apply_task(sl__config_state *s, const sl__config_record *r) {
    item *it = item_of(s, r->name);
    box *b = it ? box_new(&r->config) : NULL;
    if (!b) {
        return sl_error_nomem();
    }
    it->saw_tasks = true;
    for (pending *p = it->deferred; p; p = p->next) {
        if (p->task == r->task) {
            box_unref(p->config);
            p->config = b;
            return NULL;
        }
    }
    pending *p = sl_calloc(1, sizeof *p);
    if (!p) {
        box_unref(b);
        return sl_error_nomem();
    }
    *p = (pending){it->deferred, r->task, b};
    it->deferred = p;
    return NULL;
}

/* complete tells whether each of the tasks 0 to count - 1 waits for the commit. There may be more: those of
 * a larger set before, whose commit compaction has taken away. */
static bool complete(const item *it, int32_t count) {
    int32_t found = 0;
    for (const pending *p = it->deferred; p; p = p->next) {
        found += p->task < count;
    }
    return found == count;
}

/* adopt puts what waited in force. */
static sl_error *adopt(item *it) {
    int32_t n = it->ntasks;
    for (const pending *p = it->deferred; p; p = p->next) {
        n = p->task >= n ? p->task + 1 : n;
    }
    if (n > it->ntasks) {
        const sl_config **more = sl_calloc((size_t)n, sizeof *more);
        if (!more) {
            return sl_error_nomem();
        }
        if (it->ntasks) {
            memcpy(more, it->tasks, (size_t)it->ntasks * sizeof *more);
        }
        sl_free(it->tasks);
        it->tasks = more;
        it->ntasks = n;
    }
    for (const pending *p = it->deferred; p; p = p->next) {
        box_unref(box_of(it->tasks[p->task]));
        it->tasks[p->task] = &box_ref(p->config)->config;
    }
    return NULL;
}

/* drop_surplus forgets waiting tasks beyond the commit: nobody ever looks at them. */
static void drop_surplus(item *it, int32_t count) {
    for (pending **at = &it->deferred; *at;) {
        pending *p = *at;
        if (p->task >= count) {
            *at = p->next;
            box_unref(p->config);
            sl_free(p);
        } else {
            at = &p->next;
        }
    }
}

static sl_error *commit_whole(item *it, int32_t count) {
    drop_surplus(it, count);
    SL_TRY(adopt(it));
    it->generation += it->saw_tasks; /* a first set of no tasks is none */
    it->inconsistent = false;
    box_unref(it->applied);
    it->applied = box_ref(it->config);
    return NULL;
}

static sl_error *apply_commit(sl__config_state *s, const sl__config_record *r, sl__config_change *change) {
    item *it = item_of(s, r->name);
    if (!it) {
        return sl_error_nomem();
    }
    if (!it->config) {
        forget(s, it); /* the connector was deleted, and compaction took even its tombstone */
        return NULL;
    }
    if (complete(it, r->count)) {
        SL_TRY(commit_whole(it, r->count));
    } else {
        it->inconsistent = true;
    }
    clear_deferred(it);
    it->count = r->count;
    it->needs_fencing = true;
    *change = SL_CHANGE_TASKS;
    return NULL;
}

static sl_error *apply_target(sl__config_state *s, const sl__config_record *r, sl__config_change *change) {
    item *it = item_of(s, r->name);
    if (!it) {
        return sl_error_nomem();
    }
    bool had = it->has_target;
    sl__target before = it->target;
    it->has_target = !r->removed || it->config;
    it->target = r->removed ? SL_TARGET_STARTED : r->target;
    if (it->config && (!had || before != it->target)) {
        *change = SL_CHANGE_TARGET;
    }
    return NULL;
}

static sl_error *apply_fencing(sl__config_state *s, const sl__config_record *r, sl__config_change *change) {
    item *it = item_of(s, r->name);
    if (!it) {
        return sl_error_nomem();
    }
    it->fenced_tasks = r->count;
    it->needs_fencing = false;
    *change = SL_CHANGE_FENCED;
    return NULL;
}

static void free_session_key(sl__session_key *k) {
    sl_free((char *)(uintptr_t)k->key.p);
    sl_free((char *)(uintptr_t)k->algorithm.p);
    *k = (sl__session_key){0};
}

static sl_error *apply_session_key(sl__config_state *s, const sl__config_record *r,
                                   sl__config_change *change) {
    sl__session_key k = r->session_key;
    k.key.p = sl_strdup(k.key);
    k.algorithm.p = sl_strdup(k.algorithm);
    if (!k.key.p || !k.algorithm.p) {
        free_session_key(&k);
        return sl_error_nomem();
    }
    free_session_key(&s->session_key);
    s->session_key = k;
    *change = SL_CHANGE_SESSION_KEY;
    return NULL;
}

static sl_error *apply_own(sl__config_state *s, const sl__config_record *r, sl__config_change *change) {
    *change = SL_CHANGE_OWN;
    if (r->removed) {
        sl__map_remove(&s->own, r->name);
        return NULL;
    }
    char *text = sl_strdup(r->json);
    if (!text || !sl__map_put(&s->own, r->name, text)) {
        sl_free(text);
        return sl_error_nomem();
    }
    return NULL;
}

sl_error *sl__config_state_apply(sl__config_state *s, const sl__config_record *r, sl__config_change *change) {
    *change = SL_CHANGE_NONE;
    switch (r->kind) {
    case SL_CR_CONNECTOR:
        return apply_connector(s, r, change);
    case SL_CR_TASK:
        return apply_task(s, r);
    case SL_CR_COMMIT:
        return apply_commit(s, r, change);
    case SL_CR_TARGET:
        return apply_target(s, r, change);
    case SL_CR_FENCING:
        return apply_fencing(s, r, change);
    case SL_CR_SESSION_KEY:
        return apply_session_key(s, r, change);
    case SL_CR_RESTART:
        *change = SL_CHANGE_RESTART;
        return NULL;
    case SL_CR_LOGGER:
        *change = SL_CHANGE_LOGGER;
        return NULL;
    case SL_CR_OWN:
        return apply_own(s, r, change);
    }
    return NULL;
}

/* ---- looking ---- */

static void show(const item *it, sl__stored_connector *out) {
    bool valid = it->count >= 0 && !it->inconsistent;
    *out = (sl__stored_connector){
        .name = sl_str_make(it->name, it->name_n),
        .config = it->config ? &it->config->config : NULL,
        .target = it->target,
        .tasks = it->tasks,
        .ntasks = valid ? it->count : 0,
        .committed = it->count >= 0,
        .inconsistent = it->inconsistent,
        .applied = it->applied ? &it->applied->config : NULL,
        .generation = it->generation,
        .fenced_tasks = it->fenced_tasks,
        .needs_fencing = it->needs_fencing,
    };
}

bool sl__config_state_get(const sl__config_state *s, sl_str name, sl__stored_connector *out) {
    const item *it = sl__map_get(&s->items, name);
    if (!it || !it->config) {
        return false;
    }
    show(it, out);
    return true;
}

static int compare_items(const void *a, const void *b) {
    const item *x = *(const item *const *)a;
    const item *y = *(const item *const *)b;
    return sl_str_cmp(sl_str_make(x->name, x->name_n), sl_str_make(y->name, y->name_n));
}

sl_error *sl__config_state_each(const sl__config_state *s, sl__stored_connector_cb cb, void *arg) {
    const item **sorted = sl_calloc(s->present + 1, sizeof(item *));
    size_t n = 0, at = 0;
    void *value;
    if (!sorted) {
        return sl_error_nomem();
    }
    while (sl__map_next(&s->items, &at, NULL, &value)) {
        const item *it = value;
        if (it->config) {
            sorted[n++] = it;
        }
    }
    qsort(sorted, n, sizeof(item *), compare_items);
    for (size_t i = 0; i < n; i++) {
        sl__stored_connector c;
        show(sorted[i], &c);
        cb(arg, &c);
    }
    sl_free(sorted);
    return NULL;
}

size_t sl__config_state_count(const sl__config_state *s) {
    return s->present;
}

sl__session_key sl__config_state_session_key(const sl__config_state *s) {
    return s->session_key;
}

sl_str sl__config_state_own(const sl__config_state *s, sl_str name) {
    return sl_str_of(sl__map_get(&s->own, name));
}

void sl__config_state_each_own(const sl__config_state *s, sl_str prefix, sl__own_record_cb cb, void *arg) {
    size_t at = 0;
    sl_str name;
    void *text;
    while (sl__map_next(&s->own, &at, &name, &text)) {
        if (sl_str_starts(name, prefix)) {
            cb(arg, name, sl_str_of(text));
        }
    }
}

/* ---- life ---- */

sl__config_state *sl__config_state_new(void) {
    sl__config_state *s = sl_calloc(1, sizeof *s);
    if (s) {
        sl__map_init(&s->items, item_free);
        sl__map_init(&s->own, sl_free);
    }
    return s;
}

void sl__config_state_free(sl__config_state *s) {
    if (!s) {
        return;
    }
    sl__map_deinit(&s->items);
    sl__map_deinit(&s->own);
    free_session_key(&s->session_key);
    sl_free(s);
}
