/*
 * kafka_client.c - see kafka_client.h; the table is in kafka_keys.c, the rules of sasl. and ssl. settings in
 * kafka_security.c.
 */
#include "config/kafka_client.h"

#include "config/build.h"
#include "config/kafka_keys.h"
#include "config/kafka_rules.h"

#include <stdio.h>

/* ---- which settings ---- */

static sl_error *admin_base(const sl_config *worker, sl_arena *arena, sl_config *out) {
    sl__config_builder b;
    sl__config_builder_init(&b, arena);
    for (size_t i = 0; i < worker->n; i++) {
        if (sl__client_key_known(worker->entries[i].key) &&
            !sl_str_eqz(worker->entries[i].key, "config.providers") &&
            !sl_str_eqz(worker->entries[i].key, "group.id")) {
            SL_TRY(sl__config_builder_put(&b, &worker->entries[i], NULL));
        }
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

sl_error *sl__client_settings_plain(const sl_config *worker, sl_arena *arena, sl_config *out) {
    return admin_base(worker, arena, out);
}

sl_error *sl__client_prefixed(const sl_config *worker, sl_str prefix, sl_arena *arena, sl_config *out) {
    sl__config_builder b;
    sl_config part;
    SL_TRY(sl__config_prefix(worker, prefix, arena, &part));
    sl__config_builder_init(&b, arena);
    for (size_t i = 0; i < part.n; i++) {
        sl_str key = part.entries[i].key;
        if (!sl_str_eqz(key, "listeners") && !sl_str_starts(key, SL_STR("listeners."))) {
            SL_TRY(sl__config_builder_put(&b, &part.entries[i], NULL));
        }
    }
    *out = sl__config_builder_done(&b);
    return NULL;
}

sl_error *sl__client_settings(sl__client_kind kind, const sl_config *worker, const sl_config *connector,
                              sl_arena *arena, sl_config *out) {
    static const char *const prefixes[] = {"producer.", "consumer.", "admin."};
    const sl_config_entry *servers = sl_config_find(worker, SL_STR("bootstrap.servers"));
    sl_config base = {servers, servers ? 1 : 0};
    sl_config part;
    if (kind == SL__CLIENT_ADMIN) {
        SL_TRY(admin_base(worker, arena, &base));
    }
    SL_TRY(sl__client_prefixed(worker, sl_str_of(prefixes[kind]), arena, &part));
    SL_TRY(sl__config_overlay(&base, &part, arena, out));
    if (!connector) {
        return NULL;
    }
    sl_str prefix = sl_arena_printf(arena, "%soverride.", prefixes[kind]);
    if (!prefix.p) {
        return sl_error_nomem();
    }
    SL_TRY(sl__config_prefix(connector, prefix, arena, &part));
    return sl__config_overlay(out, &part, arena, out);
}

/* ---- look-ups ---- */

static const sl__kafka_key *find_key(sl_str name) {
    for (size_t i = 0; i < sl__kafka_nkeys; i++) {
        const sl__kafka_key *k = &sl__kafka_keys[i];
        if (sl_str_eqz(name, k->name) ||
            (strchr(k->name, '*') && sl_config_pattern_match(k->name, name, NULL, 0))) {
            return k;
        }
    }
    return NULL;
}

static bool is_native(sl_str name) {
    for (const char *const *n = sl__kafka_native; *n; n++) {
        if (sl_str_eqz(name, *n)) {
            return true;
        }
    }
    return false;
}

bool sl__client_key_known(sl_str key) {
    return find_key(key) || is_native(key);
}

bool sl__client_key_secret(sl_str key) {
    return sl_str_ends(key, SL_STR("password")) || sl_str_ends(key, SL_STR("passphrase")) ||
           sl_str_ends(key, SL_STR("secret")) || sl_str_ends(key, SL_STR("sasl.jaas.config")) ||
           sl_str_ends(key, SL_STR("ssl.keystore.key")) || sl_str_ends(key, SL_STR("ssl.key.pem"));
}

const char *sl__client_key_nearest(sl_str key, unsigned *distance) {
    const char *best = NULL;
    *distance = 4;
    for (size_t i = 0; i < sl__kafka_nkeys; i++) {
        unsigned d = sl_str_distance(key, sl_str_of(sl__kafka_keys[i].name));
        if (d < *distance && !strchr(sl__kafka_keys[i].name, '*')) {
            *distance = d;
            best = sl__kafka_keys[i].name;
        }
    }
    for (const char *const *n = sl__kafka_native; *n; n++) {
        unsigned d = sl_str_distance(key, sl_str_of(*n));
        if (d < *distance) {
            *distance = d;
            best = *n;
        }
    }
    return best;
}

bool sl__override_allowed(sl__override_policy policy, const sl_str_list *allowlist, sl_str key) {
    switch (policy) {
    case SL__OVERRIDE_ALL:
        return true;
    case SL__OVERRIDE_NONE:
        return false;
    case SL__OVERRIDE_PRINCIPAL:
        return sl_str_eqz(key, "security.protocol") || sl_str_eqz(key, "sasl.mechanism") ||
               sl_str_eqz(key, "sasl.jaas.config");
    case SL__OVERRIDE_ALLOWLIST:
        break;
    }
    for (size_t i = 0; allowlist && i < allowlist->n; i++) {
        if (sl_str_eq(allowlist->items[i], key)) {
            return true;
        }
    }
    return false;
}

/* ---- output ---- */

void sl__client_say(sl__translation *t, sl_severity severity, sl_str key, const char *text) {
    sl_str full = t->prefix.n
                      ? sl_arena_printf(t->report->arena, "%.*s%.*s", SL_STR_ARG(t->prefix), SL_STR_ARG(key))
                      : key;
    sl_config_report_add(t->report, severity, full, "%s", text);
}

static sl_error *emit_key(sl__translation *t, sl_str name, sl_str value, bool optional) {
    sl__client_config *out = t->out;
    sl__client_property *items = sl_arena_grow(t->arena, out->items, out->n, &t->cap, sizeof *items);
    if (!items) {
        return sl_error_nomem();
    }
    out->items = items;
    sl__client_property *p = &out->items[out->n];
    *p = (sl__client_property){sl_arena_str(t->arena, name), sl_arena_str(t->arena, value),
                               sl__client_key_secret(name), optional, t->key};
    if (!p->name.p || !p->value.p) {
        return sl_error_nomem();
    }
    out->n++;
    return NULL;
}

sl_error *sl__client_emit(sl__translation *t, const char *name, sl_str value) {
    return emit_key(t, sl_str_of(name), value, false);
}

static sl_str lower(sl_arena *arena, sl_str s) {
    sl_str out = sl_arena_str(arena, s);
    for (size_t i = 0; i < out.n; i++) {
        if (out.p[i] >= 'A' && out.p[i] <= 'Z') {
            ((char *)out.p)[i] = (char)(out.p[i] | 0x20); /* our own copy */
        }
    }
    return out;
}

sl_str sl__client_setting(const sl__translation *t, const char *key) {
    return sl_str_trim(sl_config_get(t->settings, sl_str_of(key)));
}

static bool in_list(const char *list, sl_str value) {
    sl_str rest = sl_str_of(list);
    sl_str token;
    while (sl_str_next(&rest, '|', &token)) {
        if (sl_str_eq_nocase(token, value)) {
            return true;
        }
    }
    return false;
}

static bool number(sl__translation *t, sl_str key, sl_str value, int64_t min, int64_t *out) {
    if (sl_str_to_i64(value, out) && *out >= min) {
        return true;
    }
    sl__client_say(t, SL_SEV_ERROR, key, min > 0 ? "expected an integer above 0" : "expected an integer");
    return false;
}

static sl_error *emit_number(sl__translation *t, const char *name, int64_t value) {
    sl_str text = sl_arena_printf(t->arena, "%lld", (long long)value);
    return text.p ? sl__client_emit(t, name, text) : sl_error_nomem();
}

/* ---- settings with a rule of their own ---- */

static sl_error *request_timeout(sl__translation *t, sl_str key, sl_str value) {
    int64_t ms = 0;
    if (!number(t, key, value, 1, &ms)) {
        return NULL;
    }
    if (t->kind == SL__CLIENT_PRODUCER) {
        return emit_number(t, "request.timeout.ms", ms > 900000 ? 900000 : ms);
    }
    return emit_number(t, "socket.timeout.ms", ms < 10 ? 10 : ms > 300000 ? 300000 : ms);
}

static sl_error *max_in_flight(sl__translation *t, sl_str key, sl_str value) {
    int64_t n = 0;
    if (!number(t, key, value, 1, &n)) {
        return NULL;
    }
    if (n > 5) {
        sl__client_say(t, SL_SEV_WARNING, key, "5 is used: more would let records overtake each other");
        n = 5;
    }
    return emit_number(t, "max.in.flight.requests.per.connection", n);
}

static sl_error *batch_size(sl__translation *t, sl_str key, sl_str value) {
    int64_t n = 0;
    if (!number(t, key, value, 0, &n)) {
        return NULL;
    }
    return emit_number(t, "batch.size", n < 1 ? 1 : n);
}

static sl_error *compression_level(sl__translation *t, sl_str key, sl_str value) {
    sl_str type = sl__client_setting(t, "compression.type");
    sl_str of = sl_str_skip(key, strlen("compression."));
    of.n = sl_str_find(of, '.');
    return sl_str_eq_nocase(type, of) ? sl__client_emit(t, "compression.level", value) : NULL;
}

static sl_error *offset_reset(sl__translation *t, sl_str key, sl_str value) {
    static const char *const words[] = {"earliest",  "latest",  "error", "smallest",
                                        "beginning", "largest", "end"};
    if (sl_str_eqz(value, "none")) {
        return sl__client_emit(t, "auto.offset.reset", SL_STR("error"));
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (sl_str_eqz(value, words[i])) {
            return sl__client_emit(t, "auto.offset.reset", value);
        }
    }
    sl__client_say(t, SL_SEV_ERROR, key, "expected earliest, latest or none");
    return NULL;
}

static sl_error *poll_records(sl__translation *t, sl_str key, sl_str value) {
    int64_t n = 0;
    if (number(t, key, value, 1, &n)) {
        t->out->max_poll_records = n > INT32_MAX ? INT32_MAX : (int32_t)n;
    }
    return NULL;
}

/* assignor gives librdkafka's name of a strategy, or NULL. */
static const char *assignor(sl_str word) {
    static const char *const names[][2] = {
        {"RangeAssignor", "range"},
        {"RoundRobinAssignor", "roundrobin"},
        {"CooperativeStickyAssignor", "cooperative-sticky"},
        {"range", "range"},
        {"roundrobin", "roundrobin"},
        {"cooperative-sticky", "cooperative-sticky"},
    };
    sl_str java = SL_STR("org.apache.kafka.clients.consumer.");
    word = sl_str_starts(word, java) ? sl_str_skip(word, java.n) : word;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (sl_str_eqz(word, names[i][0])) {
            return names[i][1];
        }
    }
    return NULL;
}

/* assignment_strategy leaves out cooperative-sticky beside eager strategies: librdkafka takes either kind
   alone, and Java's clients use the eager one of such a list. */
static sl_error *assignment_strategy(sl__translation *t, sl_str key, sl_str value) {
    bool eager = false;
    bool cooperative = false;
    sl_buf b;
    sl_str_list words;
    SL_TRY(sl__config_list(value, t->arena, &words));
    sl_buf_init(&b, NULL);
    for (size_t i = 0; i < words.n; i++) {
        const char *name = assignor(words.items[i]);
        if (!name) {
            sl__client_say(t, SL_SEV_ERROR, key,
                           "expected RangeAssignor, RoundRobinAssignor or CooperativeStickyAssignor");
            sl_buf_deinit(&b);
            return NULL;
        }
        if (sl_str_eqz(sl_str_of(name), "cooperative-sticky")) {
            cooperative = true;
            continue;
        }
        sl_buf_printf(&b, "%s%s", eager ? "," : "", name);
        eager = true;
    }
    sl_error *err = b.failed ? sl_error_nomem() : NULL;
    if (!err && (eager || cooperative)) {
        err = sl__client_emit(t, "partition.assignment.strategy",
                              eager ? sl_buf_view(&b) : SL_STR("cooperative-sticky"));
    }
    sl_buf_deinit(&b);
    return err;
}

static const struct {
    const char *name;
    sl__client_rule rule;
} specials[] = {
    {"request.timeout.ms", request_timeout},
    {"max.in.flight.requests.per.connection", max_in_flight},
    {"batch.size", batch_size},
    {"compression.gzip.level", compression_level},
    {"compression.lz4.level", compression_level},
    {"compression.zstd.level", compression_level},
    {"auto.offset.reset", offset_reset},
    {"max.poll.records", poll_records},
    {"partition.assignment.strategy", assignment_strategy},
};

static sl_error *apply_special(sl__translation *t, sl_str key, sl_str value) {
    sl__client_rule rule = sl__client_security_rule(key);
    for (size_t i = 0; !rule && i < sizeof specials / sizeof specials[0]; i++) {
        rule = sl_str_eqz(key, specials[i].name) ? specials[i].rule : NULL;
    }
    if (!rule) {
        return sl_error_new(SL_E_INTERNAL, SL_BUG, "no rule for client setting '%.*s'", SL_STR_ARG(key));
    }
    return rule(t, key, value);
}

/* ---- one setting, all settings ---- */

static sl_error *unknown_key(sl__translation *t, const sl_config_entry *e) {
    unsigned distance = 0;
    const char *near = sl__client_key_nearest(e->key, &distance);
    char text[256];
    snprintf(text, sizeof text, "no such Kafka client setting%s%s%s", near ? "; did you mean '" : "",
             near ? near : "", near ? "'?" : "");
    sl__client_say(t, SL_SEV_WARNING, e->key, text);
    return NULL;
}

static sl_error *apply_number(sl__translation *t, const sl__kafka_key *k, const sl_config_entry *e,
                              sl_str value) {
    int64_t n = 0;
    if (!number(t, e->key, value, k->action == SL__KEY_KIB ? 1 : -1, &n)) {
        return NULL;
    }
    n = k->action == SL__KEY_KIB ? (n + 1023) / 1024 : n < 0 ? 0 : n;
    return emit_number(t, k->rdkafka, n);
}

static sl_error *apply_key(sl__translation *t, const sl__kafka_key *k, const sl_config_entry *e,
                           sl_str value) {
    const char *name = k->rdkafka ? k->rdkafka : k->name;
    switch (k->action) {
    case SL__KEY_PASS:
        return emit_key(t, sl_str_of(name), value, k->optional);
    case SL__KEY_LOWER:
        value = lower(t->arena, value);
        return value.p ? emit_key(t, sl_str_of(name), value, k->optional) : sl_error_nomem();
    case SL__KEY_KIB:
    case SL__KEY_BUFFER:
        return apply_number(t, k, e, value);
    case SL__KEY_SPECIAL:
        return apply_special(t, e->key, value);
    case SL__KEY_WARN:
    case SL__KEY_REFUSE:
        if (value.n && !in_list(k->harmless, value)) {
            sl__client_say(t, k->action == SL__KEY_WARN ? SL_SEV_WARNING : SL_SEV_ERROR, e->key, k->text);
        }
        break;
    case SL__KEY_QUIET:
        break;
    }
    return NULL;
}

static sl_error *apply_entry(sl__translation *t, const sl_config_entry *e) {
    sl_str value = sl_str_trim(e->value);
    const sl__kafka_key *k = find_key(e->key);
    if (!value.p) {
        return NULL;
    }
    t->key = e->key;
    if (!k) {
        return is_native(e->key) ? value.n ? emit_key(t, e->key, value, false) : NULL : unknown_key(t, e);
    }
    if (!(k->clients & (1u << t->kind))) {
        if (t->kind != SL__CLIENT_ADMIN) {
            sl__client_say(t, SL_SEV_WARNING, e->key,
                           "a setting of another kind of Kafka client, without effect here");
        }
        return NULL;
    }
    if (!value.n && !sl_str_eqz(e->key, "ssl.endpoint.identification.algorithm")) {
        return NULL;
    }
    return apply_key(t, k, e, value);
}

/* add_defaults: where librdkafka's default differs from Java's and what arrives would differ with it. */
static sl_error *add_defaults(sl__translation *t) {
    static const char *const consumer[][2] = {
        {"auto.offset.reset", "earliest"}, /* Kafka Connect's, for sinks */
        {"isolation.level", "read_uncommitted"},
        {"allow.auto.create.topics", "true"},
        {"check.crcs", "true"},
    };
    for (size_t i = 0; t->kind == SL__CLIENT_CONSUMER && i < sizeof consumer / sizeof consumer[0]; i++) {
        if (!sl__client_setting(t, consumer[i][0]).n) {
            SL_TRY(sl__client_emit(t, consumer[i][0], sl_str_of(consumer[i][1])));
        }
    }
    return NULL;
}

sl_error *sl__client_translate(sl__client_kind kind, const sl_config *settings, sl_str prefix,
                               sl_arena *arena, sl_config_report *report, sl__client_config *out) {
    sl__translation t = {kind, settings, prefix, arena, report, out, 0, SL_STR_NONE};
    *out = (sl__client_config){0};
    for (size_t i = 0; i < settings->n; i++) {
        SL_TRY(apply_entry(&t, &settings->entries[i]));
    }
    out->embedded = sl_str_starts(sl__client_setting(&t, "bootstrap.servers"), SL_STR("embedded:"));
    t.key = SL_STR_NONE;
    return add_defaults(&t);
}

void sl__client_check(const sl__client_config *c, sl__client_takes takes, sl_str prefix,
                      sl_config_report *report) {
    char problem[512];
    for (size_t i = 0; takes && i < c->n; i++) {
        const sl__client_property *p = &c->items[i];
        if (p->key.n && !takes(p, problem, sizeof problem)) {
            sl_str key = sl_arena_printf(report->arena, "%.*s%.*s", SL_STR_ARG(prefix), SL_STR_ARG(p->key));
            sl_config_report_add(report, SL_SEV_ERROR, key, "%s", problem);
        }
    }
}

sl_error *sl__client_sink_group(const sl_config *consumer, sl_str name, sl_arena *arena, sl_str *group) {
    *group = sl_config_get(consumer, SL_STR("group.id"));
    if (!group->n) {
        *group = sl_arena_printf(arena, "connect-%.*s", SL_STR_ARG(name));
    }
    return group->p ? NULL : sl_error_nomem();
}
