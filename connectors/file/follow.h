/*
 * follow.h - a file that grows, is rotated or is truncated, or a stream (standard input, a FIFO, a terminal).
 *
 * Gives bytes in order and says what to wait for when there are none. Rotated: the path names another file;
 * the old one is read until nothing came for a while. Truncated: the file is shorter than what was read.
 * Knows nothing of lines. One owner at a time; never blocks, but for the disk.
 */
#ifndef SLUICE_FILE_FOLLOW_H
#define SLUICE_FILE_FOLLOW_H

#include <sluice/plugin.h>

typedef enum follow_event {
    FOLLOW_DATA,      /* bytes were read */
    FOLLOW_IDLE,      /* nothing now: wait as told */
    FOLLOW_MISSING,   /* there is no such file (yet): wait as told */
    FOLLOW_ROTATED,   /* the file is finished: take what is held back, then call follow_restart */
    FOLLOW_TRUNCATED, /* as ROTATED */
    FOLLOW_END,       /* a stream's end: nothing will ever come */
} follow_event;

typedef struct follow {
    char *path;          /* owned; NULL = standard input */
    int fd;              /* -1 = not open */
    bool regular;        /* a regular file: has positions */
    bool ended;          /* a stream's end was seen */
    int64_t read_to;     /* regular: position of the next read */
    int64_t quiet_since; /* rotated: when the last byte came (monotonic ms); 0 = not rotated */
    int64_t rotate_wait; /* ms for which an old file is watched */
    int inotify;         /* -1 = none */
    bool watched;        /* the open file has a watch */
    int64_t pause;       /* ms of the last wait without a watch; grows */
} follow;

/* follow_init copies the path (absent or empty = standard input). Opens nothing yet. */
SL_MUST_CHECK sl_error *follow_init(follow *f, sl_str path, int64_t rotate_wait);
void follow_deinit(follow *f);

/* follow_start opens the file at a position, once it is there; *opened tells. A position behind the end of
   the file becomes 0, as after a truncation: *position is set to where reading starts. */
SL_MUST_CHECK sl_error *follow_start(follow *f, int64_t *position, bool *opened, sl_wait *wait);

/* follow_read reads up to size bytes and says what happened. */
SL_MUST_CHECK sl_error *follow_read(follow *f, char *to, size_t size, size_t *n, follow_event *event,
                                    sl_wait *wait);

/* follow_restart goes on at position 0: of the same file when it was truncated, else of the new one, which
   follow_start opens. */
SL_MUST_CHECK sl_error *follow_restart(follow *f, follow_event why);

/* follow_name is what to call it in messages. */
const char *follow_name(const follow *f);

#endif
