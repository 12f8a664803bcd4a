/*
 * host.h - the runtime's services, as a versioned table.
 *
 * A plugin links to no symbol of the runtime; everything reaches it through the sl_host of its context, so
 * that a test can give it a fake host. Check host->struct_size before using a member that came after ABI
 * minor 0.
 */
#ifndef SLUICE_HOST_H
#define SLUICE_HOST_H

#include <sluice/config.h>
#include <sluice/record.h>

#define SL_ABI_MAJOR 1
#define SL_ABI_MINOR 2

typedef enum sl_log_level { SL_LOG_TRACE, SL_LOG_DEBUG, SL_LOG_INFO, SL_LOG_WARN, SL_LOG_ERROR } sl_log_level;

typedef struct sl_host sl_host;

/* What one instance of a plugin runs as; borrowed from open until close. */
typedef struct sl_context {
    const sl_host *host;
    sl_str connector;        /* connector name; absent for a worker-wide instance */
    int32_t task;            /* task number, -1 = not a task */
    sl_str component;        /* e.g. "transforms.unwrap"; absent = the connector itself */
    const sl_config *config; /* the instance's settings, its prefix removed */
    const void *settings; /* the struct that the definition's table was parsed into; NULL when it has none */
    int32_t variant;      /* the definition's .variant */
    void *runtime;        /* the runtime's own */
    bool offline;         /* validate only: check combinations, but open no connection */
    bool exactly_once;    /* a source task's: records and their offsets are written in one transaction */
} sl_context;

/* ---- Kafka topics (since minor 1) ---- */

typedef struct sl_topic_reader sl_topic_reader;

typedef struct sl_topic_spec {
    sl_str topic;
    int32_t partition;
    sl_str servers; /* another cluster than the worker's, with none of the worker's settings; absent =
                       the worker's */
    const sl_config *client; /* settings by the names of Java's clients; NULL = none */
    sl_str group;            /* readers: keeps how far the topic was read; absent = nobody does */
    int64_t from;            /* readers: the first offset; -1 = what the group has, else the topic's start */
} sl_topic_spec;

typedef struct sl_topic_message {
    sl_str key;        /* absent = null */
    sl_str value;      /* absent = null */
    int64_t offset;    /* of the record */
    int64_t timestamp; /* milliseconds, SL_NO_TIMESTAMP = none */
} sl_topic_message;

struct sl_host {
    uint32_t struct_size;
    uint16_t abi_major;
    uint16_t abi_minor;

    /* log writes one line; no payloads, no secrets. Any thread. */
    void (*log)(const sl_context *ctx, sl_log_level level, const char *fmt, ...) SL_PRINTF(3, 4);

    /* schema_intern gives the one schema equal to *def, with a reference for the caller (schema_unref gives
       it back). Any thread. */
    sl_error *(*schema_intern)(const sl_schema *def, const sl_schema **out);
    void (*schema_ref)(const sl_schema *s);
    void (*schema_unref)(const sl_schema *s); /* NULL is allowed */

    /* offset_read gives the stored offset of a source partition (SL_NULL: none), in the arena. Task's thread.
     */
    sl_error *(*offset_read)(const sl_context *ctx, const sl_value *partition, sl_arena *arena,
                             sl_value *offset);

    /* report hands a record that cannot be processed to the error policy (log, dead letter queue). Takes err
       over. NULL: tolerated, pass over the record. An error: the policy wants the task to fail; return it
       from put. Sink tasks, within put. */
    sl_error *(*report)(const sl_context *ctx, const sl_record *record, sl_error *err);

    /* reconfigure asks for task_configs to be called again. Any thread. */
    void (*reconfigure)(const sl_context *ctx);

    /* wake makes the task's next step start now, whatever it is waiting for. Any thread. */
    void (*wake)(const sl_context *ctx);

    /* stopping tells whether the task has been asked to stop; long steps look at it. Any thread. */
    bool (*stopping)(const sl_context *ctx);

    /* metric_set / metric_add keep a named number of this instance (snake_case; shown by /metrics with the
       connector and task as labels). Any thread. */
    void (*metric_set)(const sl_context *ctx, const char *name, int64_t value);
    void (*metric_add)(const sl_context *ctx, const char *name, int64_t delta);

    /* Since minor 1; see SL_HOST_HAS. A reader belongs to one thread at a time. Outages are waited out;
       errors are for what does not pass by itself (settings, privileges). Source tasks. */

    /* topic_open begins to follow one partition of a topic; it may come to be later. */
    sl_error *(*topic_open)(const sl_context *ctx, const sl_topic_spec *spec, sl_topic_reader **out);
    /* topic_next gives the next record, in the arena; *got = false: none came within timeout_ms (0: does not
       wait). */
    sl_error *(*topic_next)(sl_topic_reader *r, int timeout_ms, sl_arena *arena, sl_topic_message *m,
                            bool *got);
    /* topic_end gives the offset behind the last record there is; RETRIABLE: not known within timeout_ms. */
    sl_error *(*topic_end)(sl_topic_reader *r, int timeout_ms, int64_t *end);
    /* topic_commit keeps for the group that all before `next` need not be read again; does not wait. */
    sl_error *(*topic_commit)(sl_topic_reader *r, int64_t next);
    void (*topic_close)(sl_topic_reader *r); /* NULL is allowed */
    /* topic_append writes one record (spec's group and from mean nothing) and waits until it is durable;
       RETRIABLE: it may not be, after timeout_ms. */
    sl_error *(*topic_append)(const sl_context *ctx, const sl_topic_spec *spec, sl_str key, sl_str value,
                              int timeout_ms);
};

/* SL_HOST_HAS(host, topic_open): whether this host has a member that came later. */
#define SL_HOST_HAS(h, member)                                                                               \
    ((h)->struct_size >= offsetof(sl_host, member) + sizeof((h)->member) && (h)->member != NULL)

/* sl_log(ctx, SL_LOG_INFO, "read %d rows", n) */
#define sl_log(ctx, level, ...) ((ctx)->host->log((ctx), (level), __VA_ARGS__))

/* ---- makers of common schemas (each result carries a reference; NULL *out on error) ---- */

/* sl_schema_simple: a type without a name. */
SL_MUST_CHECK sl_error *sl_schema_simple(const sl_host *h, sl_type t, bool optional, const sl_schema **out);
/* sl_schema_named: a type with a name and a version (0 = none). */
SL_MUST_CHECK sl_error *sl_schema_named(const sl_host *h, sl_type t, bool optional, const char *name,
                                        int32_t version, const sl_schema **out);
/* sl_schema_decimal: org.apache.kafka.connect.data.Decimal of a scale. */
SL_MUST_CHECK sl_error *sl_schema_decimal(const sl_host *h, int32_t scale, bool optional,
                                          const sl_schema **out);

#endif
