/*
 * java_file.h - reads and writes the file in which Kafka Connect's standalone worker keeps offsets.
 *
 * It is one java.util.HashMap<byte[], byte[]> as java.io.ObjectOutputStream writes it. Only exactly that is
 * taken, and exactly that is written.
 *
 * Threads: pure functions. Memory: keys and values point into the text.
 */
#ifndef SLUICE_STORE_JAVA_FILE_H
#define SLUICE_STORE_JAVA_FILE_H

#include <sluice/memory.h>

/* sl__java_file_is tells whether a text starts as a Java object stream. */
bool sl__java_file_is(sl_str text);

/* sl__java_file_read calls cb for each entry; a null key or value is absent. Errors say at which byte the
 * text is something else. */
typedef sl_error *(*sl__java_entry_cb)(void *arg, sl_str key, sl_str value);
SL_MUST_CHECK sl_error *sl__java_file_read(sl_str text, sl__java_entry_cb cb, void *arg);

/* sl__java_file_write_head begins a file of n entries; then as many sl__java_file_write_entry, the first of
 * them with first = true, and sl__java_file_write_end. Texts of 2 GB and more are not possible. */
void sl__java_file_write_head(uint32_t n, sl_buf *out);
void sl__java_file_write_entry(sl_str key, sl_str value, bool first, sl_buf *out);
void sl__java_file_write_end(sl_buf *out);

#endif
