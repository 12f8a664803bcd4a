/*
 * kafka_test.h - for tests of the kafka folder: settings, deliveries that are counted, a consumer that is
 * read until it has enough.
 *
 * Threads: a target is counted on the producer's thread. Memory: what a bench holds is freed by bench_close.
 */
#ifndef SLUICE_UNIT_KAFKA_TEST_H
#define SLUICE_UNIT_KAFKA_TEST_H

#include "support/support.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sluice/record.h>

#include "base/clock.h"
#include "kafka/consumer.h"
#include "kafka/kafka.h"

#define PATIENCE_MS 60000

/* ---- settings ---- */

typedef struct settings {
    sl__client_property items[24];
    sl__client_config conf;
} settings;

static inline void settings_add(settings *s, const char *name, const char *value) {
    assert_true(s->conf.n < sizeof s->items / sizeof s->items[0]);
    s->items[s->conf.n++] = (sl__client_property){.name = sl_str_of(name), .value = sl_str_of(value)};
    s->conf.items = s->items;
}

/* settings_init: servers NULL = the embedded broker. */
static inline void settings_init(settings *s, const char *servers) {
    *s = (settings){0};
    s->conf.embedded = servers == NULL;
    settings_add(s, "bootstrap.servers", servers ? servers : "embedded:");
}

/* random_bytes fills a payload that no compression makes smaller; always the same one. */
static inline void random_bytes(char *p, size_t n) {
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        p[i] = (char)(x >> 32);
    }
}

/* ---- deliveries ---- */

typedef struct counter {
    sl__delivery_target target; /* first */
    atomic_long delivered;
    atomic_long failed;
    atomic_llong bytes;
    sl_error_code code; /* of the last failure; read it when the count is in */
    sl_error_class cls;
    char text[512];
    int32_t partition; /* of the last one */
    int64_t offset;
} counter;

static inline void count_delivery(sl__delivery_target *t, const sl__delivery *d) {
    counter *c = (counter *)t;
    atomic_fetch_add(&c->bytes, (long long)d->bytes);
    c->partition = d->partition;
    c->offset = d->offset;
    if (d->err) {
        c->code = d->err->code;
        c->cls = d->err->cls;
        sl_error_text(d->err, c->text, sizeof c->text);
        atomic_fetch_add(&c->failed, 1);
    } else {
        atomic_fetch_add(&c->delivered, 1);
    }
}

static inline void counter_init(counter *c) {
    memset(c, 0, sizeof *c);
    c->target.delivered = count_delivery;
}

/* counter_wait waits until so many messages are over, well or badly. */
static inline void counter_wait(counter *c, long n) {
    int64_t until = sl__now_ms() + PATIENCE_MS;
    while (atomic_load(&c->delivered) + atomic_load(&c->failed) < n) {
        assert_true(sl__now_ms() < until);
        usleep(1000);
    }
}

/* ---- one worker's Kafka with a producer ---- */

typedef struct bench {
    settings conf;
    sl__kafka *kafka;
    sl__producer *producer;
    counter counter;
    long sent;
} bench;

/* bench_init, and bench_start once settings were added to its conf */
static inline void bench_init(bench *b, const char *servers) {
    memset(b, 0, sizeof *b);
    settings_init(&b->conf, servers);
    counter_init(&b->counter);
}

static inline void bench_start(bench *b) {
    test_assert_ok(sl__kafka_new(&b->conf.conf, &b->kafka));
    test_assert_ok(sl__producers_get(sl__kafka_producers(b->kafka), &b->conf.conf, 0, &b->producer));
}

static inline void bench_open(bench *b, const char *servers) {
    bench_init(b, servers);
    settings_add(&b->conf, "linger.ms", "5"); /* tests wait for single messages */
    bench_start(b);
}

static inline void bench_close(bench *b) {
    sl__producer_release(b->producer);
    sl__kafka_free(b->kafka);
}

/* bench_send queues a message that must be taken. The payload must stay. */
static inline void bench_send(bench *b, const char *topic, sl_str key, sl_str payload) {
    sl_error *err = NULL;
    sl__out_message m = {.partition = -1, .timestamp = SL_NO_TIMESTAMP, .key = key, .payload = payload};
    test_assert_ok(sl__producer_topic(b->producer, sl_str_of(topic), &m.topic));
    sl__send sent = sl__producer_send(b->producer, &m, &b->counter.target, &err);
    test_assert_ok(err);
    assert_int_equal(sent, SL_SEND_OK);
    b->sent++;
}

/* bench_send_many queues n copies of one payload and waits for all. */
static inline void bench_send_many(bench *b, const char *topic, long n, sl_str payload) {
    for (long i = 0; i < n; i++) {
        bench_send(b, topic, SL_STR_NONE, payload);
    }
    counter_wait(&b->counter, b->sent);
}

/* ---- a consumer ---- */

typedef struct reader {
    sl__consumer *consumer;
    sl_arena arena;
    int assigned; /* partitions now */
    int assignments;
    int revocations;
    int lost;
    int returned; /* partitions given up */
    long messages;
    int64_t last_offset;
    int64_t start_at;                                           /* what assigned() answers; -1 = nothing */
    sl_error *refuse;                                           /* what assigned() fails with, once */
    void (*message)(struct reader *r, const sl__in_message *m); /* NULL = none */
    void (*revoked)(struct reader *r, const sl_topic_partition *parts, size_t n);
    void *arg;
} reader;

static inline sl_error *reader_assigned(void *arg, sl_topic_partition *parts, size_t n) {
    reader *r = arg;
    r->assigned += (int)n;
    r->assignments++;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(parts[i].offset, -1);
        parts[i].offset = r->start_at;
    }
    sl_error *err = r->refuse;
    r->refuse = NULL;
    return err;
}

static inline void reader_revoked(void *arg, const sl_topic_partition *parts, size_t n, bool lost) {
    reader *r = arg;
    if (r->revoked) {
        r->revoked(r, parts, n);
    }
    r->assigned -= (int)n;
    r->returned += (int)n;
    r->revocations++;
    r->lost += lost;
}

/* reader_open reads one topic (regex false) or those that match. */
static inline void reader_open(reader *r, sl__kafka *k, const sl__client_config *conf, const char *group,
                               const char *topic, bool regex) {
    sl_str one = sl_str_of(topic);
    memset(r, 0, sizeof *r);
    r->start_at = -1;
    r->last_offset = -1;
    sl_arena_init(&r->arena, 0);
    sl__consumer_spec spec = {
        .conf = conf,
        .group = sl_str_of(group),
        .topics = regex ? (sl_str_list){NULL, 0} : (sl_str_list){&one, 1},
        .regex = regex ? one : SL_STR_NONE,
        .events = {reader_assigned, reader_revoked, r},
    };
    test_assert_ok(sl__consumer_open(k, &spec, &r->consumer));
}

static inline void reader_close(reader *r) {
    sl__consumer_close(r->consumer);
    sl_arena_deinit(&r->arena);
}

/* reader_step polls until there is nothing; the first error ends it. */
static inline sl_error *reader_step(reader *r, long max) {
    bool got = true;
    while (got && max-- > 0) {
        sl__in_message m;
        SL_TRY(sl__consumer_poll(r->consumer, &m, &got));
        if (got) {
            r->messages++;
            r->last_offset = m.offset;
            if (r->message) {
                r->message(r, &m);
            }
            sl__message_release(m.handle);
        }
    }
    return NULL;
}

/* reader_wait waits for the descriptor, at most so long. */
static inline bool reader_wait(reader *r, int ms) {
    struct pollfd p = {.fd = sl__consumer_fd(r->consumer), .events = POLLIN};
    return poll(&p, 1, ms) > 0;
}

/* reader_until reads until it has that many messages in all; NULL, or the error that came. */
static inline sl_error *reader_until(reader *r, long messages) {
    int64_t until = sl__now_ms() + PATIENCE_MS;
    for (;;) {
        SL_TRY(reader_step(r, messages - r->messages + 1000000 * (messages == 0)));
        if (r->messages >= messages && messages) {
            return NULL;
        }
        if (sl__now_ms() > until) {
            return sl_error_new(SL_E_TIMEOUT, SL_BUG, "%ld of %ld messages came", r->messages, messages);
        }
        if (!reader_wait(r, 1000)) {
            /* nothing may come without the descriptor saying so */
            long before = r->messages;
            SL_TRY(reader_step(r, 1));
            assert_int_equal(r->messages, before);
        }
    }
}

/* reader_until_assigned serves the consumer until it has that many partitions. */
static inline void reader_until_assigned(reader *r, int partitions) {
    int64_t until = sl__now_ms() + PATIENCE_MS;
    while (r->assigned != partitions) {
        assert_true(sl__now_ms() < until);
        test_assert_ok(reader_step(r, 1));
        reader_wait(r, 50);
    }
}

#endif
