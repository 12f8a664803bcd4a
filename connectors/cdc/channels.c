/*
 * channels.c - see channels.h.
 */
#include "channels.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1 << 20)
#define TOPIC_RECORDS 100 /* taken at a time */
#define CONSUMER "signal.consumer."

/* The settings of signal.consumer.*, without that. */
static sl_error *consumer_settings(const sl_config *all, sl_arena *a, sl_config *out) {
    sl_config_entry *list = sl_arena_zalloc(a, (all->n + 1) * sizeof *list);
    size_t n = 0;
    if (!list) {
        return sl_error_nomem();
    }
    for (size_t i = 0; i < all->n; i++) {
        if (sl_str_starts(all->entries[i].key, SL_STR(CONSUMER))) {
            list[n] = all->entries[i];
            list[n++].key = sl_str_skip(all->entries[i].key, sizeof CONSUMER - 1);
        }
    }
    *out = (sl_config){list, n};
    return NULL;
}

static sl_error *open_topic(cdc_channels *c) {
    const sl_host *h = c->ctx->host;
    sl_config client;
    sl_arena a;
    if (!SL_HOST_HAS(h, topic_append)) {
        return sl_error_new(SL_E_UNSUPPORTED, SL_USER,
                            "signal.enabled.channels: this worker gives plugins no topics: expected source "
                            "and file");
    }
    sl_arena_init(&a, 1024);
    sl_error *err = consumer_settings(c->ctx->config, &a, &client);
    sl_str by_default = sl_arena_printf(&a, "%.*s-signal", SL_STR_ARG(c->config->topic_prefix));
    sl_topic_spec spec = {.topic = c->config->signal_topic.n ? c->config->signal_topic : by_default,
                          .servers = c->config->signal_servers,
                          .client = &client,
                          .group = c->config->signal_group,
                          .from = -1};
    if (!err) {
        err = h->topic_open(c->ctx, &spec, &c->topic);
    }
    if (!err) {
        sl_log(c->ctx, SL_LOG_INFO, "signals are read from topic '%.*s'", SL_STR_ARG(spec.topic));
    }
    sl_arena_deinit(&a);
    return err ? sl_error_wrap(err, "the signal topic") : NULL;
}

sl_error *cdc_channels_open(cdc_channels *c, const sl_context *ctx, const cdc_config *config) {
    memset(c, 0, sizeof *c);
    c->ctx = ctx;
    c->config = config;
    sl_arena_init(&c->arena, 1024);
    c->file = cdc_listed(config->signal_channels, "file");
    c->commit = -1;
    bool topic = cdc_listed(config->signal_channels, "kafka");
    c->next_ms = c->file || topic ? 1 : 0;
    return topic ? open_topic(c) : NULL;
}

void cdc_channels_close(cdc_channels *c) {
    if (c->topic) {
        c->ctx->host->topic_close(c->topic);
    }
    sl_arena_deinit(&c->arena);
    memset(c, 0, sizeof *c);
}

static sl_error *add_text(cdc_channels *c, sl_str text) {
    sl_str *more = sl_arena_grow(&c->arena, c->texts, c->n, &c->cap, sizeof *more);
    if (!more) {
        return sl_error_nomem();
    }
    c->texts = more;
    c->texts[c->n++] = sl_arena_str(&c->arena, text);
    return c->arena.failed ? sl_error_nomem() : NULL;
}

static void complain(cdc_channels *c, const char *path, const char *why) {
    sl_log(c->ctx, SL_LOG_WARN, "signal.file '%s': %s", path, why);
}

/* Reads the whole file and empties it. */
static sl_error *read_file(cdc_channels *c, const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;
    if (fd < 0) {
        if (errno != ENOENT) {
            complain(c, path, strerror(errno));
        }
        return NULL;
    }
    sl_error *err = NULL;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX) {
        complain(c, path, "expected a file of at most 1 MB");
    } else if (st.st_size > 0) {
        char *text = sl_arena_bytes(&c->arena, (size_t)st.st_size);
        ssize_t got = text ? read(fd, text, (size_t)st.st_size) : -1;
        sl_str rest = {text, got > 0 ? (size_t)got : 0};
        sl_str line;
        if (!text) {
            err = sl_error_nomem();
        } else if (got < 0 || ftruncate(fd, 0) < 0) {
            complain(c, path, strerror(errno));
            rest.n = 0; /* read again and again, it would act again and again */
        }
        while (!err && rest.n && sl_str_next(&rest, '\n', &line)) {
            line = sl_str_trim(line);
            err = line.n ? add_text(c, line) : NULL;
        }
    }
    close(fd);
    return err;
}

/* What was taken has been acted on: it need not come again. */
static void commit(cdc_channels *c) {
    sl_error *err = c->commit >= 0 ? c->ctx->host->topic_commit(c->topic, c->commit) : NULL;
    if (err) {
        char text[300];
        sl_log(c->ctx, SL_LOG_WARN, "%s", sl_error_text(err, text, sizeof text));
        sl_error_free(err);
    }
    c->commit = -1;
}

static sl_error *read_topic(cdc_channels *c) {
    bool got = true;
    commit(c);
    for (int left = TOPIC_RECORDS; got && left > 0; left--) {
        sl_topic_message m;
        SL_TRY(c->ctx->host->topic_next(c->topic, 0, &c->arena, &m, &got));
        if (!got) {
            break;
        }
        c->commit = m.offset + 1;
        if (!sl_str_eq(m.key, c->config->topic_prefix)) {
            sl_log(c->ctx, SL_LOG_INFO, "the signal at offset %lld is for '%.*s', not for '%.*s'",
                   (long long)m.offset, SL_STR_ARG(m.key), SL_STR_ARG(c->config->topic_prefix));
        } else if (m.value.n) {
            SL_TRY(add_text(c, m.value));
        }
    }
    return NULL;
}

sl_error *cdc_channels_poll(cdc_channels *c, int64_t now_ms) {
    sl_arena_reset(&c->arena, 4096);
    c->texts = NULL;
    c->n = c->cap = c->at = 0;
    c->next_ms = now_ms + c->config->signal_poll_ms;
    if (c->topic) {
        SL_TRY(read_topic(c));
    }
    if (!c->file) {
        return NULL;
    }
    sl_str path = sl_arena_str(&c->arena, c->config->signal_file);
    return path.p ? read_file(c, path.p) : sl_error_nomem();
}

bool cdc_channels_next(cdc_channels *c, sl_str *text) {
    if (c->at >= c->n) {
        return false;
    }
    *text = c->texts[c->at++];
    return true;
}
