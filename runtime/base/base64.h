/*
 * base64.h - reads Base64 with padding (RFC 4648, section 4); sluice/text.h writes it.
 *
 * Threads: pure functions. Memory: the caller's.
 */
#ifndef SLUICE_BASE_BASE64_H
#define SLUICE_BASE_BASE64_H

#include <sluice/memory.h>

/* sl__base64_read gives the bytes of a text, in the arena; false when it is no Base64 or out of memory. */
bool sl__base64_read(sl_str text, sl_arena *arena, sl_str *bytes);

#endif
