/*
 * offset.c - see offset.h.
 */
#include "offset.h"

static const char *const words[] = {"BEGIN",    "COMMIT",  "INSERT", "UPDATE", "DELETE",
                                    "TRUNCATE", "MESSAGE", "NOOP",   "ORIGIN"};

static sl_error *read_number(const sl_value *map, const char *key, bool *has, int64_t *out) {
    const sl_value *v = sl_map_get(map, sl_str_of(key));
    if (!v || v->type == SL_NULL) {
        return NULL;
    }
    if (!sl_is_int(v)) {
        return sl_error_new(SL_E_DATA, SL_USER, "stored offset: expected a whole number for '%s'", key);
    }
    *has = true;
    *out = v->i;
    return NULL;
}

static bool is_true(const sl_value *map, const char *key) {
    const sl_value *v = sl_map_get(map, sl_str_of(key));
    return v &&
           ((v->type == SL_BOOL && v->i) || (v->type == SL_STRING && sl_str_eqz(sl_value_str(v), "true")));
}

static sl_error *read_lsn(const sl_value *map, const char *key, bool *has, uint64_t *out) {
    int64_t n = 0;
    SL_TRY(read_number(map, key, has, &n));
    *out = (uint64_t)n;
    return NULL;
}

/* lsn:txId:number */
static sl_error *read_event(const sl_value *map, pg_offset *o) {
    const sl_value *v = sl_map_get(map, SL_STR("sluice_event"));
    sl_str text = v && v->type == SL_STRING ? sl_value_str(v) : SL_STR_NONE;
    int64_t n[3] = {0};
    sl_str part;
    size_t i = 0;
    for (; text.n && i < 3 && sl_str_next(&text, ':', &part) && sl_str_to_i64(part, &n[i]); i++) {
    }
    if (!v) {
        return NULL;
    }
    if (i != 3 || n[0] <= 0 || n[2] <= 0) {
        return sl_error_new(SL_E_DATA, SL_USER,
                            "stored offset: expected 'lsn:txId:number' for 'sluice_event'");
    }
    o->exact = true;
    o->exact_lsn = (uint64_t)n[0];
    o->exact_tx = n[1];
    o->exact_events = n[2];
    return NULL;
}

void pg_offset_exact(pg_offset *o, pg_offset *before) {
    *before = (pg_offset){.has_lsn = false};
    if (!o->exact) {
        return;
    }
    o->exact = false;
    *before = *o;
    o->has_lsn = o->has_proc = o->has_tx = true;
    o->lsn = o->lsn_proc = o->exact_lsn;
    o->tx = o->exact_tx;
    o->events = o->exact_events;
    o->message = "INSERT";
}

pg_offset pg_offset_behind_row(const pg_offset *row, const pg_offset *before) {
    pg_offset o = *before;
    o.exact = true;
    o.exact_lsn = row->lsn;
    o.exact_tx = row->tx;
    o.exact_events = row->events;
    return o;
}

sl_error *pg_offset_load(const sl_value *v, pg_offset *o) {
    memset(o, 0, sizeof *o);
    if (v->type != SL_MAP) {
        return sl_error_new(SL_E_DATA, SL_USER, "stored offset: expected an object with 'lsn'");
    }
    SL_TRY(read_lsn(v, "lsn", &o->has_lsn, &o->lsn));
    SL_TRY(read_lsn(v, "lsn_proc", &o->has_proc, &o->lsn_proc));
    SL_TRY(read_lsn(v, "lsn_commit", &o->has_commit, &o->lsn_commit));
    SL_TRY(read_number(v, "txId", &o->has_tx, &o->tx));
    SL_TRY(read_number(v, "ts_usec", &o->has_ts, &o->ts_us));
    bool has;
    SL_TRY(read_number(v, "lsn_events_processed", &has, &o->events));
    SL_TRY(read_event(v, o));
    const sl_value *message = sl_map_get(v, SL_STR("messageType"));
    for (size_t i = 0; message && message->type == SL_STRING && i < sizeof words / sizeof *words; i++) {
        if (sl_str_eqz(sl_value_str(message), words[i])) {
            o->message = words[i];
        }
    }
    const sl_value *snapshot = sl_map_get(v, SL_STR("snapshot"));
    o->snapshot = snapshot && (snapshot->type == SL_STRING || (snapshot->type == SL_BOOL && snapshot->i));
    const sl_value *progress = sl_map_get(v, SL_STR("sluice_snapshot"));
    if (progress && progress->type == SL_STRING) {
        o->progress = sl_value_str(progress);
    }
    o->completed = is_true(v, "snapshot_completed") || is_true(v, "last_snapshot_record");
    return NULL;
}

typedef struct builder {
    sl_value *items;
    size_t n;
} builder;

static void put(builder *b, const char *key, sl_value v) {
    b->items[b->n * 2] = sl_string(sl_str_of(key));
    b->items[b->n * 2 + 1] = v;
    b->n++;
}

sl_value pg_offset_store(const pg_offset *o, sl_arena *a) {
    sl_value map = sl_value_alloc(a, SL_MAP, 12);
    if (map.type != SL_MAP) {
        return map;
    }
    builder b = {map.items, 0};
    if (o->has_lsn) {
        put(&b, "lsn", sl_int64((int64_t)o->lsn));
    }
    if (o->has_tx) {
        put(&b, "txId", sl_int64(o->tx));
    }
    if (o->has_ts) {
        put(&b, "ts_usec", sl_int64(o->ts_us));
    }
    if (o->snapshot) {
        put(&b, "snapshot", sl_string(SL_STR("INITIAL")));
        put(&b, "snapshot_completed", sl_bool(o->completed));
        put(&b, "last_snapshot_record", sl_bool(o->completed));
        if (o->progress.n) {
            put(&b, "sluice_snapshot", sl_string(o->progress));
        }
    }
    if (o->has_proc) {
        put(&b, "lsn_proc", sl_int64((int64_t)o->lsn_proc));
    }
    if (o->has_commit) {
        put(&b, "lsn_commit", sl_int64((int64_t)o->lsn_commit));
    }
    if (o->message) {
        put(&b, "messageType", sl_string(sl_str_of(o->message)));
    }
    if (o->events > 0) {
        put(&b, "lsn_events_processed", sl_int64(o->events));
    }
    if (o->exact) {
        put(&b, "sluice_event",
            sl_string(sl_arena_printf(a, "%llu:%lld:%lld", (unsigned long long)o->exact_lsn,
                                      (long long)o->exact_tx, (long long)o->exact_events)));
    }
    map.n = (uint32_t)b.n;
    return map;
}

sl_value pg_partition(sl_str topic_prefix, sl_arena *a) {
    sl_value map = sl_value_alloc(a, SL_MAP, 1);
    if (map.type == SL_MAP) {
        map.items[0] = sl_string(SL_STR("server"));
        map.items[1] = sl_string(sl_arena_str(a, topic_prefix));
    }
    return map;
}

uint64_t pg_offset_start(const pg_offset *o) {
    uint64_t start = o->has_lsn ? o->lsn : 0;
    start = o->has_proc && o->lsn_proc > start ? o->lsn_proc : start;
    return o->has_commit && o->lsn_commit > start ? o->lsn_commit : start;
}

uint64_t pg_offset_confirmed(const pg_offset *o) {
    if (o->snapshot) {
        return o->completed ? o->lsn : 0;
    }
    return o->has_commit ? o->lsn_commit : o->has_proc ? o->lsn_proc : 0;
}
