/*
 * cmd_describe.c - `sluice describe`: what is not a plugin's and has a table of its own, for docs/: the
 * metrics and the REST interface.
 *
 * Threads: the main thread. Memory: freed at the end.
 */
#include <string.h>

#include "base/metric_table.h"
#include "cli/cli.h"
#include "rest/openapi.h"

static const char *labels_of(const sl__metric_row *row) {
    static const char *const labels[] = {
        [SL_METRIC_WORKER] = "", [SL_METRIC_CLUSTER] = "", [SL_METRIC_CONNECTOR] = "connector"};
    return row->scope < SL_METRIC_TASK ? labels[row->scope] : "connector, task";
}

static void print_metrics(void) {
    printf("| metric | kind | labels | what |\n| --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sl__metric_nrows; i++) {
        const sl__metric_row *row = &sl__metric_rows[i];
        printf("| `%s` | %s | %s%s%s%s%s | %s |\n", row->shown,
               row->kind == SL_METRIC_COUNTER ? "counter" : "gauge", labels_of(row),
               row->labels && *labels_of(row) ? ", " : "", row->labels ? "`" : "",
               row->labels ? row->labels : "", row->labels ? "`" : "", row->doc);
    }
}

static int print_openapi(void) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    sl__openapi_write(&b);
    bool failed = b.failed;
    if (!failed) {
        printf("%.*s\n", (int)b.n, b.p);
    }
    sl_buf_deinit(&b);
    return failed ? sl__cli_error(sl_error_nomem()) : SL_EXIT_OK;
}

int sl__cmd_describe(const sl__command *self, int argc, char **argv) {
    if (argc == 1 && strcmp(argv[0], "metrics") == 0) {
        print_metrics();
        return SL_EXIT_OK;
    }
    if (argc == 1 && strcmp(argv[0], "openapi") == 0) {
        return print_openapi();
    }
    return sl__cli_usage(self, "expected metrics or openapi");
}
