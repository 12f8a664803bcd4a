/*
 * bed.h - instances of converters and providers for tests, with their settings parsed as the runtime does.
 */
#ifndef BED_H
#define BED_H

#include "notation.h"

#include <converters/converters.h>
#include <converters/json.h>

const sl_plugin *sluice_plugin(void);

typedef struct bed {
    const sl_plugin_def *def;
    sl_arena arena;
    sl_config config;
    sl_context ctx;
    sl_batch *batch;
    sl_buf out;
    void *state;
} bed;

static const sl_plugin_def *find_def(sl_plugin_kind kind, const char *name) {
    const sl_plugin *p = sluice_plugin();
    for (uint32_t i = 0; i < p->ndefs; i++) {
        const sl_plugin_def *d = p->defs[i];
        if (d->kind == kind && strcmp(d->name, name) == 0) {
            return d;
        }
    }
    fprintf(stderr, "there is no '%s'\n", name);
    abort();
}

/* bed_init parses "key=value;key=value" and gives what is wrong with it. */
static sl_error *bed_init(bed *b, sl_plugin_kind kind, const char *name, const char *conf) {
    *b = (bed){.def = find_def(kind, name)};
    sl_arena_init(&b->arena, 0);
    sl_buf_init(&b->out, NULL);
    b->batch = sl__batch_new(test_host());
    sl_config_entry *entries = sl_arena_zalloc(&b->arena, 16 * sizeof *entries);
    sl_str rest = sl_str_of(conf), pair;
    size_t n = 0;
    while (rest.n && sl_str_next(&rest, ';', &pair)) {
        size_t eq = sl_str_find(pair, '=');
        entries[n++] = (sl_config_entry){.key = sl_str_make(pair.p, eq), .value = sl_str_skip(pair, eq + 1)};
    }
    b->config = (sl_config){entries, n};
    size_t size = b->def->settings_size ? b->def->settings_size : 1;
    void *settings = sl_arena_zalloc(&b->arena, size);
    sl_config_report report;
    sl_config_report_init(&report, &b->arena);
    sl_config_parse(b->def->settings, b->def->nsettings, &b->config, settings, &b->arena, &report);
    b->ctx = (sl_context){
        .host = test_host(), .config = &b->config, .settings = settings, .variant = b->def->variant};
    return sl_config_report_error(&report);
}

static void bed_deinit(bed *b) {
    sl__batch_free(b->batch);
    sl_buf_deinit(&b->out);
    sl_arena_deinit(&b->arena);
}

static sl_error *bed_open(bed *b) {
    if (b->def->kind == SL_KIND_CONFIG_PROVIDER) {
        return b->def->config_provider->open(&b->ctx, &b->state);
    }
    return b->def->converter->open(&b->ctx, SL_CONVERT_VALUE, &b->state);
}

/* bed_start makes an open converter; header: as a header converter. */
static inline void bed_start(bed *b, bool header, const char *name, const char *conf) {
    test_assert_ok(bed_init(b, header ? SL_KIND_HEADER_CONVERTER : SL_KIND_CONVERTER, name, conf));
    test_assert_ok(bed_open(b));
}

static inline void bed_stop(bed *b) {
    b->def->converter->close(b->state);
    bed_deinit(b);
}

/* bed_schema reads a schema from its JSON, kept by the batch; "" or "-" is none. */
static inline const sl_schema *bed_schema(bed *b, const char *json) {
    static const json_settings settings = {.schemas_enable = true, .null_to_default = true};
    if (!*json || strcmp(json, "-") == 0) {
        return NULL;
    }
    const sl_schema *s;
    sl_value v;
    json_parser p = {.start = json, .p = json, .end = json + strlen(json), .arena = &b->arena, .exact = true};
    test_assert_ok(json_parse(&p, &v));
    sl_free(p.stack);
    test_assert_ok(json_read_schema(test_host(), &settings, &v, &b->arena, 0, &s));
    sl_batch_keep(b->batch, s);
    test_host()->schema_unref(s);
    return s;
}

static inline sl_error *bed_write(bed *b, const sl_schema *s, const sl_value *v, bool *is_null) {
    sl_buf_clear(&b->out);
    return b->def->converter->to_bytes(b->state, SL_STR("t"), SL_STR("h"), s, v, &b->out, is_null);
}

static inline sl_error *bed_read(bed *b, sl_str bytes, const sl_schema **s, sl_value *v) {
    return b->def->converter->from_bytes(b->state, SL_STR("t"), SL_STR("h"), bytes, b->batch, s, v);
}

/* bed_dump gives a schema's JSON (or -), a space, and a value's notation, in the arena. */
static inline sl_str bed_dump(bed *b, const sl_schema *s, const sl_value *v) {
    static const json_settings settings = {.schemas_enable = true, .null_to_default = true};
    sl_buf_clear(&b->out);
    if (s) {
        test_assert_ok(json_write_schema(&settings, s, SL_STR_NONE, &b->out));
    } else {
        sl_buf_add_char(&b->out, '-');
    }
    sl_buf_add_char(&b->out, ' ');
    write_notation(&b->out, v);
    return sl_arena_str(&b->arena, sl_buf_view(&b->out));
}

#endif
