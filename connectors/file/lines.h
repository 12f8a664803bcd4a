/*
 * lines.h - cuts a stream of bytes into lines, in bounded memory.
 *
 * A line ends with LF, CR LF or CR, as java.io.BufferedReader has it. What comes after the last end of line
 * is held back until its end arrives or the stream is over. Knows nothing of files, batches or Kafka. One
 * owner at a time; the block of memory (256 KiB while there is something to read) is freed while nothing is
 * held back.
 */
#ifndef SLUICE_FILE_LINES_H
#define SLUICE_FILE_LINES_H

#include <sluice/memory.h>

#define LINES_BLOCK ((size_t)256 * 1024)

/* What to do with a line of more than the allowed bytes. */
typedef enum long_line { LONG_LINE_FAIL, LONG_LINE_SKIP, LONG_LINE_TRUNCATE } long_line;

/* How far a search for one character has come: found at `at`, or none before `at`. */
typedef struct line_mark {
    size_t at;
    bool found;
} line_mark;

typedef struct lines {
    char *buf; /* owned; NULL while empty */
    size_t cap;
    size_t start; /* first byte of the next line */
    size_t end;   /* behind the last byte that was read */
    line_mark lf;
    line_mark cr;
    int64_t position; /* of the next line's first byte in the stream */
    size_t max;       /* longest line in bytes, without its end */
    long_line policy;
    bool over;       /* the present line is longer than max: its bytes are dropped as they come */
    int64_t dropped; /* how many were */
} lines;

typedef enum lines_result {
    LINES_NONE,    /* no whole line here: read more */
    LINES_ONE,     /* a line */
    LINES_SKIPPED, /* a line that is too long was passed over */
    LINES_CUT,     /* a line, cut to max bytes */
    LINES_TOO_LONG /* the policy is to fail; the position stays at that line */
} lines_result;

void lines_init(lines *l, size_t max, long_line policy);
void lines_deinit(lines *l);

/* lines_restart forgets what is held back; the next byte read is at `position` of the stream. */
void lines_restart(lines *l, int64_t position);

/* lines_next takes the next whole line. The view is good until lines_room. `final`: the stream is over, so
   what is left is a line too. */
lines_result lines_next(lines *l, bool final, sl_str *line);

/* lines_room gives a place to read into and its size (at least 4 KiB); NULL when out of memory. Tell with
   lines_add how much was read. */
char *lines_room(lines *l, size_t *size);
void lines_add(lines *l, size_t n);

/* lines_trim gives memory back while nothing more comes. */
void lines_trim(lines *l);

/* lines_held tells whether a part of a line is held back. */
bool lines_held(const lines *l);

#endif
