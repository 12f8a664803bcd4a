/*
 * channels.c - see channels.h.
 */
#include "channels.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (1 << 20)

sl_error *cdc_channels_open(cdc_channels *c, const sl_context *ctx, const cdc_config *config) {
    memset(c, 0, sizeof *c);
    c->ctx = ctx;
    c->config = config;
    sl_arena_init(&c->arena, 1024);
    c->file = cdc_listed(config->signal_channels, "file");
    c->next_ms = c->file ? 1 : 0;
    return NULL;
}

void cdc_channels_close(cdc_channels *c) {
    sl_arena_deinit(&c->arena);
    memset(c, 0, sizeof *c);
}

static sl_error *add_text(cdc_channels *c, sl_str text) {
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 8;
        sl_str *more = sl_arena_alloc(&c->arena, cap * sizeof *more);
        if (!more) {
            return sl_error_nomem();
        }
        if (c->n) {
            memcpy(more, c->texts, c->n * sizeof *more);
        }
        c->texts = more;
        c->cap = cap;
    }
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

sl_error *cdc_channels_poll(cdc_channels *c, int64_t now_ms) {
    sl_arena_reset(&c->arena, 4096);
    c->texts = NULL;
    c->n = c->cap = c->at = 0;
    c->next_ms = now_ms + c->config->signal_poll_ms;
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
