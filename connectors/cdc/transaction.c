/*
 * transaction.c - see transaction.h.
 */
#include "transaction.h"

#include "offset_map.h"

#define KEY_ID SL_STR("transaction_id")
#define KEY_COUNT SL_STR("transaction_data_collection_order_")
#define MESSAGES                                                                                             \
    SL_STR("io.debezium.connector.postgresql.LogicalDecodingMessageMonitor$LogicalDecodingMessageId@0")

void cdc_transaction_init(cdc_transaction *t) {
    memset(t, 0, sizeof *t);
    sl_arena_init(&t->arena, 1024);
}

void cdc_transaction_deinit(cdc_transaction *t) {
    sl_free(t->counts);
    sl_arena_deinit(&t->arena);
    memset(t, 0, sizeof *t);
}

void cdc_transaction_end(cdc_transaction *t) {
    t->serial++;
    t->total = t->messages = 0;
    t->ncounts = 0;
    t->id = SL_STR_NONE;
    sl_arena_reset(&t->arena, 4096);
}

bool cdc_transaction_begin(cdc_transaction *t, sl_str id) {
    cdc_transaction_end(t);
    t->id = sl_arena_str(&t->arena, id);
    return t->id.p != NULL;
}

bool cdc_transaction_is(const cdc_transaction *t, sl_str id) {
    return t->id.p && sl_str_eq(t->id, id);
}

/* The place of a table's count, made when there is none; the place of none: no memory. */
static size_t place_of(cdc_transaction *t, sl_str id) {
    size_t at = 0;
    while (at < t->ncounts && !sl_str_eq(t->counts[at].id, id)) {
        at++;
    }
    if (at < t->ncounts) {
        return at;
    }
    cdc_collection_count *counts = sl_grow(t->counts, t->ncounts, &t->cap, sizeof *counts);
    if (!counts) {
        return SIZE_MAX;
    }
    t->counts = counts;
    sl_str name = sl_arena_str(&t->arena, id);
    if (!name.p) {
        return SIZE_MAX;
    }
    t->counts[t->ncounts++] = (cdc_collection_count){name, 0};
    return at;
}

int64_t cdc_transaction_event(cdc_transaction *t, cdc_table *table) {
    if (table->tx_serial != t->serial) {
        size_t at = place_of(t, table->id);
        if (at == SIZE_MAX) {
            return 0;
        }
        table->tx_serial = t->serial;
        table->tx_place = at;
    }
    t->total++;
    return ++t->counts[table->tx_place].n;
}

void cdc_transaction_message(cdc_transaction *t) {
    t->total++;
    t->messages++;
}

static sl_str count_key(sl_arena *a, sl_str id) {
    return sl_arena_printf(a, "%.*s%.*s", SL_STR_ARG(KEY_COUNT), SL_STR_ARG(id));
}

sl_error *cdc_transaction_store(const cdc_transaction *t, sl_arena *a, sl_value *offset) {
    if (!t->id.p) {
        return NULL;
    }
    sl_value map = cdc_map_more(a, offset, t->ncounts + 2);
    if (map.type != SL_MAP) {
        return sl_error_nomem();
    }
    cdc_map_put(&map, KEY_ID, sl_string(sl_arena_str(a, t->id)));
    for (size_t i = 0; i < t->ncounts; i++) {
        cdc_map_put(&map, count_key(a, t->counts[i].id), sl_int64(t->counts[i].n));
    }
    if (t->messages) {
        cdc_map_put(&map, count_key(a, MESSAGES), sl_int64(t->messages));
    }
    *offset = map;
    return a->failed ? sl_error_nomem() : NULL;
}

/* A Java object's address, up to what is its own. */
static bool is_message(sl_str id) {
    sl_str head = {MESSAGES.p, MESSAGES.n - 1};
    return sl_str_starts(id, head);
}

static sl_error *load_count(cdc_transaction *t, sl_str key, const sl_value *v) {
    if (!sl_is_int(v) || v->i < 0) {
        return sl_error_new(SL_E_DATA, SL_USER, "stored offset: expected a number of events for '%.*s'",
                            SL_STR_ARG(key));
    }
    sl_str id = sl_str_skip(key, KEY_COUNT.n);
    t->total += v->i;
    if (is_message(id)) {
        t->messages += v->i;
        return NULL;
    }
    size_t at = place_of(t, id);
    if (at == SIZE_MAX) {
        return sl_error_nomem();
    }
    t->counts[at].n = v->i;
    return NULL;
}

sl_error *cdc_transaction_load(cdc_transaction *t, const sl_value *offset) {
    cdc_transaction_end(t);
    const sl_value *id = sl_map_get(offset, KEY_ID);
    if (!id || id->type != SL_STRING) {
        return NULL;
    }
    if (!cdc_transaction_begin(t, sl_value_str(id))) {
        return sl_error_nomem();
    }
    for (uint32_t i = 0; i < offset->n; i++) {
        const sl_value *key = &offset->items[(size_t)i * 2];
        if (key->type == SL_STRING && sl_str_starts(sl_value_str(key), KEY_COUNT)) {
            SL_TRY(load_count(t, sl_value_str(key), key + 1));
        }
    }
    return NULL;
}
