/*
 * test_config_kafka.c - Java's Kafka client settings as librdkafka's, checked against the librdkafka that is
 * there.
 */
#include "support/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include <librdkafka/rdkafka.h>

#include "config/build.h"
#include "config/jaas.h"
#include "config/kafka_client.h"
#include "config/kafka_keys.h"

static sl_config_report report;
static sl__client_config out;

static int setup(void **state) {
    setup_arena(state);
    sl_config_report_init(&report, &arena);
    return 0;
}

static void translate(sl__client_kind kind, const char *key, const char *value) {
    sl_config c = test_config(&arena, key, value, NULL);
    sl_config_report_init(&report, &arena);
    test_assert_ok(sl__client_translate(kind, &c, SL_STR_NONE, &arena, &report, &out));
}

/* found gives the last value of a property, as librdkafka takes them. */
static sl_str found(const char *name) {
    sl_str value = SL_STR_NONE;
    for (size_t i = 0; i < out.n; i++) {
        value = sl_str_eqz(out.items[i].name, name) ? out.items[i].value : value;
    }
    return value;
}

/* apply sets everything that came out; NULL or what librdkafka says. */
static const char *apply(void) {
    static char text[512];
    const char *wrong = NULL;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < out.n && !wrong; i++) {
        rd_kafka_conf_res_t r =
            rd_kafka_conf_set(conf, out.items[i].name.p, out.items[i].value.p, text, sizeof text);
        bool excused = r == RD_KAFKA_CONF_UNKNOWN && out.items[i].optional;
        wrong = r == RD_KAFKA_CONF_OK || excused ? NULL : text;
    }
    rd_kafka_conf_destroy(conf);
    return wrong;
}

static void translations(void **state) {
    static const struct {
        sl__client_kind kind;
        const char *key, *value, *name, *translated;
    } cases[] = {
        {SL__CLIENT_PRODUCER, "bootstrap.servers", " a:1,b:2 ", "bootstrap.servers", "a:1,b:2"},
        {SL__CLIENT_PRODUCER, "security.protocol", "SASL_SSL", "security.protocol", "sasl_ssl"},
        {SL__CLIENT_PRODUCER, "compression.type", "ZSTD", "compression.type", "zstd"},
        {SL__CLIENT_PRODUCER, "linger.ms", "7", "linger.ms", "7"},
        {SL__CLIENT_PRODUCER, "batch.size", "0", "batch.size", "1"},
        {SL__CLIENT_PRODUCER, "batch.size", "16384", "batch.size", "16384"},
        {SL__CLIENT_PRODUCER, "buffer.memory", "33554432", "queue.buffering.max.kbytes", "32768"},
        {SL__CLIENT_PRODUCER, "buffer.memory", "100", "queue.buffering.max.kbytes", "1"},
        {SL__CLIENT_PRODUCER, "max.request.size", "2000000", "message.max.bytes", "2000000"},
        {SL__CLIENT_PRODUCER, "max.in.flight.requests.per.connection", "1",
         "max.in.flight.requests.per.connection", "1"},
        {SL__CLIENT_PRODUCER, "max.in.flight.requests.per.connection", "10",
         "max.in.flight.requests.per.connection", "5"},
        {SL__CLIENT_PRODUCER, "request.timeout.ms", "2147483647", "request.timeout.ms", "900000"},
        {SL__CLIENT_CONSUMER, "request.timeout.ms", "400000", "socket.timeout.ms", "300000"},
        {SL__CLIENT_CONSUMER, "receive.buffer.bytes", "-1", "socket.receive.buffer.bytes", "0"},
        {SL__CLIENT_CONSUMER, "fetch.max.wait.ms", "50", "fetch.wait.max.ms", "50"},
        {SL__CLIENT_CONSUMER, "auto.offset.reset", "none", "auto.offset.reset", "error"},
        {SL__CLIENT_CONSUMER, "auto.offset.reset", "latest", "auto.offset.reset", "latest"},
        {SL__CLIENT_CONSUMER, "isolation.level", "READ_COMMITTED", "isolation.level", "read_committed"},
        {SL__CLIENT_CONSUMER, "client.id", "x", "isolation.level", "read_uncommitted"},
        {SL__CLIENT_CONSUMER, "client.id", "x", "auto.offset.reset", "earliest"},
        {SL__CLIENT_CONSUMER, "client.id", "x", "check.crcs", "true"},
        {SL__CLIENT_CONSUMER, "partition.assignment.strategy",
         "org.apache.kafka.clients.consumer.RangeAssignor,org.apache.kafka.clients.consumer."
         "CooperativeStickyAssignor",
         "partition.assignment.strategy", "range"},
        {SL__CLIENT_CONSUMER, "partition.assignment.strategy",
         "org.apache.kafka.clients.consumer.CooperativeStickyAssignor", "partition.assignment.strategy",
         "cooperative-sticky"},
        {SL__CLIENT_ADMIN, "metadata.max.age.ms", "5000", "topic.metadata.refresh.interval.ms", "5000"},
        {SL__CLIENT_ADMIN, "sasl.mechanism", "scram-sha-512", "sasl.mechanism", "SCRAM-SHA-512"},
        {SL__CLIENT_ADMIN, "ssl.endpoint.identification.algorithm", "",
         "ssl.endpoint.identification.algorithm", "none"},
        {SL__CLIENT_ADMIN, "ssl.endpoint.identification.algorithm", "HTTPS",
         "ssl.endpoint.identification.algorithm", "https"},
        {SL__CLIENT_PRODUCER, "queue.buffering.max.messages", "7", "queue.buffering.max.messages", "7"},
        {SL__CLIENT_PRODUCER, "statistics.interval.ms", "1000", "statistics.interval.ms", "1000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        translate(cases[i].kind, cases[i].key, cases[i].value);
        assert_int_equal(report.errors, 0);
        test_assert_str(found(cases[i].name), cases[i].translated);
        assert_null(apply());
    }
}

static void refusals_and_warnings(void **state) {
    static const struct {
        sl__client_kind kind;
        const char *key, *value;
        bool error;
        const char *part; /* NULL: not a word */
    } cases[] = {
        {SL__CLIENT_PRODUCER, "acks", "all", false, NULL},
        {SL__CLIENT_PRODUCER, "acks", "-1", false, NULL},
        {SL__CLIENT_PRODUCER, "acks", "1", false, "acks=all"},
        {SL__CLIENT_PRODUCER, "enable.idempotence", "false", false, "idempotent"},
        {SL__CLIENT_PRODUCER, "delivery.timeout.ms", "120000", false, "waited for without a limit"},
        {SL__CLIENT_PRODUCER, "retries", "2147483647", false, NULL},
        {SL__CLIENT_PRODUCER, "partitioner.class", "org.apache.kafka.clients.producer.RoundRobinPartitioner",
         true, "default partitioner"},
        {SL__CLIENT_PRODUCER, "partitioner.class",
         "org.apache.kafka.clients.producer.internals.DefaultPartitioner", false, NULL},
        {SL__CLIENT_PRODUCER, "interceptor.classes", "x.Y", true, "Java classes cannot be loaded"},
        {SL__CLIENT_PRODUCER, "transactional.id", "x", true, "remove it"},
        {SL__CLIENT_PRODUCER, "batch.size", "lots", true, "expected an integer"},
        {SL__CLIENT_PRODUCER, "buffer.memory", "0", true, "expected an integer above 0"},
        {SL__CLIENT_PRODUCER, "max.poll.records", "5", false, "another kind of Kafka client"},
        {SL__CLIENT_CONSUMER, "enable.auto.commit", "true", false, "the worker commits"},
        {SL__CLIENT_CONSUMER, "auto.offset.reset", "by_duration:PT1H", true,
         "expected earliest, latest or none"},
        {SL__CLIENT_CONSUMER, "partition.assignment.strategy",
         "org.apache.kafka.clients.consumer.StickyAssignor", true, "expected RangeAssignor"},
        {SL__CLIENT_ADMIN, "sasl.mechanism", "OAUTHBEARER", true, "SCRAM-SHA-512"},
        {SL__CLIENT_ADMIN, "sasl.mechanism", "AWS_MSK_IAM", true, "MSK"},
        {SL__CLIENT_ADMIN, "sasl.oauthbearer.token.endpoint.url", "http://x", true,
         "OAUTHBEARER is not supported"},
        {SL__CLIENT_ADMIN, "sasl.client.callback.handler.class",
         "software.amazon.msk.auth.iam.IAMClientCallbackHandler", true, "AWS MSK IAM"},
        {SL__CLIENT_ADMIN, "sasl.login.callback.handler.class", "x.Y", true, "Java classes"},
        {SL__CLIENT_ADMIN, "sasl.login.refresh.buffer.seconds", "300", false, NULL},
        {SL__CLIENT_ADMIN, "sasl.jaas.config", "software.amazon.msk.auth.iam.IAMLoginModule required;", true,
         "MSK"},
        {SL__CLIENT_ADMIN, "ssl.cipher.suites", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", true,
         "OpenSSL's cipher names"},
        {SL__CLIENT_ADMIN, "ssl.endpoint.identification.algorithm", "ldaps", true, "expected https"},
        {SL__CLIENT_ADMIN, "ssl.truststore.location", "/nonexistent/x.pem", true, "cannot be opened"},
        {SL__CLIENT_ADMIN, "ssl.engine.factory.class", "x", true, "Java classes"},
        {SL__CLIENT_PRODUCER, "lingr.ms", "1", false, "did you mean 'linger.ms'"},
        {SL__CLIENT_PRODUCER, "something.else.entirely", "1", false, "no such Kafka client setting"},
        {SL__CLIENT_PRODUCER, "metric.reporters", "", false, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        translate(cases[i].kind, cases[i].key, cases[i].value);
        const char *text = test_find_problem(&report, cases[i].key);
        if (!cases[i].part) {
            assert_null(text);
            continue;
        }
        if (!text || (report.errors > 0) != cases[i].error) {
            fail_msg("%s=%s: '%s', %zu errors", cases[i].key, cases[i].value, text ? text : "nothing",
                     report.errors);
        }
        test_assert_contains(text, cases[i].part);
    }
}

static void jaas(void **state) {
    static const struct {
        const char *line, *user, *password, *wrong;
    } cases[] = {
        {"org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"p w\";",
         "u", "p w", NULL},
        {"org.apache.kafka.common.security.scram.ScramLoginModule  REQUIRED\n username='u'\n password = "
         "'a\\'b' ;",
         "u", "a'b", NULL},
        {"a.ScramLoginModule required username=u password=\"q\\\"\\\\\\101;=\" ;", "u", "q\"\\A;=", NULL},
        {"a.PlainLoginModule required password=\"x\" username=\"y\" user_y=\"x\";", "y", "x", NULL},
        {"a.PlainLoginModule required username=\"u\" password=\"\";", "u", "", NULL},
        {"a.PlainLoginModule sometimes x=y;", NULL, NULL, "expected LoginModuleClass required"},
        {"a.PlainLoginModule", NULL, NULL, "expected LoginModuleClass required"},
        {"a.PlainLoginModule required username=\"u\" password=\"hunter2\"", NULL, NULL,
         "expected ';' at the end"},
        {"a.PlainLoginModule required username=\"u\" password=\"hunter2;", NULL, NULL,
         "expected a closing quote"},
        {"a.PlainLoginModule required username \"u\";", NULL, NULL, "expected name=\"value\" options"},
        {"a.PlainLoginModule required username=\"u\";", NULL, NULL,
         "expected the options username and password"},
        {"a.PlainLoginModule required; b.Module required;", NULL, NULL, "nothing after ';'"},
        {"a.MyModule required x=y;", NULL, NULL, "expected PlainLoginModule"},
        {"a.OAuthBearerLoginModule required clientSecret=\"hunter2\";", NULL, NULL,
         "OAUTHBEARER is not supported"},
        {"a.ScramLoginModule required username=a password=b tokenauth=true;", NULL, NULL,
         "delegation tokens"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        translate(SL__CLIENT_CONSUMER, "sasl.jaas.config", cases[i].line);
        const char *text = test_find_problem(&report, "sasl.jaas.config");
        if (cases[i].wrong) {
            assert_non_null(text);
            test_assert_contains(text, cases[i].wrong);
            assert_null(strstr(text, "hunter2"));
            continue;
        }
        assert_null(text);
        test_assert_str(found("sasl.username"), cases[i].user);
        test_assert_str(found("sasl.password"), cases[i].password);
        for (size_t k = 0; k < out.n; k++) {
            assert_int_equal(out.items[k].secret, sl_str_eqz(out.items[k].name, "sasl.password"));
        }
    }
    translate(SL__CLIENT_ADMIN, "sasl.jaas.config",
              "com.sun.security.auth.module.Krb5LoginModule required keyTab=\"/k\" principal=\"a@B\" "
              "serviceName=kafka;");
    test_assert_str(found("sasl.kerberos.keytab"), "/k");
    test_assert_str(found("sasl.kerberos.principal"), "a@B");
    test_assert_str(found("sasl.kerberos.service.name"), "kafka");
}

/* Whatever is passed on is a name that librdkafka has, unless it is marked as newer. */
static void every_name_is_librdkafkas(void **state) {
    char text[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)state;
    for (size_t i = 0; i < sl__kafka_nkeys; i++) {
        const sl__kafka_key *k = &sl__kafka_keys[i];
        bool passed = k->action == SL__KEY_PASS || k->action == SL__KEY_LOWER || k->action == SL__KEY_KIB ||
                      k->action == SL__KEY_BUFFER;
        rd_kafka_conf_res_t r =
            rd_kafka_conf_set(conf, k->rdkafka ? k->rdkafka : k->name, "1", text, sizeof text);
        if (passed && !k->optional && r == RD_KAFKA_CONF_UNKNOWN) {
            fail_msg("librdkafka has no '%s'", k->rdkafka ? k->rdkafka : k->name);
        }
        assert_true(k->action != SL__KEY_WARN && k->action != SL__KEY_REFUSE ? true : k->text != NULL);
    }
    rd_kafka_conf_destroy(conf);
}

static void special_rules_exist(void **state) {
    (void)state;
    for (size_t i = 0; i < sl__kafka_nkeys; i++) {
        const sl__kafka_key *k = &sl__kafka_keys[i];
        for (unsigned kind = 0; kind < 3; kind++) {
            if (k->action == SL__KEY_SPECIAL && (k->clients & (1u << kind))) {
                translate((sl__client_kind)kind, k->name, "x"); /* a missing rule is an error, which fails */
            }
        }
    }
}

/* Two rows of one name would leave the second without effect. */
static void names_are_unique(void **state) {
    (void)state;
    for (size_t i = 0; i < sl__kafka_nkeys; i++) {
        for (size_t k = i + 1; k < sl__kafka_nkeys; k++) {
            assert_string_not_equal(sl__kafka_keys[i].name, sl__kafka_keys[k].name);
        }
    }
    for (const char *const *n = sl__kafka_native; *n; n++) {
        for (size_t k = 0; k < sl__kafka_nkeys; k++) {
            assert_string_not_equal(*n, sl__kafka_keys[k].name);
        }
    }
}

/* ---- stores ---- */

static void write_bytes(const char *path, const void *p, size_t n) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
}

static void stores(void **state) {
    char dir[200];
    char path[300];
    char command[1500];
    (void)state;
    snprintf(dir, sizeof dir, "%s", test_temp_dir());
    snprintf(command, sizeof command,
             "cd %s && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=x "
             "-days 2 2>/dev/null && "
             "cat key.pem cert.pem >both.pem && "
             "openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass:hunter2 -out both.p12 && "
             "openssl pkcs12 -export -nokeys -in cert.pem -passout pass:hunter2 -out trust.p12",
             dir);
    assert_int_equal(system(command), 0);
    static const char *const trust[] = {"trust.p12", "both.p12"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, trust[i]);
        sl_config c = test_config(&arena, "ssl.truststore.location", path, "ssl.truststore.password",
                                  "hunter2", "ssl.truststore.type", "PKCS12", NULL);
        test_assert_ok(sl__client_translate(SL__CLIENT_ADMIN, &c, SL_STR_NONE, &arena, &report, &out));
        assert_int_equal(report.errors, 0);
        assert_true(sl_str_starts(found("ssl.ca.pem"), SL_STR("-----BEGIN CERTIFICATE-----")));
        assert_null(apply());
    }
    snprintf(path, sizeof path, "%s/trust.p12", dir);
    sl_config bad =
        test_config(&arena, "ssl.truststore.location", path, "ssl.truststore.password", "hunter3", NULL);
    test_assert_ok(sl__client_translate(SL__CLIENT_ADMIN, &bad, SL_STR("admin."), &arena, &report, &out));
    test_assert_contains(test_find_problem(&report, "admin.ssl.truststore.location"),
                         "cannot be opened with the password");
    snprintf(path, sizeof path, "%s/both.pem", dir);
    sl_config pem = test_config(&arena, "ssl.truststore.location", path, "ssl.keystore.location", path, NULL);
    sl_config_report_init(&report, &arena);
    test_assert_ok(sl__client_translate(SL__CLIENT_ADMIN, &pem, SL_STR_NONE, &arena, &report, &out));
    assert_int_equal(report.n, 0);
    test_assert_str(found("ssl.ca.location"), path);
    test_assert_str(found("ssl.certificate.location"), path);
    test_assert_str(found("ssl.key.location"), path);
    snprintf(path, sizeof path, "%s/both.p12", dir);
    sl_config p12 =
        test_config(&arena, "ssl.keystore.location", path, "ssl.keystore.password", "hunter2", NULL);
    test_assert_ok(sl__client_translate(SL__CLIENT_ADMIN, &p12, SL_STR_NONE, &arena, &report, &out));
    test_assert_str(found("ssl.keystore.location"), path);
    test_assert_str(found("ssl.keystore.password"), "hunter2");
    snprintf(path, sizeof path, "%s/old.jks", dir);
    write_bytes(path, "\xfe\xed\xfe\xed\0\0\0\2", 8);
    translate(SL__CLIENT_ADMIN, "ssl.truststore.location", path);
    test_assert_contains(test_find_problem(&report, "ssl.truststore.location"), "keytool -importkeystore");
    translate(SL__CLIENT_ADMIN, "ssl.keystore.location", path);
    test_assert_contains(test_find_problem(&report, "ssl.keystore.location"),
                         "JKS key stores are not supported");
    write_bytes(path, "hello", 5);
    translate(SL__CLIENT_ADMIN, "ssl.truststore.location", path);
    test_assert_contains(test_find_problem(&report, "ssl.truststore.location"),
                         "expected certificates in PEM");
    write_bytes(path, "0junk", 5);
    translate(SL__CLIENT_ADMIN, "ssl.truststore.location", path);
    test_assert_contains(test_find_problem(&report, "ssl.truststore.location"), "not a PKCS#12 store");
    test_remove_dir(dir);
}

/* ---- whose settings ---- */

static void settings_of_clients(void **state) {
    sl_config c;
    (void)state;
    sl_config worker =
        test_config(&arena, "bootstrap.servers", "a:1", "security.protocol", "SSL", "key.converter", "json",
                    "producer.linger.ms", "1", "producer.acks", "all", "consumer.fetch.min.bytes", "5",
                    "admin.client.id", "adm", "group.id", "cluster", NULL);
    sl_config connector = test_config(&arena, "producer.override.linger.ms", "9",
                                      "admin.override.bootstrap.servers", "z:9", "name", "x", NULL);
    test_assert_ok(sl__client_settings(SL__CLIENT_PRODUCER, &worker, &connector, &arena, &c));
    assert_int_equal(c.n, 3);
    test_assert_str(sl_config_get(&c, SL_STR("bootstrap.servers")), "a:1");
    test_assert_str(sl_config_get(&c, SL_STR("linger.ms")), "9");
    test_assert_ok(sl__client_settings(SL__CLIENT_CONSUMER, &worker, NULL, &arena, &c));
    assert_int_equal(c.n, 2);
    test_assert_ok(sl__client_settings(SL__CLIENT_ADMIN, &worker, &connector, &arena, &c));
    assert_int_equal(c.n, 3);
    test_assert_str(sl_config_get(&c, SL_STR("security.protocol")), "SSL");
    test_assert_str(sl_config_get(&c, SL_STR("client.id")), "adm");
    test_assert_str(sl_config_get(&c, SL_STR("bootstrap.servers")), "z:9");
    sl_config none = {0};
    test_assert_ok(sl__client_settings(SL__CLIENT_PRODUCER, &none, NULL, &arena, &c));
    assert_int_equal(c.n, 0);
}

static void embedded_and_batches(void **state) {
    (void)state;
    translate(SL__CLIENT_ADMIN, "bootstrap.servers", "embedded:");
    assert_true(out.embedded);
    translate(SL__CLIENT_CONSUMER, "max.poll.records", "99999999999");
    assert_int_equal(out.max_poll_records, INT32_MAX);
    assert_false(out.embedded);
    sl_config c = test_config(&arena, "compression.type", "gzip", "compression.gzip.level", "3",
                              "compression.zstd.level", "9", NULL);
    test_assert_ok(sl__client_translate(SL__CLIENT_PRODUCER, &c, SL_STR_NONE, &arena, &report, &out));
    test_assert_str(found("compression.level"), "3");
}

static void policies(void **state) {
    sl_str items[] = {SL_STR("linger.ms")};
    sl_str_list list = {items, 1};
    (void)state;
    assert_true(sl__override_allowed(SL__OVERRIDE_ALL, NULL, SL_STR("x")));
    assert_false(sl__override_allowed(SL__OVERRIDE_NONE, NULL, SL_STR("sasl.jaas.config")));
    assert_true(sl__override_allowed(SL__OVERRIDE_PRINCIPAL, NULL, SL_STR("sasl.jaas.config")));
    assert_false(sl__override_allowed(SL__OVERRIDE_PRINCIPAL, NULL, SL_STR("linger.ms")));
    assert_true(sl__override_allowed(SL__OVERRIDE_ALLOWLIST, &list, SL_STR("linger.ms")));
    assert_false(sl__override_allowed(SL__OVERRIDE_ALLOWLIST, &list, SL_STR("acks")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(translations, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(refusals_and_warnings, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(jaas, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(every_name_is_librdkafkas, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(special_rules_exist, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(names_are_unique, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(stores, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(settings_of_clients, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(embedded_and_batches, setup, teardown_arena),
        cmocka_unit_test_setup_teardown(policies, setup, teardown_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
