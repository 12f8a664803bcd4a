/*
 * offsets.c - what offsets of these connectors a user may set.
 */
#include "file.h"

#define REFUSE(...) return sl_error_new(SL_E_CONFIG, SL_USER, __VA_ARGS__)

/* Anything may be forgotten: what does not belong there must be possible to clean up. */
static sl_error *check_item(const sl_batch_offset *item) {
    const sl_value *position = sl_map_get(&item->offset, SL_STR("position"));
    if (sl_is_null(&item->offset)) {
        return NULL;
    }
    if (!position) {
        REFUSE("Offset objects should either be null or contain the key 'position'");
    }
    if (position->type != SL_INT64) {
        REFUSE("The value for the 'position' key in the offset is expected to be a Long value");
    }
    if (position->i < 0) {
        REFUSE("The value for the 'position' key in the offset should be a non-negative value");
    }
    if (!sl_map_get(&item->partition, SL_STR("filename"))) {
        REFUSE("Partition objects should contain the key 'filename'");
    }
    return NULL;
}

sl_error *file_source_check_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n) {
    const file_source_settings *settings = ctx->settings;
    if (!settings->file.n) {
        REFUSE(
            "Offsets cannot be modified if the 'file' configuration is unspecified. This is because stdin is "
            "used for input and offsets are not tracked.");
    }
    for (size_t i = 0; i < n; i++) {
        SL_TRY(check_item(&items[i]));
    }
    return NULL;
}

/* Neither keeps any of its own: the worker's are all. */

sl_error *file_source_alter_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n,
                                    bool *all) {
    (void)all;
    return file_source_check_offsets(ctx, items, n);
}

sl_error *file_sink_alter_offsets(const sl_context *ctx, const sl_batch_offset *items, size_t n, bool *all) {
    (void)ctx, (void)items, (void)n, (void)all;
    return NULL;
}
