/*
 * schema.c - the table of interned schemas.
 *
 * The table has shards by hash, each a mutex and chained buckets. What is in a table has at least one
 * reference: the last reference is given back under the shard's lock, which also takes the schema out of the
 * table, so that a schema which is found can always be referenced.
 *
 * Not for: the meaning of schema names beyond the four logical types. Threads: any; one lock at a time.
 * Memory: a schema is one block with its texts, fields, parameters and default value; children are
 * referenced.
 */
#include "model/schema.h"

#include <pthread.h>
#include <stdatomic.h>

#define SHARDS 32u
#define FIRST_BUCKETS 16u

typedef struct node {
    struct node *next;
    _Atomic uint64_t refs;
    sl_schema schema;
} node;

typedef struct shard {
    pthread_mutex_t lock;
    node **buckets;
    size_t nbuckets; /* power of two, or 0 */
    size_t count;
} shard;

static shard shards[SHARDS] = {[0 ... SHARDS - 1] = {.lock = PTHREAD_MUTEX_INITIALIZER}};
static _Atomic uint64_t last_id;

static node *node_of(const sl_schema *s) {
    return (node *)((char *)(uintptr_t)s - offsetof(node, schema));
}

static shard *shard_of(uint64_t hash) {
    return &shards[hash % SHARDS];
}

static size_t bucket_of(const shard *sh, uint64_t hash) {
    return (size_t)(hash / SHARDS) & (sh->nbuckets - 1);
}

/* ---- hash and equality ---- */

static uint64_t blend(uint64_t h, uint64_t v) {
    h ^= v + 0x9e3779b97f4a7c15u + (h << 6) + (h >> 2);
    return h * 0xff51afd7ed558ccdu;
}

static uint64_t blend_str(uint64_t h, sl_str s) {
    return blend(h, s.p ? sl_str_hash(s) : 1);
}

static uint64_t blend_value(uint64_t h, const sl_value *v) {
    h = blend(h, v->type);
    switch ((sl_type)v->type) {
    case SL_NULL:
        return h;
    case SL_STRING:
    case SL_BYTES:
        return blend_str(h, sl_value_str(v));
    case SL_BOOL:
        return blend(h, v->b);
    case SL_FLOAT32:
    case SL_FLOAT64:
        return v->f != v->f ? blend(h, 2) : blend(h, (uint64_t)v->i);
    case SL_ARRAY:
    case SL_MAP:
    case SL_STRUCT:
        for (size_t i = 0; i < (v->type == SL_MAP ? (size_t)v->n * 2 : v->n); i++) {
            h = blend_value(h, &v->items[i]);
        }
        return blend(h, v->n);
    default:
        return blend(h, (uint64_t)v->i);
    }
}

static uint64_t hash_schema(const sl_schema *s) {
    uint64_t h = blend(s->type, (uint64_t)s->optional * 2 + s->has_version);
    h = blend(h, s->has_version ? (uint64_t)s->version : 0);
    h = blend_str(blend_str(h, s->name), s->doc);
    for (uint32_t i = 0; i < s->nparams; i++) {
        h = blend_str(blend_str(h, s->params[i].name), s->params[i].value);
    }
    for (uint32_t i = 0; i < s->nfields; i++) {
        h = blend(blend_str(h, s->fields[i].name), s->fields[i].schema->id);
    }
    h = blend(blend(h, s->key ? s->key->id : 0), s->element ? s->element->id : 0);
    return s->default_value ? blend_value(h, s->default_value) : h;
}

static bool same_str(sl_str a, sl_str b) {
    return a.p && b.p ? sl_str_eq(a, b) : a.p == b.p; /* absent is not empty */
}

static bool same_members(const sl_schema *a, const sl_schema *b) {
    for (uint32_t i = 0; i < a->nparams; i++) {
        if (!same_str(a->params[i].name, b->params[i].name) ||
            !same_str(a->params[i].value, b->params[i].value)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < a->nfields; i++) {
        if (a->fields[i].schema != b->fields[i].schema || !sl_str_eq(a->fields[i].name, b->fields[i].name)) {
            return false;
        }
    }
    return true;
}

static bool same_schema(const sl_schema *a, const sl_schema *b) {
    if (a->type != b->type || a->optional != b->optional || a->has_version != b->has_version ||
        (a->has_version && a->version != b->version) || a->nparams != b->nparams ||
        a->nfields != b->nfields || a->key != b->key || a->element != b->element ||
        !a->default_value != !b->default_value) {
        return false;
    }
    return same_str(a->name, b->name) && same_str(a->doc, b->doc) && same_members(a, b) &&
           (!a->default_value || sl_value_eq(a->default_value, b->default_value));
}

/* ---- checking and copying a definition ---- */

static sl_error *bad_schema(const sl_schema *def, const char *what) {
    return sl_error_new(SL_E_SCHEMA, SL_BUG, "schema '%.*s' of type %s is wrong: %s",
                        SL_STR_ARG(def->name.p ? def->name : SL_STR("(no name)")), sl_type_name(def->type),
                        what);
}

static bool is_child(const sl_schema *s) {
    return s && s->id != 0;
}

static sl_error *check_members(const sl_schema *def) {
    for (uint32_t i = 0; i < def->nfields; i++) {
        if (!is_child(def->fields[i].schema)) {
            return bad_schema(def, "expected an interned schema for each field");
        }
        if (!def->fields[i].name.p) {
            return bad_schema(def, "expected a name for each field");
        }
    }
    for (uint32_t i = 0; i < def->nparams; i++) {
        if (!def->params[i].name.p) {
            return bad_schema(def, "expected a name for each parameter");
        }
    }
    return NULL;
}

static sl_error *check_schema(const sl_schema *def) {
    if (def->type <= SL_NULL || def->type >= SL_TYPE_COUNT) {
        return bad_schema(def, "expected a type from INT8 to STRUCT");
    }
    if ((def->type == SL_ARRAY || def->type == SL_MAP) ? !is_child(def->element) : def->element != NULL) {
        return bad_schema(def, "expected an interned element schema with ARRAY and MAP, and only there");
    }
    if (def->type == SL_MAP ? !is_child(def->key) : def->key != NULL) {
        return bad_schema(def, "expected an interned key schema with MAP, and only there");
    }
    if (def->nfields && def->type != SL_STRUCT) {
        return bad_schema(def, "expected fields with STRUCT only");
    }
    SL_TRY(check_members(def));
    if (def->default_value) {
        sl_error *err = sl_value_check(def, def->default_value);
        if (err) {
            err = sl_error_wrap(err, "default value of schema '%.*s'", SL_STR_ARG(def->name));
            return err;
        }
    }
    return NULL;
}

static sl_logical logical_of(const sl_schema *def) {
    static const struct {
        sl_str name;
        sl_type type;
        sl_logical logical;
    } known[] = {
        {SL_STR_INIT("org.apache.kafka.connect.data.Decimal"), SL_BYTES, SL_LOGICAL_DECIMAL},
        {SL_STR_INIT("org.apache.kafka.connect.data.Date"), SL_INT32, SL_LOGICAL_DATE},
        {SL_STR_INIT("org.apache.kafka.connect.data.Time"), SL_INT32, SL_LOGICAL_TIME},
        {SL_STR_INIT("org.apache.kafka.connect.data.Timestamp"), SL_INT64, SL_LOGICAL_TIMESTAMP},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].type == def->type && sl_str_eq(known[i].name, def->name)) {
            return known[i].logical;
        }
    }
    return def->name.p ? SL_LOGICAL_OTHER : SL_LOGICAL_NONE;
}

/* Lays things out in one block: with base NULL it only counts, so the same code measures and copies. */
typedef struct layout {
    char *base;
    size_t at;
} layout;

static void *lay(layout *l, size_t n) {
    size_t at = (l->at + 15u) & ~(size_t)15u;
    l->at = at + n;
    return l->base ? l->base + at : NULL;
}

static sl_str lay_str(layout *l, sl_str s) {
    if (!s.p) {
        return SL_STR_NONE;
    }
    char *to = l->base ? l->base + l->at : NULL;
    l->at += s.n + 1;
    if (to) {
        memcpy(to, s.p, s.n);
        to[s.n] = '\0';
    }
    return sl_str_make(to, s.n);
}

static void lay_value(layout *l, const sl_value *v, sl_value *out) {
    sl_value copy = *v;
    if (v->type == SL_STRING || v->type == SL_BYTES) {
        copy.s = lay_str(l, sl_str_make(v->s ? v->s : "", v->n)).p;
    } else if (v->type == SL_ARRAY || v->type == SL_MAP || v->type == SL_STRUCT) {
        size_t n = v->type == SL_MAP ? (size_t)v->n * 2 : v->n;
        copy.items = lay(l, n * sizeof *copy.items);
        for (size_t i = 0; i < n; i++) {
            lay_value(l, &v->items[i], l->base ? &copy.items[i] : NULL);
        }
    }
    if (out) {
        *out = copy;
    }
}

/* lay_schema copies def and what it owns behind the node; out may be NULL (counting). */
static void lay_schema(layout *l, const sl_schema *def, sl_schema *out) {
    sl_schema copy = *def;
    sl_field *fields = lay(l, def->nfields * sizeof *fields);
    sl_schema_param *params = lay(l, def->nparams * sizeof *params);
    sl_value *value = def->default_value ? lay(l, sizeof *value) : NULL;
    copy.name = lay_str(l, def->name);
    copy.doc = lay_str(l, def->doc);
    for (uint32_t i = 0; i < def->nfields; i++) {
        sl_field f = {lay_str(l, def->fields[i].name), def->fields[i].schema};
        if (fields) {
            fields[i] = f;
        }
    }
    for (uint32_t i = 0; i < def->nparams; i++) {
        sl_schema_param p = {lay_str(l, def->params[i].name), SL_STR_NONE};
        p.value = lay_str(l, def->params[i].value);
        if (params) {
            params[i] = p;
        }
    }
    if (def->default_value) {
        lay_value(l, def->default_value, value);
    }
    copy.fields = def->nfields ? fields : NULL;
    copy.params = def->nparams ? params : NULL;
    copy.default_value = value;
    if (out) {
        *out = copy;
    }
}

static void each_child(const sl_schema *s, void (*fn)(const sl_schema *child)) {
    for (uint32_t i = 0; i < s->nfields; i++) {
        fn(s->fields[i].schema);
    }
    fn(s->key);
    fn(s->element);
}

/* make_node copies def, and references its children. NULL when out of memory. */
static node *make_node(const sl_schema *def, uint64_t hash) {
    layout count = {NULL, sizeof(node)};
    lay_schema(&count, def, NULL);
    node *n = sl_alloc(count.at);
    if (!n) {
        return NULL;
    }
    layout l = {(char *)n, sizeof(node)};
    lay_schema(&l, def, &n->schema);
    n->next = NULL;
    atomic_init(&n->refs, 1);
    n->schema.hash = hash;
    n->schema.id = atomic_fetch_add(&last_id, 1) + 1;
    n->schema.logical = logical_of(def);
    each_child(&n->schema, sl__schema_ref);
    return n;
}

/* ---- the table ---- */

/* grow_buckets doubles a shard's table; without memory the old one goes on. False: there is none at all. */
static bool grow_buckets(shard *sh) {
    size_t n = sh->nbuckets ? sh->nbuckets * 2 : FIRST_BUCKETS;
    node **buckets = sl_calloc(n, sizeof(node *));
    shard bigger = {.buckets = buckets, .nbuckets = n};
    if (!buckets) {
        return sh->nbuckets > 0;
    }
    for (size_t i = 0; i < sh->nbuckets; i++) {
        node *next;
        for (node *at = sh->buckets[i]; at; at = next) {
            size_t b = bucket_of(&bigger, at->schema.hash);
            next = at->next;
            at->next = buckets[b];
            buckets[b] = at;
        }
    }
    sl_free(sh->buckets);
    sh->buckets = buckets;
    sh->nbuckets = n;
    return true;
}

/* find_node: under the shard's lock. */
static node *find_node(const shard *sh, const sl_schema *def, uint64_t hash) {
    node *at = sh->nbuckets ? sh->buckets[bucket_of(sh, hash)] : NULL;
    while (at && !(at->schema.hash == hash && same_schema(&at->schema, def))) {
        at = at->next;
    }
    return at;
}

static node *add_node(shard *sh, const sl_schema *def, uint64_t hash) {
    if (sh->count >= sh->nbuckets && !grow_buckets(sh)) {
        return NULL;
    }
    node *n = make_node(def, hash);
    if (n) {
        size_t b = bucket_of(sh, hash);
        n->next = sh->buckets[b];
        sh->buckets[b] = n;
        sh->count++;
    }
    return n;
}

sl_error *sl__schema_intern(const sl_schema *def, const sl_schema **out) {
    sl_schema wanted = *def;
    *out = NULL;
    if (wanted.default_value && sl_is_null(wanted.default_value)) {
        wanted.default_value = NULL;
    }
    SL_TRY(check_schema(&wanted));
    uint64_t hash = hash_schema(&wanted);
    shard *sh = shard_of(hash);
    pthread_mutex_lock(&sh->lock);
    node *n = find_node(sh, &wanted, hash);
    if (n) {
        atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    } else {
        n = add_node(sh, &wanted, hash);
    }
    pthread_mutex_unlock(&sh->lock);
    if (!n) {
        return sl_error_nomem();
    }
    *out = &n->schema;
    return NULL;
}

void sl__schema_ref(const sl_schema *s) {
    if (s) {
        atomic_fetch_add_explicit(&node_of(s)->refs, 1, memory_order_relaxed);
    }
}

/* drop_last gives a reference back under the lock; true when the schema left the table and is the caller's to
 * free. */
static bool drop_last(node *n) {
    shard *sh = shard_of(n->schema.hash);
    pthread_mutex_lock(&sh->lock);
    bool last = atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) == 1;
    if (last) {
        node **at = &sh->buckets[bucket_of(sh, n->schema.hash)];
        while (*at != n) {
            at = &(*at)->next;
        }
        *at = n->next;
        sh->count--;
        if (sh->count == 0) {
            sl_free(sh->buckets);
            sh->buckets = NULL;
            sh->nbuckets = 0;
        }
    }
    pthread_mutex_unlock(&sh->lock);
    return last;
}

void sl__schema_unref(const sl_schema *s) {
    if (!s) {
        return;
    }
    node *n = node_of(s);
    uint64_t refs = atomic_load_explicit(&n->refs, memory_order_relaxed);
    while (refs > 1) {
        if (atomic_compare_exchange_weak_explicit(&n->refs, &refs, refs - 1, memory_order_release,
                                                  memory_order_relaxed)) {
            return;
        }
    }
    if (drop_last(n)) {
        each_child(s, sl__schema_unref);
        sl_free(n);
    }
}

size_t sl__schema_count(void) {
    size_t n = 0;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&shards[i].lock);
        n += shards[i].count;
        pthread_mutex_unlock(&shards[i].lock);
    }
    return n;
}
