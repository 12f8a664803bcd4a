/*
 * upper.c - a transform: ASCII letters of a text become capitals; of the whole value, or of one field of a
 * struct.
 *
 * What a record points to is never changed in place (others may share it): the new text is put into the
 * batch's arena.
 */
#include "template.h"

typedef struct upper {
    const upper_settings *settings;
} upper;

static sl_error *upper_open(const sl_context *ctx, void **state) {
    upper *u = sl_calloc(1, sizeof(*u));
    if (!u) {
        return sl_error_nomem();
    }
    u->settings = ctx->settings;
    *state = u;
    return NULL;
}

static sl_error *to_upper(sl_arena *arena, sl_value *v) {
    if (v->type != SL_STRING) { /* null, or no text: left as it is */
        return NULL;
    }
    char *copy = sl_arena_bytes(arena, (size_t)v->n + 1);
    if (!copy) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < v->n; i++) {
        char c = v->s[i];
        copy[i] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    *v = sl_string(sl_str_make(copy, v->n));
    return NULL;
}

static sl_error *upper_field(const upper *u, sl_batch *batch, sl_record *rec) {
    int at = rec->value.type == SL_STRUCT ? sl_schema_field(rec->value_schema, u->settings->field) : -1;
    if (at < 0) { /* the error policy decides what becomes of the record */
        return sl_error_new(SL_E_DATA, SL_USER,
                            "there is no field '%.*s' in the value; correct the setting 'field'",
                            SL_STR_ARG(u->settings->field));
    }
    sl_value copy = sl_value_alloc(&batch->arena, SL_STRUCT, rec->value.n);
    if (sl_is_null(&copy)) {
        return sl_error_nomem();
    }
    memcpy(copy.items, rec->value.items, rec->value.n * sizeof(sl_value));
    rec->value = copy;
    return to_upper(&batch->arena, &copy.items[at]);
}

static sl_error *upper_apply(void *state, sl_batch *batch, sl_record *rec) {
    const upper *u = state;
    if (u->settings->field.n == 0) {
        return to_upper(&batch->arena, &rec->value);
    }
    return sl_is_null(&rec->value) ? NULL : upper_field(u, batch, rec);
}

static void upper_close(void *state) {
    sl_free(state);
}

const sl_transform_ops upper_ops = {
    .open = upper_open,
    .apply = upper_apply,
    .close = upper_close,
};
