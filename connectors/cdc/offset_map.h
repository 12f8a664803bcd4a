/*
 * offset_map.h - adding keys to a source offset (a MAP value in an arena).
 */
#ifndef CDC_OFFSET_MAP_H
#define CDC_OFFSET_MAP_H

#include <sluice/value.h>

/* cdc_map_more makes a map with the entries of another one and room for more; SL_NULL when out of memory. */
static inline sl_value cdc_map_more(sl_arena *a, const sl_value *from, size_t more) {
    sl_value map = sl_value_alloc(a, SL_MAP, from->n + more);
    if (map.type == SL_MAP) {
        memcpy(map.items, from->items, 2 * (size_t)from->n * sizeof *map.items);
        map.n = from->n;
    }
    return map;
}

/* cdc_map_put adds an entry where there is room for it; key and value as they are, not copied. */
static inline void cdc_map_put(sl_value *map, sl_str key, sl_value v) {
    map->items[(size_t)map->n * 2] = sl_string(key);
    map->items[(size_t)map->n * 2 + 1] = v;
    map->n++;
}

#endif
