/*
 * openapi.h - the description of the REST interface.
 *
 * Threads: pure function. Memory: the buffer is the caller's.
 */
#ifndef SLUICE_REST_OPENAPI_H
#define SLUICE_REST_OPENAPI_H

#include <sluice/memory.h>

/* sl__openapi_write appends the OpenAPI 3.0 document as JSON on one line. */
void sl__openapi_write(sl_buf *b);

#endif
