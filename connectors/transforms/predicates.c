/*
 * predicates.c - HasHeaderKey, RecordIsTombstone, TopicNameMatches.
 *
 * Topics come again and again, so TopicNameMatches keeps the last one's answer. Memory: states are on the
 * heap.
 */
#include <cdc/java_regex.h>
#include "transforms.h"

#define PREDICATE(var, short_name, text, operations)                                                         \
    .struct_size = sizeof(sl_plugin_def), .kind = SL_KIND_PREDICATE, .name = short_name,                     \
    .aliases = var##_aliases, .version = KAFKA_COMPATIBLE, .doc = text, .predicate = &operations

static void free_state(void *state) {
    sl_free(state);
}

/* ---- HasHeaderKey ---- */

typedef struct header_settings {
    sl_str name;
} header_settings;

static const sl_config_row header_rows[] = {
    {.name = "name",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_MEDIUM,
     .doc = "The header's name.",
     .check = tf_check_text,
     .field = SL_FIELD(header_settings, name)},
};

static sl_error *header_open(const sl_context *ctx, void **state) {
    header_settings *s = sl_calloc(1, sizeof *s);
    if (!s) {
        return sl_error_nomem();
    }
    *s = *(const header_settings *)ctx->settings;
    *state = s;
    return NULL;
}

static sl_error *header_test(void *state, const sl_record *rec, bool *result) {
    const header_settings *s = state;
    *result = false;
    for (uint32_t i = 0; i < rec->nheaders && !*result; i++) {
        *result = sl_str_eq(rec->headers[i].name, s->name);
    }
    return NULL;
}

static const sl_predicate_ops header_ops = {.open = header_open, .test = header_test, .close = free_state};
static const char *const has_header_key_aliases[] = {TF_KAFKA "predicates.HasHeaderKey", NULL};

const sl_plugin_def has_header_key_def = {
    PREDICATE(has_header_key, "has-header-key", "True for records with a header of that name.", header_ops),
    .settings = header_rows,
    .nsettings = LENGTH(header_rows),
    .settings_size = sizeof(header_settings),
};

/* ---- RecordIsTombstone ---- */

static sl_error *tombstone_open(const sl_context *ctx, void **state) {
    (void)ctx;
    *state = NULL;
    return NULL;
}

static sl_error *tombstone_test(void *state, const sl_record *rec, bool *result) {
    (void)state;
    *result = sl_is_null(&rec->value);
    return NULL;
}

static const sl_predicate_ops tombstone_ops = {
    .open = tombstone_open, .test = tombstone_test, .close = free_state};
static const char *const record_is_tombstone_aliases[] = {TF_KAFKA "predicates.RecordIsTombstone", NULL};

const sl_plugin_def record_is_tombstone_def = {
    PREDICATE(record_is_tombstone, "record-is-tombstone", "True for records whose value is null.",
              tombstone_ops),
};

/* ---- TopicNameMatches ---- */

typedef struct topic_settings {
    sl_str pattern;
} topic_settings;

typedef struct topic_matcher {
    java_regex *regex;
    sl_buf topic; /* the last one, heap */
    bool known;
    bool matches;
} topic_matcher;

static const char *check_pattern(const sl_config_row *row, sl_str value, sl_arena *arena) {
    const char *wrong = tf_check_text(row, value, arena);
    return wrong ? wrong : tf_check_regex(row, value, arena);
}

static const sl_config_row topic_rows[] = {
    {.name = "pattern",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_MEDIUM,
     .doc = "Java regular expression that must match the whole topic.",
     .check = check_pattern,
     .field = SL_FIELD(topic_settings, pattern)},
};

static sl_error *topic_open(const sl_context *ctx, void **state) {
    const topic_settings *set = ctx->settings;
    topic_matcher *t = sl_calloc(1, sizeof *t);
    sl_error *err = t ? java_regex_new(set->pattern, &t->regex) : sl_error_nomem();
    if (err) {
        sl_free(t);
        return err;
    }
    sl_buf_init(&t->topic, NULL);
    *state = t;
    return NULL;
}

static sl_error *topic_test(void *state, const sl_record *rec, bool *result) {
    topic_matcher *t = state;
    *result = false;
    if (!rec->topic.p) {
        return NULL;
    }
    if (!t->known || !sl_str_eq(sl_buf_view(&t->topic), rec->topic)) {
        t->known = false;
        SL_TRY(java_regex_matches(t->regex, rec->topic, &t->matches));
        sl_buf_clear(&t->topic);
        sl_buf_add_str(&t->topic, rec->topic);
        t->known = !t->topic.failed;
    }
    *result = t->matches;
    return NULL;
}

static void topic_close(void *state) {
    topic_matcher *t = state;
    java_regex_free(t->regex);
    sl_buf_deinit(&t->topic);
    sl_free(t);
}

static const sl_predicate_ops topic_ops = {.open = topic_open, .test = topic_test, .close = topic_close};
static const char *const topic_name_matches_aliases[] = {TF_KAFKA "predicates.TopicNameMatches", NULL};

const sl_plugin_def topic_name_matches_def = {
    PREDICATE(topic_name_matches, "topic-name-matches",
              "True for records whose topic matches a regular expression.", topic_ops),
    .settings = topic_rows,
    .nsettings = LENGTH(topic_rows),
    .settings_size = sizeof(topic_settings),
};
