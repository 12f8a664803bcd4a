/*
 * chunk.c - see chunk.h.
 */
#include "chunk.h"

#include <inttypes.h>

/* ---- ranges: ascending, apart from each other ---- */

static bool ranges_have(const cdc_range *r, size_t n, uint64_t at) {
    for (size_t i = 0; i < n; i++) {
        if (at >= r[i].first && at < r[i].end) {
            return true;
        }
    }
    return false;
}

static bool ranges_add(cdc_range **list, size_t *n, cdc_range add) {
    cdc_range *more = sl_realloc(*list, (*n + 1) * sizeof *more);
    if (!more) {
        return false;
    }
    *list = more;
    size_t to = 0;
    for (size_t i = 0; i < *n; i++) { /* what touches the new one goes into it */
        cdc_range r = more[i];
        if (r.first <= add.end && add.first <= r.end) {
            add.first = r.first < add.first ? r.first : add.first;
            add.end = r.end > add.end ? r.end : add.end;
        } else {
            more[to++] = r;
        }
    }
    size_t at = to;
    while (at > 0 && more[at - 1].first > add.first) {
        more[at] = more[at - 1];
        at--;
    }
    more[at] = add;
    *n = to + 1;
    return true;
}

/* An id as a range that reaches to its neighbours among ids, so that it merges with them. */
static bool ids_add(cdc_range **list, size_t *n, uint32_t id, const uint32_t *ids, size_t nids) {
    cdc_range r = {id, (uint64_t)id + 1};
    for (size_t i = 0; i + 1 < nids; i++) {
        if (ids[i] == id && ranges_have(*list, *n, ids[i + 1])) {
            r.end = ids[i + 1];
        }
        if (ids[i + 1] == id && ranges_have(*list, *n, ids[i])) {
            r.first = (uint64_t)ids[i] + 1;
        }
    }
    return ranges_add(list, n, r);
}

/* ---- parts ---- */

static void heap_deinit(cdc_heap *h) {
    sl_free(h->ranges);
}

static void part_deinit(cdc_part *p) {
    for (size_t i = 0; i < p->nheaps; i++) {
        heap_deinit(&p->heaps[i]);
    }
    sl_free(p->heaps);
    sl_free(p->leaves);
}

void cdc_progress_deinit(cdc_progress *p) {
    for (size_t i = 0; i < p->nparts; i++) {
        part_deinit(&p->parts[i]);
    }
    sl_free(p->parts);
    sl_free(p->done);
    memset(p, 0, sizeof *p);
}

static cdc_part *find_part(const cdc_progress *p, uint32_t table) {
    for (size_t i = 0; i < p->nparts; i++) {
        if (p->parts[i].id == table) {
            return &p->parts[i];
        }
    }
    return NULL;
}

static cdc_part *need_part(cdc_progress *p, uint32_t table) {
    cdc_part *part = find_part(p, table);
    if (part) {
        return part;
    }
    cdc_part *more = sl_realloc(p->parts, (p->nparts + 1) * sizeof *more);
    if (!more) {
        return NULL;
    }
    p->parts = more;
    more[p->nparts] = (cdc_part){.id = table};
    return &more[p->nparts++];
}

static cdc_heap *find_heap(const cdc_part *part, uint32_t id) {
    for (size_t i = 0; part && i < part->nheaps; i++) {
        if (part->heaps[i].id == id) {
            return &part->heaps[i];
        }
    }
    return NULL;
}

static cdc_heap *need_heap(cdc_part *part, uint32_t id, uint64_t file) {
    cdc_heap *h = find_heap(part, id);
    if (h && h->file == file) {
        return h;
    }
    if (h) { /* rewritten: what was known is void */
        h->file = file;
        h->n = 0;
        return h;
    }
    cdc_heap *more = sl_realloc(part->heaps, (part->nheaps + 1) * sizeof *more);
    if (!more) {
        return NULL;
    }
    part->heaps = more;
    more[part->nheaps] = (cdc_heap){.id = id, .file = file};
    return &more[part->nheaps++];
}

void cdc_progress_forget(cdc_progress *p, uint32_t table, uint32_t heap) {
    cdc_part *part = find_part(p, table);
    cdc_heap *h = find_heap(part, heap);
    if (h) {
        heap_deinit(h);
        *h = part->heaps[--part->nheaps];
    }
}

void cdc_progress_drop(cdc_progress *p, uint32_t table) {
    cdc_part *part = find_part(p, table);
    if (part) {
        part_deinit(part);
        *part = p->parts[--p->nparts];
    }
}

bool cdc_progress_table(cdc_progress *p, uint32_t table, const uint32_t *ids, size_t nids) {
    if (!ids_add(&p->done, &p->ndone, table, ids, nids)) {
        return false;
    }
    cdc_progress_drop(p, table);
    return true;
}

bool cdc_progress_leaf(cdc_progress *p, uint32_t table, uint32_t leaf, const uint32_t *ids, size_t nids) {
    cdc_part *part = need_part(p, table);
    if (!part || !ids_add(&part->leaves, &part->nleaves, leaf, ids, nids)) {
        return false;
    }
    cdc_progress_forget(p, table, leaf);
    return true;
}

bool cdc_progress_blocks(cdc_progress *p, uint32_t table, uint32_t heap, uint64_t file, cdc_range blocks) {
    cdc_part *part = need_part(p, table);
    cdc_heap *h = part ? need_heap(part, heap, file) : NULL;
    return h && ranges_add(&h->ranges, &h->n, blocks);
}

bool cdc_progress_has_table(const cdc_progress *p, uint32_t table) {
    return ranges_have(p->done, p->ndone, table);
}

bool cdc_progress_has_part(const cdc_progress *p, uint32_t table) {
    return find_part(p, table) != NULL;
}

bool cdc_progress_has_leaf(const cdc_progress *p, uint32_t table, uint32_t leaf) {
    const cdc_part *part = find_part(p, table);
    return part && ranges_have(part->leaves, part->nleaves, leaf);
}

const cdc_heap *cdc_progress_heap(const cdc_progress *p, uint32_t table, uint32_t heap) {
    return find_heap(find_part(p, table), heap);
}

/* ---- text ---- */

static void add_ids(sl_buf *b, const char *word, const cdc_range *r, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sl_buf_printf(b, "%s%" PRIu64, i ? "," : word, r[i].first);
        if (r[i].end > r[i].first + 1) {
            sl_buf_printf(b, "-%" PRIu64, r[i].end - 1);
        }
    }
}

static void add_heap(sl_buf *b, const cdc_heap *h) {
    sl_buf_printf(b, " heap=%u/%" PRIu64, h->id, h->file);
    for (size_t i = 0; i < h->n; i++) {
        sl_buf_printf(b, "%c%" PRIu64 "-", i ? '+' : ':', h->ranges[i].first);
        if (h->ranges[i].end != CDC_BLOCKS_OPEN) {
            sl_buf_printf(b, "%" PRIu64, h->ranges[i].end);
        }
    }
}

sl_str cdc_progress_store(const cdc_progress *p, sl_arena *a) {
    sl_buf b;
    sl_buf_init(&b, a);
    sl_buf_printf(&b, "1 since=%" PRIu64, p->since);
    add_ids(&b, " done=", p->done, p->ndone);
    for (size_t i = 0; i < p->nparts; i++) {
        const cdc_part *part = &p->parts[i];
        sl_buf_printf(&b, " table=%u", part->id);
        add_ids(&b, " leaves=", part->leaves, part->nleaves);
        for (size_t k = 0; k < part->nheaps; k++) {
            add_heap(&b, &part->heaps[k]);
        }
    }
    return sl_buf_take(&b);
}

static bool read_number(sl_str s, uint64_t max, uint64_t *out) {
    int64_t v = 0;
    if (!s.n || !sl_str_to_i64(s, &v) || v < 0 || (uint64_t)v > max) {
        return false;
    }
    *out = (uint64_t)v;
    return true;
}

/* a, or a-b; b is inclusive for ids */
static bool read_ids(sl_str list, cdc_range **to, size_t *n) {
    sl_str item;
    while (list.n && sl_str_next(&list, ',', &item)) {
        size_t dash = sl_str_find(item, '-');
        cdc_range r;
        if (!read_number((sl_str){item.p, dash}, UINT32_MAX, &r.first)) {
            return false;
        }
        r.end = r.first;
        if (dash < item.n && !read_number(sl_str_skip(item, dash + 1), UINT32_MAX, &r.end)) {
            return false;
        }
        r.end++;
        if (r.end <= r.first || !ranges_add(to, n, r)) {
            return false;
        }
    }
    return true;
}

static bool read_heap(cdc_progress *p, uint32_t table, sl_str text) {
    size_t slash = sl_str_find(text, '/');
    size_t colon = sl_str_find(text, ':');
    uint64_t id = 0;
    uint64_t file = 0;
    if (slash >= colon || !read_number((sl_str){text.p, slash}, UINT32_MAX, &id) ||
        !read_number((sl_str){text.p + slash + 1, colon - slash - 1}, INT64_MAX, &file)) {
        return false;
    }
    sl_str list = sl_str_skip(text, colon + 1);
    sl_str item;
    while (list.n && sl_str_next(&list, '+', &item)) {
        size_t dash = sl_str_find(item, '-');
        cdc_range r = {.end = CDC_BLOCKS_OPEN};
        if (dash == item.n || !read_number((sl_str){item.p, dash}, INT64_MAX, &r.first) ||
            (dash + 1 < item.n && !read_number(sl_str_skip(item, dash + 1), INT64_MAX, &r.end)) ||
            r.end < r.first || !cdc_progress_blocks(p, table, (uint32_t)id, file, r)) {
            return false;
        }
    }
    return true;
}

static bool read_word(cdc_progress *p, uint64_t *table, sl_str word) {
    size_t eq = sl_str_find(word, '=');
    sl_str name = {word.p, eq};
    sl_str value = sl_str_skip(word, eq + 1);
    if (eq == word.n) {
        return false;
    }
    if (sl_str_eqz(name, "since")) {
        return read_number(value, INT64_MAX, &p->since);
    }
    if (sl_str_eqz(name, "done")) {
        return read_ids(value, &p->done, &p->ndone);
    }
    if (sl_str_eqz(name, "table")) {
        return read_number(value, UINT32_MAX, table) && *table && need_part(p, (uint32_t)*table);
    }
    cdc_part *part = *table ? need_part(p, (uint32_t)*table) : NULL;
    if (part && sl_str_eqz(name, "leaves")) {
        return read_ids(value, &part->leaves, &part->nleaves);
    }
    return part && sl_str_eqz(name, "heap") && read_heap(p, part->id, value);
}

bool cdc_progress_load(cdc_progress *p, sl_str text) {
    sl_str word;
    uint64_t table = 0;
    memset(p, 0, sizeof *p);
    bool ok = text.n && sl_str_next(&text, ' ', &word) && sl_str_eqz(word, "1");
    while (ok && text.n && sl_str_next(&text, ' ', &word)) {
        ok = read_word(p, &table, word);
    }
    if (!ok) {
        cdc_progress_deinit(p);
    }
    return ok;
}
