/*
 * window.h - the rows of one chunk of an incremental snapshot, until it is clear which of them the stream has
 * changed meanwhile.
 *
 * A row is opaque bytes under a key; a change of the same key takes it out. Rows come out in the order in
 * which they went in. Keys are made by cdc_window_key from the database's texts of the key's columns, of
 * which snapshot and stream have the same.
 *
 * Threads: one owner. Memory: heap, bounded by whoever adds (cdc_window_bytes).
 */
#ifndef CDC_WINDOW_H
#define CDC_WINDOW_H

#include <sluice/memory.h>

typedef struct cdc_window_row {
    char *line; /* freed with the window's function; NULL = taken out */
    size_t n;
    char *key; /* owned */
    size_t key_n;
    uint64_t hash;
    uint32_t next; /* of the same slot, index + 1 */
} cdc_window_row;

typedef struct cdc_window {
    cdc_window_row *rows;
    size_t n, cap;
    size_t live;
    size_t bytes;
    uint32_t *slots;
    size_t nslots;
    void (*free_line)(void *line);
} cdc_window;

void cdc_window_init(cdc_window *w, void (*free_line)(void *line));
void cdc_window_clear(cdc_window *w);
void cdc_window_deinit(cdc_window *w);

/* cdc_window_key writes a key of n texts (absent = null) into b, which it clears first. */
void cdc_window_key(sl_buf *b, const sl_str *texts, size_t n);

/* cdc_window_add takes line over, also when it fails; a row of the same key is replaced. False: no memory. */
bool cdc_window_add(cdc_window *w, sl_str key, char *line, size_t n);

/* cdc_window_remove takes the row of a key out; tells whether there was one. */
bool cdc_window_remove(cdc_window *w, sl_str key);

#endif
