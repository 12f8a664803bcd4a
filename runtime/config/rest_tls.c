/*
 * rest_tls.c - see rest_tls.h.
 */
#include "config/rest_tls.h"

#include "config/build.h"
#include "config/stores.h"

typedef struct parsing {
    const sl_config *c;
    sl_str prefix; /* "" = none */
    sl_arena *arena;
    sl_config_report *report;
    sl__rest_tls *out;
} parsing;

static sl_str key_of(const parsing *p, const char *name) {
    sl_str key = sl_arena_printf(p->arena, "%.*s%s", SL_STR_ARG(p->prefix), name);
    return key.p ? key : SL_STR("");
}

static sl_str get(const parsing *p, const char *name) {
    sl_str value = sl_config_get(p->c, key_of(p, name));
    return value.n ? sl_str_trim(value) : SL_STR_NONE;
}

static void wrong(const parsing *p, const char *name, const char *text) {
    sl_config_report_add(p->report, SL_SEV_ERROR, key_of(p, name), "%s", text);
}

static void failed(const parsing *p, const char *name, sl_error *err) {
    char text[512];
    wrong(p, name, sl_error_text(err, text, sizeof text));
    sl_error_free(err);
}

/* look gives the kind of a store's file; false: it cannot be used, which is said. */
static bool look(const parsing *p, const char *name, sl_str path, sl__store_kind *kind) {
    sl_error *err = sl__store_look(path, kind);
    if (err) {
        failed(p, name, err);
        return false;
    }
    if (*kind == SL__STORE_PEM || *kind == SL__STORE_PKCS12) {
        return true;
    }
    wrong(p, name,
          *kind == SL__STORE_JKS
              ? "JKS stores are not supported; convert it: keytool -importkeystore -srckeystore OLD.jks "
                "-destkeystore NEW.p12 -deststoretype PKCS12"
              : "expected a PEM or PKCS#12 file");
    return false;
}

static void read_identity(parsing *p) {
    sl_str path = get(p, "ssl.keystore.location"), chain = get(p, "ssl.keystore.certificate.chain");
    sl_str password = get(p, "ssl.key.password");
    sl__store_kind kind = SL__STORE_PEM;
    sl_error *err = NULL;
    if (path.n) {
        if (!look(p, "ssl.keystore.location", path, &kind)) {
            return;
        }
        password = kind == SL__STORE_PKCS12 ? get(p, "ssl.keystore.password") : password;
        err = sl__store_identity(path, kind, password, p->arena, &p->out->cert, &p->out->key);
        if (err) {
            failed(p, "ssl.keystore.location", err);
        }
    } else if (chain.n) {
        sl_str text = sl_arena_printf(p->arena, "%.*s\n%.*s\n", SL_STR_ARG(chain),
                                      SL_STR_ARG(get(p, "ssl.keystore.key")));
        err = sl__store_identity_text(text, password, p->arena, &p->out->cert, &p->out->key);
        if (err) {
            failed(p, "ssl.keystore.certificate.chain", err);
        }
    }
}

static void read_trust(parsing *p) {
    sl_str path = get(p, "ssl.truststore.location");
    sl__store_kind kind = SL__STORE_PEM;
    p->out->trust = get(p, "ssl.truststore.certificates");
    if (!path.n || !look(p, "ssl.truststore.location", path, &kind)) {
        return;
    }
    sl_error *err = kind == SL__STORE_PKCS12
                        ? sl__store_pem(path, get(p, "ssl.truststore.password"), p->arena, &p->out->trust)
                        : sl__store_text(path, p->arena, &p->out->trust);
    if (err) {
        failed(p, "ssl.truststore.location", err);
    }
}

static void read_client_auth(parsing *p) {
    static const struct {
        const char *name;
        sl__client_auth value;
    } words[] = {{"none", SL__CLIENT_AUTH_NONE},
                 {"requested", SL__CLIENT_AUTH_REQUESTED},
                 {"required", SL__CLIENT_AUTH_REQUIRED}};
    sl_str value = get(p, "ssl.client.auth");
    bool known = !value.n;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (value.n && sl_str_eq_nocase(value, sl_str_of(words[i].name))) {
            p->out->client_auth = words[i].value;
            known = true;
        }
    }
    if (!known) {
        wrong(p, "ssl.client.auth", "expected none, requested or required");
    } else if (p->out->client_auth != SL__CLIENT_AUTH_NONE && !p->out->trust.n) {
        wrong(p, "ssl.client.auth",
              "clients can only be checked against certificates: set ssl.truststore.location or "
              "ssl.truststore.certificates beside it");
    }
}

static void read_protocols(parsing *p) {
    sl_str rest = get(p, "ssl.enabled.protocols"), one;
    p->out->tls12 = p->out->tls13 = !rest.n;
    while (rest.n && sl_str_next(&rest, ',', &one)) {
        one = sl_str_trim(one);
        p->out->tls12 = p->out->tls12 || sl_str_eq_nocase(one, SL_STR("TLSv1.2"));
        p->out->tls13 = p->out->tls13 || sl_str_eq_nocase(one, SL_STR("TLSv1.3"));
    }
    if (!p->out->tls12 && !p->out->tls13) {
        wrong(p, "ssl.enabled.protocols", "expected TLSv1.2, TLSv1.3 or both");
    }
}

/* note_others names what is not looked at. */
static void note_others(parsing *p) {
    static const char *const known[] = {"ssl.keystore.type",
                                        "ssl.keystore.location",
                                        "ssl.keystore.password",
                                        "ssl.keystore.key",
                                        "ssl.key.password",
                                        "ssl.keystore.certificate.chain",
                                        "ssl.truststore.type",
                                        "ssl.truststore.location",
                                        "ssl.truststore.password",
                                        "ssl.client.auth",
                                        "ssl.enabled.protocols",
                                        "ssl.truststore.certificates",
                                        "ssl.protocol",
                                        "ssl.endpoint.identification.algorithm"};
    for (size_t i = 0; p->prefix.n && i < p->c->n; i++) {
        sl_str key = p->c->entries[i].key;
        bool mine = !sl_str_starts(key, p->prefix);
        for (size_t k = 0; !mine && k < sizeof known / sizeof known[0]; k++) {
            mine = sl_str_eqz(sl_str_skip(key, p->prefix.n), known[k]);
        }
        if (!mine) {
            sl_config_report_add(p->report, SL_SEV_WARNING, key, "without effect: remove it");
        }
    }
}

void sl__rest_tls_parse(const sl_config *worker, sl_str prefix, bool serve, sl_arena *arena,
                        sl_config_report *report, sl__rest_tls *out) {
    parsing p = {.c = worker,
                 .prefix = sl__config_has_prefix(worker, prefix) ? prefix : SL_STR(""),
                 .arena = arena,
                 .report = report,
                 .out = out};
    *out = (sl__rest_tls){.cert = SL_STR_NONE, .key = SL_STR_NONE, .trust = SL_STR_NONE};
    size_t before = report->errors;
    const sl_config_entry *id = sl_config_find(worker, key_of(&p, "ssl.endpoint.identification.algorithm"));
    out->any_host = id && !sl_str_trim(id->value).n;
    read_identity(&p);
    read_trust(&p);
    read_client_auth(&p);
    read_protocols(&p);
    note_others(&p);
    if (serve && !out->cert.n && report->errors == before) {
        wrong(&p, "ssl.keystore.location",
              "an https listener needs a certificate and its key, in a PEM or PKCS#12 "
              "file");
    }
}
