/*
 * sink.c - the file sink: each record becomes a line.
 *
 * At least once. A batch is rendered into a block that always ends with a whole line; when a write stops half
 * way (full disk) the same batch comes again, and the bytes that got out are not written a second time. When
 * another batch comes instead, or the file ends within a line after a crash, that line is ended first, so
 * lines never run together.
 */
#include "file.h"
#include "output.h"
#include "text.h"

#define BLOCK ((size_t)256 * 1024)

typedef struct file_sink {
    const sl_context *ctx;
    output out;
    sl_buf block;    /* rendered lines that wait to be written */
    size_t skip;     /* bytes of this batch's rendering that got out at an earlier try */
    size_t done;     /* bytes of it that are out */
    bool unfinished; /* the last put failed, with its batch's first record at: */
    sl_str topic;    /* a view of topic_copy */
    char *topic_copy;
    int32_t partition;
    int64_t offset;
    size_t records;
} file_sink;

/* write_block writes the block but for what is out already. */
static sl_error *write_block(file_sink *sink) {
    sl_str bytes = sl_buf_view(&sink->block);
    if (sink->block.failed) {
        return sl_error_nomem();
    }
    size_t known = sink->skip < bytes.n ? sink->skip : bytes.n;
    size_t written = 0;
    sl_error *err = NULL;
    if (known < bytes.n) {
        err = output_write(&sink->out, sl_str_skip(bytes, known), &written);
    }
    sink->skip -= known;
    sink->done += known + written;
    sl_buf_clear(&sink->block);
    return err;
}

static bool same_batch(const file_sink *sink, const sl_batch *batch) {
    const sl_record *r = batch->records;
    return sink->unfinished && batch->n == sink->records && r->kafka_offset == sink->offset &&
           r->kafka_partition == sink->partition && sl_str_eq(r->kafka_topic, sink->topic);
}

/* end_torn_line ends a line that an earlier write left open. */
static sl_error *end_torn_line(file_sink *sink) {
    size_t written;
    return sink->out.torn ? output_write(&sink->out, SL_STR("\n"), &written) : NULL;
}

/* begin_batch finds out whether this batch, or a part of it, was written before. */
static sl_error *begin_batch(file_sink *sink, const sl_batch *batch) {
    bool fresh;
    SL_TRY(output_reopen(&sink->out, &fresh));
    if (fresh) {
        sl_log(sink->ctx, SL_LOG_INFO, "the file was moved away or deleted; writing to a new one");
    }
    sink->skip = same_batch(sink, batch) && !fresh ? sink->done : 0;
    sink->done = 0;
    sl_buf_clear(&sink->block);
    if (sink->skip == 0) {
        SL_TRY(end_torn_line(sink));
    }
    return NULL;
}

/* remember notes which batch failed, so that it is known when it comes again. */
static void remember(file_sink *sink, const sl_batch *batch) {
    const sl_record *r = batch->records;
    sl_free(sink->topic_copy);
    sink->topic_copy = sl_strdup(r->kafka_topic);
    sink->unfinished = sink->topic_copy != NULL || r->kafka_topic.n == 0;
    sink->topic = sl_str_make(sink->topic_copy, r->kafka_topic.n);
    sink->partition = r->kafka_partition;
    sink->offset = r->kafka_offset;
    sink->records = batch->n;
}

static sl_error *write_records(file_sink *sink, const sl_batch *batch) {
    for (size_t i = 0; i < batch->n; i++) {
        const sl_record *r = &batch->records[i];
        if (r->dropped) {
            continue;
        }
        text_add(&sink->block, r->value_schema, &r->value);
        sl_buf_add_char(&sink->block, '\n');
        if (sink->block.n >= BLOCK) {
            SL_TRY(write_block(sink));
        }
    }
    return write_block(sink);
}

static sl_error *file_sink_put(void *task, sl_batch *batch) {
    file_sink *sink = task;
    if (batch->n == 0) {
        return NULL;
    }
    SL_TRY(begin_batch(sink, batch));
    size_t before = sink->skip;
    sl_error *err = write_records(sink, batch);
    if (err) {
        sink->done = sink->done > before ? sink->done : before;
        remember(sink, batch);
        return err;
    }
    sink->unfinished = false;
    return NULL;
}

static sl_error *file_sink_pre_commit(void *task, sl_topic_partition *parts, size_t n) {
    file_sink *sink = task;
    (void)parts;
    (void)n;
    return sink->out.fd >= 0 ? output_sync(&sink->out) : NULL;
}

static void file_sink_interrupt(void *task) {
    file_sink *sink = task;
    output_interrupt(&sink->out);
}

static void file_sink_close(void *task) {
    file_sink *sink = task;
    output_close(&sink->out);
    sl_buf_deinit(&sink->block);
    sl_free(sink->topic_copy);
    sl_free(sink);
}

static sl_error *file_sink_open(const sl_context *ctx, void **task) {
    const file_sink_settings *settings = ctx->settings;
    file_sink *sink = sl_calloc(1, sizeof(*sink));
    if (!sink) {
        return sl_error_nomem();
    }
    sink->ctx = ctx;
    sl_buf_init(&sink->block, NULL);
    sl_error *err = output_open(&sink->out, settings->file);
    if (err) {
        file_sink_close(sink);
        return err;
    }
    *task = sink;
    return NULL;
}

const sl_sink_ops file_sink_ops = {
    .open = file_sink_open,
    .put = file_sink_put,
    .pre_commit = file_sink_pre_commit,
    .interrupt = file_sink_interrupt,
    .close = file_sink_close,
};
