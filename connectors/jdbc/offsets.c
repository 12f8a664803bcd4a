/*
 * offsets.c - exactly once: offsets in a table of the target, in the same transaction as the rows.
 *
 * A row for each connector, topic and partition: the next offset to be written, and the token of the task
 * that may write it. Assignment claims the row with a new token. A batch ends with an update that matches
 * only while token and expected offset still hold; when it does not, the batch is rolled back: another task
 * has the partition now.
 */
#include "task.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static void new_token(jdbc_task *t) {
    uint64_t random[2] = {0, 0};
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        random[0] = (uint64_t)getpid();
        random[1] = (uint64_t)(uintptr_t)t;
    }
    (void)snprintf(t->token, sizeof t->token, "%016llx%016llx-%d", (unsigned long long)random[0],
                   (unsigned long long)random[1], (int)t->ctx->task);
}

/* ---- the list ---- */

static jdbc_claim *find_claim(const jdbc_task *t, sl_str topic, int32_t partition) {
    for (size_t i = 0; i < t->nclaims; i++) {
        if (t->claims[i].partition == partition && sl_str_eqz(topic, t->claims[i].topic)) {
            return &t->claims[i];
        }
    }
    return NULL;
}

static sl_error *add_claim(jdbc_task *t, sl_str topic, int32_t partition, jdbc_claim **out) {
    *out = find_claim(t, topic, partition);
    if (*out) {
        return NULL;
    }
    jdbc_claim *more = sl_realloc(t->claims, (t->nclaims + 1) * sizeof *more);
    char *name = more ? sl_strdup(topic) : NULL;
    if (more) {
        t->claims = more;
    }
    if (!name) {
        return sl_error_nomem();
    }
    *out = &t->claims[t->nclaims++];
    **out = (jdbc_claim){.topic = name, .partition = partition, .next = -1, .pending = -1};
    return NULL;
}

void jdbc_offsets_forget(jdbc_task *t, const sl_topic_partition *parts, size_t n) {
    for (size_t i = 0; i < n; i++) {
        jdbc_claim *c = find_claim(t, parts[i].topic, parts[i].partition);
        if (c) {
            sl_free(c->topic);
            *c = t->claims[--t->nclaims];
        }
    }
}

void jdbc_offsets_clear(jdbc_task *t) {
    for (size_t i = 0; i < t->nclaims; i++) {
        sl_free(t->claims[i].topic);
    }
    sl_free(t->claims);
    t->claims = NULL;
    t->nclaims = 0;
}

/* ---- the table ---- */

static sl_error *run_offsets(jdbc_task *t, const char *format, const sl_str *params, size_t n,
                             sl_arena *arena, jdbc_rows *rows) {
    sl_str sql = sl_arena_printf(arena, format, SL_STR_ARG(t->offsets_table));
    return sql.p ? t->dialect->query(t->db, sql.p, params, n, arena, rows) : sl_error_nomem();
}

static sl_error *make_table(jdbc_task *t) {
    if (t->offsets_ready) {
        return NULL;
    }
    jdbc_table table = {.name = t->settings->raw->exactly_once_table};
    sl_arena_reset(&t->offsets_arena, 4096);
    SL_TRY(t->dialect->resolve(t->db, &table, &t->offsets_arena));
    t->offsets_table = table.quoted;
    SL_TRY(t->dialect->describe(t->db, &table, &t->offsets_arena));
    if (!table.exists) {
        sl_error *err = run_offsets(t, t->dialect->offsets_ddl, NULL, 0, &t->offsets_arena, NULL);
        sl_error *again =
            t->dialect->describe(t->db, &table, &t->offsets_arena); /* another task may have been quicker */
        if (again || table.exists) {
            sl_error_free(err);
            err = again;
        }
        if (err) {
            return err;
        }
    }
    if (!jdbc_table_column(&table, SL_STR("next_offset"), true) ||
        !jdbc_table_column(&table, SL_STR("owner"), true)) {
        return sl_error_new(
            SL_E_CONFIG, SL_USER,
            "table '%.*s' is there, but is no table of offsets: set exactly.once.table to another name",
            SL_STR_ARG(table.name));
    }
    t->offsets_ready = true;
    return NULL;
}

static sl_error *claim_one(jdbc_task *t, sl_topic_partition *part, sl_arena *arena) {
    jdbc_rows rows = {0};
    jdbc_claim *claim;
    int64_t next = -1;
    sl_str params[] = {t->ctx->connector, part->topic, sl_arena_printf(arena, "%d", (int)part->partition),
                       sl_str_of(t->token)};
    SL_TRY(run_offsets(t,
                       "INSERT INTO %.*s (connector, topic, partition, next_offset, owner) VALUES ($1, $2, "
                       "CAST($3 AS integer), -1, $4) "
                       "ON CONFLICT (connector, topic, partition) DO UPDATE SET owner = excluded.owner "
                       "RETURNING next_offset",
                       params, 4, arena, &rows));
    if (rows.nrows != 1 || !sl_str_to_i64(rows.cells[0], &next)) {
        return sl_error_new(SL_E_DATABASE, SL_FATAL, "the table of offsets gave no offset back");
    }
    SL_TRY(add_claim(t, part->topic, part->partition, &claim));
    claim->next = next;
    if (next >= 0) {
        part->offset = next;
    }
    return NULL;
}

/* What a transaction of its own is about. */
typedef struct change {
    sl_error *(*make)(jdbc_task *t, const struct change *c, sl_arena *arena);
    sl_topic_partition *parts;    /* to claim */
    const sl_batch_offset *items; /* to alter */
    size_t n;
} change;

static sl_error *make_change(jdbc_task *t, const change *c, sl_arena *arena) {
    SL_TRY(make_table(t));
    SL_TRY(t->dialect->begin(t->db));
    SL_TRY(c->make(t, c, arena));
    return t->dialect->commit(t->db);
}

static sl_error *in_transaction(jdbc_task *t, const change *c) {
    sl_arena arena;
    sl_arena_init(&arena, 0);
    sl_error *err = make_change(t, c, &arena);
    if (err) {
        t->dialect->rollback(t->db);
    }
    sl_arena_deinit(&arena);
    return err;
}

static sl_error *claim_all(jdbc_task *t, const change *c, sl_arena *arena) {
    for (size_t i = 0; i < c->n; i++) {
        SL_TRY(claim_one(t, &c->parts[i], arena));
    }
    return NULL;
}

sl_error *jdbc_offsets_claim(jdbc_task *t, sl_topic_partition *parts, size_t n) {
    if (!t->token[0]) {
        new_token(t);
    }
    return in_transaction(t, &(change){.make = claim_all, .parts = parts, .n = n});
}

static sl_error *fenced(const jdbc_task *t, const jdbc_claim *c) {
    return sl_error_at(
        sl_error_new(
            SL_E_CONFLICT, SL_RETRIABLE,
            "another task has claimed this partition in '%.*s', or moved its offset: nothing was written",
            SL_STR_ARG(t->offsets_table)),
        sl_str_of(c->topic), c->partition, -1);
}

static sl_error *refresh_one(jdbc_task *t, jdbc_claim *c, sl_arena *arena) {
    jdbc_rows rows = {0};
    sl_str params[] = {t->ctx->connector, sl_str_of(c->topic),
                       sl_arena_printf(arena, "%d", (int)c->partition), sl_str_of(t->token)};
    SL_TRY(run_offsets(t,
                       "SELECT next_offset FROM %.*s WHERE connector = $1 AND topic = $2 AND partition = "
                       "CAST($3 AS integer) AND owner = $4",
                       params, 4, arena, &rows));
    if (rows.nrows != 1 || !sl_str_to_i64(rows.cells[0], &c->next)) {
        return fenced(t, c);
    }
    return NULL;
}

sl_error *jdbc_offsets_refresh(jdbc_task *t) {
    sl_arena arena;
    sl_error *err = NULL;
    sl_arena_init(&arena, 0);
    for (size_t i = 0; !err && i < t->nclaims; i++) {
        err = refresh_one(t, &t->claims[i], &arena);
    }
    sl_arena_deinit(&arena);
    return err;
}

/* ---- within a batch ---- */

void jdbc_offsets_begin(jdbc_task *t) {
    for (size_t i = 0; i < t->nclaims; i++) {
        t->claims[i].pending = -1;
    }
}

sl_error *jdbc_offsets_take(jdbc_task *t, const sl_record *rec, bool *replay) {
    *replay = false;
    if (!t->settings->raw->exactly_once) {
        return NULL;
    }
    sl_str topic = rec->kafka_topic.p ? rec->kafka_topic : rec->topic;
    jdbc_claim *c = find_claim(t, topic, rec->kafka_partition);
    if (!c) {
        return sl_error_at(sl_error_new(SL_E_CONFLICT, SL_RETRIABLE,
                                        "a record of a partition that is not assigned to this task"),
                           topic, rec->kafka_partition, rec->kafka_offset);
    }
    *replay = rec->kafka_offset < c->next;
    if (!*replay && rec->kafka_offset + 1 > c->pending) {
        c->pending = rec->kafka_offset + 1;
    }
    return NULL;
}

static sl_error *store_one(jdbc_task *t, const jdbc_claim *c, sl_arena *arena) {
    jdbc_rows rows = {0};
    sl_str params[] = {sl_arena_printf(arena, "%lld", (long long)c->pending),
                       t->ctx->connector,
                       sl_str_of(c->topic),
                       sl_arena_printf(arena, "%d", (int)c->partition),
                       sl_str_of(t->token),
                       sl_arena_printf(arena, "%lld", (long long)c->next)};
    SL_TRY(run_offsets(
        t,
        "UPDATE %.*s SET next_offset = CAST($1 AS bigint) WHERE connector = $2 AND topic = $3 AND "
        "partition = CAST($4 AS integer) AND owner = $5 AND next_offset = CAST($6 AS bigint)",
        params, 6, arena, &rows));
    return rows.affected == 1 ? NULL : fenced(t, c);
}

sl_error *jdbc_offsets_store(jdbc_task *t) {
    sl_arena arena;
    sl_error *err = NULL;
    sl_arena_init(&arena, 0);
    for (size_t i = 0; !err && i < t->nclaims; i++) {
        if (t->claims[i].pending >= 0) {
            err = store_one(t, &t->claims[i], &arena);
        }
    }
    sl_arena_deinit(&arena);
    return err;
}

void jdbc_offsets_committed(jdbc_task *t) {
    for (size_t i = 0; i < t->nclaims; i++) {
        if (t->claims[i].pending >= 0) {
            t->claims[i].next = t->claims[i].pending;
        }
    }
}

/* ---- changed by the user ---- */

/* alter_one: without an owner, or without the row, no task's update matches. */
static sl_error *alter_one(jdbc_task *t, const sl_batch_offset *item, sl_arena *arena) {
    jdbc_rows rows = {0};
    const sl_value *topic = sl_map_get(&item->partition, SL_STR("kafka_topic"));
    const sl_value *partition = sl_map_get(&item->partition, SL_STR("kafka_partition"));
    const sl_value *next = sl_map_get(&item->offset, SL_STR("kafka_offset"));
    if (!topic || !partition || (!next && !sl_is_null(&item->offset))) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "an offset needs kafka_topic, kafka_partition, kafka_offset");
    }
    sl_str params[] = {t->ctx->connector, sl_value_str(topic),
                       sl_arena_printf(arena, "%lld", (long long)partition->i),
                       sl_arena_printf(arena, "%lld", next ? (long long)next->i : -1LL)};
    if (!next) {
        return run_offsets(t,
                           "DELETE FROM %.*s WHERE connector = $1 AND topic = $2 AND partition = CAST($3 AS "
                           "integer)",
                           params, 3, arena, &rows);
    }
    return run_offsets(
        t,
        "INSERT INTO %.*s (connector, topic, partition, next_offset, owner) VALUES ($1, $2, "
        "CAST($3 AS integer), CAST($4 AS bigint), '') ON CONFLICT (connector, topic, partition) "
        "DO UPDATE SET next_offset = excluded.next_offset, owner = excluded.owner",
        params, 4, arena, &rows);
}

static sl_error *alter_all(jdbc_task *t, const change *c, sl_arena *arena) {
    jdbc_rows rows = {0};
    if (c->n == 0) {
        return run_offsets(t, "DELETE FROM %.*s WHERE connector = $1", &t->ctx->connector, 1, arena, &rows);
    }
    for (size_t i = 0; i < c->n; i++) {
        SL_TRY(alter_one(t, &c->items[i], arena));
    }
    return NULL;
}

sl_error *jdbc_offsets_alter(jdbc_task *t, const sl_batch_offset *items, size_t n) {
    return in_transaction(t, &(change){.make = alter_all, .items = items, .n = n});
}
