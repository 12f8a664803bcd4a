/*
 * workers.c - see workers.h.
 */
#include "herder/workers.h"

#include <jansson.h>
#include <stdio.h>

#include "base/log.h"

#define COMPONENT "cluster"

/* ---- units ---- */

static char present;

void sl__units_init(sl__units *u) {
    sl__map_init(&u->map, NULL);
}

void sl__units_deinit(sl__units *u) {
    sl__map_deinit(&u->map);
}

/* unit_key gives "N/NAME" on the heap. */
static char *unit_key(sl_str name, int32_t task, size_t *n) {
    char number[16];
    int digits = snprintf(number, sizeof number, "%d/", (int)task);
    char *key = sl_alloc((size_t)digits + name.n + 1);
    if (key) {
        memcpy(key, number, (size_t)digits);
        if (name.n) {
            memcpy(key + digits, name.p, name.n);
        }
        *n = (size_t)digits + name.n;
    }
    return key;
}

bool sl__units_add(sl__units *u, sl_str name, int32_t task) {
    size_t n = 0;
    char *key = unit_key(name, task, &n);
    bool ok = key && sl__map_put(&u->map, sl_str_make(key, n), &present);
    sl_free(key);
    return ok;
}

bool sl__units_has(const sl__units *u, sl_str name, int32_t task) {
    size_t n = 0;
    char *key = unit_key(name, task, &n);
    bool there = key && sl__map_get(&u->map, sl_str_make(key, n));
    sl_free(key);
    return there;
}

bool sl__units_next(const sl__units *u, size_t *at, sl_str *name, int32_t *task) {
    sl_str key;
    int64_t number = 0;
    if (!sl__map_next(&u->map, at, &key, NULL)) {
        return false;
    }
    size_t slash = sl_str_find(key, '/');
    (void)sl_str_to_i64(sl_str_make(key.p, slash), &number);
    *task = (int32_t)number;
    *name = sl_str_skip(key, slash + 1);
    return true;
}

bool sl__units_same(const sl__units *a, const sl__units *b) {
    size_t at = 0;
    sl_str key;
    if (sl__units_count(a) != sl__units_count(b)) {
        return false;
    }
    while (sl__map_next(&a->map, &at, &key, NULL)) {
        if (!sl__map_get(&b->map, key)) {
            return false;
        }
    }
    return true;
}

/* ---- JSON ---- */

static bool set_text(char **to, const json_t *v) {
    const char *text = json_string_value(v);
    char *copy = text ? sl_strdup(sl_str_of(text)) : NULL;
    sl_free(*to);
    *to = copy;
    return !text || copy;
}

static bool read_units(const json_t *object, sl__units *out) {
    const char *name;
    const json_t *numbers, *number;
    size_t i;
    bool ok = true;
    sl__units_deinit(out);
    sl__units_init(out);
    json_object_foreach((json_t *)(uintptr_t)object, name, numbers) {
        json_array_foreach(numbers, i, number) {
            ok = ok && sl__units_add(out, sl_str_of(name), (int32_t)json_integer_value(number));
        }
    }
    return ok;
}

static json_t *units_json(const sl__units *u) {
    json_t *out = json_object();
    size_t at = 0;
    sl_str name;
    int32_t task;
    while (out && sl__units_next(u, &at, &name, &task)) {
        char *key = sl_strdup(name);
        json_t *list = key ? json_object_get(out, key) : NULL;
        if (key && !list) {
            list = json_array();
            (void)json_object_set_new(out, key, list);
        }
        bool ok = list && json_array_append_new(list, json_integer(task)) == 0;
        sl_free(key);
        if (!ok) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

/* text_of gives the text of an object, which it frees. */
static sl_str text_of(json_t *v, sl_arena *arena) {
    char *text = v ? json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    sl_str out = text ? sl_arena_str(arena, sl_str_of(text)) : SL_STR_NONE;
    free(text);
    json_decref(v);
    return out;
}

static json_t *string_json(sl_str s) {
    return json_stringn(s.p ? s.p : "", s.n);
}

sl_str sl__worker_text(sl_arena *arena, sl_str member, sl_str url, int64_t done, const sl__units *still) {
    return text_of(json_pack("{s:o,s:o,s:I,s:o}", "member", string_json(member), "url", string_json(url),
                             "done", (json_int_t)done, "still", units_json(still)),
                   arena);
}

sl_str sl__assignment_text(sl_arena *arena, sl_str member, int64_t generation, const sl__units *units) {
    return text_of(json_pack("{s:o,s:I,s:o}", "member", string_json(member), "generation",
                             (json_int_t)generation, "units", units_json(units)),
                   arena);
}

sl_str sl__leader_text(sl_arena *arena, sl_str member, sl_str worker) {
    return text_of(json_pack("{s:o,s:o}", "member", string_json(member), "worker", string_json(worker)),
                   arena);
}

sl_str sl__fence_text(sl_arena *arena, sl_str failed, int64_t at_ms) {
    return text_of(failed.p ? json_pack("{s:o,s:I}", "failed", string_json(failed), "at", (json_int_t)at_ms)
                            : json_pack("{s:I}", "asked", (json_int_t)at_ms),
                   arena);
}

bool sl__fence_read(sl_str json, sl_arena *arena, sl_str *failed, int64_t *at_ms) {
    json_error_t e;
    json_t *v = json_loadb(json.p, json.n, 0, &e);
    const json_t *why = json_object_get(v, "failed"), *at = json_object_get(v, why ? "at" : "asked");
    bool ok = json_is_integer(at) && (!why || json_is_string(why));
    if (ok) {
        *at_ms = json_integer_value(at);
        *failed = why ? sl_arena_str(arena, sl_str_of(json_string_value(why))) : SL_STR_NONE;
    }
    json_decref(v);
    return ok && !arena->failed;
}

/* ---- the view ---- */

void sl__workers_init(sl__workers *w) {
    *w = (sl__workers){0};
}

static void worker_free(sl__worker *w) {
    sl__units_deinit(&w->still);
    sl__units_deinit(&w->given);
    sl__units_deinit(&w->wanted);
    sl_free(w->id);
    sl_free(w->member);
    sl_free(w->url);
    sl_free(w->given_member);
    sl_free(w);
}

void sl__workers_deinit(sl__workers *w) {
    while (w->first) {
        sl__worker *next = w->first->next;
        worker_free(w->first);
        w->first = next;
    }
    sl_free(w->leader);
    sl_free(w->leader_member);
    *w = (sl__workers){0};
}

sl__worker *sl__workers_find(const sl__workers *w, sl_str id) {
    for (sl__worker *at = w->first; at; at = at->next) {
        if (sl_str_eqz(id, at->id)) {
            return at;
        }
    }
    return NULL;
}

static sl__worker *worker_make(sl__workers *w, sl_str id) {
    sl__worker *found = sl__workers_find(w, id);
    if (found) {
        return found;
    }
    sl__worker *made = sl_calloc(1, sizeof *made);
    if (!made || !(made->id = sl_strdup(id))) {
        sl_free(made);
        return NULL;
    }
    sl__units_init(&made->still);
    sl__units_init(&made->given);
    sl__units_init(&made->wanted);
    sl__worker **at = &w->first;
    while (*at && strcmp((*at)->id, made->id) < 0) {
        at = &(*at)->next;
    }
    made->next = *at;
    *at = made;
    w->n++;
    return made;
}

/* drop_empty forgets a worker of which no record is left. */
static void drop_empty(sl__workers *w, sl__worker *gone) {
    if (gone->member || gone->given_member) {
        return;
    }
    for (sl__worker **at = &w->first; *at; at = &(*at)->next) {
        if (*at == gone) {
            *at = gone->next;
            w->n--;
            worker_free(gone);
            return;
        }
    }
}

static bool apply_worker(sl__workers *w, sl_str id, const json_t *v) {
    sl__worker *at = worker_make(w, id);
    if (!at) {
        return false;
    }
    bool ok = set_text(&at->member, json_object_get(v, "member")) &&
              set_text(&at->url, json_object_get(v, "url")) &&
              read_units(json_object_get(v, "still"), &at->still);
    at->missing_ms = 0;
    at->done = json_integer_value(json_object_get(v, "done"));
    drop_empty(w, at);
    return ok;
}

static bool apply_assignment(sl__workers *w, sl_str id, const json_t *v) {
    sl__worker *at = worker_make(w, id);
    if (!at) {
        return false;
    }
    bool ok = set_text(&at->given_member, json_object_get(v, "member")) &&
              read_units(json_object_get(v, "units"), &at->given);
    at->generation = json_integer_value(json_object_get(v, "generation"));
    at->lost_ms = 0;
    w->generation = at->generation > w->generation ? at->generation : w->generation;
    drop_empty(w, at);
    return ok;
}

bool sl__workers_apply(sl__workers *w, sl_str name, sl_str json) {
    json_error_t e;
    bool ok = true;
    json_t *v = json.p ? json_loadb(json.p, json.n, 0, &e) : NULL;
    if (json.p && !json_is_object(v)) {
        sl__log(SL_LOG_WARN, COMPONENT, "the config topic's own record '%.*s' is damaged and passed over",
                SL_STR_ARG(name));
    }
    if (sl_str_starts(name, SL_STR("worker-"))) {
        ok = apply_worker(w, sl_str_skip(name, 7), v);
    } else if (sl_str_starts(name, SL_STR("assignment-"))) {
        ok = apply_assignment(w, sl_str_skip(name, 11), v);
    } else if (sl_str_eqz(name, "leader")) {
        ok = set_text(&w->leader, json_object_get(v, "worker")) &&
             set_text(&w->leader_member, json_object_get(v, "member"));
    }
    json_decref(v);
    return ok;
}

/* ---- proposals ---- */

static uint64_t hash_text(uint64_t h, sl_str s) {
    for (size_t i = 0; i < s.n; i++) {
        h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
    }
    return (h ^ 0xff) * 1099511628211u;
}

uint64_t sl__config_hash(const sl_config *c) {
    uint64_t sum = c->n;
    for (size_t i = 0; i < c->n; i++) {
        uint64_t h = hash_text(14695981039346656037u, c->entries[i].key);
        sum += hash_text(h, c->entries[i].value) * (c->entries[i].value.p ? 1 : 3);
    }
    return sum;
}

static json_t *config_json(const sl_config *c) {
    json_t *out = json_object();
    for (size_t i = 0; out && i < c->n; i++) {
        char *key = sl_strdup(c->entries[i].key);
        bool ok =
            key && json_object_set_new(
                       out, key, c->entries[i].value.p ? string_json(c->entries[i].value) : json_null()) == 0;
        sl_free(key);
        if (!ok) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

sl_str sl__proposal_text(sl_arena *arena, uint64_t config, const sl_config *tasks, size_t n) {
    char hash[20];
    json_t *list = json_array();
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)config);
    for (size_t i = 0; list && i < n; i++) {
        if (json_array_append_new(list, config_json(&tasks[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return text_of(json_pack("{s:s,s:o}", "config", hash, "tasks", list), arena);
}

static bool read_config(json_t *object, sl_arena *arena, sl_config *out) {
    const char *key;
    json_t *value;
    sl_config_entry *entries = sl_arena_zalloc(arena, (json_object_size(object) + 1) * sizeof *entries);
    size_t n = 0;
    if (!entries) {
        return false;
    }
    json_object_foreach(object, key, value) {
        entries[n].key = sl_arena_str(arena, sl_str_of(key));
        entries[n].value =
            json_is_string(value)
                ? sl_arena_str(arena, sl_str_make(json_string_value(value), json_string_length(value)))
                : SL_STR_NONE;
        n++;
    }
    *out = (sl_config){entries, n};
    return !arena->failed;
}

bool sl__proposal_read(sl_str json, sl_arena *arena, uint64_t *config, sl_config **tasks, size_t *n) {
    json_error_t e;
    json_t *v = json_loadb(json.p, json.n, 0, &e);
    const char *hash = json_string_value(json_object_get(v, "config"));
    json_t *list = json_object_get(v, "tasks");
    *n = json_array_size(list);
    *config = hash ? strtoull(hash, NULL, 16) : 0;
    *tasks = sl_arena_zalloc(arena, (*n + 1) * sizeof **tasks);
    bool ok = hash && json_is_array(list) && *tasks;
    for (size_t i = 0; ok && i < *n; i++) {
        ok = read_config(json_array_get(list, i), arena, &(*tasks)[i]);
    }
    json_decref(v);
    return ok;
}
