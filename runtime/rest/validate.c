/*
 * validate.c - PUT /connector-plugins/{plugin}/config/validate: every setting of a configuration with its
 * definition, its value and what is wrong with it.
 */
#include "config/build.h"
#include "config/json.h"
#include "rest/definitions.h"
#include "rest/shown.h"

#define GROUPS_MAX 256

/* belongs tells whether a problem is about a key; problems of the whole stand with connector.class. */
static bool belongs(const sl_config_problem *p, sl_str key) {
    return p->severity == SL_SEV_ERROR && sl_str_eq(p->key.p ? p->key : SL_STR("connector.class"), key);
}

static bool add_errors(sl_buf *b, const sl_config_report *report, sl_str key) {
    const char *comma = "";
    sl_buf_add_char(b, '[');
    for (size_t i = 0; i < report->n; i++) {
        if (belongs(&report->items[i], key)) {
            sl_buf_add_z(b, comma);
            comma = ",";
            sl__json_text(b, report->items[i].message);
        }
    }
    sl_buf_add_char(b, ']');
    return comma[0] != '\0';
}

/* known_value gives the value as it is, or the default. A password is never shown. */
static sl_str known_value(sl__request *r, const sl__job *job, const sl__definition *d, sl_str key) {
    const sl_config_entry *e = sl_config_find(&job->raw, key);
    sl_str value = e ? e->value : SL_STR_NONE;
    if (!value.p && d) {
        return d->default_value;
    }
    if (d && d->row->type == SL_CONFIG_PASSWORD && value.n) {
        return SL_STR("[hidden]");
    }
    return sl__shown_value(job->checked.def, key, value, &r->arena);
}

static void add_value(sl__request *r, const sl__job *job, const sl__definition *d, sl_str key) {
    sl_buf *b = &r->out;
    sl__json_member(b, "value");
    sl_buf_add_char(b, '{');
    sl__json_text_member(b, "name", key);
    sl__json_text_member(b, "value", known_value(r, job, d, key));
    sl__json_member(b, "recommended_values");
    if (d) {
        sl__recommended_json(b, d);
    } else {
        sl_buf_add_z(b, "[]");
    }
    sl__json_member(b, "errors");
    (void)add_errors(b, &job->report, key);
    sl__json_member(b, "visible");
    sl_buf_add_z(b, "true}");
}

static void add_setting(sl__request *r, const sl__job *job, const sl__definition *d, sl_str key, bool first) {
    sl_buf_add_z(&r->out, first ? "{\"definition\":" : ",{\"definition\":");
    if (d) {
        sl__definition_json(&r->out, d);
    } else {
        sl_buf_add_z(&r->out, "null");
    }
    add_value(r, job, d, key);
    sl_buf_add_char(&r->out, '}');
}

static void add_groups(sl_buf *b, const sl__definitions *all) {
    sl_str seen[GROUPS_MAX];
    size_t n = 0;
    sl_buf_add_char(b, '[');
    for (size_t i = 0; i < all->n; i++) {
        sl_str group = all->items[i].group;
        bool known = !group.p || n == GROUPS_MAX;
        for (size_t k = 0; !known && k < n; k++) {
            known = sl_str_eq(seen[k], group);
        }
        if (!known) {
            sl_buf_add_z(b, n ? "," : "");
            sl__json_text(b, group);
            seen[n++] = group;
        }
    }
    sl_buf_add_char(b, ']');
}

static bool is_defined(const sl__definitions *all, sl_str key) {
    for (size_t i = 0; i < all->n; i++) {
        if (sl_str_eq(all->items[i].name, key)) {
            return true;
        }
    }
    return false;
}

/* is_override tells whether a key is about a Kafka client; these are shown without a definition. */
static bool is_override(sl_str key) {
    return sl_str_starts(key, SL_STR("producer.override.")) ||
           sl_str_starts(key, SL_STR("consumer.override.")) || sl_str_starts(key, SL_STR("admin.override."));
}

/* add_others adds what no definition names: overrides, and other keys with errors. */
static void add_others(sl__request *r, const sl__job *job, const sl__definitions *all) {
    for (size_t i = 0; i < job->raw.n; i++) {
        if (is_override(job->raw.entries[i].key)) {
            add_setting(r, job, NULL, job->raw.entries[i].key, false);
        }
    }
    for (size_t i = 0; i < job->report.n; i++) {
        const sl_config_problem *p = &job->report.items[i];
        bool shown = is_override(p->key) && sl_config_find(&job->raw, p->key);
        bool first = p->severity == SL_SEV_ERROR && p->key.p && !is_defined(all, p->key) && !shown;
        for (size_t k = 0; first && k < i; k++) {
            first = !belongs(&job->report.items[k], p->key);
        }
        if (first) {
            add_setting(r, job, NULL, p->key, false);
        }
    }
}

static void validated(sl__herder *h, sl__call *call, sl__job *job) {
    sl__request *r = (sl__request *)call;
    sl__definitions all = {.arena = &r->arena};
    if (job->err) {
        sl_error *err = job->err;
        job->err = NULL;
        (void)sl__answer_failure(r, err);
        return;
    }
    if (job->checked.def) {
        sl__definitions_of_config(h, job->checked.def, &job->raw, &all);
    }
    sl_buf_add_char(&r->out, '{');
    sl__json_text_member(&r->out, "name", sl_config_get(&job->raw, SL_STR("connector.class")));
    sl__json_member(&r->out, "error_count");
    sl_buf_add_i64(&r->out, (int64_t)job->report.errors);
    sl__json_member(&r->out, "groups");
    add_groups(&r->out, &all);
    sl__json_member(&r->out, "configs");
    sl_buf_add_char(&r->out, '[');
    for (size_t i = 0; i < all.n; i++) {
        add_setting(r, job, &all.items[i], all.items[i].name, i == 0);
    }
    add_others(r, job, &all);
    sl_buf_add_z(&r->out, "]}");
    (void)(all.failed ? sl__answer_error(r, 503, "out of memory") : sl__answer_json(r, 200));
}

/* short_name takes the "Connector" off a name's end, as Kafka Connect does to compare. */
static sl_str short_name(sl_str name) {
    static const sl_str end = SL_STR_INIT("Connector");
    bool ends = name.n > end.n && sl_str_eq(sl_str_skip(name, name.n - end.n), end);
    return ends ? sl_str_make(name.p, name.n - end.n) : name;
}

/* same_plugin tells whether the class of the body is what the path names: its end, as Kafka Connect has it,
   or the same plugin where one is our own name. */
static bool same_plugin(sl__herder *h, sl_str class_name, sl_str asked) {
    sl_str a = short_name(class_name), b = short_name(asked);
    const sl_plugin_def *def = sl__rest_find_plugin(h, sl_str_trim(class_name));
    bool own = def && (sl_str_eqz(class_name, def->name) || sl_str_eqz(asked, def->name));
    return (a.n >= b.n && sl_str_eq(sl_str_skip(a, a.n - b.n), b)) ||
           (own && def == sl__rest_find_plugin(h, asked));
}

bool sl__rest_validate(sl__herder *h, sl__request *r) {
    sl_config config;
    sl_str asked = r->match.args[0];
    sl_error *err = sl__json_map(r->body, SL_STR("the request's body"), &r->arena, &config);
    if (err) {
        return sl__answer_failure(r, err);
    }
    sl_str class_name = sl_config_get(&config, SL_STR("connector.class"));
    if (class_name.p && !same_plugin(h, class_name, asked)) {
        return sl__answer_error(r, 400, "Included connector type %.*s does not match request type %.*s",
                                SL_STR_ARG(class_name), SL_STR_ARG(asked));
    }
    const sl_plugin_def *def = sl__rest_find_plugin(h, class_name.p ? sl_str_trim(class_name) : asked);
    if (!def || (def->kind != SL_KIND_SOURCE && def->kind != SL_KIND_SINK)) {
        return sl__answer_error(r, 404,
                                "Unknown connector %.*s; GET /connector-plugins lists those that there are",
                                SL_STR_ARG(class_name.p ? class_name : asked));
    }
    if (!class_name.p) {
        const sl_config_entry added = {.key = SL_STR("connector.class"), .value = asked};
        err = sl__config_overlay(&config, &(sl_config){&added, 1}, &r->arena, &config);
    }
    if (err) {
        return sl__answer_failure(r, err);
    }
    r->call.resume = validated;
    return sl__herder_validate(h, &r->call, &config) ? false : sl__answer_error(r, 503, "out of memory");
}
