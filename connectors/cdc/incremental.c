/*
 * incremental.c - see incremental.h.
 */
#include "incremental.h"

#include "offset_map.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/random.h>

#include "clock.h"
#include "regex.h"

#define KEY_LAST "incremental_snapshot_primary_key"
#define KEY_MAX "incremental_snapshot_maximum_key"
#define KEY_LIST "incremental_snapshot_collections"
#define KEY_ID "incremental_snapshot_correlation_id"
#define LIST_ID KEY_LIST "_id"
#define LIST_CONDITION KEY_LIST "_additional_condition"
#define LIST_SURROGATE KEY_LIST "_surrogate_key"

void cdc_uuid(char *out) {
    unsigned char b[16];
    if (getrandom(b, sizeof b, 0) != (ssize_t)sizeof b) { /* before the system has gathered any */
        int64_t now = cdc_wall_ns();
        memset(b, 0, sizeof b);
        memcpy(b, &now, sizeof now);
    }
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    size_t n = 0;
    for (int i = 0; i < 16; i++) {
        n +=
            (size_t)snprintf(out + n, 37 - n, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
    }
}

/* ---- keys ---- */

bool cdc_key_set(cdc_key *k, const cdc_key_part *parts, size_t n) {
    cdc_key made = {.n = n};
    sl_arena_init(&made.arena, 256);
    made.parts = sl_arena_zalloc(&made.arena, (n ? n : 1) * sizeof *made.parts);
    for (size_t i = 0; made.parts && i < n; i++) {
        made.parts[i].cls = parts[i].cls;
        made.parts[i].text = parts[i].text.p ? sl_arena_str(&made.arena, parts[i].text) : SL_STR_NONE;
    }
    if (made.arena.failed) {
        sl_arena_deinit(&made.arena);
        return false;
    }
    cdc_key_clear(k);
    *k = made;
    return true;
}

void cdc_key_clear(cdc_key *k) {
    if (k->parts) {
        sl_arena_deinit(&k->arena);
    }
    memset(k, 0, sizeof *k);
}

sl_str cdc_key_text(const cdc_key *k, sl_arena *a) {
    sl_buf b;
    sl_buf_init(&b, a);
    for (size_t i = 0; i < k->n; i++) {
        sl_buf_add_z(&b, i ? "," : "");
        sl_buf_add_str(&b, k->parts[i].text.p ? k->parts[i].text : SL_STR("<null>"));
    }
    return sl_buf_take(&b);
}

/* ---- tables ---- */

void cdc_incremental_init(cdc_incremental *c) {
    memset(c, 0, sizeof *c);
}

static void free_collection(cdc_collection *x) {
    sl_free(x->id);
    sl_free(x->condition);
    sl_free(x->surrogate);
}

static void forget_position(cdc_incremental *c) {
    cdc_key_clear(&c->sent);
    cdc_key_clear(&c->max);
}

void cdc_incremental_deinit(cdc_incremental *c) {
    for (size_t i = 0; i < c->n; i++) {
        free_collection(&c->items[i]);
    }
    sl_free(c->items);
    sl_free(c->correlation);
    forget_position(c);
    memset(c, 0, sizeof *c);
}

static sl_error *append(cdc_incremental *c, sl_str id, sl_str condition, sl_str surrogate) {
    cdc_collection *more = sl_realloc(c->items, (c->n + 1) * sizeof *more);
    if (!more) {
        return sl_error_nomem();
    }
    c->items = more;
    cdc_collection x = {sl_strdup(id), sl_strdup(condition), sl_strdup(surrogate)};
    if (!x.id || !x.condition || !x.surrogate) {
        free_collection(&x);
        return sl_error_nomem();
    }
    c->items[c->n++] = x;
    return NULL;
}

static sl_error *condition_of(const cdc_signal *s, sl_str id, sl_str *out) {
    *out = SL_STR("");
    for (size_t i = 0; i < s->nconditions; i++) {
        cdc_patterns *p = NULL;
        SL_TRY(cdc_patterns_new("additional-conditions", s->conditions[i].collection, &p));
        bool fits = cdc_patterns_match(p, id);
        cdc_patterns_free(p);
        if (fits) {
            *out = s->conditions[i].filter;
            return NULL;
        }
    }
    return NULL;
}

static sl_error *correlate(cdc_incremental *c, sl_str id) {
    char *copy = sl_strdup(id);
    if (!copy) {
        return sl_error_nomem();
    }
    sl_free(c->correlation);
    c->correlation = copy;
    return NULL;
}

sl_error *cdc_incremental_add(cdc_incremental *c, const cdc_signal *s, const sl_str *ids, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sl_str condition;
        SL_TRY(condition_of(s, ids[i], &condition));
        SL_TRY(append(c, ids[i], condition, s->surrogate.p ? s->surrogate : SL_STR("")));
    }
    return correlate(c, s->id);
}

static void remove_at(cdc_incremental *c, size_t at) {
    free_collection(&c->items[at]);
    memmove(&c->items[at], &c->items[at + 1], (c->n - at - 1) * sizeof *c->items);
    c->n--;
    if (at == 0) {
        forget_position(c);
    }
}

void cdc_incremental_next(cdc_incremental *c) {
    if (c->n) {
        remove_at(c, 0);
    }
}

bool cdc_incremental_remove(cdc_incremental *c, sl_str id) {
    bool any = false;
    for (size_t i = c->n; i > 0; i--) {
        if (sl_str_eqz(id, c->items[i - 1].id)) {
            remove_at(c, i - 1);
            any = true;
        }
    }
    return any;
}

sl_str cdc_incremental_ids(const cdc_incremental *c, sl_arena *a) {
    sl_buf b;
    sl_buf_init(&b, a);
    for (size_t i = 0; i < c->n; i++) {
        sl_buf_add_z(&b, i ? "," : "");
        sl_buf_add_z(&b, c->items[i].id);
    }
    return sl_buf_take(&b);
}

/* ---- the offset ---- */

static void add_json(sl_buf *b, const char *name, const char *text) {
    sl_buf_add_json_str(b, sl_str_of(name));
    sl_buf_add_char(b, ':');
    if (*text) {
        sl_buf_add_json_str(b, sl_str_of(text));
    } else {
        sl_buf_add_z(b, "null");
    }
}

static sl_str list_text(const cdc_incremental *c, sl_arena *a) {
    sl_buf b;
    sl_buf_init(&b, a);
    sl_buf_add_char(&b, '[');
    for (size_t i = 0; i < c->n; i++) {
        sl_buf_add_z(&b, i ? ",{" : "{");
        add_json(&b, LIST_ID, c->items[i].id);
        sl_buf_add_char(&b, ',');
        add_json(&b, LIST_CONDITION, c->items[i].condition);
        sl_buf_add_char(&b, ',');
        add_json(&b, LIST_SURROGATE, c->items[i].surrogate);
        sl_buf_add_char(&b, '}');
    }
    sl_buf_add_char(&b, ']');
    return sl_buf_take(&b);
}

sl_error *cdc_incremental_store(const cdc_incremental *c, sl_arena *a, sl_value *offset) {
    if (!cdc_incremental_running(c)) {
        return NULL;
    }
    sl_value map = cdc_map_more(a, offset, 4);
    if (map.type != SL_MAP) {
        return sl_error_nomem();
    }
    cdc_map_put(&map, SL_STR(KEY_LAST), sl_string(cdc_java_write(c->sent.parts, c->sent.n, a)));
    cdc_map_put(&map, SL_STR(KEY_MAX), sl_string(cdc_java_write(c->max.parts, c->max.n, a)));
    cdc_map_put(&map, SL_STR(KEY_LIST), sl_string(list_text(c, a)));
    cdc_map_put(&map, SL_STR(KEY_ID),
                c->correlation ? sl_string(sl_arena_str(a, sl_str_of(c->correlation))) : sl_null());
    *offset = map;
    return a->failed ? sl_error_nomem() : NULL;
}

static sl_str text_of(const json_t *item, const char *key) {
    const json_t *v = json_object_get(item, key);
    return sl_str_of(json_is_string(v) ? json_string_value(v) : "");
}

static sl_error *load_list(cdc_incremental *c, sl_str text) {
    json_error_t why;
    json_t *list = json_loadb(text.p, text.n, 0, &why);
    sl_error *err = json_is_array(list)
                        ? NULL
                        : sl_error_new(SL_E_DATA, SL_USER, "stored offset: '" KEY_LIST "' is no JSON list");
    for (size_t i = 0; !err && i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        sl_str id = text_of(item, LIST_ID);
        err = id.n ? append(c, id, text_of(item, LIST_CONDITION), text_of(item, LIST_SURROGATE))
                   : sl_error_new(SL_E_DATA, SL_USER,
                                  "stored offset: '" KEY_LIST "' has a table without a "
                                  "name");
    }
    json_decref(list);
    return err;
}

static sl_error *load_key(const sl_value *offset, const char *name, cdc_key *out) {
    const sl_value *v = sl_map_get(offset, sl_str_of(name));
    if (!v || v->type != SL_STRING) {
        return NULL;
    }
    sl_arena a;
    sl_arena_init(&a, 1024);
    cdc_key_part *parts = NULL;
    size_t n = 0;
    sl_error *err = cdc_java_read(sl_value_str(v), &a, &parts, &n);
    if (err) {
        err = sl_error_wrap(err, "stored offset: '%s'", name);
    } else if (parts && !cdc_key_set(out, parts, n)) {
        err = sl_error_nomem();
    }
    sl_arena_deinit(&a);
    return err;
}

sl_error *cdc_incremental_load(cdc_incremental *c, const sl_value *offset) {
    const sl_value *list = sl_map_get(offset, SL_STR(KEY_LIST));
    const sl_value *id = sl_map_get(offset, SL_STR(KEY_ID));
    if (!list || list->type != SL_STRING) {
        return NULL;
    }
    SL_TRY(load_list(c, sl_value_str(list)));
    if (!cdc_incremental_running(c)) {
        return NULL;
    }
    if (id && id->type == SL_STRING) {
        SL_TRY(correlate(c, sl_value_str(id)));
    }
    SL_TRY(load_key(offset, KEY_LAST, &c->sent));
    return load_key(offset, KEY_MAX, &c->max);
}
