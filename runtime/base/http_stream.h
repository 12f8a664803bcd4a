/*
 * http_stream.h - a connection to a server, plain or in TLS, with a time by which all must be done.
 *
 * For http.c. Threads: one owner. Memory: owned by the caller from open to close.
 */
#ifndef SLUICE_BASE_HTTP_STREAM_H
#define SLUICE_BASE_HTTP_STREAM_H

#include "base/http.h"

typedef struct sl__http_stream sl__http_stream;

/* sl__http_stream_open connects; tls: settings, NULL = the system's trust. until_ms: monotonic. */
SL_MUST_CHECK sl_error *sl__http_stream_open(sl_str host, int port, const sl__http_tls *tls, bool secure,
                                             int64_t until_ms, sl__http_stream **out);
void sl__http_stream_close(sl__http_stream *s);

SL_MUST_CHECK sl_error *sl__http_stream_write(sl__http_stream *s, sl_str bytes);

/* sl__http_stream_read appends what there is, waiting for at least a byte; *more = false at the end. */
SL_MUST_CHECK sl_error *sl__http_stream_read(sl__http_stream *s, sl_buf *out, bool *more);

#endif
