/*
 * forward.h - a request that only the leader can answer, asked of it.
 *
 * Threads: the herder's; the leader is asked on the scheduler's pool. Memory: a forwarding owns itself.
 */
#ifndef SLUICE_REST_FORWARD_H
#define SLUICE_REST_FORWARD_H

#include "rest/request.h"

/* sl__forward asks the worker at a base URL. True: answered, for it cannot be forwarded once more. */
bool sl__forward(sl__herder *h, sl__request *r, sl_str leader);

#endif
