/*
 * regex_router.c - RegexRouter: a new topic made from the old one by a regular expression.
 *
 * The expression must match the whole topic; then the first match found in it is replaced, as Java's
 * replaceFirst does. Topics come again and again, so the last one's result is kept. Memory: the state is on
 * the heap, the topic in the batch's arena.
 */
#include <cdc/java_regex.h>
#include "transforms.h"

typedef struct settings {
    sl_str regex;
    sl_str replacement;
} settings;

typedef struct router {
    const settings *set;
    java_regex *regex;
    sl_buf topic;  /* the last topic seen, heap */
    sl_buf routed; /* what became of it, heap */
    bool known;    /* the two are valid */
    bool changes;  /* the expression matched */
} router;

static const sl_config_row rows[] = {
    {.name = "regex",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .doc = "Regular expression that must match the whole topic.",
     .check = tf_check_regex,
     .field = SL_FIELD(settings, regex)},
    {.name = "replacement",
     .type = SL_CONFIG_STRING,
     .required = true,
     .importance = SL_HIGH,
     .doc = "The new topic, in which $1 or ${name} stands for a group of the expression.",
     .field = SL_FIELD(settings, replacement)},
};

static void router_validate(const sl_context *ctx, sl_config_report *report) {
    const settings *set = ctx->settings;
    java_regex *r = NULL;
    if (!set->regex.p || !set->replacement.p) {
        return; /* the table has said so */
    }
    sl_error *err = java_regex_new(set->regex, &r);
    const char *wrong = err ? NULL : java_regex_check_replacement(r, set->replacement, report->arena);
    if (wrong) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("replacement"), "%s", wrong);
    }
    sl_error_free(err);
    java_regex_free(r);
}

static void router_close(void *state) {
    router *r = state;
    java_regex_free(r->regex);
    sl_buf_deinit(&r->topic);
    sl_buf_deinit(&r->routed);
    sl_free(r);
}

static sl_error *router_open(const sl_context *ctx, void **state) {
    router *r = sl_calloc(1, sizeof *r);
    if (!r) {
        return sl_error_nomem();
    }
    r->set = ctx->settings;
    sl_buf_init(&r->topic, NULL);
    sl_buf_init(&r->routed, NULL);
    sl_error *err = java_regex_new(r->set->regex, &r->regex);
    const char *wrong = err ? NULL : java_regex_check_replacement(r->regex, r->set->replacement, NULL);
    if (wrong) {
        err = sl_error_new(SL_E_CONFIG, SL_USER, "'replacement': %s", wrong);
    }
    if (err) {
        router_close(r);
        return err;
    }
    *state = r;
    return NULL;
}

/* route finds out what becomes of a topic, and remembers it. */
static sl_error *route(router *r, sl_str topic, sl_arena *arena) {
    sl_str routed = topic;
    r->known = false;
    SL_TRY(java_regex_matches(r->regex, topic, &r->changes));
    if (r->changes) {
        SL_TRY(java_regex_replace_first(r->regex, topic, r->set->replacement, arena, &routed));
    }
    sl_buf_clear(&r->topic);
    sl_buf_clear(&r->routed);
    sl_buf_add_str(&r->topic, topic);
    sl_buf_add_str(&r->routed, routed);
    if (r->topic.failed || r->routed.failed) {
        return sl_error_nomem();
    }
    r->known = true;
    return NULL;
}

static sl_error *router_apply(void *state, sl_batch *batch, sl_record *rec) {
    router *r = state;
    if (!r->known || !sl_str_eq(sl_buf_view(&r->topic), rec->topic)) {
        SL_TRY(route(r, rec->topic, &batch->arena));
    }
    if (!r->changes) {
        return NULL;
    }
    sl_str routed = sl_arena_str(&batch->arena, r->routed.n ? sl_buf_view(&r->routed) : SL_STR(""));
    if (!routed.p) {
        return sl_error_nomem();
    }
    rec->topic = routed;
    return NULL;
}

static const sl_transform_ops ops = {
    .validate = router_validate,
    .open = router_open,
    .apply = router_apply,
    .close = router_close,
};

TF_DEF(regex_router_def, "regex-router", TF_KAFKA "RegexRouter", "Changes the topic by a regular expression.",
       rows, settings, 0, ops);
