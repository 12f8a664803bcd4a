/*
 * state_driver.c - looks at and writes the state topics of a distributed worker without a worker. For tests.
 *
 * Usage:  state_driver WORKER.properties COMMAND [argument...]
 *   dump                            everything that the three topics say, sorted
 *   write KEY VALUE [KEY VALUE...]  records of the config topic in one transaction, as its leader; VALUE - is
 *                                   null
 *   put KEY VALUE                   a record of the config topic without a transaction
 *   zombie KEY VALUE                claims, lets another one claim, then writes: must be fenced
 *   stall KEY VALUE                 writes in a transaction, says "open", and ends it when standard input
 * ends status CONNECTOR TASK STATE WORKER GENERATION [safe]       TASK -1: the connector's topic CONNECTOR
 * TOPIC TASK MS                              a topic that a connector uses offset CONNECTOR PARTITION OFFSET
 * [CONNECTOR ...]          JSON; OFFSET null deletes own TOPIC COMMAND...            the same with offsets in
 * a topic of the connector's own above the cluster's
 *
 * Exit codes: 0 done, 1 failed, 2 usage. Threads: its own; the stores have theirs.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/files.h"
#include "config/properties.h"
#include "kafka/kafka.h"
#include "store/config_topic.h"
#include "store/offset_json.h"
#include "store/offsets_topic.h"
#include "store/status_topic.h"

#define WAIT_MS 30000

typedef struct driver {
    sl_arena arena;
    sl_config worker;
    sl__worker_topics topics;
    sl__kafka *kafka;
    const char *own_topic;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool news, done;
    sl_error *outcome;
} driver;

static driver the = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void must(sl_error *err) {
    char text[1024];
    if (err) {
        fprintf(stderr, "state_driver: %s\n", sl_error_text(err, text, sizeof text));
        exit(1);
    }
}

static void signal_flag(bool *flag) {
    pthread_mutex_lock(&the.lock);
    *flag = true;
    pthread_cond_broadcast(&the.changed);
    pthread_mutex_unlock(&the.lock);
}

static void wait_flag(bool *flag) {
    pthread_mutex_lock(&the.lock);
    while (!*flag) {
        pthread_cond_wait(&the.changed, &the.lock);
    }
    *flag = false;
    pthread_mutex_unlock(&the.lock);
}

/* ---- the config topic ---- */

static void on_news(void *arg) {
    (void)arg;
    signal_flag(&the.news);
}

static void on_end(sl__log_wait *w, const sl_error *err) {
    (void)w;
    the.outcome = err ? sl__error_copy(err) : NULL;
    signal_flag(&the.done);
}

static void on_change(void *arg, sl__config_change change, const sl__config_record *record) {
    (void)arg;
    (void)change;
    (void)record;
}

static sl__config_topic *open_config(void) {
    sl__config_topic *t;
    sl__config_topic_spec spec = {
        .topics = &the.topics, .group = sl_config_get(&the.worker, SL_STR("group.id")), .news = on_news};
    must(sl__config_topic_open(the.kafka, &spec, &t));
    return t;
}

static void read_config(sl__config_topic *t) {
    sl__log_wait w = {.done = on_end};
    sl__config_topic_end(t, &w);
    wait_flag(&the.done);
    must(the.outcome);
    must(sl__config_topic_drain(t, on_change, NULL));
}

static void print_config(const char *what, sl_str name, int task, const sl_config *c) {
    for (size_t i = 0; i < c->n; i++) {
        printf("%s %.*s", what, SL_STR_ARG(name));
        if (task >= 0) {
            printf(" %d", task);
        }
        printf(" %.*s=%.*s\n", SL_STR_ARG(c->entries[i].key), SL_STR_ARG(c->entries[i].value));
    }
}

static void print_connector(void *arg, const sl__stored_connector *c) {
    (void)arg;
    printf("connector %.*s %s tasks=%d%s%s fenced=%d%s\n", SL_STR_ARG(c->name), sl__target_name(c->target),
           (int)c->ntasks, c->committed ? "" : " uncommitted", c->inconsistent ? " inconsistent" : "",
           (int)c->fenced_tasks, c->needs_fencing ? " needs-fencing" : "");
    print_config("config", c->name, -1, c->config);
    for (int i = 0; i < c->ntasks; i++) {
        print_config("task", c->name, i, c->tasks[i]);
    }
}

static void print_own(void *arg, sl_str name, sl_str json) {
    (void)arg;
    printf("own %.*s %.*s\n", SL_STR_ARG(name), SL_STR_ARG(json));
}

static void print_json(const sl_value *v) {
    sl_buf b;
    sl_buf_init(&b, NULL);
    must(sl__offset_json_write(v, false, &b));
    printf(" %.*s", SL_STR_ARG(sl_buf_view(&b)));
    sl_buf_deinit(&b);
}

/* ---- status and offsets ---- */

static sl__status_topic *open_status(void) {
    sl__status_topic *t;
    must(sl__status_topic_open(the.kafka, &the.topics, &t));
    must(sl__status_topic_sync(t, WAIT_MS));
    return t;
}

static sl__offsets *open_offset_topic(sl_str name, const sl__topic_settings *settings) {
    sl__offsets *o;
    sl__offsets_spec spec = {
        .topic = name,
        .setting = "offset.storage.topic",
        .consumer = &the.topics.consumer,
        .producer = &the.topics.producer,
        .admin = &the.topics.admin,
        .partitions = settings->partitions,
        .replication_factor = settings->replication_factor,
        .configs = &settings->configs,
        .flush_timeout_ms = 5000,
    };
    must(sl__offsets_open_topic(the.kafka, &spec, &o));
    must(sl__offsets_refresh(o, WAIT_MS));
    return o;
}

static sl__offsets *cluster_offsets;

static sl__offsets *open_offsets(void) {
    sl__offsets *o = cluster_offsets = open_offset_topic(the.topics.offset.name, &the.topics.offset);
    if (the.own_topic) {
        must(sl__offsets_open_layered(open_offset_topic(sl_str_of(the.own_topic), &the.topics.offset),
                                      cluster_offsets, &o));
    }
    return o;
}

static void close_offsets(sl__offsets *o) {
    sl__offsets_close(o);
    if (o != cluster_offsets) {
        sl__offsets_close(cluster_offsets);
    }
}

static void print_offset(void *arg, const sl_value *partition, const sl_value *offset) {
    printf("offset %.*s", SL_STR_ARG(*(sl_str *)arg));
    print_json(partition);
    print_json(offset);
    printf("\n");
}

static void print_status(void *arg, int32_t task, const sl__status *s) {
    printf("status %.*s %d %s %.*s%s\n", SL_STR_ARG(*(sl_str *)arg), (int)task, sl__status_name(s->state),
           SL_STR_ARG(s->worker_id), s->trace.n ? " trace" : "");
}

static void print_topic(void *arg, const sl__topic_status *s) {
    (void)arg;
    printf("topic %.*s %.*s\n", SL_STR_ARG(s->connector), SL_STR_ARG(s->topic));
}

typedef struct both {
    sl__status_topic *status;
    sl__offsets *offsets;
} both;

static void print_rest(void *arg, const sl__stored_connector *c) {
    both *b = arg;
    sl__status s;
    sl_str name = c->name;
    if (sl__status_topic_get(b->status, name, SL_STATUS_CONNECTOR, &the.arena, &s)) {
        print_status(&name, -1, &s);
    }
    sl__status_topic_tasks(b->status, name, print_status, &name);
    sl__status_topic_topics(b->status, name, print_topic, NULL);
    must(sl__offsets_each(b->offsets, name, print_offset, &name));
}

static int dump(void) {
    both b;
    sl__config_topic *config = open_config();
    b.status = open_status();
    b.offsets = open_offsets();
    read_config(config);
    const sl__config_state *state = sl__config_topic_state(config);
    must(sl__config_state_each(state, print_connector, NULL));
    must(sl__config_state_each(state, print_rest, &b));
    sl__config_state_each_own(state, SL_STR(""), print_own, NULL);
    printf("session-key %s\n", sl__config_state_session_key(state).key.p ? "there" : "none");
    close_offsets(b.offsets);
    sl__status_topic_close(b.status);
    sl__config_topic_close(config);
    return 0;
}

/* ---- writing ---- */

static void on_written(sl__config_write *w, const sl_error *err) {
    (void)w;
    the.outcome = err ? sl__error_copy(err) : NULL;
    signal_flag(&the.done);
}

static sl__config_record *parse_records(char **args, size_t n) {
    sl__config_record *r = sl_arena_zalloc(&the.arena, (n + 1) * sizeof *r);
    for (size_t i = 0; i < n; i++) {
        sl_str value = strcmp(args[2 * i + 1], "-") == 0 ? SL_STR_NONE : sl_str_of(args[2 * i + 1]);
        must(sl__config_record_parse(sl_str_of(args[2 * i]), value, &the.arena, &r[i]));
    }
    return r;
}

static void claim(sl__config_topic *t) {
    sl__config_write w = {.done = on_written};
    must(sl__config_topic_claim(t, &w));
    wait_flag(&the.done);
    must(the.outcome);
}

static sl_error *write_records(sl__config_topic *t, char **args, int argc) {
    sl__config_write w = {
        .done = on_written, .records = parse_records(args, (size_t)argc / 2), .n = (size_t)argc / 2};
    must(sl__config_topic_write(t, &w));
    wait_flag(&the.done);
    return the.outcome;
}

static int do_write(char **args, int argc) {
    sl__config_topic *t = open_config();
    read_config(t);
    claim(t);
    must(write_records(t, args, argc));
    read_config(t);
    sl__config_topic_close(t);
    return 0;
}

static int do_zombie(char **args, int argc) {
    sl__config_topic *old = open_config(), *new = open_config();
    claim(old);
    claim(new);
    sl_error *err = write_records(old, args, argc);
    printf("%s\n", err ? sl_error_code_name(err->code) : "written");
    sl_error_free(err);
    err = write_records(old, args, argc);
    printf("%s\n", err ? sl_error_code_name(err->code) : "written");
    sl_error_free(err);
    must(write_records(new, args, argc));
    printf("the new one has written\n");
    sl__config_topic_close(old);
    sl__config_topic_close(new);
    return 0;
}

static void ignore(sl__delivery_target *target, const sl__delivery *d) {
    (void)target;
    (void)d;
}

static int do_stall(char **args) {
    sl__txn *t;
    sl_error *err = NULL;
    sl__delivery_target target = {ignore};
    sl__txn_spec spec = {.conf = &the.topics.producer, .id = SL_STR("state-driver-stall")};
    must(sl__txn_open(the.kafka, &spec, &t));
    must(sl__txn_init(t, WAIT_MS));
    must(sl__txn_begin(t));
    sl__out_message m = {.partition = -1,
                         .timestamp = SL_NO_TIMESTAMP,
                         .key = sl_str_of(args[0]),
                         .payload = sl_str_of(args[1])};
    must(sl__producer_topic(sl__txn_producer(t), the.topics.config.name, &m.topic));
    if (sl__producer_send(sl__txn_producer(t), &m, &target, &err) != SL_SEND_OK) {
        must(err);
    }
    sleep(1);
    printf("open\n");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    must(sl__txn_commit(t, WAIT_MS));
    sl__txn_close(t);
    return 0;
}

static void on_put(void *arg, const sl_error *err) {
    (void)arg;
    on_written(NULL, err);
}

static int do_put(char **args) {
    sl__config_topic *t = open_config();
    must(sl__config_topic_put(t, parse_records(args, 1), on_put, NULL));
    wait_flag(&the.done);
    must(the.outcome);
    sl__config_topic_close(t);
    return 0;
}

static int64_t number(const char *z) {
    int64_t n = 0;
    if (!sl_str_to_i64(sl_str_of(z), &n)) {
        must(sl_error_new(SL_E_DATA, SL_USER, "expected a number, got '%s'", z));
    }
    return n;
}

static int do_status(char **args, int argc) {
    sl__status_topic *t = open_status();
    sl__status s = {.worker_id = sl_str_of(args[3]), .generation = (int32_t)number(args[4])};
    if (!sl__status_parse_state(sl_str_of(args[2]), &s.state)) {
        return 2;
    }
    must(sl__status_topic_put(t, sl_str_of(args[0]), (int32_t)number(args[1]), &s, argc > 5));
    sl__status_topic_close(t);
    return 0;
}

static int do_topic(char **args) {
    sl__status_topic *t = open_status();
    sl__topic_status s = {sl_str_of(args[1]), sl_str_of(args[0]), (int32_t)number(args[2]), number(args[3])};
    must(sl__status_topic_put_topic(t, &s));
    sl__status_topic_close(t);
    return 0;
}

static int do_offset(char **args, int argc) {
    sl__offsets *o = open_offsets();
    for (int i = 0; i + 2 < argc; i += 3) {
        sl_batch_offset item;
        must(sl__offset_json_read(sl_str_of(args[i + 1]), &the.arena, &item.partition));
        must(sl__offset_json_read(sl_str_of(args[i + 2]), &the.arena, &item.offset));
        must(sl__offsets_put(o, sl_str_of(args[i]), &item, 1));
    }
    close_offsets(o);
    return 0;
}

static int run(int argc, char **argv) {
    const char *command = argv[0];
    int n = argc - 1;
    if (strcmp(command, "own") == 0 && n > 1) {
        the.own_topic = argv[1];
        return run(n - 1, argv + 2);
    }
    if (strcmp(command, "dump") == 0) {
        return dump();
    }
    if (strcmp(command, "write") == 0 && n >= 2 && n % 2 == 0) {
        return do_write(argv + 1, n);
    }
    if (strcmp(command, "zombie") == 0 && n == 2) {
        return do_zombie(argv + 1, n);
    }
    if (strcmp(command, "stall") == 0 && n == 2) {
        return do_stall(argv + 1);
    }
    if (strcmp(command, "put") == 0 && n == 2) {
        return do_put(argv + 1);
    }
    if (strcmp(command, "status") == 0 && n >= 5) {
        return do_status(argv + 1, n);
    }
    if (strcmp(command, "topic") == 0 && n == 4) {
        return do_topic(argv + 1);
    }
    if (strcmp(command, "offset") == 0 && n >= 3) {
        return do_offset(argv + 1, n);
    }
    fprintf(stderr, "usage: see the top of state_driver.c\n");
    return 2;
}

int main(int argc, char **argv) {
    sl_config_report report;
    sl__config_file file;
    if (argc < 3) {
        fprintf(stderr, "usage: state_driver WORKER.properties COMMAND [argument...]\n");
        return 2;
    }
    sl_arena_init(&the.arena, 0);
    sl_config_report_init(&report, &the.arena);
    must(sl__config_file_read(argv[1], &the.arena, &report, &file));
    the.worker = file.worker;
    must(sl__worker_topics_parse(&the.worker, &the.arena, &report, &the.topics));
    must(sl_config_report_error(&report));
    must(sl__kafka_new(&the.topics.admin, &the.kafka));
    int code = run(argc - 2, argv + 2);
    sl__kafka_free(the.kafka);
    sl_arena_deinit(&the.arena);
    return code;
}
