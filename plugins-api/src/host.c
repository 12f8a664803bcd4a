/*
 * host.c - makers of common schemas, on top of the host's intern table.
 *
 * Not for: the intern table itself (the runtime's). Threads: any. Memory: each result carries one reference.
 */
#include <sluice/host.h>

#include <stdio.h>

static sl_error *intern(const sl_host *h, const sl_schema *def, const sl_schema **out) {
    *out = NULL;
    return h->schema_intern(def, out);
}

sl_error *sl_schema_simple(const sl_host *h, sl_type t, bool optional, const sl_schema **out) {
    return sl_schema_named(h, t, optional, NULL, 0, out);
}

sl_error *sl_schema_named(const sl_host *h, sl_type t, bool optional, const char *name, int32_t version,
                          const sl_schema **out) {
    sl_schema def = {
        .type = t,
        .optional = optional,
        .has_version = version != 0,
        .version = version,
        .name = sl_str_of(name),
    };
    return intern(h, &def, out);
}

sl_error *sl_schema_decimal(const sl_host *h, int32_t scale, bool optional, const sl_schema **out) {
    char text[12];
    int n = snprintf(text, sizeof text, "%d", (int)scale);
    sl_schema_param param = {SL_STR_INIT("scale"), sl_str_make(text, (size_t)n)};
    sl_schema def = {
        .type = SL_BYTES,
        .optional = optional,
        .has_version = true,
        .version = 1,
        .name = SL_STR("org.apache.kafka.connect.data.Decimal"),
        .params = &param,
        .nparams = 1,
    };
    return intern(h, &def, out);
}
