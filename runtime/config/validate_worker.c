/*
 * validate_worker.c - a worker's whole configuration; see validate.h.
 */
#include "config/validate.h"

#include "config/build.h"
#include "config/keys.h"
#include "config/scope.h"

#include <string.h>

static const struct {
    const char *prefix;
    sl__client_kind kind;
} clients[] = {
    {"producer.", SL__CLIENT_PRODUCER}, {"consumer.", SL__CLIENT_CONSUMER}, {"admin.", SL__CLIENT_ADMIN}};
enum { NCLIENTS = 3 };

/* top_level gives the worker's client settings that have no prefix. */
static sl_error *top_level(sl__scope *s, sl_config *out) {
    const sl__row_table worker = {sl__worker_rows, sl__worker_nrows};
    sl__config_builder b;
    sl__config_builder_init(&b, s->arena);
    for (size_t i = 0; i < s->config->n; i++) {
        const sl_config_entry *e = &s->config->entries[i];
        if (sl__client_key_known(e->key) && !sl__keys_known(&worker, 1, e->key) &&
            !sl__worker_key_java(e->key)) {
            SL_TRY(sl__config_builder_put(&b, e, NULL));
        }
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

static sl_error *check_clients(sl__scope *s) {
    sl_config part;
    sl__client_config translated;
    SL_TRY(top_level(s, &part));
    SL_TRY(sl__client_translate(SL__CLIENT_ADMIN, &part, SL_STR_NONE, s->arena, s->report, &translated));
    sl__client_check(&translated, s->catalog->takes, SL_STR_NONE, s->report);
    for (size_t i = 0; i < NCLIENTS; i++) {
        sl_str prefix = sl_str_of(clients[i].prefix);
        SL_TRY(sl__client_prefixed(s->config, prefix, s->arena, &part));
        SL_TRY(sl__client_translate(clients[i].kind, &part, prefix, s->arena, s->report, &translated));
        sl__client_check(&translated, s->catalog->takes, prefix, s->report);
    }
    return NULL;
}

/* note_security: settings without a prefix reach only the worker's own clients, which surprises many. */
static void note_security(sl__scope *s) {
    static const char *const keys[] = {"security.protocol", "sasl.mechanism", "sasl.jaas.config",
                                       "ssl.truststore.location"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        sl_str key = sl_str_of(keys[i]);
        char name[64];
        if (!sl_config_get(s->config, key).n) {
            continue;
        }
        for (size_t k = 0; k < 2; k++) {
            size_t n = strlen(clients[k].prefix);
            memcpy(name, clients[k].prefix, n);
            memcpy(name + n, key.p, key.n);
            if (!sl_config_find(s->config, sl_str_make(name, n + key.n))) {
                sl_config_report_add(
                    s->report, SL_SEV_WARNING, key,
                    "holds for the worker's own clients only, as in Kafka Connect; set %s%s for connectors",
                    clients[k].prefix, keys[i]);
            }
        }
    }
}

static bool has_place(sl_str key) {
    static const char *const prefixes[] = {"key.converter.",
                                           "value.converter.",
                                           "header.converter.",
                                           "config.providers.",
                                           "producer.",
                                           "consumer.",
                                           "admin."};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (sl_str_starts(key, sl_str_of(prefixes[i]))) {
            return true;
        }
    }
    return false;
}

/* is_misspelt_beside_pattern: offset.storage.* takes every key of distributed workers, and so what was meant
 * to be offset.storage.file.filename. */
static bool is_misspelt_beside_pattern(const sl__row_table *worker, sl_str key) {
    enum { TYPING_ERROR = 2 };
    unsigned distance = 0;
    const sl_config_row *row = sl_config_row_find(worker->rows, worker->n, key);
    return row && row->pattern && row->support == SL_WARNED &&
           sl__keys_nearest(worker, 1, key, &distance).p && distance <= TYPING_ERROR;
}

static void note_unknown(sl__scope *s) {
    const sl__row_table worker = {sl__worker_rows, sl__worker_nrows};
    for (size_t i = 0; i < s->config->n; i++) {
        sl_str key = s->config->entries[i].key;
        unsigned distance = 0;
        unsigned client_distance = 0;
        if (is_misspelt_beside_pattern(&worker, key)) {
            sl_str near = sl__keys_nearest(&worker, 1, key, &distance);
            sl__keys_unknown(s->report, SL_STR_NONE, key, near, distance, s->strict);
            continue;
        }
        if (sl__keys_known(&worker, 1, key) || sl__worker_key_java(key) || sl__client_key_known(key) ||
            has_place(key)) {
            continue;
        }
        sl_str nearest = sl__keys_nearest(&worker, 1, key, &distance);
        const char *client = sl__client_key_nearest(key, &client_distance);
        if (client && client_distance < distance) {
            nearest = sl_str_of(client);
            distance = client_distance;
        }
        sl__keys_unknown(s->report, SL_STR_NONE, key, nearest, distance, s->strict);
    }
}

/* note_providers reports settings of providers that are not listed, and odd keys below listed ones. */
static void note_providers(sl__scope *s, const sl_str_list *names) {
    sl_str dotted = SL_STR("config.providers.");
    for (size_t i = 0; i < s->config->n; i++) {
        sl_str key = s->config->entries[i].key;
        sl_str rest = sl_str_starts(key, dotted) ? sl_str_skip(key, dotted.n) : SL_STR_NONE;
        bool listed = !rest.p;
        bool known = !rest.p;
        for (size_t k = 0; k < names->n && rest.p; k++) {
            sl_str name = names->items[k];
            if (name.n && sl_str_starts(rest, name) && rest.n > name.n && rest.p[name.n] == '.') {
                sl_str tail = sl_str_skip(rest, name.n + 1);
                listed = true;
                known = known || sl_str_eqz(tail, "class") || sl_str_starts(tail, SL_STR("param."));
            }
        }
        if (!listed) {
            sl_config_report_add(s->report, SL_SEV_WARNING, key,
                                 "without effect: its provider is not one of the names in config.providers");
        } else if (!known) {
            sl_config_report_add(s->report, SL_SEV_WARNING, key,
                                 "without effect, expected .class or .param.NAME");
        }
    }
}

static sl_error *hide_client_secrets(sl__scope *s) {
    for (size_t i = 0; i < s->config->n; i++) {
        if (sl__client_key_secret(s->config->entries[i].key)) {
            SL_TRY(sl__secrets_add(s->secrets, sl_str_trim(s->config->entries[i].value), SL_STR("[hidden]")));
        }
    }
    return NULL;
}

static sl_error *check_worker(sl__scope *s, sl__validated_worker *out) {
    sl__worker_parse(s->config, s->arena, s->report, &out->settings);
    SL_TRY(sl__scope_converter(s, "key.converter", true));
    SL_TRY(sl__scope_converter(s, "value.converter", true));
    SL_TRY(sl__scope_converter(s, "header.converter", true));
    SL_TRY(check_clients(s));
    note_security(s);
    note_providers(s, &out->settings.config_providers);
    note_unknown(s);
    sl__worker_note_java(s->config, s->arena, s->report);
    return NULL;
}

sl_error *sl__worker_validate(const sl__catalog *catalog, const sl_config *raw, bool strict, sl_arena *arena,
                              sl_config_report *report, sl__validated_worker *out) {
    size_t from = report->n;
    *out = (sl__validated_worker){0};
    sl__secrets_init(&out->secrets, arena);
    SL_TRY(sl__providers_open(catalog, raw, report, &out->providers));
    sl__scope s = {.catalog = catalog,
                   .config = &out->config,
                   .strict = strict,
                   .arena = arena,
                   .report = report,
                   .secrets = &out->secrets};
    sl_error *err = sl__providers_resolve(out->providers, raw, arena, report, &out->secrets, &out->config);
    err = err ? err : hide_client_secrets(&s);
    err = err ? err : check_worker(&s, out);
    err = err ? err : sl__scope_finish(&s, from);
    if (err) {
        sl__providers_close(out->providers);
        out->providers = NULL;
    }
    return err;
}
