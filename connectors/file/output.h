/*
 * output.h - a file, FIFO or standard output that is appended to.
 *
 * A write that cannot go on (full disk, stop) tells how far it came. A regular file that was moved away or
 * deleted is synced, closed and made anew by output_reopen. Knows nothing of records. One owner at a time;
 * only output_interrupt may be called from another thread.
 */
#ifndef SLUICE_FILE_OUTPUT_H
#define SLUICE_FILE_OUTPUT_H

#include <sluice/plugin.h>

#include <stdatomic.h>

typedef struct output {
    char *path; /* owned; NULL = standard output */
    int fd;     /* -1 = not open */
    int wake;   /* eventfd that ends a wait for room */
    bool regular;
    bool torn; /* the last byte that was written is no end of line */
    bool lost; /* a sync failed: what was taken since may be gone, nothing may be committed any more */
    atomic_bool stop;
} output;

/* output_open: path absent or empty = standard output. */
SL_MUST_CHECK sl_error *output_open(output *o, sl_str path);
/* output_close also follows an output_open that failed. */
void output_close(output *o);

/* output_reopen looks whether the path still names the open file; *fresh tells that it did not. */
SL_MUST_CHECK sl_error *output_reopen(output *o, bool *fresh);

/* output_write appends; *done is how much got out, also with an error. */
SL_MUST_CHECK sl_error *output_write(output *o, sl_str bytes, size_t *done);

/* output_sync makes everything written so far durable. */
SL_MUST_CHECK sl_error *output_sync(output *o);

void output_interrupt(output *o);

#endif
