/*
 * atomic_file.h - a small file that is read whole and replaced whole.
 *
 * Replacing writes PATH.tmp, syncs it, renames it over PATH and syncs the folder: after a kill at any instant
 * PATH is the old text or the new one. What fails is a RETRIABLE error that names the file; the old text is
 * then intact and PATH.tmp gone.
 *
 * Threads: one at a time for each path. Memory: said at each function.
 */
#ifndef SLUICE_STORE_ATOMIC_FILE_H
#define SLUICE_STORE_ATOMIC_FILE_H

#include <sluice/memory.h>

/* sl__file_read gives the text of a file, on the heap; absent when there is no such file. */
SL_MUST_CHECK sl_error *sl__file_read(const char *path, size_t max, sl_buf *out, bool *there);

/* sl__file_replace makes text the file's contents, durably. A new file gets mode 0644 less umask; an old
 * one's mode is kept. */
SL_MUST_CHECK sl_error *sl__file_replace(const char *path, sl_str text);

/* sl__file_lock takes the lock that PATH.lock stands for, until the descriptor is closed. CONFLICT: somebody
 * else has it. */
SL_MUST_CHECK sl_error *sl__file_lock(const char *path, int *fd);

#endif
