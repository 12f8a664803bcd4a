/*
 * topic.c - see topic.h.
 */
#include "topic.h"

static sl_error *compile(const char *key, sl_str expression, const char *with, sl_str replacement,
                         java_regex **out) {
    if (!sl_str_trim(replacement).n) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "%s: expected a replacement, for %s is set", with, key);
    }
    sl_error *err = java_regex_new(expression, out);
    if (err) {
        return sl_error_wrap(err, "%s", key);
    }
    const char *wrong = java_regex_check_replacement(*out, replacement, NULL);
    return wrong ? sl_error_new(SL_E_CONFIG, SL_USER, "%s: %s", with, wrong) : NULL;
}

static bool by_regex(const cdc_config *c) {
    return c->topic_naming == CDC_NAMING_SCHEMA_REGEX || c->topic_naming == CDC_NAMING_TABLE_REGEX;
}

static sl_error *init(cdc_topics *t, const cdc_config *c) {
    if (!c->topic_regex.n) {
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "topic.regex: expected an expression, for topic.naming.strategy is one of the "
                            "Regex strategies");
    }
    SL_TRY(compile("topic.regex", c->topic_regex, "topic.replacement", c->topic_replacement, &t->topic));
    if (!sl_str_trim(c->topic_key_regex).n) {
        return NULL;
    }
    return compile("topic.key.field.regex", c->topic_key_regex, "topic.key.field.replacement",
                   c->topic_key_replacement, &t->key);
}

sl_error *cdc_topics_init(cdc_topics *t, const cdc_config *c) {
    *t = (cdc_topics){.config = c};
    sl_error *err = by_regex(c) ? init(t, c) : NULL;
    if (err) {
        cdc_topics_deinit(t);
    }
    return err;
}

void cdc_topics_deinit(cdc_topics *t) {
    java_regex_free(t->topic);
    java_regex_free(t->key);
    *t = (cdc_topics){0};
}

/* The name that the strategy begins with. */
static sl_str origin(const cdc_config *c, sl_arena *a, sl_str schema, sl_str table) {
    bool with_schema = c->topic_naming == CDC_NAMING_SCHEMA || c->topic_naming == CDC_NAMING_SCHEMA_UNICODE ||
                       c->topic_naming == CDC_NAMING_SCHEMA_REGEX;
    sl_str head = sl_arena_printf(a, "%.*s%.*s", SL_STR_ARG(c->topic_prefix), SL_STR_ARG(c->topic_delimiter));
    if (with_schema) {
        head = sl_arena_printf(a, "%.*s%.*s%.*s", SL_STR_ARG(head), SL_STR_ARG(schema),
                               SL_STR_ARG(c->topic_delimiter));
    }
    return sl_arena_printf(a, "%.*s%.*s", SL_STR_ARG(head), SL_STR_ARG(table));
}

/* The expression must match the whole name; what is replaced is the first match in it. */
static sl_error *change(java_regex *r, sl_str name, sl_str replacement, sl_arena *a, sl_str *out) {
    bool matches = false;
    *out = name;
    SL_TRY(java_regex_matches(r, name, &matches));
    return matches ? java_regex_replace_first(r, name, replacement, a, out) : NULL;
}

sl_error *cdc_topics_name(const cdc_topics *t, sl_arena *a, sl_str schema, sl_str table, sl_str *out) {
    const cdc_config *c = t->config;
    sl_str name = origin(c, a, schema, table);
    bool unicode =
        c->topic_naming == CDC_NAMING_SCHEMA_UNICODE || c->topic_naming == CDC_NAMING_TABLE_UNICODE;
    name = unicode ? cdc_name_topic_unicode(a, name) : cdc_name_topic(a, name);
    *out = name;
    if (t->topic) {
        SL_TRY(change(t->topic, name, c->topic_replacement, a, out));
        *out = out->n ? *out : name; /* as Debezium: an empty name is none */
    }
    return a->failed ? sl_error_nomem() : NULL;
}

sl_error *cdc_topics_field(const cdc_topics *t, sl_arena *a, sl_str schema, sl_str table, sl_str *field,
                           sl_str *value) {
    const cdc_config *c = t->config;
    *field = *value = SL_STR_NONE;
    if (!t->topic || !c->topic_key_unique) {
        return NULL;
    }
    *field = c->topic_key_field;
    *value = origin(c, a, schema, table);
    if (t->key) {
        SL_TRY(change(t->key, *value, c->topic_key_replacement, a, value));
    }
    return a->failed ? sl_error_nomem() : NULL;
}
