/*
 * cases.h - runs tables of transform cases: settings, a record in, and what must come out.
 *
 * Each case is run twice on one instance (the second time from its caches) and then with every allocation
 * failing in turn. No schema may be left over. With SLUICE_DUMP_CASES set, cases are printed as well, so that
 * they can be run on Kafka Connect.
 */
#ifndef CASES_H
#define CASES_H

#include "notation.h"

const sl_plugin *sluice_plugin(void);

typedef struct transform_case {
    const char *type; /* short name or Java class */
    const char *conf; /* "key=value ; key=value" */
    const char *in;   /* a record; NULL = settings only */
    const char
        *want; /* a record, "dropped", or "!" and part of the error; after "~" when Java differs on purpose */
} transform_case;

#define SETTINGS_OK "ok"

static const sl_plugin_def *find_def(sl_plugin_kind kind, const char *name) {
    const sl_plugin *p = sluice_plugin();
    for (uint32_t i = 0; i < p->ndefs; i++) {
        const sl_plugin_def *d = p->defs[i];
        bool same = d->kind == kind && strcmp(d->name, name) == 0;
        for (size_t k = 0; d->kind == kind && !same && d->aliases && d->aliases[k]; k++) {
            same = strcmp(d->aliases[k], name) == 0;
        }
        if (same) {
            return d;
        }
    }
    print_error("there is no '%s'\n", name);
    fail();
    return NULL;
}

static sl_config parse_conf(sl_arena *arena, const char *conf) {
    sl_config_entry *entries = sl_arena_zalloc(arena, 32 * sizeof *entries);
    size_t n = 0;
    sl_str rest = sl_str_of(conf);
    while (rest.n) {
        size_t at = sl_str_find_str(rest, SL_STR(" ; "));
        sl_str pair = sl_str_make(rest.p, at);
        size_t eq = sl_str_find(pair, '=');
        assert_true(eq < pair.n && n < 32);
        entries[n++] = (sl_config_entry){.key = sl_str_make(pair.p, eq), .value = sl_str_skip(pair, eq + 1)};
        rest = sl_str_skip(rest, at + 3);
    }
    return (sl_config){entries, n};
}

/* An instance of a definition, with what its settings were parsed into. */
typedef struct instance {
    sl_arena arena;
    sl_config config;
    sl_context ctx;
    sl_config_report report;
    const sl_plugin_def *def;
    void *state;
} instance;

/* prepare parses and validates; the report says what is wrong. */
static void prepare(instance *it, sl_plugin_kind kind, const char *type, const char *conf) {
    memset(it, 0, sizeof *it);
    sl_arena_init(&it->arena, 0);
    it->def = find_def(kind, type);
    it->config = parse_conf(&it->arena, conf);
    void *settings = it->def->settings_size ? sl_arena_zalloc(&it->arena, it->def->settings_size) : NULL;
    it->ctx = (sl_context){
        .host = test_host(), .config = &it->config, .settings = settings, .variant = it->def->variant};
    sl_config_report_init(&it->report, &it->arena);
    sl_config_parse(it->def->settings, it->def->nsettings, &it->config, settings, &it->arena, &it->report);
    void (*validate)(const sl_context *, sl_config_report *) =
        kind == SL_KIND_TRANSFORM ? it->def->transform->validate : it->def->predicate->validate;
    if (validate) {
        validate(&it->ctx, &it->report);
    }
}

static void check_text(const transform_case *c, const char *found) {
    const char *want = c->want + (c->want[0] == '~');
    bool same = want[0] == '!' ? found[0] == '!' && strstr(found, want + 1) : strcmp(found, want) == 0;
    if (!same) {
        print_error("case  %s\nwith  %s\nof    %s\nfound %s\nwant  %s\n", c->type, c->conf,
                    c->in ? c->in : "(settings)", found, c->want);
        fail();
    }
}

/* run_once applies the instance to the record and gives what came out, as `want` is written; NULL = out of
 * memory. */
static char *run_once(instance *it, const transform_case *c, sl_batch *batch, unsigned fail_alloc) {
    char text[8192];
    sl_buf out;
    sl_record *rec = notation_record(batch, c->in);
    sl_buf_init(&out, NULL);
    (void)test_fail_alloc(fail_alloc);
    sl_error *err = it->def->transform->apply(it->state, batch, rec);
    (void)test_fail_alloc(0);
    if (err && err->code == SL_E_NOMEM) {
        sl_error_free(err);
        return NULL;
    }
    if (err) {
        assert_int_equal(err->cls, SL_USER);
        assert_int_equal(err->code, SL_E_DATA);
        sl_buf_printf(&out, "!%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
    } else if (rec->dropped) {
        sl_buf_add_z(&out, "dropped");
    } else {
        if (rec->value_schema && !sl_is_null(&rec->value)) {
            test_assert_ok(sl_value_check(rec->value_schema, &rec->value));
        }
        notation_write(&out, rec);
    }
    sl_buf_add_char(&out, '\0');
    char *copy = strdup(out.p);
    sl_buf_deinit(&out);
    return copy;
}

static void run_twice(instance *it, const transform_case *c) {
    sl_batch *batch = sl__batch_new(test_host());
    test_assert_ok(it->def->transform->open(&it->ctx, &it->state));
    for (int i = 0; i < 2; i++) {
        char *found = run_once(it, c, batch, 0);
        assert_non_null(found);
        check_text(c, found);
        free(found);
    }
    it->def->transform->close(it->state);
    sl__batch_free(batch);
}

/* run_starved opens and applies with the n-th allocation failing, for growing n, until none fails any more.
 */
static void run_starved(instance *it, const transform_case *c) {
    for (unsigned n = 1;; n++) {
        assert_true(n < 500);
        sl_batch *batch = sl__batch_new(test_host());
        (void)test_fail_alloc(n);
        sl_error *err = it->def->transform->open(&it->ctx, &it->state);
        unsigned used = test_fail_alloc(0);
        char *found = err || used >= n ? NULL : run_once(it, c, batch, n - used);
        if (!err) {
            it->def->transform->close(it->state);
        }
        sl_error_free(err);
        bool done = found && !batch->failed && !batch->arena.failed;
        if (done) {
            check_text(c, found);
        }
        free(found);
        sl__batch_free(batch);
        if (done) {
            return;
        }
    }
}

static void run_settings(instance *it, const transform_case *c) {
    char found[2048] = SETTINGS_OK;
    sl_error *err = sl_config_report_error(&it->report);
    if (err) {
        char text[2000];
        snprintf(found, sizeof found, "!%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
    }
    check_text(c, found);
}

static void run_case(const transform_case *c) {
    instance it;
    if (getenv("SLUICE_DUMP_CASES")) {
        printf("CASE\t%s\t%s\t%s\t%s\n", c->type, c->conf, c->in ? c->in : "", c->want);
    }
    prepare(&it, SL_KIND_TRANSFORM, c->type, c->conf);
    if (!c->in) {
        run_settings(&it, c);
    } else {
        test_assert_ok(sl_config_report_error(&it.report));
        run_twice(&it, c);
        run_starved(&it, c);
    }
    sl_arena_deinit(&it.arena);
}

#define run_cases(cases) run_table((cases), sizeof(cases) / sizeof((cases)[0]))

static inline void run_table(const transform_case *cases, size_t n) {
    size_t before = sl__schema_count();
    for (size_t i = 0; i < n; i++) {
        run_case(&cases[i]);
    }
    assert_int_equal(sl__schema_count(), before);
}

#endif
