/*
 * signature.h - signatures of requests between workers (KIP-507): the HMAC of the body with the session's
 * key, in base64.
 *
 * Threads: pure functions. Memory: results are in the arena.
 */
#ifndef SLUICE_HERDER_SIGNATURE_H
#define SLUICE_HERDER_SIGNATURE_H

#include <sluice/memory.h>

#define SL__SIGNATURE_HEADER "X-Connect-Authorization"
#define SL__SIGNATURE_ALGORITHM_HEADER "X-Connect-Request-Signature-Algorithm"

/* sl__signature_make signs; absent when the algorithm is unknown or out of memory. */
sl_str sl__signature_make(sl_str algorithm, sl_str key, sl_str body, sl_arena *arena);

/* sl__signature_holds checks a signature, in a time that tells nothing. */
bool sl__signature_holds(sl_str algorithm, sl_str key, sl_str body, sl_str signature, sl_arena *arena);

#endif
