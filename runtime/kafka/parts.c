/*
 * parts.c - see parts.h.
 */
#include "kafka/parts.h"

#include "base/clock.h"

void sl__part_list_deinit(sl__part_list *l) {
    for (size_t i = 0; i < l->n; i++) {
        sl_free(l->items[i].topic);
    }
    sl_free(l->items);
    *l = (sl__part_list){0};
}

static bool is_part(const sl__part *p, const char *topic, int32_t partition) {
    return p->partition == partition && strcmp(p->topic, topic) == 0;
}

sl__part *sl__part_list_find(sl__part_list *l, const char *topic, int32_t partition) {
    if (l->last < l->n && is_part(&l->items[l->last], topic, partition)) {
        return &l->items[l->last];
    }
    for (size_t i = 0; i < l->n; i++) {
        if (is_part(&l->items[i], topic, partition)) {
            l->last = i;
            return &l->items[i];
        }
    }
    return NULL;
}

sl__part *sl__part_list_add(sl__part_list *l, sl_str topic, int32_t partition, int64_t next) {
    char *copy = sl_strdup(topic);
    sl__part *p = copy ? sl__part_list_find(l, copy, partition) : NULL;
    if (p) {
        sl_free(copy);
        p->next = next;
        p->since_ms = sl__now_ms();
        return p;
    }
    sl__part *more = copy ? sl_grow(l->items, l->n, &l->cap, sizeof *more) : NULL;
    if (!more) {
        sl_free(copy);
        return NULL;
    }
    l->items = more;
    p = &l->items[l->n++];
    *p = (sl__part){copy, topic.n, partition, next, sl__now_ms()};
    return p;
}

void sl__part_list_remove(sl__part_list *l, const char *topic, int32_t partition) {
    sl__part *p = sl__part_list_find(l, topic, partition);
    if (p) {
        sl_free(p->topic);
        *p = l->items[--l->n];
        l->last = 0;
    }
}
