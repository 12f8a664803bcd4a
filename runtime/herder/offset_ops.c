/*
 * offset_ops.c - the offsets of connectors as requests see and change them (ops.h).
 *
 * The work is done in a job: a source's offsets are in the worker's store or in its own, a sink's are those
 * that its consumer group has committed. The plugin hears of a change first and can refuse it. An
 * exactly-once source's are written in one transaction of its first task's id, as Kafka Connect does it.
 */
#include "herder/ops.h"
#include "herder/state.h"

#include "kafka/group_offsets.h"
#include "store/offsets_topic.h"

#define REQUEST_MS 60000

/* What a job of this kind is to do, and what it found; in the job's arena. */
typedef struct offset_work {
    sl__offsets *store; /* of a source */
    sl__offsets *own;   /* owned; NULL = the source uses the worker's */
    bool sink;
    bool reset;
    sl__offset_item *items;
    size_t n;
    bool all; /* the plugin says that nothing is left to change elsewhere */
    /* where the answer of a reading goes */
    sl_arena *arena;
    sl__offset_item **out;
    size_t *nout;
} offset_work;

/* ---- values ---- */

static sl_error *copy_items(sl_arena *arena, const sl__offset_item *from, size_t n, sl__offset_item **out) {
    sl__offset_item *items = sl_arena_alloc(arena, (n + 1) * sizeof *items);
    if (!items) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < n; i++) {
        if (!sl_value_copy(arena, &from[i].partition, &items[i].partition) ||
            !sl_value_copy(arena, &from[i].offset, &items[i].offset)) {
            return sl_error_nomem();
        }
    }
    *out = items;
    return NULL;
}

static bool read_number(const sl_value *v, int64_t *out) {
    if (v->type == SL_STRING) {
        return sl_str_to_i64(sl_value_str(v), out);
    }
    *out = sl_is_int(v) ? v->i : 0;
    return sl_is_int(v);
}

#define REFUSE(...) return sl_error_new(SL_E_CONFIG, SL_USER, __VA_ARGS__)

/* ---- sinks ---- */

/* parse_sink_item reads {"kafka_topic":T,"kafka_partition":N} and {"kafka_offset":N}, numbers also as text.
 */
static sl_error *parse_sink_item(const sl__offset_item *item, sl__group_offset *out) {
    int64_t n;
    const sl_value *topic = sl_map_get(&item->partition, SL_STR("kafka_topic"));
    const sl_value *partition = sl_map_get(&item->partition, SL_STR("kafka_partition"));
    const sl_value *offset = sl_map_get(&item->offset, SL_STR("kafka_offset"));
    if (item->partition.type != SL_MAP) {
        REFUSE("The partition for a sink connector offset cannot be null or missing");
    }
    if (!topic || !partition) {
        REFUSE("The partition for a sink connector offset must contain the keys 'kafka_topic' and "
               "'kafka_partition'");
    }
    if (topic->type != SL_STRING || !topic->n) {
        REFUSE("Kafka topic names must be valid strings and may not be null");
    }
    if (sl_is_null(partition)) {
        REFUSE("Kafka partitions must be valid numbers and may not be null");
    }
    if (!read_number(partition, &n) || n < 0 || n > INT32_MAX) {
        REFUSE(
            "Failed to parse the following Kafka partition value in the provided offsets. Partition values "
            "for sink connectors need to be integers.");
    }
    *out = (sl__group_offset){.topic = sl_value_str(topic), .partition = (int32_t)n, .offset = -1};
    if (sl_is_null(&item->offset)) {
        return NULL;
    }
    if (!offset) {
        REFUSE("The offset for a sink connector should either be null or contain the key 'kafka_offset'");
    }
    if (!read_number(offset, &out->offset) || out->offset < 0) {
        REFUSE("Failed to parse the following Kafka offset value in the provided offsets. Offset values for "
               "sink connectors need to be integers.");
    }
    return NULL;
}

/* group_of gives the client and the group of a sink. */
static sl_error *group_of(sl__job *job, sl__client_config *client, sl_str *group) {
    sl_config settings;
    const sl__task_env *env = &job->herder->env.task;
    SL_TRY(
        sl__client_settings(SL__CLIENT_CONSUMER, env->worker_config, &job->resolved, &job->arena, &settings));
    SL_TRY(sl__client_sink_group(&settings, job->name, &job->arena, group));
    return sl__job_client(job, SL__CLIENT_ADMIN, "admin.", client);
}

static sl_error *sink_item(sl_arena *arena, const sl__group_offset *from, sl__offset_item *to) {
    sl_value partition = sl_value_alloc(arena, SL_MAP, 2), offset = sl_value_alloc(arena, SL_MAP, 1);
    if (sl_is_null(&partition) || sl_is_null(&offset)) {
        return sl_error_nomem();
    }
    partition.items[0] = sl_string(SL_STR("kafka_topic"));
    partition.items[1] = sl_string(from->topic);
    partition.items[2] = sl_string(SL_STR("kafka_partition"));
    partition.items[3] = sl_int32(from->partition);
    offset.items[0] = sl_string(SL_STR("kafka_offset"));
    offset.items[1] = sl_int64(from->offset);
    *to = (sl__offset_item){.partition = partition, .offset = offset};
    return NULL;
}

static sl_error *read_sink(sl__job *job, offset_work *w) {
    sl__client_config client;
    sl_str group;
    sl__group_offset *found;
    size_t n;
    SL_TRY(group_of(job, &client, &group));
    SL_TRY(sl__group_offsets_list(job->herder->env.task.kafka, &client, group, REQUEST_MS, &job->arena,
                                  &found, &n));
    w->items = sl_arena_alloc(&job->arena, (n + 1) * sizeof *w->items);
    if (!w->items) {
        return sl_error_nomem();
    }
    for (w->n = 0; w->n < n; w->n++) {
        SL_TRY(sink_item(&job->arena, &found[w->n], &w->items[w->n]));
    }
    return NULL;
}

static sl_error *change_sink(sl__job *job, const offset_work *w) {
    sl__client_config client;
    sl_str group;
    sl__kafka *kafka = job->herder->env.task.kafka;
    SL_TRY(group_of(job, &client, &group));
    if (w->reset) {
        return sl__group_delete(kafka, &client, group, REQUEST_MS);
    }
    sl__group_offset *items = sl_arena_alloc(&job->arena, (w->n + 1) * sizeof *items);
    if (!items) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < w->n; i++) {
        SL_TRY(parse_sink_item(&w->items[i], &items[i]));
    }
    return sl__group_offsets_alter(kafka, &client, group, REQUEST_MS, items, w->n);
}

/* check_sink looks at all items before anybody hears of them. */
static sl_error *check_sink(const offset_work *w) {
    sl__group_offset ignored;
    for (size_t i = 0; i < w->n; i++) {
        SL_TRY(parse_sink_item(&w->items[i], &ignored));
    }
    return NULL;
}

/* ---- sources ---- */

typedef struct reading {
    sl__job *job;
    offset_work *work;
    size_t cap;
    bool failed;
} reading;

static void add_item(void *arg, const sl_value *partition, const sl_value *offset) {
    reading *r = arg;
    offset_work *w = r->work;
    sl__offset_item *items = sl_arena_grow(&r->job->arena, w->items, w->n, &r->cap, sizeof *items);
    if (!items) {
        r->failed = true;
        return;
    }
    w->items = items;
    sl__offset_item *item = &w->items[w->n];
    r->failed = r->failed || !sl_value_copy(&r->job->arena, partition, &item->partition) ||
                !sl_value_copy(&r->job->arena, offset, &item->offset);
    w->n += !r->failed;
}

static sl_error *read_source(sl__job *job, offset_work *w) {
    reading r = {.job = job, .work = w};
    SL_TRY(sl__offsets_each(w->store, job->name, add_item, &r));
    return r.failed ? sl_error_nomem() : NULL;
}

static sl_error *check_map(const sl_value *map) {
    for (uint32_t i = 0; i < map->n; i++) {
        const sl_value *v = &map->items[2 * i + 1];
        if (v->type == SL_MAP || v->type == SL_ARRAY) {
            REFUSE("Offsets may only contain primitive types as values, but field '%.*s' contains %s",
                   SL_STR_ARG(sl_value_str(&map->items[2 * i])), v->type == SL_MAP ? "MAP" : "ARRAY");
        }
    }
    return NULL;
}

static sl_error *check_source(const offset_work *w) {
    for (size_t i = 0; i < w->n; i++) {
        const sl__offset_item *item = &w->items[i];
        if (item->partition.type != SL_MAP) {
            REFUSE("Partition objects cannot be null");
        }
        if (item->offset.type != SL_MAP && !sl_is_null(&item->offset)) {
            REFUSE("Offset objects should either be null or an object");
        }
        SL_TRY(check_map(&item->partition));
        SL_TRY(sl_is_null(&item->offset) ? NULL : check_map(&item->offset));
    }
    return NULL;
}

static sl_error *open_store(sl__job *job, offset_work *w) {
    const sl__task_env *env = &job->herder->env.task;
    SL_TRY(sl__task_offsets_open(env, &job->resolved, &w->own));
    w->store = w->own ? w->own : env->offsets;
    return sl__offsets_refresh(w->store, REQUEST_MS);
}

/* put_in_transaction makes the change with all of its offsets, or none. */
static sl_error *put_in_transaction(sl__job *job, const offset_work *w, const sl_batch_offset *items) {
    const sl__task_env *env = &job->herder->env.task;
    sl__client_config client;
    sl__txn_record *records;
    sl_str id = sl__task_txn_id(&job->arena, env->group, job->name, 0);
    SL_TRY(id.p ? sl__job_client(job, SL__CLIENT_PRODUCER, "producer.", &client) : sl_error_nomem());
    SL_TRY(sl__offsets_render(w->store, job->name, items, w->n, &job->arena, &records));
    SL_TRY(sl__txn_write_as(env->kafka, &client, id, records, w->n, REQUEST_MS, &job->herder->ending));
    sl__offsets_mirror(w->store, job->name, items, w->n);
    return NULL;
}

static sl_error *change_source(sl__job *job, offset_work *w) {
    sl_batch_offset *items = sl_arena_alloc(&job->arena, (w->n + 1) * sizeof *items);
    if (!items) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < w->n; i++) {
        items[i] = (sl_batch_offset){.partition = w->items[i].partition, .offset = w->items[i].offset};
    }
    if (!w->n) {
        return NULL;
    }
    return job->herder->env.task.exactly_once ? put_in_transaction(job, w, items)
                                              : sl__offsets_put(w->store, job->name, items, w->n);
}

/* ---- in the job ---- */

/* with_store does something while the store of a source is open. */
static sl_error *with_store(sl__job *job, sl_error *(*work)(sl__job *job, offset_work *w)) {
    offset_work *w = job->extra_arg;
    sl_error *err = w->sink ? NULL : open_store(job, w);
    err = err ? err : work(job, w);
    sl__offsets_close(w->own);
    w->own = NULL;
    return err;
}

static sl_error *read_items(sl__job *job, offset_work *w) {
    return w->sink ? read_sink(job, w) : read_source(job, w);
}

static sl_error *read_work(sl__job *job) {
    return with_store(job, read_items);
}

/* items_for gives what the plugin hears: of a sink's reset that there is nothing left. */
static sl_error *items_for(sl__job *job, const offset_work *w, sl_batch_offset **out, size_t *n) {
    sl_batch_offset *items = *out = sl_arena_alloc(&job->arena, (w->n + 1) * sizeof *items);
    *n = w->sink && w->reset ? 0 : w->n;
    if (!items) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < *n; i++) {
        sl__offset_item item = w->items[i];
        if (w->sink) {
            sl__group_offset at;
            SL_TRY(parse_sink_item(&w->items[i], &at));
            SL_TRY(sink_item(&job->arena, &at, &item));
        }
        items[i] = (sl_batch_offset){.partition = item.partition,
                                     .offset = sl_is_null(&w->items[i].offset) ? sl_null() : item.offset};
    }
    return NULL;
}

/* ask_plugin lets the connector refuse, or do its own part. */
static sl_error *ask_plugin(sl__job *job, offset_work *w) {
    const sl_plugin_def *def = job->checked.def;
    sl__host_side side = {.arg = job};
    sl__instance inst;
    if (!def || !def->alter_offsets) {
        return NULL;
    }
    sl_batch_offset *items;
    size_t n;
    SL_TRY(items_for(job, w, &items, &n));
    SL_TRY(sl__instance_init(&inst, def, &job->checked.config, SL_STR_NONE, &job->arena, NULL));
    inst.context.host = sl__host_table();
    inst.context.connector = job->name;
    inst.context.task = -1;
    inst.context.runtime = &side;
    w->all = true;
    return def->alter_offsets(&inst.context, items, n, &w->all);
}

static sl_error *change_items(sl__job *job, offset_work *w) {
    if (w->reset) {
        SL_TRY(read_items(job, w));
        for (size_t i = 0; i < w->n; i++) {
            w->items[i].offset = sl_null();
        }
    }
    SL_TRY(w->sink ? check_sink(w) : check_source(w));
    SL_TRY(ask_plugin(job, w));
    return w->sink ? change_sink(job, w) : change_source(job, w);
}

static sl_error *change_work(sl__job *job) {
    return with_store(job, change_items);
}

/* ---- around it ---- */

/* job_failed ends a call whose job has failed; false: it has not. */
static bool job_failed(sl__job *job, sl__call *c) {
    bool retriable;
    if (job->err) {
        sl_error *err = job->err;
        job->err = NULL;
        if (err->code == SL_E_CONFLICT) {
            sl_error_free(err);
            (void)sl__op_refused(job->herder, c, 409,
                                 "The offsets of connector %.*s cannot be changed because tasks of it, or "
                                 "other members of its "
                                 "consumer group, have not stopped yet. Try again when they have.",
                                 SL_STR_ARG(job->name));
            return true;
        }
        return sl__op_failed(job->herder, c, 0, err);
    }
    if (job->report.errors) {
        return sl__op_refused(job->herder, c, 400, "%.*s", SL_STR_ARG(sl__job_problem(job, &retriable)));
    }
    return false;
}

static void read_done(sl__job *job) {
    sl__call *c = job->owner;
    offset_work *w = job->extra_arg;
    if (c && !job_failed(job, c)) {
        sl_error *err = copy_items(w->arena, w->items, w->n, w->out);
        *w->nout = err ? 0 : w->n;
        (void)(err ? sl__op_failed(job->herder, c, 0, err) : sl__op_done(job->herder, c));
    }
    sl__job_free(job);
}

static void change_done(sl__job *job) {
    sl__call *c = job->owner;
    const offset_work *w = job->extra_arg;
    if (c && !job_failed(job, c)) {
        const char *verb = w->reset ? "reset" : "altered";
        sl__op_end end = {.kind = SL_OP_DONE};
        end.message = sl_arena_printf(
            &job->arena,
            w->all ? "The offsets for this connector have been %s successfully"
                   : "The Connect framework-managed offsets for this connector have been %s successfully. "
                     "However, if this connector manages offsets externally, they will need to be manually "
                     "%s in the system that the connector uses.",
            verb, verb);
        (void)sl__op_end_call(job->herder, c, &end);
    }
    sl__job_free(job);
}

static bool start(sl__herder *h, sl__call *c, const sl__connector_view *v, sl__job *job, offset_work **out) {
    offset_work *w = job ? sl_arena_zalloc(&job->arena, sizeof *w) : NULL;
    *out = w;
    if (!w) {
        sl__job_free(job);
        (void)sl__op_failed(h, c, 0, sl_error_nomem());
        return false;
    }
    w->sink = v->def && v->def->kind == SL_KIND_SINK;
    job->extra_arg = w;
    return true;
}

bool sl__op_read_offsets(sl__herder *h, sl__call *c, const sl__connector_view *v, sl_arena *arena,
                         sl__offset_item **items, size_t *n) {
    offset_work *w;
    sl__job *job = sl__job_new(h, v->name, v->raw);
    if (!start(h, c, v, job, &w)) {
        return true;
    }
    w->arena = arena;
    w->out = items;
    w->nout = n;
    job->resolve_only = true;
    job->extra = read_work;
    job->finished = read_done;
    sl__job_for_call(job, c);
    return false;
}

bool sl__op_change_offsets(sl__herder *h, sl__call *c, const sl__connector_view *v,
                           const sl__offset_item *items, size_t n) {
    offset_work *w;
    sl__job *job = sl__job_new(h, v->name, v->raw);
    if (!start(h, c, v, job, &w)) {
        return true;
    }
    w->reset = items == NULL;
    w->n = n;
    sl_error *err = items ? copy_items(&job->arena, items, n, &w->items) : NULL;
    if (err) {
        sl__job_free(job);
        return sl__op_failed(h, c, 0, err);
    }
    job->extra = change_work;
    job->finished = change_done;
    sl__job_for_call(job, c);
    return false;
}
