/*
 * bed.h - a sink task on a test bench: settings, schemas, batches by hand, and what the target holds as text.
 *
 * The database is behind `bed_db`, so that the same cases (cases.h) run on SQLite and on PostgreSQL. Failed
 * assertions leave the test at once; a bench is closed by its test's end.
 */
#ifndef JDBC_BED_H
#define JDBC_BED_H

#include <support/fake_host.h>
#include <support/support.h>

#include <jdbc/settings.h>
#include <jdbc/sink.h>
#include <model/batch.h>

#include <stdio.h>
#include <stdlib.h>

/* Filled in by the program that includes the cases. */
typedef struct bed_database {
    bool postgres;
    const char *url;
    void (*run)(const char *sql);                         /* must succeed */
    void (*rows)(const char *sql, char *out, size_t max); /* "a|b;c|d", NULL as "~" */
} bed_database;

extern bed_database bed_db;

typedef struct bed {
    sl_arena arena;
    fake_state state;
    sl_config config;
    jdbc_raw raw;
    sl_context ctx;
    const sl_sink_ops *ops;
    void *task;
    sl_batch *batch;
    int64_t offset;
    const sl_schema *made[200];
    size_t nmade;
} bed;

static sl_error *bed_start(bed *b, const sl_plugin_def *def, const char *const *pairs) {
    sl_config_report report;
    memset(b, 0, sizeof *b);
    sl_arena_init(&b->arena, 0);
    sl_config_entry *entries = sl_arena_zalloc(&b->arena, 64 * sizeof *entries);
    assert_non_null(entries);
    b->config.entries = entries;
    entries[b->config.n++] =
        (sl_config_entry){.key = SL_STR("connection.url"), .value = sl_str_of(bed_db.url)};
    for (; pairs && pairs[0]; pairs += 2) {
        size_t i = strcmp(pairs[0], "connection.url") == 0 ? 0 : b->config.n++;
        entries[i] = (sl_config_entry){.key = sl_str_of(pairs[0]), .value = sl_str_of(pairs[1])};
    }
    sl_config_report_init(&report, &b->arena);
    sl_config_parse(def->settings, def->nsettings, &b->config, &b->raw, &b->arena, &report);
    b->ctx = fake_context(&b->state, &b->config, &b->raw, def->variant);
    b->ctx.connector = SL_STR("bench");
    if (!report.errors) {
        b->ctx.offline = true; /* open is to say what is wrong with the database */
        def->sink->validate(&b->ctx, &report);
        b->ctx.offline = false;
    }
    sl_error *err = sl_config_report_error(&report);
    b->ops = def->sink;
    return err ? err : b->ops->open(&b->ctx, &b->task);
}

#define BED_PAIRS(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL, NULL})
#define bed_debezium(b, ...) test_assert_ok(bed_start((b), &jdbc_debezium_sink, BED_PAIRS(__VA_ARGS__)))
#define bed_confluent(b, ...) test_assert_ok(bed_start((b), &jdbc_confluent_sink, BED_PAIRS(__VA_ARGS__)))

static void bed_close(bed *b) {
    if (b->task) {
        b->ops->close(b->task);
    }
    sl__batch_free(b->batch);
    for (size_t i = 0; i < b->nmade; i++) {
        fake_host.schema_unref(b->made[i]);
    }
    fake_state_deinit(&b->state);
    sl_arena_deinit(&b->arena);
}

/* ---- schemas and values ---- */

static const sl_schema *bed_intern(bed *b, const sl_schema *def) {
    const sl_schema *s = NULL;
    test_assert_ok(fake_host.schema_intern(def, &s));
    assert_true(b->nmade < 200);
    b->made[b->nmade++] = s;
    return s;
}

__attribute__((unused)) static const sl_schema *bed_type(bed *b, sl_type t, bool optional) {
    return bed_intern(b, &(sl_schema){.type = t, .optional = optional});
}

__attribute__((unused)) static const sl_schema *bed_named(bed *b, sl_type t, const char *name) {
    return bed_intern(
        b, &(sl_schema){
               .type = t, .optional = true, .name = sl_str_of(name), .has_version = true, .version = 1});
}

__attribute__((unused)) static const sl_schema *bed_param(bed *b, sl_type t, const char *name,
                                                          const char *key, const char *value) {
    sl_schema_param p = {sl_str_of(key), sl_str_of(value)};
    return bed_intern(
        b, &(sl_schema){.type = t, .optional = true, .name = sl_str_of(name), .params = &p, .nparams = 1});
}

typedef struct bed_field {
    const char *name;
    const sl_schema *schema;
} bed_field;

static const sl_schema *bed_struct_of(bed *b, const char *name, bool optional, const bed_field *fields) {
    sl_field f[64];
    uint32_t n = 0;
    for (; fields[n].name; n++) {
        f[n] = (sl_field){sl_str_of(fields[n].name), fields[n].schema};
    }
    return bed_intern(
        b, &(sl_schema){
               .type = SL_STRUCT, .optional = optional, .name = sl_str_of(name), .fields = f, .nfields = n});
}
#define bed_struct(b, ...) bed_struct_of((b), NULL, true, (bed_field[]){__VA_ARGS__, {NULL, NULL}})

/* bed_envelope makes Debezium's envelope around a row. */
__attribute__((unused)) static const sl_schema *bed_envelope(bed *b, const sl_schema *row) {
    const sl_schema *text = bed_type(b, SL_STRING, false);
    const sl_schema *source = bed_struct_of(b, "io.debezium.connector.postgresql.Source", false,
                                            (bed_field[]){{"schema", text}, {"table", text}, {NULL, NULL}});
    return bed_struct_of(
        b, "t.public.x.Envelope", false,
        (bed_field[]){{"before", row}, {"after", row}, {"source", source}, {"op", text}, {NULL, NULL}});
}

static sl_value text(const char *z) {
    return z ? sl_string(sl_str_of(z)) : sl_null();
}

static sl_batch *bed_batch(bed *b) {
    if (!b->batch) {
        b->batch = sl__batch_new(&fake_host);
        assert_non_null(b->batch);
    }
    return b->batch;
}

static sl_value bed_row_of(bed *b, sl_type type, size_t n, const sl_value *items) {
    sl_value v = sl_value_alloc(&bed_batch(b)->arena, type, n);
    memcpy(v.items, items, n * (type == SL_MAP ? 2 : 1) * sizeof *items);
    return v;
}
#define bed_row(b, ...)                                                                                      \
    bed_row_of((b), SL_STRUCT, sizeof((sl_value[]){__VA_ARGS__}) / sizeof(sl_value),                         \
               (sl_value[]){__VA_ARGS__})

/* bed_event makes an envelope's value. */
__attribute__((unused)) static sl_value bed_event(bed *b, const char *op, sl_value before, sl_value after) {
    return bed_row(b, before, after, bed_row(b, text("public"), text("x")), text(op));
}

static sl_record *bed_add(bed *b, const char *topic, const sl_schema *ks, sl_value key, const sl_schema *vs,
                          sl_value value) {
    sl_record *r = sl_batch_add(bed_batch(b));
    assert_non_null(r);
    r->topic = r->kafka_topic = sl_str_of(topic);
    r->partition = r->kafka_partition = 0;
    r->kafka_offset = b->offset++;
    sl_record_set_key(b->batch, r, ks, key);
    sl_record_set_value(b->batch, r, vs, value);
    return r;
}

static sl_error *bed_try(bed *b) {
    sl_error *err = b->ops->put(b->task, bed_batch(b));
    return err;
}

static void bed_clear(bed *b) {
    sl__batch_free(b->batch);
    b->batch = NULL;
}

__attribute__((unused)) static void bed_put(bed *b) {
    test_assert_ok(bed_try(b));
    bed_clear(b);
}

/* ---- looking ---- */

#define bed_expect(sql, z) bed_expect_at((sql), (z), __FILE__, __LINE__)
__attribute__((unused)) static void bed_expect_at(const char *sql, const char *z, const char *file,
                                                  int line) {
    static char out[65536];
    bed_db.rows(sql, out, sizeof out);
    if (strcmp(out, z) != 0) {
        print_error("%s\n  gives    %s\n  expected %s\n", sql, out, z);
        _fail(file, line);
    }
}

#endif
