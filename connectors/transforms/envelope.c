/*
 * envelope.c - see envelope.h.
 */
#include "envelope.h"

/* split_at cuts at the first c: the part before it, and what follows (absent without a c). */
static sl_str split_at(sl_str s, char c, sl_str *rest) {
    size_t at = sl_str_find(s, c);
    *rest = at < s.n ? sl_str_skip(s, at + 1) : SL_STR_NONE;
    return sl_str_make(s.p, at);
}

static sl_str drop_end(sl_str s, char c) { /* as Java's split: empty parts at the end count for nothing */
    while (s.n && s.p[s.n - 1] == c) {
        s.n--;
    }
    return s;
}

static sl_str default_parent(sl_str field) {
    static const struct {
        const char *field;
        sl_str parent;
    } known[] = {
        {"id", SL_STR_INIT("transaction")},
        {"data_collection_order", SL_STR_INIT("transaction")},
        {"total_order", SL_STR_INIT("transaction")},
        {"op", {NULL, 0}},
        {"ts_ms", {NULL, 0}},
        {"ts_us", {NULL, 0}},
        {"ts_ns", {NULL, 0}},
        {"updateDescription", SL_STR_INIT("updateDescription")},
    };
    for (size_t i = 0; i < LENGTH(known); i++) {
        if (sl_str_eqz(field, known[i].field)) {
            return known[i].parent;
        }
    }
    return SL_STR("source");
}

/* parse_ref reads one reference that is not empty. */
static const char *parse_ref(sl_str text, sl_str prefix, sl_arena *arena, envelope_ref *out) {
    sl_str new_name, tail;
    sl_str path = split_at(drop_end(text, ':'), ':', &new_name);
    path = drop_end(path, '.');
    sl_str first = split_at(path, '.', &tail);
    if (path.n == 0 || sl_str_find(new_name, ':') < new_name.n) {
        return "expected field, struct.field, or either with a new name, as in source.ts_ms:EVENT_TIMESTAMP";
    }
    if (tail.p) {
        out->parent = first;
        out->field = split_at(tail, '.', &tail);
    } else {
        out->parent = default_parent(first);
        out->field = first;
    }
    if (new_name.p) {
        out->new_name = sl_arena_printf(arena, "%.*s%.*s", SL_STR_ARG(prefix), SL_STR_ARG(new_name));
    } else if (sl_str_find(path, '.') < path.n) {
        out->new_name = sl_arena_printf(arena, "%.*s%.*s_%.*s", SL_STR_ARG(prefix), SL_STR_ARG(out->parent),
                                        SL_STR_ARG(out->field));
    } else {
        out->new_name = sl_arena_printf(arena, "%.*s%.*s", SL_STR_ARG(prefix), SL_STR_ARG(out->field));
    }
    return out->new_name.p ? NULL : "out of memory";
}

const char *envelope_refs_parse(const sl_str_list *list, sl_str prefix, sl_arena *arena, envelope_refs *out) {
    *out = (envelope_refs){sl_arena_zalloc(arena, (list->n + 1) * sizeof(envelope_ref)), 0};
    if (!out->items) {
        return "out of memory";
    }
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i].n == 0) {
            continue;
        }
        const char *wrong = parse_ref(list->items[i], prefix, arena, &out->items[out->n++]);
        if (wrong) {
            return wrong;
        }
    }
    return NULL;
}

static sl_error *find_parent(const sl_schema *envelope, const envelope_ref *ref, envelope_found *out) {
    out->parent = sl_schema_field(envelope, ref->parent);
    if (out->parent < 0 || envelope->fields[out->parent].schema->type != SL_STRUCT) {
        return tf_bad("the field '%.*s.%.*s' was asked for, but the envelope '%.*s' has no struct '%.*s'; "
                      "correct add.fields and "
                      "add.headers",
                      SL_STR_ARG(ref->parent), SL_STR_ARG(ref->field), SL_STR_ARG(envelope->name),
                      SL_STR_ARG(ref->parent));
    }
    return NULL;
}

sl_error *envelope_find(const sl_host *host, const sl_schema *envelope, const envelope_ref *ref,
                        envelope_found *out) {
    const sl_schema *field = NULL;
    *out = (envelope_found){.parent = -1, .index = -1};
    if (ref->parent.p) {
        SL_TRY(find_parent(envelope, ref, out));
        const sl_schema *parent = envelope->fields[out->parent].schema;
        out->index = sl_schema_field(parent, ref->field);
        out->in_parent = out->index >= 0;
        field = out->index >= 0 ? parent->fields[out->index].schema : NULL;
    }
    if (!field) {
        out->index = sl_schema_field(envelope, ref->field);
        field = out->index >= 0 ? envelope->fields[out->index].schema : NULL;
    }
    if (!field) {
        return NULL;
    }
    sl_schema copy = tf_copy_basics(field);
    copy.optional = true;
    return host->schema_intern(&copy, &out->schema);
}

sl_value envelope_get(const envelope_found *found, const sl_value *envelope) {
    const sl_value *at = envelope;
    if (found->parent >= 0) {
        const sl_value *parent = &envelope->items[found->parent];
        if (sl_is_null(parent)) {
            return sl_null();
        }
        at = found->in_parent ? parent : at;
    }
    return (uint32_t)found->index < at->n ? at->items[found->index] : sl_null();
}
