/*
 * plugin.h - what a plugin is: one shared object that exports one function, sluice_plugin.
 *
 * The function returns a static table: magic, sizes and versions first, then what the plugin offers. The
 * runtime refuses, by name and path, a table of another major version or with a bad magic or size.
 *
 * Life of an instance: open succeeds -> close is called exactly once; open fails -> nothing is called. Calls
 * on one instance come one at a time, from changing threads; only `interrupt` may come at any time between
 * open and close, from another thread. Everything passed in is borrowed for the call unless it says
 * otherwise.
 */
#ifndef SLUICE_PLUGIN_H
#define SLUICE_PLUGIN_H

#include <sluice/host.h>

#define SL_PLUGIN_MAGIC 0x534c4331u /* "SLC1" */

/* What a step waits for before the next one: whichever comes first. A zeroed struct means "ready at once". */
typedef struct sl_wait {
    bool idle;        /* true: wait for fd, until or host->wake; false: step again at once */
    int fd;           /* with idle: descriptor to wait for, -1 = none */
    bool readable;    /* wait until it can be read */
    bool writable;    /* wait until it can be written */
    int64_t until_ms; /* monotonic clock (CLOCK_MONOTONIC, milliseconds); 0 = no time */
} sl_wait;

/* The configurations of a connector's tasks, made by task_configs. */
typedef struct sl_task_configs {
    sl_arena *arena; /* allocate entries here */
    sl_config *items;
    size_t n;
} sl_task_configs;

/* ---- source connectors ---- */

typedef struct sl_source_ops {
    /* Looks beyond the table (combinations, a connection) and adds to the report. May block. Optional. */
    void (*validate)(const sl_context *ctx, sl_config_report *report);
    /* Splits the work into at most max_tasks tasks. NULL: one task with the connector's own configuration. */
    sl_error *(*task_configs)(const sl_context *ctx, int32_t max_tasks, sl_task_configs *out);

    /* Starts a task; reads its stored offset through the host. May block until interrupt. */
    sl_error *(*open)(const sl_context *ctx, void **task);
    /* Adds records and offsets to the batch (at most about 1 MB or a few thousand records) and says what to
       wait for. An empty batch is fine; a batch with offsets and no records moves the offset
       (batch->store_now: at once). RETRIABLE: the task is restarted after a back-off. */
    sl_error *(*poll)(void *task, sl_batch *batch, sl_wait *wait);
    /* The offset of a source partition is stored, and all records before it are safe in Kafka. Optional. */
    sl_error *(*committed)(void *task, const sl_value *partition, const sl_value *offset);
    /* Makes a blocked open, poll or committed return soon (any thread, any number of times). Optional. */
    void (*interrupt)(void *task);
    void (*close)(void *task);
    /* Called instead of poll while the task is paused or Kafka takes no more: keeps what it has open (a
       connection) from being closed, and sets when it is to be called again (monotonic, ms; 0 = when there is
       a poll). May not block. With SL_OFFERS_KEEP only. */
    sl_error *(*keep)(void *task, int64_t *again_ms);
} sl_source_ops;

/* ---- sink connectors ---- */

typedef struct sl_topic_partition {
    sl_str topic;
    int32_t partition;
    int64_t offset; /* the next offset to read, or to commit; -1 = as the group has it */
} sl_topic_partition;

typedef struct sl_sink_ops {
    void (*validate)(const sl_context *ctx, sl_config_report *report); /* optional, as above */
    /* NULL: max_tasks tasks with the connector's own configuration. */
    sl_error *(*task_configs)(const sl_context *ctx, int32_t max_tasks, sl_task_configs *out);

    sl_error *(*open)(const sl_context *ctx, void **task);
    /* Partitions were assigned. A sink that keeps its offsets in the target sets .offset to where reading
       must start. Optional. */
    sl_error *(*assigned)(void *task, sl_topic_partition *parts, size_t n);
    /* Partitions were taken away (or lost: someone else may have them already). Optional. */
    void (*revoked)(void *task, const sl_topic_partition *parts, size_t n, bool lost);
    /* Writes the records, skipping dropped ones. NULL: taken (durable now or after pre_commit). RETRIABLE
       error: nothing or part was written, the same batch is put again after a back-off. Else the task fails;
       a bad record goes to host->report instead, and the others are written. */
    sl_error *(*put)(void *task, sl_batch *batch);
    /* Makes everything taken so far durable, and may lower the offsets to what is. NULL: put is durable by
     * itself. */
    sl_error *(*pre_commit)(void *task, sl_topic_partition *parts, size_t n);
    void (*interrupt)(void *task);
    void (*close)(void *task);
} sl_sink_ops;

/* ---- transforms and predicates ---- */

typedef struct sl_transform_ops {
    void (*validate)(const sl_context *ctx, sl_config_report *report);
    sl_error *(*open)(const sl_context *ctx, void **state);
    /* Changes the record in place (memory from batch->arena; schemas through sl_record_set_*), or sets
       rec->dropped. A USER error means a bad record. */
    sl_error *(*apply)(void *state, sl_batch *batch, sl_record *rec);
    void (*close)(void *state);
} sl_transform_ops;

typedef struct sl_predicate_ops {
    void (*validate)(const sl_context *ctx, sl_config_report *report);
    sl_error *(*open)(const sl_context *ctx, void **state);
    sl_error *(*test)(void *state, const sl_record *rec, bool *result);
    void (*close)(void *state);
} sl_predicate_ops;

/* ---- converters and header converters (the same shape) ---- */

typedef struct sl_converter_ops {
    void (*validate)(const sl_context *ctx, sl_config_report *report);
    /* usage: what this instance converts. */
    sl_error *(*open)(const sl_context *ctx, int usage, void **state);
    /* Appends the bytes of a value to out; *is_null = true (and nothing appended) for a null payload. */
    sl_error *(*to_bytes)(void *state, sl_str topic, sl_str header, const sl_schema *schema,
                          const sl_value *value, sl_buf *out, bool *is_null);
    /* Reads a value; absent bytes are a null payload. The bytes live as long as the batch, so values may
       point into them. Schemas must be kept with sl_batch_keep. */
    sl_error *(*from_bytes)(void *state, sl_str topic, sl_str header, sl_str bytes, sl_batch *batch,
                            const sl_schema **schema, sl_value *value);
    void (*close)(void *state);
} sl_converter_ops;

enum { SL_CONVERT_KEY, SL_CONVERT_VALUE, SL_CONVERT_HEADER };

/* ---- config providers ---- */

typedef struct sl_config_provider_ops {
    sl_error *(*open)(const sl_context *ctx, void **state);
    /* Looks up ${name:path:key}; the value is in the arena. An unknown path or key is a USER error. */
    sl_error *(*get)(void *state, sl_str path, sl_str key, sl_arena *arena, sl_str *value);
    void (*close)(void *state);
} sl_config_provider_ops;

/* ---- definitions and the handshake ---- */

typedef enum sl_plugin_kind {
    SL_KIND_SOURCE,
    SL_KIND_SINK,
    SL_KIND_TRANSFORM,
    SL_KIND_PREDICATE,
    SL_KIND_CONVERTER,
    SL_KIND_HEADER_CONVERTER,
    SL_KIND_CONFIG_PROVIDER,
    SL_KIND_COUNT
} sl_plugin_kind;

/* What a source offers, for sl_plugin_def.offers. */
enum {
    /* Its offsets name a record exactly: after a restart with a stored offset nothing before it comes again.
     */
    SL_OFFERS_EXACTLY_ONCE = 1,
    SL_OFFERS_BOUNDARIES = 2, /* it sets sl_batch.ends_transaction */
    SL_OFFERS_KEEP = 4,       /* it has keep (since ABI 1.2) */
};

typedef struct sl_plugin_def {
    uint32_t struct_size;
    sl_plugin_kind kind;
    const char *name;           /* Sluice's short name, unique within its kind */
    const char *const *aliases; /* Java class names, NULL-terminated; NULL = none */
    const char *version;        /* of what it is compatible with, or its own */
    const char *doc;            /* one or two plain sentences */
    const sl_config_row *settings;
    size_t nsettings;
    size_t settings_size; /* sizeof the struct that settings are parsed into; 0 = none */
    int32_t variant;      /* passed on in the context: one set of functions, several definitions */
    union {
        const sl_source_ops *source;
        const sl_sink_ops *sink;
        const sl_transform_ops *transform;
        const sl_predicate_ops *predicate;
        const sl_converter_ops *converter; /* header converters too */
        const sl_config_provider_ops *config_provider;
    };
    /* Sources and sinks: the user changes stored offsets while no task runs. items: source partition and
       offset; of a sink {"kafka_topic": STRING, "kafka_partition": INT32} and {"kafka_offset": INT64};
       SL_NULL: forget it; of a sink n = 0: forget all that there are. An error refuses the change. A
       connector that keeps offsets of its own changes those, too. May block. *all (true at the call) = false:
       the user is told that only what the worker keeps was changed. Optional: it is as if it set that. */
    sl_error *(*alter_offsets)(const sl_context *ctx, const sl_batch_offset *items, size_t n, bool *all);
    uint32_t offers; /* sources: SL_OFFERS_ */
    /* Sources: could a task go on from these stored offsets, maybe another worker's? An error says why not.
       Changes nothing and asks nobody; without the host's functions for tasks. Optional: any will do. */
    sl_error *(*check_offsets)(const sl_context *ctx, const sl_batch_offset *items, size_t n);
} sl_plugin_def;

typedef struct sl_plugin {
    uint32_t magic;       /* SL_PLUGIN_MAGIC */
    uint32_t struct_size; /* sizeof(sl_plugin) */
    uint16_t abi_major;
    uint16_t abi_minor;
    uint32_t ndefs;
    const char *name;
    const char *version;
    const sl_plugin_def *const *defs;
} sl_plugin;

typedef const sl_plugin *(*sl_plugin_entry)(void);
#define SL_PLUGIN_SYMBOL "sluice_plugin"

/* SL_PLUGIN_EXPORT("name", "1.0", defs): the last line of a plugin's main file; defs is an array of const
 * sl_plugin_def *. */
#define SL_PLUGIN_EXPORT(plugin_name, plugin_version, def_array)                                             \
    __attribute__((visibility("default"))) const sl_plugin *sluice_plugin(void);                             \
    const sl_plugin *sluice_plugin(void) {                                                                   \
        static const sl_plugin table = {                                                                     \
            .magic = SL_PLUGIN_MAGIC,                                                                        \
            .struct_size = sizeof(sl_plugin),                                                                \
            .abi_major = SL_ABI_MAJOR,                                                                       \
            .abi_minor = SL_ABI_MINOR,                                                                       \
            .ndefs = sizeof(def_array) / sizeof((def_array)[0]),                                             \
            .name = plugin_name,                                                                             \
            .version = plugin_version,                                                                       \
            .defs = def_array,                                                                               \
        };                                                                                                   \
        return &table;                                                                                       \
    }                                                                                                        \
    extern int sluice_plugin_end

#endif
