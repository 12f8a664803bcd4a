/*
 * subscription.c - see subscription.h.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "kafka/subscription.h"

#include <pthread.h>

#include <pcre2.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "kafka/embedded_hold.h"

#define COMPONENT "kafka"
#define MATCH_LIMIT 1000000
#define HEAP_LIMIT_KIB 8192
#define FIRST_LOOK_MS 250
#define METADATA_MS 3000

struct sl__subscription {
    sl__subscription_spec spec;
    pcre2_code *code; /* NULL = a list */
    pcre2_match_context *limits;
    pthread_t thread;
    bool started;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t work;
    sl__map joined; /* topics that the embedded broker knows this group reads */
    bool look_now;
    bool stopping;
};

/* ---- matching ---- */

static sl_error *compile(sl__subscription *s, sl_str regex) {
    int code;
    PCRE2_SIZE at;
    PCRE2_UCHAR text[160];
    s->code =
        pcre2_compile((PCRE2_SPTR)regex.p, regex.n, PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, NULL);
    if (!s->code) {
        pcre2_get_error_message(code, text, sizeof text);
        return sl_error_new(SL_E_CONFIG, SL_USER,
                            "topics.regex: '%.*s' is no regular expression: %s (at character %zu)",
                            SL_STR_ARG(regex), (const char *)text, (size_t)at + 1);
    }
    s->limits = pcre2_match_context_create(NULL);
    if (!s->limits) {
        return sl_error_nomem();
    }
    pcre2_set_match_limit(s->limits, MATCH_LIMIT);
    pcre2_set_heap_limit(s->limits, HEAP_LIMIT_KIB);
    return NULL;
}

/* is_internal: Java's consumers leave these out of a pattern, too. */
static bool is_internal(sl_str topic) {
    return sl_str_eqz(topic, "__consumer_offsets") || sl_str_eqz(topic, "__transaction_state") ||
           sl_str_eqz(topic, "__share_group_state");
}

/* matches tells whether the whole name matches. A match that takes too much work fails the consumer. */
static bool matches(sl__subscription *s, sl_str topic) {
    if (is_internal(topic)) {
        return false;
    }
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int n = data ? pcre2_match(s->code, (PCRE2_SPTR)topic.p, topic.n, 0, 0, data, s->limits)
                 : PCRE2_ERROR_NOMEMORY;
    pcre2_match_data_free(data);
    if (n < 0 && n != PCRE2_ERROR_NOMATCH) {
        s->spec.failed(
            s->spec.arg,
            sl_error_new(
                SL_E_CONFIG, SL_USER,
                "topics.regex: matching '%.*s' with '%.*s' takes too long: make the expression simpler",
                SL_STR_ARG(topic), SL_STR_ARG(s->spec.regex)));
    }
    return n >= 0;
}

/* ---- readers of the embedded broker ---- */

/* join counts this consumer's group as reader of a topic, once. */
static sl_error *join(sl__subscription *s, sl_str topic) {
    static char present;
    sl_error *err = NULL;
    if (!s->spec.embedded) {
        return NULL;
    }
    pthread_mutex_lock(&s->lock);
    bool known = sl__map_get(&s->joined, topic) != NULL;
    if (!known && !sl__map_put(&s->joined, topic, &present)) {
        err = sl_error_nomem();
    }
    pthread_mutex_unlock(&s->lock);
    return err || known ? err : sl__embedded_reader(s->spec.embedded, s->spec.group, topic, true);
}

static void leave_all(sl__subscription *s) {
    size_t at = 0;
    sl_str topic;
    while (s->spec.embedded && sl__map_next(&s->joined, &at, &topic, NULL)) {
        sl__embedded_reader_away(s->spec.embedded, s->spec.group, topic);
    }
}

void sl__subscription_made(sl__subscription *s, sl_str topic) {
    if (!s->code || !matches(s, topic)) {
        return;
    }
    sl_error_free(join(s, topic));
    pthread_mutex_lock(&s->lock);
    s->look_now = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
}

/* ---- subscribing ---- */

static sl_error *subscribe(rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *list) {
    rd_kafka_resp_err_t err = rd_kafka_subscribe(rk, list);
    return err ? sl_error_new(SL_E_KAFKA, SL_FATAL, "cannot subscribe: %s", rd_kafka_err2str(err)) : NULL;
}

static sl_error *subscribe_topics(sl__subscription *s) {
    const sl_str_list *topics = s->spec.topics;
    sl_error *err = NULL;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topics->n);
    for (size_t i = 0; !err && i < topics->n; i++) {
        char *name = sl_strdup(topics->items[i]);
        if (name && !rd_kafka_topic_partition_list_find(list, name, RD_KAFKA_PARTITION_UA)) {
            rd_kafka_topic_partition_list_add(list, name, RD_KAFKA_PARTITION_UA);
        }
        err = name ? NULL : sl_error_nomem();
        if (!err && s->spec.embedded) { /* with one partition, before a look at it makes it with four */
            err = sl__embedded_topic(s->spec.embedded, topics->items[i], -1);
        }
        sl_free(name);
        if (!err) {
            err = join(s, topics->items[i]);
        }
    }
    if (!err) {
        err = subscribe(s->spec.rk, list);
    }
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

/* list_matching gives the topics there are that match; NULL: the cluster did not answer. */
static rd_kafka_topic_partition_list_t *list_matching(sl__subscription *s) {
    const struct rd_kafka_metadata *md = NULL;
    if (rd_kafka_metadata(s->spec.rk, 1, NULL, &md, METADATA_MS)) {
        return NULL;
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    for (int i = 0; i < md->topic_cnt; i++) {
        const rd_kafka_metadata_topic_t *t = &md->topics[i];
        if ((!t->err || t->err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) &&
            matches(s, sl_str_of(t->topic))) {
            rd_kafka_topic_partition_list_add(list, t->topic, RD_KAFKA_PARTITION_UA);
        }
    }
    rd_kafka_metadata_destroy(md);
    rd_kafka_topic_partition_list_sort(list, NULL, NULL);
    return list;
}

static bool same_topics(const rd_kafka_topic_partition_list_t *a, const rd_kafka_topic_partition_list_t *b) {
    if (!a || !b || a->cnt != b->cnt) {
        return false;
    }
    for (int i = 0; i < a->cnt; i++) {
        if (strcmp(a->elems[i].topic, b->elems[i].topic) != 0) {
            return false;
        }
    }
    return true;
}

/* take_over subscribes to what matches now. */
static void take_over(sl__subscription *s, const rd_kafka_topic_partition_list_t *list) {
    sl_error *err = NULL;
    for (int i = 0; !err && i < list->cnt; i++) {
        err = join(s, sl_str_of(list->elems[i].topic));
    }
    sl__log(SL_LOG_INFO, COMPONENT, "group '%.*s': topics.regex matches %d topics", SL_STR_ARG(s->spec.group),
            list->cnt);
    if (!err) {
        err = list->cnt ? subscribe(s->spec.rk, list) : NULL;
        if (!list->cnt) {
            rd_kafka_unsubscribe(s->spec.rk);
        }
    }
    if (err) {
        s->spec.failed(s->spec.arg, err);
    }
}

/* wait_ms waits for the next look; false: stop. */
static bool wait_ms(sl__subscription *s, int64_t ms) {
    int64_t until = sl__now_ms() + ms;
    struct timespec at = sl__deadline_at(until);
    pthread_mutex_lock(&s->lock);
    while (!s->stopping && !s->look_now && sl__now_ms() < until) {
        pthread_cond_timedwait(&s->work, &s->lock, &at);
    }
    s->look_now = false;
    bool go = !s->stopping;
    pthread_mutex_unlock(&s->lock);
    return go;
}

static void *serve(void *arg) {
    sl__subscription *s = arg;
    rd_kafka_topic_partition_list_t *present = rd_kafka_topic_partition_list_new(0);
    int64_t delay = FIRST_LOOK_MS;
    do {
        rd_kafka_topic_partition_list_t *list = list_matching(s);
        if (list && !same_topics(list, present)) {
            take_over(s, list);
            rd_kafka_topic_partition_list_destroy(present);
            present = list;
        } else if (list) {
            rd_kafka_topic_partition_list_destroy(list);
        }
        delay = delay * 2 < s->spec.interval_ms ? delay * 2 : s->spec.interval_ms;
    } while (wait_ms(s, delay));
    rd_kafka_topic_partition_list_destroy(present);
    return NULL;
}

/* ---- life ---- */

static void init_locks(sl__subscription *s) {
    sl__cond_init(&s->work);
    pthread_mutex_init(&s->lock, NULL);
}

sl_error *sl__subscription_open(const sl__subscription_spec *spec, sl__subscription **out) {
    sl__subscription *s = sl_calloc(1, sizeof(*s));
    if (!s) {
        return sl_error_nomem();
    }
    s->spec = *spec;
    init_locks(s);
    sl__map_init(&s->joined, NULL);
    sl_error *err = spec->regex.p ? compile(s, spec->regex) : subscribe_topics(s);
    if (!err && s->code) {
        s->started = pthread_create(&s->thread, NULL, serve, s) == 0;
        err = s->started
                  ? NULL
                  : sl_error_new(SL_E_INTERNAL, SL_RETRIABLE, "cannot start a thread for topics.regex");
    }
    if (err) {
        sl__subscription_free(s);
        return err;
    }
    *out = s;
    return NULL;
}

void sl__subscription_stop(sl__subscription *s) {
    if (!s || !s->started) {
        return;
    }
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    s->started = false;
}

void sl__subscription_free(sl__subscription *s) {
    if (!s) {
        return;
    }
    sl__subscription_stop(s);
    leave_all(s);
    pcre2_code_free(s->code);
    pcre2_match_context_free(s->limits);
    sl__map_deinit(&s->joined);
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
    sl_free(s);
}
