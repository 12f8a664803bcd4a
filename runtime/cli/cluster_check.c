/*
 * cluster_check.c - the settings of a worker of a cluster, checked: those of every worker, of the group, of
 * the topics. See cli.h.
 */
#include "cli/cli.h"

/* is_read tells whether a key is one that a distributed worker reads, though a standalone one does not. */
static bool is_read(sl_str key) {
    return sl_config_row_find(sl__worker_group_rows, sl__worker_group_nrows, key) ||
           sl_config_row_find(sl__worker_topics_rows, sl__worker_topics_nrows, key);
}

/* forget_standalone takes out what holds for a standalone worker only. */
static void forget_standalone(sl_config_report *r, size_t from) {
    size_t kept = from;
    for (size_t i = from; i < r->n; i++) {
        const sl_config_problem *p = &r->items[i];
        bool file = sl_str_eqz(p->key, "offset.storage.file.filename");
        if (file || (p->severity != SL_SEV_ERROR && is_read(p->key))) {
            r->errors -= p->severity == SL_SEV_ERROR;
            continue;
        }
        r->items[kept++] = *p;
    }
    r->n = kept;
}

sl_error *sl__cli_cluster_check(const sl__catalog *catalog, const sl_config *raw, sl_arena *arena,
                                sl_config_report *report, sl__cli_cluster *out) {
    size_t from = report->n;
    *out = (sl__cli_cluster){.group = {.id = SL_STR_NONE}};
    SL_TRY(sl__worker_validate(catalog, raw, false, arena, report, &out->worker));
    forget_standalone(report, from);
    sl__worker_group_parse(&out->worker.config, arena, report, &out->group);
    SL_TRY(sl__worker_topics_parse(&out->worker.config, arena, report, &out->topics));
    if (out->topics.admin.embedded) {
        sl_config_report_add(
            report, SL_SEV_ERROR, SL_STR("bootstrap.servers"),
            "a cluster keeps its state in Kafka, and the embedded broker keeps nothing: name a real "
            "cluster, or run a standalone worker");
    }
    return NULL;
}
