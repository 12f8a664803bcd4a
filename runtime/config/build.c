/*
 * build.c - see build.h.
 */
#include "config/build.h"

void sl__config_builder_init(sl__config_builder *b, sl_arena *arena) {
    *b = (sl__config_builder){.arena = arena};
}

static sl_error *builder_grow(sl__config_builder *b) {
    if (b->n == SL_CONFIG_MAX_ENTRIES) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "more than %d settings, expected fewer",
                            SL_CONFIG_MAX_ENTRIES);
    }
    sl_config_entry *entries = sl_arena_grow(b->arena, b->entries, b->n, &b->cap, sizeof *entries);
    if (!entries) {
        return sl_error_nomem();
    }
    b->entries = entries;
    return NULL;
}

sl_error *sl__config_builder_put(sl__config_builder *b, const sl_config_entry *entry, uint32_t *old_line) {
    if (old_line) {
        *old_line = 0;
    }
    for (size_t i = 0; i < b->n; i++) {
        if (sl_str_eq(b->entries[i].key, entry->key)) {
            if (old_line) {
                *old_line = b->entries[i].line;
            }
            b->entries[i] = *entry;
            return NULL;
        }
    }
    if (b->n == b->cap || b->n == SL_CONFIG_MAX_ENTRIES) {
        SL_TRY(builder_grow(b));
    }
    b->entries[b->n++] = *entry;
    return NULL;
}

sl_config sl__config_builder_done(const sl__config_builder *b) {
    return (sl_config){b->entries, b->n};
}

sl_error *sl__config_prefix(const sl_config *c, sl_str prefix, sl_arena *arena, sl_config *out) {
    sl__config_builder b;
    sl__config_builder_init(&b, arena);
    for (size_t i = 0; i < c->n; i++) {
        sl_config_entry entry = c->entries[i];
        if (entry.key.n > prefix.n && sl_str_starts(entry.key, prefix)) {
            entry.key = sl_str_skip(entry.key, prefix.n);
            SL_TRY(sl__config_builder_put(&b, &entry, NULL));
        }
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

sl_error *sl__config_overlay(const sl_config *base, const sl_config *over, sl_arena *arena, sl_config *out) {
    sl__config_builder b;
    sl__config_builder_init(&b, arena);
    for (size_t i = 0; i < base->n; i++) {
        SL_TRY(sl__config_builder_put(&b, &base->entries[i], NULL));
    }
    for (size_t i = 0; i < over->n; i++) {
        SL_TRY(sl__config_builder_put(&b, &over->entries[i], NULL));
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

bool sl__config_has_prefix(const sl_config *c, sl_str prefix) {
    for (size_t i = 0; i < c->n; i++) {
        if (sl_str_starts(c->entries[i].key, prefix)) {
            return true;
        }
    }
    return false;
}

sl_error *sl__config_copy(sl_arena *arena, const sl_config *c, sl_config *out) {
    sl__config_builder b;
    sl__config_builder_init(&b, arena);
    for (size_t i = 0; i < c->n; i++) {
        sl_config_entry e = c->entries[i];
        e.key = sl_arena_str(arena, e.key);
        e.value = sl_arena_str(arena, e.value);
        e.file = sl_arena_str(arena, e.file);
        SL_TRY(sl__config_builder_put(&b, &e, NULL));
    }
    *out = sl__config_builder_done(&b);
    return arena->failed ? sl_error_nomem() : NULL;
}

sl_error *sl__config_patch(const sl_config *base, const sl_config *patch, sl_arena *arena, sl_config *out) {
    sl__config_builder b;
    sl__config_builder_init(&b, arena);
    for (size_t i = 0; i < base->n; i++) {
        if (!sl_config_find(patch, base->entries[i].key)) {
            SL_TRY(sl__config_builder_put(&b, &base->entries[i], NULL));
        }
    }
    for (size_t i = 0; i < patch->n; i++) {
        if (patch->entries[i].value.p) {
            SL_TRY(sl__config_builder_put(&b, &patch->entries[i], NULL));
        }
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

sl_error *sl__config_list(sl_str value, sl_arena *arena, sl_str_list *out) {
    *out = (sl_str_list){0};
    if (!value.p) {
        return NULL;
    }
    size_t most = 1;
    for (size_t i = 0; i < value.n; i++) {
        most += value.p[i] == ',';
    }
    out->items = sl_arena_alloc(arena, most * sizeof(*out->items));
    if (!out->items) {
        return sl_error_nomem();
    }
    sl_str token;
    while (sl_str_next(&value, ',', &token)) {
        token = sl_str_trim(token);
        if (token.n) {
            out->items[out->n++] = token;
        }
    }
    return NULL;
}
