/*
 * offsets_file.c - the offsets of a standalone worker: a table in memory, and the file that is its durable
 * copy.
 *
 * The file, in UTF-8, one offset a line:
 *   sluice-offsets 1
 *   [["connector",{partition}],{offset}]
 *   end N
 * with N the number of offsets, so that a file that was cut is noticed. It is replaced as a whole for each
 * change. Those who put while it is being written share the next write: the first of them does it for all (a
 * round).
 *
 * A file of Kafka Connect's standalone worker (java_file.h) stays in its form, so that worker can take it
 * back.
 *
 * Threads: any; one lock, not held while the file is written. Memory: entries are on the heap.
 */
#include "store/offsets.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "store/atomic_file.h"
#include "store/java_file.h"
#include "store/offset_json.h"
#include "store/offsets_impl.h"

#define COMPONENT "offsets"
#define MAGIC "sluice-offsets 1\n"
#define MAX_FILE ((size_t)512 * 1024 * 1024)

typedef struct entry {
    char *key;    /* as it was first written */
    char *value;  /* NULL = not stored */
    char *staged; /* what the write under way makes of it; NULL = it goes */
    bool changing;
} entry;

/* One offset to be put. */
typedef struct change {
    struct change *next;
    char *canonical;
    char *key;
    char *value; /* NULL = delete */
} change;

/* The puts that one write of the file serves. */
typedef struct round {
    change *first, *last;
    unsigned refs;
    bool done;
    bool failed;
    sl_error_code code;
    sl_error_class cls;
    char text[512];
} round_t;

typedef struct file_store {
    sl__offsets base; /* first */
    pthread_mutex_t lock;
    pthread_cond_t turn; /* a round is done */
    sl__map entries;     /* canonical key -> entry */
    round_t *next;       /* collects puts while a write is under way */
    bool writing;
    bool java; /* the file is in Java's form */
    char path[PATH_MAX];
    int lock_fd;
} file_store;

static file_store *store_of(sl__offsets *o) {
    return (file_store *)o;
}

/* ---- the table ---- */

static void entry_free(void *p) {
    entry *e = p;
    sl_free(e->key);
    sl_free(e->value);
    sl_free(e->staged);
    sl_free(e);
}

/* entry_find gives the entry of a canonical key; a new one takes the key over. NULL when out of memory. */
static entry *entry_find(file_store *o, sl_str canonical, char **key) {
    entry *e = sl__map_get(&o->entries, canonical);
    if (e) {
        return e;
    }
    e = sl_calloc(1, sizeof *e);
    if (e && !sl__map_put(&o->entries, canonical, e)) {
        sl_free(e);
        e = NULL;
    }
    if (e) {
        e->key = *key;
        *key = NULL;
    }
    return e;
}

/* ---- reading the file ---- */

static sl_error *add_loaded(file_store *o, sl_str connector, const sl_value *partition,
                            const sl_value *value) {
    char *canonical = NULL, *key = NULL, *text = NULL;
    sl_error *err = sl__offset_key_text(connector, partition, true, &canonical);
    err = err ? err : sl__offset_key_text(connector, partition, false, &key);
    err = err ? err : sl__offset_value_text(value, &text);
    if (!err) {
        entry *e = entry_find(o, sl_str_of(canonical), &key);
        if (!e) {
            err = sl_error_nomem();
        } else if (e->value) {
            err = sl_error_new(SL_E_DATA, SL_USER, "the same partition twice");
        } else {
            e->value = text;
            text = NULL;
        }
    }
    sl_free(canonical);
    sl_free(key);
    sl_free(text);
    return err;
}

static sl_error *load_line(file_store *o, sl_str line) {
    sl_arena arena;
    sl_value v;
    sl_arena_init(&arena, 0);
    sl_error *err = sl__offset_json_read(line, &arena, &v);
    if (!err && (v.type != SL_ARRAY || v.n != 2 || v.items[0].type != SL_ARRAY || v.items[0].n != 2 ||
                 v.items[0].items[0].type != SL_STRING || sl_is_null(&v.items[1]))) {
        err = sl_error_new(SL_E_DATA, SL_USER, "expected [[\"connector\",{partition}],{offset}]");
    }
    if (!err) {
        const sl_value *key = v.items[0].items;
        err = add_loaded(o, sl_value_str(&key[0]), &key[1], &v.items[1]);
    }
    sl_arena_deinit(&arena);
    return err;
}

/* load_own reads our own format; *line tells where it stands. */
static sl_error *load_own(file_store *o, sl_str text, size_t *line) {
    sl_str rest = sl_str_skip(text, sizeof MAGIC - 1);
    sl_str token;
    int64_t count = -1;
    for (*line = 2; sl_str_next(&rest, '\n', &token); ++*line) {
        if (sl_str_starts(token, SL_STR("end "))) {
            if (!sl_str_to_i64(sl_str_skip(token, 4), &count) || rest.n || !rest.p) {
                return sl_error_new(SL_E_DATA, SL_USER, "expected the file to end with 'end N'");
            }
            break;
        }
        SL_TRY(load_line(o, token));
    }
    if (count < 0 || (size_t)count != sl__map_count(&o->entries)) {
        return sl_error_new(SL_E_DATA, SL_USER, "expected 'end %zu', the file was cut or changed",
                            sl__map_count(&o->entries));
    }
    return NULL;
}

static sl_error *load_java_entry(void *arg, sl_str key, sl_str value) {
    sl_arena arena;
    sl_str connector = SL_STR_NONE;
    sl_value partition, offset;
    if (!key.p || !value.p) {
        return NULL; /* a deleted offset */
    }
    sl_arena_init(&arena, 0);
    sl_error *err = sl__offset_json_split(key, &arena, &connector, &partition);
    err = err ? err : sl__offset_json_read(value, &arena, &offset);
    if (!err && !sl_is_null(&offset)) {
        err = add_loaded(arg, connector, &partition, &offset);
    }
    sl_arena_deinit(&arena);
    return err;
}

static sl_error *damaged(const file_store *o, size_t line, sl_error *why) {
    if (why->cls != SL_USER) {
        return why;
    }
    const char *remedy = "put back a copy of it, or remove it to have every source start anew";
    return line ? sl_error_wrap(why, "the offset file '%s' is damaged (%s): line %zu", o->path, remedy, line)
                : sl_error_wrap(why, "the offset file '%s' cannot be used (%s)", o->path, remedy);
}

/* ---- writing the file ---- */

static const char *text_to_write(const entry *e) {
    return e->changing ? e->staged : e->value;
}

static void render_own(file_store *o, size_t n, sl_buf *b) {
    size_t at = 0;
    void *value;
    sl_buf_add_z(b, MAGIC);
    while (sl__map_next(&o->entries, &at, NULL, &value)) {
        const char *text = text_to_write(value);
        if (text) {
            sl_buf_add_char(b, '[');
            sl_buf_add_z(b, ((entry *)value)->key);
            sl_buf_add_char(b, ',');
            sl_buf_add_z(b, text);
            sl_buf_add_z(b, "]\n");
        }
    }
    sl_buf_printf(b, "end %zu\n", n);
}

static void render_java(file_store *o, size_t n, sl_buf *b) {
    size_t at = 0;
    bool first = true;
    void *value;
    sl__java_file_write_head((uint32_t)n, b);
    while (sl__map_next(&o->entries, &at, NULL, &value)) {
        const char *text = text_to_write(value);
        if (text) {
            sl__java_file_write_entry(sl_str_of(((entry *)value)->key), sl_str_of(text), first, b);
            first = false;
        }
    }
    sl__java_file_write_end(b);
}

/* render writes what the file is to be. */
static void render(file_store *o, sl_buf *b) {
    size_t n = 0, at = 0;
    void *value;
    while (sl__map_next(&o->entries, &at, NULL, &value)) {
        n += text_to_write(value) != NULL;
    }
    if (o->java) {
        render_java(o, n, b);
    } else {
        render_own(o, n, b);
    }
}

static sl_error *write_file(file_store *o, const sl_buf *b) {
    if (b->failed) {
        return sl_error_nomem();
    }
    sl_error *err = sl__file_replace(o->path, sl_buf_view(b));
    return err ? sl_error_wrap(err, "offsets are not stored") : NULL;
}

static sl_error *load_java(file_store *o, sl_str text) {
    sl_error *err = sl__java_file_read(text, load_java_entry, o);
    if (err) {
        return damaged(o, 0, err);
    }
    o->java = true;
    sl__log(
        SL_LOG_INFO, COMPONENT,
        "'%s' is a Java worker's offset file with %zu offsets, and stays in its form: a Java worker can go "
        "on from it when this one has stopped",
        o->path, sl__map_count(&o->entries));
    return NULL;
}

static sl_error *load(file_store *o, sl_str text) {
    size_t line = 1;
    if (sl__java_file_is(text)) {
        return load_java(o, text);
    }
    if (!sl_str_starts(text, SL_STR(MAGIC))) {
        return damaged(
            o, line,
            sl_error_new(SL_E_DATA, SL_USER, "expected 'sluice-offsets 1', or the file of a Java worker"));
    }
    sl_error *err = load_own(o, text, &line);
    return err ? damaged(o, line, err) : NULL;
}

/* ---- finding and closing it ---- */

/* resolve_path follows a link, so that replacing the file does not replace the link. */
static sl_error *resolve_path(file_store *o, sl_str path) {
    char real[PATH_MAX];
    int n = snprintf(o->path, sizeof o->path, "%.*s", SL_STR_ARG(path));
    if (path.n == 0 || n < 0 || (size_t)n + 16 >= sizeof o->path) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "expected a path in offset.storage.file.filename, got '%.*s'", SL_STR_ARG(path));
    }
    if (realpath(o->path, real) && strlen(real) + 16 < sizeof real) {
        memcpy(o->path, real, strlen(real) + 1);
    }
    return NULL;
}

static sl_error *open_file(file_store *o) {
    char temp[PATH_MAX + 8];
    sl_buf text;
    bool there;
    sl_error *err = sl__file_lock(o->path, &o->lock_fd);
    if (err) {
        return sl_error_wrap(err, "offset.storage.file.filename");
    }
    snprintf(temp, sizeof temp, "%s.tmp", o->path);
    (void)unlink(temp); /* of a worker that was killed while it wrote */
    SL_TRY(sl__file_read(o->path, MAX_FILE, &text, &there));
    err = there && text.n ? load(o, sl_buf_view(&text)) : NULL;
    sl_buf_deinit(&text);
    return err;
}

static void file_close(sl__offsets *base) {
    file_store *o = store_of(base);
    if (o->lock_fd >= 0) {
        close(o->lock_fd);
    }
    sl__map_deinit(&o->entries);
    pthread_cond_destroy(&o->turn);
    pthread_mutex_destroy(&o->lock);
    sl_free(o);
}

/* ---- get ---- */

static sl_error *file_get(sl__offsets *base, sl_str connector, const sl_value *partition, sl_arena *arena,
                          sl_value *offset) {
    file_store *o = store_of(base);
    char *canonical = NULL, *copy = NULL;
    *offset = sl_null();
    sl_error *err = sl__offset_key_text(connector, partition, true, &canonical);
    if (err) {
        sl_free(canonical);
        return err;
    }
    pthread_mutex_lock(&o->lock);
    const entry *e = sl__map_get(&o->entries, sl_str_of(canonical));
    bool there = e && e->value;
    if (there) {
        copy = sl_strdup(sl_str_of(e->value));
    }
    pthread_mutex_unlock(&o->lock);
    sl_free(canonical);
    if (there) {
        err = copy ? sl__offset_json_read(sl_str_of(copy), arena, offset) : sl_error_nomem();
    }
    sl_free(copy);
    return err;
}

/* ---- put ---- */

static void changes_free(change *c) {
    while (c) {
        change *next = c->next;
        sl_free(c->canonical);
        sl_free(c->key);
        sl_free(c->value);
        sl_free(c);
        c = next;
    }
}

/* changes_make turns what is to be put into texts, before any lock. */
static sl_error *changes_make(sl_str connector, const sl_batch_offset *items, size_t n, change **first,
                              change **last) {
    *first = *last = NULL;
    for (size_t i = 0; i < n; i++) {
        change *c = sl_calloc(1, sizeof *c);
        sl_error *err = c ? NULL : sl_error_nomem();
        if (c) {
            *(*last ? &(*last)->next : first) = c;
            *last = c;
            err = sl__offset_key_text(connector, &items[i].partition, true, &c->canonical);
            err = err ? err : sl__offset_key_text(connector, &items[i].partition, false, &c->key);
            err = err ? err : sl__offset_value_text(&items[i].offset, &c->value);
        }
        if (err) {
            changes_free(*first);
            return err;
        }
    }
    return NULL;
}

/* stage notes a round's changes in the table. False when out of memory. @locks o->lock held */
static bool stage(file_store *o, round_t *r) {
    for (change *c = r->first; c; c = c->next) {
        entry *e = entry_find(o, sl_str_of(c->canonical), &c->key);
        if (!e) {
            return false;
        }
        sl_free(e->staged);
        e->staged = c->value;
        e->changing = true;
        c->value = NULL;
    }
    return true;
}

/* settle makes the staged values the stored ones, or forgets them. @locks o->lock held */
static void settle(file_store *o, const round_t *r, bool ok) {
    for (const change *c = r->first; c; c = c->next) {
        entry *e = sl__map_get(&o->entries, sl_str_of(c->canonical));
        if (!e || !e->changing) {
            continue; /* the same key twice in a round, or not staged */
        }
        sl_free(ok ? e->value : e->staged);
        e->value = ok ? e->staged : e->value;
        e->staged = NULL;
        e->changing = false;
        if (!e->value) {
            sl__map_remove(&o->entries, sl_str_of(c->canonical));
        }
    }
}

static void round_fail(round_t *r, sl_error *err) {
    r->failed = true;
    r->code = err->code;
    r->cls = err->cls;
    sl_error_text(err, r->text, sizeof r->text);
    sl_error_free(err);
}

/* run_round writes the file for everybody in the round. @locks o->lock held on entry and exit, released
 * meanwhile */
static void run_round(file_store *o, round_t *r) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    o->writing = true;
    sl_error *err = stage(o, r) ? NULL : sl_error_nomem();
    if (!err) {
        render(o, &b);
        pthread_mutex_unlock(&o->lock);
        err = write_file(o, &b);
        pthread_mutex_lock(&o->lock);
    }
    settle(o, r, !err);
    if (err) {
        round_fail(r, err);
    }
    r->done = true;
    o->writing = false;
    sl_buf_deinit(&b);
    pthread_cond_broadcast(&o->turn);
}

/* join_round adds changes to the round that the next write serves. NULL when out of memory. @locks o->lock
 * held */
static round_t *join_round(file_store *o, change *first, change *last) {
    round_t *r = o->next;
    if (!r) {
        r = o->next = sl_calloc(1, sizeof *r);
    }
    if (!r) {
        return NULL;
    }
    *(r->last ? &r->last->next : &r->first) = first;
    r->last = last;
    r->refs++;
    return r;
}

/* leave_round gives this put's result. @locks o->lock held */
static sl_error *leave_round(round_t *r) {
    sl_error *err = r->failed ? sl_error_new(r->code, r->cls, "%s", r->text) : NULL;
    if (--r->refs == 0) {
        changes_free(r->first);
        sl_free(r);
    }
    return err;
}

static sl_error *file_put(sl__offsets *base, sl_str connector, const sl_batch_offset *items, size_t n) {
    file_store *o = store_of(base);
    change *first, *last;
    SL_TRY(changes_make(connector, items, n, &first, &last));
    if (!first) {
        return NULL;
    }
    pthread_mutex_lock(&o->lock);
    round_t *r = join_round(o, first, last);
    if (!r) {
        pthread_mutex_unlock(&o->lock);
        changes_free(first);
        return sl_error_nomem();
    }
    while (!r->done) {
        if (o->writing) {
            pthread_cond_wait(&o->turn, &o->lock);
        } else {
            o->next = NULL; /* it is r: rounds are written in the order in which they began */
            run_round(o, r);
        }
    }
    sl_error *err = leave_round(r);
    pthread_mutex_unlock(&o->lock);
    return err;
}

/* ---- each ---- */

typedef struct snapshot {
    sl_buf text; /* "key\nvalue\n" of every stored offset */
} snapshot;

static bool snap_entry(void *arg, sl_str canonical, void *value) {
    snapshot *s = arg;
    const entry *e = value;
    (void)canonical;
    if (e->value) {
        sl_buf_add_z(&s->text, e->key);
        sl_buf_add_char(&s->text, '\n');
        sl_buf_add_z(&s->text, e->value);
        sl_buf_add_char(&s->text, '\n');
    }
    return true;
}

static sl_error *each_entry(sl_str key, sl_str value, sl_str connector, sl_arena *arena, sl__offsets_cb cb,
                            void *arg) {
    sl_str name = SL_STR_NONE;
    sl_value partition, offset;
    SL_TRY(sl__offset_json_split(key, arena, &name, &partition));
    if (!sl_str_eq(name, connector)) {
        return NULL;
    }
    SL_TRY(sl__offset_json_read(value, arena, &offset));
    cb(arg, &partition, &offset);
    return NULL;
}

static sl_error *file_each(sl__offsets *base, sl_str connector, sl__offsets_cb cb, void *arg) {
    file_store *o = store_of(base);
    snapshot s;
    sl_arena arena;
    sl_str key, value;
    sl_buf_init(&s.text, NULL);
    pthread_mutex_lock(&o->lock);
    sl__map_each(&o->entries, snap_entry, &s);
    pthread_mutex_unlock(&o->lock);
    sl_error *err = s.text.failed ? sl_error_nomem() : NULL;
    sl_arena_init(&arena, 0);
    sl_str rest = sl_buf_view(&s.text);
    while (!err && rest.n && sl_str_next(&rest, '\n', &key) && sl_str_next(&rest, '\n', &value)) {
        err = each_entry(key, value, connector, &arena, cb, arg);
        sl_arena_reset(&arena, 64 * 1024);
    }
    sl_arena_deinit(&arena);
    sl_buf_deinit(&s.text);
    return err;
}

/* ---- open ---- */

static const sl__offsets_ops file_ops = {
    .close = file_close,
    .get = file_get,
    .put = file_put,
    .each = file_each,
};

sl_error *sl__offsets_open_file(sl_str path, sl__offsets **out) {
    *out = NULL;
    file_store *o = sl_calloc(1, sizeof *o);
    if (!o) {
        return sl_error_nomem();
    }
    o->base.ops = &file_ops;
    pthread_mutex_init(&o->lock, NULL);
    pthread_cond_init(&o->turn, NULL);
    sl__map_init(&o->entries, entry_free);
    o->lock_fd = -1;
    sl_error *err = resolve_path(o, path);
    err = err ? err : open_file(o);
    if (err) {
        file_close(&o->base);
        return err;
    }
    *out = &o->base;
    return NULL;
}
