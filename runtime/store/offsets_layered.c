/*
 * offsets_layered.c - a connector's own offset store over the cluster's; see offsets_topic.h.
 *
 * A deletion goes to the cluster first: the other way round, a worker that dies in between would leave an old
 * offset there, which would then count again.
 */
#include "store/offsets_topic.h"

#include "base/log.h"
#include "store/offsets_impl.h"

typedef struct layered_store {
    sl__offsets base; /* first */
    sl__offsets *own; /* owned */
    sl__offsets *cluster;
} layered_store;

static layered_store *store_of(sl__offsets *o) {
    return (layered_store *)o;
}

static void layered_close(sl__offsets *base) {
    sl__offsets_close(store_of(base)->own);
    sl_free(base);
}

static sl_error *layered_refresh(sl__offsets *base, int timeout_ms) {
    SL_TRY(sl__offsets_refresh(store_of(base)->own, timeout_ms));
    return sl__offsets_refresh(store_of(base)->cluster, timeout_ms);
}

static sl_error *layered_get(sl__offsets *base, sl_str connector, const sl_value *partition, sl_arena *arena,
                             sl_value *offset) {
    layered_store *s = store_of(base);
    SL_TRY(sl__offsets_get(s->own, connector, partition, arena, offset));
    return sl_is_null(offset) ? sl__offsets_get(s->cluster, connector, partition, arena, offset) : NULL;
}

/* ---- each ---- */

typedef struct walk {
    layered_store *store;
    sl_str connector;
    sl__offsets_cb cb;
    void *arg;
    sl_error *err;
} walk;

/* only_below passes on what the connector's own store does not have. */
static void only_below(void *arg, const sl_value *partition, const sl_value *offset) {
    walk *w = arg;
    sl_arena arena;
    sl_value own = sl_null();
    if (w->err) {
        return;
    }
    sl_arena_init(&arena, 0);
    w->err = sl__offsets_get(w->store->own, w->connector, partition, &arena, &own);
    if (!w->err && sl_is_null(&own)) {
        w->cb(w->arg, partition, offset);
    }
    sl_arena_deinit(&arena);
}

static sl_error *layered_each(sl__offsets *base, sl_str connector, sl__offsets_cb cb, void *arg) {
    layered_store *s = store_of(base);
    walk w = {s, connector, cb, arg, NULL};
    SL_TRY(sl__offsets_each(s->own, connector, cb, arg));
    sl_error *err = sl__offsets_each(s->cluster, connector, only_below, &w);
    if (err) {
        sl_error_free(w.err);
        return err;
    }
    return w.err;
}

/* ---- writing ---- */

/* some gives the deletions among items, or the rest; on the heap. */
static sl_error *some(const sl_batch_offset *items, size_t n, bool deletions, sl_batch_offset **out,
                      size_t *count) {
    *count = 0;
    *out = sl_calloc(n + 1, sizeof **out);
    for (size_t i = 0; *out && i < n; i++) {
        if (sl_is_null(&items[i].offset) == deletions) {
            (*out)[(*count)++] = items[i];
        }
    }
    return *out ? NULL : sl_error_nomem();
}

static sl_error *delete_below(layered_store *s, sl_str connector, const sl_batch_offset *items, size_t n) {
    sl_batch_offset *gone;
    size_t count;
    SL_TRY(some(items, n, true, &gone, &count));
    sl_error *err = count ? sl__offsets_put(s->cluster, connector, gone, count) : NULL;
    sl_free(gone);
    return err;
}

static void layered_mirror(sl__offsets *base, sl_str connector, const sl_batch_offset *items, size_t n) {
    layered_store *s = store_of(base);
    sl_batch_offset *kept;
    size_t count;
    sl_error *err = some(items, n, false, &kept, &count);
    if (!err && count && s->cluster->ops->post) {
        err = s->cluster->ops->post(s->cluster, connector, kept, count);
    }
    sl_free(kept);
    if (err) {
        sl__log(SL_LOG_WARN, "offsets",
                "connector '%.*s': its offsets are stored in its own topic, but not in the cluster's: %s",
                SL_STR_ARG(connector), err->message);
        sl_error_free(err);
    }
}

static sl_error *layered_put(sl__offsets *base, sl_str connector, const sl_batch_offset *items, size_t n) {
    layered_store *s = store_of(base);
    SL_TRY(delete_below(s, connector, items, n));
    SL_TRY(sl__offsets_put(s->own, connector, items, n));
    layered_mirror(base, connector, items, n);
    return NULL;
}

static sl_error *layered_render(sl__offsets *base, sl_str connector, const sl_batch_offset *items, size_t n,
                                sl_arena *arena, sl__txn_record **records) {
    SL_TRY(delete_below(store_of(base), connector, items, n));
    return sl__offsets_render(store_of(base)->own, connector, items, n, arena, records);
}

static const sl__offsets_ops layered_ops = {
    .close = layered_close,
    .refresh = layered_refresh,
    .get = layered_get,
    .put = layered_put,
    .each = layered_each,
    .render = layered_render,
    .mirror = layered_mirror,
};

sl_error *sl__offsets_open_layered(sl__offsets *own, sl__offsets *cluster, sl__offsets **out) {
    layered_store *s = sl_calloc(1, sizeof *s);
    if (!s) {
        sl__offsets_close(own);
        return sl_error_nomem();
    }
    *s = (layered_store){{&layered_ops}, own, cluster};
    *out = &s->base;
    return NULL;
}
