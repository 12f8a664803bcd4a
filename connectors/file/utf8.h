/*
 * utf8.h - lines of a file as strings: bytes that are not UTF-8 become U+FFFD, as Java's decoder has it.
 */
#ifndef SLUICE_FILE_UTF8_H
#define SLUICE_FILE_UTF8_H

#include <sluice/memory.h>

/* utf8_is_ascii is quick; what it says yes to needs no repair. */
bool utf8_is_ascii(const char *p, size_t n);

/* utf8_repair leaves well-formed text alone, else replaces it by a repaired copy in the arena. False when out
 * of memory. */
bool utf8_repair(sl_arena *a, sl_str *text);

#endif
