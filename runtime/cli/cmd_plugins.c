/*
 * cmd_plugins.c - `sluice plugins`: what was found, and the settings of each; for people, as JSON and as
 * Markdown.
 *
 * The reference pages in docs/ are made from the Markdown form, so nothing in it depends on the machine.
 * Threads: the main thread. Memory: everything lives until the command ends.
 */
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "config/worker_group.h"
#include "config/worker_topics.h"
#include "config/connector.h"
#include "config/worker.h"

typedef enum form { FORM_TEXT, FORM_JSON, FORM_MARKDOWN } form;

/* What is shown: a plugin's definition, or a table of the runtime's own. */
typedef struct subject {
    const char *kind;
    const char *name;
    const char *const *aliases;
    const char *version;
    const char *doc;
    const sl_config_row *rows;
    size_t nrows;
} subject;

typedef struct listing {
    form form;
    sl__registry *registry;
    char **names; /* what was asked for */
    int nnames;
    bool found[64];
    size_t shown;
    sl_buf out;
} listing;

static const char *const type_names[] = {
    [SL_CONFIG_BOOLEAN] = "boolean",   [SL_CONFIG_STRING] = "string", [SL_CONFIG_INT] = "int",
    [SL_CONFIG_LONG] = "long",         [SL_CONFIG_DOUBLE] = "double", [SL_CONFIG_LIST] = "list",
    [SL_CONFIG_PASSWORD] = "password", [SL_CONFIG_CLASS] = "class",
};
static const char *const importance_names[] = {[SL_HIGH] = "high", [SL_MEDIUM] = "medium", [SL_LOW] = "low"};
static const char *const support_names[] = {
    [SL_SUPPORTED] = "supported", [SL_WARNED] = "without effect", [SL_REFUSED] = "not supported"};

/* ---- text ---- */

static void text_default(sl_buf *b, const sl_config_row *row) {
    if (row->required) {
        sl_buf_add_z(b, ", required");
    } else if (row->default_value && *row->default_value && row->type != SL_CONFIG_PASSWORD) {
        sl_buf_printf(b, ", default %s", row->default_value);
    }
}

static void add_words(sl_buf *b, const sl_config_enum *words) {
    for (const sl_config_enum *w = words; w && w->name; w++) {
        sl_buf_printf(b, "%s%s", w == words ? "" : ", ", w->name);
    }
}

static void text_row(sl_buf *b, const sl_config_row *row) {
    sl_buf_printf(b, "  %s  (%s", row->name, type_names[row->type]);
    text_default(b, row);
    sl_buf_printf(b, ", %s)\n", importance_names[row->importance]);
    if (row->doc) {
        sl_buf_printf(b, "      %s\n", row->doc);
    }
    if (row->enums) {
        sl_buf_add_z(b, "      one of: ");
        add_words(b, row->enums);
        sl_buf_add_char(b, '\n');
    }
    if (row->aliases) {
        sl_buf_printf(b, "      also: %s\n", row->aliases);
    }
    if (row->support != SL_SUPPORTED) {
        sl_buf_printf(b, "      %s: %s\n", support_names[row->support],
                      row->remedy ? row->remedy : "remove it");
    }
}

static void text_subject(listing *l, const subject *s) {
    sl_buf *b = &l->out;
    sl_buf_printf(b, "%s%s %s", l->shown ? "\n" : "", s->kind, s->name);
    sl_buf_printf(b, "%s%s\n", s->version ? " " : "", s->version ? s->version : "");
    for (const char *const *a = s->aliases; a && *a; a++) {
        sl_buf_printf(b, "  %s\n", *a);
    }
    if (s->doc) {
        sl_buf_printf(b, "  %s\n", s->doc);
    }
    sl_buf_add_z(b, s->nrows ? "\nsettings:\n" : "\nno settings\n");
    for (size_t i = 0; i < s->nrows; i++) {
        text_row(b, &s->rows[i]);
    }
}

static void text_line(listing *l, const subject *s) {
    const char *alias = s->aliases && s->aliases[0] ? s->aliases[0] : "";
    sl_buf_printf(&l->out, "%-17s %-28s %-12s %s\n", s->kind, s->name, s->version ? s->version : "", alias);
}

/* ---- Markdown ---- */

/* add_cell escapes what would end a table's cell. */
static void add_cell(sl_buf *b, const char *text) {
    for (const char *c = text ? text : ""; *c; c++) {
        if (*c == '|') {
            sl_buf_add_char(b, '\\');
        }
        sl_buf_add_char(b, *c == '\n' ? ' ' : *c);
    }
}

static void markdown_range(sl_buf *b, const sl_config_row *row) {
    if (row->has_min && row->has_max) {
        sl_buf_printf(b, " From %.15g to %.15g.", row->min, row->max);
    } else if (row->has_min) {
        sl_buf_printf(b, " At least %.15g.", row->min);
    } else if (row->has_max) {
        sl_buf_printf(b, " At most %.15g.", row->max);
    }
}

static void markdown_row(sl_buf *b, const sl_config_row *row) {
    sl_buf_printf(b, "| `%s` | %s | ", row->name, type_names[row->type]);
    if (row->required) {
        sl_buf_add_z(b, "**required**");
    } else if (row->default_value && *row->default_value) {
        sl_buf_add_char(b, '`');
        add_cell(b, row->default_value);
        sl_buf_add_char(b, '`');
    }
    sl_buf_printf(b, " | %s | ", importance_names[row->importance]);
    if (row->support != SL_SUPPORTED) {
        sl_buf_printf(b, "**%s**: ", row->support == SL_WARNED ? "Without effect" : "Not supported");
        add_cell(b, row->remedy ? row->remedy : "remove it");
        sl_buf_add_z(b, ". ");
    }
    add_cell(b, row->doc);
    markdown_range(b, row);
    if (row->enums) {
        sl_buf_add_z(b, " One of: ");
        add_words(b, row->enums);
        sl_buf_add_char(b, '.');
    }
    if (row->aliases) {
        sl_buf_add_z(b, " Also: ");
        add_cell(b, row->aliases);
        sl_buf_add_char(b, '.');
    }
    sl_buf_add_z(b, " |\n");
}

static void markdown_subject(listing *l, const subject *s) {
    sl_buf *b = &l->out;
    sl_buf_printf(b, "%s## %s\n\n", l->shown ? "\n" : "", s->name);
    sl_buf_printf(b, "%c%s.", *s->kind >= 'a' && *s->kind <= 'z' ? *s->kind - 'a' + 'A' : *s->kind,
                  s->kind + 1);
    if (s->doc) {
        sl_buf_printf(b, " %s", s->doc);
    }
    sl_buf_add_z(b, "\n");
    for (const char *const *a = s->aliases; a && *a; a++) {
        sl_buf_printf(b, "%s`%s`%s", a == s->aliases ? "\nAlso known as " : ", ", *a, a[1] ? "" : ".\n");
    }
    if (!s->nrows) {
        sl_buf_add_z(b, "\nIt has no settings.\n");
        return;
    }
    sl_buf_add_z(b,
                 "\n| setting | type | default | importance | meaning |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < s->nrows; i++) {
        markdown_row(b, &s->rows[i]);
    }
}

/* ---- JSON ---- */

static void json_text(sl_buf *b, const char *name, const char *value) {
    sl_buf_printf(b, ",\"%s\":", name);
    if (value) {
        sl_buf_add_json_str(b, sl_str_of(value));
    } else {
        sl_buf_add_z(b, "null");
    }
}

static void json_words(sl_buf *b, const sl_config_enum *words) {
    sl_buf_add_z(b, ",\"values\":[");
    for (const sl_config_enum *w = words; w && w->name; w++) {
        sl_buf_add_z(b, w == words ? "" : ",");
        sl_buf_add_json_str(b, sl_str_of(w->name));
    }
    sl_buf_add_char(b, ']');
}

static void json_row(sl_buf *b, const sl_config_row *row) {
    sl_buf_add_z(b, "{\"name\":");
    sl_buf_add_json_str(b, sl_str_of(row->name));
    json_text(b, "type", type_names[row->type]);
    sl_buf_printf(b, ",\"required\":%s", row->required ? "true" : "false");
    json_text(b, "default", row->default_value);
    json_text(b, "importance", importance_names[row->importance]);
    json_text(b, "group", row->group);
    json_text(b, "display_name", row->display ? row->display : row->name);
    json_text(b, "documentation", row->doc);
    json_words(b, row->enums);
    json_text(b, "aliases", row->aliases);
    sl_buf_printf(b, ",\"pattern\":%s", row->pattern ? "true" : "false");
    json_text(b, "support", support_names[row->support]);
    json_text(b, "remedy", row->remedy);
    sl_buf_add_char(b, '}');
}

static void json_subject(listing *l, const subject *s) {
    sl_buf *b = &l->out;
    sl_buf_add_z(b, l->shown ? ",\n{\"kind\":" : "{\"kind\":");
    sl_buf_add_json_str(b, sl_str_of(s->kind));
    json_text(b, "name", s->name);
    json_text(b, "version", s->version);
    json_text(b, "doc", s->doc);
    sl_buf_add_z(b, ",\"classes\":[");
    for (const char *const *a = s->aliases; a && *a; a++) {
        sl_buf_add_z(b, a == s->aliases ? "" : ",");
        sl_buf_add_json_str(b, sl_str_of(*a));
    }
    sl_buf_add_z(b, "],\"settings\":[");
    for (size_t i = 0; i < s->nrows; i++) {
        sl_buf_add_z(b, i ? ",\n " : "\n ");
        json_row(b, &s->rows[i]);
    }
    sl_buf_add_z(b, "]}");
}

/* ---- which ---- */

static void show(listing *l, const subject *s) {
    if (l->form == FORM_JSON) {
        json_subject(l, s);
    } else if (l->form == FORM_MARKDOWN) {
        markdown_subject(l, s);
    } else if (l->nnames) {
        text_subject(l, s);
    } else {
        text_line(l, s);
    }
    l->shown++;
}

static bool is_def(const listing *l, const sl_plugin_def *def, const char *name) {
    const sl_plugin_def *found = NULL;
    sl_error *err = sl__registry_find(l->registry, def->kind, sl_str_of(name), &found);
    sl_error_free(err);
    return found == def;
}

static void show_def(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    listing *l = arg;
    bool wanted = l->nnames == 0;
    (void)table, (void)path;
    for (int i = 0; i < l->nnames; i++) {
        if (is_def(l, def, l->names[i])) {
            l->found[i] = true;
            wanted = true;
        }
    }
    if (wanted) {
        const subject s = {sl__catalog_kind_name(def->kind),
                           def->name,
                           def->aliases,
                           def->version,
                           def->doc,
                           def->settings,
                           def->nsettings};
        show(l, &s);
    }
}

/* show_own shows the runtime's own tables, which have names of their own. */
static void show_own(listing *l) {
    const subject own[] = {
        {"settings of the", "worker", NULL, NULL, "What the worker's file may hold.", sl__worker_rows,
         sl__worker_nrows},
        {"settings of a", "cluster", NULL, NULL,
         "What the file of a distributed worker may hold beside these.", sl__worker_group_rows,
         sl__worker_group_nrows},
        {"topics of a", "cluster", NULL, NULL, "Where a distributed worker keeps its state.",
         sl__worker_topics_rows, sl__worker_topics_nrows},
        {"settings of every", "connector", NULL, NULL, "What every connector takes.", sl__connector_rows,
         sl__connector_nrows},
        {"settings of every", "sink", NULL, NULL, "What every sink connector takes.", sl__sink_rows,
         sl__sink_nrows},
        {"settings of every", "source", NULL, NULL, "What every source connector takes.", sl__source_rows,
         sl__source_nrows},
    };
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) {
        for (int i = 0; i < l->nnames; i++) {
            if (strcmp(l->names[i], own[k].name) == 0) {
                l->found[i] = true;
                show(l, &own[k]);
            }
        }
    }
}

static int report_missing(const sl__command *self, const listing *l) {
    int code = SL_EXIT_OK;
    for (int i = 0; i < l->nnames; i++) {
        if (!l->found[i]) {
            fprintf(stderr, "sluice %s: no plugin '%s'; `sluice plugins` lists them\n", self->name,
                    l->names[i]);
            code = SL_EXIT_USAGE;
        }
    }
    return code;
}

static void report_failures(const sl__registry *reg) {
    size_t n = 0;
    const sl__plugin_failure *failures = sl__registry_failures(reg, &n);
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, "not used: %s: %s\n", failures[i].path, failures[i].reason);
    }
}

static int list(const sl__command *self, listing *l) {
    sl_buf_init(&l->out, NULL);
    if (l->form == FORM_JSON) {
        sl_buf_add_char(&l->out, '[');
    }
    show_own(l);
    sl__registry_each(l->registry, show_def, l);
    if (l->form == FORM_JSON) {
        sl_buf_add_z(&l->out, "]\n");
    }
    report_failures(l->registry);
    int code = report_missing(self, l);
    if (l->out.failed) {
        code = sl__cli_error(sl_error_nomem());
    } else if (code == SL_EXIT_OK && l->out.n) {
        fwrite(l->out.p, 1, l->out.n, stdout);
    }
    sl_buf_deinit(&l->out);
    return code;
}

static bool read_option(const char *arg, listing *l, sl_str *path) {
    static const char prefix[] = "--plugin-path=";
    if (strcmp(arg, "--json") == 0) {
        l->form = FORM_JSON;
    } else if (strcmp(arg, "--markdown") == 0) {
        l->form = FORM_MARKDOWN;
    } else if (strncmp(arg, prefix, sizeof prefix - 1) == 0) {
        *path = sl_str_of(arg + sizeof prefix - 1);
    } else {
        return false;
    }
    return true;
}

int sl__cmd_plugins(const sl__command *self, int argc, char **argv) {
    listing l = {.form = FORM_TEXT};
    sl_str path = SL_STR_NONE;
    while (argc && argv[0][0] == '-') {
        if (!read_option(argv[0], &l, &path)) {
            return sl__cli_usage(self, "unknown option '%s'", argv[0]);
        }
        argc--;
        argv++;
    }
    if ((size_t)argc > sizeof l.found / sizeof l.found[0]) {
        return sl__cli_usage(self, "expected at most %zu names", sizeof l.found / sizeof l.found[0]);
    }
    l.names = argv;
    l.nnames = argc;
    sl__log_init(false, SL_LOG_ERROR);
    sl__log_set_level("plugin", SL_LOG_OFF); /* plugins that are not used are listed below */
    sl_error *err = sl__cli_load_plugins(path, false, &l.registry);
    int code = err ? sl__cli_error(err) : list(self, &l);
    sl__registry_free(l.registry);
    return code;
}
