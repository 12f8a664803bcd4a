/*
 * output.c - appending to a file. See output.h.
 *
 * Pipes and terminals are written in pieces of at most PIPE_BUF bytes after a wait for room, which never
 * block then (POSIX: a pipe that is ready takes PIPE_BUF), although their descriptor may be a blocking one
 * that others share.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *name_of(const output *o) {
    return o->path ? o->path : "standard output";
}

static sl_error *io_error(const output *o, const char *what) {
    int e = errno;
    bool fatal = e == EACCES || e == EPERM || e == EISDIR || e == ENOENT || e == ENOTDIR || e == ELOOP ||
                 e == EROFS || e == ENAMETOOLONG || e == EPIPE || e == EBADF || e == EFBIG;
    const char *hint = e == ENOENT   ? "; make the folder first"
                       : e == EACCES ? "; let the worker's user write there"
                       : e == ENOSPC ? "; make room, it is tried again"
                       : e == ENXIO  ? "; nobody reads this FIFO, it is tried again"
                                     : "";
    return sl_error_new(SL_E_IO, fatal ? SL_FATAL : SL_RETRIABLE, "cannot %s '%s': %s%s", what, name_of(o),
                        strerror(e), hint);
}

/* ends_torn: does a regular file end within a line, as after a crash in the middle of a write? */
static bool ends_torn(const output *o, off_t size) {
    char last = '\n';
    int fd = size > 0 ? open(o->path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        if (pread(fd, &last, 1, size - 1) != 1) {
            last = '\n';
        }
        close(fd);
    }
    return last != '\n';
}

static sl_error *open_file(output *o) {
    if (!o->path) {
        o->fd = STDOUT_FILENO;
        return NULL;
    }
    o->fd = open(o->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    if (o->fd < 0) {
        return io_error(o, "open");
    }
    struct stat st;
    if (fstat(o->fd, &st) < 0) {
        return io_error(o, "look at");
    }
    o->regular = S_ISREG(st.st_mode);
    o->torn = o->regular && ends_torn(o, st.st_size);
    return NULL;
}

sl_error *output_open(output *o, sl_str path) {
    *o = (output){.fd = -1, .wake = -1};
    if (path.n > 0) {
        o->path = sl_strdup(path);
        if (!o->path) {
            return sl_error_nomem();
        }
    }
    o->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (o->wake < 0) {
        return io_error(o, "wait for");
    }
    return open_file(o);
}

static void close_file(output *o) {
    if (o->fd >= 0 && o->path) {
        close(o->fd);
    }
    o->fd = -1;
}

void output_close(output *o) {
    close_file(o);
    if (o->wake >= 0) {
        close(o->wake);
    }
    o->wake = -1;
    sl_free(o->path);
    o->path = NULL;
}

sl_error *output_reopen(output *o, bool *fresh) {
    *fresh = false;
    if (o->fd >= 0 && !o->regular) {
        return NULL;
    }
    if (o->fd >= 0) {
        struct stat mine, named;
        if (fstat(o->fd, &mine) < 0) {
            return io_error(o, "look at");
        }
        if (stat(o->path, &named) == 0 && named.st_ino == mine.st_ino && named.st_dev == mine.st_dev) {
            return NULL;
        }
        SL_TRY(output_sync(o));
        close_file(o);
    }
    *fresh = true;
    return open_file(o);
}

/* wait_for_room waits until a pipe takes bytes, or until it is interrupted. */
static sl_error *wait_for_room(output *o) {
    struct pollfd p[2] = {{.fd = o->fd, .events = POLLOUT}, {.fd = o->wake, .events = POLLIN}};
    while (!atomic_load(&o->stop)) {
        int n = poll(p, 2, -1);
        if (n < 0 && errno != EINTR) {
            return io_error(o, "wait for");
        }
        if (n > 0 && p[0].revents) {
            return NULL;
        }
    }
    return sl_error_new(SL_E_INTERRUPTED, SL_RETRIABLE, "stopped while waiting for the reader of '%s'",
                        name_of(o));
}

sl_error *output_write(output *o, sl_str bytes, size_t *done) {
    *done = 0;
    while (*done < bytes.n) {
        size_t n = bytes.n - *done;
        if (!o->regular) {
            SL_TRY(wait_for_room(o));
            n = n < PIPE_BUF ? n : PIPE_BUF;
        }
        ssize_t out = write(o->fd, bytes.p + *done, n);
        if (out < 0 && errno != EINTR && errno != EAGAIN) {
            return io_error(o, "write to");
        }
        if (out > 0) {
            *done += (size_t)out;
            o->torn = bytes.p[*done - 1] != '\n';
        }
    }
    return NULL;
}

sl_error *output_sync(output *o) {
    if (!o->lost && fsync(o->fd) < 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP) {
        o->lost =
            true; /* the kernel forgets what it could not write: a second fsync would succeed for nothing */
        sl_error *err = io_error(o, "sync");
        err->cls = err->immortal ? err->cls : SL_RETRIABLE;
        return err;
    }
    if (o->lost) {
        return sl_error_new(SL_E_IO, SL_RETRIABLE,
                            "'%s' could not be synced before; the task must begin again", name_of(o));
    }
    return NULL;
}

void output_interrupt(output *o) {
    atomic_store(&o->stop, true);
    uint64_t one = 1;
    ssize_t written = write(o->wake, &one, sizeof(one)); /* fails only when it is signalled already */
    (void)written;
}
