/*
 * test_rest_server.c - requests through the real listener to a herder with a table of operations of this
 * test: health, what becomes of a request that the leader loses, passes on or hangs with, and of one that
 * the herder does not come to.
 *
 * The leader is a thread that answers each connection with the next of its lines.
 */
#include "support/support.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http.h"
#include "herder/ops.h"
#include "herder/state.h"
#include "rest/rest.h"

/* ---- the leader ---- */

#define HANG ""     /* read the request, and say nothing until the leader ends */
#define LOSE "lose" /* read the request, and close */
#define MAX_ANSWERS 4
static const char *answers[MAX_ANSWERS];
static atomic_int asked;
static int leader_fd = -1, hanging_fd = -1;
static pthread_t leader_thread;
static char leader_url[64];
static _Atomic(const char *) leads; /* the URL that the herder takes for the leader's */

static void *lead(void *arg) {
    (void)arg;
    for (int n = 0; n < MAX_ANSWERS && answers[n]; n++) {
        char request[4096];
        int fd = accept(leader_fd, NULL, NULL);
        if (fd < 0 || read(fd, request, sizeof request) <= 0) {
            break;
        }
        atomic_fetch_add(&asked, 1);
        if (strcmp(answers[n], HANG) == 0) {
            hanging_fd = fd;
            continue;
        }
        if (strcmp(answers[n], LOSE) != 0) {
            assert_true(write(fd, answers[n], strlen(answers[n])) > 0);
        }
        close(fd);
    }
    return NULL;
}

static void start_leader(const char *first, const char *second) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    answers[0] = first;
    answers[1] = second;
    answers[2] = NULL;
    leader_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(leader_fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(leader_fd, 8), 0);
    assert_int_equal(getsockname(leader_fd, (struct sockaddr *)&a, &n), 0);
    snprintf(leader_url, sizeof leader_url, "http://127.0.0.1:%d/", ntohs(a.sin_port));
    atomic_store(&leads, leader_url);
    atomic_store(&asked, 0);
    assert_int_equal(pthread_create(&leader_thread, NULL, lead, NULL), 0);
}

static void end_leader(void) {
    shutdown(leader_fd, SHUT_RDWR);
    pthread_join(leader_thread, NULL);
    close(leader_fd);
    if (hanging_fd >= 0) {
        close(hanging_fd);
        hanging_fd = -1;
    }
}

/* ---- the herder's operations ---- */

static atomic_bool is_ready, here; /* here: this worker leads */
static atomic_int seen;            /* how often it has caught up */

static bool op_ready(sl__herder *h, const char **why) {
    (void)h;
    *why = "joining the group";
    return atomic_load(&is_ready);
}

static sl_str op_leader(sl__herder *h) {
    (void)h;
    return sl_str_of(atomic_load(&leads));
}

static atomic_bool waits; /* what is asked does not end */
#define SHORT_MS 3000     /* of a request */

static atomic_int blocked_ms; /* the herder's thread does nothing else for so long */
static atomic_bool blocking;

static bool op_set_target(sl__herder *h, sl__call *c, sl_str name, sl__task_target target) {
    (void)name, (void)target;
    if (atomic_load(&waits)) {
        return false;
    }
    if (atomic_load(&blocked_ms)) {
        atomic_store(&blocking, true);
        int64_t until = sl__now_ms() + atomic_load(&blocked_ms);
        while (atomic_load(&blocked_ms) && sl__now_ms() < until) {
            usleep(5000);
        }
        atomic_store(&blocking, false);
    }
    return atomic_load(&here) ? sl__op_done(h, c) : sl__op_forward(h, c, op_leader(h));
}

static bool op_delete(sl__herder *h, sl__call *c, sl_str name) {
    (void)name;
    return sl__op_forward(h, c, op_leader(h));
}

static bool op_catch_up(sl__herder *h, sl__call *c) {
    atomic_fetch_add(&seen, 1);
    return sl__op_done(h, c);
}

static const sl__ops ops = {.ready = op_ready,
                            .leader = op_leader,
                            .set_target = op_set_target,
                            .delete_config = op_delete,
                            .catch_up = op_catch_up};

static void start(sl__herder *h) {
    (void)h;
}

static int64_t tick(sl__herder *h, int64_t now) {
    (void)h;
    return now + 20;
}

static const sl__hooks hooks = {.start = start, .tick = tick};

/* ---- the worker around it ---- */

typedef struct fixture {
    sl_arena arena;
    sl__worker_settings worker;
    sl__sched *sched;
    sl__herder *herder;
    void *front;
    char id[256];
} fixture;

static int setup_with(void **state, int timeout_ms) {
    static fixture f;
    static sl_str listener = {.p = "http://127.0.0.1:0", .n = 18};
    f = (fixture){.worker = {.listeners = {&listener, 1},
                             .request_max_bytes = 1 << 20,
                             .request_timeout_ms = timeout_ms,
                             .threads_max = 4}};
    sl_arena_init(&f.arena, 0);
    atomic_store(&is_ready, false);
    atomic_store(&here, false);
    atomic_store(&seen, 0);
    atomic_store(&leads, NULL);
    test_assert_ok(sl__sched_new(2, 4, &f.sched));
    const sl__herder_env env = {
        .task = {.sched = f.sched, .worker = &f.worker}, .ops = &ops, .hooks = &hooks};
    test_assert_ok(sl__herder_new(&env, &f.herder));
    test_assert_ok(sl__rest_front.open(&f.worker, f.id, sizeof f.id, &f.front));
    test_assert_ok(sl__herder_start(f.herder));
    test_assert_ok(sl__rest_front.serve(f.front, f.herder));
    *state = &f;
    return 0;
}

static int setup(void **state) {
    return setup_with(state, 20000);
}

static int setup_short(void **state) {
    return setup_with(state, SHORT_MS);
}

static int teardown(void **state) {
    fixture *f = *state;
    sl__herder_stop(f->herder);
    (void)sl__herder_join(f->herder);
    sl__rest_front.close(f->front);
    sl__sched_free(f->sched);
    sl__herder_free(f->herder);
    sl_arena_deinit(&f->arena);
    return 0;
}

static int ask(fixture *f, const char *method, const char *path, sl__http_answer *out) {
    const sl__http_request r = {
        .method = method, .url = sl_arena_printf(&f->arena, "http://%s%s", f->id, path), .timeout_ms = 40000};
    test_assert_ok(sl__http_do(&r, &f->arena, out));
    return out->status;
}

/* ---- health ---- */

static void *get_well(void *arg) {
    (void)arg;
    usleep(300 * 1000);
    atomic_store(&is_ready, true);
    return NULL;
}

static void tells_its_health(void **state) {
    fixture *f = *state;
    sl__http_answer a;
    assert_int_equal(ask(f, "GET", "/health", &a), 503);
    test_assert_str(
        a.body, "{\"status\":\"starting\",\"message\":\"Worker is still starting up. The worker is joining "
                "the group.\"}");
    atomic_store(&is_ready, true);
    assert_int_equal(ask(f, "GET", "/health", &a), 200);
    test_assert_str(
        a.body, "{\"status\":\"healthy\",\"message\":\"Worker has completed startup and is ready to handle "
                "requests.\"}");
    /* it has been ready and is not any more: there is some time for that to change, as long as a request may
     * take */
    pthread_t t;
    atomic_store(&is_ready, false);
    int64_t began = sl__now_ms();
    assert_int_equal(pthread_create(&t, NULL, get_well, NULL), 0);
    assert_int_equal(ask(f, "GET", "/health", &a), 200);
    assert_true(sl__now_ms() - began >= 250);
    pthread_join(t, NULL);
    atomic_store(&is_ready, false);
    assert_int_equal(ask(f, "GET", "/health", &a), 500);
    test_assert_str(
        a.body, "{\"status\":\"unhealthy\",\"message\":\"Worker was unable to handle this request and may be "
                "unable to handle other requests. The worker is joining the group.\"}");
}

/* ---- forwarding ---- */

#define TEXT(status, body)                                                                                   \
    "HTTP/1.1 " status "\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n" body
#define PASSED_ON                                                                                            \
    TEXT("409 Conflict",                                                                                     \
         "{\"error_code\":409,\"message\":\"Cannot complete request because of a conflicting "               \
         "operation (e.g. worker rebalance)\"}")

static void passes_an_answer_on(void **state) {
    sl__http_answer a;
    start_leader(TEXT("202 Accepted", ""), NULL);
    assert_int_equal(ask(*state, "PUT", "/connectors/a/pause", &a), 202);
    assert_int_equal(atomic_load(&seen), 1);
    end_leader();
    start_leader(TEXT("404 Not Found", "{\"error_code\":404,\"message\":\"Unknown connector a\"}"), NULL);
    assert_int_equal(ask(*state, "PUT", "/connectors/a/pause", &a), 404);
    test_assert_str(a.body, "{\"error_code\":404,\"message\":\"Unknown connector a\"}");
    assert_int_equal(atomic_load(&seen), 1); /* nothing was changed */
    end_leader();
}

static void asks_again_when_it_is_lost_or_passed_on(void **state) {
    sl__http_answer a;
    start_leader(LOSE, TEXT("202 Accepted", ""));
    assert_int_equal(ask(*state, "PUT", "/connectors/a/pause", &a), 202);
    assert_int_equal(atomic_load(&asked), 2);
    end_leader();
    start_leader(PASSED_ON, TEXT("202 Accepted", ""));
    assert_int_equal(ask(*state, "PUT", "/connectors/a/pause", &a), 202);
    assert_int_equal(atomic_load(&asked), 2);
    end_leader();
}

static void takes_what_is_gone_for_deleted_by_what_was_lost(void **state) {
    sl__http_answer a;
    const char *gone = TEXT("404 Not Found", "{\"error_code\":404,\"message\":\"Connector a not found\"}");
    start_leader(gone, NULL);
    assert_int_equal(ask(*state, "DELETE", "/connectors/a", &a), 404);
    end_leader();
    start_leader(LOSE, gone);
    assert_int_equal(ask(*state, "DELETE", "/connectors/a", &a), 204);
    end_leader();
}

static void *take_over(void *arg) {
    (void)arg;
    while (atomic_load(&asked) == 0) {
        usleep(5000);
    }
    atomic_store(&here, true);
    atomic_store(&leads, "http://127.0.0.1:1/");
    return NULL;
}

static void leaves_a_leader_that_is_replaced(void **state) {
    sl__http_answer a;
    pthread_t t;
    start_leader(HANG, NULL);
    assert_int_equal(pthread_create(&t, NULL, take_over, NULL), 0);
    int64_t began = sl__now_ms();
    assert_int_equal(ask(*state, "PUT", "/connectors/a/pause", &a), 202);
    assert_true(sl__now_ms() - began < 12000); /* the request's time is 20 s */
    pthread_join(t, NULL);
    end_leader();
}

static void gives_up_in_time(void **state) {
    fixture *f = *state;
    sl__http_answer a;
    atomic_store(&leads, "http://127.0.0.1:1/");
    assert_int_equal(ask(f, "PUT", "/connectors/a/pause", &a), 500);
    test_assert_contains(a.body.p, "IO Error trying to forward REST request");
    assert_int_equal(ask(f, "PUT", "/connectors/a/pause?forward=false", &a), 409);
}

/* ---- a herder that does not answer ---- */

static void says_what_takes_too_long(void **state) {
    fixture *f = *state;
    sl__http_answer a;
    atomic_store(&waits, true);
    int64_t began = sl__now_ms();
    assert_int_equal(ask(f, "PUT", "/connectors/a/pause", &a), 500);
    assert_true(sl__now_ms() - began >= 800);
    test_assert_str(a.body, "{\"error_code\":500,\"message\":\"Request timed out\"}");
    atomic_store(&waits, false);
    atomic_store(&here, true);
    assert_int_equal(ask(f, "PUT", "/connectors/a/pause", &a), 202); /* nobody else had to wait */
}

static void *ask_apart(void *arg) {
    fixture mine = *(fixture *)arg;
    sl__http_answer a;
    sl_arena_init(&mine.arena, 0);
    (void)ask(&mine, "PUT", "/connectors/a/pause", &a);
    sl_arena_deinit(&mine.arena);
    return NULL;
}

static void answers_while_the_herder_is_stuck(void **state) {
    fixture *f = *state;
    sl__http_answer a;
    pthread_t t;
    atomic_store(&here, true);
    atomic_store(&blocking, false);
    atomic_store(&blocked_ms, 60000);
    assert_int_equal(pthread_create(&t, NULL, ask_apart, f), 0);
    while (!atomic_load(&blocking)) {
        usleep(5000);
    }
    while (sl__herder_busy_ms(f->herder) <= SHORT_MS) {
        usleep(5000);
    }
    assert_int_equal(ask(f, "GET", "/connectors", &a), 500);
    test_assert_str(a.body, "{\"error_code\":500,\"message\":\"Request timed out\"}");
    assert_true(atomic_load(&blocking)); /* it was answered by somebody else */
    atomic_store(&blocked_ms, 0);
    pthread_join(t, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tells_its_health, setup_short, teardown),
        CASE(passes_an_answer_on),
        CASE(asks_again_when_it_is_lost_or_passed_on),
        CASE(takes_what_is_gone_for_deleted_by_what_was_lost),
        CASE(leaves_a_leader_that_is_replaced),
        cmocka_unit_test_setup_teardown(gives_up_in_time, setup_short, teardown),
        cmocka_unit_test_setup_teardown(says_what_takes_too_long, setup_short, teardown),
        cmocka_unit_test_setup_teardown(answers_while_the_herder_is_stuck, setup_short, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
