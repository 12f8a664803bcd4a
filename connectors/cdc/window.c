/*
 * window.c - see window.h.
 */
#include "window.h"

void cdc_window_init(cdc_window *w, void (*free_line)(void *line)) {
    memset(w, 0, sizeof *w);
    w->free_line = free_line;
}

static void drop(cdc_window *w, cdc_window_row *r) {
    if (r->line) {
        w->free_line(r->line);
        w->bytes -= r->n + r->key_n;
        w->live--;
    }
    r->line = NULL;
    sl_free(r->key);
    r->key = NULL;
}

void cdc_window_clear(cdc_window *w) {
    for (size_t i = 0; i < w->n; i++) {
        drop(w, &w->rows[i]);
    }
    sl_free(w->rows);
    sl_free(w->slots);
    void (*free_line)(void *) = w->free_line;
    memset(w, 0, sizeof *w);
    w->free_line = free_line;
}

void cdc_window_deinit(cdc_window *w) {
    cdc_window_clear(w);
}

void cdc_window_key(sl_buf *b, const sl_str *texts, size_t n) {
    sl_buf_clear(b);
    for (size_t i = 0; i < n; i++) {
        uint32_t size = texts[i].p ? (uint32_t)texts[i].n : UINT32_MAX;
        sl_buf_add(b, &size, sizeof size);
        if (texts[i].p) {
            sl_buf_add_str(b, texts[i]);
        }
    }
}

static cdc_window_row *find(const cdc_window *w, sl_str key, uint64_t hash) {
    uint32_t at = w->nslots ? w->slots[hash & (w->nslots - 1)] : 0;
    while (at) {
        cdc_window_row *r = &w->rows[at - 1];
        if (r->line && r->hash == hash && sl_str_eq((sl_str){r->key, r->key_n}, key)) {
            return r;
        }
        at = r->next;
    }
    return NULL;
}

static bool rehash(cdc_window *w, size_t nslots) {
    uint32_t *slots = sl_calloc(nslots, sizeof *slots);
    if (!slots) {
        return false;
    }
    sl_free(w->slots);
    w->slots = slots;
    w->nslots = nslots;
    for (size_t i = 0; i < w->n; i++) {
        cdc_window_row *r = &w->rows[i];
        uint32_t *slot = &slots[r->hash & (nslots - 1)];
        r->next = *slot;
        *slot = (uint32_t)i + 1;
    }
    return true;
}

static bool grow(cdc_window *w) {
    size_t had = w->cap;
    cdc_window_row *rows = sl_grow(w->rows, w->n, &w->cap, sizeof *rows);
    if (!rows) {
        return false;
    }
    w->rows = rows;
    return w->cap == had || rehash(w, w->cap * 2);
}

bool cdc_window_add(cdc_window *w, sl_str key, char *line, size_t n) {
    uint64_t hash = sl_str_hash(key);
    cdc_window_row *old = find(w, key, hash);
    if (old) {
        drop(w, old);
    }
    char *copy = grow(w) ? sl_alloc(key.n + 1) : NULL;
    if (!copy) {
        w->free_line(line);
        return false;
    }
    memcpy(copy, key.p ? key.p : "", key.n);
    cdc_window_row *r = &w->rows[w->n];
    uint32_t *slot = &w->slots[hash & (w->nslots - 1)];
    *r = (cdc_window_row){.line = line, .n = n, .key = copy, .key_n = key.n, .hash = hash, .next = *slot};
    *slot = (uint32_t)++w->n;
    w->live++;
    w->bytes += n + key.n;
    return true;
}

bool cdc_window_remove(cdc_window *w, sl_str key) {
    cdc_window_row *r = w->live ? find(w, key, sl_str_hash(key)) : NULL;
    if (r) {
        drop(w, r);
    }
    return r != NULL;
}
