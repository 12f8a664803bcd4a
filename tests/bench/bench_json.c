/*
 * bench_json.c - nanoseconds per record of the JSON converter, for Debezium's envelope of an insert.
 *
 * usage: bench_json [SECONDS_PER_FIGURE]. The first figures are of one schema, the others of the tables of
 * one database, in any order. Each figure is the best of five runs, which stand beside each other so that a
 * disturbance shows; memory copied per second by the same machine is the yardstick. Not part of the tests:
 * what is written is compared in tests/unit/converters and tests/compat/converters.
 */
#include <converters/json.h>
#include <model/batch.h>
#include <model/schema.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define RUNS 5

static const sl_host host = {.struct_size = sizeof(sl_host),
                             .schema_intern = sl__schema_intern,
                             .schema_ref = sl__schema_ref,
                             .schema_unref = sl__schema_unref};

static void must(sl_error *err) {
    char text[512];
    if (err) {
        fprintf(stderr, "bench_json: %s\n", sl_error_text(err, text, sizeof text));
        exit(1);
    }
}

#define F(name, type) "{\"type\":\"" type "\",\"optional\":true,\"field\":\"" name "\"}"
#define N(name, type, logical)                                                                               \
    "{\"type\":\"" type "\",\"optional\":true,\"name\":\"io.debezium.time." logical                          \
    "\",\"version\":1,\"field\":\"" name "\"}"
#define ROW(name)                                                                                            \
    "{\"type\":\"struct\",\"fields\":[" F("id", "int32") "," F("customer", "int32") "," F(                   \
        "product",                                                                                           \
        "string") "," F("quantity",                                                                          \
                        "int32") ","                                                                         \
                                 "{\"type\":\"bytes\",\"optional\":true,\"name\":\"org.apache.kafka."        \
                                 "connect.data.Decimal\",\"version\":1,\"parameters\":{\"scale\":\"2\"},"    \
                                 "\"field\":\"price\"}," N("created", "int64", "MicroTimestamp") "," F(      \
                                     "note", "string") "],\"optional\":true,\"name\":\"shop.public.orders."  \
                                                       "Value\",\"field\":\"" name "\"}"
#define SOURCE                                                                                                                            \
    "{\"type\":\"struct\",\"fields\":[" F("version", "string") "," F("connector", "string") "," F("name", "string") "," F(                \
        "ts_ms",                                                                                                                          \
        "int64") "," F("snapshot",                                                                                                        \
                       "string") "," F("db",                                                                                              \
                                       "string") "," F("sequence",                                                                        \
                                                       "string") "," F("schema",                                                          \
                                                                       "string") "," F("table",                                           \
                                                                                       "string") "," F("txI"                              \
                                                                                                       "d",                               \
                                                                                                       "int"                              \
                                                                                                       "64") "," F("lsn",                 \
                                                                                                                   "int64") "," F("xmin", \
                                                                                                                                  "int64") "],\"optional\":false,\"name\":\"io.debezium.connector.postgresql.Source\",\"version\":1,\"field\":\"source\"}"
#define TRANSACTION                                                                                          \
    "{\"type\":\"struct\",\"fields\":[" F("id", "string") "," F(                                             \
        "total_order",                                                                                       \
        "int64") "],\"optional\":true,\"name\":\"event.block\",\"version\":1,\"field\":\"transaction\"}"
static const char RECORD[] = "{\"schema\":{\"type\":\"struct\",\"fields\":[" ROW("before") "," ROW(
    "after") "," SOURCE
             "," F("op", "string") "," F(
                 "ts_ms",
                 "int64") "," TRANSACTION "],\"optional\":false,\"name\":\"shop.public.orders.Envelope\","
                          "\"version\":2},\"payload\":"
                          "{\"before\":null,\"after\":{\"id\":1042,\"customer\":77,\"product\":\"espresso "
                          "machine, steel\",\"quantity\":2,\"price\":\"AMNQ\","
                          "\"created\":1700000000123456,\"note\":\"please ring "
                          "twice\"},\"source\":{\"version\":\"3.5.0.Final\",\"connector\":\"postgresql\","
                          "\"name\":\"shop\","
                          "\"ts_ms\":1700000000124,\"snapshot\":\"false\",\"db\":\"shop\",\"sequence\":\"["
                          "\\\"24023119\\\",\\\"24023128\\\"]\",\"schema\":\"public\",\"table\":\"orders\","
                          "\"txId\":555,\"lsn\":24023128,\"xmin\":null},\"op\":\"c\",\"ts_ms\":1700000000200,"
                          "\"transaction\":null}}";

/* What is measured. */
typedef struct bench {
    json_writer *writer;
    json_reader *reader;
    sl_batch *batch;
    const sl_schema *schema; /* of the record as read with its schema */
    sl_value value;
    sl_str bytes; /* what the converter writes */
    struct tables *tables;
} bench;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_many(bench *b, size_t n) {
    bool is_null;
    sl_buf out;
    for (size_t i = 0; i < n;) {
        sl__batch_reset(b->batch);
        for (size_t k = 0; k < 1000 && i < n; k++, i++) {
            sl_buf_init(&out, &b->batch->arena);
            must(json_write(b->writer, b->schema, &b->value, &out, &is_null));
            (void)sl_buf_take(&out);
        }
    }
}

static void read_many(bench *b, size_t n) {
    const sl_schema *s;
    sl_value v;
    for (size_t i = 0; i < n;) {
        sl__batch_reset(b->batch);
        for (size_t k = 0; k < 1000 && i < n; k++, i++) {
            must(json_read(b->reader, SL_STR("shop.public.orders"), b->bytes, b->batch, &s, &v));
        }
    }
}

static void copy_many(bench *b, size_t n) {
    static char to[4096];
    for (size_t i = 0; i < n; i++) {
        memcpy(to, b->bytes.p, b->bytes.n);
        __asm__ volatile("" : : "r"(to) : "memory");
    }
}

static void figure(const char *name, bench *b, void (*run)(bench *, size_t), double seconds) {
    double best = 1e9, all[RUNS];
    size_t n = 1000;
    for (double t = 0; t < seconds / RUNS / 2; n *= 2) {
        t = now();
        run(b, n);
        t = now() - t;
    }
    for (int i = 0; i < RUNS; i++) {
        double t = now();
        run(b, n);
        all[i] = (now() - t) * 1e9 / (double)n;
        best = all[i] < best ? all[i] : best;
    }
    printf("%-26s %6zu bytes %8.1f ns  (", name, b->bytes.n, best);
    for (int i = 0; i < RUNS; i++) {
        printf("%s%.0f", i ? " " : "", all[i]);
    }
    printf(")\n");
}

static void measure(bool schemas, double seconds) {
    json_settings with = {.schemas_enable = true, .cache_size = 1000, .null_to_default = true};
    json_settings set = with;
    bench b = {.batch = sl__batch_new(&host)};
    sl_batch *own = sl__batch_new(&host);
    sl_buf out;
    bool is_null;
    set.schemas_enable = schemas;
    b.writer = json_writer_new(&host, &set);
    b.reader = json_reader_new(&host, &set);
    json_reader *first = json_reader_new(&host, &with);
    must(json_read(first, SL_STR_NONE, sl_str_make(RECORD, sizeof RECORD - 1), own, &b.schema, &b.value));
    sl_buf_init(&out, NULL);
    must(json_write(b.writer, b.schema, &b.value, &out, &is_null));
    b.bytes = sl_buf_view(&out);
    figure(schemas ? "write, schemas on" : "write, schemas off", &b, write_many, seconds);
    figure(schemas ? "read, schemas on" : "read, schemas off", &b, read_many, seconds);
    figure("memcpy of the same", &b, copy_many, seconds);
    sl_buf_deinit(&out);
    json_reader_free(first);
    json_reader_free(b.reader);
    json_writer_free(b.writer);
    sl__batch_free(own);
    sl__batch_free(b.batch);
}

/* ---- the tables of one database ---- */

#define MOST_TABLES 1000

typedef struct tables {
    json_writer *writer;
    json_reader *reader;
    size_t n;
    const sl_schema *schemas[MOST_TABLES];
    sl_value values[MOST_TABLES];
    sl_str texts[MOST_TABLES], topics[MOST_TABLES];
} tables;

/* next_table: any of them, the same ones in every run. */
static size_t next_table(const tables *t, uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (size_t)(*state >> 8) % t->n;
}

static void write_tables(bench *b, size_t n) {
    tables *t = b->tables;
    uint32_t state = 1;
    bool is_null;
    sl_buf out;
    for (size_t i = 0; i < n;) {
        sl__batch_reset(b->batch);
        for (size_t k = 0; k < 1000 && i < n; k++, i++) {
            size_t at = next_table(t, &state);
            sl_buf_init(&out, &b->batch->arena);
            must(json_write(t->writer, t->schemas[at], &t->values[at], &out, &is_null));
            (void)sl_buf_take(&out);
        }
    }
}

static void read_tables(bench *b, size_t n) {
    tables *t = b->tables;
    uint32_t state = 1;
    const sl_schema *s;
    sl_value v;
    for (size_t i = 0; i < n;) {
        sl__batch_reset(b->batch);
        for (size_t k = 0; k < 1000 && i < n; k++, i++) {
            size_t at = next_table(t, &state);
            must(json_read(t->reader, t->topics[at], t->texts[at], b->batch, &s, &v));
        }
    }
}

/* make_tables gives each table an envelope of a name of its own. */
static void make_tables(tables *t, sl_batch *own) {
    sl_str record = sl_str_make(RECORD, sizeof RECORD - 1), name = SL_STR("orders.Envelope");
    size_t at = sl_str_find_str(record, name);
    for (size_t i = 0; i < t->n; i++) {
        t->topics[i] = sl_arena_printf(&own->arena, "shop.public.orders_%zu", i);
        t->texts[i] = sl_arena_printf(&own->arena, "%.*sorders_%zu.Envelope%s", (int)at, RECORD, i,
                                      RECORD + at + name.n);
        must(json_read(t->reader, t->topics[i], t->texts[i], own, &t->schemas[i], &t->values[i]));
    }
}

static void measure_tables(size_t n, double seconds) {
    static tables t;
    json_settings set = {.schemas_enable = true, .cache_size = 1000, .null_to_default = true};
    bench b = {.batch = sl__batch_new(&host), .tables = &t};
    sl_batch *own = sl__batch_new(&host);
    char name[64];
    t = (tables){.writer = json_writer_new(&host, &set), .reader = json_reader_new(&host, &set), .n = n};
    make_tables(&t, own);
    b.bytes = t.texts[0];
    snprintf(name, sizeof name, "write, %zu tables", n);
    figure(name, &b, write_tables, seconds);
    snprintf(name, sizeof name, "read, %zu tables", n);
    figure(name, &b, read_tables, seconds);
    json_reader_free(t.reader);
    json_writer_free(t.writer);
    sl__batch_free(own);
    sl__batch_free(b.batch);
}

int main(int argc, char **argv) {
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    measure(false, seconds);
    measure(true, seconds);
    measure_tables(100, seconds);
    measure_tables(200, seconds);
    measure_tables(MOST_TABLES, seconds);
    return 0;
}
