/*
 * transform.c - see transform.h. Threads: pure functions. Memory: maps are made in the caller's arena.
 */
#include "transform.h"

#include <cdc/java_regex.h>
#include "simple_date.h"

const char *tf_kind(const sl_value *v) {
    return sl_is_null(v) ? "null" : sl_type_name((sl_type)v->type);
}

sl_error *tf_require_struct(const sl_schema *schema, const sl_value *v, const char *purpose) {
    if (v->type != SL_STRUCT || schema->type != SL_STRUCT) {
        return tf_bad("%s: expected a struct, found %s of schema %s", purpose, tf_kind(v),
                      sl_type_name(schema->type));
    }
    if (v->n != schema->nfields) {
        return tf_bad("%s: expected a struct of %u fields as its schema '%.*s' has, found %u", purpose,
                      schema->nfields, SL_STR_ARG(schema->name), v->n);
    }
    return NULL;
}

sl_error *tf_require_map(const sl_value *v, const char *purpose) {
    if (v->type != SL_MAP) {
        return tf_bad("%s: expected a map, since there is no schema, found %s", purpose, tf_kind(v));
    }
    return NULL;
}

/* ---- maps ---- */

sl_error *tf_map_copy(sl_arena *arena, const sl_value *map, size_t room, sl_value *out) {
    *out = sl_value_alloc(arena, SL_MAP, map->n + room);
    if (sl_is_null(out)) {
        return sl_error_nomem();
    }
    if (map->n) {
        memcpy(out->items, map->items, (size_t)map->n * 2 * sizeof *out->items);
    }
    out->n = map->n;
    return NULL;
}

void tf_map_put(sl_value *map, sl_str key, sl_value v) {
    const sl_value *old = sl_map_get(map, key);
    if (old) {
        map->items[old - map->items] = v;
        return;
    }
    map->items[(size_t)map->n * 2] = sl_string(key);
    map->items[(size_t)map->n * 2 + 1] = v;
    map->n++;
}

void tf_map_remove(sl_value *map, sl_str key) {
    const sl_value *old = sl_map_get(map, key);
    if (old) {
        size_t at = (size_t)(old - map->items) - 1;
        memmove(&map->items[at], &map->items[at + 2], ((size_t)map->n * 2 - at - 2) * sizeof *map->items);
        map->n--;
    }
}

bool tf_list_has(const sl_str_list *list, sl_str item) {
    for (size_t i = 0; i < list->n; i++) {
        if (sl_str_eq(list->items[i], item)) {
            return true;
        }
    }
    return false;
}

/* ---- checks ---- */

const char *tf_check_items(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    sl_str rest = value;
    sl_str item;
    while (value.n && sl_str_next(&rest, ',', &item)) {
        if (sl_str_trim(item).n == 0) {
            return "expected no empty item in the list";
        }
    }
    return NULL;
}

const char *tf_check_list(const sl_config_row *row, sl_str value, sl_arena *arena) {
    return value.n == 0 ? "expected a list of at least one name" : tf_check_items(row, value, arena);
}

const char *tf_check_text(const sl_config_row *row, sl_str value, sl_arena *arena) {
    (void)row;
    (void)arena;
    return value.n == 0 ? "expected a text that is not empty" : NULL;
}

/* told gives an error's message, which outlives it. */
static const char *told(sl_error *err, sl_arena *arena) {
    if (!err) {
        return NULL;
    }
    sl_str text = sl_arena_str(arena, sl_str_of(err->message));
    sl_error_free(err);
    return text.p ? text.p : "out of memory";
}

const char *tf_check_date_format(const sl_config_row *row, sl_str value, sl_arena *arena) {
    simple_date *f = NULL;
    (void)row;
    sl_error *err = simple_date_new(value, &f);
    simple_date_free(f);
    return told(err, arena);
}

const char *tf_check_regex(const sl_config_row *row, sl_str value, sl_arena *arena) {
    java_regex *r = NULL;
    (void)row;
    sl_error *err = java_regex_new(value, &r);
    java_regex_free(r);
    return told(err, arena);
}
