/*
 * internal.c - what workers ask of their leader: signed requests (KIP-507).
 */
#include "config/json.h"
#include "herder/signature.h"
#include "rest/request.h"

/* signed_by_worker checks the signature; false: answered. */
static bool signed_by_worker(sl__herder *h, sl__request *r) {
    sl__session_key key = {.key = SL_STR_NONE};
    const sl__ops *ops = sl__herder_ops(h);
    if (!r->signature.p || !r->signature_algorithm.p) {
        (void)sl__answer_error(r, 400, "Internal request missing required signature");
        return false;
    }
    if (!ops->verifies || !ops->verifies(h, r->signature_algorithm)) {
        (void)sl__answer_error(r, 400,
                               "This worker does not support the '%.*s' key signing algorithm used by other "
                               "workers. Check that all workers' configuration files permit the same set of "
                               "signature algorithms, and correct any misconfigured worker and restart it.",
                               SL_STR_ARG(r->signature_algorithm));
        return false;
    }
    if (ops->session_key) {
        ops->session_key(h, &key);
    }
    if (!key.key.p) {
        (void)sl__answer_error(r, 503,
                               "This worker is still starting up and has not been able to read a session key "
                               "from the config topic yet");
        return false;
    }
    if (!sl__signature_holds(r->signature_algorithm, key.key, r->body, r->signature, &r->arena)) {
        (void)sl__answer_error(r, 403, "Internal request contained invalid signature.");
        return false;
    }
    return true;
}

bool sl__rest_put_tasks(sl__herder *h, sl__request *r) {
    const sl__ops *ops = sl__herder_ops(h);
    sl_config *configs;
    size_t n;
    if (!ops->put_tasks) {
        return sl__answer_error(r, 404,
                                "a standalone worker takes no task configurations from other workers");
    }
    if (!signed_by_worker(h, r)) {
        return true;
    }
    sl_error *err = sl__json_maps(r->body, SL_STR("the request's body"), &r->arena, &configs, &n);
    if (err) {
        return sl__answer_failure(r, err);
    }
    r->success = 204;
    return ops->put_tasks(h, &r->call, r->match.args[0], configs, n);
}

bool sl__rest_fence(sl__herder *h, sl__request *r) {
    const sl__ops *ops = sl__herder_ops(h);
    if (!ops->put_tasks) {
        return sl__answer_error(r, 404, "a standalone worker fences no tasks for other workers");
    }
    if (!signed_by_worker(h, r)) {
        return true;
    }
    if (!ops->fence) {
        return sl__answer_error(r, 404, "this worker fences no tasks for other workers");
    }
    r->success = 204;
    return ops->fence(h, &r->call, r->match.args[0]);
}
