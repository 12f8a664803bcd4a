/*
 * base64.h - Base64 with padding (RFC 4648, section 4), as Java's basic encoder writes it.
 *
 * Threads: pure functions. Memory: the caller's.
 */
#ifndef SLUICE_BASE_BASE64_H
#define SLUICE_BASE_BASE64_H

#include <sluice/memory.h>

/* sl__base64_add appends the text of some bytes. */
void sl__base64_add(sl_buf *out, sl_str bytes);

/* sl__base64_read gives the bytes of a text, in the arena; false when it is no Base64 or out of memory. */
bool sl__base64_read(sl_str text, sl_arena *arena, sl_str *bytes);

#endif
