/*
 * follow.c - reading a file as it grows. See follow.h.
 *
 * An idle file is watched with inotify; a process has few of those (128 a user by default), so at most
 * WATCHES_MAX tasks take one and the others look again by the clock. The watch is put on the open file
 * itself, through /proc, so that a rename between open and watch does no harm. A file on a network may change
 * unseen by inotify: there is always a time limit as well.
 */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WATCHES_MAX 64
#define WATCHED_WAIT_MS 5000
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 1000
#define MISSING_WAIT_MS 500
#define ENDED_WAIT_MS (3600 * 1000)

static atomic_int watches;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const char *follow_name(const follow *f) {
    return f->path ? f->path : "standard input";
}

sl_error *follow_init(follow *f, sl_str path, int64_t rotate_wait) {
    *f = (follow){.fd = -1, .inotify = -1, .rotate_wait = rotate_wait};
    if (path.n == 0) {
        return NULL;
    }
    f->path = sl_strdup(path);
    return f->path ? NULL : sl_error_nomem();
}

static void drop_watch(follow *f) {
    if (f->inotify >= 0) {
        close(f->inotify);
        atomic_fetch_sub(&watches, 1);
    }
    f->inotify = -1;
    f->watched = false;
}

static void close_file(follow *f) {
    if (f->fd >= 0 && f->path) {
        close(f->fd);
    }
    f->fd = -1;
    f->quiet_since = 0;
    drop_watch(f);
}

void follow_deinit(follow *f) {
    close_file(f);
    sl_free(f->path);
    f->path = NULL;
}

static void wait_until(sl_wait *wait, int64_t ms) {
    *wait = (sl_wait){.idle = true, .fd = -1, .until_ms = now_ms() + ms};
}

/* io_error: what an administrator must change is fatal, the rest may pass. */
static sl_error *io_error(const follow *f, const char *what) {
    int e = errno;
    bool fatal = e == EACCES || e == EPERM || e == EISDIR || e == ENOTDIR || e == ELOOP ||
                 e == ENAMETOOLONG || e == ENXIO;
    return sl_error_new(
        SL_E_IO, fatal ? SL_FATAL : SL_RETRIABLE, "cannot %s '%s': %s%s", what, follow_name(f), strerror(e),
        e == EACCES ? "; let the worker's user read it, and search the folders above it" : "");
}

static sl_error *open_path(follow *f) {
    if (!f->path) {
        f->fd = STDIN_FILENO;
        return NULL;
    }
    f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f->fd < 0 && errno != ENOENT) {
        return io_error(f, "open");
    }
    return NULL;
}

/* look_at_kind refuses a folder and finds out whether there are positions. */
static sl_error *look_at_kind(follow *f, int64_t *size) {
    struct stat st;
    if (fstat(f->fd, &st) < 0) {
        return io_error(f, "look at");
    }
    if (S_ISDIR(st.st_mode)) {
        return sl_error_new(SL_E_IO, SL_FATAL, "file '%s' is a folder; name a file in it", follow_name(f));
    }
    f->regular = f->path && S_ISREG(st.st_mode);
    *size = st.st_size;
    return NULL;
}

sl_error *follow_start(follow *f, int64_t *position, bool *opened, sl_wait *wait) {
    *opened = false;
    f->ended = false;
    SL_TRY(open_path(f));
    if (f->fd < 0) {
        wait_until(wait, MISSING_WAIT_MS);
        return NULL;
    }
    int64_t size = 0;
    sl_error *err = look_at_kind(f, &size);
    if (err) {
        close_file(f);
        return err;
    }
    if (!f->regular || *position > size) {
        *position = 0;
    }
    f->read_to = *position;
    *opened = true;
    return NULL;
}

sl_error *follow_restart(follow *f, follow_event why) {
    if (why == FOLLOW_TRUNCATED) {
        f->read_to = 0;
        f->quiet_since = 0;
        return NULL;
    }
    close_file(f);
    return NULL;
}

/* add_watch watches the open file; true when it was not watched before, so that the caller looks once more.
 */
static bool add_watch(follow *f) {
    if (f->watched) {
        return false;
    }
    if (f->inotify < 0) {
        if (atomic_fetch_add(&watches, 1) >= WATCHES_MAX) {
            atomic_fetch_sub(&watches, 1);
            return false;
        }
        f->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (f->inotify < 0) {
            atomic_fetch_sub(&watches, 1);
            return false;
        }
    }
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", f->fd);
    f->watched = inotify_add_watch(f->inotify, link, IN_MODIFY | IN_ATTRIB | IN_MOVE_SELF) >= 0;
    if (!f->watched) {
        drop_watch(f);
    }
    return f->watched;
}

static void take_events(follow *f) {
    char events[4096] __attribute__((aligned(8)));
    while (f->inotify >= 0 && read(f->inotify, events, sizeof(events)) > 0) {
    }
}

static void wait_for_growth(follow *f, sl_wait *wait) {
    if (add_watch(f)) {
        *wait = (sl_wait){0};
        return; /* what was written before the watch is seen by the next step, at once */
    }
    if (f->watched) {
        wait_until(wait, WATCHED_WAIT_MS);
        wait->fd = f->inotify;
        wait->readable = true;
        return;
    }
    f->pause = f->pause ? f->pause * 2 : PAUSE_MIN_MS;
    if (f->pause > PAUSE_MAX_MS) {
        f->pause = PAUSE_MAX_MS;
    }
    wait_until(wait, f->pause);
}

/* old_file_event: the path names another file; wait until the old one has been quiet for long enough. */
static follow_event old_file_event(follow *f, sl_wait *wait) {
    int64_t now = now_ms();
    if (f->quiet_since == 0) {
        f->quiet_since = now;
    }
    int64_t left = f->quiet_since + f->rotate_wait - now;
    if (left <= 0) {
        return FOLLOW_ROTATED;
    }
    wait_until(wait, left);
    if (f->watched) {
        wait->fd = f->inotify;
        wait->readable = true;
    }
    return FOLLOW_IDLE;
}

/* at_end decides what the end of a regular file means. */
static sl_error *at_end(follow *f, follow_event *event, sl_wait *wait) {
    struct stat open_file, named;
    if (fstat(f->fd, &open_file) < 0) {
        return io_error(f, "look at");
    }
    *event = FOLLOW_IDLE;
    if (open_file.st_size < f->read_to) {
        *event = FOLLOW_TRUNCATED;
        return NULL;
    }
    if (stat(f->path, &named) < 0) {
        wait_until(wait, MISSING_WAIT_MS);
        *event = FOLLOW_MISSING;
        return errno == ENOENT ? NULL : io_error(f, "look at");
    }
    if (named.st_ino != open_file.st_ino || named.st_dev != open_file.st_dev) {
        *event = old_file_event(f, wait);
        return NULL;
    }
    f->quiet_since = 0;
    wait_for_growth(f, wait);
    return NULL;
}

static sl_error *read_regular(follow *f, char *to, size_t size, size_t *n, follow_event *event,
                              sl_wait *wait) {
    take_events(f);
    ssize_t got = pread(f->fd, to, size, f->read_to);
    if (got < 0) {
        if (errno == EINTR) {
            *event = FOLLOW_IDLE;
            *wait = (sl_wait){0};
            return NULL;
        }
        return io_error(f, "read");
    }
    if (got == 0) {
        return at_end(f, event, wait);
    }
    *n = (size_t)got;
    f->read_to += got;
    f->pause = 0;
    if (f->quiet_since) {
        f->quiet_since = now_ms();
    }
    *event = FOLLOW_DATA;
    return NULL;
}

/* stream_end: a FIFO that was named may be opened by another writer, all else is over. */
static void stream_end(follow *f, follow_event *event, sl_wait *wait) {
    struct stat st;
    if (f->path && fstat(f->fd, &st) == 0 && S_ISFIFO(st.st_mode)) {
        *event = FOLLOW_IDLE;
        wait_until(wait, MISSING_WAIT_MS);
        return;
    }
    f->ended = true;
    *event = FOLLOW_END;
    wait_until(wait, ENDED_WAIT_MS);
}

static void wait_for_stream(follow *f, follow_event *event, sl_wait *wait) {
    *event = FOLLOW_IDLE;
    *wait = (sl_wait){.idle = true, .fd = f->fd, .readable = true};
}

static sl_error *read_stream(follow *f, char *to, size_t size, size_t *n, follow_event *event,
                             sl_wait *wait) {
    if (f->ended) {
        stream_end(f, event, wait);
        return NULL;
    }
    struct pollfd p = {.fd = f->fd, .events = POLLIN};
    if (poll(&p, 1, 0) <= 0) { /* standard input may be a blocking descriptor that others share */
        wait_for_stream(f, event, wait);
        return NULL;
    }
    ssize_t got = read(f->fd, to, size);
    if (got < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            wait_for_stream(f, event, wait);
            return NULL;
        }
        return io_error(f, "read");
    }
    if (got == 0) {
        stream_end(f, event, wait);
        return NULL;
    }
    *n = (size_t)got;
    *event = FOLLOW_DATA;
    return NULL;
}

sl_error *follow_read(follow *f, char *to, size_t size, size_t *n, follow_event *event, sl_wait *wait) {
    *n = 0;
    if (f->regular) {
        return read_regular(f, to, size, n, event, wait);
    }
    return read_stream(f, to, size, n, event, wait);
}
