/*
 * notes.c - notifications of the initial snapshot.
 */
#include "task.h"

static sl_str tables(const pg_task *t, sl_arena *a) {
    sl_buf b;
    sl_buf_init(&b, a);
    for (size_t i = 0; i < t->snap.n; i++) {
        const pg_snap_table *x = &t->snap.tables[i].in;
        sl_buf_printf(&b, "%s%.*s.%.*s", i ? "," : "", SL_STR_ARG(x->schema), SL_STR_ARG(x->name));
    }
    return sl_buf_take(&b);
}

void pg_note_snapshot(pg_task *t, const char *type) {
    cdc_notify(&t->notifier, CDC_INITIAL_SNAPSHOT, type, SL_STR_NONE, NULL);
}

void pg_note_table(pg_task *t, const pg_snapshot_table *x, bool ended) {
    sl_arena a;
    sl_arena_init(&a, 1024);
    sl_str id = sl_arena_printf(&a, "%.*s.%.*s", SL_STR_ARG(x->in.schema), SL_STR_ARG(x->in.name));
    cdc_note_item items[5] = {{ended ? "scanned_collection" : "current_collection_in_progress", id},
                              {"data_collections", tables(t, &a)}};
    if (ended) {
        items[2] =
            (cdc_note_item){"total_rows_scanned", sl_arena_printf(&a, "%llu", (unsigned long long)x->rows)};
        items[3] = (cdc_note_item){"status", SL_STR("SUCCEEDED")};
    }
    cdc_notify(&t->notifier, CDC_INITIAL_SNAPSHOT, ended ? "TABLE_SCAN_COMPLETED" : "IN_PROGRESS",
               SL_STR_NONE, items);
    sl_arena_deinit(&a);
}
