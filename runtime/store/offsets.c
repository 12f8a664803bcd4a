/*
 * offsets.c - see offsets.h: hands each call to the kind of store, and what the stores share.
 */
#include "store/offsets.h"

#include "store/offset_json.h"
#include "store/offsets_impl.h"
#include "store/offsets_topic.h"

void sl__offsets_close(sl__offsets *o) {
    if (o) {
        o->ops->close(o);
    }
}

sl_error *sl__offsets_refresh(sl__offsets *o, int timeout_ms) {
    return o->ops->refresh ? o->ops->refresh(o, timeout_ms) : NULL;
}

sl_error *sl__offsets_get(sl__offsets *o, sl_str connector, const sl_value *partition, sl_arena *arena,
                          sl_value *offset) {
    return o->ops->get(o, connector, partition, arena, offset);
}

sl_error *sl__offsets_put(sl__offsets *o, sl_str connector, const sl_batch_offset *items, size_t n) {
    return o->ops->put(o, connector, items, n);
}

sl_error *sl__offsets_each(sl__offsets *o, sl_str connector, sl__offsets_cb cb, void *arg) {
    return o->ops->each(o, connector, cb, arg);
}

sl_error *sl__offsets_render(sl__offsets *o, sl_str connector, const sl_batch_offset *items, size_t n,
                             sl_arena *arena, sl__txn_record **records) {
    if (!o->ops->render) {
        return sl_error_new(SL_E_UNSUPPORTED, SL_USER,
                            "offsets that are kept in a file cannot be part of a transaction");
    }
    return o->ops->render(o, connector, items, n, arena, records);
}

void sl__offsets_mirror(sl__offsets *o, sl_str connector, const sl_batch_offset *items, size_t n) {
    if (o->ops->mirror) {
        o->ops->mirror(o, connector, items, n);
    }
}

/* ---- texts ---- */

static char *take_text(sl_buf *b) {
    char *z = b->failed ? NULL : sl_strdup(b->n ? sl_buf_view(b) : SL_STR(""));
    sl_buf_deinit(b);
    return z;
}

sl_error *sl__offset_key_text(sl_str connector, const sl_value *partition, bool canonical, char **out) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_error *err = sl__offset_json_key(connector, partition, canonical, &b);
    *out = take_text(&b);
    return err || *out ? err : sl_error_nomem();
}

sl_error *sl__offset_value_text(const sl_value *value, char **out) {
    sl_buf b;
    *out = NULL;
    if (sl_is_null(value)) {
        return NULL;
    }
    sl_buf_init(&b, NULL);
    sl_error *err = sl__offset_json_write(value, false, &b);
    *out = take_text(&b);
    return err || *out ? err : sl_error_nomem();
}
