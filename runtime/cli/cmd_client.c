/*
 * cmd_client.c - the commands that talk to a running worker: connectors, pause, resume, stop, restart,
 * offsets, create, delete, logs.
 *
 * Threads: the main thread. Memory: each command's client.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "config/files.h"
#include "config/stores.h"

#define BODY_NONE SL_STR_NONE

/* ---- connectors ---- */

static const char *class_of(sl__client *c, void *arg, const json_t *j) {
    (void)c, (void)arg;
    return sl__client_text(json_object_get(json_object_get(j, "info"), "config"), "connector.class");
}

static sl_error *list_names(sl__client *c) {
    sl_str answer;
    json_t *all, *one;
    size_t i;
    SL_TRY(sl__client_ask(c, "GET", SL_STR("/connectors"), BODY_NONE, &answer));
    if (c->json) {
        sl__client_raw(answer, stdout);
        return NULL;
    }
    SL_TRY(sl__client_read(answer, &all));
    json_array_foreach(all, i, one) {
        printf("%s\n", json_is_string(one) ? json_string_value(one) : "");
    }
    json_decref(all);
    return NULL;
}

int sl__cmd_connectors(const sl__command *self, int argc, char **argv) {
    static const char *const known[] = {"--names", NULL};
    sl__client c;
    if (!sl__client_open(&c, self, argc, argv, known)) {
        sl__client_close(&c);
        return SL_EXIT_USAGE;
    }
    bool names = sl__client_flag(&c, "--names") != NULL;
    return sl__client_ended(&c, names ? list_names(&c)
                                      : sl__client_connectors(&c, "CLASS", class_of, NULL, stdout));
}

/* ---- states ---- */

typedef struct verb {
    const char *name, *method, *after, *done;
} verb;

static sl_error *change(sl__client *c, const verb *v, const char *name, const char *query) {
    sl_str answer;
    sl_str path = sl__client_path(c, "/connectors/", name, v->after);
    path = sl_arena_printf(&c->arena, "%.*s%s", SL_STR_ARG(path), query);
    SL_TRY(sl__client_ask(c, v->method, path, BODY_NONE, &answer));
    if (c->json) {
        sl__client_raw(answer, stdout);
    } else {
        printf("%s: %s\n", name, v->done);
    }
    return NULL;
}

static int change_all(const sl__command *self, int argc, char **argv) {
    static const verb verbs[] = {{"pause", "PUT", "/pause", "pausing"},
                                 {"resume", "PUT", "/resume", "resuming"},
                                 {"stop", "PUT", "/stop", "stopped"},
                                 {"restart", "POST", "/restart", "restarting"},
                                 {"delete", "DELETE", "", "deleted"}};
    static const char *const restart_flags[] = {"--tasks", "--failed", NULL};
    sl__client c;
    sl_error *err = NULL;
    const verb *v = verbs;
    while (strcmp(v->name, self->name) != 0) {
        v++;
    }
    bool restart = strcmp(v->name, "restart") == 0;
    if (!sl__client_open(&c, self, argc, argv, restart ? restart_flags : NULL) || !c.nargs) {
        bool none = !c.nargs;
        sl__client_close(&c);
        return none ? sl__cli_usage(self, "expected the name of a connector") : SL_EXIT_USAGE;
    }
    sl_str query = sl_arena_printf(
        &c.arena, "%s%s%s", sl__client_flag(&c, "--tasks") || sl__client_flag(&c, "--failed") ? "?" : "",
        sl__client_flag(&c, "--tasks") ? "includeTasks=true&" : "",
        sl__client_flag(&c, "--failed") ? "onlyFailed=true" : "");
    for (int i = 0; i < c.nargs && !err; i++) {
        err = change(&c, v, c.args[i], query.p ? query.p : "");
    }
    return sl__client_ended(&c, err);
}

int sl__cmd_change(const sl__command *self, int argc, char **argv) {
    return change_all(self, argc, argv);
}

/* ---- create ---- */

static void add_settings(json_t *to, const sl_config *c) {
    for (size_t i = 0; i < c->n; i++) {
        const sl_config_entry *e = &c->entries[i];
        (void)json_object_setn_new(to, e->key.p, e->key.n,
                                   e->value.p ? json_stringn(e->value.p, e->value.n) : json_null());
    }
}

/* create_one makes a connector; replace: or gives the one there is the new settings. */
static sl_error *create_one(sl__client *c, const sl__connector_config *config, bool replace) {
    sl_str answer, path = SL_STR("/connectors");
    sl_str name = sl_arena_str(&c->arena, config->name);
    if (!name.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' has a connector without a name",
                            SL_STR_ARG(config->file));
    }
    json_t *settings = json_object(), *body = settings;
    add_settings(settings, &config->raw);
    if (replace) {
        path = sl__client_path(c, "/connectors/", name.p, "/config");
    } else {
        body = json_pack("{s:s%, s:o}", "name", name.p, name.n, "config", settings);
        if (config->initial_state.n) {
            (void)json_object_setn_new(body, "initial_state", 13,
                                       json_stringn(config->initial_state.p, config->initial_state.n));
        }
    }
    char *text = json_dumps(body, JSON_COMPACT);
    sl_error *err =
        text ? sl__client_ask(c, replace ? "PUT" : "POST", path, sl_str_of(text), &answer) : sl_error_nomem();
    free(text);
    json_decref(body);
    SL_TRY(err);
    if (c->json) {
        sl__client_raw(answer, stdout);
    } else {
        printf("%.*s: %s\n", SL_STR_ARG(name), replace ? "configured" : "created");
    }
    return NULL;
}

static sl_error *create_file(sl__client *c, const char *path, bool replace) {
    sl_config_report report;
    sl__config_file file;
    sl_config_report_init(&report, &c->arena);
    SL_TRY(sl__config_file_read(path, &c->arena, &report, &file));
    if (!file.nconnectors) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "'%s' holds no connector", path);
    }
    for (size_t i = 0; i < file.nconnectors; i++) {
        SL_TRY(create_one(c, &file.connectors[i], replace));
    }
    return NULL;
}

int sl__cmd_create(const sl__command *self, int argc, char **argv) {
    static const char *const known[] = {"--replace", NULL};
    sl__client c;
    sl_error *err = NULL;
    if (!sl__client_open(&c, self, argc, argv, known) || !c.nargs) {
        bool none = !c.nargs;
        sl__client_close(&c);
        return none ? sl__cli_usage(self, "expected a connector's file") : SL_EXIT_USAGE;
    }
    for (int i = 0; i < c.nargs && !err; i++) {
        err = create_file(&c, c.args[i], sl__client_flag(&c, "--replace") != NULL);
    }
    return sl__client_ended(&c, err);
}

/* ---- offsets ---- */

static sl_error *print_offsets(sl__client *c, sl_str answer) {
    json_t *all, *one;
    size_t i;
    SL_TRY(sl__client_read(answer, &all));
    sl__table t = {.client = c, .columns = 2};
    static const char *const head[SL__COLUMNS] = {"PARTITION", "OFFSET"};
    sl__table_row(&t, head);
    json_array_foreach(json_object_get(all, "offsets"), i, one) {
        char *partition = json_dumps(json_object_get(one, "partition"), JSON_ENCODE_ANY);
        char *offset = json_dumps(json_object_get(one, "offset"), JSON_ENCODE_ANY);
        const char *cells[SL__COLUMNS] = {partition, offset};
        sl__table_row(&t, cells);
        free(partition);
        free(offset);
    }
    sl__table_print(&t, stdout);
    json_decref(all);
    return NULL;
}

static sl_error *print_message(sl_str answer) {
    json_t *j;
    SL_TRY(sl__client_read(answer, &j));
    printf("%s\n", sl__client_text(j, "message"));
    json_decref(j);
    return NULL;
}

static sl_error *offsets(sl__client *c, const char *what) {
    sl_str answer, body = BODY_NONE, path = sl__client_path(c, "/connectors/", c->args[0], "/offsets");
    const char *method = strcmp(what, "get") == 0 ? "GET" : strcmp(what, "set") == 0 ? "PATCH" : "DELETE";
    if (strcmp(what, "set") == 0) {
        SL_TRY(sl__store_text(sl_str_of(strcmp(c->args[2], "-") == 0 ? "/dev/stdin" : c->args[2]), &c->arena,
                              &body));
    }
    SL_TRY(sl__client_ask(c, method, path, body, &answer));
    if (c->json) {
        sl__client_raw(answer, stdout);
        return NULL;
    }
    return strcmp(what, "get") == 0 ? print_offsets(c, answer) : print_message(answer);
}

int sl__cmd_offsets(const sl__command *self, int argc, char **argv) {
    sl__client c;
    if (!sl__client_open(&c, self, argc, argv, NULL)) {
        sl__client_close(&c);
        return SL_EXIT_USAGE;
    }
    const char *what = c.nargs > 1 ? c.args[1] : "get";
    bool set = strcmp(what, "set") == 0;
    bool good = c.nargs == (set           ? 3
                            : c.nargs > 1 ? 2
                                          : 1) &&
                (set || strcmp(what, "get") == 0 || strcmp(what, "reset") == 0);
    if (!good) {
        sl__client_close(&c);
        return sl__cli_usage(self, "expected a connector, and get, set FILE or reset");
    }
    return sl__client_ended(&c, offsets(&c, what));
}

/* ---- logs ---- */

static sl_error *levels(sl__client *c) {
    sl_str answer;
    json_t *all, *one;
    const char *name;
    SL_TRY(sl__client_ask(c, "GET", SL_STR("/admin/loggers"), BODY_NONE, &answer));
    if (c->json) {
        sl__client_raw(answer, stdout);
        return NULL;
    }
    SL_TRY(sl__client_read(answer, &all));
    sl__table t = {.client = c, .columns = 2};
    static const char *const head[SL__COLUMNS] = {"LOGGER", "LEVEL"};
    sl__table_row(&t, head);
    json_object_foreach(all, name, one) {
        const char *cells[SL__COLUMNS] = {name, sl__client_text(one, "level")};
        sl__table_row(&t, cells);
    }
    sl__table_print(&t, stdout);
    json_decref(all);
    return NULL;
}

static sl_error *one_level(sl__client *c) {
    sl_str answer, body = BODY_NONE;
    bool cluster = sl__client_flag(c, "--cluster") != NULL, set = c->nargs == 3;
    sl_str path = sl__client_path(c, "/admin/loggers/", c->args[1], set && cluster ? "?scope=cluster" : "");
    if (set) {
        sl_buf b;
        sl_buf_init(&b, &c->arena);
        sl_buf_add_z(&b, "{\"level\":");
        sl_buf_add_json_str(&b, sl_str_of(c->args[2]));
        sl_buf_add_char(&b, '}');
        body = sl_buf_take(&b);
    }
    SL_TRY(sl__client_ask(c, set ? "PUT" : "GET", path, body, &answer));
    if (c->json || !set) {
        sl__client_raw(answer, stdout);
    } else {
        printf("%s: %s%s\n", c->args[1], c->args[2], cluster ? " on all workers" : "");
    }
    return NULL;
}

int sl__cmd_logs(const sl__command *self, int argc, char **argv) {
    static const char *const known[] = {"--cluster", NULL};
    sl__client c;
    if (!sl__client_open(&c, self, argc, argv, known)) {
        sl__client_close(&c);
        return SL_EXIT_USAGE;
    }
    if (c.nargs < 1 || c.nargs > 3 || strcmp(c.args[0], "level") != 0) {
        sl__client_close(&c);
        return sl__cli_usage(self, "expected level");
    }
    return sl__client_ended(&c, c.nargs == 1 ? levels(&c) : one_level(&c));
}
