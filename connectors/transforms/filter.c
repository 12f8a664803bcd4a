/*
 * filter.c - Filter: drops every record that it gets; a predicate says which it gets.
 */
#include "transforms.h"

static sl_error *filter_open(const sl_context *ctx, void **state) {
    (void)ctx;
    *state = NULL;
    return NULL;
}

static sl_error *filter_apply(void *state, sl_batch *batch, sl_record *rec) {
    (void)state;
    (void)batch;
    rec->dropped = true;
    return NULL;
}

static void filter_close(void *state) {
    (void)state;
}

static const sl_transform_ops ops = {.open = filter_open, .apply = filter_apply, .close = filter_close};

static const char *const aliases[] = {TF_KAFKA "Filter", NULL};

const sl_plugin_def filter_def = {
    .struct_size = sizeof(sl_plugin_def),
    .kind = SL_KIND_TRANSFORM,
    .name = "filter",
    .aliases = aliases,
    .version = KAFKA_COMPATIBLE,
    .doc = "Drops records; give it a predicate that says which.",
    .transform = &ops,
};
