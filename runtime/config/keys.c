/*
 * keys.c - see keys.h.
 */
#include "config/keys.h"

enum { MISSPELT = 2 };

bool sl__keys_known(const sl__row_table *tables, size_t n, sl_str key) {
    for (size_t i = 0; i < n; i++) {
        if (sl_config_row_find(tables[i].rows, tables[i].n, key)) {
            return true;
        }
    }
    return false;
}

static void try_name(sl_str key, sl_str name, sl_str *best, unsigned *distance) {
    unsigned d = name.n ? sl_str_distance(key, name) : *distance;
    if (d < *distance) {
        *distance = d;
        *best = name;
    }
}

/* begins_path: key is the beginning of a dotted name ("a.b" of "a.b.c"). */
static bool begins_path(sl_str key, sl_str name) {
    return key.n && name.n > key.n && name.p[key.n] == '.' && sl_str_starts(name, key);
}

/* longer_name gives the first known name that key is the beginning of. */
static sl_str longer_name(const sl__row_table *tables, size_t n, sl_str key) {
    for (size_t t = 0; t < n; t++) {
        for (size_t i = 0; i < tables[t].n; i++) {
            const sl_config_row *row = &tables[t].rows[i];
            if (!row->pattern && begins_path(key, sl_str_of(row->name))) {
                return sl_str_of(row->name);
            }
        }
    }
    return SL_STR_NONE;
}

sl_str sl__keys_nearest(const sl__row_table *tables, size_t n, sl_str key, unsigned *distance) {
    sl_str best = SL_STR_NONE;
    *distance = key.n < 8 ? MISSPELT + 1 : key.n < 20 ? 4 : 5; /* what is further off is no help */
    for (size_t t = 0; t < n; t++) {
        for (size_t i = 0; i < tables[t].n; i++) {
            const sl_config_row *row = &tables[t].rows[i];
            sl_str rest = sl_str_of(row->aliases);
            sl_str alias;
            if (row->pattern) {
                continue;
            }
            try_name(key, sl_str_of(row->name), &best, distance);
            while (sl_str_next(&rest, ',', &alias)) {
                try_name(key, sl_str_trim(alias), &best, distance);
            }
        }
    }
    return best.p ? best : longer_name(tables, n, key);
}

void sl__keys_unknown(sl_config_report *report, sl_str prefix, sl_str full, sl_str nearest, unsigned distance,
                      bool strict) {
    if (!nearest.p) {
        sl_config_report_add(report, SL_SEV_WARNING, full, "unknown, without effect");
        return;
    }
    sl_config_report_add(report, strict && distance <= MISSPELT ? SL_SEV_ERROR : SL_SEV_WARNING, full,
                         "unknown, without effect; did you mean '%.*s%.*s'?", SL_STR_ARG(prefix),
                         SL_STR_ARG(nearest));
}
