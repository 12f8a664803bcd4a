/*
 * cmd_status.c - `sluice status`: the states of connectors and tasks, how far they are, and a view that
 * stays.
 *
 * A look is made with a client of its own, whose arena ends with it.
 *
 * Threads: the main thread. Memory: a look's client, and the figures that rates need.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/progress.h"

/* ---- one connector ---- */

static void add_state(sl__table *t, const char *what, const json_t *j) {
    const char *trace = sl__client_text(j, "trace");
    char first[160];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(trace, "\n"), trace);
    const char *cells[SL__COLUMNS] = {what, sl__client_text(j, "state"), sl__client_text(j, "worker_id"),
                                      first};
    sl__table_row(t, cells);
}

static void add_tasks(sl__table *t, const json_t *status) {
    size_t i;
    json_t *task;
    json_array_foreach(json_object_get(status, "tasks"), i, task) {
        char what[64];
        snprintf(what, sizeof what, "  task %lld",
                 (long long)json_integer_value(json_object_get(task, "id")));
        add_state(t, what, task);
    }
}

static sl_error *show_one(sl__client *c, sl__progress *p, const char *name, FILE *to) {
    sl_str answer;
    json_t *status;
    SL_TRY(
        sl__client_ask(c, "GET", sl__client_path(c, "/connectors/", name, "/status"), SL_STR_NONE, &answer));
    if (c->json) {
        sl__client_raw(answer, to);
        return NULL;
    }
    SL_TRY(sl__client_read(answer, &status));
    sl__table t = {.client = c, .columns = 4};
    static const char *const head[SL__COLUMNS] = {"WHAT", "STATE", "WORKER", "WHY"};
    sl__table_row(&t, head);
    add_state(&t, name, json_object_get(status, "connector"));
    add_tasks(&t, status);
    sl__table_print(&t, to);
    sl__progress_add(p, c, status);
    sl_str progress = sl__progress_text(p, status, &c->arena);
    if (progress.n) {
        fprintf(to, "%.*s\n", SL_STR_ARG(progress));
    }
    json_decref(status);
    return NULL;
}

/* ---- all of them ---- */

static const char *progress_of(sl__client *c, void *arg, const json_t *j) {
    const json_t *status = json_object_get(j, "status");
    sl__progress_add(arg, c, status);
    sl_str progress = sl__progress_text(arg, status, &c->arena);
    return progress.n ? sl_arena_str(&c->arena, progress).p : "";
}

static sl_error *look(const sl__client *given, sl__progress *p, FILE *to) {
    sl__client c = *given;
    sl_error *err = NULL;
    sl_arena_init(&c.arena, 0);
    if (!c.json) {
        sl__progress_look(p, &c);
    }
    for (int i = 0; !err && i < c.nargs; i++) {
        err = show_one(&c, p, c.args[i], to);
    }
    if (!c.nargs) {
        err = sl__client_connectors(&c, "PROGRESS", progress_of, p, to);
    }
    sl_arena_deinit(&c.arena);
    return err;
}

/* ---- the view that stays ---- */

/* height gives how many lines fit. */
static size_t height(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 2 ? size.ws_row - 2u : SIZE_MAX;
}

/* draw puts a text on the terminal in place of the one before, without an empty screen between. Lines are cut
 * at its edge. */
static void draw(sl_str text) {
    sl_str line;
    size_t n = 0, most = height();
    fputs("\033[H\033[?7l", stdout);
    while (text.n && n < most && sl_str_next(&text, '\n', &line)) {
        printf("%.*s\033[K\n", SL_STR_ARG(line));
        n++;
    }
    if (text.n) {
        fputs("...\033[K\n", stdout);
    }
    fputs("\033[J\033[?7h", stdout);
}

/* redraw looks and draws. A worker that does not answer now is shown as that: it may be back soon. */
static sl_error *redraw(const sl__client *c, sl__progress *p) {
    char *text = NULL, why[1024];
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) {
        return sl_error_nomem();
    }
    sl_error *err = look(c, p, to);
    if (err && err->code != SL_E_NOT_FOUND) {
        fprintf(to, "%s\n", sl_error_text(err, why, sizeof why));
        sl_error_free(err);
        err = NULL;
    }
    if (fclose(to) == 0 && !err) {
        draw(sl_str_make(text, n));
    }
    free(text);
    return err;
}

static sl_error *watch_all(const sl__client *c, sl__progress *p, unsigned seconds) {
    sl_error *err;
    if (c->color) {
        fputs("\033[2J", stdout);
    }
    do {
        err = c->color ? redraw(c, p) : look(c, p, stdout);
        fflush(stdout);
    } while (!err && sleep(seconds) == 0 && !ferror(stdout));
    return err;
}

int sl__cmd_status(const sl__command *self, int argc, char **argv) {
    static const char *const known[] = {"--watch", NULL};
    sl__client c;
    sl__progress progress;
    int64_t seconds = 1;
    if (!sl__client_open(&c, self, argc, argv, known)) {
        sl__client_close(&c);
        return SL_EXIT_USAGE;
    }
    const char *watch = sl__client_flag(&c, "--watch");
    if (watch && *watch && (!sl_str_to_i64(sl_str_of(watch), &seconds) || seconds < 1 || seconds > 3600)) {
        sl__client_close(&c);
        return sl__cli_usage(self, "expected --watch=SECONDS from 1 to 3600");
    }
    sl__progress_init(&progress);
    sl_error *err = watch ? watch_all(&c, &progress, (unsigned)seconds) : look(&c, &progress, stdout);
    sl__progress_deinit(&progress);
    return sl__client_ended(&c, err);
}
