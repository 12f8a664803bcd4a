/*
 * cmd_preflight.c - `sluice preflight`: what of a Java cluster would run here as it is, what would be
 * different, what is not supported.
 *
 * Exit codes: 0 all runs, 1 something is not supported, 2 it cannot be told.
 * Threads: the main thread. Memory: everything lives until the command ends.
 */
#include <jansson.h>
#include <string.h>

#include "base/log.h"
#include "cli/preflight.h"
#include "task/host.h"

enum { EXIT_RUNS = 0, EXIT_UNSUPPORTED = 1, EXIT_UNKNOWN = 2 };

typedef struct preflight {
    bool json;
    sl__cli_files files;
    sl__registry *registry;
    sl__catalog catalog;
    sl__cli_cluster cluster;
    sl__pf_list worker;
    sl__pf_state state;
    sl__pf_connector *connectors;
    size_t n;
    size_t counts[SL_PF_UNSUPPORTED + 1];
    sl_error *err; /* why it cannot be told */
} preflight;

static sl_arena *arena_of(preflight *p) {
    return &p->files.arena;
}

/* ---- looking ---- */

static sl_error *check_worker(preflight *p) {
    const sl__cli_file *f = &p->files.items[0];
    sl_config_report report;
    sl_config_report_init(&report, arena_of(p));
    sl__pf_add_report(&p->worker, &f->report);
    SL_TRY(sl__cli_load_plugins(sl_config_get(&f->file.worker, SL_STR("plugin.path")), true, &p->registry));
    p->catalog = sl__registry_catalog(p->registry, sl__host_table());
    SL_TRY(sl__cli_cluster_check(&p->catalog, &f->file.worker, arena_of(p), &report, &p->cluster));
    sl__pf_add_report(&p->worker, &report);
    sl__pf_judge_worker(&p->cluster.worker.config, p->cluster.group.id, &p->worker);
    return NULL;
}

typedef struct walk {
    preflight *p;
    sl__validate_env env;
    sl_error *err;
} walk;

static void look_at_connector(void *arg, const sl__stored_connector *st) {
    walk *w = arg;
    preflight *p = w->p;
    sl__pf_connector *c = &p->connectors[p->n];
    w->err = w->err ? w->err : sl__pf_judge(&w->env, &p->cluster.worker.config, st, arena_of(p), c);
    w->err = w->err ? w->err : sl__pf_look_back(&p->state, c);
    if (!w->err) {
        p->counts[c->list.worst]++;
        p->n++;
    }
}

static sl_error *look_at_connectors(preflight *p) {
    const sl__config_state *state = sl__config_topic_state(p->state.config);
    walk w = {.p = p,
              .env = {.catalog = &p->catalog,
                      .providers = p->cluster.worker.providers,
                      .worker = &p->cluster.worker.settings,
                      .distributed = true}};
    p->connectors = sl_arena_zalloc(arena_of(p), (sl__config_state_count(state) + 1) * sizeof *p->connectors);
    if (!p->connectors) {
        return sl_error_nomem();
    }
    SL_TRY(sl__config_state_each(state, look_at_connector, &w));
    return w.err;
}

static sl_error *look(preflight *p) {
    const sl__cli_file *f = &p->files.items[0];
    if (f->err) {
        return sl_error_new(f->err->code, SL_USER, "%s", f->err->message);
    }
    if (!f->file.has_worker || f->file.nconnectors) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' is no file of a distributed worker: it has %s",
                            SL_STR_ARG(f->file.path),
                            f->file.nconnectors ? "connectors" : "no worker's settings");
    }
    SL_TRY(check_worker(p));
    SL_TRY(sl__pf_state_read(&p->cluster, arena_of(p), &p->state));
    return look_at_connectors(p);
}

/* ---- words ---- */

static const char *const levels[] = {
    [SL_PF_NOTE] = "note", [SL_PF_DIFFERENT] = "different", [SL_PF_UNSUPPORTED] = "unsupported"};
static const char *const verdicts[] = {[SL_PF_NOTE] = "runs as it is",
                                       [SL_PF_DIFFERENT] = "runs, with differences",
                                       [SL_PF_UNSUPPORTED] = "not supported"};
static const char *const verdict_words[] = {
    [SL_PF_NOTE] = "as-is", [SL_PF_DIFFERENT] = "different", [SL_PF_UNSUPPORTED] = "unsupported"};

static const char *type_of(const sl__pf_connector *c) {
    return !c->def ? "unknown" : c->def->kind == SL_KIND_SINK ? "sink" : "source";
}

static int exit_code(const preflight *p) {
    bool topics = false;
    for (size_t i = 0; i < SL_PF_TOPICS; i++) {
        topics = topics || p->state.topics[i].list.worst == SL_PF_UNSUPPORTED;
    }
    return p->err                                                                           ? EXIT_UNKNOWN
           : p->worker.worst == SL_PF_UNSUPPORTED || topics || p->counts[SL_PF_UNSUPPORTED] ? EXIT_UNSUPPORTED
                                                                                            : EXIT_RUNS;
}

/* ---- for people ---- */

static void print_list(const sl__pf_list *l) {
    for (size_t i = 0; i < l->n; i++) {
        const sl__pf_item *it = &l->items[i];
        printf("    %s: %.*s%s%.*s\n", levels[it->level], SL_STR_ARG(it->key), it->key.p ? ": " : "",
               SL_STR_ARG(it->text));
    }
}

static void print_topics(const preflight *p) {
    printf("topics\n");
    for (size_t i = 0; i < SL_PF_TOPICS && p->state.topics[i].setting; i++) {
        const sl__pf_topic *t = &p->state.topics[i];
        printf("  %s %.*s", t->setting, SL_STR_ARG(t->name));
        if (t->partitions) {
            printf(": %d partition%s, cleanup.policy=%s", (int)t->partitions, t->partitions == 1 ? "" : "s",
                   t->cleanup[0] ? t->cleanup : "(not known)");
        }
        printf("\n");
        print_list(&t->list);
    }
}

static void print_group(const preflight *p) {
    const sl__group_look *g = &p->state.group;
    sl_str id = p->cluster.group.id;
    if (g->members) {
        printf("group %.*s: %zu member%s (%s); stop them before Sluice takes over\n", SL_STR_ARG(id),
               g->members, g->members == 1 ? "" : "s",
               sl_str_eqz(g->protocol, "connect") ? "Java workers" : "Sluice's, or an application's");
    } else if (p->state.status || p->state.config) {
        printf("group %.*s: no members\n", SL_STR_ARG(id));
    }
}

static void print_connector(const sl__pf_connector *c) {
    printf("  %.*s: %s, %s\n", SL_STR_ARG(c->name), type_of(c), verdicts[c->list.worst]);
    printf("    %.*s, %s, %d task%s, %zu offset%s\n", SL_STR_ARG(c->class_name), sl__target_name(c->target),
           (int)c->ntasks, c->ntasks == 1 ? "" : "s", c->offsets, c->offsets == 1 ? "" : "s");
    print_list(&c->list);
    for (size_t i = 0; i < c->documented.n; i++) {
        const sl__pf_item *it = &c->documented.items[i];
        printf("    documented: %.*s (%.*s)\n", SL_STR_ARG(it->text), SL_STR_ARG(it->key));
    }
}

static void print_text(const preflight *p) {
    char text[2048];
    if (p->worker.n) {
        printf("worker %.*s: %s\n", SL_STR_ARG(p->files.items[0].file.path), verdicts[p->worker.worst]);
        print_list(&p->worker);
    }
    if (p->state.topics[0].setting) {
        print_topics(p);
        print_group(p);
    }
    if (p->err) {
        printf("it cannot be told: %s\n", sl_error_text(p->err, text, sizeof text));
        return;
    }
    printf("connectors\n");
    for (size_t i = 0; i < p->n; i++) {
        print_connector(&p->connectors[i]);
    }
    printf("%zu connector%s: %zu run%s as %s, %zu with differences, %zu not supported\n", p->n,
           p->n == 1 ? "" : "s", p->counts[SL_PF_NOTE], p->counts[SL_PF_NOTE] == 1 ? "s" : "",
           p->counts[SL_PF_NOTE] == 1 ? "it is" : "they are", p->counts[SL_PF_DIFFERENT],
           p->counts[SL_PF_UNSUPPORTED]);
}

/* ---- for scripts ---- */

static json_t *text_json(sl_str s) {
    json_t *v = s.p ? json_stringn(s.p, s.n) : NULL;
    return v ? v : json_null(); /* none, or no UTF-8 */
}

static json_t *list_json(const sl__pf_list *l) {
    json_t *out = json_array();
    for (size_t i = 0; i < l->n; i++) {
        const sl__pf_item *it = &l->items[i];
        json_array_append_new(out, json_pack("{s:s,s:o,s:o}", "level", levels[it->level], "key",
                                             text_json(it->key), "text", text_json(it->text)));
    }
    return out;
}

static json_t *topics_json(const preflight *p) {
    json_t *out = json_array();
    for (size_t i = 0; i < SL_PF_TOPICS && p->state.topics[i].setting; i++) {
        const sl__pf_topic *t = &p->state.topics[i];
        json_array_append_new(out, json_pack("{s:s,s:o,s:i,s:s,s:o}", "setting", t->setting, "topic",
                                             text_json(t->name), "partitions", (int)t->partitions,
                                             "cleanup_policy", t->cleanup, "findings", list_json(&t->list)));
    }
    return out;
}

static json_t *connectors_json(const preflight *p) {
    json_t *out = json_array();
    for (size_t i = 0; i < p->n; i++) {
        const sl__pf_connector *c = &p->connectors[i];
        json_t *documented = json_array();
        for (size_t k = 0; k < c->documented.n; k++) {
            const sl__pf_item *it = &c->documented.items[k];
            json_array_append_new(
                documented, json_pack("{s:o,s:o}", "text", text_json(it->text), "where", text_json(it->key)));
        }
        json_array_append_new(out,
                              json_pack("{s:o,s:o,s:s,s:s,s:i,s:I,s:s,s:o,s:o}", "name", text_json(c->name),
                                        "class", text_json(c->class_name), "type", type_of(c), "target",
                                        sl__target_name(c->target), "tasks", (int)c->ntasks, "offsets",
                                        (json_int_t)c->offsets, "verdict", verdict_words[c->list.worst],
                                        "findings", list_json(&c->list), "documented", documented));
    }
    return out;
}

static void print_json(const preflight *p) {
    char text[2048];
    const sl__group_look *g = &p->state.group;
    json_t *error = p->err ? json_string(sl_error_text(p->err, text, sizeof text)) : json_null();
    json_t *v = json_pack(
        "{s:{s:o,s:s,s:o},s:o,s:{s:o,s:I,s:o},s:o,s:{s:I,s:I,s:I,s:I},s:o}", "worker", "file",
        text_json(p->files.items[0].file.path), "verdict", verdict_words[p->worker.worst], "findings",
        list_json(&p->worker), "topics", topics_json(p), "group", "id", text_json(p->cluster.group.id),
        "members", (json_int_t)g->members, "protocol", text_json(g->protocol), "connectors",
        connectors_json(p), "summary", "connectors", (json_int_t)p->n, "as_is",
        (json_int_t)p->counts[SL_PF_NOTE], "different", (json_int_t)p->counts[SL_PF_DIFFERENT], "unsupported",
        (json_int_t)p->counts[SL_PF_UNSUPPORTED], "error", error);
    char *out = v ? json_dumps(v, JSON_INDENT(2)) : NULL;
    printf("%s\n", out ? out : "null");
    free(out);
    json_decref(v);
}

/* ---- the command ---- */

static void close_all(preflight *p) {
    sl__pf_state_close(&p->state);
    sl__providers_close(p->cluster.worker.providers);
    sl__registry_free(p->registry);
    sl__cli_files_free(&p->files);
    sl_error_free(p->err);
}

int sl__cmd_preflight(const sl__command *self, int argc, char **argv) {
    preflight p = {.json = false};
    char *file[1];
    int nfiles = 0;
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            p.json = true;
        } else if (argv[i][0] == '-') {
            return sl__cli_usage(self, "unknown option '%s'", argv[i]);
        } else if (nfiles++ == 0) {
            file[0] = argv[i];
        }
    }
    if (nfiles != 1) {
        return sl__cli_usage(self, "expected the file of a distributed worker");
    }
    sl__log_init(false, SL_LOG_ERROR);
    p.err = sl__cli_files_load(&p.files, 1, file);
    p.worker.arena = arena_of(&p);
    p.err = p.err ? p.err : look(&p);
    if (p.json) {
        print_json(&p);
    } else {
        print_text(&p);
    }
    int code = exit_code(&p);
    close_all(&p);
    return code;
}
