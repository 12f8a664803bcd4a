/*
 * client.c - see client.h.
 */
#include "cli/client.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/stores.h"

#define TIMEOUT_MS 120000 /* beyond the worker's own */
#define DEFAULT_URL "http://127.0.0.1:8083"

static const char *value_of(const char *arg, const char *name) {
    size_t n = strlen(name);
    return strncmp(arg, name, n) == 0 && arg[n] == '=' ? arg + n + 1 : NULL;
}

static bool is_known(const char *arg, const char *const *known) {
    for (; known && *known; known++) {
        if (strcmp(arg, *known) == 0 || value_of(arg, *known)) {
            return true;
        }
    }
    return false;
}

/* take_option reads one option; false: it is none of ours. */
static bool take_option(sl__client *c, const char *arg, const char *const *known, sl_error **err) {
    const char *value;
    if (strcmp(arg, "--json") == 0) {
        c->json = true;
    } else if ((value = value_of(arg, "--url"))) {
        c->url = sl_str_of(value);
    } else if ((value = value_of(arg, "--user"))) {
        c->user = sl_str_of(value);
    } else if ((value = value_of(arg, "--ca"))) {
        *err = sl__store_text(sl_str_of(value), &c->arena, &c->tls.ca);
    } else if ((value = value_of(arg, "--cert"))) {
        *err = sl__store_text(sl_str_of(value), &c->arena, &c->tls.cert);
        c->tls.key = c->tls.cert;
    } else if (is_known(arg, known) && c->nflags < sizeof c->flags / sizeof c->flags[0]) {
        c->flags[c->nflags++] = arg;
    } else {
        return false;
    }
    return true;
}

/* whole_option gives the argument at *i; of an option whose value is the next argument, both as one. */
static const char *whole_option(sl__client *c, int argc, char **argv, int *i) {
    static const char *const valued[] = {"--url", "--user", "--ca", "--cert"};
    for (size_t k = 0; k < sizeof valued / sizeof valued[0]; k++) {
        if (strcmp(argv[*i], valued[k]) == 0 && *i + 1 < argc) {
            ++*i;
            return sl_arena_printf(&c->arena, "%s=%s", valued[k], argv[*i]).p;
        }
    }
    return argv[*i];
}

bool sl__client_open(sl__client *c, const sl__command *self, int argc, char **argv,
                     const char *const *known) {
    const char *url = getenv("SLUICE_URL"), *user = getenv("SLUICE_USER");
    *c = (sl__client){
        .self = self, .timeout_ms = TIMEOUT_MS, .color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR")};
    sl_arena_init(&c->arena, 0);
    c->url = sl_str_of(url && *url ? url : DEFAULT_URL);
    c->user = user && *user ? sl_str_of(user) : SL_STR_NONE;
    c->args = sl_arena_alloc(&c->arena, (size_t)(argc + 1) * sizeof *c->args);
    for (int i = 0; c->args && i < argc; i++) {
        sl_error *err = NULL;
        if (argv[i][0] != '-' || !argv[i][1]) {
            c->args[c->nargs++] = argv[i];
        } else {
            const char *option = whole_option(c, argc, argv, &i);
            if (!option || !take_option(c, option, known, &err)) {
                (void)sl__cli_usage(self, "unknown option '%s'", argv[i]);
                return false;
            }
        }
        if (err) {
            (void)sl__cli_error(err);
            return false;
        }
    }
    return c->args != NULL;
}

void sl__client_close(sl__client *c) {
    sl_arena_deinit(&c->arena);
}

const char *sl__client_flag(const sl__client *c, const char *name) {
    for (size_t i = 0; i < c->nflags; i++) {
        const char *value = value_of(c->flags[i], name);
        if (value || strcmp(c->flags[i], name) == 0) {
            return value ? value : "";
        }
    }
    return NULL;
}

sl_str sl__client_path(sl__client *c, const char *before, const char *name, const char *after) {
    sl_buf b;
    sl_buf_init(&b, &c->arena);
    sl_buf_add_z(&b, before);
    for (; *name; name++) {
        if (isalnum((unsigned char)*name) || strchr("-._~", *name)) {
            sl_buf_add_char(&b, *name);
        } else {
            sl_buf_printf(&b, "%%%02X", (unsigned char)*name);
        }
    }
    sl_buf_add_z(&b, after);
    return sl_buf_take(&b);
}

/* ---- requests ---- */

static sl_str credentials(sl__client *c) {
    char *text = c->user.p ? sl_arena_bytes(&c->arena, c->user.n * 2 + 16) : NULL;
    if (!text) {
        return SL_STR_NONE;
    }
    memcpy(text, "Basic ", 6);
    int n = EVP_EncodeBlock((unsigned char *)text + 6, (const unsigned char *)c->user.p, (int)c->user.n);
    return sl_str_make(text, (size_t)n + 6);
}

/* refused makes an error of an answer: the worker's own words, if there are any. */
static sl_error *refused(const sl__http_answer *a) {
    json_error_t ignored;
    json_t *j = json_loadb(a->body.p ? a->body.p : "", a->body.n, 0, &ignored);
    const char *message = json_string_value(json_object_get(j, "message"));
    sl_error *err = sl_error_new(a->status == 404 ? SL_E_NOT_FOUND : SL_E_CONFIG, SL_FATAL, "%d: %s",
                                 a->status, message ? message : "the worker gave no reason");
    json_decref(j);
    return err;
}

static sl_error *ask_at(sl__client *c, sl_str base, const char *method, sl_str path, sl_str body,
                        sl__http_answer *a) {
    const sl__http_header headers[] = {{"Content-Type", body.p ? SL_STR("application/json") : SL_STR_NONE},
                                       {"Authorization", credentials(c)}};
    while (base.n && base.p[base.n - 1] == '/') {
        base.n--;
    }
    const sl__http_request req = {
        .method = method,
        .url = sl_arena_printf(&c->arena, "%.*s%.*s", SL_STR_ARG(base), SL_STR_ARG(path)),
        .headers = headers,
        .nheaders = 2,
        .body = body,
        .tls = &c->tls,
        .timeout_ms = c->timeout_ms};
    return sl__http_do(&req, &c->arena, a);
}

sl_error *sl__client_ask(sl__client *c, const char *method, sl_str path, sl_str body, sl_str *answer) {
    sl__http_answer a = {0};
    sl_error *err = NULL;
    sl_str rest = c->url, base;
    while (sl_str_next(&rest, ',', &base)) {
        sl_error_free(err);
        err = ask_at(c, sl_str_trim(base), method, path, body, &a);
        if (!err || a.sent) {
            break;
        }
    }
    if (err && !a.sent) {
        return sl_error_wrap(err, "no worker answers at %.*s; give its address with --url or SLUICE_URL",
                             SL_STR_ARG(c->url));
    }
    SL_TRY(err);
    if (a.status < 200 || a.status > 299) {
        return refused(&a);
    }
    *answer = a.body;
    return NULL;
}

const char *sl__client_text(const json_t *j, const char *key) {
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

void sl__client_raw(sl_str answer, FILE *to) {
    if (answer.n) {
        fprintf(to, "%.*s\n", SL_STR_ARG(answer));
    }
}

int sl__client_ended(sl__client *c, sl_error *err) {
    int code = err ? sl__cli_error(err) : SL_EXIT_OK;
    sl__client_close(c);
    return code;
}

sl_error *sl__client_read(sl_str answer, json_t **out) {
    json_error_t why;
    *out = json_loadb(answer.p ? answer.p : "", answer.n, 0, &why);
    return *out ? NULL : sl_error_new(SL_E_DATA, SL_FATAL, "expected JSON from the worker: %s", why.text);
}

/* ---- tables ---- */

void sl__table_row(sl__table *t, const char *const *cells) {
    sl_str(*more)[SL__COLUMNS] = sl_arena_grow(&t->client->arena, t->rows, t->n, &t->cap, sizeof *more);
    if (!more) {
        return;
    }
    t->rows = more;
    for (size_t i = 0; i < t->columns; i++) {
        t->rows[t->n][i] = sl_arena_str(&t->client->arena, sl_str_of(cells[i] ? cells[i] : ""));
    }
    t->n++;
}

static const char *color_of(sl_str cell) {
    return sl_str_eqz(cell, "RUNNING")  ? "\033[32m"
           : sl_str_eqz(cell, "FAILED") ? "\033[31m"
           : sl_str_eqz(cell, "PAUSED") || sl_str_eqz(cell, "STOPPED") || sl_str_eqz(cell, "RESTARTING") ||
                   sl_str_eqz(cell, "UNASSIGNED")
               ? "\033[33m"
               : NULL;
}

void sl__table_print(const sl__table *t, FILE *to) {
    size_t widths[SL__COLUMNS] = {0};
    for (size_t r = 0; r < t->n; r++) {
        for (size_t i = 0; i < t->columns; i++) {
            widths[i] = t->rows[r][i].n > widths[i] ? t->rows[r][i].n : widths[i];
        }
    }
    for (size_t r = 0; r < t->n; r++) {
        for (size_t i = 0; i < t->columns; i++) {
            sl_str cell = t->rows[r][i];
            const char *color = t->client->color ? (r == 0 ? "\033[1m" : color_of(cell)) : NULL;
            int pad = i + 1 < t->columns ? (int)(widths[i] - cell.n) + 2 : 0;
            fprintf(to, "%s%.*s%s%*s", color ? color : "", SL_STR_ARG(cell), color ? "\033[0m" : "", pad, "");
        }
        fputc('\n', to);
    }
}

/* add_connector adds one of them, with the cells NAME, TYPE, STATE, TASKS and WORKER before the last one. */
static void add_connector(sl__table *t, const char *name, const json_t *j, const char *last) {
    char tasks[32];
    const json_t *status = json_object_get(j, "status"), *all = json_object_get(status, "tasks");
    const json_t *state = json_object_get(status, "connector");
    size_t n = json_array_size(all), running = 0;
    for (size_t i = 0; i < n; i++) {
        running += strcmp(sl__client_text(json_array_get(all, i), "state"), "RUNNING") == 0;
    }
    snprintf(tasks, sizeof tasks, "%zu/%zu", running, n);
    const char *cells[SL__COLUMNS] = {name,
                                      sl__client_text(json_object_get(j, "info"), "type"),
                                      sl__client_text(state, "state"),
                                      tasks,
                                      sl__client_text(state, "worker_id"),
                                      last};
    sl__table_row(t, cells);
}

sl_error *sl__client_connectors(sl__client *c, const char *last,
                                const char *(*text)(sl__client *c, void *arg, const json_t *j), void *arg,
                                FILE *to) {
    sl_str answer;
    json_t *all, *one;
    const char *name;
    SL_TRY(sl__client_ask(c, "GET", SL_STR("/connectors?expand=info&expand=status"), SL_STR_NONE, &answer));
    if (c->json) {
        sl__client_raw(answer, to);
        return NULL;
    }
    SL_TRY(sl__client_read(answer, &all));
    sl__table t = {.client = c, .columns = 6};
    const char *head[SL__COLUMNS] = {"NAME", "TYPE", "STATE", "TASKS", "WORKER", last};
    sl__table_row(&t, head);
    json_object_foreach(all, name, one) {
        add_connector(&t, name, one, text(c, arg, one));
    }
    sl__table_print(&t, to);
    json_decref(all);
    return NULL;
}
