/*
 * names.c - matches names against definitions.
 *
 * Not for: deciding between several that match (registry.c). Threads: pure functions.
 */
#include "plugin/names.h"

static sl_str kind_suffix(sl_plugin_kind kind) {
    static const sl_str suffixes[SL_KIND_COUNT] = {
        [SL_KIND_SOURCE] = SL_STR_INIT("Connector"),
        [SL_KIND_SINK] = SL_STR_INIT("Connector"),
        [SL_KIND_TRANSFORM] = SL_STR_INIT("Transformation"),
        [SL_KIND_PREDICATE] = SL_STR_INIT("Predicate"),
        [SL_KIND_CONVERTER] = SL_STR_INIT("Converter"),
        [SL_KIND_HEADER_CONVERTER] = SL_STR_INIT("HeaderConverter"),
        [SL_KIND_CONFIG_PROVIDER] = SL_STR_INIT("ConfigProvider"),
    };
    return suffixes[kind];
}

sl_str sl__name_simple(sl_str class_name) {
    size_t at = class_name.n;
    while (at && class_name.p[at - 1] != '.') {
        at--;
    }
    return sl_str_skip(class_name, at);
}

/* pruned takes the suffix of the kind off a simple class name. */
static sl_str pruned(sl_str simple, sl_plugin_kind kind) {
    sl_str suffix = kind_suffix(kind);
    if (simple.n > suffix.n && sl_str_ends(simple, suffix)) {
        simple.n -= suffix.n;
    }
    return simple;
}

sl__name_match sl__name_matches(const sl_plugin_def *def, sl_str name) {
    sl__name_match match = SL_NAME_NO;
    if (sl_str_eqz(name, def->name)) {
        return SL_NAME_EXACT;
    }
    for (size_t i = 0; def->aliases && def->aliases[i]; i++) {
        sl_str alias = sl_str_of(def->aliases[i]);
        sl_str simple = sl__name_simple(alias);
        if (sl_str_eq(name, alias)) {
            return SL_NAME_EXACT;
        }
        if (sl_str_eq(name, simple) || sl_str_eq(name, pruned(simple, def->kind))) {
            match = SL_NAME_SIMPLE;
        }
    }
    return match;
}

static unsigned lower(unsigned a, unsigned b) {
    return a < b ? a : b;
}

unsigned sl__name_distance(const sl_plugin_def *def, sl_str name) {
    sl_str wanted = sl__name_simple(name);
    unsigned best = sl_str_distance(wanted, sl_str_of(def->name));
    for (size_t i = 0; def->aliases && def->aliases[i]; i++) {
        sl_str simple = sl__name_simple(sl_str_of(def->aliases[i]));
        best = lower(best, sl_str_distance(wanted, simple));
        best = lower(best, sl_str_distance(wanted, pruned(simple, def->kind)));
    }
    return best;
}
