/*
 * test_rest_routes.c - paths and methods, escapes, error statuses, JSON texts, what may be shown, listeners
 * and headers.
 */
#include "support/support.h"

#include <stdio.h>
#include <unistd.h>

#include "herder/signature.h"
#include "rest/auth.h"
#include "rest/headers.h"
#include "rest/listener.h"
#include "rest/request.h"
#include "rest/shown.h"

typedef struct fixture {
    sl_arena arena;
} fixture;

static int setup(void **state) {
    static fixture f;
    sl_arena_init(&f.arena, 0);
    *state = &f;
    return 0;
}

static int teardown(void **state) {
    fixture *f = *state;
    sl_arena_deinit(&f->arena);
    return 0;
}

static sl__route_found find(fixture *f, const char *method, const char *path, sl__match *m) {
    return sl__route_find(sl__routes, sl__nroutes, sl_str_of(method), sl_str_of(path), &f->arena, m);
}

static void finds_routes(void **state) {
    fixture *f = *state;
    sl__match m;
    assert_int_equal(find(f, "GET", "/", &m), SL_ROUTE_OK);
    assert_ptr_equal(m.route->run, sl__rest_root);
    assert_int_equal(find(f, "GET", "/connectors", &m), SL_ROUTE_OK);
    assert_int_equal(find(f, "GET", "/connectors/", &m), SL_ROUTE_OK);
    assert_ptr_equal(m.route->run, sl__rest_connectors);
    assert_int_equal(find(f, "HEAD", "/connectors/a", &m), SL_ROUTE_OK);
    assert_ptr_equal(m.route->run, sl__rest_connector);
    assert_int_equal(find(f, "POST", "/connectors/a%2Fb/tasks/3/restart", &m), SL_ROUTE_OK);
    assert_ptr_equal(m.route->run, sl__rest_restart_task);
    test_assert_str(m.args[0], "a/b");
    test_assert_str(m.args[1], "3");
    assert_int_equal(find(f, "GET", "/connectors/tasks/status", &m), SL_ROUTE_OK);
    test_assert_str(m.args[0], "tasks");
}

static void refuses_paths(void **state) {
    static const char *const none[] = {
        "",           "/nope",        "//",        "/connectors//status",    "/connectors/a/b",
        "connectors", "/connectorsx", "/health/x", "/connectors/a/status/x", "//connectors"};
    fixture *f = *state;
    sl__match m;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(find(f, "GET", none[i], &m), SL_ROUTE_NO_PATH);
    }
    static const char *const bad[] = {"/connectors/%",     "/connectors/%4",  "/connectors/%zz",
                                      "/connectors/%00",   "/connectors/%ff", "/connectors/\xff",
                                      "/connectors/%C0%AF"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(find(f, "GET", bad[i], &m), SL_ROUTE_BAD_PATH);
    }
}

static void names_methods(void **state) {
    fixture *f = *state;
    sl__match m;
    assert_int_equal(find(f, "DELETE", "/connectors/a/status", &m), SL_ROUTE_NO_METHOD);
    test_assert_str(m.allowed, "GET, HEAD, OPTIONS");
    assert_int_equal(find(f, "OPTIONS", "/admin/loggers/x", &m), SL_ROUTE_NO_METHOD);
    test_assert_str(m.allowed, "GET, HEAD, PUT, OPTIONS");
    assert_int_equal(find(f, "get", "/", &m), SL_ROUTE_NO_METHOD);
}

static void unescapes(void **state) {
    fixture *f = *state;
    sl_str out;
    assert_true(sl__unescape(SL_STR("a%2fb%25+%C3%A9"), &f->arena, &out));
    test_assert_str(out, "a/b%+\xc3\xa9");
    assert_true(sl__unescape(SL_STR(""), &f->arena, &out));
    assert_int_equal(out.n, 0);
    assert_false(sl__unescape(SL_STR("%"), &f->arena, &out));
}

static int status_of(sl_error_code code, sl_error_class cls) {
    sl_error *err = sl_error_new(code, cls, "x");
    int status = sl__status_of(err);
    sl_error_free(err);
    return status;
}

static void maps_errors(void **state) {
    (void)state;
    assert_int_equal(status_of(SL_E_CONFIG, SL_USER), 400);
    assert_int_equal(status_of(SL_E_DATA, SL_USER), 400);
    assert_int_equal(status_of(SL_E_NOT_FOUND, SL_USER), 404);
    assert_int_equal(status_of(SL_E_CONFLICT, SL_USER), 409);
    assert_int_equal(status_of(SL_E_TIMEOUT, SL_RETRIABLE), 500);
    assert_int_equal(status_of(SL_E_NETWORK, SL_RETRIABLE), 503);
    assert_int_equal(status_of(SL_E_UNSUPPORTED, SL_USER), 501);
    assert_int_equal(status_of(SL_E_INTERNAL, SL_BUG), 500);
    for (int code = 0; code < SL_E_COUNT; code++) {
        for (int cls = SL_RETRIABLE; cls <= SL_BUG; cls++) {
            int status = status_of((sl_error_code)code, (sl_error_class)cls);
            assert_true(status >= 400 && status < 600);
        }
    }
}

static void answers_errors(void **state) {
    fixture *f = *state;
    sl__request r = {.arena = f->arena};
    sl_buf_init(&r.out, NULL);
    sl_buf_add_z(&r.out, "half an answer");
    assert_true(sl__answer_error(&r, 404, "Connector %s not found", "a\"b\n\xff"));
    assert_int_equal(r.status, 404);
    test_assert_str(sl_buf_view(&r.out),
                    "{\"error_code\":404,\"message\":\"Connector a\\\"b\\n? not found\"}");
    assert_true(sl__answer_failure(&r, sl_error_new(SL_E_CONFLICT, SL_USER, "taken")));
    test_assert_str(sl_buf_view(&r.out), "{\"error_code\":409,\"message\":\"taken\"}");
    sl_buf_deinit(&r.out);
}

/* The text ends where it says it does, whatever was in the arena before. */
static void urls_end(void **state) {
    fixture *f = *state;
    sl__request r = {.arena = f->arena, .base_url = SL_STR("http://h:1")};
    char *old = sl_arena_alloc(&r.arena, 1000);
    memset(old, 'x', 1000);
    sl_arena_reset(&r.arena, SIZE_MAX);
    sl_str url = sl__request_url(&r, "/connectors/", SL_STR("a b"));
    test_assert_str(url, "http://h:1/connectors/a%20b");
    assert_int_equal(strlen(url.p), url.n);
    f->arena = r.arena;
}

/* ---- what may be shown ---- */

static const sl_config_row rows[] = {
    {.name = "connection.url", .type = SL_CONFIG_STRING},
    {.name = "connection.password", .type = SL_CONFIG_PASSWORD},
    {.name = "key.of.no.suspicious.name", .type = SL_CONFIG_PASSWORD},
    {.name = "password.policy", .type = SL_CONFIG_STRING},
};
static const sl_plugin_def def = {.kind = SL_KIND_SINK, .name = "x", .settings = rows, .nsettings = 4};

static void shows(fixture *f, const sl_plugin_def *d, const char *key, const char *value, const char *shown) {
    test_assert_str(sl__shown_value(d, sl_str_of(key), sl_str_of(value), &f->arena), shown);
}

static void hides_secrets(void **state) {
    fixture *f = *state;
    shows(f, &def, "connection.password", "pw", "[hidden]");
    shows(f, &def, "connection.password", "", "");
    shows(f, &def, "connection.password", "${file:/s:pw}", "${file:/s:pw}");
    shows(f, &def, "connection.password", "${file:/s:pw}x", "[hidden]");
    shows(f, &def, "connection.password", "${x}", "[hidden]");
    shows(f, &def, "key.of.no.suspicious.name", "pw", "[hidden]");
    shows(f, &def, "password.policy", "strict", "strict");
    shows(f, &def, "name", "pw", "pw");
    shows(f, NULL, "database.password", "pw", "[hidden]");
    shows(f, &def, "producer.override.sasl.jaas.config", "x", "[hidden]");
    shows(f, &def, "producer.override.acks", "all", "all");
    shows(f, &def, "value.converter.basic.auth.user.info", "u:p", "[hidden]");
    shows(f, &def, "transforms.x.Token", "t", "[hidden]");
    assert_null(sl__shown_value(&def, SL_STR("a"), SL_STR_NONE, &f->arena).p);
}

static void hides_passwords_in_urls(void **state) {
    fixture *f = *state;
    shows(f, &def, "connection.url", "jdbc:postgresql://h:5432/db?user=u&password=geheim&ssl=true",
          "jdbc:postgresql://h:5432/db?user=u&password=[hidden]&ssl=true");
    shows(f, &def, "connection.url", "jdbc:mysql://h/db?Password=a&x=1&PASSWORD=b",
          "jdbc:mysql://h/db?Password=[hidden]&x=1&PASSWORD=[hidden]");
    shows(f, &def, "connection.url", "https://me:geheim@host:9200/x", "https://me:[hidden]@host:9200/x");
    shows(f, &def, "connection.url", "https://me:ge@heim@host/x", "https://me:[hidden]@host/x");
    shows(f, &def, "connection.url", "https://host:9200/x:y@z", "https://host:9200/x:y@z");
    shows(f, &def, "connection.url", "https://me@host:9200/", "https://me@host:9200/");
    shows(f, &def, "connection.url", "jdbc:x://h/d?password=${env:PW}", "jdbc:x://h/d?password=${env:PW}");
    shows(f, &def, "connection.url", "password=", "password=");
}

/* ---- media types and users ---- */

static void knows_media_types(void **state) {
    static const char *const json[] = {"application/json", "Application/JSON; charset=utf-8",
                                       " application/json "};
    static const char *const other[] = {"", "text/plain", "application/jsonx",
                                        "application/x-www-form-urlencoded"};
    static const char *const takes[] = {"*/*", "text/html, */*;q=0.1", "application/*", "application/json",
                                        ""};
    static const char *const refuses[] = {"text/html", "text/*", "application/xml", "application"};
    (void)state;
    assert_true(sl__media_is_json(SL_STR_NONE));
    assert_true(sl__media_accepts(SL_STR_NONE, NULL));
    for (size_t i = 0; i < sizeof json / sizeof json[0]; i++) {
        assert_true(sl__media_is_json(sl_str_of(json[i])));
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        assert_false(sl__media_is_json(sl_str_of(other[i])));
    }
    for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
        assert_true(sl__media_accepts(sl_str_of(takes[i]), NULL));
    }
    for (size_t i = 0; i < sizeof refuses / sizeof refuses[0]; i++) {
        assert_false(sl__media_accepts(sl_str_of(refuses[i]), NULL));
    }
    assert_true(sl__media_accepts(SL_STR("text/*"), "text/plain"));
    assert_false(sl__media_accepts(SL_STR("application/json"), "text/plain"));
}

static void checks_users(void **state) {
    /* ann:secret, bob:secret (as a hash), eve:x:y */
    static const sl_config_entry users[] = {
        {.key = SL_STR_INIT("ann"), .value = SL_STR_INIT("secret")},
        {.key = SL_STR_INIT("bob"),
         .value = SL_STR_INIT("sha256:2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b")},
        {.key = SL_STR_INIT("eve"), .value = SL_STR_INIT("x:y")}};
    sl_str readers[] = {SL_STR("bob")};
    const sl__auth a = {.on = true, .users = {users, 3}, .readers = {readers, 1}};
    const sl__auth off = {.on = false};
    (void)state;
    assert_int_equal(sl__auth_check(&off, SL_STR_NONE, false), SL_AUTH_OK);
    assert_int_equal(sl__auth_check(&a, SL_STR_NONE, true), SL_AUTH_UNKNOWN);
    assert_int_equal(sl__auth_check(&a, SL_STR("Basic"), true), SL_AUTH_UNKNOWN);
    assert_int_equal(sl__auth_check(&a, SL_STR("Basic ****"), true), SL_AUTH_UNKNOWN);
    assert_int_equal(sl__auth_check(&a, SL_STR("Bearer YW5uOnNlY3JldA=="), true), SL_AUTH_UNKNOWN);
    assert_int_equal(sl__auth_check(&a, SL_STR("Basic YW5uOnNlY3JldA=="), false), SL_AUTH_OK);
    assert_int_equal(sl__auth_check(&a, SL_STR("basic YW5uOnNlY3JldA=="), false), SL_AUTH_OK);
    assert_int_equal(sl__auth_check(&a, SL_STR("Basic YW5uOndyb25n"), false), SL_AUTH_UNKNOWN);
    assert_int_equal(sl__auth_check(&a, SL_STR("Basic Ym9iOnNlY3JldA=="), true), SL_AUTH_OK);
    assert_int_equal(sl__auth_check(&a, SL_STR("Basic Ym9iOnNlY3JldA=="), false), SL_AUTH_READER);
    assert_int_equal(sl__auth_check(&a, SL_STR("Basic ZXZlOng6eQ=="), false), SL_AUTH_OK);
}

static void signs_requests(void **state) {
    fixture *f = *state;
    static const char zeroes[16];
    sl_str key = sl_str_make(zeroes, sizeof zeroes), body = SL_STR("{}");
    sl_str made = sl__signature_make(SL_STR("HmacSHA256"), key, body, &f->arena);
    assert_int_equal(made.n, 44);
    assert_true(sl__signature_holds(SL_STR("HmacSHA256"), key, body, made, &f->arena));
    assert_false(sl__signature_holds(SL_STR("HmacSHA256"), key, SL_STR("{ }"), made, &f->arena));
    assert_false(sl__signature_holds(SL_STR("HmacSHA512"), key, body, made, &f->arena));
    assert_false(sl__signature_holds(SL_STR("Nope"), key, body, made, &f->arena));
    assert_false(sl__signature_holds(SL_STR("HmacSHA256"), key, body, SL_STR(""), &f->arena));
}

/* ---- listeners and headers ---- */

static void opens_listeners(void **state) {
    sl__listener one, other;
    char url[64];
    (void)state;
    test_assert_ok(sl__listener_open("listeners", SL_STR("http://127.0.0.1:0"), &one));
    assert_true(one.port > 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", one.port);
    test_assert_error(sl__listener_open("listeners", sl_str_of(url), &other), SL_E_IO,
                      "in use; end what listens there");
    close(one.fd);
    static const char *const bad[] = {
        "", "ftp://x:1", "http://x", "http://x:y", "http://x:70000", "http://x:-1", "x:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        test_assert_error(sl__listener_open("listeners", sl_str_of(bad[i]), &other), SL_E_CONFIG,
                          "expected http://HOST:PORT");
    }
    test_assert_ok(sl__listener_open("listeners", SL_STR("http://:0"), &one));
    close(one.fd);
}

static void names_the_worker(void **state) {
    char id[300];
    sl__worker_settings w = {.advertised_port = 0};
    sl__listener l = {.host = SL_STR("10.1.2.3"), .port = 8083};
    (void)state;
    sl__listener_worker_id(&l, &w, id, sizeof id);
    assert_string_equal(id, "10.1.2.3:8083");
    w.advertised_host = SL_STR("connect.example");
    w.advertised_port = 80;
    sl__listener_worker_id(&l, &w, id, sizeof id);
    assert_string_equal(id, "connect.example:80");
    w = (sl__worker_settings){.advertised_port = 0};
    l = (sl__listener){.host = SL_STR("::1"), .port = 8443, .https = true};
    sl__listener_url(&l, &w, id, sizeof id);
    assert_string_equal(id, "https://[::1]:8443/");
    l.host = SL_STR("");
    sl__listener_worker_id(&l, &w, id, sizeof id);
    assert_true(strlen(id) > strlen(":8083"));
    assert_true(id[0] != ':');
}

static void reads_headers(void **state) {
    fixture *f = *state;
    sl__headers h;
    sl__worker_settings w = {
        .response_headers =
            SL_STR("set X-A: 1, \"add Cache-Control: no-cache, no-store\", addDate Expires: 1000")};
    test_assert_ok(sl__headers_parse(&w, &f->arena, &h));
    assert_int_equal(h.n, 3);
    assert_string_equal(h.rows[1].name, "Cache-Control");
    assert_string_equal(h.rows[1].value, "no-cache, no-store");
    assert_true(h.rows[2].date);
    static const char *const bad[] = {"X-A: 1",          "put X: 1",      "set X",      "set : 1",
                                      "addDate X: soon", "set A\r\nB: 1", "set X: a\nb"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        w.response_headers = sl_str_of(bad[i]);
        test_assert_error(sl__headers_parse(&w, &f->arena, &h), SL_E_CONFIG, "response.http.headers.config");
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(finds_routes),    CASE(refuses_paths),    CASE(names_methods),     CASE(unescapes),
        CASE(maps_errors),     CASE(answers_errors),   CASE(hides_secrets),     CASE(hides_passwords_in_urls),
        CASE(opens_listeners), CASE(names_the_worker), CASE(knows_media_types), CASE(checks_users),
        CASE(signs_requests),  CASE(reads_headers),    CASE(urls_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
