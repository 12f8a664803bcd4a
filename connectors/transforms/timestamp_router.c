/*
 * timestamp_router.c - TimestampRouter: a topic made of the old one and the record's timestamp.
 *
 * Memory: the topic is in the batch's arena.
 */
#include "simple_date.h"
#include "transforms.h"

typedef struct settings {
    sl_str topic_format;
    sl_str timestamp_format;
} settings;

typedef struct router {
    const settings *set;
    simple_date *format;
} router;

static const sl_config_row rows[] = {
    {.name = "topic.format",
     .type = SL_CONFIG_STRING,
     .default_value = "${topic}-${timestamp}",
     .importance = SL_HIGH,
     .doc = "The new topic, in which ${topic} stands for the old one and ${timestamp} for the record's "
            "timestamp.",
     .field = SL_FIELD(settings, topic_format)},
    {.name = "timestamp.format",
     .type = SL_CONFIG_STRING,
     .default_value = "yyyyMMdd",
     .importance = SL_HIGH,
     .doc = "How the timestamp is written: a pattern of java.text.SimpleDateFormat. The time zone is UTC.",
     .check = tf_check_date_format,
     .field = SL_FIELD(settings, timestamp_format)},
};

static sl_error *router_open(const sl_context *ctx, void **state) {
    router *r = sl_calloc(1, sizeof *r);
    if (!r) {
        return sl_error_nomem();
    }
    r->set = ctx->settings;
    sl_error *err = simple_date_new(r->set->timestamp_format, &r->format);
    if (err) {
        sl_free(r);
        return err;
    }
    *state = r;
    return NULL;
}

static void router_close(void *state) {
    router *r = state;
    simple_date_free(r->format);
    sl_free(r);
}

static sl_error *router_apply(void *state, sl_batch *batch, sl_record *rec) {
    const router *r = state;
    sl_str rest = r->set->topic_format;
    sl_buf b;
    if (rec->timestamp == SL_NO_TIMESTAMP) {
        return tf_bad("routing by timestamp: expected a record with a timestamp, found none");
    }
    sl_buf_init(&b, &batch->arena);
    while (rest.n) {
        if (sl_str_starts(rest, SL_STR("${topic}"))) {
            sl_buf_add_str(&b, rec->topic);
            rest = sl_str_skip(rest, strlen("${topic}"));
        } else if (sl_str_starts(rest, SL_STR("${timestamp}"))) {
            simple_date_write(r->format, &b, rec->timestamp);
            rest = sl_str_skip(rest, strlen("${timestamp}"));
        } else {
            sl_buf_add_char(&b, rest.p[0]);
            rest = sl_str_skip(rest, 1);
        }
    }
    bool failed = b.failed;
    sl_str topic = sl_buf_take(&b);
    if (failed) {
        return sl_error_nomem();
    }
    rec->topic = topic.p ? topic : SL_STR("");
    return NULL;
}

static const sl_transform_ops ops = {.open = router_open, .apply = router_apply, .close = router_close};

TF_DEF(timestamp_router_def, "timestamp-router", TF_KAFKA "TimestampRouter",
       "Makes a topic of the old one and the record's timestamp.", rows, settings, 0, ops);
