/*
 * atomic_file.c - see atomic_file.h.
 */
#include "store/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *remedy(int e) {
    switch (e) {
    case ENOSPC:
    case EDQUOT:
        return "; make room on its file system";
    case EFBIG:
        return "; raise the limit on the size of files (ulimit -f)";
    case EACCES:
    case EPERM:
        return "; let the worker's user write there";
    case EROFS:
        return "; mount its file system for writing";
    case ENOENT:
        return "; make the folder first";
    default:
        return "";
    }
}

static sl_error *io_error(const char *what, const char *path) {
    int e = errno;
    return sl_error_new(SL_E_IO, SL_RETRIABLE, "cannot %s '%s': %s%s", what, path, strerror(e), remedy(e));
}

static bool with_suffix(const char *path, const char *suffix, char *out, size_t size) {
    int n = snprintf(out, size, "%s%s", path, suffix);
    return n > 0 && (size_t)n < size;
}

/* ---- reading ---- */

static sl_error *read_all(int fd, const char *path, size_t max, sl_buf *out) {
    for (;;) {
        char *to = sl_buf_room(out, 64 * 1024);
        if (!to) {
            return sl_error_nomem();
        }
        ssize_t n = read(fd, to, 64 * 1024);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return io_error("read", path);
        }
        if (n == 0) {
            return NULL;
        }
        out->n += (size_t)n;
        if (out->n > max) {
            return sl_error_new(SL_E_IO, SL_USER, "'%s' is larger than %zu bytes", path, max);
        }
    }
}

sl_error *sl__file_read(const char *path, size_t max, sl_buf *out, bool *there) {
    *there = false;
    sl_buf_init(out, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        return NULL;
    }
    if (fd < 0) {
        return io_error("open", path);
    }
    *there = true;
    sl_error *err = read_all(fd, path, max, out);
    close(fd);
    if (err) {
        sl_buf_deinit(out);
        sl_buf_init(out, NULL);
    }
    return err;
}

/* ---- replacing ---- */

static sl_error *write_all(int fd, const char *path, sl_str text) {
    for (size_t at = 0; at < text.n;) {
        ssize_t n = write(fd, text.p + at, text.n - at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n == 0 ? ENOSPC : errno;
            return io_error("write", path);
        }
        at += (size_t)n;
    }
    return fsync(fd) != 0 ? io_error("sync", path) : NULL;
}

static sl_error *sync_folder(const char *path) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);
    if (n >= sizeof folder) {
        return NULL; /* open refused such a path already */
    }
    memcpy(folder, slash ? path : ".", n);
    folder[n] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return io_error("open", folder);
    }
    /* some file systems have no sync of folders, and say so */
    sl_error *err = fsync(fd) != 0 && errno != EINVAL ? io_error("sync", folder) : NULL;
    close(fd);
    return err;
}

static sl_error *write_temp(const char *path, const char *temp, sl_str text) {
    struct stat old;
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return io_error("create", temp);
    }
    sl_error *err = write_all(fd, temp, text);
    if (!err && stat(path, &old) == 0) {
        (void)fchmod(fd, old.st_mode & 07777); /* not the owner: the new file's own mode is fine */
    }
    if (close(fd) != 0 && !err) {
        err = io_error("close", temp);
    }
    return err;
}

sl_error *sl__file_replace(const char *path, sl_str text) {
    char temp[PATH_MAX];
    if (!with_suffix(path, ".tmp", temp, sizeof temp)) {
        return sl_error_new(SL_E_IO, SL_USER, "the path '%s' is too long", path);
    }
    sl_error *err = write_temp(path, temp, text);
    if (!err && rename(temp, path) != 0) {
        err = io_error("replace", path);
    }
    if (err) {
        (void)unlink(temp);
        return err;
    }
    return sync_folder(path);
}

/* ---- locking ---- */

sl_error *sl__file_lock(const char *path, int *fd) {
    char lock[PATH_MAX];
    *fd = -1;
    if (!with_suffix(path, ".lock", lock, sizeof lock)) {
        return sl_error_new(SL_E_IO, SL_USER, "the path '%s' is too long", path);
    }
    int opened = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (opened < 0) {
        return io_error("create", lock);
    }
    if (flock(opened, LOCK_EX | LOCK_NB) != 0) {
        sl_error *err = errno == EWOULDBLOCK
                            ? sl_error_new(SL_E_CONFLICT, SL_USER,
                                           "'%s' is in use by another worker; give each its own file", path)
                            : io_error("lock", lock);
        close(opened);
        return err;
    }
    *fd = opened;
    return NULL;
}
