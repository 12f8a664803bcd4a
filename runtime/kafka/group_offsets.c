/*
 * group_offsets.c - see group_offsets.h. Requests of librdkafka's admin client, one at a time.
 */
#include "kafka/group_offsets.h"

#include <stdio.h>

#include "kafka/client.h"

#define PROBLEM_SIZE 256
#define BEYOND_MS 2000 /* the client answers by itself before we give up */

/* One request: the client, its answer. */
typedef struct session {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *answer;
    int timeout_ms;
    char group[256];
} session;

static void session_close(session *s) {
    if (s->answer) {
        rd_kafka_event_destroy(s->answer);
    }
    if (s->options) {
        rd_kafka_AdminOptions_destroy(s->options);
    }
    if (s->queue) {
        rd_kafka_queue_destroy(s->queue);
    }
    if (s->rk) {
        rd_kafka_destroy(s->rk);
    }
}

static sl_error *session_open(session *s, sl__kafka *k, const sl__client_config *conf, sl_str group,
                              int timeout_ms, rd_kafka_admin_op_t op) {
    rd_kafka_conf_t *rk;
    char problem[PROBLEM_SIZE];
    *s = (session){.timeout_ms = timeout_ms};
    if (group.n >= sizeof s->group) {
        return sl_error_new(SL_E_CONFIG, SL_USER, "the name of group '%.*s' is too long", SL_STR_ARG(group));
    }
    snprintf(s->group, sizeof s->group, "%.*s", SL_STR_ARG(group));
    SL_TRY(sl__rk_conf_new(conf, NULL, NULL, sl__kafka_embedded(k), s, &rk));
    SL_TRY(sl__rk_new(RD_KAFKA_PRODUCER, rk, &s->rk));
    s->queue = rd_kafka_queue_new(s->rk);
    s->options = rd_kafka_AdminOptions_new(s->rk, op);
    rd_kafka_AdminOptions_set_request_timeout(s->options, timeout_ms, problem, sizeof problem);
    return NULL;
}

/* failed gives the error for a code, NULL for none. */
static sl_error *failed(const session *s, const char *what, rd_kafka_resp_err_t err, const char *text) {
    switch (err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
        return NULL;
    case RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC:
        return sl_error_new(SL_E_CONFLICT, SL_USER, "group '%s' has members", s->group);
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
        return sl_error_new(SL_E_NOT_FOUND, SL_USER, "there is no such topic or partition");
    default:
        break;
    }
    sl_error *acl = sl__rk_acl_error(err, "Read", SL_STR_NONE, sl_str_of(s->group));
    if (acl) {
        return acl;
    }
    return sl_error_new(SL_E_KAFKA, sl__rk_is_outage(err) ? SL_RETRIABLE : SL_FATAL,
                        "cannot %s group '%s': %s", what, s->group,
                        text && text[0] ? text : rd_kafka_err2str(err));
}

/* await takes the answer. */
static sl_error *await(session *s, const char *what, rd_kafka_event_type_t type) {
    s->answer = rd_kafka_queue_poll(s->queue, s->timeout_ms + BEYOND_MS);
    if (!s->answer) {
        return sl_error_new(SL_E_TIMEOUT, SL_RETRIABLE, "cannot %s group '%s': no answer within %d ms", what,
                            s->group, s->timeout_ms);
    }
    rd_kafka_resp_err_t err = rd_kafka_event_error(s->answer);
    if (!err && rd_kafka_event_type(s->answer) != type) {
        err = RD_KAFKA_RESP_ERR__FAIL;
    }
    return failed(s, what, err, rd_kafka_event_error_string(s->answer));
}

/* ---- list ---- */

static sl_error *copy_list(const rd_kafka_topic_partition_list_t *list, sl_arena *arena,
                           sl__group_offset **out, size_t *n) {
    sl__group_offset *items = sl_arena_zalloc(arena, ((size_t)list->cnt + 1) * sizeof *items);
    if (!items) {
        return sl_error_nomem();
    }
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (!p->err && p->offset >= 0) {
            items[(*n)++] = (sl__group_offset){.topic = sl_arena_str(arena, sl_str_of(p->topic)),
                                               .partition = p->partition,
                                               .offset = p->offset};
        }
    }
    *out = items;
    return arena->failed ? sl_error_nomem() : NULL;
}

static sl_error *list(session *s, sl_arena *arena, sl__group_offset **out, size_t *n) {
    rd_kafka_ListConsumerGroupOffsets_t *ask = rd_kafka_ListConsumerGroupOffsets_new(s->group, NULL);
    rd_kafka_ListConsumerGroupOffsets(s->rk, &ask, 1, s->options, s->queue);
    rd_kafka_ListConsumerGroupOffsets_destroy(ask);
    SL_TRY(await(s, "list the offsets of", RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT));
    const rd_kafka_ListConsumerGroupOffsets_result_t *result =
        rd_kafka_event_ListConsumerGroupOffsets_result(s->answer);
    size_t groups = 0;
    const rd_kafka_group_result_t **group =
        result ? rd_kafka_ListConsumerGroupOffsets_result_groups(result, &groups) : NULL;
    if (!groups) {
        return NULL;
    }
    const rd_kafka_error_t *err = rd_kafka_group_result_error(group[0]);
    if (err) {
        return failed(s, "list the offsets of", rd_kafka_error_code(err), rd_kafka_error_string(err));
    }
    const rd_kafka_topic_partition_list_t *parts = rd_kafka_group_result_partitions(group[0]);
    return parts ? copy_list(parts, arena, out, n) : NULL;
}

sl_error *sl__group_offsets_list(sl__kafka *k, const sl__client_config *conf, sl_str group, int timeout_ms,
                                 sl_arena *arena, sl__group_offset **out, size_t *n) {
    session s;
    *out = NULL;
    *n = 0;
    sl_error *err = session_open(&s, k, conf, group, timeout_ms, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    err = err ? err : list(&s, arena, out, n);
    session_close(&s);
    return err;
}

/* ---- alter ---- */

/* parts_of gives the items that are set, or those that are forgotten. NULL: none. */
static rd_kafka_topic_partition_list_t *parts_of(const sl__group_offset *items, size_t n, bool set) {
    rd_kafka_topic_partition_list_t *parts = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n; i++) {
        char topic[256];
        if ((items[i].offset >= 0) != set || items[i].topic.n >= sizeof topic) {
            continue;
        }
        snprintf(topic, sizeof topic, "%.*s", SL_STR_ARG(items[i].topic));
        rd_kafka_topic_partition_list_add(parts, topic, items[i].partition)->offset = items[i].offset;
    }
    if (!parts->cnt) {
        rd_kafka_topic_partition_list_destroy(parts);
        return NULL;
    }
    return parts;
}

/* part_error gives the first partition's error of a result. */
static sl_error *part_error(const session *s, const rd_kafka_group_result_t **groups, size_t n) {
    const rd_kafka_error_t *err = n ? rd_kafka_group_result_error(groups[0]) : NULL;
    const rd_kafka_topic_partition_list_t *parts = n ? rd_kafka_group_result_partitions(groups[0]) : NULL;
    if (err) {
        return failed(s, "change the offsets of", rd_kafka_error_code(err), rd_kafka_error_string(err));
    }
    for (int i = 0; parts && i < parts->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &parts->elems[i];
        sl_error *bad = p->err ? failed(s, "change the offsets of", p->err, NULL) : NULL;
        if (bad) {
            return sl_error_wrap(bad, "partition %d of topic '%s'", p->partition, p->topic);
        }
    }
    return NULL;
}

static sl_error *set_offsets(session *s, const rd_kafka_topic_partition_list_t *parts) {
    rd_kafka_AlterConsumerGroupOffsets_t *ask = rd_kafka_AlterConsumerGroupOffsets_new(s->group, parts);
    rd_kafka_AlterConsumerGroupOffsets(s->rk, &ask, 1, s->options, s->queue);
    rd_kafka_AlterConsumerGroupOffsets_destroy(ask);
    SL_TRY(await(s, "change the offsets of", RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT));
    const rd_kafka_AlterConsumerGroupOffsets_result_t *result =
        rd_kafka_event_AlterConsumerGroupOffsets_result(s->answer);
    size_t n = 0;
    const rd_kafka_group_result_t **groups =
        result ? rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &n) : NULL;
    return part_error(s, groups, n);
}

static sl_error *forget_offsets(session *s, const rd_kafka_topic_partition_list_t *parts) {
    rd_kafka_DeleteConsumerGroupOffsets_t *ask = rd_kafka_DeleteConsumerGroupOffsets_new(s->group, parts);
    rd_kafka_DeleteConsumerGroupOffsets(s->rk, &ask, 1, s->options, s->queue);
    rd_kafka_DeleteConsumerGroupOffsets_destroy(ask);
    SL_TRY(await(s, "change the offsets of", RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT));
    const rd_kafka_DeleteConsumerGroupOffsets_result_t *result =
        rd_kafka_event_DeleteConsumerGroupOffsets_result(s->answer);
    size_t n = 0;
    const rd_kafka_group_result_t **groups =
        result ? rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, &n) : NULL;
    return part_error(s, groups, n);
}

static sl_error *change(sl__kafka *k, const sl__client_config *conf, sl_str group, int timeout_ms,
                        const rd_kafka_topic_partition_list_t *parts, bool set) {
    session s;
    sl_error *err = session_open(&s, k, conf, group, timeout_ms,
                                 set ? RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS
                                     : RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS);
    if (!err) {
        err = set ? set_offsets(&s, parts) : forget_offsets(&s, parts);
    }
    session_close(&s);
    return err;
}

sl_error *sl__group_offsets_alter(sl__kafka *k, const sl__client_config *conf, sl_str group, int timeout_ms,
                                  const sl__group_offset *items, size_t n) {
    sl_error *err = NULL;
    for (int set = 1; set >= 0 && !err; set--) {
        rd_kafka_topic_partition_list_t *parts = parts_of(items, n, set == 1);
        if (parts) {
            err = change(k, conf, group, timeout_ms, parts, set == 1);
            rd_kafka_topic_partition_list_destroy(parts);
        }
    }
    return err;
}

/* ---- delete ---- */

static sl_error *delete_group(session *s) {
    rd_kafka_DeleteGroup_t *ask = rd_kafka_DeleteGroup_new(s->group);
    rd_kafka_DeleteGroups(s->rk, &ask, 1, s->options, s->queue);
    rd_kafka_DeleteGroup_destroy(ask);
    SL_TRY(await(s, "delete", RD_KAFKA_EVENT_DELETEGROUPS_RESULT));
    const rd_kafka_DeleteGroups_result_t *result = rd_kafka_event_DeleteGroups_result(s->answer);
    size_t n = 0;
    const rd_kafka_group_result_t **groups = result ? rd_kafka_DeleteGroups_result_groups(result, &n) : NULL;
    const rd_kafka_error_t *err = n ? rd_kafka_group_result_error(groups[0]) : NULL;
    return err ? failed(s, "delete", rd_kafka_error_code(err), rd_kafka_error_string(err)) : NULL;
}

sl_error *sl__group_delete(sl__kafka *k, const sl__client_config *conf, sl_str group, int timeout_ms) {
    session s;
    sl_error *err = session_open(&s, k, conf, group, timeout_ms, RD_KAFKA_ADMIN_OP_DELETEGROUPS);
    err = err ? err : delete_group(&s);
    session_close(&s);
    return err;
}

/* ---- members ---- */

sl_error *sl__group_look_at(sl__kafka *k, const sl__client_config *conf, sl_str group, int timeout_ms,
                            sl_arena *arena, sl__group_look *out) {
    session s;
    const struct rd_kafka_group_list *list = NULL;
    *out = (sl__group_look){.protocol = SL_STR("")};
    sl_error *err = session_open(&s, k, conf, group, timeout_ms, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    err = err ? err : failed(&s, "look at", rd_kafka_list_groups(s.rk, s.group, &list, timeout_ms), NULL);
    if (!err && list && list->group_cnt > 0) {
        const struct rd_kafka_group_info *g = &list->groups[0];
        out->protocol = sl_arena_str(arena, sl_str_of(g->protocol_type ? g->protocol_type : ""));
        out->state = sl_arena_str(arena, sl_str_of(g->state ? g->state : ""));
        out->members = (size_t)(g->member_cnt > 0 ? g->member_cnt : 0);
        err = failed(&s, "look at", g->err, NULL);
    }
    if (list) {
        rd_kafka_group_list_destroy(list);
    }
    session_close(&s);
    return err ? err : arena->failed ? sl_error_nomem() : NULL;
}
