/*
 * fuzz_config.c - what users write or leave lying about, on any bytes: .properties, YAML and JSON files,
 * bodies of REST requests, and the offset file of a Java worker.
 *
 * The first byte chooses the reader. What a reader takes has a name for every setting; what was read from an
 * offset file is written, and reads the same again.
 */
// LINK: runtime/config runtime/store/java_file.c -ljansson -lyaml -lpcre2-8
#include <config/json.h>
#include <config/properties.h>
#include <config/yaml.h>
#include <store/java_file.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_NAME SL_STR("f")

static void broken(const char *what) {
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_config(const sl_config *c) {
    for (size_t i = 0; i < c->n; i++) {
        if (!c->entries[i].key.p) {
            broken("a setting without a key");
        }
        for (size_t k = 0; k < i; k++) {
            if (sl_str_eq(c->entries[i].key, c->entries[k].key)) {
                broken("a key is there twice");
            }
        }
    }
}

static void check_connectors(const sl__connector_config *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        check_config(&list[i].raw);
    }
}

static void try_properties(sl_str text, sl_arena *arena, sl_config_report *report) {
    sl_config c;
    sl_error *err = sl__properties_parse(text, FILE_NAME, arena, report, &c);
    if (!err) {
        check_config(&c);
    }
    sl_error_free(err);
}

static void try_yaml(sl_str text, sl_arena *arena) {
    sl__config_file f = {0};
    sl_error *err = sl__yaml_parse(text, FILE_NAME, arena, &f);
    if (!err) {
        check_config(&f.worker);
        check_connectors(f.connectors, f.nconnectors);
    }
    sl_error_free(err);
}

static void try_json(sl_str text, sl_arena *arena, sl_config_report *report) {
    sl__connector_config one;
    sl_config map, *maps;
    size_t n = 0;
    sl_error *err = sl__json_parse(text, FILE_NAME, arena, report, &one);
    if (!err) {
        check_connectors(&one, 1);
    }
    sl_error_free(err);
    err = sl__json_create(text, FILE_NAME, arena, &one);
    if (!err) {
        check_connectors(&one, 1);
    }
    sl_error_free(err);
    err = sl__json_map(text, FILE_NAME, arena, &map);
    if (!err) {
        check_config(&map);
    }
    sl_error_free(err);
    err = sl__json_maps(text, FILE_NAME, arena, &maps, &n);
    for (size_t i = 0; !err && i < n; i++) {
        check_config(&maps[i]);
    }
    sl_error_free(err);
}

/* ---- a Java worker's offset file ---- */

typedef struct entries {
    sl_buf text; /* written again */
    uint32_t n;
} entries;

static sl_error *add_entry(void *arg, sl_str key, sl_str value) {
    entries *e = arg;
    if (key.p && value.p) {
        sl__java_file_write_entry(key, value, e->n == 0, &e->text);
        e->n++;
    }
    return NULL;
}

/* read_entries reads a file and writes what is in it, without head and end. */
static sl_error *read_entries(sl_str text, entries *out) {
    out->n = 0;
    sl_buf_init(&out->text, NULL);
    return sl__java_file_read(text, add_entry, out);
}

static void try_offsets(sl_str text) {
    entries first, second;
    sl_buf whole;
    sl_error *err = sl__java_file_is(text) ? read_entries(text, &first) : NULL;
    if (!sl__java_file_is(text) || err) {
        if (err) {
            sl_buf_deinit(&first.text);
        }
        sl_error_free(err);
        return;
    }
    sl_buf_init(&whole, NULL);
    sl__java_file_write_head(first.n, &whole);
    sl_buf_add(&whole, first.text.p, first.text.n);
    sl__java_file_write_end(&whole);
    err = read_entries(sl_buf_view(&whole), &second);
    if (err || first.n != second.n || !sl_str_eq(sl_buf_view(&first.text), sl_buf_view(&second.text))) {
        broken("an offset file that was written reads otherwise");
    }
    sl_buf_deinit(&first.text);
    sl_buf_deinit(&second.text);
    sl_buf_deinit(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    sl_arena arena;
    sl_config_report report;
    if (size == 0) {
        return 0;
    }
    sl_str text = sl_str_make((const char *)data + 1, size - 1);
    sl_arena_init(&arena, 0);
    sl_config_report_init(&report, &arena);
    switch (data[0] % 4) {
    case 0:
        try_properties(text, &arena, &report);
        break;
    case 1:
        try_yaml(text, &arena);
        break;
    case 2:
        try_json(text, &arena, &report);
        break;
    default:
        try_offsets(text);
        break;
    }
    sl_arena_deinit(&arena);
    return 0;
}
