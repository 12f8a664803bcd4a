/*
 * group.c - see group.h.
 */
#include "kafka/group.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/metrics.h"
#include "kafka/client.h"

#define COMPONENT "group"
#define POLL_MS 50  /* a round, while a proof of membership is looked at */
#define CALM_MS 250 /* a round, when nothing is new */
#define LEAVE_MS 2000
#define LIST_MS 250 /* how often the owner lists the members */
#define LIST_WAIT_MS 500
#define MEMBERS_MAX 4096

enum { API_HEARTBEAT = 12, API_SYNC_GROUP = 14 };

struct sl__group {
    sl__group_spec spec;
    sl_arena arena; /* of the spec's texts */
    rd_kafka_t *rk;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    int lease_ms;

    /* the thread's own */
    char *proven; /* member id that the client had when the last proof was looked at */
    int64_t proven_boot_ms;
    int64_t leased_boot_ms; /* the proof that the lease lasts from */
    int64_t list_at_ms;
    int64_t asked_ms;

    pthread_mutex_t lock; /* all below */
    char *member;
    bool owner;
    char **others;
    size_t nothers;
    int64_t listed_ms;
    sl_error *failure;
    unsigned rebalances;
    int64_t
        waiting_boot_ms[2]; /* when the first heartbeat, SyncGroup was sent that is not answered; 0 = none */
    int64_t answered_boot_ms; /* when the latest one was sent that has been answered; 0 = none */
};

static void tell(sl__group *g) {
    g->spec.changed(g->spec.arg);
}

/* ---- what is known ---- */

static void set_owner(sl__group *g, bool owner) {
    pthread_mutex_lock(&g->lock);
    g->owner = owner;
    g->rebalances++;
    pthread_mutex_unlock(&g->lock);
    g->list_at_ms = 0;
    tell(g);
}

/* set_member takes the id over; NULL = none. */
static void set_member(sl__group *g, char *member) {
    pthread_mutex_lock(&g->lock);
    bool same = (!member && !g->member) || (member && g->member && strcmp(member, g->member) == 0);
    char *old = g->member;
    g->member = member;
    pthread_mutex_unlock(&g->lock);
    sl_free(old);
    if (!same) {
        sl__log(SL_LOG_INFO, COMPONENT,
                member ? "member of group '%.*s'" : "no longer a member of group '%.*s'",
                SL_STR_ARG(g->spec.group));
        tell(g);
    }
}

/* expel notes that this worker is no member. */
static void expel(sl__group *g) {
    sl__lease_set(g->spec.lease, 0);
    set_member(g, NULL);
}

static void fail(sl__group *g, sl_error *err) {
    pthread_mutex_lock(&g->lock);
    bool first = !g->failure;
    if (first) {
        g->failure = err;
    }
    pthread_mutex_unlock(&g->lock);
    if (first) {
        tell(g);
    } else {
        sl_error_free(err);
    }
}

static void free_members(char **list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sl_free(list[i]);
    }
    sl_free(list);
}

/* ---- errors ---- */

/* note_error looks at what the client reports; some of it can never pass. */
static void note_error(sl__group *g, rd_kafka_resp_err_t code, const char *text) {
    sl_error *acl = sl__rk_acl_error(code, "Read", g->spec.topic, g->spec.group);
    if (acl) {
        fail(g, acl);
    } else if (code == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL) {
        fail(g,
             sl_error_new(SL_E_CONFLICT, SL_USER,
                          "group.id: group '%.*s' has members of another kind, such as Java workers or "
                          "consumers of an application: stop all of them before Sluice takes over, or give "
                          "this cluster another group.id",
                          SL_STR_ARG(g->spec.group)));
    } else if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
        fail(g, sl_error_new(SL_E_CONFLICT, SL_USER,
                             "group.instance.id: another worker has joined group '%.*s' with the same "
                             "'%.*s': give each worker its own",
                             SL_STR_ARG(g->spec.group), SL_STR_ARG(g->spec.instance)));
    } else if (code == RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT) {
        fail(g,
             sl_error_new(SL_E_CONFIG, SL_USER,
                          "session.timeout.ms: the broker refuses %d: its group.min.session.timeout.ms and "
                          "group.max.session.timeout.ms say what it takes",
                          g->spec.session_ms));
    } else if (code != RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED && !sl__rk_is_outage(code)) {
        sl__log(SL_LOG_WARN, COMPONENT, "group '%.*s': %s", SL_STR_ARG(g->spec.group), text);
    }
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque) {
    sl__group *g = opaque;
    char text[512];
    rd_kafka_resp_err_t err = code == RD_KAFKA_RESP_ERR__FATAL ? rd_kafka_fatal_error(rk, text, sizeof text)
                                                               : (rd_kafka_resp_err_t)code;
    note_error(g, err, reason);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        fail(g, sl_error_new(SL_E_KAFKA, SL_FATAL, "group '%.*s': %s", SL_STR_ARG(g->spec.group), text));
    }
}

/* ---- ownership ---- */

static bool has_topic(const sl__group *g, const rd_kafka_topic_partition_list_t *list) {
    for (int i = 0; i < list->cnt; i++) {
        if (sl_str_eqz(g->spec.topic, list->elems[i].topic)) {
            return true;
        }
    }
    return false;
}

/* on_rebalance: the partition is taken, paused, and given back at once. */
static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                         void *opaque) {
    sl__group *g = opaque;
    rd_kafka_error_t *err = NULL;
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        for (int i = 0; i < list->cnt; i++) {
            list->elems[i].offset = 0;
        }
        err = rd_kafka_incremental_assign(rk, list);
        if (!err && list->cnt) {
            rd_kafka_pause_partitions(rk, list);
        }
    } else {
        if (rd_kafka_assignment_lost(rk)) {
            expel(g);
        }
        err = rd_kafka_incremental_unassign(rk, list);
    }
    if (err) {
        sl__log(SL_LOG_WARN, COMPONENT, "group '%.*s': %s", SL_STR_ARG(g->spec.group),
                rd_kafka_error_string(err));
        rd_kafka_error_destroy(err);
    }
    if (has_topic(g, list)) {
        set_owner(g, code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS);
    } else {
        pthread_mutex_lock(&g->lock);
        g->rebalances++;
        pthread_mutex_unlock(&g->lock);
        g->list_at_ms = 0;
        tell(g);
    }
}

/* ---- the lease ---- */

/* member_now gives the id that the client has now, on the heap; NULL = none. */
static char *member_now(sl__group *g) {
    char *id = rd_kafka_memberid(g->rk);
    char *copy = id && *id ? sl_strdup(sl_str_of(id)) : NULL;
    if (id) {
        rd_kafka_mem_free(g->rk, id);
    }
    return copy;
}

/* is_proof: the coordinator takes these from members only, and counts a member as there from then on. */
static bool is_proof(int16_t api) {
    return api == API_HEARTBEAT || api == API_SYNC_GROUP;
}

static rd_kafka_resp_err_t on_sent(rd_kafka_t *rk, int fd, const char *broker, int32_t broker_id, int16_t api,
                                   int16_t version, int32_t id, size_t size, void *opaque) {
    sl__group *g = opaque;
    (void)rk, (void)fd, (void)broker, (void)broker_id, (void)version, (void)id, (void)size;
    if (is_proof(api)) {
        int64_t now = sl__boot_ms();
        int64_t *waiting = &g->waiting_boot_ms[api == API_SYNC_GROUP];
        pthread_mutex_lock(&g->lock);
        *waiting = *waiting ? *waiting : now;
        pthread_mutex_unlock(&g->lock);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* on_answered: which request is answered is not said here; it was sent no earlier than the first one that
 * waits. What the answer says is not known either; one that ends the membership takes the member id away. */
static rd_kafka_resp_err_t on_answered(rd_kafka_t *rk, int fd, const char *broker, int32_t broker_id,
                                       int16_t api, int16_t version, int32_t id, size_t size, int64_t rtt,
                                       rd_kafka_resp_err_t err, void *opaque) {
    sl__group *g = opaque;
    (void)rk, (void)fd, (void)broker, (void)broker_id, (void)version, (void)id, (void)size, (void)rtt;
    if (is_proof(api) && !err) {
        int64_t *waiting = &g->waiting_boot_ms[api == API_SYNC_GROUP];
        pthread_mutex_lock(&g->lock);
        g->answered_boot_ms = *waiting > g->answered_boot_ms ? *waiting : g->answered_boot_ms;
        *waiting = 0;
        pthread_mutex_unlock(&g->lock);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *opaque, char *text,
                                  size_t size) {
    (void)conf, (void)text, (void)size;
    rd_kafka_interceptor_add_on_request_sent(rk, "membership", on_sent, opaque);
    return rd_kafka_interceptor_add_on_response_received(rk, "membership", on_answered, opaque);
}

/* renew makes the lease last from the latest proof, which counts when the client has kept its member id over
 * a whole round after it: by then it has seen what the answer said. */
static void renew(sl__group *g) {
    char *member = member_now(g);
    bool same = member && g->proven && strcmp(member, g->proven) == 0;
    if (same && g->proven_boot_ms) {
        sl__lease_set(g->spec.lease, g->proven_boot_ms + g->lease_ms);
        g->leased_boot_ms = g->proven_boot_ms;
        char *copy = sl__lease_holds(g->spec.lease) ? sl_strdup(sl_str_of(member)) : NULL;
        if (copy) {
            set_member(g, copy);
        }
    } else if (!same && g->proven) {
        expel(g);
    }
    sl_free(g->proven);
    g->proven = member;
    pthread_mutex_lock(&g->lock);
    g->answered_boot_ms = same || !g->proven_boot_ms ? g->answered_boot_ms : 0;
    g->proven_boot_ms = same ? g->answered_boot_ms : 0;
    pthread_mutex_unlock(&g->lock);
}

/* ---- members ---- */

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* same_members compares sorted lists. */
static bool same_members(char **a, size_t na, char **b, size_t nb) {
    for (size_t i = 0; na == nb && i < na; i++) {
        if (strcmp(a[i], b[i]) != 0) {
            return false;
        }
    }
    return na == nb;
}

static void take_members(sl__group *g, const struct rd_kafka_group_info *info) {
    size_t n = info->member_cnt > 0 ? (size_t)info->member_cnt : 0;
    n = n > MEMBERS_MAX ? MEMBERS_MAX : n;
    char **list = sl_calloc(n + 1, sizeof *list);
    bool whole = list != NULL;
    for (size_t i = 0; list && i < n; i++) {
        const char *id = info->members[i].member_id;
        list[i] = sl_strdup(sl_str_of(id ? id : ""));
        whole = whole && list[i];
    }
    if (!whole) {
        free_members(list, list ? n : 0);
        return; /* half a list would look as if members had left */
    }
    qsort(list, n, sizeof *list, compare_texts);
    pthread_mutex_lock(&g->lock);
    char **old = g->others;
    size_t nold = g->nothers;
    g->others = list;
    g->nothers = n;
    g->listed_ms = g->asked_ms;
    pthread_mutex_unlock(&g->lock);
    bool news = !same_members(old, nold, list, n);
    free_members(old, nold);
    if (news) {
        tell(g);
    }
}

/* list_members waits for the answer, for less time than the lease can do without. (The admin client's request
 * for this ends the process in librdkafka 2.0 when a broker goes away meanwhile.) */
static void list_members(sl__group *g, int64_t now) {
    const struct rd_kafka_group_list *groups = NULL;
    pthread_mutex_lock(&g->lock);
    bool owner = g->owner;
    pthread_mutex_unlock(&g->lock);
    if (!owner || g->list_at_ms > now) {
        return;
    }
    g->asked_ms = now;
    rd_kafka_resp_err_t err = rd_kafka_list_groups(g->rk, g->spec.group.p, &groups, LIST_WAIT_MS);
    g->list_at_ms = sl__now_ms() + LIST_MS;
    if (!err && groups && groups->group_cnt == 1 && !groups->groups[0].err) {
        take_members(g, &groups->groups[0]);
    }
    sl_error *acl = sl__rk_acl_error(err, "Describe", SL_STR_NONE, g->spec.group);
    if (acl) {
        fail(g, acl);
    }
    if (groups) {
        rd_kafka_group_list_destroy(groups);
    }
}

/* ---- the thread ---- */

static void watch_lease(sl__group *g) {
    pthread_mutex_lock(&g->lock);
    bool over = g->member && !sl__lease_holds(g->spec.lease);
    pthread_mutex_unlock(&g->lock);
    if (over) {
        sl__log(
            SL_LOG_WARN, COMPONENT,
            "group '%.*s': membership could not be proven in time; this worker's tasks are stopped, others "
            "may take them over",
            SL_STR_ARG(g->spec.group));
        expel(g);
    }
}

/* round_ms gives how long the next round may take: no longer than the lease lasts. */
static int round_ms(sl__group *g) {
    pthread_mutex_lock(&g->lock);
    bool calm = g->member && g->answered_boot_ms == g->leased_boot_ms;
    pthread_mutex_unlock(&g->lock);
    int64_t left = sl__lease_left(g->spec.lease);
    int most = calm ? CALM_MS : POLL_MS;
    return left > 0 && left < most ? (int)left : most;
}

static void *run(void *arg) {
    sl__group *g = arg;
    while (!atomic_load(&g->stopping)) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(g->rk, round_ms(g));
        if (m) {
            if (m->err) {
                note_error(g, m->err, rd_kafka_message_errstr(m));
            }
            rd_kafka_message_destroy(m);
        }
        int64_t now = sl__now_ms();
        watch_lease(g);
        renew(g);
        list_members(g, now);
    }
    return NULL;
}

/* ---- life ---- */

static sl_error *make_client(sl__group *g, sl__kafka *k) {
    char session[16], heartbeat[16], rebalance[16];
    snprintf(session, sizeof session, "%d", g->spec.session_ms);
    snprintf(heartbeat, sizeof heartbeat, "%d", g->spec.heartbeat_ms);
    snprintf(rebalance, sizeof rebalance, "%d",
             g->spec.rebalance_ms > g->spec.session_ms ? g->spec.rebalance_ms : g->spec.session_ms);
    const sl__rk_setting forced[] = {
        {"group.id", g->spec.group.p},
        {"client.id", g->spec.client_id.p},
        {"session.timeout.ms", session},
        {"heartbeat.interval.ms", heartbeat},
        {"max.poll.interval.ms", rebalance},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"},
        {"allow.auto.create.topics", "false"},
        {g->spec.instance.p ? "group.instance.id" : NULL, g->spec.instance.p},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf;
    SL_TRY(sl__rk_conf_new(g->spec.conf, NULL, forced, sl__kafka_embedded(k), g, &conf));
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_interceptor_add_on_new(conf, "membership", on_new, g);
    SL_TRY(sl__rk_new(RD_KAFKA_CONSUMER, conf, &g->rk));
    rd_kafka_poll_set_consumer(g->rk);
    return NULL;
}

static sl_error *join(sl__group *g) {
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, g->spec.topic.p, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t err = rd_kafka_subscribe(g->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (err) {
        return sl_error_new(SL_E_KAFKA, SL_FATAL, "cannot join group '%.*s': %s", SL_STR_ARG(g->spec.group),
                            rd_kafka_err2str(err));
    }
    g->started = pthread_create(&g->thread, NULL, run, g) == 0;
    return g->started ? NULL : sl_error_new(SL_E_IO, SL_FATAL, "cannot start the group's thread");
}

sl_error *sl__group_open(sl__kafka *k, const sl__group_spec *spec, sl__group **out) {
    sl__group *g = sl_calloc(1, sizeof *g);
    if (!g) {
        return sl_error_nomem();
    }
    sl_arena_init(&g->arena, 0);
    pthread_mutex_init(&g->lock, NULL);
    g->spec = *spec;
    g->spec.group = sl_arena_str(&g->arena, spec->group);
    g->spec.instance = spec->instance.n ? sl_arena_str(&g->arena, spec->instance) : SL_STR_NONE;
    g->spec.topic = sl_arena_str(&g->arena, spec->topic);
    g->spec.client_id = sl_arena_str(&g->arena, spec->client_id);
    g->lease_ms = spec->session_ms + spec->patience_ms - (spec->session_ms + spec->patience_ms) / 20;
    sl_error *err = g->arena.failed ? sl_error_nomem() : make_client(g, k);
    err = err ? err : join(g);
    if (err) {
        sl__group_free(g);
        return err;
    }
    *out = g;
    return NULL;
}

/* leave: a client that closes with nothing assigned does not say that it leaves; one that unsubscribes does.
 */
static void leave(sl__group *g) {
    int64_t until = sl__now_ms() + LEAVE_MS;
    char *member = g->spec.instance.p ? NULL : member_now(g);
    if (member) {
        rd_kafka_unsubscribe(g->rk);
    }
    while (member && sl__now_ms() < until) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(g->rk, 10);
        if (m) {
            rd_kafka_message_destroy(m);
        }
        sl_free(member);
        member = member_now(g);
    }
    sl_free(member);
}

void sl__group_leave(sl__group *g) {
    if (!g->started) {
        return;
    }
    atomic_store(&g->stopping, true);
    pthread_join(g->thread, NULL);
    g->started = false;
    sl__lease_set(g->spec.lease, 0);
    leave(g);
    rd_kafka_consumer_close(g->rk);
}

void sl__group_free(sl__group *g) {
    if (!g) {
        return;
    }
    sl__group_leave(g);
    if (g->rk) {
        rd_kafka_destroy(g->rk);
    }
    free_members(g->others, g->nothers);
    sl_free(g->member);
    sl_free(g->proven);
    sl_error_free(g->failure);
    pthread_mutex_destroy(&g->lock);
    sl_arena_deinit(&g->arena);
    sl_free(g);
}

void sl__group_look(sl__group *g, sl_arena *arena, sl__group_view *out) {
    pthread_mutex_lock(&g->lock);
    *out = (sl__group_view){
        .member = g->member ? sl_arena_str(arena, sl_str_of(g->member)) : SL_STR_NONE,
        .owner = g->owner,
        .listed_ms = g->listed_ms,
        .failure = g->failure,
        .rebalances = g->rebalances,
    };
    out->others = sl_arena_zalloc(arena, (g->nothers + 1) * sizeof *out->others);
    for (size_t i = 0; out->others && i < g->nothers; i++) {
        out->others[i] = sl_arena_str(arena, sl_str_of(g->others[i]));
        out->nothers++;
    }
    if (arena->failed) {
        out->listed_ms = 0;
    }
    pthread_mutex_unlock(&g->lock);
}
