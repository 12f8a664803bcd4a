/*
 * topic_admin.c - metadata, CreateTopics and DescribeConfigs by librdkafka's admin calls.
 *
 * Threads: the caller's. Memory: the client and its queue live as long as the handle.
 */
#include "kafka/topic_admin.h"

#include "base/clock.h"
#include "base/log.h"

#define COMPONENT "kafka"
#define METADATA_MS 3000
#define REQUEST_MS 10000
#define SHOW_UP_MS 30000 /* how long a topic that was made may take to be seen */
#define AUTO_MS 1000     /* how long a topic that the broker may make by itself is waited for */

struct sl__topic_admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    const sl__client_config *conf; /* the opener's */
    rd_kafka_t *maker;             /* its metadata requests make topics; NULL = not needed now */
    bool config_refused;           /* said already */
    char trouble[256];
};

static void note_trouble(sl__topic_admin *a, const char *text) {
    snprintf(a->trouble, sizeof a->trouble, "%s", text);
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque) {
    (void)rk;
    sl__topic_admin *a = opaque;
    /* "all brokers are down" says less than the line before it */
    if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !a->trouble[0]) {
        note_trouble(a, reason);
    }
}

/* open_client: a consumer's metadata requests make topics, if the broker does so, only when told to. */
static sl_error *open_client(sl__topic_admin *a, const struct sl__embedded *embedded,
                             const char *makes_topics, rd_kafka_t **out) {
    const sl__rk_setting forced[] = {
        {"allow.auto.create.topics", makes_topics},
        {"isolation.level", "read_uncommitted"}, /* for sl__topic_admin_ends */
        {NULL, NULL},
    };
    rd_kafka_conf_t *rk;
    SL_TRY(sl__rk_conf_new(a->conf, NULL, embedded ? NULL : forced, embedded, a, &rk));
    rd_kafka_conf_set_error_cb(rk, on_error);
    return sl__rk_new(RD_KAFKA_CONSUMER, rk, out);
}

sl_error *sl__topic_admin_open(const sl__client_config *conf, const struct sl__embedded *embedded,
                               sl__topic_admin **out) {
    sl__topic_admin *a = sl_calloc(1, sizeof(*a));
    if (!a) {
        return sl_error_nomem();
    }
    a->conf = conf;
    sl_error *err = open_client(a, embedded, "false", &a->rk);
    if (err) {
        sl_free(a);
        return sl_error_wrap(err, "settings of the worker's admin client");
    }
    a->queue = rd_kafka_queue_new(a->rk);
    *out = a;
    return NULL;
}

static void close_maker(sl__topic_admin *a) {
    if (a->maker) {
        rd_kafka_destroy(a->maker);
        a->maker = NULL;
    }
}

void sl__topic_admin_close(sl__topic_admin *a) {
    if (!a) {
        return;
    }
    close_maker(a);
    rd_kafka_queue_destroy(a->queue);
    rd_kafka_destroy(a->rk);
    sl_free(a);
}

const char *sl__topic_admin_trouble(const sl__topic_admin *a) {
    return a->trouble;
}

sl_str sl__topic_admin_cluster_id(sl__topic_admin *a, int timeout_ms, sl_arena *arena) {
    char *id = rd_kafka_clusterid(a->rk, timeout_ms);
    sl_str copy = id ? sl_arena_str(arena, sl_str_of(id)) : SL_STR_NONE;
    if (id) {
        rd_kafka_mem_free(a->rk, id);
    }
    return copy;
}

bool sl__topic_admin_ends(sl__topic_admin *a, const char *topic, int32_t n, int64_t *ends) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    for (int32_t i = 0; i < n; i++) {
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_END;
    }
    /* the end is what ListOffsets gives for the "time" -1; all partitions of a leader go in one request */
    rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(a->rk, list, METADATA_MS);
    a->trouble[0] = '\0';
    for (int32_t i = 0; !err && i < n; i++) {
        err = list->elems[i].err;
        ends[i] = list->elems[i].offset;
    }
    for (int32_t i = 0; !err && i < n; i++) {
        err = ends[i] < 0 ? RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE : RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_poll(a->rk, 0);
    if (err && !a->trouble[0]) {
        note_trouble(a, rd_kafka_err2str(err));
    }
    return !err;
}

static void fail(sl__topic_ask *ask, sl_error *err) {
    sl_error_free(ask->err);
    ask->err = err;
    ask->state = SL__ASK_FAILED;
}

/* reached notes whether the cluster answered; gives err's verdict. */
static bool reached(sl__topic_admin *a, rd_kafka_resp_err_t err) {
    a->trouble[0] = '\0';
    rd_kafka_poll(a->rk, 0); /* the reason may be waiting for on_error */
    if (!sl__rk_is_outage(err)) {
        return true;
    }
    if (!a->trouble[0]) {
        note_trouble(a, rd_kafka_err2str(err));
    }
    return false;
}

/* ---- is it there ---- */

static void missing(sl__topic_ask *ask) {
    if (ask->asked_for) {
        if (sl__now_ms() - ask->made_ms > SHOW_UP_MS) {
            fail(ask,
                 sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE, "topic '%.*s' was made but is not seen after %d s",
                              SL_STR_ARG(ask->spec.name), SHOW_UP_MS / 1000));
        }
        return;
    }
    ask->info.exists = false;
    ask->state = ask->spec.create ? SL__ASK_CREATE : SL__ASK_AUTO;
    ask->made_ms = sl__now_ms();
}

/* judge takes one topic's metadata. */
static void judge(sl__topic_ask *ask, const rd_kafka_metadata_topic_t *t) {
    switch (t->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
        if (t->partition_cnt > 0) {
            ask->info.exists = true;
            ask->info.partitions = t->partition_cnt;
            ask->state = SL__ASK_DESCRIBE;
        }
        return;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        missing(ask);
        return;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        fail(ask, sl__rk_acl_error(t->err, "Describe", ask->spec.name, SL_STR_NONE));
        return;
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
        fail(ask, sl_error_new(SL_E_CONFIG, SL_USER,
                               "'%.*s' is no topic name: expected 1 to 249 letters, digits, '.', '_' and '-'",
                               SL_STR_ARG(ask->spec.name)));
        return;
    default:
        sl__log(SL_LOG_WARN, COMPONENT, "topic '%.*s': %s; asking again", SL_STR_ARG(ask->spec.name),
                rd_kafka_err2str(t->err));
        return;
    }
}

/* read_metadata asks for one topic's; *md, to be destroyed, is NULL when there is none. */
static rd_kafka_resp_err_t read_metadata(rd_kafka_t *rk, const sl__topic_ask *ask,
                                         const struct rd_kafka_metadata **md) {
    *md = NULL;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, ask->spec.name.p, NULL);
    if (!rkt) {
        rd_kafka_resp_err_t why = rd_kafka_last_error();
        return why ? why : RD_KAFKA_RESP_ERR__FAIL;
    }
    rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, rkt, md, METADATA_MS);
    rd_kafka_topic_destroy(rkt);
    return err;
}

static bool look_one(sl__topic_admin *a, sl__topic_ask *ask) {
    const struct rd_kafka_metadata *md;
    rd_kafka_resp_err_t err = read_metadata(a->rk, ask, &md);
    if (err == RD_KAFKA_RESP_ERR__INVALID_ARG) {
        fail(ask, sl_error_new(SL_E_CONFIG, SL_USER, "'%.*s' cannot be a topic's name: %s",
                               SL_STR_ARG(ask->spec.name), rd_kafka_err2str(err)));
        return true;
    }
    if (!reached(a, err)) {
        return false;
    }
    if (err) {
        fail(ask, sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "cannot look topic '%.*s' up: %s",
                               SL_STR_ARG(ask->spec.name), rd_kafka_err2str(err)));
        return true;
    }
    if (md->topic_cnt > 0) {
        judge(ask, &md->topics[0]);
    }
    rd_kafka_metadata_destroy(md);
    return true;
}

bool sl__topic_admin_look(sl__topic_admin *a, sl__topic_ask **asks, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (asks[i]->state == SL__ASK_LOOK && !look_one(a, asks[i])) {
            return false;
        }
    }
    return true;
}

/* ---- topics that the broker makes ---- */

/* await_auto asks once more; a topic that does not come, or may not be asked for like this, is left to the
 * producer. */
static bool await_auto(sl__topic_admin *a, sl__topic_ask *ask) {
    const struct rd_kafka_metadata *md;
    rd_kafka_resp_err_t err = read_metadata(a->maker, ask, &md);
    if (!reached(a, err)) {
        return false;
    }
    const rd_kafka_metadata_topic_t *t = !err && md->topic_cnt > 0 ? &md->topics[0] : NULL;
    if (t && t->err == RD_KAFKA_RESP_ERR_NO_ERROR && t->partition_cnt > 0) {
        ask->info.created = true;
        judge(ask, t);
    } else if (sl__now_ms() - ask->made_ms > AUTO_MS) {
        ask->state = SL__ASK_DONE;
    }
    if (md) {
        rd_kafka_metadata_destroy(md);
    }
    return true;
}

bool sl__topic_admin_auto(sl__topic_admin *a, sl__topic_ask **asks, size_t n) {
    bool ok = true;
    bool waiting = false;
    for (size_t i = 0; ok && i < n; i++) {
        sl__topic_ask *ask = asks[i];
        sl_error *err =
            ask->state == SL__ASK_AUTO && !a->maker ? open_client(a, NULL, "true", &a->maker) : NULL;
        if (err) {
            fail(ask, err);
        } else if (ask->state == SL__ASK_AUTO) {
            ok = await_auto(a, ask);
            waiting = waiting || ask->state == SL__ASK_AUTO;
        }
    }
    if (!waiting) {
        close_maker(a);
    }
    return ok;
}

/* ---- requests ---- */

/* run waits for the answer of a request that was just sent; NULL with *err set when there is none. */
static rd_kafka_event_t *await(sl__topic_admin *a, rd_kafka_event_type_t type, rd_kafka_resp_err_t *err) {
    rd_kafka_event_t *ev = rd_kafka_queue_poll(a->queue, REQUEST_MS + 2000);
    *err = ev ? rd_kafka_event_error(ev) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (ev && (*err || rd_kafka_event_type(ev) != type)) {
        sl__log(SL_LOG_WARN, COMPONENT, "admin request: %s", rd_kafka_event_error_string(ev));
        rd_kafka_event_destroy(ev);
        ev = NULL;
    }
    return ev;
}

static rd_kafka_AdminOptions_t *make_options(sl__topic_admin *a, rd_kafka_admin_op_t op) {
    char problem[128];
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(a->rk, op);
    rd_kafka_AdminOptions_set_request_timeout(o, REQUEST_MS, problem, sizeof problem);
    return o;
}

static sl__topic_ask *find_ask(sl__topic_ask **asks, size_t n, sl__ask_state state, const char *name) {
    for (size_t i = 0; i < n; i++) {
        if (asks[i]->state == state && sl_str_eqz(asks[i]->spec.name, name)) {
            return asks[i];
        }
    }
    return NULL;
}

/* give_up ends asks that a whole request failed for, in words that name each topic. */
static void give_up(sl__topic_ask **asks, size_t n, sl__ask_state state, const char *what,
                    rd_kafka_resp_err_t err) {
    for (size_t i = 0; i < n; i++) {
        if (asks[i]->state == state) {
            fail(asks[i], sl_error_new(SL_E_KAFKA, SL_RETRIABLE, "cannot %s topic '%.*s': %s", what,
                                       SL_STR_ARG(asks[i]->spec.name), rd_kafka_err2str(err)));
        }
    }
}

/* ---- making topics ---- */

static rd_kafka_NewTopic_t *new_topic(const sl__topic_ask *ask, char *problem, size_t size) {
    const sl__topic_spec *s = &ask->spec;
    rd_kafka_NewTopic_t *t =
        rd_kafka_NewTopic_new(s->name.p, s->partitions < 1 ? -1 : s->partitions,
                              s->replication_factor < 1 ? -1 : s->replication_factor, problem, size);
    for (size_t i = 0; t && s->configs && i < s->configs->n; i++) {
        const sl_config_entry *c = &s->configs->entries[i];
        if (c->value.p) {
            rd_kafka_NewTopic_set_config(t, c->key.p, c->value.p);
        }
    }
    return t;
}

static sl_error *create_error(const sl__topic_ask *ask, rd_kafka_resp_err_t err, const char *text) {
    sl_str name = ask->spec.name;
    const char *advice = "";
    switch (err) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return sl_error_new(SL_E_AUTH, SL_FATAL,
                            "not allowed to create topic '%.*s': create it by hand, or give the principal "
                            "the ACL Create on the "
                            "topic or on the cluster",
                            SL_STR_ARG(name));
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
        advice = "replication.factor to at most the number of brokers, or to -1";
        break;
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
        advice = "partitions to a number the cluster allows";
        break;
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
        advice = "only to settings that topics have";
        break;
    default:
        break;
    }
    bool refused = *advice || err == RD_KAFKA_RESP_ERR_POLICY_VIOLATION;
    const char *settings = ask->spec.setting ? ask->spec.setting : "topic.creation.default.";
    return sl_error_new(refused ? SL_E_CONFIG : SL_E_KAFKA, refused ? SL_FATAL : SL_RETRIABLE,
                        "cannot create topic '%.*s': %s%s%s%s", SL_STR_ARG(name),
                        text ? text : rd_kafka_err2str(err), *advice ? "; set " : "", *advice ? settings : "",
                        advice);
}

static void created(sl__topic_ask *ask, const rd_kafka_topic_result_t *r) {
    rd_kafka_resp_err_t err = rd_kafka_topic_result_error(r);
    if (err && err != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        if (!sl__rk_is_outage(err)) { /* else: again */
            fail(ask, create_error(ask, err, rd_kafka_topic_result_error_string(r)));
        }
        return;
    }
    if (!err) {
        sl__log(SL_LOG_INFO, COMPONENT, "created topic '%.*s'", SL_STR_ARG(ask->spec.name));
    }
    ask->info.created = !err;
    ask->asked_for = true;
    ask->made_ms = sl__now_ms();
    ask->state = SL__ASK_LOOK;
}

/* send_create sends one request for all; false: there is nothing to send. */
static bool send_create(sl__topic_admin *a, sl__topic_ask **asks, size_t n) {
    char problem[256];
    size_t count = 0;
    rd_kafka_NewTopic_t **topics = sl_calloc(n, sizeof(rd_kafka_NewTopic_t *));
    for (size_t i = 0; topics && i < n; i++) {
        if (asks[i]->state != SL__ASK_CREATE) {
            continue;
        }
        topics[count] = new_topic(asks[i], problem, sizeof problem);
        if (topics[count]) {
            count++;
        } else {
            fail(asks[i], create_error(asks[i], RD_KAFKA_RESP_ERR_INVALID_CONFIG, problem));
        }
    }
    if (count) {
        rd_kafka_AdminOptions_t *options = make_options(a, RD_KAFKA_ADMIN_OP_CREATETOPICS);
        rd_kafka_AdminOptions_set_operation_timeout(options, REQUEST_MS / 2, problem, sizeof problem);
        rd_kafka_CreateTopics(a->rk, topics, count, options, a->queue);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_NewTopic_destroy_array(topics, count);
    }
    sl_free(topics);
    return count > 0;
}

bool sl__topic_admin_create(sl__topic_admin *a, sl__topic_ask **asks, size_t n) {
    rd_kafka_resp_err_t err;
    if (!send_create(a, asks, n)) {
        return true;
    }
    rd_kafka_event_t *ev = await(a, RD_KAFKA_EVENT_CREATETOPICS_RESULT, &err);
    if (!ev) {
        if (reached(a, err)) {
            give_up(asks, n, SL__ASK_CREATE, "create", err);
            return true;
        }
        return false;
    }
    size_t count;
    const rd_kafka_topic_result_t **results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ev), &count);
    for (size_t i = 0; i < count; i++) {
        sl__topic_ask *ask = find_ask(asks, n, SL__ASK_CREATE, rd_kafka_topic_result_name(results[i]));
        if (ask) {
            created(ask, results[i]);
        }
    }
    rd_kafka_event_destroy(ev);
    return true;
}

/* ---- how large may messages be ---- */

static void described(sl__topic_admin *a, sl__topic_ask *ask, const rd_kafka_ConfigResource_t *r) {
    size_t count;
    rd_kafka_resp_err_t err = rd_kafka_ConfigResource_error(r);
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(r, &count);
    ask->info.max_message_bytes = 0;
    for (size_t i = 0; !err && i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        const char *name = rd_kafka_ConfigEntry_name(entries[i]);
        if (value && strcmp(name, "max.message.bytes") == 0) {
            sl_str_to_i64(sl_str_of(value), &ask->info.max_message_bytes);
        } else if (value && strcmp(name, "cleanup.policy") == 0) {
            snprintf(ask->info.cleanup, sizeof ask->info.cleanup, "%s", value);
        }
    }
    if (err && !a->config_refused) {
        a->config_refused = true;
        sl__log(SL_LOG_WARN, COMPONENT,
                "max.message.bytes of topic '%.*s' is not known: %s; batches may be too large for it (with "
                "the ACL "
                "DescribeConfigs on topics the worker fits them)",
                SL_STR_ARG(ask->spec.name), rd_kafka_err2str(err));
    }
    ask->state = SL__ASK_DONE;
}

static bool send_describe(sl__topic_admin *a, sl__topic_ask **asks, size_t n) {
    size_t count = 0;
    rd_kafka_ConfigResource_t **resources = sl_calloc(n, sizeof(rd_kafka_ConfigResource_t *));
    for (size_t i = 0; resources && i < n; i++) {
        if (asks[i]->state == SL__ASK_DESCRIBE) {
            resources[count++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, asks[i]->spec.name.p);
        }
    }
    if (count) {
        rd_kafka_AdminOptions_t *options = make_options(a, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
        rd_kafka_DescribeConfigs(a->rk, resources, count, options, a->queue);
        rd_kafka_AdminOptions_destroy(options);
        rd_kafka_ConfigResource_destroy_array(resources, count);
    }
    sl_free(resources);
    return count > 0;
}

bool sl__topic_admin_describe(sl__topic_admin *a, sl__topic_ask **asks, size_t n) {
    rd_kafka_resp_err_t err;
    if (!send_describe(a, asks, n)) {
        return true;
    }
    rd_kafka_event_t *ev = await(a, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, &err);
    if (!ev) {
        if (!reached(a, err)) {
            return false;
        }
        give_up(asks, n, SL__ASK_DESCRIBE, "describe", err);
        return true;
    }
    size_t count;
    const rd_kafka_ConfigResource_t **results =
        rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(ev), &count);
    for (size_t i = 0; i < count; i++) {
        sl__topic_ask *ask = find_ask(asks, n, SL__ASK_DESCRIBE, rd_kafka_ConfigResource_name(results[i]));
        if (ask) {
            described(a, ask, results[i]);
        }
    }
    rd_kafka_event_destroy(ev);
    return true;
}
