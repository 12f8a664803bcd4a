/*
 * source.c - the file source: each line of a file becomes a record.
 *
 * Source partition {"filename": F} and offset {"position": N}, as Kafka Connect's FileStreamSource; N counts
 * bytes. What is not a whole line yet is held back and read again after a restart. Lines are found in the
 * task's block and copied into the batch's arena, many at a time.
 *
 * Not for: files that are rewritten in place, or rotated while the worker is down (the position is then one
 * of the old file's; only a file that is shorter than it is noticed).
 */
#include "file.h"
#include "follow.h"
#include "lines.h"
#include "utf8.h"

#include <inttypes.h>
#include <time.h>

#define POLL_BYTES ((size_t)1024 * 1024)
#define POLL_LINES 10000
#define POLL_READS 32 /* blocks; a line that is passed over may be of any length */
#define SWEEP_LINES 256

typedef struct file_source {
    const sl_context *ctx;
    const file_source_settings *settings;
    const sl_schema *schema; /* STRING; owned reference */
    lines lines;
    follow follow;
    bool opened;
    bool said_missing;
    bool moved; /* the position jumped: tell it even without records */
} file_source;

/* One poll in progress. */
typedef struct sweep {
    file_source *src;
    sl_batch *batch;
    sl_str topic; /* in the arena; absent until needed */
    int64_t now_ms;
    size_t lines_left;
    size_t bytes_left;
    sl_error *too_long; /* a line that must not be passed over */
} sweep;

static int64_t wall_clock_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool has_offsets(const file_source *src) {
    return src->follow.regular;
}

static sl_value one_entry(sl_arena *a, const char *name, sl_value v) {
    sl_value map = sl_value_alloc(a, SL_MAP, 1);
    if (map.type == SL_MAP) {
        map.items[0] = sl_string(sl_str_of(name));
        map.items[1] = v;
    }
    return map;
}

static sl_value partition_of(const file_source *src, sl_arena *a) {
    sl_str name = sl_arena_str(a, src->settings->file);
    return name.p ? one_entry(a, "filename", sl_string(name)) : sl_null();
}

/* ---- lines into records ---- */

static sl_error *long_line_error(const file_source *src) {
    return sl_error_new(SL_E_DATA, SL_FATAL,
                        "the line at byte %" PRId64 " of '%s' is longer than line.max.bytes=%" PRId32
                        "; raise it, or set line.too.long to skip or truncate",
                        src->lines.position, follow_name(&src->follow), src->settings->line_max_bytes);
}

static void note_long_line(const file_source *src, const char *what, int64_t from) {
    sl_log(src->ctx, SL_LOG_WARN,
           "a line of '%s' was %s: bytes %" PRId64 " to %" PRId64 ", more than line.max.bytes=%" PRId32,
           follow_name(&src->follow), what, from, src->lines.position, src->settings->line_max_bytes);
    src->ctx->host->metric_add(src->ctx, "long_lines", 1);
}

/* add_records copies the lines, which lie in one stretch of memory, and makes records of them. */
static bool add_records(sweep *s, const sl_str *line, size_t n) {
    if (n == 0) {
        return true;
    }
    sl_arena *a = &s->batch->arena;
    const char *from = line[0].p;
    size_t span = (size_t)(line[n - 1].p + line[n - 1].n - from);
    char *copy = sl_arena_bytes(a, span + 1); /* never of size 0 */
    if (s->topic.p == NULL) {
        s->topic = sl_arena_str(a, s->src->settings->topic);
    }
    if (!copy || !s->topic.p) {
        return false;
    }
    memcpy(copy, from, span);
    bool plain = utf8_is_ascii(copy, span);
    for (size_t i = 0; i < n; i++) {
        sl_str text = sl_str_make(copy + (line[i].p - from), line[i].n);
        if (!plain && !utf8_repair(a, &text)) {
            return false;
        }
        sl_record *r = sl_batch_add(s->batch);
        if (!r) {
            return false;
        }
        r->topic = s->topic;
        r->timestamp = s->now_ms;
        sl_record_set_value(s->batch, r, s->src->schema, sl_string(text));
    }
    return true;
}

/* take_line counts a line in, or reports what happened instead; false when the sweep ends. */
static bool take_line(sweep *s, bool final, sl_str *out, size_t *n) {
    file_source *src = s->src;
    int64_t from = src->lines.position;
    lines_result got = lines_next(&src->lines, final, &out[*n]);
    switch (got) {
    case LINES_NONE:
        return false;
    case LINES_TOO_LONG:
        s->too_long = long_line_error(src);
        return false;
    case LINES_SKIPPED:
        src->moved = true;
        note_long_line(src, "skipped", from);
        return true;
    case LINES_CUT:
        note_long_line(src, "truncated", from);
        break;
    case LINES_ONE:
        break;
    }
    s->lines_left--;
    s->bytes_left -= out[*n].n < s->bytes_left ? out[*n].n : s->bytes_left;
    src->moved = true;
    (*n)++;
    return true;
}

static bool batch_full(const sweep *s) {
    return s->lines_left == 0 || s->bytes_left == 0 || s->too_long != NULL;
}

/* sweep_lines takes all whole lines that are here. False when out of memory. */
static bool sweep_lines(sweep *s, bool final) {
    sl_str line[SWEEP_LINES];
    bool more = true;
    while (more && !batch_full(s)) {
        size_t n = 0;
        while (n < SWEEP_LINES && more && !batch_full(s)) {
            more = take_line(s, final, line, &n);
        }
        if (!add_records(s, line, n)) {
            return false;
        }
    }
    return true;
}

/* ---- the file ---- */

static sl_error *start_file(file_source *src, sl_wait *wait) {
    int64_t asked = src->lines.position;
    int64_t position = asked;
    bool opened = false;
    SL_TRY(follow_start(&src->follow, &position, &opened, wait));
    if (!opened) {
        if (!src->said_missing) {
            sl_log(src->ctx, SL_LOG_WARN, "there is no file '%s'; waiting for it", follow_name(&src->follow));
        }
        src->said_missing = true;
        return NULL;
    }
    if (position != asked && has_offsets(src)) {
        sl_log(src->ctx, SL_LOG_WARN,
               "'%s' is shorter than the stored position %" PRId64 ": reading it from its start",
               follow_name(&src->follow), asked);
        src->moved = true;
    }
    sl_log(src->ctx, SL_LOG_INFO, "reading '%s' from byte %" PRId64, follow_name(&src->follow), position);
    lines_restart(&src->lines, position);
    src->opened = true;
    src->said_missing = false;
    return NULL;
}

/* finish_file takes what is held back of a finished file, and turns to the new one. */
static sl_error *finish_file(sweep *s, follow_event why, bool *done) {
    file_source *src = s->src;
    *done = false;
    if (!sweep_lines(s, true)) {
        return sl_error_nomem();
    }
    if (batch_full(s) || lines_held(&src->lines)) {
        return NULL; /* the rest with the next step */
    }
    *done = true;
    if (why == FOLLOW_END) {
        return NULL;
    }
    sl_log(src->ctx, SL_LOG_INFO, "'%s' was %s at byte %" PRId64 "; reading from the start",
           follow_name(&src->follow), why == FOLLOW_ROTATED ? "rotated" : "truncated", src->lines.position);
    SL_TRY(follow_restart(&src->follow, why));
    lines_restart(&src->lines, 0);
    src->opened = why == FOLLOW_TRUNCATED;
    src->moved = true;
    return NULL;
}

/* read_more reads a block; *go_on = false when the step is over. */
static sl_error *read_more(sweep *s, sl_wait *wait, bool *go_on) {
    file_source *src = s->src;
    size_t room = 0, n = 0;
    char *to = lines_room(&src->lines, &room);
    if (!to) {
        return sl_error_nomem();
    }
    follow_event event = FOLLOW_IDLE;
    SL_TRY(follow_read(&src->follow, to, room, &n, &event, wait));
    lines_add(&src->lines, n);
    *go_on = false;
    switch (event) {
    case FOLLOW_DATA:
        *go_on = true;
        return NULL;
    case FOLLOW_ROTATED:
    case FOLLOW_TRUNCATED:
        return finish_file(s, event, go_on);
    case FOLLOW_END:
        SL_TRY(finish_file(s, event, go_on));
        if (!*go_on) {
            *wait = (sl_wait){0};
        }
        *go_on = false;
        break;
    case FOLLOW_IDLE:
    case FOLLOW_MISSING:
        break;
    }
    lines_trim(&src->lines);
    return NULL;
}

static sl_error *fill_batch(sweep *s, sl_wait *wait) {
    file_source *src = s->src;
    bool go_on = true;
    for (int reads = 0; go_on && reads < POLL_READS; reads++) {
        if (!src->opened) {
            SL_TRY(start_file(src, wait));
            if (!src->opened) {
                return NULL;
            }
        }
        if (!sweep_lines(s, false)) {
            return sl_error_nomem();
        }
        if (batch_full(s)) {
            return NULL;
        }
        SL_TRY(read_more(s, wait, &go_on));
    }
    return NULL;
}

static bool tell_offset(file_source *src, sl_batch *batch) {
    if (!src->moved || !has_offsets(src)) {
        return true;
    }
    sl_value partition = partition_of(src, &batch->arena);
    sl_value offset = one_entry(&batch->arena, "position", sl_int64(src->lines.position));
    if (sl_is_null(&partition) || sl_is_null(&offset) || !sl_batch_set_offset(batch, partition, offset)) {
        return false;
    }
    src->moved = false;
    return true;
}

static sl_error *file_source_poll(void *task, sl_batch *batch, sl_wait *wait) {
    file_source *src = task;
    size_t most = (size_t)src->settings->batch_size;
    sweep s = {.src = src,
               .batch = batch,
               .now_ms = wall_clock_ms(),
               .lines_left = most < POLL_LINES ? most : POLL_LINES,
               .bytes_left = POLL_BYTES};
    *wait = (sl_wait){0};
    sl_error *err = fill_batch(&s, wait);
    if (err) {
        sl_error_free(s.too_long);
        return err;
    }
    if (!tell_offset(src, batch)) {
        sl_error_free(s.too_long);
        return sl_error_nomem();
    }
    if (s.too_long && batch->n > 0) { /* first what came before it; the next step finds the line again */
        sl_error_free(s.too_long);
        return NULL;
    }
    return s.too_long;
}

/* ---- life ---- */

/* stored_position reads where the last run stood. */
static sl_error *stored_position(const file_source *src, int64_t *position) {
    sl_arena arena;
    sl_arena_init(&arena, 1024);
    sl_value offset = sl_null();
    sl_value partition = partition_of(src, &arena);
    sl_error *err = NULL;
    *position = 0;
    if (sl_is_null(&partition)) {
        err = sl_error_nomem();
    } else {
        err = src->ctx->host->offset_read(src->ctx, &partition, &arena, &offset);
    }
    const sl_value *stored = err ? NULL : sl_map_get(&offset, SL_STR("position"));
    if (stored && !sl_is_null(stored)) {
        if (!sl_is_int(stored) || stored->i < 0) {
            err = sl_error_new(SL_E_DATA, SL_USER,
                               "the stored offset of '%.*s' has a 'position' that is no whole number of 0 or "
                               "more; correct or "
                               "delete the connector's offsets",
                               SL_STR_ARG(src->settings->file));
        } else {
            *position = stored->i;
        }
    }
    sl_arena_deinit(&arena);
    return err;
}

static void file_source_close(void *task) {
    file_source *src = task;
    src->ctx->host->schema_unref(src->schema);
    lines_deinit(&src->lines);
    follow_deinit(&src->follow);
    sl_free(src);
}

static sl_error *file_source_open(const sl_context *ctx, void **task) {
    file_source *src = sl_calloc(1, sizeof(*src));
    if (!src) {
        return sl_error_nomem();
    }
    src->ctx = ctx;
    src->settings = ctx->settings;
    ctx->host->metric_add(ctx, "long_lines", 0);
    lines_init(&src->lines, (size_t)src->settings->line_max_bytes, (long_line)src->settings->long_line);
    sl_error *err = follow_init(&src->follow, src->settings->file, src->settings->rotate_wait_ms);
    int64_t position = 0;
    if (!err && src->settings->file.n > 0) {
        err = stored_position(src, &position);
    }
    if (!err) {
        lines_restart(&src->lines, position);
        err = sl_schema_simple(ctx->host, SL_STRING, false, &src->schema);
    }
    if (err) {
        file_source_close(src);
        return err;
    }
    *task = src;
    return NULL;
}

/* One task: a file is read by one reader only. */
static sl_error *file_source_task_configs(const sl_context *ctx, int32_t max_tasks, sl_task_configs *out) {
    (void)max_tasks;
    out->items = sl_arena_alloc(out->arena, sizeof(*out->items));
    if (!out->items) {
        return sl_error_nomem();
    }
    out->items[0] = *ctx->config;
    out->n = 1;
    return NULL;
}

const sl_source_ops file_source_ops = {
    .task_configs = file_source_task_configs,
    .open = file_source_open,
    .poll = file_source_poll,
    .close = file_source_close,
};
