/*
 * kafka_security.c - the rules of sasl. and ssl. client settings; see kafka_rules.h.
 *
 * A password or key is never part of a message.
 */
#include "config/kafka_rules.h"

#include "config/jaas.h"
#include "config/stores.h"

#define NO_OAUTH                                                                                             \
    "SASL OAUTHBEARER is not supported; use sasl.mechanism=SCRAM-SHA-512 or PLAIN, or client certificates "  \
    "(security.protocol=SSL)"
#define NO_MSK_IAM                                                                                           \
    "AWS MSK IAM is not supported; use MSK's SASL/SCRAM (sasl.mechanism=SCRAM-SHA-512) or TLS client "       \
    "certificates"

static sl_error *mechanism(sl__translation *t, sl_str key, sl_str value) {
    static const char *const known[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "GSSAPI"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (sl_str_eq_nocase(value, sl_str_of(known[i]))) {
            return sl__client_emit(t, "sasl.mechanism", sl_str_of(known[i]));
        }
    }
    sl__client_say(t, SL_SEV_ERROR, key,
                   sl_str_eqz(value, "OAUTHBEARER") ? NO_OAUTH
                   : sl_str_eqz(value, "AWS_MSK_IAM")
                       ? NO_MSK_IAM
                       : "expected PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or GSSAPI");
    return NULL;
}

static sl_error *callback_handler(sl__translation *t, sl_str key, sl_str value) {
    bool msk = sl_str_find_str(value, SL_STR("software.amazon.msk")) < value.n;
    bool oauth = sl_str_find_str(value, SL_STR("oauthbearer")) < value.n;
    sl__client_say(t, SL_SEV_ERROR, key,
                   msk     ? NO_MSK_IAM
                   : oauth ? NO_OAUTH
                           : "Java classes cannot be loaded; remove it");
    return NULL;
}

static sl_error *emit_option(sl__translation *t, const sl__jaas *jaas, const char *option, const char *name) {
    sl_str value = sl__jaas_get(jaas, option);
    return value.n ? sl__client_emit(t, name, value) : NULL;
}

static sl_error *kerberos(sl__translation *t, const sl__jaas *jaas) {
    SL_TRY(emit_option(t, jaas, "keyTab", "sasl.kerberos.keytab"));
    SL_TRY(emit_option(t, jaas, "principal", "sasl.kerberos.principal"));
    if (!sl__client_setting(t, "sasl.kerberos.service.name").n) {
        SL_TRY(emit_option(t, jaas, "serviceName", "sasl.kerberos.service.name"));
    }
    return NULL;
}

static sl_error *jaas_config(sl__translation *t, sl_str key, sl_str value) {
    sl__jaas jaas;
    const char *wrong = sl__jaas_parse(value, t->arena, &jaas);
    sl_str module = jaas.module;
    if (wrong) {
        sl__client_say(t, SL_SEV_ERROR, key, wrong);
        return NULL;
    }
    if (sl_str_ends(module, SL_STR(".PlainLoginModule")) ||
        sl_str_ends(module, SL_STR(".ScramLoginModule"))) {
        if (!sl__jaas_get(&jaas, "username").n || !sl__jaas_get(&jaas, "password").p) {
            sl__client_say(t, SL_SEV_ERROR, key, "expected the options username and password");
            return NULL;
        }
        if (sl_str_eqz(sl__jaas_get(&jaas, "tokenauth"), "true")) {
            sl__client_say(t, SL_SEV_ERROR, key,
                           "delegation tokens (tokenauth) are not supported; use a SCRAM user and password");
            return NULL;
        }
        SL_TRY(sl__client_emit(t, "sasl.username", sl__jaas_get(&jaas, "username")));
        return sl__client_emit(t, "sasl.password", sl__jaas_get(&jaas, "password"));
    }
    if (sl_str_ends(module, SL_STR(".Krb5LoginModule"))) {
        return kerberos(t, &jaas);
    }
    sl__client_say(t, SL_SEV_ERROR, key,
                   sl_str_ends(module, SL_STR("OAuthBearerLoginModule")) ? NO_OAUTH
                   : sl_str_find_str(module, SL_STR("amazon.msk.auth")) < module.n
                       ? NO_MSK_IAM
                       : "expected PlainLoginModule, ScramLoginModule or Krb5LoginModule");
    return NULL;
}

/* kinit_cmd: Java's is a path, librdkafka's a command line with %{...} in it. */
static sl_error *kinit_cmd(sl__translation *t, sl_str key, sl_str value) {
    if (sl_str_find_str(value, SL_STR("%{")) < value.n) {
        return sl__client_emit(t, "sasl.kerberos.kinit.cmd", value);
    }
    if (!sl_str_eqz(value, "/usr/bin/kinit")) {
        sl__client_say(t, SL_SEV_WARNING, key, "kinit is found through PATH; a path has no effect");
    }
    return NULL;
}

static sl_error *trust_store(sl__translation *t, sl_str key, sl_str value) {
    sl__store_kind kind = SL__STORE_OTHER;
    sl_str pem = SL_STR_NONE;
    char text[512];
    sl_error *err = sl__store_look(value, &kind);
    if (!err && kind == SL__STORE_PKCS12) {
        err = sl__store_pem(value, sl__client_setting(t, "ssl.truststore.password"), t->arena, &pem);
    }
    if (err) {
        if (err->code == SL_E_NOMEM) {
            return err;
        }
        sl__client_say(t, SL_SEV_ERROR, key, sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        return NULL;
    }
    if (kind == SL__STORE_PKCS12) {
        return sl__client_emit(t, "ssl.ca.pem", pem);
    }
    if (kind == SL__STORE_PEM) {
        return sl__client_emit(t, "ssl.ca.location", value);
    }
    sl__client_say(
        t, SL_SEV_ERROR, key,
        kind == SL__STORE_JKS
            ? "JKS trust stores are not supported; convert it: keytool -importkeystore -srckeystore OLD.jks "
              "-destkeystore NEW.p12 -deststoretype PKCS12"
            : "expected certificates in PEM, or a PKCS#12 store");
    return NULL;
}

static sl_error *key_store(sl__translation *t, sl_str key, sl_str value) {
    sl__store_kind kind = SL__STORE_OTHER;
    char text[512];
    sl_error *err = sl__store_look(value, &kind);
    if (err) {
        if (err->code == SL_E_NOMEM) {
            return err;
        }
        sl__client_say(t, SL_SEV_ERROR, key, sl_error_text(err, text, sizeof text));
        sl_error_free(err);
        return NULL;
    }
    if (kind == SL__STORE_PEM) {
        SL_TRY(sl__client_emit(t, "ssl.certificate.location", value));
        return sl__client_emit(t, "ssl.key.location", value);
    }
    if (kind == SL__STORE_PKCS12) {
        sl_str password = sl__client_setting(t, "ssl.keystore.password");
        SL_TRY(sl__client_emit(t, "ssl.keystore.location", value));
        return password.n ? sl__client_emit(t, "ssl.keystore.password", password) : NULL;
    }
    sl__client_say(
        t, SL_SEV_ERROR, key,
        kind == SL__STORE_JKS
            ? "JKS key stores are not supported; convert it: keytool -importkeystore -srckeystore OLD.jks "
              "-destkeystore NEW.p12 -deststoretype PKCS12"
            : "expected a key and its certificate in PEM, or a PKCS#12 store");
    return NULL;
}

/* with_location: the type is seen in the file, and a password is read with its store. */
static sl_error *with_location(sl__translation *t, sl_str key, sl_str value) {
    (void)t, (void)key, (void)value;
    return NULL;
}

static sl_error *endpoint_identification(sl__translation *t, sl_str key, sl_str value) {
    if (!value.n || sl_str_eq_nocase(value, SL_STR("none"))) {
        return sl__client_emit(t, "ssl.endpoint.identification.algorithm", SL_STR("none"));
    }
    if (sl_str_eq_nocase(value, SL_STR("https"))) {
        return sl__client_emit(t, "ssl.endpoint.identification.algorithm", SL_STR("https"));
    }
    sl__client_say(t, SL_SEV_ERROR, key, "expected https, or nothing to switch host name checks off");
    return NULL;
}

static sl_error *cipher_suites(sl__translation *t, sl_str key, sl_str value) {
    if (sl_str_find_str(value, SL_STR("_WITH_")) < value.n) {
        sl__client_say(t, SL_SEV_ERROR, key,
                       "expected OpenSSL's cipher names, such as ECDHE-RSA-AES256-GCM-SHA384");
        return NULL;
    }
    return sl__client_emit(t, "ssl.cipher.suites", value);
}

static const struct {
    const char *name;
    sl__client_rule rule;
} rules[] = {
    {"sasl.mechanism", mechanism},
    {"sasl.mechanisms", mechanism},
    {"sasl.client.callback.handler.class", callback_handler},
    {"sasl.login.callback.handler.class", callback_handler},
    {"sasl.jaas.config", jaas_config},
    {"sasl.kerberos.kinit.cmd", kinit_cmd},
    {"ssl.truststore.location", trust_store},
    {"ssl.truststore.type", with_location},
    {"ssl.truststore.password", with_location},
    {"ssl.keystore.location", key_store},
    {"ssl.keystore.type", with_location},
    {"ssl.keystore.password", with_location},
    {"ssl.endpoint.identification.algorithm", endpoint_identification},
    {"ssl.cipher.suites", cipher_suites},
};

sl__client_rule sl__client_security_rule(sl_str key) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (sl_str_eqz(key, rules[i].name)) {
            return rules[i].rule;
        }
    }
    return NULL;
}
