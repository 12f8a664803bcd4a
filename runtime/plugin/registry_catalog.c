/*
 * registry_catalog.c - see registry_catalog.h.
 */
#include "plugin/registry_catalog.h"

typedef struct nth {
    size_t left;
    const sl_plugin_def *def;
} nth;

static sl_error *find_def(void *arg, sl_plugin_kind kind, sl_str name, const sl_plugin_def **def) {
    return sl__registry_find(arg, kind, name, def);
}

static void count_down(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    nth *n = arg;
    (void)table, (void)path;
    if (n->left-- == 0) {
        n->def = def;
    }
}

static const sl_plugin_def *nth_def(void *arg, size_t i) {
    nth n = {i, NULL};
    sl__registry_each(arg, count_down, &n);
    return n.def;
}

sl__catalog sl__registry_catalog(sl__registry *reg, const sl_host *host) {
    return (sl__catalog){.find = find_def, .at = nth_def, .arg = reg, .host = host};
}
