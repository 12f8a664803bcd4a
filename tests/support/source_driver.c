/*
 * source_driver.c - runs one source plugin without a worker: polls it, prints its records as JSON lines,
 * keeps its offsets in a file. For tests and measurements of sources alone.
 *
 * Usage:  source_driver PLUGIN.so CONNECTOR.properties OFFSETS.json [option...]
 *           --records N   stop after N records          --idle MS  stop after MS without a record (default
 * 3000)
 *           --quiet       print only the totals         --schemas  print schemas too, as JsonConverter does
 *           --exactly-once  as a task whose records and offsets go in one transaction
 *           --no-store    do not keep offsets in the file
 *
 * SOURCE_SETTLED in the environment: a command that tells whether the source can have anything still to come,
 * for a server that is slow. It is asked when the time of --idle is over: it prints "done", or else what it
 * wants in SETTLED_FROM when it is asked again a moment later. After SETTLE_MS without a record the driver
 * ends all the same.
 *
 * Exit codes: 0 done, 1 the task failed, 2 usage. Built by tests/integration/postgres-cdc/source.test.sh.
 * Threads: one. Memory: one batch at a time.
 */
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "config/properties.h"
#include "model/batch.h"
#include "model/schema.h"
#include "plugin/instance.h"
#include "plugin/registry.h"

enum { SETTLE_MS = 60000, SETTLE_AGAIN_MS = 100 };

typedef struct driver {
    const char *offsets_path;
    const char *settled;
    json_t *offsets; /* partition text -> offset object */
    bool schemas, quiet, store, exactly_once;
    long long records, limit, batches, steps;
    int64_t idle_ms;
} driver;

static driver the;

static int64_t now_ms(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- JSON ---- */

static void put_base64(sl_buf *b, sl_str in) {
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    sl_buf_add_char(b, '"');
    for (size_t i = 0; i < in.n; i += 3) {
        unsigned char c[3] = {(unsigned char)in.p[i], 0, 0};
        c[1] = i + 1 < in.n ? (unsigned char)in.p[i + 1] : 0;
        c[2] = i + 2 < in.n ? (unsigned char)in.p[i + 2] : 0;
        sl_buf_add_char(b, set[c[0] >> 2]);
        sl_buf_add_char(b, set[(c[0] & 3) << 4 | c[1] >> 4]);
        sl_buf_add_char(b, i + 1 < in.n ? set[(c[1] & 15) << 2 | c[2] >> 6] : '=');
        sl_buf_add_char(b, i + 2 < in.n ? set[c[2] & 63] : '=');
    }
    sl_buf_add_char(b, '"');
}

static void put_number(sl_buf *b, const sl_value *v) {
    if (isnan(v->f) || isinf(v->f)) {
        sl_buf_add_z(b, isnan(v->f) ? "\"NaN\"" : v->f > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    } else if (v->type == SL_FLOAT32) {
        sl_buf_printf(b, "%.9g", v->f);
    } else {
        sl_buf_printf(b, "%.17g", v->f);
    }
}

static void put_value(sl_buf *b, const sl_schema *s, const sl_value *v);

static void put_list(sl_buf *b, const sl_schema *s, const sl_value *v) {
    sl_buf_add_char(b, '[');
    for (uint32_t i = 0; i < v->n; i++) {
        sl_buf_add_z(b, i ? "," : "");
        put_value(b, s ? s->element : NULL, &v->items[i]);
    }
    sl_buf_add_char(b, ']');
}

static void put_object(sl_buf *b, const sl_schema *s, const sl_value *v) {
    sl_buf_add_char(b, '{');
    for (uint32_t i = 0; i < v->n; i++) {
        sl_buf_add_z(b, i ? "," : "");
        if (v->type == SL_STRUCT) {
            sl_buf_add_json_str(b, s->fields[i].name);
            sl_buf_add_char(b, ':');
            put_value(b, s->fields[i].schema, &v->items[i]);
        } else {
            sl_buf_add_json_str(b, sl_value_str(&v->items[i * 2]));
            sl_buf_add_char(b, ':');
            put_value(b, s ? s->element : NULL, &v->items[i * 2 + 1]);
        }
    }
    sl_buf_add_char(b, '}');
}

static void put_value(sl_buf *b, const sl_schema *s, const sl_value *v) {
    if (v->type == SL_NULL && s && s->default_value) {
        v = s->default_value;
    }
    switch (v->type) {
    case SL_NULL:
        sl_buf_add_z(b, "null");
        break;
    case SL_BOOL:
        sl_buf_add_z(b, v->i ? "true" : "false");
        break;
    case SL_FLOAT32:
    case SL_FLOAT64:
        put_number(b, v);
        break;
    case SL_STRING:
        sl_buf_add_json_str(b, sl_value_str(v));
        break;
    case SL_BYTES:
        put_base64(b, sl_value_str(v));
        break;
    case SL_ARRAY:
        put_list(b, s, v);
        break;
    case SL_MAP:
    case SL_STRUCT:
        put_object(b, s, v);
        break;
    default:
        sl_buf_add_i64(b, v->i);
    }
}

static const char *type_name(sl_type t) {
    static const char *const names[SL_TYPE_COUNT] = {"null",  "int8",   "int16",   "int32",  "int64",
                                                     "float", "double", "boolean", "string", "bytes",
                                                     "array", "map",    "struct"};
    return names[t];
}

static void put_schema(sl_buf *b, const sl_schema *s, const char *field) {
    if (!s) {
        sl_buf_add_z(b, "null");
        return;
    }
    sl_buf_printf(b, "{\"type\":\"%s\",\"optional\":%s", type_name(s->type), s->optional ? "true" : "false");
    if (s->name.p) {
        sl_buf_add_z(b, ",\"name\":");
        sl_buf_add_json_str(b, s->name);
    }
    if (s->has_version) {
        sl_buf_printf(b, ",\"version\":%d", s->version);
    }
    if (s->doc.p) {
        sl_buf_add_z(b, ",\"doc\":");
        sl_buf_add_json_str(b, s->doc);
    }
    for (uint32_t i = 0; i < s->nparams; i++) {
        sl_buf_add_z(b, i ? "," : ",\"parameters\":{");
        sl_buf_add_json_str(b, s->params[i].name);
        sl_buf_add_char(b, ':');
        sl_buf_add_json_str(b, s->params[i].value);
        sl_buf_add_z(b, i + 1 == s->nparams ? "}" : "");
    }
    if (s->default_value) {
        sl_buf_add_z(b, ",\"default\":");
        put_value(b, s, s->default_value);
    }
    if (s->type == SL_MAP || s->type == SL_ARRAY) {
        sl_buf_add_z(b, s->type == SL_MAP ? ",\"keys\":" : ",\"items\":");
        put_schema(b, s->type == SL_MAP ? s->key : s->element, NULL);
    }
    if (s->type == SL_MAP) {
        sl_buf_add_z(b, ",\"values\":");
        put_schema(b, s->element, NULL);
    }
    for (uint32_t i = 0; i < s->nfields; i++) {
        sl_buf_add_z(b, i ? "," : ",\"fields\":[");
        char *name = sl_strdup(s->fields[i].name);
        put_schema(b, s->fields[i].schema, name);
        sl_free(name);
        sl_buf_add_z(b, i + 1 == s->nfields ? "]" : "");
    }
    if (field) {
        sl_buf_add_z(b, ",\"field\":");
        sl_buf_add_json_str(b, sl_str_of(field));
    }
    sl_buf_add_char(b, '}');
}

static void put_side(sl_buf *b, const sl_schema *s, const sl_value *v) {
    if (!s && v->type == SL_NULL) {
        sl_buf_add_z(b, "null");
        return;
    }
    if (the.schemas) {
        sl_buf_add_z(b, "{\"schema\":");
        put_schema(b, s, NULL);
        sl_buf_add_z(b, ",\"payload\":");
    }
    put_value(b, s, v);
    sl_buf_add_z(b, the.schemas ? "}" : "");
}

static void print_record(const sl_record *r) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl_buf_add_z(&b, "{\"topic\":");
    sl_buf_add_json_str(&b, r->topic);
    sl_buf_add_z(&b, ",\"headers\":[");
    for (uint32_t i = 0; i < r->nheaders; i++) {
        sl_buf_add_z(&b, i ? ",[" : "[");
        sl_buf_add_json_str(&b, r->headers[i].name);
        sl_buf_add_char(&b, ',');
        put_value(&b, r->headers[i].schema, &r->headers[i].value);
        sl_buf_add_char(&b, ']');
    }
    sl_buf_add_z(&b, "],\"key\":");
    put_side(&b, r->key_schema, &r->key);
    sl_buf_add_z(&b, ",\"value\":");
    put_side(&b, r->value_schema, &r->value);
    sl_buf_add_z(&b, "}\n");
    fwrite(b.p, 1, b.n, stdout);
    sl_buf_deinit(&b);
}

/* Every record must be valid for its schemas. */
static void check_record(const sl_record *r) {
    sl_error *err = r->key_schema ? sl_value_check(r->key_schema, &r->key) : NULL;
    if (!err && r->value_schema && r->value.type != SL_NULL) {
        err = sl_value_check(r->value_schema, &r->value);
    }
    if (err) {
        char text[400];
        fprintf(stderr, "source_driver: record of %.*s is not valid: %s\n", SL_STR_ARG(r->topic),
                sl_error_text(err, text, sizeof text));
        exit(1);
    }
}

/* ---- the host ---- */

static void host_log(const sl_context *ctx, sl_log_level level, const char *fmt, ...) SL_PRINTF(3, 4);
static void host_log(const sl_context *ctx, sl_log_level level, const char *fmt, ...) {
    static const char *const names[] = {"trace", "debug", "info", "warn", "error"};
    va_list args;
    (void)ctx;
    fprintf(stderr, "source_driver: %s: ", names[level]);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

static sl_value from_json(sl_arena *a, json_t *j) {
    switch (json_typeof(j)) {
    case JSON_INTEGER:
        return sl_int64(json_integer_value(j));
    case JSON_REAL:
        return sl_float64(json_real_value(j));
    case JSON_TRUE:
    case JSON_FALSE:
        return sl_bool(json_is_true(j));
    case JSON_STRING:
        return sl_string(sl_arena_str(a, sl_str_of(json_string_value(j))));
    case JSON_OBJECT: {
        sl_value v = sl_value_alloc(a, SL_MAP, json_object_size(j));
        size_t i = 0;
        const char *key;
        json_t *item;
        json_object_foreach(j, key, item) {
            v.items[i++] = sl_string(sl_arena_str(a, sl_str_of(key)));
            v.items[i++] = from_json(a, item);
        }
        return v;
    }
    default:
        return sl_null();
    }
}

static char *text_of(const sl_value *v) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    put_value(&b, NULL, v);
    sl_buf_add_char(&b, 0);
    return b.p;
}

static sl_error *host_offset_read(const sl_context *ctx, const sl_value *partition, sl_arena *arena,
                                  sl_value *offset) {
    (void)ctx;
    char *key = text_of(partition);
    json_t *j = json_object_get(the.offsets, key);
    *offset = j ? from_json(arena, j) : sl_null();
    sl_free(key);
    return NULL;
}

static sl_error *host_report(const sl_context *ctx, const sl_record *r, sl_error *err) {
    (void)ctx;
    (void)r;
    return err;
}

static void host_nothing(const sl_context *ctx) {
    (void)ctx;
}

static bool host_stopping(const sl_context *ctx) {
    (void)ctx;
    return false;
}

static void host_metric(const sl_context *ctx, const char *name, int64_t v) {
    (void)ctx;
    (void)name;
    (void)v;
}

static const sl_host host = {.struct_size = sizeof(sl_host),
                             .abi_major = SL_ABI_MAJOR,
                             .abi_minor = SL_ABI_MINOR,
                             .log = host_log,
                             .schema_intern = sl__schema_intern,
                             .schema_ref = sl__schema_ref,
                             .schema_unref = sl__schema_unref,
                             .offset_read = host_offset_read,
                             .report = host_report,
                             .reconfigure = host_nothing,
                             .wake = host_nothing,
                             .stopping = host_stopping,
                             .metric_set = host_metric,
                             .metric_add = host_metric};

/* ---- the run ---- */

static int fail(sl_error *err) {
    char text[1000];
    fprintf(stderr, "source_driver: %s %s: %s\n", sl_error_class_name(err->cls),
            sl_error_code_name(err->code), sl_error_text(err, text, sizeof text));
    sl_error_free(err);
    return 1;
}

static sl_error *store_offsets(const sl_source_ops *ops, void *task, sl_batch *b) {
    for (size_t i = 0; i < b->noffsets; i++) {
        char *key = text_of(&b->offsets[i].partition);
        char *value = text_of(&b->offsets[i].offset);
        json_object_set_new(the.offsets, key, json_loads(value, JSON_DECODE_ANY, NULL));
        sl_free(key);
        sl_free(value);
    }
    fflush(stdout); /* what is stored was delivered, also when this process is killed */
    char fresh[600];
    snprintf(fresh, sizeof fresh, "%s.new", the.offsets_path);
    if (the.store &&
        (json_dump_file(the.offsets, fresh, JSON_INDENT(1)) || rename(fresh, the.offsets_path))) {
        return sl_error_new(SL_E_IO, SL_FATAL, "cannot write '%s'", the.offsets_path);
    }
    for (size_t i = 0; ops->committed && i < b->noffsets; i++) {
        SL_TRY(ops->committed(task, &b->offsets[i].partition, &b->offsets[i].offset));
    }
    return NULL;
}

static void take_records(const sl_batch *b) {
    for (size_t i = 0; i < b->n && !the.quiet; i++) {
        check_record(&b->records[i]);
        print_record(&b->records[i]);
    }
    the.records += (long long)b->n;
    the.batches++;
}

static void wait_for(const sl_wait *w, int64_t deadline) {
    if (!w->idle) {
        return;
    }
    int64_t until = w->until_ms && w->until_ms < deadline ? w->until_ms : deadline;
    int64_t left = until - now_ms();
    struct pollfd p = {.fd = w->fd,
                       .events = (short)((w->readable ? POLLIN : 0) | (w->writable ? POLLOUT : 0))};
    poll(&p, w->fd >= 0 ? 1 : 0, left > 0 ? (int)left : 0);
}

/* has_all asks whether all has come that can come; last: when the last record did */
static bool has_all(int64_t last) {
    char said[100] = "";
    if (!the.settled || now_ms() - last > the.idle_ms + SETTLE_MS) {
        return true;
    }
    FILE *f = popen(the.settled, "r");
    if (!f || !fgets(said, sizeof said, f)) {
        said[0] = 0;
    }
    if (!f || pclose(f) != 0) {
        return true;
    }
    said[strcspn(said, "\n")] = 0;
    setenv("SETTLED_FROM", said, 1);
    return strcmp(said, "done") == 0;
}

static sl_error *run(const sl_source_ops *ops, void *task) {
    sl_batch *b = sl__batch_new(&host);
    sl_error *err = NULL;
    bool sure = false; /* what had come when it was asked is still to be taken: one more step */
    int64_t last = now_ms();
    while (!err && (!the.limit || the.records < the.limit)) {
        sl_wait w = {.fd = -1};
        err = ops->poll(task, b, &w);
        if (err) {
            break;
        }
        if (b->n || the.steps++ == 0) { /* the first step may have waited for the slot */
            last = now_ms();
            sure = false;
            unsetenv("SETTLED_FROM");
            take_records(b);
        }
        if (b->noffsets) {
            err = store_offsets(ops, task, b);
        }
        sl__batch_reset(b);
        if (now_ms() - last <= the.idle_ms) {
            wait_for(&w, last + the.idle_ms + 1);
        } else if (sure) {
            break;
        } else if (!(sure = has_all(last))) {
            wait_for(&w, now_ms() + SETTLE_AGAIN_MS);
        }
    }
    sl__batch_free(b);
    return err;
}

static void print_totals(int64_t started) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    fflush(stdout);
    fprintf(stderr,
            "source_driver: %lld records in %lld batches, %lld ms (with the idle time), %.3f CPU s, %ld KB\n",
            the.records, the.batches, (long long)(now_ms() - started),
            (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
                (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
            u.ru_maxrss);
}

static sl_error *prepare(char **argv, sl_arena *a, sl__registry *reg, sl__instance *inst) {
    FILE *f = fopen(argv[2], "r");
    sl_buf text;
    sl_buf_init(&text, a);
    for (int c; f && (c = fgetc(f)) != EOF;) {
        sl_buf_add_char(&text, (char)c);
    }
    if (!f) {
        return sl_error_new(SL_E_IO, SL_USER, "cannot read '%s'", argv[2]);
    }
    fclose(f);
    sl_config *config = sl_arena_zalloc(a, sizeof *config);
    sl_config_report report;
    sl_config_report_init(&report, a);
    SL_TRY(sl__properties_parse(sl_buf_take(&text), sl_str_of(argv[2]), a, &report, config));
    size_t n = 0;
    if (!sl__registry_load_file(reg, argv[1])) {
        return sl_error_new(SL_E_PLUGIN, SL_USER, "%s: %s", argv[1], sl__registry_failures(reg, &n)->reason);
    }
    const sl_plugin_def *def = NULL;
    SL_TRY(sl__registry_find(reg, SL_KIND_SOURCE, sl_config_get(config, SL_STR("connector.class")), &def));
    SL_TRY(sl__instance_init(inst, def, config, SL_STR_NONE, a, &report));
    inst->context.host = &host;
    inst->context.exactly_once = the.exactly_once;
    inst->context.connector = sl_config_get(config, SL_STR("name"));
    if (!report.errors && def->source->validate) {
        def->source->validate(&inst->context, &report);
    }
    for (size_t i = 0; i < report.n; i++) {
        fprintf(stderr, "source_driver: %s %.*s: %.*s\n",
                report.items[i].severity == SL_SEV_ERROR ? "error" : "warning",
                SL_STR_ARG(report.items[i].key), SL_STR_ARG(report.items[i].message));
    }
    return sl_config_report_error(&report);
}

static bool read_options(int argc, char **argv) {
    the.idle_ms = 3000;
    the.store = true;
    for (int i = 4; i < argc; i++) {
        if (strcmp(argv[i], "--quiet") == 0) {
            the.quiet = true;
        } else if (strcmp(argv[i], "--schemas") == 0) {
            the.schemas = true;
        } else if (strcmp(argv[i], "--exactly-once") == 0) {
            the.exactly_once = true;
        } else if (strcmp(argv[i], "--no-store") == 0) {
            the.store = false;
        } else if (strcmp(argv[i], "--records") == 0 && i + 1 < argc) {
            the.limit = strtoll(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--idle") == 0 && i + 1 < argc) {
            the.idle_ms = strtoll(argv[++i], NULL, 10);
        } else {
            return false;
        }
    }
    the.settled = getenv("SOURCE_SETTLED");
    the.offsets_path = argv[3];
    the.offsets = json_load_file(argv[3], 0, NULL);
    the.offsets = the.offsets ? the.offsets : json_object();
    return true;
}

int main(int argc, char **argv) {
    if (argc < 4 || !read_options(argc, argv)) {
        fprintf(stderr, "usage: source_driver PLUGIN.so CONNECTOR.properties OFFSETS.json [--records N] "
                        "[--idle MS] [--quiet] "
                        "[--schemas] [--no-store] [--exactly-once]\n");
        return 2;
    }
    sl_arena a;
    sl_arena_init(&a, 0);
    sl__registry *reg = sl__registry_new();
    sl__instance inst;
    int64_t started = now_ms();
    sl_error *err = prepare(argv, &a, reg, &inst);
    void *task = NULL;
    err = err ? err : inst.def->source->open(&inst.context, &task);
    if (!err) {
        err = run(inst.def->source, task);
        inst.def->source->close(task);
    }
    print_totals(started);
    int status = err ? fail(err) : 0;
    sl__registry_free(reg);
    sl_arena_deinit(&a);
    json_decref(the.offsets);
    return status;
}
